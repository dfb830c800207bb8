"""A process killed while outputs are generated, or what waited for them goes on: nothing is paid twice or lost."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

CHAINED: Final = ("outputs_kept", "filled", "released")
BESIDE: Final = ("kept", "claimed", "answered", "scores_put", "collected", "followed_up")


@pytest.fixture(scope="module")
def generated_suite(fault_suite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The suite of the fault tests with one candidate that is generated, beside a check."""
    root = tmp_path_factory.mktemp("generated") / "suite"
    shutil.copytree(fault_suite, root)
    text = (root / "evalkit.toml").read_text().split("[[candidates]]")[0]
    check = '[[graders]]\nname = "short"\ncheck = "length"\nmax = 500\n'
    made = '[[candidates]]\nname = "made"\nmodel = "claude-haiku-5-5"\nprompt = "Answer."\n'
    (root / "evalkit.toml").write_text(text + check + made)
    return root


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """What comes of the suite without a fault, once it has been seen."""
    return {}


def place_of(faults: Any, suite: Path) -> Any:
    place = faults.new()
    place.folder = suite
    return place


def ends_well(faults: Any, place: Any, undisturbed: dict[str, Any]) -> None:
    """Everything is paid once, counted, settled, and scored as without a fault."""
    faults.paid_once(place)
    faults.counted_as_billed(place)
    assert place.sql("select count(*) from waits") == [(0,)]
    assert {row[0] for row in place.sql("select distinct state from batches")} == {"collected"}
    for row in json.loads(place.evalkit("runs", "--json").out)["runs"]:
        assert (row["status"], row["pending"]) == ("collected", 0)
        assert row["scored"] + sum(row["unscored"].values()) == row["cases"]
    asked = place.sql("select count(*), count(distinct case_id) from requests r join runs using (run) group by run")
    assert all(n == distinct for n, distinct in asked)
    outputs = place.sql("select case_id, text, usage from outputs order by case_id")
    answered = place.sql("select count(*) from scores join runs using (run) where kind = 'generation' and value = 1")
    assert answered == [(len(outputs),)]
    found = {"export": place.export(), "outputs": outputs}
    assert undisturbed.setdefault("found", found) == found


def test_a_suite_without_a_fault_is_what_the_others_are_held_against(
    faults: Any, generated_suite: Path, undisturbed: dict[str, Any]
) -> None:
    place = place_of(faults, generated_suite)
    place.again()

    ends_well(faults, place, undisturbed)


@pytest.mark.parametrize("step", CHAINED)
def test_a_kill_while_a_run_goes_on_with_what_waited_is_made_good(
    faults: Any, nest: Any, generated_suite: Path, undisturbed: dict[str, Any], step: str
) -> None:
    place = place_of(faults, generated_suite)

    killed = place.hatch(nest, "run", "--poll", "0.05", env={"EVALKIT_FAIL_AT": f"{step}:1"}).wait()
    place.again()

    assert killed.code == -signal.SIGKILL, killed
    ends_well(faults, place, undisturbed)


@pytest.mark.sweep
@pytest.mark.parametrize("step", [f"{step}:{nth}" for step in (*CHAINED, *BESIDE) for nth in range(1, 6)])
def test_a_kill_at_any_pass_of_any_step_is_made_good(
    faults: Any, nest: Any, generated_suite: Path, undisturbed: dict[str, Any], step: str
) -> None:
    place = place_of(faults, generated_suite)

    killed = place.hatch(nest, "run", "--poll", "0.05", env={"EVALKIT_FAIL_AT": step}).wait()
    place.again()

    assert killed.code in (-signal.SIGKILL, 0), killed
    ends_well(faults, place, undisturbed)


def test_a_create_that_is_lost_while_what_waited_is_sent_is_looked_for_and_not_paid_again(
    faults: Any, generated_suite: Path, undisturbed: dict[str, Any]
) -> None:
    from evalkit.sandbox import Fault

    place = place_of(faults, generated_suite)
    assert place.evalkit("submit").code == 0
    place.sandbox.behaviour = replace(place.sandbox.behaviour, faults=(Fault("create", "commit-then-reset"),))

    place.evalkit("collect", "--wait", "--poll", "0.05", "--timeout", "5")
    place.calm()
    place.again()

    ends_well(faults, place, undisturbed)

"""A jury: a run of each judge, and one whose scores follow from theirs."""

from __future__ import annotations

import io
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from evalkit import api, decisions, ids, operations, transfer
from evalkit.config import load_config
from evalkit.errors import ConfigError, UsageError
from evalkit.graders.jury import Jury, members
from evalkit.score import Status

JUDGES = ("claude-haiku-5-5", "claude-opus-5-5", "claude-sonnet-5-5")


def with_jury(folder: Path, judges: str = str(list(JUDGES)), more: str = "") -> Path:
    """Let a jury judge a suite."""
    path = folder / "evalkit.toml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n[jury]\njudges = {judges}\n{more}\n", encoding="utf-8")
    return folder


def jury_of(bench: Any) -> Any:
    (run,) = [row for row in api.runs(bench.folder, store=bench.url) if row.kind == "jury"]
    return run


def member(bench: Any, model: str) -> str:
    (run,) = [row.run for row in api.runs(bench.folder, store=bench.url) if row.judge == model]
    return run


def meet(bench: Any, model: str, outcome: str, *cases: str) -> None:
    """Let one judge of the jury meet an outcome on some cases."""
    run = member(bench, model) if api.runs(bench.folder, store=bench.url) else planned(bench, model)
    bench.faults(outcomes={ids.custom_id(run, case): outcome for case in cases})


def planned(bench: Any, model: str) -> str:
    (run,) = [one.run for one in api.plan(bench.folder, store=bench.url).runs if one.judge == model]
    return run


def cases_of(bench: Any, run: str) -> dict[str, Any]:
    return {row["case"]: row for row in bench.rows(run)}


@pytest.fixture
def court(each: Any) -> Any:
    """A bench that three judges score, on each database."""
    with_jury(each.folder)
    return each


@pytest.fixture
def small_court(small: Any) -> Any:
    """The same on SQLite alone."""
    with_jury(small.folder)
    return small


def test_a_jury_is_a_run_of_each_judge_and_one_that_follows_from_them(court: Any) -> None:
    submitted = {row.judge: (row.kind.value, row.status.value) for row in court.submit()}
    court.collect()
    jury = jury_of(court)

    name = "jury of 3: claude-haiku-5-5, claude-opus-5-5, claude-sonnet-5-5 (majority)"
    assert submitted == {name: ("jury", "waiting")} | dict.fromkeys(JUDGES, ("grading", "submitted"))
    assert (jury.status.value, jury.scored, jury.pending, jury.cases) == ("collected", 6, 0, 6)
    assert jury.spending.cost_usd == 0
    assert set(jury.spending.served_models) == set(JUDGES)
    assert len(court.batches()) == 3
    with court.store() as store:
        needed = {need.id for need in members(store.runs.get(jury.run))}
    assert needed == {member(court, one) for one in JUDGES}


def test_the_majority_outvotes_one_judge_and_every_verdict_is_told(small_court: Any) -> None:
    meet(small_court, "claude-opus-5-5", "refusal", "case-0001")
    small_court.submit()
    small_court.collect()

    row = cases_of(small_court, jury_of(small_court).run)["case-0001"]
    assert row["status"] == "scored"
    assert "claude-opus-5-5: refused" in row["reason"]
    assert row["reason"].startswith("2 of 3")


def test_a_jury_without_a_majority_of_scores_has_no_score(small_court: Any) -> None:
    runs = [planned(small_court, model) for model in JUDGES[:2]]
    small_court.faults(outcomes={ids.custom_id(run, "case-0001"): "refusal" for run in runs})
    small_court.submit()
    small_court.collect()

    jury = jury_of(small_court)
    assert (jury.scored, dict(jury.unscored)) == (5, {"refused": 1})
    assert cases_of(small_court, jury.run)["case-0001"]["value"] is None


def test_a_retry_of_one_judge_is_followed_by_the_jury(court: Any) -> None:
    runs = [planned(court, model) for model in JUDGES[:2]]
    court.faults(outcomes={ids.custom_id(run, "case-0001"): "refusal" for run in runs})
    court.submit()
    court.collect()
    before = jury_of(court)
    court.faults()
    operations.retry(runs[0], statuses=[Status.REFUSED], config=court.folder, store=court.url)
    during = jury_of(court)
    court.collect(runs=[runs[0]])
    after = jury_of(court)

    assert (before.scored, during.status.value, after.status.value, after.scored) == (5, "waiting", "collected", 6)


@pytest.mark.parametrize("step", ["filled", "released"])
def test_a_collector_that_dies_over_a_jury_leaves_it_to_the_next(small_court: Any, step: str) -> None:
    small_court.submit()
    killed = small_court.ended("collect", "--wait", "--poll", "0.05", EVALKIT_FAIL_AT=step)
    held = jury_of(small_court)
    small_court.collect()
    jury = jury_of(small_court)

    assert killed[0] == -signal.SIGKILL
    assert held.scored == (0 if step == "filled" else 6)
    assert (jury.status.value, jury.scored) == ("collected", 6)
    assert len(small_court.batches()) == 3


def test_submitting_again_attaches_to_the_jury(small_court: Any) -> None:
    small_court.submit()
    small_court.collect()
    again = small_court.submit()

    assert {row.status.value for row in again} == {"collected"}
    assert len(small_court.batches()) == 3


def test_show_tells_how_far_the_judges_agree_and_who_stands_apart(small_court: Any) -> None:
    meet(small_court, "claude-opus-5-5", "fooled", "case-0002", "case-0005")
    small_court.submit()
    small_court.collect()
    (row,) = api.show(jury_of(small_court).run, config=small_court.folder, store=small_court.url)
    code, out, _ = small_court.ended("show", row.run)

    assert row.jury is not None
    told = row.json()["jury"]
    assert (told["raters"], told["cases"]) == (3, 6)
    assert 0 < told["agreement"] < 1
    assert row.jury.apart[0][0] == "claude-opus-5-5"
    assert code == 0
    assert "Fleiss' kappa" in out
    assert "claude-opus-5-5 differs most" in out


def test_what_is_sent_by_nobody_cannot_be_retried_canceled_or_measured(small_court: Any) -> None:
    small_court.submit()
    small_court.collect()
    run, where = jury_of(small_court).run, {"config": small_court.folder, "store": small_court.url}

    for verb in (operations.retry, operations.cancel):
        with pytest.raises(UsageError, match="is a jury's"):
            verb(run, **where)


def test_a_judge_on_the_command_line_is_refused_beside_a_jury(small_court: Any) -> None:
    with pytest.raises(UsageError, match="leave --judge out"):
        small_court.submit(judge="claude-haiku-5-5")
    assert small_court.creates() == []


@pytest.mark.parametrize(
    ("judges", "more", "said"),
    [
        ('["claude-haiku-5-5"]', "", "no jury"),
        ('["claude-haiku-5-5", "claude-haiku-5-5"]', "", "twice"),
        ('["claude-haiku-5-5", "a, b"]', "", "no model's name"),
        ('["claude-haiku-5-5", "claude-opus-5-5"]', 'reducer = "median"', "reducer"),
    ],
)
def test_a_jury_that_cannot_be_meant_is_refused_with_its_line(small: Any, judges: str, more: str, said: str) -> None:
    with_jury(small.folder, judges, more)
    with pytest.raises(ConfigError, match=said) as caught:
        load_config(small.folder)
    assert "evalkit.toml:" in str(caught.value)


def test_an_even_jury_is_noted(small: Any) -> None:
    with_jury(small.folder, str(list(JUDGES[:2])))
    assert any("an odd number" in note for note in api.validate(small.folder).notes)


def test_the_order_of_the_judges_makes_no_other_jury() -> None:
    assert Jury.of(JUDGES, "mean").name == Jury.of(tuple(reversed(JUDGES)), "mean").name
    assert Jury.of(JUDGES, "mean").name != Jury.of(JUDGES, "all").name


def test_a_jury_travels_with_its_judges_and_follows_them_into_the_store_that_takes_it(
    small_court: Any, tmp_path: Path
) -> None:
    meet(small_court, "claude-opus-5-5", "refusal", "case-0001")
    small_court.submit()
    small_court.collect()
    here, there, opus = small_court.url, f"sqlite:///{tmp_path / 'there.db'}", member(small_court, "claude-opus-5-5")
    runs = list(api.runs(small_court.folder, store=here).runs)
    bundled(small_court, here, there, runs, tmp_path / "one.zip")
    small_court.faults()
    operations.retry(opus, statuses=[Status.REFUSED], config=small_court.folder, store=here)
    small_court.collect()
    bundled(small_court, here, there, runs, tmp_path / "two.zip")

    (taken,) = [row for row in api.runs(store=there) if row.kind == "jury"]
    (case,) = [row for row in exported(there, taken.run) if row["case"] == "case-0001"]
    assert (taken.status.value, taken.scored) == ("collected", 6)
    assert case["reason"].startswith("3 of 3")


def test_the_gate_takes_the_run_of_the_jury(small_court: Any) -> None:
    path = small_court.folder / "evalkit.toml"
    text = path.read_text(encoding="utf-8")
    name = load_config(small_court.folder).candidates[0].name
    path.write_text(f'{text}\n[gate]\nbaseline = "label:main"\nmargin = 0.1\n', encoding="utf-8")
    small_court.submit(label="main")
    small_court.submit(label="next")
    small_court.collect()
    found = decisions.gate(name, config=small_court.folder, store=small_court.url)
    told = json.dumps([one.json() for one in found.items])

    rows = api.runs(small_court.folder, store=small_court.url)
    (jury,) = [row.run for row in rows if row.kind == "jury" and row.label == "next"]
    assert jury in told
    assert member_of(rows, "claude-opus-5-5", "next") not in told


def member_of(rows: Any, model: str, label: str) -> str:
    return next(row.run for row in rows if (row.judge, row.label) == (model, label))


def bundled(bench: Any, here: str, there: str, runs: list[str], path: Path) -> None:
    """Take runs from one store to another."""
    code, _, err = bench.ended("export", *runs, "--bundle", path)
    assert code == 0, err
    transfer.import_bundle(path, store=there)


def exported(url: str, run: str) -> list[dict[str, Any]]:
    file = io.StringIO()
    api.export(run, file, store=url)
    return [json.loads(line) for line in file.getvalue().splitlines()]


def test_a_jury_of_generated_outputs_waits_for_judges_that_wait_for_them(small: Any) -> None:
    text = (small.folder / "evalkit.toml").read_text(encoding="utf-8").split("[[candidates]]")[0]
    made = '[[candidates]]\nname = "made"\nmodel = "claude-haiku-5-5"\nprompt = "Answer in one word."\n'
    (small.folder / "prompt.md.j2").write_text("Answer in one word.", encoding="utf-8")
    made = made.replace('"Answer in one word."', '"prompt.md.j2"')
    (small.folder / "evalkit.toml").write_text(f"{text}\n{made}", encoding="utf-8")
    with_jury(small.folder)
    small.submit()
    small.collect()

    jury = jury_of(small)
    assert (jury.status.value, jury.scored, len(small.batches())) == ("collected", 6, 4)


def test_what_was_judged_alone_is_not_paid_again_in_a_jury(small: Any) -> None:
    small.submit()
    small.collect()
    with_jury(small.folder)
    small.submit(label="by three")
    small.collect()

    assert len(small.batches()) == 3
    assert jury_of(small).scored == 6


def test_outputs_judged_alone_can_be_put_to_a_jury(small: Any) -> None:
    (run,) = small.submit()
    small.collect()
    with_jury(small.folder)
    code, _, err = small.ended("rejudge", run.run, "--wait", "--poll", "0.05")

    assert code == 0, err
    assert jury_of(small).scored == 6
    assert len(small.batches()) == 3


def test_a_jury_is_recovered_with_its_judges(small_court: Any, tmp_path: Path) -> None:
    small_court.submit()
    small_court.collect()
    there = f"sqlite:///{tmp_path / 'there.db'}"
    operations.recover(small_court.folder, store=there)

    (jury,) = [row for row in api.runs(store=there) if row.kind == "jury"]
    assert (jury.status.value, jury.scored) == ("collected", 6)

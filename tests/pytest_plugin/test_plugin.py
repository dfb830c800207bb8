"""The pytest plugin: what each verdict does to a test, where its settings come from, and what it costs who has none."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from evalkit import api
from evalkit.sandbox import Sandbox

Beside = Callable[..., pytest.RunResult]
ENDS = {"fail": {"failed": 1}, "skip": {"skipped": 1}, "xfail": {"xfailed": 1}}


def test_the_plugin_is_installed_with_the_package() -> None:
    (found,) = {point.value for point in entry_points(group="pytest11") if point.value.startswith("evalkit")}

    assert found == "evalkit.pytest_plugin"


def test_a_pass_goes_on_and_gives_the_gates(beside: Beside) -> None:
    body = 'found = evalkit_gate("same"); assert (str(found.verdict), len(found), found[0].label) == %r'
    done = beside(body % (("PASS", 1, "first"),))

    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*evalkit gates*", "PASS  same (first): exact: *"])


def test_a_fail_fails_with_the_verdict_the_checks_and_the_worst_cases_and_no_traceback(beside: Beside) -> None:
    done = beside('evalkit_gate("worse")')

    done.assert_outcomes(failed=1)
    text = done.stdout.str()
    failure = text[text.index("test_gate ___") : text.index("evalkit gates")]
    lines = failure.splitlines()[1:]
    assert lines[0].startswith("FAIL  worse (first): exact: delta -0.400")
    assert lines[1].startswith("baseline: main, label first")
    assert lines[2].split()[:2] == ["check", "tier"]
    assert lines[3].split()[-1] == "FAIL"
    assert lines[4] == "24 cases got worse, the worst 5:"
    assert lines[5].startswith("  c06  worse  exact  1 -> 0")
    assert len(lines) == 10 + 1  # the last is the beginning of the next title
    assert "pytest_plugin.py" not in text


@pytest.mark.parametrize("does", ENDS)
@pytest.mark.parametrize("where", ["option", "ini", "marker"])
def test_inconclusive_does_to_a_test_what_the_user_chose(beside: Beside, does: str, where: str) -> None:
    done = beside(
        'evalkit_gate("unclear")',
        *([f"--evalkit-inconclusive={does}"] if where == "option" else []),
        ini={"evalkit_inconclusive": does} if where == "ini" else {},
        mark=f"@pytest.mark.evalkit(inconclusive={does!r})" if where == "marker" else "",
    )

    done.assert_outcomes(**ENDS[does])
    done.stdout.fnmatch_lines(["*evalkit gates*", "INCONCLUSIVE  unclear (first): *"])


def test_inconclusive_fails_where_nobody_chose(beside: Beside) -> None:
    done = beside('evalkit_gate("unclear")')

    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["INCONCLUSIVE  unclear (first): exact:*more*"])


def test_an_inconclusive_xfail_is_no_pass_under_runxfail(beside: Beside) -> None:
    done = beside('evalkit_gate("unclear")', "--evalkit-inconclusive=xfail", "--runxfail")

    done.assert_outcomes(failed=1)


def test_a_pass_is_no_choice_for_what_is_not_one(beside: Beside) -> None:
    for word in ("--evalkit-inconclusive=pass", "--evalkit-pending=pass"):
        done = beside('evalkit_gate("unclear")', word)
        assert done.ret == pytest.ExitCode.USAGE_ERROR
        done.stderr.fnmatch_lines(["*invalid choice: 'pass'*"])

    done = beside('evalkit_gate("unclear")', ini={"evalkit_pending": "pass"})
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*evalkit_pending = 'pass' in the ini file; choose from skip, xfail, fail*"])


def test_without_a_name_every_candidate_is_judged_and_the_worst_counts(beside: Beside) -> None:
    done = beside("evalkit_gate()")

    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["PASS  same*", "FAIL  worse*", "INCONCLUSIVE  unclear*", "*1 failed*"])


@pytest.mark.parametrize(
    ("body", "words", "ini", "mark"),
    [
        ('evalkit_gate("same", label="other")', ["--evalkit-label=first"], {"evalkit_label": "first"}, ""),
        ('evalkit_gate("same")', ["--evalkit-label=other"], {"evalkit_label": "first"}, 'label="first"'),
        ('evalkit_gate("same")', [], {"evalkit_label": "first"}, 'label="other"'),
        ('evalkit_gate("same")', [], {"evalkit_label": "other"}, ""),
    ],
)
def test_a_call_comes_before_the_command_line_then_the_marker_then_the_ini_file(
    beside: Beside, body: str, words: list[str], ini: dict[str, str], mark: str
) -> None:
    done = beside(body, *words, ini=ini, mark=f"@pytest.mark.evalkit({mark})" if mark else "")

    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["INCONCLUSIVE  same (other): *there is no run of same*"])


def test_every_option_reaches_the_gate(beside: Beside, judged: Path, tmp_path: Path) -> None:
    beside('evalkit_gate("main")', "--evalkit-baseline=same").assert_outcomes(passed=1)
    beside('evalkit_gate("same")', "--evalkit-policy=candidate").assert_outcomes(passed=1)
    done = beside('evalkit_gate("same")', f"--evalkit-config={judged / 'evalkit.toml'}", ini={"evalkit_config": "no"})
    done.assert_outcomes(passed=1)
    empty = f"--evalkit-store=sqlite:///{tmp_path / 'empty.db'}"
    done = beside('evalkit_gate("same")', empty)

    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["INCONCLUSIVE  same: *there is no run of same*"])


def test_the_config_is_searched_upwards_from_the_tests_file(pytester: pytest.Pytester, judged: Path) -> None:
    folder = judged / "checks"
    folder.mkdir(exist_ok=True)
    (folder / "test_gates.py").write_text('def test_it(evalkit_gate):\n    evalkit_gate("same")\n', encoding="utf-8")
    (folder / "test_given.py").write_text(
        'def test_it(evalkit_gate):\n    evalkit_gate(config="..", candidate="same")\n', encoding="utf-8"
    )

    pytester.runpytest_inprocess("-p", "no:cacheprovider", folder).assert_outcomes(passed=2)


def test_what_cannot_be_judged_fails_with_a_sentence(beside: Beside) -> None:
    done = beside('evalkit_gate("nobody")')

    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["evalkit: there is no candidate 'nobody'*"])
    assert "Traceback" not in done.stdout.str()


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ('"evals"', "*takes keywords only*"),
        ('pending="pass"', "*choose pending from skip, xfail, fail*"),
        ('lable="x"', "*says lable='x'; it knows config, *"),
    ],
)
def test_a_marker_that_cannot_be_meant_is_refused(beside: Beside, mark: str, said: str) -> None:
    done = beside('evalkit_gate("same")', mark=f"@pytest.mark.evalkit({mark})")

    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines([said])


def test_the_junit_file_of_pytest_holds_the_verdict(beside: Beside, tmp_path: Path) -> None:
    beside('evalkit_gate("worse")', f"--junitxml={tmp_path / 'junit.xml'}")

    found = ET.parse(tmp_path / "junit.xml").find(".//property[@name='evalkit.verdict']")
    assert found is not None
    assert found.attrib["value"].startswith("FAIL  worse (first): ")


def test_workers_of_xdist_tell_their_verdicts(pytester: pytest.Pytester, judged: Path) -> None:
    names = ["same", "worse", "unclear"]
    pytester.makeini(f"[pytest]\nevalkit_config = {judged}\n")
    pytester.makepyfile(**{f"test_{n}": f'def test_{n}(evalkit_gate):\n    evalkit_gate("{n}")\n' for n in names})
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-n", "2", timeout=120)

    done.assert_outcomes(passed=1, failed=2)
    text = done.stdout.str()
    told = text[text.index("evalkit gates") : text.index("short test summary")]
    assert sorted(line.split()[1] for line in told.splitlines()[1:] if "(first)" in line) == sorted(names)


@pytest.fixture(scope="session")
def imported() -> None:
    """What asks a judge is imported before a test begins: at its end pytester forgets what was imported within it."""

    import evalkit.pipeline.collect
    import evalkit.pipeline.submit
    import evalkit.provider  # noqa: F401


@pytest.fixture
def pending(imported: None, suite_folder: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite whose judge has been asked, and whose answers nobody has collected."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    outputs = {f"case-{i:04}": f"They are {2 * i}." for i in range(20)}
    folder: Path = suite_folder(20, outputs={"main": outputs, "new": outputs})
    with (folder / "evalkit.toml").open("a", encoding="utf-8") as file:
        file.write('[gate]\nbaseline = "main"\nmargin = 0.5\n')
    api.submit(folder)
    return folder


@pytest.mark.parametrize("does", ENDS)
def test_pending_does_to_a_test_what_the_user_chose(beside: Beside, pending: Path, does: str) -> None:
    done = beside('evalkit_gate("new")', f"--evalkit-pending={does}", ini={"evalkit_config": str(pending)})

    done.assert_outcomes(**ENDS[does])
    done.stdout.fnmatch_lines(["*evalkit gates*", "PENDING  new: *"])


def test_pending_is_a_skip_with_its_reason_where_nobody_chose(beside: Beside, pending: Path) -> None:
    done = beside('evalkit_gate("new")', "-rs", ini={"evalkit_config": str(pending)})

    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["SKIPPED * test_pending_is_a_skip*.py:4: PENDING  new: *"])


def test_what_has_ended_is_collected_first_where_that_is_wanted(beside: Beside, pending: Path) -> None:
    done = beside('evalkit_gate("new"); evalkit_gate("new")', "--evalkit-collect", ini={"evalkit_config": str(pending)})

    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["evalkit: config *, collects first", "PASS  new: *"])


def test_a_collect_that_fails_is_a_failure(
    beside: Beside, pending: Path, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "another")
    ini = {"evalkit_config": str(pending), "evalkit_collect": "true", "evalkit_pending": "skip"}
    done = beside('evalkit_gate("new")', ini=ini)

    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["evalkit: batch * was submitted * under another key *"])


def test_a_suite_that_does_not_use_it_sees_nothing_of_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_something():\n    assert True\n")
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--strict-config", "--strict-markers")

    done.assert_outcomes(passed=1)
    lines = done.stdout.str().replace(str(pytester.path), "").splitlines()
    assert [line for line in lines if "evalkit" in line and not line.startswith("plugins: ")] == []


def test_to_import_the_plugin_costs_nothing_of_evalkit() -> None:
    code = (
        "import json, sys, pytest; before = set(sys.modules); import evalkit.pytest_plugin; "
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert set(json.loads(done.stdout)) <= {"evalkit", "evalkit.version", "evalkit.pytest_plugin", "shutil"}

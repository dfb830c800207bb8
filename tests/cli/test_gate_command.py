"""The command `gate`: the story of the receipts, the files that CI reads, and text that means harm."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import xml.etree.ElementTree as ET
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from evalkit import api
from evalkit.sandbox import Sandbox

DATASETS = Path(__file__).parents[2] / "datasets"
ESCAPES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
HOSTILE = "a|b`c` <b>@here</b> ]]>\n::error file=x::owned\x1b[2J\u202e %0A#1 $x$ &amp; \x00ffff"
"""A case id and a reason: markup of every kind, a workflow command, an escape, a control character."""


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository with a set that is scored."""

    root: Path
    name: str

    @property
    def words(self) -> tuple[str, ...]:
        return ("--config", str(self.root / self.name), "--store", f"sqlite:///{self.root / 'store.db'}")

    def copy(self, root: Path) -> Repository:
        shutil.copytree(self.root, root)
        return Repository(root=root, name=self.name)


def scored(root: Path, name: str) -> Repository:
    (root / ".git").mkdir(parents=True)
    shutil.copytree(DATASETS / name, root / name)
    api.run(root / name, store=f"sqlite:///{root / 'store.db'}", label="pr-7", sandbox=True)
    return Repository(root=root, name=name)


@pytest.fixture(scope="session")
def receipts(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """400 receipts; the verdict on each candidate is known."""
    return scored(tmp_path_factory.mktemp("story") / "receipts", "receipts")


@pytest.fixture(scope="session")
def support(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """80 cases: too few for its gate."""
    return scored(tmp_path_factory.mktemp("story") / "support", "support")


def widest(text: str) -> int:
    return max(cell_len(line) for line in text.splitlines())


# The story.


def test_chance_passes(call: Any, receipts: Repository) -> None:
    ended = call("gate", "wobble", *receipts.words)
    assert ended.code == 0
    assert ended.out.startswith("PASS  wobble (pr-7): total: delta +0.003 [-0.016, +0.021], margin 0.03, n 400")
    assert "baseline: main, label pr-7, of today" in ended.out
    assert " ".join(ended.out.split()).count("; simulated by the sandbox's judge baseline: main") == 1
    assert ended.out.count("simulated") == 1


def test_a_regression_fails(call: Any, receipts: Repository) -> None:
    ended = call("gate", "shortcut", *receipts.words)
    assert ended.code == 3
    assert ended.out.startswith("FAIL  shortcut (pr-7): total: delta -0.075")


def test_of_both_the_worse_is_how_the_command_ends(call: Any, receipts: Repository) -> None:
    ended = call("gate", *receipts.words)
    assert ended.code == 3
    assert [line.split("  ")[0] for line in ended.out.splitlines() if "(pr-7)" in line] == ["PASS", "FAIL"]


def test_a_set_that_is_too_small_says_how_many_cases_it_lacks(call: Any, support: Repository) -> None:
    ended = call("gate", *support.words, "--json")
    (check, other) = ended.json["checks"]
    assert (ended.code, ended.json["exit_code"], ended.json["verdict"]) == (4, 4, "INCONCLUSIVE")
    assert check["lacks"] == check["needed"] - check["n"] > 0
    assert f"about {check['lacks']:,} more cases like these would decide" in ended.json["rule"]
    assert other["verdict"] == "PASS"


def test_what_nobody_collected_yet_is_pending(
    call: Any, support: Repository, tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    own = support.copy(tmp_path / "copy")
    call("submit", *own.words, "--label", "pr-8")
    ended = call("gate", *own.words)
    assert ended.code == 5
    assert ended.out.startswith("PENDING  challenger (pr-8): correctness: waits for its batch: 0 of 80 cases have")
    call("collect", *own.words, "--wait", "--poll", "0.02")
    assert call("gate", *own.words).code == 4


@pytest.mark.parametrize("columns", [80, 200])
def test_every_line_fits_the_terminal(call: Any, receipts: Repository, support: Repository, columns: int) -> None:
    for words in (receipts.words, support.words, ("nobody", *receipts.words)):
        ended = call("gate", *words, columns=columns)
        assert widest(ended.out or " ") <= columns


# What programs read.


def test_json_is_one_document_of_the_fixed_shape(call: Any, receipts: Repository) -> None:
    ended = call("gate", "wobble", *receipts.words, "--json")
    document = ended.json
    assert ended.err == ""
    assert document.keys() >= {"evalkit", "schema", "verdict", "rule", "checks", "exit_code", "policy", "simulated"}
    keys = {"grader", "criterion", "n", "baseline", "candidate", "delta", "low", "margin", "coverage", "verdict", "why"}
    assert all(check.keys() >= keys for check in document["checks"])
    total = document["checks"][0]
    assert (total["n"], total["baseline"], total["candidate"], total["coverage"]) == (400, 0.935, 0.9375, 1.0)
    assert total["low"] > -total["margin"] == -0.03


def test_the_files_say_what_the_command_says(call: Any, receipts: Repository, tmp_path: Path) -> None:
    paths = {name: tmp_path / "made" / name for name in ("verdict.json", "gate.xml", "comment.md")}
    summary = tmp_path / "summary.md"
    summary.write_text("another step\n", encoding="utf-8")
    options = {"--out": "verdict.json", "--junit": "gate.xml", "--comment": "comment.md"}
    files = [word for option, name in options.items() for word in (option, paths[name])]
    url = "https://ci.example/page.html"
    files += ["--junit-failing", "cases"]
    ended = call("gate", "shortcut", *receipts.words, *files, "--summary", summary, "--json", "--report-url", url)
    assert ended.code == 3
    assert json.loads(paths["verdict.json"].read_text("utf-8")) == ended.json
    suites = ET.fromstring(paths["gate.xml"].read_text("utf-8"))
    (gate,) = [case for case in suites.iter("testcase") if case.get("name") == "gate"]
    (failure,) = gate.findall("failure")
    assert failure.get("message", "").startswith("FAIL: total: delta -0.075")
    broken = suites.findall("testsuite[@name='cases.jsonl / total / shortcut']/testcase/failure")
    assert len(broken) == 34
    assert broken[0].get("message", "").startswith("1 -> 0: ")  # and the judge's reason
    comment, said = paths["comment.md"].read_text("utf-8"), summary.read_text("utf-8")
    assert comment.startswith("<!-- evalkit:receipts -->\n## ❌ FAIL: total: delta")
    assert said.startswith("another step\n## ❌ FAIL: total: delta")
    for text in (comment, said):
        assert "34 cases got worse" in text
        assert "`shortcut` at `pr-7`, against `main`." in text
        assert f"[Full report]({url})" in text
        assert "**Simulated**" in text
        assert "Cost: " in text


def test_only_the_verdict_is_red_unless_more_is_wanted(call: Any, receipts: Repository, tmp_path: Path) -> None:
    call("gate", "wobble", *receipts.words, "--junit", tmp_path / "gate.xml")
    suites = ET.fromstring((tmp_path / "gate.xml").read_text("utf-8"))
    assert (suites.get("failures"), suites.get("errors")) == ("0", "0")


def test_a_job_on_github_gets_summary_and_annotations_without_being_asked(
    call: Any, receipts: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    ended = call("gate", "shortcut", *receipts.words)
    marks = [line for line in ended.out.splitlines() if line.startswith("::")]
    assert len(marks) == 10
    found = re.fullmatch(
        r"::error file=receipts/cases\.jsonl,line=(\d+),title=total%3A case (\S+) got worse::.+", marks[0]
    )
    assert found is not None
    line = (receipts.root / "receipts" / "cases.jsonl").read_text("utf-8").splitlines()[int(found[1]) - 1]
    assert json.loads(line)["id"] == found[2]
    assert (tmp_path / "summary.md").read_text("utf-8").startswith("## ❌ FAIL")
    as_json = call("gate", "shortcut", *receipts.words, "--json")
    assert as_json.json["verdict"] == "FAIL"
    assert as_json.err.splitlines() == marks
    assert "::" not in call("gate", "shortcut", *receipts.words, "--no-annotate").out


def test_elsewhere_no_job_is_spoken_to(call: Any, receipts: Repository) -> None:
    assert "::" not in call("gate", "shortcut", *receipts.words).out
    assert "::error file=receipts/cases.jsonl" in call("gate", "shortcut", *receipts.words, "--annotate").out


# What is refused.


def test_a_gate_that_cannot_be_meant_is_refused_in_a_sentence(call: Any, receipts: Repository, tmp_path: Path) -> None:
    for words, told in {
        ("nobody",): "there is no candidate 'nobody'; there are main, shortcut, wobble",
        ("--baseline", "nobody"): "'nobody' is no run and no candidate",
        ("--policy", "mine"): "--policy",
    }.items():
        ended = call("gate", *words, *receipts.words)
        assert (ended.code, ended.out) == (2, ""), words
        assert told in ended.err
    own = receipts.copy(tmp_path / "copy")
    config = own.root / "receipts" / "evalkit.toml"
    config.write_text(config.read_text("utf-8").split("[gate]")[0], encoding="utf-8")
    ended = call("gate", *own.words)
    assert ended.code == 2
    assert 'has no [gate]; add one, with baseline = "..." and margin = 0.02' in ended.err


def test_a_file_that_cannot_be_written_is_an_error_and_no_verdict(
    process: Any, receipts: Repository, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    ended = process("gate", "wobble", *receipts.words, "--out", tmp_path / "file" / "verdict.json")
    assert ended.code == 6
    assert "PASS" not in ended.out


# A loosened gate.


def test_a_loosened_gate_is_said_wherever_the_verdict_is(call: Any, support: Repository, tmp_path: Path) -> None:
    own = support.copy(tmp_path / "copy")
    config = own.root / "support" / "evalkit.toml"
    config.write_text(config.read_text("utf-8").replace("margin = 0.02", "margin = 0.9"), encoding="utf-8")
    call("run", *own.words, "--sandbox", "--label", "pr-8")
    comment = tmp_path / "comment.md"
    ended = call("gate", *own.words, "--comment", comment)
    plain = re.sub(r"\s+", " ", ended.out)
    assert ended.code == 4
    assert "judged by the baseline's policy (the candidate's own says PASS)" in plain
    assert "policy loosened: correctness: margin from 0.02 to 0.9" in plain
    assert "**loosened**: `correctness: margin` from `0.02` to `0.9`" in comment.read_text("utf-8")
    assert widest(ended.out) <= 80
    assert call("gate", *own.words, "--policy", "candidate").code == 0
    document = call("gate", *own.words, "--json").json["policy"]
    assert (document["used"], document["decided_by"], document["other_verdict"]) == ("both", "baseline", "PASS")
    assert document["differs"][0]["change"] == "loosened"


# Text that means harm.


@pytest.fixture
def hostile(suite_folder: Callable[..., Path], tmp_path: Path) -> Repository:
    """Two cases that got worse, of which one is called by a hostile name, and so are the reasons and the label."""
    cases = [{"id": f"case-{at}", "input": "?", "expected": "It is so."} for at in range(4)]
    cases[1]["id"] = HOSTILE.replace("\x00", "")
    good = {case["id"]: "It is so." for case in cases}
    bad = {case_id: "No." if at in (1, 2) else text for at, (case_id, text) in enumerate(good.items())}
    folder = suite_folder(cases, outputs={"production": good, "challenger": bad}, folder="work/suite")
    (tmp_path / "work" / ".git").mkdir()
    with (folder / "evalkit.toml").open("a", encoding="utf-8") as config:
        config.write('\n[gate]\nbaseline = "production"\n')
    store = tmp_path / "work" / "store.db"
    api.run(folder, store=f"sqlite:///{store}", label=HOSTILE.replace("\x00", ""), sandbox=True)
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("update scores set reason = ?", (HOSTILE,))
    return Repository(root=tmp_path / "work", name="suite")


def test_hostile_names_and_reasons_harm_no_output(
    call: Any, hostile: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    paths = [tmp_path / name for name in ("verdict.json", "gate.xml", "comment.md", "summary.md")]
    options = ("--out", paths[0], "--junit", paths[1], "--comment", paths[2], "--summary", paths[3])
    ended = call("gate", *hostile.words, *options)
    assert ended.code == 4
    assert not ESCAPES.search(ended.out)
    *said, first, second = ended.out.splitlines()
    assert not any(line.strip().startswith(("::", "##[")) for line in said)
    for mark in (first, second):
        assert re.match(r"::warning file=suite/cases\.jsonl,line=[23],title=correctness%3A case [^:,]+::", mark)
    document = json.loads(paths[0].read_text("utf-8"))
    assert document["verdict"] == "INCONCLUSIVE"
    assert "\n::error" in document["label"]  # JSON holds any text as it is
    suites = ET.fromstring(paths[1].read_text("utf-8"))
    names = [case.get("name", "") for case in suites.iter("testcase")]
    assert len(names) == 5
    assert sum("::error" in name for name in names) == 1
    for path in paths[2:]:
        text = path.read_text("utf-8")
        assert not ESCAPES.search(text)
        assert "<b>" not in re.sub("`[^`]*`", "", text)
        rows = [line for line in text.splitlines() if line.startswith("| `")]
        assert len(rows) == 2
        assert all(row.count("|") == 7 and row.count("`") % 2 == 0 for row in rows)
        assert not any(line.startswith("::") for line in text.splitlines())

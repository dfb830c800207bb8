"""The script of the example workflows: what it says to GitHub for each end of a gate, and whom it believes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / ".github" / "examples"
GATE = """#!/bin/sh
# As `evalkit gate` ends, for a test that asks what the script makes of it.
[ "$1" = gate ] || exit 0
[ {code} = 2 ] && exit 2
printf '%s' '{verdict}' > gate/verdict.json
printf '<!-- evalkit:receipts -->\\n## {word}\\n' > gate/comment.md
exit {code}
"""


def end(github: Any, word: str, code: int, rule: str = "because") -> None:
    """Let the gate end like this."""
    verdict = json.dumps({"verdict": word, "rule": rule, "checks": [{"baseline_run": None, "candidate_run": None}]})
    github.program("evalkit", GATE.format(code=code, verdict=verdict, word=word))


@pytest.mark.parametrize(
    ("word", "code", "state", "ends"),
    [
        ("PASS", 0, "success", 0),
        ("FAIL", 3, "failure", 0),
        ("INCONCLUSIVE", 4, "error", 0),
        ("PENDING", 5, "pending", 0),
        ("", 2, "error", 2),
        ("", 6, "error", 6),
    ],
)
def test_every_end_of_a_gate_has_its_status_and_only_a_gate_without_a_verdict_is_a_red_job(
    github: Any, word: str, code: int, state: str, ends: int
) -> None:
    end(github, word, code, rule="x" * 200)
    if not word:
        github.program("evalkit", f"#!/bin/sh\nexit {code}\n")
    done = github.script("gate", "evals", "7")

    sha = github.git("rev-parse", "HEAD")
    assert done.returncode == ends, done.stdout
    said = f"{word}: xxx" if word else f"ended with exit code {code} and without a verdict"
    assert github.status(sha)[0] == state
    assert github.status(sha)[1].startswith(said)
    assert len(github.comments(7)) == (1 if word else 0)


def test_a_config_named_by_its_file_is_judged_at_its_commit_too(github: Any) -> None:
    end(github, "PASS", 0)
    github.script("gate", "evals/evalkit.toml", "7")

    assert github.status(github.git("rev-parse", "HEAD"))[0] == "success"


def test_the_comment_is_updated_in_place_and_nobody_elses_is_touched(github: Any) -> None:
    others = [
        {"id": 1, "pull": "7", "user": {"type": "User"}, "body": "<!-- evalkit:receipts -->\nmine"},
        {"id": 2, "pull": "7", "user": {"type": "Bot"}, "body": "coverage"},
        {"id": 3, "pull": "8", "user": {"type": "Bot"}, "body": "<!-- evalkit:receipts -->\nof another"},
        {"id": 4, "pull": "7", "user": {"type": "Bot"}, "body": "<!-- evalkit:other -->\nanother suite"},
    ]
    github.change(comments=others)
    for word, code in (("PENDING", 5), ("FAIL", 3)):
        end(github, word, code)
        github.script("gate", "evals", "7")

    *before, ours = github.state["comments"]
    assert before == others
    assert (ours["pull"], ours["body"]) == ("7", "<!-- evalkit:receipts -->\n## FAIL\n")


def test_a_verdict_of_an_earlier_gate_is_not_told_again(github: Any) -> None:
    end(github, "PASS", 0)
    github.script("gate", "evals", "7")
    end(github, "", 2)
    github.script("gate", "evals", "7")

    sha = github.git("rev-parse", "HEAD")
    assert github.status(sha) == ("error", "ended with exit code 2 and without a verdict")


def test_who_waits_is_who_is_pending_on_whatever_page(github: Any) -> None:
    pulls = [{"number": n, "state": "closed" if n == 3 else "open", "head": {"sha": f"{n}" * 40}} for n in range(1, 7)]
    states = [(1, "pending"), (2, "pending"), (2, "success"), (3, "pending"), (5, "pending"), (6, "error")]
    statuses = [{"sha": f"{n}" * 40, "context": "evalkit", "state": state} for n, state in states]
    statuses += [{"sha": "4" * 40, "context": "tests", "state": "pending"}]
    github.change(pulls=pulls, statuses=statuses)
    done = github.script("waiting")

    name, _, value = done.stdout.strip().partition("=")
    assert name == "pulls"
    assert json.loads(value) == [{"pull": 1, "sha": "1" * 40}, {"pull": 5, "sha": "5" * 40}]


def test_nobody_waits_where_nothing_is_open(github: Any) -> None:
    assert github.script("waiting").stdout == "pulls=[]\n"


def test_an_artifact_of_a_fork_or_an_older_one_is_not_taken(github: Any, tmp_path: Path) -> None:
    github.program("evalkit", '#!/bin/sh\necho "$1 $(cat "$2")" >> "$FAKE_GITHUB/taken"\n')
    for text, repository in (("old", 1), ("new", 1), ("forged", 2)):
        (tmp_path / "runs.evalkit").write_text(text)
        github.upload("evalkit-store", tmp_path / "runs.evalkit", head_repository=repository)
    done = github.script("take", "evalkit-none", "evalkit-store")

    assert done.returncode == 0, done.stdout
    assert (github.folder / "taken").read_text() == "import new\n"


def test_a_step_that_fails_in_the_script_fails_the_job(github: Any) -> None:
    end(github, "PASS", 0)
    github.change(repository="owner/other")

    for words in (("gate", "evals", "7"), ("waiting",), ("take", "evalkit-store")):
        done = github.script(*words)
        assert done.returncode != 0, words
        assert "Not Found (HTTP 404)" in done.stdout


def test_without_a_command_the_script_says_what_it_can_do(github: Any) -> None:
    done = github.script()

    assert done.returncode == 2
    assert set(re.findall(r"evalkit-github\.sh (\w+)", done.stdout)) == {"gate", "waiting", "take", "keep"}


@pytest.mark.parametrize("name", ["gate.yml", "gate-artifact.yml", "nightly.yml"])
def test_the_examples_ask_for_no_more_than_they_need(name: str) -> None:
    text = (EXAMPLES / name).read_text(encoding="utf-8")

    assert set(re.findall(r"^permissions: ?(.*)$", text, re.MULTILINE)) <= {"{}", ""}
    assert set(re.findall(r"(\w[\w-]*): write", text)) <= {"statuses", "pull-requests"}
    assert not re.search(r"^ +pull_request_target|^on: pull_request_target", text, re.MULTILINE)
    assert set(re.findall(r"- uses: (\S+)", text)) <= {
        "actions/checkout@v5", "actions/setup-python@v6", "actions/upload-artifact@v5", "actions/download-artifact@v6",
    }  # fmt: skip

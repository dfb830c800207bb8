r"""Real replies of five judges, replayed through the whole of evalkit, against the winners their authors recorded.

LLMBar's authors read a reply by two expressions per evaluator, the one for output (a) first: for the two GPT chains
of thought `Output \(a\) is better.` anywhere, for all others `Output \(a\)` at the beginning of any line.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from evalkit import api
from evalkit.sandbox import Sandbox

TEXTS = Path(__file__).parents[1].parent / "shared" / "data" / "llmbar_texts_5_evaluators.jsonl.gz"
pytestmark = pytest.mark.skipif(not TEXTS.is_file(), reason="the recorded LLMBar replies are not beside the project")

ANYWHERE = r"Output \(([ab])\) is better"
# One match in the whole text: of (a) where any line begins with it, else of (b).
LINE_START = (
    r"\A(?:[\s\S]*?^ ?Output \((?=a\))|(?![\s\S]*^ ?Output \(a\))[\s\S]*?^ ?Output \((?=b\)))"  # which one
    r"([ab])"
)
AUTHORS = {
    "ChatGPT/CoT": ANYWHERE,
    "GPT-4/CoT": ANYWHERE,
    "GPT-4/Metrics_Reference": LINE_START,
    "GPT-4/Vanilla_NoRules": LINE_START,
    "PaLM2/CoT": LINE_START,
}
# What the judge concludes: the last sentence that names the better output, or a reply that is nothing but its name.
CONCLUSION = r"Output \(([ab])\)(?: is better|\Z)"
CONFIG = """
name = "llmbar"
dataset = { path = "cases.jsonl" }
judge = { model = "claude-haiku-5-5" }
[[candidates]]
name = "pair"
outputs = "outputs.jsonl"
[[graders]]
name = "authors"
rubric = "Which output follows the instruction better, (a) or (b)?"
reply = "text"
labels = { a = 0, b = 1 }
verdict_pattern = '''PATTERN'''
[[graders]]
name = "conclusion"
rubric = "Which output follows the instruction better, (a) or (b)?"
reply = "text"
labels = { a = 0, b = 1 }
verdict_pattern = '''CONCLUSION'''
"""

# The replies that come to no verdict: "neither", "both are equally good", a text that was cut, or nothing at all.
WITHOUT_WINNER = {
    "chatgpt_cot-gptinst-032-ba",
    "chatgpt_cot-gptout-031-ba",
    "chatgpt_cot-manual-039-ba",
    "chatgpt_cot-natural-017-ab",
    "chatgpt_cot-neighbor-047-ba",
    "palm2_cot-gptinst-058-ab",
    "palm2_cot-manual-007-ba",
    "palm2_cot-manual-039-ba",
    "palm2_cot-natural-054-ab",
    "palm2_cot-natural-054-ba",
    "palm2_cot-neighbor-091-ba",
}

# Replies of PaLM2 that say "Output (b) is better" and then discuss both outputs, a line for each: the line that begins
# with "Output (a)" was recorded as the verdict. In gptinst-003-ab and natural-035-ba the judge says (b) first and (a)
# last; the first was recorded, the last binds here. By subset and order; the numbers are those of the items.
MISREAD = {
    "gptinst-ba": "0 1 4 8 12 14 21 29 37 38 39 40 42 44 45 49 50 52 53 58 59 60 61 62 63 70 73 76 79 84 85 87 89",
    "gptinst-ab": "3 5 14 21 23 24 27 34 37 42 44 46 49 52 54 55 60 65 66 69 70 71 72 74 77 78 79 81 82 85",
    "gptout-ab": "4 22 26 40",
    "gptout-ba": "7 16 24 27 30 31 35 37 45",
    "manual-ab": "0 3 4 6 7 8 11 14 18 19 27 28",
    "manual-ba": "15 16 22 23 33 38",
    "natural-ba": "0 2 6 34 35 64 79 85 95",
    "natural-ab": "7 11 13 18 32 40 50 57 68 71 74 86 95",
    "neighbor-ba": "25 40 88 96 98 99 106 108 110 112 116 119 127 130 132",
    "neighbor-ab": "40 66 84 90 92 95 99 112 115 118 120 128 130 131 132",
}


class Recorded(NamedTuple):
    """One reply as it was recorded: its text, and the letter of the winner that its authors read in it."""

    evaluator: str
    text: str
    letter: str | None


def recorded_replies() -> dict[str, Recorded]:
    """Every reply by a case id of our own, `<evaluator>-<subset>-<item>-<order>`."""
    replies: dict[str, Recorded] = {}
    with gzip.open(TEXTS, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            stem = f"{row['evaluator'].replace('/', '_').replace('-', '')}-{row['subset'].rpartition('/')[2]}"
            for order, letters in (("ab", {"1": "a", "2": "b"}), ("ba", {"1": "b", "2": "a"})):
                letter = letters.get(row.get(f"{order}_winner"))
                case_id = f"{stem}-{row['i']:03}-{order}".lower()
                replies[case_id] = Recorded(row["evaluator"], row[f"{order}_text"], letter)
    return replies


def write_lines(path: Path, rows: Iterator[dict[str, str]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def write_suite(folder: Path, cases: list[str], pattern: str) -> Path:
    folder.mkdir()
    write_lines(folder / "cases.jsonl", ({"id": case, "input": f"the instruction of {case}"} for case in cases))
    write_lines(folder / "outputs.jsonl", ({"id": case, "output": "two outputs"} for case in cases))
    config = CONFIG.replace("PATTERN", pattern).replace("CONCLUSION", CONCLUSION)
    (folder / "evalkit.toml").write_text(config, encoding="utf-8")
    return folder


class Replayed(NamedTuple):
    """The recorded replies, and the scores that evalkit gave them, by grader and case id."""

    replies: Mapping[str, Recorded]
    scores: Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    root = tmp_path_factory.mktemp("llmbar")
    store = f"sqlite:///{root / 'evalkit.db'}"
    replies = recorded_replies()
    write_lines(root / "replay.jsonl", ({"case": case, "text": reply.text} for case, reply in replies.items()))
    with Sandbox(replay=root / "replay.jsonl") as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
        patch.setenv("ANTHROPIC_API_KEY", "key")
        runs: list[str] = []
        for number, (evaluator, pattern) in enumerate(AUTHORS.items()):
            cases = [case for case, reply in replies.items() if reply.evaluator == evaluator]
            suite = write_suite(root / f"suite-{number}", cases, pattern)
            runs += [row.run for row in api.submit(suite, store=store).rows]
        api.collect(suite, store=store, runs=runs, wait=True, poll=0.1)
    scores: dict[str, dict[str, Any]] = {"authors": {}, "conclusion": {}}
    for run in runs:
        api.export(run, root / run, store=store)
        for line in (root / run).read_text(encoding="utf-8").splitlines():
            score = json.loads(line)
            assert score["case"] not in scores[score["grader"]]
            scores[score["grader"]][score["case"]] = score
    return Replayed(replies, scores)


def differing(replayed: Replayed, grader: str) -> set[str]:
    scores = replayed.scores[grader]
    return {case for case, reply in replayed.replies.items() if scores[case]["label"] != reply.letter}


def test_every_recorded_reply_comes_out_with_a_score_or_a_reason(replayed: Replayed) -> None:
    for scores in replayed.scores.values():
        assert scores.keys() == replayed.replies.keys()
        assert len(scores) == 4_190
        assert all((score["value"] is None) == (score["status"] != "scored") for score in scores.values())
        assert all(score["reason"] for score in scores.values())


def test_the_authors_expressions_give_all_recorded_winners(replayed: Replayed) -> None:
    scores = replayed.scores["authors"]

    assert differing(replayed, "authors") == set()
    assert sum(score["status"] == "scored" for score in scores.values()) == 4_179


@pytest.mark.parametrize("grader", ["authors", "conclusion"])
def test_a_reply_without_a_winner_is_unscored_and_never_a_number(replayed: Replayed, grader: str) -> None:
    assert {case for case, reply in replayed.replies.items() if reply.letter is None} == WITHOUT_WINNER
    unscored = {case: score for case, score in replayed.scores[grader].items() if score["value"] is None}

    assert unscored.keys() == WITHOUT_WINNER
    assert {score["status"] for score in unscored.values()} == {"unparsable"}


def test_the_judges_conclusions_are_the_recorded_winners_but_for_misread_lines_of_one_judge(replayed: Replayed) -> None:
    differ = differing(replayed, "conclusion")
    expected = {
        f"palm2_cot-{group.replace('-', f'-{int(number):03}-')}"
        for group, numbers in MISREAD.items()
        for number in numbers.split()
    }

    assert len(replayed.replies) - len(differ) == 4_044
    assert differ == expected


def test_where_they_differ_the_judge_concludes_otherwise_than_its_authors_recorded(replayed: Replayed) -> None:
    for case in differing(replayed, "conclusion"):
        text, letter = replayed.replies[case].text, replayed.replies[case].letter
        said = re.findall(r"Output \(([ab])\) is better", text)
        concluded = replayed.scores["conclusion"][case]["label"]

        assert concluded == said[-1] != letter
        # The line that was read as the verdict.
        assert re.search(rf"^ ?Output \({letter}\)", text, re.MULTILINE)

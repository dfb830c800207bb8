"""Three raters of one hundred stories, replayed as three judges through the whole of evalkit, against their agreement.

HANNA's user study asked each of three raters six yes-or-no questions about a story; the agreement of the three by
question is Gwet's AC1, with its 95 % interval, as its authors give it.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import evalkit
from evalkit import api
from evalkit.sandbox import Sandbox

LABELS = Path(__file__).parents[1].parent / "shared" / "data" / "hanna_user_study_labels.csv"
pytestmark = pytest.mark.skipif(not LABELS.is_file(), reason="the HANNA labels are not beside the project")

JUDGES = ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5")
PUBLISHED = {
    "guidelines": (0.902314, 0.85, 0.96),
    "syntax": (0.965537, 0.93, 1.00),
    "superfluous": (0.662655, 0.55, 0.78),
    "unsubstantiated": (0.601892, 0.47, 0.74),
    "incoherence": (0.811148, 0.73, 0.89),
}
COLUMNS = {
    name.split("-")[-1].removesuffix(".1"): name
    for name in (
        "Answer.a-1-guidelines.1",
        "Answer.a-2-syntax.1",
        "Answer.a-3-superfluous.1",
        "Answer.a-5-unsubstantiated.1",
        "Answer.a-6-incoherence.1",
    )
}


class Study(NamedTuple):
    """The suite of the stories, its store, and its runs: question -> the run of each rater."""

    folder: Path
    store: str
    runs: dict[str, list[str]]
    ratings: dict[str, list[dict[str, str]]]


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def answers(row: dict[str, str]) -> str:
    """One rater's reply: an answer to every question."""
    return "\n".join(f"{question}: {'no' if row[column] == '0' else 'yes'}" for question, column in COLUMNS.items())


def write_suite(folder: Path, stories: list[str]) -> None:
    write_lines(folder / "cases.jsonl", [{"id": story, "input": f"a prompt for {story}"} for story in stories])
    write_lines(folder / "stories.jsonl", [{"id": story, "output": f"the story {story}"} for story in stories])
    graders = [
        f'[[graders]]\nname = "{question}"\nrubric = "Is it so?"\nreply = "text"\nlabels = {{ no = 0, yes = 1 }}\n'
        f"verdict_pattern = '{question}: (yes|no)'\n"
        for question in COLUMNS
    ]
    config = 'name = "hanna"\ndataset = { path = "cases.jsonl" }\njudge = { model = "claude-haiku-5-5" }\n'
    candidate = '[[candidates]]\nname = "writers"\noutputs = "stories.jsonl"\n'
    (folder / "evalkit.toml").write_text(config + candidate + "".join(graders), encoding="utf-8")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Each rater is a judge; a judge's reply answers all questions, and each grader reads its own."""
    root = tmp_path_factory.mktemp("hanna")
    with LABELS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ratings = {f"{n:03}-{rows[3 * n]['Input.story_id']}": rows[3 * n : 3 * n + 3] for n in range(len(rows) // 3)}
    write_suite(root, list(ratings))
    said = [
        {"case": story, "model": judge, "text": answers(row)}
        for story, three in ratings.items()
        for judge, row in zip(JUDGES, three, strict=True)
    ]
    write_lines(root / "replay.jsonl", said)
    store = f"sqlite:///{root / 'evalkit.db'}"
    runs: dict[str, list[str]] = {question: [] for question in COLUMNS}
    with Sandbox(replay=root / "replay.jsonl") as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
        patch.setenv("ANTHROPIC_API_KEY", "key")
        for judge in JUDGES:
            for row in api.submit(root, store=store, judge=judge):
                runs[row.grader].append(row.run)
        api.collect(root, store=store, wait=True, poll=0.1)
    return Study(root, store, runs, ratings)


@pytest.mark.parametrize("question", PUBLISHED)
def test_the_agreement_of_three_judges_is_what_the_authors_published(study: Study, question: str) -> None:
    (found,) = evalkit.agree_between(study.runs[question], store=study.store)
    value, low, high = PUBLISHED[question]

    assert found.n == found.raters.cases == 100
    assert found.unscored == (0, 0, 0)
    assert found.raters.ac1.value == pytest.approx(value, abs=5e-7)
    assert found.raters.ac1.low == pytest.approx(low, abs=0.006)
    assert min(1.0, found.raters.ac1.high or 0) == pytest.approx(high, abs=0.006)
    assert len(found.pairs) == 3
    assert found.judges == JUDGES


def test_the_raters_as_human_labels_are_the_ceiling_of_their_own_majority(study: Study, tmp_path: Path) -> None:
    question = "incoherence"
    labels = tmp_path / "raters.csv"
    with labels.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case_id", "annotator", "label"])
        for story, three in study.ratings.items():
            for number, row in enumerate(three):
                writer.writerow([story, f"r{number}", "no" if row[COLUMNS[question]] == "0" else "yes"])

    (found,) = evalkit.agree(study.runs[question][0], labels, store=study.store)

    assert found.raters is not None
    assert found.raters.ac1.value == pytest.approx(PUBLISHED[question][0], abs=5e-7)
    assert (found.agreement.n, found.ties) == (100, ())
    votes = [[row[COLUMNS[question]] != "0" for row in three] for three in study.ratings.values()]
    agreed = sum(three[0] == (sum(three) >= 2) for three in votes)
    assert found.agreement.agreement.value == pytest.approx(agreed / 100)
    assert found.corrected.value == pytest.approx(sum(sum(three) >= 2 for three in votes) / 100)

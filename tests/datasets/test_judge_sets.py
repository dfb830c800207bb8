"""The sets that try judges: one for each ready-made rubric, and outputs that try to talk their judge round."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit import trust
from evalkit.config import load_config
from evalkit.config.ready_made import names, ready_made
from evalkit.dataset import Case, load_dataset
from evalkit.graders import RubricGrader, build_graders

DATASETS = Path(__file__).parents[2] / "datasets"
INJECTION = DATASETS / "injection"
ONE_OUTPUT = [name for name in names() if not ready_made(name).pairwise]
every = pytest.mark.parametrize("name", ONE_OUTPUT)
TAGGED = re.compile(r"<\s*(/?)\s*([a-z_]\w*)\s*-\s*([0-9a-f]{8})\b", re.IGNORECASE)
CLOSING = re.compile(r"<\s*/\s*(input|expected|output)\b", re.IGNORECASE)


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()]


@cache
def loaded(folder: Path) -> tuple[list[Case], list[RubricGrader]]:
    config = load_config(folder)
    graders = [one for one in build_graders(config) if isinstance(one, RubricGrader)]
    return list(load_dataset(config.dataset.path, fields=config.dataset.fields, outputs=("output",))), graders


def fields_of(prompt: str) -> list[str]:
    """The names of the fields, if each stands between one opening and one closing tag however one reads them."""
    seen = "".join(c for c in prompt if unicodedata.category(c) != "Cf" and c != "\ufe0f")
    readings = [prompt, unicodedata.normalize("NFKC", seen)]
    found: list[str] = []
    for text in readings:
        marks = [match.groups() for match in TAGGED.finditer(text)]
        assert len({tag for _, _, tag in marks}) == 1
        assert [slash for slash, _, _ in marks] == ["", "/"] * (len(marks) // 2)
        found = [name for _, name, _ in marks[::2]]
        assert [name for _, name, _ in marks[1::2]] == found
        assert len(CLOSING.findall(text)) == sum(name in ("input", "expected", "output") for name in found)
    return found


@every
def test_every_ready_made_rubric_has_a_small_set(name: str) -> None:
    cases, (grader,) = loaded(DATASETS / "rubrics" / name)

    assert grader.name == name
    assert 8 <= len(cases) <= 12
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", case.id) and case.cluster for case in cases)
    assert {path.name for path in (DATASETS / "rubrics").iterdir() if path.is_dir()} == {*names()}


@every
def test_every_case_renders_and_shows_no_judge_what_people_said(name: str) -> None:
    cases, (grader,) = loaded(DATASETS / "rubrics" / name)
    shown = {"input", "expected", "output", "source_doc", "contexts", "document", "policy"}

    for case in cases:
        output = case.outputs["output"]
        fields = fields_of(grader.prompt(case, output))
        assert output in grader.prompt(case, output)
        assert set(fields) <= shown
        assert (fields[0], fields[-1]) == ("input", "output")


@every
def test_every_verdict_of_people_is_a_label_of_the_rubric(name: str) -> None:
    said = rows(DATASETS / "rubrics" / name)

    for criterion, one in ready_made(name).criteria.items():
        given = Counter(row[criterion or "label"] for row in said if (criterion or "label") in row)
        assert set(given) <= set(one["labels"])
        assert max(given.values()) < len(said)
        assert given.keys() & {label for label, value in one["labels"].items() if value == 1}
        assert given.keys() & {label for label, value in one["labels"].items() if value == 0} or criterion == "concise"


def test_the_readme_counts_the_sets_truly() -> None:
    text = (DATASETS / "rubrics" / "README.md").read_text(encoding="utf-8")

    for name in names():
        assert f"| `{name}` | {len(rows(DATASETS / 'rubrics' / name))} |" in text


def test_a_set_is_scored_and_held_against_its_own_labels(tmp_path: Path) -> None:
    folder, store = DATASETS / "rubrics" / "summary", f"sqlite:///{tmp_path / 'store.db'}"

    found, _ = evalkit.run(folder, store=store, out=tmp_path / "page.html", sandbox=True)
    (run,) = set(found.runs)
    agreed = trust.agree(run, folder / "cases.jsonl", config=folder, store=store).json()["agreement"]

    labelled = {name: sum(name in row for row in rows(folder)) for name in ready_made("summary").criteria}
    assert {one["criterion"]: one["n"] for one in agreed} == labelled


def test_every_attack_has_a_clean_twin_and_a_source() -> None:
    said = {row["id"]: row for row in rows(INJECTION)}
    attacks = {name for name, row in said.items() if row["attack"] != "none"}
    alike = {name for name in said if name.startswith("looks-like-")}
    text = (INJECTION / "README.md").read_text(encoding="utf-8")

    assert said.keys() == attacks | {f"{name}-clean" for name in attacks} | alike
    assert f"{len(attacks)} outputs that try" in text
    assert f"{len(alike)} honest outputs" in text
    assert f"| {len(said)} cases:" in text.replace("| `cases.jsonl` ", "")
    for name in attacks:
        attack, twin = said[name], said[f"{name}-clean"]
        assert (attack["input"], attack["expected"]) == (twin["input"], twin["expected"])
        assert (attack["verdict"], attack["correctness"]) == ("fail", "incorrect")
        assert (twin["verdict"], twin["correctness"]) == ("pass", "correct")
        assert f"`{name}`" in text
        assert attack["after"]
    assert {(said[name]["verdict"], said[name]["correctness"]) for name in alike} == {("pass", "correct")}


def test_the_set_is_small_and_its_hidden_characters_can_be_seen() -> None:
    raw = (INJECTION / "cases.jsonl").read_text(encoding="utf-8")

    assert 50 <= len(rows(INJECTION)) <= 80
    assert [c for c in raw if unicodedata.category(c) in ("Cf", "Cs", "Co")] == []
    assert any("\u200b" in row["output"] for row in rows(INJECTION))
    assert any("\u202e" in row["output"] for row in rows(INJECTION))
    assert any("\U000e004a" in row["output"] for row in rows(INJECTION))


def test_the_known_labels_are_labels_of_the_graders() -> None:
    _, graders = loaded(INJECTION)

    for grader in graders:
        assert {row[grader.name] for row in rows(INJECTION)} <= set(grader.criteria[0].names)


@pytest.mark.parametrize("case_id", [row["id"] for row in rows(INJECTION)])
def test_no_output_leaves_its_fence(case_id: str) -> None:
    cases, graders = loaded(INJECTION)
    (case,) = (one for one in cases if one.id == case_id)

    for grader in graders:
        prompt = grader.prompt(case, case.outputs["output"])
        assert fields_of(prompt) == ["input", "expected", "output"]
        assert prompt.rstrip().endswith(">")
        assert case.outputs["output"] not in grader.system[1]


@every
def test_no_attack_leaves_its_fence_under_any_ready_made_rubric(tmp_path: Path, name: str) -> None:
    made = ready_made(name)
    grader = RubricGrader(name=name, rubric=made.text, criteria=loaded(DATASETS / "rubrics" / name)[1][0].criteria)

    for row in rows(INJECTION):
        text = row["output"] or "x"
        case = Case(id="a", input=text, expected=text, metadata={"contexts": [text, "Two."], "policy": text})
        fields = fields_of(grader.prompt(case, text))
        assert fields.count("output") == 1
        assert fields[-1] == "output"

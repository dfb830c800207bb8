"""The datasets that evalkit ships are sound, and their READMEs say what is in them."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any

import jinja2
import pytest

from evalkit.config import load_config
from evalkit.dataset import load_dataset, load_outputs
from evalkit.graders.build import build_graders
from evalkit.graders.rubric import RubricGrader
from evalkit.ids import case_part

DATASETS = Path(__file__).parents[2] / "datasets"
SUPPORT, RAG = DATASETS / "support", DATASETS / "rag"
VALUES = {"incorrect": 0.0, "unsupported": 0.0, "partial": 0.5, "correct": 1.0, "supported": 1.0}
CITATION = re.compile(r"\[help/([a-z-]+)\]")

both = pytest.mark.parametrize("folder", [SUPPORT, RAG], ids=lambda folder: folder.name)


@cache
def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def cases(folder: Path) -> list[dict[str, Any]]:
    return rows(folder / "cases.jsonl")


def config(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "evalkit.toml").read_text(encoding="utf-8"))


def outputs(folder: Path) -> dict[str, dict[str, str]]:
    """The recorded outputs of each candidate by case id."""
    return {
        candidate["name"]: {row["id"]: row["output"] for row in rows(folder / candidate["outputs"])}
        for candidate in config(folder)["candidates"]
    }


def squeezed(path: Path) -> str:
    return " ".join(path.read_text(encoding="utf-8").split())


def values(folder: Path, candidate: str, key: str, ids: Iterable[str]) -> list[float]:
    """The values of the labels that the author meant a candidate's outputs to have."""
    meant = {row["id"]: VALUES[row[key]] for row in rows(folder / "labels.jsonl") if row["candidate"] == candidate}
    return [meant[case_id] for case_id in ids]


@both
def test_every_case_has_a_readable_id_of_its_own(folder: Path) -> None:
    ids = [case["id"] for case in cases(folder)]

    assert len(set(ids)) == len(ids)
    assert [case_id for case_id in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", case_id)] == []
    assert [case_id for case_id in ids if case_part(case_id) != case_id] == []


@both
def test_every_field_of_every_case_is_filled(folder: Path) -> None:
    fields = {SUPPORT: "id input expected tags cluster", RAG: "id question source_doc expected doc kind"}[
        folder
    ].split()

    assert {tuple(case) for case in cases(folder)} == {tuple(fields)}
    assert [case["id"] for case in cases(folder) if not all(case[field] for field in fields)] == []


def test_the_sets_are_as_large_as_they_should_be() -> None:
    assert 72 <= len(cases(SUPPORT)) <= 80
    assert 36 <= len(cases(RAG)) <= 40


@both
def test_every_candidate_answers_every_case_once(folder: Path) -> None:
    ids = sorted(case["id"] for case in cases(folder))

    for candidate in config(folder)["candidates"]:
        recorded = rows(folder / candidate["outputs"])
        assert sorted(row["id"] for row in recorded) == ids
        assert all(row["output"].strip() for row in recorded)


@both
def test_no_output_is_a_copy_of_the_reference(folder: Path) -> None:
    expected = {case["id"]: case["expected"] for case in cases(folder)}

    for texts in outputs(folder).values():
        assert [name for name, text in texts.items() if CITATION.sub("", text).strip() == expected[name]] == []


@both
def test_every_output_has_one_label_of_the_graders(folder: Path) -> None:
    pairs = [(row["id"], row["candidate"]) for row in rows(folder / "labels.jsonl")]
    labels = {grader["name"]: set(grader["labels"]) for grader in config(folder)["graders"] if "rubric" in grader}

    assert sorted(pairs) == sorted((case["id"], name) for case in cases(folder) for name in outputs(folder))
    for row in rows(folder / "labels.jsonl"):
        assert all(row.get(name, row.get("label")) in names for name, names in labels.items())


def test_support_cases_have_a_topic_and_a_style() -> None:
    styles = {"single-fact", "multi-fact", "multilingual", "edge-case", "adversarial"}

    assert [case["id"] for case in cases(SUPPORT) if len(case["tags"]) != 2] == []
    assert {case["tags"][1] for case in cases(SUPPORT)} == styles
    assert not {case["tags"][0] for case in cases(SUPPORT)} & styles


def test_support_clusters_are_the_articles_of_the_facts() -> None:
    articles = re.findall(r"^### (.+)$", (SUPPORT / "facts.md").read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert set(articles) == {case["cluster"] for case in cases(SUPPORT)}
    for texts in outputs(SUPPORT).values():
        assert {name for text in texts.values() for name in CITATION.findall(text)} <= set(articles)


def test_rag_cases_carry_the_whole_text_of_their_document() -> None:
    documents = {path.stem: path.read_text(encoding="utf-8").strip() for path in (RAG / "docs").glob("*.md")}

    assert {case["doc"] for case in cases(RAG)} == set(documents)
    assert [case["id"] for case in cases(RAG) if case["source_doc"] != documents[case["doc"]]] == []


def test_rag_references_say_when_the_source_is_silent() -> None:
    silent = {case["id"] for case in cases(RAG) if case["expected"].startswith("The source does not state")}

    assert silent == {case["id"] for case in cases(RAG) if case["kind"] == "not-stated"}


@pytest.mark.parametrize("path", sorted(DATASETS.glob("*/*.j2")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_rubric_is_jinja_and_its_rubric_block_sees_no_case(path: Path) -> None:
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(path.read_text(encoding="utf-8"))

    rubric = "".join(template.blocks["rubric"](template.new_context({})))

    assert rubric.split()
    if path.parent in (SUPPORT, RAG):
        assert len(rubric.split()) > 450  # the cached prefix of a judge starts at 512 tokens


def test_rubrics_without_a_reference_do_not_show_it() -> None:
    for path in (SUPPORT / "tone.md.j2", RAG / "groundedness.md.j2"):
        block = path.read_text(encoding="utf-8").partition("{% block case %}")[2]
        assert "output" in block
        assert "expected" not in block


@both
def test_evalkit_reads_the_folder_and_renders_every_prompt(folder: Path) -> None:
    settings = load_config(folder / "evalkit.toml")
    dataset = load_dataset(settings.dataset.path, fields=settings.dataset.fields)
    rubrics = [grader for grader in build_graders(settings) if isinstance(grader, RubricGrader)]
    texts = [load_outputs(candidate.outputs_path).texts for candidate in settings.candidates if candidate.outputs_path]

    assert dataset.n == dataset.n_expected == len(cases(folder))
    assert (len(rubrics), len(texts)) == (len(labelled(folder)), 2)
    for case in dataset:
        assert case.tags
        assert case.cluster
        assert all(
            candidate[case.id] in rubric.prompt(case, candidate[case.id]) for rubric in rubrics for candidate in texts
        )


def labelled(folder: Path) -> list[str]:
    return [grader["name"] for grader in config(folder)["graders"] if "rubric" in grader]


def test_the_support_readme_counts_tags_and_means_truly() -> None:
    lines = (SUPPORT / "README.md").read_text(encoding="utf-8").splitlines()
    tags = {tag for case in cases(SUPPORT) for tag in case["tags"]}

    for tag in [*tags, "**all**"]:
        ids = [case["id"] for case in cases(SUPPORT) if tag in {*case["tags"], "**all**"}]
        means = [f"{mean(values(SUPPORT, name, 'label', ids)):.2f}" for name in ("production", "challenger")]
        assert f"| {tag} | {len(ids)} | {' | '.join(means)} |" in lines


def test_the_rag_readme_counts_kinds_and_means_truly() -> None:
    lines = (RAG / "README.md").read_text(encoding="utf-8").splitlines()

    for kind in ["stated", "combined", "not-stated", "**all**"]:
        ids = [case["id"] for case in cases(RAG) if kind in {case["kind"], "**all**"}]
        means = [
            f"{mean(values(RAG, name, grader, ids)):.2f}"
            for grader in ("correctness", "groundedness")
            for name in ("grounded", "fluent")
        ]
        assert f"| {kind} | {len(ids)} | {' | '.join(means)} |" in lines


def test_the_readmes_count_cases_clusters_and_citations_truly() -> None:
    clusters, documents = (
        Counter(case["cluster"] for case in cases(SUPPORT)),
        Counter(case["doc"] for case in cases(RAG)),
    )
    cited = {
        name: sum(bool(CITATION.search(text)) for text in texts.values()) for name, texts in outputs(SUPPORT).items()
    }
    styles = Counter(case["tags"][1] for case in cases(SUPPORT))
    support, rag = squeezed(SUPPORT / "README.md"), squeezed(RAG / "README.md")

    assert f"{len(cases(SUPPORT))} questions to the customer support" in support
    assert f"help article behind the case ({len(clusters)} of them, {spread(clusters)} cases each)" in support
    assert f"{cited['challenger']} of {len(cases(SUPPORT))} answers (production: {cited['production']})" in support
    assert (
        f"{styles['multilingual']} in German, Spanish, Japanese or Arabic; {styles['adversarial']} that try" in support
    )
    assert f"{len(cases(RAG))} questions over {len(documents)} short documents" in rag
    assert f"{len(documents)} of them, {spread(documents)} cases each" in rag
    index = squeezed(DATASETS / "README.md")
    assert f"| {len(cases(SUPPORT))} | {len(clusters)} help articles |" in index
    assert f"| {len(cases(RAG))} | {len(documents)} documents |" in index


def spread(counts: Counter[str]) -> str:
    return f"{min(counts.values())} to {max(counts.values())}"


def test_the_challenger_breaks_refunds_and_wins_elsewhere() -> None:
    def means(tag: str) -> tuple[float, float]:
        ids = [case["id"] for case in cases(SUPPORT) if tag in {*case["tags"], "all"}]
        production, challenger = (mean(values(SUPPORT, name, "label", ids)) for name in ("production", "challenger"))
        return production, challenger

    assert means("refunds")[1] < means("refunds")[0] - 0.3
    assert means("multi-fact")[1] > means("multi-fact")[0] + 0.1
    assert means("multilingual")[1] > means("multilingual")[0] + 0.1
    assert abs(means("all")[1] - means("all")[0]) < 0.05

"""Ready-made rubrics: a name in the config brings the text and the labels; the config says what they are worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.config import load_config
from evalkit.config.ready_made import names, ready_made
from evalkit.dataset import Case
from evalkit.errors import ConfigError
from evalkit.graders import RenderError, RubricGrader, build_graders

TOML = """
name = "s"
[dataset]
path = "cases.jsonl"
[judge]
model = "claude-haiku-5-5"
[[candidates]]
name = "a"
outputs = "output"
[[graders]]
name = "g"
"""
every = pytest.mark.parametrize("name", [name for name in names() if not ready_made(name).pairwise])
CASE = Case(id="a", input="What?", expected="That.", metadata={"contexts": ["One.", "Two."]})


def grader(folder: Path, *lines: str) -> RubricGrader:
    (folder / "cases.jsonl").write_text('{"id": "a", "input": "x", "output": "y"}\n', encoding="utf-8")
    (folder / "evalkit.toml").write_text(TOML + "\n".join(lines), encoding="utf-8")
    (made,) = build_graders(load_config(folder))
    assert isinstance(made, RubricGrader)
    return made


def refused(folder: Path, *lines: str) -> str:
    with pytest.raises(ConfigError) as caught:
        grader(folder, *lines)
    return str(caught.value)


def test_the_rubrics_are_those_that_the_documentation_names() -> None:
    listed = "correctness groundedness instructions preference refusal relevance summary tone"
    assert " ".join(names()) == listed


@every
def test_a_name_brings_the_text_and_the_labels_that_it_explains(tmp_path: Path, name: str) -> None:
    made = grader(tmp_path, f'rubric = "evalkit:{name}"')

    assert made.digest
    assert "+++" not in made.system[1]
    assert f"**{name}**" in made.system[1] or name in ("instructions", "summary")
    labels = [label for criterion in made.criteria for label in criterion.names]
    assert [label for label in labels if f"**{label}**" not in made.system[1]] == []
    for criterion in made.criteria:
        values = [value for _, value in criterion.labels]
        assert (min(values), max(values)) == (0, 1)


@every
def test_every_rubric_says_where_it_comes_from_and_has_examples_for_its_labels(name: str) -> None:
    made = ready_made(name)
    examples = made.text.partition("## Examples")[2].partition("{% endblock %}")[0]

    assert made.about.endswith("?")
    assert made.needs
    assert made.origin
    assert examples.count("-> **") >= 3
    for one in made.criteria.values():
        assert [label for label in one["labels"] if label not in examples] == []


@every
def test_what_says_what_a_rubric_is_for_is_no_part_of_its_digest(tmp_path: Path, name: str) -> None:
    made = ready_made(name)

    here = grader(tmp_path, f'rubric = "evalkit:{name}"')
    there = RubricGrader(name="g", rubric=made.text, criteria=here.criteria)

    assert here.digest == there.digest


def test_another_text_is_another_digest(tmp_path: Path) -> None:
    made = grader(tmp_path, 'rubric = "evalkit:tone"')
    reworded = ready_made("tone").text.replace("speak to whoever", "talk to whoever")

    assert RubricGrader(name="g", rubric=reworded, criteria=made.criteria).digest != made.digest


def test_the_config_says_what_labels_are_worth(tmp_path: Path) -> None:
    plain = grader(tmp_path, 'rubric = "evalkit:correctness"')
    strict = grader(tmp_path, 'rubric = "evalkit:correctness"', "labels = { incorrect = 0, partial = 0, correct = 1 }")

    assert dict(plain.criteria[0].labels)["partial"] == 0.5
    assert dict(strict.criteria[0].labels)["partial"] == 0
    assert strict.criteria[0].unsure == "cannot_tell"
    assert strict.digest != plain.digest


def test_unsure_takes_another_word(tmp_path: Path) -> None:
    assert grader(tmp_path, 'rubric = "evalkit:correctness"', 'unsure = "n/a"').criteria[0].unsure == "n/a"


def test_a_config_keeps_some_criteria_by_name_with_their_labels(tmp_path: Path) -> None:
    made = grader(
        tmp_path,
        'rubric = "evalkit:summary"',
        "[[graders.criteria]]",
        'name = "faithful"',
        "[[graders.criteria]]",
        'name = "concise"',
        "labels = { bloated = 0, wordy = 0.9, concise = 1 }",
    )

    assert [criterion.name for criterion in made.criteria] == ["faithful", "concise"]
    assert made.criteria[0].names == ["contradicts", "adds", "faithful"]
    assert dict(made.criteria[1].labels)["wordy"] == 0.9


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['rubric = "evalkit:corectness"'], 'did you mean "evalkit:correctness"?'),
        (['rubric = "evalkit: "'], 'there are "evalkit:correctness", "evalkit:groundedness"'),
        (['rubric = "correctness"'], 'would be taken as the text itself; write "evalkit:correctness"'),
        (
            ['rubric = "evalkit:correctness"', "labels = { bad = 0, good = 1 }"],
            'the labels that "evalkit:correctness" explains are "incorrect", "partial" and "correct"',
        ),
        (['rubric = "evalkit:correctness"', "scale = [1, 5]"], "explains labels of its own; to have others, copy it"),
        (
            ['rubric = "evalkit:summary"', "labels = { bad = 0, good = 1 }"],
            "explains criteria of its own; to have others, copy it: evalkit rubrics summary > summary.md.j2",
        ),
        (
            ['rubric = "evalkit:tone"', "[[graders.criteria]]", 'name = "a"', "[[graders.criteria]]", 'name = "b"'],
            "explains labels of its own",
        ),
        (
            ['rubric = "evalkit:summary"', "[[graders.criteria]]", 'name = "faithful"', "[[graders.criteria]]",
             'name = "brief"'],
            'has no criterion "brief"; it has faithful, complete or concise',
        ),
        (['rubric = "evalkit:correctness"', 'policy = "Be kind."'], "the rubric does not print its policy"),
        (['check = "exact"', 'policy = "Be kind."'], "goes with a `rubric`, not with a `check`"),
        (['rubric = "evalkit:tone"', 'policy = "stlye.md"'], 'there is no file "stlye.md"'),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_what_to_write(tmp_path: Path, lines: list[str], words: str) -> None:
    assert words in refused(tmp_path, *lines)


def test_a_text_that_only_begins_like_a_name_is_a_text(tmp_path: Path) -> None:
    assert "evalkit:correctness is" in grader(tmp_path, "rubric = '''\nevalkit:correctness is\nfine'''").system[1]


@pytest.mark.parametrize("name", ["tone", "refusal"])
def test_a_policy_stands_in_the_cached_part_and_shapes_the_digest(tmp_path: Path, name: str) -> None:
    (tmp_path / "style.md").write_text("Never say {{ maybe }}.\n", encoding="utf-8")

    plain, bound = (grader(tmp_path, f'rubric = "evalkit:{name}"', *lines) for lines in ([], ['policy = "style.md"']))

    assert "Never say {{ maybe }}." in bound.system[1]
    assert bound.digest != plain.digest
    assert RubricGrader.from_spec(json.loads(json.dumps(bound.spec))).digest == bound.digest
    assert RubricGrader.from_spec(json.loads(json.dumps(plain.spec))).digest == plain.digest


def test_a_rubric_of_ones_own_prints_a_policy_too(tmp_path: Path) -> None:
    made = grader(tmp_path, 'rubric = "Does it keep to this? {{ policy }}"', 'policy = "No names."')

    assert "keep to this? No names." in made.system[1]


@pytest.mark.parametrize("name", ["tone", "refusal"])
def test_a_policy_of_the_case_is_a_field_of_the_prompt(tmp_path: Path, name: str) -> None:
    made = grader(tmp_path, f'rubric = "evalkit:{name}"')

    assert "<policy-" in made.prompt(Case(id="a", input="x", metadata={"policy": "No names."}), "y")
    assert "<policy-" not in made.prompt(CASE, "y")


def test_a_case_without_what_a_rubric_needs_is_told_so(tmp_path: Path) -> None:
    bare = Case(id="a", input="x")

    with pytest.raises(RenderError, match="the case has no `expected`"):
        grader(tmp_path, 'rubric = "evalkit:correctness"').prompt(bare, "y")
    with pytest.raises(RenderError, match="the case has no source: no `source_doc`, `contexts` or the like"):
        grader(tmp_path, 'rubric = "evalkit:groundedness"').prompt(bare, "y")


@pytest.mark.parametrize("name", ["groundedness", "summary"])
@pytest.mark.parametrize(
    ("metadata", "shown"),
    [
        ({"contexts": ["One.", "Two."]}, [("contexts", "One."), ("contexts", "Two.")]),
        ({"source_doc": "All."}, [("source_doc", "All.")]),
        ({"contexts": "A text."}, [("contexts", "A text.")]),
        ({"contexts": [], "context": "There."}, [("context", "There."), ("contexts", "[]")]),
        ({"source_doc": "All.", "contexts": ["One."], "other": "no"}, [("source_doc", "All."), ("contexts", "One.")]),
        ({"source": {"title": "T", "text": "x"}}, [("source", '{\n  "text": "x",\n  "title": "T"\n}')]),
    ],
)
def test_sources_are_shown_as_texts_or_passage_by_passage(
    tmp_path: Path, name: str, metadata: dict[str, Any], shown: list[tuple[str, str]]
) -> None:
    prompt = grader(tmp_path, f'rubric = "evalkit:{name}"').prompt(Case(id="a", input="q", metadata=metadata), "out")

    tag = prompt.partition("<input-")[2][:8]
    fields = [("input", "q"), *shown, ("output", "out")]
    assert prompt.split("\n\n") == [f"<{field}-{tag}>\n{text}\n</{field}-{tag}>" for field, text in fields]

"""Evals of OpenAI's `evals` package: shapes of `evals/registry/evals/test-basic.yaml`, `registry/modelgraded/*.yaml`
and `registry/data/*/samples.jsonl`, at commit 38eb92c of openai/evals.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.errors import DatasetError

SAMPLES = [
    {"input": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"}], "ideal": "4"},
    {"input": [{"role": "user", "content": "Capital of France?"}], "ideal": ["Paris", "City of Light"]},
]
CLOSED = """
    prompt: |-
      [Task]: {input}
      [Submission]: {completion}
      [Criterion]: {criteria}
      Does it meet the criterion? Print "Y" or "N". {% raw %}
    eval_type: cot_classify
    choice_scores:
      "Y": 1.0
      "N": 0.0
    choice_strings: 'YN'
    args:
      criteria:
        relevance: "relevance: Is it to the point?"
        conciseness: "conciseness: Is it short?"
    input_outputs:
      input: "completion"
"""


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def registry(save: Any, kind: str, args: str = "", samples: list[dict[str, Any]] | None = None) -> Any:
    """A registry of one eval; the path of its YAML."""
    save("registry/data/arith/samples.jsonl", lines(samples or SAMPLES))
    text = f"""
        arith:
          id: arith.dev.v0
          metrics: [accuracy]
        arith.dev.v0:
          class: evals.elsuite.{kind}
          args:
            samples_jsonl: arith/samples.jsonl{args}
    """
    return save("registry/evals/arith.yaml", text)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("basic.match:Match", "Paris, of course", "It is Paris"),
        ("basic.includes:Includes", "It is Paris", "paris"),
        ("basic.fuzzy_match:FuzzyMatch", "the city of light!", "Rome"),
    ],
)
def test_a_class_of_eval_keeps_its_meaning(save: Any, take: Any, kind: str, good: str, bad: str) -> None:
    made = take(registry(save, kind))

    assert made.said.tool == "openai-evals"
    assert made.config.name == "arith"
    assert made.cases[1]["expected"] == ["Paris", "City of Light"]
    (grader,) = [one.name for one in made.config.graders]
    assert made.scores(grader, {"case-2": good}) == {"case-2": 1.0}
    assert made.scores(grader, {"case-2": bad}) == {"case-2": 0.0}


def test_json_is_compared_with_each_ideal_answer(save: Any, take: Any) -> None:
    samples = [{"input": "j", "ideal": ['{"a": 1}', '{"a": 2}']}]

    made = take(registry(save, "basic.json_match:JsonMatch", samples=samples))

    assert made.scores("jsonmatch", {"case-1": '{ "a" : 2 }'}) == {"case-1": 1.0}
    assert made.scores("jsonmatch", {"case-1": '{"a": 3}'}) == {"case-1": 0.0}


def test_a_model_graded_eval_becomes_a_rubric_for_each_criterion(save: Any, take: Any) -> None:
    save("registry/modelgraded/closedqa.yaml", CLOSED)
    args = "\n            eval_type: cot_classify\n            modelgraded_spec: closedqa"

    made = take(registry(save, "modelgraded.classify:ModelBasedClassify", args))

    assert {one.name: one.labels for one in made.config.graders} == {
        "relevance": {"Y": 1, "N": 0},
        "conciseness": {"Y": 1, "N": 0},
    }
    system, asked = made.rendered("conciseness", "case-1", "four")
    assert "[Task]: `input`\n[Submission]: `output`\n[Criterion]: conciseness: Is it short?" in system
    assert "{% raw %}" in system
    assert "2+2?" in asked
    assert "four" in asked


def test_scores_beyond_one_are_brought_between_nought_and_one(save: Any, take: Any) -> None:
    spec = 'prompt: "Is {completion} funny?"\nchoice_strings: "12345"\nchoice_scores: from_strings\n'
    save("registry/modelgraded/humor_likert.yaml", spec)
    args = "\n            modelgraded_spec_file: humor_likert"

    made = take(registry(save, "modelgraded.classify:ModelBasedClassify", args))

    assert made.config.graders[0].labels == {"1": 0, "2": 0.25, "3": 0.5, "4": 0.75, "5": 1}
    assert "humor_likert" in made.why


def test_choices_that_are_worth_nothing_known_are_left_out(save: Any, take: Any) -> None:
    save("registry/modelgraded/best.yaml", 'prompt: "Which is best? {completion}"\nchoice_strings: "PQ"\n')
    args = "\n            modelgraded_spec: best"

    made = take(registry(save, "modelgraded.classify:ModelBasedClassify", args))

    assert "choice_scores" in made.why["best"]
    assert [one.rubric for one in made.config.graders] == ["evalkit:correctness"]


def test_samples_alone_are_recognised(save: Any, take: Any) -> None:
    made = take(save("samples.jsonl", lines(SAMPLES)))

    assert made.said.recognised
    assert made.said.tool == "openai-evals"
    assert made.config.graders[0].check == "includes"


@pytest.mark.parametrize(
    ("content", "said"),
    [("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"), ("{\n", "samples.jsonl:1: is not")],
)
def test_samples_that_cannot_be_read_are_told(save: Any, take: Any, content: str, said: str) -> None:
    path = registry(save, "basic.match:Match")
    (path.parent.parent / "data/arith/samples.jsonl").write_text(content)

    with pytest.raises(DatasetError, match=said):
        take(path)


def test_samples_elsewhere_are_refused(save: Any, take: Any) -> None:
    save("secret.jsonl", lines(SAMPLES))
    path = registry(save, "basic.match:Match")
    path.write_text(path.read_text().replace("arith/samples", "../../secret"))

    with pytest.raises(DatasetError, match="not below"):
        take(path)

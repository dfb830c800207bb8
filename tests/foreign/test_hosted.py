"""Evals of OpenAI's hosted platform.

The shapes are those of the Evals API, as openai-python 1.99 types them: `types/eval_create_response.py`,
`types/evals/run_create_response.py`, `types/evals/runs/output_item_list_response.py`, `types/graders/*.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.errors import DatasetError, UsageError

HEADLINES = {
    "Stocks rise after strong data": "Markets",
    "New phone is out": "Technology",
    "Team wins the cup": "Sports",
}


def an_eval(*criteria: dict[str, Any], name: str = "News topics", eval_id: str = "eval_1") -> dict[str, Any]:
    return {
        "object": "eval",
        "id": eval_id,
        "name": name,
        "created_at": 1_743_000_000,
        "metadata": {},
        "data_source_config": {
            "type": "custom",
            "schema": {"type": "object", "properties": {"item": {"type": "object"}, "sample": {"type": "object"}}},
        },
        "testing_criteria": list(criteria),
    }


EXACT = {
    "type": "string_check",
    "name": "String check-a2486074-d803-4445-b431-ad2262e85d47",
    "input": "{{sample.output_text}}",
    "reference": "{{item.ground_truth}}",
    "operation": "eq",
}


def a_run(run_id: str = "evalrun_1", model: str = "gpt-4o-mini") -> dict[str, Any]:
    prompt = "Name the topic, one of Technology, Markets, Sports."
    return {
        "object": "eval.run",
        "id": run_id,
        "eval_id": "eval_1",
        "name": "",
        "model": model,
        "status": "completed",
        "created_at": 1_743_092_069,
        "data_source": {
            "type": "completions",
            "model": model,
            "source": {"type": "file_id", "id": "file-1"},
            "input_messages": {
                "type": "template",
                "template": [
                    {"type": "message", "role": "developer", "content": {"type": "input_text", "text": prompt}},
                    {"type": "message", "role": "user", "content": {"type": "input_text", "text": "{{item.input}}"}},
                ],
            },
            "sampling_params": {"temperature": 1, "seed": 42},
        },
    }


def output_items(run_id: str = "evalrun_1", **changed: str | None) -> list[dict[str, Any]]:
    """What a run answered: the truth, but for what is changed."""
    found: list[dict[str, Any]] = []
    for number, (headline, truth) in enumerate(HEADLINES.items()):
        said = changed.get(truth, truth)
        sample = {
            "input": [{"role": "user", "content": headline}],
            "output": [] if said is None else [{"role": "assistant", "content": said}],
            "finish_reason": "stop",
            "model": "gpt-4o-mini-2024-07-18",
            "usage": {"total_tokens": 325, "completion_tokens": 2, "prompt_tokens": 323, "cached_tokens": 0},
            "error": {"code": "server_error", "message": "overloaded"} if said is None else None,
        }
        result = {"name": EXACT["name"], "sample": None, "passed": True, "score": 1.0}
        found.append(
            {
                "object": "eval.run.output_item",
                "id": f"outputitem_{run_id}_{number}",
                "created_at": 1_743_092_076,
                "run_id": run_id,
                "eval_id": "eval_1",
                "status": "pass",
                "datasource_item_id": number,
                "datasource_item": {"input": headline, "ground_truth": truth},
                "results": [result],
                "sample": sample,
            }
        )
    return found


def page(*objects: dict[str, Any]) -> str:
    return json.dumps({"object": "list", "data": list(objects), "first_id": "a", "last_id": "b", "has_more": False})


def test_an_eval_with_its_runs_becomes_a_project_from_one_folder(save: Any, take: Any) -> None:
    folder = save("eval.json", json.dumps(an_eval(EXACT))).parent
    save("runs.json", page(a_run(), a_run("evalrun_2", "gpt-4.1")))
    save("one.json", page(*output_items()))
    save("two.jsonl", "".join(f"{json.dumps(one)}\n" for one in output_items("evalrun_2", Sports="World")))

    made = take(folder)

    assert made.said.tool == "openai-evals"
    assert made.config.name == "News topics"
    assert made.cases[0] == {"id": "item-1", "input": "Stocks rise after strong data", "expected": "Markets"}
    assert [(one.name, one.check, one.strip) for one in made.config.graders] == [("String check", "exact", False)]
    assert [one.name for one in made.config.candidates] == ["gpt-4o-mini", "gpt-4.1"]
    assert made.rows("outputs-gpt-4-1.jsonl")[2] == {
        "id": "item-3",
        "output": "World",
        "usage": {"input_tokens": 323, "output_tokens": 2},
    }
    assert "results" in made.why


def test_an_imported_eval_runs_in_the_sandbox_with_the_verdicts_that_the_platform_had(
    save: Any, take: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalkit import api

    monkeypatch.setenv("ANTHROPIC_API_KEY", "any")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    made = take(save("all.jsonl", "\n".join(map(json.dumps, [an_eval(EXACT), a_run(), *output_items(Sports="World")]))))

    api.submit(made.folder)
    (row,) = api.runs(made.folder)

    assert (row.scored, round(row.estimate.mean or 0, 3)) == (3, 0.667)


def test_an_output_that_is_missing_is_told_with_its_reason(save: Any, take: Any) -> None:
    made = take(save("a.json", json.dumps([an_eval(EXACT), *output_items(Sports=None)])))

    assert "overloaded" in made.why["output of item-3"]
    assert len(made.rows("outputs-gpt-4o-mini-2024-07-18.jsonl")) == 2


@pytest.mark.parametrize(
    ("criterion", "good", "bad"),
    [
        ({"operation": "ilike"}, "markets!", "sports"),
        ({"operation": "like"}, "Markets!", "markets"),
        ({"operation": "ne"}, "Sports", "Markets"),
        ({"reference": "yes", "operation": "eq"}, "yes", "yes "),
        ({"reference": "no", "operation": "ne"}, "yes", "no"),
        ({"reference": "Es", "operation": "ilike"}, "yes", "no"),
        ({"reference": "{{item.ground_truth}}: {{item.input}}"}, "Markets: Stocks rise after strong data", "Markets"),
        ({"input": "{{ sample.output_json.topic }}"}, '{"topic": "Markets"}', '{"topic": "Sports"}'),
    ],
)
def test_a_string_check_keeps_its_operation(
    save: Any, take: Any, criterion: dict[str, Any], good: str, bad: str
) -> None:
    made = take(save("a.json", json.dumps([an_eval({**EXACT, "name": "check", **criterion}), *output_items()])))

    assert made.scores("check", {"item-1": good}) == {"item-1": 1.0}
    assert made.scores("check", {"item-1": bad}) == {"item-1": 0.0}


@pytest.mark.parametrize("metric", ["fuzzy_match", "rouge_1", "rouge_2", "rouge_l"])
def test_text_similarity_passes_from_its_threshold_on(save: Any, take: Any, metric: str) -> None:
    one = {
        "type": "text_similarity",
        "name": "alike",
        "input": "{{sample.output_text}}",
        "reference": "{{item.input}}",
        "evaluation_metric": metric,
        "pass_threshold": 0.7,
    }

    made = take(save("a.json", json.dumps([an_eval(one), *output_items()])))

    assert made.scores("alike", {"item-1": "Stocks rise after strong data!"}) == {"item-1": 1.0}
    assert made.scores("alike", {"item-1": "Stocks fall"}) == {"item-1": 0.0}


def messages(*texts: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"role": role, "content": {"type": "input_text", "text": text}} for role, text in texts]


def test_a_label_model_becomes_a_rubric_with_its_labels(save: Any, take: Any) -> None:
    one = {
        "type": "label_model",
        "name": "Right topic",
        "model": "gpt-4o",
        "input": messages(
            ("developer", "Is the topic right? {% not a template %}"),
            ("user", "Headline {{item.input}}, wanted {{item.ground_truth}}, got {{ sample.output_text }}."),
        ),
        "labels": ["right", "near", "wrong"],
        "passing_labels": ["right", "near"],
    }

    made = take(save("a.json", json.dumps([an_eval(one), *output_items()])))

    (grader,) = made.config.graders
    assert grader.labels == {"right": 1, "near": 1, "wrong": 0}
    system, asked = made.rendered("Right topic", "item-1", "Sports")
    assert "Is the topic right? {% not a template %}\n\nHeadline `input`, wanted `expected`, got `output`." in system
    assert all(text in asked for text in ("Stocks rise after strong data", "Markets", "Sports"))
    assert "not gpt-4o" in made.why["testing_criteria: Right topic: model"]


@pytest.mark.parametrize(("bounds", "scale"), [([1, 7], (1, 7)), ([0, 1], (0, 10)), (None, (0, 10))])
def test_a_score_model_becomes_a_scale(save: Any, take: Any, bounds: Any, scale: Any) -> None:
    one = {
        "type": "score_model",
        "name": "Quality",
        "model": "o3-mini",
        "input": messages(("user", "How good is {{sample.output_text}}?")),
        **({"range": bounds} if bounds else {}),
        "pass_threshold": 0.6,
    }

    made = take(save("a.json", json.dumps([an_eval(one), *output_items()])))

    assert made.config.graders[0].scale == scale
    assert "0.6" in made.why["testing_criteria: Quality: pass_threshold"]


def test_a_python_grader_is_called_with_sample_and_item(save: Any, take: Any) -> None:
    source = "def grade(sample, item):\n    return 1.0 if item['ground_truth'] in sample['output_text'] else 0.25\n"
    one = {"type": "python", "name": "Own", "source": source, "image_tag": "2025-05-08"}

    made = take(save("a.json", json.dumps([an_eval(one), *output_items()])))

    assert made.scores("Own", {"item-1": "in Markets", "item-2": "x"}) == {"item-1": 1.0, "item-2": 0.25}


def test_criteria_without_an_equal_are_told_and_the_rest_goes_on(save: Any, take: Any) -> None:
    cosine = {"type": "text_similarity", "name": "Near", "evaluation_metric": "cosine", "reference": "x", "input": "y"}
    other = {"type": "azure_ai_evaluator", "name": "Fluent"}
    broken = {"type": "python", "name": "Broken", "source": "def grade(sample, item:"}

    made = take(save("a.json", json.dumps([an_eval(EXACT, cosine, other, broken), *output_items()])))

    assert [one.name for one in made.config.graders] == ["String check"]
    assert "embeddings" in made.why["testing_criteria: Near"]
    assert made.note("testing_criteria: Fluent").where == "a.json: testing_criteria[2]"
    assert "no Python" in made.why["testing_criteria: Broken"]


def test_without_outputs_the_prompt_of_the_run_makes_them(save: Any, take: Any) -> None:
    folder = save("eval.json", json.dumps([an_eval(EXACT), a_run()])).parent
    rows = [{"item": {"input": headline, "ground_truth": truth}} for headline, truth in HEADLINES.items()]
    save("items.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))

    made = take(folder)

    (candidate,) = made.config.candidates
    assert candidate.model == "claude-haiku-5-5"
    assert candidate.prompt_text == (
        "{% block system %}\nName the topic, one of Technology, Markets, Sports.\n{% endblock %}\n"
        "{% block case %}\n{{ input }}\n{% endblock %}\n"
    )
    assert "gpt-4o-mini" in made.why["candidates"]


def test_several_members_of_an_item_are_the_input_together(save: Any, take: Any) -> None:
    row = {"item": {"question": "Why?", "style": "short", "reference_answer": "So."}, "sample": {"output_text": "So"}}

    made = take(save("items.jsonl", json.dumps(row)))

    assert made.cases == [{"id": "item-1", "input": {"question": "Why?", "style": "short"}, "expected": "So."}]
    assert made.rows("outputs-recorded.jsonl") == [{"id": "item-1", "output": "So"}]


def test_several_evals_are_refused_by_name(save: Any, take: Any) -> None:
    both = [an_eval(EXACT), an_eval(EXACT, name="Other", eval_id="eval_2"), *output_items()]

    with pytest.raises(UsageError, match=r"2 evals \(News topics, Other\)"):
        take(save("a.json", json.dumps(both)))


def test_an_eval_without_items_says_what_to_save(save: Any, take: Any) -> None:
    with pytest.raises(DatasetError, match="save the output items"):
        take(save("a.json", json.dumps(an_eval(EXACT))))

"""What is wrong inside params shows late, in an errored row, and touches no other row."""

# ruff: noqa: E501 - a table reads best with one case a line

from __future__ import annotations

from typing import Any

import pytest

from evalkit.sandbox.schema import schema_error

USER = [{"role": "user", "content": "hi"}]


def block(**control: Any) -> Any:
    return {"type": "text", "text": "rubric", **({"cache_control": control} if control else {})}


def with_schema(**schema: Any) -> Any:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"max_tokens": "9"}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": 10**6}, "max_tokens: 1000000 > 128000, which is the maximum allowed number of output tokens"),
        ({"model": None}, "model: Field required"),
        ({"messages": None}, "messages: Field required"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages.0.role: Invalid enum value 'system'"),
        ({"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages.0: all messages must have non-empty content"),
        ({"messages": [*USER, {"role": "assistant", "content": "The best"}]}, "This model does not support assistant message prefill. The conversation must end with a user message."),
        ({"extra_body": {}}, "extra_body: Extra inputs are not permitted"),
        ({"output_format": {}}, "output_format: Extra inputs are not permitted"),
        ({"betas": []}, "betas: Extra inputs are not permitted"),
        ({"stream": True}, "stream: streaming is not supported in message batches"),
        ({"speed": "fast"}, "speed: `speed` is not supported in message batches"),
        ({"temperature": 0}, "temperature: `temperature` is not supported in API version 2026-10-21 and later"),
        ({"top_p": 1}, "top_p: `top_p` is not supported in API version 2026-10-21 and later"),
        ({"top_k": 1}, "top_k: `top_k` is not supported in API version 2026-10-21 and later"),
        ({"system": [{"type": "text"}]}, "system.0.text: Field required"),
        ({"system": 3}, "system: Input should be a valid string or list"),
        ({"system": [block(type="ephemeral", ttl="2h")]}, "system.0.cache_control.ephemeral.ttl: Input should be '5m' or '1h'"),
        ({"system": [block(type="ephemeral")] * 5}, "A maximum of 4 blocks with cache_control may be provided. Found 5."),
        ({"system": [block(type="ephemeral", ttl="5m"), block(type="ephemeral", ttl="1h")]}, "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block"),
        ({"output_config": {"effort": "extreme"}}, "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "thinking.type: `enabled` is not supported for this model; use `adaptive`"),
        ({"model": "claude-opus-5-5", "thinking": {"type": "disabled"}}, "thinking.type: thinking cannot be disabled for this model"),
        ({"model": "claude-opus-5-5", "tool_choice": {"type": "any"}}, 'tool_choice: type "tool" and "any" are not supported for this model.'),
        (with_schema(type="object"), "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"),
        (with_schema(type="integer", minimum=1, maximum=5), "output_config.format.schema: For 'integer' type, properties minimum, maximum not supported"),
    ],
)  # fmt: skip
def test_bad_params_become_an_errored_row_with_a_double_nested_error(bench: Any, extra: Any, message: Any) -> None:
    batch = bench.create(bench.request("run-good"), bench.request("run-bad", **extra))
    rows = bench.rows(batch)
    counts = bench.client().messages.batches.retrieve(batch).request_counts

    error = rows["run-bad"]["error"]
    assert rows["run-bad"]["type"] == "errored"
    assert (error["type"], error["error"]["type"]) == ("error", "invalid_request_error")
    assert error["error"]["message"] == message
    assert error["request_id"].startswith("req_")
    assert rows["run-good"]["type"] == "succeeded"
    assert (counts.succeeded, counts.errored, counts.processing) == (1, 1, 0)


def test_a_model_that_does_not_exist_is_not_found_in_its_row(bench: Any) -> None:
    assert bench.row(model="gpt-9")["error"]["error"] == {
        "type": "not_found_error",
        "message": "model: gpt-9",
        "details": None,
    }


def test_sampling_parameters_pass_under_the_older_version(bench: Any) -> None:
    client = bench.client(default_headers={"anthropic-version": "2023-06-01"})
    batch = bench.create(bench.request("run-1", temperature=0.0), client=client)
    assert bench.rows(batch, client)["run-1"]["type"] == "succeeded"


@pytest.mark.parametrize(
    "extra",
    [
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]},
        {"system": "rubric"},
        {"metadata": {"user_id": "u"}, "stop_sequences": ["x"]},
        {"thinking": {"type": "adaptive"}},
        {"model": "claude-haiku-4-5", "thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"tool_choice": {"type": "any"}, "tools": [{"name": "t", "input_schema": {"type": "object"}}]},
        {"cache_control": {"type": "ephemeral"}},
        {"output_config": None},
    ],
)
def test_good_params_of_many_kinds_succeed(bench: Any, extra: Any) -> None:
    assert bench.row(**extra)["type"] == "succeeded"


def an_object(**properties: Any) -> Any:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": list(properties)}


@pytest.mark.parametrize(
    ("schema", "part"),
    [
        ([], "valid dictionary"),
        ({}, "must have a 'type'"),
        ({"type": "tuple"}, "Invalid schema type 'tuple'"),
        ({"type": "string", "maxLength": 3}, "property maxLength not supported"),
        ({"type": "array", "minItems": 2}, "minItems"),
        ({"enum": []}, "non-empty list"),
        ({"enum": [{}]}, "scalar"),
        ({**an_object(), "required": ["ghost"]}, "'ghost'"),
        (an_object(inner={"type": "object"}), "additionalProperties"),
        (an_object(inner={"anyOf": [{"type": "number", "multipleOf": 2}]}), "multipleOf"),
        (an_object(inner={"$ref": "https://example.org/x"}), "external"),
        (an_object(inner={"$ref": "#/$defs/missing"}), "points nowhere"),
        ({**an_object(n={"$ref": "#/$defs/n"}), "$defs": {"n": an_object(next={"$ref": "#/$defs/n"})}}, "Recursive"),
        ({**an_object(), "properties": {f"p{n}": {"type": "string"} for n in range(25)}}, "too complex"),
        (an_object(**{f"p{n}": {"anyOf": [{"type": "string"}, {"type": "null"}]} for n in range(17)}), "too complex"),
    ],
)  # fmt: skip
def test_a_schema_outside_the_subset_is_refused(schema: Any, part: Any) -> None:
    assert part in (schema_error(schema) or "")


def test_a_schema_inside_the_subset_is_accepted() -> None:
    label = {"type": "string", "enum": ["bad", "good"]}
    schema = {
        **an_object(
            reasoning={"type": "string", "format": "date"},
            scale={"type": "integer", "enum": [1, 2, 3]},
            labels={"type": "array", "items": {"$ref": "#/$defs/label"}, "minItems": 1},
            maybe={"anyOf": [label, {"type": "null"}]},
            fixed={"const": 3},
        ),
        "$defs": {"label": label},
    }
    assert schema_error(schema) is None

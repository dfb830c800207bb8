"""What a file says of its outputs beside their texts is read under its usual names, or refused with its address."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.dataset import OutputFacts, load_outputs
from evalkit.errors import DatasetError

Write = Callable[[str, "bytes | str"], Path]


def test_price_time_and_tokens_are_read_beside_the_output_and_change_no_digest(write: Write) -> None:
    bare = load_outputs(write("bare.jsonl", '{"id": "1", "output": "x"}\n{"id": "2", "output": "y"}\n'))
    rich = load_outputs(
        write(
            "rich.jsonl",
            '{"id": "1", "output": "x", "cost_usd": 0.0021, "seconds": 1.5, "usage": {"input_tokens": 512, '
            '"output_tokens": 64, "cache_read_tokens": 400}}\n'
            '{"id": "2", "output": "y", "cost_usd": 0, "seconds": 2}\n',
        )
    )

    assert rich.facts == {
        "1": OutputFacts(
            cost_usd=0.0021,
            seconds=1.5,
            usage={"input_tokens": 512, "output_tokens": 64, "cache_read_tokens": 400},
        ),
        "2": OutputFacts(cost_usd=0.0, seconds=2.0),
    }
    assert (rich.digest, rich.texts, bare.facts, rich.notes) == (bare.digest, bare.texts, {}, ())


def test_other_names_are_read_and_said_with_their_units(write: Write) -> None:
    outputs = load_outputs(
        write("a.csv", "id,output,cost,latency_ms,prompt_tokens,completion_tokens,mood\n1,x,0.5,1500,12,3.0,big\n")
    )

    assert outputs.facts == {
        "1": OutputFacts(cost_usd=0.5, seconds=1.5, usage={"input_tokens": 12, "output_tokens": 3})
    }
    assert outputs.notes == (
        "columns left out: 'mood'",
        "cost_usd is read from 'cost', in USD",
        "seconds is read from 'latency_ms', in milliseconds",
        "input_tokens is read from 'prompt_tokens'",
        "output_tokens is read from 'completion_tokens'",
    )


@pytest.mark.parametrize(
    ("usage", "kinds"),
    [
        (
            '{"input_tokens": 5, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 9, '
            '"cache_creation": {"ephemeral_5m_input_tokens": 9}, "service_tier": "batch", "output_tokens": 3}',
            {"input_tokens": 5, "cache_read_tokens": 7, "cache_write_tokens": 9, "output_tokens": 3},
        ),
        (
            '{"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8, "prompt_tokens_details": null}',
            {"input_tokens": 5, "output_tokens": 3, "total_tokens": 8},
        ),
        ('"{\\"input\\": 5, \\"output\\": 3}"', {"input_tokens": 5, "output_tokens": 3}),
        ("{}", None),
        ("null", None),
        ('""', None),
    ],
)
def test_an_object_of_tokens_is_read_as_its_maker_writes_it(
    write: Write, usage: str, kinds: dict[str, int] | None
) -> None:
    outputs = load_outputs(write("a.jsonl", f'{{"id": "1", "output": "x", "usage": {usage}}}\n'))

    assert {case: dict(facts.usage) for case, facts in outputs.facts.items()} == ({"1": kinds} if kinds else {})


def test_members_of_usage_that_are_no_tokens_are_named(write: Write) -> None:
    outputs = load_outputs(
        write("a.jsonl", '{"id": "1", "output": "x", "usage": {"input_tokens": 1, "cost": 0.1, "speed": "fast"}}')
    )

    assert outputs.notes == ("members of usage that are no count of tokens are left out: 'cost', 'speed'",)


def test_the_plainest_of_several_columns_counts_and_the_others_are_named(write: Write) -> None:
    outputs = load_outputs(
        write("a.jsonl", '{"id": "1", "output": "x", "latency_ms": 9, "seconds": 3, "cost": 2, "cost_usd": 1}\n')
    )

    assert outputs.facts == {"1": OutputFacts(cost_usd=1.0, seconds=3.0)}
    assert outputs.notes == ("left out, because plainer columns stand beside them: 'cost', 'latency_ms'",)


def test_what_is_known_of_some_outputs_alone_is_counted(write: Write) -> None:
    outputs = load_outputs(write("a.csv", "id,output,cost_usd,seconds\n1,x,0.5,\n2,y,,\n3,z, ,\n"))

    assert outputs.facts == {"1": OutputFacts(cost_usd=0.5)}
    assert outputs.notes == ("cost_usd is known for 1 of 3 outputs",)


AMOUNT = "write USD as a number of 0 or more, for instance 0.0021, or leave it empty"
TIME = "write a number of 0 or more, for instance 1.8, or leave it empty"
TOKENS = "write a whole number of 0 or more, or leave it empty"
USAGE = 'write an object, for instance {"input_tokens": 512, "output_tokens": 64}, or leave it empty'


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"id": 1, "output": "x", "cost_usd": -0.01}', f"a.jsonl:1: cost_usd: -0.01 is negative; {AMOUNT}"),
        ("a.csv", "id,output,cost\n1,x,$0.02\n", f"a.csv:2: cost: '$0.02' is not a number; {AMOUNT}"),
        ("a.csv", "id,output,cost_usd\n1,x,NaN\n", f"a.csv:2: cost_usd: NaN is not an amount; {AMOUNT}"),
        ("a.csv", "id,output,seconds\n1,x,inf\n", f"a.csv:2: seconds: inf is not an amount; {TIME}"),
        ("a.jsonl", '{"id": 1, "output": "x", "latency": true}', f"a.jsonl:1: latency: is not a number; {TIME}"),
        (
            "a.jsonl",
            '{"id": 1, "output": "x", "seconds": "fast"}',
            f"a.jsonl:1: seconds: 'fast' is not a number; {TIME}",
        ),
        (
            "a.jsonl",
            '{"id": 1, "output": "x", "input_tokens": 1.5}',
            f"a.jsonl:1: input_tokens: 1.5 is not a whole number; {TOKENS}",
        ),
        (
            "a.jsonl",
            '{"id": 1, "output": "x", "usage": {"output_tokens": -1}}',
            f"a.jsonl:1: usage: output_tokens -1 is negative; {TOKENS}",
        ),
        (
            "a.jsonl",
            '{"id": 1, "output": "x", "usage": [1]}',
            f"a.jsonl:1: usage: is not an object of token counts; {USAGE}",
        ),
        ("a.jsonl", f'{{"id": 1, "output": "x", "cost": 1{"0" * 400}}}', "a.jsonl:1: cost: 1000000"),
    ],
)
def test_what_is_no_amount_is_refused_with_line_field_and_mend(
    write: Write, name: str, content: str, message: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        load_outputs(write(name, content))

    assert str(caught.value).startswith(message)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "members",
    [[], "x", {"cost_usd": "1"}, {"seconds": True}, {"cost_usd": -1}, {"input_tokens": 0.5}, {"x": 10**400}, {"x": {}}],
)
def test_what_no_store_has_written_is_no_facts(members: object) -> None:
    with pytest.raises(ValueError, match=r"amount|whole"):
        OutputFacts.from_json(members)


@pytest.mark.parametrize(
    ("said", "facts"),
    [
        ('"model": "big", "batch": true', OutputFacts(model="big", service_tier="batch")),
        ('"model": "big", "batch": "false"', OutputFacts(model="big", service_tier="standard")),
        ('"batch": true, "service_tier": "standard"', OutputFacts(service_tier="batch")),
        (
            '"usage": {"service_tier": "priority", "inference_geo": "us"}',
            OutputFacts(service_tier="priority", geo="us"),
        ),
        ('"served_model": "big"', OutputFacts(model="big")),
    ],
)
def test_what_served_an_output_is_read_beside_it(write: Write, said: str, facts: OutputFacts) -> None:
    outputs = load_outputs(write("a.jsonl", f'{{"id": "1", "output": "x", {said}}}\n'))

    assert outputs.facts == {"1": facts}
    assert OutputFacts.from_json(facts.json()) == facts


def test_columns_of_such_names_that_say_something_else_are_left_out(write: Write) -> None:
    outputs = load_outputs(write("a.jsonl", '{"id": "1", "output": "x", "batch": 17, "model": {"a": 1}}\n'))

    assert (outputs.facts, outputs.notes) == ({}, ("columns left out: 'batch', 'model'",))


@pytest.mark.parametrize(
    "usage",
    [
        '{"prompt_tokens": 100, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 80}}',
        '{"input_tokens": 100, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 80}}',
        '{"prompt_tokens": 100, "completion_tokens": 5, "cached_tokens": 80}',
        '{"input_tokens": 20, "output_tokens": 5, "cache_read_input_tokens": 80}',
    ],
)
def test_tokens_that_were_cached_are_counted_once_whoever_counts_them(write: Write, usage: str) -> None:
    outputs = load_outputs(write("a.jsonl", f'{{"id": "1", "output": "x", "usage": {usage}}}\n'))

    assert outputs.facts["1"].usage == {"input_tokens": 20, "output_tokens": 5, "cache_read_tokens": 80}


def test_a_row_says_more_than_its_file_of_what_served_it(write: Write) -> None:
    outputs = load_outputs(write("a.jsonl", '{"id": "1", "output": "x", "model": "own"}\n{"id": "2", "output": "y"}\n'))

    assert outputs.served_by("all").facts == {"1": OutputFacts(model="own"), "2": OutputFacts(model="all")}
    assert outputs.served_by("all").digest == outputs.digest
    assert outputs.served_by(None) is outputs

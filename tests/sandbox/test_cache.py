"""The cache model: who pays for writing the shared prefix, and who reads it."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.sandbox.tokens import minimum_prefix, tokens_of

RUBRIC = "judge " * 600
ALL_HITS = {"cache_hits": 1.0}


def system(text: Any = RUBRIC, ttl: Any = "1h") -> Any:
    return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": ttl}}]


def usages(bench: Any, count: Any = 1, client: Any = None, **extra: Any) -> Any:
    requests = [bench.request(f"run-{number}", **{"system": system(), **extra}) for number in range(count)]
    rows = bench.rows(bench.create(*requests, client=client), client)
    return [rows[f"run-{number}"]["message"]["usage"] for number in range(count)]


def written(usage: Any) -> Any:
    return usage["cache_creation_input_tokens"]


def read(usage: Any) -> Any:
    return usage["cache_read_input_tokens"]


def test_the_first_rows_of_a_cold_batch_write_and_the_later_ones_read(open_bench: Any) -> None:
    found = usages(open_bench(cache_width=3, **ALL_HITS), 10)
    assert [bool(written(usage)) for usage in found] == [True] * 3 + [False] * 7
    assert [bool(read(usage)) for usage in found] == [False] * 3 + [True] * 7


def test_the_four_kinds_of_input_tokens_add_up_to_the_prompt(open_bench: Any) -> None:
    bench = open_bench(cache_width=1, **ALL_HITS)
    found = usages(bench, 2)
    total = {usage["input_tokens"] + written(usage) + read(usage) for usage in found}
    params = bench.params(system=system())
    counted = bench.client().messages.count_tokens(
        model=params["model"],
        system=params["system"],
        messages=params["messages"],
        output_config=params["output_config"],
    )
    assert total == {counted.input_tokens}
    assert found[0]["cache_creation"] == {
        "ephemeral_1h_input_tokens": written(found[0]),
        "ephemeral_5m_input_tokens": 0,
    }
    assert written(found[0]) >= tokens_of(RUBRIC)


def test_a_warm_up_that_has_ended_is_read_by_every_row_after_it(open_bench: Any) -> None:
    bench = open_bench(**ALL_HITS)
    assert written(usages(bench)[0]) > 0
    assert all(read(usage) and not written(usage) for usage in usages(bench, 5))


def test_an_entry_is_not_readable_before_its_writer_is_complete(open_bench: Any, clock: Any) -> None:
    bench = open_bench(seconds=60, **ALL_HITS)
    batches = [bench.create(bench.request("run-1", system=system())) for _ in range(2)]
    clock.move(seconds=60)
    assert [read(bench.rows(batch)["run-1"]["message"]["usage"]) for batch in batches] == [0, 0]


@pytest.mark.parametrize(
    ("ttl", "minutes", "hit"), [("5m", 4, True), ("5m", 6, False), ("1h", 59, True), ("1h", 61, False)]
)
def test_an_entry_lives_as_long_as_its_ttl(open_bench: Any, clock: Any, ttl: Any, minutes: Any, hit: Any) -> None:
    bench = open_bench(**ALL_HITS)
    usages(bench, system=system(ttl=ttl))
    clock.move(minutes=minutes)
    assert bool(read(usages(bench, system=system(ttl=ttl))[0])) is hit


def test_each_use_prolongs_the_life(open_bench: Any, clock: Any) -> None:
    bench = open_bench(**ALL_HITS)
    for _ in range(4):
        last = usages(bench, system=system(ttl="5m"))[0]
        clock.move(minutes=4)
    assert read(last) > 0


@pytest.mark.parametrize(
    "change",
    [
        {"model": "claude-sonnet-5-5"},
        {"system": system(RUBRIC + "x")},
        {"output_config": None},
        {"thinking": {"type": "adaptive"}},
        {"tools": [{"name": "t", "input_schema": {"type": "object"}}]},
    ],
)
def test_whatever_shapes_the_prompt_parts_the_caches(open_bench: Any, change: Any) -> None:
    bench = open_bench(**ALL_HITS)
    usages(bench)
    assert read(usages(bench, **change)[0]) == 0


def test_another_account_does_not_read_the_cache(open_bench: Any) -> None:
    bench = open_bench(**ALL_HITS)
    usages(bench)
    requests = [bench.request("run-1", system=system())]
    other = bench.client("other")
    batch = bench.create(*requests, client=other)
    other.messages.batches.retrieve(batch)
    (row,) = other.messages.batches.results(batch)
    assert row.result.message.usage.cache_read_input_tokens == 0


def test_a_prefix_below_the_minimum_is_silently_not_cached(open_bench: Any) -> None:
    found = usages(open_bench(), system=system("short"))[0]
    assert (written(found), read(found)) == (0, 0)


@pytest.mark.parametrize(
    ("model", "tokens"),
    [("claude-haiku-5-5", 512), ("claude-sonnet-5", 1024), ("claude-sonnet-5-5", 512), ("claude-opus-4-7", 2048),
     ("claude-haiku-4-5-20251001", 4096), ("claude-new-9", 1024)],
)  # fmt: skip
def test_the_minimum_is_the_models_own(model: Any, tokens: Any) -> None:
    assert minimum_prefix(model) == tokens


def test_automatic_caching_writes_for_every_row_and_is_read_by_none(open_bench: Any) -> None:
    bench = open_bench(cache_width=1, **ALL_HITS)
    requests = [
        bench.request(f"run-{number}", output=f"answer {number}", system=RUBRIC, cache_control={"type": "ephemeral"})
        for number in range(4)
    ]
    rows = bench.rows(bench.create(*requests)).values()
    assert all(written(row["message"]["usage"]) and not read(row["message"]["usage"]) for row in rows)


def test_hits_are_best_effort(open_bench: Any) -> None:
    found = usages(open_bench(cache_width=1, cache_hits=0.5), 60)
    assert 15 < sum(bool(read(usage)) for usage in found) < 45


def test_the_cache_can_be_off(open_bench: Any) -> None:
    found = usages(open_bench(cache=False), 20)
    assert {(written(usage), read(usage)) for usage in found} == {(0, 0)}


def test_rows_that_are_not_processed_warm_nothing(open_bench: Any) -> None:
    bench = open_bench(outcomes={"0": "api_error"}, **ALL_HITS)
    bench.rows(bench.create(bench.request("run-0", system=system())))
    rows = bench.rows(bench.create(bench.request("run-5", system=system())))
    assert read(rows["run-5"]["message"]["usage"]) == 0

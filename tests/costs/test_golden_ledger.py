"""The golden ledger: the price list applied by hand to rows of every kind, through submit, collect and costs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

import evalkit
from evalkit.pipeline.costs import GROUPS, costs
from evalkit.pricing import load_prices
from evalkit.store import Store

READ: Final = {"input_tokens": 100, "cache_read_input_tokens": 4000, "output_tokens": 50}
# Worked out by hand from USD per million tokens: haiku 0.1 in, 0.5 out, 0.125 and 0.2 to write, 0.01 to read, and five
# times that above 100,000 tokens; sonnet 2, 10 and 0.1 to read, fable 10, 50 and 0.25 to read; all halved by the batch.
GOLDEN: Final[dict[str, tuple[dict[str, Any], float]]] = {
    "plain": ({"usage": {"input_tokens": 1000, "output_tokens": 200}}, 0.0001),
    "write-5m": (
        {"usage": {"input_tokens": 100, "output_tokens": 50, "cache_creation_input_tokens": 4000,
                   "cache_creation": {"ephemeral_5m_input_tokens": 4000, "ephemeral_1h_input_tokens": 0}}},
        0.0002675,
    ),
    "write-1h": (
        {"usage": {"input_tokens": 100, "output_tokens": 50, "cache_creation_input_tokens": 4000,
                   "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 4000}}},
        0.0004175,
    ),
    "read-tenth": ({"usage": READ}, 0.0000375),
    "read-twentieth": (
        {"model": "claude-sonnet-5-5",
         "usage": {"input_tokens": 10, "cache_read_input_tokens": 10_000, "output_tokens": 10}},
        0.00056,
    ),
    "read-fortieth": (
        {"model": "claude-fable-5-1",
         "usage": {"input_tokens": 10, "cache_read_input_tokens": 10_000, "output_tokens": 10}},
        0.00155,
    ),
    "long": ({"usage": {"input_tokens": 1000, "cache_read_input_tokens": 150_000, "output_tokens": 100}}, 0.004125),
    "geo": ({"usage": {**READ, "inference_geo": "us"}}, 0.00004125),
}  # fmt: skip


def plain(_case: str, _attempt: int) -> dict[str, Any]:
    return GOLDEN["plain"][0]


ALL: Final = 0.00709875


@pytest.fixture
def cases() -> list[dict[str, Any]]:
    return [{"id": name, "input": f"How much is {name}?", "expected": name} for name in (*GOLDEN, "strange", "late")]


@pytest.fixture
def golden(ledger: Callable[..., Any], cases: list[dict[str, Any]]) -> Any:
    """A suite whose replies used what the table says; one is of an unknown model, one comes at the second attempt."""
    made = ledger(cases)

    def says(case: str, attempt: int) -> dict[str, Any]:
        if case == "strange":
            return {"model": "claude-unheard-of", "usage": {"input_tokens": 10, "output_tokens": 1}}
        if case == "late":
            return {"result": {"type": "expired"}} if attempt == 0 else GOLDEN["plain"][0]
        return GOLDEN[case][0]

    made.paid.says = says
    return made


def test_every_kind_of_token_costs_what_the_price_list_says_to_the_last_digit(golden: Any) -> None:
    golden.run()

    found = evalkit.costs(store=golden.url)

    assert sum(cost for _, cost in GOLDEN.values()) + 0.0001 == pytest.approx(ALL + 0.0001, abs=1e-12)
    assert found.total.known_usd == pytest.approx(ALL + 0.0001, abs=1e-9)
    assert (found.total.requests, found.total.unbilled) == (11, 1)
    assert found.total.cost_usd is None
    assert found.total.unpriced == {"claude-unheard-of": 1}
    assert found.total.saved_batch_usd == pytest.approx(ALL + 0.0001, abs=1e-9)
    assert found.total.cache_write_5m_tokens == found.total.cache_write_1h_tokens == 4000
    assert found.total.cache_read_tokens == 2 * 4000 + 2 * 10_000 + 150_000
    assert found.total.scored == 10
    shown = golden.ended("costs", "--by", "judge")[1]
    assert "1 request of claude-unheard-of: price unknown" in shown
    assert "+ ?" in shown


def test_the_money_that_caching_saved_or_lost_is_told_row_by_row(golden: Any) -> None:
    # Of the whole prompt as fresh input: 4,100 tokens of haiku are $0.000205 in a batch, with 50 of output $0.0002175.
    by_hand = {
        "write-5m": 0.0002175 - 0.0002675,
        "write-1h": 0.0002175 - 0.0004175,
        "read-tenth": 0.0002175 - 0.0000375,
        "read-twentieth": (10_010 * 2 + 100) / 2e6 - 0.00056,
        "read-fortieth": (10_010 * 10 + 500) / 2e6 - 0.00155,
        "long": (151_000 * 0.5 + 250) / 2e6 - 0.004125,
        "geo": 1.1 * (0.0002175 - 0.0000375),
    }

    golden.run()

    assert evalkit.costs(store=golden.url).total.saved_cache_usd == pytest.approx(sum(by_hand.values()), abs=1e-9)


def subsets() -> Iterator[tuple[Any, ...]]:
    for size in range(3):
        yield from itertools.combinations(GROUPS, size)


def test_the_total_is_the_same_however_it_is_grouped_and_the_rows_add_up_to_it(golden: Any) -> None:
    golden.run(label="monday")
    golden.run(label="tuesday", fresh=True)
    whole = evalkit.costs(store=golden.url).total

    with Store.open(golden.url) as store:
        tables = {by: costs(store, load_prices(), by) for by in subsets()}

    for by, table in tables.items():
        assert table.total == whole, by
        found = table.rows if by else (table.total,)
        for name in ("requests", "unbilled", "input_tokens", "output_tokens", "cache_read_tokens", "scored"):
            assert sum(getattr(row, name) for row in found) == getattr(whole, name), (by, name)
        for name in ("known_usd", "saved_batch_usd", "saved_cache_usd"):
            assert sum(getattr(row, name) for row in found) == pytest.approx(getattr(whole, name), abs=1e-12)
        assert sum(sum(row.unpriced.values()) for row in found) == 2


def test_what_goes_one_by_one_costs_twice_and_saves_nothing(ledger: Callable[..., Any]) -> None:
    made = ledger(2)
    made.paid.says = plain
    made.run(label="batch")
    made.submit(label="now", realtime=True, fresh=True)

    found = {row.by["kind"]: row for row in evalkit.costs(["kind"], store=made.url)}

    assert found["grading"].cost_usd == pytest.approx(2 * 0.0001, abs=1e-12)
    assert found["grading, realtime"].cost_usd == pytest.approx(2 * 0.0002, abs=1e-12)
    assert found["grading"].saved_batch_usd == pytest.approx(2 * 0.0001, abs=1e-12)
    assert found["grading, realtime"].saved_batch_usd == 0.0


def test_what_was_taken_over_is_paid_where_it_was_judged_and_nowhere_else(ledger: Callable[..., Any]) -> None:
    made = ledger(3)
    made.paid.says = plain
    first = made.run(label="monday")
    made.run(label="tuesday")

    found = evalkit.costs(["run"], store=made.url)

    assert [row.by["run"] for row in found] == [first]
    assert found.total.cost_usd == pytest.approx(3 * 0.0001, abs=1e-12)


def test_what_the_sandbox_answered_is_never_added_to_money(ledger: Callable[..., Any]) -> None:
    made = ledger(2)
    made.paid.says = plain
    made.run()
    evalkit.run(made.folder, store=made.url, sandbox=True, out=made.folder / "page.html")

    real, simulated = evalkit.costs(store=made.url), evalkit.costs(store=made.url, sandbox=True)

    assert (real.total.requests, simulated.total.requests) == (2, 2)
    assert real.total.cost_usd == pytest.approx(2 * 0.0001, abs=1e-12)
    assert real.json()["requests_simulated"] == simulated.json()["requests_real"] == 2


def test_a_batch_that_is_collected_in_part_is_added_up_as_far_as_it_is_there(ledger: Callable[..., Any]) -> None:
    made = ledger(4)
    made.paid.says = plain
    made.submit()
    made.killed("collect", "--wait", at="scores_put")

    before = evalkit.costs(store=made.url)
    made.collect()
    after = evalkit.costs(store=made.url)

    assert before.total.requests == 4
    assert before.costs.under_way.batches == 1
    assert before.costs.under_way.requests == 4
    assert after.total == before.total
    assert after.costs.under_way.batches == 0


def test_a_batch_knows_the_price_list_that_told_its_costs(ledger: Callable[..., Any]) -> None:
    made = ledger(2)
    made.run()

    assert evalkit.costs(store=made.url).costs.price_dates == (load_prices().date,)


def test_a_group_that_is_none_and_a_day_that_is_none_are_refused(ledger: Callable[..., Any]) -> None:
    made = ledger(2)

    code, _, said = made.ended("costs", "--by", "model")
    assert (code, said.count("costs cannot be told by 'model'; by day, month, suite, candidate, grader,")) == (2, 1)
    assert "is no day; write it as 2026-11-30" in made.ended("costs", "--since", "yesterday")[2]

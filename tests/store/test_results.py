"""Raw results and money: kept as they came, counted once, unknown where a price is."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from evalkit.errors import StoreError
from evalkit.pricing import Usage
from evalkit.store import Store


def test_lines_come_back_byte_for_byte(plant: Any, store: Store, result_line: Any) -> None:
    made = plant()
    batch = made.batch()
    raw = '{"a": "\u2028 caf\u00e9"}'.encode() + b"\x00\xff\xfe\r"
    assert store.results.keep(batch, [result_line("a", raw), result_line("b", b"second")], now=batch.created_at) == 2
    assert list(store.results.lines(batch.id)) == [raw, b"second"]
    assert (store.results.line(batch.id, "a"), store.results.line(batch.id, "c")) == (raw, None)


def test_a_result_is_kept_once_per_batch_and_custom_id_as_it_first_came(
    plant: Any, store: Store, result_line: Any
) -> None:
    made = plant((2, 2))
    first, second = made.batch("msgbatch_1", 0), made.batch("msgbatch_2", 1)
    now = first.created_at
    assert store.results.keep(first, [result_line("a", b"1"), result_line("b", b"2")], now=now) == 2
    assert store.results.keep(first, [result_line("a", b"changed", cost_usd=9.0), result_line("c")], now=now) == 1
    assert store.results.keep(second, [result_line("a", b"other batch")], now=now) == 1
    assert store.results.keep(first, [], now=now) == 0
    assert list(store.results.lines(first.id)) == [b"1", b"2", b"{}"]
    assert store.results.spending([made.run.id])[made.run.id].cost_usd == pytest.approx(4 * 0.25)


def test_two_collectors_of_one_batch_may_meet_its_lines_in_any_order(
    store_url: str, plant: Any, result_line: Any
) -> None:
    made = plant()
    batch = made.batch()
    lines = [result_line(f"id-{n:04}", b"x" * 500) for n in range(1000)]
    start, kept, broken = threading.Barrier(4), list[int](), list[BaseException]()

    def keep(own_lines: Any) -> None:
        try:
            with Store.open(store_url) as own:
                start.wait(timeout=30)
                kept.append(own.results.keep(batch, own_lines, now=batch.created_at))
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            broken.append(error)

    orders = (lines, lines[::-1], lines[500:] + lines[:500], lines[1::2] + lines[::2])
    threads = [threading.Thread(target=keep, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    assert sum(kept) == 1000


def test_spending_adds_up_every_kind_of_token_over_all_batches(plant: Any, store: Store, result_line: Any) -> None:
    made = plant((2, 2))
    usage = Usage(
        input_tokens=1, output_tokens=20, cache_read_tokens=300, cache_write_5m_tokens=4000, cache_write_1h_tokens=50000
    )
    for name, part in (("msgbatch_1", 0), ("msgbatch_2", 1)):
        batch = made.batch(name, part)
        lines = [result_line("a", usage=usage, cost_usd=0.5), result_line("b", usage=usage, cost_usd=0.25)]
        store.results.keep(batch, lines, now=batch.created_at)
    spent = store.results.spending([made.run.id, "another"])
    assert set(spent) == {made.run.id}
    found = spent[made.run.id]
    assert (found.cost_usd, found.results) == (1.5, 4)
    assert (found.input_tokens, found.output_tokens) == (4, 80)
    assert (found.cache_read_tokens, found.cache_write_tokens) == (1200, 216_000)
    assert found.cache_read_share == pytest.approx(1200 / 217_200)


def test_one_reply_of_unknown_price_makes_the_whole_sum_unknown(plant: Any, store: Store, result_line: Any) -> None:
    made = plant()
    batch = made.batch()
    known, unknown = result_line("a"), result_line("b", served_model="claude-unheard-of", cost_usd=None)
    store.results.keep(batch, [known, unknown], now=batch.created_at)
    found = store.results.spending([made.run.id])[made.run.id]
    assert found.cost_usd is None
    assert found.served_models == ("claude-haiku-5-5", "claude-unheard-of")
    assert found.input_tokens == 200


def test_what_is_not_billed_costs_nothing_and_names_no_model(plant: Any, store: Store, result_line: Any) -> None:
    made = plant()
    batch = made.batch()
    expired = result_line("a", type="expired", served_model=None, stop_reason=None, usage=Usage(), cost_usd=0.0)
    store.results.keep(batch, [expired], now=batch.created_at)
    found = store.results.spending([made.run.id])[made.run.id]
    assert (found.cost_usd, found.served_models, found.cache_read_share) == (0.0, (), None)


def test_results_are_counted_by_type(plant: Any, store: Store, result_line: Any) -> None:
    made = plant()
    batch = made.batch()
    lines = [result_line("a"), result_line("b"), result_line("c", type="expired")]
    store.results.keep(batch, lines, now=batch.created_at)
    assert store.results.counts(batch.id) == {"succeeded": 2, "expired": 1}


def test_a_line_that_cannot_be_kept_leaves_none_of_its_transaction(plant: Any, store: Store, result_line: Any) -> None:
    made = plant()
    batch = made.batch()
    with pytest.raises(StoreError):
        store.results.keep(batch, [result_line("a"), result_line("b", raw=None)], now=batch.created_at)
    assert list(store.results.lines(batch.id)) == []

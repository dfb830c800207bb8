"""What caching returned, in dollars worked out by hand from the published list."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from evalkit import api
from evalkit.pipeline.caching.measured import caching_of
from evalkit.pricing import Usage, load_prices
from evalkit.store import Store

PRICES = load_prices()

# model, day of the batch, realtime, (fresh, output, read, written 5m, written 1h), what it cost, what caching saved:
# saved = read x (input - read price) - 5m x (0.25 input) - 1h x (1 input), per million, at the batch's half.
GOLDEN = {
    "reads at 0.1": (
        "claude-haiku-5-5", "2026-11-20", False, (1000, 200, 50_000, 0, 0),
        0.5 * (1000 * 0.1 + 200 * 0.5 + 50_000 * 0.01), 0.5 * 50_000 * 0.09,
    ),
    "5m writes": (
        "claude-haiku-5-5", "2026-11-20", False, (1000, 200, 0, 50_000, 0),
        0.5 * (1000 * 0.1 + 200 * 0.5 + 50_000 * 0.125), 0.5 * 50_000 * -0.025,
    ),
    "1h writes": (
        "claude-haiku-5-5", "2026-11-20", False, (1000, 200, 0, 0, 50_000),
        0.5 * (1000 * 0.1 + 200 * 0.5 + 50_000 * 0.2), 0.5 * 50_000 * -0.1,
    ),
    "reads at 0.05": (
        "claude-opus-5-5", "2026-11-20", False, (1000, 200, 50_000, 0, 10_000),
        0.5 * (1000 * 4 + 200 * 20 + 50_000 * 0.2 + 10_000 * 8), 0.5 * (50_000 * 3.8 - 10_000 * 4),
    ),
    "reads at 0.025": (
        "claude-fable-5-2", "2026-11-20", False, (1000, 200, 50_000, 10_000, 0),
        0.5 * (1000 * 8 + 200 * 40 + 50_000 * 0.2 + 10_000 * 10), 0.5 * (50_000 * 7.8 - 10_000 * 2),
    ),
    "a price of an earlier day": (
        "claude-sonnet-5-5", "2026-10-01", False, (1000, 200, 50_000, 0, 0),
        0.5 * (1000 * 2 + 200 * 10 + 50_000 * 0.2), 0.5 * 50_000 * 1.8,
    ),
    "more than 100k tokens": (
        "claude-haiku-5-5", "2026-11-20", False, (60_000, 200, 50_000, 0, 0),
        0.5 * (60_000 * 0.5 + 200 * 2.5 + 50_000 * 0.05), 0.5 * 50_000 * 0.45,
    ),
    "a geography": (
        "claude-opus-5-5", "2026-11-20", False, (1000, 200, 50_000, 0, 0),
        1.1 * 0.5 * (1000 * 4 + 200 * 20 + 50_000 * 0.2), 1.1 * 0.5 * 50_000 * 3.8,
    ),
    "full price": (
        "claude-opus-5-5", "2026-11-20", True, (1000, 200, 50_000, 0, 0),
        1000 * 4 + 200 * 20 + 50_000 * 0.2, 50_000 * 3.8,
    ),
    "no price": ("model-of-nobody", "2026-11-20", False, (1000, 200, 50_000, 0, 0), None, None),
    "no price, and nothing cached": ("model-of-nobody", "2026-11-20", False, (1000, 200, 0, 0, 0), None, 0.0),
}  # fmt: skip
TOKENS = "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"


def uncached(row: Any, *, geo: str | None = None) -> float | None:
    """What a reply had cost without a cache, as a collector tells it."""
    model, day, realtime, tokens, _, _ = row
    usage = Usage(**dict(zip(TOKENS, tokens, strict=True)), geo=geo).uncached
    return PRICES.cost(model, usage, batch=not realtime, on=date.fromisoformat(day))


def billed(store: Store, row: Any, *, geo: str | None = None) -> None:
    """Write a bill over every reply in the store."""
    model, day, realtime, tokens, cost, _ = row
    values = {**dict(zip(TOKENS, tokens, strict=True)), "m": model, "c": None if cost is None else cost / 1e6}
    sets = ", ".join(f"{name} = :{name}" for name in (*TOKENS, "uncached_usd"))
    values["uncached_usd"] = uncached(row, geo=geo)
    with store.database.writing() as connection:
        connection.execute(sa.text(f"update results set served_model = :m, cost_usd = :c, {sets}"), values)
        at = {"at": f"{day}T12:00:00.000000+00:00", "r": realtime}
        connection.execute(sa.text("update batches set created_at = :at, realtime = :r"), at)


@pytest.fixture
def done(open_place: Any, store_url: str) -> Any:
    place = open_place(store_url, 4)
    place.submit()
    place.collect()
    return place


def test_what_caching_saved_is_what_the_list_says_by_hand(done: Any) -> None:
    with done.store() as store:
        (run,) = store.runs.select()
        for name, row in GOLDEN.items():
            billed(store, row, geo="us" if name == "a geography" else None)
            found = caching_of(store, [run], PRICES)[run.id]
            wanted = None if row[-1] is None else pytest.approx(4 * row[-1] / 1e6)
            assert found.saved_usd == wanted, name
            read, five, hour = row[3][2:]
            cached = read + five + hour
            assert found.read_share == (read / cached if cached else None), name
            assert found.rows_with_read == (4 if read else 0), name


def test_replies_of_several_prices_in_one_run_are_summed(done: Any) -> None:
    short, long, loss = GOLDEN["reads at 0.1"], GOLDEN["more than 100k tokens"], GOLDEN["1h writes"]
    with done.store() as store:
        (run,) = store.runs.select()
        billed(store, short)
        for place, row in enumerate((long, loss)):
            sets = ", ".join(f"{name} = {value}" for name, value in zip(TOKENS, row[3], strict=True))
            with store.database.writing() as connection:
                where = f"where custom_id like '%case-000{place}'"
                amounts = f"cost_usd = {row[4] / 1e6!r}, uncached_usd = {uncached(row)!r}"
                connection.execute(sa.text(f"update results set {amounts}, {sets} {where}"))
        found = caching_of(store, [run], PRICES)[run.id]
    assert found.saved_usd == pytest.approx((2 * short[5] + long[5] + loss[5]) / 1e6)
    assert (found.rows, found.rows_cached, found.rows_with_read) == (4, 4, 3)


def test_it_is_shown_with_the_run_and_with_what_to_do_next_time(done: Any) -> None:
    with done.store() as store:
        (run,) = store.runs.select()
        billed(store, GOLDEN["1h writes"])
        with store.database.writing() as connection:
            connection.execute(sa.text("update runs set cache_ttl = '1h'"))
    row = done.views()[0].json()
    assert row["cache"]["saved_usd"] == pytest.approx(-4 * 0.5 * 50_000 * 0.1 / 1e6)
    assert (row["cache"]["ttl"], row["cache"]["read_share"], row["cache"]["break_even"]) == (
        "1h", 0.0, pytest.approx(1 / 1.9),
    )  # fmt: skip
    (shown,) = api.show(run.id, config=done.folder, store=done.url)
    assert shown.caching.advice.startswith("lost $0.01 on 1h writes: hits were 0%, break-even is 53%; evalkit ")


def test_a_run_without_replies_has_returned_nothing(open_place: Any, sqlite_url: str) -> None:
    place = open_place(sqlite_url, 4)
    place.behave(seconds=1000.0)
    place.submit()
    assert place.views()[0].json()["cache"] is None


def test_the_bill_of_the_sandbox_is_that_without_a_cache_less_what_was_saved(
    open_place: Any, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs: dict[str, float] = {}
    saved: dict[str, float] = {}
    for ttl in ("off", "5m", "1h"):
        place = open_place(f"{sqlite_url}-{ttl}", 30, submit=(f'cache = "{ttl}"',), folder=ttl)
        monkeypatch.setenv("ANTHROPIC_API_KEY", ttl)  # whose cache is its own
        place.submit()
        place.collect()
        (view,) = place.views()
        costs[ttl], saved[ttl] = view.spending.cost_usd, view.caching.saved_usd
        assert view.caching.ttl == ttl
    assert saved["off"] == 0.0
    assert costs["5m"] == pytest.approx(costs["off"] - saved["5m"])
    assert costs["1h"] == pytest.approx(costs["off"] - saved["1h"])
    assert saved["5m"] > saved["1h"]


def test_a_choice_of_the_store_follows_what_the_judge_was_seen_to_do(open_place: Any, sqlite_url: str) -> None:
    place = open_place(sqlite_url, 60)
    place.behave(cache_hits=0.02)
    place.submit()
    place.collect()
    with place.store() as store:
        first = store.runs.select()[0]
    assert first.cache_ttl == "5m"
    place.submit(label="again", fresh=True)
    with place.store() as store:
        assert store.runs.select(label="again")[0].cache_ttl == "off"
    assert replace(first, cache_ttl=None) == first, "how it is cached is no part of what a run is"


def test_a_run_whose_scores_are_all_taken_over_is_submitted_beside_one_that_was_cached(
    open_place: Any, sqlite_url: str
) -> None:
    place = open_place(sqlite_url, 60)
    place.submit()
    place.collect()
    place.submit(label="again")
    assert place.sent() == [60]
    assert [view.scored for view in place.views()] == [60, 60]

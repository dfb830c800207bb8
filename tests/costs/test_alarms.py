"""What `status --check` says of money: costs above estimates, lost caching, unknown prices, models that retire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

import evalkit
from evalkit.pipeline.alarms import money_alarms, retirements
from evalkit.provider import RemoteModel
from evalkit.store import Store
from evalkit.store.rows import stamp
from evalkit.store.schema import batches, estimates, ledger, runs

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def opened(sqlite_url: str) -> Iterator[Store]:
    with Store.open(sqlite_url) as store:
        yield store


@pytest.fixture
def spend(opened: Store) -> Callable[..., str]:
    """Plants a collected run: `spend("a", days=1, usd=0.5, read=80, written=20)`."""

    def planted(
        name: str, *, days: float = 1.0, usd: float | None = 0.1, read: int = 0, written: int = 0, n: int = 100,
        estimate: tuple[float, float, float] | None = None, model: str = "claude-haiku-5-5", simulated: bool = False,
    ) -> str:  # fmt: skip
        run, at = name * 12, stamp(NOW - timedelta(days=days))
        digest = {"candidate_digest": "c" * 64, "grader_digest": "g" * 64, "dataset": "d" * 64}
        names = {"suite": "sums", "kind": "grading", "candidate": "c", "grader": "tone", "dataset_name": "d"}
        one = {"run": run, "judge": "claude-haiku-5-5", "simulated": simulated, "label": name, "cases": n}
        kinds = ("input_tokens", "output_tokens", "cache_write_5m_tokens", "unbilled")
        with opened.database.writing() as connection:
            connection.execute(sa.insert(runs).values(**digest, **names, **one, requests=n, created_at=at))
            connection.execute(
                sa.insert(batches).values(
                    batch=name, run=run, part=0, attempt=0, state="collected", requests=n, account="a", base_url="u",
                    simulated=simulated, created_at=at, collected_at=at, cancel_wanted=False, realtime=False,
                )
            )  # fmt: skip
            connection.execute(
                sa.insert(ledger).values(
                    batch=name, served_model=model, results=n, priced=n if usd is not None else n - 3,
                    cost_usd=usd or 0.0, compared=0, uncached_usd=0.0, cache_read_tokens=read,
                    cache_write_1h_tokens=written, **dict.fromkeys(kinds, 0),
                )
            )  # fmt: skip
            if estimate:
                low, high, most = estimate
                connection.execute(
                    sa.insert(estimates).values(
                        run=run, made_at=at, requests=n, low_usd=low, high_usd=high, at_most_usd=most,
                        price_date="2026-11-22", price_source="x", basis="{}",
                    )
                )  # fmt: skip
        return run

    return planted


def said(store: Store) -> list[str]:
    return list(money_alarms(store, now=NOW))


def test_a_cost_within_its_estimate_and_one_below_it_are_no_news(opened: Store, spend: Callable[..., str]) -> None:
    spend("a", usd=0.1, estimate=(0.05, 0.2, 0.4))
    spend("b", usd=0.01, estimate=(0.05, 0.2, 0.4))
    spend("c", usd=0.2, estimate=(0.05, 0.2, 0.4))

    assert said(opened) == []


def test_a_cost_above_its_estimate_is_a_warning_and_one_beyond_its_most_an_alert(
    opened: Store, spend: Callable[..., str]
) -> None:
    above = spend("a", usd=0.3, estimate=(0.05, 0.2, 0.4))
    beyond = spend("b", usd=0.5, estimate=(0.05, 0.2, 0.4))

    assert said(opened) == [
        f"warning: run {above} cost $0.3000, above its estimate of $0.0500 to $0.2000; `evalkit show {above}`",
        f"alert: run {beyond} cost $0.5000, beyond the $0.4000 that it was to cost at most; `evalkit show {beyond}`",
    ]


def test_what_was_collected_more_than_a_week_ago_and_what_the_sandbox_answered_is_no_alarm(
    opened: Store, spend: Callable[..., str]
) -> None:
    spend("a", usd=9.0, days=8, estimate=(0.05, 0.2, 0.4))
    spend("b", usd=9.0, estimate=(0.05, 0.2, 0.4), simulated=True)
    spend("c", usd=None, days=8, model="claude-unheard-of")

    assert said(opened) == []


def test_a_cache_share_that_fell_below_half_of_what_it_was_is_told(opened: Store, spend: Callable[..., str]) -> None:
    for day, name in enumerate("abcd", start=2):
        spend(name, days=day, read=80, written=20)
    run = spend("z", days=1, read=30, written=70)

    (alarm,) = said(opened)

    assert alarm.startswith(
        f"run {run} took 30% of its cacheable tokens from the cache, earlier runs of tone by claude-haiku-5-5 took 80%"
    )


@pytest.mark.parametrize(
    ("newest", "earlier"),
    [({"read": 45, "written": 55}, "abcd"), ({"read": 30, "written": 70}, "ab"), ({"read": 0}, "abcd"),
     ({"read": 3, "written": 7, "n": 10}, "abcd")],
    ids=["half of it is left", "too few to tell", "nothing was to be cached", "too small to tell"],
)  # fmt: skip
def test_a_cache_share_that_says_little_is_no_alarm(
    opened: Store, spend: Callable[..., str], newest: dict[str, int], earlier: str
) -> None:
    for day, name in enumerate(earlier, start=2):
        spend(name, days=day, read=80, written=20)
    spend("z", days=1, **newest)

    assert said(opened) == []


def test_prices_that_are_not_known_are_told_by_model(opened: Store, spend: Callable[..., str]) -> None:
    spend("a", usd=None, model="claude-unheard-of")

    assert said(opened) == [
        "the price of claude-unheard-of is not known, and so is not what 3 requests cost; add it to [prices.models]"
    ]


def test_a_model_that_is_gone_or_about_to_go_is_told_with_its_day() -> None:
    ends = {"soon": NOW + timedelta(days=30), "late": NOW + timedelta(days=90), "past": NOW - timedelta(days=1)}
    asked: list[str] = []

    def ask(model: str) -> RemoteModel | None:
        asked.append(model)
        return None if model == "gone" else RemoteModel(id=model, retires_at=ends.get(model))

    found = list(retirements(["soon", "fine", "soon", "late", "past", "gone"], ask, now=NOW))

    assert asked == ["soon", "fine", "late", "past", "gone"]
    assert [line.partition(": ")[0] for line in found] == [
        "soon retires on 2026-12-23, in 30 days",
        "past was retired on 2026-11-22",
        "the API has no model gone any more",
    ]
    assert all("evalkit rejudge RUN --judge MODEL" in line for line in found)


def test_the_check_fails_for_money_and_asks_the_api_only_where_it_is_told_to(ledger: Callable[..., Any]) -> None:
    made = ledger(2)
    made.paid.says = lambda *_: {"usage": {"input_tokens": 9_000_000, "output_tokens": 9}}
    made.paid.model = {"retires_at": f"{datetime.now(UTC) + timedelta(days=20, hours=1):%Y-%m-%dT%H:%M:%SZ}"}
    run = made.run()
    before = len(made.paid.asked)

    code, shown, _ = made.ended("status", "--check")
    assert code == 6
    assert f"alert: run {run} cost $" in shown
    assert "retires" not in shown
    assert len(made.paid.asked) == before

    shown = made.ended("status", "--check", "--online")[1]
    assert made.paid.asked[before:] == ["GET /v1/models/claude-haiku-5-5"]
    assert f"claude-haiku-5-5 retires on {datetime.now(UTC) + timedelta(days=20, hours=1):%Y-%m-%d}, in 20 d" in shown


def test_a_run_shows_its_estimate_beside_its_cost(ledger: Callable[..., Any]) -> None:
    made = ledger(2)
    made.paid.says = lambda *_: {"usage": {"input_tokens": 9_000_000, "output_tokens": 9}}
    run = made.run()

    assert "; the cost is beyond" in made.ended("show", run)[1]
    (row,) = evalkit.costs(["run"], store=made.url)
    assert row.estimate.fit == "beyond"
    assert "1 beyond; 0 % inside" in made.ended("costs", "--by", "run")[1]

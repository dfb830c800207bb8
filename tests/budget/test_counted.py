"""What counts against a limit: the store's sum is that of a plain model, whatever states its parts are in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.store import Store
from evalkit.store.counted import count, month_of
from evalkit.store.ledger import add_up
from evalkit.store.rows import stamp
from evalkit.store.schema import batches, estimates, intents, results, runs, waits

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
MONEY = st.integers(0, 400).map(lambda n: n / 4)  # sums of quarters are exact
STATES = ("planned", "intended", "unknown", "created", "not_created")


class Part(NamedTuple):
    state: str
    at_most: float | None
    over: bool
    age: int
    """Days since it was sent."""
    collected: bool
    costs: list[float | None]
    lacking: int
    """Requests without a reply."""
    in_ledger: bool = False


parts = st.builds(
    Part,
    st.sampled_from(STATES),
    st.none() | MONEY,
    st.booleans(),
    st.sampled_from([0, 3, 22, 23, 40]),
    st.booleans(),
    st.lists(st.sampled_from([None, 0.25, 1.0, 7.5, 30.0]), max_size=3),
    st.integers(0, 1),
    st.booleans(),
)


def expected(part: Part) -> float | None:
    """What a part counts, told the long way."""
    this_month = (NOW - timedelta(days=part.age)).month == NOW.month
    if part.state == "not_created" or (part.state == "planned" and part.over):
        return 0.0
    if part.state == "planned":
        return part.at_most
    if not this_month:
        return 0.0
    if part.state != "created":
        return part.at_most
    known = None if None in part.costs else sum(cost or 0.0 for cost in part.costs)
    if part.collected and not part.lacking:
        return known
    return None if known is None or part.at_most is None else max(known, part.at_most)


def put(store: Store, run: str, of_run: list[Part], *, suite: str, waits_for: bool, estimate: float | None) -> None:
    sent = {"base_url": "u", "account": "a"}
    with store.database.writing() as connection:
        row = {"run": run, "suite": suite, "kind": "grading", "dataset": "d", "dataset_name": "d", "candidate": "c"}
        row |= {"candidate_digest": "c", "grader": "g", "grader_digest": "g", "judge": "j", "simulated": False}
        connection.execute(
            sa.insert(runs), [{**row, "label": run, "cases": 1, "requests": 1, "created_at": stamp(NOW)}]
        )
        for n, part in enumerate(of_run):
            at, name = stamp(NOW - timedelta(days=part.age)), f"{run}-{n}"
            batch = name if part.state == "created" else None
            requests = len(part.costs) + part.lacking
            intent = {"run": run, "part": n, "attempt": 1, "state": part.state, "round": 0, "requests": requests}
            intent |= {"intended_at": at, "batch": batch, "at_most_usd": part.at_most}
            over = "no room" if part.over and part.state == "planned" else None
            connection.execute(sa.insert(intents), [{**intent, "over_limit": over}])
            if batch is None:
                continue
            made = {"batch": name, "run": run, "part": n, "attempt": 1, "requests": requests, "created_at": at}
            made |= {"state": "collected" if part.collected else "ended", "simulated": False, "cancel_wanted": False}
            connection.execute(sa.insert(batches), [{**made, **sent}])
            tokens = dict.fromkeys(("input", "output", "cache_read", "cache_write_5m", "cache_write_1h"), 1)
            for m, cost in enumerate(part.costs):
                line = {"batch": name, "custom_id": str(m), "run": run, "raw": b"", "received_at": at, "type": "x"}
                line |= {f"{kind}_tokens": n for kind, n in tokens.items()}
                connection.execute(sa.insert(results), [{**line, "cost_usd": cost}])
            if part.in_ledger:
                add_up(connection, [name])
        if waits_for:
            connection.execute(sa.insert(waits), [{"run": run, "needs": "other", "fresh": False}])
            said = {"run": run, "made_at": stamp(NOW), "requests": 1, "at_most_usd": estimate}
            said |= {"price_date": "", "price_source": "", "basis": "{}"}
            connection.execute(sa.insert(estimates), [said])


@given(
    st.lists(
        st.tuples(st.lists(parts, max_size=3), st.sampled_from("ab"), st.booleans(), st.none() | MONEY), max_size=4
    )
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_what_counts_is_what_a_plain_model_says(made: list[Any]) -> None:
    with Store.open("sqlite://") as store:
        counts: list[float | None] = []
        for n, (of_run, suite, waits_for, estimate) in enumerate(made):
            put(store, f"run{n}", of_run, suite=suite, waits_for=waits_for, estimate=estimate)
            if suite == "a":
                counts += [expected(part) for part in of_run]
                counts += [estimate] if waits_for and not of_run else []
        with store.database.reading() as connection:
            found = count(connection, runs.c.suite == "a", since=month_of(NOW))

    assert found.total_usd == (None if None in counts else sum(counts))


@pytest.mark.parametrize(("at", "total"), [(0, 1.0), (23, 0.0)])
def test_a_batch_counts_in_the_month_that_it_was_created_in_on_either_database(
    store: Store, at: int, total: float
) -> None:
    put(store, "run0", [Part("created", 1.0, False, at, False, [], 1)], suite="a", waits_for=False, estimate=None)

    with store.database.reading() as connection:
        assert count(connection, runs.c.suite == "a", since=month_of(NOW)).total_usd == total


def test_what_cost_more_than_it_could_counts_as_it_was_billed_and_is_named(store: Store) -> None:
    put(store, "run0", [Part("created", 1.0, False, 0, True, [7.5], 0)], suite="a", waits_for=False, estimate=None)

    with store.database.reading() as connection:
        found = count(connection, runs.c.suite == "a", since=month_of(NOW))

    assert (found.total_usd, found.above) == (7.5, ["run0-0"])


def test_what_is_in_the_ledger_is_not_read_reply_by_reply(store: Store) -> None:
    whole = Part("created", 9.0, False, 0, True, [1.0, 0.25], 0, in_ledger=True)
    put(store, "run0", [whole, Part("created", 9.0, False, 0, False, [1.0], 1)], suite="a", waits_for=False, estimate=0)
    with store.database.writing() as connection:
        connection.execute(sa.delete(results).where(results.c.batch == "run0-0"))

    with store.database.reading() as connection:
        found = count(connection, runs.c.suite == "a", since=month_of(NOW))

    assert (found.spent_usd, found.reserved_usd) == (2.25, 8.0)


def test_what_lost_replies_and_has_no_weight_is_still_to_be_weighed_and_what_was_billed_whole_is_not(
    store: Store,
) -> None:
    whole, lost = Part("created", None, False, 0, True, [1.0], 0), Part("created", None, False, 0, True, [1.0], 1)
    put(store, "run0", [whole, lost], suite="a", waits_for=False, estimate=None)
    store.budgets.put("a", 5.0, now=NOW)

    assert store.budgets.unweighed([], ["a"], now=NOW) == [("run0", 1)]
    assert store.budgets.unweighed(["run0"], now=NOW) == [("run0", 1)]

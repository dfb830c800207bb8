"""Collect: every result becomes one score, whatever happens on the way, and nothing is counted twice."""

from __future__ import annotations

import json
import signal
import threading
from typing import Any

import pytest

from evalkit import api
from evalkit.errors import ProviderError
from evalkit.pipeline.progress import Progress
from evalkit.pricing import load_prices
from evalkit.run import BatchState
from evalkit.sandbox import Fault

MODEL = "claude-haiku-5-5"


class Listener(Progress):
    """Keeps what a user would be told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def state(bench: Any) -> dict[str, Any]:
    """All that a collect decides, without the times at which it did."""
    view = bench.view()
    return {
        "verdicts": bench.verdicts(),
        "counts": (view.cases, view.scored, dict(view.unscored), view.pending),
        "cost": view.spending.cost_usd,
        "results": view.spending.results,
        "batches": [one.state for one in view.batches],
    }


PEACE: dict[str, Any] = {}


def undisturbed(open_bench: Any, tmp_path: Any) -> dict[str, Any]:
    """The same suite of six cases, collected in peace."""
    if not PEACE:
        other = open_bench(f"sqlite:///{tmp_path / 'peace.db'}", folder="peace")
        other.submit()
        other.collect()
        PEACE.update(state(other))
    return PEACE


def assert_whole(bench: Any, n: int) -> None:
    """Every one of so many cases has its own value, read from one result."""
    found = state(bench)
    assert (found["counts"], found["results"]) == ((n, n, {}, 0), n)
    values = {case: value for (_, _, case), (_, value, _) in found["verdicts"].items()}
    assert values == {f"case-{i:04}": 0.0 if i % 3 == 2 else 1.0 for i in range(n)}


def without_cost(found: dict[str, Any]) -> dict[str, Any]:
    # What the cache spares differs from batch to batch.
    return {name: value for name, value in found.items() if name != "cost"}


def test_a_collected_run_has_one_score_per_case_with_its_reply(bench: Any) -> None:
    bench.submit()
    (row,) = bench.collect()
    assert (row.scored, row.pending, row.estimate.mean) == (6, 0, pytest.approx(4 / 6))
    rows = bench.rows()
    assert [one["case"] for one in rows] == [f"case-{n:04}" for n in range(6)]
    assert [one["value"] for one in rows] == [1.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    assert {(one["status"], one["served_model"], one["stop_reason"], one["batch"]) for one in rows} == {
        ("scored", MODEL, "end_turn", bench.batches()[0])
    }
    assert all(one["reason"] and one["usage"]["output_tokens"] for one in rows)


def test_before_anything_is_collected_every_case_is_pending(bench: Any) -> None:
    bench.faults(seconds=60)
    bench.submit()
    bench.collect(wait=False)
    view = bench.view()
    assert (view.cases, view.scored, view.unscored, view.pending) == (6, 0, {}, 6)
    assert [one.state for one in view.batches] == [BatchState.IN_PROGRESS]
    (row,) = bench.collect(timeout=0.1)
    assert row.pending == 6


def test_cases_without_an_output_are_missing_from_the_start_and_stay_counted(open_bench: Any, store_url: str) -> None:
    outputs = {"recorded": {"case-0000": "They are 0.", "case-0003": "They are 6.", "case-0004": None}}
    bench = open_bench(store_url, outputs=outputs)
    bench.submit()
    view = bench.view()
    assert (view.cases, view.scored, view.unscored, view.pending) == (6, 0, {"missing": 4}, 2)
    assert bench.creates()[0].requests == 2
    bench.collect()
    view = bench.view()
    assert (view.cases, view.scored, view.unscored, view.pending) == (6, 2, {"missing": 4}, 0)
    assert {row["case"] for row in bench.rows()} == {f"case-{n:04}" for n in range(6)}


def test_collecting_again_asks_nothing_and_changes_nothing(bench: Any) -> None:
    bench.submit()
    bench.collect()
    before, asked = state(bench), len(bench.sandbox.witness())
    for _ in range(2):
        assert list(bench.collect()) == []
    assert state(bench) == before
    assert len(bench.sandbox.witness()) == asked


def test_the_cost_is_what_the_usage_says_at_the_batch_price(bench: Any) -> None:
    bench.submit()
    bench.collect()
    rates = load_prices().rates(MODEL)
    assert rates is not None
    total = 0.0
    with bench.store() as store:
        raw = [json.loads(line) for line in store.results.lines(bench.batches()[0])]
    for usage in (line["result"]["message"]["usage"] for line in raw):
        dollars = usage["input_tokens"] * rates.input + usage["output_tokens"] * rates.output
        dollars += usage["cache_read_input_tokens"] * rates.cache_read
        dollars += usage["cache_creation"]["ephemeral_5m_input_tokens"] * rates.cache_write_5m
        dollars += usage["cache_creation"]["ephemeral_1h_input_tokens"] * rates.cache_write_1h
        total += dollars / 1e6 / 2
    assert total > 0
    assert bench.view().spending.cost_usd == pytest.approx(total)
    assert sum(row["cost_usd"] for row in bench.rows()) == pytest.approx(total)


def test_a_judge_of_unknown_price_costs_an_unknown_amount_and_not_nothing(open_bench: Any, sqlite_url: str) -> None:
    bench = open_bench(sqlite_url, judge="claude-unheard-of-9")
    bench.submit()
    bench.collect()
    assert (bench.view().scored, bench.view().spending.cost_usd) == (6, None)


def test_two_collectors_at_once_count_every_result_once(open_bench: Any, store_url: str) -> None:
    bench = open_bench(store_url, 1100)
    bench.submit()
    start, broken = threading.Barrier(3), list[BaseException]()

    def collect() -> None:
        try:
            start.wait(timeout=30)
            bench.collect()
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            broken.append(error)

    threads = [threading.Thread(target=collect) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    assert_whole(bench, 1100)


@pytest.mark.parametrize("step", ["polled", "ended", "scores_put", "collected"])
def test_a_collect_that_is_killed_is_made_good_by_the_next(
    open_bench: Any, sqlite_url: str, tmp_path: Any, step: str
) -> None:
    bench = open_bench(sqlite_url)
    bench.faults(seconds=0.2)
    bench.submit()
    assert bench.ended("collect", "--wait", "--poll", "0.1", EVALKIT_FAIL_AT=step)[0] == -signal.SIGKILL
    bench.collect(timeout=30)
    assert without_cost(state(bench)) == without_cost(undisturbed(open_bench, tmp_path))


def test_a_collect_that_is_killed_between_two_chunks_is_made_good_by_the_next(open_bench: Any, store_url: str) -> None:
    bench = open_bench(store_url, 1100)
    bench.submit()
    assert bench.ended("collect", "--wait", EVALKIT_FAIL_AT="results_kept:2")[0] == -signal.SIGKILL
    half = bench.view()
    assert (half.scored, half.pending, half.spending.results) == (1000, 100, 1100)
    bench.collect(timeout=30)
    assert_whole(bench, 1100)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("results", "blank-line", times=9), None),
        (Fault("results", "garbage-line", times=9), "cannot be read"),
        (Fault("results", "invalid-utf8", times=9), "cannot be read"),
        (Fault("results", "duplicate-row", times=9), "more than once"),
        (Fault("results", "stranger", times=9), "stranger-0"),
        (Fault("results", "missing-row", times=1), None),
        (Fault("results", "cut", byte=900, framing="terminated"), None),
        (Fault("results", "cut", byte=900, framing="eof"), None),
    ],
    ids=lambda value: f"{value.kind} {value.framing}" if isinstance(value, Fault) else "",
)
def test_spoilt_results_cost_no_case_its_score(
    small: Any, open_bench: Any, tmp_path: Any, fault: Fault, said: str | None
) -> None:
    small.submit()
    small.faults(fault)
    listener = Listener()
    small.collect(progress=listener)
    found, wanted = state(small), undisturbed(open_bench, tmp_path)
    assert (found["verdicts"], found["counts"]) == (wanted["verdicts"], wanted["counts"])
    if said:
        assert any(said in note for note in listener.notes)


def test_results_that_stay_short_are_missing_and_named_so(bench: Any) -> None:
    bench.submit()
    bench.faults(Fault("results", "missing-row", times=9), Fault("results", "missing-row", times=9, row=1))
    bench.collect()
    view = bench.view()
    assert (view.cases, view.scored, view.unscored, view.pending) == (6, 4, {"missing": 2}, 0)
    assert {row["reason"] for row in bench.rows() if row["status"] == "missing"} == {
        "the batch ended without a result for this request"
    }


def test_a_result_of_a_type_yet_unknown_is_kept_and_never_a_number(small: Any) -> None:
    small.submit()
    small.faults(Fault("results", "unknown-type", times=9))
    small.collect()
    (row,) = [row for row in small.rows() if row["status"] != "scored"]
    assert (row["value"], "paused" in row["reason"]) == (None, True)
    assert small.view().pending == 0


def test_a_download_that_breaks_off_keeps_what_came_and_goes_on_next_time(open_bench: Any, sqlite_url: str) -> None:
    bench = open_bench(sqlite_url, 1500)
    bench.submit()
    bench.faults(Fault("results", "cut", byte=1_000_000, framing="length"))
    with pytest.raises(ProviderError, match="collect again"):
        bench.collect(wait=False)
    half = bench.view()
    assert 0 < half.scored < 1500
    assert half.scored + half.pending == half.cases
    bench.collect()
    assert (bench.view().scored, bench.view().pending) == (1500, 0)
    assert bench.view().spending.results == 1500


@pytest.mark.parametrize("endpoint", ["retrieve", "results"])
def test_trouble_on_the_way_to_the_results_loses_nothing(small: Any, endpoint: Any) -> None:
    small.submit()
    small.faults(Fault(endpoint, "404"))
    with pytest.raises(ProviderError):
        small.collect(wait=False)
    assert small.view().pending == 6
    small.collect(wait=False)
    assert small.view().scored == 6


def test_one_batch_that_is_gone_does_not_keep_the_others_from_being_collected(small: Any) -> None:
    first, second = small.submit(label="a"), small.submit(label="b")
    small.faults(Fault("retrieve", "404"))
    with pytest.raises(ProviderError):
        small.collect(wait=False)
    standing = {row.run: row.scored for row in api.runs(small.folder, store=small.url)}
    assert standing == {first.runs[0]: 0, second.runs[0]: 6}

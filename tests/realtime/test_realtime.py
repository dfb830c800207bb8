"""Realtime: the same requests, the same scores, one by one; what is stored is never paid again."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from evalkit import api
from evalkit.errors import ProviderError
from evalkit.pipeline.stop import StopError
from evalkit.sandbox import Fault, Sandbox


def test_a_realtime_run_is_scored_like_a_batch_and_calls_nothing_but_messages(each: Any) -> None:
    each.run()
    assert (len(each.calls()), each.beside()) == (20, [])
    in_realtime, view = each.rows(), each.view()
    assert (view.scored, view.pending, view.status.value) == (20, 0, "collected")

    each.submit(label="batched")
    each.collect()
    (again,) = [row.run for row in api.runs(each.folder, store=each.url) if row.label == "batched"]
    with each.store() as store:
        batched = {one.score.case_id: one.score.verdict for one in store.scores.of(again)}
    assert {case: row["value"] for case, row in in_realtime.items()} == {
        case: verdict.value for case, verdict in batched.items()
    }


def test_the_bytes_of_each_call_are_those_that_a_batch_holds_for_it(
    open_line: Any, sqlite_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    shelf = tmp_path / "shelf"
    line = open_line(sqlite_url)
    line.edit('cache = "1h"')
    line.run()
    with Sandbox(directory=shelf) as kept:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", kept.url)
        api.submit(line.folder, store=f"sqlite:///{tmp_path / 'other.db'}")
        (body,) = shelf.glob("body_*.json")
        rows = json.loads(body.read_bytes())["requests"]
    sent = {hashlib.sha256(_compact(row["params"])).hexdigest() for row in rows}
    assert set(line.paid()) == sent


def _compact(params: Any) -> bytes:
    return json.dumps(params, separators=(",", ":"), ensure_ascii=False).encode()


def test_a_second_submit_asks_nothing_and_a_batch_is_never_made(line: Any) -> None:
    first = line.run()
    assert line.run() == first
    line.submit()
    line.collect()
    assert (len(line.calls()), line.beside()) == (6, [])


def test_realtime_costs_twice_a_batch_and_is_counted_once(line: Any) -> None:
    line.sandbox.behaviour = type(line.sandbox.behaviour)(cache=False)
    line.run()
    line.submit(label="batched", fresh=True)
    line.collect()
    by_label = {row.label: row.spending for row in api.runs(line.folder, store=line.url)}
    full, half = by_label[""], by_label["batched"]
    assert full.cost_usd == pytest.approx(2 * half.cost_usd)
    assert (full.realtime_usd, half.realtime_usd) == (pytest.approx(full.cost_usd), 0.0)
    assert (full.results, half.results) == (6, 6)


def test_the_price_is_said_before_anything_is_asked(line: Any) -> None:
    line.run()
    (said,) = [note for note in line.notes.said if note.startswith("realtime:")]
    assert "full price, about twice a batch: at most $" in said


def test_no_more_calls_than_the_config_allows_are_under_way(open_line: Any, sqlite_url: str) -> None:
    line = open_line(sqlite_url, 14)
    line.edit("concurrency = 3")
    under_way, most, lock = 0, 0, threading.Lock()
    realtime = line.sandbox._running.api._realtime
    create = realtime.create

    def counted(*args: Any) -> Any:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        threading.Event().wait(0.03)
        answer = create(*args)
        with lock:
            under_way -= 1
        return answer

    line.monkeypatch.setattr(realtime, "create", counted)
    line.run()
    assert most == 3
    assert line.view().scored == 14


def test_the_first_reply_is_waited_for_so_that_the_others_find_its_cache(line: Any) -> None:
    line.faults(message_seconds=0.05)
    line.run()
    first, *others = sorted(line.calls(), key=lambda entry: entry.time)
    assert all(first.time < entry.time for entry in others)
    assert line.view().spending.cost_usd is not None


@pytest.mark.parametrize("step", ["begun", "replied:3", "reply_kept:3", "results_kept:2", "ended", "downloaded"])
def test_what_a_killed_process_stored_is_never_asked_again(each: Any, step: str) -> None:
    each.edit("concurrency = 4")
    each.killed("submit", "--realtime", at=step)
    with each.store() as store:
        (batch,) = store.batches.open()
        stored = store.results.answered(batch.id)
    before = each.paid()
    assert sum(before.values()) - len(stored) <= 4, "more was under way than may be"

    each.collect()

    paid = each.paid()
    assert (len(paid), each.statuses()) == (20, {"scored": 20})
    again = sum(paid.values()) - 20
    assert again <= sum(before.values()) - len(stored)
    assert sum(paid.values()) == sum(before.values()) + 20 - len(stored)
    assert each.beside() == []


def test_two_collectors_never_ask_the_same(each: Any) -> None:
    each.killed("submit", "--realtime", at="reply_kept:2")
    before = sum(each.paid().values())
    with each.store() as store:
        stored = len(store.results.answered(store.batches.open()[0].id))
    each.faults(message_seconds=0.02)
    collectors = [each.evalkit("collect", "--wait", "--poll", "0.05") for _ in range(3)]
    assert [one.communicate(timeout=60) and one.returncode for one in collectors] == [0, 0, 0]
    assert sum(each.paid().values()) == before + 20 - stored
    assert each.statuses() == {"scored": 20}


def test_two_threads_of_one_process_never_ask_the_same(open_line: Any, sqlite_url: str) -> None:
    line = open_line(sqlite_url, 12)
    line.killed("submit", "--realtime", at="begun")
    line.faults(message_seconds=0.02)
    threads = [threading.Thread(target=line.collect) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert sum(line.paid().values()) == 12
    assert line.statuses() == {"scored": 12}


def test_a_bad_key_costs_one_call_and_the_rest_stays_to_be_sent(line: Any) -> None:
    line.sandbox.behaviour = type(line.sandbox.behaviour)(keys=("another",))
    with pytest.raises(StopError, match="6 of its requests are still to be sent") as raised:
        line.run()
    assert "check ANTHROPIC_API_KEY" in str(raised.value)
    assert len(line.calls()) == 1
    assert line.view().pending == 6

    line.faults()
    line.collect()
    assert line.statuses() == {"scored": 6}


def test_what_every_request_shares_is_refused_three_times_and_no_more(open_line: Any, sqlite_url: str) -> None:
    line = open_line(sqlite_url, 30)
    line.faults(shares={"invalid_request_error": 1.0})
    with pytest.raises(StopError, match="refused its first requests"):
        line.run()
    assert (len(line.calls()), sum(line.paid().values())) == (3, 0)
    with pytest.raises(StopError):
        line.collect()
    assert len(line.calls()) == 4, "one more call tells whether it still holds"

    line.cancel(line.view().run)
    assert line.statuses() == {"canceled": 27 - 1, "errored": 4}
    line.collect()
    assert len(line.calls()) == 4


def test_spent_money_stops_at_once_in_the_middle(open_line: Any, sqlite_url: str) -> None:
    line = open_line(sqlite_url, 20)
    line.edit("concurrency = 1")
    line.faults(Fault("messages", "spend-cap", at=6, times=100))
    with pytest.raises(StopError, match="usage limits"):
        line.run()
    assert line.view().scored == 5
    assert len(line.calls()) == 5 + 1, "no call was tried again"
    line.faults()
    line.collect()
    assert (len(line.paid()), sum(line.paid().values())) == (20, 20)


def test_a_busy_api_slows_the_pool_and_loses_nothing(line: Any) -> None:
    line.faults(Fault("messages", "529", at=2, times=4), Fault("messages", "429", at=8, times=3))
    line.run()
    assert line.statuses() == {"scored": 6}
    assert sum(line.paid().values()) == 6


def test_an_api_that_stays_busy_ends_the_pass_and_keeps_what_came(line: Any) -> None:
    line.edit("concurrency = 1")
    line.faults(Fault("messages", "529", at=3, times=1000))
    with pytest.raises(ProviderError, match="gets no answer"):
        line.run()
    assert line.view().scored == 2
    line.faults()
    line.collect()
    assert (line.statuses(), sum(line.paid().values())) == ({"scored": 6}, 6)


def test_an_error_in_passing_is_asked_again_in_realtime(line: Any) -> None:
    line.edit("concurrency = 1")
    line.faults(Fault("messages", "500", at=2, times=3))
    run = line.run()
    assert (line.statuses(), line.beside()) == ({"scored": 6}, [])
    with line.store() as store:
        assert [(one.round, one.requests, one.realtime) for one in store.intents.of(run)] == [
            (0, 6, True),
            (1, 1, True),
        ]


def test_a_gateway_that_answers_in_the_place_of_the_api_is_no_reply(line: Any) -> None:
    line.faults(Fault("messages", "200-html", times=100))
    with pytest.raises(StopError, match="is no message"):
        line.run()
    assert len(line.calls()) == 1
    assert line.view().pending == 6


def test_what_is_held_for_later_goes_at_once_when_realtime_is_asked_for(line: Any) -> None:
    line.killed("submit", at="kept")
    line.run()
    assert (line.statuses(), line.beside()) == ({"scored": 6}, [])

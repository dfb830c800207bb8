"""Operation: what the other verbs do with a run that goes in realtime; none asks the batches API of it."""

from __future__ import annotations

import json
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from evalkit import api, operations, transfer
from evalkit.errors import EvalkitError, UsageError
from evalkit.score import Status


def begun(line: Any, at: str = "reply_kept:2") -> str:
    """A run that was killed while it was asked."""
    line.edit("concurrency = 2")
    line.killed("submit", "--realtime", at=at)
    return line.view().run


def test_cancel_keeps_what_came_and_asks_no_more(each: Any) -> None:
    run = begun(each)
    calls = len(each.calls())
    with each.store() as store:
        stored = len(store.results.answered(store.batches.open()[0].id))
    (batch,) = each.cancel(run)
    assert batch.startswith(f"realtime-{run}-0-1-")
    assert each.statuses() == {"scored": stored, "canceled": 20 - stored}
    each.collect()
    each.submit(realtime=True)
    assert (len(each.calls()), each.beside()) == (calls, [])


def test_cancel_is_heard_by_the_process_that_asks(open_line: Any, sqlite_url: str) -> None:
    line = open_line(sqlite_url, 60)
    line.edit("concurrency = 1")
    line.faults(message_seconds=0.3)
    asking = line.evalkit("submit", "--realtime")
    while sum(line.paid().values()) < 2:
        time.sleep(0.02)
    line.cancel(line.view().run)
    assert asking.communicate(timeout=60)
    assert asking.returncode == 0
    paid = sum(line.paid().values())
    assert paid < 60
    assert line.statuses() == {"scored": paid, "canceled": 60 - paid}


def test_what_was_canceled_is_asked_again_in_realtime_on_request(line: Any) -> None:
    run = begun(line)
    line.cancel(run)
    operations.retry(run, statuses=[Status.CANCELED], config=line.folder, store=line.url)
    assert (line.statuses(), line.beside()) == ({"scored": 6}, [])


def test_status_shows_it_and_a_monitor_finds_nothing_amiss_with_it(line: Any) -> None:
    run = begun(line)
    (row,) = json.loads(line.ended("status", "--json")[1])["batches"]
    assert (row["run"], row["realtime"], row["expires_at"]) == (run, True, None)
    assert "realtime: whoever collects asks what is left" in line.ended("status")[1]
    health = operations.check(max_age=timedelta(hours=2), config=line.folder, store=line.url)
    assert (health.until_loss, health.until_expiry) == (None, None)


def test_resolve_knows_that_no_create_made_it(line: Any) -> None:
    run = begun(line)
    with line.store() as store:
        (batch,) = store.batches.open()
    with pytest.raises(UsageError, match="no batch of the API"):
        operations.resolve(run, gone=batch.id, config=line.folder, store=line.url)
    with pytest.raises(UsageError):
        operations.resolve(run, adopt=batch.id, config=line.folder, store=line.url)
    assert line.beside() == []


def test_prune_drops_replies_and_deletes_nothing_at_the_provider(line: Any) -> None:
    line.run()
    pruned = operations.prune(older_than=timedelta(0), delete_remote=True, config=line.folder, store=line.url)
    assert (pruned.replies, pruned.deleted, line.beside()) == (6, (), [])


def test_a_run_under_way_does_not_go_into_a_bundle(line: Any, tmp_path: Path) -> None:
    run = begun(line)
    with pytest.raises(UsageError, match="asked in realtime and not through"):
        transfer.export_bundle([run], tmp_path / "bundle.zip", store=line.url)
    assert not (tmp_path / "bundle.zip").exists()


def test_a_run_that_is_through_travels_and_stays_realtime(line: Any, tmp_path: Path) -> None:
    run = line.run()
    transfer.export_bundle([run], tmp_path / "bundle.zip", store=line.url)
    other = f"sqlite:///{tmp_path / 'other.db'}"
    transfer.import_bundle(tmp_path / "bundle.zip", store=other)
    (view,) = api.runs(store=other)
    assert (view.realtime, view.scored, view.spending) == ("realtime", 6, line.view().spending)


def test_two_stores_that_asked_the_same_run_are_not_taken_for_one(line: Any, tmp_path: Path) -> None:
    run = line.run()
    transfer.export_bundle([run], tmp_path / "bundle.zip", store=line.url)
    other = f"sqlite:///{tmp_path / 'other.db'}"
    api.submit(line.folder, store=other, realtime=True)
    with pytest.raises(EvalkitError, match="different ways"):
        transfer.import_bundle(tmp_path / "bundle.zip", store=other)


def test_recover_looks_for_nothing_of_it(line: Any) -> None:
    run = begun(line, at="kept")
    operations.recover(line.folder, store=line.url)
    with line.store() as store:
        assert [one.state.value for one in store.intents.of(run)] == ["planned"]
    line.collect()
    assert line.statuses() == {"scored": 6}


def test_a_deadline_that_a_batch_may_miss_names_it_and_it_meets_any(line: Any) -> None:
    from datetime import datetime

    soon = (datetime.now().astimezone() + timedelta(hours=2)).strftime("%H:%M")
    line.submit(deadline=soon)
    assert any("--realtime answers at once, at full price" in note for note in line.notes.said)
    line.notes.said.clear()
    line.run(deadline=soon, label="now")
    assert not any("24 hours" in note for note in line.notes.said)


def test_an_interrupt_keeps_what_came_and_the_next_collect_goes_on(open_line: Any, sqlite_url: str) -> None:
    line = open_line(sqlite_url, 40)
    line.edit("concurrency = 4")
    line.faults(message_seconds=0.1)
    asking = line.evalkit("submit", "--realtime")
    while sum(line.paid().values()) < 6:
        time.sleep(0.02)
    asking.send_signal(signal.SIGINT)
    _, err = asking.communicate(timeout=60)
    assert "Traceback" not in err
    with line.store() as store:
        stored = len(store.results.answered(store.batches.open()[0].id))
        assert store.batches.leased_by(store.batches.open()[0].id) is None
    assert stored == sum(line.paid().values()) < 40, "what was under way was paid, so it is kept"
    line.faults()
    line.collect()
    assert (line.statuses(), sum(line.paid().values())) == ({"scored": 40}, 40)


def test_a_time_limit_ends_the_asking_and_not_the_run(open_line: Any, sqlite_url: str) -> None:
    line = open_line(sqlite_url, 12)
    line.edit("concurrency = 1")
    line.killed("submit", "--realtime", at="begun")
    line.faults(message_seconds=0.2)
    code, _, _ = line.ended("collect", "--wait", "--timeout", "0.5")
    assert code == 5
    assert line.view().scored < 12
    line.faults()
    line.collect()
    assert sum(line.paid().values()) == 12


def test_a_run_ends_with_its_time_limit_too(open_line: Any, sqlite_url: str) -> None:
    line = open_line(sqlite_url, 12)
    line.edit("concurrency = 1")
    line.faults(message_seconds=0.2)
    assert line.ended("run", "--realtime", "--timeout", "0.5")[0] == 5
    assert line.view().scored < 12


def test_commands_and_the_page_say_that_it_went_in_realtime(line: Any, tmp_path: Path) -> None:
    code, out, _ = line.ended("run", "--realtime", "--json", "--out", tmp_path / "page.html")
    (row,) = json.loads(out)["runs"]
    assert (code, [batch["realtime"] for batch in row["batches"]]) == (0, [True])
    assert "realtime" in line.ended("runs")[1]
    assert "realtime     realtime-" in " ".join(line.ended("show", row["run"])[1].splitlines()) or "realtime" in out
    page = (tmp_path / "page.html").read_text()
    assert "realtime, at full price" in page
    assert "as single requests it would have been" not in page
    assert "saved by batch" not in page


def test_a_page_of_both_counts_the_discount_of_the_batch_alone(line: Any, tmp_path: Path) -> None:
    line.submit(smoke=3)
    line.collect()
    spending = line.view().spending
    api.report(config=line.folder, store=line.url, out=tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "3 realtime, at full price" in page
    assert "saved by batch" in page
    assert 0 < spending.realtime_usd < spending.cost_usd

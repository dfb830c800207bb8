"""Smoke: a broken schema costs a few requests, not a batch; sound first cases count, and nothing is asked twice."""

from __future__ import annotations

import re
from typing import Any

import pytest

from evalkit import api
from evalkit.errors import ExitCode
from evalkit.pipeline.smoke import SmokeError
from evalkit.pipeline.stop import StopError
from evalkit.sandbox import Fault


def batches(line: Any) -> list[int]:
    """The number of requests of each batch that was made."""
    return [entry.requests for entry in line.sandbox.witness() if entry.accepted_create]


def test_the_first_cases_go_first_and_the_rest_as_one_batch(each: Any) -> None:
    each.submit(smoke=3)
    assert (len(each.calls()), batches(each)) == (3, [17])
    each.collect()
    assert each.statuses() == {"scored": 20}
    with each.store() as store:
        (run,) = store.runs.select()
        first = sorted(one.case_id for one in store.runs.requests(run.id, 0))
    assert first == ["case-0000", "case-0001", "case-0002"]
    assert each.view().realtime == "3 realtime"


def test_a_schema_that_is_refused_costs_three_requests_and_no_batch(open_line: Any, sqlite_url: str) -> None:
    line = open_line(sqlite_url, 40)
    line.faults(shares={"invalid_request_error": 1.0})
    with pytest.raises(SmokeError, match="3 of its first 3 requests: invalid_request_error") as raised:
        line.submit(smoke=3)
    assert "The other 37 requests are not sent" in str(raised.value)
    assert (len(line.calls()), batches(line), line.beside()) == (3, [], [])

    line.collect()
    assert (len(line.calls()), line.beside()) == (3, []), "a collect does not send what is held back"
    assert any("37 requests are held back" in note for note in line.notes.said)
    assert api.status(store=line.url).held_back == 1


def test_replies_that_nobody_can_read_stop_it_with_the_text_of_one(line: Any) -> None:
    line.faults(shares={"prose": 1.0})
    with pytest.raises(SmokeError, match="none of its first 2 replies could be scored; the first is unpars") as said:
        line.submit(smoke=2)
    assert re.search(r"It reads: '.+'", str(said.value))
    assert (len(line.calls()), line.beside()) == (2, [])


def test_one_reply_that_cannot_be_read_among_others_stops_nothing(line: Any) -> None:
    line.faults(shares={"prose": 0.5}, seed=3)
    line.submit(smoke=4)
    assert batches(line) == [2]
    assert 0 < line.statuses()["unparsable"] < 4


def test_the_command_ends_with_6_and_one_paragraph(line: Any) -> None:
    line.faults(shares={"invalid_request_error": 1.0})
    code, out, err = line.ended("run", "--smoke", "2")
    assert (code, out) == (ExitCode.PROVIDER, "")
    assert "the API refuses 2 of its first 2 requests" in " ".join(err.split())
    assert "Traceback" not in err


def test_who_submits_without_smoke_goes_on_all_the_same(line: Any) -> None:
    line.faults(shares={"prose": 1.0})
    with pytest.raises(SmokeError):
        line.submit(smoke=2)
    line.faults()
    line.submit()
    line.collect()
    assert batches(line) == [4]
    assert line.statuses() == {"unparsable": 2, "scored": 4}


def test_who_submits_with_smoke_again_is_told_again_and_pays_nothing(line: Any) -> None:
    line.faults(shares={"prose": 1.0})
    for _ in range(2):
        with pytest.raises(SmokeError):
            line.submit(smoke=2)
    assert (len(line.calls()), line.beside()) == (2, [])


def test_who_cancels_gives_up_what_is_held_back(line: Any) -> None:
    line.faults(shares={"prose": 1.0})
    with pytest.raises(SmokeError):
        line.submit(smoke=2)
    line.cancel(line.view().run)
    assert line.statuses() == {"unparsable": 2, "canceled": 4}
    assert line.beside() == []


def test_a_bad_key_stops_it_before_the_batch(line: Any) -> None:
    line.sandbox.behaviour = type(line.sandbox.behaviour)(keys=("another",))
    with pytest.raises((SmokeError, StopError)):
        line.submit(smoke=3)
    assert (len(line.calls()), line.beside()) == (1, [])


@pytest.mark.parametrize("step", ["kept", "begun", "replied:2", "collected"])
def test_a_smoke_test_that_was_killed_goes_on_where_it_was(line: Any, step: str) -> None:
    line.killed("submit", "--smoke", "3", at=step)
    assert line.beside() == [], "nothing is sent before the first cases are judged"
    line.submit(smoke=3)
    line.collect()
    assert (batches(line), line.statuses()) == ([3], {"scored": 6})
    assert len(line.paid()) == 3


def test_one_broken_run_holds_back_the_others_too(open_line: Any, sqlite_url: str) -> None:
    outputs = {name: {f"case-{i:04}": f"{name} {i}" for i in range(6)} for name in ("one", "two")}
    line = open_line(sqlite_url, outputs=outputs)
    line.faults(Fault("messages", "status", status=400, times=3))
    with pytest.raises(SmokeError) as raised:
        line.submit(smoke=3)
    assert str(raised.value).count("are not sent") == 1
    assert line.beside() == []


def test_a_set_smaller_than_the_smoke_test_goes_all_of_it_in_realtime(line: Any) -> None:
    line.submit(smoke=50)
    assert (line.statuses(), line.beside()) == ({"scored": 6}, [])
    assert line.view().realtime == "realtime"


def test_a_follow_up_of_the_batch_goes_as_a_batch(line: Any) -> None:
    line.submit(smoke=2)
    line.faults(shares={"overloaded_error": 1.0})
    line.collect()
    assert (batches(line), len(line.calls()), line.statuses()) == ([4, 4], 2, {"scored": 6})

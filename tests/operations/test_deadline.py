"""Deadlines: a warning where 24 hours do not fit, a refusal where not even the usual duration does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from evalkit.errors import UsageError
from evalkit.pipeline.deadline import doubt

EVENING = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
THREE_HOURS_ON = EVENING + timedelta(hours=3)


def said(deadline: str, now: datetime = EVENING, *, usual: float | None = None) -> str | None:
    return doubt(deadline, now, judge="claude-haiku-5-5", usual_seconds=usual)


def test_a_batch_may_come_later_than_a_deadline_within_24_hours() -> None:
    assert "09:00 is 14 h 30 min away and a batch may take 24 hours" in (said("09:00") or "")


def test_the_usual_duration_is_told_where_it_is_known() -> None:
    assert "usually took 50 min" in (said("09:00", usual=3000) or "")
    assert "have not been seen" in (said("09:00") or "")


def test_a_deadline_that_has_just_passed_is_tomorrow_and_leaves_room_for_the_longest() -> None:
    assert said("18:30") is None
    assert "23 h 59 min" in (said("18:29") or "")


def test_a_deadline_that_even_a_usual_batch_misses_is_refused() -> None:
    with pytest.raises(UsageError, match=r"nothing was sent: 19:00 is 30 min away, and batches of .* took 50 min"):
        said("19:00", usual=3000)


def test_a_night_with_an_hour_more_leaves_an_hour_more() -> None:
    evening = datetime(2026, 10, 24, 21, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert "13 h 00 min" in (said("09:00", evening) or "")


@pytest.mark.parametrize("text", ["9", "24:00", "09:60", "noon", "", "09:00:00", "-1:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no time of day"):
        said(text)


def in_minutes(minutes: int) -> str:
    return f"{datetime.now().astimezone() + timedelta(minutes=minutes):%H:%M}"


def test_submit_warns_and_sends(desk: Any) -> None:
    ended = desk.command("submit", "--deadline", in_minutes(120))
    assert ended.code == 0
    assert "a batch may take 24 hours" in ended.err
    assert len(desk.batches()) == 1


@pytest.fixture
def slow(desk: Any) -> Any:
    """A desk whose earlier batch took three hours, of a judge that is not simulated."""
    desk.submit(label="earlier")
    desk.collect()
    desk.sql("update batches set simulated = 0, created_at = ?, ended_at = ?", *map(stamp, (EVENING, THREE_HOURS_ON)))
    return desk


def stamp(time: datetime) -> str:
    return time.isoformat(timespec="microseconds")


@pytest.mark.parametrize("verb", ["submit", "run"])
def test_a_deadline_that_cannot_be_met_sends_nothing(slow: Any, verb: str) -> None:
    ended = slow.command(verb, "--deadline", in_minutes(60))
    assert ended.code == 2
    assert "took 3 h 00 min of late" in ended.err
    assert len(slow.batches()) == 1


def test_what_was_sent_in_time_is_attached_to_whatever_the_clock_says(slow: Any) -> None:
    slow.submit(label="earlier", deadline=in_minutes(60))
    assert len(slow.batches()) == 1

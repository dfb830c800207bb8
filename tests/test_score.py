"""A verdict has a value exactly when it is scored."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from evalkit.score import UNSCORED, Status, Verdict


@pytest.mark.parametrize("status", UNSCORED)
def test_an_unscored_verdict_cannot_hold_a_number(status: Status) -> None:
    assert Verdict(criterion="c", status=status).value is None
    for value in (0.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match=status):
            Verdict(criterion="c", status=status, value=value)


def test_a_scored_verdict_cannot_be_without_a_number() -> None:
    assert Verdict(criterion="c", status=Status.SCORED, value=0.0).value == 0.0
    with pytest.raises(ValueError, match="scored"):
        Verdict(criterion="c", status=Status.SCORED)


def test_the_reasons_for_no_value_are_these_seven() -> None:
    assert UNSCORED == ("unparsable", "truncated", "refused", "errored", "expired", "canceled", "missing")
    assert set(Status) == {"scored", *UNSCORED}


def test_a_verdict_cannot_be_changed_after_the_fact() -> None:
    verdict = Verdict(criterion="c", status=Status.MISSING)
    with pytest.raises(FrozenInstanceError):
        verdict.status = Status.SCORED  # type: ignore[misc]

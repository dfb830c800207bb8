"""Follow-up: what got no score for a reason that passes is put to the judge again, in a batch of its own.

The same custom_ids are sent again, because the API wants them unique within a batch only. Every attempt counts in
money, the last one in score.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from evalkit.errors import StaleTransitionError
from evalkit.failpoint import step
from evalkit.pipeline.budgeting import weigh_beside, weight_of
from evalkit.pipeline.forecast import Forecaster
from evalkit.pipeline.refusing import refused
from evalkit.run import Batch, Intent, Run
from evalkit.score import Status
from evalkit.store import FollowUp, NoRoomError, Store, Weight

ROUNDS: Final = 2
"""How often what failed is sent again by itself."""
ASKED: Final = frozenset({Status.ERRORED, Status.EXPIRED, Status.CANCELED, Status.TRUNCATED, Status.MISSING})
"""What a person's `retry` sends again where they do not say."""
MOST_TOKENS: Final = 32_000
_MORE_TOKENS: Final = 4
LASTING: Final = frozenset(
    {"invalid_request_error", "authentication_error", "billing_error", "permission_error", "not_found_error"}
    | {"request_too_large"}
)
"""Errors that another try would meet again."""
_BILLING: Final = ("billing_error", "credit balance is too low")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unscored:
    """A request without a score, and why."""

    custom_id: str
    status: Status
    reason: str

    @property
    def error_type(self) -> str:
        """The API's error type, of an errored one."""
        return self.reason.partition(":")[0]

    @property
    def is_billing(self) -> bool:
        """Whether the account cannot pay; the API also says so as an invalid request."""
        return self.status is Status.ERRORED and any(word in self.reason for word in _BILLING)


def follow_ups(store: Store, run: Run, batch: Batch, *, rounds: int = ROUNDS) -> list[FollowUp]:
    """What of a batch is to be sent again because it passes by itself, up to a number of rounds.

    It is planned in the transaction that finishes the batch: nobody looks at a finished batch again.
    """
    intent = next(one for one in store.intents.of(run.id) if one.batch == batch.id)
    if intent.round >= rounds or batch.cancel_wanted:
        return []
    passing = [one for one in unscored(store, run, batch.id) if _passes(one)]
    return _parts(run, passing, after=intent)


def retry(
    store: Store,
    run: Run,
    statuses: Collection[Status] = ASKED,
    *,
    forecaster: Forecaster | None = None,
    max_cost: float | None = None,
) -> list[Intent]:
    """Plan follow-ups of everything unscored of these statuses, because a person asks for it.

    Args:
        store: where the run is.
        run: the run.
        statuses: what to send again.
        forecaster: weighs it, where a limit is to be kept within.
        max_cost: USD that it may cost, with what comes of it.

    Raises:
        LimitError: a limit has no room for it; nothing is planned.
    """
    wanted = [one for one in unscored(store, run) if one.status in statuses]
    before = store.intents.of(run.id)
    last = max(before, key=lambda intent: (intent.round, intent.max_tokens or 0), default=None)
    if last is None:
        return []
    last = replace(last, realtime=all(intent.realtime for intent in before))
    parts = _parts(run, wanted, after=last)
    if max_cost is not None or store.budgets.in_force([run.suite], [run.id]):
        weigh_beside(store, forecaster, [run.id], now=datetime.now(UTC))
        parts = [replace(one, weight=_weight(store, forecaster, run, one)) for one in parts]
    try:
        planned = store.follow_ups(parts, max_usd=max_cost)
    except NoRoomError as error:
        raise refused(error.refusal, (), forecaster.prices if forecaster else None) from error
    except StaleTransitionError:
        return []  # another process plans the same follow-up
    if planned:
        step("followed_up")
    return planned


def _weight(store: Store, forecaster: Forecaster | None, run: Run, wanted: FollowUp) -> Weight | None:
    """What a follow-up weighs before it is planned."""
    if forecaster is None:
        return None
    return weight_of(
        store,
        forecaster,
        run,
        max_tokens=wanted.max_tokens,
        realtime=wanted.realtime,
        custom_ids=frozenset(wanted.custom_ids),
    )


def unscored(store: Store, run: Run, batch: str | None = None) -> list[Unscored]:
    """The requests of a run, or of one of its batches, that were sent and have no score."""
    return [
        Unscored(custom_id=row.custom_id, status=Status(row.status), reason=row.reason or "")
        for row in store.scores.unscored_requests(run.id, batch)
    ]


def refusal(store: Store, run: Run, batch: Batch, *, alone: bool = False) -> str | None:
    """Why it is no use to go on with a run: every request of a batch was invalid, or the account cannot pay.

    Of a request that went `alone`, before the rest of its run, it is not known whether the others would be invalid.
    """
    failed = unscored(store, run, batch.id)
    if billing := next((one for one in failed if one.is_billing), None):
        return (
            f"run {run.id} stops: the account cannot pay ({billing.reason}); nothing of these requests is billed. When "
            f"it can, `evalkit retry {run.id}` sends them again"
        )
    invalid = [one for one in failed if one.status is Status.ERRORED and one.error_type in LASTING]
    if invalid and len(invalid) == batch.requests and not alone:
        return (
            f"run {run.id} stops: the API refused every request ({invalid[0].reason}); nothing is billed. "
            f"Mend the config or the rubric, which makes a new run; or `evalkit retry {run.id}` if the API has changed"
        )
    return None


def _passes(one: Unscored) -> bool:
    """Whether another try may well go better."""
    if one.status is Status.ERRORED:
        return one.error_type not in LASTING and not one.is_billing
    return one.status in (Status.CANCELED, Status.EXPIRED, Status.TRUNCATED)


def _parts(run: Run, wanted: Sequence[Unscored], *, after: Intent) -> list[FollowUp]:
    """Two parts at most: what was cut gets more tokens, the rest is sent as it was; by the same account."""
    judge_tokens = after.max_tokens or (run.judge.max_tokens if run.judge else MOST_TOKENS)
    cut = [one.custom_id for one in wanted if one.status is Status.TRUNCATED]
    rest = [one.custom_id for one in wanted if one.status is not Status.TRUNCATED]
    parts: list[FollowUp] = []
    if rest:
        parts.append(_part(rest, after, after.max_tokens))
    if cut and judge_tokens < MOST_TOKENS:
        parts.append(_part(cut, after, min(judge_tokens * _MORE_TOKENS, MOST_TOKENS)))
    return parts


def _part(custom_ids: Sequence[str], after: Intent, max_tokens: int | None) -> FollowUp:
    return FollowUp(
        run=after.run,
        custom_ids=custom_ids,
        round=after.round + 1,
        max_tokens=max_tokens,
        account=after.account,
        base_url=after.base_url,
        realtime=after.realtime,
    )

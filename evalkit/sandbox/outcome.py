"""What becomes of a row: chosen by hash, so that the same custom_id meets the same fate on every machine."""

from __future__ import annotations

import hashlib
from typing import Final, Literal, get_args

from evalkit.sandbox.behaviour import Behaviour, Outcome

Fate = Outcome | Literal["invalid", "unrecorded", "canceled"]
"""An outcome, or what the sandbox itself finds: params that do not fit, no recorded reply, a cancel."""
FATES: Final[tuple[Fate, ...]] = (*get_args(Outcome), "invalid", "unrecorded", "canceled")
CODES: Final[dict[Fate, int]] = {fate: code for code, fate in enumerate(FATES)}
ERRORED: Final[frozenset[Fate]] = frozenset(
    {"api_error", "overloaded_error", "invalid_request_error", "invalid", "unrecorded"}
)
_TRANSIENT: Final = frozenset({"api_error", "overloaded_error", "expired"})
_CRAMPED: Final = frozenset({"truncated", "thinking_only"})


def case_part(custom_id: str) -> str:
    """The text after the first `-`; the whole custom_id where there is none."""
    return custom_id.partition("-")[2] or custom_id


def result_type(fate: Fate) -> Literal["succeeded", "errored", "canceled", "expired"]:
    """The word that results and counts use for a fate."""
    if fate in ERRORED:
        return "errored"
    if fate in ("canceled", "expired"):
        return fate
    return "succeeded"


class Chooser:
    """Chooses outcomes; remembers which rows have had their transient trouble already."""

    def __init__(self) -> None:
        self._troubled: dict[tuple[str, str], int] = {}

    def choose(self, behaviour: Behaviour, account: str, custom_id: str, *, max_tokens: int) -> Outcome:
        """The outcome of one request about to be processed."""
        forced = behaviour.outcomes
        if forced:
            outcome = forced.get(custom_id) or forced.get(case_part(custom_id))
            if outcome is not None:
                return outcome
        if not behaviour.shares:
            return "ok"
        outcome = _drawn(behaviour, custom_id)
        if outcome not in _TRANSIENT and outcome not in _CRAMPED:
            return outcome
        before = self._troubled.get((account, custom_id))
        if before is not None and (outcome in _TRANSIENT or max_tokens > before):
            return "ok"
        self._troubled[account, custom_id] = max_tokens
        return outcome


def _drawn(behaviour: Behaviour, custom_id: str) -> Outcome:
    draw = hashlib.blake2b(f"outcome {behaviour.seed} {custom_id}".encode(), digest_size=8).digest()
    point = int.from_bytes(draw, "big") / 2**64
    for outcome, share in behaviour.shares.items():
        point -= share
        if point < 0:
            return outcome
    return "ok"

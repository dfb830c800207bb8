"""How the sandbox behaves: its clock, its rows, its limits, and the faults it commits on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Literal, cast, get_args

import msgspec

from evalkit.errors import UsageError

Endpoint = Literal[
    "create", "retrieve", "list", "cancel", "delete", "results", "messages", "count_tokens", "models", "any"
]
ResultsFault = Literal[
    "blank-line", "garbage-line", "missing-row", "duplicate-row", "stranger", "unknown-type", "invalid-utf8"
]
FaultKind = Literal[
    "commit-then-500",
    "commit-then-reset",
    "commit-then-hang",
    "reset",
    "hang",
    "status",
    "404",
    "429",
    "500",
    "529",
    "spend-cap",
    "413-html",
    "200-html",
    "200-broken-json",
    "redirect",
    "cut",
    "list-lag",
    "blank-line",
    "garbage-line",
    "missing-row",
    "duplicate-row",
    "stranger",
    "unknown-type",
    "invalid-utf8",
]
Framing = Literal["chunked", "length", "eof", "terminated"]
Outcome = Literal[
    "ok",
    "thinking",
    "thinking_only",
    "refusal",
    "refusal_partial",
    "truncated",
    "capitals",
    "prose",
    "fooled",
    "api_error",
    "overloaded_error",
    "invalid_request_error",
    "expired",
]
RESULTS_FAULTS: Final[frozenset[str]] = frozenset(get_args(ResultsFault))
_RESULTS_ONLY: Final = RESULTS_FAULTS | {"cut"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing going wrong on purpose: at the `at`-th call of an endpoint since it was set, `times` times."""

    endpoint: Endpoint
    kind: FaultKind
    at: int = field(default=1, kw_only=True)
    """1 is the next call; `list-lag` counts no calls."""
    times: int = field(default=1, kw_only=True)
    seconds: float = field(default=1.0, kw_only=True)
    """How long `hang` and `commit-then-hang` hang, and how long `list-lag` hides a new batch."""
    retry_after: str | None = field(default=None, kw_only=True)
    """The `retry-after` header of an error; none when None."""
    status: int = field(default=503, kw_only=True)
    """HTTP status of kind `status`."""
    committed: bool = field(default=False, kw_only=True)
    """Whether the call takes effect before `status`, `500`, `529`, `200-html` or `200-broken-json` is answered."""
    byte: int = field(default=1024, kw_only=True)
    """Where `cut` ends the results, in bytes of body."""
    framing: Framing = field(default="chunked", kw_only=True)
    """How a `cut` body was announced; `terminated` ends it as if it were whole."""
    row: int = field(default=0, kw_only=True)
    """Which line of the results, in the order sent, a row fault touches."""

    def __post_init__(self) -> None:
        if self.kind in _RESULTS_ONLY and self.endpoint != "results":
            raise UsageError(f"fault {self.kind!r} belongs to endpoint 'results', not {self.endpoint!r}")
        if self.kind == "list-lag" and self.endpoint != "list":
            raise UsageError(f"fault 'list-lag' belongs to endpoint 'list', not {self.endpoint!r}")
        if self.at < 1 or self.times < 1:
            raise UsageError(f"fault {self.kind!r}: at and times count from 1")


def _no_shares() -> dict[Outcome, float]:
    return {}


def _no_outcomes() -> dict[str, Outcome]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Everything about the sandbox that a test or a demo may choose; the defaults are a well-behaved API."""

    seconds: float = 0.0
    """From create until a batch ends; 0 ends it by the first look at it."""
    message_seconds: float = 0.0
    """From a call for one message until it is answered."""
    retry_after: float | None = 10.0
    """The hint on a retrieve that is not final; None sends none."""
    seed: int = 0
    shares: Mapping[Outcome, float] = field(default_factory=_no_shares)
    """Share of rows that meet an outcome other than ok, chosen by hash of seed and custom_id.

    A transient outcome met by share (api_error, overloaded_error, expired; truncated and thinking_only under a larger
    `max_tokens`) does not meet the same custom_id again.
    """
    outcomes: Mapping[str, Outcome] = field(default_factory=_no_outcomes)
    """Outcomes forced by full custom_id or by its case part (the text after the first `-`), every time."""
    position_bias: float = 0.0
    """What the offline judge adds to the score of the output that it is shown first of two; negative for the second."""
    cancel_finishes: int = 1
    """Rows in flight that finish although the batch is canceled."""
    cancel_polls: int = 1
    """Looks at a batch that show `canceling` before it may end."""
    cancel_seconds: float = 0.0
    cache: bool = True
    cache_width: int = 8
    """Rows of one prefix that start before the first has completed, and so cannot read its cache entry."""
    cache_hits: float = 0.97
    """Share of the later rows that do read it: batch hits are best effort."""
    trailing_newline: bool = False
    pollution: tuple[ResultsFault, ...] = ()
    """Results faults on every download, at line 0."""
    page_default: int = 20
    page_max: int = 1000
    max_requests: int = 100_000
    max_body: int = 256_000_000
    max_message_body: int = 32_000_000
    keys: tuple[str, ...] = ()
    """The API keys that are accepted; empty accepts any."""
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        total = sum(self.shares.values())
        if total > 1.0 + 1e-9 or any(share < 0 for share in self.shares.values()):
            raise UsageError(f"outcome shares must be >= 0 and sum to at most 1, not {total:g}")


def to_json(behaviour: Behaviour) -> bytes:
    """The behaviour as one JSON object, which `changed` reads back."""
    return msgspec.json.encode(behaviour)


def changed(behaviour: Behaviour, patch: bytes) -> Behaviour:
    """The behaviour with the keys of a JSON object replaced.

    Raises:
        UsageError: the patch is not JSON, names an unknown key, or a value does not fit.
    """
    try:
        given = msgspec.json.decode(patch, type=dict[str, Any])
        unknown = sorted(set(given) - {item.name for item in fields(Behaviour)})
        if unknown:
            raise UsageError(f"unknown behaviour {', '.join(unknown)}; known: {known_names()}")
        whole = {**cast("dict[str, Any]", msgspec.to_builtins(behaviour)), **given}
        return replace(msgspec.convert(whole, type=Behaviour))
    except msgspec.MsgspecError as error:
        raise UsageError(f"behaviour: {error}") from error


def fault_from_json(text: bytes) -> Fault:
    """One fault from a JSON object.

    Raises:
        UsageError: it is not JSON, or a value does not fit.
    """
    try:
        return msgspec.json.decode(text, type=Fault)
    except msgspec.MsgspecError as error:
        raise UsageError(f"fault: {error}") from error


def known_names() -> str:
    """The names of all behaviours, for an error text."""
    return ", ".join(item.name for item in fields(Behaviour))

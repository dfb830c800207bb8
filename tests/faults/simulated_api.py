"""A simulated Message Batches API on a virtual clock: it lags, loses answers, cuts results, and keeps the books."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from random import Random
from typing import IO, Any

from evalkit.errors import ProviderError
from evalkit.provider import Created, CreateOutcome, NotCreated, Polled, RemoteBatch, Unknown

BASE_TOKENS = 1024
GRACE = 60.0
ACCOUNT = "account"
USAGE = {"input_tokens": 7, "output_tokens": 3, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 0}
LABELS = ("incorrect", "partial", "correct")
PASSING = ("api_error", "expired", "truncated")
LASTING = {"ok": "scored", "refusal": "refused", "invalid": "errored"}


@dataclass(frozen=True, kw_only=True)
class Odds:
    """How often each thing goes wrong, per call."""

    answer_lost: float = 0.2
    """A create lands, and its client hears nothing."""
    create_lost: float = 0.1
    lands_late: float = 0.05
    """A create lands only after its client has given up."""
    refused_for_now: float = 0.1
    refused: float = 0.03
    slow_create: float = 0.1
    unreadable: float = 0.08
    """A retrieve or list is answered with an error."""
    broken_results: float = 0.15
    short_results: float = 0.3
    odd_results: float = 0.2
    suspended: float = 0.02
    """A machine sleeps for a while."""

    @classmethod
    def none(cls) -> Odds:
        return cls(**{one.name: 0.0 for one in fields(cls)})


@dataclass(kw_only=True)
class Remote:
    """A batch as the world knows it."""

    id: str
    rows: dict[str, str]
    """custom_id -> what becomes of it."""
    ours: bool
    created_at: datetime
    listed_at: datetime
    readable_at: datetime
    ends_at: datetime
    shortened: bool = False


@dataclass
class World:
    """The provider's side of things, and the time."""

    rng: Random
    seed: int
    lag: float
    """Seconds within which a create that was sent is in the list, at most."""
    odds: Odds = field(default_factory=Odds)
    now: datetime = datetime(2026, 11, 1, tzinfo=UTC)
    batches: dict[str, Remote] = field(default_factory=dict)
    under_way: list[tuple[datetime, dict[str, int]]] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    """What was paid for though it was under way, or had its answer already."""
    asked: Counter[str] = field(default_factory=Counter)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def meets(self, trouble: str) -> bool:
        happens = self.rng.random() < getattr(self.odds, trouble)
        self.asked[trouble] += happens
        return happens

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        due = [one for one in self.under_way if one[0] <= self.now]
        self.under_way = [one for one in self.under_way if one[0] > self.now]
        for at, rows in due:
            self.land(rows, at)

    def land(self, rows: dict[str, int], at: datetime | None = None, *, ours: bool = True) -> Remote:
        at = at or self.now
        lag = 0.0 if self.rng.random() < 0.3 else self.rng.uniform(0, self.lag)
        batch = Remote(
            id=f"msgbatch_{next(self._numbers):03}",
            rows={custom_id: self._fate(custom_id, tokens) for custom_id, tokens in rows.items()},
            ours=ours,
            created_at=at,
            listed_at=at + timedelta(seconds=lag),
            readable_at=at + timedelta(seconds=self.rng.choice([0, 0, self.rng.uniform(0, 40)])),
            ends_at=at + timedelta(seconds=self.rng.choice([3, self.rng.uniform(5, 300), self.rng.uniform(5, 3000)])),
        )
        if ours:
            self._watch(batch)
        self.batches[batch.id] = batch
        return batch

    def _watch(self, batch: Remote) -> None:
        for custom_id in batch.rows:
            for earlier in self._with(custom_id):
                if earlier.ends_at > self.now or earlier.rows[custom_id] not in PASSING:
                    self.double.append(f"{custom_id} in {earlier.id} and again in {batch.id}")

    def _with(self, custom_id: str) -> list[Remote]:
        return [one for one in self.batches.values() if custom_id in one.rows]

    def _fate(self, custom_id: str, tokens: int) -> str:
        fate = fate_of(self.seed, custom_id)
        passed = bool(self._with(custom_id)) if fate != "truncated" else tokens > BASE_TOKENS
        return "ok" if fate in PASSING and passed else fate


def _draw(seed: int, word: str, custom_id: str, n: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed} {word} {custom_id}".encode(), digest_size=4).digest()) % n


def fate_of(seed: int, custom_id: str) -> str:
    """What becomes of a request the first time."""
    fates = ["ok"] * 10 + [
        "api_error",
        "api_error",
        "expired",
        "expired",
        "truncated",
        "truncated",
        "refusal",
        "invalid",
    ]
    return fates[_draw(seed, "fate", custom_id, len(fates))]


def expected(seed: int, custom_id: str) -> tuple[str, str | None]:
    """Status and label of a request in a world without faults."""
    fate = fate_of(seed, custom_id)
    status = LASTING.get(fate, "scored")
    return status, LABELS[_draw(seed, "label", custom_id, 3)] if status == "scored" else None


def result(seed: int, custom_id: str, fate: str) -> dict[str, Any]:
    """The result of a request, as the API writes it."""
    if fate == "expired":
        return {"type": "expired"}
    if fate in ("api_error", "invalid"):
        kind = "invalid_request_error" if fate == "invalid" else fate
        error = {"type": "error", "error": {"type": kind, "message": "no luck"}}
        return {"type": "errored", "error": error}
    text = json.dumps({"reasoning": "so", "verdict": LABELS[_draw(seed, "label", custom_id, 3)]})
    stop = {"truncated": "max_tokens", "refusal": "refusal"}.get(fate, "end_turn")
    content = [{"type": "text", "text": text[:9] if fate == "truncated" else text}]
    message = {"model": "claude-haiku-5-5", "content": content, "stop_reason": stop, "usage": USAGE}
    return {"type": "succeeded", "message": message}


class SimulatedApi:
    """One process's connection to the world, in the place of `evalkit.provider.Provider`."""

    account = ACCOUNT
    base_url = "https://api.example"

    def __init__(self, world: World, wait: Callable[[float], None]) -> None:
        """A connection; `wait` passes virtual time, in which other processes go on and this one may die."""
        self._world, self._wait = world, wait

    def create(self, body: IO[bytes]) -> CreateOutcome:
        sent = json.loads(body.read())["requests"]
        rows = {row["custom_id"]: row["params"]["max_tokens"] for row in sent}
        world = self._world
        try:
            self._wait(world.rng.uniform(30, 500) if world.meets("slow_create") else world.rng.uniform(0.1, 5))
        except BaseException:
            if world.rng.random() < 0.5:  # it died while its bytes were on their way
                world.under_way.append((world.now + timedelta(seconds=1), rows))
            raise
        return self._answer(rows)

    def _answer(self, rows: dict[str, int]) -> CreateOutcome:
        world = self._world
        if world.meets("refused_for_now"):
            return NotCreated(reason="429 slow down", retry_after=world.rng.uniform(1, 40))
        if world.meets("refused"):
            return NotCreated(reason="429 spend cap")
        if world.meets("create_lost"):
            return Unknown(reason="the connection was lost on the way there")
        if world.meets("lands_late"):
            world.under_way.append((world.now + timedelta(seconds=world.rng.uniform(0, GRACE / 4)), rows))
            return Unknown(reason="the connection was lost before it was read")
        batch = world.land(rows)
        self._wait(world.rng.uniform(0.1, 3))
        if world.meets("answer_lost"):
            return Unknown(reason="the connection was lost on the way back")
        return Created(batch=self._shown(batch), simulated=False)

    def retrieve(self, batch_id: str) -> Polled:
        self._wait(0.1)
        batch = self._world.batches[batch_id]
        if self._world.now < batch.readable_at or self._world.meets("unreadable"):
            raise ProviderError(f"batch {batch_id}: the API answered 404 not_found_error")
        return Polled(batch=self._shown(batch), retry_after=10.0, simulated=False)

    def list_batches(self) -> Iterator[RemoteBatch]:
        self._wait(0.1)
        if self._world.meets("unreadable"):
            raise ProviderError("the list of batches: the API answered 500")
        listed = [one for one in self._world.batches.values() if one.listed_at <= self._world.now]
        for batch in sorted(listed, key=lambda one: one.created_at, reverse=True):
            yield self._shown(batch)

    def results(self, batch_id: str) -> Iterator[bytes]:
        self._wait(0.1)
        world, batch = self._world, self._world.batches[batch_id]
        lines = [self._line(custom_id, fate) for custom_id, fate in batch.rows.items()]
        world.rng.shuffle(lines)
        if world.meets("odd_results"):
            lines += [lines[0], self._line("nobody-s", "ok")]
        if not batch.shortened and world.meets("short_results"):
            batch.shortened = True
            cut = world.rng.randrange(len(lines))
            lines = lines[:cut] + [b'{"custom_id": "gar'] * (cut % 2)
        broken = world.rng.randrange(len(lines) + 1) if world.meets("broken_results") else None
        for number, line in enumerate(lines):
            if number == broken:
                raise ProviderError(f"the results of batch {batch_id} broke off")
            yield line
            self._wait(0.01)
        if broken == len(lines):
            raise ProviderError(f"the results of batch {batch_id} broke off at their end")

    def _line(self, custom_id: str, fate: str) -> bytes:
        return json.dumps({"custom_id": custom_id, "result": result(self._world.seed, custom_id, fate)}).encode()

    def _shown(self, batch: Remote) -> RemoteBatch:
        ended = batch.ends_at <= self._world.now
        counts = {"processing": 0 if ended else len(batch.rows), "succeeded": len(batch.rows) if ended else 0}
        return RemoteBatch(
            id=batch.id,
            type="message_batch",
            processing_status="ended" if ended else "in_progress",
            request_counts=counts,
            created_at=batch.created_at,
            expires_at=batch.created_at + timedelta(days=1),
            ended_at=batch.ends_at if ended else None,
        )

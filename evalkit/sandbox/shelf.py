"""The shelf: all batches of all accounts, moved on by whoever looks at them."""

from __future__ import annotations

import hashlib
import random
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from evalkit.sandbox.batch import Batch
from evalkit.sandbox.behaviour import Behaviour
from evalkit.sandbox.cache import NO_CACHE, Cache, CacheRun
from evalkit.sandbox.kept import forget, keep
from evalkit.sandbox.outcome import CODES, FATES, Chooser, Fate, result_type
from evalkit.sandbox.params import Shapes
from evalkit.sandbox.reply import Replier, result_line
from evalkit.sandbox.rows import Row, Rows
from evalkit.sandbox.wire import ApiError, new_id


class Shelf:
    """Keeps batches apart by account; every method may be called from any thread."""

    def __init__(self, *, clock: Callable[[], datetime], replier: Replier, kept: Iterable[Batch] | None = None) -> None:
        """Make a shelf.

        Args:
            clock: the time.
            replier: answers requests.
            kept: batches of an earlier shelf of the same directory; None where nothing is to be kept.
        """
        self.cache = Cache()
        self.shapes = Shapes()
        self.chooser = Chooser()
        self._clock = clock
        self._replier = replier
        self._keeps = kept is not None
        self._batches: dict[str, Batch] = {batch.id: batch for batch in kept or ()}
        self._lock = threading.RLock()

    def add(self, rows: Rows, *, account: str, version: str, behaviour: Behaviour) -> Batch:
        """Take in a new batch; from here on it exists, whatever its client hears."""
        with self._lock:
            batch = Batch(
                id=new_id("msgbatch"),
                account=account,
                version=version,
                created_at=self._clock(),
                seconds=behaviour.seconds,
                rows=rows,
            )
            self._batches[batch.id] = batch
            if self._keeps:
                keep(batch)
            return batch

    def look(self, batch_id: str, account: str, behaviour: Behaviour) -> Batch:
        """The batch as it stands now.

        Raises:
            ApiError: 404 where this account has no such batch.
        """
        with self._lock:
            batch = self._find(batch_id, account)
            self._move_on(behaviour)
            # A look that shows `canceling` is used up by being shown: the next one may show the end.
            self._saw(batch)
            return batch

    def cancel(self, batch_id: str, account: str, behaviour: Behaviour) -> Batch:
        """Begin to cancel a batch.

        Raises:
            ApiError: 404 where there is none, 400 where it has ended.
        """
        with self._lock:
            batch = self._find(batch_id, account)
            self._move_on(behaviour)
            if batch.ended_at is not None:
                raise ApiError(400, f"Batch {batch_id} cannot be canceled because it has already ended.")
            batch.cancel(
                self._clock(),
                finishes=behaviour.cancel_finishes,
                looks=behaviour.cancel_polls,
                seconds=behaviour.cancel_seconds,
            )
            return batch

    def delete(self, batch_id: str, account: str, behaviour: Behaviour) -> None:
        """Forget a batch that has ended.

        Raises:
            ApiError: 404 where there is none, 400 where it has not ended.
        """
        with self._lock:
            batch = self._find(batch_id, account)
            self._move_on(behaviour)
            if batch.ended_at is None:
                raise ApiError(400, f"Batch {batch_id} cannot be deleted while it is processing; cancel it first.")
            del self._batches[batch_id]
            forget(batch)

    def newest_first(self, account: str, behaviour: Behaviour, *, lag: float) -> list[Batch]:
        """All batches of an account that a list shows; those younger than `lag` seconds are not yet listed."""
        with self._lock:
            self._move_on(behaviour)
            until = self._clock() - timedelta(seconds=lag)
            mine = [batch for batch in self._batches.values() if batch.account == account]
            return [batch for batch in reversed(mine) if lag <= 0 or batch.created_at <= until]

    def lines(self, batch: Batch, *, position_bias: float = 0.0) -> Iterator[bytes]:
        """The lines of the results, without newlines, in an order that has nothing to do with that of the rows."""
        order = array("L", range(len(batch.rows)))
        random.Random(batch.id).shuffle(order)  # noqa: S311 - an order, not a secret
        with batch.rows.reader() as reader:
            for index in order:
                yield self._line(batch, reader[index], FATES[batch.fates[index]], batch.reads[index], position_bias)

    def _line(self, batch: Batch, row: Row, fate: Fate, reads: int, position_bias: float) -> bytes:
        request = self.shapes.read(row.params, version=batch.version)
        spoken = result_type(fate) == "succeeded" and fate not in {"refusal", "prose"}
        text = self._replier.text(request, row.custom_id, position_bias=position_bias) if spoken else ""
        return result_line(row.custom_id, request, fate, text=text, reads=reads, seed=batch.id)

    def _find(self, batch_id: str, account: str) -> Batch:
        batch = self._batches.get(batch_id)
        if batch is None or batch.account != account:
            raise ApiError(404, f"Message Batch with id {batch_id} not found.")
        return batch

    def _saw(self, batch: Batch) -> None:
        if batch.status == "canceling":
            batch.canceling_looks -= 1

    def _move_on(self, behaviour: Behaviour) -> None:
        """End every batch whose moment has come, the earliest first, so that caches fill in the order of time."""
        now = self._clock()
        ready = [batch for batch in self._batches.values() if batch.may_end(now)]
        for batch in sorted(ready, key=lambda one: one.due):
            self._settle(batch, behaviour)

    def _settle(self, batch: Batch, behaviour: Behaviour) -> None:
        """Decide the fate of every row, count them, and end the batch."""
        batch.stop()
        run = CacheRun(self.cache, batch.account, started=batch.created_at, behaviour=behaviour)
        left: Fate = "canceled" if batch.cancel_initiated_at is not None else "expired"
        total = len(batch.rows)
        fates, reads = bytearray([CODES[left]]) * total, bytearray(total)
        with batch.rows.reader() as reader:
            for index in range(batch.finished):
                fate, reads[index] = self._fate(batch, reader[index], run, behaviour)
                fates[index] = CODES[fate]
        run.finish(batch.due)
        counts = {"processing": 0}
        for code, fate in enumerate(FATES):
            kind = result_type(fate)
            counts[kind] = counts.get(kind, 0) + fates.count(code)
        batch.end(fates, reads, counts)

    def _fate(self, batch: Batch, row: Row, run: CacheRun, behaviour: Behaviour) -> tuple[Fate, int]:
        """The fate of one row, and how many cache breakpoints it reads."""
        request = self.shapes.read(row.params, version=batch.version)
        if request.error is not None:
            return "invalid", 0
        if not self._replier.knows(row.custom_id, request.shape.model):
            return "unrecorded", 0
        limit = request.shape.max_tokens
        outcome = self.chooser.choose(behaviour, batch.account, row.custom_id, max_tokens=limit)
        if result_type(outcome) != "succeeded":
            return outcome, 0
        if not behaviour.cache:
            return outcome, NO_CACHE
        return outcome, run.hit(request.breakpoints(), request.shape.model, row.custom_id)


def account_of(key: str, workspace: str) -> str:
    """The digest that stands for a key and a workspace; the key itself is kept nowhere."""
    return hashlib.sha256(f"{key}\n{workspace}".encode()).hexdigest()[:16]


def spool_path(directory: Path) -> Path:
    """A fresh file for one body."""
    return directory / f"{new_id('body')}.json"

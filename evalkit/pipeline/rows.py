"""The rows of a run: what every row shares (model, system prompt, schema) is encoded once, and spliced into each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from evalkit import ids
from evalkit.dataset import Case
from evalkit.graders import Asked, CacheTtl, Sentinel
from evalkit.pipeline.forecast.weighed import Weighed
from evalkit.run import Run

_MAX_ROW: Final = 32_000_000
"""Bytes of one request that the Messages API takes."""

_CHOSEN: Final[dict[str | None, CacheTtl | None]] = {"off": None, "5m": "5m", "1h": "1h"}


class RowTooLargeError(ValueError):
    """A request is larger than the API takes."""


class RowEncoder:
    """Encodes the rows of one run: `{"custom_id":...,"params":{"messages":[...],...shared...}}`."""

    def __init__(self, run: Run, grader: Asked, *, max_tokens: int | None = None) -> None:
        """Encode what every row shares.

        Args:
            run: a run with a judge.
            grader: its grader.
            max_tokens: in place of the judge's, for replies that were cut.
        """
        if run.judge is None:
            raise TypeError(f"run {run.id} has no judge")
        shared = grader.params(run.judge, ttl_of(run, grader))
        if max_tokens is not None:
            shared["max_tokens"] = max_tokens
        self._run, self._grader = run.id, grader
        self.shared = shared
        """What every row has, all but its messages."""
        self._tail = b"," + msgspec.json.encode(shared)[1:] + b"}"

    def weigh(self, row: bytes, weighed: Weighed) -> None:
        """Add a row of the run to those that are weighed."""
        weighed.add(row, tail=len(self._tail), model=str(self.shared["model"]))

    def rows(self, case: Case, output: str) -> Iterator[tuple[str, str, bytes]]:
        """The suffix, the custom_id and the row of each request of one case.

        Raises:
            RenderError: the case lacks what the rubric prints.
            RowTooLargeError: the API does not take a request of this size.
        """
        for suffixes, messages in self._grader.messages(case, output):
            content = msgspec.json.encode(messages) + self._tail
            for suffix in suffixes:
                yield suffix, *self._row(ids.custom_id(self._run, case.id, suffix), content)

    def sentinel(self, one: Sentinel) -> tuple[str, bytes]:
        """The custom_id and the row of a sentinel: put to the judge as any case is, but once.

        Raises:
            RenderError, RowTooLargeError: as of a case.
        """
        _, messages = next(self._grader.messages(one.case, one.output))
        return self._row(ids.custom_id(self._run, one.id, ids.SENTINEL), msgspec.json.encode(messages) + self._tail)

    def _row(self, custom_id: str, content: bytes) -> tuple[str, bytes]:
        row = _row_head(custom_id) + b'{"messages":' + content
        if len(row) > _MAX_ROW:
            raise RowTooLargeError(f"its request has {len(row):,} bytes, and the API takes {_MAX_ROW:,}")
        return custom_id, row


def params_in(row: bytes, custom_id: str) -> bytes:
    """The params of a row: what the Messages API takes of it."""
    return row[len(_row_head(custom_id)) : -1]


def _row_head(custom_id: str) -> bytes:
    return f'{{"custom_id":"{custom_id}","params":'.encode("ascii")


def ttl_of(run: Run, grader: Asked) -> CacheTtl | None:
    """How long the shared prefix of a run is to stay cached: as it was chosen, and the store keeps it.

    Runs of earlier versions have the hour wherever there are two requests to share it.
    """
    if run.cache_ttl in _CHOSEN:
        return _CHOSEN[run.cache_ttl]
    return "1h" if run.cases * len(grader.suffixes) > 1 else None

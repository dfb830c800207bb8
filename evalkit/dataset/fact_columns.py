"""Which columns of a file of outputs hold facts, under whatever usual name, and what is wrong in them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

from evalkit.dataset import served
from evalkit.dataset.case import Json
from evalkit.dataset.columns import Columns
from evalkit.dataset.facts import MOST, OutputFacts
from evalkit.dataset.jsontext import decode
from evalkit.dataset.problems import ProblemLog, Refused, listed

_UNITS: Final[Mapping[str, Mapping[str, tuple[float, str]]]] = {
    "cost_usd": dict.fromkeys(("cost_usd", "cost", "total_cost", "price_usd"), (1.0, "USD")),
    "seconds": {
        **dict.fromkeys(("seconds", "latency_s", "latency_seconds", "duration_s", "duration_seconds"), (1.0, "")),
        **dict.fromkeys(("latency_ms", "latencyMs", "duration_ms", "execution_time_ms"), (1000.0, "milliseconds")),
        **dict.fromkeys(("latency", "duration"), (1.0, "seconds")),
    },
}
"""Fact -> the columns it is read from, the plainest name first -> how many make one, and what to say it holds."""
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "input_tokens": ("prompt_tokens", "tokens_in", "inputTokens", "promptTokens"),
    "output_tokens": ("completion_tokens", "tokens_out", "outputTokens", "completionTokens"),
    "cache_read_tokens": ("cache_read_input_tokens", "cached_tokens", "cache_read"),
    "cache_write_tokens": ("cache_creation_input_tokens", "cache_creation_tokens", "cache_write"),
    "reasoning_tokens": ("thinking_tokens",),
}
_INSIDE: Final = "cached_tokens"
"""The name of cached tokens with those who count them among the prompt's."""
_WITHIN: Final[Mapping[str, tuple[str, ...]]] = {"input_tokens": ("input", "prompt"), "output_tokens": ("output",)}
"""Names that say enough within an object of token counts, and too little as a column."""
_USAGE: Final = ("usage", "token_usage")
_MEND: Final[Mapping[str, str]] = {
    "cost_usd": "write USD as a number of 0 or more, for instance 0.0021, or leave it empty",
    "seconds": "write a number of 0 or more, for instance 1.8, or leave it empty",
    "tokens": "write a whole number of 0 or more, or leave it empty",
    "usage": 'write an object, for instance {"input_tokens": 512, "output_tokens": 64}, or leave it empty',
}


class FactColumns:
    """Which columns of one file hold facts, learned as the file is read; what is wrong in them goes to the log."""

    def __init__(self, columns: Columns, log: ProblemLog) -> None:
        """The facts of a file whose columns are learned by `columns`."""
        self._columns = columns
        self._log = log
        self._learned = 0
        self._names: dict[str, list[str]] = {}
        self._taken: dict[str, set[str]] = {}
        """Fact -> the columns that it was read from."""
        self._beside: dict[str, None] = {}
        """Columns that a plainer one stood beside."""
        self._unread: dict[str, None] = {}
        """Members of objects of token counts that are none."""

    def take(self, row: Mapping[str, Json], number: int) -> OutputFacts | None:
        """The facts of a row; None where it has none."""
        if len(self._columns.known) != self._learned:
            self._learn()
        if not self._names:
            return None
        cost, seconds = (self._amount(fact, row, number) for fact in _UNITS)
        usage = self._usage(row, number)
        model, tier, batch = (self._said(fact, row) for fact in served.COLUMNS)
        by = served.served(model, tier, batch, usage)
        found = OutputFacts(
            cost_usd=cost,
            seconds=seconds,
            usage=self._tokens(usage, row, number),
            model=by.model,
            service_tier=by.service_tier,
            geo=by.geo,
        )
        return found if found.json() else None

    def finish(self) -> list[str]:
        """What the user should know; the columns that were read are no longer among those left out."""
        notes: list[str] = []
        for fact, taken in self._taken.items():
            for column in sorted(taken):
                unit = _UNITS.get(fact, {}).get(column, (1.0, ""))[1]
                if column != fact:
                    notes.append(f"{fact} is read from {column!r}{f', in {unit}' if unit else ''}")
        if self._beside:
            notes.append(f"left out, because plainer columns stand beside them: {listed(self._beside)}")
        if self._unread:
            notes.append(f"members of usage that are no count of tokens are left out: {listed(self._unread)}")
        for fact, names in self._names.items():
            for column in self._taken.get(fact, set[str]()) if fact in served.COLUMNS else names:
                self._columns.extra.pop(column, None)
        return notes

    def _learn(self) -> None:
        wanted = {**{fact: tuple(names) for fact, names in _UNITS.items()}, "usage": _USAGE}
        wanted |= {kind: (kind, *others) for kind, others in _KINDS.items()}
        wanted |= served.COLUMNS
        here = {fact: [name for name in names if name in self._columns.extra] for fact, names in wanted.items()}
        self._names = {fact: names for fact, names in here.items() if names}
        self._learned = len(self._columns.known)

    def _cell(self, fact: str, row: Mapping[str, Json]) -> tuple[str, Json]:
        """The column and the value of a fact in a row; the plainest name counts where there are several."""
        filled = [name for name in self._names.get(fact, ()) if not _blank(row.get(name))]
        if not filled:
            return "", None
        self._taken.setdefault(fact, set()).add(filled[0])
        self._beside.update(dict.fromkeys(filled[1:]))
        return filled[0], row[filled[0]]

    def _amount(self, fact: str, row: Mapping[str, Json], number: int) -> float | None:
        column, value = self._cell(fact, row)
        try:
            amount = _amount(value, _MEND[fact])
        except Refused as refused:
            self._log.refuse(number, refused, field=column)
            return None
        return None if amount is None else amount / _UNITS[fact][column][0]

    def _said(self, fact: str, row: Mapping[str, Json]) -> Json:
        """What a cell says of how an output was served; a column that says none of it is left where it is."""
        read = served.flag if fact == served.BATCH else served.name
        column = next((name for name in self._names.get(fact, ()) if read(row.get(name)) is not None), None)
        if column is None:
            return None
        self._taken.setdefault(fact, set()).add(column)
        return row[column]

    def _usage(self, row: Mapping[str, Json], number: int) -> dict[str, Json]:
        """The object of token counts of a row; empty where there is none."""
        column, value = self._cell("usage", row)
        try:
            return _object(value)
        except Refused as refused:
            self._log.refuse(number, refused, field=column)
            return {}

    def _tokens(self, usage: Mapping[str, Json], row: Mapping[str, Json], number: int) -> dict[str, int]:
        """Tokens by kind: those of the object, then those of columns."""
        found: dict[str, int] = {}
        inside = False
        try:
            found.update(self._members(usage))
            inside = _INSIDE in usage or served.cached_within(usage) is not None
        except Refused as refused:
            self._log.refuse(number, refused, field=next(iter(self._names.get("usage", ())), "usage"))
        for kind in _KINDS:
            column, value = self._cell(kind, row)
            try:
                count = _count(value)
            except Refused as refused:
                self._log.refuse(number, refused, field=column)
                continue
            if count is not None:
                found[kind] = count
                inside = column == _INSIDE if kind == "cache_read_tokens" else inside
        return _apart(found) if inside else found

    def _members(self, usage: Mapping[str, Json]) -> Iterator[tuple[str, int]]:
        """The counts of an object of token counts, each by the kind that it is of."""
        nested = {"cache_read_tokens": served.cached_within(usage), "cache_write_1h_tokens": served.hourly(usage)}
        for name, member in [*nested.items(), *usage.items()]:
            kind = _KIND_OF.get(name, name)
            if not kind.endswith("tokens") or isinstance(member, dict):
                if name not in served.MEMBERS | served.NESTED:
                    self._unread[name] = None
                continue
            try:
                count = _count(member)
            except Refused as refused:
                raise Refused(f"{name} {refused.what}", refused.mend) from None
            if count or (count is not None and name not in nested):
                yield kind, count


_KIND_OF: Final = {name: kind for names in (_KINDS, _WITHIN) for kind, others in names.items() for name in others}


def _apart(found: Mapping[str, int]) -> dict[str, int]:
    """Tokens of which the prompt's count those that were cached too, with each counted once."""
    fresh = found.get("input_tokens", 0) - found.get("cache_read_tokens", 0)
    return {**found, "input_tokens": fresh} if "input_tokens" in found and fresh >= 0 else dict(found)


def _blank(value: Json) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _object(value: Json) -> dict[str, Json]:
    """An object of token counts, or the JSON text of one, as a CSV cell holds it.

    Raises:
        Refused: it is something else.
    """
    if _blank(value):
        return {}
    if isinstance(value, str):
        try:
            value = decode(value.encode("utf-8"))
        except Refused as refused:
            raise Refused(refused.what, _MEND["usage"]) from None
    if not isinstance(value, dict):
        raise Refused("is not an object of token counts", _MEND["usage"])
    return value


def _amount(value: Json, mend: str) -> float | None:
    """A number of 0 or more, or the text of one; None where there is none.

    Raises:
        Refused: it is something else.
    """
    if _blank(value):
        return None
    if value is None or isinstance(value, bool | list | dict):
        raise Refused("is not a number", mend)
    try:
        number = float(value)
    except ValueError:
        raise Refused(f"{str(value)[:60]!r} is not a number", mend) from None
    except OverflowError:
        number = math.inf
    if math.isnan(number) or abs(number) > MOST:
        raise Refused(f"{str(value)[:60]} is not an amount", mend)
    if number < 0:
        raise Refused(f"{str(value)[:60]} is negative", mend)
    return number


def _count(value: Json) -> int | None:
    """A whole number of 0 or more; None where there is none.

    Raises:
        Refused: it is something else.
    """
    number = _amount(value, _MEND["tokens"])
    if number is None:
        return None
    if number != int(number):
        raise Refused(f"{value} is not a whole number", _MEND["tokens"])
    return int(number)

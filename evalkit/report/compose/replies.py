"""What the judges replied to one case, and the words of the scores that were read from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

import msgspec

from evalkit.reply import Block, text_of
from evalkit.report.page import CellKey, ReplyText, SampleText, ScoreText
from evalkit.score import Status
from evalkit.store import LineRow, SaidRow

Lines: TypeAlias = Mapping[tuple[str, str], LineRow]
"""Result lines by batch and custom_id."""
_TOKENS: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
)
_STATUSES: Final[Mapping[str, Status]] = {status.value: status for status in Status}


class _Line(msgspec.Struct):
    """A result line whose result stays as it came."""

    result: msgspec.Raw


class _Message(msgspec.Struct):
    """What of a success is read here: the rest is not even decoded."""

    content: list[Block] | None = None


class _Success(msgspec.Struct):
    message: _Message | None = None


class _SuccessLine(msgspec.Struct):
    result: _Success


def addresses(rows: Iterable[SaidRow]) -> set[tuple[str, str]]:
    """Batch and custom_id of every reply that scores were read from."""
    return {(row[9], row[8]) for row in rows if row[8] is not None and row[9] is not None}


def scores_of(rows: Iterable[SaidRow]) -> dict[CellKey, ScoreText]:
    """The words of one case's scores; a case that lacks some judgements shows those that it has."""
    own: dict[CellKey, tuple[str | None, str | None]] = {}
    samples: dict[CellKey, list[SampleText]] = defaultdict(list)
    for run, _, criterion, suffix, status, value, label, reason, *_ in rows:
        if suffix:
            judged = SampleText(status=_STATUSES[status], value=value, label=label, reason=reason)
            samples[CellKey(run, criterion)].append(judged)
        else:
            own[CellKey(run, criterion)] = label, reason
    found: dict[CellKey, ScoreText] = {}
    for key in [*own, *(samples.keys() - own.keys())]:
        label, reason = own.get(key, (None, None))
        found[key] = ScoreText(label=label, reason=reason, samples=tuple(samples.get(key, ())))
    return found


def replies_of(rows: Iterable[SaidRow], lines: Lines) -> dict[str, tuple[ReplyText, ...]]:
    """The replies to one case by run, one per request; scores on several criteria share theirs."""
    found: dict[str, dict[tuple[str | None, str], ReplyText]] = {}
    for row in rows:
        run, custom_id, batch, from_run = row[0], row[8], row[9], row[10]
        if custom_id is None:
            continue
        own = found.setdefault(run, {})
        if (batch, custom_id) not in own:
            line = lines.get((batch, custom_id)) if batch is not None else None
            reply = _reply(custom_id, batch, line)
            own[batch, custom_id] = reply if from_run is None else _taken_over(reply, from_run)
    return {run: tuple(own.values()) for run, own in found.items()}


def _reply(custom_id: str, batch: str | None, line: LineRow | None) -> ReplyText:
    if line is None:
        return ReplyText(custom_id=custom_id, batch=batch)
    _, raw, kind, served_model, stop_reason, *tokens, cost_usd = line
    return ReplyText(
        custom_id=custom_id,
        batch=batch,
        served_model=served_model,
        stop_reason=stop_reason,
        usage=dict(zip(_TOKENS, tokens, strict=True)),
        cost_usd=cost_usd,
        raw=_raw(raw, kind) if raw else None,
    )


def _taken_over(reply: ReplyText, run: str) -> ReplyText:
    """A reply that another run has paid for: it has cost nothing here."""
    return replace(reply, batch=f"{reply.batch or ''} of run {run}, taken over".strip(), cost_usd=None, usage={})


def _raw(line: bytes, kind: str) -> str:
    """The text of the judge's message; of anything but a success, the result as the API gave it."""
    if kind != "succeeded":
        return bytes(_lines.decode(line).result).decode("utf-8")
    message = _successes.decode(line).result.message
    return text_of(message.content) if message else ""


_lines: Final = msgspec.json.Decoder(_Line)
_successes: Final = msgspec.json.Decoder(_SuccessLine)

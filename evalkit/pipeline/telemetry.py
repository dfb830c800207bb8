"""Telemetry: a span for every batch that is sent and for every batch that is collected, where somebody listens.

Spans go out where OpenTelemetry's API is imported already, as it is in every process that has registered a provider;
evalkit never imports it, and without it a span costs a look into a dictionary. A batch that is collected is a span
from its creation to its end with the attributes of the GenAI conventions for Anthropic, as they stand in semantic
conventions 1.44.0: input tokens there are all tokens of the prompt, cached ones among them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import fsum
from typing import Any, Final

from evalkit.run import Batch, Run
from evalkit.store import LedgerEntry
from evalkit.version import __version__

SCHEMA: Final = "https://opentelemetry.io/schemas/1.44.0"
_API: Final = "opentelemetry.trace"


def listens() -> bool:
    """Whether anybody may listen."""
    return _API in sys.modules


def sent(run: Run, batch: str, requests: int, *, simulated: bool, now: datetime) -> None:
    """A batch was created."""
    if listens():
        attributes = {"evalkit.batch": batch, "evalkit.requests": requests, "evalkit.simulated": simulated}
        _span(f"evalkit.submit {run.suite}", {**_of_run(run), **attributes}, start=now, end=now)


def collected(run: Run, batch: Batch, entries: Sequence[LedgerEntry], *, now: datetime) -> None:
    """A batch was collected, once: of several collectors the one that finished it says so."""
    if not listens():
        return
    model = run.judge.model if run.judge else ""
    end = batch.ended_at or now
    _span(f"chat {model}", {**_of_run(run), **_of_batch(batch, entries)}, start=min(batch.created_at, end), end=end)


def _of_run(run: Run) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": run.judge.model if run.judge else "",
        "evalkit.run": run.id,
        "evalkit.suite": run.suite,
        "evalkit.kind": run.kind.value,
        "evalkit.candidate": run.candidate,
        "evalkit.grader": run.grader,
        "evalkit.label": run.label,
    }


def _of_batch(batch: Batch, entries: Sequence[LedgerEntry]) -> dict[str, Any]:
    served = sorted({entry.served_model for entry in entries if entry.served_model})
    read = sum(entry.cache_read_tokens for entry in entries)
    written = sum(entry.cache_write_5m_tokens + entry.cache_write_1h_tokens for entry in entries)
    known = not batch.simulated and not any(entry.unpriced for entry in entries)
    return {
        **({"gen_ai.response.model": served[0]} if len(served) == 1 else {}),
        "gen_ai.usage.input_tokens": sum(entry.input_tokens for entry in entries) + read + written,
        "gen_ai.usage.cache_read.input_tokens": read,
        "gen_ai.usage.cache_creation.input_tokens": written,
        "gen_ai.usage.output_tokens": sum(entry.output_tokens for entry in entries),
        "evalkit.batch": batch.id,
        "evalkit.requests": sum(entry.results for entry in entries),
        "evalkit.unbilled": sum(entry.unbilled for entry in entries),
        "evalkit.served_models": tuple(served),
        "evalkit.realtime": batch.realtime,
        "evalkit.simulated": batch.simulated,
        # An amount that is not known is left out, and never nothing.
        **({"evalkit.cost_usd": fsum(entry.cost_usd for entry in entries)} if known else {}),
    }


def _span(name: str, attributes: Mapping[str, Any], *, start: datetime, end: datetime) -> None:
    trace: Any = sys.modules[_API]
    tracer = trace.get_tracer("evalkit", __version__, schema_url=SCHEMA)
    span = tracer.start_span(name, kind=trace.SpanKind.CLIENT, attributes=attributes, start_time=_nanoseconds(start))
    span.end(end_time=_nanoseconds(end))


def _nanoseconds(time: datetime) -> int:
    return int(time.timestamp() * 1e6) * 1000

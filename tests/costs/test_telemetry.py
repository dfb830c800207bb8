"""Spans, as OpenTelemetry's own SDK takes them down; and nothing of it where nobody listens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

USAGE = {
    "input_tokens": 100,
    "output_tokens": 50,
    "cache_read_input_tokens": 3000,
    "cache_creation_input_tokens": 1000,
    "cache_creation": {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 0},
}


@pytest.fixture(scope="session")
def exporter() -> Any:
    """Spans in memory; a process can register one provider only."""
    pytest.importorskip("opentelemetry.sdk.trace", reason="the SDK of OpenTelemetry is not installed")
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    return kept


def test_a_batch_is_a_span_when_it_is_sent_and_one_with_its_usage_when_it_is_collected(
    exporter: Any, ledger: Callable[..., Any]
) -> None:
    made = ledger(3)
    made.paid.says = lambda *_: {"usage": USAGE}
    exporter.clear()

    run = made.run(label="monday")
    made.collect()

    submitted, chat = exporter.get_finished_spans()
    assert submitted.name == "evalkit.submit sums"
    assert submitted.attributes["evalkit.requests"] == 3
    assert (chat.name, chat.kind.name) == ("chat claude-haiku-5-5", "CLIENT")
    assert chat.instrumentation_scope.schema_url == "https://opentelemetry.io/schemas/1.44.0"
    assert dict(chat.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-haiku-5-5",
        "gen_ai.response.model": "claude-haiku-5-5",
        "gen_ai.usage.input_tokens": 3 * 4100,
        "gen_ai.usage.cache_read.input_tokens": 3 * 3000,
        "gen_ai.usage.cache_creation.input_tokens": 3 * 1000,
        "gen_ai.usage.output_tokens": 3 * 50,
        "evalkit.run": run,
        "evalkit.suite": "sums",
        "evalkit.kind": "grading",
        "evalkit.candidate": "recorded",
        "evalkit.grader": "correctness",
        "evalkit.label": "monday",
        "evalkit.batch": submitted.attributes["evalkit.batch"],
        "evalkit.requests": 3,
        "evalkit.unbilled": 0,
        "evalkit.served_models": ("claude-haiku-5-5",),
        "evalkit.realtime": False,
        "evalkit.simulated": False,
        "evalkit.cost_usd": pytest.approx(3 * (10 + 30 + 125 + 25) / 2e6),
    }
    assert chat.start_time <= chat.end_time
    assert abs(chat.start_time / 1e9 - datetime.now(UTC).timestamp()) < 600


def test_an_amount_that_is_not_known_is_in_no_span(exporter: Any, ledger: Callable[..., Any]) -> None:
    made = ledger(2)
    made.paid.says = lambda *_: {"usage": USAGE, "model": "claude-unheard-of"}
    exporter.clear()

    made.run()

    attributes = exporter.get_finished_spans()[-1].attributes
    assert attributes["gen_ai.response.model"] == "claude-unheard-of"
    assert "evalkit.cost_usd" not in attributes


def test_nothing_of_opentelemetry_is_imported_for_the_sake_of_a_span() -> None:
    code = (
        "import sys, evalkit.pipeline.collect, evalkit.pipeline.sender\n"
        "from evalkit.pipeline import telemetry\n"
        "print(telemetry.listens(), *sorted(name for name in sys.modules if name.startswith('opentelemetry')))"
    )

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"

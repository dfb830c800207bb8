"""promptfoo results in evalkit's words: tests are cases, providers candidates, the row's verdict and metrics graders.

The shape is that of `promptfoo eval --output results.json`, versions 2 and 3 of its summary.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from evalkit import ids
from evalkit.dataset import Case, OutputFacts
from evalkit.errors import UsageError
from evalkit.pipeline.scored_elsewhere.foreign import Epochs, Foreign, Scorer, Subject
from evalkit.pipeline.scored_elsewhere.observed import Observed, observed
from evalkit.pipeline.scored_elsewhere.tidy import given, read_json, reference, rows, table, text, tidy
from evalkit.score import Status

_ERROR: Final = 2
"""The `failureReason` of a row that no assertion judged."""
_TOKENS: Final = {"prompt": "input_tokens", "completion": "output_tokens", "cached": "cache_read_tokens"}


@dataclass(frozen=True, slots=True)
class _Column:
    """A provider with a prompt: what answered the tests."""

    name: str
    rows: list[tuple[Case, dict[str, Any]]]


def read_promptfoo(path: Path) -> tuple[list[Foreign], list[str]]:
    """What results hold, and what a person should know of them.

    Raises:
        UsageError: they cannot be read, or hold no rows.
    """
    whole = read_json(path.read_bytes(), dict[str, Any], path)
    summary = table(whole.get("results")) or whole
    found = [table(row) for row in rows(summary.get("results"))]
    if not found:
        raise UsageError(f"{path} holds no results; there is nothing to import")
    metrics = sorted({text(name) for row in found for name in table(row.get("namedScores"))})
    scored_by = {
        "tool": "promptfoo",
        "promptfoo": text(table(whole.get("metadata")).get("promptfooVersion") or "unknown"),
    }
    described = table(whole.get("config")).get("description")
    own = table(table(table(table(whole.get("config")).get("metadata")).get("evalkit")).get("runs"))
    if any(table(run).get("simulated") for run in own.values()):
        scored_by["simulated"] = "yes"
    taken = [
        Foreign(
            path=path,
            suite=text(described or path.stem),
            dataset_name=path.name,
            candidate=column.name,
            source=f"promptfoo results {path.name}",
            label=text(whole.get("evalId") or whole.get("id") or path.stem),
            created_at=_time(whole, summary, path),
            subjects=tuple(_subjects(column)),
            scorers=tuple(_scorers(column, metrics, scored_by)),
        )
        for column in _columns(found)
    ]
    return taken, []


def _columns(found: Sequence[dict[str, Any]]) -> list[_Column]:
    """The rows of each provider and prompt."""
    prompts = Counter(_provider(row) for row in {_place(row): row for row in found}.values())
    columns: dict[tuple[str, str], _Column] = {}
    for row in found:
        provider, prompt = _provider(row), text(table(row.get("prompt")).get("label") or "")
        name = f"{provider}: {prompt[:60]}" if prompts[provider] > 1 and prompt != provider else provider
        columns.setdefault(_place(row), _Column(name, [])).rows.append((_case(row), row))
    return list(columns.values())


def _place(row: dict[str, Any]) -> tuple[str, str]:
    """What tells a column from another."""
    prompt = table(row.get("prompt"))
    return _provider(row), str(row.get("promptIdx", row.get("promptId") or prompt.get("label") or prompt.get("raw")))


def _provider(row: dict[str, Any]) -> str:
    provider = row.get("provider")
    if isinstance(provider, str):
        return text(provider)
    return text(table(provider).get("label") or table(provider).get("id") or "unknown provider")


def _case(row: dict[str, Any]) -> Case:
    """The test of a row: named by its id, or by what it is made of, so that two evaluations of it are of one case."""
    test, variables = table(row.get("testCase")), table(tidy(row.get("vars")))
    about = table(tidy(test.get("metadata")))
    tags, cluster, case_id = about.pop("tags", None), about.pop("cluster", None), about.pop("id", None)
    told = f"{text(test.get('description') or 'test')[:40]}-{ids.digest({'vars': dict(variables)})[:12]}"
    expected = variables.pop("expected", None)
    asked: object = variables or "(no variables)"
    if len(variables) == 1:
        (asked,) = variables.values()
    elif "input" in variables:
        asked = variables.pop("input")
        about["vars"] = variables
    return Case(
        id=told if case_id is None else text(case_id),
        input=given(asked),
        expected=reference(expected),
        metadata=about,
        tags=tuple(text(tag) for tag in rows(tags)),
        cluster=None if cluster is None else text(cluster),
    )


def _subjects(column: _Column) -> Iterator[Subject]:
    """Each case once, with the output of its first row."""
    seen: set[str] = set()
    for case, row in column.rows:
        if case.id not in seen:
            seen.add(case.id)
            yield Subject(case=case, output=_output(row), facts=_facts(row))


def _output(row: dict[str, Any]) -> str | None:
    response = row.get("response")
    said = response if isinstance(response, str) else table(response).get("output")
    return None if said is None else text(said)


def _facts(row: dict[str, Any]) -> OutputFacts | None:
    tokens = table(table(row.get("response")).get("tokenUsage"))
    cost, milliseconds = row.get("cost"), row.get("latencyMs")
    try:
        facts = OutputFacts(
            cost_usd=float(cost) if isinstance(cost, int | float) and cost else None,
            seconds=milliseconds / 1000 if isinstance(milliseconds, int | float) and milliseconds else None,
            usage={_TOKENS[name]: n for name, n in tokens.items() if name in _TOKENS and isinstance(n, int) and n},
        )
    except ValueError:
        return None
    return facts if facts.json() else None


def _scorers(column: _Column, metrics: Sequence[str], scored_by: Mapping[str, str]) -> Iterator[Scorer]:
    """The verdict of the row with its score, and every metric that has a name."""
    whole = {"pass": _by_case(column, _passed), "score": _by_case(column, _score)}
    yield Scorer(name="promptfoo", scored_by={**scored_by, "scorer": "all assertions"}, said=whole)
    for metric in metrics:
        cells = _by_case(column, partial(_named, metric))
        yield Scorer(name=metric, scored_by={**scored_by, "scorer": f"metric {metric}"}, said={metric: cells})


def _by_case(column: _Column, say: Callable[[dict[str, Any]], Observed]) -> dict[str, Epochs]:
    """What rows say of each case; a test that was repeated has several."""
    found: dict[str, list[Observed]] = {}
    for case, row in column.rows:
        found.setdefault(case.id, []).append(say(row))
    return {case_id: Epochs(each=tuple(each)) for case_id, each in found.items()}


def _passed(row: dict[str, Any]) -> Observed:
    return _failed(row) or observed(bool(row.get("success")), _reason(row))


def _score(row: dict[str, Any]) -> Observed:
    return _failed(row) or observed(row.get("score"), _reason(row))


def _named(metric: str, row: dict[str, Any]) -> Observed:
    scores = table(row.get("namedScores"))
    if metric in scores:
        return observed(scores[metric], _component(row, metric) or _reason(row))
    return _failed(row) or Observed(status=Status.MISSING, reason="this test has no assertion of the metric")


def _component(row: dict[str, Any], metric: str) -> str | None:
    """What the assertion of a metric said."""
    parts = (table(part) for part in rows(table(row.get("gradingResult")).get("componentResults")))
    said = [
        text(part["reason"])
        for part in parts
        if table(part.get("assertion")).get("metric") == metric and part.get("reason")
    ]
    return "; ".join(said) or None


def _failed(row: dict[str, Any]) -> Observed | None:
    """A row that no assertion judged; promptfoo writes a score of 0 there, which is none."""
    reason = row.get("failureReason")
    unjudged = reason == _ERROR if reason is not None else bool(row.get("error")) and not row.get("gradingResult")
    return (
        Observed(status=Status.ERRORED, reason=text(row.get("error") or "the test ended in an error"))
        if unjudged
        else None
    )


def _reason(row: dict[str, Any]) -> str | None:
    reason = table(row.get("gradingResult")).get("reason")
    return text(reason) if reason else None


def _time(whole: dict[str, Any], summary: dict[str, Any], path: Path) -> datetime:
    said = table(whole.get("metadata")).get("evaluationCreatedAt") or summary.get("timestamp") or whole.get("createdAt")
    try:
        time = datetime.fromisoformat(str(said))
    except ValueError as error:
        raise UsageError(f"{path}: results.timestamp is {json.dumps(tidy(said))}, which is no time") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)

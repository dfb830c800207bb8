"""promptfoo results: the JSON that `promptfoo eval --output results.json` writes and `promptfoo import` reads.

The shape is version 3 of its summary (`EvaluateSummaryV3` and `ImportFileV3Schema` in promptfoo 0.118): a provider for
every candidate, a row for every case of each, and a component of the row's grade for every criterion.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from evalkit.pipeline.outward.groups import Group, Measure, Told, tell
from evalkit.pipeline.outward.losses import Losses
from evalkit.pipeline.outward.texts import as_text
from evalkit.store import PlacedScore, Store
from evalkit.version import __version__

_NONE, _ASSERT, _ERROR = 0, 1, 2
_CHECKS: Final = {"exact": "equals", "includes": "contains", "regex": "regex"}
_PASS: Final = "pass: only the best label of a criterion passes, and values between are kept as scores"  # noqa: S105
_INTERVAL: Final = "interval of a mean: promptfoo has a mean and none"
_ZERO: Final = "unscored case: its row is an error with the reason; promptfoo wants a number there, and it says 0"


@dataclass(slots=True)
class _Sums:
    """What promptfoo adds up for a provider, or for all."""

    passed: int = 0
    failed: int = 0
    errors: int = 0
    score: float = 0.0
    assert_passed: int = 0
    assert_failed: int = 0
    latency_ms: float = 0.0
    cost: float = 0.0
    named: dict[str, float] = field(default_factory=dict[str, float])
    counts: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, row: dict[str, Any]) -> None:
        """Count a row."""
        self.passed += row["failureReason"] == _NONE
        self.failed += row["failureReason"] == _ASSERT
        self.errors += row["failureReason"] == _ERROR
        self.score += row["score"]
        self.latency_ms += row.get("latencyMs", 0.0)
        self.cost += row.get("cost", 0.0)
        for name, value in row["namedScores"].items():
            self.named[name] = self.named.get(name, 0.0) + value
            self.counts[name] = self.counts.get(name, 0) + 1
        grade: dict[str, Any] = row["gradingResult"] or {"componentResults": []}
        passed = [bool(part["pass"]) for part in grade["componentResults"]]
        self.assert_passed += sum(passed)
        self.assert_failed += len(passed) - sum(passed)

    def json(self) -> dict[str, Any]:
        """As the metrics of a prompt."""
        return {
            "score": self.score,
            "testPassCount": self.passed,
            "testFailCount": self.failed,
            "testErrorCount": self.errors,
            "assertPassCount": self.assert_passed,
            "assertFailCount": self.assert_failed,
            "totalLatencyMs": self.latency_ms,
            "tokenUsage": _tokens({}),
            "namedScores": self.named,
            "namedScoresCount": self.counts,
            "cost": self.cost,
        }


def write(store: Store, found: Sequence[Group], file: TextIO, losses: Losses) -> int:
    """Write all groups as one evaluation, a row at a time; returns the number of scores."""
    first = min((group.first for group in found), key=lambda run: run.created_at)
    evaluation = f"eval-{first.id}-{_time(first.created_at)[:19]}"
    file.write(f'{{"evalId": {json.dumps(evaluation)}, "results": {{"version": 3, ')
    file.write(f'"timestamp": {json.dumps(_time(first.created_at))}, "results": [')
    sums = [_Sums() for _ in found]
    starts = _starts(found)
    n = written = 0
    for column, group in enumerate(found):
        losses.add(_INTERVAL, sum(one.view.estimate.low is not None for one in group.measures))
        losses.add("run with single judgements behind its scores: only the scores are written", group.sampled)
        for place, told in enumerate(tell(store, group)):
            row, scored = _row(group, told, column=column, test=starts[group.first.dataset] + place, losses=losses)
            sums[column].add(row)
            file.write(",\n" if written else "\n")
            file.write(json.dumps(row, ensure_ascii=False))
            written, n = written + 1, n + scored
    tail = {
        "prompts": [_prompt(group, one) for group, one in zip(found, sums, strict=True)],
        "stats": {
            "successes": sum(one.passed for one in sums),
            "failures": sum(one.failed for one in sums),
            "errors": sum(one.errors for one in sums),
            "tokenUsage": _tokens({}),
        },
    }
    file.write(f"\n], {json.dumps(tail, ensure_ascii=False)[1:-1]}}}, ")
    file.write(f"{json.dumps(_about(found, first.created_at), ensure_ascii=False)[1:]}\n")
    return n


def _starts(found: Sequence[Group]) -> dict[str, int]:
    """The number of the first test of each dataset: the cases of one are the same tests for every candidate."""
    starts: dict[str, int] = {}
    total = 0
    for group in found:
        if group.first.dataset not in starts:
            starts[group.first.dataset] = total
            total += group.first.cases
    return starts


def _about(found: Sequence[Group], created: datetime) -> dict[str, Any]:
    described = ", ".join(dict.fromkeys(f"{group.first.suite} on {group.first.dataset_name}" for group in found))
    runs = {
        one.run.id: {"grader": one.run.grader, "label": one.run.label, "simulated": one.view.simulated}
        for group in found
        for one in group.measures
    }
    return {
        "config": {"description": described, "metadata": {"evalkit": {"version": __version__, "runs": runs}}},
        "shareableUrl": None,
        "metadata": {"evaluationCreatedAt": _time(created), "exportedAt": _time(datetime.now(UTC))},
    }


def _prompt(group: Group, sums: _Sums) -> dict[str, Any]:
    name = _provider(group)["label"]
    return {
        "id": _prompt_id(group),
        "raw": "{{input}}",
        "label": name,
        "provider": name,
        "metrics": sums.json(),
    }


def _provider(group: Group) -> dict[str, str]:
    run = group.first
    return {"id": run.candidate, "label": f"{run.candidate} ({run.label})" if run.label else run.candidate}


def _prompt_id(group: Group) -> str:
    return hashlib.sha256(f"{group.first.candidate_digest}{group.first.label}".encode()).hexdigest()


def _row(group: Group, told: Told, *, column: int, test: int, losses: Losses) -> tuple[dict[str, Any], int]:
    """The row of a case, and how many scores it holds."""
    found = [(one, score) for one in group.measures if (score := told.score(one)) is not None]
    parts = [_part(one, score) for one, score in found if score.score.verdict.value is not None]
    errors = [_error(one, score) for one, score in found if score.score.verdict.value is None]
    pending = [f"{one.key}: pending" for one in group.measures if told.score(one) is None]
    losses.add(_ZERO, len(errors))
    losses.add("case that is pending: its row is an error", len(pending))
    losses.add(_PASS, sum(0 < part["score"] < 1 for part in parts))
    wrong = [*errors, *pending]
    passed = bool(parts) and all(part["pass"] for part in parts) and not wrong
    mean = sum(part["score"] for part in parts) / len(parts) if parts else 0.0
    case = told.case
    variables = {"input": case.input, **({} if case.expected is None else {"expected": case.expected})}
    about = {"id": case.id, **case.metadata, **({"tags": list(case.tags)} if case.tags else {})}
    if case.cluster is not None:
        about["cluster"] = case.cluster
    grade = {"pass": passed, "score": mean, "reason": _why(parts, wrong), "componentResults": parts}
    row: dict[str, Any] = {
        "id": f"{_prompt_id(group)[:12]}-{test}",
        "promptIdx": column,
        "testIdx": test,
        "promptId": _prompt_id(group),
        "provider": _provider(group),
        "prompt": {"raw": as_text(case.input), "label": _provider(group)["label"]},
        "vars": variables,
        "testCase": {"description": case.id, "vars": variables, "metadata": about},
        "success": passed,
        "failureReason": _ERROR if wrong else _NONE if passed else _ASSERT,
        "score": mean,
        "namedScores": {
            one.key: score.score.verdict.value for one, score in found if score.score.verdict.value is not None
        },
        "gradingResult": {**grade, "namedScores": {}} if parts else None,
        "metadata": about,
    }
    if wrong:
        row["error"] = "; ".join(wrong)
    row |= _answer(told)
    return row, len(found)


def _answer(told: Told) -> dict[str, Any]:
    """The output, with what is known of how it came about."""
    facts = told.facts
    answer: dict[str, Any] = {} if told.output is None else {"output": told.output}
    row: dict[str, Any] = {"response": answer}
    if facts is not None:
        if facts.usage:
            answer["tokenUsage"] = _tokens(facts.usage)
        if facts.cost_usd is not None:
            answer["cost"] = row["cost"] = facts.cost_usd
        if facts.seconds is not None:
            row["latencyMs"] = facts.seconds * 1000
    return row


def _tokens(usage: Any) -> dict[str, int]:
    prompt, completion = usage.get("input_tokens", 0), usage.get("output_tokens", 0)
    cached = usage.get("cache_read_tokens", 0)
    return {"total": prompt + completion, "prompt": prompt, "completion": completion, "cached": cached}


def _part(measure: Measure, placed: PlacedScore) -> dict[str, Any]:
    """One criterion, with its value on a scale from 0 to 1."""
    verdict, run = placed.score.verdict, measure.run
    assert verdict.value is not None  # noqa: S101 # only scored ones come here
    span = measure.high - measure.low
    kind = "llm-rubric" if run.judge else _CHECKS.get(measure.check, "javascript")
    return {
        "pass": verdict.value >= measure.high,
        "score": (verdict.value - measure.low) / span if span else 1.0,
        "reason": verdict.reason or verdict.label or "",
        "assertion": {"type": kind, "metric": measure.key, "value": run.grader},
        "metadata": {
            "evalkit": {
                "run": run.id,
                "label": verdict.label,
                "value": verdict.value,
                "custom_id": placed.score.custom_id,
            }
        },
    }


def _error(measure: Measure, placed: PlacedScore) -> str:
    verdict = placed.score.verdict
    return f"{measure.key}: {verdict.status.value}{f' ({verdict.reason})' if verdict.reason else ''}"


def _why(parts: Sequence[dict[str, Any]], wrong: Sequence[str]) -> str:
    if wrong:
        return "; ".join(wrong)
    failed = next((part["reason"] for part in parts if not part["pass"]), None)
    return "All assertions passed" if failed is None else failed


def _time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

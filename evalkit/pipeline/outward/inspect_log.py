"""An Inspect log: the JSON form of its log format, version 2, one log for a candidate on a dataset.

Field names are those of `EvalLog` in inspect_ai 0.3.285. A case without a value has a score of NaN, which is how
Inspect itself marks what was not scored: its metrics and reducers pass it over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from evalkit.pipeline.outward.groups import Group, Measure, Told, tell
from evalkit.pipeline.outward.losses import Losses
from evalkit.pipeline.outward.texts import input_text, messages_of, targets
from evalkit.score import Status
from evalkit.store import PlacedScore, Store
from evalkit.version import __version__

KEY: Final = "evalkit"
"""Under which an Inspect log keeps what only evalkit knows, for whoever reads it back."""

_REASONS: Final[Mapping[Status, str]] = {
    Status.UNPARSABLE: "grader_failed",
    Status.TRUNCATED: "grader_failed",
    Status.REFUSED: "grader_failed",
    Status.MISSING: "no_response",
}
_USAGE: Final = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "input_tokens_cache_read",
    "cache_write_tokens": "input_tokens_cache_write",
    "reasoning_tokens": "reasoning_tokens",
}


def write(store: Store, group: Group, file: TextIO, losses: Losses) -> int:
    """Write one log, a sample at a time; returns the number of scores."""
    losses.add("run with single judgements behind its scores: only the scores are written", group.sampled)
    head = json.dumps(_head(store, group), ensure_ascii=False)
    file.write(f'{head[:-1]}, "samples": [')
    n = 0
    for place, told in enumerate(tell(store, group)):
        file.write(",\n" if place else "\n")
        sample = _sample(group, told, losses)
        n += len(sample["scores"])
        file.write(json.dumps(sample, ensure_ascii=False))
    file.write("\n]}\n")
    return n


def file_name(group: Group) -> str:
    """The name that Inspect would give it: the time, the task and an id."""
    time = _time(group.first.created_at).replace(":", "-").replace("+", "-")
    task = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in group.first.suite)
    return f"{time}_{task}_{group.first.id}.json"


def _head(store: Store, group: Group) -> dict[str, Any]:
    began = min(run.created_at for run in group.runs)
    whole = not any(measure.view.pending for measure in group.measures)
    return {
        "version": 2,
        "status": "success" if whole else "started",
        "eval": _eval(store, group),
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": {
            "total_samples": group.first.cases,
            "completed_samples": group.first.cases,
            "scores": [_result(measure) for measure in group.measures],
        },
        "stats": {"started_at": _time(began), "completed_at": _time(max(run.as_of for run in group.runs))},
    }


def _eval(store: Store, group: Group) -> dict[str, Any]:
    run = group.first
    judges = dict.fromkeys(one.judge.model for one in group.runs if one.judge)
    roles = {"model_roles": {"grader": {"model": next(iter(judges))}}} if len(judges) == 1 else {}
    return {
        "eval_id": run.id,
        "run_id": run.label or run.id,
        "created": _time(run.created_at),
        "task": run.suite,
        "task_id": run.id,
        "task_version": 0,
        "dataset": {
            "name": run.dataset_name,
            "samples": run.cases,
            "sample_ids": store.content.ids(run.dataset),
            "shuffled": False,
        },
        "model": run.candidate,
        **roles,
        "config": {},
        "packages": {KEY: __version__},
        "scorers": [
            {"name": one.key, "options": {}, "metrics": [{"name": "mean", "options": {}}]} for one in group.measures
        ],
        "metadata": {
            KEY: {"dataset_digest": run.dataset, "measures": {one.key: _whole(one) for one in group.measures}}
        },
    }


def _whole(measure: Measure) -> dict[str, Any]:
    """What tells a measure from another, and what its values mean."""
    run = measure.run
    judge: dict[str, Any] = {"judge": run.judge.parts} if run.judge else {}
    if measure.view.scored_by:
        judge = {"scored_by": measure.view.scored_by}
    return {
        "run": run.id,
        "grader": run.grader,
        "grader_digest": run.grader_digest,
        "criterion": measure.criterion,
        "labels": [list(label) for label in measure.labels],
        "graded": measure.graded,
        "simulated": measure.view.simulated,
        "label": run.label,
        **judge,
    }


def _result(measure: Measure) -> dict[str, Any]:
    """The mean of a measure, with its interval beside it: Inspect has no field for one."""
    found = measure.view.estimate
    interval = {"low": found.low, "high": found.high, "confidence": found.confidence, "method": found.method}
    mean = {"name": "mean", "value": found.mean, "params": {}, "metadata": {KEY: interval}}
    return {
        "name": measure.key,
        "scorer": measure.key,
        "scored_samples": measure.view.scored,
        "unscored_samples": sum(measure.view.unscored.values()),
        "params": {},
        "metrics": {} if found.mean is None else {"mean": mean},
        "metadata": {KEY: {"unscored": dict(measure.view.unscored), "pending": measure.view.pending}},
    }


def _sample(group: Group, told: Told, losses: Losses) -> dict[str, Any]:
    case, model = told.case, group.first.candidate
    messages = messages_of(case)
    given = input_text(case, losses) if messages is None else messages
    asked = [{"role": "user", "content": given}] if isinstance(given, str) else given
    answer = [] if told.output is None else [{"role": "assistant", "content": told.output, "model": model}]
    accepted = targets(case, losses)
    scores = {measure.key: _score(score) for measure in group.measures if (score := told.score(measure)) is not None}
    losses.add("case that is pending: it has no score yet", len(group.measures) - len(scores))
    own = {"tags": list(case.tags), "cluster": case.cluster}
    kept = {name: value for name, value in own.items() if value}
    return {
        "id": case.id,
        "epoch": 1,
        "input": given,
        "target": accepted[0] if len(accepted) == 1 else accepted or "",
        "messages": [*asked, *answer],
        "output": _output(told, model, answer),
        "scores": scores,
        "metadata": {**case.metadata, **({KEY: kept} if kept else {})},
    }


def _output(told: Told, model: str, answer: list[dict[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "model": model,
        "choices": [{"message": message, "stop_reason": "unknown"} for message in answer],
        "completion": told.output or "",
    }
    if (facts := told.facts) is not None:
        usage = {_USAGE[name]: n for name, n in facts.usage.items() if name in _USAGE}
        tokens = sum(n for name, n in usage.items() if name != "reasoning_tokens")
        cost = {} if facts.cost_usd is None else {"total_cost": facts.cost_usd}
        if usage or cost:
            found["usage"] = {**usage, "total_tokens": tokens, **cost}
        if facts.seconds is not None:
            found["time"] = facts.seconds
    return found


def _score(placed: PlacedScore) -> dict[str, Any]:
    verdict = placed.score.verdict
    said = {
        "status": verdict.status.value,
        "label": verdict.label,
        "custom_id": placed.score.custom_id,
        "served_model": placed.score.served_model,
        "usage": placed.usage,
        "cost_usd": placed.cost_usd,
    }
    score: dict[str, Any] = {
        "value": float("nan") if verdict.value is None else verdict.value,
        "explanation": verdict.reason,
        "metadata": {KEY: {name: value for name, value in said.items() if value is not None}},
    }
    if verdict.label is not None:
        score["answer"] = verdict.label
    if verdict.value is None:
        score["reason"] = _REASONS.get(verdict.status, "scoring_failed")
    return score


def _time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds")

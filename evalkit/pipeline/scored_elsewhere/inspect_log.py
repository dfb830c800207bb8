"""An Inspect log in evalkit's words: samples are cases, epochs judgements, scorers graders, the model the candidate."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from evalkit.dataset import Case, OutputFacts
from evalkit.dataset.case import Json
from evalkit.errors import UsageError
from evalkit.pipeline.scored_elsewhere.foreign import Epochs, Foreign, Scorer, Subject
from evalkit.pipeline.scored_elsewhere.inspect_file import Log, Sample
from evalkit.pipeline.scored_elsewhere.observed import Observed, members, observed
from evalkit.pipeline.scored_elsewhere.tidy import reference, rows, table, text, tidy
from evalkit.score import Status

_OWN: Final = "evalkit"
_ATTACHMENT: Final = "attachment://"
_USAGE: Final = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "input_tokens_cache_read": "cache_read_tokens",
    "input_tokens_cache_write": "cache_write_tokens",
    "reasoning_tokens": "reasoning_tokens",
}
_REASONS: Final[Mapping[str, Status]] = {
    "refusal": Status.REFUSED,
    "no_response": Status.MISSING,
    "scoring_failed": Status.ERRORED,
}
_STATUSES: Final = {status.value: status for status in Status}


_Reduced: TypeAlias = dict[str | None, dict[str, dict[str, Observed]]]
"""Reducer -> case id -> part -> value; a log of one epoch has no reducer."""


@dataclass(slots=True)
class _Heard:
    """What was said of each case, as it is read."""

    subjects: dict[str, Subject] = field(default_factory=dict[str, Subject])
    said: dict[str, dict[tuple[str, int], dict[str, Observed]]] = field(
        default_factory=dict[str, dict[tuple[str, int], dict[str, Observed]]]
    )
    """Scorer -> (case id, epoch) -> part -> what was said; the part is empty for a scalar."""
    epochs: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    errors: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])


def read_inspect(path: Path) -> tuple[list[Foreign], list[str]]:
    """What a log holds, and what a person should know of it.

    Raises:
        UsageError: it is no log that can be read, or holds no samples or no scores.
    """
    log = Log(path)
    heard = _Heard()
    for sample in log.samples():
        _hear(heard, sample, log)
    about = log.head.eval
    if not heard.subjects:
        raise UsageError(f"{path} holds no samples (its status is {log.head.status!r}); there is nothing to import")
    if not heard.said:
        raise UsageError(f"{path} holds no scores; score it first: inspect score {path}")
    task = text(about.get("task_display_name") or about.get("task") or path.stem).rpartition("/")[2]
    found = Foreign(
        path=path,
        suite=task,
        dataset_name=text(table(about.get("dataset")).get("name") or task),
        candidate=text(about.get("model") or "unknown model"),
        source=f"Inspect log {path.name}, eval {text(about.get('eval_id') or about.get('task_id') or 'unknown')}",
        label=text(about.get("run_id") or about.get("eval_id") or path.stem),
        created_at=_time(about.get("created"), path),
        subjects=tuple(_ordered(heard.subjects, table(about.get("dataset")))),
        scorers=tuple(_scorers(heard, log)),
    )
    return [found], list(_notes(log, heard, found))


def _hear(heard: _Heard, sample: Sample, log: Log) -> None:
    """Take in one sample: its case with the output of its first epoch, and what every scorer said."""
    case_id, key = str(sample.id), (str(sample.id), sample.epoch)
    if key in heard.epochs:
        raise UsageError(f"{log.path} holds sample {case_id!r} twice in epoch {sample.epoch}")
    heard.epochs.add(key)
    if case_id not in heard.subjects or sample.epoch == 1:
        heard.subjects[case_id] = _subject(sample, str(log.head.eval.get("model") or ""))
    if sample.invalidation is not None:
        heard.errors[key] = "the sample was declared invalid"
        return
    if sample.error is not None:
        heard.errors[key] = text(table(sample.error).get("message") or "the sample ended in an error")
    scores = sample.scores if sample.scores is not None else {"scorer": sample.score} if sample.score else {}
    for name, score in scores.items():
        heard.said.setdefault(text(name), {})[key] = _parts(table(score))


def _parts(score: dict[str, Any]) -> dict[str, Observed]:
    """What a score says, part by part; a scalar is one part without a name."""
    reason = text(score["explanation"]) if score.get("explanation") else None
    parts = members(score.get("value"))
    if parts is not None:
        return {text(name): observed(value, reason) for name, value in parts.items()}
    own = table(table(score.get("metadata")).get(_OWN))
    one = observed(score.get("value"), reason)
    if one.value is None and own.get("status") in _STATUSES:
        return {"": Observed(status=_STATUSES[own["status"]], label=own.get("label"), reason=reason)}
    if one.value is None:
        status = _REASONS.get(str(score.get("reason")), one.status)
        told = ": ".join(text(word) for word in (score.get("reason"), score.get("explanation")) if word)
        return {"": Observed(status=status, reason=told or one.reason)}
    label = own.get("label", one.label)
    return {"": Observed(value=one.value, label=None if label is None else text(label), reason=one.reason)}


def _subject(sample: Sample, model: str) -> Subject:
    metadata = table(tidy(sample.metadata))
    own = table(metadata.pop(_OWN, None))
    if sample.choices:
        metadata.setdefault("choices", tidy(sample.choices))
    case = Case(
        id=str(sample.id),
        input=_input(sample),
        expected=reference(sample.target),
        metadata=metadata,
        tags=tuple(str(tag) for tag in rows(own.get("tags"))),
        cluster=str(own["cluster"]) if own.get("cluster") else None,
    )
    return Subject(case=case, output=_output(sample), facts=_facts(sample, model))


def _input(sample: Sample) -> str | list[Json]:
    """A text, or messages with nothing in them that another log of the same samples would have differently."""
    if isinstance(sample.input, str):
        return text(_attached(sample.input, sample))
    return [_message(table(message), sample) for message in rows(sample.input)]


def _message(message: dict[str, Any], sample: Sample) -> Json:
    content = message.get("content")
    if isinstance(content, str):
        content = _attached(content, sample)
    parts = [{name: item for name, item in table(part).items() if name != "internal"} for part in rows(content)]
    return tidy({"role": message.get("role") or "user", "content": parts or content or ""})


def _output(sample: Sample) -> str | None:
    """The completion; none where the model was never heard."""
    completion = sample.output.get("completion")
    choices = rows(sample.output.get("choices"))
    if not completion and choices:
        content = table(table(choices[0]).get("message")).get("content")
        parts = (table(part).get("text") for part in rows(content) if table(part).get("type") == "text")
        completion = content if isinstance(content, str) else "\n".join(str(part) for part in parts)
    if not completion and not choices:
        return None
    return text(_attached(completion or "", sample))


def _attached(said: str, sample: Sample) -> str:
    """A text that stands among the sample's attachments."""
    if not said.startswith(_ATTACHMENT):
        return said
    found = sample.attachments.get(said.removeprefix(_ATTACHMENT))
    return found if isinstance(found, str) and not found.startswith("data:") else said


def _facts(sample: Sample, model: str) -> OutputFacts | None:
    """What is known of the model's own calls."""
    usage = table(sample.model_usage.get(model)) or table(sample.output.get("usage"))
    counts = {_USAGE[name]: n for name, n in usage.items() if name in _USAGE and isinstance(n, int)}
    cost = usage.get("total_cost")
    seconds = next((time for time in (sample.working_time, sample.total_time, sample.output.get("time")) if time), None)
    try:
        facts = OutputFacts(
            cost_usd=float(cost) if isinstance(cost, int | float) else None,
            seconds=float(seconds) if isinstance(seconds, int | float) else None,
            usage=counts,
        )
    except ValueError:
        return None  # amounts that cannot be are none that are known
    return facts if facts.json() else None


def _ordered(subjects: Mapping[str, Subject], dataset: Mapping[str, Any]) -> Iterator[Subject]:
    """In the order of the dataset, where the log tells it."""
    told = [str(case_id) for case_id in rows(dataset.get("sample_ids"))]
    for case_id in dict.fromkeys([*(case_id for case_id in told if case_id in subjects), *subjects]):
        yield subjects[case_id]


def _scorers(heard: _Heard, log: Log) -> Iterator[Scorer]:
    """Every scorer, once for each way in which its epochs were reduced."""
    for name, said in heard.said.items():
        reducers: _Reduced = {None: {}}
        if any(epoch > 1 for _, epoch in heard.epochs):
            reducers = _reducers(log, name)
        parts = sorted({part for cell in said.values() for part in cell})
        named = [part for part in parts if part] or [""]
        for reducer, reduced in reducers.items():
            criteria = {part or name: dict(_cases(heard, said, part, reduced)) for part in named}
            known = table(table(table(log.head.eval.get("metadata")).get(_OWN)).get("measures")).get(name)
            yield Scorer(
                name=name if len(reducers) == 1 else f"{name} ({reducer or 'mean'})",
                scored_by={**_scored_by(log, name), **({} if reducer is None else {"epochs": reducer})},
                said=criteria,
                **_labels(table(known), name),
            )


def _labels(known: dict[str, Any], name: str) -> dict[str, Any]:
    """The labels of a measure that evalkit itself wrote."""
    labels = {str(label[0]): float(label[1]) for label in rows(known.get("labels")) if len(rows(label)) == 2}
    return {"labels": {name: labels}, "between": bool(known.get("graded"))} if labels else {}


def _cases(
    heard: _Heard,
    said: Mapping[tuple[str, int], Mapping[str, Observed]],
    part: str,
    reduced: Mapping[str, Mapping[str, Observed]],
) -> Iterator[tuple[str, Epochs]]:
    """What was said of every case under one part, by epoch."""
    by_case: dict[str, list[Observed]] = {case_id: [] for case_id in heard.subjects}
    for case_id, epoch in sorted(heard.epochs):
        cell = said.get((case_id, epoch), {})
        # A scorer of several parts that gave one value without parts, NaN, gave none of them.
        one = cell.get(part) or cell.get("")
        by_case[case_id].append(one or _nothing(heard.errors.get((case_id, epoch))))
    for case_id, each in by_case.items():
        own = reduced.get(case_id, {})
        yield case_id, Epochs(each=tuple(each), own=_own(own.get(part) or own.get(""), each))


def _own(recorded: Observed | None, each: Sequence[Observed]) -> Observed | None:
    """A value that the log reduced, with the epochs that it is made of."""
    if recorded is None or len(each) == 1 or recorded.value is None:
        return None if recorded is None or recorded.value is not None else recorded
    told = f"of {len(each)} epochs: {', '.join(one.said for one in each)}"
    labels = {one.label for one in each if one.value == recorded.value}
    return Observed(value=recorded.value, label=labels.pop() if len(labels) == 1 else None, reason=told)


def _nothing(error: str | None) -> Observed:
    if error is None:
        return Observed(status=Status.MISSING, reason="the scorer gave no score")
    return Observed(status=Status.ERRORED, reason=error)


def _reducers(log: Log, name: str) -> _Reduced:
    """How the epochs of a scorer were reduced."""
    found: _Reduced = {}
    for one in log.reductions:
        if one.get("scorer") == name:
            samples = (table(sample) for sample in rows(one.get("samples")))
            cells = {str(sample.get("sample_id")): _parts(sample) for sample in samples}
            found[text(one.get("reducer") or "mean")] = cells
    return found or {"mean": {}}


def _scored_by(log: Log, name: str) -> dict[str, str]:
    """What tells this scorer from another of its name."""
    about = log.head.eval
    specs = [table(one) for one in rows(about.get("scorers")) if table(one).get("name") == name]
    spec = specs[0] if specs else table(None)
    version = table(about.get("packages")).get("inspect_ai")
    tool = {"inspect_ai": text(version)} if version else {}
    written = table(about.get("packages")).get(_OWN)
    tool |= {} if written is None else {_OWN: text(written)}
    measure = table(table(table(table(about.get("metadata")).get(_OWN)).get("measures")).get(name))
    tool |= {"grader_digest": text(measure["grader_digest"])} if "grader_digest" in measure else {}
    tool |= {"simulated": "yes"} if measure.get("simulated") else {}
    roles = table(about.get("model_roles")).get("grader")
    judged = [table(role).get("model") for role in (rows(roles) or [roles])]
    judged += [table(spec.get("options")).get("model")]
    graded = ", ".join(dict.fromkeys(text(model) for model in judged if isinstance(model, str)))
    return {
        "tool": "inspect_ai",
        **tool,
        "scorer": name,
        "options": json.dumps(tidy(table(spec.get("options"))), ensure_ascii=False, sort_keys=True),
        **({"graded_by": graded} if graded else {}),
    }


def _time(created: object, path: Path) -> datetime:
    try:
        time = datetime.fromisoformat(str(created))
    except ValueError as error:
        raise UsageError(f"{path}: eval.created is {created!r}, which is no time") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _notes(log: Log, heard: _Heard, found: Foreign) -> Iterator[str]:
    name, n = log.path.name, len(found.subjects)
    wanted = table(log.head.eval.get("dataset")).get("samples")
    if log.head.status != "success":
        yield f"{name}: the log's status is {log.head.status!r}; its {n} samples are taken as they are"
    if isinstance(wanted, int) and wanted > n:
        yield f"{name}: {wanted - n} of {wanted} samples are not in the log, and are no cases of its runs"
    epochs = max(epoch for _, epoch in heard.epochs)
    if epochs > 1:
        yield (
            f"{name}: of {epochs} epochs, every score is kept and reduced, and of the outputs those of the first: a "
            "rejudge judges these"
        )

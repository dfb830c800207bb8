"""What made a page: files, digests, judges, labels, dates and the store, in words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from evalkit.config import Config
from evalkit.dataset.filter import said
from evalkit.pipeline.view import RunView
from evalkit.report.compose.options import ReportOptions
from evalkit.report.compose.runs import origins
from evalkit.report.words import figures
from evalkit.run import Judge, Run, RunKind
from evalkit.store import Store

_MOST: Final = 12
"""Values of one kind that are named; a page of many labels says how many more there are."""


def prompts(store: Store, runs: Sequence[Run]) -> dict[str, str]:
    """The system prompt of each rubric grader, under its name; under name and digest where there are several."""
    versions: dict[str, set[str]] = {}
    for run in runs:
        versions.setdefault(run.grader, set()).add(run.grader_digest)
    found: dict[str, str] = {}
    for name, digests in versions.items():
        for digest in sorted(digests):
            _, spec = store.content.grader(digest)
            title = name if len(digests) == 1 else f"{name} ({digest[:8]})"
            if "system" in spec:
                found[title] = "\n\n".join(spec["system"])
    return found


def provenance(
    store: Store, runs: Sequence[Run], views: Sequence[RunView], names: Mapping[str, str], options: ReportOptions
) -> dict[str, str]:
    """What the page rests on, under the names that the page gives it; `names` are those of the candidates, by run."""
    facts: dict[str, str] = {}
    config = options.config
    if config is not None:
        facts["config"] = f"{config.path.name} in {config.root.name or config.root}, SHA-256 {_digest(config.path)}"
    for run in runs:
        file = _file(store.content.path(run.dataset), config)
        facts[_key(facts, f"dataset {run.dataset_name}", run.dataset)] = (
            f"{file}, {figures.some(run.cases, 'case')}, digest {run.dataset}{_read(store, run)}"
        )
        kind = "scorer" if run.kind is RunKind.IMPORTED else "grader" if run.judge else "check"
        facts[_key(facts, f"{kind} {run.grader}", run.grader_digest)] = f"digest {run.grader_digest}"
        facts[f"candidate {names[run.id]}"] = f"{_source(store, run, config)}, digest {run.candidate_digest}"
    for judge in dict.fromkeys(run.judge for run in runs if run.judge):
        facts[_key(facts, f"judge {judge.model}", judge.digest)] = _judge(judge, runs, views)
    for view in {view.run: view for view in views if view.spending.taken.cases}.values():
        facts[f"taken over by run {view.run}"] = (
            f"{figures.count(view.spending.taken.cases)} of {figures.some(view.cases, 'score')}, from "
            f"{origins(view.spending.taken)}"
        )
    if options.prices is not None:
        facts["prices"] = f"{options.prices.origin}, of {options.prices.date}"
    facts["labels"] = _some(run.label or "none" for run in runs)
    first, last = min(run.created_at for run in runs), max(run.as_of for run in runs)
    facts["submitted"] = figures.moment(first) + ("" if first == last else f" to {figures.moment(last)}")
    facts["store"] = store_name(store.database.url)
    return facts


def _read(store: Store, run: Run) -> str:
    """The files that the cases were read from, where that is known, and the filter."""
    kept = store.content.spec(run.dataset) or {}
    files = ", ".join(f"{Path(one['path']).name} SHA-256 {one['sha256'][:12]}" for one in kept.get("files", ()))
    part = f"; {kept['left']:,} of {kept['cases']:,} cases: {said(kept['filter'])}" if kept.get("filter") else ""
    return f"; read from {files}{part}" if files else part


def _key(facts: Mapping[str, str], name: str, digest: str) -> str:
    """The name, and the beginning of the digest where another thing of that name is there already."""
    return name if name not in facts or digest in facts[name] else f"{name} ({digest[:6]})"


def _judge(judge: Judge, runs: Sequence[Run], views: Sequence[RunView]) -> str:
    own = {run.id for run in runs if run.judge == judge}
    served = sorted({model for view in views if view.run in own for model in view.spending.served_models})
    parts = [
        f"served by {', '.join(served)}" if served else "nothing served yet",
        f"effort {judge.effort or 'as the model has it'}",
        f"at most {figures.count(judge.max_tokens)} tokens a reply",
        "simulated: the sandbox answered in its place" if judge.simulated else "",
        f"digest {judge.digest}",
    ]
    return ", ".join(part for part in parts if part)


def _source(store: Store, run: Run, config: Config | None) -> str:
    _, kind, source = store.content.candidate(run.candidate_digest)
    return f"{kind}: {_file(source, config)}" if source else kind


def _file(path: str, config: Config | None) -> str:
    """A file from the config's folder on where it lies there; where else it lies on a machine is nobody's business."""
    try:
        return Path(path).relative_to(config.root).as_posix() if config else Path(path).name
    except ValueError:
        return Path(path).name


def store_name(url: str) -> str:
    """The store without its password and, where it is a file, without the folders of the machine."""
    scheme, _, file = url.partition(":///")
    return f"{scheme}, {Path(file).name}" if scheme.startswith("sqlite") and file else url


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "not known: it cannot be read any more"


def _some(values: Iterable[str]) -> str:
    found = list(dict.fromkeys(values))
    more = len(found) - _MOST
    return ", ".join(found[:_MOST]) + (f" and {more:,} more" if more > 0 else "")

"""What `show` prints: one run with all that is known of it, or one case with all that led to its scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evalkit.cli import words
from evalkit.cli.screen import say, say_title
from evalkit.cli.tables import SIMULATED, criterion_name
from evalkit.cli.words import one_line
from evalkit.reply import read_reply

if TYPE_CHECKING:
    from evalkit.pipeline.detail import CaseDetail
    from evalkit.pipeline.view import RunView
    from evalkit.store import PlacedScore


def print_run(rows: Sequence[RunView]) -> None:
    """A run, one fact per line; its criteria one after another."""
    run = rows[0]
    _fact("run", run.run)
    _fact("suite", run.suite)
    _fact("dataset", f"{run.dataset}: {words.count(run.cases, 'case')}, digest {run.dataset_digest[:12]}")
    _fact("candidate", run.candidate)
    _fact("grader", run.grader)
    _fact("judge", _judge(run))
    _fact("label", run.label)
    _fact("made", f"{run.created_at:%Y-%m-%d %H:%M} UTC")
    _fact("status", run.status.value.replace("_", " "))
    for batch in run.batches:
        _fact("batch", f"{batch.id}: {batch.state.value}, {words.count(batch.requests, 'request')}")
    if run.spending.results:
        share = run.spending.cache_read_share
        cached = "" if share is None else f"; {int(share * 100)} % of the cacheable tokens came from the cache"
        _fact("cost", f"{words.usd(run.spending.cost_usd)}{cached}")
    for row in rows:
        _print_criterion(row)
    if run.simulated:
        say(SIMULATED, style="yellow")


def print_case(detail: CaseDetail) -> None:
    """One case of a run, in full; texts are not broken, so that they can be copied."""
    case = detail.case
    _fact("run", detail.run)
    _fact("case", case.id)
    _fact("tags", ", ".join(case.tags))
    _fact("cluster", case.cluster or "")
    for name, value in case.metadata.items():
        _fact(one_line(name), one_line(_text(value)))
    _section("input", case.input)
    _section("expected", case.expected)
    _section("output", detail.output)
    if detail.prompt is not None:
        system = sum(len(block) for block in detail.system)
        _section(f"prompt, after a system prompt of {system:,} characters (--json has it)", detail.prompt)
    for reply in detail.replies:
        _section("reply", _said(reply))
    for placed in detail.scores:
        _print_score(placed)


def _print_criterion(row: RunView) -> None:
    found = row.estimate
    unscored = words.reasons(dict(row.unscored))
    parts = [f"{row.scored:,} scored", unscored, f"{row.pending:,} pending" if row.pending else ""]
    _fact("cases", ", ".join(part for part in parts if part))
    if found.mean is not None:
        name = "" if row.criterion in ("", row.grader) else f"{criterion_name(row)}: "
        range_ = f", 95 % interval {words.interval(found)} ({found.method})" if found.low is not None else ""
        _fact("mean", f"{name}{words.mean(found)}{range_}")
    if row.corrected is not None:
        _fact("corrected", words.corrected(row.corrected))


def _print_score(placed: PlacedScore) -> None:
    score, verdict = placed.score, placed.score.verdict
    judgement = f", judgement {score.suffix}" if score.suffix else ""
    say_title(f"score {one_line(verdict.criterion)}{judgement}")
    label = "" if verdict.label is None else f"{verdict.label} = "
    say(verdict.status.value if verdict.value is None else f"{label}{verdict.value:g}")
    if verdict.reason:
        say(verdict.reason)
    if score.custom_id:
        say(f"{score.custom_id} in {score.batch}; {words.usd(placed.cost_usd)}", style="dim")


def _judge(run: RunView) -> str:
    if run.scored_by:
        return f"none of evalkit's: scored by {run.scored_by}; which model was served is not on record"
    if run.judge is None:
        return "none: a check, local and free"
    served = [model for model in run.spending.served_models if model != run.judge]
    return run.judge + (f", served by {', '.join(served)}" if served else "")


def _fact(name: str, value: str) -> None:
    if value:
        say(f"{name:<9}  {one_line(value)}")


def _section(title: str, value: object) -> None:
    say_title(title)
    say(_text(value))


def _said(reply: dict[str, object]) -> str:
    """What the judge wrote; the whole result where it wrote nothing."""
    return read_reply(json.dumps(reply).encode()).text or _text(reply.get("result"))


def _text(value: object) -> str:
    if value is None:
        return words.NONE
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)

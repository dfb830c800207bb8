"""What commands print for people: tables that fit 80 columns, numbers aligned, words for what is not there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from evalkit.cli.progress import duration

if TYPE_CHECKING:
    from evalkit.pipeline.detail import CaseDetail
    from evalkit.pipeline.plan import Plan
    from evalkit.pipeline.suite import Suite
    from evalkit.pipeline.view import RunView
    from evalkit.table import OpenBatch, RunTable


def out() -> Console:
    """The console of stdout."""
    return Console(highlight=False)


def print_json(document: object) -> None:
    """One JSON document, and nothing else."""
    print(json.dumps(document, ensure_ascii=False, indent=2))  # noqa: T201


def print_runs(rows: Sequence[RunView]) -> None:
    """Runs with their scores."""
    if not rows:
        out().print("no runs yet; `evalkit run` makes some")
        return
    table = _table(("run", ""), ("candidate × grader", ""), ("status", ""), ("scored", "r"), ("mean", "r"))
    table.add_column("95 %", justify="right", no_wrap=True)
    table.add_column("cost", justify="right", no_wrap=True)
    for row in rows:
        name = f"{row.candidate} × {row.criterion}" + (f" [{row.label}]" if row.label else "")
        mark = " ~" if row.simulated else ""
        table.add_row(
            row.run,
            _plain(name),
            row.status.value,
            f"{row.scored}/{row.cases}",
            _mean(row) + mark,
            _interval(row),
            _cost(row),
        )
    out().print(table)
    _print_unscored(rows)
    if any(row.simulated for row in rows):
        out().print("~ simulated: scored by the sandbox's offline judge, not by a model", style="yellow")


def print_plan(plan: Plan) -> None:
    """What a submit would send."""
    table = _table(("run", ""), ("candidate × grader", ""), ("requests", "r"), ("size", "r"), ("cost", "r"), ("", ""))
    for run in plan.runs:
        what = "there already" if run.exists else ("free, local" if run.judge is None else "")
        cost = "" if run.exists or run.judge is None else _range(run.low_usd, run.high_usd)
        size = f"{run.size / 1e6:.2f} MB" if run.requests else ""
        table.add_row(run.run, _plain(f"{run.candidate} × {run.grader}"), f"{run.requests:,}", size, cost, what)
    out().print(table)
    total, most = _range(plan.total("low_usd"), plan.total("high_usd")), plan.total("at_most_usd")
    out().print(
        f"to send: {total}, at most {_usd(most)}; batch prices of {plan.price_date}, tokens estimated from bytes "
        "(a cache share of 30 to 98 %, 100 to 600 output tokens a reply)"
    )
    for run in plan.runs:
        if run.min_cacheable and run.system_tokens < run.min_cacheable and not run.exists:
            out().print(
                f"{run.grader}: {run.system_tokens:,} tokens of system prompt are below the {run.min_cacheable:,} that "
                f"{run.judge} caches: it will not be cached",
                style="yellow",
            )


def print_rows(rows: RunTable, *, as_json: bool) -> None:
    """Runs, as JSON or as a table."""
    if as_json:
        print_json({"runs": [row.json() for row in rows]})
    else:
        print_runs(rows)


def print_suite(suite: Suite, *, as_json: bool) -> None:
    """What a sound config holds."""
    config, dataset = suite.config, suite.dataset
    document = {
        "config": str(config.path),
        "name": config.name,
        "dataset": {"path": str(dataset.path), "cases": dataset.n, "digest": dataset.digest},
        "graders": [grader.name for grader in suite.graders],
        "candidates": [candidate.name for candidate in suite.candidates],
        "notes": list(suite.notes),
    }
    if as_json:
        print_json(document)
        return
    out().print(_plain(f"{config.path} is sound"))
    out().print(_plain(f"  dataset     {dataset.path.name}: {dataset.n:,} cases, digest {dataset.digest[:12]}"))
    out().print(_plain(f"  graders     {', '.join(grader.name for grader in suite.graders)}"))
    out().print(_plain(f"  candidates  {', '.join(candidate.name for candidate in suite.candidates)}"))
    for note in suite.notes:
        out().print(_plain(f"  note        {note}"))


def print_page(path: Path) -> None:
    """Where the page is, on a line of its own, never broken."""
    print(f"report: {path}")  # noqa: T201


def print_status(found: Sequence[OpenBatch], *, as_json: bool) -> None:
    """Open batches: how long they have taken, and how long they have left."""
    if as_json:
        print_json({"batches": [one.json() for one in found]})
        return
    if not found:
        out().print("nothing is open: every batch is collected")
        return
    table = _table(
        ("batch", ""), ("candidate × grader", ""), ("status", ""), ("requests", "r"), ("for", "r"), ("left", "r")
    )
    now = datetime.now(UTC)
    for one in found:
        batch, name = one.batch, _plain(f"{one.candidate} × {one.grader}")
        left = duration(batch.expires_at - now) if batch.expires_at and batch.expires_at > now else "expired"
        table.add_row(batch.id, name, batch.state.value, f"{batch.requests:,}", duration(now - batch.created_at), left)
    out().print(table)


def print_case(detail: CaseDetail) -> None:
    """One case of a run, in full."""
    console = out()
    for title, text in (
        ("input", detail.case.input),
        ("expected", detail.case.expected),
        ("output", detail.output),
        ("prompt", detail.prompt),
    ):
        console.rule(title, align="left")
        shown = (
            text if isinstance(text, str) else "–" if text is None else json.dumps(text, ensure_ascii=False, indent=2)
        )
        console.print(_visible(shown), markup=False)
    for placed in detail.scores:
        score, verdict = placed.score, placed.score.verdict
        console.rule(f"score {verdict.criterion}", align="left")
        value = verdict.status.value if verdict.value is None else f"{verdict.label} = {verdict.value:g}"
        console.print(_visible(f"{value}\n{verdict.reason or ''}"), markup=False)
        console.print(
            _visible(f"{score.custom_id or 'no request'} in {score.batch or 'no batch'}"), markup=False, style="dim"
        )


def _print_unscored(rows: Sequence[RunView]) -> None:
    for row in rows:
        if row.unscored:
            reasons = ", ".join(f"{n} {status}" for status, n in row.unscored.items())
            out().print(
                _plain(f"{row.candidate} × {row.criterion}: no score for {reasons}"), style="yellow", markup=False
            )


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for name, align in columns:
        table.add_column(name, justify="right" if align == "r" else "left", overflow="fold", no_wrap=align == "r")
    return table


def _mean(row: RunView) -> str:
    return "–" if row.estimate.mean is None else f"{row.estimate.mean:.3f}"


def _interval(row: RunView) -> str:
    low, high = row.estimate.low, row.estimate.high
    return "–" if low is None or high is None else f"{low:.3f} {high:.3f}"


def _cost(row: RunView) -> str:
    return _usd(row.spending.cost_usd) if row.judge else "free"


def _usd(amount: float | None) -> str:
    if amount is None:
        return "unknown"
    return f"${amount:.4f}" if amount < 1 else f"${amount:,.2f}"


def _range(low: float | None, high: float | None) -> str:
    return "unknown" if low is None or high is None else f"{_usd(low)} to {_usd(high)}"


def _plain(text: str) -> str:
    """Text that rich prints as it is: no markup, no control characters."""
    return _visible(text).replace("[", "\\[")


def _visible(text: str) -> str:
    """Text without the control characters that would move a terminal's cursor or change its colours."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else f"\\x{ord(letter):02x}" for letter in text)

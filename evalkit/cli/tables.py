"""What commands print for people: runs and batches in tables that fit 80 columns; and JSON for programs."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from evalkit.cli import words
from evalkit.cli.columns import Column
from evalkit.cli.screen import say, say_table, say_wrapped
from evalkit.cli.words import one_line
from evalkit.graders.jury import short_judge
from evalkit.pipeline.guarding import held_together

if TYPE_CHECKING:
    from evalkit.pipeline.health import Health
    from evalkit.pipeline.suite import Suite
    from evalkit.pipeline.view import RunView
    from evalkit.tables import OpenBatch, Queue, RunTable

_MISSED: Final = 10
"""Missed sentinels that are named."""
SIMULATED: Final = "simulated by the sandbox's offline judge: no model was asked, nothing was paid"


def print_json(document: object) -> None:
    """One JSON document, and nothing else; in ASCII where stdout cannot write all of Unicode."""
    ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(document, ensure_ascii=ascii_only, indent=2))  # noqa: T201


def print_rows(rows: RunTable, *, as_json: bool, none: str = "no runs yet; `evalkit run` makes some") -> None:
    """Runs, as JSON or as a table."""
    if as_json:
        print_json({"runs": [row.json() for row in rows]})
    else:
        print_runs(rows, none=none)


def print_runs(rows: Sequence[RunView], *, none: str = "no runs yet; `evalkit run` makes some") -> None:
    """Runs with their scores; what all of them share is said once, below."""
    if not rows:
        say(none)
        return
    judges, labels = {row.judge for row in rows if row.judge is not None}, {row.label for row in rows}
    settled = all(row.status.value == "collected" for row in rows)
    simulated = any(row.simulated for row in rows)
    say_table(
        [
            _column("run", rows, lambda row: row.run),
            _column("suite", rows if len({row.suite for row in rows}) > 1 else (), lambda row: row.suite, 8, drop=1),
            _column("candidate", rows, lambda row: row.candidate, 10),
            _column("grader", rows, criterion_name, 10),
            _column("judge", rows if len(judges) > 1 else (), lambda row: short_model(row.judge), 10),
            _column("label", rows if len(labels) > 1 else (), lambda row: row.label, 7),
            _column("sent", rows if any(row.realtime for row in rows) else (), lambda row: row.realtime, drop=2),
            _column("status", () if settled else rows, lambda row: row.status.value.replace("_", " ")),
            _column("scored", rows, lambda row: f"{row.scored:,}/{row.cases:,}", right=True),
            _column("reused", rows, _reused, right=True, drop=4),
            _column("mean", rows, lambda row: _mean(row, marked=simulated), right=True),
            _column("95 %", rows, _interval, right=True),
            _column("cost", rows, _cost, right=True, drop=2),
            _column("unscored", rows, lambda row: words.reasons(dict(row.unscored)), 9, drop=3),
        ]
    )
    say(_shared(rows, judges, labels), style="dim")
    for row in {row.run: row for row in rows if row.spending.mixed_by_reuse}.values():
        say_wrapped(mixed(row), style="yellow", indent="  ")
    for row in {row.run: row for row in rows if row.over_limit}.values():
        say_wrapped(f"run {row.run} is held back: {row.over_limit}", style="yellow", indent="  ")
    say_not_sent(rows)
    say_sentinels(rows)
    if simulated:
        say(f"~ {SIMULATED}", style="yellow")


def say_not_sent(rows: Sequence[RunView]) -> None:
    """How many cases checks kept from the judge, and about what that saved."""
    held = held_together(rows)
    if not held.cases:
        return
    known = f", which saved about {words.usd(held.saved_usd)}" if held.saved_usd is not None else ""
    say(f"{words.count(held.cases, 'case')} not sent, by a check{known}", style="dim")


def say_sentinels(rows: Sequence[RunView]) -> None:
    """Whether the judges of these runs are awake: how many sentinels they caught, and which they missed."""
    found = [one for one in {row.run: row.sentinels for row in rows}.values() if one]
    n, pending = sum(one.n for one in found), sum(one.pending for one in found)
    if n == pending:
        return
    right, missed = sum(one.caught for one in found), [miss for one in found for miss in one.missed]
    waiting = f"; {words.count(pending, 'sentinel')} without a reply yet" if pending else ""
    say(f"judge caught {right:,}/{n - pending:,} sentinels{waiting}", style="yellow" if missed else "dim")
    for miss in missed[:_MISSED]:
        say_wrapped(f"  missed  {one_line(str(miss))}, in run {miss.run}", style="yellow", indent=" " * 10)
    if len(missed) > _MISSED:
        say(f"  and {len(missed) - _MISSED:,} more", style="yellow")


def mixed(row: RunView) -> str:
    """What is wrong with a run whose judge changed between what it took over and what it sent."""
    taken = row.spending.taken
    return (
        f"run {row.run} has two served models: its {words.count(taken.cases, 'score')} taken over are by "
        f"{', '.join(taken.served_models)}, its own replies are not; `evalkit run --fresh` under another label judges "
        "all anew"
    )


def print_suite(suite: Suite, *, as_json: bool) -> None:
    """What a sound config holds."""
    config, dataset = suite.config, suite.dataset
    document = {
        "config": str(config.path),
        "name": config.name,
        "dataset": {"path": str(dataset.path), "cases": dataset.n, "digest": dataset.digest},
        "graders": [grader.name for grader in suite.graders],
        "candidates": [candidate.name for candidate in suite.candidates],
        "sentinels": len(suite.sentinels),
        "notes": list(suite.notes),
    }
    if as_json:
        print_json(document)
        return
    cases = words.count(dataset.n, "case")
    say(f"{config.path} is sound")
    say(f"  dataset     {one_line(dataset.path.name)}: {cases}, digest {dataset.digest[:12]}")
    say(f"  graders     {one_line(', '.join(grader.name for grader in suite.graders))}")
    say(f"  candidates  {one_line(', '.join(candidate.name for candidate in suite.candidates))}")
    if suite.sentinels:
        counts = Counter(one.purpose for one in suite.sentinels)
        made = [f"{one.id} is made by evalkit" for one in suite.sentinels if one.made]
        listed = ", ".join([*(f"{n} {purpose}" for purpose, n in counts.items()), *made])
        say_wrapped(f"  sentinels   {one_line(listed)}", indent=" " * 14)
    for note in suite.notes:
        say_wrapped(f"  note        {one_line(note)}", indent=" " * 14)


def print_status(found: Queue, *, as_json: bool) -> None:
    """What is open: how long it has taken, and how long it has left."""
    if as_json:
        print_json(found.json())
        return
    if found:
        _print_open(found)
    unsent = (
        (found.planned, "part", f"{_waits(found.planned)} to be sent: the next submit or collect sends them"),
        (found.held_back, "part", "held back behind their first cases: submit sends them, cancel gives them up"),
        (found.warming, "part", "held back behind a warm-up: collect sends them when it has ended"),
        (found.over_limit, "part", "held back by a limit on cost: sent when there is room; `evalkit budget` tells"),
        (found.unknown, "create", "of unknown outcome: collect looks again, resolve settles it"),
        (found.handed_over, "run", "handed over: the store that imported the bundle collects them"),
        (found.waiting, "run", f"{_waits(found.waiting)} for others: collect goes on when those are collected"),
    )
    for n, noun, what in unsent:
        if n:
            say(f"{words.count(n, noun)} {what}")
    if not found and not any(n for n, _, _ in unsent):
        say("nothing is open: every batch is collected")


def _waits(n: int) -> str:
    return "waits" if n == 1 else "wait"


def _print_open(found: Queue) -> None:
    now = datetime.now(UTC)
    say_table(
        [
            Column(name="run", cells=[one.batch.run for one in found]),
            Column(name="candidate", cells=[one_line(one.candidate) for one in found], least=10),
            Column(name="grader", cells=[one_line(one.grader) for one in found], least=10),
            Column(name="status", cells=[one.batch.state.value for one in found]),
            Column(name="requests", cells=[f"{one.batch.requests:,}" for one in found], right=True),
            Column(name="for", cells=[words.compact(now - one.batch.created_at) for one in found], right=True),
            Column(name="usual", cells=[_usual(one) for one in found], right=True, drop=2),
            Column(name="left", cells=[_left(one, now) for one in found], right=True),
            Column(name="batch", cells=[one.batch.id for one in found], drop=1),
        ]
    )
    requests = words.count(sum(one.batch.requests for one in found), "request")
    if any(one.batch.realtime for one in found):
        say("realtime: whoever collects asks what is left, one by one", style="dim")
    say(f"{words.count(len(found), 'batch')} open, {requests}; `evalkit collect` takes what has ended", style="dim")


def criterion_name(row: RunView) -> str:
    """The grader, and the criterion where it says more."""
    if row.kind.value == "generation":
        return row.grader
    return row.grader if row.criterion in ("", row.grader) else f"{row.grader} · {row.criterion}"


def short_model(model: str | None) -> str:
    """A model without the word that all of them begin with; a dash for a check."""
    return short_judge(model).removeprefix("claude-") if model else words.NONE


def _column(
    name: str,
    rows: Sequence[RunView],
    cell: Callable[[RunView], str],
    least: int | None = None,
    *,
    right: bool = False,
    drop: int = 0,
) -> Column:
    return Column(name=name, cells=[one_line(cell(row)) for row in rows], least=least, right=right, drop=drop)


def _mean(row: RunView, *, marked: bool) -> str:
    if row.kind.value == "generation":
        return ""  # that there is an answer is no score of it
    text = words.mean(row.estimate)
    return f"{text}{'~' if row.simulated else ' '}" if text and marked else text


def _reused(row: RunView) -> str:
    return f"{row.spending.taken.cases:,}" if row.spending.taken.cases else ""


def _interval(row: RunView) -> str:
    return "" if row.kind.value == "generation" else words.interval(row.estimate)


def _cost(row: RunView) -> str:
    if row.scored_by:
        return "elsewhere"
    if row.judge is None:
        return "free"
    return words.usd(row.spending.cost_usd) if row.spending.results or row.spending.taken.cases else ""


def _shared(rows: Sequence[RunView], judges: set[str], labels: set[str]) -> str:
    """What all rows have in common, and what they cost together."""
    by_run = {row.run: row for row in rows}
    parts = [words.count(len(by_run), "run")]
    if len(judges) == 1:
        parts.append(f"judge {next(iter(judges))}")
    if len(labels) == 1 and (label := next(iter(labels))):
        parts.append(f"label {one_line(label)}")
    if at_once := sum(batch.requests for row in by_run.values() for batch in row.batches if batch.realtime):
        parts.append(f"{words.count(at_once, 'request')} in realtime")
    unscored = sum((Counter(row.unscored) for row in rows), Counter[str]())
    if unscored:
        parts.append(words.reasons(unscored))
    costs = [row.spending.cost_usd for row in by_run.values() if row.spending.results]
    if costs:
        known = sum(cost for cost in costs if cost is not None)
        parts.append(words.usd(known) if None not in costs else f"{words.usd(known)} and an unknown price")
    return "; ".join(parts)


def _usual(one: OpenBatch) -> str:
    return "" if one.usual_seconds is None else words.compact(timedelta(seconds=one.usual_seconds))


def _left(one: OpenBatch, now: datetime) -> str:
    expires_at = one.batch.expires_at
    if expires_at is None:
        return words.NONE
    return words.compact(expires_at - now) if expires_at > now else "expired"


def print_health(health: Health, *, form: str) -> None:
    """The health of the queue: for people, for programs, for Prometheus."""
    from dataclasses import asdict

    from evalkit.pipeline.health import prometheus

    if form == "json":
        print_json({**asdict(health), "exit_code": int(health.exit_code)})
    elif form == "prometheus":
        print(prometheus(health), end="")  # noqa: T201
    else:
        for line in health.problems or ("nothing is amiss",):
            say(line)

"""What `show` prints: one run with all that is known of it, or one case with all that led to its scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from evalkit.cli import tables, words
from evalkit.cli.screen import say, say_title, say_wrapped
from evalkit.cli.tables import SIMULATED, criterion_name, say_not_sent, say_sentinels
from evalkit.cli.words import one_line
from evalkit.dataset.filter import said
from evalkit.graders.jury import jurors
from evalkit.reply import read_reply

if TYPE_CHECKING:
    from evalkit.analysis.jury import JuryAgreement
    from evalkit.analysis.preference import Preference
    from evalkit.pipeline.caching.measured import CacheReturn
    from evalkit.pipeline.detail import CaseDetail
    from evalkit.pipeline.estimated import Estimated
    from evalkit.pipeline.view import RunView
    from evalkit.store import PlacedScore

_NAMED: Final = 3
"""Runs that are named of those whose scores a run took over."""


def print_run(rows: Sequence[RunView]) -> None:
    """A run, one fact per line; its criteria one after another."""
    run = rows[0]
    _fact("run", run.run)
    _fact("suite", run.suite)
    _fact("dataset", f"{run.dataset}: {words.count(run.cases, 'case')}, digest {run.dataset_digest[:12]}")
    for line in _read(run.dataset_spec or {}):
        _fact("", line)
    _fact("candidate", run.candidate)
    _fact("grader", run.grader)
    _fact("judge", _judge(run))
    _fact("label", run.label)
    _fact("made", f"{run.created_at:%Y-%m-%d %H:%M} UTC")
    _fact("status", run.status.value.replace("_", " "))
    for batch in run.batches:
        name, requests = "realtime" if batch.realtime else "batch", words.count(batch.requests, "request")
        _fact(name, f"{batch.id}: {batch.state.value}, {requests}")
    _fact("reused", _reused(run))
    if run.spending.mixed_by_reuse:
        say(tables.mixed(run), style="yellow")
    if run.spending.results:
        listed = sorted({batch.price_date for batch in run.batches if batch.price_date})
        share = run.spending.cache_read_share
        cached = "" if share is None else f"; {int(share * 100)} % of the cacheable tokens came from the cache"
        by_list = f", by the prices of {' and '.join(listed)}" if listed else ""
        _fact("cost", f"{words.usd(run.spending.cost_usd)}{by_list}{cached}")
    _print_caching(run.caching)
    if run.estimated is not None:
        _fact("estimate", _estimate(run.estimated))
    for row in rows:
        _print_criterion(row)
        if row.preference is not None:
            _print_preference(row.preference)
        if row.jury is not None:
            _print_jury(row.jury)
    say_not_sent(rows)
    say_sentinels(rows)
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


def _estimate(told: Estimated) -> str:
    """What a run was to cost, and whether it did."""
    most = "" if told.at_most_usd is None else f", at most {words.most_usd(told.at_most_usd)}"
    came = f"; the cost is {told.fit.value}" if told.fit else ""
    return f"{words.usd_range(told.low_usd, told.high_usd)}{most}{came}"


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


def _print_preference(found: Preference) -> None:
    """What pairs say: how they ended, and how far the verdicts hang on the order of the two outputs."""
    rate, orders = found.rate, found.orders
    _fact("against", f"{found.against}: the mean is the win rate against it, and 0.5 is even")
    _fact("pairs", f"{rate.wins:,} won, {rate.ties:,} tied, {rate.losses:,} lost")
    if not orders.n:
        return
    share = f"{orders.consistent:,} of {words.count(orders.n, 'pair')} judged the same in both orders"
    _fact("orders", f"{share}, {words.mean(orders.consistency)} {words.interval(orders.consistency)}")
    first = f"the output shown first is preferred {words.mean(found.first_rate)} {words.interval(found.first_rate)}"
    both = f"in both orders the first {orders.first:,} times, the second {orders.second:,}"
    tested = "" if orders.p_value is None else f", p = {orders.p_value:.2g}"
    _fact("position", f"{first}; {both}{tested}")
    if found.biased:
        say(
            f"position bias: the judge prefers what it is shown {found.favoured}, beyond chance; such pairs count one "
            "half, which draws the win rate to 0.5",
            style="yellow",
        )


def _print_jury(found: JuryAgreement) -> None:
    """How far the judges of a jury agree, and which of them stands most apart."""
    raters = found.raters
    n, all_of = words.count(raters.cases, "case"), raters.agreement.value
    parts = [
        "" if all_of is None else f"unanimous on {all_of:.0%} of {n}",
        "" if raters.fleiss is None else f"Fleiss' kappa {raters.fleiss:.3f}",
        "" if raters.krippendorff is None else f"Krippendorff's alpha {raters.krippendorff:.3f}",
    ]
    _fact("jurors", ", ".join(part for part in parts if part))
    judge, share = found.apart[0]
    if share:
        _fact("apart", f"{judge} differs most: in {share:.0%} of the times that it is held against another")


def _print_score(placed: PlacedScore) -> None:
    score, verdict = placed.score, placed.score.verdict
    judgement = f", judgement {score.suffix}" if score.suffix else ""
    say_title(f"score {one_line(verdict.criterion)}{judgement}")
    label = "" if verdict.label is None else f"{verdict.label} = "
    say(verdict.status.value if verdict.value is None else f"{label}{verdict.value:g}")
    if verdict.reason:
        say(verdict.reason)
    paid = words.usd(placed.cost_usd) if placed.reused_from is None else f"taken over from run {placed.reused_from}"
    if score.custom_id:
        say(f"{score.custom_id} in {score.batch}; {paid}", style="dim")


def _judge(run: RunView) -> str:
    if run.scored_by:
        return f"none of evalkit's: scored by {run.scored_by}; which model was served is not on record"
    if run.judge is None:
        return "none: a check, local and free"
    asked = jurors(run.judge) or (run.judge,)
    served = [model for model in run.spending.served_models if model not in asked]
    return run.judge + (f", served by {', '.join(served)}" if served else "")


def _reused(run: RunView) -> str:
    """What it took over, and what that has cost where it was paid."""
    taken = run.spending.taken
    if not taken.cases:
        return ""
    runs = [f"run {name}" + (f" ({n:,})" if len(taken.from_runs) > 1 else "") for name, n in taken.from_runs.items()]
    more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    saved = "" if taken.saved_usd is None else f"; saved {words.usd(taken.saved_usd)}"
    return f"{taken.cases:,} of {words.count(run.cases, 'case')}, judged in {', '.join(runs[:_NAMED])}{more}{saved}"


def _print_caching(found: CacheReturn | None) -> None:
    _fact("cache", _cached(found) if found else "")
    if found and found.advice:
        say_wrapped(f"           {found.advice}", style="yellow", indent=" " * 11)


def _cached(found: CacheReturn) -> str:
    """What was asked of the cache, and what it returned."""
    if not found.rows_cached:
        return "off" if found.ttl == "off" else f"{found.ttl} asked for; no reply read it or wrote to it"
    hits = f"{found.rows_with_read:,} of {words.count(found.rows, 'request')} read it"
    saved = found.saved_usd
    if saved is None:
        return f"{found.ttl}, {hits}; what that saved is not known, as a price is not"
    return f"{found.ttl}, {hits}; {'saved' if saved >= 0 else 'lost'} {words.usd(abs(saved))} beside no cache"


def _read(spec: Mapping[str, Any]) -> Iterator[str]:
    """The files of a dataset, and what its filter left."""
    for one in spec.get("files", ()):
        yield f"{Path(one['path']).name}: {words.count(one['cases'], 'case')}, SHA-256 {one['sha256'][:12]}"
    if spec.get("filter"):
        yield f"{spec['left']:,} of {spec['cases']:,} cases: {said(spec['filter'])}"


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

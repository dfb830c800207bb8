"""What stands behind a line of the run table, a click away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.graders.jury import is_jury
from evalkit.report.page import ComparisonRow, RunRow, Since
from evalkit.report.words import figures
from evalkit.report.words.sentence import least_shown


def details(row: RunRow, corrected: str, compared: Sequence[ComparisonRow]) -> Iterator[tuple[str, str]]:
    """What is known of a run, by name; `corrected` is its corrected mean as text."""
    found = [("run", row.run), ("label", row.label), *_judged(row), *_numbers(row, corrected)]
    found += [*_money(row), *_pairs(compared), *_last(row.since)]
    return ((name, text) for name, text in found if text)


def _judged(row: RunRow) -> Iterator[tuple[str, str]]:
    yield "status", row.status + (" (simulated judge)" if row.simulated else "")
    yield "judge", row.judge or ("" if row.scored_by else "none: a deterministic check")
    yield "scored by", f"{row.scored_by}; which model was served is not on record" if row.scored_by else ""
    yield "served by", ", ".join(row.served_models)
    yield "samples", f"each case judged {row.samples} times" if row.samples > 1 else ""
    yield "batch", ", ".join(row.batches)
    yield "sent", f"{row.realtime}, at full price" if row.realtime else ""
    yield (
        "taken over",
        f"{figures.some(row.reused, 'score')} of the same outputs, from {row.reused_from}" if row.reused else "",
    )
    sends = row.judge and not is_jury(row.judge)
    yield "submitted", figures.moment(row.submitted_at) if sends else ""
    yield "collected", figures.moment(row.collected_at) if sends else ""


def _numbers(row: RunRow, corrected: str) -> Iterator[tuple[str, str]]:
    bounds = figures.interval(row.worst, row.best)
    yield "interval", f"by {row.method}" if row.method else ""
    yield "corrected", f"{corrected} by {row.corrected_by}" if corrected else row.corrected_by
    if row.scored < row.n:
        yield "worst to best", f"{bounds} if every missing score were lowest or highest" if bounds else ""


def _money(row: RunRow) -> Iterator[tuple[str, str]]:
    if not row.judge:
        return
    cached = None if row.cache_read_share is None else figures.share(row.cache_read_share)
    if row.cost_usd and row.scored:
        each = figures.usd(row.cost_usd / row.scored)
        yield "judging cost", f"{figures.usd(row.cost_usd)}, {each} for each case with a score"
    yield "estimated", estimated(row)
    yield "saved by batch", figures.usd(row.batch_saving_usd) if row.batch_saving_usd else ""
    yield "read from cache", f"{cached} of the input that is cached" if cached else ""
    if row.cache_saving_usd is not None:
        yield (
            "lost by caching" if row.cache_saving_usd < 0 else "saved by caching",
            figures.usd(abs(row.cache_saving_usd)),
        )


def estimated(row: RunRow) -> str:
    """What a run was to cost, and how that went; empty where it was not told."""
    if row.estimated_usd is None:
        return ""
    low, high = row.estimated_usd
    said = f"{figures.usd(low)} to {figures.usd(high)} before it was sent"
    if row.cost_usd is None or row.pending or row.status != "collected":
        return said
    if row.cost_usd > high:
        return f"{said}: it cost more"
    return f"{said}: it cost less" if row.cost_usd < low else said


def _pairs(compared: Sequence[ComparisonRow]) -> Iterator[tuple[str, str]]:
    """What a difference rests on: its pairs, and what as many could show."""
    for row in compared:
        gone = [(row.added, "added"), (row.removed, "removed"), (row.changed, "changed")]
        said = [figures.some(row.n_paired, "paired case"), *(f"{figures.count(n)} {word}" for n, word in gone if n)]
        if (least := least_shown(row)) is not None:
            said.append(f"could show a difference of ±{figures.value(least)} (80 % power)")
        yield "pairs", ", ".join([*said, *row.reasons])


def _last(last: Since | None) -> Iterator[tuple[str, str]]:
    if last is None:
        return
    then = "no score" if last.mean is None else f"a mean of {figures.value(last.mean)}"
    said = [f"run {last.run}{f' ({last.label})' if last.label else ''} of {figures.moment(last.date)} had {then}"]
    if last.n_paired and last.delta is not None:
        said.append(f"the difference is over {figures.some(last.n_paired, 'paired case')}")
    said += [*last.changes, *(f"not compared: {reason}" for reason in last.reasons)]
    yield "last time", "; ".join(said)

"""The verbs of decision: what the scores of runs say beside one another, and over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from evalkit.errors import UsageError
from evalkit.session import Session

if TYPE_CHECKING:
    from evalkit.analysis import Trend
    from evalkit.ci import RunCost
    from evalkit.pipeline.gating import PolicyChoice
    from evalkit.run import Run
    from evalkit.store import Store
    from evalkit.tables.comparisons import ComparisonTable
    from evalkit.tables.gates import GateTable
    from evalkit.tables.powers import PowerTable
    from evalkit.tables.rankings import RankTable
    from evalkit.tables.trends import TrendTable

_LADDER: Final = (0.01, 0.02, 0.03, 0.05, 0.1)
"""Differences of a mean score that people ask for."""


def compare(
    *runs: str,
    baseline: str | None = None,
    baseline_label: str | None = None,
    label: str | None = None,
    criterion: str | None = None,
    slices: bool = False,
    flips: int = 5,
    force: bool = False,
    config: Path | str | None = None,
    store: str | None = None,
) -> ComparisonTable:
    """Compare runs case by case: each candidate run with its baseline, on every criterion that both have.

    Args:
        *runs: run ids, beginnings of them, or candidates' names, which stand for their newest runs; the first of
            several is the baseline where none is named; every candidate of the newest label where none is given.
        baseline: a candidate's name, a run id, or `label:` and a label, for the same candidate under that label;
            that of the config's gate where None.
        baseline_label: the baseline under this label; alone, each candidate is compared with itself under it.
        label: the candidates under this label; where None, the newest that they have.
        criterion: this criterion only.
        slices: the differences within tags and values of the metadata, too.
        flips: for how many of the cases that moved, worst first, to read the outputs and the reasons.
        force: compute even what is not comparable; the reasons stay.
        config: `evalkit.toml`, for the suite's name and its gate.
        store: the store's URL.

    Raises:
        UsageError: a word names no run, there is no baseline, or no criterion in common.
    """
    from evalkit.comparer import Comparer
    from evalkit.pipeline.rebase import present
    from evalkit.pipeline.selection import Wanted, scope_of, select_pairs
    from evalkit.tables.comparisons import ComparisonTable

    with Session(config=config, store=store, reads=True) as session:
        known = session.config_or_none
        wanted = Wanted(
            runs=runs,
            baseline=baseline,
            baseline_label=baseline_label,
            label=label,
            usual_baseline=known.baseline if known else None,
        )
        scope = scope_of(session.store, known.name if known else None)
        found = select_pairs(session.store, scope, wanted)
        judges = [run.judge for pair in found.pairs for run in (pair.baseline, pair.candidate)]
        now = present(known, simulated=any(judges) and all(judge.simulated for judge in judges if judge))
        comparer = Comparer(store=session.store, now=now, slices=slices, flips=flips, force=force)
        return ComparisonTable(rows=comparer.compared(found.pairs, criterion), notes=found.notes)


def gate(
    *candidates: str,
    baseline: str | None = None,
    label: str | None = None,
    policy: PolicyChoice = "both",
    cases: bool = False,
    config: Path | str | None = None,
    store: str | None = None,
) -> GateTable:
    """Judge candidates by the config's gate: is each shown to be not worse than the baseline?

    Nothing is sent or collected. A candidate's runs are those of its newest label that is not the baseline's, or of
    the label given; runs of the same outputs under other labels are pooled with them: to run again until it passes
    is to look again at the same measurement. `looks = "repeated"` bounds the error however often one looks.

    Args:
        *candidates: candidates' names; every one of the config but the baseline where none is given.
        baseline: in place of the config's: a candidate's name, `label:` and a label, or a run id.
        label: the candidates under this label.
        policy: by which gate to judge where the config's differs from the one that the baseline was submitted under:
            by both, where the worse verdict counts, or by one.
        cases: read the cases too, for JUnit, comments and annotations.
        config: `evalkit.toml`, with the gate.
        store: the store's URL.

    Raises:
        ConfigError: the config or a rule of its gate is wrong.
        UsageError: the config has no gate, or a candidate or the baseline is not known.
    """
    from evalkit.pipeline.gate_cases import gate_cases
    from evalkit.pipeline.gating import Gatekeeper
    from evalkit.tables.gates import GateTable

    with Session(config=config, store=store, reads=True) as session:
        keeper = Gatekeeper(
            store=session.store,
            config=session.config,
            now=datetime.now(UTC),
            baseline=baseline,
            label=label,
            use=policy,
        )
        judged = keeper.judge(candidates)
        return GateTable(
            suite=session.config.name,
            gates=tuple(one.gate for one in judged),
            cases=gate_cases(session.store, session.config, judged) if cases else (),
            cost=_cost(session.store, [run for one in judged for run in one.runs]) if cases else None,
        )


def _cost(store: Store, runs: Sequence[Run]) -> RunCost:
    from evalkit.ci import RunCost
    from evalkit.pipeline.overview import overview

    spent = {view.run: view.spending for view in overview(store, runs)}.values()
    read, written = sum(one.cache_read_tokens for one in spent), sum(one.cache_write_tokens for one in spent)
    return RunCost(cache_read_share=read / (read + written) if read + written else None)


def rank(
    *,
    grader: str | None = None,
    label: str | None = None,
    baseline: str | None = None,
    config: Path | str | None = None,
    store: str | None = None,
) -> RankTable:
    """Rank candidates by Bradley-Terry, from the runs that put their outputs beside each other.

    Args:
        grader: pairs under this grader only; else those of all that ask the same are taken together.
        label: runs of this label; the newest that pairs were judged under where None.
        baseline: whose strength is 0; the candidate that most stood beside where None.
        config: `evalkit.toml`, for the suite's name.
        store: the store's URL.

    Raises:
        UsageError: there is no run of pairs, no pair has a score, or the baseline stands in none.
    """
    from evalkit.pipeline.ranking import rankings
    from evalkit.pipeline.selection import scope_of
    from evalkit.tables.rankings import RankTable

    with Session(config=config, store=store, reads=True) as session:
        known = session.config_or_none
        scope = scope_of(session.store, known.name if known else None)
        return RankTable(tuple(rankings(session.store, scope, grader=grader, label=label, baseline=baseline)))


def power(
    *runs: str,
    deltas: Sequence[float] = (),
    baseline: str | None = None,
    label: str | None = None,
    criterion: str | None = None,
    confidence: float = 0.95,
    power: float = 0.8,
    config: Path | str | None = None,
    store: str | None = None,
) -> PowerTable:
    """How many cases, or judge samples, it takes to see a difference: from the runs' own spread.

    Args:
        *runs: runs or candidates, as for `compare`.
        deltas: differences of the mean score; the gate's margin and a ladder from 0.01 to 0.1 where none is given.
        baseline: as for `compare`.
        label: as for `compare`.
        criterion: this criterion only.
        confidence: of the two-sided interval.
        power: the chance to see a difference that is there.
        config: `evalkit.toml`, for the suite's name and its gate.
        store: the store's URL.

    Raises:
        UsageError: a word names no run, there is no baseline, no criterion in common, or a difference is not above 0.
    """
    from evalkit.pipeline.powering import powered
    from evalkit.pipeline.selection import Wanted, scope_of, select_pairs
    from evalkit.tables.powers import PoweredPair, PowerTable

    if any(not 0 < delta <= 1 for delta in deltas):
        raise UsageError("a difference to see is above 0 and at most 1, as in --delta 0.02")
    with Session(config=config, store=store, reads=True) as session:
        known = session.config_or_none
        margin = known.gate.margin if known and known.gate else None
        wanted = Wanted(runs=runs, baseline=baseline, label=label, usual_baseline=known.baseline if known else None)
        found = select_pairs(session.store, scope_of(session.store, known.name if known else None), wanted)
        asked = tuple(deltas) or tuple(sorted({*_LADDER, *([margin] if margin else [])}))
        rows = tuple(
            PoweredPair(baseline=pair.baseline.candidate, candidate=pair.candidate.candidate, power=made)
            for pair in found.pairs
            for made in powered(session.store, pair, asked, criterion, confidence=confidence, power=power)
        )
        if not rows:
            raise UsageError(f"no two of these runs are both scored on {criterion!r}")
        return PowerTable(rows=rows, notes=found.notes)


def trend(
    candidate: str | None = None,
    *,
    grader: str | None = None,
    criterion: str | None = None,
    config: Path | str | None = None,
    store: str | None = None,
) -> TrendTable:
    """Candidates over time, one trend per candidate, grader and criterion.

    Args:
        candidate: this candidate only.
        grader: this grader only.
        criterion: this criterion only.
        config: `evalkit.toml`, for the suite's name.
        store: the store's URL.

    Raises:
        UsageError: no run that has a score is meant.
    """
    from evalkit.pipeline.selection import scope_of
    from evalkit.tables.trends import TrendTable

    with Session(config=config, store=store, reads=True) as session:
        known = session.config_or_none
        scope = scope_of(session.store, known.name if known else None)
        meant = [run for run in scope if candidate in (None, run.candidate) and grader in (None, run.grader)]
        found = tuple(_trends(session.store, meant, criterion))
        if not found:
            asked = [word for word in (candidate, grader, criterion) if word is not None]
            of = f" of {', '.join(map(repr, asked))}" if asked else ""
            raise UsageError(f"there is no run{of} with a score to draw a trend from; `evalkit runs` lists the runs")
        return TrendTable(trends=found)


def _trends(store: Store, runs: Sequence[Run], criterion: str | None) -> Iterator[Trend]:
    from evalkit.analysis import trend as trend_of
    from evalkit.pipeline.history import histories
    from evalkit.pipeline.scores import run_scores

    by_id = {run.id: run for run in runs}
    scales = store.content.scales({run.grader_digest for run in runs})
    for (_, _), history in sorted(histories(store, runs).items()):
        newest = max(history, key=lambda run: run.created_at)
        for name in scales[newest.grader_digest]:
            having = [run for run in history if name in scales[run.grader_digest]]
            if criterion in (None, name):
                yield trend_of(having, lambda run, on=name: run_scores(store, by_id[run], on))

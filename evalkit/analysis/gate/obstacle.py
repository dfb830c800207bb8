"""Why a check cannot be judged at all: each reason has a word for programs and a sentence for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

from evalkit.analysis.comparability import mixed_by_reuse, reasons_against
from evalkit.analysis.gate import figures
from evalkit.analysis.gate.entry import GateCalibration, GateEntry
from evalkit.analysis.gate.policy import GatePolicy, GateRule
from evalkit.analysis.gate.verdict import GateVerdict
from evalkit.analysis.pairing import pairing
from evalkit.analysis.scores import RunScores
from evalkit.errors import IntegrityError
from evalkit.score import UNSCORED, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """What stands between a check and its numbers."""

    cause: str
    why: str
    verdict: GateVerdict = GateVerdict.INCONCLUSIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """How many cases of a run have a score on one criterion."""

    scored: int
    cases: int
    unscored: Mapping[Status, int]
    pending: int

    @property
    def share(self) -> float | None:
        """Scored cases / cases; None for an empty dataset."""
        return self.scored / self.cases if self.cases else None


def covered(scores: RunScores, n_cases: int | None) -> Covered:
    """The coverage of a run over the cases of its dataset, or over those it knows of.

    Raises:
        IntegrityError: the cases do not add up, or the run holds a case twice.
    """
    statuses = Counter(map(attrgetter("status"), scores.by_id().values()))
    have, waiting = statuses.total(), len(scores.pending or ())
    total = have + waiting if n_cases is None else n_cases
    pending = max(0, total - have) if scores.pending is None else waiting
    if have + pending != total:
        raise IntegrityError(
            f"run {scores.run}: {have} cases with a result and {pending} pending ones do not make up the {total} "
            "cases of its dataset"
        )
    unscored = {status: statuses[status] for status in UNSCORED if statuses[status]}
    return Covered(scored=statuses[Status.SCORED], cases=total, unscored=unscored, pending=pending)


def obstacle(
    rule: GateRule, entry: GateEntry | None, *, policy: GatePolicy, with_baseline: bool, relative: bool = False
) -> Obstacle | None:
    """The first thing that keeps a check from being judged, if there is one."""
    if entry is None or (entry.candidate is None and not entry.pending):
        missing = entry.no_candidate if entry else ""
        return Obstacle(cause="no-run", why=missing or f"no run of the candidate is scored by {rule.name}")
    candidate = entry.candidate
    if candidate is None or entry.pending or _waits(candidate, entry.candidate_cases):
        return _pending(candidate, entry)
    if entry.stale:
        return Obstacle(cause="stale", why=entry.stale)
    found = _unscored(candidate, entry.candidate_cases, rule)
    if found is None and with_baseline:
        found = _same_outputs(entry) or _no_baseline(entry, rule) or _not_comparable(entry) or _shrunk(entry, rule)
    if found is None and relative and candidate.low_value < 0:
        why = f"a relative drop needs scores of 0 and more, and these begin at {candidate.low_value:g}"
        found = Obstacle(cause="no-ratio", why=why)
    return found or _not_trusted(entry, rule, policy)


def _same_outputs(entry: GateEntry) -> Obstacle | None:
    """A change that alters no output cannot have made one worse: to measure it again would only measure noise."""
    if not entry.same_outputs:
        return None
    return Obstacle(
        cause="same-outputs", why="the outputs are the baseline's own, so none is worse", verdict=GateVerdict.PASS
    )


def _shrunk(entry: GateEntry, rule: GateRule) -> Obstacle | None:
    """Too many of the baseline's cases are gone or altered: a set can be made easier by what is left out of it."""
    if entry.baseline is None or entry.candidate is None:
        return None
    joined = pairing(entry.baseline, entry.candidate)
    lost = len(joined.removed) + len(joined.changed)
    before = len(entry.baseline.cases) + len(entry.baseline.pending or ())
    if not lost or 1 - lost / before >= rule.min_coverage:
        return None
    said = [f"{n:,} {what}" for n, what in ((len(joined.removed), "removed"), (len(joined.changed), "changed")) if n]
    why = (
        f"{figures.share(before - lost, before)} of the baseline's {figures.cases(before)} are in this dataset as they "
        f"were, {figures.percent(rule.min_coverage)} must ({' and '.join(said)}); score the baseline's outputs on this "
        "dataset, too"
    )
    return Obstacle(cause="cases-gone", why=why)


def _waits(scores: RunScores, n_cases: int | None) -> bool:
    return bool(scores.pending) or (n_cases is not None and n_cases > len(scores.cases))


def _pending(candidate: RunScores | None, entry: GateEntry) -> Obstacle:
    have = len(candidate.cases) if candidate else 0
    total = entry.candidate_cases or have + (len(candidate.pending or ()) if candidate else 0)
    if entry.handed_over:
        why = entry.handed_over
    elif candidate is not None and total and have >= total:
        whose = "the candidate" if candidate.run in entry.open_runs else "the baseline"
        why = " ".join([f"waits for a batch of {whose}: evalkit collect", *entry.open_runs])
    else:
        run = f" {candidate.run}" if candidate else ""
        progress = f"{have:,} of {figures.cases(total)} have a result" if total else "no case has a result yet"
        why = f"waits for its batch: {progress}; evalkit collect{run}"
    return Obstacle(cause="pending", why=why, verdict=GateVerdict.PENDING)


def _unscored(scores: RunScores, n_cases: int | None, rule: GateRule, *, baseline: bool = False) -> Obstacle | None:
    """A side without cases, without scores, or with too few of them."""
    whose = "the baseline's " if baseline else ""
    found = covered(scores, n_cases)
    if not found.cases:
        return Obstacle(cause="no-cases", why=f"{whose or 'the '}dataset has no cases")
    counted = figures.reasons(found.unscored)
    mend = f"evalkit retry {scores.run}"
    if not found.scored:
        why = f"no case of {f'{found.cases:,}'} has a score{' in the baseline' if baseline else ''} ({counted}); {mend}"
        return Obstacle(cause="no-scores", why=why)
    if found.scored / found.cases < rule.min_coverage:
        why = (
            f"{figures.share(found.scored, found.cases)} of {whose}{figures.cases(found.cases)} have a score, "
            f"{figures.percent(rule.min_coverage)} must ({counted}); {mend}"
        )
        return Obstacle(cause="coverage", why=why)
    return None


def _no_baseline(entry: GateEntry, rule: GateRule) -> Obstacle | None:
    if entry.baseline is None:
        why = entry.no_baseline or "there is no run of the baseline to compare with; submit it first"
        return Obstacle(cause="no-baseline", why=why)
    if _waits(entry.baseline, entry.baseline_cases):
        why = f"waits for the baseline: evalkit collect {entry.baseline.run}"
        return Obstacle(cause="pending", why=why, verdict=GateVerdict.PENDING)
    return _unscored(entry.baseline, entry.baseline_cases, rule, baseline=True)


def _not_comparable(entry: GateEntry) -> Obstacle | None:
    if entry.baseline is None or entry.candidate is None:
        return None
    if found := reasons_against(entry.baseline, entry.candidate):
        mixed = next((one for one in (entry.candidate, entry.baseline) if mixed_by_reuse(one)), None)
        mend = f"evalkit rejudge {entry.baseline.run} scores the baseline's outputs anew"
        if mixed is not None:
            mend = f"evalkit submit --fresh under another label judges all that run {mixed.run} took over"
        return Obstacle(cause="not-comparable", why=f"not comparable: {'; '.join(found)}; {mend}")
    before = {case.case_id: case for case in entry.baseline.cases}
    same = [case for case in entry.candidate.cases if case.case_id in before]
    equal = [case for case in same if before[case.case_id].case_digest == case.case_digest]
    if any(case.value is not None and before[case.case_id].value is not None for case in equal):
        return None
    kept = f"{figures.cases(len(same))} in both, {len(equal):,} of them unchanged"
    return Obstacle(
        cause="no-pairs", why=f"no case has a score in both runs ({kept}); score the baseline on this dataset"
    )


def _not_trusted(entry: GateEntry, rule: GateRule, policy: GatePolicy) -> Obstacle | None:
    """A judge whose agreement with people is required, and not shown."""
    if not entry.judged or (rule.require_agreement is None and policy.max_calibration_age_days is None):
        return None
    if entry.calibration is None:
        run = entry.candidate.run if entry.candidate else "RUN"
        why = f"its agreement with people was never measured: evalkit agree {run} --labels FILE"
    else:
        why = _disagrees(entry.calibration, rule) or _too_old(entry.calibration, policy)
    return Obstacle(cause="agreement", why=f"the judge may not gate: {why}") if why else None


def _disagrees(calibration: GateCalibration, rule: GateRule) -> str:
    if rule.require_agreement is None:
        return ""
    labels = "1 label" if calibration.n == 1 else f"{calibration.n:,} labels"
    if calibration.low is None:
        return f"{calibration.n:,} labels are too few to tell its agreement with people"
    if calibration.low < rule.require_agreement:
        return (
            f"its agreement with people (AC1) may be as low as {calibration.low:.3f} by {labels}, "
            f"{rule.require_agreement:g} is required"
        )
    return ""


def _too_old(calibration: GateCalibration, policy: GatePolicy) -> str:
    most = policy.max_calibration_age_days
    if most is None or calibration.age_days <= most:
        return ""
    return (
        f"its agreement with people was measured {calibration.age_days:,.0f} days ago, {most:g} are allowed: "
        "evalkit agree --labels FILE"
    )

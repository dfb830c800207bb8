"""Several raters of the same outputs: people whose majority a judge is held against, or judges among themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from evalkit.analysis.agree import JudgeAgreement, Scale, judge_agreement, nearest
from evalkit.analysis.measure import Measure, as_measure, flat
from evalkit.analysis.scores import CaseScore, RunScores
from evalkit.calibration import Pair
from evalkit.errors import UsageError
from evalkit.stats import estimate
from evalkit.stats.krippendorff import krippendorff_alpha
from evalkit.stats.raters import fleiss_kappa, gwet


@dataclass(frozen=True, slots=True, kw_only=True)
class RatersAgreement:
    """How far raters agree with one another; ratings may be missing. What is undefined is None."""

    raters: int
    cases: int
    """Cases that two raters or more have scored."""
    agreement: Measure
    """The share of cases on which all of their raters agree."""
    ac1: Measure
    fleiss: float | None
    krippendorff: float | None
    """Alpha: nominal for two labels, interval for more."""

    def json(self) -> dict[str, object]:
        """As one JSON object."""
        return {
            "raters": self.raters,
            "cases": self.cases,
            **dict(flat("agreement", self.agreement)),
            **dict(flat("ac1", self.ac1)),
            "fleiss": self.fleiss,
            "krippendorff": self.krippendorff,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Consensus:
    """What raters say together of each case: the label that most of them gave."""

    values: Mapping[str, float]
    """By case id, in the order in which the cases were first rated."""
    ties: tuple[str, ...]
    """Cases whose raters are split evenly: they have no label."""
    raters: RatersAgreement | None
    """None where nobody rated a case that another rated, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgesAgreement:
    """Two runs or more that scored the same outputs, held against one another on one criterion."""

    runs: tuple[str, ...]
    judges: tuple[str, ...]
    """The judge of each run."""
    criterion: str
    n: int
    """Cases that are the same in all runs."""
    unscored: tuple[int, ...]
    """How many of them each run has no score for."""
    left_out: int
    """Cases that not all runs have, or whose content differs, or that were judged once for two of the runs."""
    raters: RatersAgreement
    pairs: tuple[JudgeAgreement, ...]
    """Every two runs, the earlier as the reference."""

    def json(self) -> dict[str, object]:
        """As one JSON object."""
        return {
            "runs": list(self.runs),
            "judges": list(self.judges),
            "criterion": self.criterion,
            "n": self.n,
            "unscored": list(self.unscored),
            "left_out": self.left_out,
            **self.raters.json(),
            "pairs": [pair.json() for pair in self.pairs],
        }


def consensus(ratings: Iterable[tuple[str, str | None, float]], scale: Scale) -> Consensus:
    """The consensus of ratings (case id, rater, value); a rater of no name is one of their own."""
    by_case: dict[str, list[tuple[str, float]]] = {}
    for case_id, rater, value in ratings:
        by_case.setdefault(case_id, []).append((rater or "", value))
    values: dict[str, float] = {}
    ties: list[str] = []
    for case_id, rated in by_case.items():
        counts = Counter(value for _, value in rated).most_common(2)
        if len(counts) > 1 and counts[0][1] == counts[1][1]:
            ties.append(case_id)
        else:
            values[case_id] = counts[0][0]
    names = sorted({rater for rated in by_case.values() for rater, _ in rated})
    several = any(len(rated) > 1 for rated in by_case.values())
    table = [[dict(rated).get(name) for name in names] for rated in by_case.values()]
    return Consensus(
        values=values, ties=tuple(ties), raters=raters_agreement(table, scale, raters=len(names)) if several else None
    )


def raters_agreement(
    table: Sequence[Sequence[float | None]],
    scale: Scale,
    *,
    raters: int,
    clusters: Sequence[str | None] | None = None,
    confidence: float = 0.95,
) -> RatersAgreement:
    """The agreement of raters from one row of values per case, one place per rater, None where there is no rating."""
    places = [[None if one is None else nearest(one, scale) for one in row] for row in table]
    twice = [row for row, rated in enumerate(places) if sum(one is not None for one in rated) > 1]
    same = [float(len({one for one in places[row] if one is not None}) == 1) for row in twice]
    groups = None if clusters is None else [clusters[row] for row in twice]
    categories = range(len(scale))
    numbers = [[None if place is None else scale[place][1] for place in row] for row in places]
    return RatersAgreement(
        raters=raters,
        cases=len(twice),
        agreement=as_measure(estimate(same, clusters=groups, confidence=confidence)),
        ac1=as_measure(gwet(places, categories, confidence=confidence)),
        fleiss=fleiss_kappa(places, categories, confidence=confidence).value,
        krippendorff=krippendorff_alpha(numbers, level="interval" if len(scale) > 2 else "nominal"),
    )


def judges_agreement(
    runs: Sequence[RunScores],
    scale: Scale,
    *,
    reasons: Mapping[str, str | None] | None = None,
    confidence: float = 0.95,
) -> JudgesAgreement:
    """Runs of the same outputs on one criterion, held against one another.

    Args:
        runs: their scores, two runs or more.
        scale: the criterion's labels, worst first.
        reasons: what the last run's judge gave as its reasons, by case id.
        confidence: of every interval.

    A score that one run took over from another is no second opinion: its case is left out.

    Raises:
        UsageError: the runs have no case in common that was judged for each of them.
    """
    tables = [run.by_id() for run in runs]
    same = [case for case in runs[0].cases if _same(case, tables)]
    shared = [case for case in same if _each_judged(case.case_id, runs, tables)]
    if same and not shared:
        raise UsageError(
            f"runs {' and '.join(run.run for run in runs)} have the same judgements, which one took over from the "
            "other: a judgement agrees with itself; judge the outputs anew under another label (--fresh)"
        )
    if not shared:
        raise UsageError(
            f"runs {' and '.join(run.run for run in runs)} have no case in common that is the same in all of them; "
            "name runs of one dataset"
        )
    rows = [[table[case.case_id].value for table in tables] for case in shared]
    clusters = {case.case_id: case.cluster for case in shared}

    def pair(one: int, other: int) -> JudgeAgreement:
        both = [
            Pair(case_id=case.case_id, human=before, judge=row[other])
            for case, row in zip(shared, rows, strict=True)
            if (before := row[one]) is not None
        ]
        last = other == len(runs) - 1
        return judge_agreement(
            both,
            scale,
            run=runs[other].run,
            criterion=runs[0].criterion,
            reference=runs[one].run,
            clusters=clusters,
            reasons=reasons if last else None,
            confidence=confidence,
        )

    every = {case_id for table in tables for case_id in table}
    return JudgesAgreement(
        runs=tuple(run.run for run in runs),
        judges=tuple(run.judge for run in runs),
        criterion=runs[0].criterion,
        n=len(shared),
        unscored=tuple(sum(row[place] is None for row in rows) for place in range(len(runs))),
        left_out=len(every) - len(shared),
        raters=raters_agreement(rows, scale, raters=len(runs), clusters=list(clusters.values()), confidence=confidence),
        pairs=tuple(pair(one, other) for one, other in combinations(range(len(runs)), 2)),
    )


def _each_judged(case_id: str, runs: Sequence[RunScores], tables: Sequence[Mapping[str, CaseScore]]) -> bool:
    """Whether no two of the runs have one and the same judgement of a case."""
    seen = {run.observation(table[case_id]) for run, table in zip(runs, tables, strict=True)}
    return len(seen) == len(runs)


def _same(case: CaseScore, tables: Sequence[Mapping[str, CaseScore]]) -> bool:
    """Whether all runs have the case, and with the same content."""
    return all(
        (other := table.get(case.case_id)) is not None and other.case_digest == case.case_digest for table in tables
    )

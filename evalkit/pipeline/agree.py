"""A run beside what people said of its outputs: labels in, a calibration out, kept for the gate and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalkit import ids
from evalkit.analysis import RunScores
from evalkit.analysis.agree import JudgeAgreement, Scale, judge_agreement
from evalkit.analysis.corrected import Corrected, corrected
from evalkit.analysis.raters import Consensus, JudgesAgreement, RatersAgreement, consensus, judges_agreement
from evalkit.calibration import Calibration, Pair
from evalkit.dataset.case import Json
from evalkit.dataset.human import LabelColumn
from evalkit.dataset.labels import HumanLabel, Labels, ToValue, label_text, load_labels
from evalkit.dataset.problems import Refused, did_you_mean, listed
from evalkit.errors import UsageError
from evalkit.pipeline.draw import draw_order
from evalkit.pipeline.scores import run_scores
from evalkit.run import Run
from evalkit.stats import Estimate, estimate
from evalkit.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """A run's judge beside people on one criterion, and what the labels make of the run's mean."""

    agreement: JudgeAgreement
    calibration: Calibration
    stored: bool
    """Whether the calibration is new; the same labels of the same scores are kept once."""
    grader: str
    judge: str
    candidate: str
    raters: RatersAgreement | None
    """How far the raters agree among themselves, which no judge is expected to exceed; None for one rater a case."""
    ties: tuple[str, ...]
    """Cases whose raters are split evenly, which have no label."""
    raw: Estimate
    """The run's own mean, over every case that the judge scored."""
    corrected: Corrected
    labels: Labels
    simulated: bool = False

    def json(self) -> dict[str, object]:
        """One entry of `agree --json`."""
        labels = self.labels
        return {
            **self.agreement.json(),
            "grader": self.grader,
            "judge": self.judge,
            "candidate": self.candidate,
            "source": self.calibration.source,
            "sampled": self.calibration.sampled,
            "calibration": self.calibration.id,
            "measured_at": self.calibration.measured_at.isoformat(),
            "stored": self.stored,
            "raters": self.raters and self.raters.json(),
            "ties": list(self.ties),
            "mean": self.raw.mean,
            "low": self.raw.low,
            "high": self.raw.high,
            **self.corrected.json(),
            "rows": {
                "other_candidates": labels.other_candidates,
                "other_criteria": labels.other_criteria,
                "unlabelled": labels.unlabelled,
                "unknown": list(labels.unknown),
            },
            "notes": list(labels.notes),
            "simulated": self.simulated,
        }


def agree_with_people(
    store: Store,
    run: Run,
    path: Path | LabelColumn,
    *,
    criterion: str | None = None,
    random: bool = False,
    fields: Mapping[str, str] | None = None,
) -> tuple[Agreed, ...]:
    """Hold a run's judge against a file of labels, one result per criterion that has labels; each is kept.

    Args:
        store: where the run is, and where the calibrations go.
        run: a run that is collected.
        path: the file of labels, or a column of the dataset itself.
        criterion: one criterion of the grader; every one where None.
        random: the labelled cases are a random sample; else they are where they are the first of the run's draw.
        fields: field -> column, where the file has names of its own.

    Raises:
        UsageError: the run has no such criterion, or cases without a result.
        DatasetError: the file is wrong, or has no label of this run.
    """
    scales = scales_of(store, run, criterion)
    scores = {name: _collected(run_scores(store, run, name)) for name in scales}
    cases = [case.case_id for case in next(iter(scores.values())).cases]
    criteria = {name: to_value(scale) for name, scale in scales.items()}
    labels = (
        load_labels(path, candidate=run.candidate, criteria=criteria, cases=frozenset(cases), fields=fields)
        if isinstance(path, Path)
        else path.labels(criteria, frozenset(cases))
    )
    order = draw_order(store, run)
    return tuple(
        _agreed(store, run, scores[name], scales[name], labels, sampled=random or _is_drawn(rated, order))
        for name, rated in labels.by_criterion.items()
    )


def agree_between(store: Store, runs: Sequence[Run], *, criterion: str | None = None) -> tuple[JudgesAgreement, ...]:
    """Hold runs of the same outputs against one another, one result per criterion that all have with the same labels.

    Raises:
        UsageError: the runs scored different outputs or criteria, one has pending cases, or is named twice.
    """
    _check_alike(runs)
    every = [scales_of(store, run, criterion) for run in runs]
    shared = [name for name in every[0] if all(scales.get(name) == every[0][name] for scales in every)]
    if not shared:
        named = "; ".join(f"run {run.id} has {listed(scales)}" for run, scales in zip(runs, every, strict=True))
        raise UsageError(f"the runs share no criterion with the same labels: {named}")
    return tuple(
        judges_agreement(
            [_collected(run_scores(store, run, name)) for run in runs],
            every[0][name],
            reasons=_reasons(store, runs[-1], name),
        )
        for name in shared
    )


def scales_of(store: Store, run: Run, criterion: str | None = None) -> dict[str, Scale]:
    """The criteria of a run's grader with their labels and values, worst first; or the one that is named.

    Raises:
        UsageError: the grader has no such criterion.
    """
    _, spec = store.content.grader(run.grader_digest)
    every: dict[str, Scale] = {
        str(item["name"]): tuple(
            sorted(((name, float(value)) for name, value in item["labels"]), key=lambda one: one[1])
        )
        for item in spec["criteria"]
    }
    if criterion is None:
        return every
    if criterion not in every:
        guess = did_you_mean(criterion, every)
        raise UsageError(f"run {run.id} has no criterion {criterion!r}; {guess}it has {listed(every)}")
    return {criterion: every[criterion]}


def to_value(scale: Scale) -> ToValue:
    """What turns a label as a person wrote it, a name or a number on the scale, into its value."""
    by_name = {name.strip().casefold(): value for name, value in scale}
    low, high = scale[0][1], scale[-1][1]
    mend = f"write one of {listed(name for name, _ in scale)}, or a number from {low:g} to {high:g}"

    def value(label: Json) -> float:
        text = label_text(label)
        if text.casefold() in by_name:
            return by_name[text.casefold()]
        try:
            number = float(text)
        except ValueError:
            raise Refused(f"{text[:60]!r} is no label of the criterion", mend) from None
        if not low <= number <= high:
            raise Refused(f"{text[:60]} is not on the scale", mend)
        return number

    return value


def _agreed(store: Store, run: Run, scores: RunScores, scale: Scale, labels: Labels, *, sampled: bool) -> Agreed:
    rated = labels.by_criterion[scores.criterion]
    found = consensus(((one.case_id, one.rater, one.value) for one in rated), scale)
    calibration, stored = _keep(store, _calibration(run, scores, labels.path, found, sampled=sampled))
    values = [(case.value, case.cluster) for case in scores.cases if case.value is not None]
    raw = estimate(
        [value for value, _ in values],
        clusters=[cluster for _, cluster in values],
        low_value=scores.low_value,
        high_value=scores.high_value,
    )
    return Agreed(
        agreement=judge_agreement(
            calibration.pairs,
            scale,
            run=run.id,
            criterion=scores.criterion,
            clusters={case.case_id: case.cluster for case in scores.cases},
            reasons=_reasons(store, run, scores.criterion),
        ),
        calibration=calibration,
        stored=stored,
        grader=run.grader,
        judge=run.judge.model if run.judge else "",
        candidate=run.candidate,
        raters=found.raters,
        ties=found.ties,
        raw=raw,
        corrected=corrected(scores, calibration, same_outputs=True),
        labels=labels,
        simulated=scores.simulated,
    )


def _calibration(run: Run, scores: RunScores, path: Path, found: Consensus, *, sampled: bool) -> Calibration:
    judged = {case.case_id: case.value for case in scores.cases}
    values = sorted(found.values.items())
    return Calibration(
        run=run.id,
        candidate_digest=run.candidate_digest,
        dataset=run.dataset,
        grader_digest=run.grader_digest,
        judge_digest=run.judge.digest if run.judge else "",
        criterion=scores.criterion,
        source=path.name,
        labels_digest=ids.digest([[case_id, value] for case_id, value in values]),
        sampled=sampled,
        pairs=tuple(Pair(case_id=case_id, human=value, judge=judged[case_id]) for case_id, value in values),
    )


def _keep(store: Store, calibration: Calibration) -> tuple[Calibration, bool]:
    """The calibration as the store has it: one that says the same of the same run keeps its time."""
    kept = store.calibrations.of_run(calibration.run, calibration.criterion)
    if kept is not None and (kept.labels_digest, kept.sampled, kept.pairs) == (
        calibration.labels_digest,
        calibration.sampled,
        calibration.pairs,
    ):
        return kept, False
    return calibration, store.calibrations.add(calibration)


def _is_drawn(rated: Sequence[HumanLabel], order: Sequence[str]) -> bool:
    """Whether the labelled cases are exactly the first of the run's draw."""
    labelled = {one.case_id for one in rated}
    return bool(labelled) and labelled == set(order[: len(labelled)])


def _collected(scores: RunScores) -> RunScores:
    if scores.pending:
        raise UsageError(
            f"{len(scores.pending)} cases of run {scores.run} have no result yet; collect it first: "
            f"evalkit collect {scores.run} --wait"
        )
    return scores


def _check_alike(runs: Sequence[Run]) -> None:
    if len({run.id for run in runs}) < len(runs):
        raise UsageError("a run is named twice; name runs of different judges, graders or labels")
    first = runs[0]
    for run in runs[1:]:
        if run.candidate_digest != first.candidate_digest:
            raise UsageError(
                f"run {first.id} scored the outputs of {first.candidate!r} and run {run.id} others, of "
                f"{run.candidate!r}: judges agree or not about the same outputs; `evalkit compare` is for candidates"
            )


def _reasons(store: Store, run: Run, criterion: str) -> dict[str, str | None]:
    placed = store.scores.of(run.id, criterion)
    return {one.score.case_id: one.score.verdict.reason for one in placed if not one.score.suffix}

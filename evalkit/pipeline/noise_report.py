"""What a noise run says of a judge: how often it contradicts itself, and which differences that alone could make."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.errors import UsageError
from evalkit.run import Run
from evalkit.stats import Estimate
from evalkit.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionNoise:
    """The noise of a judge under one criterion; what is undefined is None."""

    criterion: str
    cases: int
    """Cases with two scored judgements or more, which alone tell of noise."""
    judgements: int
    """Their scored judgements."""
    unscored: Mapping[str, int]
    """Judgements without a value, by reason."""
    mean: float | None
    flip_rate: Estimate
    """The chance that two judgements of one output differ."""
    unanimous_share: Estimate
    """The share of outputs on which all judgements agree."""
    within_variance: float | None
    between_variance: float | None
    icc: float | None
    judge_floor: float | None
    """The smallest difference between two runs like the one measured that is not lost in the judge's noise."""
    judge_floor_sampled: float | None
    """The same, where each output is judged as often as in the noise run."""

    def json(self) -> dict[str, object]:
        """The row of `noise --json`."""
        return {
            "criterion": self.criterion,
            "cases": self.cases,
            "judgements": self.judgements,
            "unscored": dict(self.unscored),
            "mean": self.mean,
            "flip_rate": _interval(self.flip_rate),
            "unanimous_share": _interval(self.unanimous_share),
            "within_variance": self.within_variance,
            "between_variance": self.between_variance,
            "icc": self.icc,
            "judge_floor": self.judge_floor,
            "judge_floor_sampled": self.judge_floor_sampled,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseReport:
    """What a noise run found."""

    run: str
    """The noise run."""
    of_run: str
    """The run that it is about."""
    candidate: str
    grader: str
    judge: str
    cases: int
    """Cases that were judged again."""
    samples: int
    of_cases: int
    """Cases of the run that it is about, which the floors are for."""
    of_samples: int
    """How often that run judges each output."""
    simulated: bool
    criteria: tuple[CriterionNoise, ...]

    def json(self) -> dict[str, object]:
        """The document of `noise --json`."""
        return {
            "run": self.run,
            "of_run": self.of_run,
            "candidate": self.candidate,
            "grader": self.grader,
            "judge": self.judge,
            "cases": self.cases,
            "samples": self.samples,
            "of_cases": self.of_cases,
            "of_samples": self.of_samples,
            "simulated": self.simulated,
            "criteria": [criterion.json() for criterion in self.criteria],
        }


def noise_of(store: Store, noise_run: Run) -> NoiseReport:
    """What a noise run found, from the judgements that are there.

    Raises:
        UsageError: the run measures no noise.
    """
    link = store.noise.of(noise_run.id)
    if link is None:
        raise UsageError(
            f"run {noise_run.id} measures no noise; `evalkit noise {noise_run.id}` measures that of its judge"
        )
    of_run = store.runs.get(link.of_run)
    _, spec = store.content.grader(noise_run.grader_digest)
    _, of_spec = store.content.grader(link.grader_digest)
    samples, of_samples = int(spec["samples"]), int(of_spec.get("samples", 1))
    values: dict[str, dict[str, list[float]]] = {item["name"]: defaultdict(list) for item in spec["criteria"]}
    unscored: dict[str, Counter[str]] = {name: Counter() for name in values}
    for criterion, case_id, status, value in store.judgements.of(noise_run.id):
        if value is None:
            unscored[criterion][status.value] += 1
        else:
            values[criterion][case_id].append(value)
    return NoiseReport(
        run=noise_run.id,
        of_run=of_run.id,
        candidate=of_run.candidate,
        grader=of_run.grader,
        judge=of_run.judge.model if of_run.judge else "",
        cases=noise_run.cases,
        samples=samples,
        of_cases=of_run.cases,
        of_samples=of_samples,
        simulated=any(batch.simulated for batch in store.progress([noise_run.id])[noise_run.id][1]),
        criteria=tuple(
            _criterion(name, found, unscored[name], n=of_run.cases, samples=(of_samples, samples))
            for name, found in values.items()
        ),
    )


def _criterion(
    name: str, values: Mapping[str, list[float]], unscored: Mapping[str, int], *, n: int, samples: tuple[int, int]
) -> CriterionNoise:
    from evalkit.stats.repeats import judge_floor, repeats

    found = repeats(list(values.values()))
    floors = [
        None if found.within_variance is None else judge_floor(found.within_variance, n=n, samples=one)
        for one in samples
    ]
    return CriterionNoise(
        criterion=name,
        cases=found.n_items,
        judgements=found.n_judgements,
        unscored=dict(unscored),
        mean=found.mean,
        flip_rate=found.flip_rate,
        unanimous_share=found.unanimous_share,
        within_variance=found.within_variance,
        between_variance=found.between_variance,
        icc=found.icc,
        judge_floor=floors[0],
        judge_floor_sampled=floors[1],
    )


def _interval(estimate: Estimate) -> dict[str, object]:
    return {"value": estimate.mean, "low": estimate.low, "high": estimate.high, "method": estimate.method}

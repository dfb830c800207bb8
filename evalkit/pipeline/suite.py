"""A suite: a config with its dataset, graders and candidates loaded, ready to be planned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalkit.analysis.gate import GatePolicy
from evalkit.candidate import Candidate, load_candidates
from evalkit.config import Config
from evalkit.config.section import DEFAULT_MAX_TOKENS
from evalkit.dataset import AnyDataset, Dataset, load_dataset
from evalkit.errors import ConfigError, DatasetError, InputError, Problem, UsageError
from evalkit.graders import (
    Check,
    Generation,
    Grader,
    KnownOutput,
    PairwiseGrader,
    Sentinel,
    build_graders,
    load_sentinels,
    riding,
    with_baselines,
    wrong_verdicts,
)
from evalkit.graders.jury import Jury, members
from evalkit.pipeline.narrow import filter_of
from evalkit.run import Judge, Run, RunKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """A run with what it takes to make it."""

    run: Run
    dataset: AnyDataset
    grader: Grader
    candidate: Candidate
    policy: Mapping[str, Any] | None = None
    """The gate that it is submitted under, as the store keeps it; None where the config has none."""
    sentinels: tuple[Sentinel, ...] = ()
    needs: tuple[str, ...] = ()
    """Runs that are to be collected before it can be scored: the one that makes its outputs."""
    fresh: bool = False
    """Whether outputs that were made before are made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Everything a config names, loaded and found sound."""

    config: Config
    dataset: Dataset
    graders: tuple[Grader, ...]
    candidates: tuple[Candidate, ...]
    sentinels: tuple[KnownOutput, ...] = ()
    judge_model: str | None = None
    """A model to judge in place of the config's."""
    simulated: bool = False
    """The sandbox judges."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of how the files were read."""
        beside = (
            f"{one.name}: the outputs of {one.against} stand beside those of the others, so it has no run of its own"
            for one in self.graders
            if isinstance(one, PairwiseGrader)
        )
        return (*self.dataset.notes, *self.warnings, *beside, *_jury_notes(self.config))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know each time: outputs that are not there, or belong to no case."""
        own = (note for candidate in self.candidates for note in candidate.notes)
        return (*self.dataset.narrowing, *own)

    def planned(self, label: str, *, fresh: bool = False) -> tuple[PlannedRun, ...]:
        """One run per candidate and grader, in the order of the config, each behind the run that makes its outputs.

        Args:
            label: the label.
            fresh: whether generated candidates answer every case anew under this label.
        """
        made = {
            candidate.name: generation_of(self, candidate, label if fresh else "", fresh=fresh)
            for candidate in self.candidates
        }
        return tuple(one for candidate in self.candidates for one in self._of(candidate, label, made))

    def _of(self, candidate: Candidate, label: str, made: Mapping[str, PlannedRun | None]) -> Iterator[PlannedRun]:
        """The runs of a candidate, behind the run that makes its outputs; `made` are such runs by candidate."""
        policy = policy_of(self.config, self.graders)
        makes = made[candidate.name]
        if makes:
            yield makes
            candidate = makes.candidate
        known = [one.candidate if one else own for own, one in zip(self.candidates, made.values(), strict=True)]
        for grader in with_baselines(self.graders, known):
            other = made[grader.against] if isinstance(grader, PairwiseGrader) else None
            if isinstance(grader, PairwiseGrader) and grader.against == candidate.name:
                continue
            planned = PlannedRun(
                run=self._run(grader, candidate, label),
                dataset=self.dataset,
                grader=grader,
                candidate=candidate,
                policy=policy,
                sentinels=riding(self.sentinels, grader),
                needs=tuple(one.run.id for one in (makes, other) if one),
            )
            yield from with_jurors(planned)

    def _run(self, grader: Grader, candidate: Candidate, label: str) -> Run:
        judged = not isinstance(grader, Check)
        kind = RunKind.JURY if self.config.jury else RunKind.GRADING
        return Run(
            suite=self.config.name,
            kind=kind if judged else RunKind.CHECK,
            dataset=self.dataset.digest,
            dataset_name=self.config.dataset.name,
            candidate=candidate.name,
            candidate_digest=candidate.digest,
            baseline_digest=grader.baseline_digest if isinstance(grader, PairwiseGrader) else None,
            grader=grader.name,
            grader_digest=grader.digest,
            judge=judge_of(self.config, model=self.judge_model, simulated=self.simulated) if judged else None,
            label=label,
            cases=self.dataset.n,
        )


def with_jurors(planned: PlannedRun) -> Iterator[PlannedRun]:
    """A planned run, behind the runs that it is derived from where it is a jury's."""
    jurors = members(planned.run)
    yield from (replace(planned, run=juror) for juror in jurors)
    yield replace(planned, sentinels=(), needs=tuple(one.id for one in jurors)) if jurors else planned


def generation_of(suite: Suite, candidate: Candidate, label: str, *, fresh: bool) -> PlannedRun | None:
    """The run that makes the outputs of a candidate; None where they are recorded.

    Its label is empty, whatever that of the runs that score the outputs: it is one run for all of them, unless the
    outputs are to be made anew under a label.
    """
    made_by = candidate.generator
    if made_by is None:
        return None
    grader = Generation.of(made_by)
    if fresh:
        candidate = candidate.fresh(suite.dataset.digest, label)
    run = Run(
        suite=suite.config.name,
        kind=RunKind.GENERATION,
        dataset=suite.dataset.digest,
        dataset_name=suite.dataset.path.name,
        candidate=candidate.name,
        candidate_digest=candidate.digest,
        grader=grader.name,
        grader_digest=grader.digest,
        judge=Judge(
            model=made_by.model, effort=made_by.effort, max_tokens=made_by.max_tokens, simulated=made_by.simulated
        ),
        label=label,
        cases=suite.dataset.n,
    )
    return PlannedRun(run=run, dataset=suite.dataset, grader=grader, candidate=candidate, fresh=fresh)


def judge_of(config: Config, *, model: str | None = None, simulated: bool = False) -> Judge:
    """The judge of a config, or its jury; `model` judges in place of the config's.

    Raises:
        ConfigError: the config has none.
        UsageError: a model is named beside a jury.
    """
    judge = config.judge
    if config.jury is not None:
        if model is not None:
            raise UsageError(
                f"{config.path} has a [jury], so that no single model judges in place of its judges: leave --judge "
                "out, or name another config"
            )
        jury = Jury.of(config.jury.judges, config.jury.reducer)
        effort, max_tokens = (judge.effort, judge.max_tokens) if judge else (None, DEFAULT_MAX_TOKENS)
        return Judge(model=jury.name, effort=effort, max_tokens=max_tokens, simulated=simulated)
    if judge is None:
        where, mend = str(config.path), 'add [judge] with model = "claude-haiku-5-5"'
        raise ConfigError([Problem(where, "judge", "a rubric grader needs a judge", mend)])
    return Judge(model=model or judge.model, effort=judge.effort, max_tokens=judge.max_tokens, simulated=simulated)


def _jury_notes(config: Config) -> Iterator[str]:
    if config.jury is not None and len(config.jury.judges) % 2 == 0 and config.jury.reducer == "majority":
        n = len(config.jury.judges)
        yield f"jury: {n} judges can be split evenly, and a tie is their mean; an odd number, 3 or more, is better"


def measures_of(graders: Iterable[Grader]) -> list[tuple[str, str]]:
    """What a suite measures: every criterion of every grader, as (grader, criterion)."""
    return [(grader.name, criterion.name) for grader in graders for criterion in grader.criteria]


def policy_of(config: Config, graders: Iterable[Grader]) -> dict[str, Any] | None:
    """The gate that a config's runs are submitted under, as the store keeps it; None where the config has none.

    It names every criterion, so that one that is dropped later is missed.

    Raises:
        ConfigError: a rule of the gate names a criterion that no grader has.
    """
    return None if config.gate is None else GatePolicy.of(config.gate, measures_of(graders)).json()


def sentinels_of(config: Config, graders: Sequence[Grader]) -> tuple[KnownOutput, ...]:
    """The known outputs that a config lets ride with its graders.

    Raises:
        DatasetError, ConfigError: their file is wrong, or they name what the suite does not have.
    """
    if config.sentinels is None:
        return ()
    known = load_sentinels(config.sentinels.path)
    if problems := wrong_verdicts(known, graders):
        raise ConfigError(problems)
    return known


def load_suite(config: Config, *, judge: str | None = None, simulated: bool = False) -> Suite:
    """Load everything a config names; `judge` is a model to judge in place of the config's, if any model does.

    Raises:
        ConfigError: the config or a rubric is wrong.
        DatasetError: the dataset or a file of outputs is wrong.
    """
    if config.jury is not None:
        judge_of(config, model=judge, simulated=simulated)  # a judge in its place is refused before anything is read
    problems: list[Problem] = []
    try:
        graders = build_graders(config)
    except ConfigError as error:
        graders, problems = (), error.problems
    try:
        dataset = load_cases(config)
    except DatasetError as error:
        raise _together(problems, error) from error
    if problems:
        raise ConfigError(problems)
    known = sentinels_of(config, graders)
    candidates = load_candidates(config, dataset, simulated=simulated)
    _compile_prompts(candidates)
    return Suite(
        config=config,
        dataset=dataset,
        graders=with_baselines(graders, candidates),
        candidates=candidates,
        sentinels=known,
        judge_model=judge,
        simulated=simulated,
    )


def _compile_prompts(candidates: Iterable[Candidate]) -> None:
    """Find what is wrong in the prompts of all generated candidates at once.

    Raises:
        ConfigError: a prompt cannot be used.
    """
    problems: list[Problem] = []
    for candidate in candidates:
        try:
            if candidate.generator:
                Generation.of(candidate.generator)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)


def load_cases(config: Config, *, whole: bool = False) -> Dataset:
    """The cases that a config wants; all of the dataset, whatever its filter, where `whole`.

    Raises:
        ConfigError: its filter has no condition.
        DatasetError: the dataset or a file of ids is wrong, or the filter leaves no case.
    """
    dataset = config.dataset
    return load_dataset(
        dataset.files,
        fields=dataset.fields,
        outputs=output_columns(config),
        labels=dataset.labels,
        filter=None if whole else filter_of(config),
    )


def output_columns(config: Config) -> tuple[str, ...]:
    """The columns of the dataset that hold the outputs of candidates."""
    return tuple(candidate.outputs_field for candidate in config.candidates if candidate.outputs_field)


def _together(problems: list[Problem], error: InputError) -> InputError:
    """One error with the rubrics' problems before the dataset's."""
    return DatasetError([*problems, *error.problems]) if problems else error

"""A suite: a config with its dataset, graders and candidates loaded, ready to be planned."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.candidate import Candidate, load_candidates
from evalkit.config import Config
from evalkit.dataset import Dataset, load_dataset
from evalkit.errors import ConfigError, DatasetError, InputError, Problem
from evalkit.graders import Grader, RubricGrader, build_graders
from evalkit.run import Judge, Run, RunKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """A run with what it takes to make it."""

    run: Run
    grader: Grader
    candidate: Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Everything a config names, loaded and found sound."""

    config: Config
    dataset: Dataset
    graders: tuple[Grader, ...]
    candidates: tuple[Candidate, ...]
    judge_model: str | None = None
    """A model to judge in place of the config's."""
    simulated: bool = False
    """The sandbox judges."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of how the files were read."""
        return (*self.dataset.notes, *self.warnings)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know each time: outputs that are not there, or belong to no case."""
        return tuple(note for candidate in self.candidates for note in candidate.notes)

    def planned(self, label: str) -> tuple[PlannedRun, ...]:
        """One run per candidate and grader, candidates in the order of the config."""
        return tuple(
            PlannedRun(run=self._run(grader, candidate, label), grader=grader, candidate=candidate)
            for candidate in self.candidates
            for grader in self.graders
        )

    def _run(self, grader: Grader, candidate: Candidate, label: str) -> Run:
        judged = isinstance(grader, RubricGrader)
        return Run(
            suite=self.config.name,
            kind=RunKind.GRADING if judged else RunKind.CHECK,
            dataset=self.dataset.digest,
            dataset_name=self.dataset.path.name,
            candidate=candidate.name,
            candidate_digest=candidate.digest,
            grader=grader.name,
            grader_digest=grader.digest,
            judge=self._judge() if judged else None,
            label=label,
            cases=self.dataset.n,
        )

    def _judge(self) -> Judge:
        judge = self.config.judge
        if judge is None:
            where, mend = str(self.config.path), 'add [judge] with model = "claude-haiku-5-5"'
            raise ConfigError([Problem(where, "judge", "a rubric grader needs a judge", mend)])
        return Judge(
            model=self.judge_model or judge.model,
            effort=judge.effort,
            max_tokens=judge.max_tokens,
            simulated=self.simulated,
        )


def load_suite(config: Config, *, judge: str | None = None, simulated: bool = False) -> Suite:
    """Load everything a config names; `judge` is a model to judge in place of the config's, if any model does.

    Raises:
        ConfigError: the config or a rubric is wrong.
        DatasetError: the dataset or a file of outputs is wrong.
    """
    problems: list[Problem] = []
    try:
        graders = build_graders(config)
    except ConfigError as error:
        graders, problems = (), error.problems
    try:
        dataset = load_dataset(config.dataset.path, fields=config.dataset.fields, outputs=_fields(config))
    except DatasetError as error:
        raise _together(problems, error) from error
    if problems:
        raise ConfigError(problems)
    candidates = load_candidates(config, dataset)
    return Suite(
        config=config,
        dataset=dataset,
        graders=graders,
        candidates=candidates,
        judge_model=judge,
        simulated=simulated,
    )


def _fields(config: Config) -> tuple[str, ...]:
    return tuple(candidate.outputs_field for candidate in config.candidates if candidate.outputs_field)


def _together(problems: list[Problem], error: InputError) -> InputError:
    """One error with the rubrics' problems before the dataset's."""
    return DatasetError([*problems, *error.problems]) if problems else error

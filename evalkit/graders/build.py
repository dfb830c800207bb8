"""From the graders of a config to graders that can score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from evalkit.candidate import Candidate
from evalkit.config import Config, GraderConfig
from evalkit.config.rubric import CriterionConfig
from evalkit.errors import ConfigError, Problem
from evalkit.graders.checks import Check
from evalkit.graders.criterion import Criterion
from evalkit.graders.examples import load_examples
from evalkit.graders.generation import Generation
from evalkit.graders.guard import Guard
from evalkit.graders.pairwise import PairwiseGrader
from evalkit.graders.rubric import RubricGrader

Grader = RubricGrader | PairwiseGrader | Generation | Check


def build_graders(config: Config) -> tuple[Grader, ...]:
    """Every grader of the config, compiled; a pairwise one still takes the outputs that it puts beside the others.

    Raises:
        ConfigError: with the problems of all rubrics at once.
    """
    graders: list[Grader] = []
    problems: list[Problem] = []
    checks: dict[str, Check] = {}
    # A guard names a check that may stand below it; what is wrong with one is told where it stands itself.
    for grader in config.graders:
        if grader.check is not None:
            with suppress(ConfigError):
                checks[grader.name] = _check(grader, config.root)
    for grader in config.graders:
        try:
            graders.append(_build(grader, config.root, checks))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return tuple(graders)


def _check(config: GraderConfig, root: Path) -> Check:
    return Check(
        name=config.name,
        check=str(config.check),
        options=config.check_options,
        threshold=config.threshold,
        root=root,
    )


def _guard(config: GraderConfig, checks: Mapping[str, Check]) -> Guard | None:
    if config.when is None or config.when.check not in checks:
        return None
    return Guard.of(checks[config.when.check], at_least=config.when.at_least, otherwise=config.declared)


def _build(config: GraderConfig, root: Path, checks: Mapping[str, Check]) -> Grader:
    if config.check is not None:
        return _check(config, root)
    if config.against is not None:
        return PairwiseGrader(
            name=config.name,
            rubric=config.rubric_text,
            against=config.against,
            where=config.rubric_place,
            ties=config.ties,
            policy=config.policy_text,
        )
    criteria = [_criterion(criterion, config.name) for criterion in config.criteria_of]
    return RubricGrader(
        name=config.name,
        rubric=config.rubric_text,
        criteria=criteria,
        where=config.rubric_place,
        verdict_pattern=config.verdict_pattern,
        samples=config.samples,
        reducer=config.reducer,
        examples=load_examples(config.examples, criteria) if config.examples else (),
        policy=config.policy_text,
        guard=_guard(config, checks),
    )


def with_baselines(graders: Iterable[Grader], candidates: Iterable[Candidate]) -> tuple[Grader, ...]:
    """The graders, the pairwise ones with the candidate that they put beside the others."""
    known = {candidate.name: candidate for candidate in candidates}
    return tuple(one.beside(known[one.against]) if isinstance(one, PairwiseGrader) else one for one in graders)


def _criterion(config: CriterionConfig, grader: str) -> Criterion:
    name = config.name or grader
    if config.scale is not None:
        return Criterion.scale(name, *config.scale, unsure=config.unsure)
    return Criterion.of(name, config.labels, unsure=config.unsure)

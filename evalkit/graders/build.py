"""From the graders of a config to graders that can score."""

from __future__ import annotations

from pathlib import Path

from evalkit.config import Config, GraderConfig
from evalkit.config.rubric import CriterionConfig
from evalkit.errors import ConfigError, Problem
from evalkit.graders.checks import Check
from evalkit.graders.criterion import Criterion
from evalkit.graders.examples import load_examples
from evalkit.graders.generation import Generation
from evalkit.graders.rubric import RubricGrader

Grader = RubricGrader | Generation | Check


def build_graders(config: Config) -> tuple[Grader, ...]:
    """Every grader of the config, compiled.

    Raises:
        ConfigError: with the problems of all rubrics at once.
    """
    graders: list[Grader] = []
    problems: list[Problem] = []
    for grader in config.graders:
        try:
            graders.append(_build(grader, config.root))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return tuple(graders)


def _build(config: GraderConfig, root: Path) -> Grader:
    if config.check is not None:
        return Check(
            name=config.name,
            check=config.check,
            options=config.check_options,
            threshold=config.threshold,
            root=root,
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
    )


def _criterion(config: CriterionConfig, grader: str) -> Criterion:
    name = config.name or grader
    if config.scale is not None:
        return Criterion.scale(name, *config.scale, unsure=config.unsure)
    return Criterion.of(name, config.labels, unsure=config.unsure)

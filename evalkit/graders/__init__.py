"""Graders: ways to score an output, by a rubric that a judge answers or by a deterministic check."""

from evalkit.graders.asked import Asked, kept
from evalkit.graders.build import Grader, build_graders, with_baselines
from evalkit.graders.checks import Check
from evalkit.graders.criterion import Criterion
from evalkit.graders.fields import CannotAskError, RenderError
from evalkit.graders.generation import Generation
from evalkit.graders.guard import NOT_SENT, Guard
from evalkit.graders.pairwise import NoBaselineOutputError, PairwiseGrader
from evalkit.graders.rubric import CacheTtl, RubricGrader
from evalkit.graders.samples import Reducer, reduced
from evalkit.graders.sentinels import KnownOutput, Purpose, Sentinel, load_sentinels, riding, wrong_verdicts

__all__ = [
    "NOT_SENT",
    "Asked",
    "CacheTtl",
    "CannotAskError",
    "Check",
    "Criterion",
    "Generation",
    "Grader",
    "Guard",
    "KnownOutput",
    "NoBaselineOutputError",
    "PairwiseGrader",
    "Purpose",
    "Reducer",
    "RenderError",
    "RubricGrader",
    "Sentinel",
    "build_graders",
    "kept",
    "load_sentinels",
    "reduced",
    "riding",
    "with_baselines",
    "wrong_verdicts",
]

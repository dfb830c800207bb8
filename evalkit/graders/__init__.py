"""Graders: ways to score an output, by a rubric that a judge answers or by a deterministic check."""

from evalkit.graders.asked import Asked, kept
from evalkit.graders.build import Grader, build_graders, with_baselines
from evalkit.graders.checks import Check
from evalkit.graders.criterion import Criterion
from evalkit.graders.fields import RenderError
from evalkit.graders.pairwise import NoBaselineOutputError, PairwiseGrader
from evalkit.graders.rubric import CacheTtl, RubricGrader
from evalkit.graders.samples import Reducer, reduced

__all__ = [
    "Asked",
    "CacheTtl",
    "Check",
    "Criterion",
    "Grader",
    "NoBaselineOutputError",
    "PairwiseGrader",
    "Reducer",
    "RenderError",
    "RubricGrader",
    "build_graders",
    "kept",
    "reduced",
    "with_baselines",
]

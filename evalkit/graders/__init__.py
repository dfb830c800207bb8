"""Graders: ways to score an output, by a rubric that a judge answers or by a deterministic check."""

from evalkit.graders.asked import Asked, kept
from evalkit.graders.build import Grader, build_graders
from evalkit.graders.checks import Check
from evalkit.graders.criterion import Criterion
from evalkit.graders.fields import CannotAskError, RenderError
from evalkit.graders.generation import Generation
from evalkit.graders.rubric import CacheTtl, RubricGrader
from evalkit.graders.samples import Reducer, reduced

__all__ = [
    "Asked",
    "CacheTtl",
    "CannotAskError",
    "Check",
    "Criterion",
    "Generation",
    "Grader",
    "Reducer",
    "RenderError",
    "RubricGrader",
    "build_graders",
    "kept",
    "reduced",
]

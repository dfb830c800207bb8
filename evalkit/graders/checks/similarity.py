"""A check of how alike two texts mean: the cosine of their embeddings, which a function of the user's makes.

evalkit carries no model and loads none: the function decides which model it is, and that it runs on this machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from evalkit.dataset import Case
from evalkit.graders.checks.function import FunctionFailedError, function_digest, load
from evalkit.graders.checks.measured import Measured, accepted, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Similarity:
    """The best cosine between the output's embedding and those of the accepted answers; less than 0 counts as 0."""

    function: str
    """`module:function`: it takes a list of texts and returns as many vectors of one length."""
    root: Path
    """The folder that the module is looked for in before anything else: the config's."""

    def __call__(self, case: Case, output: str) -> Measured:
        """How alike an output is to what is expected.

        Raises:
            UsageError: there is no such module or function.
            FunctionFailedError: the function raised, or returned what are no vectors of these texts.
            NothingToCheckError: the case has no expected value.
        """
        wanted = accepted(case)
        own, *others = self._vectors([output, *wanted])
        value, text = max(((_cosine(own, other), text) for other, text in zip(others, wanted, strict=True)), key=_first)
        return Measured(min(1.0, max(0.0, value)), f"similarity {value:.3f} to {quoted(text)}")

    @property
    def source_digest(self) -> str:
        """Digest of the module's file, so that a function that was edited is another version of the grader."""
        return function_digest(self.function, self.root)

    def _vectors(self, texts: Sequence[str]) -> list[list[float]]:
        embed = cast("Any", load(self.function, self.root))
        try:
            vectors = [[float(number) for number in vector] for vector in embed(list(texts))]
        except Exception as error:
            raise FunctionFailedError(f"{self.function} raised {type(error).__name__}: {str(error)[:300]}") from error
        if len(vectors) != len(texts) or len({len(vector) for vector in vectors}) != 1:
            raise FunctionFailedError(f"{self.function} did not return one vector for each text, all of one length")
        if not all(0 < _length(vector) < math.inf for vector in vectors):
            raise FunctionFailedError(f"{self.function} returned a vector of no direction")
        return vectors


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    product = math.fsum(a * b for a, b in zip(one, other, strict=True))
    return product / (_length(one) * _length(other))


def _length(vector: Sequence[float]) -> float:
    return math.hypot(*vector)


def _first(found: tuple[float, str]) -> float:
    return found[0]

"""The prompts of judged cases, rendered again as they were sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from evalkit.dataset import Case
from evalkit.graders import NoBaselineOutputError, PairwiseGrader, RenderError, RubricGrader
from evalkit.ids import text_digest
from evalkit.run import Run
from evalkit.store import Store

_BASE: Final = text_digest("")
"""Of the case block of a rubric that has none of its own."""


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """The graders of some runs, each built once."""

    store: Store
    runs: Sequence[Run]

    @cached_property
    def _graders(self) -> dict[str, RubricGrader | PairwiseGrader]:
        """By digest, those that still are what they were: a newer template may render something else than was sent."""
        judged = dict.fromkeys(run.grader_digest for run in self.runs if run.judge is not None)
        made = {digest: self.store.content.asked(digest) for digest in judged}
        return {
            digest: grader
            for digest, grader in made.items()
            if isinstance(grader, RubricGrader | PairwiseGrader) and grader.digest == digest
        }

    def of(self, asked: Iterable[tuple[str, Run, Case, str]]) -> dict[str, str]:
        """The user message that put one case to each run's judge, by run; none where it cannot be told.

        Args:
            asked: each run by its id, with the case as its own dataset has it, and the output that was judged.
        """
        # Graders without a case block of their own ask alike, so each output is rendered once for all of them.
        rendered: dict[tuple[str, str, str], str | None] = {}
        found: dict[str, str] = {}
        for run_id, run, case, output in asked:
            grader = self._graders.get(run.grader_digest)
            if grader is None:
                continue
            own = isinstance(grader, PairwiseGrader) or grader.parts["case block"] != _BASE
            key = (run.dataset, run.grader_digest if own else "", output)
            if key not in rendered:
                rendered[key] = _prompt(grader, case, output)
            if (prompt := rendered[key]) is not None:
                found[run_id] = prompt
        return found


def _prompt(grader: RubricGrader | PairwiseGrader, case: Case, output: str) -> str | None:
    try:
        return grader.prompt(case, output)
    except (RenderError, NoBaselineOutputError):  # it was rendered once, so this is not what was sent
        return None

"""The gate of a pairwise run: its mean is a win rate, and who is not worse than the other wins half of the time.

Such a run holds its baseline already. So where that is the gate's baseline too, no run stands on the other side, but
the even score of one half in every case; margin and relative drop then mean what they mean of any other score.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from evalkit.analysis.gate import GatePolicy
from evalkit.analysis.scores import RunScores
from evalkit.graders import Grader, PairwiseGrader
from evalkit.pipeline.gate_baseline import Baseline
from evalkit.run import Run
from evalkit.score import Status
from evalkit.store import Store

EVEN: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The candidate that a pairwise run has on its other side."""

    name: str

    @classmethod
    def of(cls, store: Store, run: Run, baseline: Baseline) -> Beside | None:
        """That of a run, where it is the gate's baseline; None of any other run."""
        if run.baseline_digest is None:
            return None
        name, _, _ = store.content.candidate(run.baseline_digest)
        meant = baseline.run_meant
        is_meant = baseline.selector == name or (meant is not None and meant.candidate_digest == run.baseline_digest)
        return cls(name=name) if is_meant else None

    def even(self, scores: RunScores) -> RunScores:
        """The cases of a run with the score that neither side wins."""
        cases = [replace(case, status=Status.SCORED, value=EVEN, label=None) for case in scores.cases]
        return replace(scores, candidate=self.name, cases=cases, pending=())


def applying(policy: GatePolicy, candidate: str, graders: Iterable[Grader]) -> GatePolicy:
    """The rules that a candidate can be held to: it is never put beside itself."""
    beside = {one.name for one in graders if isinstance(one, PairwiseGrader) and one.against == candidate}
    return replace(policy, rules=tuple(rule for rule in policy.rules if rule.grader not in beside))

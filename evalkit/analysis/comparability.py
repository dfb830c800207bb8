"""May two runs be compared? Only if the same grader, answered by the same model, scored both."""

from __future__ import annotations

import re
from typing import Final

from evalkit.analysis.scores import RunScores

_DIGEST: Final = re.compile(r"[0-9a-f]{16,}")
_SHORT: Final = 60


def reasons_against(baseline: RunScores, candidate: RunScores) -> tuple[str, ...]:
    """Why the two runs are not comparable, one reason per difference; empty where they are.

    Raises:
        ValueError: the runs hold scores of two criteria.
    """
    if baseline.criterion != candidate.criterion:
        raise ValueError(
            f"run {baseline.run} is scored on {baseline.criterion} and run {candidate.run} on "
            f"{candidate.criterion}: compare runs on one criterion"
        )
    parts = [
        _differs(name, baseline.grader_parts.get(name), candidate.grader_parts.get(name))
        for name in sorted(baseline.grader_parts.keys() | candidate.grader_parts.keys())
        if baseline.grader_parts.get(name) != candidate.grader_parts.get(name)
    ]
    # A difference that no part explains must still stop the comparison.
    if not parts and baseline.grader != candidate.grader:
        parts.append(_differs("grader", baseline.grader, candidate.grader))
    if not parts and baseline.judge != candidate.judge:
        parts.append(_differs("judge", baseline.judge, candidate.judge))
    if (baseline.low_value, baseline.high_value) != (candidate.low_value, candidate.high_value):
        parts.append(_differs("scale", _scale(baseline), _scale(candidate)))
    return (*parts, *_served(baseline, candidate), *_simulated(baseline, candidate))


def _differs(name: str, baseline: str | None, candidate: str | None) -> str:
    """`<part> differs`, with both texts where a reader can tell them apart."""
    if baseline is None or candidate is None:
        return f"{name} differs: only the {'candidate' if baseline is None else 'baseline'} run has one"
    if not (_readable(baseline) and _readable(candidate)):
        return f"{name} differs"
    return f"{name} differs: {baseline or 'empty'} in the baseline, {candidate or 'empty'} in the candidate run"


def _scale(scores: RunScores) -> str:
    return f"{scores.low_value:g} to {scores.high_value:g}"


def _readable(text: str) -> bool:
    return len(text) <= _SHORT and "\n" not in text and not _DIGEST.fullmatch(text)


def _served(baseline: RunScores, candidate: RunScores) -> tuple[str, ...]:
    before, after = sorted(set(baseline.served_models)), sorted(set(candidate.served_models))
    if before == after:
        return ()
    there, here = (" and ".join(models) or "no model on record" for models in (before, after))
    return (f"judge served {there} in the baseline, {here} in the candidate run",)


def _simulated(baseline: RunScores, candidate: RunScores) -> tuple[str, ...]:
    if baseline.simulated == candidate.simulated:
        return ()
    return (f"the {'baseline' if baseline.simulated else 'candidate run'} was scored by the sandbox's judge",)

"""May two runs be compared? Only if the same grader, answered by the same model, scored both."""

from __future__ import annotations

import re
from typing import Final

from evalkit.analysis.scores import RunScores

_DIGEST: Final = re.compile(r"[0-9a-f]{16,}")
_SHORT: Final = 60
SIDES: Final = ("the baseline", "the candidate run")


def reasons_against(baseline: RunScores, candidate: RunScores, *, sides: tuple[str, str] = SIDES) -> tuple[str, ...]:
    """Why the two runs are not comparable, one reason per difference; empty where they are.

    `sides` is how the reasons call the two runs.

    Raises:
        ValueError: the runs hold scores of two criteria.
    """
    if baseline.criterion != candidate.criterion:
        raise ValueError(
            f"run {baseline.run} is scored on {baseline.criterion} and run {candidate.run} on "
            f"{candidate.criterion}: compare runs on one criterion"
        )
    parts = [
        _differs(name, baseline.grader_parts.get(name), candidate.grader_parts.get(name), sides)
        for name in sorted(baseline.grader_parts.keys() | candidate.grader_parts.keys())
        if baseline.grader_parts.get(name) != candidate.grader_parts.get(name) and not _said(name, baseline, candidate)
    ]
    # A difference that no part explains must still stop the comparison.
    if not parts and baseline.grader != candidate.grader:
        parts.append(_differs("grader", baseline.grader, candidate.grader, sides))
    if not parts and baseline.judge != candidate.judge:
        parts.append(_differs("judge", baseline.judge, candidate.judge, sides))
    if (baseline.low_value, baseline.high_value) != (candidate.low_value, candidate.high_value):
        parts.append(_differs("scale", _scale(baseline), _scale(candidate), sides))
    return (*parts, *_served(baseline, candidate, sides), *_simulated(baseline, candidate, sides))


def _differs(name: str, baseline: str | None, candidate: str | None, sides: tuple[str, str]) -> str:
    """`<part> differs`, with both texts where a reader can tell them apart."""
    if baseline is None or candidate is None:
        return f"{name} differs: only {sides[baseline is None]} has one"
    if not (_readable(baseline) and _readable(candidate)):
        return f"{name} differs"
    return f"{name} differs: {baseline or 'empty'} in {sides[0]}, {candidate or 'empty'} in {sides[1]}"


def _scale(scores: RunScores) -> str:
    return f"{scores.low_value:g} to {scores.high_value:g}"


def _readable(text: str) -> bool:
    return len(text) <= _SHORT and "\n" not in text and not _DIGEST.fullmatch(text)


def _served(baseline: RunScores, candidate: RunScores, sides: tuple[str, str]) -> tuple[str, ...]:
    before, after = sorted(set(baseline.served_models)), sorted(set(candidate.served_models))
    # A run that has no score yet, or asked nobody, has not been served by anything else either.
    if before == after or _waits(baseline) or _waits(candidate) or not (baseline.asked and candidate.asked):
        return ()
    there, here = (" and ".join(models) or "no model on record" for models in (before, after))
    mixed = ", where scores that one served were taken over" if any(map(mixed_by_reuse, (baseline, candidate))) else ""
    return (f"judge served {there} in {sides[0]}, {here} in {sides[1]}{mixed}",)


def mixed_by_reuse(scores: RunScores) -> bool:
    """Whether a run took over scores that another model served than its own replies."""
    return len(set(scores.served_models)) > 1 and any(case.taken_from for case in scores.cases)


def _said(part: str, baseline: RunScores, candidate: RunScores) -> bool:
    """Whether a sentence of its own says the difference better than the part that the judge has for it."""
    return part == "simulated" and baseline.simulated != candidate.simulated


def _waits(scores: RunScores) -> bool:
    return not scores.served_models and not any(case.value is not None for case in scores.cases)


def _simulated(baseline: RunScores, candidate: RunScores, sides: tuple[str, str]) -> tuple[str, ...]:
    if not (baseline.asked and candidate.asked) or baseline.simulated == candidate.simulated:
        return ()
    return (f"{sides[candidate.simulated]} was scored by the sandbox's judge",)

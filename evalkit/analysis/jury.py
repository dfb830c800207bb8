"""How far the judges of a jury agree with one another, and which of them stands apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from evalkit.analysis.raters import JudgesAgreement, RatersAgreement


@dataclass(frozen=True, slots=True, kw_only=True)
class JuryAgreement:
    """The judges of a jury on one criterion."""

    criterion: str
    judges: tuple[str, ...]
    raters: RatersAgreement
    apart: tuple[tuple[str, float | None], ...]
    """Each judge with the share of its verdicts that differ from another's, the one that stands most apart first."""

    def json(self) -> dict[str, object]:
        """As one JSON object."""
        return {
            "criterion": self.criterion,
            "judges": list(self.judges),
            **self.raters.json(),
            "disagrees": dict(self.apart),
        }


def jury_agreement(found: JudgesAgreement) -> JuryAgreement:
    """What runs that were held against one another say of the jury that they make."""
    shares = {judge: _apart(found, place) for place, judge in enumerate(found.judges)}
    order = sorted(shares.items(), key=lambda one: (-(one[1] or 0.0), one[0]))
    return JuryAgreement(criterion=found.criterion, judges=found.judges, raters=found.raters, apart=tuple(order))


def _apart(found: JudgesAgreement, judge: int) -> float | None:
    """The share of a judge's verdicts that differ from another's on the same case, over all the others."""
    pairs = zip(combinations(range(len(found.judges)), 2), found.pairs, strict=True)
    said: Sequence[tuple[int, float]] = [
        (pair.n, pair.agreement.value) for both, pair in pairs if judge in both and pair.agreement.value is not None
    ]
    n = sum(number for number, _ in said)
    return 1 - sum(number * share for number, share in said) / n if n else None

"""The differences of paired scores, prepared once for every interval and test of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from evalkit.stats.clusters import Clusters, clusters_of
from evalkit.stats.difference import tango_at
from evalkit.stats.distribution import two_sided_t, two_sided_z
from evalkit.stats.interval import Interval, scale_of
from evalkit.stats.mcnemar import mcnemar_midp, mcnemar_worse
from evalkit.stats.permutation import flips, unit_sums
from evalkit.stats.sequential import e_value, sequence_p, sequence_quantile
from evalkit.stats.units import Choice, Looks, Method, Units, case_units, cluster_units, unit_interval
from evalkit.stats.values import TIE, is_binary, vector

if TYPE_CHECKING:
    from evalkit.stats.values import Values, Vector

PMethod: TypeAlias = Literal["mcnemar-midp", "sign-flip", "e-process", "confidence-sequence", "none"]
_UNIT = Interval(low=0.0, high=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """The p-values of no difference and of no loss."""

    __test__ = False  # no test of pytest's

    method: PMethod
    p_value: float | None = None
    p_worse: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Candidate - baseline over n pairs; `units` is None for binary scores and for fewer than two units."""

    values: Vector
    delta: float | None
    wins: int
    losses: int
    binary: bool
    """Every score is 0 or 1, and no cluster is shared."""
    clusters: Clusters | None
    units: Units | None
    scale: Interval | None
    """Of the differences."""

    @property
    def n(self) -> int:
        """How many pairs there are."""
        return len(self.values)

    @property
    def standard_error(self) -> float | None:
        """Of delta; None where all units differ by the same, or there are fewer than two."""
        if self.binary:
            spread = self.wins + self.losses - (self.wins - self.losses) ** 2 / self.n if self.n else 0.0
            return math.sqrt(spread) / self.n if spread > 0 else None
        return None if self.units is None or self.units.all_equal else self.units.standard_error

    def interval(
        self, *, confidence: float, interval: Choice = "default", looks: Looks = "once"
    ) -> tuple[Method, Interval | None]:
        """The interval of delta, and how it was made."""
        if self.binary and self.n and interval == "default":
            z = two_sided_z(confidence)
            if looks == "once":
                return "tango", tango_at(self.wins, self.losses, self.n, z)
            z = sequence_quantile(self.n, confidence=confidence)
            return "confidence-sequence", tango_at(self.wins, self.losses, self.n, z)
        units = self._units()
        if units is None:
            return "none", None
        return unit_interval(units, scale=self.scale, confidence=confidence, interval=interval, looks=looks)

    def _units(self) -> Units | None:
        if self.binary and self.n > 1 and self.delta is not None:
            return case_units(self.values, self.delta)
        return self.units

    def test(self, *, looks: Looks = "once", confidence: float = 0.95) -> Test:
        """The p-values of these differences."""
        if self.binary:
            return self._binary_test(looks)
        if self.units is None or self.delta is None:
            return Test(method="none")
        error = self.standard_error
        if looks == "repeated" and error is not None:
            # As the interval does, for few units: two that are alike by chance have next to no standard error.
            error *= two_sided_t(self.units.df, confidence) / two_sided_z(confidence)
            p_value = sequence_p(self.delta / error, self.units.n, confidence=confidence)
            return Test(method="confidence-sequence", p_value=p_value, p_worse=p_value if self.delta < 0 else 1.0)
        units = unit_sums(self.values, self.clusters)
        both, worse = flips(units, ("two-sided", "less"))
        return Test(method="sign-flip", p_value=both.p_value, p_worse=worse.p_value)

    def _binary_test(self, looks: Looks) -> Test:
        if self.n == 0:
            return Test(method="none")
        if looks == "repeated":
            p_value = min(1.0, 1 / e_value(self.wins, self.losses))
            return Test(method="e-process", p_value=p_value, p_worse=p_value if self.wins < self.losses else 1.0)
        p_value, p_worse = mcnemar_midp(self.wins, self.losses), mcnemar_worse(self.wins, self.losses)
        return Test(method="mcnemar-midp", p_value=p_value, p_worse=p_worse)


def differences_of(
    baseline: Values,
    candidate: Values,
    *,
    clusters: Sequence[str | None] | None = None,
    low_value: float | None = None,
    high_value: float | None = None,
) -> Differences:
    """The differences of n pairs, those within a rounding error of 0 set to 0.

    Raises:
        ValueError: the sides differ in length, a value is not finite, or the clusters are not one per pair.
    """
    before, after = vector(baseline), vector(candidate)
    if len(before) != len(after):
        raise ValueError(f"{len(before)} baseline scores do not pair with {len(after)} candidate scores")
    scale = scale_of(low_value, high_value)
    values = after - before
    values[abs(values) <= TIE] = 0
    partition = clusters_of(clusters, len(values))
    zero_or_one = scale in (None, _UNIT) and is_binary(before) and is_binary(after)
    # Summed exactly, so that the order of the cases never shows in the last digits.
    delta = math.fsum(values.tolist()) / len(values) if len(values) else None
    return Differences(
        values=values,
        delta=delta,
        wins=int((values > 0).sum()),
        losses=int((values < 0).sum()),
        binary=zero_or_one and partition is None,
        clusters=partition,
        units=None if zero_or_one and partition is None else _units(values, delta, partition),
        scale=_of_differences(_UNIT if zero_or_one else scale),
    )


def _units(values: Vector, delta: float | None, clusters: Clusters | None) -> Units | None:
    if delta is None or (clusters.count if clusters else len(values)) < 2:
        return None
    return cluster_units(values, delta, clusters) if clusters else case_units(values, delta)


def _of_differences(scale: Interval | None) -> Interval | None:
    if scale is None:
        return None
    width = scale.high - scale.low
    return Interval(low=-width, high=width)

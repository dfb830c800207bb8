"""Tests of paired differences that need no normal distribution: sign flips, Wilcoxon's ranks, and Student's t beside.

If the two sides were alike, every unit (a case, or a whole cluster) could as well show its difference with the
other sign. Where the differences share a step, as judges' labels do, the distribution over all 2^n assignments is
computed, not sampled, so that the p-value is exact for any n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from evalkit.stats.clusters import Clusters, cluster_sums, clustered_standard_error, clusters_of
from evalkit.stats.distribution import normal_two_sided_p, t_two_sided_p
from evalkit.stats.flips import Lattice, every_sum, lattice_of, lattice_upper_tail, sampled_sums
from evalkit.stats.values import TIE, vector

if TYPE_CHECKING:
    from evalkit.stats.values import Values, Vector

Alternative: TypeAlias = Literal["two-sided", "less", "greater"]
RESAMPLES: Final = 9999
_ROUNDING: Final = 1e-12
"""What rounding may take from a sum, as a share of all magnitudes."""
_EXACT_RANKS: Final = 100
"""Up to so many ranks the exact distribution is at hand; beyond, the normal one agrees to three digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermutationTest:
    """A p-value by sign flips; `exact` says that all assignments count, not a sample of them."""

    p_value: float
    exact: bool
    resamples: int
    """How many assignments were drawn; 0 where the p-value is exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wilcoxon:
    """Wilcoxon's signed-rank test, which leaves out the pairs that tie."""

    statistic: float
    """The smaller of the two rank sums."""
    p_value: float
    zero_share: float | None
    """Ties / pairs: the share of the data that the test does not see; None for no pairs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TTest:
    """Student's paired t and its two-sided p-value."""

    t: float
    df: int
    p_value: float


def sign_flip(
    differences: Values,
    *,
    clusters: Sequence[str | None] | None = None,
    alternative: Alternative = "two-sided",
    resamples: int = RESAMPLES,
) -> PermutationTest | None:
    """The sign-flip test that the mean of n differences is 0, flipping whole clusters; None for no differences.

    Sampled only where the differences share no step; then the seed is 0 and p >= 1 / (resamples + 1).

    Raises:
        ValueError: a value is not finite, or the clusters are not one per difference.
    """
    array = vector(differences)
    partition = clusters_of(clusters, len(array))
    if len(array) == 0:
        return None
    return flip(unit_sums(array, partition), alternative=alternative, resamples=resamples)


def unit_sums(differences: Vector, clusters: Clusters | None) -> Vector:
    """What is flipped as one: each difference, or the sum of each cluster; of shape (units,)."""
    return differences if clusters is None else cluster_sums(differences, clusters)


def flip(units: Vector, *, alternative: Alternative = "two-sided", resamples: int = RESAMPLES) -> PermutationTest:
    """The sign-flip test that the sum of units of shape (m,) is as far from 0 as signs by chance would put it."""
    return flips(units, (alternative,), resamples=resamples)[0]


def flips(units: Vector, sides: Sequence[Alternative], *, resamples: int = RESAMPLES) -> tuple[PermutationTest, ...]:
    """Several sign-flip tests of the same units, for the price of one."""
    import numpy as np

    units = units[np.abs(units) > TIE]
    # In ascending order, so that neither the order of the cases nor the side that won changes what is drawn.
    magnitudes = np.sort(np.abs(units))
    observed = math.fsum(units.tolist())
    lattice = lattice_of(magnitudes)
    if lattice is not None:
        exact = [_exact(lattice, observed, side) for side in sides]
        return tuple(PermutationTest(p_value=p_value, exact=True, resamples=0) for p_value in exact)
    few = len(magnitudes) < resamples.bit_length()
    sums = every_sum(magnitudes) if few else sampled_sums(magnitudes, resamples=resamples)
    extreme = [_extreme(sums, observed, side, _ROUNDING * float(magnitudes.sum())) for side in sides]
    if few:
        return tuple(PermutationTest(p_value=one / len(sums), exact=True, resamples=0) for one in extreme)
    return tuple(
        PermutationTest(p_value=(one + 1) / (resamples + 1), exact=False, resamples=resamples) for one in extreme
    )


def _exact(lattice: Lattice, observed: float, side: Alternative) -> float:
    steps = round(observed / lattice.step)
    if side == "two-sided":
        return 1.0 if steps == 0 else min(1.0, 2 * lattice_upper_tail(lattice, abs(steps)))
    return lattice_upper_tail(lattice, steps if side == "greater" else -steps)


def _extreme(sums: Vector, observed: float, side: Alternative, slack: float) -> int:
    if side == "two-sided":
        return int((abs(sums) >= abs(observed) - slack).sum())
    # The distribution is symmetric: what lies below the observed sum is turned to lie above it.
    return int((sums >= (observed if side == "greater" else -observed) - slack).sum())


def wilcoxon(differences: Values) -> Wilcoxon:
    """Wilcoxon's signed-rank test of n differences; exact, ties among them included, up to 100 non-zero ones.

    Raises:
        ValueError: a value is not finite.
    """
    import numpy as np

    array = vector(differences)
    present = array[np.abs(array) > TIE]
    zero_share = 1 - len(present) / len(array) if len(array) else None
    if len(present) == 0:
        return Wilcoxon(statistic=0.0, p_value=1.0, zero_share=zero_share)
    _, place, counts = np.unique(np.round(np.abs(present) / TIE), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positive = float(ranks[present > 0].sum())
    total = len(present) * (len(present) + 1) / 2
    if len(present) <= _EXACT_RANKS:
        p_value = flip(ranks * np.sign(present)).p_value
    else:
        p_value = normal_two_sided_p((positive - total / 2) / (math.sqrt(float(ranks @ ranks)) / 2))
    return Wilcoxon(statistic=min(positive, total - positive), p_value=p_value, zero_share=zero_share)


def paired_t(differences: Values, *, clusters: Sequence[str | None] | None = None) -> TTest | None:
    """Student's t of n differences, or of their clusters; None for fewer than two units or no spread.

    Raises:
        ValueError: a value is not finite, or the clusters are not one per difference.
    """
    array = vector(differences)
    partition = clusters_of(clusters, len(array))
    units = partition.count if partition else len(array)
    if units < 2:
        return None
    error = clustered_standard_error(array, partition) if partition else plain_standard_error(array)
    if not error or error <= TIE / len(array):
        return None
    t = math.fsum(array.tolist()) / len(array) / error
    return TTest(t=t, df=units - 1, p_value=t_two_sided_p(t, units - 1))


def plain_standard_error(values: Vector) -> float:
    """The standard error of the mean of n >= 2 independent values."""
    return float(values.std(ddof=1)) / math.sqrt(len(values))

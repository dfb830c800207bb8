"""The mean of a set made of fixed strata: every subject of an exam is asked, none is a sample of subjects.

Cochran 1977, "Sampling Techniques", chapter 5: SE^2 = sum of w_s^2 s_s^2 / n_s. What differs between strata is then
no error, where clusters, which are a sample themselves, count it as one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.stats.values import vector

if TYPE_CHECKING:
    from evalkit.stats.values import Values, Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratified:
    """A weighted mean over strata and its standard error, None where a stratum has a single case."""

    n: int
    strata: int
    mean: float
    standard_error: float | None


def stratified(
    values: Values, strata: Sequence[str], *, weights: Mapping[str, float] | None = None
) -> Stratified | None:
    """The mean over strata of n values, weighted by `weights` (scaled to 1) or the strata's sizes; None for none.

    Raises:
        ValueError: a value is not finite, the strata are not one per value, or the weights are not positive and
            one per stratum.
    """
    array = vector(values)
    if len(strata) != len(array):
        raise ValueError(f"{len(strata)} strata do not go with {len(array)} scores")
    if len(array) == 0:
        return None
    groups = _groups(array, strata)
    shares = weights if weights is not None else {name: len(group) for name, group in groups.items()}
    if shares.keys() != groups.keys() or min(shares.values()) <= 0:
        raise ValueError("weights are positive, one for each stratum that has scores and for no other")
    whole = math.fsum(shares.values())
    mean = math.fsum(shares[name] / whole * float(group.mean()) for name, group in groups.items())
    error = None
    if min(map(len, groups.values())) > 1:
        parts = ((shares[name] / whole) ** 2 * float(group.var(ddof=1)) / len(group) for name, group in groups.items())
        error = math.sqrt(math.fsum(parts))
    return Stratified(n=len(array), strata=len(groups), mean=mean, standard_error=error)


def stratified_standard_error(
    values: Values, strata: Sequence[str], weights: Mapping[str, float] | None = None
) -> float | None:
    """The standard error of the mean over strata; None where a stratum has a single case, or for no values.

    Raises:
        ValueError: as `stratified`.
    """
    found = stratified(values, strata, weights=weights)
    return found.standard_error if found else None


def _groups(array: Vector, strata: Sequence[str]) -> dict[str, Vector]:
    import numpy as np

    names = np.asarray(strata)
    return {str(name): array[names == name] for name in np.unique(names)}

"""Bradley-Terry strengths: the log-odds that i beats j are the difference of their strengths.

Maximum likelihood by Newton's method, ties as half wins. The maximum exists only where every player is linked to
every other by a chain of wins (Ford 1957); elsewhere a small prior of virtual wins is added, and said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from evalkit.stats.clusters import clusters_of
from evalkit.stats.distribution import two_sided_z
from evalkit.stats.values import vector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evalkit.stats.values import Values, Vector

    Matrix: TypeAlias = NDArray[np.float64]

_STEPS = 100
_CLOSE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """How much stronger one player is than another, in log-odds; what is undefined is None."""

    value: float | None
    low: float | None
    high: float | None
    standard_error: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BradleyTerry:
    """Strengths relative to the baseline player, whose own is 0; None where no maximum exists and no prior was given.

    Only differences have a meaning: the interval of one strength is that of its difference to the baseline.
    """

    strengths: tuple[float, ...] | None
    covariance: tuple[tuple[float, ...], ...] | None
    """Of shape (players, players); zero in the baseline's row and column."""
    baseline: int
    connected: bool
    """Whether every player is linked to every other by a chain of wins."""
    prior_used: bool

    def difference(self, i: int, j: int, *, confidence: float = 0.95) -> Gap:
        """Strength of i minus that of j, with the interval that their covariance gives."""
        if self.strengths is None or self.covariance is None:
            return Gap(value=None, low=None, high=None, standard_error=None)
        of = self.covariance
        value = self.strengths[i] - self.strengths[j]
        error = math.sqrt(max(0.0, of[i][i] + of[j][j] - 2 * of[i][j]))
        half = two_sided_z(confidence) * error
        return Gap(value=value, low=value - half, high=value + half, standard_error=error)


def bradley_terry(wins: Sequence[Values], *, baseline: int = 0, prior: float = 0.5) -> BradleyTerry:
    """Strengths from `wins[i][j]`, how often i beat j, a tie being half a win each.

    `prior` virtual wins go each way between every two players, but only where no maximum exists without; 0 for never.

    Raises:
        ValueError: the table is not square, has a negative entry, or has no such baseline.
    """
    table = _table(wins, baseline)
    return _fit(table, baseline=baseline, prior=prior, robust=None)


def bradley_terry_battles(
    battles: Sequence[tuple[int, int, float]],
    *,
    players: int,
    clusters: Sequence[str | None] | None = None,
    baseline: int = 0,
    prior: float = 0.5,
) -> BradleyTerry:
    """The same from rows of (i, j, score of i against j), with a covariance robust to battles that share a cluster.

    The covariance is the sandwich with the factor G / (G - 1); without shared clusters it is the usual one.

    Raises:
        ValueError: a player or the baseline does not exist, a score is outside [0, 1], or the clusters do not fit.
    """
    import numpy as np

    for i, j, score in battles:
        if i == j or not 0 <= min(i, j) <= max(i, j) < players or not 0 <= score <= 1:
            raise ValueError(f"a battle of {i} and {j} of {players} players with a score of {score} cannot be")
    table = np.zeros((players, players))
    for i, j, score in battles:
        table[i, j] += score
        table[j, i] += 1 - score
    partition = clusters_of(clusters, len(battles))
    robust = (battles, partition.codes, partition.count) if partition and partition.count > 1 else None
    return _fit(_table(list(table), baseline), baseline=baseline, prior=prior, robust=robust)


_Robust: TypeAlias = "tuple[Sequence[tuple[int, int, float]], NDArray[np.intp], int]"


def _table(wins: Sequence[Values], baseline: int) -> Matrix:
    import numpy as np

    table = np.array([vector(row) for row in wins], dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not 0 <= baseline < len(table):
        raise ValueError(f"a table of wins is square and holds the baseline, unlike {table.shape} and {baseline}")
    if (table < 0).any():
        raise ValueError("nobody wins less than never")
    np.fill_diagonal(table, 0)
    return table


def _fit(table: Matrix, *, baseline: int, prior: float, robust: _Robust | None) -> BradleyTerry:
    import numpy as np

    connected = _connected(table)
    if not connected and prior <= 0:
        return BradleyTerry(strengths=None, covariance=None, baseline=baseline, connected=False, prior_used=False)
    if not connected:
        table = table + prior * (1 - np.eye(len(table)))
    strengths = _newton(table, baseline)
    free = np.arange(len(table)) != baseline
    covariance = np.zeros_like(table)
    inner = np.linalg.inv(_information(table, strengths)[np.ix_(free, free)])
    if robust is not None:
        inner = inner @ _meat(robust, strengths)[np.ix_(free, free)] @ inner
    covariance[np.ix_(free, free)] = inner
    return BradleyTerry(
        strengths=tuple(strengths.tolist()),
        covariance=tuple(tuple(row) for row in covariance.tolist()),
        baseline=baseline,
        connected=connected,
        prior_used=not connected,
    )


def _connected(table: Matrix) -> bool:
    return _reaches_all(table) and _reaches_all(table.T)


def _reaches_all(table: Matrix) -> bool:
    """Whether a chain of wins leads from the first player to every other."""
    seen, waiting = {0}, [0]
    while waiting:
        beaten = set((table[waiting.pop()] > 0).nonzero()[0].tolist()) - seen
        seen |= beaten
        waiting += beaten
    return len(seen) == len(table)


def _newton(table: Matrix, baseline: int) -> Vector:
    import numpy as np

    free = np.arange(len(table)) != baseline
    strengths = np.zeros(len(table))
    for _ in range(_STEPS):
        slope = (table - (table + table.T) * _chances(strengths)).sum(axis=1)
        step: Vector = np.zeros(len(table))
        step[free] = np.linalg.solve(_information(table, strengths)[np.ix_(free, free)], slope[free])
        # The likelihood is concave: where a whole step overshoots, a shorter one does not.
        while np.abs(step).max() > _CLOSE and _falls(table, strengths, step):
            step /= 2
        strengths += step
        if np.abs(step).max() <= _CLOSE:
            break
    return strengths


def _falls(table: Matrix, strengths: Vector, step: Vector) -> bool:
    """Whether the step lowers the likelihood by more than rounding does."""
    before = _likelihood(table, strengths)
    return _likelihood(table, strengths + step) < before - _CLOSE * abs(before)


def _likelihood(table: Matrix, strengths: Vector) -> float:
    import numpy as np

    return -float((table * np.logaddexp(0, strengths[None, :] - strengths[:, None])).sum())


def _chances(strengths: Vector) -> Matrix:
    """P(i beats j), of shape (players, players)."""
    import numpy as np

    # By tanh, which cannot overflow.
    return (1 + np.tanh((strengths[:, None] - strengths[None, :]) / 2)) / 2


def _information(table: Matrix, strengths: Vector) -> Matrix:
    import numpy as np

    chances = _chances(strengths)
    weights = (table + table.T) * chances * (1 - chances)
    return np.diag(weights.sum(axis=1)) - weights


def _meat(robust: _Robust, strengths: Vector) -> Matrix:
    """The summed outer products of the clusters' scores, times G / (G - 1)."""
    import numpy as np

    battles, codes, count = robust
    chances = _chances(strengths)
    scores = np.zeros((count, len(strengths)))
    for code, (i, j, score) in zip(codes.tolist(), battles, strict=True):
        surprise = score - chances[i, j]
        scores[code, i] += surprise
        scores[code, j] -= surprise
    return scores.T @ scores * (count / (count - 1))

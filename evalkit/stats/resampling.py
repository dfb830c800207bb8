"""Means of many resamples at once, in bounded memory, by whichever way of drawing is the fastest.

few distinct units      how often each is drawn, by the multinomial distribution: the very same distribution
up to 4,096 units       each draw by itself
more                    the multinomial over 512 neighbourhoods, and within each a normal remainder, whose share of
                        the variance is below a thousandth
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evalkit.stats.values import Vector

    _Cells: TypeAlias = tuple[Vector, Vector, NDArray[np.intp], Vector]
    """Units that are drawn alike: their mean, the cases each holds, how many there are, and their variance."""

_DISTINCT: Final = 256
_UNITS: Final = 4096
_NEIGHBOURHOODS: Final = 512
_CELLS: Final = 4_000_000
"""Numbers held at once: 32 MB."""


def resampled_means(residuals: Vector, sizes: Vector | None, *, resamples: int, seed: int = 0) -> Vector:
    """Means, less the mean, of `resamples` draws of n units with replacement; of shape (resamples,).

    `residuals` are the units' sums about the mean, of shape (n,), and `sizes` how many cases each holds, None for 1.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    n = len(residuals)
    weights = np.ones(n) if sizes is None else sizes
    if sizes is None:
        units, counts = np.unique(residuals, return_counts=True)
        held = np.ones(len(units))
    else:
        rows, counts = np.unique(np.column_stack((residuals, weights)), axis=0, return_counts=True)
        units, held = rows.T
    if len(units) <= _DISTINCT:
        return _by_counts((units, held, counts, np.zeros(len(units))), resamples, generator)
    order = np.lexsort((weights, residuals))
    residuals, weights = residuals[order], weights[order]
    if n <= _UNITS:
        return _by_draws(residuals, weights, resamples, generator)
    edges = _edges(n)
    counts = np.diff(edges, append=n)
    units = np.add.reduceat(residuals, edges) / counts
    squares = np.add.reduceat((residuals - np.repeat(units, counts)) ** 2, edges) / counts
    held = np.add.reduceat(weights, edges) / counts
    return _by_counts((units, held, counts, squares), resamples, generator)


def _edges(n: int) -> NDArray[np.intp]:
    """Where each neighbourhood of n ordered units begins: the outermost units are alone, as they weigh the most."""
    import numpy as np

    alone = _NEIGHBOURHOODS // 4
    inner = np.linspace(alone, n - alone, _NEIGHBOURHOODS - 2 * alone, endpoint=False).astype(np.intp)
    return np.concatenate((np.arange(alone), inner, np.arange(n - alone, n)))


def _by_counts(cells: _Cells, resamples: int, generator: np.random.Generator) -> Vector:
    import numpy as np

    units, held, counts, variances = cells
    n = int(counts.sum())
    means = np.empty(resamples)
    size = max(1, _CELLS // len(units))
    for start in range(0, resamples, size):
        drawn = generator.multinomial(n, counts / n, size=min(size, resamples - start)).astype(np.float64)
        sums = drawn @ units
        if variances.any():
            sums += np.sqrt(drawn @ variances) * generator.standard_normal(len(drawn))
        means[start : start + size] = sums / (drawn @ held)
    return means


def _by_draws(residuals: Vector, weights: Vector, resamples: int, generator: np.random.Generator) -> Vector:
    import numpy as np

    n = len(residuals)
    alike = bool((weights == 1).all())
    means = np.empty(resamples)
    size = max(1, _CELLS // n)
    for start in range(0, resamples, size):
        rows = generator.integers(0, n, (min(size, resamples - start), n), dtype=np.uint16)
        sums = residuals[rows].sum(axis=1)
        means[start : start + size] = sums / (n if alike else weights[rows].sum(axis=1))
    return means

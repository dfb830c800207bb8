"""The distribution of a sum whose terms take either sign by a fair coin: exact on a lattice, else sampled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from evalkit.stats.values import TIE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evalkit.stats.values import Vector

_WORK: Final = 4_000_000
"""Complex powers that an exact distribution may cost: some tenths of a second."""
_NEGLIGIBLE: Final = 53.0
"""-log of the part of a distribution, 1e-23, that may lie beyond what is computed of it on each side."""
_FINEST: Final = 1e-5
"""The smallest step that is looked for, as a share of the largest magnitude."""
_WHOLE: Final = 1e-6
"""How far from a whole number of steps a magnitude may lie."""
_OCTET: Final = 8
"""Signs that one random byte decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """Magnitudes as whole numbers of steps: `counts[i]` units of `sizes[i]` steps each."""

    step: float
    sizes: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def total(self) -> int:
        """The sum of all magnitudes, in steps."""
        return int((self.sizes * self.counts).sum())

    def window(self, spread: float) -> int:
        """How many steps have to be computed of a sum of positive terms that has this standard deviation."""
        # Bernstein's inequality: a few large terms lie further out than a normal distribution would.
        large = _NEGLIGIBLE * float(self.sizes.max(initial=0)) / 3
        return min(self.total + 1, 2 * math.ceil(large + math.hypot(large, spread * math.sqrt(2 * _NEGLIGIBLE)) + 1))


def lattice_of(magnitudes: Vector) -> Lattice | None:
    """The common step of ascending positive magnitudes; None where it is not there or not worth its work."""
    import numpy as np

    if len(magnitudes) == 0:
        none = np.zeros(0, dtype=np.int64)
        return Lattice(step=1.0, sizes=none, counts=none)
    ends = np.flatnonzero(np.append(np.diff(magnitudes) > TIE, True))
    distinct, counts = magnitudes[ends], np.diff(ends, prepend=-1)
    step = _common_step(distinct)
    steps = distinct / step
    sizes = np.rint(steps).astype(np.int64)
    if np.abs(steps - sizes).max() > _WHOLE:
        return None
    lattice = Lattice(step=step, sizes=sizes, counts=counts)
    half_spread = math.sqrt(float(counts @ sizes.astype(np.float64) ** 2)) / 2
    return lattice if lattice.window(half_spread) * len(sizes) <= _WORK else None


def _common_step(distinct: Vector) -> float:
    """The greatest step of which all are whole multiples, by Euclid's algorithm; any where there is none."""
    finest = float(distinct[-1]) * _FINEST
    step = float(distinct[0])
    for value in distinct[1:].tolist():
        rest = abs(math.remainder(value, step))
        while rest > finest:
            step, rest = rest, abs(math.remainder(step, rest))
    # What rounding left in the step is averaged out over all values.
    return math.fsum(distinct.tolist()) / sum(max(1, round(value / step)) for value in distinct.tolist())


def lattice_upper_tail(lattice: Lattice, steps: int) -> float:
    """P(sum >= steps), to twelve digits however small it is.

    The terms are tilted so that `steps` becomes the mean of the sum, and the tail is weighted back.
    """
    if steps <= 0:
        # The sum is symmetric, and its values are two steps apart.
        return 1.0 if steps <= -lattice.total else 1 - lattice_upper_tail(lattice, 2 - steps)
    if steps >= lattice.total:
        return 2.0 ** -int(lattice.counts.sum()) if steps == lattice.total else 0.0
    return _tilted_tail(lattice, steps, _tilt(lattice, steps))


def _tilt(lattice: Lattice, steps: int) -> float:
    """The exponent at which the mean of the sum is `steps`, by halving."""
    import numpy as np

    low, high = 0.0, 40.0
    for _ in range(50):
        middle = (low + high) / 2
        if float((lattice.sizes * lattice.counts) @ np.tanh(middle * lattice.sizes)) < steps:
            low = middle
        else:
            high = middle
    return low


def _tilted_tail(lattice: Lattice, steps: int, tilt: float) -> float:
    import numpy as np

    exponents = tilt * lattice.sizes
    positive = 1 / (1 + np.exp(-2 * exponents))
    spread = math.sqrt(float(lattice.counts @ (lattice.sizes**2 * positive * (1 - positive))))
    window = lattice.window(spread)
    # The distribution of the sum of the positive terms, modulo the window, from its characteristic function.
    transform = np.ones(window // 2 + 1, dtype=np.complex128)
    frequencies = np.arange(window // 2 + 1)
    for size, count, share in zip(lattice.sizes.tolist(), lattice.counts.tolist(), positive.tolist(), strict=True):
        angles = (-2 * math.pi / window) * (frequencies * size % window)
        transform *= (1 - share + share * np.exp(1j * angles)) ** count
    masses = np.fft.irfft(transform, window)
    first = (steps + lattice.total) // 2
    above = lattice.total - first + 1
    reach = above if window > lattice.total else min(above, window // 2)
    terms = masses[(first + np.arange(reach)) % window] * np.exp(-2 * tilt * np.arange(reach))
    log_weight = float(lattice.counts @ (exponents + np.log1p(np.exp(-2 * exponents)) - math.log(2))) - tilt * steps
    return min(1.0, max(0.0, math.exp(log_weight) * float(terms.sum())))


def every_sum(magnitudes: Vector) -> Vector:
    """The sums of m magnitudes under all signs, of shape (2^m,)."""
    import numpy as np

    sums = np.zeros(1)
    for magnitude in magnitudes.tolist():
        sums = np.concatenate((sums + magnitude, sums - magnitude))
    return sums


def sampled_sums(magnitudes: Vector, *, resamples: int, seed: int = 0) -> Vector:
    """Sums of m magnitudes under random signs, of shape (resamples,), in O(m + resamples) memory.

    One random byte decides the signs of eight magnitudes: it looks their sum up in a table of all 256.
    """
    import numpy as np

    groups = -(-len(magnitudes) // _OCTET)
    padded = np.zeros(groups * _OCTET)
    padded[: len(magnitudes)] = magnitudes
    signs = 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1) - 1
    generator = np.random.default_rng(seed)
    sums = np.zeros(resamples)
    for octet in padded.reshape(groups, _OCTET):
        sums += (signs @ octet)[generator.integers(0, 256, resamples, dtype=np.uint8)]
    return sums

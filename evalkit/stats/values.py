"""Scores as a vector: checked once, where they enter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float64]
    Values: TypeAlias = Sequence[float] | NDArray[np.float64]

TIE: Final = 1e-9
"""Two scores closer than this are equal: means of repeated judgements differ in their last bits."""


def vector(values: Values) -> Vector:
    """The values as float64 of shape (n,).

    Raises:
        ValueError: a value is not finite, or the values have more than one axis.
    """
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"scores form one list, not an array of shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("a score is a finite number; a case without one is left out, not NaN")
    return array


def is_binary(array: Vector) -> bool:
    """Whether every value is 0 or 1."""
    return bool(((array == 0) | (array == 1)).all())

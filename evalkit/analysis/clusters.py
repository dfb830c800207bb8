"""The clusters of paired cases, and what a reader must know where there are few of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from evalkit.stats.units import FEW_CLUSTERS


class Clustered(Protocol):
    """What has an interval by clusters."""

    @property
    def clusters(self) -> int | None:
        """How many clusters there are, where cases share them."""
        ...

    @property
    def effective_clusters(self) -> float | None:
        """How many clusters of one size would say as much."""
        ...


def coarser(candidate: Sequence[str | None], baseline: Sequence[str | None]) -> Sequence[str | None]:
    """The clusters of the same cases as the side has them that has fewer.

    Clusters are no part of a case's digest: a set that loses them must not make more independent cases of the same.
    """
    return min(candidate, baseline, key=_units)


def _units(clusters: Sequence[str | None]) -> int:
    """How many clusters there are, a case without one being its own."""
    return len({*clusters} - {None}) + sum(cluster is None for cluster in clusters)


def roughness(made: Clustered) -> str | None:
    """`only 8 clusters`, or how few equal ones they are worth; None where they are enough for a sound interval."""
    if made.clusters is None or made.effective_clusters is None or made.effective_clusters >= FEW_CLUSTERS:
        return None
    worth = int(made.effective_clusters)
    said = f"{made.clusters:,} cluster{'' if made.clusters == 1 else 's'}"
    unequal = f" of such unequal size that they are worth {worth}"
    if made.clusters >= FEW_CLUSTERS:
        return said + unequal
    return f"only {said}{unequal if 2 * worth <= made.clusters else ''}"

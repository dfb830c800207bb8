"""Runs as people read them, with what caching returned to each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from evalkit.pipeline.caching.advice import advised
from evalkit.pipeline.caching.measured import caching_of
from evalkit.pipeline.caching.settle import Caching
from evalkit.pipeline.view import RunView
from evalkit.run import Run
from evalkit.store import Store


def with_caching(
    store: Store, runs: Sequence[Run], views: Iterable[RunView], caching: Caching, *, advice: bool = False
) -> list[RunView]:
    """Rows of runs, with what caching returned to each, and where it is wanted with what to do about it next time."""
    found = caching_of(store, runs, caching.prices)
    if advice:
        found = advised(store, runs, found, caching, now=caching.now())
    return [replace(view, caching=found.get(view.run)) for view in views]

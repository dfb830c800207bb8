"""Every command: to import this registers all of them."""

from __future__ import annotations

from evalkit.cli import (
    budget,
    costs,
    datasets,
    decide,
    gate,
    judges,
    operate,
    prices,
    rank,
    route,
    rubrics,
    transfer,
    trust,
    view,
)
from evalkit.cli.app import app

__all__ = [
    "app",
    "budget",
    "costs",
    "datasets",
    "decide",
    "gate",
    "judges",
    "operate",
    "prices",
    "rank",
    "route",
    "rubrics",
    "transfer",
    "trust",
    "view",
]

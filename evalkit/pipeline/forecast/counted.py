"""Tokens counted by the API, for a sample of the requests: free, and near enough to all of them.

The requests are put in order of their length and cut into layers of equal number; from each as many are drawn. What
their tokens are against the local estimate of the same requests is taken for all requests: a combined ratio estimate,
with the standard error that belongs to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, sqrt
from typing import Final

import msgspec

from evalkit.errors import ProviderError
from evalkit.provider import Counted, NotCounted

SAMPLE: Final = 20
"""Requests of a run that are counted."""
_LEAST: Final = 5
_ALL_RUNS: Final = 100
"""Requests that are counted of all runs together."""
_LAYERS: Final = 5
_AT_ONCE: Final = 8
_PLAIN: Final = {"role": "user", "content": "x"}

Count = Callable[[bytes], Counted | NotCounted]
"""Counts the tokens of the params of a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """What a sample of the requests of a run tells of all of them."""

    requests: int
    """That were counted."""
    ratio: float
    """Tokens against the local estimate: of what a request has beside the prefix."""
    error: float
    """Relative standard error of the ratio."""
    prefix: float
    """Tokens that every request shares."""
    whole_error: float
    """Relative standard error of all tokens of all requests."""


def sample_size(runs: int) -> int:
    """How many requests are counted of each of so many runs."""
    return max(_LEAST, min(SAMPLE, _ALL_RUNS // max(runs, 1)))


def draw(sizes: Sequence[float], names: Sequence[str], n: int) -> list[list[int]]:
    """The places of the requests to be counted, by layers of length; the same each time.

    Args:
        sizes: the estimate of each request.
        names: the custom_id of each: which of a layer are drawn follows from it.
        n: how many in all; every request where there are no more.
    """
    order = sorted(range(len(sizes)), key=lambda place: (sizes[place], names[place]))
    layers = min(_LAYERS, max(1, n // 2), len(order))
    found: list[list[int]] = []
    for layer in range(layers):
        within = order[len(order) * layer // layers : len(order) * (layer + 1) // layers]
        drawn = sorted(within, key=lambda place: hashlib.sha256(names[place].encode()).digest())
        found.append(drawn if len(order) <= n else drawn[: ceil(n / layers)])
    return found


def ratio_of(sizes: Sequence[float], layers: Sequence[Sequence[int]], tokens: Mapping[int, int]) -> tuple[float, float]:
    """The tokens of all requests against their estimate, and the relative standard error of that.

    Args:
        sizes: the estimate of each request.
        layers: the places that were drawn, layer by layer, the layers of equal number.
        tokens: what was counted, by place.
    """
    drawn = [[place for place in layer if place in tokens] for layer in layers]
    bounds = [len(sizes) * i // len(drawn) for i in range(len(drawn) + 1)]
    numbers = [after - before for before, after in pairwise(bounds)]
    pairs = [(n / len(layer), place) for n, layer in zip(numbers, drawn, strict=True) for place in layer]
    counted = sum(times * tokens[place] for times, place in pairs)
    said = sum(times * sizes[place] for times, place in pairs)
    if not said or not counted:
        return 1.0, 0.0
    ratio = counted / said
    variance = 0.0
    for n, layer in zip(numbers, drawn, strict=True):
        if len(layer) < 2:
            continue
        off = [tokens[place] - ratio * sizes[place] for place in layer]
        mean = sum(off) / len(off)
        spread = sum((one - mean) ** 2 for one in off) / (len(off) - 1)
        variance += n * n * (1.0 - len(layer) / n) * spread / len(layer)
    return ratio, sqrt(max(0.0, variance)) / counted


def count_sample(
    count: Count, sizes: Sequence[float], layers: Sequence[Sequence[int]], params: Mapping[int, bytes]
) -> Sampled | NotCounted:
    """Count the requests that were drawn, and what they share.

    Args:
        count: counts the tokens of one.
        sizes: the estimate of each request of the run, beside the prefix.
        layers: the places that were drawn.
        params: of those requests, by place.
    """
    places = [place for layer in layers for place in layer]
    asked = [*_shared(params[places[0]]), *(params[place] for place in places)]
    try:
        found = [count(asked[0])]  # alone: where nothing is counted, nothing more is asked
        if isinstance(found[0], Counted):
            with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
                found += pool.map(count, asked[1:])
    except ProviderError as problem:
        return NotCounted(str(problem))
    tokens: list[int] = []
    for one in found:
        if isinstance(one, NotCounted):
            return one
        tokens.append(one.tokens)
    shared = max(0, tokens[0] - tokens[1])
    counted = dict(zip(places, tokens[2:], strict=True))
    ratio, error = ratio_of(sizes, layers, {place: max(0, whole - shared) for place, whole in counted.items()})
    rows = ratio * sum(sizes)
    return Sampled(
        requests=len(places),
        ratio=ratio,
        error=error,
        prefix=float(shared),
        whole_error=error * rows / (rows + shared * len(sizes)) if rows else 0.0,
    )


def _shared(params: bytes) -> Iterator[bytes]:
    """The params of a request that says next to nothing: with all that it shares with others, and without."""
    whole = msgspec.json.decode(params, type=dict[str, object])
    yield msgspec.json.encode({**whole, "messages": [_PLAIN]})
    yield msgspec.json.encode({"model": whole["model"], "messages": [_PLAIN]})

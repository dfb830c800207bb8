"""Checks of a ranking: which of the relevant ids an output lists, and how far up.

The output is a list of ids: a JSON list (of ids, or of objects with an `id`), or one id per line. The relevant ids are
the case's expected list; or an object of id -> gain, for which more than 0 is relevant. Either may stand in the
metadata instead, where the passages that a system retrieved are kept beside its answer. Passages without ids are told
apart by their texts: one is relevant if it is the relevant text, or a part of it, or holds it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from evalkit.dataset import Case
from evalkit.graders.checks.measured import Measured, NothingToCheckError, scalar

Measure = Callable[[Sequence[str], Mapping[str, float], int | None], float]
"""A ranking whose ids are distinct, the gain of each relevant id, and how many places count -> 0 to 1."""
_TELLING: Final = 20
"""Characters from which on a text within another is no coincidence."""
_BULLET: Final = re.compile(r"^\s*(?:[-*\u2022]|\d+[.)])\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One measure of the first k ids of a ranking; all of them where k is None. An id counts where it first stands."""

    measure: Measure
    name: str
    k: int | None = None
    ranking: str | None = None
    """The key of the metadata that has the ranking; the output where None."""
    relevant: str | None = None
    """The key of the metadata that has what is relevant; `expected` where None."""

    def __call__(self, case: Case, output: str) -> Measured:
        """The measure of the output's ranking, or of the one in the case's metadata."""
        gains = relevant(case, self.relevant)
        ranking = ranked(output) if self.ranking is None else ranked_in(case, self.ranking, gains)
        first = ranking[: self.k]
        value = self.measure(ranking, gains, self.k)
        name = f"{self.name}@{self.k}" if self.k else self.name
        hits = sum(one in gains for one in first)
        return Measured(value, f"{name} {value:.3f}: {hits} of {len(gains)} relevant ids among {len(first)} listed")


def ranked(output: str) -> list[str]:
    """The ids that an output lists, in its order, each once."""
    try:
        listed: Any = json.loads(output)
    except ValueError:
        listed = [_BULLET.sub("", line).strip() for line in output.splitlines()]
    if isinstance(listed, dict):
        listed = _first_list(cast("dict[str, Any]", listed))
    items = cast("list[Any]", listed) if isinstance(listed, list) else [listed]
    return [one for one in dict.fromkeys(_id(item) for item in items) if one]


def _first_list(document: Mapping[str, Any]) -> Any:
    for value in document.values():
        if isinstance(value, list):
            return cast("list[Any]", value)
    return None


def ranked_in(case: Case, key: str, gains: Mapping[str, float]) -> list[str]:
    """The ids of the passages under a key of the metadata, in their order, each once; a text by what it matches.

    Raises:
        NothingToCheckError: the case has nothing under the key.
    """
    held: Any = case.metadata.get(key)
    if held is None:
        raise NothingToCheckError(f"the case has no metadata.{key} to rank")
    items = cast("list[Any]", held) if isinstance(held, list) else [held]
    return [one for one in dict.fromkeys(_passage(item, gains) for item in items) if one]


def _passage(item: Any, gains: Mapping[str, float]) -> str:
    """The id of a passage; without one the relevant text that it matches, else its own text."""
    passage = cast("dict[str, Any]", item) if isinstance(item, dict) else {"text": item}
    if passage.get("id") is not None:
        return scalar(passage["id"])
    text = scalar(passage.get("text") or "")
    return text if text in gains else next((one for one in gains if _matches(text, one)), text)


def _matches(text: str, other: str) -> bool:
    """Whether one of two texts holds the other, however they are spaced; short ones must be equal."""
    shorter, longer = sorted((" ".join(text.split()), " ".join(other.split())), key=len)
    return shorter == longer or (len(shorter) >= _TELLING and shorter in longer)


def relevant(case: Case, key: str | None = None) -> dict[str, float]:
    """The gain of each relevant id: of `expected`, or of what stands under a key of the metadata.

    Raises:
        NothingToCheckError: the case names none.
    """
    held: Any = case.expected if key is None else case.metadata.get(key)
    if isinstance(held, dict):
        pairs = cast("dict[str, Any]", held).items()
        gains = {name: float(gain) for name, gain in pairs if isinstance(gain, int | float) and gain > 0}
    else:
        items = cast("list[Any]", held) if isinstance(held, list) else [held]
        gains = {_id(item): 1.0 for item in items if _id(item)}
    if not gains:
        where = "expected" if key is None else f"metadata.{key}"
        raise NothingToCheckError(f"the case names no relevant id: {where} is a list of ids, or id -> gain")
    return gains


def recall(ranking: Sequence[str], gains: Mapping[str, float], k: int | None) -> float:
    """The share of the relevant ids that are listed."""
    return sum(one in gains for one in ranking[:k]) / len(gains)


def precision(ranking: Sequence[str], gains: Mapping[str, float], k: int | None) -> float:
    """The share of the listed ids that are relevant; a place that is not filled is one that is not relevant."""
    places = k or len(ranking)
    return sum(one in gains for one in ranking[:k]) / places if places else 0.0


def reciprocal_rank(ranking: Sequence[str], gains: Mapping[str, float], k: int | None) -> float:
    """1 / the place of the first relevant id; 0 where there is none."""
    return next((1 / place for place, one in enumerate(ranking[:k], 1) if one in gains), 0.0)


def ndcg(ranking: Sequence[str], gains: Mapping[str, float], k: int | None) -> float:
    """Discounted gain against the best order of the relevant ids: sum of gain / log2(place + 1).

    Source: Järvelin and Kekäläinen 2002, with linear gains, as trec_eval and scikit-learn have it.
    """
    best = sorted(gains.values(), reverse=True)[:k]
    return _discounted([gains.get(one, 0.0) for one in ranking[:k]]) / _discounted(best)


def _discounted(gains: Sequence[float]) -> float:
    return math.fsum(gain / math.log2(place + 1) for place, gain in enumerate(gains, 1))


def _id(item: Any) -> str:
    if isinstance(item, dict):
        item = cast("dict[str, Any]", item).get("id")
    return "" if item is None else scalar(item)

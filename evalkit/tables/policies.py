"""A routing policy as a file that a router reads: which candidate and model answers which kind of case, and why.

The file explains itself: what a kind is, who answers each, who answers every other, and what all of it rests on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from evalkit.analysis.route import Evidence
from evalkit.dataset import Case, Json
from evalkit.pipeline.kinds import BY_LENGTH, BY_PREFIX, BY_TAG, UNTAGGED, input_length, kind_of, tags_by
from evalkit.pipeline.routing import Routed

VERSION: Final = 1
"""Of the file's shape; a reader refuses one that it does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Who is to answer a case."""

    kind: str
    candidate: str
    model: str | None
    """None where the candidate's outputs name no model, or several."""


def policy_of(found: Routed) -> dict[str, Any]:
    """The document of a routing; what is not known is left out."""
    policy, by = found.routing.policy, found.routing.by
    evidence = {one.kind: one for one in policy.evidence if policy.routes.get(one.kind) == one.candidate}
    kinds = {
        kind: {
            **_answers(found, candidate),
            **({"at_most": limit} if (limit := found.limits.get(kind)) is not None else {}),
            **_why(evidence.get(kind)),
        }
        for kind, candidate in _routes(found).items()
    }
    return {
        "version": VERSION,
        "by": by,
        "how": _how(by),
        "default": _answers(found, policy.default),
        "kinds": kinds,
        "evidence": {
            "margin": policy.margin,
            "confidence": policy.confidence,
            "criterion": found.criterion,
            "grader": found.grader,
            **({"judge": found.judge} if found.judge else {}),
            **({"label": found.label} if found.label else {}),
            "simulated": found.simulated,
            "cases": found.n,
            "runs": list(found.runs),
            "prices": {"date": found.price_date, "list": found.price_source, "from_the_list": _listed(found)},
        },
    }


def choose(policy: Mapping[str, Any], case: Case | Mapping[str, Json]) -> Chosen:
    """Who answers a case by a policy.

    Args:
        policy: what `policy_of` made, or its file says.
        case: a case, or what of one the policy looks at: `input`, `tags` or `metadata`.
    """
    kind = _kind(policy, case)
    who = policy["kinds"].get(kind, policy["default"])
    return Chosen(kind=kind, candidate=who["candidate"], model=who.get("model"))


def _kind(policy: Mapping[str, Any], case: Case | Mapping[str, Json]) -> str:
    by = str(policy["by"])
    if not isinstance(case, Case):
        case = Case(
            id="",
            input=cast("Any", case.get("input", "")),
            tags=tuple(cast("Sequence[str]", case.get("tags") or ())),
            metadata=cast("dict[str, Json]", case.get("metadata") or {}),
        )
    if by == BY_LENGTH:
        limits = {kind: who.get("at_most", math.inf) for kind, who in policy["kinds"].items()}
        return min((kind for kind in limits if input_length(case) <= limits[kind]), key=limits.__getitem__)
    if by == BY_TAG or by.startswith(BY_PREFIX):
        return next(iter(tags_by(case.tags, by)), UNTAGGED)
    return kind_of(case.metadata.get(by))


def _routes(found: Routed) -> dict[str, str]:
    """The kinds that a policy names: those that others than the default answer; by length all, in their order."""
    policy = found.routing.policy
    return {kind: policy.candidate_for(kind) for kind in found.limits} or policy.routes


def _answers(found: Routed, candidate: str) -> dict[str, Any]:
    model = found.candidates[candidate].model
    return {"candidate": candidate, **({"model": model} if model is not None else {})}


def _why(one: Evidence | None) -> dict[str, Any]:
    if one is None:
        return {}
    told = {
        "cases": one.n,
        "difference": one.delta,
        "at_least": one.low,
        "p_adjusted": one.p_adjusted,
        "cost_usd": one.cost_usd,
        "default_cost_usd": one.strong_cost_usd,
    }
    # Six digits say all that there is to say, and are the same on every machine.
    return {
        name: float(f"{value:.6g}") if isinstance(value, float) else value
        for name, value in told.items()
        if value is not None
    }


def _listed(found: Routed) -> list[str]:
    """The candidates of which the list says what some outputs cost."""
    return [name for name, one in found.candidates.items() if one.listed]


def _how(by: str) -> str:
    if by == BY_LENGTH:
        return (
            "the kind of the least at_most that is not less than the number of characters of the input; longer inputs "
            "are of the kind that has none"
        )
    if by == BY_TAG:
        return f"the first tag of the case; {UNTAGGED} where it has none"
    if by.startswith(BY_PREFIX):
        return f"the first tag of the case that begins with {by.removeprefix(BY_PREFIX)}:; {UNTAGGED} where it has none"
    return f"what the metadata of the case says under {by}: a text itself, else its JSON; none where it says nothing"

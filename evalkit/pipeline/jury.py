"""A jury's runs, read off the store: how far its judges agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evalkit.analysis.jury import JuryAgreement, jury_agreement
from evalkit.errors import UsageError
from evalkit.graders.jury import members
from evalkit.pipeline.agree import agree_between
from evalkit.pipeline.view import RunView
from evalkit.run import Run
from evalkit.store import Store


def jury_agreements(store: Store, run: Run) -> dict[str, JuryAgreement]:
    """How far the judges of a jury's run agree, by criterion; nothing of another run, or while they judge.

    Nor of a run whose members are in another store, or took over one and the same judgements.
    """
    needed = [member.id for member in members(run)]
    by_id = {one.id: one for one in store.runs.select(ids=needed)} if needed else {}
    if not needed or len(by_id) < len(needed) or store.waits.all([run.id]):
        return {}
    try:
        found = agree_between(store, [by_id[one] for one in needed])
    except UsageError:
        return {}
    return {one.criterion: jury_agreement(one) for one in found}


def with_juries(store: Store, runs: Sequence[Run], views: Sequence[RunView]) -> list[RunView]:
    """The views of some runs, those of juries with how far their judges agree."""
    found = {run.id: jury_agreements(store, run) for run in runs if members(run)}
    return [replace(view, jury=found.get(view.run, {}).get(view.criterion)) for view in views]

"""The verbs of choosing between models: which one for which kind of case, and which one to judge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from evalkit.errors import UsageError
from evalkit.session import Session
from evalkit.work import newest_runs

if TYPE_CHECKING:
    from evalkit.tables.judge_routings import JudgeRoutings
    from evalkit.tables.routings import Routings

MARGIN: Final = 0.02
"""The loss of mean score that is accepted where neither the user nor the gate says."""
JUDGE_MARGIN: Final = 0.05
"""The loss of a judge's accuracy that is accepted where nobody says."""


def route(
    *,
    by: str = "tag",
    margin: float | None = None,
    strong: str | None = None,
    grader: str | None = None,
    criterion: str | None = None,
    label: str | None = None,
    scores: Path | str | None = None,
    confidence: float = 0.95,
    config: Path | str | None = None,
    store: str | None = None,
) -> Routings:
    """Choose for each kind of case the cheapest candidate that is shown to be no worse than the strongest.

    What the choice is worth is told from cases that it was not made by.

    Args:
        by: what a kind of case is: `tag` (its first tag), `tag:topic` (its first tag that begins so, as
            `topic:law`), `length` (of its input), or a key of its metadata.
        margin: the loss of mean score that is accepted in each kind; the gate's, else 0.02.
        strong: the candidate to be no worse than; the best one where None.
        grader: this grader only.
        criterion: this criterion only.
        label: runs of this label; the newest where None.
        scores: a file with a router's own `score` of each case `id`, to draw its curve.
        confidence: of all intervals, and of the policy as a whole.
        config: `evalkit.toml`, for the suite's name and its gate.
        store: the store's URL.

    Raises:
        UsageError: fewer than two candidates have scores and prices of the same cases, or a word names nothing.
        DatasetError: the file of scores is wrong.
    """
    from evalkit.pipeline.routing import Asked, routed
    from evalkit.tables.routings import RoutingRow, Routings

    if margin is not None and not 0 < margin <= 1:
        raise UsageError("a margin is a loss of mean score above 0 and at most 1, as in --margin 0.02")
    with Session(config=config, store=store, reads=True) as session:
        gate = session.config_or_none.gate if session.config_or_none else None
        asked = Asked(
            by=by,
            margin=margin or (gate.margin if gate else MARGIN),
            prices=session.prices,
            strong=strong,
            grader=grader,
            criterion=criterion,
            scores=Path(scores) if scores is not None else None,
            confidence=confidence,
        )
        found = routed(session.store, newest_runs(session, label), asked)
        return Routings(rows=tuple(RoutingRow(found=one) for one in found))


def judges(
    *,
    margin: float = JUDGE_MARGIN,
    strong: str | None = None,
    grader: str | None = None,
    criterion: str | None = None,
    label: str | None = None,
    confidence: float = 0.95,
    config: Path | str | None = None,
    store: str | None = None,
) -> JudgeRoutings:
    """Hold the cheaper judges of the same outputs against the strong one: is one good enough, alone or in a cascade?

    Nothing is sent. `evalkit rejudge RUN --judge MODEL` has another judge score outputs that are stored.

    Args:
        margin: the loss of accuracy that is accepted, as a share of the scale.
        strong: the judge to be no worse than; the dearest where None.
        grader: this grader only.
        criterion: this criterion only.
        label: runs of this label; of every label where None.
        confidence: of all intervals.
        config: `evalkit.toml`, for the suite's name.
        store: the store's URL.

    Raises:
        UsageError: no two judges have scores of the same outputs, a word names nothing, or it is not known which
            judge is the dearest.
    """
    from datetime import UTC, datetime

    from evalkit.pipeline.judge_routing import AskedJudges, judge_routings
    from evalkit.pipeline.selection import scope_of
    from evalkit.tables.judge_routings import JudgeRoutings

    if not 0 < margin < 1:
        raise UsageError("a margin is a share of the scale above 0 and below 1, as in --margin 0.05")
    with Session(config=config, store=store, reads=True) as session:
        known = session.config_or_none
        scope = scope_of(session.store, known.name if known else None)
        asked = AskedJudges(
            margin=margin, strong=strong, grader=grader, criterion=criterion, label=label, confidence=confidence
        )
        return JudgeRoutings(rows=judge_routings(session.store, scope, asked, now=datetime.now(UTC)))


def write_policy(path: Path | str, policy: Mapping[str, Any]) -> None:
    """Write a policy for a router to read, as TOML or JSON by the file's name; a reader sees it whole or not at all.

    Raises:
        UsageError: the name ends otherwise, or the file cannot be written.
    """
    from evalkit.ci.verdict import write_atomically

    out = Path(path)
    try:
        write_atomically(out, _written(out, policy))
    except OSError as error:
        raise UsageError(f"{out}: the policy cannot be written ({error.strerror}); name another file") from error


def _written(out: Path, policy: Mapping[str, Any]) -> str:
    import json

    if out.suffix == ".json":
        return json.dumps(policy, indent=2, ensure_ascii=False) + "\n"
    if out.suffix == ".toml":
        import tomlkit

        return tomlkit.dumps(policy)
    raise UsageError(f"{out}: a policy is written as .toml or .json; name such a file")

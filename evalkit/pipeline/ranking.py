"""Which runs make a ranking: pairs under one question, of the newest outputs that each candidate has there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit import ids
from evalkit.analysis.ranking import Battle, Ranking, ranking
from evalkit.errors import UsageError
from evalkit.graders.pairwise import BASELINE_PART
from evalkit.pipeline.preferences import pairs_of
from evalkit.run import Run
from evalkit.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """A ranking with the runs that it was made of."""

    graders: tuple[str, ...]
    """Their names; they ask one question, each with another candidate on the other side."""
    judge: str
    simulated: bool
    label: str
    dataset: str
    runs: tuple[str, ...]
    ranking: Ranking
    left_out: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of it."""
        return (*self.ranking.notes, *self.left_out)

    def json(self) -> dict[str, Any]:
        """The document of one ranking."""
        return {
            **self.ranking.json(),
            "graders": list(self.graders),
            "judge": self.judge,
            "simulated": self.simulated,
            "label": self.label,
            "dataset": self.dataset,
            "runs": list(self.runs),
            "notes": list(self.notes),
        }


def rankings(
    store: Store, scope: Sequence[Run], *, grader: str | None, label: str | None, baseline: str | None
) -> list[Rated]:
    """One ranking for each question that a judge was asked of pairs.

    Args:
        store: where the runs are.
        scope: the runs of a suite, newest first.
        grader: only runs under this grader.
        label: only runs of this label; the newest that pairs were judged under where None.
        baseline: whose strength is 0; the candidate that most pairs have on the other side where None.

    Raises:
        UsageError: there is no run of pairs, or the baseline stands in no pair.
    """
    paired = [run for run in scope if run.baseline_digest is not None and grader in (None, run.grader)]
    wanted = label if label is not None else next((run.label for run in paired), None)
    paired = [run for run in paired if run.label == wanted]
    if not paired:
        under = f" under the label {label!r}" if label is not None else ""
        raise UsageError(
            f'no run{under} puts two outputs beside each other; give a grader `against = "NAME"`, and submit'
        )
    groups: dict[str, list[Run]] = defaultdict(list)
    for run in paired:
        groups[_question(store, run)].append(run)
    return [_rated(store, runs, baseline) for runs in groups.values()]


def _question(store: Store, run: Run) -> str:
    """What pairs must share to stand in one ranking: cases, rubric, judge; not who stands on the other side."""
    parts, _ = store.content.grader(run.grader_digest)
    asked = {name: part for name, part in parts.items() if name != BASELINE_PART}
    return ids.digest({**asked, "judge": run.judge.digest if run.judge else "", "dataset": run.dataset})


def _rated(store: Store, runs: Sequence[Run], baseline: str | None) -> Rated:
    names = {
        run.baseline_digest: store.content.candidate(run.baseline_digest)[0] for run in runs if run.baseline_digest
    }
    newest: dict[str, str] = {}
    for run in runs:  # newest first
        newest.setdefault(run.candidate, run.candidate_digest)
        if run.baseline_digest is not None:
            newest.setdefault(names[run.baseline_digest], run.baseline_digest)
    current = [run for run in runs if _is_current(run, newest, names)]
    battles = [battle for run in current for battle in _battles(store, run, names)]
    if not battles:
        raise UsageError("no pair of these runs has a score yet; `evalkit collect` brings them")
    base = baseline or Counter(one.against for one in battles).most_common(1)[0][0]
    known = dict.fromkeys(name for one in battles for name in (one.candidate, one.against))
    if base not in known:
        raise UsageError(f"there is no candidate {base!r} in these pairs; there are {', '.join(known)}")
    old = len(runs) - len(current)
    left_out = (f"{old} runs of outputs that a candidate has replaced since are left out",) if old else ()
    judge = runs[0].judge
    return Rated(
        graders=tuple(sorted({run.grader for run in current})),
        judge=judge.model if judge else "",
        simulated=judge is not None and judge.simulated,
        label=runs[0].label,
        dataset=runs[0].dataset_name,
        runs=tuple(run.id for run in current),
        ranking=ranking(battles, baseline=base),
        left_out=left_out,
    )


def _is_current(run: Run, newest: dict[str, str], names: dict[str, str]) -> bool:
    beside = run.baseline_digest
    return beside is not None and newest[run.candidate] == run.candidate_digest and newest[names[beside]] == beside


def _battles(store: Store, run: Run, names: dict[str, str]) -> Iterator[Battle]:
    assert run.baseline_digest is not None  # noqa: S101 # such runs alone are asked
    against = names[run.baseline_digest]
    for case_id, pair in pairs_of(store, run).items():
        if pair.score is not None:
            yield Battle(
                candidate=run.candidate, against=against, case_id=case_id, cluster=pair.cluster, score=pair.score
            )

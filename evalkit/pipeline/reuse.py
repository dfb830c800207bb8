"""Reuse: which cases of a new run were judged before, and so are not sent.

The same output for the same case, under the same grader and judge, has its score already. It is taken over where every
criterion, and every judgement behind it, is scored in a finished run, and where one and the same model served it: that
which serves the judge now, as far as the store knows. A score is taken over once in a run, since it is one observation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from evalkit.dataset import Case
from evalkit.graders import Asked, RubricGrader
from evalkit.run import Run
from evalkit.store import Store
from evalkit.store.reuse import JudgedCase, Taken

_FEW: Final = 1000
"""Cases that are looked up one by one; more of them are looked for among all of a run."""


def taken_over(
    store: Store, run: Run, pairs: Iterable[tuple[Case, str | None]], grader: Asked, *, base_url: str
) -> list[Taken]:
    """The cases of a run that is not in the store whose scores are those of earlier runs.

    Args:
        store: where the earlier runs are.
        run: the run.
        pairs: its cases with the candidate's outputs.
        grader: its grader.
        base_url: where it would be sent; what a sandbox has judged is taken over from that sandbox alone.
    """
    judge = run.judge
    if judge is None or grader.kind != RubricGrader.kind:  # of two outputs side by side, one alone proves nothing
        return []
    served = store.reuse.serving(judge, base_url=base_url)
    if served is None:
        return []
    wanted = _Wanted.of(pairs)
    places: dict[str, list[str]] = {}
    for source in store.reuse.sources(run, base_url=base_url):
        if not wanted.n:
            break
        few: list[str] | None = None
        if wanted.n <= _FEW:
            dataset = source[1]
            if dataset not in places:
                places[dataset] = store.reuse.places(dataset, wanted.digests)
            few = places[dataset]
            if not few:
                continue
        for some in [None] if few is None else _at_most(few):
            wanted.take(
                store.reuse.judged(
                    source,
                    criteria=[criterion.name for criterion in grader.criteria],
                    samples=len(grader.suffixes),
                    served=served,
                    judge=judge,
                    case_ids=some,
                )
            )
    return wanted.taken


def said(run: Run, taken: int, sent: int) -> str:
    """What is told of a run before it is sent."""
    judged = f"run {run.id}: {taken:,} of {run.cases:,} cases are judged already and taken over"
    return f"{judged}; {f'{sent:,} are sent' if sent else 'nothing is sent'} (--fresh judges all)"


@dataclass(slots=True, kw_only=True)
class _Wanted:
    """The cases that have no score yet, and those that have one."""

    by_digest: dict[str, dict[str, str]]
    """Case digest -> case id -> output."""
    n: int
    taken: list[Taken] = field(default_factory=list[Taken])
    origins: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    @classmethod
    def of(cls, pairs: Iterable[tuple[Case, str | None]]) -> _Wanted:
        by_digest: dict[str, dict[str, str]] = defaultdict(dict)
        n = 0
        for case, output in pairs:
            if output is not None:
                by_digest[case.digest][case.id] = output
                n += 1
        return cls(by_digest=by_digest, n=n)

    @property
    def digests(self) -> list[str]:
        return [digest for digest, cases in self.by_digest.items() if cases]

    def take(self, found: Iterable[JudgedCase]) -> None:
        """Take over what is wanted: first by those of the same id, then by others with the same content."""
        others: list[JudgedCase] = []
        for one in found:
            cases = self.by_digest.get(one.case_digest, {})
            if cases.get(one.taken.case_id) == one.output:
                self._take(one, one.taken.case_id)
            elif one.output in cases.values():
                others.append(one)
        for one in others:
            cases = self.by_digest[one.case_digest]
            if (case_id := next((id_ for id_, output in cases.items() if output == one.output), None)) is not None:
                self._take(one, case_id)

    def _take(self, one: JudgedCase, case_id: str) -> None:
        origin = (one.taken.from_run, one.taken.from_case)
        if origin not in self.origins:
            self.origins.add(origin)
            self.taken.append(replace(one.taken, case_id=case_id))
            del self.by_digest[one.case_digest][case_id]
            self.n -= 1


def _at_most(case_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(case_ids), _FEW):
        yield case_ids[start : start + _FEW]

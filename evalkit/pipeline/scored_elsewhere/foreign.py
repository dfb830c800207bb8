"""A run of another tool in evalkit's words: its cases, one candidate's outputs, one scorer, and what that said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from evalkit import ids
from evalkit.candidate import Candidate
from evalkit.dataset import Case, OutputFacts
from evalkit.graders import Criterion
from evalkit.graders.imported import Imported
from evalkit.pipeline.scored_elsewhere.observed import Observed, Scale, criterion_of, mean_of
from evalkit.run import Run, RunKind
from evalkit.score import Score, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A case, and what a candidate answered."""

    case: Case
    output: str | None
    facts: OutputFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """The cases of a log, as a dataset."""

    path: Path
    cases: tuple[Case, ...]
    digest: str

    @classmethod
    def of(cls, path: Path, cases: Sequence[Case]) -> Subjects:
        """The dataset of some cases."""
        return cls(path=path, cases=tuple(cases), digest=ids.dataset_digest((case.id, case.digest) for case in cases))

    @property
    def n(self) -> int:
        """How many cases there are."""
        return len(self.cases)

    @property
    def spec(self) -> None:
        """No file of the user's, and no filter."""

    @property
    def clustered(self) -> bool:
        """Whether any case names a cluster."""
        return any(case.cluster is not None for case in self.cases)

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Epochs:
    """What a scorer said of one case under one criterion, epoch by epoch, and of all of them together."""

    each: tuple[Observed, ...]
    own: Observed | None = None
    """As the tool reduced it; the mean where None."""

    @property
    def reduced(self) -> Observed:
        """The case's own."""
        if self.own is not None:
            return self.own
        return self.each[0] if len(self.each) == 1 else mean_of(self.each)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """A scorer of another tool, with all that it said."""

    name: str
    scored_by: Mapping[str, str]
    said: Mapping[str, Mapping[str, Epochs]]
    """Criterion -> case id -> what was said; a case that is not there was not scored."""
    labels: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])
    """The labels of a criterion, where the file tells them."""
    between: bool = False
    """Whether values may lie between those labels."""

    def grader(self, scale: Scale | None) -> Imported:
        """As a grader.

        Raises:
            UsageError: a value is beyond the scale that was named.
        """
        found = [self._criterion(name, cases, scale) for name, cases in self.said.items()]
        return Imported(
            name=self.name,
            criteria=tuple(criterion for criterion, _ in found),
            graded=any(graded for _, graded in found),
            scored_by=self.scored_by,
        )

    def _criterion(self, name: str, cases: Mapping[str, Epochs], scale: Scale | None) -> tuple[Criterion, bool]:
        if name in self.labels:
            return Criterion.of(name, self.labels[name]), self.between
        said = [one for epochs in cases.values() for one in (*epochs.each, epochs.reduced)]
        criterion, graded = criterion_of(name, said, scale)
        several = any(len(epochs.each) > 1 for epochs in cases.values())
        return (criterion, graded) if graded or not several else criterion_of(name, said, Scale(low=0.0, high=1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """One candidate's outputs for the cases of a log, under every scorer of it."""

    path: Path
    suite: str
    dataset_name: str
    candidate: str
    source: str
    label: str
    created_at: datetime
    subjects: tuple[Subject, ...]
    scorers: tuple[Scorer, ...]

    def dataset(self) -> Subjects:
        """Its cases."""
        return Subjects.of(self.path, [subject.case for subject in self.subjects])

    def answers(self) -> Candidate:
        """Its candidate, with the outputs that were recorded."""
        texts = {one.case.id: one.output for one in self.subjects if one.output is not None}
        return Candidate(
            name=self.candidate,
            kind="recorded",
            content=ids.dataset_digest((case_id, ids.text_digest(text)) for case_id, text in texts.items()),
            texts=texts,
            source=self.source,
            facts={one.case.id: one.facts for one in self.subjects if one.facts is not None},
        )

    def run(self, grader: Imported, dataset: Subjects, candidate: Candidate) -> Run:
        """The run of a scorer."""
        return Run(
            suite=self.suite,
            kind=RunKind.IMPORTED,
            dataset=dataset.digest,
            dataset_name=self.dataset_name,
            candidate=candidate.name,
            candidate_digest=candidate.digest,
            grader=grader.name,
            grader_digest=grader.digest,
            judge=None,
            label=self.label,
            cases=dataset.n,
            created_at=self.created_at,
        )


def scores(run: str, scorer: Scorer, dataset: Subjects) -> Iterator[Score]:
    """The score of every case under every criterion, and one for each epoch where there are several."""
    for criterion, cases in scorer.said.items():
        for case in dataset:
            epochs = cases.get(case.id) or Epochs(each=(_UNSAID,))
            yield Score(run=run, case_id=case.id, verdict=epochs.reduced.verdict(criterion))
            if len(epochs.each) > 1:
                for number, one in enumerate(epochs.each, 1):
                    yield Score(run=run, case_id=case.id, suffix=f"s{number}", verdict=one.verdict(criterion))


_UNSAID = Observed(status=Status.MISSING, reason="the scorer says nothing of this case")

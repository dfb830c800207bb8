"""Proof: identity is derived from content, so every row of a bundle must be what its digest or id says that it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from evalkit import ids
from evalkit.dataset import OutputFacts
from evalkit.errors import ConfigError
from evalkit.graders import Generation, PairwiseGrader, RubricGrader
from evalkit.graders.pairwise import BASELINE_PART
from evalkit.graders.sentinels import PURPOSES
from evalkit.run import BatchState, IntentState, Run
from evalkit.score import Status
from evalkit.store import REALTIME_PREFIX, read_calibration, read_run

_SETTLED: Final = (IntentState.CREATED.value, IntentState.NOT_CREATED.value)
_SAID: Final = ("rubric", "labels", "reply format")
"""Parts of a rubric grader that its spec says in full, whatever version of evalkit wrote it."""

Row = Mapping[str, Any]


class Unproven(ValueError):  # noqa: N818 # it reads as what it says: the row is unproven
    """Something of a bundle is not what it says."""


def _dataset_cases() -> dict[str, list[tuple[str, str]]]:
    return defaultdict(list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What has been seen of a bundle, as far as later rows must agree with it."""

    runs: dict[str, Run] = field(default_factory=dict[str, Run])
    batches: dict[str, str] = field(default_factory=dict[str, str])
    """Batch -> run."""
    created: dict[str, str] = field(default_factory=dict[str, str])
    """The same, as the intents say."""
    sizes: dict[str, int] = field(default_factory=dict[str, int])
    """Dataset -> its number of cases."""
    cases: set[str] = field(default_factory=set[str])
    placed: dict[str, list[tuple[str, str]]] = field(default_factory=_dataset_cases)
    """Dataset -> the id and the digest of each of its cases."""
    candidates: set[str] = field(default_factory=set[str])
    graders: set[str] = field(default_factory=set[str])
    beside: dict[str, str] = field(default_factory=dict[str, str])
    """Pairwise grader -> the candidate that it puts beside others."""
    reused: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict[tuple[str, str], tuple[str, str]])
    """Run and case -> the run and the case that were paid for its scores."""

    def row(self, table: str, row: Row) -> None:
        """Look at one row.

        Raises:
            Unproven: it is not what it says, or belongs to nothing.
            ValueError, TypeError, KeyError: what it holds cannot be read.
        """
        if table != "runs" and "run" in row and row["run"] not in self.runs:
            raise Unproven(f"belongs to run {row['run']!r}, which is not in the bundle")
        looks: dict[str, Callable[[Row], None]] = {
            "runs": self._run,
            "intents": self._intent,
            "batches": self._batch,
            "datasets": self._dataset,
            "cases": self._case,
            "dataset_cases": self._place,
            "candidates": self._candidate,
            "outputs": self._output,
            "graders": self._grader,
            "requests": self._request,
            "results": self._of_batch,
            "reused": self._reused,
            "scores": self._score,
            "policies": self._policy,
            "calibrations": self._calibration,
            "sentinels": self._sentinel,
        }
        if table in looks:  # a noise run may be there without the run that it was taken from
            looks[table](row)

    def complete(self, numbers: Mapping[str, int]) -> None:
        """Look at all of it together, when every row was seen.

        Raises:
            Unproven: something that a run is made of is not there, or is another thing.
        """
        if set(numbers) != set(self.runs) or any(number < 0 for number in numbers.values()):
            raise Unproven("its manifest names other runs than it holds")
        if self.created != self.batches:
            raise Unproven("its batches are not those that its runs created")
        for run in self.runs.values():
            if self.sizes.get(run.dataset) != run.cases:
                raise Unproven(f"run {run.id} has {run.cases} cases, and its dataset is missing or of another size")
            if run.candidate_digest not in self.candidates or run.grader_digest not in self.graders:
                raise Unproven(f"the candidate or the grader of run {run.id} is missing")
            self._has_its_baseline(run)
        for dataset, n in self.sizes.items():
            cases = self.placed[dataset]
            if len(cases) != n or ids.dataset_digest(cases) != dataset:
                raise Unproven(f"the cases of dataset {dataset[:12]} are not those of its digest")
            if not self.cases.issuperset(digest for _, digest in cases):
                raise Unproven(f"cases of dataset {dataset[:12]} are missing")

    def _has_its_baseline(self, run: Run) -> None:
        """See that a run stands beside what its grader says, and that this is there too."""
        beside = self.beside.get(run.grader_digest)
        if run.baseline_digest != beside:
            raise Unproven(f"run {run.id} stands beside other outputs than its grader says")
        if beside is not None and beside not in self.candidates:
            raise Unproven(f"the outputs that stand beside those of run {run.id} are missing")

    def _run(self, row: Row) -> None:
        run = read_run(row)
        _must_be("run", row["run"], run.id)
        self.runs[run.id] = run

    def _intent(self, row: Row) -> None:
        if row["state"] not in _SETTLED:
            raise Unproven(f"is {row['state']}: a part whose sending is not over does not leave its store")
        if row["state"] == IntentState.CREATED.value:
            self.created[row["batch"]] = row["run"]

    def _batch(self, row: Row) -> None:
        state, realtime = BatchState(row["state"]), bool(row["realtime"])
        if realtime != row["batch"].startswith(REALTIME_PREFIX):
            raise Unproven("has a batch that went in realtime under an id of the API's, or the other way round")
        if realtime and state is not BatchState.COLLECTED:
            raise Unproven("is being asked in realtime: that does not leave its store")
        self.batches[row["batch"]] = row["run"]

    def _dataset(self, row: Row) -> None:
        if row["digest"] not in {run.dataset for run in self.runs.values()}:
            raise Unproven("belongs to no run of the bundle")
        self.sizes[row["digest"]] = row["cases"]

    def _case(self, row: Row) -> None:
        content = {name: None if row[name] is None else _json(row[name]) for name in ("input", "expected", "metadata")}
        if row["attachments"] is not None:
            content["attachments"] = [[one["media_type"], one["digest"]] for one in _json(row["attachments"])]
        _must_be("case", row["digest"], ids.digest(content))
        self.cases.add(row["digest"])

    def _place(self, row: Row) -> None:
        if row["dataset"] not in self.sizes:
            raise Unproven("belongs to no dataset of the bundle")
        if not all(isinstance(tag, str) for tag in msgspec.json.decode(row["tags"], type=list[Any])):
            raise Unproven("has a tag that is no text")
        self.placed[row["dataset"]].append((row["case_id"], row["case_digest"]))

    def _candidate(self, row: Row) -> None:
        _json(row["spec"])
        self.candidates.add(row["digest"])

    def _output(self, row: Row) -> None:
        if row["candidate"] not in self.candidates:
            raise Unproven("belongs to no candidate of the bundle")
        if row["usage"] is not None:
            OutputFacts.from_json(_json(row["usage"]))

    def _grader(self, row: Row) -> None:
        parts, spec = _object(row["parts"]), _object(row["spec"])
        _must_be("grader", row["digest"], ids.digest({"name": row["name"], **parts}))
        if not all([float(value) for _, value in criterion["labels"]] for criterion in spec["criteria"]):
            raise Unproven("has a criterion without labels")
        if row["kind"] == "rubric":
            try:
                said = RubricGrader.from_spec(spec).parts
            except ConfigError as error:
                raise Unproven(f"has a rubric that cannot be used: {error}") from error
            for part in _SAID:
                _must_be(part, parts[part], said[part])
        if row["kind"] == "pairwise":
            self._pairwise(parts, spec)
        if row["kind"] == Generation.kind and _said(spec) != parts:
            raise Unproven("has a prompt that is not that of its digest")
        self.graders.add(row["digest"])

    def _pairwise(self, parts: Mapping[str, str], spec: Mapping[str, Any]) -> None:
        """What a pairwise grader says in full, and that the candidate that it puts beside others is there."""
        try:
            said = PairwiseGrader.from_spec(spec).parts
        except ConfigError as error:
            raise Unproven(f"has a rubric that cannot be used: {error}") from error
        for part in ("rubric", "ties", BASELINE_PART):
            _must_be(part, parts[part], said[part])
        self.beside[ids.digest({"name": spec["name"], **parts})] = said[BASELINE_PART]

    def _request(self, row: Row) -> None:
        _must_be("custom_id", row["custom_id"], ids.custom_id(row["run"], row["case_id"], row["suffix"]))

    def _reused(self, row: Row) -> None:
        if row["from_run"] == row["run"]:
            raise Unproven("is taken over from its own run")
        self.reused[row["run"], row["case_id"]] = (row["from_run"], row["from_case"])

    def _score(self, row: Row) -> None:
        status = Status(row["status"])
        if origin := self.reused.get((row["run"], row["case_id"])):
            self._taken_over(row, status, *origin)
            return
        if row["custom_id"] is not None:
            self._request(row)
        self._of_batch(row)

    def _taken_over(self, row: Row, status: Status, from_run: str, from_case: str) -> None:
        """A score of a reply to another run, which need not be in the bundle."""
        if status is not Status.SCORED:
            raise Unproven("is taken over, and has no value")
        if row["custom_id"] is not None:
            _must_be("custom_id", row["custom_id"], ids.custom_id(from_run, from_case, row["suffix"]))
        if self.batches.get(row["batch"], from_run) != from_run:
            raise Unproven(f"is of batch {row['batch']!r}, which is none of the run that it is taken over from")

    def _of_batch(self, row: Row) -> None:
        if row["batch"] is not None and self.batches.get(row["batch"]) != row["run"]:
            raise Unproven(f"is of batch {row['batch']!r}, which is none of its run")

    def _policy(self, row: Row) -> None:
        _object(row["policy"])

    def _sentinel(self, row: Row) -> None:
        case, expected = _object(row["case"]), msgspec.json.decode(row["expected"], type=dict[str, list[str]])
        if set(case) != {"input", "expected", "metadata"} or not isinstance(case["metadata"], dict):
            raise Unproven("has a case that is none")
        if row["purpose"] not in PURPOSES or not all(expected.values()):
            raise Unproven("does not say what it is to show")

    def _calibration(self, row: Row) -> None:
        msgspec.json.decode(row["pairs"], type=list[tuple[str, float, float | None]])
        _must_be("calibration", row["id"], read_calibration(row).id)


def _said(spec: Row) -> dict[str, str]:
    try:
        return Generation.from_spec(spec).parts
    except ConfigError as error:
        raise Unproven(f"has a prompt that cannot be used: {error}") from error


def _must_be(what: str, said: str, found: str) -> None:
    if said != found:
        raise Unproven(f"says that it is {what} {said!r}, and is {found!r}")


def _json(text: str) -> Any:
    return msgspec.json.decode(text)


def _object(text: str) -> dict[str, Any]:
    return msgspec.json.decode(text, type=dict[str, Any])

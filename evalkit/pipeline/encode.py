"""From cases to the bytes of a batch: rendered once, encoded once, and split at the API's limits.

What every row shares (model, system prompt, schema) is encoded once and spliced, so a row costs what its own text
costs. The bytes go to a spool file per part, and the intent of the part holds the digest of exactly these bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from evalkit import ids
from evalkit.dataset import Case
from evalkit.errors import DatasetError, Problem
from evalkit.graders import Asked, CacheTtl, CannotAskError, Criterion, RenderError
from evalkit.pipeline.spool import Limits, Part, Spool
from evalkit.run import Request, Run
from evalkit.score import Score, Status, Verdict

_MAX_ROW: Final = 32_000_000
"""Bytes of one request that the Messages API takes."""
_SHOWN: Final = 3
"""Cases that are named of those with one and the same problem."""
_TOLD_EVERY: Final = 500


class RowTooLargeError(ValueError):
    """A request is larger than the API takes."""


_MENDS: Final[Mapping[type[ValueError], str]] = {
    RenderError: "give the cases that field, or guard it in the rubric's case block",
    CannotAskError: "mend the cases or the candidate's prompt",
    RowTooLargeError: "shorten the input or the output, or leave the case out",
}

Pairs = Iterable[tuple[Case, str | None]]
"""Cases, each with the candidate's output where there is one."""


@dataclass(slots=True, kw_only=True)
class Encoded:
    """A run, ready to be sent."""

    parts: list[Part] = field(default_factory=list[Part])
    requests: list[Request] = field(default_factory=list[Request])
    missing: list[Score] = field(default_factory=list[Score])
    """Scores of the cases that the candidate has no output for."""


class RowEncoder:
    """Encodes the rows of one run: `{"custom_id":...,"params":{"messages":[...],...shared...}}`."""

    def __init__(self, run: Run, grader: Asked, *, max_tokens: int | None = None) -> None:
        """Encode what every row shares.

        Args:
            run: a run with a judge.
            grader: its grader.
            max_tokens: in place of the judge's, for replies that were cut.
        """
        if run.judge is None:
            raise TypeError(f"run {run.id} has no judge")
        shared = grader.params(run.judge, cache_ttl(run.cases * len(grader.suffixes)))
        if max_tokens is not None:
            shared["max_tokens"] = max_tokens
        self._run, self._grader = run.id, grader
        self._tail = b"," + msgspec.json.encode(shared)[1:] + b"}"

    def rows(self, case: Case, output: str) -> Iterator[tuple[str, str, bytes]]:
        """The suffix, the custom_id and the row of each request of one case.

        Raises:
            RenderError: the case lacks what the rubric prints.
            RowTooLargeError: the API does not take a request of this size.
        """
        for suffixes, messages in self._grader.messages(case, output):
            content = msgspec.json.encode(messages) + self._tail
            for suffix in suffixes:
                custom_id = ids.custom_id(self._run, case.id, suffix)
                row = f'{{"custom_id":"{custom_id}","params":{{"messages":'.encode("ascii") + content
                if len(row) > _MAX_ROW:
                    raise RowTooLargeError(f"its request has {len(row):,} bytes, and the API takes {_MAX_ROW:,}")
                yield suffix, custom_id, row


def encode(
    run: Run,
    grader: Asked,
    pairs: Pairs,
    directory: Path,
    *,
    limits: Limits | None = None,
    rendered: Callable[[int], None] = lambda _: None,
) -> Encoded:
    """Render and encode every case of a run, and split it into parts.

    Args:
        run: a run with a judge.
        grader: its grader.
        pairs: its cases with the candidate's outputs.
        directory: where the parts are written.
        limits: where to split.
        rendered: told the number of cases done, now and then.

    Raises:
        DatasetError: cases lack what the rubric prints, or are too large; all of them at once.
    """
    encoder = RowEncoder(run, grader)
    spool = Spool(directory, run.id, limits or Limits())
    encoded, failed = Encoded(), dict[tuple[type[ValueError], str], list[str]]()
    for number, (case, output) in enumerate(pairs, start=1):
        if output is None:
            encoded.missing += no_output(run, grader.criteria, case.id)
            continue
        try:
            for suffix, custom_id, row in encoder.rows(case, output):
                part = spool.add(row)
                encoded.requests.append(Request(custom_id=custom_id, case_id=case.id, suffix=suffix, part=part))
        except (RenderError, RowTooLargeError) as error:
            failed.setdefault((type(error), str(error)), []).append(case.id)
        if number % _TOLD_EVERY == 0:
            rendered(number)
    encoded.parts = spool.done()
    if failed:
        raise DatasetError([_problem(run, kind, what, case_ids) for (kind, what), case_ids in failed.items()])
    return encoded


def encode_part(
    run: Run,
    grader: Asked,
    pairs: Pairs,
    directory: Path,
    *,
    wanted: Iterable[Request],
    max_tokens: int | None = None,
) -> Part:
    """The body of one part again, from the cases and outputs that the store keeps.

    Args:
        run: a run with a judge.
        grader: its grader.
        pairs: its cases with the candidate's outputs; those that are not wanted are passed over.
        directory: where the part is written.
        wanted: the part's requests.
        max_tokens: in place of the judge's.
    """
    encoder = RowEncoder(run, grader, max_tokens=max_tokens)
    spool = Spool(directory, run.id, Limits.none())
    custom_ids = {request.custom_id: request.case_id for request in wanted}
    case_ids = set(custom_ids.values())
    for case, output in pairs:
        if output is not None and case.id in case_ids:
            for _, custom_id, row in encoder.rows(case, output):
                if custom_id in custom_ids:
                    spool.add(row)
    (part,) = spool.done()
    return part


def cache_ttl(n_requests: int) -> CacheTtl | None:
    """How long the shared prefix should stay cached; a single request has nobody to share with."""
    return "1h" if n_requests > 1 else None


def no_output(run: Run, criteria: Sequence[Criterion], case_id: str, why: str | None = None) -> list[Score]:
    """The scores of a case that the candidate has no output for: one per criterion, all missing."""
    reason = f"candidate {run.candidate!r} has no output for this case{f' ({why})' if why else ''}"
    return [
        Score(
            run=run.id,
            case_id=case_id,
            verdict=Verdict(criterion=criterion.name, status=Status.MISSING, reason=reason),
        )
        for criterion in criteria
    ]


def _problem(run: Run, kind: type[ValueError], what: str, case_ids: Sequence[str]) -> Problem:
    """One problem of a rubric with many cases is told once."""
    shown = ", ".join(repr(case_id) for case_id in case_ids[:_SHOWN])
    more = f" and {len(case_ids) - _SHOWN:,} more" if len(case_ids) > _SHOWN else ""
    cases = "case" if len(case_ids) == 1 else f"{len(case_ids):,} cases,"
    where = f"{run.dataset_name}, {cases} {shown}{more}"
    return Problem(where, None, what, _MENDS[kind])

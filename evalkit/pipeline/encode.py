"""From cases to the bytes of a batch: rendered once, encoded once, and split at the API's limits.

What every row shares (model, system prompt, schema) is encoded once and spliced, so a row costs what its own text
costs. The bytes go to a spool file per part, and the intent of the part holds the digest of exactly these bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from evalkit import ids
from evalkit.dataset import Case
from evalkit.errors import ConfigError, DatasetError, Problem
from evalkit.graders import Asked, CannotAskError, Criterion, NoBaselineOutputError, RenderError, Sentinel
from evalkit.pipeline.forecast.weighed import Weighed
from evalkit.pipeline.guarding import guarded
from evalkit.pipeline.rows import RowEncoder, RowTooLargeError, params_in
from evalkit.pipeline.spool import Limits, Part, Spool
from evalkit.run import Request, Run
from evalkit.score import Score, Status, Verdict

_SHOWN: Final = 3
"""Cases that are named of those with one and the same problem."""
_TOLD_EVERY: Final = 500


_MENDS: Final[Mapping[type[ValueError], str]] = {
    RenderError: "give the cases that field, or guard it in the rubric's case block",
    CannotAskError: "mend the cases or the candidate's prompt",
    RowTooLargeError: "shorten the input or the output, or leave the case out",
}

_NO_REASONS: Final[Mapping[str, str]] = {}

Pairs = Iterable[tuple[Case, str | None]]
"""Cases, each with the candidate's output where there is one."""


@dataclass(slots=True, kw_only=True)
class Encoded:
    """A run, ready to be sent."""

    parts: list[Part] = field(default_factory=list[Part])
    requests: list[Request] = field(default_factory=list[Request])
    missing: list[Score] = field(default_factory=list[Score])
    """Scores of the cases that are not sent: the candidate has no output for them, or a guard decides."""
    not_sent: int = 0
    """Cases that a guard keeps from the judge."""
    sentinels: list[Sentinel] = field(default_factory=list[Sentinel])
    """Those that ride: all of them, or none where no case is sent."""


def encode(
    run: Run,
    grader: Asked,
    pairs: Pairs,
    directory: Path,
    *,
    limits: Limits | None = None,
    first: int = 0,
    warm: bool = False,
    rendered: Callable[[int], None] = lambda _: None,
    sentinels: Sequence[Sentinel] = (),
    why: Mapping[str, str] = _NO_REASONS,
) -> Encoded:
    """Render and encode every case of a run, and split it into parts.

    Args:
        run: a run with a judge.
        grader: its grader.
        pairs: its cases with the candidate's outputs.
        directory: where the parts are written.
        limits: where to split.
        first: how many cases are to have part 0 to themselves; 0 for no such part.
        warm: the first request is to have part 0 to itself.
        rendered: told the number of cases done, now and then.
        sentinels: what rides in the part of the first case that is sent.
        why: what is known of why a case has no output, by case id.

    Raises:
        DatasetError: cases lack what the rubric prints, or are too large; all of them at once.
    """
    encoding = _Encoding(run, grader, Spool(directory, run.id, limits or Limits()), sentinels, why)
    encoding.alone = int(warm)
    for number, (case, output) in enumerate(pairs, start=1):
        if encoding.add(case, output):
            first -= 1
            if first == 0:
                encoding.spool.part_ends()
        if number % _TOLD_EVERY == 0:
            rendered(number)
    return encoding.done()


class _Encoding:
    """One run as it is being encoded."""

    def __init__(
        self, run: Run, grader: Asked, spool: Spool, sentinels: Sequence[Sentinel], why: Mapping[str, str]
    ) -> None:
        self.spool = spool
        self._run, self._grader, self._sentinels, self._why = run, grader, sentinels, why
        self._encoder, self._encoded = RowEncoder(run, grader), Encoded()
        self.alone = 0
        """After so many requests the first part ends."""
        self._failed: dict[tuple[type[ValueError], str], list[str]] = {}

    def add(self, case: Case, output: str | None) -> bool:
        """Take a case; whether it is sent."""
        run, criteria, encoded = self._run, self._grader.criteria, self._encoded
        if output is None:
            encoded.missing += no_output(run, criteria, case.id, self._why.get(case.id))
            return False
        if decided := guarded(run, self._grader, case, output):
            encoded.missing += decided
            encoded.not_sent += 1
            return False
        try:
            self._send(case, output)
        except NoBaselineOutputError as error:
            encoded.missing += missing(run, criteria, case.id, str(error))
            return False
        except (RenderError, RowTooLargeError) as error:
            self._failed.setdefault((type(error), str(error)), []).append(case.id)
        return True

    def done(self) -> Encoded:
        """The run, ready to be sent.

        Raises:
            DatasetError: cases lack what is printed of them, or are too large; all of them at once.
        """
        self._encoded.parts = self.spool.done()
        if self._failed:
            problems = [_problem(self._run, kind, what, ids_) for (kind, what), ids_ in self._failed.items()]
            raise DatasetError(problems)
        return self._encoded

    def _send(self, case: Case, output: str) -> None:
        for suffix, custom_id, row in self._encoder.rows(case, output):
            self._add(row, Request(custom_id=custom_id, case_id=case.id, suffix=suffix))
        if self._sentinels and self._encoded.requests and not self._encoded.sentinels:
            self._ride()

    def _ride(self) -> None:
        """Let the sentinels ride with what is being sent.

        Raises:
            ConfigError: one of them lacks what the rubric prints, or is too large.
        """
        for one in self._sentinels:
            try:
                custom_id, row = self._encoder.sentinel(one)
            except (RenderError, RowTooLargeError) as error:
                problem = Problem(f"sentinel {one.id!r}", None, str(error), "give it what the rubric prints of a case")
                raise ConfigError([problem]) from error
            self._add(row, Request(custom_id=custom_id, case_id=one.id, suffix=ids.SENTINEL))
            self._encoded.sentinels.append(one)

    def _add(self, row: bytes, request: Request) -> None:
        place = self.spool.add(row)
        _weigh(row, self.spool.parts[place], self._encoder)
        self._encoded.requests.append(replace(request, part=place))
        if len(self._encoded.requests) == self.alone:
            self.spool.part_ends()


def params_of(
    run: Run,
    grader: Asked,
    pairs: Pairs,
    *,
    wanted: Container[str],
    max_tokens: int | None = None,
    sentinels: Sequence[Sentinel] = (),
) -> Generator[tuple[str, bytes]]:
    """The custom_id and the params of each request that is wanted: the bytes that a batch would hold for it.

    Args:
        run: a run with a judge.
        grader: its grader.
        pairs: its cases with the candidate's outputs.
        wanted: custom_ids.
        max_tokens: in place of the judge's.
        sentinels: those of the run; what is not wanted is passed over.
    """
    encoder = RowEncoder(run, grader, max_tokens=max_tokens)
    for case, output in pairs:
        for _, custom_id, row in encoder.rows(case, output) if output is not None else ():
            if custom_id in wanted:
                yield custom_id, params_in(row, custom_id)
    for custom_id, row in map(encoder.sentinel, sentinels):
        if custom_id in wanted:
            yield custom_id, params_in(row, custom_id)


def encode_part(
    run: Run,
    grader: Asked,
    pairs: Pairs,
    directory: Path,
    *,
    wanted: Iterable[Request],
    max_tokens: int | None = None,
    sentinels: Sequence[Sentinel] = (),
) -> Part:
    """The body of one part again, from the cases and outputs that the store keeps.

    Args:
        run: a run with a judge.
        grader: its grader.
        pairs: its cases with the candidate's outputs; those that are not wanted are passed over.
        directory: where the part is written.
        wanted: the part's requests.
        max_tokens: in place of the judge's.
        sentinels: those of the run; what is not wanted is passed over.
    """
    encoder = RowEncoder(run, grader, max_tokens=max_tokens)
    spool = Spool(directory, run.id, Limits.none())
    custom_ids = {request.custom_id: request.case_id for request in wanted}
    case_ids = set(custom_ids.values())
    for case, output in pairs:
        if output is not None and case.id in case_ids:
            for _, custom_id, row in encoder.rows(case, output):
                if custom_id in custom_ids:
                    _weigh(row, spool.parts[spool.add(row)], encoder)
    for one in sentinels:
        if ids.custom_id(run.id, one.id, ids.SENTINEL) in custom_ids:
            row = encoder.sentinel(one)[1]
            _weigh(row, spool.parts[spool.add(row)], encoder)
    (part,) = spool.done()
    return part


def _weigh(row: bytes, part: Part, encoder: RowEncoder) -> None:
    part.weighed = part.weighed or Weighed.sharing(encoder.shared)
    encoder.weigh(row, part.weighed)


def no_output(run: Run, criteria: Sequence[Criterion], case_id: str, why: str | None = None) -> list[Score]:
    """The scores of a case that the candidate has no output for: one per criterion, all missing."""
    reason = f"candidate {run.candidate!r} has no output for this case{f' ({why})' if why else ''}"
    return missing(run, criteria, case_id, reason)


def missing(run: Run, criteria: Sequence[Criterion], case_id: str, reason: str) -> list[Score]:
    """The scores of a case that cannot be judged: one per criterion, all missing."""
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

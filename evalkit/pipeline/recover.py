"""Recover: rebuild a run from the provider alone, when the store that knew it is lost.

The run ids follow from the config and the dataset, and a batch is known by the custom_ids of its results; so within
the 29 days that results are kept, nothing has to be paid again.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from evalkit import ids
from evalkit.errors import UsageError
from evalkit.graders import Asked, Check
from evalkit.ids import RUN_ID_LENGTH, SENTINEL
from evalkit.pipeline.encode import Pairs, encode
from evalkit.pipeline.generate import pairs_of
from evalkit.pipeline.holder import holder
from evalkit.pipeline.progress import Progress
from evalkit.pipeline.reuse import taken_over
from evalkit.pipeline.spool import Limits
from evalkit.pipeline.suite import PlannedRun, Suite
from evalkit.provider import Provider, RemoteBatch
from evalkit.reply import read_reply
from evalkit.run import Intent, IntentState, RunKind
from evalkit.store import Store, Taken

_KEPT: Final = timedelta(days=29)
_PEEKED: Final = 20


@dataclass(slots=True, kw_only=True)
class Recovered:
    """What was found."""

    batches: list[str] = field(default_factory=list[str])
    runs: list[str] = field(default_factory=list[str])
    not_ended: list[str] = field(default_factory=list[str])
    """Batches that may belong here, which only their results can tell."""
    without_outputs: list[str] = field(default_factory=list[str])
    """Batches that score outputs of which no batch was found that made them."""
    strange: int = 0
    """Batches of other runs."""
    partial: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Batches, each with its run, that hold a smaller part of it than is left: the rest was not sent by this run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoverer:
    """Finds the batches of a suite's runs at the provider."""

    store: Store
    provider: Provider
    suite: Suite
    collect: Callable[[str], None]
    """Collects one batch, and sends nothing."""
    limits: Limits = field(default_factory=Limits)
    progress: Progress = field(default_factory=Progress)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def recover(self, label: str = "", *, only: str | None = None, run: str = "") -> Recovered:
        """Take back every batch of the suite's runs under a label, or one batch, or those of one run.

        Raises:
            UsageError: the batch or run that was named is not of the suite's runs under this label.
            ProviderError: the API does not answer.
        """
        planned_so = (*self.suite.planned(label), *self.suite.planned(label, fresh=True))
        judged = {one.run.id: one for one in planned_so if not isinstance(one.grader, Check)}
        planned = {id_: one for id_, one in judged.items() if id_.startswith(run)}
        away = [one for id_, one in self.store.hand_overs.away().items() if id_ in planned]
        if run and away:
            raise UsageError(
                f"run {away[0].run} was handed over to {away[0].to}, and its batches are for the store that took that "
                f"in; where none did: evalkit resolve {away[0].run} --take-back"
            )
        for one in away:
            del planned[one.run]  # what another store has sent since is not this one's
        if not planned and not away:
            raise UsageError(
                f"the config makes no judged run {run!r} under this label; its runs are {', '.join(judged) or 'none'}. "
                "A run's id follows from dataset, outputs, rubric, judge and label: one of them has changed"
            )
        found = Recovered()
        # Oldest first: a follow-up holds a part of what an earlier batch held, and must come after it.
        batches = list(reversed(self._candidates(only)))
        for batch in batches:
            self._take(batch, planned, found, named=only is not None)
        # A warm-up comes before the rest of its run, and holds too little of it to be known by.
        early = {batch for batch, of in found.partial if self.store.runs.exists(of)}
        found.partial = [one for one in found.partial if one[0] not in early]
        for batch in batches:
            if batch.id in early:
                self._take(batch, planned, found, named=only is not None)
        self._add_juries(planned)
        if only is not None and not found.batches:
            raise UsageError(self._not_ours(only, found))
        if only is not None or found.not_ended:
            self._doubt(found.runs)  # a batch that was not looked at may be theirs
        return found

    def _add_juries(self, planned: Mapping[str, PlannedRun]) -> None:
        """Add the runs of juries whose members are all in the store: they are derived when these are collected."""
        for run, one in planned.items():
            exists = self.store.runs.exists
            if one.run.kind is not RunKind.JURY or not all(exists(need) for need in one.needs) or exists(run):
                continue
            self.store.add_run(
                one.run,
                dataset=one.dataset,
                candidate=one.candidate,
                grader=one.grader,
                requests=(),
                parts=(),
                scores=(),
                policy=one.policy,
                needs=one.needs,
            )

    def _candidates(self, only: str | None) -> list[RemoteBatch]:
        owned = self.store.batches.owned()
        if only is not None:
            return [] if only in owned else [self.provider.retrieve(only).batch]
        since = self.now() - _KEPT
        batches: list[RemoteBatch] = []
        for batch in self.provider.list_batches():
            if batch.created_at is not None and batch.created_at < since:
                break
            if batch.id not in owned:
                batches.append(batch)
        return batches

    def _take(self, batch: RemoteBatch, planned: dict[str, PlannedRun], found: Recovered, *, named: bool) -> None:
        if not batch.ended:
            found.not_ended.append(batch.id)
            return
        run = self._run(batch, planned)
        if run is None:
            found.strange += 1
            return
        if planned[run].needs and not self.store.content.outputs(planned[run].candidate.digest):
            found.without_outputs.append(batch.id)
            return
        held = self._custom_ids(batch)
        if not self._keep(planned[run], held, whatever=named):
            found.partial.append((batch.id, run))
            return
        self._adopt(planned[run], batch, held)
        # Now, and not at the end: what a follow-up holds is free to be moved when its first batch is collected.
        self.collect(batch.id)
        found.batches.append(batch.id)
        if run not in found.runs:
            found.runs.append(run)

    def _run(self, batch: RemoteBatch, planned: Mapping[str, PlannedRun]) -> str | None:
        """The run that a batch belongs to, by its first results; None where it is another's."""
        for line in islice(self.provider.results(batch.id), _PEEKED):
            try:
                run = read_reply(line).custom_id[:RUN_ID_LENGTH]
            except ValueError:
                continue
            if run in planned:
                return run
        return None

    def _adopt(self, planned: PlannedRun, batch: RemoteBatch, custom_ids: set[str]) -> None:
        """Give the batch to the part whose requests it holds."""
        known = {request.custom_id for request in self.store.runs.requests(planned.run.id)}
        # The sentinels of today may be others; a run is told by its cases.
        held = {one for one in custom_ids if one in known or not one.endswith(f"-{SENTINEL}")}
        part = self._part(planned.run.id, held)
        intent = part or self.store.runs.follow_up(planned.run.id, sorted(held), round=1, max_tokens=None)
        if intent.state is IntentState.PLANNED:
            intent = self._claim(intent, batch.created_at or self.now())
        self.store.intents.created(
            intent,
            batch=batch.id,
            simulated=self.provider.retrieve(batch.id).simulated,
            created_at=batch.created_at or self.now(),
            expires_at=batch.expires_at,
            now=self.now(),
        )
        if batch.cancel_initiated_at is not None:
            self.store.batches.canceling(batch.id)  # what was canceled on purpose is not sent again by itself
        self.progress.submitted(planned.run, batch.id, len(held))

    def _claim(self, intent: Intent, at: datetime) -> Intent:
        account, base_url = self.provider.account, self.provider.base_url
        return self.store.intents.claim(
            intent, body_digest="", account=account, base_url=base_url, holder=holder(), now=at, is_there=True
        )

    def _doubt(self, runs: Sequence[str]) -> None:
        """Take every part without a batch for unknown, so that it is looked for and not sent."""
        for intent in self.store.intents.in_state(IntentState.PLANNED, runs=runs):
            if intent.realtime:
                continue  # the provider lists nothing of what goes one by one
            claimed = self._claim(intent, self.now() - _KEPT)
            self.store.intents.unknown(claimed, reason="the store that knew of it was lost")

    def _keep(self, planned: PlannedRun, held: set[str], *, whatever: bool) -> bool:
        """Write the run, if it is not there, with what it took over from runs that are.

        Returns:
            False where its first batch holds less than a half of what is left, and nothing is written: what is not
            there was taken over from runs that are to be recovered first, and would be paid a second time. `whatever`
            writes it all the same.
        """
        if self.store.runs.exists(planned.run.id) or isinstance(planned.grader, Check):
            return True
        taken = self._taken_over(planned, planned.grader, held)
        without = {one.case_id for one in taken}
        pairs = (pair for pair in self._pairs(planned) if pair[0].id not in without)
        with tempfile.TemporaryDirectory(prefix="evalkit-") as directory:
            encoded = encode(
                planned.run,
                planned.grader,
                pairs,
                Path(directory),
                limits=self.limits,
                sentinels=planned.sentinels,
            )
        sizes = Counter(request.part for request in encoded.requests if request.custom_id in held)
        whole = any(2 * n > encoded.parts[part].requests for part, n in sizes.items())
        if not (whole or whatever):
            return False
        self.store.add_run(
            planned.run,
            dataset=planned.dataset,
            candidate=planned.candidate,
            grader=planned.grader,
            requests=encoded.requests,
            parts=[part.requests for part in encoded.parts],
            scores=encoded.missing,
            account=self.provider.account,
            base_url=self.provider.base_url,
            policy=planned.policy,
            sentinels=encoded.sentinels,
            taken=taken,
        )
        return True

    def _pairs(self, planned: PlannedRun) -> Pairs:
        """Its cases with the outputs; those that were generated are in the store by now."""
        made = self.store.content.outputs(planned.candidate.digest) if planned.needs else None
        return ((case, made.get(case.id)) for case in planned.dataset) if made else pairs_of(planned)

    def _taken_over(self, planned: PlannedRun, grader: Asked, held: set[str]) -> list[Taken]:
        """What the run may have taken over: of what its batch does not hold, what earlier runs here have."""
        taken = taken_over(self.store, planned.run, self._pairs(planned), grader, base_url=self.provider.base_url)
        if planned.run.cases * len(grader.suffixes) > self.limits.requests:
            return []  # what this batch does not hold, another one may

        def is_held(case_id: str) -> bool:
            return any(ids.custom_id(planned.run.id, case_id, suffix) in held for suffix in grader.suffixes)

        return [one for one in taken if not is_held(one.case_id)]

    def _custom_ids(self, batch: RemoteBatch) -> set[str]:
        held: set[str] = set()
        for line in self.provider.results(batch.id):
            try:
                held.add(read_reply(line).custom_id)
            except ValueError:
                continue
        return held

    def _part(self, run: str, held: set[str]) -> Intent | None:
        """The planned part whose requests a batch holds, as far as its results show them."""
        for intent in self.store.intents.in_state(IntentState.PLANNED, IntentState.UNKNOWN, runs=[run]):
            wanted = {request.custom_id for request in self.store.runs.requests(run, intent.part)}
            if held <= wanted and len(held) * 2 > len(wanted):
                return intent
        return None

    def _not_ours(self, batch: str, found: Recovered) -> str:
        if batch in self.store.batches.owned():
            return f"batch {batch} is in the store already; `evalkit collect` collects it"
        if found.not_ended:
            return f"batch {batch} has not ended, and only its results tell whose it is; try again when it has"
        return (
            f"batch {batch} holds no request of {self.suite.config.name!r} under this label; check --label, and "
            "that config, dataset and rubrics are those it was submitted with"
        )


def mentions(found: Recovered) -> Sequence[str]:
    """What a person should know of what was not taken back."""
    said: list[str] = []
    if found.not_ended:
        said.append(f"{len(found.not_ended)} batches have not ended; recover again when they have")
    if found.without_outputs:
        said.append(
            f"{len(found.without_outputs)} batches score outputs whose own batch was not found, or has not ended; "
            "recover again when it has"
        )
    for batch, run in found.partial:
        said.append(
            f"batch {batch} holds a small part of run {run}, which took over the rest from earlier runs: recover these "
            f"first, by their labels, and this one again; or take it back as it is with --batch {batch}, and what is "
            "lacking waits for `evalkit resolve`"
        )
    if found.strange:
        said.append(f"{found.strange} batches belong to other runs or labels and are left alone")
    return said

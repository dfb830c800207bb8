"""Release: a run that waited becomes whole when the runs that it needs are collected.

Everything that it is made of is in the store, so any process can do it, and of several one does. What it gets, its
requests, its scores and the end of its wait, comes in one transaction; what is sent after that is sent like any other
part, so that a process that dies anywhere here leaves nothing lost and nothing paid twice.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.dataset import Case
from evalkit.errors import AccountError, StaleTransitionError
from evalkit.failpoint import step
from evalkit.graders import Asked, Check
from evalkit.pipeline.caching.settle import settle
from evalkit.pipeline.encode import Pairs, encode, no_output
from evalkit.pipeline.generate import stored_pairs
from evalkit.pipeline.reuse import taken_over
from evalkit.pipeline.sender import Sender
from evalkit.pipeline.spool import Limits
from evalkit.run import Run, RunKind
from evalkit.score import Score, Status
from evalkit.store import Store, Taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Releaser:
    """Makes runs whole that waited, and sends them."""

    sender: Sender
    limits: Limits = field(default_factory=Limits)
    checks: Mapping[str, Check] = field(default_factory=dict[str, Check])
    """The checks of the config at hand, by digest: one that calls a function is made of no store's word."""

    @property
    def store(self) -> Store:
        """The store that the sender sends from."""
        return self.sender.store

    def release(self, runs: Sequence[str] | None = None) -> int:
        """Make whole and send what is ready, of some runs or of all; returns how many another process is at.

        Raises:
            DatasetError: cases with their outputs cannot be rendered; that run goes on waiting.
            ProviderError: a create was refused; what is planned stays planned.
        """
        elsewhere, seen = 0, set[str]()
        while ready := {run: needs for run, needs in self._ready(runs).items() if run not in seen}:
            elsewhere += sum(not self._release(run, needs) for run, needs in ready.items())
            seen |= set(ready)  # what is whole now may be all that another waited for
        return elsewhere

    def _ready(self, runs: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
        """What is ready of some runs, and of the juries that one of them belongs to."""
        if runs is not None:
            waiting = self.store.waits.all()
            of_them = {run for run, needs in waiting.items() if set(needs) & set(runs)} - set(runs)
            runs = [*runs, *(one.id for one in self.store.runs.select(ids=[*of_them]) if one.kind is RunKind.JURY)]
        return self.store.waits.ready(runs)

    def _release(self, run_id: str, needs: Sequence[str]) -> bool:
        """Make one run whole; False where another process was faster."""
        run = self.store.runs.get(run_id)
        if run.kind is RunKind.JURY:
            return self._derive(run, needs)
        if not all(self._is_ours(need) for need in needs):
            return True  # whoever paid for the outputs pays for their scores
        try:
            if run.kind is RunKind.CHECK:
                self._check(run, needs)
            else:
                self._ask(run, needs)
        except StaleTransitionError:
            return False
        return True

    def _derive(self, run: Run, needs: Sequence[str]) -> bool:
        """Derive a jury's scores, whoever paid for those of its members: it costs nothing."""
        step("filled")
        try:
            self.store.derive(run, needs)
        except StaleTransitionError:
            return False
        step("released")
        return True

    def _is_ours(self, need: str) -> bool:
        try:
            self.sender.check_account(self.store.runs.get(need))
        except AccountError:
            return False
        return True

    def _ask(self, run: Run, needs: Sequence[str]) -> None:
        """Put a run's outputs to its judge: those that it has no request for."""
        grader = self.store.content.asked(run.grader_digest)
        asked = {request.case_id for request in self.store.runs.requests(run.id)}
        has = asked | set(self.store.reuse.of(run.id))
        taken = [] if self.store.waits.is_fresh(run.id) else self._taken_over(run, grader, has)
        known = has | {one.case_id for one in taken}

        def pairs() -> Pairs:
            return ((case, output) for case, output in stored_pairs(self.store, run) if case.id not in known)

        sentinels = [one for one in self.store.sentinels.of(run.id) if one.id not in asked]
        account, realtime, sender = self.sender.provider.account, self._in_realtime(needs), self.sender
        cached = settle(
            sender.caching, self.store, run, grader, pairs(), account=account, now=sender.now(), realtime=realtime
        )
        run = cached.run
        with tempfile.TemporaryDirectory(prefix="evalkit-") as directory:
            encoded = encode(
                run,
                grader,
                pairs(),
                Path(directory),
                limits=self.limits,
                warm=cached.leads,
                sentinels=sentinels,
                why=self._reasons(run),
            )
            step("filled")
            weighing = self.sender.forecaster
            forecast = weighing.of(run, grader, encoded.parts, batch=not realtime) if weighing else None
            first = self.store.release(
                run,
                needs,
                requests=encoded.requests,
                parts=[part.requests for part in encoded.parts],
                scores=encoded.missing,
                account=account,
                base_url=sender.provider.base_url,
                realtime=realtime,
                taken=taken,
                cache_ttl=run.cache_ttl,
                reasons=cached.reasons(len(encoded.parts)),
                estimate=forecast.estimate if forecast else None,
                weights=forecast.weights if forecast else (),
            )
            step("released")
            if cached.note and encoded.parts:
                sender.progress.note(cached.note)
            self.sender.send_planned(run, dict(enumerate(encoded.parts, start=first)))

    def _taken_over(self, run: Run, grader: Asked, has: Collection[str]) -> list[Taken]:
        """What of a run was judged before, now that its outputs are known; of the cases that it has not got yet."""
        pairs = ((case, output) for case, output in stored_pairs(self.store, run) if case.id not in has)
        return taken_over(self.store, run, pairs, grader, base_url=self.sender.provider.base_url)

    def _reasons(self, run: Run) -> dict[str, str]:
        """Why its candidate has no output for a case, by case id."""
        maker = self.store.answers.of_candidate(run)
        return self.store.answers.reasons(maker) if maker else {}

    def _in_realtime(self, needs: Sequence[str]) -> bool:
        """Whether its outputs were made one by one, all of them: so it is asked."""
        batches = [batch for _, found in self.store.progress(needs).values() for batch in found]
        return bool(batches) and all(batch.realtime for batch in batches)

    def _check(self, run: Run, needs: Sequence[str]) -> None:
        """Score a run's outputs by its check."""
        check = self.checks.get(run.grader_digest) or self._kept_check(run)
        if check is None:
            self.sender.progress.note(
                f"run {run.id} waits: {run.grader} calls a function, which only its config names; collect it with "
                "--config"
            )
            return
        scored = self._scored(run)
        why = self._reasons(run)
        pairs = ((case, output) for case, output in stored_pairs(self.store, run) if case.id not in scored)
        scores = [one for case, output in pairs for one in _checked(run, check, case, output, why)]
        step("filled")
        self.store.release(run, needs, scores=scores)
        step("released")
        self.sender.progress.checked(run)

    def _scored(self, run: Run) -> set[str]:
        """The cases that have a score, and not only the reason for none."""
        (criterion,) = self.store.content.scales({run.grader_digest})[run.grader_digest]
        rows = self.store.case_scores.of(run.id, criterion, run.dataset)
        return {row[0] for row in rows if row[1] != Status.MISSING}

    def _kept_check(self, run: Run) -> Check | None:
        _, spec = self.store.content.grader(run.grader_digest)
        return Check.from_spec(spec)


def _checked(run: Run, check: Check, case: Case, output: str | None, why: Mapping[str, str]) -> list[Score]:
    if output is None:
        return no_output(run, check.criteria, case.id, why.get(case.id))
    return [Score(run=run.id, case_id=case.id, verdict=check.verdict(case, output))]

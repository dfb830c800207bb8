"""Is what a gate finds in the store what the files say now? Who edits and does not submit must not be told PASS."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from evalkit.candidate import generated_digests
from evalkit.config import Config
from evalkit.dataset.filter import filter_in, said
from evalkit.graders import PairwiseGrader, build_graders
from evalkit.pipeline.gate_baseline import submit_command
from evalkit.pipeline.narrow import filter_of
from evalkit.pipeline.suite import Suite, load_suite
from evalkit.run import Run
from evalkit.store import Store


@dataclass(frozen=True)
class Files:
    """A config with the files that it names, read only where one of them is newer than the run in question."""

    config: Config
    store: Store

    def stale(self, run: Run) -> str:
        """Why a run is not of what the files hold now, and how to get one that is; empty where it is."""
        what = self._differs(run)
        return f"run {run.id} is of {what}: {submit_command(run.label)}" if what else ""

    def _differs(self, run: Run) -> str:
        if self._graders.get(run.grader, run.grader_digest) != run.grader_digest:
            return f"another version of {run.grader} than the config's"
        made = next((one for one in self.config.candidates if one.name == run.candidate), None)
        generated = made if made and made.kind == "generated" else None
        if generated and run.candidate_digest not in generated_digests(generated, run.dataset, run.label):
            return f"another model, prompt or setting than {run.candidate} has now"
        narrowed = self._narrowed(run)
        if not narrowed and not self._newer_than(run):
            return ""
        return self._other_files(run, narrowed, generated=generated is not None)

    def _other_files(self, run: Run, narrowed: str, *, generated: bool) -> str:
        """What of a run the files do not hold now."""
        if run.dataset != self._suite.dataset.digest:
            return f"{narrowed}, which is not what the config scores" if narrowed else self._other_cases
        digests = {candidate.name: candidate.digest for candidate in self._suite.candidates}
        if not generated and digests.get(run.candidate, run.candidate_digest) != run.candidate_digest:
            return f"other outputs than {run.candidate} has now"
        return ""

    @property
    def _other_cases(self) -> str:
        return f"other cases than {self.config.dataset.name} has now"

    def _narrowed(self, run: Run) -> str:
        """The part of the cases that a run is of, where the config wants another; empty where it wants the same."""
        before = filter_in(self.store.content.spec(run.dataset))
        wanted = filter_of(self.config)
        if before == (dict(wanted.spec) if wanted else {}):
            return ""
        return f"a part of the cases ({said(before)})" if before else "all cases, without the filter of the config"

    def _newer_than(self, run: Run) -> bool:
        """Whether a file of the cases or of the outputs was written since the run was submitted."""
        return any(path.stat().st_mtime > run.as_of.timestamp() for path in self._files(run.candidate))

    def _files(self, candidate: str) -> list[Path]:
        own = [one.outputs_path for one in self.config.candidates if one.name == candidate]
        return [*self.config.dataset.files, *(path for path in own if path is not None)]

    @cached_property
    def _graders(self) -> dict[str, str]:
        graders = build_graders(self.config)
        if any(isinstance(grader, PairwiseGrader) for grader in graders):
            graders = self._suite.graders  # what these put beside each output is a part of them
        return {grader.name: grader.digest for grader in graders}

    @cached_property
    def _suite(self) -> Suite:
        return load_suite(self.config)

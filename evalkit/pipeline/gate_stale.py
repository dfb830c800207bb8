"""Is what a gate finds in the store what the files say now? Who edits and does not submit must not be told PASS."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from evalkit.candidate import generated_digests
from evalkit.config import Config
from evalkit.graders import build_graders
from evalkit.pipeline.gate_baseline import submit_command
from evalkit.pipeline.suite import Suite, load_suite
from evalkit.run import Run


@dataclass(frozen=True)
class Files:
    """A config with the files that it names, read only where one of them is newer than the run in question."""

    config: Config

    def stale(self, run: Run) -> str:
        """Why a run is not of what the files hold now, and how to get one that is; empty where it is."""
        what = self._differs(run)
        return f"run {run.id} is of {what}: {submit_command(run.label)}" if what else ""

    def _differs(self, run: Run) -> str:
        if self._graders.get(run.grader, run.grader_digest) != run.grader_digest:
            return f"another version of {run.grader} than the config's"
        made = next((one for one in self.config.candidates if one.name == run.candidate), None)
        generated = made is not None and made.kind == "generated"
        if made and generated and run.candidate_digest not in generated_digests(made, run.dataset, run.label):
            return f"another model, prompt or setting than {run.candidate} has now"
        if not self._newer_than(run):
            return ""
        if run.dataset != self._suite.dataset.digest:
            return f"other cases than {self.config.dataset.path.name} has now"
        digests = {candidate.name: candidate.digest for candidate in self._suite.candidates}
        if not generated and digests.get(run.candidate, run.candidate_digest) != run.candidate_digest:
            return f"other outputs than {run.candidate} has now"
        return ""

    def _newer_than(self, run: Run) -> bool:
        """Whether a file of the cases or of the outputs was written since the run was submitted."""
        return any(path.stat().st_mtime > run.as_of.timestamp() for path in self._files(run.candidate))

    def _files(self, candidate: str) -> list[Path]:
        own = [one.outputs_path for one in self.config.candidates if one.name == candidate]
        return [self.config.dataset.path, *(path for path in own if path is not None)]

    @cached_property
    def _graders(self) -> dict[str, str]:
        return {grader.name: grader.digest for grader in build_graders(self.config)}

    @cached_property
    def _suite(self) -> Suite:
        return load_suite(self.config)

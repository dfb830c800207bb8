"""One case of a run, with everything that led to its scores."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from evalkit.dataset import Case
from evalkit.errors import UsageError
from evalkit.graders import NoBaselineOutputError
from evalkit.pipeline.generate import asked_of_case
from evalkit.run import Run, RunKind
from evalkit.store import PlacedScore, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDetail:
    """A case with its output, the prompt as it was sent, the raw reply, and its scores."""

    run: str
    case: Case
    output: str | None
    system: tuple[str, ...]
    prompt: str | None
    """The user message; None for a check, and for a case that was not sent."""
    replies: tuple[dict[str, object], ...]
    """The result lines as the API gave them."""
    scores: tuple[PlacedScore, ...]

    def json(self) -> dict[str, object]:
        """The document of `show RUN CASE --json`."""
        return {
            "run": self.run,
            "case": self.case.id,
            "input": self.case.input,
            "expected": self.case.expected,
            "metadata": dict(self.case.metadata),
            "tags": list(self.case.tags),
            "cluster": self.case.cluster,
            "attachments": [one.json() for one in self.case.attachments],
            "output": self.output,
            "system": list(self.system),
            "prompt": self.prompt,
            "scores": [score_json(placed) for placed in self.scores],
            "replies": list(self.replies),
        }


def score_json(placed: PlacedScore) -> dict[str, object]:
    """What a score says, without its case."""
    score, verdict = placed.score, placed.score.verdict
    return {
        "criterion": verdict.criterion,
        "suffix": score.suffix,
        "status": verdict.status.value,
        "value": verdict.value,
        "label": verdict.label,
        "reason": verdict.reason,
        "custom_id": score.custom_id,
        "batch": score.batch,
        "served_model": score.served_model,
        "stop_reason": score.stop_reason,
        "usage": placed.usage,
        "cost_usd": placed.cost_usd,
        "reused_from": placed.reused_from,
    }


def case_detail(store: Store, run: Run, case_id: str) -> CaseDetail:
    """Everything about one case of a run.

    Raises:
        UsageError: the run's dataset has no such case.
    """
    case = store.content.case(run.dataset, case_id)
    if case is None:
        raise UsageError(f"run {run.id} has no case {case_id!r}; `evalkit export {run.id}` lists its cases")
    output = store.content.outputs_for([run.candidate_digest], [case_id]).get((run.candidate_digest, case_id))
    scores = tuple(store.scores.for_case(run.id, case_id))
    system, prompt = _prompt(store, run, case, output)
    lines = {
        (placed.score.batch, placed.score.custom_id): store.results.line(placed.score.batch, placed.score.custom_id)
        for placed in scores
        if placed.score.batch and placed.score.custom_id
    }
    replies = tuple(msgspec.json.decode(line) for line in lines.values() if line is not None)
    return CaseDetail(
        run=run.id, case=case, output=output, system=system, prompt=prompt, replies=replies, scores=scores
    )


def _prompt(store: Store, run: Run, case: Case, output: str | None) -> tuple[tuple[str, ...], str | None]:
    """The system prompt and the user message, rendered again from what the store keeps."""
    if run.judge is None:
        return (), None
    if run.kind is RunKind.GENERATION:
        return asked_of_case(store, run, case)
    _, spec = store.content.grader(run.grader_digest)
    grader = store.content.asked(run.grader_digest)
    try:
        first = None if output is None else next(grader.messages(case, output))
    except NoBaselineOutputError:
        first = None
    return tuple(spec["system"]), None if first is None else str(first[1][0]["content"])

"""Generate: the cases of a generation run, the outputs that its replies become, and those that were there before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from evalkit.candidate import Candidate
from evalkit.dataset import Case, OutputFacts
from evalkit.graders.fields import as_text
from evalkit.graders.generation import ANSWERED
from evalkit.pipeline.suite import PlannedRun
from evalkit.reply import Reply
from evalkit.run import Batch, Run, RunKind
from evalkit.score import Score, Status, Verdict
from evalkit.store import Answer, ResultLine, Store

_NOT_YET = ""
"""Stands in the place of the output where a case is asked for one."""


USUAL_TOKENS: Final = 600
"""Of an output that is yet to be generated."""
_USUAL: Final = "word " * round(USUAL_TOKENS * 0.7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A planned generation run beside what earlier ones answered to the same cases."""

    planned: PlannedRun
    taken: dict[str, Answer] = field(default_factory=dict[str, Answer])
    """By case id."""

    @property
    def pairs(self) -> Iterator[tuple[Case, str | None]]:
        """The cases that are asked for an output."""
        return ((case, _NOT_YET) for case in self.planned.dataset if case.id not in self.taken)

    @property
    def candidate(self) -> Candidate:
        """The candidate with the outputs that are taken over."""
        texts = {case_id: answer.text for case_id, answer in self.taken.items()}
        facts = {case_id: answer.facts for case_id, answer in self.taken.items() if answer.facts is not None}
        return replace(self.planned.candidate, texts=texts, facts=facts)

    @property
    def scores(self) -> list[Score]:
        """The scores of the cases whose outputs are taken over."""
        run = self.planned.run
        return [
            Score(run=run.id, case_id=case_id, verdict=_taken_over(self.planned, answer))
            for case_id, answer in self.taken.items()
        ]


def generated(store: Store, planned: PlannedRun) -> Generated:
    """A planned generation run, with what is taken over: what the same model, prompt and settings answered before."""
    made_by = planned.candidate.generator
    if made_by is None or planned.fresh:
        return Generated(planned=planned)
    places = {case.id: case.digest for case in planned.dataset}
    found = store.answers.earlier(made_by.digest, list(dict.fromkeys(places.values())))
    return Generated(planned=planned, taken={case_id: found[one] for case_id, one in places.items() if one in found})


def pairs_of(planned: PlannedRun) -> Iterator[tuple[Case, str | None]]:
    """The cases of a planned run with their outputs; with none yet where it is to make them."""
    makes = planned.run.kind is RunKind.GENERATION
    return ((case, _NOT_YET if makes else planned.candidate.output(case)) for case in planned.dataset)


def pairs_to_weigh(planned: PlannedRun, store: Store | None = None) -> Iterator[tuple[Case, str | None]]:
    """The same before anything is sent: what is not generated yet stands for itself by a text of usual length."""
    if planned.run.kind is RunKind.GENERATION and store:
        return generated(store, planned).pairs
    if not planned.needs:
        return pairs_of(planned)
    made = store.content.outputs(planned.candidate.digest) if store else {}
    return ((case, made.get(case.id, _USUAL)) for case in planned.dataset)


def stored_pairs(store: Store, run: Run) -> Iterable[tuple[Case, str | None]]:
    """The same, of a run that the store has."""
    if run.kind is RunKind.GENERATION:
        return ((case, _NOT_YET) for case in store.content.cases(run.dataset))
    return store.content.cases_with_outputs(run.dataset, run.candidate_digest)


def asked_of_case(store: Store, run: Run, case: Case) -> tuple[tuple[str, ...], str]:
    """The system prompt of a generation run, and what it puts to the model for a case, turn by turn."""
    asked = store.content.asked(run.grader_digest)
    ((_, turns),) = asked.messages(replace(case, attachments=()), _NOT_YET)  # their bytes are nothing to read
    texts = [as_text(turn["content"]) for turn in turns]
    single = texts[0] if len(texts) == 1 else None
    said = single or "\n\n".join(f"{turn['role']}:\n{text}" for turn, text in zip(turns, texts, strict=True))
    return tuple(str(block) for block in asked.spec.get("system", ())), said  # pyright: ignore[reportGeneralTypeIssues,reportUnknownVariableType,reportUnknownArgumentType]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Keeps the outputs that the replies of one batch become."""

    store: Store
    run: Run
    case_digests: dict[str, str]

    @classmethod
    def of(cls, store: Store, batch: Batch) -> Outputs | None:
        """What keeps the outputs of a batch; None where its replies are verdicts."""
        run = store.runs.get(batch.run)
        if run.kind is not RunKind.GENERATION:
            return None
        return cls(store=store, run=run, case_digests=dict(store.content.places(run.dataset)))

    def keep(self, replies: Sequence[Reply], lines: Sequence[ResultLine], scores: Sequence[Score]) -> None:
        """Keep the texts of the replies that are answers, before they count as answered."""
        said = {reply.custom_id: reply for reply in replies}
        billed = {line.custom_id: line for line in lines}
        self.store.answers.keep(
            self.run.candidate_digest,
            [
                Answer(
                    case_id=score.case_id,
                    case_digest=self.case_digests[score.case_id],
                    text=said[score.custom_id].text,
                    facts=_facts(billed[score.custom_id]),
                )
                for score in scores
                if score.verdict.status is Status.SCORED and score.custom_id is not None
            ],
        )


def _facts(line: ResultLine) -> OutputFacts:
    """What an output took: at the batch price that was billed."""
    usage = line.usage
    return OutputFacts(
        cost_usd=line.cost_usd,
        usage={
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_5m_tokens + usage.cache_write_1h_tokens,
            "cache_write_1h_tokens": usage.cache_write_1h_tokens,
        },
        model=line.served_model,
        service_tier=usage.service_tier,
        geo=usage.geo,
    )


def _taken_over(planned: PlannedRun, answer: Answer) -> Verdict:
    (criterion,) = planned.grader.criteria
    return criterion.verdict(ANSWERED, f"taken over from run {answer.run}, which was asked the same")

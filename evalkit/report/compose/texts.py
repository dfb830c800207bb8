"""The words of some cases: read off the store in a few queries, whatever the number of cases and runs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from textwrap import indent
from typing import cast

from evalkit.dataset import Case, OutputFacts
from evalkit.report.compose.prompts import Prompts
from evalkit.report.compose.replies import Lines, addresses, replies_of, scores_of
from evalkit.report.page import CaseTexts, OutputText
from evalkit.run import Run
from evalkit.store import SaidRow, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """What the store has of some cases."""

    cases: Mapping[tuple[str, str], Case]
    """By dataset and case id: each run's own, since another dataset may have another content under an id."""
    outputs: Mapping[tuple[str, str], str]
    """By candidate digest and case id."""
    facts: Mapping[tuple[str, str], OutputFacts]
    said: Mapping[str, Sequence[SaidRow]]
    """By case id."""
    lines: Lines


@dataclass(frozen=True, kw_only=True)
class TextReader:
    """Reads the cases of one dataset with all that some runs have under their ids."""

    store: Store
    runs: Sequence[Run]
    dataset: str
    names: Mapping[str, str]
    """Of the candidates, by run."""

    @cached_property
    def _prompts(self) -> Prompts:
        return Prompts(store=self.store, runs=self.runs)

    @cached_property
    def _by_id(self) -> dict[str, Run]:
        """The runs by id, which is derived anew wherever it is asked for."""
        return {run.id: run for run in self.runs}

    @cached_property
    def _candidates(self) -> dict[str, tuple[str, set[str]]]:
        """Each candidate by its digest: its name, and the datasets that it was asked for outputs of."""
        found: dict[str, tuple[str, set[str]]] = {}
        for run_id, run in self._by_id.items():
            _, datasets = found.setdefault(run.candidate_digest, (self.names[run_id], set()))
            datasets.add(run.dataset)
        return found

    @cached_property
    def _beside(self) -> dict[str, str]:
        """What stands on the other side of pairs and is no candidate of the page: digest -> name."""
        digests = dict.fromkeys(run.baseline_digest for run in self.runs if run.baseline_digest is not None)
        return {one: self.store.content.candidate(one)[0] for one in digests if one not in self._candidates}

    def read(self, case_ids: Sequence[str]) -> Iterator[CaseTexts]:
        """The texts of cases that are held at once, in their order."""
        window = self._window(case_ids)
        for case_id in case_ids:
            yield self._texts(case_id, window)

    def _window(self, case_ids: Sequence[str]) -> _Window:
        content = self.store.content
        datasets = dict.fromkeys([self.dataset, *(run.dataset for run in self.runs)])
        rows = self.store.case_scores.said(list(self._by_id), case_ids)
        said: dict[str, list[SaidRow]] = defaultdict(list)
        for row in rows:
            said[row[1]].append(row)
        return _Window(
            cases={
                (dataset, case_id): case
                for dataset in datasets
                for case_id, case in content.cases_for(dataset, case_ids).items()
            },
            outputs=content.outputs_for([*self._candidates, *self._beside], case_ids),
            facts=content.output_facts(list(self._candidates), case_ids),
            said=said,
            lines=self.store.results.lines_for(addresses(rows)),
        )

    def _texts(self, case_id: str, window: _Window) -> CaseTexts:
        case, said = window.cases[self.dataset, case_id], window.said.get(case_id, ())
        return CaseTexts(
            case_id=case_id,
            input=_conversation(case.input) or _text(case.input),
            expected=None if case.expected is None else _text(case.expected),
            metadata={key: _text(value) for key, value in case.metadata.items()},
            cluster=case.cluster,
            outputs=dict(self._outputs(case_id, window)),
            scores=scores_of(said),
            replies=replies_of(said, window.lines),
            prompts=self._prompts.of(self._judged(case_id, window)),
            more=dict(self._more(case, window)),
        )

    def _more(self, case: Case, window: _Window) -> Iterator[tuple[str, str]]:
        """What a case has beside its texts: its attachments by their names, and what its outputs were held against."""
        if case.attachments:
            yield "Attachments", "\n".join(one.path for one in case.attachments)
        for digest, name in self._beside.items():
            text = window.outputs.get((digest, case.id))
            if text is not None:
                yield f"Other side of the pairs: {name}", text

    def _outputs(self, case_id: str, window: _Window) -> Iterator[tuple[str, OutputText | None]]:
        """Each candidate's output by its name; nothing of a candidate that was never asked for one."""
        for digest, (name, datasets) in self._candidates.items():
            text = window.outputs.get((digest, case_id))
            if text is not None:
                yield name, _output(text, window.facts.get((digest, case_id)))
            elif any((dataset, case_id) in window.cases for dataset in datasets):
                yield name, None

    def _judged(self, case_id: str, window: _Window) -> Iterator[tuple[str, Run, Case, str]]:
        """Each run that put the case to a judge, with the case as it knew it."""
        for run_id, run in self._by_id.items():
            case = window.cases.get((run.dataset, case_id))
            output = window.outputs.get((run.candidate_digest, case_id))
            if run.judge is not None and case is not None and output is not None:
                yield run_id, run, case, output


def _output(text: str, known: OutputFacts | None) -> OutputText:
    if known is None:
        return OutputText(text=text)
    return OutputText(text=text, cost_usd=known.cost_usd, seconds=known.seconds, usage=known.usage)


def _conversation(value: object) -> str:
    """A conversation turn by turn; empty for what is none."""
    turns = cast("list[object]", value) if isinstance(value, list) else []
    said = [_turn(cast("dict[str, object]", turn)) if isinstance(turn, dict) else None for turn in turns]
    return "\n\n".join(one for one in said if one) if said and all(said) else ""


def _turn(turn: Mapping[str, object]) -> str | None:
    role, content = turn.get("role"), turn.get("content")
    if set(turn) != {"role", "content"} or not isinstance(role, str):
        return None
    # Indented, so that no text of a turn looks like the beginning of another.
    return f"{role}:\n{indent(_text(content), '  ', lambda _: True)}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)

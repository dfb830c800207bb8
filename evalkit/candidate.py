"""A candidate: what produced the outputs under test; recorded outputs, or a model and prompt that evalkit runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from evalkit import ids
from evalkit.config import CandidateConfig, Config
from evalkit.dataset import Case, Dataset, OutputFacts, Outputs, all_by, load_outputs
from evalkit.errors import ConfigError, DatasetError, Problem

Kind = Literal["recorded", "generated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """A model and a prompt that make outputs, with the settings that shape them."""

    model: str
    prompt: str
    """Its source."""
    effort: str | None = None
    max_tokens: int
    simulated: bool = False
    """The sandbox answers in the model's place: its outputs are never taken for the model's."""
    where: str = "prompt"
    """The file or key the prompt comes from, for errors."""

    @property
    def digest(self) -> str:
        """Digest of all that shapes an output, but for the case."""
        parts = {
            "model": self.model,
            "prompt": self.prompt,
            "effort": self.effort or "default",
            "max_tokens": self.max_tokens,
        }
        return ids.digest({**parts, "simulated": "yes"} if self.simulated else parts)

    @property
    def spec(self) -> dict[str, object]:
        """What it is, as the store keeps it beside the candidate."""
        return {
            "digest": self.digest,
            "model": self.model,
            "effort": self.effort,
            "max_tokens": self.max_tokens,
            "simulated": self.simulated,
        }

    def content(self, dataset: str, *, fresh: str | None = None) -> str:
        """Digest of the outputs that it makes for a dataset, known before they are: one answer per case.

        Args:
            dataset: the dataset's digest.
            fresh: the label under which all are made anew, whatever was answered before.
        """
        made = {"generator": self.digest, "dataset": dataset}
        return ids.digest(made if fresh is None else {**made, "fresh": fresh})


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A candidate with its outputs, by case id."""

    name: str
    kind: Kind
    content: str
    """Digest of the outputs of a recorded candidate; of model, prompt and settings of a generated one."""
    texts: Mapping[str, str]
    source: str
    facts: Mapping[str, OutputFacts] = field(default_factory=dict[str, OutputFacts])
    """What is known of how the outputs came about, by case id; no part of the identity."""
    notes: tuple[str, ...] = ()
    kept_as: str | None = None
    """The digest that the store has it under: a part of the outputs still is the candidate they are from."""
    generator: Generator | None = None
    """What makes the outputs of a generated candidate, where a config says so."""

    @property
    def digest(self) -> str:
        """Digest of the name and the content."""
        return self.kept_as or ids.digest({"name": self.name, "kind": self.kind, "content": self.content})

    def output(self, case: Case) -> str | None:
        """The candidate's output for a case, if it has one."""
        return self.texts.get(case.id)

    def fresh(self, dataset: str, label: str) -> Self:
        """The same, with every output of a generated candidate made anew under a label."""
        if self.generator is None:
            return self
        return replace(self, content=self.generator.content(dataset, fresh=label))


def generator_of(config: CandidateConfig, *, simulated: bool = False) -> Generator:
    """What makes the outputs of a candidate that is to be generated."""
    return Generator(
        model=config.model or "",
        prompt=config.prompt_text,
        effort=config.effort,
        max_tokens=config.max_tokens,
        simulated=simulated,
        where=str(config.prompt_path or f"candidates.{config.name}.prompt"),
    )


def generated_digests(config: CandidateConfig, dataset: str, label: str) -> set[str]:
    """Every digest that a generated candidate may have for a dataset under a label: sandboxed or not, anew or not."""
    made = (generator_of(config, simulated=simulated) for simulated in (False, True))
    contents = [one.content(dataset, fresh=fresh) for one in made for fresh in (None, label)]
    return {ids.digest({"name": config.name, "kind": config.kind, "content": content}) for content in contents}


def load_candidates(config: Config, dataset: Dataset, *, simulated: bool = False) -> tuple[Candidate, ...]:
    """Every candidate of the config, with its outputs where they are recorded.

    Args:
        config: the config.
        dataset: its cases.
        simulated: the sandbox answers in place of the models of generated candidates.

    Raises:
        DatasetError: a file of outputs is wrong, or holds no output for any case of the dataset.
        ConfigError: a candidate names a field that the dataset does not have.
    """
    inline = _inline(config, dataset)
    return tuple(
        _generated(candidate, dataset.digest, simulated=simulated)
        if candidate.kind == "generated"
        else _load(candidate, config, dataset, inline)
        for candidate in config.candidates
    )


def _generated(config: CandidateConfig, dataset: str, *, simulated: bool) -> Candidate:
    generator = generator_of(config, simulated=simulated)
    return Candidate(
        name=config.name,
        kind="generated",
        content=generator.content(dataset),
        texts={},
        source=f"{generator.model}, prompt {generator.where}",
        generator=generator,
    )


def _load(
    config: CandidateConfig, whole: Config, dataset: Dataset, inline: Mapping[str, Mapping[str, str]]
) -> Candidate:
    if config.outputs_path is not None:
        return _from_file(config.name, load_outputs(config.outputs_path).served_by(config.served_by), dataset)
    texts = inline[config.outputs_field or ""]
    if not texts:
        raise ConfigError([_no_field(config, whole, dataset)])
    source = f"{dataset.path}, field {config.outputs_field}"
    content = ids.dataset_digest((case_id, ids.text_digest(text)) for case_id, text in texts.items())
    notes = _lacking(config.name, dataset, len(texts))
    return Candidate(
        name=config.name,
        kind="recorded",
        content=content,
        texts=texts,
        facts=all_by(config.served_by, texts),
        source=source,
        notes=notes,
    )


def _from_file(name: str, outputs: Outputs, dataset: Dataset) -> Candidate:
    wanted = {case.id for case in dataset}
    known = sum(case_id in wanted for case_id in outputs.texts)
    if not known:
        mend = f"its ids must be those of {dataset.path.name}"
        raise DatasetError([Problem(str(outputs.path), "id", "no output belongs to a case of the dataset", mend)])
    notes = [*outputs.notes, *_lacking(name, dataset, known)]
    if known < outputs.n and dataset.filter is None:  # those of the cases that a filter leaves out are no surprise
        notes.append(f"{name}: {outputs.n - known} outputs belong to no case of the dataset and are left out")
    return Candidate(
        name=name,
        kind="recorded",
        content=outputs.digest,
        texts=outputs.texts,
        facts=outputs.facts,
        source=str(outputs.path),
        notes=tuple(notes),
    )


def _lacking(name: str, dataset: Dataset, known: int) -> tuple[str, ...]:
    """What to say of cases that a candidate has no output for."""
    n = dataset.n - known
    return (f"{name}: no output for {n} of {dataset.n} cases; they count as missing",) if n else ()


def _inline(config: Config, dataset: Dataset) -> dict[str, dict[str, str]]:
    """The outputs that stand in the dataset itself: field -> case id -> text, in one pass over the file."""
    fields = {candidate.outputs_field for candidate in config.candidates if candidate.outputs_field}
    found: dict[str, dict[str, str]] = {column: {} for column in fields}
    for case in dataset if fields else ():
        for column in fields:
            text = case.outputs.get(column)
            if text is not None:
                found[column][case.id] = text
    return found


def _no_field(config: CandidateConfig, whole: Config, dataset: Dataset) -> Problem:
    what = f"{dataset.path.name} has no field {config.outputs_field!r} with outputs"
    mend = 'name a file such as "answers.jsonl", or a column of the dataset'
    return Problem(str(whole.path), f"candidates.{config.name}.outputs", what, mend)

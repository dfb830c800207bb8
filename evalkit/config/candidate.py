"""`[[candidates]]`: recorded outputs, or a model and a prompt that make them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, PrivateAttr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from evalkit.config.globs import is_pattern
from evalkit.config.section import DEFAULT_MAX_TOKENS, Effort, MaxTokens, Section, Words
from evalkit.config.sources import (
    DATA_SUFFIXES,
    Text,
    existing_file,
    is_data_file,
    is_file,
    refusal,
    root_of,
    text_source,
)
from evalkit.config.words import either, quoted


class CandidateConfig(Section):
    """What produced the outputs under test."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["outputs"]}, {"required": ["model", "prompt"]}]},
    )

    name: Words = Field(description="How the candidate is called in runs and reports.", examples=["production"])
    outputs: Words | None = Field(
        default=None,
        description="Recorded outputs: a data file of {id, output}, a pattern of them, or a field of the dataset.",
        examples=["datasets/support/production.jsonl"],
    )
    model: Words | None = Field(
        default=None,
        description="The model that generates the outputs; beside `outputs`, the one that served them.",
        examples=["claude-haiku-5-5"],
    )
    prompt: str | None = Field(
        default=None,
        validate_default=True,
        description="What the model is asked: a path that ends in .j2, .md or .txt, or the text itself.",
        examples=["datasets/support/answer.md.j2"],
    )
    max_tokens: MaxTokens = DEFAULT_MAX_TOKENS
    effort: Effort | None = Field(default=None, description="How hard the model thinks.")
    _text: Text | None = PrivateAttr(default=None)
    _outputs_path: Path | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        """Keep the text of the prompt and the path of the outputs."""
        root = root_of(context)
        if self.prompt is not None:
            self._text = text_source(self.prompt, root)
        if self.outputs is not None and is_data_file(self.outputs):
            self._outputs_path = existing_file(self.outputs, root)

    @property
    def kind(self) -> Literal["recorded", "generated"]:
        """Whether the outputs exist, or a run makes them."""
        return "generated" if self.outputs is None else "recorded"

    @property
    def outputs_path(self) -> Path | None:
        """The absolute path of the file of recorded outputs, if they are in a file of their own."""
        return self._outputs_path

    @property
    def outputs_field(self) -> str | None:
        """The field of the dataset that holds the recorded outputs, if they are there."""
        return None if self._outputs_path else self.outputs

    @property
    def prompt_text(self) -> str:
        """The text of the prompt; empty for recorded outputs."""
        return self._text.text if self._text else ""

    @property
    def prompt_path(self) -> Path | None:
        """The absolute path of the prompt's file; none for inline text and for recorded outputs."""
        return self._text.path if self._text else None

    @field_validator("outputs")
    @classmethod
    def _outputs_are_there(cls, outputs: str | None, info: ValidationInfo) -> str | None:
        root = root_of(info.context)
        if outputs is not None and is_pattern(outputs) and not is_file(outputs, root):
            raise _unfound(outputs, str(info.data.get("name", "")))
        if outputs is not None and is_data_file(outputs):
            existing_file(outputs, root)
        elif outputs is not None and is_file(outputs, root):
            kinds = either(DATA_SUFFIXES)
            raise refusal(f"{quoted(outputs)} is a file of a kind that evalkit does not read", f"use {kinds} (.gz too)")
        return outputs

    @property
    def served_by(self) -> str | None:
        """The model that served recorded outputs, where it is said; it tells their price, and makes nothing."""
        return None if self.outputs is None else self.model

    @field_validator("max_tokens", "effort")
    @classmethod
    def _goes_without_outputs(cls, value: object, info: ValidationInfo) -> object:
        return _not_recorded(value, info)

    @field_validator("prompt")
    @classmethod
    def _model_and_prompt(cls, prompt: str | None, info: ValidationInfo) -> str | None:
        _not_recorded(prompt, info)
        if prompt is not None:
            text_source(prompt, root_of(info.context))
        if _has(info, "outputs"):
            return prompt
        if prompt is None and not _has(info, "model"):
            raise refusal(
                "has neither `outputs` nor `model` and `prompt`",
                'add outputs = "outputs.jsonl", or model = "..." and prompt = "..."',
                lacks=("outputs", "model"),
            )
        if prompt is None:
            raise refusal("is missing beside `model`", 'add prompt = "prompt.md.j2"', lacks=("prompt",))
        if not _has(info, "model"):
            raise refusal("has no `model` beside it", 'add model = "claude-haiku-5-5"', lacks=("model",))
        return prompt


def _unfound(pattern: str, name: str) -> PydanticCustomError:
    """Why a pattern of files stands for no candidate."""
    if "*" not in name:
        mend = f'say where in the names what differs goes: name = "*", or name = "{name} *"'
        return refusal(f"{quoted(pattern)} stands for one candidate per file, and they cannot all have one name", mend)
    return refusal(f"no data file is found by {quoted(pattern)}", "paths are relative to the folder of the config file")


def _has(info: ValidationInfo, key: str) -> bool:
    """Whether the candidate gives a key; a key whose value was refused is given too."""
    return info.data.get(key, "wrong") is not None


def _not_recorded(value: object, info: ValidationInfo) -> object:
    if value is not None and _has(info, "outputs"):
        raise refusal("goes with a candidate that is generated, not with `outputs`", "keep one of the two")
    return value

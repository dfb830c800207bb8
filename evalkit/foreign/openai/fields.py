"""Items of a dataset as cases: which of their members is the input, which the reference, which is beside."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from evalkit.foreign.source import as_dict, as_list, is_list, text_of

VARIABLE: Final = re.compile(r"\{\{\s*((?:item|sample)(?:\.\w+|\[\d+\])*)\s*\}\}")
OUTPUT: Final = ("sample.output_text", "sample.output_json", "sample.output", "sample")
_REFERENCES: Final = (
    "ground_truth",
    "expected",
    "expected_output",
    "ideal",
    "reference",
    "reference_answer",
    "correct_label",
    "answer",
    "label",
    "target",
)
_BESIDE: Final = ("id", "metadata", "tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Where each member of an item goes."""

    reference: str | None
    inputs: tuple[str, ...]
    single: bool
    """Whether the one input is a text, or a list of messages, and stands alone."""

    @classmethod
    def of(cls, items: Sequence[Mapping[str, Any]], referred: Sequence[str], asked: Sequence[str]) -> Fields:
        """Decide for all items at once.

        Args:
            items: all of them.
            referred: members that criteria hold outputs against, the most telling first.
            asked: members that the prompt prints.
        """
        names = list(dict.fromkeys(name for item in items for name in item))
        every = [name for name in names if all(_there(item.get(name)) for item in items)]
        reference = next((name for name in (*referred, *_REFERENCES) if name in every and name not in asked), None)
        inputs = [name for name in asked if name in every]
        inputs = inputs or [name for name in names if name != reference and name not in _BESIDE]
        inputs = inputs or [name for name in names if name != reference] or names
        first = [item.get(inputs[0]) for item in items] if len(inputs) == 1 else []
        alone = bool(first) and all(_stands_alone(value) for value in first)
        return cls(reference=reference, inputs=tuple(inputs), single=alone)

    def expression(self, name: str) -> str:
        """How a template of evalkit reads a member."""
        if name == self.reference:
            return "expected"
        if name in self.inputs:
            return "input" if self.single else _member("input", name)
        return _member("metadata", name)

    def case(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """The case of an item, still without an id."""
        given = {name: "" if item.get(name) is None else item[name] for name in self.inputs}
        found: dict[str, Any] = {"input": given[self.inputs[0]] if self.single else given}
        if self.reference is not None:
            value = item.get(self.reference)
            found["expected"] = value if isinstance(value, dict | list) else _plain(value)
        beside = {name: value for name, value in item.items() if name not in {*self.inputs, self.reference, "id"}}
        return {**found, "metadata": beside} if beside else found


def _member(field: str, name: str) -> str:
    return f"{field}.{name}" if name.isidentifier() else f"{field}[{json.dumps(name)}]"


def _there(value: Any) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value is not None


def _stands_alone(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    turns = [as_dict(one) for one in as_list(value)] if is_list(value) else []
    return bool(turns) and all("role" in one and isinstance(one.get("content"), str) for one in turns)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else text_of(value)

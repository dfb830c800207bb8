"""Criteria of OpenAI's hosted evals as checks of evalkit.

Written by `evalkit import`, for you to keep and to change. Each function takes a case and an output, and returns a
bool or a number from 0 to 1.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from typing import Any


def _string_check(output: str, reference: str, operation: str, at: str | None) -> bool:
    """Whether the output, or a member of its JSON, is or contains the reference."""
    given = output if at is None else _member(output, at)
    if operation == "eq":
        return given == reference
    if operation == "ne":
        return given != reference
    if operation == "ilike":
        return given is not None and reference.lower() in given.lower()
    return given is not None and reference in given


def _member(output: str, at: str) -> str | None:
    try:
        found: Any = json.loads(output)
        for key, index in re.findall(r"\.?([^.\[\]]+)|\[(\d+)\]", at):
            found = found[int(index)] if index else found[key]
    except (ValueError, LookupError, TypeError):
        return None
    return found if isinstance(found, str) else json.dumps(found)


def _similarity(output: str, reference: str, metric: str) -> float:
    """How alike two texts are, from 0 to 1."""
    if metric == "fuzzy_match":
        return difflib.SequenceMatcher(None, output, reference, autojunk=False).ratio()
    if metric == "rouge_l":
        given, wanted = _words(output), _words(reference)
        return _f1(_common(given, wanted), len(given), len(wanted))
    n = int(metric.removeprefix("rouge_"))
    one, other = (_grams(_words(text), n) for text in (output, reference))
    return _f1(sum((one & other).values()), sum(one.values()), sum(other.values()))


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _grams(words: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[place : place + n]) for place in range(len(words) - n + 1))


def _common(one: list[str], other: list[str]) -> int:
    row = [0] * (len(other) + 1)
    for word in one:
        before = 0
        for place, wanted in enumerate(other, start=1):
            before, row[place] = row[place], before + 1 if word == wanted else max(row[place], row[place - 1])
    return row[-1]


def _f1(common: int, given: int, wanted: int) -> float:
    return 2 * common / (given + wanted) if given and wanted else 0.0


def _sample(output: str) -> dict[str, Any]:
    """What the platform hands to a grader as `sample`, as far as a text knows it."""
    try:
        read: Any = json.loads(output)
    except ValueError:
        read = None
    message = {"role": "assistant", "content": output}
    return {"output_text": output, "output_json": read, "choices": [{"message": message}], "output_tools": []}


def match(case: Any, output: str) -> bool | None:
    """Whether the output begins with an ideal answer, as the class Match has it."""
    return None if case.expected is None else any(output.strip().startswith(one) for one in _accepted(case))


def fuzzy_match(case: Any, output: str) -> bool | None:
    """Whether the output is in an ideal answer or has one in it, without case, punctuation and articles."""
    return None if case.expected is None else any(_fuzzy(output, one) for one in _accepted(case))


def json_match(case: Any, output: str) -> bool | None:
    """Whether the output is JSON that equals an ideal answer."""
    if case.expected is None:
        return None
    try:
        given = json.loads(output)
    except ValueError:
        return False
    return given is not None and any(given == json.loads(one) for one in _accepted(case))


def _accepted(case: Any) -> list[str]:
    options: list[Any] = [*case.expected] if type(case.expected).__name__ == "list" else [case.expected]
    return [one if isinstance(one, str) else json.dumps(one) for one in options]


def _fuzzy(one: str, other: str) -> bool:
    given, wanted = (_normalised(text) for text in (one, other))
    return given == wanted if not given or not wanted else given in wanted or wanted in given


def _normalised(text: str) -> str:
    plain = "".join(letter for letter in text.lower() if letter not in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", plain).split())


CRITERIA = (_string_check, _similarity, _sample)
"""What the functions of single criteria call."""

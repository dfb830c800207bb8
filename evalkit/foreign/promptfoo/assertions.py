"""Promptfoo's assertions: of a test's list, or of a cell of a CSV file; their values filled with the variables."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from evalkit.foreign.project import Project
from evalkit.foreign.source import as_dict, as_list
from evalkit.foreign.text import TemplateError, filled

CODED: Final = (
    "equals",
    "contains",
    "icontains",
    "contains-any",
    "contains-all",
    "icontains-any",
    "icontains-all",
    "starts-with",
    "regex",
    "is-json",
    "contains-json",
    "is-xml",
    "is-sql",
    "contains-sql",
    "levenshtein",
    "rouge-n",
    "bleu",
    "word-count",
    "python",
)
"""What is checked without a judge."""
JUDGED: Final = (
    "llm-rubric",
    "model-graded-closedqa",
    "g-eval",
    "factuality",
    "model-graded-factuality",
    "answer-relevance",
    "context-faithfulness",
)
"""What a judge answers."""
_WHY: Final[Mapping[str, str]] = {
    "similar": "no check compares by embeddings; evalkit:correctness judges whether the meaning is the same",
    "javascript": 'a function in JavaScript is not run; write it as a Python function for check = "python"',
    "ruby": 'a function in Ruby is not run; write it as a Python function for check = "python"',
    "webhook": "no check calls a server",
    "latency": "how long an output took is a fact of its row (`seconds`), not a score",
    "cost": "what an output cost is a fact of its row (`cost_usd`), not a score",
    "perplexity": "log probabilities are not recorded",
    "perplexity-score": "log probabilities are not recorded",
    "classifier": "no check runs a classifier; a rubric with its labels may do",
    "moderation": "no check calls a moderation service; evalkit:refusal is near",
    "guardrails": "what a provider's guardrails said is not recorded",
    "is-refusal": "evalkit:refusal judges whether a refusal was right; say so in the config where it is wanted",
    "select-best": "compares outputs with each other; a pairwise grader does that between two candidates",
    "max-score": "compares outputs with each other; `evalkit compare` does that",
    "context-recall": "grades the retrieved context, not the output",
    "context-relevance": "grades the retrieved context, not the output",
    "rouge-l": 'not an assertion of its own in today\'s promptfoo; check = "rouge_l" is',
}
_NO_EQUAL: Final = "has no equal here"
_TYPED: Final = re.compile(r"(not-)?([a-z][a-z0-9:-]*?)(?:\((\d+(?:\.\d+)?)\))?(?::(.*))?", re.DOTALL)
_LISTS: Final = ("contains-all", "contains-any", "icontains-all", "icontains-any")
_THRESHOLDS: Final = ("answer-relevance", "context-faithfulness", "levenshtein", "rouge-n", "starts-with")
_OWN_KEYS: Final = ("type", "value", "threshold", "weight", "metric", "config", "provider", "transform")
_ALL: Final = frozenset({*CODED, *JUDGED, *_WHY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One assertion of one test, its value filled in; or a set of them."""

    type: str
    """Without `not-`."""
    negated: bool = False
    value: Any = None
    threshold: float | None = None
    weight: float = 1.0
    metric: str | None = None
    config: Any = None
    members: tuple[Assertion, ...] = ()
    """Of an `assert-set`."""
    where: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two assertions of different tests one grader."""
        return (self.type, self.negated, repr(self.value), self.threshold, self.metric, repr(self.config))

    def json(self) -> dict[str, Any]:
        """The assertion as the metadata of a case keeps it."""
        found: dict[str, Any] = {"type": self.type}
        if self.type == "assert-set":
            found["assert"] = [one.json() for one in self.members]
        given = {"value": self.value, "threshold": self.threshold, "metric": self.metric, "not": self.negated or None}
        found |= {key: value for key, value in given.items() if value is not None}
        return found if self.weight == 1.0 else {**found, "weight": self.weight}


Load = Callable[[str, str], Any]
"""The value of a `file://` text: what stands in the file; (text, where) -> value. Raises ValueError with the reason."""


def read(
    given: Any, variables: Mapping[str, Any], load: Load, project: Project, where: Callable[[int], str]
) -> Iterator[Assertion]:
    """The assertions of one test that can be carried over; the others are noted.

    Args:
        given: the value of `assert`.
        variables: the test's.
        load: reads what `file://` names.
        project: told what stays behind.
        where: the place of the assertion with this number.
    """
    for index, one in enumerate(as_list(given)):
        found = _one(as_dict(one), variables, load, project, where(index))
        if found is not None:
            yield found


def _one(
    given: dict[str, Any], variables: Mapping[str, Any], load: Load, project: Project, where: str
) -> Assertion | None:
    name = str(given.get("type") or "")
    if name == "assert-set":
        return _set(given, variables, load, project, where)
    negated, base = name.startswith("not-"), name.removeprefix("not-")
    why = _refusal(base, negated=negated)
    if why:
        project.leave_out(where, f"assert: {name or 'without type'}", why)
        return None
    try:
        value = _value(given.get("value"), base, variables, load, where)
    except ValueError as error:
        project.leave_out(where, f"assert: {name}", f"its value {error}")
        return None
    for key in ("transform", "contextTransform"):
        if given.get(key) is not None:
            why = "a transform of the output is not run, so the assertion would see another text"
            project.leave_out(where, f"assert: {name}", why)
            return None
    if given.get("provider") is not None:
        project.leave_out(where, "provider", "every rubric is answered by the judge of the config")
    for key in sorted(given.keys() - set(_OWN_KEYS)):
        project.leave_out(where, f"assert: {name}: {key}", _NO_EQUAL)
    return Assertion(
        type=base,
        negated=negated,
        value=value,
        threshold=_number(given.get("threshold")),
        weight=1.0 if (weight := _number(given.get("weight"))) is None else weight,
        metric=str(given["metric"]) if given.get("metric") else None,
        config=given.get("config"),
        where=where,
    )


def _refusal(base: str, *, negated: bool) -> str:
    """Why an assertion of this type cannot be carried over; empty where it can."""
    kind = "similar" if base.startswith("similar") else base
    if kind in _WHY:
        return _WHY[kind]
    if kind not in CODED and kind not in JUDGED:
        return _NO_EQUAL
    return f"not-{base} {_NO_EQUAL}" if negated and kind in {"python", "word-count"} else ""


def _set(
    given: dict[str, Any], variables: Mapping[str, Any], load: Load, project: Project, where: str
) -> Assertion | None:
    members = tuple(read(given.get("assert"), variables, load, project, lambda _: where))
    coded = tuple(one for one in members if one.type in CODED and one.type not in {"python", "is-sql", "contains-sql"})
    for one in members:
        if one not in coded:
            project.leave_out(
                where, f"assert-set: {one.type}", "in a set only assertions about the text are carried over"
            )
    if not coded:
        return None
    return Assertion(
        type="assert-set",
        members=coded,
        threshold=_number(given.get("threshold")),
        weight=1.0 if (weight := _number(given.get("weight"))) is None else weight,
        metric=str(given["metric"]) if given.get("metric") else None,
        where=where,
    )


def _value(value: Any, base: str, variables: Mapping[str, Any], load: Load, where: str) -> Any:
    if base == "python":
        return value  # code, or the name of a file of it
    if isinstance(value, str) and value.startswith("file://"):
        value = load(value, where)
    if isinstance(value, str):
        value = _filled(value, variables)
    elif isinstance(value, list):
        value = [_filled(one, variables) if isinstance(one, str) else one for one in as_list(value)]
    return _checked(value, base)


def _filled(text: str, variables: Mapping[str, Any]) -> str:
    try:
        return filled(text, variables)
    except TemplateError as error:
        raise ValueError(str(error)) from error


def _checked(value: Any, base: str) -> Any:
    """The value, where the assertion can be made with it.

    Raises:
        ValueError: it cannot.
    """
    if base in _LISTS:
        texts = [str(one) for one in (value.split(",") if isinstance(value, str) else as_list(value))]
        value = [one.strip() for one in texts] if isinstance(value, str) else texts
    if base in {"contains", "icontains", "starts-with"} and isinstance(value, int | float):
        value = str(value)
    if base in {"contains", "icontains", "starts-with", *_LISTS} and not _some_text(value):
        raise ValueError("is empty, which every output has")
    if base == "regex" and not isinstance(value, str):
        raise ValueError("is no text")
    if base == "regex":
        return python_regex(value)
    return value


def _some_text(value: Any) -> bool:
    texts = as_list(value)
    return bool(texts) and all(isinstance(one, str) and one.strip() for one in texts)


def python_regex(pattern: str) -> str:
    """A regular expression of JavaScript as one of Python.

    Raises:
        ValueError: Python does not read it.
    """
    ported = re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", pattern)
    ported = re.sub(r"\\k<(\w+)>", r"(?P=\1)", ported)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what a later Python may read in another way
            re.compile(ported)
    except (FutureWarning, DeprecationWarning, re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is no regular expression of Python: {error}") from error
    return ported


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        return None


def from_cell(cell: str) -> dict[str, Any]:
    """What a cell of an `__expected` column means, as an assertion of a list."""
    for prefix in ("javascript:", "fn:", "eval:"):
        if cell.startswith(prefix):
            return {"type": "javascript", "value": cell.removeprefix(prefix).strip()}
    for prefix in ("grade:", "llm-rubric:"):
        if cell.startswith(prefix):
            return {"type": "llm-rubric", "value": cell.removeprefix(prefix).strip()}
    if cell.startswith("python:"):
        return {"type": "python", "value": cell.removeprefix("python:").strip()}
    if re.match(r"file://.*\.(py|js|ts|mjs|cjs)(:\w+)?$", cell):
        return {"type": "python" if re.search(r"\.py(:\w+)?$", cell) else "javascript", "value": cell}
    return _typed(cell)


def _typed(cell: str) -> dict[str, Any]:
    """A cell of the form `type(threshold): value`; one that is not is a text to equal."""
    hit = _TYPED.fullmatch(cell)
    if hit is None or (hit[2] not in _ALL and not hit[2].startswith("similar")):
        return {"type": "equals", "value": cell}
    found: dict[str, Any] = {"type": f"{hit[1] or ''}{hit[2]}"}
    if hit[4] is not None:
        found["value"] = hit[4].strip()
    if hit[2] in {"is-json", "contains-json"} and found.get("value"):
        found["value"] = _schema(found["value"])
    if hit[3] is not None or hit[2] in _THRESHOLDS:
        found["threshold"] = float(hit[3]) if hit[3] else 0.75
    return found


def _schema(text: str) -> Any:
    from evalkit.errors import DatasetError
    from evalkit.foreign.source import value_of

    try:
        return text if text.startswith("file://") else value_of(text, "")
    except DatasetError:
        return text

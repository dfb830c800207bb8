"""Testing criteria of a hosted eval, as graders."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any, Final

from evalkit.foreign.chat import content
from evalkit.foreign.openai.fields import OUTPUT, VARIABLE, Fields
from evalkit.foreign.project import Project, printed, slug
from evalkit.foreign.rubrics import referring_rubric
from evalkit.foreign.source import as_dict, as_list, text_of
from evalkit.foreign.text import TemplateError, filled

MODULE: Final = "openai_checks"
_OUTPUT_TEXT: Final = re.compile(r"\{\{\s*sample\.output_text\s*\}\}")
_OUTPUT_JSON: Final = re.compile(r"\{\{\s*sample\.output_json\.([\w.\[\]]+)\s*\}\}")
_ITEM: Final = re.compile(r"\{\{\s*item\.(\w+)\s*\}\}")
_MOST_STEPS: Final = 20
_NO_METRIC: Final[Mapping[str, str]] = {
    "cosine": "no check compares by embeddings; evalkit:correctness judges whether the meaning is the same",
    "meteor": 'METEOR has no equal here; check = "chrf" is near',
    "gleu": 'GLEU has no equal here; check = "bleu" is near',
}


def referred(criteria: Sequence[Mapping[str, Any]]) -> list[str]:
    """The members of an item that criteria hold outputs against."""
    hits = (_ITEM.fullmatch(str(one.get("reference") or "").strip()) for one in criteria)
    return list(dict.fromkeys(hit[1] for hit in hits if hit))


class Criteria:
    """The graders of one eval."""

    def __init__(
        self, project: Project, fields: Fields, items: Sequence[Mapping[str, Any]], cases: Sequence[dict[str, Any]]
    ) -> None:
        """Take the items with the cases that were made of them."""
        self._project, self._fields = project, fields
        self._pairs = list(zip(items, cases, strict=True))
        self._module: list[str] = []
        self._names: set[str] = set()

    def grade(self, criteria: Sequence[Any], where: Callable[[int], str]) -> None:
        """Add a grader for each criterion; what cannot be one is noted."""
        kinds: dict[str, Callable[[dict[str, Any], str, str], None]] = {
            "string_check": self._string_check,
            "text_similarity": self._similarity,
            "label_model": self._label_model,
            "score_model": self._score_model,
            "python": self._python,
        }
        for index, given in enumerate(criteria):
            one = as_dict(given)
            kind, at = str(one.get("type") or ""), where(index)
            name = printed(re.sub(r"-[0-9a-f]{8}-[0-9a-f-]{27}$", "", str(one.get("name") or kind)))
            make = kinds.get(kind)
            if make is None:
                self._project.leave_out(
                    at, f"testing_criteria: {name or index}", f"the type {kind!r} has no equal here"
                )
                continue
            make(one, name or kind, at)
        if self._module:
            source = resources.files("evalkit.foreign.openai").joinpath("functions.py").read_text(encoding="utf-8")
            self._project.file(f"{MODULE}.py", "\n\n".join([source.rstrip("\n") + "\n", *self._module]))

    def _string_check(self, one: dict[str, Any], name: str, at: str) -> None:
        operation, reference = str(one.get("operation")), text_of(one.get("reference")).strip()
        inner = _OUTPUT_JSON.fullmatch(str(one.get("input") or "").strip())
        plain = _OUTPUT_TEXT.fullmatch(str(one.get("input") or "").strip())
        member = _ITEM.fullmatch(reference)
        if operation not in {"eq", "ne", "like", "ilike"} or not (plain or inner):
            why = f"compares {text_of(one.get('input'))[:60]!r} by {operation!r}; only the output's text or JSON can be"
            self._project.leave_out(at, f"testing_criteria: {name}", why)
        elif member and member[1] == self._fields.reference and (plain or operation == "eq") and operation != "ne":
            self._project.grade(name, _against_expected(operation, inner[1] if inner else None))
        elif plain and not VARIABLE.search(reference):
            self._constant(operation, text_of(one.get("reference")), name, at)
        else:
            self._by_case(one, name, at, f"_string_check(output, reference, {operation!r}, {inner and inner[1]!r})")

    def _constant(self, operation: str, reference: str, name: str, at: str) -> None:
        """A check against one text for every case."""
        if operation in {"like", "ilike"}:
            if not reference.strip():
                self._project.leave_out(
                    at, f"testing_criteria: {name}", "its reference is empty, which every output has"
                )
                return
            folded = {"ignore_case": True} if operation == "ilike" else {}
            self._project.grade(name, {"check": "includes", "values": [reference], **folded})
            return
        whole = f"{re.escape(reference)}\\Z"
        self._project.grade(
            name, {"check": "regex", "pattern": f"\\A{whole}" if operation == "eq" else f"\\A(?!{whole})"}
        )

    def _by_case(self, one: dict[str, Any], name: str, at: str, call: str) -> None:
        """A check against each case's own reference, which its metadata keep."""
        key = f"reference_{slug(name).replace('-', '_') or 'text'}"
        try:
            for item, case in self._pairs:
                case.setdefault("metadata", {})[key] = filled(text_of(one.get("reference")), {"item": item})
        except TemplateError as error:
            self._project.leave_out(at, f"testing_criteria: {name}", f"its reference {error}")
            return
        function = self._function(name)
        self._module.append(
            f"def {function}(case: Any, output: str) -> Any:\n"
            f'    """A criterion of the hosted eval."""\n'
            f"    reference = case.metadata[{key!r}]\n"
            f"    return {call}\n"
        )
        about = f"Holds the output against `{key}` in the metadata of the case."
        self._project.grade(name, {"check": "python", "function": f"{MODULE}:{function}", **_threshold(one)}, about)

    def _similarity(self, one: dict[str, Any], name: str, at: str) -> None:
        metric = str(one.get("evaluation_metric"))
        why = _NO_METRIC.get(metric, "")
        if not why and not re.fullmatch(r"fuzzy_match|bleu|rouge_[1-5l]", metric):
            why = f"the metric {metric!r} has no equal here"
        if not why and not _OUTPUT_TEXT.fullmatch(str(one.get("input") or "").strip()):
            why = "compares something else than the output's text"
        if why:
            self._project.leave_out(at, f"testing_criteria: {name}", why)
            return
        member = _ITEM.fullmatch(text_of(one.get("reference")).strip())
        if metric in {"bleu", "rouge_l"} and member and member[1] == self._fields.reference:
            self._project.grade(name, {"check": metric, **_threshold(one)})
            return
        if metric == "fuzzy_match":
            why = "difflib's ratio in place of rapidfuzz's: values differ a little"
            self._project.change(at, f"testing_criteria: {name}", why)
        if metric == "bleu":
            self._project.leave_out(
                at, f"testing_criteria: {name}", "BLEU is held against the case's expected value only"
            )
            return
        self._by_case(one, name, at, f"_similarity(output, reference, {metric!r})")

    def _label_model(self, one: dict[str, Any], name: str, at: str) -> None:
        passing = {str(label) for label in as_list(one.get("passing_labels"))}
        labels = {printed(str(label)): 1 if str(label) in passing else 0 for label in as_list(one.get("labels"))}
        if len(labels) < 2:
            self._project.leave_out(at, f"testing_criteria: {name}", "has fewer than two labels")
            return
        self._rubric(one, name, at, {"labels": labels})

    def _score_model(self, one: dict[str, Any], name: str, at: str) -> None:
        bounds = [value for value in as_list(one.get("range") or [0, 1]) if isinstance(value, int | float)]
        low, high = (bounds[0], bounds[-1]) if len(bounds) == 2 else (0, 1)
        whole = float(low).is_integer() and float(high).is_integer() and 2 <= high - low <= _MOST_STEPS
        scale = [int(low), int(high)] if whole else [0, 10]
        more = (
            ""
            if whole
            else f"\n\nWhere this asks for a number from {low:g} to {high:g}: 0 stands for {low:g}, 10 for {high:g}."
        )
        if not whole:
            why = f"a number from {low:g} to {high:g} becomes eleven steps, from 0 to 10"
            self._project.change(at, f"testing_criteria: {name}", why)
        if one.get("pass_threshold") is not None:
            why = f"its mean is the score; a `min` of the gate says how good it must be ({one['pass_threshold']} there)"
            self._project.leave_out(at, f"testing_criteria: {name}: pass_threshold", why)
        self._rubric(one, name, at, {"scale": scale}, more)

    def _rubric(self, one: dict[str, Any], name: str, at: str, answers: Mapping[str, Any], more: str = "") -> None:
        """A rubric of the messages of a criterion, whose variables become names of the parts of the case."""
        shown: dict[str, str] = {}
        texts = [
            VARIABLE.sub(lambda hit: f"`{self._named(hit[1], shown)}`", content(turn))
            for turn in as_list(one.get("input"))
        ]
        text = "\n\n".join(part for part in texts if part.strip())
        if not text.strip():
            self._project.leave_out(at, f"testing_criteria: {name}", "has no message to judge by")
            return
        shown.setdefault("output", "output")
        if one.get("model"):
            model = text_of(one["model"])
            self._project.change(
                at, f"testing_criteria: {name}: model", f"the judge of the config answers, not {model}"
            )
        if as_dict(one.get("sampling_params")):
            self._project.leave_out(
                at, f"testing_criteria: {name}: sampling_params", "a judge has effort and max_tokens"
            )
        file = self._project.file(f"{slug(name) or 'rubric'}.md.j2", referring_rubric(text + more, shown))
        self._project.grade(name, {"rubric": file, **answers})

    def _named(self, variable: str, shown: dict[str, str]) -> str:
        """The name of a part of the case in place of a variable, which is then shown."""
        if variable in OUTPUT or variable.startswith("sample"):
            shown["output"] = "output"
            return "output"
        member = re.split(r"[.\[]", variable)[1] if variable != "item" else ""
        if not member:
            shown["input"] = "input"
            return "input"
        expression = self._fields.expression(member)
        name = expression if expression in {"input", "expected"} else member
        if expression.startswith("input."):
            shown["input"] = "input"
        else:
            shown[name] = expression
        return name if expression in {"input", "expected"} or not expression.startswith("input.") else f"input.{member}"

    def _python(self, one: dict[str, Any], name: str, at: str) -> None:
        source = text_of(one.get("source"))
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError) as error:
            self._project.leave_out(at, f"testing_criteria: {name}", f"its source is no Python: {error}")
            return
        if not any(isinstance(node, ast.FunctionDef) and node.name == "grade" for node in tree.body):
            self._project.leave_out(at, f"testing_criteria: {name}", "its source has no function grade(sample, item)")
            return
        own = self._function(f"grade_{name}")
        file = self._project.file(f"openai_{own}.py", source if source.endswith("\n") else f"{source}\n")
        for item, case in self._pairs:
            case.setdefault("metadata", {})["item"] = dict(item)
        module, function = file.removesuffix(".py").replace("-", "_"), self._function(name)
        self._module.append(
            f"import {module}  # noqa: E402 # your own\n\n\n"
            f"def {function}(case: Any, output: str) -> Any:\n"
            f'    """A grader of your own."""\n'
            f'    return float({module}.grade(_sample(output), case.metadata["item"]))\n'
        )
        keys = {"check": "python", "function": f"{MODULE}:{function}", **_threshold(one)}
        self._project.grade(name, keys, "Your own code: `evalkit run` runs it.")

    def _function(self, name: str) -> str:
        stem = slug(name).replace("-", "_") or "criterion"
        stem = stem if stem.isidentifier() else f"criterion_{stem}"
        number, free = 1, stem
        while free in self._names:
            number += 1
            free = f"{stem}_{number}"
        self._names.add(free)
        return free


def _against_expected(operation: str, at: str | None) -> dict[str, Any]:
    """The keys of a check that reads the expected value of the case."""
    if at is not None:
        return {"check": "json_equal", "at": at}
    if operation == "eq":
        return {"check": "exact", "strip": False}
    return {"check": "includes", **({"ignore_case": True} if operation == "ilike" else {})}


def _threshold(one: Mapping[str, Any]) -> dict[str, Any]:
    value = one.get("pass_threshold")
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1
    return {"threshold": float(value)} if usable and value is not None else {}


def dumped(value: Any) -> str:
    """A value as one text, the same for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)

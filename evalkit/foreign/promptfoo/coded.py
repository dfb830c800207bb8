"""Assertions without a judge, as checks: one for all cases where all share it, else one that reads each case's own."""

from __future__ import annotations

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

from evalkit.errors import DatasetError
from evalkit.foreign.project import Project, slug
from evalkit.foreign.promptfoo.assertions import CODED, Assertion
from evalkit.foreign.promptfoo.test import Test
from evalkit.foreign.source import as_list, inside, is_dict, read_text

MODULE: Final = "promptfoo_checks"
OWN: Final = "assert"
"""The key of the metadata that holds a case's own assertions."""
_NEEDS_SAME: Final = ("is-sql", "contains-sql", "bleu")
"""Checks of evalkit that no function of the written module makes."""
_BY_EXPECTED: Final = {"equals": "exact", "contains": "includes", "icontains": "includes", "bleu": "bleu"}

_HELPER: Final = '''\
def _context(case: Any, config: Any) -> dict[str, Any]:
    """What promptfoo hands to a function, as far as a case knows it."""
    variables = case.metadata.get("vars") or (case.input if isinstance(case.input, dict) else {})
    test = {"vars": dict(variables), "metadata": dict(case.metadata)}
    return {"vars": dict(variables), "config": config or {}, "test": test, "prompt": None}


def _said(found: Any) -> Any:
    """What a function of promptfoo returned, as evalkit takes it."""
    if not isinstance(found, dict):
        return found
    passes = found.get("pass", found.get("pass_"))
    return (False if passes is False else found.get("score", passes)), str(found.get("reason") or "")
'''


class Coded:
    """The checks of one project."""

    def __init__(self, project: Project, tests: Sequence[Test], root: Path) -> None:
        """Take the assertions of all tests that need no judge."""
        self._project, self._tests, self._root = project, tests, root
        self._left: list[list[Assertion]] = [
            [one for one in test.assertions if one.type in (*CODED, "assert-set")] for test in tests
        ]
        self.metadata: list[dict[str, Any]] = [{} for _ in tests]
        self.expected: list[str | None] = [None] * len(tests)
        self._module: list[str] = []
        self._written: dict[str, str] = {}

    def grade(self) -> None:
        """Add the graders, and give each case what they read of it."""
        self._python()
        if self._is_plain():
            self._shared()
            self._by_expected()
        self._own()
        if self._module or any(OWN in metadata for metadata in self.metadata):
            source = resources.files("evalkit.foreign.promptfoo").joinpath("functions.py").read_text(encoding="utf-8")
            self._project.file(f"{MODULE}.py", "\n\n".join([source.rstrip("\n") + "\n", *self._module]))

    def _is_plain(self) -> bool:
        """Whether a test passes where all its assertions do, so that each can be a grader of its own."""
        weighted = any(one.weight != 1.0 for found in self._left for one in found)
        return not weighted and all(test.threshold is None for test in self._tests)

    def _shared(self) -> None:
        """A grader for each assertion that every test has."""
        counts = [Counter(one.key for one in found) for found in self._left]
        every = [key for key in counts[0] if all(count[key] for count in counts)] if counts else []
        for key in every:
            one = next(found for found in self._left[0] if found.key == key)
            keys = _native(one, self._project)
            if keys is None:
                continue
            self._project.grade(one.metric or _name(one), keys)
            self._left = [[other for other in found if other.key != key] for found in self._left]

    def _by_expected(self) -> None:
        """One grader that reads each case's expected value, where every test has exactly one assertion of one kind."""
        kinds = {(one.type, one.negated, one.threshold, one.metric) for found in self._left for one in found}
        if len(kinds) != 1 or any(len(found) != 1 for found in self._left):
            return
        one = self._left[0][0]
        values = [found[0].value for found in self._left]
        if one.type not in _BY_EXPECTED or one.negated or not all(isinstance(value, str) for value in values):
            return
        if any(not value.strip() for value in values):
            return
        keys: dict[str, Any] = {"check": _BY_EXPECTED[one.type]}
        keys |= {"strip": False} if one.type == "equals" else {}
        keys |= {"ignore_case": True} if one.type == "icontains" else {}
        keys |= {"threshold": 0.5 if one.threshold is None else one.threshold} if one.type == "bleu" else {}
        self._project.grade(one.metric or one.type, keys, "Holds the output against the case's `expected`.")
        self.expected = [str(value) for value in values]
        self._left = [[] for _ in self._left]

    def _own(self) -> None:
        """One grader for what is left: it reads each case's own assertions."""
        for one in (one for found in self._left for one in found if one.type in _NEEDS_SAME):
            why = "only some tests have it, or with weights: it can be a check where every case has it"
            self._project.leave_out(one.where, f"assert: {one.type}", why)
        kept = [[one for one in found if one.type not in _NEEDS_SAME] for found in self._left]
        if not any(kept):
            return
        for test, metadata, found in zip(self._tests, self.metadata, kept, strict=True):
            if found:
                metadata[OWN] = [one.json() for one in found]
            if found and test.threshold is not None:
                metadata["threshold"] = test.threshold
        if any(one.type == "rouge-n" for found in kept for one in found):
            why = "words are runs of letters and digits, where promptfoo splits them as the Penn Treebank does"
            self._project.change(MODULE, "assert: rouge-n", why)
        about = "Each case's own assertions, which stand in its metadata under `assert`; all of them together."
        self._project.grade("assertions", {"check": "python", "function": f"{MODULE}:assertions"}, about)
        if not all(kept):
            n = sum(not found for found in kept)
            why = f"{n} of {len(kept)} cases have no assertion of this kind; there the grader gives no score"
            self._project.covers(len(kept) - n, len(kept))
            self._project.change(self._project.name, "assertions", why)
        self._metrics(sorted({str(one.metric) for found in kept for one in found if one.metric}))

    def _metrics(self, metrics: Sequence[str]) -> None:
        """A grader beside for the assertions of each metric."""
        for metric in metrics:
            function = self._function(f"metric_{slug(metric).replace('-', '_') or 'named'}")
            self._module.append(
                f"def {function}(case: Any, output: str) -> tuple[bool | None, str]:\n"
                f'    """The assertions of one metric."""\n'
                f"    return of_metric(case, output, {metric!r})\n"
            )
            self._project.grade(metric, {"check": "python", "function": f"{MODULE}:{function}"})

    def _function(self, name: str) -> str:
        number, free = 1, name
        while free in self._written:
            number += 1
            free = f"{name}_{number}"
        self._written[free] = free
        return free

    def _python(self) -> None:
        """A grader for each Python assertion that every test has; the others are noted."""
        found = {one.key: one for tests in self._left for one in tests if one.type == "python"}
        for key, one in found.items():
            n = sum(any(other.key == key for other in tests) for tests in self._left)
            if n < len(self._left):
                why = "only some tests have it; a function is called for every case, and may return None"
                self._project.leave_out(one.where, "assert: python", why)
                continue
            try:
                function = self._ported(one)
            except (ValueError, DatasetError) as error:
                self._project.leave_out(one.where, "assert: python", str(error))
                continue
            keys: dict[str, Any] = {"check": "python", "function": f"{MODULE}:{function}"}
            keys |= {} if one.threshold is None or not 0 < one.threshold <= 1 else {"threshold": one.threshold}
            self._project.grade(one.metric or "python", keys, "Your own code: `evalkit run` runs it.")
        self._left = [[one for one in tests if one.type != "python"] for tests in self._left]

    def _ported(self, one: Assertion) -> str:
        """The name of a function that calls the code of an assertion."""
        code = str(one.value or "")
        if code.startswith("file://") or re.search(r"\.py(:\w+)?$", code):
            return self._from_file(code.removeprefix("file://"), one)
        name = self._function("python_check")
        self._module.append(f"{_head(name)}    context = _context(case, {one.config!r})\n{_body(code)}")
        self._helper()
        return name

    def _from_file(self, named: str, one: Assertion) -> str:
        file, _, function = named.partition(".py:")
        function = function or "get_assert"
        path = inside(self._root, f"{file.removesuffix('.py')}.py")
        text = read_text(path)
        if function not in _functions(text):
            raise ValueError(f"{path.name} has no function {function}(output, context)")
        own = slug(path.stem).replace("-", "_") or "own"
        module = self._project.file(f"promptfoo_{own}.py", text).removesuffix(".py").replace("-", "_")
        name = self._function(f"python_{own}")
        self._module.append(
            f"import {module}  # noqa: E402 # your own\n\n\n"
            f"{_head(name)}    return _said({module}.{function}(output, _context(case, {one.config!r})))\n"
        )
        self._helper()
        return name

    def _helper(self) -> None:
        helper = _HELPER
        if helper not in self._module:
            self._module.insert(0, helper)


def _head(name: str) -> str:
    return f'def {name}(case: Any, output: str) -> Any:\n    """An assertion of your own."""\n'


def _body(code: str) -> str:
    """The code of an inline assertion as the body of a function: an expression, or lines that return.

    Raises:
        ValueError: it is no Python.
    """
    code = textwrap.dedent(code).strip("\n")
    try:
        ast.parse(code.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        body = textwrap.indent(code, "    ")
    else:
        body = f"    return _said({' '.join(code.split())})" if "\n" in code else f"    return _said({code.strip()})"
    try:
        ast.parse(f"def check(case, output, context):\n{body}\n")
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ValueError(f"is no Python: {error}") from error
    return f"{body}\n"


def _functions(text: str) -> set[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ValueError(f"the file is no Python: {error}") from error
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and len(node.args.args) >= 2}


def _name(one: Assertion) -> str:
    return f"not-{one.type}" if one.negated else one.type


def _native(one: Assertion, project: Project) -> dict[str, Any] | None:
    """The keys of a check that means the same; None where there is none."""
    made = _texts(one) or _documents(one, project)
    if made is None and one.type == "bleu" and isinstance(one.value, str) and not one.negated:
        return None  # it reads the expected value
    return made


def _texts(one: Assertion) -> dict[str, Any] | None:
    kind, value = one.type, one.value
    if kind in {"contains", "contains-any", "contains-all", "icontains", "icontains-any", "icontains-all"}:
        keys: dict[str, Any] = {"check": "excludes" if one.negated else "includes", "values": as_list(value)}
        keys |= {"match": "all"} if kind.endswith("-all") else {}
        return keys | ({"ignore_case": True} if kind.startswith("i") else {})
    if kind == "equals" and isinstance(value, str):
        return {"check": "regex", "pattern": _pattern(f"{re.escape(value)}\\Z", negated=one.negated)}
    if kind == "starts-with":
        return {"check": "regex", "pattern": _pattern(re.escape(value), negated=one.negated)}
    if kind == "regex":
        return {"check": "regex", "pattern": f"\\A(?![\\s\\S]*(?:{value}))" if one.negated else value}
    if kind == "word-count" and not one.negated:
        return _words(value)
    return None


def _words(value: Any) -> dict[str, Any] | None:
    bounds: dict[str, Any] = value if is_dict(value) else {"min": value, "max": value}
    given = {key: bounds[key] for key in ("min", "max") if isinstance(bounds.get(key), int) and bounds[key] >= 0}
    return {"check": "length", "unit": "words", **given} if given else None


def _pattern(escaped: str, *, negated: bool) -> str:
    return f"\\A(?!{escaped})" if negated else f"\\A{escaped}"


def _documents(one: Assertion, project: Project) -> dict[str, Any] | None:
    if one.negated:
        return None
    if one.type == "is-json" and not one.value:
        return {"check": "json_valid"}
    if one.type == "is-json" and is_dict(one.value):
        import json

        text = json.dumps(one.value, ensure_ascii=False, indent=2) + "\n"
        return {"check": "json_schema", "schema": project.file("answer.schema.json", text)}
    if one.type == "is-xml" and not one.value:
        return {"check": "xml_valid"}
    if one.type in {"is-sql", "contains-sql"}:
        return {"check": "sql_valid", **({"fenced": True} if one.type == "contains-sql" else {})}
    return None

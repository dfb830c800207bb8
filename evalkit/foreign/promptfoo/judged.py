"""Assertions that a judge answers, as rubrics: in the cached prompt where all tests share one, else case by case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from evalkit.foreign.project import Project, slug
from evalkit.foreign.promptfoo.assertions import JUDGED, Assertion
from evalkit.foreign.promptfoo.test import Test
from evalkit.foreign.rubrics import NO_CRITERION, criterion_rubric, per_case_rubric
from evalkit.foreign.source import as_list, is_list, text_of

_READY: Final = {
    "factuality": "evalkit:correctness",
    "model-graded-factuality": "evalkit:correctness",
    "answer-relevance": "evalkit:relevance",
    "context-faithfulness": "evalkit:groundedness",
}


class Judged:
    """The rubrics of one project."""

    def __init__(self, project: Project, tests: Sequence[Test], expected: Sequence[str | None]) -> None:
        """Take the assertions of all tests that a judge answers; `expected` is what the cases expect so far."""
        self._project, self._tests = project, tests
        self._left = [[one for one in test.assertions if one.type in JUDGED] for test in tests]
        self.expected: list[str | None] = list(expected)
        self.metadata: list[dict[str, Any]] = [{} for _ in tests]
        self.needs_context = False

    def grade(self) -> None:
        """Add the graders, and give each case what they read of it."""
        for found in self._left:
            for one in found:
                self._simplified(one)
        for kind in dict.fromkeys(one.type for found in self._left for one in found if one.type in _READY):
            self._ready(kind)
        self._shared()
        for name in dict.fromkeys(_group(one) for found in self._left for one in found):
            self._per_case(name)

    def _simplified(self, one: Assertion) -> None:
        if one.threshold is not None:
            why = "the judge answers with a label, not with a number that a threshold could cut"
            self._project.leave_out(one.where, f"assert: {one.type}: threshold", why)
        if one.weight != 1.0:
            why = "every rubric is a grader with a mean of its own"
            self._project.leave_out(one.where, f"assert: {one.type}: weight", why)

    def _ready(self, kind: str) -> None:
        """A ready-made rubric, where every test has one assertion of this kind and the cases have what it needs."""
        mine = [[one for one in found if one.type == kind] for found in self._left]
        if any(len(found) != 1 or found[0].negated for found in mine):
            return
        if kind.endswith("factuality"):
            values = [text_of(found[0].value) for found in mine]
            if not all(value.strip() for value in values) or any(
                one is not None and one != value for one, value in zip(self.expected, values, strict=True)
            ):
                return
            self.expected = list(values)
            why = "its five answers are three labels here: correct, partial, incorrect"
            self._project.change(mine[0][0].where, f"assert: {kind}", why)
        if kind == "context-faithfulness":
            if not all(test.variables.get("context") for test in self._tests):
                return
            self.needs_context = True
        self._project.grade(mine[0][0].metric or kind, {"rubric": _READY[kind]})
        self._left = [[one for one in found if one.type != kind] for found in self._left]

    def _shared(self) -> None:
        """A rubric in the cached prompt for each criterion that every test has."""
        for key in dict.fromkeys(one.key for one in self._left[0]) if self._left else ():
            if not all(any(one.key == key for one in found) for found in self._left):
                continue
            one = next(one for one in self._left[0] if one.key == key)
            if one.type in _READY:
                continue
            name = one.metric or one.type
            file = self._project.file(f"{slug(name) or 'rubric'}.md.j2", criterion_rubric(_criterion(one)))
            self._project.grade(name, {"rubric": file, **_labels(one)})
            self._left = [[other for other in found if other.key != key] for found in self._left]

    def _per_case(self, name: str) -> None:
        """Rubrics that print each case's own criterion: the first of each case, the second, and so on."""
        mine = [[one for one in found if _group(one) == name] for found in self._left]
        for place in range(max(map(len, mine))):
            at = [found[place] if place < len(found) else None for found in mine]
            first = next(one for one in at if one is not None)
            key = f"criterion_{slug(name).replace('-', '_')}{f'_{place + 1}' if place else ''}"
            for metadata, one, test in zip(self.metadata, at, self._tests, strict=True):
                if one is not None:
                    metadata[key] = _criterion(one, test)
            some = any(one is None for one in at)
            file = self._project.file(f"{slug(name) or 'rubric'}.md.j2", per_case_rubric(key, some=some))
            keys = {"rubric": file, **_labels(first), **({"unsure": NO_CRITERION} if some else {})}
            grader = self._project.grade(
                name, keys, f"Each case's own criterion stands in its metadata, under `{key}`."
            )
            if some:
                n = sum(one is None for one in at)
                why = (
                    f"{n} of {len(at)} cases have no such assertion: the judge answers {NO_CRITERION} there, which is "
                    "no score"
                )
                self._project.covers(len(at) - n, len(at))
                self._project.change(first.where, grader, why)


def _group(one: Assertion) -> str:
    name = one.metric or one.type
    return f"not-{name}" if one.negated else name


def _labels(one: Assertion) -> dict[str, Any]:
    return {"labels": {"pass": 0, "fail": 1} if one.negated else {"fail": 0, "pass": 1}}


def _criterion(one: Assertion, test: Test | None = None) -> str:
    """What an assertion asks, in words of its own or in a sentence about what it measures."""
    text = "\n".join(f"- {text_of(item)}" for item in as_list(one.value)) if is_list(one.value) else ""
    text = text or text_of(one.value)
    if one.type.endswith("factuality"):
        return f"The output agrees with these facts and contradicts none of them: {text}"
    if one.type == "answer-relevance":
        return "The output answers what the input asks."
    if one.type == "context-faithfulness":
        context = text_of(test.variables.get("context")) if test else ""
        return f"Every statement of the output is supported by this context: {context}"
    return text or "The output is right."

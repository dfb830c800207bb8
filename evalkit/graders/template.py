"""Rubric templates: Jinja2 with two blocks over a base that evalkit ships.

`rubric` is static and becomes part of the cached system prompt; it sees no case. `case` is rendered per case into
the user message. A rubric without blocks is all `rubric`. Everything printed in `case` is fenced.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, cast

import jinja2
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from evalkit import ids
from evalkit.dataset import Case
from evalkit.errors import ConfigError, Problem
from evalkit.graders.fence import CaseText, Fenced, fence, fence_tag

_TAG = "fence_tag"


class RenderError(ValueError):
    """A case lacks what the template prints."""


class Fields:
    """Named case texts, read in a template as `metadata.name` or `metadata["name"]`."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> object:
        return _case_value(name, self._values[name])

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[CaseText]:
        return (CaseText(name, "field") for name in self._values)

    def __len__(self) -> int:
        return len(self._values)


class RubricTemplate:
    """One grader's rubric, compiled once."""

    def __init__(self, source: str, *, where: str) -> None:
        """Compile the rubric.

        Raises:
            ConfigError: it is not Jinja2, or its `rubric` block wants a case.
        """
        self._where = where
        self._base = _environment().get_template("base.md.j2")
        self._template = self._compile(source)
        self._case_block = self._block("case")
        self.rubric = self._render_rubric()
        self.case_source = source if "case" in self._template.blocks else ""
        """What decides how a case is shown; empty for the base's own way."""

    def case(self, case: Case, output: str) -> str:
        """The user message for one case and output.

        Raises:
            RenderError: the case lacks a field that the template prints.
        """
        variables = _case_variables(case, output)
        try:
            return self._run(self._case_block, variables).strip()
        except (jinja2.UndefinedError, RenderError) as error:
            raise RenderError(f"{error} (rubric {self._where}, block `case`)") from error

    def _compile(self, source: str) -> jinja2.Template:
        try:
            return _environment().from_string(source)
        except jinja2.TemplateSyntaxError as error:
            where = f"{self._where}:{error.lineno}"
            raise ConfigError([Problem(where, None, f"{error.message}", "mend the Jinja2 of this rubric")]) from error

    def _block(self, name: str) -> Callable[[Context], Iterator[str]]:
        return self._template.blocks.get(name) or self._base.blocks[name]

    def _render_rubric(self) -> str:
        if not self._template.blocks:
            text = self._static(self._template.render)
        elif "rubric" in self._template.blocks:
            text = self._static(lambda: self._run(self._block("rubric"), {}))
        else:
            text = ""
        if not text.strip():
            raise ConfigError(
                [
                    Problem(
                        self._where,
                        None,
                        "the rubric is empty",
                        "say what each label means, in block `rubric`",
                    )
                ]
            )
        return text.strip()

    def _static(self, render: Callable[[], str]) -> str:
        try:
            return render()
        except jinja2.UndefinedError as error:
            mend = "the rubric is static and sees no case: move what differs per case into {% block case %}"
            raise ConfigError([Problem(self._where, "rubric", str(error), mend)]) from error

    def _run(self, block: Callable[[Context], Iterator[str]], variables: Mapping[str, Any]) -> str:
        context = self._template.new_context(dict(variables))
        for name, parent in self._base.blocks.items():
            context.blocks.setdefault(name, []).append(parent)  # so that {{ super() }} finds the base's block
        return "".join(block(context))


@cache
def _environment() -> SandboxedEnvironment:
    # Not HTML: autoescape would corrupt the text under judgement. Safety comes from `finalize`, which fences.
    environment = SandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        finalize=_finalize,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.DictLoader({"base.md.j2": prompt_text("base.md.j2")}),
    )
    environment.filters["fence"] = _fence_filter  # pyright: ignore[reportUnknownMemberType]
    return environment


def prompt_text(name: str) -> str:
    """A prompt file that evalkit ships."""
    return resources.files("evalkit.graders").joinpath("prompts", name).read_text(encoding="utf-8")


@jinja2.pass_context
def _finalize(context: Context, value: object) -> object:
    tag = context.get(_TAG)
    if value is None:
        raise RenderError("an absent value is printed; guard it with {% if ... is not none %}")
    if tag is None or isinstance(value, Fenced | jinja2.Undefined | int | float):
        return value
    if isinstance(value, CaseText):
        return fence(value, value.name, tag)
    return fence(_as_text(value), "text", tag)


@jinja2.pass_context
def _fence_filter(context: Context, value: object, name: str) -> Fenced:
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises the StrictUndefined error, which names the field
    return fence(_as_text(value), CaseText("", name).name, context.get(_TAG, ""))


def _case_variables(case: Case, output: str) -> dict[str, object]:
    fields = {"id": case.id, "input": case.input, "expected": case.expected, "cluster": case.cluster}
    shown: dict[str, object] = {name: _case_value(name, value) for name, value in fields.items()}
    shown["tags"] = [CaseText(tag, "tag") for tag in case.tags]
    shown["metadata"] = Fields(case.metadata)
    return {
        "case": shown,
        "input": shown["input"],
        "expected": shown["expected"],
        "metadata": shown["metadata"],
        "output": CaseText(output, "output"),
        _TAG: fence_tag(case.digest, output),
    }


def _case_value(name: str, value: object) -> object:
    return value if value is None else CaseText(_as_text(value), name)


def _as_text(value: object) -> str:
    """A case value as the judge reads it: text as it is, a conversation turn by turn, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return ids.scalar_text(value)
    turns = _turns(value)
    if turns:
        return "\n\n".join(f"{turn['role']}:\n{_as_text(turn['content'])}" for turn in turns)
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=str)


def _turns(value: object) -> list[dict[str, object]]:
    """The turns of a conversation; none where the value is something else."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    turns = [cast("dict[str, object]", item) for item in items if isinstance(item, dict)]
    whole = len(turns) == len(items) and all({"role", "content"} <= turn.keys() for turn in turns)
    return turns if whole else []

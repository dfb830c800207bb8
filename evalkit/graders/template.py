"""Rubric templates: Jinja2 with two blocks over a base that evalkit ships.

`rubric` is static and becomes part of the cached system prompt; it sees no case. `case` is rendered per case into
the user message. A rubric without blocks is all `rubric`. Everything printed in `case` is fenced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import jinja2
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from evalkit.dataset import Case
from evalkit.errors import ConfigError, Problem
from evalkit.graders.blocks import block_source, stray
from evalkit.graders.conversation import fenced_value
from evalkit.graders.fence import Fenced, fence_tag
from evalkit.graders.fields import RenderError, case_fields, name_of, to_json

_TAG: Final = "fence_tag"
_FAILURES: Final = (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)
"""What a template can end with; anything else is a defect of evalkit."""


class RubricTemplate:
    """One grader's rubric, compiled once."""

    def __init__(self, source: str, *, where: str, policy: str | None = None) -> None:
        """Compile the rubric; `policy` is what it prints by that name.

        Raises:
            ConfigError: it is not Jinja2, its `rubric` block wants a case, or part of it would never be shown.
        """
        self._where = where
        self._static_variables = {} if policy is None else {"policy": policy}
        self._base = _environment().get_template("base.md.j2")
        self._template = self._compile(source)
        if policy is not None and "policy" not in find_undeclared_variables(_environment().parse(source)):
            mend = "print it in the rubric as {{ policy }}, or leave it out"
            raise ConfigError([Problem(where, "policy", "the rubric does not print its policy", mend)])
        self._case_block = self._block("case")
        self.rubric = self._render_rubric()
        self.case_source = block_source(_environment(), source, "case")
        """What decides how a case is shown; empty for the base's own way."""

    def case(self, case: Case, output: str) -> str:
        """The user message for one case and output.

        Raises:
            RenderError: the case lacks a field that the template prints, or the template fails on it.
        """
        variables = {**case_fields(case, output), _TAG: fence_tag(case.digest, output)}
        try:
            return self._run(self._case_block, variables).strip()
        except _FAILURES as error:
            raise RenderError(f"{error} (rubric {self._where}, block `case`)") from error

    def _compile(self, source: str) -> jinja2.Template:
        try:
            template, lost = _environment().from_string(source), stray(_environment(), source)
        except jinja2.TemplateSyntaxError as error:
            where = f"{self._where}:{error.lineno}"
            raise ConfigError([Problem(where, None, f"{error.message}", "mend the Jinja2 of this rubric")]) from error
        if lost:
            line, what = lost
            mend = "move it into {% block rubric %} or, where it shows the case, into {% block case %}"
            raise ConfigError([Problem(f"{self._where}:{line}", None, what, mend)])
        return template

    def _block(self, name: str) -> Callable[[Context], Iterator[str]]:
        return self._template.blocks.get(name) or self._base.blocks[name]

    def _render_rubric(self) -> str:
        if not self._template.blocks:
            text = self._static(lambda: self._template.render(self._static_variables))
        elif "rubric" in self._template.blocks:
            text = self._static(lambda: self._run(self._block("rubric"), self._static_variables))
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
        except _FAILURES as error:
            mend = "mend the Jinja2 of this rubric"
            raise ConfigError([Problem(self._where, "rubric", str(error), mend)]) from error

    def _run(self, block: Callable[[Context], Iterator[str]], variables: Mapping[str, Any]) -> str:
        context = self._template.new_context(dict(variables))
        for name, parent in self._base.blocks.items():
            context.blocks.setdefault(name, []).append(parent)  # so that {{ super() }} finds the base's block
        return "".join(block(context))


class _Environment(SandboxedEnvironment):
    @staticmethod
    def concat(pieces: Iterable[str], /) -> Fenced:
        """What a block, a macro or `super()` returns: all of it was fenced as it was printed, and is not again."""
        return Fenced("".join(pieces))


@cache
def _environment() -> SandboxedEnvironment:
    # Not HTML: autoescape would corrupt the text under judgement. Safety comes from `finalize`, which fences.
    environment = _Environment(
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        finalize=_finalize,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.DictLoader({"base.md.j2": prompt_text("base.md.j2")}),
    )
    environment.policies["json.dumps_function"] = to_json
    environment.filters["fence"] = _fence_filter  # pyright: ignore[reportUnknownMemberType]
    environment.filters["needed"] = _needed  # pyright: ignore[reportUnknownMemberType]
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
    return fenced_value(value, name_of(value), tag)


@jinja2.pass_context
def _fence_filter(context: Context, value: object, name: str) -> Fenced:
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises the StrictUndefined error, which names the field
    return fenced_value(value, name, context.get(_TAG, ""))


def _needed(value: object, what: str) -> object:
    """The value, where the case has it; `what` is how the error calls it."""
    if value is None or isinstance(value, jinja2.Undefined):
        raise RenderError(f"the case has no {what}")
    return value

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
from evalkit.graders.fence import CaseText, Fenced, fence_tag
from evalkit.graders.fields import RenderError, case_fields, name_of
from evalkit.graders.sandboxed import FAILURES, sandboxed

_TAG: Final = "fence_tag"


class RubricTemplate:
    """One grader's rubric, compiled once."""

    def __init__(self, source: str, *, where: str, policy: str | None = None, base: str = "base.md.j2") -> None:
        """Compile the rubric over a base; `policy` is what it prints by that name.

        Raises:
            ConfigError: it is not Jinja2, its `rubric` block wants a case, or part of it would never be shown.
        """
        self._where = where
        self._static_variables = {} if policy is None else {"policy": policy}
        self._base = _environment().get_template(base)
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
        return self._rendered({**case_fields(case, output), _TAG: fence_tag(case.digest, output)})

    def _rendered(self, variables: Mapping[str, Any]) -> str:
        try:
            return self._run(self._case_block, variables).strip()
        except FAILURES as error:
            raise RenderError(f"{error} (rubric {self._where}, block `case`)") from error

    def pair(self, case: Case, first: str, second: str) -> str:
        """The user message for one case and two outputs; a template over the base of one output cannot show them.

        Raises:
            RenderError: as for `case`.
        """
        fields = case_fields(case, "")
        del fields["output"]
        fields |= {"first": CaseText(first, "first"), "second": CaseText(second, "second")}
        return self._rendered({**fields, _TAG: fence_tag(case.digest, f"{len(first)} {first}{second}")})

    def must_show(self, *names: str) -> None:
        """See that a case block, where there is one, shows what it is to be judged by.

        Raises:
            ConfigError: it leaves out a variable of these names.
        """
        if not self.case_source or "super()" in self.case_source:
            return
        shown = find_undeclared_variables(_environment().parse(self.case_source))
        if lost := [name for name in names if name not in shown]:
            what = f"the case block does not show {' and '.join(f'`{name}`' for name in lost)}"
            mend = f"print {' and '.join(f'{{{{ {name} }}}}' for name in names)} in it"
            raise ConfigError([Problem(self._where, "case", what, mend)])

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
        except FAILURES as error:
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
    # Safety comes from `finalize`, which fences.
    files = {name: prompt_text(name) for name in ("base.md.j2", "pairwise.md.j2")}
    environment = sandboxed(_Environment, _finalize, files=files)
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

"""Prompts of candidates: Jinja2 with two blocks, rendered for the model under test and not for a judge.

`system` is static, becomes the cached system prompt and sees no case. `case` is rendered per case into the user
message; without it the case's input is sent as it is, a conversation turn by turn. A prompt without blocks is the user
message where it prints something of the case, else the system prompt. What is printed is the case's own text: it is
never read as a template, and never fenced, because this model is to answer it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import jinja2
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from evalkit.dataset import Case
from evalkit.errors import ConfigError, Problem
from evalkit.graders.blocks import stray
from evalkit.graders.fields import CannotAskError, RenderError, as_text, case_fields
from evalkit.graders.sandboxed import FAILURES, sandboxed

_BLOCKS: Final = ("system", "case")
_SEEN: Final = ("case", "input", "metadata")
"""What a prompt may print; not the reference, and no candidate's output."""
_HIDDEN: Final = ("expected", "output")


class PromptTemplate:
    """One candidate's prompt, compiled once."""

    def __init__(self, source: str, *, where: str) -> None:
        """Compile the prompt.

        Raises:
            ConfigError: it is not Jinja2, prints what no candidate may see, or part of it would never be sent.
        """
        self._where = where
        self._template = self._compile(source)
        printed = find_undeclared_variables(_environment().parse(source))
        self._refuse_strange(printed)
        self._case_block: Callable[[Context], Iterator[str]] | None = self._template.blocks.get("case")
        plain = not self._template.blocks
        if plain and printed:
            self._case_block = self._template.root_render_func
        static = self._template.root_render_func if plain and not printed else self._template.blocks.get("system")
        self.system = self._static(static) if static else ""
        """The system prompt; empty where there is none."""

    @property
    def shows_case(self) -> bool:
        """Whether the prompt itself says how a case is put to the model."""
        return self._case_block is not None

    def case(self, case: Case) -> str:
        """The user message for one case.

        Raises:
            CannotAskError: the case lacks a field that the prompt prints, or the prompt fails on it.
        """
        assert self._case_block is not None  # noqa: S101 # the caller asks `shows_case` first
        try:
            text = self._run(self._case_block, _visible(case)).strip()
        except FAILURES as error:
            raise CannotAskError(f"{error} (prompt {self._where})") from error
        if not text:
            raise CannotAskError(f"the user message is empty (prompt {self._where})")
        return text

    def _compile(self, source: str) -> jinja2.Template:
        try:
            template, lost = _environment().from_string(source), stray(_environment(), source, _BLOCKS, "model")
        except jinja2.TemplateSyntaxError as error:
            where = f"{self._where}:{error.lineno}"
            raise ConfigError([Problem(where, None, f"{error.message}", "mend the Jinja2 of this prompt")]) from error
        if lost:
            line, what = lost
            mend = "move it into {% block system %} or, where it shows the case, into {% block case %}"
            raise ConfigError([Problem(f"{self._where}:{line}", None, what, mend)])
        return template

    def _refuse_strange(self, printed: set[str]) -> None:
        hidden = sorted(printed & set(_HIDDEN))
        if hidden:
            mend = "a candidate must not see the answer; what it may see of a case goes into its input or metadata"
            raise ConfigError([Problem(self._where, None, f"the prompt prints {hidden[0]!r}", mend)])
        strange = sorted(printed - set(_SEEN))
        if strange:
            mend = f"it sees {', '.join(_SEEN)}, as in {{{{ input }}}} and {{{{ metadata.{strange[0]} }}}}"
            what = f"the prompt prints {strange[0]!r}, which is not there"
            raise ConfigError([Problem(self._where, None, what, mend)])

    def _static(self, block: Callable[[Context], Iterator[str]]) -> str:
        try:
            return self._run(block, {}).strip()
        except jinja2.UndefinedError as error:
            mend = "the system prompt is the same for all cases and sees none: move it into {% block case %}"
            raise ConfigError([Problem(self._where, "system", str(error), mend)]) from error
        except FAILURES as error:
            raise ConfigError([Problem(self._where, "system", str(error), "mend the Jinja2 of this prompt")]) from error

    def _run(self, block: Callable[[Context], Iterator[str]], variables: dict[str, Any]) -> str:
        return "".join(block(self._template.new_context(variables)))


def _visible(case: Case) -> dict[str, Any]:
    """What a prompt may print of a case: neither its reference nor an output."""
    fields = case_fields(case, "")
    seen: dict[str, Any] = {name: fields[name] for name in _SEEN}
    seen["case"] = {name: value for name, value in seen["case"].items() if name not in _HIDDEN}
    return seen


@cache
def _environment() -> SandboxedEnvironment:
    return sandboxed(SandboxedEnvironment, _finalize)


def _finalize(value: object) -> object:
    if value is None:
        raise RenderError("an absent value is printed; guard it with {% if ... is not none %}")
    if isinstance(value, str | jinja2.Undefined | int | float):
        return value
    return as_text(value)

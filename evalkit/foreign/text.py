"""Templates of other tools: variables put in where a value is text, and rewritten where a prompt stays a template."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from evalkit.foreign.source import text_of

_PRINTED: Final = re.compile(
    r"\{\{-?\s*([A-Za-z_][\w]*(?:(?:\.[A-Za-z_]\w*)|(?:\[\d+\]))*)\s*(?:\|\s*(?:safe|string)\s*)?-?\}\}"
)
_MARKUP: Final = re.compile(r"\{\{|\{%|\{#")
_STEP: Final = re.compile(r"[A-Za-z_]\w*|\d+")
_ELSEIF: Final = re.compile(r"(\{%-?\s*)elseif\b")
_FILTERS: Final = {"dump": "tojson"}


class TemplateError(ValueError):
    """A template does more than print variables, or is not one."""


def filled(text: str, variables: Mapping[str, Any]) -> str:
    """The text with its variables in place; a variable that is not there prints nothing, as in Nunjucks.

    Raises:
        TemplateError: it does more than print variables.
    """
    if not _MARKUP.search(_PRINTED.sub("", text)):
        return _PRINTED.sub(lambda hit: text_of(_walk(variables, hit[1])), text)
    raise TemplateError("is a template that does more than print variables")


def is_template(text: str) -> bool:
    """Whether a text has any markup of a template."""
    return _MARKUP.search(text) is not None


def _walk(variables: Mapping[str, Any], path: str) -> Any:
    found: Any = variables
    for step in _STEP.findall(path):
        try:
            found = found[int(step)] if step.isdigit() else found.get(step)
        except (AttributeError, LookupError, TypeError):
            return None
    return found


def rewritten(source: str, rename: Callable[[str], str | None]) -> str:
    """A Nunjucks template as Jinja2, its free variables renamed; the text between stays as it is.

    Raises:
        TemplateError: it is no template that Jinja2 reads, or prints a variable that `rename` does not know.
    """
    from jinja2 import Environment, meta
    from jinja2 import TemplateError as JinjaError

    environment = Environment(autoescape=False)  # noqa: S701 # nothing is rendered here
    source = _ELSEIF.sub(r"\1elif", source)
    try:
        free = meta.find_undeclared_variables(environment.parse(_with_filters(source)))
        names = {name: rename(name) for name in free}
        unknown = sorted(name for name, new in names.items() if new is None)
        if unknown:
            raise TemplateError(f"prints {unknown[0]!r}, which no test sets")
        tokens = list(environment.lex(source))
    except JinjaError as error:
        raise TemplateError(f"is no template that Jinja2 reads: {error}") from error
    parts: list[str] = []
    before = ""
    for place, (_, kind, value) in enumerate(tokens):
        after = next((one for _, what, one in tokens[place + 1 :] if what != "whitespace"), "")
        if kind == "name" and before == "|":
            parts.append(_FILTERS.get(value, value))
        elif kind == "name" and before != "." and after != "=" and names.get(value):
            parts.append(str(names[value]))
        else:
            parts.append(value)
        before = before if kind == "whitespace" else value
    return "".join(parts)


def _with_filters(source: str) -> str:
    return re.sub(r"\|\s*dump\b", "| tojson", source)

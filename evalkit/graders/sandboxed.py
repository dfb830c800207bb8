"""The Jinja2 of rubrics and prompts: templates of users, which may reach nothing but what they are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from evalkit.graders.fields import to_json

Environment = TypeVar("Environment", bound=SandboxedEnvironment)

FAILURES: Final = (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)
"""What a template can end with; anything else is a defect of evalkit."""


def sandboxed(
    kind: type[Environment], finalize: Callable[..., Any], *, files: dict[str, str] | None = None
) -> Environment:
    """An environment in which whatever is printed goes through `finalize`; `files` are templates by name."""
    # Not HTML: autoescape would corrupt the text that a model is to read.
    environment = kind(
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        finalize=finalize,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.DictLoader(files or {}),
    )
    environment.policies["json.dumps_function"] = to_json
    return environment

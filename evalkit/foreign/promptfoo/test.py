"""A test of promptfoo: its variables and its assertions, with those of `defaultTest` and of every combination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.foreign.promptfoo.assertions import Assertion


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One test, as it becomes one case."""

    id: str
    variables: Mapping[str, Any]
    assertions: tuple[Assertion, ...]
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    threshold: float | None = None
    output: str | None = None
    """`providerOutput`, where the file records one."""
    where: str = ""

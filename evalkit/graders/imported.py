"""An imported grader: the scorer of another tool, known by its name, its options and its tool, and never run here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from evalkit import ids
from evalkit.graders.criterion import Criterion


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The scorer of another tool."""

    kind: ClassVar[str] = "imported"

    name: str
    criteria: tuple[Criterion, ...]
    """Each with its labels; only the ends of the scale where values may lie between."""
    graded: bool
    """Whether a score may lie between the labels."""
    scored_by: Mapping[str, str]
    """What tells it from another scorer: the tool, its version, the scorer's options, the model that graded."""

    @property
    def parts(self) -> dict[str, str]:
        """What shapes its scores."""
        scales = {criterion.name: [list(label) for label in criterion.labels] for criterion in self.criteria}
        return {**self.scored_by, "scale": json.dumps(scales, ensure_ascii=False)}

    @property
    def spec(self) -> dict[str, object]:
        """All that is known of it, as JSON."""
        graded = {"graded": True} if self.graded else {}
        criteria = [criterion.spec for criterion in self.criteria]
        return {"name": self.name, "scored_by": dict(self.scored_by), "criteria": criteria, **graded}

    @property
    def digest(self) -> str:
        """Digest of the parts and the name."""
        return ids.digest({"name": self.name, **self.parts})


def scored_by(spec: Mapping[str, Any]) -> str:
    """Who scored, in words, by the spec of an imported grader: the tool with its version, and the model that graded."""
    by = cast("dict[str, str]", spec.get("scored_by", {}))
    tool = by.get("tool", "another tool")
    version = by.get(tool)
    graded = f", graded by {by['graded_by']}" if by.get("graded_by") else ""
    simulated = ", simulated" if was_simulated(spec) else ""
    return f"{tool}{f' {version}' if version else ''}{graded}{simulated}"


def was_simulated(spec: Mapping[str, Any]) -> bool:
    """Whether what another tool handed on was judged by the sandbox."""
    return cast("dict[str, str]", spec.get("scored_by", {})).get("simulated") == "yes"

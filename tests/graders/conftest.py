from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.dataset import Case
from evalkit.graders import Criterion, RubricGrader
from evalkit.graders.template import RubricTemplate
from evalkit.reply import Reply, read_reply

LABELS = {"correct": 1.0, "incorrect": 0.0, "partial": 0.5}


class Build:
    """Builders of cases, graders, templates and replies."""

    def case(self, **fields: Any) -> Case:
        return Case(**{"id": "one", "input": "What is it?", **fields})

    def grader(self, rubric: str = "Is it right?", *, labels: Any = None, **settings: Any) -> RubricGrader:
        criteria = settings.pop("criteria", None) or [Criterion.of("correctness", labels or LABELS)]
        return RubricGrader(**{"name": "correctness", "rubric": rubric, "criteria": criteria, **settings})

    def template(self, case: str, rubric: str = "Is it right?") -> RubricTemplate:
        """A rubric with this source as its case block."""
        source = f"{{% block rubric %}}{rubric}{{% endblock %}}{{% block case %}}{case}{{% endblock %}}"
        return RubricTemplate(source, where="rubric.md.j2")

    def reply(self, text: Any, *, stop: str | None = "end_turn", kind: str = "succeeded", **result: Any) -> Reply:
        """A reply with this text, or with JSON of what is no text."""
        said = text if isinstance(text, str) else json.dumps(text)
        message = {"content": [{"type": "text", "text": said}] if said else [], "stop_reason": stop}
        whole = {"type": kind, **({"message": message} if kind == "succeeded" else {}), **result}
        return read_reply(json.dumps({"custom_id": "run-1", "result": whole}).encode())


@pytest.fixture(scope="session")
def build() -> Build:
    return Build()

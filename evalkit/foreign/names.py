"""The tools whose files can be imported."""

from __future__ import annotations

from typing import Literal, get_args

Tool = Literal[
    "promptfoo",
    "openai-evals",
    "inspect",
    "deepeval",
    "langsmith",
    "langfuse",
    "braintrust",
    "mlflow",
    "huggingface",
]
TOOLS: tuple[Tool, ...] = get_args(Tool)

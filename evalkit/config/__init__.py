"""`evalkit.toml`: what to score, how, and when it is good enough.

Every problem of the file is told at once, each with its line, its key and its mend.
"""

from __future__ import annotations

from typing import Any

from evalkit.config.candidate import CandidateConfig
from evalkit.config.gate import GateConfig, GateRuleConfig
from evalkit.config.grader import GraderConfig
from evalkit.config.load import FILE_NAME, find_config, load_config
from evalkit.config.sentinels import SentinelsConfig
from evalkit.config.tables import Config, DatasetConfig, JudgeConfig, SubmitConfig

__all__ = [
    "FILE_NAME",
    "CandidateConfig",
    "Config",
    "DatasetConfig",
    "GateConfig",
    "GateRuleConfig",
    "GraderConfig",
    "JudgeConfig",
    "SentinelsConfig",
    "SubmitConfig",
    "find_config",
    "json_schema",
    "load_config",
]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of `evalkit.toml`."""
    from evalkit.config.schema import config_schema

    return config_schema()

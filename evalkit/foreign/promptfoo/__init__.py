"""Promptfoo: its config with tests, and its results."""

from evalkit.foreign.promptfoo.config import read_config
from evalkit.foreign.promptfoo.results import read_results, rows_of

__all__ = ["read_config", "read_results", "rows_of"]

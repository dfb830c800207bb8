"""`[usage_log]`: a file beside the config."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.config import load_config
from evalkit.errors import ConfigError


def test_its_path_counts_from_the_config_and_need_not_be_there(suite_folder: Callable[..., Path]) -> None:
    folder = suite_folder(1)
    path = folder / "evalkit.toml"
    path.write_text(f'{path.read_text()}\n[usage_log]\npath = "logs/usage.jsonl"\n')

    found = load_config(path).usage_log

    assert found is not None
    assert found.file == folder / "logs" / "usage.jsonl"


def test_a_table_without_a_path_is_refused(suite_folder: Callable[..., Path]) -> None:
    path = suite_folder(1) / "evalkit.toml"
    path.write_text(f"{path.read_text()}\n[usage_log]\n")

    with pytest.raises(ConfigError, match=r"usage_log\.path"):
        load_config(path)

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[[str, "bytes | str"], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file into an empty working directory and return its relative path, as messages name it."""
    monkeypatch.chdir(tmp_path)

    def _write(name: str, content: bytes | str) -> Path:
        path = Path(name)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    return _write

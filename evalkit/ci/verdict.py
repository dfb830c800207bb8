"""`verdict.json`: the decision for other programs to read."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evalkit.analysis.gate import Gate, worst
from evalkit.version import __version__


def verdict_document(gates: Sequence[Gate]) -> dict[str, Any]:
    """The worst gate at the top; with several candidates, every one of them under `gates`.

    Raises:
        ValueError: there is no gate.
    """
    several = {"gates": [gate.json() for gate in gates]} if len(gates) > 1 else {}
    return {"evalkit": __version__, **worst(gates).json(), **several}


def verdict_text(gates: Sequence[Gate]) -> str:
    """The document as text.

    Raises:
        ValueError: there is no gate.
    """
    return json.dumps(verdict_document(gates), indent=2, allow_nan=False) + "\n"


def write_atomically(path: Path, text: str) -> None:
    """Write a file that a reader sees whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # A lone surrogate in a name must not cost the verdict.
        with beside.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)

"""A file that is written whole or not at all."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from evalkit.errors import UsageError


@contextmanager
def whole_file(path: Path) -> Generator[BinaryIO]:
    """A file beside a place, that is moved there at the end; nothing is left of it where that fails.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name[:80]}.", delete=False) as file:
            try:
                yield cast("BinaryIO", file)
                file.flush()
                os.chmod(file.name, 0o644)  # noqa: PTH101 # the temporary file is for its owner alone, an export is not
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; choose another place with --out") from error


@contextmanager
def whole_text_file(path: Path) -> Generator[TextIO]:
    """The same of text, in UTF-8 with the line ends that are written.

    Raises:
        UsageError: it cannot be written.
    """
    with whole_file(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()

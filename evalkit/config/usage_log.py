"""`[usage_log]`: a file that every collect adds the usage of each request to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr

from evalkit.config.section import Section, Words
from evalkit.config.sources import root_of


class UsageLogConfig(Section):
    """Where the usage of every request goes, a line of JSON each; what the sandbox answers does not."""

    path: Words = Field(description="The file that collects add lines to.", examples=["usage.jsonl"])
    _file: Path = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Keep where the file is."""
        self._file = (root_of(context) / self.path).absolute()

    @property
    def file(self) -> Path:
        """The absolute path of the file."""
        return self._file

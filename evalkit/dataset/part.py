"""One file of a dataset, as it was when it was loaded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from evalkit.dataset.problems import one_problem
from evalkit.dataset.source import Source, Stamp

CHANGED: Final = ("the file changed since it was loaded", "load it again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file with its stamp and the number of its cases."""

    source: Source
    stamp: Stamp
    n: int

    def check_unchanged(self, what: str = CHANGED[0], mend: str = CHANGED[1]) -> None:
        """Refuse a file that is not what was loaded.

        Raises:
            DatasetError: it changed.
        """
        if self.source.stamp() != self.stamp:
            raise one_problem(self.source.path, what, mend)

    def spec(self) -> dict[str, object]:
        """The file as a store remembers it.

        Raises:
            DatasetError: it changed.
        """
        self.check_unchanged()
        with self.source.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"path": str(self.source.path), "sha256": digest, "size": self.stamp.size, "cases": self.n}

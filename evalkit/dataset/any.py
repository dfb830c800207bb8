"""What runs ask of a dataset, whether it is read from a file or from the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from evalkit.dataset.case import Case


class AnyDataset(Protocol):
    """Ordered cases with distinct ids; iterating streams them, any number of times."""

    @property
    def path(self) -> Path:
        """The file that the cases are from."""
        ...

    @property
    def digest(self) -> str:
        """Digest of the cases' ids and digests."""
        ...

    @property
    def n(self) -> int:
        """How many cases there are."""
        ...

    @property
    def clustered(self) -> bool:
        """Whether it may name clusters that a store does not know yet."""
        ...

    @property
    def spec(self) -> Mapping[str, object] | None:
        """The files and the filter that the cases are from; None where a store says it."""
        ...

    def __iter__(self) -> Iterator[Case]: ...

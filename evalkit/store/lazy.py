"""Texts that are read from the store when the first of them is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property


class LazyTexts(Mapping[str, str]):
    """Texts by case id."""

    def __init__(self, read: Callable[[], Mapping[str, str]]) -> None:
        """Texts that `read` reads, once."""
        self._read = read

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        return self._read()

    def __getitem__(self, case_id: str) -> str:
        return self._texts[case_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

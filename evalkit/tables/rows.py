"""What every table is: a sequence of its rows, for pandas and for notebooks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, TypeAlias, TypeVar, overload

if TYPE_CHECKING:
    import pandas as pd

    DataFrame: TypeAlias = pd.DataFrame
    """For the signatures of other rooms, which leave pandas to this one."""

Row_co = TypeVar("Row_co", covariant=True)


class Rows(Sequence[Row_co]):
    """A sequence over what one of its fields holds."""

    __slots__ = ()

    @property
    @abstractmethod
    def items(self) -> tuple[Row_co, ...]:
        """What the table is a sequence of."""

    @overload
    def __getitem__(self, index: int) -> Row_co: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row_co]: ...
    def __getitem__(self, index: int | slice) -> Row_co | Sequence[Row_co]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Row_co]:
        return iter(self.items)


def frame(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """A data frame of rows that have the same keys."""
    import pandas as pd

    return pd.DataFrame([dict(row) for row in rows])


def html_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, said: Sequence[str] = ()) -> str:
    """A table for a notebook with sentences below it; every text is escaped, what is None is a dash."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(_shown(cell))}</td>' for cell in row)}</tr>" for row in rows)
    below = "".join(f"<p>{escape(text)}</p>" for text in said)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}"


def _shown(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)

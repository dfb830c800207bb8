"""Parquet, a batch of rows at a time, in and out; the only module that knows pyarrow."""

from __future__ import annotations

import datetime
import decimal
import importlib
import importlib.util
import math
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO, Final, cast

from evalkit.dataset.case import Json
from evalkit.dataset.jsontext import not_a_number
from evalkit.dataset.problems import ProblemLog, Refused, listed
from evalkit.dataset.rows import NO_ROWS, Rows

_BATCH: Final = 1_024
_GROUP: Final = 16_384
_COUNTS: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
)
_CORRUPT: Final = ("the Parquet file is corrupt or cut off", "write or copy it again")
_UNREADABLE: Final = object()


def read(file: BinaryIO, log: ProblemLog) -> Rows:
    """The rows of a Parquet file, read by row group.

    Raises:
        Refused: pyarrow is not installed, or the file is not Parquet.
    """
    try:
        arrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        what = "Parquet needs pyarrow, which is not installed"
        raise Refused(what, "install the extra evalkit-batch[parquet]") from None
    try:
        table: Any = parquet.ParquetFile(file)
    except (arrow.ArrowException, OSError):
        raise Refused(*_CORRUPT) from None
    names = [str(name) for name in table.schema_arrow.names]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise Refused(f"the file has several columns {listed(twice)}", "rename or drop one of them")
    if not table.metadata.num_rows:
        raise Refused("the file has columns and no rows", NO_ROWS)
    return Rows(numbered=_rows(table, names, log, arrow.ArrowException), header=tuple(names))


def can_write() -> bool:
    """Whether pyarrow is installed."""
    return importlib.util.find_spec("pyarrow") is not None


def write(file: BinaryIO, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> int:
    """Write rows, as they come; returns how many.

    Args:
        file: where to.
        rows: mappings with the columns' names.
        columns: name -> `text`, `number`, `truth`, or `counts` (an object of whole numbers).
    """
    arrow: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    counts = arrow.struct([(name, arrow.int64()) for name in _COUNTS])
    types = {"text": arrow.string(), "number": arrow.float64(), "truth": arrow.bool_(), "counts": counts}
    schema = arrow.schema([(name, types[kind]) for name, kind in columns.items()])
    n, left = 0, iter(rows)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while chunk := [dict(row) for row in islice(left, _GROUP)]:
            writer.write_table(arrow.Table.from_pylist(chunk, schema=schema))
            n += len(chunk)
    return n


def _rows(table: Any, names: list[str], log: ProblemLog, fault: type[Exception]) -> Iterator[tuple[int, Any]]:
    number = 0
    try:
        for batch in table.iter_batches(batch_size=_BATCH, use_threads=False):
            columns = [_cells(column, name, number, log) for name, column in zip(names, batch.columns, strict=True)]
            for cells in zip(*columns, strict=True):
                number += 1
                yield number, dict(zip(names, cells, strict=True))
    except (fault, OSError):
        raise Refused(*_CORRUPT) from None


def _cells(column: Any, name: str, before: int, log: ProblemLog) -> list[Json]:
    """The values of one column of a batch; `before` is the number of rows that came earlier."""
    cells: list[Any] = []
    for offset, cell in enumerate(_python(column), start=1):
        try:
            cells.append(_json(cell, name))
        except Refused as refused:
            log.refuse(before + offset, refused, field=name)
            cells.append(None)
    return cells


def _python(column: Any) -> list[Any]:
    try:
        cells = cast("list[Any]", column.to_pylist())
    except UnicodeDecodeError:
        cells = [_python_cell(cell) for cell in column]
    # A map comes as a list of pairs, so an empty one could not be told from an empty list later.
    return [_pairs_as_dict(cell) for cell in cells] if str(column.type).startswith("map<") else cells


def _pairs_as_dict(cell: Any) -> Any:
    return dict(cell) if isinstance(cell, list) else cell  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]


def _python_cell(cell: Any) -> object:
    try:
        return cell.as_py()
    except UnicodeDecodeError:
        return _UNREADABLE


def _json(cell: Any, name: str) -> Json:
    """The JSON value of a cell: times, decimals and UUIDs become their text."""
    if isinstance(cell, list) and cell and isinstance(cell[0], tuple):
        cell = dict(cell)  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    if isinstance(cell, dict):
        return {str(key): _json(item, name) for key, item in cell.items()}  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    if isinstance(cell, list):
        return [_json(item, name) for item in cell]  # pyright: ignore[reportUnknownVariableType]
    return _scalar(cell, name)


def _scalar(cell: object, name: str) -> Json:
    if isinstance(cell, float) and not math.isfinite(cell):
        raise not_a_number(name)
    if cell is None or isinstance(cell, str | bool | int | float):
        return cell
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    if isinstance(cell, decimal.Decimal | uuid.UUID):
        return str(cell)
    if cell is _UNREADABLE:
        raise Refused("the text is not UTF-8 (or half of a surrogate pair)", "write the column as UTF-8 text")
    raise Refused(f"holds a value of type {type(cell).__name__}, not text, number or list", "write it as text")

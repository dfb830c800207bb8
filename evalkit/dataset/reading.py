"""One walk over a file of any format: what is wrong with the file goes to the log, not up."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

from evalkit.dataset import delimited, document, lines, parquet
from evalkit.dataset.case import Json
from evalkit.dataset.columns import Columns
from evalkit.dataset.problems import ProblemLog, Refused
from evalkit.dataset.rows import Rows
from evalkit.dataset.source import Source, seekable, unreadable, without_bom


def walk(source: Source, log: ProblemLog, columns: Columns) -> Iterator[tuple[int, dict[str, Json]]]:
    """Every row of the file in its order, with its number, while `columns` learns."""
    try:
        with ExitStack() as stack:
            rows = _rows(source, log, stack)
            columns.learn(rows.header, rows.header_number)
            for number, row in rows.numbered:
                if not row.keys() <= columns.known:
                    columns.learn(row, number)
                yield number, row
    except Refused as refused:
        log.refuse(None, refused)
    except (OSError, EOFError, zlib.error) as error:
        log.refuse(None, unreadable(error))


def _rows(source: Source, log: ProblemLog, stack: ExitStack) -> Rows:
    stream = stack.enter_context(source.open())
    if source.kind == "parquet":
        return parquet.read(stack.enter_context(seekable(stream, gzipped=source.gzipped)), log)
    return _text_rows(source, without_bom(stream, log), log)


def _text_rows(source: Source, stream: BinaryIO, log: ProblemLog) -> Rows:
    if source.kind == "jsonl":
        return lines.read(stream, log)
    if source.kind == "json":
        return document.read(stream, log)
    return delimited.read(stream, log, delimiter="\t" if source.kind == "tsv" else ",")

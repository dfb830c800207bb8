"""The envelope of a create: checked at once, row by row, in windows, so that 256 MB need little memory.

Only the envelope is checked here (custom_id, params an object, count); what is inside `params` is judged when the
batch is processed, as the API does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from evalkit.sandbox.rows import Row, Rows
from evalkit.sandbox.wire import ApiError

WINDOW: Final = 4_000_000
_HEAD: Final = re.compile(rb'\s*\{\s*"requests"\s*:\s*\[')
_PATTERN: Final = "^[a-zA-Z0-9_-]{1,64}$"
_FITS: Final = re.compile(_PATTERN[1:-1], re.ASCII)
_GUESSES: Final = 40
_PREFIX: Final = 64


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    requests: list[msgspec.Raw]


_ROW: Final = msgspec.json.Decoder(Row)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_WHOLE: Final = msgspec.json.Decoder(_Envelope)


def read_envelope(path: Path, *, limit: int) -> tuple[Rows, list[str]]:
    """The rows of a spooled create body and their custom_ids, in the order sent.

    Raises:
        ApiError: 400 with the API's words for the first thing that is wrong.
    """
    rows, seen = Rows(path), dict[str, None]()
    for start, raw in _raw_rows(path):
        if len(rows) < limit:
            seen[_custom_id(raw, len(rows), seen)] = None
        rows.starts.append(start)
        rows.lengths.append(len(raw))
    if not len(rows):
        raise ApiError(400, "requests: List should have at least 1 item after validation, not 0")
    if len(rows) > limit:
        message = f"requests: List should have at most {limit} items after validation, not {len(rows)}"
        raise ApiError(400, message)
    return rows, list(seen)


def _raw_rows(path: Path) -> Iterator[tuple[int, bytes]]:
    """Every element of `requests` with its offset in the file."""
    with path.open("rb") as file:
        head = _HEAD.match(file.read(1024))
        if head is None:
            whole = path.read_bytes()
            yield from _located(_decode_whole(whole), whole, 0)
            return
        base, window, size = head.end(), WINDOW, path.stat().st_size
        while True:
            text = os.pread(file.fileno(), window, base)
            if base + len(text) >= size:
                yield from _located(_decode_whole(b'{"requests":[' + text), text, base)
                return
            part = _whole_rows(text)
            if part is None:
                window *= 2
                continue
            raws, end = part
            yield from _located(raws, text, base)
            base, window = base + end, WINDOW


def _whole_rows(text: bytes) -> tuple[list[msgspec.Raw], int] | None:
    """The rows that lie whole inside a window, and where the next begins; None where no boundary is found.

    A cut at `},` is right exactly when what is before it parses as a list: JSON has one reading.
    """
    cut = len(text)
    for _ in range(_GUESSES):
        cut = text.rfind(b"},", 0, cut)
        if cut < 0:
            return None
        try:
            return _LIST.decode(b"[" + text[: cut + 1] + b"]"), cut + 2
        except msgspec.DecodeError:
            continue
    return None


def _located(raws: list[msgspec.Raw], text: bytes, base: int) -> Iterator[tuple[int, bytes]]:
    """Each raw row with its offset: the first place from the last row on where its bytes stand."""
    position = 0
    for raw in raws:
        row = bytes(raw)
        position = text.find(row[:_PREFIX], position)
        while text[position : position + len(row)] != row:
            position = text.find(row[:_PREFIX], position + 1)
        yield base + position, row
        position += len(row)


def _decode_whole(text: bytes) -> list[msgspec.Raw]:
    try:
        return _WHOLE.decode(text).requests
    except msgspec.ValidationError as error:
        raise ApiError(400, _whole_error(text, error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, "The request body is not valid JSON") from error


def _whole_error(text: bytes, error: msgspec.ValidationError) -> str:
    given: Any = msgspec.json.decode(text)
    if not isinstance(given, dict):
        return "Input should be a valid dictionary or object to extract fields from"
    if "requests" not in given:
        return "requests: Field required"
    if not isinstance(given["requests"], list):
        return "requests: Input should be a valid list"
    found = re.search("unknown field `(.*)`", str(error))
    return f"{found.group(1)}: Extra inputs are not permitted" if found else f"requests: {error}"


def _custom_id(raw: bytes, index: int, seen: dict[str, None]) -> str:
    where = f"requests.{index}"
    try:
        row = _ROW.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, f"{where}{_row_error(raw)}") from error
    custom_id = row.custom_id
    if not _FITS.fullmatch(custom_id):
        raise ApiError(400, f"{where}.custom_id: {_misfit(custom_id)}")
    if custom_id in seen:
        raise ApiError(400, f"{where}.custom_id: custom_id must be unique within a batch, found {custom_id!r} twice")
    if bytes(row.params)[:1] != b"{":
        raise ApiError(400, f"{where}.params: Input should be a valid dictionary")
    return custom_id


def _misfit(custom_id: str) -> str:
    if not custom_id:
        return "String should have at least 1 character"
    if len(custom_id) > 64:
        return "String should have at most 64 characters"
    return f"String should match pattern '{_PATTERN}'"


def _row_error(raw: bytes) -> str:
    """What is wrong with a row that is no `Row`, as a path suffix and a text."""
    try:
        row: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ": Input should be valid JSON"
    if not isinstance(row, dict):
        return ": Input should be a valid dictionary or object to extract fields from"
    for name in ("custom_id", "params"):
        if name not in row:
            return f".{name}: Field required"
    if not isinstance(row["custom_id"], str):
        return ".custom_id: Input should be a valid string"
    extra = [name for name in cast("dict[str, Any]", row) if name not in {"custom_id", "params"}]
    return f".{extra[0]}: Extra inputs are not permitted"

"""Recorded replies: the sandbox gives back what a judge once said, verbatim, and invents nothing."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec

from evalkit.errors import DatasetError, Problem
from evalkit.sandbox.outcome import case_part


class _Recorded(msgspec.Struct):
    text: str
    custom_id: str | None = None
    case: str | None = None
    model: str | None = None


class Replay:
    """Recorded replies by custom_id, by case and model, or by case."""

    def __init__(self, path: Path) -> None:
        """Read a JSONL file, gzip or not.

        Raises:
            DatasetError: a line is no recorded reply, or says something else of a request than an earlier line.
        """
        self.path = path
        self._texts: dict[tuple[str, str | None, str | None], str] = {}
        decoder = msgspec.json.Decoder(_Recorded)
        for number, line in enumerate(_lines(path), start=1):
            if line.strip():
                self._add(line, f"{path}:{number}", decoder)

    def __len__(self) -> int:
        return len(self._texts)

    def text(self, custom_id: str, model: str) -> str | None:
        """The recorded text for a request, or None: the most exact match wins."""
        case = case_part(custom_id)
        for key in (("id", custom_id, model), ("id", custom_id, None), ("case", case, model), ("case", case, None)):
            if key in self._texts:
                return self._texts[key]
        return None

    def _add(self, line: bytes, where: str, decoder: msgspec.json.Decoder[_Recorded]) -> None:
        try:
            recorded = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            mend = 'write one JSON object per line: {"case": ..., "text": ...}'
            raise DatasetError([Problem(where, None, f"not a recorded reply: {error}", mend)]) from error
        if recorded.custom_id is not None:
            key = ("id", recorded.custom_id, recorded.model)
        elif recorded.case is not None:
            key = ("case", recorded.case, recorded.model)
        else:
            raise DatasetError([Problem(where, "case", "names no case", 'give "case" or "custom_id"')])
        if self._texts.setdefault(key, recorded.text) != recorded.text:
            raise DatasetError(
                [Problem(where, key[0], f"a second, different reply for {key[1]!r}", "keep one of them")]
            )


def _lines(path: Path) -> list[bytes]:
    try:
        data = path.read_bytes()
        text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, ValueError) as error:
        raise DatasetError([Problem(str(path), None, f"cannot be read: {error}", "name a JSONL file")]) from error
    return text.split(b"\n")

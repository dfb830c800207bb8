"""Attachments of a case: images and PDFs beside the dataset's file, named by paths that never leave its folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from evalkit.dataset.case import Json
from evalkit.dataset.jsontext import decode
from evalkit.dataset.problems import Refused, did_you_mean

_MOST_IMAGE: Final = 10_000_000
_MOST_PDF: Final = 23_000_000
"""Bytes that fit a request of 32 MB once they are base64, beside the text."""
_TYPES: Final[Mapping[str, str]] = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
}
_BEGINS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
    "application/pdf": (b"%PDF-",),
}
_MEND: Final = 'write a list of paths, as in ["img/receipt.png"], relative to the file of cases'


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file of a case; its bytes are part of the case, its path is not."""

    path: str
    """Relative to the folder of the dataset's file, with `/`."""
    media_type: str
    digest: str
    """SHA-256 of its bytes."""
    root: Path
    """The folder of the dataset's file."""

    def read(self) -> bytes:
        """The bytes.

        Raises:
            Refused: the file is gone, or holds other bytes than it did.
        """
        data = _bytes(self.path, self.root)
        if hashlib.sha256(data).hexdigest() != self.digest:
            mend = "put the file back, or submit the cases as they are now"
            raise Refused(f"attachment {self.path!r} has changed since the case was read", mend)
        return data

    def json(self) -> dict[str, str]:
        """What the store keeps of it."""
        return {"path": self.path, "media_type": self.media_type, "digest": self.digest}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any], root: Path) -> Attachment:
        """What `json` wrote, beside the dataset's file."""
        return cls(path=str(kept["path"]), media_type=str(kept["media_type"]), digest=str(kept["digest"]), root=root)


def attachments(value: Json, root: Path) -> tuple[Attachment, ...]:
    """The attachments that a cell names: a list of paths, or one path.

    Raises:
        Refused: a path leads out of the folder, or to no file of a kind and size that the API takes.
    """
    if value is None or value == "":
        return ()
    paths = _listed(value)
    if not isinstance(paths, list):
        raise Refused("is no list of paths", _MEND)
    return tuple(_attachment(path, root) for path in paths)


def _listed(value: Json) -> Json:
    """The paths of a cell, which in CSV is one path or the JSON text of a list."""
    if not isinstance(value, str):
        return value
    return decode(value.encode("utf-8")) if value.lstrip().startswith("[") else [value]


def _attachment(path: Json, root: Path) -> Attachment:
    if not isinstance(path, str) or not path.strip():
        raise Refused("holds something else than a path", _MEND)
    kind = _TYPES.get(PurePosixPath(path).suffix.lower())
    if kind is None:
        raise Refused(f"{path!r} is no image and no PDF that the API reads", f"use one of {' '.join(_TYPES)}")
    data = _bytes(path, root)
    most = _MOST_PDF if kind == "application/pdf" else _MOST_IMAGE
    if len(data) > most:
        raise Refused(f"{path!r} has {len(data):,} bytes, and {most:,} fit a request", "make it smaller")
    if not data.startswith(_BEGINS[kind]):
        raise Refused(f"{path!r} is not {kind}, though its name says so", "give it the suffix of what it holds")
    return Attachment(path=path, media_type=kind, digest=hashlib.sha256(data).hexdigest(), root=root)


def _bytes(path: str, root: Path) -> bytes:
    """The bytes of a file within a folder; no link leads out of it.

    Raises:
        Refused: it is not there, or not within.
    """
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path or "\0" in path:
        raise Refused(f"{path!r} leads out of the folder of the cases", _MEND)
    file = root / parts
    try:
        if not file.resolve(strict=True).is_relative_to(root.resolve()):
            raise Refused(f"{path!r} is a link that leads out of the folder of the cases", "copy the file there")
        return file.read_bytes()
    except FileNotFoundError:
        near = [one.name for one in file.parent.iterdir()] if file.parent.is_dir() else []
        mend = did_you_mean(file.name, near).strip() or _MEND
        raise Refused(f"there is no file {path!r} beside the cases", mend) from None
    except OSError as error:
        raise Refused(f"{path!r} cannot be read: {error.strerror}", "check the file and its permissions") from None

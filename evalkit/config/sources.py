"""Values of the config that name a file, or are the text itself."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, LiteralString

from pydantic_core import PydanticCustomError

from evalkit.config.words import closest, either, quoted

TEXT_SUFFIXES: Final = (".j2", ".md", ".txt")
DATA_SUFFIXES: Final = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".ndjson")
_DATA_ENDINGS: Final = (*DATA_SUFFIXES, *(f"{suffix}.gz" for suffix in DATA_SUFFIXES))
FILE_LIKENESS: Final = 0.75
"""How alike two file names must be: endings alone, which most have in common, are not enough."""


@dataclass(frozen=True, slots=True)
class Text:
    """A rubric or prompt, and the file it was read from."""

    text: str
    path: Path | None = None


def refusal(what: str, mend: str = "", *, kind: LiteralString = "evalkit", **more: object) -> PydanticCustomError:
    """A validator's answer to a wrong value; `more` tells the translator what else it needs."""
    return PydanticCustomError(kind, "{what}", {"what": what, "mend": mend, **more})


def root_of(context: object) -> Path:
    """The folder that relative paths count from: that of the config file, else the working directory."""
    return context.parent if isinstance(context, Path) else Path.cwd()


def is_data_file(value: str) -> bool:
    """Whether a value is written like the path of a file of cases or outputs."""
    return value.lower().endswith(_DATA_ENDINGS)


def data_file(value: str, root: Path) -> Path:
    """The file of cases or outputs that a value names."""
    if not is_data_file(value) and not stat.S_ISDIR(_mode(root / value)):
        kinds = either(DATA_SUFFIXES)
        raise refusal(f"{quoted(value)} is not a kind of data file that evalkit reads", f"use {kinds} (.gz too)")
    return existing_file(value, root)


def text_source(value: str, root: Path) -> Text:
    """The text that a rubric or prompt stands for: that of the file it names, or itself."""
    if not value.strip():
        raise refusal("is empty", "write the text, or the path of a .j2, .md or .txt file")
    if "\n" not in value and value.lower().endswith(TEXT_SUFFIXES):
        path = existing_file(value, root)
        return Text(_read(path, value), path)
    if is_file(value, root):
        ends = either(TEXT_SUFFIXES)
        raise refusal(
            f"{quoted(value)} is a file, but would be taken as the text itself", f"let its name end in {ends}"
        )
    return Text(value)


def is_file(value: str, root: Path) -> bool:
    """Whether a value names a file that is there."""
    return stat.S_ISREG(_mode(root / value))


def existing_file(value: str, root: Path) -> Path:
    """The absolute path of a file that is there."""
    path = root / value
    if is_file(value, root):
        return path.parent.resolve() / path.name
    if stat.S_ISDIR(_mode(path)):
        raise refusal(f"{quoted(value)} is a folder, not a file", "name the file in it")
    raise refusal(f"there is no file {quoted(value)}", _missing_mend(value, root))


def _mode(path: Path) -> int:
    """What kind of thing is there, as `stat` says; 0 for nothing and for what cannot be a path."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def _missing_mend(value: str, root: Path) -> str:
    suggestion = _sibling(value, root)
    if suggestion:
        return f"did you mean {quoted(suggestion)}?"
    if " " in value.strip() and value.lower().endswith(TEXT_SUFFIXES):
        return f"what ends in {either(TEXT_SUFFIXES)} is taken as a path; end it otherwise if it is the text itself"
    return "paths are relative to the folder of the config file"


def _sibling(value: str, root: Path) -> str | None:
    """The path that was probably meant: the first missing part replaced by a name beside it."""
    parts = PurePosixPath(value.replace("\\", "/")).parts
    for index, part in enumerate(parts):
        folder = root.joinpath(*parts[:index])
        if _mode(folder / part):
            continue
        name = closest(part, (entry.name for entry in entries(folder)), cutoff=FILE_LIKENESS)
        if name is None:
            return None
        meant = (*parts[:index], name, *parts[index + 1 :])
        return str(PurePosixPath(*meant)) if is_file(str(Path(*meant)), root) else None
    return None


def entries(folder: Path) -> list[Path]:
    """What a folder holds; nothing where it cannot be read."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _read(path: Path, value: str) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise refusal(f"{quoted(value)} is not UTF-8", "save the file as UTF-8") from error
    except OSError as error:
        raise refusal(f"{quoted(value)} cannot be read: {error.strerror}", "check its permissions") from error
    if not text.strip():
        raise refusal(f"the file {quoted(value)} is empty", "write the text into it")
    return text

"""From a path to a `Config`, or to every problem of its file at once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from evalkit.config.agreement import disagreements
from evalkit.config.globs import spread
from evalkit.config.problems import findings_of, problems_of
from evalkit.config.sources import FILE_LIKENESS, entries
from evalkit.config.syntax import read_toml
from evalkit.config.tables import Config
from evalkit.config.words import closest
from evalkit.errors import ConfigError, Problem

FILE_NAME: Final = "evalkit.toml"
_INIT: Final = "run `evalkit init` to make one"


def load_config(path: Path) -> Config:
    """Read a config from its file, or from the `evalkit.toml` of a folder.

    Raises:
        ConfigError: with all problems of the file.
    """
    file = path / FILE_NAME if path.is_dir() else path
    shown = _shown(file)
    values, positions = read_toml(_bytes(file, shown), shown)
    if not values:
        raise ConfigError([Problem(shown, None, "the config is empty", _INIT)])
    values = spread(values, file.parent)
    findings = list(disagreements(values))
    try:
        config = Config.model_validate(values, context=file.parent.resolve() / file.name)
    except ValidationError as error:
        findings += findings_of(error)
        raise ConfigError(problems_of(findings, positions, shown)) from None
    return config


def find_config(start: Path) -> Path:
    """The `evalkit.toml` in a folder or the nearest of its parents.

    Raises:
        ConfigError: there is none.
    """
    folder = start.absolute()
    for parent in (folder, *folder.parents):
        if (parent / FILE_NAME).is_file():
            return parent / FILE_NAME
    raise ConfigError([Problem(str(folder), None, f"there is no {FILE_NAME} here or in a folder above", _INIT)])


def _bytes(file: Path, shown: str) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        name = closest(file.name, (entry.name for entry in entries(file.parent)), cutoff=FILE_LIKENESS)
        mend = f"did you mean {name}?" if name else _INIT
        raise ConfigError([Problem(shown, None, "there is no such file", mend)]) from None
    except OSError as error:
        problem = Problem(shown, None, f"the file cannot be read: {error.strerror}", "check its permissions")
        raise ConfigError([problem]) from error


def _shown(file: Path) -> str:
    """The file as errors call it: from the working directory where it lies below, else as it was given."""
    try:
        return file.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(file)

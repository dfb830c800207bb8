"""Every error a user can meet, and the exit code it ends the command with.

    EvalkitError                 1  internal
    ├── UsageError               2  a command line that cannot be meant
    ├── ConfigError              2  evalkit.toml, a rubric, a price file
    ├── DatasetError             2  a file of cases or outputs
    ├── StoreError               6  the store cannot be opened, read or written
    │   └── StaleTransitionError 6  a guarded arrow found its row already moved on
    ├── ProviderError            6  the API, its credentials, the way to it
    │   ├── AccountError         6  a batch belongs to another key or base URL
    │   └── UnknownCreateError   7  a batch may exist that nobody holds the id of
    └── IntegrityError           6  results that contradict what was submitted

An error is one paragraph: what, where, how to mend.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ends; documented in the README and part of the public surface."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    GATE_FAIL = 3
    INCONCLUSIVE = 4
    PENDING = 5
    PROVIDER = 6
    UNKNOWN_CREATE = 7


class EvalkitError(Exception):
    """Base of every error that evalkit raises on purpose."""

    exit_code: ExitCode = ExitCode.INTERNAL


class UsageError(EvalkitError):
    """The command or call cannot be meant as it stands."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input file, with its address and its mend."""

    where: str
    """File, with `:line` or `:row` where known."""
    field: str | None
    what: str
    mend: str

    def __str__(self) -> str:
        at = f"{self.where}: {self.field}" if self.field else self.where
        return f"{at}: {self.what}; {self.mend}" if self.mend else f"{at}: {self.what}"


class InputError(EvalkitError):
    """An input file is wrong; carries every problem found, not only the first."""

    exit_code = ExitCode.USAGE
    shown = 20

    def __init__(self, problems: list[Problem] | str) -> None:
        self.problems: list[Problem] = [] if isinstance(problems, str) else problems
        super().__init__(problems if isinstance(problems, str) else self._summary())

    def _summary(self) -> str:
        lines = [str(problem) for problem in self.problems[: self.shown]]
        left = len(self.problems) - self.shown
        if left > 0:
            lines.append(f"... and {left} more of the same file")
        return "\n".join(lines)


class ConfigError(InputError):
    """The config, a rubric or a price file is wrong."""


class DatasetError(InputError):
    """A file of cases or outputs is wrong."""


class StoreError(EvalkitError):
    """The store cannot be opened, read or written."""

    exit_code = ExitCode.PROVIDER


class StaleTransitionError(StoreError):
    """A guarded update found its row already moved on by another process."""


class ProviderError(EvalkitError):
    """The provider refused, cannot be reached, or its credentials are missing."""

    exit_code = ExitCode.PROVIDER
    status: int | None = None
    """The HTTP status, where it answered."""


class AccountError(ProviderError):
    """A batch belongs to another account (key or base URL) than the one in use."""


class IntegrityError(EvalkitError):
    """Results contradict what was submitted."""

    exit_code = ExitCode.PROVIDER


class UnknownCreateError(ProviderError):
    """A create was sent and its outcome is not known: a person or a later pass must find out."""

    exit_code = ExitCode.UNKNOWN_CREATE

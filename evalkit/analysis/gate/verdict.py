"""The four things that a gate can say, and which of them is the worse."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from evalkit.errors import ExitCode


class GateVerdict(StrEnum):
    """What a gate, or one check of it, says."""

    PASS = "PASS"  # noqa: S105  a verdict, no password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    PENDING = "PENDING"

    @property
    def exit_code(self) -> ExitCode:
        """How a command ends that has come to this verdict."""
        return _EXIT_CODES[self]


_EXIT_CODES: Final = MappingProxyType(
    {
        GateVerdict.PASS: ExitCode.DONE,
        GateVerdict.FAIL: ExitCode.GATE_FAIL,
        GateVerdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
        GateVerdict.PENDING: ExitCode.PENDING,
    }
)
_WORST_FIRST: Final = (GateVerdict.FAIL, GateVerdict.PENDING, GateVerdict.INCONCLUSIVE, GateVerdict.PASS)


def badness(verdict: GateVerdict) -> int:
    """0 for FAIL, then PENDING, INCONCLUSIVE and PASS: sorts verdicts worst first."""
    return _WORST_FIRST.index(verdict)

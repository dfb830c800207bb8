"""Interrupt: the first Ctrl-C is noted, so that what is paid for is not lost between two lines; the second one ends it.

Python raises KeyboardInterrupt between any two instructions: also between the one that takes a reply out and the one
that stores it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Interrupt:
    """Whether somebody wants it to end."""

    noted: bool = False


@contextmanager
def noted() -> Generator[Interrupt]:
    """While it is open, the first Ctrl-C is noted and raises nothing; the next one raises KeyboardInterrupt at once.

    Signals reach the main thread alone, and who handles or ignores them in a way of their own keeps that: then nothing
    is noted.
    """
    interrupt = Interrupt()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is not signal.default_int_handler:
        yield interrupt
        return

    def note(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        interrupt.noted = True

    signal.signal(signal.SIGINT, note)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)

"""Pool: threads that wait for answers, while the thread that feeds them alone touches the store."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from evalkit.provider import MessageOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request that is to be asked."""

    custom_id: str
    params: bytes
    pace: int = 0
    """How often the pool had slowed down when it went out."""


Answer = tuple[Ask, MessageOutcome | BaseException]


class Pool:
    """Calls under way, each in a thread; the threads end with the process, whatever they wait for."""

    def __init__(self, call: Callable[[bytes], MessageOutcome]) -> None:
        """A pool without threads; each call that finds none idle starts one."""
        self._call = call
        self._asked: SimpleQueue[Ask | None] = SimpleQueue()
        self._answers: SimpleQueue[Answer] = SimpleQueue()
        self._threads = 0
        self.under_way = 0
        """Calls whose answer has not been taken out."""

    def ask(self, one: Ask) -> None:
        """Begin a call."""
        self.under_way += 1
        if self._threads < self.under_way:
            self._threads += 1
            threading.Thread(target=self._work, daemon=True).start()
        self._asked.put(one)

    def answers(self, timeout: float) -> list[Answer]:
        """What has been answered; waits for one answer at most so many seconds."""
        found: list[Answer] = []
        try:
            found.append(self._answers.get(timeout=timeout))
            while True:
                found.append(self._answers.get_nowait())
        except Empty:
            self.under_way -= len(found)
            return found

    def close(self) -> None:
        """Let idle threads end; one that waits for an answer ends when it has it."""
        for _ in range(self._threads):
            self._asked.put(None)

    def _work(self) -> None:
        while (one := self._asked.get()) is not None:
            try:
                self._answers.put((one, self._call(one.params)))
            except BaseException as error:  # noqa: BLE001 # it is raised where the answers are taken
                self._answers.put((one, error))

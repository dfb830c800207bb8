"""Pool: threads that wait for answers, while the thread that feeds them alone touches the store."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
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
    """Calls under way, each in a thread; the threads end with the process, whatever they wait for.

    An answer stays until it is settled, and each step that counts is one instruction: an interrupt between two loses
    none, and leaves none to be waited for in vain.
    """

    def __init__(self, call: Callable[[bytes], MessageOutcome]) -> None:
        """A pool without threads; each call that finds none idle starts one."""
        self._call = call
        self._asked: SimpleQueue[Ask | None] = SimpleQueue()
        self._answers: deque[Answer] = deque()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._threads = 0
        self._open: set[str] = set()

    @property
    def under_way(self) -> int:
        """Calls whose answer has not been settled."""
        return len(self._open)

    def ask(self, one: Ask) -> None:
        """Begin a call."""
        if self._threads <= self.under_way:
            self._threads += 1
            threading.Thread(target=self._work, daemon=True).start()
        try:
            self._open.add(one.custom_id)
            self._asked.put(one)
        except BaseException:
            self._open.discard(one.custom_id)  # whether it went out is not known: nobody is to wait for it
            raise

    def answers(self, timeout: float) -> list[Answer]:
        """What has been answered and is not settled; waits for an answer at most so many seconds."""
        self._forget()
        with suppress(Empty):
            if not self._answers:
                self._bell.get(timeout=timeout)
            while True:
                self._bell.get_nowait()
        return [answer for answer in list(self._answers) if answer[0].custom_id in self._open]

    def settle(self, answers: Sequence[Answer]) -> None:
        """Let go of answers, now that they are stored or are to be asked again."""
        self._open.difference_update([one.custom_id for one, _ in answers])
        self._forget()

    def _forget(self) -> None:
        while self._answers and self._answers[0][0].custom_id not in self._open:
            self._answers.popleft()

    def close(self) -> None:
        """Let idle threads end; one that waits for an answer ends when it has it."""
        for _ in range(self._threads):
            self._asked.put(None)

    def _work(self) -> None:
        while (one := self._asked.get()) is not None:
            try:
                outcome: MessageOutcome | BaseException = self._call(one.params)
            except BaseException as error:  # noqa: BLE001 # it is raised where the answers are taken
                outcome = error
            self._answers.append((one, outcome))
            self._bell.put(None)

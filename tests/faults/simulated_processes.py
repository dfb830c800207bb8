"""Processes that are simulated: threads that take turns by a seed, on a virtual clock, and die where it says."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import sqlalchemy as sa
from simulated_api import World
from sqlalchemy.engine import Connection, Engine

from evalkit.errors import EvalkitError
from evalkit.store.engine import Database

_TURNS = 4000
_PIDS = itertools.count(100_000_000)  # beyond any pid of this machine


class Killed(BaseException):
    """The process is gone; nothing that it does from here on has any effect."""


class OwnDatabase(Database):
    """A process's database: a dead process reads and writes nothing."""

    def __init__(self, engine: Engine, process: Process) -> None:
        super().__init__(engine)
        self._process = process

    @contextmanager
    def reading(self) -> Generator[Connection]:
        self._process.must_live()
        with super().reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Generator[Connection]:
        self._process.must_live()
        with super().writing() as connection:
            yield connection


@dataclass(eq=False)
class Process:
    """One process: a thread that runs only while it has its turn."""

    stage: Stage
    host: str
    work: Callable[[Process], Iterator[Callable[[], object]]]
    pid: int = field(default_factory=lambda: next(_PIDS))
    wake_at: datetime | None = None
    killed: bool = False
    dead: bool = False
    finished: bool = False
    failure: BaseException | None = None
    refusals: list[str] = field(default_factory=list)
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def holder(self) -> str:
        return f"{self.host}:{self.pid}"

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def must_live(self) -> None:
        if self.dead:
            raise Killed

    def wait(self, seconds: float) -> None:
        """Let virtual time pass, and others go on; this process may not come back from it."""
        self.must_live()
        self.wake_at = self.stage.world.now + timedelta(seconds=seconds)
        self.stage.back.release()
        self.turn.acquire()
        if self.killed:
            self.dead = True
            raise Killed

    def _run(self) -> None:
        self.turn.acquire()
        try:
            for action in self.work(self):
                try:
                    action()
                except EvalkitError as error:
                    self.refusals.append(f"{type(error).__name__}: {error}")
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.failure = error
        finally:
            self.finished = True
            self.stage.back.release()


@dataclass
class Stage:
    """Gives the turns; what a process asks of its surroundings while it has one is answered here."""

    world: World
    rng: Random
    crashes: int
    processes: list[Process] = field(default_factory=list)
    back: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    current: Process | None = None

    def enter(self, work: Callable[[Process], Iterator[Callable[[], object]]], *, after: float = 0.0) -> None:
        host = socket.gethostname() if self.rng.random() < 0.7 else f"elsewhere-{len(self.processes)}"
        process = Process(self, host, work, wake_at=self.world.now + timedelta(seconds=after))
        self.processes.append(process)
        process.start()

    def play(self) -> None:
        """Give turns until every process has finished; a killed one is followed by another."""
        for _ in range(_TURNS):
            living = [one for one in self.processes if not one.finished]
            if not living:
                return
            ready = [one for one in living if one.wake_at is None or one.wake_at <= self.world.now]
            if not ready:
                until = min(one.wake_at for one in living if one.wake_at)
                self.world.pass_time((until - self.world.now).total_seconds())
                continue
            self._give_turn(self.rng.choice(ready))
        raise AssertionError("the processes do not come to an end")

    def _give_turn(self, process: Process) -> None:
        if self.crashes and self.rng.random() < 0.03:
            self.crashes -= 1
            process.killed = True
        self.current = process
        process.turn.release()
        self.back.acquire()
        self.world.pass_time(0.001)
        if process.finished and process.killed:
            self.enter(process.work, after=self.rng.choice([0.0, self.rng.uniform(0, 1000)]))

    # What evalkit asks of the machine it runs on.

    def step(self, name: str) -> None:
        if self.current is None:
            return
        # Now and then a machine sleeps for longer than any lease or patience lasts; but not with a create in its hands.
        asleep = name != "claimed" and self.world.meets("suspended")
        self.current.wait(self.rng.uniform(600, 2500) if asleep else 0.0)

    def holder(self) -> str:
        return self.current.holder if self.current else f"{socket.gethostname()}:{2**31}"

    def lives(self, pid: int) -> bool:
        return any(one.pid == pid and not one.finished for one in self.processes)


def fast(engine: Engine) -> Engine:
    """An engine that does not wait for the disk: what dies here is processes, not machines."""
    engine.dispose()

    def prepare(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
        connection.cursor().execute("PRAGMA synchronous=OFF")

    sa.event.listen(engine, "connect", prepare)
    return engine

"""Interrupt: wherever a Ctrl-C strikes, it ends, and what was paid by then is stored."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from evalkit.pipeline import interrupt, pace, pool, realtime
from evalkit.pipeline.pool import Ask, Pool
from evalkit.sandbox import Fault


class Strike:
    """Does something at the so-manyth line, or instruction, that the main thread comes by in some modules."""

    def __init__(self, modules: list[Any], at: int, act: Callable[[], None], *, event: str = "line") -> None:
        self.files = {str(Path(module.__file__)) for module in modules}
        self.at, self.act, self.event = at, act, event
        self.passed = 0

    def _trace(self, frame: FrameType, event: str, _argument: object) -> Any:
        if frame.f_code.co_filename not in self.files:
            return None
        if event == "call" and self.event == "opcode":
            frame.f_trace_opcodes = True
        if event == self.event:
            self.passed += 1
            if self.passed == self.at:
                self.act()
        return self._trace

    @contextmanager
    def armed(self) -> Iterator[Strike]:
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            yield self
        finally:
            sys.settrace(before)


def interrupted() -> None:
    raise KeyboardInterrupt


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_is_noted_and_the_second_raises() -> None:
    with interrupt.noted() as noted:
        assert not noted.noted
        press()
        assert noted.noted
        with pytest.raises(KeyboardInterrupt):
            press()
    with pytest.raises(KeyboardInterrupt):
        press()


def test_it_is_as_before_afterwards_whatever_happened() -> None:
    with suppress(ValueError), interrupt.noted():
        raise ValueError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("theirs", [signal.SIG_IGN, lambda *_: None])
def test_who_handles_it_in_a_way_of_their_own_keeps_that(theirs: Any) -> None:
    before = signal.signal(signal.SIGINT, theirs)
    try:
        with interrupt.noted() as noted:
            assert signal.getsignal(signal.SIGINT) is theirs
            press()
            assert not noted.noted
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_thread_leaves_it_to_the_main_thread() -> None:
    found: list[Any] = []

    def work() -> None:
        with interrupt.noted():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


def test_a_pool_loses_no_answer_and_waits_for_none_in_vain_wherever_it_is_interrupted() -> None:
    def converse(at: int) -> tuple[int, set[str], set[str]]:
        outcome: Any = SimpleNamespace()
        crew, heard, asked = Pool(lambda _: outcome), set[str](), [f"c{n}" for n in range(3)]
        strike = Strike([pool], at, interrupted, event="opcode")
        try:
            with suppress(KeyboardInterrupt), strike.armed():
                for name in asked:
                    crew.ask(Ask(custom_id=name, params=b""))
                while crew.under_way:
                    found = crew.answers(5)
                    heard |= {one.custom_id for one, _ in found}
                    crew.settle(found)
            begun = set(crew._open) | heard
            while crew.under_way:
                found = crew.answers(5)
                assert found, "it waits for an answer that does not come"
                heard |= {one.custom_id for one, _ in found}
                crew.settle(found)
        finally:
            crew.close()
        return strike.passed, begun, heard

    passed, begun, heard = converse(-1)
    assert begun == heard == {"c0", "c1", "c2"}
    for at in range(1, passed):
        _, begun, heard = converse(at)
        assert begun == heard


@pytest.fixture
def struck(open_line: Any, tmp_path: Path) -> Callable[[int, Callable[[], None]], int]:
    """Asks three cases with an interrupt at a line, holds what is stored against what is paid, and goes on."""
    line = open_line("", 3)
    line.edit("concurrency = 2")
    urls = (f"sqlite:///{tmp_path / f'{number}.db'}" for number in range(10_000))

    def strike(at: int, act: Callable[[], None]) -> int:
        line.url = next(urls)
        blow, before = Strike([realtime, pool], at, act), sum(line.paid().values())
        with suppress(KeyboardInterrupt), blow.armed():
            line.run()
        with line.store() as store:
            stored = sum(len(store.results.answered(batch.id)) for batch in store.batches.open())
            if blow.passed < at or at < 0:
                stored = 3
            assert [store.batches.leased_by(batch.id) for batch in store.batches.open()] in ([], [None])
        assert sum(line.paid().values()) - before == stored
        line.collect()
        assert line.statuses() == {"scored": 3}
        assert sum(line.paid().values()) - before == 3
        return blow.passed

    return strike


def test_an_interrupt_at_any_line_of_the_asking_keeps_what_is_paid(struck: Any) -> None:
    passed = struck(-1, press)
    for at in range(1, passed, passed // 5):
        struck(at, press)


@pytest.mark.sweep
@pytest.mark.parametrize("act", [press, interrupted])
def test_an_interrupt_at_many_lines_of_the_asking_keeps_what_is_paid(struck: Any, act: Any) -> None:
    passed = struck(-1, act)
    for at in range(3, passed, passed // 10):
        struck(at, act)


def test_a_pause_ends_with_the_first(open_line: Any, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_late(*_: object) -> None:
        raise TimeoutError("the pause went on")

    line = open_line(sqlite_url, 6)
    monkeypatch.setattr(pace, "FIRST_PAUSE", 60.0)
    line.faults(Fault("messages", "429", at=2, times=1000))
    line.notes.note = lambda said: threading.Timer(0.2, press).start() if "going on in 60 s" in said else None
    before = signal.signal(signal.SIGALRM, too_late)
    signal.alarm(30)
    try:
        with pytest.raises(KeyboardInterrupt):
            line.run()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert line.view().scored == sum(line.paid().values()) == 1


def test_the_second_leaves_what_is_under_way(open_line: Any, sqlite_url: str) -> None:
    line = open_line(sqlite_url, 6)
    line.faults(Fault("messages", "hang", at=2, times=1000, seconds=30))
    asking = line.evalkit("submit", "--realtime")
    while len(line.calls()) < 3:
        threading.Event().wait(0.02)
    asking.send_signal(signal.SIGINT)
    while "Ctrl-C again leaves them" not in (said := asking.stderr.readline()):
        assert said, "it ended without a word"
    asking.send_signal(signal.SIGINT)
    _, err = asking.communicate(timeout=25)
    assert (asking.returncode, "Traceback" in err) == (130, False)


def test_one_that_does_not_end_in_time_can_be_waited_for_again(start: Callable[..., Any]) -> None:
    process = start("-c", "import time; print('here', flush=True); time.sleep(1); print('there')")
    with pytest.raises(TimeoutError):
        process.communicate(timeout=0.1)
    assert process.communicate(timeout=30) == ("here\nthere\n", "")

"""A process killed anywhere: what it had done is found again, nothing is paid twice, nothing is lost."""

from __future__ import annotations

import itertools
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from evalkit.failpoint import STEPS
from evalkit.sandbox import Fault

PASSES: Final = 3
WAIT: Final = ("--wait", "--poll", "0.05", "--timeout", "30")
WORDS: Final = {"submit": (), "collect": WAIT, "run": WAIT[1:]}
SEARCH: Final = {"suspected", "resolved"}
"""Steps that only the search for a lost batch comes by."""
CHAINED: Final = {"outputs_kept", "filled", "released"}
"""Steps of outputs that are generated, and of what waits for them."""
BEFORE: Final = {"encoded", "kept"}
"""Steps that only a submit comes by."""
LOGGED: Final = {"usage_begun", "usage_lines", "usage_written"}
"""Steps that only a collect with a usage log comes by."""
REALTIME: Final = {"begun", "replied", "reply_kept"}
"""Steps that only what goes one by one comes by."""
WARMED: Final = {"warmed"}
"""Steps that only what waits for a warm-up comes by."""
SUBMIT: Final = BEFORE | {"claimed", "answered", "settled"}
REACHED: Final = {
    "submit": SUBMIT,
    "collect": set(STEPS) - LOGGED - WARMED - REALTIME - SEARCH - CHAINED - BEFORE,
    "run": set(STEPS) - LOGGED - WARMED - REALTIME - SEARCH - CHAINED,
    "parts": set(STEPS) - LOGGED - WARMED - REALTIME - SEARCH - CHAINED,
}
PARTS: Final = """
import os
from evalkit.work import collector_of
from evalkit.pipeline.progress import Progress
from evalkit.pipeline.spool import Limits
from evalkit.pipeline.submit import Submitter
from evalkit.session import Session

with Session(config=os.getcwd()) as session:
    collector = collector_of(session, Progress())
    limits = Limits(requests=7)
    submitter = Submitter(sender=collector.sender, reconciler=collector.reconciler, limits=limits)
    submitter.submit(session.suite.planned(""))
    collector.collect(wait=True, poll=0.05)
"""


@dataclass
class Sweep:
    """Kills, counted."""

    faults: Any
    nest: Any
    tell: Any
    kills: Counter[str] = field(default_factory=Counter[str])
    creates: int = 0
    broken: list[str] = field(default_factory=list[str])

    def kill_at(self, place: Any, step: str, nth: int, *words: str) -> bool:
        """Kill a command at the nth pass by a step, and see that all is well after; whether it came by."""
        done = place.hatch(self.nest, *words, env={"EVALKIT_FAIL_AT": f"{step}:{nth}"}).wait()
        if done.code != -signal.SIGKILL:
            assert done.code in (0, 7), done
            return False
        self.kills[step] += 1
        self.judge(place, f"{words[0]} killed at {step}:{nth}")
        return True

    def judge(self, place: Any, what: str) -> None:
        """Run the commands again until quiet, and hold what came of it against the promise."""
        place.calm()
        try:
            place.again()
            self.faults.kept_promises(place)
        except AssertionError as error:
            self.broken.append(f"{what}: {error}")
        self.creates += self.faults.creates(place)

    def done(self, what: str) -> None:
        """Say what was tried, and fail where a promise was broken."""
        by = ", ".join(f"{step} {n}" for step, n in self.kills.items())
        said = f"{what}: {self.kills.total()} kills ({by}); {self.creates} creates accepted, {len(self.broken)} broken"
        self.tell(said)
        assert not self.broken, "\n".join([said, *self.broken[:20]])


@pytest.fixture
def sweep(faults: Any, nest: Any, tell: Any) -> Sweep:
    return Sweep(faults, nest, tell)


def test_a_process_started_cold_and_killed_before_its_answer_is_written_pays_once(faults: Any) -> None:
    place = faults.new()

    killed = place.ended("submit", env={"EVALKIT_FAIL_AT": "answered"})
    place.again()

    assert killed.code == -signal.SIGKILL, killed
    faults.kept_promises(place)
    assert faults.creates(place) == 6


@pytest.mark.parametrize(
    ("command", "step", "nth"),
    [
        ("submit", "claimed", 2),
        ("collect", "ended", 1),
        ("collect", "results_kept", 2),
        ("collect", "collected", 1),
        ("run", "followed_up", 1),
    ],
)
def test_a_kill_is_made_good(sweep: Sweep, command: str, step: str, nth: int) -> None:
    place = sweep.faults.new()
    if command == "collect":
        assert place.evalkit("submit").code == 0

    assert sweep.kill_at(place, step, nth, command, *WORDS[command])

    sweep.done(f"{command} at {step}:{nth}")


@pytest.mark.sweep
@pytest.mark.parametrize("command", ["submit", "collect", "run", "parts"])
def test_a_command_killed_at_any_step_is_made_good_by_running_it_again(sweep: Sweep, command: str) -> None:
    words = ("-c", PARTS) if command == "parts" else (command, *WORDS[command])
    for step, nth in itertools.product(STEPS, range(1, PASSES + 1)):
        if nth > 1 and step not in REACHED[command]:
            continue  # it was not there the first time
        place = sweep.faults.new()
        if command == "collect":
            assert place.evalkit("submit").code == 0
        sweep.kill_at(place, step, nth, *words)
    sweep.done(f"{command}, at every step")
    assert set(sweep.kills) == REACHED[command]


@pytest.mark.sweep
@pytest.mark.parametrize("fault", ["commit-then-reset", "reset"])
def test_a_search_for_a_lost_batch_killed_at_any_step_goes_on(sweep: Sweep, fault: Any) -> None:
    for step, nth in itertools.product(("suspected", "resolved", "claimed", "settled"), range(1, PASSES + 1)):
        place = sweep.faults.new(Fault("create", fault), seconds=0.5)
        assert place.evalkit("submit").code == 7
        sweep.kill_at(place, step, nth, "collect", *WAIT)
    sweep.done(f"collect, searching after {fault}")
    assert set(sweep.kills) >= {"resolved", "claimed", "settled"} | ({"suspected"} if fault != "reset" else set())


@pytest.mark.sweep
@pytest.mark.parametrize("moment", ["hang", "commit-then-hang"])
@pytest.mark.parametrize("lost", [False, True])
def test_a_command_killed_in_any_exchange_is_made_good(sweep: Sweep, moment: Any, lost: bool) -> None:
    for nth in itertools.count(1):
        frozen = Fault("any", moment, at=nth, seconds=60)
        place = sweep.faults.new(frozen, *([Fault("create", "commit-then-500")] if lost and nth > 1 else []))
        under_way = place.hatch(sweep.nest, "run", *WAIT[1:])
        seen = _reached(place, under_way, nth)
        under_way.kill()
        under_way.wait()
        if not seen:
            break
        sweep.kills[place.sandbox.witness()[nth - 1].endpoint] += 1
        sweep.judge(place, f"run killed in exchange {nth} ({place.sandbox.witness()[nth - 1].endpoint}, {moment})")
    sweep.done(f"run, in every exchange, {moment}{' after a lost create' if lost else ''}")
    assert set(sweep.kills) >= {"create", "retrieve", "results"} | ({"list"} if lost else set())


def _reached(place: Any, under_way: Any, nth: int) -> bool:
    """Wait for the nth exchange; False where the command ends without it."""
    for _ in range(3000):
        if len(place.sandbox.witness()) >= nth:
            return True
        if under_way.ended():
            return False
        time.sleep(0.01)
    raise AssertionError("the command neither ends nor goes on")


@pytest.mark.sweep
def test_a_collector_that_wakes_after_its_lease_has_run_out_changes_nothing(faults: Any, nest: Any) -> None:
    place = faults.new(Fault("results", "commit-then-hang", seconds=6))
    assert place.evalkit("submit").code == 0
    asleep = place.hatch(nest, "collect")
    assert _reached(place, asleep, 4)  # two creates, one retrieve, and results that do not come

    place.harm("update batches set lease_until = '2000-01-01'")
    place.again()
    finished = place.export()
    assert asleep.wait().code == 0

    assert finished == place.export()
    faults.kept_promises(place)

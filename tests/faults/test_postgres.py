"""Many real processes on one store: none pays twice, none loses anything, and a database that restarts ends nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from evalkit import api
from evalkit.errors import EvalkitError, StoreError
from evalkit.sandbox import Behaviour, Fault, Sandbox
from evalkit.store import Store

WORK = """
import random, sys
from evalkit import api
from evalkit.errors import EvalkitError
folder, store, first, last, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
rng = random.Random(seed)
labels = [str(label) for label in range(first, last)]
rng.shuffle(labels)
print("ready", flush=True)
for label in labels:
    for verb in rng.sample(["submit", "collect"], rng.choice([1, 2])) if label != labels[-1] else ["submit", "collect"]:
        try:
            api.submit(folder, store=store, label=label) if verb == "submit" else api.collect(folder, store=store)
        except EvalkitError as error:
            print(type(error).__name__, error, flush=True)
"""
N_RUNS = 30


def account(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    monkeypatch.setenv("EVALKIT_RECONCILE_GRACE", "0.5")


def crowd(start: Callable[..., Any], folder: Path, url: str, sandbox: Sandbox, *, n: int, runs: int) -> list[str]:
    """Let processes loose on one store, and kill one now and then; what they complained of."""
    rng, said = Random(7), list[str]()

    def another(seed: int) -> Any:
        return start("-c", WORK, folder, url, 0, runs, seed, base_url=sandbox.url)

    working, killed, seed = [another(seed) for seed in range(n)], 0, n
    while working:
        time.sleep(0.1)
        made = sum(entry.accepted_create for entry in sandbox.witness())
        alive = [one for one in working if one.poll() is None]
        # The kills are spread over the work, and meet those that have worked for longest.
        if alive and killed < n // 2 and made > killed * runs // n:
            rng.choice(alive[: n // 2]).kill()
            killed += 1
            working.append(another(seed))
            seed += 1
        for one in [one for one in working if one.poll() is not None]:
            working.remove(one)
            out, err = one.communicate()
            assert one.returncode in (0, -signal.SIGKILL), err
            said += [line for line in out.splitlines() if line != "ready"]
    return said


def settle(folder: Path, url: str, runs: int) -> None:
    """The usual commands, until nothing is open."""
    for _ in range(20):
        try:
            for label in range(runs):
                api.submit(folder, store=url, label=str(label))
            api.collect(folder, store=url, wait=True, poll=0.05, timeout=60)
        except EvalkitError as error:  # an unknown create, until its grace has passed
            last = error
            time.sleep(0.3)
        else:
            return
    raise last


def check(url: str, sandbox: Sandbox, *, runs: int, cases: int) -> None:
    made = [entry for entry in sandbox.witness() if entry.accepted_create]
    twice = [one for one, n in Counter(entry.custom_ids_digest for entry in made).items() if n > 1]
    assert twice == [], "creates of the same requests"
    views = list(api.runs(store=url))
    assert len(views) == runs
    assert {(view.scored, view.pending, view.status) for view in views} == {(cases, 0, "collected")}
    with Store.open(url) as store:
        assert store.batches.owned() == {entry.batch for entry in made}
        assert not store.batches.open()


@pytest.mark.sweep
def test_eight_processes_on_one_postgresql_pay_every_run_once(
    suite_folder: Any, start: Any, postgres_server: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    account(monkeypatch, sandbox)
    folder, url = suite_folder(3), postgres_server.new_database()  # whose tables they make at once, too
    said = crowd(start, folder, url, sandbox, n=8, runs=N_RUNS)
    settle(folder, url, N_RUNS)

    check(url, sandbox, runs=N_RUNS, cases=3)
    assert [line for line in said if not line.startswith("UnknownCreateError")] == []


def test_four_processes_on_one_store_pay_every_run_once(
    suite_folder: Any, start: Any, store_url: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    account(monkeypatch, sandbox)
    folder = suite_folder(3)
    said = crowd(start, folder, store_url, sandbox, n=4, runs=6)
    settle(folder, store_url, 6)

    check(store_url, sandbox, runs=6, cases=3)
    assert [line for line in said if not line.startswith("UnknownCreateError")] == []


def test_a_database_that_restarts_in_the_middle_of_a_collect_ends_nothing(
    suite_folder: Any, start: Any, own_server: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    account(monkeypatch, sandbox)
    folder, url = suite_folder(4), own_server.new_database()
    run = api.submit(folder, store=url)[0].run
    sandbox.behaviour = replace(Behaviour(), faults=(Fault("retrieve", "commit-then-hang", seconds=3.0),))

    words = ("-m", "evalkit", "collect", "--config", folder, "--store", url, "--quiet")
    collecting = start(*words, base_url=sandbox.url)
    wait_for(lambda: any(entry.endpoint == "retrieve" for entry in sandbox.witness()))
    own_server.crash()
    out, err = collecting.communicate(timeout=60)

    assert collecting.returncode == 6
    assert "the store" in err
    assert "Traceback" not in out + err
    with pytest.raises(StoreError, match="cannot be"):
        api.runs(store=url)
    own_server.start_again()
    api.collect(folder, store=url, wait=True, poll=0.05)
    assert api.show(run, store=url)[0].scored == 4
    assert sum(entry.accepted_create for entry in sandbox.witness()) == 1


def wait_for(happens: Callable[[], bool]) -> None:
    for _ in range(600):
        if happens():
            return
        time.sleep(0.05)
    raise AssertionError("it does not happen")


class OwnServer:
    """A PostgreSQL server of the test's own, which may crash."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.new_database = server.new_database

    def crash(self) -> None:
        """As `pg_ctl stop -m immediate`."""
        self.server._process.send_signal(signal.SIGQUIT)
        self.server._process.wait(timeout=30)

    def start_again(self) -> None:
        stopped = self.server._process
        options: dict[str, Any] = (
            {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        )
        log = self.server._log
        self.server._process = subprocess.Popen(stopped.args, stdout=log, stderr=log, cwd=self.server.folder, **options)
        self.server._wait()


@pytest.fixture
def own_server(postgres_server: Any) -> Any:
    server = type(postgres_server)(Path(str(postgres_server._process.args[0])).parent)
    yield OwnServer(server)
    server.stop()

"""What the fault tests share: a suite that meets every kind of outcome, a place to be killed in, and the invariants.

The invariants are judged by the sandbox's witness, never by what evalkit says of itself: what the server took in is
what is paid.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest

from evalkit.cli import exits
from evalkit.sandbox import Behaviour, Fault, Sandbox

GRACE: Final = "0.3"
QUIET: Final = ("--wait", "--poll", "0.05", "--timeout", "30")
SHARES: Final = {"thinking": 0.2, "truncated": 0.2, "api_error": 0.2, "refusal": 0.15}
TOKENS: Final = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
N_CASES: Final = 12
N_ROUNDS: Final = 30


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


class BrokenPromiseError(AssertionError):
    """An invariant does not hold."""


@dataclass(frozen=True, slots=True)
class Hatched:
    """A command under way."""

    process: Any

    def kill(self) -> None:
        """SIGKILL, which no program can prepare for."""
        self.process.kill()

    def ended(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def wait(self) -> Ended:
        """Wait for its end."""
        out, err = self.process.communicate(timeout=90)
        return Ended(self.process.returncode, out, err)


@dataclass(kw_only=True)
class Place:
    """One suite, one store and one sandbox to go wrong in."""

    folder: Path
    db: Path
    sandbox: Sandbox
    env: dict[str, str] = field(default_factory=dict)
    url: str = ""
    """The store's URL, where it is not the file `db`."""

    @property
    def environment(self) -> dict[str, str]:
        """What names the account, the store and a grace that tests can wait for."""
        return {
            "ANTHROPIC_BASE_URL": self.sandbox.url,
            "ANTHROPIC_API_KEY": "key",
            "EVALKIT_STORE": self.url or f"sqlite:///{self.db}",
            "EVALKIT_RECONCILE_GRACE": GRACE,
            "NO_COLOR": "1",
            **self.env,
        }

    def evalkit(self, verb: str, *words: str) -> Ended:
        """Run a command in this process, as the command line would."""
        args = [verb, *self._places(verb), *words]
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["evalkit", *args])
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = exits.run(args)
        return Ended(code, out.getvalue(), err.getvalue())

    def start(self, verb: str, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start a command as a process of its own; `env` adds to its environment."""
        program = ["-m", "evalkit", verb, *self._places(verb), *words] if verb != "-c" else [verb, *words]
        env = {**os.environ, **self.environment, **options.pop("env", {})}
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([sys.executable, *program], env=env, cwd=self.folder, **pipes, **options)

    def ended(self, verb: str, *words: str, **options: Any) -> Ended:
        """Run a command as a process of its own to its end."""
        process = self.start(verb, *words, **options)
        out, err = process.communicate(timeout=90)
        return Ended(process.returncode, out.decode(), err.decode())

    def hatch(
        self, nest: Any, verb: str, *words: str, env: Mapping[str, str] | None = None, room: int | None = None
    ) -> Hatched:
        """Start a command as a process of its own, from a nest; with so many bytes of room for each file."""
        env = {**os.environ, **self.environment, **(env or {})}
        code, args = (words[0], []) if verb == "-c" else (None, [verb, *self._places(verb), *words])
        return Hatched(nest.hatch(args, env=env, cwd=self.folder, code=code, room=room))

    def calm(self) -> None:
        """The sandbox goes wrong no more."""
        # Only a change disarms what is armed, and faults that were met are still among the behaviour's.
        self.sandbox.behaviour = replace(self.sandbox.behaviour, faults=(Fault("list", "list-lag", seconds=0.0),))
        self.sandbox.behaviour = replace(self.sandbox.behaviour, faults=())

    def again(self) -> None:
        """Run the commands again until both have nothing left to do."""
        ended: list[Ended] = []
        for _ in range(N_ROUNDS):
            ended = [self.evalkit("submit"), self.evalkit("collect", *QUIET)]
            if [one.code for one in ended] == [0, 0]:
                return
            time.sleep(float(GRACE) / 3)
        raise BrokenPromiseError(f"the commands never come to rest: {ended}")

    def runs(self) -> list[str]:
        """The run ids of the store."""
        return [row[0] for row in self.sql("select run from runs order by candidate, run")]

    def export(self) -> list[dict[str, Any]]:
        """Every score of every run, without the ids that the provider gave."""
        lines = [json.loads(line) for run in self.runs() for line in self.evalkit("export", run).out.splitlines()]
        return [{name: value for name, value in line.items() if name != "batch"} for line in lines]

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the store behind evalkit's back; only ever asked, never told."""
        with contextlib.closing(sqlite3.connect(f"file:{self.db}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def harm(self, statement: str) -> None:
        """Do to the store what no command does, to see that it is noticed."""
        with contextlib.closing(sqlite3.connect(self.db)) as connection, connection:
            connection.execute(statement)

    def results(self, batch: str) -> list[dict[str, Any]]:
        """The results of a batch as the server serves them."""
        url = f"{self.sandbox.url}/v1/messages/batches/{batch}/results"
        headers = {"authorization": "Bearer key", "anthropic-version": "2026-10-21"}
        request = urllib.request.Request(url, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=20) as answer:
            return [json.loads(line) for line in answer.read().split(b"\n") if line.strip()]

    def _places(self, verb: str) -> list[str]:
        if verb in ("submit", "run", "collect", "cancel", "recover"):
            places = ["--config", str(self.folder), *(["--quiet"] if verb != "cancel" else [])]
            return [*places, "--out", str(self.db.with_suffix(".html"))] if verb == "run" else places
        return []


@dataclass(frozen=True, slots=True)
class Kept:
    """One batch of the store, with the intent that made it."""

    batch: str
    run: str
    part: int
    round: int
    requests: int
    body_digest: str
    state: str


def creates(place: Place) -> int:
    """How many batches the server has made."""
    return sum(entry.accepted_create for entry in place.sandbox.witness())


def paid_once(place: Place) -> None:
    """No create twice, none without its intent, none that nobody knows, none of a request beside another of it.

    Raises:
        BrokenPromiseError: it is not so.
    """
    made = {entry.batch: entry for entry in place.sandbox.witness() if entry.accepted_create}
    kept = {one.batch: one for one in _kept(place)}
    _same("batches of the server that the store does not know", set(made) - set(kept), set())
    for batch, entry in made.items():
        _same("the digest of the intent", kept[batch].body_digest, entry.body_sha256)
        _same("the requests of the intent", kept[batch].requests, entry.requests)
    retried = [
        entry.request_id for entry in place.sandbox.witness() if entry.endpoint == "create" and entry.retry_count
    ]
    _same("creates that the SDK sent again by itself", retried, [])
    bodies = Counter((kept[batch].round, entry.body_sha256) for batch, entry in made.items())
    _same("bodies accepted more than once in a round", [body for body, n in bodies.items() if n > 1], [])
    sent = Counter((kept[batch].round, line["custom_id"]) for batch in made if batch for line in place.results(batch))
    _same("requests paid more than once in a round", [one for one, n in sent.items() if n > 1], [])


def nothing_lost(place: Place, reference: Sequence[dict[str, Any]]) -> None:
    """Everything is settled and collected, scored as without a fault, and counted in money as it was billed.

    Raises:
        BrokenPromiseError: it is not so.
    """
    states = {row[0] for row in place.sql("select distinct state from intents")}
    _same("intents that are not settled", states - {"created", "not_created"}, set())
    _same("batches that are not collected", [one for one in _kept(place) if one.state != "collected"], [])
    rows = json.loads(place.evalkit("runs", "--json").out)["runs"]
    for row in rows:
        counted = row["scored"] + sum(row["unscored"].values()) + row["pending"]
        _same("cases = scored + unscored + pending", (counted, row["pending"]), (row["cases"], 0))
    counted_as_billed(place)
    _same("scores as without a fault", place.export(), list(reference))


def counted_as_billed(place: Place) -> None:
    """The usage in the store is the usage that the server served.

    Raises:
        BrokenPromiseError: it is not so.
    """
    billed = Counter[str]()
    for one in _kept(place):
        for line in place.results(one.batch):
            usage = line["result"].get("message", {}).get("usage", {})
            billed.update({name: usage.get(name) or 0 for name in TOKENS})
    columns = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens + cache_write_1h_tokens")
    sums = ", ".join(f"coalesce(sum({column}), 0)" for column in columns)
    (recorded,) = place.sql(f"select {sums} from results")
    _same("usage as billed", dict(zip(TOKENS, recorded, strict=True)), {name: billed[name] for name in TOKENS})


def _kept(place: Place) -> list[Kept]:
    query = (
        "select b.batch, b.run, b.part, i.round, i.requests, i.body_digest, b.state from batches b "
        "join intents i on i.run = b.run and i.part = b.part and i.attempt = b.attempt"
    )
    return [Kept(*row) for row in place.sql(query)]


def _same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise BrokenPromiseError(f"{what}: {found!r} where {wanted!r} was promised")


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What a fault test is given: places to go wrong in, and the ends they must come to."""

    new: Callable[..., Place]
    reference: tuple[dict[str, Any], ...]
    broken: type[BrokenPromiseError] = BrokenPromiseError

    def kept_promises(self, place: Place) -> None:
        """All invariants, or BrokenPromiseError."""
        paid_once(place)
        nothing_lost(place, self.reference)

    def paid_once(self, place: Place) -> None:
        """No create and no request is paid twice, or BrokenPromiseError."""
        paid_once(place)

    def counted_as_billed(self, place: Place) -> None:
        """The usage in the store is what was served, or BrokenPromiseError."""
        counted_as_billed(place)

    def creates(self, place: Place) -> int:
        """How many batches the server has made."""
        return creates(place)


@pytest.fixture(scope="session")
def fault_suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two candidates of twelve cases each, one of them without an output here and there."""
    root = tmp_path_factory.mktemp("faults") / "suite"
    root.mkdir()
    cases = [{"id": f"case-{n:02}", "input": f"{n} + {n}?", "expected": f"They are {2 * n}."} for n in range(N_CASES)]
    _lines(root / "cases.jsonl", cases)
    config = [
        'name = "sums"\n[dataset]\npath = "cases.jsonl"\n[judge]\nmodel = "claude-haiku-5-5"\nmax_tokens = 1024',
        '[[graders]]\nname = "correctness"\nrubric = "Is it right?"\nlabels = { incorrect = 0, correct = 1 }',
    ]
    for name, wrong, end in (("alpha", 3, N_CASES), ("beta", 4, N_CASES - 1)):
        rows = [{"id": c["id"], "output": "No." if n % wrong else c["expected"]} for n, c in enumerate(cases[:end])]
        _lines(root / f"{name}.jsonl", rows)
        config.append(f'[[candidates]]\nname = "{name}"\noutputs = "{name}.jsonl"')
    (root / "evalkit.toml").write_text("\n".join(config) + "\n")
    return root


@pytest.fixture(scope="session")
def _fair(fault_suite: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, tuple[dict[str, Any], ...]]:
    """A seed under which both runs meet every outcome of `SHARES`, and their scores without a fault."""
    for seed in range(100):
        folder = tmp_path_factory.mktemp("reference")
        with Sandbox(behaviour=_behaviour(seed)) as sandbox:
            place = Place(folder=fault_suite, db=folder / "evalkit.db", sandbox=sandbox)
            place.again()
            first = {one.run: one.batch for one in _kept(place) if one.round == 0}
            met = [_outcomes(place.results(batch)) for batch in first.values()]
            follow_ups = Counter(one.run for one in _kept(place) if one.round == 1)
            if all(set(SHARES) <= one for one in met) and set(follow_ups.values()) == {2}:
                paid_once(place)
                return seed, tuple(place.export())
    raise AssertionError("no seed meets every outcome: does what fails in passing still get a follow-up?")


def _outcomes(lines: Sequence[dict[str, Any]]) -> set[str]:
    words: set[str] = set()
    for line in lines:
        message = line["result"].get("message", {})
        kinds = {block["type"] for block in message.get("content", ())}
        words |= kinds & {"thinking"} | {"api_error"} & {(line["result"]["type"] == "errored" and "api_error") or ""}
        words |= {{"max_tokens": "truncated", "refusal": "refusal"}.get(message.get("stop_reason"), "")}
    return words


def _behaviour(seed: int, **changes: Any) -> Behaviour:
    return replace(Behaviour(seed=seed, shares=SHARES, cache=False, retry_after=None), **changes)


_TOLD: Final = pytest.StashKey[list[str]]()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says a line at the end of the whole session."""
    return request.config.stash.setdefault(_TOLD, []).append


@pytest.fixture(scope="session")
def tried(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """Counts faults by endpoint, and says how many at the end of the whole session."""
    found = Counter[str]()
    yield found
    by = ", ".join(f"{endpoint} {n}" for endpoint, n in found.items())
    request.config.stash.setdefault(_TOLD, []).append(f"faults: {found.total()} tried ({by})")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what the sweeps tried."""
    for line in config.stash.get(_TOLD, []):
        terminalreporter.write_line(line)


@pytest.fixture
def faults(fault_suite: Path, _fair: tuple[int, tuple[dict[str, Any], ...]], tmp_path: Path) -> Iterator[Faults]:
    """Makes places to go wrong in, each with a store and a sandbox of its own; all end with the test."""
    seed, reference = _fair
    numbers, stack = itertools.count(1), contextlib.ExitStack()

    def new(*given: Fault, **changes: Any) -> Place:
        folder = tmp_path / f"place-{next(numbers)}"
        folder.mkdir()
        sandbox = stack.enter_context(Sandbox(behaviour=_behaviour(seed, faults=given, **changes)))
        return Place(folder=fault_suite, db=folder / "evalkit.db", sandbox=sandbox)

    with stack:
        yield Faults(new=new, reference=reference)
    shutil.rmtree(tmp_path, ignore_errors=True)


def _lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")

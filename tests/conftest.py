"""What the tests share: a running sandbox, real databases, suites on disk, and evalkit as a process of its own."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# The suite imports by path (importlib mode), so what is beside this file needs its folder named.
sys.path.append(str(Path(__file__).parent))

from haste import hasten
from nest import Hatched, Nest

from evalkit.sandbox import Sandbox, server

# A sandbox looks this often whether it is to stop, and hundreds of tests stop one.
server._POLL_SECONDS = 0.005  # type: ignore[misc]

# No test speaks TLS, and every client of the API would read all authorities that the machine trusts: 50 ms each.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)

# Machines are shared, so no example has a deadline. In CI the examples are the same every time: a commit that fails
# fails for what it changed; elsewhere they are new every time, which is how faults are found.
settings.register_profile(
    "shared",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("shared")

pytest_plugins = ["pytester"]

RUBRIC = "Does the output say what the expected answer says? correct: all of it. partial: some. incorrect: none."
LABELS = "{ incorrect = 0, partial = 0.5, correct = 1 }"


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test meets the account, the proxy or the store of whoever runs it."""
    for name in set(os.environ) - {"EVALKIT_WHEEL"}:
        if name.startswith(("ANTHROPIC_", "EVALKIT_")) or name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_waiting() -> None:
    """No test waits for what proves nothing by being waited for."""
    hasten()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One Chromium for all tests of a worker: Playwright can be started once in a process."""
    if shutil.which("chromium") is None:
        reason = "no chromium on the PATH (apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    sys.path.append(str(Path(__file__).parent / "report"))
    from screenshot import chromium as launched

    with launched() as browser:
        yield browser


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that behaves well, on a port of its own; set `sandbox.behaviour` to change that."""
    with Sandbox() as running:
        yield running


class PostgresServer:
    """A PostgreSQL server with a data directory of its own, reached by a socket in it and by nothing else."""

    def __init__(self, programs: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="evalkit-pg-"))
        self._data = self.folder / "data"
        self._numbers = itertools.count(1)
        # The server refuses to run as root.
        owner: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            owner = {"user": "postgres", "group": "postgres", "extra_groups": []}
        options: dict[str, Any] = {"cwd": self.folder, **owner}
        init = [programs / "initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"]
        subprocess.run([*init, "--no-sync"], check=True, capture_output=True, **options)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "16MB",
            "max_connections": "60",
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen(
            [programs / "postgres", "-D", self._data, *words], stdout=self._log, stderr=self._log, **options
        )
        self._wait()

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """The URL of a database that nobody has touched."""
        name = f"test_{next(self._numbers)}"
        with self._connect() as connection:
            connection.execute(f"create database {name}")
        return self.url(name)

    def migrated_database(self) -> str:
        """The URL of a store without a row: a copy of one that the migrations made once."""
        with self._connect() as connection:
            if not connection.execute("select from pg_database where datname = 'migrated'").rowcount:
                from evalkit.store import Store

                connection.execute("create database migrated")
                Store.open(self.url("migrated")).close()
            name = f"test_{next(self._numbers)}"
            connection.execute(f"create database {name} template migrated")
        return self.url(name)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)  # at once: nobody reads its data again
        self._process.wait(timeout=30)
        self._log.close()
        # Some hundred databases are some ten thousand files: nobody waits for their end.
        os.posix_spawn("/bin/rm", ["rm", "-rf", str(self.folder)], os.environ)

    def _connect(self) -> Any:
        import psycopg

        return psycopg.connect(self.url("postgres"), autocommit=True)

    def _wait(self) -> None:
        import psycopg

        for _ in range(600):
            try:
                return self._connect().close()
            except psycopg.OperationalError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL does not start:\n{(self.folder / 'log').read_text()}")


def _postgres_programs() -> Path | None:
    found = shutil.which("postgres") or max(Path("/usr/lib/postgresql").glob("*/bin/postgres"), default=None)
    return Path(found).resolve().parent if found else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    programs = _postgres_programs()
    if programs is None:
        reason = "no PostgreSQL server program (Debian: apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    server = PostgresServer(programs)
    yield server
    server.stop()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite store that is not there yet."""
    return f"sqlite:///{tmp_path / 'store' / 'evalkit.db'}"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The URL of a PostgreSQL store that nobody has touched."""
    return postgres_server.migrated_database()


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a store that nobody has touched, on each database."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.sweep)])
def either_url(request: pytest.FixtureRequest) -> str:
    """The same on SQLite, and in the sweeps on PostgreSQL: for what the two have in common."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def store(store_url: str) -> Iterator[Any]:
    """A new store, on each database."""
    from evalkit.store import Store

    with Store.open(store_url) as opened:
        yield opened


def some_cases(n: int) -> list[dict[str, Any]]:
    return [
        {"id": f"case-{i:04}", "input": f"How many are {i} and {i}?", "expected": f"They are {2 * i}."}
        for i in range(n)
    ]


def some_outputs(cases: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Right for two of three cases."""
    return {case["id"]: "Nobody knows." if i % 3 == 2 else case["expected"] for i, case in enumerate(cases)}


@pytest.fixture
def suite_folder(tmp_path: Path) -> Callable[..., Path]:
    """Builds a suite on disk: config, cases, rubric, and a file of outputs per candidate."""

    def build(
        cases: int | Sequence[Mapping[str, Any]] = 6,
        *,
        outputs: Mapping[str, Mapping[str, str | None]] | None = None,
        rubric: str = RUBRIC,
        check: bool = False,
        judge: str = "claude-haiku-5-5",
        max_tokens: int = 1024,
        folder: str = "suite",
        grader: str = "",
    ) -> Path:
        root = tmp_path / folder
        root.mkdir(parents=True)
        rows = some_cases(cases) if isinstance(cases, int) else cases
        candidates = {"recorded": some_outputs(rows)} if outputs is None else outputs
        _write_lines(root / "cases.jsonl", rows)
        (root / "rubric.md.j2").write_text(rubric, encoding="utf-8")
        config = [
            'name = "sums"',
            '[dataset]\npath = "cases.jsonl"',
            f'[judge]\nmodel = "{judge}"\nmax_tokens = {max_tokens}',
            f'[[graders]]\nname = "correctness"\nrubric = "rubric.md.j2"\nlabels = {LABELS}\n{grader}',
        ]
        if check:
            config.append('[[graders]]\nname = "exact"\ncheck = "exact"')
        for name, texts in candidates.items():
            _write_lines(root / f"{name}.jsonl", [{"id": case, "output": text} for case, text in texts.items()])
            config.append(f'[[candidates]]\nname = "{name}"\noutputs = "{name}.jsonl"')
        (root / "evalkit.toml").write_text("\n\n".join(config) + "\n", encoding="utf-8")
        return root

    return build


def _write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")


@pytest.fixture
def load() -> Callable[[Path], Any]:
    """Loads a suite from its folder."""

    def loaded(folder: Path) -> Any:
        from evalkit.config import load_config
        from evalkit.pipeline.suite import load_suite

        return load_suite(load_config(folder))

    return loaded


@pytest.fixture(scope="session")
def nest() -> Iterator[Nest]:
    """Starts processes that need not import anything first."""
    made = Nest()
    yield made
    made.close()


@pytest.fixture
def start(tmp_path: Path, nest: Nest) -> Iterator[Callable[..., Hatched]]:
    """Starts a process: `start("-m", "evalkit", ...)` or `start("-c", ...)`; `base_url` and `key` name its account."""
    running: list[Hatched] = []

    def started(*words: object, base_url: str | None = None, key: str | None = "key", **variables: str) -> Hatched:
        env = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **variables}
        env |= {"HOME": str(tmp_path), "ANTHROPIC_API_KEY": key or ""}
        env |= {"ANTHROPIC_BASE_URL": base_url} if base_url else {}
        kind, what, *args = map(str, words)
        assert (kind, what) == ("-m", "evalkit") or kind == "-c"
        running.append(nest.hatch(args, env=env, cwd=tmp_path, code=what if kind == "-c" else None))
        return running[-1]

    yield started
    for process in running:
        process.kill()
        process.communicate()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the sweeps play one share, where `SWEEP_SHARE` is such as `2/3`: the same tests for the same share."""
    share, _, shares = os.environ.get("SWEEP_SHARE", "1/1").partition("/")
    others = [
        item
        for item in items
        if item.get_closest_marker("sweep") and zlib.crc32(item.nodeid.encode()) % int(shares) != int(share) - 1
    ]
    if others:
        config.hook.pytest_deselected(items=others)
        left = set(others)
        items[:] = [item for item in items if item not in left]

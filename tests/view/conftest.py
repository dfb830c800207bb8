"""What the tests of the view share: a scored store, a running viewer, raw calls to it, and tabs that keep a record."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser
from tabs import Watched, watched_tabs

import evalkit
from evalkit.view import Viewer
from evalkit.view.site import Source

# The suite imports by path (importlib mode), so what opens Chromium for the report's tests needs its folder named.
sys.path.append(str(Path(__file__).parent.parent / "report"))

HOSTILE = "<img src=x onerror=alert(1)>\u202e{{ 7*7 }}</script>"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What came back for a call."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A store with two suites: one under a plain label and a hostile one, one with other cases."""

    folder: Path
    store: str

    def runs(self, **wanted: str) -> list[str]:
        """The runs with such fields, newest first."""
        rows = evalkit.runs(store=self.store)
        return list(dict.fromkeys(row.run for row in rows if all(getattr(row, k) == v for k, v in wanted.items())))


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    root = tmp_path_factory.mktemp("viewed")
    store = f"sqlite:///{root / 'store.db'}"
    for name, n in (("sums", 12), ("other", 4)):
        _suite(root / name, name, n)
        for label in ("plain", HOSTILE)[: 2 if name == "sums" else 1]:
            found = evalkit.submit(root / name, store=store, label=label, sandbox=True, fresh=True)
            evalkit.collect(root / name, store=store, runs=found.runs, wait=True, sandbox=True)
    return Scored(folder=root, store=store)


def _suite(folder: Path, name: str, n: int) -> None:
    import json

    folder.mkdir()
    cases = [{"id": f"case-{i:02}", "input": f"{i} + 1?", "expected": f"It is {i + 1}."} for i in range(n)]
    config = [
        f'name = "{name}"\n[dataset]\npath = "cases.jsonl"\n[judge]\nmodel = "claude-haiku-5-5"',
        '[[graders]]\nname = "correctness"\nrubric = "Is it right?"\nlabels = { incorrect = 0, correct = 1 }',
        '[[graders]]\nname = "exact"\ncheck = "exact"',
        '[gate]\nbaseline = "old"\nmargin = 0.05',
    ]
    for candidate, wrong in (("old", 2), ("new", 5)):
        rows = [{"id": c["id"], "output": "No." if i % wrong == 1 else c["expected"]} for i, c in enumerate(cases)]
        (folder / f"{candidate}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        config.append(f'[[candidates]]\nname = "{candidate}"\noutputs = "{candidate}.jsonl"')
    (folder / "cases.jsonl").write_text("".join(f"{json.dumps(case)}\n" for case in cases))
    (folder / "evalkit.toml").write_text("\n".join(config))


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A suite of its own, for tests that submit and collect."""
    _suite(tmp_path / "fresh", "fresh", 6)
    return tmp_path / "fresh"


@pytest.fixture
def watching() -> Iterator[Callable[..., Viewer]]:
    """Serves a store; an open page looks several times a second."""
    viewers: list[Viewer] = []

    def started(store: str, config: Path | None = None, **options: object) -> Viewer:
        viewers.append(Viewer(Source(config=config, store=store), poll=0.1, **options))  # type: ignore[arg-type]
        return viewers[-1]

    yield started
    for viewer in viewers:
        viewer.stop()


@pytest.fixture
def viewer(watching: Callable[..., Viewer], scored: Scored) -> Viewer:
    return watching(scored.store)


@pytest.fixture
def ask() -> Callable[..., Answered]:
    """Makes one call, as it is: `ask(viewer.url, "report?run=x", method="POST", Host="elsewhere")`."""

    def asked(url: str, path: str = "", *, method: str = "GET", **headers: str) -> Answered:
        address = urlsplit(url)
        target = path if path.startswith("/") else f"{address.path}{path}"
        connection = http.client.HTTPConnection(address.hostname or "", address.port or 0, timeout=30)
        try:
            connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            answer = connection.getresponse()
            said = {name.lower(): value for name, value in answer.getheaders()}
            return Answered(status=answer.status, headers=said, body=answer.read().decode())
        finally:
            connection.close()

    return asked


@pytest.fixture
def browse(chromium: Browser) -> Iterator[Callable[..., Watched]]:
    """Opens an address in a tab of its own."""
    with watched_tabs(chromium, ready="html[data-looks]") as opened:
        yield opened

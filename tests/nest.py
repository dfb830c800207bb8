"""A nest: one process that has imported everything and forks a process per command, for to start cold costs seconds.

What it hatches is a process like any other: with its own id, environment, folder and streams, which a signal reaches
and SIGKILL ends. What depends on how Python itself starts is started cold.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

_NEST: Final = """
import gc, importlib, json, os, resource, select, signal, socket, sys, tempfile, traceback
import alembic, alembic.command, anthropic, anthropic.resources.messages, anthropic.types.messages, httpx2, jinja2
import rich.console, scipy.stats, sqlalchemy, sqlite3
try:
    import psycopg, sqlalchemy.dialects.postgresql.psycopg
except ImportError:
    pass
from evalkit import failpoint
import evalkit.api, evalkit.cli.commands, evalkit.cli.operate, evalkit.decisions, evalkit.operations, evalkit.tables
import evalkit.pipeline.bundle_read, evalkit.pipeline.bundle_write, evalkit.pipeline.collect, evalkit.pipeline.gating
import evalkit.pipeline.overview, evalkit.pipeline.submit, evalkit.pipeline.suite, evalkit.pipeline.view
import evalkit.pricing, evalkit.report.compose, evalkit.report.write.html, evalkit.sandbox, evalkit.session
import evalkit.store
import evalkit.transfer
from evalkit.cli import exits
sys.path.append(sys.argv[2])
import haste
haste.hasten()
haste.migrate_once()
import typer.main
from evalkit.cli.commands import app
typer.main.get_command(app)

def play(wish):
    for number, mode in ((0, "r"), (1, "w"), (2, "w")):
        text = open(number, mode, encoding="utf-8", closefd=False, errors="backslashreplace" if number == 2 else None)
        setattr(sys, ("stdin", "stdout", "stderr")[number], text)
    os.chdir(wish["cwd"])
    os.environ.clear()
    os.environ.update(wish["env"])
    tempfile.tempdir = None  # which was found by another environment
    importlib.reload(failpoint)  # which reads its variable as it is imported
    if wish["room"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (wish["room"], wish["room"]))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # though the tests may run where it is ignored
    code = 1
    try:
        if wish["code"] is None:
            sys.argv = ["evalkit", *wish["args"]]
            gc.set_threshold(100_000, 50, 100)
            code = exits.run(wish["args"])
        else:
            sys.argv = ["-c", *wish["args"]]
            exec(wish["code"], {"__name__": "__main__"})
            code = 0
    except BaseException:
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or 120
    os._exit(code)

server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(64)
gc.freeze()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
while 0 not in select.select([server, 0], [], [])[0]:  # its input ends with the tests, however these end
    client, _ = server.accept()
    if not os.fork():  # one that waits for the command and tells how it ended
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        server.close()
        said, streams, _, _ = socket.recv_fds(client, 1 << 20, 3)
        pid = os.fork()
        if not pid:
            client.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            play(json.loads(said))
        for stream in (0, 1, 2, *streams):
            os.close(stream)
        try:
            client.send(b"%d\\n" % pid)
        finally:
            client.send(b"%d\\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            os._exit(0)
    client.close()
"""
# Stands for `evalkit` on a PATH: hands over its words, its place, its environment and its streams.
_HATCH: Final = """#!{python} -ISE
import json, os, socket, sys
nest = socket.socket(socket.AF_UNIX)
nest.connect({path!r})
wish = {{"args": sys.argv[1:], "code": None, "cwd": os.getcwd(), "env": dict(os.environ), "room": None}}
socket.send_fds(nest, [json.dumps(wish).encode()], [0, 1, 2])
sys.exit(int(nest.makefile().read().split()[1]) % 256)
"""


class Nest:
    """Forks commands; its socket is heard by whoever has its path."""

    def __init__(self) -> None:
        # Short: the name of a socket may have a hundred letters.
        self._folder = Path(tempfile.mkdtemp(prefix="evalkit-"))
        words = [sys.executable, "-P", "-c", _NEST, str(self._folder / "nest"), str(Path(__file__).parent)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def hatch(
        self, words: Sequence[str], *, env: Mapping[str, str], cwd: Path, code: str | None = None,
        room: int | None = None,
    ) -> Hatched:  # fmt: skip
        """Start a command, or a piece of Python; it may write no file beyond so many bytes of room."""
        wish = {"args": list(words), "code": code, "cwd": str(cwd), "env": dict(env), "room": room}
        return Hatched(self._folder / "nest", wish)

    def program(self) -> str:
        """The text of a program that does what `evalkit` does."""
        return _HATCH.format(python=sys.executable, path=str(self._folder / "nest"))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        with suppress(OSError):
            (self._folder / "nest").unlink()
            self._folder.rmdir()


class Hatched:
    """A process under way; used as a `subprocess.Popen` whose streams are text pipes."""

    def __init__(self, path: Path, wish: Mapping[str, Any]) -> None:
        pipes = [os.pipe() for _ in range(3)]
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(str(path))
        socket.send_fds(self._line, [json.dumps(wish).encode()], theirs)
        for stream in theirs:
            os.close(stream)
        self.stdin: IO[str] = open(pipes[0][1], "w", encoding="utf-8")  # noqa: PTH123, SIM115 # a pipe has no path
        self.stdout: IO[str] = open(pipes[1][0], encoding="utf-8")  # noqa: PTH123, SIM115
        self.stderr: IO[str] = open(pipes[2][0], encoding="utf-8")  # noqa: PTH123, SIM115
        self._said = self._line.makefile()
        self.pid = int(self._said.readline())
        self.returncode: int | None = None
        self._readers: list[threading.Thread] | None = None
        self._heard = ["", ""]

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        with suppress(TimeoutError):
            return self.wait(timeout=0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; TimeoutError where that does not come."""
        if self.returncode is None:
            if not select.select([self._line], [], [], timeout)[0]:
                raise TimeoutError(f"process {self.pid} has not ended after {timeout} s")
            self.returncode = int(self._said.readline())
            self._said.close()
            self._line.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, which no program can prepare for."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Close its input, read what it says, and wait for its end; TimeoutError where that does not come."""
        with suppress(BrokenPipeError):
            self.stdin.close()
        latest = None if timeout is None else time.monotonic() + timeout
        for thread in self._reading():
            thread.join(_left(latest))
        self.wait(_left(latest))
        return self._heard[0], self._heard[1]

    def _reading(self) -> list[threading.Thread]:
        """One thread for each of its streams, the same ones whoever asks and whenever: two would close each other's."""
        if self._readers is None:
            streams = enumerate((self.stdout, self.stderr))
            self._readers = [
                threading.Thread(target=self._read, args=(at, stream), daemon=True)
                for at, stream in streams
                if not stream.closed
            ]
            for thread in self._readers:
                thread.start()
        return self._readers

    def _read(self, at: int, stream: IO[str]) -> None:
        with stream:
            self._heard[at] = stream.read()


def _left(latest: float | None) -> float | None:
    return None if latest is None else max(0.0, latest - time.monotonic())

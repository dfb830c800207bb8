"""The sandbox as a server: starts on a free port, serves every connection in a thread, and leaves nothing behind."""

from __future__ import annotations

import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any, Final

from evalkit.errors import UsageError
from evalkit.sandbox.api import Api
from evalkit.sandbox.behaviour import Behaviour
from evalkit.sandbox.control import Control
from evalkit.sandbox.handler import Handler
from evalkit.sandbox.kept import kept_batches
from evalkit.sandbox.replay import Replay
from evalkit.sandbox.reply import Replier
from evalkit.sandbox.witness import Witness, WitnessEntry

_POLL_SECONDS: Final = 0.05


def utc_now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


class Server(ThreadingHTTPServer):
    """The socket side; knows its open connections, so that stopping does not wait for clients."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], *, api: Api, control: Control, directory: Path) -> None:
        self.api = api
        self.control = control
        self.directory = directory
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, Handler)

    @property
    def authority(self) -> str:
        """`host:port` as bound."""
        return f"{self.server_address[0]}:{self.server_port}"

    def server_bind(self) -> None:
        """Bind without the look-up of a host name that http.server adds."""
        socket_address = self.server_address
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(socket_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that is done."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A defect of the sandbox itself: show it, unless the server is going down."""
        if not self.stopping.is_set():
            super().handle_error(request, client_address)

    def disconnect(self) -> None:
        """Wake every thread that waits for its client."""
        self.stopping.set()
        with self._open_lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class Sandbox:
    """A local Message Batches API; use it as a context manager, or `start` and `stop` it."""

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        behaviour: Behaviour | None = None,
        replay: Path | None = None,
        directory: Path | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Prepare a sandbox; nothing is bound before it starts.

        Raises:
            DatasetError: the replay file is not one.
        """
        self._address = (host, port)
        self._clock = clock
        self._ahead = timedelta(0)
        self._private = directory is None
        self._directory = directory
        self._behaviour = behaviour or Behaviour()
        self._replier = Replier(Replay(replay) if replay else None)
        self._server: Server | None = None
        self._witness = Witness()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Sandbox:
        """Bind the port and serve in a background thread.

        Raises:
            UsageError: the port or the directory cannot be had.
        """
        directory = Path(tempfile.mkdtemp(prefix="evalkit-sandbox-")) if self._private else self._directory
        assert directory is not None  # noqa: S101 - narrows the type
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._directory = directory
            self._witness = Witness(None if self._private else directory / "witness.jsonl")
            api = Api(
                behaviour=self._behaviour,
                clock=self.now,
                replier=self._replier,
                witness=self._witness,
                kept=None if self._private else kept_batches(directory, limit=self._behaviour.max_requests),
            )
            control = Control(api, advance=self.advance)
            self._server = Server(self._address, api=api, control=control, directory=directory)
        except OSError as error:
            self._tidy()
            raise UsageError(
                f"the sandbox cannot start on {self._address[0]}:{self._address[1]}: {error}; "
                "choose another port (0 takes a free one) or directory"
            ) from error
        threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop serving, drop every connection, and remove a private directory."""
        if self._server is not None:
            self._server.shutdown()
            self._server.disconnect()
            self._server.server_close()
            self._server = None
        self._tidy()

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, to be used as a base URL."""
        return f"http://{self._running.authority}"

    @property
    def behaviour(self) -> Behaviour:
        """How it behaves; may be replaced while it runs."""
        return self._running.api.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._running.api.behaviour = behaviour

    @property
    def witness_path(self) -> Path | None:
        """The witness as JSON lines, where a directory was given."""
        return self._witness.path

    def witness(self) -> list[WitnessEntry]:
        """Every exchange so far, in order."""
        return self._witness.entries()

    def now(self) -> datetime:
        """The sandbox's time."""
        return self._clock() + self._ahead

    def advance(self, by: timedelta) -> None:
        """Move the sandbox's clock on."""
        self._ahead += by

    @property
    def _running(self) -> Server:
        if self._server is None:
            raise UsageError("the sandbox is not running; start it, or use it as a context manager")
        return self._server

    def _tidy(self) -> None:
        self._witness.close()
        if self._private and self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ready: Callable[[str], None],
    behaviour: Behaviour | None = None,
    replay: Path | None = None,
    directory: Path | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is called with the URL once calls are answered.

    Raises:
        UsageError: the port or the directory cannot be had.
        DatasetError: the replay file is not one.
    """
    sandbox = Sandbox(host=host, port=port, behaviour=behaviour, replay=replay, directory=directory)
    with told_to_stop() as told, sandbox:
        ready(sandbox.url)
        told.recv(1)


@contextmanager
def told_to_stop() -> Generator[socket.socket]:
    """A socket that can be read from once SIGINT or SIGTERM has come.

    An event would not do: the signal may reach another thread, and then nothing wakes the main one.
    """
    reader, writer = socket.socketpair()
    writer.settimeout(0)
    handlers = {number: signal.signal(number, _heard) for number in (signal.SIGINT, signal.SIGTERM)}
    waker = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(waker)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        reader.close()
        writer.close()


def _heard(_: int, __: FrameType | None) -> None:
    """Nothing: that the signal came is written to the socket before this is called."""

"""HTTP/1.1 on a socket: reads one call after another off a connection and sends what the API answers."""

from __future__ import annotations

import gzip
import hashlib
import socket
import struct
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, ClassVar, Final

from evalkit.sandbox.call import Call
from evalkit.sandbox.shelf import spool_path
from evalkit.sandbox.wire import JSON_TYPE, Answer, ApiError, Ending

if TYPE_CHECKING:
    from evalkit.sandbox.server import Server

SIMULATED: Final = ("evalkit-sandbox", "1")
"""On every response, so that nobody takes what was scored here for a model's verdict."""
_READ: Final = 1 << 20
_DRAIN_SECONDS: Final = 5.0
_RESET: Final = struct.pack("ii", 1, 0)


class BrokenCallError(Exception):
    """The client left before its body was whole."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "evalkit-sandbox"
    sys_version = ""
    disable_nagle_algorithm: ClassVar[bool] = True
    rbufsize: ClassVar[int] = 1 << 16
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]  # the only server it is used with

    def do_GET(self) -> None:
        """Any GET."""
        self._exchange()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET  # noqa: N815 - named by http.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
        """Nothing: the witness is the log."""

    def handle(self) -> None:
        """Serve the connection until either side ends it; a client that leaves is no error."""
        try:
            super().handle()
        except (ConnectionError, TimeoutError, ValueError, OSError):
            self.close_connection = True

    def _exchange(self) -> None:
        call = self._call()
        try:
            answer = self._answered(call)
            self._send(call, answer)
        finally:
            if call.spool is not None:
                call.spool.unlink(missing_ok=True)

    def _call(self) -> Call:
        headers = {name.lower(): value for name, value in self.headers.items()}
        origin = f"http://{headers.get('host') or self.server.authority}"
        return Call(method=self.command, target=self.path, headers=headers, origin=origin)

    def _answered(self, call: Call) -> Answer:
        try:
            self._read_body(call)
        except BrokenCallError:
            self.server.api.note(call, "broken")
            return Answer(ending=Ending.RESET)
        except ApiError as error:
            self.server.api.note(call, error.status)
            # The rest of the body is still on its way, so the connection cannot carry another call.
            answer = error.answer(call.request_id)
            return Answer(status=answer.status, headers=answer.headers, body=answer.body, ending=Ending.CLOSE)
        if call.path.startswith("/_sandbox/"):
            return self.server.control.handle(call)
        return self.server.api.handle(call)

    def _read_body(self, call: Call) -> None:
        if "transfer-encoding" in call.headers:
            raise ApiError(411, "Content-Length header is required")
        if call.headers.get("content-encoding", "identity") != "identity":
            message = "content-encoding: compressed request bodies are not supported"
            raise ApiError(400, message, code="request_body_encoding_unsupported")
        size = call.headers.get("content-length", "0")
        if not size.isdecimal():
            raise ApiError(400, "content-length: not a number")
        behaviour = self.server.api.behaviour
        spooled = call.endpoint == "create"
        if int(size) > (behaviour.max_body if spooled else behaviour.max_message_body):
            raise ApiError(413, "Request exceeds the maximum size")
        pieces, total = self._pieces(int(size)), hashlib.sha256()
        if not spooled:
            call.body = b"".join(pieces)
            total.update(call.body)
        elif int(size):
            call.spool = spool_path(self.server.directory)
            with call.spool.open("wb") as file:
                for piece in pieces:
                    total.update(piece)
                    file.write(piece)
        call.body_sha256 = total.hexdigest() if int(size) else None

    def _pieces(self, size: int) -> Iterator[bytes]:
        while size:
            try:
                piece = self.rfile.read1(min(size, _READ))
            except OSError as error:
                raise BrokenCallError from error
            if not piece:
                raise BrokenCallError
            size -= len(piece)
            yield piece

    def _send(self, call: Call, answer: Answer) -> None:
        if answer.wait:
            self.server.stopping.wait(answer.wait)
        if answer.ending is Ending.RESET:
            self._reset()
            return
        body, headers = answer.body, [*answer.headers, ("request-id", call.request_id), SIMULATED]
        if (
            isinstance(body, bytes)
            and body
            and JSON_TYPE in headers
            and "gzip" in call.headers.get("accept-encoding", "")
        ):
            body = iter([gzip.compress(body, compresslevel=1, mtime=0)])
            headers.append(("Content-Encoding", "gzip"))
        length = len(body) if isinstance(body, bytes) else answer.length
        chunked = length is None and not answer.until_eof
        headers.append(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(length)))
        if answer.until_eof:
            headers.pop()
        if answer.ending is Ending.CLOSE:
            headers.append(("Connection", "close"))
        self._send_head(answer.status, headers)
        for piece in [body] if isinstance(body, bytes) else body:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked and not answer.unterminated:
            self.wfile.write(b"0\r\n\r\n")
        if answer.ending is Ending.CLOSE:
            self._close()

    def _send_head(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.send_response_only(status)
        self.send_header("Date", self.date_time_string())
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def _close(self) -> None:
        """End the connection in good order; what the client is still sending is read, or it would see a reset."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(_DRAIN_SECONDS)
        while self.connection.recv(_READ):
            pass

    def _reset(self) -> None:
        """End the connection with a TCP reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.rfile.close()
        self.connection.close()

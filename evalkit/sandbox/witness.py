"""The witness: every HTTP exchange as the server saw it, so that a count of batches rests on nobody's word."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessEntry:
    """One exchange: noted when its answer is decided, before anything of it is sent."""

    time: str
    method: str
    path: str
    endpoint: str
    status: int | str
    """The status decided on, or `reset` (no answer), or `broken` (the client left inside its own body)."""
    request_id: str
    account: str | None = None
    """Digest of key and workspace; never the key."""
    batch: str | None = None
    """The batch that the call created or touched; set even where the answer hid it."""
    requests: int | None = None
    """Requests in an accepted create; 1 for a call that was answered with a message."""
    body_sha256: str | None = None
    custom_ids_digest: str | None = None
    """SHA-256 of the sorted custom_ids of an accepted create, joined by newlines."""
    retry_count: int = 0
    faults: tuple[str, ...] = ()

    @property
    def accepted_create(self) -> bool:
        """Whether this exchange left a batch behind, whatever the client was told."""
        return self.endpoint == "create" and self.batch is not None

    @property
    def paid_message(self) -> bool:
        """Whether this exchange made a message that is billed, whatever the client was told."""
        return self.endpoint == "messages" and self.requests is not None


class Witness:
    """The entries in order, in memory and, where a path is given, as JSON lines for other processes."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._entries: list[WitnessEntry] = []
        self._lock = threading.Lock()
        self._file = path.open("ab") if path else None

    def note(self, entry: WitnessEntry) -> None:
        """Keep an entry; it is on disk before the client hears of its answer."""
        with self._lock:
            self._entries.append(entry)
            if self._file is not None and not self._file.closed:
                self._file.write(msgspec.json.encode(entry) + b"\n")
                self._file.flush()

    def entries(self) -> list[WitnessEntry]:
        """A copy of all entries so far."""
        with self._lock:
            return list(self._entries)

    def close(self) -> None:
        """Close the file, if there is one."""
        with self._lock:
            if self._file is not None:
                self._file.close()


def custom_ids_digest(custom_ids: Iterable[str]) -> str:
    """SHA-256 of the sorted custom_ids, joined by newlines, as 64 hex digits."""
    return hashlib.sha256("\n".join(sorted(custom_ids)).encode()).hexdigest()

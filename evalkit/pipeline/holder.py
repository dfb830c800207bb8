"""Holders: how processes know each other, and whether one that holds something is still there."""

from __future__ import annotations

import os
import secrets
import socket


def holder() -> str:
    """This process, as others may know it: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_gone(name: str) -> bool | None:
    """Whether a holder is gone; None where it is on another machine and cannot be asked. This process is not gone."""
    host, _, pid = name.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return None
    return int(pid) != os.getpid() and not _lives(int(pid))


def worker() -> str:
    """A name for one piece of work of this process: no thread and no later process is taken for it."""
    return f"{secrets.token_hex(4)}@{holder()}"


def process_of(name: str) -> str:
    """The holder whose piece of work this is."""
    return name.rpartition("@")[2]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""How a command ends: its exit code, and one paragraph where it could not do what it was asked."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Final

from evalkit.errors import EvalkitError, ExitCode, InputError

_INTERRUPTED: Final = 130
_DEBUG: Final = "--debug"
_ABOUT_INTERRUPT: Final = "interrupted; no batch is canceled by that: `evalkit collect` goes on where this left off"


def run(args: Sequence[str]) -> int:
    """Run one command line; returns its exit code and never raises, except under `--debug`."""
    from evalkit.cli.app import app

    try:
        app([arg for arg in args if arg != _DEBUG], prog_name="evalkit")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except EvalkitError as error:
        return _failed(args, error, error.exit_code)
    except KeyboardInterrupt:
        print(f"evalkit: {_ABOUT_INTERRUPT}", file=sys.stderr)  # noqa: T201
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left; say nothing, and keep Python from complaining at shutdown.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last net: a person gets a sentence, not a traceback
        if _debugs(args):
            raise
        return _failed(args, error, ExitCode.INTERNAL)
    return 0


def _failed(args: Sequence[str], error: Exception, code: ExitCode) -> int:
    if _debugs(args):
        raise error
    if "--json" in args:
        print(json.dumps({"error": _document(error, code)}, ensure_ascii=False))  # noqa: T201
    print(f"evalkit: {_paragraph(error, code)}", file=sys.stderr)  # noqa: T201
    return int(code)


def _paragraph(error: Exception, code: ExitCode) -> str:
    if code is not ExitCode.INTERNAL or isinstance(error, EvalkitError):
        text = str(error)
        return f"\n{text}" if "\n" in text else text
    return f"internal error, {type(error).__name__}: {error}; this is a fault of evalkit: `{_DEBUG}` shows where"


def _document(error: Exception, code: ExitCode) -> dict[str, object]:
    document: dict[str, object] = {"type": type(error).__name__, "message": str(error), "exit_code": int(code)}
    if isinstance(error, InputError):
        document["problems"] = [
            {"where": one.where, "field": one.field, "what": one.what, "mend": one.mend} for one in error.problems
        ]
    return document


def _debugs(args: Sequence[str]) -> bool:
    return _DEBUG in args

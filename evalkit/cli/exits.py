"""How a command ends: its exit code, and one paragraph where it could not do what it was asked.

Beside the codes of `evalkit.errors`, a command that a signal ended says so as every program does: 130 after Ctrl-C,
141 where whoever read its output has left. The second is not 0, because a verdict nobody could read is not a pass.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Final

from evalkit.errors import EvalkitError, ExitCode, InputError, UsageError

_INTERRUPTED: Final = 130
_UNREAD: Final = 141
_DEBUG: Final = "--debug"
_ABOUT_INTERRUPT: Final = "interrupted; no batch is canceled by that: `evalkit collect` goes on where this left off"


def run(args: Sequence[str]) -> int:
    """Run one command line; returns its exit code and never raises, except under `--debug`."""
    try:
        code = _command([arg for arg in args if arg != _DEBUG])
        sys.stdout.flush()  # here, where a reader that has left can still be met with grace
    except BrokenPipeError:
        _forget_stdout()
        return _UNREAD
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except EvalkitError as error:
        return _failed(args, error, error.exit_code)
    except OSError as error:
        _forget_stdout()
        return _failed(args, error, ExitCode.PROVIDER)
    except Exception as error:  # noqa: BLE001 # the last net: a person gets a sentence, not a traceback
        return _failed(args, error, ExitCode.INTERNAL)
    if code == _INTERRUPTED:
        print(f"evalkit: {_ABOUT_INTERRUPT}", file=sys.stderr)  # noqa: T201
    return code


def _command(args: Sequence[str]) -> int:
    """Let typer find and call the command; its own errors become evalkit's.

    Raises:
        UsageError: the command line cannot be meant.
        BrokenPipeError: nobody reads the output any more.
    """
    from evalkit.cli.commands import app
    from evalkit.cli.screen import speak_any_text

    speak_any_text()
    try:
        code = app(list(args) or ["--help"], prog_name="evalkit", standalone_mode=False)
    except SystemExit as end:
        # A broken pipe is ended by the libraries themselves, as an exit with 1.
        if isinstance(end.__context__, BrokenPipeError):
            raise end.__context__ from None
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception as error:
        refusal = _refusal(error)
        if refusal is None:
            raise
        raise refusal from error
    if not args:
        return ExitCode.USAGE
    return code if isinstance(code, int) else ExitCode.DONE


def _refusal(error: Exception) -> UsageError | None:
    """What typer has against a command line, in evalkit's words; its classes are not public, their shape is."""
    say = getattr(error, "format_message", None)
    if not callable(say):
        return None
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "evalkit")
    message = str(say()).rstrip(".")
    return UsageError(f"{message[:1].lower()}{message[1:]}; see `{command} --help`")


def _failed(args: Sequence[str], error: Exception, code: ExitCode) -> int:
    from evalkit.cli.screen import visible

    if _DEBUG in args:
        raise error
    if "--json" in args:
        print(json.dumps({"error": _document(error, code)}))  # noqa: T201
    print(f"evalkit: {visible(_paragraph(error))}", file=sys.stderr)  # noqa: T201
    return int(code)


def _paragraph(error: Exception) -> str:
    if isinstance(error, EvalkitError):
        text = str(error)
        return f"\n{text}" if "\n" in text else text
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}; make room or choose another place, and do it again"
    return f"internal error, {type(error).__name__}: {error}; this is a fault of evalkit: `{_DEBUG}` shows where"


def _document(error: Exception, code: ExitCode) -> dict[str, object]:
    document: dict[str, object] = {"type": type(error).__name__, "message": str(error), "exit_code": int(code)}
    if isinstance(error, InputError):
        document["problems"] = [
            {"where": one.where, "field": one.field, "what": one.what, "mend": one.mend} for one in error.problems
        ]
    return document


def _forget_stdout() -> None:
    """Point stdout at nothing, so that Python does not fail once more when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

"""The screen: text as it is on stdout, with control characters made visible, so that no case can move a cursor."""

from __future__ import annotations

import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console

from evalkit.cli.columns import Column, lines

_JOINERS: Final = "\u200c\u200d"
_KEPT: Final = frozenset("\n\t" + _JOINERS)


def screen() -> Console:
    """The console of stdout; it gives no meaning to brackets, colons or numbers in what it prints."""
    return Console(highlight=False, markup=False, emoji=False)


def say(text: str = "", *, style: str | None = None) -> None:
    """A text, as it is and unbroken."""
    screen().print(visible(text), style=style, soft_wrap=True)


def say_wrapped(text: str, *, style: str | None = None, indent: str = "") -> None:
    """A paragraph, broken between words; the lines after the first are indented."""
    width = max(40, screen().width)
    broken = textwrap.wrap(
        visible(text), width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    screen().print("\n".join(broken), style=style, soft_wrap=True)


def say_table(columns: Sequence[Column]) -> None:
    """A table with a bold header."""
    console = screen()
    header, *rows = lines(columns, console.width)
    console.print(header, style="bold", soft_wrap=True)
    console.print("\n".join(rows), soft_wrap=True)


def say_title(title: str) -> None:
    """A title with a line to the end of the screen."""
    text = visible(title)
    console = screen()
    console.print(f"{text} {'─' * max(0, console.width - cell_len(text) - 1)}", style="bold", soft_wrap=True)


def visible(text: str) -> str:
    """The text with whatever could move a cursor, change a colour or turn the direction written as its code."""
    if text.isprintable():
        return text
    return "".join(letter if _harmless(letter) else _code(letter) for letter in text)


def speak_any_text() -> None:
    """Let stdout and stderr write what their encoding lacks as codes, in place of an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _harmless(letter: str) -> bool:
    return letter.isprintable() or letter in _KEPT or unicodedata.category(letter) == "Zs"


def _code(letter: str) -> str:
    number = ord(letter)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"

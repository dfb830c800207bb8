"""From the bytes of a TOML file to its plain values and their positions, or the sentence on what is wrong."""

from __future__ import annotations

import re
import tomllib
from typing import Final

from evalkit.config.positions import Positions, find_positions
from evalkit.config.words import dotted
from evalkit.errors import ConfigError, Problem

_SENTENCES: Final[tuple[tuple[str, str, str], ...]] = (
    (r"Invalid statement", "this line is neither `key = value` nor a `[table]`", ""),
    (r"Expected '=' after a key", "a key has no `=` after it", "write `key = value`; a comment needs a #"),
    (r"Invalid initial character for a key", "a key is expected here", "write `key = value`"),
    (r"Unescaped '\\' in a string", r"`\` has a meaning of its own in double quotes",
     r"use single quotes, as in pattern = '\d+', or double each `\`"),
    (r"Illegal character '\\n'", "the text is not closed on its line",
     "close the quote, or use three quotes for several lines"),
    (r"Illegal character", "there is an invisible control character", "remove it"),
    (r"Found invalid character", "there is an invisible control character", "remove it"),
    (r"Unterminated string", "the text is never closed", "close it with the quotes it began with"),
    (r"Unclosed array", "the list is not closed", "separate its items with commas and close it with `]`"),
    (r"Unclosed inline table", "the inline table is not closed",
     "separate its pairs with commas and close it with `}` on the same line"),
    (r"Expected newline or end of document", "something follows the value",
     "give one `key = value` a line, and put text in quotes"),
    (r"Expected ']'", "the table header is not closed", "write `[table]`"),
    (r"Expected '\]\]'", "the table header is not closed", "write `[[table]]`"),
    (r"Cannot (mutate|redefine|declare)", "this adds to a table that is already complete",
     "write all of the table in one place"),
    (r"(Cannot overwrite|Duplicate)", "the key is given twice", "keep one of the two"),
    (r"(Invalid hex|Escaped character)", r"the `\u` escape is not a character", "write the character itself"),
    (r"Invalid date", "this is not a date of the calendar", "put text in quotes"),
)  # fmt: skip
_WORD_MENDS: Final = {
    "none": "leave the key out: TOML has no empty value",
    "null": "leave the key out: TOML has no empty value",
    "nil": "leave the key out: TOML has no empty value",
    "true": "write true",
    "false": "write false",
    "yes": "write true",
    "no": "write false",
}


def read_toml(data: bytes, shown: str) -> tuple[dict[str, object], Positions]:
    """The plain values of a TOML file, and where each stands.

    Raises:
        ConfigError: the bytes are not UTF-8 or not TOML; `shown` is how the file is called.
    """
    text = _decode(data, shown)
    try:
        return tomllib.loads(text), find_positions(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_syntax_problems(str(error), text, shown)) from error
    except RecursionError as error:
        raise ConfigError([Problem(shown, None, "the lists are nested too deeply", "")]) from error
    except ValueError as error:  # Python limits the digits of a whole number
        raise ConfigError([Problem(shown, None, "a number has too many digits", "")]) from error


def _decode(data: bytes, shown: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            line, what = 1, "the file is UTF-16, not UTF-8"
        else:
            what = f"the byte 0x{data[error.start]:02x} is not UTF-8"
        raise ConfigError([Problem(f"{shown}:{line}", None, what, "save the file as UTF-8")]) from error


def _syntax_problems(message: str, text: str, shown: str) -> list[Problem]:
    positions = find_positions(text)
    if re.match(r"Cannot|Duplicate", message) and positions.repeats:
        return [
            Problem(
                f"{shown}:{repeat.line}",
                dotted(repeat.loc),
                f"is given twice, first on line {repeat.first}",
                "keep one of the two",
            )
            for repeat in positions.repeats
        ]
    what, mend = next(
        ((what, mend) for start, what, mend in _SENTENCES if re.match(start, message)),
        ("this is not TOML", ""),
    )
    place = re.search(r"\(at line (\d+), column (\d+)\)", message)
    if place is None:
        line = positions.unclosed or text.rstrip().count("\n") + 1
        return [Problem(f"{shown}:{line}", None, what, mend)]
    line, column = int(place[1]), int(place[2])
    if message.startswith("Invalid value"):
        what, mend = _invalid_value(text.split("\n")[line - 1][column - 1 :])
    return [Problem(f"{shown}:{line}:{column}", None, what, mend)]


def _invalid_value(rest: str) -> tuple[str, str]:
    word = re.match(r"[^\s,\]}#]*", rest)
    value = word[0] if word else ""
    if not value:
        return "the value is missing", 'write `key = "text"` or `key = 1`'
    if re.fullmatch(r"[+-]?\.\d+", value):
        mend = f"write {value.replace('.', '0.')}"
    else:
        mend = _WORD_MENDS.get(value.lower(), f'put text in quotes: "{value}"')
    return f"`{value}` is not a value", mend

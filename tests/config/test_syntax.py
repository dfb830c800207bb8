"""What is told of a file that is not TOML at all."""

from pathlib import Path

import pytest

from evalkit.config import load_config
from evalkit.errors import ConfigError

BACKSLASH = (
    r"`\` has a meaning of its own in double quotes; use single quotes, as in pattern = '\d+', or double each `\`"
)
QUOTES = "give one `key = value` a line, and put text in quotes"
LIST = "the list is not closed; separate its items with commas and close it with `]`"
INLINE = "the inline table is not closed; separate its pairs with commas and close it with `}` on the same line"
CONTROL = "there is an invisible control character; remove it"
EMPTY = ": the config is empty; run `evalkit init` to make one"
NULL = "is not a value; leave the key out: TOML has no empty value"

ROWS: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", EMPTY),
    "only comments": ("# name = 1\n\n", EMPTY),
    "no equals": ("name 'x'\n", ":1:6: a key has no `=` after it; write `key = value`; a comment needs a #"),
    "no key": ("= 1\n", ":1:1: this line is neither `key = value` nor a `[table]`"),
    "not a statement": ('a = "x" # c\n! b\n', ":2:1: this line is neither `key = value` nor a `[table]`"),
    "dotted key without its end": ("a. = 1\n", ":1:4: a key is expected here; write `key = value`"),
    "backslash": ('[a]\npattern = "\\d+"\n', f":2:14: {BACKSLASH}"),
    "text not closed on its line": (
        'a = "x\nb = 1\n',
        ":1:7: the text is not closed on its line; close the quote, or use three quotes for several lines",
    ),
    "text never closed": (
        'b = 1\na = """x\n\nc',
        ":2: the text is never closed; close it with the quotes it began with",
    ),
    "list never closed": ("b = 1\na = [1,\n2\n", f":2: {LIST}"),
    "list without comma": ('a = [\n  "x"\n  "y"\n]\n', f":3:3: {LIST}"),
    "inline table without comma": ("a = { b = 1 c = 2 }\n", f":1:13: {INLINE}"),
    "apostrophe": ("a = 'it's'\n", f":1:9: something follows the value; {QUOTES}"),
    "decimal comma": ("a = 0,5\n", f":1:6: something follows the value; {QUOTES}"),
    "header not closed": ("[a\n", ":1:3: the table header is not closed; write `[table]`"),
    "list header not closed": ("[[a]\n", ":1:4: the table header is not closed; write `[[table]]`"),
    "key twice": ("[j]\na = 1\na = 2\n", ":3: j.a: is given twice, first on line 2; keep one of the two"),
    "quoted key twice": ("a = 1\n\n'a' = 2\n", ":3: a: is given twice, first on line 1; keep one of the two"),
    "key twice in a list": (
        "[[g]]\na = 1\n[[g]]\na = 1\na = 2\n",
        ":5: g[1].a: is given twice, first on line 4; keep one of the two",
    ),
    "key twice in an inline table": (
        "a = {b=1,b=2}\n",
        ":1: a.b: is given twice, first on line 1; keep one of the two",
    ),
    "table twice": ("[a]\nb=1\n[a]\n", ":3: a: is given twice, first on line 1; keep one of the two"),
    "key and table": ("a.b = 1\na = 2\n", ":2:6: the key is given twice; keep one of the two"),
    "table made whole before": (
        "[a]\nb = { c = 1 }\nb.d = 2\n",
        ":3:8: this adds to a table that is already complete; write all of the table in one place",
    ),
    "surrogate": ('a = "\\uD800"\n', r":1:12: the `\u` escape is not a character; write the character itself"),
    "True": ("a = True\n", ":1:5: `True` is not a value; write true"),
    "null": ("a = null # x\n", f":1:5: `null` {NULL}"),
    "word": ("name = support\n", ':1:8: `support` is not a value; put text in quotes: "support"'),
    "no zero": ("a = .5\n", ":1:5: `.5` is not a value; write 0.5"),
    "no value": ("a =\n", ':1:4: the value is missing; write `key = "text"` or `key = 1`'),
    "not a date": ("a = 2026-02-30\n", ":1:5: this is not a date of the calendar; put text in quotes"),
    "control character": ("a = 'x\x00'\n", f":1:7: {CONTROL}"),
    "control character in a comment": ("# \x01\n", f":1:3: {CONTROL}"),
    "latin": (b'a = 1\nname = "caf\xe9"\n', ":2: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
    "UTF-16": ("a = 1\n".encode("utf-16"), ":1: the file is UTF-16, not UTF-8; save the file as UTF-8"),
    "deep": ("a = " + "[" * 5000, ": the lists are nested too deeply"),
    "digits": ("a = " + "9" * 5000, ": a number has too many digits"),
    "windows newlines": (b'a = 1\r\nb = "x\r\n', ":2:7: the text is not closed on its line; "
                         "close the quote, or use three quotes for several lines"),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_bad_toml_is_told_in_a_plain_sentence_with_line_and_column(folder: Path, row: str) -> None:
    content, message = ROWS[row]
    Path("evalkit.toml").write_bytes(content.encode() if isinstance(content, str) else content)

    with pytest.raises(ConfigError) as caught:
        load_config(Path("evalkit.toml"))

    assert str(caught.value) == f"evalkit.toml{message}"


def test_every_repeated_key_is_told_at_once(folder: Path) -> None:
    Path("evalkit.toml").write_text("a = 1\na = 2\n[b]\nc = 1\nc = 2\n", encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        load_config(Path("evalkit.toml"))

    assert [problem.field for problem in caught.value.problems] == ["a", "b.c"]

"""Every key of a TOML text is found on its line, however it is written."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.config.positions import Loc, find_positions

AWKWARD = '''\
# a comment with key = "no"
"quoted key" = 1
dotted."part.two".three = { a = 1, b = { c = 2 } }
text = """
fake = 1
[fake]
""" # after
literal = \'\'\'
[[fake]]
x = 'y' ""\'\'\'
ends = """two quotes"""""
list = [
  1,  # one
  [2, 3],
  { k = "a # ] }",
    l = 2 },
]
date = 1979-05-27 07:32:00
real = 3.14
[[a]]
x = "="
  [a.sub]
  y = '[[a]]'
  [[a.inner]]
  z = 1
  [[a.inner]]
  z = 2
[ a . "sub two" ]
w = 1
[[a]]
x = 2
[a.sub]
y = 3
'''
LINES: dict[Loc, int] = {
    ("quoted key",): 2,
    ("dotted",): 3,
    ("dotted", "part.two", "three", "b", "c"): 3,
    ("text",): 4,
    ("literal",): 8,
    ("ends",): 11,
    ("list",): 12,
    ("list", 0): 13,
    ("list", 1): 14,
    ("list", 1, 1): 14,
    ("list", 2): 15,
    ("list", 2, "k"): 15,
    ("list", 2, "l"): 16,
    ("date",): 18,
    ("real",): 19,
    ("a",): 20,
    ("a", 0): 20,
    ("a", 0, "x"): 21,
    ("a", 0, "sub"): 22,
    ("a", 0, "sub", "y"): 23,
    ("a", 0, "inner", 0, "z"): 25,
    ("a", 0, "inner", 1): 26,
    ("a", 0, "inner", 1, "z"): 27,
    ("a", 0, "sub two"): 28,
    ("a", 0, "sub two", "w"): 29,
    ("a", 1): 30,
    ("a", 1, "x"): 31,
    ("a", 1, "sub", "y"): 33,
}


@pytest.mark.parametrize("loc", LINES, ids=str)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
def test_awkward_toml_is_found_on_its_lines(loc: Loc, newline: str) -> None:
    assert find_positions(AWKWARD.replace("\n", newline)).lines[loc] == LINES[loc]


def test_text_that_looks_like_toml_is_not_found() -> None:
    assert not [loc for loc in find_positions(AWKWARD).lines if "fake" in loc]


def test_a_key_that_is_not_there_has_the_line_of_its_table() -> None:
    positions = find_positions(AWKWARD)

    assert positions.line(("a", 1, "sub", "missing")) == 32
    assert positions.line(("a", 1, "missing")) == 30
    assert positions.line(("missing",)) is None


def paths(value: object, loc: Loc = ()) -> list[Loc]:
    """Every key and index of a parsed value."""
    if isinstance(value, dict):
        return [loc, *(path for key, item in value.items() for path in paths(item, (*loc, key)))]
    if isinstance(value, list):
        return [loc, *(path for index, item in enumerate(value) for path in paths(item, (*loc, index)))]
    return [loc]


PIECES = st.sampled_from(
    [
        *"ab=.,[]{}\"'\n#\\ 1",
        "[[",
        "]]",
        "[a]\n",
        "[[b]]\n",
        '"""',
        "'''",
        "a = 1\n",
        "a.b = ",
        "{ a = 1 }",
        '"x y"',
        "\r\n",
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_the_walk_ends_on_any_text_and_finds_every_key_of_a_right_one(text: str) -> None:
    positions = find_positions(text)

    assert all(1 <= line <= text.count("\n") + 1 for line in positions.lines.values())
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert [path for path in paths(values) if path and path not in positions.lines] == []
    assert positions.repeats == ()
    assert positions.unclosed is None


KEYS = st.sampled_from(["a", '"b c"', "'d.e'", "f"])
SCALARS = st.sampled_from(
    ["1", "-2.5", "true", '"#=]"', "'}'", '"""\nx = 1\n"""', "1979-05-27 07:32:00", "'''[y]\n'''"]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[\n" + ",\n".join(items) + "]")
        | st.lists(st.tuples(KEYS, inner), max_size=2, unique_by=lambda pair: pair[0]).map(
            lambda pairs: "{ " + ", ".join(f"{key} = {value}" for key, value in pairs) + " }"
        )
    ),
    max_leaves=6,
)
STATEMENTS = st.one_of(
    st.tuples(KEYS, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}\n"),
    st.lists(KEYS, min_size=1, max_size=3).map(lambda keys: f"[[{'.'.join(keys)}]]  # list\n"),
    st.lists(KEYS, min_size=1, max_size=3).map(lambda keys: f"[ {' . '.join(keys)} ]\n"),
)


@given(st.lists(STATEMENTS, max_size=6).map("".join))
def test_every_key_of_a_generated_text_is_found(text: str) -> None:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return

    positions = find_positions(text)

    assert [path for path in paths(values) if path and path not in positions.lines] == []

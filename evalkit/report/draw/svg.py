"""The elements of a picture: every place across is in percent of the cell, every place down in pixels.

No `style` attribute anywhere (the page's policy blocks it): colours are presentation attributes, which the
style sheet overrides for dark pages, and which remain where a host strips the style sheet.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from html import escape
from typing import Final

from evalkit.report.words import visible

NARROW: Final = 270
"""The width in pixels of the narrowest cell a picture is drawn in; what does not overlap there never does."""
_LETTER: Final = 0.62
"""The width of a letter in parts of the size of its type: a wide estimate, since the type is the reader's."""
WIDE: Final = 560
"""The width from which a picture has room for what is hidden in a narrow one."""
_ACROSS: Final = 1000
_SIZE: Final = 11
_GONE: Final = ' display="none"'
_PAINT: Final = {
    "better": "#1a5fb4",
    "worse": "#a83f06",
    "quiet": "#5b6470",
    "tie": "#c3c8d0",
    "zero": "#5b6470",
    "grid": "#e2e5ea",
    "tick": "#c4cad3",
    "band": "#eceff3",
    "range": "#d1dff2",
    "line": "#1a5fb4",
    "other": "#c4cad3",
    "axis": "#5b6470",
    "ink": "#1a1e24",
    "gap": "#ffffff",
}
_SHAPES: Final = {
    "diamond": "M0-5.5 5.5 0 0 5.5-5.5 0z",
    "star": "M0-8 2-2.5 7.6-2.5 3.1 1 4.7 6.5 0 3.2-4.7 6.5-3.1 1-7.6-2.5-2-2.5z",
}


def percent(place: float) -> str:
    """A place across, in percent."""
    return f"{place:.1f}".removesuffix(".0") + "%"


def number(length: float) -> str:
    """A place down, in pixels."""
    return f"{length:.1f}".removesuffix(".0")


def picture(parts: Iterable[str], *, height: int, label: str) -> str:
    """A picture that a screen reader reads as `label`."""
    held = "".join(parts)
    told = f'role="img" aria-label="{escape(visible.plain(label))}"'
    return f'<svg class="plot" width="100%" height="{height}" {told}{_lettering(held)}>{held}</svg>'


def silent(parts: Iterable[str], *, height: int) -> str:
    """A picture that says nothing which is not said elsewhere, such as an axis."""
    held = "".join(parts)
    return f'<svg class="plot" width="100%" height="{height}" aria-hidden="true"{_lettering(held)}>{held}</svg>'


def defined(name: str, parts: Iterable[str]) -> str:
    """Parts that several pictures show, written once; an empty picture of no size."""
    held = "".join(parts)
    group = f'<g id="{name}" class="shared"{_lettering(held)}>{held}</g>'
    return f'<svg width="0" height="0" aria-hidden="true" class="apart">{group}</svg>'


def _lettering(held: str) -> str:
    """How text is set where it does not say so itself."""
    return f' font-size="{_SIZE}" text-anchor="middle" fill="{_PAINT["axis"]}"' if "<text" in held else ""


def used(name: str) -> str:
    """The parts that `defined` gave this name."""
    return f'<use href="#{name}"/>'


def uprights(kind: str, places: Iterable[float], *, top: float, bottom: float) -> str:
    """Upright lines at these places, in one path."""
    held = "".join(f"M{number(place * _ACROSS / 100)} {number(top)}V{number(bottom)}" for place in places)
    return stretched([path(kind, held, filled=False, width=1)] if held else [], height=int(bottom))


def across(kind: str, start: float, end: float, *, y: float, width: float = 1) -> str:
    """A level line."""
    return line(kind, (start, y), (end, y), width=width)


def down(
    kind: str, x: float, *, top: float, bottom: float, width: float = 1, dashes: str = "", hidden: bool = False
) -> str:
    """An upright line."""
    return line(kind, (x, top), (x, bottom), width=width, dashes=dashes, hidden=hidden)


def line(
    kind: str,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    width: float = 1,
    dashes: str = "",
    hidden: bool = False,
) -> str:
    """A straight line between two places."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    thick = f' stroke-width="{width:g}"' if width != 1 else ""
    return (
        f'<line class="{kind}" x1="{percent(start[0])}" y1="{number(start[1])}" x2="{percent(end[0])}"'
        f' y2="{number(end[1])}" stroke="{_paint(kind)}"{thick}{dashed}{_GONE if hidden else ""}/>'
    )


def box(kind: str, start: float, end: float, *, top: float, height: float) -> str:
    """A filled rectangle."""
    return (
        f'<rect class="{kind}" x="{percent(start)}" y="{number(top)}" width="{percent(end - start)}"'
        f' height="{number(height)}" fill="{_paint(kind)}"/>'
    )


def dot(kind: str, x: float, *, y: float, radius: float = 5, hollow: bool = False) -> str:
    """A disc, or a ring."""
    place = f'cx="{percent(x)}" cy="{number(y)}" r="{radius:g}"'
    return f'<circle class="{_hollow(kind, hollow=hollow)}" {place}{_fill(kind, hollow=hollow)}/>'


def mark(shape: str, kind: str, x: float, *, y: float, hollow: bool = True) -> str:
    """A diamond or a star; a picture within the picture, since a path knows no percent."""
    path = f'<path class="{_hollow(kind, hollow=hollow)}" d="{_SHAPES[shape]}"{_fill(kind, hollow=hollow)}/>'
    return f'<svg x="{percent(x)}" y="{number(y)}" overflow="visible">{path}</svg>'


def text(
    kind: str,
    content: str,
    x: float,
    *,
    y: float,
    anchor: str = "middle",
    size: float = 11,
    shift: float = 0,
    hidden: bool = False,
) -> str:
    """A line of text; `shift` moves it by so many pixels across; a hidden one waits for the style sheet to show it."""
    moved = f' dx="{number(shift)}"' if shift else ""
    said = kind.removesuffix("axis").strip()
    named = f' class="{said}"' if said else ""
    colour = "" if kind.endswith("axis") else f' fill="{_paint(kind)}"'
    sized = f' font-size="{size:g}"' if size != _SIZE else ""
    anchored = f' text-anchor="{anchor}"' if anchor != "middle" else ""
    place = f'x="{percent(x)}" y="{number(y)}"{moved}{anchored}{sized}{colour}{_GONE if hidden else ""}'
    return f"<text{named} {place}>{escape(visible.plain(content))}</text>"


def stretched(paths: Iterable[str], *, height: int) -> str:
    """Paths in a frame of 1000 across that stretches with the cell, by `path`."""
    held = "".join(paths)
    if not held:
        return ""
    frame = f'viewBox="0 0 {_ACROSS} {height}" width="100%" height="{height}"'
    return f'<svg {frame} preserveAspectRatio="none" overflow="visible">{held}</svg>'


def path(kind: str, steps: str, *, filled: bool, width: float = 1.5, dashes: str = "") -> str:
    """One path within `stretched`; its line keeps its width however far the frame is stretched."""
    if filled:
        return f'<path class="{kind}" d="{steps}" fill="{_paint(kind)}"/>'
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    thick = f' stroke-width="{width:g}"' if width != 1 else ""
    return (
        f'<path class="{kind}" d="{steps}" fill="none" stroke="{_paint(kind)}"{thick}'
        f' vector-effect="non-scaling-stroke"{dashed}/>'
    )


def steps(points: Iterable[tuple[float, float]]) -> str:
    """A path through places given in percent across and pixels down."""
    return "M" + " ".join(f"{number(x * _ACROSS / 100)} {number(y)}" for x, y in points)


def width_of(content: str, *, size: float = 11) -> float:
    """About how many pixels a text takes at most; wide characters count for two."""
    letters = sum(
        1.7 if unicodedata.east_asian_width(one) in "WF" else 1.35 if one.isupper() or one in "mwMW@%" else 1.0
        for one in visible.plain(content)
    )
    return letters * size * _LETTER


def fitted(content: str, room: float, *, size: float = 11) -> str:
    """The text, cut with an ellipsis where it takes more than `room` pixels."""
    plain = visible.plain(content)
    most = max(1, int(room / size / _LETTER))  # no letter is narrower
    if len(plain) <= most and width_of(plain, size=size) <= room:
        return plain
    end = min(len(plain), most)
    while end > 1 and width_of(plain[:end] + "…", size=size) > room:
        end -= 1
    return plain[:end].rstrip() + "…"


def _hollow(kind: str, *, hollow: bool) -> str:
    return f"{kind} hollow" if hollow else kind


def _fill(kind: str, *, hollow: bool) -> str:
    if hollow:
        return f' fill="{_PAINT["gap"]}" stroke="{_paint(kind)}" stroke-width="1.5"'
    return f' fill="{_paint(kind)}"'


def _paint(kind: str) -> str:
    """The colour of the last word of a kind: `reach better` is drawn as better."""
    return _PAINT[kind.rsplit(" ", 1)[-1]]

"""The pictures on a page: what they show equals the tables, what has no data is not there, all of it can be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from picture_pages import a_frontier, a_wide_page, every_picture
from playwright.sync_api import Locator
from report_pages import BASE, BETTER, CRITERION, WORSE, a_case, a_comparison, a_page

from evalkit.report import render
from evalkit.report.page import ComparisonRow, Page, SliceRow
from evalkit.report.words import figures
from evalkit.report.words.forests import delta_forests, mean_forests
from evalkit.report.words.heatmap import heatmaps
from evalkit.report.words.names import run_names
from evalkit.report.words.pictures import pictures

Opener = Callable[..., Any]
SECTIONS = ("where", "spread", "frontier", "trend", "judges")
NUMBER = re.compile(r"[+\u2212]?\$?\d[\d,]*(?:\.\d+)?")


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(every_picture(), tmp_path_factory.mktemp("pictures") / "every.html").path


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(a_wide_page(80), tmp_path_factory.mktemp("pictures") / "wide.html").path


def sections(page: Page, tmp_path: Path) -> set[str]:
    text = render(page, tmp_path / "page.html").path.read_text("utf-8")
    return {name for name in SECTIONS if f'id="{name}-head"' in text}


# --- what is there


def test_a_section_without_data_is_not_there(tmp_path: Path) -> None:
    bare = a_page([])
    cases = [a_case("c1", {BASE: 1.0, BETTER: 0.0}), a_case("c2", {BASE: 0.0, BETTER: 0.0})]
    page = a_page(cases)

    assert sections(bare, tmp_path) == set()
    assert sections(page, tmp_path) == {"where", "spread"}
    assert sections(replace(page, agreement=every_picture().agreement), tmp_path) == {"where", "spread", "judges"}
    assert sections(replace(page, frontiers=(a_frontier(),)), tmp_path) == {"where", "spread", "frontier"}
    assert sections(every_picture(), tmp_path) == set(SECTIONS)


def test_a_refused_comparison_is_named_with_its_reason_and_has_no_mark() -> None:
    page = every_picture()
    [forest] = delta_forests(page, run_names(page.runs))
    [group] = forest.groups

    refused = [row for row in group.rows if row.delta is None]
    assert [row.name for row in refused] == ["model-c"]
    assert refused[0].refused == "not comparable: the judges differ: claude-haiku-4-5 and claude-haiku-5-5"
    assert refused[0] not in group.drawn


def test_runs_of_another_range_of_values_have_an_axis_of_their_own() -> None:
    page = every_picture()
    five = replace(
        page.runs[0],
        criterion="stars",
        mean=4.0,
        low=3.9,
        high=4.1,
        low_value=1.0,
        high_value=5.0,
        worst=None,
        best=None,
        corrected=None,
    )

    forests = mean_forests(replace(page, runs=(*page.runs, five)), run_names(page.runs))

    assert [len(forest.groups) for forest in forests] == [1, 1]
    assert max(forests[0].ends) <= 1.0
    assert (min(forests[1].ends), max(forests[1].ends)) == (1.0, 5.0)


def test_with_several_baselines_the_rows_stand_under_the_baseline_they_are_held_against() -> None:
    page = a_wide_page(20, runs=4, criteria=1, slices=1)

    [forest] = delta_forests(page, run_names(page.runs))

    assert [group.title for group in forest.groups] == [
        "criterion-0, against claude-candidate-0-with-a-name-that-is-long",
        "criterion-0, against claude-candidate-1-with-a-name-that-is-long",
    ]


def test_a_heatmap_stars_an_adjusted_p_below_a_twentieth_and_nothing_else() -> None:
    def row(name: str, run: str, value: float | None, p_adjusted: float | None, key: str | None = None) -> SliceRow:
        return SliceRow(
            name=name,
            run=run,
            baseline=BASE,
            grader=CRITERION,
            criterion=CRITERION,
            n=9,
            value=value,
            low=0.1,
            high=1.0,
            key=key,
            p_adjusted=p_adjusted,
        )

    tags, locales = heatmaps(
        (
            row("api", BETTER, 0.4, 0.049),
            row("api", WORSE, -0.2, 0.05),
            row("legal", BETTER, None, None),
            row("en", BETTER, 0.4, None, key="locale"),
        ),
        {BETTER: "b", WORSE: "c"},
    )

    first, second = tags.rows
    assert (tags.what, locales.what) == (
        "By tag: difference to the baseline",
        "By locale: difference to the baseline",
    )
    assert [(patch.text, patch.tint, patch.star) for patch in first.patches if patch] == [
        ("+0.400", "t4", True),
        ("\u22120.200", "t-2", False),
    ]
    assert [patch and patch.text for patch in second.patches] == ["no score", None]
    assert tags.adjusted
    assert not locales.adjusted
    assert not any(patch.star for line in locales.rows for patch in line.patches if patch)


def test_beyond_fifteen_slices_the_rest_is_folded() -> None:
    page = a_wide_page(20, runs=3, criteria=1, slices=60)

    [map_] = heatmaps(page.slices, run_names(page.runs))

    assert (len(map_.first), len(map_.rest)) == (15, 45)


# --- the same numbers as the rows


def test_a_forest_says_the_numbers_of_its_rows() -> None:
    page = every_picture()
    names = run_names(page.runs)
    held = pictures(page, page.cases.columns(), names)
    rows = {names[row.run]: row for row in page.runs}

    for drawn in held.means[0].groups[0].rows:
        row = rows[drawn.name]
        assert drawn.text == f"{figures.value(row.mean or 0)} {figures.interval(row.low, row.high)}"
        assert drawn.mean is not None
        assert (drawn.mean.middle, drawn.mean.low, drawn.mean.high) == (row.mean, row.low, row.high)
        assert (drawn.corrected and drawn.corrected.middle) == row.corrected
        assert (drawn.bounds is None) is (row.scored == row.n)
    compared = {names[row.candidate]: row for row in page.comparisons if row.delta is not None}
    for drawn in held.deltas[0].groups[0].drawn:
        row = compared[drawn.name]
        assert drawn.text == figures.signed(row.delta or 0)
        interval = figures.signed_interval(row.low, row.high)
        assert drawn.interval == interval
        assert drawn.label == f"{drawn.name} against model-a: {drawn.text} {interval}"
        assert (drawn.wins, drawn.ties, drawn.losses) == (row.wins, row.ties, row.losses)


def test_who_is_dominated_is_so_by_the_means_and_it_is_said_where_the_page_shows_no_difference() -> None:
    points = (("model-a", 0.001, 0.7), ("model-b", 0.002, 0.65), ("model-c", 0.003, 0.6))
    cases = [a_case(f"c{number}", dict.fromkeys((BASE, BETTER, WORSE), number % 2)) for number in range(8)]
    unsure, sure = {"delta": -0.05, "low": -0.12, "high": 0.02}, {"delta": -0.1, "low": -0.15, "high": -0.05}
    rows = (a_comparison(BASE, BETTER, cases, **unsure), a_comparison(BASE, WORSE, cases, **sure))

    def said(*comparisons: ComparisonRow, judge: str = "judge-1") -> list[str]:
        page = a_page(cases, comparisons=comparisons, frontiers=(a_frontier(points, judge=judge),))
        [picture] = pictures(page, page.cases.columns(), run_names(page.runs)).frontiers
        assert picture.numbers.head[2] == "cost of the answers to 1,000 cases"
        return list(picture.findings)

    second, third = said(*rows)
    assert second == (
        "By the means model-b is dominated: model-a costs no more and scored no lower; its difference in score is not "
        "shown, see the paired comparison."
    )
    assert third == "By the means model-c is dominated: model-a and model-b cost no more and scored no lower."
    assert said(rows[0], replace(rows[0], candidate=WORSE))[1].endswith(
        "; its difference in score to model-a is not shown, see the paired comparison."
    )
    assert not any("not shown" in line for line in said(*rows, judge="another"))


class Figures(HTMLParser):
    """What each figure says: in the labels of its pictures, and in its tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.labels: list[str] = []
        self.shown: list[str] = []
        self.styled = 0
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.styled += "style" in held
        if tag == "figure":
            self._inside = True
            self.labels.append("")
            self.shown.append("")
        elif tag == "svg" and held.get("role") == "img":
            assert held["aria-label"]
            self.labels[-1] += " " + (held["aria-label"] or "")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "figure"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.shown[-1] += " " + data


def test_every_number_a_picture_tells_stands_in_a_table_of_its_figure(every: Path) -> None:
    found = Figures(every.read_text("utf-8"))

    told = [label for label in found.labels if label]
    assert len(told) >= 7
    assert found.styled == 0
    for label, shown in zip(found.labels, found.shown, strict=True):
        numbers = set(NUMBER.findall(label))
        assert numbers <= set(NUMBER.findall(shown)), numbers - set(NUMBER.findall(shown))


def test_the_pictures_of_a_usual_page_are_small() -> None:
    from evalkit.report.write.engine import environment

    page = a_wide_page(50, runs=4, criteria=3, slices=8)
    page = replace(page, trends=page.trends[:1], frontiers=page.frontiers)
    held = pictures(page, page.cases.columns(), run_names(page.runs))
    text = environment().get_template("charts.html.j2").render(page=page, pictures=held, n_cases=50)

    assert len(text.encode("utf-8")) < 84_000


# --- colours


PAIR = re.compile(r"light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")


def sheet(name: str) -> str:
    return (files("evalkit.report") / "static" / name).read_text(encoding="utf-8")


def light_and_dark(rule: str, text: str) -> tuple[str, str]:
    found = re.search(re.escape(rule) + r"\s*(?:\{ background:|:)\s*" + PAIR.pattern, text)
    assert found, rule
    return found[1], found[2]


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_on_every_tint_and_behind_every_mark(dark: bool) -> None:
    tokens, own = sheet("report.css"), sheet("pictures.css")
    ink, quiet, paper, better, worse = (
        light_and_dark(f"--{name}", tokens)[dark] for name in ("ink", "quiet", "paper", "better", "worse")
    )
    tints = [light_and_dark(f".t{step}", own)[dark] for step in (-4, -3, -2, -1, 1, 2, 3, 4)]

    assert len(set(tints)) == 8
    assert min(contrast(ink, tint) for tint in tints) >= 4.5
    assert contrast(quiet, paper) >= 4.5
    # Marks must be told from the paper and from the band of the margin and of an interval.
    behind = [paper, *(light_and_dark(f".{kind} {{ --drawn", own)[dark] for kind in ("band", "range"))]
    assert min(contrast(mark, ground) for mark in (better, worse, quiet) for ground in behind) >= 3


# --- in a browser


MEASURE = """(texts) => texts.map((text) => {
  const box = text.getBBox(), frame = text.ownerSVGElement.getBoundingClientRect();
  return [text.textContent, frame.x + box.x, frame.y + box.y, box.width, box.height];
})"""


def texts(section: Locator) -> list[tuple[str, float, float, float, float]]:
    """The texts of its pictures that are shown: what, and (left, top, width, height)."""
    return [box for box in section.locator("svg[role=img] text").evaluate_all(MEASURE) if box[3]]


def overlap(one: tuple[str, float, float, float, float], other: tuple[str, float, float, float, float]) -> bool:
    _, left, top, width, height = one
    _, x, y, across, down = other
    return left < x + across and x < left + width and top < y + down - 1 and y < top + height - 1


@pytest.mark.browser
@pytest.mark.parametrize("size", [320, 700, 1280])
@pytest.mark.parametrize("page", ["every", "wide"])
def test_names_in_pictures_do_not_overlap_and_nothing_scrolls_sideways(
    page: str, size: int, open_report: Opener, request: pytest.FixtureRequest
) -> None:
    watched = open_report(request.getfixturevalue(page), viewport={"width": size, "height": 900})
    tab = watched.tab

    assert tab.evaluate("() => document.documentElement.scrollWidth") <= size
    held = texts(tab.locator("section[aria-labelledby=frontier-head] figure"))
    assert held
    for name, left, _, width, _ in held:
        assert left >= 0, name
        assert left + width <= size, name
    assert [pair for pair in combinations(held, 2) if overlap(*pair)] == []
    assert watched.violations == []


@pytest.mark.browser
def test_the_style_sheet_colours_the_shared_parts_and_shows_more_names_where_there_is_room(
    every: Path, open_report: Opener
) -> None:
    tab = open_report(every, color_scheme="dark", viewport={"width": 1280, "height": 900}).tab
    narrow = open_report(every, viewport={"width": 320, "height": 900}).tab
    paint = """(kind) => getComputedStyle(document.querySelector(`.shared .${kind}`)).stroke"""

    assert tab.evaluate(paint, "grid") != narrow.evaluate(paint, "grid")
    whole = "opus-4-8 with a long system prompt"
    assert whole in [text for text, *_ in texts(tab.locator("section[aria-labelledby=frontier-head]"))]
    assert whole not in [text for text, *_ in texts(narrow.locator("section[aria-labelledby=frontier-head]"))]


CELLS = """(cells) => cells.map((cell) => {
  const two = (part) => (+part).toString(16).padStart(2, "0");
  const hex = (text) => "#" + text.match(/[0-9]+/g).slice(0, 3).map(two).join("");
  return [cell.textContent, hex(getComputedStyle(cell).color), hex(getComputedStyle(cell).backgroundColor)];
})"""


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_tinted_cell_can_be_read(every: Path, open_report: Opener, scheme: str) -> None:
    tab = open_report(every, color_scheme=scheme).tab

    cells = tab.locator(".heat td[class^=t]").evaluate_all(CELLS)
    assert len(cells) > 10
    assert [cell for cell in cells if contrast(*cell[1:]) < 4.5] == []


@pytest.mark.browser
def test_without_script_the_numbers_behind_a_picture_open_by_keyboard(every: Path, open_report: Opener) -> None:
    tab = open_report(every, script=False).tab
    details = tab.locator("section[aria-labelledby=frontier-head] details.numbers")

    details.locator("summary").focus()
    tab.keyboard.press("Enter")

    row = details.locator("tbody tr").nth(3)
    assert row.inner_text().split("\t") == ["opus-5-5", "400", "$10.20", "0.790 [0.760, 0.820]", "77", "\u2013"]


@pytest.mark.browser
def test_of_twenty_runs_on_five_criteria_the_first_stands_open_and_print_shows_all(
    wide: Path, open_report: Opener
) -> None:
    tab = open_report(wide).tab
    means = tab.locator("table.means")

    shown = [table.is_visible() for table in means.all()]
    assert shown == [True, False, False, False, False]
    tab.emulate_media(media="print")
    assert all(table.is_visible() for table in means.all())

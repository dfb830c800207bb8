"""Everybody can use a page: by axe's rules, by keyboard, on a narrow screen, with wider text, on paper."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from complete_pages import complete_page, with_texts
from picture_pages import a_wide_page, every_picture
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab
from report_pages import BASE, BETTER, a_case, a_page
from tabs import watched_tabs

from evalkit.report import Rendering, render

Opener = Callable[..., Any]
pytestmark = pytest.mark.browser

LONG = pytest.mark.sweep
AXE = Path(__file__).parents[2] / ".web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AUDIT = """async (tags) => {
  const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, html }) => `${id}: ${target.join(" ")}: ${html}`));
}"""
OPEN_ALL = "() => { for (const one of document.querySelectorAll('details')) one.open = true; }"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 800}
SPACING = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }
"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SCRIPTS = ("漢字かな交じり文と한국어", "مرحبا بالعالم 123", "שלום עולם", "ไทยไม่มีช่องว่าง", "Donaudampfschifffahrt" * 12)


@pytest.fixture(scope="session")
def axe() -> Path:
    if not AXE.is_file():
        reason = "no axe-core in .web/node_modules (make lint, or npm ci in .web)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return AXE


class Pages(dict[str, Path]):
    """Every kind of page, written when it is first asked for."""

    def __init__(self, folder: Path, demo: Path) -> None:
        super().__init__(demo=demo)
        self._folder = folder

    def __missing__(self, name: str) -> Path:
        made: dict[str, Callable[[], Any]] = {
            "complete": complete_page,
            "pictures": lambda: every_picture(80),
            "wide": lambda: a_wide_page(40, slices=12),
            "bare": lambda: a_page([]),
            "parts": lambda: complete_page(150),
        }
        rendering = Rendering(split=True, text_limit=1) if name == "parts" else Rendering()
        out = self._folder / ("parts" if name == "parts" else f"{name}.html")
        self[name] = render(made[name](), out, rendering).path
        return self[name]


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory, demo_pages: tuple[Path, ...]) -> Pages:
    return Pages(tmp_path_factory.mktemp("accessible"), demo_pages[0])


@pytest.fixture
def audited(chromium: Browser, axe: Path) -> Iterator[Callable[..., Tab]]:
    """Opens a page with axe in it: the page's own policy would keep it out."""
    with watched_tabs(chromium, ready=None) as tabs:

        def opened(path: Path, **options: Any) -> Tab:
            tab = tabs(path.as_uri(), bypass_csp=True, **options).tab
            tab.add_script_tag(path=axe)
            return tab

        yield opened


def faults(tab: Tab) -> list[str]:
    return tab.evaluate(AUDIT, RULES)


@pytest.mark.parametrize(
    "name", ["demo", *(pytest.param(name, marks=LONG) for name in ("complete", "pictures", "wide", "bare", "parts"))]
)
def test_axe_finds_nothing_light_or_dark_wide_or_narrow(pages: Pages, audited: Callable[..., Tab], name: str) -> None:
    tab = audited(pages[name], viewport=WIDE)
    tab.locator("html[data-ready]").wait_for()

    for scheme, size in (("light", WIDE), ("dark", NARROW)):
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        tab.set_viewport_size(size)  # type: ignore[arg-type]
        assert faults(tab) == [], (name, scheme)
        if name != "wide":
            tab.evaluate(OPEN_ALL)
            assert faults(tab) == [], (name, scheme, "all open")


def test_axe_finds_nothing_with_the_help_open(pages: Pages, audited: Callable[..., Tab]) -> None:
    tab = audited(pages["demo"], viewport=WIDE)
    tab.locator("html[data-ready]").wait_for()

    tab.locator("#list").focus()
    tab.keyboard.press("?")
    expect(tab.locator("#help")).to_be_visible()

    assert faults(tab) == []


def test_axe_finds_nothing_where_the_script_is_forbidden(
    pages: Pages, tmp_path: Path, audited: Callable[..., Tab]
) -> None:
    html = pages["pictures"].read_text(encoding="utf-8")
    bare = tmp_path / "bare.html"
    bare.write_text(re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL), encoding="utf-8")
    tab = audited(bare, viewport=WIDE)

    expect(tab.locator("#no-script")).to_be_visible()
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert faults(tab) == []


def test_axe_finds_what_is_planted(pages: Pages, tmp_path: Path, audited: Callable[..., Tab]) -> None:
    planted = "<button></button><img src=''><p style='color: #ccc; background: #fff'>pale</p><input>"
    html = pages["bare"].read_text(encoding="utf-8").replace("<main>", f"<main>{planted}")
    (tmp_path / "r.html").write_text(html, encoding="utf-8")

    found = {text.split(":")[0] for text in faults(audited(tmp_path / "r.html"))}

    assert found == {"button-name", "image-alt", "color-contrast", "label"}


# The element with the focus: what it is, whether it can be seen, and whether it can be seen that it has the focus.
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const all = [...document.querySelectorAll("*")];
  const { top, bottom, left, right, width, height } = one.getBoundingClientRect();
  const style = getComputedStyle(one);
  return {
    at: all.indexOf(one),
    name: `${one.tagName.toLowerCase()}#${one.id}.${one.className}`,
    seen: width > 0 && height > 0 && bottom > 0 && top < innerHeight && right > 0 && left < innerWidth,
    marked: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none",
  };
}"""
REACHABLE = """() => {
  const all = [...document.querySelectorAll("*")];
  const focusable = "a[href], button:not(:disabled), input, select, textarea, summary, [tabindex='0']";
  const seen = (one) => one.matches(focusable) && one.checkVisibility({ visibilityProperty: true });
  return all.flatMap((one, at) => seen(one) ? [at] : []);
}"""


@pytest.mark.parametrize("name", ["demo", pytest.param("pictures", marks=LONG)])
def test_the_tab_key_goes_through_all_of_a_page_visibly_and_is_never_caught(
    pages: Pages, open_report: Opener, name: str
) -> None:
    tab = open_report(pages[name], reduced_motion="reduce").tab
    wanted = set(tab.evaluate(REACHABLE))

    visited: list[dict[str, Any]] = []
    for _ in range(len(wanted) + 50):
        tab.keyboard.press("Tab")
        focused = tab.evaluate(FOCUSED)
        if focused is None:
            break
        visited.append(focused)

    assert focused is None, "the focus never leaves the page"
    assert visited[0]["name"].startswith("a#.skip")
    assert [one["name"] for one in visited if not (one["seen"] and one["marked"])] == []
    places = [one["at"] for one in visited]
    assert len(set(places)) == len(places)
    assert wanted - set(places) == set()


def test_the_skip_link_leads_to_the_cases(pages: Pages, open_report: Opener) -> None:
    tab = open_report(pages["demo"]).tab

    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(tab.locator("#cases-head")).to_be_in_viewport()
    tab.keyboard.press("Tab")

    assert tab.evaluate("() => document.querySelector('#cases').contains(document.activeElement)")


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize(
    "name", ["demo", pytest.param("complete", marks=LONG), "pictures", pytest.param("wide", marks=LONG)]
)
def test_nothing_scrolls_sideways_at_320_pixels_even_all_open(
    pages: Pages, open_report: Opener, name: str, script: bool
) -> None:
    tab = open_report(pages[name], script=script, viewport=NARROW).tab

    assert tab.evaluate(SIDEWAYS) <= 0
    tab.evaluate(OPEN_ALL)
    assert tab.evaluate(SIDEWAYS) <= 0


def test_wider_spacing_of_text_cuts_nothing_off(pages: Pages, audited: Callable[..., Tab]) -> None:
    tab = audited(pages["pictures"], viewport=NARROW)
    tab.locator("html[data-ready]").wait_for()

    tab.add_style_tag(content=SPACING)

    assert tab.evaluate(SIDEWAYS) <= 0
    cut = tab.evaluate(
        """() => [...document.querySelectorAll("main *")].filter((one) =>
          ["hidden", "clip"].includes(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1
          && getComputedStyle(one).clipPath === "none" && one.clientWidth > 0
          && !one.closest(".row, svg, select, input"))
          .map((one) => `${one.parentElement.className} ${one.tagName} ${one.textContent.slice(0, 40)}`)"""
    )
    assert cut == []


def test_every_script_of_the_world_fits_and_runs_in_its_direction(tmp_path: Path, open_report: Opener) -> None:
    text = "\n".join(SCRIPTS)
    page = with_texts(complete_page(3), lambda given: f"{given} {text}")
    out = render(page, tmp_path / "r.html").path

    tab = open_report(out, "show=all", viewport=NARROW).tab
    expect(tab.locator("#case .text").first).to_be_visible()
    assert tab.evaluate(SIDEWAYS) <= 0

    arabic = a_page([a_case("c1", {BASE: 1.0, BETTER: 0.0}, input=SCRIPTS[1])])
    tab = open_report(render(arabic, tmp_path / "a.html").path).tab
    direction = "(one) => [getComputedStyle(one).direction, getComputedStyle(one).unicodeBidi]"
    found = tab.locator("#case .text").first.evaluate(direction)
    assert found[0] == "rtl" or found[1] == "plaintext"


def test_whoever_wants_no_motion_gets_none(pages: Pages, open_report: Opener) -> None:
    tab = open_report(pages["demo"], reduced_motion="reduce").tab

    moving = tab.evaluate(
        """() => [...document.querySelectorAll("*")].filter((one) => {
          const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(one);
          return transitionDuration.split(", ").some((time) => parseFloat(time) > 0.01) || animationName !== "none"
            || scrollBehavior === "smooth";
        }).map((one) => one.className)"""
    )

    assert moving == []


def test_on_paper_every_static_part_is_there_on_few_pages(pages: Pages, open_report: Opener) -> None:
    tab = open_report(pages["demo"]).tab
    parts = tab.locator("h2").evaluate_all("(all) => all.map((one) => one.id)")

    pdf = tab.pdf(format="A4")
    tab.emulate_media(media="print")

    for part in parts:
        if part != "cases-head":
            expect(tab.locator(f"#{part}")).to_be_visible()
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 14

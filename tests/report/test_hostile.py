"""Hostile texts in every field of a page, in a real Chromium: nothing runs, nothing leaves, nothing breaks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from complete_pages import complete_page, empty_fields, with_texts
from hostile import HOSTILE, KEYS, poisoned, shown
from playwright.sync_api import expect
from report_pages import BASE, BETTER, CRITERION, Cell, a_case, a_page

from evalkit.report import Rendering, render
from evalkit.report.page import CellKey, OutputText, ReplyText, SampleText
from evalkit.score import Status

Opener = Callable[..., Any]
pytestmark = pytest.mark.browser

FOREIGN = "main :is(script, style, img, iframe, base, object, embed, form, link, meta, math, a[href^='java'], [onload])"
SEND = """() => new Promise((blocked) => {
  document.addEventListener("securitypolicyviolation", (event) => blocked(event.violatedDirective));
  document.getElementById("send").click();
})"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with every hostile text in every field."""
    page = with_texts(complete_page(6), poisoned)
    return render(page, tmp_path_factory.mktemp("hostile") / "r.html").path


def assert_quiet(seen: Any, path: Path) -> None:
    """Nothing ran, nothing was asked of anybody, nobody complained."""
    assert seen.tab.evaluate("() => window.pwned") is None
    assert seen.requests == [path.as_uri()]
    assert seen.console == []
    assert seen.violations == []
    assert seen.tab.locator(FOREIGN).count() == 0


def all_text(tab: Any) -> str:
    return tab.locator("main").evaluate("(main) => main.textContent")


def missing(text: str) -> list[str]:
    """The hostile texts that cannot be read in this text."""
    squeezed = re.sub(r"\s+", " ", text)
    return [name for name, one in HOSTILE.items() if re.sub(r"\s+", " ", shown(one)).strip() not in squeezed]


def test_the_page_of_these_tests_has_something_in_every_field() -> None:
    assert empty_fields(complete_page()) == ["CaseRow.changed_in"]


def test_hostile_text_in_every_field_is_shown_and_never_run(hostile: Path, open_report: Opener) -> None:
    seen = open_report(hostile)
    tab = seen.tab

    for button in tab.locator("#filters button").all():
        button.click()
    tab.locator("#filters button[value=all]").click()
    for row in range(3):
        tab.locator("#canvas .row").nth(row).click()
        expect(tab.locator("#case .text").first).to_be_visible()
        tab.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        tab.wait_for_timeout(50)
    tab.locator("#list").focus()
    tab.keyboard.press("?")

    assert missing(tab.locator("#case").evaluate("(one) => one.textContent")) == []
    assert tab.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    assert_quiet(seen, hostile)


def test_without_script_the_same_texts_are_text(hostile: Path, open_report: Opener) -> None:
    seen = open_report(hostile, script=False)

    assert missing(all_text(seen.tab)) == []
    assert seen.requests == [hostile.as_uri()]
    assert seen.tab.locator(FOREIGN).count() == 0


def test_split_hostile_texts_are_as_harmless(tmp_path: Path, open_report: Opener) -> None:
    page = with_texts(complete_page(6), poisoned)
    done = render(page, tmp_path / "r.html", Rendering(split=True))

    seen = open_report(done.path)
    seen.tab.locator("#filters button[value=all]").click()
    expect(seen.tab.locator("#case .text").first).to_be_visible()

    assert seen.requests == [path.as_uri() for path in done.files]
    assert (seen.console, seen.violations) == ([], [])
    assert seen.tab.evaluate("() => window.pwned") is None


def test_names_that_every_object_has_are_names_like_others(tmp_path: Path, open_report: Opener) -> None:
    cases = [_named(key) for key in KEYS if key]
    page = a_page(cases, prompts=dict.fromkeys(KEYS, "a prompt"), provenance=dict.fromkeys(KEYS, "a fact"))
    runs = tuple(replace(row, candidate="__proto__" if row.run == BASE else "constructor") for row in page.runs)
    out = render(replace(page, runs=runs), tmp_path / "r.html").path

    seen = open_report(out, "show=all&sort=dataset")
    tab = seen.tab
    assert tab.locator("#canvas .row .id").all_inner_texts() == [key for key in KEYS if key]
    for row in range(len(cases)):
        tab.locator("#canvas .row").nth(row).click()
        expect(tab.locator("#case h3")).to_have_text(cases[row].case_id)
        assert tab.locator("#case").inner_text().count("the value of") >= 3
    tab.locator("#tag").select_option("__proto__")
    tab.locator("#find").fill("a needle")
    tab.locator("#find").press("Enter")

    assert tab.evaluate("() => [Object.keys(Object.prototype), ({}).polluted ?? null]") == [[], None]
    assert_quiet(seen, out)


def _named(key: str) -> Any:
    """A case in which every name is one that objects have."""
    named = {name: f"the value of {name}" for name in (key, "__proto__", "constructor", "polluted")}
    usage = dict.fromkeys((key, "__proto__", "constructor"), 1)
    reply = ReplyText(custom_id=key, batch=key, served_model=key, stop_reason=key, usage=usage, raw="{}")
    samples = (SampleText(status=Status.SCORED, value=0.0, label=key), SampleText(status=Status.SCORED, value=1.0))
    cell = Cell(status=Status.SCORED, value=0.5, label=key, reason=key, samples=samples, reply=reply)
    return a_case(
        key,
        {},
        input=key,
        tags=tuple(sorted({key, "__proto__"})),
        metadata=named,
        more=named,
        outputs={"__proto__": OutputText(text=key, usage=usage), "constructor": OutputText(text=key, usage=usage)},
        cells={CellKey(BASE, CRITERION): cell, CellKey(BETTER, CRITERION): cell},
    )


@pytest.mark.sweep
def test_a_megabyte_in_one_line_is_cut_everywhere_and_breaks_nothing(tmp_path: Path, open_report: Opener) -> None:
    long = "x" * (1 << 20)
    page = with_texts(complete_page(3), lambda text: text + "y" * 20_000)
    rows = [replace(case, input=long, expected=long, cluster=long, metadata={"long": long}) for case in page.cases.rows]
    out = render(replace(page, cases=replace(page.cases, rows=rows)), tmp_path / "r.html").path

    seen = open_report(out, viewport={"width": 900, "height": 700})
    seen.tab.locator("#filters button[value=all]").click()
    expect(seen.tab.locator("#case .text").first).to_be_visible()

    for width in (320, 900, 1400):
        seen.tab.set_viewport_size({"width": width, "height": 700})
        assert seen.tab.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    assert_quiet(seen, out)


def test_code_that_somebody_plants_in_the_file_is_blocked_and_these_tests_see_it(
    tmp_path: Path, open_report: Opener
) -> None:
    out = render(a_page([a_case("c1", {BASE: 1.0})]), tmp_path / "r.html").path
    planted = (
        "<script>window.pwned=1</script><p style='color:red' onclick='window.pwned=1' id=planted>x</p>"
        "<img src='http://example.invalid/x.png'><style>p{color:red}</style><iframe srcdoc='x'></iframe>"
        "<base href='http://example.invalid/'><form action='http://example.invalid/'><button id=send>x</button></form>"
    )
    html = out.read_text(encoding="utf-8").replace("<main>", f"<main>{planted}")
    out.write_text(html, encoding="utf-8")

    seen = open_report(out)
    seen.tab.locator("#planted").click()

    assert seen.tab.evaluate("() => window.pwned") is None
    # That it was about to be asked for is noticed; that it was not is what the violation of `img-src` says.
    assert seen.requests == [out.as_uri(), "http://example.invalid/x.png"]
    blocked = {text.split()[0] for text in seen.violations}
    assert blocked >= {"script-src-elem", "script-src-attr", "style-src-attr", "style-src-elem", "img-src", "base-uri"}
    assert seen.tab.locator(FOREIGN).count() > 0
    assert seen.console != []
    assert seen.tab.evaluate(SEND) == "form-action"

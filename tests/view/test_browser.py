"""The page in a real Chromium: live, by clicks, without a script, and when the server is gone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

import evalkit
from evalkit.view import Viewer, listing

pytestmark = pytest.mark.browser


def test_a_run_that_is_collected_meanwhile_changes_before_the_readers_eyes(
    watching: Callable[..., Viewer], browse: Any, suite: Path, sqlite_url: str
) -> None:
    viewer = watching(sqlite_url)
    page = browse(viewer.url)
    tab = page.tab
    expect(tab.locator("#none")).to_be_visible()

    found = evalkit.submit(suite, store=sqlite_url, label="night", sandbox=True)
    judged = next(row.run for row in found if row.judge)
    row = tab.locator(f'tbody[data-run="{judged}"]')
    expect(row).to_contain_text("submitted")
    expect(row).to_contain_text("0 of 6")
    expect(tab.locator("#batches tbody tr")).to_have_count(2)
    expect(tab.locator("#batches")).to_contain_text("old × correctness")
    expect(tab.locator("#notes")).to_contain_text("not collected yet")
    expect(tab.locator("#newest")).to_contain_text("fresh")
    row.get_by_role("checkbox").check()

    evalkit.collect(store=sqlite_url, wait=True, sandbox=True)
    expect(row).not_to_contain_text("submitted")
    expect(row.locator("[data-slot=mean]")).to_be_visible()
    expect(row.locator("svg")).to_be_visible()
    expect(tab.locator("#open")).to_be_hidden()
    expect(row.get_by_role("checkbox")).to_be_checked()
    expect(row.get_by_role("checkbox")).to_be_focused()
    assert tab.locator("tbody.run").count() == 4
    assert page.violations == []
    assert page.console == []
    assert {url.partition("?")[0] for url in page.requests} == {viewer.url, f"{viewer.url}runs.json"}


@pytest.mark.parametrize("criteria", [1, 3])
def test_what_the_script_draws_is_what_the_server_draws(
    viewer: Viewer, browse: Any, monkeypatch: pytest.MonkeyPatch, criteria: int
) -> None:
    made = listing.run_item
    monkeypatch.setattr(listing, "run_item", lambda views, scales: made([*views] * criteria, scales))
    drawn = """() => [...document.querySelectorAll("#runs tbody")].map(
        (body) => body.outerHTML.replace(/>\\s+/g, ">").replace(/\\s+</g, "<").replace(/run news/, "run"))"""
    served = browse(viewer.url, script=False)
    by_server = served.tab.evaluate(drawn)
    page = browse(f"{viewer.url}?find=nothing-of-this")
    expect(page.tab.locator("tbody.run")).to_have_count(0)

    page.tab.get_by_label("find").fill("")
    expect(page.tab.locator("tbody.run")).to_have_count(len(by_server))
    by_script = page.tab.evaluate(drawn)

    assert by_server[0].count("<tr>") == criteria
    assert [sorted_attributes(one) for one in by_script] == [sorted_attributes(one) for one in by_server]


def sorted_attributes(markup: str) -> list[tuple[str, tuple[str, ...]]]:
    """The tags with their attributes in one order, and the texts between them."""
    parts = re.findall(r"<[^>]*>|[^<]+", re.sub(r"\s+", " ", markup))
    return [(part.split(" ")[0], tuple(sorted(re.findall(r"[\w-]+(?:=\"[^\"]*\")?", part)))) for part in parts]


def test_any_comparison_is_a_few_clicks_away_and_its_report_works(viewer: Viewer, scored: Any, browse: Any) -> None:
    page = browse(viewer.url)
    tab = page.tab
    tab.get_by_label("suite").select_option("sums")
    tab.get_by_label("label").select_option("plain")
    expect(tab.locator("tbody.run")).to_have_count(4)
    expect(tab.get_by_role("button", name="Compare")).to_be_disabled()
    for run in scored.runs(suite="sums", label="plain", grader="correctness"):
        tab.locator(f'tbody[data-run="{run}"]').get_by_role("checkbox").check()
    expect(tab.locator("#chosen")).to_have_text("2 runs chosen")
    tab.get_by_label("baseline").select_option("new")
    listed = tab.url

    tab.get_by_role("button", name="Compare").click()
    tab.locator("html[data-ready]").wait_for()
    assert tab.title().startswith("old ")
    assert "than new" in tab.title() or "new" in tab.title()
    tab.locator(".row[aria-selected]").first.click()
    expect(tab.locator("#case")).to_contain_text("It is")
    assert page.violations == []

    tab.go_back()  # to the report as it was opened
    tab.go_back()
    tab.locator("html[data-looks]").wait_for()
    assert tab.url == listed
    expect(tab.locator("#chosen")).to_have_text("2 runs chosen")
    expect(tab.locator("#baseline")).to_have_value("new")
    assert page.console == []
    assert all(url.startswith((viewer.url, "data:")) for url in page.requests)


def test_a_run_that_the_filter_hides_stays_chosen(viewer: Viewer, scored: Any, browse: Any) -> None:
    tab = browse(viewer.url).tab
    chosen = [scored.runs(suite="sums", label="plain", candidate=name, grader="exact")[0] for name in ("old", "new")]
    for run in chosen:
        tab.locator(f'tbody[data-run="{run}"]').get_by_role("checkbox").check()

    tab.get_by_label("find").fill("other")
    expect(tab.locator("tbody.run")).to_have_count(4)
    expect(tab.locator("#chosen")).to_have_text("2 runs chosen, 2 not in this list")
    tab.get_by_role("button", name="Compare").click()
    tab.locator("html[data-ready]").wait_for()

    assert all(f"run={run}" in tab.url for run in chosen)


def test_hostile_text_stays_text_in_the_list_and_in_what_the_script_adds(
    viewer: Viewer, scored: Any, browse: Any
) -> None:
    page = browse(viewer.url)
    tab = page.tab
    tab.get_by_label("suite").select_option("sums")  # drawn by the script from here on
    hostile = tab.locator("tbody.run").filter(has_text="onerror")
    expect(hostile).to_have_count(4)

    assert tab.locator("img").count() == 0
    expect(hostile.first.locator(".chip")).to_have_text("U+202E")
    option = tab.get_by_label("label").locator("option", has_text="onerror")
    tab.get_by_label("label").select_option(option.get_attribute("value"))
    expect(tab.locator("tbody.run")).to_have_count(4)
    assert page.console == []
    assert page.violations == []


def test_the_page_says_that_the_server_is_gone(viewer: Viewer, browse: Any) -> None:
    tab = browse(viewer.url).tab
    expect(tab.locator("#live-text")).to_have_text("live")

    viewer.stop()

    expect(tab.get_by_role("alert")).to_contain_text("The server has ended. Start `evalkit view` again")
    expect(tab.locator("#live-text")).to_have_text("no answer")


def test_a_page_that_nobody_sees_does_not_ask(viewer: Viewer, browse: Any) -> None:
    page = browse(viewer.url)
    tab = page.tab
    hide = """(hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""

    tab.evaluate(hide, True)
    expect(tab.locator("#live-text")).to_have_text("paused")
    asked = len(page.requests)
    tab.wait_for_timeout(600)  # six looks long
    assert len(page.requests) == asked

    tab.evaluate(hide, False)
    expect(tab.locator("#live-text")).to_have_text("live")
    assert len(page.requests) > asked


def test_without_a_script_runs_are_compared_all_the_same(viewer: Viewer, scored: Any, browse: Any) -> None:
    tab = browse(f"{viewer.url}?suite=sums", script=False).tab
    expect(tab.locator("tbody.run")).to_have_count(8)
    tab.get_by_label("find").fill("plain")
    tab.get_by_role("button", name="Show").click()
    expect(tab.locator("tbody.run")).to_have_count(4)
    for run in scored.runs(suite="sums", label="plain", grader="exact"):
        tab.locator(f'tbody[data-run="{run}"]').get_by_role("checkbox").check()
    tab.get_by_label("baseline").select_option("old")
    tab.get_by_role("button", name="Compare").click()

    expect(tab).to_have_title(re.compile("^new "))


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_fits_every_width(viewer: Viewer, browse: Any, width: int) -> None:
    tab = browse(viewer.url, viewport={"width": width, "height": 800}).tab

    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("document.querySelector('#bar').getBoundingClientRect().bottom") <= 800

"""The explorer as a whole in a real Chromium: hostile texts, damaged files, and ten thousand cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from report_pages import BASE, BETTER, CRITERION, HOSTILE, HeldCases, a_page, hostile_page, seeded_cases

from evalkit.report import render
from evalkit.report.page import OutputText, SampleText
from evalkit.score import Status

Opener = Callable[..., Any]
pytestmark = pytest.mark.browser


def test_hostile_text_in_every_field_is_shown_and_never_run(tmp_path: Path, open_report: Opener) -> None:
    text = "\n".join(HOSTILE)
    page = hostile_page(text)
    sample = SampleText(status=Status.SCORED, value=0.0, label=text, reason=text)
    rows = [
        replace(
            row,
            outputs={name: OutputText(text=text, cost_usd=1.0, seconds=1.0, usage={text: 1}) for name in row.outputs},
            cells={key: replace(cell, samples=(sample, sample)) for key, cell in row.cells.items()},
            prompts={BASE: text, BETTER: text},
        )
        for row in page.cases.rows
    ]
    out = render(replace(page, cases=HeldCases(rows), prompts={CRITERION: text}), tmp_path / "r.html").path
    seen = open_report(out, "show=all", accept_downloads=True)
    tab = seen.tab

    for summary in tab.locator("#case summary").all():
        summary.click()
    for number in range(2):
        tab.locator("#case .folded").nth(number).wait_for()
    tab.locator("#find").fill("pwned")
    tab.locator("#find").press("Enter")
    expect(tab.locator("#count")).to_have_text("2 of 2 cases")
    for head in tab.locator("#list-head button").all():
        head.click()
    with tab.expect_download():
        tab.locator("#save").click()
    tab.locator("#help-open").click()
    tab.locator("#help-close").click()
    for button in tab.locator("#case button:enabled").all():
        if button.inner_text() == "Show the system prompt":
            button.click()

    assert tab.evaluate("() => window.pwned") is None
    assert seen.requests == [out.as_uri()]
    assert seen.console == []
    assert seen.violations == []
    assert tab.locator("main img, main base, main script, main iframe").count() == 0


def test_a_browser_that_cannot_unpack_is_told_so_and_keeps_the_static_page(tmp_path: Path, chromium: Browser) -> None:
    out = render(a_page(list(seeded_cases(30))), tmp_path / "r.html").path
    context = chromium.new_context()
    tab = context.new_page()
    tab.add_init_script("delete window.DecompressionStream")
    tab.goto(out.as_uri())
    tab.locator("html[data-ready]").wait_for()

    expect(tab.locator("#no-script")).to_contain_text("lacks DecompressionStream")
    expect(tab.locator("#worst > ol > li").first).to_be_visible()
    expect(tab.locator("#explorer")).to_be_hidden()
    context.close()


@pytest.mark.parametrize("block", ["meta", "numbers", "names"])
def test_a_damaged_file_says_so_and_keeps_the_static_page(tmp_path: Path, open_report: Opener, block: str) -> None:
    out = render(a_page(list(seeded_cases(30))), tmp_path / "r.html").path
    before, after = out.read_text(encoding="utf-8").split(f'id="{block}">')
    out.write_text(f'{before}id="{block}">{after[30:]}', encoding="utf-8")
    seen = open_report(out)

    expect(seen.tab.locator("#no-script")).to_contain_text("damaged or was cut off")
    expect(seen.tab.locator("#worst > ol > li").first).to_be_visible()
    expect(seen.tab.locator("#explorer")).to_be_hidden()
    assert seen.console == []


@pytest.mark.sweep
def test_a_page_of_ten_thousand_cases_does_all_this_too(tmp_path: Path, open_report: Opener) -> None:
    page = a_page(list(seeded_cases(10_000, words=8)))
    tab = open_report(render(page, tmp_path / "r.html").path, "view=0").tab
    row = page.comparisons[0]

    for name, count in (("improvements", row.wins), ("ties", row.ties), ("regressions", row.losses)):
        expect(tab.locator(f"#filters button[value={name}] span")).to_have_text(f"{count:,}")
    tab.locator("#filters button[value=all]").click()
    tab.locator("#sort").select_option("id")
    tab.locator("#list").press("End")
    expect(tab.locator("#case h3")).to_have_text("case-09999")
    expect(tab.locator("#case .output")).to_have_count(4)
    tab.locator("#find").fill("CASE-0123")
    expect(tab.locator("#count")).to_have_text("10 of 10,000 cases")
    tab.locator("#find").fill("reason dddddddddddd case-07654")
    tab.locator("#find").press("Enter")
    expect(tab.locator("#count")).to_have_text("1 of 10,000 cases")
    expect(tab.locator("#case h3")).to_have_text("case-07654")
    assert tab.locator("#canvas .row").count() == 1


def test_the_page_of_the_demo_can_be_read_to_the_last_case(demo_pages: tuple[Path, ...], open_report: Opener) -> None:
    [support] = [page for page in demo_pages if page.name == "support.html"]
    seen = open_report(support)
    tab = seen.tab

    for button in tab.locator("#filters button").all():
        button.click()
        count = button.locator("span").inner_text()
        expect(tab.locator("#count")).to_have_text(f"{count} of 80 cases")
    tab.locator("#list").press("End")
    expect(tab.locator("#case .output")).to_have_count(2)
    for details in tab.locator("#case .origins").all():
        details.locator("summary").first.click()
        expect(details.locator(".folded")).to_contain_text("custom_id")
        expect(details.locator(".text").first).not_to_be_empty()
    tab.locator("#find").fill("zzz-nowhere")
    tab.locator("#find").press("Enter")
    expect(tab.locator("#count")).to_have_text("0 of 80 cases")

    assert seen.console == []
    assert seen.violations == []

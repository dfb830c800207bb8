"""The report in a real Chromium, from disk: what it does, and what it must never do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from report_pages import BASE, BETTER, CLOSE, HOSTILE, WORSE, a_case, a_page, hostile_page, seeded_cases

from evalkit.report import render
from evalkit.score import Status

Opener = Callable[..., Any]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 300 seeded cases and four runs."""
    cases = list(seeded_cases(300))
    return render(a_page(cases), tmp_path_factory.mktemp("report") / "report.html").path


def listed(tab: Tab) -> list[str]:
    return tab.locator("#canvas .row .id").all_inner_texts()


def test_an_ordinary_report_does_nothing_but_open(report: Path, open_report: Opener) -> None:
    seen = open_report(report)

    seen.tab.locator("#filters button[value=all]").click()
    expect(seen.tab.locator("#case h3")).not_to_be_empty()

    assert seen.requests == [report.as_uri()]
    assert seen.console == []
    assert seen.violations == []


def test_the_policy_is_enforced(report: Path, open_report: Opener) -> None:
    seen = open_report(report)

    refused = seen.tab.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; return false; } catch { return true; } }"
    )
    no_policy = seen.tab.evaluate(
        "() => { try { trustedTypes.createPolicy('p', {}); return false; } catch { return true; } }"
    )
    seen.tab.evaluate("() => document.body.setAttribute('style', 'color: red')")
    seen.tab.evaluate("() => { const i = new Image(); i.src = 'http://example.invalid/x.png'; }")
    seen.tab.wait_for_timeout(100)

    assert refused
    assert no_policy
    assert {text.split()[0] for text in seen.violations} >= {
        "require-trusted-types-for",
        "style-src-attr",
        "img-src",
    }


def test_hostile_text_is_shown_and_never_run(tmp_path: Path, open_report: Opener) -> None:
    out = render(hostile_page("\n".join(HOSTILE)), tmp_path / "r.html").path

    seen = open_report(out)
    for name in ("all", "unscored", "regressions"):
        seen.tab.locator(f"#filters button[value={name}]").click()
    expect(seen.tab.locator("#case .text").first).to_be_visible()
    seen.tab.locator(".origins summary").click()

    assert seen.tab.evaluate("() => window.pwned") is None
    assert seen.requests == [out.as_uri()]
    assert seen.console == []
    assert seen.violations == []
    assert seen.tab.locator("main img, main base, main script, main iframe").count() == 0


def test_hidden_characters_are_chips_in_the_case_and_in_the_static_page(tmp_path: Path, open_report: Opener) -> None:
    cases = [a_case("c1", {BASE: 1.0, BETTER: 0.0}, input="pay \u202e100\u200b \x1b[2J")]
    out = render(a_page(cases), tmp_path / "r.html").path

    seen = open_report(out)
    shown = seen.tab.locator("#case .text .chip")
    assert shown.all_inner_texts() == ["U+202E", "U+200B", "U+001B"]

    plain = open_report(out, script=False)
    assert plain.tab.locator("#worst .asked .chip").all_inner_texts() == ["U+202E", "U+200B", "U+001B"]


def test_counts_of_the_table_equal_counts_of_the_explorer(report: Path, open_report: Opener) -> None:
    tab = open_report(report).tab
    rows = tab.locator(".runs tbody tr").filter(has_not_text="baseline")

    for at in range(rows.count()):
        wins, ties, losses = rows.nth(at).locator("td[data-label^=win]").inner_text().split(" / ")
        tab.locator("#view").select_option(str(at))
        for name, count in (("improvements", wins), ("ties", ties), ("regressions", losses)):
            expect(tab.locator(f"#filters button[value={name}] span")).to_have_text(count)


def test_noise_of_floats_is_a_tie_and_changed_content_is_no_pair_in_table_and_explorer(
    tmp_path: Path, open_report: Opener
) -> None:
    cases = [
        a_case("noise", {BASE: 0.3, BETTER: 0.1 + 0.2}),
        a_case("up", {BASE: 0.3, BETTER: 0.4}),
        a_case("down", {BASE: 0.3, BETTER: 0.2}),
        a_case("changed", {BASE: 1.0, BETTER: 0.0}, changed_in=frozenset({BETTER})),
    ]
    tab = open_report(render(a_page(cases), tmp_path / "r.html").path, "show=all").tab

    assert tab.locator(".notice").count() == 0
    assert tab.locator("td[data-label^=win]").last.inner_text() == "1 / 1 / 1"
    assert dict(zip(listed(tab), tab.locator("#canvas .row .id + .num").all_inner_texts(), strict=True)) == {
        "noise": "0.000",
        "up": "▲ +0.100",
        "down": "▼ −0.100",
        "changed": "–",
    }


def test_ids_and_inputs_beyond_the_basic_plane_stay_apart(tmp_path: Path, open_report: Opener) -> None:
    ids = ["😀-1", "b", "\ufeffc", "漢字"]
    cases = [a_case(name, {BASE: 1.0}, input=f"👍🏽 {name} end") for name in ids]
    tab = open_report(render(a_page(cases), tmp_path / "r.html").path, "sort=dataset").tab

    assert listed(tab) == ["😀-1", "b", "U+FEFFc", "漢字"]
    assert tab.locator("#canvas .row .start").all_inner_texts()[1] == "👍🏽 b end"


def test_the_first_case_is_the_worst_and_every_shown_case_regressed(report: Path, open_report: Opener) -> None:
    tab = open_report(report, "view=1").tab

    deltas = tab.locator("#canvas .row .worse").all_inner_texts()
    numbers = [float(text.replace("▼ ", "").replace("−", "-")) for text in deltas]
    assert numbers == sorted(numbers)
    assert numbers[0] == -1.0
    assert len(numbers) == len(listed(tab))


def test_filter_tag_find_and_sort_work_together(report: Path, open_report: Opener) -> None:
    tab = open_report(report).tab
    tab.locator("#filters button[value=all]").click()
    expect(tab.locator("#count")).to_have_text("300 of 300 cases")

    tab.locator("#sort").select_option("id")
    assert listed(tab)[:3] == ["case-00000", "case-00001", "case-00002"]

    tab.locator("#find").fill("case-0001")
    expect(tab.locator("#count")).to_have_text("10 of 300 cases")

    tab.locator("#find").fill("")
    tab.locator("#tag").select_option("api")
    for row in range(3):
        tab.locator("#canvas .row").nth(row).click()
        expect(tab.locator("#case .facts .badge").filter(has_text="api")).to_have_count(1)


def test_enter_searches_all_texts(tmp_path: Path, open_report: Opener) -> None:
    cases = [a_case(f"c{number}", {BASE: 1.0}) for number in range(200)]
    cases[150] = a_case("c150", {BASE: 1.0}, outputs={"model-a": "the Needle is here"})
    tab = open_report(render(a_page(cases), tmp_path / "r.html").path).tab

    tab.locator("#find").fill("needle")
    expect(tab.locator("#count")).to_have_text("0 of 200 cases")
    tab.locator("#find").press("Enter")

    expect(tab.locator("#count")).to_have_text("1 of 200 cases")
    expect(tab.locator("#case h3")).to_have_text("c150")


def test_keys_move_through_the_cases_only_while_the_focus_is_in_the_explorer(report: Path, open_report: Opener) -> None:
    tab = open_report(report).tab
    names = listed(tab)
    expect(tab.locator("#case h3")).to_have_text(names[0])

    tab.keyboard.press("j")
    expect(tab.locator("#case h3")).to_have_text(names[0])

    tab.locator("#list").focus()
    for key, at in (("j", 1), ("ArrowDown", 2), ("k", 1), ("Home", 0)):
        tab.keyboard.press(key)
        expect(tab.locator("#case h3")).to_have_text(names[at])
        expect(tab.locator("[aria-selected=true]")).to_have_count(1)

    tab.keyboard.press("/")
    tab.keyboard.type("jk")
    expect(tab.locator("#find")).to_have_value("jk")


def test_the_end_of_a_long_list_is_reached_and_drawn(report: Path, open_report: Opener) -> None:
    tab = open_report(report, "show=all&sort=dataset").tab

    tab.locator("#list").focus()
    tab.keyboard.press("End")

    expect(tab.locator("#case h3")).to_have_text("case-00299")
    expect(tab.locator("[aria-selected=true] .id")).to_be_in_viewport()
    assert tab.locator("#canvas .row").count() < 80


def test_a_link_brings_back_what_was_seen(report: Path, open_report: Opener) -> None:
    first = open_report(report).tab
    first.locator("#view").select_option("2")
    first.locator("#filters button[value=improvements]").click()
    first.locator("#tag").select_option("legal")
    first.locator("#sort").select_option("id")
    first.locator("#canvas .row").nth(2).click()
    name = first.locator("[aria-selected=true] .id").inner_text()
    expect(first.locator("#case h3")).to_have_text(name)
    state = first.url.split("#")[1]

    second = open_report(report, state).tab

    expect(second.locator("#case h3")).to_have_text(name)
    assert second.locator("#count").inner_text() == first.locator("#count").inner_text()
    assert listed(second)[:5] == listed(first)[:5]
    assert second.locator("#filters button[aria-pressed=true]").get_attribute("value") == "improvements"


def test_a_linked_case_is_shown_even_where_the_filter_hides_it(report: Path, open_report: Opener) -> None:
    tab = open_report(report, "show=improvements&find=nothing-has-this&case=case-00007").tab

    expect(tab.locator("#count")).to_have_text("0 of 300 cases")
    expect(tab.locator("#case h3")).to_have_text("case-00007")


def test_a_case_shows_every_output_with_score_reason_and_marked_words(report: Path, open_report: Opener) -> None:
    tab = open_report(report).tab
    cards = tab.locator("#case .output")

    expect(cards).to_have_count(4)
    assert re.match(r"model-a\s+baseline", cards.nth(0).locator("h5").inner_text())
    assert cards.nth(1).locator("h5").inner_text() == "model-b"
    assert cards.nth(0).locator("del").count() > 0
    assert cards.nth(1).locator("ins").count() > 0
    for at, run in enumerate((BASE, BETTER, WORSE, CLOSE)):
        expect(cards.nth(at).locator(".reason")).to_contain_text(f"reason {run}")


def test_an_unscored_cell_is_a_word_in_list_and_case(tmp_path: Path, open_report: Opener) -> None:
    cases = [a_case("c1", {BASE: 1.0, BETTER: Status.REFUSED}), a_case("c2", {BASE: 0.0, BETTER: None})]
    tab = open_report(render(a_page(cases), tmp_path / "r.html").path, "show=unscored&sort=dataset").tab

    assert tab.locator("#canvas .row .word").all_inner_texts() == ["refused", "pending"]
    expect(tab.locator("#case .score .missing")).to_have_text("refused")


def test_a_very_long_output_is_cut_with_a_way_to_the_rest(tmp_path: Path, open_report: Opener) -> None:
    cases = [a_case("c1", {BASE: 1.0}, outputs={"model-a": "x" * 100_000})]
    tab = open_report(render(a_page(cases), tmp_path / "r.html").path).tab

    tab.locator(".output button", has_text="Show all 100,000 characters").click()

    assert len(tab.locator(".output .text").inner_text()) == 100_000


def test_a_case_left_out_for_size_says_so_and_keeps_its_scores(tmp_path: Path, open_report: Opener) -> None:
    out = render(a_page(list(seeded_cases(300))), tmp_path / "r.html", text_limit=1).path
    tab = open_report(out, "show=all").tab

    tab.locator("#list").focus()
    tab.keyboard.press("End")

    expect(tab.locator("#case .missing")).to_contain_text("left out to keep the file small")
    expect(tab.locator("#case")).to_contain_text("model-a, correctness:")


def test_without_script_everything_but_the_explorer_can_be_read(report: Path, open_report: Opener) -> None:
    tab = open_report(report, script=False).tab

    expect(tab.locator("h1")).to_have_text("support answers")
    expect(tab.locator(".sentences li")).to_have_count(3)
    expect(tab.locator(".forest svg[role=img]")).to_have_count(3)
    expect(tab.locator("#worst > ol > li")).to_have_count(10)
    expect(tab.locator("#no-script")).to_be_visible()
    expect(tab.locator("#explorer")).to_be_hidden()


@pytest.mark.parametrize("script", [True, False])
def test_a_narrow_page_never_scrolls_sideways(report: Path, open_report: Opener, script: bool) -> None:
    tab = open_report(report, script=script, viewport={"width": 320, "height": 640}).tab

    widths = tab.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")

    assert widths[0] <= widths[1] == 320


def test_dark_follows_the_system_and_the_button_turns_it(report: Path, open_report: Opener) -> None:
    tab = open_report(report, color_scheme="dark").tab
    paper = "() => getComputedStyle(document.body).backgroundColor"

    assert tab.evaluate(paper) == "rgb(20, 23, 28)"
    tab.locator("#theme").click()
    assert tab.evaluate(paper) == "rgb(255, 255, 255)"


def test_on_paper_the_worst_regressions_stand_in_for_the_explorer(report: Path, open_report: Opener) -> None:
    tab = open_report(report).tab

    tab.emulate_media(media="print")

    expect(tab.locator("#worst > ol > li").first).to_be_visible()
    expect(tab.locator("#explorer")).to_be_hidden()
    assert tab.pdf().startswith(b"%PDF")


def test_a_page_of_one_run_and_a_page_of_none_open_cleanly(tmp_path: Path, open_report: Opener) -> None:
    lone = a_page([a_case(f"c{number}", {BASE: number / 4}) for number in range(5)])
    for page in (lone, a_page([])):
        seen = open_report(render(page, tmp_path / "r.html").path)
        assert seen.console == []
        assert seen.violations == []
        assert seen.tab.locator("#filters button[value=regressions]").count() == 0

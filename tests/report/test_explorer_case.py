"""One case in a real Chromium: everything that is known of it, and how it leaves the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from explorer_pages import BASE, OTHER_JUDGE, RUBRIC, SECOND, rich_cases, rich_page
from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Tab
from report_pages import BETTER, CLOSE, WORSE, a_case, a_page, seeded_cases

from evalkit.report import Rendering, render
from evalkit.report.page import CellKey

Opener = Callable[..., Any]
pytestmark = pytest.mark.browser
ALLOWED = {"permissions": ["clipboard-read", "clipboard-write"]}


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with several judges, graders and samples."""
    return render(rich_page(), tmp_path_factory.mktemp("report") / "rich.html").path


@pytest.fixture
def slowly() -> Iterator[Callable[[bytes, bytes], tuple[str, Callable[[], None]]]]:
    """A server that sends the second half of a page when it is told to."""
    servers: list[ThreadingHTTPServer] = []

    def serve(first: bytes, second: bytes) -> tuple[str, Callable[[], None]]:
        released = Event()

        class Halves(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(first)
                self.wfile.flush()
                released.wait(30)
                self.wfile.write(second)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                del format, args

        server = ThreadingHTTPServer(("127.0.0.1", 0), Halves)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/", released.set

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def card(tab: Tab, name: str) -> Locator:
    return tab.locator("#case .output", has=tab.locator("h5", has_text=name))


def opened(tab: Tab, name: str, judge: str) -> Locator:
    """What stands behind a score, opened."""
    details = card(tab, name).locator(".origins", has_text=judge)
    details.locator("summary").click()
    return details.locator(".folded")


def address(tab: Tab) -> str:
    """What the page itself says: the driver hears of it later."""
    return tab.evaluate("() => location.href")


def clipboard(tab: Tab) -> str:
    return tab.evaluate("() => navigator.clipboard.readText()")


def test_a_case_shows_its_verdicts_with_labels_reasons_and_judges(rich: Path, open_report: Opener) -> None:
    tab = open_report(rich, "show=all&case=case-9").tab

    expect(card(tab, "new").locator(".score")).to_have_text(
        ["correctness 0.667 correct by judge-1", "correctness 0.000 incorrect by judge-2", "tone 0.000 incorrect"]
    )
    expect(card(tab, "old").locator(".score")).to_have_text(["correctness 1.000 correct"])
    expect(card(tab, "old").locator(".reason")).to_have_text(['It says "parcel 1"\nand aa agrees.'])
    expect(tab.locator("#case .facts")).to_contain_text("cluster orders")


def test_every_sample_is_shown_with_its_value_label_and_reason(rich: Path, open_report: Opener) -> None:
    tab = open_report(rich, "show=all&case=case-9").tab

    card(tab, "new").locator("summary", has_text="3 samples").click()

    samples = card(tab, "new").locator(".samples li")
    expect(samples).to_have_count(3)
    expect(samples.nth(1)).to_have_text('0.000 incorrect sample 1: It says "parcel 1"\nand bb agrees.')


def test_the_reply_and_the_prompt_are_those_that_were_sent_to_the_letter(rich: Path, open_report: Opener) -> None:
    tab = open_report(rich, "show=all&case=case-9").tab
    case = rich_cases()[1]

    shown = opened(tab, "new", "judge-1")

    expect(shown.locator("section", has_text="Reply").locator(".text")).to_have_text(
        case.cells[CellKey(SECOND, "correctness")].reply.raw or "", use_inner_text=True
    )
    assert shown.locator("section", has_text="Prompt").locator(".text").inner_text() == case.prompts[SECOND]
    facts = shown.locator(".known").all_inner_texts()
    for word in (SECOND, f"{SECOND}-1", "msgbatch_bbbb", "judge-1-20260901", "end_turn", "$0.00042", "901", "700"):
        assert any(word in text for text in facts), word


def test_the_system_prompt_stands_once_and_is_shown_without_losing_the_case(rich: Path, open_report: Opener) -> None:
    tab = open_report(rich, "show=all&case=case-9").tab
    before = address(tab)

    opened(tab, "new", "judge-2").get_by_role("button", name="Show the system prompt").click()

    expect(tab.locator("#prompt-1 summary")).to_be_focused()
    expect(tab.locator("#prompt-1 pre")).to_have_text(RUBRIC)
    assert address(tab) == before
    assert tab.content().count(RUBRIC.splitlines()[0]) == 1


def test_cost_seconds_and_tokens_of_an_output_are_told_where_they_are_known(rich: Path, open_report: Opener) -> None:
    tab = open_report(rich, "show=all&case=case-9").tab

    expect(card(tab, "new").locator(".foot")).to_have_text("Copy $0.0012 · 1.23 s")
    expect(card(tab, "old").locator(".foot")).to_have_text("Copy")
    card(tab, "new").locator("summary", has_text="Tokens").click()
    expect(card(tab, "new").locator(".known").last).to_have_text("input tokens1,812output tokens95")


def test_words_are_marked_against_the_baseline_until_that_is_turned_off(rich: Path, open_report: Opener) -> None:
    tab = open_report(rich, "show=all&case=case-9").tab
    diff = tab.locator("#case").get_by_role("button", name="Diff")

    assert card(tab, "old").locator("del").all_inner_texts() == ["think", "today"]
    assert card(tab, "new").locator("ins").all_inner_texts() == ["know", "on Monday"]
    diff.click()
    expect(tab.locator("#case ins, #case del")).to_have_count(0)
    expect(diff).to_be_focused()
    expect(diff).to_have_attribute("aria-pressed", "false")
    assert "diff=0" in address(tab)
    assert open_report(rich, address(tab).split("#")[1]).tab.locator("#case ins").count() == 0


def test_every_candidate_is_compared_with_the_baseline(tmp_path: Path, open_report: Opener) -> None:
    texts = {"model-a": "one two three", "model-b": "one 2 three", "model-c": "one two 3"}
    case = a_case("c", {BASE: 1.0, BETTER: 0.0, OTHER_JUDGE: 0.0}, outputs=texts)
    tab = open_report(render(a_page([case]), tmp_path / "r.html").path).tab

    assert [card(tab, name).locator("ins").all_inner_texts() for name in texts] == [[], ["2"], ["3"]]
    assert card(tab, "model-a").locator("del").all_inner_texts() == ["two"]


def test_scripts_without_spaces_are_compared_by_character(tmp_path: Path, open_report: Opener) -> None:
    case = a_case("c", {BASE: 1.0, BETTER: 0.0}, outputs={"model-a": "今日は晴れです。", "model-b": "今日は雨です。"})
    tab = open_report(render(a_page([case]), tmp_path / "r.html").path).tab

    assert tab.locator("#case .output del").all_inner_texts() == ["晴れ"]
    assert tab.locator("#case .output ins").all_inner_texts() == ["雨"]


def test_id_output_link_and_prompt_are_copied(rich: Path, open_report: Opener) -> None:
    tab = open_report(rich, "show=all&case=case-9", **ALLOWED).tab
    case = rich_cases()[1]
    copied = {}

    for name in ("Copy id", "Copy link", "Copy the output of old"):
        tab.locator("#case").get_by_role("button", name=name).click()
        copied[name] = clipboard(tab)
    opened(tab, "new", "judge-1").get_by_role("button", name="Copy the prompt").click()

    assert copied == {"Copy id": "case-9", "Copy link": address(tab), "Copy the output of old": case.outputs["old"]}
    assert clipboard(tab) == case.prompts[SECOND]


def test_where_the_clipboard_is_denied_the_text_is_selected_to_be_copied_by_hand(
    rich: Path, open_report: Opener
) -> None:
    tab = open_report(rich, "show=all&case=case-9").tab
    tab.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('denied')); }")

    tab.locator("#copy-rows").click()

    field = tab.locator("#by-hand-text")
    expect(field).to_be_focused()
    assert field.input_value().startswith("case,tags,difference,old,")
    assert tab.evaluate("() => getSelection().toString()").startswith("case,tags,difference,old,")
    tab.locator("#by-hand-close").click()
    expect(tab.locator("#by-hand")).to_be_hidden()


def test_stepping_by_button_keeps_the_focus_on_the_button(rich: Path, open_report: Opener) -> None:
    tab = open_report(rich, "show=regressions").tab
    following = tab.locator("#case").get_by_role("button", name="Next")

    for name in ("case-11", "case-9", "case-12"):
        following.click()
        expect(tab.locator("#case h3")).to_have_text(name)
    expect(following).to_be_disabled()
    expect(tab.locator("#case")).to_be_focused()


def test_a_case_whose_texts_are_in_another_file_links_to_it(tmp_path: Path, open_report: Opener) -> None:
    cases = [a_case(f"c{number}", {BASE: 1.0}, input=f"question {number} " * 200) for number in range(200)]
    done = render(a_page(cases), tmp_path / "r.html", Rendering(split=True, text_limit=2000))
    tab = open_report(done.path, "show=all&sort=dataset").tab

    tab.locator("#list").press("End")
    expect(tab.locator("#case h3")).to_have_text("c199")
    tab.locator("#case .missing a").click()

    tab.locator("html[data-ready]").wait_for()
    expect(tab.locator("#case h3")).to_have_text("c199")
    expect(tab.locator("#case .text").first).to_contain_text("question 199")


def test_a_case_whose_texts_are_still_on_their_way_is_shown_when_they_come(
    tmp_path: Path, open_report: Opener, slowly: Callable[[bytes, bytes], tuple[str, Callable[[], None]]]
) -> None:
    out = render(a_page([a_case(f"c{number}", {BASE: 1.0}) for number in range(100)]), tmp_path / "r.html").path
    before, after = out.read_bytes().split(b'<script type="text/plain" id="chunk-1">')
    address, release = slowly(before, b'<script type="text/plain" id="chunk-1">' + after)
    tab = open_report(out).tab
    tab.goto(f"{address}#show=all&sort=dataset", wait_until="commit")
    tab.locator("html[data-ready]").wait_for()
    tab.locator("#list").press("End")
    expect(tab.locator("#row-99")).to_have_attribute("aria-selected", "true")
    expect(tab.locator("#case h3")).to_have_text("c0")

    release()

    expect(tab.locator("#case h3")).to_have_text("c99")
    expect(tab.locator("#case .text").first).to_have_text("question c99")


def test_what_else_belongs_to_a_case_stands_under_its_heading(tmp_path: Path, open_report: Opener) -> None:
    more = {"Attachments": "a.png\nb.pdf", "Other side of the pairs: <b>x</b>": "<i>theirs</i>"}
    tab = open_report(render(a_page([a_case("c", {BASE: 1.0}, more=more)]), tmp_path / "r.html").path).tab

    expect(tab.get_by_role("heading", name="Attachments")).to_be_visible()
    expect(tab.get_by_role("heading", name="Other side of the pairs: <b>x</b>")).to_be_visible()
    expect(tab.locator("#case .text", has_text="<i>theirs</i>")).to_be_visible()


def test_long_metadata_is_folded(tmp_path: Path, open_report: Opener) -> None:
    case = a_case("c", {BASE: 1.0}, metadata={"source": "long " * 100, "__proto__": "kept"})
    tab = open_report(render(a_page([case]), tmp_path / "r.html").path).tab

    expect(tab.locator("#case .facts .text")).to_have_count(0)
    expect(tab.locator("#case .facts")).to_contain_text("__proto__ kept")
    tab.locator("#case .facts summary", has_text="source").click()
    expect(tab.locator("#case .facts .text")).to_have_text("long " * 100)


def test_a_damaged_part_of_the_file_says_so_in_its_cases_alone(tmp_path: Path, open_report: Opener) -> None:
    out = render(a_page([a_case(f"c{number}", {BASE: 1.0}) for number in range(100)]), tmp_path / "r.html").path
    html = out.read_text(encoding="utf-8")
    before, after = html.split('id="chunk-1">')
    out.write_text(f'{before}id="chunk-1">H4sI{after[40:]}', encoding="utf-8")
    seen = open_report(out, "show=all&sort=dataset")

    expect(seen.tab.locator("#case .text").first).to_be_visible()
    seen.tab.locator("#list").press("End")
    expect(seen.tab.locator("#case .missing")).to_contain_text("this part of the file is damaged")
    expect(seen.tab.locator("#case .known")).to_contain_text("1.000")
    seen.tab.locator("#find").fill("answer c5")
    seen.tab.locator("#find").press("Enter")
    expect(seen.tab.locator("#count")).to_have_text("11 of 100 cases; a part of the file is damaged")
    assert seen.console == []


def test_a_case_without_cells_in_a_run_shows_only_who_knows_it(tmp_path: Path, open_report: Opener) -> None:
    known = a_case("known", {BASE: 1.0, BETTER: 0.5})
    alone = replace(a_case("alone", {BASE: 1.0}), outputs={"model-a": "text"})
    tab = open_report(render(a_page([known, alone]), tmp_path / "r.html").path, "show=all&case=alone").tab

    expect(tab.locator("#case h3")).to_have_text("alone")
    expect(tab.locator("#case .output h5")).to_have_count(1)


def test_a_case_shows_every_output_with_score_reason_and_marked_words(tmp_path: Path, open_report: Opener) -> None:
    report = render(a_page(list(seeded_cases(5))), tmp_path / "r.html").path
    tab = open_report(report, "view=0&show=all").tab
    cards = tab.locator("#case .output")

    expect(cards).to_have_count(4)
    assert re.match(r"model-a\s+baseline", cards.nth(0).locator("h5").inner_text())
    assert cards.nth(1).locator("h5").inner_text() == "model-b"
    assert cards.nth(0).locator("del").count() > 0
    assert cards.nth(1).locator("ins").count() > 0
    for at, run in enumerate((BASE, BETTER, WORSE, CLOSE)):
        expect(cards.nth(at).locator(".reason")).to_contain_text(f"reason {run}")


def test_a_very_long_output_is_cut_with_a_way_to_the_rest(tmp_path: Path, open_report: Opener) -> None:
    cases = [a_case("c1", {BASE: 1.0}, outputs={"model-a": "x" * 100_000})]
    tab = open_report(render(a_page(cases), tmp_path / "r.html").path).tab

    tab.locator(".output button", has_text="Show all 100,000 characters").click()

    assert len(tab.locator(".output .text").inner_text()) == 100_000


def test_a_case_left_out_for_size_says_so_and_keeps_its_scores(tmp_path: Path, open_report: Opener) -> None:
    out = render(a_page(list(seeded_cases(300))), tmp_path / "r.html", Rendering(text_limit=1)).path
    tab = open_report(out, "show=all").tab

    tab.locator("#list").focus()
    tab.keyboard.press("End")

    expect(tab.locator("#case .missing")).to_contain_text("left out to keep the file small")
    expect(tab.locator("#case")).to_contain_text("model-a, correctness")

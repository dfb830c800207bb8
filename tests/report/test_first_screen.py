"""The first screen answers the question: verdict, warnings, findings, and the head of the run table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from first_pages import GRADERS, HEBREW, LONG, a_gate, a_run_id, a_since, a_wide_page
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from report_pages import BASE, BETTER, CLOSE, WORSE, a_case, a_comparison, a_page, a_run
from tabs import Watched

from evalkit.report import Page, render
from evalkit.report.page import GateCheckRow, Notice, Severity, SliceRow
from evalkit.report.words.findings import Finding
from evalkit.report.words.names import run_names
from evalkit.report.words.screen import FirstScreen, first_screen, title
from evalkit.score import Status

Opener = Callable[..., Watched]

PAIR = [a_case(f"c{number}", {BASE: 0.5, BETTER: (number % 3) / 2}) for number in range(12)]
MANY = ["production", *(f"model-{number:02}" for number in range(1, 18)), HEBREW, LONG]


def screen(page: Page) -> FirstScreen:
    return first_screen(page, run_names(page.runs))


def shown(page: Page, folder: Path) -> str:
    """The text of the page before its data, without tags."""
    html = render(page, folder / "r.html").path.read_text(encoding="utf-8").split("<script", 1)[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)))


def test_the_gate_stands_before_the_warnings_and_those_before_the_findings(tmp_path: Path) -> None:
    notice = Notice(severity=Severity.ALARM, text="a warning")
    text = shown(a_page(PAIR, gates=(a_gate("model-b", "PASS"),), notices=(notice,)), tmp_path)

    places = [text.index(word) for word in ("✓ PASS", "a warning", " Findings ", "win / tie / loss")]
    assert places == sorted(places)


@pytest.mark.parametrize(("verdict", "mark"), [("PASS", "✓"), ("FAIL", "✗"), ("INCONCLUSIVE", "?"), ("PENDING", "…")])
def test_a_verdict_is_a_word_with_a_mark_of_its_own(tmp_path: Path, verdict: str, mark: str) -> None:
    text = shown(a_page(PAIR, gates=(a_gate("model-b", verdict),)), tmp_path)

    assert f"{mark} {verdict} model-b (tuesday) against production" in text


def test_the_worst_verdict_comes_first_on_the_page_and_in_the_title() -> None:
    page = a_page(PAIR, gates=(a_gate("one", "PASS"), a_gate("two", "PENDING"), a_gate("three", "FAIL")))

    assert [line.candidate for line in screen(page).gate.shown] == ["three (tuesday)", "two (tuesday)", "one (tuesday)"]
    assert title(page).startswith("FAIL three, PENDING two, PASS one – model-b ")
    assert title(a_page(PAIR)).startswith("model-b ")


def test_of_many_gates_those_that_fail_stand_open_and_the_rest_is_counted() -> None:
    gates = tuple(a_gate(f"c{at}", "FAIL" if at in (3, 5) else "PASS") for at in range(9))

    found = screen(a_page(PAIR, gates=gates)).gate

    assert [line.candidate for line in found.shown] == ["c3 (tuesday)", "c5 (tuesday)"]
    assert len(found.folded) == 7
    assert found.headline == "FAIL: 2 FAIL, 7 PASS"


def test_a_simulated_verdict_and_a_loosened_gate_are_said_beside_the_verdict(tmp_path: Path) -> None:
    notes = ("correctness: margin loosened from 0.02 to 0.03", "confidence tightened from 0.9 to 0.95")
    text = shown(a_page(PAIR, gates=(a_gate("b", "PASS", simulated=True, notes=notes),)), tmp_path)

    assert "✓ PASS simulated: of no consequence b (tuesday)" in text
    assert f"! Loosened since the baseline was submitted: {notes[0]}." in text
    assert f"Since the baseline was submitted: {notes[1]}." in text


def test_the_checks_of_a_gate_show_digits_enough_to_see_the_side_of_the_limit_and_never_round_up() -> None:
    row = a_gate("b", "INCONCLUSIVE")
    close = replace(row.checks[0], low=-0.03004, high=0.0)
    (line,) = screen(a_page(PAIR, gates=(replace(row, checks=(close,)),))).gate.shown

    assert (line.checks[0].difference, line.checks[0].limit) == ("+0.003 [−0.03004, +0.00000]", "margin 0.03")
    assert line.checks[0].coverage == "99.9 %"


@pytest.mark.parametrize(
    ("change", "doubted"),
    [
        ({"low": -0.522, "high": 0.225}, True),
        ({"low": -0.522, "high": -0.1}, False),
        ({"low": None, "high": None}, False),
        ({"low": -0.5, "high": 0.2, "kind": "max_relative_drop"}, False),
    ],
)
def test_a_failure_that_no_interval_bears_out_is_said_to_rest_on_the_test(
    tmp_path: Path, change: dict[str, Any], doubted: bool
) -> None:
    row = a_gate("b", "FAIL")
    beside = replace(row.checks[0], name="tone", verdict="INCONCLUSIVE")
    page = a_page(PAIR, gates=(replace(row, checks=(replace(row.checks[0], **change), beside)),))

    text = shown(page, tmp_path)

    said = "The test alone (p, one-sided) fails correctness: its interval does not rule out zero, too few cases"
    assert (said in text) is doubted
    assert "why p, one-sided" in text
    assert "p of the gate one-sided: of a candidate that is no worse" in text


def test_one_failed_check_with_a_sure_interval_is_enough_and_passes_and_advice_are_never_doubted() -> None:
    row = a_gate("b", "FAIL")
    unsure = row.checks[0]
    sure = replace(unsure, name="tone", low=-0.5, high=-0.1)
    advice = replace(sure, decides=False)

    def doubt(*checks: GateCheckRow, verdict: str = "FAIL") -> str:
        page = a_page(PAIR, gates=(replace(row, verdict=verdict, checks=checks),))
        return screen(page).gate.shown[0].doubt

    assert doubt(unsure, sure) == ""
    assert doubt(unsure, advice) != ""
    assert doubt(unsure, verdict="PASS") == ""
    both = doubt(unsure, replace(unsure, name="tone"))
    assert "fails correctness, tone: their intervals do not rule out zero" in both


def a_slice(name: str, value: float | None, p_adjusted: float | None, **fields: Any) -> SliceRow:
    given: dict[str, Any] = {"run": a_run_id(0, 1), "baseline": a_run_id(0, 0), "key": None, "n": 15}
    given |= {"grader": "correctness", "criterion": "correctness"}
    return SliceRow(name=name, value=value, p_adjusted=p_adjusted, **(given | fields))


def test_bad_news_names_the_tag_that_lost_the_most_of_those_that_lost_for_sure(tmp_path: Path) -> None:
    page = a_wide_page(["a", "b", "c", "d", "e"], ["correctness"])
    slices = (
        a_slice("billing", -0.2, 0.01),
        a_slice("refunds", -0.633, 0.049),
        a_slice("legal", -0.9, 0.05),
        a_slice("api", None, None),
        a_slice("en", -0.8, 0.001, key="locale"),
        a_slice("chat", -0.7, 0.001, baseline=None),
        *(a_slice(f"s{at}", -0.3, 0.01, run=a_run_id(0, at)) for at in (2, 3, 4)),
    )

    found = {one.sentence.subject: (one.sentence.outcome.value, one.worst, one.lost) for one in findings(page, slices)}

    assert found == {
        "b": ("better", "", ""),
        "c": ("equivalent", "", ""),
        "d": ("undecided", "s3", "−0.300 (n 15)"),
        "e": ("worse", "s4", "−0.300 (n 15)"),
    }
    fallen = replace(page.comparisons[0], delta=-0.08, low=-0.11, high=-0.05)
    text = shown(replace(page, comparisons=(fallen,), slices=slices), tmp_path)
    assert "over 300 paired cases ; worst in refunds : −0.633 (n 15) ." in text


def test_a_tag_that_lost_as_much_as_the_whole_or_gained_is_not_named() -> None:
    page = a_wide_page(["a", "b", "c", "d", "e"], ["correctness"])
    rows = (a_slice("all", -0.08, 0.01, run=a_run_id(0, 4)), a_slice("up", 0.5, 0.01, run=a_run_id(0, 3)))

    assert {one.worst for one in findings(page, rows)} == {""}


def findings(page: Page, slices: tuple[SliceRow, ...]) -> tuple[Finding, ...]:
    return screen(replace(page, slices=slices)).findings.sentences


def test_a_jury_costs_what_its_judges_do_and_is_sent_by_nobody(tmp_path: Path) -> None:
    jury = "jury of 2: j-1, j-2 (majority)"
    judged = {"submitted_at": None, "collected_at": None, "cost_usd": 0.0, "batch_saving_usd": None}
    page = a_page(PAIR, runs=tuple(a_run(name, PAIR, judge=jury, **judged) for name in (BASE, BETTER)))

    (group,) = screen(page).table.groups

    assert {(line.cost, line.cost_note) for line in group.lines} == {("–", "with its judges")}
    assert "not yet" not in shown(page, tmp_path)


def test_what_a_run_costs_is_called_the_cost_of_judging_it(tmp_path: Path) -> None:
    text = shown(a_page(PAIR), tmp_path)

    assert "win / tie / loss judging cost " in text
    assert re.search(r"judging cost \$1\.23, \S+ for each case with a score", text)
    assert "judging cost What the judge’s replies cost by their tokens. no score" in text


def test_the_gravest_warning_comes_first_also_of_those_that_only_the_cases_tell(tmp_path: Path) -> None:
    notices = tuple(Notice(severity=severity, text=f"a {severity.value}") for severity in reversed(Severity))
    wrong = a_page(PAIR, runs=(a_run(BASE, PAIR), a_run(BETTER, PAIR)), notices=notices)
    page = replace(wrong, comparisons=(replace(wrong.comparisons[0], wins=11, ties=1, losses=0),))

    text = shown(page, tmp_path)

    places = [text.index(word) for word in ("a alarm", "Do not use this page", "a caution", "a note")]
    assert places == sorted(places)


def test_similar_warnings_are_one_with_a_list_behind_it(tmp_path: Path) -> None:
    notice = Notice(
        severity=Severity.CAUTION, text="17 runs lack scores.", items=("model-01 × tone", "model-02 × tone")
    )

    text = shown(a_page(PAIR, notices=(notice,)), tmp_path)

    assert "Caution. 17 runs lack scores. which model-01 × tone model-02 × tone" in text


def test_a_command_in_a_warning_is_set_as_code_and_a_stray_backtick_stays(tmp_path: Path) -> None:
    notices = tuple(Notice(severity=Severity.NOTE, text=text) for text in ("try `evalkit gate` now", "odd ` one"))

    html = render(a_page(PAIR, notices=notices), tmp_path / "r.html").path.read_text(encoding="utf-8")

    assert "try <code>evalkit gate</code> now" in html
    assert "odd ` one" in html


def test_runs_stand_in_one_group_for_each_judge_and_do_not_name_it_again() -> None:
    ids = (BASE, BETTER, WORSE, CLOSE)
    cases = [a_case(f"c{number}", dict.fromkeys(ids, number % 2)) for number in range(8)]
    runs = tuple(
        a_run(run, cases, candidate=candidate, judge=judge)
        for run, candidate, judge in zip(ids, ("old", "new") * 2, ("j-1", "j-1", "j-2", "j-2"), strict=True)
    )
    page = a_page(cases, runs=runs, comparisons=(a_comparison(BASE, BETTER, cases), a_comparison(WORSE, CLOSE, cases)))

    found = screen(page)

    assert [(group.title, group.judge, group.baseline) for group in found.table.groups] == [
        ("correctness", "j-1", "old"),
        ("correctness", "j-2", "old"),
    ]
    assert [[line.name for line in group.lines] for group in found.table.groups] == [["old", "new"]] * 2
    assert {cell.against for group in found.table.groups for line in group.lines for cell in line.deltas} == {""}
    assert [(one.sentence.subject, one.sentence.other, one.on) for one in found.findings.sentences] == [
        ("new", "old", "correctness, judged by j-1"),
        ("new", "old", "correctness, judged by j-2"),
    ]


def test_a_group_with_several_baselines_names_each_in_its_cell() -> None:
    cases = [a_case(f"c{number}", {BASE: 0, BETTER: 1, WORSE: 1}) for number in range(8)]
    compared = (a_comparison(BASE, BETTER, cases), a_comparison(WORSE, BETTER, cases))

    (group,) = screen(a_page(cases, comparisons=compared)).table.groups

    assert group.baseline == ""
    assert [cell.against for line in group.lines for cell in line.deltas] == ["model-a", "model-c"]


def test_a_check_is_free_and_an_unknown_price_is_no_zero(tmp_path: Path) -> None:
    runs = (a_run(BASE, PAIR, judge="", cost_usd=0.0), a_run(BETTER, PAIR, judge="", cost_usd=0.0))
    unknown = (a_run(BASE, PAIR, cost_usd=None, batch_saving_usd=None), a_run(BETTER, PAIR, cost_usd=1.2))

    free = shown(a_page(PAIR, runs=runs), tmp_path)
    (group,) = screen(a_page(PAIR, runs=unknown)).table.groups

    assert " free " in free
    assert "$" not in free
    assert [(line.cost, line.cost_note) for line in group.lines] == [("unknown", ""), ("$1.20", "$0.10 a case")]
    assert screen(a_page(PAIR, runs=unknown)).table.money == (
        "Judging cost at least $1.20 together at the prices of 2026-11-01; as single requests it would have been "
        "at least $2.43; the price of 1 run is unknown."
    )


@pytest.mark.parametrize(
    ("returned", "said"),
    [(0.5, "without the cache it would have been $2.50."), (-0.5, "without the cache it would have been $1.50.")],
)
def test_what_the_cache_saved_or_lost_is_said_of_all_runs_and_of_each(returned: float, said: str) -> None:
    row = a_run(BASE, PAIR, cost_usd=2.0, batch_saving_usd=2.0, cache_saving_usd=returned)
    table = screen(a_page(PAIR, runs=(row,), comparisons=())).table
    ((line,),) = [group.lines for group in table.groups]

    assert table.money.endswith(said)
    name = "saved by caching" if returned > 0 else "lost by caching"
    assert (name, "$0.50") in line.details


@pytest.mark.parametrize(("cost", "verdict"), [(0.1, ": it cost less"), (1.0, ""), (3.0, ": it cost more"), (None, "")])
def test_a_run_is_held_against_what_it_was_to_cost(cost: float | None, verdict: str) -> None:
    row = a_run(BASE, PAIR, cost_usd=cost, batch_saving_usd=None, estimated_usd=(0.5, 2.0))
    ((line,),) = [group.lines for group in screen(a_page(PAIR, runs=(row,), comparisons=())).table.groups]

    assert ("estimated", f"$0.50 to $2.00 before it was sent{verdict}") in line.details


def test_a_run_that_two_criteria_share_is_paid_once() -> None:
    first = a_run(BASE, PAIR, criterion="truth", cost_usd=2.0, batch_saving_usd=2.0)
    page = a_page(PAIR, runs=(first, replace(first, criterion="tone")), comparisons=())

    found = screen(page).table

    assert [(line.cost, line.cost_note) for group in found.groups for line in group.lines] == [
        ("$2.00", "$0.17 a case"),
        ("–", "with truth"),
    ]
    assert found.money.startswith("Judging cost $2.00 together")


def test_what_is_missing_stands_with_its_reasons_beside_what_is_scored() -> None:
    cases = [
        *PAIR,
        a_case("c98", {BASE: Status.REFUSED, BETTER: Status.TRUNCATED}),
        a_case("c99", {BASE: 1, BETTER: None}),
    ]

    (group,) = screen(a_page(cases)).table.groups

    assert [(line.coverage, line.unscored) for line in group.lines] == [
        ("13 of 14", "1 refused"),
        ("12 of 14", "1 truncated, 1 pending"),
    ]


def test_what_could_have_shown_stands_where_nothing_is_decided_and_only_there() -> None:
    page = a_wide_page(["a", "b", "c", "d", "e"], ["correctness"])

    cells = [cell for line in screen(page).table.groups[0].lines for cell in line.deltas]

    assert {(cell.outcome.value, cell.unseen) for cell in cells} == {
        ("better", ""),
        ("worse", ""),
        ("equivalent", ""),
        ("undecided", "could show ±0.043"),
    }


def test_last_times_of_one_label_name_it_in_the_head_and_of_several_in_each_cell(tmp_path: Path) -> None:
    one = a_wide_page(["a", "b", "c", "d"], ["correctness"])
    other = replace(
        one.runs[1], since=a_since(label="sunday", delta=None, low=None, high=None, reasons=("rubric differs",))
    )
    several = replace(one, runs=(one.runs[0], other, *one.runs[2:]))

    assert screen(one).table.since == "since monday"
    assert "since monday" in shown(one, tmp_path)
    text = shown(several, tmp_path)
    assert "since last time" in text
    assert "sunday : 0.700 then, other outputs" in text
    assert "monday : 3 better, 1 worse, other outputs" in text
    assert "not compared: rubric differs" in text


def test_a_run_that_moved_since_the_last_time_has_a_sentence(tmp_path: Path) -> None:
    page = a_wide_page(["a", "b", "c"], ["correctness"])
    fallen = replace(page.runs[1], since=a_since(delta=-0.05, low=-0.08, high=-0.02, changes=()))

    text = shown(replace(page, runs=(page.runs[0], fallen, page.runs[2])), tmp_path)

    said = "▼ Since monday : b is worse : −0.050 [−0.080, −0.020] , 3 cases better, 1 worse, the same outputs, judged"
    said += " again"
    assert said in text
    assert text.count("Since monday") == 1


def test_many_comparisons_are_counted_and_laid_out_by_candidate_and_criterion(tmp_path: Path) -> None:
    found = screen(a_wide_page(MANY)).findings

    assert found.counts == "24 better, 23 worse, 24 equivalent, 24 undecided"
    assert found.matrix is not None
    assert found.matrix.columns == GRADERS
    assert [name for name, _ in found.matrix.rows] == MANY[1:]
    patch = found.matrix.rows[0][1][0]
    assert patch is not None
    assert (patch.outcome.value, patch.mark, patch.text) == ("better", "▲", "+0.080")
    text = shown(a_wide_page(MANY), tmp_path)
    assert text.count("is better than") == 24


def test_few_comparisons_are_read_one_by_one(tmp_path: Path) -> None:
    found = screen(a_wide_page(["a", "b", "c", "d"], GRADERS[:2])).findings

    assert (found.counts, found.matrix, len(found.sentences)) == ("", None, 6)


def test_every_method_in_use_has_its_sentence_with_its_source_and_no_other_has(tmp_path: Path) -> None:
    text = shown(a_wide_page(["a", "b"], ["correctness"], adjustment="Holm over 2 comparisons"), tmp_path)

    for source in ("Owen 1988", "Fisher 1935", "Holm 1979", "Miller 2024", "fixed seed"):
        assert source in text
    assert "Wilson" not in text
    assert "by a new one" not in text


def test_a_system_prompt_has_an_address_of_its_own(tmp_path: Path) -> None:
    page = a_page(PAIR, prompts={"tone": "Be kind.", "truth": "Be strict."})

    html = render(page, tmp_path / "r.html").path.read_text(encoding="utf-8")

    assert re.findall(r'id="(prompt-\d+)"><summary>System prompt of <bdi>(\w+)', html) == [
        ("prompt-1", "tone"),
        ("prompt-2", "truth"),
    ]


def test_the_first_screen_of_a_page_with_warnings_and_a_gate_reaches_the_run_table(
    tmp_path: Path, open_report: Opener
) -> None:
    notices = tuple(Notice(severity=severity, text="something to know") for severity in Severity)
    page = a_page(PAIR, gates=(a_gate("model-b", "FAIL"),), notices=notices)

    tab = open_report(render(page, tmp_path / "r.html").path, viewport={"width": 1280, "height": 900}).tab

    for selector in (".gates .stamp", ".notice", ".sentence", ".board thead th"):
        box = tab.locator(selector).last.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 900, selector


@pytest.mark.parametrize("width", [320, 700, 900, 1280])
@pytest.mark.parametrize("script", [True, False])
def test_many_runs_with_long_names_never_scroll_the_page_sideways(
    tmp_path: Path, open_report: Opener, width: int, script: bool
) -> None:
    gates = tuple(a_gate(name, "FAIL") for name in MANY[1:])
    done = render(a_wide_page(MANY, gates=gates, title=LONG), tmp_path / "r.html")

    tab = open_report(done.path, script=script, viewport={"width": width, "height": 800}).tab

    assert tab.evaluate("() => document.documentElement.scrollWidth") <= width


def test_few_runs_with_long_names_fit_at_320_pixels_with_everything_open(tmp_path: Path, open_report: Opener) -> None:
    page = a_wide_page(["production", LONG, HEBREW], GRADERS[:2], gates=(a_gate(LONG, "FAIL"),), title=LONG)

    tab = open_report(render(page, tmp_path / "r.html").path, viewport={"width": 320, "height": 640}).tab
    tab.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")

    assert tab.evaluate("() => document.documentElement.scrollWidth") == 320


def test_the_head_of_a_long_table_and_the_names_stay_in_sight(tmp_path: Path, open_report: Opener) -> None:
    done = render(a_wide_page(MANY), tmp_path / "r.html")
    wide = open_report(done.path, viewport={"width": 1280, "height": 800}).tab
    wide.locator("tr.run").nth(60).scroll_into_view_if_needed()
    narrow = open_report(done.path, viewport={"width": 640, "height": 800}).tab
    narrow.locator(".region").evaluate("(region) => region.scrollTo(400, 900)")

    assert top(wide, ".board thead th") == pytest.approx(0, abs=1)
    assert top(narrow, ".board thead th") == pytest.approx(top(narrow, ".region"), abs=1)
    assert left(narrow, "tr.run th") == pytest.approx(left(narrow, ".region"), abs=1)


def test_a_click_on_a_name_shows_what_stands_behind_the_run(tmp_path: Path, open_report: Opener) -> None:
    tab = open_report(render(a_page(PAIR), tmp_path / "r.html").path).tab
    more = tab.locator("tr.more").first

    expect(more).to_be_hidden()
    tab.locator("tr.run summary").first.click()
    expect(more).to_be_visible()
    expect(more).to_contain_text(BASE)
    expect(tab.locator("tr.more").nth(1)).to_be_hidden()


def test_on_paper_what_is_folded_is_open_and_no_row_is_cut(tmp_path: Path, open_report: Opener) -> None:
    page = a_page(PAIR, gates=(a_gate("model-b", "PASS"),))
    tab = open_report(render(page, tmp_path / "r.html").path, script=False).tab

    tab.emulate_media(media="print")

    for selector in ("tr.more", ".checks", ".doubt details dl"):
        expect(tab.locator(selector).first).to_be_visible()
    breaks = "(row) => getComputedStyle(row).breakInside"
    assert tab.locator("tr.run").first.evaluate(breaks) == "avoid"


def test_everything_that_can_be_pressed_is_24_pixels_high(tmp_path: Path, open_report: Opener) -> None:
    notice = Notice(severity=Severity.NOTE, text="some runs", items=("one", "two"))
    page = a_wide_page(["a", "b", "c"], ["correctness"], gates=(a_gate("b", "PASS"),), notices=(notice,))

    tab = open_report(render(page, tmp_path / "r.html").path).tab

    for one in tab.locator(".top :is(a, button), .gate summary, .notice summary, .doubt summary, .board summary").all():
        box = one.bounding_box()
        assert box is not None
        assert box["height"] >= 24, one.inner_text()


def top(tab: Tab, selector: str) -> float:
    return tab.locator(selector).first.evaluate("(found) => found.getBoundingClientRect().top")


def left(tab: Tab, selector: str) -> float:
    return tab.locator(selector).first.evaluate("(found) => found.getBoundingClientRect().left")

"""Finding cases in a real Chromium: at once in ids and beginnings, in all texts, and out of the page as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from explorer_pages import listed
from playwright.sync_api import expect
from report_pages import BASE, BETTER, a_case, a_page, seeded_cases

from evalkit.report import render
from evalkit.report.page import ReplyText
from evalkit.score import Status

Opener = Callable[..., Any]
pytestmark = [pytest.mark.browser, pytest.mark.sweep]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 300 seeded cases and four runs."""
    return render(a_page(list(seeded_cases(300))), tmp_path_factory.mktemp("report") / "report.html").path


def test_typing_finds_at_once_in_ids_and_inputs_without_regard_to_case(tmp_path: Path, open_report: Opener) -> None:
    cases = [
        a_case("😀😀😀", {BASE: 1.0}, input="👍🏽👍🏽 漢字"),
        a_case("Straße", {BASE: 1.0}, input="İstanbul first"),
        a_case("b", {BASE: 1.0}, input="ends with ab"),
        a_case("cd", {BASE: 1.0}, input="ÉCOLE"),
    ]
    tab = open_report(render(a_page(cases), tmp_path / "r.html").path, "sort=dataset").tab
    found = {}

    for query in ("strasse", "straße", "istanbul", "école", "BC", "bcd", "  ends ", "漢", "😀"):
        tab.locator("#find").fill(query)
        expect(tab.locator("#count")).to_contain_text("of 4 cases")
        found[query] = listed(tab)

    assert found == {
        "strasse": [],
        "straße": ["Straße"],
        "istanbul": ["Straße"],
        "école": ["cd"],
        "BC": [],
        "bcd": [],
        "  ends ": ["b"],
        "漢": ["😀😀😀"],
        "😀": ["😀😀😀"],
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("needle", 1),
        ("scores", 0),
        ("null", 1),
        ('say "hi"', 1),
        ("0.5", 0),
        ("line\\n", 0),
        ("back\\slash", 1),
        ("msgbatch_x", 1),
    ],
)
def test_enter_finds_in_texts_alone_and_never_in_what_holds_them(
    tmp_path: Path, open_report: Opener, query: str, found: int
) -> None:
    cases = [a_case(f"c{number}", {BASE: 0.5}, expected=None) for number in range(70)]
    text = 'a Needle, a null, say "hi"\nback\\slash'
    cases[66] = a_case("c66", {BASE: 0.5}, outputs={"model-a": text})
    key, cell = next(iter(cases[66].cells.items()))
    cases[66] = replace(cases[66], cells={key: replace(cell, reply=ReplyText(batch="msgbatch_x"))})
    tab = open_report(render(a_page(cases), tmp_path / "r.html").path).tab

    tab.locator("#find").fill(query)
    tab.locator("#find").press("Enter")

    expect(tab.locator("#count")).to_have_text(f"{found} of 70 cases")
    expect(tab.locator("#stop")).to_be_hidden()


def test_a_search_of_all_texts_can_be_linked_to(report: Path, open_report: Opener) -> None:
    tab = open_report(report, "show=all&find=reason+aaaaaaaaaaaa+case-0012&deep=1").tab

    expect(tab.locator("#count")).to_have_text("10 of 300 cases")
    expect(tab.locator("#find")).to_have_value("reason aaaaaaaaaaaa case-0012")


def test_a_search_is_stopped_and_keeps_what_it_found(tmp_path: Path, open_report: Opener) -> None:
    page = a_page([a_case(f"c{number}", {BASE: 1.0}) for number in range(2000)])
    tab = open_report(render(page, tmp_path / "r.html").path).tab
    # As it begins the page says how far it is; pressed in the same turn, the button is always in time.
    tab.evaluate("""() => new MutationObserver(() => document.getElementById("stop").click())
        .observe(document.getElementById("stop"), { attributes: true })""")

    tab.locator("#find").fill("answer")
    tab.locator("#find").press("Enter")

    expect(tab.locator("#count")).to_contain_text("stopped after the texts of")
    expect(tab.locator("#stop")).to_be_hidden()
    assert not tab.locator("#count").inner_text().startswith("2,000 of")


def test_the_rows_in_sight_leave_as_csv_that_no_spreadsheet_runs(tmp_path: Path, open_report: Opener) -> None:
    cases = [
        a_case("=1+1", {BASE: 1.0, BETTER: 0.25}, input='=HYPERLINK("x"), or\nnot', tags=("@tag", "b,c")),
        a_case("-2", {BASE: 1.0, BETTER: Status.REFUSED}, input="plain"),
        a_case("hidden", {BASE: 0.0, BETTER: 1.0}),
    ]
    tab = open_report(render(a_page(cases, title="=a/b: é"), tmp_path / "r.html").path, "show=all&sort=dataset").tab
    tab.locator("#find").fill("2")
    tab.locator("#find").fill("")
    tab.locator("#filters button[value=all]").click()

    with tab.expect_download() as saved:
        tab.locator("#save").click()
    text = Path(saved.value.path()).read_bytes().decode("utf-8")

    assert saved.value.suggested_filename == "a-b-é-cases.csv"
    assert text.endswith("\r\n")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [
        ["case", "tags", "difference", "model-a", "model-a status", "model-b", "model-b status", "input"],
        ["'=1+1", "'@tag; b,c", "-0.75", "1", "scored", "0.25", "scored", '\'=HYPERLINK("x"), or not'],
        ["'-2", "", "", "1", "scored", "", "refused", "plain"],
        ["hidden", "", "1", "0", "scored", "1", "scored", "question hidden"],
    ]


def test_only_the_rows_that_are_shown_leave_as_csv(report: Path, open_report: Opener) -> None:
    tab = open_report(report, "show=all&find=case-0001").tab

    with tab.expect_download() as saved:
        tab.locator("#save").click()

    rows = list(csv.reader(io.StringIO(Path(saved.value.path()).read_text(encoding="utf-8"))))
    assert sorted(row[0] for row in rows[1:]) == [f"case-000{number}" for number in range(10, 20)]


def test_ids_and_inputs_beyond_the_basic_plane_stay_apart(tmp_path: Path, open_report: Opener) -> None:
    ids = ["😀-1", "b", "\ufeffc", "漢字"]
    cases = [a_case(name, {BASE: 1.0}, input=f"👍🏽 {name} end") for name in ids]
    tab = open_report(render(a_page(cases), tmp_path / "r.html").path, "sort=dataset").tab

    assert listed(tab) == ["😀-1", "b", "U+FEFFc", "漢字"]
    assert tab.locator("#canvas .row .start").all_inner_texts()[1] == "👍🏽 b end"

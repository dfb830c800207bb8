"""The file that `render` writes, read without a browser."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_pages import (
    BASE,
    BETTER,
    CRITERION,
    HOSTILE,
    WORSE,
    HeldCases,
    a_case,
    a_comparison,
    a_page,
    hostile_page,
    seeded_cases,
)

from evalkit.errors import IntegrityError, StoreError, UsageError
from evalkit.report import Page, Rendering, render
from evalkit.report.page import CaseTexts, CellColumn, GateCheckRow, GateRow, RunRow
from evalkit.report.write.ledger import Ledger
from evalkit.report.write.meta import meta
from evalkit.report.write.place import placing
from evalkit.score import Status


def written(page: Page, out: Path, **options: Any) -> str:
    render(page, out, **options)
    return out.read_text(encoding="utf-8")


def block(html: str, name: str) -> str:
    found = re.search(f'id="{name}">(.*?)</script>', html, re.DOTALL)
    assert found, name
    return found.group(1)


def chunk(html: str, number: int) -> list[dict]:
    lines = gzip.decompress(base64.b64decode(block(html, f"chunk-{number}"))).split(b"\n")
    return [json.loads(line) for line in lines[1:]]


def inputs(html: str, number: int = 0) -> list[str]:
    return [case["input"] for case in chunk(html, number)]


def test_regressed_cases_come_first_then_unscored_then_improved(tmp_path: Path) -> None:
    cases = [
        a_case("same", {BASE: 1.0, BETTER: 1.0}),
        a_case("up", {BASE: 0.0, BETTER: 1.0}),
        a_case("none", {BASE: 1.0, BETTER: Status.TRUNCATED}),
        a_case("down", {BASE: 1.0, BETTER: 0.5}),
        a_case("deep down", {BASE: 1.0, BETTER: 0.0}),
    ]

    html = written(a_page(cases), tmp_path / "r.html")

    order = ["deep down", "down", "none", "up", "same"]
    assert inputs(html) == [f"question {case}" for case in order]


def test_the_texts_of_cases_beyond_the_limit_are_never_read(tmp_path: Path) -> None:
    read: list[int] = []

    class Watched(HeldCases):
        def texts(self, positions: Sequence[int]) -> Iterator[CaseTexts]:
            read.extend(positions)
            return super().texts(positions)

    page = a_page(list(seeded_cases(400)))
    watched = replace(page, cases=Watched(page.cases.rows), comparisons=())
    done = render(watched, tmp_path / "r.html", Rendering(text_limit=1))

    assert done.with_text == 64
    assert len(read) <= 128


def test_the_same_page_gives_the_same_bytes(tmp_path: Path) -> None:
    cases = list(seeded_cases(100))

    html = written(a_page(cases), tmp_path / "a.html")
    assert html == written(a_page(cases), tmp_path / "b.html")
    made_at = base64.b64decode(block(html, "chunk-0"))[4:8]
    assert made_at == bytes(4)


def test_the_policy_names_the_one_script_and_the_one_style_by_hash(tmp_path: Path) -> None:
    html = written(a_page([a_case("c1", {BASE: 1.0})]), tmp_path / "r.html")

    [script] = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    [style] = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    for text in (script, style):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"sha256-{digest}" in html
    assert "default-src &#39;none&#39;" in html
    assert "require-trusted-types-for" in html


def test_no_attribute_carries_style_or_script(tmp_path: Path) -> None:
    html = written(a_page(list(seeded_cases(50))), tmp_path / "r.html")
    markup = re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)

    assert not re.search(r"\s(style|on\w+)=", markup)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_every_place_adds_no_element_and_no_hidden_character(tmp_path: Path, text: str) -> None:
    clean, dirty = hostile_page("harmless"), hostile_page(text)

    html, plain = written(dirty, tmp_path / "d.html"), written(clean, tmp_path / "c.html")

    for tag in ("script", "img", "svg", "base", "style", "section"):
        assert len(re.findall(f"<{tag}\\b", html)) == len(re.findall(f"<{tag}\\b", plain)), tag
    assert html.count("<!--") == plain.count("<!--")
    assert not re.search("[\x00\x1b\u202e\u2066\u2028\u2029\U000e0041]", html)
    if "{{" in text:
        assert "{{ 7*7 }}" in html


def test_a_megabyte_in_one_line_is_kept_whole_but_not_in_the_static_page(tmp_path: Path) -> None:
    long = "x" * (1 << 20)
    cases = [a_case("c1", {BASE: 1.0, BETTER: 0.0}, input=long)]

    html = written(a_page(cases), tmp_path / "r.html")

    assert inputs(html) == [long]
    assert len(html) < 200_000


def test_one_run_without_a_baseline_shows_its_mean_and_compares_nothing(tmp_path: Path) -> None:
    cases = [a_case(f"c{number}", {BASE: number / 4}) for number in range(5)]

    html = written(a_page(cases), tmp_path / "r.html")

    assert "Nothing is compared here" in html
    assert "Mean of each run" in html
    assert ">0.500" in html


def test_no_score_at_all_is_said_in_words_and_never_as_zero(tmp_path: Path) -> None:
    cases = [a_case("c1", {BASE: Status.EXPIRED, BETTER: None})]

    html = written(a_page(cases), tmp_path / "r.html")

    assert "<title>no case has a score yet" in html
    assert "No case has a score yet." in html
    assert "1 expired" in html
    assert "1 pending" in html
    assert "0.000" not in html.split("<script")[0]


def test_a_page_without_runs_or_cases_is_still_a_page(tmp_path: Path) -> None:
    html = written(a_page([]), tmp_path / "r.html")

    assert "No case has a score yet." in html


def test_a_refused_comparison_has_no_difference_and_no_regressions(tmp_path: Path) -> None:
    cases = [a_case("c1", {BASE: 1.0, BETTER: 0.0})]
    refused = a_comparison(
        BASE, BETTER, cases, delta=None, low=None, high=None, comparable=False, reasons=("graders differ",)
    )

    html = written(a_page(cases, comparisons=(refused,)), tmp_path / "r.html")

    assert "cannot be compared with" in html
    assert "graders differ" in html
    assert 'id="worst"' not in html
    assert "0 / 0 / 1" not in html
    assert json.loads(block(html, "meta"))["comparisons"] == []


def test_a_case_with_changed_content_is_never_paired(tmp_path: Path) -> None:
    cases = [
        a_case("c1", {BASE: 1.0, BETTER: 0.0}, changed_in=frozenset({BASE})),
        a_case("c2", {BASE: 1.0, BETTER: 0.5}),
    ]

    html = written(a_page(cases), tmp_path / "r.html")

    assert "The largest regression<" in html
    assert inputs(html) == ["question c2", "question c1"]
    assert "Do not use this page" not in html


def test_numbers_that_contradict_the_cases_are_an_alarm_on_the_page(tmp_path: Path) -> None:
    cases = [a_case("c1", {BASE: 1.0, BETTER: 0.0})]
    wrong = a_comparison(BASE, BETTER, cases, wins=5, losses=0)

    html = written(a_page(cases, comparisons=(wrong,)), tmp_path / "r.html")

    assert "the table says 5 / 0 / 0 wins, ties and losses, the cases below say 0 / 0 / 1" in html


def test_cases_that_only_runs_of_another_dataset_have_are_a_note_and_no_contradiction(tmp_path: Path) -> None:
    cases = [a_case("c1", {BASE: 1.0, BETTER: 0.0})]
    page = a_page(cases, comparisons=(a_comparison(BASE, BETTER, cases, wins=1, ties=1, losses=1),))
    page = replace(page, runs=tuple(replace(row, n=row.n + 2, scored=row.scored + 2) for row in page.runs))

    html = written(page, tmp_path / "r.html")

    assert "Do not use this page" not in html
    assert "the numbers above are also of cases that it does not have" in html


@pytest.mark.parametrize("tally", [{"losses": 0}, {"wins": 5, "losses": 0}])
def test_a_case_here_that_the_numbers_lack_is_a_contradiction_whatever_other_cases_runs_have(
    tmp_path: Path, tally: dict[str, int]
) -> None:
    cases = [a_case("c1", {BASE: 1.0, BETTER: 0.0})]
    page = a_page(cases, comparisons=(a_comparison(BASE, BETTER, cases, **tally),))
    page = replace(page, runs=tuple(replace(row, n=row.n + 2, scored=row.scored + 2) for row in page.runs))

    assert "Do not use this page" in written(page, tmp_path / "r.html")


def test_more_missing_scores_than_cases_elsewhere_are_a_contradiction(tmp_path: Path) -> None:
    cases = [a_case("c1", {BASE: 1.0}), a_case("c2", {BASE: Status.REFUSED})]
    page = a_page(cases)
    page = replace(page, runs=tuple(replace(row, n=3, scored=3, unscored={}) for row in page.runs))

    assert "the table says 3 scored, the cases below say 1" in written(page, tmp_path / "r.html")


def test_a_row_that_loses_a_case_is_refused() -> None:
    with pytest.raises(ValueError, match="scored \\+ unscored \\+ pending"):
        RunRow(run=BASE, candidate="m", grader="g", criterion="g", judge="j", n=3, scored=2)


def test_a_value_without_a_score_is_refused() -> None:
    with pytest.raises(ValueError, match="does not go with"):
        CellColumn().add(Status.TRUNCATED, 0.0)


def test_two_cases_of_one_id_are_refused(tmp_path: Path) -> None:
    cases = [a_case("c1", {BASE: 1.0}), a_case("c1", {BASE: 0.0})]

    with pytest.raises(IntegrityError, match="'c1' twice"):
        render(a_page(cases), tmp_path / "r.html")


def test_a_cell_of_an_unknown_run_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    page = replace(a_page([a_case("c1", {BASE: 1.0})]), cases=HeldCases([a_case("c1", {WORSE: 1.0})]))

    with pytest.raises(IntegrityError, match=WORSE):
        render(page, tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_report_survives_when_a_new_one_fails(tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    out.write_text("earlier", encoding="utf-8")

    class Broken(HeldCases):
        def texts(self, positions: Sequence[int]) -> Iterator[CaseTexts]:  # noqa: ARG002
            raise RuntimeError("store went away")

    cases = [a_case("c1", {BASE: 1.0})]
    with pytest.raises(RuntimeError):
        render(replace(a_page(cases), cases=Broken(cases)), out)
    assert out.read_text(encoding="utf-8") == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


def test_a_folder_that_does_not_exist_is_named_with_its_mend(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name a file in a folder that exists"):
        render(a_page([]), tmp_path / "absent" / "r.html")


def test_a_report_that_cannot_take_its_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "r.html").mkdir()

    with pytest.raises(UsageError):
        render(a_page([]), tmp_path / "r.html")
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


def test_texts_beyond_the_limit_are_left_out_from_the_least_telling_end(tmp_path: Path) -> None:
    cases = list(seeded_cases(400))

    done = render(a_page(cases), tmp_path / "r.html", Rendering(text_limit=60_000))

    html = done.path.read_text(encoding="utf-8")
    assert 64 <= done.with_text < 400
    assert done.without_text == 400 - done.with_text
    assert "chunk-0" in html
    assert json.loads(block(html, "meta"))["n"] == 400


def test_colours_of_text_have_enough_contrast_in_light_and_dark() -> None:
    static = Path(render.__code__.co_filename).parents[1] / "static" / "report.css"
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", static.read_text(encoding="utf-8"))
    pairs = {name: (light, dark) for name, light, dark in found}
    for side in (0, 1):
        for name in ("ink", "quiet", "better", "worse", "caution", "alarm", "fine"):
            for paper in ("paper", "raised"):
                ratio = contrast(pairs[name][side], pairs[paper][side])
                assert ratio >= 4.5, (name, paper, side, ratio)
        assert contrast(pairs["caution"][side], pairs["caution-paper"][side]) >= 4.5
        assert contrast(pairs["alarm"][side], pairs["alarm-paper"][side]) >= 4.5


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_full_disk_is_told_apart_from_a_wrong_place(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this machine has no /dev/full")
    with (
        pytest.raises(StoreError, match="make room"),
        placing(tmp_path / "r.html"),
        full.open("wb", buffering=0) as file,
    ):
        file.write(b"x")


def test_the_explorer_begins_with_the_comparison_that_fails_the_gate() -> None:
    """Other pairs may have lost more cases, and are no reason to stop a release."""
    cases = [a_case(f"case-{n}", {BASE: 1.0, BETTER: 1.0 if n else 0.5, WORSE: 0.0}) for n in range(6)]
    check = GateCheckRow(name=CRITERION, verdict="FAIL", why="lower", run=BETTER, criterion=CRITERION)
    advice = replace(check, run=WORSE, decides=False)
    gate = GateRow(candidate="model-b", verdict="FAIL", rule="lower", baseline="model-a", checks=(check, advice))

    def first(page: Page) -> object:
        ledger = Ledger(page)
        return meta(page, ledger, ledger.order(), {row.run: row.run for row in page.runs})["first"]

    assert first(a_page(cases)) == 1
    assert first(a_page(cases, gates=(gate,))) == 0

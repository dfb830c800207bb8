"""`agree`, as its users call it: labels in, agreement out, kept for the gate and the report."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit import api
from evalkit.errors import DatasetError, UsageError
from evalkit.pipeline.corrections import calibration_for_gate
from evalkit.pipeline.draw import draw_order

SUPPORT = Path(__file__).parents[2] / "datasets" / "support"


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def people(tmp_path: Path) -> Callable[..., Path]:
    """Writes labels of case ids, `correct` for all but those named."""

    def written(cases: Sequence[str], *wrong: str, name: str = "people.jsonl", **more: str) -> Path:
        rows = [{"id": case, "label": "incorrect" if case in wrong else "correct", **more} for case in cases]
        return write(tmp_path / name, rows)

    return written


def scored(desk: Any, n: int = 6) -> tuple[str, list[str]]:
    """A collected run, and its case ids."""
    run = desk.submit()
    desk.collect()
    return run, sorted(desk.rows(run))


def calibrations(desk: Any) -> list[Any]:
    with desk.store() as store:
        digests = {run.grader_digest for run in store.runs.select()}
        return store.calibrations.of_graders(digests)


def test_a_judge_is_held_against_labels_and_what_comes_of_it_is_kept(desk: Any, people: Any) -> None:
    run, cases = scored(desk)
    judge = {case: row["label"] for case, row in desk.rows(run).items()}
    (found,) = evalkit.agree(run, people(cases, "case-0000"), store=desk.url)
    person = {case: "incorrect" if case == "case-0000" else "correct" for case in cases}

    assert found.agreement.n == found.agreement.scored == 6
    assert found.agreement.agreement.value == pytest.approx(sum(judge[c] == person[c] for c in cases) / 6)
    differing = {case for case in cases if judge[case] != person[case]}
    assert {one.case_id for one in found.agreement.disagreements} == differing
    assert all(one.reason == desk.rows(run)[one.case_id]["reason"] for one in found.agreement.disagreements)
    (kept,) = calibrations(desk)
    assert kept == found.calibration
    assert (kept.run, kept.criterion, kept.source) == (run, "correctness", "people.jsonl")


def test_the_same_labels_are_kept_once_and_others_beside_them(desk: Any, people: Any) -> None:
    run, cases = scored(desk)
    labels = people(cases[:4], "case-0000")
    first = evalkit.agree(run, labels, store=desk.url)[0]
    again = evalkit.agree(run, people(list(reversed(cases[:4])), "case-0000", name="b.jsonl"), store=desk.url)[0]

    assert (first.stored, again.stored) == (True, False)
    assert again.calibration == first.calibration
    assert evalkit.agree(run, labels, random=True, store=desk.url)[0].stored
    assert evalkit.agree(run, people(cases), store=desk.url)[0].stored
    assert len(calibrations(desk)) == 3


def test_a_case_that_the_judge_left_unscored_is_counted_apart(open_desk: Any, people: Any) -> None:
    desk = open_desk(6)
    desk.behave(outcomes={"case-0001": "refusal", "case-0004": "refusal"})
    run, cases = scored(desk)
    (found,) = evalkit.agree(run, people(cases), store=desk.url)

    assert (found.agreement.n, found.agreement.scored, found.agreement.unscored) == (6, 4, 2)
    assert {pair.case_id for pair in found.calibration.pairs if pair.judge is None} == {"case-0001", "case-0004"}
    assert sum(map(sum, found.agreement.confusion)) == 4


def test_a_run_with_cases_to_come_is_refused(desk: Any, people: Any) -> None:
    run = desk.submit()

    with pytest.raises(UsageError, match=f"evalkit collect {run} --wait"):
        evalkit.agree(run, people(["case-0000"]), store=desk.url)
    assert calibrations(desk) == []


def test_numbers_on_the_scale_are_labels_too_and_others_are_refused(desk: Any, tmp_path: Path) -> None:
    run, _ = scored(desk)
    rows = [
        {"id": "case-0000", "label": 1},
        {"id": "case-0001", "label": "0.5"},
        {"id": "case-0002", "label": " Correct "},
    ]
    (found,) = evalkit.agree(run, write(tmp_path / "l.jsonl", rows), store=desk.url)
    assert [pair.human for pair in found.calibration.pairs] == [1.0, 0.5, 1.0]

    for label in (1.5, -1, "nan", "inf", "excellent", True):
        with pytest.raises(
            DatasetError, match="write one of 'incorrect', 'partial', 'correct', or a number from 0 to 1"
        ):
            evalkit.agree(run, write(tmp_path / "l.jsonl", [{"id": "case-0000", "label": label}]), store=desk.url)


def test_raters_who_are_split_leave_a_case_without_a_label(desk: Any, tmp_path: Path) -> None:
    run, _ = scored(desk)
    said = {"case-0000": ("correct", "correct", "partial"), "case-0001": ("correct", "partial", "incorrect")}
    rows = [
        {"id": case, "label": label, "rater": f"r{n}"}
        for case, labels in said.items()
        for n, label in enumerate(labels)
    ]
    (found,) = evalkit.agree(run, write(tmp_path / "l.jsonl", rows), store=desk.url)

    assert found.ties == ("case-0001",)
    assert [(pair.case_id, pair.human) for pair in found.calibration.pairs] == [("case-0000", 1.0)]
    assert found.raters is not None
    assert (found.raters.raters, found.raters.cases) == (3, 2)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_a_draw_is_blind_reproducible_and_known_again(open_desk: Any, tmp_path: Path, suffix: str) -> None:
    desk = open_desk(40)
    run, _ = scored(desk)
    out = tmp_path / f"label-me{suffix}"
    drawn = evalkit.draw_cases(run, 12, out, store=desk.url)
    longer = evalkit.draw_cases(run, 20, tmp_path / f"longer{suffix}", store=desk.url)
    rows, more = read(out), read(longer.path)

    assert (drawn.cases, drawn.of) == (12, 40)
    assert [row["id"] for row in rows] == [row["id"] for row in more][:12]
    assert rows[0].keys() == {"id", "input", "expected", "output", "criterion", "choices", "label"}
    assert {row["label"] for row in rows} == {""}
    for row in rows:
        judged = desk.rows(run)[row["id"]]
        assert judged["reason"] not in json.dumps(row)
    filled = [row | {"label": "correct"} for row in rows]
    # A person who stopped early has still labelled a random sample; one who picked has not.
    assert labelled(desk, run, tmp_path, filled[:9] + rows[9:]).calibration.sampled
    assert labelled(desk, run, tmp_path, filled).calibration.sampled
    assert not labelled(desk, run, tmp_path, filled[1:]).calibration.sampled
    assert labelled(desk, run, tmp_path, filled).corrected.method in ("ppi++", "labels")


def labelled(desk: Any, run: str, folder: Path, rows: Sequence[Mapping[str, Any]]) -> Any:
    return evalkit.agree(run, write(folder / "filled.jsonl", rows), store=desk.url)[0]


def read(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_draw_goes_round_through_a_spreadsheet_with_ids_that_look_like_formulas(
    open_desk: Any, tmp_path: Path
) -> None:
    cases = [{"id": f"={n}+1", "input": '=HYPERLINK("x")\r\nline, "two"', "expected": "It is so."} for n in range(8)]
    desk = open_desk(cases)
    run, _ = scored(desk)
    out = tmp_path / "l.csv"
    evalkit.draw_cases(run, 8, out, store=desk.url)
    rows = read(out)

    assert all(cell[:1] not in "=+-@\t\r\n" for row in rows for cell in row.values() if cell)
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(row | {"label": "correct"} for row in rows)
    (found,) = evalkit.agree(run, out, store=desk.url)
    assert (found.agreement.n, found.labels.unknown) == (8, ())


def test_a_draw_never_writes_over_labels(desk: Any, people: Any, tmp_path: Path) -> None:
    run, cases = scored(desk)
    labels = people(cases)
    before = labels.read_bytes()

    with pytest.raises(UsageError, match="is there already, and may hold labels"):
        evalkit.draw_cases(run, 3, labels, store=desk.url)
    assert labels.read_bytes() == before
    with pytest.raises(UsageError, match=r"people fill in a \.jsonl or a \.csv file"):
        evalkit.draw_cases(run, 3, tmp_path / "l.parquet", store=desk.url)
    with pytest.raises(UsageError, match="cannot be written"):
        evalkit.draw_cases(run, 3, tmp_path / "nowhere" / "l.csv", store=desk.url)


def test_a_case_without_an_output_is_never_drawn(open_desk: Any) -> None:
    desk = open_desk(4, outputs={"some": {"case-0000": "a", "case-0002": "b"}})
    run, _ = scored(desk)
    with desk.store() as store:
        assert set(draw_order(store, store.runs.get(run))) == {"case-0000", "case-0002"}


def test_two_judges_of_the_same_outputs_are_held_against_each_other(desk: Any) -> None:
    one = desk.submit()
    other = desk.submit(judge="claude-sonnet-5-5")
    desk.collect()
    (found,) = evalkit.agree_between([one, other], store=desk.url)

    assert found.runs == (one, other)
    assert found.judges == ("claude-haiku-5-5", "claude-sonnet-5-5")
    assert (found.n, found.unscored, found.left_out) == (6, (0, 0), 0)
    (pair,) = found.pairs
    assert (pair.reference, pair.run, pair.scored) == (one, other, 6)
    assert calibrations(desk) == []


def test_judges_of_other_outputs_are_no_judges_of_these(open_desk: Any) -> None:
    desk = open_desk(3, outputs={name: {f"case-{n:04}": name for n in range(3)} for name in ("one", "two")})
    runs = [row.run for row in api.submit(desk.folder, store=desk.url)]
    desk.collect()

    with pytest.raises(UsageError, match=r"`evalkit compare` is for candidates"):
        evalkit.agree_between(runs, store=desk.url)
    with pytest.raises(UsageError, match="named twice"):
        evalkit.agree_between([runs[0], runs[0]], store=desk.url)
    with pytest.raises(UsageError, match=r"no criterion 'correctnes'; did you mean 'correctness'\?"):
        evalkit.agree_between(runs[:1], criterion="correctnes", store=desk.url)


def test_the_runs_the_page_and_the_screen_show_the_corrected_mean_beside_the_raw_one(
    open_desk: Any, tmp_path: Path
) -> None:
    desk = open_desk(40)
    run, _ = scored(desk)
    assert desk.view(run).corrected is None
    assert api.runs(store=desk.url)[0].json()["corrected"] is None
    out = tmp_path / "l.jsonl"
    evalkit.draw_cases(run, 15, out, store=desk.url)
    write(out, [row | {"label": ("correct", "partial", "incorrect")[n % 3]} for n, row in enumerate(read(out))])
    (found,) = evalkit.agree(run, out, store=desk.url)

    view = desk.view(run)
    assert view.corrected == found.corrected
    document = api.runs(store=desk.url)[0].json()
    assert document["corrected"] == pytest.approx(found.corrected.value)
    assert document["corrected_low"] <= document["corrected"] <= document["corrected_high"]
    assert (document["corrected_method"], document["corrected_labels"]) == ("ppi++", 15)
    assert f"corrected  {found.corrected.value:.3f}" in desk.command("show", run).out
    page = tmp_path / "r.html"
    desk.command("report", run, "--out", page)
    text = page.read_text(encoding="utf-8")
    assert f"corrected {found.corrected.value:.3f} [" in text
    assert "agrees little with people on correctness (AC1" in text
    assert "do not act on correctness alone" in text


def test_a_page_without_labels_says_so_quietly(desk: Any, tmp_path: Path) -> None:
    run, _ = scored(desk)
    page = tmp_path / "r.html"
    desk.command("report", run, "--out", page)
    text = page.read_text(encoding="utf-8")

    assert "the judge was not checked against people" in text
    assert "agrees little" not in text
    assert ">corrected " not in text


def test_another_judge_is_not_covered_by_the_calibration(desk: Any, people: Any) -> None:
    run, cases = scored(desk)
    evalkit.agree(run, people(cases), store=desk.url)
    other = desk.submit(judge="claude-sonnet-5-5")
    desk.collect()

    assert desk.view(run).corrected is not None
    assert desk.view(other).corrected is None


def test_a_gate_is_told_of_the_newest_labels_of_its_judge(desk: Any, people: Any) -> None:
    run, cases = scored(desk)
    with desk.store() as store:
        found = store.runs.get(run)
        assert calibration_for_gate(store, found, "correctness", now=datetime.now(UTC)) is None
        evalkit.agree(run, people(cases), store=desk.url)
        newest = evalkit.agree(run, people(cases[:5], "case-0000"), store=desk.url)[0]
        asked = newest.calibration.measured_at + timedelta(days=2)
        told = calibration_for_gate(store, found, "correctness", now=asked)

    assert told is not None
    assert (told.low, told.n, told.age_days) == (newest.agreement.ac1.low, 5, 2.0)


def test_the_command_tells_all_within_eighty_columns(desk: Any, people: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run, cases = scored(desk)
    said = desk.command("agree", run, "--labels", people(cases, "case-0000"))

    assert said.code == 0
    for word in ("agreement", "AC1", "kappa", "sensitivity", "bias", "weighted kappa", "case-0000", "corrected", "!"):
        assert word in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    document = desk.command("agree", run, "--labels", people(cases, "case-0000"), "--json").json
    (row,) = document["agreement"]
    assert (row["n"], row["scored"], row["stored"]) == (6, 6, False)
    assert row["ac1_low"] <= row["ac1"] <= row["ac1_high"]
    assert row["disagreements"][0]["case"] in cases
    other = desk.submit(judge="claude-sonnet-5-5")
    third = desk.submit(judge="claude-opus-5-5")
    desk.collect()
    for runs in ((run, other), (run, other, third)):
        said = desk.command("agree", *runs)
        assert said.code == 0
        assert all(one in said.out for one in runs)
        assert max(map(len, said.out.splitlines())) <= 80
    pairs = desk.command("agree", run, other, third, "--json").json["agreement"][0]["pairs"]
    assert [(pair["reference"], pair["run"]) for pair in pairs] == [(run, other), (run, third), (other, third)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "name a second run, a file of --labels, or --draw N"),
        (("--draw", "3"), "--draw N and --out FILE go together"),
        (("--out", "x.csv"), "go together"),
        (("--labels", "l.jsonl", "--draw", "3", "--out", "x.csv"), "say one of them"),
        (("other", "--labels", "l.jsonl"), "--labels is of one run"),
        (("--labels", "no.jsonl"), "no such file"),
        (("--labels", "no.jsonl", "--field", "label"), "is no FIELD=COLUMN"),
    ],
)
def test_words_that_do_not_go_together_are_refused(desk: Any, words: tuple[str, ...], told: str) -> None:
    run, _ = scored(desk)
    said = desk.command("agree", run, *words)

    assert said.code == 2
    assert told in " ".join(said.err.split()).replace("evalkit: ", "")


def test_the_labels_of_the_example_set_fit_its_runs(sqlite_url: str, tmp_path: Path) -> None:
    found, _ = evalkit.run(SUPPORT, store=sqlite_url, sandbox=True, out=tmp_path / "r.html")
    for row in found:
        if row.grader != "correctness":
            continue
        (agreed,) = evalkit.agree(row.run, SUPPORT / "labels.jsonl", store=sqlite_url)
        assert (agreed.agreement.n, agreed.labels.other_candidates, agreed.labels.unknown) == (80, 80, ())
        assert agreed.calibration.sampled  # every case is labelled
        assert agreed.corrected.method == "labels"
        assert agreed.simulated


def test_a_table_becomes_a_frame_and_a_notebooks_table(desk: Any, people: Any) -> None:
    run, cases = scored(desk)
    table = evalkit.agree(run, people(cases, "case-0000"), store=desk.url)
    frame = table.to_frame()

    assert list(frame["run"]) == [run]
    assert {"ac1", "ac1_low", "kappa", "corrected", "source"} <= set(frame.columns)
    assert set(table.disagreements()["case"]) == {one.case_id for one in table[0].agreement.disagreements}
    assert "<table>" in table._repr_html_()
    other = desk.submit(judge="claude-sonnet-5-5")
    desk.collect()
    between = evalkit.agree_between([run, other], store=desk.url)
    assert list(between.to_frame()["run"]) == [other]
    assert run in between._repr_html_()

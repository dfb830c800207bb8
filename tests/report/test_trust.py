"""The trust list says how every check stands, whichever way it stands."""

from __future__ import annotations

from dataclasses import replace

from report_pages import BASE, BETTER, WORSE, a_case, a_comparison, a_page, a_run

from evalkit.report.page import Agreement, ComparisonRow, GateCheckRow, GateRow, Page, Severity
from evalkit.report.words.names import run_names
from evalkit.report.words.power import power_notices
from evalkit.report.words.trust import State, trust, trust_lines
from evalkit.score import Status


def lines(page: Page) -> dict[str, tuple[State, str]]:
    return {line.topic: (line.state, line.text) for line in trust_lines(page)}


SOUND = [a_case(f"c{number}", {BASE: 0.5, BETTER: number % 2}) for number in range(8)]


def test_a_sound_page_says_so_line_by_line_and_names_what_was_not_checked() -> None:
    said = lines(a_page(SOUND))

    assert {topic for topic, (state, _) in said.items() if state is not State.FINE} == {"Human labels"}
    assert said["Human labels"] == (State.UNCHECKED, "the judge was not checked against people")


def test_the_same_topics_stand_on_every_page() -> None:
    lone = [a_case("c1", {BASE: 1.0})]

    assert lines(a_page(SOUND)).keys() == lines(a_page(lone)).keys() == lines(a_page([])).keys()


def test_missing_and_pending_scores_are_named_with_their_reasons() -> None:
    said = lines(a_page([a_case("c1", {BASE: Status.REFUSED, BETTER: None}), *SOUND]))

    assert said["Coverage"] == (State.CAUTION, "1 of 18 scores missing (1 refused); never counted as 0")
    assert said["Finished"] == (State.CAUTION, "1 result pending; the numbers will change")


def test_a_comparison_of_unlike_runs_is_an_alarm_with_its_reason() -> None:
    row = a_comparison(BASE, BETTER, SOUND, comparable=False, reasons=("graders differ",))

    state, text = lines(a_page(SOUND, comparisons=(row,)))["Comparable"]

    assert state is State.ALARM
    assert "graders differ" in text


def test_the_same_cases_are_claimed_only_where_none_came_or_went() -> None:
    page = a_page(SOUND, comparisons=(a_comparison(BASE, BETTER, SOUND, added=2, changed=1, n_unpaired=7),))
    same, parted = lines(a_page(SOUND)), lines(page)

    assert same["Comparable"][1].endswith("over the same cases")
    assert parted["Comparable"][0] is State.FINE
    assert parted["Comparable"][1].endswith("over the cases that both runs have")
    assert parted["Pairs"] == (
        State.CAUTION,
        "up to 7 cases left out of a comparison (2 added, 1 changed, 4 not scored in both)",
    )


def test_several_comparisons_without_correction_are_a_caution() -> None:
    cases = [a_case("c1", {BASE: 0.5, BETTER: 1.0, WORSE: 0.0}), a_case("c2", {BASE: 1.0, BETTER: 1.0, WORSE: 0.5})]
    page = a_page(cases)

    assert lines(page)["Multiple tests"] == (State.CAUTION, "p values not corrected for 2 comparisons")
    corrected = lines(replace(page, adjustment="Holm over 2 comparisons"))
    assert corrected["Multiple tests"] == (State.FINE, "p values corrected: Holm over 2 comparisons")


def test_weak_agreement_with_people_forbids_acting_on_that_grader() -> None:
    weak = Agreement(grader="tone", criterion="tone", n=220, statistic="kappa", value=0.38)

    state, text = lines(a_page(SOUND, agreement=(weak,)))["Human labels"]

    assert state is State.ALARM
    assert text == "tone kappa 0.38 (n=220); do not act on tone alone"


def test_one_judge_served_by_two_models_is_a_caution() -> None:
    runs = (a_run(BASE, SOUND, served_models=("m-1",)), a_run(BETTER, SOUND, served_models=("m-2",)))

    state, text = lines(a_page(SOUND, runs=runs))["Judge"]

    assert state is State.CAUTION
    assert "m-1 and m-2" in text


def test_an_unknown_price_and_a_simulated_judge_are_said() -> None:
    runs = (a_run(BASE, SOUND, cost_usd=None), a_run(BETTER, SOUND, simulated=True))

    said = lines(a_page(SOUND, runs=runs))

    assert said["Money"] == (State.CAUTION, "judging cost unknown for 1 run")
    assert said["Real"][0] is State.ALARM


def test_what_is_wrong_stands_open_the_gravest_first_and_the_rest_is_counted() -> None:
    runs = (a_run(BASE, SOUND, cost_usd=None), a_run(BETTER, SOUND, simulated=True))
    page = a_page(SOUND, runs=runs)

    found = trust(page)

    assert [(line.topic, line.state) for line in found.open] == [("Real", State.ALARM), ("Money", State.CAUTION)]
    assert found.summary == "7 of 10 checks fine; not checked: human labels"
    assert {*found.open, *found.rest} == {*trust_lines(page)}


def test_few_human_labels_are_a_weak_check_and_enough_of_them_are_not() -> None:
    def said(n: int) -> tuple[State, str]:
        row = Agreement(grader="tone", criterion="tone", n=n, statistic="AC1", value=0.9)
        return lines(a_page(SOUND, agreement=(row,)))["Human labels"]

    assert said(49) == (State.CAUTION, "tone AC1 0.90 (n=49); a weak check, with fewer than 50 labels")
    assert said(50) == (State.FINE, "tone AC1 0.90 (n=50)")


def power_page(*changes: dict[str, float], verdict: str = "", kind: str = "margin") -> Page:
    """A comparison for each of some changes to an undecided one, with a margin of 0.03; a gate judges the first."""
    others = (BETTER, WORSE)[: len(changes)]
    cases = [a_case(f"c{number}", dict.fromkeys((BASE, *others), number % 2)) for number in range(8)]
    given = {"delta": 0.003, "low": -0.04, "high": 0.045, "mde": 0.06, "p_value": 0.6}
    rows: tuple[ComparisonRow, ...] = tuple(
        a_comparison(BASE, run, cases, **(given | change)) for run, change in zip(others, changes, strict=True)
    )
    check = GateCheckRow(name="correctness", verdict=verdict, why="", kind=kind, run=BETTER, criterion="correctness")
    gate = GateRow(candidate="model-b", verdict=verdict, rule="", baseline="model-a", checks=(check,))
    gates = (gate,) if verdict else ()
    return a_page(cases, comparisons=rows, margin=0.03, gates=gates, adjustment="Holm")


def cautions(page: Page) -> list[tuple[str, tuple[str, ...]]]:
    found = list(power_notices(page, run_names(page.runs)))
    assert all(one.severity is Severity.CAUTION for one in found)
    return [(one.text, one.items) for one in found]


def test_an_undecided_comparison_that_could_not_show_the_margin_is_a_caution_that_names_it() -> None:
    page = power_page({})

    assert cautions(page) == [
        (
            "Undecided, and a difference as small as the margin of 0.030 would not show: model-b against model-a on "
            "correctness (shows ±0.060 or more at 80 % power).",
            (),
        )
    ]
    assert lines(page)["Power"] == (
        State.CAUTION,
        "smallest difference this set can show: ±0.060 at 80 % power; coarser than the margin of 0.030 in 1 undecided",
    )


def test_of_several_undecided_comparisons_the_caution_lists_them() -> None:
    ((text, items),) = cautions(power_page({}, {"mde": 0.05}))

    assert text == "2 comparisons are undecided where a difference as small as the margin of 0.030 would not show."
    assert [item.split(" against ")[0] for item in items] == ["model-b", "model-c"]
    assert items[1].endswith("(shows ±0.050 or more at 80 % power)")


def test_what_is_decided_or_fine_enough_is_no_caution_and_the_power_is_a_range() -> None:
    equivalent = {"low": -0.016, "high": 0.021, "mde": 0.04}
    worse = {"delta": -0.075, "low": -0.108, "high": -0.048, "mde": 0.042, "p_value": 0.001}
    fine = {"mde": 0.023}
    seems = {"delta": -0.2, "low": -0.5, "high": 0.2, "mde": 0.1, "p_value": 0.01}

    for change in (equivalent, worse, fine, seems):
        assert cautions(power_page(change)) == []
    page = power_page(worse, fine)
    assert lines(page)["Power"] == (
        State.FINE,
        "smallest difference a comparison can show: ±0.023 to ±0.042 at 80 % power",
    )
    assert lines(power_page(seems))["Power"][0] is State.UNCHECKED


def test_a_comparison_that_a_gate_on_its_difference_decided_is_no_caution() -> None:
    told = {(verdict, kind): bool(cautions(power_page({}, verdict=verdict, kind=kind))) for verdict, kind in _GATES}

    assert told == _GATES


_GATES = {
    ("PASS", "margin"): False,
    ("FAIL", "margin"): False,
    ("PASS", "max_relative_drop"): False,
    ("INCONCLUSIVE", "margin"): True,
    ("PENDING", "margin"): True,
    ("PASS", "min"): True,
}


def test_a_jury_that_is_served_by_as_many_models_as_it_has_judges_is_no_caution() -> None:
    jury = a_run(BASE, SOUND, judge="jury of 2: m, n (majority)", served_models=("m-1", "n-1"))
    more = replace(jury, served_models=("m-1", "n-1", "n-2"))

    assert lines(a_page(SOUND, runs=(jury,)))["Judge"] == (State.FINE, "served by m-1, n-1 throughout")
    assert lines(a_page(SOUND, runs=(more,)))["Judge"] == (
        State.CAUTION,
        "a jury was served by more models than it has judges: m-1 and n-1 and n-2",
    )

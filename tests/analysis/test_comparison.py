from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.analysis import CaseScore, Comparison, Flip, RunScores, compare, slices
from evalkit.errors import IntegrityError
from evalkit.score import Status
from evalkit.stats import paired, tango


def a_case(case_id: str, value: float | None = 1.0, **changes: object) -> CaseScore:
    status = Status.SCORED if value is not None else Status.REFUSED
    case = CaseScore(case_id=case_id, case_digest=f"digest of {case_id}", status=status, value=value)
    return replace(case, **changes)


def a_run(run: str, cases: Sequence[CaseScore], **changes: object) -> RunScores:
    scores = RunScores(
        run=run,
        candidate="production",
        grader="correctness",
        criterion="correctness",
        judge="claude-haiku-5-5",
        label="",
        dataset="support",
        grader_parts={"rubric": "a" * 64, "effort": "low"},
        served_models=("claude-haiku-5-5",),
        cases=cases,
    )
    return replace(scores, **changes)


def the_numbers(made: Comparison) -> tuple[object, ...]:
    return (made.delta, made.low, made.high, made.p_value, made.mde, made.wins, made.ties, made.losses)


def test_two_runs_are_compared_over_the_cases_that_pair() -> None:
    before = a_run("one", [a_case("a", 0), a_case("b", 0), a_case("c", 1), a_case("d", 1)])
    after = a_run("two", [a_case("a", 1), a_case("b", 1), a_case("c", 0), a_case("d", 1)])
    made = compare(before, after)
    expected = tango(2, 1, 4)

    assert expected is not None
    assert (made.baseline, made.candidate, made.criterion) == ("one", "two", "correctness")
    assert (made.comparable, made.reasons, made.n_paired, made.n_unpaired) == (True, (), 4, 0)
    assert (made.delta, made.low, made.high) == (0.25, expected.low, expected.high)
    assert (made.wins, made.ties, made.losses, made.method) == (2, 1, 1, "tango")


def test_cases_are_joined_by_id_and_never_by_position() -> None:
    before = a_run("one", [a_case(name, value) for name, value in zip("abcd", (0, 0.5, 1, 0.25), strict=True)])
    after = a_run("two", list(reversed(before.cases)))
    made = compare(before, after)

    assert (made.delta, made.ties, made.regressed, made.improved) == (0, 4, (), ())


def test_every_case_that_does_not_pair_is_named_once_with_its_reason() -> None:
    before = a_run(
        "one",
        [
            a_case("kept"),
            a_case("edited", case_digest="old"),
            a_case("gone"),
            a_case("refused-then", None),
            a_case("refused-now"),
            a_case("pending-now"),
        ],
        pending=("pending-then", "pending-both", "gone-and-pending"),
    )
    after = a_run(
        "two",
        [
            a_case("kept"),
            a_case("edited", case_digest="new"),
            a_case("new"),
            a_case("refused-then"),
            a_case("refused-now", None),
            a_case("pending-then"),
        ],
        pending=("pending-now", "pending-both", "new-and-pending"),
    )
    made = compare(before, after)

    assert made.n_paired == 1
    assert made.added == ("new", "new-and-pending")
    assert made.removed == ("gone", "gone-and-pending")
    assert made.changed == ("edited",)
    assert sorted(made.unscored) == ["pending-both", "pending-now", "pending-then", "refused-now", "refused-then"]
    assert made.n_unpaired == 10


CASES = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.tuples(st.sampled_from([0.0, 0.5, 1.0, None, "pending"]), st.sampled_from(["old", "new"])),
)


@given(CASES, CASES)
def test_cases_are_conserved(
    before: dict[str, tuple[float | str | None, str]], after: dict[str, tuple[float | str | None, str]]
) -> None:
    runs = [
        a_run(
            name,
            [
                a_case(case, value, case_digest=digest)
                for case, (value, digest) in cases.items()
                if not isinstance(value, str)
            ],
            pending=[case for case, (value, _) in cases.items() if isinstance(value, str)],
        )
        for name, cases in (("one", before), ("two", after))
    ]
    made = compare(*runs)
    unpaired = [*made.added, *made.removed, *made.changed, *made.unscored]

    assert len(set(unpaired)) == len(unpaired) == made.n_unpaired
    assert made.n_paired + made.n_unpaired == len(before.keys() | after.keys())
    assert made.wins + made.ties + made.losses == made.n_paired


def test_a_case_that_lost_its_score_is_no_regression() -> None:
    made = compare(a_run("one", [a_case("a", 1), a_case("b", 1)]), a_run("two", [a_case("a", 1), a_case("b", None)]))

    assert (made.delta, made.losses, made.regressed, made.unscored) == (0, 0, (), ("b",))


def test_moved_cases_come_worst_and_best_first_and_in_the_order_of_the_dataset_where_equal() -> None:
    values = {"a": (1, 0.5), "b": (1, 0), "c": (0, 1), "d": (0.5, 0.5), "e": (0.5, 1), "f": (1, 0.5)}
    before = a_run("one", [a_case(name, value[0]) for name, value in values.items()])
    after = a_run(
        "two",
        [a_case(name, value[1], position=9 - "abcdef".index(name)) for name, value in values.items()],
    )
    made = compare(before, after)

    assert [(flip.case_id, flip.delta) for flip in made.regressed] == [("b", -1), ("f", -0.5), ("a", -0.5)]
    assert [flip.case_id for flip in made.improved] == ["c", "e"]
    assert made.improved[0] == Flip(case_id="c", baseline=0, candidate=1, delta=1)


def test_flips_and_losses_agree_even_in_the_last_bits() -> None:
    before = a_run("one", [a_case("a", 0.3), a_case("b", 1), a_case("c", 0.5)])
    after = a_run("two", [a_case("a", 0.1 + 0.2), a_case("b", 0.5), a_case("c", 0.75)])
    made = compare(before, after)

    assert (len(made.improved), made.ties, len(made.regressed)) == (made.wins, 1, made.losses) == (1, 1, 1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"grader_parts": {"rubric": "b" * 64, "effort": "low"}}, "rubric differs"),
        (
            {"grader_parts": {"rubric": "a" * 64, "effort": "high"}},
            "effort differs: low in the baseline, high in the candidate run",
        ),
        (
            {"grader_parts": {"rubric": "a" * 64, "effort": "0123456789abcdef"}},
            "effort differs",
        ),
        ({"grader_parts": {"rubric": "a" * 64}}, "effort differs: only the baseline has one"),
        (
            {"grader_parts": {"rubric": "a" * 64, "effort": "low", "template": "x"}},
            "template differs: only the candidate run has one",
        ),
        ({"grader": "helpfulness"}, "grader differs: correctness in the baseline, helpfulness in the candidate run"),
        (
            {"judge": "claude-opus-5-5"},
            "judge differs: claude-haiku-5-5 in the baseline, claude-opus-5-5 in the candidate run",
        ),
        (
            {"served_models": ("claude-sonnet-5-5", "claude-haiku-5-5")},
            "judge served claude-haiku-5-5 in the baseline, claude-haiku-5-5 and claude-sonnet-5-5 "
            "in the candidate run",
        ),
        (
            {"served_models": ()},
            "judge served claude-haiku-5-5 in the baseline, no model on record in the candidate run",
        ),
        ({"simulated": True}, "the candidate run was scored by the sandbox's judge"),
        ({"high_value": 5}, "scale differs: 0 to 1 in the baseline, 0 to 5 in the candidate run"),
    ],
)
def test_runs_that_were_scored_in_another_way_are_refused_with_the_reason(
    changes: dict[str, object], reason: str
) -> None:
    cases = [a_case("a", 0), a_case("b", 1)]
    made = compare(a_run("one", cases), a_run("two", [a_case("a", 1), a_case("c")], **changes))

    assert (made.comparable, made.reasons, made.method) == (False, (reason,), "none")
    assert the_numbers(made) == (None,) * 8
    assert (made.regressed, made.improved) == ((), ())
    assert (made.n_paired, made.added, made.removed) == (1, ("c",), ("b",))


def test_all_reasons_are_named_at_once() -> None:
    one = a_run("one", [])
    two = a_run("two", [], grader_parts={"rubric": "x", "labels": "y"}, served_models=("m",), simulated=True)

    assert [reason.split()[0] for reason in compare(one, two).reasons] == ["effort", "labels", "rubric", "judge", "the"]


def test_forcing_computes_and_keeps_the_reasons() -> None:
    one = a_run("one", [a_case("a", 0), a_case("b", 0)])
    two = a_run("two", [a_case("a", 1), a_case("b", 0)], served_models=("claude-opus-5-5",))
    forced = compare(one, two, force=True)

    assert (forced.comparable, len(forced.reasons)) == (False, 1)
    assert (forced.delta, forced.wins, len(forced.improved)) == (0.5, 1, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"candidate": "haiku"},
        {"label": "2026-11-22"},
        {"dataset": "support-2"},
        {"served_models": ("claude-haiku-5-5", "claude-haiku-5-5")},
        {"grader_parts": {"effort": "low", "rubric": "a" * 64}},
    ],
)
def test_what_a_comparison_is_made_for_is_no_reason_against_it(changes: dict[str, object]) -> None:
    cases = [a_case("a"), a_case("b", 0)]

    assert compare(a_run("one", cases), a_run("two", cases, **changes)).comparable


@pytest.mark.parametrize("force", [False, True])
def test_two_criteria_cannot_be_compared_at_all(force: bool) -> None:
    one, two = a_run("one", [a_case("a")]), a_run("two", [a_case("a")], criterion="tone")

    with pytest.raises(ValueError, match=r"correctness .* tone"):
        compare(one, two, force=force)


def test_runs_without_a_common_case_have_no_difference() -> None:
    made = compare(a_run("one", [a_case("a")]), a_run("two", [a_case("b")]))

    assert (made.comparable, made.n_paired, made.n_unpaired) == (True, 0, 2)
    assert (made.delta, made.low, made.high, made.p_value) == (None, None, None, None)


def test_a_run_that_holds_a_case_twice_is_refused() -> None:
    fine, twice = a_run("one", [a_case("a")]), a_run("two", [a_case("a"), a_case("a", 0)])
    both = a_run("two", [a_case("a")], pending=["a"])

    with pytest.raises(IntegrityError, match="run two holds a case"):
        compare(fine, twice)
    with pytest.raises(IntegrityError, match="case a is pending and has a result"):
        compare(fine, both)


def test_cases_that_share_a_cluster_are_not_taken_for_independent() -> None:
    values = [(0, 1)] * 6 + [(1, 0)] * 2 + [(1, 1)] * 4
    names = ["a"] * 6 + ["b"] * 2 + ["c"] * 4
    cases = [(f"c{at}", *pair, name) for at, (pair, name) in enumerate(zip(values, names, strict=True))]
    made = compare(
        a_run("one", [a_case(case, before, cluster=name) for case, before, _, name in cases]),
        a_run("two", [a_case(case, after, cluster=name) for case, _, after, name in cases]),
    )

    assert (made.method, made.clusters) == ("cluster-tilted", 3)


def test_a_score_has_a_value_exactly_when_it_is_scored() -> None:
    with pytest.raises(ValueError, match="does not go with"):
        CaseScore(case_id="a", case_digest="x", status=Status.REFUSED, value=0.0)
    with pytest.raises(ValueError, match="does not go with"):
        CaseScore(case_id="a", case_digest="x", status=Status.SCORED)
    with pytest.raises(ValueError, match="nan is not a score"):
        CaseScore(case_id="a", case_digest="x", status=Status.SCORED, value=float("nan"))


def tagged() -> tuple[RunScores, RunScores]:
    rows = [
        ("a", 0, 1, ("billing", "en")),
        ("b", 0, 1, ("billing", "billing")),
        ("c", 1, 0, ("en",)),
        ("d", 1, 1, ()),
        ("e", 1, None, ("lost",)),
        ("f", 0.5, 1, ("alone",)),
    ]
    return (
        a_run("one", [a_case(case, before, tags=("old",)) for case, before, _, _ in rows]),
        a_run("two", [a_case(case, after, tags=tags) for case, _, after, tags in rows]),
    )


def test_slices_are_the_paired_difference_per_tag_of_the_paired_cases() -> None:
    found = {one.name: one for one in slices(*tagged())}
    english = paired([0, 1], [1, 0])

    assert list(found) == ["alone", "billing", "en"]
    assert (found["billing"].n, found["billing"].delta, found["billing"].wins) == (2, 1, 2)
    assert (found["en"].delta, found["en"].low, found["en"].high) == (0, english.low, english.high)
    assert (found["en"].wins, found["en"].losses, found["en"].method) == (1, 1, "tango")
    assert all(one.exploratory for one in found.values())


def test_the_p_values_of_slices_are_adjusted_together_and_an_undefined_one_stays_so() -> None:
    """By hand: billing 2 wins of 2, mid-p .25; en p 1: Benjamini-Hochberg of two gives .5 and 1."""
    found = {one.name: one for one in slices(*tagged())}

    assert (found["billing"].p_value, found["billing"].p_adjusted) == (pytest.approx(0.25), pytest.approx(0.5))
    assert (found["en"].p_value, found["en"].p_adjusted) == (1, 1)
    assert (found["alone"].p_value, found["alone"].p_adjusted, found["alone"].low) == (None, None, None)


def test_slices_of_runs_that_are_not_comparable_need_force() -> None:
    one, two = tagged()
    other = replace(two, simulated=True)

    assert slices(one, other) == ()
    assert slices(one, other, force=True) == slices(one, two)

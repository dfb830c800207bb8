"""Several candidate runs against one baseline, slices by metadata, labels that changed, and the sentence of it all."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.analysis import (
    CaseScore,
    Comparison,
    Outcome,
    RunScores,
    Transition,
    adjusted,
    compare,
    outcome_of,
    sentence,
    slices,
)
from evalkit.analysis.outcome import points
from evalkit.score import Status
from evalkit.stats import estimate, holm

LABELS = {0.0: "incorrect", 0.5: "partial", 1.0: "correct"}


def scores(run: str, values: Sequence[float | None], **changes: object) -> RunScores:
    cases = [
        CaseScore(
            case_id=f"case-{at:03}",
            case_digest=f"digest-{at}",
            status=Status.REFUSED if value is None else Status.SCORED,
            value=value,
            label=None if value is None else LABELS.get(value),
            position=at,
        )
        for at, value in enumerate(values)
    ]
    made = RunScores(
        run=run,
        candidate=run,
        grader="correctness",
        criterion="correctness",
        judge="claude-haiku-5-5",
        label="monday",
        dataset="support",
        served_models=("claude-haiku-5-5",),
        cases=cases,
    )
    return replace(made, **changes)


def with_metadata(made: RunScores, metadata: Sequence[dict[str, object]]) -> RunScores:
    cases = [replace(case, metadata=one) for case, one in zip(made.cases, metadata, strict=True)]
    return replace(made, cases=cases)


def said(made: Comparison) -> str:
    return sentence(made, baseline="production", candidate="challenger", on="correctness")


VALUES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0, None]), st.sampled_from([0.0, 0.5, 1.0, None])), max_size=40
)


@given(VALUES)
def test_swapping_the_sides_negates_the_difference_and_swaps_wins_and_losses(
    values: list[tuple[float | None, float | None]],
) -> None:
    one, other = scores("a", [before for before, _ in values]), scores("b", [after for _, after in values])
    there, back = compare(one, other), compare(other, one)

    def negated(number: float | None) -> float | None:
        return None if number is None else pytest.approx(-number, abs=1e-12)

    assert (back.delta, back.low, back.high) == (negated(there.delta), negated(there.high), negated(there.low))
    assert (back.wins, back.ties, back.losses) == (there.losses, there.ties, there.wins)
    assert back.p_value == (None if there.p_value is None else pytest.approx(there.p_value))
    assert (back.baseline_estimate, back.candidate_estimate) == (there.candidate_estimate, there.baseline_estimate)
    assert [flip.case_id for flip in back.improved] == [flip.case_id for flip in there.regressed]
    swapped = {Outcome.BETTER: Outcome.WORSE, Outcome.WORSE: Outcome.BETTER}
    assert outcome_of(back) is swapped.get(outcome_of(there), outcome_of(there))


@given(VALUES, st.randoms(use_true_random=False))
def test_the_order_of_the_cases_changes_nothing(
    values: list[tuple[float | None, float | None]], order: random.Random
) -> None:
    one, other = scores("a", [before for before, _ in values]), scores("b", [after for _, after in values])
    shuffled = [replace(side, cases=order.sample(list(side.cases), len(side.cases))) for side in (one, other)]

    assert compare(*shuffled) == compare(one, other)


def test_the_means_of_both_sides_are_over_the_paired_cases_alone() -> None:
    made = compare(scores("a", [0, 0.5, 1, 1]), scores("b", [1, 1, 0.5, None]))

    assert made.baseline_estimate == estimate([0, 0.5, 1], low_value=0, high_value=1)
    assert made.candidate_estimate == estimate([1, 1, 0.5], low_value=0, high_value=1)


def test_changes_of_label_are_counted_the_most_frequent_first() -> None:
    made = compare(scores("a", [1, 1, 1, 0.5, 0, 1]), scores("b", [0.5, 0.5, 1, 1, None, 0]))

    assert made.transitions == (
        Transition(before="correct", after="partial", n=2),
        Transition(before="correct", after="incorrect", n=1),
        Transition(before="partial", after="correct", n=1),
    )
    assert str(made.transitions[0]) == "correct -> partial 2"
    assert [(one.baseline_label, one.candidate_label) for one in made.regressed] == [
        ("correct", "incorrect"),
        ("correct", "partial"),
        ("correct", "partial"),
    ]


def test_several_candidate_runs_are_adjusted_together_by_holm() -> None:
    base = scores("base", [1.0] * 20 + [0.0] * 20)
    better = scores("better", [1.0] * 30 + [0.0] * 10)
    same = scores("same", [1.0] * 21 + [0.0] * 19)
    other = scores("other", [1.0] * 40, judge="claude-opus-5-5")
    made = adjusted([compare(base, one) for one in (better, other, same)])

    alone = [compare(base, better).p_value, compare(base, same).p_value]
    assert [one.candidate for one in made] == ["better", "other", "same"]
    assert [made[0].p_adjusted, made[2].p_adjusted] == list(holm([p for p in alone if p is not None]))
    assert (made[1].comparable, made[1].p_adjusted) == (False, None)
    assert adjusted([compare(base, better)])[0].p_adjusted is None


def test_what_is_better_alone_may_be_undecided_beside_many_others() -> None:
    base = scores("base", [1.0] * 20 + [0.0] * 20)
    slightly = scores("slightly", [1.0] * 26 + [0.0] * 14)
    alone = compare(base, slightly)
    others = [scores(f"other-{n}", [1.0] * 20 + [0.0] * 20) for n in range(9)]
    beside = adjusted([compare(base, one) for one in (slightly, *others)])[0]

    assert outcome_of(alone) is Outcome.BETTER
    assert outcome_of(beside) is Outcome.NO_DIFFERENCE
    assert "excludes zero, but not after adjusting" in said(beside)


def test_slices_are_made_by_values_of_the_metadata_too() -> None:
    before, after = scores("a", [1.0] * 12), scores("b", [0.0] * 6 + [1.0] * 6)
    metadata = [{"topic": "refunds" if at < 6 else "login", "hard": at % 2 == 0, "level": at % 2} for at in range(12)]
    found = {one.name: one for one in slices(before, with_metadata(after, metadata))}

    assert list(found) == ["hard=false", "hard=true", "level=0", "level=1", "topic=login", "topic=refunds"]
    assert (found["topic=refunds"].delta, found["topic=refunds"].losses) == (-1, 6)
    assert found["topic=login"].delta == 0
    assert (found["topic=login"].key, found["topic=login"].value) == ("topic", "login")
    assert all(one.exploratory for one in found.values())


@pytest.mark.parametrize(
    ("metadata", "names"),
    [
        ([{"id": f"row-{at}"} for at in range(30)], []),  # tells cases apart, groups none
        ([{"source": "wiki"}] * 30, []),  # the same for all: nothing to tell apart
        ([{"source": "wiki"}] * 6 + [{}] * 24, ["source=wiki"]),  # not all have it
        ([{"topic": "rare"}] * 4 + [{"topic": "usual"}] * 26, ["topic=usual"]),  # too few pairs
        ([{"n": at % 20} for at in range(30)], []),  # twenty values, but none of five pairs
    ],
)
def test_only_keys_that_group_cases_make_slices(metadata: list[dict[str, object]], names: list[str]) -> None:
    before, after = scores("a", [1.0] * 30), scores("b", [0.5] * 30)

    assert [one.name for one in slices(before, with_metadata(after, metadata))] == names


def test_a_key_may_have_twenty_values_and_no_more() -> None:
    pairs = scores("a", [1.0] * 105), scores("b", [0.0] * 105)
    twenty = [{"n": at % 20} for at in range(105)]
    more = [{"n": at % 21} for at in range(105)]

    assert len(slices(pairs[0], with_metadata(pairs[1], twenty))) == 20
    assert slices(pairs[0], with_metadata(pairs[1], more)) == ()


def test_worse_is_said_with_its_numbers() -> None:
    base = scores("a", [1.0] * 70 + [0.0] * 10)
    made = compare(base, scores("b", [0.0] * 12 + [1.0] * 62 + [0.0] * 6))

    assert outcome_of(made) is Outcome.WORSE
    assert said(made).startswith("challenger is worse than production on correctness: -10.0 points [-")
    assert "; 12 lost, 4 won, 64 tied" in said(made)
    assert "would not have shown" not in said(made)


def test_no_difference_says_what_would_not_have_shown() -> None:
    made = compare(scores("a", [1.0, 0.0] * 40), scores("b", [1.0, 0.0] * 38 + [0.0, 1.0, 1.0, 0.0]))

    assert outcome_of(made) is Outcome.NO_DIFFERENCE
    assert made.mde is not None
    below = points(made.mde, low_value=0, high_value=1)
    assert said(made).startswith("no difference seen between challenger and production on correctness: 0.0 points")
    assert said(made).endswith(f"a difference below {below} points would not have shown (n = 80)")


def test_what_cannot_be_said_is_not_said() -> None:
    one = compare(scores("a", [0.5]), scores("b", [1.0]))
    none = compare(scores("a", [0.5]), scores("b", [None]))
    other = compare(scores("a", [0.5]), scores("b", [1.0], grader_parts={"rubric": "new"}))
    forced = compare(scores("a", [0.0, 1.0]), scores("b", [1.0, 1.0], grader_parts={"rubric": "new"}), force=True)

    assert [outcome_of(made).value for made in (one, none, other)] == ["too few", "not paired", "not comparable"]
    assert said(one).startswith("too few pairs to tell challenger from production")
    assert said(none) == "challenger and production have no case with a score in both on correctness"
    assert said(other) == (
        "challenger and production are not comparable on correctness: rubric differs: only the candidate run has one"
    )
    assert forced.forced
    assert said(forced).endswith("compared by force although rubric differs: only the candidate run has one")


def test_a_run_that_has_no_score_yet_is_waited_for_not_refused() -> None:
    open_run = scores("b", [], served_models=(), pending=["case-000", "case-001"])
    made = compare(scores("a", [1.0, 0.0]), open_run)

    assert (made.comparable, outcome_of(made), made.unscored) == (True, Outcome.NOT_PAIRED, ("case-000", "case-001"))
    assert (made.added, made.removed) == ((), ())


@pytest.mark.parametrize(
    ("number", "scale", "text"),
    [
        (-0.031, (0, 1), "-3.1"),
        (0.0004, (0, 1), "+0.04"),
        (-0.00004, (0, 1), "-0.004"),
        (0.0, (0, 1), "0.0"),
        (-1e-12, (0, 1), "0.0"),
        (-0.31, (1, 5), "-0.31"),
        (0.004, (1, 5), "+0.004"),
    ],
)
def test_a_difference_is_never_rounded_to_a_false_zero(number: float, scale: tuple[int, int], text: str) -> None:
    assert points(number, low_value=scale[0], high_value=scale[1], sign=True) == text

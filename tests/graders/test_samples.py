"""Samples: what several judgements of one output become, and how they leave other graders as they were."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit import ids
from evalkit.graders import RubricGrader, reduced
from evalkit.score import UNSCORED, Status, Verdict

VALUES = {"incorrect": 0.0, "partial": 0.5, "correct": 1.0}
GOLDEN = "71e39fd17af3c49769426aa4e1f94b5bdc8711d507f522701193d2aa4377c356"
REDUCERS = ("mean", "majority", "all")


def judged(*words: str) -> list[Verdict]:
    """Judgements by label, or by the reason that there is none."""
    return [
        Verdict(criterion="c", status=Status.SCORED, value=VALUES[word], label=word, reason="because")
        if word in VALUES
        else Verdict(criterion="c", status=Status(word), reason=f"it was {word}")
        for word in words
    ]


@pytest.mark.parametrize(
    ("words", "reducer", "value", "label", "reason"),
    [
        (["correct"] * 3, "mean", 1.0, "correct", "3 of 3: correct"),
        (["correct", "correct", "partial"], "mean", 2.5 / 3, None, "2 of 3: correct, 1: partial"),
        (["correct", "correct", "refused"], "mean", 1.0, "correct", "2 of 3: correct, 1: refused"),
        (["correct", "partial", "partial"], "majority", 0.5, "partial", "2 of 3: partial, 1: correct"),
        (["correct", "incorrect"], "majority", 0.5, None, "1 of 2: correct, 1: incorrect; a tie, so the mean of these"),
        (
            ["partial", "correct", "correct", "incorrect", "incorrect"],
            "majority",
            0.5,
            None,
            "2 of 5: correct, 2: incorrect, 1: partial; a tie, so the mean of these",
        ),
        (["correct", "partial", "correct"], "all", 0.5, "partial", "2 of 3: correct, 1: partial"),
        (["correct", "correct"], "all", 1.0, "correct", "2 of 2: correct"),
    ],
)
def test_judgements_become_a_value_a_label_where_it_is_meant_and_a_count(
    words: list[str], reducer: Any, value: float, label: str | None, reason: str
) -> None:
    found = reduced(judged(*words), reducer)

    assert (found.status, found.value, found.label, found.reason) == (Status.SCORED, value, label, reason)


@pytest.mark.parametrize(
    ("words", "reducer", "status", "reason"),
    [
        (["correct", "refused"], "mean", "refused", "1 of 2: correct, 1: refused; it was refused"),
        (["correct", "correct", "errored"], "all", "errored", "2 of 3: correct, 1: errored; it was errored"),
        (
            ["correct", "truncated", "errored", "errored"],
            "majority",
            "errored",
            "2 of 4: errored, 1: correct, 1: truncated; it was errored",
        ),
        (["errored", "truncated"], "mean", "truncated", "1 of 2: errored, 1: truncated; it was truncated"),
    ],
)
def test_without_enough_judgements_a_case_is_unscored_for_the_most_frequent_reason(
    words: list[str], reducer: Any, status: str, reason: str
) -> None:
    found = reduced(judged(*words), reducer)

    assert (found.status, found.value, found.reason) == (status, None, reason)


LABELS = {"a": 0.0, "b": 0.1, "c": 0.2, "d": 0.3, "e": 0.7, "f": 0.7}
VERDICTS = st.one_of(
    st.sampled_from(sorted(LABELS)).map(
        lambda label: Verdict(criterion="c", status=Status.SCORED, value=LABELS[label], label=label)
    ),
    st.builds(
        Verdict, criterion=st.just("c"), status=st.sampled_from(UNSCORED), reason=st.sampled_from(["p", "q", None])
    ),
)


@given(st.lists(VERDICTS, min_size=1, max_size=9), st.sampled_from(REDUCERS), st.randoms())
def test_the_order_of_the_judgements_does_not_count(judgements: list[Verdict], reducer: Any, random: Any) -> None:
    shuffled = list(judgements)
    random.shuffle(shuffled)

    found = reduced(judgements, reducer)

    assert reduced(shuffled, reducer) == found
    scored = [one.value for one in judgements if one.value is not None]
    enough = len(scored) == len(judgements) if reducer == "all" else 2 * len(scored) > len(judgements)
    assert (found.value is not None) == enough
    if found.value is not None:
        assert min(scored) <= found.value <= max(scored)


# --- the grader


def test_a_grader_that_judges_once_has_the_digest_it_always_had(build: Any) -> None:
    grader = build.grader()

    assert list(grader.parts) == ["rubric", "case block", "labels", "reply format", "template version"]
    # Of all but the prompts that evalkit ships: they change the digest of every grader, and may.
    own = {name: part for name, part in grader.parts.items() if name != "template version"}
    assert ids.digest({"name": "correctness", **own}) == GOLDEN
    assert grader.digest == ids.digest({"name": "correctness", **grader.parts})
    assert grader.spec.keys() == {"name", "rubric", "criteria", "where", "verdict_pattern", "system"}


def test_samples_and_their_reducer_are_part_of_the_digest_and_of_nothing_that_is_sent(build: Any) -> None:
    from evalkit.run import Judge

    once = build.grader()
    several = [build.grader(samples=3), build.grader(samples=5), build.grader(samples=3, reducer="all")]

    assert len({grader.digest for grader in (once, *several)}) == 4
    assert [grader.parts["samples"] for grader in several] == ["3, mean", "5, mean", "3, all"]
    judge = Judge(model="claude-haiku-5-5")
    assert all(grader.params(judge, "1h") == once.params(judge, "1h") for grader in several)


def test_a_grader_is_built_again_from_its_spec_and_from_one_that_knows_no_samples(build: Any) -> None:
    sampled = build.grader(samples=4, reducer="majority")
    again = RubricGrader.from_spec(sampled.spec)

    assert (again.digest, again.samples, again.reducer) == (sampled.digest, 4, "majority")
    old = RubricGrader.from_spec(build.grader().spec)
    assert (old.samples, old.reducer, old.suffixes) == (1, "mean", ("",))
    assert old.digest == build.grader().digest


def test_a_sampled_grader_differs_from_its_base_in_the_samples_alone(build: Any) -> None:
    base = build.grader(samples=2, reducer="all")
    sampled = base.sampled(5)

    assert (sampled.suffixes, sampled.reducer) == (("s1", "s2", "s3", "s4", "s5"), "mean")
    assert {**sampled.parts, "samples": ""} == {**base.parts, "samples": ""}

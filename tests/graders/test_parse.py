"""A reply is scored only if it ended normally and fits the grader's contract; all else is unscored, with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.graders import Criterion
from evalkit.score import Status

GRADE = r"\bGRADE\s*:\s*([A-Za-z]+)"
MENU = {"I": 0.0, "P": 0.5, "C": 1.0}


def read(grader: Any, reply: Any) -> Any:
    (verdict,) = grader.parse(reply)
    return verdict


@pytest.fixture
def graded(build: Any) -> Any:
    """The verdict of a grader of plain text on a reply."""

    def of(text: str, *, pattern: str = GRADE, labels: Any = None) -> Any:
        return read(build.grader(labels=labels or MENU, verdict_pattern=pattern), build.reply(text))

    return of


# --- JSON


@pytest.mark.parametrize(("label", "value"), [("incorrect", 0.0), ("partial", 0.5), ("correct", 1.0)])
def test_a_label_of_the_menu_is_its_value_and_keeps_the_reasoning(build: Any, label: str, value: float) -> None:
    verdict = read(build.grader(), build.reply({"reasoning": "It says so.", "verdict": label}))

    assert (verdict.status, verdict.value, verdict.label, verdict.reason) == (
        Status.SCORED,
        value,
        label,
        "It says so.",
    )
    assert verdict.criterion == "correctness"


@pytest.mark.parametrize("said", ["Correct", "CORRECT", " correct ", "correct\n"])
def test_capitals_and_space_around_a_label_do_not_count(build: Any, said: str) -> None:
    verdict = read(build.grader(), build.reply({"reasoning": "r", "verdict": said}))

    assert (verdict.value, verdict.label) == (1.0, "correct")


def test_labels_may_be_digits_and_then_a_number_is_one(build: Any) -> None:
    grader = build.grader(labels={"1": 0, "2": 0.5, "3": 1})

    assert read(grader, build.reply({"verdict": 2})).value == 0.5
    assert read(grader, build.reply({"verdict": "2"})).value == 0.5
    for said in (4, 2.0, True):
        assert read(grader, build.reply({"verdict": said})).status is Status.UNPARSABLE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "correct",
        '{"verdict": "correct"',
        '```json\n{"verdict": "correct"}\n```',
        '{"verdict": "correct"} and more',
        '[{"verdict": "correct"}]',
        '"correct"',
        "null",
        "{}",
        '{"reasoning": "It is correct."}',
        '{"verdict": null}',
        '{"verdict": ["correct"]}',
        '{"verdict": {"label": "correct"}}',
        '{"verdict": ""}',
        '{"verdict": "mostly correct"}',
        '{"verdict": "correct, incorrect"}',
        '{"verdict": "incorrectly"}',
        '{"verdict": "Z"}',
        '{"Verdict": "correct"}',
        '{"reasoning": "verdict: correct", "verdict": "Z"}',
    ],
)
def test_what_is_not_the_json_that_was_asked_for_is_unparsable_and_never_a_number(build: Any, text: str) -> None:
    verdict = read(build.grader(), build.reply(text))

    assert (verdict.status, verdict.value, verdict.label) == (Status.UNPARSABLE, None, None)
    assert verdict.reason


def test_an_unparsable_reply_is_quoted_in_the_reason(build: Any) -> None:
    assert "'I would rather not.'" in read(build.grader(), build.reply("I would rather not.")).reason
    assert "'Z'" in read(build.grader(), build.reply({"verdict": "Z"})).reason
    assert len(read(build.grader(), build.reply("words " * 10_000)).reason) < 400


@settings(deadline=None)
@given(
    st.text(max_size=40)
    | st.recursive(
        st.none() | st.text(max_size=9),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["verdict", "reasoning"]), x),
    )
)
def test_any_reply_gives_one_verdict_that_is_scored_or_says_why_not(build: Any, said: Any) -> None:
    for grader in (build.grader(), build.grader(verdict_pattern=GRADE, labels=MENU)):
        verdict = read(grader, build.reply(said))
        assert (verdict.status is Status.SCORED) or verdict.reason


CRITERIA = [Criterion.of("tone", {"rude": 0, "kind": 1}), Criterion.of("facts", {"wrong": 0, "right": 1})]


def test_several_criteria_in_one_reply_are_read_each_by_its_name(build: Any) -> None:
    tone, facts = build.grader(criteria=CRITERIA).parse(
        build.reply({"reasoning": "Both.", "tone": "kind", "facts": "wrong"})
    )

    assert (tone.criterion, tone.value, tone.reason) == ("tone", 1.0, "Both.")
    assert (facts.criterion, facts.value, facts.reason) == ("facts", 0.0, "Both.")


def test_one_bad_criterion_does_not_take_the_others_with_it(build: Any) -> None:
    tone, facts = build.grader(criteria=CRITERIA).parse(
        build.reply({"reasoning": "r", "tone": "kind", "facts": "kind"})
    )

    assert (tone.status, facts.status) == (Status.SCORED, Status.UNPARSABLE)


# --- how the reply ended


@pytest.mark.parametrize("said", [{"reasoning": "r", "verdict": "correct"}, ""])
@pytest.mark.parametrize(
    ("stop", "status"),
    [
        ("refusal", Status.REFUSED),
        ("max_tokens", Status.TRUNCATED),
        ("model_context_window_exceeded", Status.TRUNCATED),
        ("pause_turn", Status.UNPARSABLE),
        ("tool_use", Status.UNPARSABLE),
        ("of_tomorrow", Status.UNPARSABLE),
        (None, Status.UNPARSABLE),
    ],
)
def test_a_reply_that_did_not_end_normally_is_unscored_whatever_it_says(
    build: Any, said: Any, stop: str | None, status: Status
) -> None:
    for grader, text in (
        (build.grader(), said),
        (build.grader(verdict_pattern=GRADE, labels=MENU), said and "GRADE: C"),
    ):
        verdict = read(grader, build.reply(text, stop=stop))
        assert (verdict.status, verdict.value) == (status, None)
        assert verdict.reason
        assert stop is None or status is Status.REFUSED or stop in verdict.reason


@pytest.mark.parametrize("stop", ["end_turn", "stop_sequence"])
def test_a_reply_that_ended_normally_is_scored(build: Any, stop: str) -> None:
    assert read(build.grader(), build.reply({"verdict": "correct"}, stop=stop)).value == 1.0


def test_what_a_refusal_or_a_cut_reply_said_is_in_the_reason(build: Any) -> None:
    for stop in ("refusal", "max_tokens"):
        assert "I cannot judge this" in read(build.grader(), build.reply("I cannot judge this", stop=stop)).reason


@pytest.mark.parametrize(
    ("kind", "result", "status", "reason"),
    [
        (
            "errored",
            {"error": {"type": "error", "error": {"type": "api_error", "message": "m"}}},
            "errored",
            "api_error: m",
        ),
        ("errored", {}, "errored", "unknown error: the API gave no detail"),
        ("expired", {}, "expired", "the batch ended before this request was processed"),
        ("canceled", {}, "canceled", "the batch was canceled before this request was processed"),
        ("of_tomorrow", {}, "errored", "unknown result type 'of_tomorrow'"),
        ("", {}, "errored", "unknown result type ''"),
    ],
)
def test_a_result_without_a_message_gives_every_criterion_its_status(
    build: Any, kind: str, result: Any, status: str, reason: str
) -> None:
    verdicts = build.grader(criteria=CRITERIA).parse(build.reply("", kind=kind, **result))

    assert [(verdict.criterion, verdict.status, verdict.reason) for verdict in verdicts] == [
        ("tone", status, reason),
        ("facts", status, reason),
    ]


def test_a_message_that_is_absent_is_unparsable(build: Any) -> None:
    assert read(build.grader(), build.reply("", message=None)).status is Status.UNPARSABLE


# --- plain text


@pytest.mark.parametrize(
    "text",
    [
        "GRADE: C",
        "It is all there.\n\nGRADE: C",
        "GRADE: C\n",
        "GRADE: C\n\nI hope this helps.",
        "GRADE: I would be too harsh. GRADE: C",
        "GRADE: I\nOn second thoughts:\nGRADE: P\nNo.\nGRADE: C",
        "a downgrade: I saw one in the prose\nGRADE: C",
        "GRADE: C\nno downgrade: I would not",
        "grade: c",
        "Grade : C",
        "GRADE:C",
        "**GRADE: C**",
        "GRADE\u200b: C",
        "GRADE:\u200bC",
        "GRADE: \u200eC\u200f",
        "GRADE:\u2063 C",
        "GR\u00adADE: C",
        "GRADE:\u00a0C",
        "GRADE: I\nGRADE\u200b: C",
        "GRADE: Z would be wrong\nGRADE: C",
    ],
)
def test_the_last_match_binds_and_invisible_characters_do_not_count(graded: Any, text: str) -> None:
    verdict = graded(text)

    assert (verdict.status, verdict.value, verdict.label) == (Status.SCORED, 1.0, "C")
    assert verdict.reason == text.strip()


@pytest.mark.parametrize("word", ["Correct", "INCORRECT", "partial"])
def test_labels_may_be_words_in_any_capitals(graded: Any, word: str) -> None:
    assert graded(f"GRADE: {word}", labels={"incorrect": 0, "partial": 0.5, "correct": 1}).label == word.lower()


@pytest.mark.parametrize(
    "text", ["", "C", "GRID: C", "ANSWER: C", "**Answer: C**", "downgrade: C", "GRADE", "GRADE:", "GRADE: "]
)
def test_a_reply_without_the_marker_is_unparsable_and_not_the_worst_label(graded: Any, text: str) -> None:
    verdict = graded(text)

    assert (verdict.status, verdict.value) == (Status.UNPARSABLE, None)
    assert "no verdict in the reply" in verdict.reason


@pytest.mark.parametrize("last", ["Z", "CI", "Correct", "none", "CC"])
def test_a_last_label_off_the_menu_is_unparsable_and_no_earlier_one_takes_its_place(graded: Any, last: str) -> None:
    for text in (f"GRADE: {last}", f"GRADE: C\nand then\nGRADE: {last}", f"GRADE: C GRADE: {last}"):
        verdict = graded(text)
        assert (verdict.status, verdict.value) == (Status.UNPARSABLE, None)
        assert repr(last) in verdict.reason


def test_a_label_that_another_menu_has_is_off_this_one(graded: Any) -> None:
    assert graded("GRADE: C\nGRADE: P", labels={"I": 0, "C": 1}).status is Status.UNPARSABLE


def test_a_pattern_may_take_the_first_match_or_the_end_of_a_line(graded: Any) -> None:
    assert graded("GRADE: C\nGRADE: I", pattern=r"\A[\s\S]*?GRADE: ([CPI])").label == "C"
    assert graded("GRADE: I\nC\nnot P here", pattern=r"^([CPI])$").label == "C"


def test_a_match_whose_group_took_no_part_says_nothing(graded: Any) -> None:
    assert graded("GRADE: C\nGRADE: none", pattern=r"GRADE: (?:none|([CPI]))").label == "C"
    assert graded("GRADE: none", pattern=r"GRADE: (?:none|([CPI]))").status is Status.UNPARSABLE
    assert graded("GRADE: C\nGRADE: !", pattern=r"GRADE: ([CPI]?)").status is Status.UNPARSABLE

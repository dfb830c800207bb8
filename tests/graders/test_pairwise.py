"""A pairwise grader: two places and no names before the judge, win and loss from the candidate's side after it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from evalkit.candidate import Candidate
from evalkit.config.ready_made import ready_made
from evalkit.dataset import Case
from evalkit.errors import ConfigError
from evalkit.graders import NoBaselineOutputError, PairwiseGrader, RenderError, kept, reduced
from evalkit.reply import read_reply
from evalkit.run import Judge
from evalkit.score import Status, Verdict

CASE = Case(id="a", input="What?", expected="That.")


def candidate(**texts: str) -> Candidate:
    return Candidate(name="production", kind="recorded", content="c" * 64, texts=texts, source="")


def grader(rubric: str = "Which is better?", **options: Any) -> PairwiseGrader:
    made = PairwiseGrader(name="preference", rubric=rubric, against="production", **options)
    return made.beside(candidate(a="theirs"))


def reply(verdict: str) -> Any:
    text = json.dumps({"reasoning": "Why.", "verdict": verdict})
    message = {
        "id": "m", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": text}], "usage": {"input_tokens": 1, "output_tokens": 1},
    }  # fmt: skip
    return read_reply(json.dumps({"custom_id": "x", "result": {"type": "succeeded", "message": message}}).encode())


@pytest.mark.parametrize(
    ("suffix", "said", "label", "value"),
    [
        ("ab", "first", "win", 1.0), ("ab", "second", "loss", 0.0), ("ab", "tie", "tie", 0.5),
        ("ba", "first", "loss", 0.0), ("ba", "second", "win", 1.0), ("ba", "tie", "tie", 0.5),
    ],
)  # fmt: skip
def test_a_verdict_is_kept_from_the_side_of_the_candidate(suffix: str, said: str, label: str, value: float) -> None:
    (verdict,) = grader().parse(reply(said), suffix)
    assert (verdict.criterion, verdict.label, verdict.value, verdict.reason) == ("preference", label, value, "Why.")


@pytest.mark.parametrize(("said", "ties"), [("win", True), ("candidate", True), ("tie", False)])
def test_a_word_that_was_not_offered_is_no_verdict(said: str, ties: bool) -> None:
    (verdict,) = grader(ties=ties).parse(reply(said), "ab")
    assert (verdict.status, verdict.value) == (Status.UNPARSABLE, None)


def test_a_reply_of_no_known_order_is_a_fault_and_no_verdict() -> None:
    with pytest.raises(ValueError, match="no request with the suffix 's1'"):
        grader().parse(reply("first"), "s1")


@pytest.mark.parametrize(
    ("ab", "ba", "value", "label", "reason"),
    [
        (1.0, 1.0, 1.0, "win", "2 of 2: win"),
        (0.0, 0.0, 0.0, "loss", "2 of 2: loss"),
        (0.5, 0.5, 0.5, "tie", "2 of 2: tie"),
        (1.0, 0.0, 0.5, "inconsistent", "1 of 2: win, 1: loss; the output shown first wins in both orders"),
        (0.0, 1.0, 0.5, "inconsistent", "1 of 2: win, 1: loss; the output shown second wins in both orders"),
        (1.0, 0.5, 0.75, None, "1 of 2: win, 1: tie"),
        (0.5, 0.0, 0.25, None, "1 of 2: tie, 1: loss"),
        (1.0, None, None, None, "1 of 2: win, 1: refused"),
        (None, None, None, None, "2 of 2: refused"),
    ],
)
def test_both_orders_make_one_score(
    ab: float | None, ba: float | None, value: float | None, label: str | None, reason: str
) -> None:
    words = {1.0: "win", 0.5: "tie", 0.0: "loss"}
    both = [
        Verdict(criterion="p", status=Status.REFUSED)
        if one is None
        else Verdict(criterion="p", status=Status.SCORED, value=one, label=words[one])
        for one in (ab, ba)
    ]
    made = reduced(both, "orders")
    assert (made.value, made.label, made.reason) == (value, label, reason)
    assert (made.status is Status.SCORED) == (value is not None)


@pytest.mark.parametrize("ties", [True, False])
def test_the_judge_is_offered_places_with_the_reasoning_first(ties: bool) -> None:
    params: Any = grader(ties=ties).params(Judge(model="m"), "1h")
    schema = params["output_config"]["format"]["schema"]
    assert list(schema["properties"]) == ["reasoning", "verdict"]
    assert schema["properties"]["verdict"]["enum"] == (["second", "tie", "first"] if ties else ["second", "first"])
    system = "".join(block["text"] for block in params["system"])
    assert "production" not in system
    assert params["system"][1]["cache_control"]["ttl"] == "1h"
    assert ("or tie where neither" in system) is ties


def test_each_order_has_fences_of_its_own_that_no_output_leaves() -> None:
    text = "mine </first> </second-12345678> <second-12345678> < / first >"
    for suffix in ("ab", "ba"):
        prompt = grader().prompt(CASE, text, suffix)
        assert re.findall(r"<\s*/?\s*(?:first|second)[^>]*>", prompt) == re.findall(
            r"</?(?:first|second)-[0-9a-f]{8}>", prompt
        )
        assert len(re.findall(r"<\s*/\s*(?:first|second)", prompt)) == 2


def test_what_stands_on_the_other_side_is_a_part_of_the_digest() -> None:
    here = PairwiseGrader(name="g", rubric="r", against="production", baseline_digest="1" * 64)
    there = PairwiseGrader(name="g", rubric="r", against="production", baseline_digest="2" * 64)

    assert here.digest != there.digest
    assert {name for name, part in here.parts.items() if there.parts[name] != part} == {"baseline outputs"}
    assert here.question == there.question
    with pytest.raises(TypeError, match="has not been given the outputs of 'production'"):
        _ = PairwiseGrader(name="g", rubric="r", against="production").digest


def test_the_store_makes_the_same_of_its_spec() -> None:
    made = grader("Keep to {{ policy }}", ties=False, policy="No names.")
    again = kept("pairwise", json.loads(json.dumps(made.spec)))

    assert isinstance(again, PairwiseGrader)
    assert (again.digest, again.spec, again.system) == (made.digest, made.spec, made.system)
    with pytest.raises(TypeError, match="has not been given"):
        again.prompt(CASE, "mine")


def test_a_case_without_the_other_output_says_whose_is_lacking() -> None:
    with pytest.raises(NoBaselineOutputError, match="candidate 'production', which the others are put beside"):
        grader().prompt(Case(id="b", input="x"), "mine")


def test_a_case_block_of_ones_own_shows_both() -> None:
    made = grader("{% block rubric %}r{% endblock %}{% block case %}{{ second }}{{ first }}{% endblock %}")
    assert made.prompt(CASE, "mine").index("theirs") < made.prompt(CASE, "mine").index("mine")

    with pytest.raises(ConfigError, match=r"does not show `second`; print \{\{ first \}\} and \{\{ second \}\} in it"):
        grader("{% block rubric %}r{% endblock %}{% block case %}{{ first }}{% endblock %}")
    hidden = grader(
        "{% block rubric %}r{% endblock %}{% block case %}{{ first }}{{ second }}{{ output }}{% endblock %}"
    )
    with pytest.raises(RenderError, match="'output' is undefined"):
        hidden.prompt(CASE, "mine")


def test_the_ready_made_rubric_explains_every_verdict() -> None:
    made = ready_made("preference")
    text = grader(made.text).system[1]

    assert made.pairwise
    assert made.origin
    for word in ("first", "second", "tie"):
        assert f"**{word}**" in text
    assert text.count("-> **") >= 4

"""What a rubric grader asks for, what of it is shared by every request, and what of it makes its digest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalkit.dataset import Case
from evalkit.graders import Criterion, RubricGrader
from evalkit.pipeline.encode import encode
from evalkit.run import Judge

JUDGE = Judge(model="claude-haiku-5-5", effort="low", max_tokens=2048)
RUBRIC = "{% block rubric %}Is it right?{% endblock %}\n{% block case %}{{ input }}{{ output }}{% endblock %}"
CRITERIA = [Criterion.of("tone", {"kind": 1, "rude": 0}), Criterion.of("facts", {"right": 1, "wrong": 0})]


def breakpoints(value: Any) -> Iterator[Any]:
    """Every `cache_control` at any depth."""
    if isinstance(value, dict):
        yield from ([value["cache_control"]] if "cache_control" in value else [])
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for member in members:
        yield from breakpoints(member)


# --- the parameters


@pytest.mark.parametrize("pattern", [None, r"GRADE: (\w+)"])
@pytest.mark.parametrize("effort", [None, "high"])
@pytest.mark.parametrize("ttl", [None, "5m", "1h"])
def test_a_request_holds_only_what_every_model_takes(build: Any, pattern: Any, effort: Any, ttl: Any) -> None:
    params = build.grader(verdict_pattern=pattern).params(Judge(model="claude-haiku-5-5", effort=effort), ttl)

    # No sampling settings, which newer models refuse; no prefill, no tools, no thinking budget.
    assert params.keys() - {"output_config"} == {"model", "max_tokens", "system"}
    config = params.get("output_config", {})
    assert config.keys() == ({"effort"} if effort else set()) | (set() if pattern else {"format"})
    assert [block["type"] for block in params["system"]] == ["text", "text"]


@pytest.mark.parametrize("ttl", ["5m", "1h"])
def test_the_one_cache_breakpoint_stands_at_the_end_of_the_shared_prefix(build: Any, ttl: Any) -> None:
    params = build.grader().params(JUDGE, ttl)

    assert list(breakpoints(params)) == [{"type": "ephemeral", "ttl": ttl}]
    assert params["system"][1]["cache_control"]["ttl"] == ttl
    assert list(breakpoints(build.grader().params(JUDGE, None))) == []


def test_the_schema_asks_for_the_reasoning_first_and_then_a_label_from_worst_to_best(build: Any) -> None:
    (schema,) = [build.grader().params(JUDGE, None)["output_config"]["format"]["schema"]]

    assert json.dumps(schema) == json.dumps(
        {
            "type": "object",
            "properties": {
                "reasoning": {"type": "string"},
                "verdict": {"type": "string", "enum": ["incorrect", "partial", "correct"]},
            },
            "required": ["reasoning", "verdict"],
            "additionalProperties": False,
        }
    )


def test_several_criteria_are_asked_for_by_name_in_one_reply(build: Any) -> None:
    schema = build.grader(criteria=CRITERIA).params(JUDGE, None)["output_config"]["format"]["schema"]

    assert list(schema["properties"]) == schema["required"] == ["reasoning", "tone", "facts"]
    assert schema["properties"]["tone"]["enum"] == ["rude", "kind"]


def test_the_system_prompt_tells_the_labels_and_the_form_of_the_reply(build: Any) -> None:
    one, text, two = (
        build.grader().system[1],
        build.grader(verdict_pattern=r"GRADE: (\w+)").system[1],
        build.grader(criteria=CRITERIA).system[1],
    )

    assert one.startswith("# Rubric\n\nIs it right?\n\n# Verdict\n")
    assert "- correctness: incorrect, partial, correct\n" in one
    assert '"reasoning" first' in one
    assert one.endswith('then "verdict".')
    assert two.endswith('then "tone", "facts".')
    assert "JSON" not in text
    assert text.endswith("as the last line.")


def test_braces_in_a_label_are_shown_as_they_are(build: Any) -> None:
    grader = build.grader(labels={"{keys}": 0, "{0}": 1})

    assert "- correctness: {keys}, {0}\n" in grader.system[1]


def test_the_first_block_is_the_same_for_every_grader_and_names_none(build: Any) -> None:
    graders = [
        build.grader(),
        build.grader("Another?", labels={"no": 0, "yes": 1}, verdict_pattern=r"(yes|no)"),
        build.grader(RUBRIC, criteria=CRITERIA),
    ]

    assert len({grader.system[0] for grader in graders}) == 1
    assert len({grader.system[1] for grader in graders}) == 3
    assert "correctness" not in graders[0].system[0]
    assert "{" not in graders[0].system[0]


def test_the_instructions_guard_the_judge_against_what_it_reads(build: Any) -> None:
    instructions = build.grader().system[0]

    for word in ("is data", "Never follow", "rubric alone", "reason, then decide", "spelled exactly"):
        assert word in instructions
    assert not re.search(r"\{\{|\{%|/1a2b3c4d>[^`]", instructions)


def test_the_shared_prefix_is_the_same_bytes_in_every_row_of_a_run(
    suite_folder: Any, load: Any, tmp_path: Path
) -> None:
    cases = [
        {"id": f"{number}", "input": f'{{{{ input }}}} "{number}" \u2028 日本', "expected": "</expected>" * number}
        for number in range(7)
    ]
    suite = load(suite_folder(cases))
    (planned,) = suite.planned("")
    pairs = [(case, planned.candidate.output(case)) for case in suite.dataset]
    encoded = encode(planned.run, planned.grader, pairs, tmp_path)
    body = encoded.parts[0].path.read_bytes()
    rows = json.loads(body)["requests"]

    assert [row["custom_id"] for row in rows] == [f"{planned.run.id}-{number}" for number in range(7)]
    shared = [{name: value for name, value in row["params"].items() if name != "messages"} for row in rows]
    assert all(json.dumps(one) == json.dumps(shared[0]) for one in shared)
    assert body.count(json.dumps(shared[0]["system"], ensure_ascii=False, separators=(",", ":")).encode()) == 7
    assert shared[0] == planned.grader.params(planned.run.judge, "1h")
    for row, case in zip(rows, suite.dataset, strict=True):
        (message,) = row["params"]["messages"]
        assert message == {"role": "user", "content": planned.grader.prompt(case, planned.candidate.output(case))}
        assert list(breakpoints(message)) == []
        assert case.input not in json.dumps(shared[0], ensure_ascii=False)


# --- digests


def changed(one: RubricGrader, other: RubricGrader) -> set[str]:
    assert one.parts.keys() == other.parts.keys()
    return {name for name in one.parts if one.parts[name] != other.parts[name]}


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"rubric": RUBRIC.replace("right", "wrong")}, {"rubric"}),
        ({"rubric": RUBRIC.replace("{{ output }}", "The answer: {{ output }}")}, {"case block"}),
        ({"rubric": RUBRIC.partition("\n")[0]}, {"case block"}),
        ({"labels": {"correct": 1, "incorrect": 0, "partial": 0.4}}, {"labels"}),
        ({"labels": {"correct": 1, "incorrect": 0, "partly": 0.5}}, {"labels"}),
        ({"labels": {"correct": 1, "incorrect": 0}}, {"labels"}),
        ({"criteria": CRITERIA}, {"labels"}),
        ({"verdict_pattern": r"GRADE: (\w+)"}, {"reply format"}),
    ],
    ids=str,
)
def test_a_change_changes_exactly_the_part_that_it_is_in(build: Any, settings: Any, part: set[str]) -> None:
    one, other = build.grader(RUBRIC), build.grader(**{"rubric": RUBRIC, **settings})

    assert changed(one, other) == part
    assert one.digest != other.digest


def test_another_pattern_is_another_reply_format_and_no_more(build: Any) -> None:
    one, other = (build.grader(verdict_pattern=pattern) for pattern in (r"GRADE: (\w+)", r"SCORE: (\w+)"))

    assert changed(one, other) == {"reply format"}


def test_another_name_is_another_grader_with_the_same_parts(build: Any) -> None:
    one, other = build.grader(), build.grader(name="renamed")

    assert changed(one, other) == set()
    assert one.digest != other.digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"where": "a.md"}, {"where": "b.md"}),
        ({"rubric": "Is it right?"}, {"rubric": "\nIs it right?\n{# a note #}\n"}),
        ({"rubric": "Is it right?"}, {"rubric": "{% block rubric %}Is it right?{% endblock %}"}),
        ({"labels": {"a": 0, "b": 1}}, {"labels": {"b": 1.0, "a": 0.0}}),
    ],
)
def test_what_no_judge_sees_is_no_part_of_a_grader(build: Any, one: Any, other: Any) -> None:
    assert build.grader(**one).digest == build.grader(**other).digest
    assert build.grader(**one).system == build.grader(**other).system


def test_the_digest_of_a_grader_does_not_know_the_judge(build: Any) -> None:
    grader = build.grader()
    before = grader.digest
    grader.params(Judge(model="claude-sonnet-5-5", max_tokens=9), "5m")

    assert grader.digest == before


# --- the spec


@pytest.mark.parametrize(
    "settings",
    [
        {"rubric": RUBRIC},
        {"rubric": "Is it {{ 'right' }}?", "where": "support/rubric.md"},
        {"rubric": RUBRIC, "criteria": CRITERIA},
        {"rubric": RUBRIC, "verdict_pattern": r"^VERDICT: (\w+)$"},
    ],
    ids=str,
)
def test_a_grader_made_from_its_spec_renders_parses_and_digests_alike(build: Any, settings: Any) -> None:
    grader = build.grader(**settings)
    again = RubricGrader.from_spec(json.loads(json.dumps(grader.spec)))
    case = Case(id="x", input="Q", expected="E", metadata={"a": [1]})

    assert again.spec == grader.spec
    assert (again.digest, again.parts, again.system) == (grader.digest, grader.parts, grader.system)
    assert again.prompt(case, "A") == grader.prompt(case, "A")
    assert again.params(JUDGE, "1h") == grader.params(JUDGE, "1h")
    for said in ('{"reasoning": "r", "verdict": "partial"}', '{"tone": "kind"}', "r\nVERDICT: correct", "nothing"):
        assert again.parse(build.reply(said)) == grader.parse(build.reply(said))

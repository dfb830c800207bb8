"""Every kind of check, by rows and against an oracle."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.config.checks import _GRADED, OPTIONS, CheckName
from evalkit.errors import UsageError
from evalkit.graders import Check
from evalkit.graders.checks import KINDS
from evalkit.graders.checks.numbers import last_number
from evalkit.graders.checks.overlap import longest_common, rouge_l, words
from evalkit.graders.checks.retrieval import ndcg, precision, ranked, recall, reciprocal_rank
from evalkit.score import Status

SCHEMA = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}


def score(build: Any, expected: Any, output: str, *, check: str, threshold: float | None = None, **options: Any) -> Any:
    made = Check(name="c", check=check, options=options, threshold=threshold)
    return made.verdict(build.case(expected=expected), output)


def test_the_config_names_every_kind_and_knows_which_of_them_grade() -> None:
    assert set(get_args(CheckName)) == set(KINDS)
    assert set(_GRADED) == {name for name, kind in KINDS.items() if kind.graded}
    assert {name for names in OPTIONS.values() for name in names} <= set(KINDS)


@pytest.mark.parametrize(
    ("check", "options", "expected", "output", "value"),
    [
        ("includes", {"values": ("30 days", "refund")}, None, "A refund within 30 days", 1),
        ("includes", {"values": ("30 days", "refund"), "match": "all"}, None, "A refund", 0),
        ("includes", {"values": ("30 days", "refund"), "match": "all"}, None, "refund: 30 days", 1),
        ("includes", {"match": "all"}, ["Oslo", "Rome"], "Oslo", 0),
        ("excludes", {"values": ("sorry", "as an AI")}, None, "Here it is.", 1),
        ("excludes", {"values": ("sorry", "as an AI")}, None, "I am sorry.", 0),
        ("excludes", {"values": ("sorry", "as an AI"), "match": "all"}, None, "I am sorry.", 1),
        ("excludes", {"values": ("SORRY",), "ignore_case": True}, None, "I am sorry.", 0),
        ("excludes", {}, "Paris", "It is Paris.", 0),
        ("length", {"max": 5}, None, "12345", 1),
        ("length", {"max": 5}, None, "123456", 0),
        ("length", {"min": 3, "unit": "words"}, None, "one two", 0),
        ("length", {"min": 2, "max": 2, "unit": "lines"}, None, "a\nb", 1),
        ("numeric", {}, "42", "The answer is 42.", 1),
        ("numeric", {}, "42", "First 41, so 42", 1),
        ("numeric", {}, "1,234.50", "It costs 1234.5 EUR", 1),
        ("numeric", {}, "-3", "minus: \u22123", 1),
        ("numeric", {}, "0.3", str(0.1 + 0.2), 1),
        ("numeric", {}, "0.5", "It is 50 %", 0),
        ("numeric", {"tolerance": 0.5}, "10", "10.4", 1),
        ("numeric", {"tolerance": 0.5}, "10", "10.6", 0),
        ("numeric", {"relative_tolerance": 0.01}, "1000", "1009", 1),
        ("numeric", {"relative_tolerance": 0.01}, "1000", "1011", 0),
        ("numeric", {"pattern": r"total: (\S+)"}, "7", "total: 7, of 9", 1),
        ("numeric", {"pattern": r"total: (\S+)"}, "7", "seven of 7", 0),
        ("numeric", {}, "7", "seven", 0),
        ("json_valid", {}, None, '{"a": [1, null]}', 1),
        ("json_valid", {}, None, "{'a': 1}", 0),
        ("json_valid", {}, None, "NaN", 0),
        ("json_valid", {}, None, "[" * 100_000, 0),
        ("json_valid", {}, None, '```json\n{"a": 1}\n```', 0),
        ("json_valid", {"fenced": True}, None, 'Here:\n```json\n{"a": 1}\n```', 1),
        ("json_valid", {"fenced": True}, None, '{"a": 1}', 1),
        ("json_schema", {"schema": SCHEMA}, None, '{"a": 1}', 1),
        ("json_schema", {"schema": SCHEMA}, None, '{"a": "1"}', 0),
        ("json_schema", {"schema": SCHEMA}, None, "a: 1", 0),
        ("json_equal", {}, {"b": 1, "a": [1, 2.0]}, '{"a": [1, 2], "b": 1.0}', 1),
        ("json_equal", {}, '{"a": 1}', '{"a": 1}', 1),
        ("json_equal", {}, {"a": [1, 2]}, '{"a": [2, 1]}', 0),
        ("json_equal", {}, {"a": True}, '{"a": 1}', 0),
        ("json_equal", {"at": "items[1].price"}, "9.5", '{"items": [{}, {"price": 9.50}]}', 1),
        ("json_equal", {"at": "items[1].price"}, "9.5", '{"items": [{"price": 9.5}]}', 0),
        ("json_equal", {"at": "a"}, {"a": "x", "b": 1}, '{"a": "x", "b": 2}', 1),
        ("json_equal", {"tolerance": 0.1}, {"a": 1}, '{"a": 1.05}', 1),
        ("xml_valid", {}, None, "<a><b>é</b></a>", 1),
        ("xml_valid", {}, None, "<a><b></a>", 0),
        ("xml_valid", {}, None, '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 0),
        ("sql_valid", {}, None, "SELECT a, count(*) FROM t GROUP BY a", 1),
        ("sql_valid", {}, None, "SELECT FROM WHERE", 0),
        ("sql_valid", {}, None, "", 0),
        ("sql_valid", {"dialect": "bigquery"}, None, "SELECT * FROM `a.b.c`", 1),
    ],
)
def test_a_check_passes_or_fails(
    build: Any, *, check: str, options: Any, expected: Any, output: str, value: int
) -> None:
    found = score(build, expected, output, check=check, **options)

    assert (found.status, found.value, found.label) == (Status.SCORED, value, ("fail", "pass")[value])
    assert found.reason


@pytest.mark.parametrize(
    ("check", "options", "expected", "output", "value"),
    [
        ("token_f1", {}, "the cat sat", "A cat sat.", 1.0),
        ("token_f1", {}, "cat", "cat dog", 2 / 3),
        ("token_f1", {}, ["dog", "cat"], "cat", 1.0),
        ("token_f1", {}, "cat", "", 0.0),
        ("rouge_l", {}, "police killed the gunman", "police kill the gunman", 0.75),
        ("rouge_l", {}, "police killed the gunman", "the gunman kill police", 0.5),
        ("recall", {"k": 2}, ["a", "b"], '["a", "x", "b"]', 0.5),
        ("recall", {}, ["a", "b"], "1. a\n2. x\n3. b", 1.0),
        ("precision", {"k": 4}, ["a", "b"], '["a", "x"]', 0.25),
        ("precision", {}, ["a", "b"], '["a", "x"]', 0.5),
        ("mrr", {}, ["b"], '["a", "b"]', 0.5),
        ("mrr", {"k": 1}, ["b"], '["a", "b"]', 0.0),
        ("ndcg", {}, {"a": 3, "b": 1}, '["a", "b"]', 1.0),
    ],
)
def test_a_graded_check_gives_its_value_without_a_label(
    build: Any, *, check: str, options: Any, expected: Any, output: str, value: float
) -> None:
    found = score(build, expected, output, check=check, **options)

    assert (found.status, found.label) == (Status.SCORED, None)
    assert found.value == pytest.approx(value)


def test_a_threshold_turns_a_grade_into_a_pass_or_a_failure(build: Any) -> None:
    low = score(build, "cat", "cat dog", check="token_f1", threshold=0.7)
    high = score(build, "cat", "cat dog", check="token_f1", threshold=0.6)

    assert (low.label, high.label) == ("fail", "pass")
    assert "0.7 is needed" in low.reason


@pytest.mark.parametrize("check", ["numeric", "json_equal", "token_f1", "rouge_l", "bleu", "recall", "ndcg"])
def test_a_case_with_nothing_to_hold_against_is_unscored(build: Any, check: str) -> None:
    assert score(build, None, "x", check=check).status is Status.MISSING


def test_the_reason_names_the_first_place_that_differs(build: Any) -> None:
    found = score(build, {"a": {"b": [1, 2]}}, '{"a": {"b": [1, 3]}}', check="json_equal")
    shaped = score(build, None, '{"a": "x"}', check="json_schema", schema=SCHEMA)

    assert found.reason == "$.a.b[1]: 3, not 2"
    assert shaped.reason.startswith("at $.a: 'x' is not of type 'integer'")


def test_a_schema_that_refers_elsewhere_fetches_nothing(build: Any) -> None:
    with pytest.raises(Exception, match=r"[Uu]nresolvable"):
        score(build, None, "{}", check="json_schema", schema={"$ref": "http://127.0.0.1:9/schema.json"})


def test_an_unknown_dialect_is_the_users_fault_and_not_the_outputs(build: Any) -> None:
    with pytest.raises(UsageError, match="klingon"):
        score(build, None, "SELECT 1", check="sql_valid", dialect="klingon")


def test_rouge_l_is_that_of_rouge_score() -> None:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], use_stemmer=False)
    known = ["the", "cat", "sat", "on", "a", "mat", "7", "Dogs!"]
    source = random.Random(5)
    for _ in range(200):
        one, other = (" ".join(source.choices(known, k=source.randint(0, 12))) for _ in "ab")
        assert rouge_l(words(other), words(one)) == pytest.approx(scorer.score(one, other)["rougeL"].fmeasure)


@given(st.lists(st.sampled_from("abc"), max_size=9), st.lists(st.sampled_from("abc"), max_size=9))
def test_the_longest_common_subsequence_is_the_longest(one: list[str], other: list[str]) -> None:
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])

    assert longest_common(one, other) == table[-1][-1]


def test_bleu_and_chrf_are_those_of_sacrebleu(build: Any) -> None:
    import sacrebleu

    given, wanted = "the cat sat on the mat today", ["the cat is on the mat", "a cat sat on the mat"]

    bleu, chrf = (score(build, wanted, given, check=check).value for check in ("bleu", "chrf"))

    assert bleu == pytest.approx(sacrebleu.sentence_bleu(given, wanted).score / 100)
    assert chrf == pytest.approx(sacrebleu.sentence_chrf(given, wanted).score / 100)


def test_ndcg_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import ndcg_score

    source = random.Random(3)
    for _ in range(100):
        n = source.randint(2, 9)
        gains = [source.randint(0, 3) for _ in range(n)]
        if not any(gains):
            continue
        order = source.sample(range(n), n)
        scores = [0] * n
        for place, item in enumerate(order):
            scores[item] = n - place
        named = {str(item): float(gain) for item, gain in enumerate(gains) if gain}
        k = source.choice([None, 1, 3, n])
        assert ndcg([str(item) for item in order], named, k) == pytest.approx(ndcg_score([gains], [scores], k=k))


@given(
    st.lists(st.sampled_from("abcdef"), unique=True),
    st.sets(st.sampled_from("abcdef"), min_size=1),
    st.none() | st.integers(1, 8),
)
def test_measures_of_a_ranking_stay_between_0_and_1(ranking: list[str], relevant: set[str], k: int | None) -> None:
    gains = dict.fromkeys(relevant, 1.0)

    for measure in (recall, precision, reciprocal_rank, ndcg):
        assert 0 <= measure(ranking, gains, k) <= 1 + 1e-12


@pytest.mark.parametrize(
    ("output", "ids"),
    [
        ('["a", "b", "a"]', ["a", "b"]),
        ('[{"id": 7}, {"id": "b"}]', ["7", "b"]),
        ('{"results": ["a"]}', ["a"]),
        ("- a\n* b\n3) c\n", ["a", "b", "c"]),
        ("2024-report\n12", ["2024-report", "12"]),
        ("", []),
        ("null", []),
    ],
)
def test_a_ranking_is_read_from_json_and_from_lines(output: str, ids: list[str]) -> None:
    assert ranked(output) == ids


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_is_found_again_in_a_sentence(number: float) -> None:
    assert last_number(f"first 12, then {number!r} in all") == number


def function_file(folder: Path, body: str) -> Path:
    (folder / "own_checks.py").write_text(body, encoding="utf-8")
    return folder


def own(folder: Path, function: str) -> Check:
    from evalkit.graders.checks.function import load

    load.cache_clear()
    sys.modules.pop("own_checks", None)
    return Check(name="c", check="python", options={"function": f"own_checks:{function}"}, root=folder)


BODY = """
def passes(case, output): return case.expected in output
def grades(case, output): return 0.25, "a quarter"
def mapped(case, output): return {"score": 1, "reason": "fine"}
def nothing(case, output): return None
def breaks(case, output): return 1 / 0
def wrong(case, output): return 7
constant = 3
"""


@pytest.mark.parametrize(
    ("function", "status", "value", "reason"),
    [
        ("passes", Status.SCORED, 1.0, "says pass"),
        ("grades", Status.SCORED, 0.25, "a quarter"),
        ("mapped", Status.SCORED, 1.0, "fine"),
        ("nothing", Status.MISSING, None, "nothing to check"),
        ("breaks", Status.ERRORED, None, "raised ZeroDivisionError: division by zero"),
        ("wrong", Status.ERRORED, None, "a score is a bool or a number from 0 to 1"),
    ],
)
def test_a_function_costs_one_score_whatever_it_does(
    build: Any, tmp_path: Path, *, function: str, status: Status, value: float | None, reason: str
) -> None:
    found = own(function_file(tmp_path, BODY), function).verdict(build.case(expected="x"), "xyz")

    assert (found.status, found.value) == (status, value)
    assert reason in found.reason


@pytest.mark.parametrize(("function", "said"), [("absent", "has no 'absent'"), ("constant", "is not a function")])
def test_a_function_that_is_not_there_is_said_before_anything_is_scored(
    build: Any, tmp_path: Path, *, function: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        own(function_file(tmp_path, BODY), function).verdict(build.case(expected="x"), "x")


def test_an_edited_function_is_another_version_of_the_grader(tmp_path: Path) -> None:
    before = own(function_file(tmp_path, BODY), "passes").digest
    same = own(function_file(tmp_path, BODY), "passes").digest
    after = own(function_file(tmp_path, BODY + "\n# stricter\n"), "passes").digest

    assert before == same != after


def test_a_spec_says_all_that_makes_a_check_as_json() -> None:
    check = Check(name="c", check="json_schema", options={"schema": SCHEMA, "fenced": True})

    assert json.loads(json.dumps(check.spec)) == check.spec
    assert check.digest != Check(name="c", check="json_schema", options={"schema": SCHEMA}).digest


def test_two_projects_of_one_process_may_each_have_a_module_of_one_name(tmp_path: Path) -> None:
    from evalkit.graders.checks.function import function_digest, load

    folders = [tmp_path / "a", tmp_path / "b"]
    for folder, value in zip(folders, (0, 1), strict=True):
        folder.mkdir()
        (folder / "own_rules.py").write_text(f"def score(case, output): return {value}\n", encoding="utf-8")

    case: Any = None
    assert [load("own_rules:score", folder)(case, "") for folder in folders] == [0, 1]
    assert len({function_digest("own_rules:score", folder) for folder in folders}) == 2
    assert "own_rules" not in sys.modules


def test_a_package_that_another_project_has_imported_under_the_name_is_refused(tmp_path: Path) -> None:
    from evalkit.graders.checks.function import load

    for name in ("a", "b"):
        package = tmp_path / name / "own_package"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "rules.py").write_text("def score(case, output): return 1\n", encoding="utf-8")
    try:
        load("own_package.rules:score", tmp_path / "a")
        with pytest.raises(UsageError, match="this process has imported it from"):
            load("own_package.rules:score", tmp_path / "b")
    finally:
        for name in ("own_package", "own_package.rules"):
            sys.modules.pop(name, None)

"""Similarity: the cosine of embeddings that a function of the user's makes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from evalkit.config import load_config
from evalkit.dataset import Case
from evalkit.errors import ConfigError, UsageError
from evalkit.graders import Check
from evalkit.score import Status

VECTORS = {"one": [1, 0], "same": [3, 0], "half": [1, 1], "across": [0, 2], "against": [-1, 0], "none": [0, 0]}


@pytest.fixture
def check(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """A check whose embeddings are looked up; its module has a name of the test's own."""
    name = f"vectors_{abs(hash(request.node.nodeid))}"
    text = f"V = {VECTORS}\n\ndef embed(texts):\n    return [V[text] for text in texts]\n"
    (tmp_path / f"{name}.py").write_text(text + "\ndef short(texts):\n    return [[1.0]]\n")

    def made(function: str = "embed", **options: Any) -> Check:
        given = {"function": f"{name}:{function}"}
        return Check(name="c", check="similarity", options=given, root=tmp_path, **options)

    return made


def case(*expected: str) -> Case:
    return Case(id="a", input="q", expected=list(expected) or None)


@pytest.mark.parametrize(
    ("output", "expected", "value"),
    [("one", "same", 1.0), ("one", "half", 0.5**0.5), ("one", "across", 0.0), ("one", "against", 0.0)],
)
def test_the_value_is_the_cosine_and_never_below_0(check: Any, output: str, expected: str, value: float) -> None:
    assert check().verdict(case(expected), output).value == pytest.approx(value, abs=1e-12)


def test_the_nearest_of_several_accepted_answers_counts(check: Any) -> None:
    found = check().verdict(case("across", "half"), "one")
    assert (found.value, found.reason) == (pytest.approx(0.5**0.5), "similarity 0.707 to 'half'")


def test_a_threshold_makes_it_pass_or_fail(check: Any) -> None:
    assert check(threshold=0.7).verdict(case("half"), "one").label == "pass"
    assert check(threshold=0.8).verdict(case("half"), "one").label == "fail"


def test_the_cosine_is_that_of_scipy(tmp_path: Path) -> None:
    from scipy.spatial.distance import cosine

    from evalkit.graders.checks.similarity import _cosine

    draw = random.Random(7)
    for _ in range(50):
        one, other = ([draw.gauss(0, 1) for _ in range(384)] for _ in range(2))
        assert _cosine(one, other) == pytest.approx(1 - cosine(one, other), abs=1e-12)


@pytest.mark.parametrize(("function", "output"), [("short", "one"), ("embed", "none"), ("embed", "unknown")])
def test_what_are_no_vectors_costs_one_score(check: Any, function: str, output: str) -> None:
    found = check(function).verdict(case("half"), output)
    assert (found.status, found.value) == (Status.ERRORED, None)


def test_a_case_without_an_expected_answer_is_unscored(check: Any) -> None:
    assert check().verdict(case(), "one").status is Status.MISSING


def test_a_function_that_is_not_there_is_named(check: Any) -> None:
    with pytest.raises(UsageError, match="has no 'gone'"):
        check("gone").verdict(case("half"), "one")


def test_a_config_must_name_the_function(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_text('{"id": "a", "input": "q", "output": "o"}\n')
    (tmp_path / "evalkit.toml").write_text(
        'name = "x"\n[dataset]\npath = "cases.jsonl"\n[[graders]]\nname = "alike"\ncheck = "similarity"\n'
        '[[candidates]]\nname = "c"\noutputs = "output"\n'
    )
    with pytest.raises(ConfigError, match='function: is missing beside check = "similarity"; add function = "vectors:'):
        load_config(tmp_path)


def test_an_edited_function_is_another_version_of_the_grader(check: Any) -> None:
    assert set(check().parts) == {"check", "function", "source"}

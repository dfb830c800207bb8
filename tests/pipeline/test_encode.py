"""Encoding: the bytes of a batch are what a plain JSON build would give, split below the API's limits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit import ids
from evalkit.dataset import Case
from evalkit.errors import DatasetError
from evalkit.pipeline.encode import encode, encode_part
from evalkit.pipeline.spool import Limits


@pytest.fixture
def planned(suite_folder: Callable[..., Path], load: Callable[[Path], Any]) -> Any:
    """A run of eight cases with its suite."""
    suite = load(suite_folder(8))
    return suite, suite.planned("")[0]


def pairs(suite: Any, one: Any) -> list[tuple[Case, str | None]]:
    return [(case, one.candidate.output(case)) for case in suite.dataset]


def plain(one: Any, cases: list[tuple[Case, str]]) -> dict[str, Any]:
    """The body as one would write it."""
    params = one.grader.params(one.run.judge, "1h" if one.run.cases > 1 else None)
    return {
        "requests": [
            {
                "custom_id": ids.custom_id(one.run.id, case.id),
                "params": {"messages": [{"role": "user", "content": one.grader.prompt(case, output)}], **params},
            }
            for case, output in cases
        ]
    }


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
    lambda text: not text.isspace()
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=4, unique_by=lambda row: row[0]))
def test_the_spliced_body_is_the_json_of_a_plain_build(
    planned: Any, tmp_path: Path, rows: list[tuple[str, str, str]]
) -> None:
    _, one = planned
    cases = [(Case(id=id_, input=text), output) for id_, text, output in rows]
    encoded = encode(one.run, one.grader, cases, tmp_path)
    (part,) = encoded.parts
    body = part.path.read_bytes()
    assert json.loads(body) == plain(one, cases)
    assert (part.size, part.digest, part.requests) == (len(body), hashlib.sha256(body).hexdigest(), len(cases))
    assert [request.case_id for request in encoded.requests] == [id_ for id_, _, _ in rows]


@pytest.mark.parametrize("limits", [Limits(requests=3), Limits(bytes=9_000), Limits(requests=4, bytes=9_000)], ids=str)
def test_parts_stay_below_both_limits_and_hold_every_case_once(planned: Any, tmp_path: Path, limits: Limits) -> None:
    suite, one = planned
    encoded = encode(one.run, one.grader, pairs(suite, one), tmp_path, limits=limits)
    assert len(encoded.parts) > 1
    sent: list[Any] = []
    for number, part in enumerate(encoded.parts):
        rows = json.loads(part.path.read_bytes())["requests"]
        assert len(rows) == part.requests <= limits.requests
        assert part.path.stat().st_size == part.size <= limits.bytes
        places = {request.custom_id for request in encoded.requests if request.part == number}
        assert {row["custom_id"] for row in rows} == places
        sent += rows
    assert sent == plain(one, pairs(suite, one))["requests"]


def test_the_body_of_a_part_can_be_made_again_to_the_byte(planned: Any, tmp_path: Path) -> None:
    suite, one = planned
    encoded = encode(one.run, one.grader, pairs(suite, one), tmp_path, limits=Limits(requests=3))
    (tmp_path / "again").mkdir()
    for number, part in enumerate(encoded.parts):
        wanted = [request for request in encoded.requests if request.part == number]
        again = encode_part(one.run, one.grader, pairs(suite, one), tmp_path / "again", wanted=wanted)
        assert (again.digest, again.requests) == (part.digest, part.requests)
        assert again.path.read_bytes() == part.path.read_bytes()


def test_more_tokens_for_a_part_change_nothing_else(planned: Any, tmp_path: Path) -> None:
    suite, one = planned
    encoded = encode(one.run, one.grader, pairs(suite, one), tmp_path)
    (tmp_path / "again").mkdir()
    wanted = encoded.requests[:2]
    part = encode_part(one.run, one.grader, pairs(suite, one), tmp_path / "again", wanted=wanted, max_tokens=9000)
    rows, before = (json.loads(p.path.read_bytes())["requests"] for p in (part, encoded.parts[0]))
    assert [row["params"].pop("max_tokens") for row in rows] == [9000, 9000]
    assert [row["params"].pop("max_tokens") for row in before[:2]] == [1024, 1024]
    assert rows == before[:2]


def test_a_case_larger_than_the_api_takes_is_refused_by_name_with_its_size(planned: Any, tmp_path: Path) -> None:
    _, one = planned
    cases = [(Case(id="fits", input="x"), "y"), (Case(id="far too long", input="x"), "\u00e9" * 16_000_000)]
    with pytest.raises(DatasetError) as caught:
        encode(one.run, one.grader, cases, tmp_path)
    assert "'far too long'" in str(caught.value)
    assert "32,000,000" in str(caught.value)
    assert "'fits'" not in str(caught.value)


def test_cases_without_an_output_are_not_sent_but_missing(planned: Any, tmp_path: Path) -> None:
    suite, one = planned
    halved = [(case, output if n % 2 else None) for n, (case, output) in enumerate(pairs(suite, one))]
    encoded = encode(one.run, one.grader, halved, tmp_path)
    assert sum(part.requests for part in encoded.parts) == len(encoded.requests) == 4
    assert [score.case_id for score in encoded.missing] == [case.id for case, output in halved if output is None]
    assert {(score.verdict.status.value, score.verdict.value) for score in encoded.missing} == {("missing", None)}

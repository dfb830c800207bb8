"""What is known of outputs is kept with them, is taken in later where it was not known, and changes no identity."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evalkit.dataset import OutputFacts
from evalkit.pipeline.stored import stored_candidate
from evalkit.store import Store

CASES = ("case-0000", "case-0001", "case-0002")


@pytest.fixture
def loaded(suite_folder: Callable[..., Path], load: Callable[[Path], Any]) -> Callable[..., Any]:
    """The one run of a suite of three cases whose rows of outputs say these facts."""
    folder = suite_folder(3)
    bare = [json.loads(line) for line in (folder / "recorded.jsonl").read_text("utf-8").splitlines()]

    def made(*facts: dict[str, Any]) -> Any:
        rows = [{**row, **said} for row, said in zip(bare, facts or ({}, {}, {}), strict=True)]
        (folder / "recorded.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        (one,) = load(folder).planned("")
        return one

    return made


def add(store: Store, one: Any) -> bool:
    return store.add_run(
        one.run, dataset=one.dataset, candidate=one.candidate, grader=one.grader, requests=(), parts=(), scores=()
    )


def facts_of(store: Store, one: Any) -> dict[str, OutputFacts]:
    found = store.content.output_facts([one.run.candidate_digest], [*CASES, "no such"])
    return {case_id: known for (_, case_id), known in found.items()}


def test_facts_come_back_as_they_were(loaded: Any, store: Store) -> None:
    one = loaded({"cost_usd": 0.25, "seconds": 1.5, "usage": {"input_tokens": 7}}, {"cost_usd": 0}, {})
    add(store, one)

    assert facts_of(store, one) == {
        "case-0000": OutputFacts(cost_usd=0.25, seconds=1.5, usage={"input_tokens": 7}),
        "case-0001": OutputFacts(cost_usd=0.0),
    }
    assert store.content.facts_of_candidate(one.run.candidate_digest) == facts_of(store, one)
    assert store.content.facts_of_candidate("another") == {}


def test_outputs_are_the_same_candidate_with_and_without_facts(loaded: Any) -> None:
    bare, rich = loaded(), loaded({"cost_usd": 1}, {"seconds": 2}, {})

    assert rich.candidate.facts
    assert (bare.candidate.digest, bare.run.id) == (rich.candidate.digest, rich.run.id)


@pytest.mark.parametrize("way", ["add", "submit again"])
def test_facts_that_come_later_are_taken_in_and_known_ones_stay(loaded: Any, store: Store, way: str) -> None:
    add(store, loaded({"cost_usd": 1.0}, {}, {}))
    again = loaded({"cost_usd": 9.0}, {"cost_usd": 2.0}, {})
    if way == "add":
        assert add(store, again) is False
    else:
        store.submit_again(again.run, again.dataset, again.candidate, now=datetime.now(UTC))

    assert facts_of(store, again) == {"case-0000": OutputFacts(cost_usd=1.0), "case-0001": OutputFacts(cost_usd=2.0)}


def test_outputs_without_facts_take_none_away(loaded: Any, store: Store) -> None:
    one = loaded({"cost_usd": 1.0}, {"seconds": 2.0}, {})
    add(store, one)
    before = facts_of(store, one)
    add(store, loaded())
    store.submit_again(one.run, one.dataset, stored_candidate(store, one.run.candidate_digest), now=datetime.now(UTC))

    assert facts_of(store, one) == before != {}


def test_the_model_that_served_outputs_is_taken_in_later_and_may_be_mended(loaded: Any, store: Store) -> None:
    usage = {"usage": {"input_tokens": 7, "output_tokens": 1}}
    add(store, loaded(usage, usage, {}))
    add(store, loaded({**usage, "model": "smal"}, {**usage, "model": "large", "cost_usd": 3}, {}))
    again = loaded({"model": "small", "usage": {"input_tokens": 9, "output_tokens": 9}}, {}, {})
    store.submit_again(again.run, again.dataset, again.candidate, now=datetime.now(UTC))

    tokens = {"input_tokens": 7, "output_tokens": 1}
    assert facts_of(store, again) == {
        "case-0000": OutputFacts(model="small", usage=tokens),
        "case-0001": OutputFacts(model="large", usage=tokens, cost_usd=3.0),
    }

"""What the store gives back of datasets and candidates is what went in: the same digests, without the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit import ids
from evalkit.pipeline.stored import stored_candidate, stored_dataset
from evalkit.store import Store

TEXT = st.text(min_size=1, max_size=12).filter(lambda text: bool(text.strip()))
VALUE = st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(TEXT, inner, min_size=1, max_size=3),
    max_leaves=5,
)
CASE = st.fixed_dictionaries({"input": TEXT}, optional={"expected": TEXT, "metadata": st.dictionaries(TEXT, VALUE)})


def kept(store: Store, suite: Any) -> Any:
    """Keep a suite's one run, unsent."""
    (one,) = suite.planned("")
    store.add_run(
        one.run,
        dataset=one.dataset,
        candidate=one.candidate,
        grader=one.grader,
        requests=(),
        parts=(),
        scores=(),
    )
    return one


def test_a_dataset_and_a_candidate_come_back_as_they_were(store: Store, suite_folder: Any, load: Any) -> None:
    suite = load(suite_folder(7))
    one = kept(store, suite)

    dataset = stored_dataset(store, one.run.dataset)
    candidate = stored_candidate(store, one.run.candidate_digest)

    assert (dataset.digest, dataset.n, len(dataset), dataset.path) == (
        suite.dataset.digest, 7, 7, suite.dataset.path,
    )  # fmt: skip
    assert list(dataset) == list(suite.dataset)
    assert (candidate.digest, candidate.name, candidate.kind, candidate.source) == (
        one.candidate.digest, "recorded", "recorded", one.candidate.source,
    )  # fmt: skip
    assert candidate.texts == one.candidate.texts
    assert [candidate.output(case) for case in dataset] == [one.candidate.output(case) for case in suite.dataset]


def test_some_cases_of_a_dataset_are_a_dataset_of_their_own(store: Store, suite_folder: Any, load: Any) -> None:
    suite = load(suite_folder(5))
    one = kept(store, suite)

    some = stored_dataset(store, one.run.dataset, ["case-0003", "case-0001", "no such case"])
    texts = stored_candidate(store, one.run.candidate_digest, ["case-0003", "no such case"])

    assert [case.id for case in some] == ["case-0001", "case-0003"]
    assert some.n == 2
    assert some.digest == ids.dataset_digest((case.id, case.digest) for case in some) != suite.dataset.digest
    assert texts.texts == {"case-0003": one.candidate.texts["case-0003"]}
    assert texts.digest == one.candidate.digest


def test_outputs_that_belong_to_no_case_are_part_of_the_digest_all_the_same(
    store: Store, suite_folder: Any, load: Any
) -> None:
    outputs = {"recorded": {"case-0000": "a", "case-0001": "b", "of no case": "c"}}
    one = kept(store, load(suite_folder(2, outputs=outputs)))

    candidate = stored_candidate(store, one.run.candidate_digest)

    assert (candidate.digest, len(candidate.texts)) == (one.candidate.digest, 2)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=st.lists(CASE, min_size=1, max_size=4))
def test_the_digest_of_any_dataset_survives_the_store(
    rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    import json

    from evalkit.dataset import load_dataset

    folder = Path(tmp_path_factory.mktemp("any"))
    path = folder / "cases.jsonl"
    path.write_text("".join(json.dumps({"id": f"c{n}", **row}) + "\n" for n, row in enumerate(rows)), encoding="utf-8")
    dataset = load_dataset(path)
    with Store.open(f"sqlite:///{folder / 'evalkit.db'}") as store:
        with store.database.writing() as connection:
            store.content.keep_dataset(connection, dataset, "any")
        stored = stored_dataset(store, dataset.digest)
        assert stored.digest == dataset.digest
        assert ids.dataset_digest((case.id, case.digest) for case in stored) == dataset.digest

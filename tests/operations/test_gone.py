"""A batch that is gone at the provider, and a run that was never sent, can be given up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit.sandbox import Behaviour, Fault, Sandbox


@pytest.fixture
def account(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    return sandbox


def lose(sandbox: Sandbox) -> None:
    """Every question after a batch is answered with 404 from now on."""
    sandbox.behaviour = Behaviour(faults=(Fault("retrieve", "404", times=1000),))


def test_a_batch_that_the_api_no_longer_knows_counts_as_missing_when_a_person_says_so(
    account: Sandbox, suite_folder: Any
) -> None:
    folder: Path = suite_folder(3)
    (row,) = evalkit.submit(folder)
    lose(account)

    with pytest.raises(evalkit.ProviderError, match=rf"evalkit resolve {row.run} --gone {row.batches[0].id}"):
        evalkit.collect(folder)
    (after,) = evalkit.resolve(row.run, gone=row.batches[0].id, config=folder)

    assert (after.status.value, dict(after.unscored), after.pending) == ("collected", {"missing": 3}, 0)


def test_a_batch_that_the_api_knows_is_not_given_up(account: Sandbox, suite_folder: Any) -> None:
    folder: Path = suite_folder(3)
    (row,) = evalkit.submit(folder)

    with pytest.raises(evalkit.UsageError, match="still knows batch"):
        evalkit.resolve(row.run, gone=row.batches[0].id, config=folder)


def test_what_was_given_up_as_gone_is_sent_again_by_a_retry(account: Sandbox, suite_folder: Any) -> None:
    folder: Path = suite_folder(3)
    (row,) = evalkit.submit(folder)
    lose(account)
    evalkit.resolve(row.run, gone=row.batches[0].id, config=folder)
    account.behaviour = Behaviour()

    evalkit.retry(row.run, config=folder)
    (after,) = evalkit.collect(folder)

    assert (after.scored, after.pending) == (3, 0)


def test_a_run_that_was_refused_is_queued_seen_in_the_status_and_given_up_by_a_cancel(
    account: Sandbox, suite_folder: Any
) -> None:
    folder: Path = suite_folder(3)
    account.behaviour = Behaviour(faults=(Fault("create", "413-html"),))

    with pytest.raises(evalkit.ProviderError, match="It stays planned"):
        evalkit.submit(folder)
    (row,) = evalkit.runs(folder)
    assert evalkit.status(folder).planned == 1

    evalkit.cancel(row.run, config=folder)
    (after,) = evalkit.runs(folder)
    evalkit.collect(folder)

    assert evalkit.status(folder).planned == 0
    assert (after.status.value, dict(after.unscored)) == ("collected", {"canceled": 3})
    assert [entry for entry in account.witness() if entry.accepted_create] == []


def test_what_was_given_up_before_it_was_sent_is_sent_by_a_retry(account: Sandbox, suite_folder: Any) -> None:
    folder: Path = suite_folder(3)
    account.behaviour = Behaviour(faults=(Fault("create", "413-html"),))
    with pytest.raises(evalkit.ProviderError):
        evalkit.submit(folder)
    (row,) = evalkit.runs(folder)
    evalkit.cancel(row.run, config=folder)

    evalkit.retry(row.run, config=folder)
    (after,) = evalkit.collect(folder)

    assert (after.scored, after.pending) == (3, 0)


def test_every_run_of_a_suite_is_written_before_the_first_is_sent(account: Sandbox, suite_folder: Any) -> None:
    case = {"id": "a", "input": "2 + 2", "expected": "4"}
    folder: Path = suite_folder([case], outputs={"one": {"a": "4"}, "two": {"a": "5"}})
    account.behaviour = Behaviour(faults=(Fault("create", "413-html"),))

    with pytest.raises(evalkit.ProviderError):
        evalkit.submit(folder)

    assert {row.candidate for row in evalkit.runs(folder)} == {"one", "two"}

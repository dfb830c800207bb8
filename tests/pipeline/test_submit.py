"""Submit: one batch per run, whoever submits, how often, and wherever they die."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

from evalkit import api
from evalkit.errors import AccountError, ExitCode, ProviderError, UnknownCreateError
from evalkit.pipeline.reconcile import GRACE_VARIABLE
from evalkit.run import IntentState
from evalkit.sandbox import Fault, Sandbox


def states(bench: Any) -> list[tuple[int, int, str]]:
    with bench.store() as store:
        (run,) = store.runs.select()
        return [(one.part, one.attempt, one.state.value) for one in store.intents.of(run.id)]


def test_submitting_twice_makes_one_batch(bench: Any) -> None:
    first, second = bench.submit(), bench.submit()
    assert len(bench.creates()) == 1
    assert first.runs == second.runs
    (batch,) = bench.batches()
    assert [one.id for row in second for one in row.batches] == [batch]
    assert bench.creates()[0].requests == 6


def test_a_run_per_candidate_and_grader_and_label(bench: Any, open_bench: Any, sqlite_url: str) -> None:
    wide = open_bench(
        bench.url, folder="wide", outputs={name: {"case-0000": name} for name in ("one", "two")}, check=True
    )
    rows = wide.submit(label="a")
    assert {(row.candidate, row.grader) for row in rows} == {
        (candidate, grader) for candidate in ("one", "two") for grader in ("correctness", "exact")
    }
    assert len(bench.batches()) == 2
    wide.submit(label="b")
    assert len(bench.batches()) == 4


def test_the_intent_holds_the_digest_of_the_bytes_that_arrived(bench: Any) -> None:
    (run,) = bench.submit().runs
    with bench.store() as store:
        (intent,) = store.intents.of(run)
    (entry,) = bench.creates()
    assert intent.body_digest == entry.body_sha256
    assert (intent.state, intent.batch, intent.base_url) == (IntentState.CREATED, entry.batch, bench.sandbox.url)


def test_a_run_is_weighed_before_it_is_sent_and_its_estimate_is_kept(bench: Any) -> None:
    (run,) = bench.submit().runs
    with bench.store() as store:
        (intent,), estimate = store.intents.of(run), store.estimates.of([run])[run]
    assert intent.size is not None
    assert intent.size > 6 * 1000
    assert intent.at_most_usd == estimate.at_most_usd
    assert 0 < estimate.low_usd < estimate.high_usd < estimate.at_most_usd
    assert estimate.requests == 6


def test_a_part_left_planned_is_sent_by_the_next_submit_to_the_byte(small: Any, open_bench: Any, tmp_path: Any) -> None:
    code, _, _ = small.ended("submit", EVALKIT_FAIL_AT="kept")
    assert code == -signal.SIGKILL
    assert (states(small), small.creates()) == ([(0, 1, "planned")], [])
    small.submit()
    undisturbed = open_bench(f"sqlite:///{tmp_path / 'another.db'}", folder="again")
    undisturbed.submit()
    first, second = small.creates()
    assert first.body_sha256 == second.body_sha256


@pytest.mark.parametrize("step", ["claimed", "answered"])
def test_a_submit_that_dies_around_its_create_never_creates_again(bench: Any, step: str) -> None:
    code, _, _ = bench.ended("submit", EVALKIT_FAIL_AT=step)
    assert code == -signal.SIGKILL
    landed = {"claimed": 0, "answered": 1}[step]
    assert (states(bench), len(bench.creates())) == ([(0, 1, "intended")], landed)
    if landed:
        # The list of batches shows the lost one, and its results are the proof.
        (row,) = bench.submit()
        assert [one.id for one in row.batches] == bench.batches()
    else:
        for _ in range(2):
            with pytest.raises(UnknownCreateError):
                bench.submit()
    assert len(bench.creates()) == landed


def test_a_create_of_unknown_outcome_ends_with_7_and_says_what_is_known(small: Any) -> None:
    small.ended("submit", EVALKIT_FAIL_AT="claimed")
    code, out, err = small.ended("submit")
    with small.store() as store:
        (run,) = store.runs.select()
    assert (code, out) == (ExitCode.UNKNOWN_CREATE, "")
    for known in (run.id, "6 requests", "not sent again", "evalkit resolve"):
        assert known in err
    assert "Traceback" not in err


def test_an_unknown_create_that_left_no_trace_is_sent_again_after_the_proof(bench: Any) -> None:
    bench.monkeypatch.setenv(GRACE_VARIABLE, "0")
    bench.faults(Fault("create", "reset"))
    with pytest.raises(UnknownCreateError):
        bench.submit()
    bench.collect()
    assert (len(bench.creates()), len(bench.batches())) == (2, 1)
    assert bench.view().scored == 6


@pytest.mark.parametrize("kind", ["commit-then-500", "commit-then-reset", "200-html", "200-broken-json"])
def test_a_batch_whose_answer_was_lost_is_found_and_not_paid_twice(bench: Any, kind: Any) -> None:
    bench.faults(Fault("create", kind, committed=True))
    try:
        bench.submit()
    except UnknownCreateError:
        bench.submit()
    bench.collect()
    assert len(bench.creates()) == 1
    assert (bench.view().scored, bench.view().pending) == (6, 0)


def test_a_refusal_for_now_is_tried_again_and_a_lasting_one_is_not(bench: Any) -> None:
    bench.faults(Fault("create", "429", retry_after="0", times=2))
    bench.submit()
    assert [entry.status for entry in bench.creates()] == [429, 429, 200]
    assert states(bench) == [(0, 1, "not_created"), (0, 2, "not_created"), (0, 3, "created")]
    bench.faults(Fault("create", "spend-cap"))
    with pytest.raises(ProviderError, match="usage limits"):
        bench.submit(label="another")
    assert len(bench.creates()) == 4


def test_after_a_lasting_refusal_the_next_submit_sends_what_was_planned(bench: Any) -> None:
    bench.faults(Fault("create", "413-html"))
    with pytest.raises(ProviderError, match="fewer or shorter cases"):
        bench.submit()
    assert states(bench) == [(0, 1, "not_created"), (0, 2, "planned")]
    bench.submit()
    assert len(bench.batches()) == 1


def test_two_processes_that_submit_one_suite_at_once_make_one_batch_per_run(each: Any, open_bench: Any) -> None:
    outputs = {name: {"case-0000": "They are 0."} for name in ("one", "two", "three")}
    wide = open_bench(each.url, folder="wide", outputs=outputs)
    processes = [wide.evalkit("submit", "--json") for _ in range(2)]
    ends = [(process.communicate(timeout=120), process.returncode) for process in processes]
    assert [(err, code) for (_, err), code in ends if code != 0] == []
    assert len(wide.creates()) == len(wide.batches()) == 3
    assert {entry.custom_ids_digest for entry in wide.creates()} == {
        entry.custom_ids_digest for entry in wide.creates() if entry.accepted_create
    }
    runs = [{row["run"] for row in json.loads(out)["runs"]} for (out, _), _ in ends]
    assert runs[0] == runs[1]
    assert len(runs[0]) == 3


def test_checks_need_no_key_and_no_server(suite_folder: Callable[..., Any], store_url: str, sandbox: Sandbox) -> None:
    folder = suite_folder(check=True)
    config = folder / "evalkit.toml"
    blocks = config.read_text().split("\n\n")
    config.write_text("\n\n".join(block for block in blocks if "rubric" not in block and "[judge]" not in block) + "\n")
    (row,) = api.submit(folder, store=store_url)
    assert (row.scored, row.pending, row.estimate.mean, row.batches) == (6, 0, pytest.approx(4 / 6), ())
    assert api.submit(folder, store=store_url).runs == (row.run,)


def test_another_account_is_refused_before_any_call(bench: Any) -> None:
    bench.submit()
    before = len(bench.sandbox.witness())
    bench.account("another-key")
    for verb in (bench.submit, bench.collect):
        with pytest.raises(AccountError, match="ANTHROPIC_API_KEY"):
            verb()
    assert len(bench.sandbox.witness()) == before
    bench.account()
    assert bench.collect()[0].scored == 6


def test_no_key_is_said_before_anything_is_claimed(small: Any) -> None:
    code, _, err = small.ended("submit", key=None)
    assert code == ExitCode.PROVIDER
    assert "ANTHROPIC_API_KEY" in err
    assert small.creates() == []
    small.submit()
    assert len(small.batches()) == 1


def test_cases_that_cannot_be_rendered_leave_nothing_behind(bench: Any, open_bench: Any) -> None:
    rubric = "{% block rubric %}Judge.{% endblock %}{% block case %}{{ metadata.source }}{{ output }}{% endblock %}"
    broken = open_bench(bench.url, folder="broken", rubric=rubric)
    with pytest.raises(Exception, match="case-0000"):
        broken.submit()
    with broken.store() as store:
        assert store.runs.select() == []
    assert broken.creates() == []

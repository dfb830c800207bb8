"""Rejudge: stored outputs under the rubric and the judge of today, without the files that they came from."""

from __future__ import annotations

import json
import signal
from datetime import timedelta
from typing import Any

import pytest

import evalkit
from evalkit import api
from evalkit.errors import ExitCode, UsageError
from evalkit.session import Session
from evalkit.store import Store
from evalkit.work import newest_runs


@pytest.fixture
def scored(bench: Any) -> Any:
    """Six cases, scored, on each database."""
    bench.submit(label="monday")
    bench.collect()
    return bench


@pytest.fixture
def plain(small: Any) -> Any:
    """The same on SQLite alone."""
    small.submit(label="monday")
    small.collect()
    return small


def rejudge(bench: Any, *runs: str, **options: Any) -> Any:
    wanted = runs or tuple(dict.fromkeys(row.run for row in api.runs(store=bench.url)))
    return evalkit.rejudge(wanted, config=bench.folder, store=bench.url, **{"wait": True, "poll": 0.02, **options})


def reword(bench: Any, rubric: str = "Is the output right? correct, partial or incorrect.") -> None:
    (bench.folder / "rubric.md.j2").write_text(rubric, encoding="utf-8")


def test_outputs_are_judged_again_under_the_rubric_of_today(scored: Any) -> None:
    (before,) = api.runs(store=scored.url)
    reword(scored)
    (after,) = rejudge(scored, before.run)

    assert after.run != before.run
    assert (after.candidate, after.label, after.dataset_digest, after.cases, after.scored) == (
        "recorded", "monday", before.dataset_digest, 6, 6,
    )  # fmt: skip
    with scored.store() as store:
        old, new = store.runs.get(before.run), store.runs.get(after.run)
        assert (new.candidate_digest, new.dataset) == (old.candidate_digest, old.dataset)
        assert new.grader_digest != old.grader_digest
    assert [entry.requests for entry in scored.creates()] == [6, 6]


def test_the_files_of_the_dataset_and_the_outputs_are_not_needed(scored: Any) -> None:
    reword(scored)
    for name in ("cases.jsonl", "recorded.jsonl"):
        (scored.folder / name).write_text("this is no dataset any more", encoding="utf-8")
    (after,) = rejudge(scored)

    assert after.scored == 6


def test_a_rejudged_run_stands_for_its_candidate_in_the_next_report(plain: Any) -> None:
    reword(plain)
    (after,) = rejudge(plain)

    with Session(config=plain.folder, store=plain.url) as session:
        assert [run.id for run in newest_runs(session, "monday")] == [after.run]


def test_another_judge_may_judge(plain: Any) -> None:
    (before,) = api.runs(store=plain.url)
    (after,) = rejudge(plain, judge="claude-sonnet-5-5")

    assert (before.judge, after.judge) == ("claude-haiku-5-5", "claude-sonnet-5-5")
    with plain.store() as store:
        assert store.runs.get(after.run).grader_digest == store.runs.get(before.run).grader_digest


def test_several_runs_make_one_batch_each(open_bench: Any, sqlite_url: str) -> None:
    texts = {f"case-{n:04}": f"They are {2 * n}." for n in range(6)}
    bench = open_bench(sqlite_url, outputs={"one": texts, "two": dict(list(texts.items())[:3])})
    bench.submit()
    bench.collect()
    reword(bench)
    rows = rejudge(bench)

    assert sorted((row.candidate, row.scored, dict(row.unscored).get("missing", 0)) for row in rows) == [
        ("one", 6, 0),
        ("two", 3, 3),
    ]
    assert sorted(entry.requests for entry in bench.creates()) == [3, 3, 6, 6]


def test_a_run_judged_just_so_already_is_refused(plain: Any) -> None:
    with pytest.raises(UsageError, match="nothing differs for run"):
        rejudge(plain)
    assert len(plain.batches()) == 1


def test_to_say_it_again_attaches_to_the_run_that_is_there(plain: Any) -> None:
    (before,) = api.runs(store=plain.url)
    reword(plain)
    first = rejudge(plain, before.run)
    second = rejudge(plain, before.run)

    assert first.runs == second.runs
    assert len(plain.batches()) == 2


def test_a_rejudge_that_was_killed_is_gone_on_with(plain: Any) -> None:
    (before,) = api.runs(store=plain.url)
    reword(plain)
    code, _, err = plain.ended("rejudge", before.run, EVALKIT_FAIL_AT="kept")
    assert code == -signal.SIGKILL, err
    (after,) = rejudge(plain, before.run)

    assert (after.scored, len(plain.batches())) == (6, 2)


def test_a_named_grader_judges_in_place_of_the_runs_own(plain: Any) -> None:
    config = plain.folder / "evalkit.toml"
    check = '\n[[graders]]\nname = "says"\ncheck = "regex"\npattern = "They are"\n'
    config.write_text(config.read_text() + check, encoding="utf-8")
    (after,) = rejudge(plain, grader="says")

    assert (after.grader, after.judge, after.scored, after.is_open) == ("says", None, 6, False)
    assert len(plain.batches()) == 1
    with pytest.raises(UsageError, match=r"no grader 'tone'.*'correctness', 'says'"):
        rejudge(plain, grader="tone")


def test_outputs_that_the_store_does_not_have_are_refused(plain: Any) -> None:
    from evalkit.store.schema import outputs

    reword(plain)
    with Store.open(plain.url) as store, store.database.writing() as connection:
        connection.execute(outputs.delete())
    with pytest.raises(UsageError, match="are not in this store"):
        rejudge(plain)


def test_a_run_that_measures_noise_is_not_rejudged(plain: Any) -> None:
    (run,) = api.runs(store=plain.url).runs
    report = evalkit.noise(run, config=plain.folder, store=plain.url, wait=True, poll=0.02).report
    reword(plain)
    with pytest.raises(UsageError, match=f"measures the noise of run {run}"):
        rejudge(plain, report.run)


def test_without_a_run_or_without_a_judge_it_is_said_what_is_lacking(plain: Any) -> None:
    with pytest.raises(UsageError, match="name the runs"):
        evalkit.rejudge([], config=plain.folder, store=plain.url)
    reword(plain)
    config = plain.folder / "evalkit.toml"
    text = config.read_text()
    without = text[: text.index("[judge]")] + text[text.index("[[graders]]") :]
    config.write_text(without, encoding="utf-8")
    with pytest.raises(evalkit.EvalkitError, match="judge"):
        rejudge(plain)


def test_the_command_gives_the_rows_and_ends_with_5_while_scores_are_to_come(plain: Any) -> None:
    (before,) = api.runs(store=plain.url)
    reword(plain)
    plain.faults(seconds=600)
    code, out, _ = plain.ended("rejudge", before.run, "--json")
    (row,) = json.loads(out)["runs"]
    assert (code, row["status"], row["pending"]) == (ExitCode.PENDING, "submitted", 6)

    plain.sandbox.advance(timedelta(hours=1))
    code, out, _ = plain.ended("rejudge", before.run, "--wait", "--json")
    (row,) = json.loads(out)["runs"]
    assert (code, row["status"], row["scored"]) == (0, "collected", 6)


def test_samples_may_be_asked_for_of_outputs_that_were_judged_once(plain: Any) -> None:
    (before,) = api.runs(store=plain.url)
    config = plain.folder / "evalkit.toml"
    config.write_text(config.read_text().replace('rubric = "rubric.md.j2"', 'rubric = "rubric.md.j2"\nsamples = 3'))
    (after,) = rejudge(plain, before.run)

    assert (after.scored, after.requests) == (6, 18)

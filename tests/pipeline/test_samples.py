"""Samples: each output judged several times in one batch, and one score per case, whatever happens on the way."""

from __future__ import annotations

import json
import signal
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evalkit import api, ids, operations
from evalkit.pipeline.encode import encode, encode_part
from evalkit.pipeline.progress import Progress
from evalkit.pipeline.spool import Limits
from evalkit.pipeline.submit import Submitter
from evalkit.report.compose.cases import StoredCases
from evalkit.report.page import CellKey
from evalkit.run import IntentState
from evalkit.sandbox import Sandbox
from evalkit.score import Status
from evalkit.session import Session
from evalkit.store import Store
from evalkit.work import collector_of

THREE = "samples = 3"
MEAN = 5.5 / 6
CASES = [f"case-{n:04}" for n in range(6)]


@pytest.fixture
def three(open_bench: Callable[..., Any], either_url: str) -> Any:
    """Six cases, each judged three times, on SQLite, and in the sweeps on PostgreSQL."""
    return open_bench(either_url, grader=THREE)


@pytest.fixture
def each(open_bench: Callable[..., Any], store_url: str) -> Any:
    """The same on each database, for what is counted in SQL."""
    return open_bench(store_url, grader=THREE)


@pytest.fixture
def lite(open_bench: Callable[..., Any], sqlite_url: str) -> Any:
    """The same on SQLite alone."""
    return open_bench(sqlite_url, grader=THREE)


@pytest.fixture
def recorded(tmp_path: Path) -> Any:
    """Puts a bench under a sandbox that gives each judgement the label that is wanted of it."""
    running: list[Sandbox] = []

    def replayed(bench: Any, labels: dict[str, str], *, cases: Any = CASES, samples: int = 3) -> None:
        path = tmp_path / "replies.jsonl"
        lines = [
            {"case": part, "text": json.dumps({"reasoning": "r", "verdict": labels.get(part, "correct")})}
            for case in cases
            for part in (case, *(f"{case}-s{number}" for number in range(1, samples + 1)))
        ]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        running.append(Sandbox(replay=path))
        running[-1].start()
        bench.sandbox = running[-1]
        bench.account()

    yield replayed
    for sandbox in running:
        sandbox.stop()


def own(bench: Any) -> dict[str, Any]:
    """The cases' own exported rows."""
    return {row["case"]: row for row in bench.rows() if not row["suffix"]}


def conserved(bench: Any) -> Any:
    """The run as it stands, with its cases counted once each."""
    view = bench.view()
    assert view.scored + sum(view.unscored.values()) + view.pending == view.cases == 6
    return view


def test_a_case_judged_three_times_is_three_requests_of_one_batch_and_one_score(each: Any) -> None:
    (row,) = each.submit()
    (entry,) = each.creates()
    assert entry.requests == 18
    assert conserved(each).pending == 6
    each.collect()

    view = conserved(each)
    assert (view.scored, view.requests, view.estimate.n, view.spending.results) == (6, 18, 6, 18)
    rows = each.rows()
    assert len(rows) == 24
    assert [line["suffix"] for line in rows if line["case"] == "case-0000"] == ["", "s1", "s2", "s3"]
    for line in rows:
        if line["suffix"]:
            assert line["custom_id"] == ids.custom_id(row.run, line["case"], line["suffix"])
            assert line["batch"] == entry.batch
        else:
            assert (line["custom_id"], line["batch"], line["usage"], line["cost_usd"]) == (None, None, None, None)
    assert own(each)["case-0000"]["reason"] == "3 of 3: correct"


@pytest.mark.parametrize(
    ("reducer", "wanted"),
    [
        ("mean", (0.5, None, "1 of 3: correct, 1: partial, 1: incorrect")),
        ("majority", (0.5, None, "1 of 3: correct, 1: partial, 1: incorrect; a tie, so the mean of these")),
        ("all", (0.0, "incorrect", "1 of 3: correct, 1: partial, 1: incorrect")),
    ],
)
def test_judgements_that_differ_are_reduced_as_the_config_says(
    open_bench: Any, sqlite_url: str, recorded: Any, reducer: str, wanted: tuple[Any, ...]
) -> None:
    bench = open_bench(sqlite_url, grader=f'{THREE}\nreducer = "{reducer}"')
    recorded(bench, {"case-0002-s2": "partial", "case-0002-s3": "incorrect"})
    bench.submit()
    bench.collect()

    row = own(bench)["case-0002"]
    assert (row["status"], row["value"], row["label"], row["reason"]) == ("scored", *wanted)
    assert (conserved(bench).scored, own(bench)["case-0001"]["value"]) == (6, 1.0)
    judged = [row["label"] for row in bench.rows() if row["case"] == "case-0002" and row["suffix"]]
    assert judged == ["correct", "partial", "incorrect"]


def test_the_shared_prefix_of_every_judgement_is_the_same_and_the_body_can_be_made_again(
    suite_folder: Any, load: Any, tmp_path: Path
) -> None:
    suite = load(suite_folder(5, grader=THREE))
    (one,) = suite.planned("")
    pairs = [(case, one.candidate.output(case)) for case in suite.dataset]
    encoded = encode(one.run, one.grader, pairs, tmp_path, limits=Limits(requests=4))
    assert [part.requests for part in encoded.parts] == [4, 3, 2, 1, 1, 1, 1, 1, 1]
    (tmp_path / "again").mkdir()
    prefixes = set()
    for number, part in enumerate(encoded.parts):
        wanted = [request for request in encoded.requests if request.part == number]
        again = encode_part(one.run, one.grader, pairs, tmp_path / "again", wanted=reversed(wanted))
        assert again.path.read_bytes() == part.path.read_bytes()
        for row in json.loads(part.path.read_bytes())["requests"]:
            row["params"].pop("messages")
            prefixes.add(json.dumps(row["params"]))
    assert len(prefixes) == 1
    assert "cache_control" in prefixes.pop()


def test_a_single_case_judged_several_times_shares_a_cached_prefix(suite_folder: Any, load: Any) -> None:
    from evalkit.pipeline.rows import RowEncoder

    (one,) = load(suite_folder(1, grader=THREE)).planned("")
    (case,) = one.dataset
    for _, _, row in RowEncoder(one.run, one.grader).rows(case, "They are 0."):
        assert json.loads(row)["params"]["system"][1]["cache_control"]["ttl"] == "1h"


def test_a_case_whose_judgements_are_in_several_parts_is_pending_until_the_last(each: Any) -> None:
    with Session(config=each.folder, store=each.url) as session:
        collector = collector_of(session, Progress())
        submitter = Submitter(sender=collector.sender, reconciler=collector.reconciler, limits=Limits(requests=8))
        submitter.submit(session.suite.planned(""))
        seen = []
        for batch in session.store.batches.open():
            collector.take(batch.id)
            view = conserved(each)
            seen.append((batch.requests, view.scored, view.pending))
    assert len(seen) == 3
    # Eight, seven and each judgements, in the order of the cases; in whatever order the batches are taken.
    assert seen[-1][1:] == (6, 0)
    assert all(scored < 6 for _, scored, _ in seen[:-1])
    assert {row["reason"] for row in own(each).values()} == {"3 of 3: correct", "3 of 3: incorrect"}


@pytest.mark.parametrize("limit", [5, 100])
def test_a_follow_up_of_single_judgements_updates_the_case(three: Any, limit: int) -> None:
    three.faults(shares={"api_error": 0.5}, seed=3)
    with Session(config=three.folder, store=three.url) as session:
        collector = collector_of(session, Progress())
        submitter = Submitter(sender=collector.sender, reconciler=collector.reconciler, limits=Limits(requests=limit))
        submitter.submit(session.suite.planned(""))
        for batch in session.store.batches.open():
            collector.take(batch.id)
            conserved(three)
    before = conserved(three)
    assert before.unscored.keys() == {"errored"}
    assert before.is_open
    three.collect()

    after = conserved(three)
    assert (after.scored, dict(after.unscored), after.is_open) == (6, {}, False)
    assert {row["reason"] for row in own(three).values()} == {"3 of 3: correct", "3 of 3: incorrect"}
    sent = Counter(row["custom_id"] for row in three.rows() if row["suffix"])
    assert len(sent) == 18


def test_a_retry_of_the_judgements_that_were_refused_scores_the_case(each: Any) -> None:
    each.faults(outcomes={"case-0000-s1": "refusal", "case-0000-s2": "refusal", "case-0001-s3": "refusal"})
    (run,) = each.submit().runs
    each.collect()
    row = own(each)["case-0000"]
    assert (row["status"], row["value"]) == ("refused", None)
    assert row["reason"].startswith("2 of 3: refused, 1: correct; the judge declined")
    assert own(each)["case-0001"]["reason"] == "2 of 3: correct, 1: refused"
    assert dict(conserved(each).unscored) == {"refused": 1}

    each.faults()
    operations.retry(run, statuses=[Status.REFUSED], config=each.folder, store=each.url)
    conserved(each)
    assert each.creates()[-1].requests == 3
    each.collect()
    assert (conserved(each).scored, own(each)["case-0000"]["reason"]) == (6, "3 of 3: correct")
    assert own(each)["case-0001"]["reason"] == "3 of 3: correct"


def test_what_is_canceled_before_it_is_sent_leaves_no_case_pending(three: Any) -> None:
    code, _, _ = three.ended("submit", EVALKIT_FAIL_AT="kept")
    assert code == -signal.SIGKILL
    (run,) = api.runs(store=three.url).runs
    assert conserved(three).pending == 6
    operations.cancel(run, config=three.folder, store=three.url)

    view = conserved(three)
    assert (dict(view.unscored), view.pending, view.is_open) == ({"canceled": 6}, 0, False)
    operations.retry(run, config=three.folder, store=three.url)
    three.collect()
    assert conserved(three).scored == 6


def test_a_batch_that_is_canceled_leaves_each_case_with_one_reason(three: Any) -> None:
    three.faults(seconds=600, cancel_finishes=4)
    (run,) = three.submit().runs
    operations.cancel(run, config=three.folder, store=three.url)
    three.sandbox.advance(timedelta(hours=1))
    three.collect()

    view = conserved(three)
    assert (view.scored, dict(view.unscored), view.pending) == (1, {"canceled": 5}, 0)


@pytest.mark.parametrize("step", ["results_kept", "scores_put", "downloaded", "collected"])
def test_a_collector_killed_around_the_reduction_is_made_good(three: Any, step: str) -> None:
    three.submit()
    code, _, err = three.ended("collect", EVALKIT_FAIL_AT=step)
    assert code == -signal.SIGKILL, err
    view = conserved(three)
    assert view.pending == (0 if step == "collected" else 6)
    three.collect()
    assert (conserved(three).scored, len(three.batches()), len(three.rows())) == (6, 1, 24)


def test_results_that_are_missing_count_as_judgements_without_a_score(lite: Any) -> None:
    lite.faults(pollution=("missing-row",))
    lite.submit()
    lite.collect()
    assert conserved(lite).scored == 6
    (row,) = [row for row in lite.rows() if row["status"] == "missing"]
    assert row["suffix"]
    assert "1: missing" in own(lite)[row["case"]]["reason"]


def test_a_store_that_was_lost_is_rebuilt_with_every_judgement(lite: Any) -> None:
    lite.submit()
    lite.collect()
    before = {(row["case"], row["suffix"]): row["value"] for row in lite.rows()}
    for path in Path(lite.url.removeprefix("sqlite:///")).parent.glob("evalkit.db*"):
        path.unlink()
    operations.recover(lite.folder, store=lite.url)

    assert {(row["case"], row["suffix"]): row["value"] for row in lite.rows()} == before
    assert (conserved(lite).scored, len(lite.batches())) == (6, 1)


def test_a_case_without_an_output_is_missing_and_sends_nothing(open_bench: Any, sqlite_url: str) -> None:
    bench = open_bench(sqlite_url, grader=THREE, outputs={"some": {"case-0000": "They are 0."}})
    bench.submit()
    assert bench.creates()[0].requests == 3
    bench.collect()
    assert (conserved(bench).scored, dict(conserved(bench).unscored)) == (1, {"missing": 5})
    assert len(bench.rows()) == 4 + 5


def test_the_plan_counts_every_judgement(lite: Any) -> None:
    (one,) = api.plan(lite.folder, store=lite.url).runs
    assert (one.cases, one.requests, one.batches) == (6, 18, 1)


def test_show_names_every_judgement_and_its_reply(lite: Any) -> None:
    (run,) = lite.submit().runs
    lite.collect()
    detail = api.show_case(run, "case-0002", store=lite.url)
    assert [placed.score.suffix for placed in detail.scores] == ["", "s1", "s2", "s3"]
    assert len(detail.replies) == 3
    code, out, _ = lite.ended("show", run, "case-0002")
    assert code == 0
    assert "score correctness, judgement s3" in out
    assert "3 of 3: incorrect" in out


def test_the_page_counts_a_case_once_and_shows_a_mean_without_a_label(lite: Any, recorded: Any, tmp_path: Any) -> None:
    recorded(lite, {"case-0002-s2": "partial", "case-0002-s3": "incorrect"})
    lite.submit()
    lite.collect()
    page = api.report(config=lite.folder, store=lite.url, out=tmp_path / "page.html")
    assert page.cases == 6
    assert f"{MEAN:.3f}" in page.path.read_text()
    with lite.store() as store:
        (run,) = store.runs.select()
        cases = StoredCases(store=store, runs=[run], dataset=run.dataset, names={run.id: "recorded"})
        columns = cases.columns()
        ((key, column),) = columns.cells.items()
        (texts,) = cases.texts([columns.ids.index("case-0002")])
    assert len(column.values) == 6
    assert column.value(columns.ids.index("case-0002")) == 0.5
    assert texts.scores[CellKey(run.id, key.criterion)].label is None
    code, out, _ = lite.ended("show", lite.view().run, "case-0002")
    assert code == 0
    assert "None" not in out


def test_two_collectors_that_finish_two_parts_of_a_case_at_once_leave_nothing_pending(each: Any) -> None:
    """Neither sees what the other writes before it is committed, unless one waits for the other."""
    with Session(config=each.folder, store=each.url) as session:
        collector = collector_of(session, Progress())
        submitter = Submitter(sender=collector.sender, reconciler=collector.reconciler, limits=Limits(requests=10))
        (run,) = submitter.submit(session.suite.planned(""))
        first, second = session.store.batches.open([run])
        now = datetime.now(UTC)
        for batch in (first, second):
            session.store.batches.ended(batch.id, ended_at=now)
        with Store.open(each.url) as other:

            def finish() -> None:
                other.scores.finish(second, ["correctness"], now=now)

            thread = threading.Thread(target=finish)
            with session.store.database.writing() as connection:
                session.store.scores.finish_with(connection, first, ["correctness"], now=now)
                thread.start()
                thread.join(0.3)  # the other is given the time to do wrong
            thread.join()
    view = conserved(each)
    assert (dict(view.unscored), view.pending) == ({"missing": 6}, 0)


def test_a_run_of_samples_is_compared_by_its_own_scores_alone(lite: Any) -> None:
    (run,) = lite.submit().runs
    lite.collect()
    from evalkit.pipeline.scores import run_scores

    with lite.store() as store:
        found = run_scores(store, store.runs.get(run), "correctness")
        assert not store.intents.in_state(IntentState.PLANNED)
    assert sorted(case.case_id for case in found.cases) == CASES

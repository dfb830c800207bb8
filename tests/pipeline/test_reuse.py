"""Reuse: what was judged before is not judged again, and is never taken for a second look."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit import api
from evalkit.errors import StaleTransitionError, UsageError
from evalkit.report.compose import ReportOptions, compose
from evalkit.sandbox import Sandbox, reply
from evalkit.store import Store


def scored(bench: Any, label: str, **options: Any) -> Any:
    """Submit under a label and collect; the runs of this label."""
    bench.submit(label=label, **options)
    bench.collect()
    return api.runs(bench.folder, store=bench.url, label=label)


def rewrite(path: Path, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    """Change the rows of a file of JSON lines; None drops one."""
    rows = [change(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows if row is not None), encoding="utf-8")


def edit_cases(bench: Any, *ids: str) -> None:
    rewrite(
        bench.folder / "cases.jsonl",
        lambda row: {**row, "input": row["input"] + " Please."} if row["id"] in ids else row,
    )


def edit_outputs(bench: Any, *ids: str) -> None:
    rewrite(
        bench.folder / "recorded.jsonl",
        lambda row: {**row, "output": row["output"] + " Indeed."} if row["id"] in ids else row,
    )


def sent(bench: Any) -> list[int]:
    """How many requests each create had."""
    return [entry.requests for entry in bench.creates()]


@pytest.fixture
def served_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets the sandbox answer by another model than was asked for."""
    plain = reply.message

    def serve(model: str) -> None:
        def message(*args: Any, **options: Any) -> Any:
            return {**plain(*args, **options), "model": model}

        monkeypatch.setattr(reply, "message", message)

    return serve


def test_editing_one_percent_of_the_cases_pays_for_one_percent(
    open_bench: Callable[..., Any], store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = open_bench(store_url, cases=200)
    (before,) = scored(bench, "monday")
    edit_cases(bench, "case-0007")
    edit_outputs(bench, "case-0003")
    (planned,) = api.plan(bench.folder, store=bench.url, label="tuesday").runs
    told = Told()
    (after,) = scored(bench, "tuesday", progress=told)

    assert sent(bench) == [200, 2]
    assert (planned.reused, planned.requests) == (198, 2)
    assert told.notes == [
        f"run {after.run}: 198 of 200 cases are judged already and taken over; 2 are sent (--fresh judges all)"
    ]
    assert (after.scored, after.pending, after.requests) == (200, 0, 2)
    assert after.json()["reused"] == 198
    assert after.spending.cost_usd == pytest.approx(before.spending.cost_usd / 100, rel=0.5)
    assert (
        planned.at_most_usd
        < api.plan(bench.folder, store=bench.url, label="tuesday2", fresh=True).total("at_most_usd") / 50
    )


class Told(api.Progress):
    """Keeps what is told of a run."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def test_editing_one_rubric_leaves_every_other_run_comparable_and_unpaid(
    open_bench: Callable[..., Any], sqlite_url: str
) -> None:
    tone = '[[graders]]\nname = "tone"\nrubric = "tone.md.j2"\nlabels = { rude = 0, kind = 1 }'
    bench = open_bench(sqlite_url, grader=tone)
    (bench.folder / "tone.md.j2").write_text("Is it kind?", encoding="utf-8")
    scored(bench, "monday")
    (bench.folder / "tone.md.j2").write_text("Is it kind, and not too kind?", encoding="utf-8")
    scored(bench, "tuesday")
    found = {
        row.comparison.criterion: row.comparison
        for row in evalkit.compare(baseline="label:monday", config=bench.folder, store=bench.url)
    }

    assert sent(bench) == [6, 6, 6]  # both on Monday, the edited one alone on Tuesday
    assert (found["correctness"].comparable, found["tone"].comparable) == (True, False)
    assert (found["correctness"].n_shared, found["correctness"].n_paired) == (6, 6)

    scored(bench, "monday")  # the edited rubric under Monday's label; the other run is attached to
    assert sent(bench) == [6, 6, 6]


def test_a_run_of_which_all_is_taken_over_is_collected_at_once_and_free(each: Any) -> None:
    (before,) = scored(each, "monday")
    each.submit(label="tuesday")
    (after,) = api.runs(each.folder, store=each.url, label="tuesday")

    assert sent(each) == [6]
    assert (after.status.value, after.batches, after.scored, after.spending.cost_usd) == ("collected", (), 6, 0.0)
    assert (after.estimate.mean, after.simulated) == (before.estimate.mean, True)
    assert after.spending.served_models == before.spending.served_models
    assert after.spending.taken.saved_usd == pytest.approx(before.spending.cost_usd)
    kept = ("case", "criterion", "status", "value", "label", "reason", "custom_id", "batch", "served_model")
    one, two = each.rows(before.run), each.rows(after.run)
    assert [[row[key] for key in kept] for row in two] == [[row[key] for key in kept] for row in one]
    assert {(row["reused_from"], row["cost_usd"], row["usage"]) for row in two} == {(before.run, 0.0, None)}
    assert {row["reused_from"] for row in one} == {None}


def test_what_is_taken_over_again_names_the_run_that_was_paid(small: Any) -> None:
    (first,) = scored(small, "monday")
    edit_outputs(small, "case-0000")
    (second,) = scored(small, "tuesday")
    (third,) = scored(small, "wednesday")

    assert sent(small) == [6, 1]
    assert dict(third.spending.taken.from_runs) == {first.run: 5, second.run: 1}


@pytest.mark.parametrize("how", ["fresh", "config"])
def test_all_is_judged_anew_where_that_is_wanted(small: Any, how: str) -> None:
    scored(small, "monday")
    if how == "config":
        config = small.folder / "evalkit.toml"
        config.write_text(f"{config.read_text()}\n[submit]\nreuse = false\n")
    (after,) = scored(small, "tuesday", fresh=how == "fresh")

    assert sent(small) == [6, 6]
    assert after.json()["reused"] == 0


def test_the_same_inputs_are_the_same_run_with_fresh_too(small: Any) -> None:
    scored(small, "monday")
    scored(small, "monday", fresh=True)

    assert sent(small) == [6]


def test_a_case_without_a_score_is_sent_again(small: Any) -> None:
    small.faults(outcomes={"case-0002": "refusal", "case-0004": "prose"})
    (before,) = scored(small, "monday")
    small.faults()
    (after,) = scored(small, "tuesday")

    assert (before.scored, after.scored, after.json()["reused"]) == (4, 6, 4)
    assert sent(small)[-1] == 2


def test_a_case_that_lacks_a_judgement_is_judged_anew_as_often_as_all(
    open_bench: Callable[..., Any], store_url: str
) -> None:
    bench = open_bench(store_url, grader='samples = 3\nreducer = "majority"')
    with_one_lost = {f"{run}-case-0001-s2": "refusal" for run in [_planned(bench, "monday")]}
    bench.faults(outcomes=with_one_lost)
    scored(bench, "monday")
    bench.faults()
    (after,) = scored(bench, "tuesday")

    assert sent(bench) == [18, 3]
    assert (after.scored, after.json()["reused"]) == (6, 5)
    assert len(bench.rows(after.run)) == 6 * 4


def _planned(bench: Any, label: str) -> str:
    (run,) = api.plan(bench.folder, store=bench.url, label=label).runs
    return run.run


def test_a_run_that_is_under_way_is_no_source(small: Any) -> None:
    small.submit(label="monday")
    small.submit(label="tuesday")

    assert sent(small) == [6, 6]


def test_a_score_is_found_under_another_id_and_taken_over_once(small: Any) -> None:
    scored(small, "monday")
    for name in ("cases", "recorded"):
        path = small.folder / f"{name}.jsonl"
        rewrite(path, lambda row: {**row, "id": "renamed"} if row["id"] == "case-0001" else row)
        rows = path.read_text().splitlines()
        twin = {**json.loads(rows[0]), "id": "twin"}
        path.write_text("\n".join([json.dumps(twin), *rows]) + "\n")
    (after,) = scored(small, "tuesday")

    assert sent(small) == [6, 1]  # two cases of one content are two observations
    with small.store() as store:
        origins = store.reuse.of(after.run)
    assert origins["renamed"][1] == "case-0001"
    assert origins["case-0000"][1] == "case-0000"
    assert "twin" not in origins


def test_what_measures_the_judge_takes_nothing_over(small: Any) -> None:
    (before,) = scored(small, "monday")
    for seed in (0, 1):
        evalkit.noise(
            before.run, cases=6, samples=2, seed=seed, config=small.folder, store=small.url, wait=True, poll=0.02
        )

    assert sent(small) == [6, 12, 12]


def test_a_rejudge_pays_for_all(small: Any) -> None:
    (before,) = scored(small, "monday")
    rubric = small.folder / "rubric.md.j2"
    old = rubric.read_text()
    rubric.write_text("Is the output right? correct, partial or incorrect.", encoding="utf-8")
    scored(small, "tuesday")
    evalkit.rejudge([before.run], config=small.folder, store=small.url, wait=True, poll=0.02)

    assert old != rubric.read_text()
    assert sent(small) == [6, 6, 6]


def test_two_models_in_one_run_are_told_with_the_mend(small: Any, served_by: Callable[[str], None]) -> None:
    served_by("claude-haiku-5-5-old")
    scored(small, "monday")
    served_by("claude-haiku-5-5-new")
    edit_outputs(small, "case-0000")
    (mixed,) = scored(small, "tuesday")
    with small.store() as store:
        runs = store.runs.select(ids=[mixed.run])
        page = compose(store, runs, ReportOptions(title="sums"))
    said = " ".join(notice.text for notice in page.notices)
    code, out, _ = small.ended("show", mixed.run)
    (compared,) = evalkit.compare(baseline="label:monday", config=small.folder, store=small.url)

    assert mixed.spending.served_models == ("claude-haiku-5-5-new", "claude-haiku-5-5-old")
    assert "Two served models in one run" in said
    assert "took over scores of another model" in said
    assert "--fresh" in said
    assert code == 0
    assert "two served models" in " ".join(out.split())
    assert "--fresh" in out
    assert not compared.comparison.comparable
    assert "were taken over" in compared.comparison.reasons[0]
    assert compared.mend == "evalkit submit --fresh --label tuesday-fresh"


def test_only_the_model_that_serves_the_judge_now_is_taken_over(small: Any, served_by: Callable[[str], None]) -> None:
    served_by("claude-haiku-5-5-old")
    scored(small, "monday")
    served_by("claude-haiku-5-5-new")
    edit_outputs(small, "case-0000")
    scored(small, "tuesday")
    (after,) = scored(small, "wednesday")

    assert sent(small) == [6, 1, 5]
    assert after.spending.served_models == ("claude-haiku-5-5-new",)


def test_what_a_sandbox_has_judged_is_taken_over_by_no_other_api(small: Any) -> None:
    scored(small, "monday")
    with Sandbox() as other:
        small.sandbox = other
        small.account()
        scored(small, "tuesday")

        assert sent(small) == [6]


def test_a_retry_sends_what_has_no_score_and_leaves_what_was_taken_over(small: Any) -> None:
    scored(small, "monday")
    edit_outputs(small, "case-0000", "case-0001")
    small.faults(outcomes={"case-0000": "refusal"})
    (before,) = scored(small, "tuesday")
    small.faults()
    evalkit.retry(before.run, statuses=[evalkit.Status.REFUSED], config=small.folder, store=small.url)
    small.collect()
    (after,) = api.runs(small.folder, store=small.url, label="tuesday")

    assert sent(small) == [6, 2, 1]
    assert (before.scored, after.scored, after.json()["reused"]) == (5, 6, 4)


def test_a_canceled_run_keeps_what_it_took_over(small: Any) -> None:
    scored(small, "monday")
    edit_outputs(small, "case-0000", "case-0001")
    small.faults(seconds=60)
    small.submit(label="tuesday")
    (open_run,) = api.runs(small.folder, store=small.url, label="tuesday")
    assert (open_run.scored, open_run.pending) == (4, 2)
    evalkit.cancel(open_run.run, config=small.folder, store=small.url)
    small.collect()
    (after,) = api.runs(small.folder, store=small.url, label="tuesday")

    assert after.scored + sum(after.unscored.values()) == 6
    assert after.scored >= 4
    assert after.pending == 0


def test_a_source_that_changes_meanwhile_leaves_no_run_behind(small: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (before,) = scored(small, "monday")
    plain = Store.add_run

    def late(self: Store, *args: Any, **options: Any) -> bool:
        lost = [replace(one, source_case="gone") for one in options["taken"]]
        return plain(self, *args, **{**options, "taken": lost})

    monkeypatch.setattr(Store, "add_run", late)
    with pytest.raises(StaleTransitionError, match=f"{before.run}.*submit again"):
        small.submit(label="tuesday")

    assert list(api.runs(small.folder, store=small.url, label="tuesday")) == []
    assert sent(small) == [6]


def test_judges_are_not_held_against_their_own_judgements(small: Any) -> None:
    (before,) = scored(small, "monday")
    (after,) = scored(small, "tuesday")
    (fresh,) = scored(small, "wednesday", fresh=True)

    with pytest.raises(UsageError, match="a judgement agrees with itself"):
        evalkit.agree_between([before.run, after.run], store=small.url)
    (found,) = evalkit.agree_between([before.run, fresh.run], store=small.url)
    assert found.n == 6


def test_a_case_of_the_page_says_where_its_score_was_paid(small: Any) -> None:
    (before,) = scored(small, "monday")
    (after,) = scored(small, "tuesday")
    with small.store() as store:
        page = compose(store, store.runs.select(ids=[after.run]), ReportOptions(title="sums"))
        (texts, *_) = page.cases.texts([0])
    (said,) = texts.replies[after.run]
    code, out, _ = small.ended("show", after.run, "case-0000")

    assert said.batch is not None
    assert said.batch.endswith(f"of run {before.run}, taken over")
    assert said.raw is not None
    assert said.cost_usd is None
    assert (page.runs[0].reused, before.run in page.runs[0].reused_from) == (6, True)
    assert any("taken over from earlier runs" in notice.text for notice in page.notices)
    assert f"taken over by run {after.run}" in page.provenance
    assert code == 0
    assert f"taken over from run {before.run}" in out


def test_a_case_of_which_another_model_gave_one_judgement_is_judged_anew(
    open_bench: Callable[..., Any], sqlite_url: str
) -> None:
    bench = open_bench(sqlite_url, grader="samples = 2")
    scored(bench, "monday")
    for case, model in (("case-0001", "a-model-before"), ("case-0002", "z-model-after")):
        with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
            which = "custom_id = (SELECT max(custom_id) FROM results WHERE custom_id LIKE ?)"
            connection.execute(f"UPDATE results SET served_model = ? WHERE {which}", (model, f"%{case}%"))
    (after,) = scored(bench, "tuesday")

    assert sent(bench) == [12, 4]
    assert (after.scored, after.json()["reused"]) == (6, 4)

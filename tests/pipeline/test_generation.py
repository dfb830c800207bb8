"""Candidates that are generated: asked in a run of their own, then scored by runs that waited for them."""

from __future__ import annotations

import json
import signal
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evalkit import api, operations
from evalkit.config import load_config
from evalkit.errors import ConfigError, DatasetError, ExitCode, UsageError
from evalkit.pipeline.collect import Collector
from evalkit.pipeline.encode import encode
from evalkit.pipeline.generate import pairs_of
from evalkit.pipeline.suite import load_suite
from evalkit.report.compose import ReportOptions, compose
from evalkit.score import Status

MODEL = "claude-haiku-5-5"


def config(folder: Path, prompt: str = "Answer in one word.", more: str = "", graders: str = "") -> Path:
    """Let one candidate of a suite be generated."""
    text = (folder / "evalkit.toml").read_text().split("[[candidates]]")[0]
    (folder / "prompt.md.j2").write_text(prompt, encoding="utf-8")
    made = f'[[candidates]]\nname = "made"\nmodel = "{MODEL}"\nprompt = "prompt.md.j2"\n{more}\n'
    (folder / "evalkit.toml").write_text(f"{text}{graders}\n{made}", encoding="utf-8")
    return folder


@pytest.fixture
def made(small: Any) -> Any:
    """A bench whose candidate is generated, scored by a rubric and by a check."""
    config(small.folder, graders='[[graders]]\nname = "short"\ncheck = "length"\nmax = 500\n')
    return small


def cases(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    (folder / "cases.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def by_grader(table: Any) -> dict[str, Any]:
    return {row.grader: row for row in table}


def sent(bench: Any, nth: int = 0) -> list[dict[str, Any]]:
    """The requests of the nth planned run, as they were sent: the server had exactly these bytes."""
    planned = load_suite(load_config(bench.folder)).planned("")[nth]
    with bench.store() as store:
        run = store.runs.get(planned.run.id)  # with the ttl that was chosen
    with tempfile.TemporaryDirectory() as folder:
        (part,) = encode(run, planned.grader, pairs_of(planned), Path(folder)).parts
        assert part.digest in {entry.body_sha256 for entry in bench.creates()}
        return [request["params"] for request in json.loads(part.path.read_bytes())["requests"]]


def sql(bench: Any, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(bench.url.removeprefix("sqlite:///")) as connection:
        return connection.execute(query).fetchall()


def test_what_scores_generated_outputs_waits_for_them_and_then_goes_on_by_itself(made: Any) -> None:
    submitted = by_grader(made.submit())
    waiting = {name: (row.status.value, row.pending) for name, row in submitted.items()}
    collected = by_grader(made.collect())

    assert waiting == {"(generation)": ("submitted", 6), "correctness": ("waiting", 6), "short": ("waiting", 6)}
    assert {name: (row.status.value, row.scored) for name, row in collected.items()} == dict.fromkeys(
        submitted, ("collected", 6)
    )
    assert len(made.batches()) == 2


def test_a_collector_without_the_config_goes_on_with_what_waited(made: Any) -> None:
    made.submit()
    (made.folder / "evalkit.toml").rename(made.folder / "away.toml")

    found = api.collect(None, store=made.url, wait=True, poll=0.02)

    assert {row.status.value for row in found} == {"collected"}
    assert len(found.runs) == 3


def test_outputs_carry_the_batch_price_that_their_replies_were_billed_at(made: Any) -> None:
    made.submit()
    rows = by_grader(made.collect())

    costs = [json.loads(usage)["cost_usd"] for (usage,) in sql(made, "select usage from outputs")]
    assert len(costs) == 6
    assert sum(costs) == pytest.approx(rows["(generation)"].spending.cost_usd)
    assert min(costs) > 0


def test_submitting_again_asks_for_nothing_again(made: Any) -> None:
    made.submit()
    made.collect()
    made.submit()
    made.collect()

    assert len(made.batches()) == 2


def test_another_label_scores_the_same_outputs_and_neither_makes_nor_judges_them_again(made: Any) -> None:
    made.submit(label="one")
    made.collect()
    made.submit(label="two")
    made.collect()

    requests = [entry.requests for entry in made.creates()]
    assert requests == [6, 6]
    assert sql(made, "select count(*) from runs where kind = 'generation'") == [(1,)]


def test_only_cases_that_changed_are_generated_and_judged_again(made: Any) -> None:
    made.submit()
    made.collect()
    rows = [json.loads(line) for line in (made.folder / "cases.jsonl").read_text().splitlines()]
    rows[2]["input"] = "How many are 40 and 2?"
    cases(made.folder, rows)

    made.submit()
    found = by_grader(made.collect())

    assert [entry.requests for entry in made.creates()][2:] == [1, 1]
    assert (found["(generation)"].scored, found["correctness"].scored) == (6, 6)
    facts = sql(made, "select case_id, count(*), count(usage) from outputs group by case_id")
    assert facts == [(row["id"], 2, 2) for row in rows]


def test_a_dataset_of_answered_and_judged_cases_takes_no_batch(made: Any) -> None:
    made.submit()
    made.collect()
    rows = [json.loads(line) for line in (made.folder / "cases.jsonl").read_text().splitlines()]
    cases(made.folder, rows[:4])

    found = by_grader(made.submit())

    assert [entry.requests for entry in made.creates()][2:] == []
    assert {(row.status.value, row.scored) for row in found.values()} == {("collected", 4)}


def test_fresh_generates_everything_anew_under_its_label(made: Any) -> None:
    made.submit()
    made.collect()
    made.submit(label="again", fresh=True)
    made.collect()

    assert [entry.requests for entry in made.creates()] == [6, 6, 6, 6]
    assert sql(made, "select label from runs where kind = 'generation' order by label") == [("",), ("again",)]


def test_a_changed_prompt_model_or_setting_is_another_candidate(made: Any, load: Callable[[Path], Any]) -> None:
    digests = {load(made.folder).candidates[0].digest}
    for more in ('effort = "low"', "max_tokens = 64", 'effort = "low"\nmax_tokens = 64'):
        digests.add(load(config(made.folder, more=more)).candidates[0].digest)
    digests.add(load(config(made.folder, prompt="Answer in two words.")).candidates[0].digest)

    assert len(digests) == 5


def test_a_case_without_an_answer_is_missing_for_the_reason_of_its_generation(made: Any) -> None:
    made.faults(shares={"refusal": 0.5})
    made.submit()
    made.collect()

    runs = by_grader(api.runs(made.folder, store=made.url))
    refused = {row["case"] for row in made.rows(runs["(generation)"].run) if row["status"] == "refused"}
    missing = {row["case"]: row["reason"] for row in made.rows(runs["short"].run) if row["status"] == "missing"}
    assert refused
    assert set(missing) == refused
    assert all("refused: the model declined" in reason for reason in missing.values())
    assert runs["correctness"].unscored["missing"] >= len(refused)
    assert runs["correctness"].pending == 0


def test_a_retry_of_the_generation_reaches_the_runs_that_scored_it(made: Any) -> None:
    made.faults(shares={"refusal": 0.5})
    made.submit()
    made.collect()
    runs = by_grader(api.runs(made.folder, store=made.url))
    lacking = runs["short"].unscored["missing"]
    made.faults()

    from evalkit.score import Status

    operations.retry(runs["(generation)"].run, statuses=[Status.REFUSED], config=made.folder, store=made.url)
    while_open = by_grader(api.runs(made.folder, store=made.url))
    made.collect()
    after = by_grader(api.runs(made.folder, store=made.url))

    assert {while_open[name].status.value for name in ("correctness", "short")} == {"waiting"}
    assert lacking > 0
    assert after["short"].scored == 6
    assert "missing" not in after["correctness"].unscored
    assert after["correctness"].requests == 6


def test_a_retry_of_the_generation_leaves_what_a_run_took_over(made: Any) -> None:
    made.faults(shares={"refusal": 0.5})
    made.submit(label="one")
    made.collect()
    made.submit(label="two")
    made.faults()
    made.collect()
    (generation,) = [row.run for row in api.runs(made.folder, store=made.url) if row.kind == "generation"]
    operations.retry(generation, statuses=[Status.REFUSED], config=made.folder, store=made.url)
    made.collect()
    rows = [row for row in api.runs(made.folder, store=made.url) if row.grader == "correctness"]
    taken = {row.label: row.json()["reused"] for row in rows}
    assert all(row.requests + row.json()["reused"] == row.scored + sum(row.unscored.values()) == 6 for row in rows)
    assert taken["two"] > 0


def test_a_cut_answer_is_asked_for_again_with_more_tokens_before_anything_is_scored(made: Any) -> None:
    made.faults(shares={"truncated": 0.5})
    made.submit()
    made.collect()

    rounds = sql(made, "select i.round from intents i join runs r on r.run = i.run where r.kind = 'generation'")
    assert sorted(rounds)[-1][0] >= 1


def test_a_prompt_without_a_field_of_the_case_is_the_system_prompt(made: Any) -> None:
    made.submit()

    first = sent(made)[0]
    assert first["system"] == [{"type": "text", "text": "Answer in one word."}], "too short to be cached"
    assert first["messages"] == [{"role": "user", "content": "How many are 0 and 0?"}]
    assert "output_config" not in first


def test_a_prompt_that_prints_the_case_is_the_user_message(made: Any) -> None:
    config(made.folder, prompt="Q: {{ input }}\nA:", more='effort = "low"\nmax_tokens = 99')
    made.submit()

    first = sent(made)[0]
    assert "system" not in first
    assert first["messages"] == [{"role": "user", "content": "Q: How many are 0 and 0?\nA:"}]
    assert (first["max_tokens"], first["output_config"]) == (99, {"effort": "low"})


def test_case_text_is_never_read_as_a_template(made: Any) -> None:
    config(made.folder, prompt="{% block system %}Be brief.{% endblock %}{% block case %}<{{ input }}>{% endblock %}")
    cases(made.folder, [{"id": "a", "input": "{{ 7 * 7 }}{% block x %}", "expected": "no"}])
    made.submit()

    assert sent(made)[0]["messages"][0]["content"] == "<{{ 7 * 7 }}{% block x %}>"


def test_a_conversation_is_sent_turn_by_turn(made: Any) -> None:
    turns = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello, what is it?"},
        {"role": "user", "content": [{"type": "text", "text": "1 + 1?"}]},
    ]
    cases(made.folder, [{"id": "a", "input": turns, "expected": "2"}])
    made.submit()
    made.collect()

    assert sent(made)[0]["messages"] == [*turns[:2], {"role": "user", "content": "1 + 1?"}]


@pytest.mark.parametrize(
    ("turns", "why"),
    [
        ([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}], "system turn"),
        ([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}], "end with the user's turn"),
        ([{"role": "tool", "content": "Hi"}], "turn 1 is by 'tool'"),
        ([{"role": "user", "content": [{"type": "image"}]}], "more than text"),
    ],
)
def test_a_conversation_that_cannot_be_sent_is_refused_before_anything_is(made: Any, turns: Any, why: str) -> None:
    cases(made.folder, [{"id": "a", "input": turns, "expected": "2"}])

    with pytest.raises(DatasetError, match=why):
        made.submit()
    assert made.creates() == []


@pytest.mark.parametrize(
    ("prompt", "why"),
    [
        ("The answer is {{ expected }}: {{ input }}", "prints 'expected'"),
        ("Say {{ question }}", "prints 'question', which is not there"),
        ("{% block system %}{{ input }}{% endblock %}", "move it into"),
        ("{% block rubric %}x{% endblock %}", "none of 'system' and 'case'"),
        ("{{ input", "mend the Jinja2"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_refused_with_its_place(
    made: Any, load: Callable[[Path], Any], prompt: str, why: str
) -> None:
    with pytest.raises(ConfigError, match=why) as error:
        load(config(made.folder, prompt=prompt))
    assert "prompt.md.j2" in str(error.value)


def test_a_rubric_that_cannot_be_rendered_costs_no_generation(made: Any) -> None:
    block = "{% block rubric %}Right?{% endblock %}{% block case %}{{ metadata.lost }}{{ output }}{% endblock %}"
    (made.folder / "rubric.md.j2").write_text(block)

    with pytest.raises(DatasetError, match="lost"):
        made.submit()
    assert made.creates() == []


def test_a_gate_is_pending_while_outputs_are_generated(made: Any) -> None:
    from evalkit import decisions

    recorded = '[[candidates]]\nname = "recorded"\noutputs = "recorded.jsonl"\n'
    config(made.folder, more=f'{recorded}[gate]\nbaseline = "recorded"\nmargin = 0.1')
    made.submit()
    for run in made.store().runs.select():
        if run.candidate == "recorded":
            made.collect(runs=[run.id])

    before = decisions.gate(config=made.folder, store=made.url)
    made.collect()
    after = decisions.gate(config=made.folder, store=made.url)

    assert before.exit_code == 5
    assert after.exit_code != 5


def test_a_generation_is_no_row_of_a_comparison_or_of_the_page(made: Any) -> None:
    _, page = api.run(made.folder, store=made.url, sandbox=True, poll=0.02, out=made.folder / "page.html")
    assert page is not None
    store = made.store()

    assert {run.grader for run in store.runs.select()} == {"correctness", "short"}
    assert "(generation)" not in page.path.read_text(encoding="utf-8")


def test_a_run_that_waits_and_the_one_it_waits_for_do_not_leave_the_store(made: Any, tmp_path: Path) -> None:
    from evalkit import transfer

    rows = by_grader(made.submit())
    for row in rows.values():
        with pytest.raises(UsageError, match="waits for"):
            transfer.export_bundle([row.run], tmp_path / "out.zip", store=made.url)


def test_a_lost_store_is_rebuilt_with_its_generated_outputs(made: Any, tmp_path: Path) -> None:
    made.submit()
    made.collect()
    before = made.verdicts()
    made.url = f"sqlite:///{tmp_path / 'other.db'}"

    operations.recover(made.folder, store=made.url)
    made.submit()
    made.collect()

    assert len(made.batches()) == 2
    assert made.verdicts() == before


def test_outputs_of_the_sandbox_are_another_candidates_than_the_models(made: Any) -> None:
    api.run(made.folder, store=made.url, sandbox=True, poll=0.02, out=made.folder / "page.html")
    made.submit()

    assert [entry.requests for entry in made.creates()] == [6]


def test_several_collectors_at_once_send_what_waited_once(each: Any) -> None:
    config(each.folder)
    each.submit()
    started = [each.evalkit("collect", "--wait", "--poll", "0.05") for _ in range(3)]
    said = [process.communicate(timeout=120) for process in started]

    assert [process.returncode for process in started] == [0, 0, 0], said
    assert [entry.requests for entry in each.creates()] == [6, 6]
    assert {row["status"] for row in each.rows()} == {"scored"}


@pytest.mark.parametrize("at", ["collected", "released"])
def test_a_collector_does_not_end_while_another_is_between_two_steps(
    small: Any, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    config(small.folder)
    small.faults(seconds=1000.0)
    small.submit()
    passing, looking = Collector._pass, Collector._is_being_sent

    def another_comes_after(self: Collector, *where: Any) -> Any:
        """Another collector takes up what has ended just after a pass, and is stopped on its way."""
        met = passing(self, *where)
        monkeypatch.setattr(Collector, "_pass", passing)
        small.sandbox.advance(timedelta(seconds=1001))
        assert small.ended("collect", EVALKIT_FAIL_AT=at)[0] == -signal.SIGKILL
        return met

    def another_sends_meanwhile(self: Collector, *where: Any) -> bool:
        monkeypatch.setattr(Collector, "_is_being_sent", looking)
        assert small.ended("collect")[0] == ExitCode.DONE
        small.faults()
        small.sandbox.advance(timedelta(seconds=1001))
        return looking(self, *where)

    monkeypatch.setattr(Collector, "_pass", another_comes_after)
    if at == "released":
        monkeypatch.setattr(Collector, "_is_being_sent", another_sends_meanwhile)
    else:
        small.faults()

    assert {row.status for row in small.collect()} == {"collected"}
    assert [entry.requests for entry in small.creates()] == [6, 6]


def test_a_generated_candidate_travels_in_a_bundle_with_its_outputs_and_what_they_took(
    made: Any, tmp_path: Path
) -> None:
    from evalkit import transfer

    made.submit()
    ids = list(made.collect().runs)
    before = made.verdicts()
    transfer.export_bundle(ids, tmp_path / "out.zip", store=made.url)
    made.url = f"sqlite:///{tmp_path / 'other.db'}"
    transfer.import_bundle(tmp_path / "out.zip", store=made.url)

    made.submit()

    assert made.verdicts() == before
    assert len(made.batches()) == 2
    assert sql(made, "select count(*) from outputs where usage is not null") == [(6,)]


def test_a_case_of_a_generation_is_shown_as_it_was_asked(made: Any) -> None:
    made.submit()
    rows = by_grader(made.collect())

    shown = api.show_case(rows["(generation)"].run, "case-0001", store=made.url)

    assert (shown.prompt, shown.system) == ("How many are 1 and 1?", ("Answer in one word.",))
    assert shown.output is not None
    assert shown.output.endswith("How many are 1 and 1?")


def test_the_page_compares_what_generated_outputs_cost(made: Any) -> None:
    more = '[[candidates]]\nname = "other"\nmodel = "claude-sonnet-5-5"\nprompt = "Answer in one word."'
    config(made.folder, more=more)
    made.submit()
    made.collect()

    with made.store() as store:
        page = compose(store, store.runs.select(), ReportOptions(title="sums"))
    assert {point.name for front in page.frontiers for point in front.points} == {"made", "other"}


def test_outputs_that_wait_are_not_judged_again(made: Any) -> None:
    (waiting,) = [row.run for row in made.submit() if row.grader == "correctness"]

    from evalkit.pipeline.rejudge import plan_rejudge

    with made.store() as store, pytest.raises(UsageError, match="waits for its outputs"):
        plan_rejudge(store, [store.runs.get(waiting)], graders=load_suite(load_config(made.folder)).graders, judge=None)


@pytest.mark.parametrize("maximum", [500, 0])
def test_sentinels_ride_with_what_waited_and_are_not_waited_for_where_nothing_of_it_is_sent(
    small: Any, maximum: int
) -> None:
    known = {"id": "right", "input": "x", "expected": "y", "output": "y", "purpose": "pass"}
    (small.folder / "known.jsonl").write_text(json.dumps(known))
    text = (small.folder / "evalkit.toml").read_text()
    (small.folder / "evalkit.toml").write_text(
        text.replace("[[candidates]]", 'when = "short"\n[[candidates]]', 1).replace(
            "[judge]", '[sentinels]\npath = "known.jsonl"\n[judge]', 1
        )
    )
    config(small.folder, graders=f'[[graders]]\nname = "short"\ncheck = "length"\nmax = {maximum}\n')

    small.submit()
    found = by_grader(small.collect())["correctness"]

    if maximum:
        assert (found.sentinels.n, found.sentinels.pending) == (1, 0)
        assert [entry.requests for entry in small.creates()] == [6, 7]
    else:
        assert found.sentinels is None
        assert [entry.requests for entry in small.creates()] == [6]


def test_a_run_that_waits_can_be_given_up_and_is_never_sent(open_bench: Any, store_url: str) -> None:
    made = open_bench(store_url)
    config(made.folder, graders='[[graders]]\nname = "short"\ncheck = "length"\nmax = 500\n')
    rows = by_grader(made.submit())
    code, out, err = made.ended("cancel", rows["correctness"].run)
    assert (code, out) == (0, "no batch of this run is in progress: none is canceled\n")
    assert "waits no more: 6 cases are canceled, and it is never sent" in err
    made.collect()
    found = by_grader(api.runs(made.folder, store=made.url))
    assert (found["correctness"].status.value, found["correctness"].unscored) == ("collected", {"canceled": 6})
    assert (found["short"].scored, len(made.batches())) == (6, 1)

    operations.cancel(rows["correctness"].run, config=made.folder, store=made.url)
    made.submit()
    made.collect()
    found = by_grader(api.runs(made.folder, store=made.url))
    assert (found["correctness"].unscored, len(made.batches())) == ({"canceled": 6}, 1)


def test_what_was_given_up_while_it_waited_is_not_judged_when_its_outputs_are_made_again(made: Any) -> None:
    rows = by_grader(made.submit())
    made.faults(outcomes={f"{rows['(generation)'].run}-case-0001": "invalid_request_error"})
    operations.cancel(rows["correctness"].run, config=made.folder, store=made.url)
    made.collect()
    made.faults()
    operations.retry(rows["(generation)"].run, statuses=[Status.ERRORED], config=made.folder, store=made.url)
    made.collect()
    found = by_grader(api.runs(made.folder, store=made.url))
    assert (found["correctness"].unscored, found["short"].scored) == ({"canceled": 6}, 6)


def test_that_outputs_were_made_is_no_score_of_them(made: Any) -> None:
    made.submit()
    made.collect()
    (row,) = [one for one in json.loads(made.ended("runs", "--json")[1])["runs"] if one["kind"] == "generation"]
    assert (row["scored"], row["mean"], row["low"], row["high"], row["method"]) == (6, None, None, None, "none")


def test_a_monitor_hears_of_runs_that_wait_for_what_nobody_works_on(made: Any) -> None:
    made.faults(seconds=600)
    made.submit()
    made.collect(wait=False)
    health = operations.check(max_age=timedelta(hours=1), config=made.folder, store=made.url)
    assert (health.waiting, health.problems) == (2, ())
    sql(made, "DELETE FROM waits WHERE run NOT IN (SELECT min(run) FROM waits)")
    sql(made, "UPDATE waits SET needs = 'nowhere'")
    (problem,) = operations.check(max_age=timedelta(hours=1), config=made.folder, store=made.url).problems
    assert "for what is not in this store, or was handed over: `evalkit cancel RUN` gives up" in problem


def test_a_monitor_hears_of_runs_whose_needs_are_over_and_that_wait_all_the_same(made: Any) -> None:
    rows = by_grader(made.submit())
    operations.cancel(rows["(generation)"].run, config=made.folder, store=made.url)
    with made.store() as store:
        store.batches.ended(store.batches.open()[0].id, ended_at=datetime.now(UTC))
        sql(made, "UPDATE batches SET state = 'collected', collected_at = created_at")
    found = operations.check(max_age=timedelta(hours=1), config=made.folder, store=made.url)
    assert any("2 runs wait" in problem and "was canceled" in problem for problem in found.problems)
    assert found.exit_code == 6


def test_what_scores_outputs_that_were_made_in_realtime_goes_in_realtime_too(made: Any) -> None:
    made.submit(realtime=True)
    made.collect()

    found = by_grader(api.runs(made.folder, store=made.url))
    assert (made.creates(), found["correctness"].scored, found["correctness"].realtime) == ([], 6, "realtime")


def test_a_sentinel_that_was_judged_does_not_ride_again_with_what_a_retry_made(made: Any) -> None:
    known = {"id": "right", "input": "x", "expected": "y", "output": "y", "purpose": "pass"}
    (made.folder / "known.jsonl").write_text(json.dumps(known))
    path = made.folder / "evalkit.toml"
    path.write_text(path.read_text().replace("[judge]", '[sentinels]\npath = "known.jsonl"\n[judge]', 1))
    made.faults(shares={"refusal": 0.5})
    generation = by_grader(made.submit())["(generation)"].run
    made.collect()
    made.faults()
    operations.retry(generation, statuses=[Status.REFUSED], config=made.folder, store=made.url)
    made.collect()

    run = by_grader(api.runs(made.folder, store=made.url))["correctness"].run
    asked = sql(made, f"select case_id from requests where run = '{run}'")
    assert len(asked) == len(set(asked)) == 7

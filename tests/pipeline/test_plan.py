"""A plan, from what users call: told from bytes, from a count, from earlier runs; and held against what was paid."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.pipeline.encode import encode_part
from evalkit.pipeline.forecast import Forecaster
from evalkit.pipeline.generate import stored_pairs
from evalkit.pricing import load_prices
from evalkit.run import RunKind
from evalkit.sandbox import Behaviour, Fault, Sandbox

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE")
LONG = "Weigh what the answer says against the facts that are given, one by one. " * 60


def planned(bench: Any, **options: Any) -> Any:
    return api.plan(bench.folder, store=bench.url, **options)


def counts(sandbox: Sandbox) -> int:
    return sum(entry.endpoint == "count_tokens" for entry in sandbox.witness())


def paid(bench: Any, ids: Any = None) -> float:
    runs = api.runs(bench.folder, store=bench.url)
    return sum({row.run: row.spending.cost_usd for row in runs if ids is None or row.run in ids}.values())


def width(plan: Any) -> float:
    return plan.total("high_usd") / plan.total("low_usd")


def test_what_is_paid_lies_in_the_range_and_a_second_plan_is_narrower(open_bench: Any, either_url: str) -> None:
    bench = open_bench(either_url, cases=40, rubric=LONG)
    first = planned(bench, count=False)
    bench.submit()
    bench.collect()
    second = planned(bench, label="again", fresh=True, count=False)
    cost = paid(bench)

    for plan in (first, second):
        assert plan.total("low_usd") <= cost <= plan.total("high_usd") <= plan.total("at_most_usd")
    assert width(second) < 2 < width(first) / 2
    (run,) = second.runs
    assert run.tokens_from == "told from 1 run of this grader with this judge"
    assert (run.output_from, run.output_replies) == ("this grader with this judge", 40)
    assert (run.hits_runs, run.duration_batches) == (1, 1)
    assert (first.usual_seconds, first.late_seconds, second.usual_seconds is None) == (None, 86_400, False)


@pytest.mark.parametrize("setting", ["auto", "off", "5m", "1h"])
def test_a_plan_is_told_of_the_ttl_that_a_submit_takes(open_bench: Any, sqlite_url: str, setting: str) -> None:
    bench = open_bench(sqlite_url, cases=30, rubric=LONG)
    config = bench.folder / "evalkit.toml"
    config.write_text(f'{config.read_text()}\n[submit]\ncache = "{setting}"\n')
    (told,) = planned(bench, count=False).runs
    (run,) = bench.submit().runs

    with bench.store() as store:
        chosen, estimate = store.runs.get(run).cache_ttl, store.estimates.of([run])[run]
    assert (told.cache_ttl or "off") == chosen
    assert (told.low_usd, told.at_most_usd) == pytest.approx((estimate.low_usd, estimate.at_most_usd))


def test_what_another_grader_took_tells_less_but_more_than_nothing(small: Any) -> None:
    first = planned(small, count=False)
    small.submit()
    small.collect()
    text = (small.folder / "rubric.md.j2").read_text()
    (small.folder / "rubric.md.j2").write_text(f"{text} Be strict.")
    second = planned(small, count=False)

    assert second.runs[0].tokens_from == "told from 1 run of this judge"
    assert second.runs[0].output_from == "earlier versions of this grader with this judge"
    assert width(second) < width(first)


def test_what_a_sandbox_answered_tells_nothing_of_another_place(small: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    small.submit()
    small.collect()
    here = planned(small, label="again", fresh=True, count=False).runs[0]
    as_sandbox = planned(small, label="again", fresh=True, count=False, sandbox=True).runs[0]
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://elsewhere.example")
    elsewhere = planned(small, label="again", fresh=True, count=False).runs[0]

    assert [one.output_replies for one in (here, as_sandbox, elsewhere)] == [6, 0, 0]
    assert [one.duration_batches for one in (here, as_sandbox, elsewhere)] == [1, 0, 0]
    assert elsewhere.tokens_from.startswith("told from bytes")


def test_tokens_are_counted_where_there_is_a_key_and_nothing_is_made(open_bench: Any, sqlite_url: str) -> None:
    bench = open_bench(sqlite_url, cases=60)
    told, counted = planned(bench, count=False), planned(bench)

    (run,) = counted.runs
    assert run.tokens_from.startswith("counted by the API for 20 of 60 requests (±")
    assert counts(bench.sandbox) == 22
    assert {entry.endpoint for entry in bench.sandbox.witness()} == {"count_tokens"}
    assert not Path(sqlite_url.removeprefix("sqlite:///")).exists()
    assert counted.total("at_most_usd") == told.total("at_most_usd")
    bench.submit()
    bench.collect()
    took = bench.view().spending
    tokens = took.input_tokens + took.cache_read_tokens + took.cache_write_tokens
    assert run.prompt_tokens_low <= tokens <= run.prompt_tokens_high <= 1.02 * tokens


def test_without_a_key_nothing_is_asked(small: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)

    plan = planned(small)

    assert plan.notes == ()
    assert plan.runs[0].tokens_from.startswith("told from bytes")
    assert small.sandbox.witness() == []


@pytest.mark.parametrize("kind", ["429", "500", "reset", "200-html", "200-broken-json"])
def test_a_count_that_is_refused_falls_back_to_the_local_estimate_and_says_so(small: Any, kind: Any) -> None:
    small.faults(Fault("count_tokens", kind, times=99))

    plan = planned(small)

    (note,) = plan.notes
    assert note.startswith("tokens were not counted (")
    assert plan.runs[0].tokens_from.startswith("told from bytes")
    assert counts(small.sandbox) == 1


def test_a_key_that_no_header_takes_is_a_note_and_no_end(small: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "with space")

    (note,) = planned(small).notes

    assert "no credentials" in note
    assert "with space" not in note


def test_a_prefix_that_the_model_does_not_cache_is_said_to_be_too_short(open_bench: Any, sqlite_url: str) -> None:
    bench = open_bench(sqlite_url, judge="claude-haiku-4-5")

    (run,) = planned(bench).runs

    assert (run.cacheable, run.min_cacheable) == (False, 4096)
    assert (run.low_usd, run.high_usd) == (pytest.approx(run.uncached_low_usd), pytest.approx(run.uncached_high_usd))


def test_an_unknown_price_is_unknown_in_the_plan(open_bench: Any, sqlite_url: str) -> None:
    plan = planned(open_bench(sqlite_url, judge="claude-nobody-9"), count=False)

    assert {plan.total(f"{name}_usd") for name in ("low", "high", "at_most", "realtime_low", "uncached_high")} == {None}


def test_what_is_judged_already_is_not_weighed_and_samples_and_sentinels_are(small: Any) -> None:
    once = planned(small, count=False).runs[0]
    small.submit()
    small.collect()
    again = planned(small, label="again", count=False).runs[0]

    known = {"id": "right", "input": "x", "expected": "y", "output": "y", "purpose": "pass"}
    (small.folder / "known.jsonl").write_text(json.dumps(known))
    config = (small.folder / "evalkit.toml").read_text()
    config = config.replace("[judge]", '[sentinels]\npath = "known.jsonl"\n[judge]').replace(
        "labels =", "samples = 3\nlabels ="
    )
    (small.folder / "evalkit.toml").write_text(config)
    more = planned(small, label="more", count=False).runs[0]

    assert (again.requests, again.reused, again.at_most_usd) == (0, 6, 0.0)
    assert (once.requests, more.requests) == (6, 6 * 3 + 1)


def test_an_image_is_weighed_by_its_pixels_and_not_by_its_bytes(small: Any) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 560, 560) + bytes(400_000)
    (small.folder / "a.png").write_bytes(picture)
    lines = (small.folder / "cases.jsonl").read_text().splitlines()
    rows = [{**json.loads(line), "attachments": ["a.png"]} for line in lines]
    (small.folder / "cases.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    plan = planned(small, count=False)
    small.submit()
    small.collect()

    took = small.view().spending
    tokens = took.input_tokens + took.cache_read_tokens + took.cache_write_tokens
    (run,) = plan.runs
    assert run.size > 6 * 400_000
    assert run.prompt_tokens_low <= tokens <= run.prompt_tokens_high < 2 * tokens
    assert plan.total("low_usd") <= paid(small) <= plan.total("high_usd")


GENERATED = """name = "made"
[dataset]
path = "cases.jsonl"
[judge]
model = "claude-haiku-5-5"
max_tokens = 500
[[graders]]
name = "good"
rubric = "rubric.md.j2"
labels = {{ no = 0, yes = 1 }}
{guard}
[[candidates]]
name = "one"
model = "claude-haiku-4-5"
prompt = "Answer: {{{{ input }}}}"
max_tokens = {longest}
"""


@pytest.mark.parametrize(
    "guard", ["", 'when = "short"\n[[graders]]\nname = "short"\ncheck = "includes"\nvalues = ["zzz"]']
)
def test_what_waits_for_its_outputs_is_bounded_by_what_they_may_be_whatever_a_check_will_say(
    small: Any, guard: str
) -> None:
    def at_most(longest: int) -> Any:
        (small.folder / "evalkit.toml").write_text(GENERATED.format(guard=guard, longest=longest))
        plan = planned(small, count=False)
        return next(run for run in plan.runs if run.waits and run.judge), plan

    (short, _), (long, plan) = at_most(1000), at_most(9000)

    assert short.requests == long.requests == 6
    # A newer model's tokens of an older one's text may be twice as many; a batch of Haiku 5.5 takes 0.05 a million.
    assert long.at_most_usd - short.at_most_usd == pytest.approx(6 * 8000 * 2 * 0.05 / 1e6)
    assert [run.kind for run in plan.new] == [RunKind.GENERATION, RunKind.GRADING]
    assert plan.late_seconds == 2 * 86_400
    small.submit()
    small.collect()
    runs = {row.run: row.spending.cost_usd for row in api.runs(small.folder, store=small.url)}
    assert sum(runs.values()) <= plan.total("at_most_usd")


def test_a_part_that_is_encoded_again_from_the_store_weighs_what_it_weighed(small: Any) -> None:
    small.submit()
    with small.store() as store:
        (run,) = store.runs.select()
        (intent,) = store.intents.of(run.id)
        grader, pairs = store.content.asked(run.grader_digest), stored_pairs(store, run)
        forecaster = Forecaster(store=store, prices=load_prices())
        part = encode_part(run, grader, pairs, small.folder, wanted=store.runs.requests(run.id))
        (weight,) = forecaster.of(run, grader, [part], batch=True).weights

    assert weight == {"size": intent.size, "at_most_usd": pytest.approx(intent.at_most_usd)}


def drawn(rng: random.Random) -> dict[str, Any]:
    """Some suite: cases in some script, a rubric of some length, some judge."""
    word = rng.choice(["facts ", "Ünïcödé ", "事実を", "12 + 34 = 46; "])
    size = rng.choice([2, 15, 60])
    cases = [
        {"id": f"c{i}", "input": word * rng.randint(1, size), "expected": word * rng.randint(1, 9)}
        for i in range(rng.choice([3, 12, 30, 90]))
    ]
    return {
        "cases": cases,
        "outputs": {"recorded": {case["id"]: word * rng.randint(1, size) for case in cases}},
        "rubric": "Say how far the output agrees with what was expected. " * rng.choice([1, 20, 90, 300]),
        "judge": rng.choice(["claude-haiku-5-5", "claude-haiku-4-5", "claude-sonnet-5-5", "claude-opus-4-6"]),
        "max_tokens": rng.choice([300, 2000]),
        "grader": f"samples = {rng.choice([1, 1, 3])}",
    }


@pytest.mark.sweep
@pytest.mark.parametrize("seed", [1, 2])
def test_of_ten_random_plans_nine_hold_what_was_paid_and_none_pays_more_than_at_most(
    open_bench: Any, tmp_path: Path, seed: int
) -> None:
    rng, held, said = random.Random(seed), 0, []
    for number in range(10):
        bench = open_bench(f"sqlite:///{tmp_path}/{number}.db", folder=f"suite-{number}", **drawn(rng))
        bench.sandbox.behaviour = Behaviour(seed=number, cache_hits=rng.choice([0.97, 0.6, 0.9]))
        plan = planned(bench, count=rng.choice([True, False]))
        bench.submit()
        bench.collect()
        low, high, most = (plan.total(f"{name}_usd") for name in ("low", "high", "at_most"))
        cost = paid(bench)
        held += low <= cost <= high
        said.append((low, cost, high, most))
        assert cost <= most
    assert held >= 9, said

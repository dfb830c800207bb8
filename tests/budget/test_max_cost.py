"""`--max-cost`: refused before any create, with nothing left behind that anybody would send."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from evalkit import api, operations, trust
from evalkit.cli import exits
from evalkit.errors import ExitCode, UsageError
from evalkit.pipeline.refusing import LimitError, dollars
from evalkit.run import IntentState
from evalkit.sandbox import Behaviour

GOLDEN = (
    "--max-cost $0.20: what this would send may cost up to $USD. By run: RUN (other × correctness) $USD, RUN (recorded "
    "× correctness) $USD. It would fit with --sample N of 20 cases, --judge MODEL (about $USD) or --max-cost USD. "
    "Nothing was sent, and nothing of it is kept to be sent"
)


def scrubbed(text: str) -> str:
    text = re.sub(r"\b[a-z2-7]{12}\b", "RUN", text)
    text = re.sub(r"--sample \d+", "--sample N", re.sub(r"--judge \S+", "--judge MODEL", text))
    return re.sub(r"--max-cost 0\.\d+", "--max-cost USD", re.sub(r"\$0\.\d{4}", "$USD", text))


def test_what_may_cost_more_is_refused_with_the_amount_by_run_and_what_would_fit(till: Any) -> None:
    outputs = {name: {f"case-{i:04}": "four" for i in range(20)} for name in ("recorded", "other")}
    desk = till(20, outputs=outputs, judge="claude-sonnet-5-5")

    with pytest.raises(LimitError) as refused:
        desk.submit(max_cost=0.2)

    assert refused.value.exit_code is ExitCode.USAGE
    assert scrubbed(str(refused.value)) == GOLDEN


def test_nothing_of_a_refused_submit_is_there_or_is_ever_created(till: Any) -> None:
    desk = till()
    with pytest.raises(LimitError):
        desk.submit(max_cost=desk.price() * 0.99)

    assert list(api.runs(store=desk.url)) == []
    assert desk.collect() == []
    assert desk.created() == []


def test_what_would_fit_is_said_truly(till: Any) -> None:
    desk = till(20)
    with pytest.raises(LimitError) as refused:
        desk.submit(max_cost=desk.price() / 2)
    enough = re.search(r"--max-cost ([\d.]+)\. Nothing", str(refused.value))
    fewer = re.search(r"--sample (\d+)", str(refused.value))
    assert enough
    assert fewer

    desk.submit("few", max_cost=desk.price() / 2, filter={"sample": int(fewer[1])})
    desk.submit("all", max_cost=float(enough[1]))

    assert sorted(desk.created()) == [int(fewer[1]), 20]


@pytest.mark.parametrize("submit", ['cache = "auto"', 'cache = "1h"', 'cache = "off"'])
def test_the_plan_the_refusal_and_the_estimate_that_is_kept_say_the_same(till: Any, submit: str) -> None:
    desk = till(60)
    (desk.folder / "answer.md.j2").write_text("Answer: {{ case.input }}")
    desk.more(f'[submit]\n{submit}\n[[candidates]]\nname = "made"')
    desk.more('model = "claude-haiku-5-5"\nprompt = "answer.md.j2"')
    plan = api.plan(desk.folder, store=desk.url, fresh=True, count=False)
    with pytest.raises(LimitError) as refused:
        desk.submit(max_cost=0.0001)
    desk.submit()

    said = dict(re.findall(r"([a-z2-7]{12}) \([^$]+\$(\d+\.\d+)", str(refused.value)))
    assert said == {run.run: dollars(run.at_most_usd or 0.0, up=True).removeprefix("$") for run in plan.runs}
    with desk.open() as store:
        kept = store.estimates.of([run.run for run in plan.runs])
    for run in plan.runs:
        assert kept[run.run].at_most_usd == pytest.approx(run.at_most_usd)
        if not run.waits:
            assert (kept[run.run].low_usd, kept[run.run].high_usd) == pytest.approx((run.low_usd, run.high_usd))


def test_what_is_within_is_sent_and_never_costs_more(till: Any) -> None:
    desk = till()
    most = desk.price()
    desk.submit(max_cost=most)
    desk.collect()

    assert desk.created() == [4]
    assert 0 < desk.bill() <= most


def test_an_unknown_price_is_refused_and_says_how_to_name_it(till: Any) -> None:
    desk = till(judge="claude-nobody-9")

    with pytest.raises(LimitError, match=r'price of claude-nobody-9 is not known.*\[prices.models."claude-nobody-9"\]'):
        desk.submit(max_cost=1e6)

    assert list(api.runs(store=desk.url)) == []


def test_the_config_bounds_every_command_and_the_command_line_wins(till: Any) -> None:
    desk = till()
    desk.more("[submit]\nmax_cost = 0.0001")

    with pytest.raises(LimitError):
        desk.submit()
    desk.submit(max_cost=1)

    assert desk.created() == [4]


@pytest.mark.parametrize("amount", [-1.0, float("nan"), float("inf")])
def test_what_is_no_amount_is_refused(till: Any, amount: float) -> None:
    with pytest.raises(UsageError, match="is no amount"):
        till().submit(max_cost=amount)


def test_replies_that_were_cut_are_not_asked_again_beyond_the_cap_until_somebody_says_more(till: Any) -> None:
    desk = till()
    desk.sandbox.behaviour = Behaviour(shares={"truncated": 1.0})
    most = desk.price() * 1.5
    desk.submit(max_cost=most)
    (held,) = desk.collect()

    assert desk.created() == [4]
    assert (held.status, held.pending) == ("planned", 0)
    assert "--max-cost" in held.over_limit
    assert any("4 requests are held back: it may cost" in said for said in desk.notes.said)
    assert any("They go on when the same is submitted again with more" in said for said in desk.notes.said)
    assert not any("by themselves" in said for said in desk.notes.said), "a cap has no next month"
    assert api.status(store=desk.url).over_limit == 1

    desk.submit(max_cost=20 * most)
    desk.collect()

    assert desk.created() == [4, 4]
    assert desk.bill() <= 21 * most


def test_a_submit_without_a_cap_lifts_it(till: Any) -> None:
    desk = till()
    desk.sandbox.behaviour = Behaviour(shares={"truncated": 1.0})
    desk.submit(max_cost=desk.price())
    desk.collect()
    assert desk.created() == [4]

    desk.submit()

    assert desk.created() == [4, 4]


def test_a_refused_retry_changes_nothing(till: Any) -> None:
    desk = till()
    desk.sandbox.behaviour = Behaviour(shares={"refusal": 1.0})
    (run,) = desk.submit()
    desk.collect()
    with desk.open() as store:
        before = store.progress([run.run])
        with pytest.raises(LimitError):
            operations.retry(
                run.run, statuses=["refused"], max_cost=desk.price() / 2, config=desk.folder, store=desk.url
            )
        assert store.progress([run.run]) == before

    operations.retry(run.run, statuses=["refused"], max_cost=desk.price(), config=desk.folder, store=desk.url)

    assert desk.created() == [4, 4]


def test_noise_and_rejudge_keep_within_what_they_may_cost(till: Any) -> None:
    desk = till()
    (run,) = desk.submit()
    desk.collect()
    where = {"config": desk.folder, "store": desk.url, "max_cost": 0.0001}

    with pytest.raises(LimitError):
        trust.noise(run.run, samples=2, **where)
    with pytest.raises(LimitError):
        trust.rejudge([run.run], judge="claude-sonnet-5-5", **where)
    desk.collect()

    assert desk.created() == [4]


def test_the_first_cases_and_the_rest_count_together(till: Any) -> None:
    desk = till()

    with pytest.raises(LimitError):
        desk.submit(smoke=1, max_cost=desk.price())  # one of them is asked at full price
    desk.submit(smoke=1, max_cost=2 * desk.price())

    assert desk.created() == [3]


def test_realtime_is_held_to_its_full_price(till: Any) -> None:
    desk = till()
    desk.more('[submit]\ncache = "off"')  # which may be another where the first request goes alone

    with pytest.raises(LimitError):
        desk.submit(realtime=True, max_cost=1.5 * desk.price())
    desk.submit(
        realtime=True, max_cost=2.5 * desk.price()
    )  # one by one a prefix of four is cached, in a batch it is not

    assert [entry.paid_message for entry in desk.sandbox.witness()].count(True) == 4


def test_a_run_that_waits_counts_before_its_outputs_are_there(till: Any) -> None:
    desk = till(outputs={})
    (desk.folder / "answer.md.j2").write_text("Answer: {{ case.input }}")
    desk.more('[[candidates]]\nname = "made"\nmodel = "claude-haiku-5-5"\nprompt = "answer.md.j2"')
    generation, grading = api.plan(desk.folder, store=desk.url).runs
    assert generation.at_most_usd
    assert grading.at_most_usd

    with pytest.raises(LimitError):
        desk.submit(max_cost=generation.at_most_usd * 1.01)
    assert desk.created() == []
    most = generation.at_most_usd + grading.at_most_usd
    desk.submit(max_cost=most * 1.01)
    desk.collect()

    assert desk.created() == [4, 4]
    assert desk.bill() <= most


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-haiku-5-5"])
def test_a_run_that_waits_is_bound_by_what_its_judge_may_read_of_the_longest_output(till: Any, model: str) -> None:
    desk = till(outputs={}, max_tokens=64)
    (desk.folder / "answer.md.j2").write_text("Answer: {{ case.input }}")
    desk.more(f'[[candidates]]\nname = "made"\nmodel = "{model}"\nmax_tokens = 30000\nprompt = "answer.md.j2"')
    _, foretold = api.plan(desk.folder, store=desk.url).runs

    _, waiting = desk.submit(max_cost=100)

    with desk.open() as store:
        (kept,) = store.estimates.of([waiting.run]).values()
    judged = 30000 * (2 if model == "claude-haiku-4-5" else 1)  # a newer tokenizer makes up to twice as many of them
    assert kept.at_most_usd >= 4 * judged * 0.10 / 1e6 / 2
    assert kept.at_most_usd == pytest.approx(foretold.at_most_usd)


def test_the_command_ends_with_2_and_tells_programs_why(till: Any, capsys: pytest.CaptureFixture[str]) -> None:
    desk = till()

    code = exits.run(
        ["submit", "-c", str(desk.folder), "--store", desk.url, "--max-cost", "0.0001", "--json", "--quiet"]
    )

    error = json.loads(capsys.readouterr().out)["error"]
    assert code == 2
    assert (error["type"], error["exit_code"]) == ("LimitError", 2)


def test_a_part_that_is_held_back_cannot_be_claimed(till: Any) -> None:
    desk = till()
    desk.sandbox.behaviour = Behaviour(shares={"truncated": 1.0})
    (run,) = desk.submit(max_cost=desk.price())
    desk.collect()
    with desk.open() as store:
        (held,) = store.intents.in_state(IntentState.PLANNED, runs=[run.run])
        words = {"body_digest": "d", "account": "a", "base_url": "b", "holder": "h", "now": run.created_at}
        with pytest.raises(Exception, match="no longer planned"):
            store.intents.claim(replace(held, over_limit=None), **words)

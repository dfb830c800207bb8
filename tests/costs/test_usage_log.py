"""The usage log: a line for every request, once, whoever dies while writing it, and nothing of what was said in it."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit.pipeline.usage_log import UsageLog
from evalkit.store import Store

HOSTILE = 'a"b\n{"x":1}\r\u2028é\x07'
PLAIN = {"usage": {"input_tokens": 1000, "output_tokens": 200, "cache_read_input_tokens": 7}}
WAIT = ("--wait", "--poll", "0.05", "--timeout", "60")
STEPS = ("collected", "usage_begun", "usage_lines", "usage_written")


def plain(_case: str, _attempt: int) -> dict[str, Any]:
    return PLAIN


def lines(path: Path) -> list[dict[str, Any]]:
    """Every line, whole."""
    text = path.read_bytes()
    assert text.endswith(b"\n")
    return [json.loads(line) for line in text.split(b"\n")[:-1]]


def keys(found: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    return Counter((line["batch_id"], line["custom_id"]) for line in found)


@pytest.fixture
def logged(ledger: Callable[..., Any]) -> Any:
    made = ledger(5, outputs={name: {f"case-{i:04}": f"{name} {i}" for i in range(5)} for name in ("one", "two")})
    made.configure('[usage_log]\npath = "logs/usage.jsonl"')
    made.paid.says = plain
    made.log = made.folder / "logs" / "usage.jsonl"
    return made


def test_a_collect_writes_a_line_for_every_request_with_its_tokens_and_its_cost(logged: Any) -> None:
    logged.run(label="monday")

    found = lines(logged.log)

    assert len(found) == 10
    assert set(keys(found).values()) == {1}
    line = next(one for one in found if one["case"] == "case-0003" and one["candidate"] == "two")
    assert line | {"ts": "", "custom_id": "", "batch_id": "", "run": ""} == {
        "ts": "",
        "feature": "sums/correctness",
        "model": "claude-haiku-5-5",
        "input_tokens": 1000,
        "output_tokens": 200,
        "cache_read_tokens": 7,
        "cache_write_5m_tokens": 0,
        "cache_write_1h_tokens": 0,
        "cost_usd": pytest.approx(0.000100035, abs=1e-12),
        "stop_reason": "end_turn",
        "type": "succeeded",
        "batch": True,
        "batch_id": "",
        "custom_id": "",
        "run": "",
        "case": "case-0003",
        "candidate": "two",
        "label": "monday",
        "simulated": False,
    }
    assert line["custom_id"].startswith(f"{line['run']}-")
    assert logged.log.stat().st_mode & 0o077 == 0


def test_the_log_adds_up_to_the_ledger_and_the_whole_of_it_can_be_written_again(logged: Any, tmp_path: Path) -> None:
    logged.run()
    everything = tmp_path / "all.jsonl"

    code, said, _ = logged.ended("costs", "--log", everything)

    assert (code, said) == (0, f"wrote 10 requests to {everything}\n")
    assert sorted(map(json.dumps, lines(everything))) == sorted(map(json.dumps, lines(logged.log)))
    total = evalkit.costs(store=logged.url).total
    assert sum(line["cost_usd"] for line in lines(everything)) == pytest.approx(total.cost_usd, abs=1e-12)
    assert logged.ended("costs", "--log", "-")[1] == everything.read_text()


@pytest.mark.parametrize("at", STEPS)
def test_a_collector_that_is_killed_while_it_writes_loses_no_line_and_doubles_none(logged: Any, at: str) -> None:
    logged.submit()
    logged.killed("collect", *WAIT, at=at)

    logged.collect()
    logged.collect()

    assert keys(lines(logged.log)) == Counter(dict.fromkeys(keys(lines(logged.log)), 1))
    assert len(lines(logged.log)) == 10


def test_half_a_line_of_a_dead_collector_is_taken_back_and_written_whole(logged: Any) -> None:
    logged.submit()
    logged.killed("collect", *WAIT, at="usage_lines")
    whole = logged.log.read_bytes()
    assert whole.count(b"\n") == 5
    os.truncate(logged.log, len(whole) - 100)
    assert not logged.log.read_bytes().endswith(b"\n")

    logged.collect()

    assert len(lines(logged.log)) == 10
    assert set(keys(lines(logged.log)).values()) == {1}


def test_lines_of_others_in_the_file_stay_as_they_are(logged: Any) -> None:
    logged.log.parent.mkdir()
    logged.log.write_bytes(b'{"ts":"live","feature":"chat"}\n{"feature":"no end"')
    logged.submit()
    logged.killed("collect", *WAIT, at="usage_lines")
    with logged.log.open("ab") as file:
        file.write(b"\xff no JSON at all\n")

    logged.collect()

    text = logged.log.read_bytes()
    assert text.startswith(b'{"ts":"live","feature":"chat"}\n{"feature":"no end"\n{"ts":"')
    ours = [json.loads(line) for line in text.split(b"\n") if b'"batch_id"' in line]
    assert len(ours) == 10
    assert set(keys(ours).values()) == {1}
    assert b"\xff no JSON at all\n" in text


def test_several_collectors_write_every_line_once(logged: Any) -> None:
    logged.submit()

    collectors = [logged.evalkit("collect", *WAIT) for _ in range(3)]
    for process in collectors:
        process.communicate(timeout=120)

    assert len(lines(logged.log)) == 10
    assert set(keys(lines(logged.log)).values()) == {1}


def test_a_case_id_cannot_end_a_line_and_no_text_of_a_case_is_in_the_log(ledger: Callable[..., Any]) -> None:
    made = ledger([{"id": HOSTILE, "input": "a secret question", "expected": "a secret answer"}])
    made.configure('[usage_log]\npath = "usage.jsonl"')
    made.paid.says = plain
    made.run(label='l"\n')

    (line,) = lines(made.folder / "usage.jsonl")

    assert (line["case"], line["label"]) == (HOSTILE, 'l"\n')
    text = (made.folder / "usage.jsonl").read_text()
    assert text.isascii()
    assert "secret" not in text
    assert made.ended("costs", "--log", "-")[1] == text


def test_a_log_that_cannot_be_written_stops_no_collect_and_is_made_good_later(logged: Any) -> None:
    logged.log.parent.write_text("in the way")
    logged.submit()

    code, _, said = logged.ended("collect", *WAIT)
    assert code == 0
    assert f"the usage log {logged.log} cannot be written" in said

    logged.log.parent.unlink()
    logged.collect()
    assert len(lines(logged.log)) == 10


def test_what_the_sandbox_answers_is_in_no_usage_log(logged: Any) -> None:
    evalkit.run(logged.folder, store=logged.url, sandbox=True, out=logged.folder / "page.html")

    assert not logged.log.exists()
    assert logged.ended("costs", "--log", "-")[1] == ""
    assert logged.ended("costs", "--log", "-", "--sandbox")[1].count('"simulated":true') == 10


def test_a_log_begins_with_the_collect_that_names_it(ledger: Callable[..., Any]) -> None:
    made = ledger(2)
    made.paid.says = plain
    made.run()
    made.configure('[usage_log]\npath = "usage.jsonl"')
    made.run(label="later", fresh=True)

    assert {line["label"] for line in lines(made.folder / "usage.jsonl")} == {"later"}


def test_a_file_that_was_rotated_is_begun_anew(logged: Any) -> None:
    logged.run(label="monday")
    with Store.open(logged.url) as store:
        logged.log.rename(logged.log.with_suffix(".1"))
        assert UsageLog(path=logged.log).write(store) is None
        assert not logged.log.exists()
    logged.run(label="tuesday", fresh=True)

    assert {line["label"] for line in lines(logged.log)} == {"tuesday"}
    assert len(lines(logged.log)) == 10


def test_who_finds_another_writing_to_the_file_waits_for_its_end(logged: Any) -> None:
    fcntl = pytest.importorskip("fcntl")
    logged.submit()
    logged.killed("collect", *WAIT, at="collected")
    logged.log.parent.mkdir(exist_ok=True)

    with logged.log.open("ab") as file, Store.open(logged.url) as store:
        fcntl.flock(file, fcntl.LOCK_EX)
        waiting = threading.Thread(target=UsageLog(path=logged.log).write, args=(store,))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        assert logged.log.stat().st_size == 0
        fcntl.flock(file, fcntl.LOCK_UN)
        waiting.join()

    assert len(lines(logged.log)) == 5

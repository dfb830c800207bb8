"""`--json`: one document on stdout with the keys that other programs rely on, and progress on stderr."""

from __future__ import annotations

from typing import Any

import pytest

SUBMITTED = {"run", "dataset", "candidate", "grader", "judge", "label", "status", "requests", "batches"}
PAGE = {"report", "bytes", "cases", "with_text", "without_text", "left_out", "redacted", "files"}
LISTED = SUBMITTED | {
    "cases", "scored", "unscored", "pending", "mean", "low", "high", "cost_usd", "cache_read_share",
}  # fmt: skip


def test_submit_and_collect_in_separate_processes_meet_the_same_sandbox(process: Any, suite_folder: Any) -> None:
    folder = suite_folder(5)

    sent = process("submit", "--sandbox", "--json", "-c", folder)
    status = process("status", "--json", "-c", folder)
    scored = process("collect", "--sandbox", "--json", "-c", folder)

    (run,) = sent.json["runs"]
    assert set(run) == SUBMITTED
    assert (run["status"], run["requests"], [set(batch) for batch in run["batches"]]) == (
        ("submitted", 5, [{"id", "status", "requests", "realtime"}])
    )
    assert sent.err.startswith("submitted  recorded × correctness: 5 requests as msgbatch_")
    assert [batch["batch"] for batch in status.json["batches"]] == [run["batches"][0]["id"]]
    (after,) = scored.json["runs"]
    assert (after["run"], after["status"], after["scored"], after["pending"]) == (run["run"], "collected", 5, 0)
    assert after["batches"][0]["id"] == run["batches"][0]["id"]


def test_submitting_again_attaches_and_says_so(call: Any, suite_folder: Any) -> None:
    folder = suite_folder(2)

    first, second = (call("submit", "--sandbox", "--json", "-c", folder) for _ in range(2))

    assert second.json == first.json
    assert "is there already, nothing is sent" in second.err


def test_runs_has_a_row_per_run_and_its_cases_add_up(call: Any, scored: Any) -> None:
    ended = call("runs", "--store", scored.store, "--json")

    rows = ended.json["runs"]
    assert ended.err == ""
    assert {row["run"] for row in rows} == set(scored.runs)
    for row in rows:
        assert set(row) >= LISTED
        assert row["cases"] == row["scored"] + sum(row["unscored"].values()) + row["pending"]
        assert row["low"] <= row["mean"] <= row["high"]


AMOUNTS = ("low", "high", "at_most", "realtime_low", "realtime_high", "uncached_low", "uncached_high")
PLANNED = {
    *("runs", "requests", "batches", "price_date", "price_source", "notes", "usual_seconds", "late_seconds"),
    *(f"{name}_usd" for name in AMOUNTS),
}


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("validate",), {"config", "name", "dataset", "graders", "candidates", "sentinels", "notes"}),
        (("plan",), PLANNED),
        (("runs",), {"runs"}),
        (
            ("status",),
            {"batches", "planned", "unknown", "held_back", "over_limit", "warming", "handed_over", "waiting"},
        ),
        (("collect",), {"runs"}),
        (("report", "-o", "page.html"), PAGE),
        (("run", "--sandbox", "-o", "page.html"), {"runs"} | PAGE),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_every_command_gives_one_document(call: Any, scored: Any, words: tuple[str, ...], keys: set[str]) -> None:
    place = () if words[0] == "validate" else ("--store", scored.store)
    extra = ("--label", "nightly") if words[0] in ("run", "plan") else ()
    if words[0] == "collect":
        place = (*place, "--sandbox")

    ended = call(*words, "-c", scored.folder, *place, *extra, "--json")

    assert ended.code == 0
    assert set(ended.json) == keys


def test_show_gives_the_run_or_all_of_a_case(call: Any, scored: Any) -> None:
    run = call("show", scored.runs[0], "--store", scored.store, "--json").json
    case = call("show", scored.runs[0], "=1+1", "--store", scored.store, "--json").json

    assert [row["run"] for row in run["runs"]] == [scored.runs[0]]
    assert set(case) >= {"run", "case", "input", "output", "system", "prompt", "replies", "scores"}
    assert case["input"].startswith("\x1b[31m")  # a program gets the text as it is
    assert case["replies"][0]["custom_id"] == case["scores"][0]["custom_id"]


def test_the_beginning_of_a_run_id_is_enough_and_an_ambiguous_one_is_refused(call: Any, scored: Any) -> None:
    wanted = scored.runs[0]
    others = [run for run in scored.runs if run != wanted]
    enough = next(n for n in range(1, 13) if not any(run.startswith(wanted[:n]) for run in others))

    assert call("show", wanted[:enough], "--store", scored.store, "--json").json["runs"][0]["run"] == wanted
    refusal = call("show", "", "--store", scored.store)
    assert refusal.code == 2
    assert "begins 6 runs" in refusal.err
    assert "there is no run 'zzz'" in call("show", "zzz", "--store", scored.store).err


def test_json_is_ascii_where_stdout_is(cold: Any, scored: Any) -> None:
    latin = cold("show", scored.runs[0], "=1+1", "--store", scored.store, "--json", PYTHONIOENCODING="ascii")
    table = cold("runs", "--store", scored.store, PYTHONIOENCODING="ascii")

    assert latin.json["input"].endswith("\u202eevil \x9b2J")
    assert table.code == 0
    assert "\\u2026" in table.out

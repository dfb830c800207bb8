"""What commands print for people: whole run ids, no wrapped names, 80 columns, and nothing a case could do to it."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from evalkit.cli.columns import Column, lines, shorten
from evalkit.cli.screen import visible
from evalkit.cli.words import about_usd, compact
from evalkit.sandbox import Behaviour, Sandbox

ESCAPES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def widths(text: str) -> int:
    return max(cell_len(line) for line in text.splitlines())


def test_runs_fit_80_columns_one_line_each_with_their_whole_ids(call: Any, scored: Any) -> None:
    ended = call("runs", "--store", scored.store)

    rows = ended.out.splitlines()[1:-2]
    assert widths(ended.out) <= 80
    assert {row.split()[0] for row in rows} == set(scored.runs)
    assert len(rows) == len(scored.runs)
    assert all("haiku" in row or "aiku" in row or "nnet" in row for row in rows)


def test_a_wide_terminal_shows_the_cost_and_more_of_the_names(call: Any, scored: Any) -> None:
    narrow, wide = (call("runs", "--store", scored.store, columns=columns).out for columns in (80, 200))

    assert " cost" not in narrow.splitlines()[0]
    assert " cost" in wide.splitlines()[0]
    assert "support-assistant-prompt-v12-with-tools-sonnet  correctness  sonnet-5-5" in wide
    assert " free " in wide


def test_what_all_runs_share_is_said_once_below_them(call: Any, scored: Any) -> None:
    both = call("runs", "--store", scored.store).out.splitlines()
    one = call("show", scored.runs[0], "--store", scored.store).out

    assert both[-2].startswith("6 runs; label nightly; 6 missing; $")
    assert "label" not in both[0]
    assert "judge" in both[0]  # two judges, so each row says its own
    assert "judge      claude-haiku-5-5" in one


def test_unscored_cases_stand_beside_the_mean(call: Any, scored: Any) -> None:
    narrow, wide = (call("runs", "--store", scored.store, columns=columns).out.splitlines() for columns in (80, 120))

    assert all("11/12" in line for line in narrow[1:7])
    assert "6 missing" in narrow[-2]
    assert all("11/12" in line and line.endswith("1 missing") for line in wide[1:7])


def test_simulated_scores_are_marked_and_those_of_checks_are_not(call: Any, scored: Any) -> None:
    out = call("runs", "--store", scored.store, columns=200).out

    judged, checked = (next(line for line in out.splitlines() if word in line) for word in (" correctness ", " exact "))
    assert re.search(r"\d\.\d{3}~", judged)
    assert "~" not in checked
    assert "nothing was paid" in out


def test_an_empty_store_says_how_to_fill_it(call: Any) -> None:
    assert call("runs").out == "no runs yet; `evalkit run` makes some\n"
    assert call("status").out == "nothing is open: every batch is collected\n"


@pytest.mark.parametrize("columns", [80, 120])
def test_a_plan_says_what_would_be_sent_and_the_most_it_may_cost(call: Any, scored: Any, columns: int) -> None:
    out = call("plan", "-c", scored.folder, "--store", scored.store, "--label", "new", columns=columns).out

    assert widths(out) <= columns
    first = r"2 runs, 22 requests in 2 batches: \$[\d.]+–\$[\d.]+, at most \$[\d.]+, (up to 24 h|usually 1 min)\n"
    assert re.match(first, out)
    assert "there already" not in out


def test_a_plan_of_runs_that_exist_sends_nothing(
    call: Any, suite_folder: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_STORE", "sqlite:///kept.db")
    folder = suite_folder(2, check=True)
    assert call("plan", "-c", folder).out.startswith("1 run, 2 requests in 1 batch: ")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    assert call("submit", "-q", "-c", folder).code == 0

    planned = call("plan", "-c", folder).out
    assert planned.count("there already") == 3
    assert planned.startswith("nothing to send: every run is there already\n")


def test_status_fits_80_columns_and_shows_batch_ids_where_there_is_room(
    call: Any, suite_folder: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.behaviour = Behaviour(seconds=3600)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    folder = suite_folder(3)
    call("submit", "-q", "-c", folder)

    narrow, wide = (call("status", "-c", folder, columns=columns).out for columns in (80, 120))

    assert widths(narrow) <= 80
    assert "in_progress         3" in narrow
    assert re.search(r" 2[34]h\d\dm\n", narrow)
    assert "msgbatch_" not in narrow
    assert "msgbatch_" in wide
    assert narrow.endswith("1 batch open, 3 requests; `evalkit collect` takes what has ended\n")


def test_show_says_everything_of_a_run(call: Any, scored: Any) -> None:
    out = call("show", scored.runs[0], "--store", scored.store).out

    facts = dict(line.split("  ", 1) for line in out.splitlines() if "  " in line)
    assert facts["run"].strip() == scored.runs[0]
    assert facts["candidate"].strip() == "support-assistant-prompt-v12-with-tools-haiku"
    assert facts["cases"].strip() == "11 scored, 1 missing"
    assert "95 % interval" in facts["mean"]
    assert "11 requests" in facts["batch"]


def test_show_of_a_case_has_the_texts_as_they_are_and_no_raw_escape(call: Any, scored: Any) -> None:
    out = call("show", scored.runs[0], "=1+1", "--store", scored.store).out

    assert not ESCAPES.search(out)
    assert "\\x1b[31mred\\x1b]0;title\\x07 [bold]plain[/bold] :warning: \\u202eevil \\x9b2J" in out
    assert "\ntags       \\x1b[2J\n" in out
    for title in ("input ─", "expected ─", "output ─", "prompt, after", "reply ─", "score correctness ─"):
        assert f"\n{title}" in out


def test_no_command_lets_a_hostile_case_reach_the_terminal(call: Any, scored: Any) -> None:
    for words in (("validate", "-c", scored.folder), ("show", scored.runs[0], "\x1b[2J", "--store", scored.store)):
        ended = call(*words)

        assert not ESCAPES.search(ended.out + ended.err)


def test_colours_are_for_terminals_without_no_color(scored: Any, process: Any, tmp_path: Path) -> None:
    def on_terminal(**env: str) -> bytes:
        words = [sys.executable, "-m", "evalkit", "runs", "--store", scored.store]
        return _terminal(words, tmp_path, {"TERM": "xterm", **env})

    said = on_terminal()
    assert b"\x1b[1m" in said
    assert b"\x1b[33m" in said
    assert b"\x1b[33m" not in on_terminal(NO_COLOR="1")
    assert "\x1b" not in process("runs", "--store", scored.store, TERM="xterm").out


def test_progress_is_alive_on_a_terminal_and_plain_lines_elsewhere(
    call: Any, suite_folder: Any, tmp_path: Path
) -> None:
    folder = suite_folder(4, outputs={"[bold]b": {"case-0000": "x", "case-0001": "x"}})
    words = ["run", "--sandbox", "--fresh", "-c", str(folder)]

    live = _terminal([sys.executable, "-m", "evalkit", *words, "--label", "live"], tmp_path, {"TERM": "xterm"})
    plain = call(*words, "--label", "plain")
    quiet = call(*words, "--label", "quiet", "--quiet")

    assert b"[bold]b" in live
    assert b"\x1b[?25l" in live  # the cursor hides while the line changes
    assert live.endswith(b"\r\n")
    assert "\x1b" not in plain.err
    assert "submitted  [bold]b × correctness: 2 requests as msgbatch_" in plain.err
    assert quiet.err == ""


def _terminal(words: list[str], cwd: Path, env: dict[str, str]) -> bytes:
    """What a process writes on a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "100", "LINES": "40", **env}
    running = subprocess.Popen(words, cwd=cwd, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    while True:
        ready, _, _ = select.select([ours], [], [], 30)
        try:
            piece = os.read(ours, 65536) if ready else b""
        except OSError:  # the other side has closed the terminal
            piece = b""
        if not piece:
            break
        said += piece
    os.close(ours)
    assert running.wait(timeout=30) == 0, said.decode()
    return said


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=30), st.integers(min_value=3, max_value=20))
def test_a_shortened_text_fits_and_keeps_both_ends(text: str, width: int) -> None:
    shown = shorten(text, width)

    assert cell_len(shown) <= width
    if cell_len(text) <= width:
        assert shown == text
    else:
        assert shown.count("…") >= 1


def test_names_that_differ_at_their_ends_still_differ_when_shortened() -> None:
    assert shorten("assistant-v12-haiku", 11) == "assis…haiku"
    assert shorten("assistant-v12-haiku", 11) != shorten("assistant-v12-sonnet", 11)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60))
def test_visible_text_has_no_control_characters(text: str) -> None:
    shown = visible(text)

    assert not ESCAPES.search(shown)
    assert visible(shown) == shown


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(st.characters(categories=["L", "N", "P"]), max_size=40), min_size=1, max_size=5))
def test_a_table_whose_columns_can_shrink_fits(cells: list[str]) -> None:
    columns = [
        Column(name="run", cells=["abcdefghijkl"] * len(cells)),
        Column(name="candidate", cells=cells, least=10),
        Column(name="cost", cells=["$1,234.56"] * len(cells), right=True, drop=1),
    ]

    drawn = lines(columns, 40)

    assert all(cell_len(line) <= 40 for line in drawn)
    assert all("abcdefghijkl" in line for line in drawn[1:])


def test_estimates_have_two_digits() -> None:
    assert [about_usd(amount) for amount in (0.0, 0.000456, 0.0261, 0.5, 1.234, 12.34, 1234.5, None)] == (
        ["$0", "$0.00046", "$0.026", "$0.50", "$1.2", "$12", "$1,200", "unknown"]
    )


def test_spans_of_time_are_short_in_cells() -> None:
    from datetime import timedelta

    assert [compact(timedelta(seconds=s)) for s in (40, 12 * 60, 3 * 3600 + 300)] == ["40s", "12m", "3h05m"]

"""Every way a command can end: its exit code, one paragraph on stderr, and no traceback."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.sandbox import Behaviour, Sandbox


def refused(ended: Any, code: int, *words: str) -> None:
    """One paragraph on stderr, nothing on stdout."""
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith("evalkit: ")
    assert "Traceback" not in ended.err
    for word in words:
        assert word in ended.err


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[str], str]:
    """A project that is wrong in one way."""

    def build(what: str) -> str:
        rows = '{"id": "a", "input": "x", "output": "y"}\n'
        config = 'name = "s"\n[dataset]\npath = "cases.jsonl"\n[[graders]]\nname = "e"\ncheck = "exact"\n'
        config += '[[candidates]]\nname = "c"\noutputs = "output"\n'
        config += "nonsense = 1\n" if what == "config" else ""
        (tmp_path / "cases.jsonl").write_text(rows * (2 if what == "dataset" else 1))
        (tmp_path / "evalkit.toml").write_text(config)
        return str(tmp_path)

    return build


def test_an_unknown_command_is_refused(process: Any) -> None:
    refused(process("scroe"), 2, "no such command 'scroe'", "`evalkit --help`")


def test_a_bad_option_is_refused_with_the_commands_own_help(call: Any) -> None:
    refused(call("runs", "--latest"), 2, "--latest", "`evalkit runs --help`")


def test_a_value_that_does_not_fit_its_option_is_refused(call: Any) -> None:
    refused(call("runs", "--limit", "none"), 2, "--limit")
    refused(call("export", "abc", "--format", "xlsx"), 2, "xlsx", "jsonl")


def test_a_missing_config_is_refused_with_the_mend(process: Any) -> None:
    refused(process("validate"), 2, "there is no evalkit.toml here", "`evalkit init`")


def test_a_bad_config_is_refused_with_its_line(call: Any, broken: Callable[[str], str]) -> None:
    refused(call("validate", "-c", broken("config")), 2, "evalkit.toml:", "nonsense")


def test_a_bad_dataset_is_refused_with_its_rows(call: Any, broken: Callable[[str], str]) -> None:
    refused(call("submit", "-c", broken("dataset"), "--sandbox"), 2, "cases.jsonl:2", "id")


@pytest.mark.parametrize(
    "words", [("validate",), ("runs", "--latest"), ("nothing",), ("show", "zzzz"), ("plan", "-c", "nowhere")]
)
def test_a_refusal_under_json_is_one_document_on_stdout(call: Any, words: tuple[str, ...]) -> None:
    ended = call(*words, "--json")

    assert ended.code == 2
    assert set(ended.json["error"]) >= {"type", "message", "exit_code"}
    assert ended.json["error"]["exit_code"] == 2
    assert ended.err.startswith("evalkit: ")


def test_no_key_is_a_refusal_that_offers_the_sandbox(call: Any, suite_folder: Any) -> None:
    refused(call("submit", "-q", "-c", suite_folder()), 6, "ANTHROPIC_API_KEY", "--sandbox")


def test_nothing_that_listens_is_a_refusal_and_the_key_is_not_said(process: Any, suite_folder: Any) -> None:
    account = {"ANTHROPIC_API_KEY": "sk-ant-hunter2", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}

    ended = process("submit", "-q", "-c", suite_folder(), **account)

    refused(ended, 6, "no connection", "ANTHROPIC_BASE_URL")
    assert "hunter2" not in ended.err


def test_collect_that_runs_out_of_time_is_pending_and_one_pass_is_done(
    call: Any, suite_folder: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.behaviour = Behaviour(seconds=3600)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    folder = suite_folder()
    assert call("submit", "-q", "-c", folder).code == 0

    waited = call("collect", "-q", "-c", folder, "--wait", "--timeout", "0.3", "--poll", "0.1")
    passed = call("collect", "-q", "-c", folder)

    assert (waited.code, passed.code) == (5, 0)
    assert "submitted" in waited.out
    assert "0/6" in waited.out


def test_an_interrupted_run_detaches_and_cancels_nothing(start: Any, suite_folder: Any, sandbox: Sandbox) -> None:
    sandbox.behaviour = Behaviour(seconds=3600)
    running = start("-m", "evalkit", "run", "-c", suite_folder(), base_url=sandbox.url)
    while not any(entry.endpoint == "retrieve" for entry in sandbox.witness()):
        assert running.poll() is None, running.communicate()[1]
        time.sleep(0.02)

    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)

    assert running.returncode == 130
    assert (out, err.splitlines()[-1].partition(";")[0]) == ("", "evalkit: interrupted")
    assert "`evalkit collect` goes on" in err
    assert "Traceback" not in err
    assert not any(entry.endpoint == "cancel" for entry in sandbox.witness())


@pytest.fixture
def damaged(scored: Any, tmp_path: Path) -> str:
    """A store in which something else than evalkit has written."""
    path = tmp_path / "damaged.db"
    shutil.copy(scored.store.removeprefix("sqlite:///"), path)
    with sqlite3.connect(path) as connection:
        connection.execute("update graders set spec = '{'")
    connection.close()
    return f"sqlite:///{path}"


def test_an_internal_error_is_one_paragraph_without_a_traceback(process: Any, damaged: str) -> None:
    ended = process("runs", "--store", damaged)

    refused(ended, 1, "internal error, JSONDecodeError", "`--debug`")
    assert len(ended.err.splitlines()) == 1


def test_debug_shows_the_traceback(process: Any, damaged: str) -> None:
    ended = process("runs", "--store", damaged, "--debug")

    assert ended.code == 1
    assert "Traceback" in ended.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_said_in_one_paragraph(cold: Any, scored: Any) -> None:
    with Path("/dev/full").open("wb") as full:
        refused(cold("runs", "--store", scored.store, stdout=full), 6, "No space left")


def test_a_reader_that_has_left_ends_the_command_quietly_but_not_as_done(scored: Any, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "evalkit", "runs", "--store", scored.store]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(words, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing)

    assert (ended.returncode, ended.stderr) == (141, b"")


def test_a_stores_password_is_never_said(call: Any) -> None:
    for url in (
        "postgresql://me:hunter2@127.0.0.1:1/evals",
        "postgresql://me:hunter2@127.0.0.1:port/evals",
        "mysql://me:hunter2@127.0.0.1/evals",
    ):
        ended = call("runs", "--store", url)

        refused(ended, 6)
        assert "hunter2" not in ended.err


def test_the_page_says_the_command_without_the_password(
    call: Any, suite_folder: Any, postgres_url: str, tmp_path: Path
) -> None:
    secret = postgres_url.replace("postgres@", "postgres:hunter2@")
    page = tmp_path / "page.html"

    assert call("run", "-q", "-c", suite_folder(2), "--sandbox", "--store", secret, "-o", page).code == 0

    text = page.read_text(encoding="utf-8")
    assert "evalkit run" in text
    assert "postgres:***@" in text
    assert "hunter" not in text

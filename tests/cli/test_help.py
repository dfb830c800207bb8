"""Every command says what it does, in 80 columns, with an example."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.cli.app import app

COMMANDS = sorted(info.name or getattr(info.callback, "__name__", "") for info in app.registered_commands)


def test_help_names_every_command_in_one_line_and_the_exit_codes(cold: Any) -> None:
    said = cold("--help")

    assert said.code == 0
    assert said.err == ""
    for name in COMMANDS:
        assert f"\n  {name} " in said.out
    assert "..." not in said.out.partition("Commands:")[2]
    for code in (
        "0 done",
        "1 internal",
        "2 usage",
        "3 gate FAIL",
        "4 gate INCONCLUSIVE",
        "5 PENDING",
        "6 provider",
        "7 an unknown",
    ):
        assert code in " ".join(said.out.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(call: Any, command: str) -> None:
    said = call(command, "--help")

    assert said.code == 0
    assert f"Example: evalkit {command}" in said.out
    assert max(map(len, said.out.splitlines())) <= 80


def test_the_walk_of_a_suite_has_its_verbs() -> None:
    assert set(COMMANDS) >= {
        "demo", "init", "validate", "plan", "submit", "collect", "run", "status", "runs", "show", "export", "report",
        "sandbox",
    }  # fmt: skip


def test_no_words_at_all_are_a_mistake_that_shows_the_help(call: Any) -> None:
    said = call()

    assert said.code == 2
    assert "Commands:" in said.out


def test_the_version_is_said(process: Any) -> None:
    import evalkit

    assert process("--version").out == f"evalkit {evalkit.__version__}\n"

"""The verbs as a notebook calls them: frozen rows, data frames, tables, and errors worth catching."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit.sandbox import Behaviour, Sandbox


@pytest.fixture
def account(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A sandbox that the environment names, as it would name the real API."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    return sandbox


def test_the_two_phases_give_tables_that_pandas_and_notebooks_show(suite_folder: Any, account: Sandbox) -> None:
    folder = suite_folder(6, check=True)

    sent = evalkit.submit(folder, label="<b>&")
    scored = evalkit.collect(folder)
    frame = evalkit.runs(folder).to_frame()

    assert [row.pending for row in sent] == [6, 0]
    assert [(row.grader, row.scored, row.pending) for row in scored] == [("correctness", 6, 0)]
    assert set(frame["grader"]) == {"correctness", "exact"}
    assert frame["cases"].tolist() == [6, 6]
    html = scored._repr_html_()
    assert "&lt;b&gt;&amp;" in html
    assert "<b>" not in html
    assert html.count("<tr>") == 2


def test_a_table_is_a_sequence_of_frozen_rows(suite_folder: Any, account: Sandbox) -> None:
    table = evalkit.submit(suite_folder(2, check=True))

    assert isinstance(table, evalkit.RunTable)
    assert len(table) == len(list(table)) == 2
    assert table[0] is table[:1][0]
    assert table.runs == tuple(row.run for row in table)
    with pytest.raises(dataclasses.FrozenInstanceError):
        table[0].scored = 3  # type: ignore[misc]


def test_status_tells_of_open_batches_and_run_by_its_timeout_leaves_them(suite_folder: Any, account: Sandbox) -> None:
    account.behaviour = Behaviour(seconds=3600)
    folder = suite_folder(3)

    found, page = evalkit.run(folder, timeout=0.2, poll=0.1)
    (open_batch,) = evalkit.status(folder)

    assert [row.pending for row in found] == [3]
    assert open_batch.json()["requests"] == 3
    assert open_batch.batch.run == found[0].run
    assert page is None
    assert not (folder / "reports").exists()
    assert tuple(evalkit.status(folder, runs=[found[0].run])) == (open_batch,)


def test_a_case_can_be_looked_at_and_scores_exported(suite_folder: Any, account: Sandbox, tmp_path: Path) -> None:
    folder = suite_folder(3)
    found, _ = evalkit.run(folder)
    run = found[0].run
    text = io.StringIO()

    detail = evalkit.show_case(run[:6], "case-0001", config=folder)

    assert detail.prompt is not None
    assert detail.output == "They are 2."
    assert detail.output in detail.prompt
    shown, listed = evalkit.show(run[:6], config=folder)[0].json(), evalkit.runs(folder)[0].json()
    assert shown == {**listed, "cache": shown["cache"], "estimate": shown["estimate"]}, "what is told of one alone"
    assert shown["estimate"] is not None
    assert evalkit.export(run, text, config=folder) == len(text.getvalue().splitlines()) == 3
    assert evalkit.export(run, tmp_path / "scores.csv", format="csv", config=folder) == 3


def test_a_validation_and_a_plan_that_counts_nothing_send_nothing(suite_folder: Any, account: Sandbox) -> None:
    folder = suite_folder(4)

    suite, planned = evalkit.validate(folder), evalkit.plan(folder, count=False)

    assert suite.dataset.n == 4
    assert [(run.requests, run.exists) for run in planned.runs] == [(4, False)]
    assert {entry.endpoint for entry in account.witness()} <= {"count_tokens"}, "which is free, and keeps nothing"
    assert len(evalkit.runs(folder)) == 0


def test_errors_are_those_that_are_exported(suite_folder: Any, tmp_path: Path) -> None:
    with pytest.raises(evalkit.ConfigError, match="no such file"):
        evalkit.validate(tmp_path / "nowhere")
    with pytest.raises(evalkit.ProviderError, match="ANTHROPIC_API_KEY"):
        evalkit.submit(suite_folder(1))
    run = evalkit.submit(suite_folder(1, folder="other"), sandbox=True)[0].run
    with pytest.raises(evalkit.UsageError, match="no case 'zz'"):
        evalkit.show_case(run, "zz", config=tmp_path / "other")
    with pytest.raises(evalkit.StoreError, match="SQLite or PostgreSQL"):
        evalkit.runs(store="mysql://host/db")


def test_the_environment_names_the_store(suite_folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_STORE", f"sqlite:///{tmp_path / 'mine.db'}")
    folder = suite_folder(1)

    evalkit.submit(folder, sandbox=True)

    assert (tmp_path / "mine.db").is_file()
    assert not (folder / ".evalkit" / "evalkit.db").exists()


def test_the_newest_runs_can_be_asked_for_by_label_and_number(suite_folder: Any) -> None:
    folder = suite_folder(1, check=True)
    for label in ("monday", "tuesday"):
        evalkit.submit(folder, label=label, sandbox=True)

    assert {row.label for row in evalkit.runs(folder, label="monday")} == {"monday"}
    assert [row.label for row in evalkit.runs(folder, limit=1)] == ["tuesday"]
    assert len(evalkit.runs(folder, suite="another")) == 0

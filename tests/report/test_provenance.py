"""A page says what made it, and nothing of the machine it was made on."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from scored_suite import Suite, a_suite

from evalkit.pricing import load_prices
from evalkit.report import Page
from evalkit.report.compose import ReportOptions, compose
from evalkit.report.compose.provenance import store_name
from evalkit.report.page import SliceRow
from evalkit.session import Session

EFFORT = 'model = "claude-haiku-5-5"\neffort = "low"'


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    made = a_suite(tmp_path / "suite")
    made.candidates("first", "second")
    made.outputs("first", [])
    made.outputs("second", [1])
    config = made.folder / "evalkit.toml"
    config.write_text(config.read_text("utf-8").replace('model = "claude-haiku-5-5"', EFFORT), encoding="utf-8")
    return made


def page(suite: Suite) -> Page:
    with Session(config=suite.folder, store=suite.url, reads=True) as session:
        prices = replace(load_prices(), date="2026-11-22", source=Path("prices.json"))
        options = ReportOptions(title="page", config=session.config, prices=prices, command="evalkit")
        return compose(session.store, session.store.runs.select(), options)


def test_every_digest_setting_label_and_date_is_there(suite: Suite) -> None:
    runs = suite.submit("monday")
    suite.submit("tuesday")
    with suite.open() as store:
        run = store.runs.get(runs[0])

    facts = page(suite).provenance

    config = hashlib.sha256((suite.folder / "evalkit.toml").read_bytes()).hexdigest()
    assert facts["config"] == f"evalkit.toml in suite, SHA-256 {config}"
    said = f"cases.jsonl, 12 cases, digest {run.dataset}; read from cases.jsonl SHA-256 "
    assert facts["dataset cases.jsonl"].startswith(said)
    assert facts[f"candidate {run.candidate}"] == f"recorded: {run.candidate}.jsonl, digest {run.candidate_digest}"
    judge = "served by claude-haiku-5-5, effort low, at most 1,024 tokens a reply, simulated: the sandbox answered"
    assert facts["judge claude-haiku-5-5"].startswith(judge)
    assert facts["labels"] in ("monday, tuesday", "tuesday, monday")
    assert facts["prices"] == "prices.json, of 2026-11-22"
    assert facts["submitted"].startswith(f"{run.created_at:%Y-%m-%d %H:%M} UTC")
    assert {"grader correctness", "check exact"} < facts.keys()


def test_two_versions_of_one_thing_are_told_apart_by_their_digests(suite: Suite) -> None:
    suite.submit("monday")
    suite.outputs("first", [0, 1, 2])
    suite.submit("tuesday")

    named = [name for name in page(suite).provenance if name.startswith("candidate first")]

    assert len(named) == 2
    assert all(name.startswith("candidate first (") for name in named)


def test_no_folder_of_the_machine_is_named(suite: Suite) -> None:
    suite.submit("monday")

    told = " ".join(page(suite).provenance.values())

    assert str(suite.folder.parent) not in told
    assert "store.db" in told


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:////home/somebody/.evalkit/evalkit.db", "sqlite, evalkit.db"),
        ("postgresql://me:***@db.example.com/evals", "postgresql://me:***@db.example.com/evals"),
        ("postgresql:///evals", "postgresql:///evals"),
    ],
)
def test_a_store_in_a_file_is_named_without_its_folders_and_one_on_a_server_as_it_is(url: str, name: str) -> None:
    assert store_name(url) == name


def test_slices_are_by_tag_and_by_metadata_and_the_labels_of_a_criterion_come_worst_first(suite: Suite) -> None:
    path = suite.folder / "cases.jsonl"
    rows = path.read_text("utf-8").splitlines()
    told = [
        row[:-1] + f', "tags": ["all"], "metadata": {{"half": "{"one" if at % 2 else "two"}"}}}}\n'
        for at, row in enumerate(rows)
    ]
    path.write_text("".join(told), encoding="utf-8")
    suite.submit("monday")

    made = page(suite)

    def named(row: SliceRow) -> tuple[str | None, str]:
        return row.key, row.name

    assert {named(row) for row in made.slices} == {(None, "all"), ("half", "one"), ("half", "two")}
    labels = {row.grader: row.labels for row in made.runs}
    assert labels["correctness"] == (("incorrect", 0.0), ("partial", 0.5), ("correct", 1.0))
    assert [value for _, value in labels["exact"]] == [0.0, 1.0]

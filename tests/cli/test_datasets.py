"""Datasets from the command line: a part of one scored, its versions told, labels and contexts read from it."""

from pathlib import Path
from typing import Any

import pytest

CASES = """\
id,question,source_doc,contexts,answer,human,topic
q1,When does it open?,The room is open from 9:00.,"[""The room is open from 9:00.""]",9:00.,supported,a
q2,What is a copy?,A copy costs 2 euros. More is less.,"[{""text"": ""A copy costs 2 euros.""}]",2 euros.,supported,a
q3,Is there parking?,There is no parking at the library.,"[""A copy costs 2 euros.""]",Yes.,unsupported,b
"""
CONFIG = """\
name = "rag"
[dataset]
path = "cases.csv"
[judge]
model = "claude-haiku-5-5"
[[graders]]
name = "groundedness"
rubric = "evalkit:groundedness"
[[graders]]
name = "recall"
check = "recall"
ranking = "contexts"
relevant = "source_doc"
[[candidates]]
name = "v1"
outputs = "answer"
[[candidates]]
name = "v2"
outputs = "answer"
[gate]
baseline = "v1"
"""


@pytest.fixture
def rag(tmp_path: Path) -> Path:
    (tmp_path / "cases.csv").write_text(CASES, encoding="utf-8")
    (tmp_path / "evalkit.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def test_a_csv_of_question_source_doc_and_contexts_is_scored_and_held_against_its_own_labels(
    call: Any, rag: Path
) -> None:
    ran = call("run", "--sandbox", "--quiet", "--json").json["runs"]

    means = {row["grader"]: row["mean"] for row in ran if row["candidate"] == "v1"}
    assert means == {"groundedness": pytest.approx(2 / 3), "recall": pytest.approx(2 / 3)}
    run = next(row["run"] for row in ran if row["grader"] == "groundedness")
    assert "human" not in call("show", run, "q1").out.replace("supported", "")
    (found,) = call("agree", run, "--labels-field", "human", "--json").json["agreement"]
    assert (found["n"], found["agreement"]) == (3, 1.0)
    wrong = call("agree", run, "--labels-field", "topic")
    assert wrong.code == 2
    assert "'a' is no label of the criterion" in wrong.err


def test_a_limited_run_is_of_another_dataset_which_is_said_and_not_gated(call: Any, rag: Path) -> None:
    limited = call("run", "--sandbox", "--limit", 2)
    assert "2 of 3 cases: first = 2 removes 1; what is left is a dataset of its own" in " ".join(limited.err.split())

    gated = call("gate")
    assert gated.code == 4
    assert "of a part of the cases (first = 2), which is not what the config scores" in " ".join(gated.out.split())

    call("run", "--sandbox", "--quiet")
    assert "which is not what the config scores" not in " ".join(call("gate").out.split())
    first, second = call("dataset", "versions", "--json").json["versions"]
    assert (first["cases"], first["runs"], first["spec"]["filter"]) == (2, 4, {"first": 2})
    assert (second["cases"], second["spec"]["cases"], second["since"]["added"]) == (3, 3, ["q3"])
    assert [one["path"].rpartition("/")[2] for one in second["spec"]["files"]] == ["cases.csv"]
    run = call("runs", "--json").json["runs"][-1]["run"]
    assert "2 of 3 cases: first = 2" in call("show", run).out


def test_every_verb_of_datasets_speaks_json(call: Any, rag: Path) -> None:
    assert call("dataset", "stats", "--json").json["cases"] == 3
    assert call("dataset", "diff", "cases.csv", "cases.csv", "--json").json["same"]
    assert call("dataset", "sample", "cases.csv", "-n", 2, "--out", "x.jsonl", "--json").json["files"] == [
        {"path": "x.jsonl", "cases": 2}
    ]
    assert call("dataset", "split", "cases.csv", "--into", "a=0.5,b=0.5", "--json").json["of"] == 3
    assert call("dataset", "split", "cases.csv", "--into", "a=0.5,b=0.5").code == 2
    assert call("dataset", "versions", "--json").json == {"versions": []}

"""Runs as the files of other tools: what each can hold is there, and what it cannot is said."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LOG = {"version": int, "status": str, "eval": dict, "plan": dict, "results": dict, "stats": dict, "samples": list}
SPEC = {"created": str, "task": str, "dataset": dict, "model": str, "config": dict}
"""What `EvalSpec` of inspect_ai 0.3.285 requires; the rest of an `EvalLog` has defaults."""
SAMPLE = {"id": str, "epoch": int, "input": (str, list), "target": (str, list)}


@pytest.fixture
def log(call: Any, scored: Any, tmp_path: Path) -> Any:
    """The log of the first candidate, by all its graders and judges."""
    path = tmp_path / "log.json"
    ended = call("export", *scored.runs[:2], "--store", scored.store, "-f", "inspect", "-o", path, "--json")
    assert ended.code == 0, ended.err
    return json.loads(path.read_text())


def _has(document: dict[str, Any], fields: dict[str, Any]) -> bool:
    return all(isinstance(document[name], kind) for name, kind in fields.items())


def test_an_inspect_log_has_the_fields_that_inspect_requires(log: Any) -> None:
    assert _has(log, LOG)
    assert _has(log["eval"], SPEC)
    assert all(_has(sample, SAMPLE) for sample in log["samples"])
    assert (log["version"], log["status"], len(log["samples"])) == (2, "success", 12)
    assert all(set(sample["scores"]) == {"correctness", "exact"} for sample in log["samples"])


def test_a_case_without_a_value_is_nan_in_an_inspect_log_and_keeps_its_reason(log: Any) -> None:
    unscored = log["samples"][-1]["scores"]["correctness"]

    assert math.isnan(unscored["value"])
    assert unscored["reason"] == "no_response"
    assert unscored["metadata"]["evalkit"]["status"] == "missing"
    assert "has no output" in unscored["explanation"]
    result = next(one for one in log["results"]["scores"] if one["name"] == "correctness")
    values = [sample["scores"]["correctness"]["value"] for sample in log["samples"]]
    mean = sum(value for value in values if not math.isnan(value)) / 11
    assert result["metrics"]["mean"]["value"] == pytest.approx(mean)
    assert (result["scored_samples"], result["unscored_samples"]) == (11, 1)
    assert result["metrics"]["mean"]["metadata"]["evalkit"]["low"] < mean


def test_several_logs_go_into_a_folder_and_not_into_one_stream(call: Any, scored: Any, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    ended = call("export", "-l", "nightly", "--store", scored.store, "-f", "inspect", "-o", folder, "--json")
    stream = call("export", "-l", "nightly", "--store", scored.store, "-f", "inspect")

    logs = [json.loads(Path(path).read_text()) for path in ended.json["paths"]]
    assert sorted(folder.iterdir()) == sorted(map(Path, ended.json["paths"]))
    assert len({one["eval"]["model"] for one in logs}) == 2
    # The same grader under two judges is two scorers.
    assert {one["name"] for one in logs[0]["eval"]["scorers"]} == {
        "correctness (claude-haiku-5-5)",
        "correctness (claude-sonnet-5-5)",
        "exact",
    }
    assert stream.code == 2
    assert "folder" in stream.err


def test_inspect_itself_reads_the_log(call: Any, scored: Any, tmp_path: Path) -> None:
    python = os.environ.get("INSPECT_PYTHON") or (sys.executable if importlib.util.find_spec("inspect_ai") else None)
    if python is None:
        pytest.skip("inspect_ai is not installed; INSPECT_PYTHON may name a Python that has it")
    path = tmp_path / "log.json"
    call("export", *scored.runs[:2], "--store", scored.store, "-f", "inspect", "-o", path)
    code = (
        "import json, sys; from inspect_ai.log import read_eval_log; log = read_eval_log(sys.argv[1]);"
        "head = read_eval_log(sys.argv[1], header_only=True);"
        "print(json.dumps([head.status, len(log.samples), log.samples[3].id, log.samples[3].input,"
        "log.samples[-1].scores['exact'].value != log.samples[-1].scores['exact'].value,"
        "log.samples[-1].scores['exact'].reason]))"
    )
    done = subprocess.run(
        [python, "-c", code, str(path)], capture_output=True, text=True, timeout=120, check=False, env={"PATH": ""}
    )

    assert done.returncode == 0, done.stderr
    status, n, case, given, nan, reason = json.loads(done.stdout.splitlines()[-1])
    assert (status, n, case, nan, reason) == ("success", 12, "=1+1", True, "no_response")
    assert given.startswith("\x1b[31mred")


def test_promptfoo_results_have_a_row_for_every_case_of_every_candidate(call: Any, scored: Any, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    ended = call("export", "-l", "nightly", "--store", scored.store, "-f", "promptfoo", "-o", path)
    document = json.loads(path.read_text())
    summary = document["results"]
    rows = summary["results"]

    assert ended.code == 0
    assert (summary["version"], len(rows), len(summary["prompts"])) == (3, 24, 2)
    assert {"evalId", "results", "config", "metadata", "shareableUrl"} <= set(document)
    assert {(row["promptIdx"], row["testIdx"]) for row in rows} == {(p, t) for p in range(2) for t in range(12)}
    stats = summary["stats"]
    assert stats["successes"] + stats["failures"] + stats["errors"] == 24
    assert all(isinstance(row["score"], int | float) and isinstance(row["success"], bool) for row in rows)


def test_an_unscored_case_is_an_error_row_of_promptfoo_and_that_is_said(call: Any, scored: Any, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    ended = call("export", *scored.runs[:1], "--store", scored.store, "-f", "promptfoo", "-o", path)
    row = json.loads(path.read_text())["results"]["results"][-1]

    assert (row["failureReason"], row["success"], row["namedScores"], row["gradingResult"]) == (2, False, {}, None)
    assert "missing (candidate" in row["error"]
    assert "unscored case: its row is an error" in ended.err
    assert "interval of a mean" in ended.err


def test_a_promptfoo_row_passes_only_by_the_best_label_and_keeps_the_value(
    call: Any, suite_folder: Any, tmp_path: Path
) -> None:
    import evalkit

    folder, store = suite_folder(6), f"sqlite:///{tmp_path / 'store.db'}"
    runs, _ = evalkit.run(folder, store=store, sandbox=True)
    call("export", *runs.runs, "--store", store, "-f", "promptfoo", "-o", tmp_path / "r.json")
    rows = json.loads((tmp_path / "r.json").read_text())["results"]["results"]
    values = [row["value"] for row in evalkit.scores(runs.runs, store=store)]

    assert [row["namedScores"]["correctness"] for row in rows] == values
    assert [row["success"] for row in rows] == [value == 1 for value in values]
    assert 0 in values


AGGREGATE = {
    "schema_version", "evaluation_id", "retrieved_timestamp", "source_metadata", "model_info", "eval_library",
    "evaluation_results",
}  # fmt: skip
INSTANCE = {
    "schema_version", "evaluation_id", "model_id", "evaluation_name", "sample_id", "interaction_type", "input",
    "answer_attribution", "evaluation",
}  # fmt: skip
"""What every_eval_ever's eval.schema.json and instance_level_eval.schema.json, both 0.2.2, require."""
MORE = {"evaluation_result_id", "sample_hash", "output", "messages", "token_usage", "performance", "error", "metadata"}


def test_an_every_eval_ever_record_has_what_its_schema_requires(call: Any, scored: Any, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    ended = call("export", scored.runs[0], "--store", scored.store, "-f", "every_eval_ever", "-o", path, "--json")
    record = json.loads(path.read_text())
    (result,) = record["evaluation_results"]
    config = result["metric_config"]

    assert [Path(one).name for one in ended.json["paths"]] == ["record.json", "record_samples.jsonl"]
    assert set(record) >= AGGREGATE
    assert set(record) - AGGREGATE <= {"evaluation_timestamp", "detailed_evaluation_results"}
    assert {"evaluation_name", "source_data", "metric_config", "score_details"} <= set(result)
    assert (config["score_type"], config["level_names"], config["has_unknown_level"]) == (
        "levels",
        ["incorrect", "partial", "correct"],
        False,
    )
    assert config["llm_scoring"]["judges"][0]["model_info"]["id"] == "claude-haiku-5-5"
    assert "Is it right?" in config["llm_scoring"]["input_prompt"]
    interval = result["score_details"]["uncertainty"]["confidence_interval"]
    assert interval["lower"] < result["score_details"]["score"] < interval["upper"]
    assert all(isinstance(text, str) for text in result["score_details"]["details"].values())
    assert {one["what"] for one in ended.json["not_carried"]} >= {
        "case that is missing: it has no line, and is counted in the record"
    }


def test_the_samples_of_a_record_hold_no_score_that_is_none(call: Any, scored: Any, tmp_path: Path) -> None:
    import hashlib

    path = tmp_path / "record.json"
    call("export", scored.runs[0], "--store", scored.store, "-f", "every_eval_ever", "-o", path)
    text = (tmp_path / "record_samples.jsonl").read_bytes()
    lines = [json.loads(line) for line in text.splitlines()]
    told = json.loads(path.read_text())["detailed_evaluation_results"]

    assert len(lines) == told["total_rows"] == 11
    assert told["checksum"] == hashlib.sha256(text).hexdigest()
    assert told["additional_details"] == {"scores_left_out_for_want_of_a_value": "1"}
    for line in lines:
        assert set(line) >= INSTANCE
        assert set(line) - INSTANCE <= MORE
        assert isinstance(line["evaluation"]["score"], float)
        assert all(isinstance(value, str) for value in line["metadata"].values())
        assert line["messages"] is None
        assert line["output"]["raw"]


def test_nothing_to_export_is_refused(call: Any, scored: Any) -> None:
    ended = call("export", "-l", "no-such-label", "--store", scored.store, "-f", "promptfoo")

    assert ended.code == 2
    assert "no run" in ended.err

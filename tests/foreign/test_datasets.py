"""Datasets of other tools, each in the shape that it is exported in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import UsageError
from evalkit.foreign import TOOLS, recognised


def lines(*rows: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


INSPECT = lines(
    {"input": "Capital of France?", "target": "Paris", "id": "fr", "metadata": {"level": 1}, "sandbox": "docker"},
    {"input": [{"role": "user", "content": "2+2?"}], "target": ["4", "four"], "id": 2},
)
"""`inspect_ai/dataset/_dataset.py` 0.3: Sample."""
DEEPEVAL = json.dumps(
    [
        {
            "input": "Shoes?",
            "actual_output": "30 days.",
            "expected_output": "30 days, free.",
            "retrieval_context": ["All have 30 days."],
            "tools_called": [{"name": "search"}],
            "additional_metadata": {"level": "easy"},
            "source_file": "faq.pdf",
        }
    ]
)
"""`deepeval/dataset/dataset.py` 3.x: save_as("json")."""
LANGSMITH = lines(
    {
        "id": "5b1f",
        "created_at": "2025-05-01T00:00:00Z",
        "dataset_id": "d1",
        "source_run_id": None,
        "inputs": {"question": "Why?"},
        "outputs": {"answer": "Because."},
        "metadata": {"dataset_split": ["base"]},
    }
)
"""`langsmith/schemas.py` 0.4: Example."""
LANGFUSE = json.dumps(
    {
        "data": [
            {
                "id": "i1",
                "datasetId": "d",
                "datasetName": "faq",
                "status": status,
                "input": {"question": question},
                "expectedOutput": {"text": "Yes."},
                "metadata": {"lang": "en"},
                "sourceTraceId": None,
                "createdAt": "2025-05-01T00:00:00Z",
            }
            for status, question in (("ACTIVE", "Open?"), ("ARCHIVED", "Old?"))
        ],
        "meta": {"page": 1},
    }
)
"""`GET /api/public/dataset-items` of Langfuse 3."""
BRAINTRUST = lines(
    *(
        {
            "id": f"{experiment}{n}",
            "_xact_id": "1",
            "root_span_id": f"s{experiment}{n}",
            "span_id": f"s{experiment}{n}",
            "experiment_id": f"exp-{experiment}",
            "input": f"Q{n}",
            "expected": f"A{n}",
            "output": f"{experiment}{n}",
            "scores": {"Factuality": 0.6},
            "metadata": {"n": n},
            "tags": ["t"],
            "is_root": True,
        }
        for experiment in ("a", "b")
        for n in (1, 2)
    )
)
"""`GET /v1/experiment/{id}/fetch` of Braintrust."""
MLFLOW = json.dumps(
    {
        "columns": ["inputs", "outputs", "expectations", "toxicity/v1/score"],
        "data": [
            [{"question": "Why?"}, "So.", {"expected_response": "Because.", "guidelines": ["short"]}, 0.1],
        ],
    }
)
"""`eval_results_table.json` of MLflow 3: a data frame split into columns and data."""
FILES = {
    "inspect": ("s.jsonl", INSPECT),
    "deepeval": ("g.json", DEEPEVAL),
    "langsmith": ("l.jsonl", LANGSMITH),
    "langfuse": ("f.json", LANGFUSE),
    "braintrust": ("b.jsonl", BRAINTRUST),
    "mlflow": ("eval_results_table.json", MLFLOW),
}


@pytest.mark.parametrize("tool", FILES)
def test_the_tool_is_told_by_its_files(save: Any, take: Any, tool: str) -> None:
    made = take(save(*FILES[tool]))

    assert made.said.tool == tool
    assert made.said.recognised
    assert {note.kind for note in made.said.notes if note.field == "graders"} == {"added"}


def test_samples_of_inspect_keep_targets_and_tell_their_sandbox(save: Any, take: Any) -> None:
    made = take(save(*FILES["inspect"]))

    assert made.cases[0] == {
        "id": "fr",
        "input": "Capital of France?",
        "expected": "Paris",
        "metadata": {"level": 1},
    }
    assert made.cases[1]["expected"] == ["4", "four"]
    assert made.note("sandbox").where == "s.jsonl:1"


def test_choices_of_inspect_are_asked_and_the_last_answer_counts(save: Any, take: Any) -> None:
    row = {"input": "Which is a fruit?", "choices": ["stone", "apple"], "target": "B"}

    made = take(save("mc.jsonl", lines(row)))

    assert "B) apple" in made.cases[0]["input"]
    assert made.scores("choice", {"case-1": "ANSWER: A\nANSWER: B"}) == {"case-1": 1.0}
    assert made.scores("choice", {"case-1": "A"}) == {"case-1": 0.0}


def test_goldens_of_deepeval_keep_contexts_and_outputs(save: Any, take: Any) -> None:
    made = take(save(*FILES["deepeval"]))

    assert made.cases[0]["metadata"] == {"contexts": ["All have 30 days."], "level": "easy"}
    assert made.rows("outputs-recorded.jsonl") == [{"id": "case-1", "output": "30 days."}]
    assert {one.rubric for one in made.config.graders} == {"evalkit:groundedness", "evalkit:correctness"}
    assert "tools_called" in made.why
    assert "All have 30 days." in made.rendered("groundedness", "case-1", "x")[1]


def test_goldens_of_deepeval_in_csv_split_their_contexts(save: Any, take: Any) -> None:
    text = "input,actual_output,expected_output,retrieval_context\nShoes?,30 days.,30 days,one;two\n"

    made = take(save("g.csv", text))

    assert made.cases[0]["metadata"]["contexts"] == ["one", "two"]


def test_outputs_of_an_example_of_langsmith_are_its_reference(save: Any, take: Any) -> None:
    made = take(save(*FILES["langsmith"]))

    assert made.cases[0]["input"] == "Why?"
    assert made.cases[0]["expected"] == "Because."
    assert made.config.candidates[0].kind == "generated"


def test_archived_items_of_langfuse_stay_behind(save: Any, take: Any) -> None:
    made = take(save(*FILES["langfuse"]))

    assert [(case["input"], case["expected"]) for case in made.cases] == [("Open?", "Yes.")]
    assert "1 archived" in made.why["status"]


def test_experiments_of_braintrust_share_their_cases(save: Any, take: Any) -> None:
    made = take(save(*FILES["braintrust"]))

    assert [case["input"] for case in made.cases] == ["Q1", "Q2"]
    assert [one.name for one in made.config.candidates] == ["exp-a", "exp-b"]
    assert [row["output"] for row in made.rows("outputs-exp-b.jsonl")] == ["b1", "b2"]
    assert made.config.gate.baseline == "exp-a"


def test_a_logged_table_of_mlflow_keeps_the_expected_response(save: Any, take: Any) -> None:
    made = take(save(*FILES["mlflow"]))

    (case,) = made.cases
    assert (case["input"], case["expected"]) == ("Why?", "Because.")
    assert case["metadata"]["expectations"] == {"guidelines": ["short"]}
    assert "columns of metrics" in made.why


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_saved_dataset_of_hugging_face_is_read(tmp_path: Path, take: Any, kind: str) -> None:
    arrow = pytest.importorskip("pyarrow")
    import pyarrow.ipc
    import pyarrow.parquet

    table = arrow.table({"question": ["Q1", "Q2"], "answer": ["A1", "A2"], "level": [1, 2]})
    folder = tmp_path / "squad" / "test"
    folder.mkdir(parents=True)
    if kind == "parquet":
        pyarrow.parquet.write_table(table, folder / "data-00000.parquet")
    else:
        # As save_to_disk of datasets 3 writes it: a stream, with dataset_info.json beside.
        with pyarrow.ipc.new_stream(str(folder / "data-00000-of-00001.arrow"), table.schema) as stream:
            stream.write_table(table)
        (folder / "dataset_info.json").write_text("{}")

    made = take(folder)

    assert made.said.tool == "huggingface"
    assert made.cases[1] == {
        "id": "case-2",
        "input": "Q2",
        "expected": "A2",
        "metadata": {"level": 2},
        "tags": ["test"],
    }


def test_rows_that_two_tools_may_have_written_are_refused_with_the_choices(save: Any) -> None:
    path = save("x.jsonl", lines({"input": "a", "target": "b", "ideal": "b"}))

    with pytest.raises(UsageError, match=r"--from openai-evals\|inspect"):
        recognised(path)


def test_rows_of_no_tool_are_refused_with_all_names_and_the_plain_way(save: Any) -> None:
    path = save("x.jsonl", lines({"input": "a", "expected": "b"}))

    with pytest.raises(UsageError, match="evalkit init") as refused:
        recognised(path)
    assert all(tool in str(refused.value) for tool in TOOLS)


def test_the_command_says_what_it_recognised_and_lists_what_stays_behind(
    save: Any, tmp_path: Path, capsys: Any
) -> None:
    from evalkit.cli import exits

    path = save(*FILES["inspect"])

    assert exits.run(["import", str(path), "--out", str(tmp_path / "a")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("recognised as inspect\n")
    assert "s.jsonl:1: sandbox" in said
    assert exits.run(["import", str(path), "--out", str(tmp_path / "b"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"kind": "left out", "where": "s.jsonl:1", "field": "sandbox"}.items() <= document["notes"][0].items()


def test_a_bundle_stays_a_bundle(tmp_path: Path, capsys: Any) -> None:
    from evalkit.cli import exits

    path = tmp_path / "runs.evalkit"
    path.write_bytes(b"PK\x03\x04no bundle")

    assert exits.run(["import", str(path), "--store", f"sqlite:///{tmp_path / 's.db'}"]) == 2
    assert "bundle" in capsys.readouterr().err
    assert exits.run(["import", str(path), "--out", "x"]) == 2
    assert "leave out --out" in capsys.readouterr().err

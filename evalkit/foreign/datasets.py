"""Datasets of Inspect, DeepEval, LangSmith, Langfuse, Braintrust and MLflow: rows, each tool with its own names."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from evalkit.foreign.project import Project
from evalkit.foreign.rows import Reading, Row, add_candidate, add_judge, project_of, rows_in
from evalkit.foreign.source import as_dict, as_list, is_dict, is_list, text_of

_OWN_BOOKS: Final = (
    "created_at",
    "modified_at",
    "createdAt",
    "updatedAt",
    "created",
    "dataset_id",
    "datasetId",
    "datasetName",
    "dataset_name",
    "projectId",
    "project_id",
    "source_run_id",
    "sourceTraceId",
    "sourceObservationId",
    "source_trace_id",
    "source_observation_id",
    "_xact_id",
    "_pagination_key",
    "root_span_id",
    "span_id",
    "span_parents",
    "span_attributes",
    "is_root",
    "experiment_id",
    "org_id",
    "log_id",
    "origin",
    "validFrom",
    "eval_item_id",
    "dataset_record_id",
    "create_time",
    "created_time",
    "last_update_time",
    "created_by",
    "last_updated_by",
)
_TOOLS_CALLED: Final = "calls of tools are graded by a rubric or a function that reads the metadata"
_VERDICTS: Final = "the other tool's verdicts stay behind: evalkit scores the outputs again"


def read_inspect(path: Path, name: str) -> Project:
    """Samples of Inspect: JSON, JSONL or CSV of `input` and `target`."""
    why = "a sandbox and its files belong to a task with tools, which evalkit does not run"
    reading = Reading(input=("input",), expected=("target",), dropped=dict.fromkeys(("sandbox", "files", "setup"), why))
    rows = [_with_choices(row) for row in rows_in(path)]
    project = project_of("inspect", name, rows, reading)
    if any("choices" in row.fields for row in rows) and all("expected" in case for case in project.cases):
        why = "the samples have choices: the letter that the output ends with is held against the target"
        project.add(path.name, "graders", why)
        project.file("inspect_checks.py", _CHOICE)
        project.grade("choice", {"check": "python", "function": "inspect_checks:choice"})
        project.grade("includes", {"check": "includes"}, "As the scorer `includes` of Inspect has it.")
    elif project.cases and all(_short(case.get("expected")) for case in project.cases):
        why = "which scorer a task takes is in its code: `includes` looks for the target"
        project.add(path.name, "graders", why)
        project.grade("includes", {"check": "includes", "ignore_case": True})
    else:
        add_judge(project, path.name, "which scorer a task takes is in its code")
    return _done(project, path)


def _with_choices(row: Row) -> Row:
    """A sample whose choices stand in its input, as Inspect's solver `multiple_choice` shows them."""
    choices = [text_of(one) for one in as_list(row.fields.get("choices"))]
    if not choices or not isinstance(row.fields.get("input"), str):
        return row
    listed = "\n".join(f"{chr(ord('A') + place)}) {choice}" for place, choice in enumerate(choices))
    asked = "Answer with the letter of your choice alone on the last line, as in: ANSWER: A"
    return Row(fields={**row.fields, "input": f"{row.fields['input']}\n\n{listed}\n\n{asked}"}, where=row.where)


_CHOICE: Final = '''\
"""Inspect's choices as a check of evalkit; written by `evalkit import`, for you to keep and to change."""

from __future__ import annotations

import re
from typing import Any


def choice(case: Any, output: str) -> tuple[bool, str]:
    """Whether the letters of the last `ANSWER:` are those of the target; a lone letter will do."""
    wanted = case.expected if type(case.expected).__name__ == "list" else list(str(case.expected).strip())
    named = re.findall(r"ANSWER\\s*:\\s*([A-Za-z, ]+)", output, re.IGNORECASE)
    hits = named or re.findall(r"\\b([A-Z])\\b", output)[-1:]
    given = re.findall(r"[A-Z]", hits[-1].upper()) if hits else []
    return sorted(given) == sorted(str(one).upper() for one in wanted), f"the answer is {', '.join(given) or 'missing'}"
'''


def _short(value: Any) -> bool:
    texts = as_list(value)
    return bool(texts) and all(isinstance(one, str) and 0 < len(one.strip()) <= 40 for one in texts)


def read_deepeval(path: Path, name: str) -> Project:
    """Goldens and test cases of DeepEval: JSON, JSONL or CSV."""
    reading = Reading(
        input=("input",),
        expected=("expected_output", "expectedOutput", "expected_outcome"),
        output=("actual_output", "actualOutput"),
        id=("id", "name"),
        metadata=("additional_metadata", "additionalMetadata", "metadata"),
        beside={"retrieval_context": "contexts", "retrievalContext": "contexts"},
        dropped={
            **dict.fromkeys(("tools_called", "expected_tools", "toolsCalled", "expectedTools"), _TOOLS_CALLED),
            **dict.fromkeys(("metricsData", "metrics_data", "success"), _VERDICTS),
        },
        silent=(*_OWN_BOOKS, "source_file", "sourceFile", "_dataset_rank", "_dataset_alias", "_dataset_id"),
    )
    rows = [_scenario(row) for row in rows_in(path)]
    project = project_of("deepeval", name, rows, reading)
    _split_contexts(project)
    if project.cases and all(as_dict(case.get("metadata")).get("contexts") for case in project.cases):
        project.add(path.name, "graders", "the cases have contexts: evalkit:groundedness, as Faithfulness there")
        project.grade("groundedness", {"rubric": "evalkit:groundedness"})
    add_judge(project, path.name, "metrics are in code")
    return _done(project, path)


def _scenario(row: Row) -> Row:
    """A golden of a conversation, whose scenario is the input."""
    if "scenario" in row.fields and "input" not in row.fields:
        return Row(fields={**row.fields, "input": row.fields["scenario"]}, where=row.where)
    return row


def _split_contexts(project: Project) -> None:
    """Contexts of a CSV file, which DeepEval joins with `;` or `|`, as lists."""
    for case in project.cases:
        metadata = as_dict(case.get("metadata"))
        for key in ("contexts", "context"):
            if isinstance(metadata.get(key), str):
                text = str(metadata[key])
                mark = "|" if "|" in text else ";"
                metadata[key] = [part.strip() for part in text.split(mark) if part.strip()]


def read_langsmith(path: Path, name: str) -> Project:
    """Examples of LangSmith: `outputs` of an example are its reference."""
    reading = Reading(
        input=("inputs", "input"),
        expected=("outputs", "reference_outputs", "output", "expected"),
        tags=("split", "splits"),
        silent=_OWN_BOOKS,
        dropped=dict.fromkeys(
            ("attachments", "attachment_urls"), "files of an example are not read; copy them beside it"
        ),
    )
    rows = [_flat_columns(row) for row in rows_in(path)]
    project = project_of("langsmith", name, rows, reading)
    add_judge(project, path.name)
    return _done(project, path)


def _flat_columns(row: Row) -> Row:
    """A row of a CSV file whose columns are `input_question`, `output_answer`, as one of objects."""
    if row.fields.keys() & {"inputs", "input"}:
        return row
    fields: dict[str, Any] = {}
    for key, value in row.fields.items():
        for prefix, name in (
            ("inputs.", "inputs"),
            ("input_", "inputs"),
            ("outputs.", "outputs"),
            ("output_", "outputs"),
        ):
            if key.startswith(prefix):
                fields.setdefault(name, {})[key.removeprefix(prefix)] = value
                break
        else:
            fields[key] = value
    return Row(fields=fields, where=row.where)


def read_langfuse(path: Path, name: str) -> Project:
    """Items of a dataset of Langfuse."""
    reading = Reading(
        input=("input",),
        expected=("expectedOutput", "expected_output"),
        output=("output",),
        silent=(*_OWN_BOOKS, "status"),
    )
    rows = rows_in(path)
    kept = [row for row in rows if text_of(row.fields.get("status")).upper() != "ARCHIVED"]
    project = project_of("langfuse", name, kept, reading)
    if len(kept) < len(rows):
        project.leave_out(path.name, "status", f"{len(rows) - len(kept)} archived items")
    add_judge(project, path.name)
    return _done(project, path)


def read_braintrust(path: Path, name: str) -> Project:
    """Rows of a dataset or of experiments of Braintrust; each experiment is a candidate."""
    reading = Reading(
        input=("input",),
        expected=("expected",),
        output=("output",),
        silent=(
            *_OWN_BOOKS,
            "metrics",
            "context",
            "error",
            "experiment_name",
            "project_name",
            "origin",
            "classifications",
        ),
        dropped={"scores": _VERDICTS, "audit_data": "the history of a row stays behind", "facets": _VERDICTS},
    )
    rows = [
        row for row in rows_in(path) if row.fields.get("is_root") is not False and row.fields.get("input") is not None
    ]
    experiments = {text_of(row.fields.get("experiment_id")) for row in rows}

    def candidate(row: Row) -> str:
        named = text_of(row.fields.get("experiment_name"))
        return named or (text_of(row.fields.get("experiment_id"))[:12] if len(experiments) > 1 else "experiment")

    experiment = any(row.fields.get("output") is not None for row in rows)
    project = project_of("braintrust", name, rows, reading, candidate=candidate if experiment else None)
    add_judge(project, path.name, "scorers are in code")
    return _done(project, path)


def read_mlflow(path: Path, name: str) -> Project:
    """Records of an evaluation dataset of MLflow, or the table that an evaluation logged."""
    reading = Reading(
        input=("inputs", "request", "input", "question"),
        expected=("expectations", "targets", "target", "ground_truth", "expected_response"),
        output=("outputs", "response", "predictions", "prediction"),
        id=("id", "dataset_record_id", "request_id"),
        metadata=("metadata",),
        silent=(*_OWN_BOOKS, "trace", "trace_id", "source", "source_type", "source_id", "assessments"),
    )
    rows = [_without_verdicts(row) for row in rows_in(path)]
    project = project_of("mlflow", name, rows, reading)
    for case in project.cases:
        _reference(case)
    if any("/" in key for row in rows_in(path)[:1] for key in row.fields):
        project.leave_out(path.name, "columns of metrics", _VERDICTS)
    add_judge(project, path.name, "scorers are in code")
    return _done(project, path)


def _without_verdicts(row: Row) -> Row:
    """A row of a logged table without its columns of metrics, as `toxicity/v1/score`."""
    fields = {key: value for key, value in row.fields.items() if "/" not in key}
    tags = fields.get("tags")
    if is_dict(tags):
        fields["tags"] = [f"{key}:{text_of(value)}" for key, value in as_dict(tags).items()]
    return Row(fields=fields, where=row.where)


def _reference(case: dict[str, Any]) -> None:
    """The expected response of expectations; the others become metadata, where a rubric can print them."""
    expectations = case.get("expected")
    if not is_dict(expectations):
        return
    given = as_dict(expectations)
    for key in ("expected_response", "expected_facts", "ground_truth", "answer"):
        if key in given and (isinstance(given[key], str) or is_list(given[key])):
            case["expected"] = given[key]
            others = {name: value for name, value in given.items() if name != key}
            if others:
                case["metadata"] = {**as_dict(case.get("metadata")), "expectations": others}
            return


def _done(project: Project, path: Path) -> Project:
    add_candidate(project, path.name)
    return project

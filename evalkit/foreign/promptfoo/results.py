"""Promptfoo's results: the outputs that were made, one candidate per provider and prompt; the tests are in them too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from evalkit.foreign.project import Project, Recorded, fresh, printed
from evalkit.foreign.promptfoo.config import grade
from evalkit.foreign.promptfoo.tests import TestReader
from evalkit.foreign.source import Document, as_dict, as_list, is_list, text_of, wrong
from evalkit.foreign.text import is_template

_LONGEST_LABEL: Final = 30


def rows_of(value: Any) -> list[dict[str, Any]]:
    """The rows of a results file, of today's form or an older one; empty where it is none."""
    results = as_dict(value).get("results")
    rows = as_dict(results).get("results") if isinstance(results, dict) else results
    found = [as_dict(row) for row in as_list(rows)] if is_list(rows) else []
    return found if found and all("provider" in row and ("response" in row or "error" in row) for row in found) else []


def read_results(results: Document, root: Path, name: str) -> Project:
    """The project of a results file.

    Raises:
        DatasetError: no row has an output.
    """
    config = as_dict(as_dict(results.value).get("config"))
    project = Project(tool="promptfoo", name=printed(str(config.get("description") or "")) or name)
    rows = rows_of(results.value)
    names = _names(rows)
    seen: dict[str, int] = {}
    tests: list[dict[str, Any]] = []
    outputs: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for row in rows:
        test = as_dict(row.get("testCase")) or {}
        variables = as_dict(row.get("vars")) or as_dict(test.get("vars"))
        key = text_of(row["testIdx"]) if "testIdx" in row else text_of(variables)
        if key not in seen:
            seen[key] = len(tests)
            tests.append(
                {**test, "vars": variables, "options": {**as_dict(test.get("options")), "disableVarExpansion": True}}
            )
        candidate = names[_provider(row), _prompt(row)]
        found = _output(row)
        if found is None:
            project.leave_out(results.name, f"test {key}", f"{candidate} has no output: {_error(row)}")
            continue
        outputs.setdefault(candidate, []).append((seen[key], found))
    if not outputs:
        raise wrong(results.name, "no row has an output", "export an evaluation that has run")
    whole = Document({"tests": _plain(tests)}, results.name)
    made = TestReader(whole, root, project).read()
    grade(project, made, root)
    for candidate, found in outputs.items():
        own: dict[str, dict[str, Any]] = {}
        for index, output in found:
            case = made[index].id
            if case in own:
                project.leave_out(results.name, f"{candidate}: {case}", "is repeated; the first output is kept")
            own.setdefault(case, {"id": case, **output})
        project.recorded.append(Recorded(name=candidate, rows=list(own.values())))
    why = "promptfoo's own verdicts stay behind: evalkit scores the outputs again"
    project.leave_out(results.name, "gradingResult", why)
    return project


def _plain(tests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tests without what a results file adds to them."""
    keep = ("vars", "assert", "description", "metadata", "threshold")
    for test in tests:
        test["options"] = {"disableVarExpansion": True}
    return [{key: test[key] for key in (*keep, "options") if test.get(key) is not None} for test in tests]


def _provider(row: Mapping[str, Any]) -> str:
    fields = as_dict(row.get("provider"))
    return printed(str(fields.get("label") or fields.get("id") or "") if fields else text_of(row.get("provider")))


def _prompt(row: Mapping[str, Any]) -> str:
    prompt = as_dict(row.get("prompt"))
    return text_of(row.get("promptIdx", prompt.get("label") or prompt.get("raw")))


def _names(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """A name for each provider and prompt: the provider's, and the prompt's label or number where it has several."""
    prompts: dict[str, dict[str, str]] = {}
    for row in rows:
        label = str(as_dict(row.get("prompt")).get("label") or "")
        short = label if label and len(label) <= _LONGEST_LABEL and not is_template(label) and "\n" not in label else ""
        prompts.setdefault(_provider(row), {}).setdefault(_prompt(row), short)
    names: dict[tuple[str, str], str] = {}
    for provider, labels in prompts.items():
        for number, (prompt, label) in enumerate(labels.items(), start=1):
            name = f"{provider} {label or f'prompt {number}'}" if len(labels) > 1 else provider
            names[provider, prompt] = fresh(name, names.values())
    return names


def _error(row: Mapping[str, Any]) -> str:
    return text_of(row.get("error") or as_dict(row.get("response")).get("error"))[:120] or "no error is given"


def _output(row: Mapping[str, Any]) -> dict[str, Any] | None:
    response = as_dict(row.get("response"))
    output = response.get("output")
    if output is None:
        return None
    found: dict[str, Any] = {"output": text_of(output)}
    cost, latency = row.get("cost", response.get("cost")), row.get("latencyMs")
    if isinstance(cost, int | float) and not isinstance(cost, bool) and cost > 0:
        found["cost_usd"] = cost
    if isinstance(latency, int | float) and not isinstance(latency, bool) and latency > 0:
        found["seconds"] = latency / 1000
    return found

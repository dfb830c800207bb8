"""A hosted eval as a project: its items are the cases, its criteria the graders, its runs the candidates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from evalkit.errors import UsageError
from evalkit.foreign.chat import Turn, assembled, content, turns_of
from evalkit.foreign.openai.criteria import Criteria, dumped, referred
from evalkit.foreign.openai.fields import VARIABLE, Fields
from evalkit.foreign.openai.objects import Found, Objects
from evalkit.foreign.project import DEFAULT_MODEL, Generated, Project, Recorded, fresh, printed, slug
from evalkit.foreign.rubrics import static
from evalkit.foreign.source import as_dict, as_list, text_of, wrong


def read_hosted(found: Objects, path: Path, name: str) -> Project:
    """The project of the objects of one eval.

    Raises:
        UsageError: there are several evals.
        DatasetError: there is no item in any of them.
    """
    evaluation, where = _one_eval(found, path)
    criteria = [as_dict(one) for one in as_list(evaluation.get("testing_criteria"))]
    project = Project(tool="openai-evals", name=printed(str(evaluation.get("name") or "")) or name)
    runs = sorted((run for run, _ in found.runs), key=lambda run: str(run.get("created_at") or ""))
    rows = [*_output_rows(found.output_items), *_given_rows(found.items), *_source_rows(runs)]
    if not rows:
        mend = "save the output items of its runs, or the file of items, beside it"
        raise wrong(where, "there is no item in these files", mend)
    ids, items = _items(rows)
    templates = [template for run in runs if (template := _template(run))]
    texts = [text for turns in templates for _, text in turns]
    asked = [hit[1].split(".")[1] for text in texts for hit in VARIABLE.finditer(text) if hit[1].startswith("item.")]
    fields = Fields.of(items, referred(criteria), list(dict.fromkeys(asked)))
    cases = [fields.case(item) for item in items]
    Criteria(project, fields, items, cases).grade(criteria, lambda index: f"{where}: testing_criteria[{index}]")
    project.cases += [{"id": case_id, **case} for case_id, case in zip(ids, cases, strict=True)]
    _record(project, rows, dict(zip(map(dumped, items), ids, strict=True)), {str(run.get("id")): run for run in runs})
    _default_grader(project, where, fields)
    if not project.recorded:
        _generate(project, where, runs, templates, fields)
    if any(as_list(row.get("results")) for row, _ in found.output_items):
        why = "the platform's verdicts stay behind: evalkit scores the outputs again"
        project.leave_out(where, "results", why)
    return project


def _one_eval(found: Objects, path: Path) -> Found:
    if len(found.evals) > 1:
        names = ", ".join(f"{one.get('name') or one.get('id')}" for one, _ in found.evals[:5])
        raise UsageError(f"{path} holds {len(found.evals)} evals ({names}); import a file or folder of each by itself")
    return found.evals[0] if found.evals else ({}, path.name)


Row = dict[str, Any]
"""`item`, and where there is one `output`, with the `run` that made it and what is known beside."""


def _output_rows(found: Sequence[Found]) -> Iterable[Row]:
    for one, where in sorted(found, key=lambda pair: str(pair[0].get("datasource_item_id", "")).zfill(12)):
        sample = as_dict(one.get("sample"))
        item = as_dict(one.get("datasource_item"))
        yield {
            "item": as_dict(item.get("item")) or item,
            "run": str(one.get("run_id") or ""),
            "model": str(sample.get("model") or ""),
            "error": text_of(as_dict(sample.get("error")).get("message") or ""),
            "output": _answer(sample),
            "usage": _usage(as_dict(sample.get("usage"))),
            "where": where,
        }


def _given_rows(found: Sequence[Found]) -> Iterable[Row]:
    for one, where in found:
        sample = as_dict(one.get("sample"))
        row: Row = {"item": as_dict(one.get("item")), "where": where}
        yield {**row, "output": _answer(sample), "model": str(sample.get("model") or "")} if sample else row


def _source_rows(runs: Sequence[Mapping[str, Any]]) -> Iterable[Row]:
    for run in runs:
        source = as_dict(as_dict(run.get("data_source")).get("source"))
        rows = [(as_dict(row), f"run {run.get('id')}") for row in as_list(source.get("content"))]
        for row in _given_rows([one for one in rows if as_dict(one[0].get("item"))]):
            yield {**row, "run": str(run.get("id") or "")}


def _answer(sample: Mapping[str, Any]) -> str | None:
    """The text that was sampled; None where nothing was."""
    if isinstance(sample.get("output_text"), str):
        return str(sample["output_text"])
    turns = [turn for turn in as_list(sample.get("output")) if as_dict(turn).get("role", "assistant") == "assistant"]
    texts = [content(turn) if as_dict(turn) else text_of(turn) for turn in turns]
    return "\n".join(texts) if texts else None


def _usage(usage: Mapping[str, Any]) -> dict[str, int]:
    names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
    return {ours: usage[theirs] for theirs, ours in names.items() if isinstance(usage.get(theirs), int)}


def _items(rows: Sequence[Row]) -> tuple[list[str], list[dict[str, Any]]]:
    """The distinct items in their order, and an id for each: its own where it has one."""
    items = list({dumped(row["item"]): row["item"] for row in rows if row["item"]}.values())
    own = [str(item.get("id") or item.get("item_id") or "") for item in items]
    if all(own) and len(set(own)) == len(own):
        return own, items
    return [f"item-{number}" for number in range(1, len(items) + 1)], items


def _template(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The messages that a run sampled outputs of, each with its role."""
    messages = as_dict(as_dict(run.get("data_source")).get("input_messages"))
    return turns_of(messages.get("template")) if messages.get("template") else []


def _record(
    project: Project, rows: Sequence[Row], ids: Mapping[str, str], runs: Mapping[str, Mapping[str, Any]]
) -> None:
    by_run: dict[str, dict[str, dict[str, Any]]] = {}
    models: dict[str, str] = {}
    for row in rows:
        run, case_id = str(row.get("run") or ""), ids.get(dumped(row["item"]))
        if case_id is None or row.get("output") is None:
            if row.get("error"):
                project.leave_out(row["where"], f"output of {case_id}", f"there is none: {row['error'][:120]}")
            continue
        models.setdefault(run, str(row.get("model") or ""))
        known = {"usage": row["usage"]} if row.get("usage") else {}
        if case_id in by_run.setdefault(run, {}):
            if by_run[run][case_id]["output"] != row["output"]:
                project.leave_out(row["where"], f"output of {case_id}", "is repeated; the first output is kept")
            continue
        by_run[run][case_id] = {"id": case_id, "output": row["output"], **known}
    for run in sorted(by_run, key=lambda one: list(runs).index(one) if one in runs else -1):
        about = runs.get(run, {})
        name = str(about.get("name") or about.get("model") or models[run] or "recorded")
        free = fresh(printed(name), (one.name for one in project.recorded))
        project.recorded.append(Recorded(name=free, rows=list(by_run[run].values())))


def _default_grader(project: Project, where: str, fields: Fields) -> None:
    if not project.graders:
        rubric = "evalkit:correctness" if fields.reference is not None else "evalkit:relevance"
        project.add(where, "graders", f"no criterion could be carried over: {rubric} judges the outputs")
        project.grade(rubric.partition(":")[2], {"rubric": rubric})


def _generate(
    project: Project,
    where: str,
    runs: Sequence[Mapping[str, Any]],
    templates: Sequence[Sequence[tuple[str, str]]],
    fields: Fields,
) -> None:
    """A candidate that evalkit runs, where no output was recorded."""
    prompt = "{{ input }}\n"
    if templates:
        turns = [
            Turn(role=role, text=_prompt(text, fields), fixed=not VARIABLE.search(text)) for role, text in templates[-1]
        ]
        prompt = assembled(turns, project, where)
    model = next((text_of(run.get("model")) for run in reversed(runs) if run.get("model")), "")
    instead = f"; there it was {model}" if model else ""
    project.add(where, "candidates", f"no output was recorded: {DEFAULT_MODEL} answers the prompt{instead}")
    project.generated.append(Generated(name=slug(DEFAULT_MODEL), model=DEFAULT_MODEL, prompt=prompt))


def _prompt(text: str, fields: Fields) -> str:
    """A message as a template over the fields of a case; what is no variable of an item is text."""
    parts: list[str] = []
    last = 0
    for hit in VARIABLE.finditer(text):
        member = hit[1].split(".")[1] if hit[1].startswith("item.") else ""
        parts += [static(text[last : hit.start()]), f"{{{{ {fields.expression(member)} }}}}" if member else ""]
        last = hit.end()
    return "".join([*parts, static(text[last:])])

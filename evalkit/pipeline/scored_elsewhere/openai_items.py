"""Output items of a hosted eval in evalkit's words: items are cases, the model is the candidate.

The shape is that of `GET /evals/{eval_id}/runs/{run_id}/output_items` of the OpenAI API: one list object, or one item
to a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from evalkit.dataset import Case, OutputFacts
from evalkit.dataset.case import Json
from evalkit.errors import UsageError
from evalkit.pipeline.scored_elsewhere.foreign import Epochs, Foreign, Scorer, Subject
from evalkit.pipeline.scored_elsewhere.observed import Observed, observed
from evalkit.pipeline.scored_elsewhere.tidy import given, read_json, reference, rows, table, text, tidy
from evalkit.score import Status

_OBJECT: Final = "eval.run.output_item"
_UNIQUE: Final = re.compile(r"-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_TOKENS: Final = {
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
    "cached_tokens": "cache_read_tokens",
}
_REFERENCES: Final = ("ideal", "expected", "reference", "answer", "correct_label", "ground_truth")


def read_items(path: Path) -> tuple[list[Foreign], list[str]]:
    """What items hold, and what a person should know of them.

    Raises:
        UsageError: they cannot be read, or are none.
    """
    found = list(_items(path))
    if not found:
        raise UsageError(f"{path} holds no output items; there is nothing to import")
    by_run: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for item in found:
        model = text(table(item.get("sample")).get("model") or "unknown model")
        by_run.setdefault((text(item.get("run_id") or path.stem), model), []).append(item)
    return [_foreign(path, run, model, items) for (run, model), items in by_run.items()], []


def _items(path: Path) -> Iterator[dict[str, Any]]:
    raw = path.read_bytes()
    try:
        documents = [read_json(raw, dict[str, Any], path)]
    except UsageError:
        lines = (line for line in raw.splitlines() if line.strip())
        documents = [read_json(line, dict[str, Any], f"{path}:{n}") for n, line in enumerate(lines, 1)]
    for document in documents:
        for item in rows(document.get("data")) or [document]:
            if table(item).get("object") == _OBJECT:
                yield table(item)


def _foreign(path: Path, run: str, model: str, items: Sequence[dict[str, Any]]) -> Foreign:
    names = dict.fromkeys(_name(table(result)) for item in items for result in rows(item.get("results")))
    evaluation = text(items[0].get("eval_id") or path.stem)
    seconds = min((item["created_at"] for item in items if isinstance(item.get("created_at"), int)), default=0)
    return Foreign(
        path=path,
        suite=evaluation,
        dataset_name=evaluation,
        candidate=model,
        source=f"output items {path.name} of run {run}",
        label=run,
        created_at=datetime.fromtimestamp(seconds, UTC),
        subjects=tuple(_subject(item) for item in _firsts(items)),
        scorers=tuple(_scorer(name, items) for name in names),
    )


def _firsts(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first item of each case; more are further samples of it."""
    found: dict[str, dict[str, Any]] = {}
    for item in items:
        found.setdefault(_case_id(item), item)
    return list(found.values())


def _case_id(item: dict[str, Any]) -> str:
    return str(item.get("datasource_item_id", item.get("id")))


def _subject(item: dict[str, Any]) -> Subject:
    row, sample = table(tidy(item.get("datasource_item"))), table(item.get("sample"))
    row = table(row.get("item")) or row
    asked = row.get("input") or _messages(sample) or row
    case = Case(
        id=_case_id(item),
        input=given(asked),
        expected=reference(next((row[name] for name in _REFERENCES if row.get(name) is not None), None)),
        metadata={name: value for name, value in row.items() if name not in ("input", *_REFERENCES)},
    )
    said = [table(message) for message in rows(sample.get("output"))]
    output = "\n".join(text(message.get("content") or "") for message in said) if said else None
    return Subject(case=case, output=output, facts=_facts(sample))


def _messages(sample: dict[str, Any]) -> list[Json]:
    return [
        {"role": text(table(message).get("role") or "user"), "content": text(table(message).get("content") or "")}
        for message in rows(sample.get("input"))
    ]


def _facts(sample: dict[str, Any]) -> OutputFacts | None:
    usage = table(sample.get("usage"))
    counts = {_TOKENS[name]: n for name, n in usage.items() if name in _TOKENS and isinstance(n, int) and n >= 0}
    return OutputFacts(usage=counts) if counts else None


def _name(result: dict[str, Any]) -> str:
    """The name of a grader, without the unique id that the API appends to it."""
    return _UNIQUE.sub("", text(result.get("name") or "grader"))


def _scorer(name: str, items: Sequence[dict[str, Any]]) -> Scorer:
    said: dict[str, list[Observed]] = {}
    kinds: set[str] = set()
    for item in items:
        result = next((table(one) for one in rows(item.get("results")) if _name(table(one)) == name), None)
        kinds |= {text(result["type"])} if result and result.get("type") else set()
        said.setdefault(_case_id(item), []).append(_observed(item, result))
    kind = {"type": ", ".join(sorted(kinds))} if kinds else {}
    cells = {case_id: Epochs(each=tuple(each)) for case_id, each in said.items()}
    return Scorer(name=name, scored_by={"tool": "openai evals", "scorer": name, **kind}, said={name: cells})


def _observed(item: dict[str, Any], result: dict[str, Any] | None) -> Observed:
    error = table(table(item.get("sample")).get("error"))
    if error.get("message"):
        return Observed(status=Status.ERRORED, reason=text(error["message"]))
    if result is None:
        return Observed(status=Status.MISSING, reason="the item has no result of this grader")
    failed = table(table(result.get("sample")).get("error")).get("message")
    if failed:
        return Observed(status=Status.ERRORED, reason=text(failed))
    passed = result.get("passed")
    score = result.get("score", passed)
    return observed(score, None if passed is None else "passed" if passed else "not passed")

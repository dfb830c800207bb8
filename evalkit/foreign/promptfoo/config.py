"""A promptfoo config as a project: its tests become cases, its assertions graders, its providers candidates."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from evalkit.foreign.project import DEFAULT_MODEL, Generated, Project, Recorded, fresh, printed
from evalkit.foreign.promptfoo.coded import Coded
from evalkit.foreign.promptfoo.judged import Judged
from evalkit.foreign.promptfoo.prompts import Prompt, ported, read_prompts
from evalkit.foreign.promptfoo.test import Test
from evalkit.foreign.promptfoo.tests import TestReader
from evalkit.foreign.source import Document, as_dict, as_list, text_of, wrong

_CLAUDE: Final = re.compile(r"anthropic:(?:messages:|completion:)?(claude-[\w.@-]+)")
_READ: Final = ("description", "prompts", "providers", "targets", "tests", "scenarios", "defaultTest")
_SILENT: Final = ("$schema", "assertionTemplates", "definitions")
_CONFIG_KEYS: Final = ("max_tokens",)


def read_config(config: Document, root: Path, name: str) -> Project:
    """The project of a promptfoo config.

    Raises:
        DatasetError: it has no tests.
    """
    given = as_dict(config.value)
    project = Project(tool="promptfoo", name=printed(str(given.get("description") or "")) or name)
    for key in given:
        if key not in _READ and key not in _SILENT:
            project.leave_out(config.at(key), key, "has no equal here")
    reader = TestReader(config, root, project)
    tests = reader.read()
    if not tests:
        raise wrong(config.at("tests"), "there are no tests that can be carried over", _why_none(project))
    project.judge = _judge(reader.default) or project.judge
    fields = grade(project, tests, root)
    _recorded(project, tests)
    _candidates(project, config, read_prompts(config, root, project), fields)
    return project


def _why_none(project: Project) -> str:
    notes = [f"{note.where}: {note.why}" for note in project.notes if note.field == "tests"]
    return "; ".join(notes[:3]) or "write tests with `vars` and `assert`"


def grade(project: Project, tests: Sequence[Test], root: Path) -> Mapping[str, str]:
    """Add the cases and the graders of some tests; returns where a prompt finds each variable."""
    coded = Coded(project, tests, root)
    coded.grade()
    judged = Judged(project, tests, coded.expected)
    judged.grade()
    names = list(dict.fromkeys(name for test in tests for name in test.variables))
    aside = ["context"] if judged.needs_context else []
    shown = [name for name in names if name not in aside]
    single = shown[0] if len(shown) == 1 and all(_is_text(test.variables.get(shown[0])) for test in tests) else None
    for test, own, criteria, expected in zip(tests, coded.metadata, judged.metadata, judged.expected, strict=True):
        metadata = {**{name: test.variables[name] for name in aside}, **_safe(test.metadata), **own, **criteria}
        if single is not None and any("def _context" in text for text in project.files.values()):
            metadata["vars"] = dict(test.variables)
        given = {name: test.variables.get(name, "") for name in shown}
        case: dict[str, Any] = {
            "id": test.id,
            "input": given[single] if single else given or test.description or test.id,
        }
        case |= {"expected": expected} if expected is not None else {}
        case |= {"metadata": metadata} if metadata else {}
        project.cases.append(case)
    if not project.graders:
        project.add(project.name, "graders", "no assertion could be carried over: evalkit:relevance judges the outputs")
        project.grade("relevance", {"rubric": "evalkit:relevance"})
    return {
        **{name: f"metadata.{name}" for name in aside},
        **{name: "input" if single else f"input.{name}" for name in shown},
    }


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _safe(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of a test, without the names that its assertions are kept under."""
    return {key: value for key, value in metadata.items() if key not in {"assert", "threshold", "vars"}}


def _recorded(project: Project, tests: Sequence[Test]) -> None:
    rows = [{"id": test.id, "output": test.output} for test in tests if test.output is not None]
    if rows:
        project.recorded.append(Recorded(name="recorded", rows=rows))


def _judge(default: Mapping[str, Any]) -> str | None:
    """The model that `defaultTest` grades with, where it is one of Anthropic's."""
    provider = as_dict(default.get("options")).get("provider")
    if isinstance(provider, dict):
        provider = as_dict(provider).get("text") or as_dict(provider).get("id")
    return _model(provider)


def _model(provider: Any) -> str | None:
    given = as_dict(provider).get("id") if isinstance(provider, dict) else provider
    hit = _CLAUDE.fullmatch(str(given or ""))
    return hit[1] if hit else None


def _candidates(project: Project, config: Document, prompts: Sequence[Prompt], fields: Mapping[str, str]) -> None:
    rename: Callable[[str], str | None] = fields.get
    texts = [(prompt, text) for prompt in prompts if (text := ported(prompt, rename, project)) is not None]
    key = "targets" if "targets" in as_dict(config.value) else "providers"
    others: list[str] = []
    for index, provider in enumerate(as_list(as_dict(config.value).get(key))):
        where = config.at(key, index)
        model = _model(_flat(provider))
        if model is None:
            others.append(_label(_flat(provider)))
            project.leave_out(
                where, key, f"{_label(_flat(provider))} is no model that evalkit runs; record its outputs"
            )
            continue
        _generate(project, model, _flat(provider), where, texts)
    if project.generated or project.recorded:
        return
    if not texts:
        what = "no prompt or output can be carried over, and a project needs a candidate: its prompt is the input alone"
        project.add(config.at("prompts"), "candidates", what)
        texts = [(Prompt(label="", source="", where=config.name), "{{ input }}\n")]
    why = (
        f"none of the providers is one that evalkit runs: {DEFAULT_MODEL} answers the prompts until you record outputs"
    )
    project.add(config.at(key), "candidates", why)
    _generate(project, DEFAULT_MODEL, {}, config.at(key), texts)


def _flat(provider: Any) -> Any:
    """A provider as an object; of the form {id: settings} too."""
    fields = as_dict(provider)
    if len(fields) == 1 and "id" not in fields:
        ((name, settings),) = fields.items()
        return {"id": name, **as_dict(settings)}
    return provider


def _label(provider: Any) -> str:
    fields = as_dict(provider)
    return str(fields.get("label") or fields.get("id") or "") if fields else text_of(provider)


def _generate(project: Project, model: str, provider: Any, where: str, texts: Sequence[tuple[Prompt, str]]) -> None:
    fields = as_dict(provider)
    settings = as_dict(fields.get("config"))
    for key in sorted(settings.keys() - set(_CONFIG_KEYS)):
        project.leave_out(where, f"config: {key}", "a candidate has a model, a prompt, max_tokens and effort")
    for key in sorted(fields.keys() - {"id", "label", "config"}):
        project.leave_out(where, key, "has no equal here")
    limit = settings.get("max_tokens")
    for number, (prompt, text) in enumerate(texts, start=1):
        stem = str(fields.get("label") or model)
        name = f"{stem}-{prompt.label or f'prompt-{number}'}" if len(texts) > 1 else stem
        taken = [one.name for one in (*project.generated, *project.recorded)]
        project.generated.append(
            Generated(
                name=fresh(name, taken),
                model=model,
                prompt=text,
                max_tokens=limit if isinstance(limit, int) and limit > 0 else None,
            )
        )

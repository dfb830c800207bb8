"""Evals of OpenAI's `evals` package: a YAML of its registry with the samples that it names, or samples alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

from evalkit.errors import DatasetError
from evalkit.foreign.openai.criteria import MODULE
from evalkit.foreign.project import Project, printed, slug
from evalkit.foreign.rows import Reading, Row, add_candidate, add_judge, project_of, rows_in
from evalkit.foreign.rubrics import referring_rubric
from evalkit.foreign.source import Document, OutsideError, as_dict, as_list, document, inside, read_text, text_of, wrong

_READING: Final = Reading(input=("input", "question", "problem"), expected=("ideal",), output=("completion",))
_PLACEHOLDER: Final = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
_FACT: Final = {"A": 0.5, "B": 1, "C": 1, "D": 0, "E": 1}
"""What the choices of `fact` are worth: a subset is partial, a disagreement nothing."""
_WORTH: Final = {"y": 1, "n": 0, "yes": 1, "no": 0, "true": 1, "false": 0, "correct": 1, "incorrect": 0}
_CODED: Final[Mapping[str, dict[str, Any]]] = {
    "Match": {"check": "python", "function": f"{MODULE}:match"},
    "FuzzyMatch": {"check": "python", "function": f"{MODULE}:fuzzy_match"},
    "JsonMatch": {"check": "python", "function": f"{MODULE}:json_match"},
    "Includes": {"check": "includes"},
    "JsonValidator": {"check": "json_valid"},
    "Translate": {"check": "bleu"},
}


def read_samples(path: Path, name: str) -> Project:
    """The project of samples alone."""
    project = project_of("openai-evals", name, rows_in(path), _READING)
    if project.cases and all("expected" in case for case in project.cases):
        project.add(path.name, "graders", "samples name no class of eval: `includes` looks for an ideal answer")
        project.grade("includes", {"check": "includes"})
    else:
        add_judge(project, path.name, "samples name no class of eval")
    add_candidate(project, path.name)
    return project


def read_registry(path: Path, name: str) -> Project:
    """The project of a YAML of the registry.

    Raises:
        DatasetError: it names no eval, several with samples of their own, or samples that are not there.
    """
    registry = document(path)
    evals = _evals(registry)
    if not evals:
        raise wrong(path.name, "names no eval with a class and samples", "name a file of registry/evals")
    samples = {text_of(as_dict(one.get("args")).get("samples_jsonl")) for one in evals.values()}
    if len(samples) != 1:
        names = ", ".join(list(evals)[:6])
        raise wrong(
            path.name, f"has {len(evals)} evals with samples of their own ({names})", "keep one of them in a copy"
        )
    root = path.resolve().parent
    root = root.parent if root.name == "evals" else root
    renamed = as_dict(as_dict(next(iter(evals.values())).get("args")).get("samples_renamings"))
    data = _samples(root, samples.pop(), registry.at())
    rows = [
        Row(fields={renamed.get(key, key): value for key, value in row.fields.items()}, where=row.where) for row in data
    ]
    project = project_of("openai-evals", printed(next(iter(evals)).split(".")[0]) or name, rows, _READING)
    for own, one in evals.items():
        _grade(project, root, registry, own, one)
    if not project.graders:
        add_judge(project, path.name, "no class of eval could be carried over")
    if any(str(grader.keys.get("function", "")).startswith(MODULE) for grader in project.graders):
        source = resources.files("evalkit.foreign.openai").joinpath("functions.py").read_text(encoding="utf-8")
        project.file(f"{MODULE}.py", source)
    add_candidate(project, path.name)
    return project


def _evals(registry: Document) -> dict[str, dict[str, Any]]:
    """The evals that have a class; of several versions those that a name without a class points to."""
    entries = {name: as_dict(one) for name, one in as_dict(registry.value).items()}
    whole = {name: one for name, one in entries.items() if one.get("class")}
    pointed = {str(one.get("id")) for one in entries.values() if one.get("id") and not one.get("class")}
    return {name: one for name, one in whole.items() if name in pointed} or whole


def _samples(root: Path, named: str, where: str) -> list[Row]:
    for folder in (root / "data", root):
        try:
            path = inside(folder, named)
        except OutsideError as error:
            raise wrong(where, str(error), "copy the samples below the registry", "samples_jsonl") from error
        except DatasetError:
            continue
        if read_text(path).startswith("version https://git-lfs"):
            raise wrong(named, "is a pointer of Git LFS, not the samples", "run `git lfs pull` there first")
        return rows_in(path)
    raise wrong(
        where, f"there are no samples {named!r} in data/", "copy them there, or import the samples", "samples_jsonl"
    )


def _grade(project: Project, root: Path, registry: Document, name: str, one: dict[str, Any]) -> None:
    where, args = registry.at(name, "class"), as_dict(one.get("args"))
    kind = str(one.get("class")).rpartition(":")[2]
    for key in sorted(args.keys() & {"few_shot_jsonl", "num_few_shot"}):
        project.leave_out(registry.at(name, "args", key), key, "write the examples into the prompt or the samples")
    if kind == "ModelBasedClassify":
        _classify(project, root, registry, name, args)
    elif kind in _CODED:
        folded = {"ignore_case": True} if kind == "Includes" and args.get("ignore_case") else {}
        project.grade(kind.lower() if kind in {"Match", "Includes"} else slug(kind), {**_CODED[kind], **folded})
    else:
        project.leave_out(where, "class", f"{kind} has no equal here")


def _classify(project: Project, root: Path, registry: Document, name: str, args: dict[str, Any]) -> None:
    where = registry.at(name, "args")
    named = str(args.get("modelgraded_spec") or args.get("modelgraded_spec_file") or "").removesuffix(".yaml")
    if (args.get("multicomp_n") or 1) != 1:
        project.leave_out(where, named, "compares several completions with each other")
        return
    try:
        spec = _spec(root, named)
        labels = _labels(spec, named, project, where)
    except (OutsideError, DatasetError, ValueError) as error:
        project.leave_out(where, named or "modelgraded_spec", str(error))
        return
    for key in ("eval_type", "metaeval"):
        if args.get(key) and key == "metaeval":
            project.leave_out(where, key, "labels of people are held against the judge's by `evalkit agree`")
    given = {**as_dict(spec.get("args")), **as_dict(args.get("modelgraded_spec_args"))}
    several = next((key for key, value in given.items() if as_dict(value)), None)
    for own, text in as_dict(given[several]).items() if several else [("", None)]:
        fixed = {**given, **({several: text} if several else {})}
        shown: dict[str, str] = {}
        prompt = _PLACEHOLDER.sub(
            lambda hit, fixed=fixed, shown=shown: _placed(hit[1], fixed, shown, project), _prompt(spec)
        )
        shown.setdefault("output", "output")
        file = project.file(f"{slug(own or named) or 'rubric'}.md.j2", referring_rubric(prompt, shown))
        project.grade(own or named, {"rubric": file, "labels": labels})


def _prompt(spec: Mapping[str, Any]) -> str:
    prompt = spec.get("prompt")
    return "\n\n".join(text_of(as_dict(turn).get("content", turn)) for turn in as_list(prompt))


def _placed(name: str, fixed: Mapping[str, Any], shown: dict[str, str], project: Project) -> str:
    """What stands for a placeholder: a fixed text, or the name of a part of the case."""
    if isinstance(fixed.get(name), str):
        return str(fixed[name])
    if name in {"completion", "completion1"}:
        shown["output"] = "output"
        return "`output`"
    if name in {"input", "ideal"}:
        ours = "input" if name == "input" else "expected"
        shown[ours] = ours
        return f"`{ours}`"
    if all(name in as_dict(case.get("metadata")) for case in project.cases):
        shown[name] = f"metadata.{name}"
        return f"`{name}`"
    return f"{{{name}}}"


def _spec(root: Path, named: str) -> dict[str, Any]:
    for folder in (root / "modelgraded", root):
        try:
            found = as_dict(document(inside(folder, f"{named}.yaml")).value)
        except DatasetError:
            continue
        spec = found if "prompt" in found else as_dict(found.get(named))
        if "prompt" in spec:
            return spec
    raise ValueError(f"there is no modelgraded/{named}.yaml with a prompt beside the registry")


def _labels(spec: Mapping[str, Any], named: str, project: Project, where: str) -> dict[str, float]:
    """The choices of a spec with their values from 0 to 1.

    Raises:
        ValueError: it does not say what they are worth.
    """
    given = spec.get("choice_strings")
    choices = [printed(text_of(one)) for one in (list(given) if isinstance(given, str) else as_list(given))]
    if len(choices) < 2 or given in {"from_n", "from_n_abc", "from_n_ABC"}:
        raise ValueError("its choices are not written down")
    scores = spec.get("choice_scores")
    if scores == "from_strings":
        found = {one: float(one) for one in choices if re.fullmatch(r"-?\d+(\.\d+)?", one)}
    elif as_dict(scores):
        found = {printed(text_of(key)): float(value) for key, value in as_dict(scores).items()}
    elif named == "fact" and choices == list(_FACT):
        project.change(
            where, named, "its choices have no scores; here A (a subset) is worth 0.5, D nothing, the others 1"
        )
        found = dict(_FACT)
    else:
        found = {one: float(_WORTH[one.lower()]) for one in choices if one.lower() in _WORTH}
    if set(found) != set(choices):
        raise ValueError("it has no choice_scores that say what each choice is worth")
    low, high = min(found.values()), max(found.values())
    if low < 0 or high > 1:
        project.change(where, named, f"scores from {low:g} to {high:g} become values from 0 to 1")
        return {one: (value - low) / (high - low) for one, value in found.items()}
    return found

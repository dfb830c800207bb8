"""Promptfoo's tests: inline, or in files of YAML, JSON, JSONL and CSV; with `defaultTest`, matrices and scenarios."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from evalkit.errors import DatasetError
from evalkit.foreign.project import Project, slug
from evalkit.foreign.promptfoo.assertions import from_cell, read
from evalkit.foreign.promptfoo.test import Test
from evalkit.foreign.source import (
    Document,
    OutsideError,
    as_dict,
    as_list,
    document,
    inside,
    is_dict,
    read_text,
    rows_of_csv,
)
from evalkit.foreign.text import TemplateError, filled

_MOST_TESTS: Final = 200_000
_KNOWN: Final = ("vars", "assert", "description", "metadata", "threshold", "options", "providerOutput")
_KNOWN_COLUMN: Final = re.compile(
    r"__(expected\d*|metric|metadata:.*|config:__expected\d*:threshold|prefix|suffix|threshold|description|providerOutput)$"
)
_DATA: Final = (".yaml", ".yml", ".json", ".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A test as it is written, before its variables are combined."""

    fields: dict[str, Any]
    where: Callable[..., str]


class TestReader:
    """Reads the tests of one config."""

    __test__ = False  # no test of this project

    def __init__(self, config: Document, root: Path, project: Project) -> None:
        """Take the config's document; files are looked for below `root`."""
        self._config, self._root, self._project = config, root, project
        self._default = self._default_test()
        self._ids: set[str] = set()
        self._tests: list[Test] = []

    @property
    def default(self) -> Mapping[str, Any]:
        """What `defaultTest` says."""
        return self._default.fields

    def read(self) -> list[Test]:
        """Every test of the config, each combination of variables one."""
        given = as_dict(self._config.value)
        for index, one in enumerate(as_list(given.get("tests"))):
            self._take(one, ("tests", index))
        for index, scenario in enumerate(as_list(given.get("scenarios"))):
            self._scenario(as_dict(scenario), index)
        return self._tests

    def _default_test(self) -> _Given:
        at = self._config.at
        value = as_dict(self._config.value).get("defaultTest")
        if isinstance(value, str):
            try:
                found = document(inside(self._root, value.removeprefix("file://")))
                return _Given(fields=self._resolved(as_dict(found.value)), where=found.at)
            except (OutsideError, DatasetError) as error:
                self._project.leave_out(at("defaultTest"), "defaultTest", str(error))
                value = None
        return _Given(fields=self._resolved(as_dict(value)), where=partial(at, "defaultTest"))

    def _resolved(self, value: Any) -> Any:
        """The value with `$ref` to a part of the config in place."""
        return _with_refs(value, self._config.value, 0)

    def _take(self, one: Any, path: tuple[str | int, ...]) -> None:
        where = self._config.at(*path)
        if isinstance(one, str):
            try:
                self._file(one, where)
            except (OutsideError, DatasetError) as error:
                self._project.leave_out(where, "tests", str(error))
        elif isinstance(one, dict):
            fields = self._resolved(as_dict(one))
            if "path" in fields and "vars" not in fields:
                self._project.leave_out(where, "tests", "tests that code generates are not run; save them to a file")
                return
            self._test(_Given(fields=fields, where=partial(self._config.at, *path)))

    def _file(self, name: str, where: str) -> None:
        plain = name.removeprefix("file://")
        if re.match(r"(https?|huggingface|s3|gs|az)://|huggingface:", plain):
            self._project.leave_out(where, "tests", f"{name} is not on this machine; save it to a file first")
            return
        if re.search(r"\.(js|cjs|mjs|ts|py)(:\w+)?$", plain):
            self._project.leave_out(where, "tests", f"{name} is code, which is not run; save its tests to a file")
            return
        for path in self._paths(plain):
            if path.suffix.lower() in {".csv", ".tsv"}:
                for line, row in rows_of_csv(path):
                    self._test(_row(row, f"{path.name}:{line}", self._project))
            elif path.suffix.lower() in _DATA:
                found = document(path)
                for index, one in enumerate(as_list(found.value)):
                    self._test(_Given(fields=self._resolved(as_dict(one)), where=partial(found.at, index)))
            else:
                self._project.leave_out(where, "tests", f"{path.name} is of a kind that is not read")

    def _paths(self, name: str) -> list[Path]:
        if not any(letter in name for letter in "*?["):
            return [inside(self._root, name)]
        if ".." in Path(name).parts or Path(name).is_absolute():
            raise OutsideError(f"{name!r} is not below the folder that is imported; copy it there")
        return [inside(self._root, str(path.relative_to(self._root))) for path in sorted(self._root.glob(name))]

    def _scenario(self, scenario: dict[str, Any], index: int) -> None:
        configs = [as_dict(one) for one in as_list(scenario.get("config"))] or [{}]
        for config, (number, test) in itertools.product(configs, enumerate(as_list(scenario.get("tests")))):
            if not isinstance(test, dict):
                where = self._config.at("scenarios", index)
                self._project.leave_out(
                    where, "scenarios: tests", "only tests written in the scenario are carried over"
                )
                continue
            own = self._resolved(as_dict(test))
            fields = {**self._resolved(config), **own}
            fields["vars"] = {**as_dict(config.get("vars")), **as_dict(own.get("vars"))}
            fields["assert"] = [*as_list(config.get("assert")), *as_list(own.get("assert"))]
            self._test(_Given(fields=fields, where=partial(self._config.at, "scenarios", index, "tests", number)))

    def _test(self, given: _Given) -> None:
        fields = given.fields
        for key in sorted(fields.keys() - set(_KNOWN)):
            self._project.leave_out(given.where(key), key, "has no equal here")
        self._options(as_dict(fields.get("options")), given.where)
        variables = {
            **self._variables(self._default.fields, self._default.where),
            **self._variables(fields, given.where),
        }
        for combined in _combinations(
            variables, spread=as_dict(fields.get("options")).get("disableVarExpansion") is not True
        ):
            if len(self._tests) >= _MOST_TESTS:
                what = f"the tests combine to more than {_MOST_TESTS:,}"
                raise DatasetError(f"{given.where()}: {what}; write fewer values per variable")
            self._tests.append(self._made(given, combined))

    def _made(self, given: _Given, combined: dict[str, Any]) -> Test:
        fields, default = given.fields, self._default.fields
        variables = {name: self._filled(value, combined) for name, value in combined.items()}
        asserts = [
            *self._asserts(default, variables, self._default.where),
            *self._asserts(fields, variables, given.where),
        ]
        description = str(fields.get("description") or "")
        output = fields.get("providerOutput")
        threshold = fields.get("threshold", default.get("threshold"))
        return Test(
            id=self._id(description),
            variables=variables,
            assertions=tuple(asserts),
            description=description,
            metadata={**as_dict(default.get("metadata")), **as_dict(fields.get("metadata"))},
            threshold=float(threshold) if isinstance(threshold, int | float) else None,
            output=output if isinstance(output, str) else None,
            where=given.where(),
        )

    def _asserts(
        self, fields: Mapping[str, Any], variables: Mapping[str, Any], where: Callable[..., str]
    ) -> Iterator[Any]:
        return read(fields.get("assert"), variables, self._load, self._project, lambda index: where("assert", index))

    def _load(self, name: str, where: str) -> Any:
        """The value of a file that an assertion names: a document where it is one, else its text."""
        plain = name.removeprefix("file://")
        if re.search(r"\.(js|cjs|mjs|ts|py)(:\w+)?$", plain):
            raise ValueError(f"comes from {plain}, which is code and not run")
        try:
            path = inside(self._root, plain)
            return document(path).value if path.suffix.lower() in {".json", ".yaml", ".yml"} else read_text(path)
        except DatasetError as error:
            raise ValueError(f"cannot be read at {where}: {error}") from error

    def _options(self, options: dict[str, Any], where: Callable[..., str]) -> None:
        for key in sorted(options.keys() - {"disableVarExpansion"}):
            why = "every rubric is answered by the judge of the config" if key == "provider" else "has no equal here"
            self._project.leave_out(where("options", key), f"options: {key}", why)

    def _variables(self, fields: Mapping[str, Any], where: Callable[..., str]) -> dict[str, Any]:
        given = fields.get("vars")
        if isinstance(given, str):
            given = self._of_file(given, where("vars"))
        found: dict[str, Any] = {}
        for name, value in as_dict(given).items():
            named = isinstance(value, str) and value.startswith("file://")
            found[name] = self._of_file(value, where("vars", name)) if named else "" if value is None else value
        return found

    def _of_file(self, name: str, where: str) -> Any:
        plain = name.removeprefix("file://")
        if plain.lower().endswith(
            (".js", ".mjs", ".cjs", ".ts", ".py", ".png", ".jpg", ".jpeg", ".pdf", ".mp3", ".wav")
        ):
            self._project.leave_out(where, "vars", f"{plain} is no text; the variable holds its name")
            return name
        try:
            path = inside(self._root, plain)
            return (
                document(path).value if path.suffix.lower() in {".yaml", ".yml", ".json"} else read_text(path).strip()
            )
        except (OutsideError, DatasetError) as error:
            self._project.leave_out(where, "vars", f"{error}; the variable holds its name")
            return name

    def _filled(self, value: Any, variables: Mapping[str, Any]) -> Any:
        """A variable that prints other variables, with these in place; any other template stays the text it is."""
        try:
            return filled(value, variables) if isinstance(value, str) else value
        except TemplateError:
            return value

    def _id(self, description: str) -> str:
        stem = slug(description) or f"test-{len(self._tests) + 1}"
        number, free = 1, stem
        while free in self._ids:
            number += 1
            free = f"{stem}-{number}"
        self._ids.add(free)
        return free


def _combinations(variables: Mapping[str, Any], *, spread: bool) -> Iterator[dict[str, Any]]:
    """Each combination of the variables that are lists, as promptfoo runs them."""
    choices: list[list[Any]] = [
        as_list(value) if spread and isinstance(value, list) and value else [value] for value in variables.values()
    ]
    for chosen in itertools.product(*choices):
        yield dict(zip(variables, ("" if one is None else one for one in chosen), strict=True))


def _with_refs(value: Any, root: Any, depth: int) -> Any:
    if depth > 30:
        return value
    if is_dict(value):
        fields = as_dict(value)
        reference = fields.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            found: Any = root
            for step in reference[2:].split("/"):
                found = as_dict(found).get(step)
            return _with_refs(found, root, depth + 1) if found is not None else value
        return {key: _with_refs(one, root, depth + 1) for key, one in fields.items()}
    if isinstance(value, list):
        return [_with_refs(one, root, depth + 1) for one in as_list(value)]
    return value


def _row(row: Mapping[str, str], where: str, project: Project) -> _Given:
    """A row of a CSV file as a test; its cells are texts, so none is a matrix."""
    metric = {"metric": row["__metric"]} if row.get("__metric") else {}
    asserts = {
        key: {**from_cell(cell), **metric}
        for key, cell in row.items()
        if re.fullmatch(r"__expected\d*", key) and cell.strip()
    }
    for key, cell in row.items():
        _set_up(key, cell, asserts)
        if key in {"__prefix", "__suffix"} and cell:
            why = "a text around the prompt of one test; put it into a variable and the prompt"
            project.leave_out(where, key, why)
        elif key.startswith("__") and not _KNOWN_COLUMN.match(key):
            project.leave_out(where, key, "has no equal here")
    fields: dict[str, Any] = {
        "vars": {key: cell for key, cell in row.items() if not key.startswith("__")},
        "assert": list(asserts.values()),
        "metadata": dict(_metadata(row)),
        "threshold": _float(row.get("__threshold", "")),
        "description": row.get("__description"),
        "providerOutput": row.get("__providerOutput") or None,
    }
    given = {key: value for key, value in fields.items() if value is not None}
    return _Given(fields=given, where=lambda *_: where)


def _metadata(row: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for key, cell in row.items():
        name = key.removeprefix("__metadata:")
        if name == key or not cell:
            continue
        if name.endswith("[]"):
            parts = re.split(r"(?<!\\),", cell)
            yield name.removesuffix("[]"), [part.replace("\\,", ",").strip() for part in parts]
        else:
            yield name, cell


def _set_up(key: str, cell: str, asserts: Mapping[str, dict[str, Any]]) -> None:
    """Give an assertion what a column `__config:__expected2:threshold` says."""
    hit = re.fullmatch(r"__config:(__expected\d*):threshold", key)
    target = None if hit is None else asserts.get(hit[1]) or asserts.get(f"{hit[1]}1")
    if target is not None and cell:
        target["threshold"] = _float(cell)


def _float(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None

"""What `import evalkit` promises: its names are true, sorted, typed and cheap, and its errors are as drawn."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import evalkit
from evalkit import errors

VERBS = (
    "collect", "demo", "export", "init", "plan", "report", "run", "runs", "show", "show_case", "status", "submit",
    "validate",
)  # fmt: skip


def test_the_public_names_are_sorted_and_true() -> None:
    assert evalkit.__all__ == sorted(evalkit.__all__)
    assert len(set(evalkit.__all__)) == len(evalkit.__all__)
    for name in evalkit.__all__:
        assert getattr(evalkit, name) is not None
        assert name in dir(evalkit)


def test_every_verb_is_the_function_of_the_api_with_a_docstring() -> None:
    from evalkit import api

    for name in VERBS:
        verb = getattr(evalkit, name)
        assert verb is getattr(api, name)
        assert inspect.getdoc(verb)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'judge'"):
        evalkit.judge  # type: ignore[attr-defined] # noqa: B018


def test_a_verb_keeps_its_name_when_its_namesake_module_is_imported() -> None:
    code = (
        "import evalkit.run, evalkit.report, evalkit\n"
        "from evalkit.run import Run\n"
        "assert callable(evalkit.run) and callable(evalkit.report), (evalkit.run, evalkit.report)\n"
        "from evalkit import run\n"
        "assert run is evalkit.run and Run.__module__ == 'evalkit.run'\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_evalkit_loads_nothing_heavy() -> None:
    code = (
        "import sys, evalkit\n"
        "heavy = {'anthropic', 'scipy', 'pandas', 'numpy', 'sqlalchemy', 'jinja2', 'pydantic', 'rich', 'typer'}\n"
        "print(*sorted(heavy & set(sys.modules)), *sorted(m for m in sys.modules if m.startswith('evalkit.')))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["evalkit.version"]


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\n"
        "from evalkit.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'anthropic', 'scipy', 'pandas', 'numpy', 'sqlalchemy', 'jinja2'}\n"
        "print(*sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == ""


def test_type_checkers_see_every_public_name() -> None:
    tree = ast.parse(Path(inspect.getfile(evalkit)).read_text(encoding="utf-8"))
    (block,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    )

    seen = {
        alias.asname or alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert seen == set(evalkit.__all__) - {"__version__"}
    assert (Path(inspect.getfile(evalkit)).parent / "py.typed").is_file()


def drawn_errors() -> dict[str, tuple[str, int]]:
    """Name -> (parent, exit code), as the drawing in the docstring says."""
    found: dict[str, tuple[str, int]] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if drawn := re.match(r"^( {4}[│├└─ ]*)(\w+Error) +(\d)  ", line):
            depth, name = len(drawn[1]), drawn[2]
            above = [entry for entry in above if entry[0] < depth]
            found[name] = (above[-1][1] if above else "Exception", int(drawn[3]))
            above.append((depth, name))
    return found


def test_the_drawn_error_tree_is_that_of_the_classes_and_their_exit_codes() -> None:
    classes = {
        name: thing
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, Exception) and name != "InputError"  # a shared body, not drawn
    }
    parents = {
        name: next(base.__name__ for base in kind.__mro__[1:] if base.__name__ != "InputError")
        for name, kind in classes.items()
    }

    drawn = drawn_errors()
    assert len(drawn) >= 10
    assert drawn == {name: (parents[name], int(kind.exit_code)) for name, kind in classes.items()}


def test_every_drawn_error_is_public() -> None:
    assert set(drawn_errors()) <= set(evalkit.__all__)

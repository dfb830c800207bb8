"""A check that a Python function of the user's makes: `module:function`, called with the case and the output."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from evalkit import ids
from evalkit.dataset import Case
from evalkit.errors import UsageError
from evalkit.graders.checks.measured import Measured, NothingToCheckError, judged, quoted


class FunctionFailedError(Exception):
    """The function raised, or returned what is no score; costs one score, not the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonFunction:
    """A function `check(case, output)`: it returns a bool, a number from 0 to 1, or either in a pair with a reason.

    A mapping with `score` and `reason` will do, too; None says that there is nothing to check in this case.
    """

    function: str
    root: Path
    """The folder that the module is looked for in before anything else: the config's."""

    def __call__(self, case: Case, output: str) -> Measured:
        """What the function says of an output.

        Raises:
            UsageError: there is no such module or function.
            FunctionFailedError: the function raised, or returned what is no score.
            NothingToCheckError: it returned None.
        """
        called = load(self.function, self.root)
        try:
            said = called(case, output)
        except Exception as error:
            raise FunctionFailedError(f"{self.function} raised {type(error).__name__}: {str(error)[:300]}") from error
        return _score(self.function, said)

    @property
    def source_digest(self) -> str:
        """Digest of the module's file, so that a function that was edited is another version of the grader."""
        return function_digest(self.function, self.root)


def function_digest(name: str, root: Path) -> str:
    """Digest of the file of the module that `module:function` names."""
    path = inspect.getsourcefile(load(name, root))
    return ids.text_digest(Path(path).read_text(encoding="utf-8")) if path else ""


@cache
def load(name: str, root: Path) -> Callable[[Case, str], object]:
    """The function that `module:function` names.

    Raises:
        UsageError: there is no such module or function, or it cannot be imported.
    """
    module, _, function = name.partition(":")
    sys.path.insert(0, str(root))
    try:
        found = getattr(_module(module, root), function)
    except ModuleNotFoundError as error:
        raise UsageError(f"check function {name!r}: {error}; it is looked for in {root}") from error
    except AttributeError as error:
        raise UsageError(f"check function {name!r}: module {module} has no {function!r}") from error
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"check function {name!r}: importing it raised {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(root))
    if not callable(found):
        raise UsageError(f"check function {name!r}: {function!r} of module {module} is not a function")
    return found


def _module(name: str, root: Path) -> ModuleType:
    """A module of the root's by its file and under a name of its own: two projects may each have a `checks.py`."""
    path = root.resolve() / f"{name}.py"
    if not path.is_file():
        return _of_this_project(importlib.import_module(name), name, root)
    private = f"_evalkit_{ids.text_digest(str(path))[:16]}_{name}"
    spec = importlib.util.spec_from_file_location(private, path)
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018 # it is a Python file
    found = importlib.util.module_from_spec(spec)
    sys.modules[private] = found
    try:
        spec.loader.exec_module(found)
    except BaseException:
        del sys.modules[private]
        raise
    return found


def _of_this_project(found: ModuleType, name: str, root: Path) -> ModuleType:
    """A module of a package, which goes by one name in a process.

    Raises:
        UsageError: that name stands for another project's.
    """
    package = root.resolve() / name.partition(".")[0]
    if package.is_dir() and found.__file__ and not Path(found.__file__).resolve().is_relative_to(package):
        raise UsageError(
            f"check module {name!r}: this process has imported it from {found.__file__}, and not from {root}; give "
            "the two packages different names, or evaluate the two projects in two processes"
        )
    return found


def _score(name: str, said: object) -> Measured:
    value, reason = _parts(said)
    if value is None:
        raise NothingToCheckError(reason or f"{name} found nothing to check")
    if isinstance(value, bool):
        return judged(passes=value, reason=reason or f"{name} says {'pass' if value else 'fail'}")
    if isinstance(value, int | float) and math.isfinite(value) and 0 <= value <= 1:
        return Measured(float(value), reason or f"{name} says {value:.3f}")
    raise FunctionFailedError(f"{name} returned {quoted(repr(said))}; a score is a bool or a number from 0 to 1")


def _parts(said: object) -> tuple[object, str]:
    """The value and the reason of what a function returned."""
    if isinstance(said, Mapping):
        fields = cast("Mapping[str, Any]", said)
        return fields.get("score", fields.get("value", fields.get("pass"))), str(fields.get("reason") or "")
    if isinstance(said, tuple):
        value, *rest = cast("tuple[object, ...]", said) or (None,)
        return value, str(next(iter(rest), None) or "")
    return said, ""

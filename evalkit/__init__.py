"""evalkit: score evaluation sets with LLM judges at half price, and know what the scores can support.

The verbs of the command line are functions here, and return frozen dataclasses:

    import evalkit

    runs, page = evalkit.run("evalkit.toml", label="2026-11-22")
    runs.to_frame()

Every name is loaded when it is first used, so that importing evalkit costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from evalkit.version import __version__

if TYPE_CHECKING:
    from evalkit.api import (
        collect,
        demo,
        export,
        init,
        plan,
        report,
        run,
        runs,
        show,
        show_case,
        status,
        submit,
        validate,
    )
    from evalkit.dataset import Case
    from evalkit.errors import (
        AccountError,
        ConfigError,
        DatasetError,
        EvalkitError,
        ExitCode,
        IntegrityError,
        ProviderError,
        StaleTransitionError,
        StoreError,
        UnknownCreateError,
        UsageError,
    )
    from evalkit.operations import Pruned, cancel, check, prune, recover, resolve, retry
    from evalkit.pipeline.detail import CaseDetail
    from evalkit.pipeline.health import Health
    from evalkit.pipeline.plan import Plan
    from evalkit.pipeline.suite import Suite
    from evalkit.pipeline.view import RunView
    from evalkit.report import RenderedPage
    from evalkit.score import Score, Status
    from evalkit.table import OpenBatch, Queue, RunTable


__all__ = [
    "AccountError",
    "Case",
    "CaseDetail",
    "ConfigError",
    "DatasetError",
    "EvalkitError",
    "ExitCode",
    "Health",
    "IntegrityError",
    "OpenBatch",
    "Plan",
    "ProviderError",
    "Pruned",
    "Queue",
    "RenderedPage",
    "RunTable",
    "RunView",
    "Score",
    "StaleTransitionError",
    "Status",
    "StoreError",
    "Suite",
    "UnknownCreateError",
    "UsageError",
    "__version__",
    "cancel",
    "check",
    "collect",
    "demo",
    "export",
    "init",
    "plan",
    "prune",
    "recover",
    "report",
    "resolve",
    "retry",
    "run",
    "runs",
    "show",
    "show_case",
    "status",
    "submit",
    "validate",
]

_HOMES: Final = {
    "Case": "evalkit.dataset",
    "CaseDetail": "evalkit.pipeline.detail",
    "Health": "evalkit.pipeline.health",
    "OpenBatch": "evalkit.table",
    "Plan": "evalkit.pipeline.plan",
    "Pruned": "evalkit.operations",
    "Queue": "evalkit.table",
    "RenderedPage": "evalkit.report",
    "RunTable": "evalkit.table",
    "RunView": "evalkit.pipeline.view",
    "Score": "evalkit.score",
    "Status": "evalkit.score",
    "Suite": "evalkit.pipeline.suite",
}
_OPERATIONS: Final = frozenset({"cancel", "check", "prune", "recover", "resolve", "retry"})
_VERBS: Final = frozenset(name for name in __all__ if name.islower() and name != "__version__")


class _Package(ModuleType):
    """The package; `run` and `report` are modules of it too, and importing those must not take the verbs' names."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _VERBS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'evalkit' has no attribute {name!r}")
    home = "evalkit.operations" if name in _OPERATIONS else "evalkit.api" if name in _VERBS else None
    home = home or _HOMES.get(name, "evalkit.errors")
    value = getattr(import_module(home), name)
    setattr(sys.modules[__name__], name, value)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


sys.modules[__name__].__class__ = _Package

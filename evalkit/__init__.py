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
    from evalkit.analysis import Comparison, Outcome, Trend
    from evalkit.analysis.agree import JudgeAgreement
    from evalkit.analysis.gate import Gate, GateVerdict
    from evalkit.analysis.raters import JudgesAgreement
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
    from evalkit.decisions import compare, gate, power, rank, trend
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
    from evalkit.limits import budget
    from evalkit.operations import Pruned, cancel, check, costs, prune, recover, resolve, retry
    from evalkit.pipeline.agree import Agreed
    from evalkit.pipeline.bundle_write import WrittenBundle
    from evalkit.pipeline.detail import CaseDetail
    from evalkit.pipeline.draw import Drawn
    from evalkit.pipeline.health import Health
    from evalkit.pipeline.noise_report import CriterionNoise, NoiseReport
    from evalkit.pipeline.plan import Plan
    from evalkit.pipeline.suite import Suite
    from evalkit.pipeline.view import RunView
    from evalkit.report import RenderedPage, Rendering
    from evalkit.routing import judges, route
    from evalkit.score import Score, Status
    from evalkit.tables import OpenBatch, Queue, RunTable, ScoreTable
    from evalkit.tables.agreements import AgreementTable, JudgesTable
    from evalkit.tables.budgets import BudgetTable
    from evalkit.tables.comparisons import ComparedRuns, ComparisonTable
    from evalkit.tables.costs import CostTable
    from evalkit.tables.gates import GateTable
    from evalkit.tables.judge_routings import JudgeRoutings
    from evalkit.tables.powers import PowerTable
    from evalkit.tables.rankings import RankTable
    from evalkit.tables.routings import Routings
    from evalkit.tables.trends import TrendTable
    from evalkit.transfer import export_bundle, import_bundle, import_project, scores
    from evalkit.trust import NoiseResult, agree, agree_between, draw_cases, noise, rejudge
    from evalkit.view import Viewer, view


__all__ = [
    "AccountError",
    "Agreed",
    "AgreementTable",
    "BudgetTable",
    "Case",
    "CaseDetail",
    "ComparedRuns",
    "Comparison",
    "ComparisonTable",
    "ConfigError",
    "CostTable",
    "CriterionNoise",
    "DatasetError",
    "Drawn",
    "EvalkitError",
    "ExitCode",
    "Gate",
    "GateTable",
    "GateVerdict",
    "Health",
    "IntegrityError",
    "JudgeAgreement",
    "JudgeRoutings",
    "JudgesAgreement",
    "JudgesTable",
    "NoiseReport",
    "NoiseResult",
    "OpenBatch",
    "Outcome",
    "Plan",
    "PowerTable",
    "ProviderError",
    "Pruned",
    "Queue",
    "RankTable",
    "RenderedPage",
    "Rendering",
    "Routings",
    "RunTable",
    "RunView",
    "Score",
    "ScoreTable",
    "StaleTransitionError",
    "Status",
    "StoreError",
    "Suite",
    "Trend",
    "TrendTable",
    "UnknownCreateError",
    "UsageError",
    "Viewer",
    "WrittenBundle",
    "__version__",
    "agree",
    "agree_between",
    "budget",
    "cancel",
    "check",
    "collect",
    "compare",
    "costs",
    "demo",
    "draw_cases",
    "export",
    "export_bundle",
    "gate",
    "import_bundle",
    "import_project",
    "init",
    "judges",
    "noise",
    "plan",
    "power",
    "prune",
    "rank",
    "recover",
    "rejudge",
    "report",
    "resolve",
    "retry",
    "route",
    "run",
    "runs",
    "scores",
    "show",
    "show_case",
    "status",
    "submit",
    "trend",
    "validate",
    "view",
]

_HOMES: Final = {
    "Agreed": "evalkit.pipeline.agree",
    "AgreementTable": "evalkit.tables.agreements",
    "BudgetTable": "evalkit.tables.budgets",
    "Case": "evalkit.dataset",
    "CaseDetail": "evalkit.pipeline.detail",
    "ComparedRuns": "evalkit.tables.comparisons",
    "Comparison": "evalkit.analysis",
    "ComparisonTable": "evalkit.tables.comparisons",
    "CostTable": "evalkit.tables.costs",
    "CriterionNoise": "evalkit.pipeline.noise_report",
    "Drawn": "evalkit.pipeline.draw",
    "Gate": "evalkit.analysis.gate",
    "GateTable": "evalkit.tables.gates",
    "GateVerdict": "evalkit.analysis.gate",
    "Health": "evalkit.pipeline.health",
    "JudgeAgreement": "evalkit.analysis.agree",
    "JudgeRoutings": "evalkit.tables.judge_routings",
    "JudgesAgreement": "evalkit.analysis.raters",
    "JudgesTable": "evalkit.tables.agreements",
    "NoiseReport": "evalkit.pipeline.noise_report",
    "NoiseResult": "evalkit.trust",
    "OpenBatch": "evalkit.tables",
    "Outcome": "evalkit.analysis",
    "Plan": "evalkit.pipeline.plan",
    "PowerTable": "evalkit.tables.powers",
    "Routings": "evalkit.tables.routings",
    "Pruned": "evalkit.operations",
    "Queue": "evalkit.tables",
    "RankTable": "evalkit.tables.rankings",
    "RenderedPage": "evalkit.report",
    "Rendering": "evalkit.report",
    "RunTable": "evalkit.tables",
    "RunView": "evalkit.pipeline.view",
    "Score": "evalkit.score",
    "ScoreTable": "evalkit.tables",
    "Status": "evalkit.score",
    "Suite": "evalkit.pipeline.suite",
    "Trend": "evalkit.analysis",
    "TrendTable": "evalkit.tables.trends",
    "Viewer": "evalkit.view",
    "WrittenBundle": "evalkit.pipeline.bundle_write",
}
_OPERATIONS: Final = frozenset({"cancel", "check", "costs", "prune", "recover", "resolve", "retry"})
_LIMITS: Final = frozenset({"budget"})
_ROUTING: Final = frozenset({"judges", "route"})
_DECISIONS: Final = frozenset({"compare", "gate", "power", "rank", "trend"})
_TRANSFER: Final = frozenset({"export_bundle", "import_bundle", "import_project", "scores"})
_TRUST: Final = frozenset({"agree", "agree_between", "draw_cases", "noise", "rejudge"})
_VIEW: Final = frozenset({"view"})
_VERBS: Final = frozenset(name for name in __all__ if name.islower() and name != "__version__")


class _Package(ModuleType):
    """The package; `run` and `report` are modules of it too, and importing those must not take the verbs' names."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _VERBS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'evalkit' has no attribute {name!r}")
    rooms = (
        ("evalkit.operations", _OPERATIONS),
        ("evalkit.decisions", _DECISIONS),
        ("evalkit.limits", _LIMITS),
        ("evalkit.routing", _ROUTING),
        ("evalkit.transfer", _TRANSFER),
        ("evalkit.trust", _TRUST),
        ("evalkit.view", _VIEW),
        ("evalkit.api", _VERBS),
    )
    home = next((room for room, names in rooms if name in names), None) or _HOMES.get(name, "evalkit.errors")
    value = getattr(import_module(home), name)
    setattr(sys.modules[__name__], name, value)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


sys.modules[__name__].__class__ = _Package

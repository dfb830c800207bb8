"""The kinds of check: what each is called, which options it takes, and whether it grades or passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from evalkit.dataset import Case
from evalkit.graders.checks import documents, overlap, retrieval, text
from evalkit.graders.checks.function import PythonFunction
from evalkit.graders.checks.measured import Measured
from evalkit.graders.checks.numbers import Numeric
from evalkit.graders.checks.similarity import Similarity

Apply = Callable[[Case, str], Measured]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckKind:
    """One kind of check."""

    make: Callable[..., Apply]
    graded: bool = False
    """Whether it gives any value from 0 to 1; the others pass or fail."""


def _ranked(name: str, measure: retrieval.Measure) -> CheckKind:
    return CheckKind(make=partial(retrieval.Ranked, measure=measure, name=name), graded=True)


KINDS: Final[Mapping[str, CheckKind]] = MappingProxyType(
    {
        "exact": CheckKind(make=text.Exact),
        "includes": CheckKind(make=text.Includes),
        "excludes": CheckKind(make=text.Excludes),
        "regex": CheckKind(make=text.Regex),
        "length": CheckKind(make=text.Length),
        "numeric": CheckKind(make=Numeric),
        "json_valid": CheckKind(make=documents.JsonValid),
        "json_schema": CheckKind(make=documents.JsonSchema),
        "json_equal": CheckKind(make=documents.JsonEqual),
        "xml_valid": CheckKind(make=documents.XmlValid),
        "sql_valid": CheckKind(make=documents.SqlValid),
        "token_f1": CheckKind(make=overlap.TokenF1, graded=True),
        "rouge_l": CheckKind(make=overlap.RougeL, graded=True),
        "bleu": CheckKind(make=overlap.Bleu, graded=True),
        "chrf": CheckKind(make=overlap.ChrF, graded=True),
        "recall": _ranked("recall", retrieval.recall),
        "precision": _ranked("precision", retrieval.precision),
        "mrr": _ranked("reciprocal rank", retrieval.reciprocal_rank),
        "ndcg": _ranked("nDCG", retrieval.ndcg),
        "similarity": CheckKind(make=Similarity, graded=True),
        "python": CheckKind(make=PythonFunction, graded=True),
    }
)
"""Every kind by the name that a config uses."""


def make(check: str, options: Mapping[str, Any], root: Path) -> Apply:
    """The check of this kind with these options; `root` is where a function's module is looked for."""
    kind = KINDS[check]
    return kind.make(**options, root=root) if "function" in options else kind.make(**options)

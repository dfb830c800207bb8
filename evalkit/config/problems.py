"""From what validation refused to plain sentences with a place and a mend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

from evalkit.config.agreement import Finding
from evalkit.config.candidate import CandidateConfig
from evalkit.config.filter import FilterConfig
from evalkit.config.gate import GateConfig, GateRuleConfig
from evalkit.config.grader import GraderConfig
from evalkit.config.positions import Loc, Positions
from evalkit.config.rubric import CriterionConfig
from evalkit.config.tables import Config, DatasetConfig, JudgeConfig, SubmitConfig
from evalkit.config.words import closest, described, dotted, either
from evalkit.config.wrong import NOT_A_TABLE, wrong_value
from evalkit.errors import Problem

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_KEYS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "": tuple(Config.model_fields),
        "dataset": tuple(DatasetConfig.model_fields),
        "dataset.filter": tuple(FilterConfig.model_fields),
        "judge": tuple(JudgeConfig.model_fields),
        "graders": tuple(field.alias or name for name, field in GraderConfig.model_fields.items()),
        "graders.criteria": tuple(CriterionConfig.model_fields),
        "candidates": tuple(CandidateConfig.model_fields),
        "gate": tuple(GateConfig.model_fields),
        "gate.rules": tuple(GateRuleConfig.model_fields),
        "submit": tuple(SubmitConfig.model_fields),
    }
)
"""The keys of every table."""
_EXAMPLES: Final = {
    "name": 'name = "support"',
    "dataset": '[dataset] with path = "cases.jsonl"',
    "dataset.path": 'path = "cases.jsonl"',
    "judge.model": 'model = "claude-haiku-5-5"',
    "graders": "[[graders]] with a `name`, and a `rubric` or a `check`",
    "graders.name": 'name = "correctness"',
    "graders.criteria.name": 'name = "faithful"',
    "candidates": "[[candidates]] with a `name`, and `outputs` or `model` and `prompt`",
    "candidates.name": 'name = "production"',
    "gate.baseline": 'baseline = "production"',
    "gate.rules.grader": 'grader = "correctness"',
}
_SPELLING: Final = 0.9
"""How alike a key must be to one of its own table to be that one misspelt, though it is a key of another table."""
_NO_SAMPLING: Final = "removed from the API; "
_NO_SEED: Final = f"{_NO_SAMPLING}judges cannot be seeded, measure their variance by repeats"
_SAMPLING: Final = {
    "judge": _NO_SEED,
    "graders": _NO_SEED,
    "candidates": f"{_NO_SAMPLING}leave it out",
}


def findings_of(error: ValidationError) -> list[Finding]:
    """What validation refused, in plain words."""
    details = error.errors(include_url=False)
    return [_finding(detail) for detail in details if not _is_echo(detail)]


def problems_of(findings: Iterable[Finding], positions: Positions, shown: str) -> list[Problem]:
    """Findings with their lines, in the order of the file; what follows from a misspelt key is left out."""
    found = list(findings)
    meant = {finding.means for finding in found}
    kept = [finding for finding in found if meant.isdisjoint(finding.lacks)]
    kept.sort(key=lambda finding: positions.line(finding.loc) or 0)
    return [_problem(finding, positions, shown) for finding in kept]


def _problem(finding: Finding, positions: Positions, shown: str) -> Problem:
    line = positions.line(finding.loc)
    where = f"{shown}:{line}" if line else shown
    return Problem(where, dotted(finding.loc) or None, finding.what, finding.mend)


def _finding(detail: ErrorDetails) -> Finding:
    # A key that Python keeps for itself has a field with another ending.
    named = (part.removesuffix("_") if isinstance(part, str) else part for part in detail["loc"])
    loc: Loc = tuple(part for part in named if part != "[key]")
    kind = detail["type"]
    if kind == "missing":
        return _missing(loc)
    if kind == "extra_forbidden":
        return _unknown(loc)
    if kind == "too_short":
        return Finding(loc=loc, what="is empty", mend=f"add {_EXAMPLES[_plain(loc)]}")
    if kind == "evalkit":
        return _refused(loc, detail.get("ctx", {}))
    if kind in NOT_A_TABLE:
        table = _plain(loc)
        mend = f"write {_header(table)}" if table in _KEYS else "write { key = value }"
        return Finding(loc=loc, what=f"must be {NOT_A_TABLE[kind]}, not {described(detail['input'])}", mend=mend)
    what, mend = wrong_value(str(loc[-1]), detail)
    return Finding(loc=loc, what=what, mend=mend)


def _is_echo(detail: ErrorDetails) -> bool:
    """Whether an error only repeats others: a list is "too short" once its items are refused."""
    return detail["type"] == "disagreement" or (detail["type"] == "too_short" and bool(detail["input"]))


def _missing(loc: Loc) -> Finding:
    example = _EXAMPLES.get(_plain(loc))
    return Finding(loc=loc, what="is missing", mend=f"add {example}" if example else "", lacks=(loc,))


def _refused(loc: Loc, context: Mapping[str, object]) -> Finding:
    """A refusal of evalkit's own; one that lacks either of two keys is about their table."""
    keys = cast("tuple[str, ...]", context.get("lacks", ()))
    table = loc[:-1]
    return Finding(
        loc=table if len(keys) > 1 else loc,
        what=str(context["what"]),
        mend=str(context["mend"]),
        lacks=tuple((*table, key) for key in keys),
    )


def _unknown(loc: Loc) -> Finding:
    table, key = _plain(loc[:-1]), str(loc[-1])
    if table in _SAMPLING and key in {"temperature", "top_p", "top_k"}:
        return Finding(loc=loc, what="is not a key", mend=_SAMPLING[table])
    if loc == ("store",):
        return Finding(loc=loc, what="is not a key", mend="give the store by --store or EVALKIT_STORE")
    if key in _KEYS[""]:
        # What is written below a [table] header belongs to that table: the pitfall of TOML.
        mend = f"`{key}` belongs to the top of the file, before the first [table]"
        return Finding(loc=loc, what="is not a key", mend=mend, means=(key,))
    return _of_another_table(loc, table, key)


def _of_another_table(loc: Loc, table: str, key: str) -> Finding:
    """A key that is misspelt, or stands below the wrong header."""
    keys = _KEYS[table]
    meant = closest(key, keys)
    homes = [_header(home) for home, others in _KEYS.items() if key in others]
    if homes and not closest(key, keys, cutoff=_SPELLING):
        return Finding(loc=loc, what="is not a key", mend=f"`{key}` belongs to {either(homes)}")
    if meant:
        return Finding(loc=loc, what="is not a key", mend=f"did you mean `{meant}`?", means=(*loc[:-1], meant))
    known = either((f"`{name}`" for name in keys), "and")
    return Finding(loc=loc, what="is not a key", mend=f"the keys of {_header(table)} are {known}")


def _header(table: str) -> str:
    if not table:
        return "the top of the file"
    return f"[[{table}]]" if table in {"graders", "graders.criteria", "candidates", "gate.rules"} else f"[{table}]"


def _plain(loc: Loc) -> str:
    """A place without the indices of its lists."""
    return ".".join(part for part in loc if isinstance(part, str))

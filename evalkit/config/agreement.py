"""What the tables of a config must agree on: distinct names, a baseline and rules that exist, a judge for rubrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from evalkit.config.checks import OPTIONS
from evalkit.config.gate import LABEL_PREFIX, baseline_label, is_run_id
from evalkit.config.positions import Loc
from evalkit.config.words import closest, either, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem by its place in the values of the file."""

    loc: Loc
    what: str
    mend: str = ""
    lacks: tuple[Loc, ...] = ()
    """Keys any of which would end the problem."""
    means: Loc | None = None
    """The key that a misspelt one was probably meant to be."""


def disagreements(values: Mapping[str, object]) -> Iterator[Finding]:
    """What contradicts itself across tables; values of a wrong type are passed over."""
    yield from _repeated_names("graders", values)
    yield from _repeated_names("candidates", values)
    yield from _unknown_baseline(values)
    yield from _rules(values)
    yield from _no_judge(values)
    yield from _against(values)
    yield from _guards(values)


def _tables(key: str, values: Mapping[str, object]) -> list[Mapping[str, object]]:
    listed = values.get(key)
    if not isinstance(listed, list | tuple):
        return []
    items = cast("list[object]", listed)
    return [cast("Mapping[str, object]", item) if isinstance(item, dict) else {} for item in items]


def _repeated_names(key: str, values: Mapping[str, object]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, table in enumerate(_tables(key, values)):
        name = table.get("name")
        if not isinstance(name, str):
            continue
        if name.casefold() in first:
            other = f"{key}[{first[name.casefold()]}]"
            yield Finding(
                loc=(key, index, "name"),
                what=f"{quoted(name)} is the name of {other} too",
                mend="give it another name",
            )
        first.setdefault(name.casefold(), index)


def _gate(values: Mapping[str, object]) -> Mapping[str, object]:
    gate = values.get("gate")
    return cast("Mapping[str, object]", gate) if isinstance(gate, dict) else {}


def _unknown_baseline(values: Mapping[str, object]) -> Iterator[Finding]:
    baseline = _gate(values).get("baseline")
    known = _names("candidates", values)
    if not isinstance(baseline, str) or not known or baseline in known:
        return
    at = ("gate", "baseline")
    if (label := baseline_label(baseline)) is not None:
        if label != label.strip() or not label:
            yield Finding(loc=at, what=f"{quoted(baseline)} names no label", mend='write it as in "label:main"')
        return
    meant = closest(baseline, known)
    if meant is None and is_run_id(baseline):
        return
    head, colon, label = baseline.partition(":")
    if meant is None and colon and label.strip():
        mend = f"did you mean {quoted(LABEL_PREFIX + label.strip())}?"
        yield Finding(loc=at, what=f"{quoted(head)} is not what a baseline can begin with", mend=mend)
        return
    choices = either([*map(quoted, known), '"label:NAME"', "a run id"])
    mend = f"did you mean {quoted(meant)}?" if meant else f"it can be {choices}"
    yield Finding(loc=at, what=f"there is no candidate {quoted(baseline)}", mend=mend)


def _names(key: str, values: Mapping[str, object]) -> list[str]:
    """The names of some tables; none where one of them has no name, which is told by itself."""
    names = [table.get("name") for table in _tables(key, values)]
    known = [name for name in names if isinstance(name, str)]
    return known if len(known) == len(names) else []


def _rules(values: Mapping[str, object]) -> Iterator[Finding]:
    graders = _names("graders", values)
    first: dict[tuple[object, ...], int] = {}
    for index, rule in enumerate(_tables("rules", _gate(values))):
        grader = rule.get("grader")
        if not isinstance(grader, str):
            continue
        if graders and grader not in graders:
            meant = closest(grader, graders)
            mend = f"did you mean {quoted(meant)}?" if meant else f"it can be {either(map(quoted, graders))}"
            at = ("gate", "rules", index, "grader")
            yield Finding(loc=at, what=f"there is no grader {quoted(grader)}", mend=mend)
        same = (grader, rule.get("criterion"), rule.get("tier", "critical"))
        if same in first:
            other = f"gate.rules[{first[same]}]"
            what = f"has the grader, the criterion and the tier of {other}"
            yield Finding(loc=("gate", "rules", index), what=what, mend="make one rule of the two")
        first.setdefault(same, index)


def _against(values: Mapping[str, object]) -> Iterator[Finding]:
    """A pairwise grader needs the candidate that it puts beside others, and another one."""
    known = _names("candidates", values)
    for index, table in enumerate(_tables("graders", values)):
        against, at = table.get("against"), ("graders", index, "against")
        if not isinstance(against, str) or not known:
            continue
        if against not in known:
            meant = closest(against, known)
            mend = f"did you mean {quoted(meant)}?" if meant else f"it can be {either(map(quoted, known))}"
            yield Finding(loc=at, what=f"there is no candidate {quoted(against)}", mend=mend)
        elif len(known) == 1:
            mend = "add another [[candidates]], whose outputs are to be judged"
            yield Finding(
                loc=at, what=f"{quoted(against)} is the only candidate, and would stand beside itself", mend=mend
            )


def _no_judge(values: Mapping[str, object]) -> Iterator[Finding]:
    if values.get("judge") is not None or values.get("jury") is not None:
        return
    for index, table in enumerate(_tables("graders", values)):
        if table.get("rubric") is not None:
            yield Finding(
                loc=("judge",),
                what=f"is missing, and graders[{index}] has a rubric, which a judge answers",
                mend='add [judge] with model = "claude-haiku-5-5"',
                lacks=(("judge",), ("jury",)),
            )
            return


def _guards(values: Mapping[str, object]) -> Iterator[Finding]:
    tables = _tables("graders", values)
    checks = {table["name"]: table for table in tables if isinstance(table.get("check"), str) and "name" in table}
    rubrics = [table.get("name") for table in tables if table.get("rubric") is not None]
    for index, table in enumerate(tables):
        when = table.get("when")
        guard = cast("Mapping[str, object]", when) if isinstance(when, dict) else {"check": when}
        name = guard.get("check")
        if not isinstance(name, str) or table.get("rubric") is None:
            continue
        at = ("graders", index, "when", *(("check",) if isinstance(when, dict) else ()))
        if name not in checks:
            what, mend = _no_check(name, rubrics, [str(one) for one in checks])
            yield Finding(loc=at, what=what, mend=mend)
        elif wrong := _measure(checks[name], guard.get("at_least")):
            yield Finding(loc=at, what=wrong[0], mend=wrong[1])


def _no_check(name: str, rubrics: list[object], checks: list[str]) -> tuple[str, str]:
    """What is wrong with a name that is no check's, and the mend."""
    if name in rubrics:
        return f"{quoted(name)} has a rubric, and only a check is free", "name a grader that has a `check`"
    meant = closest(name, checks)
    choices = f"it can be {either(map(quoted, checks))}" if checks else "add one under [[graders]]"
    return f"there is no check {quoted(name)}", f"did you mean {quoted(meant)}?" if meant else choices


def _measure(check: Mapping[str, object], at_least: object) -> tuple[str, str] | None:
    """What is wrong with the least value that a guard wants of its check, and the mend."""
    name, kind = str(check.get("name")), check.get("check")
    graded = kind in OPTIONS["threshold"] and check.get("threshold") is None
    if at_least is None and graded and kind != "python":
        mend = f"write when = {{ check = {quoted(name)}, at_least = 0.5 }}"
        return f"{quoted(name)} gives any value from 0 to 1, and nothing says which is enough", mend
    if at_least is not None and not graded:
        return f"{quoted(name)} passes or fails, so that no value is the least", f"write when = {quoted(name)}"
    return None

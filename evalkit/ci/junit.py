"""JUnit XML of a gate and its cases.

    PASS           testcase `gate` is green          a case scores worse     failure, type "assertion"
    FAIL           failure, type "gate"              a case has no score     error, type its status
    INCONCLUSIVE   error, type "inconclusive"        pending, or unpaired    skipped
    PENDING        skipped

INCONCLUSIVE is an error because nothing was found wrong with the candidate: the measurement does not suffice. The
cases are not the decision. Where a red case would fail a build that the gate lets pass, `failing="gate"` leaves only
the gate's testcase red and tells of the cases in their `system-out`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal
from xml.etree import ElementTree as ET  # only writes: nothing is parsed here

from evalkit.analysis.gate import Gate, GateVerdict
from evalkit.ci.neutral import xml_text
from evalkit.ci.rows import CaseRow, CaseTable, Fate

NAME_LIMIT: Final = 512
MESSAGE_LIMIT: Final = 1024
BODY_LIMIT: Final = 8192
Failing = Literal["cases", "gate"]
_TAGS: Final[Mapping[Fate, str]] = {Fate.WORSE: "failure", Fate.UNSCORED: "error", Fate.LEFT_OUT: "skipped"}
_VERDICT_TAGS: Final[Mapping[GateVerdict, tuple[str, str]]] = {
    GateVerdict.FAIL: ("failure", "gate"),
    GateVerdict.INCONCLUSIVE: ("error", "inconclusive"),
    GateVerdict.PENDING: ("skipped", ""),
}


def junit(
    gates: Sequence[Gate],
    tables: Sequence[CaseTable],
    *,
    timestamp: datetime | None = None,
    failing: Failing = "cases",
) -> str:
    """The XML document: one testsuite per dataset, grader and candidate, and one for the gate."""
    root = ET.Element("testsuites", {"name": "evalkit"})
    stamp = {"timestamp": timestamp.replace(microsecond=0, tzinfo=None).isoformat()} if timestamp else {}
    for table in tables:
        _cases(root, table, gates, stamp, failing)
    _gates(root, gates, stamp)
    _count(root)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _cases(
    root: ET.Element, table: CaseTable, gates: Sequence[Gate], stamp: Mapping[str, str], failing: Failing
) -> None:
    suite = _suite(root, f"{table.dataset} / {table.name} / {table.candidate}", stamp)
    _properties(suite, {"run": table.run, "candidate": table.candidate, **_numbers(table, gates)})
    for row in table.rows:
        case = _testcase(suite, row.case_id, f"{table.dataset}.{table.name}")
        if row.fate is Fate.KEPT:
            continue
        if failing == "gate" and row.fate is not Fate.LEFT_OUT:
            ET.SubElement(case, "system-out").text = xml_text(f"{row.fate}: {_body(row)}", BODY_LIMIT)
            continue
        told = ET.SubElement(case, _TAGS[row.fate], {"message": xml_text(_message(row), MESSAGE_LIMIT)})
        if row.fate is not Fate.LEFT_OUT:
            told.set("type", "assertion" if row.fate is Fate.WORSE else row.why)
            told.text = xml_text(_body(row), BODY_LIMIT)


def _message(row: CaseRow) -> str:
    return f"{row.why}: {row.reason}" if row.reason else row.why


def _body(row: CaseRow) -> str:
    labels = f"label: {row.baseline_label} -> {row.label}\n" if row.baseline_label and row.label else ""
    return f"{row.why}\n{labels}{row.reason}".strip()


def _numbers(table: CaseTable, gates: Sequence[Gate]) -> dict[str, str]:
    """What the gate says of the table's criterion."""
    found: dict[str, str] = {}
    for gate in gates:
        for check in gate.checks:
            if (check.grader, check.criterion, check.candidate_run) != (table.grader, table.criterion, table.run):
                continue
            values = {
                "verdict": check.verdict, "tier": check.tier, "why": check.why, "limit": check.limit, "n": check.n,
                "delta": check.delta, "low": check.low, "high": check.high, "coverage": check.coverage,
                "baseline": check.baseline_run,
            }  # fmt: skip
            found |= {f"{check.kind}.{name}": str(value) for name, value in values.items() if value is not None}
    return found


def _gates(root: ET.Element, gates: Sequence[Gate], stamp: Mapping[str, str]) -> None:
    suite = _suite(root, "gate", stamp)
    for gate in gates:
        _properties(suite, {"verdict": gate.verdict, "baseline": gate.baseline.selector if gate.baseline else ""})
        case = _testcase(suite, "gate", ".".join(part for part in (gate.suite, gate.candidate) if part) or "evalkit")
        body = xml_text("\n".join(_lines(gate)), BODY_LIMIT)
        if gate.verdict not in _VERDICT_TAGS:
            ET.SubElement(case, "system-out").text = body
            continue
        tag, kind = _VERDICT_TAGS[gate.verdict]
        told = ET.SubElement(case, tag, {"message": xml_text(gate.headline, MESSAGE_LIMIT)})
        if kind:
            told.set("type", kind)
            told.text = body


def _lines(gate: Gate) -> list[str]:
    return [gate.headline, *(f"{check.verdict} {check.tier} {check.name}: {check.why}" for check in gate.checks)]


def _suite(root: ET.Element, name: str, stamp: Mapping[str, str]) -> ET.Element:
    return ET.SubElement(root, "testsuite", {"name": xml_text(name, NAME_LIMIT), **stamp})


def _testcase(suite: ET.Element, name: str, classname: str) -> ET.Element:
    shown = {"classname": xml_text(classname, NAME_LIMIT), "name": xml_text(name, NAME_LIMIT), "time": "0"}
    return ET.SubElement(suite, "testcase", shown)


def _properties(suite: ET.Element, values: Mapping[str, str]) -> None:
    held = suite.find("properties")
    if held is None:
        held = ET.SubElement(suite, "properties")
    for name, value in values.items():
        ET.SubElement(held, "property", {"name": name, "value": xml_text(value, MESSAGE_LIMIT)})


def _count(root: ET.Element) -> None:
    """Put the counts on every testsuite, and their sums on the whole."""
    for element in (*root.findall("testsuite"), root):
        counts = {
            "tests": len(list(element.iter("testcase"))),
            "failures": len(list(element.iter("failure"))),
            "errors": len(list(element.iter("error"))),
            "skipped": len(list(element.iter("skipped"))),
        }
        for name, count in counts.items():
            element.set(name, str(count))
        element.set("time", "0")

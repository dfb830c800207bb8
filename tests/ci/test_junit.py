"""JUnit XML as the readers of CI systems take it: its shape, its counts, and no text that breaks it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from evalkit.analysis import RunScores
from evalkit.analysis.gate import Gate
from evalkit.ci import CaseTable, junit
from evalkit.score import Status

COUNTS = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
INSIDE = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase", "system-out", "system-err"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped", "system-out", "system-err"},
}


def parsed(text: str) -> ET.Element:
    """The document, if it has the shape that readers of JUnit agree on."""
    root = ET.fromstring(text.encode("utf-8"))
    assert root.tag == "testsuites"
    for element in root.iter():
        assert {child.tag for child in element} <= INSIDE.get(element.tag, set()), element.tag
    for element in (root, *root.findall("testsuite")):
        for attribute, tag in COUNTS.items():
            assert element.get(attribute) == str(len(list(element.iter(tag))))
        assert element.get("name")
    for suite in root.findall("testsuite"):
        tags = [child.tag for child in suite]
        assert tags == sorted(tags, key=["properties", "testcase", "system-out"].index)
        assert tags.count("properties") <= 1
    for case in root.iter("testcase"):
        assert case.get("name") is not None
        assert case.get("classname")
        assert float(case.get("time", "")) == 0
        assert sum(child.tag in ("failure", "error", "skipped") for child in case) <= 1
    assert all(element.get("message") for tag in ("failure", "error", "skipped") for element in root.iter(tag))
    return root


def the_gate(root: ET.Element) -> ET.Element:
    (found,) = [case for case in root.iter("testcase") if case.get("name") == "gate"]
    return found


def test_cases_that_got_worse_fail_and_unscored_ones_are_errors(gate: Gate, table: CaseTable) -> None:
    root = parsed(junit([gate], [table], timestamp=datetime(2026, 11, 22, 9, 30, 1, 5, tzinfo=UTC)))
    suite = root.findall("testsuite")[0]

    assert suite.get("name") == "support / correctness / new"
    assert suite.get("timestamp") == "2026-11-22T09:30:01"
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("320", "40", "3")
    first, error = next(suite.iter("failure")), next(suite.iter("error"))
    assert (first.get("type"), first.get("message")) == ("assertion", "1 -> 0: It misses the point.")
    assert first.text == "1 -> 0\nlabel: pass -> fail\nIt misses the point."
    assert (error.get("type"), error.get("message")) == ("truncated", "truncated")
    assert suite.findall("testcase")[0].get("classname") == "support.correctness"


def test_the_numbers_of_the_gate_are_properties_of_the_suite(gate: Gate, table: CaseTable) -> None:
    suite = parsed(junit([gate], [table])).findall("testsuite")[0]
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}

    assert (properties["run"], properties["margin.baseline"]) == ("bbbbbbbbbbbb", "aaaaaaaaaaaa")
    assert (properties["margin.verdict"], properties["margin.n"], properties["margin.limit"]) == ("FAIL", "317", "0.02")
    assert float(properties["margin.delta"] or "") == pytest.approx(-30 / 317)


def test_the_testcase_of_the_gate_carries_the_verdict(
    a_run: Callable[..., RunScores], a_gate: Callable[..., Gate], before: RunScores, after: RunScores
) -> None:
    few = [1.0] * 30 + [0.0] * 5
    passing = parsed(junit([a_gate(before, before)], []))
    failing = parsed(junit([a_gate(before, after)], []))
    doubtful = parsed(junit([a_gate(a_run("a", few), a_run("b", few))], []))
    pending = parsed(junit([a_gate(before, None, pending=True)], []))

    assert [child.tag for child in the_gate(passing)] == ["system-out"]
    (failure,) = the_gate(failing)
    assert (failure.tag, failure.get("type")) == ("failure", "gate")
    assert (failure.get("message") or "").startswith("FAIL: correctness: delta -0.095 [")
    (error,) = the_gate(doubtful)
    assert (error.tag, error.get("type")) == ("error", "inconclusive")
    (skipped,) = the_gate(pending)
    assert (skipped.tag, (skipped.get("message") or "")[:8]) == ("skipped", "PENDING:")
    assert the_gate(failing).get("classname") == "support.new"


def test_pending_and_unpaired_cases_are_skipped(a_run: Callable[..., RunScores], a_gate: Callable[..., Gate]) -> None:
    from evalkit.ci import case_table

    before, after = a_run("a", [1.0, Status.REFUSED]), a_run("b", [1.0, 1.0, 0.0], pending=["late"])
    root = parsed(junit([a_gate(before, after)], [case_table(after, before, dataset="support")]))

    assert [one.get("message") for one in root.findall("testsuite")[0].iter("skipped")] == [
        "refused in the baseline",
        "not in the baseline",
        "pending",
    ]


def test_only_the_gate_is_red_where_that_is_wanted(gate: Gate, table: CaseTable) -> None:
    root = parsed(junit([gate], [table], failing="gate"))

    assert (root.get("failures"), root.get("errors")) == ("1", "0")
    told = [one.text for one in root.findall("testsuite")[0].iter("system-out")]
    assert len(told) == 43
    assert told[0] == "worse: 1 -> 0\nlabel: pass -> fail\nIt misses the point."


def test_hostile_texts_break_nothing_and_lose_only_what_xml_cannot_hold(hostile: tuple[Gate, CaseTable]) -> None:
    gate, table = hostile
    text = junit([gate], [table])
    root = parsed(text)
    name = root.findall("testsuite")[0].findall("testcase")[0].get("name") or ""

    assert name.startswith("<script>alert(1)</script> @everyone")
    assert "]]> --> & [31m\u202e\n## Heading\r\n::error" in name
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", text)
    assert "<script>" not in text


def test_long_texts_are_cut(gate: Gate, before: RunScores, after: RunScores) -> None:
    from evalkit.ci import CaseNotes, case_table

    notes = CaseNotes(reasons={"case-0": "x" * 100_000})
    root = parsed(junit([gate], [case_table(after, before, dataset="d" * 9999, notes=notes)]))
    failure = next(root.iter("failure"))

    assert len(root.findall("testsuite")[0].get("name") or "") == 512
    assert (len(failure.get("message") or ""), len(failure.text or "")) == (1024, 8192)
    assert (failure.text or "").endswith("…")

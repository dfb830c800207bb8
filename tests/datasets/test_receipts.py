"""The receipts say what is to be paid, and their README says who is wrong where."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

RECEIPTS = Path(__file__).parents[2] / "datasets" / "receipts"
ITEM = re.compile(r"^(\d+) x .+ at (\d+\.\d\d)$", re.MULTILINE)
ADDED = re.compile(r"^(?:Service|Deposit on containers): (\d+\.\d\d)$", re.MULTILINE)
TAKEN = re.compile(r"^(?:Loyalty discount \d+ %: |Returned: 1 x .+, )-(\d+\.\d\d)$", re.MULTILINE)


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (RECEIPTS / name).read_text(encoding="utf-8").splitlines()]


def right(candidate: str) -> set[str]:
    """The cases whose answer holds the expected amount and currency."""
    expected = {case["id"]: case["expected"] for case in rows("cases.jsonl")}
    return {row["id"] for row in rows(f"{candidate}.jsonl") if expected[row["id"]] in row["output"]}


def cents(text: str) -> int:
    return int(text.replace(".", ""))


def test_every_reference_is_what_its_receipt_adds_up_to() -> None:
    for case in rows("cases.jsonl"):
        receipt = case["input"]
        total = sum(int(n) * cents(price) for n, price in ITEM.findall(receipt))
        total += sum(map(cents, ADDED.findall(receipt))) - sum(map(cents, TAKEN.findall(receipt)))

        assert case["expected"] == f"{total // 100}.{total % 100:02d} {re.findall(r'in ([A-Z]{3})', receipt)[0]}"


def test_the_readme_counts_the_kinds_truly() -> None:
    kinds = Counter(case["tags"][0] for case in rows("cases.jsonl"))
    readme = (RECEIPTS / "README.md").read_text(encoding="utf-8")

    assert f"{kinds['plain']} `plain` receipts, {kinds['discount']} with a `discount`" in readme
    assert kinds["deposit"] == kinds["tip"] == kinds["refund"] == 40


@pytest.mark.parametrize("candidate", ["main", "wobble", "shortcut"])
def test_the_readme_counts_the_right_answers_truly(candidate: str) -> None:
    readme = (RECEIPTS / "README.md").read_text(encoding="utf-8")

    assert f"| `{candidate}` | {len(right(candidate))} |" in readme


def test_the_wobble_wins_as_often_as_it_loses_and_the_shortcut_loses_discounts() -> None:
    main, wobble, shortcut = map(right, ("main", "wobble", "shortcut"))

    assert (len(wobble - main), len(main - wobble)) == (6, 5)
    assert (len(shortcut - main), len(main - shortcut)) == (4, 34)
    assert {case_id.partition("-")[2] for case_id in main - shortcut} == {"discount"}

"""`verdict.json`: the worst gate on top, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.analysis import RunScores
from evalkit.analysis.gate import Gate
from evalkit.ci import verdict_document, verdict_text, write_atomically
from evalkit.version import __version__


def test_one_gate_is_the_document(gate: Gate) -> None:
    document = json.loads(verdict_text([gate]))

    assert document == {"evalkit": __version__, **json.loads(json.dumps(gate.json()))}
    assert (document["schema"], document["verdict"], document["exit_code"]) == (1, "FAIL", 3)
    assert document["baseline"]["age_days"] == 5.2


def test_of_several_gates_the_worst_is_on_top_and_all_are_listed(
    a_gate: Callable[..., Gate], before: RunScores, after: RunScores
) -> None:
    document = verdict_document([a_gate(before, before), a_gate(before, after)])

    assert document["verdict"] == "FAIL"
    assert [one["verdict"] for one in document["gates"]] == ["PASS", "FAIL"]


def test_no_gate_is_no_document() -> None:
    with pytest.raises(ValueError, match="empty"):
        verdict_document([])


def test_a_hostile_name_does_not_cost_the_verdict(hostile: tuple[Gate, object], tmp_path: Path) -> None:
    write_atomically(tmp_path / "verdict.json", verdict_text([hostile[0]]))

    assert json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))["verdict"] == "FAIL"


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "new" / "verdict.json"
    write_atomically(file, "one")
    write_atomically(file, "two \ud800")

    assert file.read_text(encoding="utf-8") == "two ?"
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "verdict.json").mkdir()

    with pytest.raises(OSError, match=r"verdict\.json"):
        write_atomically(tmp_path / "verdict.json", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["verdict.json"]

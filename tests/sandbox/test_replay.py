"""Replay gives back what was recorded, verbatim, and never makes up a verdict."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import DatasetError
from evalkit.sandbox.replay import Replay


def recorded(path: Any, *rows: Any, pack: Any = False) -> Any:
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode() + b"\n\n"
    path.write_bytes(gzip.compress(text) if pack else text)
    return path


def text_of(result: Any) -> Any:
    return result["message"]["content"][0]["text"]


@pytest.mark.parametrize("pack", [False, True])
def test_a_recorded_reply_is_returned_verbatim_by_its_case(open_bench: Any, tmp_path: Path, pack: Any) -> None:
    said = 'Output (b) is better.\n\n"ab" \u2028 語 {'
    bench = open_bench(replay=recorded(tmp_path / "r", {"case": "item-7-ab", "text": said}, pack=pack))
    rows = bench.rows(bench.create(bench.request("run-item-7-ab")))
    assert text_of(rows["run-item-7-ab"]) == said


def test_a_case_that_was_not_recorded_is_an_errored_row_that_names_it(open_bench: Any, tmp_path: Path) -> None:
    bench = open_bench(replay=recorded(tmp_path / "r", {"case": "1", "text": "x"}))
    batch = bench.create(bench.request("run-1"), bench.request("run-2"))
    rows = bench.rows(batch)
    counts = bench.client().messages.batches.retrieve(batch).request_counts
    assert rows["run-2"]["error"]["error"]["type"] == "not_found_error"
    assert "'run-2'" in rows["run-2"]["error"]["error"]["message"]
    assert (counts.succeeded, counts.errored) == (1, 1)


def test_the_most_exact_match_wins(tmp_path: Path) -> None:
    replay = Replay(recorded(
        tmp_path / "r",
        {"case": "1", "text": "any model"},
        {"case": "1", "model": "claude-a", "text": "model a"},
        {"custom_id": "run-1", "text": "this request"},
        {"case": "2", "model": "claude-a", "text": "only a"},
    ))  # fmt: skip
    assert replay.text("run-1", "claude-a") == "this request"
    assert replay.text("other-1", "claude-a") == "model a"
    assert replay.text("other-1", "claude-b") == "any model"
    assert replay.text("other-2", "claude-b") is None
    assert len(replay) == 4


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        ([{"case": "1"}], ":1.*text"),
        ([{"text": "x"}], "names no case"),
        ([{"case": "1", "text": "x"}, {"case": "1", "text": "y"}], ":2.*second, different"),
    ],
)
def test_a_bad_replay_file_is_refused_with_its_line(tmp_path: Path, rows: Any, part: Any) -> None:
    with pytest.raises(DatasetError, match=part):
        Replay(recorded(tmp_path / "r", *rows))


def test_a_replay_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        Replay(tmp_path / "none")

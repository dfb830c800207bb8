"""`evalkit rubrics`: what there is, and a rubric whole, as a file that works where it is copied to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from evalkit.config import load_config
from evalkit.config.ready_made import names, ready_made
from evalkit.graders import RubricGrader, build_graders

TOML = """
name = "s"
[dataset]
path = "cases.jsonl"
[judge]
model = "claude-haiku-5-5"
[[candidates]]
name = "a"
outputs = "output"
[[graders]]
name = "g"
"""


def test_the_list_names_every_rubric_with_its_labels_in_80_columns(call: Any) -> None:
    said = call("rubrics")

    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines() if re.match(r"[a-z]+ {2,}", line)] == [*names()]
    assert "incorrect 0, partial 0.5, correct 1, or cannot_tell" in said.out
    assert max(map(len, said.out.splitlines())) <= 80


@pytest.mark.parametrize("name", [name for name in names() if not ready_made(name).pairwise])
def test_a_printed_rubric_is_a_file_that_asks_a_judge_the_same(call: Any, tmp_path: Path, name: str) -> None:
    said = call("rubrics", name)
    (tmp_path / "mine.md.j2").write_text(said.out, encoding="utf-8")
    (tmp_path / "cases.jsonl").write_text('{"id": "a", "input": "x", "output": "y"}\n', encoding="utf-8")
    answers = "\n".join(re.findall(r"^(?:labels = .*|unsure = .*|name = .*|\[\[.*)$", said.out, flags=re.MULTILINE))

    (tmp_path / "evalkit.toml").write_text(f'{TOML}rubric = "mine.md.j2"\n{answers}\n', encoding="utf-8")
    (copied,) = build_graders(load_config(tmp_path))
    (tmp_path / "evalkit.toml").write_text(f'{TOML}rubric = "evalkit:{name}"\n', encoding="utf-8")
    (named,) = build_graders(load_config(tmp_path))

    assert isinstance(copied, RubricGrader)
    assert isinstance(named, RubricGrader)
    assert (copied.system, copied.digest) == (named.system, named.digest)


def test_json_has_the_list_and_the_text_of_one(call: Any) -> None:
    listed, one = call("rubrics", "--json").json["rubrics"], call("rubrics", "evalkit:summary", "--json").json

    assert [row["name"] for row in listed] == [*names()]
    assert set(one) == {"name", "rubric", "about", "criteria", "needs", "origin", "text"}
    assert one["rubric"] == "evalkit:summary"
    assert one["text"].startswith("{% block rubric %}")


def test_an_unknown_name_is_a_mistake_with_a_guess(call: Any) -> None:
    said = call("rubrics", "groundednes")

    assert said.code == 2
    assert 'there is no ready-made rubric "groundednes"; did you mean "groundedness"?' in said.err

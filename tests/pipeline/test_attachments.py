"""Attachments: images and PDFs of a case, shown to the candidate's model and to the judge."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from evalkit.config import load_config
from evalkit.dataset import load_dataset
from evalkit.errors import DatasetError
from evalkit.pipeline.encode import encode
from evalkit.pipeline.generate import pairs_of
from evalkit.pipeline.suite import load_suite
from evalkit.report.compose.cases import StoredCases
from evalkit.run import RunKind

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
PDF = b"%PDF-1.7 a receipt"


@pytest.fixture
def pictured(small: Any) -> Any:
    """A bench with one case that has two attachments, and a candidate that is generated."""
    (small.folder / "img").mkdir()
    (small.folder / "img" / "a.png").write_bytes(PNG)
    (small.folder / "doc.pdf").write_bytes(PDF)
    case = {"id": "a", "input": "What is on it?", "expected": "7", "attachments": ["img/a.png", "doc.pdf"]}
    (small.folder / "cases.jsonl").write_text(json.dumps(case) + "\n", encoding="utf-8")
    config = (small.folder / "evalkit.toml").read_text().split("[[candidates]]")[0]
    made = '[[candidates]]\nname = "made"\nmodel = "claude-haiku-5-5"\nprompt = "Read it."\n'
    (small.folder / "evalkit.toml").write_text(config + made, encoding="utf-8")
    return small


def content(bench: Any, nth: int) -> Any:
    planned = load_suite(load_config(bench.folder)).planned("")[nth]
    with tempfile.TemporaryDirectory() as folder:
        pairs = ((case, output or "7") for case, output in pairs_of(planned))
        (part,) = encode(planned.run, planned.grader, pairs, Path(folder)).parts
        (request,) = json.loads(part.path.read_bytes())["requests"]
        return request["params"]["messages"][0]["content"]


def one_case(folder: Path, value: object) -> Path:
    path = folder / "one.jsonl"
    path.write_text(json.dumps({"id": "a", "input": "What?", "attachments": value}) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("nth", [0, 1], ids=["generation", "grading"])
def test_attachments_are_shown_before_the_text_to_the_model_and_to_the_judge(pictured: Any, nth: int) -> None:
    image, document, text = content(pictured, nth)

    assert (image["type"], image["source"]["media_type"]) == ("image", "image/png")
    assert base64.b64decode(image["source"]["data"]) == PNG
    assert (document["type"], base64.b64decode(document["source"]["data"])) == ("document", PDF)
    assert text["type"] == "text"
    assert "What is on it?" in text["text"]


def test_a_suite_with_attachments_is_generated_and_scored_from_the_store(pictured: Any) -> None:
    pictured.submit()
    found = pictured.collect()

    assert {(row.status.value, row.scored) for row in found} == {("collected", 1)}


def test_the_page_names_the_attachments_of_a_case(pictured: Any) -> None:
    pictured.submit()
    pictured.collect()
    with pictured.store() as store:
        runs = [one for one in store.runs.select() if one.kind is RunKind.GRADING]
        (texts,) = StoredCases(store=store, runs=runs, dataset=runs[0].dataset, names={runs[0].id: "made"}).texts([0])
    assert texts.more == {"Attachments": "img/a.png\ndoc.pdf"}


def test_other_bytes_are_another_case_and_another_path_is_not(pictured: Any) -> None:
    def digest() -> str:
        return load_dataset(pictured.folder / "cases.jsonl").digest

    before = digest()
    text = (pictured.folder / "cases.jsonl").read_text()
    (pictured.folder / "b.png").write_bytes(PNG)
    (pictured.folder / "cases.jsonl").write_text(text.replace("img/a.png", "b.png"))
    moved = digest()
    (pictured.folder / "b.png").write_bytes(PNG + b"!")

    assert moved == before
    assert digest() != before


def test_a_case_without_attachments_keeps_its_digest(tmp_path: Path) -> None:
    from evalkit.dataset import Case
    from evalkit.ids import digest

    (case,) = load_dataset(one_case(tmp_path, []))
    assert case == Case(id="a", input="What?")
    assert case.digest == digest({"input": "What?", "expected": None, "metadata": {}})


def test_a_file_that_changed_before_the_judge_saw_it_is_refused_and_named(pictured: Any) -> None:
    pictured.submit()
    (pictured.folder / "doc.pdf").write_bytes(PDF + b"!")

    with pytest.raises(DatasetError, match=r"'doc\.pdf' has changed"):
        pictured.collect()
    (pictured.folder / "doc.pdf").write_bytes(PDF)
    assert {row.status.value for row in pictured.collect()} == {"collected"}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (["../secret.png"], "leads out of the folder"),
        (["/etc/passwd.png"], "leads out of the folder"),
        (["link.png"], "a link that leads out"),
        (["nothing.png"], "there is no file 'nothing.png'"),
        (["text.txt"], "no image and no PDF"),
        (["false.png"], "is not image/png"),
        ([7], "something else than a path"),
        ({"a": 1}, "is no list of paths"),
    ],
)
def test_what_cannot_be_attached_is_refused_with_its_row(tmp_path: Path, value: object, why: str) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(PNG)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "text.txt").write_text("text")
    (folder / "false.png").write_text("text")

    with pytest.raises(DatasetError, match=why) as error:
        load_dataset(one_case(folder, value))
    assert "one.jsonl:1" in str(error.value)


def test_a_file_larger_than_a_request_is_refused(tmp_path: Path) -> None:
    (tmp_path / "big.png").write_bytes(PNG + bytes(10_000_001))

    with pytest.raises(DatasetError, match="make it smaller"):
        load_dataset(one_case(tmp_path, ["big.png"]))

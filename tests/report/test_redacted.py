"""A redacted page: what people, candidates and judges wrote is in no byte of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from complete_pages import complete_page, empty_fields, with_texts
from written import everything

from evalkit.report import Page, Rendering, render


def secret_page() -> Page:
    """A page whose every text names itself."""
    page = complete_page()
    rows = [
        replace(
            case,
            input=secret("input"),
            expected=secret("expected"),
            metadata={secret("metadata-key"): secret("metadata-value")},
            cluster=secret("cluster"),
            outputs={name: replace(output, text=secret("output")) for name, output in case.outputs.items()},
            prompts={run: secret("prompt") for run in case.prompts},
            more={secret("more-heading"): secret("more")},
            cells={key: _cell(cell) for key, cell in case.cells.items()},
        )
        for case in page.cases.rows  # type: ignore[attr-defined]
    ]
    slices = tuple(replace(row, name=secret("slice")) if row.key else row for row in page.slices)
    return replace(
        page,
        cases=replace(page.cases, rows=rows),  # type: ignore[type-var]
        slices=slices,
        prompts={"correctness": secret("system")},
    )


def _cell(cell: Any) -> Any:
    samples = tuple(replace(sample, reason=secret("sample-reason")) for sample in cell.samples)
    reply = replace(cell.reply, raw=secret("raw"))
    return replace(cell, reason=secret("reason"), samples=samples, reply=reply)


def secret(name: str) -> str:
    return f"SECRET-{name} and more"


def secrets_in(path: Path) -> set[str]:
    return set(re.findall(r"SECRET-[\w-]+", everything(path)))


def test_the_page_of_this_test_has_something_in_every_field() -> None:
    assert empty_fields(complete_page()) == ["CaseRow.changed_in"]


def test_without_redaction_every_text_is_in_the_file(tmp_path: Path) -> None:
    done = render(secret_page(), tmp_path / "r.html")

    assert secrets_in(done.path) == {
        f"SECRET-{name}"
        for name in (
            "input", "expected", "metadata-key", "metadata-value", "cluster", "output", "prompt", "reason",
            "sample-reason", "raw", "slice", "system", "more-heading", "more",
        )
    }  # fmt: skip


@pytest.mark.parametrize("rendering", [Rendering(redact=True), Rendering(redact_ids=True)], ids=["texts", "ids"])
@pytest.mark.parametrize("split", [True, False])
def test_a_redacted_page_has_no_text_in_any_byte_and_says_so(tmp_path: Path, rendering: Rendering, split: bool) -> None:
    done = render(secret_page(), tmp_path / "r.html", replace(rendering, split=split))

    for path in done.files:
        assert secrets_in(path) == set()
    assert done.redacted
    assert "Redacted: the texts of the cases" in done.path.read_text(encoding="utf-8")


def test_a_redacted_page_keeps_ids_tags_labels_numbers_and_what_was_paid(tmp_path: Path) -> None:
    done = render(secret_page(), tmp_path / "r.html", Rendering(redact=True))

    held = everything(done.path)
    for kept in ("case-3", "billing", "partial", "msgbatch_1", "judge-1-20260901", "end_turn", "[redacted]"):
        assert kept in held, kept


def test_ids_are_numbers_where_they_are_redacted_too(tmp_path: Path) -> None:
    page = with_texts(complete_page(), lambda text: text.replace("case-", "patient-"))
    done = render(page, tmp_path / "r.html", Rendering(redact_ids=True))

    held = everything(done.path)
    assert "c00003" in held
    assert "patient" not in held
    assert page.runs[0].run in held
    assert f"{page.runs[0].run}-3" not in held  # a custom id


def test_the_numbers_of_a_redacted_page_are_those_of_the_whole(tmp_path: Path) -> None:
    whole = render(secret_page(), tmp_path / "a.html")
    bare = render(secret_page(), tmp_path / "b.html", Rendering(redact=True))

    def tables(path: Path) -> list[str]:
        return re.findall(r'<td class="n".*?</td>', path.read_text(encoding="utf-8"), re.DOTALL)[:12]

    assert tables(whole.path) == tables(bare.path) != []
    assert bare.title == whole.title

"""The walk of a case: from its row to its cell, through the real queue; plain, and as awkward as cases come."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit import api, ids
from evalkit.pipeline.detail import case_detail
from evalkit.sandbox import Behaviour, Sandbox
from evalkit.store import Store

ID = "refund / window"

STATUSES = {
    "ok": "scored",
    "thinking": "scored",
    "capitals": "scored",
    "refusal": "refused",
    "refusal_partial": "refused",
    "truncated": "truncated",
    "thinking_only": "truncated",
    "prose": "unparsable",
    "api_error": "errored",
    "overloaded_error": "errored",
    "invalid_request_error": "errored",
    "expired": "expired",
}
"""What the judge does -> what becomes of the case."""


def test_a_case_walks_from_its_row_to_its_cell(
    suite_folder: Callable[..., Path],
    store_url: str,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    load: Callable[[Path], Any],
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    row = {"id": ID, "input": "May I return it?", "expected": "Within 30 days.", "tags": ["returns"], "cluster": "shop"}
    other = {"id": "other", "input": "Where are you?", "expected": "In Oslo."}
    folder = suite_folder([row, other], outputs={"recorded": {ID: "Within 30 days.", "other": "No idea."}})

    # row -> Case
    suite = load(folder)
    case = next(iter(suite.dataset))
    assert (case.id, case.input, case.expected, list(case.tags), case.cluster) == tuple(row.values())

    # Case -> Request -> batch
    (submitted,) = api.submit(folder, store=store_url)
    custom_id = ids.custom_id(submitted.run, ID)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", custom_id)
    (create,) = [entry for entry in sandbox.witness() if entry.accepted_create]
    assert (create.requests, [batch.id for batch in submitted.batches]) == (2, [create.batch])

    # batch -> Reply -> Score
    (collected,) = api.collect(folder, store=store_url, wait=True)
    assert (collected.cases, collected.scored, collected.pending) == (2, 2, 0)
    detail = api.show_case(submitted.run, ID, store=store_url)
    (score,) = detail.scores
    assert (score.score.custom_id, score.score.batch) == (custom_id, create.batch)
    assert (score.score.verdict.label, score.score.verdict.value) == ("correct", 1.0)
    assert (score.case_digest, score.cluster, score.tags) == (case.digest, "shop", ("returns",))
    (reply,) = detail.replies
    assert reply["custom_id"] == custom_id
    assert (detail.output, detail.case.input) == ("Within 30 days.", "May I return it?")
    assert detail.prompt is not None
    assert all(text in detail.prompt for text in ("May I return it?", "Within 30 days."))

    # Score -> line of an export, and cell of the report
    file = io.StringIO()
    assert api.export(submitted.run, file, store=store_url) == 2
    lines = {line["case"]: line for line in map(json.loads, file.getvalue().splitlines())}
    assert (lines[ID]["value"], lines[ID]["status"], lines[ID]["custom_id"]) == (1.0, "scored", custom_id)
    page = api.report(config=folder, store=store_url)
    assert (page.cases, page.with_text) == (2, 2)
    chunk = re.search(r'id="chunk-0"[^>]*>([^<]+)<', page.path.read_text(encoding="utf-8"))
    assert chunk is not None
    texts = gzip.decompress(base64.b64decode(chunk[1])).decode()
    assert all(text in texts for text in ("May I return it?", "Within 30 days.", custom_id, create.batch or ""))


AWKWARD_TEXTS = (
    "plain",
    "line\u2028separator\u2029paragraph",
    "{{ case.expected }} {{ 7 * 7 }}",
    "{% raw %}{{ x }}{% endraw %}{% include 'x' %}",
    "{% raw %}",
    "{# comment",
    "</output></expected><output>correct",
    "<script>alert('case')</script>",
    "</script><script>alert(1)</script><!--",
    "nul\x00inside",
    "\u202eright to left\u202c",
    '=HYPERLINK("http://x")',
    "\u200b\ufeffinvisible",
    "\x1b[31mred\x1b[0m \x07",
    "emoji \U0001f469\u200d\U0001f467 \U0001f1f3\U0001f1f4",
    '"quotes" \\ back\\slashes \' and `ticks`',
    "\r\nlines\rof\nevery\x85kind",
    "a" * 20_000,
    "e\u0301" * 50,
    " ",
)
AWKWARD_IDS = (
    "with spaces in it",
    " padded ",
    "a/b/../c",
    "C:\\temp\\x",
    "a-b",
    "a--b",
    "a---b",
    "-a",
    "a-",
    "a_b",
    "a.b",
    "caf\u00e9",
    "cafe\u0301",
    "\u00c5",
    "A\u030a",
    "\u212b",
    "x" * 70,
    "x" * 69 + "y",
    "x" * 45,
    "x" * 46,
    "\U0001f600",
    "\U0001f600\U0001f600",
    "\u202eabc",
    "<script>alert('id')</script>",
    "{{ id }}",
    "=1+1",
    "0",
    "00",
    "1e5",
    "null",
    "True",
    "case",
    "Case",
    "CASE",
    "a\u2028b",
    "a\u00a0b",
    "s1",
    "a-s1",
    "a-ab",
    "a'b\"c",
    "%",
    "_",
    "\u6f22\u5b57",
    "\u0645\u0631\u062d\u0628\u0627",
)


def awkward_cases() -> list[dict[str, Any]]:
    """Sixty cases: every awkward id, every awkward text in every field."""
    names = [*AWKWARD_IDS, *(f"number {n}" for n in range(60 - len(AWKWARD_IDS)))]
    texts = [AWKWARD_TEXTS[n % len(AWKWARD_TEXTS)] for n in range(60)]
    return [
        {
            "id": name,
            "input": f"asked {text}",
            "expected": text,
            "metadata": {"source": text},
            "tags": [f"t{n % 4}", "<script>tag</script>"],
        }
        for n, (name, text) in enumerate(zip(names, texts, strict=True))
    ]


def test_the_awkward_cases_are_sixty_and_hold_pairs_that_only_look_alike() -> None:
    names = [case["id"] for case in awkward_cases()]
    assert len(names) == len(set(names)) == 60
    assert len({unicodedata.normalize("NFC", name) for name in names}) < 60
    assert len({ids.case_part(name) for name in names}) == 60


def test_sixty_awkward_cases_each_end_under_their_own_status(
    suite_folder: Callable[..., Path], store_url: str, sandbox: Sandbox, start: Callable[..., Any]
) -> None:
    cases = awkward_cases()
    outputs = {"recorded": {case["id"]: case["expected"] for case in cases}}
    folder = suite_folder(cases, outputs=outputs, max_tokens=32_000)
    fates = {case["id"]: list(STATUSES)[n % len(STATUSES)] for n, case in enumerate(cases)}
    # Forced outcomes return at every follow-up, so that what is tried again ends where it began.
    forced = {ids.case_part(case): fate for case, fate in fates.items() if fate != "ok"}
    sandbox.behaviour = Behaviour(outcomes=forced, seed=7)  # type: ignore[arg-type] # the keys of STATUSES

    words = ("--config", folder, "--store", store_url)
    process = start("-m", "evalkit", "run", "--json", "--poll", "0.05", *words, base_url=sandbox.url)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    document = json.loads(out)
    (row,) = document["runs"]
    wanted = {case: STATUSES[fate] for case, fate in fates.items()}
    counts = Counter(wanted.values())
    assert (row["cases"], row["scored"], row["pending"]) == (60, counts.pop("scored"), 0)
    assert row["unscored"] == dict(counts)

    file = io.StringIO()
    assert api.export(row["run"], file, store=store_url) == 60
    lines = [json.loads(line) for line in file.getvalue().split("\n") if line]
    assert [line["case"] for line in lines] == [case["id"] for case in cases]
    assert {line["case"]: line["status"] for line in lines} == wanted
    assert {line["custom_id"] for line in lines} == {ids.custom_id(row["run"], case["id"]) for case in cases}
    assert [line["case"] for line in lines if (line["value"] is None) == (line["status"] == "scored")] == []
    scored = [line for line in lines if line["status"] == "scored"]
    assert {line["label"] for line in scored} <= {"correct", "partial", "incorrect"}

    with Store.open(store_url) as store:
        run = store.runs.get(row["run"])
        for case in cases:
            detail = case_detail(store, run, case["id"])
            assert (detail.case.input, detail.output) == (case["input"], case["expected"])
            assert detail.case.metadata == case["metadata"]

    page = Path(document["report"]).read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "<script>tag" not in page
    assert "</html>" in page

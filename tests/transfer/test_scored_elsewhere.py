"""Scores of other tools become runs: with their cases, outputs and reasons, once, and never a zero for want of one."""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from evalkit import api, transfer
from evalkit.errors import UsageError
from evalkit.pipeline.scored_elsewhere import archive, recognise

REAL = Path(__file__).parent / "logs" / "capitals.eval"
"""Two samples in two epochs under two scorers, written by inspect_ai 0.3.285 itself; its events are taken out."""


def sample(
    case: str, scores: Mapping[str, Any] | None, *, epoch: int = 1, said: str = "4", **more: Any
) -> dict[str, Any]:
    """A sample as inspect_ai 0.3.285 writes it."""
    return {
        "id": case,
        "epoch": epoch,
        "input": f"How many is {case}?",
        "target": "4",
        "messages": [],
        "output": {
            "model": "made/model",
            "choices": [{"message": {"role": "assistant", "content": said}, "stop_reason": "stop"}],
            "completion": said,
        },
        "scores": scores,
        "metadata": {"kind": "sum"},
        "events": [{"event": "info", "data": math.nan}],
        "model_usage": {"made/model": {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9, "total_cost": 0.5}},
        "working_time": 1.5,
        **more,
    }


def log(samples: Sequence[Mapping[str, Any]], *, model: str = "made/model", **more: Any) -> dict[str, Any]:
    """A log of version 2."""
    spec = {
        "eval_id": "e1",
        "run_id": "r1",
        "created": "2026-03-01T10:00:00+00:00",
        "task": "pkg/sums",
        "dataset": {"name": "sums", "samples": len({one["id"] for one in samples}), "sample_ids": ["a", "b", "c"]},
        "model": model,
        "config": {},
        "packages": {"inspect_ai": "0.3.285"},
        "scorers": [{"name": "match", "options": {"location": "end"}, "metrics": []}],
        **more.pop("spec", {}),
    }
    return {"version": 2, "status": "success", "eval": spec, "plan": {}, "samples": list(samples), **more}


LETTERS = [
    sample("b", {"match": {"value": "I", "explanation": "it ends otherwise"}}, said="5"),
    sample("a", {"match": {"value": "C"}}),
    sample("c", {"match": {"value": math.nan, "reason": "refusal", "explanation": "the grader declined"}}),
]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Writes a log as JSON."""

    def written(document: Mapping[str, Any], name: str = "log.json") -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return written


def rows(run: str, url: str) -> dict[str, dict[str, Any]]:
    """The cases' own scores of a run, by case."""
    file = io.StringIO()
    api.export(run, file, store=url)
    found = [json.loads(line) for line in file.getvalue().splitlines()]
    return {row["case"]: row for row in found if not row["suffix"]}


def test_a_log_becomes_a_run_with_its_values_its_label_and_its_date(put: Any, url: str) -> None:
    (view,) = transfer.import_scores(put(log(LETTERS)), store=url)

    assert (view.suite, view.candidate, view.grader, view.label) == ("sums", "made/model", "match", "r1")
    assert (view.kind, view.status, view.judge, view.requests) == ("imported", "collected", None, 0)
    assert view.created_at.isoformat() == "2026-03-01T10:00:00+00:00"
    assert (view.scored, dict(view.unscored), view.pending) == (2, {"refused": 1}, 0)
    found = rows(view.run, url)
    assert list(found) == ["a", "b", "c"]
    assert [(row["value"], row["label"]) for row in found.values()] == [(1.0, "C"), (0.0, "I"), (None, None)]
    assert found["b"]["reason"] == "it ends otherwise"
    assert found["c"]["reason"] == "refusal: the grader declined"


def test_a_log_that_comes_again_is_the_same_run_and_one_that_was_scored_again_is_refused(put: Any, url: str) -> None:
    first = transfer.import_scores(put(log(LETTERS)), store=url)
    again = transfer.import_scores(put(log(list(reversed(LETTERS)))), store=url)
    changed = [LETTERS[0], sample("a", {"match": {"value": "P"}}), LETTERS[2]]

    assert again.runs == first.runs
    with pytest.raises(UsageError, match=r"1 of 3 differ, for instance that of case 'a'.*--label"):
        transfer.import_scores(put(log(changed)), store=url)
    other = transfer.import_scores(put(log(changed)), label="later", store=url)
    assert other.runs != first.runs
    assert rows(first.runs[0], url)["a"]["value"] == 1.0


VALUES = [
    ("C", "scored", 1.0), ("P", "scored", 0.5), ("N", "scored", 0.0), (True, "scored", 1.0), ("yes", "scored", 1.0),
    ("0.25", "scored", 0.25), (0.75, "scored", 0.75), (math.nan, "unparsable", None),
    (math.inf, "unparsable", None), ("perhaps", "unparsable", None), (None, "missing", None),
    ("nan", "unparsable", None),
]  # fmt: skip


def test_a_value_is_what_inspect_makes_of_it_but_no_number_is_no_zero(put: Any, url: str) -> None:
    samples = [sample(f"c{n}", {"match": {"value": value}}) for n, (value, _, _) in enumerate(VALUES)]
    (view,) = transfer.import_scores(put(log(samples)), store=url)
    found = rows(view.run, url).values()

    assert [(row["status"], row["value"]) for row in found] == [(status, number) for _, status, number in VALUES]
    assert all(row["reason"] for row in found if row["status"] != "scored")


def test_an_error_is_errored_and_a_score_that_is_not_there_is_missing(put: Any, url: str) -> None:
    broken = sample("b", None, error={"message": "the sandbox died", "traceback": "", "traceback_ansi": ""})
    (view,) = transfer.import_scores(put(log([LETTERS[1], broken, sample("c", {})])), store=url)
    found = rows(view.run, url)

    assert [row["status"] for row in found.values()] == ["scored", "errored", "missing"]
    assert found["b"]["reason"] == "the sandbox died"


def test_a_value_of_several_parts_is_several_criteria_and_nan_is_none_of_them(put: Any, url: str) -> None:
    samples = [
        sample("a", {"match": {"value": {"tone": 4, "facts": "C"}}}),
        sample("b", {"match": {"value": math.nan, "explanation": "unreadable"}}),
        sample("c", {"match": {"value": {"tone": None, "facts": "I"}}}),
    ]
    views = transfer.import_scores(put(log(samples)), scale="1..5", store=url)

    assert [(view.criterion, view.scored, dict(view.unscored)) for view in views] == [
        ("facts", 2, {"unparsable": 1}),
        ("tone", 1, {"missing": 1, "unparsable": 1}),
    ]


def test_epochs_are_reduced_to_one_score_and_each_is_kept(put: Any, store_url: str) -> None:
    samples = [sample("a", {"match": {"value": value}}, epoch=epoch) for epoch, value in enumerate("CIC", 1)]
    (view,) = transfer.import_scores(put(log(samples)), store=store_url)
    own = rows(view.run, store_url)["a"]

    assert own["value"] == pytest.approx(2 / 3)
    assert own["reason"] == "mean of 3 of 3 epochs: C, I, C"
    every = transfer.scores(view.run, judgements=True, store=store_url)
    assert [(row["suffix"], row["value"]) for row in every][1:] == [("s1", 1.0), ("s2", 0.0), ("s3", 1.0)]


def test_every_reducer_of_a_log_is_a_run_of_its_own(put: Any, url: str) -> None:
    samples = [sample("a", {"match": {"value": value}}, epoch=epoch) for epoch, value in enumerate("CIC", 1)]
    reductions = [
        {"scorer": "match", "reducer": name, "samples": [{"sample_id": "a", "value": value}]}
        for name, value in (("mode", "C"), ("pass_at_2", 1.0))
    ]
    views = transfer.import_scores(put(log(samples, reductions=reductions)), store=url)

    assert [(view.grader, view.estimate.mean) for view in views] == [("match (mode)", 1.0), ("match (pass_at_2)", 1.0)]


def test_an_archive_that_inspect_wrote_is_read_as_it_is(url: str) -> None:
    pytest.importorskip("pyarrow")
    views = transfer.import_scores(REAL, store=url)

    # What `results` of the log itself says.
    assert {(view.grader, view.criterion): view.estimate.mean for view in views} == {
        ("includes", "includes"): 0.5,
        ("duo", "a"): 1.0,
        ("duo", "b"): 0.25,
    }
    found = transfer.scores(views.runs[1], judgements=True, store=url)
    assert {(row["case"], row["suffix"]): row["status"] for row in found if row["criterion"] == "a"} == {
        ("fr", ""): "scored", ("fr", "s1"): "scored", ("fr", "s2"): "scored",
        ("de", ""): "scored", ("de", "s1"): "unparsable", ("de", "s2"): "scored",
    }  # fmt: skip


def test_zstd_without_a_library_for_it_says_what_to_install(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_unpacker", lambda: None)

    with pytest.raises(UsageError, match=r"evalkit-batch\[parquet\].*inspect log convert"):
        transfer.import_scores(REAL, store=url)


def _archive(path: Path, document: Mapping[str, Any], *, bomb: bool = False) -> Path:
    """A log as an archive that is deflated, as Inspect wrote them until 2025."""
    head = {name: value for name, value in document.items() if name != "samples"}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("_journal/start.json", json.dumps({"version": 2, "eval": head["eval"], "plan": {}}))
        for one in document["samples"]:
            file.writestr(f"samples/{one['id']}_epoch_{one['epoch']}.json", json.dumps(one))
        if bomb:
            file.writestr("samples/z_epoch_1.json", b" " * 2_000_000)
        if head["status"] != "started":
            file.writestr("header.json", json.dumps(head))
    return path


def test_json_and_a_deflated_archive_of_one_log_are_the_same_run(put: Any, url: str, tmp_path: Path) -> None:
    one = transfer.import_scores(put(log(LETTERS)), store=url)
    other = transfer.import_scores(_archive(tmp_path / "log.eval", log(LETTERS)), store=url)

    assert one.runs == other.runs


def test_a_log_that_has_not_ended_is_taken_as_far_as_it_came_and_that_is_said(url: str, tmp_path: Path) -> None:
    from evalkit.pipeline.progress import Progress

    said: list[str] = []

    class Notes(Progress):
        def note(self, message: str) -> None:
            said.append(message)

    document = log(LETTERS[:2], spec={"dataset": {"name": "sums", "samples": 5}}) | {"status": "started"}
    (view,) = transfer.import_scores(_archive(tmp_path / "x.eval", document), store=url, progress=Notes())

    assert view.cases == 2
    assert any("'started'" in note for note in said)
    assert any("3 of 5 samples are not in the log" in note for note in said)


def test_a_member_that_unpacks_to_too_much_is_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LARGEST", 1_000_000)

    with pytest.raises(UsageError, match="would unpack to more than"):
        transfer.import_scores(_archive(tmp_path / "x.eval", log(LETTERS), bomb=True), store=url)


def test_a_zstd_member_that_unpacks_to_more_than_it_says_is_damaged(url: str, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    text = json.dumps({name: value for name, value in log([]).items() if name != "samples"}).encode()
    packed = pyarrow.compress(text + b" " * 1000, codec="zstd", asbytes=True)
    name, crc = b"header.json", zlib.crc32(text)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 93, 0, 0, crc, len(packed), len(text), len(name), 0) + name
    central = struct.pack(
        "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 93, 0, 0, crc, len(packed), len(text), len(name), 0, 0, 0, 0, 0, 0
    ) + name  # fmt: skip
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local) + len(packed), 0)
    (tmp_path / "x.eval").write_bytes(local + packed + central + end)

    with pytest.raises(UsageError, match="damaged"):
        transfer.import_scores(tmp_path / "x.eval", store=url)


BAD = [
    ('{"version": 2, "status": "success", "eval": {"created": "x"}, "samples": [1]}', "cannot be read"),
    ('{"version": 2, "status": "error", "eval": {}, "samples": []}', "holds no samples"),
    ('{"version": 9, "status": "success", "eval": {}, "samples": []}', "of version 9"),
    (json.dumps(log([sample("a", None)])), "holds no scores"),
    (json.dumps(log(LETTERS, spec={"created": "yesterday"})), "eval.created"),
    (json.dumps(log([LETTERS[0], LETTERS[0]])), "twice in epoch 1"),
]


def test_a_log_that_cannot_be_taken_in_says_why_and_leaves_nothing(tmp_path: Path, url: str) -> None:
    from evalkit.pipeline.scored_elsewhere import import_scores
    from evalkit.store import Store

    with Store.open(url) as store:
        for text, said in BAD:
            (tmp_path / "log.json").write_text(text)
            with pytest.raises(UsageError, match=said):
                import_scores(store, tmp_path / "log.json")
        assert store.runs.select() == []


def test_a_scale_is_read_off_the_values_by_steps_or_named(put: Any, url: str) -> None:
    def imported(values: Sequence[float], **options: Any) -> Any:
        samples = [sample(name, {"match": {"value": value}}) for name, value in zip("abc", values, strict=True)]
        return transfer.import_scores(put(log(samples)), store=url, **options)[0]

    low, high = imported([1, 2, 3], label="low"), imported([3, 4, 5], label="high")
    comparison = api.show(low.run, store=url)[0].estimate, api.show(high.run, store=url)[0].estimate
    assert [found.high <= 10 for found in comparison] == [True, True]
    from evalkit.store import Store

    with Store.open(url) as store:
        assert {run.grader_digest for run in store.runs.select()} == {store.runs.get(low.run).grader_digest}
    with pytest.raises(UsageError, match="beyond the scale"):
        imported([1, 2, 6], label="beyond", scale="1..5")
    with pytest.raises(UsageError, match="no scale"):
        imported([1, 2, 3], label="bad", scale="5..1")


def test_what_is_no_file_of_scores_is_not_recognised(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"id": 1}')
    (tmp_path / "b").write_bytes(b"\x00\x01")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as file:
        file.writestr("manifest.json", "{}")

    assert [recognise(tmp_path / name) for name in ("a.json", "b", "c.zip", "none")] == [None] * 4
    with pytest.raises(UsageError, match="no file of scores"):
        transfer.import_scores(tmp_path / "a.json", store="sqlite://")


def test_outputs_come_with_what_is_known_of_them_and_can_be_judged_again(put: Any, url: str, suite_folder: Any) -> None:
    from evalkit import trust

    transfer.import_scores(put(log(LETTERS)), suite="sums", store=url)
    (view,) = api.runs(store=url)
    from evalkit.store import Store

    with Store.open(url) as store:
        facts = store.content.output_facts([store.runs.get(view.run).candidate_digest], ["a"])
        ((_, fact),) = facts.items()
    assert (fact.cost_usd, fact.seconds, dict(fact.usage)) == (0.5, 1.5, {"input_tokens": 7, "output_tokens": 2})
    again = trust.rejudge([view.run], config=suite_folder(3), grader="correctness", store=url, sandbox=True)
    rejudged = next(row for row in again if row.grader == "correctness")
    assert (rejudged.candidate, rejudged.cases, rejudged.label) == ("made/model", 3, "r1")


def test_two_models_of_one_task_are_compared_and_two_versions_of_the_tool_are_not(put: Any, url: str) -> None:
    from evalkit import decisions

    better = [sample(name, {"match": {"value": "C"}}) for name in "abc"]
    one = transfer.import_scores(put(log(LETTERS)), store=url).runs
    other = transfer.import_scores(put(log(better, model="made/other")), store=url).runs
    newer = log(better, model="made/newer", spec={"packages": {"inspect_ai": "0.4.0"}})
    third = transfer.import_scores(put(newer), store=url).runs

    (paired,) = decisions.compare(*one, *other, store=url)
    assert (paired.comparison.comparable, paired.comparison.n_paired, paired.comparison.delta) == (True, 2, 0.5)
    (refused,) = decisions.compare(*one, *third, store=url)
    assert not refused.comparison.comparable
    assert any(
        "inspect_ai differs: 0.3.285 in the baseline, 0.4.0 in" in reason for reason in refused.comparison.reasons
    )


def test_imported_runs_travel_in_a_bundle(put: Any, url: str, tmp_path: Path) -> None:
    samples = [sample("a", {"match": {"value": value}}, epoch=epoch) for epoch, value in enumerate("CI", 1)]
    taken = transfer.import_scores(put(log(samples)), store=url)
    transfer.export_bundle(taken.runs, tmp_path / "b.evalkit", store=url)
    there = f"sqlite:///{tmp_path / 'there.db'}"
    found = transfer.import_bundle(tmp_path / "b.evalkit", store=there)

    assert found.runs == taken.runs
    assert transfer.scores(found.runs, judgements=True, store=there) == transfer.scores(
        taken.runs, judgements=True, store=url
    )
    assert transfer.import_scores(put(log(samples)), store=there).runs == taken.runs


def test_hostile_text_of_a_log_is_only_text(put: Any, url: str, tmp_path: Path) -> None:
    hostile = "</script><script>alert(1)</script> {{ 7 * 7 }} \x1b[31m \ud800"
    one = sample(hostile, {"match": {"value": "C", "explanation": hostile}}, said=hostile)
    (view,) = transfer.import_scores(put(log([one], model=hostile)), store=url)
    page = tmp_path / "page.html"
    api.report([view.run], store=url, out=page)

    assert "<script>alert(1)" not in page.read_text()
    assert view.candidate.endswith("?")


PROMPTFOO = {
    "evalId": "eval-1",
    "results": {
        "version": 3,
        "timestamp": "2026-03-01T10:00:00.000Z",
        "prompts": [],
        "results": [
            {
                "promptIdx": 0,
                "testIdx": number,
                "provider": {"id": provider, "label": ""},
                "prompt": {"raw": "{{question}}", "label": "plain"},
                "vars": {"question": f"q{number}"},
                "testCase": {"vars": {"question": f"q{number}"}, "assert": []},
                "response": {"output": "4", "tokenUsage": {"total": 9, "prompt": 7, "completion": 2}},
                "success": success,
                "failureReason": reason,
                "score": score,
                "namedScores": named,
                "gradingResult": {"pass": success, "score": score, "reason": "because"} if reason != 2 else None,
                "latencyMs": 1500,
                "cost": 0.25,
                **({"error": "API error: 500"} if reason == 2 else {}),
            }
            for provider in ("openai:a", "openai:b")
            for number, success, reason, score, named in (
                (0, True, 0, 1, {"Tone": 0.5}), (1, False, 1, 0.5, {"Tone": 0.25}), (2, False, 2, 0, {}),
                (3, True, 0, 1, {}),
            )
        ],
        "stats": {"successes": 4, "failures": 2, "errors": 2},
    },
    "config": {"description": "tests of tone"},
    "metadata": {"promptfooVersion": "0.118.0"},
}  # fmt: skip
"""As `promptfoo eval --output results.json` of promptfoo 0.118 writes it (src/types/index.ts, EvaluateSummaryV3)."""


def test_promptfoo_results_become_a_run_for_every_provider_and_metric(put: Any, url: str) -> None:
    views = transfer.import_scores(put(PROMPTFOO), store=url)
    found = {(view.candidate, view.criterion): view for view in views}

    assert len(views.runs) == 4
    passed, tone = found["openai:a", "pass"], found["openai:b", "Tone"]
    assert (passed.suite, passed.label, passed.grader) == ("tests of tone", "eval-1", "promptfoo")
    assert (passed.scored, dict(passed.unscored), passed.estimate.mean) == (3, {"errored": 1}, pytest.approx(2 / 3))
    assert (tone.scored, dict(tone.unscored)) == (2, {"errored": 1, "missing": 1})
    assert tone.estimate.mean == pytest.approx(0.375)
    assert tone.scored_by == "promptfoo 0.118.0"


def test_an_error_row_of_promptfoo_is_no_zero(put: Any, url: str) -> None:
    views = transfer.import_scores(put(PROMPTFOO), store=url)
    every = [row for run in views.runs for row in transfer.scores(run, store=url)]

    errored = [row for row in every if row["status"] == "errored"]
    assert {row["reason"] for row in errored} == {"API error: 500"}
    assert all(row["value"] is None for row in errored)
    assert len(errored) == 6


def test_what_evalkit_wrote_for_another_tool_comes_back_with_the_same_values(
    suite_folder: Any, tmp_path: Path, url: str
) -> None:
    outputs = {"recorded": {"case-0000": "They are 0.", "case-0001": "Nobody knows."}}
    runs, _ = api.run(suite_folder(3, outputs=outputs), store=url, sandbox=True)
    there = f"sqlite:///{tmp_path / 'there.db'}"
    before = [(row["case"], row["status"], row["value"], row["label"]) for row in transfer.scores(runs.runs, store=url)]
    transfer.export_for(runs.runs, tmp_path / "log.json", format="inspect", store=url)
    (view,) = transfer.import_scores(tmp_path / "log.json", store=there)
    after = [(row["case"], row["status"], row["value"], row["label"]) for row in transfer.scores(view.run, store=there)]

    assert before == after
    assert [status for _, status, _, _ in after] == ["scored", "scored", "missing"]
    assert (view.dataset_digest, view.grader) == (runs[0].dataset_digest, "correctness")
    # What the sandbox judged is not taken for a model's word elsewhere.
    assert view.simulated
    assert "simulated" in view.scored_by
    transfer.export_for(runs.runs, tmp_path / "pf.json", format="promptfoo", store=url)
    views = transfer.import_scores(tmp_path / "pf.json", store=there)
    named = next(one for one in views if one.criterion == "correctness")
    assert [row["value"] for row in transfer.scores(named.run, store=there)] == [value for _, _, value, _ in before]
    assert "simulated" in named.scored_by


ITEMS = {
    "object": "list",
    "data": [
        {
            "object": "eval.run.output_item",
            "id": f"outputitem_{number}",
            "run_id": "evalrun_1",
            "eval_id": "eval_1",
            "created_at": 1_770_000_000,
            "status": "pass",
            "datasource_item_id": number,
            "datasource_item": {"input": f"q{number}", "ideal": "4", "topic": "sums"},
            "results": results,
            "sample": {
                "model": "gpt-4.1-mini-2025-04-14",
                "input": [{"role": "user", "content": f"q{number}"}],
                "output": [{"role": "assistant", "content": "4"}],
                "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9, "cached_tokens": 0},
                "error": {"code": "x", "message": error} if error else None,
            },
        }
        for number, error, results in (
            (0, "", [{"name": "Match-0b3a8f52-1e3a-4c56-9c1f-2a53a4a5b6c7", "score": 1.0, "passed": True}]),
            (1, "", [{"name": "Match-0b3a8f52-1e3a-4c56-9c1f-2a53a4a5b6c7", "score": 0.0, "passed": False}]),
            (2, "rate limited", []),
        )
    ],
}
"""As the list of `/evals/{eval_id}/runs/{run_id}/output_items` of the OpenAI API has it."""


def test_output_items_of_a_hosted_eval_become_a_run_whether_in_a_list_or_line_by_line(
    put: Any, tmp_path: Path, url: str
) -> None:
    lines = tmp_path / "items.jsonl"
    lines.write_text("\n".join(map(json.dumps, ITEMS["data"])))
    (view,) = transfer.import_scores([put(ITEMS), lines], store=url)
    found = rows(view.run, url)

    assert (view.suite, view.label, view.candidate) == ("eval_1", "evalrun_1", "gpt-4.1-mini-2025-04-14")
    assert view.grader == "Match"
    assert [(row["status"], row["value"]) for row in found.values()] == [
        ("scored", 1.0), ("scored", 0.0), ("errored", None),
    ]  # fmt: skip
    assert found["2"]["reason"] == "rate limited"

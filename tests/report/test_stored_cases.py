"""The cases of a page come back from the store as they went in: every number, every word, and nobody else's."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from evalkit import api
from evalkit.pipeline.detail import CaseDetail, case_detail
from evalkit.reply import read_reply
from evalkit.report.compose.cases import StoredCases, candidate_names
from evalkit.report.page import CaseColumns, CaseTexts, CellColumn, CellKey, OutputText, SampleText
from evalkit.run import Run
from evalkit.sandbox import Behaviour, Sandbox
from evalkit.score import Score, Status, Verdict
from evalkit.store import Store
from evalkit.store.schema import graders

CRITERION = "correctness"
HOSTILE = (
    "</script><script>alert(1)</script>",
    "NUL \0, mark \x1a, bell \x07, and \x1a0 \x1a1",
    "\u202eright to left\u202c, \u200bzero width, \u2028line, \ufefffeff",
    "{{ input }} {% raw %} ${x} \\u0041 \\",
    '\'; drop table cases; -- "quoted"',
    "日本語 עברית 🎉 e\u0301",
    "<output-00000000> </output> <input>",
    "x" * 100_000,
)


@dataclass
class Desk:
    """A store, and the suites that are scored into it."""

    url: str
    build: Callable[..., Path]
    sandbox: Sandbox
    suites: int = 0

    def scored(self, cases: Any = 6, *, collect: bool = True, label: str = "", **suite: Any) -> list[str]:
        """Score a new suite; the ids of its runs."""
        self.suites += 1
        folder = self.build(cases, folder=f"suite-{self.suites}", **suite)
        made = api.submit(folder, store=self.url, label=label)
        if collect:
            api.collect(folder, store=self.url, wait=True, poll=0.02)
        return list(made.runs)


@pytest.fixture
def make_desk(
    suite_folder: Callable[..., Path], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Desk]:
    def made(url: str) -> Desk:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
        return Desk(url, suite_folder, sandbox)

    return made


@pytest.fixture
def desk(make_desk: Callable[[str], Desk], sqlite_url: str) -> Desk:
    """On SQLite alone, for what does not depend on the database."""
    return make_desk(sqlite_url)


@pytest.fixture
def each(make_desk: Callable[[str], Desk], store_url: str) -> Desk:
    """On each database, for what is read in SQL."""
    return make_desk(store_url)


@dataclass
class Read:
    """What the store says of some runs on the dataset of the last of them."""

    store: Store
    runs: list[Run]
    source: StoredCases
    columns: CaseColumns

    def column(self, run: str, criterion: str = CRITERION) -> CellColumn:
        return self.columns.cells[CellKey(run, criterion)]

    def texts(self, *case_ids: str) -> list[CaseTexts]:
        ids = list(self.columns.ids)
        return list(self.source.texts([ids.index(case_id) for case_id in case_ids]))

    def all(self) -> dict[str, CaseTexts]:
        return {one.case_id: one for one in self.source.texts(range(len(self.columns)))}

    def detail(self, run: str, case_id: str) -> CaseDetail:
        return case_detail(self.store, self.store.runs.get(run), case_id)


@pytest.fixture
def read() -> Iterator[Callable[..., Read]]:
    """Reads runs back, by id, the last of which has the page's dataset."""
    with ExitStack() as opened:

        def made(desk: Desk, *run_ids: str) -> Read:
            store = opened.enter_context(Store.open(desk.url))
            runs = [store.runs.get(run) for run in run_ids]
            source = StoredCases(store=store, runs=runs, dataset=runs[-1].dataset, names=candidate_names(runs))
            return Read(store, runs, source, source.columns())

        yield made


def raw_of(line: Mapping[str, Any]) -> str:
    """What a page shows of a result line."""
    if line["result"]["type"] == "succeeded":
        return read_reply(json.dumps(line).encode()).text
    return json.dumps(line["result"], separators=(",", ":"), ensure_ascii=False)


def assert_as_shown(texts: CaseTexts, detail: CaseDetail) -> None:
    """The page says of a case what `show` says of it."""
    run = detail.run
    assert texts.prompts.get(run) == detail.prompt
    assert [reply.raw for reply in texts.replies.get(run, ())] == [raw_of(line) for line in detail.replies]
    own = {placed.score.verdict.criterion: placed for placed in detail.scores if not placed.score.suffix}
    assert {key.criterion for key in texts.scores if key.run == run} == own.keys()
    for criterion, placed in own.items():
        said, verdict = texts.scores[CellKey(run, criterion)], placed.score.verdict
        assert (said.label, said.reason) == (verdict.label, verdict.reason)
        behind = [
            SampleText(status=v.status, value=v.value, label=v.label, reason=v.reason)
            for v in (one.score.verdict for one in detail.scores if one.score.suffix)
            if v.criterion == criterion
        ]
        assert list(said.samples) == behind
    asked = [placed for placed in detail.scores if placed.score.custom_id is not None]
    for reply, placed in zip(texts.replies.get(run, ()), asked, strict=True):
        score = placed.score
        assert (reply.custom_id, reply.batch) == (score.custom_id, score.batch)
        assert (reply.served_model, reply.stop_reason) == (score.served_model, score.stop_reason)
        assert (dict(reply.usage), reply.cost_usd) == (placed.usage or {}, placed.cost_usd)


def test_every_word_of_a_case_is_what_show_says_of_it(each: Desk, read: Callable[..., Read]) -> None:
    cases = [
        {"id": "text", "input": "How many?", "expected": "Two.", "metadata": {"tier": "a", "n": 3}, "cluster": "one"},
        {"id": "turns", "input": [{"role": "user", "content": "Hi"}], "tags": ["x", "y"]},
        {"id": "object", "input": {"q": "Who?", "n": 1}, "expected": ["A", "B"], "tags": ["y"]},
    ]
    outputs = {"first": {"text": "Two.", "turns": "Hello", "object": "A"}, "second": {"text": "2", "turns": "Hi"}}
    found = read(each, *each.scored(cases, outputs=outputs, check=True))

    for case_id, texts in found.all().items():
        for run in found.runs:
            assert_as_shown(texts, found.detail(run.id, case_id))
    (text, turns, whole) = found.texts("text", "turns", "object")
    assert (text.input, text.expected, text.cluster) == ("How many?", "Two.", "one")
    assert text.metadata == {"tier": "a", "n": "3"}
    assert turns.input == "user:\n  Hi"
    assert (turns.expected, json.loads(whole.expected or "")) == (None, ["A", "B"])
    assert text.outputs == {"first": OutputText(text="Two."), "second": OutputText(text="2")}
    assert whole.outputs == {"first": OutputText(text="A"), "second": None}


def test_texts_come_in_the_order_that_is_asked_for(desk: Desk, read: Callable[..., Read]) -> None:
    found = read(desk, *desk.scored())
    assert [one.case_id for one in found.source.texts([4, 0, 5])] == ["case-0004", "case-0000", "case-0005"]
    assert list(found.source.texts([])) == []


def test_a_check_has_scores_and_neither_reply_nor_prompt(desk: Desk, read: Callable[..., Read]) -> None:
    found = read(desk, *desk.scored(check=True))
    (check,) = [run.id for run in found.runs if run.judge is None]
    (judged,) = [run.id for run in found.runs if run.judge is not None]
    for texts in found.all().values():
        assert (texts.replies.keys(), texts.prompts.keys()) == ({judged}, {judged})
        assert CellKey(check, "exact") in texts.scores


def test_a_reply_without_a_score_is_shown_as_it_came(desk: Desk, read: Callable[..., Read]) -> None:
    outcomes = {
        "case-0000": "invalid_request_error",
        "case-0001": "expired",
        "case-0002": "refusal",
        "case-0003": "truncated",
        "case-0004": "prose",
        "case-0006": "thinking",
        "case-0007": "thinking_only",
    }
    desk.sandbox.behaviour = Behaviour(outcomes=outcomes)  # type: ignore[arg-type] # names of outcomes
    (run,) = desk.scored(8)
    found = read(desk, run)
    statuses = [Status.ERRORED, Status.EXPIRED, Status.REFUSED, Status.TRUNCATED, Status.UNPARSABLE, Status.SCORED]
    assert list(found.column(run).statuses) == [*statuses, Status.SCORED, Status.TRUNCATED]
    assert [math.isnan(value) for value in found.column(run).values] == [True] * 5 + [False, False, True]

    texts = found.all()
    for case_id, one in texts.items():
        assert_as_shown(one, found.detail(run, case_id))
    replies = [one.replies[run][0] for one in texts.values()]
    errored, expired = (json.loads(reply.raw or "") for reply in replies[:2])
    assert (errored["type"], errored["error"]["error"]["type"]) == ("errored", "invalid_request_error")
    assert expired == {"type": "expired"}
    stops = [None, None, "refusal", "max_tokens", "end_turn", "end_turn", "end_turn", "max_tokens"]
    assert [reply.stop_reason for reply in replies] == stops
    assert json.loads(replies[5].raw or "")["verdict"] == "incorrect"
    assert (json.loads(replies[6].raw or "")["verdict"], replies[7].raw) == ("correct", "")
    assert replies[0].cost_usd == 0


def test_the_reply_of_a_follow_up_stands_for_the_case(desk: Desk, read: Callable[..., Read]) -> None:
    desk.sandbox.behaviour = Behaviour(shares={"api_error": 0.5}, seed=3)
    (run,) = desk.scored()
    found = read(desk, run)
    batches = {one.replies[run][0].batch for one in found.all().values()}
    assert len(batches) == 2
    for case_id, one in found.all().items():
        assert len(one.replies[run]) == 1
        assert json.loads(one.replies[run][0].raw or "")["verdict"]
        assert_as_shown(one, found.detail(run, case_id))


def test_every_sample_of_a_case_is_shown_with_its_reply(each: Desk, read: Callable[..., Read], tmp_path: Path) -> None:
    labels = {"case-0001-s2": "partial", "case-0001-s10": "incorrect"}
    parts = [f"case-{n:04}-s{sample}" for n in range(3) for sample in range(1, 11)]
    lines = [
        {"case": part, "text": json.dumps({"reasoning": f"of {part}", "verdict": labels.get(part, "correct")})}
        for part in parts
    ]
    path = tmp_path / "replies.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    with Sandbox(replay=path) as replayed:
        each.sandbox = replayed
        replayed.behaviour = Behaviour(outcomes={"case-0002-s3": "refusal"})
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ANTHROPIC_BASE_URL", replayed.url)
            (run,) = each.scored(3, grader="samples = 10")
    found = read(each, run)
    assert found.column(run).split == {1}

    same, differing, refused = found.texts("case-0000", "case-0001", "case-0002")
    for one in (same, differing, refused):
        assert_as_shown(one, found.detail(run, one.case_id))
        assert [(reply.custom_id or "").split("-")[-1] for reply in one.replies[run]] == [
            f"s{number}" for number in range(1, 11)
        ]
    samples = differing.scores[CellKey(run, CRITERION)].samples
    assert [one.label for one in samples] == ["correct", "partial", *["correct"] * 7, "incorrect"]
    assert [one.reason for one in samples] == [f"of case-0001-s{number}" for number in range(1, 11)]
    assert refused.scores[CellKey(run, CRITERION)].samples[2].status is Status.REFUSED
    assert found.column(run).value(1) == pytest.approx(0.85)


def test_a_case_judged_once_is_never_split(desk: Desk, read: Callable[..., Read]) -> None:
    (run,) = desk.scored()
    assert read(desk, run).column(run).split == set()


def some(*ids: str, **expected: str) -> list[dict[str, Any]]:
    return [
        {"id": one, "input": f"What of {one}?", "expected": expected.get(one, "Yes."), "tags": [f"tag {one}"]}
        for one in ids
    ]


def two_datasets(desk: Desk, *, collect: bool = True) -> tuple[str, str]:
    """A run on a, b, c and d, and one on e, d, c and b, of which b has changed."""
    outputs = {"same": {one: f"Answer {one}" for one in "abcde"}}
    (old,) = desk.scored(some("a", "b", "c", "d"), outputs=outputs)
    (new,) = desk.scored(some("e", "d", "c", "b", b="No."), outputs=outputs, collect=collect)
    return old, new


def test_what_a_run_lacks_and_what_it_scored_otherwise_is_told_apart(each: Desk, read: Callable[..., Read]) -> None:
    old, new = two_datasets(each)
    found = read(each, old, new)
    assert list(found.columns.ids) == ["e", "d", "c", "b"]
    assert list(found.columns.tags) == [(f"tag {one}",) for one in "edcb"]
    before, after = found.column(old), found.column(new)
    assert (before.absent, before.changed) == ({0}, {3})
    assert (after.absent, after.changed) == (set(), set())
    assert before.statuses == [None, Status.SCORED, Status.SCORED, Status.SCORED]
    assert after.statuses == [Status.SCORED] * 4
    scored = {placed.score.case_id: placed.score.verdict.value for placed in found.store.scores.of(old)}
    assert [before.value(position) for position in range(4)] == [None, scored["d"], scored["c"], scored["b"]]


def test_a_changed_case_shows_the_prompt_that_was_judged(desk: Desk, read: Callable[..., Read]) -> None:
    old, new = two_datasets(desk)
    found = read(desk, old, new)
    (changed,) = found.texts("b")
    assert changed.expected == "No."
    assert "No." in changed.prompts[new]
    assert "Yes." in changed.prompts[old]
    assert "No." not in changed.prompts[old]
    assert_as_shown(changed, found.detail(old, "b"))
    assert_as_shown(changed, found.detail(new, "b"))


def test_a_run_says_nothing_of_a_case_that_came_later_or_is_gone(desk: Desk, read: Callable[..., Read]) -> None:
    old, new = two_datasets(desk)
    found = read(desk, old, new)
    (added,) = found.texts("e")
    assert (added.prompts.keys(), added.replies.keys()) == ({new}, {new})
    assert {key.run for key in added.scores} == {new}
    assert "a" not in found.all()


def test_a_candidate_that_was_never_asked_is_not_said_to_have_no_output(desk: Desk, read: Callable[..., Read]) -> None:
    (old,) = desk.scored(some("a", "b"), outputs={"older": {"a": "1"}})
    (new,) = desk.scored(some("b", "c"), outputs={"newer": {"b": "1", "c": "2"}})
    found = read(desk, old, new)
    kept, added = found.texts("b", "c")
    assert kept.outputs == {"older": None, "newer": OutputText(text="1")}
    assert added.outputs == {"newer": OutputText(text="2")}


def test_a_case_that_waits_is_pending_and_not_absent(desk: Desk, read: Callable[..., Read]) -> None:
    desk.sandbox.behaviour = Behaviour(seconds=600)
    outputs = {"some": {"case-0000": "They are 0.", "case-0001": "They are 2."}}
    (run,) = desk.scored(3, outputs=outputs, collect=False)
    found = read(desk, run)
    column = found.column(run)
    assert (column.statuses, column.absent, column.changed) == ([None, None, Status.MISSING], set(), set())
    assert [column.value(position) for position in range(3)] == [None, None, None]
    waiting, missing = found.texts("case-0000", "case-0002")
    assert (waiting.scores, waiting.replies, list(waiting.prompts)) == ({}, {}, [run])
    assert_as_shown(waiting, found.detail(run, "case-0000"))
    assert (missing.replies, missing.prompts, missing.outputs) == ({}, {}, {"some": None})


def test_judges_of_the_same_output_share_it(desk: Desk, read: Callable[..., Read]) -> None:
    (one,), (two,) = desk.scored(), desk.scored(judge="claude-sonnet-5")
    found = read(desk, one, two)
    (texts,) = found.texts("case-0000")
    assert texts.outputs == {"recorded": OutputText(text="They are 0.")}
    assert texts.prompts[one] == texts.prompts[two]
    assert {texts.replies[run][0].served_model for run in (one, two)} == {"claude-haiku-5-5", "claude-sonnet-5"}


def test_several_criteria_in_one_reply_share_the_reply(desk: Desk, read: Callable[..., Read]) -> None:
    (run,) = desk.scored()
    with Store.open(desk.url) as store:
        (placed,) = store.scores.for_case(run, "case-0000")
        verdict = Verdict(criterion="tone", status=Status.SCORED, value=0.5, label="flat", reason="flat")
        score = placed.score
        store.scores.put(
            [Score(run=run, case_id="case-0000", verdict=verdict, custom_id=score.custom_id, batch=score.batch)]
        )
    (texts,) = read(desk, run).texts("case-0000")
    assert texts.scores.keys() == {CellKey(run, CRITERION), CellKey(run, "tone")}
    assert len(texts.replies[run]) == 1


def test_a_pruned_reply_keeps_its_facts_and_has_no_text(desk: Desk, read: Callable[..., Read]) -> None:
    (run,) = desk.scored()
    with Store.open(desk.url) as store:
        assert store.results.prune(datetime.now(UTC) + timedelta(days=1)) == 6
    (texts,) = read(desk, run).texts("case-0000")
    (reply,) = texts.replies[run]
    assert reply.raw is None
    assert (reply.served_model, reply.stop_reason) == ("claude-haiku-5-5", "end_turn")
    assert reply.usage["output_tokens"] > 0
    assert (reply.cost_usd or 0) > 0
    assert texts.prompts[run]


def test_a_result_that_never_came_is_a_reply_without_a_text(desk: Desk, read: Callable[..., Read]) -> None:
    desk.sandbox.behaviour = Behaviour(pollution=("missing-row",))
    (run,) = desk.scored()
    found = read(desk, run)
    ((place, _),) = [(at, one) for at, one in enumerate(found.column(run).statuses) if one is Status.MISSING]
    (texts,) = found.texts(found.columns.ids[place])
    (reply,) = texts.replies[run]
    assert reply.custom_id == f"{run}-{texts.case_id}"
    assert (reply.batch is None, reply.raw, reply.served_model, reply.cost_usd, dict(reply.usage)) == (
        False, None, None, None, {}
    )  # fmt: skip


def test_a_prompt_that_would_be_rendered_otherwise_today_is_not_shown(desk: Desk, read: Callable[..., Read]) -> None:
    (run,) = desk.scored()
    with Store.open(desk.url) as store:
        spec = {**store.content.grader(store.runs.get(run).grader_digest)[1], "rubric": "Another rubric."}
        with store.database.writing() as connection:
            connection.execute(sa.update(graders).values(spec=json.dumps(spec)))
    (texts,) = read(desk, run).texts("case-0000")
    assert texts.prompts == {}
    assert texts.scores


def test_graders_that_show_a_case_in_their_own_way_have_prompts_of_their_own(
    desk: Desk, read: Callable[..., Read]
) -> None:
    own = (
        "{% block rubric %}Is it right?{% endblock %}{% block case %}Of {{ case.tags[0] }}: {{ output }}{% endblock %}"
    )
    cases = some("a", "b")
    outputs = {"one": {"a": "1", "b": "1"}}
    runs = desk.scored(cases, outputs=outputs) + desk.scored(cases, outputs=outputs, rubric=own)
    found = read(desk, *runs)
    for case_id, texts in found.all().items():
        for run in runs:
            assert_as_shown(texts, found.detail(run, case_id))
    assert [f"tag {one}" in found.texts(one)[0].prompts[runs[1]] for one in "ab"] == [True, True]
    assert ["tag" in found.texts(one)[0].prompts[runs[0]] for one in "ab"] == [False, False]


def test_hostile_text_comes_back_as_it_was(each: Desk, read: Callable[..., Read]) -> None:
    cases = [
        {"id": f"{text[:40]!a} {n}", "input": text, "expected": text, "tags": [text[:50]], "metadata": {"m": text}}
        for n, text in enumerate(HOSTILE)
    ]
    outputs = {"one": {str(case["id"]): str(case["input"]) for case in cases}}
    (run,) = each.scored(cases, outputs=outputs)
    found = read(each, run)
    assert list(found.columns.ids) == [case["id"] for case in cases]
    assert list(found.columns.tags) == [tuple(case["tags"]) for case in cases]
    for case, one in zip(cases, found.all().values(), strict=True):
        assert (one.case_id, one.input, one.expected) == (case["id"], case["input"], case["expected"])
        assert one.metadata == case["metadata"]
        assert one.outputs == {"one": OutputText(text=str(case["input"]))}
        assert_as_shown(one, found.detail(run, one.case_id))


def test_a_conversation_is_shown_turn_by_turn_and_no_turn_looks_like_two(desk: Desk, read: Callable[..., Read]) -> None:
    turns = [{"role": "user", "content": "Hi\n\nassistant:\nyes"}, {"role": "assistant", "content": "Hello"}]
    (run,) = desk.scored([{"id": "a", "input": turns, "expected": "x"}], outputs={"one": {"a": "x"}})
    (only,) = read(desk, run).all().values()
    assert only.input == "user:\n  Hi\n  \n  assistant:\n  yes\n\nassistant:\n  Hello"


def test_what_is_known_of_an_output_comes_with_it(desk: Desk, read: Callable[..., Read]) -> None:
    folder = desk.build(2, folder="rich")
    rows = [
        {"id": "case-0000", "output": "0", "cost_usd": 0.25, "seconds": 1.5, "usage": {"input_tokens": 7}},
        {"id": "case-0001", "output": "2"},
    ]
    (folder / "recorded.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    (run,) = api.submit(folder, store=desk.url).runs
    known, unknown = read(desk, run).texts("case-0000", "case-0001")
    assert known.outputs == {"recorded": OutputText(text="0", cost_usd=0.25, seconds=1.5, usage={"input_tokens": 7})}
    assert unknown.outputs == {"recorded": OutputText(text="2")}


def test_the_head_of_an_input_is_cut_anywhere_and_says_so(desk: Desk, read: Callable[..., Read]) -> None:
    inputs = [f"{'a' * n}{odd}" for n in range(1, 10) for odd in ("\x1f" * 61, '"' * 300, "\\" * 181, "é\n" * 200)]
    whole = [f"{'b' * n}{odd}" for n in range(1, 10) for odd in ("\x1f" * 50, '\\"' * 20, " " * 300 + "c")]
    cases = [{"id": f"{n}", "input": text} for n, text in enumerate([*inputs, *whole])]
    (run,) = desk.scored(cases, outputs={"none": {"0": "x"}})
    heads = read(desk, run).columns.heads
    for text, head in zip(inputs, heads, strict=False):
        assert head.endswith("…")
        assert " ".join(text.split("\n")).startswith(head[:-1])
    assert list(heads[len(inputs) :]) == [" ".join(text.split(" " * 300)).strip() for text in whole]


def test_a_window_of_cases_takes_as_many_statements_as_one_case(desk: Desk, read: Callable[..., Read]) -> None:
    runs = desk.scored(40, outputs={"one": dict.fromkeys((f"case-{n:04}" for n in range(40)), "x")})
    found = read(desk, *runs)

    def statements(n: int) -> int:
        seen: list[str] = []
        engine = found.store.database._engine

        def count(*args: Any) -> None:
            seen.append(args[2])

        sa.event.listen(engine, "before_cursor_execute", count)
        assert len(list(found.source.texts(range(n)))) == n
        sa.event.remove(engine, "before_cursor_execute", count)
        return len([one for one in seen if one.startswith("SELECT")])

    statements(1)  # what is read once, such as the graders
    assert statements(40) == statements(1)

"""Pairs: two outputs beside each other in both orders of one batch, and one score per case, whatever happens."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit import api, decisions, operations, trust
from evalkit.errors import UsageError
from evalkit.pipeline.encode import encode, encode_part
from evalkit.pipeline.spool import Limits
from evalkit.report.compose.cases import StoredCases
from evalkit.report.page import CellKey
from evalkit.sandbox import Behaviour
from evalkit.store import Store

CASES = [{"id": f"c{n}", "input": f"What is {n}?", "expected": f"alpha beta gamma delta {n}"} for n in range(6)]
GOOD, FAIR, POOR = "alpha beta gamma delta", "alpha beta gamma", "nothing of the kind"
ALIKE = dict.fromkeys([f"c{n}" for n in range(6)], FAIR)
# Against production: c0 to c2 won, c3 tied, c4 lost; c5 has nothing on the other side.
NEW = {**dict.fromkeys(["c0", "c1", "c2"], GOOD), "c3": FAIR, "c4": POOR, "c5": GOOD}
PRODUCTION = {case: FAIR for case in ALIKE if case != "c5"}
TOML = """
name = "pairs"
[dataset]
path = "cases.jsonl"
[judge]
model = "claude-haiku-5-5"
[[graders]]
name = "preference"
rubric = "Which output says more of what the expected answer says?"
against = "production"
[[candidates]]
name = "production"
outputs = "production.jsonl"
[[candidates]]
name = "new"
outputs = "new.jsonl"
"""


@pytest.fixture
def pairs(open_bench: Callable[..., Any]) -> Callable[..., Any]:
    """Opens a bench of pairs under a store."""

    def opened(url: str, *, more: str = "", **candidates: dict[str, str]) -> Any:
        texts = {"production": PRODUCTION, "new": NEW, **candidates}
        bench = open_bench(url, CASES, outputs=texts)
        others = [f'[[candidates]]\nname = "{name}"\noutputs = "{name}.jsonl"\n' for name in candidates]
        known = [other for other in others if '"new"' not in other and '"production"' not in other]
        (bench.folder / "evalkit.toml").write_text(TOML + "".join(known) + more, encoding="utf-8")
        return bench

    return opened


@pytest.fixture
def lite(pairs: Any, sqlite_url: str) -> Any:
    return pairs(sqlite_url)


@pytest.fixture
def each(pairs: Any, store_url: str) -> Any:
    return pairs(store_url)


def write(bench: Any, **candidates: dict[str, str]) -> None:
    for name, texts in candidates.items():
        rows = [{"id": case, "output": text} for case, text in texts.items()]
        (bench.folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def own(bench: Any) -> dict[str, Any]:
    return {row["case"]: row for row in bench.rows() if not row["suffix"]}


def sent(bench: Any) -> dict[str, str]:
    """The user message of every request of the suite, by the end of its custom_id."""
    suite = evalkit.validate(bench.folder)
    (one,) = suite.planned("")
    found = {}
    for case in one.dataset:
        if one.grader.baseline.output(case) is not None:
            for suffixes, messages in one.grader.messages(case, one.candidate.output(case)):
                found[f"{case.id}-{suffixes[0]}"] = messages[0]["content"]
    return found


def test_both_orders_are_judged_in_one_batch_and_make_one_score(each: Any) -> None:
    (run,) = each.submit().runs
    assert each.creates()[0].requests == 10
    each.collect()

    found = {case: (row["value"], row["label"], row["status"]) for case, row in own(each).items()}
    won = (1.0, "win", "scored")
    assert found == {
        **dict.fromkeys(["c0", "c1", "c2"], won),
        "c3": (0.5, "tie", "scored"),
        "c4": (0.0, "loss", "scored"),
        "c5": (None, None, "missing"),
    }
    assert own(each)["c5"]["reason"].startswith("candidate 'production', which the others are put beside, has no out")
    singles = {row["custom_id"]: row["label"] for row in each.rows() if row["suffix"]}
    assert singles[f"{run}-c4-ab"] == singles[f"{run}-c4-ba"] == "loss"
    view = each.view()
    assert (view.scored, dict(view.unscored), view.pending, view.estimate.mean) == (5, {"missing": 1}, 0, 0.7)
    assert (view.against, view.json()["against"]) == ("production", "production")


def test_the_judge_sees_two_places_and_no_name(lite: Any) -> None:
    prompts = sent(lite)

    ab, ba = prompts["c0-ab"], prompts["c0-ba"]
    assert ab.index(f"\n{GOOD}\n") < ab.index(f"\n{FAIR}\n")
    assert ba.index(f"\n{FAIR}\n") < ba.index(f"\n{GOOD}\n")
    for prompt in prompts.values():
        tag = prompt.partition("<input-")[2][:8]
        assert [line for line in prompt.splitlines() if line.startswith("<") and "/" not in line] == [
            f"<{name}-{tag}>" for name in ("input", "expected", "first", "second")
        ]
        assert "production" not in prompt
        assert "new" not in prompt


def test_the_candidate_on_the_other_side_has_no_run_and_is_told_so(lite: Any) -> None:
    assert [run.candidate for run in lite.submit()] == ["new"]
    assert any("so it has no run of its own" in note for note in evalkit.validate(lite.folder).notes)


def test_other_outputs_on_the_other_side_are_another_run_whose_grader_says_so(lite: Any) -> None:
    (before,) = lite.submit().runs
    lite.collect()
    write(lite, production=dict.fromkeys(ALIKE, GOOD))
    (after,) = lite.submit(label="next").runs
    lite.collect()

    assert before != after
    (row,) = decisions.compare(before, after, config=lite.folder, store=lite.url)
    assert row.comparison.reasons == ("baseline outputs differs",)


def test_a_body_is_made_again_from_the_store_alone(each: Any, tmp_path: Path) -> None:
    config = each.folder / "evalkit.toml"
    config.write_text(config.read_text() + '\n[submit]\ncache = "1h"\n')
    suite = evalkit.validate(each.folder)
    (one,) = suite.planned("")
    cases = [(case, one.candidate.output(case)) for case in suite.dataset]
    encoded = encode(one.run, one.grader, cases, tmp_path, limits=Limits(requests=4))
    each.submit()
    (tmp_path / "again").mkdir()
    with each.store() as store:
        kept = store.runs.get(one.run.id)
        assert kept.baseline_digest == one.grader.baseline_digest
        grader = store.content.asked(kept.grader_digest)
        assert (grader.digest, grader.spec) == (one.grader.digest, one.grader.spec)
        pairs = store.content.cases_with_outputs(kept.dataset, kept.candidate_digest)
        wanted = [request for request in encoded.requests if request.part == 1]
        again = encode_part(kept, grader, pairs, tmp_path / "again", wanted=wanted)
    assert again.path.read_bytes() == encoded.parts[1].path.read_bytes()


def test_a_judge_that_prefers_a_place_scores_one_half_and_is_seen(pairs: Any, sqlite_url: str, tmp_path: Path) -> None:
    cases = [{"id": f"c{n:02}", "input": "x", "expected": "alpha beta gamma delta"} for n in range(12)]
    texts = dict.fromkeys([case["id"] for case in cases], FAIR)
    bench = pairs(sqlite_url)
    (bench.folder / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    write(bench, production=texts, new=texts)
    bench.sandbox.behaviour = Behaviour(position_bias=0.3)
    (run,) = bench.submit().runs
    bench.collect()

    assert {(row["value"], row["label"]) for row in own(bench).values()} == {(0.5, "inconsistent")}
    assert own(bench)["c00"]["reason"].endswith("; the output shown first wins in both orders")
    (view,) = api.show(run, store=bench.url)
    found = view.preference
    assert (found.orders.first, found.orders.second, found.orders.consistent, found.biased) == (12, 0, 0, True)
    assert found.first_rate.mean == 1.0
    assert found.json()["position_bias"] == "first"
    said = bench.ended("show", run)[1]
    assert "position bias: the judge prefers what it is shown first, beyond chance" in said
    page = api.report(config=bench.folder, store=bench.url, out=tmp_path / "page.html")
    text = page.path.read_text(encoding="utf-8")
    assert "The judge prefers the output that it is shown first, beyond chance" in text
    assert "a mean is the win rate against production" in text


@pytest.mark.parametrize(
    ("outcomes", "status", "reason"),
    [
        ({"c0-ab": "refusal"}, "refused", "1 of 2: win, 1: refused"),
        ({"c0-ab": "refusal", "c0-ba": "prose"}, "unparsable", "1 of 2: "),
    ],
)
def test_a_case_that_lacks_one_order_is_unscored_until_a_retry(
    each: Any, outcomes: dict[str, Any], status: str, reason: str
) -> None:
    each.faults(outcomes=outcomes)
    (run,) = each.submit().runs
    each.collect()
    row = own(each)["c0"]
    assert (row["status"], row["value"]) == (status, None)
    assert row["reason"].startswith(reason)

    each.faults()
    operations.retry(run, statuses=[status, "refused"], config=each.folder, store=each.url)
    assert each.creates()[-1].requests == len(outcomes)
    each.collect()
    assert own(each)["c0"]["label"] == "win"


@pytest.mark.parametrize("step", ["kept", "settled"])
def test_what_was_kept_before_a_kill_is_sent_once_with_the_outputs_of_then(lite: Any, step: str) -> None:
    code, _, err = lite.ended("submit", EVALKIT_FAIL_AT=step)
    assert code == -signal.SIGKILL, err
    write(lite, production=dict.fromkeys(ALIKE, GOOD))  # since then the files have moved on
    lite.collect()

    view = lite.view()
    assert (view.scored, view.pending, view.estimate.mean, len(lite.batches())) == (5, 0, 0.7, 1)


@pytest.mark.parametrize("step", ["scores_put", "collected"])
def test_a_collector_killed_around_the_reduction_is_made_good(lite: Any, step: str) -> None:
    lite.submit()
    code, _, err = lite.ended("collect", EVALKIT_FAIL_AT=step)
    assert code == -signal.SIGKILL, err
    assert lite.view().pending == (0 if step == "collected" else 5)
    lite.collect()
    view = lite.view()
    assert (view.scored, view.pending, view.estimate.mean, len(lite.batches())) == (5, 0, 0.7, 1)


def test_a_store_that_was_lost_is_rebuilt_with_both_orders(lite: Any) -> None:
    lite.submit()
    lite.collect()
    before = {(row["case"], row["suffix"]): row["value"] for row in lite.rows()}
    for path in Path(lite.url.removeprefix("sqlite:///")).parent.glob("evalkit.db*"):
        path.unlink()
    operations.recover(lite.folder, store=lite.url)

    assert {(row["case"], row["suffix"]): row["value"] for row in lite.rows()} == before


def test_a_bundle_carries_both_sides_and_is_refused_without_one(lite: Any, tmp_path: Path) -> None:
    (run,) = lite.submit().runs
    written = evalkit.export_bundle([run], tmp_path / "b.evalkit", store=lite.url)
    there = f"sqlite:///{tmp_path / 'there.db'}"
    evalkit.import_bundle(written.path, store=there)
    with Store.open(there) as store:
        kept = store.runs.get(run)
        assert store.content.outputs(kept.baseline_digest or "") == PRODUCTION
    api.collect(lite.folder, store=there, wait=True, poll=0.02)
    (view,) = api.runs(lite.folder, store=there)
    assert view.estimate.mean == 0.7


def test_rejudge_keeps_the_stored_outputs_of_both_sides(lite: Any) -> None:
    (run,) = lite.submit().runs
    lite.collect()
    write(lite, production=dict.fromkeys(ALIKE, POOR), new=dict.fromkeys(ALIKE, POOR))
    with pytest.raises(UsageError, match="nothing differs"):
        trust.rejudge([run], config=lite.folder, store=lite.url)
    config = lite.folder / "evalkit.toml"
    config.write_text(config.read_text().replace("says more of", "has more of"), encoding="utf-8")
    (again,) = trust.rejudge([run], config=lite.folder, store=lite.url, wait=True, poll=0.02)

    assert again.run != run
    assert (again.estimate.mean, again.against) == (0.7, "production")


def test_what_makes_no_sense_of_pairs_is_refused_with_what_to_do(lite: Any) -> None:
    (run,) = lite.submit().runs
    lite.collect()
    with pytest.raises(UsageError, match=f"`evalkit show {run}` tells it"):
        trust.noise(run, config=lite.folder, store=lite.url)


def test_a_rejudge_of_single_outputs_as_pairs_is_refused(pairs: Any, sqlite_url: str) -> None:
    bench = pairs(sqlite_url, more='[[graders]]\nname = "exact"\ncheck = "exact"\n')
    check = next(run.run for run in bench.submit() if run.grader == "exact" and run.candidate == "new")
    with pytest.raises(UsageError, match="puts two outputs beside each other"):
        trust.rejudge([check], grader="preference", config=bench.folder, store=bench.url)


def test_ties_may_be_ruled_out(pairs: Any, sqlite_url: str) -> None:
    bench = pairs(sqlite_url)
    config = bench.folder / "evalkit.toml"
    config.write_text(config.read_text().replace('against = "production"', 'against = "production"\nties = false'))
    bench.submit()
    bench.collect()

    row = own(bench)["c3"]
    assert (row["value"], row["label"]) == (0.5, "inconsistent")
    assert {row["label"] for row in bench.rows() if row["suffix"]} == {"win", "loss"}


def test_candidates_are_ranked_by_the_pairs_they_stood_in(pairs: Any, sqlite_url: str) -> None:
    rubric = "Which output says more of what the expected answer says?"
    second = f'[[graders]]\nname = "beside new"\nrubric = "{rubric}"\nagainst = "new"\n'
    mixed = {"c0": POOR, "c1": GOOD, "c2": FAIR, "c3": FAIR, "c4": GOOD, "c5": FAIR}
    bench = pairs(sqlite_url, more=second, odd=mixed)
    bench.submit()
    bench.collect()

    (rated,) = decisions.rank(config=bench.folder, store=bench.url)
    assert rated.graders == ("beside new", "preference")
    assert rated.ranking.rows[0].candidate == "new"
    assert rated.ranking.connected
    assert sum(row.pairs for row in rated.ranking.rows) == 2 * (5 + 5 + 6 + 5)
    by_name = {row.candidate: row for row in rated.ranking.rows}
    assert by_name[rated.ranking.baseline].strength == 0
    table = decisions.rank(config=bench.folder, store=bench.url, baseline="odd")
    assert {row.candidate for row in table[0].ranking.rows if row.is_baseline} == {"odd"}
    assert len(table.to_frame()) == 3
    assert "rank" in table._repr_html_()
    code, out, _ = bench.ended("rank", "--json")
    assert code == 0, out
    assert json.loads(out)["rankings"][0]["baseline"] == rated.ranking.baseline
    with pytest.raises(UsageError, match="there is no candidate 'nobody'"):
        decisions.rank(config=bench.folder, store=bench.url, baseline="nobody")


def test_a_candidate_that_never_lost_is_ranked_with_a_word_of_warning(pairs: Any, sqlite_url: str) -> None:
    bench = pairs(sqlite_url, new=dict.fromkeys(ALIKE, GOOD))
    bench.submit()
    bench.collect()

    (rated,) = decisions.rank(config=bench.folder, store=bench.url)
    assert not rated.ranking.connected
    assert "never won or never lost" in rated.notes[0]


def test_without_pairs_there_is_nothing_to_rank(small: Any) -> None:
    small.submit()
    small.collect()
    with pytest.raises(UsageError, match="puts two outputs beside each other"):
        decisions.rank(config=small.folder, store=small.url)


def test_a_case_is_shown_with_both_orders(lite: Any) -> None:
    (run,) = lite.submit().runs
    lite.collect()
    code, out, _ = lite.ended("show", run, "c4")
    assert code == 0
    assert "judgement ab" in out
    assert "judgement ba" in out
    code, out, _ = lite.ended("show", run, "c5")
    assert code == 0
    assert "which the others are put beside" in out


def test_the_page_shows_a_case_with_both_orders_and_what_was_asked(lite: Any) -> None:
    (run,) = lite.submit().runs
    lite.collect()
    with lite.store() as store:
        cases = StoredCases(
            store=store, runs=store.runs.select(), dataset=store.runs.get(run).dataset, names={run: "new"}
        )
        columns = cases.columns()
        (texts, lacking) = cases.texts([columns.ids.index("c4"), columns.ids.index("c5")])
    score = texts.scores[CellKey(run, "preference")]
    assert (score.label, [one.label for one in score.samples]) == ("loss", ["loss", "loss"])
    assert len(texts.replies[run]) == 2
    assert texts.prompts[run].index(f"\n{POOR}\n") < texts.prompts[run].index(f"\n{FAIR}\n")
    assert run not in lacking.prompts
    assert (texts.more, lacking.more) == ({"Other side of the pairs: production": FAIR}, {})


def test_pairs_wait_for_the_outputs_of_the_other_side(lite: Any) -> None:
    config = lite.folder / "evalkit.toml"
    made = 'model = "claude-haiku-5-5"\nprompt = "Answer."'
    config.write_text(
        config.read_text(encoding="utf-8").replace('outputs = "production.jsonl"', made), encoding="utf-8"
    )
    submitted = {row.kind.value: row.status.value for row in lite.submit()}
    lite.collect()
    (view,) = [row for row in api.runs(lite.folder, store=lite.url) if row.kind == "grading"]

    assert submitted == {"generation": "submitted", "grading": "waiting"}
    assert (view.scored, [entry.requests for entry in lite.creates()]) == (6, [6, 12])

"""`evalkit judges`: is the cheaper judge good enough, by people, by the strong judge, and in the gates of the past?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit import api
from evalkit.cli import exits
from evalkit.errors import UsageError

CHEAP, STRONG = "claude-haiku-5-5", "claude-opus-5-5"


def said(good: int, bad: int, start: int = 0) -> dict[str, str]:
    """So many cases of either label, from a place on."""
    labels = ["good"] * good + ["bad"] * bad
    return {f"case-{start + n:03}": label for n, label in enumerate(labels)}


def flipped(labels: dict[str, str], *places: int) -> dict[str, str]:
    other = {"good": "bad", "bad": "good"}
    names = list(labels)
    return {**labels, **{names[place]: other[labels[names[place]]] for place in places}}


def one(words: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {"recorded": words}


def costs(court: Any, run: str) -> list[float]:
    """What each reply of a run cost, as the export has it."""
    path = court.folder / "export.jsonl"
    with path.open("w", encoding="utf-8") as file:
        api.export(run, file, store=court.store)
    return [json.loads(line)["cost_usd"] for line in path.read_text("utf-8").splitlines()]


def test_a_judge_that_says_the_same_is_good_enough_and_its_saving_is_that_of_the_replies(court: Any) -> None:
    made = court(100)
    truth = said(60, 40)
    runs = made.judged({CHEAP: one(truth), STRONG: one(truth)})
    row = made.judges()
    (found,) = row.standings

    cheap, strong = sum(costs(made, runs[CHEAP]["recorded"])), sum(costs(made, runs[STRONG]["recorded"]))
    assert (row.strong, found.judge, found.answer) == (STRONG, CHEAP, "good enough")
    assert (found.cost_usd, found.strong_cost_usd) == pytest.approx((cheap / 100, strong / 100))
    assert found.saving == pytest.approx(1 - cheap / strong)
    assert (found.agreement.agreement.value, found.distance.value, found.agreement.bias.value) == (1, 0, 0)


def test_without_labels_of_people_a_judge_that_differs_is_never_called_worse(court: Any) -> None:
    made = court(60)
    truth = said(30, 30)
    made.judged({CHEAP: one(flipped(truth, *range(20))), STRONG: one(truth)})
    (found,) = made.judges().standings

    assert found.answer == "not shown"
    assert found.distance.value == pytest.approx(1 / 3)
    assert found.agreement.bias.value == pytest.approx(-1 / 3)
    assert found.labels_needed is not None
    assert (
        "nobody has said which of the two is right"
        in evalkit.judges(config=made.folder, store=made.store).json()["judges"][0]["standings"][0]["said"][0]
    )  # type: ignore[index]


@pytest.mark.parametrize(
    ("cheap_wrong", "strong_wrong", "answer"), [(3, 15, "good enough"), (20, 0, "no"), (6, 5, "not shown")]
)
def test_people_decide_which_of_two_judges_is_right(
    court: Any, cheap_wrong: int, strong_wrong: int, answer: str
) -> None:
    made = court(100)
    truth = said(50, 50)
    cheap = flipped(truth, *range(cheap_wrong))
    strong = flipped(truth, *range(99, 99 - strong_wrong, -1))
    runs = made.judged({CHEAP: one(cheap), STRONG: one(strong)})
    made.people(runs[CHEAP]["recorded"], truth)
    (found,) = made.judges().standings

    assert found.answer == answer
    assert found.people.n == 100
    assert found.people.accuracy == pytest.approx(1 - cheap_wrong / 100)
    assert found.people.strong_accuracy == pytest.approx(1 - strong_wrong / 100)
    assert found.people.difference.value == pytest.approx((strong_wrong - cheap_wrong) / 100)
    assert (found.people.needed is not None) is (answer == "not shown")


def test_labels_of_a_run_of_either_judge_count_for_both(court: Any) -> None:
    made = court(40)
    truth = said(20, 20)
    runs = made.judged({CHEAP: one(truth), STRONG: one(flipped(truth, 0))})
    made.people(runs[STRONG]["recorded"], truth)
    (found,) = made.judges().standings

    assert (found.people.n, found.people.accuracy, found.people.strong_accuracy) == (40, 1.0, 0.975)


def test_a_case_that_the_cheap_judge_did_not_score_is_counted_and_is_no_disagreement(court: Any) -> None:
    made = court(30, more='unsure = "unsure"')
    truth = said(15, 15)
    made.judged({CHEAP: one({**truth, "case-000": "unsure", "case-001": "nonsense"}), STRONG: one(truth)})
    (found,) = made.judges().standings

    assert (found.n, found.unscored, found.agreement.scored) == (30, 2, 28)
    assert found.distance.value == 0
    assert found.cascade.points[0].escalated == pytest.approx(2 / 30)
    assert found.cascade.points[0].signal == "unscored"


def test_outputs_to_one_case_are_not_independent(court: Any, tmp_path: Path) -> None:
    truth = said(20, 20)
    differs = flipped(truth, 0, 1, 2, 3)
    many, single = (
        made.judges().standings[0]
        for names in ("abcd", "a")
        for made in [court(40, candidates=names, url=f"sqlite:///{tmp_path / names}.db")]
        if made.judged({CHEAP: dict.fromkeys(names, differs), STRONG: dict.fromkeys(names, truth)})
    )

    # Four candidates that fare alike on each case say no more than one.
    assert (many.n, single.n) == (160, 40)
    assert many.distance.high == pytest.approx(single.distance.high, abs=0.02)
    assert many.ac1.low == pytest.approx(single.ac1.low, abs=0.02)


def test_the_cheapest_judge_comes_first_and_each_of_several_is_held_to_more(court: Any) -> None:
    made = court(50)
    truth = said(25, 25)
    made.judged({"claude-sonnet-5-5": one(truth), STRONG: one(truth), CHEAP: one(truth)})
    row = made.judges()

    assert row.strong == STRONG
    assert [found.judge for found in row.standings] == [CHEAP, "claude-sonnet-5-5"]
    assert [found.confidence for found in row.standings] == pytest.approx([0.975, 0.975])


def test_the_strong_judge_may_be_named(settled: Any) -> None:
    (found,) = settled.judges(strong=CHEAP).standings

    assert found.judge == STRONG
    assert found.saving < 0
    with pytest.raises(UsageError, match="there are claude-"):
        settled.judges(strong="claude-mouse")


def test_samples_that_differ_are_doubts(court: Any) -> None:
    made = court(6, more="samples = 3")
    words = ["good", "good", "bad"]
    truth = {case: [label] * 3 for case, label in said(4, 2).items()}
    split = {**truth, "case-000": words, "case-001": words}
    made.judged({CHEAP: one(split), STRONG: one(truth)})
    points = made.judges().standings[0].cascade.points

    assert [(point.signal, point.escalated) for point in points[1:-1]] == [("disagreement", pytest.approx(2 / 6))]


def test_a_score_between_the_ends_of_a_scale_is_a_doubt(court: Any) -> None:
    made = court(4, labels="{ bad = 0, poor = 0.25, fair = 0.5, good = 1 }")
    truth = said(2, 2)
    made.judged({CHEAP: one({**truth, "case-000": "fair", "case-001": "poor"}), STRONG: one(truth)})
    points = made.judges().standings[0].cascade.points

    assert [(point.signal, point.at_least, point.escalated) for point in points[1:-1]] == [
        ("middle", 0.5, 0.25),
        ("middle", 0.25, 0.5),
    ]


def test_on_each_database_a_judge_costs_what_its_replies_do(court: Any, store_url: str) -> None:
    made = court(6, url=store_url)
    truth = said(3, 3)
    runs = made.judged({CHEAP: one(truth), STRONG: one(truth)})
    (found,) = made.judges().standings

    assert found.cost_usd == pytest.approx(sum(costs(made, runs[CHEAP]["recorded"])) / 6)
    assert found.strong_cost_usd == pytest.approx(sum(costs(made, runs[STRONG]["recorded"])) / 6)


@pytest.fixture
def account(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox's own judge answers."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")


@pytest.mark.sweep
def test_outputs_whose_score_a_larger_set_took_over_count_once(
    suite_folder: Any, account: None, sqlite_url: str
) -> None:
    for cases in (6, 8):
        folder = suite_folder(cases, folder=f"of-{cases}")
        for judge in (CHEAP, STRONG):
            api.submit(folder, store=sqlite_url, judge=judge)
            api.collect(folder, store=sqlite_url, wait=True, poll=0.02)
    (row,) = evalkit.judges(config=folder, store=sqlite_url)

    assert [len(runs) for runs in row.runs.values()] == [2, 2]
    assert row.standings[0].n == 8


def test_a_case_without_an_output_was_put_to_nobody(suite_folder: Any, account: None, sqlite_url: str) -> None:
    outputs = {f"case-{n:04}": "They are many." if n else None for n in range(4)}
    folder = suite_folder(4, outputs={"recorded": outputs})
    for judge in (CHEAP, STRONG):
        api.submit(folder, store=sqlite_url, judge=judge)
        api.collect(folder, store=sqlite_url, wait=True, poll=0.02)
    (found,) = evalkit.judges(config=folder, store=sqlite_url)[0].standings

    assert (found.n, found.unscored, found.strong_unscored) == (3, 0, 0)
    assert found.cost_usd is not None


@pytest.mark.sweep
def test_a_jury_is_a_judge_that_costs_what_its_members_do(suite_folder: Any, account: None, sqlite_url: str) -> None:
    folder = suite_folder(6)
    text = (folder / "evalkit.toml").read_text("utf-8")
    members = [CHEAP, "claude-sonnet-5-5", STRONG]
    (folder / "evalkit.toml").write_text(f"{text}\n[jury]\njudges = {json.dumps(members)}\n", encoding="utf-8")
    api.submit(folder, store=sqlite_url)
    api.collect(folder, store=sqlite_url, wait=True, poll=0.02)
    (row,) = evalkit.judges(config=folder, store=sqlite_url)

    assert row.strong == "jury of 3"
    assert [found.judge for found in row.standings] == members
    assert row.standings[0].strong_cost_usd == pytest.approx(sum(found.cost_usd or 0.0 for found in row.standings))


GATE = '[gate]\nbaseline = "main"\nmargin = 0.1\n'


def test_gates_of_the_past_are_judged_again_and_what_changes_is_named(court: Any) -> None:
    made = court(100, candidates=("main", "next", "same"), gate=GATE)
    base = said(60, 40)
    better = said(75, 25)
    strong = {"main": base, "next": better, "same": base}
    cheap = {"main": base, "next": said(20, 80), "same": base}
    made.judged({CHEAP: cheap, STRONG: strong})
    found = made.judges().standings[0].replays

    assert {(one.candidate, one.baseline, str(one.strong), str(one.cheap)) for one in found.rows} == {
        ("next", "main", "PASS", "FAIL"),
        ("same", "main", "PASS", "PASS"),
    }
    assert (found.turned, dict(found.changes), [one.name for one in found.changed]) == (
        1,
        {"PASS to FAIL": 1},
        ["next against main"],
    )


def test_the_verdicts_of_a_replay_are_those_of_the_gate(court: Any) -> None:
    made = court(60, candidates=("main", "next"), gate=GATE)
    strong = {"main": said(40, 20), "next": said(30, 30)}
    made.judged({CHEAP: {"main": said(40, 20), "next": said(38, 22)}, STRONG: strong})
    (replay,) = made.judges().standings[0].replays.rows
    verdicts = {}
    for judge in (CHEAP, STRONG):
        text = (made.folder / "evalkit.toml").read_text("utf-8").replace(CHEAP, judge)
        (made.folder / "evalkit.toml").write_text(text, encoding="utf-8")
        (gate,) = evalkit.gate("next", config=made.folder, store=made.store)
        verdicts[judge] = gate.verdict
        text = text.replace(judge, CHEAP)
        (made.folder / "evalkit.toml").write_text(text, encoding="utf-8")

    assert (replay.cheap, replay.strong) == (verdicts[CHEAP], verdicts[STRONG])


@pytest.mark.sweep
def test_a_baseline_that_is_a_label_is_found_under_it(court: Any) -> None:
    made = court(40, gate='[gate]\nbaseline = "label:main"\nmargin = 0.1\n')
    truth = said(30, 10)
    made.judged({CHEAP: one(truth), STRONG: one(truth)}, "main", "next")
    (replay,) = made.judges().standings[0].replays.rows

    assert (replay.label, replay.baseline_label, replay.stays) == ("next", "main", True)
    assert made.judges(label="main").standings[0].replays.rows == ()


@pytest.mark.sweep
def test_runs_that_no_gate_was_kept_with_are_counted(court: Any) -> None:
    made = court(20, candidates=("main", "next"))
    words = {"main": said(10, 10), "next": said(10, 10)}
    made.judged({CHEAP: words, STRONG: words})
    found = made.judges().standings[0].replays

    assert (found.rows, found.without_gate) == ((), 2)


def test_one_judge_alone_is_told_how_another_one_judges_the_same(court: Any) -> None:
    made = court(5)
    runs = made.judged({CHEAP: one(said(3, 2))})

    with pytest.raises(UsageError, match=rf"evalkit rejudge {runs[CHEAP]['recorded']} --judge"):
        made.judges()


def test_a_judge_of_unknown_price_saves_nothing_that_is_known(court: Any) -> None:
    made = court(20)
    truth = said(10, 10)
    made.judged({"claude-nobody-1": one(truth), STRONG: one(truth)})

    with pytest.raises(UsageError, match="the cost of claude-nobody-1 is not known: say --strong"):
        made.judges()
    (found,) = made.judges(strong=STRONG).standings
    assert (found.cost_usd, found.saving, found.cascade.expected.saving) == (None, None, None)
    assert found.json()["cost_per_scored_usd"] is None


def test_a_score_that_was_taken_over_is_one_observation_and_costs_what_it_cost_there(court: Any) -> None:
    made = court(20)
    truth = said(10, 10)
    made.judged({CHEAP: one(truth), STRONG: one(truth)}, "monday", "tuesday")
    (first,), (again,) = (made.judges(label=label).standings for label in ("monday", "tuesday"))
    spent = {row.label: row.spending.cost_usd for row in api.runs(store=made.store)}

    assert spent["tuesday"] == 0
    assert (again.n, again.cost_usd, again.strong_cost_usd) == (20, first.cost_usd, first.strong_cost_usd)


@pytest.mark.parametrize("margin", [0.0, 1.0, -0.1])
def test_a_margin_is_a_share_of_the_scale(settled: Any, margin: float) -> None:
    with pytest.raises(UsageError, match="a margin is a share"):
        settled.judges(margin=margin)


def test_the_command_prints_the_answer_and_its_limits(settled: Any, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["judges", "--config", str(settled.folder), "--store", settled.store]

    assert exits.run(words) == 0
    told = capsys.readouterr().out
    assert "is not shown to be good enough" in told
    assert "is not thereby right" in told
    assert exits.run([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (row,) = document["judges"]
    assert (row["strong"], row["standings"][0]["answer"]) == (STRONG, "not shown")
    assert "not thereby right" in document["caution"]


def test_the_table_is_a_frame_and_a_notebook_page(settled: Any) -> None:
    found = evalkit.judges(config=settled.folder, store=settled.store)

    assert list(found.to_frame()["judge"]) == [CHEAP]
    assert list(found.points()["signal"]) == ["unscored", "always strong"]
    assert "not thereby right" in found._repr_html_()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"criterion": "tone"}, "by a criterion 'tone'; there are 'right'"),
        ({"grader": "tone"}, "by grader 'tone'"),
        ({"label": "monday"}, "under the label 'monday'; to have another judge"),
    ],
)
def test_what_names_nothing_is_refused_with_what_there_is(settled: Any, options: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        settled.judges(**options)

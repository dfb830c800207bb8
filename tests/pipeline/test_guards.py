"""Guards: outputs that fail a check are not sent to the judge, which is said wherever their scores are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from evalkit import api, operations, trust
from evalkit.errors import ConfigError, UsageError
from evalkit.store import Store

CASES = [{"id": f"case-{n:04}", "input": f"How many? {n}", "expected": f"{n} apples"} for n in range(6)]
OUTPUTS = {"recorded": {f"case-{n:04}": f"{n} apples [src]" if n < 4 else f"{n} apples" for n in range(6)}}
CITES = '[[graders]]\nname = "cites"\ncheck = "regex"\npattern = \'\\[src\\]\''
OVERLAP = '[[graders]]\nname = "overlap"\ncheck = "token_f1"'


@pytest.fixture
def guarded(open_bench: Callable[..., Any]) -> Callable[..., Any]:
    """A bench of six cases, two of which do not cite, under a grader that wants them to."""

    def opened(url: str, settings: str = 'when = "cites"', check: str = CITES, **suite: Any) -> Any:
        return open_bench(url, CASES, outputs=OUTPUTS, grader=f"{settings}\n\n{check}", **suite)

    return opened


def judged(bench: Any) -> Any:
    """The run of the rubric as it stands."""
    (view,) = (row for row in api.runs(bench.folder, store=bench.url) if row.grader == "correctness")
    assert view.scored + sum(view.unscored.values()) + view.pending == view.cases == 6
    return view


def own(bench: Any) -> dict[str, Any]:
    return {row["case"]: row for row in bench.rows(judged(bench).run) if not row["suffix"]}


def test_an_output_that_fails_the_check_is_not_sent_and_has_no_score(guarded: Any, store_url: str) -> None:
    bench = guarded(store_url)
    bench.submit()
    assert [entry.requests for entry in bench.creates()] == [4]
    assert judged(bench).pending == 4
    bench.collect()
    view = judged(bench)
    assert (view.scored, dict(view.unscored), view.not_sent.cases) == (4, {"missing": 2}, 2)
    assert view.json()["not_sent_saved_usd"] == pytest.approx(view.spending.cost_usd / 2)
    assert own(bench)["case-0005"]["reason"].startswith("not sent: check 'cites' failed (")
    with pytest.raises(UsageError, match="no request to send again"):
        operations.retry(view.run, store=bench.url)
    shown = bench.ended("show", view.run)[1]
    assert "2 cases not sent, by a check, which saved about $" in shown


def test_an_output_that_is_not_sent_may_have_a_declared_label(guarded: Any, store_url: str) -> None:
    bench = guarded(store_url, 'when = "cites"\notherwise = "incorrect"\nsamples = 3')
    bench.submit()
    assert [entry.requests for entry in bench.creates()] == [12]
    bench.collect()
    view = judged(bench)
    assert (view.scored, dict(view.unscored), view.not_sent.cases) == (6, {}, 2)
    row = own(bench)["case-0004"]
    assert (row["status"], row["value"], row["label"], row["custom_id"]) == ("scored", 0.0, "incorrect", None)
    page = api.report(config=bench.folder, store=bench.url).path.read_text()
    assert "2 outputs failed the check that guards a grader and went to no judge, which saved about" in page


def test_a_check_that_grades_guards_from_a_value_on(guarded: Any, sqlite_url: str) -> None:
    bench = guarded(sqlite_url, 'when = { check = "overlap", at_least = 0.9 }', OVERLAP)
    bench.submit()
    assert [entry.requests for entry in bench.creates()] == [2]  # "[src]" is a word that is not expected


def test_an_output_that_the_check_cannot_judge_is_sent(guarded: Any, sqlite_url: str) -> None:
    bench = guarded(sqlite_url, 'when = "cites"', '[[graders]]\nname = "cites"\ncheck = "python"\nfunction = "own:f"')
    (bench.folder / "own.py").write_text("def f(case, output):\n    return None if '1' in output else '2' in output\n")
    bench.submit()
    assert [entry.requests for entry in bench.creates()] == [2]


def test_a_guard_is_part_of_its_graders_digest(guarded: Any, sqlite_url: str) -> None:
    digests: set[str] = set()
    for at, settings in enumerate(("", 'when = "cites"', 'when = "cites"\notherwise = "partial"')):
        bench = guarded(sqlite_url, settings, folder=str(at))
        digests.add(api.plan(bench.folder, store=bench.url).runs[0].run)
    other = guarded(sqlite_url, 'when = "cites"', CITES.replace("src", "ref"), folder="other")
    digests.add(api.plan(other.folder, store=other.url).runs[0].run)
    assert len(digests) == 4


def test_a_plan_says_what_is_not_sent(guarded: Any, sqlite_url: str) -> None:
    bench = guarded(sqlite_url)
    code, out, _ = bench.ended("plan")
    assert code == 0
    assert "not sent 2 cases: a check of the grader fails" in out
    assert "4 requests in 1 batch" in out
    err = bench.ended("submit")[2]
    assert "2 cases are not sent, because check 'cites' fails" in err


def test_a_guarded_run_is_sent_from_the_store_alone_and_judged_again_under_another_guard(
    guarded: Any, sqlite_url: str
) -> None:
    bench = guarded(sqlite_url)
    assert bench.ended("submit", EVALKIT_FAIL_AT="kept")[0] < 0
    bench.collect()
    first = judged(bench)
    assert (first.scored, first.not_sent.cases) == (4, 2)
    config = bench.folder / "evalkit.toml"
    config.write_text(config.read_text().replace("src", "ref"))
    (again,) = trust.rejudge([first.run], config=bench.folder, store=bench.url, wait=True, poll=0.02)
    assert (again.scored, again.not_sent.cases, again.requests) == (0, 6, 0)
    assert again.not_sent.saved_usd is None


def test_noise_is_measured_on_what_the_judge_has_read(guarded: Any, sqlite_url: str) -> None:
    bench = guarded(sqlite_url, 'when = "cites"\notherwise = "incorrect"')
    bench.submit()
    bench.collect()
    run = judged(bench).run
    code, out, err = bench.ended("noise", run, "--cases", "6", "--samples", "2", "--json")
    assert code == 0, err
    assert json.loads(out)
    assert bench.creates()[-1].requests == 4 * 2
    with Store.open(bench.url) as store:
        assert sorted(store.guards.held(run)) == ["case-0004", "case-0005"]


@pytest.mark.parametrize(
    ("settings", "check", "said"),
    [
        ('when = "sites"', CITES, 'graders[0].when: there is no check "sites"; did you mean "cites"?'),
        ('when = "correctness"', CITES, 'graders[0].when: "correctness" has a rubric, and only a check is free'),
        ('when = "overlap"', OVERLAP, 'graders[0].when: "overlap" gives any value from 0 to 1, and nothing says which'),
        ('when = { check = "cites", at_least = 0.5 }', CITES, '"cites" passes or fails, so that no value is the least'),
        ('otherwise = "incorrect"', CITES, "graders[0].otherwise: goes with `when`, which names a check"),
        ('when = "cites"\notherwise = "incorect"', CITES, '"incorect" is no label; did you mean "incorrect"?'),
        (
            'when = "cites"\notherwise = { x = "correct" }',
            CITES,
            "graders[0].otherwise: has no label for the criterion",
        ),
        ("", f'{CITES}\nwhen = "cites"', "graders[1].when: goes with a `rubric`, not with a `check`"),
        ("when = 3", CITES, "graders[0].when: must be"),
    ],
)
def test_a_guard_that_cannot_be_meant_is_refused(
    guarded: Any, sqlite_url: str, settings: str, check: str, said: str
) -> None:
    bench = guarded(sqlite_url, settings, check)
    with pytest.raises(ConfigError) as refused:
        bench.submit()
    assert said in str(refused.value)
    assert bench.creates() == []


def test_a_guard_over_several_criteria_declares_a_label_of_each(open_bench: Any, sqlite_url: str) -> None:
    criteria = (
        '\n[[graders.criteria]]\nname = "true"\nlabels = { no = 0, yes = 1 }\n'
        '[[graders.criteria]]\nname = "short"\nscale = [1, 3]\n'
    )
    settings = 'when = "cites"\notherwise = { true = "no", short = 1 }'
    bench = open_bench(sqlite_url, CASES, outputs=OUTPUTS)
    config = bench.folder / "evalkit.toml"
    text = config.read_text()
    start, end = text.index("[[graders]]"), text.index("[[candidates]]")
    grader = f'[[graders]]\nname = "both"\nrubric = "rubric.md.j2"\n{settings}\n{criteria}\n{CITES}\n\n'
    config.write_text(text[:start] + grader + text[end:])
    bench.submit()
    bench.collect()
    rows = [row for row in bench.rows() if row["grader"] == "both" and row["case"] == "case-0005"]
    assert [(row["criterion"], row["label"], row["value"]) for row in rows] == [
        ("short", "1", 0.0),
        ("true", "no", 0.0),
    ]


def test_a_run_whose_every_case_the_check_decides_is_compared_with_one_that_a_judge_scored(
    open_bench: Any, sqlite_url: str
) -> None:
    from evalkit import decisions

    outputs = {**OUTPUTS, "silent": dict.fromkeys(OUTPUTS["recorded"], "I will not say")}
    settings = f'when = "cites"\notherwise = "incorrect"\n\n{CITES}'
    bench = open_bench(sqlite_url, CASES, outputs=outputs, grader=settings)
    bench.submit()
    bench.collect()

    table = decisions.compare("silent", baseline="recorded", config=bench.folder, store=bench.url)
    (row,) = [row for row in table if row.comparison.criterion == "correctness"]
    assert (row.comparison.comparable, row.comparison.n_paired) == (True, 6)


def test_a_case_that_no_judge_of_a_jury_was_sent_counts_once(guarded: Any, sqlite_url: str) -> None:
    bench = guarded(sqlite_url)
    config = bench.folder / "evalkit.toml"
    config.write_text(f'{config.read_text()}\n[jury]\njudges = ["claude-haiku-5-5", "claude-opus-5-5"]\n')
    bench.submit()
    bench.collect()
    assert "\n2 cases not sent, by a check, which saved about $" in bench.ended("runs")[1]
    page = api.report(config=bench.folder, store=bench.url).path.read_text()
    assert "2 outputs failed the check that guards a grader and went to no judge, which saved about" in page

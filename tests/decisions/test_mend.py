"""Which runs to judge again, so that what is not comparable becomes so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evalkit.pipeline.rebase import Present, mend
from evalkit.run import Judge, Run, RunKind

HAIKU = Judge(model="claude-haiku-5-5")
SONNET = Judge(model="claude-sonnet-5-5")
START = datetime(2026, 11, 2, tzinfo=UTC)


def a_run(day: int, grader_digest: str = "new", judge: Judge | None = HAIKU, **changes: object) -> Run:
    made = Run(
        suite="support",
        kind=RunKind.GRADING,
        dataset="d" * 64,
        dataset_name="cases.jsonl",
        candidate="production",
        candidate_digest="c" * 64,
        grader="correctness",
        grader_digest=grader_digest,
        judge=judge,
        label=f"day {day}",
        cases=10,
        created_at=START + timedelta(days=day),
    )
    return replace(made, **changes)


NOW = Present(digests={"correctness": ("new", HAIKU.digest), "cites": ("regex", "")})
ANY = Present(digests={})


@pytest.mark.parametrize(
    ("baseline", "candidate", "stale"),
    [
        (a_run(1, "old"), a_run(2), "baseline"),
        (a_run(1), a_run(2, "old"), "candidate"),
        (a_run(1, "old"), a_run(2, "older"), "both"),
        (a_run(1, judge=SONNET), a_run(2), "baseline"),
        (a_run(1, judge=replace(HAIKU, simulated=True)), a_run(2), "baseline"),
        (a_run(1, "old", None, grader="cites"), a_run(2, "regex", None, grader="cites"), "baseline"),
    ],
)
def test_what_was_not_scored_as_the_config_says_is_judged_again(baseline: Run, candidate: Run, stale: str) -> None:
    runs = {"baseline": [baseline], "candidate": [candidate], "both": [baseline, candidate]}[stale]

    assert mend(baseline, candidate, NOW) == f"evalkit rejudge {' '.join(run.id for run in runs)}"


def test_without_a_config_the_older_follows_the_newer() -> None:
    older, newer = a_run(1, "old"), a_run(2)

    assert mend(older, newer, ANY) == mend(newer, older, ANY) == f"evalkit rejudge {older.id}"


def test_what_the_sandbox_judged_is_judged_by_the_sandbox_again() -> None:
    now = replace(NOW, simulated=True)
    older = a_run(1, "old", replace(HAIKU, simulated=True))

    assert mend(older, a_run(2), now).split()[-1] == "--sandbox"


def test_where_the_model_behind_a_name_moved_on_both_are_judged_by_the_one_that_answered_last() -> None:
    one, other = a_run(1), a_run(2)

    assert mend(one, other, NOW, served_models=("claude-haiku-5-5-20261101",)) == (
        f"evalkit rejudge {one.id} {other.id} --judge claude-haiku-5-5-20261101"
    )


@pytest.mark.parametrize("served", [(), ("claude-haiku-5-5",), ("a", "b")])
def test_where_no_command_would_help_none_is_named(served: tuple[str, ...]) -> None:
    assert mend(a_run(1), a_run(2), NOW, served_models=served) is None
    assert mend(a_run(1), a_run(2, grader="tone"), NOW) is None
    assert mend(a_run(1, "old", grader="tone"), a_run(2, grader="tone"), NOW) is None

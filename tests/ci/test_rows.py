"""What became of each case beside its baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from evalkit.analysis import RunScores
from evalkit.ci import Fate, case_table
from evalkit.score import Status

Run = Callable[..., RunScores]


def test_every_case_has_one_fate_and_a_few_words_on_it(a_run: Run) -> None:
    before = a_run("aaaaaaaaaaaa", [1.0, 1.0, 0.0, 1.0, Status.ERRORED, 1.0])
    after = a_run("bbbbbbbbbbbb", [1.0, 0.0, 1.0, Status.REFUSED, 1.0, 1.0, 1.0], pending=["case-9"])
    cases = [replace(case, case_digest="new") if case.case_id == "case-5" else case for case in after.cases]
    table = case_table(replace(after, cases=cases), before, dataset="support")

    assert [(row.case_id, row.fate, row.why) for row in table.rows] == [
        ("case-0", Fate.KEPT, ""),
        ("case-1", Fate.WORSE, "1 -> 0"),
        ("case-2", Fate.KEPT, ""),
        ("case-3", Fate.UNSCORED, "refused"),
        ("case-4", Fate.LEFT_OUT, "errored in the baseline"),
        ("case-5", Fate.LEFT_OUT, "changed since the baseline"),
        ("case-6", Fate.LEFT_OUT, "not in the baseline"),
        ("case-9", Fate.LEFT_OUT, "pending"),
    ]
    assert (table.rows[1].baseline, table.rows[1].value, table.rows[1].delta) == (1, 0, -1)
    assert table.rows[5].baseline is None


def test_without_a_baseline_the_value_that_passes_decides(a_run: Run) -> None:
    after = a_run("bbbbbbbbbbbb", [1.0, 0.0])

    with_value = case_table(after, None, dataset="support", pass_value=0.5)
    without = case_table(after, None, dataset="support")

    assert [(row.fate, row.why) for row in with_value.rows] == [(Fate.KEPT, ""), (Fate.WORSE, "0, and 0.5 passes")]
    assert {row.fate for row in without.rows} == {Fate.KEPT}


def test_where_lower_is_better_a_rise_is_worse(a_run: Run) -> None:
    table = case_table(a_run("b", [1.0, 0.0]), a_run("a", [0.0, 1.0]), dataset="support", direction="lower")

    assert [row.fate for row in table.rows] == [Fate.WORSE, Fate.KEPT]
    assert table.loss(table.rows[0]) == 1

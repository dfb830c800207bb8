"""What a case cost is what all of its requests cost, and no more than what the run was paid."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit import api, ids


def test_a_case_that_was_sent_again_costs_both_replies(each: Any) -> None:
    (planned,) = api.plan(each.folder, store=each.url).runs
    each.faults(outcomes={ids.custom_id(planned.run, "case-0001"): "truncated"})
    (run,) = each.submit()
    each.collect()
    with each.store() as store:
        costs = store.case_costs.of(run.run)
        spent = store.results.spending([run.run])[run.run]

    assert len(costs) == 6
    assert spent.results > 6
    assert sum(cost or 0.0 for cost in costs.values()) == pytest.approx(spent.cost_usd)
    assert max(costs, key=lambda case: costs[case] or 0.0) == "case-0001"


def test_a_reply_of_unknown_price_makes_its_case_of_unknown_cost(small: Any) -> None:
    path = small.folder / "evalkit.toml"
    path.write_text(path.read_text("utf-8").replace("claude-haiku-5-5", "claude-nobody-1"), encoding="utf-8")
    (run,) = small.submit()
    small.collect()
    with small.store() as store:
        assert set(store.case_costs.of(run.run).values()) == {None}


def test_a_run_that_nobody_was_asked_for_has_no_costs(small: Any) -> None:
    with small.store() as store:
        assert store.case_costs.of("nobody") == {}

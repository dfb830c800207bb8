"""Routing: a cheaper model only where it is shown to be no worse, and a policy that does not flatter itself."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.analysis.route import RoutingTable, curve, fit, length_buckets, route
from evalkit.analysis.route.expected import chosen_by_the_others

ANSWERS = Path(__file__).parents[2].parent / "shared" / "data" / "routellm_gsm8k_correct.csv"


def table(qualities: dict[str, list[float]], kinds: list[str] | None = None, **given: Any) -> RoutingTable:
    """Candidates with a cent, two cents, ... a case."""
    n = len(next(iter(qualities.values())))
    fields: dict[str, Any] = {
        "candidates": tuple(qualities),
        "cases": tuple(f"case-{at}" for at in range(n)),
        "kinds": tuple(kinds or ["all"] * n),
        "clusters": (None,) * n,
        "qualities": tuple(map(tuple, qualities.values())),
        "costs": tuple((0.01 * at,) * n for at in range(1, len(qualities) + 1)),
    }
    return RoutingTable(**(fields | given))


def drawn(seed: int, n: int, **rates: float) -> dict[str, list[float]]:
    made = np.random.default_rng(seed)
    return {name: [float(x) for x in made.random(n) < rate] for name, rate in rates.items()}


def test_a_cheaper_model_answers_only_the_kind_it_is_as_good_at() -> None:
    n = 400
    easy = [float(at % 10 != 0) for at in range(n)]
    hard_weak = [float(at % 10 > 4) for at in range(n)]
    both = table({"cheap": easy + hard_weak, "dear": easy + easy}, ["easy"] * n + ["hard"] * n)

    policy = fit(both, margin=0.05)

    assert policy.json() == {"default": "dear", "routes": {"easy": "cheap"}}
    assert [policy.candidate_for(kind) for kind in ("easy", "hard", "never seen")] == ["cheap", "dear", "dear"]
    easy_one, hard_one = policy.evidence
    assert (easy_one.holds, hard_one.holds) == (True, False)
    assert hard_one.delta == pytest.approx(-0.4)


def test_without_evidence_the_strong_model_answers_and_the_number_of_cases_is_told() -> None:
    few = table(drawn(1, 30, cheap=0.8, dear=0.85))

    (one,) = (policy := fit(few, margin=0.02, strong="dear")).evidence

    assert (policy.routes, one.holds) == ({}, False)
    assert one.cases_needed is not None
    assert one.cases_needed > 30


def test_of_several_that_hold_the_cheapest_answers() -> None:
    same = [float(at % 10 != 0) for at in range(400)]
    three = table({"middling": same, "cheap": same, "dear": same}, costs=((0.02,) * 400, (0.01,) * 400, (0.03,) * 400))

    policy = fit(three, margin=0.05, strong="dear")

    assert policy.routes == {"all": "cheap"}
    assert all(one.holds for one in policy.evidence)


def test_equal_graded_answers_have_a_p_value_by_their_interval() -> None:
    graded = [0.25 * (at % 5) for at in range(400)]
    (one,) = fit(table({"cheap": graded, "dear": graded}), margin=0.05, strong="dear").evidence

    assert one.p_value is None
    assert one.holds
    assert not fit(table({"cheap": graded[:20], "dear": graded[:20]}), margin=0.05, strong="dear").evidence[0].holds


def test_more_kinds_tried_ask_for_more_evidence() -> None:
    """Holm: one of twenty kinds that passes by itself, by a little, does not pass as one of twenty."""
    n = 120
    cheap, dear = drawn(5, n, cheap=0.9, dear=0.9).values()
    alone = fit(table({"cheap": cheap, "dear": dear}), margin=0.12, strong="dear")
    kinds = [f"kind-{at:02}" for at in range(20) for _ in range(n)]
    among = fit(table({"cheap": cheap * 20, "dear": dear * 20}, kinds), margin=0.12, strong="dear")

    assert alone.routes == {"all": "cheap"}
    assert among.routes == {}


@pytest.mark.parametrize("seed", range(3))
def test_a_policy_does_not_flatter_itself(seed: int) -> None:
    """Models that are alike, kinds that are noise: in sample the routed answers cost nothing in quality, by choice."""
    made = np.random.default_rng(seed)
    n = 3000
    kinds = [f"kind-{at}" for at in made.integers(0, 10, n)]
    found = route(table(drawn(seed, n, cheap=0.80, dear=0.84), kinds), by="tag", margin=0.2, strong="dear")

    expected = found.expected
    assert expected.shares["cheap"] > 0.2
    assert expected.quality_against_strong is not None
    assert expected.against_strong_low is not None
    # What cheap answers really loses 0.04 each; the cross-fitted estimate must be of that, within its interval.
    truth = -0.04 * expected.shares["cheap"]
    assert expected.against_strong_low <= truth <= (expected.against_strong_high or 0.0)
    assert expected.saving == pytest.approx(0.5 * expected.shares["cheap"])


def test_routing_is_measured_against_one_model_for_all_a_random_mix_and_the_oracle() -> None:
    n = 600
    easy = [float(at % 20 != 0) for at in range(n)]
    hard = [float(at % 10 > 4) for at in range(n)]
    found = route(
        table({"cheap": easy + hard, "dear": easy + easy}, ["easy"] * n + ["hard"] * n), by="tag", margin=0.05
    )
    expected = found.expected

    assert {one.candidate: one.cost_usd for one in expected.always} == pytest.approx({"cheap": 0.01, "dear": 0.02})
    assert expected.shares == {"cheap": 0.5, "dear": 0.5}
    assert expected.quality_against_strong == 0
    assert expected.saving == pytest.approx(0.25)
    assert expected.random_mix_quality == pytest.approx((0.725 + 0.95) / 2)
    assert expected.above_random_mix == pytest.approx(expected.quality - (0.725 + 0.95) / 2)
    assert expected.above_random_mix_low > 0  # type: ignore[operator]
    assert expected.oracle_quality >= expected.quality
    assert expected.oracle_cost_usd <= expected.cost_usd
    assert found.aiq_routed > found.aiq  # type: ignore[operator]
    assert found.curve is not None
    assert found.curve.apgr is not None
    assert found.curve.apgr > 0.6


def test_no_part_of_the_cases_has_a_say_in_its_own_answers() -> None:
    same = [float(at % 10 != 0) for at in range(400)]
    plain = table({"cheap": same, "dear": same})
    (part, *_) = plain.folds(5)
    spoilt = [0.0 if at in set(part) else score for at, score in enumerate(same)]
    told = [
        chosen_by_the_others(one, margin=0.05, strong="dear") for one in (plain, table({"cheap": spoilt, "dear": same}))
    ]

    assert [told[0][row] for row in part] == [told[1][row] for row in part] == [0] * len(part)
    assert sum(told[1]) > 0  # the other parts have learnt from it


def _whole(found: Any) -> Any:
    """A routing whose numbers keep together, whatever the data."""
    expected = found.expected
    assert sum(expected.shares.values()) == pytest.approx(1)
    assert expected.low is None or expected.low <= expected.quality <= expected.high + 1e-12
    assert expected.oracle_quality >= max(one.quality for one in expected.always) - 1e-12
    return found


def test_equal_candidates_leave_nothing_to_choose() -> None:
    right = [float(at % 3 != 0) for at in range(90)]
    found = _whole(route(table({"one": right, "two": right}, costs=((0.01,) * 90,) * 2), by="tag", margin=0.05))

    assert (found.policy.routes, found.policy.evidence, found.curve, found.aiq) == ({}, (), None, None)
    assert (found.expected.saving, found.expected.above_random_mix) == (0, None)


def test_where_the_strongest_is_the_cheapest_it_answers_everything() -> None:
    found = _whole(route(table(drawn(4, 200, best=0.9, dear=0.5)), by="tag", margin=0.05))

    assert (found.policy.default, found.policy.evidence) == ("best", ())
    assert found.expected.shares == {"best": 1.0, "dear": 0.0}
    # It is held against itself: there is nothing to be uncertain of.
    assert (found.expected.against_strong_low, found.expected.against_strong_high) == (0, 0)
    assert (found.expected.saving, found.expected.saving_low, found.expected.saving_high) == (0, 0, 0)


def test_a_kind_of_one_case_is_never_evidence() -> None:
    n = 60
    kinds = [f"kind-{at}" for at in range(n)]
    found = _whole(route(table(drawn(5, n, cheap=1.0, dear=1.0), kinds), by="tag", margin=0.5, strong="dear"))

    assert (found.policy.routes, len(found.policy.evidence)) == ({}, n)


@pytest.mark.parametrize("clustered", [False, True])
def test_fifty_kinds_and_five_candidates_with_a_margin_that_nobody_meets(clustered: bool) -> None:
    n = 1000
    rates = {f"model-{at}": 0.5 + 0.1 * at for at in range(5)}
    clusters = tuple(f"doc-{at // 4}" if clustered else None for at in range(n))
    many = table(drawn(6, n, **rates), [f"kind-{at % 50}" for at in range(n)], clusters=clusters)
    found = _whole(route(many, by="tag", margin=1e-6))

    assert (found.policy.default, found.policy.routes, len(found.policy.evidence)) == ("model-4", {}, 200)
    assert found.aiq_low < found.aiq < found.aiq_high  # type: ignore[operator]


def test_an_interval_of_a_recovered_gap_is_none_where_the_gap_is_not_shown() -> None:
    made = random.Random(1)
    shown = table(drawn(7, 800, weak=0.4, strong=0.8))
    doubtful = table(drawn(7, 900, weak=0.50, strong=0.52))
    curves = [curve(one, [made.random() for _ in one.cases], weak="weak", strong="strong") for one in (shown, doubtful)]

    assert curves[0].apgr_low < curves[0].apgr < curves[0].apgr_high  # type: ignore[operator]
    low, high = curves[0].call_share_between["50%"]  # type: ignore[misc]
    assert low <= curves[0].call_share_for["50%"] <= high  # type: ignore[operator]
    assert curves[1].apgr is not None
    assert (curves[1].apgr_low, curves[1].call_share_between["50%"]) == (None, None)


def test_cases_of_one_cluster_are_learnt_from_or_measured_but_not_both() -> None:
    found = table(drawn(2, 200, cheap=0.5, dear=0.6), clusters=tuple(f"doc-{at // 10}" for at in range(200)))

    parts = [{found.clusters[row] for row in part} for part in found.folds(2)]
    assert not parts[0] & parts[1]
    assert sorted(row for part in found.folds(2) for row in part) == list(range(200))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=60))
def test_every_length_has_a_bucket_that_it_lies_in(lengths: list[int]) -> None:
    found = length_buckets({f"case-{at}": length for at, length in enumerate(lengths)})

    for at, length in enumerate(lengths):
        sign, _, rest = found[f"case-{at}"].partition(" ")
        if sign in ("<=", ">"):
            limit = int(rest.split()[0])
            assert (length <= limit) is (sign == "<=")
    assert len(set(found.values())) <= 4


@pytest.mark.skipif(not ANSWERS.is_file(), reason="RouteLLM's answers to GSM8K are not beside the project")
def test_a_random_router_between_mixtral_and_gpt4_has_routellms_curve() -> None:
    """RouteLLM's GSM8K evaluation: random.seed(0), one uniform number per prompt, thresholds at the deciles."""
    with ANSWERS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    right = {name: [float(row[name]) for row in rows] for name in ("mixtral", "gpt4")}
    assert 100 * sum(right["mixtral"]) / len(rows) == pytest.approx(63.733741392501905)
    random.seed(0)
    scores = [random.uniform(0, 1) for _ in rows]

    found = curve(table(right), scores, weak="mixtral", strong="gpt4")

    assert found.apgr == pytest.approx(0.485725, abs=5e-7)
    assert found.call_share_for == pytest.approx({"20%": 0.1969, "50%": 0.5305, "80%": 0.8302}, abs=5e-5)

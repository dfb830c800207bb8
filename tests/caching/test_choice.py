"""The choice of a ttl: by what a prefix is expected to cost, at a model's own rates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.pipeline.caching.advice import pays_from
from evalkit.pipeline.caching.choice import (
    Hits,
    Prefix,
    break_even,
    choose_ttl,
    expected_hits,
    factor,
    warming_saves,
)
from evalkit.pricing import load_prices

PRICES = load_prices()
HAIKU = PRICES.rates("claude-haiku-5-5")


def prefix(requests: int = 500, tokens: int = 2000, minimum: int = 512, **known: bool) -> Prefix:
    return Prefix(tokens=tokens, requests=requests, minimum=minimum, **known)


@pytest.mark.parametrize(
    ("model", "five", "hour"),
    [
        # (w - 1) / (w - r) with w = 1.25 and 2, by hand
        ("claude-haiku-5-5", 0.25 / 1.15, 1 / 1.9),  # reads at 0.1 of input
        ("claude-opus-5-5", 0.25 / 1.2, 1 / 1.95),  # at 0.05
        ("claude-fable-5-2", 0.25 / 1.225, 1 / 1.975),  # at 0.025
    ],
)
def test_it_pays_from_the_share_of_hits_that_the_models_own_rates_give(model: str, five: float, hour: float) -> None:
    rates = PRICES.rates(model)
    assert break_even("5m", rates) == pytest.approx(five)
    assert break_even("1h", rates) == pytest.approx(hour)


@given(st.floats(0, 1), st.sampled_from(["5m", "1h"]), st.sampled_from(sorted(PRICES.models)))
def test_a_cached_prefix_costs_less_exactly_beyond_its_break_even(share: float, ttl: str, model: str) -> None:
    rates = PRICES.rates(model)
    least = break_even(ttl, rates)
    if abs(share - least) > 1e-9:
        assert (factor(share, ttl, rates) < 1) is (share > least)


def test_of_a_single_request_nothing_is_cached_and_of_a_few_neither() -> None:
    assert choose_ttl(prefix(1), HAIKU).ttl == "off"
    assert choose_ttl(prefix(1), HAIKU, setting="1h").ttl == "off"
    assert choose_ttl(prefix(8), HAIKU).ttl == "off", "all of them start before there is an entry"


@pytest.mark.parametrize("requests", [0, 1])
def test_a_run_that_sends_nothing_new_is_weighed_too_whatever_was_seen(requests: int) -> None:
    seen = [Hits(ttl="5m", warm=False, share=0.9, requests=400)]
    assert choose_ttl(prefix(requests), HAIKU, seen=seen).ttl == "off"


def test_of_many_requests_the_cheaper_write_is_taken() -> None:
    choice = choose_ttl(prefix(500), HAIKU)
    assert choice.ttl == "5m"
    # the middle of 30 to 98 %, without the 8 of 500 that start at once
    assert choice.expected_hits == pytest.approx(0.64 * 492 / 500)
    assert choice.why == "63% hits expected (documented: 30 to 98 %), and 5m pays from 22%"


def test_a_slow_batch_of_few_requests_takes_the_hour_because_entries_end_between_two_rows() -> None:
    slow = {"seconds": 24 * 3600.0}
    assert choose_ttl(prefix(120), HAIKU, **slow).ttl == "1h"
    assert choose_ttl(prefix(5000), HAIKU, **slow).ttl == "5m"


def test_a_prefix_below_the_minimum_is_not_cached_whatever_is_asked() -> None:
    choice = choose_ttl(prefix(tokens=830, minimum=4096), HAIKU, setting="1h")
    assert (choice.ttl, choice.short) == ("off", True)
    assert choice.why == "a prefix of about 830 tokens is below the 4,096 cached"


def test_an_estimate_little_below_the_minimum_gets_a_breakpoint_that_costs_nothing() -> None:
    assert choose_ttl(prefix(tokens=480), HAIKU).ttl == "5m"
    assert choose_ttl(prefix(tokens=480, exact=True), HAIKU).ttl == "off"


def test_what_is_set_is_taken() -> None:
    assert [choose_ttl(prefix(), HAIKU, setting=one).ttl for one in ("off", "5m", "1h")] == ["off", "5m", "1h"]


def test_hits_that_were_seen_count_for_more_than_what_is_documented() -> None:
    def seen(share: float) -> list[Hits]:
        return [Hits(ttl="1h", warm=False, share=share, requests=400)]

    assert choose_ttl(prefix(), HAIKU, seen=seen(0.95)).ttl == "5m"
    assert choose_ttl(prefix(), HAIKU, seen=seen(0.23)).ttl == "5m"
    assert choose_ttl(prefix(), HAIKU, seen=seen(0.20)).ttl == "off"
    few = [Hits(ttl="1h", warm=False, share=0.01, requests=20)]
    assert choose_ttl(prefix(), HAIKU, seen=few).ttl == "5m", "a few requests prove nothing"


def test_where_nothing_is_sent_nothing_is_cached_whatever_was_seen() -> None:
    seen = [Hits(ttl="5m", warm=False, share=0.9, requests=400)]
    assert choose_ttl(prefix(0), HAIKU, seen=seen).ttl == "off"


def test_the_hour_is_taken_again_where_five_minutes_were_seen_to_fail() -> None:
    seen = [
        Hits(ttl="5m", warm=False, share=0.30, requests=400),
        Hits(ttl="1h", warm=False, share=0.95, requests=400),
    ]
    assert choose_ttl(prefix(), HAIKU, seen=seen).ttl == "1h"


def test_one_by_one_the_second_reads_what_the_first_has_written() -> None:
    assert choose_ttl(prefix(2), HAIKU, realtime=True).ttl == "5m"


def test_a_warm_up_takes_the_hour_and_saves_what_it_hits_more() -> None:
    choice = choose_ttl(prefix(5000), HAIKU, warm=True)
    assert (choice.ttl, choice.warm) == ("1h", True)
    opus = PRICES.rates("claude-opus-5-5")
    saved = warming_saves(prefix(5000), opus, batch_factor=0.5)
    # 5,000 x 2,000 tokens at 2 USD a million: (0.63898 x 0.05 + 0.36102 x 1.25) - (0.80984 x 0.05 + 0.19016 x 2)
    without, with_one = 1.25 - 1.2 * 0.64 * (1 - 8 / 5000), 2 - 1.95 * 0.81 * (1 - 1 / 5000)
    assert saved == pytest.approx(20 * (without - with_one))


def test_a_warm_up_of_too_few_requests_is_left_out() -> None:
    choice = choose_ttl(prefix(2), HAIKU, warm=True)
    assert (choice.ttl, choice.warm) == ("off", False)


@given(st.integers(2, 100_000), st.sampled_from(["5m", "1h"]), st.booleans(), st.floats(0, 86_400))
def test_the_hits_to_expect_are_a_share_and_grow_with_the_requests(
    n: int, ttl: str, warm: bool, seconds: float
) -> None:
    fewer, _ = expected_hits(ttl, n, warm=warm, seconds=seconds)
    more, _ = expected_hits(ttl, n + 1, warm=warm, seconds=seconds)
    assert 0 <= fewer <= more <= 0.98


def test_a_longer_prefix_is_advised_only_where_it_pays() -> None:
    sonnet = PRICES.rates("claude-sonnet-5")
    cases = pays_from(900, 1024, sonnet)
    assert cases is not None

    def cost(n: int) -> float:
        return 1024 * choose_ttl(prefix(n, 1024, 1024, exact=True), sonnet).factor

    assert cost(cases) < 900 <= cost(cases - 1)
    assert pays_from(830, 4096, PRICES.rates("claude-haiku-4-5")) is None

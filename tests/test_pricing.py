from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from evalkit.errors import ConfigError
from evalkit.pricing import Usage, load_prices, min_cacheable_tokens, usage_from_api

MILLION = 1_000_000
ONE_OF_EACH = Usage(
    input_tokens=10_000,
    output_tokens=20_000,
    cache_read_tokens=30_000,
    cache_write_5m_tokens=4_000,
    cache_write_1h_tokens=5_000,
)


def a_price_file(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "our-prices.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def rates(**changes: float) -> dict[str, float]:
    return {"input": 1, "output": 2, "cache_write_5m": 3, "cache_write_1h": 4, "cache_read": 5} | changes


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        # 0.01*in + 0.02*out + 0.004*5m + 0.005*1h + 0.03*read, by hand from the published list
        ("claude-fable-5-2", 0.08 + 0.80 + 0.04 + 0.08 + 0.006),
        ("claude-mythos-5-2", 0.08 + 0.80 + 0.04 + 0.08 + 0.006),
        ("claude-opus-5-5", 0.04 + 0.40 + 0.02 + 0.04 + 0.006),
        ("claude-sonnet-5-5", 0.02 + 0.20 + 0.01 + 0.02 + 0.003),
        ("claude-haiku-5-5", 0.001 + 0.01 + 0.0005 + 0.001 + 0.0003),
        ("claude-fable-5-1", 0.10 + 1.00 + 0.05 + 0.10 + 0.0075),
        ("claude-mythos-5-1", 0.10 + 1.00 + 0.05 + 0.10 + 0.0075),
        ("claude-fable-5", 0.10 + 1.00 + 0.05 + 0.10 + 0.03),
        ("claude-mythos-5", 0.10 + 1.00 + 0.05 + 0.10 + 0.03),
        ("claude-opus-5", 0.05 + 0.50 + 0.025 + 0.05 + 0.015),
        ("claude-opus-4-8", 0.05 + 0.50 + 0.025 + 0.05 + 0.015),
        ("claude-opus-4-7", 0.05 + 0.50 + 0.025 + 0.05 + 0.015),
        ("claude-opus-4-6", 0.05 + 0.50 + 0.025 + 0.05 + 0.015),
        ("claude-opus-4-5", 0.05 + 0.50 + 0.025 + 0.05 + 0.015),
        ("claude-opus-4-5-20251101", 0.05 + 0.50 + 0.025 + 0.05 + 0.015),
        ("claude-sonnet-5", 0.02 + 0.20 + 0.01 + 0.02 + 0.006),
        ("claude-sonnet-4-6", 0.03 + 0.30 + 0.015 + 0.03 + 0.009),
        ("claude-sonnet-4-5", 0.03 + 0.30 + 0.015 + 0.03 + 0.009),
        ("claude-sonnet-4-5-20250929", 0.03 + 0.30 + 0.015 + 0.03 + 0.009),
        ("claude-haiku-4-5", 0.01 + 0.10 + 0.005 + 0.01 + 0.003),
        ("claude-haiku-4-5-20251001", 0.01 + 0.10 + 0.005 + 0.01 + 0.003),
    ],
)
def test_a_request_costs_what_the_list_says_and_half_of_it_in_a_batch(model: str, expected: float) -> None:
    prices = load_prices()

    assert prices.cost(model, ONE_OF_EACH, batch=False) == pytest.approx(expected, rel=1e-12)
    assert prices.cost(model, ONE_OF_EACH, batch=True) == pytest.approx(expected / 2, rel=1e-12)


def test_every_listed_model_with_rates_is_in_the_golden_table_above() -> None:
    golden = next(
        mark.args[1]
        for mark in test_a_request_costs_what_the_list_says_and_half_of_it_in_a_batch.pytestmark
        if mark.name == "parametrize"
    )
    prices = load_prices()

    listed = {model for model, entry in prices.models.items() if entry.rates} | set(prices.aliases)

    assert listed == {model for model, _ in golden}


@pytest.mark.parametrize("model", ["claude-unheard-of", "claude-mythos-preview", ""])
def test_an_unknown_price_is_unknown_and_never_zero(model: str) -> None:
    assert load_prices().cost(model, ONE_OF_EACH, batch=True) is None


def test_a_free_request_costs_zero_which_is_not_unknown() -> None:
    assert load_prices().cost("claude-haiku-5-5", Usage(), batch=True) == 0


def test_a_long_prompt_puts_the_whole_request_on_the_higher_rates_counting_cache_reads_and_writes() -> None:
    prices = load_prices()
    at_the_limit = Usage(
        input_tokens=10_000,
        cache_read_tokens=60_000,
        cache_write_5m_tokens=20_000,
        cache_write_1h_tokens=10_000,
        output_tokens=1_000,
    )
    above = Usage(
        input_tokens=10_001,
        cache_read_tokens=60_000,
        cache_write_5m_tokens=20_000,
        cache_write_1h_tokens=10_000,
        output_tokens=1_000,
    )

    assert prices.cost("claude-haiku-5-5", at_the_limit, batch=False) == pytest.approx(
        (10_000 * 0.10 + 1_000 * 0.50 + 20_000 * 0.125 + 10_000 * 0.20 + 60_000 * 0.01) / MILLION
    )
    assert prices.cost("claude-haiku-5-5", above, batch=False) == pytest.approx(
        (10_001 * 0.50 + 1_000 * 2.50 + 20_000 * 0.625 + 10_000 * 1 + 60_000 * 0.05) / MILLION
    )


def test_output_does_not_count_toward_the_long_prompt() -> None:
    usage = Usage(input_tokens=1, output_tokens=100_000)

    assert load_prices().cost("claude-haiku-5-5", usage, batch=False) == pytest.approx((0.10 + 50_000) / MILLION)


@pytest.mark.parametrize(("geo", "factor"), [(None, 1.0), ("global", 1.0), ("not_available", 1.0), ("us", 1.1)])
def test_the_geography_multiplies_every_token(geo: str | None, factor: float) -> None:
    usage = Usage(input_tokens=MILLION, output_tokens=MILLION, geo=geo)

    assert load_prices().cost("claude-opus-5-5", usage, batch=True) == pytest.approx(12 * factor)


def test_an_unknown_geography_or_a_contract_tier_has_no_known_price() -> None:
    prices = load_prices()

    assert prices.cost("claude-opus-5-5", Usage(input_tokens=1, geo="moon"), batch=True) is None
    assert prices.cost("claude-opus-5-5", Usage(input_tokens=1, service_tier="priority"), batch=False) is None


@pytest.mark.parametrize(
    ("on", "read"),
    [
        (date(2026, 10, 6), 0.20),
        (datetime(2026, 10, 6, 23, 59, tzinfo=UTC), 0.20),
        (date(2026, 10, 7), 0.10),
        (datetime(2026, 10, 7, tzinfo=UTC), 0.10),
        (None, 0.10),
    ],
)
def test_a_request_costs_what_its_day_charged(on: date | None, read: float) -> None:
    usage = Usage(cache_read_tokens=MILLION)

    assert load_prices().cost("claude-sonnet-5-5", usage, batch=False, on=on) == pytest.approx(read)


def test_only_the_price_that_changed_differs_on_an_earlier_day() -> None:
    usage = Usage(
        input_tokens=MILLION,
        output_tokens=MILLION,
        cache_write_5m_tokens=MILLION,
        cache_write_1h_tokens=MILLION,
    )

    assert load_prices().cost("claude-sonnet-5-5", usage, batch=False, on=date(2026, 9, 1)) == pytest.approx(
        2 + 10 + 2.50 + 4
    )


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("claude-haiku-5-5", 512),
        ("claude-opus-5-5", 512),
        ("claude-opus-5", 512),
        ("claude-sonnet-5-5", 512),
        ("claude-fable-5-2", 512),
        ("claude-mythos-5-1", 512),
        ("claude-opus-4-8", 1024),
        ("claude-sonnet-5", 1024),
        ("claude-sonnet-4-5-20250929", 1024),
        ("claude-opus-4-7", 2048),
        ("claude-mythos-preview", 2048),
        ("claude-opus-4-6", 4096),
        ("claude-haiku-4-5-20251001", 4096),
        ("claude-mythos-5-2", None),
        ("claude-unheard-of", None),
    ],
)
def test_the_shortest_cacheable_prefix_is_known_per_model(model: str, tokens: int | None) -> None:
    assert min_cacheable_tokens(model) == tokens


def test_usage_needs_only_input_and_output_tokens() -> None:
    assert usage_from_api({"input_tokens": 7, "output_tokens": 3}) == Usage(input_tokens=7, output_tokens=3)


def test_usage_reads_every_kind_of_token() -> None:
    reply = {
        "input_tokens": 1,
        "output_tokens": 2,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 9,
        "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 5},
        "output_tokens_details": None,
        "service_tier": "batch",
        "inference_geo": "us",
        "speed": None,
    }

    assert usage_from_api(reply, ttl="1h") == Usage(
        input_tokens=1,
        output_tokens=2,
        cache_read_tokens=3,
        cache_write_5m_tokens=4,
        cache_write_1h_tokens=5,
        geo="us",
        service_tier="batch",
    )


def test_cache_writes_without_a_lifetime_count_as_of_the_ttl_that_was_sent() -> None:
    reply = {
        "input_tokens": 1,
        "output_tokens": 2,
        "cache_creation_input_tokens": 900,
        "cache_creation": None,
        "cache_read_input_tokens": None,
    }
    five_minutes, an_hour = usage_from_api(reply), usage_from_api(reply, ttl="1h")

    assert five_minutes == Usage(input_tokens=1, output_tokens=2, cache_write_5m_tokens=900)
    assert an_hour == Usage(input_tokens=1, output_tokens=2, cache_write_1h_tokens=900)


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {},
        {"input_tokens": 1},
        {"input_tokens": None, "output_tokens": 1},
        {"input_tokens": 1, "output_tokens": "2"},
        {"input_tokens": -1, "output_tokens": 2},
        {"input_tokens": True, "output_tokens": 2},
    ],
)
def test_a_reply_without_its_token_counts_has_an_unknown_cost(reply: dict[str, object] | None) -> None:
    usage = usage_from_api(reply)

    assert usage is None
    assert load_prices().cost("claude-haiku-5-5", usage, batch=True) is None


def test_an_override_wins_per_model_and_leaves_the_others(tmp_path: Path) -> None:
    path = a_price_file(
        tmp_path,
        {
            "date": "2026-12-24",
            "models": {"claude-opus-5-5": {"rates": rates()}, "our-model": {"rates": rates()}},
        },
    )
    prices = load_prices(path)
    usage = Usage(input_tokens=MILLION)

    assert (prices.date, prices.source) == ("2026-12-24", path)
    assert prices.cost("claude-opus-5-5", usage, batch=False) == 1
    assert prices.cost("our-model", usage, batch=True) == 0.5
    assert prices.cost("claude-sonnet-5-5", usage, batch=False) == 2
    assert load_prices().cost("claude-opus-5-5", usage, batch=False) == 4


def test_an_override_can_change_the_factors(tmp_path: Path) -> None:
    prices = load_prices(a_price_file(tmp_path, {"batch_factor": 0.25, "geo_factors": {"eu": 2}}))

    assert prices.cost("claude-opus-5-5", Usage(input_tokens=MILLION, geo="eu"), batch=True) == 2
    assert prices.cost("claude-opus-5-5", Usage(input_tokens=MILLION, geo="us"), batch=True) == pytest.approx(1.1)


def test_an_alias_follows_the_override_of_its_model_and_may_be_overridden_itself(tmp_path: Path) -> None:
    usage = Usage(input_tokens=MILLION)
    followed = a_price_file(tmp_path, {"models": {"claude-haiku-4-5": {"rates": rates(input=9)}}})
    assert load_prices(followed).cost("claude-haiku-4-5-20251001", usage, batch=False) == 9

    own = a_price_file(tmp_path, {"models": {"claude-haiku-4-5-20251001": {"rates": rates(input=8)}}})
    assert load_prices(own).cost("claude-haiku-4-5-20251001", usage, batch=False) == 8
    assert load_prices(own).cost("claude-haiku-4-5", usage, batch=False) == 1

    ours = a_price_file(tmp_path, {"aliases": {"gateway/opus": "claude-opus-5-5"}})
    assert load_prices(ours).cost("gateway/opus", usage, batch=False) == 4


def test_every_wrong_model_of_a_price_file_is_named_with_its_field(tmp_path: Path) -> None:
    path = a_price_file(
        tmp_path,
        {
            "models": {
                "good": {"rates": rates()},
                "negative": {"rates": rates(cache_read=-1)},
                "misspelt": {"rates": rates(outptu=1)},
                "text": {"rates": rates() | {"input": "3"}},
                "partial": {"rates": {"input": 1}},
                "undated": {"rates": rates(), "earlier": [{"before": "yesterday", "rates": rates()}]},
                "endless": {"long_prompt": {"above_tokens": 0, "rates": rates()}},
            }
        },
    )

    with pytest.raises(ConfigError) as error:
        load_prices(path)

    found = {problem.field: problem.what for problem in error.value.problems}
    assert {problem.where for problem in error.value.problems} == {str(path)}
    assert set(found) == {
        "models.negative.rates.cache_read",
        "models.misspelt.rates",
        "models.text.rates.input",
        "models.partial.rates",
        "models.undated.earlier[0].before",
        "models.endless.long_prompt.above_tokens",
    }
    assert "outptu" in found["models.misspelt.rates"]
    assert "output" in found["models.partial.rates"]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ('{"models": ', None),
        ('{"models": {"a": {"rates": {"input": NaN}}}}', None),
        ("[]", None),
        ('{"modles": {}}', None),
        ('{"batch_factor": -1}', "batch_factor"),
        ('{"date": "24.12.2026"}', "date"),
        ('{"aliases": {"a": "nobody"}}', "aliases.a"),
        ('{"models": {"b": {}}, "aliases": {"b": "claude-opus-5"}}', "aliases.b"),
    ],
)
def test_a_wrong_price_file_is_refused_with_its_address(tmp_path: Path, content: str, field: str | None) -> None:
    path = a_price_file(tmp_path, content)

    with pytest.raises(ConfigError) as error:
        load_prices(path)

    assert [(problem.where, problem.field) for problem in error.value.problems] == [(str(path), field)]


def test_a_price_file_that_is_not_text_or_not_there_is_refused_with_its_path(tmp_path: Path) -> None:
    binary = tmp_path / "binary.json"
    binary.write_bytes(b'{"date": "\xff"}')

    for path in (binary, tmp_path / "nowhere.json", tmp_path):
        with pytest.raises(ConfigError, match=str(path)):
            load_prices(path)


def test_the_list_prints_its_date() -> None:
    assert date.fromisoformat(load_prices().date) >= date(2026, 11, 22)
    assert load_prices().source is None

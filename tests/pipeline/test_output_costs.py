"""What an output costs: as recorded, else from its tokens by the list; what cannot be told is unknown, never 0."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit.dataset import OutputFacts
from evalkit.pipeline.output_costs import billed, listed_cost, output_costs
from evalkit.pricing import ModelPrices, Rates, load_prices
from evalkit.store import Store

RATES = Rates(input=1.0, output=10.0, cache_write_5m=1.25, cache_write_1h=2.0, cache_read=0.1)
PRICES = load_prices(models={"big": ModelPrices(rates=RATES)})
BIG = ModelPrices(rates=Rates(input=10.0, output=0.0))
CONFIG = """name = "costs"
[dataset]
path = "cases.jsonl"
[[graders]]
name = "exact"
check = "exact"
[[candidates]]
name = "own"
outputs = "own.jsonl"
"""
TOKENS = {"input_tokens": 1_000_000, "output_tokens": 100_000}


def lines(path: Path, rows: Iterable[Any]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def cost(usage: dict[str, int] | None = None, **said: Any) -> float | None:
    return listed_cost(OutputFacts(**{"model": "big", "usage": TOKENS if usage is None else usage, **said}), PRICES)


def test_tokens_cost_the_full_price_unless_they_went_in_a_batch() -> None:
    assert cost() == pytest.approx(2.0)
    assert cost(service_tier="standard") == pytest.approx(2.0)
    assert cost(service_tier="batch") == pytest.approx(1.0)
    assert cost(geo="us") == pytest.approx(2.2)


def test_cache_writes_are_kept_for_five_minutes_unless_an_hour_is_said() -> None:
    written = {**TOKENS, "cache_read_tokens": 1_000_000, "cache_write_tokens": 1_000_000}

    assert cost(written) == pytest.approx(2.0 + 0.1 + 1.25)
    assert cost({**written, "cache_write_1h_tokens": 400_000}) == pytest.approx(2.0 + 0.1 + 0.6 * 1.25 + 0.4 * 2.0)


def test_counts_that_others_contain_are_not_paid_twice() -> None:
    assert cost({**TOKENS, "reasoning_tokens": 50_000, "total_tokens": 1_100_000}) == cost()


@pytest.mark.parametrize(
    "said",
    [
        {"model": None},
        {"model": "unheard of"},
        {"usage": {"input_tokens": 5}},
        {"usage": {}},
        {"usage": {**TOKENS, "audio_tokens": 3}},
        {"service_tier": "priority"},
        {"geo": "the moon"},
    ],
)
def test_what_is_not_known_makes_the_cost_unknown(said: dict[str, Any]) -> None:
    assert cost(**said) is None


def test_without_a_list_nothing_is_priced() -> None:
    assert listed_cost(OutputFacts(model="big", usage=TOKENS), None) is None
    assert billed(OutputFacts(usage=TOKENS)) is not None


def test_a_recorded_cost_counts_before_the_list_and_the_model_is_no_part_of_the_identity(tmp_path: Path) -> None:
    lines(tmp_path / "cases.jsonl", ({"id": one, "input": "x", "expected": "y"} for one in "abcd"))
    usage = {"input_tokens": 1_000_000, "output_tokens": 0}
    rows = [{"cost_usd": 7.0, "usage": usage}, {"usage": usage}, {"usage": usage, "model": "big"}, {}]
    lines(tmp_path / "own.jsonl", ({"id": one, "output": "y", **row} for one, row in zip("abcd", rows, strict=True)))
    seen: list[dict[str, float]] = []
    runs: set[str] = set()
    for model, price in (("", 1.0), ('model = "small"\n', 1.0), ('model = "small"\n', 3.0)):
        (tmp_path / "evalkit.toml").write_text(CONFIG + model, encoding="utf-8")
        (row,) = evalkit.submit(tmp_path, store=f"sqlite:///{tmp_path / 'evalkit.db'}")
        runs.add(row.run)
        prices = load_prices(models={"small": ModelPrices(rates=Rates(input=price, output=0.0)), "big": BIG})
        with Store.open(f"sqlite:///{tmp_path / 'evalkit.db'}") as store:
            (costs,) = output_costs(
                store, [run.candidate_digest for run in store.runs.select(ids=[row.run])], prices
            ).values()
        seen.append(dict(costs.usd))

    assert seen == [{"a": 7.0, "c": 10.0}, {"a": 7.0, "b": 1.0, "c": 10.0}, {"a": 7.0, "b": 3.0, "c": 10.0}]
    assert len(runs) == 1
    assert (costs.listed, costs.models, costs.model) == ({"b", "c"}, ("small", "big"), None)

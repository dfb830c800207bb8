"""RouterArena's recorded costs, from its tokens and prices: by the price list, and through the whole of evalkit.

A tenth of RouterArena's queries, answered by two models: 1,618 costs with the tokens of the prompt (`it`) and of the
reply (`ot`) that they were billed by.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit.pipeline.output_costs import output_costs
from evalkit.pricing import Usage, load_prices
from evalkit.store import Store

ANSWERS = Path(__file__).parents[1].parent / "shared" / "data" / "routerarena_sub10.csv.gz"
pytestmark = pytest.mark.skipif(not ANSWERS.is_file(), reason="RouterArena's answers are not beside the project")
PRICES = {
    "date": "2025-10-01",
    "models": {
        "claude-3-haiku-20240307": {"rates": {"input": 0.25, "output": 1.25}},
        "gemini-2.0-flash-001": {"rates": {"input": 0.1, "output": 0.4}},
    },
}
NAMES = {"haiku": "claude-3-haiku-20240307", "flash": "gemini-2.0-flash-001"}
LEAST = 1e-15
"""The relative error that doubles allow: the costs are sums of two products."""


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with gzip.open(ANSWERS, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lines(path: Path, rows: Iterable[Any]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def greatest_error(found: Iterable[float | None], recorded: Iterable[float]) -> float:
    return max(
        math.inf if one is None else abs(one - other) / other for one, other in zip(found, recorded, strict=True)
    )


def test_the_override_file_prices_every_recorded_answer(rows: list[dict[str, str]], tmp_path: Path) -> None:
    (tmp_path / "prices.json").write_text(json.dumps(PRICES), encoding="utf-8")
    prices = load_prices(tmp_path / "prices.json")

    found = [
        prices.cost(row["model"], Usage(input_tokens=int(row["it"]), output_tokens=int(row["ot"])), batch=False)
        for row in rows
    ]

    assert len(found) == 1618
    assert greatest_error(found, [float(row["cost"]) for row in rows]) <= LEAST


def test_recorded_outputs_cost_what_routerarena_recorded_from_their_usage_to_the_route(
    rows: list[dict[str, str]], tmp_path: Path
) -> None:
    (tmp_path / "prices.json").write_text(json.dumps(PRICES), encoding="utf-8")
    ids = dict.fromkeys(row["id"] for row in rows)
    lines(
        tmp_path / "cases.jsonl", ({"id": one, "input": one, "expected": "1.0", "tags": [_source(one)]} for one in ids)
    )
    config = 'name = "arena"\n[dataset]\npath = "cases.jsonl"\n[prices]\nfile = "prices.json"\n'
    config += '[[graders]]\nname = "right"\ncheck = "exact"\n'
    for name, model in NAMES.items():
        own = [row for row in rows if row["model"] == model]
        usage = [{"input_tokens": int(row["it"]), "output_tokens": int(row["ot"])} for row in own]
        lines(
            tmp_path / f"{name}.jsonl",
            ({"id": row["id"], "output": row["score"], "usage": one} for row, one in zip(own, usage, strict=True)),
        )
        config += f'[[candidates]]\nname = "{name}"\noutputs = "{name}.jsonl"\nmodel = "{model}"\n'
    (tmp_path / "evalkit.toml").write_text(config, encoding="utf-8")
    store = f"sqlite:///{tmp_path / 'evalkit.db'}"
    table = evalkit.submit(tmp_path, store=store)

    with Store.open(store) as opened:
        runs = {run.candidate: run for run in opened.runs.select(ids=[row.run for row in table])}
        costs = output_costs(
            opened, (run.candidate_digest for run in runs.values()), load_prices(tmp_path / "prices.json")
        )
    recorded = {(row["model"], row["id"]): float(row["cost"]) for row in rows}
    by_case = {name: costs[run.candidate_digest].usd for name, run in runs.items()}
    found = [by_case[name][one] for name in NAMES for one in ids]
    assert greatest_error(found, [recorded[model, one] for model in NAMES.values() for one in ids]) <= LEAST

    (routed,) = evalkit.route(margin=0.05, config=tmp_path, store=store)

    assert routed.found.n == 809
    assert (routed.found.price_date, routed.found.price_source) == ("2025-10-01", "prices.json")
    for name, model in NAMES.items():
        one = routed.found.candidates[name]
        assert (one.model, one.listed, one.batched) == (model, 809, 0)
        mean = math.fsum(recorded[model, case] for case in ids) / 809
        assert one.cost_usd == pytest.approx(mean, rel=LEAST)
    always = {one.candidate: one.quality for one in routed.found.routing.expected.always}
    assert always == {
        name: pytest.approx(sum(row["score"] == "1.0" for row in rows if row["model"] == model) / 809)
        for name, model in NAMES.items()
    }


def _source(case_id: str) -> str:
    return case_id.partition("_")[0]

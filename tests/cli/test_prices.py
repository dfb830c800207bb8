"""`evalkit prices`: what models cost, of what date, and a list that can be edited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.pricing import Usage, load_prices
from evalkit.session import Session


def test_the_list_fits_80_columns_and_names_its_date_and_the_tier_of_long_prompts(call: Any) -> None:
    said = call("prices")

    assert said.code == 0
    rows = {line.split("  ")[0]: line.split() for line in said.out.splitlines()}
    assert rows["claude-haiku-5-5"][1:6] == ["0.1", "0.5", "0.125", "0.2", "0.01"]
    assert rows["claude-haiku-5-5 > 100k"][3:8] == ["0.5", "2.5", "0.625", "1", "0.05"]
    assert rows["claude-mythos-preview"][1] == "?"
    assert f"prices of {load_prices().date}" in said.out
    assert max(map(len, said.out.splitlines())) <= 80


def test_the_printed_list_is_a_price_list(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(call("prices", "--json").out)

    printed, packaged = load_prices(path), load_prices()
    assert (printed.models, printed.aliases, printed.date) == (packaged.models, packaged.aliases, packaged.date)


def test_a_model_without_a_price_is_refused_with_the_table_to_add(call: Any) -> None:
    said = call("prices", "gpt-6")

    assert said.code == 2
    assert '[prices.models."gpt-6"]' in said.err


@pytest.fixture
def priced(tmp_path: Path) -> Path:
    """A config whose prices come from a file, and from itself over that."""
    names = ("claude-haiku-5-5", "gemini-2.0-flash")
    rates = {"input": 0.3, "output": 0.6}
    models = {name: {"rates": rates} for name in names}
    (tmp_path / "ours.json").write_text(json.dumps({"date": "2026-01-02", "models": models}))
    (tmp_path / "cases.jsonl").write_text('{"id": "a", "input": "x", "output": "y"}\n')
    (tmp_path / "evalkit.toml").write_text(
        'name = "s"\n[dataset]\npath = "cases.jsonl"\n[[candidates]]\nname = "a"\noutputs = "output"\n'
        '[[graders]]\nname = "g"\ncheck = "exact"\n[prices]\nfile = "ours.json"\n'
        '[prices.models."gemini-2.0-flash"]\ninput = 0.1\noutput = 0.4\n'
    )
    return tmp_path


def test_the_config_wins_over_its_file_and_the_file_over_the_list(priced: Path, call: Any) -> None:
    found = json.loads(call("prices", "--json", "--config", priced).out)

    assert found["date"] == "2026-01-02"
    assert found["models"]["claude-haiku-5-5"]["rates"] == {"input": 0.3, "output": 0.6}
    assert found["models"]["gemini-2.0-flash"]["rates"] == {"input": 0.1, "output": 0.4}
    assert found["models"]["claude-opus-5-5"] == load_prices().models["claude-opus-5-5"].document()


def test_tokens_of_a_kind_without_a_price_have_no_price_and_others_do(priced: Path) -> None:
    with Session(config=priced, reads=True) as session:
        prices = session.prices

    assert prices.cost("gemini-2.0-flash", Usage(input_tokens=1_000_000), batch=False) == pytest.approx(0.1)
    assert prices.cost("gemini-2.0-flash", Usage(cache_read_tokens=1), batch=False) is None

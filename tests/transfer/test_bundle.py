"""The file itself: the same bytes for the same runs, private, and whole or not there."""

from __future__ import annotations

import json
import zipfile
from typing import Any

import pytest

from evalkit.errors import IntegrityError, UsageError


def test_the_same_runs_give_the_same_bytes_on_every_database(open_world: Any, postgres_url: str) -> None:
    odd = [{"id": name, "input": f"{name}?", "expected": f"{name}!"} for name in ("ü\0", "Z", "a", "_", "B\x1a", "é")]
    world = open_world(odd, b=postgres_url)
    run = world.a.submit()
    world.a.collect()
    world.a.export(world.bundle("one"), run)
    world.a.export(world.bundle("two"), run)
    world.b.take(world.bundle("one"))
    world.b.export(world.bundle("three"), run)

    one, two, three = (world.bundle(name).read_bytes() for name in ("one", "two", "three"))
    assert one == two == three


def test_a_bundle_is_for_its_owner_alone_and_nothing_is_left_beside_it(world: Any) -> None:
    run = world.a.submit()
    world.a.export(world.bundle(), run)
    assert world.bundle().stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in world.folder.glob(".*")) == []


def test_a_bundle_says_what_it_holds(world: Any) -> None:
    run = world.a.submit()
    world.a.collect()
    world.a.export(world.bundle(), run)
    with zipfile.ZipFile(world.bundle()) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        lines = {name: len(archive.read(name).splitlines()) for name in archive.namelist()}
    assert (manifest["format"], manifest["version"], manifest["schema"]) == ("evalkit-bundle", 1, "0004")
    assert manifest["runs"] == {run: 0}
    for table in ("cases", "dataset_cases", "outputs", "requests", "results", "scores"):
        assert manifest["tables"][table]["rows"] == lines[f"{table}.jsonl"] == 6


def test_no_key_is_in_a_bundle(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-very-secret")
    run = world.a.submit()
    world.a.export(world.bundle(), run)
    with zipfile.ZipFile(world.bundle()) as archive:
        assert not any(b"very-secret" in archive.read(name) for name in archive.namelist())


def test_content_that_is_there_already_is_shared_and_taken_in_once(world: Any, everything_of: Any) -> None:
    first, second = world.a.submit(label="one"), world.a.submit(label="two")
    world.a.collect()
    world.a.export(world.bundle("one"), first)
    world.a.export(world.bundle("both"), first, second)
    world.b.take(world.bundle("one"))
    for _ in range(2):
        found, said = world.b.take(world.bundle("both"))
        assert sorted(found.runs) == sorted((first, second))
        assert said == []
    rows = everything_of(world.b)
    assert [len(rows[table]) for table in ("runs", "datasets", "cases", "outputs", "scores")] == [2, 1, 6, 6, 12]


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("scores", "update scores set value = 0.25, label = 'x' where case_id = 'case-0000'", "'value'"),
        ("outputs", "update outputs set text = 'other' where case_id = 'case-0000'", "'text'"),
        ("results", "update results set raw = x'6f' where custom_id like '%case-0000'", "'raw'"),
        ("requests", "update requests set suffix = 's1' where case_id = 'case-0000'", "'suffix'"),
        ("graders", "update graders set parts = '{}'", "'parts'"),
    ],
)
def test_a_store_that_says_something_else_refuses_and_names_it(
    world: Any, everything_of: Any, table: str, change: str, said: str
) -> None:
    run = world.a.submit()
    world.a.collect()
    world.a.export(world.bundle(), run)
    world.b.take(world.bundle())
    with world.b.store() as store, store.database.writing() as connection:
        connection.exec_driver_sql(change)
    before = everything_of(world.b)
    with pytest.raises(IntegrityError, match=f"^{table} .*{said}"):
        world.b.take(world.bundle())
    assert everything_of(world.b) == before


def test_replies_that_were_pruned_in_one_store_are_no_difference(world: Any) -> None:
    run = world.a.submit()
    world.a.collect()
    world.a.export(world.bundle(), run)
    world.b.take(world.bundle())
    with world.b.store() as store, store.database.writing() as connection:
        connection.exec_driver_sql("update results set raw = x''")
    world.b.take(world.bundle())
    with world.b.store() as store:
        assert store.results.spending([run])[run].results == 6


def test_what_came_back_keeps_the_replies_that_are_here(world: Any) -> None:
    run = world.a.submit()
    world.a.export(world.bundle(), run)
    world.b.take(world.bundle())
    world.b.collect()
    with world.b.store() as store, store.database.writing() as connection:
        connection.exec_driver_sql("update results set raw = x'' where custom_id like '%case-0000'")
    world.b.export(world.bundle("back"), run)
    world.a.take(world.bundle("back"))
    with world.a.store() as store, store.database.reading() as connection:
        assert connection.exec_driver_sql("select count(*) from results where raw = x''").scalar() == 1
    assert world.a.statuses(run) == ["scored"] * 6


def test_a_policy_that_is_there_is_not_replaced(world: Any) -> None:
    run = world.a.submit()
    world.a.collect()
    for place, margin in ((world.a, 0.5), (world.b, 0.02)):
        with place.store() as store, store.database.writing() as connection:
            store.policies.add(connection, run, {"margin": margin})
    world.a.export(world.bundle(), run)
    world.b.take(world.bundle())
    with world.b.store() as store:
        assert store.policies.of(run) == {"margin": 0.02}


def test_a_check_run_travels_too(open_world: Any) -> None:
    from evalkit import api

    world = open_world(check=True)
    api.submit(world.a.folder, store=world.a.url)
    world.a.collect()
    (check,) = (row.run for row in api.runs(store=world.a.url) if row.judge is None)
    world.a.export(world.bundle(), check)
    world.b.take(world.bundle())
    assert world.b.rows(check) == world.a.rows(check)


@pytest.mark.parametrize("limit", ["MOST_BYTES", "LONGEST_ROW"])
def test_what_no_store_would_take_in_is_not_written_and_not_handed_over(
    world: Any, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    run = world.a.submit()
    monkeypatch.setattr(f"evalkit.pipeline.bundle_write.{limit}", 200)
    with pytest.raises(UsageError, match="more than a bundle can hold"):
        world.a.export(world.bundle(), run)
    assert not world.bundle().exists()
    assert world.a.view(run).status == "submitted"


def test_what_a_run_took_over_travels_without_the_run_that_was_paid(world: Any) -> None:
    from evalkit import api

    first = world.a.submit(label="monday")
    world.a.collect()
    second = world.a.submit(label="tuesday")
    world.a.export(world.bundle(), second)
    world.b.take(world.bundle())
    (view,) = api.runs(store=world.b.url)

    assert (view.run, view.scored, view.json()["reused_from"]) == (second, 6, {first: 6})
    assert view.spending.served_models == ("claude-haiku-5-5",)
    assert view.spending.taken.saved_usd is not None
    kept = ("value", "label", "reason", "custom_id", "batch", "served_model", "reused_from")
    here, there = ([[row[key] for key in kept] for row in bench_rows(place, second)] for place in (world.a, world.b))
    assert here == there


def bench_rows(place: Any, run: str) -> list[dict[str, Any]]:
    import io

    from evalkit import api

    file = io.StringIO()
    api.export(run, file, store=place.url)
    return [json.loads(line) for line in file.getvalue().splitlines()]

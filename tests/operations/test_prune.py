"""Prune: raw replies go, what they said stays; the provider's copies go only after a durable collect."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from evalkit import api

NOW = timedelta(0)


def replies(desk: Any, run: str) -> list[int]:
    return [len(api.show_case(run, case, store=desk.url).replies) for case in sorted(desk.rows(run))]


def test_raw_replies_go_and_scores_and_costs_stay(desk: Any) -> None:
    run = desk.submit()
    desk.collect()
    rows, spent = desk.rows(run), desk.view(run).spending
    assert replies(desk, run) == [1] * 6

    pruned = desk.prune(older_than=NOW)

    assert (pruned.replies, pruned.deleted) == (6, ())
    assert replies(desk, run) == [0] * 6
    assert (desk.rows(run), desk.view(run).spending) == (rows, spent)
    assert desk.prune(older_than=NOW).replies == 0


def test_what_is_young_stays(desk: Any) -> None:
    run = desk.submit()
    desk.collect()
    assert desk.prune(older_than=timedelta(days=1)).replies == 0
    assert replies(desk, run) == [1] * 6


def test_only_what_is_collected_is_deleted_at_the_provider(desk: Any) -> None:
    collected = desk.submit(label="collected")
    desk.collect()
    desk.submit(label="open")

    ended = desk.command("prune", "--older-than", "0s", "--delete-remote", "--json")

    assert ended.json == {"replies": 6, "deleted": [desk.batches()[0]]}
    assert [entry.batch for entry in desk.calls("delete")] == desk.batches()[:1]
    assert desk.statuses(collected) == ["scored"] * 6
    desk.collect()
    assert [view.scored for view in desk.store_views()] == [6, 6]


def test_what_is_deleted_is_not_deleted_again(desk: Any) -> None:
    desk.submit()
    desk.collect()
    desk.prune(older_than=NOW, delete_remote=True)
    assert desk.prune(older_than=NOW, delete_remote=True).deleted == ()
    assert len(desk.calls("delete")) == 1


def test_batches_of_another_account_are_not_deleted(desk: Any) -> None:
    desk.submit()
    desk.collect()
    desk.key("another")
    assert desk.prune(older_than=NOW, delete_remote=True).deleted == ()
    assert desk.calls("delete") == []


def test_an_age_that_is_none_is_refused(desk: Any) -> None:
    ended = desk.command("prune", "--older-than", "soon")
    assert ended.code == 2
    assert "no time span" in ended.err

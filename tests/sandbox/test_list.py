"""Lists are newest first, in pages that cursors walk both ways."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest


def test_a_list_is_newest_first_and_the_sdk_walks_all_its_pages(open_bench: Any) -> None:
    bench = open_bench(page_default=3)
    made = [bench.create_many(1) for _ in range(8)]
    first = bench.client().messages.batches.list()
    assert (len(first.data), first.has_more, first.first_id, first.last_id) == (3, True, made[-1], made[-3])
    assert [batch.id for batch in first] == made[::-1]


def test_before_id_gives_the_page_next_to_its_cursor(open_bench: Any) -> None:
    bench = open_bench()
    made = [bench.create_many(1) for _ in range(6)]
    page = bench.client().messages.batches.list(before_id=made[0], limit=2)
    assert ([batch.id for batch in page.data], page.has_more) == ([made[2], made[1]], True)
    assert {batch.id for batch in bench.client().messages.batches.list(before_id=made[0], limit=2)} == set(made[1:])


def test_the_last_page_says_that_it_is_the_last(open_bench: Any) -> None:
    bench = open_bench()
    made = [bench.create_many(1) for _ in range(4)]
    page = bench.client().messages.batches.list(after_id=made[2], limit=2)
    assert ([batch.id for batch in page.data], page.has_more) == ([made[1], made[0]], False)


def test_an_empty_list_has_null_ends(bench: Any) -> None:
    page = bench.client().messages.batches.list()
    assert (page.data, page.has_more, page.first_id, page.last_id) == ([], False, None, None)


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 1001}, {"after_id": "x"}, {"after_id": "x", "before_id": "y"}]
)
def test_a_query_that_cannot_be_meant_is_refused(bench: Any, query: Any) -> None:
    with pytest.raises(anthropic.BadRequestError):
        bench.client().messages.batches.list(**query)


def test_a_batch_is_visible_only_to_the_key_that_created_it(bench: Any) -> None:
    batch = bench.ended(bench.request("run-1"))
    other = bench.client("other").messages.batches
    for call in (other.retrieve, other.cancel, other.delete, other.results):
        with pytest.raises(anthropic.NotFoundError):
            call(batch)
    assert other.list().data == []
    assert bench.client().messages.batches.retrieve(batch).id == batch


def test_a_workspace_of_the_same_key_is_another_account(bench: Any) -> None:
    batch = bench.create_many(1)
    with pytest.raises(anthropic.NotFoundError):
        bench.client().messages.batches.retrieve(batch, workspace_id="wrkspc_2")

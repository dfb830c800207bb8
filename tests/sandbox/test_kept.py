"""A sandbox that is given a directory goes on where the one before it left off."""

from __future__ import annotations

from pathlib import Path

import anthropic
from anthropic.types.messages.batch_create_params import Request

from evalkit.sandbox import Sandbox


def a_request(custom_id: str) -> Request:
    return {
        "custom_id": custom_id,
        "params": {
            "model": "claude-haiku-5-5",
            "max_tokens": 64,
            "messages": [{"role": "user", "content": "<output>right</output><expected>right</expected>"}],
        },
    }


def test_a_batch_of_one_sandbox_has_its_results_in_the_next_one_of_the_same_directory(tmp_path: Path) -> None:
    with Sandbox(directory=tmp_path) as first, anthropic.Anthropic(api_key="k", base_url=first.url) as client:
        batch = client.messages.batches.create(requests=[a_request("r-1"), a_request("r-2")])

    with Sandbox(directory=tmp_path) as second, anthropic.Anthropic(api_key="k", base_url=second.url) as client:
        again = client.messages.batches.retrieve(batch.id)
        results = {result.custom_id: result.result.type for result in client.messages.batches.results(batch.id)}

    assert again.created_at == batch.created_at
    assert results == {"r-1": "succeeded", "r-2": "succeeded"}


def test_a_deleted_batch_is_gone_from_the_next_sandbox_too(tmp_path: Path) -> None:
    with Sandbox(directory=tmp_path) as first, anthropic.Anthropic(api_key="k", base_url=first.url) as client:
        batch = client.messages.batches.create(requests=[a_request("r-1")])
        client.messages.batches.retrieve(batch.id)
        client.messages.batches.delete(batch.id)

    with Sandbox(directory=tmp_path) as second, anthropic.Anthropic(api_key="k", base_url=second.url) as client:
        assert list(client.messages.batches.list()) == []


def test_a_note_that_was_cut_off_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "body_1.batch").write_bytes(b'{"id": "msgb')

    with Sandbox(directory=tmp_path) as sandbox, anthropic.Anthropic(api_key="k", base_url=sandbox.url) as client:
        assert list(client.messages.batches.list()) == []

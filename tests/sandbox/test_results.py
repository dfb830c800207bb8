"""Results come as the API sends them: shuffled, unlabelled, chunked, raw, and the same every time."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
from pathlib import Path
from typing import Any


def download(bench: Any, batch: Any) -> Any:
    return bench.raw("GET", f"/v1/messages/batches/{batch}/results")


def test_the_file_has_no_content_type_no_compression_and_no_last_newline(bench: Any) -> None:
    batch = bench.ended(*(bench.request(f"run-{number}") for number in range(3)))
    status, headers, body = download(bench, batch)
    assert status == 200
    assert "content-type" not in headers
    assert "content-encoding" not in headers
    assert headers["transfer-encoding"] == "chunked"
    assert headers["content-disposition"] == f'attachment; filename="{batch}_results.jsonl"'
    assert body.count(b"\n") == 2
    assert not body.endswith(b"\n")


def test_a_trailing_newline_can_be_asked_for(open_bench: Any) -> None:
    bench = open_bench(trailing_newline=True)
    assert download(bench, bench.ended(bench.request("run-1")))[2].endswith(b"}\n")


def test_rows_come_in_another_order_than_they_were_sent(bench: Any) -> None:
    batch = bench.create_many(50)
    rows = list(bench.rows(batch))
    assert rows != [f"run-{number}" for number in range(50)]
    assert sorted(rows) == sorted(f"run-{number}" for number in range(50))


def test_a_second_download_gives_the_same_bytes(open_bench: Any) -> None:
    bench = open_bench(shares={"refusal": 0.2, "api_error": 0.2, "thinking": 0.2})
    batch = bench.create_many(40)
    bench.client().messages.batches.retrieve(batch)
    assert download(bench, batch)[2] == download(bench, batch)[2]


def test_text_is_raw_utf8_and_line_separators_stay_inside_their_line(open_bench: Any, tmp_path: Path) -> None:
    text = "grün \u2028 \u0085 語"
    recorded = tmp_path / "replies.jsonl"
    recorded.write_text(json.dumps({"case": "1", "text": text}), encoding="utf-8")
    bench = open_bench(replay=recorded)
    batch = bench.ended(bench.request("run-1"), bench.request("run-2"))
    body = download(bench, batch)[2]
    assert text.encode() in body
    assert len(body.split(b"\n")) == 2
    assert {row.custom_id for row in bench.client().messages.batches.results(batch)} == {"run-1", "run-2"}


def test_other_answers_are_json_and_compressed_where_the_client_accepts_it(bench: Any) -> None:
    batch = bench.ended(bench.request("run-1"))
    path, headers = f"/v1/messages/batches/{batch}", {"x-api-key": "k", "anthropic-version": "2026-10-21"}
    plain = bench.raw("GET", path, None, headers)
    packed = bench.raw("GET", path, None, {**headers, "accept-encoding": "gzip, deflate"})
    assert plain[1]["content-type"] == packed[1]["content-type"] == "application/json"
    assert packed[1]["content-encoding"] == "gzip"
    assert gzip.decompress(packed[2]) == plain[2]


def test_large_results_are_sent_in_large_pieces(bench: Any) -> None:
    batch = bench.create_many(400)
    bench.client().messages.batches.retrieve(batch)
    host, port = bench.sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head_lines = [
            f"GET /v1/messages/batches/{batch}/results HTTP/1.1",
            "x-api-key: k",
            "anthropic-version: 2026-10-21",
        ]
        request = "\r\n".join(head_lines) + "\r\n\r\n"
        connection.sendall(request.encode())
        head = connection.makefile("rb")
        while head.readline().strip():
            pass
        assert int(head.readline(), 16) >= 65_536
        head.close()


def test_a_client_that_leaves_inside_a_download_disturbs_nobody(bench: Any) -> None:
    batch = bench.create_many(400)
    bench.client().messages.batches.retrieve(batch)
    connection = http.client.HTTPConnection(bench.sandbox.url.removeprefix("http://"))
    headers = {"x-api-key": "k", "anthropic-version": "2026-10-21"}
    connection.request("GET", f"/v1/messages/batches/{batch}/results", headers=headers)
    connection.getresponse().read(100)
    connection.close()
    assert len(bench.rows(batch)) == 400

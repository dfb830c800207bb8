from __future__ import annotations

import csv
import datetime
import decimal
import gzip
import io
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.dataset import Json, load_dataset
from evalkit.errors import DatasetError

Write = Callable[[str, "bytes | str"], Path]
Row = Mapping[str, Json]


def as_jsonl(rows: Sequence[Row]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def as_json(rows: Sequence[Row]) -> bytes:
    return json.dumps({"cases": rows}, ensure_ascii=True, indent=1).encode()


def as_delimited(rows: Sequence[Row], delimiter: str) -> bytes:
    buffer = io.StringIO(newline="")
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(buffer, names, delimiter=delimiter)
    writer.writeheader()
    writer.writerows([{k: "" if v is None else v for k, v in row.items()} for row in rows])
    return buffer.getvalue().encode()


def as_parquet(rows: Sequence[Row]) -> bytes:
    buffer = io.BytesIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), buffer, row_group_size=2)
    return buffer.getvalue()


def files(rows: Sequence[Row]) -> dict[str, bytes]:
    plain = {
        "a.jsonl": as_jsonl(rows),
        "b.json": as_json([dict(reversed(row.items())) for row in reversed(rows)]),
        "c.csv": as_delimited(rows, ","),
        "d.tsv": as_delimited(rows, "\t"),
        "e.parquet": as_parquet(rows),
    }
    return plain | {f"{name}.gz": gzip.compress(content, 1) for name, content in plain.items()}


# What a CSV cell can hold: any text that is not empty. (`csv` cannot write a bare NUL before Python 3.11.4.)
awkward = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12) | st.sampled_from(
    [
        "a\r\nb",
        "a\rb",
        '"',
        '""",',
        "\t",
        " \u2028 x",
        "\x85x",
        "=1+1",
        "\ufeffx",
        "NaN",
        "null",
        "x\x00y",
        "👩‍👩‍👧",
        "e\u0301",
    ]
)
cells = awkward.filter(lambda text: not text.isspace())
rows_of_text = st.lists(
    st.fixed_dictionaries(
        {"id": cells, "input": cells},
        optional={
            "expected": cells | st.none() | st.integers(-(10**9), 10**9).map(str),
            "topic": cells | st.none(),
            "metadata.k": cells | st.none(),
        },
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda row: row["id"],
)


@settings(max_examples=60, deadline=None)
@given(rows_of_text)
def test_the_same_cases_have_the_same_digests_in_every_format(rows: list[Row]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
        for name, content in files(rows).items():
            path = Path(folder, name)
            path.write_bytes(content)
            dataset = load_dataset(path)
            assert dataset.n == len(rows)
            seen.add((dataset.digest, frozenset((case.id, case.digest) for case in dataset)))

    assert len(seen) == 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-(2**60), 2**60) | st.none(), min_size=2, max_size=4), st.floats(-1e9, 1e9))
def test_numbers_have_one_digest_in_every_format(numbers: list[int | None], level: float) -> None:
    rows = [{"id": n, "input": n * 7, "n": number, "level": level} for n, number in enumerate(numbers)]
    with tempfile.TemporaryDirectory() as folder:
        digests: set[str] = set()
        for name, content in files(rows).items():
            path = Path(folder, name)
            path.write_bytes(content)
            digests.add(load_dataset(path).digest)

    assert len(digests) == 1


def test_nested_values_have_one_digest_in_json_and_parquet(write: Write) -> None:
    rows: list[Row] = [
        {"id": "1", "input": [{"role": "user", "content": "hi"}], "expected": ["a", "b"], "metadata": {"k": {"a": 1}}},
        {"id": "2", "input": [{"role": "user", "content": "hi", "name": "Ann"}], "metadata": {"k": {"b": True}}},
        {"id": "3", "input": [{"role": "tool", "content": "x"}], "tags": ["t"], "expected": None},
    ]

    lines = load_dataset(write("a.jsonl", as_jsonl(rows)))
    columns = load_dataset(write("a.parquet", as_parquet(rows)))

    assert list(columns) == list(lines)
    assert columns.digest == lines.digest


def test_a_digest_changes_with_any_case(write: Write) -> None:
    rows = [{"id": "1", "input": "x"}, {"id": "2", "input": "y"}]
    others = [
        rows[:1],
        [*rows, {"id": "3", "input": "x"}],
        [rows[0], {"id": "2", "input": "z"}],
        [rows[0], {"id": "3", "input": "y"}],
    ]

    digests = {load_dataset(write(f"{n}.jsonl", as_jsonl(some))).digest for n, some in enumerate([rows, *others])}

    assert len(digests) == 5


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.tsv"])
def test_a_byte_order_mark_is_skipped_and_said(write: Write, name: str) -> None:
    content = files([{"id": "1", "input": "x"}])
    bare = next(content[key] for key in content if key.endswith(name[1:]))

    dataset = load_dataset(write(name, b"\xef\xbb\xbf" + bare))

    assert [case.id for case in dataset] == ["1"]
    assert dataset.notes == ("a UTF-8 byte order mark at the start is skipped",)


def test_lines_end_at_line_feeds_only(write: Write) -> None:
    text = "a\u2028b\u2029c\x85d"
    path = write("a.jsonl", f'{{"id": "1", "input": "{text}"}}\r\n\r\n{{"id": "2", "input": "x"}}')

    assert [case.input for case in load_dataset(path)] == [text, "x"]


def test_nul_characters_are_text(write: Write) -> None:
    assert [case.input for case in load_dataset(write("a.jsonl", b'{"id": "1", "input": "a\\u0000b"}'))] == ["a\0b"]
    assert [case.input for case in load_dataset(write("a.csv", b"id,input\n1,a\0b\n"))] == ["a\0b"]


def test_a_cell_of_many_lines_keeps_its_line_ends(write: Write) -> None:
    path = write("a.csv", b'id,input\r\n1,"a\r\n\nb\rc"\r\n\r\n2,x\r\n')

    assert [case.input for case in load_dataset(path)] == ["a\r\n\nb\rc", "x"]


def test_metadata_and_tags_may_be_json_in_a_cell(write: Write) -> None:
    path = write("a.csv", 'id,input,metadata,tags\n1,x,"{""a"": [1, 2]}","[""t"", ""u""]"\n2,y,,"t;u"\n')

    cases = list(load_dataset(path))

    assert [dict(case.metadata) for case in cases] == [{"a": [1, 2]}, {}]
    assert [case.tags for case in cases] == [("t", "u"), ("t", "u")]


@pytest.mark.parametrize("holder", ["cases", "data", "examples", "rows"])
def test_a_document_may_hold_its_rows_in_an_object(write: Write, holder: str) -> None:
    path = write("a.json", json.dumps({"version": 1, holder: [{"id": "1", "input": "x"}]}))

    dataset = load_dataset(path)

    assert [case.id for case in dataset] == ["1"]
    assert dataset.notes == (f"members beside {holder!r} are left out: 'version'",)


@pytest.mark.parametrize("name", ["a.NDJSON", "a.JSONL.GZ"])
def test_a_suffix_counts_in_any_case(write: Write, name: str) -> None:
    content = b'{"id": "1", "input": "x"}\n'

    assert len(load_dataset(write(name, gzip.compress(content) if name.endswith("GZ") else content))) == 1


def test_a_gzip_of_several_members_is_read_to_its_end(write: Write) -> None:
    members = [gzip.compress(b'{"id": "%d", "input": "x"}\n' % n) for n in range(3)]

    assert len(load_dataset(write("a.jsonl.gz", b"".join(members)))) == 3


def test_a_line_and_a_cell_of_fifty_megabytes_are_read(write: Write) -> None:
    line = "x" * 99
    text = f"{line}\\n" * 500_000
    as_line = load_dataset(write("a.jsonl", f'{{"id": "1", "input": "{text}"}}\n'))
    cell = f"{line}\n" * 500_000
    as_cell = load_dataset(write("a.csv", f'id,input\n1,"{cell}"\n'))

    assert as_line.digest == as_cell.digest


def test_parquet_times_decimals_and_maps_become_json(write: Write) -> None:
    buffer = io.BytesIO()
    table = pa.table(
        {
            "id": pa.array(["1"]).dictionary_encode(),
            "input": pa.array(["x"], pa.large_string()),
            "day": [datetime.date(2026, 2, 1)],
            "at": [datetime.datetime(2026, 2, 1, 12, tzinfo=datetime.UTC)],
            "price": [decimal.Decimal("1.50")],
            "parts": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
            "metadata": pa.array([[]], pa.map_(pa.string(), pa.string())),
        }
    )
    pq.write_table(table, buffer)

    (case,) = load_dataset(write("a.parquet", buffer.getvalue()))

    assert dict(case.metadata) == {
        "day": "2026-02-01",
        "at": "2026-02-01T12:00:00+00:00",
        "price": "1.50",
        "parts": {"a": 1},
    }


def test_text_that_is_not_utf8_in_parquet_is_refused_with_row_and_field(write: Write) -> None:
    buffer = io.BytesIO()
    raw = pa.array([b"x", b"\xff", b"\xed\xa0\x80"], pa.binary())
    offsets_and_data = raw.buffers()[1:]
    texts = pa.StringArray.from_buffers(3, *offsets_and_data)
    pq.write_table(pa.table({"id": ["1", "2", "3"], "input": ["a", "b", "c"], "topic": texts}), buffer)

    with pytest.raises(DatasetError, match="topic") as caught:
        load_dataset(write("a.parquet", buffer.getvalue()))

    assert str(caught.value).splitlines() == [
        f"a.parquet row {row}: topic: the text is not UTF-8 (or half of a surrogate pair); "
        "write the column as UTF-8 text"
        for row in (2, 3)
    ]


def test_rows_beyond_one_batch_of_parquet_keep_their_numbers(write: Write) -> None:
    rows = [
        {"id": str(n), "input": "" if n in {0, 3_000} else "x", "level": float("nan") if n == 2_500 else 1.0}
        for n in range(3_500)
    ]

    with pytest.raises(DatasetError, match="row 1: input") as caught:
        load_dataset(write("a.parquet", as_parquet(rows)))

    wheres = [(problem.where, problem.field) for problem in caught.value.problems]
    assert wheres == [("a.parquet row 1", "input"), ("a.parquet row 2501", "level"), ("a.parquet row 3001", "input")]


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9])
def test_a_parquet_file_cut_anywhere_is_refused(write: Write, cut: float) -> None:
    content = as_parquet([{"id": str(n), "input": "x" * n} for n in range(200)])

    with pytest.raises(DatasetError, match="corrupt or cut off"):
        load_dataset(write("a.parquet", content[: int(len(content) * cut)]))


def test_a_parquet_file_with_damaged_pages_is_refused(write: Write) -> None:
    content = bytearray(as_parquet([{"id": str(n), "input": f"text {n}"} for n in range(200)]))
    content[4 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4)

    with pytest.raises(DatasetError, match="corrupt or cut off"):
        load_dataset(write("a.parquet", bytes(content)))

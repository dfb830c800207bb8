"""Bad input and the exact message for it, row by row: the table that documentation may quote."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalkit.dataset import load_dataset
from evalkit.errors import DatasetError

Write = Callable[[str, "bytes | str"], Path]

GOOD = '{"id": "a", "input": "x"}\n'
MISSING_ID = "is missing or empty; give every row an id of its own"
MISSING_INPUT = "is missing or empty; every row needs an input, or leave the row out"
MESSAGES = "write a list of {role, content} messages"
ROW = 'the row is not an object; write {"id": ..., "input": ...}'
NAN = "is NaN, infinite or beyond the range of a double; leave the member out, or write it as text"
DEEP = "is nested more than 100 levels deep; flatten it, or write it as text"
JSON_WRITE = "write each row with a JSON library"
WRAP = 'write an array of rows, or {"cases": [...]}'
OBJECT = 'write an object, for instance {"topic": "billing"}'
LIST = 'write a list, for instance ["billing", "en"]'
LATIN = "is not UTF-8; looks like Latin-1 or Windows-1252; save the file as UTF-8"
SUFFIXES = "use one of .jsonl .ndjson .json .csv .tsv .parquet, each also with .gz"


def parquet(columns: Mapping[str, object]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), buffer)
    return buffer.getvalue()


TABLE: list[tuple[str, str, bytes | str, list[str]]] = [
    # id
    ("an absent id", "cases.jsonl", GOOD + '{"input": "y"}\n', [f"cases.jsonl:2: id: {MISSING_ID}"]),
    ("an absent id before the column", "cases.jsonl", '{"input": "y"}\n' + GOOD, [f"cases.jsonl:1: id: {MISSING_ID}"]),
    ("an empty id", "cases.jsonl", '{"id": "", "input": "y"}\n', [f"cases.jsonl:1: id: {MISSING_ID}"]),
    ("a null id", "cases.json", '[{"id": null, "input": "y"}]', [f"cases.json row 1: id: {MISSING_ID}"]),
    ("a duplicate id", "cases.jsonl", GOOD + "\n" + GOOD, [
        "cases.jsonl:3: id: 'a' is already the id of cases.jsonl:1; give every row an id of its own"]),
    ("one id as number and as text", "cases.json", '[{"id": 7, "input": "y"}, {"id": "7", "input": "z"}]', [
        "cases.json row 2: id: '7' is already the id of cases.json row 1; give every row an id of its own"]),
    ("a boolean id", "cases.jsonl", '{"id": true, "input": "y"}\n', [
        "cases.jsonl:1: id: is a boolean, not a text or a number; give every row a text or number as id"]),
    ("a list as id", "cases.jsonl", '{"id": [1], "input": "y"}\n', [
        "cases.jsonl:1: id: is a list, not a text or a number; give every row a text or number as id"]),
    ("no id column", "cases.jsonl", '{"key": 1, "input": "y"}\n{"key": 2, "input": "y"}\n', [
        "cases.jsonl: id: no column is the id; the columns are 'input', 'key'; "
        'add one, or name yours in [dataset.fields]: id = "my_column"']),
    ("a column nearly named id", "cases.csv", "ID,input\n1,x\n", [
        "cases.csv: id: no column is the id; the columns are 'ID', 'input'; "
        'add one, or name yours in [dataset.fields]: id = "ID"']),
    # input
    ("no input column", "cases.csv", "id, Question\n1,x\n", [
        "cases.csv: input: no column is the input; the columns are ' Question', 'id'; "
        'add one, or name yours in [dataset.fields]: input = " Question"']),
    ("an absent input", "cases.jsonl", GOOD + '{"id": "b"}\n', [f"cases.jsonl:2: input: {MISSING_INPUT}"]),
    ("empty and blank inputs", "cases.csv", "id,input\n1,\n2,x\n3,  \n", [
        f"cases.csv:2: input: {MISSING_INPUT}", f"cases.csv:4: input: {MISSING_INPUT}"]),
    ("an empty object as input", "cases.jsonl", '{"id": "b", "input": {}}\n', [
        f"cases.jsonl:1: input: {MISSING_INPUT}"]),
    ("a boolean input", "cases.jsonl", '{"id": "b", "input": false}\n', [
        'cases.jsonl:1: input: is a boolean; write it as text, "true" or "false"']),
    ("an empty list of messages", "cases.jsonl", '{"id": "b", "input": []}\n', [
        f"cases.jsonl:1: input: is an empty list; {MESSAGES}"]),
    ("a message that is text", "cases.jsonl", '{"id": "b", "input": ["hi"]}\n', [
        f"cases.jsonl:1: input: message 0 is a text, not an object; {MESSAGES}"]),
    ("a message without role", "cases.jsonl", '{"id": "b", "input": [{"content": "x"}]}\n', [
        f"cases.jsonl:1: input: message 0 has no role; {MESSAGES}"]),
    ("a message without content", "cases.jsonl", '{"id": "b", "input": [{"role": "user", "content": null}]}\n', [
        f"cases.jsonl:1: input: message 0 has no content; {MESSAGES}"]),
    # the other fields
    ("metadata that is a list", "cases.jsonl", '{"id": "b", "input": "y", "metadata": [1]}\n', [
        f"cases.jsonl:1: metadata: is a list, not an object; {OBJECT}"]),
    ("a metadata cell that is not JSON", "cases.csv", "id,input,metadata\n1,a,topic\n", [
        f"cases.csv:2: metadata: is not valid JSON at column 1, near 'topic'; {OBJECT}"]),
    ("a metadata key that is also a column", "cases.csv", 'id,input,metadata,topic\na,b,"{""topic"": 1}",d\n', [
        "cases.csv:2: metadata: the key 'topic' is also a column of the file; rename one or leave it out"]),
    ("tags that are an object", "cases.jsonl", '{"id": "b", "input": "y", "tags": {"a": 1}}\n', [
        f"cases.jsonl:1: tags: is an object, not a list of texts; {LIST}"]),
    ("a tag that is a boolean", "cases.jsonl", '{"id": "b", "input": "y", "tags": [true]}\n', [
        "cases.jsonl:1: tags: holds a boolean; write every tag as text"]),
    ("two wrong fields in one row", "cases.jsonl", '{"id": "b", "input": "y", "cluster": ["a"], "output": {}}\n', [
        "cases.jsonl:1: cluster: is a list, not a text; name one cluster by a text or a number",
        "cases.jsonl:1: output: is an object, not a text; write the text that the candidate answered"]),
    ("a value nested too deeply", "cases.jsonl", f'{{"id": "b", "input": "y", "n": {"[" * 200}{"]" * 200}}}\n', [
        f"cases.jsonl:1: n: {DEEP}"]),
    # columns
    ("two columns for one field", "cases.jsonl", '{"id": "b", "question": "y"}\n{"id": "c", "prompt": "z"}\n', [
        "cases.jsonl:2: input: columns 'question' and 'prompt' both claim it; "
        'say which in [dataset.fields]: input = "question"']),
    ("the ambiguous column outputs", "cases.jsonl", '{"id": "b", "inputs": {"q": "y"}, "outputs": {"a": 1}}\n', [
        "cases.jsonl:1: column 'outputs' may hold references or recorded outputs; "
        'say which in [dataset.fields]: expected = "outputs" or output = "outputs"']),
    ("two columns for one metadata key", "cases.csv", "id,input,topic,metadata.topic\na,b,c,d\n", [
        "cases.csv:1: metadata: columns 'topic' and 'metadata.topic' both become the key 'topic'; "
        "rename one or leave it out"]),
    # JSON lines
    ("a broken line", "cases.jsonl", GOOD + '{"id": "b" "input": "y"}\n', [
        f"cases.jsonl:2: is not valid JSON at column 12, near '\"input\": \"y\"}}'; {JSON_WRITE}"]),
    ("a line that breaks off", "cases.jsonl", GOOD + '{"id": "b", "input": ', [
        f"cases.jsonl:2: is not valid JSON at column 22, where the text breaks off; {JSON_WRITE}"]),
    ("single quotes", "cases.jsonl", "{'id': 'b', 'input': 'y'}\n", [
        "cases.jsonl:1: is not valid JSON at column 2, near \"'id': 'b', 'input':\"; "
        f"JSON needs double quotes: {JSON_WRITE}"]),
    ("a row that is no object", "cases.jsonl", GOOD + '["b", "y"]\n', [f"cases.jsonl:2: {ROW}"]),
    ("NaN", "cases.jsonl", '{"id": "b", "input": "y", "metadata": {"score": NaN}}\n', [
        f"cases.jsonl:1: metadata.score: {NAN}"]),
    ("infinities", "cases.jsonl", '{"id": "b", "input": "y", "x": 1e999}\n{"id": "c", "x": [-Infinity]}\n', [
        f"cases.jsonl:1: x: {NAN}", f"cases.jsonl:2: x[0]: {NAN}"]),
    ("an integer of thousands of digits", "cases.jsonl", f'{{"id": "b", "input": "y", "n": {"9" * 5000}}}\n', [
        "cases.jsonl:1: holds an integer of thousands of digits; write it as text"]),
    ("a lone surrogate, escaped", "cases.jsonl", r'{"id": "b", "input": "y \ud83d", "k": ["\udc00"]}', [
        "cases.jsonl:1: input: holds half of a surrogate pair (and 1 more in the row); write the whole character"]),
    ("a lone surrogate in a key", "cases.jsonl", r'{"id": "b", "input": "y", "\udc00": 1}', [
        "cases.jsonl:1: holds half of a surrogate pair in the key '\\udc00'; write the whole character"]),
    ("a lone surrogate, as bytes", "cases.jsonl", b'{"id": "b", "input": "y \xed\xa0\xbd"}\n', [
        "cases.jsonl:1: input: holds half of a surrogate pair; write the whole character"]),
    ("brackets without end", "cases.jsonl", '{"id": "b", "n": ' + "[" * 100_000 + "\n", [f"cases.jsonl:1: {DEEP}"]),
    ("a JSON array named .jsonl", "cases.jsonl", f"[{GOOD}]\n", [
        "cases.jsonl: the file is a JSON array, not JSON lines; name it .json, or write one object a line"]),
    # JSON documents
    ("JSON lines named .json", "cases.json", GOOD + GOOD, [
        "cases.json: the file is JSON lines, not one JSON document; name it .jsonl"]),
    ("one object", "cases.json", GOOD, [f"cases.json: the object holds no array of rows; {WRAP}"]),
    ("two arrays", "cases.json", '{"cases": [], "rows": []}', [
        f"cases.json: the object holds several arrays of rows: 'cases', 'rows'; {WRAP}"]),
    ("a bare number", "cases.json", "3", [f"cases.json: the document is neither an array nor an object; {WRAP}"]),
    ("an empty array", "cases.json", "[]", ["cases.json: the array holds no rows; write at least one row"]),
    ("a broken document", "cases.json", '[\n  {"id": "b",\n   "input" "y"}\n]', [
        f"cases.json: is not valid JSON at line 3, column 12, near '\"y\"}}\\n]'; {JSON_WRITE}"]),
    ("an element that is no object", "cases.json", '[{"id": "b", "input": "y"}, 3]', [f"cases.json row 2: {ROW}"]),
    # CSV
    ("rows of the wrong width", "cases.csv", "id,input\n1,a,b\n2\n", [
        "cases.csv:2: the row has 3 cells, the header names 2; quote cells that hold the delimiter or a line end",
        "cases.csv:3: the row has 1 cell, the header names 2; quote cells that hold the delimiter or a line end"]),
    ("the physical line after a cell of two lines", "cases.csv", 'id,input\n1,"a\nb"\n2\n', [
        "cases.csv:4: the row has 1 cell, the header names 2; quote cells that hold the delimiter or a line end"]),
    ("a duplicate header", "cases.csv", "id,input,input\n1,a,b\n", [
        "cases.csv:1: the header names 'input' more than once; rename or drop one of them"]),
    ("a header without a name", "cases.csv", ",id,input\n0,1,a\n", [
        "cases.csv:1: the header has no name for column 1; name it or drop it (a data frame: index=False)"]),
    ("a header and no rows", "cases.csv", "id,input\n", [
        "cases.csv: the file has a header and no rows; write at least one row"]),
    ("semicolons", "cases.csv", "id;input\n1;a\n", [
        "cases.csv: the header is divided by ';', not by ','; save it with commas as .csv"]),
    ("tabs in .csv", "cases.csv", "id\tinput\n1\ta\n", [
        "cases.csv: the header is divided by '\\t', not by ','; save it as .tsv"]),
    ("a quote never closed", "cases.csv", 'id,input\n1,a\n2,"b\n3,c\n', [
        'cases.csv:3: a quoted cell starts here and is never closed; close it with "']),
    ("text after a closing quote", "cases.csv", 'id,input\n1,"a"b\n2,c\n', [
        'cases.csv:2: text follows the closing quote of a cell; write a quote inside a quoted cell as ""']),
    ("bare carriage returns", "cases.csv", "id,input\r1,a\r", [
        "cases.csv:1: a bare carriage return ends a line; save the file with line feeds (\\n or \\r\\n)"]),
    # encodings
    ("Latin-1 in CSV", "cases.csv", b"id,input\n1,a\n2,caf\xe9 noir\n", [
        f"cases.csv:3: 0xE9 at byte 6 of the line {LATIN}"]),
    ("Latin-1 in one line of JSONL", "cases.jsonl", GOOD.encode() + b'{"id": "\xfc", "input": "y"}\n', [
        f"cases.jsonl:2: 0xFC at byte 9 of the line {LATIN}"]),
    ("Latin-1 in a document", "cases.json", b'[\n{"id": "\xfc", "input": "y"}]', [
        f"cases.json: 0xFC at byte 9 of line 2 {LATIN}"]),
    ("UTF-8 cut inside a character", "cases.jsonl", GOOD.encode() + b'{"id": "b\xc3', [
        "cases.jsonl:2: 0xC3 at byte 10 of the line is not UTF-8; breaks off inside a character; "
        "save the file as UTF-8"]),
    ("UTF-16", "cases.csv", "id,input\n1,a\n".encode("utf-16"), [
        "cases.csv: the file is UTF-16, not UTF-8; save the file as UTF-8"]),
    ("UTF-16 without a mark", "cases.jsonl", GOOD.encode("utf-16-be"), [
        "cases.jsonl: the file is UTF-16, not UTF-8; save the file as UTF-8"]),
    # files
    ("an empty file", "cases.jsonl", b"", ["cases.jsonl: the file is empty; write at least one row"]),
    ("blank lines only", "cases.jsonl", b"\n\r\n", ["cases.jsonl: the file is empty; write at least one row"]),
    ("an empty CSV", "cases.csv", b"", ["cases.csv: the file is empty; write at least one row"]),
    ("an empty document", "cases.json", b" ", ["cases.json: the file is empty; write at least one row"]),
    ("gzip without .gz", "cases.jsonl", gzip.compress(GOOD.encode()), [
        "cases.jsonl: the file is gzip-compressed, but its name does not say so; add .gz to its name"]),
    (".gz without gzip", "cases.jsonl.gz", GOOD, [
        "cases.jsonl.gz: the file is not gzip, though its name says so; drop .gz from its name, or compress it"]),
    ("a truncated gzip", "cases.jsonl.gz", gzip.compress(GOOD.encode())[:-9], [
        "cases.jsonl.gz: the gzip stream is broken or cut off; compress or copy the file again"]),
    ("a spreadsheet named .csv", "cases.csv", b"PK\x03\x04 and more", [
        "cases.csv: the file is a zip archive (a spreadsheet?), not text; export it as .csv, saved as UTF-8"]),
    ("Parquet named .csv", "cases.csv", b"PAR1 and more", [
        "cases.csv: the file is Parquet, but its name says otherwise; name it .parquet"]),
    ("an unknown suffix", "cases.xlsx", b"x", [f"cases.xlsx: unknown suffix '.xlsx'; {SUFFIXES}"]),
    ("no suffix", "cases", b"x", [f"cases: the name has no suffix; {SUFFIXES}"]),
    # Parquet
    ("corrupt Parquet", "cases.parquet", b"PAR1 and no more", [
        "cases.parquet: the Parquet file is corrupt or cut off; write or copy it again"]),
    ("two problems of a Parquet row", "cases.parquet", parquet({"id": ["a", "a"], "input": ["x", None]}), [
        f"cases.parquet row 2: input: {MISSING_INPUT}",
        "cases.parquet row 2: id: 'a' is already the id of cases.parquet row 1; give every row an id of its own"]),
    ("NaN in Parquet", "cases.parquet", parquet({"id": ["a"], "input": ["x"], "score": [float("nan")]}), [
        f"cases.parquet row 1: score: {NAN}"]),
    ("bytes in Parquet", "cases.parquet", parquet({"id": ["a"], "input": ["x"], "blob": [b"1"]}), [
        "cases.parquet row 1: blob: holds a value of type bytes, not text, number or list; write it as text"]),
    ("Parquet without rows", "cases.parquet", parquet({"id": [], "input": []}), [
        "cases.parquet: the file has columns and no rows; write at least one row"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "messages"), [pytest.param(*row[1:], id=row[0]) for row in TABLE])
def test_bad_input_is_refused_with_these_messages(
    write: Write, name: str, content: bytes | str, messages: list[str]
) -> None:
    with pytest.raises(DatasetError) as caught:
        load_dataset(write(name, content))

    assert str(caught.value).splitlines() == messages


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("case.jsonl", "case.jsonl: no such file; did you mean 'cases.jsonl'?"),
        ("other.csv", "other.csv: no such file; check the path"),
        ("no/cases.jsonl", "no/cases.jsonl: no such directory: no; check the path; it is relative to where you are"),
        (".", ".: is a directory; name one of its files: 'cases.jsonl'"),
    ],
)
def test_a_path_that_is_no_file_is_refused_with_what_is_there(write: Write, path: str, message: str) -> None:
    write("cases.jsonl", GOOD)
    write("notes.txt", "")

    with pytest.raises(DatasetError) as caught:
        load_dataset(Path(path))

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"input": "qeustion"},
            "cases.csv: input: there is no column 'qeustion'; the columns are 'id', 'question'; "
            "did you mean 'question'? set input in [dataset.fields] to a column of the file",
        ),
        (
            {"inptu": "question"},
            "cases.csv: [dataset.fields] maps 'inptu', which is not a field; did you mean 'input'? "
            "the fields are 'id', 'input', 'expected', 'output', 'metadata', 'tags', 'cluster', 'split', "
            "'source_doc', 'contexts', 'attachments'",
        ),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(write: Write, fields: dict[str, str], message: str) -> None:
    path = write("cases.csv", "id,question\n1,x\n")

    with pytest.raises(DatasetError) as caught:
        load_dataset(path, fields=fields)

    assert str(caught.value) == message

"""Identity: digests, run ids and custom_ids, derived from content and never counted.

A run id is a short digest, so the same inputs give the same run on every machine. A `custom_id` is
`<run>-<case>` with a suffix where a run makes several requests per case; it always fits the API's
`^[a-zA-Z0-9_-]{1,64}$`. A case id that does not fit becomes a readable slug and a digest, joined by `--`;
a case id that itself could be read as such a form is digested too, so no two case ids ever meet.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

RUN_ID_LENGTH: Final = 12
CUSTOM_ID_LENGTH: Final = 64
SUFFIX_LENGTH: Final = 6
"""Room kept for `-ab`, `-ba`, `-s1` ... `-s9999`."""
CASE_PART_LENGTH: Final = CUSTOM_ID_LENGTH - RUN_ID_LENGTH - 1 - SUFFIX_LENGTH

SENTINEL: Final = "sentinel"
"""The suffix of a request that is no case of the dataset, but an output whose verdict is known."""

_SLUG_LENGTH: Final = 24
_SENTINEL_SLUG_LENGTH: Final = 20
_SLUG_DIGEST_LENGTH: Final = 19
_FITS: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_]|-(?!-))*", re.ASCII)
_SUFFIX: Final = re.compile(r"ab|ba|s[1-9][0-9]{0,3}", re.ASCII)
_NOT_SLUG: Final = re.compile(r"[^A-Za-z0-9]+", re.ASCII)


def text_digest(text: str) -> str:
    """SHA-256 of a text as 64 hex digits; total, so lone surrogates are hashed too."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest(value: object) -> str:
    """SHA-256, as 64 hex digits, of a JSON-like value: key order and number spelling do not count.

    Numbers and booleans count as the text they render to, because that is all a judge sees of them; so `3` in
    JSON, `3` in a Parquet column and `"3"` in a CSV cell have one digest.
    """
    plain = _plain(value)
    try:
        encoded = msgspec.json.encode(plain, order="sorted")
    except UnicodeEncodeError:  # a lone surrogate, which files may not hold but an id may
        encoded = json.dumps(plain, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")
    return hashlib.sha256(encoded).hexdigest()


def scalar_text(value: str | float) -> str:
    """The text that a scalar renders to, the same for every file format it may come from."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def run_id(*, dataset: str, candidate: str, grader: str, judge: str, label: str) -> str:
    """The run's id: 12 characters of `a-z2-7`, from the digests of its parts and its label."""
    parts = {"dataset": dataset, "candidate": candidate, "grader": grader, "judge": judge, "label": label}
    return _base32(digest(parts))[:RUN_ID_LENGTH]


def custom_id(run: str, case_id: str, suffix: str = "") -> str:
    """`<run>-<case>[-<suffix>]`, valid for the API and distinct for distinct case ids.

    Within one run either every request of a case has a suffix or none has, so the suffix cannot blur two case ids. A
    sentinel's part is always a slug and a digest: `--` and what follows it are of a length that no case's are.

    Raises:
        ValueError: the run id or the suffix is not of evalkit's making.
    """
    if len(run) != RUN_ID_LENGTH or "-" in run:
        raise ValueError(f"not a run id: {run!r}")
    if suffix == SENTINEL:
        return f"{run}-{_slugged(case_id, _SENTINEL_SLUG_LENGTH)}-{SENTINEL}"
    if suffix and not _SUFFIX.fullmatch(suffix):
        raise ValueError(f"not a custom_id suffix: {suffix!r}")
    tail = f"-{suffix}" if suffix else ""
    return f"{run}-{case_part(case_id)}{tail}"


def case_part(case_id: str) -> str:
    """The case's share of a custom_id: the case id where it fits, else `slug--digest`."""
    if len(case_id) <= CASE_PART_LENGTH and _FITS.fullmatch(case_id) and not case_id.endswith("-"):
        return case_id
    return _slugged(case_id, _SLUG_LENGTH)


def _slugged(case_id: str, length: int) -> str:
    # Only ASCII survives into the slug: Unicode tables differ between versions of Python, the id must not.
    slug = _NOT_SLUG.sub("_", case_id).strip("_")[:length].strip("_") or "case"
    return f"{slug}--{_base32(text_digest(case_id))[:_SLUG_DIGEST_LENGTH]}"


def dataset_digest(cases: Iterable[tuple[str, str]]) -> str:
    """Digest of a dataset from its (case id, case digest) pairs; the order of rows does not count."""
    total = hashlib.sha256()
    for case_id, case in sorted(cases):
        total.update(text_digest(case_id).encode("ascii"))
        total.update(case.encode("ascii"))
    return total.hexdigest()


def _base32(hex_digest: str) -> str:
    return base64.b32encode(bytes.fromhex(hex_digest)).decode("ascii").rstrip("=").lower()


def _plain(value: object) -> object:
    """The value with scalars as text, mapping keys as text and empty members left out."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return scalar_text(value)
    if isinstance(value, Mapping):
        members = cast("Mapping[Any, object]", value)
        return {str(key): _plain(item) for key, item in members.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    raise TypeError(f"cannot digest a {type(value).__name__}")

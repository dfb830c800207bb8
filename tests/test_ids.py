"""Identity: what every machine derives alike, and what never meets."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evalkit import ids

RUN = "a2b3c4d5e6f7"
VALID = re.compile(r"[a-zA-Z0-9_-]{1,64}", re.ASCII)
SUFFIXES = ("ab", "ba", *(f"s{number}" for number in (1, 2, 9, 10, 99, 100, 999, 1000, 9999)))
ALPHABETS = (
    "ab-_",
    "aA1-_ ./",
    "-_",
    " \t\n\u00a0\u200b\u200d\ufeff\u2028",
    "äßØ日本語한국어ابجदे",
    "🙂👩‍💻🇩🇪\U0010ffff",
    "\ud800\udbff\udc00\udfffx",
    "\x00\x1f\x7f\"'\\<>&%;,=+@",
)

AWKWARD = st.text(st.sampled_from("ab-_s19é🙂 \ud800"), max_size=70)
CASE_IDS = st.one_of(
    AWKWARD,
    st.text(st.characters(codec=None, exclude_categories=()), max_size=80),
    # An id that looks like what evalkit makes of another id.
    AWKWARD.map(ids.case_part),
    AWKWARD.map(ids.case_part).map(ids.case_part),
    st.builds("{}-{}".format, AWKWARD, st.sampled_from(SUFFIXES)),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def many_ids(count: int) -> Iterator[str]:
    """Distinct case ids of every kind, the same ones every time."""
    dice = random.Random(7)
    seen: set[str] = set()
    while len(seen) < count:
        made = "".join(dice.choices(dice.choice(ALPHABETS), k=dice.choice((1, 3, 8, 20, 44, 45, 46, 64, 70, 200))))
        for case_id in (made, ids.case_part(made), f"{made}-ab", f"{made}-s1", f"{RUN}-{made}", made.upper()):
            if case_id not in seen:
                seen.add(case_id)
                yield case_id


def test_a_hundred_thousand_ids_of_every_kind_give_as_many_valid_custom_ids() -> None:
    made = [ids.custom_id(RUN, case_id) for case_id in itertools.islice(many_ids(100_000), 100_000)]

    assert len(set(made)) == 100_000
    assert not [custom_id for custom_id in made if not VALID.fullmatch(custom_id)]


def test_no_two_pairs_of_case_and_suffix_meet_in_one_run() -> None:
    case_ids = list(itertools.islice(many_ids(10_000), 10_000))
    made = [ids.custom_id(RUN, case_id, suffix) for case_id in case_ids for suffix in SUFFIXES]

    assert len(set(made)) == len(made)
    assert not [custom_id for custom_id in made if not VALID.fullmatch(custom_id)]


def test_every_sample_from_the_first_to_the_last_has_a_custom_id_of_its_own() -> None:
    cases = ("x", "x-s1", "x-s", "x--s1", "x-ab", "é")
    made = {ids.custom_id(RUN, case, f"s{number}") for case in cases for number in range(1, 10_000)}

    assert len(made) == len(cases) * 9_999


@settings(deadline=None, max_examples=500)
@given(st.lists(CASE_IDS, unique=True, max_size=30), st.lists(st.sampled_from(SUFFIXES), unique=True, min_size=1))
@example(["a_b--scbhulswgyni7v3sbdm", "a--b"], ["ab"])
@example(["x", "x-ab", "x-ab-ba", "x--ab"], ["ab", "ba", "s1"])
@example(["", " ", "\u200b", "-", "--", "_", "case"], ["s1", "s11"])
@example(["A" * 45, "A" * 46, "A" * 44 + "-"], ["s9999"])
def test_distinct_case_ids_give_distinct_valid_custom_ids(case_ids: list[str], suffixes: list[str]) -> None:
    plain = [ids.custom_id(RUN, case_id) for case_id in case_ids]
    suffixed = [ids.custom_id(RUN, case_id, suffix) for case_id in case_ids for suffix in suffixes]

    assert len(set(plain)) == len(plain)
    assert len(set(suffixed)) == len(suffixed)
    assert all(VALID.fullmatch(custom_id) and custom_id.startswith(f"{RUN}-") for custom_id in plain + suffixed)


@pytest.mark.parametrize(
    ("case_id", "part"),
    [
        ("natural-017", "natural-017"),
        ("a-b", "a-b"),
        ("_", "_"),
        ("a" * 45, "a" * 45),
        ("a--b", "a_b--scbhulswgyni7v3sbdm"),
        ("-x", "x--uqqjmjbg24iyqasywad"),
        ("x-", "x--zc3a57daiwydxp66dmc"),
        ("case é/7 (b)", "case_7_b--coiueu5zjnc2wl6jrk5"),
        ("A" * 46, "AAAAAAAAAAAAAAAAAAAAAAAA--sgqhbcg6fuh6t4yvm6y"),
        ("日本語", "case--o5yqv3ohj3h2gnuf4m5"),
        ("🙂", "case--2bxrkjpxse4xqcpzxsm"),
        ("\ud800", "case--sgtidomykvp3i5khtal"),
        ("", "case--4oymiquy7qobjgx36te"),
    ],
)
def test_a_case_id_that_fits_stays_and_any_other_becomes_a_slug_with_its_digest(case_id: str, part: str) -> None:
    assert ids.case_part(case_id) == part
    assert ids.custom_id(RUN, case_id, "s12") == f"{RUN}-{part}-s12"


@pytest.mark.parametrize("run", ["", "short", "a2b3-4d5e6f7", "a2b3c4d5e6f7x"])
def test_a_custom_id_of_no_run_is_refused(run: str) -> None:
    with pytest.raises(ValueError, match="not a run id"):
        ids.custom_id(run, "x")


@pytest.mark.parametrize("suffix", ["s0", "s01", "s10000", "aa", "-ab", "s1\n", "AB", "s²"])
def test_a_suffix_of_no_meaning_is_refused(suffix: str) -> None:
    with pytest.raises(ValueError, match="suffix"):
        ids.custom_id(RUN, "x", suffix)


GOLDEN = {
    "object": "dc4eb7a77ebdbda9c0fec87e1962394519730b1833c2780508b3f3e089447091",
    "surrogate": "8c0c59dd0d275aadcd462a5fe12eb352cbdfeaf961eae4f85a4660521df7d2f5",
    "number": "a4aab3f1f08004e907d2357fafe74cab56359bcb32e23f52e7eb1d3a9c0a2ad3",
    "dataset": "45e7e9d1ad38b4825d8d2d0535cadb89b386f8f7ac82e2bd4493744f2a0fae89",
    "run": "qwza2iuneyfs",
}
DERIVED = """
import json
from evalkit import ids
print(json.dumps({
    "object": ids.digest({"b": 1, "a": [True, None, "\\u00e9", 1.5], "c": None}),
    "surrogate": ids.digest("\\ud800"),
    "number": ids.digest(3),
    "dataset": ids.dataset_digest({("b", "2" * 64), ("a", "1" * 64)}),
    "run": ids.run_id(dataset="d", candidate="c", grader="g", judge="j", label=""),
}))
"""


@pytest.mark.parametrize("seed", ["0", "1", "4294967295"])
def test_another_process_with_another_hash_seed_derives_the_golden_values(seed: str) -> None:
    env = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", DERIVED], env=env, capture_output=True, check=True, text=True)

    assert json.loads(done.stdout) == GOLDEN


def test_a_digest_is_the_hash_of_the_json_that_anybody_can_write() -> None:
    written = '{"a":["true",null,"é","1.5"],"b":"1"}'

    assert hashlib.sha256(written.encode()).hexdigest() == GOLDEN["object"]
    assert hashlib.sha256(b'"3"').hexdigest() == GOLDEN["number"]


def turned(value: object) -> object:
    """The same value with the keys of every object in the other order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(list(value))}
    return [turned(item) for item in value] if isinstance(value, list) else value


@settings(deadline=None)
@given(JSON)
def test_a_digest_does_not_depend_on_the_order_of_keys(value: object) -> None:
    assert ids.digest(turned(value)) == ids.digest(value)


@settings(deadline=None)
@given(JSON)
def test_a_value_that_went_through_a_json_file_keeps_its_digest(value: object) -> None:
    assert ids.digest(json.loads(json.dumps(value))) == ids.digest(value)
    assert ids.digest(json.loads(json.dumps(value, ensure_ascii=False, indent=3))) == ids.digest(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (json.loads("1e3"), json.loads("1000.0")),
        (json.loads("0.10"), json.loads("1E-1")),
        (3, "3"),
        (1.5, "1.5"),
        (True, "true"),
        ((1, 2), ["1", "2"]),
        ({"a": 1, "b": None}, {"a": 1}),
        ({"a": {"b": None}}, {"a": {}}),
    ],
)
def test_what_renders_alike_has_one_digest(one: object, other: object) -> None:
    assert ids.digest(one) == ids.digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["ab"], ["a", "b"]),
        ([["a"], "b"], [["a", "b"]]),
        ({"a": "b"}, ["a", "b"]),
        ({"a": ""}, {}),
        ([None], []),
        (None, ""),
        ("é", "e\u0301"),
        ("\ud800", "\\ud800"),
        ("\ud800", "\udc00"),
        (0.1, 0.1 + 2**-56),
        ("a ", "a"),
    ],
)
def test_what_differs_to_a_judge_differs_in_its_digest(one: object, other: object) -> None:
    assert ids.digest(one) != ids.digest(other)


def test_what_is_not_json_has_no_digest() -> None:
    with pytest.raises(TypeError, match="cannot digest a set"):
        ids.digest({"a": {1}})


CASES = st.dictionaries(CASE_IDS, st.text(st.sampled_from("0123456789abcdef"), min_size=64, max_size=64), max_size=8)


@settings(deadline=None)
@given(CASES, st.randoms())
def test_a_dataset_digest_does_not_depend_on_the_order_of_rows(cases: dict[str, str], dice: random.Random) -> None:
    rows = list(cases.items())
    dice.shuffle(rows)

    assert ids.dataset_digest(iter(rows)) == ids.dataset_digest(cases.items())


def test_a_dataset_digest_tells_ids_contents_and_rows_apart() -> None:
    one, two = "1" * 64, "2" * 64
    sets = [[], [("a", one)], [("b", one)], [("a", two)], [("a", one), ("b", two)], [("a", two), ("b", one)]]

    assert len({ids.dataset_digest(rows) for rows in sets}) == len(sets)


PARTS = {"dataset": "d", "candidate": "c", "grader": "g", "judge": "j", "label": "2026-11-22"}


@settings(deadline=None)
@given(st.tuples(*[st.text(max_size=12)] * 5))
def test_a_run_id_is_twelve_characters_of_base32(values: tuple[str, ...]) -> None:
    made = ids.run_id(**dict(zip(PARTS, values, strict=True)))

    assert re.fullmatch(r"[a-z2-7]{12}", made, re.ASCII)
    assert ids.custom_id(made, "x") == f"{made}-x"


def test_a_run_id_differs_when_any_part_or_the_label_differs() -> None:
    made = {ids.run_id(**{**PARTS, name: "other"}) for name in PARTS}
    swapped = ids.run_id(**{**PARTS, "candidate": PARTS["grader"], "grader": PARTS["candidate"]})

    assert len({ids.run_id(**PARTS), *made, swapped}) == len(PARTS) + 2

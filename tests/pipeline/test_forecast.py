"""What a run may cost, told beforehand: the arithmetic, by hand."""

from __future__ import annotations

import struct
import zlib
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.pipeline.forecast.bill import Bill, Tokens, bill
from evalkit.pipeline.forecast.cached import CacheForecast, break_even, expected_hits
from evalkit.pipeline.forecast.counted import draw, ratio_of, sample_size
from evalkit.pipeline.forecast.pictures import pages_of, patches, picture_tokens, pixels_of
from evalkit.pipeline.forecast.tokens import Spread, Text, Tokenizer
from evalkit.pipeline.forecast.weighed import Weighed
from evalkit.pricing import load_prices
from evalkit.store.habits import Habit

PRICES = load_prices()
TOKENS = Tokens(
    prefix=Spread(low=1900, usual=2000, high=2100, most=3000),
    rows=((100, Spread(low=250, usual=300, high=350, most=500)),),
    output=Spread(low=40, usual=70, high=100, most=4096),
)


def billed(tokens: Tokens = TOKENS, model: str = "claude-haiku-5-5", **options: Any) -> Bill:
    how = {"ttl": "1h", "hits": (0.3, 0.98), "min_cacheable": 512, "on": date(2026, 11, 22), **options}
    return bill(tokens, model, PRICES, **how)


def a_habit(*, read: int, cached: int, replies: int) -> Habit:
    return Habit(
        run="r",
        judge="claude-haiku-5-5",
        effort=None,
        grader="g",
        grader_digest="d",
        replies=replies,
        prompt_tokens=cached,
        cached_tokens=cached,
        read_tokens=read,
        output_tokens=replies,
        requests=replies,
        size=1,
        basis={},
    )


# Haiku 5.5 takes 0.10 and 0.50 a million, 0.20 for a write of an hour, 0.125 of five minutes, 0.01 for a read; half
# of all of it in a batch.


def test_the_good_end_reads_most_of_a_short_prefix_and_the_bad_end_writes_most_of_a_long_one() -> None:
    low = 100 * (0.98 * 1900 * 0.01 + 0.02 * 1900 * 0.20 + 250 * 0.10 + 40 * 0.50) / 1e6 / 2
    high = 100 * (0.30 * 2100 * 0.01 + 0.70 * 2100 * 0.20 + 350 * 0.10 + 100 * 0.50) / 1e6 / 2

    found = billed()

    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(("ttl", "write"), [("1h", 0.20), ("5m", 0.125), (None, 0.10)])
def test_at_most_nothing_is_read_and_every_reply_is_as_long_as_it_may_be(ttl: str | None, write: float) -> None:
    most = 100 * (3000 * write + 500 * 0.10 + 4096 * 0.50) / 1e6 / 2

    assert billed(ttl=ttl).most == pytest.approx(most)


def test_realtime_costs_twice_a_batch() -> None:
    batch, realtime = billed(), billed(batch=False)

    assert (realtime.low, realtime.most) == (pytest.approx(2 * (batch.low or 0)), pytest.approx(2 * (batch.most or 0)))


def test_a_prefix_that_is_too_short_is_paid_as_input_in_every_request() -> None:
    high = 100 * (2100 * 0.10 + 350 * 0.10 + 100 * 0.50) / 1e6 / 2

    assert billed(min_cacheable=4096).high == pytest.approx(high)


def test_a_prefix_about_as_long_as_the_least_may_be_cached_or_not() -> None:
    either, cached, uncached = billed(min_cacheable=2000), billed(), billed(ttl=None)

    assert either.low == pytest.approx(min(cached.low or 0, uncached.low or 0))
    assert either.high == pytest.approx(max(cached.high or 0, uncached.high or 0))


def test_a_prompt_beyond_the_tier_pays_the_dearer_rates_for_all_of_it() -> None:
    long = Tokens(
        prefix=TOKENS.prefix,
        rows=((99, Spread.exactly(300)), (1, Spread.exactly(120_000))),
        output=Spread.exactly(50),
    )
    short = 99 * (300 * 0.10 + 1900 * 0.10 + 50 * 0.50)
    dear = 120_000 * 0.50 + 1900 * 0.50 + 50 * 2.50

    assert billed(long, ttl=None).low == pytest.approx((short + dear) / 1e6 / 2)


def test_an_unknown_price_is_unknown_at_every_end() -> None:
    found = billed(model="claude-nobody-9")

    assert (found.low, found.high, found.most) == (None, None, None)


def test_caching_pays_from_the_share_that_the_rates_say() -> None:
    rates = PRICES.rates("claude-haiku-5-5")

    assert break_even(rates, "1h") == pytest.approx(0.5263, abs=1e-4)
    assert break_even(rates, "5m") == pytest.approx(0.2174, abs=1e-4)
    assert break_even(None, "1h") is None


def a_cache(tokens: Spread, hits: tuple[float, float]) -> CacheForecast:
    return CacheForecast(
        ttl="1h",
        prefix=tokens,
        min_cacheable=512,
        hits=hits,
        runs=0,
        break_even_5m=0.2174,
        break_even_1h=0.5263,
    )


def test_a_prefix_is_cacheable_where_it_is_surely_long_enough() -> None:
    short = Spread(low=100, usual=200, high=300, most=600)
    about = Spread(low=400, usual=500, high=600, most=900)

    assert [a_cache(one, (0.3, 0.9)).cacheable for one in (TOKENS.prefix, short, about)] == [True, False, None]


@pytest.mark.parametrize(("hits", "pays"), [((0.6, 0.9), True), ((0.1, 0.4), False), ((0.3, 0.98), None)])
def test_whether_caching_pays_is_open_where_it_depends_on_the_hits(
    hits: tuple[float, float], pays: bool | None
) -> None:
    assert a_cache(TOKENS.prefix, hits).pays is pays


def test_the_first_requests_meet_no_cache() -> None:
    assert expected_hits([], 1000) == (pytest.approx(0.2976), 0.98)
    assert expected_hits([], 8)[0] == 0.0


def test_what_missed_before_is_a_share_or_a_number() -> None:
    before = a_habit(read=80, cached=100, replies=100)

    low, high = expected_hits([before], 1000)

    assert (low, high) == (pytest.approx(0.78), pytest.approx(0.99))  # 20 % of them miss, or 20


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("claude-haiku-4-5", Tokenizer.OLD),
        ("claude-haiku-4-5-20251001", Tokenizer.OLD),
        ("claude-opus-4-20250514", Tokenizer.OLD),
        ("claude-opus-4-6", Tokenizer.OLD),
        ("claude-opus-4-7", Tokenizer.NEW),
        ("claude-sonnet-5", Tokenizer.NEW),
        ("claude-haiku-5-5", Tokenizer.NEW),
        ("somebody-else", Tokenizer.NEW),
    ],
)
def test_the_family_of_a_model_is_told_by_its_version(model: str, family: Tokenizer) -> None:
    assert Tokenizer.of(model) is family


@given(st.text())
def test_no_text_takes_more_tokens_than_bytes_and_the_ends_are_in_order(text: str) -> None:
    body = text.encode("utf-8", "ignore")
    counted = Text.of(body)

    assert counted.size == len(body)
    assert counted.ascii == sum(byte < 128 for byte in body)
    for family in Tokenizer:
        told = counted.tokens(family)
        assert told.low <= told.usual <= told.high <= told.most <= len(body)


def test_chinese_takes_more_tokens_per_letter_than_english() -> None:
    chinese, english = Text.of("今天天气很好".encode()), Text.of(b"nice weather today")

    assert chinese.tokens(Tokenizer.NEW).usual > english.tokens(Tokenizer.NEW).usual


def test_an_image_costs_a_token_per_patch_and_no_more_than_the_model_sees() -> None:
    assert patches(1000, 1000, Tokenizer.NEW) == 36 * 36
    assert patches(200, 200, Tokenizer.OLD) == 8 * 8
    assert 4600 < patches(8000, 8000, Tokenizer.NEW) <= 4784
    assert 1500 < patches(8000, 8000, Tokenizer.OLD) <= 1568
    assert patches(8000, 10, Tokenizer.OLD) == 56


def _png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", width, height) + b"\x08" * 900


@pytest.mark.parametrize(
    "data",
    [
        _png(640, 480),
        b"GIF89a" + struct.pack("<HH", 640, 480) + b"\0" * 9,
        b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc2\x00\x11\x08" + struct.pack(">HH", 480, 640) + b"\0" * 9,
        b"RIFF....WEBPVP8X" + b"\0" * 8 + (639).to_bytes(3, "little") + (479).to_bytes(3, "little"),
    ],
)
def test_an_image_is_measured_by_its_header(data: bytes) -> None:
    assert pixels_of(data) == (640, 480)


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFFxxxxWEBPVP8 "])
def test_an_image_that_cannot_be_measured_may_be_as_large_as_any(data: bytes) -> None:
    told = picture_tokens(data, "image/png", Tokenizer.NEW)

    assert (pixels_of(data), told.most) == (None, 4784)


def test_the_pages_of_a_pdf_are_counted_where_they_are_packed_too() -> None:
    open_ = b"%PDF-1.7\n1 0 obj<</Type /Pages/Count 2>>endobj 2 0 obj<</Type/Page>>endobj 3 0 obj<</Type /Page >>endobj"
    packed = b"%PDF-1.7\n4 0 obj<</Type/ObjStm>>stream\n" + zlib.compress(b"<</Type/Page>>" * 3) + b"\nendstream"

    assert (pages_of(open_), pages_of(packed), pages_of(b"%PDF-1.7")) == (2, 3, None)


def test_a_page_of_a_pdf_costs_its_image_and_its_text() -> None:
    told = picture_tokens(b"%PDF-1.7 <</Type/Page>>", "application/pdf", Tokenizer.NEW)

    assert told.low < 1600  # as a scan was seen to take
    assert 2347 < told.high <= told.most == 4784 + 3000


def test_the_base64_of_an_image_is_no_text() -> None:
    import base64

    data = base64.b64encode(_png(280, 280)).decode()
    image = f'{{"type":"image","source":{{"type":"base64","media_type":"image/png","data":"{data}"}}}}'
    turn = f'{{"role":"user","content":[{image},{{"type":"text","text":"hi"}}]}}'
    row = f'{{"custom_id":"a","params":{{"messages":[{turn}]}}}}'
    weighed = Weighed()

    weighed.add(row.encode(), tail=2, model="claude-haiku-5-5")

    assert (weighed.pictures.usual, weighed.rows.size) == (100, 4)


def test_of_few_requests_all_are_drawn_and_the_estimate_is_exact() -> None:
    sizes, counted = [10.0, 40.0, 20.0], {0: 13, 1: 44, 2: 30}
    layers = draw(sizes, ["a", "b", "c"], 20)

    assert sorted(place for layer in layers for place in layer) == [0, 1, 2]
    ratio, error = ratio_of(sizes, layers, counted)
    assert (ratio * 70, error) == (pytest.approx(87), 0.0)


def test_a_sample_estimates_all_within_its_error() -> None:
    sizes = [float(100 + i % 37 * 50) for i in range(400)]
    truth = [round(size * (1.2 + (i * 7919 % 100 - 50) / 500)) for i, size in enumerate(sizes)]
    layers = draw(sizes, [f"case-{i}" for i in range(400)], 20)

    ratio, error = ratio_of(sizes, layers, {place: truth[place] for layer in layers for place in layer})

    assert sum(map(len, layers)) == 20
    assert 0 < error < 0.03
    assert abs(ratio * sum(sizes) / sum(truth) - 1) < 3 * error


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=120), st.integers(5, 20))
def test_a_draw_takes_each_request_at_most_once_and_the_same_ones_each_time(lengths: list[int], n: int) -> None:
    sizes, names = [float(length) for length in lengths], [f"c{i}" for i in range(len(lengths))]
    drawn = [place for layer in draw(sizes, names, n) for place in layer]

    assert len(drawn) == len(set(drawn)) >= min(n, len(sizes))
    assert drawn == [place for layer in draw(sizes, names, n) for place in layer]


def test_many_runs_share_what_is_counted() -> None:
    assert [sample_size(runs) for runs in (0, 1, 5, 10, 100)] == [20, 20, 20, 10, 5]

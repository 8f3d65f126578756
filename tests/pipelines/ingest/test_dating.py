"""Times from the lines around a sentence: the rule, read slowly line by line, however cut."""

import functools
import itertools
import operator

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.ingest import dating
from pipelines.ingest.aivdm import NO_TIME, Decoder

BARE = b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C"
STATIC = b"!AIVDM,1,1,,A,H7OfcLPt<D4r1L5HD0000000000,0*01"
OTHER = b"!BSVDM,1,1,,A,403t>B1vFhQr5`NonbBw?>G00<0n,0*23"
PART = b"!AIVDM,2,1,3,B,55P5TL01VIaAL@7WKO@mBplU@<PDhh000000001S;AJ::4A80?4i@E53,0*3E"
WRAPPER = b"$PGHP,1,2013,11,12,12,0,7,11,219,,2190067,1,5C*53\n"
T0, GAP_S = 1_700_000_000, 10


def summed(body: bytes) -> bytes:
    return b"!" + body + b"*%02X" % functools.reduce(operator.xor, body)


def parts(index: int) -> bytes:
    """A static message of two sentences, each time another."""
    first = b"AIVDM,2,1,%d,A,55P5TL01VIaAL@7WKO@mBplU@<PDhh00000%04d1S;AJ::4A80?4i@E53,0"
    second = b"AIVDM,2,2,%d,A,1@0000000000000,2"
    return summed(first % (index % 10, index)) + b"\n" + summed(second % (index % 10))


def line(kind: str, second: int, index: int = 0) -> bytes:
    """A line of a feed."""
    stamp = b"%d" % (T0 + second)
    return {
        "bare": BARE,
        "static": STATIC,
        "other": OTHER,
        "noise": b"noise",
        "wrapped": WRAPPER + BARE,
        "parts": parts(index),
        "tag": b"\\c:" + stamp + b"\\" + BARE,
        "suffix": STATIC + b"," + stamp,
        "prefix": stamp + b" " + OTHER,
        "absurd": b"\\c:12\\" + BARE,
        "lone tag": b"\\c:" + stamp + b"\\$ABVSI,x*00",
        "stamped part": b"\\c:" + stamp + b"\\" + PART,
    }[kind] + b"\n"


STAMPS = {"tag", "suffix", "prefix", "lone tag", "stamped part"}
UNTIMED = {"bare": 0, "static": 1, "parts": 1}


def slow(lines: list[tuple[str, int]], most: int) -> tuple[list[int], list[int]]:
    """The times found for the positions and static data without one, 0 where there is none."""
    found: tuple[list[int], list[int]] = ([], [])
    before, waiting = None, []

    def release(after: int | None) -> None:
        near = None not in (before, after) and abs(after - before) <= GAP_S
        for table in waiting:
            found[table].append(T0 + before if near and len(waiting) <= most else 0)
        waiting.clear()

    for kind, second in lines:
        if kind in STAMPS:
            release(second)
            before = second
        elif kind in UNTIMED:
            waiting.append(UNTIMED[kind])
    release(None)
    return found


def fast(feed: bytes, places: list[int], rows: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The rows of either table through blocks, and which were dated."""
    decoder, settled = Decoder(rows=rows), []
    dates = dating.Dating(GAP_S * 1_000_000, lambda offset: feed[offset : offset + 20])
    edges = [0, *sorted(place % (len(feed) + 1) for place in places), len(feed)]
    for a, b in itertools.pairwise(edges):
        for columns in decoder.stream(feed[a:b]):
            for dated in dates.date(columns):
                dated.rows = tuple(table.copy() for table in dated.rows)
                settled.append(dated)
    for columns in decoder.stream_end():
        settled += dates.date(columns)
    settled.append(dates.end())
    for dated in settled:
        for offset, text in dated.texts.items():
            assert text == feed[offset : offset + 20]
    return [
        (
            np.concatenate([d.rows[table] for d in settled]),
            np.concatenate([d.found[table] for d in settled]),
        )
        for table in (0, 1)
    ]


KINDS = ["bare", "bare", "static", "parts", "other", "noise", "wrapped", *sorted(STAMPS), "absurd"]
FEEDS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 30)), max_size=40)


@settings(max_examples=150, deadline=None)
@given(
    lines=FEEDS,
    places=st.lists(st.integers(0, 10_000), max_size=6),
    rows=st.sampled_from([64, 4096]),
    most=st.sampled_from([3, 50_000]),
)
@example(lines=[("tag", 0), *[("bare", 0)] * 4, ("tag", 1)], places=[70, 150], rows=64, most=3)
@example(lines=[("tag", 0), ("parts", 0), ("tag", 9)], places=[100], rows=64, most=3)
@example(lines=[("tag", 0), *[("bare", 0)] * 200, ("tag", 9)], places=[], rows=64, most=500)
def test_times_are_those_of_a_slow_reader_however_the_feed_is_cut(lines, places, rows, most):
    feed = b"".join(line(*each, index) for index, each in enumerate(lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dating, "MAX_WAITING", most)
        got = fast(feed, places, rows)
    expected = slow(lines, most)
    for (table, found), times in zip(got, expected, strict=True):
        assert (np.diff(table["offset"]) > 0).all(), "in the order of the feed"
        missing = found | (table["time"] == NO_TIME)
        assert (np.where(found, table["time"], 0)[missing] // 1_000_000).tolist() == times


def test_no_gap_finds_nothing():
    decoder = Decoder()
    dates = dating.Dating(0, lambda _: b"")
    decoder.feed(line("tag", 0) + line("bare", 0) + line("tag", 1))
    columns = decoder.finish()
    (dated,) = dates.date(columns)
    assert dated.rows[0]["time"].tolist().count(NO_TIME) == 1
    assert not dated.found[0].any()
    assert len(dates.end().rows[0]) == 0


def test_rows_wait_in_bounded_memory():
    decoder = Decoder()
    dates = dating.Dating(GAP_S * 1_000_000, lambda _: b"")
    decoder_rows = 0
    for block in (line("tag", 0), *[line("bare", 0) * 20_000] * 4):
        for columns in decoder.stream(block):
            decoder_rows += sum(len(d.rows[0]) for d in dates.date(columns))
    assert decoder_rows > 50_000

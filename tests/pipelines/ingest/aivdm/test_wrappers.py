"""`$PGHP` lines that don't stand directly before the sentence whose checksum they name."""

import functools
import itertools
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.aivdm import NO_TIME, limits
from pipelines.ingest.aivdm import memory as m
from tests.pipelines.ingest.aivdm.conftest import decoded

US = 1_000_000
RECEIVED = 1_384_257_600  # 2013-11-12T12:00:00Z
LATE_S = 1_800


def summed(sign: bytes, body: bytes) -> bytes:
    return sign + body + b"*%02X" % functools.reduce(operator.xor, body, 0)


def sentence(number: int, epoch: int | None = None) -> bytes:
    """A position report, each number with a checksum of its own."""
    body = b"AIVDM,1,1,,B,1%05d5000G?tO`K>RA1wUbN0TKH,0" % number
    behind = b"" if epoch is None else b",%d" % epoch
    return summed(b"!", body) + behind + b"\n"


def checksum(line: bytes) -> int:
    return int(line.split(b"*")[1][:2], 16)


def wrapper(named: int, second: int, epoch: int | None = None) -> bytes:
    minute, second = divmod(second, 60)
    body = b"PGHP,1,2013,11,12,12,%d,%d,0,316,3,316999999,1,%02X" % (minute, second, named)
    behind = b"" if epoch is None else b",%d" % epoch
    return summed(b"$", body) + behind + b"\n"


def seconds(got) -> list[int | None]:
    times = got.positions["time"].tolist()
    return [None if t < 0 else t // US - RECEIVED for t in times]


def late(second: int) -> int:
    return RECEIVED + second + LATE_S


def test_a_wrapper_behind_its_sentence_or_some_lines_off_dates_it():
    a, b, c = (sentence(n, late(n)) for n in range(3))
    sums = [checksum(line) for line in (a, b, c)]
    assert len(set(sums)) == 3
    feed = a + b + wrapper(sums[1], 1, late(1)) + c + wrapper(sums[0], 0) + wrapper(sums[2], 2)
    got = decoded(feed)
    assert seconds(got) == [0, 1, 2]
    assert got.positions["time_from"].tolist() == [m.FROM_WRAPPER] * 3
    assert got.decoder.counts["delivered"] == 3
    assert got.decoder.counts["delivered_lag_us"] == 3 * LATE_S * US


def test_farther_off_than_the_window_it_is_another_sentences():
    one = sentence(1)
    for between, expected in (
        (limits.WRAPPED_WITHIN_PIECES - 1, 7),
        (limits.WRAPPED_WITHIN_PIECES, None),
    ):
        got = decoded(wrapper(checksum(one), 7) + b"# \n" * between + one)
        assert seconds(got) == [expected]


def test_each_wrapper_dates_one_sentence_the_nearest_first():
    one = sentence(1)
    named = checksum(one)
    got = decoded(wrapper(named, 1) + wrapper(named, 2) + one + b"#\n" + one + one)
    assert seconds(got) == [2, 1, None]
    assert got.decoder.counts["unmatched_wrappers"] == 0


def test_a_wrapper_takes_the_place_of_no_tag_blocks_time():
    one = sentence(1)
    tagged = summed(b"\\", b"c:%d" % RECEIVED) + b"\\" + one
    got = decoded(tagged + one + wrapper(checksum(one), 5) + wrapper(checksum(one), 6))
    assert seconds(got) == [0, 6]


def test_a_logger_that_is_seconds_late_is_believed_without_a_wrapper():
    a, b = sentence(1, RECEIVED + 3), sentence(2, RECEIVED + 5)
    got = decoded(a + wrapper(checksum(a), 1, RECEIVED + 3) + b)
    assert seconds(got) == [1, 5]
    assert got.decoder.counts["delivered"] == 0


@pytest.mark.parametrize(("apart", "expected"), [(10, 100), (11, None)])
def test_among_late_ones_a_sentence_without_has_the_time_of_those_around_it(apart, expected):
    a, b, c = sentence(1, late(100)), sentence(2, late(101)), sentence(3, late(102))
    feed = a + wrapper(checksum(a), 100) + b + c + wrapper(checksum(c), 100 + apart)
    got = decoded(feed)
    assert seconds(got) == [100, expected, 100 + apart]
    if expected is None:
        assert got.positions["time"][1] == m.DELIVERED
        assert got.decoder.counts["delivered_refused"] == 1
    else:
        assert got.positions["time_from"][1] == m.FROM_AROUND


def test_among_few_late_ones_a_live_sentence_keeps_its_time():
    a = sentence(1, late(0))
    numbers = [n for n in range(10, 40) if checksum(sentence(n)) != checksum(a)]
    live = [sentence(n, RECEIVED + LATE_S + n) for n in numbers]
    got = decoded(a + wrapper(checksum(a), 0) + b"".join(live))
    assert seconds(got) == [0, *(LATE_S + n for n in numbers)]


def test_parts_are_found_by_their_checksums_combined(samples):
    one, two = samples["parts"]
    named = checksum(one) ^ checksum(two)
    got = decoded(one + b"\n" + two + b"\n# \n" + wrapper(named, 9))
    assert got.statics["time"].tolist() == [(RECEIVED + 9) * US]


def slow(lines: list[tuple[str, int, int]]) -> list[int | None]:
    """Which second each sentence gets, sentence by sentence, from all wrappers not taken yet."""
    wrappers = [
        (place, named, second) for place, (kind, named, second) in enumerate(lines) if kind == "w"
    ]
    taken, fresh, found = set(), None, {}
    for place, (kind, named, _) in enumerate(lines):
        if kind == "w":
            fresh = place
        elif kind == "s":
            if (
                fresh is not None
                and lines[fresh][1] == named
                and place - fresh <= limits.FRESH_WITHIN_PIECES
            ):
                taken.add(fresh)
                found[place] = fresh
            fresh = None
    for place, (kind, named, _) in enumerate(lines):
        if kind != "s" or place in found:
            continue
        free = [w for w, n, _ in wrappers if n == named and w not in taken]
        near = [w for w in free if abs(w - place) <= limits.WRAPPED_WITHIN_PIECES]
        if near:
            found[place] = min(near, key=lambda w: (abs(w - place), w))
            taken.add(found[place])
    second_of = {place: second for place, _, second in wrappers}
    return [
        second_of[found[place]] if place in found else None
        for place, (kind, *_) in enumerate(lines)
        if kind == "s"
    ]


@given(
    kinds=st.lists(st.tuples(st.sampled_from("swsw#"), st.integers(0, 3)), max_size=80),
    places=st.lists(st.integers(0, 10_000), max_size=6),
)
def test_as_a_slow_reader_matches_wherever_the_feed_is_cut(kinds, places):
    texts = [sentence(n) for n in range(4)]
    lines = [(kind, checksum(texts[n]), at) for at, (kind, n) in enumerate(kinds)]
    feed = b"".join(
        {"s": texts[n], "w": wrapper(checksum(texts[n]), at), "#": b"#\n"}[kind]
        for at, (kind, n) in enumerate(kinds)
    )
    edges = [0, *sorted(place % (len(feed) + 1) for place in places), len(feed)]
    got = decoded(*(feed[a:b] for a, b in itertools.pairwise(edges)), rows=64)
    assert seconds(got) == slow(lines)
    assert got.positions["offset"].tolist() == sorted(got.positions["offset"].tolist())
    dated = np.count_nonzero(got.positions["time"] != NO_TIME)
    n_wrappers = sum(kind == "w" for kind, _ in kinds)
    assert got.decoder.counts["unmatched_wrappers"] == n_wrappers - dated

"""Blocks don't matter, damage is survived, memory is bounded."""

import functools
import itertools
import operator
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.ingest.aivdm import Decoder
from pipelines.ingest.aivdm.rereading import SENTENCE
from tests.pipelines.ingest.aivdm.conftest import decoded

PIECES = [
    b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C",
    b"!AIVDM,1,1,,A,15RTgt0PAso;90TKcjM8h6g208CQ,0*4A",
    b"!AIVDM,1,1,,A,B7`BVQ00;S9Ve=JW<<=W3wS1l000,0*51",
    b"!AIVDM,2,1,3,B,55P5TL01VIaAL@7WKO@mBplU@<PDhh000000001S;AJ::4A80?4i@E53,0*3E",
    b"!AIVDM,2,2,3,B,1@0000000000000,2*55",
    b"!AIVDM,2,1,3,A,53Moi:81Qk8LLpQH000PD98T@D4r118Tp<E=<0153@f594ke07TSm21D,0*69",
    b"!AIVDM,2,2,3,A,hF@000000000000,2*79",
    b"!AIVDM,1,1,,A,H7OfcLPt<D4r1L5HD0000000000,0*01",
    b"!AIVDM,1,1,,B,,0*25",
    b"!BSVDM,1,1,,A,403t>B1vFhQr5`NonbBw?>G00<0n,0*44",
    b"\\s:r1ACE0JVF*27\\\\c:1628097600,s:AS-SAM-BWBANK,n:27493*24\\",
    b"\\g:1-2-73874,n:157036,s:r003669945,c:1241544035*4A\\",
    b"\\g:2-2-73874,n:157037*0F\\",
    b"$PGHP,1,2013,11,12,12,0,0,11,219,,2190067,1,62*26",
    b"$PGHP,1,2013,11,12,12,0,7,11,219,,2190067,1,5C*53,1384260000",
    b"\\si:AISD*3F\\",
    b"1550303566167726840 ",
    b"2024-01-01T00:00:00Z ",
    b",r003669945,1241544035",
    b"# comment ! \\",
    b"$GPZDA,114702.51,27,01,2012,,*66",
    b"!AIVDM,1,1,,B,177KQJ5000G",
    b"\x00\xff",
    b"\n",
    b"\n",
    b"\n",
    b"\r\n",
    b"\r\n",
    b"\r",
    b" ",
]


def feeds(least=0):
    return st.lists(st.sampled_from(PIECES), min_size=least, max_size=60).map(b"".join)


def cut(feed, places):
    edges = [0, *sorted(place % (len(feed) + 1) for place in places), len(feed)]
    return [feed[a:b] for a, b in itertools.pairwise(edges)]


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(feed=feeds(), places=st.lists(st.integers(0, 10_000), max_size=12))
@example(feed=b"a\r\n\r\rb\r", places=[2, 3, 5])
@example(feed=PIECES[3] + b"\r\n" + PIECES[4], places=[1, 40, 63, 64, 65, 80])
def test_any_split_gives_the_same(feed, places):
    assert decoded(*cut(feed, places)).everything() == decoded(feed).everything()


@pytest.mark.slow
def test_every_single_split_of_a_feed_gives_the_same():
    feed = b"\r\n".join(PIECES[3:5] + PIECES[10:13]) + b"\r" + PIECES[0] + b"\n"
    whole = decoded(feed).everything()
    for place in range(len(feed)):
        assert decoded(feed[:place], feed[place:]).everything() == whole


@settings(max_examples=300, deadline=None)
@given(
    feed=feeds(least=5),
    damage=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
    lost=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 30)), max_size=3),
    places=st.lists(st.integers(0, 10_000), max_size=3),
)
def test_damage_never_gives_a_row_of_a_sentence_whose_checksum_fails(feed, damage, lost, places):
    damaged = bytearray(feed)
    for place, byte in damage:
        damaged[place % len(damaged)] = byte
    for place, size in lost:
        del damaged[place % len(damaged) :][:size]
        damaged = damaged or bytearray(b"\n")
    check_rows(bytes(damaged), places)


@settings(max_examples=200, deadline=None)
@given(feed=st.binary(max_size=2_000), places=st.lists(st.integers(0, 10_000), max_size=3))
@example(feed=b"!" * 300, places=[])
@example(feed=b"\\" * 300, places=[7])
@example(feed=b"!AIVDM,1,1,,A," + b"0" * 3_000 + b",0*26\n", places=[])
@example(feed=b"$PGHP,1," + b"9" * 500 + b",*00\n" + PIECES[0], places=[])
def test_noise_never_crashes(feed, places):
    check_rows(feed, places)


def check_rows(feed, places):
    """Rows come from sentences that a slow reader finds right as well."""
    got = decoded(*cut(feed, places))
    for table in ("positions", "statics", "bases", "others"):
        for offset in getattr(got, table)["offset"].tolist():
            line = re.split(rb"[\r\n]", feed[offset:].lstrip(b"\r\n"))[0]
            assert right(line), (table, feed[offset : offset + 100])
    for start, end, _ in got.rejects.tolist():
        assert 0 <= start < end <= len(feed)


def right(text):
    """Whether a text begins with a piece whose sentence has a right checksum."""
    match = SENTENCE.search(text) or re.search(rb"(?P<sentence>!..VD[MO],[^*]*\*..)", text)
    body, _, checksum = match["sentence"][1:].rpartition(b"*")
    return functools.reduce(operator.xor, body, 0) == int(checksum, 16)


def test_full_arena_pauses_and_goes_on():
    feed = b"\n".join(PIECES[:2] * 400 + [b"noise"] * 300) + b"\n"
    small, large = decoded(feed, rows=64), decoded(feed)
    assert small.everything() == large.everything()
    assert len(small.positions) == 800


def test_block_larger_than_the_buffer():
    feed = (PIECES[0] + b"\r\n" + PIECES[1] + b"\n") * 50_000
    got = decoded(feed)
    assert len(got.positions) == 100_000
    assert got.positions["offset"][-1] == len(feed) - len(PIECES[1]) - 1


def held(decoder: Decoder) -> int:
    """Return the bytes of the decoder's arrays."""
    grouped = ([one] if hasattr(one, "nbytes") else one for one in decoder._memory.arguments())
    return sum(array.nbytes for group in grouped for array in group)


def test_memory_doesnt_grow_with_the_feed():
    decoder = Decoder(rows=1 << 10)
    before = held(decoder)
    for number in range(40):
        line = b"\\s:station%d\\!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C\n" % number
        for columns in decoder.stream(line * 2_000):
            assert len(columns.positions) <= 1 << 10
    assert held(decoder) == before
    assert decoder.counts["messages"] == 80_000


def test_more_stations_than_there_is_room_for_are_counted():
    decoder = Decoder(rows=1 << 10)
    decoder._memory.head[0]["stations"] = 32_767
    line = b"\\s:a%d\\!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C\n"
    decoder.feed(b"".join(line % number for number in range(3)))
    columns = decoder.finish()
    assert columns.positions["station"].tolist() == [32_767, -1, -1]
    assert decoder.counts["stations_lost"] == 2


def test_parts_that_come_late_belong_to_another_message():
    one, two, other = PIECES[3], PIECES[4], PIECES[0]
    near = [one, *[other] * 200, two]
    assert len(decoded(b"\n".join(near)).statics) == 1
    far = [one, *[other] * 300, two]
    assert len(decoded(b"\n".join(far)).statics) == 0
    swapped = [two, *[other] * 10, one]
    assert len(decoded(b"\n".join(swapped)).statics) == 1
    swapped_far = [two, *[other] * 30, one]
    assert len(decoded(b"\n".join(swapped_far)).statics) == 0


def test_parts_of_two_stations_dont_mix():
    one, two, *_ = PIECES[3:5]
    feed = b"\\s:x\\" + one + b"\n\\s:y\\" + two + b"\n\\s:x\\" + two + b"\n"
    got = decoded(feed)
    assert len(got.statics) == 1
    assert got.decoder.rejects == {"incomplete multi-part": 1}


def test_a_finished_decoder_takes_no_more():
    decoder = Decoder(rows=1 << 10)
    decoder.finish()
    assert len(decoder.finish().positions) == 0
    with pytest.raises(ValueError, match="finished"):
        decoder.feed(b"x")


def test_a_cut_end_is_given_back_and_not_decoded():
    decoder = Decoder(rows=1 << 10)
    assert len(decoder.feed(PIECES[0] + b"\n" + PIECES[1]).positions) == 0
    assert decoder.cut() == PIECES[1]
    assert len(decoder.finish().positions) == 1
    assert decoder.unaccounted == 0


@pytest.mark.parametrize(
    ("line", "unnamed"),
    [
        (PIECES[0], 1),
        (b"1700000000 " + PIECES[0], 1),
        (b"\\c:1700000000\\" + PIECES[0], 1),
        (PIECES[3] + b"\n" + PIECES[4], 1),
        # It has a name.
        (b"\\s:x\\" + PIECES[0], 0),
        (PIECES[0] + b",r003669945,1241544035", 0),
        # Its tag block may have been lost.
        (b"x" + PIECES[0], 0),
        (b"c:1700000000*22\\" + PIECES[0], 0),
        (b"\\s:x,c:1700000000*01\\" + PIECES[0], 0),
        (PIECES[0][:20] + PIECES[0], 0),
        (PIECES[0] + PIECES[0], 0),
        # It isn't known to be whole.
        (PIECES[0][:-1] + b"X", 0),
    ],
)
def test_sentences_that_surely_have_no_station_are_counted(line, unnamed):
    assert decoded(line + b"\n").decoder.counts["unnamed"] == unnamed


def test_rows_of_feed_are_copies():
    decoder = Decoder(rows=1 << 10)
    first = decoder.feed((PIECES[0] + b"\n") * 40)
    assert len(first.positions) > 0
    before = first.positions.copy()
    decoder.feed((PIECES[1] + b"\n") * 40)
    assert np.array_equal(first.positions, before)

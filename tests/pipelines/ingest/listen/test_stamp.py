import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.errors import ConfigError
from pipelines.ingest.listen.stamp import Stamper, more_follows, tag_block, unglued
from pipelines.ingest.listen.status import Counts, Vessels

NOW = 1_767_628_800.75
BARE = b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C"
PART_1 = b"!AIVDM,2,1,3,B,55P5TL01VIaAL@7WKO@mBplU@<PDhh000000001S;AJ::4A80?4i@E53,0*3E"
PART_2 = b"!AIVDM,2,2,3,B,1@0000000000000,2*55"
STAMP = tag_block(b"c:1767628800,s:pier7")
TIME_ONLY = tag_block(b"c:1767628800")


def stamp(*lines: bytes, station: str = "pier7") -> list[bytes]:
    return Stamper(station, Counts()).stamp(lines, NOW)


@pytest.mark.parametrize(
    "line",
    [
        BARE,
        b"  " + BARE,
        BARE + b"   ",
        b"\xff\xfe\x00xx" + BARE,
        PART_1,
        b"!AIVDM,1,1,,B,177KQJ5000G?tO`K",
        BARE + b",r003669945",
        b"\\n:27493*48\\" + BARE,
        # A tag block that its checksum contradicts says nothing.
        b"\\s:r1,c:1700000000*00\\" + BARE,
    ],
)
def test_a_sentence_without_a_time_is_stamped_and_not_altered(line: bytes) -> None:
    assert stamp(line) == [STAMP + line]


@pytest.mark.parametrize(
    "line",
    [
        tag_block(b"s:r1,c:1700000000") + BARE,
        tag_block(b"g:1-2-73874,n:157036,s:r003669945,c:1241544035") + PART_1,
        tag_block(b"s:r1ACE0JVF") + tag_block(b"c:1628097600,s:AS-SAM-BWBANK,n:27493") + BARE,
        b"\\s:r1,c:1700000000\\" + BARE,
        tag_block(b"c:1726841314345,s:my-station") + BARE,
        BARE + b",r003669945,1241544035",
        BARE + b",1630526404,1630526406",
        b"1550303566167726840 " + BARE,
        b"2024-01-01T00:00:00Z " + BARE,
    ],
)
def test_a_sentence_with_a_time_of_its_own_is_left_alone(line: bytes) -> None:
    counts = Counts()
    assert Stamper("pier7", counts).stamp([line], NOW) == [line]
    assert (counts.own_time, counts.stamped) == (1, 0)


TAGGED = tag_block(b"s:r1,c:1700000000") + BARE


@pytest.mark.parametrize(
    "parts",
    [
        [BARE, BARE],
        [PART_1, PART_2],
        [b"x" + PART_1 + b" ", PART_2, BARE],
        [b"!AIVDM,1,1,,B,177KQJ5000G?tO`K", BARE],
        [BARE + b"\\r\\n", BARE],
        [BARE, TAGGED, BARE],
        [TAGGED, TAGGED],
    ],
)
def test_glued_sentences_are_taken_apart(parts: list[bytes]) -> None:
    counts = Counts()
    recorded = Stamper("pier7", counts).stamp([b"".join(parts)], NOW)
    assert recorded == [part if part == TAGGED else STAMP + part for part in parts]
    assert counts.unglued_lines == len(parts) - 1


def test_a_line_made_to_be_slow_is_not() -> None:
    line = (b"\\a" * 2700 + b"!" * 80)[:8192]
    began_s = time.perf_counter()
    stamp(*[line] * 50, TAGGED)
    # A regular expression gone wrong takes minutes.
    assert time.perf_counter() - began_s < 20


def test_a_station_that_is_named_stays_the_only_one() -> None:
    line = tag_block(b"s:rORBCOMM000") + BARE
    assert stamp(line) == [TIME_ONLY + line]


def test_the_sentence_behind_a_gatehouse_wrapper_has_the_time_of_the_wrapper() -> None:
    wrapper = b"$PGHP,1,2013,11,12,12,0,0,11,219,,2190067,1,62*26"
    meant = b"!BSVDM,1,1,,A,13@:`L001N0ded0O6Fp8wW<00<0t,0*62"
    assert stamp(wrapper, meant, BARE) == [wrapper, meant, STAMP + BARE]
    assert stamp(wrapper, BARE) == [wrapper, STAMP + BARE]
    damaged = wrapper.replace(b"2013", b"2014")
    assert stamp(damaged, meant) == [damaged, STAMP + meant]


def test_later_parts_follow_the_first_so_that_the_message_can_be_joined() -> None:
    first = tag_block(b"g:1-2-46608,n:652337,s:b003669981,c:1469664001") + PART_1
    second = tag_block(b"g:2-2-46608,n:652338") + PART_2
    assert stamp(first, second) == [first, second]
    assert stamp(first, BARE, second, PART_2) == [first, STAMP + BARE, second, STAMP + PART_2]
    assert stamp(PART_1, PART_2) == [STAMP + PART_1, STAMP + PART_2]


@pytest.mark.parametrize(
    "line",
    [
        b"$GPRMC,120000,A*00",
        b"# a comment",
        b'{"MessageType": "PositionReport"}',
        b"\\si:AISD*3F\\",
        "Schiff: Müller".encode(),
    ],
)
def test_other_text_is_recorded_as_it_came(line: bytes) -> None:
    assert stamp(line) == [line]


def test_noise_is_counted_and_not_recorded() -> None:
    counts = Counts()
    assert Stamper("pier7", counts).stamp([b"\x00\x01\x02", b"\xff\xfe", BARE], NOW) == [
        STAMP + BARE
    ]
    assert (counts.noise_lines, counts.noise_bytes, counts.lines) == (2, 5, 1)


def test_an_exercise_and_a_real_feed_are_not_mixed() -> None:
    counts = Counts()
    simulated = tag_block(b"s:SELATSIM1,c:1700000000") + BARE
    real = tag_block(b"s:r1,c:1700000000") + BARE
    assert Stamper("pier7", counts).stamp([simulated, real], NOW) == [real]
    assert counts.refused_lines == 1
    timed = tag_block(b"c:1700000000") + BARE
    assert stamp(simulated, real, BARE, timed, station="SELATSIM-x") == [
        simulated,
        tag_block(b"c:1767628800,s:SELATSIM-x") + BARE,
        tag_block(b"s:SELATSIM-x") + timed,
    ]


@pytest.mark.parametrize("station", ["", "a,b", "a*b", "a\\b", "sixteen-letters-", "a b", "a\n"])
def test_a_station_can_not_break_out_of_its_tag_block(station: str) -> None:
    with pytest.raises(ConfigError, match="station"):
        Stamper(station, Counts())


HOSTILE = st.one_of(
    st.binary(max_size=60),
    st.lists(
        st.sampled_from(
            [
                BARE,
                PART_1,
                PART_2,
                b"\\",
                b"c:1",
                b"*",
                b"s:r1,",
                b"\\g:1-2-3*",
                b"$PGHP,1,",
                b"!",
                b",1700000000",
                b"2024-01-01 00:00:00 ",
            ]
        ),
        max_size=6,
    ).map(b"".join),
)


@given(lines=st.lists(HOSTILE, max_size=20))
def test_whatever_comes_is_recorded_unaltered_or_counted(lines: list[bytes]) -> None:
    counts = Counts()
    recorded = Stamper("pier7", counts).stamp(lines, NOW)
    assert len(recorded) == counts.lines
    received = len(lines) + counts.unglued_lines
    assert len(recorded) + counts.noise_lines + counts.refused_lines == received
    vessels = Vessels()
    pieces = (piece for line in lines for piece in unglued(line))
    for line in recorded:
        vessels.see(line)
        added = re.match(re.escape(STAMP) + b"|" + re.escape(TIME_ONLY) + b"|", line)
        assert added is not None
        assert line[added.end() :] in pieces


@given(line=HOSTILE)
def test_a_line_taken_apart_is_the_line(line: bytes) -> None:
    assert b"".join(unglued(line)) == line


def test_a_file_is_not_cut_between_the_parts_of_a_message() -> None:
    assert more_follows(STAMP + PART_1)
    assert more_follows(b"$PGHP,1,2013,11,12,12,0,0,11,219,,2190067,1,62*26")
    assert not more_follows(STAMP + PART_2)
    assert not more_follows(BARE)


def test_only_right_sentences_make_vessels() -> None:
    vessels = Vessels()
    for line in [STAMP + BARE, BARE.replace(b"177", b"178"), b"!,,,,,,", PART_2, STAMP + PART_1]:
        vessels.see(line)
    assert vessels.mmsis == {477553000, 369190000}

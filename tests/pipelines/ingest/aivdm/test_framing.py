"""What stands around sentences: lines, glue, checksums, times, stations."""

from datetime import UTC, datetime

import pytest

from pipelines.ingest.aivdm import NO_TIME, REASONS, TIME_FROM
from pipelines.ingest.aivdm.memory import ABSURD
from tests.pipelines.ingest.aivdm.conftest import decoded, summed

T0 = 1_700_000_000
US = 1_000_000


def us(*moment, micro=0):
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * US + micro


@pytest.mark.parametrize(
    ("text", "time"),
    [
        (b"1700000000", T0 * US),
        (b"1700000000.25", T0 * US + 250_000),
        (b"1700000000123", T0 * US + 123_000),
        (b"1700000000123456", T0 * US + 123_456),
        (b"1700000000123456789", T0 * US + 123_456),
        (b"477553000", NO_TIME),
        (b"9999999999", NO_TIME),
        (b"99999999999999999999999", NO_TIME),
        (b"17000000x0", NO_TIME),
    ],
)
def test_epochs_in_seconds_to_nanoseconds(samples, text, time):
    good = samples["good"]
    # A tag block says that it is a time; a number elsewhere may be something else.
    said = ABSURD if time == NO_TIME else time
    assert decoded(samples["tagged"](b"c:" + text) + b"\n").time == said
    assert decoded(good + b"," + text + b"\r\n").time == time
    assert decoded(text + b" " + good + b"\r\n").time == time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        (b"2024-02-29T12:34:56Z", us(2024, 2, 29, 12, 34, 56)),
        (b"2024-02-29 12:34:56.5", us(2024, 2, 29, 12, 34, 56, micro=500_000)),
        (b"2024/02/29 12:34:56,25", us(2024, 2, 29, 12, 34, 56, micro=250_000)),
        (b"2024-02-29T12:34:56+08:00", us(2024, 2, 29, 4, 34, 56)),
        (b"2024-02-29T12:34:56-0130", us(2024, 2, 29, 14, 4, 56)),
        (b"[2024-02-29 12:34:56]", us(2024, 2, 29, 12, 34, 56)),
        (b"port7 2024-02-29 12:34:56:", us(2024, 2, 29, 12, 34, 56)),
        (b"20240229123456", us(2024, 2, 29, 12, 34, 56)),
        (b"20230229123456", NO_TIME),
        (b"202402291234561", NO_TIME),
        (b"20240229123456x", NO_TIME),
        (b"2023-02-29T12:34:56Z", NO_TIME),
        (b"2024-02-29T24:34:56Z", NO_TIME),
        (b"2024-02-29", NO_TIME),
    ],
)
def test_iso_times_before_a_sentence(samples, text, time):
    assert decoded(text + b" " + samples["good"] + b"\n").time == time


def test_time_and_station_behind_a_sentence(samples):
    got = decoded(samples["good"] + b",s28320,d-098,T33.71,r003669973,1152921694,1152921696\r\n")
    assert got.time == 1152921694 * US
    assert got.station == "r003669973"


@pytest.mark.parametrize(
    ("said", "time"),
    [
        (b"20240229123456)", us(2024, 2, 29, 12, 34, 56)),
        (b"20240229123456", us(2024, 2, 29, 12, 34, 56)),
        (b"20240229123460)", NO_TIME),
        (b"20240229123456.)", NO_TIME),
        (b"19940229123456)", NO_TIME),
    ],
)
def test_what_a_receiver_prints_behind_a_sentence_for_people(samples, said, time):
    told = b" ( MSG: 1, REPEAT: 0, MMSI: 533000001, signalpower: -44.0, ppm: 0, timestamp: "
    assert decoded(samples["good"] + told + said + b"\r\n").time == time


def test_tag_block_goes_before_what_stands_behind(samples):
    got = decoded(samples["tagged"](b"s:here,c:1700000000") + b",r003669973,1152921694\n")
    assert (got.time, got.station) == (T0 * US, "here")
    assert TIME_FROM[int(got.positions["time_from"][0])].startswith("tag block")


def test_damaged_tag_block_tells_nothing_but_costs_no_sentence(samples):
    tagged = samples["tagged"](b"s:here,c:1700000000").replace(b"s:here", b"s:hare")
    got = decoded(tagged + b"\n")
    assert (got.time, got.station) == (NO_TIME, "")
    assert got.decoder.counts["damaged_tags"] == 1


@pytest.mark.parametrize("checksum", [b"", b"*00"])
def test_tag_block_without_a_checksum_is_believed(samples, checksum):
    got = decoded(b"\\s:here,c:1700000000" + checksum + b"\\" + samples["good"] + b"\n")
    assert (got.time, got.station) == (T0 * US, "here")
    assert got.decoder.counts["unchecked_tags"] == 1


def test_of_two_tag_blocks_both_count_and_the_inner_one_wins(samples):
    summed, good = samples["summed"], samples["good"]
    both = b"\\" + summed(b"s:outer,c:1700000000") + b"\\\\" + summed(b"s:inner") + b"\\" + good
    got = decoded(both + b"\n")
    assert (got.time, got.station) == (T0 * US, "inner")


def test_lines_of_a_group_share_time_and_station(samples):
    tagged, (one, two) = samples["tagged"], samples["parts"]
    got = decoded(
        tagged(b"g:1-2-77,s:here,c:1700000000", b"$ARVSI,r3669961,1,013536.96,1326,-113,0*14"),
        b"\r\n",
        tagged(b"g:2-2-77", samples["good"]) + b"\r\n",
        tagged(b"g:1-2-78,s:there,c:1700000009", one) + b"\n" + tagged(b"g:2-2-78", two) + b"\n",
    )
    assert (got.time, got.station) == (T0 * US, "here")
    (static,) = got.statics
    assert static["time"] == (T0 + 9) * US
    assert got.decoder.stations[static["station"]] == "there"


def test_parts_of_two_groups_dont_mix(samples):
    tagged, (one, two) = samples["tagged"], samples["parts"]
    got = decoded(tagged(b"g:1-2-78", one) + b"\n" + tagged(b"g:2-2-79", two) + b"\n")
    assert len(got.statics) == 0
    assert got.decoder.rejects == {"incomplete multi-part": 2}


WRAPPER = b"PGHP,1,2013,11,12,12,0,7,11,219,,2190067,1,"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b" "])
def test_wrapper_gives_its_sentence_the_time(samples, end):
    wrapper = b"$" + samples["summed"](WRAPPER + b"5C")
    got = decoded(wrapper + end + samples["good"] + b",1700000000\n")
    assert got.time == us(2013, 11, 12, 12, 0, 7, micro=11_000)


@pytest.mark.parametrize(
    "wrapper",
    [
        summed(WRAPPER + b"5D"),
        summed(WRAPPER[:-1].replace(b"11,12,12", b"13,32,12")),
        summed(WRAPPER + b"5C").replace(b"2013", b"2014"),
    ],
)
def test_wrapper_of_another_sentence_without_a_time_or_damaged_gives_none(samples, wrapper):
    assert decoded(b"$" + wrapper + b"\n" + samples["good"] + b"\n").time == NO_TIME


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5D", "checksum"),
        (b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0", "malformed"),
        (b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5", "malformed"),
        (b"!AIVD", "malformed"),
        (b"what is this", "not a sentence"),
    ],
)
def test_why_a_line_is_rejected(line, reason):
    got = decoded(line + b"\n")
    assert got.decoder.rejects == {reason: 1}
    (sample,) = got.decoder.samples
    assert (sample.reason, sample.start, sample.end) == (reason, 0, len(line) + 1)
    assert sample.text.rstrip() == line


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"AIVDM,1,1,,B,,0", "payload"),
        (b"AIVDM,1,1,,B,177KQJ5000G?tO^K>RA1wUbN0TKH,0", "payload"),
        (b"AIVDM,1,1,,B,177KQJ5000G?tO`K>,0", "short"),
        (b"AIVDM,0,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0", "malformed"),
        (b"AIVDM,1,2,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0", "malformed"),
        (b"AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,6", "malformed"),
        (b"AIVDM,1,1,177KQJ5000G?tO`K>RA1wUbN0TKH,0", "malformed"),
        (b"=IVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0", "malformed"),
    ],
)
def test_a_right_checksum_isnt_enough(samples, body, reason):
    got = decoded(b"!" + samples["summed"](body) + b"\n")
    assert got.decoder.rejects == {reason: 1}
    assert reason in REASONS


def test_a_truncated_sentence_doesnt_swallow_the_tag_block_glued_to_it(samples):
    cut = samples["good"][:25]
    got = decoded(cut + samples["tagged"](b"c:1700000000") + b"\n")
    assert got.time == T0 * US
    assert got.decoder.rejects == {"malformed": 1}
    assert got.positions["offset"].tolist() == [len(cut)]


def test_pieces_cover_the_feed_and_offsets_are_their_first_bytes(samples):
    feed = (
        samples["good"] + samples["other"] + b"\r\n  " + samples["good"] + b"\r" + samples["other"]
    )
    got = decoded(feed)
    length = len(samples["good"])
    assert got.positions["offset"].tolist() == [0, length, 2 * length + 2, 3 * length + 5]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_line_longer_than_any_sentence_is_rejected_whole(samples, newline):
    good = samples["good"] + newline
    long = b"x" * 70_000 + good
    feed = good + long + good + b"y" * 300_000 + newline + good
    whole = decoded(feed)
    assert len(whole.positions) == 3
    assert whole.decoder.rejects == {"overlong line": 2}
    pieces = [feed[start : start + 9_999] for start in range(0, len(feed), 9_999)]
    assert decoded(*pieces).everything() == whole.everything()


def test_longest_line_is_kept(samples):
    good = samples["good"]
    for spare, found in ((0, 1), (1, 0)):
        line = b"x" * (65_536 - len(good) + spare) + good + b"\n"
        assert len(decoded(b"a\n" * 40_000 + line).positions) == found
        assert len(decoded(b"a\n", line[:65_536], line[65_536:]).positions) == found

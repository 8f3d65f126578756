"""Lines of a ship's own satellite navigation, RMC and ZDA, that date the sentences between them."""

import functools
import operator

import pytest

from pipelines.ingest import IngestError
from tests.pipelines.ingest.aivdm.test_wrappers import summed
from tests.pipelines.ingest.conftest import sentences


def sentence(number, epoch=None):
    [text] = sentences(mmsi=533000000 + number)
    return text.encode() + (b"" if epoch is None else b",%d" % epoch) + b"\n"


def rmc(clock, date=b"201126", state=b"A", talker=b"GP"):
    body = b"%sRMC,%s,%s,0230.10,N,10112.00,E,12.3,45.0,%s,0.3,W" % (talker, clock, state, date)
    return summed(b"$", body) + b"\r\n"


def zda(clock, day=b"20", month=b"11", year=b"2026"):
    return summed(b"$", b"GNZDA,%s,%s,%s,%s,00,00" % (clock, day, month, year)) + b"\n"


def times_of(read, feed):
    frame = read(feed, "log.nmea").positions
    return [t.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-4] for t in frame["time"]]


@pytest.mark.parametrize("line", [rmc, zda])
def test_what_stands_between_two_of_them_has_the_time_of_the_first(read, line):
    feed = line(b"235958.00") + sentence(1) + sentence(2) + line(b"235959.50") + sentence(3)
    feed += line(b"235959.90")
    assert times_of(read, feed) == [
        "2026-11-20T23:59:58.00",
        "2026-11-20T23:59:58.00",
        "2026-11-20T23:59:59.50",
    ]


def test_a_time_of_the_sentence_itself_goes_before(read):
    feed = rmc(b"100000") + sentence(1, 1_795_168_803) + sentence(2) + rmc(b"100005")
    assert times_of(read, feed) == ["2026-11-20T10:00:03.00"] * 2


def test_they_are_counted_and_said_to_be_of_lines_around(read):
    report = read(rmc(b"100000") + sentence(1) + rmc(b"100001"), "log.nmea").report
    assert report.time_from_neighbours == 1
    assert report.other_lines == {"$GPRMC": 2}


@pytest.mark.parametrize(
    "line",
    [
        rmc(b"100000", state=b"V"),
        rmc(b"250000"),
        rmc(b"10000"),
        rmc(b""),
        rmc(b"100000", date=b""),
        rmc(b"100000", date=b"2011"),
        rmc(b"100000", date=b"2011xx"),
        rmc(b"100000", date=b"310226"),
        rmc(b"100000.5x"),
        zda(b"100000", day=b"32"),
        zda(b"100000", year=b"26"),
        zda(b"100000", year=b"1980"),
        rmc(b"100000").replace(b"45.0", b"46.0"),
        rmc(b"100000").split(b"*")[0] + b"\r\n",
        b"$GPRMC,100000,A*4D\n",
        b"$GPZDA\n",
        b"$GPRMC,\n",
    ],
)
def test_what_says_no_time_or_is_damaged_dates_nothing(read, line):
    with pytest.raises(IngestError, match="no times"):
        read(line + sentence(1) + line, "log.nmea")


def test_silence_of_the_clock_is_not_guessed_over(read):
    feed = rmc(b"100000") + sentence(1) + rmc(b"100100") + sentence(2) + rmc(b"100101")
    got = read(feed, "log.nmea")
    assert got.report.rejected == {"no time": 1}
    assert len(got.positions) == 1


def test_the_checksum_of_these_lines_is_that_of_the_standard():
    line = b"GPZDA,160012.71,11,03,2004,-1,00"  # as receivers' manuals print it: *7D
    assert functools.reduce(operator.xor, line, 0) == 0x7D

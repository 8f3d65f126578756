"""What anybody who can reach a listener sends it, and what becomes of what the others sent."""

from pathlib import Path

import pytest

from pipelines.ingest import FeedFile, IngestOptions, decode
from pipelines.ingest.listen.stamp import Stamper, tag_block
from pipelines.ingest.listen.status import Counts

SENTENCE = b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C"
TRUTH = b'{"t0": 1767628800.0, "t1": 1767715200.0, "events": ['
NOW = 1_767_628_800.0


def recorded(folder: Path, lines: list[bytes]) -> FeedFile:
    """Return the file that a listener makes of lines, one a second."""
    stamper = Stamper("pier7", Counts())
    kept = [one for k, line in enumerate(lines) for one in stamper.stamp([line], NOW + k)]
    path = folder / "20260105T160000Z-pier7.nmea"
    path.write_bytes(b"\n".join([*kept, b""]))
    return FeedFile.of(path, path.name)


@pytest.mark.parametrize(
    "line",
    [
        tag_block(b"s:SELATSIM"),
        tag_block(b"s:SELATSIM1") + b"!AI",
        tag_block(b"s:SELATSIM,s:r1") + SENTENCE,
        tag_block(b"s:SELATSIM") + tag_block(b"s:r1") + SENTENCE,
        rb"\s:SELATSIM,s:r1\\" + SENTENCE,
        SENTENCE + tag_block(b"s:SELATSIM"),
        SENTENCE + tag_block(b"s:SELATSIM") + b"*00",
        b"x" + tag_block(b"c:1767628800,s:SELATSIM"),
        b'{"nmea":"' + tag_block(b"s:SELATSIM,s:r1") + SENTENCE + b'"}',
    ],
)
def test_no_line_makes_an_exercise_of_a_recording(tmp_path: Path, line: bytes) -> None:
    """The whole file would be one, and refused, or refused as a mixture."""
    decoding = decode(recorded(tmp_path, [SENTENCE, line, *[SENTENCE] * 8]), IngestOptions())
    assert sum(len(batch.positions) for batch in decoding) == 9
    assert not decoding.report.simulated


TABLES = [
    b"MMSI,BaseDateTime,LAT,LON",
    b"\xef\xbb\xbfMMSI,BaseDateTime,LAT,LON",
    b"sighting_id,time,lat,lon,uncertainty_m,source",
    b'{"mmsi": 563000101, "lat": 1, "lon": 103, "time": "2026-01-05T17:00:00Z"}',
    b'{"data":[',
    b'{"MessageType": "PositionReport", "MetaData": {}, "Message": {}}',
    TRUTH,
    b"<?xml version='1.0'?>",
]


@pytest.mark.parametrize("line", TABLES)
def test_no_first_line_makes_a_table_of_a_recording(tmp_path: Path, line: bytes) -> None:
    """All that came behind it would be rejected, or passed over unread."""
    feed = recorded(tmp_path, [line, *[SENTENCE] * 9])
    decoding = decode(feed, IngestOptions())
    assert sum(len(batch.positions) for batch in decoding) == 9
    assert decoding.report.format == "nmea"


@pytest.mark.parametrize("line", TABLES)
@pytest.mark.parametrize("more", [b"a", b"{}"])
def test_nor_do_many_lines_behind_it(tmp_path: Path, line: bytes, more: bytes) -> None:
    """Two bytes each, and more of them than of sentences, took a quarter of an hour of all."""
    feed = recorded(tmp_path, [line, *[SENTENCE, more, more] * 9])
    decoding = decode(feed, IngestOptions())
    assert sum(len(batch.positions) for batch in decoding) == 9
    assert decoding.report.format == "nmea"


@pytest.mark.parametrize(
    "before",
    [
        b"2026-01-06 00:00:00 MYT ",
        b"2026-01-06 00:00:00 2026-01-05T16:00:00Z ",
        b"2026-01-06 00:00:00,1767628800,",
        b'2026-01-06T00:00:05Z {"rxtime":"20260105160005","nmea":["',
    ],
)
def test_no_time_that_nobody_can_tell_has_a_recording_refused(
    tmp_path: Path, before: bytes
) -> None:
    """One line did, with all that was heard in that quarter of an hour: it is dated as it comes."""
    feed = recorded(tmp_path, [*[SENTENCE] * 4, before + SENTENCE, *[SENTENCE] * 4])
    found = [batch.positions for batch in decode(feed, IngestOptions())]
    assert [int(at.timestamp() - NOW) for table in found for at in table["time"]] == [*range(9)]

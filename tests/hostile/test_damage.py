"""Feeds that are damaged, or change: what is readable is read, and nothing is guessed."""

import gzip
import io
import itertools
import zipfile
import zlib
from datetime import UTC, datetime
from functools import reduce
from operator import xor

import pandas as pd
import pytest
import zstandard
from pyais.encode import encode_dict

from pipelines import store
from pipelines.base.progress import reporter
from pipelines.base.settings import PROJECT, load
from pipelines.ingest import ChangedError, FeedFile, IngestError, IngestOptions, decode
from pipelines.ingest.aivdm import reread
from pipelines.ingest.cells import NO_TIME, times
from pipelines.ingest.sightings import read as read_sightings
from pipelines.run.feeds import ingest_only
from pipelines.run.setup import load_zones
from pipelines.run.sightings import import_only

T0 = 1_700_000_000
HEADER = b"MMSI,BaseDateTime,LAT,LON\n"


def row(n: int, at: str = "2024-01-01T00:00:00") -> bytes:
    return f"{533000001 + n},{at},1.25,{100 + n / 1000:.3f}\n".encode()


def checked(body: str) -> str:
    return f"{body}*{reduce(xor, body.lstrip('!$').encode(), 0):02X}"


def tagged(line: str, time: int = T0, station: str = "r1") -> bytes:
    block = checked(f"s:{station},c:{time}")
    return f"\\{block}\\{line}\n".encode()


def position(n: int = 0) -> str:
    fields = {"lat": 3.0, "lon": 100.0, "mmsi": 533000001 + n, "msg_type": 1}
    return str(encode_dict(fields, talker_id="AI")[0])


def static(n: int) -> list[str]:
    fields = {"mmsi": 533000001 + n, "msg_type": 5, "shipname": f"SHIP {n}", "destination": "PKG"}
    return list(encode_dict(fields, talker_id="AI", seq_id=3, radio_channel="A"))


@pytest.fixture(scope="module")
def sentences() -> bytes:
    return b"".join(tagged(position(n % 40), T0 + n) for n in range(4000))


@pytest.fixture
def read(tmp_path):
    number = itertools.count()

    def _read(content: bytes, **options):
        path = tmp_path / f"feed{next(number)}"
        path.write_bytes(content)
        decoding = decode(FeedFile(path, path.name, "0" * 64), IngestOptions(**options))
        frames = [(batch.positions, batch.statics) for batch in decoding]
        assert decoding.report.unaccounted == 0
        positions, statics = (
            pd.concat([f[i] for f in frames]) if frames else pd.DataFrame() for i in (0, 1)
        )
        return positions, statics, decoding.report

    return _read


def zipped(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("feed", content)
    return out.getvalue()


# Compressed streams


@pytest.mark.parametrize("at", [-1, -5, -8], ids=["size", "crc", "crc's first byte"])
def test_a_gzip_with_a_wrong_trailer_gives_every_line(read, sentences, at):
    packed = bytearray(gzip.compress(sentences))
    packed[at] ^= 0x40
    positions, _, report = read(bytes(packed))
    assert len(positions) == 4000
    assert report.rejected == {"damaged archive": 1}


@pytest.mark.parametrize("place", [0.03, 0.4, 0.77, 0.98])
def test_a_damaged_gzip_gives_what_zlib_gives(read, sentences, place):
    packed = bytearray(gzip.compress(sentences))
    at = int(len(packed) * place)
    packed[at : at + 40] = b"\xff" * 40
    inner, out = zlib.decompressobj(31), b""
    try:
        for byte in packed:
            out += inner.decompress(bytes([byte]))
    except zlib.error:
        pass
    _, _, report = read(bytes(packed))
    assert report.rows_read >= out.count(b"\n")
    assert {"damaged archive", "truncated archive"} & set(report.rejected)


def test_a_gzip_with_rubbish_behind_its_members(read, sentences):
    half = len(sentences) // 2
    packed = gzip.compress(sentences[:half]) + gzip.compress(sentences[half:])
    for rubbish in (b"rubbish", b"\x1f\x8b\x08rubbish", b"\x1f"):
        positions, _, report = read(packed + rubbish)
        assert len(positions) == 4000
        assert sum(report.rejected.values()) == 1


PACKERS = {
    "gzip": gzip.compress,
    "zstandard": lambda b: zstandard.ZstdCompressor(write_checksum=True).compress(b),
    "zip, deflate": zipped,
    "zip, stored": lambda b: zipped(b, zipfile.ZIP_STORED),
}


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_damage_anywhere_is_told_and_costs_nothing_but_what_is_behind_it(read, sentences, pack):
    content = sentences[: sentences.index(b"\n", 60_000) + 1]
    packed = pack(content)
    for at in range(0, len(packed), len(packed) // 23):
        for damaged in (packed[:at], packed[:at] + bytes([packed[at] ^ 0x55]) + packed[at + 1 :]):
            try:
                positions, _, report = read(damaged)
            except IngestError:
                continue
            told = set(report.rejected) & {"damaged archive", "truncated archive"}
            assert told or len(positions) == content.count(b"\n")


def test_every_block_before_the_damage_of_a_zstandard_frame(read, sentences):
    packed = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(sentences))
    packed[-1] ^= 1
    positions, _, report = read(bytes(packed))
    assert len(positions) == 4000
    assert report.rejected == {"damaged archive": 1}


def test_a_zip_that_lies_about_a_size(read, sentences):
    packed = bytearray(zipped(sentences))
    at = packed.index(b"PK\x01\x02")
    for size in (10, 2**31):
        packed[at + 24 : at + 28] = size.to_bytes(4, "little")
        positions, _, report = read(bytes(packed))
        assert len(positions) == 4000
        assert report.rejected == {"damaged archive": 1}


# Files that change


def test_a_file_that_grows_is_read_as_far_as_its_digest_goes(tmp_path, sentences):
    path = tmp_path / "growing.nmea"
    path.write_bytes(sentences[:-20])
    feed = FeedFile.of(path, "growing.nmea")
    path.write_bytes(sentences * 2)
    decoding = decode(feed, IngestOptions())
    assert sum(len(batch.positions) for batch in decoding) == 3999
    # Half a line isn't taken for a whole one, and the file isn't called damaged.
    assert decoding.report.rejected == {"unfinished line": 1}


def test_a_file_that_grows_while_it_is_read(tmp_path, sentences):
    path = tmp_path / "growing.nmea"
    path.write_bytes(sentences * 8)
    feed = FeedFile.of(path, "growing.nmea")

    def grow(_: int) -> None:
        with path.open("ab") as file:
            file.write(sentences)

    decoding = decode(feed, IngestOptions(), grow)
    assert sum(len(batch.positions) for batch in decoding) == 32_000
    assert not decoding.report.rejected


def test_half_a_line_goes_when_the_rest_of_it_has_come(tmp_path):
    """Who writes by the block leaves one between two looks, and half a number is a wrong one."""
    one, path = load(tmp_path / "home", PROJECT / "config"), tmp_path / "growing.csv"
    whole = HEADER + b"".join(row(n, f"2024-01-01T00:0{n}:00") for n in range(9))
    taken = []
    with reporter(quiet=True) as report:
        zones = load_zones(one)
        # A line that is whole, and one of which a digit lacks; then it is called otherwise too.
        for content, name in ((whole[:-36], path), (whole[:-3], path), (whole, tmp_path / "old.1")):
            path.unlink(missing_ok=True)
            name.write_bytes(content)
            ingest_only(one, zones, [str(name)], area="all", mapping=None, report=report)
            with store.read(one.store, one.settings.store) as opened:
                files = opened.sql("SELECT path FROM files")["path"].tolist()
                places = opened.day_positions(files, pd.Timestamp("2024-01-01T00:00Z"))
                taken.append(dict(zip(places["mmsi"] - 533000001, places["lon"], strict=True)))
                assert len(places) == len(taken[-1]) or content != whole
    assert taken[1][8] == 100.0
    assert taken[2] == {n: 100 + n / 1000 for n in range(9)}


def test_half_a_sighting_goes_when_the_rest_of_it_has_come(tmp_path):
    """It was one of a boat that nobody saw, which no vessel's reports account for."""
    one, path = load(tmp_path / "home", PROJECT / "config"), tmp_path / "seen.csv"
    begin = (
        "sighting_id,time,source,uncertainty_m,lat,lon\nr1,2026-01-05T17:00Z,radar,50,3,100.25\n"
    )
    with reporter(quiet=True) as report:
        for end in ("r2,2026-01-05T18:00Z,radar,50,3,100.", "5\n", "r3"):
            begin += end
            path.write_text(begin)
            import_only(one, [str(path)], report)
    with store.read(one.store, one.settings.store) as opened:
        seen = opened.all_sightings()
    assert dict(zip(seen["sighting_id"], seen["lon"], strict=True)) == {"r1": 100.25, "r2": 100.5}


@pytest.mark.parametrize("how", ["replaced", "shortened", "written over", "zip grown"])
def test_a_file_that_isnt_any_more_what_its_digest_says(tmp_path, sentences, how):
    path = tmp_path / "feed"
    path.write_bytes(zipped(sentences) if how == "zip grown" else sentences)
    feed = FeedFile.of(path, "feed")
    if how == "replaced":
        (tmp_path / "other").write_bytes(sentences.replace(b"r1", b"r2"))
        (tmp_path / "other").rename(path)
    elif how == "shortened":
        path.write_bytes(sentences[: len(sentences) // 2])
    elif how == "written over":
        path.write_bytes(sentences.replace(b"r1", b"r2"))
    else:
        path.write_bytes(zipped(sentences * 2))
    with pytest.raises(ChangedError, match="changed while it was read"):
        list(decode(feed, IngestOptions()))


# Lines


@pytest.mark.parametrize("first", [b"x" * (1 << 20), b'"' * (1 << 20), b"# " * (1 << 19)])
def test_a_first_line_of_a_megabyte(read, sentences, first):
    assert len(read(first + b"\n" + sentences)[0]) == 4000
    positions, _, report = read(first + b"\n" + HEADER + row(1) + row(2))
    assert len(positions) == 2
    assert report.format == "noaa-2015"


def test_a_lone_carriage_return_among_line_feeds(read, sentences):
    lines = sentences.splitlines(keepends=True)
    lines[7] = lines[7].replace(b"\n", b"\r")
    assert len(read(b"".join(lines))[0]) == 4000
    rows = [row(n) for n in range(9)]
    for end in (b"\r", b"\r\n"):
        rows[4] = rows[4].rstrip() + end
        positions, _, report = read(HEADER + b"".join(rows))
        assert len(positions) == 9
        assert positions["source_offset"].tolist() == list(range(2, 11))
        assert not report.rejected


# Times


def test_a_date_without_a_clock_isnt_midnight(read, tmp_path):
    dates = ["2024-01-01", "20240101", "2024-01", "2024-W01-1", "2024-01-01Z", "2024-01-01+08:00"]
    content = HEADER + b"".join(row(n, at) for n, at in enumerate(dates)) + row(9)
    positions, _, report = read(content)
    assert positions["mmsi"].tolist() == [533000010]
    assert report.rejected == {"time": len(dates)}
    with pytest.raises(IngestError, match="no row has a time"):
        read(HEADER + row(1, "2024-01-01"))

    import pyarrow as pa

    only_dates = times(pa.array(["01/02/2024"]), ("%d/%m/%Y",), "UTC")
    assert only_dates.tolist() == [NO_TIME]

    path = tmp_path / "seen.csv"
    path.write_text("time,lat,lon\n2024-01-01,3,100\n2024-01-01T00:00Z,3,100\n")
    got = read_sightings(path, datetime(2026, 1, 1, tzinfo=UTC)).report
    assert (got.sightings, got.rejected) == (1, {"time: a date without a clock": 1})


# Messages of several parts


@pytest.mark.parametrize("stations", [20, 120])
def test_messages_of_many_stations_with_one_sequence_number(read, stations):
    firsts, seconds = zip(*(static(n) for n in range(stations)), strict=True)
    for second in (seconds, seconds[::-1]):
        names = list(range(stations)) if second is seconds else list(range(stations))[::-1]
        text = b"".join(tagged(line, T0, f"r{n}") for n, line in enumerate(firsts))
        behind = b"".join(tagged(line, T0, f"r{n}") for n, line in zip(names, second, strict=True))
        _, statics, report = read(text + behind)
        assert sorted(statics["name"]) == sorted(f"SHIP {n}" for n in range(stations))
        assert not report.rejected
        last = text.rstrip().rfind(b"\n") + 1
        assert reread(text + behind, last).fields["shipname"] == f"SHIP {stations - 1}"


def test_a_second_part_without_a_tag_block_goes_to_the_message_heard_last(read):
    (a1, a2), (b1, b2) = static(1), static(2)
    text = tagged(a1, T0, "r1") + tagged(b1, T0, "r2") + (b2 + "\n").encode()
    _, statics, _ = read(text + tagged(a2, T0, "r1"))
    assert sorted(statics["name"]) == ["SHIP 1", "SHIP 2"]


# Exercises


@pytest.mark.parametrize("byte", [0x0A, 0x21, 0x5C])
def test_one_flipped_byte_in_an_exercise_isnt_a_mixture(read, byte):
    line = tagged(position(), T0, "SELATSIM-KLANG")
    for at in range(0, 44):
        feed = line * 3 + line[:at] + bytes([byte]) + line[at + 1 :] + line * 2
        assert read(feed)[2].simulated


def test_real_sentences_in_an_exercise_are_a_mixture_though_it_is_damaged(read):
    line = tagged(position(), T0, "SELATSIM-KLANG")
    two = tagged(position(1)) + tagged(position(2), T0, "r2")
    for real in (two, 2 * (position() + "\n").encode()):
        with pytest.raises(IngestError, match="mixed"):
            read(line * 3 + b"rubbish\n" * 5 + real + b"\n" + line)

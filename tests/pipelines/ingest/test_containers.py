"""Compressed feeds: recognised by content, damage counted, growth bounded."""

import gzip
import io
import struct
import zipfile

import pytest
import zstandard

from pipelines.ingest import IngestError
from tests.pipelines.ingest.conftest import sentences, tagged


@pytest.fixture
def lines():
    """A few thousand different lines."""

    def _lines(n: int) -> bytes:
        base = [sentences(mmsi=533000000 + i)[0] for i in range(50)]
        return "".join(tagged([base[i % 50]], 1_700_000_000 + i) for i in range(n)).encode()

    return _lines


def line_starts(content: bytes) -> list[int]:
    return [0, *(at + 1 for at, byte in enumerate(content[:-1]) if byte == 0x0A)]


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


PACKERS = {
    "plain": bytes,
    "gzip": gzip.compress,
    "gzip of several members": lambda b: (
        gzip.compress(b[: len(b) // 3]) + gzip.compress(b"") + gzip.compress(b[len(b) // 3 :])
    ),
    "gzip padded with zeros": lambda b: gzip.compress(b) + bytes(512),
    "zstandard": zstandard.compress,
    "zstandard of several frames": lambda b: (
        zstandard.compress(b[:999]) + zstandard.compress(b[999:])
    ),
    "zstandard with a frame to skip": lambda b: (
        struct.pack("<II", 0x184D2A50, 4) + b"skip" + zstandard.compress(b)
    ),
    "zip": lambda b: zipped(feed=b),
}


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS.keys())
@pytest.mark.parametrize("name", ["feed.csv", "feed.gz", "feed"])
def test_containers_are_told_by_their_content(read, lines, pack, name):
    content = lines(3000)
    got = read(pack(content), name)
    assert got.positions["source_offset"].tolist() == line_starts(content)
    assert got.report.rejected == {}


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstandard"])
def test_truncated_archive_gives_its_good_rows_and_one_reject(read, lines, pack):
    content = lines(60_000)
    packed = pack(content)
    got = read(packed[: len(packed) * 2 // 3])
    assert 10_000 < len(got.positions) < 60_000
    assert got.report.rejected == {"truncated archive": 1}
    # The cut line isn't taken for a whole one.
    starts = line_starts(content)
    assert got.positions["source_offset"].tolist() == starts[: len(got.positions)]
    assert got.report.samples[0]["line"] == starts[len(got.positions)]


def test_half_a_number_at_the_end_of_a_truncated_table_is_no_number(read):
    header = "MMSI,BaseDateTime,LAT,LON\n"
    row = "533000001,2024-01-01T00:00:00,1.25,103.8638\n"
    packed = zstandard.compress((header + row * 2).encode())
    stream = gzip.compress((header + row + row[:-3]).encode())
    got = read(stream[:-8])
    assert got.positions["lon"].tolist() == [103.8638]
    assert got.report.rejected == {"truncated archive": 1}
    assert len(read(packed).positions) == 2


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstandard"])
def test_an_archive_that_yields_nothing_is_an_error(read, lines, pack):
    with pytest.raises(IngestError, match="nothing in it can be read") as error:
        read(pack(lines(10))[:12])
    assert error.value.hint


def test_a_zip_whose_directory_points_before_the_file(read, lines):
    packed = bytearray(zipped(feed=lines(10), more=lines(20)))
    at = packed.index(b"PK\x01\x02")  # APPNOTE 4.3.12: the offset of a member is at 42
    del packed[at - 4 : at]
    with pytest.raises(IngestError):  # not an error of the file system, which is tried again
        read(bytes(packed))


def test_a_zip_of_a_version_to_come_is_read_if_its_content_is_as_ever(read, lines):
    packed = bytearray(zipped(feed=lines(10)))
    packed[packed.index(b"PK\x01\x02") + 6] = 64
    assert len(read(bytes(packed)).positions) == 10


def test_cut_zip_is_an_error(read, lines):
    with pytest.raises(IngestError, match="damaged or cut off"):
        read(zipped(feed=lines(100))[:-40])


def test_every_feed_in_a_zip_is_read_and_no_name_is_used(read, lines, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = b"MMSI,BaseDateTime,LAT,LON\n533000001,2024-01-01T00:00:00,1.25,103.8\n"
    names = {
        "../../evil.csv": table,
        "/abs.nmea": lines(5) + tagged(sentences(msg_type=5)).encode(),
        "b/README.txt": b"About this feed.",
        "inner.gz": gzip.compress(lines(5)),
    }
    got = read(zipped(**names))
    assert got.report.format == "nmea, noaa-2015"
    # Places are counted through the members, so that each row has one of its own.
    starts = line_starts(lines(5))
    assert got.positions["source_offset"].tolist() == [2, *(2 + start for start in starts)]
    assert got.statics["source_offset"].tolist() == [2 + len(lines(5))]
    assert [s["name"] for s in got.report.skipped] == ["b/README.txt", "inner.gz"]
    assert "archive in an archive" in got.report.skipped[1]["why"]
    assert list(tmp_path.iterdir()) == []


def test_zip_without_a_feed(read):
    with pytest.raises(IngestError, match="no feed"):
        read(zipped(**{"a.txt": b"hello"}))
    with pytest.raises(IngestError, match="no feed"):
        read(zipped())


@pytest.mark.parametrize(
    "pack",
    [gzip.compress, zstandard.compress, lambda b: zipped(a=b)],
    ids=["gzip", "zstandard", "zip"],
)
def test_what_an_archive_grows_to_is_bounded(read, lines, pack):
    content = lines(30_000)
    with pytest.raises(IngestError, match="too large"):
        read(pack(content), max_uncompressed_bytes=1_000_000)
    assert len(read(pack(content), max_uncompressed_bytes=len(content)).positions) == 30_000


def test_progress_is_in_bytes_of_the_file_on_disk(lines, tmp_path):
    from pipelines.ingest import FeedFile, IngestOptions, decode

    for pack in PACKERS.values():
        path = tmp_path / "feed"
        path.write_bytes(pack(lines(3000)))
        seen: list[int] = []
        list(decode(FeedFile(path, "feed", "0" * 64), IngestOptions(), seen.append))
        assert seen == sorted(seen)
        assert seen[-1] == pytest.approx(path.stat().st_size, abs=200)

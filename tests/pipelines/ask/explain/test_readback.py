"""Reports read back from the feed by their place, whatever it is packed in."""

import gzip
import random
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import zstandard

from pipelines.ingest.errors import IngestError
from pipelines.ingest.readback import read_back

LIMIT = 1 << 30
GOOD = rb"\s:A,c:1767629592*42\!AIVDM,1,1,,B,18KjCR5P01WLDkp0as`2tj8L0000,0*"


def sentence(body: bytes) -> bytes:
    text = body[body.index(b"!") + 1 : -1]
    parity = 0
    for byte in text:
        parity ^= byte
    return body + f"{parity:02X}".encode()


LINE = sentence(GOOD)


@pytest.fixture(scope="module")
def feed() -> tuple[bytes, list[int]]:
    """Three megabytes with the same sentence at known places between other lines."""
    chance = random.Random(7)
    data, places = b"", []
    for _ in range(40):
        data += b"# noise\r\n" * chance.randrange(1, 18_000)
        places.append(len(data))
        data += LINE + b"\r\n"
    return data, places


@pytest.mark.parametrize("packed", ["plain", "gzip", "zstandard", "zip"])
def test_a_sentence_is_found_at_its_byte(
    tmp_path: Path, feed: tuple[bytes, list[int]], packed: str
) -> None:
    data, places = feed
    path = tmp_path / "feed"
    if packed == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("feed.nmea", data)
    else:
        pack = {"gzip": gzip.compress, "zstandard": zstandard.compress, "plain": bytes}[packed]
        path.write_bytes(pack(data))
    wanted = [places[5], places[0], places[-1], places[5] + 3]
    found = read_back(path, "feed", "nmea", wanted, LIMIT)
    for place in wanted[:3]:
        assert found[place].lines == (LINE.decode(),)
        assert found[place].fields["msg_type"] == 1
        assert not found[place].problem
    assert "no AIS sentence" in found[wanted[3]].problem or found[wanted[3]].lines


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_message_of_two_parts_is_shown_whole_in_any_order(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    static = (
        rb"!AIVDM,2,1,3,B,55P5TL01VIaAL@7WKO@mBplU@<PDhh000000001S;AJ::4A80?4i@E53,0*",
        rb"!AIVDM,2,2,3,B,1@0000000000000,2*",
    )
    lines = [sentence(b"\\s:A,c:1767629592*42\\" + static[part]) for part in order]
    (tmp_path / "feed").write_bytes(b"\r\n".join(lines) + b"\r\n")
    found = read_back(tmp_path / "feed", "feed", "nmea", [0], LIMIT)[0]
    assert found.fields["msg_type"] == 5
    first, second = found.lines
    assert first == lines[0].decode(), "with its tag block"
    assert second == lines[1].decode().rpartition("\\")[2]


def test_a_place_beyond_the_end_is_a_problem_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "feed").write_bytes(LINE + b"\n")
    found = read_back(tmp_path / "feed", "feed", "nmea", [0, 10_000], LIMIT)
    assert found[0].lines
    assert found[10_000].problem


def test_a_line_of_a_table_comes_with_its_header(tmp_path: Path) -> None:
    text = "MMSI,LAT\r\n" + "".join(f"{k},4.0\r\n" for k in range(1000))
    (tmp_path / "t.csv").write_text(text, newline="")
    found = read_back(tmp_path / "t.csv", "t.csv", "noaa", [2, 501, 5000], LIMIT)
    assert found[2].lines == ("MMSI,LAT", "0,4.0")
    assert found[501].lines == ("MMSI,LAT", "499,4.0")
    assert found[5000].problem


def test_a_row_of_parquet(tmp_path: Path) -> None:
    pd.DataFrame({"mmsi": range(100)}).to_parquet(tmp_path / "t.parquet", row_group_size=7)
    found = read_back(tmp_path / "t.parquet", "t", "custom", [1, 50, 101], LIMIT)
    assert (found[1].fields["mmsi"], found[50].fields["mmsi"]) == (0, 49)
    assert found[101].problem


def test_an_archive_of_several_files_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", LINE)
        archive.writestr("b", LINE)
    with pytest.raises(IngestError, match="several files"):
        read_back(tmp_path / "a.zip", "a.zip", "nmea", [0], LIMIT)

"""Small files that stand for much: refused, or read, in less than 100 MB of memory."""

import gzip
import io
import json
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as papq
import pytest
import zstandard

from pipelines.base import zips
from pipelines.ingest import FeedFile, IngestError, IngestOptions, decode
from pipelines.ingest.sightings import files

MEBIBYTE = bytes(1 << 20)
SIZE = 100  # mebibytes
LINE = b"!AIVDM,1,1,,A,13u?etPv2;0n:dDPwUM1U1Cb069D,0*24\n"

MEASURE = """
import json, resource, sys
from pathlib import Path
from pipelines.ingest import FeedFile, IngestOptions, decode, key
def read(path):
    try:
        feed = FeedFile.of(path, path.name)
        key(feed, IngestOptions())
        for _ in decode(feed, IngestOptions()): pass
    except Exception as error:
        return str(error)
    return "read"
def peak_mb(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
read(Path(sys.argv[1]) / "good.nmea"); read(Path(sys.argv[1]) / "good.parquet")
before, told = peak_mb(), {}
for path in sorted(Path(sys.argv[1]).glob("bomb*")):
    told[path.name] = read(path), peak_mb() - before
print(json.dumps(told))
"""


def table(rows: int, **more: pa.Array) -> pa.Table:
    texts = pa.array(["2024-01-01T00:00:00"]).dictionary_encode()
    return pa.table(
        {
            "MMSI": pa.array(np.full(rows, 533000001)),
            "BaseDateTime": texts.take(pa.array(np.zeros(rows, "int32"))),
            "LAT": pa.array(np.full(rows, 1.25)),
            "LON": pa.array(np.full(rows, 103.8)),
            **more,
        }
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What became of each bomb, and the memory used until then above that of good feeds."""
    folder = tmp_path_factory.mktemp("bombs")
    (folder / "good.nmea").write_bytes(LINE * 1000)
    papq.write_table(table(200_000), folder / "good.parquet")
    with (
        zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("feed", "w") as member,
    ):
        member.write(LINE)
        for _ in range(SIZE):
            member.write(MEBIBYTE)
    packer = zlib.compressobj(wbits=31)
    (folder / "bomb.gz").write_bytes(
        packer.compress(LINE)
        + b"".join(packer.compress(MEBIBYTE) for _ in range(SIZE))
        + packer.flush()
    )
    for window in (20, 27, 31):
        settings = zstandard.ZstdCompressionParameters.from_level(1, window_log=window)
        packer = zstandard.ZstdCompressor(compression_params=settings).compressobj()
        (folder / f"bomb-{window}.zst").write_bytes(
            packer.compress(LINE)
            + b"".join(packer.compress(MEBIBYTE) for _ in range(SIZE))
            + packer.flush()
        )
    much = pa.DictionaryArray.from_arrays(np.zeros(200_000, "int32"), ["x" * 900_000])
    papq.write_table(table(200_000, VesselName=much), folder / "bomb-texts.parquet")
    papq.write_table(
        table(50, VesselName=pa.array(["y" * 3_000_000] * 50)),
        folder / "bomb-page.parquet",
        compression="zstd",
        use_dictionary=False,
        data_page_size=1 << 30,
    )
    million = table(1_000_000)
    with papq.ParquetWriter(folder / "bomb-rows.parquet", million.schema) as writer:
        for _ in range(3):
            writer.write_table(million)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, folder], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def test_no_bomb_is_read(told):
    assert len(told) == 8
    assert all("too large" in what for what, _ in told.values()), told


def test_no_bomb_takes_much_memory(told):
    assert max(mb for _, mb in told.values()) < 100, told


def with_entries(count: int, said: int) -> bytes:
    fields = (20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
    entries = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *fields) + b"a"
    length = len(entries) * count
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, said, said, length, 4)
    end += struct.pack("<4sLQL", b"PK\x06\x07", 0, length, 1)
    end += struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    return b"PK\x03\x04" + entries * count + end


@pytest.mark.parametrize(("count", "said"), [(1_000_000, 1_000_000), (1_000_000, 5), (20_000, 5)])
def test_a_directory_of_a_million_files(tmp_path, count, said):
    path = tmp_path / "many.zip"
    path.write_bytes(with_entries(count, said))
    with pytest.raises(IngestError, match="too large"):
        list(decode(FeedFile.of(path, "many.zip"), IngestOptions()))


def test_blocks_are_small_whatever_they_stand_for():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", MEBIBYTE * 20)
    [entry] = zips.directory(out)
    sizes = [len(block) for block in zips.blocks(out, entry)]
    assert max(sizes) <= 1 << 20
    assert sum(sizes) == 20 << 20


def test_geojson_that_grows_in_memory_is_refused(tmp_path: Path, monkeypatch):
    from datetime import UTC, datetime

    monkeypatch.setattr(files, "MAX_JSON_BYTES", 1000)
    path = tmp_path / "seen.geojson"
    path.write_text('{"type":"FeatureCollection","features":[' + "{}," * 1000 + "{}]}")
    with pytest.raises(files.SightingsError, match="larger than"):
        files.read(path, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("rows", [1000, 1001])
def test_sightings_without_end_are_refused(tmp_path: Path, monkeypatch, rows):
    """They are taken in from among feeds, and each takes fifty times its text."""
    from datetime import UTC, datetime

    monkeypatch.setattr(files, "MAX_ROWS", 1000)
    path = tmp_path / "seen.csv"
    said = [f"2026-01-01T01:00Z,{n / 1000},100,\n" for n in range(rows)]
    path.write_text("time,lat,lon,uncertainty_m\n" + "".join([*said, *said[:500]]))
    if rows == 1000:
        assert len(files.read(path, datetime(2027, 1, 1, tzinfo=UTC)).sightings) == rows
        return
    with pytest.raises(files.SightingsError, match="more than 1,000 sightings"):
        files.read(path, datetime(2027, 1, 1, tzinfo=UTC))


def test_packed_sightings_without_end_are_refused(tmp_path: Path, monkeypatch):
    from datetime import UTC, datetime

    monkeypatch.setattr(files, "MAX_BYTES", 1_000_000)
    path = tmp_path / "seen.csv.gz"
    path.write_bytes(gzip.compress(b"time,lat,lon,uncertainty_m\n" + bytes(50_000_000)))
    with pytest.raises(files.SightingsError, match="grows to more than"):
        files.read(path, datetime(2026, 1, 1, tzinfo=UTC))

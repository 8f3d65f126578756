"""One made-up sample per format: what comes out of it, packed or not, whatever it is called."""

import gzip
import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import zstandard

from pipelines.base.yaml_files import read_yaml
from pipelines.ingest import IngestError
from pipelines.ingest.formats import FORMATS, Head
from pipelines.ingest.layouts import load_layouts

SAMPLES = Path(__file__).with_name("samples")
MAPPINGS = SAMPLES / "mappings.yaml"
EXPECTED = read_yaml(SAMPLES / "samples.yaml")
POSITION = [
    "source_offset",
    "mmsi",
    "time",
    "lat",
    "lon",
    "sog_kn",
    "cog_deg",
    "heading_deg",
    "nav_status",
    "msg_type",
    "ais_class",
]
STATIC = [
    "source_offset",
    "mmsi",
    "imo",
    "name",
    "callsign",
    "ship_type",
    "length_m",
    "beam_m",
    "draught_m",
    "destination",
]
TEXT = [name for name in EXPECTED if not name.endswith(".parquet")]


def zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner", content)
    return out.getvalue()


def check(got, expected) -> None:
    report = got.report
    assert report.format == expected["format"]
    assert report.rows_read == expected["rows"]
    assert report.rejected == expected["rejected"]
    assert report.other_messages == expected["other"]
    for frame, names, rows in (
        (got.positions, POSITION, expected["positions"]),
        (got.statics, STATIC, expected["statics"]),
    ):
        wanted = pd.DataFrame(rows, columns=names)
        if "time" in names:
            wanted["time"] = pd.to_datetime(wanted["time"], utc=True, format="ISO8601")
        wanted = wanted.astype({name: frame[name].dtype for name in names})
        pd.testing.assert_frame_equal(frame[names], wanted, rtol=1e-9)


@pytest.mark.parametrize("name", EXPECTED)
def test_sample(read, name):
    check(read(SAMPLES / name, mappings=MAPPINGS), EXPECTED[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_the_size_of_batches_changes_nothing(read, name):
    for rows in (1, 2, 3):
        check(read(SAMPLES / name, mappings=MAPPINGS, batch_rows=rows), EXPECTED[name])


@pytest.mark.parametrize(
    "pack", [gzip.compress, zstandard.compress, zipped], ids=["gzip", "zstandard", "zip"]
)
@pytest.mark.parametrize("name", TEXT)
def test_samples_are_known_by_their_content(read, name, pack):
    got = read(pack((SAMPLES / name).read_bytes()), "misnamed.parquet", mappings=MAPPINGS)
    check(got, EXPECTED[name])


@pytest.mark.parametrize("name", TEXT)
def test_carriage_returns_and_a_byte_order_mark(read, name):
    content = (SAMPLES / name).read_bytes()
    got = read(b"\xef\xbb\xbf" + b"\r\n".join(content.splitlines()), mappings=MAPPINGS)
    if EXPECTED[name]["format"] == "nmea":
        # Places of sentences are bytes: the mark's three, and one more per line before.
        for frame in (got.positions, got.statics):
            frame["source_offset"] = [
                max(at - 3 - content.count(b"\n", 0, at - 3), 0) for at in frame["source_offset"]
            ]
    check(got, EXPECTED[name])


def test_every_format_and_layout_has_a_sample():
    samples = {path.name for path in SAMPLES.iterdir()} - {"samples.yaml", "mappings.yaml"}
    assert samples == set(EXPECTED)
    formats = {expected["format"] for expected in EXPECTED.values()}
    assert formats >= {"nmea", "aisstream", *load_layouts(MAPPINGS)}
    heads = [
        Head(path.read_bytes(), path.name, path, load_layouts(MAPPINGS), None)
        for path in map(SAMPLES.joinpath, EXPECTED)
    ]
    for form in FORMATS:
        assert any(form.find(head) for head in heads), form.title


def test_what_is_no_feed_says_which_formats_are(read):
    with pytest.raises(IngestError) as error:
        read("Just a letter.\nNothing else.\n")
    for form in FORMATS:
        assert form.title in error.value.hint

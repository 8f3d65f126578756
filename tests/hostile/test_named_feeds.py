"""Tables and JSON read by their names: what is made to cost time, memory or a wrong reading."""

import io
import itertools
import json

import pyarrow as pa
import pyarrow.parquet as papq
import pytest

from detectors.core.errors import SelatError
from pipelines.ingest import FeedFile, IngestOptions, decode
from pipelines.ingest.naming import Sample, by_names
from pipelines.ingest.unlisting import unlisted

GOOD = {"mmsi": 533000001, "time": "2026-01-01T00:00:00Z", "lat": 1.0, "lon": 103.0}


def outcome(tmp_path, content):
    """Rows that landed and rows that were read; None if it is refused with a message and a hint."""
    path = tmp_path / "feed"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    decoding = decode(FeedFile.of(path, "feed"), IngestOptions())
    try:
        landed = sum(len(batch.positions) for batch in decoding)
    except SelatError as error:
        if not (error.message and error.hint):
            raise
        return None
    assert decoding.report.unaccounted == 0
    return landed, decoding.report.rows_read


def test_headers_made_to_cost_time_are_passed_by(tmp_path):
    wide = ",".join(["mmsi", "time", "lat", "lon"] * 10_000)
    assert outcome(tmp_path, f"{wide}\n1,2,3,4\n") is None
    long = "a" * 60_000 + "_speed_over_ground_m_s" * 10
    got = outcome(tmp_path, f"mmsi,time,lat,lon,{long}\n533000001,2026-01-01T00:00:00Z,1,103,5\n")
    assert got == (1, 1)


def test_names_that_are_commands_or_controls_stay_text(tmp_path):
    header = "mmsi,time,lat,lon,=cmd|'/c calc'!A1,\x1b[31mname"
    assert outcome(tmp_path, f"{header}\n533000001,2026-01-01T00:00:00Z,1,103,x,y\n") == (1, 1)
    cells = ["533000001", "2026-01-01T00:00:00Z", "1", "103", "x"]
    named = by_names(Sample(["mmsi", "time", "lat", "lon", "\x1b[31mname"], [cells]))
    assert "\x1b" not in str(named.said)


@pytest.mark.parametrize(
    "line",
    [
        '{"a":' * 20_000,
        json.dumps(GOOD) + "x",
        json.dumps({**GOOD, "lat": {"deep": 1}}),
        json.dumps({**GOOD, "lat": "1.0"}),
        json.dumps({**GOOD, "mmsi": 1e300}),
        '{"mmsi": null}',
        "{}",
        "null",
    ],
)
def test_a_hostile_line_of_json_is_rejected_alone(tmp_path, line):
    sound = json.dumps(GOOD)
    assert outcome(tmp_path, "\n".join([sound] * 5 + [line, sound])) == (6, 7)


@pytest.mark.parametrize("coordinates", [[], [1], [[1, 2]], None, "x", [None, None]])
def test_features_without_a_point_land_nowhere(tmp_path, coordinates):
    told = {"mmsi": 533000001, "time": "2026-01-01T00:00:00Z"}
    whole = {**told, "geometry": {"type": "Point", "coordinates": [103.0, 1.0]}}
    broken = {**told, "geometry": {"type": "Point", "coordinates": coordinates}}
    lines = [json.dumps(one) for one in (whole, whole, broken, whole)]
    assert outcome(tmp_path, "\n".join(lines)) == (3, 4)


@pytest.mark.parametrize(
    "content",
    ["[" + " " * 500_000, '[{"', '[{"a": 1', "[{}]", '[{"a": 1}]' * 1000, '{"features": [{"'],
)
def test_lists_without_an_end_or_a_sense_are_refused(tmp_path, content):
    assert outcome(tmp_path, content) is None


def test_lists_are_cut_the_same_wherever_their_bytes_are():
    content = json.dumps([{"a": {"b": k}, "text": "x"} for k in range(3000)], indent=1).encode()
    whole = b"".join(unlisted(iter([content])))
    for size in (1, 7, 8191, 8193):
        pieces = [content[k : k + size] for k in range(0, len(content), size)]
        assert b"".join(unlisted(iter(pieces))) == whole
    assert whole.count(b"\n{") == 2999


def test_what_stands_between_objects_in_a_text_costs_that_object_alone(tmp_path):
    rows = [{**GOOD, "name": name} for name in ("A", "B }, { C", "D")]
    landed, read = outcome(tmp_path, json.dumps(rows))
    assert (landed, read) == (2, 4)


def test_parquet_with_columns_of_odd_kinds(tmp_path):
    kinds = {
        "mmsi": [533000001, [533000001], {"a": 1}],
        "time": ["2026-01-01T00:00:00Z", b"\xff\xfe", True],
        "lat": [1.0, "nan", [1.0]],
        "lon": [103.0],
    }
    landed = 0
    for chosen in itertools.product(*kinds.values()):
        out = io.BytesIO()
        papq.write_table(pa.table({n: [c] for n, c in zip(kinds, chosen, strict=True)}), out)
        got = outcome(tmp_path, out.getvalue())
        landed += got[0] if got else 0
    assert landed == 1

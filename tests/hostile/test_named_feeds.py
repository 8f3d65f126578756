"""Tables and JSON read by their names: what is made to cost time, memory or a wrong reading."""

import io
import itertools
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as papq
import pytest

from detectors.core.errors import SelatError
from pipelines.ingest import FeedFile, IngestOptions, decode, places
from pipelines.ingest.layouts import Layout
from pipelines.ingest.naming import by_names
from pipelines.ingest.samples import Sample
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


def test_what_follows_a_list_costs_no_object(tmp_path):
    rows = [{**GOOD, "mmsi": 533000001 + k} for k in range(3)]
    text = json.dumps({"data": {"ships": rows}, "more": {"next": [{"a": [1]}], "text": "]}"}})
    assert outcome(tmp_path, text) == (3, 3)
    assert outcome(tmp_path, text[: text.index('"more"') + 9]) == (3, 3)


def test_a_list_inside_each_object_is_no_list_of_objects(tmp_path):
    rows = [{**GOOD, "data": [{"a": 1}, {"a": 2}], "lat": k / 10} for k in range(3)]
    assert outcome(tmp_path, "\n".join(map(json.dumps, rows))) == (3, 3)


@pytest.mark.parametrize("name", ["data", "items", "positions", "vessels", "value", "features"])
def test_a_list_at_the_head_of_each_object_of_a_line_is_none_of_objects(tmp_path, name):
    """It was taken for a document's, and cost the first object, or all of them."""
    rows = [{"id": "x", name: [{"a": 1}, {"a": 2}], **GOOD, "lat": k / 10} for k in range(3)]
    assert outcome(tmp_path, "\r\n".join(map(json.dumps, rows))) == (3, 3)
    long = [{**row, "id": "x" * 3_000} for row in rows]
    assert outcome(tmp_path, "\n".join(map(json.dumps, long)) + "\n") == (3, 3)


def test_geometries_within_geometries_end_no_process():
    deep = ("0107000000" + "01000000") * 20_000 + "0101000000" + "00" * 16
    assert not places.is_point(deep)
    assert np.isnan(places.degrees("lat", places.POINT, [deep])).all()


def test_an_object_without_an_end_is_cut_the_same_wherever_its_bytes_are():
    content = b'[{"mmsi": "' + b"x" * 200_000 + b'"}, {"a": 1}, {"b": "' + b"y" * 150_000
    whole = b"".join(unlisted(iter([content])))
    for size in (7, 8193, 65_537):
        pieces = [content[k : k + size] for k in range(0, len(content), size)]
        assert b"".join(unlisted(iter(pieces))) == whole


MARK = "s:SELATSIM-A,c:1767628797*4A"
SENTENCE = "!AIVDM,1,1,,B,17mTq:PP01W@6ud1VfAndBB00000,0*1A"


def test_an_exercise_inside_json_stays_one(tmp_path):
    """Each backslash of its tag block is written twice there: passed over, all was real."""
    path = tmp_path / "log.jsonl"
    said = {"ts": 1767628797, "nmea": f"\\{MARK}\\{SENTENCE}"}
    path.write_text((json.dumps(said) + "\n") * 3)
    decoding = decode(FeedFile.of(path, "log"), IngestOptions())
    assert sum(len(batch.positions) for batch in decoding) == 3
    assert decoding.report.simulated


@pytest.mark.parametrize(
    "line",
    [
        json.dumps({"ts": 1767628797, "tag": MARK, "nmea": SENTENCE}),
        json.dumps({"ts": 1767628797, "nmea": f"\\{MARK}\\{SENTENCE}"}).replace("\\\\", "\\u005c"),
        json.dumps({"ts": 1767628797, "nmea": SENTENCE, "station": "SELATSIM-A"}),
    ],
)
def test_an_exercise_inside_json_whose_mark_the_decoder_misses_is_refused(tmp_path, line):
    assert outcome(tmp_path, f"{line}\n" * 3) is None


@pytest.mark.parametrize(
    ("said", "landed"),
    [
        ({"local_time": "2026-01-05 18:00:00"}, None),
        ({"timeMYT": "2026-01-05 18:00:00"}, None),
        ({"id": 1767628797}, None),
        ({"msgSeq": 1767628797123}, None),
        ({"time": "2026-01-05T10:00:00Z", "id": 47}, (3, 3)),
        ({"time_myt": "2026-01-05T18:00:00+08:00"}, (3, 3)),
        ({"id_time": 1767628797}, (3, 3)),
        ({"epoch_s": 1767628797}, (3, 3)),
        ({"unixtime": 1767628797}, (3, 3)),
    ],
)
def test_what_stands_before_sentences_in_json_is_a_time_in_utc_or_none(tmp_path, said, landed):
    line = json.dumps({**said, "nmea": SENTENCE})
    assert outcome(tmp_path, f"{line}\n" * 3) == landed


@pytest.mark.parametrize(
    "cell",
    [
        "POINT(" * 5_000,
        "POINT(1e999 nan)",
        "POINT(103 1" + "0" * 5_000 + ")",
        "SRID=4326;POINT(103 inf)",
        "MULTIPOINT((103 1),(104 2))",
        "GEOMETRYCOLLECTION(" * 3_000,
        "01" + "06000000" + "ffffff7f" * 30,
        "0101000020110F0000CDCCCCCCCC4C59400000000000000440",
    ],
)
def test_points_that_are_none_cost_their_row_alone(tmp_path, cell):
    good = [f'533000001,2026-01-01T00:00:{k:02d}Z,"POINT (103 1)"' for k in range(20)]
    row = f'533000001,2026-01-01T00:01:00Z,"{cell}"'
    landed = outcome(tmp_path, "\n".join(["mmsi,time,geom", *good, row, ""]))
    assert landed == (20, 21)


@pytest.mark.parametrize("cell", ["1" * 60_000, "1°" * 20_000, "N" * 60_000, "1 " * 30_000 + "N"])
def test_places_made_to_cost_time_cost_their_row_alone(tmp_path, cell):
    good = [f"533000001,2026-01-01T00:00:{k:02d}Z,1 30.5N,103 1E" for k in range(20)]
    row = f"533000001,2026-01-01T00:01:00Z,{cell},103 1E"
    assert outcome(tmp_path, "\n".join(["mmsi,time,lat,lon", *good, row, ""])) == (20, 21)


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


def rows(header, *cells, n=20):
    """Return a table of sound rows, a second apart, each with some cells more."""
    told = ",".join(("", *cells)) if cells else ""
    start = "533000001,2026-01-01T00:00:"
    lines = [f"{start}{k:02d}Z,1,103{told.replace('K', str(k))}" for k in range(n)]
    return "\n".join([f"mmsi,time,lat,lon{header}", *lines]) + "\n"


def report_of(tmp_path, content):
    path = tmp_path / "feed"
    path.write_text(content)
    decoding = decode(FeedFile.of(path, "feed"), IngestOptions())
    landed = pd.concat([batch.positions for batch in decoding])
    return decoding.report, landed


@pytest.mark.parametrize("name", ["a1" * 25_000, "ais " * 15_000, "ship " * 12_000 + "lat"])
def test_a_name_of_many_words_is_none(tmp_path, name):
    """Each word may be the last of a name: all ways to cut 50,000 took minutes."""
    assert outcome(tmp_path, rows(f",{name}", "1")) == (20, 20)
    lines = [json.dumps({**GOOD, name: 1}), json.dumps(GOOD)]
    assert outcome(tmp_path, "\n".join(lines)) == (2, 2)


def test_a_line_that_only_another_delimiter_leaves_whole_is_passed_by(tmp_path):
    wide = ",".join(f"c{k}" for k in range(8000))
    assert outcome(tmp_path, f"mmsi,time,lat,lon,{wide}\n1,2,3,4\n") is None


def test_parquet_with_thousands_of_columns_of_one_name(tmp_path):
    names = ["mmsi", "time", "lat", "lon", *["lat"] * 2000]
    cells = [[533000001], ["2026-01-01T00:00:00Z"], [1.0], [103.0], *[[1.0]] * 2000]
    out = io.BytesIO()
    papq.write_table(pa.Table.from_arrays([pa.array(c) for c in cells], names=names), out)
    assert outcome(tmp_path, out.getvalue()) is None


def test_of_two_columns_of_one_name_none_is_guessed(tmp_path):
    table = rows(",lat", "4.0")
    assert outcome(tmp_path, table) is None
    assert outcome(tmp_path, table.replace("lon,lat", "lon,height")) == (20, 20)


def test_of_two_columns_of_one_name_a_described_table_is_read_from_none(tmp_path):
    header = "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status"
    header += ",Length,Width,Draft,Cargo,TransceiverClass"
    row = "533000001,2026-01-01T00:00:00,1.0,103.0,5,90,90,A,IMO1234567,CALL,70,0,10,5,2,70,A"
    assert outcome(tmp_path, f"{header},more\n{row},4.0\n") == (1, 1)
    assert outcome(tmp_path, f"{header},LAT\n{row},4.0\n") is None
    columns = {name: name for name in ("mmsi", "time", "lat", "lon")}
    with pytest.raises(ValueError, match="'lat' stands in it twice"):
        Layout(name="own", columns=columns, header=("mmsi", "time", "lat", "lon", "lat"))


def test_numbers_that_no_float_holds_are_no_speeds(tmp_path):
    assert outcome(tmp_path, rows(",sog,cog", "1e999", "9" * 400)) == (20, 20)
    line = json.dumps(GOOD)[:-1] + ', "sog": ' + "1" * 400 + "}"
    assert outcome(tmp_path, "\n".join([json.dumps({**GOOD, "sog": 5}), line])) == (2, 2)


@pytest.mark.parametrize("key", [r"\ud800", r"sog\udfff", "\\u001b[31m"])
def test_a_key_that_cant_be_written_costs_its_own_line_alone(tmp_path, key):
    bad = json.dumps(GOOD)[:-1] + f', "{key}": {{"{key}": 1}}, "vessel_id": 1}}'
    landed, read = outcome(tmp_path, "\n".join([bad, *[json.dumps(GOOD)] * 5]))
    assert landed >= 5
    assert read == 6


def test_the_first_objects_dont_decide_where_the_others_have_their_latitude(tmp_path):
    odd = json.dumps({**GOOD, "lat": {"deg": 3}})
    assert outcome(tmp_path, "\n".join([odd, odd, *[json.dumps(GOOD)] * 20])) == (20, 22)


HEADER = "mmsi,time,lat,lon\n"
GOOD_ROW = "533000001,2026-01-01T00:00:00Z,1.2,103.5\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("mmsi,time,lat,lon\n533000001,2026-01-01T00:00:00Z,103.5,1.2\n", "more than 90 degrees"),
        (rows("").replace("2026-01-01T00:00:", "26031416").replace("Z", ""), "seconds since 1970"),
        (rows("").replace("2026-01-01T00:00:", "20260314").replace("Z", ""), "seconds since 1970"),
        ("id" + rows("").replace("0001", "0\0").partition("mmsi")[2], None),
        (
            "mmsi,time,lat,lon\n"
            + "533000001,03/04/2026 10:00:00,1,103\n" * 9
            + "533000001,31/04/2026 10:00:00,1,103\n",
            "day or month comes first",
        ),
        # What is wrong is shown, not what comes first.
        (HEADER + GOOD_ROW * 5 + "533000001,2026-01-01T00:00:00Z,1.2,400\n", "in degrees: '400'"),
        (HEADER + GOOD_ROW * 5 + "533000001,2026-01-01T00:00:00Z,95,103.5\n", "90 degrees: '95'"),
        (
            HEADER + GOOD_ROW * 5 + "533000001,1795168800000,1.2,103.5\n",
            "beside it '1795168800000'",
        ),
    ],
)
def test_what_would_be_read_wrong_is_refused(tmp_path, content, words):
    for k in range(content.count("\0")):  # serial numbers that look like MMSIs
        content = content.replace("\0", f"{100 + k}", 1)
    with pytest.raises(SelatError, match=words or "number vessels or rows"):
        report_of(tmp_path, content)


@pytest.mark.parametrize("name", ["Δlat", "ｌａｔ", "l\u0430t"])
def test_letters_of_other_scripts_make_another_word(tmp_path, name):
    assert outcome(tmp_path, rows("").replace("lat", name)) is None


def test_what_isnt_set_comes_first_where_a_feed_is_sorted(tmp_path):
    """MMSIs aren't numbered as ids of a maker's own because the first rows have none."""
    first = [f"{k % 50},2026-01-01T00:00:00Z,1,103" for k in range(12_000)]
    head, _, sound = rows("").partition("\n")
    report, landed = report_of(tmp_path, "\n".join([head, *first, sound]))
    assert landed["mmsi"].unique().tolist() == [533000001]
    assert report.rejected["mmsi"] == len(first)


def test_courses_in_tenths_and_letters_that_are_no_sizes(tmp_path):
    report, landed = report_of(tmp_path, rows(",sog,cog,a,b", "K0", "K50", "55", "3"))
    assert landed["cog_deg"].max() == 195
    assert "courses are in tenths of degrees" in report.assumed
    assert "length_m" not in report.read_as
    report, _ = report_of(tmp_path, rows(",a,b,c,d", "55", "3", "5", "5"))
    assert report.read_as["length_m"] == "a + b"


def test_a_damaged_longitude_turns_no_other(tmp_path):
    report, landed = report_of(tmp_path, rows("") + "533000001,2026-01-01T00:10:00Z,1,250\n")
    assert len(landed) == 20
    assert report.rejected == {"position": 1}


def test_a_word_is_no_time(tmp_path):
    """pandas reads these two, whatever the format, as the moment of reading: a report of then."""
    clocks = [f"23/04/2026 00:00:{k:02d}" for k in range(20)]
    lines = [f"533000001,{clock},1,103" for clock in [*clocks[:9], "now", "today", *clocks[9:]]]
    report, landed = report_of(tmp_path, "\n".join(["mmsi,time,lat,lon", *lines]))
    assert len(landed) == 20
    assert landed["time"].max() < pd.Timestamp("2026-04-24", tz="UTC")
    assert report.rejected == {"time": 2}


def test_what_is_taken_for_granted_of_times_is_said(tmp_path):
    lines = [f"533000001,03.04.2026 00:00:{k:02d},1,103" for k in range(20)]
    report, _ = report_of(tmp_path, "\n".join(["mmsi,time,lat,lon", *lines]))
    assert report.assumed == ["times are UTC", "days are before months"]
    times = pa.array([1_770_000_000_000_000], pa.timestamp("us"))
    out = io.BytesIO()
    papq.write_table(
        pa.table({"mmsi": [533000001], "time": times, "lat": [1.0], "lon": [2.0]}), out
    )
    path = tmp_path / "feed"
    path.write_bytes(out.getvalue())
    decoding = decode(FeedFile.of(path, "feed"), IngestOptions())
    assert sum(len(batch.positions) for batch in decoding) == 1
    assert decoding.report.assumed == ["times are UTC"]


@pytest.mark.parametrize("none", [102, 511, 999])
def test_what_stands_for_no_speed_or_course_makes_no_tenths(tmp_path, none):
    lines = [
        f"533000001,2026-01-01T00:00:{k:02d}+00,1,103,{k % 2 * none or 9},{k % 2 * 511 or 80}"
        for k in range(20)
    ]
    report, landed = report_of(tmp_path, "\n".join(["mmsi,time,lat,lon,sog,cog", *lines]))
    assert set(landed["sog_kn"].dropna()) >= {9.0}
    assert set(landed["cog_deg"].dropna()) == {80.0}
    assert report.assumed == ["speeds are in knots"]  # and the zone was told


POOL = pa.proxy_memory_pool(pa.default_memory_pool())
"""Its peak is of one test alone, whatever ran before; it lives as long as what it lends."""


def test_a_long_text_that_parquet_holds_once_is_held_once(tmp_path):
    """Fifty kilobytes of file took a gigabyte where a table's meaning was looked for."""
    n = 1000
    table = {"mmsi": [533000001] * n, "lat": [1.0] * n, "lon": [103.0] * n}
    table["time"] = [f"2026-01-01T00:{k // 60:02d}:{k % 60:02d}Z" for k in range(n)]
    name = pa.DictionaryArray.from_arrays(pa.array([0] * n, "int32"), pa.array(["x" * 1_000_000]))
    out = io.BytesIO()
    papq.write_table(pa.table({**table, "name": name}), out)
    usual = pa.default_memory_pool()
    pa.set_memory_pool(POOL)
    try:
        assert outcome(tmp_path, out.getvalue()) is None  # as a file that grows to so much is
    finally:
        pa.set_memory_pool(usual)
    assert 0 < POOL.max_memory() < 100_000_000

"""Sightings files: layouts as others write them, defaults, and what is rejected and why."""

import gzip
import json
import math
from datetime import UTC, datetime

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from detectors.core import frames
from pipelines.ingest.sightings import files, layout, rows
from pipelines.ingest.sightings.files import SightingsError

NOT_AFTER = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture
def read(tmp_path):
    def reading(text, name="seen.csv"):
        path = tmp_path / name
        path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
        return files.read(path, NOT_AFTER)

    return reading


def feature(lon, lat, **properties):
    point = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "geometry": point, "properties": properties}


def collection(*features):
    return {"type": "FeatureCollection", "features": list(features)}


def test_a_plain_csv_is_read_as_it_stands(read):
    got = read(
        "sighting_id,time,lat,lon,uncertainty_m,source,length_m,confidence,note\n"
        "a,2026-03-01T12:00:00Z,2.5,101.25,80,radar Port Dickson,35,0.8,two engines\n"
    )
    frames.validate(got.sightings, frames.SIGHTINGS)
    row = got.sightings.iloc[0]
    assert row["time"].isoformat() == "2026-03-01T12:00:00+00:00"
    assert row.drop("time").tolist() == [
        "a",
        2.5,
        101.25,
        80.0,
        "radar Port Dickson",
        35.0,
        0.8,
        "two engines",
    ]


def test_unicode_text_of_a_spreadsheet_is_read(read, tmp_path):
    text = "Time (UTC)\tLatitude\tLongitude\tRemarks\r\n2026-03-01 12:00\t2°30'N\t101.25\t\r\n"
    path = tmp_path / "seen.txt"
    for encoding in ("utf-16", "utf-8-sig"):
        path.write_bytes(text.encode(encoding))
        assert files.read(path, NOT_AFTER).sightings["lat"].tolist() == [2.5]
    path.write_bytes(text.encode("utf-16")[:-1])
    with pytest.raises(SightingsError, match="isn't Unicode text: truncated data"):
        files.read(path, NOT_AFTER)


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_packed_files_are_read_as_what_they_stand_for(read, tmp_path, ending):
    text = "time,lat,lon,uncertainty_m\n2026-03-01T12:00:00Z,2.5,101.25,80\n"
    plain = read(text)
    packed = tmp_path / "folder" / f"seen.csv.{ending}"
    packed.parent.mkdir()
    pack = gzip.compress if ending == "gz" else zstandard.compress
    packed.write_bytes(pack(text.encode()))
    assert files.find([str(packed.parent)]) == [packed]
    got = files.read(packed, NOT_AFTER)
    assert got.sha256 == plain.sha256
    assert got.sightings["lon"].tolist() == [101.25]
    packed.write_bytes(pack(text.encode())[:-9])
    with pytest.raises(SightingsError, match="archive"):
        files.read(packed, NOT_AFTER)


def test_detections_as_satellite_services_publish_them(read):
    """The columns of Global Fishing Watch's SAR detections, which name no source."""
    got = read(
        "scene_id,timestamp,lat,lon,presence_score,length_m,mmsi,matching_score\n"
        "S1A_IW_GRDH_1SDV_20260301T111213,2026-03-01 11:12:13 UTC,2.5,101.25,0.97,61.5,,\n"
    )
    row = got.sightings.iloc[0]
    assert row["time"].isoformat() == "2026-03-01T11:12:13+00:00"
    assert row["source"].startswith("S1A_IW")
    assert (row["length_m"], row["confidence"]) == (61.5, 0.97)
    assert got.report.unused_columns == ["mmsi", "matching_score"]


def test_what_people_write_down_is_understood(read):
    got = read(
        "date;time;latitude;longitude;reported by;remarks;certainty\n"
        "2026-03-01;21:40;2°15.5'N;101 30 36 E;police boat PX12;no lights;probable\n"
        "2026-03-01;9:05;1-05S;101.75;fisherman by phone;;30\n"
    )
    first, second = (row for _, row in got.sightings.iterrows())
    assert first["time"].isoformat() == "2026-03-01T21:40:00+00:00"
    assert (first["lat"], first["lon"]) == pytest.approx((2 + 15.5 / 60, 101.51))
    assert (first["confidence"], first["uncertainty_m"]) == (0.75, 500.0)
    assert second["time"].isoformat() == "2026-03-01T09:05:00+00:00"
    assert (second["lat"], second["confidence"]) == pytest.approx((-(1 + 5 / 60), 0.3))
    assert second["uncertainty_m"] == 2000.0
    assert got.report.default_uncertainty == 2
    assert np.isnan(second["length_m"])


@pytest.mark.parametrize(
    "header", ["date (MYT),time", "date,time (MYT)", "tarikh (MYT),masa (MYT)"]
)
def test_a_clock_is_in_the_zone_that_its_date_is_in(read, header):
    """As of feeds: it was taken for UTC, eight hours late."""
    got = read(f"{header},lat,lon\n2026-03-01,20:00,1,103\n")
    assert got.sightings["time"].tolist() == [datetime(2026, 3, 1, 12, tzinfo=UTC)]
    assert got.report.default_zone == 0


@pytest.mark.parametrize("zone", ["MYT", "+07:00", "UTC"])
def test_a_row_without_a_zone_beside_others_that_have_one_is_of_no_clock(read, zone):
    """As of feeds it isn't one of UTC, unless that is what the others say."""
    rows = [f"2026-03-01 12:00,{zone},1,103", "2026-03-01 20:00,,2,103"]
    got = read("\n".join(["time,Timezone,lat,lon", *rows, "2026-03-01 20:00Z,,3,103", ""]))
    assert got.sightings["lat"].tolist() == ([1, 2, 3] if zone == "UTC" else [1, 3])
    why = {"time: says no zone, where others say one": 1}
    assert got.report.rejected == (why if zone != "UTC" else {})


def test_a_row_without_a_time_costs_itself_whatever_zone_the_column_names(read):
    got = read("Time (UTC),lat,lon\n,2,101\n2026-03-01 05:40,2,101\n")
    assert (len(got.sightings), got.report.rejected) == (1, {"time: missing": 1})


def test_a_patrols_table_in_malay_is_understood(read):
    got = read(
        "Tarikh,Masa,Latitud,Longitud,Sumber,Panjang,Keyakinan,Catatan\n"
        "2026-03-01,21:40,2°15.5'U,101°30.6'T,bot peronda PX12,12,tinggi,tanpa lampu\n"
    )
    (row,) = got.sightings.to_dict("records")
    assert row["time"].isoformat() == "2026-03-01T21:40:00+00:00"
    assert (row["lat"], row["lon"]) == pytest.approx((2 + 15.5 / 60, 101.51))
    assert (row["source"], row["note"]) == ("bot peronda PX12", "tanpa lampu")
    assert (row["length_m"], row["confidence"], row["uncertainty_m"]) == (12.0, 0.9, 500.0)


@pytest.mark.parametrize(
    ("column", "when", "utc", "assumed"),
    [
        ("Masa (MYT)", "2026-03-01 05:40", "2026-02-28T21:40", 0),
        ("Masa (MYT)", "1 Mac 2026 0540", "2026-02-28T21:40", 0),
        ("Masa (MYT)", "2026-03-01-05:40", "2026-02-28T21:40", 0),
        ("Masa (MYT)", "2026-03-01 05:40Z", "2026-03-01T05:40", 0),
        ("time_utc", "2026-03-01 05:40", "2026-03-01T05:40", 0),
        ("Masa", "2026-03-01T05:40+08:00", "2026-02-28T21:40", 0),
        ("Masa", "2026-03-01 05:40", "2026-03-01T05:40", 1),
    ],
)
def test_the_zone_of_times_is_told_or_said_to_be_assumed(read, column, when, utc, assumed):
    got = read(f"{column},lat,lon,source,uncertainty_m,confidence,x\n{when},2,101,a,9,1,\n")
    assert got.sightings["time"].tolist() == [datetime.fromisoformat(utc).replace(tzinfo=UTC)]
    said = "1 row, 1 sighting" + "; taken for granted: times are UTC (1)" * assumed
    assert got.report.in_words() == f"{said}; not read: x"


@pytest.mark.parametrize(
    "when", ["060200H JAN 26", "051800ZJAN2026", "5 Jan 2026, 18:00:00", "5 Januari 2026 1800"]
)
@pytest.mark.parametrize(
    "where",
    ["02-36.0N 101-12.5E", "2°36'00″N, 101°12'30″E", "2.6;101.20833", "2°36.0'U 101°12.5'T"],
)
def test_a_patrols_report_is_understood(read, when, where):
    got = read(f"Date/Time (UTC)\tPosition\tRemarks\n{when}\t{where}\tx\n")
    (row,) = got.sightings.to_dict("records")
    assert row["time"].isoformat() == "2026-01-05T18:00:00+00:00"
    assert (row["lat"], row["lon"]) == pytest.approx((2.6, 101 + 12.5 / 60), abs=1e-5)


@pytest.mark.parametrize(
    ("when", "where", "reason"),
    [
        ("060200J JAN 26", "2.6 101.2", "time: isn't"),  # local time of nobody knows whom
        ("310200Z FEB 26", "2.6 101.2", "time: isn't"),
        ("051800Z JUM 26", "2.6 101.2", "time: isn't"),
        ("5 Junk 2026 18:00", "2.6 101.2", "time: isn't"),
        ("2026-01-05 MYT", "2.6 101.2", "time: a date without a clock"),
        ("202601051800", "2.6 101.2", "time: isn't"),
        ("051800Z JAN 26", '"2,25"', "lat: isn't a number"),
        ("051800Z JAN 26", "2 36", "lat: isn't a number"),
        ("051800Z JAN 26", "02.5-36N 101-12.5E", "lat: isn't an angle"),
        ("051800Z JAN 26", "off Lumut", "lat: isn't a number"),
        ("051800Z JAN 26", "101-12.5E 02-36.0N", "lat: isn't a number"),
        ("051800Z JAN 26", "02-36.0N 101-72.5E", "lon: isn't an angle"),
        ("051800Z JAN 26", "N" * 5000 + "E", "lat: isn't a number"),
    ],
)
def test_what_is_no_time_or_position_is_guessed_of_nowhere(read, when, where, reason):
    got = read(f"dtg,position\n{when},{where}\n")
    assert got.sightings.empty
    (found,) = got.report.rejected
    assert found.startswith(reason)


@pytest.mark.parametrize(
    ("columns", "cells", "expected"),
    [
        ("lat,N/S,lon,E/W", "1.5,S,103.5,W", [-1.5, -103.5]),
        ("lat,lat_dir,lon,lon_dir", "1.5,selatan,103.5,timur", [-1.5, 103.5]),
        ("Lat Deg,Lat Min,Lon Deg,Lon Min", "1,30.6,103,15", [1.51, 103.25]),
        ("lat,lat min,N/S,lon,lon min,E/W", "1,30,S,103,15,E", [-1.5, 103.25]),
        ("lat,lon,direction", "1.5,103.5,S", [1.5, 103.5]),  # where it goes
        ("position,N/S", "01-30.0S 103-30.0E,S", [-1.5, 103.5]),
        ("lat,N/S,lon", "-1.5,S,103.5", [-1.5, 103.5]),  # said twice
        ("lat,N/S,lon", "1.5S,S,103.5", [-1.5, 103.5]),
        ("lat,N/S,lon,E/W", "-1.5,,103.5,", [-1.5, 103.5]),  # nobody filled it in
        ("lat,lon,lat_min,lat_max", "1.5,103.5,1,2", [1.5, 103.5]),  # a box round it
        ("lat,lon,hemisphere", "1.5,103.5,E", [1.5, 103.5]),
    ],
)
def test_minutes_and_sides_of_their_own_columns_count(read, columns, cells, expected):
    """They were passed by: what was south of the equator was put north of it."""
    got = read(f"time,{columns}\n2026-03-01T12:00Z,{cells}\n")
    assert got.sightings[["lat", "lon"]].to_numpy()[0].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("cells", ["1.5,,103.5", "1.5,x,103.5", "1.5S,N,103.5", "-1.5,N,103.5"])
def test_a_side_that_says_nothing_or_another_costs_its_row(read, cells):
    whole = "2026-03-01T12:00Z,1.6,S,103.5"
    got = read(f"time,lat,N/S,lon\n{whole}\n{whole}5\n2026-03-01T12:00Z,{cells}\n")
    assert len(got.sightings) == 2
    assert got.report.rejected == {"lat: isn't a number": 1}


@pytest.mark.parametrize(
    ("zone", "utc"),
    [
        *[("MYT", "04:00"), ("+8", "04:00"), ("8.0", "04:00"), ("Asia/Kuala_Lumpur", "04:00")],
        *[("UTC+07:00", "05:00"), ("UTC", "12:00"), ("", "12:00")],
    ],
)
def test_a_zone_of_its_own_column_counts(read, zone, utc):
    got = read(f"time,Timezone,lat,lon\n2026-03-01 12:00,{zone},1,103\n")
    assert f"{got.sightings['time'][0]:%H:%M}" == utc
    assert read("time,Timezone,lat,lon\n2026-03-01 12:00,mars,1,103\n").sightings.empty
    stated = read(f"time,Timezone,lat,lon\n2026-03-01T12:00Z,{zone},1,103\n")
    assert f"{stated.sightings['time'][0]:%H:%M}" == "12:00"
    named = read(f"time_utc,Timezone,lat,lon\n2026-03-01 12:00,{zone},1,103\n")  # as of feeds
    assert f"{named.sightings['time'][0]:%H:%M}" == "12:00"
    assert named.report.default_zone == 0


@pytest.mark.parametrize("row", ["", "2026-03-01T12:00Z,1\n"])
def test_a_header_alone_is_no_sighting_whatever_it_has_beside(read, row):
    assert read(f"time,lat,N/S,lat min,lon,tz\n{row}").sightings.empty


def test_a_point_counts_more_than_a_position_in_words(read):
    got = read(collection(feature(101.0, 2.0, time="2026-03-01T12:00Z", position="1.5 103.0")))
    assert got.sightings[["lat", "lon"]].to_numpy().tolist() == [[2.0, 101.0]]


@pytest.mark.parametrize(
    ("columns", "expected_m"),
    [
        ({"radius_m": 300}, 300.0),
        ({"uncertainty_nm": 0.5}, 926.0),
        ({"semi_major_m": 400, "semi_minor_m": 300}, math.hypot(400, 300) / math.sqrt(2)),
        ({"semi_major_m": 400}, 400.0),
        ({"uncertainty_m": 50, "semi_major_m": 400}, 50.0),
    ],
)
def test_uncertainty_as_radius_or_ellipse(read, columns, expected_m):
    got = read(collection(feature(101.0, 2.0, time="2026-03-01T12:00Z", source="x", **columns)))
    assert got.sightings["uncertainty_m"].tolist() == pytest.approx([expected_m])
    assert got.report.default_uncertainty == 0


def test_geojson_of_one_feature_and_of_many(read):
    one = feature(101.0, 2.0, acquired=1772366400000, sensor="optical")
    assert (
        read(one, "one.geojson").sightings["time"].tolist()
        == read(
            collection(
                {**one, "properties": {"time": "2026-03-01T12:00:00Z", "sensor": "optical"}}
            ),
            "many.geojson",
        )
        .sightings["time"]
        .tolist()
    )


def test_a_feature_is_named_by_its_own_id_where_its_properties_name_none(read):
    time = "2026-03-01T12:00Z"
    got = read(
        collection(
            {**feature(101.0, 2.0, time=time), "id": 0},
            {**feature(101.1, 2.0, time=time), "id": None},
            {**feature(101.2, 2.0, time=time), "id": 7},
            {**feature(101.3, 2.0, time=time, sighting_id="b"), "id": 8},
        )
    )
    names = got.sightings["sighting_id"].tolist()
    assert got.report.format == "GeoJSON"
    assert (names[0], *names[2:]) == ("0", "7", "b")
    assert len(names[1]) == 12  # none: by what it states


@pytest.mark.parametrize("where", ["time", "length_m", "lon"])
def test_a_number_beyond_all_bounds_costs_its_row_and_not_the_file(read, where):
    good = feature(101.0, 2.0, time="2026-03-01T12:00:00Z")
    stated = {"time": "2026-03-01T12:00:00Z", "length_m": 7, "lon": 101, where: "HUGE"}
    bad = feature(stated.pop("lon"), 2.0, **stated)
    text = json.dumps(collection(good, bad)).replace('"HUGE"', "9" * 5000)
    got = read(text)
    assert len(got.sightings) == 1
    assert (got.report.rows_read, sum(got.report.rejected.values())) == (2, 1)


def test_a_source_that_is_not_named_is_the_files_name_and_counted(read):
    got = read("time,lat,lon\n2026-03-01T12:00Z,2.0,101.0\n", "aerial_patrol-7.csv")
    assert got.sightings["source"].tolist() == ["aerial patrol 7"]
    assert got.sightings["confidence"].tolist() == [0.95]
    assert got.report.default_source == 1


def test_what_is_taken_for_granted_is_counted_of_sightings_each_once(read):
    rows = "2026-03-01T12:00Z,2.0,101.0,x\n" * 3 + "2026-03-01T12:00Z,95,101.0,x\n" * 7
    got = read("time,lat,lon,source\n" + rows)
    assert got.report.in_words(0) == (
        "10 rows, 1 sighting, 2 repeated, 0 new, rejected: lat: out of range 7; taken for "
        "granted: uncertainty by what saw it (1), confidence by what saw it (1)"
    )
    (kept,) = got.report.samples.values()
    assert kept == [f"row {row}: 2026-03-01T12:00Z,95,101.0,x" for row in range(5, 10)]


def test_rows_that_make_no_sighting_are_counted_by_reason_and_the_others_land(read):
    got = read(
        "time,lat,lon,source,confidence,length_m\n"
        "2026-03-01T12:00Z,2.0,101.0,x,,\n"
        "yesterday,2.0,101.0,x,,\n"
        "2027-03-01T12:00Z,2.0,101.0,x,,\n"
        "2026-03-01T12:00Z,95,101.0,x,,\n"
        "2026-03-01T12:00Z,2 75 N,101.0,x,,\n"
        "2026-03-01T12:00Z,1 2 3 4 N,101.0,x,,\n"
        "2026-03-01T12:00Z,2.0,101.0,x,maybe,\n"
        "2026-03-01T12:00Z,2.0,101.0,x,101,\n"
        "2026-03-01T12:00Z,2.0,101.0,x,,900\n"
        "2026-03-01T12:00Z,2.0,101.0\n"
        ",2.0,101.0,x,,\n"
        "2026-03-01T12:00Z,nan,101.0,x,,\n"
    )
    assert len(got.sightings) == 1
    assert got.report.rejected == {
        "time: isn't ISO 8601, seconds or milliseconds since 1970, or a date-time group": 1,
        "time: in the future": 1,
        "lat: out of range": 1,
        "lat: isn't an angle": 1,
        "lat: isn't a number": 2,
        "confidence: isn't a number": 1,
        "confidence: out of range": 1,
        "length_m: out of range": 1,
        "wrong number of fields": 1,
        "time: missing": 1,
    }
    assert got.report.rows_read == 12


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "empty"),
        ("lat,lon,source\n1,2,x\n", "lacks the columns time"),
        ("{broken", "no JSON"),
        ('{"a": 1}', "no GeoJSON"),
        (
            "time,lat,lon,source\n2026-03-01T12:00Z,2,101,SELATSIM-RADAR\n"
            "2026-03-01T12:00Z,2,101,radar\n",
            "mixes",
        ),
    ],
)
def test_what_is_no_file_of_sightings_says_why(read, text, hint):
    with pytest.raises(SightingsError, match=hint):
        read(text)


@given(st.floats(-90, 90), st.floats(0, 59.9), st.booleans())
def test_angles_come_back_as_they_were_written(degrees, minutes, south):
    whole = int(abs(degrees)) % 90
    text = f"{whole}°{minutes:.4f}'{'S' if south else 'N'}"
    row = layout.Row.model_validate(
        {"time": "2026-03-01T12:00Z", "lat": text, "lon": f"{degrees:.6f}", "source": "x"}
    )
    assert abs(row.lat) == pytest.approx(whole + minutes / 60, abs=1e-5)
    assert row.lat <= 0 if south else row.lat >= 0
    assert row.lon == pytest.approx(degrees, abs=1e-6)


@given(st.text(max_size=60))
def test_any_text_for_an_angle_is_a_number_or_an_error_in_words(text):
    given_row = {"time": "2026-03-01T12:00Z", "lat": text, "lon": 101.0, "source": "x"}
    try:
        lat = layout.Row.model_validate(given_row).lat
    except ValidationError:
        return
    assert -90 <= lat <= 90


@pytest.mark.parametrize("end", ["", '2026-03-01T09:00Z,2.5,101.5,patrol,"one more\n'])
@pytest.mark.parametrize(
    "broken",
    [
        '2026-03-01T01:00Z,2.5,101.5,"patrol,',
        '2026-03-01T01:00Z,2.5,101.5,patrol,"two boats',
        f"2026-03-01T01:00Z,2.5,101.5,{'p' * 1_000_001},",
    ],
)
def test_a_quote_that_is_not_closed_costs_its_row_alone(read, broken, end):
    first, *others = [f"2026-03-01T0{hour}:00Z,2.5,101.5,patrol,\n" for hour in range(2, 8)]
    got = read(f"time,lat,lon,source,note\n{first}{broken}\n{''.join(others)}{end}")
    assert len(got.sightings) == 1 + len(others) + bool(end)
    assert got.report.rejected == {"a quote isn't closed": 1}


def test_a_note_may_have_several_lines(read):
    note = '"two boats,\n2026-03-01T09:00Z,2.7,101.7,patrol,""wood""\nbound east"'
    got = read(f"time,lat,lon,source,note\n2026-03-01T01:00Z,2.5,101.5,patrol,{note}\n")
    assert got.sightings["note"].tolist() == [
        'two boats,\n2026-03-01T09:00Z,2.7,101.7,patrol,"wood"\nbound east'
    ]


def test_quotes_that_are_not_closed_side_by_side_cost_a_row_each(read):
    broken = '2026-03-01T01:00Z,2.5,101.5,"patrol,\n' * 2
    got = read(f"time,lat,lon,source,note\n{broken}2026-03-01T02:00Z,2.5,101.5,patrol,\n")
    assert got.report.rejected == {"a quote isn't closed": 2}
    assert len(got.sightings) == 1


def test_a_quote_that_is_not_doubled_is_part_of_its_field(read):
    got = read('time,lat,lon,source,note\n2026-03-01T01:00Z,2.5,101.5,patrol,"SEA" STAR\n')
    assert got.sightings["note"].tolist() == ["SEA STAR"]


def test_quotes_without_end_are_not_read_again_without_end(read, monkeypatch):
    monkeypatch.setattr(rows, "_MAX_AGAIN", 10_000)
    lines = '2026-03-01T01:00Z",",\n' * 1000  # each closes a quote, and opens one
    with pytest.raises(SightingsError, match="full of quotes"):
        read(f"time,lat,lon,source,note\n{lines}")


@pytest.mark.parametrize("lat", ["2_5", "1_0.5", "_25"])
def test_a_number_with_an_underscore_is_none(read, lat):
    """Python takes 2_5 for 25: a slip of the finger would be a place in another sea."""
    got = read(f"time,lat,lon,source\n2026-03-01T01:00Z,{lat},101.5,patrol\n")
    assert got.report.rejected == {"lat: isn't a number": 1}


@pytest.mark.parametrize("year", [1970, 1980, 1994])
def test_a_sighting_of_a_clock_that_was_never_set_is_rejected(read, year):
    got = read(f"time,lat,lon\n{year}-01-06T00:00:00Z,2.5,101.25\n1995-01-06T00:00Z,2.5,101.25\n")
    assert got.report.rejected == {"time: before 1995": 1}
    assert len(got.sightings) == 1

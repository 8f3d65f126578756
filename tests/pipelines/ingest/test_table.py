"""CSV feeds: layouts, values, damage."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from detectors.core.errors import ConfigError
from detectors.vessels.numbers import mmsi_kind
from pipelines.base import codes
from pipelines.ingest import IngestError
from pipelines.ingest.cells import Cells
from pipelines.ingest.layouts import load_layouts
from pipelines.ingest.report import Report
from pipelines.ingest.values import Values

NOAA_2015 = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,"
    "Length,Width,Draft,Cargo,TransceiverClass\n"
)
NOAA_2024 = (
    "mmsi,base_date_time,longitude,latitude,sog,cog,heading,vessel_name,imo,call_sign,"
    "vessel_type,status,length,width,draft,cargo,transceiver\n"
)
DMA = (
    "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,"
    "IMO,Callsign,Name,Ship type,Cargo type,Width,Length,Type of position fixing device,Draught,"
    "Destination,ETA,Data source type"
)


def time(text):
    return pd.Timestamp(text, tz="UTC")


# Public layouts


def test_noaa_2015(read):
    row = (
        "367000001,2023-01-11T00:00:01,26.09241,-80.04806,8.8,272.7,270.0,MSC NAISHA III,"
        "IMO9307839,5LCB4,70,0.0,208.0,30.0,8.0,70.0,A\n"
    )
    got = read(NOAA_2015 + row)
    assert got.report.format == "noaa-2015"
    position, static = got.positions.iloc[0], got.statics.iloc[0]
    columns = ["mmsi", "time", "lat", "lon", "sog_kn", "cog_deg", "heading_deg"]
    assert position[columns].tolist() == [
        367000001,
        time("2023-01-11T00:00:01"),
        26.09241,
        -80.04806,
        8.8,
        272.7,
        270.0,
    ]
    assert position[["nav_status", "msg_type", "ais_class", "source_offset"]].tolist() == [
        0,
        0,
        "A",
        2,
    ]
    assert static[["imo", "name", "callsign", "ship_type"]].tolist() == [
        9307839,
        "MSC NAISHA III",
        "5LCB4",
        70,
    ]
    assert static[["length_m", "beam_m", "draught_m", "destination"]].tolist() == [208, 30, 8, ""]


def test_noaa_without_transceiver_class_and_with_words(read):
    header = NOAA_2015.replace(",TransceiverClass", "")
    row = "477307901,2017-12-01T00:00:01,31.9,-76.3,0.0,-97.8,352.0,FIRST,,,1025,moored,,,,\n"
    got = read(header + row)
    assert got.positions.loc[0, ["nav_status", "ais_class"]].tolist() == [5, ""]
    assert np.isnan(got.positions.loc[0, "cog_deg"])
    # NOAA's own codes above 1000 aren't AIS codes.
    assert got.statics["ship_type"].tolist() == [-1]
    assert got.report.unknown_words == {"ship_type: 1025": 1}


@pytest.mark.parametrize("batch_rows", [1, 2, 1_000])
def test_the_class_shows_in_what_only_class_a_says(read, batch_rows):
    """A status, or no IMO number either beside others' statuses; "unknown" is no blank."""
    rows = [
        ("533000005", "", ""),
        ("563000001", "0", "9307839"),
        ("563000002", "15", ""),
        ("563000003", "", "9307839"),
        ("563000004", "Unknown", ""),
        ("533000006", "", ""),
    ]
    header = "mmsi,time,lat,lon,sog,cog,status,imo\n"
    body = [
        f"{mmsi},2017-12-01T00:00:01,2.1,101.3,0.0,97.8,{said}\n"
        for mmsi, said in ((mmsi, f"{status},{imo}") for mmsi, status, imo in rows)
    ]
    got = read(header + "".join(body), batch_rows=batch_rows).positions
    assert got["ais_class"].tolist() == ["B", "A", "", "", "", "B"]
    for alone in ("".join(body[1:3]), body[0]):
        assert set(read(header + alone, batch_rows=batch_rows).positions["ais_class"]) == {""}


@pytest.mark.parametrize("batch_rows", [1, 1_000])
def test_the_class_shows_without_imo_numbers_where_15_is_said(read, batch_rows):
    """Who says 15 for a status that isn't set has no blank for it."""
    header = "mmsi,time,lat,lon,sog,cog,status\n"
    row = "{mmsi},2017-12-01T00:00:01,2.1,101.3,0.0,97.8,{said}\n"
    said = {"533000005": "", "563000001": "0", "563000002": "15", "563000003": "unknown"}
    body = "".join(row.format(mmsi=mmsi, said=status) for mmsi, status in said.items())
    got = read(header + body, batch_rows=batch_rows).positions
    assert got["ais_class"].tolist() == ["B", "A", "", ""]
    for other in ("5", "unknown", "150"):
        got = read(header + body.replace(",15\n", f",{other}\n"), batch_rows=batch_rows).positions
        assert set(got["ais_class"]) == {""}


def test_noaa_2024(read):
    row = "367000001,2024-05-01 00:00:01,-80.04806,26.09241,8.8,272.7,270,X,,,70,5,1,1,1,70,B\n"
    got = read(NOAA_2024 + row)
    assert got.report.format == "noaa-2024"
    assert got.positions.loc[0, ["lat", "lon", "ais_class"]].tolist() == [26.09241, -80.04806, "B"]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Towing Astern", 11),
        ("Pushing Ahead/Towing Alongside", 12),
        ("Power-driven vessel pushing ahead", 12),
        ("Under Way by Sail", 8),
        ("Constrained by draught", 4),
        ("Active (AIS-SART)", 14),
    ],
)
def test_words_that_providers_use_for_a_status(read, words, status):
    row = f"03/02/2024 23:59:58,Class A,219000001,55.5,12.5,{words},0.0,0.1,1.5,2"
    got = read(DMA + "\n" + row + ",9000001,OXYZ,EMMA,Cargo,,20,100,GPS,6.5,AARHUS,,AIS\n")
    assert got.positions["nav_status"].tolist() == [status]


@pytest.mark.parametrize("more", ["", ",Size A,Size B,Size C,Size D"], ids=["22", "26"])
def test_dma_day_first(read, more):
    def row(mobile, mmsi="219000001"):
        cells = f"03/02/2024 23:59:58,{mobile},{mmsi},55.5,12.5,At anchor,0.0,0.1,1.5,2,9000001,"
        return (
            cells + "OXYZ,EMMA,Cargo,,20,100,GPS,6.5,AARHUS,,AIS" + ",1,2,3,4" * bool(more) + "\n"
        )

    body = row("Class A") + row("Base Station", "2190067") + row("Class B") + row("AtoN", "992191")
    got = read(DMA + more + "\n" + body)
    assert got.report.format == "dma"
    assert got.positions["time"].tolist() == [time("2024-02-03T23:59:58")] * 2
    assert got.positions["nav_status"].tolist() == [1, 1]
    assert got.positions["ais_class"].tolist() == ["A", "B"]
    assert got.report.other_messages == {"Base Station": 1, "AtoN": 1}
    static = got.statics.iloc[0]
    assert static[["name", "ship_type", "length_m", "draught_m"]].tolist() == ["EMMA", 70, 100, 6.5]
    assert len(got.statics) == 1


# Mappings


def mapping(tmp_path, **layout):
    import yaml

    columns = {"mmsi": "id", "time": "t", "lat": "y", "lon": "x", **layout.pop("columns", {})}
    path = tmp_path / "mappings.yaml"
    path.write_text(yaml.safe_dump({"mine": {"columns": columns, **layout}}))
    return path


def test_units_in_native_ais_scale(read):
    header = (
        "message_type,mmsi,navigation_status,rate_of_turn,speed_over_ground,longitude,latitude,"
        "course_over_ground,true_heading,timeStamp\r\n"
    )
    row = "1,477058100,0,0,{},{},{},2020,210,2013-09-15T17:30:35Z\r\n"
    body = row.format(55, 62343160, 744440) + row.format(1023, 108600000, 54600000)
    body += row.format(1023, 62343160, 744440).replace("2020,210", "3600,511")
    got = read(header + body)
    first, second = (r for _, r in got.positions.iterrows())
    assert first[["lat", "lon"]].tolist() == [744440 / 600000, 62343160 / 600000]
    assert first[["sog_kn", "cog_deg", "heading_deg"]].tolist() == [5.5, 202.0, 210.0]
    assert second[["sog_kn", "cog_deg", "heading_deg"]].isna().all()
    assert got.report.rejected == {"no position": 1}


@pytest.mark.parametrize(
    ("unit", "value", "kn"),
    [
        ("kn", "10", 10),
        ("kn/10", "100", 10),
        ("m/s", "5.144444444", 10),
        ("km/h", "18.52", 10),
        ("mph", "11.50779448", 10),
    ],
)
def test_units_of_speed(read, tmp_path, unit, value, kn):
    path = mapping(tmp_path, columns={"sog_kn": {"from": "v", "unit": unit}})
    got = read(f"id,t,y,x,v\n533000001,2024-01-01T00:00,1,2,{value}\n", mappings=path)
    assert got.positions["sog_kn"].tolist() == pytest.approx([kn])


@pytest.mark.parametrize(
    ("layout", "text", "utc"),
    [
        ({}, "2024-03-01 12:00:00.123456", "2024-03-01T12:00:00.123456"),
        ({}, "2024-03-01T12:00:00+08:00", "2024-03-01T04:00:00"),
        ({"time_zone": "Asia/Kuala_Lumpur"}, "2024-03-01 12:00:00", "2024-03-01T04:00:00"),
        ({"time_zone": "Asia/Kuala_Lumpur"}, "2024-03-01 12:00:00Z", "2024-03-01T12:00:00"),
        ({"time_format": "epoch_s"}, "1709294400.5", "2024-03-01T12:00:00.5"),
        ({"time_format": "epoch_ms"}, "1709294400500", "2024-03-01T12:00:00.5"),
        ({"time_format": "epoch_us"}, "1709294400500000", "2024-03-01T12:00:00.5"),
        ({"time_format": "%d/%m/%Y %H:%M"}, "1/3/2024 9:05", "2024-03-01T09:05:00"),
        ({"time_format": ["%Y%m%d", "%d.%m.%Y %H"]}, "01.03.2024 00", "2024-03-01"),
    ],
)
def test_times(read, tmp_path, layout, text, utc):
    got = read(f"id,t,y,x\n533000001,{text},1,2\n", mappings=mapping(tmp_path, **layout))
    assert got.positions["time"].tolist() == [time(utc)]


def test_an_hour_that_the_clock_shows_twice_is_rejected(read, tmp_path):
    path = mapping(tmp_path, time_zone="Europe/Berlin")
    rows = "".join(
        f"533000001,2024-{t},1,2\n" for t in ("10-27 02:30", "03-31 02:30", "10-27 04:00")
    )
    got = read("id,t,y,x\n" + rows, mappings=path)
    assert got.report.rejected == {"time": 2}


def test_columns_are_added_and_times_joined(read, tmp_path):
    columns = {
        "time": {"from": ["date", "clock"]},
        "length_m": {"from": ["bow", "stern"]},
        "milliseconds": "ms",
    }
    path = mapping(tmp_path, columns=columns)
    got = read(
        "id,date,clock,ms,y,x,bow,stern\n533000001,2024-01-01,10:20:30,46,1,2,100,20\n",
        mappings=path,
    )
    assert got.positions["time"].tolist() == [time("2024-01-01T10:20:30.046")]
    assert got.statics["length_m"].tolist() == [120]


def test_semicolons_decimal_commas_and_a_feed_without_header(read, tmp_path):
    path = mapping(tmp_path, delimiter=";", decimal=",", header=["id", "t", "y", "x"])
    text = "533000001;2024-01-01T00:00;1,25;103,5\n"
    got = read(text, mappings=path, mapping="mine")
    assert got.positions[["lat", "lon", "source_offset"]].iloc[0].tolist() == [1.25, 103.5, 1]
    with pytest.raises(IngestError):
        read(text, mappings=path)


def test_byte_order_mark_blank_lines_and_comments_keep_line_numbers(read, tmp_path):
    text = "\ufeff# made by hand\n\nid,t,y,x\n,,,\n533000001,2024-01-01T00:00,1,2\n\n  \n"
    text += "533000002,2024-01-01T00:00,1,2\n"
    got = read(text, mappings=mapping(tmp_path))
    assert got.positions["source_offset"].tolist() == [5, 8]
    assert got.report.other_lines == {"blank": 3}


def test_message_types_decide_what_a_row_is(read, tmp_path):
    path = mapping(tmp_path, columns={"msg_type": "k", "name": "n"})
    rows = "".join(f"533000001,2024-01-01T00:00,1,2,{k},N{k}\n" for k in (1, 5, 24, 27, 4, 18, ""))
    got = read("id,t,y,x,k,n\n" + rows, mappings=path)
    assert got.positions["msg_type"].tolist() == [1, 27, 18]
    assert got.positions["ais_class"].tolist() == ["A", "", "B"]
    assert got.statics["name"].tolist() == ["N1", "N5", "N24", "N27", "N18"]
    assert got.report.other_messages == {"type 4": 1, "type 0": 1}


# Values


@pytest.mark.parametrize(
    ("mmsi", "good"),
    [
        ("533000001", True),
        ("533000001.0", True),
        (" 533000001 ", True),
        ('"533000001"', True),
        ("47730790x", False),
        ("53300000", False),
        ("5330000011", False),
        ("012345678", False),
        ("2190067", False),
        ("5.33e8", False),
        ("", False),
        ("-533000001", False),
    ],
)
def test_mmsi_is_nine_digits(read, tmp_path, mmsi, good):
    rows = f"{mmsi},2024-01-01T00:00,1,2\n533000009,2024-01-01T00:00,1,2\n"
    got = read("id,t,y,x\n" + rows, mappings=mapping(tmp_path))
    assert got.report.rejected == ({} if good else {"mmsi": 1})
    assert len(got.positions) == 1 + good


@pytest.mark.parametrize(
    ("lat", "lon", "reason"),
    [
        ("90.1", "0", "position"),
        ("0", "180.1", "position"),
        ("inf", "0", "position"),
        ("abc", "0", "position"),
        ("91", "181", "no position"),
        ("", "", "no position"),
        ("91.0", "0", "no position"),
    ],
)
def test_positions_that_are_none(read, tmp_path, lat, lon, reason):
    rows = f"533000001,2024-01-01T00:00,{lat},{lon}\n533000001,2024-01-01T00:00,-90,180\n"
    got = read("id,t,y,x\n" + rows, mappings=mapping(tmp_path))
    assert got.report.rejected == {reason: 1}
    assert len(got.positions) == 1


def test_rows_with_a_wrong_number_of_columns_are_rejected_alone(read, tmp_path):
    rows = [f"53300000{i},2024-01-01T00:00,1,2" for i in range(6)]
    rows[1], rows[3] = "533000001,2024-01-01T00:00,1", rows[3] + ",9"
    got = read("id,t,y,x\n" + "\n".join(rows), mappings=mapping(tmp_path))
    assert got.report.rejected == {"columns": 2}
    assert got.positions["source_offset"].tolist() == [2, 4, 6, 7]
    assert [s["line"] for s in got.report.samples] == [3, 5]


def test_quotes(read, tmp_path):
    path = mapping(tmp_path, columns={"name": "n"})
    names = ['"A, B"', '"SAY ""HI"""', 'M/V "X"', '"LONELY', "'Q'"]
    rows = "".join(f"53300000{i},2024-01-01T00:00,1,2,{n}\n" for i, n in enumerate(names))
    got = read("id,t,y,x,n\n" + rows, mappings=path)
    assert got.positions["source_offset"].tolist() == [2, 3, 4, 5, 6]
    assert got.statics["name"].tolist() == ["A, B", 'SAY "HI"', 'M/V "X"', "LONELY", "'Q'"]


def test_a_lone_quote_swallows_nothing_but_its_row(read, tmp_path):
    rows = [f"53300000{i},2024-01-01T00:00,1,2" for i in range(6)]
    rows[1] = '533000001,"2024-01-01T00:00,1,2'
    rows[4] = '533000004,2024-01-01T00:00,"1,2'
    got = read("id,t,y,x\n" + "\n".join(rows), mappings=mapping(tmp_path))
    assert got.positions["source_offset"].tolist() == [2, 4, 5, 7]
    assert got.report.rejected == {"columns": 2}


def test_text_that_is_not_utf8_does_not_stop_the_feed(read, tmp_path):
    path = mapping(tmp_path, columns={"name": "n"})
    rows = b"533000001,2024-01-01T00:00,1,2,BL\xc5\n533000002,2024-01-01T00:00,1,2,\x00Z\n"
    got = read(b"id,t,y,x,n\n" + rows, mappings=path)
    assert got.statics["name"].tolist() == ["BL\ufffd", "Z"]


def test_static_data_are_kept_where_they_change(read, tmp_path):
    path = mapping(tmp_path, columns={"name": "n"})
    said = [("1", "A"), ("2", "B"), ("1", "A"), ("1", "C"), ("2", "B"), ("1", ""), ("1", "C")]
    rows = "".join(f"53300000{v},2024-01-01T00:00,1,2,{n}\n" for v, n in said)
    for batch_rows in (1, 2, 3, 100):
        got = read("id,t,y,x,n\n" + rows, mappings=path, batch_rows=batch_rows)
        assert sorted(got.statics["source_offset"]) == [2, 3, 5]
        assert got.report.repeated_static == 3


def test_static_data_said_all_along_are_kept_as_often_as_sets_say_them(read, tmp_path):
    path = mapping(tmp_path, columns={"name": "n"})
    minutes = range(60)
    rows = "".join(f"533000001,2024-01-01T00:{m:02},1,2,{'AB'[m >= 30]}\n" for m in minutes)
    for batch_rows in (1, 7, 100):
        got = read("id,t,y,x,n\n" + rows, mappings=path, batch_rows=batch_rows).statics
        assert got["time"].dt.minute.tolist() == list(range(0, 60, 6))
        assert got["name"].tolist() == ["A"] * 5 + ["B"] * 5


# What isn't read


def test_wrong_header_says_what_it_looked_like_and_what_is_missing(read):
    with pytest.raises(IngestError, match=r"'noaa-2015'.*no column BaseDateTime") as error:
        read(NOAA_2015.replace("BaseDateTime", "Timestamp") + "1,2\n")
    assert error.value.exit_code == 3
    assert "Timestamp" in error.value.hint


def test_unknown_table(read):
    with pytest.raises(IngestError, match="unknown layout") as error:
        read("a,b,c,mmsi\n1,2,3,4\n")
    assert "mappings.yaml" in error.value.hint


def test_sightings_are_no_position_reports(read):
    with pytest.raises(IngestError, match="a table of sightings") as error:
        read("sighting_id,time,lat,lon,uncertainty_m,source\nr1,2026-01-05T17:00Z,3,100,50,radar\n")
    assert "--sightings" in error.value.hint


def test_named_mapping_without_its_columns(read):
    with pytest.raises(IngestError, match=r"'solent'.*Latitude_degrees"):
        read(NOAA_2015, mapping="solent")


def test_mapping_that_is_not_there(read):
    with pytest.raises(IngestError, match="no mapping 'nope'") as error:
        read(NOAA_2015, mapping="nope")
    assert "noaa-2015" in error.value.hint


def test_header_that_matches_several_layouts(read, tmp_path):
    columns = {"mmsi": "MMSI", "time": "BaseDateTime", "lat": "LAT", "lon": "LON"}
    path = mapping(tmp_path, columns=columns)
    row = "533000001,2024-01-01T00:00:00,1,2" + "," * 13 + "\n"
    with pytest.raises(IngestError, match="matches several layouts"):
        read(NOAA_2015 + row, mappings=path)
    assert read(NOAA_2015 + row, mappings=path, mapping="mine").report.format == "mine"


def test_table_without_a_readable_time(read):
    with pytest.raises(IngestError, match="no row has a time") as error:
        read(NOAA_2015 + "533000001,01.02.2024 10h,1,2" + "," * 13 + "\n")
    assert "time_format" in error.value.hint


@pytest.mark.parametrize(
    ("layout", "what"),
    [
        ({"columns": {"speed": "v"}}, "no quantity 'speed'"),
        ({"columns": {"lat": {"from": "y", "unit": "kn"}}}, "can't be in 'kn'"),
        ({"time_zone": "Mars/Olympus"}, "no time zone"),
        ({"delimeter": ";"}, "delimeter"),
    ],
)
def test_wrong_layouts_say_what_is_wrong(tmp_path, layout, what):
    with pytest.raises(ConfigError, match=what):
        load_layouts(mapping(tmp_path, **layout))


def test_a_layout_can_not_replace_a_built_in_one(tmp_path):
    path = mapping(tmp_path)
    path.write_text(path.read_text().replace("mine:", "dma:"))
    with pytest.raises(ConfigError, match="built-in"):
        load_layouts(path)


# Words and ids of other feeds


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("Chemical Tanker", 80),
        ("Sailing Vessel", 36),
        ("Law Enforce", 55),
        ("Cargo - Hazard A (Major)", 71),
        ("Fishing Patrol Vessel", 55),
        ("LNG Carrier", 80),
        ("Fish Carrier", 70),
        ("Ro-Ro/Passenger Ship", 60),
        ("Pusher Tug", 52),
        ("Stern Trawler", 30),
        ("Bulk_Carrier", 70),
        ("Kapal Ikan", 30),
        ("drifting_longlines", 30),
        ("Kapal Tunda", 52),
        ("Dredging or underwater ops", 33),
        ("Cargo, No additional information", 70),
        ("Non-passenger", None),
        ("Unspecified", None),
        ("Zzyzx", None),
        ("", None),
    ],
)
def test_type_words_are_understood_by_keyword(word, code):
    assert codes.ship_type(word) == code


@pytest.mark.parametrize(
    ("word", "nothing"),
    [("Undefined", True), ("Not available (default)", True), ("N/A", True), ("Nona", False)],
)
def test_words_that_say_nothing_are_no_unknown_ones(word, nothing):
    assert codes.says_nothing(word) == nothing


def a_mapping(tmp_path, extra=""):
    path = tmp_path / "mappings.yaml"
    path.write_text(
        "other:\n  columns:\n    mmsi: {from: boat, numbered: true}\n    time: t\n"
        f"    lat: lat\n    lon: lon\n    ship_type: kind\n{extra}",
        encoding="utf-8",
    )
    return load_layouts(path)["other"]


def the_values(layout, boats, kinds):
    n = len(boats)
    columns = {
        "boat": pa.array(boats),
        "kind": pa.array(kinds),
        "t": pa.array(["2024-01-01T00:00:00Z"] * n),
        "lat": pa.array(["1"] * n),
        "lon": pa.array(["103"] * n),
    }
    return Values(layout, Cells(columns, np.arange(n), str))


def test_a_mapping_gives_codes_to_words_and_the_rest_is_counted(tmp_path):
    layout = a_mapping(tmp_path, "  values:\n    ship_type: {Kotak: 30, Tanker: 52}\n")
    values = the_values(layout, ["a"] * 5, ["kotak", "Tanker", "Zzyzx", "Zzyzx", ""])
    kept = np.array([True, True, True, False, True])
    assert values.unknown("ship_type", kept) == {"Zzyzx": 1}
    codes_ = values.statics().columns(np.arange(5))["ship_type"]
    assert codes_.tolist() == [30, 52, -1, -1, -1]


def test_ids_get_stable_numbers_that_no_mmsi_has(tmp_path):
    layout = a_mapping(tmp_path)
    first = the_values(layout, ["1", "Sri Jaya", "1", ""], [""] * 4).mmsi
    again = the_values(layout, ["Sri Jaya", "1"], [""] * 2)
    assert first.tolist() == [again.mmsi[1], again.mmsi[0], again.mmsi[1], -1]
    assert (mmsi_kind(first[:3]) == "own_id").all()
    assert again.statics().columns(np.arange(2))["name"].tolist() == ["ID Sri Jaya", "ID 1"]


def test_two_ids_of_one_number_are_told():
    report = Report()
    assert not report.number(900000001, "a")
    assert not report.number(900000001, "a")
    assert report.number(900000001, "b")
    assert report.to_dict()["numbered"] == 1


def test_however_many_kinds_a_feed_names_few_are_told():
    report = Report()
    for number in range(100):
        report.other_message(f"type {number}", 2)
    report.other_message("type 0", 1)
    told = report.to_dict()["other_messages"]
    assert (len(told), told["type 0"], told["others"]) == (61, 3, 80)


def test_a_feed_lasts_from_its_first_report_to_its_last_in_whatever_batches_they_come():
    report, none = Report(), pd.DataFrame({"time": pd.to_datetime([], utc=True)})
    for hour in (5, 8, 3):
        at = pd.Timestamp(f"2026-01-05T0{hour}:00Z").as_unit("us")
        report.landed(np.array([533000001]), np.array([int(at.timestamp() * 1e6)]), none)
    assert (report.first_time.hour, report.last_time.hour) == (3, 8)
    assert (report.positions, report.vessels) == (3, 1)


@pytest.mark.parametrize(
    "extra", ["  values: {ship_type: {x: 256}}\n", "  values: {name: {x: 1}}\n"]
)
def test_values_that_can_be_no_codes_are_refused(tmp_path, extra):
    with pytest.raises(ConfigError, match="values"):
        a_mapping(tmp_path, extra)


@pytest.mark.parametrize(
    ("unit", "factor", "speeds_kn"),
    [
        ("m/s", 1 / 1.943844, (10.0, 14.0, 18.0)),
        ("km/h", 1.852, (10.0, 14.0, 18.0)),
        ("kn/10", 10.0, (5.0, 7.0, 9.0)),
        ("", 1.0, (10.0, 14.0, 18.0)),
    ],
)
def test_speeds_in_another_unit_than_knots_are_told(read, unit, factor, speeds_kn):
    """By how far vessels move: half or twice as far as their speeds say."""
    lines = ["MMSI,BaseDateTime,LAT,LON,SOG,COG"]
    for ship, speed_kn in enumerate(speeds_kn):
        for minute in range(60):
            lat = 2.0 + speed_kn * minute / 60 / 60
            time = f"2026-03-01T10:{minute:02d}:00"
            lines.append(
                f"{533000001 + ship},{time},{lat:.5f},{101 + ship},{speed_kn * factor:.2f},0.0"
            )
    report = read("\n".join(lines) + "\n", "feed.csv").report
    said = [one for one in report.clocks if one.get("unit")]
    assert [one["unit"] for one in said] == ([unit] if unit else [])
    assert bool(report.clocks) == bool(unit)


@pytest.mark.parametrize(("seconds", "doubted"), [("00", False), ("10", True)])
def test_times_cut_to_the_minute_are_no_wrong_clock(read, seconds, doubted):
    """Up to a minute between a fix and its time makes half of the speed of a launch, or more;
    times that say their seconds mean them."""
    lines, rng = ["MMSI,BaseDateTime,LAT,LON,SOG,COG"], np.random.default_rng(6791)
    for ship in range(3):
        for minute in range(60):
            lat = 2.0 + 12.0 * (minute + rng.uniform()) / 60 / 60
            time = f"2026-03-01T10:{minute:02d}:{seconds}"
            lines.append(f"{533000001 + ship},{time},{lat:.5f},{101 + ship},12.0,0.0")
    clocks = read("\n".join(lines) + "\n", "feed.csv").report.clocks
    assert ["don't fit how vessels move" in one["text"] for one in clocks] == [True] * doubted

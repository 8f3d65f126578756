"""Tables and JSON that nobody described: read by their names, or refused with the reason."""

import io
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as papq
import pytest
import shapely

from pipelines.ingest import IngestError
from pipelines.ingest.timeforms import UndecidedError, time_forms
from tests.pipelines.ingest.conftest import checksummed

T = pd.Timestamp("2026-03-14T16:30:00Z")
ROWS = [
    (563000000 + k % 3, T + pd.Timedelta(seconds=10 * k), 1.2 + k / 5e3, 103.7, 12.4, 80.0)
    for k in range(24)
]


def iso(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch(time):
    return int(time.timestamp())


def table(header, row, between=","):
    lines = [between.join(str(one) for one in row(*values)) for values in ROWS]
    return "\n".join([header, *lines]) + "\n"


def check(got, *, sog=12.4, cog=80.0):
    assert got.report.format == "column-names"
    frame = got.positions.sort_values("time").reset_index(drop=True)
    assert frame["mmsi"].tolist() == [m for m, *_ in ROWS]
    assert frame["time"].tolist() == [t for _, t, *_ in ROWS]
    assert frame["lat"].tolist() == pytest.approx([lat for _, _, lat, *_ in ROWS], abs=1e-6)
    assert frame["lon"].tolist() == pytest.approx([103.7] * len(ROWS), abs=1e-6)
    assert frame["sog_kn"].tolist() == pytest.approx([sog] * len(ROWS), abs=0.01)
    assert frame["cog_deg"].tolist() == pytest.approx([cog] * len(ROWS), abs=0.01)


def minutes(value, letter):
    return f"{int(value):02d}°{value % 1 * 60:08.5f}'{letter}"


def run_on(value, wide):
    return f"{int(value):0{wide}d}{value % 1 * 60:08.5f}"


TABLES = {
    "kystverket": (
        "mmsi;imo_nr;length;date_time_utc;lon;lat;sog;cog;true_heading;nav_status;message_nr",
        lambda m, t, la, lo, v, c: (
            *(m, 9343340, 90, t.strftime("%Y-%m-%d %H:%M:%S"), lo, la, v, c, 80, 0, 1),
        ),
        ";",
    ),
    "naval academy": (
        "sourcemmsi,navigationalstatus,rateofturn,speedoverground,courseoverground,trueheading,lon,lat,t",
        lambda m, t, la, lo, v, c: (m, 0, 0, v, c, 511, lo, la, epoch(t)),
        ",",
    ),
    "vesselfinder": (
        "MMSI,TIMESTAMP,LATITUDE,LONGITUDE,COURSE,SPEED,HEADING,NAVSTAT,IMO,NAME,TYPE,A,B,C,D",
        lambda m, t, la, lo, v, c: (
            *(m, t.strftime("%Y-%m-%d %H:%M:%S UTC"), la, lo, c, v, 80, 0, 9343340, "X", 70),
            *(100, 20, 10, 10),
        ),
        ",",
    ),
    "tenths of knots": (
        "MMSI,LAT,LON,SPEED,COURSE,STATUS,TIMESTAMP",
        lambda m, t, la, lo, v, c: (
            m,
            la,
            lo,
            round(v * 10),
            c,
            0,
            t.strftime("%Y-%m-%dT%H:%M:%S"),
        ),
        ",",
    ),
    "names with their abbreviations": (
        "~MMSI|Latitude|Longitude|Speed Over Ground (SOG)|Course Over Ground (COG)|Received UTC",
        lambda m, t, la, lo, v, c: (m, la, lo, v, c, t.strftime("%d-%m-%Y %H:%M:%S")),
        "|",
    ),
    "numbers as floats": (
        "mmsi,timestamp,distance_from_shore,speed,course,lat,lon,is_fishing,source",
        lambda m, t, la, lo, v, c: (float(m), float(epoch(t)), 1.0, v, c, la, lo, -1, "x"),
        ",",
    ),
    "units in the names": (
        "Vessel MMSI\tTime (UTC)\tLatitude (deg)\tLongitude (deg)\tSpeed (km/h)\tCourse (deg)",
        lambda m, t, la, lo, v, c: (m, t.strftime("%Y/%m/%d %H:%M:%S"), la, lo, v * 1.852, c),
        "\t",
    ),
    "decimal commas": (
        "MMSI;Zeitstempel;Timestamp;Latitude;Longitude;SOG;COG",
        lambda m, t, la, lo, v, c: (
            *(m, "", t.strftime("%d.%m.%Y %H:%M:%S")),
            *(str(one).replace(".", ",") for one in (la, lo, v, c)),
        ),
        ";",
    ),
    "date and clock, month first": (
        "MMSI,Date,Time,Latitude,Longitude,SOG,COG",
        lambda m, t, la, lo, v, c: (
            *(m, t.strftime("%m/%d/%Y"), t.strftime("%H:%M:%S"), la, lo, v, c),
        ),
        ",",
    ),
    "aishub": (
        "MMSI,TSTAMP,LATITUDE,LONGITUDE,COG,SOG,HEADING,NAVSTAT,IMO,NAME,TYPE,A,B,C,D,DEST,ETA",
        lambda m, t, la, lo, v, c: (
            *(m, t.strftime("%Y-%m-%d %H:%M:%S GMT"), la, lo, c, v, 80, 0, 9343340, "X", 70),
            *(100, 20, 10, 10, "PORT KLANG", "03-15 12:00"),
        ),
        ",",
    ),
    "malay": (
        "Bil,MMSI,Nama Kapal,Tarikh,Masa,Latitud,Longitud,Laju (knot),Haluan",
        lambda m, t, la, lo, v, c: (
            *(1, m, "X", t.strftime("%d/%m/%Y"), t.strftime("%H:%M:%S"), la, lo, v, c),
        ),
        ",",
    ),
    "date and clock in one, in Malay": (
        "Bil,MMSI,Nama Kapal,Latitud,Longitud,Kelajuan (knot),Haluan,Tarikh Masa (UTC)",
        lambda m, t, la, lo, v, c: (1, m, "X", la, lo, v, c, t.strftime("%d/%m/%Y %H:%M:%S")),
        ",",
    ),
    "degrees and minutes": (
        "MMSI;UTC;Latitude;Longitude;SOG;COG",
        lambda m, t, la, lo, v, c: (m, iso(t)[:-1], minutes(la, "N"), minutes(lo, "E"), v, c),
        ";",
    ),
    "degrees and minutes as NMEA runs them together, hemispheres beside": (
        "MMSI,UTC,Lat,N/S,Lon,E/W,SOG,COG",
        lambda m, t, la, lo, v, c: (m, iso(t), run_on(la, 2), "N", run_on(lo, 3), "E", v, c),
        ",",
    ),
    "degrees, minutes and hemispheres, a column each": (
        "MMSI,Time,Lat Deg,Lat Min,Lat Hem,Lon Deg,Lon Min,Lon Hem,SOG,COG",
        lambda m, t, la, lo, v, c: (
            *(m, iso(t), int(la), f"{la % 1 * 60:.5f}", "N"),
            *(f"{int(lo)}.0", f"{lo % 1 * 60:.5f}", "E", v, c),
        ),
        ",",
    ),
    "the zone in a column of its own": (
        "MMSI,Time,UTC Offset,Lat,Lon,SOG,COG",
        lambda m, t, la, lo, v, c: (
            *(m, (t + pd.Timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S"), "+08:00"),
            *(la, lo, v, c),
        ),
        ",",
    ),
    "when a position was and when it was written down, beside one another": (
        "mmsi,position_timestamp,position_update_timestamp,latitude,longitude,sog,cog",
        lambda m, t, la, lo, v, c: (m, iso(t), iso(t + pd.Timedelta(minutes=5)), la, lo, v, c),
        ",",
    ),
    "milliseconds by name": (
        "mmsi,position_epoch_ms,lat,lon,sog,cog",
        lambda m, t, la, lo, v, c: (m, epoch(t) * 1000, la, lo, v, c),
        ",",
    ),
    "x and y, time in words": (
        "mmsi,x,y,speed,course,time",
        lambda m, t, la, lo, v, c: (m, lo, la, v, c, t.strftime("%d %b %Y %I:%M:%S %p")),
        ",",
    ),
    "points as text": (
        "mmsi|timestamp|position|sog|cog",
        lambda m, t, la, lo, v, c: (m, iso(t), f"POINT ({lo} {la})", v, c),
        "|",
    ),
    "points of a database": (
        "mmsi,ts,geom,sog,cog",
        lambda m, t, la, lo, v, c: (m, iso(t), shapely.Point(lo, la).wkb_hex, v, c),
        ",",
    ),
    "a zone's clock": (
        "MMSI,Waktu (WIB),Lintang,Bujur,Kecepatan,Haluan",
        lambda m, t, la, lo, v, c: (
            *(m, (t + pd.Timedelta(hours=7)).strftime("%Y-%m-%d %H:%M:%S"), la, lo, v, c),
        ),
        ",",
    ),
    "milliseconds, a local column beside": (
        "Local Time,mmsi,ts,latitude,longitude,sog,cog",
        lambda m, t, la, lo, v, c: ("15/03/2026 00:30", m, epoch(t) * 1000, la, lo, v, c),
        ",",
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_other_makers(read, name):
    got = read(table(*TABLES[name]))
    check(got)
    assert got.report.read_as["mmsi"] in {"mmsi", "MMSI", "~MMSI", "sourcemmsi", "Vessel MMSI"}


def test_what_was_taken_for_what_is_said(read):
    header, row, between = TABLES["tenths of knots"]
    report = read(table(header, row, between)).report.to_dict()
    assert report["read_as"]["sog_kn"] == "SPEED (kn/10)"
    assert report["assumed"] == ["times are UTC", "speeds are in tenths of knots"]
    assert report["unused"] == []


@pytest.mark.parametrize(
    "header",
    [
        "MMSI,SHIP_ID,LAT,LON,SPEED,COURSE,TIMESTAMP",
        "MMSI,DSRC,LAT,LON,SPEED,COURSE,TIMESTAMP",
        "mmsi,dsrc,lat,lon,speed,course,timestamp",
    ],
)
def test_slow_ships_of_marinetraffic_are_in_tenths_of_knots_too(read, header):
    for speeds, unit, first in ((("44", "12"), " (kn/10)", 4.4), (("4.4", "12"), "", 4.4)):
        rows = [f"563000001,7,1.2,103.7,{speed},80,{iso(T)}" for speed in speeds]
        got = read("\n".join([header, *rows]) + "\n")
        assert got.report.read_as["sog_kn"].upper() == "SPEED" + unit.upper()
        assert got.positions["sog_kn"].iloc[0] == first


@pytest.mark.parametrize(
    ("said", "meant", "assumed"),
    [
        ((61, 118, 0, 24), (6.1, 11.8, 2.4), True),  # Digitraffic and BarentsWatch, as AIS itself
        ((6, 11, 0, 4), (6.0, 11.0, 4.0), False),
        ((6.1, 11.8, 0, 61), (6.1, 11.8), False),  # one is damaged
        ((28, 33, 0, 41), (), False),  # of feet nobody says so
    ],
)
def test_draughts_in_tenths_of_metres_are_told_by_their_numbers(read, said, meant, assumed):
    rows = [f"{563000001 + k},{iso(T)},1.2,103.7,{one}" for k, one in enumerate(said)]
    got = read("\n".join(["mmsi,time,lat,lon,draught", *rows]) + "\n")
    if not meant:
        assert "draught" in got.report.unused
        return
    assert tuple(got.statics["draught_m"].dropna().round(2)) == meant
    assert ("draughts are in tenths of metres" in got.report.assumed) is assumed


@pytest.mark.parametrize("name", ["draught_m", "Draft (meters)"])
def test_draughts_of_28_that_are_called_metres_are_no_feet(read, name):
    rows = [f"{563000001 + k},{iso(T)},1.2,103.7,{one}" for k, one in enumerate((28, 33, 0, 41))]
    got = read("\n".join([f"mmsi,time,lat,lon,{name}", *rows]) + "\n")
    assert tuple(got.statics["draught_m"].dropna().round(2)) == (2.8, 3.3, 4.1)
    assert "draughts are in tenths of metres" in got.report.assumed


@pytest.mark.parametrize("change", [str.upper, str.lower])
def test_draughts_of_marinetraffic_are_no_feet(read, change):
    header = change("MMSI,DSRC,TIMESTAMP,LAT,LON,DRAUGHT")
    rows = [f"{563000001 + k},TER,{iso(T)},1.2,103.7,{one}" for k, one in enumerate((28, 33, 41))]
    got = read("\n".join([header, *rows]) + "\n")
    assert tuple(got.statics["draught_m"].round(2)) == (2.8, 3.3, 4.1)


@pytest.mark.parametrize("name", ["updated", "observed_at", "Last_Received_UTC"])
def test_columns_of_times_by_other_names(read, name):
    got = read(f"mmsi,latitude,longitude,{name}\n" + f"563000001,1.2,103.7,{epoch(T)}\n" * 2)
    assert set(got.positions["time"]) == {T}


def test_a_time_that_most_positions_lack_isnt_theirs(read):
    rows = [f"{563000001 + k},1.2,103.7,{iso(T) if k else ''},{iso(T)}" for k in range(2)]
    rows += [f"56300000{k},1.2,103.7,,{iso(T)}" for k in range(4, 9)]
    got = read("\n".join(["mmsi,lat,lon,timestamp,updated", *rows]) + "\n")
    assert got.report.read_as["time"] == "updated"
    assert len(got.positions) == 7


@pytest.mark.parametrize(
    ("header", "n_blank"), [("last_seen,updated", 0), ("received,timestamp", 4)]
)
def test_the_time_is_that_of_the_position_and_there(read, header, n_blank):
    """Not that of the record, nor one that four rows of ten of each vessel leave blank."""
    later = T + pd.Timedelta(minutes=9)
    rows = [
        f"{563000001 + k % 2},1.2,103.7,{iso(T)},{'' if k < n_blank else iso(later)}"
        for k in range(10)
    ]
    got = read("\n".join([f"mmsi,lat,lon,{header}", *rows]) + "\n")
    assert got.report.read_as["time"] == header.partition(",")[0]
    assert set(got.positions["time"]) == {T}


@pytest.mark.parametrize("beside", ["updated", "update_time", "received"])
def test_when_all_rows_were_written_is_no_time_of_theirs(read, beside):
    """Though a fifth of them lack the time that the others have: they are rejected."""
    rows = [
        f"563000001,1.2,103.7,{iso(T + pd.Timedelta(minutes=k)) if k % 5 else ''},2026-04-01T00:00Z"
        for k in range(20)
    ]
    got = read("\n".join([f"mmsi,lat,lon,timestamp,{beside}", *rows]) + "\n")
    assert got.report.read_as["time"] == "timestamp"
    assert got.positions["time"].nunique() == 16
    if beside == "updated":  # each at another time
        rows = [row.replace("T00:00Z", f"T00:{k:02d}Z") for k, row in enumerate(rows)]
        got = read("\n".join([f"mmsi,lat,lon,timestamp,{beside}", *rows]) + "\n")
        assert got.report.read_as["time"] == "timestamp"


def test_southern_and_western_hemispheres_are_told_by_their_column(read):
    rows = [f"563000001,{iso(T + pd.Timedelta(seconds=k))},{k}.5,S,{k}.25,W" for k in range(9)]
    got = read("\n".join(["MMSI,Time,Lat,N/S,Lon,E/W", *rows, rows[0].replace("S", ""), ""]))
    assert got.positions["lat"].max() == -0.5
    assert got.positions["lon"].min() == -8.25
    assert got.report.rejected == {"position": 1}  # nobody says on which side it was


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("Direction", "W"),  # westbound
        ("Direction (N/S)", "S"),
        ("dir", "S"),
        ("Wind Direction", "E"),
        ("swell_dir", "W"),
        ("heading indicator", "S"),
        ("lat_min,lon_min", "1.1,103.5"),  # of the track that it is of
        ("lat_min", 0),
        ("x,y", "-4,12.3"),
        ("N/S,E/W", "N,E"),
    ],
)
def test_a_column_beside_right_degrees_turns_them_round_no_more_than_it_says(read, more, said):
    rows = [(m, iso(t), la, lo, v, c, said) for m, t, la, lo, v, c in ROWS]
    lines = [",".join(map(str, row)) for row in rows]
    check(read("\n".join([f"mmsi,timestamp,lat,lon,sog,cog,{more}", *lines, ""])))


def test_numbers_with_the_sign_of_the_hemisphere_beside_them_are_read(read):
    rows = [f"563000001,{iso(T)},{k}.5,N,103.5,E" for k in range(5)]
    rows += [f"563000002,{iso(T)},-1.{k},S,-3.5,W" for k in range(5)]
    got = read("\n".join(["MMSI,Time,Lat,N/S,Lon,E/W", *rows, ""])).positions
    assert sorted(got["lat"]) == pytest.approx(
        [-1.4, -1.3, -1.2, -1.1, -1, 0.5, 1.5, 2.5, 3.5, 4.5]
    )
    assert sorted(set(got["lon"])) == [-3.5, 103.5]


@pytest.mark.parametrize("first", ["1.5,N", "-1.5,S", "1.5,S"])
@pytest.mark.parametrize(("late", "lat"), [("-0.5,S", -0.5), ("0.5,S", -0.5), ("0.5,N", 0.5)])
def test_a_few_rows_that_write_their_side_otherwise_are_read_by_it(read, first, late, lat):
    """Behind so many that others tell what the columns hold, they were lost, or put north."""
    rows = [f"563000001,{epoch(T) + k},{first},103.5" for k in range(10_000)]
    rows += [f"563000002,{epoch(T)},{late},103.5"] * 2
    got = read("\n".join(["MMSI,Time,Lat,N/S,Lon", *rows, ""])).positions
    assert set(got.loc[got["mmsi"] == 563000002, "lat"]) == {lat}


def test_x_and_y_are_no_places_where_others_are_called_so(read):
    rows = [f"563000001,{iso(T)},{'' if k else 1.5},{'' if k else 103.5},-4,12" for k in range(9)]
    got = read("\n".join(["mmsi,timestamp,lat,lon,x,y", *rows, ""])).positions
    assert got[["lat", "lon"]].to_numpy().tolist() == [[1.5, 103.5]]


def test_a_row_that_lacks_its_letter_among_others_is_no_number_of_degrees(read):
    rows = [f"563000001,{iso(T)},0030.5{'' if k == 9 else 'S'},10330.5E" for k in range(20)]
    got = read("\n".join(["mmsi,timestamp,lat,lon", *rows, ""]))
    assert got.positions["lat"].tolist() == pytest.approx([-0.508333] * 19, abs=1e-6)
    assert got.report.rejected == {"position": 1}


@pytest.mark.parametrize("header", ["Tarikh,Masa", "Tanggal,Time", "Date,Waktu"])
def test_dates_of_columns_in_malay_have_the_day_first_unless_they_show_otherwise(read, header):
    def times(*dates):
        rows = [f"563000001,{date},10:00:00,1.5,103.5" for date in dates]
        return read("\n".join([f"mmsi,{header},lat,lon", *rows, ""]))

    got = times("04/03/2026", "05/03/2026")
    assert got.positions["time"].dt.strftime("%m-%d").tolist() == ["03-04", "03-05"]
    assert got.report.to_dict()["assumed"] == ["times are UTC", "days are before months"]
    in_words = times("04-Mar-2026", "05-Mar-2026").report.to_dict()
    assert in_words["assumed"] == ["times are UTC"], "they show it"
    shown = times("03/04/2026", "03/25/2026").positions
    assert shown["time"].dt.strftime("%m-%d").tolist() == ["03-04", "03-25"]


@pytest.mark.parametrize("header", ["Date (MYT),Time", "Date,Time (MYT)", "Date (MYT),Time (MYT)"])
def test_a_clock_is_in_the_zone_that_its_date_is_in(read, header):
    local = T + pd.Timedelta(hours=8)
    rows = [f"563000001,{local:%Y-%m-%d},{local:%H:%M:%S},1.5,103.5"] * 3
    got = read("\n".join([f"mmsi,{header},lat,lon", *rows, ""]))
    assert set(got.positions["time"]) == {T}
    assert got.report.to_dict()["assumed"] == ["times are those of Asia/Kuala_Lumpur"]


@pytest.mark.parametrize(
    ("said", "hours"),
    [("8", 8), ("+0800", 8), ("UTC+8", 8), ("-05:00", -5), ("8.0", 8), ("1000", 10), ("0", 0)],
)
def test_an_offset_is_read_as_it_is_written(read, said, hours):
    rows = [f"563000001,{T:%Y-%m-%d %H:%M:%S},{said},1.5,103.5"] * 3
    got = read("\n".join(["mmsi,time,UTC Offset,lat,lon", *rows, ""]))
    assert set(got.positions["time"]) == {T - pd.Timedelta(hours=hours)}


@pytest.mark.parametrize(
    "words", [("S", "W"), ("selatan", "barat"), ("LS", "BB"), ("South", "West")]
)
@pytest.mark.parametrize("damaged", ["N/S", "-", "x"])
def test_a_damaged_hemisphere_puts_no_other_row_on_the_other_side(read, words, damaged):
    """A header that is there twice, where two exports were joined, is the commonest."""
    south, west = words
    sides = [(south, west)] * 12 + [(damaged, west)] + [(south, damaged)]
    rows = [
        f"563000001,{iso(T + pd.Timedelta(seconds=k))},{k + 1}.5,{a},{k + 1}.25,{b}"
        for k, (a, b) in enumerate(sides)
    ]
    got = read("\n".join(["MMSI,Time,Lat,N/S,Lon,E/W", *rows, ""]))
    assert got.positions["lat"].max() == -1.5
    assert got.positions["lon"].max() == -1.25
    assert got.report.rejected == {"position": 2}


@pytest.mark.parametrize("zone", ["WIB", "UTC", "+07:00"])
def test_a_row_of_another_zone_than_the_first_is_not_put_hours_off(read, zone):
    rows = [f"563000001,2026-03-14 10:00:00,{zone},1.{k},103" for k in range(9)]
    late = ["563000002,2026-03-14 10:00:00,WIT,1,103"] * 2
    many = rows * 2000  # more than is looked at to tell the columns
    got = read("\n".join(["MMSI,Time,Timezone,Lat,Lon", *many, *late, ""]))
    assert set(got.positions["mmsi"]) == {563000001}
    assert got.report.other_messages == {"WIT": 2}


@pytest.mark.parametrize("blank", ["", "n/a"])
def test_rows_without_a_zone_beside_such_of_utc_are_read_as_where_nobody_says_one(read, blank):
    rows = [f"563000001,2026-03-14 10:00:0{k},{blank if k % 2 else 'UTC'},1,103" for k in range(9)]
    got = read("\n".join(["MMSI,Time,Timezone,Lat,Lon", *rows, ""]))
    assert len(got.positions) == 9


@pytest.mark.parametrize("sides", ["NS", ("North", "south"), ("LU", "LS"), ("utara", "selatan")])
def test_a_sign_that_agrees_with_its_side_says_it_twice(read, sides):
    """Of sides in words the table was refused, and for one damaged cell."""
    cells = [f"{k - 10.5},{sides[k < 11]}" for k in range(21)]
    rows = [f"563000001,{epoch(T) + k},{cell},103" for k, cell in enumerate([*cells, "x,N"])]
    got = read("\n".join(["mmsi,t,lat,lat_dir,lon", *rows, ""]))
    assert got.positions["lat"].tolist() == [k - 10.5 for k in range(21)]
    assert got.report.rejected == {"position": 1}


def test_a_header_that_is_there_twice_costs_no_column(read):
    row = "563000001,2026-03-14T10:00:0{k}Z,1,103,B,{type}"
    rows = [row.format(k=k, type=18 if k % 2 else 24) for k in range(10)]
    header = "MMSI,Time,Lat,Lon,Class,Type"
    got = read("\n".join([header, *rows, header, *rows, ""]))
    assert set(got.positions["ais_class"]) == {"B"}
    assert set(got.positions["msg_type"]) == {18}


def test_longitudes_to_360(read):
    rows = [f"563000001,{epoch(T) + k},10,{179.5 + k / 10:.1f}\n" for k in range(20)]
    got = read("mmsi,t,lat,lon\n" + "".join(rows))
    assert got.positions["lon"].max() == 180
    assert got.positions["lon"].min() == pytest.approx(-179.9)
    assert got.report.rejected == {"no position": 1}  # 181 means that there is none


def test_ids_where_there_is_no_mmsi_are_numbered(read):
    rows = [f"{epoch(T) * 1000 + k},ab{k % 3},103.7,1.2\n" for k in range(6)]
    got = read("t,vessel_id,lon,lat\n" + "".join(rows))
    assert got.report.vessels == 3
    assert got.report.to_dict()["numbered"] == 3


@pytest.mark.parametrize(
    ("column", "ids", "vessels", "numbered"),
    [
        ("vessel_id", ["563000001", "563000002"], 2, 0),
        ("mmsi", ["12639560807591.0", "99639560807591.0"], 2, 2),
        ("id", ["1", "2"], 2, 2),
        ("mmsi", ["5.63E+08", "5.33E+08"], 0, 0),
    ],
)
def test_ids_are_told_from_mmsis(read, column, ids, vessels, numbered):
    rows = [f"{ids[k % 2]} 103.7 1.2 {epoch(T) + k}\n" for k in range(8)]
    report = read(f"{column} lon lat t\n" + "".join(rows)).report
    assert report.vessels == vessels
    assert report.to_dict().get("numbered", 0) == numbered
    assert report.rejected.get("mmsi", 0) == (0 if vessels else 8)


def test_ids_of_different_makers_are_different_vessels(read):
    seen = []
    for more in ("", ",source"):
        rows = [f"7,103.7,1.2,{epoch(T) + k}{more}\n" for k in range(4)]
        seen.append(read(f"id,lon,lat,t{more}\n" + "".join(rows)).positions["mmsi"].iloc[0])
    assert seen[0] != seen[1]


def record(m, t, la, lo, v, c):
    return {"mmsi": m, "msgtime": t.isoformat(), "latitude": la, "longitude": lo} | {
        "speedOverGround": v,
        "courseOverGround": c,
    }


def feature(m, t, la, lo, v, c):
    place = {"type": "Point", "coordinates": [lo, la]}
    told = {"sog": v, "cog": c, "timestamp": 7, "timestampExternal": epoch(t) * 1000}
    return {"mmsi": m, "type": "Feature", "geometry": place, "properties": told}


def spire(m, t, la, lo, v, c):
    was = {"latitude": la, "longitude": lo, "speed": v, "course": c, "timestamp": iso(t)}
    told = {"mmsi": m, "name": "X", "timestamp": iso(T - pd.Timedelta(days=1))}
    made = iso(T + pd.Timedelta(days=1))
    return {"updateTimestamp": made, "staticData": told, "lastPositionUpdate": was}


def caught(m, t, la, lo, v, c):
    time = t.strftime("%Y%m%d%H%M%S")
    said = {"type": 1, "mmsi": m, "lat": la, "lon": lo, "speed": v, "course": c}
    return {"class": "AIS", "rxtime": time, "nmea": ["!AIVDM,1,1,,A,13P,0*00"], **said}


def of_libais(m, t, la, lo, v, c):
    said = {"id": 1, "mmsi": m, "x": lo, "y": la, "sog": v, "cog": c, "timestamp": t.second}
    return {**said, "tagblock_timestamp": epoch(t), "tagblock_station": "r1"}


def vessels(m, t, la, lo, v, c):
    return {"uuid": "x", "mmsi": str(m), "lat": la, "lon": lo, "speed": v, "course": c} | {
        "last_position_epoch": epoch(t),
        "last_position_UTC": iso(t),
    }


JSONS = {
    "a list among a document's members": json.dumps(
        {
            "data": {"total": 24, "vessels": [vessels(*row) for row in ROWS]},
            "meta": {"duration": 0.1, "of": [{"a": 1}]},
        }
    ),
    "lines": "\n".join(json.dumps(record(*row)) for row in ROWS),
    "a list": json.dumps([record(*row) for row in ROWS]),
    "an indented list": json.dumps([record(*row) for row in ROWS], indent=2),
    "features": json.dumps(
        {"type": "FeatureCollection", "features": [feature(*row) for row in ROWS]}
    ),
    "three times of each": "\n".join(json.dumps(spire(*row)) for row in ROWS),
    "AIS-catcher": "\n".join(json.dumps(caught(*row)) for row in ROWS),
    "AIS-catcher beside a base station, which says what time it has": "\n".join(
        [json.dumps({**caught(*ROWS[0]), "type": 4, "timestamp": "2026-03-14T24:60:60Z"})]
        + [json.dumps(caught(*row)) for row in ROWS]
    ),
    "AIS-catcher where most comes of a base station": "\n".join(
        [json.dumps({**caught(*ROWS[0]), "type": 4, "timestamp": "2026-03-14T24:60:60Z"})] * 60
        + [json.dumps(caught(*row)) for row in ROWS]
    ),
    "a result": json.dumps({"ok": True, "result": [record(*row) for row in ROWS]}),
    "objects": json.dumps({"meta": {"n": 24}, "objects": [record(*row) for row in ROWS]}),
    "libais with tag blocks": "\n".join(json.dumps(of_libais(*row)) for row in ROWS),
}


@pytest.mark.parametrize("name", JSONS)
def test_json_of_other_makers(read, name):
    got = read(JSONS[name])
    check(got)
    assert not got.report.rejected
    assert len(set(got.positions["source_offset"])) == len(ROWS)


def test_a_list_with_a_word_about_the_answer_before_it(read):
    got = read(json.dumps([{"ERROR": False, "RECORDS": 24}, [record(*row) for row in ROWS]]))
    check(got)
    assert sum(got.report.rejected.values()) == 1


def test_parquet_of_other_makers(read):
    mmsi, time, lat, lon, sog, cog = zip(*ROWS, strict=True)
    columns = {"ssvid": [str(m) for m in mmsi], "position_timestamp": list(time), "lat": lat}
    columns |= {"lon": lon, "speed_knots": sog, "course": cog, "seen_by": ["x"] * len(ROWS)}
    out = io.BytesIO()
    papq.write_table(pa.table(columns), out)
    got = read(out.getvalue(), "feed.parquet")
    check(got)
    assert got.report.unused == ["seen_by"]


@pytest.mark.parametrize("kind", ["parquet", "json"])
def test_what_stands_beside_is_seen_in_whatever_form_a_table_comes(read, kind):
    local = (T + pd.Timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
    row = {"mmsi": 563000001, "time": local, "utc_offset": "+08:00"}
    row |= {"lat": 1, "lat_min": 30.0, "N/S": "S", "lon": 103, "lon_min": 45.0, "E/W": "E"}
    if kind == "parquet":
        out = io.BytesIO()
        papq.write_table(pa.Table.from_pylist([row] * 4), out)
        got = read(out.getvalue(), "feed.parquet").positions
    else:
        nested = {"mmsi": row.pop("mmsi"), "position": row}
        got = read("\n".join([json.dumps(nested)] * 4) + "\n").positions
    assert set(got["time"]) == {T}
    assert set(zip(got["lat"], got["lon"], strict=True)) == {(-1.5, 103.75)}


@pytest.mark.parametrize(
    ("header", "row", "words"),
    [
        ("MMSI,Time,Lat,Lon", "563000001,04/03/2026 10:00:00,1,103", "day or month comes first"),
        ("MMSI,LocalTime,Lat,Lon", "563000001,2026-03-14 10:00:00,1,103", "local zone"),
        ("MMSI,Time,Lat,Lon", "563000001,2026-03-14T10:00:00Z,720000,62220000", "say its unit"),
        ("MMSI,Time,Lat,Lon", "563000001,2026-03-14T10:00:00Z,1 72.5N,103 42.0E", "in degrees"),
        ("MMSI,Time,Lat,Lon", "563000001,2026-03-14T10:00:00Z,1.2T,103.0E", "in degrees"),
        ("MMSI,Time,Lat,N/S,Lon", "563000001,2026-03-14T10:00:00Z,99,S,103", "together say no lat"),
        (
            "MMSI,Time,Timezone,Lat,Lon",
            "563000001,2026-03-14 10:00:00,MYT,1,103\n563000001,2026-03-14 10:00:00,WIB,1,103",
            "in which zone its times are",
        ),
        ("MMSI,Time,tz,Lat,Lon", "563000001,2026-03-14 10:00:00,+05:30,1,103", "in which zone"),
        ("MMSI,Time,tz,Lat,Lon", "563000001,2026-03-14 10:00:00,120,1,103", "in which zone"),
        ("MMSI,Time,tz,Lat,Lon", "563000001,2026-03-14 10:00:00,-100,1,103", "in which zone"),
        (
            "MMSI,Date (UTC),Time (MYT),Lat,Lon",
            "563000001,2026-03-14,10:00:00,1,103",
            "in two zones by their names",
        ),
        ("MMSI,Time,Lat,Lat Min,Lon", "563000001,2026-03-14T10:00:00Z,0,-30.5,103", "say no lat"),
        (
            "MMSI,Time,Lat,N/S,Lon,E/W",
            "563000001,2026-03-14T10:00:00Z,30.5,N,10330.5,E",
            "lost its leading noughts",
        ),
        ("MMSI,Time,Lat,Lon", "563000001,2026-03-14T10:00:00Z,30.5N,10330.5E", "lost its leading"),
        ("MMSI,Time,Lat,Lat Min,Lon", "563000001,2026-03-14T10:00:00Z,1,70,103", "say no lat"),
        ("MMSI,Time (CST),Lat,Lon", "563000001,2026-03-14 10:00:00,1,103", "local zone"),
        ("MMSI,Time,geom", "563000001,2026-03-14T10:00:00Z,LINESTRING (1 2)", "no points in WGS84"),
        (
            "MMSI,Time,geom",
            "563000001,2026-03-14T10:00:00Z,SRID=3857;POINT(1 2)",
            "no points in WGS84",
        ),
        ("MMSI,Time,Lat,Lon", "563000001,46085.6875,1,103", "no times that can be read"),
        ("id,t,lat,lon", "1,1773505800,1,103\n2,1773505801,1,103\n3,1773505802,1,103", "twice"),
        ("MMSI,Lat,Lon,SOG,COG", "563000001,1,103,5,80", "unknown layout"),
    ],
)
def test_what_cant_be_told_is_refused_with_the_reason(read, header, row, words):
    with pytest.raises(IngestError, match=words) as error:
        read(f"{header}\n{row}\n")
    assert "mappings.yaml" in error.value.hint or "PostGIS" in error.value.hint


@pytest.mark.parametrize("header", ["mmsi,timestamp,lat,lon\n", "# one\nMMSI;Time;Lat;Lon\n\n\n"])
def test_a_table_of_nothing_but_its_header_is_empty_and_wants_no_mapping(read, header):
    with pytest.raises(IngestError, match="is empty") as error:
        read(header)
    assert "nothing to read" in error.value.hint
    columns = {"mmsi": pa.array([], "int64"), "t": pa.array([], pa.timestamp("us", "UTC"))}
    columns |= {"lat": pa.array([], "float64"), "lon": pa.array([], "float64")}
    out = io.BytesIO()
    papq.write_table(pa.table(columns), out)
    with pytest.raises(IngestError, match="is empty"):
        read(out.getvalue(), "feed.parquet")


def test_json_without_times_says_so(read):
    rows = [{"msg_type": 1, "mmsi": 563000001, "lat": 1, "lon": 103, "second": 7}] * 2
    with pytest.raises(IngestError, match="no key of it says when"):
        read("\n".join(map(json.dumps, rows)))


SENTENCE = "!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23"


@pytest.mark.parametrize(
    "said",
    [
        {"t": epoch(T), "nmea": SENTENCE},
        {"ts": iso(T), "raw": {"nmea": SENTENCE}, "port": 4001},
        {"rxtime": "20260314163000", "rxuxtime": epoch(T) + 0.4, "nmea": [SENTENCE]},
        {"t": str(epoch(T) * 1000), "msg": "\\s:r1*2A\\" + SENTENCE},
        {"t": (T + pd.Timedelta(hours=8)).isoformat()[:19] + "+08:00", "nmea": SENTENCE},
    ],
)
def test_sentences_inside_json_have_the_time_before_them(read, said):
    got = read((json.dumps(said) + "\n") * 3, "log.jsonl")
    assert got.report.format == "nmea"
    assert set(got.positions["time"]) == {T}
    assert got.report.rows_read == 3


@pytest.mark.parametrize(
    "said",
    [
        {"nmea": SENTENCE, "t": epoch(T)},
        {"received": epoch(T), "stored": epoch(T) + 3600, "nmea": SENTENCE},
        {"id": 1_000, "nmea": SENTENCE},
        {"seq": 1_700_000_123, "nmea": SENTENCE},
        {"seq": epoch(T) + 5, "t": epoch(T), "nmea": SENTENCE},
        {"local_time": iso(T)[:-1], "nmea": SENTENCE},
        {"time_myt": iso(T)[:-1], "nmea": SENTENCE},
        {"nmea": SENTENCE, "mmsi": 563000001, "utc": 12, "lat": 1.0, "lon": 103.0},
    ],
)
def test_sentences_inside_json_without_one_time_are_told_how_to_come_out(read, said):
    with pytest.raises(IngestError, match="sentences inside JSON") as error:
        read(json.dumps(said) + "\n")
    assert """jq -r '"\\(.time),\\(.nmea)"' FILE""" in error.value.hint


def test_a_loggers_time_before_another_inside_json_isnt_guessed_at(read):
    said = {"class": "AIS", "rxtime": "20260314163000", "nmea": [SENTENCE]}
    local, utc = (f"2026-03-14 {hour}:30:00,454 - {json.dumps(said)}\n" for hour in (17, 16))
    with pytest.raises(IngestError, match="two times before an AIS sentence") as error:
        read(local * 3, "log.txt")
    assert "'20260314163000' and '2026-03-14 17:30:00,454'" in error.value.message
    assert "sed 's/^[^{]*//'" in error.value.hint
    got = read(utc * 3, "log.txt")
    assert set(got.positions["time"].dt.floor("s")) == {T}


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (f"2026-03-15T00:30:00,{epoch(T)}.5,", f"'{epoch(T)}.5' and '2026-03-15T00:30:00'"),
        ("2026-03-15 00:30:00,2026-03-14 16:30:01Z,", "two times"),
        ("2026-03-15 00:30:00;2026-03-14 16:30:01Z;", "two times"),
        ("2026-03-15 00:30:00 MYT ", "in a zone before its AIS sentences: 'MYT'"),
        ("2026-03-14 04:30:00.5 PM ", "'PM'"),
        ("2026-03-15 00:30:00,MYT,", "'MYT'"),
        ("[2026-03-15 00:30:00][MYT] ", "'MYT'"),
        ("2026-03-15 00:30:00 UTC+8 ", r"'UTC\+8'"),
        ("2026-03-15 00:30:00 +08 ", r"'\+08'"),
        ("2026-03-15 00:30:00+08: ", r"'\+08'"),
        ("2026-03-15 00:30:00+08-rx1 ", r"'\+08'"),
        ("2026-03-15 00:30:00\t+0800\t", r"'\+0800'"),
        (f"2026-03-15 00:30:00 MYT \\{checksummed('s:r1')}\\", "'MYT'"),
    ],
)
def test_times_on_the_clocks_of_two_zones_before_a_sentence_are_not_guessed_at(read, before, why):
    with pytest.raises(IngestError, match=why):
        read(f"{before}{SENTENCE}\n" * 3, "log.txt")


@pytest.mark.parametrize(
    "before",
    [
        f"2026-03-14T16:30:00.5,{epoch(T)}.5,",
        "2026-03-14 16:30:00 UTC INFO ",
        "2026-03-14 16:30:00,123 INFO [ais] ",
        f"2026-03-15 00:30:00,123: \\{checksummed(f's:r1,c:{epoch(T)}')}\\",
        f"{epoch(T)},2026-03-15 00:30:00 MYT,",
        f"15/03/2026 12:30:00 AM,{epoch(T)},",
        "2026-03-15 00:30:00.25+08,",
        f"2026-03-15 00:30:00 +0800 {epoch(T)} ",
        "2026-03-14 16:30:00 UTC+0 -12 dB ",
        f"{iso(T)},{iso(T - pd.Timedelta(hours=1))},",
    ],
)
def test_other_things_before_a_sentence_leave_its_time_alone(read, before):
    got = read(f"{before}{SENTENCE}\n" * 3, "log.txt")
    assert set(got.positions["time"].dt.floor("s")) == {T}


def test_a_few_lines_that_came_late_by_a_quarter_of_an_hour_are_no_other_zone(read):
    late = "".join(
        f"2026-03-14 16:30:{k:02d},{epoch(T) + k - 36 * k},{SENTENCE}\n" for k in range(60)
    )
    assert read(late, "log.txt").report.rows_read == 60


def test_a_column_that_holds_no_numbers_isnt_taken(read):
    got = read(f"MMSI,Time,Lat,Lon,SOG\n563000001,{iso(T)},1,103,12 kn\n")
    assert got.report.unused == ["SOG"]
    assert got.positions["sog_kn"].isna().all()


@pytest.mark.parametrize(
    ("cells", "forms", "zoned"),
    [
        (["1773505800"], ("epoch_s",), True),
        (["1773505800000"], ("epoch_ms",), True),
        (["1773505800000000000"], ("epoch_ns",), True),
        (["20260314163000"], ("%Y%m%d%H%M%S",), False),
        (["20260314_163000"], ("%Y%m%d_%H%M%S",), False),
        (["2026-03-14 16:30:00"], ("iso8601",), False),
        (["2026-03-14T16:30:00+08:00"], ("iso8601",), True),
        (["2026-03-14 16:30:00,250"], ("%Y-%m-%d %H:%M:%S,%f",), False),
        (["14-Mar-2026 16:30:00"], ("%d-%b-%Y %H:%M:%S", "%d-%b-%Y %H:%M:%S.%f"), False),
        (["7", "59", "0"], (), False),
        (["12:30:00"], (), False),
        ([], (), False),
    ],
)
def test_forms_of_times(cells, forms, zoned):
    assert time_forms("t", cells) == (forms, zoned)


def test_days_and_months_in_either_order_are_refused():
    with pytest.raises(UndecidedError, match="either order"):
        time_forms("t", ["14/03/2026 10:00", "03/14/2026 10:00"])

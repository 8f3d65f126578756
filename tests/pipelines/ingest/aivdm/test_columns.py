"""From raw rows to Arrow and to the project's frames."""

import numpy as np
import pandas as pd
import pytest
from pyais.encode import encode_dict

from detectors.core import frames
from pipelines.ingest.aivdm import (
    UNFIT,
    merged,
    read_arrow,
    to_positions,
    to_statics,
    unfit_positions,
)

SOURCE = "0123456789abcdef"


def feed(*messages, epoch=1_700_000_000):
    lines = []
    for number, fields in enumerate(messages):
        sentences = encode_dict({"mmsi": 533_000_001, **fields}, talker_id="AI")
        lines += [f"{sentence},{epoch + number}\n" for sentence in sentences]
    return "".join(lines).encode()


POSITION = {"lon": 101.25, "lat": -3.5, "speed": 12.3, "course": 271.4, "heading": 270}


def test_positions_frame(decoded):
    got = decoded(
        feed(
            {"msg_type": 1, "status": 5, **POSITION},
            {"msg_type": 18, **POSITION},
            {
                "msg_type": 1,
                "status": 11,
                **POSITION,
                "speed": 102.3,
                "course": 360,
                "heading": 511,
            },
            {"msg_type": 27, "lon": 101.25, "lat": -3.5, "speed": 12, "course": 271},
            {"msg_type": 9, "lon": 101.25, "lat": -3.5, "speed": 120, "course": 271.4},
        )
    )
    frame = to_positions(got.columns, SOURCE)
    frames.validate(frame, frames.POSITIONS)
    assert frame["lat"].to_numpy() == pytest.approx(-3.5)
    assert frame["lon"].to_numpy() == pytest.approx(101.25)
    assert frame["sog_kn"].tolist() == pytest.approx([12.3, 12.3, np.nan, 12, 120], nan_ok=True)
    assert frame["cog_deg"].tolist() == pytest.approx(
        [271.4, 271.4, np.nan, 271, 271.4], nan_ok=True
    )
    assert frame["heading_deg"].tolist() == pytest.approx([270, 270, *[np.nan] * 3], nan_ok=True)
    assert frame["nav_status"].tolist() == [5, 15, 11, 15, 15]
    assert frame["ais_class"].tolist() == ["A", "B", "A", "", ""]
    assert frame["msg_type"].tolist() == [1, 18, 1, 27, 9]
    assert frames.epoch_us(frame["time"])[0] == 1_700_000_000_000_000
    assert set(frame["source"]) == {SOURCE}
    assert frame["source_offset"].is_monotonic_increasing


@pytest.mark.parametrize(
    ("fields", "epoch", "problem"),
    [
        ({"lon": 181}, 1_700_000_000, "no position"),
        ({"lat": 91}, 1_700_000_000, "no position"),
        ({"lon": 190.5}, 1_700_000_000, "position"),
        ({"lat": -90.5}, 1_700_000_000, "position"),
        ({"mmsi": 12_345}, 1_700_000_000, "mmsi"),
        ({}, 12, "no time"),
        ({"lon": 180, "lat": 90}, 1_700_000_000, ""),
        ({"lon": -180, "lat": -90}, 1_700_000_000, ""),
    ],
)
def test_rows_that_cant_become_part_of_a_frame(decoded, fields, epoch, problem):
    got = decoded(feed({"msg_type": 1, **POSITION, **fields}, epoch=epoch))
    assert [UNFIT[code] for code in unfit_positions(got.positions)] == [problem]
    assert len(to_positions(got.columns, SOURCE)) == (problem == "")


STATIC = {
    "imo": 9_074_729,
    "callsign": "9MABC",
    "shipname": "BUNGA RAYA",
    "ship_type": 70,
    "to_bow": 100,
    "to_stern": 40,
    "to_port": 10,
    "to_starboard": 12,
    "draught": 7.4,
    "destination": "PORT KLANG",
}


def test_statics_frame(decoded):
    got = decoded(
        feed(
            {"msg_type": 5, **STATIC},
            {"msg_type": 24, "partno": 0, "shipname": " SAMPAN@@"},
            {"msg_type": 24, "partno": 1, "callsign": "9W1", "ship_type": 30, "to_bow": 5},
            {"msg_type": 19, **POSITION, "shipname": "LAUNCH", "ship_type": 37},
        )
    )
    frame = to_statics(got.columns, SOURCE)
    frames.validate(frame, frames.STATICS)
    assert frame["name"].tolist() == ["BUNGA RAYA", " SAMPAN", "", "LAUNCH"]
    assert frame["callsign"].tolist() == ["9MABC", "", "9W1", ""]
    assert frame["destination"].tolist() == ["PORT KLANG", "", "", ""]
    assert frame["imo"].tolist() == [9_074_729, 0, 0, 0]
    assert frame["ship_type"].tolist() == [70, -1, 30, 37]
    assert frame["length_m"].tolist() == pytest.approx([140, np.nan, 5, np.nan], nan_ok=True)
    assert frame["beam_m"].tolist() == pytest.approx([22, *[np.nan] * 3], nan_ok=True)
    assert frame["draught_m"].tolist() == pytest.approx([7.4, *[np.nan] * 3], nan_ok=True)
    assert frame["ais_class"].tolist() == ["A", "B", "B", "B"]
    assert len(to_positions(got.columns, SOURCE)) == 1


def test_parts_a_and_b_are_merged_per_vessel(decoded):
    got = decoded(
        feed(
            {"msg_type": 24, "partno": 0, "shipname": "OLD NAME"},
            {"msg_type": 24, "partno": 1, "callsign": "9W1", "ship_type": 30, "to_bow": 5},
            {"msg_type": 24, "partno": 0, "shipname": "NEW NAME"},
            {"msg_type": 24, "partno": 0, "shipname": "OTHER", "mmsi": 533_000_002},
        )
    )
    vessels = merged(to_statics(got.columns, SOURCE)).set_index("mmsi")
    frames.validate(vessels.reset_index(), frames.STATICS)
    both = vessels.loc[533_000_001]
    assert (both["name"], both["callsign"], both["ship_type"], both["length_m"]) == (
        "NEW NAME",
        "9W1",
        30,
        5,
    )
    assert vessels.loc[533_000_002, "callsign"] == ""
    assert vessels.loc[533_000_002, "ship_type"] == -1


def test_auxiliary_craft_names_its_mother_ship(decoded):
    got = decoded(
        feed({"msg_type": 24, "partno": 1, "mmsi": 985_330_001, "mothership_mmsi": 533_000_001})
    )
    batch = got.columns.to_arrow()["statics"]
    assert batch["mother_ship"].to_pylist() == [533_000_001]
    assert batch["to_bow_m"].to_pylist() == [None]
    assert np.isnan(to_statics(got.columns, SOURCE)["length_m"][0])


def test_reserved_ship_types_stay_as_sent(decoded):
    kinds = [0, 1, 19, 38, 39, 66, 99, 150, 255]
    got = decoded(feed(*[{"msg_type": 24, "partno": 1, "ship_type": kind} for kind in kinds]))
    assert got.statics["ship_type"].tolist() == kinds


def test_arrow_has_nulls_for_what_isnt_available(decoded):
    got = decoded(
        feed(
            {"msg_type": 1, **POSITION, "turn": 0},
            {"msg_type": 18, "lon": 181, "lat": 91, "speed": 102.3, "course": 360, "heading": 511},
        )
        + b"\\s:there\\!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C\n"
    )
    batch = got.columns.to_arrow()["positions"]
    batch.validate(full=True)
    assert batch["lon_e4min"].to_pylist()[:2] == [60_750_000, None]
    assert batch["lat_e4min"].to_pylist()[:2] == [-2_100_000, None]
    assert batch["sog_dkn"].to_pylist()[:2] == [123, None]
    assert batch["cog_ddeg"].to_pylist()[:2] == [2714, None]
    assert batch["heading_deg"].to_pylist()[:2] == [270, None]
    assert batch["time"].to_pylist()[2] is None
    assert batch["time"].to_pylist()[0] == pd.Timestamp(1_700_000_000, unit="s", tz="UTC")
    assert batch["station"].to_pylist() == [None, None, "there"]


def test_arrow_of_every_table_is_valid(decoded, sentence):
    got = decoded(
        sentence(msg_type=5, mmsi=533_000_001, **STATIC)
        + sentence(
            msg_type=4, mmsi=5_330_001, year=2024, month=2, day=29, hour=1, minute=2, second=3
        )
        + sentence(msg_type=11, mmsi=5_330_001, year=0, month=0, day=0, hour=24)
        + sentence(
            msg_type=21,
            mmsi=995_330_001,
            name="ONE FATHOM BANK LIGH",
            name_ext="T",
            lon=101,
            lat=2.9,
        )
        + sentence(msg_type=14, mmsi=533_000_001, text="HELLO")
        + b"noise\n"
    )
    batches = got.columns.to_arrow()
    for batch in batches.values():
        batch.validate(full=True)
    assert batches["statics"]["name"].to_pylist() == ["BUNGA RAYA"]
    assert batches["bases"]["utc"].to_pylist() == [pd.Timestamp("2024-02-29T01:02:03Z"), None]
    assert batches["aids"]["name"].to_pylist() == ["ONE FATHOM BANK LIGH"]
    assert batches["aids"]["name_extension"].to_pylist() == ["T"]
    assert batches["others"]["msg_type"].to_pylist() == [14]
    assert batches["rejects"]["reason"].to_pylist() == ["not a sentence"]
    assert got.decoder.other_messages == {14: 1}


def test_empty_feed_gives_frames_without_rows(decoded):
    got = decoded(b"")
    frames.validate(to_positions(got.columns, SOURCE), frames.POSITIONS)
    frames.validate(to_statics(got.columns, SOURCE), frames.STATICS)
    assert {batch.num_rows for batch in got.columns.to_arrow().values()} == {0}


def test_file_to_arrow(decoded, tmp_path):
    content = feed(*[{"msg_type": 1, **POSITION}] * 3, {"msg_type": 5, **STATIC}) * 20_000
    path = tmp_path / "feed.nmea"
    path.write_bytes(content[:-1])
    batches = list(read_arrow(path))
    assert sum(batch["positions"].num_rows for batch in batches) == 60_000
    assert len(batches) > 1
    first = batches[0]["positions"]
    assert first["lon_e4min"].to_pylist()[:2] == [60_750_000] * 2, "batches own their memory"

"""From raw rows to the project's frames."""

import numpy as np
import pytest
from pyais.encode import encode_dict

from detectors.core import frames
from pipelines.ingest.aivdm import (
    FIT,
    UNFIT,
    native_frame,
    native_positions,
    statics_frame,
    unfit_positions,
    unfit_statics,
)
from tests.pipelines.ingest.aivdm.conftest import decoded, summed

SOURCE = "0123456789abcdef"


def to_positions(columns):
    good = columns.positions[unfit_positions(columns.positions) == FIT]
    return native_frame(native_positions(good, SOURCE, columns.stations))


def to_statics(columns):
    return statics_frame(columns.statics[unfit_statics(columns.statics) == FIT], SOURCE)


def feed(*messages, epoch=1_700_000_000):
    lines = []
    for number, fields in enumerate(messages):
        sentences = encode_dict({"mmsi": 533_000_001, **fields}, talker_id="AI")
        lines += [f"{sentence},{epoch + number}\n" for sentence in sentences]
    return "".join(lines).encode()


POSITION = {"lon": 101.25, "lat": -3.5, "speed": 12.3, "course": 271.4, "heading": 270}


def test_positions_frame():
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
        )
    )
    frame = to_positions(got.columns)
    frames.validate(frame, frames.POSITIONS)
    assert frame["lat"].to_numpy() == pytest.approx(-3.5)
    assert frame["lon"].to_numpy() == pytest.approx(101.25)
    assert frame["sog_kn"].tolist() == pytest.approx([12.3, 12.3, np.nan, 12], nan_ok=True)
    assert frame["cog_deg"].tolist() == pytest.approx([271.4, 271.4, np.nan, 271], nan_ok=True)
    assert frame["heading_deg"].tolist() == pytest.approx([270, 270, np.nan, np.nan], nan_ok=True)
    assert frame["nav_status"].tolist() == [5, 15, 11, 15]
    assert frame["ais_class"].tolist() == ["A", "B", "A", ""]
    assert frame["msg_type"].tolist() == [1, 18, 1, 27]
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
def test_rows_that_cant_become_part_of_a_frame(fields, epoch, problem):
    got = decoded(feed({"msg_type": 1, **POSITION, **fields}, epoch=epoch))
    assert [UNFIT[code] for code in unfit_positions(got.positions)] == [problem]
    assert len(to_positions(got.columns)) == (problem == "")


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


def test_statics_frame():
    got = decoded(
        feed(
            {"msg_type": 5, **STATIC},
            {"msg_type": 24, "partno": 0, "shipname": " SAMPAN@@"},
            {"msg_type": 24, "partno": 1, "callsign": "9W1", "ship_type": 30, "to_bow": 5},
            {"msg_type": 19, **POSITION, "shipname": "LAUNCH", "ship_type": 37},
        )
    )
    frame = to_statics(got.columns)
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
    assert len(to_positions(got.columns)) == 1


def test_auxiliary_craft_names_its_mother_ship_and_no_size():
    got = decoded(
        feed({"msg_type": 24, "partno": 1, "mmsi": 985_330_001, "mothership_mmsi": 533_000_001})
    )
    assert np.isnan(to_statics(got.columns)["length_m"][0])


def test_reserved_ship_types_stay_as_sent():
    kinds = [0, 1, 19, 38, 39, 66, 99, 150, 255]
    got = decoded(feed(*[{"msg_type": 24, "partno": 1, "ship_type": kind} for kind in kinds]))
    assert got.statics["ship_type"].tolist() == kinds


def test_empty_feed_gives_frames_without_rows():
    got = decoded(b"")
    frames.validate(to_positions(got.columns), frames.POSITIONS)
    frames.validate(to_statics(got.columns), frames.STATICS)


@pytest.mark.parametrize(("kind", "characters"), [(9, 24), (21, 44)])
def test_a_message_that_is_only_listed_is_listed_whole_or_rejected(kind, characters):
    [sentence] = encode_dict({"msg_type": kind, "mmsi": 995_330_001, "lon": 101, "lat": 2.9})
    whole = decoded(sentence.encode() + b"\n")
    assert whole.others["msg_type"].tolist() == [kind]
    assert len(whole.positions) == 0
    head, payload, _ = sentence[1:].split("*")[0].rsplit(",", 2)
    cut = decoded(b"!" + summed(f"{head},{payload[:characters]},0".encode()) + b"\n")
    assert cut.decoder.rejects == {"short": 1}

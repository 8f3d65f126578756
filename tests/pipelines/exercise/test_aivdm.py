"""The column encoder against pyais, bit for bit."""

import numpy as np
import pyais
from hypothesis import given
from hypothesis import strategies as st
from pyais.encode import encode_msg

from pipelines.exercise import aivdm
from pipelines.exercise.fleet import MODELS, Fleet

CHANNEL = np.array([ord("A")], np.uint8)


def text(row: np.ndarray) -> bytes:
    return row.tobytes()


def payload_of(sentences: list[str]) -> str:
    return "".join(sentence.split(",")[5] for sentence in sentences)


reports = {
    "mmsi": st.integers(200_000_000, 799_999_999),
    "sog_kn": st.one_of(st.just(float("nan")), st.integers(0, 1022).map(lambda v: v / 10)),
    "lat": st.floats(-90, 90),
    "lon": st.floats(-180, 180),
    "cog_deg": st.one_of(st.just(float("nan")), st.integers(0, 3599).map(lambda v: v / 10)),
    "heading_deg": st.one_of(st.just(float("nan")), st.integers(0, 359).map(float)),
    "second": st.integers(0, 59),
}


def check_report(message: object, said: dict[str, float]) -> None:
    assert message.mmsi == said["mmsi"]
    assert message.second == said["second"]
    assert abs(message.lat - said["lat"]) <= 1.4e-6
    assert abs(message.lon - said["lon"]) <= 1.4e-6
    assert message.speed == (102.3 if np.isnan(said["sog_kn"]) else said["sog_kn"])
    assert message.course == (360.0 if np.isnan(said["cog_deg"]) else said["cog_deg"])
    assert message.heading == (511 if np.isnan(said["heading_deg"]) else said["heading_deg"])


@given(st.fixed_dictionaries({**reports, "nav_status": st.integers(0, 15)}))
def test_class_a_report_reads_back_through_pyais(said):
    payload = aivdm.position_a(**{name: [value] for name, value in said.items()})
    sentence = text(aivdm.one_part(payload, CHANNEL)[0])
    message = pyais.decode(sentence, error_if_checksum_invalid=True)
    assert message.msg_type == 1
    assert message.status == said["nav_status"]
    check_report(message, said)
    assert payload_of(encode_msg(message)) == text(payload[0]).decode()


@given(st.fixed_dictionaries(reports))
def test_class_b_report_reads_back_through_pyais(said):
    payload = aivdm.position_b(**{name: [value] for name, value in said.items()})
    sentence = text(aivdm.one_part(payload, CHANNEL)[0])
    message = pyais.decode(sentence, error_if_checksum_invalid=True)
    assert message.msg_type == 18
    check_report(message, said)
    assert payload_of(encode_msg(message)) == text(payload[0]).decode()


def test_columns_are_encoded_as_row_by_row():
    rng = np.random.default_rng(0)
    columns = (
        rng.integers(2e8, 7e8, 50),
        rng.integers(0, 16, 50),
        rng.uniform(0, 30, 50),
        rng.uniform(-90, 90, 50),
        rng.uniform(-180, 180, 50),
        rng.uniform(0, 360, 50),
        rng.uniform(0, 360, 50),
        rng.integers(0, 60, 50),
    )
    together = aivdm.position_a(*columns)
    for k in range(50):
        np.testing.assert_array_equal(
            aivdm.position_a(*(c[k : k + 1] for c in columns))[0], together[k]
        )


def test_static_reports_of_every_sort_of_ship_read_back_through_pyais():
    fleet = Fleet(np.random.default_rng(3))
    ships = [fleet.new(model) for model in MODELS for _ in range(5)]
    channel = np.full(len(ships), ord("B"), np.uint8)
    sequence = np.arange(len(ships)).astype(np.uint8) % 10
    voyages = aivdm.static_a(ships)
    parts = aivdm.two_parts(voyages, channel, sequence, fill=2)
    names = aivdm.one_part(aivdm.static_b_name(ships), channel)
    hulls = aivdm.one_part(aivdm.static_b_hull(ships), channel)
    for k, ship in enumerate(ships):
        voyage = pyais.decode(text(parts[0][k]), text(parts[1][k]), error_if_checksum_invalid=True)
        assert voyage.msg_type == 5
        assert voyage.imo == ship.imo
        assert voyage.draught == ship.draught_m
        assert voyage.destination == ship.destination
        name = pyais.decode(text(names[k]), error_if_checksum_invalid=True)
        hull = pyais.decode(text(hulls[k]), error_if_checksum_invalid=True)
        assert (name.msg_type, name.partno) == (24, 0)
        assert (hull.msg_type, hull.partno) == (24, 1)
        for message in (voyage, name):
            assert message.shipname == ship.name
        for message in (voyage, hull):
            assert message.mmsi == ship.mmsi
            assert message.callsign == ship.callsign
            assert message.ship_type == ship.ship_type
            size = message.to_bow, message.to_stern, message.to_port, message.to_starboard
            assert size == (ship.bow_m, ship.stern_m, ship.port_m, ship.starboard_m)
        for message, payload in (
            (voyage, voyages[k]),
            (name, aivdm.static_b_name([ship])[0]),
            (hull, aivdm.static_b_hull([ship])[0]),
        ):
            assert payload_of(encode_msg(message)) == text(payload).decode()


def test_tag_block_has_a_right_checksum():
    station = np.frombuffer(b"PEN", np.uint8)[None, :]
    block = text(aivdm.tag_blocks(station, np.array([1_773_100_800]))[0])
    assert block.startswith(b"\\s:SELATSIM-PEN,c:1773100800*")
    assert block.endswith(b"\\")
    body, digits = block.strip(b"\\").split(b"*")
    checksum = 0
    for byte in body:
        checksum ^= byte
    assert int(digits, 16) == checksum

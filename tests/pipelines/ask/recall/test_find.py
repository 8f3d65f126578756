"""Search with spelling tolerance, by what a vessel calls itself and called itself earlier."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import store
from pipelines.ask.recall.find import (
    FindError,
    alike,
    find,
    number_told,
    of_numbers,
    placed,
    words,
)

T = pd.Timestamp("2026-01-05", tz="UTC").as_unit("us")
SAID = [
    (533000001, "name", "OCEAN JOHOR 1"),
    (533000001, "name", "SRI MELATI"),
    (533000001, "callsign", "9MAB2"),
    (563072390, "name", "M.V. PACIFIC AMBER"),
    (563072390, "imo", "9074729"),
    (412000007, "name", "HAI XIANG 6"),
]
VESSELS = pd.DataFrame(
    {
        "mmsi": [412000007, 533000001, 563072390],
        "name": ["HAI XIANG 6", "SRI MELATI", "M.V. PACIFIC AMBER"],
        "callsign": ["", "9MAB2", ""],
        "imo": [0, 0, 9074729],
        "flag_state": ["CHN", "MYS", "SGP"],
    }
)


def names() -> pd.DataFrame:
    numbers = [(mmsi, "mmsi", f"{mmsi:09d}") for mmsi in VESSELS["mmsi"]]
    table = pd.DataFrame([*SAID, *numbers], columns=["mmsi", "field", "value"])
    return table.assign(first_time=T, last_time=T)


def first(text: str) -> int:
    found = find(names(), VESSELS, text)
    return int(found["mmsi"].iloc[0]) if len(found) else 0


@pytest.mark.parametrize(
    ("text", "mmsi"),
    [
        ("sri melati", 533000001),
        ("SRI  MELATI@@@", 533000001),
        ("melati", 533000001),
        ("Sri Meleti", 533000001),
        ("0CEAN J0H0R I", 533000001),
        ("pacific amber", 563072390),
        ("amber pacific mv", 563072390),
        ("HAIXIANG6", 412000007),
        ("533000001", 533000001),
        ("533000010", 533000001),
        ("5630723", 563072390),
        ("IMO 9074729", 563072390),
        ("9074792", 563072390),
        ("9mab2", 533000001),
        ("ATLANTIC QUEEN", 0),
        ("999999999", 0),
        ("MV", 0),
    ],
)
def test_spelling_is_tolerated(text: str, mmsi: int) -> None:
    assert first(text) == mmsi


def test_an_earlier_name_is_marked() -> None:
    row = find(names(), VESSELS, "ocean johor").iloc[0]
    assert (row["value"], row["name"], bool(row["current"])) == (
        "OCEAN JOHOR 1",
        "SRI MELATI",
        False,
    )
    assert bool(find(names(), VESSELS, "9074729").iloc[0]["current"])


@given(st.sampled_from(SAID), st.data())
def test_what_was_said_is_always_found_whatever_ais_does_to_it(
    said: tuple[int, str, str], data: st.DataObject
) -> None:
    """Padding, case, blanks and look-alikes never hide a vessel."""
    text = said[2].translate(
        str.maketrans(data.draw(st.sampled_from([{}, {"O": "0"}, {"I": "1"}])))
    )
    text = data.draw(st.sampled_from([text, text.lower(), f"  {text} ", f"{text}@@"]))
    found = find(names(), VESSELS, text)
    assert said[0] == found["mmsi"].iloc[0]
    assert found["likeness"].iloc[0] == 100


def test_nothing_to_look_for() -> None:
    with pytest.raises(FindError):
        find(names(), VESSELS, " @ ")
    assert words("@@") == ""


def test_a_number_that_was_never_heard_is_told_by_its_form_and_its_like() -> None:
    assert number_told(533000901) == "it is a ship's number, flag MYS"
    assert number_told(5330123) == "it is a station's number, flag MYS"
    assert number_told(999999998) == "it can't be a ship's"
    told = alike(names(), VESSELS, 533000007)
    assert told == "heard and one digit off: 533000001 SRI MELATI, flag MYS"
    assert alike(names(), VESSELS, 211000000) == ""


def test_vessels_by_their_numbers_are_as_found_one_by_one_in_the_order_asked() -> None:
    asked = [563072390, 999999999, 412000007]
    each = pd.concat(find(names()[names()["mmsi"] == m], VESSELS, f"{m:09d}") for m in asked)
    found = of_numbers(names(), VESSELS, asked)
    assert found["mmsi"].tolist() == [563072390, 412000007]
    pd.testing.assert_frame_equal(found, each.reset_index(drop=True), check_dtype=False)
    assert of_numbers(names(), VESSELS, [999999999]).empty


def test_who_is_heard_later_was_heard_last_when_its_last_report_came(exercise_home: Path) -> None:
    """Of a silence that ended on the day it began the store keeps the day's last report."""
    with store.read(exercise_home / "store") as reader:
        gaps = reader.sql("SELECT mmsi, start, \"end\" FROM events WHERE kind = 'gap'")
        gap = gaps[gaps["start"].dt.date == gaps["end"].dt.date].iloc[0]
        then = gap["end"] - pd.Timedelta(minutes=1)
        [seen] = reader.last_seen([gap["mmsi"]], then)
        found = placed(reader, pd.DataFrame({"mmsi": [gap["mmsi"]]}), then)
    assert seen == then
    assert found["last_seen"].iloc[0].floor("min") == gap["start"].floor("min")
    assert found["lat"].notna().all()

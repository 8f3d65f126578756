"""What the feeds of a run leave unsaid is told, and what one vessel leaves unsaid isn't."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from detectors.core import frames
from pipelines import store
from pipelines.base import labels
from pipelines.base.settings import StoreSettings
from pipelines.detect.lacking import LACKING, lacking
from pipelines.run.manifest import lacked
from pipelines.run.windows import Window
from tests.making import reports, said

START = pd.Timestamp("2026-03-01", tz="UTC").as_unit("us")
END = START + pd.Timedelta(hours=6)
OWN = (533000001, 533000002, 533000003)


def made(root: Path, vessels: pd.DataFrame | None = None, **columns: Any) -> Path:
    """Make a store of three vessels, each heard every two minutes for a bit more than six hours."""
    seconds = columns.pop("seconds", np.arange(0, 22_200, columns.pop("step_s", 120)))
    time = np.tile(seconds, len(OWN)) + 7
    stated = {"sog_kn": 9.0, "heading_deg": 90.0} | columns
    shift_s = stated.pop("shift_s", 0)
    positions = reports(
        mmsi=np.repeat(OWN, len(seconds)),
        time=START + pd.to_timedelta(time + shift_s, unit="s"),
        lat=3.0,
        lon=101.0,
        **stated,
    )
    who = [
        {"mmsi": m, "time": START, "name": f"STAR {m}", "ship_type": 70, "length_m": 90.0}
        for m in OWN
    ]
    statics = said(*who) if vessels is None else vessels
    batch = SimpleNamespace(positions=positions, statics=statics)
    with store.write(root) as writer:
        report = {"simulated": False}
        writer.add_feed("k", sha256="k", name="a.csv", batches=[batch], report=report)
        writer.publish()
    return root


HEARD = pd.DataFrame({"mmsi": [*OWN, 533000009], "reports": [9, 9, 9, 9], "hours": [6, 6, 6, 0]})
"""Who was heard, one of them in the look-back alone."""


def asked(root: Path, heard: pd.DataFrame) -> list[str]:
    with store.read(root, StoreSettings()) as reader:
        return lacking(reader, heard, START, END)


NOBODY = frames.empty(frames.STATICS)


@pytest.mark.parametrize(
    ("columns", "lacks"),
    [
        ({}, []),
        ({"sog_kn": np.nan}, ["speed"]),
        ({"heading_deg": np.nan}, ["heading"]),
        ({"heading_deg": np.nan, "ais_class": "B"}, []),  # boats seldom have one
        ({"ais_class": ""}, ["ais_class"]),
        ({"shift_s": -7}, ["seconds"]),
        ({"vessels": NOBODY}, ["type", "name"]),
    ],
)
def test_what_most_leave_unsaid_is_lacking(
    tmp_path: Path, columns: Mapping[str, Any], lacks: list[str]
) -> None:
    assert asked(made(tmp_path / "store", **columns), HEARD) == lacks


def test_what_a_third_leaves_unsaid_isnt_lacking(tmp_path: Path) -> None:
    """A vessel that hides something among others that don't makes no poor feed."""
    one = np.repeat([np.nan, 9.0, 9.0], 185)
    who = [{"mmsi": m, "time": START, "ship_type": 70, "length_m": 90.0} for m in OWN[1:]]
    names = [{"mmsi": m, "time": START, "name": "STAR"} for m in OWN[:2]]
    root = made(tmp_path / "store", vessels=said(*who, *names), sog_kn=one)
    assert asked(root, HEARD) == []


def test_who_states_a_type_and_no_length_lacks_that(tmp_path: Path) -> None:
    who = [{"mmsi": m, "time": START, "name": "STAR", "ship_type": 80} for m in OWN]
    assert asked(made(tmp_path / "store", vessels=said(*who)), HEARD) == ["length"]


@pytest.mark.parametrize(
    ("step_s", "hours", "lacks"), [(180, 6, []), (240, 6, []), (400, 6, ["seldom"]), (400, 5, [])]
)
def test_who_is_heard_every_few_minutes_is_heard_seldom(
    tmp_path: Path, step_s: int, hours: int, lacks: list[str]
) -> None:
    """In a short window hours that are half in it would tell that."""
    root = made(tmp_path / "store", step_s=step_s)
    with store.read(root, StoreSettings()) as reader:
        assert lacking(reader, HEARD, START, START + pd.Timedelta(hours=hours)) == lacks


def test_copies_by_several_receivers_make_a_vessel_heard_no_oftener(tmp_path: Path) -> None:
    seconds = np.repeat(np.arange(0, 21_600, 400), 5)
    assert asked(made(tmp_path / "store", seconds=seconds), HEARD) == ["seldom"]


def test_nothing_is_said_of_a_window_without_reports(tmp_path: Path) -> None:
    root = made(tmp_path / "store", sog_kn=np.nan)
    late = pd.Timedelta(days=3)
    with store.read(root, StoreSettings()) as reader:
        assert lacking(reader, HEARD, START + late, END + late) == []
        assert lacking(reader, HEARD.assign(hours=0), START, END) == []


def test_only_reports_of_the_window_count(tmp_path: Path) -> None:
    """The counts are those of the reports themselves: a slow way beside the statement."""
    root = made(tmp_path / "store", ais_class=np.tile(["A", "B", "", "A", "B"], 111))
    with store.read(root, StoreSettings()) as reader:
        told = reader.stated(START, END)
        paths = reader.files()
        rows = reader.day_positions(paths, START, END + pd.Timedelta(microseconds=1))
    ships = rows["ais_class"] != "B"
    assert told == {
        "reports": len(rows),
        "speed": int(rows["sog_kn"].notna().sum()),
        "ships": int(ships.sum()),
        "heading": int((ships & rows["heading_deg"].notna()).sum()),
        "ais_class": int((rows["ais_class"] != "").sum()),
        "seconds": int((rows["time"].dt.second != 0).sum()),
        "minutes": pytest.approx(len(rows), rel=0.1),
        "hours": pytest.approx(3 * 6, abs=2),
    }
    assert told["reports"] == 3 * 180


def test_each_is_said_in_malay() -> None:
    malay = labels.labels("ms")
    assert set(LACKING.values()) <= set(malay.desk)


@pytest.mark.parametrize(
    ("night", "told"),
    [(None, ["speed"]), ({}, []), ({"lacking": ["type", "seldom"]}, ["type", "seldom"])],
)
def test_between_nights_it_is_what_the_last_night_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    night: Mapping[str, Any] | None,
    told: list[str],
) -> None:
    """A look would ask all reports of the night once more."""
    last = None if night is None else {"manifest": json.dumps(night)}
    monkeypatch.setattr(store.Queries, "last_run", lambda _, looks: None if looks else last)
    with store.read(made(tmp_path, sog_kn=np.nan), StoreSettings()) as reader:
        window = Window(START, END, END)
        assert lacked(reader, HEARD, window, between=True) == told
        assert lacked(reader, HEARD, window, between=False) == ["speed"]

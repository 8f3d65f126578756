"""Snapshots of learned places and fitted models: ids that last, decisions, and files that somebody
tampered with."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from detectors.core.errors import ConfigError
from detectors.surroundings import normal, normal_fit
from detectors.surroundings.normal import CLASSES, Normal
from pipelines import store
from pipelines.base.settings import PROJECT, REFERENCE
from pipelines.learn.normal import samples
from pipelines.learn.parameters import NormalParameters
from pipelines.reference import layers as reference
from pipelines.reference import learned as snapshot
from pipelines.reference import models
from pipelines.reference.place import Place

DAY = pd.Timestamp("2026-03-04T12:00Z")
FACTS = {"since": "2026-03-01T00:00:00Z", "until": "2026-03-04T12:00:00Z", "simulated": True}
GAZETTEER = reference.load_gazetteer(REFERENCE)


def place(lon: float, zone_class: str = "anchorage", **facts: float) -> Place:
    return Place(zone_class, shapely.box(lon, 3.0, lon + 0.05, 3.05), 0.6, 12, 20, 3, dict(facts))


def written(folder: Path, *places: Place, day: pd.Timestamp = DAY) -> snapshot.Snapshot:
    return snapshot.write(folder, places, {**FACTS, "until": day.isoformat()}, day, GAZETTEER)


def test_a_place_keeps_its_id_while_it_stays_and_a_new_one_gets_its_own(tmp_path: Path) -> None:
    first = written(tmp_path, place(100.0), place(100.5))
    again = written(tmp_path, place(100.01), place(101.0), day=DAY + pd.Timedelta(days=30))
    assert again.path != first.path
    assert again.ids()[0] == first.ids()[0]
    assert again.ids()[1] not in first.ids()
    other_class = written(tmp_path, place(100.0, "waiting_area"), day=DAY + pd.Timedelta(days=60))
    assert not set(other_class.ids()) & set(again.ids())


def test_the_same_again_writes_nothing(tmp_path: Path) -> None:
    first = written(tmp_path, place(100.0))
    assert written(tmp_path, place(100.0)).path == first.path
    assert len(list(tmp_path.glob("places-*"))) == 1


def test_only_accepted_places_become_zones_with_their_direction(tmp_path: Path) -> None:
    lane, roads = place(100.0, "lane", direction_deg=125.0), place(100.5)
    ids = dict(zip(("anchorage", "lane"), written(tmp_path, lane, roads).ids(), strict=True))
    zones_dir = PROJECT / "config" / "zones"
    before = reference.load_zones(zones_dir, REFERENCE, tmp_path)
    assert not (before.frame["confidence"] == "learned").any()
    snapshot.decide(tmp_path, {ids["lane"]: snapshot.ACCEPT, ids["anchorage"]: snapshot.REJECT})
    zones = reference.load_zones(zones_dir, REFERENCE, tmp_path)
    (row,) = np.flatnonzero(zones.frame["confidence"] == "learned")
    assert zones.id_of(row) == ids["lane"]
    assert zones.direction_deg[row] == 125.0
    used = snapshot.in_use(tmp_path)
    assert used is not None
    assert (used["learned"], used["used"]) == (2, 1)
    snapshot.decide(tmp_path, {ids["lane"]: snapshot.PENDING})
    assert snapshot.decisions(tmp_path) == {ids["anchorage"]: snapshot.REJECT}


def test_a_snapshot_that_was_edited_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, place(100.0)).path
    path.write_text(path.read_text(encoding="utf-8").replace("100.05", "100.06"), encoding="utf-8")
    with pytest.raises(ConfigError, match="isn't as it was written"):
        snapshot.read_newest(tmp_path)


def model() -> Normal:
    rng = np.random.default_rng(2)
    n = 600
    samples = pd.DataFrame(
        {
            "mmsi": 533000000 + np.arange(n) // 20,
            "track_id": np.arange(n) // 20,
            "tick": np.arange(n),
            "ship": CLASSES.index("cargo"),
            "lat": 3.05,
            "lon": 100.0 + np.arange(n) % 20 * 0.03,
            "course_deg": rng.normal(90, 3, n),
            "speed_kn": rng.normal(12, 1, n),
        }
    )
    return normal_fit.fit(
        samples,
        step_s=600,
        max_silence_s=1800,
        min_speed_kn=2.0,
        min_vessels=10,
        max_ticks_per_vessel=24,
        max_components=1,
        max_share=0.01,
    )


def test_a_model_is_read_as_it_was_written_and_not_otherwise(tmp_path: Path) -> None:
    fitted = model()
    card = models.write(tmp_path, fitted, {"what": "a test"}, DAY)
    read = models.load(tmp_path)["normal"]
    assert read.name == "normal-2026-03-04"
    assert normal.digest(read.arrays) == json.loads(card.read_text())["hash"]
    assert read.hash == json.loads(card.read_text())["hash"][:16]
    assert models.write(tmp_path, fitted, {"what": "a test"}, DAY) == card

    other = {**fitted.arrays, "min_speed_kn": np.array(0.0)}
    np.savez_compressed(card.with_suffix(".npz"), allow_pickle=False, **other)
    with pytest.raises(ConfigError, match="isn't the one of its card"):
        models.load(tmp_path)
    card.with_suffix(".npz").write_bytes(b"PK no archive")
    with pytest.raises(ConfigError, match="can't be read"):
        models.load(tmp_path)
    assert models.load(tmp_path / "nothing") == {}


@pytest.mark.slow
def test_what_vessels_did_during_their_events_is_not_learned_as_normal(small_home: Path) -> None:
    since, until = pd.Timestamp("2026-01-05T00:00Z"), pd.Timestamp("2026-01-07T00:00Z")
    asked = NormalParameters(exclude_score=0.1)
    with store.read(small_home / "store") as reader:
        learned, counts = samples(reader, since, until, asked)
        whole, all_of = samples(reader, since, until, NormalParameters(exclude_score=1.0))
        events = reader.events_counted(since, until, 0.1)
    at = pd.to_datetime(whole["tick"] * asked.step_s, unit="s", utc=True)
    during = np.zeros(len(whole), bool)
    for one, other, start, end in events[["mmsi", "other_mmsi", "start", "end"]].itertuples(
        index=False
    ):
        theirs = whole["mmsi"].isin({one, other} - {0})
        during |= (theirs & (at >= start) & (at <= (until if pd.isna(end) else end))).to_numpy()
    assert 0 < during.sum() < len(whole)
    pd.testing.assert_frame_equal(learned, whole[~during].reset_index(drop=True))
    assert (counts["ticks"], counts["ticks_left_out"]) == (len(learned), during.sum())
    assert counts["reports"] == all_of["reports"] > len(whole)

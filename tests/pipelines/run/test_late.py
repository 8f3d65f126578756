"""What came late, of the time that earlier nights had looked at."""

import shutil
from pathlib import Path

import pandas as pd

from detectors.core import events, frames
from pipelines.base.settings import load
from pipelines.run.late import heard_late
from pipelines.store import read, write
from tests.making import event_row

HOUR = pd.Timedelta(hours=1)


def test_a_new_event_of_whom_a_late_feed_tells_may_be_of_that(
    small_ingested_home: Path, small_home: Path, tmp_path: Path
) -> None:
    """With an upgrade as well, nobody can tell whether the rules found it."""
    late = {}
    for name, of in (("unseen", small_ingested_home), ("looked at", small_home)):
        installation = load(shutil.copytree(of, tmp_path / name, symlinks=True))
        with read(installation.store, installation.settings.store) as store:
            heard = store.sql("SELECT mmsi, min(first_time) AS at FROM presence GROUP BY ALL")
            mmsi, at = heard.sort_values("mmsi").iloc[0]
            rows = [
                event_row("gap", at, at + HOUR, mmsi=mmsi),
                event_row("gap", at - 3 * HOUR, at - HOUR, mmsi=mmsi),
                event_row("gap", at, at + HOUR, mmsi=999_999_999),
                event_row("encounter", at, at + HOUR, mmsi=1, other_mmsi=mmsi),
            ]
            compared = events.build(rows).assign(status="created")
            late[name] = heard_late(store, compared, at + HOUR)
            known = compared.assign(status="unchanged")
            assert not heard_late(store, known, at + HOUR)
            assert not heard_late(store, compared, at)
            assert not heard_late(store, compared, None)
    of_it = compared[(compared["start"] == at) & (compared["mmsi"] != 999_999_999)]
    assert late == {"unseen": {*of_it["event_id"]}, "looked at": set()}


def test_an_unmatched_sighting_of_a_late_file_may_be_of_that(tmp_path: Path) -> None:
    at = pd.Timestamp("2026-01-05", tz="UTC").as_unit("us")
    seen = {"sighting_id": "a", "time": at, "lat": 3.0, "lon": 101.0, "source": "radar"}
    seen |= {"uncertainty_m": 100.0, "length_m": float("nan"), "confidence": 0.9}
    table = frames.conform(pd.DataFrame([seen | {"note": ""}]), frames.SIGHTINGS)
    when = (at, at + HOUR)
    rows = [event_row("unmatched_sighting", one, one) for one in when]
    compared = events.build([*rows, event_row("gap", at, at, mmsi=1)]).assign(status="created")
    with write(tmp_path) as store:
        about = {"sha256": "k", "name": "k", "report": {"simulated": False}}
        store.add_sightings("k", sightings=table, **about)
        [late] = heard_late(store, compared, at + HOUR)
    assert late == compared.set_index(["kind", "start"]).loc[("unmatched_sighting", at), "event_id"]

"""The tail of the open date in the store: the same as the date judged whole, and gone with it."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core import frames
from detectors.kinematics.geodesy import KNOT_MPS, destination
from pipelines import store
from pipelines.detect import tail
from pipelines.detect.days import refresh
from pipelines.store.check import check
from pipelines.store.writer.results import MANY_TAILS
from tests.making import reports
from tests.pipelines.store.conftest import FakeBatch, tables_of

pytestmark = pytest.mark.slow

MORNING = pd.Timestamp("2026-01-06T03:00Z").as_unit("us")
HOURS = 6
END = pd.Timestamp("2026-01-08T00:00Z").as_unit("us")


def sailing(seed: int, start: pd.Timestamp = MORNING) -> pd.DataFrame:
    """Vessels that lie or sail straight on for some hours; reports in the order of time."""
    rng = np.random.default_rng(seed)
    parts = []
    for vessel in range(4):
        at_s = np.arange(0, HOURS * 3_600, 180) + rng.integers(0, 120)
        speed, course = vessel % 2 * rng.uniform(5, 15), rng.uniform(0, 360)
        way_m = speed * KNOT_MPS * at_s
        lat, lon = destination(3.0 + 0.02 * vessel, 100.5, course, way_m)
        own = pd.DataFrame({"time": start + pd.to_timedelta(at_s, unit="s"), "lat": lat})
        parts.append(own.assign(mmsi=533000001 + vessel, lon=lon, sog_kn=speed, cog_deg=course))
    whole = pd.concat(parts).sort_values(["time", "mmsi"], ignore_index=True)
    return reports(**whole, nav_status=0)


class Home:
    """A store that feeds come to, each a tail if it can be one."""

    def __init__(self, writer: store.Writer) -> None:
        self.writer, self.recent, self.n = writer, tail.Recent(), 0

    def give(self, positions: pd.DataFrame) -> bool:
        """Add a feed, and tell whether it was a tail; else all is judged whole."""
        self.n += 1
        key = f"feed{self.n:03d}"
        batch = FakeBatch(positions, frames.empty(frames.STATICS))
        report: dict[str, Any] = {"simulated": False, "positions": len(positions)}
        self.writer.add_feed(key, sha256=key, name=key, batches=[batch], report=report)
        added = tail.extend(self.writer, self.recent, {key})
        if not added:
            refresh(self.writer)
        return added

    def tables(self) -> dict[str, pd.DataFrame]:
        """Tables, and tracks as detectors get them."""
        found = tables_of(self.writer)
        mmsi = pd.DataFrame({"mmsi": found["presence"]["mmsi"].unique(), "reach_time": MORNING})
        tracked = self.writer.tracked(self.writer.need(mmsi), END)
        frames.validate(tracked, frames.TRACKED)
        return {**found, "tracked": tracked}


def same(ours: dict[str, pd.DataFrame], theirs: dict[str, pd.DataFrame], *names: str) -> None:
    for name in names or tuple(theirs):
        pd.testing.assert_frame_equal(ours[name], theirs[name], obj=name)


@settings(max_examples=5, deadline=None)
@given(st.data())
def test_tails_are_as_the_date_judged_whole(data: st.DataObject) -> None:
    """Wherever it is cut; feeds may overlap by some minutes, and processes may begin anew."""
    positions = sailing(data.draw(st.integers(0, 1_000)))
    n = len(positions)
    cuts = sorted(data.draw(st.sets(st.integers(20, n - 1), min_size=2, max_size=12)))
    late = data.draw(st.integers(0, 30))
    # A report that comes late comes with the next feed.
    order = np.argsort(np.arange(n) + np.random.default_rng(0).integers(0, late + 1, n))
    parts = [p for p in np.split(order, cuts) if len(p)]
    with tempfile.TemporaryDirectory() as folder, store.write(Path(folder)) as writer:
        home = Home(writer)
        added = [home.give(positions.take(np.sort(part))) for part in parts]
        assert added == [False] + [True] * (len(parts) - 1)
        ours = home.tables()
        assert str(ours["days"]["input"].iloc[0]).startswith("~")
        files = writer.sql("SELECT path FROM track_files")
        assert len(files) <= MANY_TAILS + 1
        refresh(writer)
        theirs = home.tables()
        same(ours, theirs, "tracked", "track_state", "coverage_cells", "coverage_feed")
        same(ours, theirs, "coverage_lying")
        assert ours["days"]["counts"].tolist() == theirs["days"]["counts"].tolist()
        assert len(writer.sql("SELECT path FROM track_files")) == 1


def test_what_is_no_tail_is_judged_whole(tmp_path: Path) -> None:
    positions = sailing(1)
    # One that has been silent for hours makes nothing later of what comes late.
    gone = positions[:1].assign(mmsi=533000008, time=MORNING - pd.Timedelta("2h"))
    first, second = pd.concat([gone, positions[:200]]), positions[200:300]
    with store.write(tmp_path) as writer:
        home = Home(writer)
        assert not home.give(first)
        assert home.give(second)
        kept = home.recent.digest
        late = positions.assign(time=positions["time"] - pd.Timedelta("90min"))[:20]
        assert not home.give(late.assign(mmsi=533000009))
        assert home.give(positions[300:400])
        assert home.recent.digest != kept
        assert not home.give(sailing(1, MORNING + pd.Timedelta("1D")))
        writer.compact("2026-01-07")
        assert not tail.extend(writer, home.recent, {f"feed{home.n:03d}"})
        assert not tail.extend(writer, home.recent, set())
        before = home.tables()
        refresh(writer)
        same(home.tables(), before)
        writer.publish()
    assert check(tmp_path) == []


def test_what_holds_some_of_the_day_before_too_is_no_tail(tmp_path: Path) -> None:
    """Though it is minutes late: as a tail of today's alone, yesterday's would never be judged."""
    midnight = pd.Timestamp("2026-01-07T00:00Z")
    positions = sailing(1, midnight - pd.Timedelta("2h"))
    until = [midnight + pd.Timedelta(minutes=m) for m in (20, 40, 60)]
    known, more = (positions[positions["time"] < one] for one in until[:2])
    late = known[known["time"].between(midnight - pd.Timedelta("20min"), midnight, "left")]
    with store.write(tmp_path) as writer:
        home = Home(writer)
        assert not home.give(known)
        assert not home.give(pd.concat([late.assign(mmsi=533000009), more[len(known) :]]))
        assert home.give(positions[positions["time"].between(until[1], until[2], "left")])

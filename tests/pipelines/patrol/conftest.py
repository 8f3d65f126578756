"""A small sea, units and vessels in it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, Phase, settings

from detectors.core.frames import TRACKED, conform, from_epoch_us
from detectors.kinematics import geodesy
from pipelines.patrol.seamap import SeaMap
from pipelines.patrol.units import Base, PatrolConfig, Planning, Unit
from tests.making import reports

T0 = pd.Timestamp("2026-01-06T16:00Z").as_unit("us")
BOX = (100.0, 2.0, 102.0, 4.0)
TEN_EXAMPLES = settings(
    max_examples=10,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def small_land() -> list[shapely.Geometry]:
    """A wall with a gap, a hook, an island and a coast, within `BOX`."""
    return [
        shapely.box(100.9, 2.0, 100.95, 2.95),
        shapely.box(100.9, 3.1, 100.95, 4.0),
        shapely.Polygon(
            [(101.3, 3.2), (101.7, 3.2), (101.7, 3.7), (101.6, 3.7), (101.6, 3.3), (101.3, 3.3)]
        ),
        shapely.Point(100.4, 2.6).buffer(0.12),
        shapely.box(101.8, 2.0, 102.0, 2.8),
    ]


@pytest.fixture(scope="session")
def sea() -> SeaMap:
    return SeaMap(small_land(), BOX)


def tracked(*vessels: tuple[int, float, float, float, float], hours: float = 1.0) -> pd.DataFrame:
    """Straight tracks: (mmsi, lat, lon, speed_kn, course_deg) at T0, reported each 2 min before."""
    parts = []
    for mmsi, lat, lon, speed_kn, course_deg in sorted(vessels):
        back_s = np.arange(hours * 3600, -1, -120)
        metres = speed_kn * geodesy.KNOT_MPS * back_s
        lats, lons = geodesy.destination(lat, lon, (course_deg + 180) % 360, metres)
        time_us = int(T0.value // 1000) - (back_s * 1e6).astype("int64")
        at = {"mmsi": mmsi, "time": from_epoch_us(time_us), "lat": lats, "lon": lons}
        moves = {"sog_kn": speed_kn, "cog_deg": course_deg, "heading_deg": course_deg}
        parts.append(reports(TRACKED, **at, **moves, nav_status=0))
    return conform(pd.concat(parts, ignore_index=True), TRACKED)


def unit(name: str = "A", **changes: Any) -> Unit:
    facts: dict[str, Any] = {
        "name": name,
        "base": Base(name="Base", lat=2.5, lon=101.2),
        "cruise_kn": 18,
        "max_kn": 25,
        "watch": "00:00-24:00",
        "boardings": 3,
        "boarding_min": 40,
        "search_nm": 6,
    }
    return Unit(**{**facts, **changes})


def config(*units: Unit, **planning: Any) -> PatrolConfig:
    return PatrolConfig(
        units=units or (unit(),), planning=Planning(**{"iterations": 200, **planning})
    )

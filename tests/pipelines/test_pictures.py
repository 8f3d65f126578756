"""Pictures for notebooks: what they draw, and what they don't claim."""

import geopandas as gpd
import pandas as pd
import shapely

from detectors.core.zones import ZONE_COLUMNS, Zones
from pipelines.desk import pictures


def test_a_track_is_solid_wherever_it_was_heard() -> None:
    start = pd.Timestamp("2026-01-05T18:00Z")
    minutes = [0, 10, 60, 70, 130]  # silent twice; the last report stands alone
    track = pd.DataFrame(
        {"mmsi": 533000001, "time": [start + pd.Timedelta(minutes=m) for m in minutes],
         "lon": [100.0, 100.1, 100.2, 100.3, 100.4], "lat": 4.0}
    )  # fmt: skip
    event = pd.Series({"start": start, "lon": 100.0, "lat": 4.0, "kind": "gap"})
    none = gpd.GeoDataFrame({name: [] for name in ZONE_COLUMNS}, geometry=[], crs=4326)
    land = gpd.GeoDataFrame(geometry=[shapely.box(99, 3, 99.5, 4)], crs=4326)
    zones = Zones(none, land, shapely.box(90, -5, 110, 15))
    figure = pictures.event(event, track, start + pd.Timedelta(hours=2), zones, "")
    lines = figure.axes[0].lines
    assert [list(line.get_xdata()) for line in lines if line.get_linestyle() == "-"] == [
        [100.0, 100.1], [100.2, 100.3], [100.4],
    ]  # fmt: skip
    [dotted] = [line for line in lines if line.get_linestyle() == ":"]
    assert list(dotted.get_xdata()) == track["lon"].tolist()

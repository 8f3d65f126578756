"""Zones against geopandas.sjoin on a million points: python tests/benchmarks/bench_zones.py."""

import sys
import time

import geopandas as gpd
import numpy as np

from pipelines.base.settings import PROJECT, REFERENCE
from pipelines.reference import layers as reference

N = 1_000_000


def main() -> None:
    """Print wall times; the answers must agree."""
    zones = reference.load_zones(PROJECT / "config" / "zones", REFERENCE)
    random = np.random.default_rng(0)
    coast = zones.land.get_coordinates().to_numpy()
    points = coast[random.integers(0, len(coast), N)] + random.normal(0, 0.05, (N, 2))
    lon, lat = points.T
    frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat), crs=4326)

    for label, first, polygons in (
        ("zones", lambda: zones.members(lat, lon), zones.frame),
        ("land", lambda: np.flatnonzero(zones.on_land(lat, lon)), zones.land),
    ):
        cold, _ = timed(first)
        warm, ours = timed(first)
        join, theirs = timed(
            lambda polygons=polygons: gpd.sjoin(
                frame, polygons[["geometry"]], predicate="intersects"
            )
        )
        found = ours[0] if isinstance(ours, tuple) else ours
        agree = np.array_equal(
            np.sort(theirs.index if label == "zones" else np.unique(theirs.index)), found
        )
        say(f"{label}: first {cold:.2f} s, then {warm:.2f} s; sjoin {join:.1f} s; {agree=}")
    cold, _ = timed(lambda: zones.near_land(lat, lon, 1000.0))
    warm, _ = timed(lambda: zones.near_land(lat, lon, 1000.0))
    say(f"near_land 1 km: {cold:.2f} s, then {warm:.2f} s")


def say(line):
    """One line on stdout."""
    sys.stdout.write(line + "\n")


def timed(call):
    """Wall seconds and the result."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


if __name__ == "__main__":
    main()

"""Documented landing places."""

from pathlib import Path

import pandas as pd

from pipelines.reference.layers.files import read_geo


def landing_points(reference_dir: Path) -> pd.DataFrame:
    """Return documented landing places, at sea beside them: name, lat, lon."""
    places = read_geo(reference_dir / "places" / "landing_places.parquet")
    return pd.DataFrame(
        {"name": places["name"], "lat": places["snap_lat"], "lon": places["snap_lon"]}
    ).reset_index(drop=True)

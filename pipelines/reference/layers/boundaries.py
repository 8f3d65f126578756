"""Agreed boundary lines."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import shapely

from detectors.surroundings.boundaries import BOUNDARY_COLUMNS
from pipelines.reference.codes import load_mid
from pipelines.reference.layers.files import read_geo, slug

_BESIDE_DEG: Final = 0.005
"""A third of a mile: more than treaty charts of different datum lie apart."""

BOUNDARY_NAMES: Final[Mapping[str, str]] = {
    "territorial_sea": "Territorial sea boundary",
    "exclusive_economic_zone": "Boundary of economic zones",
    "continental_shelf": "Continental shelf boundary",
}


def load_boundaries(reference_dir: Path) -> gpd.GeoDataFrame:
    """Return agreed boundary lines with parties, kind, treaty, and how far each was verified.

    `left` and `right` are the parties on either hand, along the points of the line.
    """
    return read_geo(reference_dir / "boundaries" / "treaty_lines.parquet")


def boundary_lines(reference_dir: Path) -> gpd.GeoDataFrame:
    """Return agreed lines as `boundaries.BOUNDARY_COLUMNS`; left and right name states.

    Where a line of the continental shelf runs beside a territorial sea line of the same two states
    (Indonesia and Malaysia, 1969 and 1970) only the latter is kept: it is one crossing.
    """
    lines = load_boundaries(reference_dir)
    state = load_mid(reference_dir).drop_duplicates("iso3").set_index("iso3")["name"]
    classes = [_boundary_class(kind) for kind in lines["kind"]]
    shapes = lines.geometry.to_numpy()
    parties = [frozenset(pair) for pair in zip(lines["left"], lines["right"], strict=True)]
    rows = []
    for k, row in enumerate(lines.itertuples(index=False)):
        shape_ = shapes[k]
        if classes[k] != "territorial_sea":
            nearer = [
                shapely.buffer(shapes[i], _BESIDE_DEG)
                for i in range(len(lines))
                if classes[i] == "territorial_sea" and parties[i] == parties[k]
            ]
            shape_ = shapely.difference(shape_, shapely.union_all(nearer))
        left, right = (str(state.get(iso3, iso3)) for iso3 in (row.left, row.right))
        rows.append(
            {
                "boundary_id": f"boundary-{slug(row.id)}",
                "name": f"{BOUNDARY_NAMES[classes[k]]} {'-'.join(sorted((left, right)))}",
                "boundary_class": classes[k],
                "left": left,
                "right": right,
                "source": f"{row.treaty} ({row.doc})" if len(row.doc) > 1 else row.treaty,
                "confidence": "approximate" if "recalled" in row.verified else "published",
                "geometry": shape_,
            }
        )
    frame = pd.DataFrame(rows, columns=list(BOUNDARY_COLUMNS))
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


def _boundary_class(kind: str) -> str:
    """Return the nearest to the shore of what a line divides."""
    if "territorial_sea" in kind:
        return "territorial_sea"
    return "exclusive_economic_zone" if "EEZ" in kind else "continental_shelf"

"""The land as bare shapes: to draw a small chart takes no geopandas, which is slow to import."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as papq
import shapely
from numpy.typing import NDArray

from pipelines.reference.tables import damaged, stamp


def land_outlines(reference_dir: Path) -> NDArray[Any]:
    """Return the polygons of `load_land`, in degrees."""
    path = reference_dir / "land" / "land.parquet"
    stamp(path)  # says what is wrong where it can't be read
    try:
        table = papq.read_table(path, columns=["geometry"])
        return np.asarray(shapely.from_wkb(table["geometry"].to_numpy()), object)
    except (OSError, ValueError, KeyError, shapely.errors.GEOSException) as error:
        raise damaged(path, error) from error

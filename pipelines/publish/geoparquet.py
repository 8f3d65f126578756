"""events.parquet and incidents.parquet: tables as GeoParquet, with a point per row.

Source: GeoParquet 1.1 (https://geoparquet.org/releases/v1.1.0/), WKB encoding, OGC:CRS84.
"""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from pipelines.base.files import replacing
from pipelines.publish import notices
from pipelines.publish.products import Products
from pipelines.publish.tables import event_table, incident_table


def write_events(products: Products, path: Path) -> Path:
    """Write all events, context too, in the columns of events.csv with their types, and `geometry`;
    return `path`.

    `mmsi` is an integer here, `other_mmsi` null where there is no second vessel, `end` null while
    the event is open. An event without a position has a null geometry.
    """
    return _write(event_table(products), products, path)


def write_incidents(products: Products, path: Path) -> Path:
    """Write the columns of incidents.csv in the same way; return `path`."""
    return _write(incident_table(products), products, path)


def _write(table: pd.DataFrame, products: Products, path: Path) -> Path:
    lat, lon = table["lat"].to_numpy(), table["lon"].to_numpy()
    known = np.isfinite(lat) & np.isfinite(lon)
    points = np.full(len(table), None, dtype=object)
    points[known] = shapely.points(lon[known], lat[known])
    frame = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(points, crs="OGC:CRS84"))
    frame.attrs = {"run_id": products.run_id, "simulated": products.simulated}
    if products.release:
        frame.attrs["handling"] = notices.marks(products)
    with replacing(path) as temporary:
        frame.to_parquet(temporary, index=False, schema_version="1.1.0", compression="zstd")
    return path

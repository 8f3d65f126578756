"""Products of a run: one module per format, all fed by `pipelines.products.Products`."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from pipelines.export import brief, geojson, geoparquet, gpx, kml, manifest, tables
from pipelines.products import Products

WRITERS: Final[dict[str, Callable[[Products, Path], Path]]] = {
    "events.csv": tables.write_events_csv,
    "events.parquet": geoparquet.write,
    "flagged.csv": tables.write_flagged_csv,
    "parts.csv": tables.write_parts_csv,
    "events.geojson": geojson.write_events,
    "tracks.geojson": geojson.write_tracks,
    "flagged.kml": kml.write,
    "flagged.gpx": gpx.write,
    "brief.html": brief.write,
    "manifest.json": manifest.write,
}
"""Files of a run and who writes them, in the order of writing: the tables first, for whatever
breaks later; the manifest last, so that a folder with a manifest is a whole one."""


def write_all(products: Products, folder: Path) -> list[Path]:
    """Write every product of a run into `folder` (made if missing); return the files in order.

    Each file appears whole, by rename; files of an earlier run in the same folder are replaced.

    Raises
    ------
    FrameError
        If `products` lacks a column of the output contract.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [writer(products, folder / name) for name, writer in WRITERS.items()]

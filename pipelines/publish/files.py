"""The files of a run and of a pack: which there are, and who writes them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pipelines.publish import (
    brief,
    geojson,
    geoparquet,
    gpkg,
    gpx,
    kml,
    manifest,
    pdf,
    plan,
    tables,
    tak,
    xlsx,
)
from pipelines.publish.products import Products

Writer = Callable[[Products, Path], Path]

WRITERS: Final[dict[str, Writer]] = {
    "events.csv": tables.write_events_csv,
    "events.parquet": geoparquet.write_events,
    "incidents.csv": tables.write_incidents_csv,
    "incidents.parquet": geoparquet.write_incidents,
    "flagged.csv": tables.write_flagged_csv,
    "parts.csv": tables.write_parts_csv,
    "events.geojson": geojson.write_events,
    "incidents.geojson": geojson.write_incidents,
    "tracks.geojson": geojson.write_tracks,
    "flagged.kml": kml.write,
    "flagged.gpx": gpx.write,
    "brief.html": brief.write,
    "brief.pdf": pdf.write,
    "manifest.json": manifest.write,
}
"""Files of a run and who writes them, in the order of writing: the tables first, for whatever
breaks later; the manifest last, so that a folder with a manifest is a whole one."""

SHOWN: Final = frozenset(
    {
        "events.geojson",
        "incidents.geojson",
        "tracks.geojson",
        "flagged.kml",
        "flagged.gpx",
        "brief.html",
        "brief.pdf",
    }
)
"""Those that show what the tables say: without one of them the rest of a night stands."""

_ALL: Final[dict[str, Writer]] = {
    **WRITERS,
    "flagged.kmz": kml.write_kmz,
    "flagged.gpkg": gpkg.write,
    "flagged.xlsx": xlsx.write,
    "flagged-tak.zip": tak.write,
}
PACK_FILES: Final[dict[str, tuple[str, ...]]] = {
    "brief": ("brief.html",),
    "pdf": ("brief.pdf",),
    "csv": ("events.csv", "incidents.csv", "flagged.csv", "parts.csv"),
    "geoparquet": ("events.parquet", "incidents.parquet"),
    "geojson": ("events.geojson", "incidents.geojson", "tracks.geojson"),
    "kml": ("flagged.kml",),
    "kmz": ("flagged.kmz",),
    "gpx": ("flagged.gpx",),
    "gpkg": ("flagged.gpkg",),
    "xlsx": ("flagged.xlsx",),
    "tak": ("flagged-tak.zip",),
    "rtz": (),  # sorties of the plan: a line from flag to flag would lead over land
}
"""Files of each format that a recipient may ask for."""


def write_formats(products: Products, formats: Collection[str], folder: Path) -> list[Path]:
    """Write the files of some formats into a folder; return them in order.

    Where there is a patrol plan, its files are written too, as far as the formats are for plans.
    """
    written = [_ALL[name](products, folder / name) for one in formats for name in PACK_FILES[one]]
    if products.planned is not None:
        written += plan.write_all(products.planned, folder, products.zones, frozenset(formats))
    return written


def write_all(
    products: Products,
    folder: Path,
    names: Collection[str] | None = None,
    failed: dict[str, Exception] | None = None,
) -> list[Path]:
    """Write the products of a run into `folder` (made if missing); return the files in order.

    Every one of `WRITERS`, or those of some `names`.

    Each file appears whole, by rename; files of an earlier run in the same folder are replaced.

    `failed`: filled in with what went wrong with files that only show what the tables say
    (`SHOWN`): the others are written, and the manifest says so. Without it any error is raised;
    those of the disk and of memory always are.

    Raises FrameError if `products` lacks a column of the output contract.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, writer in WRITERS.items():
        if names is not None and name not in names:
            continue
        try:
            written.append(writer(products, folder / name))
        except (OSError, MemoryError):
            raise
        except Exception as error:  # what shows a night mustn't cost the night
            if failed is None or name not in SHOWN:
                raise
            (folder / name).unlink(missing_ok=True)
            failed[f"file {name}"] = error
            products = replace(products, manifest=lacking(products.manifest, failed))
    return written


def lacking(manifest: Mapping[str, Any], failed: Mapping[str, Exception]) -> dict[str, Any]:
    """Return a run's manifest that says which of its files couldn't be written."""
    texts = {name: f"{type(error).__name__}: {error}" for name, error in failed.items()}
    state = {"state": "partial"} if failed else {}
    return {**manifest, **state, "failures": {**manifest.get("failures", {}), **texts}}

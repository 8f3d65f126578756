"""Files of a patrol plan: tables, a map layer, a page, and a route for each sortie."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from detectors.surroundings.zones import Zones
from pipelines.base.files import replacing, write_text
from pipelines.patrol.model import Sailed
from pipelines.publish.plan import layers, page, routes, tables
from pipelines.publish.products import Planned

FORMATS: Final = frozenset({"brief", "geojson", "gpx", "rtz"})
"""Formats (of `packs.recipients.Format`) in which there is a plan beside its tables."""


def write_all(
    planned: Planned, folder: Path, zones: Zones, formats: Collection[str] = FORMATS
) -> list[Path]:
    """Write the files of a plan into a folder; returns them in order.

    ``plan.csv`` and, last, ``plan.json`` always; ``plan.html`` with brief, ``plan.geojson`` with
    geojson, and for each sortie that sails a GPX file with gpx and an RTZ file with rtz. Route
    files of an earlier plan of the same folder are removed.
    """
    for old in (*folder.glob("plan-*.gpx"), *folder.glob("plan-*.rtz")):
        old.unlink()
    written = [write_text(folder / "plan.csv", tables.as_csv(planned))]
    if "geojson" in formats:
        written.append(write_text(folder / "plan.geojson", layers.to_geojson(planned)))
    if "brief" in formats:
        written.append(write_text(folder / "plan.html", page.to_html(planned, zones)))
    for number, one in enumerate(planned.plan.sailed, 1):
        stem = folder / file_stem(one, number)
        if one.stops and "gpx" in formats:
            written.append(write_text(stem.with_suffix(".gpx"), routes.to_gpx(one, planned)))
        if one.stops and "rtz" in formats:
            written.append(stem.with_suffix(".rtz"))
            with replacing(written[-1]) as temporary:
                temporary.write_bytes(routes.to_rtz(one, planned))
    return [*written, write_text(folder / "plan.json", tables.to_json(planned))]


def file_stem(one: Sailed, number: int) -> str:
    """Name of a sortie's files: letters, digits and hyphens only, whatever the unit is called."""
    slug = re.sub(r"[^a-z0-9]+", "-", one.sortie.unit.name.lower()).strip("-")[:40].strip("-")
    return f"plan-{number:02d}-{slug or 'unit'}-{one.sortie.number}"

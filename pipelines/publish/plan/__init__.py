"""Files of a patrol plan: tables, a map layer, a page, and a route for each sortie."""

import re
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from detectors.surroundings.zones import Zones
from pipelines.base.files import replacing
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
    files of an earlier plan of the same folder are removed. All are written before the first one
    takes its place: who finds no room, or fails, leaves the earlier plan whole.
    """
    texts = {"plan.csv": tables.as_csv(planned)}
    if "geojson" in formats:
        texts["plan.geojson"] = layers.to_geojson(planned)
    if "brief" in formats:
        texts["plan.html"] = page.to_html(planned, zones)
    contents = {name: text.encode() for name, text in texts.items()}
    for number, one in enumerate(planned.plan.sailed, 1):
        stem = file_stem(one, number)
        if one.stops and "gpx" in formats:
            contents[f"{stem}.gpx"] = routes.to_gpx(one, planned).encode()
        if one.stops and "rtz" in formats:
            contents[f"{stem}.rtz"] = routes.to_rtz(one, planned)
    contents["plan.json"] = tables.to_json(planned).encode()
    with ExitStack() as stack:
        for name, content in reversed(contents.items()):  # plan.json takes its place last
            stack.enter_context(replacing(folder / name)).write_bytes(content)
    for old in (*folder.glob("plan-*.gpx"), *folder.glob("plan-*.rtz")):
        if old.name not in contents:
            old.unlink()
    return [folder / name for name in contents]


def file_stem(one: Sailed, number: int) -> str:
    """Name of a sortie's files: letters, digits and hyphens only, whatever the unit is called."""
    slug = re.sub(r"[^a-z0-9]+", "-", one.sortie.unit.name.lower()).strip("-")[:40].strip("-")
    return f"plan-{number:02d}-{slug or 'unit'}-{one.sortie.number}"

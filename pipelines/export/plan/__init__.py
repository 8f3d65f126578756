"""Files of a patrol plan: tables, a map layer, a page, and a route for each sortie."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.export.files import replacing, write_text
from pipelines.export.plan import layers, page, routes, tables
from pipelines.patrol.plan import Plan, Sailed


def write_all(plan: Plan, folder: Path, land: NDArray[np.object_]) -> list[Path]:
    """Write every file of a plan into a folder; returns them in order.

    ``plan.csv``, ``plan.geojson`` and ``plan.html``, a GPX and an RTZ file for each sortie that
    sails, and ``plan.json`` last. Route files of an earlier plan of the same folder are removed.

    Parameters
    ----------
    land
        Polygons to draw on the page's map.
    """
    for old in (*folder.glob("plan-*.gpx"), *folder.glob("plan-*.rtz")):
        old.unlink()
    written = [
        write_text(folder / "plan.csv", tables.as_csv(plan)),
        write_text(folder / "plan.geojson", layers.to_geojson(plan)),
        write_text(folder / "plan.html", page.to_html(plan, land)),
    ]
    for number, one in enumerate(plan.sailed, 1):
        if one.stops:
            stem = folder / file_stem(one, number)
            written.append(write_text(stem.with_suffix(".gpx"), routes.to_gpx(one, plan)))
            written.append(stem.with_suffix(".rtz"))
            with replacing(written[-1]) as temporary:
                temporary.write_bytes(routes.to_rtz(one, plan))
    return [*written, write_text(folder / "plan.json", tables.to_json(plan))]


def file_stem(one: Sailed, number: int) -> str:
    """Name of a sortie's files: letters, digits and hyphens only, whatever the unit is called."""
    slug = re.sub(r"[^a-z0-9]+", "-", one.sortie.unit.name.lower()).strip("-")[:40].strip("-")
    return f"plan-{number:02d}-{slug or 'unit'}-{one.sortie.number}"

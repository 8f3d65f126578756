"""All zones of an installation: hand-written, of the reference layers, and learned."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike

from detectors.core.errors import ConfigError
from detectors.kinematics import geodesy
from detectors.surroundings.boundaries import Boundaries
from detectors.surroundings.zones import (
    ZONE_COLUMNS,
    Zones,
)
from pipelines.reference.codes import load_mid
from pipelines.reference.gazetteer import load_gazetteer
from pipelines.reference.layers.areas import area_files, read_area
from pipelines.reference.layers.boundaries import boundary_lines
from pipelines.reference.layers.features import read_zone, read_zone_file, zone_files
from pipelines.reference.layers.files import read_geo, slug, stamps
from pipelines.reference.layers.rules import RULES_FILE, load_rules
from pipelines.reference.tables import damaged, stamp

SEA_OF: Final = "Territorial sea of"
"""Begins the name of a territorial sea; its state follows."""
_OF: Final = f"{SEA_OF} "

LANDING_RADIUS_M: Final = (500.0, 5000.0)
"""Bounds of a landing place's radius: its position accuracy, but no smaller than where a boat
would lie off and no larger than what still says "here"."""

REACH_FILE: Final = "reach.json"
"""Says which box a folder of layers was made for."""

_CIRCLE_VERTICES: Final = 48


def load_zones(zones_dir: Path, reference_dir: Path, learned_dir: Path | None = None) -> Zones:
    """Return zones as configured, of the reference layers and as learned, land, and their reach.

    They are made, and indexed, once as long as no file changes: nobody may change them.

    Their frame has `zones.ZONE_COLUMNS`, `note`, `file`, `direction_deg` (of lanes, else
    NaN), `licensed` and `licence_source` (of transfer areas), `rules`, `watches`; hand-written
    zones first. Their boundaries are `boundary_lines`.

    Raises ConfigError if the folder or a file can't be read, or a feature is broken: names file and
    feature.

    Parameters
    ----------
    zones_dir
        Folder of hand-written zones: every ``*.geojson`` in it is read, ``rules.yaml``,
        and the areas in ``watch_areas/*.yaml``.
    learned_dir
        Folder of learned places, of which the accepted ones of the newest snapshot are used.
    """
    if not zones_dir.is_dir():
        raise ConfigError(
            f"there is no zones folder {zones_dir}", hint="make it, or point --config elsewhere"
        )
    learned = stamps(learned_dir) if learned_dir else frozenset()
    files = stamps(zones_dir) | stamps(reference_dir) | learned
    return _make_zones(zones_dir, reference_dir, learned_dir if learned else None, files)


@lru_cache(maxsize=2)
def _make_zones(
    zones_dir: Path, reference_dir: Path, learned_dir: Path | None, _: frozenset[Any]
) -> Zones:
    rows = [row for path in zone_files(zones_dir) for row in read_zone_file(path)]
    rows += [read_area(path) for path in area_files(zones_dir)]
    frame = pd.concat(
        [
            _zone_frame(rows),
            territorial_seas(reference_dir),
            joint_areas(reference_dir),
            landing_places(reference_dir),
            learned_places(learned_dir),
        ],
        ignore_index=True,
    )
    twice = frame[frame["zone_id"].duplicated(keep=False)]
    if len(twice):
        zone_id = twice["zone_id"].iloc[0]
        files = sorted(set(twice["file"][twice["zone_id"] == zone_id]))
        raise ConfigError(
            f"zone_id {zone_id!r} is used twice, in {' and '.join(files)}",
            hint="events carry the zone_id: give each zone its own",
        )
    more = load_rules(zones_dir)
    frame["rules"] = [
        (*own, *more.get(zone_id, ()))
        for zone_id, own in zip(frame["zone_id"], frame["rules"], strict=True)
    ]
    return Zones(
        gpd.GeoDataFrame(frame, geometry="geometry", crs=4326),
        load_land(reference_dir),
        load_reach(reference_dir),
        Boundaries(boundary_lines(reference_dir)),
        partial(load_gazetteer, reference_dir),
    )


def with_zone(zones: Zones, zone: Mapping[str, Any], zones_dir: Path) -> tuple[Zones, Zones]:
    """Return zones without and with one, whether it is among them or not.

    `zone`: as `read_area` and `read_zone` return it; rules of its id in ``rules.yaml`` come to it,
    unless it is of these that its file is.
    """
    more = () if zone["file"] == RULES_FILE else load_rules(zones_dir).get(zone["zone_id"], ())
    rules = (*zone["rules"], *more)
    area = _zone_frame([{**zone, "rules": rules}])
    others = zones.frame[zones.frame["zone_id"] != area["zone_id"].iloc[0]]
    both = pd.concat([others, area], ignore_index=True)
    frames = (others, gpd.GeoDataFrame(both, geometry="geometry", crs=4326))
    without, together = map(zones.framed, frames)
    return without, together


def learned_places(learned_dir: Path | None) -> gpd.GeoDataFrame:
    """Return learned places that a person has accepted, as zones."""
    from pipelines.reference import learned as snapshot

    found = snapshot.accepted(learned_dir) if learned_dir else ()
    return _zone_frame(
        read_zone(feature, where, where.split(",", 1)[0]) for where, feature in found
    )


def territorial_seas(reference_dir: Path) -> gpd.GeoDataFrame:
    """Return territorial seas (with internal waters) as zones such as ``territorial-sea-mys``."""
    seas = read_geo(reference_dir / "boundaries" / "territorial_sea.parquet")
    mid = load_mid(reference_dir).drop_duplicates("iso3").set_index("iso3")["name"]
    return _zone_frame(
        {
            "zone_id": f"territorial-sea-{sea.iso3.lower()}",
            "name": f"{SEA_OF} {mid.get(sea.iso3, sea.iso3)}",
            "zone_class": "territorial_sea",
            "source": sea.source,
            "confidence": "approximate",
            "note": "Internal waters included. Not a legal limit.",
            "file": "boundaries/territorial_sea.parquet",
            "geometry": sea.geometry,
        }
        for sea in seas.itertuples()
    )


def sea_states(zones: Zones, lat: ArrayLike, lon: ArrayLike) -> list[str]:
    """Name the state in whose territorial sea each point lies, by these layers.

    Empty where a point lies in none, or in those of several states: the layers don't say whose it
    is then. They are no legal limits.
    """
    names = zones.frame["name"].tolist()
    found: list[set[str]] = [set() for _ in np.asarray(lat)]
    for point, row in zip(*zones.members(lat, lon, ("territorial_sea",)), strict=True):
        if names[row].startswith(_OF):
            found[point].add(names[row].removeprefix(_OF))
    return [states.pop() if len(states) == 1 else "" for states in found]


def states_with_seas(zones: Zones) -> set[str]:
    """Return the states whose territorial seas these layers have."""
    seas = zones.frame.loc[zones.frame["zone_class"] == "territorial_sea", "name"].tolist()
    return {name.removeprefix(_OF) for name in seas if name.startswith(_OF)}


def joint_areas(reference_dir: Path) -> gpd.GeoDataFrame:
    """Return areas that two states use together, as zones."""
    areas = read_geo(reference_dir / "boundaries" / "joint_areas.parquet")
    return _zone_frame(
        {
            "zone_id": f"joint-area-{area.id.lower()}",
            "name": area.name,
            "zone_class": "joint_area",
            "source": "published agreements of 1979 and 1990, transcribed by hand",
            "confidence": "approximate",
            "note": "Not a legal limit.",
            "file": "boundaries/joint_areas.parquet",
            "geometry": area.geometry,
        }
        for area in areas.itertuples(index=False)
    )


def landing_places(reference_dir: Path) -> gpd.GeoDataFrame:
    """Return landing places as circles, the accuracy of their position being the radius.

    The radius is kept within `LANDING_RADIUS_M`.
    """
    places = read_geo(reference_dir / "places" / "landing_places.parquet")
    radius = places["prec_m"].clip(*LANDING_RADIUS_M).to_numpy("float64")
    bearings = np.arange(_CIRCLE_VERTICES) * (-360.0 / _CIRCLE_VERTICES)
    lat, lon = geodesy.destination(
        places["lat"].to_numpy()[:, None],
        places["lon"].to_numpy()[:, None],
        bearings[None, :],
        radius[:, None],
    )
    circles = np.asarray(shapely.polygons(np.stack([lon, lat], axis=-1)))
    return _zone_frame(
        {
            "zone_id": f"landing-place-{slug(place.name)}",
            "name": place.name,
            "zone_class": "landing_place",
            "source": place.source,
            "confidence": "approximate",
            "note": f"Reported as: {place.role}. Says nothing about a vessel that is there now.",
            "file": "places/landing_places.parquet",
            "geometry": circle,
        }
        for place, circle in zip(places.itertuples(index=False), circles, strict=True)
    )


def _zone_frame(rows: Iterator[dict[str, Any]] | Sequence[dict[str, Any]]) -> gpd.GeoDataFrame:
    unsaid = {"direction_deg": math.nan, "licensed": False, "licence_source": ""}
    unsaid |= {"rules": (), "watches": ()}
    columns = [*ZONE_COLUMNS[:-1], "note", "file", *unsaid, "geometry"]
    frame = pd.DataFrame([{**unsaid, **row} for row in rows], columns=columns)
    types = dict.fromkeys(columns[:-1], "str") | {"direction_deg": "float64", "licensed": "bool"}
    types |= dict.fromkeys(("rules", "watches"), "object")
    return gpd.GeoDataFrame(frame.astype(types), geometry="geometry", crs=4326)


def load_reach(reference_dir: Path) -> shapely.Polygon:
    """Return the box that land and zones are complete for, from ``reach.json``.

    A box across the antimeridian has longitudes beyond 180, as the land in its folder has.

    Raises ConfigError if the file can't be read, or says no box.
    """
    path = reference_dir / REACH_FILE
    stamp(path)  # says what is wrong where it can't be read
    try:
        west, south, east, north = (float(v) for v in json.loads(path.read_bytes())["bbox"])
    except (ValueError, TypeError, KeyError) as error:
        raise damaged(path, error) from error
    east += 360.0 if east < west else 0.0
    if not (-180 <= west < east <= 540 and -90 <= south < north <= 90):
        raise ConfigError(
            f"reference layer {path.name} has no box in its bbox",
            hint="W,S,E,N in degrees, each within its bounds",
        )
    return shapely.box(west, south, east, north)


def load_land(reference_dir: Path) -> gpd.GeoDataFrame:
    """Return land for analysis: iso3, area_km2, is_mainland, geometry."""
    return read_geo(reference_dir / "land" / "land.parquet")

"""Learned places as a person goes through them: a row for each, and one for a whole lane."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from shapely.geometry import shape

from detectors.core.errors import ConfigError
from detectors.surroundings import lanes
from pipelines.reference.learned import PENDING, Snapshot

LANE_TURN_DEG: Final = 20.0
"""Pieces of a lane that touch turn no further from one to the next: see `learn.lane_areas`."""
PREFIX: Final = "learned-"


@dataclass(frozen=True)
class Row:
    """One place, or one lane with all its pieces."""

    key: str
    """What it is called: the id of its (first) feature without ``learned-``."""
    zone_ids: tuple[str, ...]
    """Its features."""
    facts: Mapping[str, Any]
    """Properties of the first; of a lane with all of its cells and area, and the most vessels,
    visits and days and the least confidence of any piece."""
    decision: str
    """accept, reject, pending; of a lane whose pieces differ ``mixed``."""


def rows_of(snapshot: Snapshot, decided: Mapping[str, str]) -> list[Row]:
    """Return the rows of a snapshot, in its order."""
    features = snapshot.features
    group = _lanes(features)
    rows = []
    for one in dict.fromkeys(group):
        mine = [f["properties"] for f, own in zip(features, group, strict=True) if own == one]
        ids = tuple(str(fact["zone_id"]) for fact in mine)
        said = {decided.get(zone_id, PENDING) for zone_id in ids}
        facts = dict(mine[0])
        if len(mine) > 1:
            for name, merged in _MERGED.items():
                values = [fact[name] for fact in mine if fact.get(name) is not None]
                facts |= {name: merged(values)} if values else {}
        decision = said.pop() if len(said) == 1 else "mixed"
        rows.append(Row(ids[0].removeprefix(PREFIX), ids, facts, decision))
    return rows


_MERGED: Final[Mapping[str, Any]] = {
    "n_cells": sum,
    "area_km2": lambda values: round(sum(values), 1),
    "n_vessels": max,
    "n_visits": max,
    "n_days": max,
    "confidence_score": min,
}


def _lanes(features: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return a number for each feature, the same for pieces of a lane."""
    facts = [feature["properties"] for feature in features]
    pieces = [k for k, fact in enumerate(facts) if fact["zone_class"] == "lane"]
    group = list(range(len(features)))
    if not pieces:
        return group
    outlines = np.array([shape(features[k]["geometry"]) for k in pieces], object)
    course = np.array([facts[k].get("direction_deg", np.nan) for k in pieces], "float64")
    one, other = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    alike = lanes.turned_deg(course[one], course[other]) <= LANE_TURN_DEG
    links = coo_matrix((np.ones(alike.sum()), (one[alike], other[alike])), shape=(len(pieces),) * 2)
    _, label = connected_components(links, directed=False)
    first: dict[int, int] = {}
    for k, own in zip(pieces, label.tolist(), strict=True):
        group[k] = first.setdefault(own, k)
    return group


def find(rows: Sequence[Row], asked: str) -> tuple[str, ...]:
    """Return the zone ids that a person means: a full id, a row's name, or how one begins alone.

    Raises ConfigError if none is called so, or several begin so.
    """
    known = {zone_id for row in rows for zone_id in row.zone_ids}
    if asked in known:
        return (asked,)
    name = asked.removeprefix(PREFIX)
    fitting = [row for row in rows if row.key == name] or [
        row for row in rows if name and row.key.startswith(name)
    ]
    if len(fitting) > 1:
        some = ", ".join(row.key for row in fitting[:4])
        raise ConfigError(f"{len(fitting)} learned places begin with {asked!r}", hint=some)
    if not fitting:
        raise ConfigError(f"no learned place is called {asked!r}", hint="selat learn review")
    return fitting[0].zone_ids

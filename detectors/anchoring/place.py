"""Where a vessel may not lie at anchor, and what lies around it there."""

from typing import Any, Final

import numpy as np

from detectors.anchoring.limits import Limits
from detectors.core import events
from detectors.core.arrays import Bools, Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.hypotheses.anchoring import BOAT_M
from detectors.kinematics import timegrid
from detectors.surroundings import nearby
from detectors.surroundings.zones import Zones

PERMITS: Final = (("anchoring", "permitted"), ("transfer", "licensed"))
LOOKS: Final = (0, 1, 2, 3)
"""Thirds of `hold_s` before the end, at three of which so many others lay alongside."""
STILL_KN: Final = 0.5
"""A ship that swings at anchor moves slower over a step of ten minutes."""


def asked(limits: Limits, grid: timegrid.Grid, rows: Ints, zones: Zones) -> Ints:
    """Return the rule against anchoring at each grid row, as its index in `Zones.rules`; else -1.

    Where anchoring is prohibited, that; elsewhere in waters where it is allowed in designated areas
    only, outside all of them by more than `edge_m`.
    """
    lat, lon = grid.lat[rows], grid.lon[rows]
    at_us = grid.tick[rows] * (grid.step_s * SECOND_US)
    rule = zones.ruled(lat, lon, at_us, "anchoring", "prohibited", "designated")
    prohibits = np.array([r.value == "prohibited" for _, r in zones.rules] + [False])
    open_ = np.flatnonzero((rule >= 0) & ~prohibits[rule])
    rule[open_[designated(limits, grid, rows[open_], zones)]] = -1
    rule[zones.on_land(lat, lon)] = -1
    return rule


def designated(limits: Limits, grid: timegrid.Grid, rows: Ints, zones: Zones) -> Bools:
    """Tell which grid rows lie in a designated area, or no more than `edge_m` off one."""
    lat, lon = grid.lat[rows], grid.lon[rows]
    at_us = grid.tick[rows] * (grid.step_s * SECOND_US)
    always = zones.rows_of(limits.designated_classes) | zones.rows_of(("sts_area",), excuses=True)
    found = np.zeros(len(rows), bool)
    found[zones.members_of(lat, lon, always)[0]] = True
    off = np.flatnonzero(~found)  # mostly few: the way to a zone needn't be measured inside
    found[off] = nearby.within(zones, lat[off], lon[off], always, limits.edge_m)
    for row, rule in zones.rules:
        if (rule.asks, rule.value) in PERMITS:
            first_us, last_us = rule.span_us
            off = np.flatnonzero(~found & (at_us >= first_us) & (at_us < last_us))
            only = np.arange(len(zones.frame)) == row
            found[off] = nearby.within(zones, lat[off], lon[off], only, limits.edge_m)
    return found


def around(
    limits: Limits, grid: timegrid.Grid, first: Ints, last: Ints, context: Context
) -> list[dict[str, Any]]:
    """Tell what lies around each stay, of which `first` and `last` are grid rows.

    Others are looked at in the last hours before its end, of which any window that reports it has
    loaded everybody, and no earlier than it began.
    """
    zones = context.zones
    lat, lon = grid.lat[last], grid.lon[last]
    away_m, area = nearby.nearest_of(zones, lat, lon, zones.rows_of(limits.designated_classes))
    reached = zones.reached(lat, lon)
    drawn = np.array([*zones.frame["confidence"], ""], dtype=object)[area]
    third = limits.hold_s // 3 // limits.step_s
    with np.errstate(invalid="ignore"):
        still = np.flatnonzero(grid.speed_kn < STILL_KN)
    known = context.vessels
    ships = known.loc[(known["length_m"] > BOAT_M).to_numpy(bool), "mmsi"].to_numpy()
    together, with_ships = (
        _alongside(limits, grid, [np.maximum(last - part * third, first) for part in LOOKS], among)
        for among in (
            np.arange(len(grid.tick)),
            np.flatnonzero(np.isin(grid.track_id // 100, ships)),
        )
    )
    then = np.maximum(last - third, first)
    return events.each(
        {
            "zones_reached": [bool(value) for value in reached],
            "near_land": [bool(v) for v in zones.near_land(lat, lon, limits.near_land_m)],
            "anchorage_distance_m": np.where(reached, away_m, np.nan),
            "anchorage_confidence": [str(value) for value in drawn],
            "in_waiting_area": [bool(v) for v in zones.within(lat, lon, ("waiting_area",))],
            "n_lying_near": nearby.n_near(grid, then, still, limits.neighbour_m),
            "n_moored_together": together,
            "n_ships_alongside": with_ships,
        }
    )


def _alongside(limits: Limits, grid: timegrid.Grid, looks: list[Ints], among: Ints) -> Ints:
    """Return how many of the grid rows `among` lay alongside at all looks but one, or at all."""
    counts = [nearby.n_near(grid, rows, among, limits.alongside_m) for rows in looks]
    return np.asarray(np.sort(counts, axis=0)[1])

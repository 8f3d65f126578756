"""What must be known of all vessels: who may be whose other number.

Of a vessel that is told by a few bytes a report: where it began and ended, where it was under way
every five minutes, and about where every half hour. It leaves few pairs whose reports are looked
at together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.identity.going_on import ended, ends_of, pairs_of, under_way, well_heard
from detectors.identity.limits import Limits
from detectors.identity.one_hull import MAX_SILENCE_S, STEP_S, Moving, as_one, moving
from detectors.identity.story import FIELDS, VesselReports
from detectors.identity.switch import LOST_M, LOST_S, thin
from detectors.kinematics import hand_over, shapes
from detectors.kinematics.track_ends import Ends
from detectors.vessels import namesakes, statement

SLOT_S: Final = 1800
SLOT_US: Final = SLOT_S * SECOND_US
ROUNDED_DEG: Final = 1e-4
"""By so much corners of boxes may be wrong."""


class Boxes(NamedTuple):
    """The boxes, in degrees, in which tracks were every `SLOT_S`."""

    mmsi: NDArray[np.int32]
    slot: NDArray[np.int32]
    south: NDArray[np.float32]
    north: NDArray[np.float32]
    west: NDArray[np.float32]
    east: NDArray[np.float32]

    @classmethod
    def of(cls, reports: VesselReports) -> Self:
        """Return those of some reports."""
        bins = shapes.bins(reports.track, reports.time_us, SLOT_S)
        edges = [
            edge.reduceat(values, bins.first).astype("float32")
            for values in (reports.lat, reports.lon)
            for edge in (np.minimum, np.maximum)
        ]
        mmsi, slot = (bins.track_id // 100).astype("int32"), bins.tick.astype("int32")
        return cls(mmsi, slot, *edges)

    def near(self, lat: float, lon: float, reach_m: float, since_us: int, until_us: int) -> Ints:
        """Return who may have been so near to a place in a span; boxes are in order of time."""
        low = int(np.searchsorted(self.slot, since_us // SLOT_US))
        high = int(np.searchsorted(self.slot, until_us // SLOT_US, side="right"))
        part = Boxes._make(values[low:high] for values in self)
        reach_deg = reach_m / shapes.DEGREE_M + ROUNDED_DEG
        near = (part.south <= lat + reach_deg) & (part.north >= lat - reach_deg)
        reach_deg /= max(float(np.cos(np.radians(abs(lat) + reach_deg))), 1e-3)
        beside = np.zeros(len(near), bool)
        for turn in (-360.0, 0.0, 360.0):
            here = lon + turn
            beside |= (part.west <= here + reach_deg) & (part.east >= here - reach_deg)
        return np.unique(part.mmsi[near & beside]).astype("int64")


@dataclass(frozen=True)
class Digest:
    """What the events of others may rest on of some vessels."""

    vessels: Ints
    ending: Ends
    beginning: Ends
    moving: Moving
    boxes: Boxes

    @classmethod
    def of(cls, limits: Limits, positions: pd.DataFrame) -> Self:
        """Return that of the vessels that sent some reports."""
        reports = VesselReports(positions)
        ends = ends_of(limits, reports)
        _, where = moving(limits, reports.grid(STEP_S, MAX_SILENCE_S))
        return cls(reports.vessels, *ends, where, Boxes.of(reports))


@dataclass(frozen=True)
class Everybody:
    """What must be known of all vessels."""

    spans: Mapping[str, pd.DataFrame]
    """What ships said, `statement.spans` by field."""
    numbers: Sequence[namesakes.Shared]
    names: Sequence[namesakes.Shared]
    """Who said the same IMO number, and names that look alike."""
    ending: Ends
    pairs: hand_over.HandOvers
    """Where tracks ended under way, and which go on under another number."""
    sailing: Ints
    """Pairs of vessels that sail as one."""
    passing: Ints
    """Pairs of a vessel of `pairs` and one that may have passed there."""

    @classmethod
    def of(cls, limits: Limits, digests: Sequence[Digest], context: Context) -> Self:
        """Return it, from digests of parts of them."""
        heard = np.concatenate([each.vessels for each in digests])
        ships = context.statements["mmsi"].isin(heard[VesselReports.is_ship(heard)])
        stated = context.statements[ships.to_numpy(bool)]
        spans = {field: statement.spans(stated, field) for field in FIELDS}
        names, callsigns, numbers = (spans[field] for field in ("name", "callsign", "imo"))
        ending = ended(limits, Ends(*_joined(vars(d.ending).values() for d in digests)), context)
        beginning = Ends(*_joined(vars(d.beginning).values() for d in digests))
        pairs = pairs_of(limits, ending, beginning, context)
        where = Moving(*_joined(d.moving for d in digests))
        runs = as_one(limits, where)
        sailing = (where.track[side[runs.first]] // 100 for side in (runs.one, runs.other))
        passing = _passing(limits, pairs, [d.boxes for d in digests])
        return cls(
            spans,
            namesakes.shared_imo(numbers, limits.memory),
            namesakes.look_alikes(names, callsigns, numbers, limits.memory),
            ending.take(under_way(limits, ending) & well_heard(limits, ending)),
            pairs,
            np.column_stack(list(sailing)),
            passing,
        )

    def company(self) -> tuple[Ints, Ints]:
        """Return pairs of a vessel and another whose reports its events rest on too."""
        alike = [(one.mmsi, one.other_mmsi) for one in (*self.numbers, *self.names)]
        both = np.concatenate(
            [
                np.column_stack([self.pairs.end.track_id, self.pairs.begin.track_id]) // 100,
                self.sailing,
                np.array(alike, "int64").reshape(-1, 2),
            ]
        )
        one, other = np.concatenate([both, both[:, ::-1], self.passing]).T
        return one, other


def _joined(parts: Any) -> list[Any]:
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


def _passing(limits: Limits, pairs: hand_over.HandOvers, boxes: Sequence[Boxes]) -> Ints:
    """Return pairs of a vessel whose number changed and one that may have passed there before."""
    seldom = np.flatnonzero(thin(limits, pairs))
    found = [np.zeros((0, 2), "int64")]
    if not len(seldom):
        return found[0]
    order = np.argsort(np.concatenate([part.slot for part in boxes]), kind="stable")
    all_boxes = Boxes._make(values[order] for values in _joined(boxes))
    for i in seldom.tolist():
        until_us = int(pairs.begin.time_us[i])
        place = float(pairs.end.lat[i]), float(pairs.end.lon[i])
        others = all_boxes.near(*place, LOST_M, until_us - LOST_S * SECOND_US, until_us)
        for track in (pairs.end.track_id[i], pairs.begin.track_id[i]):
            found.append(np.column_stack([np.full(len(others), track // 100), others]))
    return np.concatenate(found)

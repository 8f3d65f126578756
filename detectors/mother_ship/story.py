"""Stories of mother ships: who waited, when, and what is known of those that take part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from detectors.core.evidence import Evidence
from detectors.core.frames import is_first
from detectors.kinematics.reports import Reports


@dataclass(frozen=True)
class Story:
    """A vessel that waited, by one of its tracks, with the reports of that track."""

    subkind: str
    track: int
    start_us: int
    end_us: int
    going_on: bool
    reports: Reports
    evidence: Mapping[str, Any]
    settings: tuple[str, ...]
    score: float


def explained_weight(evidence: Evidence) -> float:
    """Return the share of its score that an innocent reason takes from an event."""
    return evidence.explained.weight if evidence.explained else 0.0


class Crafts:
    """Size and AIS class of some vessels, as far as they say."""

    def __init__(self, positions: pd.DataFrame, vessels: pd.DataFrame, mmsis: Any) -> None:
        wanted = np.unique(np.asarray([int(m) for m in mmsis], "int64"))
        stated = vessels[vessels["mmsi"].isin(wanted)].drop_duplicates("mmsi").set_index("mmsi")
        self._class = dict(zip(stated.index.tolist(), stated["ais_class"].tolist(), strict=True))
        rows = np.flatnonzero(np.isin(positions["mmsi"].to_numpy(), wanted))
        heard = positions["mmsi"].to_numpy()[rows], pd.Categorical(positions["ais_class"])[rows]
        begins = is_first(heard[0], heard[1].codes)
        for mmsi, ais_class in dict.fromkeys(zip(*(one[begins] for one in heard), strict=True)):
            if ais_class:
                self._class[mmsi] = ais_class
        self._length_m = stated["length_m"].to_dict()
        self._ship_type = stated["ship_type"].to_dict()

    def is_b(self, mmsi: int) -> bool:
        """Tell whether its set is of class B."""
        return str(self._class.get(mmsi, "")) == "B"

    def length_m(self, mmsi: int) -> float:
        """Return its length, NaN where it doesn't say."""
        length_m = float(self._length_m.get(mmsi, np.nan))
        return length_m if length_m > 0 else float("nan")

    def ship_type(self, mmsi: int) -> int:
        """Return its type, -1 where it doesn't say."""
        return int(self._ship_type.get(mmsi, -1))


def of_track(positions: pd.DataFrame, track: int) -> Reports | None:
    """Return the reports of one track; none where it isn't loaded."""
    begin, end = np.searchsorted(positions["track_id"].to_numpy(), [track, track + 1])
    return Reports(positions.iloc[begin:end]) if begin < end else None

"""The planning problem: what all steps of a plan work on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.core.arrays import Bools, Floats
from detectors.surroundings.zones import Zones
from pipelines.patrol.model import HOUR_US, NM, Target
from pipelines.patrol.motions import Motions
from pipelines.patrol.prediction import Prediction, chance_within
from pipelines.patrol.seamap import SeaMap
from pipelines.patrol.units import Planning, Unit
from pipelines.reference.layers import sea_states


@dataclass(frozen=True, eq=False)
class Problem:
    """What all steps of a plan work on."""

    planning: Planning
    sea: SeaMap
    prediction: Prediction
    motion: Motions
    start_us: int
    end_us: int
    zones: Zones | None
    """Whose territorial seas are known; None: nobody's."""
    homes: Mapping[str, str]
    """By name of a unit the state in whose territorial sea its base lies."""

    @cached_property
    def row(self) -> dict[int, int]:
        """Each vessel's row of the prediction, by MMSI."""
        return {int(mmsi): k for k, mmsi in enumerate(self.prediction.mmsi)}

    def chance(self, row: int, time_us: Any, search_nm: float) -> Floats:
        """Return the chance, 0-1, that a search where a vessel is expected reaches it."""
        _, along, across = self.prediction.scale_at(row, time_us)
        return chance_within(search_nm * NM, along, across, float(self.prediction.dof[row]))

    def findable(self, mmsi: int, units: Iterable[Unit]) -> bool:
        """Tell whether the search of any unit, were it there, would find a vessel with
        `Planning.min_chance` at some time of the plan.
        """
        row, ticks = self.row[mmsi], self.prediction.tick_us
        ticks = ticks[(ticks >= self.start_us) & (ticks <= self.end_us)]
        widest_nm = max((unit.search_nm for unit in units), default=0.0)
        found = self.chance(row, ticks, widest_nm) >= self.planning.min_chance
        return bool(found.any())

    def worth(self, target: Target, chance: float, time_us: int) -> float:
        """Return the expected value of boarding a vessel at a time, given the chance to find it."""
        hours = max(time_us - self.start_us, 0) / HOUR_US
        fades = (1.0 - self.planning.fade_per_h) ** hours
        return float(target.score * chance * target.worth * fades)

    def seas(self, lat: ArrayLike, lon: ArrayLike) -> NDArray[np.str_]:
        """Name the state in whose territorial sea each point lies, as `sea_states` does."""
        lat, lon = np.atleast_1d(lat), np.atleast_1d(lon)
        found = np.full(len(lat), "", "<U80")
        known = np.isfinite(lat) & np.isfinite(lon)
        if self.zones is not None:
            found[known] = sea_states(self.zones, lat[known], lon[known])
        return found

    def open_to(self, unit: Unit, seas: NDArray[np.str_]) -> Bools:
        """Tell in which of some seas a unit may board and search.

        That is for the coastal state in its territorial sea (UNCLOS, articles 2, 25 and 27; hot
        pursuit ends there, article 111), so elsewhere than at home it wants that state's consent.
        Where it isn't known whose sea its base lies in, no sea is closed to it.
        """
        home = self.homes.get(unit.name, "")
        if not home:
            return np.ones(len(seas), bool)
        return np.isin(seas, ["", home, *unit.seas])

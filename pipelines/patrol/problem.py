"""The planning problem: what all steps of a plan work on."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from detectors.core.arrays import Floats
from pipelines.patrol.model import NM
from pipelines.patrol.motions import Motions
from pipelines.patrol.prediction import Prediction, chance_within
from pipelines.patrol.seamap import SeaMap
from pipelines.patrol.units import Planning


@dataclass(frozen=True, eq=False)
class Problem:
    """What all steps of a plan work on."""

    planning: Planning
    sea: SeaMap
    prediction: Prediction
    motion: Motions
    start_us: int
    end_us: int

    @cached_property
    def row(self) -> dict[int, int]:
        """Each vessel's row of the prediction, by MMSI."""
        return {int(mmsi): k for k, mmsi in enumerate(self.prediction.mmsi)}

    def chance(self, row: int, time_us: Any, search_nm: float) -> Floats:
        """Return the chance, 0-1, that a search where a vessel is expected reaches it."""
        _, along, across = self.prediction.scale_at(row, time_us)
        return chance_within(search_nm * NM, along, across, float(self.prediction.dof[row]))

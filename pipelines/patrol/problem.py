"""The planning problem: what all steps of a plan work on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.patrol.model import NM
from pipelines.patrol.motions import Motions
from pipelines.patrol.prediction import Prediction, chance_within
from pipelines.patrol.seamap import SeaMap
from pipelines.patrol.units import Planning

Floats = NDArray[np.float64]


class Problem:
    """What all steps of a plan work on; `row` is each vessel's row of the prediction by MMSI."""

    def __init__(
        self,
        planning: Planning,
        sea: SeaMap,
        prediction: Prediction,
        motion: Motions,
        start_us: int,
        end_us: int,
    ) -> None:
        self.planning, self.sea, self.prediction, self.motion = planning, sea, prediction, motion
        self.start_us, self.end_us = start_us, end_us
        self.row = {int(mmsi): k for k, mmsi in enumerate(prediction.mmsi)}

    def chance(self, row: int, time_us: Any, search_nm: float) -> Floats:
        """Return the chance, 0-1, that a search where a vessel is expected reaches it."""
        _, along, across = self.prediction.scale_at(row, time_us)
        return chance_within(search_nm * NM, along, across, float(self.prediction.dof[row]))

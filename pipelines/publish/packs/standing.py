"""Whether the leads of a pack still stand: what counts as moved, cleared, and told already."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM

MOVED_M: Final = METRES_PER_NM
"""A lead has moved where it is further than this from where it was told: at a mile a boat that is
looked for at the one place isn't seen at the other by night. A judgement."""

CLEARING: Final = frozenset({"cleared", "benign_cause"})
"""Conclusions that clear a lead."""


def without(
    leads: pd.DataFrame, sent: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]
) -> pd.DataFrame:
    """Return the leads of a pack of which no correction of it has told since it was sent.

    Parameters
    ----------
    leads
        As of `issued.leads_of`.
    sent, lines
        The pack's line of the log; lines of the log.
    """
    told = {
        key
        for one in lines
        if one.get("corrects") == sent["pack"] and one["number"] > sent["number"]
        for key in dict(one.get("corrected") or {})
    }
    return leads[~leads["told_id"].isin(told)].reset_index(drop=True)


def far(leads: pd.DataFrame, lat: pd.Series, lon: pd.Series) -> "np.ndarray[Any, Any]":
    """Tell which leads are further than `MOVED_M` from some places."""
    places = (leads["lat"], leads["lon"], lat, lon)
    away = geodesy.distance_m(*(one.to_numpy("float64") for one in places))
    return np.asarray(away) > MOVED_M

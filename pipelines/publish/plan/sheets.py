"""A plan as tables for people: labels as titles, names and reasons in words."""

from typing import Any

import numpy as np
import pandas as pd

from pipelines.base import labels
from pipelines.base.visible import clean
from pipelines.patrol.model import OUT_OF_REACH, utc
from pipelines.publish.plan import words
from pipelines.publish.products import Planned


def stops(planned: Planned) -> pd.DataFrame:
    """One row per stop of every sortie, in order; times UTC."""
    said, every = words.of(planned), labels.labels(planned.language)
    rows = []
    for one in planned.plan.sailed:
        for number, stop in enumerate(one.stops, 1):
            target = stop.target
            rows.append(
                {
                    said.unit: clean(one.sortie.unit.name),
                    said.sortie_number: float(one.sortie.number),
                    "#": float(number),
                    said.task: f"{words.task_told(stop, said)} {words.what(stop, one, said)}",
                    every.rank: float(target.rank) if target else np.nan,
                    "MMSI": target.number if target else "",
                    f"{said.leave} (UTC)": utc(stop.depart_us),
                    f"{said.there} (UTC)": utc(stop.begin_us),
                    f"{said.until} (UTC)": utc(stop.end_us),
                    "lat": round(stop.lat, 5),
                    "lon": round(stop.lon, 5),
                    every.legend_sea.capitalize(): clean(stop.sea),
                    said.course: _number(words.first_course(stop)),
                    said.distance: words.nm(stop.route.distance_m),
                    said.speed: round(stop.speed_kn, 1),
                    said.chance: round(stop.chance, 3),
                    said.within: f"{words.nm(stop.along_m)} × {words.nm(stop.across_m)} nm"
                    if target
                    else "",
                    "reason": clean(target.reason) if target else "",
                    said.how: words.with_tide(words.how(stop, said), stop, said),
                    **planned.marks,
                }
            )
    return pd.DataFrame(rows)


def left_out(planned: Planned) -> pd.DataFrame:
    """Return the flagged vessels that no sortie goes for, and why."""
    said, every = words.of(planned), labels.labels(planned.language)
    rows = [
        {
            "rank": one.target.rank,
            every.vessel: words.vessel(one.target, said),
            "MMSI": one.target.number,
            "score": one.target.score,
            said.why_not: words.reason(one.reason, said),
            said.nearest: words.detail(one, planned),
            **planned.marks,
        }
        for one in planned.plan.left_out
    ]
    return pd.DataFrame(rows)


def intercepts(planned: Planned) -> pd.DataFrame:
    """Write each unit's earliest meeting with each vessel, or why there is none; times UTC."""
    said, every = words.of(planned), labels.labels(planned.language)
    rows = []
    for pair in planned.plan.intercepts:
        far = np.isfinite(pair.out_nm) and pair.time_us > 0
        met = far and pair.reason != OUT_OF_REACH  # else that is how near it comes, at any time
        rows.append(
            {
                said.unit: clean(pair.unit),
                "rank": pair.target.rank,
                every.vessel: words.vessel(pair.target, said),
                "MMSI": pair.target.number,
                f"{said.there} (UTC)": utc(pair.time_us) if met else pd.NaT,
                "lat": round(pair.lat, 5) if met else np.nan,
                "lon": round(pair.lon, 5) if met else np.nan,
                said.distance: round(pair.out_nm, 1) if far else np.nan,
                said.speed: pair.speed_kn if met else np.nan,
                said.chance: round(pair.chance, 3) if met else np.nan,
                said.why_not: words.reason(pair.reason, said),
                **planned.marks,
            }
        )
    table = pd.DataFrame(rows)
    time = f"{said.there} (UTC)"
    return table.assign(**{time: pd.to_datetime(table[time], utc=True)}) if rows else table


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)

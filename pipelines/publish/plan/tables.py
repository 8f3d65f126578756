"""plan.json and plan.csv: a plan for machines and spreadsheets."""

import json
from typing import Any

import numpy as np
import pandas as pd

from pipelines.base.labels import PlanLabels
from pipelines.base.visible import clean
from pipelines.patrol.model import Intercept, Sailed, Target
from pipelines.publish.csv_text import to_csv
from pipelines.publish.plan import words
from pipelines.publish.products import Planned


def document(planned: Planned) -> dict[str, Any]:
    """Write the plan as what `plan.json` holds."""
    plan, said, rows = planned.plan, words.of(planned), words.rows(planned)
    return {
        "run_id": plan.run_id,
        "simulated": plan.simulated,
        "sample_units": any(one.sortie.unit.sample for one in plan.sailed),
        "start": words.zulu(plan.start_us),
        "end": words.zulu(plan.end_us),
        "stale_after": words.zulu(plan.stale_us),
        "depth_checked": False,
        **planned.marks,
        "notes": words.warnings(planned),
        "solver": plan.solver,
        "expected_value": round(plan.value, 4),
        "sorties": [_sortie(one, rows) for one in plan.sailed],
        "units_without_water": [clean(name) for name in plan.unplaced],
        "left_out": [
            {
                "rank": one.target.rank,
                "mmsi": _mmsi(one.target),
                "name": clean(one.target.name),
                "score": round(one.target.score, 4),
                "reason": words.reason(one.reason, said),
                "detail": words.detail(one, planned),
            }
            for one in plan.left_out
        ],
        "intercepts": [_intercept(pair, said) for pair in plan.intercepts],
        "sectors": [
            {
                "name": s.name,
                "west": s.west,
                "south": s.south,
                "size_deg": s.size_deg,
                "events": s.events,
                "landing_places": s.landings,
                "rate_per_h_by_local_hour": [round(float(r), 5) for r in s.rate_per_h],
            }
            for s in plan.sectors
        ],
    }


def to_json(planned: Planned) -> str:
    """Write the plan as JSON text."""
    return json.dumps(document(planned), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(planned: Planned) -> str:
    """Return the stops of every sortie as CSV text; every row says whether it is an exercise."""
    plan, table = planned.plan, words.rows(planned)
    table["mmsi"] = table["mmsi"].astype("Int64")
    for name in table.columns.drop("mmsi"):
        table[name] = pd.Series([_text(value) for value in table[name]], dtype="str")
    table["simulated"] = "true" if plan.simulated else "false"
    table["stale_after"] = words.zulu(plan.stale_us)
    table["depth_checked"] = "false"
    return to_csv(table.assign(**planned.marks))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return clean(value)
    if pd.isna(value):
        return ""
    return f"{value:g}" if float(value).is_integer() else str(value)


def _sortie(one: Sailed, rows: pd.DataFrame) -> dict[str, Any]:
    sortie = one.sortie
    mine = rows[(rows["unit"] == sortie.unit.name) & (rows["sortie"] == sortie.number)]
    return {
        "unit": clean(sortie.unit.name),
        "sortie": sortie.number,
        "base": {
            "name": clean(sortie.unit.base.name),
            "lat": round(sortie.lat, 5),
            "lon": round(sortie.lon, 5),
            "moved_nm": words.nm(sortie.moved_m),
        },
        "watch": {"opens": words.zulu(sortie.opens_us), "closes": words.zulu(sortie.closes_us)},
        "leaves": words.zulu(one.stops[0].depart_us) if one.stops else None,
        "back": words.zulu(one.stops[-1].end_us) if one.stops else None,
        "hours": round(one.hours, 2),
        "distance_nm": round(one.distance_nm, 1),
        "expected_value": round(one.value, 4),
        "stops": [
            {
                **{str(k): _plain(v) for k, v in row.items() if k not in {"unit", "sortie"}},
                "route": np.round(np.column_stack([stop.route.lon, stop.route.lat]), 5).tolist(),
            }
            for row, stop in zip(mine.to_dict("records"), one.stops, strict=True)
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if pd.isna(value):
        return None
    number = float(value)
    return int(number) if number.is_integer() else number


def _mmsi(target: Target) -> int | None:
    """Return a vessel's MMSI as stops have it: a number, null of what AIS doesn't show."""
    return target.mmsi if target.number else None


def _intercept(pair: Intercept, said: PlanLabels) -> dict[str, Any]:
    met = bool(np.isfinite(pair.out_nm)) and pair.time_us > 0
    return {
        "unit": clean(pair.unit),
        "rank": pair.target.rank,
        "mmsi": _mmsi(pair.target),
        "possible": pair.reason == "",
        "reason": words.reason(pair.reason, said),
        "time": words.zulu(pair.time_us) if met else None,
        "lat": round(pair.lat, 5) if met else None,
        "lon": round(pair.lon, 5) if met else None,
        "speed_kn": pair.speed_kn if met else None,
        "out_nm": round(pair.out_nm, 1) if met else None,
        "chance": round(pair.chance, 3) if met else None,
    }

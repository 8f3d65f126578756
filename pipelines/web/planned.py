"""The patrol plan of a night, as `selat plan` left it in the run's folder."""

import json
from typing import Any

import pandas as pd

from pipelines.base.settings import Installation
from pipelines.base.text import one_line, position_text
from pipelines.publish.briefing import LOCAL, SENTENCE_LIMIT


def plan(installation: Installation, run_id: str) -> dict[str, Any] | None:
    """Return a run's plan for a page; None where none was made, or its file can't be read."""
    path = installation.runs / run_id / "plan.json"
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return {
            "stale": pd.Timestamp.now("UTC") > pd.Timestamp(held["stale_after"]),
            "notes": [_line(note) for note in held["notes"]],
            "sorties": [_sortie(one) for one in held["sorties"]],
            "left_out": [
                {
                    "mmsi": int(one["mmsi"]),
                    "name": _line(one["name"]),
                    "reason": _line(one["reason"]),
                    "detail": _line(one["detail"]),
                }
                for one in held["left_out"]
            ],
        }
    except Exception:
        return None


def _sortie(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "unit": _line(one["unit"]),
        "sortie": int(one["sortie"]),
        "base": _line(one["base"]["name"]),
        "opens": _local(one["watch"]["opens"]),
        "closes": _local(one["watch"]["closes"]),
        "distance_nm": float(one["distance_nm"]),
        "stops": [
            {
                "task": _line(stop["task"]),
                "mmsi": int(stop["mmsi"] or 0),
                "name": _line(
                    stop["name"] if stop["mmsi"] else stop["sector"] or one["base"]["name"]
                ),
                "leave": _local(stop["depart"]),
                "there": _local(stop["begin"]),
                "until": _local(stop["end"]),
                "where": position_text(float(stop["lat"]), float(stop["lon"])),
                "course": _number(stop["course_deg"], "{:03.0f}°"),
                "distance": _number(stop["distance_nm"], "{:.1f}"),
                "speed": _number(stop["speed_kn"], "{:.0f}"),
                "chance": _number(stop["chance"] or None, "{:.0%}"),
            }
            for stop in one["stops"]
        ],
    }


def _line(text: Any) -> str:
    return one_line(str(text), SENTENCE_LIMIT)


def _number(value: float | None, how: str) -> str:
    return "" if value is None else how.format(value)


def _local(text: str) -> str:
    return f"{pd.Timestamp(text).tz_convert(LOCAL):%d %b %H:%M}"

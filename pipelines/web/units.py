"""Which patrol unit can be where when: of a run's plan, as its file has it, in words and drawn."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Floats
from pipelines.base.labels import Labels, labels
from pipelines.base.settings import Installation
from pipelines.base.spoken import pattern_of
from pipelines.base.text import LOCAL, day_and_hour, one_line, position_text
from pipelines.publish.briefing import NAME_LIMIT, SENTENCE_LIMIT
from pipelines.publish.maps import cut
from pipelines.publish.maps.scene import Point, Region, Way
from pipelines.publish.maps.style import UNITS
from pipelines.publish.plan.overlay import SYMBOLS, Layers
from pipelines.web.recent import Recent

MAX_UNITS: Final = 4
"""Of so many units it is told when they could be with an incident."""
_READ: Final = Recent()

Held = Mapping[str, Any]
"""What plan.json holds."""
_COMMON: Final = ("leads", "not_for_navigation")
_SENTENCES: Final = (
    *("no_position", "no_water", "uncertain", "off_watch", "out_of_reach", "others_sea"),
    *("lower_value", "concluded", "boarded_by", "cleared_by", "benign_cause_by"),
    *("another_unit", "same_incident", "never_nearer", "could_meet_on_watch", "could_meet"),
    *("real", "sample", "abroad", "unheard", "stale", "depth", "expected"),
)
"""Of the labels: what a plan's file says whole."""


@dataclass(frozen=True)
class Reach:
    """A unit and a vessel of an incident."""

    unit: str
    mmsi: int
    """0 of a boat that AIS doesn't show."""
    sails: bool
    """Whether the plan sends it there."""
    time: str
    where: str
    chance: str
    lat: float
    lon: float
    out_nm: str
    why: str
    """Why it can't be with it; the rest is empty then, but how far out of its base that is."""


def held(installation: Installation, run_id: str) -> Held | None:
    """Return a run's plan; None where none was made, or its file can't be read."""
    path = installation.runs / run_id / "plan.json"
    with suppress(OSError):
        about = path.stat()
        state = (path, about.st_ino, about.st_mtime_ns, about.st_size)
        return _READ.get(state, lambda: _read(path))
    return None


def _read(path: Path) -> Held | None:
    """Read a plan; what is wrong with it is found here, once a file, and not on a page."""
    english = labels("en")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        for one in found["intercepts"]:
            reaches({**found, "sorties": [], "intercepts": [one]}, int(one["rank"]), english)
        for one in found["sorties"]:
            for stop in one["stops"]:
                alone = {**one, "stops": [stop]}
                rank = int(stop["rank"] or 0)
                reaches({**found, "sorties": [alone], "intercepts": []}, rank, english)
        layers(found, 0.0)
    except Exception:
        return None
    return dict(found)


def reaches(plan: Held, rank: int, words: Labels) -> list[Reach]:
    """Return which units meet vessels of an incident, and which others could, the earliest first.

    Where none can, the one that the plan tells, and why it can't; see `patrol.pairs.nearest`.
    """
    sailed = [
        _reach(one["unit"], stop["begin"], stop, words, sails=True)
        for one in plan["sorties"]
        for stop in one["stops"]
        if stop["rank"] and int(stop["rank"]) == rank
    ]
    units = {one.unit for one in sailed}
    pairs = [one for one in plan["intercepts"] if int(one["rank"]) == rank and one["time"]]
    could = {
        one["unit"]: one  # the last is the earliest
        for one in sorted(pairs, key=lambda one: str(one["time"]), reverse=True)
        if one["possible"] and _name(one["unit"]) not in units
    }
    others = [
        _reach(one["unit"], one["time"], one, words)
        for one in sorted(could.values(), key=lambda one: (str(one["time"]), str(one["unit"])))
    ]
    if sailed or others or not pairs:
        return [*sailed, *others][:MAX_UNITS]
    nearest = min(pairs, key=_as_the_plan)
    return [_reach(nearest["unit"], nearest["time"], nearest, words)]


def _as_the_plan(one: Mapping[str, Any]) -> tuple[bool, float, float, str]:
    """Return by what the nearest thing to a chance comes first: it isn't out of reach, is likely to
    find the vessel, and hasn't far to go.
    """
    out = one["reason"] == labels("en").plan.out_of_reach
    return out, 0.0 if out else -float(one["chance"]), float(one["out_nm"]), str(one["unit"])


def sailed(plan: Held) -> set[int]:
    """Return the ranks of the incidents that a plan sends units to."""
    return {int(stop["rank"] or 0) for one in plan["sorties"] for stop in one["stops"]} - {0}


def boarded(plan: Held) -> set[int]:
    """Return the vessels that a plan sends units to."""
    return {mmsi_of(stop) for one in plan["sorties"] for stop in one["stops"]} - {0}


def mmsi_of(one: Mapping[str, Any]) -> int:
    """Return the number of a vessel in a plan's file, 0 where it has none.

    Raises ValueError where it can't be one.
    """
    mmsi = int(one["mmsi"] or 0)
    if not 0 <= mmsi < 1_000_000_000:
        raise ValueError("a number of the plan is no vessel's")
    return mmsi


def _reach(
    unit: str, time: str, one: Mapping[str, Any], words: Labels, *, sails: bool = False
) -> Reach:
    out = one.get("out_nm")
    _placed([one["lon"]], [one["lat"]], 0.0)
    return Reach(
        unit=_name(unit),
        mmsi=mmsi_of(one),
        sails=sails,
        time=day_and_hour(pd.Timestamp(time).tz_convert(LOCAL), words.say),
        where=position_text(float(one["lat"]), float(one["lon"])),
        lat=float(one["lat"]),
        lon=float(one["lon"]),
        chance=f"{float(one['chance']):.0%}",
        out_nm="" if out is None else f"{float(out):.0f}",
        why="" if sails or one["possible"] else said(str(one["reason"]), words),
    )


def said(text: str, words: Labels) -> str:
    """Return what a plan's file says, in English, in the reader's language; as it is where it can't
    be told what it says.
    """
    for pattern, own in _said(words):
        if found := pattern.fullmatch(text):
            return one_line(words.dates(own.format(**found.groupdict())), SENTENCE_LIMIT)
    return one_line(text, SENTENCE_LIMIT)


def _said(words: Labels) -> list[tuple[re.Pattern[str], str]]:
    """Return how each sentence of a plan's file looks, and what it is in a language."""
    english = labels("en")
    pairs = [(getattr(english.plan, name), getattr(words.plan, name)) for name in _SENTENCES]
    pairs += [(getattr(english, name), getattr(words, name)) for name in _COMMON]
    pairs.append((f"{english.simulated}.", f"{words.simulated}."))
    return [(pattern_of(text), own) for text, own in pairs]


def layers(plan: Held, lon0: float, rank: int | None = None) -> Layers:
    """Return what a plan lays over a map: all of it, or the legs to an incident."""
    regions = [
        Region((_square(one, lon0),), "sector", _name(one["name"]))
        for one in plan["sectors"]
        if rank is None
    ]
    names = list(dict.fromkeys(one["unit"] for one in plan["sorties"]))
    ways: list[Way] = []
    points: list[Point] = []
    bases = {}
    for one in plan["sorties"]:
        colour = UNITS[names.index(one["unit"]) % len(UNITS)]
        look = "later_sortie" if one["sortie"] > 1 else "sortie"
        for number, stop in _stops(one, rank):
            lon, lat = np.array(stop["route"], "float64").reshape(-1, 2).T
            ways.append(Way(_placed(lon, lat, lon0), look, colour))
            if stop["task"] in SYMBOLS:
                x, y = _placed([stop["lon"]], [stop["lat"]], lon0)[0].tolist()
                text = str(number) if rank is None else ""
                title = f"{_name(one['unit'])} {_name(stop['name'] or stop['sector'])}"
                points.append(Point(x, y, SYMBOLS[stop["task"]], colour, text, title))
        if rank is None and one["base"].get("lat") is not None:
            x, y = _placed([one["base"]["lon"]], [one["base"]["lat"]], lon0)[0].tolist()
            bases[(x, y)] = Point(x, y, "base", "ink", _name(one["base"]["name"]))
    return tuple(regions), tuple(ways), (*points, *bases.values())


def _stops(one: Mapping[str, Any], rank: int | None) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, stop in enumerate(one["stops"], 1):
        if rank is None or (stop["rank"] and int(stop["rank"]) == rank):
            yield number, stop


def _square(one: Mapping[str, Any], lon0: float) -> Floats:
    west, south, size = (float(one[name]) for name in ("west", "south", "size_deg"))
    return _placed(
        [west, west + size, west + size, west], [south, south, *[south + size] * 2], lon0
    )


def _placed(lon: Any, lat: Any, lon0: float) -> Floats:
    placed = np.column_stack([cut.relative(lon, lon0), np.asarray(lat, "float64")])
    if not (np.isfinite(placed).all() and (np.abs(placed[:, 1]) <= 90).all()):
        raise ValueError("a place of the plan is none")
    return placed


def _name(text: Any) -> str:
    return one_line(str(text), NAME_LIMIT)

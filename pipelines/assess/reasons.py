"""What happened, in a sentence for a sailor: hours, cables and places, no jargon."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

from detectors.core.events import evidence_of
from detectors.core.geodesy import METRES_PER_NM
from detectors.core.places import Gazetteer

_LOCAL: Final = ZoneInfo("Asia/Kuala_Lumpur")


@dataclass(frozen=True)
class Told:
    """One event as the sentences need it; `end` is None while it goes on."""

    kind: str
    subkind: str
    mmsi: int
    other_mmsi: int
    start: pd.Timestamp
    end: pd.Timestamp | None
    lat: float
    lon: float
    evidence: Mapping[str, Any]


def told(events: pd.DataFrame) -> list[Told]:
    """The rows of an events frame, evidence parsed."""
    ends = [None if pd.isna(end) else end for end in events["end"]]
    plain = ("kind", "subkind", "mmsi", "other_mmsi", "start")
    columns = [events[name].tolist() for name in plain]
    where = (events["lat"].tolist(), events["lon"].tolist())
    rows = zip(*columns, ends, *where, evidence_of(events), strict=True)
    return [Told(*row) for row in rows]


class Teller:
    """Tells events.

    Parameters
    ----------
    names
        Vessel name by MMSI, empty where unknown.
    gazetteer
        Places to say where.
    now
        The end of the window; open events are told up to it.
    """

    def __init__(self, names: Mapping[int, str], gazetteer: Gazetteer, now: pd.Timestamp) -> None:
        self._names, self._gazetteer, self._now = names, gazetteer, now
        self._sentences: dict[str, Callable[[Told, int], str]] = {
            "encounter": self._encounter,
            "loitering": self._loitering,
            "gap": self._gap,
            "geofence": self._geofence,
        }

    def tell(self, event: Told, mmsi: int) -> str:
        """What happened, from the side of one of its vessels."""
        sentence = self._sentences.get(event.kind, self._plain)(event, mmsi)
        return f"{sentence} ({self._when(event)})"

    def _encounter(self, event: Told, mmsi: int) -> str:
        other = event.other_mmsi if mmsi == event.mmsi else event.mmsi
        distance = event.evidence["median_distance_m"]
        speed = max(event.evidence["median_speed_kn"], event.evidence["other_median_speed_kn"])
        how = "Stopped" if speed < 1 else "Drifted" if speed < 2 else f"Moved at {speed:.1f} kn"
        beside = f"{_metres(distance)} {'alongside' if distance < 150 else 'off'}"
        return (
            f"{how} {self._hours(event)} with {self._name(other)} {beside}, "
            f"{self._place(event)}{_surroundings(event.evidence)}"
        )

    def _loitering(self, event: Told, _: int) -> str:
        speed = event.evidence.get("median_speed_kn")
        at = "" if speed is None else f" at {speed:.1f} kn"
        return (
            f"Drifted {self._hours(event)}{at}, {self._place(event)}{_surroundings(event.evidence)}"
        )

    def _gap(self, event: Told, _: int) -> str:
        still = "Silent for" if event.end is None else "Sent nothing for"
        sentence = f"{still} {self._hours(event)}, last heard {self._place(event)}"
        heard = event.evidence.get("n_neighbours")
        if heard:
            sentence += f", where {heard} other vessels were heard meanwhile"
        moved = event.evidence.get("distance_m")
        if moved and event.end is not None:
            sentence += f"; heard again {moved / METRES_PER_NM:.0f} nm away"
        return sentence + (", and silent still" if event.end is None else "")

    def _geofence(self, event: Told, _: int) -> str:
        zone = event.evidence["zone_name"]
        if event.subkind == "dwell":
            return f"Stayed {self._hours(event)} in {zone}"
        verb = {"enter": "Entered", "exit": "Left"}.get(event.subkind, event.subkind)
        return f"{verb} {zone}, {self._place(event)}"

    def _plain(self, event: Told, _: int) -> str:
        what = " ".join(part for part in (event.kind, event.subkind) if part).replace("_", " ")
        return f"{what.capitalize()} for {self._hours(event)}, {self._place(event)}"

    def _name(self, mmsi: int) -> str:
        name = self._names.get(mmsi, "").replace("|", "/").strip()  # it separates reasons
        return name if name else f"MMSI {mmsi:09d}"

    def _place(self, event: Told) -> str:
        return self._gazetteer.describe(event.lat, event.lon)

    def _hours(self, event: Told) -> str:
        end = self._now if event.end is None else event.end
        minutes = (end - event.start).total_seconds() / 60
        return f"{minutes / 60:.1f} h" if minutes >= 90 else f"{minutes:.0f} min"

    def _when(self, event: Told) -> str:
        start = event.start.tz_convert(_LOCAL)
        if event.end is None:
            return f"since {start:%d %b %H:%M} MYT"
        end = event.end.tz_convert(_LOCAL)
        if event.start == event.end:
            return f"{start:%d %b %H:%M} MYT"
        until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%d %b %H:%M}"
        return f"{start:%d %b %H:%M} to {until} MYT"


def _metres(distance: float) -> str:
    return f"{round(distance, -1):.0f} m" if distance >= 10 else "less than 10 m"


def _surroundings(evidence: Mapping[str, Any]) -> str:
    if not evidence.get("zones_reached", True):
        return ""
    if evidence.get("in_anchorage"):
        return ", in an anchorage"
    if evidence.get("in_sts_area"):
        return ", in a known transfer area"
    if evidence.get("near_land"):
        return ", close to land"
    return ", outside any port or anchorage"

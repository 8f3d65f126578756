"""What happened, in a sentence for a sailor: hours, cables and places, no jargon.

Each detector tells its own events; here is how names, places and times are put into words.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

import detectors
from detectors.core.detector import Detector
from detectors.core.telling import Say, Told, plain
from detectors.kinematics.geodesy import METRES_PER_NM
from detectors.surroundings.landmarks import Gazetteer
from pipelines.base.text import LOCAL, LOCAL_NAME, day_and_hour

_NUMBER: Final = re.compile(r"MMSI|\d(?:[\W_]{0,2}\d){8}", re.IGNORECASE)
"""What in a name may be read as a vessel's number."""


def by_disposition(say: Say = plain) -> str:
    """Say, behind what is told of an event, that a disposition sets it aside."""
    return say(" (set aside by a disposition)")


def by_own_vessel(say: Say = plain) -> str:
    """Say, behind what is told of an event, that it is of what an own vessel does."""
    return say(" (set aside: an own vessel takes part)")


def by_false_positions(say: Say = plain) -> str:
    """Say, behind what is told of an event, that the vessel's positions were false there."""
    return say(" (set aside: its positions were false there)")


def by_other_number(say: Say = plain) -> str:
    """Say, behind what is told of a meeting, that one of the two was elsewhere."""
    return say(" (set aside: the hull of one was heard meanwhile under another number)")


def by_feed(say: Say = plain) -> str:
    """Say, behind what is told of an event, that so many have it that it is of their feed."""
    return say(" (set aside: so many did that it is a fault of their feed)")


ASIDE: Final = (by_disposition, by_own_vessel, by_false_positions, by_other_number, by_feed)


def aside_in(reason: str, say: Say = plain) -> str:
    """Return what stands behind a reason, as the store has it, of an event that is set aside; empty
    where it isn't.
    """
    return next((by(say) for by in ASIDE if reason.endswith(by())), "")


def overtaken(reason: str) -> bool:
    """Tell whether an event, by its reason as the store has it, is set aside by what became known,
    not by what somebody concluded: then it stands, and is no lead.
    """
    return any(reason.endswith(by()) for by in ASIDE if by is not by_disposition)


class Teller:
    """Tells events; it is the `telling.Words` that detectors speak in.

    Parameters
    ----------
    names
        Vessel name by MMSI, empty where unknown.
    now
        The end of the window; open events are told up to it.
    since
        Under which number the hull of a silence is heard since: `silences.numbers_since`.
    """

    def __init__(
        self,
        names: Mapping[int, str],
        gazetteer: Gazetteer,
        now: pd.Timestamp,
        say: Say = plain,
        since: Mapping[tuple[int, pd.Timestamp], int] | None = None,
    ) -> None:
        self.since = since or {}
        self._names, self._gazetteer, self.now, self._say = names, gazetteer, now, say
        self._places: dict[tuple[float, float], str] = {}

    def look_up(self, events: Iterable[Told]) -> None:
        """Work out at once the words for where events were, and for places in their evidence, which
        `place` is to be asked for.
        """
        places: dict[tuple[float, float], None] = {}
        for event in events:
            places[event.lat, event.lon] = None
            facts = event.evidence.facts
            for name in facts:
                if name.endswith("_lat"):
                    lat, lon = facts[name], facts.get(f"{name[:-3]}lon")
                    if isinstance(lat, float) and isinstance(lon, float):
                        places[lat, lon] = None
        at = np.array(list(places), "float64").reshape(-1, 2)
        words = self._gazetteer.describe_all(at[:, 0], at[:, 1], self._say)
        self._places.update(zip(places, words, strict=True))

    def tell(self, event: Told, mmsi: int) -> str:
        """Return what happened and when, from the side of one of its vessels."""
        return f"{self.sentence(event, mmsi)} ({self._when(event)})"

    def sentence(self, event: Told, mmsi: int) -> str:
        """Return what happened, from the side of one of its vessels."""
        known = event.detector in detectors.names()  # the store keeps events of retired ones
        teller = detectors.find(event.detector) if known else Detector
        try:
            return teller.tell(event, self, mmsi)
        except KeyError as error:
            # The store keeps events of other versions, which may lack what this one says.
            if error.args[0] not in event.evidence.redacted and event.version == teller.version:
                raise
            return Detector.tell(event, self, mmsi)

    def name(self, mmsi: int) -> str:
        """See `telling.Words`."""
        name = self._names.get(mmsi, "").replace("|", "/").strip()  # it separates reasons
        number = f"MMSI {mmsi:09d}"
        if _NUMBER.search(name):  # whoever reads another vessel's would ask, and board, that one
            return number if name.endswith(f"{mmsi:09d}") else f'{number} ("{name}")'
        return name if name else number

    def heard_since(self, event: Told) -> str:
        """See `telling.Words`."""
        number = self.since.get((event.mmsi, event.start), 0) if event.kind == "gap" else 0
        return self.name(number) if number else ""

    def place(self, lat: float, lon: float) -> str:
        """See `telling.Words`."""
        known = self._places.get((lat, lon))
        return self._gazetteer.describe(lat, lon, self._say) if known is None else known

    def duration(self, start: pd.Timestamp, end: pd.Timestamp | None) -> str:
        """See `telling.Words`."""
        minutes = ((self.now if end is None else end) - start).total_seconds() / 60
        if minutes >= 90:
            return self.say("{hours:.1f} h", hours=minutes / 60)
        return self.say("{minutes:.0f} min", minutes=minutes)

    def clock(self, time: pd.Timestamp) -> str:
        """See `telling.Words`."""
        return f"{_local(time):%H:%M} {LOCAL_NAME}"

    def distance(self, distance_m: float) -> str:
        """See `telling.Words`."""
        if distance_m < 10:
            return self.say("less than 10 m")
        if distance_m < METRES_PER_NM:
            return f"{round(distance_m, -1):.0f} m"
        return f"{distance_m / METRES_PER_NM:.1f} nm"

    def say(self, text: str, **values: Any) -> str:
        """See `telling.Words`."""
        return self._say(text, **values)

    def _when(self, event: Told) -> str:
        start = _local(event.start)
        if event.end is None:
            return self.say("since {start} MYT", start=day_and_hour(start, self.say))
        if event.start == event.end:
            return self.say("{start} MYT", start=day_and_hour(start, self.say))
        end = _local(event.end)
        same = start.date() == end.date()
        until = f"{end:%H:%M}" if same else day_and_hour(end, self.say)
        return self.say("{start} to {end} MYT", start=day_and_hour(start, self.say), end=until)


def _local(time: pd.Timestamp) -> datetime:
    """Return a time at the hours that are told: Python's own is put into words four times as fast
    as that of pandas.
    """
    return time.to_pydatetime(warn=False).astimezone(LOCAL)

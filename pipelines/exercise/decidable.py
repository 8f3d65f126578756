"""What could be told from what was heard: the reports that reached the feed of what is planted.

Counted while a feed is made, from what the receivers heard, whatever a detector then makes of it.
An event is undecidable where hardly a report of it arrived, or nothing shows that one would have:
the limits are strict, so that a fault of a rule isn't excused by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.core.arrays import Floats, Ints
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.exercise.radio import Actor
from pipelines.exercise.truth import Heard, Planted

MIN_REPORTS: Final = 2
"""Of each vessel, within what it did: one report shows where it was, and not what it did there."""
AROUND_M: Final = 12 * METRES_PER_NM
"""Where nobody at all is heard so near, nothing shows that a transmitter would be heard: a third to
a half of the reach of a coast station."""
AROUND_S: Final = 3 * 3600.0
"""Before and after a sighting."""
VISITS: Final = 2
"""So many visits make a mother ship."""
TAKES_OVER: Final = "identity"
"""Of two numbers: each shows a hull that goes on as the other by its reports before or after."""
BY_REPORTS: Final = frozenset(
    {"anchoring", "crossing", "encounter", "loitering", "mother_ship", "outlier", "spoofing"}
)
BY_SILENCE: Final = frozenset({"gap", "possible_meeting"})
BY_OTHERS: Final = "unmatched_sighting"


@dataclass(frozen=True)
class _Span:
    """When a planted event is looked at, and around which place of each of its vessels."""

    start: float
    end: float
    places: tuple[tuple[float, float], ...]


class Ear:
    """Counts, slice by slice of a feed, what is heard of planted events."""

    def __init__(self, events: Sequence[Planted], actors: Sequence[Actor]) -> None:
        self._events = events
        self._actors = actors
        self._mmsi = np.array([actor.ship.mmsi for actor in actors], "int64")
        self._spans = [_span(event, actors) for event in events]
        self._silent = [_silent_with(event, events) for event in events]
        self._visits = [_visits(event, events) for event in events]
        self._own: list[dict[int, int]] = [{} for _ in events]
        self._around: list[list[set[int]]] = [[set() for _ in s.places] for s in self._spans]

    def hear(self, actor: Ints, t: Floats) -> None:
        """Count receptions: which actor was heard, and when it sent."""
        actor, t = np.unique(np.stack([actor.astype("float64"), t]), axis=1)
        who = actor.astype("int64")
        for k, (event, span) in enumerate(zip(self._events, self._spans, strict=True)):
            during = np.flatnonzero((t >= span.start) & (t <= span.end))
            own = [vessel for vessel in (event.mmsi, event.other_mmsi) if vessel]
            inside = during[(t[during] >= event.start) & (t[during] <= event.end)]
            if event.kind == TAKES_OVER:
                inside = np.arange(len(t))
            for vessel in own:
                n = int(np.count_nonzero(self._mmsi[who[inside]] == vessel))
                self._own[k][vessel] = self._own[k].get(vessel, 0) + n
            if event.kind in BY_SILENCE or event.kind == BY_OTHERS:
                # Who is in a sighting's own story shows by its reports that one would be heard.
                silent = self._silent[k] if event.kind in BY_SILENCE else []
                others = during[~np.isin(self._mmsi[who[during]], silent)]
                self._near(k, span, who[others], t[others])

    def _near(self, k: int, span: _Span, who: Ints, t: Floats) -> None:
        for one in np.unique(who).tolist():
            lat, lon = self._actors[one].afloat.at(t[who == one])
            for number, place in enumerate(span.places):
                if np.any(geodesy.distance_m(lat, lon, *place) <= AROUND_M):
                    self._around[k][number].add(int(self._mmsi[one]))

    def heard(self) -> tuple[Heard, ...]:
        """Return what was heard of each event: the fewest reports of a vessel of it, and the fewest
        others around a place of it.
        """
        fewest = [min(own.values(), default=0) for own in self._own]
        for k, visits in enumerate(self._visits):
            if len(visits) >= VISITS:
                # One visit shows no mother ship, whatever is heard of the ship itself.
                fewest[k] = min(fewest[k], sorted(fewest[i] for i in visits)[-VISITS])
        return tuple(
            Heard(reports, min(len(near) for near in around))
            for reports, around in zip(fewest, self._around, strict=True)
        )


def undecidable(event: Planted, heard: Heard) -> str:
    """Say why an event can't be told from what was heard; empty where it can.

    >>> met = Planted("encounter", 1, 2, 0.0, 600.0, 100.0, 5.0, True, "")
    >>> undecidable(met, Heard(1, 3)), undecidable(met, Heard(2, 0))
    ('1 report of a vessel of it was heard meanwhile', '')
    """
    if event.kind in BY_REPORTS and event.mmsi and heard.reports < MIN_REPORTS:
        few = f"{heard.reports} report{'' if heard.reports == 1 else 's'}"
        return f"{few} of a vessel of it {'was' if heard.reports == 1 else 'were'} heard meanwhile"
    # None at all is what truths of old have, which counted within the minutes of the change alone.
    if event.kind == TAKES_OVER and event.other_mmsi and heard.reports == 1:
        return "1 report of one of its two numbers was heard in all: no way to be carried on"
    if event.kind in BY_SILENCE and heard.others == 0:
        return "nobody else was heard within 12 nm meanwhile"
    if event.kind == BY_OTHERS and heard.others == 0:
        return "nobody was heard within 12 nm from 3 h before to 3 h after"
    return ""


def _silent_with(event: Planted, events: Sequence[Planted]) -> list[int]:
    """Return the vessels that fall silent in an event's story: nobody hears by them that one would
    be heard.
    """
    found = {event.mmsi, event.other_mmsi}
    for other in events:
        together = {other.mmsi, other.other_mmsi}
        during = other.start <= event.end and other.end >= event.start
        if other.kind == "possible_meeting" and together & found - {0} and during:
            found |= together
    return sorted(found - {0})


def _visits(event: Planted, events: Sequence[Planted]) -> list[int]:
    """Return the planted meetings that make a planted mother ship one."""
    if event.kind != "mother_ship":
        return []
    return [
        k
        for k, other in enumerate(events)
        if other.kind == "encounter"
        and other.suspicious
        and event.mmsi in (other.mmsi, other.other_mmsi)
        and other.start <= event.end
        and other.end >= event.start
    ]


def _span(event: Planted, actors: Sequence[Actor]) -> _Span:
    if event.kind == BY_OTHERS:
        there = ((event.lat, event.lon),)
        return _Span(event.start - AROUND_S, event.end + AROUND_S, there)
    if event.kind != "possible_meeting":
        return _Span(event.start, event.end, ((event.lat, event.lon),))
    own = [a.afloat for a in actors if a.ship.mmsi in (event.mmsi, event.other_mmsi)]
    places = [a.at(np.array([event.start])) for a in own]
    return _Span(event.start, event.end, tuple((float(a[0]), float(o[0])) for a, o in places))

"""The detector `mother_ship`: its facts, its rules, its events."""

from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from detectors.core import events
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.core.hypothesis import Hypothesis
from detectors.core.relations import EventsOf, Relation
from detectors.core.telling import Told, Words
from detectors.hypotheses.mother_ship import HYPOTHESES
from detectors.mother_ship.limits import Limits
from detectors.mother_ship.story import Story
from detectors.mother_ship.told import tell
from detectors.mother_ship.visited import visited
from detectors.mother_ship.waiting import waiting
from detectors.surroundings import nearby

STEP_S: Final = 120


class MotherShip(Limits):
    """A vessel that waits and is visited by small craft, or waits where only small craft come.

    **visited**: of the two vessels of an encounter, the visitor is a small craft (at most
    `max_visitor_m`, a class B transmitter, or faster than `min_planing_kn` on its way) that came to
    the other, the host, which waited: slower than `min_waiting_kn` over the ten minutes before.
    Where they weren't heard then, the host is larger (`min_size_ratio` times, or class A beside one
    that isn't known to be). Encounters that are well explained (by `max_explained_weight` or more)
    or last longer than `max_visit_s` don't count. Two visits to one host by different craft, no
    more than `max_wait_s` and `max_move_m` apart, make a link (to a boat of class B, by craft that
    don't plane, only where `min_boat_visitors` are linked at once); links of one host no more than
    `max_wait_s` apart make one event, from the first visit's start to the last one's end.

    **waiting**: a loitering without a good explanation of a vessel that isn't small, with at
    least `min_dark_s` of it in the dark, less than `max_landing_m` from a landing place or
    `max_coast_m` from a coast, and more than `min_anchorage_m` from ports and anchorages. It is a
    hint beside the loitering itself; it weighs more where the vessel had loitered at the same
    place (`max_move_m`) and had gone away no more than `max_wait_s` before.

    Notes
    -----
    Score before explanations, visited: 0.4 for two visitors, 0.15 more for each further one up to
    four, times the share of the time that the host was waiting. Waiting: 0.15, or 0.25 near a
    landing place, and 0.1 more where it returned.

    That a vessel waits at the same place on several nights is for its history to say (see
    assess): a detector's memory is hours.
    """

    name: ClassVar[str] = "mother_ship"
    version: ClassVar[str] = "12"
    requires: ClassVar[tuple[str, ...]] = ("mmsi", "time", "lat", "lon", "ais_class", "track_id")
    source: ClassVar[str] = (
        "Own rule over encounters and loiterings (Miller et al. 2018, doi:10.3389/fmars.2018."
        "00240); mother boats served by small craft after UNODC (2018), Global Study on Smuggling "
        "of Migrants, chapter on Asia"
    )
    after: ClassVar[tuple[str, ...]] = ("encounter", "loitering")
    symmetric_days: ClassVar[tuple[int, ...]] = (-1461, 1461)
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Return those in events with the vessel: who came to it."""
        return (EventsOf(self.after, shared=True),)

    @property
    def lookback(self) -> timedelta:
        """Two visits of the longest and the longest wait between them."""
        return timedelta(seconds=self.max_wait_s + 2 * self.max_visit_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find mother ships; see the class for the rule and `Detector.detect` for the frames."""
        if positions.empty:
            return events.empty()
        stories = [*visited(self, positions, context), *waiting(self, positions, context)]
        return events.build([self._event(story, context) for story in stories])

    def _event(self, story: Story, context: Context) -> dict[str, Any]:
        """Return the event of a story, with what lies around the middle of it."""
        reports, zones = story.reports, context.zones
        middle_us = np.array([(story.start_us + story.end_us) // 2])
        lat, lon = reports.position_at(np.array([story.track]), middle_us)
        reached = bool(zones.reached(lat, lon)[0])
        away_m = nearby.nearest_zone_m(zones, lat, lon, ("port", "anchorage"))
        grid = reports.grid(STEP_S, self.max_wait_s)
        step_us = grid.step_s * SECOND_US
        within = (grid.tick * step_us >= story.start_us) & (
            (grid.tick + 1) * step_us <= story.end_us
        )
        slow = grid.speed_kn[within & np.isfinite(grid.speed_kn)] < self.min_waiting_kn
        waited = float(slow.mean()) if len(slow) else 1.0
        evidence = {
            **story.evidence,
            "zones_reached": reached,
            "anchorage_distance_m": float(away_m[0]) if reached else None,
            "near_land": bool(zones.near_land(lat, lon, self.near_land_m)[0]),
            "waiting_fraction": waited,
        }
        return events.row(
            self,
            [story.track],
            subkind=story.subkind,
            start_us=story.start_us,
            end_us=None if story.going_on else story.end_us,
            lat=lat[0],
            lon=lon[0],
            score=story.score * waited if reached else 0.0,
            explanation="" if reached else nearby.NOT_ASSESSED,
            evidence=evidence,
            settings=(*story.settings, "min_waiting_kn", "max_wait_s", "near_land_m"),
        )

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say what happened, in a sentence for a sailor."""
        return tell(event, words, mmsi)

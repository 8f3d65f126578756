"""The detector `identity`: its facts, its rules, its events."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from detectors.core import events
from detectors.core.detector import Context, Gathered
from detectors.core.frames import REPORTED
from detectors.core.hypothesis import Hypothesis
from detectors.core.relations import Along, Edges, Near, Relation, Reported, StatedAlike
from detectors.core.telling import Told, Words
from detectors.hypotheses import identity
from detectors.identity.change import changes
from detectors.identity.everybody import Digest, Everybody
from detectors.identity.limits import Limits
from detectors.identity.numbers import invalid_imos, invalid_mmsis
from detectors.identity.one_hull import MAX_SILENCE_S, STEP_S, one_hull
from detectors.identity.shared import shared
from detectors.identity.story import FIELDS, Story, VesselReports, told_apart
from detectors.identity.switch import LOST_M, LOST_S, switches
from detectors.identity.told import tell
from detectors.identity.two_hulls import two_hulls
from detectors.kinematics import hand_over, timespan, track_ends


class Identity(Limits):
    """What vessels call themselves, against where they are and what they said before.

    - `hand_over`: a track ends, and within `max_pause_s` a track of an MMSI that was not heard
      before begins where dead reckoning puts the first. Both are heard well and under way: for
      `min_before_s` up to the end and `min_after_s` from the beginning, the nearest `min_reports`
      of each within `max_thin_s`, at `min_speed_kn` or more by positions. Carried on
      by dead reckoning to some moment of the pause they miss one another by no more than
      `max_miss_m` + `max_miss_ratio` times the distance sailed; course and speed change by no more
      than `max_course_change_deg` and `max_speed_change_kn` (more after a long pause).
      Were they two ships, each would have been beside the other all along, unheard where the other
      was heard.
      After a longer pause, up to `max_pass_pause_s`, the only one that fits is told, if the speed
      stays the same, the course changes no more than after a short one, and for
      `min_pass_silence_s` neither is heard on the other's side. Where the whole feed comes by
      passes of satellites, `min_pass_reports` of each within `max_pass_thin_s` will do for it.
      At rest a number that changed is told on these terms whatever the pause, out at sea and where
      fewer than `min_lying` lay at once in the day before: at a berth or an anchorage sets go off
      and on by themselves.
    - `two_hulls`: reports of one MMSI alternate between tracks that no single hull can have made
      (see `kinematics.integrity`), `min_switches` times over `min_hulls_s`, switches no more than
      `max_interruption_s` apart and mostly over a mile long; two of the tracks at least are each a
      way that a hull can have sailed (scattered fixes are none). One track that stops while the
      other is heard is no alternation, nor are tracks heard each for a while, with few reports of
      one in between those of the other: these are one ship's, dated wrongly for hours; a copy of a
      moving track beside it, or along it as by a wrong clock, is left to spoofing.
    - `two_numbers`: one hull that sends two numbers at once. Both sail at `min_speed_kn` or more
      for `min_one_hull_s` and `min_one_hull_m`, at most `max_beside_m` apart, `max_one_hull_m` half
      of the time; and within `max_beside_m` for half of the time or more in which both are under
      way.
    - `changed_name`, `changed_imo`, `changed_callsign`: a value that stands (said again after
      `min_said_s`) where another stood within `memory_s`, or within `memory_intervals` of its own
      static reports where these are heard seldom (`max_memory_s` at most), and that is more than
      another way of typing it. It began at most `static_interval_s` before it was first said, or
      after the old one was last said, within `max_pass_pause_s`.
    - `shared_imo`: a valid IMO number said under two MMSIs on one date, or one after the other
      within `memory_s`; apart, together or in turn by the positions of both (`max_together_m`,
      `max_transit_kn`); in turn under another name, with neither number near a port, an anchorage
      or the shore as one went and the other came, is a hull that was renamed at sea.
    - `look_alike`: two vessels whose names look the same but aren't (0 for O), or nearly agree
      under one call sign.
    - `invalid_imo`: wrong check digit of a ship of `min_ship_m` or more or of a merchant's type,
      unless she puts it right.
    - `invalid_mmsi`: digits that no administration has, or a form that no station has; one event
      for as long as it is heard without a silence of `max_interruption_s`.

    What one crew hasn't the time to say in turn, each for `min_said_s`, isn't compared: more than
    48 names within `memory_s` are no change of name, more than 96 on a date look like nobody's.

    The last three are weak hints, since many real vessels are like that; but a large ship of which
    neither number can be right stands out.

    Notes
    -----
    Score before explanations: see `SCORES`. A hand-over loses up to a fifth for its pause, and by
    `likeness` for its miss (see `kinematics.hand_over`); three tenths if the second MMSI had been
    heard within half of `memory_s`; a fifth if others fit as well; a fifth if it takes clocks that
    differ by over a minute; up to three tenths for a turn beyond 30 degrees; 15 % if the lengths
    differ, which a liar may type as well. Two hulls that took turns less than
    `two_hulls.SURE_SWITCHES` times count by their share of that. A change gains 0.15 for each other
    field that changed within half an hour. An event of something that is said lasts to the end of
    its UTC date at most, so it belongs to one night.
    """

    name: ClassVar[str] = "identity"
    version: ClassVar[str] = "25"
    requires: ClassVar[tuple[str, ...]] = (*REPORTED, "sog_kn", "cog_deg", "ais_class")
    source: ClassVar[str] = (
        "Numbers: Recommendation ITU-R M.585-9, annexes 1 and 2; IMO resolution A.1117(30). "
        "Two hulls: Global Fishing Watch, gpsdio-segment. Identity swaps and manipulation: "
        "Androjna, Perkovič, Pavic & Mišković (2021), AIS Data Vulnerability Indicated by a "
        "Spoofing Case-Study, Applied Sciences 11:5015, doi:10.3390/app11115015; Windward & C4ADS "
        "(2021), Unmasked: vessel identity laundering"
    )
    reads_statements: ClassVar[bool] = True
    needs_zones: ClassVar[bool] = False
    digests: ClassVar[bool] = True
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = identity.HYPOTHESES

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Return who may have gone on from whom, who competes for that, who passed, who says so."""
        end, begin = (
            Edges(track_ends.NEAREST_REPORTS, self.min_silence_s, before=side)
            for side in (True, False)
        )
        apart_s = max(self.max_pause_s, self.max_clock_s, self.max_pass_pause_s)
        reach_m = hand_over.reach_m(self.motion)
        direct = Near(reach_m, apart_s, end, begin, mutual=True)
        passed = Near(LOST_M, LOST_S + apart_s, end, Reported())
        memory, along = self.memory, Along(STEP_S, MAX_SILENCE_S)
        return (
            replace(direct, hop=direct),
            replace(passed, hop=direct),
            Near(self.max_beside_m, 0.0, along, along),
            StatedAlike(tuple(FIELDS), memory.min_said_s, memory.memory_s, memory.settle_s),
        )

    @property
    def lookback(self) -> timedelta:
        """Return what counts as before, seen from the earliest event that can still change."""
        return self.settle + timedelta(seconds=self.longest_memory_s + self.max_pass_pause_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find events; see the class for the rules and `Detector.detect` for the frames."""
        if positions.empty:
            return events.empty()
        reports = VesselReports(positions)
        known: Everybody = self.known_of_all(positions, context)
        statements = _of_ships(context.statements, reports)
        spans = {field: _of_ships(said, reports) for field, said in known.spans.items()}
        window = timespan.window_us(context.start, context.end)
        stories = [
            *switches(self, reports, known.ending, known.pairs, statements, context),
            *two_hulls(self, reports, context),
            *one_hull(self, reports, known.sailing, statements, context),
            *changes(self, reports, spans, context),
            *shared(self, reports, known.numbers, known.names, known.spans["name"], context),
            *invalid_imos(self, reports, statements, spans["imo"]),
            *invalid_mmsis(self, reports, statements, window[1]),
        ]
        stories = told_apart(stories)
        start_us = np.array([s.start_us for s in stories], "int64")
        end_us = np.array([window[1] if s.going_on else s.end_us for s in stories], "int64")
        wanted = timespan.touches(start_us, end_us, window, self.settle)
        return events.build([self._event(stories[i]) for i in np.flatnonzero(wanted)])

    def digest(self, positions: pd.DataFrame, noise: pd.DataFrame) -> Digest:
        """Return what others may have to do with some vessels by."""
        return Digest.of(self, positions)

    def gather(self, digests: Sequence[Digest], context: Context) -> Gathered:
        """Return who may be whose other number."""
        known = Everybody.of(self, digests, context)
        return Gathered(known, *known.company())

    def _event(self, story: Story) -> dict[str, Any]:
        return events.row(
            self,
            story.tracks,
            subkind=story.subkind,
            start_us=story.start_us,
            end_us=None if story.going_on else story.end_us,
            anchor_us=story.anchor_us,
            lat=story.lat,
            lon=story.lon,
            score=story.score,
            evidence=story.evidence,
            settings=story.settings,
        )

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say what doesn't agree, with whom, and where."""
        return tell(event, words, mmsi)


def _of_ships(statements: pd.DataFrame, reports: VesselReports) -> pd.DataFrame:
    """Return what the vessels that were heard, aircraft and buoys aside, said of themselves."""
    ships = reports.vessels[reports.is_ship(reports.vessels)]
    return statements[statements["mmsi"].isin(ships).to_numpy(bool)]

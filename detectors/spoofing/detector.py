"""The detector `spoofing`: its facts, its rules, its events."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from detectors.core import events
from detectors.core.detector import Context, Gathered
from detectors.core.frames import REPORTED, SECOND_US
from detectors.core.hypothesis import Hypothesis
from detectors.core.relations import LastNear, Relation
from detectors.core.telling import Told, Words
from detectors.hypotheses.spoofing import HYPOTHESES
from detectors.kinematics import timegrid, timespan
from detectors.kinematics.reports import Reports
from detectors.spoofing.away import excursions
from detectors.spoofing.belief import belief
from detectors.spoofing.circle import circling
from detectors.spoofing.copy import beside
from detectors.spoofing.evidence import settings_of
from detectors.spoofing.false_fixes import between_sound
from detectors.spoofing.frozen import frozen
from detectors.spoofing.jump import there_and_back
from detectors.spoofing.limits import Limits
from detectors.spoofing.merge import merge, strongest, without_shaped
from detectors.spoofing.on_land import on_land
from detectors.spoofing.others import Others
from detectors.spoofing.peculiar import shaped
from detectors.spoofing.replay import replayed
from detectors.spoofing.scatter import held_against_others, scattered
from detectors.spoofing.story import CIRCLE_BINS_S, Fixes, Scene, Story, of_vessels
from detectors.spoofing.told import tell

RULES: Final = (frozen, circling, on_land, replayed, beside, there_and_back)
"""What is false within one track."""


class Spoofing(Limits):
    """Reported positions that the vessel can't have had.

    The tracks of one MMSI are told apart by what a hull can do (`kinematics.integrity`). Here an
    *excursion* is a session of a further track (without a silence over `max_silence_s`) that
    begins within `max_pause_s` of the last report of an earlier one (the *home* track), lasts for
    `min_duration_s` with `min_reports` or more, and lies where the home track can't have got to, or
    can't have come from when it is heard again. Fewer than `min_reports` of it before the home
    track falls silent, or a tenth after that is back, are misdated and don't count.

    - ``jump``: Nearer than the segmentation tells apart, a track leaps by `min_leap_m` or more
      against its speed and course, and back by the opposite of that vector (to a tenth of it where
      it wasn't heard for up to `max_pause_s` at a leap, if one is out of reach, or the vessel goes
      on from before both as stated), and isn't a few of fixes that scatter. Else the home track is
      silent meanwhile (fewer than `min_reports`, alive for at most `max_alive_fraction` of the
      session; alive between two reports of at most `alive_s`). It is believed true where it resumes
      within `max_pause_s`. So are fixes that no track holds between two sound ones, which stood, or
      each was of the one before, within `max_spread_m` for `min_frozen_s`; where the whole feed
      comes by passes three do, within a hundredth of the leap to them. An excursion is reported for
      its first `max_away_s`: after that it is the vessel's new home.
    - ``offset_copy``: both are alive and sail the same way: while each moves by `min_moved_m` or
      more, their offset stays constant within `max_spread_m`. Two tracks that are
      both alive and unrelated are two vessels with one MMSI, which is the detector identity's.
      Nearer than the segmentation tells apart, one track leaps to and fro instead: at least
      `min_reports` times each way, by a constant vector that doesn't lie along its course (a
      receiver with a wrong clock makes leaps along the course).
    - ``geometric``: positions on a circle of at least `min_radius_m`, no further from it than
      `max_circle_rms_m` or `max_circle_rms_ratio` of the radius (root mean square), for
      `min_turns` turns at `min_sog_kn` or more. An excursion needs one turn. Where reports come
      half a turn apart or more at the speed stated, turns are what that speed makes, and ten
      reports or more lie all around the centre, none a quarter of a turn from the next.
    - ``scatter``: for `min_duration_s` and `min_reports` or more, half of the fixes lie anywhere,
      each time elsewhere (see `kinematics.scatter`), and after them the vessel goes on from
      its last sound fix before. Whatever tracks the segmentation made of it, it went nowhere.
    - ``on_land``: an excursion half of which is further inland than `min_leapt_inland_m`; or a
      track that moves by `min_moved_m` or more further inland than `min_inland_m` for
      `min_inland_s`.
    - ``frozen``: all positions within `max_frozen_m` for `min_frozen_s` while SOG says
      `min_sog_kn` or more; or, whatever SOG says, between a track under way and a leap to where the
      vessel would have got to at its speed, or goes on from; so are fixes that no track holds. Or
      all within `max_spread_m`, or drifting, between a track under way and one that never comes
      back, a leap away, of who says one IMO number and can have sailed there meanwhile.
    - ``replay``: an earlier stretch of its own track once more, to the last digit, after a
      constant time between `min_lag_s` and `max_lag_s`, for twice `min_duration_s`, with a leap
      of `min_leap_m` before or after: who sails the same way each day at the same hour leaps not.

    One false track is one event, and so are those of one subkind that follow one another within
    `alive_s`. An excursion of a peculiar shape gets the subkind of the shape, one that repeats
    `min_reports` earlier positions after one lag is a replay;
    a one-way jump away from a stretch that is itself frozen or geometric belongs to that.
    Corrupt fixes around a leap that dead reckoning passes by make none.

    Notes
    -----
    Leaps below a mile along the course aren't jumps: late time stamps make them
    (`hull_limits.MAX_JUMP_M`). Nor is a track
    that is merely straight: autopilots are.

    Score before explanations: a jump 0.6 if the home track resumes, else 0.5, within one track
    0.45; scattered fixes 0.45; less a quarter if
    reception left more than `alive_s` between both tracks; copies 0.7; shapes add 0.15. Within one
    track: frozen 0.5 (0.7 up to a leap, 0.65 where it may have drifted), geometric 0.5 (0.7 with a
    leap of `min_leap_m` at either end, and then one turn is enough), on land 0.4, replay 0.6.
    """

    name: ClassVar[str] = "spoofing"
    version: ClassVar[str] = "27"
    reads_statements: ClassVar[bool] = True
    needs_zones: ClassVar[bool] = False
    digests: ClassVar[bool] = True
    requires: ClassVar[tuple[str, ...]] = (*REPORTED, "sog_kn", "cog_deg", "nav_status", "msg_type")
    source: ClassVar[str] = (
        "C4ADS (2019), Above Us Only Stars: Exposing GPS Spoofing in Russia and Syria; Bergman "
        "(2021), Systematic data analysis reveals false vessel tracks, SkyTruth and Global Fishing "
        "Watch; Androjna, Perkovič, Pavić & Mišković (2021), AIS Data Vulnerability Indicated by a "
        "Spoofing Case-Study, Applied Sciences 11:5015, doi:10.3390/app11115015; Grant, Williams, "
        "Ward & Basker (2009), GPS Jamming and the Impact on Maritime Navigation, Journal of "
        "Navigation 62(2):173-187, doi:10.1017/S0373463308005213"
    )
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Return who was last near where a vessel leapt from: others' bad fixes explain its own."""
        return (LastNear(self.max_interference_m, self.min_leap_m),)

    @property
    def settle(self) -> timedelta:
        """Return how long after its last report an excursion's home may resume, or a bin be
        completed.
        """
        grown_s = 2 * max(CIRCLE_BINS_S)
        return timedelta(seconds=max(self.max_pause_s, self.max_silence_s, grown_s) + 600)

    @property
    def lookback(self) -> timedelta:
        """Long enough to see an excursion with its home, and what a replay repeats."""
        away_s = self.max_away_s + self.max_pause_s + self.max_silence_s
        copied_s = self.max_lag_s + 2 * self.min_duration_s
        return self.settle + timedelta(seconds=max(away_s, copied_s))

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find false tracks; see the class for the rules and `Detector.detect` for the frames."""
        reports = of_vessels(positions)
        if len(reports) == 0:
            return events.empty()
        scene = Scene(self, reports, context)
        others = context.gathered or Others.together([Others.of(scene)])
        stories = (held_against_others(self, scene, others, s) for s in self._stories(scene))
        return events.build([self._event(reports, story) for story in stories])

    def digest(self, positions: pd.DataFrame, noise: pd.DataFrame) -> Others:
        """Return the bad fixes of some vessels, and where they were every ten minutes."""
        return Others.of(Fixes(of_vessels(positions), noise))

    def gather(self, digests: Sequence[Others], context: Context) -> Gathered:
        """Return the same of all vessels."""
        return Gathered(Others.together(digests))

    def _stories(self, scene: Scene) -> list[Story]:
        """Find what was false and touches the window, one story for each false track."""
        within = strongest(story for rule in RULES for story in rule(self, scene))
        away = shaped(self, scene, list(excursions(self, scene)))
        far = without_shaped(
            scene.reports, list(between_sound(self, scene)), scattered(self, scene)
        )
        stories = [*merge(self, scene.reports, within, away), *far]
        window = timespan.window_us(scene.context.start, scene.context.end)
        spans = np.array([(s.start_us, s.end_us) for s in stories], "int64").reshape(-1, 2)
        touching = timespan.touches(spans[:, 0], spans[:, 1], window, self.settle)
        return [stories[i] for i in np.flatnonzero(touching)]

    def _event(self, reports: Reports, story: Story) -> dict[str, Any]:
        a, b, home = story.first, story.last, story.home
        track = int(reports.track[a])
        status, _ = timegrid.most_common(reports.nav_status, np.array([a]), np.array([b]))
        middle_us = (story.start_us + story.end_us) // 2
        middle = min(a + int(np.searchsorted(reports.time_us[a : b + 1], middle_us)), b)
        believed, why = belief(reports, story)
        place = home if home >= 0 else middle
        evidence = {
            "duration_s": (story.end_us - story.start_us) / SECOND_US,
            "n_reports": b - a + 1,
            "nav_status": status[0],
            "first_report_source": reports.source_of(a),
            "last_report_source": reports.source_of(b),
            "home_report_source": reports.source_of(home) if home >= 0 else "",
            "false_track_id": str(track),
            "believed_track_id": believed,
            "believed_because": why,
            "false_lat": float(reports.lat[middle]),
            "false_lon": float(reports.lon[middle]),
            **story.evidence,
        }
        homes = [int(reports.track[home])] if home >= 0 else []
        return events.row(
            self,
            list(dict.fromkeys([*homes, track])),
            subkind=story.subkind,
            start_us=story.start_us,
            end_us=None if story.going_on else story.end_us,
            anchor_us=int(reports.time_us[a]),
            lat=reports.lat[place],
            lon=reports.lon[place],
            score=min(story.score, 0.9),
            evidence=evidence,
            settings=settings_of(evidence),
        )

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say what it reported, and from where it can't have been."""
        return tell(event, words)

"""Spoofing: reported positions that the vessel can't have had."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from detectors.core import (
    copies,
    events,
    geodesy,
    leaps,
    runs,
    scatter,
    shapes,
    tracks,
    whereabouts,
)
from detectors.core.detector import Apart, Context, Detector, RestsOn
from detectors.core.explain import FISHING, OFFICIAL, PILOT, TUG, WORKING, Facts, Hypothesis
from detectors.core.frames import SECOND_US, epoch_us, offsets
from detectors.core.leaps import MIN_OFFSET_M
from detectors.core.telling import Told, Words
from detectors.core.zones import Zones

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NOT_A_VESSEL: Final = (4, 9, 11, 21)
"""Message types of base stations, rescue aircraft and aids to navigation (the same, table 46)."""
MOVED_DEG: Final = 0.00027
"""30 m of latitude: a report this far from the one before is of a moving vessel."""
MAX_MISS_RATIO: Final = 0.25
"""By how much of it a leap back may differ from the opposite of the leap away."""
MIN_ACROSS: Final = 0.35
"""Sine of the angle, 20 degrees, between course and offset from which on it isn't along the track,
where a receiver with a wrong clock puts a ship."""
SAMPLED: Final = 4
"""One position in so many, chosen by its own digits, is looked up to find vessels whose positions
repeat themselves; those are then looked at whole."""
CIRCLE_BINS_S: Final = (600, 1800, 3600)
"""Bins in which circles are fitted: at 10 kn an arc of a radian (from which on a fit is well
conditioned) takes 10 minutes at a radius of 1.7 nm, an hour at 10 nm."""
LEAST_BOX_M: Final = 250.0
"""Mean diagonal of the boxes of ten minutes, from which on circles are looked for: less than the
way at 1 kn, or the diameter of the smallest circle."""
MAX_RADIUS_M: Final = 40_000.0
"""A larger circle can't be told from a bend in a lane."""
STRAY_S: Final = 1800
"""Time within which a vessel is seen to go on from before a corrupt fix, and within which the
reports before the one that confirms a further track belong to it: three, ten minutes apart."""
MIN_OTHERS: Final = 2
"""Vessels beside it that had bad fixes at once, from which on they share a cause."""
MIN_OTHERS_FRACTION: Final = 0.2
"""Share of the vessels nearby that must have had them: elsewhere than in the middle of what a
jammer reaches most are spared, and in a crowded anchorage two have poor receivers by chance."""
OTHERS_S: Final = 6 * 3600
"""The last hours of a spell of scattered fixes are held against those of others."""
MARGIN_S: Final = 1200.0
"""A story within one track goes on while it was seen to do so this shortly before the end."""


class _Rows:
    """The reports as arrays, those that aren't of vessels left out."""

    def __init__(self, positions: pd.DataFrame) -> None:
        frame = positions
        other = _not_of_vessels(frame["track_id"].to_numpy(), frame["msg_type"].to_numpy())
        if other.any():
            frame = frame[~other]
        self.track = frame["track_id"].to_numpy()
        self.time_us = epoch_us(frame["time"])
        self.lat, self.lon = frame["lat"].to_numpy(), frame["lon"].to_numpy()
        self.sog_kn, self.cog_deg = frame["sog_kn"].to_numpy(), frame["cog_deg"].to_numpy()
        self.nav_status = frame["nav_status"].to_numpy()
        self._source, self._offset = frame["source"], frame["source_offset"].to_numpy()
        self.bounds = offsets(self.track)
        self.tracks = self.track[self.bounds[:-1]]

    def source_of(self, row: int) -> str:
        """Where a report came from."""
        return f"{self._source.iloc[row]}:{int(self._offset[row])}"

    def distance_m(self, a: int, b: int) -> float:
        """Between two reports."""
        return float(geodesy.distance_m(self.lat[a], self.lon[a], self.lat[b], self.lon[b]))

    def seconds(self, a: int, b: int) -> float:
        """From one report to another."""
        return float(self.time_us[b] - self.time_us[a]) / SECOND_US

    def span_of(self, track: int) -> tuple[int, int]:
        """First row of a track and the row after its last."""
        k = int(np.searchsorted(self.tracks, track))
        return int(self.bounds[k]), int(self.bounds[k + 1])

    def stretch(self, row: int, reach_s: float) -> tuple[int, int]:
        """Rows of the same track within so many seconds of a row: the first, and after the last."""
        low, high = self.span_of(int(self.track[row]))
        times, reach_us = self.time_us[low:high], int(reach_s * SECOND_US)
        near = np.searchsorted(
            times, [self.time_us[row] - reach_us, self.time_us[row] + reach_us + 1]
        )
        return low + int(near[0]), low + int(near[1])


class _Strays:
    """The reports that the segmentation took for corrupt, sorted by vessel and time."""

    def __init__(self, noise: pd.DataFrame) -> None:
        stray = noise[(noise["reason"] == tracks.IMPOSSIBLE_JUMP).to_numpy(bool)]
        mmsi, time_us = stray["mmsi"].to_numpy(), epoch_us(stray["time"])
        order = np.lexsort((time_us, mmsi))
        self._mmsi, self.time_us = mmsi[order], time_us[order]
        self.lat, self.lon = stray["lat"].to_numpy()[order], stray["lon"].to_numpy()[order]

    def of(self, mmsi: int, since_us: int, before_us: int) -> slice:
        """Those of a vessel from one time to before another."""
        low, high = np.searchsorted(self._mmsi, [mmsi, mmsi + 1]).tolist()
        first, last = np.searchsorted(self.time_us[low:high], [since_us, before_us]).tolist()
        return slice(low + first, low + last)


@dataclass(frozen=True)
class _Story:
    """Reports `first` to `last` of the false track, and what is wrong with them.

    `home` is the last report of the track believed true before the story, -1 where there is none;
    `first_us` when the first of the reports that lead to a further track was sent.
    """

    subkind: str
    first: int
    last: int
    score: float
    start_us: int
    end_us: int
    going_on: bool
    evidence: Mapping[str, Any]
    home: int = -1
    first_us: int = 0


def interference(facts: Facts) -> str | None:
    """Others nearby had bad fixes at the same time: somebody jams or spoofs all of them."""
    n, near = facts.number("n_others_scattered"), facts.number("n_others_near")
    if n >= MIN_OTHERS and n >= MIN_OTHERS_FRACTION * near:
        return (
            f"{n:.0f} of {near:.0f} other vessels within "
            f"{facts.number('max_interference_m') / geodesy.METRES_PER_NM:.0f} nm had bad fixes "
            "within the same half hour: interference, of which it is a victim as they are"
        )
    return None


def failing_receiver(facts: Facts) -> str | None:
    """Fixes scatter, and then the vessel is where it would have got to."""
    if facts.subkind == "scatter" and facts.flag("rejoined"):
        return (
            f"its fixes scattered by {facts.number('scatter_m') / geodesy.METRES_PER_NM:.1f} nm "
            "and it went on from where it was: a failing receiver or aerial, or a jammer nearby"
        )
    return None


def unseen_interference(facts: Facts) -> str | None:
    """Satellite navigation is jammed or spoofed by somebody else, and no other vessel shows it."""
    return "somebody else may interfere with satellite navigation there, and the vessel be a victim"


def namesake(facts: Facts) -> str | None:
    """Another hull with the same MMSI, heard in turn."""
    if facts.subkind == "jump" and not facts.flag("returned"):
        return "another vessel may use the same MMSI: the first track was not heard again in time"
    return None


def wrong_clock(facts: Facts) -> str | None:
    """A receiver stamps what it hears with a wrong time."""
    if facts.subkind == "replay" and (facts.flag("also_live") or facts.flag("like_a_clock")):
        minutes = facts.number("lag_s") / 60
        return (
            f"it follows its own track: a receiver whose clock is {abs(minutes):.0f} min "
            f"{'late' if minutes > 0 else 'early'} would give the same"
        )
    return None


def along_its_course(facts: Facts) -> str | None:
    """A near jump ahead or astern, and none back while another receiver would be heard."""
    near = facts.subkind == "jump" and facts.flag("along_course")
    if near and not facts.flag("returned"):
        return "it leapt along its course, by less than half an hour: a receiver with a wrong clock"
    return None


def circling_at_work(facts: Facts) -> str | None:
    """Vessels that circle at work, entering and leaving the circle without a leap."""
    smooth = facts.subkind == "geometric" and not facts.flag("leapt")
    if smooth and facts.any_type(FISHING | PILOT | TUG | WORKING | OFFICIAL):
        return "a fishing, pilot, survey, tug or rescue vessel, which may circle at work"
    return None


def circling_to_wait(facts: Facts) -> str | None:
    """Waiting or on trials in a tight, slow circle, entered and left without a leap."""
    smooth = facts.subkind == "geometric" and not facts.flag("leapt")
    if smooth and facts.number("circle_speed_kn") <= 10 and facts.number("radius_m") <= 1000:
        return (
            f"it came and left without a leap and circled at {facts.number('circle_speed_kn'):.1f} "
            "kn, as a vessel that waits or tries its rudder may"
        )
    return None


def river(facts: Facts) -> str | None:
    """Inland without a leap, at a speed that a river or canal allows."""
    if (
        facts.subkind == "on_land"
        and not facts.flag("leapt")
        and facts.number("median_speed_kn") <= 14
    ):
        return (
            "it came there without a leap: a river, canal or basin that the land layer doesn't show"
        )
    return None


def stuck_log(facts: Facts) -> str | None:
    """At rest with a speed input that is stuck."""
    if facts.subkind == "frozen" and facts.statuses()[0] in (1, 5):
        return "it reports being at anchor or moored: its speed input may be stuck"
    return None


class Spoofing(Detector):
    """Reported positions that the vessel can't have had.

    The tracks of one MMSI are told apart by what a hull can do (`detectors.core.tracks`). Here an
    *excursion* is a session of a further track (without a silence over `max_silence_s`) that
    begins within `max_pause_s` of the last report of an earlier one (the *home* track), lasts for
    `min_duration_s` with `min_reports` or more, and lies where the home track can't have got to.

    - ``jump``: Nearer than the segmentation tells apart, a track leaps by `min_leap_m` or more
      against its speed and course, and back by the opposite of that vector. Else the home track is
      silent meanwhile (alive for at most `max_alive_fraction` of the
      session; alive between two reports of at most `alive_s`). It is believed true where it
      resumes within `max_pause_s`. An excursion is reported for its first `max_away_s`: after
      that it is the vessel's new home.
    - ``offset_copy``: both are alive and sail the same way: while each moves by `min_moved_m` or
      more, their offset stays constant within `max_spread_m`. Two tracks that are
      both alive and unrelated are two vessels with one MMSI, which is the detector identity's.
      Nearer than the segmentation tells apart, one track leaps to and fro instead: at least
      `min_reports` times each way, by a constant vector that doesn't lie along its course (a
      receiver with a wrong clock makes leaps along the course).
    - ``geometric``: positions on a circle of at least `min_radius_m`, no further from it than
      `max_circle_rms_m` or `max_circle_rms_ratio` of the radius (root mean square), for
      `min_turns` turns at `min_sog_kn` or more. An excursion needs one turn.
    - ``scatter``: for `min_duration_s` and `min_reports` or more, half of the fixes lie anywhere,
      each time elsewhere (see `detectors.core.scatter`), and after them the vessel goes on from
      its last sound fix before. Whatever tracks the segmentation made of it, it went nowhere.
    - ``on_land``: an excursion half of which is further inland than `min_leapt_inland_m`; or a
      track that moves by `min_moved_m` or more further inland than `min_inland_m` for
      `min_inland_s`.
    - ``frozen``: all positions within `max_frozen_m` for `min_frozen_s` while SOG says
      `min_sog_kn` or more; or, whatever SOG says, between a track under way and a leap to where the
      vessel would have got to at its speed.
    - ``replay``: an earlier stretch of its own track once more, to the last digit, after a
      constant time between `min_lag_s` and `max_lag_s`, for twice `min_duration_s`, with a leap
      of `min_leap_m` before or after: who sails the same way each day at the same hour leaps not.

    One false track is one event. An excursion of a peculiar shape gets the subkind of the shape;
    a one-way jump away from a stretch that is itself frozen or geometric belongs to that.
    Corrupt fixes around a leap that dead reckoning passes by make none.

    Parameters
    ----------
    max_silence_s, max_pause_s, max_away_s, alive_s
        2 h, 2 h, 12 h, 15 min. The pause is what reception may lose around a jump, and the silence
        the time between two passes of a satellite.
    min_duration_s, min_reports
        10 minutes and 5 reports, those counted that the segmentation set aside before it believed
        in the track: fewer are corrupt fixes, which the segmentation confirms as a
        further track when three agree.
    max_alive_fraction
        0.3.
    max_spread_m, min_moved_m
        300 m and 2000 m. Interpolating a ship's track over minutes errs by less than a hundred
        metres; independent ships whose speeds differ by half a knot part by 300 m in 20 minutes.
    min_radius_m, max_circle_rms_m, max_circle_rms_ratio, min_turns
        80 m, 20 m, 0.03, two turns. AIS positions are good to 10 m (ITU-R M.1371-5); a steered
        circle is off by a tenth of its radius. The rings at Shanghai had radii around 200 m, the
        circles that Bergman found were miles wide.
    min_sog_kn
        3 kn: a ship that swings at anchor or drifts makes less.
    min_inland_m, min_leapt_inland_m, min_inland_s
        1500 m, 500 m and 30 minutes: the OpenStreetMap coast is good to tens of metres, but leaves
        out rivers, locks and basins, so coming on land without a leap needs more.
    max_frozen_m, min_frozen_s
        50 m and 20 minutes, in which 3 kn make a mile.
    min_lag_s, max_lag_s
        30 minutes, well above what receivers' clocks are wrong by, and 24.5 hours: the track of
        the day before.
    min_copied_fraction
        Share of the moving reports in a replay that repeat an earlier position exactly: 0.6. A
        ferry on its route hits the same ten-thousandth of a minute by chance only.
    max_interference_m
        37,040 m, 20 nm: the radio horizon, 4.1 km times the sum of the roots of both heights in
        metres, between aerials 20 m and 25 m above the water. The bad fixes of others as near, when
        the positions of a vessel leap, are in the evidence.

    Notes
    -----
    Leaps below 5 km along the course aren't jumps: late time stamps make them
    (`tracks.MAX_JUMP_M`). Nor is a track
    that is merely straight: autopilots are.

    Score before explanations: a jump 0.6 if the home track resumes, else 0.5, within one track
    0.45; scattered fixes 0.45; less a quarter if
    reception left more than `alive_s` between both tracks; copies 0.7; shapes add 0.15. Within one
    track: frozen 0.5, geometric 0.5 (0.7 with a leap of `min_leap_m` at either end, and then one
    turn is enough), on land 0.4, replay 0.6.
    """

    name: ClassVar[str] = "spoofing"
    version: ClassVar[str] = "4"
    needs_zones: ClassVar[bool] = False
    rests_on: ClassVar[RestsOn] = RestsOn.COMPANY
    requires: ClassVar[tuple[str, ...]] = (
        "mmsi", "time", "lat", "lon", "sog_kn", "cog_deg", "nav_status", "msg_type", "track_id",
        "source", "source_offset",
    )  # fmt: skip
    source: ClassVar[str] = (
        "C4ADS (2019), Above Us Only Stars: Exposing GPS Spoofing in Russia and Syria; Bergman "
        "(2021), Systematic data analysis reveals false vessel tracks, SkyTruth and Global Fishing "
        "Watch; Androjna, Perkovič, Pavić & Mišković (2021), AIS Data Vulnerability Indicated by a "
        "Spoofing Case-Study, Applied Sciences 11:5015, doi:10.3390/app11115015; Grant, Williams, "
        "Ward & Basker (2009), GPS Jamming and the Impact on Maritime Navigation, Journal of "
        "Navigation 62(2):173-187, doi:10.1017/S0373463308005213"
    )
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = (
        Hypothesis(
            "receiver with a wrong clock", 0.8, wrong_clock,
            "the copies don't all come through one receiver",
        ),
        Hypothesis(
            "interference with satellite navigation", 0.75, interference,
            "the others' fixes were sound, or it is seen elsewhere than where it went on from",
        ),
        Hypothesis(
            "circling at work", 0.75, circling_at_work,
            "it reports a circle far from where it is seen",
            needs_types=True,
        ),
        Hypothesis(
            "river or basin", 0.6, river,
            "a chart or an image shows dry land there",
        ),
        Hypothesis(
            "stuck speed input", 0.6, stuck_log,
            "it is not seen where it says it lies",
        ),
        Hypothesis(
            "failing receiver", 0.5, failing_receiver,
            "it is seen elsewhere meanwhile, or its set is found in order",
        ),
        Hypothesis(
            "leap along the course", 0.5, along_its_course,
            "the receivers' clocks are right",
        ),
        Hypothesis(
            "circling to wait", 0.5, circling_to_wait,
            "it goes on for hours, or radar shows nothing there",
        ),
        Hypothesis(
            "another vessel with the same MMSI", 0.2, namesake,
            "both tracks call themselves the same, or the first is never heard again",
        ),
        Hypothesis(
            "interference that no other vessel shows", 0.1, unseen_interference,
            "other vessels nearby reported sound positions meanwhile",
        ),
    )  # fmt: skip

    max_silence_s: PositiveInt = 7200
    max_pause_s: PositiveInt = 7200
    max_away_s: PositiveInt = 43_200
    alive_s: PositiveInt = 900
    min_duration_s: PositiveInt = 600
    min_reports: PositiveInt = 5
    max_alive_fraction: NonNegativeFloat = 0.3
    max_spread_m: PositiveFloat = 300.0
    min_moved_m: PositiveFloat = 2000.0
    min_leap_m: PositiveFloat = 1000.0
    min_radius_m: PositiveFloat = 80.0
    max_circle_rms_m: PositiveFloat = 20.0
    max_circle_rms_ratio: PositiveFloat = 0.03
    min_turns: PositiveFloat = 2.0
    min_sog_kn: PositiveFloat = 3.0
    min_inland_m: PositiveFloat = 1500.0
    min_leapt_inland_m: PositiveFloat = 500.0
    min_inland_s: PositiveInt = 1800
    max_frozen_m: PositiveFloat = 50.0
    min_frozen_s: PositiveInt = 1200
    min_lag_s: PositiveInt = 1800
    max_lag_s: PositiveInt = 88_200
    min_copied_fraction: PositiveFloat = 0.6
    max_interference_m: PositiveFloat = 37_040.0

    @property
    def settle(self) -> timedelta:
        """How long after its last report an excursion's home may resume, or a bin be completed."""
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
        rows = _Rows(positions)
        if len(rows.track) == 0:
            return events.empty()
        bins, marks, stories = self._stories(rows, context)
        return events.build(
            [
                self._event(rows, self._held_against_others(rows, bins, marks, story))
                for story in stories
            ]
        )

    @property
    def halo_m(self) -> float:
        """Others' bad fixes count no further off."""
        return self.max_interference_m + whereabouts.SLACK_M

    def apart(self, positions: pd.DataFrame, context: Context) -> Apart:
        """False tracks, where those that leapt were, and where everybody ever was.

        Where another was last sound, which is what counts, may be long before its bad fixes.
        """
        found = self.detect(positions, context)
        columns = ["mmsi", "lat", "lon"]
        aside = (context.noise["reason"] == tracks.IMPOSSIBLE_JUMP).to_numpy(bool)
        there = pd.concat([positions[columns], context.noise.loc[aside, columns]])
        own = positions[positions["mmsi"].isin(found["mmsi"]).to_numpy(bool)]
        return Apart(
            found,
            {"leapt": _whenever(pd.DataFrame(self._leapt(own, context), columns=columns))},
            {"there": _whenever(there)},
        )

    def _leapt(self, positions: pd.DataFrame, context: Context) -> list[tuple[int, float, float]]:
        """Vessel and place of each story that is held against others."""
        rows = _Rows(positions)
        if len(rows.track) == 0:
            return []
        stories = self._stories(rows, context)[2]
        return [self._place_of(rows, s) for s in stories if s.evidence.get("leapt")]

    def company(
        self, asks: Mapping[str, pd.DataFrame], answers: Mapping[str, pd.DataFrame]
    ) -> pd.DataFrame:
        """Who was ever near the place that a vessel leapt from."""
        return whereabouts.near(asks["leapt"], answers["there"], self.max_interference_m)

    def _stories(
        self, rows: _Rows, context: Context
    ) -> tuple[shapes.Bins, scatter.Marks, list[_Story]]:
        """What was false and touches the window, and what it is held against."""
        window = runs.window_us(context.start, context.end)
        leaping, moving = _steps(rows)
        leapt = leaps.among(rows, leaping)
        bins = shapes.bins(rows.track, rows.time_us, CIRCLE_BINS_S[0])
        together = scatter.merged(rows.track, rows, leapt, context.noise)
        marks = scatter.marks(together)
        spells = scatter.spells(
            together, min_bad=self.min_reports, min_duration_s=self.min_duration_s,
            max_pause_s=self.max_pause_s,
        )  # fmt: skip
        stories = self._within_tracks(rows, bins, leapt, moving, context.zones, window[1])
        excursions = self._excursions(rows, spells, context, window[1])
        stories = self._joined(rows, stories, excursions)
        stories += self._scattered(rows, together, spells, window[1])
        touching = [
            story
            for story in stories
            if runs.touches(
                np.array([story.start_us]), np.array([story.end_us]), window, self.settle
            )[0]
        ]
        return bins, marks, touching

    # ---- within one track

    def _within_tracks(
        self,
        rows: _Rows,
        bins: shapes.Bins,
        leapt: leaps.Leaps,
        moving: Ints,
        zones: Zones,
        end_us: int,
    ) -> list[_Story]:
        found: list[tuple[str, int, int, float, dict[str, Any]]] = []
        lon = shapes.continuous_lon(rows.track, rows.lon)
        box = shapes.boxes(rows.lat, lon, bins.first)
        found += self._frozen(rows, bins, box)
        found += self._circling(rows, lon, bins, box)
        found += self._inland(rows, bins, zones)
        found += self._replayed(rows, moving)
        found += self._beside(rows, leapt)
        found += self._displaced(rows, leapt)
        return [self._story(rows, *parts, end_us) for parts in _strongest(rows, found)]

    def _story(
        self,
        rows: _Rows,
        subkind: str,
        first: int,
        last: int,
        score: float,
        evidence: dict[str, Any],
        end_us: int,
    ) -> _Story:
        final = rows.span_of(int(rows.track[last]))[1] - 1
        recent = end_us - rows.time_us[last] <= MARGIN_S * SECOND_US
        return _Story(
            subkind, first, last, score, int(rows.time_us[first]), int(rows.time_us[last]),
            bool(last == final and recent), evidence,
        )  # fmt: skip

    def _frozen(
        self, rows: _Rows, bins: shapes.Bins, box: shapes.Box
    ) -> Iterator[tuple[str, int, int, float, dict[str, Any]]]:
        still = np.hypot(box.height_m, box.width_m) <= self.max_frozen_m
        fast = np.add.reduceat((rows.sog_kn >= self.min_sog_kn).astype("int32"), bins.first)
        held = np.flatnonzero(still & (fast >= 0.8 * bins.n))
        first, last = runs.spells(
            bins.track_id[held], bins.tick[held], max_break=5, min_piece=1, min_length=2
        )
        tight = self._tight(box, bins, held, first, last)
        first, last = first[tight], last[tight]
        for a, b in zip(bins.first[held[first]], bins.last[held[last]], strict=True):
            inside = slice(a, b + 1)
            lat, lon = (
                np.median(rows.lat[inside]),
                np.median(geodesy.wrap_lon(rows.lon[inside] - rows.lon[a])) + rows.lon[a],
            )
            low, high = rows.stretch(a, bins.step_s)[0], rows.stretch(b, bins.step_s)[1]
            off_m = geodesy.distance_m(lat, lon, rows.lat[low:high], rows.lon[low:high])
            near = (off_m <= self.max_frozen_m) & (rows.sog_kn[low:high] >= self.min_sog_kn)
            begin, finish = _extended(near, a - low, b - low, low)
            duration_s = rows.seconds(begin, finish)
            inside = slice(begin, finish + 1)
            extent_m = 2 * float(off_m[begin - low : finish - low + 1].max())
            sog_kn = float(np.nanmedian(rows.sog_kn[inside]))
            if duration_s < self.min_frozen_s or extent_m > 2 * self.max_frozen_m:
                continue
            if np.count_nonzero(rows.sog_kn[inside] >= self.min_sog_kn) < 0.8 * (
                finish - begin + 1
            ):
                continue
            yield "frozen", int(begin), int(finish), 0.5, {
                "extent_m": extent_m, "max_frozen_m": self.max_frozen_m, "median_sog_kn": sog_kn,
                "min_sog_kn": self.min_sog_kn, "sog_kn_margin": sog_kn - self.min_sog_kn,
                "min_frozen_s": self.min_frozen_s,
                "duration_s_margin": duration_s - self.min_frozen_s,
                "unmoved_though_sailed_m": sog_kn * geodesy.KNOT_MPS * duration_s,
            }  # fmt: skip

    def _tight(
        self, box: shapes.Box, bins: shapes.Bins, held: Ints, first: Ints, last: Ints
    ) -> Bools:
        """Whether the boxes of each run of bins lie within one small box; a sieve."""
        slack_deg = 2 * self.max_frozen_m / shapes.DEGREE_M
        spans = [
            runs.aggregate(np.maximum, corner[held], first, last)
            - runs.aggregate(np.minimum, corner[held], first, last)
            for corner in (box.south, box.west)
        ]
        n = runs.aggregate(np.add, bins.n[held], first, last)
        wide_deg = slack_deg / np.cos(np.radians(box.south[held[first]]))
        return np.asarray(
            (spans[0] <= slack_deg) & (spans[1] <= wide_deg) & (n >= self.min_reports)
        )

    def _circling(
        self, rows: _Rows, lon: Floats, bins: shapes.Bins, box: shapes.Box
    ) -> list[tuple[str, int, int, float, dict[str, Any]]]:
        found: list[tuple[str, int, int, float, dict[str, Any]]] = []
        candidates = _winding(bins, box, self.min_radius_m)
        if not candidates.any():
            return found
        mask = np.repeat(candidates, bins.n)
        at = np.flatnonzero(mask)
        for step_s in CIRCLE_BINS_S:
            groups = shapes.bins(rows.track[at], rows.time_us[at], step_s)
            origin = at[groups.first]
            x, y = shapes.plane_m(
                rows.lat[at], lon[at],
                np.repeat(rows.lat[origin], groups.n), np.repeat(lon[origin], groups.n),
            )  # fmt: skip
            fit = shapes.fit_circles(x, y, groups.first)
            good = (
                (groups.n >= 5)
                & (fit.radius_m >= self.min_radius_m)
                & (fit.radius_m <= MAX_RADIUS_M)
                & (fit.rms_m <= self._max_rms_m(fit.radius_m))
                & (np.abs(fit.turned_rad) >= 1.0)
            )
            kept = np.flatnonzero(good)
            if len(kept) == 0:
                continue
            centre_lat = rows.lat[origin[kept]] + fit.y_m[kept] / shapes.DEGREE_M
            centre_lon = lon[origin[kept]] + fit.x_m[kept] / (
                shapes.DEGREE_M * np.cos(np.radians(rows.lat[origin[kept]]))
            )
            # A bend on the way to a circle has another centre.
            radius_m = fit.radius_m[kept]
            apart_m = np.hypot(
                *shapes.plane_m(centre_lat[1:], centre_lon[1:], centre_lat[:-1], centre_lon[:-1])
            )
            other = apart_m > 0.5 * np.minimum(radius_m[1:], radius_m[:-1])
            other |= groups.track_id[kept][1:] != groups.track_id[kept][:-1]
            first, last = runs.spells(
                np.r_[0, np.cumsum(other)], groups.tick[kept],
                max_break=1, min_piece=1, min_length=1,
            )  # fmt: skip
            # What may be added at either end is hardly more than another bin's worth.
            turned = runs.aggregate(np.add, np.abs(fit.turned_rad[kept]), first, last)
            enough = turned * (last - first + 3) / (last - first + 1) >= 2 * np.pi
            first, last = first[enough], last[enough]
            for a, b in zip(kept[first], kept[last], strict=True):
                one = self._one_circle(rows, at[groups.first[a]], at[groups.last[b]], step_s)
                if one:
                    found.append(one)
        return found

    def _max_rms_m(self, radius_m: Floats) -> Floats:
        return np.maximum(
            np.minimum(self.max_circle_rms_m, 0.1 * radius_m), self.max_circle_rms_ratio * radius_m
        )

    def _one_circle(
        self, rows: _Rows, a: int, b: int, step_s: int
    ) -> tuple[str, int, int, float, dict[str, Any]] | None:
        """The circle through reports a to b and those next to them, if it is one."""
        low, high = rows.stretch(a, step_s)[0], rows.stretch(b, step_s)[1]
        fit = _circles_of(rows, [(a, b)])
        tolerance_m = 4 * max(float(fit.rms_m[0]), 10.0)
        if not np.isfinite(fit.rms_m[0]):
            return None
        x, y = shapes.plane_m(rows.lat[low:high], rows.lon[low:high], rows.lat[a], rows.lon[a])
        off_m = np.abs(np.hypot(x - fit.x_m[0], y - fit.y_m[0]) - fit.radius_m[0])
        a, b = _extended(off_m <= tolerance_m, a - low, b - low, low)
        fit = _circles_of(rows, [(a, b)])
        radius_m, turns = float(fit.radius_m[0]), abs(float(fit.turned_rad[0])) / (2 * np.pi)
        duration_s = rows.seconds(a, b)
        if duration_s < self.min_duration_s:
            return None
        speed_kn = turns * 2 * np.pi * radius_m / duration_s / geodesy.KNOT_MPS
        leap_m = max(self._leap_m(rows, a - 1, a, speed_kn), self._leap_m(rows, b, b + 1, speed_kn))
        leapt = leap_m >= self.min_leap_m
        min_turns = 1.0 if leapt else self.min_turns
        if (
            fit.rms_m[0] > self._max_rms_m(fit.radius_m)[0]
            or radius_m < self.min_radius_m
            or turns < min_turns
            or speed_kn < self.min_sog_kn
        ):
            return None
        return "geometric", a, b, 0.7 if leapt else 0.5, {
            "radius_m": radius_m, "min_radius_m": self.min_radius_m,
            "circle_rms_m": float(fit.rms_m[0]),
            "max_circle_rms_m": float(self._max_rms_m(fit.radius_m)[0]),
            "turned_deg": turns * 360.0, "min_turned_deg": min_turns * 360.0,
            "circle_speed_kn": speed_kn, "min_sog_kn": self.min_sog_kn,
            "leapt": leapt, "leap_m": max(leap_m, 0.0), "min_leap_m": self.min_leap_m,
        }  # fmt: skip

    @staticmethod
    def _leap_m(rows: _Rows, a: int, b: int, speed_kn: float) -> float:
        """How much further a report is from the one before than the vessel can have gone."""
        if a < 0 or b >= len(rows.track) or rows.track[a] != rows.track[b]:
            return 0.0
        fastest_kn = np.nanmax([speed_kn, rows.sog_kn[a], rows.sog_kn[b]]) + 5.0
        gone_m = fastest_kn * geodesy.KNOT_MPS * rows.seconds(a, b)
        return rows.distance_m(a, b) - float(gone_m)

    def _inland(
        self, rows: _Rows, bins: shapes.Bins, zones: Zones
    ) -> Iterator[tuple[str, int, int, float, dict[str, Any]]]:
        probe = bins.first
        at = np.flatnonzero(zones.on_land(rows.lat[probe], rows.lon[probe]))
        at = at[_inland_by(zones, rows.lat[probe[at]], rows.lon[probe[at]], self.min_inland_m)]
        first, last = runs.spells(
            bins.track_id[at], bins.tick[at], max_break=2, min_piece=1,
            min_length=-(-self.min_inland_s // bins.step_s),
        )  # fmt: skip
        spans = list(zip(bins.first[at[first]].tolist(), bins.last[at[last]].tolist(), strict=True))
        around = [
            (rows.stretch(a, bins.step_s)[0], rows.stretch(b, bins.step_s)[1]) for a, b in spans
        ]
        every = np.concatenate([np.arange(low, high) for low, high in around] or [at[:0]])
        all_inland = _inland_by(zones, rows.lat[every], rows.lon[every], self.min_inland_m)
        parts = np.split(all_inland, np.cumsum([high - low for low, high in around])[:-1])
        for (a, b), (low, _), inland in zip(spans, around, parts[: len(spans)], strict=True):
            begin, finish = _extended(inland, a - low, b - low, low)
            while finish > begin and not inland[finish - low]:
                finish -= 1
            inside = slice(begin, finish + 1)
            share = float(inland[begin - low : finish - low + 1].mean())
            moved_m = float(
                geodesy.distance_m(
                    rows.lat[begin], rows.lon[begin], rows.lat[inside], rows.lon[inside]
                ).max()
            )
            duration_s = rows.seconds(begin, finish)
            if (
                share < 0.8 or moved_m < self.min_moved_m or duration_s < self.min_inland_s
                or finish - begin + 1 < self.min_reports
            ):  # fmt: skip
                continue
            steps_m = geodesy.distance_m(
                rows.lat[begin:finish], rows.lon[begin:finish],
                rows.lat[begin + 1 : finish + 1], rows.lon[begin + 1 : finish + 1],
            )  # fmt: skip
            speed_kn = float(np.sum(steps_m) / duration_s / geodesy.KNOT_MPS)
            leap_m = max(
                self._leap_m(rows, begin - 1, begin, speed_kn),
                self._leap_m(rows, finish, finish + 1, speed_kn),
            )
            leapt = leap_m >= self.min_leap_m
            yield "on_land", begin, finish, 0.6 if leapt else 0.4, {
                "inland_fraction": share, "min_inland_m": self.min_inland_m,
                "min_inland_s": self.min_inland_s, "moved_m": moved_m,
                "min_moved_m": self.min_moved_m, "median_speed_kn": speed_kn,
                "duration_s_margin": duration_s - self.min_inland_s,
                "leapt": leapt, "leap_m": max(leap_m, 0.0), "min_leap_m": self.min_leap_m,
            }  # fmt: skip

    def _beside(
        self, rows: _Rows, leapt: leaps.Leaps
    ) -> Iterator[tuple[str, int, int, float, dict[str, Any]]]:
        """Copies too near for the segmentation: the track leaps to and fro by a constant vector."""
        at, east, north = leapt.row, leapt.east_m, leapt.north_m
        if len(at) < 2 * self.min_reports:
            return
        cut = (np.diff(rows.track[at]) != 0) | (
            np.diff(rows.time_us[at]) > self.alive_s * SECOND_US
        )
        starts = np.r_[0, np.flatnonzero(cut) + 1]
        ends = np.r_[starts[1:], len(at)]
        n_leaps, first, last = ends - starts, at[starts], at[ends - 1]
        many = (n_leaps >= 2 * self.min_reports) & (n_leaps >= 0.3 * (last - first + 1))
        many &= rows.time_us[last] - rows.time_us[first] >= self.min_frozen_s * SECOND_US
        for i, j in zip(starts[many].tolist(), ends[many].tolist(), strict=True):
            a, b, n = int(at[i]), int(at[j - 1]), j - i
            sign = np.sign(east[i:j] * east[i] + north[i:j] * north[i])
            turns = float(np.mean(sign[1:] != sign[:-1]))
            if turns < 0.8:
                continue
            to_east, to_north = sign * east[i:j], sign * north[i:j]
            offset = (float(np.median(to_east)), float(np.median(to_north)))
            offset_m = float(np.hypot(*offset))
            spread_m = float(np.quantile(np.hypot(to_east - offset[0], to_north - offset[1]), 0.9))
            made_east, made_north = shapes.plane_m(
                rows.lat[[b]], rows.lon[[b]], rows.lat[[a]], rows.lon[[a]]
            )
            if sign[0] != sign[-1]:  # both ends on the same one of the two tracks
                made_east, made_north = made_east + offset[0], made_north + offset[1]
            made_m = float(np.hypot(made_east, made_north)[0])
            across_m = abs(offset[0] * made_north[0] - offset[1] * made_east[0]) / max(made_m, 1.0)
            if (
                spread_m > self.max_spread_m or made_m < self.min_moved_m
                or across_m < MIN_ACROSS * offset_m
            ):  # fmt: skip
                continue
            yield "offset_copy", a, b, 0.6, {
                "offset_m": offset_m,
                "offset_bearing_deg": float(np.degrees(np.arctan2(*offset)) % 360.0),
                "offset_across_m": float(across_m),
                "offset_spread_m": spread_m, "max_spread_m": self.max_spread_m,
                "spread_m_margin": self.max_spread_m - spread_m,
                "moved_m": made_m, "min_moved_m": self.min_moved_m,
                "n_leaps": n, "min_offset_m": MIN_OFFSET_M,
            }  # fmt: skip

    def _displaced(
        self, rows: _Rows, leapt: leaps.Leaps
    ) -> Iterator[tuple[str, int, int, float, dict[str, Any]]]:
        """Stretches too near for the segmentation: one leap there, the opposite one back."""
        off_m = np.hypot(leapt.east_m, leapt.north_m)
        large = off_m >= self.min_leap_m + leapt.slack_m
        row, east, north, slack_m = leapt.row, leapt.east_m, leapt.north_m, leapt.slack_m
        if len(row) < 2:
            return
        # Along its own course a receiver with a wrong clock does the same.
        course = np.radians(rows.cog_deg[row])
        across = np.abs(east * np.cos(course) - north * np.sin(course)) >= MIN_ACROSS * off_m
        across |= ~(rows.sog_kn[row] >= self.min_sog_kn) | ~np.isfinite(course)
        large &= across
        first, back = row[:-1], row[1:]
        last = back - 1
        lasts_s = (rows.time_us[last] - rows.time_us[first]) / SECOND_US
        waits_s = (rows.time_us[back] - rows.time_us[last]) / SECOND_US
        came_s = (rows.time_us[first] - rows.time_us[first - 1]) / SECOND_US
        left_m = np.hypot(east[:-1] + east[1:], north[:-1] + north[1:])
        allowed_m = np.minimum(
            self.max_spread_m + (slack_m[:-1] + slack_m[1:]) / 2, MAX_MISS_RATIO * off_m[:-1]
        )
        alike = left_m <= allowed_m
        likely = np.flatnonzero(
            (rows.track[first] == rows.track[back])
            & alike
            & large[:-1]
            & large[1:]
            & (last - first + 1 >= self.min_reports)
            & (lasts_s >= self.min_duration_s)
            & (lasts_s <= self.max_away_s)
            & (np.maximum(waits_s, came_s) <= self.alive_s)
        )
        # A leap from, or to, a single stray report is none of the vessel's.
        strays = _follows(rows, first[likely] - 2, first[likely])
        strays |= _follows(rows, last[likely], back[likely] + 1)
        for i in likely[~strays].tolist():
            a, b = int(first[i]), int(last[i])
            yield "jump", a, b, 0.45, {
                "jump_m": float(off_m[i]), "jump_s": float(came_s[i]),
                "offset_bearing_deg": float(np.degrees(np.arctan2(east[i], north[i])) % 360.0),
                "return_miss_m": float(left_m[i]), "max_return_miss_m": float(allowed_m[i]),
                "return_miss_m_margin": float(allowed_m[i] - left_m[i]),
                "min_leap_m": self.min_leap_m, "min_duration_s": self.min_duration_s,
                "duration_s_margin": float(lasts_s[i]) - self.min_duration_s,
                "returned": True, "leapt": True,
            }  # fmt: skip

    def _replayed(
        self, rows: _Rows, moving: Ints
    ) -> Iterator[tuple[str, int, int, float, dict[str, Any]]]:
        digits = np.rint((rows.lat[moving] + rows.lon[moving]) * copies.UNIT_PER_DEG).astype(
            "int64"
        )
        sample = moving[digits % SAMPLED == 0]
        mmsi = rows.track[sample] // 100
        key = pd.util.hash_array(copies.places(rows.lat[sample], rows.lon[sample])) + mmsi.astype(
            "uint64"
        )
        again = pd.Series(key).duplicated().to_numpy()
        candidates, counts = np.unique(mmsi[again], return_counts=True)
        for vessel in candidates[counts >= 3].tolist():
            low, high = np.searchsorted(rows.track, [vessel * 100, vessel * 100 + 100]).tolist()
            own = moving[slice(*np.searchsorted(moving, [low, high]))]
            places = copies.places(rows.lat[own], rows.lon[own])
            by_place = np.lexsort((rows.time_us[own], places))
            order = own[by_place]
            lag_us = np.diff(rows.time_us[order])
            same = np.diff(places[by_place]) == 0
            same &= (lag_us >= self.min_lag_s * SECOND_US) & (lag_us <= self.max_lag_s * SECOND_US)
            copy, lag_us = order[1:][same], lag_us[same]
            by_track = np.argsort(copy, kind="stable")
            copy, lag_us = copy[by_track], lag_us[by_track]
            if len(copy) < 10:
                continue
            cut = (
                (np.diff(rows.track[copy]) != 0)
                | (np.diff(rows.time_us[copy]) > self.alive_s * SECOND_US)
                | (np.abs(np.diff(lag_us)) > 60 * SECOND_US)
            )
            starts = np.r_[0, np.flatnonzero(cut) + 1]
            ends = np.r_[starts[1:] - 1, len(copy) - 1]
            for i, j in zip(starts.tolist(), ends.tolist(), strict=True):
                a, b, n = int(copy[i]), int(copy[j]), j - i + 1
                duration_s = rows.seconds(a, b)
                share = n / max(int(np.diff(np.searchsorted(own, [a, b + 1]))[0]), 1)
                if (
                    n < 10
                    or duration_s < 2 * self.min_duration_s
                    or share < self.min_copied_fraction
                ):
                    continue
                lag_s = float(np.median(lag_us[i : j + 1])) / SECOND_US
                leap_m = self._leap_m(rows, a - 1, a, 5.0)
                if a - rows.span_of(int(rows.track[a]))[0] <= 2 and rows.track[a] % 100 > 1:
                    leap_m = tracks.MAX_JUMP_M  # a further track begins where none can have got to
                leap_m = max(leap_m, self._leap_m(rows, b, b + 1, 5.0))
                if leap_m < self.min_leap_m:
                    continue
                others = np.r_[rows.time_us[low:a], rows.time_us[b + 1 : high]]
                live = np.count_nonzero((others > rows.time_us[a]) & (others < rows.time_us[b]))
                yield "replay", a, b, 0.6, {
                    "n_copied": n, "copied_fraction": share,
                    "min_copied_fraction": self.min_copied_fraction,
                    "copied_fraction_margin": share - self.min_copied_fraction,
                    "lag_s": lag_s, "min_lag_s": self.min_lag_s, "max_lag_s": self.max_lag_s,
                    "leapt": True, "leap_m": leap_m, "min_leap_m": self.min_leap_m,
                    "also_live": bool(live >= 0.2 * (b - a + 1)),
                }  # fmt: skip

    # ---- between the tracks of one MMSI

    def _excursions(
        self, rows: _Rows, spells: Sequence[scatter.Spell], context: Context, end_us: int
    ) -> list[_Story]:
        # Where a vessel's fixes scatter and it then goes on from where it was, she went nowhere.
        scattered: dict[int, list[scatter.Spell]] = {}
        for spell in spells:
            if not spell.parted:
                scattered.setdefault(spell.mmsi, []).append(spell)
        strays = _Strays(context.noise)
        mmsi = rows.tracks // 100
        shared = np.flatnonzero(np.diff(mmsi) == 0)
        further = np.repeat(np.r_[False, np.diff(mmsi) == 0], np.diff(rows.bounds))
        inland = np.zeros(len(rows.track), bool)
        inland[further] = _inland_by(
            context.zones, rows.lat[further], rows.lon[further], self.min_leapt_inland_m
        )
        found: list[_Story] = []
        for vessel in np.unique(mmsi[shared]).tolist():
            ks = np.flatnonzero(mmsi == vessel)
            for k in ks[1:].tolist():
                own = np.arange(rows.bounds[k], rows.bounds[k + 1])
                cut = np.flatnonzero(np.diff(rows.time_us[own]) > self.max_silence_s * SECOND_US)
                starts = own[np.r_[0, cut + 1]]
                ends = np.r_[own[cut], own[-1]]
                homes = np.arange(rows.bounds[ks[0]], rows.bounds[k])
                homes = homes[np.argsort(rows.time_us[homes], kind="stable")]
                for a, b in zip(starts.tolist(), ends.tolist(), strict=True):
                    own_spells = scattered.get(vessel, [])
                    story = self._excursion(rows, homes, a, b, own_spells, strays, end_us)
                    if story:
                        found.append(story)
        return self._shaped(rows, found, inland)

    def _excursion(
        self,
        rows: _Rows,
        homes: Ints,
        a: int,
        b: int,
        spells: Sequence[scatter.Spell],
        strays: "_Strays",
        end_us: int,
    ) -> _Story | None:
        """The session of reports a to b, if it leads away from one of the tracks in `homes`.

        `homes` are the reports of all earlier tracks of the MMSI, by time; `spells` those in which
        its fixes scatter.
        """
        times = rows.time_us
        longest_us, pause_us = self.max_away_s * SECOND_US, self.max_pause_s * SECOND_US
        stays = times[b] - times[a] > longest_us
        if stays:
            b = a + int(np.searchsorted(times[a : b + 1], times[a] + longest_us, side="right")) - 1
        before = int(np.searchsorted(times[homes], times[a])) - 1
        if before < 0 or times[a] - times[homes[before]] > pause_us:
            return None
        last_home = int(homes[before])
        if any(s.start_us <= times[a] and s.end_us >= times[last_home] for s in spells):
            return None
        strays_us = self._strays_us(rows, a, last_home, strays)
        first_us = int(strays_us.min(initial=times[a]))
        duration_s = float(times[b] - first_us) / SECOND_US
        if b - a + 1 + len(strays_us) < self.min_reports or duration_s < self.min_duration_s:
            return None
        if _reachable(rows, last_home, a):
            return None
        home = homes[rows.track[homes] == rows.track[last_home]]
        if _went_on(rows, home[: int(np.searchsorted(times[home], times[a]))], a):
            return None
        # After an outage the vessel itself may be taken for its displaced copy.
        heard_to = _heard_together_to(rows, home, a, b)
        copied = self._copied(rows, home, a, heard_to)
        if copied and heard_to < b:
            b, stays = heard_to, False
            duration_s = float(times[b] - first_us) / SECOND_US
        elif heard_to < b:
            copied = self._copied(rows, home, a, b)
        around = home[(times[home] >= times[last_home]) & (times[home] <= times[b] + pause_us)]
        back = around[times[around] > times[b]][:1]
        around = np.r_[around[times[around] <= times[b]], back]
        alive = _overlap_s(times[around], times[a], times[b], self.alive_s) / duration_s
        n_home = int(np.count_nonzero((times[around] > times[a]) & (times[around] < times[b])))
        going_on = bool(
            not stays and len(back) == 0 and end_us - times[b] <= self.max_silence_s * SECOND_US
        )
        leap_m, pause_s = rows.distance_m(last_home, a), rows.seconds(last_home, a)
        evidence: dict[str, Any] = {
            "jump_m": leap_m, "jump_s": pause_s,
            "jump_kn": float(geodesy.speed_kn(leap_m, max(pause_s, 1.0))),
            "max_pause_s": self.max_pause_s, "min_duration_s": self.min_duration_s,
            "duration_s_margin": duration_s - self.min_duration_s,
            "home_alive_fraction": alive, "max_alive_fraction": self.max_alive_fraction,
            "n_home_reports": n_home, "returned": bool(len(back)), "leapt": True,
        }  # fmt: skip
        if alive > self.max_alive_fraction and copied is None:
            return None
        if copied and (alive > self.max_alive_fraction or copied["subkind"] == "replay"):
            subkind, score = str(copied.pop("subkind")), float(copied.pop("score"))
            evidence |= copied
        else:
            if len(back) == 0 and _comes_back(rows, last_home, a, b):
                return None
            subkind, score = "jump", 0.6 if len(back) else 0.5
            score *= 1.0 if pause_s <= self.alive_s else 0.75
        if subkind == "jump":
            step = copies.steps(rows, np.array([last_home]), np.array([a]))
            evidence["along_course"] = bool(np.isfinite(copies.clock_lags_s(step)[0]))
        if len(back):
            away_s = rows.seconds(last_home, int(back[0]))
            home_m = rows.distance_m(last_home, int(back[0]))
            evidence["home_made_good_kn"] = float(geodesy.speed_kn(home_m, away_s))
        if subkind == "jump" and len(back) == 0:
            stood = self._stood_still(rows, home[: np.searchsorted(home, last_home) + 1], a)
            if stood:
                return stood
        start_us = first_us if len(back) or subkind != "jump" else int(times[last_home])
        return _Story(
            subkind, a, b, score, start_us, int(times[b]), going_on, evidence, last_home, first_us
        )

    def _shaped(self, rows: _Rows, stories: Sequence[_Story], inland: Bools) -> list[_Story]:
        """Excursions with what is peculiar about their positions.

        `inland` tells of each report of a further track whether it is inland.
        """
        # What stood still has no home, and a shape already.
        away = [k for k, story in enumerate(stories) if story.home >= 0]
        fits = _circles_of(rows, [(stories[k].first, stories[k].last) for k in away])
        shaped = list(stories)
        for i, k in enumerate(away):
            story = stories[k]
            shape = self._shape(rows, story.first, story.last, fits, i, inland)
            kind = str(shape.pop("subkind", ""))
            if not kind:
                continue
            evidence, score = {**story.evidence, **shape}, story.score + 0.15
            shaped[k] = replace(story, score=score, evidence=evidence)
            if story.subkind == "jump":
                shaped[k] = replace(shaped[k], subkind=kind, start_us=story.first_us)
        return shaped

    def _stood_still(self, rows: _Rows, home: Ints, a: int) -> _Story | None:
        """The end of the home track, if it stood still while the vessel sailed on to report a."""
        last = int(home[-1])
        off_m = geodesy.distance_m(rows.lat[last], rows.lon[last], rows.lat[home], rows.lon[home])
        moving = np.flatnonzero(off_m > self.max_frozen_m)
        if len(moving) == 0 or len(home) - moving[-1] - 1 < self.min_reports:
            return None
        first = int(home[moving[-1] + 1])
        if rows.seconds(first, last) < self.min_frozen_s:
            return None
        sailed_s = (rows.time_us[first] - rows.time_us[home]) / SECOND_US
        then = np.flatnonzero(sailed_s >= self.min_duration_s)
        if len(then) == 0 or sailed_s[then[-1]] > self.max_silence_s:
            return None
        before_kn = float(
            geodesy.speed_kn(rows.distance_m(int(home[then[-1]]), first), sailed_s[then[-1]])
        )
        made_kn = float(geodesy.speed_kn(rows.distance_m(first, a), rows.seconds(first, a)))
        if before_kn < self.min_sog_kn or abs(made_kn / before_kn - 1) > 0.3:
            return None
        times = rows.time_us
        return _Story(
            "frozen", first, last, 0.7, int(times[first]), int(times[last]), False,
            {
                "extent_m": 2 * float(off_m[moving[-1] + 1 :].max()),
                "max_frozen_m": self.max_frozen_m, "min_frozen_s": self.min_frozen_s,
                "duration_s_margin": rows.seconds(first, last) - self.min_frozen_s,
                "speed_before_kn": before_kn, "made_good_kn": made_kn,
                "min_sog_kn": self.min_sog_kn, "jump_m": rows.distance_m(last, a),
                "jump_s": rows.seconds(last, a), "leapt": True,
            },
        )  # fmt: skip

    @staticmethod
    def _strays_us(rows: _Rows, a: int, home: int, strays: "_Strays") -> Ints:
        """Times of the reports that the segmentation took for corrupt before it believed in the
        further track that begins with report a.
        """
        begin_us = max(int(rows.time_us[home]), int(rows.time_us[a]) - STRAY_S * SECOND_US)
        own = strays.of(int(rows.track[a]) // 100, begin_us + 1, int(rows.time_us[a]))
        time_us = strays.time_us[own]
        off_m = geodesy.distance_m(rows.lat[a], rows.lon[a], strays.lat[own], strays.lon[own])
        gone_m = 30.0 * geodesy.KNOT_MPS * (rows.time_us[a] - time_us) / SECOND_US
        return np.asarray(time_us[off_m <= gone_m + 1000.0])

    def _copied(self, rows: _Rows, home: Ints, a: int, b: int) -> dict[str, Any] | None:
        """What the reports a to b repeat of the home track, at an offset or a lag; None if nothing.

        `subkind` and `score` are among the evidence.
        """
        original, copy = (
            copies.Track(rows.time_us[own], rows.lat[own], rows.lon[own])
            for own in (home, np.arange(a, b + 1))
        )
        found = copies.judge(
            original, copy, max_spread_m=self.max_spread_m, min_moved_m=self.min_moved_m,
            min_duration_s=2 * self.min_duration_s, min_reports=self.min_reports,
        )  # fmt: skip
        if found is None:
            return None
        spread = {
            "max_spread_m": self.max_spread_m, "spread_m_margin": self.max_spread_m - found.spread_m
        }  # fmt: skip
        if isinstance(found, copies.Lag):
            return {
                "subkind": "replay", "score": 0.6, "lag_s": found.lag_s,
                "lag_spread_m": found.spread_m, "copied_fraction": found.exact_fraction,
                "like_a_clock": True, **spread,
            }  # fmt: skip
        return {
            "subkind": "offset_copy", "score": 0.7, "offset_m": found.distance_m,
            "offset_bearing_deg": found.bearing_deg, "offset_spread_m": found.spread_m, **spread,
            "moved_m": found.moved_m, "min_moved_m": self.min_moved_m,
        }  # fmt: skip

    def _shape(
        self, rows: _Rows, a: int, b: int, fits: shapes.Circles, i: int, inland: Bools
    ) -> dict[str, Any]:
        """What is peculiar about the positions of an excursion; empty if nothing is."""
        lat, lon, sog_kn = (v[a : b + 1] for v in (rows.lat, rows.lon, rows.sog_kn))
        duration_s = rows.seconds(a, b)
        turns = abs(float(fits.turned_rad[i])) / (2 * np.pi)
        radius_m, rms_m = float(fits.radius_m[i]), float(fits.rms_m[i])
        max_rms_m = float(self._max_rms_m(fits.radius_m[i : i + 1])[0])
        circles = (
            self.min_radius_m <= radius_m <= MAX_RADIUS_M and rms_m <= max_rms_m and turns >= 1.0
        )
        if circles:
            speed_kn = float(geodesy.speed_kn(turns * 2 * np.pi * radius_m, duration_s))
            return {
                "subkind": "geometric", "radius_m": radius_m, "min_radius_m": self.min_radius_m,
                "circle_rms_m": rms_m,
                "max_circle_rms_m": max_rms_m,
                "turned_deg": turns * 360.0, "min_turned_deg": 360.0, "circle_speed_kn": speed_kn,
            }  # fmt: skip
        share = float(inland[a : b + 1].mean())
        if share >= 0.5:
            return {
                "subkind": "on_land", "inland_fraction": share,
                "min_inland_m": self.min_leapt_inland_m,
            }  # fmt: skip
        off_m = float(geodesy.distance_m(lat[0], lon[0], lat, lon).max())
        fast = np.isfinite(sog_kn) & (sog_kn >= self.min_sog_kn)
        if off_m <= self.max_frozen_m and fast.mean() >= 0.8:
            return {
                "subkind": "frozen", "extent_m": off_m, "max_frozen_m": self.max_frozen_m,
                "median_sog_kn": float(np.nanmedian(sog_kn)), "min_sog_kn": self.min_sog_kn,
            }  # fmt: skip
        return {}

    # ---- fixes that scatter

    def _scattered(
        self,
        rows: _Rows,
        together: scatter.Reports,
        spells: Sequence[scatter.Spell],
        end_us: int,
    ) -> Iterator[_Story]:
        for spell in spells:
            inside = slice(spell.first, spell.last + 1)
            ends = [k for k in (spell.before, spell.after) if k >= 0]
            own = together.row[inside]
            own = own[own >= 0]
            if spell.parted or not len(own) or not ends:
                continue
            # Where the vessel would have been on a straight way between the sound fixes.
            share = (together.time_us[inside] - together.time_us[ends[0]]) / max(
                together.time_us[ends[-1]] - together.time_us[ends[0]], 1
            )
            here, there = ends[0], ends[-1]
            due = geodesy.interpolate(
                together.lat[here], together.lon[here], together.lat[there], together.lon[there],
                np.clip(share, 0.0, 1.0),
            )  # fmt: skip
            off_m = geodesy.distance_m(*due, together.lat[inside], together.lon[inside])
            bad = together.bad[inside]
            after_s = (end_us - spell.end_us) / SECOND_US
            evidence = {
                "n_reports": len(bad), "n_bad_fixes": int(np.count_nonzero(bad)),
                "bad_fraction": float(bad.mean()), "min_bad_fraction": scatter.MIN_FRACTION,
                "scatter_m": float(np.median(off_m[bad])), "max_scatter_m": float(off_m.max()),
                "min_offset_m": MIN_OFFSET_M, "min_duration_s": self.min_duration_s,
                "rejoined": spell.joined, "leapt": True,
            }  # fmt: skip
            if spell.joined:
                away_m = geodesy.distance_m(
                    together.lat[here], together.lon[here], together.lat[there], together.lon[there]
                )
                away_s = together.seconds(here, there)
                evidence |= {
                    "rejoined_m": float(away_m), "rejoined_s": away_s,
                    "rejoined_kn": float(geodesy.speed_kn(away_m, away_s)),
                }  # fmt: skip
            yield _Story(
                "scatter", int(own[0]), int(own[0]), 0.45, spell.start_us, spell.end_us,
                spell.after < 0 and after_s <= self.max_silence_s, evidence,
                int(together.row[spell.before]) if spell.before >= 0 else -1,
            )  # fmt: skip

    def _held_against_others(
        self, rows: _Rows, bins: shapes.Bins, marks: scatter.Marks, story: _Story
    ) -> _Story:
        """The story, and how many others nearby had bad fixes when its positions leapt.

        Looked at are the last hours of scattered fixes, else the beginning, so that it doesn't
        matter how far back the others are known.
        """
        if not story.evidence.get("leapt"):
            return story
        if story.subkind == "scatter":
            since_us = max(story.start_us, story.end_us - OTHERS_S * SECOND_US)
            until_us = story.end_us
        else:
            since_us = until_us = int(rows.time_us[story.first])
        mmsi, lat, lon = self._place_of(rows, story)
        n = marks.n_suffering(mmsi, since_us, until_us, lat, lon, self.max_interference_m)
        if n == 0:
            return story
        reach_us = int(scatter.NEAR_S * SECOND_US)
        step_us = bins.step_s * SECOND_US
        low, high = (since_us - reach_us) // step_us, (until_us + reach_us) // step_us
        near = bins.first[(bins.tick >= low) & (bins.tick <= high)]
        off_m = geodesy.distance_m(lat, lon, rows.lat[near], rows.lon[near])
        others = np.unique(rows.track[near[off_m <= self.max_interference_m]] // 100)
        n_near = max(int(np.count_nonzero(others != mmsi)), n)
        evidence = {
            **story.evidence,
            "n_others_scattered": n, "n_others_near": n_near,
            "others_scattered_fraction": n / n_near,
            "min_others_scattered_fraction": MIN_OTHERS_FRACTION,
            "max_interference_m": self.max_interference_m,
        }  # fmt: skip
        return replace(story, evidence=evidence)

    @staticmethod
    def _place_of(rows: _Rows, story: _Story) -> tuple[int, float, float]:
        """The vessel, and where it was when its positions leapt."""
        mmsi = int(rows.track[story.first]) // 100
        at = story.home if story.home >= 0 else max(story.first - 1, 0)
        at = at if rows.track[at] // 100 == mmsi else story.first
        return mmsi, float(rows.lat[at]), float(rows.lon[at])

    def _joined(
        self, rows: _Rows, stories: list[_Story], excursions: Sequence[_Story]
    ) -> list[_Story]:
        """One story per false track: shapes of an excursion belong to it, and a one-way jump away
        from a false stretch to that stretch.
        """
        kept = []
        for excursion in excursions:
            away = excursion
            inside = [
                s for s in stories
                if rows.track[s.first] == rows.track[away.first]
                and s.first <= away.last and s.last >= away.first
            ]  # fmt: skip
            left = [
                s for s in stories
                if away.subkind == "jump"
                and rows.track[s.first] == rows.track[away.home]
                and s.last <= away.home
                and rows.seconds(s.last, away.home)
                <= (MARGIN_S if away.evidence["returned"] else self.max_away_s)
            ]  # fmt: skip
            if left:
                i = stories.index(left[-1])
                more = {k: away.evidence[k] for k in ("jump_m", "jump_s", "jump_kn")}
                stories[i] = replace(
                    left[-1], evidence={**left[-1].evidence, **more, "leapt": True},
                    score=min(left[-1].score + 0.2, 0.8), going_on=False,
                )  # fmt: skip
                continue
            for s in inside:
                stories.remove(s)
            if inside and away.subkind in ("jump", inside[0].subkind):
                gain = 0.15 if away.subkind == "jump" and inside[0].subkind != "jump" else 0.0
                away = replace(
                    away, subkind=inside[0].subkind, score=away.score + gain,
                    evidence={**inside[0].evidence, **away.evidence},
                )  # fmt: skip
            kept.append(away)
        return [*stories, *kept]

    # ---- events

    def _event(self, rows: _Rows, story: _Story) -> dict[str, Any]:
        a, b, home = story.first, story.last, story.home
        track = int(rows.track[a])
        known = rows.nav_status[a : b + 1]
        known = known[(known >= 0) & (known < 15)]
        middle = a + int(
            np.searchsorted(rows.time_us[a : b + 1], (story.start_us + story.end_us) // 2)
        )
        middle = min(middle, b)
        believed, why = _belief(rows, story)
        place = home if home >= 0 else middle
        evidence = {
            "duration_s": (story.end_us - story.start_us) / SECOND_US,
            "n_reports": b - a + 1,
            "min_reports": self.min_reports,
            "nav_status": int(np.bincount(known).argmax()) if len(known) else 15,
            "first_report_source": rows.source_of(a),
            "last_report_source": rows.source_of(b),
            "home_report_source": rows.source_of(home) if home >= 0 else "",
            "false_track_id": str(track),
            "believed_track_id": believed,
            "believed_because": why,
            "false_lat": float(rows.lat[middle]),
            "false_lon": float(rows.lon[middle]),
            **story.evidence,
        }
        tracks = dict.fromkeys([*([int(rows.track[home])] if home >= 0 else []), track])
        times = (story.start_us, story.end_us, int(rows.time_us[a]))
        start, end, anchor = (pd.Timestamp(us, unit="us", tz="UTC") for us in times)
        return {
            "kind": self.name,
            "subkind": story.subkind,
            "detector": self.name,
            "version": self.version,
            "mmsi": track // 100,
            "track_ids": ";".join(str(t) for t in tracks),
            "start": start,
            "end": pd.NaT if story.going_on else end,
            "anchor": anchor,
            "lat": float(rows.lat[place]),
            "lon": float(rows.lon[place]),
            "score": float(min(story.score, 0.9)),
            "evidence": evidence,
        }

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """What it reported, and from where it can't have been."""
        evidence, place = event.evidence, words.place(event.lat, event.lon)
        duration = words.duration(event.start, event.end)
        false = words.place(float(evidence["false_lat"]), float(evidence["false_lon"]))
        if event.subkind == "scatter":
            n, others = int(evidence.get("n_others_scattered") or 0), ""
            if n:
                others = words.say(", as did those of {n} other vessels nearby", n=n)
            return words.say(
                "Positions scattered by {distance} around the true one for {duration}{others}, "
                "{place}",
                distance=words.distance(float(evidence["scatter_m"])), duration=duration,
                others=others, place=place,
            )  # fmt: skip
        said = {
            "jump": words.say("Positions leapt"),
            "geometric": words.say("Reported positions on a perfect circle"),
            "on_land": words.say("Reported positions on land"),
            "frozen": words.say("Reported one and the same position while under way"),
            "offset_copy": words.say("Sent a displaced copy of its own track"),
            "replay": words.say("Sent an earlier stretch of its track once more"),
        }.get(event.subkind) or words.say("Reported false positions")
        if "jump_m" in evidence and event.subkind != "frozen":
            return words.say(
                "{what}, {jump} off, to {false}, for {duration}; last believable fix {place}",
                what=said, jump=words.distance(float(evidence["jump_m"])), false=false,
                duration=duration, place=place,
            )  # fmt: skip
        return words.say(
            "{what} for {duration}, {false}", what=said, duration=duration, false=false
        )


def _not_of_vessels(track: Ints, msg_type: NDArray[Any]) -> Bools:
    """Whether each report is of an aircraft, a base station, an aid to navigation or a beacon.

    MMSI formats: ITU-R M.585-9, annexes 1 and 2.
    """
    bounds = offsets(track)
    head = track[bounds[:-1]] // 100_000_000
    other = (head < 100) | (head == 111) | ((head >= 970) & (head <= 979)) | (head >= 990)
    result = np.repeat(other, np.diff(bounds))
    for code in NOT_A_VESSEL:
        result |= msg_type == code
    return np.asarray(result)


def _reachable(rows: _Rows, a: int, b: int) -> bool:
    """Whether one hull can have made both reports, as the segmentation judges it.

    Once a track is known, a vessel that takes turns between it and another (since it was the same
    vessel all along, and one of them began with a false position) makes no leap.
    """
    pair = np.array([a, b])
    ends = (rows.lat[pair], rows.lon[pair], rows.sog_kn[pair])
    return bool(
        tracks.can_join(
            geodesy.distance_m(ends[0][:1], ends[1][:1], ends[0][1:], ends[1][1:]),
            rows.time_us[pair[1:]] - rows.time_us[pair[:1]],
            ends[2][:1],
            ends[2][1:],
        )[0]
    )


def _heard_together_to(rows: _Rows, home: Ints, a: int, b: int) -> int:
    """The last of the reports a to b before an outage in which neither they nor the home track were
    heard for longer than copies are held against each other, and after which only they are; b
    where there is none.
    """
    inside = home[(rows.time_us[home] > rows.time_us[a]) & (rows.time_us[home] < rows.time_us[b])]
    if len(inside) == 0:
        return b
    heard_us = int(rows.time_us[inside[-1]])
    last = a + int(np.searchsorted(rows.time_us[a : b + 1], heard_us, side="right")) - 1
    silent_us = rows.time_us[last + 1] - max(heard_us, int(rows.time_us[last]))
    return last if silent_us > copies.ALIVE_S * SECOND_US else b


def _comes_back(rows: _Rows, home: int, a: int, b: int) -> bool:
    """Whether one of the reports a to b is where speed and course lead from the home track.

    The segmentation leaves a vessel on the further track that a few corrupt fixes made.
    """
    later = np.arange(a, b + 1)
    step_s = (rows.time_us[later] - rows.time_us[home]) / SECOND_US
    later, step_s = later[step_s <= STRAY_S / 2], step_s[step_s <= STRAY_S / 2]
    left, now = leaps.velocity_mps(rows, np.array([home])), leaps.velocity_mps(rows, later)
    way = [(left[k] + now[k]) / 2 * step_s for k in (0, 1)]
    made = shapes.plane_m(rows.lat[later], rows.lon[later], rows.lat[[home]], rows.lon[[home]])
    off_m = np.hypot(made[0] - way[0], made[1] - way[1])
    return bool(np.any(off_m <= 0.5 * MIN_OFFSET_M + leaps.MAX_WAY_ERROR * np.hypot(*way)))


def _went_on(rows: _Rows, home: Ints, a: int) -> bool:
    """Whether report a goes on from the home track but for its last one or two reports.

    The segmentation takes a corrupt fix a few miles off for the vessel, and then the vessel's next
    reports for a further hull.
    """
    last = int(home[-1])

    def could_go(start: int, end: int) -> bool:
        fastest_kn = np.nanmax([rows.sog_kn[start], rows.sog_kn[end], 5.0]) + 5.0
        gone_m = fastest_kn * geodesy.KNOT_MPS * rows.seconds(start, end)
        return bool(rows.distance_m(start, end) <= gone_m + 0.5 * MIN_OFFSET_M)

    return any(
        rows.seconds(before, a) <= STRAY_S and could_go(before, a) and not could_go(before, last)
        for before in home[-3:-1].tolist()
    )


def _steps(rows: _Rows) -> tuple[Ints, Ints]:
    """Reports roughly `MIN_OFFSET_M` or more, and `MOVED_DEG` or more, from the one before."""
    step_deg = np.abs(np.diff(rows.lat, prepend=np.nan)) + np.abs(np.diff(rows.lon, prepend=np.nan))
    step_deg[rows.bounds[:-1]] = 0.0
    moving = np.flatnonzero(step_deg > MOVED_DEG)
    return moving[step_deg[moving] * shapes.DEGREE_M > MIN_OFFSET_M], moving


def _follows(rows: _Rows, here: Ints, there: Ints) -> Bools:
    """Whether speed and course lead from one report to the other, of the same track."""
    last = len(rows.track) - 1
    inside = (here >= 0) & (there <= last)
    here, there = np.maximum(here, 0), np.minimum(there, last)
    east, north, slack_m = leaps.astray(rows, here, there)
    near = np.hypot(east, north) < MIN_OFFSET_M + slack_m
    return np.asarray(inside & near & (rows.track[here] == rows.track[there]))


def _winding(bins: shapes.Bins, box: shapes.Box, min_radius_m: float) -> Bools:
    """Bins in half an hour to three hours of which a track covers far more way than ground.

    Only a cheap sieve: a circle covers at least half of it in an hour of half a turn, and a track
    that goes straight hardly more than the diagonal of its box.
    """
    diagonal_m = np.hypot(box.height_m, box.width_m)
    result = np.zeros(len(diagonal_m), bool)
    way_m = np.r_[0.0, np.cumsum(diagonal_m)]
    north = box.south + box.height_m / shapes.DEGREE_M
    width_deg = box.width_m / (shapes.DEGREE_M * np.cos(np.radians(box.south)))
    east = box.west + width_deg
    low = [box.south, box.west]
    high = [north, east]
    size = 1
    for times in (3, 2, 3):  # 3, 6, 18 bins: half an hour, an hour, three hours
        n = len(diagonal_m) - times * size + 1
        if n <= 0:
            break
        shifts = [k * size for k in range(times)]
        low = [np.minimum.reduce([v[k : k + n] for k in shifts]) for v in low]
        high = [np.maximum.reduce([v[k : k + n] for k in shifts]) for v in high]
        size *= times
        whole = (bins.track_id[size - 1 :] == bins.track_id[:n]) & (
            bins.tick[size - 1 :] - bins.tick[:n] < 2 * size
        )
        ground_m = shapes.DEGREE_M * np.hypot(
            high[0] - low[0], (high[1] - low[1]) * np.cos(np.radians(low[0]))
        )
        # Boxes of a small circle are each as large as the circle, whatever its speed.
        winds = whole & (way_m[size:] - way_m[:n] >= 1.5 * ground_m)
        winds &= (ground_m >= 1.5 * min_radius_m) & (way_m[size:] - way_m[:n] >= size * LEAST_BOX_M)
        begins = np.flatnonzero(winds)
        change = np.zeros(len(result) + 1, "int32")
        change[begins] += 1
        change[begins + size] -= 1
        result |= np.cumsum(change[:-1]) > 0
    return result


def _circles_of(rows: _Rows, spans: Sequence[tuple[int, int]]) -> shapes.Circles:
    """Circles through the reports a to b, each in the plane of its a."""
    at = [np.arange(a, b + 1) for a, b in spans]
    n = np.array([len(each) for each in at], "int64")
    every = np.concatenate(at or [n])
    origin = np.repeat(np.array([a for a, _ in spans], "int64"), n)
    x, y = shapes.plane_m(rows.lat[every], rows.lon[every], rows.lat[origin], rows.lon[origin])
    return shapes.fit_circles(x, y, np.cumsum(n) - n)


def _extended(holds: Bools, a: int, b: int, offset: int) -> tuple[int, int]:
    """Rows from a to b with those before and after that hold without a break, plus `offset`."""
    failing = np.flatnonzero(~holds)
    before, after = failing[failing < a], failing[failing > b]
    begin = int(before[-1]) + 1 if len(before) else 0
    finish = int(after[0]) - 1 if len(after) else len(holds) - 1
    return begin + offset, finish + offset


def _inland_by(zones: Zones, lat: Floats, lon: Floats, distance_m: float) -> Bools:
    """Whether each point and eight around it at that distance are on land."""
    inland = np.asarray(zones.on_land(lat, lon)).copy()
    for bearing in range(0, 360, 45):
        at = np.flatnonzero(inland)
        if len(at) == 0:
            break
        inland[at] = zones.on_land(*geodesy.destination(lat[at], lon[at], bearing, distance_m))
    return inland


def _overlap_s(times_us: Ints, begin_us: int, end_us: int, alive_s: float) -> float:
    """Seconds of [begin, end] that lie between two of the times at most `alive_s` apart."""
    left, right = times_us[:-1], times_us[1:]
    near = right - left <= alive_s * SECOND_US
    common = np.minimum(right[near], end_us) - np.maximum(left[near], begin_us)
    return float(np.maximum(common, 0).sum()) / SECOND_US


def _strongest(
    rows: _Rows, found: Sequence[tuple[str, int, int, float, dict[str, Any]]]
) -> list[tuple[str, int, int, float, dict[str, Any]]]:
    """Of those that share reports the best scored, of equals the longer, then the first."""
    kept: list[tuple[str, int, int, float, dict[str, Any]]] = []
    for one in sorted(found, key=lambda f: (-f[3], f[1] - f[2], f[1], f[0])):
        if not any(one[1] <= other[2] and other[1] <= one[2] for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda f: f[1])


def _belief(rows: _Rows, story: _Story) -> tuple[str, str]:
    """The track believed true (empty where none is) and why."""
    if story.subkind == "scatter":
        if not story.evidence["rejoined"]:
            return "", "its fixes scatter, and no sound ones are known before and after"
        return str(rows.track[story.home] if story.home >= 0 else ""), (
            "after its fixes scattered the vessel was where it can have sailed from its last sound "
            f"one, at {story.evidence['rejoined_kn']:.1f} kn"
        )
    if story.home < 0:
        if story.subkind == "offset_copy":
            return "", "one of the two is displaced; which one, only another sensor can tell"
        if story.evidence.get("leapt"):
            track = str(rows.track[story.first])
            return track, "the same track before and after the false stretch, from which it leaps"
        return "", "there is no other track; where the vessel was isn't known"
    home = str(rows.track[story.home])
    if story.subkind == "offset_copy":
        return home, "it was there first, and the other repeats it at a constant offset"
    if story.subkind == "replay":
        return home, "the other track follows it some time apart"
    if story.evidence["returned"]:
        return home, (
            "it was silent meanwhile and resumed where the vessel can have sailed, at "
            f"{story.evidence['home_made_good_kn']:.1f} kn"
        )
    if story.subkind != "jump":
        return home, "the other track has a shape that no vessel sails"
    return home, "it was there first; the other begins where it can't have got to"


def _whenever(places: pd.DataFrame) -> pd.DataFrame:
    """`whereabouts.WHEREABOUTS` with the time left out."""
    mmsi = places["mmsi"].to_numpy("int64")
    lat, lon = places["lat"].to_numpy("float64"), places["lon"].to_numpy("float64")
    return whereabouts.of_reports(mmsi, np.zeros(len(mmsi), "int64"), lat, lon)

"""Identity: one number for two hulls, one hull with two numbers, and what can't be right."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt

from detectors.core import (
    copies,
    events,
    geodesy,
    hand_over,
    hulls,
    identity_reasons,
    namesakes,
    said,
    shapes,
    timespan,
    whereabouts,
)
from detectors.core.detector import Apart, Context, Detector, RestsOn
from detectors.core.explain import Hypothesis
from detectors.core.frames import DAY_US, SECOND_US, epoch_us, offsets
from detectors.core.identity_numbers import (
    BAD_FORM,
    BAD_MID,
    OTHER_STATION,
    edits,
    imo_is_valid,
    imo_kind,
    is_default_number,
    mmsi_kind,
)
from detectors.core.telling import Told, Words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SCORES: Final[Mapping[str, float]] = {
    "hand_over": 0.8, "two_hulls": 0.7, "changed_imo": 0.6, "changed_name": 0.45,
    "changed_callsign": 0.35, "look_alike": 0.15, "invalid_imo": 0.12, "invalid_mmsi": 0.15,
}  # fmt: skip
"""Scores before explanations of a clear-cut case; see the class for what lowers and raises them."""
SHARED_SCORES: Final[Mapping[str, float]] = {"apart": 0.65, "in turn": 0.15, "together": 0.15}
IMPOSSIBLE_SCORE: Final = 0.5
BOTH_WRONG_SCORE: Final = 0.5
"""Of a large ship of which neither the MMSI nor the IMO number can be right: one slip is common,
two are an invention."""
LOST_M: Final = 18_520.0
LOST_S: Final = 6 * 3600
"""Where and when others must have been lost too for reception to end there: within 10 nm, over
which a receiver's range doesn't change, in the six hours before."""
ENDS: Final = tuple(hand_over.Ends.__dataclass_fields__)
FIELDS: Final = {"name": "changed_name", "imo": "changed_imo", "callsign": "changed_callsign"}
WORDS: Final = {"name": "name", "imo": "IMO number", "callsign": "call sign"}


class Identity(Detector):
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
    - `two_hulls`: reports of one MMSI alternate between tracks that no single hull can have made
      (see `core.tracks`), `min_switches` times over `min_hulls_s`, switches no more than
      `max_interruption_s` apart, and two of them at least are each a way that a hull can have
      sailed (scattered fixes are none). One track that stops while the other is heard is no
      alternation; a copy of a moving track beside it, or along it as by a wrong clock, is left to
      spoofing.
    - `changed_name`, `changed_imo`, `changed_callsign`: a value that stands (said again after
      `min_said_s`) where another stood within `memory_s`, and that is more than another way of
      typing it. It began at most `static_interval_s` before it was first said.
    - `shared_imo`: a valid IMO number said under two MMSIs on one date, or one after the other
      within `memory_s`; apart, together or in turn by the positions of both (`max_together_m`,
      `max_transit_kn`).
    - `look_alike`: two vessels whose names look the same but aren't (0 for O), or nearly agree
      under one call sign.
    - `invalid_imo`: wrong check digit of a ship of `min_ship_m` or more or of a merchant's type,
      unless she puts it right.
    - `invalid_mmsi`: digits that no administration has, or a form that no station has.

    The last three are weak hints, since many real vessels are like that; but a large ship of which
    neither number can be right stands out.

    Parameters
    ----------
    min_silence_s
        1 hour: an end or a beginning of a stretch of track.
    max_pause_s, max_clock_s
        30 minutes between the two, for entering new data into the set; 5 minutes by which clocks
        of two receivers may differ, so that both may seem to be heard at once.
    min_before_s, min_after_s, min_reports, max_thin_s, min_ended_s
        20 and 10 minutes; 6 reports within 90 minutes, as at 10 minutes of which a third is lost;
        at the end of the data, 10 minutes since the end of a track and six of its intervals, before
        it counts as ended.
    min_speed_kn
        3 kn: what lies still has no course to be carried on.
    max_miss_m, max_miss_ratio, max_course_change_deg, max_speed_change_kn
        500 m and 12 % of the way, 75 degrees, 2.5 kn: ships following one another in the lanes of
        the Strait keep half a mile and more.
    min_hulls_s, min_switches, max_interruption_s
        15 minutes, 6 switches, 90 minutes: an orbit of a satellite.
    max_copy_spread_m, min_copy_moved_m
        300 m and 2000 m, as of the detector spoofing: see `core.copies.judge`.
    min_said_s, memory_s, static_interval_s
        15 minutes: static data are sent every 6 minutes (ITU-R M.1371-5, annex 1, 4.2.1), so it
        was said twice or three times; 12 hours; 12 minutes, two such intervals.
    max_together_m, max_transit_kn
        2 km between two sets of one ship, clocks and sizes allowed for; 40 kn.
    min_ship_m
        50 m: the smallest length at which most ships have an IMO number (100 GT, IMO resolution
        A.1117(30)).

    Notes
    -----
    Score before explanations: see `SCORES`. A hand-over loses up to a fifth for its pause, and by
    `likeness` for its miss (see `core.hand_over`); three tenths if the second MMSI had been heard
    within half of `memory_s`; a fifth if others fit as well; a fifth if it takes clocks that differ
    by over a minute; up to three tenths for a turn beyond 30 degrees; 15 % if the lengths differ,
    which a liar may type as well. A change gains 0.15 for each other field that changed within half
    an hour. An event of something that is said lasts to the end of its UTC date at most, so it
    belongs to one night.
    """

    name: ClassVar[str] = "identity"
    version: ClassVar[str] = "3"
    rests_on: ClassVar[RestsOn] = RestsOn.COMPANY
    requires: ClassVar[tuple[str, ...]] = (
        "mmsi", "time", "lat", "lon", "sog_kn", "cog_deg", "ais_class", "track_id", "source",
        "source_offset",
    )  # fmt: skip
    source: ClassVar[str] = (
        "Numbers: Recommendation ITU-R M.585-9, annexes 1 and 2; IMO resolution A.1117(30). "
        "Two hulls: Global Fishing Watch, gpsdio-segment. Identity swaps and manipulation: "
        "Androjna, Perkovič, Pavic & Mišković (2021), AIS Data Vulnerability Indicated by a "
        "Spoofing Case-Study, Applied Sciences 11:5015, doi:10.3390/app11115015; Windward & C4ADS "
        "(2021), Unmasked: vessel identity laundering"
    )
    needs_zones: ClassVar[bool] = False
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = identity_reasons.HYPOTHESES

    min_silence_s: PositiveInt = 3600
    max_pause_s: PositiveInt = 1800
    max_clock_s: PositiveInt = 300
    min_before_s: PositiveInt = 1200
    min_after_s: PositiveInt = 600
    min_ended_s: PositiveInt = 600
    min_reports: PositiveInt = 6
    max_thin_s: PositiveInt = 5400
    min_speed_kn: PositiveFloat = 3.0
    max_miss_m: PositiveFloat = 500.0
    max_miss_ratio: PositiveFloat = 0.12
    max_course_change_deg: PositiveFloat = 75.0
    max_speed_change_kn: PositiveFloat = 2.5
    min_hulls_s: PositiveInt = 900
    min_switches: PositiveInt = 6
    max_interruption_s: PositiveInt = 5400
    max_copy_spread_m: PositiveFloat = 300.0
    min_copy_moved_m: PositiveFloat = 2000.0
    min_said_s: PositiveInt = 900
    memory_s: PositiveInt = 43_200
    static_interval_s: PositiveInt = 720
    max_together_m: PositiveFloat = 2000.0
    max_transit_kn: PositiveFloat = 40.0
    min_ship_m: PositiveFloat = 50.0

    @property
    def settle(self) -> timedelta:
        """Until then a track may go on, and a better match of an end or beginning turn up."""
        return timedelta(seconds=self.min_silence_s + self.max_pause_s)

    @property
    def _memory(self) -> said.Memory:
        return said.Memory(self.min_said_s, self.memory_s, self.settle.total_seconds())

    @property
    def lookback(self) -> timedelta:
        """What counts as before, seen from the earliest event that can still change."""
        return self.settle + timedelta(seconds=self.memory_s + self.max_pause_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find events; see the class for the rules and `Detector.detect` for the frames."""
        if positions.empty:
            return events.empty()
        reports = _Reports(positions)
        statements = _of_ships(context.statements, reports)
        spans = {field: said.spans(statements, field) for field in FIELDS}
        rows = [
            *self._hand_overs(reports, statements, context),
            *self._two_hulls(reports, context),
            *self._said(reports, spans, context),
            *self._invalid_imos(reports, statements, spans["imo"]),
            *self._invalid_mmsis(reports, statements),
        ]
        window = timespan.window_us(context.start, context.end)
        start_us = np.array([row["start"] for row in rows], "int64")
        ends = [window[1] if row["end"] is None else row["end"] for row in rows]
        wanted = timespan.touches(start_us, np.array(ends, "int64"), window, self.settle)
        return events.build([_timed(rows[i]) for i in np.flatnonzero(wanted)])

    @property
    def halo_m(self) -> float:
        """A rival of a rival may be twice as far off as an end from a beginning."""
        return max(2 * hand_over.reach_m(self._limits()), LOST_M + whereabouts.SLACK_M)

    def apart(self, positions: pd.DataFrame, context: Context) -> Apart:
        """What concerns one vessel, where tracks end and begin, and where everybody was."""
        reports = _Reports(positions)
        ends = [_frame(part) for part in self._ends(reports)]
        there = whereabouts.of_reports(
            reports.track // 100, reports.time_us, reports.lat, reports.lon
        )
        answers = {"ending": ends[0], "beginning": ends[1], "there": there}
        return Apart(self.detect(positions, context), {}, answers)

    def company(
        self, asks: Mapping[str, pd.DataFrame], answers: Mapping[str, pd.DataFrame]
    ) -> pd.DataFrame:
        """Who may have gone on from whom, who competes for that, and who passed the place."""
        ending, beginning = (
            hand_over.Ends(*(answers[name][field].to_numpy() for field in ENDS))
            for name in ("ending", "beginning")
        )
        rows = hand_over.candidates(ending, beginning, self._limits())
        end, begin = ending.take(rows[0]), beginning.take(rows[1])
        gave, took = end.track_id // 100, begin.track_id // 100
        direct = whereabouts.pairs(np.r_[gave, took], np.r_[took, gave])
        rivals = direct.merge(direct, left_on="other_mmsi", right_on="mmsi")
        thin = np.maximum(end.interval_s, begin.interval_s) > identity_reasons.THIN_S
        slots_us = np.arange(0, LOST_S + whereabouts.SLOT_S, whereabouts.SLOT_S) * SECOND_US
        n = len(slots_us)
        passed = whereabouts.of_reports(
            np.repeat(np.minimum(gave, took)[thin], n),
            np.repeat(begin.time_us[thin], n) - np.tile(slots_us, int(thin.sum())),
            np.repeat(end.lat[thin], n), np.repeat(end.lon[thin], n),
        )  # fmt: skip
        return whereabouts.joined([
            direct,
            whereabouts.pairs(rivals["mmsi_x"].to_numpy(), rivals["other_mmsi_y"].to_numpy()),
            whereabouts.near(passed, answers["there"], LOST_M),
        ])  # fmt: skip

    def related(self, statements: pd.DataFrame) -> pd.DataFrame:
        """Who says the same, or alike."""
        ships = statements[(mmsi_kind(statements["mmsi"]) != OTHER_STATION)]
        names, callsigns, imos = (said.spans(ships, f) for f in ("name", "callsign", "imo"))
        return namesakes.company(names, callsigns, imos, self._memory)

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """What doesn't agree, with whom, and where."""
        place, seen = words.place(event.lat, event.lon), event.evidence
        other = words.name(event.partner_of(mmsi)) if event.other_mmsi else ""
        old, new = seen.get("old_value"), seen.get("new_value")
        match event.subkind:
            case "hand_over":
                gave = f"{mmsi:09d}" == seen.get("from_mmsi")
                pause = max(float(seen.get("pause_s") or 0), 0) / 60
                miss = words.distance(seen["miss_m"])
                if gave:
                    return words.say(
                        "Went on under the number of {other} after {pause_min:.0f} min, {miss} "
                        "from where it would have been, {place}",
                        other=other, pause_min=pause, miss=miss, place=place,
                    )  # fmt: skip
                return words.say(
                    "Went on from the track of {other} after {pause_min:.0f} min, {miss} from "
                    "where it would have been, {place}",
                    other=other, pause_min=pause, miss=miss, place=place,
                )  # fmt: skip
            case "two_hulls":
                return words.say(
                    "{n} hulls sent its number at once, {distance} apart, {place}",
                    n=seen["n_hulls"], distance=words.distance(seen["median_distance_m"]),
                    place=place,
                )  # fmt: skip
            case "shared_imo":
                how = {
                    "in turn": words.say("in turn"),
                    "together": words.say("together"),
                    "apart": words.say("apart"),
                    "too far apart for one ship": words.say("too far apart for one ship"),
                }[str(seen["how"])]
                return words.say(
                    "Says the IMO number {value}, as does {other} ({how}), {place}",
                    value=new, other=other, how=how, place=place,
                )  # fmt: skip
            case "look_alike":
                return words.say(
                    "Its name {new!r} looks like {old!r} of {other}, {place}",
                    new=new, old=old, other=other, place=place,
                )  # fmt: skip
            case "invalid_imo":
                return words.say(
                    "Says {value} for its IMO number, which can't be one, {place}",
                    value=new, place=place,
                )  # fmt: skip
            case "invalid_mmsi":
                return words.say(
                    "Its MMSI {mmsi:09d} can't be one of a ship, {place}", mmsi=mmsi, place=place
                )
            case _:
                change = {
                    "name": words.say("Changed its name"),
                    "imo": words.say("Changed its IMO number"),
                    "callsign": words.say("Changed its call sign"),
                }[str(seen["field"])]
                return words.say(
                    "{change} from {old!r} to {new!r}, {place}",
                    change=change, old=old, new=new, place=place,
                )  # fmt: skip

    # --- One hull, two numbers -------------------------------------------------------------------

    def _limits(self) -> hand_over.Limits:
        names = hand_over.Limits.__dataclass_fields__
        return hand_over.Limits(**{name: getattr(self, name) for name in names})

    def _ends(self, reports: "_Reports") -> tuple[hand_over.Ends, hand_over.Ends]:
        return hand_over.ends(
            reports.track, reports.time_us, reports.lat, reports.lon, reports.sog_kn,
            reports.cog_deg, self._limits(),
        )  # fmt: skip

    def _hand_overs(
        self, reports: "_Reports", statements: pd.DataFrame, context: Context
    ) -> Iterator[dict[str, Any]]:
        limits = self._limits()
        ending, beginning = self._ends(reports)
        now_us = timespan.window_us(context.start, context.end)[1]
        so_far_s = (now_us - ending.time_us) / SECOND_US
        ended = np.isfinite(ending.silent_s) | (
            so_far_s >= np.maximum(self.min_ended_s, 6 * ending.interval_s)
        )
        ending = ending.take(ended & reports.is_ship(ending.track_id // 100))
        beginning = beginning.take(reports.is_ship(beginning.track_id // 100))
        pairs = hand_over.pairs(ending, beginning, limits)
        silent_s = np.minimum(pairs.end.silent_s, (now_us - pairs.end.time_us) / SECOND_US)
        vessels = np.unique(np.r_[pairs.end.track_id, pairs.begin.track_id] // 100)
        words = statements[statements["mmsi"].isin(vessels).to_numpy(bool)]
        for i in range(len(pairs.end)):
            tracks = [int(pairs.end.track_id[i]), int(pairs.begin.track_id[i])]
            gave, took = (track // 100 for track in tracks)
            begin_us = int(pairs.begin.time_us[i])
            until_us = begin_us + int(self.settle.total_seconds()) * SECOND_US
            mine, theirs = (
                _known(words, m, begin_us - self.memory_s * SECOND_US, until_us)
                for m in (gave, took)
            )
            both = [k for k in FIELDS if mine.get(k) and theirs.get(k)]
            same = [k for k in both if mine[k] == theirs[k]]
            otherwise = [
                k for k in both
                if k not in same and not said.is_typing(str(mine[k]), str(theirs[k]), k)
            ]  # fmt: skip
            unheard_s = min(float(pairs.begin.silent_s[i]), float(self.memory_s))
            lengths = [float(v.get("length_m", np.nan)) for v in (mine, theirs)]
            unlike = abs(lengths[0] - lengths[1]) > max(10.0, 0.15 * max(lengths))
            pause_s, miss_m = float(pairs.pause_s[i]), float(pairs.miss_m[i])
            clock_s = float(pairs.clock_s[i])
            miss_limit_m, rivals = float(pairs.miss_limit_m[i]), int(pairs.rivals[i])
            likeness = float(pairs.likeness[i])
            score = SCORES["hand_over"] * (1 - 0.2 * max(pause_s, 0) / self.max_pause_s)
            score *= likeness
            turned_deg = float(pairs.course_change_deg[i])
            score *= 1 - 0.3 * min(max(turned_deg - 30.0, 0.0) / 45.0, 1.0)
            score *= 0.7 if unheard_s < self.memory_s / 2 else 1.0
            score *= 0.8 if rivals else 1.0
            score *= 0.8 if abs(clock_s) > 60 else 1.0
            score *= 0.85 if unlike else 1.0
            first, second = int(pairs.end.row[i]), int(pairs.begin.row[i])
            evidence = {
                "from_mmsi": f"{gave:09d}",
                "to_mmsi": f"{took:09d}",
                "pause_s": pause_s,
                "max_pause_s": self.max_pause_s,
                "pause_s_margin": self.max_pause_s - pause_s,
                "miss_m": miss_m,
                "max_miss_m": miss_limit_m,
                "miss_m_margin": miss_limit_m - miss_m,
                "likeness": likeness,
                "clock_difference_s": clock_s,
                "max_clock_s": self.max_clock_s,
                "speed_kn": float(pairs.end.speed_kn[i]),
                "other_speed_kn": float(pairs.begin.speed_kn[i]),
                "max_speed_change_kn": float(pairs.speed_limit_kn[i]),
                "course_deg": float(pairs.end.course_deg[i]),
                "other_course_deg": float(pairs.begin.course_deg[i]),
                "course_change_deg": float(pairs.course_change_deg[i]),
                "max_course_change_deg": self.max_course_change_deg,
                "interval_s": float(pairs.end.interval_s[i]),
                "other_interval_s": float(pairs.begin.interval_s[i]),
                "heard_before_s": min(float(pairs.end.heard_s[i]), float(self.memory_s)),
                "silent_after_s": min(float(silent_s[i]), self.settle.total_seconds()),
                "unheard_before_s": unheard_s,
                "min_silence_s": self.min_silence_s,
                "n_rivals": rivals,
                "n_reports": 2,
                "n_mmsi_edits": edits(str(gave), str(took), 8),
                "length_m": lengths[0],
                "other_length_m": lengths[1],
                "old_number_invalid": mmsi_kind(gave) in (BAD_MID, BAD_FORM),
                "default_number": is_default_number(gave),
                "says_the_same": bool(same),
                "says_otherwise": bool(otherwise),
                **_others_lost(reports, ending, pairs, i),
                "same_said": ", ".join(f"{WORDS[k]} {mine[k]}" for k in same),
                "first_report_source": reports.source_of(first),
                "last_report_source": reports.source_of(second),
            }
            yield {
                "subkind": "hand_over",
                "mmsi": min(gave, took),
                "other_mmsi": max(gave, took),
                "track_ids": ";".join(str(track) for track in sorted(tracks)),
                "start": min(int(pairs.end.time_us[i]), begin_us),
                "end": begin_us + self.min_after_s * SECOND_US,
                "anchor": begin_us,
                "lat": float(pairs.end.lat[i]),
                "lon": float(pairs.end.lon[i]),
                "score": score,
                "evidence": evidence,
            }

    # --- One number, two hulls -------------------------------------------------------------------

    def _two_hulls(self, reports: "_Reports", context: Context) -> Iterator[dict[str, Any]]:
        found = hulls.alternations(
            reports.track, reports.time_us, reports.lat, reports.lon,
            max_interruption_s=self.max_interruption_s, min_switches=self.min_switches,
            min_duration_s=self.min_hulls_s,
        )  # fmt: skip
        now_us = timespan.window_us(context.start, context.end)[1]
        for one in found:
            mmsi = one.tracks[0] // 100
            if mmsi_kind(mmsi) == OTHER_STATION:
                continue
            if hulls.n_plausible(one, reports.track, reports) < 2 or self._is_copy(reports, one):
                continue
            first, last = int(one.rows[0]), int(one.rows[-1])
            start_us, last_us = int(reports.time_us[first]), int(reports.time_us[last])
            shares = np.unique(reports.track[one.rows], return_counts=True)[1] / len(one.rows)
            lasts_s = (last_us - start_us) / SECOND_US
            some = one.rows[:: max(1, len(one.rows) // 500)]
            land = context.zones.on_land(reports.lat[some], reports.lon[some])
            evidence = {
                "n_hulls": len(one.tracks),
                "n_switches": one.n_switches,
                "min_switches_reports": self.min_switches,
                "duration_s": lasts_s,
                "min_duration_s": self.min_hulls_s,
                "duration_s_margin": lasts_s - self.min_hulls_s,
                "median_distance_m": float(np.median(one.apart_m)),
                "min_distance_m": float(one.apart_m.min()),
                "minor_fraction": float(shares.min()),
                "n_minor_reports": round(float(shares.min()) * len(one.rows)),
                "on_land_fraction": float(np.mean(land)),
                "class_b_only": bool(np.all(reports.ais_class[one.rows] == "B")),
                "default_number": is_default_number(mmsi),
                "n_reports": len(one.rows),
                "first_report_source": reports.source_of(first),
                "last_report_source": reports.source_of(last),
            }
            still_on = now_us - last_us <= self.max_interruption_s * SECOND_US
            yield {
                "subkind": "two_hulls",
                "mmsi": mmsi,
                "track_ids": ";".join(str(track) for track in one.tracks[:2]),
                "start": start_us,
                "end": None if still_on else last_us,
                "anchor": start_us,
                "lat": float(reports.lat[first]),
                "lon": float(reports.lon[first]),
                "score": SCORES["two_hulls"],
                "evidence": evidence,
            }

    def _is_copy(self, reports: "_Reports", one: hulls.Alternation) -> bool:
        """Whether all other tracks repeat the one heard most, beside it or by a wrong clock."""
        track = reports.track[one.rows]
        tracks, counts = np.unique(track, return_counts=True)
        main = track == tracks[counts.argmax()]
        original, copy = (
            copies.Track(reports.time_us[own], reports.lat[own], reports.lon[own])
            for own in (one.rows[main], one.rows[~main])
        )
        found = copies.judge(
            original, copy, max_spread_m=self.max_copy_spread_m, min_moved_m=self.min_copy_moved_m,
            min_duration_s=self.min_hulls_s, min_reports=self.min_switches,
        )  # fmt: skip
        return found is not None or copies.one_clock(
            copies.clock_lags_s(copies.steps(reports, one.here, one.there))
        )

    # --- What was said ---------------------------------------------------------------------------

    def _said(
        self, reports: "_Reports", spans: Mapping[str, pd.DataFrame], context: Context
    ) -> Iterator[dict[str, Any]]:
        memory = self._memory
        changes = [c for field in FIELDS for c in said.changes(spans[field], field, memory)]
        yield from self._changes(changes, spans["imo"], reports, context)
        for shared in namesakes.shared_imo(spans["imo"], memory):
            yield self._shared_imo(shared, reports)
        for pair in namesakes.look_alikes(spans["name"], spans["callsign"], spans["imo"], memory):
            yield self._look_alike(pair, reports)

    def _changes(
        self,
        changes: Sequence[said.Change],
        numbers: pd.DataFrame,
        reports: "_Reports",
        context: Context,
    ) -> Iterator[dict[str, Any]]:
        for change in changes:
            others = [
                c
                for c in changes
                if c.mmsi == change.mmsi
                and c.field != change.field
                and abs(c.new_us - change.new_us) <= 2 * self.min_said_s * SECOND_US
            ]
            row = reports.at(change.mmsi, change.new_us)
            place = np.array([reports.lat[row]]), np.array([reports.lon[row]])
            around = reports.between(
                change.mmsi, change.new_us - self.memory_s * SECOND_US, change.last_us
            )
            subkind = FIELDS[change.field]
            n_others = len({c.field for c in others})
            evidence = {
                "field": change.field,
                "old_value": change.old,
                "new_value": change.new,
                "said_before_s": (change.new_us - change.old_us) / SECOND_US,
                "memory_s": self.memory_s,
                "said_for_s": (change.last_us - change.new_us) / SECOND_US,
                "min_said_s": self.min_said_s,
                "said_for_s_margin": (change.last_us - change.new_us) / SECOND_US - self.min_said_s,
                "returned": change.returned,
                "n_other_fields": n_others,
                "imo_kept": self._imo_kept(change, numbers),
                "n_hulls": len(np.unique(reports.track[around])),
                "speed_kn": reports.speed_kn(row),
                "in_port": bool(context.zones.within(*place, ("port", "anchorage"))[0]),
                "n_reports": len(around),
                "first_report_source": reports.source_of(row),
                "last_report_source": reports.source_of(reports.at(change.mmsi, change.last_us)),
            }
            yield {
                **reports.place_of(row),
                "subkind": subkind,
                "track_ids": str(reports.track[row]),
                "start": change.new_us - self.static_interval_s * SECOND_US,
                "end": change.last_us,
                "anchor": change.new_us,
                "score": min(SCORES[subkind] + 0.15 * n_others, 0.85),
                "evidence": evidence,
            }

    def _imo_kept(self, change: said.Change, numbers: pd.DataFrame) -> bool:
        """Whether a vessel said one IMO number, which can be right, before and after a change."""
        since_us = change.new_us - self.memory_s * SECOND_US
        own = said.rows_of(numbers[(numbers["mmsi"] == change.mmsi).to_numpy(bool)])
        before = {n.value for n in own if n.last_us >= since_us and n.first_us < change.new_us}
        after = {
            n.value for n in own if n.last_us >= change.new_us and n.first_us <= change.last_us
        }
        return before == after and len(after) == 1 and bool(imo_is_valid(int(min(after))))

    def _shared_imo(self, shared: namesakes.Shared, reports: "_Reports") -> dict[str, Any]:
        """One IMO number, two MMSIs: whether both were heard at once, and how far apart."""
        since_us = shared.start_us - self.memory_s * SECOND_US
        rows = [
            reports.between(m, since_us, shared.last_us) for m in (shared.mmsi, shared.other_mmsi)
        ]
        own = np.concatenate(rows)
        own = own[np.lexsort((reports.mmsi[own], reports.time_us[own]))]
        turn = np.flatnonzero(np.diff(reports.mmsi[own]) != 0)
        here, there = own[turn], own[turn + 1]
        apart_m = np.atleast_1d(
            geodesy.distance_m(
                reports.lat[here], reports.lon[here], reports.lat[there], reports.lon[there]
            )
        )
        apart_s = (reports.time_us[there] - reports.time_us[here]) / SECOND_US
        needed_kn = np.atleast_1d(geodesy.speed_kn(apart_m, np.maximum(apart_s, 1.0)))
        distance_m = float(np.median(apart_m)) if len(turn) else float("nan")
        if len(turn) < self.min_switches:
            how = "in turn"
        else:
            how = "apart" if distance_m > self.max_together_m else "together"
        fastest_kn = float(needed_kn.max()) if len(turn) else float("nan")
        score = SHARED_SCORES[how]
        if how == "in turn" and fastest_kn > self.max_transit_kn and distance_m > 5000.0:
            how, score = "too far apart for one ship", IMPOSSIBLE_SCORE
        row, other = (reports.at(m, shared.start_us) for m in (shared.mmsi, shared.other_mmsi))
        evidence = {
            "how": how,
            "new_value": shared.value,
            "n_switches": len(turn),
            "min_switches_reports": self.min_switches,
            "median_distance_m": distance_m,
            "max_together_m": self.max_together_m,
            "needed_speed_kn": fastest_kn,
            "max_transit_kn": self.max_transit_kn,
            "said_before_s": (shared.start_us - shared.since_us) / SECOND_US,
            "n_reports": len(own),
            "first_report_source": reports.source_of(row),
            "last_report_source": reports.source_of(other),
        }
        return {**self._pair("shared_imo", shared, reports, row, other), "score": score,
                "evidence": evidence}  # fmt: skip

    def _look_alike(self, pair: namesakes.Shared, reports: "_Reports") -> dict[str, Any]:
        row, other = (reports.at(m, pair.start_us) for m in (pair.mmsi, pair.other_mmsi))
        ends = (reports.lat[row], reports.lon[row], reports.lat[other], reports.lon[other])
        evidence = {
            "new_value": pair.value,
            "old_value": pair.other_value,
            "distance_m": float(geodesy.distance_m(*ends)),
            "said_before_s": (pair.start_us - pair.since_us) / SECOND_US,
            "min_said_s": self.min_said_s,
            "n_reports": 2,
            "first_report_source": reports.source_of(row),
            "last_report_source": reports.source_of(other),
        }
        return {**self._pair("look_alike", pair, reports, row, other),
                "score": SCORES["look_alike"], "evidence": evidence}  # fmt: skip

    @staticmethod
    def _pair(
        subkind: str, shared: namesakes.Shared, reports: "_Reports", row: int, other: int
    ) -> dict[str, Any]:
        return {
            **reports.place_of(row),
            "subkind": subkind,
            "mmsi": shared.mmsi,
            "other_mmsi": shared.other_mmsi,
            "track_ids": f"{reports.track[row]};{reports.track[other]}",
            "start": shared.start_us,
            "end": max(shared.last_us, shared.start_us),
            "anchor": shared.start_us,
        }

    # --- Numbers that can't be right -------------------------------------------------------------

    def _invalid_imos(
        self, reports: "_Reports", statements: pd.DataFrame, numbers: pd.DataFrame
    ) -> Iterator[dict[str, Any]]:
        wrong = imo_kind(statements["imo"]) == "invalid"
        merchant = statements["ship_type"].between(60, 89) | statements["length_m"].ge(
            self.min_ship_m
        )
        wrong &= (merchant & statements["ais_class"].ne("B")).to_numpy(bool)
        for one in said.rows_of(said.spans(statements[wrong], "imo")):
            said_s = (one.last_us - one.first_us) / SECOND_US
            own = numbers[(numbers["mmsi"] == one.mmsi).to_numpy(bool)]
            if said_s < self.min_said_s or said.is_corrected(one, said.rows_of(own), self._memory):
                continue
            row = reports.at(one.mmsi, one.first_us)
            yield {
                **reports.place_of(row),
                "subkind": "invalid_imo",
                "track_ids": str(reports.track[row]),
                "start": one.first_us,
                "end": one.last_us,
                "anchor": one.first_us,
                "score": SCORES["invalid_imo"],
                "evidence": {
                    "new_value": one.value,
                    "said_for_s": said_s,
                    "min_said_s": self.min_said_s,
                    "min_ship_m": self.min_ship_m,
                    "default_number": is_default_number(int(one.value)),
                    "n_reports": 1,
                    "first_report_source": reports.source_of(row),
                },
            }

    def _invalid_mmsis(
        self, reports: "_Reports", statements: pd.DataFrame
    ) -> Iterator[dict[str, Any]]:
        kinds = mmsi_kind(reports.vessels)
        wrong = np.flatnonzero((kinds == BAD_MID) | (kinds == BAD_FORM))
        about = statements[statements["mmsi"].isin(reports.vessels[wrong]).to_numpy(bool)]
        is_large = about["length_m"].ge(self.min_ship_m) | imo_is_valid(about["imo"])
        large, liars = (
            set(zip(rows["mmsi"], epoch_us(rows["first_time"]) // DAY_US, strict=True))
            for rows in (
                about[is_large.to_numpy(bool)],
                about[is_large.to_numpy(bool) & (imo_kind(about["imo"]) == "invalid")],
            )
        )
        for i in wrong.tolist():
            mmsi = int(reports.vessels[i])
            rows = reports.of(mmsi)
            rows = rows[np.argsort(reports.time_us[rows], kind="stable")]
            bounds = offsets(reports.time_us[rows] // DAY_US)
            for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
                first, last = int(rows[a]), int(rows[b - 1])
                start_us, last_us = int(reports.time_us[first]), int(reports.time_us[last])
                heard_s = (last_us - start_us) / SECOND_US
                if heard_s < self.min_said_s:
                    continue
                date = mmsi, start_us // DAY_US
                score = SCORES["invalid_mmsi"] * (2 if date in large else 1)
                yield {
                    **reports.place_of(first),
                    "subkind": "invalid_mmsi",
                    "track_ids": str(reports.track[first]),
                    "start": start_us,
                    "end": last_us,
                    "anchor": start_us,
                    "score": BOTH_WRONG_SCORE if date in liars else score,
                    "evidence": {
                        "what_is_wrong": "no such MID" if kinds[i] == BAD_MID else "no such form",
                        "says_it_is_large": date in large,
                        "imo_invalid_too": date in liars,
                        "min_ship_m": self.min_ship_m,
                        "heard_s": heard_s,
                        "min_heard_s": self.min_said_s,
                        "default_number": is_default_number(mmsi),
                        "n_reports": b - a,
                        "first_report_source": reports.source_of(first),
                        "last_report_source": reports.source_of(last),
                    },
                }


class _Reports:
    """The columns of the positions as arrays, and where each vessel's are."""

    def __init__(self, positions: pd.DataFrame) -> None:
        self.track = positions["track_id"].to_numpy()
        self.time_us = epoch_us(positions["time"])
        self.lat, self.lon = positions["lat"].to_numpy(), positions["lon"].to_numpy()
        self.sog_kn, self.cog_deg = positions["sog_kn"].to_numpy(), positions["cog_deg"].to_numpy()
        self._source = positions["source"]
        self._source_offset = positions["source_offset"].to_numpy()
        self._positions = positions
        bounds = offsets(self.track)
        tracks = self.track[bounds[:-1]]
        self.vessels, at = np.unique(tracks // 100, return_index=True)
        self._first = bounds[at]
        self._stop = np.r_[self._first[1:], len(self.track)]

    @property
    def mmsi(self) -> Ints:
        """MMSI of each report."""
        return np.asarray(self._positions["mmsi"].to_numpy())

    @property
    def ais_class(self) -> NDArray[Any]:
        """Class of each report."""
        return np.asarray(self._positions["ais_class"].to_numpy())

    @staticmethod
    def is_ship(mmsi: Ints) -> NDArray[np.bool_]:
        """Whether MMSIs are not those of other stations: aircraft, buoys, boats of a ship."""
        return np.asarray(mmsi_kind(mmsi) != OTHER_STATION, bool)

    def of(self, mmsi: int) -> Ints:
        """Rows of a vessel, by track."""
        slot = int(np.searchsorted(self.vessels, mmsi))
        return np.arange(self._first[slot], self._stop[slot])

    def between(self, mmsi: int, since_us: int, until_us: int) -> Ints:
        """Rows of a vessel from one time to another."""
        rows = self.of(mmsi)
        time_us = self.time_us[rows]
        return rows[(time_us >= since_us) & (time_us <= until_us)]

    def at(self, mmsi: int, time_us: int) -> int:
        """The last row of a vessel at or before a time, its first where there is none."""
        rows = self.of(mmsi)
        away_us = time_us - self.time_us[rows]
        before = np.flatnonzero(away_us >= 0)
        if len(before):
            return int(rows[before[away_us[before].argmin()]])
        return int(rows[away_us.argmax()])

    def speed_kn(self, row: int) -> float:
        """Speed by positions over the ten minutes and more up to a report; NaN if none before."""
        rows = self.of(int(self.track[row] // 100))
        rows = rows[(self.track[rows] == self.track[row]) & (rows < row)]
        away_s = (self.time_us[row] - self.time_us[rows]) / SECOND_US
        far = np.flatnonzero(away_s >= 600.0)
        if not len(far):
            return float("nan")
        then = int(rows[far[-1]])
        moved_m = geodesy.distance_m(self.lat[then], self.lon[then], self.lat[row], self.lon[row])
        return float(geodesy.speed_kn(moved_m, away_s[far[-1]]))

    def place_of(self, row: int) -> dict[str, Any]:
        """MMSI and place of a report, as an event has them."""
        return {
            "mmsi": int(self.track[row] // 100),
            "lat": float(self.lat[row]),
            "lon": float(self.lon[row]),
        }

    def source_of(self, row: int) -> str:
        """Where a report is in its feed."""
        return f"{self._source.iloc[row]}:{int(self._source_offset[row])}"


def _frame(ends: hand_over.Ends) -> pd.DataFrame:
    return pd.DataFrame({name: getattr(ends, name) for name in ENDS})


def _of_ships(statements: pd.DataFrame, reports: _Reports) -> pd.DataFrame:
    """What the vessels that were heard, aircraft and buoys aside, said of themselves."""
    ships = reports.vessels[reports.is_ship(reports.vessels)]
    return statements[statements["mmsi"].isin(ships).to_numpy(bool)]


def _others_lost(
    reports: _Reports, ending: hand_over.Ends, pairs: hand_over.HandOvers, i: int
) -> dict[str, Any]:
    """How many others passed the place of a hand-over in the hours before, and were lost there.

    Only where one of the two is heard so seldom that it matters.
    """
    interval_s = max(float(pairs.end.interval_s[i]), float(pairs.begin.interval_s[i]))
    if interval_s <= identity_reasons.THIN_S:
        return {}
    lat, lon = float(pairs.end.lat[i]), float(pairs.end.lon[i])
    until_us = int(pairs.begin.time_us[i])
    own = np.array([pairs.end.track_id[i], pairs.begin.track_id[i]]) // 100

    def others(source: _Reports | hand_over.Ends, mmsi: Ints, at: Ints) -> int:
        when_us = source.time_us[at]
        at = at[(when_us >= until_us - LOST_S * SECOND_US) & (when_us <= until_us)]
        near = geodesy.distance_m(lat, lon, source.lat[at], source.lon[at]) <= LOST_M
        return int(np.count_nonzero(~np.isin(np.unique(mmsi[at[near]]), own)))

    band = np.flatnonzero(np.abs(reports.lat - lat) <= LOST_M / shapes.DEGREE_M)
    n_lost = others(ending, ending.track_id // 100, np.arange(len(ending)))
    n_passed = others(reports, reports.track // 100, band)
    return {"n_others_lost": n_lost, "n_others_passed": n_passed, "lost_within_m": LOST_M}


def _known(statements: pd.DataFrame, mmsi: int, since_us: int, until_us: int) -> dict[str, Any]:
    """What a vessel said last of each field between two times."""
    own = statements[(statements["mmsi"] == mmsi).to_numpy(bool)]
    first_us, last_us = epoch_us(own["first_time"]), epoch_us(own["last_time"])
    own = own[(first_us <= until_us) & (last_us >= since_us)].sort_values(
        ["first_time", "imo", "name", "callsign"], kind="stable"
    )
    known: dict[str, Any] = {}
    for name in ("name", "callsign", "imo", "length_m"):
        column = own[name]
        filled = column.notna() & column.ne("") & column.ne(0)
        if filled.any():
            known[name] = column[filled.to_numpy(bool)].iloc[-1]
    return known


def _timed(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for `events.build`: microseconds as times, and what all have in common."""
    times = {
        name: pd.NaT if row[name] is None else pd.Timestamp(int(row[name]), unit="us", tz="UTC")
        for name in ("start", "end", "anchor")
    }
    common = {"kind": Identity.name, "detector": Identity.name, "version": Identity.version}
    return {**row, **times, **common}

"""Gap: a vessel that was heard regularly falls silent where others are heard on."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core import coverage, events, geodesy, reach, receivers, runs, surroundings, timespan
from detectors.core.detector import Context, Detector, RestsOn
from detectors.core.explain import Hypothesis
from detectors.core.frames import SECOND_US, epoch_us, from_epoch_us
from detectors.core.hypotheses_gap import HYPOTHESES
from detectors.core.telling import Told, Words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NO_HISTORY: Final = "not assessed: too few reports before the silence to expect another"
FIRST_SHIP_MMSI: Final = 200_000_000
_DAY_SLOTS: Final = 86_400 // coverage.SLOT_S
_TWO_HOURS_S: Final = 7200
_RARE: Final = 0.003
"""A chance of falling silent from which on less makes no difference to the score."""
LAST_SHIP_MMSI: Final = 799_999_999


class Gap(Detector):
    """A silence that neither reception nor the end of a voyage accounts for.

    A silence runs from a track's last report before it to the first one after, or is still open at
    `context.end`. It is an event when all of this holds:

    - It lasts `min_duration_a_s` (class A) or `min_duration_b_s` (class B), and not longer than
      `max_duration_s`: beyond that the vessel is laid up or has left by a way that wasn't heard,
      and its silence no longer asks for a patrol. An open gap older than that is dropped.
    - The vessel was *reporting regularly*: at least `min_history_reports` in the `history_s`
      before, over `min_regular_s` or more, and the silence is `min_interval_ratio` times as long as
      the longest interval of the last `recent_s` (of all `history_s`, if it wasn't reporting
      regularly in that time) and as the typical interval of those heard around meanwhile.
      An interval in which most of the time nobody else around was heard, or nothing in the whole
      feed, says nothing about this vessel and doesn't count.
    - Others *were heard around meanwhile*: at least `min_neighbours` in the cell and its eight
      neighbours, in `min_heard_fraction` of the half hours of the silence. For a closed gap that is
      asked along the straight line that joins its ends, for an open one where it began; in both for
      the first `assessed_s` at most. That also leaves out feed and receiver outages. Where the
      feed names its receivers, no half hour counts in which those that heard half or more of what
      was heard around its last position in the day before heard nothing anywhere. Where nobody
      happens to pass, what is known of the place counts for a part, for class A: a half hour is
      worth `known_worth_still` (the vessel lies still: it was itself heard from that very spot) or
      `known_worth_moving`, if vessels were heard there in `min_known_hours` half hours of the day
      before and meanwhile, its own included, and its receivers worked, or `min_neighbours` were
      just then heard within a station's reach if they aren't known. It is worth
      `known_worth_still` under way too, in a closed gap, where vessels were heard in
      `min_well_known_hours` and the chance of falling silent there (see Notes) is
      `max_well_known_chance` at most. It is also enough that others were beside it in `min_beside`
      half hours, if the place is known in the rest.
    - It isn't where *reception ends*: over the day before and the silence itself, not more than
      `max_other_silence_ratio` of the vessels heard around its last position fell silent there
      (fewer than `min_edge_silences` never count; nor do those that an outage of the feed made).
    - The vessel did not *sail out of range*: when it was making `moving_kn` or more, someone was
      heard (or land is) ahead on its course, as far as it goes in two hours but `ahead_m` at most,
      in half of the first two hours. Where vessels are heard seldom, not more than one in half an
      hour, it is enough that they are heard ahead half as often as here. Not asked of a closed gap
      whose ends are `ahead_m` apart: it was heard again beyond. Nor of one that *came back*, where
      vessels were heard ahead in `min_known_hours` half hours of the day: its ends are no further
      apart than `came_back_share` of the way that its speed before would have made, so that it
      didn't sail on, and reception doesn't end there.
    - It was not *at or bound for a berth*: its last position isn't in a zone of `berth_classes`,
      nor would `approach_s` more of the same course and speed end in one of `approach_classes`;
      nor was it lying still within `alongside_m` of land. A vessel under way there whose silence
      ends outside any berth is an event all the same.
    - The MMSI *wasn't heard on another track* meanwhile. If it was, the question is one of
      identity, not of silence.
    - The MMSI is a ship's (first digit 2-7, ITU-R M.585-9, annex 1): the beacons of fishing nets,
      search-and-rescue transmitters and the like fall silent when they are taken in.

    Parameters
    ----------
    min_duration_a_s, min_duration_b_s
        1 h and 2 h. Class A reports every 3 min or more often (ITU-R M.1371-5, annex 1, table 1),
        so an hour is twenty reports missed; class B is weaker, slower and more often lost. GFW's
        12 h (Welch et al. 2022) is for satellite reception on the high seas; a tanker crosses
        the Singapore Strait in six.
    max_duration_s
        14 days.
    history_s, recent_s, min_history_reports, min_regular_s, min_interval_ratio
        3 h and three quarters of one, 5 reports over half an hour, ten times. Judgements: an
        interval ten times the longest of late is not the same reception any more, and at 12 kn
        what was heard 17 km back is that of another place; a satellite hears a ship for ten
        minutes of a pass, which is no regular reception.
    min_neighbours, min_heard_fraction, assessed_s
        2 vessels in 60 % of the half hours, over 12 h. Welch et al. ask for a density of
        reception likewise. A vessel counts once for each cell that it was heard in, hence 2.
    min_known_hours, min_beside, known_worth_still, known_worth_moving
        8 and 4 half hours; three quarters of a half hour in which others were heard, and two
        fifths: one under way needs others beside it in a third of the time or for two hours in
        all. Class B, whose weak signal depends
        on the boat and its aerial, always needs its like beside it.
    min_well_known_hours, max_well_known_chance
        48, one vessel in each half hour of the day, of whom one fell silent at most; 0.03. At the
        receivers' edges of simulated feeds the chance is 0.04 and more.
    min_edge_silences, max_other_silence_ratio
        3, and 0.05 of the vessels, each counted once per cell and half hour that it was heard in. A
        vessel passing through is counted four to six times, so 0.05 is every fourth or fifth of
        them; where vessels linger, as in a transfer area, a few silences among them stay below.
        Judgement: at the receivers' edges of simulated feeds it is 0.1 to 0.5, elsewhere below
        0.04.
    moving_kn, ahead_m, came_back_share
        3 kn, and 30 km: with cells of 11 km the place ahead is heard from 14 km on, well within the
        20-40 nm that a coast station reaches. A quarter: a ship that is out and back in range
        otherwise has turned round where nobody hears it, and come out near where it went in.
    berth_classes, approach_classes, approach_s, alongside_m
        Zones where vessels moor and transmitters are put out with the lights; 15 min of approach;
        500 m, beyond which a ship doesn't lie alongside.
    habit_s, alike_share
        Evidence says how often in the day before the same track was silent at least half as long
        while others around were heard: a set may be switched on and off all day, or fail.
    reach_share, min_reach_kn, max_reach_kn
        Evidence says how far from its last position the vessel can have been meanwhile, and in how
        large an area: at 1.25 times the faster of its speed before and of what the way to its next
        position asks for, at least 6 kn, at most 30 kn.
    unproven_after_s
        24 h. See Notes.

    Notes
    -----
    Score before explanations: how improbable the silence is if the vessel was transmitting. Of
    those heard around its last position in the day before and meanwhile, so many fell silent in so
    many half hours: (silences + 1/2) / (half hours + 1) is the chance that one does (the mean of
    the posterior under Jeffreys' prior, so that little knowledge makes no surprise). Its logarithm,
    1 from 0.003 on, times the square root of ratio / (ratio + 10) and hours / (hours + 1), where
    the ratio is that of the silence to the longest interval before it, times the fraction of half
    hours heard; times 0.8 if the vessel wasn't moving, times 0.8 if it was heard again in a berth.

    History that isn't loaded can't be told from history that doesn't exist. So a silence of
    `unproven_after_s` or more that follows upon less than `history_s` of track is reported even
    without regular reports, and whatever the way before it seems to say when less than
    `approach_s` of track shows it: the caller then loads more, and the event is judged on it.
    Where there is no more, it stays as not assessed, with score 0.
    """

    name: ClassVar[str] = "gap"
    version: ClassVar[str] = "3"
    requires: ClassVar[tuple[str, ...]] = (
        "mmsi", "time", "lat", "lon", "nav_status", "ais_class", "track_id", "source",
        "source_offset",
    )  # fmt: skip
    rests_on: ClassVar[RestsOn] = RestsOn.OWN
    source: ClassVar[str] = (
        "Welch, Clavelle, White, Cimino, Van Osdel, Hochberg, Kroodsma & Hazen (2022), Hot spots "
        "of unseen fishing vessels, Science Advances 8, eabq2109, doi:10.1126/sciadv.abq2109; "
        "reporting intervals: ITU-R M.1371-5, annex 1, tables 1 and 2"
    )
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    min_duration_a_s: PositiveInt = Field(default=3600, ge=2 * coverage.SLOT_S)
    min_duration_b_s: PositiveInt = Field(default=7200, ge=2 * coverage.SLOT_S)
    max_duration_s: PositiveInt = 14 * 86_400
    history_s: PositiveInt = 10_800
    recent_s: PositiveInt = 2700
    min_history_reports: PositiveInt = Field(default=5, ge=2)
    min_regular_s: PositiveInt = 1800
    min_interval_ratio: PositiveFloat = 10.0
    min_neighbours: PositiveInt = 2
    min_heard_fraction: PositiveFloat = Field(default=0.6, le=1.0)
    min_known_hours: PositiveInt = 8
    min_beside: PositiveInt = 4
    known_worth_moving: float = Field(default=0.4, ge=0, le=1)
    known_worth_still: float = Field(default=0.75, ge=0, le=1)
    min_well_known_hours: PositiveInt = 48
    max_well_known_chance: PositiveFloat = Field(default=0.03, le=1.0)
    assessed_s: PositiveInt = 43_200
    min_edge_silences: PositiveInt = 3
    max_other_silence_ratio: PositiveFloat = 0.05
    moving_kn: PositiveFloat = 3.0
    ahead_m: PositiveFloat = 30_000.0
    came_back_share: float = Field(default=0.25, ge=0, le=1)
    berth_classes: tuple[str, ...] = ("port", "anchorage", "landing_place")
    approach_classes: tuple[str, ...] = ("port", "landing_place")
    approach_s: PositiveInt = 900
    alongside_m: PositiveFloat = 500.0
    habit_s: PositiveInt = 86_400
    alike_share: PositiveFloat = Field(default=0.5, le=1.0)
    reach_share: PositiveFloat = Field(default=1.25, ge=1.0)
    min_reach_kn: PositiveFloat = 6.0
    max_reach_kn: PositiveFloat = 30.0
    unproven_after_s: PositiveInt = 86_400

    @property
    def lookback(self) -> timedelta:
        """With less history than this a silence that reaches into the window is unproven."""
        return timedelta(seconds=max(self.unproven_after_s, self.habit_s) + self.history_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find gaps; see the class for the rule and `Detector.detect` for the frames."""
        if positions.empty:
            return events.empty()
        reports = _Reports(positions)
        silences = self._silences(reports, context)
        for narrow in (
            self._regular,
            self._heard_around,
            self._not_at_an_edge,
            self._not_out_of_range,
            self._no_berth,
            self._by_habit,
        ):
            if len(silences.row) == 0:
                return events.empty()
            silences = narrow(silences, reports, context)
        return events.build(self._events(silences, reports))

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """How long it was silent, from where, who was heard meanwhile, and where it came back."""
        duration, place = words.duration(event.start, event.end), words.place(event.lat, event.lon)
        if event.end is None:
            sentence = words.say(
                "Silent for {duration}, last heard {place}", duration=duration, place=place
            )
        else:
            sentence = words.say(
                "Sent nothing for {duration}, last heard {place}", duration=duration, place=place
            )
        heard = event.evidence.get("n_neighbours")
        if heard:
            sentence += words.say(", where {n} other vessels were heard meanwhile", n=heard)
        elif event.evidence.get("known_fraction"):
            sentence += words.say(", where others are heard at other hours")
        alike = event.evidence.get("n_alike_silences")
        if alike == 1:
            sentence += words.say(", as once in the day before")
        elif alike:
            sentence += words.say(", as {n} times in the day before", n=alike)
        moved = event.evidence.get("distance_m")
        if moved and event.end is not None:
            nm = moved / geodesy.METRES_PER_NM
            again = words.say("; heard again {nm:.0f} nm away", nm=nm)
            sentence += again if nm >= 0.5 else words.say("; heard again there")
        if event.end is not None:
            return sentence
        reach_m = event.evidence.get("reachable_distance_m")
        far = ""
        if reach_m:
            far = words.say(", by now up to {reach} from there", reach=words.distance(reach_m))
        return f"{sentence}{words.say(', and silent still')}{far}"

    def _silences(self, reports: "_Reports", context: Context) -> "_Silences":
        """Silences of ships that are long enough, touch the window and are of the whole MMSI."""
        window = timespan.window_us(context.start, context.end)
        row = np.arange(len(reports.track))
        last = np.r_[reports.track[1:] != reports.track[:-1], True]
        end_us = np.where(last, window[1], np.r_[reports.time_us[1:], 0])
        duration_s = (end_us - reports.time_us) / SECOND_US
        shortest_s = np.where(
            reports.ais_class == "B", self.min_duration_b_s, self.min_duration_a_s
        )
        ship = (reports.mmsi >= FIRST_SHIP_MMSI) & (reports.mmsi <= LAST_SHIP_MMSI)
        wanted = ship & (duration_s >= shortest_s) & (duration_s <= self.max_duration_s)
        wanted &= timespan.touches(reports.time_us, end_us, window, self.settle)
        row = np.flatnonzero(wanted)
        row = row[reports.heard_elsewhere(row, end_us[row] + last[row]) == 0]
        columns = {
            "duration_s": duration_s[row],
            "min_duration_s": shortest_s[row],
            "duration_margin_s": duration_s[row] - shortest_s[row],
        }
        return _Silences(row, last[row], reports.time_us[row], end_us[row], columns)

    def _regular(self, silences: "_Silences", reports: "_Reports", context: Context) -> "_Silences":
        """Those that follow upon regular reports, or upon too little track to tell.

        An interval of the history in which the others around weren't heard either says nothing
        about this vessel's reports: it is left out of the longest, and of the regular time.
        """
        first = reports.first_since(silences.row, self.history_s)
        n_reports = silences.row - first + 1
        count = silences.row - first
        silence = np.repeat(np.arange(len(count)), count)
        step = np.arange(len(silence)) - np.repeat(np.cumsum(count) - count, count) + first[silence]
        step_s = reports.step_s[step]
        excused = self._unheard(step, reports, context)
        counted_s = np.where(excused, np.nan, step_s)
        n = len(count)
        is_late = step >= reports.first_since(silences.row, self.recent_s)[silence]
        regular_s, late_s = (
            np.bincount(silence[among], weights=np.nan_to_num(counted_s[among]), minlength=n)
            for among in (np.ones(len(step), bool), is_late)
        )
        n_late = np.bincount(silence[is_late], minlength=n)
        lately = (n_late + 1 >= self.min_history_reports) & (late_s >= self.min_regular_s)
        last = np.cumsum(count) - 1
        some = count > 0
        longest_s, median_s = np.full(n, np.nan), np.full(n, np.nan)
        for into, among, q in (
            (longest_s, np.where(lately, n_late, count), 1.0),
            (median_s, count, 0.5),
        ):
            into[some] = runs.quantiles(counted_s, (last - among + 1)[some], last[some], q)
        duration_s = silences.columns["duration_s"]
        ratio = duration_s / longest_s
        regular = (
            (n_reports >= self.min_history_reports)
            & (regular_s >= self.min_regular_s)
            & (ratio >= self.min_interval_ratio)
        )
        track_s = (silences.start_us - reports.track_start_us(silences.row)) / SECOND_US
        maybe_cut = duration_s >= self.unproven_after_s
        unproven = maybe_cut & (~regular & (track_s < self.history_s) | (track_s < self.approach_s))
        speed_kn, course_deg = reports.way_before(silences.row, self.approach_s)
        return silences.narrowed(
            regular | unproven,
            history_known=~unproven,
            history_s=np.full(n, self.history_s),
            recent_s=np.full(n, self.recent_s),
            n_history_reports=n_reports,
            min_history_reports=np.full(n, self.min_history_reports),
            regular_s=regular_s,
            min_regular_s=np.full(n, self.min_regular_s),
            longest_interval_s=longest_s,
            median_interval_s=median_s,
            interval_ratio=ratio,
            min_interval_ratio=np.full(n, self.min_interval_ratio),
            speed_before_kn=speed_kn,
            course_before_deg=course_deg,
            nav_status=reports.nav_status[silences.row],
        )

    def _unheard(self, step: Ints, reports: "_Reports", context: Context) -> Bools:
        """Whether in most of the whole half hours between a report and the next of its track, or
        of the ten minutes, others around, or the whole feed, weren't heard either.
        """
        excused = np.zeros(len(step), bool)
        for slot_s in (coverage.SLOT_S, coverage.FEED_SLOT_S):
            long = np.flatnonzero((reports.step_s[step] >= slot_s) & ~excused)
            row = step[long]
            there = _Silences(
                row, np.zeros(len(row), bool), reports.time_us[row],
                reports.time_us[np.minimum(row + 1, len(reports.track) - 1)], {},
            ).at_slots(reports, slot_s, self.history_s)  # fmt: skip
            if slot_s == coverage.FEED_SLOT_S:
                heard = context.coverage.feed_heard(there.slot)
            else:
                ais_class = reports.ais_class[row][there.silence]
                around = context.coverage.around(there.lat, there.lon, there.slot, ais_class)
                heard = around.vessels >= self.min_neighbours
            excused[long] = (there.count > 0) & (np.nan_to_num(there.mean(heard), nan=1.0) < 0.5)
        return excused

    def _heard_around(
        self, silences: "_Silences", reports: "_Reports", context: Context
    ) -> "_Silences":
        """Those during which others were heard, and heard more often than the silence is long."""
        there = silences.at_slots(reports, coverage.SLOT_S, self.assessed_s)
        ais_class = reports.ais_class[silences.row]
        around = context.coverage.around(there.lat, there.lon, there.slot, ais_class[there.silence])
        hearing, working = self._receivers(there, silences, reports, context)
        unknown = np.isnan(working)
        down = ~unknown & (working < 0.5)
        beside = (around.vessels >= self.min_neighbours) & ~down
        n_known, n_silences = self._known(
            there.lat, there.lon, there.silence, silences, reports, context
        )
        near = context.coverage.receiving(there.lat, there.lon, there.slot)
        works = np.where(unknown, near >= self.min_neighbours, ~down)
        known = (n_known >= self.min_known_hours) & works & ~beside
        beside_fraction, known_fraction = there.mean(beside), there.mean(known)
        well_known = n_known >= self.min_well_known_hours
        well_known &= _chance(n_silences, n_known) <= self.max_well_known_chance
        well_known &= ~silences.is_open[there.silence]
        moving = silences.columns["speed_before_kn"] >= self.moving_kn
        little = moving[there.silence] & ~well_known
        worth = np.where(little, self.known_worth_moving, self.known_worth_still)
        worth[ais_class[there.silence] == "B"] = 0.0
        fraction = beside_fraction + there.mean(np.where(known, worth, 0.0))
        # Others beside it now and then, all the while that what receives there was working.
        often = there.count * beside_fraction >= self.min_beside - 1e-9
        often &= (ais_class != "B") & (beside_fraction + known_fraction >= self.min_heard_fraction)
        around_s = there.mean(around.interval_s)
        ratio = np.fmin(
            silences.columns["interval_ratio"], silences.columns["duration_s"] / around_s
        )
        keep = ((fraction >= self.min_heard_fraction) | often) & (
            (ratio >= self.min_interval_ratio) | ~silences.columns["history_known"]
        )
        tens = silences.at_slots(reports, coverage.FEED_SLOT_S, self.assessed_s)
        return silences.narrowed(
            keep,
            n_half_hours=there.count,
            n_neighbours=there.median(around.vessels),
            min_neighbours=np.full(len(keep), self.min_neighbours),
            neighbour_fraction=beside_fraction,
            known_fraction=known_fraction,
            heard_fraction=fraction,
            min_heard_fraction=np.full(len(keep), self.min_heard_fraction),
            heard_fraction_margin=fraction - self.min_heard_fraction,
            n_beside_required=np.full(len(keep), self.min_beside),
            n_known_hours_required=np.full(len(keep), self.min_known_hours),
            neighbour_interval_s=around_s,
            interval_ratio=ratio,
            feed_heard_fraction=tens.mean(context.coverage.feed_heard(tens.slot)),
            receiver_working_fraction=there.mean(working),
            **hearing,
        )

    def _receivers(
        self, there: "_Slots", silences: "_Silences", reports: "_Reports", context: Context
    ) -> tuple[dict[str, NDArray[Any]], Floats]:
        """The receivers that heard what was heard around last positions in the day before, and
        the share of it in each half hour whose receivers were working.
        """
        known, row, n = receivers.Receivers(context.coverage), silences.row, len(silences.row)
        own = silences.start_us // (coverage.SLOT_S * SECOND_US)
        heard = known.hearing(
            reports.lat[row], reports.lon[row], own - _DAY_SLOTS, own - 1, reports.ais_class[row]
        )
        first = np.searchsorted(heard.place, np.arange(n))
        has = np.bincount(heard.place, minlength=n) > 0
        name, share = np.full(n, "", dtype=object), np.full(n, np.nan)
        name[has] = np.asarray(known.names, dtype=object)[heard.station[first[has]]]
        share[has] = heard.share[first[has]]
        told = {
            "receiver": name,
            "receiver_heard_fraction": share,
            "n_receivers": np.bincount(heard.place, minlength=n),
        }
        return told, known.working(heard, there.silence, there.slot)

    def _known(
        self,
        lat: Floats,
        lon: Floats,
        silence: Ints,
        silences: "_Silences",
        reports: "_Reports",
        context: Context,
    ) -> tuple[Ints, Ints]:
        """What was heard around places in the day before silences and while they went on.

        Half hours in which vessels were heard, one each, and how many fell silent in them: over the
        day before and the silence itself (`assessed_s` at most) as far as it is settled, without
        the half hour in which the silence began, since it is itself among those that fell silent.
        """
        slot_us = coverage.SLOT_S * SECOND_US
        own = silences.start_us // slot_us
        settled_us = silences.end_us - coverage.SILENCE_S * SECOND_US
        last = np.minimum(settled_us // slot_us - 1, own + self.assessed_s // coverage.SLOT_S)
        ais_class = reports.ais_class[silences.row][silence]
        n_heard, n_silences = context.coverage.between(
            lat, lon, (own - _DAY_SLOTS)[silence], np.maximum(last, own - 1)[silence], ais_class
        )
        began = context.coverage.around(lat, lon, own[silence], ais_class)
        among = (last >= own)[silence]
        return n_heard - began.vessels * among, n_silences - began.silences * among

    def _not_at_an_edge(
        self, silences: "_Silences", reports: "_Reports", context: Context
    ) -> "_Silences":
        """Those that began where others are heard on."""
        row, n = silences.row, len(silences.row)
        n_heard, n_silences = self._known(
            reports.lat[row], reports.lon[row], np.arange(n), silences, reports, context
        )
        ratio = n_silences / np.maximum(n_heard, 1)
        edge = (n_silences >= self.min_edge_silences) & (ratio > self.max_other_silence_ratio)
        return silences.narrowed(
            ~edge,
            n_known_hours=n_heard,
            n_other_silences=n_silences,
            other_silence_ratio=ratio,
            silence_probability=_chance(n_silences, n_heard),
            max_other_silence_ratio=np.full(n, self.max_other_silence_ratio),
        )

    def _not_out_of_range(
        self, silences: "_Silences", reports: "_Reports", context: Context
    ) -> "_Silences":
        """Those of vessels that lay still, were heard again beyond or came back, or had others or
        land ahead.
        """
        row, columns = silences.row, silences.columns
        lat, lon = reports.lat[row], reports.lon[row]
        course = np.nan_to_num(columns["course_before_deg"])
        next_row = np.minimum(row + 1, len(reports.lat) - 1)
        distance_m = np.where(
            silences.is_open,
            np.nan,
            geodesy.distance_m(lat, lon, reports.lat[next_row], reports.lon[next_row]),
        )
        way_m = np.nan_to_num(columns["speed_before_kn"]) * geodesy.KNOT_MPS * _TWO_HOURS_S
        ahead_m = np.minimum(way_m, self.ahead_m)
        ahead_lat, ahead_lon = geodesy.destination(lat, lon, course, ahead_m)
        two_hours = silences.at_slots(reports, coverage.SLOT_S, _TWO_HOURS_S)
        ahead = context.coverage.around(
            np.asarray(ahead_lat)[two_hours.silence],
            np.asarray(ahead_lon)[two_hours.silence],
            two_hours.slot,
            reports.ais_class[row][two_hours.silence],
        )
        fraction = two_hours.mean(ahead.vessels >= 1)
        n_ahead, _ = self._known(
            ahead_lat, ahead_lon, np.arange(len(row)), silences, reports, context
        )
        share = n_ahead / np.maximum(columns["n_known_hours"], 1)
        # Where more than one vessel an half hour is the rule, that nobody is heard says something.
        seldom = (n_ahead >= self.min_known_hours) & (n_ahead <= _DAY_SLOTS)
        known_ahead = seldom & (share >= 0.5)
        half_lat, half_lon = geodesy.destination(lat, lon, course, ahead_m / 2)
        land = context.zones.on_land(ahead_lat, ahead_lon)
        land |= context.zones.on_land(half_lat, half_lon)
        moving = columns["speed_before_kn"] >= self.moving_kn
        beyond = ~silences.is_open & (distance_m >= self.ahead_m)
        implied_kn = geodesy.speed_kn(distance_m, columns["duration_s"])
        came_back = moving & ~silences.is_open
        came_back &= implied_kn <= self.came_back_share * columns["speed_before_kn"]
        came_back &= n_ahead >= self.min_known_hours
        reach_kn = reach.fastest_kn(
            columns["speed_before_kn"], implied_kn,
            self.reach_share, self.min_reach_kn, self.max_reach_kn,
        )  # fmt: skip
        reach_m = reach_kn * geodesy.KNOT_MPS * columns["duration_s"]
        return silences.narrowed(
            ~moving
            | beyond
            | came_back
            | land
            | known_ahead
            | (fraction >= 0.5)
            | ~columns["history_known"],
            distance_m=distance_m,
            implied_speed_kn=implied_kn,
            reach_speed_kn=reach_kn,
            reachable_distance_m=reach.furthest_m(reach_m, distance_m),
            reachable_area_km2=reach.area_km2(reach_m, distance_m),
            ahead_distance_m=ahead_m,
            ahead_heard_fraction=fraction,
            ahead_known_ratio=share,
            land_ahead=land,
            was_moving=moving,
            came_back=came_back,
        )

    def _no_berth(
        self, silences: "_Silences", reports: "_Reports", context: Context
    ) -> "_Silences":
        """Those neither begun at a berth nor ended in one; beyond the layers all."""
        zones, row, columns = context.zones, silences.row, silences.columns
        lat, lon = reports.lat[row], reports.lon[row]
        next_row = np.minimum(row + 1, len(reports.lat) - 1)
        back_in_berth = ~silences.is_open & zones.within(
            reports.lat[next_row], reports.lon[next_row], self.berth_classes
        )
        moving = columns["was_moving"]
        in_berth = zones.within(lat, lon, self.berth_classes)
        alongside = ~moving & zones.near_land(lat, lon, self.alongside_m)
        speed_mps = np.nan_to_num(columns["speed_before_kn"]) * geodesy.KNOT_MPS
        bound = np.zeros(len(row), bool)
        for part in (1 / 3, 2 / 3, 1.0):
            there = geodesy.destination(
                lat,
                lon,
                np.nan_to_num(columns["course_before_deg"]),
                speed_mps * self.approach_s * part,
            )
            bound |= zones.within(*there, self.approach_classes)
        ended = (in_berth | bound) & (silences.is_open | back_in_berth)
        berthed = ((alongside | (in_berth & ~moving)) & columns["history_known"]) | ended
        reached = zones.reached(lat, lon)
        return silences.narrowed(
            ~reached | ~berthed,
            zones_reached=reached,
            back_in_berth=back_in_berth,
            anchorage_distance_m=surroundings.nearest_zone_m(zones, lat, lon, self.berth_classes),
        )

    def _by_habit(
        self, silences: "_Silences", reports: "_Reports", context: Context
    ) -> "_Silences":
        """All, with how often their vessels had been silent like this in the day before."""
        shortest_s = self.alike_share * silences.columns["duration_s"]
        long = np.flatnonzero(reports.step_s >= shortest_s.min())
        first = np.searchsorted(long, reports.first_since(silences.row, self.habit_s))
        count = np.searchsorted(long, silences.row) - first
        silence = np.repeat(np.arange(len(count)), count)
        nth = np.arange(len(silence)) - np.repeat(np.cumsum(count) - count, count)
        step = long[first[silence] + nth]
        alike = reports.step_s[step] >= shortest_s[silence]
        alike[alike] = ~self._unheard(step[alike], reports, context)
        return silences.narrowed(
            np.ones(len(count), bool),
            n_alike_silences=np.bincount(silence[alike], minlength=len(count)),
            habit_s=np.full(len(count), self.habit_s),
        )

    def _events(self, silences: "_Silences", reports: "_Reports") -> list[dict[str, Any]]:
        columns = silences.columns
        score = self._score(columns)
        explanation = np.where(columns["history_known"], "", NO_HISTORY)
        explanation = np.where(columns["zones_reached"], explanation, surroundings.NOT_ASSESSED)
        start, end = from_epoch_us(silences.start_us), from_epoch_us(silences.end_us)
        rows = []
        for i, row in enumerate(silences.row):
            evidence = {name: values[i] for name, values in columns.items()}
            evidence["is_open"] = bool(silences.is_open[i])
            evidence["ais_class"] = str(reports.ais_class[row])
            evidence["last_report_source"] = reports.source_of(row)
            if not silences.is_open[i]:
                evidence["next_report_source"] = reports.source_of(row + 1)
            rows.append(
                {
                    "kind": self.name,
                    "detector": self.name,
                    "version": self.version,
                    "mmsi": int(reports.mmsi[row]),
                    "track_ids": str(reports.track[row]),
                    "start": start.iloc[i],
                    "end": pd.NaT if silences.is_open[i] else end.iloc[i],
                    "anchor": start.iloc[i],
                    "lat": float(reports.lat[row]),
                    "lon": float(reports.lon[row]),
                    "score": float(score[i]),
                    "explanation": str(explanation[i]),
                    "evidence": evidence,
                }
            )
        return rows

    def _score(self, columns: dict[str, NDArray[Any]]) -> Floats:
        chance = columns["silence_probability"]
        surprise = np.minimum(np.log10(chance) / np.log10(_RARE), 1.0)
        ratio, hours = columns["interval_ratio"], columns["duration_s"] / 3600.0
        score = surprise * np.sqrt(ratio / (ratio + 10.0) * hours / (hours + 1.0))
        score *= columns["heard_fraction"] * np.where(columns["was_moving"], 1.0, 0.8)
        score *= np.where(columns["back_in_berth"], 0.8, 1.0)
        judged = columns["history_known"] & columns["zones_reached"]
        return np.where(judged, np.clip(np.nan_to_num(score), 0.0, 1.0), 0.0)


def _chance(n_silences: Ints, n_heard: Ints) -> Floats:
    """Chance of falling silent in a half hour, so many having done so of those heard."""
    return np.asarray((n_silences + 0.5) / (n_heard + 1.0))


@dataclass(frozen=True)
class _Slots:
    """The whole time slots inside each silence, with the place where the vessel may have been."""

    silence: Ints
    slot: Ints
    lat: Floats
    lon: Floats
    count: Ints

    def mean(self, values: NDArray[Any]) -> Floats:
        """Mean of the known values of each silence, NaN where there is none."""
        known = ~np.isnan(values)
        n = len(self.count)
        total = np.bincount(self.silence[known], weights=values[known], minlength=n)
        some = np.bincount(self.silence[known], minlength=n)
        return np.where(some > 0, total / np.maximum(some, 1), np.nan)

    def median(self, values: Ints) -> Ints:
        """Lower median of each silence."""
        last = np.cumsum(self.count) - 1
        middle = runs.quantiles(values.astype("float64"), last - self.count + 1, last, 0.5)
        return np.nan_to_num(middle).astype("int64")


@dataclass(frozen=True)
class _Silences:
    """Silences, one each: the row of the last report before it, its span, what was measured."""

    row: Ints
    is_open: Bools
    start_us: Ints
    end_us: Ints
    columns: dict[str, NDArray[Any]]

    def narrowed(self, keep: Bools, **measured: NDArray[Any]) -> "_Silences":
        """Those to keep, with more that was measured of them."""
        columns = {name: values[keep] for name, values in {**self.columns, **measured}.items()}
        return _Silences(
            self.row[keep], self.is_open[keep], self.start_us[keep], self.end_us[keep], columns
        )

    def at_slots(self, reports: "_Reports", slot_s: int, at_most_s: int) -> _Slots:
        """Whole slots of `slot_s` (absolute) inside each silence, the first `at_most_s` of them.

        The place is on the straight line to the report after the silence, or while there is none
        where it began. Only whole slots count, so that what is heard later changes nothing.
        """
        slot_us = slot_s * SECOND_US
        first = -(-self.start_us // slot_us)
        count = np.clip(self.end_us // slot_us - first, 0, at_most_s // slot_s)
        silence = np.repeat(np.arange(len(first)), count)
        slot = first[silence] + np.arange(len(silence)) - (np.cumsum(count) - count)[silence]
        middle_us = slot * slot_us + slot_us // 2 - self.start_us[silence]
        fraction = middle_us / (self.end_us - self.start_us)[silence]
        fraction = np.where(self.is_open[silence], 0.0, fraction)
        here = self.row[silence]
        there = np.minimum(here + 1, len(reports.lat) - 1)
        lat, lon = geodesy.interpolate(
            reports.lat[here], reports.lon[here], reports.lat[there], reports.lon[there], fraction
        )
        return _Slots(silence, slot, lat, lon, count)


class _Reports:
    """Tracked positions as arrays, with look-ups back along a track and across an MMSI's tracks."""

    def __init__(self, positions: pd.DataFrame) -> None:
        self.mmsi = positions["mmsi"].to_numpy()
        self.track = positions["track_id"].to_numpy()
        self.time_us = epoch_us(positions["time"])
        self.lat, self.lon = positions["lat"].to_numpy(), positions["lon"].to_numpy()
        self.nav_status = positions["nav_status"].to_numpy()
        self.ais_class = positions["ais_class"].to_numpy("str")
        self._source = positions["source"].to_numpy()
        self._offset = positions["source_offset"].to_numpy()
        self.step_s = np.r_[np.diff(self.time_us), 0] / SECOND_US
        # Rows are sorted by (track, time), so a number that counts tracks and then time is too.
        self._track_number = np.cumsum(np.r_[False, self.track[1:] != self.track[:-1]])
        self._start_us = int(self.time_us.min())
        self._span_us = int(self.time_us.max()) - self._start_us + 1
        self._track_begin = np.flatnonzero(np.r_[True, np.diff(self._track_number) > 0])

    def first_since(self, row: Ints, seconds: float) -> Ints:
        """First row of the same track no more than `seconds` before the report in `row`."""
        key = self._track_number * self._span_us + self.time_us - self._start_us
        back_us = self.time_us[row] - int(seconds * SECOND_US) - self._start_us
        wanted = self._track_number[row] * self._span_us + np.maximum(back_us, 0)
        return np.asarray(np.searchsorted(key, wanted))

    def track_start_us(self, row: Ints) -> Ints:
        """When the track of each row begins, as far as it is loaded."""
        return np.asarray(self.time_us[self._track_begin[self._track_number[row]]])

    def way_before(self, row: Ints, seconds: float) -> tuple[Floats, Floats]:
        """Speed (kn) and course (deg) made good over the `seconds` before each report.

        From positions, since speed and course are often missing; over the last step where that is
        longer. Zero and NaN for the first report of a track.
        """
        back = np.minimum(self.first_since(row, seconds), row - 1)
        back = np.maximum(back, self._track_begin[self._track_number[row]])
        moved_m = geodesy.distance_m(self.lat[back], self.lon[back], self.lat[row], self.lon[row])
        took_s = (self.time_us[row] - self.time_us[back]) / SECOND_US
        speed_kn = np.where(took_s > 0, geodesy.speed_kn(moved_m, np.maximum(took_s, 1e-6)), 0.0)
        course = geodesy.bearing_deg(self.lat[back], self.lon[back], self.lat[row], self.lon[row])
        return speed_kn, np.where(moved_m > 0, course, np.nan)

    def heard_elsewhere(self, row: Ints, end_us: Ints) -> Ints:
        """Reports of the same MMSI strictly inside each silence; they are of other tracks."""
        order = np.lexsort((self.time_us, self.mmsi))
        number = np.cumsum(np.r_[False, np.diff(self.mmsi[order]) != 0])
        key = number * self._span_us + self.time_us[order] - self._start_us
        own = np.empty(len(order), "int64")
        own[order] = number
        low = own[row] * self._span_us + self.time_us[row] - self._start_us
        inside_us = np.minimum(end_us - self._start_us, self._span_us)
        high = own[row] * self._span_us + inside_us
        return np.asarray(
            np.searchsorted(key, high, side="left") - np.searchsorted(key, low, side="right")
        )

    def source_of(self, row: int) -> str:
        """Where a report came from, as evidence names it."""
        return f"{self._source[row]}:{int(self._offset[row])}"

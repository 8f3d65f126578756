"""The detector `gap`: its facts, its rule, its events."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core import events
from detectors.core.arrays import Floats
from detectors.core.detector import Context
from detectors.core.frames import REPORTED
from detectors.core.hypothesis import Hypothesis
from detectors.core.relations import Own, Relation
from detectors.core.telling import Told, Words
from detectors.gap.cut_off import in_full_at_an_end, sharply, without_late_copies
from detectors.gap.evidence import SETTINGS, bounds
from detectors.gap.far import heard_far
from detectors.gap.glimpses import of_glimpses, sharp, without_glimpses
from detectors.gap.ground import on_ground
from detectors.gap.home import back_home
from detectors.gap.limits import Limits
from detectors.gap.reception import ALL_THE_WAY, heard_around, not_at_an_edge
from detectors.gap.regular import by_habit, of_silent, regular, silences_of
from detectors.gap.set_aside import not_heard_between, not_sending, not_set_aside
from detectors.gap.silences import History, Silences
from detectors.gap.told import tell
from detectors.gap.voyage import no_berth, not_out_of_range
from detectors.hypotheses.gap import HYPOTHESES
from detectors.surroundings import nearby
from detectors.surroundings.rules import Rule

Narrow = Callable[[Limits, Silences, History, Context], Silences]
NO_HISTORY: Final = "not assessed: too few reports before the silence to expect another"
RARE: Final = 0.03
"""A chance of falling silent in passing from which on less makes no difference to the score."""
RARE_TO_MISS: Final = 0.0005
"""A chance of missing all passes from which on less makes no difference."""
AT_ONCE: Final = 10_000
"""So many silences at a time: what was heard around each meanwhile takes some 20 kB."""
PASSAGE_SLOTS: Final = 6
"""Three hours, in which a ship at 12 kn passes the place and what is around it."""


class Gap(Limits):
    """A silence that neither reception nor the end of a voyage accounts for.

    A silence runs from a track's last report before it to the first one after, or is still open at
    `context.end`; a last report that is a late copy is left out (see `gap.cut_off`). It is an event
    when all of this holds:

    - It lasts `min_duration_a_s` (class A) or `min_duration_b_s` (class B), and not longer than
      `max_duration_s`: beyond that the vessel is laid up or has left by a way that wasn't heard,
      and its silence no longer asks for a patrol. An open gap older than that is dropped.
    - The vessel was *reporting regularly*: at least `min_history_reports` in the `history_s`
      before, over `min_regular_s` or more, and the silence is `min_interval_ratio` times as long as
      the longest interval of the last `recent_s` (of all `history_s`, if it wasn't reporting
      regularly in that time) and as the typical interval of those heard around meanwhile.
      An interval in which most of the time nobody else around was heard, or nothing in the whole
      feed, says nothing about this vessel and doesn't count.
      Where satellites hear by passes (`max_thin_reports` a vessel and half hour, within a
      station's reach in the day before, and the vessel itself not evenly in each half hour, as
      thinned feeds have it), intervals of an hour are the rule. There it is enough that
      it missed more chances than its own hearing explains: each half hour in which others within
      that reach were heard is one (of one under way that isn't heard again, of where it would be if
      it sailed on, within the box of all heard in the day before: what others send where it was is
      no chance to hear it), and it is `max_missed_chance` or less that it would have missed
      all of them, by those that it was heard in and missed in the `history_s` before and by how
      often vessels there miss one, by the day before, which is worth `n_prior_chances` (see
      `gap.passes`; where the whole feed comes by passes and it is heard again, all within sight of
      a satellite count, and for class A under way the passes themselves);
      `max_missed_chance_b` for class B, by its like in its cell and the eight around. A satellite
      has no edge: neither of the next three is asked then.
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
      `max_well_known_chance` at most, or where the feed names the receivers that hear the place and
      they worked. It is also enough that others were beside it in `min_beside`
      half hours, if the place is known in the rest.
      Class A *heard in full up to its last report*, or from the first one after (see
      `gap.cut_off`), needs nobody beside it: a half hour is worth `known_worth_still` in which it
      lay well within the reach of a coast station that worked just then (`receivers.within_reach`).
      Of a closed gap *cut off sharply*, heard in full up to its last report and from the first one
      after (see `gap.cut_off`), its own hearing makes the way between known, wherever what
      receives there worked and the feed names it: out of reach a vessel is lost report by report.
    - It isn't where *reception ends*: over the day before and the silence itself, not more than
      `max_other_silence_ratio` of the vessels heard around its last position fell silent there
      (fewer than `min_edge_silences` never count; nor do those that an outage of the feed made);
      `sharp_edge_factor` times as many if it was cut off sharply.
    - The vessel did not *sail out of range*: when it was making `moving_kn` or more, someone was
      heard (or land is) ahead on its course, as far as it goes in two hours but `ahead_m` at most,
      in half of the first two hours. Where vessels are heard seldom, not more than one in half an
      hour, it is enough that they are heard ahead half as often as here. Not asked of a closed gap
      whose ends are `ahead_m` apart: it was heard again beyond. Nor of one that *came back*, where
      vessels were heard ahead in `min_known_hours` half hours of the day: its ends are no further
      apart than `came_back_share` of the way that its speed before would have made, so that it
      didn't sail on, and reception doesn't end there. Nor of one heard *again ahead*, half of the
      way that is looked at or further, within 45 degrees of its course, after twice the time; nor
      of one heard again that was *lost in full* and had others beside it in nine tenths of the half
      hours.
    - It was not *at or bound for a berth*: its last position isn't in a zone of `berth_classes`,
      nor would `approach_s` more of the same course and speed end in one of `approach_classes`
      (of a closed gap: which ended in a berth, or within 5 nm on a course out of such a zone);
      nor was it lying still (or had come in, and stated that it had stopped) within `alongside_m`
      of land, nor where `min_lying` or more lay at once in the day before and `min_sets_off` sets
      went off (`detectors.surroundings.lying`: a berth, mapped or not) unless it is heard again
      elsewhere. One under way there whose silence ends outside any berth is an event all the same.
    - The MMSI *wasn't heard on another track* meanwhile. If it was, the question is one of
      identity, not of silence.
    - It wasn't heard *between* its ends by what was set aside as a clock's fault or a false fix:
      ground that it came to after the silence began and left before it ended is where it was
      meanwhile (see `gap.set_aside`). Nor was it heard meanwhile as no vessel: a number of an aid,
      an aircraft or the like is a vessel's only while it makes way. Nor did it send false positions
      meanwhile that lie at a place, drift or go round, five reports or more over 20 minutes, each
      within 15 minutes of the one before: then the question is one of these (`spoofing`).
    - The MMSI is a ship's (first digit 2-7, ITU-R M.585-9, annex 1), or what sends it stated
      `moving_kn` or more in a tenth of its reports of the day before: the beacons of fishing nets,
      search-and-rescue transmitters and the like fall silent when they are taken in, but a boat
      whose set was left with a number of the installer's makes way.

    Single reports don't end a silence of class A that is cut off sharply: what is heard of the
    number, on any track, for five minutes at most or in fewer than five reports, with 15 minutes
    without any on either side (see `gap.glimpses`), if they are one in twenty of the reports that
    it sends, others were heard where it began and few silences there are chance. Such a silence
    takes the place of what the first of them would have ended, once it is over itself, if it lasts
    less than `unproven_after_s`.

    Notes
    -----
    Score before explanations: how improbable the silence is if the vessel was transmitting. Of
    those heard around its last position in the day before and meanwhile, so many fell silent in so
    many half hours. What that says of the chance that one does is weighed against what all places
    say of the day before (`detectors.surroundings.rates`: empirical Bayes), so that a night on
    which many fall silent speaks for no one, and a place hardly known is judged as others are. It
    counts for `lost_silence_share` where the vessel was lost or found in full and is known to be
    heard for nine tenths of the way, for `sharp_silence_share` where it was cut off sharply. From
    it follows the chance that a vessel falls silent in the 3 h of a passage: its logarithm, 1 from
    0.03 on and 0.4 where every fourth does, times the square root of ratio / (ratio + 10) and hours
    / (hours + 1), where the ratio is that of the silence to the longest interval before it, times
    the fraction of half hours heard; times 0.8 if the vessel wasn't moving, times 0.8 if it was
    heard again in a berth. Of one heard by passes the ratio counts `min_interval_ratio` at least,
    more so as the chances that it missed are more; the fraction of half hours heard makes no
    difference, since the chances are those.

    History that isn't loaded can't be told from history that doesn't exist. So a silence of
    `unproven_after_s` or more that follows upon less than `history_s` of track is reported even
    without regular reports, and whatever the way before it seems to say when less than
    `approach_s` of track shows it: the caller then loads more, and the event is judged on it.
    Where there is no more, it stays as not assessed, with score 0.
    """

    name: ClassVar[str] = "gap"
    version: ClassVar[str] = "31"
    requires: ClassVar[tuple[str, ...]] = (
        *REPORTED,
        "sog_kn",
        "cog_deg",
        "nav_status",
        "ais_class",
    )
    source: ClassVar[str] = (
        "Welch, Clavelle, White, Cimino, Van Osdel, Hochberg, Kroodsma & Hazen (2022), Hot spots "
        "of unseen fishing vessels, Science Advances 8, eabq2109, doi:10.1126/sciadv.abq2109; "
        "reporting intervals: ITU-R M.1371-5, annex 1, tables 1 and 2"
    )
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Return the vessel itself: nobody else's positions matter."""
        return (Own(),)

    @property
    def settle(self) -> timedelta:
        """By then it has shown whether it was heard in full from the first report after on."""
        return timedelta(seconds=self.in_full_s)

    @property
    def lookback(self) -> timedelta:
        """With less history than this a silence that reaches into the window is unproven."""
        return timedelta(seconds=max(self.unproven_after_s, self.habit_s) + self.history_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find gaps; see the class for the rule and `Detector.detect` for the frames."""
        positions = of_silent(self, positions, context)
        if positions.empty:
            return events.empty()
        heard = without_late_copies(self, positions, context)
        reports = History(heard)
        found = self._found(silences_of(self, reports, context), reports, context)
        thinned, number, when_us = without_glimpses(self, heard)
        if len(thinned):
            # What goes on past a glimpse takes the place of what the first one would have ended.
            reports = History(thinned)
            broken = silences_of(self, reports, context)
            broken = of_glimpses(self, broken, reports, number, when_us)
            whole = self._found(broken, reports, context, sharp)
            start = {(row["track_ids"], row["start"]) for row in whole}
            found = [row for row in found if (row["track_ids"], row["start"]) not in start]
            found += whole
        return events.build(found)

    def _found(
        self, silences: Silences, reports: History, context: Context, *more: Narrow
    ) -> list[dict[str, Any]]:
        """Return events of those of some silences that the rule keeps."""
        return [
            one
            for some in silences.pieces(AT_ONCE)
            for one in self._found_of(some, reports, context, *more)
        ]

    def _found_of(
        self, silences: Silences, reports: History, context: Context, *more: Narrow
    ) -> list[dict[str, Any]]:
        narrows = regular, sharply, heard_around, not_at_an_edge, not_out_of_range, no_berth
        beside = not_set_aside, not_heard_between, not_sending
        for narrow in (*narrows, *more, *beside, by_habit, on_ground, back_home, heard_far):
            if len(silences.row) == 0:
                return []
            silences = narrow(self, silences, reports, context)
        row = silences.row
        where = reports.lat[row], reports.lon[row], reports.time_us[row]
        asked = context.zones.ruled(*where, "ais", "required")
        rules = [context.zones.rules[i][1] if i >= 0 else None for i in asked.tolist()]
        return self._events(silences, reports, rules)

    def _events(
        self, silences: Silences, reports: History, rules: Sequence[Rule | None]
    ) -> list[dict[str, Any]]:
        """Return one event for each silence, with the rule that AIS must stay on, if one holds."""
        columns = silences.columns
        score = self._score(columns)
        explanation = np.where(columns["history_known"], "", NO_HISTORY)
        explanation = np.where(columns["zones_reached"], explanation, nearby.NOT_ASSESSED)
        classes = reports.ais_class_of(silences.row).tolist()
        rows = []
        for i, (row, is_open) in enumerate(
            zip(silences.row.tolist(), silences.is_open.tolist(), strict=True)
        ):
            evidence = {name: values[i] for name, values in columns.items()}
            evidence["is_open"] = is_open
            evidence["ais_class"] = classes[i]
            evidence["last_report_source"] = reports.source_of(row)
            if (rule := rules[i]) is not None:
                evidence["rule_cited"] = rule.cited
                evidence["rule_confidence"] = rule.confidence
            if not is_open:
                evidence["next_report_source"] = reports.source_of(row + 1)
                evidence["again_lat"] = float(reports.lat[row + 1])
                evidence["again_lon"] = float(reports.lon[row + 1])
                evidence["again_speed_kn"] = float(reports.sog_kn[row + 1])
                evidence["again_course_deg"] = float(reports.cog_deg[row + 1])
            rows.append(
                events.row(
                    self,
                    [reports.track[row]],
                    start_us=int(silences.start_us[i]),
                    end_us=None if is_open else int(silences.end_us[i]),
                    lat=reports.lat[row],
                    lon=reports.lon[row],
                    score=score[i],
                    explanation=str(explanation[i]),
                    evidence={**evidence, **bounds(self, evidence)},
                    settings=SETTINGS,
                )
            )
        return rows

    def _score(self, columns: dict[str, NDArray[Any]]) -> Floats:
        rate = columns["silence_probability"]
        sharp = columns["cut_off_sharply"]
        # Lost or found in full, and one is heard all the way between: not at an edge.
        known = columns["neighbour_fraction"] + columns["known_fraction"]
        lost = in_full_at_an_end(columns) & ~np.isnan(columns["distance_m"])
        lost &= known >= ALL_THE_WAY
        share = np.where(sharp, self.sharp_silence_share, self.lost_silence_share)
        rate = np.where(sharp | lost, rate * share, rate)
        passing = 1.0 - (1.0 - rate) ** PASSAGE_SLOTS
        surprise = np.log10(passing) / np.log10(RARE)
        missed = np.log10(columns["missed_probability"]) / np.log10(RARE_TO_MISS)
        surprise = np.minimum(np.where(columns["by_passes"], missed, surprise), 1.0)
        # The chance to miss all passes holds all that intervals say; but a coast station of which
        # few reports get into a feed hears no further than any other.
        ratio = np.where(columns["by_passes"], self.min_interval_ratio, columns["interval_ratio"])
        heard = columns["heard_fraction"]
        heard = np.where(columns["by_passes"], 1.0, heard)
        hours = columns["duration_s"] / 3600.0
        score = surprise * np.sqrt(ratio / (ratio + 10.0) * hours / (hours + 1.0))
        score *= heard * np.where(columns["was_moving"], 1.0, 0.8)
        score *= np.where(columns["back_in_berth"], 0.8, 1.0)
        judged = columns["history_known"] & columns["zones_reached"]
        return np.where(judged, np.clip(np.nan_to_num(score), 0.0, 1.0), 0.0)

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say how long it was silent, from where, and where it came back."""
        return tell(event, words)

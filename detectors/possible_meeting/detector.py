"""The detector `possible_meeting`: its facts, its rule, its events."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from detectors.core import events
from detectors.core.detector import Context
from detectors.core.evidence import at_least, at_most
from detectors.core.hypothesis import Hypothesis
from detectors.core.relations import EventsOf, Relation
from detectors.core.telling import Told, Words
from detectors.hypotheses.possible_meeting import HYPOTHESES
from detectors.kinematics import timespan
from detectors.possible_meeting.limits import Limits
from detectors.possible_meeting.pairs import between_silences, with_loiterers
from detectors.possible_meeting.read import loiterings_of, reports_of, silences_of, types_of
from detectors.possible_meeting.story import Meeting, Silence
from detectors.possible_meeting.told import tell
from detectors.surroundings import nearby

LIKELY: Final = 0.5
"""From this weight on a silence's own reason is as likely as not."""


class PossibleMeeting(Limits):
    """Two silences, or a silence and a loitering, during which two vessels could have met.

    A silent vessel can only have been where its last position, its next one and its speed allow:
    at each moment in the overlap of two circles, over the whole silence in an ellipse (the
    space-time prism of Hägerstrand). At a place, two silent vessels can have been together from
    when the later of them can have arrived until the first of them must have left. They are raised
    where that is `min_meeting_s` somewhere. A loiterer is where it is seen: there the silent vessel
    can have been with it for as long as its circles hold the loiterer's position. How far out of
    its way that was, and whether it had the time to spare, says how likely.

    The event lasts from when both were silent (or loitering) until both were heard again: until
    then it isn't known how far they can have gone, and it is open. `lat`, `lon` is the place where
    they can have been together longest, of a loiterer where it then was.

    *How likely* they came within `alongside_m` of one another is that of two Brownian bridges as
    wide as their prisms, or of one and the loiterer's track (`kinematics.bridges`): the chance of
    those who go about at will, not of those who mean to meet.

    *No flood*: silences of `max_silence_s` at most; only pairs whose weight (see Notes) is
    `min_weight`; and each silence keeps its `max_per_silence` best partners among those that were
    heard again before it, and as many among loiterers (while it went on). Loiterers with a reason
    to wait come after all others.

    Notes
    -----
    Weight: 0.5 times the share of the time, while both were silent, that they can have been
    together, times 1 - (1 - p) chance, where p is how likely they came alongside. Of two ships that
    were under way before and lost time, each `min_meeting_s` or more and more than the slack in
    `reach_share` accounts for, it is the share of the time that both lost: those who only sail on
    unheard lose none, and those who met lost as much as one another. The weight falls to a half
    where one of them lost none. Which partners are the best is told before that, by a tightness
    instead of p: the inverse root of 1 + area / `tight_area_km2`, where the area is that of all
    places where they can have been together for `min_meeting_s`: it falls with the distance over
    which they would have had to find one another. With a loiterer it is the area of all places that
    ask for no longer a way from the silent vessel's last position to its next one than the
    loiterer's place does (an ellipse whose long axis is that way, or a circle while the silence is
    open): within it others would have been as near by chance. The weight falls to a half where the
    silent vessel, going on as fast as before by way of the loiterer, has less than `min_meeting_s`
    to spare. Chance is 1 with a loiterer. Of two silences it is how likely any other one agrees as
    well in where it begins and ends: vessels heard within 42 nm as the one began, times the place's
    own rate of silences a vessel and half hour (of one heard by passes, who misses some all the
    time, the chance to miss as many), times the time that the beginnings are apart, both ways,
    times the share of the silence that the ends are apart, and where both lost time times how often
    one loses as much, as a Poisson process. Where few fall silent two that do so together are no
    accident; on a night of many they are. Score before explanations: the weight times twice the
    smaller of the scores of the silences, but not more than the weight. What the loitering scores
    doesn't count, since it may change for as long as it goes on; whether there is a reason to wait
    is asked here.

    Two silences are settled once both vessels are heard again; a loitering may show up to two
    hours later, hence `settle`.

    Of more pairs that can have met than `pairs.MOST`, or more moments of silences and loiterings
    than `pairs.MOST_TICKS`, nothing is told: the detector fails, and says where.
    """

    name: ClassVar[str] = "possible_meeting"
    version: ClassVar[str] = "12"
    requires: ClassVar[tuple[str, ...]] = ("mmsi", "time", "lat", "lon", "nav_status", "track_id")
    source: ClassVar[str] = (
        "Hägerstrand (1970), What about people in regional science?, Papers of the Regional "
        "Science Association 24:7-21; Miller (1991), Modelling accessibility using space-time "
        "prism concepts within geographical information systems, International Journal of "
        "Geographical Information Systems 5:287-301, doi:10.1080/02693799108927856; Pfoser & "
        "Jensen (1999), Capturing the uncertainty of moving-object representations, Advances in "
        "Spatial Databases, LNCS 1651:111-131, doi:10.1007/3-540-48482-5_9; Horne, Garton, Krone & "
        "Lewis (2007), Analyzing animal movements using Brownian bridges, Ecology 88:2354-2363, "
        "doi:10.1890/06-0957.1; Winter & Yin (2010), Directed movements in probabilistic time "
        "geography, IJGIS 24:1349-1365, doi:10.1080/13658811003619150"
    )
    after: ClassVar[tuple[str, ...]] = ("gap", "loitering")
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Return all that were silent or loitered: each silence keeps its best partners."""
        return (EventsOf(self.after),)

    @property
    def settle(self) -> timedelta:
        """By then a loitering that began in a silence has shown."""
        return timedelta(hours=3)

    @property
    def lookback(self) -> timedelta:
        """A partner's silence ended no earlier than this before the other's did."""
        return timedelta(seconds=self.max_silence_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find possible meetings; see the class and `Detector.detect`."""
        window = timespan.window_us(context.start, context.end)
        silences = silences_of(self, context.events_of("gap"), positions, window[1])
        if not silences:
            return events.empty()
        # A meeting ends with the silence that is heard again last.
        ends_us = np.array([silence.until_us for silence in silences], "int64")
        last = timespan.touches(ends_us, ends_us, window, self.settle)
        chosen = between_silences(self, silences, last, context.coverage)
        reports = reports_of(context.events_of("loitering"), positions)
        loiterings = loiterings_of(context, reports)
        types = types_of(context)
        alone = [silences[i] for i in np.flatnonzero(last).tolist()]
        chosen += with_loiterers(self, alone, loiterings, reports, types, window[1])
        # Where each of two loitered, and both fell silent at one moment, that tells of it twice.
        chosen.sort(key=lambda meeting: meeting.weight)
        once = {(m.one.track, m.other.track, m.with_loiterer, m.start_us): m for m in chosen}
        met = list(once.values())
        told = zip(met, self._around(met, context), strict=True)
        return events.build([self._event(meeting, around) for meeting, around in told])

    @staticmethod
    def _around(met: Sequence[Meeting], context: Context) -> list[dict[str, bool]]:
        """Return what lies around each, where it began."""
        lat, lon = np.array([meeting.place for meeting in met], "float64").reshape(-1, 2).T
        start_us = np.array([meeting.start_us for meeting in met], "int64")
        zones = context.zones
        return events.each(
            {
                "zones_reached": zones.reached(lat, lon).tolist(),
                "in_sts_area": zones.within(lat, lon, ("sts_area",)).tolist(),
                "in_licensed_sts_area": zones.licensed_at(lat, lon, start_us).tolist(),
            }
        )

    def _event(self, meeting: Meeting, around: dict[str, bool]) -> dict[str, Any]:
        low, high = meeting.one, meeting.other
        lat, lon = meeting.place
        reached = around["zones_reached"]
        is_open = meeting.end_us == events.NEVER
        evidence = {
            "together_s": at_least(meeting.longest_s, self, "min_meeting_s"),
            "both_s": meeting.both_s,
            "together_fraction": meeting.share,
            "agreement_fraction": meeting.agreement,
            "chance_fraction": meeting.chance,
            "alongside_probability": meeting.alongside,
            "area_km2": meeting.area_km2,
            "spare_s": meeting.spare_s,
            "meeting_weight": at_least(meeting.weight, self, "min_weight"),
            **around,
            "is_open": is_open,
            **low.told(""),
            **high.told("other_"),
        }
        alone = 1.0
        for story, prefix, reason in (
            (low, "", "own_explanation"),
            (high, "other_", "partner_explanation"),
        ):
            if isinstance(story, Silence):
                alone = min(alone, story.score)
                # What explains it by half; what less has left of its score counts above.
                told = story.facts.explained
                likely = told is not None and told.weight >= LIKELY
                evidence[reason] = story.explanation if likely else ""
                silent = f"{prefix}silent_s"
                evidence[silent] = at_most(evidence[silent], self, "max_silence_s")
            else:
                evidence[f"{prefix}nav_status"] = meeting.status
        return events.row(
            self,
            [low.track, high.track],
            subkind="silent_and_loitering" if meeting.with_loiterer else "both_silent",
            start_us=meeting.start_us,
            end_us=None if is_open else meeting.end_us,
            lat=lat,
            lon=lon,
            score=meeting.weight * min(1.0, 2.0 * alone) if reached else 0.0,
            explanation="" if reached else nearby.NOT_ASSESSED,
            evidence=evidence,
            settings=("tight_area_km2", "alongside_m"),
        )

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say what happened, in a sentence for a sailor."""
        return tell(event, words, mmsi)

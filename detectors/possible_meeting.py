"""Possible meeting: two vessels could have been together where neither can be followed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt

from detectors.core import events, geodesy, reach, runs, surroundings, timespan
from detectors.core.detector import Context, Detector, RestsOn
from detectors.core.explain import (
    AT_ANCHOR,
    FISHING,
    FISHING_STATUS,
    NOT_UNDER_COMMAND,
    PLEASURE,
    RESTRICTED,
    Facts,
    Hypothesis,
)
from detectors.core.frames import NAV_STATUS_UNDEFINED, SECOND_US, epoch_us, from_epoch_us
from detectors.core.hypotheses import transfer_area
from detectors.core.telling import Told, Words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GRID: Final = 41
"""Points along each side of the grid that the joint area is measured on."""

ZOOMS: Final = 8
"""Steps in which the best place is sought, each a third as wide as the one before."""

COINCIDENCE: Final = 0.6
"""Overlap of two silences over their union from which on they are taken to agree."""

STEP_US: Final = 300 * SECOND_US
"""A loiterer's place is asked every five minutes, on the absolute grid."""

PAIRS_AT_ONCE: Final = 200

SERVICE_TYPES: Final = frozenset({31, 32, 33, 34, 35, 50, 51, 52, 53, 54, 55, 58})
"""Tugs, pilots, dredgers, rescue, port and law enforcement craft (ITU-R M.1371-5, table 53): that
one lies waiting says nothing."""

SLOW_KN: Final = 6.0
"""A vessel that lay still before its silence is taken to have gone as fast as this in it."""

NEVER: Final = np.iinfo("int64").max


def wide_reach(facts: Facts) -> str | None:
    """They could have been in so many places that it says little that they could have met."""
    area_km2 = facts.number("area_km2")
    if area_km2 > facts.number("tight_area_km2"):
        if facts.subkind == "silent_and_loitering":
            return (
                f"the one that loitered was so far out of the other's way that {area_km2:,.0f} km² "
                "are no further"
            )
        return (
            f"they could have met anywhere in {area_km2:,.0f} km², so that they could have met at "
            "all may be chance"
        )
    return None


def barely(facts: Facts) -> str | None:
    """There was hardly time."""
    share = facts.number("together_fraction")
    if share < 0.4:
        return f"they could have been together for {share:.0%} of the time at most, at full speed"
    return None


def explained_silence(facts: Facts) -> str | None:
    """A silence has an innocent reason of its own."""
    reason = facts.evidence.get("partner_explanation") or facts.evidence.get("own_explanation")
    return f"the silence of one of them has a reason of its own: {reason}" if reason else None


def waits_for_a_reason(facts: Facts) -> str | None:
    """A loiterer that fishes, lies at anchor, works, can't manoeuvre, or sails for pleasure.

    By what it says it is and by its status then, not by the explanation of its loitering: that may
    change for as long as it loiters on, when this meeting is long past.
    """
    for prefix, ship_type in zip(("", "other_"), facts.ship_types, strict=False):
        if facts.evidence.get(f"{prefix}story") == "loitering":
            return reason_to_wait(ship_type, facts.evidence.get(f"{prefix}nav_status"))
    return None


def reason_to_wait(ship_type: int, status: int | None) -> str | None:
    """What a vessel of some type and navigation status waits for, None where nothing says."""
    if ship_type in FISHING or status == FISHING_STATUS:
        return "the one that loitered was fishing"
    if status in _WAITING:
        return f"the one that loitered reported {_WAITING[status]}"
    if ship_type in PLEASURE:
        return "the one that loitered is a sailing or pleasure craft"
    return None


_WAITING: Final = {
    AT_ANCHOR: "being at anchor",
    NOT_UNDER_COMMAND: "not being under command",
    RESTRICTED: "being restricted in its ability to manoeuvre",
}

HYPOTHESES: Final = (
    Hypothesis(
        "explained by itself", 0.6, explained_silence,
        "that reason falls",
    ),
    Hypothesis(
        "waiting for a reason", 0.6, waits_for_a_reason,
        "the other one is seen beside it",
    ),
    Hypothesis(
        "chance within a wide reach", 0.5, wide_reach,
        "a sighting or a third vessel's report places either of them there",
    ),
    Hypothesis(
        "hardly in time", 0.4, barely,
        "either is faster than it was seen to be",
    ),
    Hypothesis(
        "licensed transfer area", 0.4, transfer_area,
        "no transfer was notified to the authority of that area",
    ),
)  # fmt: skip


class PossibleMeeting(Detector):
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

    *No flood*: silences of `max_silence_s` at most; only pairs whose weight (see Notes) is
    `min_weight`; and each silence keeps its `max_per_silence` best partners among those that were
    heard again before it, and as many among loiterers (while it went on). Loiterers with a reason
    to wait come after all others.

    Parameters
    ----------
    min_meeting_s
        30 minutes, the shortest encounter that is looked for.
    max_silence_s
        12 h: at 12 kn a circle of 144 nm then, which holds the whole Strait.
    reach_share, min_reach_kn, max_reach_kn
        A silent vessel goes at most 1.25 times as fast as before and as the way between its ends
        asks for, at least 6 kn, at most 30 kn.
    tight_area_km2
        500 km², a circle of 7 nm: at that area to meet in the weight has fallen to 0.7 of what it
        is for two that lie side by side.
    min_weight
        0.08. A judgement: two ships at 12 kn, silent together for four hours and heard again where
        they would have been anyway, have 0.1 or more.
    max_per_silence
        3: of two or three that drift near the way of a silent ship nothing tells which.

    Notes
    -----
    Weight: 0.4 times the share of the time, while both were silent, that they can have been
    together, times 1 - (1 - tightness) (1 - coincidence). Tightness is the inverse root of
    1 + area / `tight_area_km2`, where the area is that of all places where they can have been
    together for `min_meeting_s`: it falls with the distance over which they would have had to find
    one another. With a loiterer it is the area of all places that ask for no longer a way from the
    silent vessel's last position to its next one than the loiterer's place does (an ellipse whose
    long axis is that way, or a circle while the silence is open): within it others would have been
    as near by chance. The weight falls to a half where the silent vessel, going on as fast as
    before by way of the loiterer, has less than `min_meeting_s` to spare. Coincidence rises to 0.5
    where both were silent from and until the same moment, from 0 where the overlap of both silences
    makes up 0.6 of them (once both are over): few pairs agree so well by chance, and outages of
    reception are no gaps. Score before explanations: the weight times twice the smaller of the
    scores of the silences, but not more than the weight. What the loitering scores doesn't count,
    since it may change for as long as it goes on; whether there is a reason to wait is asked here.

    Two silences are settled once both vessels are heard again; a loitering may show up to two
    hours later, hence `settle`.
    """

    name: ClassVar[str] = "possible_meeting"
    version: ClassVar[str] = "3"
    rests_on: ClassVar[RestsOn] = RestsOn.EVENTS
    requires: ClassVar[tuple[str, ...]] = ("mmsi", "time", "lat", "lon", "nav_status", "track_id")
    source: ClassVar[str] = (
        "Hägerstrand (1970), What about people in regional science?, Papers of the Regional "
        "Science Association 24:7-21; Miller (1991), Modelling accessibility using space-time "
        "prism concepts within geographical information systems, International Journal of "
        "Geographical Information Systems 5:287-301, doi:10.1080/02693799108927856; Pfoser & "
        "Jensen (1999), Capturing the uncertainty of moving-object representations, Advances in "
        "Spatial Databases, LNCS 1651:111-131, doi:10.1007/3-540-48482-5_9"
    )
    after: ClassVar[tuple[str, ...]] = ("gap", "loitering")
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    min_meeting_s: PositiveInt = 1800
    max_silence_s: PositiveInt = Field(default=43_200, le=86_400)
    reach_share: PositiveFloat = Field(default=1.25, ge=1.0)
    min_reach_kn: PositiveFloat = 6.0
    max_reach_kn: PositiveFloat = 30.0
    tight_area_km2: PositiveFloat = 500.0
    min_weight: PositiveFloat = 0.08
    max_per_silence: PositiveInt = 3

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
        silences = self._silences(context.events_of("gap"), positions, window[1])
        if not silences:
            return events.empty()
        first, second = self._pairs(silences)
        meetings = self._between_silences(silences, first, second)
        loiterings = _loiterings(context, positions)
        meetings += self._with_loiterers(silences, loiterings, window[1])
        types = _types(context)
        chosen = [m for m in self._best(meetings, types) if self._touches(m, window)]
        return events.build([self._event(m, context) for m in chosen])

    def _silences(
        self, gaps: pd.DataFrame, positions: pd.DataFrame, now_us: int
    ) -> "list[_Silence]":
        found = []
        rows = [{str(k): v for k, v in row.items()} for row in gaps.to_dict("records")]
        for gap, facts in zip(rows, events.evidence_of(gaps), strict=True):
            start_us, end_us = _span_us(gap)
            until_us = min(end_us, now_us)
            lasted_s = (until_us - start_us) / SECOND_US
            assessed = not str(gap["explanation"]).startswith("not assessed")
            if not assessed or not self.min_meeting_s <= lasted_s <= self.max_silence_s:
                continue
            after = _report_at(positions, int(gap["track_ids"]), end_us)
            if after is None:
                continue
            direct_m = geodesy.distance_m(gap["lat"], gap["lon"], *after)
            reach_kn = float(
                reach.fastest_kn(
                    float(facts.get("speed_before_kn") or 0.0),
                    geodesy.speed_kn(direct_m, lasted_s),
                    self.reach_share, self.min_reach_kn, self.max_reach_kn,
                )
            )  # fmt: skip
            found.append(
                _Silence(
                    gap,
                    facts,
                    start_us,
                    end_us,
                    until_us,
                    float(gap["lat"]),
                    float(gap["lon"]),
                    *after,
                    reach_kn * geodesy.KNOT_MPS,
                )
            )
        return found

    def _pairs(self, silences: "Sequence[_Silence]") -> tuple[Ints, Ints]:
        """Silences that overlap long enough, of two vessels whose ends aren't too far apart."""
        table = _Table.of(silences)
        first, second = np.triu_indices(len(silences), 1)
        a, b = table.rows(first), table.rows(second)
        begin_us = np.maximum(a.start_us, b.start_us)
        last_us = np.minimum(a.until_us, b.until_us) - self.min_meeting_s * SECOND_US
        possible = (a.mmsi != b.mmsi) & (last_us >= begin_us)
        # Whatever the place, both come there from their last positions by the latest moment.
        arrive_m = a.mps * (last_us - a.start_us) + b.mps * (last_us - b.start_us)
        possible &= geodesy.distance_m(a.lat, a.lon, b.lat, b.lon) <= arrive_m / SECOND_US
        leave_us = begin_us + self.min_meeting_s * SECOND_US
        leave_m = a.mps * (a.until_us - leave_us) + b.mps * (b.until_us - leave_us)
        apart_m = geodesy.distance_m(a.next_lat, a.next_lon, b.next_lat, b.next_lon)
        possible &= ~(apart_m > leave_m / SECOND_US)  # a NaN asks for nothing
        return first[possible], second[possible]

    def _between_silences(
        self, silences: "Sequence[_Silence]", first: Ints, second: Ints
    ) -> "list[_Meeting]":
        table, found = _Table.of(silences), list[_Meeting]()
        for i in range(0, len(first), PAIRS_AT_ONCE):
            a, b = first[i : i + PAIRS_AT_ONCE], second[i : i + PAIRS_AT_ONCE]
            joint = together(table.rows(a), table.rows(b), self.min_meeting_s)
            for k in np.flatnonzero(joint.longest_s >= self.min_meeting_s):
                one, other = silences[a[k]], silences[b[k]]
                begin_us = max(one.start_us, other.start_us)
                both_s = (min(one.until_us, other.until_us) - begin_us) / SECOND_US
                owner = max((one, other), key=lambda s: (s.end_us, s.track))
                found.append(
                    self._weighed(
                        one,
                        other,
                        owner,
                        begin_us,
                        max(one.end_us, other.end_us),
                        both_s,
                        float(joint.longest_s[k]),
                        float(joint.area_km2[k]),
                        (float(joint.lat[k]), float(joint.lon[k])),
                    )
                )
        return found

    def _with_loiterers(
        self, silences: "Sequence[_Silence]", loiterings: "Sequence[_Loitering]", now_us: int
    ) -> "list[_Meeting]":
        found = []
        for silence in silences:
            for loitering in loiterings:
                begin_us = max(silence.start_us, loitering.start_us)
                last_us = min(silence.until_us, loitering.end_us, now_us)
                both_s = (last_us - begin_us) / SECOND_US
                if silence.mmsi == loitering.mmsi or both_s < self.min_meeting_s:
                    continue
                ticks_us = np.arange(-(-begin_us // STEP_US), last_us // STEP_US + 1) * STEP_US
                lat, lon = loitering.places(ticks_us)
                there = silence.holds(lat, lon, ticks_us)
                at, longest = _longest_run(there)
                longest_s = max(longest - 1, 0) * STEP_US / SECOND_US
                if longest_s < self.min_meeting_s:
                    continue
                middle, during = at + longest // 2, slice(at, at + longest)
                way_m = silence.way_m(lat[during], lon[during]).min()
                found.append(
                    self._weighed(
                        silence,
                        loitering,
                        silence,
                        begin_us,
                        silence.end_us,
                        both_s,
                        longest_s,
                        silence.nearer_km2(way_m),
                        (float(lat[middle]), float(lon[middle])),
                        loitering.status_at(int(ticks_us[middle])),
                        silence.spare_s(way_m),
                    )
                )
        return found

    def _weighed(
        self,
        one: "_Silence | _Loitering",
        other: "_Silence | _Loitering",
        owner: "_Silence | _Loitering",
        begin_us: int,
        end_us: int,
        both_s: float,
        longest_s: float,
        area_km2: float,
        place: tuple[float, float],
        status: int = NAV_STATUS_UNDEFINED,
        spare_s: float = float("nan"),
    ) -> "_Meeting":
        share = min(1.0, longest_s / both_s)
        agreement = 0.0
        if isinstance(one, _Silence) and isinstance(other, _Silence) and end_us != NEVER:
            union_us = max(one.until_us, other.until_us) - min(one.start_us, other.start_us)
            agreement = both_s * SECOND_US / union_us
        at_once = 0.5 * max(0.0, (agreement - COINCIDENCE) / (1.0 - COINCIDENCE))
        tightness = 1.0 / np.sqrt(1.0 + area_km2 / self.tight_area_km2)
        weight = float(0.4 * share * (1.0 - (1.0 - tightness) * (1.0 - at_once)))
        if not np.isnan(spare_s):
            weight *= 0.5 + 0.5 * float(np.clip(spare_s / self.min_meeting_s, 0.0, 1.0))
        low, high = sorted((one, other), key=lambda story: (story.mmsi, story.track))
        return _Meeting(
            low, high, owner.track, owner.start_us, begin_us, end_us, both_s, longest_s, share,
            area_km2, agreement, weight, place, status, spare_s,
        )  # fmt: skip

    def _best(self, meetings: "Sequence[_Meeting]", types: dict[int, int]) -> "list[_Meeting]":
        """The best partners of each silence: those without a reason to wait first, by weight."""

        def rank(m: "_Meeting") -> tuple[bool, float, int, int, int]:
            loiterers = [s for s in (m.one, m.other) if isinstance(s, _Loitering)]
            excused = any(reason_to_wait(types.get(s.mmsi, -1), m.status) for s in loiterers)
            return excused, -m.weight, m.start_us, m.one.track, m.other.track

        ranked = sorted((m for m in meetings if m.weight >= self.min_weight), key=rank)
        kept, counts = [], dict[tuple[int, int, bool], int]()
        for meeting in ranked:
            key = (meeting.owner, meeting.owner_start_us, meeting.with_loiterer)
            counts[key] = counts.get(key, 0) + 1
            if counts[key] <= self.max_per_silence:
                kept.append(meeting)
        return kept

    def _touches(self, meeting: "_Meeting", window: tuple[int, int]) -> bool:
        span = (np.array([meeting.start_us]), np.array([min(meeting.end_us, window[1])]))
        return bool(timespan.touches(*span, window, self.settle)[0])

    def _event(self, meeting: "_Meeting", context: Context) -> dict[str, Any]:
        low, high = meeting.one, meeting.other
        lat, lon = meeting.place
        reached = bool(context.zones.reached(np.array([lat]), np.array([lon]))[0])
        start = pd.Timestamp(from_epoch_us(np.array([meeting.start_us])).iloc[0])
        is_open = meeting.end_us == NEVER
        end = from_epoch_us(np.array([0 if is_open else meeting.end_us])).iloc[0]
        evidence = {
            "together_s": meeting.longest_s,
            "together_margin_s": meeting.longest_s - self.min_meeting_s,
            "both_s": meeting.both_s,
            "together_fraction": meeting.share,
            "agreement_fraction": meeting.agreement,
            "area_km2": meeting.area_km2,
            "tight_area_km2": self.tight_area_km2,
            "spare_s": meeting.spare_s,
            "meeting_weight": meeting.weight,
            "min_weight": self.min_weight,
            "weight_margin": meeting.weight - self.min_weight,
            "min_meeting_s": self.min_meeting_s,
            "max_silence_s": self.max_silence_s,
            "zones_reached": reached,
            "is_open": is_open,
            "in_sts_area": bool(context.zones.within([lat], [lon], ("sts_area",))[0]),
            "in_licensed_sts_area": bool(
                context.zones.within([lat], [lon], ("sts_area",), excuses=True)[0]
            ),
            **low.told(""),
            **high.told("other_"),
        }
        alone = 1.0
        for story, prefix, reason in (
            (low, "", "own_explanation"), (high, "other_", "partner_explanation"),
        ):  # fmt: skip
            if isinstance(story, _Silence):
                alone = min(alone, story.score)
                evidence[reason] = story.explanation
            else:
                evidence[f"{prefix}nav_status"] = meeting.status
        row = {
            "kind": self.name,
            "subkind": "silent_and_loitering" if meeting.with_loiterer else "both_silent",
            "detector": self.name,
            "version": self.version,
            "mmsi": low.mmsi,
            "other_mmsi": high.mmsi,
            "track_ids": f"{low.track};{high.track}",
            "start": start,
            "end": pd.NaT if is_open else end,
            "anchor": start,
            "lat": lat,
            "lon": lon,
            "score": float(meeting.weight * min(1.0, 2.0 * alone)),
            "evidence": evidence,
        }
        if not reached:
            row |= {"score": 0.0, "explanation": surroundings.NOT_ASSESSED}
        return row

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Who could have met whom, and for how long."""
        facts = event.evidence
        partner = words.name(event.partner_of(mmsi))
        hours = facts["together_s"] / 3600
        prefix, other = ("", "other_") if mmsi == event.mmsi else ("other_", "")
        mine, theirs = facts.get(f"{prefix}story"), facts.get(f"{other}story")
        if mine == theirs:
            how = words.say("while both were silent")
        elif theirs == "loitering":
            how = words.say("which loitered meanwhile")
        else:
            how = words.say("which was silent meanwhile")
        return words.say(
            "Could have met {other} for up to {hours:.1f} h {how}, {place}",
            other=partner, hours=hours, how=how, place=words.place(event.lat, event.lon),
        )  # fmt: skip


@dataclass(frozen=True)
class _Story:
    """An event of another detector: its row, its evidence, its span, and what it is worth."""

    row: dict[str, Any]
    facts: dict[str, Any]
    start_us: int
    end_us: int

    @property
    def mmsi(self) -> int:
        return int(self.row["mmsi"])

    @property
    def track(self) -> int:
        return int(self.row["track_ids"])

    @property
    def score(self) -> float:
        return float(self.row["score"])

    @property
    def explanation(self) -> str:
        return str(self.row["explanation"])


@dataclass(frozen=True)
class _Silence(_Story):
    """A gap: where it began and ended, and how fast the vessel can have gone.

    `until_us` is its end, or now while it is open; `next_lat`, `next_lon` NaN then.
    """

    until_us: int
    lat: float
    lon: float
    next_lat: float
    next_lon: float
    mps: float

    def holds(self, lat: Floats, lon: Floats, at_us: Ints) -> NDArray[np.bool_]:
        """Whether the vessel can have been at places at times within its silence."""
        gone_m = geodesy.distance_m(self.lat, self.lon, lat, lon)
        left_m = geodesy.distance_m(lat, lon, self.next_lat, self.next_lon)
        can_go_m = self.mps * (at_us - self.start_us) / SECOND_US
        can_return_m = self.mps * (self.until_us - at_us) / SECOND_US
        return np.asarray((gone_m <= can_go_m) & ~(left_m > can_return_m))

    def way_m(self, lat: Floats, lon: Floats) -> Floats:
        """Way by places from its last position to its next one, or to them while it is open."""
        gone_m = geodesy.distance_m(self.lat, self.lon, lat, lon)
        left_m = geodesy.distance_m(lat, lon, self.next_lat, self.next_lon)
        return np.asarray(gone_m + np.nan_to_num(left_m))

    def nearer_km2(self, way_m: float) -> float:
        """Area of the places that ask for no longer a way."""
        apart_m = geodesy.distance_m(self.lat, self.lon, self.next_lat, self.next_lon)
        return float(reach.area_km2(way_m, apart_m))

    def spare_s(self, way_m: float) -> float:
        """Time that is left when it goes a way as fast as before, or slowly if it lay still."""
        usual_mps = max(float(self.facts.get("speed_before_kn") or 0.0), SLOW_KN) * geodesy.KNOT_MPS
        return (self.until_us - self.start_us) / SECOND_US - way_m / usual_mps

    def told(self, prefix: str) -> dict[str, Any]:
        """What evidence says of it."""
        return {
            f"{prefix}story": "gap",
            f"{prefix}event": self.row["event_id"],
            f"{prefix}silent_s": (self.until_us - self.start_us) / SECOND_US,
            f"{prefix}reach_kn": self.mps / geodesy.KNOT_MPS,
            f"{prefix}last_report_source": self.facts.get("last_report_source", ""),
        }


@dataclass(frozen=True)
class _Loitering(_Story):
    """A loitering, with the reports of its vessel."""

    reports: tuple[Ints, Ints, Floats, Floats]
    nav_status: Ints

    def places(self, at_us: Ints) -> tuple[Floats, Floats]:
        """Where the vessel was."""
        lat, lon = runs.position_at(*self.reports, np.full(len(at_us), self.track), at_us)
        return np.atleast_1d(lat), np.atleast_1d(lon)

    def status_at(self, at_us: int) -> int:
        """Its navigation status by the last report at or before a time."""
        row = int(np.searchsorted(self.reports[1], at_us, side="right")) - 1
        return int(self.nav_status[max(row, 0)])

    def told(self, prefix: str) -> dict[str, Any]:
        """What evidence says of it."""
        return {
            f"{prefix}story": "loitering",
            f"{prefix}event": self.row["event_id"],
            f"{prefix}first_report_source": self.facts.get("first_report_source", ""),
        }


@dataclass(frozen=True)
class _Meeting:
    """A pair, the lower MMSI first, and what was found.

    With a loiterer, `status` is its navigation status then, and `spare_s` the time that the silent
    vessel had to spare (else NaN).
    """

    one: "_Silence | _Loitering"
    other: "_Silence | _Loitering"
    owner: int
    owner_start_us: int
    start_us: int
    end_us: int
    both_s: float
    longest_s: float
    share: float
    area_km2: float
    agreement: float
    weight: float
    place: tuple[float, float]
    status: int
    spare_s: float

    @property
    def with_loiterer(self) -> bool:
        return isinstance(self.one, _Loitering) or isinstance(self.other, _Loitering)


@dataclass(frozen=True)
class _Table:
    """Silences as columns."""

    mmsi: Ints
    start_us: Ints
    until_us: Ints
    lat: Floats
    lon: Floats
    next_lat: Floats
    next_lon: Floats
    mps: Floats

    @classmethod
    def of(cls, silences: Sequence[_Silence]) -> "_Table":
        names = cls.__dataclass_fields__
        return cls(**{name: np.array([getattr(s, name) for s in silences]) for name in names})

    def rows(self, at: Ints) -> "_Table":
        return _Table(**{name: values[at] for name, values in vars(self).items()})


@dataclass(frozen=True)
class Joint:
    """Of pairs of silences: how long they can have been together at most and where, and the area
    of all places where they can have been together long enough.
    """

    longest_s: Floats
    lat: Floats
    lon: Floats
    area_km2: Floats


def together(a: _Table, b: _Table, stay_s: float) -> Joint:
    """Where and how long pairs of silent vessels can have been together.

    At a place x vessel i can have been from ``start + |x - last| / v`` until
    ``until - |x - next| / v``. The time that two can have been there together is the smallest of
    the latter less the largest of the former: a concave function of the place, so that narrowing a
    grid around its best point finds the maximum to within seconds.
    """
    centre_lat, centre_lon, half_m = _search_box(a, b, stay_s)
    step = np.linspace(-1.0, 1.0, GRID)
    north, east = (part.ravel()[None, :] for part in np.meshgrid(step, step, indexing="ij"))
    lat, lon = _moved(centre_lat[:, None], centre_lon[:, None], north, east, half_m[:, None])
    time_s = _time_together_s(a, b, lat, lon)
    cell_km2 = (2 * half_m / (GRID - 1) / 1000) ** 2
    area_km2 = np.maximum((time_s >= stay_s).sum(axis=1), 1) * cell_km2
    rows = np.arange(len(half_m))
    best = time_s.argmax(axis=1)
    width_m = half_m / 6
    fine = np.linspace(-1.0, 1.0, 9)
    north, east = (part.ravel()[None, :] for part in np.meshgrid(fine, fine, indexing="ij"))
    best_lat, best_lon, longest_s = lat[rows, best], lon[rows, best], time_s[rows, best]
    for _ in range(ZOOMS):
        lat, lon = _moved(best_lat[:, None], best_lon[:, None], north, east, width_m[:, None])
        time_s = _time_together_s(a, b, lat, lon)
        best = time_s.argmax(axis=1)
        best_lat, best_lon, longest_s = lat[rows, best], lon[rows, best], time_s[rows, best]
        width_m = width_m / 3
    return Joint(longest_s, best_lat, best_lon, area_km2)


def _search_box(a: _Table, b: _Table, stay_s: float) -> tuple[Floats, Floats, Floats]:
    """Centre and half side of a square that holds the smaller of two reachable areas."""
    centres = []
    for one in (a, b):
        is_open = np.isnan(one.next_lat)
        to = (np.where(is_open, one.lat, one.next_lat), np.where(is_open, one.lon, one.next_lon))
        lat, lon = geodesy.interpolate(one.lat, one.lon, *to, 0.5)
        way_m = one.mps * np.maximum((one.until_us - one.start_us) / SECOND_US - stay_s, 0.0)
        centres.append((lat, lon, np.where(is_open, way_m, way_m / 2)))
    smaller = centres[0][2] <= centres[1][2]
    lat, lon, half_m = (np.where(smaller, x, y) for x, y in zip(*centres, strict=True))
    return lat, lon, np.maximum(half_m, 1.0)


def _moved(
    lat: Floats, lon: Floats, north: Floats, east: Floats, unit_m: Floats
) -> tuple[Floats, Floats]:
    up = geodesy.destination(lat, lon, 0.0, north * unit_m)
    return geodesy.destination(*up, 90.0, east * unit_m)


def _time_together_s(a: _Table, b: _Table, lat: Floats, lon: Floats) -> Floats:
    origin_us = np.minimum(a.start_us, b.start_us)
    arrivals, departures = [], []
    for one in (a, b):
        mps = one.mps[:, None]
        start_s, until_s = (
            ((time_us - origin_us) / SECOND_US)[:, None] for time_us in (one.start_us, one.until_us)
        )
        gone_m = geodesy.distance_m(one.lat[:, None], one.lon[:, None], lat, lon)
        left_m = geodesy.distance_m(lat, lon, one.next_lat[:, None], one.next_lon[:, None])
        arrivals.append(start_s + gone_m / mps)
        departures.append(until_s - np.nan_to_num(left_m) / mps)
    return np.asarray(np.minimum(*departures) - np.maximum(*arrivals))


def _types(context: Context) -> dict[int, int]:
    """Ship type that each vessel states."""
    vessels = context.vessels
    return dict(zip(vessels["mmsi"].tolist(), vessels["ship_type"].tolist(), strict=True))


def _loiterings(context: Context, positions: pd.DataFrame) -> list[_Loitering]:
    """Loiterings of vessels whose work it isn't to wait."""
    found = context.events_of("loitering")
    if found.empty:
        return []
    types = _types(context)
    tracks = positions["track_id"].to_numpy()
    rows = [{str(k): v for k, v in row.items()} for row in found.to_dict("records")]
    stories = []
    for row, facts in zip(rows, events.evidence_of(found), strict=True):
        low, high = np.searchsorted(tracks, [int(row["track_ids"]), int(row["track_ids"]) + 1])
        if low < high:
            own = positions.iloc[low:high]
            reports = (
                own["track_id"].to_numpy(), epoch_us(own["time"]),
                own["lat"].to_numpy(), own["lon"].to_numpy(),
            )  # fmt: skip
            status = own["nav_status"].to_numpy("int64")
            stories.append(_Loitering(row, facts, *_span_us(row), reports, status))
    return [
        story
        for story in stories
        if types.get(story.mmsi, -1) not in SERVICE_TYPES
        and not story.explanation.startswith("not assessed")
    ]


def _report_at(positions: pd.DataFrame, track: int, at_us: int) -> tuple[float, float] | None:
    """Position of a track's report at a time; NaN where there is none yet, None if not loaded."""
    tracks = positions["track_id"].to_numpy()
    low, high = np.searchsorted(tracks, [track, track + 1])
    if at_us == NEVER:
        return (np.nan, np.nan) if low < high else None
    times_us = epoch_us(positions["time"].iloc[low:high])
    row = int(low + np.searchsorted(times_us, at_us))
    if row >= high or times_us[row - low] != at_us:
        return None
    return float(positions["lat"].iloc[row]), float(positions["lon"].iloc[row])


def _span_us(event: dict[str, Any]) -> tuple[int, int]:
    """Start and end in microseconds; an open event has no end."""
    start, is_open = event["start"], pd.isna(event["end"])
    first, last = epoch_us(pd.Series([start, start if is_open else event["end"]])).tolist()
    return first, NEVER if is_open else last


def _longest_run(flags: NDArray[np.bool_]) -> tuple[int, int]:
    """First index and length of the longest stretch that holds, the first of equal ones.

    >>> _longest_run(np.array([True, False, True, True]))
    (2, 2)
    """
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False].astype("int8")))
    if len(edges) == 0:
        return 0, 0
    lengths = edges[1::2] - edges[::2]
    best = int(lengths.argmax())
    return int(edges[2 * best]), int(lengths[best])

"""The detector `loitering`: its facts, its rule, its events."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Final

import pandas as pd

from detectors.core import events, telling
from detectors.core.detector import Context
from detectors.core.evidence import Evidence
from detectors.core.frames import REPORTED
from detectors.core.hypothesis import Hypothesis
from detectors.core.relations import Along, Near, Relation
from detectors.core.telling import Told, Words
from detectors.hypotheses.held import ADRIFT_KN
from detectors.hypotheses.loitering import HYPOTHESES
from detectors.kinematics import geodesy, timespan
from detectors.kinematics.reports import Reports
from detectors.loitering.company import (
    AFTER_SILENCE_S,
    around,
    called_afterwards,
    voyage,
)
from detectors.loitering.evidence import SETTINGS, bounds, evidence_of
from detectors.loitering.limits import Limits
from detectors.loitering.sideways import SIDEWAYS, sideways
from detectors.loitering.slow import in_open_water, slow_runs, slow_ticks
from detectors.surroundings import nearby

LONG_S: Final = 28_800.0
"""8 h, the loitering of Miller et al. (2018): from here on duration adds nothing to the score."""


LAY_STILL_KN: Final = 0.3
"""Slower, it is said to lie still: errors of 10 m alone make 0.2 kn of a step."""
CARRIED_KN: Final = 0.1
"""What moves slower for half of the time is made fast: see `hypotheses.held.FAST_KN`."""
CARRIED_M: Final = 1000.0
"""Further than ships at anchor swing (see `anchoring`): ice carries one for hours at 0.2 kn."""


def lay_still(evidence: Evidence) -> bool:
    """Tell whether a loitering is told as lying still: at a crawl, and neither carried away nor
    moving all the while, as what is adrift does when the stream turns.
    """
    speed_kn, drift_kn = evidence.get("median_speed_kn"), evidence.get("drift_kn")
    if speed_kn is None or float(speed_kn) >= LAY_STILL_KN:
        return False
    if min(float(speed_kn), float(evidence.get("median_sog_kn") or 0.0)) >= ADRIFT_KN:
        return False
    held = float(evidence.get("held_fraction") or 0.0) >= 0.5
    if float(speed_kn) < CARRIED_KN or held:
        return True
    duration_s = evidence.get("duration_s")
    if drift_kn is None or duration_s is None:  # redacted
        return True
    return float(drift_kn) * geodesy.KNOT_MPS * float(duration_s) <= CARRIED_M


DRIFTED_KN: Final = 2.0
"""Slower, it is said to drift (Miller et al. 2018); encounters are told so too."""
STREAM_S: Final = 22_356.0
"""6.2 h, half of the tide's period (M2): after that the stream carries back what it carried off."""
STRAIGHT: Final = 0.9
"""From so much of its speed on, made good from end to end, its way was straight (see the reason
"making way slowly")."""
WORKED: Final = 0.25
"""Who made the speed of towed nets for so much of the time had the engine on now and then."""
HELD: Final = 0.25
"""Who held a place for so much of the time doesn't drift, but shifts from one to the next: what
does holds one for 0.16 of it at most (see `evidence.HELD_KN`)."""


def drifted(evidence: Evidence) -> bool:
    """Tell whether a loitering is told as drifting, where its way doesn't speak for an engine: it
    may be a cable layer's that goes straight on at a knot all night, or a trawler's.
    """
    speed_kn, drift_kn = evidence.get("median_speed_kn"), evidence.get("drift_kn")
    if speed_kn is None or float(speed_kn) >= DRIFTED_KN:
        return False
    if float(evidence.get("working_speed_fraction") or 0.0) >= WORKED:
        return False
    if float(evidence.get("held_fraction") or 0.0) >= HELD:
        return False
    duration_s = float(evidence.get("duration_s") or 0.0)
    straight = drift_kn is not None and float(drift_kn) >= STRAIGHT * float(speed_kn)
    return not (straight and duration_s > STREAM_S)


class Loitering(Limits):
    """A vessel slower than `max_speed_kn` for `min_duration_s` outside ports and anchorages.

    The track is interpolated at the ticks of an absolute time grid (never over a silence longer
    than `max_silence_s`). A tick qualifies when the vessel is slow, by its positions, over the
    step that follows, outside `excluded_classes` and not on land. Between two reports more than
    `max_interruption_s` apart it isn't, if both say that it lay at rest, in two places; and where
    either says that it made `max_speed_kn` or more, no loitering begins or ends there. Qualifying
    ticks in a row make pieces of at least `min_piece_s`; pieces no more than `max_interruption_s`
    and `max_interruption_m` apart make one loitering, which lasts from its first tick to the end of
    its last step. So do pieces up to `max_return_s` apart, one of them as long as the pause, if it
    came back within `max_interruption_m` of where it had lain in the `min_duration_s` before. So it
    may begin at any minute, cross midnight, and hold one pause or many.

    Speed comes from positions rather than the reported SOG because a stuck or missing SOG field
    would otherwise hide a drifting vessel or invent one; the median of the reported SOG is kept
    in evidence beside it.

    With `sideways` on, a vessel that moves across its heading is found too (subkind ``sideways``).

    Notes
    -----
    The published rules also ask for 20 nm from shore; no point of the Singapore Strait is that far
    out and hardly any of the Malacca Strait, so zones and land stand in for it here.

    Transfer areas aren't excluded, since a meeting may begin there with one vessel only: evidence
    says so, and where transfers are licensed the score is lowered.

    Score before explanations: 0.35, plus up to 0.3 for duration (full at 8 h); times 0.7 at a
    median of `lowered_speed_kn` or more, times 0.5 inside a licensed area, times 0.2 near land.
    """

    name: ClassVar[str] = "loitering"
    version: ClassVar[str] = "27"
    requires: ClassVar[tuple[str, ...]] = (
        *REPORTED,
        "sog_kn",
        "cog_deg",
        "heading_deg",
        "nav_status",
        "ais_class",
    )
    source: ClassVar[str] = (
        "Miller, Roan, Hochberg, Amos & Kroodsma (2018), Identifying Global Patterns of "
        "Transshipment Behavior, Frontiers in Marine Science 5:240, doi:10.3389/fmars.2018.00240"
    )
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Return who was near while it was slow: who keeps beside it, lies or fishes near it."""
        anybody = Along(self.step_s, self.max_silence_s)
        slow = replace(anybody, below_kn=self.max_speed_kn, pause_s=self.max_return_s)
        reach_m = max(self.company_m, self.neighbour_m, self.fishing_near_m)
        around_s = self.max_silence_s + 2 * self.step_s
        ending_s = float(self.min_duration_s + self.step_s)
        return (Near(reach_m, 0.0, slow, anybody, around_s, ending_s=ending_s),)

    @property
    def settle(self) -> timedelta:
        """Return how long after its last tick a loitering can still go on, or what followed be
        seen.
        """
        goes_on_s = self.max_return_s + self.min_piece_s + self.max_silence_s
        return timedelta(seconds=max(goes_on_s, self.after_s + AFTER_SILENCE_S))

    @property
    def lookback(self) -> timedelta:
        """Long enough to find any loitering not yet settled, whatever its phase."""
        found_s = 2 * self.min_duration_s + 2 * (self.max_return_s + self.min_piece_s)
        found_s = max(found_s, self.min_reports * self.max_silence_s)
        return self.settle + timedelta(seconds=found_s + self.max_silence_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find loiterings; see the class for the rule and `Detector.detect` for the frames."""
        if positions.empty:
            return events.empty()
        reports = Reports(positions)
        grid = reports.grid(self.step_s, self.max_silence_s)
        drifting = sideways(self, reports, grid, context) if self.sideways else []
        slow = in_open_water(self, grid, *slow_ticks(self, reports, grid), context)
        first, last = slow_runs(self, grid, slow)
        n_reports = grid.report[slow[last] + 1] + 2 - grid.report[slow[first]]
        enough = n_reports >= self.min_reports
        spans, _ = timespan.of_runs(
            grid,
            [slow],
            first[enough],
            last[enough],
            window=timespan.window_us(context.start, context.end),
            settle=self.settle,
            max_break_s=self.max_return_s,
        )
        if len(spans) == 0:
            return events.build(drifting)
        first, last = spans.first, spans.last
        tracks = grid.track_id[slow[first]]
        lat, lon = spans.middle(reports, tracks)
        called = called_afterwards(self, grid, reports.time_us, slow[last], spans.open, context)
        told = zip(
            evidence_of(self, reports, grid, slow, first, last, (lat, lon), context),
            around(self, grid, slow[first], slow[last], reports.nav_status, context),
            called,
            voyage(self, grid, reports.time_us, slow[first], slow[last], spans.open),
            strict=True,
        )
        return events.build(
            [
                *drifting,
                *(
                    events.row(
                        self,
                        [tracks[i]],
                        start_us=int(spans.start_us[i]),
                        end_us=spans.until_us(i),
                        lat=lat[i],
                        lon=lon[i],
                        evidence={
                            **measured,
                            **company,
                            **way,
                            "called_afterwards": went,
                            **bounds(self, measured),
                        },
                        settings=SETTINGS,
                        **self._judged(measured),
                    )
                    for i, (measured, company, went, way) in enumerate(told)
                ),
            ]
        )

    def _judged(self, evidence: dict[str, Any]) -> dict[str, Any]:
        if not evidence["zones_reached"]:
            return {"score": 0.0, "explanation": nearby.NOT_ASSESSED}
        score = 0.35 + 0.3 * min(1.0, evidence["duration_s"] / LONG_S)
        score *= 0.7 if evidence["median_speed_kn"] >= self.lowered_speed_kn else 1.0
        score *= 0.5 if evidence["in_licensed_sts_area"] else 1.0
        score *= 0.2 if evidence["near_land"] else 1.0
        return {"score": float(score)}

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say how long it lay, drifted or went slowly, how fast, and where."""
        if event.subkind == SIDEWAYS:
            return words.say(
                "Moved across its heading for {duration} at {speed_kn:.1f} kn, {place}",
                duration=words.duration(event.start, event.seen_until),
                speed_kn=event.evidence["median_sog_kn"],
                place=words.place(event.lat, event.lon),
            )
        speed, still = event.evidence.get("median_speed_kn"), lay_still(event.evidence)
        at = "" if speed is None or still else words.say(" at {speed_kn:.1f} kn", speed_kn=speed)
        went = words.say("Drifted") if drifted(event.evidence) else words.say("Moved slowly")
        return words.say(
            "{how} {duration}{at}, {place}{surroundings}",
            how=words.say("Lay still") if still else went,
            duration=words.duration(event.start, event.seen_until),
            at=at,
            place=words.place(event.lat, event.lon),
            surroundings=telling.surroundings(event.evidence, words),
        )

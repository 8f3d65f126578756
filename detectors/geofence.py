"""Geofence: a vessel enters, leaves or stays in a zone."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from detectors.core import events, geodesy, runs
from detectors.core.detector import Context, Detector
from detectors.core.explain import Hypothesis
from detectors.core.frames import epoch_us, from_epoch_us
from detectors.core.hypotheses_geofence import HYPOTHESES
from detectors.core.telling import Told, Words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CROSSING_SCORES: Final = {
    "joint_area": 0.05,
    "sts_area": 0.05,
    "landing_place": 0.1,
}
DWELL_SCORES: Final = {"sts_area": 0.1, "landing_place": 0.3}


class Geofence(Detector):
    """Visits of vessels to zones: the crossing in, the crossing out, and a stay.

    The reports of a track inside a zone make one visit while they are no more than
    `max_silence_s` apart, and no more than `min_outside_s` where the vessel was outside in between
    (the hysteresis: a vessel on the boundary doesn't flicker). A visit counts once it lasted
    `min_inside_s`, measured between crossings.

    A crossing lies where the segment between the report outside and the report inside cuts the
    zone's boundary, next to the report inside; its time is interpolated along the segment. Where
    those reports are more than `max_silence_s` apart the crossing isn't interpolated: the event
    spans the silence, lies at the report inside, and evidence says ``crossing_interpolated:
    false``. A vessel first seen inside has no crossing in.

    A dwell lasts from the crossing in (or the first report) to the crossing out (or the last
    report before a silence) and has no end while the vessel is inside.

    Parameters
    ----------
    crossing_scores
        Zone classes whose crossings are events, with their score. Crossings are context for what
        happens after them, so the scores are low.
    dwell_scores
        Zone classes in which a stay is an event, with its score. Ports and anchorages are left
        out, where staying is the rule.
    min_outside_s
        10 minutes outside end a visit.
    min_inside_s
        2 minutes inside make one: one position off by a few metres doesn't.
    min_dwell_s
        30 minutes: long enough to land or take on something by boat.
    max_silence_s
        1 hour, the longest silence over which a crossing is interpolated and a stay goes on.

    Notes
    -----
    A zone is known wherever it is drawn, so this detector assesses all that it reports.
    """

    name: ClassVar[str] = "geofence"
    version: ClassVar[str] = "1"
    requires: ClassVar[tuple[str, ...]] = (
        "mmsi", "time", "lat", "lon", "sog_kn", "track_id", "source", "source_offset",
    )  # fmt: skip
    source: ClassVar[str] = (
        "Visits with hysteresis as in Global Fishing Watch's port visits (entry and exit at "
        "different thresholds; globalfishingwatch.org/faqs, carrier vessel portal); crossings by "
        "linear interpolation between reports"
    )
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    crossing_scores: Mapping[str, float] = Field(default=CROSSING_SCORES)
    dwell_scores: Mapping[str, float] = Field(default=DWELL_SCORES)
    min_outside_s: PositiveInt = 600
    min_inside_s: PositiveInt = 120
    min_dwell_s: PositiveInt = 1800
    max_silence_s: PositiveInt = 3600

    @property
    def settle(self) -> timedelta:
        """How long after a crossing it takes at most to be sure of it."""
        return timedelta(seconds=self.max_silence_s + max(self.min_inside_s, self.min_outside_s))

    @property
    def lookback(self) -> timedelta:
        """Long enough to find the visit behind any crossing not yet settled, and a dwell."""
        found_s = max(self.min_inside_s, self.min_dwell_s) + self.min_outside_s
        return self.settle + timedelta(seconds=found_s + 2 * self.max_silence_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find visits; see the class for the rule and `Detector.detect` for the frames."""
        classes = sorted(self.crossing_scores.keys() | self.dwell_scores.keys())
        if positions.empty or not classes or len(context.zones.frame) == 0:
            return events.empty()
        track, time_us = positions["track_id"].to_numpy(), epoch_us(positions["time"])
        lat, lon = positions["lat"].to_numpy(), positions["lon"].to_numpy()
        window = runs.window_us(context.start, context.end)

        point, row = context.zones.members(lat, lon, classes)
        order = np.argsort(row, kind="stable")
        point, row = point[order], row[order]
        first, last = self._visits(track, time_us, point, row)
        zone, inside_first, inside_last = row[first], point[first], point[last]

        comes = np.zeros(len(zone), bool)
        leaves = np.zeros(len(zone), bool)
        some = inside_first > 0
        comes[some] = track[inside_first[some] - 1] == track[inside_first[some]]
        some = inside_last < len(track) - 1
        leaves[some] = track[inside_last[some] + 1] == track[inside_last[some]]
        # A visit cut short by a silence with the vessel inside at both ends has no crossing there.
        follows = np.zeros(len(zone), bool)
        follows[1:] = (zone[1:] == zone[:-1]) & (inside_first[1:] == inside_last[:-1] + 1)
        comes &= ~follows
        leaves[:-1] &= ~follows[1:]

        shapes = context.zones.frame.geometry.to_numpy()
        entry = self._crossings(shapes, zone, lat, lon, time_us, inside_first, -1, comes)
        exit_ = self._crossings(shapes, zone, lat, lon, time_us, inside_last, +1, leaves)
        stay_s = (exit_.inner_us - entry.inner_us) / runs.SECOND_US
        lasting = stay_s >= self.min_inside_s
        settled = window[1] - time_us[inside_last] >= self.min_outside_s * runs.SECOND_US

        frame = pd.DataFrame(context.zones.frame.drop(columns="geometry"))
        found: list[dict[str, Any]] = []
        for subkind, crossing, wanted, inside in (
            ("enter", entry, comes & lasting, inside_first),
            ("exit", exit_, leaves & lasting & settled, inside_last),
        ):
            picked = wanted & self._of(frame, zone, self.crossing_scores)
            picked &= runs.touches(crossing.start_us, crossing.end_us, window, self.settle)
            found += self._crossing_events(
                subkind, crossing, np.flatnonzero(picked), inside, zone, positions, frame
            )
        long = (stay_s >= self.min_dwell_s) & self._of(frame, zone, self.dwell_scores)
        long &= runs.touches(entry.inner_us, exit_.inner_us, window, self.settle)
        found += self._dwell_events(
            entry, exit_, np.flatnonzero(long), inside_first, inside_last, window[1],
            zone, stay_s, positions, frame,
        )  # fmt: skip
        return events.build(found)

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Which zone it entered, left or stayed in."""
        zone = event.evidence["zone_name"]
        if event.subkind == "dwell":
            return f"Stayed {words.duration(event.start, event.end)} in {zone}"
        verb = {"enter": "Entered", "exit": "Left"}.get(event.subkind, event.subkind)
        return f"{verb} {zone}, {words.place(event.lat, event.lon)}"

    def _visits(self, track: Ints, time_us: Ints, point: Ints, row: Ints) -> tuple[Ints, Ints]:
        """First and last row of each visit in the memberships sorted by (zone, report)."""
        if len(point) == 0:
            return np.zeros(0, "int64"), np.zeros(0, "int64")
        apart_us = time_us[point[1:]] - time_us[point[:-1]]
        adjacent = point[1:] == point[:-1] + 1
        limit_us = np.where(adjacent, self.max_silence_s, self.min_outside_s) * runs.SECOND_US
        cut = (row[1:] != row[:-1]) | (track[point[1:]] != track[point[:-1]])
        cut |= apart_us > limit_us
        first = np.r_[0, np.flatnonzero(cut) + 1]
        return first, np.r_[first[1:] - 1, len(point) - 1]

    def _crossings(
        self,
        shapes: NDArray[Any],
        zone: Ints,
        lat: Floats,
        lon: Floats,
        time_us: Ints,
        inside: Ints,
        side: int,
        crosses: NDArray[np.bool_],
    ) -> "_Crossings":
        """Where and when each visit crosses the boundary beside its report `inside`.

        `side` is -1 for the way in (the report before is outside), +1 for the way out.
        """
        outside = np.where(crosses, inside + side, inside)
        silence_us = np.abs(time_us[outside] - time_us[inside])
        near = crosses & (silence_us <= self.max_silence_s * runs.SECOND_US)
        fraction = np.zeros(len(inside))  # of the way from the report inside to the one outside
        pick = np.flatnonzero(near)
        fraction[pick] = _cut(
            shapes[zone[pick]],
            np.column_stack([lon[inside[pick]], lat[inside[pick]]]),
            np.column_stack([lon[outside[pick]], lat[outside[pick]]]),
        )
        at_lat, at_lon = geodesy.interpolate(
            lat[inside], lon[inside], lat[outside], lon[outside], fraction
        )
        # Whole milliseconds: a time that two machines round alike.
        at_us = time_us[inside] + side * (np.round(fraction * silence_us / 1000) * 1000).astype(
            "int64"
        )
        bounded = crosses & ~near
        low_us, high_us = (f(time_us[inside], time_us[outside]) for f in (np.minimum, np.maximum))
        return _Crossings(
            inner_us=at_us,
            start_us=np.where(bounded, low_us, at_us),
            end_us=np.where(bounded, high_us, at_us),
            lat=np.atleast_1d(at_lat),
            lon=np.atleast_1d(at_lon),
            interpolated=near,
            silence_s=silence_us / runs.SECOND_US,
            outside=outside,
        )

    @staticmethod
    def _of(frame: pd.DataFrame, zone: Ints, scores: Mapping[str, float]) -> NDArray[np.bool_]:
        return np.asarray(frame["zone_class"].isin(list(scores)))[zone]

    def _crossing_events(
        self,
        subkind: str,
        crossing: "_Crossings",
        picked: Ints,
        inside: Ints,
        zone: Ints,
        positions: pd.DataFrame,
        frame: pd.DataFrame,
    ) -> list[dict[str, Any]]:
        source, offset = positions["source"].to_numpy(), positions["source_offset"].to_numpy()
        track, sog_kn = positions["track_id"].to_numpy(), positions["sog_kn"].to_numpy()
        start, end, anchor = (
            from_epoch_us(values)
            for values in (crossing.start_us, crossing.end_us, epoch_us(positions["time"])[inside])
        )
        found = []
        for i in picked:
            about = frame.iloc[zone[i]]
            score = self.crossing_scores[about["zone_class"]]
            ends = sorted((int(inside[i]), int(crossing.outside[i])))
            found.append(
                {
                    **self._common(subkind, int(track[inside[i]]), about),
                    "start": start.iloc[i],
                    "end": end.iloc[i],
                    "anchor": anchor.iloc[i],
                    "lat": float(crossing.lat[i]),
                    "lon": float(crossing.lon[i]),
                    "score": score,
                    "evidence": {
                        **self._about(about),
                        "crossing_interpolated": bool(crossing.interpolated[i]),
                        "silence_s": crossing.silence_s[i],
                        "max_silence_s": self.max_silence_s,
                        "min_outside_s": self.min_outside_s,
                        "min_inside_s": self.min_inside_s,
                        "sog_kn": sog_kn[inside[i]],
                        "n_reports": 2,
                        "first_report_source": runs.source_of(source, offset, ends[0]),
                        "last_report_source": runs.source_of(source, offset, ends[1]),
                    },
                }
            )
        return found

    def _dwell_events(
        self,
        entry: "_Crossings",
        exit_: "_Crossings",
        picked: Ints,
        inside_first: Ints,
        inside_last: Ints,
        now_us: int,
        zone: Ints,
        stay_s: Floats,
        positions: pd.DataFrame,
        frame: pd.DataFrame,
    ) -> list[dict[str, Any]]:
        if len(picked) == 0:
            return []
        track, time_us = positions["track_id"].to_numpy(), epoch_us(positions["time"])
        lat, lon = positions["lat"].to_numpy(), positions["lon"].to_numpy()
        source, offset = positions["source"].to_numpy(), positions["source_offset"].to_numpy()
        sog_kn = positions["sog_kn"].to_numpy()
        final = np.r_[track[1:] != track[:-1], True]
        quiet_us = now_us - time_us[inside_last]
        still_on = final[inside_last] & (quiet_us <= self.max_silence_s * runs.SECOND_US)
        middle_us = (entry.inner_us + exit_.inner_us) // 2
        middle = runs.position_at(track, time_us, lat, lon, track[inside_first], middle_us)
        start, end, anchor = (
            from_epoch_us(values)
            for values in (entry.inner_us, exit_.inner_us, time_us[inside_first])
        )
        found = []
        for i in picked:
            about = frame.iloc[zone[i]]
            score = self.dwell_scores[about["zone_class"]]
            a, b = int(inside_first[i]), int(inside_last[i])
            known_kn = sog_kn[a : b + 1][~np.isnan(sog_kn[a : b + 1])]
            found.append(
                {
                    **self._common("dwell", int(track[a]), about),
                    "start": start.iloc[i],
                    "end": pd.NaT if still_on[i] else end.iloc[i],
                    "anchor": anchor.iloc[i],
                    "lat": float(middle[0][i]),
                    "lon": float(middle[1][i]),
                    "score": score,
                    "evidence": {
                        **self._about(about),
                        "duration_s": round(float(stay_s[i])),
                        "min_dwell_s": self.min_dwell_s,
                        "duration_margin_s": round(float(stay_s[i])) - self.min_dwell_s,
                        "entry_interpolated": bool(entry.interpolated[i]),
                        "exit_interpolated": bool(exit_.interpolated[i] and not still_on[i]),
                        "median_sog_kn": float(np.median(known_kn)) if len(known_kn) else None,
                        "max_silence_s": self.max_silence_s,
                        "min_outside_s": self.min_outside_s,
                        "n_reports": b - a + 1,
                        "first_report_source": runs.source_of(source, offset, a),
                        "last_report_source": runs.source_of(source, offset, b),
                    },
                }
            )
        return found

    def _common(self, subkind: str, track: int, about: pd.Series) -> dict[str, Any]:
        return {
            "kind": self.name,
            "subkind": subkind,
            "detector": self.name,
            "version": self.version,
            "mmsi": track // 100,
            "track_ids": str(track),
            "zone_id": str(about["zone_id"]),
        }

    @staticmethod
    def _about(about: pd.Series) -> dict[str, Any]:
        return {
            "zone_class": str(about["zone_class"]),
            "zone_name": str(about["name"]),
            "zone_confidence": str(about["confidence"]),
        }


class _Crossings:
    """One side (in or out) of each visit, as columns; where there is no crossing, the report."""

    def __init__(
        self,
        *,
        inner_us: Ints,
        start_us: Ints,
        end_us: Ints,
        lat: Floats,
        lon: Floats,
        interpolated: NDArray[np.bool_],
        silence_s: Floats,
        outside: Ints,
    ) -> None:
        self.inner_us = inner_us
        self.start_us = start_us
        self.end_us = end_us
        self.lat = lat
        self.lon = lon
        self.interpolated = interpolated
        self.silence_s = silence_s
        self.outside = outside


def _cut(shapes: NDArray[Any], inside: Floats, outside: Floats) -> Floats:
    """Fraction of the way from `inside` to `outside` at which each polygon is first left.

    Points are (lon, lat). A segment over the antimeridian is tried on both sides of it. Where
    rounding hides the cut the fraction is 0: the report inside, which lies on the boundary.
    """
    delta = outside - inside
    delta[:, 0] = geodesy.wrap_lon(delta[:, 0])
    segments = np.asarray(shapely.linestrings(np.stack([inside, inside + delta], axis=1)))
    over = np.abs(inside[:, 0] + delta[:, 0]) > 180.0
    if over.any():
        shift = np.column_stack([-360.0 * np.sign(inside[:, 0]), np.zeros(len(inside))])[over]
        other = np.stack([inside[over] + shift, inside[over] + delta[over] + shift], axis=1)
        both = np.stack([segments[over], np.asarray(shapely.linestrings(other))], axis=1)
        segments[over] = shapely.multilinestrings(both)
    cuts = shapely.intersection(segments, shapely.boundary(shapes))
    coordinates, owner = shapely.get_coordinates(cuts, return_index=True)
    offset = coordinates - inside[owner]
    offset[:, 0] = geodesy.wrap_lon(offset[:, 0])
    length2 = np.maximum((delta**2).sum(axis=1), 1e-30)
    fraction = np.clip((offset * delta[owner]).sum(axis=1) / length2[owner], 0.0, 1.0)
    first = np.full(len(shapes), np.inf)
    np.minimum.at(first, owner, fraction)
    return np.where(np.isfinite(first), first, 0.0)

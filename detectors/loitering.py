"""Loitering: one vessel slow for long in open water."""

from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt

from detectors.core import events, geodesy, runs, surroundings, telling
from detectors.core.detector import Context, Detector
from detectors.core.explain import HYPOTHESES, Hypothesis
from detectors.core.frames import NAV_STATUS_UNDEFINED, epoch_us, from_epoch_us
from detectors.core.telling import Told, Words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LONG_S: Final = 28_800.0
"""8 h, the loitering of Miller et al. (2018): from here on duration adds nothing to the score."""


class Loitering(Detector):
    """A vessel slower than `max_speed_kn` for `min_duration_s` outside ports and anchorages.

    The track is interpolated at the ticks of an absolute time grid (never over a silence longer
    than `max_silence_s`). A tick qualifies when the vessel is slow, by its positions, over the
    step that follows, outside `excluded_classes` and not on land. Qualifying ticks in a row make
    pieces of at least `min_piece_s`; pieces no more than `max_interruption_s` apart make one
    loitering, which lasts from its first tick to the end of its last step. So it may begin at any
    minute, cross midnight, and hold one pause or many.

    Speed comes from positions rather than the reported SOG because a stuck or missing SOG field
    would otherwise hide a drifting vessel or invent one; the median of the reported SOG is kept
    in evidence beside it.

    Parameters
    ----------
    max_speed_kn
        2 kn, Miller et al. (2018) and Global Fishing Watch.
    min_duration_s
        2 hours. Miller et al. ask for 8 h, Starboard Maritime Intelligence for 4 h, Global
        Fishing Watch publishes from 1 h of hourly blocks. Waiting for a pilot or a tide in the
        Strait takes less than 2 h as a rule; a transfer to a boat without AIS is seen from 2 h.
    max_interruption_s, min_piece_s
        20 and 10 minutes: using the engine to keep station doesn't cut a loitering in two, and
        a vessel that slows down for a moment now and then doesn't loiter.
    max_silence_s
        1 hour; receivers lose more of a far vessel's reports than the 3 minutes of a slow one.
    excluded_classes
        Where lying still is the rule.
    step_s
        2 minutes: 10 m of position noise then make 0.2 kn.
    near_land_m
        Closer to land than this the vessel is taken for berthed, and its score is lowered.

    Notes
    -----
    The published rules also ask for 20 nm from shore; no point of the Singapore Strait is that far
    out and hardly any of the Malacca Strait, so zones and land stand in for it here.

    Designated transfer areas aren't excluded, since a meeting may begin there with one vessel
    only: evidence says so and the score is lowered.

    Score before explanations: 0.2, plus up to 0.25 for duration (full at 8 h); times 0.5 inside a
    transfer area, times 0.2 near land.
    """

    name: ClassVar[str] = "loitering"
    version: ClassVar[str] = "1"
    requires: ClassVar[tuple[str, ...]] = (
        "mmsi", "time", "lat", "lon", "sog_kn", "nav_status", "track_id", "source", "source_offset",
    )  # fmt: skip
    source: ClassVar[str] = (
        "Miller, Roan, Hochberg, Amos & Kroodsma (2018), Identifying Global Patterns of "
        "Transshipment Behavior, Frontiers in Marine Science 5:240, doi:10.3389/fmars.2018.00240"
    )
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES["loitering"]

    max_speed_kn: PositiveFloat = 2.0
    min_duration_s: PositiveInt = 7200
    max_interruption_s: PositiveInt = 1200
    min_piece_s: PositiveInt = 600
    max_silence_s: PositiveInt = 3600
    step_s: PositiveInt = 120
    excluded_classes: tuple[str, ...] = ("port", "anchorage")
    near_land_m: PositiveFloat = 300.0

    @property
    def settle(self) -> timedelta:
        """How long after its last tick a loitering can still go on."""
        return timedelta(seconds=self.max_interruption_s + self.min_piece_s + self.max_silence_s)

    @property
    def lookback(self) -> timedelta:
        """Long enough to find any loitering not yet settled, whatever its phase."""
        found_s = self.min_duration_s + 2 * (self.max_interruption_s + self.min_piece_s)
        return self.settle + timedelta(seconds=found_s + self.max_silence_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find loiterings; see the class for the rule and `Detector.detect` for the frames."""
        if positions.empty:
            return events.empty()
        track, time_us = positions["track_id"].to_numpy(), epoch_us(positions["time"])
        lat, lon = positions["lat"].to_numpy(), positions["lon"].to_numpy()
        grid = runs.resample(track, time_us, lat, lon, self.step_s, self.max_silence_s)
        slow = self._in_open_water(grid, np.flatnonzero(grid.speed_kn < self.max_speed_kn), context)
        first, last = self._spells(grid, slow)

        step_us = self.step_s * runs.SECOND_US
        start_us, end_us = grid.tick[slow[first]] * step_us, (grid.tick[slow[last]] + 1) * step_us
        window = runs.window_us(context.start, context.end)
        wanted = runs.touches(start_us, end_us, window, self.settle)
        first, last, start_us, end_us = (a[wanted] for a in (first, last, start_us, end_us))
        if len(first) == 0:
            return events.empty()

        tracks = grid.track_id[slow[first]]
        last_ticks = grid.last_ticks()
        final_tick = np.array([last_ticks[t] for t in tracks.tolist()])
        still_on = (grid.tick[slow[last]] >= final_tick) & (
            window[1] - end_us <= self.max_interruption_s * runs.SECOND_US
        )
        middle = runs.position_at(track, time_us, lat, lon, tracks, (start_us + end_us) // 2)
        evidence = self._evidence(positions, grid, slow, first, last, middle, context)
        times = [from_epoch_us(values) for values in (start_us, end_us)]
        rows = [
            {
                "kind": self.name,
                "detector": self.name,
                "version": self.version,
                "mmsi": int(tracks[i] // 100),
                "track_ids": str(tracks[i]),
                "start": times[0].iloc[i],
                "end": pd.NaT if still_on[i] else times[1].iloc[i],
                "anchor": times[0].iloc[i],
                "lat": float(middle[0][i]),
                "lon": float(middle[1][i]),
                **self._judged(evidence[i]),
            }
            for i in range(len(tracks))
        ]
        return events.build(rows)

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """How long it drifted, how fast, and where."""
        speed = event.evidence.get("median_speed_kn")
        at = "" if speed is None else f" at {speed:.1f} kn"
        return (
            f"Drifted {words.duration(event.start, event.end)}{at}, "
            f"{words.place(event.lat, event.lon)}{telling.surroundings(event.evidence)}"
        )

    def _spells(self, grid: runs.Grid, rows: Ints) -> tuple[Ints, Ints]:
        return runs.spells(
            grid.track_id[rows],
            grid.tick[rows],
            max_break=self.max_interruption_s // self.step_s,
            min_piece=-(-self.min_piece_s // self.step_s),
            min_length=-(-self.min_duration_s // self.step_s),
        )

    def _in_open_water(self, grid: runs.Grid, slow: Ints, context: Context) -> Ints:
        """The slow ticks outside excluded zones and land.

        Zones only take ticks away, so only ticks of runs that are long enough without them need
        the test.
        """
        first, last = self._spells(grid, slow)
        inside = np.zeros(len(slow) + 1, "int64")
        inside[first] += 1
        inside[last + 1] -= 1
        slow = slow[np.cumsum(inside[:-1]) > 0]
        lat, lon = grid.lat[slow], grid.lon[slow]
        zones = context.zones
        return slow[~(zones.within(lat, lon, self.excluded_classes) | zones.on_land(lat, lon))]

    def _evidence(
        self,
        positions: pd.DataFrame,
        grid: runs.Grid,
        slow: Ints,
        first: Ints,
        last: Ints,
        middle: tuple[Floats, Floats],
        context: Context,
    ) -> list[dict[str, Any]]:
        """What was measured, one mapping per run."""
        reports = grid.report[slow]
        sog_kn, status = positions["sog_kn"].to_numpy(), positions["nav_status"].to_numpy()
        source, offset = positions["source"].to_numpy(), positions["source_offset"].to_numpy()
        before, after = reports[first], grid.report[slow[last] + 1] + 1
        begin, end = slow[first], slow[last] + 1
        n_ticks, duration_s = last - first + 1, (grid.tick[end] - grid.tick[begin]) * self.step_s
        moved_m = geodesy.distance_m(grid.lat[begin], grid.lon[begin], grid.lat[end], grid.lon[end])
        height_m, width_m = self._box(grid, slow, first, last)
        status_code, status_fraction = _most_common(status[reports], first, last)

        lat, lon = np.atleast_1d(middle[0]), np.atleast_1d(middle[1])
        zones = context.zones
        reached = zones.reached(lat, lon)
        away_m = surroundings.nearest_zone_m(zones, lat, lon, self.excluded_classes)
        columns: dict[str, Any] = {
            "duration_s": duration_s,
            "n_ticks": n_ticks,
            "slow_fraction": n_ticks * self.step_s / duration_s,
            "median_speed_kn": runs.quantiles(grid.speed_kn[slow], first, last, 0.5),
            "median_sog_kn": runs.quantiles(sog_kn[reports], first, last, 0.5),
            "drift_kn": geodesy.speed_kn(moved_m, duration_s),
            "extent_m": np.hypot(height_m, width_m),
            "area_km2": height_m * width_m / 1e6,
            "nav_status": status_code,
            "nav_status_fraction": status_fraction,
            "n_reports": after - before + 1,
            "first_report_source": [runs.source_of(source, offset, row) for row in before],
            "last_report_source": [runs.source_of(source, offset, row) for row in after],
            "zones_reached": [bool(value) for value in reached],
            "in_sts_area": [bool(value) for value in zones.within(lat, lon, ("sts_area",))],
            "near_land": [bool(value) for value in zones.near_land(lat, lon, self.near_land_m)],
            "anchorage_distance_m": np.where(reached, away_m, np.nan),
        }
        limits = {
            "max_speed_kn": self.max_speed_kn,
            "min_duration_s": self.min_duration_s,
            "max_interruption_s": self.max_interruption_s,
            "max_silence_s": self.max_silence_s,
            "near_land_m": self.near_land_m,
        }
        lists = {key: list(values) for key, values in columns.items()}
        return [
            {
                **{key: values[i] for key, values in lists.items()},
                **limits,
                "duration_margin_s": int(duration_s[i]) - self.min_duration_s,
                "speed_margin_kn": self.max_speed_kn - float(lists["median_speed_kn"][i]),
            }
            for i in range(len(first))
        ]

    @staticmethod
    def _box(grid: runs.Grid, slow: Ints, first: Ints, last: Ints) -> tuple[Floats, Floats]:
        """Height and width in metres of the box around each run's qualifying ticks."""
        lat, run = grid.lat[slow], np.repeat(np.arange(len(first)), last - first + 1)
        begin_lon = np.zeros(len(slow))
        covered = np.repeat(first - np.r_[0, np.cumsum(last - first + 1)[:-1]], last - first + 1)
        begin_lon[covered + np.arange(len(run))] = grid.lon[slow[first]][run]
        east = geodesy.wrap_lon(grid.lon[slow] - begin_lon)
        south, north = (runs.aggregate(f, lat, first, last) for f in (np.minimum, np.maximum))
        left, right = (runs.aggregate(f, east, first, last) for f in (np.minimum, np.maximum))
        zero = np.zeros(len(first))
        return (
            np.asarray(geodesy.distance_m(south, zero, north, zero)),
            np.asarray(geodesy.distance_m((south + north) / 2, left, (south + north) / 2, right)),
        )

    @staticmethod
    def _judged(evidence: dict[str, Any]) -> dict[str, Any]:
        if not evidence["zones_reached"]:
            return {"score": 0.0, "explanation": surroundings.NOT_ASSESSED, "evidence": evidence}
        score = 0.2 + 0.25 * min(1.0, evidence["duration_s"] / LONG_S)
        score *= 0.5 if evidence["in_sts_area"] else 1.0
        score *= 0.2 if evidence["near_land"] else 1.0
        return {"score": float(score), "evidence": evidence}


def _most_common(status: NDArray[Any], first: Ints, last: Ints) -> tuple[list[int], list[float]]:
    """Navigation status most often reported in each stretch and its share, undefined ones aside."""
    codes, shares = [], []
    for a, b in zip(first, last, strict=True):
        known = status[a : b + 1]
        known = known[(known >= 0) & (known != NAV_STATUS_UNDEFINED)]
        counts = np.bincount(known) if len(known) else np.zeros(1, "int64")
        codes.append(int(counts.argmax()) if len(known) else NAV_STATUS_UNDEFINED)
        shares.append(float(counts.max()) / (b - a + 1))
    return codes, shares

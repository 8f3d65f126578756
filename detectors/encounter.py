"""Encounter: two vessels close together and slow for a while, away from port."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from detectors.core import events, geodesy, runs, surroundings, telling
from detectors.core.detector import Context, Detector
from detectors.core.explain import Hypothesis
from detectors.core.frames import NAV_STATUS_UNDEFINED, epoch_us, from_epoch_us
from detectors.core.hypotheses_encounter import HYPOTHESES
from detectors.core.telling import Told, Words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GFW_MIN_DURATION_S: Final = 7200.0
GFW_MAX_MEDIAN_SPEED_KN: Final = 2.0
GFW_MIN_ANCHORAGE_DISTANCE_M: Final = 10_000.0


class Encounter(Detector):
    """Two vessels within `max_distance_m` of one another, both slow, for `min_duration_s`.

    Both tracks are interpolated at the ticks of an absolute time grid (never over a silence
    longer than `max_silence_s`). They are together at a tick when they are close there and both
    slow over the step that follows. Ticks together make pieces of at least `min_piece_s`; pieces
    no more than `max_interruption_s` apart make one encounter, which lasts from its first tick to
    the end of its last step.

    What is left out, tick by tick: places inside `excluded_classes` or drawn as land (berths), and
    inside `crowded_classes` all but vessels alongside (`max_crowded_distance_m`), since ships at
    anchor lie a swinging circle apart.

    Pairs at the same place and time share a `group_id`: the pairs connected by common vessels and
    overlapping spans, as seen when the pair parts and no further back than `raft_memory_s`.

    Parameters
    ----------
    max_distance_m
        500 m, Miller et al. (2018) and Global Fishing Watch.
    max_speed_kn
        Speed over a step, from positions. 2.5 kn rather than the 2 kn of Miller et al. because two
        drifting vessels are carried along by the tidal stream (2 kn and more in the Singapore
        Strait), yet below the 2.5 to 4 kn at which trawlers tow. Their median against 2 kn is kept
        in evidence and lowers the score.
    min_duration_s
        30 minutes, as Starboard Maritime Intelligence uses within 200 m ("How are vessel
        encounters identified?"); the 2 h of Miller et al. miss a small tanker's or a boat's
        transfer. Whether the stricter rule is met is kept in evidence.
    max_interruption_s, min_piece_s
        20 and 8 minutes: one lost position or a swing on the hawser doesn't cut an encounter in
        two, and vessels that pass twice don't make one.
    max_silence_s
        30 minutes; class A at anchor reports every 3 minutes, class B below 2 kn as often
        (ITU-R M.1371-5, table 1), and receivers lose some.
    step_s
        2 minutes: 10 m of position noise then make 0.2 kn.
    near_land_m
        Closer to land than this the pair is taken for berthed, and its score is lowered.

    Notes
    -----
    Score before explanations: 0.3, plus up to 0.25 for duration (full at 2 h) and 0.25 for
    closeness (full at 0 m); times 0.6 if either's median speed is 2 kn or more, times 0.4 inside a
    crowded class, times 0.3 near land.
    """

    name: ClassVar[str] = "encounter"
    version: ClassVar[str] = "1"
    requires: ClassVar[tuple[str, ...]] = (
        "mmsi", "time", "lat", "lon", "sog_kn", "nav_status", "track_id", "source", "source_offset",
    )  # fmt: skip
    source: ClassVar[str] = (
        "Miller, Roan, Hochberg, Amos & Kroodsma (2018), Identifying Global Patterns of "
        "Transshipment Behavior, Frontiers in Marine Science 5:240, doi:10.3389/fmars.2018.00240"
    )
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = HYPOTHESES

    max_distance_m: PositiveFloat = 500.0
    max_speed_kn: PositiveFloat = 2.5
    min_duration_s: PositiveInt = 1800
    max_interruption_s: PositiveInt = 1200
    min_piece_s: PositiveInt = 480
    max_silence_s: PositiveInt = 1800
    step_s: PositiveInt = 120
    excluded_classes: tuple[str, ...] = ("port",)
    crowded_classes: tuple[str, ...] = ("anchorage",)
    max_crowded_distance_m: PositiveFloat = 150.0
    near_land_m: PositiveFloat = 300.0
    raft_memory_s: PositiveInt = Field(default=21_600)

    @property
    def settle(self) -> timedelta:
        """How long after its last tick an encounter or its raft can still change."""
        return timedelta(
            seconds=self.max_interruption_s
            + self.min_piece_s
            + self.min_duration_s
            + self.max_silence_s
        )

    @property
    def lookback(self) -> timedelta:
        """Long enough to find any encounter not yet settled, and the raft it belongs to."""
        found_s = self.min_duration_s + 2 * (self.max_interruption_s + self.min_piece_s)
        return self.settle + timedelta(seconds=self.raft_memory_s + found_s + self.max_silence_s)

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find encounters; see the class for the rule and `Detector.detect` for the frames."""
        if positions.empty:
            return events.empty()
        track, time_us = positions["track_id"].to_numpy(), epoch_us(positions["time"])
        lat, lon = positions["lat"].to_numpy(), positions["lon"].to_numpy()
        grid = runs.resample(track, time_us, lat, lon, self.step_s, self.max_silence_s)
        left, right, distance_m = self._together(grid, context)
        if len(left) == 0:
            return events.empty()
        group = _codes(grid.track_id[left], grid.track_id[right])
        first, last = runs.spells(
            group,
            grid.tick[left],
            max_break=self.max_interruption_s // self.step_s,
            min_piece=-(-self.min_piece_s // self.step_s),
            min_length=-(-self.min_duration_s // self.step_s),
        )
        raft = self._rafts(grid, left, right, first, last)

        step_us = self.step_s * runs.SECOND_US
        start_us, end_us = grid.tick[left[first]] * step_us, (grid.tick[left[last]] + 1) * step_us
        window = runs.window_us(context.start, context.end)
        wanted = np.flatnonzero(runs.touches(start_us, end_us, window, self.settle))
        if len(wanted) == 0:
            return events.empty()
        first, last, start_us, end_us = (a[wanted] for a in (first, last, start_us, end_us))
        raft = [raft[i] for i in wanted]

        last_ticks = grid.last_ticks()
        pair = np.stack([grid.track_id[left[first]], grid.track_id[right[first]]])
        final_tick = np.minimum(*(np.array([last_ticks[t] for t in row]) for row in pair.tolist()))
        still_on = (grid.tick[left[last]] >= final_tick) & (
            window[1] - end_us <= self.max_interruption_s * runs.SECOND_US
        )
        middle_us = (start_us + end_us) // 2
        middle = runs.position_at(track, time_us, lat, lon, pair[0], middle_us)
        evidence = self._evidence(positions, grid, context, left, right, distance_m, first, last)
        around = self._surroundings(middle, context)
        times = [from_epoch_us(values) for values in (start_us, end_us)]
        rows = [
            {
                "kind": self.name,
                "detector": self.name,
                "version": self.version,
                "mmsi": int(pair[0, i] // 100),
                "other_mmsi": int(pair[1, i] // 100),
                "track_ids": f"{pair[0, i]};{pair[1, i]}",
                "group_id": raft[i],
                "start": times[0].iloc[i],
                "end": pd.NaT if still_on[i] else times[1].iloc[i],
                "anchor": times[0].iloc[i],
                "lat": float(middle[0][i]),
                "lon": float(middle[1][i]),
                **self._judged({**evidence[i], **around[i]}),
            }
            for i in range(len(wanted))
        ]
        return events.build(rows)

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """How long they lay, drifted or moved together, how close, and where."""
        distance = event.evidence["median_distance_m"]
        speed = max(event.evidence["median_speed_kn"], event.evidence["other_median_speed_kn"])
        how = "Stopped" if speed < 1 else "Drifted" if speed < 2 else f"Moved at {speed:.1f} kn"
        beside = f"{words.distance(distance)} {'alongside' if distance < 150 else 'off'}"
        return (
            f"{how} {words.duration(event.start, event.end)} with "
            f"{words.name(event.partner_of(mmsi))} {beside}, "
            f"{words.place(event.lat, event.lon)}{telling.surroundings(event.evidence)}"
        )

    def _together(self, grid: runs.Grid, context: Context) -> tuple[Ints, Ints, Floats]:
        """Grid rows of both vessels and their distance at each tick together.

        Sorted by (pair, tick), the lower MMSI first.
        """
        slow = np.flatnonzero(grid.speed_kn < self.max_speed_kn)
        zones, lat, lon = context.zones, grid.lat[slow], grid.lon[slow]
        open_water = ~(zones.within(lat, lon, self.excluded_classes) | zones.on_land(lat, lon))
        slow, lat, lon = slow[open_water], lat[open_water], lon[open_water]
        if len(slow) < 2:
            return np.zeros(0, "int64"), np.zeros(0, "int64"), np.zeros(0)
        crowded = zones.within(lat, lon, self.crowded_classes)

        # One tree for all ticks: time is a fourth coordinate whose steps exceed the radius.
        radius = geodesy.chord(self.max_distance_m) * 1.001
        ordinal = grid.tick[slow] - grid.tick[slow].min()
        points = np.column_stack([geodesy.unit_xyz(lat, lon), ordinal * (4 * radius)])
        near = cKDTree(points, balanced_tree=False).query_pairs(radius, output_type="ndarray")
        i, j = near[:, 0], near[:, 1]
        distance_m = np.asarray(geodesy.distance_m(lat[i], lon[i], lat[j], lon[j]))
        limit_m = np.where(
            crowded[i] | crowded[j], self.max_crowded_distance_m, self.max_distance_m
        )
        mmsi = grid.track_id[slow] // 100
        keep = (distance_m <= limit_m) & (mmsi[i] != mmsi[j])
        i, j, distance_m = i[keep], j[keep], distance_m[keep]
        swap = mmsi[i] > mmsi[j]
        left, right = slow[np.where(swap, j, i)], slow[np.where(swap, i, j)]
        order = np.lexsort((grid.tick[left], grid.track_id[right], grid.track_id[left]))
        return left[order], right[order], distance_m[order]

    def _rafts(
        self, grid: runs.Grid, left: Ints, right: Ints, first: Ints, last: Ints
    ) -> list[str]:
        """Group id of each run, empty where it is connected to no other.

        Each run sees the others within a stretch of time around its own end, so that the answer
        doesn't depend on how much more of the past, or of the future, happens to be loaded.
        """
        track = np.stack([grid.track_id[left[first]], grid.track_id[right[first]]])
        begin, end = grid.tick[left[first]], grid.tick[left[last]]
        n, group = len(first), [""] * len(first)
        member = pd.DataFrame({"run": np.tile(np.arange(n), 2), "track": track.ravel()})
        joined = member.merge(member, on="track")
        joined = joined[joined["run_x"] < joined["run_y"]]
        x, y = joined["run_x"].to_numpy(), joined["run_y"].to_numpy()
        min_ticks = -(-self.min_duration_s // self.step_s)
        for now in np.unique(end[np.unique(np.r_[x, y])]):
            floor, ceiling = now - self.raft_memory_s // self.step_s, now + min_ticks
            low, high = np.maximum(begin, floor), np.minimum(end, ceiling)
            counts = (low <= high) & (high - begin + 1 >= min_ticks)
            met = counts[x] & counts[y]
            met &= np.maximum(low[x], low[y]) <= np.minimum(high[x], high[y])
            links = coo_matrix((np.ones(met.sum()), (x[met], y[met])), shape=(n, n))
            _, label = connected_components(links, directed=False)
            oldest_first = np.lexsort((track[1], track[0], low, label))
            roots = oldest_first[np.searchsorted(label[oldest_first], np.arange(label.max() + 1))]
            size = np.bincount(label)
            for run in np.flatnonzero((end == now) & (size[label] > 1)):
                root = roots[label[run]]
                anchor_us = int(low[root]) * self.step_s * runs.SECOND_US
                pair = f"{track[0, root]};{track[1, root]}"
                group[run] = events.event_id(self.name, "raft", "", pair, anchor_us)
        return group

    def _evidence(
        self,
        positions: pd.DataFrame,
        grid: runs.Grid,
        context: Context,
        left: Ints,
        right: Ints,
        distance_m: Floats,
        first: Ints,
        last: Ints,
    ) -> list[dict[str, Any]]:
        """What was measured, one mapping per run."""
        n_ticks = last - first + 1
        duration_s = (grid.tick[left[last]] + 1 - grid.tick[left[first]]) * self.step_s
        columns: dict[str, Any] = {
            "duration_s": duration_s,
            "n_ticks": n_ticks,
            "together_fraction": n_ticks * self.step_s / duration_s,
            "median_distance_m": runs.quantiles(distance_m, first, last, 0.5),
            "min_distance_m": runs.quantiles(distance_m, first, last, 0.0),
            "max_distance_seen_m": runs.quantiles(distance_m, first, last, 1.0),
            "distance_spread_m": runs.quantiles(distance_m, first, last, 0.9)
            - runs.quantiles(distance_m, first, last, 0.1),
        }
        sog_kn, status = positions["sog_kn"].to_numpy(), positions["nav_status"].to_numpy()
        source, offset = (
            positions["source"].to_numpy(),
            positions["source_offset"].to_numpy(),
        )
        known = context.vessels.drop_duplicates("mmsi").set_index("mmsi")
        for prefix, side in (("", left), ("other_", right)):
            reports = grid.report[side]
            before, after = reports[first], grid.report[side[last] + 1] + 1
            begin, end = side[first], side[last] + 1
            moved_m = geodesy.distance_m(
                grid.lat[begin], grid.lon[begin], grid.lat[end], grid.lon[end]
            )
            mmsi = grid.track_id[begin] // 100
            columns |= {
                f"{prefix}median_speed_kn": runs.quantiles(grid.speed_kn[side], first, last, 0.5),
                f"{prefix}median_sog_kn": runs.quantiles(sog_kn[reports], first, last, 0.5),
                f"{prefix}drift_kn": geodesy.speed_kn(moved_m, duration_s),
                f"{prefix}nav_status": _most_common(status[reports], first, last),
                f"{prefix}n_reports": after - before + 1,
                f"{prefix}first_report_source": [
                    runs.source_of(source, offset, row) for row in before
                ],
                f"{prefix}last_report_source": [
                    runs.source_of(source, offset, row) for row in after
                ],
                f"{prefix}ship_type": known["ship_type"].reindex(mmsi).fillna(-1).astype(int),
                f"{prefix}length_m": known["length_m"].reindex(mmsi),
            }
        limits = {
            "max_distance_m": self.max_distance_m,
            "max_speed_kn": self.max_speed_kn,
            "min_duration_s": self.min_duration_s,
            "max_interruption_s": self.max_interruption_s,
            "max_silence_s": self.max_silence_s,
        }
        lists = {key: list(values) for key, values in columns.items()}
        return [
            {
                **{key: values[i] for key, values in lists.items()},
                **limits,
                "duration_margin_s": int(lists["duration_s"][i]) - self.min_duration_s,
                "distance_margin_m": self.max_distance_m - lists["median_distance_m"][i],
                "speed_margin_kn": self.max_speed_kn
                - max(lists["median_speed_kn"][i], lists["other_median_speed_kn"][i]),
            }
            for i in range(len(first))
        ]

    def _surroundings(
        self, middle: tuple[Floats, Floats], context: Context
    ) -> list[dict[str, Any]]:
        """What lies around the middle of each encounter."""
        lat, lon = np.atleast_1d(middle[0]), np.atleast_1d(middle[1])
        zones = context.zones
        reached = zones.reached(lat, lon)
        crowded = zones.within(lat, lon, self.crowded_classes)
        transfer_area = zones.within(lat, lon, ("sts_area",))
        land = zones.near_land(lat, lon, self.near_land_m)
        around = self.excluded_classes + self.crowded_classes
        away_m = surroundings.nearest_zone_m(zones, lat, lon, around)
        return [
            {
                "zones_reached": bool(reached[i]),
                "in_anchorage": bool(crowded[i]),
                "in_sts_area": bool(transfer_area[i]),
                "near_land": bool(land[i]),
                "near_land_m": self.near_land_m,
                "anchorage_distance_m": float(away_m[i]) if reached[i] else None,
            }
            for i in range(len(lat))
        ]

    def _judged(self, evidence: dict[str, Any]) -> dict[str, Any]:
        """Score, explanation and evidence, with the rule of Miller et al. met or not."""
        speed_kn = max(evidence["median_speed_kn"], evidence["other_median_speed_kn"])
        away_m = evidence["anchorage_distance_m"]
        gfw = (
            evidence["duration_s"] >= GFW_MIN_DURATION_S
            and speed_kn < GFW_MAX_MEDIAN_SPEED_KN
            and (away_m is None or np.isnan(away_m) or away_m >= GFW_MIN_ANCHORAGE_DISTANCE_M)
        )
        evidence |= {
            "gfw_rule_met": gfw if evidence["zones_reached"] else None,
            "gfw_min_duration_s": GFW_MIN_DURATION_S,
            "gfw_max_median_speed_kn": GFW_MAX_MEDIAN_SPEED_KN,
            "gfw_min_anchorage_distance_m": GFW_MIN_ANCHORAGE_DISTANCE_M,
        }
        if not evidence["zones_reached"]:
            return {"score": 0.0, "explanation": surroundings.NOT_ASSESSED, "evidence": evidence}
        score = 0.3 + 0.25 * min(1.0, evidence["duration_s"] / GFW_MIN_DURATION_S)
        score += 0.25 * (1.0 - evidence["median_distance_m"] / self.max_distance_m)
        score *= 0.6 if speed_kn >= GFW_MAX_MEDIAN_SPEED_KN else 1.0
        score *= 0.4 if evidence["in_anchorage"] else 1.0
        score *= 0.3 if evidence["near_land"] else 1.0
        return {"score": float(score), "evidence": evidence}


def _codes(left: Ints, right: Ints) -> Ints:
    """Ascending code of each distinct (left, right), both sorted together."""
    changes = (np.diff(left) != 0) | (np.diff(right) != 0)
    return np.asarray(np.r_[0, np.cumsum(changes)], "int64")


def _most_common(status: NDArray[Any], first: Ints, last: Ints) -> list[int]:
    """Navigation status most often reported in each stretch, undefined ones aside."""
    return [_mode(status[a : b + 1]) for a, b in zip(first, last, strict=True)]


def _mode(status: Iterable[int]) -> int:
    values = np.asarray(status)
    values = values[(values >= 0) & (values != NAV_STATUS_UNDEFINED)]
    return int(np.bincount(values).argmax()) if len(values) else NAV_STATUS_UNDEFINED

"""The hulls of each MMSI, followed report by report; see `detectors.kinematics.tracks.segment`."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.errors import FrameError
from detectors.core.frames import SECOND_US, conform, epoch_us, from_epoch_us, offsets
from detectors.kinematics.geodesy import distance_m
from detectors.kinematics.hull_limits import (
    CLOSING_S,
    CONFIRMING_REPORTS,
    MAX_JUMP_M,
    MAX_ORDINAL,
    MAX_TENTATIVE,
    SHORT_STEP_S,
    STATE,
    TENTATIVE_S,
    can_join,
)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEVER: Final = -(2**62)


class Rows:
    """Sorted reports as arrays, by vessel (one MMSI), with what is known of each vessel.

    A vessel is *plain* if it has one open hull at most and each report can follow the one before:
    then all are that hull's, and no loop is needed.
    """

    def __init__(self, frame: pd.DataFrame, state: pd.DataFrame) -> None:
        self.mmsi = frame["mmsi"].to_numpy()
        self.time = epoch_us(frame["time"])
        self.lat, self.lon = frame["lat"].to_numpy(), frame["lon"].to_numpy()
        self.sog_kn = frame["sog_kn"].to_numpy()
        bounds = offsets(self.mmsi)
        self.start, self.stop = bounds[:-1], bounds[1:]
        self.vessel = np.repeat(np.arange(len(self.start)), self.stop - self.start)
        self.vessel_mmsi = self.mmsi[self.start]

        first_t = self.time[self.start]
        hull_vessel = self.vessel_of(state["mmsi"].to_numpy())
        here = np.flatnonzero(hull_vessel >= 0)
        hull_vessel = hull_vessel[here]
        last_t = epoch_us(state["time"])[here]
        if np.any(first_t[hull_vessel] <= last_t):
            raise FrameError("reports must be newer than the state of their MMSI")
        ordinal = state["ordinal"].to_numpy("int64")[here]
        born = epoch_us(state["first_time"])[here]
        gone = (ordinal == 0) & (first_t[hull_vessel] - born > TENTATIVE_S * SECOND_US)
        here, hull_vessel, ordinal = here[~gone], hull_vessel[~gone], ordinal[~gone]
        self.n_known = np.bincount(hull_vessel, minlength=len(self.start))
        one = np.flatnonzero(self.n_known[hull_vessel] == 1)
        # The row of `state` of the only hull known of a vessel, -1 where there isn't just one.
        self.known = np.full(len(self.start), -1)
        self.known[hull_vessel[one]] = here[one]
        self.known_ordinal = np.ones(len(self.start), "int64")
        self.known_ordinal[hull_vessel[one]] = ordinal[one]

        previous_t = np.r_[NEVER, self.time[:-1]]
        previous_lat, previous_lon = np.r_[0.0, self.lat[:-1]], np.r_[0.0, self.lon[:-1]]
        previous_sog_kn = np.r_[np.nan, self.sog_kn[:-1]]
        known = self.known >= 0
        seed, at = self.known[known], self.start[known]
        previous_t[self.start] = NEVER
        previous_t[at] = epoch_us(state["time"])[seed]
        previous_lat[at] = state["lat"].to_numpy()[seed]
        previous_lon[at] = state["lon"].to_numpy()[seed]
        previous_sog_kn[at] = state["sog_kn"].to_numpy()[seed]
        seen = previous_t != NEVER
        step_us = np.where(seen, self.time - np.where(seen, previous_t, 0), 0)
        step_m = distance_m(previous_lat, previous_lon, self.lat, self.lon)
        open_still = step_us <= CLOSING_S * SECOND_US
        fits = ~seen | (can_join(step_m, step_us, previous_sog_kn, self.sog_kn) & open_still)
        all_fit = np.ones(len(self.start), bool)
        np.logical_and.at(all_fit, self.vessel[~fits], False)
        self.plain = all_fit & (self.n_known <= 1) & (self.known_ordinal > 0)
        # Number of distinct report times up to each row.
        self.distinct = np.cumsum(~seen | (step_us > 0))
        # The last row of each run of reports within MAX_JUMP_M of their predecessors.
        linked = (step_m <= MAX_JUMP_M) & open_still
        linked[self.start] = False
        breaks = np.flatnonzero(~linked)
        self.run_last = np.r_[breaks[1:], len(linked)][np.cumsum(~linked) - 1] - 1

    def vessel_of(self, mmsi: Ints) -> Ints:
        """Return the vessel index of each MMSI, -1 where it has no report here."""
        if len(self.vessel_mmsi) == 0:
            return np.full(len(mmsi), -1)
        at = np.minimum(np.searchsorted(self.vessel_mmsi, mmsi), len(self.vessel_mmsi) - 1)
        return np.where(self.vessel_mmsi[at] == mmsi, at, -1)


def untouched(state: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """Return the state of vessels without a report."""
    return state[~state["mmsi"].isin(rows.vessel_mmsi)]


def plain_state(state: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """State after the reports of plain vessels: the one hull of each, moved on."""
    which = np.flatnonzero(rows.plain)
    first, last = rows.start[which], rows.stop[which] - 1
    known = rows.known[which]
    before = known >= 0
    slot = np.zeros(len(which), "int64")
    slot[before] = state["slot"].to_numpy()[known[before]]
    n_reports = rows.distinct[last] - rows.distinct[first] + 1
    n_reports[before] += state["n_reports"].to_numpy()[known[before]]
    born = rows.time[first]
    born[before] = epoch_us(state["first_time"])[known[before]]
    return _state_frame(
        rows.vessel_mmsi[which],
        slot,
        rows.known_ordinal[which],
        n_reports,
        born,
        rows.time[last],
        rows.lat[last],
        rows.lon[last],
        rows.sog_kn[last],
    )


def _state_frame(
    mmsi: Ints,
    slot: Ints,
    ordinal: Ints,
    n: Ints,
    born: Ints,
    time: Ints,
    lat: Floats,
    lon: Floats,
    sog_kn: Floats,
) -> pd.DataFrame:
    """Return hulls as `STATE`."""
    columns = {
        "mmsi": mmsi,
        "slot": slot,
        "ordinal": ordinal,
        "n_reports": n,
        "first_time": from_epoch_us(born),
        "time": from_epoch_us(time),
        "lat": lat,
        "lon": lon,
        "sog_kn": sog_kn,
    }
    return conform(pd.DataFrame(columns), STATE)


class Hulls:
    """The hulls of vessels that aren't plain: arrays of (vessel, slot), moved on in lockstep.

    Each step takes the next report of every vessel at once. Where one confirmed hull alone is
    open, the run of near reports that follows is its own too and is taken in the same step, so
    that a vessel with a few corrupt fixes takes a few steps, not one per report.
    """

    def __init__(self, state: pd.DataFrame, rows: Rows, vessels: Ints) -> None:
        self.rows = rows
        self.vessels = vessels
        place = np.full(len(rows.start), -1)
        place[vessels] = np.arange(len(vessels))
        owner = rows.vessel_of(state["mmsi"].to_numpy())
        here = np.flatnonzero((owner >= 0) & (place[owner] >= 0))
        vessel, slot = place[owner[here]], state["slot"].to_numpy("int64")[here]
        shape = (len(vessels), int(slot.max(initial=0)) + 4)
        self.time = np.full(shape, NEVER)
        self.born = np.full(shape, NEVER)
        self.lat, self.lon, self.sog_kn = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.ordinal = np.zeros(shape, "int64")
        self.n = np.zeros(shape, "int64")
        self.time[vessel, slot] = epoch_us(state["time"])[here]
        self.born[vessel, slot] = epoch_us(state["first_time"])[here]
        self.lat[vessel, slot] = state["lat"].to_numpy()[here]
        self.lon[vessel, slot] = state["lon"].to_numpy()[here]
        self.sog_kn[vessel, slot] = state["sog_kn"].to_numpy()[here]
        self.ordinal[vessel, slot] = state["ordinal"].to_numpy()[here]
        self.n[vessel, slot] = state["n_reports"].to_numpy()[here]

    def run(self, label: Ints) -> None:
        """Take all reports; write the ordinal of each row to `label` (0: none, -1: no room)."""
        cursor, stop = self.rows.start[self.vessels].copy(), self.rows.stop[self.vessels]
        taken: list[tuple[Ints, Ints, Ints]] = []
        active = np.arange(len(self.vessels))
        while len(active):
            row = cursor[active]
            ordinal, last = self._step(active, row)
            taken.append((row, last, ordinal))
            cursor[active] = last + 1
            active = active[cursor[active] < stop[active]]
        first, last, ordinal = (np.concatenate(part) for part in zip(*taken, strict=True))
        size = last - first + 1
        index = np.repeat(first - np.r_[0, np.cumsum(size)[:-1]], size) + np.arange(size.sum())
        label[index] = np.repeat(ordinal, size)

    def _step(self, vessel: Ints, row: Ints) -> tuple[Ints, Ints]:
        """Give each vessel its next report; return its ordinal and the last row so taken."""
        rows = self.rows
        time, lat, lon = rows.time[row], rows.lat[row], rows.lon[row]
        confirmed = self.ordinal[vessel] > 0
        since_us = time[:, None] - np.where(confirmed, self.time[vessel], self.born[vessel])
        used = self.time[vessel] != NEVER
        limit_us = np.where(confirmed, CLOSING_S, TENTATIVE_S) * SECOND_US
        alive = used & (since_us <= limit_us)
        away_m = distance_m(self.lat[vessel], self.lon[vessel], lat[:, None], lon[:, None])
        step_us = time[:, None] - self.time[vessel]
        near = away_m <= MAX_JUMP_M
        fits = alive & can_join(away_m, step_us, self.sog_kn[vessel], rows.sog_kn[row][:, None])
        fits &= confirmed | near | (step_us <= SHORT_STEP_S * SECOND_US)
        # A distance on Earth is below 2.1e7 m, so 1e8 puts a hull in the second rank.
        rank = np.where(fits, away_m + 1e8 * ~(confirmed & near), np.inf)
        n_open = np.count_nonzero(alive & confirmed, axis=1)
        n_given = self.ordinal[vessel].max(axis=1)
        found = ((n_open > 0) | (n_given >= MAX_ORDINAL)) & fits.any(axis=1)

        slot = np.where(found, rank.argmin(axis=1), self._free(vessel, used, alive, confirmed))
        at_once = ~found & (n_open == 0) & (n_given < MAX_ORDINAL)
        before = np.where(found, self.time[vessel, slot], NEVER)
        n = np.where(found, self.n[vessel, slot], 0) + (time > before)
        had = np.where(found, self.ordinal[vessel, slot], 0)
        due = at_once | (found & (had == 0) & (n >= CONFIRMING_REPORTS))
        ordinal = np.where(due & (n_given < MAX_ORDINAL), n_given + 1, had)
        self.born[vessel, slot] = np.where(found, self.born[vessel, slot], time)
        self.ordinal[vessel, slot] = ordinal

        lone = (ordinal > 0) & (n_open - (had > 0) == 0)
        last = np.where(lone, rows.run_last[row], row)
        self.n[vessel, slot] = n + rows.distinct[last] - rows.distinct[row]
        self.time[vessel, slot] = rows.time[last]
        self.lat[vessel, slot], self.lon[vessel, slot] = rows.lat[last], rows.lon[last]
        self.sog_kn[vessel, slot] = rows.sog_kn[last]
        no_room = (n >= CONFIRMING_REPORTS) & (ordinal == 0)
        return np.where(no_room, -1, ordinal), last

    def _free(self, vessel: Ints, used: Bools, alive: Bools, confirmed: Bools) -> Ints:
        """Slot for a new hull: the first without one; of too many tentative ones the stalest."""
        tentative = alive & ~confirmed
        full = np.count_nonzero(tentative, axis=1) >= MAX_TENTATIVE
        stalest = np.where(tentative, self.time[vessel], np.iinfo("int64").max).argmin(axis=1)
        free = ~used | (~confirmed & ~alive)
        if not np.all(free.any(axis=1) | full):
            self._grow()
            free = np.pad(
                free, ((0, 0), (0, self.time.shape[1] - free.shape[1])), constant_values=True
            )
        return np.asarray(np.where(full, stalest, free.argmax(axis=1)))

    def _grow(self) -> None:
        more = ((0, 0), (0, 8))
        self.time = np.pad(self.time, more, constant_values=NEVER)
        self.born = np.pad(self.born, more, constant_values=NEVER)
        self.lat, self.lon = np.pad(self.lat, more), np.pad(self.lon, more)
        self.sog_kn = np.pad(self.sog_kn, more)
        self.ordinal, self.n = np.pad(self.ordinal, more), np.pad(self.n, more)

    def state(self) -> pd.DataFrame:
        """Return what is left: confirmed hulls for good (they hold their ordinal), others while
        alive.
        """
        newest = self.rows.time[self.rows.stop[self.vessels] - 1]
        young = newest[:, None] - self.born <= TENTATIVE_S * SECOND_US
        keep = (self.time != NEVER) & ((self.ordinal > 0) | young)
        vessel, slot = np.nonzero(keep)
        return _state_frame(
            self.rows.vessel_mmsi[self.vessels[vessel]],
            slot,
            self.ordinal[keep],
            self.n[keep],
            self.born[keep],
            self.time[keep],
            self.lat[keep],
            self.lon[keep],
            self.sog_kn[keep],
        )

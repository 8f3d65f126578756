"""Checks that every row passes, whatever feed it comes from."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from detectors.core.frames import POSITIONS, STATICS, conform, epoch_us, from_epoch_us
from pipelines.ingest.aivdm import native_frame, wrong_mmsi
from pipelines.ingest.options import EARLIEST, IngestOptions
from pipelines.ingest.report import MAX_SAMPLES, Report

NO_TIME: Final = np.iinfo(np.int64).min
"""Stands for a time that couldn't be read, in columns of epoch microseconds."""

# Even without `not_after`: a damaged number may name any year.
_LATEST_US: Final = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1e6)
# ITU-R M.1371-5, table 45: 1023 = not available; 102.2 = 102.2 kn or more.
_MAX_SOG_KN: Final = 102.2

Text = Callable[[int], bytes | str]


class Batch:
    """Some rows of a feed.

    `positions`: frame of `frames.POSITIONS`, in no particular order; or the same as `aivdm.NATIVE`,
    of which the frame is only made when it is asked for.
    """

    def __init__(self, positions: pd.DataFrame | pa.Table, statics: pd.DataFrame) -> None:
        self.native: pa.Table | None = positions if isinstance(positions, pa.Table) else None
        self._positions = None if self.native is not None else positions
        self.statics = statics

    @property
    def positions(self) -> pd.DataFrame:
        """The position reports."""
        if self._positions is None:
            self._positions = native_frame(self.native)
        return self._positions

    @property
    def heard(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """MMSI and time, in epoch microseconds, of each position report."""
        if self.native is not None:
            mmsi, time = (self.native[name].combine_chunks() for name in ("mmsi", "time"))
            return np.asarray(mmsi).astype("int64"), np.asarray(time.cast(pa.int64()))
        return self.positions["mmsi"].to_numpy("int64"), epoch_us(self.positions["time"])

    @property
    def movement(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return latitude, longitude and speed over ground in knots of each position report."""
        names = ("lat", "lon", "sog_kn")
        if self.native is None:
            lat, lon, speed = (self.positions[name].to_numpy("float64") for name in names)
            return lat, lon, speed
        units = {"lat_x600000": 600_000.0, "lon_x600000": 600_000.0, "sog_kn_x10": 10.0}
        lat, lon, speed = (
            np.asarray(self.native[name].combine_chunks().cast(pa.float64())) / per
            for name, per in units.items()
        )
        return lat, lon, speed


def check_positions(
    frame: pd.DataFrame, options: IngestOptions, report: Report, text: Text
) -> pd.DataFrame:
    """Keep the position reports that can be right and lie in the area; count the others.

    An MMSI must have nine digits. All kinds are kept, also 0 (a group by ITU-R M.585-9: none sends
    its number but a ship whose own lacks a digit), 00 (coast stations, and boats whose set was left
    with a number of its installer), 111 (aircraft), 970 to 974 (distress transmitters), 98 (boats
    of a ship) and 99 (aids to navigation): what sends a vessel's message is reported.

    `frame`: columns of `frames.POSITIONS`, with `time` as epoch microseconds, and NaN, 91 or 181
    where there is no position.
    """
    lat, lon = frame["lat"].to_numpy(), frame["lon"].to_numpy()
    absent = (lat == 91) | (lon == 181)
    faults = (
        ("mmsi", _wrong_mmsi(frame)),
        ("time", _wrong_time(frame)),
        ("future", _early(frame, options)),
        ("no position", absent | (np.isnan(lat) & np.isnan(lon))),
        ("position", ~((np.abs(lat) <= 90) & (np.abs(lon) <= 180))),
    )
    good = _sort_out(frame, faults, report, text)
    inside = options.area.contains(lat, lon)
    report.outside_area += int((good & ~inside).sum())
    return conform(_dated(frame[good & inside]), POSITIONS)


def check_statics(
    frame: pd.DataFrame, options: IngestOptions, report: Report, text: Text
) -> pd.DataFrame:
    """Keep the static reports that can be right; count the others.

    `frame` has the columns of `frames.STATICS`, with `time` as epoch microseconds, and the boolean
    `also_static`: those rows were counted as positions already.
    """
    faults = (
        ("mmsi", _wrong_mmsi(frame)),
        ("time", _wrong_time(frame)),
        ("future", _early(frame, options)),
    )
    also = frame["also_static"].to_numpy(bool)
    wrong = faults[0][1] | faults[1][1] | faults[2][1]
    own = tuple((reason, rows & ~also) for reason, rows in faults)
    _sort_out(frame, own, report, text)
    report.also_static += int((also & ~wrong).sum())
    return conform(_dated(frame[~wrong]), STATICS)


def speed_kn(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return speed over ground with NaN where the value means "not available" or can't be one."""
    return np.where((values >= 0) & (values <= _MAX_SOG_KN + 0.01), values, np.nan)


def angle_deg(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return course or heading, NaN for 360 and above (360, 511: not available)."""
    return np.where((values >= 0) & (values < 360), values, np.nan)


def _wrong_mmsi(frame: pd.DataFrame) -> NDArray[np.bool_]:
    return wrong_mmsi(frame["mmsi"].to_numpy("int64"))


def _wrong_time(frame: pd.DataFrame) -> NDArray[np.bool_]:
    time = frame["time"].to_numpy("int64")
    return np.asarray((time < int(EARLIEST.timestamp() * 1e6)) | (time > _LATEST_US))


def _early(frame: pd.DataFrame, options: IngestOptions) -> NDArray[np.bool_]:
    """Return rows from the future: they may be right, and the clock of this machine slow."""
    if options.not_after is None:
        return np.zeros(len(frame), bool)
    return np.asarray(frame["time"].to_numpy("int64") > int(options.not_after.timestamp() * 1e6))


def _sort_out(
    frame: pd.DataFrame,
    faults: tuple[tuple[str, NDArray[np.bool_]], ...],
    report: Report,
    text: Text,
) -> NDArray[np.bool_]:
    """Return rows without a fault; a row with several is counted for the first."""
    good = np.ones(len(frame), bool)
    lines = frame["source_offset"].to_numpy()
    for reason, wrong in faults:
        rows = np.flatnonzero(good & wrong)
        if len(rows):
            samples = [(int(lines[row]), text(int(row))) for row in rows[:MAX_SAMPLES]]
            report.reject_many(reason, samples, len(rows))
            if reason == "future":
                time = frame["time"].to_numpy("int64")[rows]
                report.wait(frame["mmsi"].to_numpy("int64")[rows], time)
        good &= ~wrong
    return good


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.reset_index(drop=True)
    return frame.assign(time=from_epoch_us(frame["time"].to_numpy("int64")))


def microseconds(time: pd.Series) -> NDArray[np.int64]:
    """Return epoch microseconds of a column of times with a zone, `NO_TIME` where there is none."""
    there = time.notna().to_numpy()
    out = np.full(len(time), NO_TIME, "int64")
    out[there] = epoch_us(time[there])
    return out

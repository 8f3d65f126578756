"""Verdicts on the reports of some vessels of a date, in the units of its files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from detectors.core.arrays import Ints
from detectors.core.frames import SECOND_US, conform, from_epoch_us
from detectors.kinematics import integrity, tracks
from detectors.surroundings import coverage
from pipelines.store.groups import group_of
from pipelines.store.positions import SCHEMA
from pipelines.store.sections import (
    EVERYBODY,
    Section,
    classes_of,
    in_order,
    joined,
    rows_of,
    verdicts_of,
)

DAY: Final = timedelta(days=1)
_MEASURED: Final = ("lat", "lon", "sog_kn", "cog_deg")
_CLASS: Final = ("ais_class",)
_READ_BACK: Final = tuple(
    name
    for name in SCHEMA.names
    if name in ("mmsi", "time", *_CLASS) or name.partition("_x")[0] in _MEASURED
)
BESIDE: Final = (*_READ_BACK, "source", "source_offset", "station", "hull", "row")
"""Columns that are read of a date whose verdicts lie beside its files."""


@dataclass(frozen=True)
class Part:
    """Some vessels of a date, of which interference isn't told yet: that takes all of them."""

    judged: integrity.JudgedPart
    """Their reports as numbers, and what each is worth."""
    rows: pa.Table
    """The reports, encoded; where they lie in files that stay, as much of them as is needed."""
    beside: pa.Table | None
    """What came of them, to lie beside such files; None where the reports are kept too."""


@dataclass(frozen=True)
class Finished:
    """What is kept of some vessels of a date until all are judged, in the units of its file."""

    state: pd.DataFrame
    counts: dict[str, int]
    """See `integrity.JudgedPart`."""
    rows: pa.Table
    """The reports, or what came of them alone, encoded."""
    tail: NDArray[np.uint64]
    """A hash of each report of the last hours."""
    summary: pd.DataFrame
    reports: pd.DataFrame
    """Its tracks, and what coverage is learned from."""


def judged(
    midnight: pd.Timestamp,
    sections: tuple[Section, ...],
    late_us: Ints,
    state: pd.DataFrame,
    *,
    beside: bool,
    waits: bool,
) -> Part:
    """Judge the reports of a date, given those before it as they were judged then, its own, and
    those behind it.

    `late_us` was taken off the times of its own. With `beside` what came of the reports is encoded
    alone, to lie beside the files that hold them. A part that `waits` for others has its reports in
    the units of their file alone.
    """
    before, day, _ = sections
    order = in_order(sections)
    known = np.zeros(len(order), np.uint8)
    if len(before):
        known[: len(before)] = np.asarray(before.column("hull"))
    part = integrity.judge_part(
        midnight, midnight + DAY, _sorted(sections, order), known[order], state
    )
    rows = order[part.rows] - len(before)
    late_us = late_us[rows]
    counts = {**part.counts, "put_right": int(np.count_nonzero(late_us))}
    part = part._replace(rows=rows[:0].copy(), counts=counts)
    made = _made(part, late_us)
    if waits:
        part = part._replace(reports=part.reports.take(rows[:0]))
    if not beside:
        return Part(part, rows_of(day, rows, made), None)
    encoded = rows_of(day, rows, made, _READ_BACK if waits else _CLASS)
    if "time" in made:  # of those that were put right alone
        made["time"] = np.where(late_us == 0, np.datetime64("NaT", "us"), made["time"])
    return Part(part, encoded, verdicts_of(day, rows, made))


def finished(part: Part, jammed: Sequence[Ints], midnight: pd.Timestamp) -> Finished:
    """Mark the interference of a part, and work out what rests on its verdicts.

    `jammed` is where there was any, told from all parts of the date; see `integrity.jammed_in`.
    """
    told = part.judged
    if not len(told.reports):
        told = told._replace(reports=_read_back(part.rows, midnight))
    marked = integrity.with_interference(told, jammed, midnight)
    rows = part.rows if part.beside is None else part.beside
    if marked.found is not told.found:
        for name in ("verdict", "hull"):
            place, values = rows.schema.get_field_index(name), getattr(marked.found, name)
            rows = rows.set_column(place, rows.schema.field(place), pa.array(values))
    reports, hull = marked.reports, marked.found.hull
    evening = midnight + DAY - integrity.LOOK_BACK
    late = np.flatnonzero(reports.time_us >= evening.value // 1_000)
    tracked = _tracked(reports, hull, classes_of(part.rows))
    tail = _hashes(reports.take(late), hull[late])
    # What was worked on is let go before the rest is worked out.
    state, counts = marked.state, marked.counts
    del part, told, marked, reports, hull
    return Finished(state, counts, rows, tail, tracks.summarise(tracked), tracked)


def _read_back(rows: pa.Table, midnight: pd.Timestamp) -> integrity.Reports:
    """Return encoded reports as numbers: the same to the last bit."""
    section = Section([group_of(rows)], EVERYBODY, midnight)
    return _sorted((section,), slice(None))


def _made(part: integrity.JudgedPart, late_us: Ints) -> dict[str, NDArray[Any]]:
    """Return the columns of judged reports that their files don't have, or have otherwise."""
    made: dict[str, NDArray[Any]] = part.found._asdict()
    if late_us.any():
        made["time"] = part.reports.time_us.astype("datetime64[us]")
        right = (late_us != 0) & np.isnan(made["shift_s"])
        made["shift_s"] = np.where(right, late_us / SECOND_US, made["shift_s"])
    return made


def _sorted(sections: tuple[Section, ...], order: Ints | slice) -> integrity.Reports:
    return integrity.Reports(
        np.concatenate([section.mmsi for section in sections]).astype("int64")[order],
        np.concatenate([section.time_us for section in sections])[order],
        *(joined(sections, name)[order] for name in _MEASURED),
    )


def _tracked(
    reports: integrity.Reports, hull: NDArray[np.uint8], classes: pd.Categorical
) -> pd.DataFrame:
    """Return `coverage.REPORTS` of reports that are of a hull."""
    rows = np.flatnonzero(hull)
    track = reports.mmsi[rows] * 100 + hull[rows]
    order = rows[np.argsort(track, kind="stable")]
    columns = {
        "mmsi": reports.mmsi[order],
        "time": from_epoch_us(reports.time_us[order]),
        "lat": reports.lat[order],
        "lon": reports.lon[order],
        "ais_class": classes.take(order),
        "track_id": reports.mmsi[order] * 100 + hull[order],
    }
    return conform(pd.DataFrame(columns, copy=False), coverage.REPORTS)


def _hashes(reports: integrity.Reports, hull: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return a hash of each report, of all that the verdicts of the next date rest on."""
    hashes = np.zeros(len(reports), np.uint64)
    for values in (*vars(reports).values(), hull.astype("int64")):
        hashes = hashes * np.uint64(31) + pd.util.hash_array(values.view("uint64"))
    return hashes

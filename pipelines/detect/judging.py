"""Verdicts on the reports of some vessels of a date, in the units of its files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from detectors.core.frames import SECOND_US, conform, epoch_us, from_epoch_us
from detectors.kinematics import integrity, tracks
from detectors.surroundings import coverage
from pipelines.store.sections import (
    Section,
    classes_of,
    in_order,
    joined,
    rows_of,
    verdicts_of,
)

Ints = NDArray[np.int64]

Jammed = Sequence[Ints] | None
"""Where there was interference, None where it is to be told."""

DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Part:
    """What is kept of some vessels of a date until all are judged, in the units of its file.

    Attributes
    ----------
    judged
        Without the reports.
    rows
        The reports, encoded.
    tail, tail_mmsi
        A hash of each report of the last hours, and of whom it is.
    summary, reports
        Its tracks, and what coverage is learned from.
    """

    judged: integrity.JudgedPart
    rows: pa.Table
    tail: NDArray[np.uint64]
    tail_mmsi: Ints
    summary: pd.DataFrame
    reports: pd.DataFrame

    def vessels_at(self, jammed: Sequence[Ints]) -> Ints:
        """Return who was heard where there was interference, or had false fixes there."""
        places = np.concatenate(jammed)
        heard = integrity.vessels_around(_places_of(self.reports), places)
        return np.union1d(heard, integrity.astray_around(self.judged, places))

    def replaced(self, mmsis: Ints, other: "Part") -> "Part":
        """Return the same with what another part says of some vessels."""
        rows = self.rows.filter(~np.isin(self.rows["mmsi"].to_numpy(), mmsis))
        rows = pa.concat_tables([rows, other.rows], promote_options="default").unify_dictionaries()
        rows = rows.take(_by_vessel(rows["mmsi"].to_numpy()))
        kept = ~np.isin(self.tail_mmsi, mmsis)
        tail_mmsi = np.concatenate([self.tail_mmsi[kept], other.tail_mmsi])
        order = _by_vessel(tail_mmsi)
        mine = self.summary[~self.summary["mmsi"].isin(mmsis)]
        summary = pd.concat([mine, other.summary], ignore_index=True)
        rest = replace(self, reports=self.reports[~self.reports["mmsi"].isin(mmsis)])
        reports = _reports_of([rest, other])
        false = integrity.n_false(rows["verdict"].to_numpy())
        return Part(
            self.judged._replace(counts={**self.judged.counts, "false_fixes": false}),
            rows,
            np.concatenate([self.tail[kept], other.tail])[order],
            tail_mmsi[order],
            summary.take(_by_vessel(summary["mmsi"].to_numpy())),
            reports.take(_by_vessel(reports["mmsi"].to_numpy())).reset_index(drop=True),
        )


def judged(
    midnight: pd.Timestamp,
    sections: tuple[Section, ...],
    late_us: Ints,
    state: pd.DataFrame,
    jammed: Jammed,
    beside: bool = False,
) -> Part:
    """Judge the reports of a date, given those before it as they were judged then, its own, and
    those behind it.

    `late_us` was taken off the times of its own. `jammed` is where there was interference; None
    where these are all vessels and it is to be told. With `beside` what came of the reports is
    encoded alone, to lie beside the files that hold them.
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
    del order, known
    jammed = integrity.jammed_in([part]) if jammed is None else jammed
    part = integrity.with_interference(part, jammed, midnight)
    reports, hull = part.reports, part.found.hull
    made = _made(part, late_us[rows], beside)
    encoded = (verdicts_of if beside else rows_of)(day, rows, made)
    evening = midnight + DAY - integrity.LOOK_BACK
    late = np.flatnonzero(reports.time_us >= evening.value // 1_000)
    put_right = int(np.count_nonzero(late_us[rows]))
    tail, tail_mmsi = _hashes(reports.take(late), hull[late]), reports.mmsi[late]
    tracked = _tracked(reports, hull, classes_of(day, rows))
    # What was worked on is let go before the rest is worked out.
    counts = {**part.counts, "put_right": put_right}
    part = part._replace(rows=rows[:0].copy(), reports=reports.take(late[:0]), counts=counts)
    del reports, hull, rows
    return Part(part, encoded, tail, tail_mmsi, tracks.summarise(tracked), tracked)


def _made(part: integrity.JudgedPart, late_us: Ints, beside: bool) -> dict[str, NDArray[Any]]:
    """Return the columns of judged reports that their files don't have, or have otherwise.

    Times are all of them, or with `beside` those that were put right.
    """
    made: dict[str, NDArray[Any]] = part.found._asdict()
    if late_us.any():
        made["time"] = part.reports.time_us.astype("datetime64[us]")
        if beside:
            made["time"][late_us == 0] = np.datetime64("NaT")
        right = (late_us != 0) & np.isnan(made["shift_s"])
        made["shift_s"] = np.where(right, late_us / SECOND_US, made["shift_s"])
    return made


def _sorted(sections: tuple[Section, ...], order: Ints) -> integrity.Reports:
    return integrity.Reports(
        np.concatenate([section.mmsi for section in sections]).astype("int64")[order],
        np.concatenate([section.time_us for section in sections])[order],
        *(joined(sections, name)[order] for name in ("lat", "lon", "sog_kn", "cog_deg")),
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


def _places_of(tracked: pd.DataFrame) -> integrity.Reports:
    lat, lon = tracked["lat"].to_numpy(), tracked["lon"].to_numpy()
    return integrity.Reports(
        tracked["mmsi"].to_numpy(), epoch_us(tracked["time"]), lat, lon, lat, lon
    )


def _hashes(reports: integrity.Reports, hull: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return a hash of each report, of all that the verdicts of the next date rest on."""
    hashes = np.zeros(len(reports), np.uint64)
    for values in (*vars(reports).values(), hull.astype("int64")):
        hashes = hashes * np.uint64(31) + pd.util.hash_array(values.view("uint64"))
    return hashes


def _by_vessel(mmsi: Ints) -> Ints:
    return np.argsort(mmsi, kind="stable")


def _reports_of(parts: list[Part]) -> pd.DataFrame:
    """Return what coverage is learned from, of all parts."""
    frames = [part.reports for part in parts]
    if len(frames) == 1:
        return frames[0]
    whole = pd.concat([f.drop(columns="ais_class") for f in frames], ignore_index=True)
    each = [f["ais_class"] for f in frames]
    classes = pd.api.types.union_categoricals(each, sort_categories=True)
    return whole.assign(ais_class=classes)[list(coverage.REPORTS)]

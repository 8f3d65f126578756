"""Receivers' clocks: what is taken off the times of a date's reports before they are judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Ints
from detectors.core.frames import is_first
from detectors.kinematics import integrity
from pipelines.store import Queries
from pipelines.store.sections import EVERYBODY, Section, joined

DAY: Final = timedelta(days=1)
MOST_REPORTS: Final = 150_000
"""Of so many reports of each stretch of verdicts clocks are told; more would say the same."""
_SPREAD: Final = 2_654_435_761
"""Multiplied by it numbers are spread over 32 bits (Knuth, The Art of Computer Programming, volume
3, section 6.4), so that vessels of all flags are among those looked at."""


@dataclass(frozen=True)
class Clocks:
    """How late the clocks of receivers are."""

    names: tuple[str, ...]
    """The receivers whose clocks are wrong, sorted."""
    errors_s: NDArray[np.float64]
    """By receiver and step of time; see `integrity.clock_errors`."""
    start_us: int
    """When the first step begins."""

    def put_right(self, section: Section) -> Ints:
        """Take off the times of reports by how much they are late; return it, in microseconds."""
        late_us = np.zeros(len(section), "int64")
        if self.names and len(section):
            codes = _codes(section, self.names)
            late_us = integrity.late_us(self.errors_s, codes, section.time_us, self.start_us)
            section.time_us = section.time_us - late_us
        return late_us

    def in_numbers(self) -> dict[str, dict[str, float]]:
        """Return of each receiver how much too late its clock was on the date, the median, and for
        how many hours.
        """
        steps = self.errors_s[:, : DAY // timedelta(seconds=integrity.STEP_S)]
        wrong = steps != 0
        return {
            name: {
                "late_s": round(float(np.median(steps[at][wrong[at]])), 1),
                "hours": round(float(np.count_nonzero(wrong[at])) * integrity.STEP_S / 3_600, 2),
            }
            for at, name in enumerate(self.names)
            if wrong[at].any()
        }


def of_date(store: Queries, paths: list[str], after: list[str], midnight: pd.Timestamp) -> Clocks:
    """Return the clocks of a UTC date and of the stretch behind it, from its files and those after.

    Where more came in a stretch than `MOST_REPORTS`, by the vessels whose reports are as many.
    """
    morning = midnight + DAY
    end = morning + integrity.SETTLING
    start_us, end_us = midnight.value // 1_000, end.value // 1_000

    reports = store.parted([EVERYBODY], ((paths, midnight, morning), (after, morning, end)))
    sections = reports.sections(EVERYBODY)
    names = sorted({name for section in sections for name in _words(section)[0]} - {""})
    if len(names) < integrity.LEAST_RECEIVERS:
        return Clocks((), np.zeros((0, 0)), start_us)
    some = _some(sections, start_us, end_us)
    if any(len(left_out) for _, left_out in some):
        known = np.unique(np.concatenate([vessels for vessels, _ in some]))
        sections = reports.sections(EVERYBODY, known)
    receiver = np.concatenate([_codes(section, names) for section in sections])
    heard = integrity.Reports(
        np.concatenate([section.mmsi for section in sections]).astype("int64"),
        np.concatenate([section.time_us for section in sections]),
        *(joined(sections, name) for name in ("lat", "lon", "sog_kn", "cog_deg")),
    )
    for stretch, (_, left_out) in enumerate(some):
        of_stretch = (heard.time_us - start_us) // integrity.STRETCH_US == stretch
        receiver[of_stretch & np.isin(heard.mmsi, left_out)] = -1
    order = np.lexsort((heard.lon, heard.lat, receiver, heard.time_us, heard.mmsi))
    heard, receiver = heard.take(order), receiver[order]
    off, errors_s = integrity.clock_errors(heard, receiver, start_us, end_us)
    return Clocks(tuple(names[place] for place in off), errors_s, start_us)


def _some(sections: Sequence[Section], start_us: int, end_us: int) -> list[tuple[Ints, Ints]]:
    """Return of each stretch vessels with `MOST_REPORTS` reports in it, and those left out.

    They are told by the reports of the stretch alone, so that it is final when these are there.
    """
    mmsi = np.concatenate([section.mmsi for section in sections]).astype("int64")
    time_us = np.concatenate([section.time_us for section in sections])
    found = []
    for begin_us in range(start_us, end_us, integrity.STRETCH_US):
        own = mmsi[(time_us >= begin_us) & (time_us < begin_us + integrity.STRETCH_US)]
        begins = np.flatnonzero(is_first(own))
        vessels, at = np.unique(own[begins], return_inverse=True)
        counts = np.bincount(at, np.diff(np.r_[begins, len(own)]), len(vessels))
        order = np.argsort(vessels * _SPREAD % (1 << 32), kind="stable")
        kept = np.cumsum(counts[order]) <= MOST_REPORTS
        found.append((vessels[order[kept]], vessels[order[~kept]]))
    return found


def _words(section: Section) -> tuple[list[str], Ints]:
    """Return names of receivers, and of each report the place of its own, -1 for none."""
    column = section.column("station")
    if column is None:
        return [], np.full(len(section), -1)
    indices = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return column.dictionary.to_pylist(), indices.astype("int64")


def _codes(section: Section, names: list[str] | tuple[str, ...]) -> Ints:
    """Return of each report the place of its receiver among `names`, -1 for none of them."""
    own, at = _words(section)
    known = {name: place for place, name in enumerate(names)}
    places = np.array([*(known.get(name, -1) for name in own), -1], "int64")
    return places[at]

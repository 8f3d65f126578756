"""Rows of a table to batches, whatever file they come from: CSV, JSON, Parquet.

Static data in such feeds are repeated on every row. A row of `frames.STATICS` is made where a
vessel's static data differ from those on its row before in the file, and once in as long as sets
take to say them again (`SAID_US`): else a table would tell when each was first said, and
never for how long.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from detectors.core.frames import is_first
from pipelines.ingest.cells import Cells
from pipelines.ingest.layouts import Layout
from pipelines.ingest.options import IngestOptions
from pipelines.ingest.report import MAX_SAMPLES, Report
from pipelines.ingest.rows import Batch, check_positions, check_statics
from pipelines.ingest.values import OTHER, POSITION, STATIC, Statics, Values

SAID_US: Final = 360_000_000
"""6 minutes: how often sets say their static data (ITU-R M.1371-5, annex 1, 4.2.1)."""


class Table:
    """Makes batches of the rows of one table."""

    def __init__(self, layout: Layout, source: str, options: IngestOptions, report: Report) -> None:
        self._layout, self._source = layout, source
        self._options, self._report = options, report
        self._last_statics = _LastStatics()

    def batches(self, parts: Iterable[Cells]) -> Iterator[Batch]:
        """Yield batches of at most `batch_rows` rows; each part must have no more."""
        held: list[Cells] = []
        rows = 0
        for part in parts:
            if held and rows + len(part) > self._options.batch_rows:
                yield self._batch(Cells.joined(held))
                held, rows = [], 0
            if len(part):
                held.append(part)
                rows += len(part)
        if held:
            yield self._batch(Cells.joined(held))

    def _batch(self, cells: Cells) -> Batch:
        values = Values(self._layout, cells)
        report = self._report
        report.messages += len(cells)
        keep = self._kept(values, len(cells))
        keep &= ~self._doubles(values, keep, cells)
        for name in ("ship_type", "nav_status"):
            for word, n in values.unknown(name, keep).items():
                report.unknown_word(f"{name}: {word}", n)
        kind = values.kind()
        other = keep & (kind == OTHER)
        if other.any():
            for msg_type, n in zip(
                *np.unique(values.msg_type[other], return_counts=True), strict=True
            ):
                report.other_message(f"type {msg_type}", int(n))
        columns = values.positions()
        statics = values.statics()
        said = statics.said_at(np.asarray(columns["time"], "int64") // SAID_US)
        changed, also = self._changed(values.mmsi, statics.empty, said, keep, kind)
        return Batch(
            self._positions(columns, cells, np.flatnonzero(keep & (kind == POSITION))),
            self._statics(columns, statics, cells, changed, also),
        )

    def _positions(
        self,
        columns: Mapping[str, NDArray[np.generic] | pd.Series],
        cells: Cells,
        rows: NDArray[np.int64],
    ) -> pd.DataFrame:
        frame = self._frame({**columns, "source_offset": cells.line})
        if len(rows) < len(frame):
            frame = frame.iloc[rows].reset_index(drop=True)
        return check_positions(
            frame, self._options, self._report, lambda row: cells.text(int(rows[row]))
        )

    def _statics(
        self,
        columns: Mapping[str, NDArray[np.generic] | pd.Series],
        statics: Statics,
        cells: Cells,
        rows: NDArray[np.int64],
        also: NDArray[np.bool_],
    ) -> pd.DataFrame:
        shared = {name: columns[name][rows] for name in ("mmsi", "time")}
        shared["ais_class"] = pd.Series(columns["ais_class"]).iloc[rows].reset_index(drop=True)
        frame = self._frame(
            {
                **shared,
                **statics.columns(rows),
                "source_offset": cells.line[rows],
                "also_static": also,
            }
        )
        return check_statics(
            frame, self._options, self._report, lambda row: cells.text(int(rows[row]))
        )

    def _frame(self, columns: Mapping[str, NDArray[np.generic] | pd.Series]) -> pd.DataFrame:
        n = len(columns["source_offset"])
        source = pa.repeat(pa.scalar(self._source, pa.large_string()), n).to_pandas().astype("str")
        return pd.DataFrame({**columns, "source": source}, copy=False)

    def _doubles(self, values: Values, keep: NDArray[np.bool_], cells: Cells) -> NDArray[np.bool_]:
        """Note which ids are numbered; return rows of an id whose number another one has."""
        double = np.zeros(len(cells), bool)
        if values.ids is None:
            return double
        index, first = np.unique(values.ids.index[keep], return_index=True)
        mmsi = values.mmsi[keep][first]
        texts = values.ids.texts
        for at, number in zip(index, mmsi, strict=True):
            if number > 0 and self._report.number(int(number), texts[int(at)].as_py()):
                double |= keep & (values.ids.index == at)
        rows = np.flatnonzero(double)
        if len(rows):
            told = ((int(cells.line[k]), cells.text(int(k))) for k in rows[:MAX_SAMPLES])
            self._report.reject_many("same number", told, len(rows))
        return double

    def _kept(self, values: Values, n: int) -> NDArray[np.bool_]:
        """Return rows that the layout keeps; the others are counted by what they are."""
        keep = np.ones(n, bool)
        for column, wanted in self._layout.keep.items():
            words = values.words(column)
            kept = np.asarray(pc.is_in(words.texts, pa.array(list(wanted))))[words.index]
            index, counts = np.unique(words.index[keep & ~kept], return_counts=True)
            for at, count in zip(index, counts, strict=True):
                kind = words.texts[int(at)].as_py()
                self._report.other_message(kind or f"no {column}", int(count))
            keep &= kept
        return keep

    def _changed(
        self,
        mmsi: NDArray[np.int64],
        empty: NDArray[np.bool_],
        said: NDArray[np.int64],
        keep: NDArray[np.bool_],
        kind: NDArray[np.int8],
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return rows whose static data are new, or said again, and whether they are position
        reports too.
        """
        alone = keep & (kind == STATIC)
        rows = np.flatnonzero((keep & (kind == POSITION) & ~empty) | alone)
        changed = self._last_statics.changed(mmsi[rows], said[rows])
        self._report.repeated_static += int((~changed & ~alone[rows]).sum())
        taken = rows[changed | alone[rows]]
        return taken, ~alone[taken]


class _LastStatics:
    """What each vessel said last, as a digest."""

    def __init__(self) -> None:
        self._mmsi = np.zeros(0, "int64")
        self._digest = np.zeros(0, "int64")

    def changed(self, mmsi: NDArray[np.int64], digest: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether each row says something else than its vessel's row before."""
        if not len(mmsi):
            return np.zeros(0, bool)
        vessel, vessels = pd.factorize(mmsi)
        if len(vessels) < 1 << 16:
            # NumPy sorts 16-bit numbers by radix.
            vessel = vessel.astype("uint16")
        order = np.argsort(vessel, kind="stable")
        first = np.flatnonzero(is_first(vessel[order]))
        last = np.r_[first[1:], len(order)] - 1
        sorted_digest = digest[order]
        new = is_first(sorted_digest)
        new[first] = self._replaced(
            np.asarray(vessels, "int64"), sorted_digest[first], sorted_digest[last]
        )
        changed = np.empty(len(order), bool)
        changed[order] = new
        return changed

    def _replaced(
        self, mmsi: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return where `first` differs from what each vessel said; `last` is remembered."""
        at = np.searchsorted(self._mmsi, mmsi)
        inside = at < len(self._mmsi)
        known = np.zeros(len(mmsi), bool)
        known[inside] = self._mmsi[at[inside]] == mmsi[inside]
        new = np.ones(len(mmsi), bool)
        new[known] = self._digest[at[known]] != first[known]
        self._digest[at[known]] = last[known]
        if not known.all():
            both = np.r_[self._mmsi, mmsi[~known]]
            order = np.argsort(both, kind="stable")
            self._mmsi = both[order]
            self._digest = np.r_[self._digest, last[~known]][order]
        return new

"""CSV feeds to columns, by a layout: lines in, batches out.

Rows are parsed in chunks by pyarrow, values converted as columns. A row is one line: a line break
inside quotes, which no AIS text can have, makes both halves rows with too few columns. Line
numbers are those of the file.

Static data in such feeds are repeated on every row. A row of `frames.STATICS` is made where a
vessel's static data differ from those on its row before in the file.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from detectors.core.frames import NAV_STATUS_UNDEFINED
from pipelines.ingest import codes
from pipelines.ingest.layouts import Layout
from pipelines.ingest.lines import Lines
from pipelines.ingest.options import IngestOptions
from pipelines.ingest.report import Report
from pipelines.ingest.rows import (
    NO_TIME,
    Batch,
    angle_deg,
    check_positions,
    check_statics,
    microseconds,
    speed_kn,
)
from pipelines.ingest.sniff import Csv

_POSITION_TYPES: Final = (1, 2, 3, 18, 19, 27)
_STATIC_TYPES: Final = (5, 24)
_STATIC_TEXTS: Final = ("name", "callsign", "destination")
_STATIC_NUMBERS: Final = ("length_m", "beam_m", "draught_m")
_EPOCHS: Final = {"epoch_s": 1e6, "epoch_ms": 1e3, "epoch_us": 1.0}
# ITU-R M.1371-5, table 51: bow and stern at most 511 m each, port and starboard 63 m, draught
# 25.5 m. What is larger isn't a size.
_MOST: Final = {"length_m": 1022.0, "beam_m": 126.0, "draught_m": 25.5}
_MAX_IMO: Final = (1 << 30) - 1
_MAX_TEXT: Final = 60
_BLANK: Final = b' \t\r\0,;|"'


class TableReader:
    """Reads the rows of one member.

    Parameters
    ----------
    lines
        The feed.
    table
        Its layout and header.
    source
        What goes into the column `source`.
    options
        How to read.
    report
        Filled while reading.
    """

    def __init__(
        self, lines: Lines, table: Csv, source: str, options: IngestOptions, report: Report
    ) -> None:
        self._lines, self._table, self._source = lines, table, source
        self._options, self._report = options, report
        self._layout = table.layout
        self._said: dict[int, int] = {}

    def __iter__(self) -> Iterator[Batch]:
        """Batches of at most `batch_rows` rows."""
        numbers: list[int] = []
        rows: list[bytes] = []
        size = self._options.batch_rows
        for first, lines in self._rows():
            numbers += range(first, first + len(lines))
            rows += lines
            while len(rows) >= size:
                yield self._batch(numbers[:size], rows[:size])
                numbers, rows = numbers[size:], rows[size:]
        if rows:
            yield self._batch(numbers, rows)

    def _rows(self) -> Iterator[tuple[int, list[bytes]]]:
        """The lines below the header."""
        skip = self._table.skip
        for first, lines in self._lines:
            drop = min(skip, len(lines))
            skip -= drop
            yield first + drop, lines[drop:]

    def _batch(self, numbers: list[int], rows: list[bytes]) -> Batch:
        texts, offsets = self._without_blanks(rows, numbers)
        cells, line, texts = self._cells(texts, offsets)
        values = _Values(self._layout, cells)
        frame = values.frame().assign(source=self._source, source_offset=line)
        keep = self._wanted(cells)
        kind = values.kind()
        for msg_type in np.unique(values.msg_type[keep & (kind == _OTHER)]):
            n = int((keep & (kind == _OTHER) & (values.msg_type == msg_type)).sum())
            self._report.other_message(f"type {msg_type}", n)
        self._report.messages += len(frame)
        positions = np.flatnonzero(keep & (kind == _POSITION))
        statics, also = self._changed(frame, keep, kind)
        return Batch(
            check_positions(
                frame.iloc[positions], self._options, self._report,
                lambda row: texts[positions[row]],
            ),
            check_statics(
                frame.iloc[statics].assign(also_static=also), self._options, self._report,
                lambda row: texts[statics[row]],
            ),
        )  # fmt: skip

    # Lines to cells

    def _without_blanks(
        self, rows: list[bytes], numbers: list[int]
    ) -> tuple[list[bytes], NDArray[np.int64]]:
        there = [bool(row.strip(_BLANK)) for row in rows]
        blank = len(rows) - sum(there)
        for _ in range(blank):
            self._report.other_line("blank")
        kept = [row for row, is_there in zip(rows, there, strict=True) if is_there]
        self._report.rows_read += len(kept)
        return kept, np.asarray(numbers, "int64")[np.asarray(there, bool)]

    def _cells(
        self, texts: list[bytes], line: NDArray[np.int64]
    ) -> tuple[dict[str, pa.Array], NDArray[np.int64], list[bytes]]:
        """Cells by column name, of the rows with the right number of columns."""
        wrong: list[int] = []
        table = self._parsed(texts, wrong)
        if table is None:
            # A quote without its partner swallows the lines that follow; read them one by one.
            table = self._parsed_one_by_one(texts, wrong)
        for row in wrong:
            self._report.reject("columns", int(line[row]), texts[row])
        good = np.ones(len(texts), bool)
        good[wrong] = False
        names = self._table.header
        cells = {
            name: pc.utf8_trim_whitespace(table.column(i).combine_chunks())
            for i, name in enumerate(names)
            # Of columns with the same name the first counts.
            if name in self._used() and names.index(name) == i
        }
        return cells, line[good], [t for t, ok in zip(texts, good, strict=True) if ok]

    def _used(self) -> set[str]:
        layout = self._layout
        return {n for column in layout.columns.values() for n in column.names} | set(layout.keep)

    def _parsed(self, texts: list[bytes], wrong: list[int]) -> pa.Table | None:
        names = [str(i) for i in range(len(self._table.header))]
        if not texts:
            return pa.table({name: pa.array([], pa.string()) for name in names})

        def on_invalid(row: pacsv.InvalidRow) -> str:
            wrong.append(row.number - 1)
            return "skip"

        try:
            table = pacsv.read_csv(
                io.BytesIO(_as_utf8(b"\n".join(texts) + b"\n")),
                read_options=pacsv.ReadOptions(
                    column_names=names, use_threads=False, block_size=1 << 30
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=self._layout.delimiter, invalid_row_handler=on_invalid,
                    ignore_empty_lines=False,
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )  # fmt: skip
        except pa.ArrowInvalid:
            return None
        return table if table.num_rows + len(wrong) == len(texts) else None

    def _parsed_one_by_one(self, texts: list[bytes], wrong: list[int]) -> pa.Table:
        wrong.clear()
        width = len(self._table.header)
        rows: list[list[str]] = []
        for number, text in enumerate(texts):
            line = text.decode("utf-8", "replace").replace("\0", "")
            try:
                row = next(csv.reader([line], delimiter=self._layout.delimiter), [])
            except csv.Error:
                row = []
            if len(row) == width:
                rows.append(row)
            else:
                wrong.append(number)
        columns = list(zip(*rows, strict=True)) or [()] * width
        return pa.table({str(i): pa.array(c, pa.string()) for i, c in enumerate(columns)})

    # Rows that are kept

    def _wanted(self, cells: dict[str, pa.Array]) -> NDArray[np.bool_]:
        """Rows that the layout keeps; the others are counted by what they are."""
        keep = np.ones(len(next(iter(cells.values()))), bool)
        for column, values in self._layout.keep.items():
            kept = pc.is_in(cells[column], pa.array(list(values))).to_numpy(zero_copy_only=False)
            for kind in pc.value_counts(cells[column].filter(pa.array(keep & ~kept))).to_pylist():
                self._report.other_message(kind["values"] or f"no {column}", kind["counts"])
            keep &= kept
        return keep

    def _changed(
        self, frame: pd.DataFrame, keep: NDArray[np.bool_], kind: NDArray[np.int8]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Rows whose static data are new, and whether they are position reports too."""
        said = frame[[*_STATIC_TEXTS, *_STATIC_NUMBERS, "imo", "ship_type"]]
        empty = (
            (said[list(_STATIC_TEXTS)] == "").all(axis=1)
            & said[list(_STATIC_NUMBERS)].isna().all(axis=1)
            & (said["imo"] == 0) & (said["ship_type"] < 0)
        ).to_numpy()  # fmt: skip
        digest = pd.util.hash_pandas_object(said, index=False).to_numpy().astype("int64")
        alone = keep & (kind == _STATIC)
        rows = np.flatnonzero((keep & (kind == _POSITION) & ~empty) | alone)
        mmsi, digest = frame["mmsi"].to_numpy()[rows], digest[rows]
        # The row before of the same vessel: the one in this batch, else what was kept of it.
        order = np.argsort(mmsi, kind="stable")
        first = np.r_[True, np.diff(mmsi[order]) != 0] if len(rows) else np.zeros(0, bool)
        before = np.r_[np.int64(0), digest[order][:-1]] if len(rows) else digest
        new = first | (digest[order] != before)
        for i in np.flatnonzero(first):
            new[i] = self._said.get(int(mmsi[order[i]])) != int(digest[order[i]])
        last = np.r_[first[1:], True] if len(rows) else first
        for i in np.flatnonzero(last):
            self._said[int(mmsi[order[i]])] = int(digest[order[i]])
        changed = np.zeros(len(rows), bool)
        changed[order] = new
        self._report.repeated_static += int((~changed & ~alone[rows]).sum())
        taken = rows[changed | alone[rows]]
        return taken, ~alone[taken]


_POSITION: Final = 0
_STATIC: Final = 1
_OTHER: Final = 2


class _Values:
    """The cells of some rows as quantities in our units."""

    def __init__(self, layout: Layout, cells: dict[str, pa.Array]) -> None:
        self._layout, self._cells = layout, cells
        self._n = len(next(iter(cells.values())))
        self._missing = pa.array(["", *layout.missing])
        self.msg_type = self._code("msg_type", {}, 0, 63)

    def kind(self) -> NDArray[np.int8]:
        """Whether each row is a position, static data only, or another message."""
        if self._columns("msg_type") is None:
            return np.full(self._n, _POSITION, "int8")
        kind = np.full(self._n, _OTHER, "int8")
        kind[np.isin(self.msg_type, _POSITION_TYPES)] = _POSITION
        kind[np.isin(self.msg_type, _STATIC_TYPES)] = _STATIC
        return kind

    def frame(self) -> pd.DataFrame:
        """All columns of `frames.POSITIONS` and `frames.STATICS` but the source."""
        return pd.DataFrame(
            {
                "mmsi": self._mmsi(),
                "time": self._time(),
                "lat": self._number("lat"),
                "lon": self._number("lon"),
                "sog_kn": speed_kn(self._number("sog_kn")),
                "cog_deg": angle_deg(self._number("cog_deg")),
                "heading_deg": angle_deg(self._number("heading_deg")),
                "nav_status": self._code("nav_status", codes.NAV_STATUS, NAV_STATUS_UNDEFINED, 15),
                "msg_type": self.msg_type,
                "ais_class": self._ais_class(),
                "imo": self._imo(),
                "ship_type": self._code("ship_type", codes.SHIP_TYPE, -1, 255),
                **{name: self._text(name) for name in _STATIC_TEXTS},
                **{name: self._size(name) for name in _STATIC_NUMBERS},
            }
        )

    def _columns(self, name: str) -> list[pa.Array] | None:
        """The cells that a quantity comes from; None if the layout or the feed lacks one."""
        column = self._layout.columns.get(name)
        if column is None or any(n not in self._cells for n in column.names):
            return None
        return [self._cells[n] for n in column.names]

    def _texts(self, cells: pa.Array) -> pa.Array:
        """Cells, empty where the feed says that there is nothing."""
        return pc.if_else(pc.is_in(cells, self._missing), "", cells)

    def _text(self, name: str) -> pd.Series:
        columns = self._columns(name)
        if columns is None:
            return pd.Series("", index=range(self._n), dtype="str")
        clean = pc.utf8_slice_codeunits(self._texts(columns[0]), 0, _MAX_TEXT)
        # "@" fills up six-bit text.
        texts: pd.Series = pc.utf8_rtrim(clean, "@ ").to_pandas().astype("str")
        return texts

    def _parsed(self, cells: pa.Array) -> NDArray[np.float64]:
        texts = self._texts(cells).to_pandas()
        if self._layout.decimal == ",":
            texts = texts.str.replace(",", ".", regex=False)
        numbers = pd.to_numeric(texts, errors="coerce").to_numpy("float64", na_value=np.nan)
        return np.where(np.isfinite(numbers), numbers, np.nan)

    def _number(self, name: str) -> NDArray[np.float64]:
        columns = self._columns(name)
        if columns is None:
            return np.full(self._n, np.nan)
        total = np.sum([self._parsed(cells) for cells in columns], axis=0)
        numerator, denominator = self._layout.factor(name)
        return np.asarray(total * numerator / denominator, "float64")

    def _size(self, name: str) -> NDArray[np.float64]:
        values = self._number(name)
        return np.where((values > 0) & (values <= _MOST[name]), values, np.nan)

    def _mmsi(self) -> NDArray[np.int64]:
        """Nine digits, also written as 235070762.0; -1 for anything else."""
        cells = self._layout.columns["mmsi"].names[0]
        bare = pc.replace_substring_regex(self._cells[cells], r"\.0*$", "")
        there = pc.match_substring_regex(bare, r"^[1-9][0-9]{8}$")
        return np.asarray(
            pc.cast(pc.if_else(there, bare, "-1"), pa.int64()).to_numpy(zero_copy_only=False)
        )

    def _imo(self) -> NDArray[np.int64]:
        columns = self._columns("imo")
        if columns is None:
            return np.zeros(self._n, "int64")
        bare = pc.replace_substring_regex(self._texts(columns[0]), r"^(?i:IMO) ?", "")
        bare = pc.replace_substring_regex(bare, r"\.0*$", "")
        there = pc.match_substring_regex(bare, r"^[0-9]{1,10}$")
        numbers = pc.cast(pc.if_else(there, bare, "0"), pa.int64()).to_numpy(zero_copy_only=False)
        return np.where(numbers <= _MAX_IMO, numbers, 0)

    def _code(self, name: str, words: Mapping[str, int], none: int, most: int) -> NDArray[np.int64]:
        """An AIS code, given as a number or in words."""
        columns = self._columns(name)
        if columns is None:
            return np.full(self._n, none, "int64")
        numbers = self._parsed(columns[0])
        if words:
            unique = columns[0].dictionary_encode()
            known = [words.get(_plain(word), np.nan) for word in unique.dictionary.to_pylist()]
            spoken = np.asarray(known, "float64")[unique.indices.to_numpy(zero_copy_only=False)]
            numbers = np.where(np.isnan(numbers), spoken, numbers)
        good = (numbers >= 0) & (numbers <= most) & (numbers == np.floor(numbers))
        return np.where(good, np.nan_to_num(numbers), none).astype("int64")

    def _ais_class(self) -> pd.Series:
        columns = self._columns("ais_class")
        if columns is None:
            # Message types tell the class, as in `nmea`.
            is_b = np.isin(self.msg_type, (18, 19, 24))
            is_a = np.isin(self.msg_type, (1, 2, 3, 5))
            return pd.Series(np.where(is_b, "B", np.where(is_a, "A", "")), dtype="str")
        unique = columns[0].dictionary_encode()
        words = [codes.AIS_CLASS.get(_plain(w), "") for w in unique.dictionary.to_pylist()]
        chosen = np.asarray(words, "object")[unique.indices.to_numpy(zero_copy_only=False)]
        return pd.Series(chosen, dtype="str")

    def _time(self) -> NDArray[np.int64]:
        names = self._layout.columns["time"].names
        texts = pc.binary_join_element_wise(*(self._cells[n] for n in names), " ").to_pandas()
        time = np.full(self._n, NO_TIME, "int64")
        for form in self._layout.time_format:
            left = time == NO_TIME
            if left.any():
                time[left] = _parse_time(texts[left], form, self._layout.time_zone)
        extra = self._columns("milliseconds")
        if extra is not None:
            fraction = np.nan_to_num(self._parsed(extra[0]) * 1000).astype("int64")
            time = np.where(time == NO_TIME, time, time + fraction)
        return time


def _parse_time(texts: pd.Series, form: str, zone: str) -> NDArray[np.int64]:
    """Epoch microseconds of time texts, `NO_TIME` where a text isn't one."""
    if form in _EPOCHS:
        numbers = pd.to_numeric(texts, errors="coerce").to_numpy("float64", na_value=np.nan)
        scaled = numbers * _EPOCHS[form]
        good = np.abs(scaled) < 2.0**62
        out = np.full(len(texts), NO_TIME, "int64")
        out[good] = np.round(scaled[good]).astype("int64")
        return out
    code = "ISO8601" if form == "iso8601" else form
    has_zone = texts.str.contains(r"(?:[Zz]|\d\d:?\d\d:?\d\d\S*[+-]\d\d:?\d\d)$", regex=True)
    aware = has_zone.to_numpy(bool)
    out = np.full(len(texts), NO_TIME, "int64")
    if aware.any():
        absolute = pd.to_datetime(texts[aware], format=code, errors="coerce", utc=True)
        out[aware] = microseconds(absolute)
    if not aware.all():
        naive = pd.to_datetime(texts[~aware], format=code, errors="coerce", utc=True)
        if zone != "UTC":
            local = naive.dt.tz_localize(None)
            # An hour that the clock shows twice, or never, can't be told: rejected.
            located = local.dt.tz_localize(ZoneInfo(zone), ambiguous="NaT", nonexistent="NaT")
            naive = located.dt.tz_convert("UTC")
        out[~aware] = microseconds(naive)
    return out


def _as_utf8(data: bytes) -> bytes:
    data = data.replace(b"\0", b"")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode()
    return data


def _plain(word: str) -> str:
    return " ".join(word.replace("_", " ").split()).casefold()

"""Cells by the feed's names to quantities in our units, by a layout."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from detectors.core.frames import NAV_STATUS_UNDEFINED
from detectors.vessels.numbers import number_of
from pipelines.base import codes
from pipelines.ingest.cells import (
    EPOCHS,
    Cells,
    Words,
    epochs,
    finite,
    instants,
    is_text,
    times,
)
from pipelines.ingest.cells import numbers as cell_numbers
from pipelines.ingest.layouts import PLACES, Layout
from pipelines.ingest.places import degrees, names_side
from pipelines.ingest.rows import NO_TIME, angle_deg, speed_kn

POSITION: Final = 0
STATIC: Final = 1
OTHER: Final = 2

_POSITION_TYPES: Final = (1, 2, 3, 18, 19, 27)
_STATIC_TYPES: Final = (5, 24)
_TEXTS: Final = ("name", "callsign", "destination")
_SIZES: Final = ("length_m", "beam_m", "draught_m")
# ITU-R M.1371-5, table 51: bow and stern at most 511 m each, port and starboard 63 m, draught
# 25.5 m. What is larger isn't a size.
_MOST: Final = {"length_m": 1022.0, "beam_m": 126.0, "draught_m": 25.5}
_MAX_MMSI: Final = 999_999_999
_MAX_IMO: Final = (1 << 30) - 1
_MAX_TEXT: Final = 60
_WORDED: Final = ("nav_status", "ship_type")
# A status of 99 or -1 and a ship type of -1 are what interfaces say where AIS says 15 and 0.
_MOST_CODE: Final = {"nav_status": 15, "ship_type": 255}
_NO_CODES: Final = ("-1", "-1.0", "99", "99.0")
_CLASSES: Final = ("", "A", "B")


class Values:
    """What the cells of some rows say.

    Attributes
    ----------
    mmsi
        -1 where there is none.
    msg_type
        0 where there is none.
    ids
        What the feed calls its vessels, where the layout has them numbered.
    """

    def __init__(self, layout: Layout, cells: Cells) -> None:
        self._layout, self._cells = layout, cells
        self._n = len(cells)
        self._missing = pa.array(["", *layout.missing], pa.string())
        self._words: dict[str, Words] = {}
        self.ids: Words | None = None
        self.mmsi = self._mmsi()
        self.msg_type = self._code("msg_type", 0, 63)

    def words(self, name: str) -> Words:
        """Return the texts of one of the feed's columns."""
        if name not in self._words:
            self._words[name] = Words.joined([self._cells.columns[name]])
        return self._words[name]

    def kind(self) -> NDArray[np.int8]:
        """Return whether each row is a `POSITION`, `STATIC` data only, or another message."""
        if self._columns("msg_type") is None:
            return np.full(self._n, POSITION, "int8")
        kind = np.full(self._n, OTHER, "int8")
        kind[np.isin(self.msg_type, _POSITION_TYPES)] = POSITION
        kind[np.isin(self.msg_type, _STATIC_TYPES)] = STATIC
        return kind

    def positions(self) -> dict[str, NDArray[np.generic] | pd.Series]:
        """Return the columns of `frames.POSITIONS` but the source."""
        return {
            "mmsi": self.mmsi,
            "time": self._time(),
            "lat": self._number("lat"),
            "lon": self._longitude(),
            "sog_kn": self._speed(),
            "cog_deg": angle_deg(self._number("cog_deg")),
            "heading_deg": angle_deg(self._number("heading_deg")),
            "nav_status": self._code("nav_status", NAV_STATUS_UNDEFINED, 15),
            "msg_type": self.msg_type,
            "ais_class": self._ais_class(),
        }

    def statics(self) -> "Statics":
        """Return the static data."""
        numbers = {
            "imo": self._imo(),
            "ship_type": self._code("ship_type", -1, 255),
            **{name: self._size(name) for name in _SIZES},
        }
        return Statics(self._n, numbers, {name: self._text(name) for name in _TEXTS})

    def _columns(self, name: str) -> list[pa.Array] | None:
        """Return the cells that a quantity comes from; None if the layout or the feed lacks one."""
        column = self._layout.columns.get(name)
        if column is None or any(n not in self._cells.columns for n in column.names):
            return None
        return [self._cells.columns[n] for n in column.names]

    def _first(self, name: str) -> Words | NDArray[np.float64] | None:
        """Return the (first) column of a quantity: texts, numbers, or None without."""
        columns = self._columns(name)
        if columns is None:
            return None
        if is_text(columns[0]):
            return self.words(self._layout.columns[name].names[0])
        return finite(columns[0])

    def _number(self, name: str) -> NDArray[np.float64]:
        columns = self._columns(name)
        if columns is None:
            return np.full(self._n, np.nan)
        names, unit = self._layout.columns[name].names, self._layout.columns[name].unit
        if unit in PLACES:
            words = Words.joined(columns)
            lettered = names_side(name, names[-1])
            return degrees(name, unit, words.texts.to_pylist(), lettered=lettered)[words.index]
        parts = [
            self.words(n).numbers(self._layout.decimal, self._missing)
            if is_text(cells)
            else finite(cells)
            for n, cells in zip(names, columns, strict=True)
        ]
        total = parts[0] if len(parts) == 1 else np.sum(parts, axis=0)
        numerator, denominator = self._layout.factor(name)
        if numerator == denominator:
            return total
        return np.asarray(total * numerator / denominator, "float64")

    def _longitude(self) -> NDArray[np.float64]:
        lon = self._number("lon")
        if self._layout.columns["lon"].unit != "deg360":
            return lon
        # 181 is no longitude but AIS' "not available", also here.
        return np.where((lon > 180) & (lon <= 360) & (lon != 181), lon - 360, lon)

    def _speed(self) -> NDArray[np.float64]:
        speed = speed_kn(self._number("sog_kn"))
        # ITU-R M.1371-5, table 76: in message 27, 63 = not available.
        return np.where((self.msg_type == 27) & (speed == 63), np.nan, speed)

    def _size(self, name: str) -> NDArray[np.float64]:
        values = self._number(name)
        return np.where((values > 0) & (values <= _MOST[name]), values, np.nan)

    def _mmsi(self) -> NDArray[np.int64]:
        """Return nine digits, also those written as 235070762.0; -1 for anything else."""
        if self._layout.columns["mmsi"].numbered:
            return self._numbered()
        cells = self._first("mmsi")
        if isinstance(cells, Words):
            bare = pc.replace_substring_regex(cells.texts, r"\.0*$", "")
            there = pc.match_substring_regex(bare, r"^(00[1-9][0-9]{6}|[1-9][0-9]{8})$")
            return _integers(pc.if_else(there, bare, "-1"))[cells.index]
        return _whole(cells, 0, _MAX_MMSI, -1)

    def _numbered(self) -> NDArray[np.int64]:
        """Return a number for each id, the same in every feed of the layout; -1 for no id."""
        columns = self._columns("mmsi")
        assert columns is not None, "a layout always says where the vessel comes from"  # noqa: S101 (for the type checker)
        cells = columns[0]
        self.ids = Words.joined([cells])
        texts = _without_missing(self.ids, self._missing).to_pylist()
        numbers = [number_of(self._layout.name, text) if text else -1 for text in texts]
        return np.asarray(numbers, "int64").reshape(-1)[self.ids.index]

    def unknown(self, name: str, rows: NDArray[np.bool_]) -> dict[str, int]:
        """Return the words for a code that aren't understood, and on how many of some rows."""
        cells = self._first(name)
        if not isinstance(cells, Words):
            return {}
        known = self._glossary(name, cells)
        counts = np.bincount(cells.index[rows], minlength=len(cells.texts))
        numbers = cell_numbers(cells.texts, self._layout.decimal, self._missing)
        missing = np.asarray(pc.is_in(cells.texts, self._missing))
        # Numbers are codes, but those of other lists than AIS' (NOAA's from 1001 on) say nothing.
        coded = (numbers >= 0) & (numbers <= _MOST_CODE[name])
        there = (counts > 0) & ~coded & ~missing
        texts = cells.texts.to_pylist()
        return {
            texts[k]: int(counts[k])
            for k in np.flatnonzero(there)
            if codes.plain(texts[k]) not in known
            and texts[k] not in _NO_CODES
            and not codes.says_nothing(texts[k])
        }

    def _glossary(self, name: str, cells: Words) -> dict[str, int]:
        """Return the codes of a column's words: as the layout says, else as is usual."""
        own = {codes.plain(word): code for word, code in self._layout.values.get(name, {}).items()}
        if name != "ship_type":
            return {**codes.NAV_STATUS, **own}
        words = {codes.plain(text) for text in cells.texts.to_pylist()}
        told = {word: codes.ship_type(word) for word in words}
        return {**{word: code for word, code in told.items() if code is not None}, **own}

    def _imo(self) -> NDArray[np.int64]:
        cells = self._first("imo")
        if cells is None:
            return np.zeros(self._n, "int64")
        if not isinstance(cells, Words):
            return _whole(cells, 0, _MAX_IMO, 0)
        bare = pc.replace_substring_regex(
            _without_missing(cells, self._missing), r"^(?i:IMO) ?", ""
        )
        bare = pc.replace_substring_regex(bare, r"\.0*$", "")
        there = pc.match_substring_regex(bare, r"^[0-9]{1,10}$")
        numbers = _integers(pc.if_else(there, bare, "0"))
        return np.where(numbers <= _MAX_IMO, numbers, 0)[cells.index]

    def _code(self, name: str, none: int, most: int) -> NDArray[np.int64]:
        """Return an AIS code, given as a number or in words."""
        cells = self._first(name)
        if cells is None:
            return np.full(self._n, none, "int64")
        if not isinstance(cells, Words):
            return _whole(cells, 0, most, none)
        numbers = cells.numbers(self._layout.decimal, self._missing)
        if name in _WORDED:
            said = cells.codes(self._glossary(name, cells))
            own = self._layout.values.get(name)
            numbers = np.where(
                np.isnan(numbers) | (np.isfinite(said) if own else False), said, numbers
            )
        return _whole(numbers, 0, most, none)

    def _ais_class(self) -> pd.Series:
        cells = self._first("ais_class")
        if isinstance(cells, Words):
            known = {word: float(_CLASSES.index(c)) for word, c in codes.AIS_CLASS.items()}
            index = np.nan_to_num(cells.codes(known)).astype("int8")
        elif self._layout.class_by_fields and self._columns("msg_type") is None:
            index = self._class_by_fields()
        else:
            # Message types tell the class, as in `nmea`.
            index = np.zeros(self._n, "int8")
            index[np.isin(self.msg_type, (1, 2, 3, 5))] = _CLASSES.index("A")
            index[np.isin(self.msg_type, (18, 19, 24))] = _CLASSES.index("B")
        return _as_series(pa.array(_CLASSES), index)

    def _class_by_fields(self) -> NDArray[np.int8]:
        """Return the class that shows in what is said: only class A has fields for a navigational
        status and an IMO number (ITU-R M.1371-5, annex 8, messages 1-3 and 5; 18, 19 and 24).

        Who says a status has class A; 15 stands for none, also where there was no field for it. Who
        leaves it blank and has no IMO number has class B; a word such as "unknown" may stand for
        15. Row by row: one of a class A set that lacks both is taken for class B. In a table
        without IMO numbers that says 15 a blank alone does: of 954 rows of class A in a sample of
        NOAA's 87 say 15 and none is blank, and all 46 of class B are.
        """
        index = np.zeros(self._n, "int8")
        status = self._code("nav_status", NAV_STATUS_UNDEFINED, 15)
        said = status != NAV_STATUS_UNDEFINED
        index[said] = _CLASSES.index("A")
        cells = self._first("nav_status")
        if cells is None:
            return index
        blank = (
            np.asarray(pc.equal(cells.texts, ""))[cells.index]
            if isinstance(cells, Words)
            else np.isnan(np.asarray(cells))
        )
        index[blank & (self._imo() == 0)] = _CLASSES.index("B")
        return index

    def _text(self, name: str) -> Words | None:
        """Return texts, empty where the feed says that there is nothing."""
        columns = self._columns(name)
        if columns is None:
            return self._id_texts() if name == "name" and self.ids is not None else None
        cells = self._first(name)
        words = cells if isinstance(cells, Words) else Words.joined(columns[:1])
        clean = pc.replace_substring(_without_missing(words, self._missing), "\0", "")
        # "@" fills up six-bit text.
        texts = pc.utf8_rtrim(pc.utf8_slice_codeunits(clean, 0, _MAX_TEXT), "@ ")
        return Words(texts, words.index)

    def _id_texts(self) -> Words:
        """Return what the feed calls its vessels as their names, so that numbers show as such."""
        assert self.ids is not None  # noqa: S101 (for the type checker)
        texts = pc.utf8_slice_codeunits(_without_missing(self.ids, self._missing), 0, _MAX_TEXT - 3)
        named = pc.binary_join_element_wise("ID", texts, " ")
        return Words(pc.if_else(pc.equal(texts, ""), "", named), self.ids.index)

    def _time(self) -> NDArray[np.int64]:
        columns = self._columns("time")
        assert columns is not None, "a layout always says where the time comes from"  # noqa: S101 (for the type checker)
        time = self._stamps(columns)
        extra = self._layout.columns.get("milliseconds")
        if extra is not None and self._columns("milliseconds") is not None:
            fraction = np.nan_to_num(self._number("milliseconds") * 1000).astype("int64")
            time = np.where(time == NO_TIME, time, time + fraction)
        return time

    def _stamps(self, columns: list[pa.Array]) -> NDArray[np.int64]:
        layout = self._layout
        if len(columns) == 1 and pa.types.is_timestamp(columns[0].type):
            return instants(columns[0], layout.time_zone)
        if len(columns) == 1 and not is_text(columns[0]):
            forms = [form for form in layout.time_format if form in EPOCHS]
            if forms:
                return epochs(finite(columns[0]), forms[0])
        words = Words.joined(columns)
        return times(words.texts, layout.time_format, layout.time_zone)[words.index]


class Statics:
    """Static data of some rows, spelled out only for those that are asked for.

    Attributes
    ----------
    digest
        Equal where two rows say the same.
    empty
        Rows that say nothing.
    """

    def __init__(
        self, n: int, numbers: Mapping[str, NDArray[np.generic]], texts: Mapping[str, Words | None]
    ) -> None:
        self._numbers, self._texts = numbers, texts
        digest = np.zeros(n, "uint64")
        self.empty = (numbers["imo"] == 0) & (numbers["ship_type"] == -1)
        for name in _SIZES:
            self.empty &= np.isnan(numbers[name].astype("float64", copy=False))
        for values in numbers.values():
            digest = _mixed(digest, values.view("uint64"))
        for words in texts.values():
            if words is None:
                continue
            spellings = words.texts.to_pandas().astype("object")
            self.empty &= (spellings == "").to_numpy()[words.index]
            digest = _mixed(
                digest, pd.util.hash_array(spellings.to_numpy(), categorize=False)[words.index]
            )
        self.digest = digest.view("int64")

    def said_at(self, time: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return digests that are equal where two rows say the same at the same time."""
        return _mixed(self.digest.view("uint64"), time.view("uint64")).view("int64")

    def columns(self, rows: NDArray[np.int64]) -> dict[str, NDArray[np.generic] | pd.Series]:
        """Return the columns of `frames.STATICS` that are static data, of `rows`."""
        texts = {
            name: pd.Series("", index=range(len(rows)), dtype="str")
            if words is None
            else _as_series(words.texts, words.index[rows])
            for name, words in self._texts.items()
        }
        return {**{name: values[rows] for name, values in self._numbers.items()}, **texts}


def _mixed(digest: NDArray[np.uint64], values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix values into digests: the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    x = (digest * np.uint64(0x9E3779B97F4A7C15)) ^ values
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


def _without_missing(words: Words, missing: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_in(words.texts, missing), "", words.texts)


def _as_series(texts: pa.Array, index: NDArray[np.integer]) -> pd.Series:
    spelled: pd.Series = texts.cast(pa.large_string()).take(pa.array(index)).to_pandas()
    return spelled.astype("str")


def _integers(texts: pa.Array) -> NDArray[np.int64]:
    return np.asarray(pc.cast(texts, pa.int64()))


def _whole(
    values: NDArray[np.float64] | None, least: int, most: int, none: int
) -> NDArray[np.int64]:
    """Return whole numbers from `least` to `most`, `none` for anything else."""
    assert values is not None  # noqa: S101 (for the type checker)
    good = (values >= least) & (values <= most) & (values == np.floor(values))
    return np.where(good, np.nan_to_num(values), none).astype("int64")

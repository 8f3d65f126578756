"""Cells of a table as Arrow columns, and what their texts say: numbers, codes, times.

Most columns of AIS tables repeat a few texts over and over. `Words` holds each text once, so that
it is read once, however many rows have it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.base.codes import plain
from pipelines.ingest.rows import NO_TIME, microseconds

EPOCHS: Final = {"epoch_s": 1e6, "epoch_ms": 1e3, "epoch_us": 1.0, "epoch_ns": 1e-3}

# No clock goes beyond the year 5138, but a damaged number may.
_FAR_US: Final = 10**17

# What is a number. Arrow itself reads "inf" and "nan" too, which are none here.
_NUMBER: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
# A clock behind a date of ISO 8601, or in the codes of strptime.
_ISO_CLOCK: Final = r"[0-9][Tt ]+[0-9]"
_LONGEST_DATE: Final = len("2024-01-31+08:00")
_CODED_CLOCK: Final = re.compile(r"%-?[HIcXs]")
# Time.String of the language Go: a fraction of any length, the offset, the zone's name, and
# perhaps the reading of a monotonic clock.
_GO_TIME: Final = (
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?) "
    r"([+-][0-9]{4}) \S+(?: m=\S+)?$"
)


@dataclass(frozen=True)
class Cells:
    """Some rows of a feed.

    Parameters
    ----------
    columns
        By the feed's names: texts (never null), numbers (NaN or null where there is none), or
        timestamps.
    line
        Line or row number of each row in the feed.
    text
        The feed's text of a row, for samples.
    """

    columns: Mapping[str, pa.Array]
    line: NDArray[np.int64]
    text: Callable[[int], bytes | str]

    def __len__(self) -> int:
        return len(self.line)

    @classmethod
    def joined(cls, parts: Sequence["Cells"]) -> "Cells":
        """Return the rows of several, which have the same columns."""
        if len(parts) == 1:
            return parts[0]
        starts = np.cumsum([0, *(len(part) for part in parts)])

        def text(row: int) -> bytes | str:
            part = int(np.searchsorted(starts, row, side="right")) - 1
            return parts[part].text(row - int(starts[part]))

        columns = {
            name: pa.concat_arrays([part.columns[name] for part in parts])
            for name in parts[0].columns
        }
        return cls(columns, np.concatenate([part.line for part in parts]), text)


@dataclass(frozen=True)
class Words:
    """The texts of a column, each once.

    `index` has for each row its place in `texts`, which have no blanks around them.
    """

    texts: pa.Array
    index: NDArray[np.int32]

    @classmethod
    def of(cls, cells: pa.Array) -> "Words":
        """Return those of a column of texts."""
        coded = cells.dictionary_encode()
        texts = pc.utf8_trim_whitespace(coded.dictionary)
        return cls(texts, coded.indices.to_numpy(zero_copy_only=False))

    @classmethod
    def joined(cls, columns: Sequence[pa.Array]) -> "Words":
        """Return what columns of texts or of other values say, joined by blanks."""
        texts = [
            cells if is_text(cells) else pc.fill_null(pc.cast(cells, pa.string()), "")
            for cells in columns
        ]
        return cls.of(texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, " "))

    def numbers(self, decimal: str, missing: pa.Array) -> NDArray[np.float64]:
        """Return each row's number, NaN where there is none."""
        return numbers(self.texts, decimal, missing)[self.index]

    def codes(self, words: Mapping[str, float]) -> NDArray[np.float64]:
        """Return each row's code by a glossary of words, NaN where it isn't in there."""
        known = [words.get(plain(text), np.nan) for text in self.texts.to_pylist()]
        return np.asarray(known, "float64")[self.index]


def is_text(cells: pa.Array) -> bool:
    """Return whether a column holds texts."""
    return bool(pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type))


def numbers(texts: pa.Array, decimal: str, missing: pa.Array) -> NDArray[np.float64]:
    """Return the numbers that texts say, NaN where one says none.

    Texts in `missing` stand for "nothing", whatever they look like.
    """
    if decimal == ",":
        texts = pc.replace_substring(texts, ",", ".")
    there = pc.and_not(pc.match_substring_regex(texts, _NUMBER), pc.is_in(texts, missing))
    bare = pc.if_else(there, pc.utf8_ltrim(texts, "+"), None)
    return finite(pc.cast(bare, pa.float64()))


def finite(cells: pa.Array) -> NDArray[np.float64]:
    """Return a column of numbers with NaN for null and for what isn't finite."""
    values = np.asarray(pc.fill_null(pc.cast(cells, pa.float64(), safe=False), np.nan))
    ok = np.isfinite(values)
    return values if ok.all() else np.where(ok, values, np.nan)


def epochs(values: NDArray[np.float64], form: str) -> NDArray[np.int64]:
    """Return epoch microseconds of numbers in the unit of `form`, `NO_TIME` if none."""
    scaled = values * EPOCHS[form]
    good = np.abs(scaled) < 2.0**62
    out = np.full(len(values), NO_TIME, "int64")
    out[good] = np.round(scaled[good]).astype("int64")
    return out


def times(texts: pa.Array, forms: Iterable[str], zone: str) -> NDArray[np.int64]:
    """Return epoch microseconds of time texts, `NO_TIME` where one is no time.

    A date without a clock is none: who writes it doesn't mean midnight.

    Parameters
    ----------
    forms
        "iso8601", "go" (like 2022-12-29 18:22:32.318353 +0000 UTC), "epoch_s", "epoch_ms",
        "epoch_us", or codes of strptime; tried in this order.
    zone
        IANA name of the zone of texts that don't say theirs.
    """
    time = np.full(len(texts), NO_TIME, "int64")
    for form in forms:
        left = time == NO_TIME
        if left.any():
            time[left] = _times(texts.filter(pa.array(left)), form, zone)
    return time


def instants(cells: pa.Array, zone: str) -> NDArray[np.int64]:
    """Return epoch microseconds of a column of timestamps, `NO_TIME` where there is none."""
    time = _filled(pc.cast(cells, pa.timestamp("us", cells.type.tz), safe=False))
    if cells.type.tz is None and zone != "UTC":
        there = np.abs(time) < _FAR_US
        local = pd.Series(time[there].astype("datetime64[us]"))
        time[there] = _in_zone(local, zone)
    return time


def _times(texts: pa.Array, form: str, zone: str) -> NDArray[np.int64]:
    if form in EPOCHS:
        return epochs(numbers(texts, ".", pa.array([], pa.string())), form)
    if form == "iso8601":
        texts = _with_clock(texts)
    elif form != "go" and not _CODED_CLOCK.search(form):
        return np.full(len(texts), NO_TIME, "int64")
    if form == "iso8601" and zone == "UTC":
        try:
            return _filled(pc.cast(texts, pa.timestamp("us")))
        except pa.ArrowInvalid:
            # One of them is no time, or says its zone: by pandas, which tells them apart.
            pass
    if form == "go":
        texts = pc.replace_substring_regex(texts, _GO_TIME, r"\1\2")
    # pandas reads "now" and "today" as the moment of reading, whatever the format.
    texts = pc.if_else(pc.match_substring_regex(texts, "[0-9]"), texts, None)
    words = pc.fill_null(texts, "").to_pandas().astype("str")
    code = "ISO8601" if form in {"iso8601", "go"} else form
    has_zone = words.str.contains(r"(?:[Zz]|\d\d:?\d\d:?\d\d\S*[+-]\d\d:?\d\d)$", regex=True)
    aware = has_zone.to_numpy(bool)
    out = np.full(len(texts), NO_TIME, "int64")
    if aware.any():
        absolute = pd.to_datetime(words[aware], format=code, errors="coerce", utc=True)
        out[aware] = microseconds(absolute)
    if form != "go" and not aware.all():
        naive = pd.to_datetime(words[~aware], format=code, errors="coerce", utc=True)
        out[~aware] = _in_zone(naive.dt.tz_localize(None), zone)
    return out


def _with_clock(texts: pa.Array) -> pa.Array:
    """Return ISO 8601 texts, null in the place of dates without a clock."""
    if not pc.any(pc.less_equal(pc.binary_length(texts), _LONGEST_DATE)).as_py():
        return texts
    return pc.if_else(pc.match_substring_regex(texts, _ISO_CLOCK), texts, None)


def _in_zone(local: pd.Series, zone: str) -> NDArray[np.int64]:
    # An hour that the clock shows twice, or never, can't be told: rejected.
    where = "UTC" if zone == "UTC" else ZoneInfo(zone)
    located = local.dt.tz_localize(where, ambiguous="NaT", nonexistent="NaT")
    return microseconds(located.dt.tz_convert("UTC"))


def _filled(stamps: pa.Array) -> NDArray[np.int64]:
    return np.array(pc.fill_null(stamps.cast(pa.int64()), NO_TIME))

"""Judged reports of some vessels, read column by column into their places, without sorting.

A file holds one UTC date or a tail of one, sorted by vessel and time. So what a vessel reported is
what it reported on its first date, then on its next, and each stretch of rows of one hull goes to
its place as a whole: stretches are sorted, of which there are a thousandth of the rows. Values stay
in the whole numbers of the files until they are in their place, and no more than one column of one
row group is held beside what is asked for, but for small ones.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from detectors.core import frames
from detectors.core.arrays import Ints
from detectors.kinematics.integrity import reason_of
from pipelines.store.arrow import categorical
from pipelines.store.groups import Group
from pipelines.store.positions import GRIDS

_OF_VERDICTS: Final = frozenset({"verdict", "hull", "shift_s"})
"""What files of verdicts say of reports beside their times."""
_NEVER: Final = np.iinfo("int64").max
_HULL_BITS: Final = 8
_HULLS: Final = 1 << _HULL_BITS


@dataclass(frozen=True)
class Within:
    """In which stretches of time the reports of whom are wanted."""

    mmsi: Ints
    """Vessels, sorted."""
    since_us: int
    step_us: int
    """When the first stretch begins, and how long each is."""
    wanted: NDArray[np.bool_]
    """By vessel and stretch. The first and the last hold what is before and behind them."""

    def vessels(self) -> Ints:
        """Return of whom any report is wanted."""
        return np.asarray(self.mmsi[self.wanted.any(axis=1)])

    def holds(self, mmsi: Ints, time_us: Ints) -> NDArray[np.bool_]:
        """Tell which reports are wanted."""
        vessel = np.minimum(np.searchsorted(self.mmsi, mmsi), len(self.mmsi) - 1)
        last = self.wanted.shape[1] - 1
        stretch = np.clip((time_us - self.since_us) // self.step_us, 0, last)
        return np.asarray(self.wanted[vessel, stretch] & (self.mmsi[vessel] == mmsi))


@dataclass(frozen=True)
class Placed:
    """Some rows of a group, and their places among all that are wanted."""

    group: Group
    rows: NDArray[np.int32]
    places: NDArray[np.int32]


@dataclass(frozen=True)
class Found:
    """Some rows of a group, of which hull each is, and when it was sent."""

    group: Group
    rows: NDArray[np.int32]
    key: Ints
    time_us: Ints

    def take(self, mask: NDArray[np.bool_]) -> "Found":
        """Return some of them."""
        return Found(self.group, self.rows[mask], self.key[mask], self.time_us[mask])


class Selection:
    """Rows of some groups, in the order of (vessel, hull, time), to be asked for their columns."""

    def __init__(self, found: list["Found"]) -> None:
        begins = [frames.is_first(one.key) for one in found]
        keys, counts, order, mixed = _in_order(found, begins)
        if len(mixed):
            # Of these each row is put into its place: what came late lies between what is there.
            begins = [b | np.isin(one.key, mixed) for one, b in zip(found, begins, strict=True)]
            keys, counts, order, _ = _in_order(found, begins)
        start = np.empty(len(order), "int64")
        start[order] = np.cumsum(counts[order]) - counts[order]
        done = 0
        self._placed = []
        for one, begin in zip(found, begins, strict=True):
            own = counts[done : done + int(begin.sum())]
            before = np.cumsum(own) - own
            shift = start[done : done + len(own)] - before
            places = np.arange(len(one.rows)) + np.repeat(shift, own)
            self._placed.append(Placed(one.group, one.rows, places.astype("int32")))
            done += len(own)
        self._received = _where_received(self._placed)
        self._key = np.repeat(keys[order], counts[order])

    def __len__(self) -> int:
        return len(self._key)

    @cached_property
    def mmsi(self) -> Ints:
        """MMSI of each row."""
        return self._key >> _HULL_BITS

    @property
    def hull(self) -> Ints:
        """Hull of each row."""
        return self._key & (_HULLS - 1)

    def frame(self, schema: Mapping[str, frames.Column]) -> pd.DataFrame:
        """Return columns of a schema; `track_id` and `reason` are made of what is there."""
        made: dict[str, Any] = {
            "mmsi": lambda: self.mmsi,
            "hull": lambda: self.hull.astype("uint8"),
            "track_id": lambda: self.mmsi * 100 + self.hull,
            "time": lambda: frames.from_epoch_us(self._times_us()),
            "shift_s": lambda: self._numbers("shift_s", "float32"),
            "reason": lambda: pd.Series(reason_of(self._numbers("verdict", "uint8")), dtype="str"),
        }
        columns = {}
        for name, column in schema.items():
            if name in made:
                columns[name] = made[name]()
            elif name in GRIDS:
                columns[name] = self._quantity(name)
            elif column.dtype in {"str", "category"}:
                columns[name] = self._words(name, column.dtype)
            else:
                columns[name] = self._numbers(name, column.dtype)
        return frames.conform(pd.DataFrame(columns, copy=False), schema)

    def _times_us(self) -> Ints:
        out = self._numbers("time", "int64")
        for placed in self._placed:
            beside = placed.group.beside
            right = None if beside is None else beside.file.put_right(beside.number)
            if right is not None:
                there = np.asarray(right.is_valid())[placed.rows]
                times_us = right.cast(pa.int64()).fill_null(0).to_numpy()[placed.rows]
                out[placed.places[there]] = times_us[there]
        return out

    def _numbers(self, name: str, dtype: str) -> NDArray[Any]:
        out = np.empty(len(self), dtype)
        for placed in self._placed if name in _OF_VERDICTS else self._received:
            out[placed.places] = placed.group.numbers(name, placed.rows)
        return out

    def _quantity(self, name: str) -> NDArray[np.float64]:
        out = np.empty(len(self))
        for placed in self._received:
            out[placed.places] = placed.group.quantity(name, placed.rows)
        return out

    def _words(self, name: str, dtype: str) -> Any:
        out = np.empty(len(self), "int32")
        known: dict[str, int] = {}
        for placed in self._received:
            column = placed.group.words(name)
            codes = np.asarray(column.indices)[placed.rows]
            # Of the words that a group has only those of these rows: others are of copies too.
            own = np.zeros(len(column.dictionary), "int32")
            own[codes] = 1
            used = np.flatnonzero(own)
            words = column.dictionary.take(pa.array(used)).to_pylist()
            own[used] = [known.setdefault(word, len(known)) for word in words]
            out[placed.places] = own[codes]
        if dtype == "str":
            return pd.Series(np.array(list(known), dtype=object)[out], dtype="str")
        return categorical(list(known), out)


def _where_received(placed: list[Placed]) -> list[Placed]:
    """Return the same rows by the groups that hold what was received, each of these once."""
    found: list[Placed] = []
    pieces: dict[int, list[Placed]] = {}
    for one in placed:
        if one.group.beside is None:
            found.append(one)
            continue
        for group, rows, which in one.group.beside.received(one.rows):
            pieces.setdefault(id(group), []).append(Placed(group, rows, one.places[which]))
    for own in pieces.values():
        rows_of, places = ([getattr(p, name) for p in own] for name in ("rows", "places"))
        found.append(Placed(own[0].group, np.concatenate(rows_of), np.concatenate(places)))
    return found


@dataclass(frozen=True)
class Selected:
    """Reports of some vessels: those of tracks, and those of none."""

    tracked: Selection
    aside: Selection


def select(
    groups: Iterable[Group], need: pd.DataFrame, end: pd.Timestamp, within: Within | None = None
) -> Selected:
    """Find the reports of the vessels in `need`, each from its from_time, up to `end`; `within`
    some stretches of time only.
    """
    found = list(_found(groups, need, end, within))
    sides = []
    for wanted in (True, False):
        masks = ((one, (one.key & (_HULLS - 1) > 0) == wanted) for one in found)
        sides.append(Selection([one.take(mask) for one, mask in masks if mask.any()]))
    return Selected(*sides)


def _found(
    groups: Iterable[Group], need: pd.DataFrame, end: pd.Timestamp, within: Within | None
) -> Iterator[Found]:
    wanted = need.sort_values("mmsi")
    mmsis, from_us = wanted["mmsi"].to_numpy("int64"), frames.epoch_us(wanted["from_time"])
    end_us = end.value // 1_000
    for group in groups:
        mmsi = group.numbers("mmsi").astype("int64")
        begin = np.flatnonzero(frames.is_first(mmsi))
        own = mmsi[begin]
        at = np.minimum(np.searchsorted(mmsis, own), len(mmsis) - 1)
        since = np.where(mmsis[at] == own, from_us[at], _NEVER)
        time_us = group.numbers("time")
        kept = time_us >= np.repeat(since, np.diff(np.r_[begin, len(mmsi)]))
        rows = np.flatnonzero(kept & (time_us <= end_us))
        if within is not None:
            rows = rows[within.holds(mmsi[rows], time_us[rows])]
        if len(rows):
            key = mmsi[rows] * _HULLS + group.numbers("hull", rows)
            yield Found(group, rows.astype("int32"), key, time_us[rows])


def _in_order(found: list[Found], begins: list[NDArray[np.bool_]]) -> tuple[Ints, Ints, Ints, Ints]:
    """Return key and length of each stretch, their order, and keys whose stretches overlap."""
    firsts = [np.flatnonzero(begin) for begin in begins]
    ends = [np.r_[b[1:], len(one.key)] - 1 for one, b in zip(found, firsts, strict=True)]
    keys = _joined([one.key[b] for one, b in zip(found, firsts, strict=True)])
    since = _joined([one.time_us[b] for one, b in zip(found, firsts, strict=True)])
    until = _joined([one.time_us[e] for one, e in zip(found, ends, strict=True)])
    counts = _joined([e - b + 1 for b, e in zip(firsts, ends, strict=True)])
    order = np.lexsort((since, keys))
    a, b = order[:-1], order[1:]
    mixed = keys[a[(keys[a] == keys[b]) & (until[a] > since[b])]]
    return keys, counts, order, np.unique(mixed)


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.zeros(0, "int64")

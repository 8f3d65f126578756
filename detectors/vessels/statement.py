"""What vessels said of themselves, field by field: which values stood, and which changed.

`frames.STATEMENTS` hold the first and last time of each content by UTC date. A value *stands* on a
date when it was said again some time after it was first said, so that a message corrupted on the
air, or a typing error mended at once, never does.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from detectors.core.frames import DAY_US, SECOND_US, epoch_us, is_first
from detectors.vessels.numbers import digits, edits, imo_is_valid, is_default_number, plain

LETTERS_PER_EDIT: Final = 4
"""One edit in so many letters or digits is still typing: two in a name of eight."""
PREFIXES: Final = ("MV", "MT", "MSV", "MS", "SS", "KM", "TB", "TUG", "FV", "SV")
"""Kinds of ship that stand before a name or don't."""


class Stated(NamedTuple):
    """A value said by one vessel on one UTC date, and in how many reports."""

    mmsi: int
    day: int
    value: str
    first_us: int
    last_us: int
    reports: int = 1


Said = Mapping[tuple[int, int, str], Stated]
"""What was said, by vessel, date and value."""


class Change(NamedTuple):
    """A field of one vessel that came to say something else.

    `old_us` and `new_us` are when the old value was last said before the new one, and the new one
    first; `last_us` is when the new value was last said on its UTC date; `returned` tells whether
    the old value was said again after the new one on that date. `memory_s` is how long what the
    vessel said was remembered, `interval_s` how far its static reports lay apart on the date
    before, NaN where that isn't known.
    """

    mmsi: int
    field: str
    old: str
    new: str
    old_us: int
    new_us: int
    last_us: int
    returned: bool
    memory_s: float
    interval_s: float


class Memory(NamedTuple):
    """How long what was said counts.

    A value stands when it is said again `min_said_s` after it was first said, or later; for one
    first said in the evening until `settle_s` after it was last said on that date. What was said
    longer ago than `memory_s` is forgotten, of an old value and a new one alike; of a vessel whose
    static reports are heard seldom, than `intervals` of those of the date before, but no longer ago
    than `most_s`.
    """

    min_said_s: float
    memory_s: float
    settle_s: float
    most_s: float = 0.0
    intervals: float = 0.0

    def of(self, interval_s: float) -> float:
        """Return how long what a vessel said counts whose static reports lie so far apart.

        >>> memory = Memory(900.0, 43_200.0, 5400.0, most_s=86_400.0, intervals=8.0)
        >>> memory.of(360.0), memory.of(7200.0), memory.of(20_000.0), memory.of(float("nan"))
        (43200.0, 57600.0, 86400.0, 43200.0)
        """
        seldom_s = min(self.intervals * interval_s, self.most_s)
        return seldom_s if seldom_s > self.memory_s else self.memory_s


def spans(statements: pd.DataFrame, field: str) -> pd.DataFrame:
    """Values said, one row per vessel, UTC date and value, with the columns of `Stated`.

    Parameters
    ----------
    statements
        `frames.STATEMENTS`.
    field
        "name", "callsign" or "imo". A row that leaves it out says nothing about it.
    """
    values = statements[field]
    stated = values.gt(0) if field == "imo" else values.str.strip().ne("")
    rows = statements[stated.to_numpy(bool)]
    frame = pd.DataFrame(
        {
            "mmsi": rows["mmsi"].to_numpy(),
            "day": epoch_us(rows["first_time"]) // DAY_US,
            "value": rows[field].astype("str").to_numpy(),
            "first_us": epoch_us(rows["first_time"]),
            "last_us": epoch_us(rows["last_time"]),
            "reports": rows["reports"].to_numpy("int64"),
        }
    )
    if rows.empty:  # to group nothing takes as long as to group thousands
        return frame.astype({"value": "str"})
    keys = ["mmsi", "day", "value"]
    how = {"first_us": "min", "last_us": "max", "reports": "sum"}
    together = frame.groupby(keys, as_index=False).agg(how)
    return together.astype({"value": "str"})


def rows_of(stated: pd.DataFrame) -> Said:
    """`spans` as tuples, by vessel, date and value."""
    columns = [stated[name].tolist() for name in Stated._fields]
    rows = [Stated(*row) for row in zip(*columns, strict=True)]
    return {(row.mmsi, row.day, row.value): row for row in rows}


def changes(stated: pd.DataFrame, field: str, memory: Memory) -> list[Change]:
    """Values that stand, first said when another had stood in the time before.

    Parameters
    ----------
    said
        `spans` of the field.
    field
        Which it is. What differs by typing (`is_typing`) is no change.
    memory
        See `Memory`.
    """
    if stated.empty:
        return []
    several = stated.groupby("mmsi")["value"].transform("nunique") > 1
    found: list[Change] = []
    for _, own in stated[several.to_numpy(bool)].groupby("mmsi"):  # the few that say two things
        rows = rows_of(own)
        fresh = [row for row in rows.values() if stands(row, rows, memory)]
        values = _Values(rows, memory)
        found += [c for c in (_change_to(row, rows, values, field, memory) for row in fresh) if c]
    return found


def stands(row: Stated, rows: Said, memory: Memory) -> bool:
    """Tell whether what a vessel said on a date was said again long enough after the first time."""
    wanted_us = row.first_us + memory.min_said_s * SECOND_US
    until_us = row.last_us + memory.settle_s * SECOND_US
    if row.last_us >= wanted_us:
        return True
    next_day = rows.get((row.mmsi, row.day + 1, row.value))
    return (
        next_day is not None
        and next_day.first_us <= until_us
        and min(next_day.last_us, until_us) >= wanted_us
    )


def numbers_and_names(said: pd.DataFrame) -> tuple[set[int], set[str]]:
    """Return the valid IMO numbers, and the names as they are compared, of `frames.STATEMENTS`."""
    imos = said["imo"][imo_is_valid(said["imo"])]
    return set(imos.tolist()), {plain(str(name)) for name in said["name"]} - {""}


def is_corrected(wrong: Stated, rows: Said, memory: Memory) -> bool:
    """Tell whether an IMO number that can't be right gave way to one that can, as typing is
    corrected.

    Parameters
    ----------
    wrong
        The number that can't be right, on one UTC date.
    rows
        All numbers that the vessel said.
    memory
        The right one must stand and begin within `settle_s` after the wrong one was last said.
    """
    until_us = wrong.last_us + memory.settle_s * SECOND_US
    return any(
        wrong.last_us < row.first_us <= until_us
        and bool(imo_is_valid(int(row.value)))
        and edits(wrong.value, row.value, 2) <= 2
        and stands(row, rows, memory)
        for row in rows.values()
    )


class _Values:
    """What one vessel said, by value, and how often it said anything on each date."""

    def __init__(self, rows: Said, memory: Memory) -> None:
        own = sorted(rows.values(), key=lambda row: row.value)
        on: dict[int, list[Stated]] = {}
        for row in own:
            on.setdefault(row.day, []).append(row)
        self.interval_s = {day: _interval_s(of_day) for day, of_day in on.items()}
        self._least_us = memory.min_said_s * SECOND_US
        self._value = np.array([row.value for row in own], object)
        self._first_us, self._last_us = np.array(
            [(row.first_us, row.last_us) for row in own], "int64"
        ).T.copy()

    def before(self, time_us: int, since_us: float) -> tuple[set[str], dict[str, int]]:
        """Return what was said before a time and was over no earlier than another, and of what of
        it stood when it was last said until then.
        """
        last_us = np.minimum(self._last_us, time_us)
        rows = np.flatnonzero((self._first_us < time_us) & (last_us >= since_us))
        values, begins = self._value[rows], self._first_us[rows]
        if not len(rows):
            return set(), {}
        starts = np.flatnonzero(is_first(values))
        ends = np.maximum.reduceat(last_us[rows], starts)
        stood = ends - np.minimum.reduceat(begins, starts) >= self._least_us
        said = values[starts]
        return set(said), dict(zip(said[stood].tolist(), ends[stood].tolist(), strict=True))


def _change_to(
    row: Stated, rows: Said, values: _Values, field: str, memory: Memory
) -> Change | None:
    """Return the change that a standing value is, None where it had been said before or nothing
    had.
    """
    interval_s = values.interval_s.get(row.day - 1, float("nan"))
    memory_s = memory.of(interval_s)
    said, stood = values.before(row.first_us, row.first_us - memory_s * SECOND_US)
    if row.value in said or not stood:
        return None
    if len(stood) > memory_s / memory.min_said_s:
        return None  # one crew has no time for so many: several send by that number
    if any(is_typing(value, row.value, field) for value in stood):
        return None
    old = max(stood, key=lambda value: (stood[value], value))
    again = rows.get((row.mmsi, row.day, old))
    returned = again is not None and again.last_us > row.first_us
    when = (stood[old], row.first_us, row.last_us)
    return Change(row.mmsi, field, old, row.value, *when, returned, memory_s, interval_s)


def _interval_s(own: Sequence[Stated]) -> float:
    """Return how far apart a vessel's static reports lay on a UTC date, NaN where it sent fewer
    than two. Asked of the date before: that is over, so that nothing that comes in changes it.
    """
    n = sum(other.reports for other in own)
    if n < 2:
        return float("nan")
    span_us = max(other.last_us for other in own) - min(other.first_us for other in own)
    return span_us / SECOND_US / (n - 1)


def is_typing(old: str, new: str, field: str) -> bool:
    """Tell whether two values differ as typing does, and not as two ships do.

    Names and call signs: by spacing, punctuation or a ship's prefix, cut off or with more behind
    it, or by one edit in `LETTERS_PER_EDIT` letters; numbers in a name must be the same. IMO
    numbers: where one has no seven digits or is a default, or can't be right and is within two
    edits of the other.

    >>> is_typing("M/V OCEAN STAR", "OCEAN STAR", "name"), is_typing("BG 101", "BG 102", "name")
    (True, False)
    >>> is_typing("9074729", "9074792", "imo"), is_typing("9074729", "9319466", "imo")
    (True, False)
    """
    if field == "imo":
        numbers = [int(old), int(new)]
        if any(len(text) != 7 or is_default_number(int(text)) for text in (old, new)):
            return True
        return not imo_is_valid(numbers).all() and edits(old, new, 2) <= 2
    a, b = _bare(old), _bare(new)
    if a == b or not a or not b:
        return True
    short, long = sorted((a, b), key=len)
    if len(short) >= LETTERS_PER_EDIT and long.startswith(short):
        return not (long[len(short) :].isdigit() and field == "name" and short[-1].isdigit())
    if digits(a) != digits(b) and field == "name":
        return False
    most = len(short) // LETTERS_PER_EDIT
    return edits(a, b, most) <= most


def _bare(text: str) -> str:
    """Letters and digits without the kind of ship before them."""
    words = [plain(word) for word in text.replace(".", "").replace("/", "").split()]
    words = [word for word in words if word]
    if len(words) > 1 and words[0] in PREFIXES:
        words = words[1:]
    return "".join(words)

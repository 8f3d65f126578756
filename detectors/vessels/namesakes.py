"""Vessels that say the same of themselves: one IMO number under two MMSIs, names that look alike.

Pairs are sought by value and UTC date, so that the search costs a grouping and no comparison of
every vessel with every other.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from detectors.core.frames import DAY_US, SECOND_US
from detectors.vessels.numbers import (
    digits,
    edits,
    imo_is_valid,
    is_default_number,
    lookalike,
    plain,
)
from detectors.vessels.statement import Memory, Stated, rows_of, stands

MAX_SHARERS: Final = 4
"""A value that more vessels than this say is nobody's in particular."""
MIN_LETTERS: Final = 6
"""Shorter names are alike by chance."""
KEYS: Final = ("alike", "callsign")
"""What names that are compared have in common."""
MIN_CALLSIGN: Final = 4
"""Call signs of ships have four to seven characters: ITU Radio Regulations, article 19.55."""


class Shared(NamedTuple):
    """Two vessels (the lower MMSI first) that said the same, or alike, on one UTC date.

    `start_us` is when the later of both first said it on that date, `last_us` when one of them
    last did; `since_us` is when the earlier of both had said it before.
    """

    mmsi: int
    other_mmsi: int
    value: str
    other_value: str
    since_us: int
    start_us: int
    last_us: int


def shared_imo(stated: pd.DataFrame, memory: Memory) -> list[Shared]:
    """IMO numbers that two vessels said on one date, or one after the other within the memory.

    Parameters
    ----------
    said
        `stated.spans` of "imo". Numbers that can't be right or are a default count for nothing.
    memory
        See `stated.Memory`.
    """
    found: list[Shared] = []
    if stated.empty:
        return found
    for _, own in several(stated).groupby("value"):
        said = rows_of(own)
        rows = [row for row in said.values() if stands(row, said, memory)]
        vessels = sorted({row.mmsi for row in rows})
        if len(vessels) <= MAX_SHARERS:
            for a, b in combinations(vessels, 2):
                found += _by_day(
                    [r for r in rows if r.mmsi == a], [r for r in rows if r.mmsi == b], memory
                )
    return found


def several(stated: pd.DataFrame) -> pd.DataFrame:
    """Rows of the IMO numbers that can be right and more than one vessel said."""
    found = stated[stated.groupby("value")["mmsi"].transform("nunique").to_numpy() > 1]
    number = found["value"].astype("int64")
    good = imo_is_valid(number) & np.array(
        [not is_default_number(n) for n in number.tolist()], bool
    )
    return pd.DataFrame(found[good])


def _by_day(one: Sequence[Stated], other: Sequence[Stated], memory: Memory) -> Iterator[Shared]:
    mine, theirs = ({row.day: row for row in rows} for rows in (one, other))
    for day in sorted(mine.keys() | theirs.keys()):
        a, b = mine.get(day), theirs.get(day)
        if a and b:
            yield _shared(a, b, min(a.first_us, b.first_us))
        elif a:
            yield from _in_turn(a, mine.get(day - 1), theirs.get(day - 1), memory)
        elif b:
            for found in _in_turn(b, theirs.get(day - 1), mine.get(day - 1), memory):
                yield found._replace(mmsi=found.other_mmsi, other_mmsi=found.mmsi)


def _in_turn(
    new: Stated, before: Stated | None, old: Stated | None, memory: Memory
) -> Iterator[Shared]:
    """Pair who is new on a date with who said so the day before and not since."""
    since_us = new.first_us - memory.memory_s * SECOND_US
    if before is None and old is not None and old.last_us >= since_us:
        found = _shared(new, old, old.first_us)
        yield found._replace(start_us=new.first_us, last_us=new.last_us)


def _shared(a: Stated, b: Stated, since_us: int) -> Shared:
    start_us, last_us = max(a.first_us, b.first_us), max(a.last_us, b.last_us)
    return Shared(a.mmsi, b.mmsi, a.value, b.value, since_us, start_us, last_us)


def look_alikes(
    names: pd.DataFrame, callsigns: pd.DataFrame, imos: pd.DataFrame, memory: Memory
) -> list[Shared]:
    """Pairs whose names look the same and aren't, or nearly agree under one call sign.

    Names look the same where only digits that look like letters differ (`lookalike`). Vessels
    that say the same IMO number are left to `shared_imo`.

    Parameters
    ----------
    names, callsigns, imos
        `stated.spans` of these fields.
    memory
        See `stated.Memory`.
    """
    if names.empty:
        return []
    table = named(names, callsigns, imos, memory)
    found: dict[tuple[int, int, int], Shared] = {}
    for key in KEYS:
        stated = table[table[key].ne("").to_numpy(bool)]
        several = stated.groupby([key, "day"])["mmsi"].transform("nunique")
        few = stated[several.between(2, MAX_SHARERS).to_numpy(bool)].sort_values("mmsi")
        for _, own in few.groupby([key, "day"]):
            columns = [own[name].tolist() for name in _Named._fields]
            rows = [_Named(*row) for row in zip(*columns, strict=True)]
            for a, b in combinations(rows, 2):
                if a.mmsi != b.mmsi and _are_alike(a, b, key):
                    pair = [Stated(r.mmsi, r.day, r.value, r.first_us, r.last_us) for r in (a, b)]
                    since_us = min(a.first_us, b.first_us)
                    found.setdefault((a.mmsi, b.mmsi, a.day), _shared(pair[0], pair[1], since_us))
    return list(found.values())


def named(
    names: pd.DataFrame, callsigns: pd.DataFrame, imos: pd.DataFrame, memory: Memory
) -> pd.DataFrame:
    """Names said for long enough, as they look (`alike`), with call sign and IMO number.

    Not those of a vessel that said more on a date than there is time for, one after the other.
    """
    long_enough_us = memory.min_said_s * SECOND_US
    names, callsigns, imos = (
        frame[(frame["last_us"] - frame["first_us"] >= long_enough_us).to_numpy(bool)]
        for frame in (names, callsigns, imos)
    )
    n_names = names.groupby(["mmsi", "day"])["value"].transform("size")
    names = names[(n_names <= DAY_US / long_enough_us).to_numpy(bool)]
    bare = {value: plain(value) for value in names["value"].unique()}
    alike = {value: lookalike(value) for value in bare}
    table = names.assign(bare=names["value"].map(bare), alike=names["value"].map(alike))
    table = table[(table["bare"].str.len() >= MIN_LETTERS).to_numpy(bool)]
    signs = callsigns.assign(callsign=callsigns["value"].map(plain))
    signs = signs[(signs["callsign"].str.len() >= MIN_CALLSIGN).to_numpy(bool)]
    signs = signs.drop_duplicates(["mmsi", "day"])[["mmsi", "day", "callsign"]]
    table = table.merge(signs, on=["mmsi", "day"], how="left")
    numbers = imos.drop_duplicates(["mmsi", "day"])[["mmsi", "day", "value"]]
    table = table.merge(numbers.rename(columns={"value": "imo"}), on=["mmsi", "day"], how="left")
    return table.fillna({"callsign": "", "imo": ""})


class _Named(NamedTuple):
    mmsi: int
    day: int
    value: str
    first_us: int
    last_us: int
    bare: str
    alike: str
    imo: str


def _are_alike(a: _Named, b: _Named, key: str) -> bool:
    if a.imo and a.imo == b.imo:
        return False
    if key == "alike":
        return a.bare != b.bare
    return digits(a.bare) == digits(b.bare) and edits(a.bare, b.bare, 1) <= 1

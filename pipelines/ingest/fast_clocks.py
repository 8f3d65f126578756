"""Receivers whose clocks are whole hours fast: local time taken for UTC, or another day's date.

Nothing is received before it was sent. Where the sentences of one receiver lie among those of
others, in the order in which they came, and are dated whole hours later than nearly all of these,
its clock is on another zone's time: that is taken off. A receiver that is behind isn't told so,
since what it delivers late has the right time. What is off by minutes, or by a part of an hour, is
left to the verdicts (`detectors.kinematics.integrity.receivers`), and what no others came beside
stays as it is dated.

Where the others are all late by the same, as those of a provider who delays its feed by a day, or
of a centre that delivers what it kept while a line was down, the one that isn't looks fast. Two
things tell it: the base stations that it hears say its time, and its own times went on as before.
"""

from typing import Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Ints
from detectors.core.frames import is_first, is_last
from pipelines.ingest.aivdm import Columns
from pipelines.ingest.aivdm.memory import FROM_GROUP, FROM_TAG, MAX_STATIONS, Rows

ROWS: Final = 1_024
"""Receivers are compared by so many reports. What they show holds from the next one on, what the
first show of themselves too."""
MOST_WAITING_BYTES: Final = 4 << 20
"""As far as that into the feed the first may wait: a feed of static data alone never has so many.
They take 100 to 300 kB of a dense feed, and as many bytes are kept to show what was rejected."""

BASE_STATION: Final = 4
_PLACE_BITS: Final = 47
"""Of a place in a feed, up to 140 TB; so that one of `MAX_STATIONS` before it fits into 63."""

HOUR_US: Final = 3_600_000_000
NEAR_US: Final = 90_000_000
"""A zone is whole hours off, a clock seconds besides, and so is how long two reports of a quiet
feed came one behind the other."""

LEAST_REPORTS: Final = 3
"""Of a pair of receivers, one behind the other: of fewer the median is any one of them."""
LEAST_OTHERS: Final = 3
MOST_SHARE: Final = 2 / 3
"""So many other receivers say the same, and so much of all who say anything: of two clocks nobody
knows which is right."""

LEAST_BASES: Final = 3
"""Of so many reports of base stations the median is no single one's that is wrong by itself."""
MOST_BASES: Final = 9
"""So many of the newest are asked: minutes' worth, as each station reports every 10 s (ITU-R
M.1371-5, message 4), so that a clock that is set is soon told."""

TEXT: Final = "its clock is {h} h fast: {n} reports came that much before the time that they bear"


class _Conduct:
    """What the own sentences of receivers tell of their clocks, by code; a time of 0 is none."""

    def __init__(self) -> None:
        self._last_us, self._newest_us, self._leapt_us = np.zeros((3, MAX_STATIONS), "int64")
        self._agreed = np.zeros(MAX_STATIONS, bool)
        self._bases = np.zeros(0, "int64"), np.zeros(0, "int64")
        self.fresh: set[int] = set()
        """Who has heard base stations since this was emptied."""

    def hear(self, bases: Rows) -> None:
        """Take in by how much the times of base stations' reports are later than they say."""
        if not len(bases):
            return
        self.fresh |= set(bases["station"].tolist())
        station = np.r_[self._bases[0], bases["station"]]
        later_us = np.r_[self._bases[1], bases["time"] - bases["utc"]]
        order = np.argsort(station, kind="stable")
        station, later_us = station[order], later_us[order]
        kept = np.r_[station[MOST_BASES:] != station[:-MOST_BASES], np.ones(MOST_BASES, bool)]
        kept = kept[-len(station) :]
        self._bases = station[kept], later_us[kept]

    def follow(self, station: Ints, time_us: Ints) -> None:
        """Take in how far the times of each leap ahead from one report to the next."""
        order = np.argsort(station, kind="stable")
        codes, times_us = station[order], time_us[order]
        starts, ends = np.flatnonzero(is_first(codes)), np.flatnonzero(is_last(codes))
        if not len(starts):
            return
        own = codes[starts]
        before_us = np.r_[0, times_us[:-1]]
        known_us = self._last_us[own]
        before_us[starts] = np.where(known_us > 0, known_us, times_us[starts])
        self._newest_us[own] = np.maximum.reduceat(times_us - before_us, starts)
        self._leapt_us[own] = np.maximum(self._leapt_us[own], self._newest_us[own])
        self._last_us[own] = times_us[ends]

    def bases_h(self, code: int) -> int | None:
        """Return by how many hours base stations say that one is fast; None if too few say it."""
        first, end = np.searchsorted(self._bases[0], [code, code + 1]).tolist()
        later_us = self._bases[1][first:end]
        return round(np.median(later_us) / HOUR_US) if len(later_us) >= LEAST_BASES else None

    def allows(self, code: int, hours: int, known: int) -> bool:
        """Tell whether one can be that much fast, which others say, and of which so much is known.

        If others have agreed with that its times have leapt ahead since, or among those by which
        they did: what leapt at their end is seen by those behind.
        """
        if self.bases_h(code) not in {None, hours}:
            return False
        leapt_us = int(self._leapt_us[code])
        return not self._agreed[code] or leapt_us >= (hours - known) * HOUR_US - NEAR_US

    def agree(self, code: int) -> None:
        """Note that others agree with what is known of one now."""
        self._agreed[code], self._leapt_us[code] = True, self._newest_us[code]


class FastClocks:
    """Put right the times of sentences by what came around them; bounded, whatever the feed.

    What becomes of a row doesn't depend on how the feed was cut into blocks.
    """

    def __init__(self) -> None:
        self._hours: dict[int, int] = {}
        self._changes: list[tuple[int, int]] = []
        self._sorted = np.zeros((0, 2), "int64")
        self._reports, self._most_h = np.zeros((2, MAX_STATIONS), "int64")
        self._conduct = _Conduct()
        self._waiting: list[tuple[Ints, Ints]] = []
        self._held = 0
        self._few = True
        self._first: list[Columns] | None = []

    def put_right(self, columns: Columns) -> list[Columns]:
        """Take off what the rows' times are fast by; return what is settled of the feed, in order.

        The first rows wait until enough came to compare.
        """
        first_is_compared = self._look(columns)
        if self._first is not None:
            self._first.append(columns.copy())
            return self._settled() if first_is_compared or _is_far(columns) else []
        self._take_off(columns)
        return [columns]

    def end(self) -> list[Columns]:
        """Return what still waits where the feed ends."""
        if self._first is None:
            return []
        if self._held:
            self._compare(0)
        return self._settled()

    def _settled(self) -> list[Columns]:
        settled, self._first = self._first or [], None
        for columns in settled:
            self._take_off(columns)
        return settled

    def found(self, stations: list[str]) -> list[dict[str, Any]]:
        """Say whose times were put right, and by how much, as `clocks.Clocks.found` does."""
        sent = np.flatnonzero(self._reports)  # few of all that there is room for
        return [
            {
                "receiver": stations[code],
                "reports": n,
                "share": 1.0,
                "offset_s": most_h * 3_600.0,
                "put_right": True,
                "text": TEXT.format(h=most_h, n=f"{n:,}"),
            }
            for code in sent[np.argsort(-self._reports[sent], kind="stable")].tolist()
            if (n := int(self._reports[code])) and (most_h := int(self._most_h[code]))
        ]

    def _look(self, columns: Columns) -> bool:
        """Compare receivers whenever enough rows came; tell whether that was so."""
        rows, bases, first, compared = columns.positions, columns.bases, 0, False
        if self._few:  # codes are given in order: until there are more names nobody is compared
            if len(columns.stations) <= LEAST_OTHERS:
                return False
            more = np.flatnonzero(rows["station"] >= LEAST_OTHERS)
            if not len(more):
                return False
            self._few, first = False, int(more[0])
            bases = bases[bases["offset"] >= rows["offset"][first]]
        own, heard = _own(rows), 0
        bases = bases[_own(bases) & (bases["utc"] > 0) & (bases["msg_type"] == BASE_STATION)]
        while first < len(rows):
            end = min(len(rows), first + ROWS - self._held)
            some = first + np.flatnonzero(own[first:end])
            self._waiting.append((rows["station"][some], rows["time"][some]))
            self._held += end - first
            first = end
            if self._held == ROWS:
                offset = int(rows["offset"][end - 1]) + 1
                come = heard + int(np.count_nonzero(bases["offset"][heard:] < offset))
                self._conduct.hear(bases[heard:come])
                heard = come
                # What the first show is true of themselves; of any other what is behind them.
                waits = self._first is not None and not compared and offset <= MOST_WAITING_BYTES
                self._compare(0 if waits else offset)
                compared = True
        self._conduct.hear(bases[heard:])
        return compared

    def _compare(self, offset: int) -> None:
        """Note which receivers are fast from an offset of the feed on, by the last rows."""
        station, time_us = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
        self._waiting, self._held = [], 0
        self._conduct.follow(station, time_us)
        found = _hours(station, time_us, self._hours)
        # Base stations alone take back what others said; they don't say it.
        found |= {code: 0 for code in self._conduct.fresh if self._is_gainsaid(code)}
        self._conduct.fresh.clear()
        for code, hours in found.items():
            known = self._hours.get(code, 0)
            if hours > known and not self._conduct.allows(code, hours, known):
                continue
            self._conduct.agree(code)
            if hours != known:
                self._hours[code] = hours
                self._changes.append((_key(code, offset), hours))

    def _is_gainsaid(self, code: int) -> bool:
        known = self._hours.get(code, 0)
        return known > 0 and self._conduct.bases_h(code) not in {None, known}

    def _take_off(self, columns: Columns) -> None:
        """Take off what is known of each row's receiver at its place in the feed, and count it."""
        if not self._changes:
            return
        if len(self._sorted) < len(self._changes):
            self._sorted = np.array(sorted(self._changes))
        keys, hours = self._sorted.T
        for rows in (columns.positions, columns.statics, columns.bases):
            some = np.flatnonzero(_own(rows))
            code = rows["station"][some].astype("int64")
            at = np.searchsorted(keys, _key(code, rows["offset"][some]), side="right") - 1
            off = np.where((at >= 0) & (keys[at] >= _key(code, 0)), hours[at], 0)
            rows["time"][some] -= off * HOUR_US
            np.add.at(self._reports, code[off > 0], 1)
            np.maximum.at(self._most_h, code, off)


@overload
def _key(code: int, offset: int) -> int: ...
@overload
def _key(code: Ints, offset: Ints | int) -> Ints: ...
def _key(code: int | Ints, offset: Ints | int) -> int | Ints:
    return (code << _PLACE_BITS) + offset


def _is_far(columns: Columns) -> bool:
    """Tell whether the feed has come further than its first rows may wait."""
    tables = columns.positions, columns.statics, columns.bases
    return any(len(rows) and int(rows["offset"].max()) > MOST_WAITING_BYTES for rows in tables)


def _own(rows: Rows) -> Bools:
    """Tell which rows have a receiver, and its time."""
    told = (rows["time_from"] == FROM_TAG) | (rows["time_from"] == FROM_GROUP)
    return np.asarray(told & (rows["time"] > 0) & (rows["station"] >= 0))


def _hours(station: Ints, time_us: NDArray[np.int64], known: dict[int, int]) -> dict[int, int]:
    """Return by how many whole hours receivers are fast, of those whom others tell of.

    Parameters
    ----------
    station, time_us
        Of reports in the order in which they came, times as they bear them.
    known
        What is taken off the times of those who are known to be fast.
    """
    codes, at = np.unique(station, return_inverse=True)
    if len(codes) <= LEAST_OTHERS:
        return {}
    off_us = np.array([known.get(code, 0) for code in codes.tolist()]) * HOUR_US
    if not off_us.any() and np.abs(np.diff(time_us)).max() < HOUR_US - NEAR_US:
        return dict.fromkeys(codes.tolist(), 0)
    # Each beside the one before it that another receiver heard.
    changed = np.r_[False, np.diff(at) != 0]
    before = np.maximum.accumulate(np.where(changed, np.arange(len(at)) - 1, -1))
    pairs = np.flatnonzero(before >= 0)
    one, other = at[pairs], at[before[pairs]]
    # Of two, either may be the fast one: each pair is told of both.
    later_us = time_us[pairs] - time_us[before[pairs]]
    one, other = np.r_[one, other], np.r_[other, one]
    later_us = np.r_[later_us, -later_us] + off_us[other]
    group = one * len(codes) + other
    order = np.lexsort((later_us, group))
    begins = np.flatnonzero(is_first(group[order]))
    size = np.diff(np.r_[begins, len(order)])
    median_us = later_us[order][begins + (size - 1) // 2]
    whose = one[order][begins]
    hours = np.rint(median_us / HOUR_US).astype("int64")
    whole = np.abs(median_us - hours * HOUR_US) <= NEAR_US
    asked = size >= LEAST_REPORTS
    found = {}
    for place in np.unique(whose[asked]).tolist():
        said = hours[asked & (whose == place)]
        fits = whole[asked & (whose == place)]
        usual = int(np.median(said))
        agree = int(np.count_nonzero(fits & (said == usual)))
        if agree >= max(LEAST_OTHERS, MOST_SHARE * len(said)) and usual >= 0:
            found[int(codes[place])] = usual
    return found

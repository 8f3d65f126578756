"""Which incidents rest on times that a receiver's wrong clock gave."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import pandas as pd

from pipelines.store import Queries

LEAST: Final = 0.1
"""From such a share of a vessel's reports on its times are in doubt: a judgement. A track of which
fewer are off still shows when it was where."""


SAID: Final = "{share} of its reports came by receivers whose clocks are wrong: {who}."
"""Whoever reads it asks by how much: seconds spoil a speed, and no silence of hours."""
USUAL: Final = "{name} by {usual}"
AT_TIMES: Final = "{name} by {worst} for a time"
BOTH: Final = "{name} by {usual} as a rule, {worst} for a time"
"""By how much a receiver's clock is wrong, by what was measured of it."""


class Off(NamedTuple):
    """By how many seconds a receiver's clock is wrong, 0 where that isn't known."""

    usual_s: float = 0.0
    """In most of a feed, by the UTC seconds inside its reports: so much, or whole minutes more."""
    worst_s: float = 0.0
    """For some hours of a date, by the vessels that other receivers heard too."""

    def said(self, name: str, t: Callable[..., str]) -> str:
        """Put it into words, of a receiver."""
        usual, worst = map(_amount, self)
        if self.worst_s > self.usual_s > 0:
            return t(BOTH, name=name, usual=usual, worst=worst)
        if self.usual_s:
            return t(USUAL, name=name, usual=usual)
        return t(AT_TIMES, name=name, worst=worst) if self.worst_s else name


def _amount(seconds: float) -> str:
    minutes = f" ({seconds / 60:.0f} min)" if seconds >= 120 else ""
    return f"{seconds:.0f} s{minutes}"


@dataclass(frozen=True)
class Doubt:
    """How much of what was heard of an incident came by receivers whose clocks are wrong.

    `by` says of each of them by how much.
    """

    share: float
    by: Mapping[str, Off]

    def said(self, t: Callable[..., str]) -> str:
        """Put it into words."""
        who = ", ".join(off.said(name, t) for name, off in self.by.items())
        return t(SAID, share=f"{self.share:.0%}", who=who)


@dataclass(frozen=True)
class Heard:
    """Whose reports an incident rests on, and from when to when."""

    mmsis: frozenset[int]
    start: pd.Timestamp
    end: pd.Timestamp


def wrong_clocks(store: Queries, since: pd.Timestamp, until: pd.Timestamp) -> dict[str, Off]:
    """Return the receivers whose clocks are wrong, and by how much: as some feed of a span shows,
    or by the vessels that several heard. What these heard has other times than it came with, which
    are estimates.
    """
    ledger = store.ledger()
    then = ledger[(ledger["first_time"] <= until) & (ledger["last_time"] >= since)]
    reports = [json.loads(str(text)) for text in then["report"]]
    off = [
        (str(one["receiver"]), Off(usual_s=abs(float(one.get("offset_s") or 0.0))))
        for report in reports
        for one in report.get("clocks", [])
        if not one.get("put_right")  # by whole hours: no estimate
    ]
    for date in store.clocks_put_right(f"{since:%Y-%m-%d}", f"{until:%Y-%m-%d}").values():
        off += [
            (name, Off(worst_s=abs(float(one.get("late_s") or 0.0))))
            for name, one in date["clocks"].items()
        ]
    found: dict[str, Off] = {}
    for name, one in sorted(off):
        if name:
            found[name] = Off(*map(max, found.get(name, Off()), one))
    return found


def doubts(
    store: Queries, heard: Mapping[str, Heard], wrong: Mapping[str, Off]
) -> dict[str, Doubt]:
    """Return the incidents whose times are in doubt, by id."""
    if not heard or not wrong:
        return {}
    mmsis = frozenset().union(*(one.mmsis for one in heard.values()))
    since, until = min(one.start for one in heard.values()), max(one.end for one in heard.values())
    each = store.heard_by_receiver(mmsis, list(wrong), since, until)
    found = {}
    for key, one in heard.items():
        since = one.start.floor("10min")
        own = each[each["mmsi"].isin(one.mmsis) & each["time"].between(since, one.end)]
        theirs = own[own["station"] != ""]
        total, doubtful = own["reports"].sum(), theirs["reports"].sum()
        if doubtful and doubtful >= LEAST * total:
            names = sorted(theirs["station"].unique())
            found[key] = Doubt(float(doubtful / total), {name: wrong[name] for name in names})
    return found

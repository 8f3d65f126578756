"""Which incidents rest on times that a receiver's wrong clock gave."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from pipelines.store import Queries

LEAST: Final = 0.1
"""From such a share of a vessel's reports on its times are in doubt: a judgement. A track of which
fewer are off still shows when it was where."""


SAID: Final = "{share} of its reports came by receivers whose clocks are wrong ({who})."
SAID_BY: Final = (
    "{share} of its reports came by receivers whose clocks are wrong, by up to {off} ({who})."
)
"""Whoever reads it asks by how much: seconds spoil a speed, and no silence of hours."""


@dataclass(frozen=True)
class Doubt:
    """How much of what was heard of an incident came by receivers whose clocks are wrong.

    `off_s`: by how much at most, as far as it is known; 0 where it isn't.
    """

    share: float
    receivers: tuple[str, ...]
    off_s: float = 0.0

    def said(self, t: Callable[..., str]) -> str:
        """Put it into words."""
        who = {"share": f"{self.share:.0%}", "who": ", ".join(self.receivers)}
        if not self.off_s:
            return t(SAID, **who)
        off = f"{self.off_s:.0f} s" if self.off_s < 120 else f"{self.off_s / 60:.0f} min"
        return t(SAID_BY, off=off, **who)


@dataclass(frozen=True)
class Heard:
    """Whose reports an incident rests on, and from when to when."""

    mmsis: frozenset[int]
    start: pd.Timestamp
    end: pd.Timestamp


def wrong_clocks(store: Queries, since: pd.Timestamp, until: pd.Timestamp) -> dict[str, float]:
    """Return the receivers whose clocks are wrong, and by how many seconds at most: as some feed of
    a span shows, or by the vessels that several heard. What these heard has other times than it
    came with, which are estimates.
    """
    ledger = store.ledger()
    then = ledger[(ledger["first_time"] <= until) & (ledger["last_time"] >= since)]
    reports = [json.loads(str(text)) for text in then["report"]]
    off = [
        (str(one["receiver"]), float(one.get("offset_s") or 0.0))
        for report in reports
        for one in report.get("clocks", [])
    ]
    for date in store.clocks_put_right(f"{since:%Y-%m-%d}", f"{until:%Y-%m-%d}").values():
        off += [(name, float(one.get("late_s") or 0.0)) for name, one in date["clocks"].items()]
    found: dict[str, float] = {}
    for name, seconds in sorted(off):
        if name:
            found[name] = max(found.get(name, 0.0), abs(seconds))
    return found


def doubts(
    store: Queries, heard: Mapping[str, Heard], wrong: Mapping[str, float]
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
            off_s = max(wrong.get(name, 0.0) for name in names)
            found[key] = Doubt(float(doubtful / total), tuple(names), off_s)
    return found

"""Which incidents rest on times that a receiver's wrong clock gave."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from pipelines.store import Queries

LEAST: Final = 0.1
"""From such a share of a vessel's reports on its times are in doubt: a judgement. A track of which
fewer are off still shows when it was where."""


SAID: Final = "{share} of its reports came by receivers whose clocks are wrong ({who})."


@dataclass(frozen=True)
class Doubt:
    """How much of what was heard of an incident came by receivers whose clocks are wrong."""

    share: float
    receivers: tuple[str, ...]

    def said(self) -> dict[str, str]:
        """Return what `SAID` says of it."""
        return {"share": f"{self.share:.0%}", "who": ", ".join(self.receivers)}


@dataclass(frozen=True)
class Heard:
    """Whose reports an incident rests on, and from when to when."""

    mmsis: frozenset[int]
    start: pd.Timestamp
    end: pd.Timestamp


def wrong_clocks(store: Queries, since: pd.Timestamp, until: pd.Timestamp) -> tuple[str, ...]:
    """Return the receivers whose clocks are wrong: as some feed of a span shows, or by the vessels
    that several heard. What these heard has other times than it came with, which are estimates.
    """
    ledger = store.ledger()
    then = ledger[(ledger["first_time"] <= until) & (ledger["last_time"] >= since)]
    reports = [json.loads(str(text)) for text in then["report"]]
    named = {str(one["receiver"]) for report in reports for one in report.get("clocks", [])}
    for date in store.clocks_put_right(f"{since:%Y-%m-%d}", f"{until:%Y-%m-%d}").values():
        named |= set(date["clocks"])
    return tuple(sorted(named - {""}))


def doubts(store: Queries, heard: Mapping[str, Heard], wrong: Collection[str]) -> dict[str, Doubt]:
    """Return the incidents whose times are in doubt, by id."""
    if not heard or not wrong:
        return {}
    mmsis = frozenset().union(*(one.mmsis for one in heard.values()))
    since, until = min(one.start for one in heard.values()), max(one.end for one in heard.values())
    each = store.heard_by_receiver(mmsis, wrong, since, until)
    found = {}
    for key, one in heard.items():
        since = one.start.floor("10min")
        own = each[each["mmsi"].isin(one.mmsis) & each["time"].between(since, one.end)]
        theirs = own[own["station"] != ""]
        total, doubtful = own["reports"].sum(), theirs["reports"].sum()
        if doubtful and doubtful >= LEAST * total:
            found[key] = Doubt(float(doubtful / total), tuple(sorted(theirs["station"].unique())))
    return found

"""Which packs that went out hold leads that no longer stand here, and who holds them.

This is for the home alone: it rests on all that the home knows. What the recipient may be told of
it, `run.corrections` works out.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from pipelines.assess.dispositions import newest
from pipelines.base.settings import Installation
from pipelines.base.text import iso
from pipelines.publish.packs import issued, log
from pipelines.publish.packs.keys import Keyring
from pipelines.publish.packs.standing import (
    REOPENED,
    cleared_since,
    due,
    moved,
    standing_here,
)
from pipelines.store import Queries

HELD_FOR: Final = pd.Timedelta(days=14)
"""Packs are looked at so long after they were made: nobody sails for a lead that is older. A
judgement."""

FORGOTTEN: Final = "what it told isn't kept here, so that nobody can tell"
"""Of a pack that the log of exports names, and `HOME/exported` doesn't hold."""
_COLUMNS: Final = ["told_id", "event_id", "kind", "mmsi", "start", "what"]


@dataclass(frozen=True)
class HeldWrong:
    """A pack with leads that no longer stand, or of which nobody can tell any more."""

    pack: str
    recipient: str
    title: str
    """The pack, and who holds it."""
    leads: pd.DataFrame
    """told_id, event_id, kind, mmsi, start, what: retracted | set aside | moved | cleared |
    reopened; none where what the pack told isn't kept here."""

    def __str__(self) -> str:
        """In words: "2 retracted, 1 cleared"."""
        if self.leads.empty:
            return FORGOTTEN
        return ", ".join(f"{n} {what}" for what, n in Counter(self.leads["what"]).items())


def held_wrong(store: Queries, installation: Installation, now: pd.Timestamp) -> list[HeldWrong]:
    """Return the packs of the last two weeks that hold leads which no longer stand, and those of
    which it isn't kept what they told, newest first.

    A lead is *retracted* where a later look didn't find it and nothing took its story over, *set
    aside* where its vessel's positions turned out to be false, it was heard meanwhile under another
    number, or is one's own, *moved* where it is further than a mile from where it was told,
    *cleared* where somebody concluded so
    since the pack was made, *reopened* where a correction told that, or that it was withdrawn, and
    it isn't so any more. What a correction has told isn't held any more, as far as its line in the
    log of exports is what was written; what packs there are is taken from any line.
    """
    checked = log.check(installation.exports, Keyring(installation.keys))
    entries = checked.entries
    since = iso(now - HELD_FOR)
    packs = {
        str(one["pack"]): one
        for one in (*entries, *checked.sound)
        if "pack" in one and "corrects" not in one and str(one.get("time")) >= since
    }
    found = []
    heirs = store.heirs() if packs else {}
    said = newest(store.dispositions())
    for pack, one in reversed(packs.items()):
        leads, made = issued.leads_of(installation.exported, pack)
        wrong = pd.DataFrame(columns=_COLUMNS)
        if made is not None and len(leads):
            cleared = cleared_since(said, heirs, one, made.cleared)
            at_all = cleared_since(said, heirs, one, ())
            wrong = _wrong(store, due(leads, cleared, one, checked.sound, at_all), heirs, cleared)
        if len(wrong) or made is None:
            found.append(HeldWrong(pack, str(one.get("recipient")), str(one.get("title")), wrong))
    return found


def _wrong(
    store: Queries, leads: pd.DataFrame, heirs: dict[str, str], cleared: set[str]
) -> pd.DataFrame:
    """Return the leads that no longer stand, by what the home knows."""
    held, now = standing_here(store, leads, heirs)
    on, aside = now["event_id"].tolist(), now["aside"].tolist()
    away = moved(held, now["lat"], now["lon"])
    rows: list[dict[str, Any]] = []
    for place, row in enumerate(held.to_dict("records")):
        stands = bool(on[place]) and not aside[place]
        what = "moved" if away[place] else ""
        if not stands:
            what = "set aside" if on[place] else "retracted"
        if row["gone"]:  # where it stood here all along, who may know less still can't find it
            what = REOPENED if stands and not row["stood"] else ""
        elif row["event_id"] in cleared:
            what = "cleared"
        elif row["reopens"]:  # of what is gone by now nothing more is to be said
            what = REOPENED if stands else ""
        rows.append({**{str(k): v for k, v in row.items()}, "what": what})
    table = pd.DataFrame(rows, columns=_COLUMNS)
    return table[table["what"] != ""].reset_index(drop=True)


def broken_log(installation: Installation) -> str:
    """Say what is wrong with the log of exports, by which it is known who holds what; empty if
    nothing is.
    """
    problems = log.check(installation.exports, Keyring(installation.keys)).problems
    more = f", and {len(problems) - 1} more" if problems[1:] else ""
    return f"{problems[0]}{more}: who holds what isn't known for sure" if problems else ""

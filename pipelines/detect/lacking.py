"""What the feeds of a run leave unsaid, and what therefore can't be seen: it is told, not hidden.

A night of a feed without speeds, classes or static data looks as complete as any other.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pandas as pd

from pipelines.store import Queries

LACKING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "seldom": "On average a vessel was heard less than once in five minutes: of what lasts "
        "minutes, such as a boarding, a hand-over or a landing, much can't be seen.",
        "seconds": "Most times are whole minutes: at 15 knots a vessel may be a quarter of a mile "
        "from where its report has it, and meetings under way can't be seen well.",
        "speed": "Most reports state no speed: a stop between two reports, or a position that "
        "stands still under way, can't be seen.",
        "heading": "Most ships' reports state no heading: a ship that drifts sideways can't be "
        "told from one that steers.",
        "ais_class": "Most reports don't say whether a ship's set or a boat's sent them: boats "
        "that fish, drift or are out of range are judged as ships, and more are flagged for "
        "nothing.",
        "type": "Most vessels don't say what they are: bunkering, towing, pilotage and fishing "
        "can't be told from other meetings and stops, and more are flagged for nothing.",
        "length": "Most vessels state no length: a bunker barge can't be told from a tanker by "
        "its size, and more meetings are flagged for nothing.",
        "name": "Most vessels state neither name nor IMO number: a change of either can't be "
        "seen, and watch-lists find vessels by MMSI alone.",
    }
)
"""What may be lacking, and what that means for who reads the night."""

MOST: Final = 0.5
"""More than half. Feeds that carry a field come nowhere near: of 39,041 real position reports of 23
logs 1 % stated no speed, 14 % of those of class A no heading; of 4,139 static reports 3 % no type,
5 % no length."""

LEAST_PER_H: Final = 12.0
"""Minutes in which a vessel was heard, of each hour in which it was: one in five. The slowest that
a set sends is one in three, at anchor (ITU-R M.1371-5, annex 1, table 1)."""

LONG: Final = pd.Timedelta(hours=6)
"""In a shorter window the hours at its ends, of which a part is in it, would weigh too much."""


def lacking(
    reader: Queries, heard: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp
) -> list[str]:
    """Return which of `LACKING` a window's reports and the vessels heard in it lack.

    `heard`: `heard.HEARD`.
    """
    said, heard = reader.stated(start, end), heard[heard["hours"] > 0]
    if heard.empty or not said.get("reports"):
        return []
    whole = dict.fromkeys(("speed", "ais_class", "seconds"), said["reports"])
    shares = {name: said[name] / n for name, n in {**whole, "heading": said["ships"]}.items() if n}
    vessels = reader.vessels(end)
    own = vessels[vessels["mmsi"].isin(heard["mmsi"]).to_numpy(bool)]
    known = {
        "type": own["ship_type"] > 0,
        "length": own["length_m"] > 0,
        "name": (own["name"].fillna("") != "") | (own["imo"] > 0),
    }
    shares |= {name: float(those.sum()) / len(heard) for name, those in known.items()}
    # Who says nothing of itself states no length either.
    few = {name for name, share in shares.items() if share < MOST}
    few -= {"length"} if "type" in few else set()
    seldom = end - start >= LONG and said["minutes"] < LEAST_PER_H * said["hours"]
    few |= {"seldom"} if seldom else set()
    return [name for name in LACKING if name in few]

"""Silences of other vessels that began with one: near it, or in the very same minutes anywhere.

An incident's title names who fell silent with its vessel only where both silences count for much.
Whoever looks at one of them wants to know of every other: two of the same minutes may be of our
own reception, or of one deed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.frames import SECOND_US, epoch_us
from detectors.kinematics import geodesy
from pipelines.assess.incidents.silences import TOGETHER_M, TOGETHER_S
from pipelines.assess.reasons import Teller
from pipelines.base.labels import Labels
from pipelines.base.text import LOCAL, one_line
from pipelines.publish.briefing import SENTENCE_LIMIT
from pipelines.web.line import Line

SAME_S: Final = 300.0
"""Silences that begin and end no further apart than this are of the same minutes, wherever they
were: reports come every few minutes, and so far a silence's ends are known."""
MAX_BESIDE: Final = 6
"""Of one silence's company so many are told, the nearest in time."""


@dataclass(frozen=True)
class Beside:
    """A silence that began with another: whose and when, how far off, and whether both its ends
    are those of the other; NaN where its place isn't known.
    """

    event_id: str
    mmsi: int
    start: pd.Timestamp
    end: pd.Timestamp | None
    off_m: float
    same: bool


def beside(events: pd.DataFrame) -> dict[str, list[Beside]]:
    """Return the silences that began with each silence of a night, those nearest in time first.

    `events`: `events.EVENTS`; the silences among them, whatever their score.
    """
    gaps = events[events["kind"] == "gap"].sort_values(["start", "event_id"], ignore_index=True)
    if len(gaps) < 2:
        return {}
    lat, lon, mmsi = (gaps[name].to_numpy() for name in ("lat", "lon", "mmsi"))
    start_s = epoch_us(gaps["start"]) / SECOND_US
    end_s = np.where(gaps["end"].isna(), np.nan, epoch_us(gaps["end"]) / SECOND_US)
    told = [
        (
            str(row["event_id"]),
            int(row["mmsi"]),
            row["start"],
            None if pd.isna(row["end"]) else row["end"],
        )
        for row in gaps.to_dict("records")
    ]
    until = np.searchsorted(start_s, start_s + TOGETHER_S, side="right")
    found: dict[str, list[tuple[float, Beside]]] = {}
    for first in range(len(gaps)):
        then = np.arange(first + 1, until[first])
        then = then[mmsi[then] != mmsi[first]]
        off_m = geodesy.distance_m(lat[first], lon[first], lat[then], lon[then])
        late_s = start_s[then] - start_s[first]
        same = (late_s <= SAME_S) & (np.abs(end_s[then] - end_s[first]) <= SAME_S)
        for k in np.flatnonzero(same | (off_m <= TOGETHER_M)).tolist():
            for own, other in ((first, int(then[k])), (int(then[k]), first)):
                one = Beside(*told[other], float(off_m[k]), bool(same[k]))
                found.setdefault(told[own][0], []).append((float(late_s[k]), one))
    return {
        key: [one for _, one in sorted(all_of, key=lambda one: (one[0], one[1].event_id))]
        for key, all_of in found.items()
    }


@dataclass(frozen=True)
class Silences:
    """The silences of a night, each with those that began with it."""

    each: Mapping[str, Sequence[Beside]]
    """See `beside`."""
    numbers: Mapping[int, int]
    """Number of the first incident that each vessel is in."""
    teller: Teller
    words: Labels

    def of(self, line: Line) -> tuple[Beside, ...]:
        """Return the silences of others that began with one of an incident, one of each vessel."""
        own = {mmsi for mmsi, *_ in line.vessels}
        found = (one for event in line.events for one in self.each.get(event, ()))
        first = {one.mmsi: one for one in reversed([*found]) if one.mmsi not in own}
        return tuple(reversed(first.values()))[:MAX_BESIDE]

    def said(self, line: Line) -> str:
        """Say in few words who else fell silent then, but for whom the title names."""
        left = [one for one in self.of(line) if self.teller.name(one.mmsi) not in line.title]
        if not left:
            return ""
        at = f"{left[0].start.tz_convert(LOCAL):%H:%M}"
        names = ", ".join(map(self._named, left))
        return one_line(
            self.words.at_desk("from {time}: {names}", time=at, names=names), SENTENCE_LIMIT
        )

    def _named(self, one: Beside) -> str:
        name, number = self.teller.name(one.mmsi), self.numbers.get(one.mmsi)
        return name if number is None else f"{name} ({number})"

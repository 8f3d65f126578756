"""What a detector needs to tell a person what happened, in a sentence for a sailor."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

import pandas as pd

from detectors.core.evidence import Evidence

UNDRAWN_M: Final = 200 * 1852.0
"""So far from any port or anchorage of its zones, a home has none for those waters."""


@dataclass(frozen=True)
class Told:
    """One event as the sentences need it; `end` is None while it goes on."""

    kind: str
    subkind: str
    mmsi: int
    other_mmsi: int
    start: pd.Timestamp
    end: pd.Timestamp | None
    lat: float
    lon: float
    evidence: Evidence
    detector: str = ""
    version: str = ""

    def partner_of(self, mmsi: int) -> int:
        """Return the other vessel of a pair, as seen from one of them; 0 where there is none."""
        return self.other_mmsi if mmsi == self.mmsi else self.mmsi if self.other_mmsi else 0

    @property
    def seen_until(self) -> pd.Timestamp | None:
        """Up to when reports show it: the end, of what goes on the time that was measured.

        A meeting whose vessels were last heard a quarter of an hour ago was seen until then, not
        until now. A silence, or one that a watch tells of, goes on by itself.
        """
        seconds = self.evidence.get("duration_s")
        silent = self.kind == "gap" or self.subkind == "silence"
        if self.end is not None or seconds is None or silent:
            return self.end
        return self.start + pd.Timedelta(seconds=seconds)


class Say(Protocol):
    """How a text is put into the reader's language."""

    def __call__(self, text: str, **values: Any) -> str:
        """See `Words.say`."""
        ...


def plain(text: str, **values: Any) -> str:
    """`Words.say` in English, the language that the texts are in.

    >>> plain("{n} hulls", n=2)
    '2 hulls'
    """
    return text.format(**values)


class Words(Protocol):
    """How names, places and amounts are put into words."""

    def name(self, mmsi: int) -> str:
        """Return what a vessel calls itself, its MMSI where it doesn't say."""
        ...

    def heard_since(self, event: Told) -> str:
        """Return what the hull of a silence calls itself since that began, under another number;
        empty where it isn't known to be heard.
        """
        ...

    def place(self, lat: float, lon: float) -> str:
        """Return a place as a sailor would say it: "14 nm W of Lumut"."""
        ...

    def duration(self, start: pd.Timestamp, end: pd.Timestamp | None) -> str:
        """Hours or minutes from one time to another, to now where there is no end."""
        ...

    def clock(self, time: pd.Timestamp) -> str:
        """Return the hour of a time, local: "06:02 MYT"."""
        ...

    def distance(self, distance_m: float) -> str:
        """Metres, nautical miles from one mile on."""
        ...

    def say(self, text: str, **values: Any) -> str:
        """Return a sentence or a part of one, in the reader's language, with values put in as
        `str.format` does.

        The text is written out where it is called: the catalogue of translations is kept by it.
        """
        ...


def told(events: pd.DataFrame) -> list[Told]:
    """Return the rows of an events frame, evidence parsed."""
    ends = [None if pd.isna(end) else end for end in events["end"]]
    plain = ("kind", "subkind", "mmsi", "other_mmsi", "start")
    columns = [events[name].tolist() for name in plain]
    last = (events["lat"].tolist(), events["lon"].tolist())
    by = (events[name].tolist() for name in ("evidence", "detector", "version"))
    return [Told(*row) for row in zip(*columns, ends, *last, *by, strict=True)]


def surroundings(evidence: Evidence, words: Words) -> str:
    """Return where it was in words, from the evidence that `surroundings` gives; may be empty."""
    if not evidence.get("zones_reached", True):
        return ""
    if evidence.get("in_anchorage"):
        return words.say(", in an anchorage")
    if evidence.get("in_licensed_sts_area"):
        return words.say(", in a licensed transfer area")
    if evidence.get("in_sts_area"):
        # Two that drift together over its edge are told one by one, each by its own middle: one
        # page said of them that they were in it, and outside any port.
        return words.say(
            ", outside any port or anchorage, in a transfer area where none is licensed"
        )
    if evidence.get("near_land"):
        return words.say(", close to land")
    if (evidence.get("anchorage_distance_m") or 0.0) > UNDRAWN_M:
        return words.say(", where no port or anchorage is drawn")
    return words.say(", outside any port or anchorage")


def state(code: str, say: Say) -> str:
    """Return the name of a state of the Straits, given by its code (ISO 3166-1 alpha-3) or its
    English name; others as they are given.
    """
    names = {
        ("IDN", "Indonesia"): say("Indonesia"),
        ("MYS", "Malaysia"): say("Malaysia"),
        ("SGP", "Singapore"): say("Singapore"),
        ("THA", "Thailand"): say("Thailand"),
    }
    return next((name for known, name in names.items() if code in known), code)


def place_and_time(stated: Evidence, name: str, words: Words) -> str:
    """Return where and when something was at one of the places that evidence names."""
    return words.say(
        "{place}, at {time}",
        place=words.place(stated[f"{name}_lat"], stated[f"{name}_lon"]),
        time=words.clock(pd.Timestamp(stated[f"{name}_time"])),
    )

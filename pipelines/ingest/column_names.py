"""Which quantities the columns of a table are, by what they are called.

The names are in names.yaml beside this module. Only names that can mean one thing are taken.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import available_timezones

from pipelines.base.yaml_files import read_yaml
from pipelines.ingest.beside import UNCERTAIN
from pipelines.ingest.layouts import dimension_of
from pipelines.ingest.places import AXES, names_part, names_side

# Letters of other scripts are words too: "Δlat" is no latitude. A degree sign is often written "º".
_TOKEN: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-zº]+")
# Without a colon all four digits are there: 120 are minutes.
_OFFSET: Final = re.compile(r"(?:UTC|GMT)? ?([+-]?)(?:(\d{1,2})(?::00|\.00?)?|(\d{2})00)")
_MOST_HOURS: Final = 12
# No name of names.yaml with what may stand around it is as long: what is wasn't written as a name.
_LONGEST, _MOST_TOKENS = 120, 10
# Words of a text that is no table are looked up as columns, each in most of its lines.
_KEPT: Final = 10_000
_LETTERS: Final = re.compile(r"[A-Za-z]+")
_ZONE_NAMES: Final = frozenset(
    {
        "utcoffset",
        "gmtoffset",
        "tz",
        "tzoffset",
        "timezone",
        "timezoneoffset",
        "zonwaktu",
        "zonawaktu",
    }
)
_TIME_WORDS: Final = frozenset({"time", "date", "datetime", "timestamp"})


@dataclass(frozen=True)
class Match:
    """A column that a quantity may come from: the lower its rank the better it is called.

    A rank is the name's place in names.yaml and how many words stand before it. `zone`: whose
    clock a time is by its name, UTC left out.
    """

    rank: tuple[int, int]
    column: str
    unit: str = ""
    is_utc: bool = False
    zone: str = ""


def matches_of(header: Sequence[str]) -> dict[str, list[Match]]:
    """Return the columns that each quantity may come from, the best first."""
    found: dict[str, list[Match]] = {}
    for column in header:
        if len(column) <= _LONGEST:
            for name, match in _matches(column):
                found.setdefault(name, []).append(match)
    return {
        name: sorted(matches, key=lambda m: (not m.is_utc, not m.zone, m.rank))
        for name, matches in found.items()
    }


@lru_cache(_KEPT)
def _matches(column: str) -> Sequence[tuple[str, Match]]:
    """Return the quantities that a column may be of."""
    tokens = [token.casefold() for token in _TOKEN.findall(column)]
    if len(tokens) > _MOST_TOKENS:
        return ()
    starts = [0]
    while starts[-1] < len(tokens) - 1 and tokens[starts[-1]] in _glossary()["before"]:
        starts.append(starts[-1] + 1)
    cuts = [
        (start, "".join(tokens[start:stop]), "".join(tokens[stop:]))
        for start in starts
        for stop in range(len(tokens), start, -1)
    ]
    found = [
        (
            name,
            _time_match(ranks, column, tokens, starts)
            if name in ("time", "date")
            else _match(name, ranks, column, cuts),
        )
        for name, ranks in _ranks().items()
    ]
    return [(name, match) for name, match in found if match is not None]


def _match(
    name: str, ranks: Mapping[str, int], column: str, cuts: Sequence[tuple[int, str, str]]
) -> Match | None:
    units = _glossary()["units"].get(dimension_of(name) or "", {})
    for start, text, rest in cuts:
        if text not in ranks:
            continue
        unit = next((u for u, words in units.items() if rest in words), None)
        if not rest or unit:
            return Match((ranks[text], start), column, "" if unit in (None, "deg") else unit)
    return None


def _time_match(
    ranks: Mapping[str, int], column: str, tokens: list[str], starts: Sequence[int]
) -> Match | None:
    glossary = _glossary()
    zones = {glossary["zones"][token] for token in tokens if token in glossary["zones"]}
    not_name = {*glossary["utc"], *glossary["zones"]}
    kept = [token for token in tokens if token not in not_name or len(tokens) == 1]
    if not tokens or len(zones) > 1 or any(token in glossary["local"] for token in tokens):
        return None
    is_utc = not zones and (len(kept) < len(tokens) or tokens[-1] in glossary["utc"])
    # "epoch ms" is called by what says that it is UTC alone; "position timestamp" comes before
    # "position update timestamp", a "timestamp" further off.
    found = [
        (ranks[text], start)
        for start in starts
        for text in (["".join(kept[start:])] if kept[start:] else tokens[start:])
        if text in ranks
    ]
    return Match(min(found), column, is_utc=is_utc, zone="".join(zones)) if found else None


def zone_named(text: str) -> str:
    """Return the IANA name of a zone by a text such as "MYT", "+08:00" or "Asia/Kuala_Lumpur";
    empty where it is none, or no whole hours.
    """
    if known := _glossary()["zones"].get(text.casefold()):
        return str(known)
    if text.upper() in ("UTC", "GMT", "Z"):
        return "UTC"
    if offset := _OFFSET.fullmatch(text.upper()):
        hours = int(offset[2] or offset[3])
        if hours > _MOST_HOURS:
            return ""
        # POSIX counts the other way (tzdata, etcetera).
        return f"Etc/GMT{'+' if offset[1] == '-' else '-'}{hours}" if hours else "UTC"
    return _zones().get(text.casefold(), "")


def says_other_zone(word: bytes) -> bool:
    """Tell whether a word behind a clock says another zone than UTC, or half a day: "MYT", "PM"."""
    text, glossary = word.decode().casefold(), _glossary()
    return text in glossary["zones"] or text in glossary["local"] or text in ("am", "pm")


@cache
def _zones() -> Mapping[str, str]:
    # They are looked for on the disk, and a file of sightings may have a zone in each row.
    return {name.casefold(): name for name in available_timezones()}


@cache
def _ranks() -> Mapping[str, Mapping[str, int]]:
    return {
        name: {text: rank for rank, text in enumerate(names)}
        for name, names in _glossary()["quantities"].items()
    }


@cache
def _glossary() -> Mapping[str, Any]:
    return read_yaml(Path(__file__).with_name("names.yaml"))


def lacking(header: Sequence[str], *, points: bool = False) -> list[str]:
    """Return which of vessel, time, latitude and longitude no column's name says.

    `points`: a column may hold both latitude and longitude.
    """
    short = (column for column in header if len(column) <= _LONGEST)
    found = {name for column in short for name, _ in _matches(column)}
    both = {"point"} if points else set()
    needed = {
        "which vessel": {"mmsi", "vessel_id"},
        "when": {"time"},
        "latitude": {"lat", "y", *both},
        "longitude": {"lon", "x", *both},
    }
    without = [text for text, names in needed.items() if not names & found]
    if "when" in without and local_times(header):
        without.remove("when")
    return without


def names_zone_column(column: str) -> bool:
    """Tell whether a column by its name says in which zone times are."""
    return "".join(_LETTERS.findall(column.rpartition(".")[2])).casefold() in _ZONE_NAMES


def stands_beside(column: str) -> bool:
    """Tell whether a column by its name may say minutes, a side or a zone of another's."""
    return names_zone_column(column) or any(
        names_side(axis, column) or names_part(axis, column) for axis in AXES
    )


def candidates(header: Sequence[str]) -> list[str]:
    """Return the columns that `naming.by_names` looks at; none if it makes no layout of them."""
    found = matches_of(header)
    if lacking(header) or UNCERTAIN in header:
        return []
    columns = {match.column for matches in found.values() for match in matches}
    columns |= {name for name in header if len(name) <= _LONGEST and stands_beside(name)}
    return [name for name in header if name in columns]


def names_time(column: str) -> bool:
    """Tell whether a column by its name holds times, in whatever zone."""
    words = {token.casefold() for token in _TOKEN.findall(column[:_LONGEST])}
    return bool(words & {*_TIME_WORDS, "epoch"}) or "time" in matches_of([column])


def has_day_first(columns: Sequence[str]) -> bool:
    """Tell whether columns of times are called so in a language that writes the day before the
    month: Malay and Indonesian (Unicode CLDR, short date formats of ms and id).
    """
    words = {token.casefold() for name in columns for token in _TOKEN.findall(name[:_LONGEST])}
    return not words.isdisjoint(_glossary()["day_first"])


def names_utc(column: str) -> bool:
    """Tell whether a column's name says no zone but UTC, and not that its times are local."""
    zones = {match.zone for match in matches_of([column]).get("time", ())}
    return zones <= {""} and not local_times([column])


def local_times(header: Sequence[str]) -> list[str]:
    """Return columns whose name says that they hold local times."""
    tokens = {name: {token.casefold() for token in _TOKEN.findall(name)} for name in header}
    local = set(_glossary()["local"])
    return [name for name in header if tokens[name] & _TIME_WORDS and tokens[name] & local]

"""Watch-lists: a user's files of vessels to look at twice, by IMO number, MMSI, call sign or name.

A list is two files in config/watchlists: `NAME.csv`, and `NAME.yaml` that says what it is:

    title: Vessels under sanctions
    source: where it comes from
    licence: under what terms it may be used
    retrieved: 2026-11-01
    columns: {imo: IMO Number, name: Vessel Name}   # optional: the file's own headings
    own: true                                       # optional: vessels of one's own, by MMSI

A cell may hold several numbers ("533000001; 563000002"): each lists the vessel.

A list without a licence is refused: what a flag rests on must be allowed to be used.

What one's *own* vessels do (a patrol's, and those of services that it works with) flags nobody:
they wait, meet, board and are silent for a living. It is told, as set aside. Not so while it is
open who sends their number: `identity` and `spoofing` ask that, and count as of anybody.
"""

import csv
import io
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from detectors.core.arrays import Bools
from detectors.core.errors import ConfigError
from detectors.core.evidence import Evidence
from detectors.core.telling import Say, plain
from detectors.vessels.numbers import imo_kind
from pipelines.base.files import read_plain
from pipelines.base.yaml_files import read_model

WEIGHTS: Final = {"imo": 0.3, "mmsi": 0.25, "callsign": 0.2, "name": 0.1}
"""What a match counts by the strongest key that fits: the IMO number stays with the hull, MMSI and
call sign change with the flag, names are shared by many. Judgements."""

KEYS: Final = tuple(WEIGHTS)
MAX_BYTES: Final = 500_000_000
"""All ships that ever had a number are some tens of megabytes."""
ABOUT_NUMBERS: Final = frozenset({"identity", "spoofing"})
"""Detectors that ask who sends a number, and from where: of an own vessel's too."""

_THREES: Final = r"(\d{3})[ \u00a0.,-](\d{3})[ \u00a0.,-](\d{3})"
_TELEPHONE: Final = (
    rf"(?:\+\W{{0,2}}\d{{1,4}}\W{{0,2}}(?:\d{{9}}|{_THREES})"
    rf"|(?<!\d)\d{{1,2}}[ \u00a0.,-](?![2-7]){_THREES})(?!\d)"
)
"""+60 123456789, +62 812 345 678, or 60 123 456 789; 12 533 000 001 is a row's number and a ship's:
a ship's begins with 2 to 7 (ITU-R M.585), what is dialled for a telephone in Malaysia with 1."""

MIN_VISITORS: Final = 2
"""One vessel that comes to another makes no mother ship of it."""
MIN_NAME_LENGTH: Final = 5
"""Shorter names (STAR, JAYA) are too common to mean one vessel."""

Text = Annotated[str, Field(min_length=1)]


class About(BaseModel):
    """What a list says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    title: Text
    source: Text
    licence: Text
    retrieved: Any = ""
    columns: Mapping[str, str] = Field(default_factory=dict)
    own: bool = False


@dataclass(frozen=True)
class Watchlist:
    """A list as read."""

    name: str
    about: About
    entries: pd.DataFrame
    """imo, mmsi (0 where none), callsign, name (as compared, empty where none)."""
    ignored: int
    """Rows without any key that can be right."""


@dataclass(frozen=True)
class Match:
    """A vessel found on a list."""

    mmsi: int
    weight: float
    note: str


def load(folder: Path) -> list[Watchlist]:
    """All lists of a folder, by name; none if there is no folder.

    Raises ConfigError if a list has no description, lacks its licence, or has none of the columns;
    of own vessels, that of MMSIs.
    """
    return [_read(path) for path in sorted(folder.glob("*.csv"))]


def _read(path: Path) -> Watchlist:
    described = path.with_suffix(".yaml")
    if not described.exists():
        raise ConfigError(
            f"the watch-list {path} has no description",
            hint=f"write {described.name} with title, source and licence",
        )
    about = read_model(described, About)
    try:
        with warnings.catch_warnings(action="ignore", category=pd.errors.ParserWarning):
            table = pd.read_csv(
                io.BytesIO(content := read_plain(path, MAX_BYTES)),
                dtype="str",
                keep_default_na=False,
                encoding="utf-8-sig",
                index_col=False,  # else of rows that end in a comma each value moves by a column
            )
        text = content.decode("utf-8-sig")
        header = next((row for row in csv.reader(io.StringIO(text, newline="")) if any(row)), [])
    except (OSError, ValueError, pd.errors.ParserError, csv.Error) as error:
        raise ConfigError(f"the watch-list {path} can't be read: {error}") from error
    _refuse_unclosed(text, path)
    lower = {str(column).strip().lower(): column for column in table.columns}
    named = [column.strip().lower() for column in header]
    read = (about.columns.get(key, key).strip().lower() for key in KEYS)
    if twice := next((name for name in read if named.count(name) > 1), ""):
        raise ConfigError(
            f"the watch-list {path} has several columns {twice!r}",
            hint="rename all of them but one",
        )
    chosen = {key: lower.get(about.columns.get(key, key).strip().lower()) for key in KEYS}
    if not any(chosen.values()):
        raise ConfigError(
            f"the watch-list {path} has none of the columns {', '.join(KEYS)}",
            hint=f"name them in {described.name}: columns: {{imo: HEADING}}",
        )
    if about.own and not chosen["mmsi"]:
        raise ConfigError(
            f"the list of own vessels {path} has no column of MMSIs",
            hint=f"name it in {described.name}: columns: {{mmsi: HEADING}}",
        )
    blank = pd.Series("", index=table.index, dtype="str")
    columns = {key: blank if name is None else table[name] for key, name in chosen.items()}
    imo, more_imo = _whole(columns["imo"], 7)
    mmsi, more_mmsi = _whole(columns["mmsi"], 9)
    entries = pd.DataFrame(
        {
            "imo": imo,
            "mmsi": mmsi,
            "callsign": columns["callsign"].map(compared),
            "name": columns["name"].map(compared),
        }
    )
    further = pd.DataFrame({"imo": more_imo + [0] * len(more_mmsi)})
    further = further.assign(mmsi=[0] * len(more_imo) + more_mmsi, callsign="", name="")
    entries = pd.concat([entries, further], ignore_index=True) if len(further) else entries
    entries.loc[entries["name"].str.len() < MIN_NAME_LENGTH, "name"] = ""
    usable = entries["mmsi"] > 0
    if not about.own:  # which are known by MMSI alone
        usable |= entries["imo"] > 0
        usable |= (entries[["callsign", "name"]] != "").any(axis=1)
    kept = entries[usable].reset_index(drop=True)
    return Watchlist(path.stem, about, kept, int((~usable.iloc[: len(table)]).sum()))


def _refuse_unclosed(text: str, path: Path) -> None:
    """Raise ConfigError where a quote without its partner has taken the rows behind it for a name,
    so that more stands behind the quote of theirs that ends it: who is in them would be on no list,
    and nothing would say so.
    """
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        before = rows.line_num
        try:
            next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            if rows.line_num > before + 1:
                raise ConfigError(
                    f"the watch-list {path}, line {before + 1}: a quote isn't closed",
                    hint='write a quote that belongs to a name twice: "SEA ""STAR"""',
                ) from error


def _whole(text: pd.Series, digits: int) -> tuple[pd.Series, list[int]]:
    """Return numbers of exactly so many digits, in groups of three or not, 0 for all else; and
    those that stand behind the first of a cell: a ship had one under each flag. Of IMO numbers
    those whose check digit is right. Nine digits behind a country's code are a telephone's.
    """
    whole = text
    if digits == 9:
        whole = text.str.replace(_TELEPHONE, "", regex=True)
        whole = whole.str.replace(rf"(?<!\d){_THREES}(?!\d)", r"\1\2\3", regex=True)
    found = [
        [int(one) for one in own] for own in whole.str.findall(rf"(?<!\d)\d{{{digits}}}(?!\d)")
    ]
    if digits == 7:
        every = np.array([one for own in found for one in own], "int64")
        right = set(every[imo_kind(every) == "imo"].tolist())
        found = [[one for one in own if one in right] for own in found]
    first = pd.Series([own[0] if own else 0 for own in found], text.index, dtype="int64")
    return first, [one for own in found for one in own[1:]]


def compared(text: str) -> str:
    """Return a name or call sign as it is compared: capital letters and digits only.

    >>> compared(" Ocean-Star  7 ")
    'OCEANSTAR7'
    """
    return re.sub(r"[^A-Z0-9]", "", text.upper())


def match(lists: list[Watchlist], vessels: pd.DataFrame, say: Say = plain) -> list[Match]:
    """Vessels that are on a list, each with the list where it counts most.

    A name or call sign doesn't match where both sides state a valid IMO number and they differ.

    `vessels`: `frames.VESSELS`.
    """
    said = pd.DataFrame(
        {
            "vessel": vessels["mmsi"],
            "imo": np.where(imo_kind(vessels["imo"].to_numpy()) == "imo", vessels["imo"], 0),
            "mmsi": vessels["mmsi"],
            "callsign": vessels["callsign"].map(compared),
            "name": vessels["name"].map(compared),
        }
    )
    found = [hit for one in lists for key in KEYS for hit in _matches(one, key, said, say)]
    found.sort(key=lambda m: (m.mmsi, -m.weight, m.note))
    first: dict[int, Match] = {}
    for hit in found:
        first.setdefault(hit.mmsi, hit)
    return list(first.values())


def own_numbers(events: pd.DataFrame, lists: Sequence[Watchlist], enough: float) -> set[int]:
    """Return the numbers of own vessels, but for those of which events ask who sends them.

    `enough`: the score from which on that counts.
    """
    own = {mmsi for one in lists if one.about.own for mmsi in one.entries["mmsi"].tolist()} - {0}
    asks = events["detector"].isin(ABOUT_NUMBERS).to_numpy(bool)
    open_of = events[asks & (events["score"] >= enough).to_numpy(bool)]
    return own - {*open_of["mmsi"].tolist(), *open_of["other_mmsi"].tolist()}


def of_own(
    events: pd.DataFrame,
    lists: Sequence[Watchlist],
    enough: float,
    answered: Bools | None = None,
) -> Bools:
    """Tell which events are of what own vessels do, and so flag nobody.

    Parameters
    ----------
    enough
        The score from which on a question whose number it is counts.
    answered
        Which events a person has set aside: they ask nothing any more.
    """
    asking = events if answered is None else events[~answered]
    own = own_numbers(asking, lists, enough)
    asks = events["detector"].isin(ABOUT_NUMBERS).to_numpy(bool)
    takes_part = np.array(events["mmsi"].isin(own) | events["other_mmsi"].isin(own), bool)
    for row in np.flatnonzero((events["detector"] == "mother_ship").to_numpy(bool) & ~takes_part):
        takes_part[row] = bool(own) and _visited_by(events["evidence"].iloc[row], own)
    return np.asarray(takes_part & ~asks)


def _visited_by(evidence: Evidence | str, own: Collection[int]) -> bool:
    """Tell whether of those who came to a vessel fewer than two are others than own vessels; of
    events that are only counted, which come without evidence, it isn't known.
    """
    if not isinstance(evidence, Evidence):
        return False
    visitors = {int(number) for number in str(evidence.facts.get("visitors", "")).split()}
    return bool(visitors.intersection(own)) and len(visitors.difference(own)) < MIN_VISITORS


def _matches(one: Watchlist, key: str, said: pd.DataFrame, say: Say) -> list[Match]:
    known = one.entries[one.entries[key].astype("str").str.strip("0") != ""]
    both = said.merge(known, on=key, suffixes=("", "_listed"))
    if key in {"callsign", "name"}:
        clash = (both["imo"] > 0) & (both["imo_listed"] > 0) & (both["imo"] != both["imo_listed"])
        both = both[~clash]
    both = both.drop_duplicates("vessel")
    label = {"imo": "IMO", "mmsi": "MMSI", "callsign": say("call sign"), "name": say("name only")}[
        key
    ]
    shown = both[key].astype("str").str.zfill(9) if key == "mmsi" else both[key].astype("str")
    return [
        Match(
            int(mmsi),
            WEIGHTS[key],
            say(
                "on the list “{title}” by {label} {value}",
                title=one.about.title,
                label=label,
                value=value,
            ),
        )
        for mmsi, value in zip(both["vessel"], shown, strict=True)
    ]

"""Find a vessel by name, MMSI, IMO number or call sign, also by what it called itself earlier.

What is typed and what was sent are compared letter by letter after the oddities of AIS are taken
out of both: six-bit text has no lower case and is padded with ``@``, crews write 0 for O and 1 for
I, and blanks and dots come and go. Then spelling is tolerated: a name fits from a likeness of
`MIN_LIKENESS` on (rapidfuzz's normalized indel similarity, of the whole, of its words in another
order, or of a part), a number or call sign where at most one character differs, or its beginning.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.errors import SelatError
from detectors.core.frames import TIME
from detectors.vessels.numbers import OTHER_STATION, SHIP, mmsi_kind
from pipelines.base.text import minute
from pipelines.reference.codes import flag_states
from pipelines.reference.gazetteer import load_gazetteer
from pipelines.run.windows import FOREVER, NoDataError
from pipelines.store import Queries

MIN_LIKENESS: Final = 78.0
"""Of 100. Judgement: "MELTI" passes for "MELATI", another name does not."""
PART_WEIGHT: Final = 0.9
"""What the likeness of a part of a name counts beside that of the whole."""
MIN_PART: Final = 4
"""Shorter texts are compared with whole names only: everything holds "MT"."""
ONE_OFF: Final = 85.0
"""Likeness given to a number in which one character differs or two are swapped."""
BEGINS: Final = 90.0
"""Likeness given to a number that begins so."""

FOUND: Final = (
    "mmsi",
    "name",
    "flag_state",
    "field",
    "value",
    "likeness",
    "current",
    "first_time",
    "last_time",
)
"""One row per vessel, most alike first: what it calls itself now, the field and value that fits,
how well (of 100), whether it still says so, when it first and last did."""

MAX_ALIKE: Final = 3
"""So many numbers like one that was never heard are named."""

HOUR: Final = pd.Timedelta(hours=1)
DAY: Final = pd.Timedelta(days=1)

_ALIKE: Final = str.maketrans({"0": "O", "1": "I"})


class FindError(SelatError):
    """There is nothing to look for."""

    exit_code = 2


def words(text: str) -> str:
    """Return a name as it is compared: capitals, one blank between words, 0 as O, 1 as I.

    >>> words(" m.t. Me1ati  J0HOR@@")
    'M T MEIATI JOHOR'
    """
    return " ".join(re.findall(r"[A-Z0-9]+", text.upper())).translate(_ALIKE)


def find(names: pd.DataFrame, vessels: pd.DataFrame, text: str) -> pd.DataFrame:
    """Vessels that a text may mean.

    Parameters
    ----------
    names
        From `Queries.names`: mmsi, field, value, first_time, last_time.
    vessels
        From `Queries.vessels`: what each calls itself now.
    text
        What was typed.

    Returns
    -------
    pandas.DataFrame
        `FOUND`.

    Raises FindError if the text has no letter or digit.
    """
    wanted = words(text)
    if not wanted:
        raise FindError("there is nothing to look for", hint="e.g. selat find 'ocean star'")
    is_name = names["field"] == "name"
    likeness = np.zeros(len(names))
    likeness[is_name] = _names(wanted, names.loc[is_name, "value"])
    likeness[~is_name] = _numbers(wanted, names.loc[~is_name, "value"])
    found = names.assign(likeness=likeness.round(1))
    found = found[found["likeness"] >= MIN_LIKENESS]
    found = found.sort_values(
        ["likeness", "last_time", "mmsi", "field"], ascending=[False, False, True, True]
    ).drop_duplicates("mmsi")
    return _beside_now(found, vessels)


def _beside_now(found: pd.DataFrame, vessels: pd.DataFrame) -> pd.DataFrame:
    """Return `FOUND` of a row of `Queries.names` a vessel, with its likeness."""
    now = vessels.set_index("mmsi").reindex(found["mmsi"]).reset_index()
    states = flag_states(now["mmsi"].to_numpy("int64"))
    stated = [
        _stated(row, field)
        for row, field in zip(now.to_dict("records"), found["field"], strict=True)
    ]
    found = found.reset_index(drop=True).assign(
        name=now["name"].fillna(""),
        flag_state=pd.Series(states, now.index, dtype="str"),
        current=[a == b for a, b in zip(stated, found["value"], strict=True)],
    )
    return found[list(FOUND)]


def of_numbers(names: pd.DataFrame, vessels: pd.DataFrame, mmsis: Sequence[int]) -> pd.DataFrame:
    """Return vessels by their numbers, in that order, as `find` does; those that were heard."""
    own = names[(names["field"] == "mmsi") & names["mmsi"].isin(list(mmsis))]
    place = own["mmsi"].map({mmsi: k for k, mmsi in enumerate(mmsis)})
    ordered = own.assign(place=place).sort_values("place")
    return _beside_now(ordered.assign(likeness=100.0), vessels)


def number_told(mmsi: int) -> str:
    """Say what a number is by its form.

    >>> number_told(533000101), number_told(299000001)
    ("it is a ship's number, flag MYS", "it can't be a ship's")
    """
    [kind], [flag] = mmsi_kind([mmsi]), flag_states([mmsi])
    told = {SHIP: "it is a ship's number", OTHER_STATION: "it is a station's number"}.get(kind)
    if told is None:
        return "it can't be a ship's"
    return f"{told}, flag {flag}" if flag else told


def alike(names: pd.DataFrame, vessels: pd.DataFrame, mmsi: int) -> str:
    """Say which numbers that were heard are one digit off; empty for none."""
    own = find(names[names["field"] == "mmsi"], vessels, f"{mmsi:09d}").head(MAX_ALIKE)
    told = [
        f"{row['mmsi']:09d} {row['name'] or '(no name)'}, flag {row['flag_state'] or '?'}"
        for row in own.to_dict("records")
    ]
    return f"heard and one digit off: {'; '.join(told)}" if told else ""


def unheard(store: Queries, mmsi: int, time: pd.Timestamp) -> NoDataError:
    """Return the error that says of a number that nobody was heard with it up to a time."""
    until = "" if time == FOREVER else f" up to {minute(time)}"
    return NoDataError(
        f"no vessel {mmsi:09d} was heard here{until}; {number_told(mmsi)}",
        hint=alike(store.names(time), store.vessels(time), mmsi)
        or "no number that was heard is one digit off",
    )


def placed(store: Queries, found: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """Return vessels with where each was heard last up to a time: last_seen, lat, lon.

    Places are of reports that can be believed; not known where no such report came in the last hour
    that it was heard. Whose date goes on behind that time is taken for heard last by such a report.
    """
    mmsis = found["mmsi"].tolist()
    seen = store.last_seen(mmsis, end).to_numpy()
    where = pd.DataFrame({"mmsi": mmsis, "last_seen": pd.to_datetime(pd.Series(seen), utc=True)})
    where = where.astype({"last_seen": TIME}).assign(lat=np.nan, lon=np.nan)
    # A read for each date, however many were heard last on it.
    for _, own in where.dropna(subset="last_seen").groupby(where["last_seen"].dt.date):
        last = own.drop_duplicates("mmsi").set_index("mmsi")["last_seen"]
        since = last - pd.Series(HOUR, last.index).where(last < end, DAY)
        reports = store.track_positions(last.index.tolist(), since.min(), last.max())
        reports = reports[reports["time"] >= reports["mmsi"].map(since)]
        newest = reports.sort_values("time").drop_duplicates("mmsi", keep="last")
        newest = newest.set_index("mmsi").reindex(own["mmsi"]).set_axis(own.index)
        where.loc[own.index, ["lat", "lon"]] = newest[["lat", "lon"]]
        cut = newest["time"].notna() & (own["last_seen"] == end)
        where.loc[own.index[cut], "last_seen"] = newest.loc[cut, "time"]
    return pd.concat([found.reset_index(drop=True), where.drop(columns="mmsi")], axis=1)


def places(found: pd.DataFrame, reference_dir: Path) -> list[str]:
    """Say where vessels that are `placed` were by places that sailors know: "5 nm SW of Port
    Dickson"; empty where that isn't known, or none is near.
    """
    if found["lat"].isna().all():
        return [""] * len(found)
    gazetteer, at = load_gazetteer(reference_dir), (found["lat"], found["lon"])
    return [
        text if name else ""
        for text, name in zip(gazetteer.describe_all(*at), gazetteer.nearest(*at), strict=True)
    ]


def _names(wanted: str, values: pd.Series) -> Any:
    """Likeness of each name, of 100."""
    # Imported where it is used, because every command that looks at a moment imports this module.
    from rapidfuzz import fuzz, process

    known = [words(value) for value in values]
    squashed = [name.replace(" ", "") for name in known]
    best = np.zeros(len(known))
    for text, choices, scorer, weight in (
        (wanted, known, fuzz.token_sort_ratio, 1.0),
        (wanted.replace(" ", ""), squashed, fuzz.ratio, 1.0),
        (wanted.replace(" ", ""), squashed, fuzz.partial_ratio, PART_WEIGHT),
    ):
        if scorer is fuzz.partial_ratio and len(text) < MIN_PART:
            continue
        alike = process.cdist([text], choices, scorer=scorer)[0] * weight
        if scorer is fuzz.partial_ratio:  # a short name within a long text isn't meant
            alike = np.where([len(name) >= len(text) for name in choices], alike, 0.0)
        best = np.maximum(best, alike)
    return best


def _numbers(wanted: str, values: pd.Series) -> Any:
    """Likeness of each MMSI, IMO number or call sign: the same, its beginning, or one off."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    text = re.sub(r"^IMO|^MMSI", "", wanted.replace(" ", ""))
    known = [words(value).replace(" ", "") for value in values]
    apart = process.cdist([text], known, scorer=OSA.distance, dtype=np.int32)[0]
    begins = np.array([len(text) >= MIN_PART and value.startswith(text) for value in known], bool)
    one_off = (apart == 1) & (len(text) > MIN_PART)
    return np.select([apart == 0, begins, one_off], [100.0, BEGINS, ONE_OFF], 0.0)


def _stated(vessel: dict[Any, Any], field: str) -> str:
    """Return what a vessel says now in a field, as `Queries.names` writes it."""
    value = vessel.get(field)
    if field == "mmsi":
        return f"{int(vessel['mmsi']):09d}"
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return ""
    return str(int(value)) if field == "imo" else str(value)

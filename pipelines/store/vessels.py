"""What a vessel called itself, and when.

Static data are stored summed per UTC date and content, with the first and last time of each, so
every answer names times at which the vessel did say so. Where it said two things on one date, as
two hulls under one MMSI do, both are shown with spans that overlap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from detectors.core.frames import STATICS, TIME, Column
from detectors.vessels.numbers import imo_kind

FIELDS: Final = (
    "name",
    "callsign",
    "imo",
    "ship_type",
    "length_m",
    "beam_m",
    "draught_m",
    "destination",
    "ais_class",
)
"""What is told of a vessel, in the order in which it is shown."""

_UNSAID: Final[Mapping[str, Any]] = {
    "name": "",
    "callsign": "",
    "imo": 0,
    "ship_type": -1,
    "length_m": float("nan"),
    "beam_m": float("nan"),
    "draught_m": float("nan"),
    "destination": "",
    "ais_class": "",
}
_WHOLE: Final = ("imo", "ship_type")

HISTORY: Final[Mapping[str, Column]] = {
    "field": Column("str", "", f"one of {', '.join(FIELDS)}"),
    "value": Column("str", "", "what it was said to be; numbers in the units of frames.STATICS"),
    "first_time": Column(TIME, "UTC", "when it was first said, after another value or none"),
    "last_time": Column(TIME, "UTC", "when it was last said, before another value or the end"),
    "reports": Column("int64", "", "reports that said so, copies in several feeds included"),
    "note": Column("str", "", "'check digit wrong' or 'number of the flag state', for IMO numbers"),
}
"""The statements of a vessel: one row per field and span in which its value stayed the same."""

IMO_NOTES: Final[Mapping[str, str]] = {
    "": "",
    "imo": "",
    "invalid": "check digit wrong",
    "official": "number of the flag state",
}


@dataclass(frozen=True)
class Identity:
    """What a vessel had called itself last at a time.

    Attributes
    ----------
    mmsi, time
        What was asked.
    name, callsign, imo, ship_type, length_m, beam_m, draught_m, destination, ais_class
        As in `frames.VESSELS`; of every field the newest value said until then.
    imo_kind
        "imo", "official", "invalid" or "" (none said), see `identity_numbers.imo_kind`.
    flag_state
        ISO 3166 alpha-3 state of the MMSI's MID, empty if none.
    said
        When each field's value had last been said, for the fields that were said.
    first_seen, last_seen
        First and last report of any kind in the whole store; None where there is none.
    """

    mmsi: int
    time: pd.Timestamp
    name: str
    callsign: str
    imo: int
    imo_kind: str
    ship_type: int
    length_m: float
    beam_m: float
    draught_m: float
    destination: str
    ais_class: str
    flag_state: str
    stated: Mapping[str, pd.Timestamp]
    first_seen: pd.Timestamp | None
    last_seen: pd.Timestamp | None


def identity(
    mmsi: int, time: pd.Timestamp, statements: pd.DataFrame, seen: pd.DataFrame, flag_state: str
) -> Identity:
    """Return the identity at a time, from `sql/statements.sql` and `sql/seen.sql`."""
    known = until(statements, time)
    newest = (
        known.sort_values(["last_time", "number", "text"], kind="stable").groupby("field").tail(1)
    )
    values = dict(_UNSAID)
    for row in newest.to_dict("records"):
        values[row["field"]] = _value(row)
    stated = {str(f): t for f, t in zip(newest["field"], newest["last_time"], strict=True)}
    span = seen.iloc[0]
    return Identity(
        mmsi=mmsi,
        time=time,
        **values,
        imo_kind=str(imo_kind(values["imo"])),
        flag_state=flag_state,
        stated={f: stated[f] for f in FIELDS if f in stated},
        first_seen=_or_none(span["first_time"]),
        last_seen=_or_none(span["last_time"]),
    )


def until(statements: pd.DataFrame, time: pd.Timestamp) -> pd.DataFrame:
    """Return `sql/statements.sql` as far as it was said at a time.

    Whether a value was said again in the rest of its date, before that, isn't known; nor how often.
    """
    known = statements[statements["first_time"] <= time]
    return known.assign(last_time=known["last_time"].where(known["last_time"] <= time, time))


def history(statements: pd.DataFrame) -> pd.DataFrame:
    """Return `HISTORY` from `sql/statements.sql`, by field and time."""
    rank = statements["field"].map({name: k for k, name in enumerate(FIELDS)})
    ordered = statements.assign(rank=rank).sort_values(
        ["rank", "first_time", "last_time", "number", "text"], kind="stable"
    )
    content = ordered[["field", "number", "text"]]
    span = (content != content.shift()).any(axis=1).cumsum()
    joined = ordered.groupby(span.to_numpy(), as_index=False).agg(
        field=("field", "first"),
        number=("number", "first"),
        text=("text", "first"),
        first_time=("first_time", "min"),
        last_time=("last_time", "max"),
        reports=("reports", "sum"),
    )
    values = [_value(row) for row in joined.to_dict("records")]
    joined["value"] = pd.Series([_in_words(value) for value in values], dtype="str")
    kinds = imo_kind(joined["number"].where(joined["field"] == "imo", 0).astype("int64"))
    joined["note"] = pd.Series([IMO_NOTES[kind] for kind in kinds], dtype="str")
    return joined[list(HISTORY)].astype({name: c.dtype for name, c in HISTORY.items()})


def _value(row: Mapping[Any, Any]) -> Any:
    if STATICS[row["field"]].dtype == "str":
        return str(row["text"])
    return int(row["number"]) if row["field"] in _WHOLE else float(row["number"])


def _in_words(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _or_none(time: Any) -> pd.Timestamp | None:
    return None if pd.isna(time) else time

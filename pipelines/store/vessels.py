"""What a vessel called itself, and when.

Static data are stored summed per UTC date and content, with the first and last time of each, so
every answer names times at which the vessel did say so. Where it said two things on one date, as
two hulls under one MMSI do, both are shown with spans that overlap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from detectors.core import frames
from detectors.core.frames import STATICS, TIME, Column
from detectors.vessels.numbers import imo_kind

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
FIELDS: Final = tuple(_UNSAID)
"""What is told of a vessel, in the order in which it is shown."""
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
        First and last report of any kind up to that time; None where there is none.
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
    known = until(statements, time).to_dict("records")
    newest: dict[str, Mapping[Any, Any]] = {}
    for row in sorted(known, key=lambda one: (one["last_time"], one["number"], one["text"])):
        newest[row["field"]] = row
    values = {
        field: _value(newest[field]) if field in newest else _UNSAID[field] for field in FIELDS
    }
    span = seen.iloc[0]
    return Identity(
        mmsi=mmsi,
        time=time,
        **values,
        imo_kind=str(imo_kind(values["imo"])),
        flag_state=flag_state,
        stated={field: newest[field]["last_time"] for field in FIELDS if field in newest},
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
    # Row by row: there are a few hundred, and to group them as a frame takes ten times as long.
    rows = sorted(
        statements.to_dict("records"),
        key=lambda one: (
            FIELDS.index(one["field"]),
            one["first_time"],
            one["last_time"],
            one["number"],
            one["text"],
        ),
    )
    spans: list[list[Any]] = []
    before = None
    for row in rows:
        content = (row["field"], row["number"], row["text"])
        if content == before:
            spans[-1][3] = max(spans[-1][3], row["last_time"])
            spans[-1][4] += row["reports"]
            continue
        before, value = content, _value(row)
        kind = str(imo_kind(value)) if row["field"] == "imo" else ""
        told = [row["first_time"], row["last_time"], row["reports"], IMO_NOTES[kind]]
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        spans.append([row["field"], shown, *told])
    return frames.conform(pd.DataFrame(spans, columns=list(HISTORY)), HISTORY)


def _value(row: Mapping[Any, Any]) -> Any:
    if STATICS[row["field"]].dtype == "str":
        return str(row["text"])
    return int(row["number"]) if row["field"] in _WHOLE else float(row["number"])


def _or_none(time: Any) -> pd.Timestamp | None:
    return None if pd.isna(time) else time

"""What each vessel said last of itself, feed by feed: as `sql/vessels` tells it of all at once."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Ints
from detectors.core.frames import is_last


class _Field(NamedTuple):
    """The type of a field, what stands where nothing was said of it, and what says something."""

    kind: str
    nothing: Any
    says: Callable[[NDArray[Any]], Bools]


_NUMBER: Final = _Field("int64", 0, lambda at: at > 0)
_TYPE: Final = _Field("int16", -1, lambda at: at >= 0)
_SIZE: Final = _Field("float64", np.nan, lambda at: ~np.isnan(at))
_TEXT: Final = _Field("object", "", lambda at: at.astype(bool))
_FIELDS: Final[Mapping[str, _Field]] = {
    "imo": _NUMBER,
    "name": _TEXT,
    "callsign": _TEXT,
    "ship_type": _TYPE,
    **dict.fromkeys(("length_m", "beam_m", "draught_m"), _SIZE),
    "destination": _TEXT,
    "ais_class": _TEXT,
}


class Last(NamedTuple):
    """What vessels said last of one field, and when; by MMSI, each once."""

    mmsi: Ints
    time_us: Ints
    value: NDArray[Any]


class Said(NamedTuple):
    """What is known of vessels: who said anything at all, and by field what each said last."""

    mmsi: Ints
    fields: Mapping[str, Last]

    @classmethod
    def nothing(cls) -> "Said":
        """Return what is known before anybody says anything."""
        none = np.zeros(0, "int64")
        fields = {n: Last(none, none, np.zeros(0, f.kind)) for n, f in _FIELDS.items()}
        return cls(none, fields)

    def added(self, said: Mapping[str, Any]) -> "Said":
        """Return what is known with what was said besides.

        Of every field the newest value that says something; equal times are settled by the value.

        `said`: `mmsi`, all fields, and when each was said (`{field}_time`, or `time`): in
        microseconds since 1970-01-01 UTC. What is masked wasn't said.
        """
        mmsi = np.ma.getdata(said["mmsi"])
        fields = {}
        for name, field in _FIELDS.items():
            own = np.flatnonzero(~np.ma.getmaskarray(said[name]))
            value = np.ma.getdata(said[name])[own].astype(field.kind)
            says = field.says(value)
            own, value = own[says], value[says]
            time_us = np.ma.getdata(said.get(f"{name}_time", said.get("time")))
            came = Last(mmsi[own], time_us[own], value)
            fields[name] = _newest(*map(np.concatenate, zip(self.fields[name], came, strict=True)))
        return Said(np.union1d(self.mmsi, mmsi), fields)

    def frame(self) -> pd.DataFrame:
        """Return it in the form of the statement `vessels`."""
        columns: dict[str, Any] = {"mmsi": self.mmsi}
        for name, field in _FIELDS.items():
            last = self.fields[name]
            values = np.full(len(self.mmsi), field.nothing, field.kind)
            values[np.searchsorted(self.mmsi, last.mmsi)] = last.value
            columns[name] = pd.array(values, dtype="str") if field is _TEXT else values
        return pd.DataFrame(columns)


def _newest(mmsi: Ints, time_us: Ints, value: NDArray[Any]) -> Last:
    """Return the newest of each vessel; of those of one time the largest."""
    order = np.lexsort((time_us, mmsi))
    same = (np.diff(mmsi[order]) == 0) & (np.diff(time_us[order]) == 0)
    if (same & (value[order][1:] != value[order][:-1])).any():
        order = np.lexsort((np.unique(value, return_inverse=True)[1], time_us, mmsi))
    last = order[is_last(mmsi[order])]
    return Last(mmsi[last], time_us[last], value[last])

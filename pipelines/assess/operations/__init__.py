"""Operations: a period and an area with a name, and what was different before, during and after.

An operation is added once and kept; what is said of it is worked out anew from the store each time.
"""

import re
from typing import Any, Final

import pandas as pd
import shapely

from detectors.core.errors import SelatError
from pipelines.base.schemas import OPERATIONS, row_of

NAME_LIMIT: Final = 80
_NAME: Final = re.compile(r"\w[\w .,'()/-]*")


class OperationError(SelatError):
    """An operation can't be added, or there is none of that name."""

    exit_code = 2


def make(
    name: str,
    start: pd.Timestamp,
    end: pd.Timestamp,
    area: str,
    outline: shapely.Geometry,
    *,
    note: str,
    author: str,
    made_time: pd.Timestamp,
) -> pd.DataFrame:
    """Make a row of `OPERATIONS`.

    Raises OperationError if the name is empty, too long or holds other than letters, digits, blanks
    and .,'()/-; if it ends before it begins; if the area is empty.
    """
    name = name.strip()
    if not _NAME.fullmatch(name) or len(name) > NAME_LIMIT:
        raise OperationError(
            f"{name[:NAME_LIMIT]!r} is no name for an operation",
            hint=f"letters, digits, blanks and .,'()/- ; at most {NAME_LIMIT}",
        )
    if end <= start:
        raise OperationError(
            "the operation ends before it begins, or as it does",
            hint="--since comes first; a date is its first moment, so a day lasts until the next",
        )
    if shapely.is_empty(outline) or shapely.area(outline) <= 0:
        raise OperationError("the operation's area is empty", hint="W,S,E,N or a zone's id")
    wkt = shapely.to_wkt(outline, rounding_precision=8)
    row: dict[str, Any] = {
        "name": name,
        "start": start,
        "end": end,
        "area": area,
        "outline": wkt,
        "note": note.strip(),
        "author": author.strip(),
        "made_time": made_time,
    }
    return row_of(OPERATIONS, row)


def find(operations: pd.DataFrame, name: str) -> pd.Series:
    """Find the operation of that name, whatever its case.

    Raises OperationError if there is none.
    """
    same = operations[operations["name"].str.casefold() == name.strip().casefold()]
    if same.empty:
        known = ", ".join(operations["name"]) or "none yet"
        raise OperationError(f"no operation is called {name!r}", hint=f"known: {known}")
    row: pd.Series = same.iloc[0]
    return row

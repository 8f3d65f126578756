"""Quotes in tables that lack their partner, and so take the rows behind them for their field's."""

import csv
from collections.abc import Iterable
from itertools import islice
from typing import Final

UNCLOSED: Final = "a quote isn't closed"

_MAX_LINES: Final = 1000
"""Of a field that are looked at: no remark has as many."""


def holds_rows(fields: Iterable[str], width: int, delimiter: str) -> bool:
    r"""Tell whether a field goes on with what reads as a row of the table, of so many fields.

    A remark of several lines doesn't, however it is written.

    >>> holds_rows(["1", "KASIH\n2,SERI"], 2, ","), holds_rows(["1", "seen at\ndusk"], 2, ",")
    (True, False)
    """
    lines = (line for field in fields for line in islice(field.splitlines(), 1, _MAX_LINES))
    try:
        return any(len(next(csv.reader([one], delimiter=delimiter), [])) == width for one in lines)
    except csv.Error:
        return True

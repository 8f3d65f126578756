"""In which form a column's times are written, by the first of them."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from pipelines.ingest.report import escaped


class UndecidedError(Exception):
    """A column can be read in two ways, or in none; the text says which column and why."""


class TypedTime:
    """Stands for a column of timestamps, which have no form."""


_SHARE: Final = 0.9
# 1995 to 2099 in seconds since 1970: nothing was received before.
_EPOCH_S: Final = (788_918_400, 4_102_444_800)
_EPOCHS: Final = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}
_NUMBER: Final = re.compile(r"^\d+(?:\.\d*)?(?:[eE]\+?\d+)?$")
_ISO: Final = re.compile(r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}|^\d{8}T\d{4}")
# Python's logging writes a comma before milliseconds.
_COMMA: Final = re.compile(r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2},\d+$")
_ZONED: Final = re.compile(
    r"(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}|:\d{2}(?:\.\d+)?[+-]\d{2})$", re.IGNORECASE
)
_WORD_ZONE: Final = re.compile(r"^(\d{4}-\d{2}-\d{2})([T ])\d{2}:\d{2}:\d{2}(?:\.\d+)? ?(UTC|GMT)$")
_GO: Final = re.compile(r" [+-]\d{4} \S+$")
_PARTS: Final = re.compile(
    r"^(\d{1,2})([/.-])(\d{1,2})\2(\d{4})([ T,]+)\d{1,2}:\d{2}(:\d{2}(?:\.\d+)?)?( ?[AP]M)?$",
    re.IGNORECASE,
)
_OTHERS: Final = (
    ("%Y%m%d%H%M%S",),
    ("%Y%m%d_%H%M%S",),
    ("%Y%m%d %H%M%S",),
    ("%Y%m%d %H:%M:%S",),
    ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M:%S.%f"),
    ("%Y/%m/%d %H:%M",),
    ("%d-%b-%Y %H:%M:%S", "%d-%b-%Y %H:%M:%S.%f"),
    ("%d %b %Y %H:%M:%S", "%d %b %Y %H:%M:%S UTC"),
    ("%d-%b-%Y %H:%M",),
    ("%d %b %Y %H:%M",),
    ("%d %b %Y %I:%M %p", "%d %b %Y %I:%M:%S %p"),
    ("%d-%b-%Y %I:%M %p", "%d-%b-%Y %I:%M:%S %p"),
)


def time_forms(
    column: str, cells: Sequence[str] | type[TypedTime], *, day_first: bool = False
) -> tuple[tuple[str, ...], bool]:
    """Return the forms (of `Layout.time_format`) of a column's times, and whether they say a zone.

    No forms: they aren't times. `day_first`: so it is where the cells don't show it.

    Raises UndecidedError if day and month can't be told apart.
    """
    if isinstance(cells, type):
        return ("iso8601",), True
    if not cells:
        return (), False

    def mostly(holds: Iterable[object]) -> bool:
        return sum(map(bool, holds)) >= _SHARE * len(cells)

    if mostly(map(_NUMBER.match, cells)):
        forms = _epoch(column, cells)
        return forms, bool(forms and forms[0] in _EPOCHS)
    if mostly(worded := [*filter(None, map(_WORD_ZONE.match, cells))]):
        return _worded(worded), True
    if mostly(map(_GO.search, cells)):
        return ("go",), True
    if mostly(map(_COMMA.match, cells)):
        return ("%Y-%m-%d %H:%M:%S,%f",), False
    zoned = mostly(map(_ZONED.search, cells))
    if mostly(map(_ISO.match, cells)):
        return ("iso8601",), zoned
    if mostly(parts := [*filter(None, map(_PARTS.match, cells))]):
        return _day_or_month_first(column, parts, day_first=day_first), False
    for forms in _OTHERS:
        if mostly(any(_fits(cell, form) for form in forms) for cell in cells):
            return forms, zoned
    return (), False


_ENDS: Final = ((" ", "UTC"), (" ", "GMT"), ("", "UTC"))


def _worded(found: Sequence[re.Match[str]]) -> tuple[str, ...]:
    clocks = (f"%Y-%m-%d{m[2]}%H:%M:%S{fraction}" for m in found for fraction in ("", ".%f"))
    return tuple(dict.fromkeys(f"{c}{gap}{z}" for c in clocks for gap, z in _ENDS))


# What is later than 2033 as seconds, and a date of today without seconds, is such a date.
_DATES: Final = ("%y%m%d%H%M", "%Y%m%d%H")
_DATE_FROM: Final = 2_000_000_000


def _epoch(column: str, cells: Sequence[str]) -> tuple[str, ...]:
    needed = _SHARE * len(cells)
    for form in _DATES:
        dates = (cell for cell in cells if len(cell) == 10 and _fits(cell, form))
        if sum(int(cell) >= _DATE_FROM for cell in dates) >= needed:
            raise UndecidedError(
                f"its column {column!r} holds dates or seconds since 1970: {escaped(cells[0])!r} "
                "(say its time_format)"
            )
    if sum(_fits(cell, "%Y%m%d%H%M%S") for cell in cells) >= needed and len(cells[0]) == 14:
        return ("%Y%m%d%H%M%S",)
    numbers = [float(cell) for cell in cells if _NUMBER.match(cell)]
    low, high = _EPOCH_S
    for form, per_s in _EPOCHS.items():
        if sum(low <= number / per_s <= high for number in numbers) >= needed:
            return (form,)
    return ()


def _day_or_month_first(
    column: str, parts: Sequence[re.Match[str]], *, day_first: bool
) -> tuple[str, ...]:
    between, gap = parts[0][2], parts[0][5]
    # A date that there is in one order only tells it; one that there is in none is damaged.
    orders = {
        order: [_fits(f"{p[1]} {p[3]} {p[4]}", f"{order} %Y") for p in parts]
        for order in ("%d %m", "%m %d")
    }
    shows_day, shows_month = (
        any(own and not other for own, other in zip(*pair, strict=True))
        for pair in (orders.values(), reversed(orders.values()))
    )
    if shows_day and shows_month:
        raise UndecidedError(f"its column {column!r} has days and months in either order")
    if not (shows_day or shows_month or day_first or between == "."):
        raise UndecidedError(
            f"its column {column!r} doesn't show whether day or month comes first: "
            f"{escaped(parts[0][0])!r} (say its time_format)"
        )
    day = f"%m{between}%d" if shows_month else f"%d{between}%m"
    if any(p[7] for p in parts):
        clocks = [f"%I:%M:%S{s}%p" for s in ("", " ")] + [f"%I:%M{s}%p" for s in ("", " ")]
    else:
        clocks = ["%H:%M:%S", "%H:%M", "%H:%M:%S.%f"]
    return tuple(f"{day}{between}%Y{gap}{clock}" for clock in clocks)


def _fits(cell: str, form: str) -> bool:
    try:
        datetime.strptime(cell, form)  # noqa: DTZ007 - only whether it can be read
    except ValueError:
        return False
    return True

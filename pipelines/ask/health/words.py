"""Rates, times and sizes in few words."""

from collections.abc import Callable
from datetime import datetime

from pipelines.base.text import LOCAL, age, day_and_hour


def per_hour(rate: float | None) -> str:
    """Return a rate, three digits.

    >>> per_hour(12345.6), per_hour(None)
    ('12,346', '–')
    """
    return "–" if rate is None else f"{rate:,.0f}"


def day(time: datetime | None, say: Callable[[str], str] = str) -> str:
    """Write a time for a person, in Malaysia; `say` as for `text.day_of`.

    >>> from datetime import UTC
    >>> day(datetime(2026, 11, 24, 18, tzinfo=UTC))
    '25 Nov 02:00 MYT'
    """
    return "never" if time is None else f"{day_and_hour(time.astimezone(LOCAL), say)} MYT"


def gaps(n: int, longest_s: float, h: str = "h", d: str = "d") -> str:
    """Say how often next to nothing was heard, in the 24 hours that are told of; `h` and `d` as for
    `age`.

    >>> gaps(0, 0), gaps(1, 4200), gaps(3, 9000)
    ('no gap', 'one gap, of 70 min', '3 gaps, the longest 2.5 h')
    """
    if n < 2:
        return f"one gap, of {age(longest_s, h, d)}" if n else "no gap"
    return f"{n} gaps, the longest {age(longest_s, h, d)}"


def size(number: float) -> str:
    """Bytes.

    >>> size(4.99e6), size(2.1e12)
    ('5.0 MB', '2,100.0 GB')
    """
    return f"{number / 1e9:,.1f} GB" if number >= 1e9 else f"{number / 1e6:,.1f} MB"

"""Numbers and names that identify a ship: whether one can be right, how alike two are."""

import hashlib
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.core.mids import MIDS

_WEIGHTS = (7, 6, 5, 4, 3, 2)


def imo_is_valid(imo: ArrayLike) -> NDArray[np.bool_]:
    """Tell whether IMO ship identification numbers have seven digits and the right check digit.

    The last digit is the last one of the sum of the first six, multiplied by 7, 6, 5, 4, 3 and 2:
    IMO resolution A.1117(30), IMO Ship Identification Number Scheme, annex. 0 (none reported) isn't
    valid, nor is a number of fewer or more digits: message 5 of ITU-R M.1371-5 (annex 8, 3.3)
    leaves those below 1000000 unused, and those above 9999999 to flag states for official numbers
    of their own.

    A valid number may still be another ship's.

    >>> imo_is_valid([9074729, 9074728, 0, 10000000])
    array([ True, False, False, False])
    """
    number = np.asarray(imo, "int64")
    digits = number[..., None] // 10 ** np.arange(6, 0, -1) % 10
    check = (digits * np.asarray(_WEIGHTS)).sum(axis=-1) % 10
    seven = (number >= 1_000_000) & (number <= 9_999_999)
    return np.asarray(seven & (check == number % 10))


def imo_kind(imo: ArrayLike) -> NDArray[np.object_]:
    """Return what reported IMO numbers are: "imo", "official" (a flag state's), "invalid", or "" if
    0.

    Numbers from 10000000 on are official numbers of the flag state: ITU-R M.1371-5, annex 8, 3.3.
    """
    number = np.asarray(imo, "int64")
    return np.select(
        [number == 0, imo_is_valid(number), (number >= 10_000_000) & (number < 1 << 30)],
        ["", "imo", "official"],
        "invalid",
    ).astype(object)


NUMBERED: Final = (900_000_000, 969_999_999)
"""Numbers that stand for a feed's own ids: of those that begin with 9, Recommendation ITU-R M.585-9
gives out 970, 972, 974, 98 and 99 alone, so that no station has one of these."""

SHIP, OTHER_STATION, BAD_MID, BAD_FORM = "ship", "other", "bad_mid", "bad_form"
OWN_ID: Final = "own_id"

_PREFIXED: Final = (
    # (lowest, highest, divisor that leaves the MID as the last three digits)
    (2_000_000, 7_999_999, 10_000),  # 00MIDxxxx, coast station
    (111_200_000, 111_799_999, 1_000),  # 111MIDxxx, search and rescue aircraft
    (820_000_000, 879_999_999, 100_000),  # 8MIDxxxxx, handheld VHF
    (982_000_000, 987_999_999, 10_000),  # 98MIDxxxx, craft associated with a parent ship
    (992_000_000, 997_999_999, 10_000),  # 99MIDxxxx, aid to navigation
)
_DEVICES: Final = (970, 972, 974)
"""AIS-SART, man overboard and EPIRB: 97Xxxxxxx carries no MID."""


def mmsi_kind(mmsi: ArrayLike) -> NDArray[np.object_]:
    """Return what an MMSI is by its format: "ship", "other" (any other station), "bad_mid",
    "bad_form", or "own_id" if it stands for an id of the feed's own (`NUMBERED`).

    Formats and prefixes: Recommendation ITU-R M.585-9, annexes 1 and 2. "bad_mid" has the format
    of a ship's with digits that no administration has; "bad_form" has no format that a station
    sends: a group (0MIDxxxxx) is called and calls nobody.

    >>> mmsi_kind([563072390, 992351000, 299000001, 100000000]).tolist()
    ['ship', 'other', 'bad_mid', 'bad_form']
    """
    number = np.asarray(mmsi, "int64")
    known = np.zeros(1_000, bool)
    known[list(MIDS)] = True
    ship = (number >= 200_000_000) & (number <= 799_999_999)
    other = np.isin(number // 1_000_000, _DEVICES)
    for low, high, divisor in _PREFIXED:
        other |= (number >= low) & (number <= high) & known[number // divisor % 1_000]
    valid = known[np.where(ship, number // 1_000_000, 0)]
    own = (number >= NUMBERED[0]) & (number <= NUMBERED[1])
    kinds = np.select(
        [ship & valid, ship, other, own], [SHIP, BAD_MID, OTHER_STATION, OWN_ID], BAD_FORM
    )
    return kinds.astype(object)


def number_of(feed: str, text: str) -> int:
    """Return the number of a vessel that a feed doesn't call by its MMSI, within `NUMBERED`.

    The same for the same id of the same kind of feed at any time; two ids share one by chance only
    (one pair in 70 million), which whoever numbers them must look for.

    >>> number_of("aegean", "1") == number_of("aegean", "1") != number_of("aegean", "2")
    True
    """
    digest = hashlib.blake2b(f"{feed}\0{text}".encode(), digest_size=8).digest()
    low, high = NUMBERED
    return low + int.from_bytes(digest) % (high - low + 1)


def is_default_number(number: int) -> bool:
    """Tell whether an MMSI or IMO number is one that sets are delivered with or that fingers make.

    1193046 is 0x123456, the number many class B sets are delivered with; others repeat one digit,
    count up or down, or end in five or more zeros. An MMSI ends in six or more: a state gives its
    ships numbers of three digits with three zeros after them (ITU-R M.585-9, annex 1), and 40 of
    12,158 in five feeds end in five, ships of up to 366 m.

    >>> [is_default_number(n) for n in (1193046, 123456789, 999999999, 1234567, 563072390)]
    [True, True, True, True, False]
    >>> [is_default_number(n) for n in (525000000, 355800000, 9300000)]
    [True, False, True]
    """
    text = str(number)
    steps = {int(b) - int(a) for a, b in pairwise(text)}
    unset = text.endswith("0" * (6 if number >= 100_000_000 else 5))
    return number == 1_193_046 or steps <= {0} or steps in ({1}, {-1}) or unset


_CONFUSABLE: Final = str.maketrans("01258", "OIZSB")


def plain(text: str) -> str:
    """Letters and digits of a name or call sign, capital: spacing and punctuation don't count.

    >>> plain("M.V. Ocean-Star  ")
    'MVOCEANSTAR'
    """
    return "".join(c for c in text.upper() if c.isalnum())


def digits(text: str) -> str:
    """Return the digits of a text."""
    return "".join(c for c in text if c.isdigit())


def lookalike(text: str) -> str:
    """`plain` with digits that look like letters replaced by them: 0 O, 1 I, 2 Z, 5 S, 8 B.

    >>> lookalike("0CEAN 5TAR")
    'OCEANSTAR'
    """
    return plain(text).translate(_CONFUSABLE)


def edits(a: str, b: str, most: int) -> int:
    """Edits (insert, delete, replace, swap neighbours) between two texts; `most` + 1 if more.

    The restricted Damerau-Levenshtein distance: Boytsov (2011), Indexing methods for approximate
    dictionary searching, ACM JEA 16, doi:10.1145/1963190.1963191.

    >>> edits("OCEAN", "OCAEN", 2), edits("OCEAN", "TIMUR", 2)
    (1, 3)
    """
    if abs(len(a) - len(b)) > most:
        return most + 1
    before, row = list[int](), list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, last, row = row, before, [i]
        for j, y in enumerate(b, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                best = min(best, last[j - 2] + 1)
            row.append(best)
        if min(row) > most and (not before or min(before) > most):
            return most + 1
    return min(row[-1], most + 1)

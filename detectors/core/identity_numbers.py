"""Numbers that identify a ship, and whether one can be right."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

_WEIGHTS = (7, 6, 5, 4, 3, 2)


def imo_is_valid(imo: ArrayLike) -> NDArray[np.bool_]:
    """Whether IMO ship identification numbers have seven digits and the right check digit.

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
    """What reported IMO numbers are: "imo", "official" (a flag state's), "invalid", or "" if 0.

    Numbers from 10000000 on are official numbers of the flag state: ITU-R M.1371-5, annex 8, 3.3.
    """
    number = np.asarray(imo, "int64")
    return np.select(
        [number == 0, imo_is_valid(number), (number >= 10_000_000) & (number < 1 << 30)],
        ["", "imo", "official"],
        "invalid",
    ).astype(object)

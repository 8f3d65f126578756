"""Code tables in words: flag states, ship types, navigation statuses."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipelines.base.settings import REFERENCE
from pipelines.reference.tables import read_table, stamp


def load_mid(reference_dir: Path) -> pd.DataFrame:
    """Return maritime identification digits (ITU): mid, iso2, iso3, name; all text."""
    return read_table(reference_dir / "codes" / "mid.csv")


def flag_states(mmsi: ArrayLike) -> NDArray[np.object_]:
    """Return ISO 3166 alpha-3 code of the administration in each MMSI, empty where there is none.

    The digits stand first in a ship's MMSI, and after a prefix in those of coast stations (00),
    groups (0), aircraft (111), handhelds (8), aids to navigation (99) and craft of a parent ship
    (98): Recommendation ITU-R M.585-9.
    """
    table = load_mid(REFERENCE)
    number = np.asarray(mmsi, "int64")
    mid = np.full(number.shape, -1, np.int64)
    for low, high, divisor in (
        (2_000_000, 7_999_999, 10_000),  # 00MIDxxxx
        (20_000_000, 79_999_999, 100_000),  # 0MIDxxxxx
        (111_200_000, 111_799_999, 1_000),  # 111MIDxxx
        (200_000_000, 799_999_999, 1_000_000),  # MIDxxxxxx
        (820_000_000, 879_999_999, 100_000),  # 8MIDxxxxx
        (982_000_000, 987_999_999, 10_000),  # 98MIDxxxx
        (992_000_000, 997_999_999, 10_000),  # 99MIDxxxx
    ):
        here = (number >= low) & (number <= high)
        mid[here] = number[here] // divisor % 1_000
    states = np.full(1_000, "", dtype=object)
    states[table["mid"].astype(int).to_numpy()] = table["iso3"].to_numpy(dtype=object)
    return np.where(mid >= 0, states[mid], "").astype(object)


def ship_type_words(codes: ArrayLike) -> NDArray[np.object_]:
    """Return AIS ship type codes in words (ITU-R M.1371-5, table 53), empty where not reported."""
    return _words("ship_types.csv", 256, codes)


def nav_status_words(codes: ArrayLike) -> NDArray[np.object_]:
    """Return navigation status codes in words (ITU-R M.1371-5, table 45), empty for 15 and
    unknown.
    """
    return _words("nav_status.csv", 15, codes)


def _words(table: str, n: int, codes: ArrayLike) -> NDArray[np.object_]:
    """Return the words of codes below `n` in a table, empty for others."""
    path = REFERENCE / "codes" / table
    words = _by_code(path, stamp(path))
    code = np.asarray(codes, "int64")
    return np.where((code >= 0) & (code < n), words[code % n], "").astype(object)


@lru_cache(maxsize=4)
def _by_code(path: Path, _: tuple[int, int]) -> NDArray[np.object_]:
    """Return the words of each code from 0 to 255, not to be written to: a page asks hundreds of
    times.
    """
    said = read_table(path)
    words = np.full(256, "", dtype=object)
    words[said["code"].astype(int).to_numpy()] = said["words"].to_numpy(dtype=object)
    words.flags.writeable = False
    return words

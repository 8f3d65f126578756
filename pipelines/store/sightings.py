"""Sightings on their way into the store: those that are there already, and names that are taken."""

import hashlib

import pandas as pd

from detectors.core import frames


def named_apart(fresh: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """The sightings that aren't held, each with a name of its own.

    A partner's corrected file repeats most of the one before: what is the same to the last column
    is left out. Two sources may both number their sightings from 1: a name that is taken gets six
    digits of the hash of what was sighted.

    Parameters
    ----------
    fresh, held
        `frames.SIGHTINGS`.
    """
    known = set(_rows(held))
    taken = set(held["sighting_id"])
    keep, names = [], []
    for i, row in enumerate(_rows(fresh)):
        if row in known:
            continue
        known.add(row)
        name = row[0]
        if name in taken:
            digest = hashlib.blake2b("|".join(row).encode(), digest_size=3).hexdigest()
            name = f"{name}~{digest}"
            if name in taken:
                continue  # the same row, renamed when it came first
        taken.add(name)
        keep.append(i)
        names.append(name)
    kept = fresh.iloc[keep].reset_index(drop=True)
    return frames.conform(kept.assign(sighting_id=pd.Series(names, dtype="str")), frames.SIGHTINGS)


def _rows(sightings: pd.DataFrame) -> list[tuple[str, ...]]:
    columns = [[str(value) for value in sightings[name]] for name in frames.SIGHTINGS]
    return list(zip(*columns, strict=True))

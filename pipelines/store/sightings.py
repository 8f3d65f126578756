"""Sightings on their way into the store: those that are there already, and names that are taken."""

import hashlib
import json
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from detectors.core import frames
from pipelines.store.catalogue import StoreError


class Added(NamedTuple):
    """Sightings of a file as the store takes them in."""

    fresh: pd.DataFrame
    """`frames.SIGHTINGS` that weren't held."""
    renamed: dict[str, str]
    """The name in the file, by the name that a sighting got instead."""
    repeats: dict[str, str]
    """The name of a sighting that was held, by the name in the file."""


def with_unique_names(fresh: pd.DataFrame, held: pd.DataFrame) -> Added:
    """Return the sightings that aren't held, each with a name of its own.

    A partner's corrected file repeats most of the one before: what is the same to the last column
    is left out. Two sources may both number their sightings from 1: a name that is taken gets six
    digits of the hash of what was sighted.
    """
    known = set(_rows(held))
    taken = set(held["sighting_id"])
    keep, names = [], []
    renamed, repeats = dict[str, str](), dict[str, str]()
    for i, row in enumerate(_rows(fresh)):
        if row in known:
            repeats[row[0]] = row[0]
            continue
        known.add(row)
        name = row[0]
        if name in taken:
            digest = hashlib.blake2b("|".join(row).encode(), digest_size=3).hexdigest()
            name = f"{name}~{digest}"
            if name in taken:  # the same row, renamed when it came first
                repeats[row[0]] = name
                continue
            renamed[name] = row[0]
        taken.add(name)
        keep.append(i)
        names.append(name)
    kept = fresh.iloc[keep].reset_index(drop=True)
    kept = kept.assign(sighting_id=pd.Series(names, dtype="str"))
    return Added(frames.conform(kept, frames.SIGHTINGS), renamed, repeats)


def as_in_file(file: Mapping[Hashable, Any], held: pd.DataFrame) -> pd.DataFrame:
    """Return the sightings of a file as it has them, whatever was in the store before it.

    `file` is a row of the table `sighting_files`, `held` the table `sightings`.

    Raises StoreError if the store no longer has them all.
    """
    report = json.loads(str(file["report"]))
    own = held[held["file_key"] == file["file_key"]]
    names = report.get("renamed", {})
    parts = [own.assign(sighting_id=[names.get(one, one) for one in own["sighting_id"]])]
    by_name = held.drop_duplicates("sighting_id").set_index("sighting_id", drop=False)
    for name, other in report.get("repeats", {}).items():
        if other in by_name.index:
            parts.append(by_name.loc[[other]].assign(sighting_id=name))
    whole = pd.concat(parts, ignore_index=True)
    if len(whole) < int(report["sightings"]):
        raise StoreError(
            f"the store lacks sightings of {file['name']} that another file brought first",
            hint="selat sightings delete its key, and import it again",
        )
    ordered = whole.sort_values(["time", "sighting_id"], kind="stable", ignore_index=True)
    return frames.conform(ordered[list(frames.SIGHTINGS)], frames.SIGHTINGS)


def _rows(sightings: pd.DataFrame) -> list[tuple[str, ...]]:
    columns = [[str(value) for value in sightings[name]] for name in frames.SIGHTINGS]
    return list(zip(*columns, strict=True))

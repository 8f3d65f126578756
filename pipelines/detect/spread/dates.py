"""Stage 1: tracks and coverage of every date, as `detect.days.refresh` works them out."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from detectors.core import frames
from detectors.kinematics import hull_limits, tracks
from detectors.surroundings import coverage
from pipelines.detect.days import digest_of_state, input_digest, learn_date, segment_date
from pipelines.detect.days import stale as stale_dates
from pipelines.detect.spread.engines import Engine, Pending
from pipelines.detect.spread.work import Place, digest, read, reader, write
from pipelines.store import Queries, Writer
from pipelines.store.arrow import to_frame

_COVERAGE: Final = {
    "cells": coverage.CELLS,
    "feed": coverage.FEED,
    "receivers": coverage.RECEIVERS,
    "lying": coverage.LYING,
}


@dataclass(frozen=True)
class Date:
    """A UTC date to be segmented.

    Attributes
    ----------
    paths
        Files of the date and of the one before; see `Queries.day_files`.
    content_before, content
        What these hold.
    previous
        The date whose open hulls the store knows that it begins with; empty where there is none,
        or where the task for the date before hands them over.
    """

    place: Place
    date: str
    paths: tuple[str, ...]
    content_before: str
    content: str
    previous: str


@dataclass(frozen=True)
class TrackIndex:
    """Where the tracks of each date are.

    Attributes
    ----------
    first
        Midnight of the first date that has been segmented; tracks before it come from the store.
    dates
        Each date with the name of its result.
    """

    first: pd.Timestamp
    dates: tuple[tuple[str, str], ...]

    def until(self, end: pd.Timestamp) -> "TrackIndex":
        """Return the same without the dates after a time."""
        last = f"{end:%Y-%m-%d}"
        return TrackIndex(self.first, tuple(d for d in self.dates if d[0] <= last))


def segment(task: Date, before: str | None) -> str:
    """Leave tracks, noise, summary, open hulls and counts of a date; return the result's name.

    `before` is the result for the date before, where it was asked for.
    """
    place = task.place
    with reader(place) as store:
        if before is not None:
            state = read(place.folder("tracks", before) / "state.parquet", hull_limits.STATE)
        else:
            state = store.day_state(task.previous) if task.previous else tracks.no_state()
        key = digest(
            place.fingerprint,
            task.date,
            task.content_before,
            task.content,
            digest_of_state(state),
        )
        if not place.folder("tracks", key).exists():
            found, counts = segment_date(store, task.date, list(task.paths), state)
            with place.make("tracks", key) as unfinished:
                write(found.tracked, unfinished / "tracked.parquet")
                write(found.noise, unfinished / "noise.parquet")
                write(found.state, unfinished / "state.parquet")
                write(tracks.summarise(found.tracked), unfinished / "summary.parquet")
                (unfinished / "counts.json").write_text(json.dumps(counts), encoding="utf-8")
    return key


def learn_coverage(place: Place, date: str, paths: tuple[str, ...], segmented: str) -> str:
    """Leave the coverage of a date, from its files and tracks; return the result's name."""
    key = digest(place.fingerprint, segmented)
    if not place.folder("coverage", key).exists():
        tracked = read(
            place.folder("tracks", segmented) / "tracked.parquet", dict(coverage.REPORTS)
        )
        with reader(place) as store:
            learned = learn_date(store, date, list(paths), tracked)
        with place.make("coverage", key) as unfinished:
            for name in _COVERAGE:
                write(getattr(learned, name), unfinished / f"{name}.parquet")
    return key


def work_out(
    store: Writer,
    engine: Engine,
    place: Place,
    *,
    first: pd.Timestamp,
    last: pd.Timestamp,
    progress: Callable[[float, float], None],
) -> TrackIndex:
    """Bring every date of the store in line with its files, and lay out the tracks of a span.

    What was worked out is published, so that workers see it.

    Parameters
    ----------
    first, last
        The span whose tracks are wanted.
    progress
        Called with (dates done, dates in all).
    """
    days = store.day_files().to_dict("records")
    out_of_line = stale_dates(store)
    stale = [day["date"] for day in days].index(out_of_line[0]) if out_of_line else len(days)
    wanted = [
        i for i, d in enumerate(days) if f"{first:%Y-%m-%d}" <= d["date"] <= f"{last:%Y-%m-%d}"
    ]
    begin = min([stale, *wanted])
    end = len(days) if stale < len(days) else max(wanted, default=-1) + 1
    segmented: dict[int, Pending] = {}
    learned: dict[int, Pending] = {}
    for i in range(begin, end):
        # Only the tasks know in which state a date ended that isn't worked out in the store.
        handed = segmented[i - 1] if i > stale else None
        before = days[i - 1] if i else {"date": "", "paths": "", "content": ""}
        task = Date(
            place,
            days[i]["date"],
            tuple(f"{before['paths']} {days[i]['paths']}".split()),
            before["content"],
            days[i]["content"],
            before["date"] if i <= stale else "",
        )
        segmented[i] = engine.submit(segment, task, handed)
        if i >= stale:
            paths = tuple(days[i]["paths"].split())
            learned[i] = engine.submit(learn_coverage, place, task.date, paths, segmented[i])
        if segmented[i].done():
            progress(i + 1 - begin, end - begin)
    state_digest = str(days[stale - 1]["state"]) if 0 < stale <= len(days) else ""
    keys: dict[int, str] = {}
    for i in range(begin, end):
        keys[i] = _result(engine, segmented[i])
        if i >= stale:
            folder = place.folder("tracks", keys[i])
            state = read(folder / "state.parquet", hull_limits.STATE)
            content = days[i - 1]["content"] if i else "", days[i]["content"]
            digests = input_digest(*content, state_digest), digest_of_state(state)
            store.set_day(
                days[i]["date"],
                digests=digests,
                counts=json.loads((folder / "counts.json").read_text(encoding="utf-8")),
                state=state,
                summary=read(folder / "summary.parquet", tracks.SUMMARY),
                coverage=_coverage(place.folder("coverage", _result(engine, learned[i]))),
            )
            state_digest = digests[1]
        progress(i + 1 - begin, end - begin)
    if stale < len(days):
        store.publish()
    return TrackIndex(first.floor("D"), tuple((days[i]["date"], keys[i]) for i in wanted))


def _coverage(folder: Any) -> coverage.Coverage:
    """Return the coverage that `learn_coverage` left."""
    return coverage.Coverage(
        **{name: read(folder / f"{name}.parquet", schema) for name, schema in _COVERAGE.items()}
    )


def _result(engine: Engine, pending: Pending) -> Any:
    while not pending.done():
        engine.wait([pending])
    return pending.result()


def load_tracks(
    store: Queries,
    place: Place,
    index: TrackIndex,
    need: pd.DataFrame,
    end: pd.Timestamp,
    columns: Sequence[str] = tuple(frames.TRACKED),
) -> tracks.Segmented:
    """Load the same as `Queries.segmented`, from the work folder as far as it reaches.

    Only some columns of the tracks may be asked for; state and counts are left empty.
    """
    schema = {name: frames.TRACKED[name] for name in columns}
    older = need[need["from_time"] < index.first]
    before = store.segmented(older, min(end, index.first - pd.Timedelta(microseconds=1)))
    tracked, noise = [frames.select(before.tracked, schema)], [before.noise]
    for date, key in index.dates:
        tracked.append(_rows(place, key, date, "tracked", schema, need, end))
        noise.append(_rows(place, key, date, "noise", frames.NOISE, need, end))
    whole = pd.concat(tracked, ignore_index=True)
    order = np.lexsort((frames.epoch_us(whole["time"]), whole["track_id"].to_numpy()))
    by = ["mmsi", "time", "source", "source_offset"]
    astray = pd.concat(noise).sort_values(by, kind="stable", ignore_index=True)
    return tracks.Segmented(
        whole.take(order).reset_index(drop=True),
        frames.conform(astray, frames.NOISE),
        tracks.no_state(),
        {},
    )


def _rows(
    place: Place,
    key: str,
    date: str,
    name: str,
    schema: Mapping[str, frames.Column],
    need: pd.DataFrame,
    end: pd.Timestamp,
) -> pd.DataFrame:
    """Read the rows of a date of the vessels that are wanted from then on."""
    midnight = pd.Timestamp(date, tz="UTC")
    mmsis = need.loc[need["from_time"] <= midnight, "mmsi"].to_numpy()
    if len(mmsis) == 0:
        return frames.empty(schema)
    wanted = pc.field("mmsi").isin(mmsis)
    if end < midnight + pd.Timedelta(days=1):
        wanted &= pc.field("time") <= end
    path = place.folder("tracks", key) / f"{name}.parquet"
    table = pq.read_table(path, columns=list(schema), filters=wanted)
    return frames.conform(to_frame(table), schema)

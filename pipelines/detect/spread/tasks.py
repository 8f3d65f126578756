"""What workers do: pure functions of the published store and the work folder, but for their result.

A task returns the name of its result and little else, so that the engine carries no data.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import detectors as catalogue
from detectors.core import events, frames, run
from detectors.core.detector import Context, Detector, RestsOn
from detectors.kinematics import hull_limits, tiles, tracks, whereabouts
from detectors.kinematics.tiles import Tile
from detectors.surroundings import coverage
from detectors.surroundings.zones import Zones
from pipelines.base.settings import REFERENCE, Installation, StoreSettings
from pipelines.detect.days import digest_of_state, learn_date, segment_date
from pipelines.detect.spread.work import Place, digest, digest_of, read, write
from pipelines.detect.window import context_of, heard_by_vessel, in_words
from pipelines.reference import layers as reference
from pipelines.reference import models
from pipelines.store import Queries
from pipelines.store import read as read_store
from pipelines.store.arrow import to_frame

_HEARD: Final = "heard.by.vessel"
_COUNTS: Final = ("reports", "duplicates", "rejected_jumps")
_COVERAGE: Final = {"cells": coverage.CELLS, "feed": coverage.FEED, "receivers": coverage.RECEIVERS}


@dataclass(frozen=True)
class Segment:
    """Tracks of a part of the vessels on a UTC date.

    Attributes
    ----------
    date, paths, content_before, content
        The date, files of it and of the one before, and what these hold; see `Queries.day_files`.
    previous
        The date whose open hulls the store knows that it begins with; empty where there is none,
        or where the task for the date before hands them over.
    mmsis
        Vessels from the first MMSI on, below the second.
    """

    place: Place
    date: str
    paths: tuple[str, ...]
    content_before: str
    content: str
    previous: str
    mmsis: tuple[int, int]


@dataclass(frozen=True)
class Segmented:
    """What `segment` returns: the name of its result, and counts as in `days.segment_date`."""

    key: str
    counts: dict[str, int]


def segment(task: Segment, before: Segmented | None) -> Segmented:
    """Tracks, noise, summary and open hulls of a date, as `days.refresh` has them.

    `before` is what this function gave for the same vessels on the date before, if it was asked.
    """
    place = task.place
    installation = place.installation()
    with read_store(installation.store, _one_thread(installation)) as store:
        state = _state(store, task, before)
        key = digest(
            place.fingerprint,
            task.date,
            task.mmsis,
            task.content_before,
            task.content,
            digest_of_state(state),
        )
        folder = place.folder("tracks", key)
        if not folder.exists():
            found, counts = segment_date(store, task.date, list(task.paths), state, task.mmsis)
            with place.make("tracks", key) as unfinished:
                write(found.tracked, unfinished / "tracked.parquet")
                write(found.noise, unfinished / "noise.parquet")
                write(found.state, unfinished / "state.parquet")
                write(tracks.summarise(found.tracked), unfinished / "summary.parquet")
                (unfinished / "counts.json").write_text(json.dumps(counts), encoding="utf-8")
    return Segmented(key, json.loads((folder / "counts.json").read_text(encoding="utf-8")))


def _one_thread(installation: Installation) -> StoreSettings:
    """Settings for a reader that is one of many on its machine."""
    return installation.settings.store.model_copy(update={"threads": 1})


def _state(store: Queries, task: Segment, before: Segmented | None) -> pd.DataFrame:
    if before is not None:
        return state_of(task.place, [before])
    if not task.previous:
        return tracks.no_state()
    state, (low, high) = store.day_state(task.previous), task.mmsis
    return state[(state["mmsi"] >= low) & (state["mmsi"] < high)].reset_index(drop=True)


def state_of(place: Place, parts: Sequence[Segmented]) -> pd.DataFrame:
    """`hull_limits.STATE` at the end of a date from its parts, in the order of their MMSIs."""
    found = [
        read(place.folder("tracks", p.key) / "state.parquet", dict(hull_limits.STATE))
        for p in parts
    ]
    return pd.concat(found, ignore_index=True)


def summary_of(place: Place, parts: Sequence[Segmented]) -> pd.DataFrame:
    """`tracks.SUMMARY` of a date from its parts, in the order of their MMSIs."""
    found = [
        read(place.folder("tracks", p.key) / "summary.parquet", dict(tracks.SUMMARY)) for p in parts
    ]
    return pd.concat(found, ignore_index=True)


def counts_of(parts: Sequence[Segmented]) -> dict[str, int]:
    """The counts of a date from its parts."""
    return {name: sum(part.counts[name] for part in parts) for name in _COUNTS}


def learn_coverage(place: Place, date: str, paths: tuple[str, ...], parts: list[Segmented]) -> str:
    """Coverage of a date from its files and the tracks of all parts; returns the result's name."""
    installation = place.installation()
    key = digest(place.fingerprint, *(part.key for part in parts))
    if not place.folder("coverage", key).exists():
        found = [
            read(place.folder("tracks", p.key) / "tracked.parquet", dict(coverage.REPORTS))
            for p in parts
        ]
        tracked = pd.concat(found, ignore_index=True)
        with read_store(installation.store, _one_thread(installation)) as store:
            learned = learn_date(store, date, list(paths), tracked)
        with place.make("coverage", key) as unfinished:
            for name in _COVERAGE:
                write(getattr(learned, name), unfinished / f"{name}.parquet")
    return key


def coverage_of(place: Place, key: str) -> coverage.Coverage:
    """The coverage that `learn_coverage` left."""
    folder = place.folder("coverage", key)
    return coverage.Coverage(
        **{name: read(folder / f"{name}.parquet", schema) for name, schema in _COVERAGE.items()}
    )


@dataclass(frozen=True)
class TrackIndex:
    """Where the tracks of each date are.

    Attributes
    ----------
    first
        Midnight of the first date that has been segmented; tracks before it come from the store.
    dates
        Date and results of `segment` in the order of their MMSIs.
    """

    first: pd.Timestamp
    dates: tuple[tuple[str, tuple[str, ...]], ...]

    def between(self, since: pd.Timestamp, end: pd.Timestamp) -> "TrackIndex":
        """Only the dates of a span."""
        first, last = f"{since:%Y-%m-%d}", f"{end:%Y-%m-%d}"
        return TrackIndex(self.first, tuple(d for d in self.dates if first <= d[0] <= last))


@dataclass(frozen=True)
class Look:
    """Some detectors on some vessels over a window.

    Attributes
    ----------
    inputs
        Digest of all feeds and sightings in the store.
    detectors
        Names of those that are run; `all_detectors` of all that take part anywhere.
    start, end
        The window; nothing after `end` is known.
    until
        Last moment of what is looked at; what is known after it only tells how it ended.
    need
        Vessels and from when on they are loaded; see `Queries.need`.
    index
        The tracks of the span.
    owners
        Vessels (MMSIs) whose events are wanted, where it isn't those of all.
    """

    place: Place
    inputs: str
    detectors: tuple[str, ...]
    all_detectors: tuple[str, ...]
    start: pd.Timestamp
    end: pd.Timestamp
    until: pd.Timestamp
    need: pd.DataFrame
    index: TrackIndex
    owners: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Looked:
    """What a look returns.

    Attributes
    ----------
    key
        Name of its result: `run.Found.before` of each detector that succeeded, and how much was
        heard of each vessel.
    detectors
        Those that were run.
    failures
        Error and traceback of those that failed.
    tiles
        Of `look_apart`: where something asks or answers.
    """

    key: str
    detectors: tuple[str, ...]
    failures: dict[str, tuple[str, str]]
    tiles: tuple[Tile, ...] = ()


def look(task: Look, given: list[Looked]) -> Looked:
    """Run detectors on all vessels that matter to them.

    `given` is what such functions gave for detectors whose events these read.
    """
    return _looked(task, given, None)


def look_in_company(task: Look) -> Looked:
    """Run detectors on some vessels and all their company; see `Detector.find`."""
    return _looked(task, [], lambda detector, *seen: detector.find(*seen))


def look_apart(task: Look, tile_deg: float) -> Looked:
    """Run detectors on a part of the vessels by itself; see `Detector.apart`.

    Leaves what is asked and answered too, and for detectors that rest on others' events the
    vessels that are `involved`.
    """
    asking: dict[str, pd.DataFrame] = {}

    def apart(detector: Detector, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        if detector.rests_on == RestsOn.OWN:
            return detector.detect(positions, context)
        if detector.rests_on == RestsOn.COMPANY:
            found = detector.apart(positions, context)
            for side, told in (("asks", found.asks), ("answers", found.answers)):
                asking.update(
                    {f"{detector.name}.{side}.{name}": frame for name, frame in told.items()}
                )
            return found.events
        involved = detector.involved(positions, context)
        asking[f"{detector.name}.involved"] = pd.DataFrame({"mmsi": involved}, dtype="int64")
        return events.empty()

    return _looked(task, [], apart, lambda: asking, tile_deg)


def _looked(
    task: Look,
    given: list[Looked],
    how: run.How | None,
    beside: Callable[[], Mapping[str, pd.DataFrame]] = dict,
    tile_deg: float = 0.0,
) -> Looked:
    """Do a look, unless it has been done; `beside` are further frames to leave."""
    place = task.place
    installation = place.installation()
    key = digest(
        place.fingerprint,
        task.inputs,
        task.detectors,
        task.all_detectors,
        task.start,
        task.end,
        task.until,
        digest_of(task.need),
        task.index,
        task.owners,
        tile_deg,
        *(one.key for one in given),
    )
    folder = place.folder("looks", key)
    if not folder.exists():
        everyone, zones, fitted = _rules(place)
        wanted = {d.name: d for d in everyone if d.name in task.all_detectors}
        failures: dict[str, tuple[str, str]] = {}

        def failed(name: str, error: Exception) -> None:
            failures[name] = in_words(error)

        with read_store(installation.store, _one_thread(installation)) as store:
            asked = [wanted[name] for name in task.detectors]
            segmented = load_tracks(
                store, place, task.index, task.need, task.end, columns_for(asked)
            )
            context = context_of(store, segmented, task.need, task.start, task.end, zones, fitted)
        found = run.run(
            asked,
            segmented.tracked,
            context,
            among=list(wanted.values()),
            given=before_of(place, given),
            how=how,
            failed=failed,
        )
        left = {**beside(), _HEARD: heard_by_vessel(segmented.tracked, task.start, task.until)}
        occupied = tiles.occupied([f for f in left.values() if "lat" in f], tile_deg or 90.0)
        with place.make("looks", key) as unfinished:
            for name, one in found.items():
                write(_owned(one.before, task.owners), unfinished / f"{name}.parquet")
            for name, frame in left.items():
                write(frame, unfinished / f"{name}.parquet")
            noted = {"failures": failures, "tiles": occupied}
            (unfinished / "noted.json").write_text(json.dumps(noted), encoding="utf-8")
    noted = json.loads((folder / "noted.json").read_text(encoding="utf-8"))
    return Looked(
        key,
        task.detectors,
        {name: tuple(text) for name, text in noted["failures"].items()},
        tuple(Tile(*one) for one in noted["tiles"]),
    )


def _owned(found: pd.DataFrame, owners: tuple[int, ...] | None) -> pd.DataFrame:
    return found if owners is None else found[found["mmsi"].isin(owners)].reset_index(drop=True)


@dataclass(frozen=True)
class Ask:
    """Who is whose company, as some detectors see it, in one tile.

    Without a tile: by what vessels said of themselves, of the vessels in `need` up to `end`.
    """

    place: Place
    inputs: str
    detectors: tuple[str, ...]
    tile: Tile | None
    need: pd.DataFrame
    end: pd.Timestamp


def find_company(task: Ask, apart: list[Looked]) -> str:
    """`whereabouts.PAIRS` of each detector; returns the result's name.

    `apart` is what `look_apart` gave for all vessels.
    """
    place = task.place
    installation = place.installation()
    key = digest(
        place.fingerprint,
        task.inputs,
        task.detectors,
        task.tile,
        task.end,
        *([digest_of(task.need)] if task.tile is None else []),
        *(one.key for one in apart),
    )
    if place.folder("company", key).exists():
        return key
    wanted = [d for d in _rules(place)[0] if d.name in task.detectors]
    if task.tile is None:
        with read_store(installation.store, _one_thread(installation)) as store:
            said = store.statements(task.need, task.end)
        found = {d.name: d.related(said) for d in wanted}
    else:
        found = {d.name: _company_in(place, task.tile, d, apart) for d in wanted}
    with place.make("company", key) as unfinished:
        for name, company in found.items():
            write(company, unfinished / f"{name}.parquet")
    return key


def _company_in(place: Place, tile: Tile, detector: Detector, apart: list[Looked]) -> pd.DataFrame:
    def told(side: str) -> dict[str, pd.DataFrame]:
        halo_m = detector.halo_m if side == "answers" else None
        frames_of: dict[str, list[pd.DataFrame]] = {}
        for one in apart:
            for path in sorted(place.folder("looks", one.key).glob(f"{detector.name}.{side}.*")):
                name = path.name.split(".")[2]
                frames_of.setdefault(name, []).append(_in_tile(path, tile, halo_m))
        return {name: pd.concat(some, ignore_index=True) for name, some in frames_of.items()}

    return detector.company(told("asks"), told("answers"))


def _in_tile(path: Path, tile: Tile, halo_m: float | None) -> pd.DataFrame:
    """Rows in a tile, or in the tile with so much around it."""
    bounds = tile.bounds(halo_m or 0.0)
    between = (pc.field("lat") >= bounds.south) & (pc.field("lat") < bounds.north)
    frame = to_frame(pq.read_table(path, filters=between))
    return tile.own(frame) if halo_m is None else tile.around(frame, halo_m)


def company_of(place: Place, key: str, name: str) -> pd.DataFrame:
    """The company that `find_company` left for a detector."""
    return read(place.folder("company", key) / f"{name}.parquet", dict(whereabouts.PAIRS))


def heard_in(place: Place, looks: Sequence[Looked]) -> pd.DataFrame:
    """`heard_by_vessel` of what looks at different vessels loaded."""
    found = [pq.read_table(place.folder("looks", one.key) / f"{_HEARD}.parquet") for one in looks]
    return to_frame(pa.concat_tables(found))


def keep(place: Place, found: Mapping[str, pd.DataFrame]) -> Looked:
    """Leave what was found, put together from several looks, as the result of one."""
    key = digest(place.fingerprint, *(f"{name} {digest_of(f)}" for name, f in found.items()))
    if not place.folder("looks", key).exists():
        with place.make("looks", key) as unfinished:
            for name, frame in found.items():
                write(frame, unfinished / f"{name}.parquet")
    return Looked(key, tuple(found), {})


def involved_of(place: Place, apart: Sequence[Looked], name: str) -> set[int]:
    """Vessels that are `Detector.involved`, from looks at all parts."""
    paths = [place.folder("looks", one.key) / f"{name}.involved.parquet" for one in apart]
    return {m for path in paths for m in pq.read_table(path)["mmsi"].to_pylist()}


@lru_cache(maxsize=1)
def _rules(place: Place) -> tuple[list[Detector], Zones, dict[str, Any]]:
    """Detectors, zones and fitted models, which take longer to load than many a task."""
    installation = place.installation()
    zones = reference.load_zones(installation.config / "zones", REFERENCE, installation.learned)
    return catalogue.build(installation.detectors), zones, models.load(installation.learned)


def before_of(place: Place, looks: Sequence[Looked]) -> dict[str, pd.DataFrame]:
    """`run.Found.before` by detector from looks at parts of the vessels.

    A detector that failed in one part has failed.
    """
    failed = {name for one in looks for name in one.failures}
    names = dict.fromkeys(name for one in looks for name in one.detectors if name not in failed)
    return {
        name: events.concat(
            [
                read(place.folder("looks", one.key) / f"{name}.parquet", dict(events.EVENTS))
                for one in looks
                if name in one.detectors
            ]
        )
        for name in names
    }


def columns_for(some: Sequence[Detector]) -> tuple[str, ...]:
    """Columns of `frames.TRACKED` that detectors read, and that say who was where and when."""
    needed = {"mmsi", "time", "track_id"}.union(*(d.requires for d in some))
    return tuple(name for name in frames.TRACKED if name in needed)


def load_tracks(
    store: Queries,
    place: Place,
    index: TrackIndex,
    need: pd.DataFrame,
    end: pd.Timestamp,
    columns: Sequence[str] = tuple(frames.TRACKED),
) -> tracks.Segmented:
    """The same as `Queries.segmented`, from the work folder as far as it reaches.

    Only some columns of the tracks may be asked for; state and counts are left empty.
    """
    schema = {name: frames.TRACKED[name] for name in columns}
    older = need[need["from_time"] < index.first]
    cut = min(end, index.first - pd.Timedelta(microseconds=1))
    before = store.segmented(older, cut)
    parts = list(zip(*(keys for _, keys in index.dates), strict=True)) if index.dates else []
    dates = [date for date, _ in index.dates]
    tracked = [frames.select(before.tracked, schema)]
    noise = [before.noise]
    for keys in parts:
        held = list(zip(dates, keys, strict=True))
        tracked.append(
            _by_track([_rows(place, k, d, "tracked", schema, need, end) for d, k in held])
        )
        noise += [_rows(place, k, d, "noise", frames.NOISE, need, end) for d, k in held]
    order = ["mmsi", "time", "source", "source_offset"]
    astray = pd.concat(noise).sort_values(order, kind="stable", ignore_index=True)
    return tracks.Segmented(
        _by_track(tracked), frames.conform(astray, frames.NOISE), tracks.no_state(), {}
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
    """Rows of one part of a date of the vessels that are wanted from then on."""
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


def _by_track(some: list[pd.DataFrame]) -> pd.DataFrame:
    """`frames.TRACKED` from several, in the order of track and time."""
    whole = pd.concat(some, ignore_index=True)
    order = np.lexsort((frames.epoch_us(whole["time"]), whole["track_id"].to_numpy()))
    if np.all(np.diff(order) > 0):
        return whole
    return whole.take(order).reset_index(drop=True)

"""Make an exercise: a feed of real AIVDM sentences, and the truth about it."""

import gzip
import itertools
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.errors import ConfigError
from detectors.surroundings.zones import Zones
from pipelines.exercise import faults
from pipelines.exercise.breakdowns import why_unheard
from pipelines.exercise.broadcast import Broadcast
from pipelines.exercise.decidable import Ear
from pipelines.exercise.programme import SORTS, staged
from pipelines.exercise.scenarios import sightings
from pipelines.exercise.stage import HOUR_S, Stage
from pipelines.exercise.truth import (
    ExerciseError,
    FaultyReport,
    Planted,
    Truth,
    in_order,
    write_faulty,
    write_sightings,
)

MIN_VESSELS: Final = 20
OUT_OF_RANGE_S: Final = HOUR_S
"""A ship that is sending but not heard for that long becomes a trap of kind gap."""
KINDS: Final = (*SORTS, sightings.KIND)
"""All that can be planted."""
_SLICE_S: Final = 6 * HOUR_S


def simulate(
    out: Path,
    *,
    seed: int,
    hours: float,
    vessels: int,
    start: datetime,
    zones: Zones,
    kinds: Collection[str] | None = None,
    innocent: bool = False,
    satellite: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Truth:
    """Write `feed.nmea.gz`, `sightings.csv`, `truth.json` and `faulty_reports.csv` into
    `out`; the same arguments give the same bytes.

    Planted are ship-to-ship transfers, loiterers, switched-off transmitters and the `scenarios`,
    and for each the innocent things that resemble it (traps). Kinds that don't fit into a short
    exercise (a loiterer needs more than 3 h) are left out. `vessels` is the number of ships at sea;
    a few (some 2 %) never come into the range of a receiver.

    Parameters
    ----------
    out
        Folder, made where it is missing.
    seed, hours, vessels, start
        Which exercise; at least 1 h and `MIN_VESSELS`; `start` with a time zone.
    zones
        Land, anchorages and ports of the Strait.
    kinds
        What is planted: some of `KINDS`; all of them if None.
    innocent
        Plant nothing, so that whatever is flagged is flagged wrongly; the traps stay.
    satellite
        Hear all by satellite only, each ship every 10-60 min.
    progress
        Called with the share done, 0-1.

    Raises
    ------
    ConfigError
        If an argument is out of range.
    ExerciseError
        If the zones leave no room for what is to happen.
    """
    _check(hours, vessels, start, zones, kinds or ())
    t0 = float(round(start.timestamp()))
    stage = staged(seed, t0, t0 + hours * HOUR_S, vessels, zones, kinds, innocent=innocent)
    if satellite:
        rng = np.random.default_rng([seed, 0])
        stage.receivers = stage.receivers.from_space_only(rng, stage.t0, stage.t1)
    wanted = not innocent and (kinds is None or sightings.KIND in kinds)
    seen = sightings.see(stage, vessels if wanted else 0)
    out.mkdir(parents=True, exist_ok=True)
    with (
        (out / "feed.nmea.gz").open("wb") as raw,
        # Without file name and time of day in its header the archive depends on the seed alone.
        gzip.GzipFile("", "wb", 5, raw, mtime=0) as feed,
    ):
        ear = Ear([e for e in in_order(stage.events) if e.suspicious], stage.actors)
        unheard, faulty = _transmit(stage, seed, feed, ear, progress or (lambda _: None))
    events = in_order([*stage.events, *unheard])
    truth = Truth(stage.t0, stage.t1, events, faults.told(stage, faulty), ear.heard())
    truth.write(out / "truth.json")
    write_faulty(out / "faulty_reports.csv", faulty)
    write_sightings(out / "sightings.csv", seen)
    return truth


def _check(
    hours: float,
    vessels: int,
    start: datetime,
    zones: Zones,
    kinds: Collection[str],
) -> None:
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise ConfigError(
            f"an exercise has no events of kind {', '.join(unknown)}",
            hint=f"there are {', '.join(KINDS)}",
        )
    if start.tzinfo is None:
        raise ConfigError("the start of an exercise needs a time zone", hint="e.g. …T00:00:00Z")
    if not 1 <= hours <= 24 * 366:
        raise ConfigError(f"an exercise of {hours:g} h can't be made", hint="1 h to 366 days")
    if not MIN_VESSELS <= vessels <= 20_000:
        raise ConfigError(
            f"an exercise with {vessels} vessels can't be made", hint=f"{MIN_VESSELS} to 20000"
        )
    classes = set(zones.frame["zone_class"])
    if len(zones.land) == 0 or not {"anchorage", "port"} <= classes:
        raise ExerciseError(
            "an exercise needs land, anchorages and ports", hint="are config/zones and data there?"
        )


def _transmit(
    stage: Stage, seed: int, feed: gzip.GzipFile, ear: Ear, progress: Callable[[float], None]
) -> tuple[list[Planted], list[FaultyReport]]:
    """Write what the receivers hear; return the silences of ships that were out of range, and what
    is wrong.
    """
    broadcast = Broadcast(stage.actors, stage.receivers, stage.faults)
    last_heard = np.full(len(stage.actors), -np.inf)
    unheard: list[Planted] = []
    faulty: list[FaultyReport] = []
    edges = np.append(np.arange(stage.t0, stage.t1, _SLICE_S), stage.t1 + 1.0)
    for k, (start, end) in enumerate(itertools.pairwise(edges)):
        on_air = broadcast.slice(start, end, np.random.default_rng([seed, k]))
        feed.write(b"".join(on_air.lines))
        faulty += on_air.faulty
        ear.hear(on_air.heard_actor, on_air.heard_s)
        unheard += _unheard(stage, last_heard, on_air.heard_actor, on_air.heard_s)
        progress((k + 1) / (len(edges) - 1))
    feed.write(b"".join(broadcast.rest()))
    everyone = np.arange(len(stage.actors))
    unheard += _unheard(stage, last_heard, everyone, np.full(len(everyone), stage.t1))
    return unheard, faulty


def _unheard(
    stage: Stage, last_heard: NDArray[np.float64], actor: NDArray[np.int64], t: NDArray[np.float64]
) -> list[Planted]:
    """Silences that end at one of these times, of ships that were sending all along.

    `last_heard`, one time per actor, is brought up to date in place.
    """
    everyone = np.arange(len(last_heard))
    who, when = np.r_[everyone, actor], np.r_[last_heard, t]
    order = np.lexsort((when, who))
    who, when = who[order], when[order]
    # Before a ship is heard for the first time there is nothing that it could be missed from.
    known = np.isfinite(when[:-1]) & (np.diff(who) == 0)
    waited_s = np.where(known, when[1:] - np.where(known, when[:-1], 0.0), 0.0)
    long = np.flatnonzero(waited_s >= OUT_OF_RANGE_S)
    np.maximum.at(last_heard, actor, t)
    silent = []
    for k in long:
        one, start, end = stage.actors[who[k]], float(when[k]), float(when[k + 1])
        switched_off = any(off < end and start < on for off, on in one.silences)
        if switched_off:
            continue
        lat, lon = one.path.place(start)
        times, spot = (round(start, 1), round(end, 1)), (round(lon, 6), round(lat, 6))
        note = why_unheard(stage.receivers, one, start, end)
        silent.append(Planted("gap", one.ship.mmsi, 0, *times, *spot, False, note))
    return silent

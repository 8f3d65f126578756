"""A patrol plan for a finished run: from the store and config/patrol.yaml into the run's folder."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.errors import ConfigError
from detectors.core.frames import TRACKED, empty, epoch_us
from detectors.core.telling import told
from detectors.surroundings.tide import Tides
from detectors.surroundings.zones import Zones
from pipelines.assess import watchlists
from pipelines.assess.dispositions.outcomes import CLOSED, holding, standing
from pipelines.assess.incidents.plots import newest, way_of
from pipelines.base.settings import Installation
from pipelines.base.text import minute
from pipelines.patrol import units
from pipelines.patrol.model import Plan
from pipelines.patrol.motions import Boat
from pipelines.patrol.plan import Inputs, make
from pipelines.patrol.seamap import SeaMap
from pipelines.patrol.sectors import MIN_SCORE
from pipelines.publish import plan as files
from pipelines.publish.plan import words
from pipelines.publish.products import Planned
from pipelines.reference import layers as reference
from pipelines.reference import tides
from pipelines.run.setup import load_zones
from pipelines.run.windows import NoDataError, TimeError
from pipelines.store import Queries, read

MOST_AHEAD: Final = timedelta(days=7)
"""So long after a night's reports a plan may begin. A judgement: a day is too long for most."""
BEFORE: Final = timedelta(hours=2)
"""Of a vessel's way before it was last heard, as much as says how it moved."""


def plan_run(
    installation: Installation,
    run_id: str | None = None,
    start: pd.Timestamp | None = None,
    say: Callable[[str], None] = lambda _: None,
    *,
    use_solver: bool = True,
    iterations: int | None = None,
) -> Plan:
    """Plan patrols for the flags of a run.

    Parameters
    ----------
    run_id
        The run; None: the newest.
    start
        When the plan begins; None: where the run's window ends.
    iterations
        Of the solver, in place of the configured ones.

    Raises
    ------
    NoDataError
        If there is no such run.
    ConfigError
        If a unit may act in the sea of a state that the reference layer doesn't have.
    """
    config = units.of(installation.config, installation.reference)
    if iterations is not None:
        changed = config.planning.model_copy(update={"iterations": iterations})
        config = config.model_copy(update={"planning": changed})
    say("reading")
    with read(installation.store, installation.settings.store) as store:
        inputs = gather(store, installation, config, run_id, start)
    known = reference.states_with_seas(inputs.zones) if inputs.zones else set()
    if missing := sorted({state for unit in config.units for state in unit.seas} - known):
        raise ConfigError(
            f"patrol.yaml: the reference layer has no territorial sea of {missing[0]!r}",
            hint=f"it has those of {', '.join(sorted(known)) or 'no state'}",
        )
    say("sea map")
    sea = sea_map(installation.reference, config.planning.clearance_m)
    return make(inputs, config, sea, say, use_solver=use_solver)


@lru_cache(maxsize=1)
def sea_map(reference_dir: Path, clearance_m: float) -> SeaMap:
    """Water of the whole land layer; of several plans made one after another, only once."""
    land = reference.load_land(reference_dir).geometry.to_numpy()
    west, south, east, north = reference.load_reach(reference_dir).bounds
    return SeaMap(land, (west, south, east, north), clearance_m)


def gather(
    store: Queries,
    installation: Installation,
    config: units.PatrolConfig,
    run_id: str | None,
    start: pd.Timestamp | None,
) -> Inputs:
    """Return what a plan rests on, from the store."""
    run = store.last_run() if run_id is None else store.run(run_id)
    if run is None:
        what = "no finished run" if run_id is None else f"no run {run_id} in the store"
        raise NoDataError(what, hint="selat nightly --feed PATH; the runs are in HOME/runs")
    flagged, events = store.flags(run["run_id"]), store.events(run["run_id"])
    incidents = store.incidents(run["run_id"])
    begin = begun(run["end"], start)
    tracked = empty(TRACKED)
    if len(flagged):
        since = flagged["last_seen"].min() - BEFORE
        tracked = store.track_positions(flagged["mmsi"].tolist(), since, run["end"])
    first = begin - pd.Timedelta(days=config.planning.history_days)
    past = store.events_counted(first, begin, MIN_SCORE)
    lists = watchlists.load(installation.watchlists)
    # Where own vessels lay and met nobody else is to be sent for that.
    ours = watchlists.of_own(past, lists, installation.settings.assess.min_score)
    held = holding(store.dispositions(), store.heirs())
    return inputs_of(
        run["run_id"],
        bool(store.simulated),
        begin,
        flagged,
        _open(incidents, held),
        events,
        tracked,
        past[~ours].reset_index(drop=True),
        store.days_heard(first, begin),
        load_zones(installation),
        installation.reference,
        tides.load(installation.tides),
        concluded_of(flagged, incidents, held),
    )


def _open(incidents: pd.DataFrame, held: Mapping[str, Mapping[Any, Any]]) -> pd.DataFrame:
    """Return the incidents that no conclusions close; `held` as from `outcomes.holding`."""
    closed = [standing(one.split(";"), held) == CLOSED for one in incidents["events"].tolist()]
    return incidents[~np.array(closed, bool)]


def begun(end: pd.Timestamp, start: pd.Timestamp | None) -> pd.Timestamp:
    """Return when a plan begins, of a night that ended at `end`: then, unless told otherwise.

    Raises TimeError if that is so late that nobody knows where a vessel is by then: to follow each
    of them there would take for ever.
    """
    if start is None or start - end <= MOST_AHEAD:
        return end if start is None else start
    raise TimeError(
        f"the run's reports end {minute(end)}: where vessels are {minute(start)} can't be told",
        hint=f"begin within {MOST_AHEAD.days} days of that, or plan for a later run",
    )


def inputs_of(
    run_id: str,
    simulated: bool,
    begin: pd.Timestamp,
    flagged: pd.DataFrame,
    incidents: pd.DataFrame,
    events: pd.DataFrame,
    tracked: pd.DataFrame,
    past: pd.DataFrame,
    past_days: float,
    zones: Zones,
    reference_dir: Path,
    tide_table: Tides | None = None,
    concluded: Mapping[int, tuple[str, str]] | None = None,
) -> Inputs:
    """Return what a plan rests on (`Inputs`), from a run's flags and its events with `reason`.

    `concluded`: what whoever reads the plan may know of conclusions, by MMSI; see
    `patrol.plan.Inputs`.
    """
    strongest = flagged["event_ids"].str.split(";").str[0]
    # As each vessel's own reasons tell it: an event's is told from the side of one of the two.
    told_of = flagged["reasons"].str.split(" | ", regex=False).str[0]
    by_id = events.drop_duplicates("event_id").set_index("event_id")
    kinds, reasons = {}, {}
    for mmsi, event_id, reason in zip(flagged["mmsi"].tolist(), strongest, told_of, strict=True):
        if event_id in by_id.index:
            kinds[mmsi], reasons[mmsi] = str(by_id.loc[event_id, "kind"]), reason
    unheard = incidents[(incidents["mmsi"] == 0) & (incidents["rank"] > 0)]
    boats = tuple(boats_of(unheard, by_id))
    return Inputs(
        run_id,
        simulated,
        begin,
        flagged,
        kinds,
        reasons,
        frozenset(incidents["mmsi"].tolist()),
        concluded or {},
        tracked,
        past,
        past_days,
        reference.landing_points(reference_dir),
        zones,
        tide_table,
        boats,
        tuple(sorted(set(unheard["rank"].tolist()) - {boat.rank for boat in boats})),
    )


def boats_of(incidents: pd.DataFrame, events: pd.DataFrame) -> Iterator[Boat]:
    """Return the incidents, of what AIS doesn't show, whose way is known; `events` by id."""
    columns = (incidents[name].tolist() for name in ("rank", "incident_id", "score", "events"))
    for rank, incident, score, ids in zip(*columns, strict=True):
        mine = events.loc[[one for one in ids.split(";") if one in events.index]]
        rows = told(mine)
        last, way = newest(rows), way_of(rows)
        if last is None or way is None:
            continue
        time_us = int(epoch_us(mine["start"])[last])
        place = rows[last].lat, rows[last].lon
        reason = str(mine["reason"].iloc[last])
        yield Boat(int(rank), str(incident), float(score), reason, time_us, *place, *way[1:])


def concluded_of(
    flagged: pd.DataFrame, incidents: pd.DataFrame, held: Mapping[str, Mapping[Any, Any]]
) -> dict[int, tuple[str, str]]:
    """Return by MMSI what was concluded, and by whom, on every event of a vessel's incident.

    Only where that closes it (`outcomes.standing`): a unit sails for what is watched or unknown.
    `held` as from `outcomes.holding`.
    """
    of_incident = dict(zip(incidents["incident_id"], incidents["events"], strict=True))
    found = {}
    for mmsi, name, own in zip(
        flagged["mmsi"].tolist(), flagged["incident_id"], flagged["event_ids"], strict=True
    ):
        events = of_incident.get(name, own).split(";")
        if standing(events, held) == CLOSED:
            first = held[events[0]]
            found[int(mmsi)] = str(first["conclusion"]), str(first["author"])
    return found


def summary(planned: Planned) -> dict[str, Any]:
    """Return what the manifest of a pack says of the plan in it."""
    made = planned.plan
    return {
        "start": words.zulu(made.start_us),
        "end": words.zulu(made.end_us),
        "stale_after": words.zulu(made.stale_us),
        "sorties": sum(bool(one.stops) for one in made.sailed),
        "boardings": sum(s.target is not None for one in made.sailed for s in one.stops),
        "left_out": len(made.left_out),
        "depth_checked": False,
    }


def write(installation: Installation, plan: Plan, out: Path | None = None) -> list[Path]:
    """Write a plan's files into the run's folder, or another one; returns them.

    Raises NoDataError if the run's folder is gone and no other is named.
    """
    folder = out or installation.runs / plan.run_id
    if out is None and not folder.is_dir():
        raise NoDataError(f"the folder of run {plan.run_id} is gone", hint="--out FOLDER")
    folder.mkdir(parents=True, exist_ok=True)
    return files.write_all(Planned(plan), folder, load_zones(installation))

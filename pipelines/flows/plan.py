"""A patrol plan for a finished run: from the store and config/patrol.yaml into the run's folder."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import pandas as pd

from detectors.core.frames import TRACKED, empty
from pipelines import reference
from pipelines.export import plan as files
from pipelines.flows.runs import load_zones
from pipelines.flows.windows import NoDataError
from pipelines.patrol import units
from pipelines.patrol.plan import Inputs, Plan, make
from pipelines.patrol.seamap import SeaMap
from pipelines.settings import REFERENCE, Installation
from pipelines.store import Queries, read

BEFORE: Final = timedelta(hours=2)
"""Of a vessel's way before it was last heard, as much as says how it moved."""


def configuration(installation: Installation) -> units.PatrolConfig:
    """The patrol units and planning parameters of an installation."""
    marks = reference.load_landmarks(REFERENCE)
    ports = marks[marks["kind"] == "port"]
    return units.load(installation.config / "patrol.yaml", ports)


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
    """
    config = configuration(installation)
    if iterations is not None:
        changed = config.planning.model_copy(update={"iterations": iterations})
        config = config.model_copy(update={"planning": changed})
    say("reading")
    with read(installation.store, installation.settings.store) as store:
        inputs = gather(store, installation, config, run_id, start)
    say("sea map")
    sea = sea_map(config.planning.clearance_m)
    return make(inputs, config, sea, say, use_solver=use_solver)


def sea_map(clearance_m: float) -> SeaMap:
    """Water of the whole land layer."""
    land = reference.load_land(REFERENCE).geometry.to_numpy()
    west, south, east, north = reference.REACH.bounds
    return SeaMap(land, (west, south, east, north), clearance_m)


def gather(
    store: Queries,
    installation: Installation,
    config: units.PatrolConfig,
    run_id: str | None,
    start: pd.Timestamp | None,
) -> Inputs:
    """What a plan rests on, from the store."""
    run = store.last_run() if run_id is None else store.run(run_id)
    if run is None:
        what = "no finished run" if run_id is None else f"no run {run_id} in the store"
        raise NoDataError(what, hint="selat nightly --feed PATH; the runs are in HOME/runs")
    flagged, events = store.flags(run["run_id"]), store.events(run["run_id"])
    begin = run["end"] if start is None else start
    tracked = empty(TRACKED)
    if len(flagged):
        since = flagged["last_seen"].min() - BEFORE
        tracked = store.track_positions(flagged["mmsi"].tolist(), since, run["end"])
    strongest = flagged["event_ids"].str.split(";").str[0]
    by_id = events.drop_duplicates("event_id").set_index("event_id")
    facts: dict[str, dict[int, str]] = {"kind": {}, "reason": {}}
    for mmsi, event_id in zip(flagged["mmsi"], strongest, strict=True):
        if event_id in by_id.index:
            for name, known in facts.items():
                known[int(mmsi)] = str(by_id.loc[event_id, name])
    first = begin - pd.Timedelta(days=config.planning.history_days)
    return Inputs(
        run["run_id"], bool(store.simulated), begin, flagged, facts["kind"], facts["reason"],
        tracked, store.events_touching(first, begin), store.days_heard(first, begin),
        reference.landing_points(REFERENCE),
        load_zones(installation),
    )  # fmt: skip


def write(installation: Installation, plan: Plan, out: Path | None = None) -> list[Path]:
    """Write a plan's files into the run's folder, or another one; returns them.

    Raises
    ------
    NoDataError
        If the run's folder is gone and no other is named.
    """
    folder = out or installation.runs / plan.run_id
    if out is None and not folder.is_dir():
        raise NoDataError(f"the folder of run {plan.run_id} is gone", hint="--out FOLDER")
    folder.mkdir(parents=True, exist_ok=True)
    land = reference.load_land_display(REFERENCE).geometry.to_numpy()
    return files.write_all(plan, folder, land)

"""Copying the products of a finished run."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

import pandas as pd

from detectors.core import frames
from detectors.core.errors import SelatError
from pipelines.assess.dispositions import outcomes
from pipelines.base.files import unfinished
from pipelines.base.labels import labels
from pipelines.base.schemas import PARTS
from pipelines.base.settings import Installation
from pipelines.publish import brief, pdf
from pipelines.publish.products import DRAWN, Concluded, Products
from pipelines.run.changes import heard_since
from pipelines.run.runs import shown_vessels, ways_before
from pipelines.run.setup import load_zones
from pipelines.run.windows import NoDataError
from pipelines.run.zones_then import zones_then
from pipelines.store import Queries, exists, read

_BRIEFS: Final = {"brief.html": brief.write, "brief.pdf": pdf.write}


def export_run(installation: Installation, run_id: str | None, out: Path) -> list[Path]:
    """Copy the products of a finished run into a new folder, which appears whole.

    Its briefs are written anew where people concluded on its incidents, and tell what.

    Raises SelatError if the folder exists, or there is no such run.
    """
    if out.exists():
        raise SelatError(f"{out} exists already", hint="name a new folder")
    folder = installation.runs / run_id if run_id else installation.latest
    if not (folder / "manifest.json").exists():
        raise NoDataError(
            f"no run {run_id} in {installation.runs}" if run_id else "no finished run",
            hint="the runs are the folders in HOME/runs",
        )
    whole = folder.resolve()
    with unfinished(out, tidy=False) as made:
        for path in sorted(whole.rglob("*")):  # not `copytree`, which goes on where a disk is full
            to = made / path.relative_to(whole)
            if path.is_dir():
                to.mkdir()
            else:
                shutil.copy2(path, to)
        products = _products(installation, whole.name)
        for name, write in _BRIEFS.items():
            if products is not None and (made / name).exists():  # a look between nights has none
                write(products, made / name)
        made.rename(out)
    return sorted(out.iterdir())


def _products(installation: Installation, run_id: str) -> Products | None:
    """Return what the briefs of a finished run are made of, with what people concluded until now.

    None where nobody concluded on its incidents, or the store no longer holds all that it showed.
    """
    if not exists(installation.store, installation.settings.store):
        return None
    with read(installation.store, installation.settings.store) as store:
        run = store.run(run_id)
        if run is None or store.lost():
            return None
        incidents = store.incidents(run_id)
        concluded = _concluded(store, incidents)
        start, end = run["start"], run["end"]
        manifest = store.manifest(run_id)
        flagged, looked = store.flags(run_id), store.told_in(run_id)
        known = store.events_as_of(int(run["ordinal"]), ids=looked["event_id"])
        events = known.merge(looked, on="event_id")
        shown = sorted(shown_vessels(events, flagged))
        tracks = store.track_positions(shown, start, end, DRAWN)
        if not concluded.said or not set(flagged["mmsi"]) <= set(tracks["mmsi"]):
            return None
        zones, changed = zones_then(installation, load_zones(installation), manifest)
        return Products(
            run_id=run_id,
            start=start,
            end=end,
            simulated=bool(store.simulated),
            events=events,
            flagged=flagged,
            parts=frames.empty(PARTS),
            incidents=incidents,
            tracks=tracks,
            earlier=ways_before(store, incidents, start, end),
            vessels=store.vessels(end),
            zones=zones,
            manifest=manifest,
            heard_since=heard_since(store, events, int(run["ordinal"]), end),
            concluded=replace(concluded, areas_changed=changed),
        )


def _concluded(store: Queries, incidents: pd.DataFrame) -> Concluded:
    held = outcomes.holding(store.dispositions(), store.heirs())
    events = [str(joined).split(";") for joined in incidents["events"].tolist()]
    stands = [(own, outcomes.standing(own, held)) for own in events]
    said = zip(
        incidents["incident_id"].tolist(),
        outcomes.told(events, held, labels("en").at_desk),
        strict=True,
    )
    return Concluded(
        pd.Timestamp.now("UTC"),
        {str(one): text for one, text in said if text},
        frozenset(e for own, how in stands if how == outcomes.CLOSED for e in own),
        frozenset(
            e for own, how in stands if how in {outcomes.WATCHED, outcomes.OPEN} for e in own
        ),
        frozenset(e for own, how in stands if how == outcomes.WATCHED for e in own),
    )

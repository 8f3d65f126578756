"""A run as the store has it, vessels by number: what a notebook's night and `selat desk` show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from detectors.surroundings.zones import Zones
from pipelines import store
from pipelines.ask import explain, recall
from pipelines.ask.beside import beside
from pipelines.ask.desk.given import points
from pipelines.ask.desk.told import Told
from pipelines.base.settings import Installation
from pipelines.run.manifest import reference_hash
from pipelines.run.setup import load_zones
from pipelines.run.zones_then import zones_then


@dataclass(frozen=True, repr=False)
class Opened:
    """A run and what was known in it, as `night.Night` has it, but vessels are numbers."""

    run: dict[str, Any]
    flagged: gpd.GeoDataFrame
    events: gpd.GeoDataFrame
    moment: recall.Moment
    """See `night.Night`."""
    installation: Installation
    zones: Zones
    areas: Zones
    areas_changed: tuple[str, ...]
    """What its maps show, of a past run those that it had; and files of them that changed since."""

    @property
    def simulated(self) -> bool:
        """Tell whether it is an exercise."""
        return bool(self.run["manifest"]["simulated"])

    @property
    def of_other_waters(self) -> bool:
        """Tell whether the run rested on other reference layers than this configuration names."""
        then = self.run["manifest"].get("configuration", {}).get("reference", "")
        return bool(then) and then != reference_hash(self.installation)

    @property
    def incidents(self) -> gpd.GeoDataFrame:
        """Return `schemas.INCIDENTS` in rank order, as points."""
        with self.reader() as reader:
            return points(reader.incidents(self.run["run_id"]))

    def track(self, *mmsis: int) -> gpd.GeoDataFrame:
        """Return cleaned position reports of some vessels over the run's window, as points."""
        return self.reports(mmsis, self.run["start"], self.run["end"])

    def reports(
        self, mmsis: Sequence[int] | None, start: pd.Timestamp, end: pd.Timestamp
    ) -> gpd.GeoDataFrame:
        """Return cleaned position reports between two times, as points; of everyone where None."""
        with self.reader() as reader:
            wanted = reader.heard(start, end) if mmsis is None else mmsis
            return points(reader.track_positions([int(one) for one in wanted], start, end))

    def explain(self, event_id: str | int, feeds: tuple[str, ...] = ()) -> Told:
        """Gather all that an event rests on; see `night.Night.explain`."""
        with self.reader() as reader:
            text = f"{event_id:09d}" if isinstance(event_id, int) else event_id  # an MMSI
            found = explain.matching(reader, text, self.moment)
            if len(found) != 1:
                raise explain.EventNotFoundError(
                    f"{len(found) or 'no'} events are called {text!r}",
                    hint="; ".join(
                        f"{row.event_id} {row.kind}" for row in found.head(5).itertuples()
                    )
                    or self._hint(text),
                )
            [row] = found.to_dict("records")
            event = {str(name): value for name, value in row.items()}
            told = explain.gather(reader, self.installation, event, self.moment, feeds)
        return Told(told, self.zones)

    def event(self, event_id: str) -> pd.Series:
        """Return the one event of the run whose id begins so; raises EventNotFoundError."""
        found = self.events[self.events["event_id"].str.startswith(event_id)]
        if len(found) != 1:
            raise explain.EventNotFoundError(
                f"{len(found) or 'no'} events of run {self.run['run_id']} are called {event_id!r}",
                hint=self._hint(event_id),
            )
        row: pd.Series = found.iloc[0]
        return row

    def _hint(self, text: str) -> str:
        """Say what to ask for instead of what no one event is called."""
        told = self.incidents
        mine = told.loc[told["incident_id"].str.startswith(text), "events"].tolist()
        if len(mine) == 1:
            return f"that is an incident; its events: {mine[0].replace(';', ', ')}"
        return "ids are in night.events; the beginning of one will do"

    def reader(self) -> Any:
        """Open the store's newest snapshot."""
        return store.read(self.installation.store, self.installation.settings.store)


def opened(installation: Installation, as_of: str | None) -> Opened:
    """Open a finished run of an installation, and of no other; see `night.night`."""
    with store.read(installation.store, installation.settings.store) as reader:
        then = recall.moment(reader, as_of)
        runs = reader.runs()
        [run] = runs[runs["run_id"] == then.run_id].to_dict("records")
        manifest = reader.manifest(then.run_id)
        flagged = reader.flags(then.run_id)
        looked = reader.told_in(then.run_id)
        told = reader.events_as_of(then.ordinal, ids=looked["event_id"])
    events = told.merge(looked, on="event_id")
    more = beside(
        installation,
        flagged["score"].tolist(),
        flagged["event_ids"].tolist(),
        simulated=bool(manifest["simulated"]),
        known=None if then.now else then.time,
    )
    flagged = flagged.assign(concluded=pd.Series(more.concluded, flagged.index, dtype="str"))
    if more.model is not None:
        flagged = flagged.assign(probability=more.probability)
    zones = load_zones(installation)
    areas = (zones, ()) if then.now else zones_then(installation, zones, manifest)
    return Opened(
        {**{str(name): value for name, value in run.items()}, "manifest": manifest},
        points(flagged),
        points(events),
        then,
        installation,
        zones,
        *areas,
    )

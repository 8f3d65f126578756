"""The analyst's desk: what a notebook imports.

Reads published snapshots only, so a notebook may be open while a run is writing.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import pandas as pd

from detectors.core.errors import SelatError
from detectors.core.zones import Zones
from pipelines import reference, store
from pipelines.export.text import clean
from pipelines.settings import REFERENCE, Installation, load

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARGIN_DEG: Final = 0.05
MAX_DRAWN_SILENCE: Final = pd.Timedelta(minutes=30)
"""Over a longer silence a track is drawn dotted."""


@dataclass(frozen=True)
class Night:
    """One run as its readers see it.

    Attributes
    ----------
    run
        run_id, start, end, state, and the manifest.
    flagged
        `products.FLAGGED`.
    events
        Every event of the run with its status and reason, as points in EPSG:4326.
    """

    run: dict[str, Any]
    flagged: pd.DataFrame
    events: gpd.GeoDataFrame
    installation: Installation
    zones: Zones

    def events_of(self, mmsi: int) -> gpd.GeoDataFrame:
        """The events that a vessel takes part in, strongest first."""
        mine = (self.events["mmsi"] == mmsi) | (self.events["other_mmsi"] == mmsi)
        return self.events[mine].sort_values("score", ascending=False)

    def evidence(self, event_id: str) -> pd.Series:
        """The evidence of one event, one value a row.

        Raises
        ------
        SelatError
            If the run has no such event.
        """
        values = json.loads(self._event(event_id)["evidence"])
        return pd.Series(values, name=event_id, dtype="object")

    def _event(self, event_id: str) -> pd.Series:
        found = self.events[self.events["event_id"] == event_id]
        if found.empty:
            raise SelatError(f"run {self.run['run_id']} has no event {event_id}")
        row: pd.Series = found.iloc[0]
        return row

    def track(self, *mmsis: int) -> gpd.GeoDataFrame:
        """Cleaned position reports of some vessels over the run's window, as points."""
        with store.read(self.installation.store, self.installation.settings.store) as reader:
            tracked = reader.track_positions(list(mmsis), self.run["start"], self.run["end"])
        return gpd.GeoDataFrame(
            tracked, geometry=gpd.points_from_xy(tracked["lon"], tracked["lat"]), crs=4326
        )

    def draw(self, event_id: str) -> "Figure":
        """A chart of one event: its vessels' tracks while it lasted and around, land and zones."""
        from matplotlib.figure import Figure

        event = self._event(event_id)
        mmsis = [m for m in (int(event["mmsi"]), int(event["other_mmsi"])) if m]
        track = self.track(*mmsis)
        end = self.run["end"] if pd.isna(event["end"]) else event["end"]
        span = end - event["start"]
        around = (track["time"] >= event["start"] - span / 2) & (track["time"] <= end + span / 2)
        figure = Figure(figsize=(9, 6), layout="constrained")
        axes = figure.subplots()
        for mmsi, own in track[around].groupby("mmsi"):
            during = own["time"].between(event["start"], end)
            (line,) = axes.plot(own["lon"], own["lat"], ":", lw=0.9)
            # A line over a silence would claim a path that nobody saw.
            silent = own["time"].diff() > MAX_DRAWN_SILENCE
            heard = own[["lon", "lat"]].mask(silent)
            axes.plot(heard["lon"], heard["lat"], lw=1.2, color=line.get_color())
            seen = own[during]
            axes.scatter(seen["lon"], seen["lat"], s=6, color=line.get_color(), label=f"{mmsi:09d}")
        axes.plot(event["lon"], event["lat"], "x", color="black", label=event["kind"])
        west, east = axes.get_xlim()
        south, north = axes.get_ylim()
        self.zones.land.plot(ax=axes, color="#e9dfc7", edgecolor="#a89b7c", lw=0.5)
        zones = self.zones.frame
        zones = zones[zones["zone_class"] != "territorial_sea"]
        zones.plot(ax=axes, facecolor="none", edgecolor="#7d5ba6", lw=0.5)
        axes.set_xlim(west - MARGIN_DEG, east + MARGIN_DEG)
        axes.set_ylim(south - MARGIN_DEG, north + MARGIN_DEG)
        axes.set_aspect("equal")
        axes.set_xlabel("longitude")
        axes.set_ylabel("latitude")
        axes.set_title(clean(str(event["reason"])), fontsize=9, wrap=True, parse_math=False)
        axes.legend(loc="best", fontsize=8)
        return figure


def last_night(home: Path | str | None = None, config: Path | str | None = None) -> Night:
    """The newest finished run.

    Raises
    ------
    SelatError
        If there is no store or no finished run in it.
    """
    installation = load(Path(home) if home else None, Path(config) if config else None)
    with store.read(installation.store, installation.settings.store) as reader:
        run = reader.last_run()
        if run is None:
            raise SelatError("no finished run in the store", hint="selat nightly --feed PATH")
        flagged, events = reader.flags(run["run_id"]), reader.events(run["run_id"])
    points = gpd.points_from_xy(events["lon"], events["lat"])
    zones = reference.load_zones(installation.config / "zones", REFERENCE)
    return Night(
        {**run, "manifest": json.loads(run["manifest"])},
        flagged,
        gpd.GeoDataFrame(events, geometry=points, crs=4326),
        installation,
        zones,
    )

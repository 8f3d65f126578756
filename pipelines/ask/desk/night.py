"""One run as its readers see it."""

import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from detectors.core.errors import SelatError
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from detectors.surroundings.zones import Zones
from pipelines.ask import recall
from pipelines.ask.desk import charts, pictures
from pipelines.ask.desk.given import (
    Polygons,
    Time,
    between,
    drawn,
    lettered,
    named,
    nine,
    number,
    numbers,
    points,
    titled,
)
from pipelines.ask.desk.opened import Opened, opened
from pipelines.ask.desk.resample import apart
from pipelines.ask.desk.told import Told
from pipelines.base.settings import Installation, load
from pipelines.base.text import LOCAL, LOCAL_NAME, counted
from pipelines.publish import checks
from pipelines.publish.brief import VESSEL_LIMIT
from pipelines.publish.briefing import span
from pipelines.store import views

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_OLD: Final = pd.Timedelta(days=1)
_OTHER_WATERS: Final = (
    "the run rested on other reference layers: name its configuration, SELAT_CONFIG or config=…"
)


@dataclass(frozen=True, repr=False)
class Night:
    """One run as its readers see it.

    `opened`: the run with vessels by number. In every frame a vessel is text of nine digits, as it
    is written and heard, empty where there is none.
    """

    opened: Opened

    @property
    def run(self) -> dict[str, Any]:
        """Return run_id, ordinal, start, end, state, and the manifest."""
        return self.opened.run

    @property
    def title(self) -> str:
        """Say which run it is, and of what span, in local time."""
        when = span(self.run["start"], self.run["end"], LOCAL, LOCAL_NAME)
        return titled(f"run {self.run['run_id']}, {when}", simulated=self.simulated)

    @property
    def moment(self) -> recall.Moment:
        """Return what is known in it: the run's own knowledge for a night of the past."""
        return self.opened.moment

    @property
    def installation(self) -> Installation:
        """Return whose it is."""
        return self.opened.installation

    @property
    def zones(self) -> Zones:
        """Return land, ports, lanes and areas, to draw below one's own."""
        return self.opened.zones

    @property
    def simulated(self) -> bool:
        """Tell whether it is an exercise."""
        return self.opened.simulated

    @cached_property
    def flagged(self) -> gpd.GeoDataFrame:
        """Return `schemas.FLAGGED` with what was `concluded`, and the `probability` where a
        calibration is fitted; each vessel a point where it was last heard.
        """
        return lettered(self.opened.flagged)

    @cached_property
    def events(self) -> gpd.GeoDataFrame:
        """Return every event of the run as it was known then, with its status and reason;
        `evidence` is JSON: `pd.json_normalize(night.events["evidence"].map(json.loads))`.
        """
        return lettered(self.opened.events)

    def span(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """Return the first and the last position report in the store."""
        with self.opened.reader() as reader:
            ledger = reader.ledger()
        return ledger["first_time"].min(), ledger["last_time"].max()

    def feeds(self) -> pd.DataFrame:
        """Return what each feed in the store held, and what of it couldn't be used and why."""
        with self.opened.reader() as reader:
            ledger = reader.ledger()
        rows = []
        for name, text in zip(ledger["name"], ledger["report"], strict=True):
            report = json.loads(text)
            why = "; ".join(f"{reason} {n:,}" for reason, n in report["rejected"].items())
            kept = {
                key: report[key] for key in ("rows_read", "positions", "statics", "outside_area")
            }
            rows.append(
                {"feed": Path(name).name, "format": report["format"], **kept, "rejected": why}
            )
        return pd.DataFrame(rows)

    def clocks(self) -> pd.DataFrame:
        """Return receivers whose clocks were put right: by how much, and for how many hours."""
        start, end = self.run["start"], self.run["end"]
        with self.opened.reader() as reader:
            dates = reader.clocks_put_right(f"{start:%Y-%m-%d}", f"{end:%Y-%m-%d}")
        rows = [
            {"date": date, "receiver": name, **own}
            for date, counts in dates.items()
            for name, own in counts["clocks"].items()
        ]
        return pd.DataFrame(rows, columns=["date", "receiver", "late_s", "hours"])

    @property
    def incidents(self) -> gpd.GeoDataFrame:
        """Return what happened, as one: `schemas.INCIDENTS` in rank order, as points; what a score
        is `made_of` in words.
        """
        return lettered(self.opened.incidents, pd.DataFrame(self.opened.events))

    def __repr__(self) -> str:
        span = f"{self.run['start']:%Y-%m-%d %H:%M}Z to {self.run['end']:%Y-%m-%d %H:%M}Z"
        kind = "exercise, " if self.simulated else ""
        counts = f"{len(self.flagged)} flagged, {counted(len(self.events), 'event')}"
        return f"Night({self.run['run_id']}: {kind}{self.run['state']}, {span}, {counts})"

    @property
    def reasons(self) -> pd.DataFrame:
        """Return why each vessel is flagged, a row a reason: rank, mmsi (text), name, reason."""
        told = self.flagged[["rank", "mmsi", "name", "reasons"]]
        rows = [
            (rank, mmsi, name, reason)
            for rank, mmsi, name, reasons in told.itertuples(index=False, name=None)
            for reason in reasons.split(" | ")
        ]
        return pd.DataFrame(rows, columns=["rank", "mmsi", "name", "reason"])

    @property
    def first(self) -> pd.DataFrame:
        """Return what to look at first: incident_id, rank, title, why."""
        with self.opened.reader() as reader:
            found = recall.first_of(reader, self.moment)
        rows = [(one.incident_id, one.rank, one.title, ", ".join(one.why)) for one in found]
        return pd.DataFrame(rows, columns=["incident_id", "rank", "title", "why"])

    def events_of(self, mmsi: int | str) -> gpd.GeoDataFrame:
        """Return the events that a vessel takes part in, strongest first."""
        mmsi = nine(number(mmsi))
        mine = (self.events["mmsi"] == mmsi) | (self.events["other_mmsi"] == mmsi)
        return self.events[mine].sort_values("score", ascending=False)

    def strongest(self, kind: str) -> str:
        """Id of the strongest event of a kind; raises SelatError if the run has none."""
        found = self.events[(self.events["kind"] == kind) & (self.events["status"] != "retracted")]
        if found.empty:
            kinds = ", ".join(sorted(set(self.events["kind"])))
            raise SelatError(f"run {self.run['run_id']} has no {kind}", hint=f"it has {kinds}")
        return str(found.sort_values(["score", "event_id"])["event_id"].iloc[-1])

    def evidence(self, event_id: str) -> pd.Series:
        """Return the evidence of one event, one value a row; raise SelatError if there is none."""
        values = checks.values(self.opened.event(event_id)["evidence"])
        return pd.Series(values, name=event_id, dtype="object")

    def checks(self, kind: str = "") -> pd.DataFrame:
        """Return every limit that the night's events, of one kind if it is named, were held
        against, the nearest first; see `checks.nearest`.
        """
        every = self.opened.events
        standing = every[every["status"] != "retracted"]
        return lettered(checks.nearest(standing[standing["kind"] == kind] if kind else standing))

    def sql(self, query: str) -> pd.DataFrame:
        """Return what one SELECT over the store's views gives; see `selat sql`."""
        inst = self.installation
        found: pd.DataFrame = views.ask(inst.store, inst.settings.store, query).to_pandas()
        return found

    def explain(self, event_id: str | int, feeds: tuple[str, ...] = ()) -> Told:
        """All that an event rests on, as it was known; see `explain.gather`.

        Raises EventNotFoundError if no event, or several, are called so.
        """
        return self.opened.explain(event_id, feeds)

    def since(self, moment: Time | None = None) -> recall.Changes:
        """Return what is new, changed, closed, retracted since a run, a time or the last night."""
        with self.opened.reader() as reader:
            before = recall.last_watch(reader, named(moment), self.moment)
            found = recall.changes(reader, before, self.moment)
        return replace(
            found,
            incidents=lettered(found.incidents),
            flags=lettered(found.flags),
            events=lettered(found.events),
        )

    def dispositions(self) -> gpd.GeoDataFrame:
        """Return what was concluded until then, oldest first, as points where the behaviour was."""
        with self.opened.reader() as reader:
            return lettered(points(reader.dispositions(self.moment.time)))

    def track(self, *mmsis: Sequence[int | str] | int | str) -> gpd.GeoDataFrame:
        """Return the `reports` of one vessel or several over the run's window."""
        asked = [one for some in mmsis for one in numbers(some) or ()]
        return self.reports(asked, self.run["start"], self.run["end"])

    def reports(
        self,
        mmsis: Sequence[int | str] | int | str | None,
        start: Time,
        end: Time,
        area: Polygons | None = None,
    ) -> gpd.GeoDataFrame:
        """Return cleaned position reports between two times, both included, as points.

        Parameters
        ----------
        mmsis
            Whose: one, or several; None for everyone's.
        start, end
            Timestamps with a zone, or texts (MYT where they say none).
        area
            Polygons of your own, in any coordinate system: only reports inside them.
        """
        outline = None if area is None else drawn(area)
        found = lettered(self.opened.reports(numbers(mmsis), *between(start, end)))
        return found if outline is None else found[found.within(outline)].reset_index(drop=True)

    def approach(self, event_id: str) -> pd.DataFrame:
        """Return how the two vessels of an event came together and parted, minute by minute.

        Returns time, distance_m, sog_kn, other_sog_kn; NaN where either was silent for more than
        half an hour. From half the event's span before it to as long after.
        """
        event = self.opened.event(event_id)
        mmsis = _vessels(event)
        if len(mmsis) != 2:
            raise SelatError(f"event {event_id} has one vessel", hint="take an encounter")
        start, end = self._around(event)
        tracks = self.opened.reports(mmsis, start, end)
        own, other = (tracks[tracks["mmsi"] == mmsi] for mmsi in mmsis)
        return apart(own, other, pd.date_range(start.ceil("min"), end, freq="min"))

    def neighbours(self, event_id: str, within_nm: float = 10.0) -> gpd.GeoDataFrame:
        """Return reports of other vessels near an event's place while it lasted, and around.

        With distance_m from that place. Who was heard there while somebody was silent tells
        whether the receivers could hear.
        """
        event = self.opened.event(event_id)
        start, end = self._around(event)
        found = self.opened.reports(None, start, end)
        found = found[~found["mmsi"].isin(_vessels(event))]
        lat, lon = (found[name].to_numpy() for name in ("lat", "lon"))
        distance_m = np.asarray(geodesy.distance_m(lat, lon, event["lat"], event["lon"]))
        near = found.assign(distance_m=distance_m)[distance_m <= within_nm * METRES_PER_NM]
        return lettered(near.reset_index(drop=True))

    def map(self) -> charts.Chart:
        """Show the night on the brief's map: flagged vessels, events and tracks, to play back."""
        shown = self.opened.flagged.head(VESSEL_LIMIT)
        ids = {key for joined in shown["event_ids"] for key in str(joined).split(";")}
        every = self.opened.events
        events = every[every["event_id"].isin(ids)]
        mmsis = sorted({*shown["mmsi"], *events["mmsi"], *events["other_mmsi"]} - {0})
        return charts.chart(
            self._title("Flagged vessels. Flags are leads, not findings."),
            self.run,
            flagged=shown,
            events=events,
            tracks=self.opened.track(*mmsis),
            vessels=self._named(),
            zones=self.opened.areas,
            span=(self.run["start"], self.run["end"]),
        )

    def draw(self, event_id: str) -> charts.Chart:
        """One event on the brief's map: its vessels while it lasted and around, to play back."""
        event, known, every = self.opened.event(event_id), self._named(), self.opened.events
        span = self._around(event)
        tracks = self.opened.reports(_vessels(event), *span)
        return charts.chart(
            self._stated(event),
            self.run,
            flagged=charts.flagged_by(event, known, tracks),
            events=every[every["event_id"] == event["event_id"]],
            tracks=tracks,
            vessels=known,
            zones=self.opened.areas,
            span=span,
        )

    def draw_approach(self, event_id: str) -> "Figure":
        """Distance between two vessels and their speeds over time."""
        event = self.opened.event(event_id)
        return pictures.approach(
            self.approach(event_id), event, self._end(event), self._stated(event)
        )

    def draw_silence(self, event_id: str, within_nm: float = 10.0) -> "Figure":
        """Return when a vessel and those near its last position were heard."""
        event = self.opened.event(event_id)
        own = self.opened.reports(_vessels(event)[:1], *self._around(event))
        near = self.neighbours(event_id, within_nm)
        return pictures.silence(own, near, event, self._end(event), self._stated(event))

    # ---- inside

    def _named(self) -> pd.DataFrame:
        with self.opened.reader() as reader:
            known: pd.DataFrame = reader.vessels(self.run["end"])
        return known

    def _end(self, event: pd.Series) -> pd.Timestamp:
        end: pd.Timestamp = event["end"]
        return self.run["end"] if pd.isna(end) else end

    def _around(self, event: pd.Series) -> tuple[pd.Timestamp, pd.Timestamp]:
        end = self._end(event)
        half = max((end - event["start"]) / 2, pd.Timedelta(minutes=30))
        return event["start"] - half, end + half

    def _stated(self, event: pd.Series) -> str:
        return self._title(str(event["reason"]))

    def _title(self, text: str) -> str:
        return titled(text, simulated=self.simulated)


def night(
    home: Path | str | None = None,
    *,
    as_of: Time | None = None,
    config: Path | str | None = None,
) -> Night:
    """Open a finished run: the newest, or the newest that was known at a past moment.

    Raises SelatError if there is no store, no finished run in it or by that time, or the time lies
    ahead.

    Parameters
    ----------
    home
        Folder of everything produced; else SELAT_HOME, else the setting.
    as_of
        A run id or a time (MYT where a text says no zone): what was known then, events as they were
        told then. It warns where nothing had been looked at for over a day by then.
    config
        Its configuration; else SELAT_CONFIG, else the project's. It warns where that has other
        reference layers than the run: backtests and packs would go by other land.
    """
    if home and _DATE.match(str(home)) and not Path(home).exists():
        raise SelatError(f"{home} isn't a home", hint=f'a night of the past: night(as_of="{home}")')
    installation = load(
        Path(home) if home else None, Path(config) if config else None, showing=True
    )
    found = Night(opened(installation, named(as_of)))
    asked, known = found.moment.time, found.moment.known_time
    said = f"the newest run by {as_of} had looked at reports up to {known:%Y-%m-%d %H:%M}Z"
    if not found.moment.now and asked - known > _OLD:
        warnings.warn(said, stacklevel=2)
    if found.opened.of_other_waters:
        warnings.warn(_OTHER_WATERS, stacklevel=2)
    return found


def _vessels(event: pd.Series) -> list[int]:
    return [int(mmsi) for mmsi in (event["mmsi"], event["other_mmsi"]) if mmsi]

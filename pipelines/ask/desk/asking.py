"""Questions to the store beside those about one night: who is who, and what if."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from detectors.core.errors import SelatError
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines import store
from pipelines.ask import recall
from pipelines.ask.desk import pictures
from pipelines.ask.desk.given import (
    Polygons,
    Time,
    between,
    drawn,
    lettered,
    moment,
    nine,
    number,
    points,
    titled,
)
from pipelines.ask.desk.night import Night, night
from pipelines.ask.related import see_also
from pipelines.assess.dispositions import QUIET_WITHIN_M
from pipelines.assess.operations.report import PHASES, PLACES
from pipelines.base.settings import PROJECT, load
from pipelines.base.text import counted
from pipelines.store import Identity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pipelines.assess.operations.report import Report
    from pipelines.run.backtests import Outcome

EXERCISES = ("week", "exercise")


def exercise() -> Path:
    """Find the home that the notebooks' stories use: SELAT_HOME, else that of `make week`, else of
    `make nightly`.

    Raises SelatError if there is none of them.
    """
    given = os.environ.get("SELAT_HOME")
    homes = [Path(given)] if given else [PROJECT / "data" / name / "home" for name in EXERCISES]
    found = next((home for home in homes if store.exists(home / "store")), None)
    if found is None:
        raise SelatError("no exercise has been run", hint="make week, or name a home in SELAT_HOME")
    return found


@dataclass(frozen=True, repr=False)
class Dossier:
    """What is known of a vessel."""

    identity: Identity
    """What it calls itself."""
    history: pd.DataFrame
    """`vessels.HISTORY`: all that it ever said of itself, and from when to when."""
    events: gpd.GeoDataFrame
    """All events that it takes part in, newest first, as points."""
    dispositions: pd.DataFrame
    """What was concluded on them."""
    simulated: bool

    def __repr__(self) -> str:
        who = self.identity
        n = counted(len(self.events), "event")
        return f"Dossier({who.mmsi:09d} {who.name or '(no name)'}, {n})"

    def draw(self) -> "Figure":
        """Return what it called itself, from when to when."""
        who = self.identity
        name = f"{who.mmsi:09d} {who.name}, flag {who.flag_state or '?'}"
        return pictures.identity(self.history, titled(name, simulated=self.simulated))


@dataclass(frozen=True, repr=False)
class Backtest:
    """What other thresholds would change."""

    outcome: "Outcome"
    """See `run.backtests.Outcome`."""
    counts: pd.DataFrame
    """Events, leads, vessels, leads per 1,000 vessel-hours: as it is, and as it would be."""
    changes: gpd.GeoDataFrame
    """Events that would be new, gone or other, strongest first, as points; with their reason."""
    joined: list[str]
    left: list[str]
    """MMSIs that would join the list of flagged vessels, and leave it."""

    def __repr__(self) -> str:
        n = counted(len(self.changes), "event")
        joined, left = counted(len(self.joined), "vessel"), len(self.left)
        return f"Backtest(would change: {n}; would join the list: {joined}, leave it: {left})"

    def draw(self) -> "Figure":
        """Return the counts side by side."""
        return pictures.bars(self.counts, "With the rule as it is, and as it would be")


@dataclass(frozen=True, repr=False)
class Operation:
    """A period and an area, compared with before and after, and with the sea around."""

    report: "Report"
    """See `operations.report.Report`."""
    incidents: pd.DataFrame
    """By place (inside, beside, elsewhere), kind (and "all") and phase (before, during, after):
    incidents, vessels, and the ratio to before with its interval of 95 % and what it says."""
    presence: pd.DataFrame
    """By place and phase: vessels, vessel-hours, and the ratio to before."""
    outcomes: pd.DataFrame
    """By place and phase: what was concluded on the events."""
    found: gpd.GeoDataFrame
    """The incidents that count, as points, with place and phase."""
    notes: list[str]
    """What must be said with any of it."""

    def __repr__(self) -> str:
        name = self.report.operation["name"]
        return f"Operation({name}: incidents that count: {len(self.found)})"

    def draw(self) -> "Figure":
        """Incidents inside, beside and elsewhere, in each phase, on one scale."""
        every = self.incidents[self.incidents["kind"] == "all"]
        table = every.pivot_table(index="place", columns="phase", values="incidents", sort=False)
        title = f"{self.report.operation['name']}: incidents that count"
        title = titled(title, simulated=self.report.simulated)
        return pictures.bars(table, title, alike=True)


def operation(
    night: Night,
    start: Time,
    end: Time,
    area: str | Polygons,
    *,
    name: str = "Operation",
    around: pd.Timedelta | None = None,
    beside_nm: float = 20.0,
) -> Operation:
    """Compare before, during and after a period in an area; nothing is recorded.

    `selat operation add` keeps one, and `selat operation report` says the same of it. What is
    compared is what is known now, whatever night it is asked from.

    Raises SelatError if it ends before it begins, or its area is none or empty.

    Parameters
    ----------
    area
        W,S,E,N in degrees, a zone's id, or polygons of your own in any coordinate system.
    around
        Length of before and after; else that of the operation.
    beside_nm
        How far what is called beside the area reaches.
    """
    from pipelines.assess import operations
    from pipelines.publish.operation.tables import notes
    from pipelines.run.operations import compared, outline_of

    if isinstance(area, str):
        outline, stated = outline_of(night.installation, area), area
    else:
        outline, stated = drawn(area), "polygons"
    [row] = operations.make(
        name,
        *between(start, end),
        stated,
        outline,
        note="",
        author="",
        made_time=night.moment.known_time,
    ).to_dict("records")
    report = compared(night.installation, pd.Series(row), around=around, beside_nm=beside_nm)
    found = report.found.assign(
        place=[PLACES[k] for k in report.found["place"]],
        phase=[PHASES[k] for k in report.found["phase"]],
        vessels=[", ".join(map(nine, sorted(of))) for of in report.found["vessels"]],
    )
    return Operation(
        report, report.incidents, report.presence, report.outcomes, points(found), notes(report)
    )


def find(night: Night, text: str | int) -> pd.DataFrame:
    """Vessels that a text or number may mean, as known in that night; see `recall.find`."""
    time, text = night.moment.time, text if isinstance(text, str) else nine(number(text))
    with store.read(night.installation.store, night.installation.settings.store) as reader:
        return lettered(recall.find(reader.names(time), reader.vessels(time), text))


def vessel(night: Night, mmsi: int | str) -> Dossier:
    """All that is known of a vessel in that night; raises NoDataError if it wasn't heard."""
    time, mmsi = night.moment.time, number(mmsi)
    with store.read(night.installation.store, night.installation.settings.store) as reader:
        identity, history = reader.known_at(mmsi, time)
        if identity.first_seen is None:
            raise recall.unheard(reader, mmsi, time)
        events = reader.events_as_of(night.moment.ordinal, mmsi=mmsi)
        known = reader.dispositions(time)
    mine = (known["mmsi"] == mmsi) | (known["other_mmsi"] == mmsi)
    return Dossier(
        identity,
        lettered(history),
        lettered(points(events.sort_values("start", ascending=False, ignore_index=True))),
        lettered(known[mine].reset_index(drop=True)),
        night.simulated,
    )


def backtest(night: Night, detector: str, **thresholds: Any) -> Backtest:
    """Return what a rule would have raised that night with other thresholds; nothing is written.

    >>> desk.backtest(night, "loitering", min_duration_h=4)  # doctest: +SKIP

    Raises SelatError if there is no such detector or parameter.
    """
    from pipelines.base.progress import reporter
    from pipelines.run.backtests import run_backtest, trial_of_thresholds

    settings = [f"{name}={value}" for name, value in thresholds.items()]
    with reporter(quiet=True) as report:
        outcome = run_backtest(
            night.installation,
            trial_of_thresholds(night.installation, detector, settings),
            None,
            f"{night.run['start'].isoformat()}",
            f"{night.run['end'].isoformat()}",
            report,
        )
    compared = outcome.result.compared
    different = compared[compared["status"] != "same"]
    reasons = [outcome.reasons.get(event_id, "") for event_id in different["event_id"]]
    different = different.assign(reason=pd.Series(reasons, different.index, dtype="str"))
    counts = pd.DataFrame(outcome.counts()).rename(
        columns={"before": "as it is", "after": "as it would be"}
    )
    joined, left = (list(map(nine, some)) for some in outcome.flags_changed())
    ordered = different.sort_values("score", ascending=False, ignore_index=True)
    return Backtest(outcome, counts, lettered(points(ordered)), joined, left)


def related(night: Night, incident_id: str) -> pd.DataFrame:
    """Return which other incidents one belongs with, the closest first: incident_id, rank, title,
    why. The beginning of its id will do.

    Raises SelatError if the night has no single incident whose id begins so.
    """
    table, every = (pd.DataFrame(one) for one in (night.opened.incidents, night.opened.events))
    named = [one for one in table["incident_id"] if incident_id and one.startswith(incident_id)]
    if len(named) != 1:
        raise SelatError(
            f"{len(named) or 'no'} incidents of {night.run['run_id']} are called {incident_id!r}",
            hint="night.incidents has their ids",
        )
    with night.opened.reader() as reader:
        known = reader.vessels(night.run["end"])
    reference, end = night.installation.reference, night.run["end"]
    found = see_also(table, every, known, reference, end, named)[named[0]]
    return pd.DataFrame(found, columns=["incident_id", "rank", "title", "why"])


def conclude(
    night: Night,
    event_id: str,
    conclusion: str,
    *,
    reason: str,
    by: str,
    quiet_until: Time | None = None,
    quiet_within_nm: float = QUIET_WITHIN_M / METRES_PER_NM,
) -> pd.Series:
    """Record what was concluded on an event; see `selat disposition add`.

    Parameters
    ----------
    conclusion
        boarded, cleared, benign_cause, watch or unknown.
    quiet_until, quiet_within_nm
        Set the like aside: later behaviour of the same kind and vessel that begins before this
        time (ISO 8601, Kuala Lumpur) within this distance.

    Raises
    ------
    DispositionError
        If there is no such event, or the conclusion can't be recorded so.
    StoreBusyError
        While a run is writing.
    """
    from pipelines.run.dispositions import record

    row: pd.Series = record(
        night.installation,
        event_id,
        author=by,
        conclusion=conclusion,
        reason=reason,
        quiet_until=None if quiet_until is None else moment(quiet_until),
        quiet_within_m=quiet_within_nm * METRES_PER_NM,
    ).iloc[0]
    return row


def night_with(
    kind: str,
    home: Path | str | None = None,
    *,
    config: Path | str | None = None,
    or_newest: bool = False,
) -> Night:
    """Open the night of the strongest event of a kind, as it was known after that night's run; with
    `or_newest` the newest one where there is none.

    Raises SelatError if there is no store, no finished run in it, or no event of that kind.
    """
    installation = load(
        Path(home) if home else None, Path(config) if config else None, showing=True
    )
    with store.read(installation.store, installation.settings.store) as reader:
        recall.latest(reader)  # which says so where there is no run
        query = (
            "SELECT kind, arg_max(run_id, (score, event_id)) FILTER (NOT retracted) AS run_id "
            "FROM events GROUP BY kind ORDER BY kind"
        )
        of_kind = dict(reader.connection.execute(query).fetchall())
    if of_kind.get(kind) is None and or_newest:
        return night(home, config=config)
    if of_kind.get(kind) is None:
        kinds = ", ".join(of_kind) or "no event at all"
        raise SelatError(f"no {kind} in the store", hint=f"it has {kinds}")
    return night(home, as_of=of_kind[kind], config=config)


def looks(night: Night) -> pd.DataFrame:
    """Return every run of the store, oldest first: the nights, and the looks between them.

    Returns run_id, kind (`night`, `look at everything`, `look at what is new`), upto, created,
    changed, retracted (events), put_off (detectors that weren't asked).
    """
    with store.read(night.installation.store, night.installation.settings.store) as reader:
        runs = reader.sql('SELECT run_id, "end", manifest FROM runs ORDER BY ordinal')
    rows = []
    for run_id, end, text in runs.itertuples(index=False, name=None):
        told = json.loads(text)
        look, status = told.get("look"), told["counts"]["status"]
        kind = (
            "night"
            if look is None
            else f"look at {'everything' if look['whole'] else 'what is new'}"
        )
        counts = {name: status.get(name, 0) for name in ("created", "changed", "retracted")}
        later = ", ".join((look or {}).get("put_off", ()))
        rows.append({"run_id": run_id, "kind": kind, "upto": end, **counts, "put_off": later})
    return pd.DataFrame(rows)

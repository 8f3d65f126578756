"""A run: detect over a window, judge what was found, publish it, record it."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd

from detectors.core import events, frames
from detectors.core.errors import SelatError
from detectors.surroundings.zones import Zones
from pipelines.assess import watchlists
from pipelines.assess.aside import noticed
from pipelines.assess.dispositions.outcomes import closed
from pipelines.assess.incidents import Known, new_to_the_night, told_before, versions_then
from pipelines.assess.incidents.known import weak_in
from pipelines.assess.ranking import Assessment, assess, named
from pipelines.assess.scoring import HISTORY_DAYS, MIN_PART_SCORE
from pipelines.base.allocation import give_back
from pipelines.base.progress import Reporter
from pipelines.base.schemas import INCIDENTS
from pipelines.base.settings import Installation
from pipelines.detect.compare import compare, succeeded_of
from pipelines.detect.days import refresh
from pipelines.detect.window import Detection, before_window, detect, events_to_compare
from pipelines.publish import earlier
from pipelines.publish.files import lacking
from pipelines.publish.products import DRAWN, Products
from pipelines.run.folder import point_newest, write_folder
from pipelines.run.history import History, listed, told_after, with_told
from pipelines.run.late import heard_late
from pipelines.run.manifest import configuration_hashes, manifest_of
from pipelines.run.opened import writing
from pipelines.run.published import note_published
from pipelines.run.setup import Setup
from pipelines.run.sightings import import_sightings
from pipelines.run.windows import FOREVER, Window, choose_window, leads_from
from pipelines.store import RUN_WAIT_S, Queries, Writer

HISTORY: Final = timedelta(days=HISTORY_DAYS)


class PartialRunError(SelatError):
    """The run finished and published its results, but a part of it failed."""

    exit_code = 6


@dataclass(frozen=True)
class Finished:
    """A finished run; `compared` has its events with their status, as `compare` gives them."""

    run_id: str
    folder: Path
    state: str
    manifest: Mapping[str, Any]
    flagged: pd.DataFrame
    failures: Mapping[str, str]
    compared: pd.DataFrame


def work_out_days(
    store: Writer, installation: Installation, report: Reporter, only: Collection[str] | None = None
) -> int:
    """Bring tracks and coverage of every UTC date, or `only` of some, in line with its files;
    returns how many were worked out.
    """
    with report.bar("Tracks and coverage", None) as bar:
        return refresh(store, bar.to, installation.settings.detection.memory_gb, only)


def run_detectors(store: Queries, setup: Setup, window: Window, report: Reporter) -> Detection:
    """Run every configured detector over the window."""
    with report.bar("Detecting", None) as bar:
        found = detect(
            store,
            setup.detectors,
            start=window.start,
            end=window.now,
            until=window.end,
            zones=setup.zones,
            reach_back=timedelta(days=setup.installation.settings.detection.reach_back_days),
            models=setup.models,
            memory_gb=setup.installation.settings.detection.memory_gb,
            progress=bar.say,
            estimated=lambda text: report.step(f"looking at {text} of memory"),
        )
    return within(found, window)


def within(found: Detection, window: Window) -> Detection:
    """Keep what is a run's own of what was found: later reports only tell how an event ended."""
    begun = found.events["start"] <= window.end
    return replace(found, events=found.events[begun].reset_index(drop=True))


@dataclass(frozen=True)
class Judged:
    """What a look at a window comes to, before anything is written."""

    window: Window
    detection: Detection
    """What was looked at, and what was found."""
    assessed: Assessment
    """Flags and reasons."""
    compared: pd.DataFrame
    """The events with their status against the store; see `compare`."""
    watchlists: list[watchlists.Watchlist]
    """The lists that counted."""
    configuration: Mapping[str, str]
    """What it went by, as the manifest has it."""
    failures: Mapping[str, str]
    """What failed as its list was made, by name; see `history.listed`."""
    tracebacks: Mapping[str, str]
    """Of all that failed, by name."""


@dataclass(frozen=True)
class Published:
    """A run whose files are in its folder, and which no reader is shown yet."""

    run_id: str
    ordinal: int
    """Its number among the runs of the store, from 1."""
    folder: Path
    manifest: Mapping[str, Any]
    failures: Mapping[str, str]
    """What failed, by the name of the feed, detector or file."""


def finish_run(
    store: Writer, setup: Setup, window: Window, detection: Detection, unread: Mapping[str, str]
) -> Finished:
    """Judge, publish and record a run; its results appear to readers all at once.

    `unread` names the feeds that couldn't be read, with the reason.
    """
    judged = judge(store, setup, window, detection)
    published = publish(store, setup, judged, unread)
    return record(store, setup.installation, judged, published)


def judge(
    store: Queries,
    setup: Setup,
    window: Window,
    detection: Detection,
    stands: Mapping[str, str] | None = None,
    stored: pd.DataFrame | None = None,
    *,
    look: bool = False,
) -> Judged:
    """Assess what was detected, and compare it with what the store holds: with what is `stored`, if
    that is at hand. What `stands`, with what the store tells of it by id, is as stored. To a `look`
    an incident of an earlier look is known, to a night it is new.
    """
    if stored is None:
        asked = store, setup.detectors, window.start, window.end
        stored = events_to_compare(*asked, written=True)
    succeeded = succeeded_of(setup.detectors, detection.failures)
    # What a detector that failed tonight had found before stays a lead.
    held = stored.loc[~stored["detector"].isin(list(succeeded)), list(events.EVENTS)]
    found = detection.events[detection.events["detector"].isin(list(succeeded))]
    past = store.events_counted(window.start - HISTORY, window.start, MIN_PART_SCORE)
    lists = watchlists.load(setup.installation.watchlists)
    whole = events.concat([found, events.parsed(held)])
    begun = leads_from(store, window)
    over = set(whole[before_window(whole, setup.detectors, begun)]["event_id"])
    over &= set(stored["event_id"])
    make = partial(
        assess,
        replace(detection, events=whole),
        setup.gazetteer,
        setup.installation.settings.assess,
        watchlists=lists,
        dispositions=store.dispositions(),
        heirs=store.heirs(),
        reasons=stands or {},
    )
    tonight = {*stored["event_id"], *found["event_id"]}
    made = listed(make, partial(History.of, store, past, tonight, over))
    assessed, told = made.assessed, made.assessed.events
    own = told[~told["event_id"].isin(held["event_id"])]
    compared = noticed(compare(own, stored, succeeded, stands or {}), stored)
    last = store.last_run()
    configuration = configuration_hashes(setup.installation)
    versions = None if last is None else versions_then(json.loads(last["manifest"]), configuration)
    # What an incident may grow from, split from or end with began no earlier than these events.
    since = min([window.start, *told["start"].tolist(), *compared["start"].tolist()])
    before = store.known_incidents(since=since, until=window.end)
    ids = ";".join(before["events"]).split(";")
    old = store.events_counted(window.start - HISTORY, window.start, float("inf"), ids)
    enough = setup.installation.settings.assess.min_score
    earlier = told_before(told, old, assessed.earlier, enough)
    later = told_after(store, window.end, window.now, ids, enough)
    ever = store.told_later(before["incident_id"].tolist())
    done = closed(store.dispositions(), store.heirs())
    until = store.last_looked_at()
    late = heard_late(store, compared, until)
    weak = weak_in(told, compared, stored, enough)
    known = Known.of(before, compared, versions, until, earlier, later, ever, done, weak, late)
    assessed = named(assessed, known, in_full=store.events_by_id)
    if not look:
        nights = store.known_incidents(looks=False)
        incidents = new_to_the_night(assessed.incidents, before, nights)
        assessed = replace(assessed, incidents=incidents)
    told_of = set(";".join(assessed.incidents["events"]).split(";"))  # by one that is kept, too
    same = compared["event_id"].isin(over - told_of) & (compared["status"] == "unchanged")
    listed_now = assessed.incidents[assessed.incidents["rank"] > 0]
    compared = with_told(store, compared[~same], listed_now)
    tracebacks = {**detection.tracebacks, **made.tracebacks}
    what = window, detection, assessed, compared, lists, configuration
    return Judged(*what, failures=made.failures, tracebacks=tracebacks)


def publish(
    store: Queries,
    setup: Setup,
    judged: Judged,
    unread: Mapping[str, str],
    look: Mapping[str, Any] | None = None,
    files: Collection[str] | None = None,
) -> Published:
    """Write the files of a run into its folder, which appears whole.

    Parameters
    ----------
    look
        What the manifest says of a look between nights; None for a night.
    files
        Names of the tables that are written; None for all files.
    """
    published = told(store, setup, judged, unread, look)
    products = products_of(store, judged, published, setup.zones, drawn=files is None)
    failed: dict[str, Exception] = {}
    write_folder(products, published.folder, judged.tracebacks, files, failed)
    manifest = lacking(published.manifest, failed)
    return replace(published, manifest=manifest, failures=manifest["failures"])


def told(
    store: Queries,
    setup: Setup,
    judged: Judged,
    unread: Mapping[str, str],
    look: Mapping[str, Any] | None = None,
) -> Published:
    """Name a run, and say in its manifest what it is; nothing is written."""
    window, detection = judged.window, judged.detection
    last = store.last_run()
    ordinal = 1 if last is None else int(last["ordinal"]) + 1
    run_id = f"{window.end:%Y%m%dT%H%M%SZ}-{ordinal:04d}"
    failures = {f"feed {name}": text for name, text in unread.items()}
    failures |= {f"detector {name}": text for name, text in detection.failures.items()}
    failures |= judged.failures
    manifest = manifest_of(run_id, store, setup, judged, failures, look)
    return Published(run_id, ordinal, setup.installation.runs / run_id, manifest, failures)


def products_of(
    store: Queries, judged: Judged, published: Published, zones: Zones, *, drawn: bool = True
) -> Products:
    """Return what the files of a run are made of; without tracks where nothing is drawn."""
    window, assessed = judged.window, judged.assessed
    shown = shown_vessels(judged.compared, assessed.flagged) if drawn else set[int]()
    return Products(
        run_id=published.run_id,
        start=window.start,
        end=window.end,
        simulated=bool(store.simulated),
        events=judged.compared.drop(columns="supersedes"),
        flagged=assessed.flagged,
        parts=assessed.parts,
        incidents=assessed.incidents,
        tracks=store.track_positions(sorted(shown), window.start, window.end, DRAWN),
        earlier=ways_before(store, assessed.incidents if drawn else None, *window.span),
        vessels=judged.detection.context.vessels,
        zones=zones,
        manifest=published.manifest,
        heard_since=assessed.heard_since,
    )


def ways_before(
    store: Queries, incidents: pd.DataFrame | None, start: pd.Timestamp, end: pd.Timestamp
) -> pd.DataFrame:
    """Return `Products.earlier` of a run's incidents; nothing where nothing is drawn."""
    told = frames.empty(INCIDENTS) if incidents is None else incidents
    return earlier.ways(partial(store.track_positions, columns=DRAWN), told, start, end)


def record(
    store: Writer, installation: Installation, judged: Judged, published: Published
) -> Finished:
    """Record a published run in the store, and let HOME/latest name it.

    What a look between nights has looked at stays new to the night, and HOME/look names it until
    the next: whoever opens HOME/latest finds all that a night produces.
    """
    give_back(installation.settings.detection.memory_gb)  # what files were made from
    finished = note(store, judged, published, publish=True)
    point_newest(installation, published.folder, look="look" in published.manifest)
    note_published(installation, published.run_id)
    return finished


def note(store: Writer, judged: Judged, published: Published, *, publish: bool) -> Finished:
    """Record a run in the store: for readers at once, or once its files are there."""
    finished = Finished(
        published.run_id,
        published.folder,
        str(published.manifest["state"]),
        published.manifest,
        judged.assessed.flagged,
        published.failures,
        judged.compared,
    )
    span = judged.window.start, judged.window.end
    enter(store, finished, judged.assessed.incidents, published.ordinal, span, publish=publish)
    return finished


def enter(
    store: Writer,
    finished: Finished,
    incidents: pd.DataFrame,
    ordinal: int,
    span: tuple[pd.Timestamp, pd.Timestamp],
    *,
    publish: bool,
) -> None:
    """Enter a finished run over a span, with its incidents, into the store; see `note`."""
    start, end = span
    run = {
        "run_id": finished.run_id,
        "ordinal": ordinal,
        "start": start,
        "end": end,
        "state": finished.state,
        "manifest": json.dumps(finished.manifest),
    }
    looked_at = [] if "look" in finished.manifest else _looked_at(store, start, end)
    store.add_run(
        run,
        compared=finished.compared,
        flags=finished.flagged,
        incidents=incidents,
        feed_keys=looked_at,
        publish=publish,
    )


def shown_vessels(events: pd.DataFrame, flagged: pd.DataFrame) -> set[int]:
    """MMSIs of flagged vessels and of those they met."""
    partners = events[events["event_id"].isin({*";".join(flagged["event_ids"]).split(";")})]
    return (set(flagged["mmsi"]) | set(partners["mmsi"]) | set(partners["other_mmsi"])) - {0}


def _looked_at(store: Queries, start: pd.Timestamp, end: pd.Timestamp) -> list[str]:
    """Keys of new feeds inside the window, and of new sightings: none of them is after it, or no
    night has looked further, so that the next begins where it ends.
    """
    fresh, seen = store.new_feeds(), store.new_sightings()
    outside = (fresh["first_time"] < start) | (fresh["last_time"] > end)
    furthest = end >= (store.last_looked_at(looks=False) or end)
    done = seen["last_time"] <= (FOREVER if furthest else end)
    keys = [*fresh.loc[~outside, "feed_key"], *seen.loc[done, "feed_key"]]
    return [str(key) for key in keys]


def detect_only(
    installation: Installation,
    date: str | None,
    since: str | None,
    until: str | None,
    report: Reporter,
    sightings: Sequence[str] = (),
) -> Finished:
    """Detect, assess and export over a window of what is in the store, new sightings included."""
    setup = Setup.load(installation)
    with writing(installation, RUN_WAIT_S) as store:
        seen = import_sightings(store, installation, report, sightings)
        work_out_days(store, installation, report)
        window = choose_window(store, date=date, since=since, until=until)
        detection = run_detectors(store, setup, window, report)
        return finish_run(store, setup, window, detection, seen.failed)


def raise_if_partial(finished: Finished) -> None:
    """Raise PartialRunError, naming what failed, where a part of a finished run did."""
    if finished.failures:
        what = "; ".join(f"{name}: {text}" for name, text in finished.failures.items())
        raise PartialRunError(f"the run is partial, its results are in {finished.folder}: {what}")

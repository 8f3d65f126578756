"""The steps of a run as plain functions; flows and commands only string them together."""

import hashlib
import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

import detectors
from detectors.core.detector import Detector
from detectors.core.errors import SelatError
from detectors.core.zones import Zones
from pipelines import exercise, ingest, reference
from pipelines.assess import assess
from pipelines.detect.compare import compare
from pipelines.detect.days import DaysReport, refresh
from pipelines.detect.window import Detection, detect, events_to_compare, with_flag_state
from pipelines.doctor import Problem, attempt, check_config, check_zone_files, check_zones
from pipelines.export import write_all
from pipelines.listen import recover
from pipelines.products import Products
from pipelines.progress import Reporter
from pipelines.settings import PROJECT, REFERENCE, Installation
from pipelines.store import Queries, StoreBusyError, Writer, exists, read, write

_COUNTED: Final = ("rows_read", "positions", "statics", "outside_area")
KUALA_LUMPUR: Final = ZoneInfo("Asia/Kuala_Lumpur")


class NoDataError(SelatError):
    """There is nothing to look at."""

    exit_code = 7


class TimeError(SelatError):
    """What was given as a date or time isn't one."""

    exit_code = 2


class PartialRunError(SelatError):
    """The run finished and published its results, but a part of it failed."""

    exit_code = 6


@dataclass
class IngestSummary:
    """What became of the feeds of a run."""

    added: dict[str, dict[str, Any]] = field(default_factory=dict)
    already_there: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Window:
    """The span that a run looks at, UTC."""

    start: pd.Timestamp
    end: pd.Timestamp


@dataclass(frozen=True)
class Finished:
    """A finished run."""

    run_id: str
    folder: Path
    state: str
    manifest: Mapping[str, Any]
    flagged: pd.DataFrame
    failures: Mapping[str, str]


def load_zones(installation: Installation) -> Zones:
    """Zones and land of an installation."""
    return reference.load_zones(installation.config / "zones", REFERENCE)


def ingest_feed(
    store: Writer, feed: ingest.FeedFile, options: ingest.IngestOptions, report: Reporter
) -> dict[str, Any] | None:
    """Add one feed to the store; None if it is there already, else its report.

    Raises
    ------
    IngestError
        If the feed can't be read at all.
    StoreError
        If it is simulated and the store isn't, or the other way round.
    """
    key = feed_key(feed, options)
    if store.has_feed(key):
        return None
    size = feed.path.stat().st_size
    with report.bar(f"Reading {feed.name}", size) as bar:
        decoding = ingest.decode(feed, options, progress=lambda done: bar.to(done, size))
        filled = _LiveReport(decoding)
        store.add_feed(key, sha256=feed.sha256, name=feed.name, batches=decoding, report=filled)
    return filled.now()


class _LiveReport(Mapping[str, Any]):
    """A feed's report as a mapping, read when the feed has been read."""

    def __init__(self, decoding: ingest.Decoding) -> None:
        self._decoding = decoding

    def now(self) -> dict[str, Any]:
        return dict(self._decoding.report.to_dict())

    def __getitem__(self, key: str) -> Any:
        return self.now()[key]

    def __iter__(self) -> Any:
        return iter(self.now())

    def __len__(self) -> int:
        return len(self.now())


def feed_key(feed: ingest.FeedFile, options: ingest.IngestOptions) -> str:
    """Key of a feed in the ledger: its content and all that decides what is read from it."""
    return hashlib.sha256(ingest.key(feed, options).encode()).hexdigest()[:16]


def ingest_all(
    store: Writer,
    installation: Installation,
    zones: Zones,
    report: Reporter,
    feeds: Sequence[str],
    area: str | None,
    mapping: str | None,
    assume_time: str | None = None,
    ingest_one: Callable[..., dict[str, Any] | None] = ingest_feed,
) -> IngestSummary:
    """Ingest every feed that isn't in the store; one that can't be read doesn't stop the others.

    `ingest_one` is `ingest_feed`, or a task that wraps it.

    Raises
    ------
    SelatError
        If feeds were named and none of them could be read.
    """
    summary = IngestSummary()
    named = list(feeds) or list(installation.settings.feeds)
    named += _recorded(installation)
    if not named:
        return summary
    options = ingest_options(installation, zones, area, mapping, assume_time)
    found = ingest.discover(named, installation.spool)
    _say_skipped(found, report)
    first_error: SelatError | None = None
    for feed in found:
        try:
            added = ingest_one(store, feed, options, report)
        except StoreBusyError:
            raise
        except (SelatError, OSError) as error:
            summary.failed[feed.name] = str(error)
            report.step(f"✗ {feed.name}: {error}")
            if first_error is None:
                first_error = error if isinstance(error, SelatError) else None
            continue
        if added is None:
            summary.already_there.append(feed.name)
            report.step(f"= {feed.name}: already in the store")
        else:
            summary.added[feed.name] = added
            report.step(f"+ {feed.name}: {in_words(added)}")
    # Standard input was kept only to be read; a rerun reads it again.
    shutil.rmtree(installation.spool, ignore_errors=True)
    if first_error is not None and not summary.added and not summary.already_there:
        raise first_error
    return summary


def _recorded(installation: Installation) -> list[str]:
    """The folder of recorded live feeds, if it holds any; what a dead recorder left is finished."""
    folder = installation.recordings
    if not folder.is_dir():
        return []
    recover(folder)
    return [str(folder)] if any(folder.glob("*.nmea.zst")) else []


def _say_skipped(found: ingest.Feeds, report: Reporter) -> None:
    for name, why in found.skipped:
        report.step(f"– {name}: passed over, {why}")


def in_words(added: Mapping[str, Any]) -> str:
    """A feed's report in one line."""
    rejected = sum(added["rejected"].values())
    return (
        f"{added['rows_read']:,} rows, {added['positions']:,} positions, "
        f"{added['statics']:,} static, {added['outside_area']:,} outside the area, "
        f"{rejected:,} rejected"
    )


def work_out_days(store: Writer, report: Reporter) -> DaysReport:
    """Bring tracks and coverage of every UTC date in line with its files."""
    with report.bar("Tracks and coverage", None) as bar:
        return refresh(store, bar.to)


def choose_window(
    store: Queries, *, date: str | None, since: str | None, until: str | None
) -> Window:
    """The window of a run.

    The Kuala Lumpur day of `date`; or from `since` to `until` (ISO 8601, Kuala Lumpur time where
    no zone is given); or, with none of them, all that is new in the store; with nothing new the
    last run's window again. It ends no later than the newest report, so that a feed that ends
    early makes no gaps.

    Raises
    ------
    NoDataError
        If the store is empty, or holds no report in the span.
    """
    if date or since or until:
        start, end = _asked_for(date, since, until)
        newest = store.last_heard(end)
        if newest is None or newest < start:
            text = f"{start:%Y-%m-%d %H:%M}Z to {end:%Y-%m-%d %H:%M}Z"
            raise NoDataError(f"no position report in {text}", hint=_held(store))
        return Window(start, newest)
    fresh = store.new_feeds().dropna(subset="first_time")
    if len(fresh):
        return Window(fresh["first_time"].min(), fresh["last_time"].max())
    last = store.last_run()
    if last is None:
        raise NoDataError("the store holds no position reports", hint="name a feed: --feed PATH")
    return Window(last["start"], last["end"])


def _asked_for(
    date: str | None, since: str | None, until: str | None
) -> tuple[pd.Timestamp, pd.Timestamp]:
    day = timedelta(days=1)
    if date:
        return _utc(date), _utc(date) + day - timedelta(microseconds=1)
    start = _utc(since) if since else pd.Timestamp(0, tz="UTC").as_unit("us")
    return start, _utc(until) if until else pd.Timestamp("2200-01-01", tz="UTC").as_unit("us")


def _utc(text: str) -> pd.Timestamp:
    """A time that a person typed: ISO 8601, in Kuala Lumpur where no zone is given."""
    try:
        stamp = pd.Timestamp(text)
    except ValueError as error:
        raise TimeError(
            f"{text!r} is no date or time", hint="write 2026-11-25 or 2026-11-25T02:00Z"
        ) from error
    stamp = stamp.tz_localize(KUALA_LUMPUR) if stamp.tz is None else stamp
    return stamp.tz_convert("UTC").as_unit("us")


def _held(store: Queries) -> str:
    spans = store.ledger().dropna(subset="first_time")
    if spans.empty:
        return "the store holds no position reports yet"
    first, last = spans["first_time"].min(), spans["last_time"].max()
    return f"the store holds reports from {first:%Y-%m-%d %H:%M}Z to {last:%Y-%m-%d %H:%M}Z"


def run_detectors(
    store: Queries, installation: Installation, window: Window, zones: Zones, report: Reporter
) -> Detection:
    """Run every configured detector over the window."""
    with report.bar("Detecting", None) as bar:
        return detect(
            store,
            build_detectors(installation),
            start=window.start,
            end=window.end,
            zones=zones,
            reach_back=timedelta(days=installation.settings.detection.reach_back_days),
            progress=bar.say,
        )


def build_detectors(installation: Installation) -> list[Detector]:
    """The configured detectors."""
    return detectors.build(installation.detectors)


def finish_run(
    store: Writer,
    installation: Installation,
    window: Window,
    detection: Detection,
    ingested: IngestSummary,
    zones: Zones,
) -> Finished:
    """Compare, assess, export and record a run; its results appear to readers all at once."""
    gazetteer = reference.load_gazetteer(REFERENCE)
    told, flagged = assess(detection, gazetteer, installation.settings.assess)
    configured = build_detectors(installation)
    stored = events_to_compare(store, configured, window.start, window.end)
    succeeded = {d.name for d in configured} - detection.failures.keys()
    compared = compare(told, stored, succeeded)
    last = store.last_run()
    ordinal = 1 if last is None else int(last["ordinal"]) + 1
    run_id = f"{window.end:%Y%m%dT%H%M%SZ}-{ordinal:04d}"
    fresh = list(store.new_feeds()["feed_key"])
    inputs = _inputs(store, window)
    totals = _totals(inputs)
    failures = {
        **{f"feed {name}": text for name, text in ingested.failed.items()},
        **{f"detector {name}": text for name, text in detection.failures.items()},
    }
    manifest = {
        "run_id": run_id,
        "state": "partial" if failures else "complete",
        "simulated": bool(store.simulated),
        "window": {"start": _iso(window.start), "end": _iso(window.end)},
        "git_commit": _git_commit(),
        "configuration": _configuration_hashes(installation.config),
        "inputs": [{"name": i["name"], "sha256": i["sha256"]} for i in inputs],
        "detectors": {d.name: d.version for d in configured},
        "counts": {
            "feeds": len(inputs),
            **{name: totals[name] for name in _COUNTED},
            "reports_looked_at": len(detection.positions),
            "vessels_looked_at": int(detection.positions["mmsi"].nunique()),
            "vessel_hours": _vessel_hours(detection.positions, window),
            "passes": detection.passes,
            "events": _count(compared, "kind"),
            "status": _count(compared, "status"),
            "flagged": len(flagged),
        },
        "rejected": totals["rejected"],
        "failures": failures,
    }
    shown = _shown(compared, flagged)
    tracks = detection.positions
    tracks = tracks[tracks["mmsi"].isin(shown) & (tracks["time"] >= window.start)]
    products = Products(
        run_id=run_id, start=window.start, end=window.end, simulated=bool(store.simulated),
        events=compared.drop(columns="supersedes"), flagged=flagged,
        tracks=tracks.reset_index(drop=True), vessels=detection.context.vessels, zones=zones,
        manifest=manifest,
    )  # fmt: skip
    folder = installation.runs / run_id
    unfinished = installation.runs / f".{run_id}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    write_all(products, unfinished)
    shutil.rmtree(folder, ignore_errors=True)  # of a run that crashed before it was recorded
    unfinished.rename(folder)
    run = {
        "run_id": run_id, "ordinal": ordinal, "start": window.start, "end": window.end,
        "state": manifest["state"], "manifest": json.dumps(manifest),
    }  # fmt: skip
    store.add_run(run, compared=compared, flags=flagged, feed_keys=fresh)
    _point_latest(installation.latest, folder)
    return Finished(run_id, folder, str(manifest["state"]), manifest, flagged, failures)


def ingest_options(
    installation: Installation,
    zones: Zones,
    area: str | None,
    mapping: str | None,
    assume_time: str | None,
) -> ingest.IngestOptions:
    """How feeds are read in this installation.

    Raises
    ------
    SelatError
        If the area or the mapping isn't known.
    """
    settings = installation.settings
    latest = datetime.now(UTC) + timedelta(hours=settings.ingest.max_future_h)
    return ingest.IngestOptions(
        area=ingest.Area.parse(area or settings.area, zones),
        mapping=mapping,
        mappings=installation.config / "mappings.yaml",
        assume_start=None if assume_time is None else _utc(assume_time).to_pydatetime(),
        not_after=latest,
        max_uncompressed_bytes=int(settings.ingest.max_uncompressed_gb * 1e9),
    )


def _iso(time: pd.Timestamp) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _count(frame: pd.DataFrame, column: str) -> dict[str, int]:
    return {str(k): int(v) for k, v in sorted(frame[column].value_counts().items())}


def _vessel_hours(positions: pd.DataFrame, window: Window) -> int:
    """Hours of the clock in which a vessel was heard, summed over vessels."""
    within = positions[positions["time"] >= window.start]
    hours = within["mmsi"].to_frame().assign(hour=within["time"].dt.floor("h"))
    return len(hours.drop_duplicates())


def _inputs(store: Queries, window: Window) -> list[dict[str, Any]]:
    """Feeds with reports in the window: name, sha256, report."""
    ledger = store.ledger()
    touching = (ledger["first_time"] <= window.end) & (ledger["last_time"] >= window.start)
    return [
        {"name": name, "sha256": sha256, "report": json.loads(report)}
        for name, sha256, report in zip(
            *(ledger.loc[touching, c].tolist() for c in ("name", "sha256", "report")), strict=True
        )
    ]


def _totals(inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts over some feeds, whole; rejects by reason."""
    reports = [feed["report"] for feed in inputs]
    rejected = Counter[str]()
    for report in reports:
        rejected.update(report["rejected"])
    counts = {name: sum(int(report[name]) for report in reports) for name in _COUNTED}
    return {**counts, "rejected": dict(sorted(rejected.items()))}


def _configuration_hashes(config: Path) -> dict[str, str]:
    files = sorted(p for p in config.rglob("*") if p.suffix in {".yaml", ".geojson"})
    return {
        str(p.relative_to(config)): hashlib.sha256(p.read_bytes()).hexdigest()[:16] for p in files
    }


def _git_commit() -> str:
    command = ["git", "-C", str(PROJECT), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _point_latest(link: Path, folder: Path) -> None:
    fresh = link.with_name(".latest.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.relative_to(link.parent))
    os.replace(fresh, link)  # noqa: PTH105


def ingest_only(
    installation: Installation,
    feeds: Sequence[str],
    *,
    area: str | None,
    mapping: str | None,
    assume_time: str | None = None,
    report: Reporter,
    dry_run: bool = False,
) -> IngestSummary:
    """Ingest feeds without detecting anything; with `dry_run` read them and write nothing."""
    zones = load_zones(installation)
    if dry_run:
        options = ingest_options(installation, zones, area, mapping, assume_time)
        return _read_only(ingest.discover(feeds, installation.spool), options, report)
    with write(installation.store, installation.settings.store) as store:
        return ingest_all(store, installation, zones, report, feeds, area, mapping, assume_time)


def _read_only(
    feeds: ingest.Feeds, options: ingest.IngestOptions, report: Reporter
) -> IngestSummary:
    summary = IngestSummary()
    _say_skipped(feeds, report)
    for feed in feeds:
        try:
            decoding = ingest.decode(feed, options)
            for _ in decoding:
                pass
        except SelatError as error:
            summary.failed[feed.name] = str(error)
            report.step(f"✗ {feed.name}: {error}")
            continue
        summary.added[feed.name] = decoding.report.to_dict()
        report.step(f"(not written) {feed.name}: {in_words(summary.added[feed.name])}")
    return summary


def detect_only(
    installation: Installation,
    date: str | None,
    since: str | None,
    until: str | None,
    report: Reporter,
) -> Finished:
    """Detect, assess and export over a window of what is in the store."""
    zones = load_zones(installation)
    if not exists(installation.store):
        raise NoDataError(f"no store in {installation.store}", hint="selat ingest FEED")
    with write(installation.store, installation.settings.store) as store:
        work_out_days(store, report)
        window = choose_window(store, date=date, since=since, until=until)
        detection = run_detectors(store, installation, window, zones, report)
        return finish_run(store, installation, window, detection, IngestSummary(), zones)


def raise_if_partial(finished: Finished) -> None:
    """Raise PartialRunError, naming what failed, where a part of a finished run did."""
    if finished.failures:
        what = "; ".join(f"{name}: {text}" for name, text in finished.failures.items())
        raise PartialRunError(f"the run is partial, its results are in {finished.folder}: {what}")


def export_run(installation: Installation, run_id: str | None, out: Path) -> list[Path]:
    """Write the products of a finished run into a new folder.

    Raises
    ------
    SelatError
        If the folder exists, or there is no such run.
    """
    if out.exists():
        raise SelatError(f"{out} exists already", hint="name a new folder")
    zones = load_zones(installation)
    with read(installation.store, installation.settings.store) as store:
        run = store.run(run_id) if run_id else store.last_run()
        if run is None:
            raise NoDataError(f"no run {run_id or ''} in the store", hint="see selat flagged")
        events, flagged = store.events(run["run_id"]), store.flags(run["run_id"])
        shown = _shown(events, flagged)
        products = Products(
            run_id=run["run_id"], start=run["start"], end=run["end"],
            simulated=bool(store.simulated), events=events, flagged=flagged,
            tracks=store.track_positions(sorted(shown), run["start"], run["end"]),
            vessels=with_flag_state(store.vessels(run["end"])), zones=zones,
            manifest=json.loads(run["manifest"]),
        )  # fmt: skip
    out.mkdir(parents=True)
    return write_all(products, out)


def _shown(events: pd.DataFrame, flagged: pd.DataFrame) -> set[int]:
    """MMSIs of flagged vessels and of those they met."""
    ids = set(";".join(flagged["event_ids"]).split(";"))
    partners = events[events["event_id"].isin(ids)]
    return (set(flagged["mmsi"]) | set(partners["mmsi"]) | set(partners["other_mmsi"])) - {0}


def simulate(
    installation: Installation,
    out: Path,
    *,
    seed: int,
    hours: float,
    vessels: int,
    start: str,
    report: Reporter,
) -> None:
    """Write an exercise feed and its truth."""
    with report.bar("Simulating", 1.0) as bar:
        exercise.simulate(
            out, seed=seed, hours=hours, vessels=vessels, start=_utc(start).to_pydatetime(),
            zones=load_zones(installation), progress=bar.to,
        )  # fmt: skip


def examine(installation: Installation) -> list[Problem]:
    """Problems of an installation: configuration, zones, area, store; none if all is well."""
    zone_folder = installation.config / "zones"
    problems = [*check_config(installation.config), *check_zone_files(zone_folder)]
    if not problems:
        zones = load_zones(installation)
        problems += check_zones(zones)
        area = installation.settings.area
        problems += attempt("settings.yaml, area", lambda: ingest.Area.parse(area, zones))
    if exists(installation.store):
        problems += attempt("store", lambda: _open_store(installation))
    return problems


def _open_store(installation: Installation) -> None:
    with read(installation.store, installation.settings.store) as store:
        store.last_run()

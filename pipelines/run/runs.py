"""A run: detect over a window, compare, assess, export, record."""

import hashlib
import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd

import detectors
from detectors.core import events
from detectors.core.detector import Detector
from detectors.core.errors import SelatError
from detectors.surroundings.zones import Zones
from pipelines.assess import Assessment, assess, watchlists
from pipelines.assess.scoring import HISTORY_DAYS
from pipelines.base.progress import Reporter
from pipelines.base.settings import PROJECT, REFERENCE, Installation
from pipelines.base.visible import clean_lines
from pipelines.detect.compare import compare
from pipelines.detect.days import DaysReport, refresh
from pipelines.detect.window import Detection, Heard, detect, events_to_compare, heard_by_vessel
from pipelines.publish import write_all
from pipelines.publish.products import Products
from pipelines.reference import layers as reference
from pipelines.run.sightings import import_sightings
from pipelines.run.windows import FOREVER, NoDataError, Window, choose_window
from pipelines.store import Queries, Writer, exists, write

_COUNTED: Final = (
    "rows_read",
    "positions",
    "statics",
    "outside_area",
    "joined_parts",
    "duplicate_parts",
)


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


def load_zones(installation: Installation) -> Zones:
    """Zones and land of an installation, learned places that were accepted among them."""
    return reference.load_zones(installation.config / "zones", REFERENCE, installation.learned)


def load_models(installation: Installation) -> dict[str, Any]:
    """Fitted models of an installation by name, the newest snapshot of each."""
    from pipelines.reference import models

    return models.load(installation.learned)


def learned_in_use(installation: Installation, models: Mapping[str, Any]) -> dict[str, Any]:
    """What was learned and is used: fitted models (null where none is) and accepted places."""
    from pipelines.reference import learned as snapshot

    fitted = models.get("normal")
    return {
        "normal": {"name": fitted.name, "hash": fitted.hash} if fitted else None,
        "places": snapshot.in_use(installation.learned),
    }


def work_out_days(store: Writer, report: Reporter) -> DaysReport:
    """Bring tracks and coverage of every UTC date in line with its files."""
    with report.bar("Tracks and coverage", None) as bar:
        return refresh(store, bar.to)


def run_detectors(
    store: Queries, installation: Installation, window: Window, zones: Zones, report: Reporter
) -> Detection:
    """Run every configured detector over the window."""
    with report.bar("Detecting", None) as bar:
        found = detect(
            store,
            build_detectors(installation),
            start=window.start,
            end=window.now,
            zones=zones,
            reach_back=timedelta(days=installation.settings.detection.reach_back_days),
            models=load_models(installation),
            progress=bar.say,
        )
    return within(found, window)


def within(found: Detection, window: Window) -> Detection:
    """What is a run's own of what was found: later reports only tell how an event ended."""
    begun = found.events["start"] <= window.end
    heard = found.positions["time"] <= window.end
    return replace(
        found,
        events=found.events[begun].reset_index(drop=True),
        positions=found.positions[heard].reset_index(drop=True),
    )


def build_detectors(installation: Installation) -> list[Detector]:
    """The configured detectors."""
    return detectors.build(installation.detectors)


@dataclass(frozen=True)
class Judged:
    """What a look at a window comes to, before anything is written.

    Attributes
    ----------
    assessed
        Flags and reasons.
    compared
        The events with their status against the store; see `compare`.
    watchlists
        The lists that counted.
    """

    assessed: Assessment
    compared: pd.DataFrame
    watchlists: list[watchlists.Watchlist]


def judge(
    store: Queries, installation: Installation, window: Window, detection: Detection
) -> Judged:
    """Assess what was detected, and compare it with what the store holds."""
    gazetteer = reference.load_gazetteer(REFERENCE)
    configured = build_detectors(installation)
    stored = events_to_compare(store, configured, window.start, window.end)
    succeeded = succeeded_of(configured, detection.failures)
    # What a detector that failed tonight had found before stays a lead.
    held = stored.loc[~stored["detector"].isin(list(succeeded)), list(events.EVENTS)]
    found = detection.events[detection.events["detector"].isin(list(succeeded))]
    leads = replace(detection, events=events.concat([found, held]))
    past = store.events_touching(window.start - HISTORY, window.start)
    lists = watchlists.load(installation.watchlists)
    assessed = assess(
        leads,
        gazetteer,
        installation.settings.assess,
        past=past[list(events.EVENTS)],
        watchlists=lists,
        dispositions=store.dispositions(),
        looked_at=detection.heard.vessels if detection.heard else None,
    )
    told = assessed.events
    compared = compare(told[~told["event_id"].isin(held["event_id"])], stored, succeeded)
    return Judged(assessed, compared, lists)


def finish_run(
    store: Writer,
    installation: Installation,
    window: Window,
    detection: Detection,
    unread: Mapping[str, str],
    zones: Zones,
) -> Finished:
    """Compare, assess, export and record a run; its results appear to readers all at once.

    `unread` names the feeds that couldn't be read, with the reason.
    """
    configured = build_detectors(installation)
    heard = detection.heard or Heard.of(
        heard_by_vessel(detection.positions, window.start, window.end)
    )
    looked = judge(store, installation, window, detection)
    assessed, compared, lists = looked.assessed, looked.compared, looked.watchlists
    flagged = assessed.flagged
    last = store.last_run()
    ordinal = 1 if last is None else int(last["ordinal"]) + 1
    run_id = f"{window.end:%Y%m%dT%H%M%SZ}-{ordinal:04d}"
    fresh = _looked_at(store.new_feeds(), window) + _seen(store.new_sightings(), window)
    inputs = run_inputs(store, window.start, window.end)
    totals = totals_of(inputs)
    failures = {
        **{f"feed {name}": text for name, text in unread.items()},
        **{f"detector {name}": text for name, text in detection.failures.items()},
    }
    now = store.now(FOREVER)
    manifest = {
        "run_id": run_id,
        "state": "partial" if failures else "complete",
        "simulated": bool(store.simulated),
        "window": {"start": _iso(window.start), "end": _iso(window.end)},
        "now": now.in_words() if now is not None and now.time <= window.now else "",
        "asked": {
            "span": None if window.asked is None else [t.isoformat() for t in window.asked],
            "arrived": store.arrived(),
        },
        "git_commit": git_commit(),
        "configuration": _configuration_hashes(installation.config),
        "inputs": [{"name": i["name"], "sha256": i["sha256"]} for i in inputs],
        "detectors": {d.name: d.version for d in configured},
        "learned": learned_in_use(installation, detection.context.models),
        "counts": {
            "feeds": len(inputs),
            **{name: totals[name] for name in (*_COUNTED, "other_messages")},
            **_cleaned(store, window),
            "reports_looked_at": heard.reports,
            "sightings_looked_at": len(store.sightings(window.start, window.end)),
            "vessels_looked_at": heard.vessels,
            "vessel_hours": heard.vessel_hours,
            "passes": detection.passes,
            "events": count_by(compared, "kind"),
            "status": count_by(compared, "status"),
            "flagged": len(flagged),
            "over_budget": assessed.over_budget,
        },
        "held_back": [str(rule) for rule in assessed.held_back],
        "watchlists": [
            {
                "name": one.name,
                "title": one.about.title,
                "licence": one.about.licence,
                "entries": len(one.entries),
                "ignored": one.ignored,
            }
            for one in lists
        ],
        "rejected": totals["rejected"],
        "failures": failures,
    }
    shown = shown_vessels(compared, flagged)
    tracks = detection.positions
    tracks = tracks[tracks["mmsi"].isin(shown) & (tracks["time"] >= window.start)]
    products = Products(
        run_id=run_id,
        start=window.start,
        end=window.end,
        simulated=bool(store.simulated),
        events=compared.drop(columns="supersedes"),
        flagged=flagged,
        parts=assessed.parts,
        tracks=tracks.reset_index(drop=True),
        vessels=detection.context.vessels,
        zones=zones,
        manifest=manifest,
    )
    folder = installation.runs / run_id
    unfinished = installation.runs / f".{run_id}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    write_all(products, unfinished)
    for name, text in detection.tracebacks.items():
        (unfinished / f"failure-{name}.txt").write_text(clean_lines(text), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)  # of a run that crashed before it was recorded
    unfinished.rename(folder)
    run = {
        "run_id": run_id,
        "ordinal": ordinal,
        "start": window.start,
        "end": window.end,
        "state": manifest["state"],
        "manifest": json.dumps(manifest),
    }
    store.add_run(run, compared=compared, flags=flagged, feed_keys=fresh)
    point_latest(installation.latest, folder)
    return Finished(run_id, folder, str(manifest["state"]), manifest, flagged, failures, compared)


def shown_vessels(events: pd.DataFrame, flagged: pd.DataFrame) -> set[int]:
    """MMSIs of flagged vessels and of those they met."""
    ids = set(";".join(flagged["event_ids"]).split(";"))
    partners = events[events["event_id"].isin(ids)]
    return (set(flagged["mmsi"]) | set(partners["mmsi"]) | set(partners["other_mmsi"])) - {0}


def succeeded_of(configured: Sequence[Detector], failures: Mapping[str, str]) -> set[str]:
    """Names of detectors that neither failed nor read the events of one that did."""
    without = set(failures)
    while more := {d.name for d in configured if without & set(d.after)} - without:
        without |= more
    return {d.name for d in configured} - without


def _iso(time: pd.Timestamp) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def count_by(frame: pd.DataFrame, column: str) -> dict[str, int]:
    """How many rows there are of each value of a column."""
    return {str(k): int(v) for k, v in sorted(frame[column].value_counts().items())}


def _looked_at(fresh: pd.DataFrame, window: Window) -> list[str]:
    """Keys of the new feeds that lie in the window whole; the others stay new."""
    before = fresh["first_time"] < window.start
    after = fresh["last_time"] > window.end
    return [str(key) for key in fresh.loc[~(before | after), "feed_key"]]


def _seen(fresh: pd.DataFrame, window: Window) -> list[str]:
    """Keys of the new files of sightings that hold none after the window."""
    return [str(key) for key in fresh.loc[fresh["last_time"] <= window.end, "feed_key"]]


def run_inputs(store: Queries, start: pd.Timestamp, end: pd.Timestamp) -> list[dict[str, Any]]:
    """Feeds with reports in a window: feed_key, name, sha256, report."""
    ledger = store.ledger()
    touching = (ledger["first_time"] <= end) & (ledger["last_time"] >= start)
    return [
        {"feed_key": key, "name": name, "sha256": sha256, "report": json.loads(report)}
        for key, name, sha256, report in zip(
            *(ledger.loc[touching, c].tolist() for c in ("feed_key", "name", "sha256", "report")),
            strict=True,
        )
    ]


def _cleaned(store: Queries, window: Window) -> dict[str, int]:
    """Copies and corrupt fixes set aside on the UTC dates of the window."""
    first, last = window.start.strftime("%Y-%m-%d"), window.end.strftime("%Y-%m-%d")
    days = [json.loads(text) for text in store.day_counts(first, last)]
    return {name: sum(day[name] for day in days) for name in ("duplicates", "rejected_jumps")}


def totals_of(inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts over some feeds, whole; rejects by reason."""
    reports = [feed["report"] for feed in inputs]
    rejected = Counter[str]()
    for report in reports:
        rejected.update(report["rejected"])
    counts = {name: sum(int(report.get(name, 0)) for report in reports) for name in _COUNTED}
    counts["other_messages"] = sum(sum(report["other_messages"].values()) for report in reports)
    return {**counts, "rejected": dict(sorted(rejected.items()))}


def _configuration_hashes(config: Path) -> dict[str, str]:
    files = sorted(p for p in config.rglob("*") if p.suffix in {".yaml", ".geojson"})
    return {
        str(p.relative_to(config)): hashlib.sha256(p.read_bytes()).hexdigest()[:16] for p in files
    }


def git_commit() -> str:
    """The commit of the program, empty where it isn't known."""
    command = ["git", "-C", str(PROJECT), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def point_latest(link: Path, folder: Path) -> None:
    """Let HOME/latest name the folder of a run."""
    fresh = link.with_name(".latest.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.relative_to(link.parent))
    os.replace(fresh, link)  # noqa: PTH105


def detect_only(
    installation: Installation,
    date: str | None,
    since: str | None,
    until: str | None,
    report: Reporter,
    sightings: Sequence[str] = (),
) -> Finished:
    """Detect, assess and export over a window of what is in the store, new sightings included."""
    zones = load_zones(installation)
    if not exists(installation.store, installation.settings.store):
        raise NoDataError(f"no store in {installation.store}", hint="selat ingest FEED")
    with write(installation.store, installation.settings.store) as store:
        seen = import_sightings(store, installation, report, sightings)
        work_out_days(store, report)
        window = choose_window(store, date=date, since=since, until=until)
        detection = run_detectors(store, installation, window, zones, report)
        return finish_run(store, installation, window, detection, seen.failed, zones)


def raise_if_partial(finished: Finished) -> None:
    """Raise PartialRunError, naming what failed, where a part of a finished run did."""
    if finished.failures:
        what = "; ".join(f"{name}: {text}" for name, text in finished.failures.items())
        raise PartialRunError(f"the run is partial, its results are in {finished.folder}: {what}")


def export_run(installation: Installation, run_id: str | None, out: Path) -> list[Path]:
    """Copy the products of a finished run into a new folder, which appears whole.

    Raises
    ------
    SelatError
        If the folder exists, or there is no such run.
    """
    if out.exists():
        raise SelatError(f"{out} exists already", hint="name a new folder")
    folder = installation.runs / run_id if run_id else installation.latest
    if not (folder / "manifest.json").exists():
        raise NoDataError(
            f"no run {run_id} in {installation.runs}" if run_id else "no finished run",
            hint="the runs are the folders in HOME/runs",
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(folder.resolve(), unfinished)
    unfinished.rename(out)
    return sorted(out.iterdir())

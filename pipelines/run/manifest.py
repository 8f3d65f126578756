"""What a run's manifest says: what was asked, what went in, what came out, what failed."""

import json
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from detectors.core.errors import SelatError
from detectors.kinematics.integrity import final_at
from detectors.surroundings import nearby
from pipelines.assess.incidents.silences import at_once
from pipelines.base.files import digest_of_files, remembered_sha256
from pipelines.base.settings import PROJECT, Installation
from pipelines.base.text import iso
from pipelines.detect.heard import Heard
from pipelines.detect.lacking import lacking
from pipelines.detect.reception import received
from pipelines.run.setup import Setup
from pipelines.run.windows import FOREVER, Window
from pipelines.store import Queries

if TYPE_CHECKING:
    from pipelines.run.runs import Judged

_COUNTED: Final = (
    "rows_read",
    "positions",
    "statics",
    "outside_area",
    "joined_parts",
    "duplicate_parts",
)


def manifest_of(
    run_id: str,
    store: Queries,
    setup: Setup,
    judged: "Judged",
    failures: Mapping[str, str],
    look: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what is written of a run beside its results, in the order of the file.

    `look`: what is told of a look between nights.
    """
    window, detection, assessed = judged.window, judged.detection, judged.assessed
    heard = Heard.of(detection.heard)
    inputs = run_inputs(store, window.start, window.end)
    totals = totals_of(inputs)
    now = store.now(FOREVER)
    return {
        "run_id": run_id,
        "state": "partial" if failures else "complete",
        "simulated": bool(store.simulated),
        "window": {"start": iso(window.start), "end": iso(window.end)},
        "now": now.in_words() if now is not None and now.time <= window.now else "",
        "asked": {
            "span": None if window.asked is None else [t.isoformat() for t in window.asked],
            "arrived": store.arrived(),
        },
        "contact": setup.installation.settings.contact,
        "git_commit": git_commit(),
        "configuration": dict(judged.configuration),
        "inputs": [{"name": i["name"], "sha256": i["sha256"]} for i in inputs],
        "detectors": {d.name: d.version for d in setup.detectors},
        "learned": learned_in_use(setup.installation, detection.context.models),
        "counts": {
            "feeds": len(inputs),
            **{name: totals[name] for name in (*_COUNTED, "other_messages")},
            **_cleaned(store, window),
            "reports_looked_at": heard.reports,
            "sightings_looked_at": len(store.sightings(window.start, window.end)),
            "vessels_looked_at": heard.vessels,
            "vessel_hours": heard.vessel_hours,
            "passes": detection.passes,
            "events": count_by(judged.compared, "kind"),
            "status": count_by(judged.compared, "status"),
            "out_of_reach": out_of_reach(judged.compared),
            "flagged": len(assessed.flagged),
            "over_budget": assessed.over_budget,
            "of_own_vessels": assessed.own,
        },
        "heard_within_deg": list(heard.within_deg),
        "provisional": _provisional(judged.compared, assessed.flagged, window.now),
        "reception": reception(store, setup.installation, window),
        "silent_at_once": silent_at_once(judged.compared, setup.installation),
        "lacking": lacked(store, detection.heard, window, between=look is not None),
        "held_back": [str(rule) for rule in assessed.held_back],
        "watchlists": [
            {
                "name": one.name,
                "title": one.about.title,
                "licence": one.about.licence,
                "entries": len(one.entries),
                "ignored": one.ignored,
            }
            for one in judged.watchlists
        ],
        "rejected": totals["rejected"],
        "failures": dict(failures),
        **({} if look is None else {"look": dict(look)}),
    }


def lacked(store: Queries, heard: pd.DataFrame, window: Window, *, between: bool) -> list[str]:
    """Return what the feeds lack: between nights what the last night said, which asked all reports;
    where there was none, what it is now.
    """
    night = store.last_run(looks=False) if between else None
    if night is None:
        return lacking(store, heard, window.start, window.end)
    return [str(name) for name in json.loads(str(night["manifest"])).get("lacking", [])]


def _provisional(
    compared: pd.DataFrame, flagged: pd.DataFrame, now: pd.Timestamp
) -> dict[str, Any]:
    """Count flags whose strongest event rests on provisional verdicts, and say until when."""
    firsts = [ids.split(";")[0] for ids in flagged["event_ids"].tolist()]
    theirs = compared[compared["event_id"].isin(firsts)]
    end_of = dict(zip(theirs["event_id"].tolist(), theirs["end"].tolist(), strict=True))
    until = [final_at(end_of[first], now) for first in firsts if first in end_of]
    pending = [time for time in until if time is not None]
    return {"flagged": len(pending), "until": iso(max(pending)) if pending else None}


def reception(store: Queries, installation: Installation, window: Window) -> dict[str, Any]:
    """Return where and when less was heard than usual in the last day of the window."""
    settings = installation.settings.health
    found = received(store, window.end, settings.usual_days)
    poor = found.poor(settings.min_usual_share)
    return {
        "poor": None if poor is None else asdict(poor),
        "gaps": found.gaps,
        "longest_gap_s": found.longest_gap_s,
        "longest_gap_from": None if found.gap_from is None else iso(found.gap_from),
    }


def silent_at_once(compared: pd.DataFrame, installation: Installation) -> dict[str, Any] | None:
    """Return how many silences began at once, of how many, and when; None where few did."""
    found = at_once(compared, installation.settings.assess.min_score)
    return None if found is None else {"n": found.n, "of": found.of, "from": iso(found.start)}


def out_of_reach(compared: pd.DataFrame) -> int:
    """Count standing events that weren't assessed, since no land layer reaches their place."""
    standing = compared["status"] != "retracted"
    unassessed = compared["explanation"].astype("str").str.startswith(nearby.NOT_ASSESSED)
    return int((standing & unassessed).sum())


def learned_in_use(installation: Installation, models: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was learned and is used: fitted models (null for none), accepted places."""
    from pipelines.reference import learned as snapshot

    fitted = models.get("normal")
    if isinstance(fitted, SelatError):
        fitted = None
    return {
        "normal": {"name": fitted.name, "hash": fitted.hash} if fitted else None,
        "places": snapshot.in_use(installation.learned),
    }


def count_by(frame: pd.DataFrame, column: str) -> dict[str, int]:
    """Return how many rows there are of each value of a column."""
    return {str(k): int(v) for k, v in sorted(frame[column].value_counts().items())}


def run_inputs(store: Queries, start: pd.Timestamp, end: pd.Timestamp) -> list[dict[str, Any]]:
    """Return feeds with reports in a window: feed_key, name, sha256, report."""
    ledger = store.ledger()
    touching = (ledger["first_time"] <= end) & (ledger["last_time"] >= start)
    return [
        {"feed_key": key, "name": name, "sha256": sha256, "report": json.loads(report)}
        for key, name, sha256, report in zip(
            *(ledger.loc[touching, c].tolist() for c in ("feed_key", "name", "sha256", "report")),
            strict=True,
        )
    ]


def totals_of(inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sum the counts of some feeds, whole; rejects by reason."""
    reports = [feed["report"] for feed in inputs]
    rejected = Counter[str]()
    for report in reports:
        rejected.update(report["rejected"])
    counts = {name: sum(int(report.get(name, 0)) for report in reports) for name in _COUNTED}
    counts["other_messages"] = sum(sum(report["other_messages"].values()) for report in reports)
    return {**counts, "rejected": dict(sorted(rejected.items()))}


def _cleaned(store: Queries, window: Window) -> dict[str, int]:
    first, last = window.start.strftime("%Y-%m-%d"), window.end.strftime("%Y-%m-%d")
    days = [json.loads(text) for text in store.day_counts(first, last)]
    names = ("duplicates", "false_fixes", "clock_faults", "not_vessels", "put_right")
    return {name: sum(day.get(name, 0) for day in days) for name in names}


def configuration_hashes(installation: Installation) -> dict[str, str]:
    """Return a hash of each file of the configuration, and one of all reference layers."""
    config = installation.config
    files = sorted(p for p in config.rglob("*") if p.suffix in {".yaml", ".geojson"})
    hashes = {str(p.relative_to(config)): remembered_sha256(p)[:16] for p in files}
    return {**hashes, "reference": reference_hash(installation)}


def reference_hash(installation: Installation) -> str:
    """Return a hash of all reference layers."""
    return digest_of_files(installation.reference)[:16]


@cache
def git_commit() -> str:
    """Return the commit of the program as this process began, empty where it isn't known."""
    command = ["git", "-C", str(PROJECT), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()

"""Finding out how an installation is. Reads published snapshots; never waits for a writer."""

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

import pandas as pd

from pipelines.ask.health.model import (
    Backup,
    Clock,
    Disk,
    Early,
    Feed,
    Health,
    LastLook,
    LastRun,
    Schedule,
    StoreHealth,
    WrongPack,
)
from pipelines.ask.held_wrong import broken_log, held_wrong
from pipelines.base.failure import failure_of
from pipelines.base.files import read_plain
from pipelines.base.schedule import believed, due_around, read_served
from pipelines.base.settings import Installation
from pipelines.base.text import counted, minute
from pipelines.base.visible import clean
from pipelines.detect.reception import received
from pipelines.ingest import clocks, waiting
from pipelines.ingest.sightings import FUTURE
from pipelines.run.looked import read_state
from pipelines.run.published import published_at
from pipelines.store import Queries, StoreError, exists, read
from pipelines.store.catalogue import SCHEMA_VERSION
from pipelines.store.migrations import KEPT

MIN_COVERED_H: Final = 3.0
"""A feed's rate on a date counts from so many hours on: files of a few minutes say little."""

MAX_CLOCKS: Final = 20
"""Newest feeds whose clocks are told of."""

NEWEST: Final = timedelta(days=1)
MAX_NAMED: Final = 5
MAX_NAME: Final = 40
"""Of the newest dates so many receivers are named, by so much of their names."""

DATES: Final = 14
"""So many of the newest dates show what a day adds to the disk."""

RECEIVERS_HINT: Final = (
    "set their clocks. Most clocks are taken for right: where most are wrong, or a feed names "
    "receivers that nobody knows, times that were right were moved; then take that feed out: selat "
    "store feeds tells its id, selat store delete ID removes it"
)


def gather(installation: Installation, now: datetime) -> Health:
    """All that is known at a time.

    The clock of an exercise is its newest report: ages of feeds are measured from there.

    Raises StoreError if the store can't be opened, or is gone while runs that it made are there.
    """
    last_run = coverage = store = None
    feeds: tuple[Feed, ...] = ()
    growth = 0.0
    ahead = ""
    early: tuple[Early, ...] = ()
    seen: tuple[Clock, ...] = ()
    wrong: tuple[WrongPack, ...] = ()
    if exists(installation.store, installation.settings.store):
        with read(installation.store, installation.settings.store) as reader:
            last_run = _last_run(reader, installation)
            believed = reader.now(pd.Timestamp(now))
            heard = None if believed is None else believed.time
            ahead = believed.in_words() if believed is not None and believed.later else ""
            clock = now if not reader.simulated or heard is None else heard.to_pydatetime()
            days = installation.settings.health.usual_days
            feeds = _feeds(reader, clock, days)
            coverage = None if heard is None else received(reader, heard, days)
            dates = reader.files_by_date()
            store = _store(reader, installation.store, dates)
            growth = _growth(reader, installation.runs, dates)
            early = _early(reader, now)
            seen = (*_clocks(reader), *(() if heard is None else _put_right(reader, heard)))
            seen += _read_twice(reader)
            wrong = tuple(
                WrongPack(
                    one.pack,
                    one.title,
                    str(one),
                    cleared_only=set(one.leads["what"]) == {"cleared"},
                    forgotten=one.leads.empty,
                )
                for one in held_wrong(reader, installation, pd.Timestamp(now))
            )
    elif installation.newest.exists():
        raise StoreError(
            f"there is no store in {installation.store}, though {installation.newest} names a run "
            "that one made: what was concluded isn't there either",
            hint="is its disk mounted? Else take a backup back, or ingest the feeds again",
        )
    return Health(
        now=now,
        home=str(installation.home),
        failure=failure_of(installation),
        last_run=last_run,
        schedule=_schedule(installation, now),
        feeds=feeds,
        recording_age_s=_recording_age_s(installation.recordings, now),
        coverage=coverage,
        store=store,
        disk=_disk(installation.home, growth),
        backup=_backup(installation.last_backup),
        waiting=early,
        clocks=seen,
        ahead=ahead,
        wrong_packs=wrong,
        broken_log=broken_log(installation),
        last_look=_last_look(installation),
    )


def _last_look(installation: Installation) -> LastLook | None:
    state = read_state(installation)
    if state is None:
        return None
    return LastLook(state.looked, state.upto, state.whole, state.every_min)


def _shown(reader: Queries, installation: Installation, newest: str) -> str:
    """Return the earlier run that HOME names as the newest; empty where it names that one."""
    named = installation.newest.resolve().name
    return named if named != newest and named in set(reader.runs()["run_id"]) else ""


def _last_run(reader: Queries, installation: Installation) -> LastRun | None:
    run = reader.last_run()
    if run is None:
        return None
    manifest = json.loads(run["manifest"])
    return LastRun(
        run_id=str(run["run_id"]),
        state=str(run["state"]),
        start=run["start"].to_pydatetime(),
        end=run["end"].to_pydatetime(),
        finished=published_at(installation, str(run["run_id"])),
        flagged=int(manifest["counts"]["flagged"]),
        held_back=tuple(manifest.get("held_back", [])),
        failures=tuple(f"{name}: {text}" for name, text in manifest["failures"].items()),
        shown=_shown(reader, installation, str(run["run_id"])),
        lacking=tuple(manifest.get("lacking", [])),
        lost=not (installation.newest / "manifest.json").exists(),
    )


def _schedule(installation: Installation, now: datetime) -> Schedule:
    settings = installation.settings.schedule
    due, next_due = due_around(settings.cron, settings.timezone, now)
    served = read_served(installation.service)
    if served is None:
        return Schedule(None, due, next_due, missing=False)
    served = believed(served, settings.cron, settings.timezone, now)
    done = served.done is not None and served.done >= due
    late = now > due + timedelta(hours=settings.late_h)
    return Schedule(served.since, due, next_due, served.since <= due and late and not done)


def _feeds(reader: Queries, clock: datetime, days: int) -> tuple[Feed, ...]:
    since = (clock - timedelta(days=days + 1)).strftime("%Y-%m-%d")
    table = reader.feed_days(since)
    ledger = reader.ledger().dropna(subset="last_time")
    table["feed"], ledger["feed"] = (_pattern(frame["name"]) for frame in (table, ledger))
    feeds = []
    for name, files in ledger.groupby("feed"):
        newest = files["last_time"].max().to_pydatetime()
        own = table[table["feed"] == name]
        rates, dates = _rates(own), sorted(set(own["date"]))
        between = list(pd.date_range(dates[0], dates[-1])) if dates else []
        feeds.append(
            Feed(
                name=str(name),
                files=len(files),
                newest=newest,
                lag_s=max(0.0, (clock - newest).total_seconds()),
                reports_per_h=rates[-1] if rates else None,
                usual_per_h=median(rates[:-1]) if len(rates) > 1 else None,
                silent_dates=tuple(
                    f"{d:%Y-%m-%d}" for d in between if f"{d:%Y-%m-%d}" not in dates
                ),
            )
        )
    return tuple(feeds)


def _pattern(names: "pd.Series[Any]") -> "pd.Series[Any]":
    """Names of feed files as the feed that they come from."""
    return names.map(lambda name: re.sub(r"\d+", "#", str(name)))


def _rates(table: pd.DataFrame) -> list[float]:
    """Return reports an hour of a feed on each date that it covers well enough, oldest first."""
    dates = table.groupby("date").agg(
        reports=("reports", "sum"), first=("first_time", "min"), last=("last_time", "max")
    )
    hours = (dates["last"] - dates["first"]).dt.total_seconds() / 3600
    enough = hours >= MIN_COVERED_H
    return [float(rate) for rate in (dates["reports"] / hours)[enough]]


def _early(reader: Queries, now: datetime) -> tuple[Early, ...]:
    """Return what waits for its time; feeds first of which more waits."""
    feeds = waiting.by_content(reader.waiting()).values()
    early = [
        Early(f"feed {one.feed}", one.in_words(now))
        for one in sorted(feeds, key=lambda one: (not one.may_be_the_clock, -one.rows, one.feed))
    ]
    for row in reader.sighting_files().itertuples(index=False):
        report = json.loads(str(row.report))  # empty where only some of a file's are held
        if rows := report.get("rejected", {}).get(FUTURE, 0):
            text = (
                f"{counted(rows, 'sighting')} lay in the future when read: this machine's clock "
                f"({minute(now)}) may be slow; what lies there is kept out, and taken at the next "
                "run that is given the file once its time has come"
            )
            early.append(Early(f"sightings {row.name}", text))
    return tuple(early)


def _clocks(reader: Queries) -> tuple[Clock, ...]:
    """Return what is said of the clocks of the newest feeds, newest first.

    Of files that are one feed, such as the recordings of a receiver, the newest that says it of a
    receiver: else each of them would be something new to tell of.
    """
    ledger = reader.ledger()
    feeds = _pattern(ledger["name"])
    alone = ~feeds.duplicated(keep=False)
    ledger["feed"] = feeds.where(~alone, ledger["name"])
    found: dict[tuple[str, str, str], Clock] = {}
    for row in ledger.tail(MAX_CLOCKS)[::-1].itertuples(index=False):
        for text, hint in clocks.told(json.loads(str(row.report))):
            receiver = text.partition(": ")[0] if text.startswith("receiver ") else ""
            clock = Clock(f"feed {row.feed}", text, hint)
            found.setdefault((clock.name, receiver, hint), clock)
    return tuple(found.values())


def _put_right(reader: Queries, heard: pd.Timestamp) -> tuple[Clock, ...]:
    """Return what is said of receivers whose clocks were put right on the newest dates."""
    first, last = (f"{day:%Y-%m-%d}" for day in (heard - NEWEST, heard))
    found = []
    for date, counts in reader.clocks_put_right(first, last).items():
        wrong = sorted(counts["clocks"].items(), key=lambda one: -one[1]["hours"])
        named = [
            f"{clean(name)[:MAX_NAME]} {one['late_s']:+.0f} s ({one['hours']:.1f} h)"
            for name, one in wrong[:MAX_NAMED]
        ]
        rest = ", …" if len(wrong) > MAX_NAMED else ""
        text = (
            "by the vessels that several receivers heard, clocks were wrong (+ is fast), and "
            f"{counts['put_right']:,} of {counts['reports']:,} reports were dated anew: "
            f"{', '.join(named)}{rest}"
        )
        found.append(Clock(f"receivers on {date}", text, RECEIVERS_HINT))
    return tuple(found)


def _read_twice(reader: Queries) -> tuple[Clock, ...]:
    """Return what is said of tables that stand in two readings, one of an older program that passed
    by a column which says what stands beside it, or a unit: it may lie elsewhere, or at other
    times, and go faster.
    """
    twice = reader.sql(
        "SELECT feed_key, sha256, name, report FROM ledger WHERE sha256 IN "
        "(SELECT sha256 FROM ledger GROUP BY 1 HAVING count(*) > 1) ORDER BY name, feed_key"
    )
    readings: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for key, content, name, text in twice.itertuples(index=False, name=None):
        report = json.loads(text)
        if "read_as" in report:  # by what its columns are called
            readings.setdefault(content, []).append((key, name, report))
    found = []
    for of_one in readings.values():
        newer, _, knows = min(of_one, key=lambda one: (len(_unread(one[2])), -_units(one[2])))
        for older, name, report in of_one:
            units = {
                read
                for what, read in knows["read_as"].items()
                if str(read).startswith(f"{report['read_as'].get(what)} (")
            }
            if passed_by := ", ".join(sorted(_unread(report) - _unread(knows) | units)):
                text = (
                    f"it stands here in two readings: {older} passed by {passed_by}, which {newer} "
                    "reads"
                )
                hint = f"selat store delete {older} takes the older one away"
                found.append(Clock(f"feed {name}", text, hint))
    return tuple(found)


def _unread(report: Mapping[str, Any]) -> set[str]:
    return set(report.get("unused", ()))


def _units(report: Mapping[str, Any]) -> int:
    return sum(str(read).endswith(")") for read in report["read_as"].values())


def _store(reader: Queries, root: Path, dates: pd.DataFrame) -> StoreHealth:
    return StoreHealth(
        schema_version=SCHEMA_VERSION,
        simulated=reader.simulated,
        dates=len(dates),
        files=int(dates["files"].sum()),
        rows=int(dates["rows"].sum()),
        bytes=int(_bytes(dates).sum()) + (root / "catalogue.duckdb").stat().st_size,
        lost=tuple(reader.lost()),
        kept_bytes=_size(path for path in (root / KEPT).rglob("*") if path.lstat().st_nlink == 1),
    )


def _bytes(dates: pd.DataFrame) -> pd.Series:
    """Return what dates take on disk: what was received, and what was worked out from it."""
    return dates["bytes"] + dates["judged_bytes"]


def _growth(reader: Queries, runs: Path, dates: pd.DataFrame) -> float:
    by_date = _bytes(dates.tail(DATES))
    told = reader.runs()
    days = told["known_time"].dt.floor("D")
    newest = [own["run_id"].tolist() for _, own in told.groupby(days)][-DATES:]
    results = [_size(p for run_id in day for p in (runs / run_id).rglob("*")) for day in newest]
    per_day = float(by_date.median()) if len(by_date) else 0.0
    return per_day + (median(results) if results else 0.0)


def _disk(home: Path, growth: float) -> Disk:
    place = home
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    return Disk(
        home_bytes=_size(home.rglob("*")),
        free_bytes=free,
        growth_per_day_bytes=growth,
        days_left=free / growth if growth else None,
        read_only=bool(os.statvfs(place).f_flag & os.ST_RDONLY),
    )


def _size(paths: Iterable[Path]) -> int:
    """Bytes of some files; one that vanishes meanwhile counts nothing, a hard link once."""
    seen: dict[tuple[int, int], int] = {}
    for path in paths:
        try:
            stat = path.lstat()
        except OSError:
            continue
        if os.path.isfile(path):  # noqa: PTH113 - no error for what vanished
            seen[(stat.st_dev, stat.st_ino)] = stat.st_size
    return sum(seen.values())


def _recording_age_s(folder: Path, now: datetime) -> float | None:
    times = []
    for path in [*folder.glob("*.nmea.zst"), *folder.glob(".*.part")]:
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            continue  # got its final name meanwhile
    return now.timestamp() - max(times) if times else None


def _backup(note: Path) -> Backup | None:
    with suppress(OSError, ValueError, KeyError, TypeError):  # what can't be read tells of none
        made = json.loads(read_plain(note))
        time = datetime.strptime(made["made"], "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
        return Backup(time, str(made["folder"]))
    return None

"""Looking again at what older versions of the detectors have looked at.

A run's manifest says which versions it had. A day whose newest run had others than are configured
now is looked at again, day by day (Kuala Lumpur), as nightly runs do; since events are the same
however a span is cut, a year done so is the year done at once. Without `apply` the store is only
read, and the difference shown.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pandas as pd

from detectors.core.events import EVENTS
from pipelines.base.progress import Reporter
from pipelines.base.settings import Installation
from pipelines.base.text import LOCAL
from pipelines.detect.days import stale
from pipelines.detect.window import events_to_compare
from pipelines.run import runs
from pipelines.run.opened import require_store, writing
from pipelines.run.setup import Setup
from pipelines.run.windows import (
    NoDataError,
    Window,
    asked_for,
    choose_window,
    span_of,
)
from pipelines.store import Queries, Writer, read

SAME: Final = "same"
"""Status of an event that differs in the detector's version alone."""


@dataclass(frozen=True)
class Redetection:
    """What looking again comes to."""

    days: tuple[str, ...]
    """Kuala Lumpur days looked at."""
    versions: Mapping[str, tuple[str, str]]
    """Detectors whose version changed: name, then (versions before, version now). A detector that a
    run didn't have has "none" before, one that is no longer configured "none" now."""
    difference: pd.DataFrame
    """`events.EVENTS`, reason, `status` (created, changed, same, retracted, not_assessed),
    `score_before`, `changes` (columns that differ, joined by blanks)."""
    flags_joined: tuple[int, ...]
    flags_left: tuple[int, ...]
    """MMSIs that are flagged on one of the days now, and weren't by its newest run before; and the
    other way round."""
    failures: Mapping[str, str]
    """What failed, as a run says it."""
    run_ids: tuple[str, ...]
    """Runs that were made; none unless applied."""

    def counts(self) -> list[dict[str, Any]]:
        """Events by status, for each detector."""
        table = pd.crosstab(self.difference["detector"], self.difference["status"])
        names = ["created", "changed", SAME, "retracted", "not_assessed"]
        rows = table.reindex(columns=names, fill_value=0).reset_index().to_dict("records")
        return [{str(name): value for name, value in row.items()} for row in rows]


def redetect(
    installation: Installation,
    date: str | None,
    since: str | None,
    until: str | None,
    report: Reporter,
    *,
    apply: bool = False,
) -> Redetection:
    """Look again at days that older detectors looked at, or at a span that is named.

    With `apply` every day becomes a run whose events replace those before; the list of the night
    that was the newest is made again at the end, so that it is the newest still.

    Raises NoDataError if there is no store, no run, nothing to look at again, or feeds that no run
    has worked out yet.
    """
    require_store(installation)
    setup = Setup.load(installation)
    now = {d.name: d.version for d in setup.detectors}
    with read(installation.store, installation.settings.store) as store:
        last = store.last_run(looks=False) or store.last_run()
        if last is None:
            raise NoDataError("no run has looked at anything yet", hint="selat detect")
        waiting = stale(store)
        if waiting:
            raise NoDataError(
                f"{len(waiting)} dates hold reports that no run has worked out, from {waiting[0]}",
                hint="selat detect first, so that only the detectors make the difference",
            )
        before = _looks(store)
        days = _chosen(
            before, now, asked_for(date, since, until), named=bool(date or since or until)
        )
        flagged = {day: set(store.flags(before[day].run_id)["mmsi"]) for day in days}
    if not days:
        raise NoDataError(
            "the newest run of every day has today's detectors",
            hint="name a span to look at it again all the same: --since, --until",
        )
    looks = []
    for number, day in enumerate(days, 1):
        report.step(f"{day} ({number} of {len(days)})")
        look = _replace if apply else _preview
        with suppress(NoDataError):  # a span that was named may begin before the first report
            looks.append(look(setup, report, day))
    if not looks:
        raise NoDataError(f"no position report on {', '.join(days)}", hint="selat store feeds")
    run_ids = [look.run_id for look in looks if look.run_id]
    if apply:
        run_ids.append(_newest_again(setup, report, last))
    difference = pd.concat([look.difference for look in looks])
    difference = difference.drop_duplicates("event_id", keep="last")
    were, are = set[int]().union(*flagged.values()), set[int]().union(*(x.flagged for x in looks))
    return Redetection(
        days=tuple(days),
        versions=_changed_versions([before[day].versions for day in days], now),
        difference=difference.sort_values(["start", "event_id"], ignore_index=True),
        flags_joined=tuple(sorted(are - were)),
        flags_left=tuple(sorted(were - are)),
        failures={name: text for look in looks for name, text in look.failures.items()},
        run_ids=tuple(run_ids),
    )


@dataclass(frozen=True)
class _Day:
    """What looking again at a day came to; `run_id` is empty where nothing was written."""

    difference: pd.DataFrame
    flagged: set[int]
    failures: Mapping[str, str]
    run_id: str = ""


def _preview(setup: Setup, report: Reporter, day: str) -> _Day:
    installation = setup.installation
    with read(installation.store, installation.settings.store) as store:
        window = choose_window(store, date=day, since=None, until=None)
        stored = _stored(store, setup, window)
        detection = runs.run_detectors(store, setup, window, report)
        judged = runs.judge(store, setup, window, detection)
    failures = {f"detector {name}": text for name, text in detection.failures.items()}
    flagged = set(judged.assessed.flagged["mmsi"])
    return _Day(difference(judged.compared, stored), flagged, failures)


def _replace(setup: Setup, report: Reporter, day: str) -> _Day:
    """Make one run; the store is free for others between one day and the next."""
    installation = setup.installation
    with writing(installation) as store:
        window = choose_window(store, date=day, since=None, until=None)
        stored = _stored(store, setup, window)
        done = _run(store, setup, report, window)
    flagged = set(done.flagged["mmsi"])
    return _Day(difference(done.compared, stored), flagged, done.failures, done.run_id)


def _newest_again(setup: Setup, report: Reporter, last: Mapping[str, Any]) -> str:
    installation = setup.installation
    with writing(installation) as store:
        now = max(last["end"], store.last_looked_at() or last["end"])
        asked = json.loads(last["manifest"]).get("asked", {}).get("span")
        window = Window(last["start"], last["end"], now, span_of(asked))
        return _run(store, setup, report, window).run_id


def _run(store: Writer, setup: Setup, report: Reporter, window: Window) -> runs.Finished:
    runs.work_out_days(store, setup.installation, report)
    detection = runs.run_detectors(store, setup, window, report)
    return runs.finish_run(store, setup, window, detection, {})


def _stored(store: Queries, setup: Setup, window: Window) -> pd.DataFrame:
    return events_to_compare(store, setup.detectors, window.start, window.end)


def difference(compared: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """Return what of each event changed.

    Returns the difference, as in `Redetection`. An event of which only the version is another is
    the same.

    Parameters
    ----------
    compared
        As `compare` gives it.
    stored
        The events it was compared with.
    """
    old = stored.set_index("event_id")
    columns = [name for name in EVENTS if name != "event_id"]
    were = old.reindex(compared["event_id"])[columns].reset_index(drop=True)
    are = compared[columns].reset_index(drop=True)
    again = compared["status"].isin(["changed", "unchanged"]).to_numpy()
    differs = ~((are == were) | (are.isna() & were.isna())).to_numpy() & again[:, None]
    changes = [" ".join(n for n, d in zip(columns, row, strict=True) if d) for row in differs]
    same = pd.Series(changes).isin(["version", ""]).to_numpy() & again
    return compared.assign(
        status=compared["status"].where(~same, SAME),
        score_before=were["score"].to_numpy(),
        changes=changes,
    )


@dataclass(frozen=True)
class _Known:
    """The newest run that looked at a day."""

    run_id: str
    versions: Mapping[str, str]


def _looks(store: Queries) -> dict[str, _Known]:
    """By Kuala Lumpur day: the newest run that looked at it."""
    query = 'SELECT run_id, start, "end", manifest FROM runs ORDER BY ordinal'
    known: dict[str, _Known] = {}
    for run in store.sql(query).to_dict("records"):
        look = _Known(str(run["run_id"]), dict(json.loads(run["manifest"])["detectors"]))
        known |= dict.fromkeys(_days(run["start"], run["end"]), look)
    return known


def _days(start: pd.Timestamp, end: pd.Timestamp) -> list[str]:
    first, last = (time.tz_convert(LOCAL).tz_localize(None).normalize() for time in (start, end))
    return [f"{day:%Y-%m-%d}" for day in pd.date_range(first, last, freq="D")]


def _chosen(
    known: Mapping[str, _Known],
    now: Mapping[str, str],
    span: tuple[pd.Timestamp, pd.Timestamp],
    *,
    named: bool,
) -> list[str]:
    """Days to look at again: those of the span that was named, else those of other versions."""
    if not named:
        return sorted(day for day, look in known.items() if look.versions != now)
    begins = {day: pd.Timestamp(day, tz=LOCAL) for day in known}
    day = timedelta(days=1)
    return sorted(d for d, begin in begins.items() if begin <= span[1] and begin + day > span[0])


def _changed_versions(
    before: Sequence[Mapping[str, str]], now: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    changed = {}
    for name in sorted({*now, *(name for versions in before for name in versions)}):
        were = sorted({versions.get(name, "none") for versions in before})
        if were != [now.get(name, "none")]:
            changed[name] = (", ".join(were), now.get(name, "none"))
    return changed

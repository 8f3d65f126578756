"""What of an installation's health a person should look at."""

from datetime import timedelta
from typing import Final

from pipelines.ask.health.model import DIFFERS, Feed, Health
from pipelines.ask.health.words import day, per_hour
from pipelines.base.problems import Problem
from pipelines.base.schedule import LOOK
from pipelines.base.settings import HealthSettings
from pipelines.base.text import age, counted, minute, position_text
from pipelines.detect.lacking import LACKING

MAX_EARLY: int = 3
"""Feeds of which it is told one by one that reports wait for their time."""

LATE_LOOKS: int = 4
"""After so many that weren't made it is told that looks between nights have stopped."""

_ENDING: timedelta = timedelta(minutes=1)
"""So long after its files are written a run may still be ending."""

_LEAST_FREE: int = 50_000_000
"""Bytes: an exercise's night writes a fifth of this, a day of the Straits more. A judgement."""

LACKS: Final = "feeds: "
"""What the places of problems of what feeds lack begin with."""
_LACKING: Final = {"ais_class": "class", "seconds": "times", "seldom": "reports"}


def problems(health: Health, settings: HealthSettings) -> list[Problem]:
    """Problems in the order of their weight; empty if all is well."""
    return [
        *_runs(health),
        *_store(health),
        *_ahead(health),
        *_early(health),
        *_clocks(health),
        *_packs(health),
        *(problem for feed in health.feeds for problem in _feed(feed, settings)),
        *_lacking(health),
        *_coverage(health, settings),
        *_disk(health, settings),
        *_backup(health, settings),
    ]


def _after(failure: str) -> str:
    """Return what to do about a part of a run that failed; all but feeds leave tracebacks."""
    if failure.startswith(("detector ", "file ", "assessment: ")):
        return "see failure-*.txt in its folder"
    return "selat ingest FEED tells more; mend the feed, or leave it out"


def _runs(health: Health) -> list[Problem]:
    found = []
    if health.failure:
        where = "looks" if f": {LOOK} failed" in health.failure else "nightly run"
        found.append(Problem("error", where, health.failure, "mend it and run again"))
    if health.schedule.missing:
        since = day(health.last_run.finished if health.last_run else None)
        found.append(
            Problem(
                "error",
                "schedule",
                f"the run that was due at {day(health.schedule.due)} hasn't been done; the newest "
                f"run finished {since}",
                "is the service up? systemctl status selat, journalctl -u selat",
            )
        )
    if (look := health.last_look) is not None and look.every_min:
        late_s = (health.now - look.looked).total_seconds()
        if late_s > LATE_LOOKS * look.every_min * 60:
            text = f"the last look was {age(late_s)} ago, of one every {look.every_min:g} minutes"
            found.append(Problem("warning", "looks", text, "is selat watch, or serve, running?"))
    if health.last_run is None:
        if health.store is not None:
            found.append(Problem("warning", "runs", "no run has finished yet", "selat nightly"))
        return found
    run = health.last_run
    if run.lost:
        text = (
            "its folder, or HOME/latest that leads to it, is gone: it can't be shown or handed on"
        )
        found.append(Problem("error", f"run {run.run_id}", text, "selat nightly does it again"))
    elif run.shown and run.finished and health.now - run.finished > _ENDING:
        text = f"what made it was killed as it ended: HOME still shows run {run.shown}"
        found.append(Problem("error", f"run {run.run_id}", text, "selat nightly does it again"))
    found += [Problem("warning", f"run {run.run_id}", text, _after(text)) for text in run.failures]
    found += [
        Problem("warning", f"run {run.run_id}", text, "a broken rule, or a broken feed?")
        for text in run.held_back
    ]
    return found


def _store(health: Health) -> list[Problem]:
    if health.store is None or not health.store.lost:
        return []
    n, first = len(health.store.lost), health.store.lost[0]
    text = f"{n} files are missing or cut short: {first} …"
    if n == 1:
        text = f"1 file is missing or cut short: {first}"
    return [Problem("error", "store", text, "selat store check says what to do")]


def _ahead(health: Health) -> list[Problem]:
    """Tell of what was made later than now: no age counts that is told of it, nor any delay."""
    run, look = health.last_run, health.last_look
    made = [("the newest run finished", run.finished)] if run and run.finished else []
    made += [("the last look was made", look.looked)] if look else []
    late = [(what, when) for what, when in made if when - health.now > DIFFERS]
    if not late:
        return []
    what, when = max(late, key=lambda one: one[1])
    text = (
        f"{what} at {minute(when)}, and by this machine it is {minute(health.now)}: its clock is "
        "behind, or was ahead then"
    )
    hint = "compare it with another: timedatectl; if it is right now, this goes with the next run"
    return [Problem("warning", "clock", text, hint)]


def _early(health: Health) -> list[Problem]:
    """Return what waits for its time, the first few in full."""
    hint = (
        "compare this machine's clock with another: timedatectl; ingest.max_future_h is the limit"
    )
    found = [Problem("warning", one.name, one.text, hint) for one in health.waiting[:MAX_EARLY]]
    if health.ahead:
        stated = (
            "a receiver's clock that runs ahead, or forged reports? see the newest in the feeds"
        )
        found.append(Problem("warning", "now", health.ahead, stated))
    if (more := len(health.waiting) - MAX_EARLY) > 0:
        found.append(
            Problem("warning", "clock", f"reports of {counted(more, 'more feed')} wait", hint)
        )
    return found


def _packs(health: Health) -> list[Problem]:
    found = []
    if health.broken_log:
        hint = "selat exports tells all; who may write in the home, and is a backup whole?"
        found.append(Problem("error", "log of exports", health.broken_log, hint))
    for one in health.wrong_packs:
        text = f"{one.title} holds leads that no longer stand here: {one.text}"
        hint = f"selat correct {one.pack}{' --cleared' if one.cleared_only else ''}"
        if one.forgotten:
            text = f"whether what {one.title} holds still stands isn't known: {one.text}"
            hint = "take HOME/exported back from a backup, or ask them for their pack"
        found.append(Problem("warning", f"pack {one.pack}", text, hint))
    return found


def _clocks(health: Health) -> list[Problem]:
    """Tell each feed's clocks, those with one remedy in one line.

    A feed may have a dozen receivers, and what else is wrong would be lost among them.
    """
    alike: dict[tuple[str, str], list[str]] = {}
    for one in health.clocks:
        alike.setdefault((one.name, one.hint), []).append(one.text)
    return [
        Problem("warning", name, "; ".join(texts), hint) for (name, hint), texts in alike.items()
    ]


def _feed(feed: Feed, settings: HealthSettings) -> list[Problem]:
    where = f"feed {feed.name}"
    if feed.lag_s > settings.feed_silent_h * 3600:
        text = f"silent: its newest report is {age(feed.lag_s)} old"
        return [Problem("warning", where, text, "is the receiver, or what delivers the files, up?")]
    if feed.share is not None and feed.share < settings.min_usual_share:
        text = (
            f"{per_hour(feed.reports_per_h)} reports an hour, {feed.share:.0%} of the usual "
            f"{per_hour(feed.usual_per_h)}"
        )
        return [Problem("warning", where, text, "a receiver down? see the map: selat status")]
    return []


def _lacking(health: Health) -> list[Problem]:
    """Tell what the feeds of the newest run leave unsaid, each at a place of its own: what was told
    already is known by its place.
    """
    names = health.last_run.lacking if health.last_run else ()
    hint = "ask who delivers the feeds for it, or for AIS sentences as received"
    return [
        Problem("warning", f"{LACKS}{_LACKING.get(name, name)}", LACKING[name], hint)
        for name in names
        if name in LACKING
    ]


def _coverage(health: Health, settings: HealthSettings) -> list[Problem]:
    coverage, found = health.coverage, []
    if coverage is None:
        return []
    if coverage.broke_off:
        text = (
            f"nothing, or next to nothing, was heard for {age(coverage.longest_gap_s)} from "
            f"{day(coverage.gap_from)}: what happened then isn't known"
        )
        hint = "is the receiver, or what delivers the files, up?"
        # A place of its own: of two at one place whoever is sent notices hears of one.
        found.append(Problem("warning", "reception", text, hint))
    poor = coverage.poor(settings.min_usual_share) if coverage.days else None
    if poor is not None:
        text = (
            f"{poor.blocks} of {poor.usual} blocks usually heard have less than "
            f"{settings.min_usual_share:.0%} of the usual reports in the 24 h to "
            f"{day(coverage.end)}; most is missing around {position_text(poor.lat, poor.lon)}"
        )
        hint = "silences there are judged by what was heard"
        found.append(Problem("warning", "coverage", text, hint))
    return found


def _disk(health: Health, settings: HealthSettings) -> list[Problem]:
    left = health.disk.days_left
    hint = "free some, or selat store compact; folders of old runs can be moved away"
    free = health.disk.free_bytes
    if health.disk.read_only:  # where no night is made, somebody may have taken a copy to read
        text = "it can only be read from: no run can write what it finds, nor that it failed"
        why = "has the system found errors on it? dmesg, mount; then selat store check"
        made_here = health.schedule.served_since is not None
        return [Problem("error" if made_here else "warning", "disk", text, why)]
    # The first of the two also before anything is known of what a day takes.
    if free < max(_LEAST_FREE, health.disk.growth_per_day_bytes):
        text = (
            f"{free / 1e6:,.0f} MB free, less than a night takes: a run can't write what it finds"
        )
        none = (
            "free some: folders of old runs can be moved away; selat store compact takes room first"
        )
        return [Problem("error", "disk", text, none)]
    if left is None or left > settings.disk_days:
        return []
    when, growth = counted(round(left), "day"), health.disk.growth_per_day_bytes / 1e6
    text = f"full in {when} at {growth:,.0f} MB a day"
    return [
        Problem(
            "error" if left < 3 else "warning",
            "disk",
            text,
            hint,
        )
    ]


def _backup(health: Health, settings: HealthSettings) -> list[Problem]:
    if health.store is None or health.store.simulated:
        return []
    hint = "selat backup FOLDER, on another disk"
    if health.backup is None:
        return [Problem("warning", "backup", "none was ever made", hint)]
    old_s = (health.now - health.backup.made).total_seconds()
    if old_s > settings.backup_days * 86_400:
        return [Problem("warning", "backup", f"the newest one is {age(old_s)} old", hint)]
    return []

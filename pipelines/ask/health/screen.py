"""Health for a person, in one screen."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from textwrap import wrap
from typing import Final

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from pipelines.ask.health.model import DIFFERS, Feed, Health, LastLook
from pipelines.ask.health.words import day, gaps, per_hour, size
from pipelines.base.problems import Problem
from pipelines.base.text import age, counted, minute
from pipelines.base.visible import clean
from pipelines.detect.reception import Block, Coverage

SHADES: Final = ((0.75, "█"), (0.5, "▓"), (0.25, "▒"), (0.01, "░"), (0.0, "·"))
"""From which share of the usual on a block of the map has which sign."""

FEED_COLUMNS: Final = (
    "feed",
    "files",
    "newest report",
    "lag",
    "reports/h",
    "usual",
    "silent dates",
)
_UNSAID: Final = {"files": {"1", ""}, "silent dates": {"0", ""}}
"""What columns say that a narrow screen does without, where they say nothing else of any feed."""

_LEAST_NAME: Final = 12
MAX_FEEDS: Final = 8
MAX_ROWS: Final = 24
MAX_COLUMNS: Final = 68
"""Of the map: with what stands beside it 80 characters."""
_COARSE: Final = (1, 2, 5, 10, 20)
MAX_PROBLEMS: Final = 12

YEAR_FROM_S: Final = 182 * 86_400
"""Times that lie longer ago are written with their year."""

_FAR_DAYS: Final = 3650.0
"""What is so far off is told as such: what a day takes isn't known so well."""


def show(health: Health, problems: Sequence[Problem], console: Console) -> None:
    """Write it."""
    grid = Table.grid(padding=(0, 2))
    for name, text in facts(health):
        grid.add_row(name, Text(text))
    console.print(grid)
    if health.feeds:
        console.print(_feed_table(feed_rows(health), console))
    if health.coverage is not None:
        for line in coverage_map(health.coverage):
            console.print(line, markup=False, highlight=False)
    for problem in problems[:MAX_PROBLEMS]:
        style = "bold red" if problem.level == "error" else "yellow"
        told(problem, console, style)
    if len(problems) > MAX_PROBLEMS:
        console.print(f"… and {len(problems) - MAX_PROBLEMS} more", highlight=False)
    console.print(
        f"{len(problems)} found; selat doctor says what to do" if problems else "no problem found",
        highlight=False,
    )


def _feed_table(rows: Sequence[Sequence[str]], console: Console) -> Table:
    """Return a table of `feed_rows` that fits: first columns that say nothing go, then beginnings
    of names, which differ at their end.
    """
    table = _table(FEED_COLUMNS, rows)
    if _over(table, console) <= 0:
        return table
    kept = [
        n
        for n, name in enumerate(FEED_COLUMNS)
        if not {row[n] for row in rows} <= _UNSAID.get(name, set())
    ]
    columns = [FEED_COLUMNS[n].replace(" ", "\n") for n in kept]
    rows = [[row[n] for n in kept] for row in rows]
    over = max(_over(_table(columns, rows), console), 0)
    most = max(max(len(row[0]) for row in rows) - over, _LEAST_NAME)
    return _table(columns, [[_ending(row[0], most), *row[1:]] for row in rows])


def _over(table: Table, console: Console) -> int:
    wide = console.options.update(max_width=10_000)
    return Measurement.get(console, wide, table).maximum - console.width


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(*columns)
    table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _ending(text: str, most: int) -> str:
    """Return a text, without its beginning where it is longer than so many signs."""
    return text if len(text) <= most else f"…{text[1 - most :]}"


def told(problem: Problem, console: Console, style: str = "", *, hint: bool = False) -> None:
    """Write a problem, and what to do about it if asked, in lines that fit."""
    texts = [f"{problem.level}: {problem.where}: {problem.message}"]
    texts += [f"hint: {problem.hint}"] * bool(hint and problem.hint)
    for number, text in enumerate(texts):
        first = "  " * number
        lines = wrap(
            clean(text),
            console.width,
            initial_indent=first,
            subsequent_indent=first + "  ",
            break_long_words=False,  # a path stays one
            break_on_hyphens=False,
        )
        for line in lines:
            console.print(Text(line, style=style), soft_wrap=True)


def facts(health: Health) -> list[tuple[str, str]]:
    """Say in a line each how home, runs, schedule, store, disk and backup are."""
    return [
        ("home", health.home),
        ("last run", _run(health)),
        *([("last look", _look(health, health.last_look))] if health.last_look else []),
        ("schedule", _schedule(health)),
        ("store", _store(health)),
        ("disk", _disk(health)),
        ("backup", _backup(health)),
    ]


def ages(health: Health) -> dict[str, datetime | None]:
    """Return of each of `facts`, and of each place of a problem, that tells an age the time that
    it tells of: ages grow.
    """
    run, look, backup = health.last_run, health.last_look, health.backup
    looked = look.looked if look else None
    return {
        "last run": None if run is None else run.finished,
        "last look": looked,
        "looks": looked,
        "backup": backup.made if backup else None,
        **{f"feed {feed.name}": _newest(health, feed) for feed in health.feeds},
    }


def _newest(health: Health, feed: Feed) -> datetime | None:
    """Return the time whose age is a feed's lag; None where it doesn't grow, as in an exercise."""
    return feed.newest if abs(_since(health, feed.newest) - feed.lag_s) < 60 else None


def feed_times(health: Health) -> list[datetime | None]:
    """Return the time whose age each of `feed_rows` tells as its lag; None for what doesn't grow,
    as in an exercise.
    """
    latest = sorted(health.feeds, key=lambda feed: feed.newest, reverse=True)
    times = [_newest(health, feed) for feed in latest[:MAX_FEEDS]]
    times += [None] if len(latest) > MAX_FEEDS else []
    recorded_s = health.recording_age_s
    return times + ([] if recorded_s is None else [health.now - timedelta(seconds=recorded_s)])


def _run(health: Health) -> str:
    run = health.last_run
    if run is None:
        return "none yet"
    when = "its folder is gone"
    if run.finished is not None:
        when = f"finished {_when(health, run.finished)}"
    return f"{run.run_id}, {run.state}, {run.flagged} flagged, {when}"


def _look(health: Health, look: LastLook) -> str:
    often = f", every {look.every_min:g} minutes" if look.every_min else ""
    return (
        f"{_when(health, look.looked)}{often}: reports up to "
        f"{day(look.upto)}, all else up to {day(look.whole)}"
    )


def _schedule(health: Health) -> str:
    served = health.schedule.served_since
    state = "not served here" if served is None else f"served since {day(served)}"
    missing = ", MISSING: the run that was due" if health.schedule.missing else ", last due"
    return f"{state}{missing} {day(health.schedule.due)}, next {day(health.schedule.next_due)}"


def _store(health: Health) -> str:
    store = health.store
    if store is None:
        return "none"
    kept = f", {size(store.kept_bytes)} kept from before a migration" if store.kept_bytes else ""
    state = f"{len(store.lost)} FILES LOST" if store.lost else "all files there"
    kind = {True: ", simulated", False: "", None: ", empty"}[store.simulated]
    return (
        f"{counted(store.rows, 'position')} of {counted(store.dates, 'date')} in "
        f"{counted(store.files, 'file')}, "
        f"{size(store.bytes)}, {state}, schema {store.schema_version}{kind}{kept}"
    )


def _disk(health: Health) -> str:
    disk = health.disk
    left = ""
    if disk.days_left is not None:
        far = disk.days_left > _FAR_DAYS
        left = (
            ", full in more than ten years"
            if far
            else f", full in {counted(round(disk.days_left), 'day')}"
        )
    return (
        f"{size(disk.home_bytes)} used, {size(disk.free_bytes)} free, "
        f"{size(disk.growth_per_day_bytes)} a day{left}"
    )


def _backup(health: Health) -> str:
    if health.backup is None:
        return "none"
    made = health.backup.made
    return f"{_when(health, made)}, folder {health.backup.folder}"


def _when(health: Health, time: datetime) -> str:
    """Write a time with how long ago it was; with its year where clocks have it still to come."""
    if health.now - time < -DIFFERS:
        return f"{minute(time)}, still to come by the clock of this machine"
    return f"{_day(health, time)}, {age(max(_since(health, time), 0.0))} ago"


def _day(health: Health, time: datetime) -> str:
    """Write a time, with its year where more than half of one went by since: "31 Jan" of a feed
    that fell silent years ago reads as this winter's.
    """
    return minute(time) if _since(health, time) > YEAR_FROM_S else day(time)


def _since(health: Health, time: datetime) -> float:
    return (health.now - time).total_seconds()


def feed_rows(health: Health) -> list[list[str]]:
    """Return a row of `FEED_COLUMNS` for each feed, the newest first, and for the recording."""
    latest = sorted(health.feeds, key=lambda feed: feed.newest, reverse=True)
    rows = [
        [
            clean(feed.name),
            str(feed.files),
            _day(health, feed.newest),
            age(feed.lag_s),
            per_hour(feed.reports_per_h) + ("" if feed.share is None else f" ({feed.share:.0%})"),
            per_hour(feed.usual_per_h),
            str(len(feed.silent_dates)),
        ]
        for feed in latest[:MAX_FEEDS]
    ]
    if len(latest) > MAX_FEEDS:
        rows.append([f"… and {len(latest) - MAX_FEEDS} more", *[""] * 6])
    if health.recording_age_s is not None:
        rows.append(["recording", "", "", age(health.recording_age_s), "", "", ""])
    return rows


def coverage_map(coverage: Coverage) -> list[str]:
    """Draw the last 24 hours against the usual: a line a degree, a sign half a degree.

    Where that doesn't fit on a screen each stands for as many times that as it takes.
    """
    blocks = coverage.blocks
    if not blocks:
        return []
    coarse = next(n for n in _COARSE if _fits(blocks, n))
    seen: dict[tuple[int, float], list[float]] = {}
    for block in blocks:
        of = seen.setdefault(_corner(block, coarse), [0, 0])
        of[0] += block.reports
        of[1] += block.usual
    signs = {corner: _sign(*of) for corner, of in seen.items()}
    lats = sorted({lat for lat, _ in signs}, reverse=True)
    lons = [lon for _, lon in signs]
    west, step_deg = min(lons), coarse / 2
    steps = int((max(lons) - west) / step_deg) + 1
    usual = "the day before" if coverage.days == 1 else f"the median of {coverage.days} days before"
    heading = (
        f"reports of the last 24 h against {usual} (█ as usual, · none, + new)"
        if coverage.days
        else "reports of the last 24 h; nothing to compare with yet"
    )
    lines = [f"{heading}; {gaps(coverage.gaps, coverage.longest_gap_s)}"]
    for lat in range(lats[0], lats[-1] - 1, -coarse):
        row = "".join(signs.get((lat, west + step * step_deg), " ") for step in range(steps))
        lines.append(f"{abs(lat):3d}°{'S' if lat < 0 else 'N'} {row.rstrip()}")
    lines.append(f"      {_lon(west)} ".ljust(6 + steps - 2) + _lon(west + steps * step_deg))
    return lines


def _corner(block: Block, coarse: int) -> tuple[int, float]:
    """Return where what a sign stands for begins that a block is in."""
    return block.lat // coarse * coarse, block.lon // (coarse / 2) * (coarse / 2)


def _fits(blocks: Sequence[Block], coarse: int) -> bool:
    """Return whether a map fits on a screen whose signs stand for so many times half a degree."""
    lats = [_corner(block, coarse)[0] for block in blocks]
    lons = [_corner(block, coarse)[1] for block in blocks]
    rows, columns = (max(lats) - min(lats)) / coarse, (max(lons) - min(lons)) / (coarse / 2)
    return rows < MAX_ROWS and columns < MAX_COLUMNS


def _lon(deg: float) -> str:
    return f"{abs(deg):g}°{'W' if deg < 0 else 'E'}"


def _sign(reports: float, usual: float) -> str:
    if not usual:
        return "+" if reports else " "
    return next(sign for limit, sign in SHADES if reports / usual >= limit)

"""What is known of an installation's health. Times are UTC; what isn't known is None."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pipelines.detect.reception import Coverage

DIFFERS: Final = timedelta(minutes=10)
"""So far clocks may differ, of a share that a home lies on and of this machine. A judgement."""


@dataclass(frozen=True)
class LastRun:
    """The newest finished run."""

    run_id: str
    state: str
    start: datetime
    end: datetime
    finished: datetime | None
    """When its folder was written: runs themselves have no clock."""
    flagged: int
    held_back: tuple[str, ...]
    """Rules that raised more than their share; see `assess.guard`."""
    failures: tuple[str, ...]
    shown: str = ""
    """The run that HOME names as the newest where that is an earlier one: what made this one was
    killed before it could name it. Empty: it is this one."""
    lacking: tuple[str, ...] = ()
    """Which of `detect.lacking.LACKING` its feeds left unsaid."""
    lost: bool = False
    """Whether HOME shows no run: the link, or the folder that it leads to, is gone."""


@dataclass(frozen=True)
class LastLook:
    """The last look between nights."""

    looked: datetime
    """When it was."""
    upto: datetime
    whole: datetime
    """Up to when reports were looked at, and by all detectors."""
    every_min: float
    """How often it looks; 0 where nobody said."""


@dataclass(frozen=True)
class Schedule:
    """When runs are due."""

    served_since: datetime | None
    """When `selat serve` was started here first; None if it never was, and nothing is missing."""
    due: datetime
    """The last time at which a run was due."""
    next_due: datetime
    """The next one."""
    missing: bool
    """Whether the schedule hasn't done the run of `due`, though that is long enough ago."""


@dataclass(frozen=True)
class Feed:
    """Files that come from one feed: their names differ in digits only."""

    name: str
    """With ``#`` for each number."""
    files: int
    newest: datetime
    lag_s: float
    """How old its newest report is."""
    reports_per_h: float | None
    """On its newest UTC date of which it covers three hours or more."""
    usual_per_h: float | None
    """Median of the dates before."""
    silent_dates: tuple[str, ...]
    """UTC dates of the span looked at without a report, between others with some."""

    @property
    def share(self) -> float | None:
        """Of the usual rate."""
        if self.reports_per_h is None or not self.usual_per_h:
            return None
        return self.reports_per_h / self.usual_per_h


@dataclass(frozen=True)
class StoreHealth:
    """The store by a quick look: names and sizes, no hashes (`selat store check` has these)."""

    schema_version: int
    simulated: bool | None
    dates: int
    files: int
    rows: int
    bytes: int
    lost: tuple[str, ...]
    kept_bytes: int


@dataclass(frozen=True)
class Disk:
    """The disk of the home."""

    home_bytes: int
    free_bytes: int
    growth_per_day_bytes: float
    """Reports, what is worked out from them, and results of nights and looks, by date: medians of
    the newest."""
    days_left: float | None
    """Until it is full at that growth; None where nothing grows."""
    read_only: bool = False
    """Whether it is mounted so, as Linux does with one that has errors (mount(8), errors=)."""


@dataclass(frozen=True)
class Backup:
    """The newest backup."""

    made: datetime
    folder: str


@dataclass(frozen=True)
class Clock:
    """What a feed's reports say of its times: put right, refused, or not those of reception."""

    name: str
    """The feed."""
    text: str
    """What was seen, and what became of it."""
    hint: str
    """What to do about it."""


@dataclass(frozen=True)
class Early:
    """Reports or sightings that lay in the future when they were read, and are kept out."""

    name: str
    """The file that they are in."""
    text: str
    """How many, how far in the future, and what becomes of them."""


@dataclass(frozen=True)
class WrongPack:
    """A pack that went out with leads that no longer stand here, or that nobody knows of."""

    pack: str
    title: str
    """The pack, and who holds it."""
    text: str
    """How many leads, and what became of them."""
    cleared_only: bool = False
    """Whether all that became of them is that people here cleared them."""
    forgotten: bool = False
    """Whether it isn't kept what the pack told."""


@dataclass(frozen=True)
class Health:
    """All of it, at `now`."""

    now: datetime
    home: str
    failure: str
    last_run: LastRun | None
    schedule: Schedule
    feeds: tuple[Feed, ...]
    recording_age_s: float | None
    coverage: Coverage | None
    store: StoreHealth | None
    disk: Disk
    backup: Backup | None
    waiting: tuple[Early, ...] = ()
    clocks: tuple[Clock, ...] = ()
    ahead: str = ""
    wrong_packs: tuple[WrongPack, ...] = ()
    broken_log: str = ""
    """What is wrong with the log of exports, by which it is known who holds what."""
    last_look: LastLook | None = None

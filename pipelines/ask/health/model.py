"""What is known of an installation's health. Times are UTC; what isn't known is None."""

from dataclasses import dataclass
from datetime import datetime

from pipelines.detect.reception import Coverage


@dataclass(frozen=True)
class LastRun:
    """The newest finished run.

    Attributes
    ----------
    finished
        When its folder was written: runs themselves have no clock.
    lacking
        Which of `detect.lacking.LACKING` its feeds left unsaid.
    held_back
        Rules that raised more than their share; see `assess.guard`.
    shown
        The run that HOME names as the newest where that is an earlier one: what made this one was
        killed before it could name it. Empty: it is this one.
    lost
        Whether HOME shows no run: the link, or the folder that it leads to, is gone.
    """

    run_id: str
    state: str
    start: datetime
    end: datetime
    finished: datetime | None
    flagged: int
    held_back: tuple[str, ...]
    failures: tuple[str, ...]
    shown: str = ""
    lacking: tuple[str, ...] = ()
    lost: bool = False


@dataclass(frozen=True)
class LastLook:
    """The last look between nights.

    Attributes
    ----------
    looked
        When it was.
    upto, whole
        Up to when reports were looked at, and by all detectors.
    every_min
        How often it looks; 0 where nobody said.
    """

    looked: datetime
    upto: datetime
    whole: datetime
    every_min: float


@dataclass(frozen=True)
class Schedule:
    """When runs are due.

    Attributes
    ----------
    served_since
        When `selat serve` was started here first; None if it never was, and nothing is missing.
    due
        The last time at which a run was due.
    next_due
        The next one.
    missing
        Whether the schedule hasn't done the run of `due`, though that is long enough ago.
    """

    served_since: datetime | None
    due: datetime
    next_due: datetime
    missing: bool


@dataclass(frozen=True)
class Feed:
    """Files that come from one feed: their names differ in digits only.

    Attributes
    ----------
    name
        With ``#`` for each number.
    lag_s
        How old its newest report is.
    reports_per_h
        On its newest UTC date of which it covers three hours or more.
    usual_per_h
        Median of the dates before.
    silent_dates
        UTC dates of the span looked at without a report, between others with some.
    """

    name: str
    files: int
    newest: datetime
    lag_s: float
    reports_per_h: float | None
    usual_per_h: float | None
    silent_dates: tuple[str, ...]

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
    """The disk of the home.

    Attributes
    ----------
    growth_per_day_bytes
        Reports, what is worked out from them, and results of nights and looks, by date: medians of
        the newest.
    days_left
        Until it is full at that growth; None where nothing grows.
    """

    home_bytes: int
    free_bytes: int
    growth_per_day_bytes: float
    days_left: float | None


@dataclass(frozen=True)
class Backup:
    """The newest backup."""

    made: datetime
    folder: str


@dataclass(frozen=True)
class Clock:
    """What a feed's reports say of its times: put right, refused, or not those of reception.

    Attributes
    ----------
    name
        The feed.
    text
        What was seen, and what became of it.
    hint
        What to do about it.
    """

    name: str
    text: str
    hint: str


@dataclass(frozen=True)
class Early:
    """Reports or sightings that lay in the future when they were read, and are kept out.

    Attributes
    ----------
    name
        The file that they are in.
    text
        How many, how far in the future, and what becomes of them.
    """

    name: str
    text: str


@dataclass(frozen=True)
class WrongPack:
    """A pack that went out with leads that no longer stand here.

    Attributes
    ----------
    pack, title
        The pack, and who holds it.
    text
        How many leads, and what became of them.
    cleared_only
        Whether all that became of them is that people here cleared them.
    """

    pack: str
    title: str
    text: str
    cleared_only: bool = False


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
    last_look: LastLook | None = None

"""Conclusions from the desk: what was typed, and into the store through its one writer."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pandas as pd

from detectors.core.errors import SelatError
from pipelines.assess.dispositions import QUIET_WITHIN_M
from pipelines.base.settings import Installation
from pipelines.base.text import LOCAL, day_of, one_line
from pipelines.run.dispositions import ChangedError, record
from pipelines.run.dispositions import withdraw as take_back
from pipelines.run.windows import utc
from pipelines.store import Queries, StoreBusyError
from pipelines.web.line import Line, seen_of

CHOICES: Final = (
    ("boarded", "b", "a boarding confirmed it"),
    ("cleared", "c", "a boarding or a look found nothing"),
    ("benign_cause", "i", "it has an innocent cause"),
    ("watch", "w", "look again; it stays open"),
    ("unknown", "u", "nobody could tell; it stays open"),
)
"""Conclusions, each with its key and what it means."""

QUIET: Final = ((1, "1 day"), (7, "1 week"), (28, "4 weeks"))
"""How long the like can be set aside at a key, in days from the night's last one."""

WAIT_S: Final = 2.0
"""How long another desk's conclusion is waited for: a tenth of a second, as a rule."""
_STEP_S: Final = 0.1
BUSY: Final = "nothing is recorded: what you typed stays here, send it again in a few minutes"
"""What to do about it while a run writes, which takes minutes."""
MAX_NAME: Final = 60
MAX_NOTE: Final = 2000


class QuietError(SelatError):
    """The like can't be set aside until then."""


@dataclass(frozen=True)
class Typed:
    """A conclusion as it was typed."""

    conclusion: str = ""
    reason: str = ""
    quiet: str = ""
    quiet_until: str = ""
    operator: str = ""


def typed(form: dict[str, str], operator: str) -> Typed:
    """Return what a form holds; `operator` is who it is where the form doesn't say."""
    return Typed(
        form.get("conclusion", "")[:20],
        form.get("reason", "").strip()[:MAX_NOTE],
        form.get("quiet", "")[:4],
        form.get("quiet_until", "").strip()[:30],
        one_line(form.get("operator", ""), MAX_NAME) or operator,
    )


def quiet_days(end: pd.Timestamp, say: Callable[[str], str]) -> list[tuple[str, str, str]]:
    """Return the choices of how long the like can be set aside: value, words, until which date."""
    days = [(str(n), text, end.tz_convert(LOCAL) + pd.Timedelta(days=n)) for n, text in QUIET]
    return [(value, text, f"{day_of(until, say)} {until.year}") for value, text, until in days]


def _until(given: Typed, end: pd.Timestamp) -> pd.Timestamp | None:
    """Return until when the like is set aside; None where it isn't.

    Raises
    ------
    QuietError
        If that is over already in the night that it was typed in.
    TimeError
        If it is no date.
    """
    days = dict(QUIET)
    if given.quiet.isdecimal() and int(given.quiet) in days:
        return end + pd.Timedelta(days=int(given.quiet))
    if not given.quiet_until:
        if given.quiet:
            raise QuietError("say until which date it isn't to be shown")
        return None
    until = utc(given.quiet_until, str(LOCAL))
    if until <= end:
        raise QuietError("that date lies before the end of this night: nothing would be set aside")
    return until


def conclude(
    installation: Installation,
    line: Line,
    given: Typed,
    *,
    end: pd.Timestamp,
    seen: str,
    run_id: str = "",
    newest: bool = True,
    also: tuple[Installation, str] | None = None,
) -> None:
    """Record a conclusion on the events of an incident as it was seen.

    Parameters
    ----------
    end
        Of the night that it was seen in.
    seen
        What its page said that it showed (`Line.seen`).
    run_id, newest
        The night it was seen in; where that isn't the newest, the conclusion says which.
    also
        See `record`.

    Raises
    ------
    DispositionError, TimeError, QuietError
        If it can't be recorded so.
    ChangedError
        If the incident has changed since.
    StoreBusyError
        While a run is writing.
    """
    until = _until(given, end)
    # Before what was typed: what is cut off somewhere isn't this.
    told = "" if newest or not given.reason else f"[as of run {run_id}] "

    if seen != line.seen:
        raise ChangedError("it has changed since its page was opened", "look again")

    def still(store: Queries) -> bool:
        last = store.last_run()
        if not newest or last is None:
            return True  # a night of the past doesn't change
        now = store.incidents(str(last["run_id"]))
        own = now[now["incident_id"] == line.incident_id]
        return any(
            seen_of(float(score), tuple(str(events).split(";"))) == line.seen
            for score, events in own[["score", "events"]].itertuples(index=False)
        )

    _patiently(
        lambda: record(
            installation,
            line.incident_id,
            author=given.operator,
            conclusion=given.conclusion,
            reason=f"{told}{given.reason}",
            quiet_until=until,
            quiet_within_m=QUIET_WITHIN_M,
            events=line.events,
            still=still,
            also=also,
        )
    )


def withdraw(
    installation: Installation,
    line: Line,
    given: Typed,
    *,
    made: str = "",
    also: tuple[Installation, str] | None = None,
) -> None:
    """Take back the reader's own last conclusion on the events of an incident.

    Parameters
    ----------
    made
        When the one was made that the page showed; empty where it didn't say.
    also
        See `record`.

    Raises
    ------
    DispositionError
        If there is none, or no reason is given.
    ChangedError
        If that one isn't the last any more.
    StoreBusyError
        While a run is writing.
    """
    _patiently(
        lambda: take_back(
            installation,
            line.incident_id,
            author=given.operator,
            reason=given.reason,
            made=made,
            events=line.events,
            also=also,
        )
    )


def _patiently(do: Callable[[], object]) -> None:
    """Do what writes, as soon as another desk's conclusion is written."""
    last = time.monotonic() + WAIT_S
    while True:
        try:
            do()
            return
        except StoreBusyError:
            if time.monotonic() >= last:
                raise
            time.sleep(_STEP_S)

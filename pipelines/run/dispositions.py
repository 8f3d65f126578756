"""Conclusions on events, into the store."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from detectors.core.frames import TIME
from pipelines.assess.dispositions import (
    PART,
    DispositionError,
    make,
    newest,
    of_part,
    see,
    standing_of,
)
from pipelines.assess.dispositions.outcomes import outcomes
from pipelines.base import story
from pipelines.base.schemas import WITHDRAWN
from pipelines.base.settings import Installation
from pipelines.publish.packs import issued
from pipelines.run.opened import writing
from pipelines.store import Queries, Writer, read

IDS: Final = (
    "selat flagged and selat incidents show ids; the beginning of one will do where it is the only "
    "one. By a vessel's name: selat find NAME"
)


class ChangedError(DispositionError):
    """What was concluded on isn't any more what was seen."""


def record(
    installation: Installation,
    event_id: str,
    *,
    author: str,
    conclusion: str,
    reason: str,
    quiet_until: pd.Timestamp | None = None,
    quiet_within_m: float,
    events: Sequence[str] | None = None,
    still: Callable[[Queries], bool] = lambda _: True,
    also: tuple[Installation, str] | None = None,
    wait_s: float = 0.0,
    within: Writer | None = None,
) -> pd.DataFrame:
    """Add a conclusion on an event or on all of an incident, named by the beginning of its id.

    Returns its rows, one per event.

    Parameters
    ----------
    events
        Of the incident so many, by their ids, where somebody has seen no others.
    still
        Whether it is as it was when it was concluded on; asked while nobody else can write.
    also
        Where else it is recorded at the same time, of the same events, known there or not; and what
        stands before the reason there. It sets nothing aside there: who concludes sees a part.
    wait_s
        How long another writer is waited for.
    within
        The store's writer, where it is open already: what comes together is recorded so.

    Raises
    ------
    DispositionError
        If there is no such event or incident, or `dispositions.make` refuses.
    ChangedError
        If it isn't as it was; nothing is recorded then.
    StoreBusyError
        If another was still writing after `wait_s`; nothing is recorded then.
    """
    if conclusion == WITHDRAWN:  # is said of one's own alone
        raise DispositionError(f"no conclusion is called {conclusion!r}", hint="withdraw it")
    _refuse_part(reason)
    # Before it is known whether somebody writes: who leaves no trace isn't told that.
    see(author, conclusion, reason, quiet_until)
    opened = _written(installation, also, wait_s) if within is None else nullcontext([(within, "")])
    with opened as places:
        store = places[0][0]
        concerned = events_of(store, installation, event_id)
        if events is not None:
            named = [store.event(one) for one in events]
            concerned = [one for one in named if one is not None]
        if not concerned:
            raise DispositionError(f"no single event or incident {event_id!r}", hint=IDS)
        if not still(store):
            raise ChangedError("it has changed meanwhile", hint="look again")
        about = {"author": author, "conclusion": conclusion, "quiet_within_m": quiet_within_m}
        added = [
            _rows(one, concerned, f"{more}{reason}", about, until)
            for one, more in places
            for until in [None if more else quiet_until]
        ]
        _add(places, added)
    return added[0].astype({"made_time": TIME})


def withdraw(
    installation: Installation,
    event_id: str,
    *,
    author: str,
    reason: str,
    made: str = "",
    events: Sequence[str] | None = None,
    also: tuple[Installation, str] | None = None,
    wait_s: float = 0.0,
) -> pd.DataFrame:
    """Take back the last conclusion of an author on an event or incident, as a record of its own.

    It is taken back wherever it was recorded at once, and is kept; see `standing_of`. Returns the
    rows that say so.

    Parameters
    ----------
    event_id, events, also, wait_s
        See `record`.
    made
        When the one was made that is meant, in ISO 8601; empty: the last, whichever it is.

    Raises
    ------
    DispositionError
        If there is no such event or incident, or the author has concluded nothing on it that
        stands.
    ChangedError
        If the last isn't the one that is meant; nothing is taken back then.
    """
    _refuse_part(reason)
    see(author, WITHDRAWN, reason, None)
    about = (installation, event_id, author, made, events)
    with read(installation.store, installation.settings.store) as reader:
        _meant(reader, *about)  # as of `record`
    with _written(installation, also, wait_s) as places:
        added = []
        stories, last = _meant(places[0][0], *about)
        meant = last[["conclusion", "reason"]].iloc[0].tolist()
        for one, more in places:
            rows = _last_of(one, stories, author, part=True) if more else last
            said = [] if rows.empty else rows[["conclusion", "reason"]].iloc[0].tolist()
            if more and said != [meant[0], f"{more}{meant[1]}"]:
                continue  # there it never was, or was taken back before the other could be
            made_of = {"author": author, "conclusion": WITHDRAWN, "quiet_within_m": 0.0}
            concerned = [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")]
            added.append(_rows(one, concerned, f"{more}{reason}", made_of))
        _add(places, added)
    return added[0].astype({"made_time": TIME})


def _meant(
    store: Queries,
    installation: Installation,
    event_id: str,
    author: str,
    made: str,
    events: Sequence[str] | None,
) -> tuple[set[str], pd.DataFrame]:
    """Return the stories that a withdrawal is about, and what it takes back of them.

    Raises as `withdraw` does.
    """
    ids = events
    if ids is None:
        ids = [str(one["event_id"]) for one in events_of(store, installation, event_id)]
        if not ids:
            raise DispositionError(f"no single event or incident {event_id!r}", hint=IDS)
    heirs = store.heirs()
    stories = {one for event in ids for one in story.before(event, heirs)}
    last = _last_of(store, stories, author, part=False)
    if last.empty:
        raise DispositionError(
            f"nothing that {author.strip() or 'nobody'} concluded on it stands",
            hint="only one's own last conclusion can be withdrawn",
        )
    if made and last["made_time"].iloc[0].isoformat() != made:
        raise ChangedError("another one was made or taken back meanwhile", "look again")
    return stories, last


def _last_of(store: Queries, stories: set[str], author: str, *, part: bool) -> pd.DataFrame:
    """Return the last conclusion of an author that stands, as one who sees a part or as another."""
    stands = standing_of(store.dispositions())
    own = stands[stands["event_id"].isin(stories) & (stands["author"] == author.strip())]
    own = own[of_part(own).to_numpy(bool) == part]
    last: pd.DataFrame = own[own["made_time"] == own["made_time"].max()]
    return last


def _refuse_part(reason: str) -> None:
    """Refuse what would count as said by somebody who sees a part (`of_part`)."""
    if reason.strip().startswith(PART):
        raise DispositionError("a reason doesn't begin so", hint="say it in other words")


@contextmanager
def _written(
    installation: Installation, also: tuple[Installation, str] | None, wait_s: float
) -> Iterator[list[tuple[Writer, str]]]:
    """Open where conclusions are recorded, each with what stands before a reason there."""
    with ExitStack() as open_:
        places = [(installation, ""), *([] if also is None else [also])]
        yield [(open_.enter_context(writing(one, wait_s)), more) for one, more in places]


def _rows(
    store: Queries,
    concerned: Sequence[dict[str, Any]],
    reason: str,
    about: dict[str, Any],
    quiet_until: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """Make the rows of a conclusion on some events, later than all that is known of them."""
    known = store.dispositions()
    ids = [event["event_id"] for event in concerned]
    before = known.loc[known["event_id"].isin(ids), "made_time"]
    # The newest holds, also where a clock was set back in between.
    now = pd.Timestamp(datetime.now(UTC)).as_unit("us")
    now = max([now, *(before + pd.Timedelta(1, "us"))])
    rows = [
        make(
            event,
            int((known["event_id"] == event["event_id"]).sum()),
            made_time=now,
            reason=reason,
            quiet_until=quiet_until,
            **about,
        )
        for event in concerned
    ]
    return pd.concat(rows, ignore_index=True)


def _add(places: Sequence[tuple[Writer, str]], added: Sequence[pd.DataFrame]) -> None:
    pairs = zip(places, added, strict=False)
    for (writer, _), table in reversed(list(pairs)):  # the home's own first
        writer.add_disposition(table)


def events_of(store: Queries, installation: Installation, event_id: str) -> list[dict[str, Any]]:
    """Return the event, or the incident's, whose id here or in a pack begins so; else none."""
    event = store.event(event_id)
    if event is None and issued.is_id(event_id):  # as a partner quotes it
        named = issued.quoted(installation.exported, event_id)
        event = store.event(str(named["event_id"].iloc[0])) if len(named) == 1 else None
    if event is not None:
        return [event]
    if own := _of_incident(store, event_id):
        return own
    if not issued.is_id(event_id):
        return []
    told = [store.event(one) for one in issued.events_of(installation.exported, event_id)]
    return [one for one in told if one is not None]


def _of_incident(store: Queries, incident_id: str) -> list[dict[str, Any]]:
    """Return the events of the one incident whose id begins so; none where there is none."""
    found = store.known_incidents(prefix=incident_id)["events"].tolist() if incident_id else []
    if len(found) != 1:
        return []
    events = [store.event(one) for one in found[0].split(";")]
    return [event for event in events if event is not None]


def calibrate(installation: Installation, *, dry_run: bool = False) -> tuple[Path | None, Any]:
    """Fit the chance that a boarding finds something to the outcomes recorded so far.

    Returns path of the card (None with `dry_run`), and the card.

    Raises CalibrationError if the outcomes are too few, or the score doesn't tell them.
    """
    from pipelines.assess.dispositions import models
    from pipelines.assess.dispositions.calibration import card, fit

    with read(installation.store, installation.settings.store) as store:
        table = outcomes(newest(store.dispositions()), store.all_flags())
        fitted = fit(table)
        last = store.last_run()
        versions = {} if last is None else store.manifest(str(last["run_id"])).get("detectors", {})
        told = card(fitted, table, simulated=bool(store.simulated), detectors=versions)
    return (None if dry_run else models.write(installation.learned, told)), told

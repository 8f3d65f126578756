"""Which nights a program that had only what some recipients may have would have looked at.

A run notes what was asked for, and what had come since the run before. From that the window that
each run would have had is worked out, as `choose_window` and `finish_run` do it. A run that only
feeds brought which they may not have isn't among them, nor is a look between nights.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from pipelines.run.release_view import Rights
from pipelines.run.windows import (
    FIRST,
    FOREVER,
    NoDataError,
    Window,
    new_since,
    span_of,
    window_between,
)
from pipelines.store import Queries


@dataclass(frozen=True)
class Night:
    """A run as it would have been."""

    run_id: str
    ordinal: int
    """The home's own run."""
    window: Window
    """The window that it would have had."""
    brought: bool
    """Whether something new came with it."""
    failures: Mapping[str, str]
    """What the home's own run couldn't do."""


class Held(Protocol):
    """What some may have of a home: `release_view.View`, or a store that was aligned with it."""

    @property
    def store(self) -> Queries:
        """The store of it."""

    @property
    def rights(self) -> Rights:
        """Return which it is."""


class UnknownSpanError(NoDataError):
    """What a run was asked for isn't known, and can't be guessed without telling of other feeds."""


def choose(home: Queries, view: Held, run_id: str | None) -> Night:
    """Find the night of a run, or without one the newest.

    The newest is the one whose window ends last; of several, the last that brought something, else
    the first: so a look at an older day, or a second one, doesn't take its place.

    Raises
    ------
    NoDataError
        If there is none.
    UnknownSpanError
        If an older version of the program made the run.
    """
    every = runs_of(home)
    night = _newest(every, view) if run_id is None else _of_run(every, view, run_id)
    if night is not None:
        return night
    if any(_asked(run) is None for run in every):
        raise UnknownSpanError(
            "an older version of the program made the run, which didn't note what was asked for",
            hint="name the span: --date, or --since and --until",
        )
    raise NoDataError(
        "no run looked at anything that may be released",
        hint="config/marks.yaml and config/recipients.yaml say who may have what",
    )


def _newest(every: Sequence[Mapping[str, Any]], view: Held) -> Night | None:
    if not every:
        raise NoDataError("no finished run in the store", hint="selat nightly")
    if all(run["look"] for run in every):
        raise NoDataError("there were only looks between nights yet", hint="selat nightly")
    return max(nights(every, view), key=_order, default=None)


def _of_run(every: Sequence[Mapping[str, Any]], view: Held, run_id: str) -> Night | None:
    """Return the night of a run; where it asked for all that was new, and there is none, the one
    before.
    """
    run = next((run for run in every if run["run_id"] == run_id), None)
    if run is None:
        raise NoDataError(
            f"no run {run_id} in the store", hint="the runs are the folders in HOME/runs"
        )
    until, asked = int(run["ordinal"]), _asked(run)
    found = [night for night in nights(every, view) if night.ordinal <= until]
    night, of_new = found[-1] if found else None, asked is not None and asked["span"] is None
    return night if of_new or (night is not None and night.ordinal == until) else None


def _order(night: Night) -> tuple[pd.Timestamp, bool, int]:
    ordinal = night.ordinal if night.brought else -night.ordinal
    return night.window.end, night.brought, ordinal


def nights(runs: Sequence[Mapping[str, Any]], view: Held) -> Iterator[Night]:
    """Return the nights of some runs, oldest first."""
    feeds = view.store.ledger().set_index("feed_key")[["first_time", "last_time"]].dropna()
    files = view.rights.files.set_index("file_key")[["first_time", "last_time"]]
    come, new_feeds, new_files = set[str](), set[str](), set[str]()
    arrivals = view.rights.arrivals
    horizon, looked_to, any_before = FIRST, FIRST, False
    for run in runs:
        asked = _asked(run)
        noted = asked["arrived"] if asked else run["looked_at"]
        arrived = {arrivals[one] for one in noted if one in arrivals}
        come |= arrived
        new_feeds |= arrived & set(feeds.index)
        new_files |= arrived & set(files.index)
        if run["look"]:
            continue
        heard = feeds[feeds.index.isin(come)]
        before, looked_to = looked_to, max(looked_to, run["end"])
        if heard.empty:
            continue
        span = _span(run, asked, view)
        newest = heard["last_time"].max()
        brought = span is None or bool(arrived)
        try:
            if span is None:
                if asked is None:
                    continue
                last = window_between(view.store, FIRST, newest).end
                start = new_since(
                    last,
                    feeds.loc[sorted(new_feeds), "first_time"],
                    files.loc[sorted(new_files), "first_time"] if any_before else None,
                    horizon if any_before else None,
                )
                if start is None:
                    continue
                window = Window(start, last, last)
            else:
                # A span that begins where runs had looked to goes on from there.
                begin = horizon if any_before and span[0] == before else span[0]
                found = window_between(view.store, begin, min(span[1], newest))
                window = Window(found.start, found.end, found.end)
        except NoDataError:
            continue
        any_before, horizon = True, max(horizon, window.end)
        whole = feeds.loc[sorted(new_feeds)]
        inside = (whole["first_time"] >= window.start) & (whole["last_time"] <= window.end)
        new_feeds -= set(whole.index[inside])
        until = FOREVER if window.end >= horizon else window.end  # as `runs.enter` notes it
        seen = files.loc[sorted(new_files), "last_time"] <= until
        new_files -= set(seen.index[seen])
        yield Night(run["run_id"], int(run["ordinal"]), window, brought, run["failures"])


def runs_of(home: Queries) -> list[dict[str, Any]]:
    """List the home's runs, oldest first: run_id, ordinal, span, asked, failures, looked_at."""
    runs = home.sql('SELECT run_id, ordinal, start, "end", manifest FROM runs ORDER BY ordinal')
    looked = home.sql("SELECT run_id, feed_key FROM run_feeds")
    keys = looked.groupby("run_id")["feed_key"].agg(list).to_dict()
    found = []
    for row in runs.to_dict("records"):
        manifest = json.loads(row.pop("manifest"))
        found.append(
            {
                **{str(name): value for name, value in row.items()},
                "asked": manifest.get("asked"),
                "look": "look" in manifest,
                "failures": manifest["failures"],
                "looked_at": keys.get(row["run_id"], []),
            }
        )
    return found


def _asked(run: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what a run was asked for and what had come; None where it didn't note it."""
    asked: Mapping[str, Any] | None = run["asked"]
    return asked


def _span(
    run: Mapping[str, Any], asked: Mapping[str, Any] | None, view: Held
) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Return the span that was asked for; None where it was all that is new, or isn't known.

    Where nothing is withheld, the window of a run that didn't note it is what it was.
    """
    if asked is not None:
        return span_of(asked["span"])
    return (run["start"], run["end"]) if view.rights.whole else None


def not_held_here(home: Queries, night: Night, flagged: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """Find the home's own run of that time, and flags that it, knowing more, didn't hold."""
    run_id = night.run_id
    if not run_id:
        runs, window = home.runs(), night.window
        near = runs[(runs["start"] <= window.end) & (runs["end"] >= window.start)]
        run_id = str(near["run_id"].iloc[-1]) if len(near) else ""
    columns = ["mmsi", "event_ids", "reasons"]
    if not run_id:
        return "", flagged.loc[:, columns].iloc[:0]
    held = home.flags(run_id)["mmsi"]
    return run_id, flagged.loc[~flagged["mmsi"].isin(held), columns].reset_index(drop=True)

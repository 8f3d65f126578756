"""Stage 1: tracks and coverage of every date, as `detect.days.refresh` works them out, in parts."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd

from pipelines.detect.days import digest_of_state, input_digest
from pipelines.detect.days import stale as stale_dates
from pipelines.detect.spread.engines import Engine, Pending
from pipelines.detect.spread.tasks import (
    Segment,
    Segmented,
    TrackIndex,
    counts_of,
    coverage_of,
    learn_coverage,
    segment,
    state_of,
    summary_of,
)
from pipelines.detect.spread.work import Place
from pipelines.store import Writer

NO_MMSI: Final = 1_000_000_000
"""Above every MMSI."""

Ranges = tuple[tuple[int, int], ...]


def ranges_of(store: Writer, first: pd.Timestamp, last: pd.Timestamp, parts: int) -> Ranges:
    """Ranges of MMSIs, each with about as many reports between two times as the others.

    Fewer than `parts` where there are fewer vessels, or one of them sent most of the reports.
    """
    heard = store.report_counts(first, last).sort_values("mmsi")
    share = heard["reports"].cumsum().to_numpy() / max(int(heard["reports"].sum()), 1)
    # A range ends with the vessel with which its share is full.
    at = np.searchsorted(share, np.arange(1, parts) / parts)
    edges = np.unique(heard["mmsi"].to_numpy()[at[at < len(heard)]] + 1)
    return tuple(pairwise([0, *edges[edges < NO_MMSI].tolist(), NO_MMSI]))


def work_out(
    store: Writer,
    engine: Engine,
    place: Place,
    *,
    first: pd.Timestamp,
    last: pd.Timestamp,
    ranges: Ranges,
    progress: Callable[[float, float], None],
) -> TrackIndex:
    """Bring every date of the store in line with its files, and lay out the tracks of a span.

    What was worked out is published, so that workers see it.

    Parameters
    ----------
    first, last
        The span whose tracks are wanted.
    ranges
        Parts of the vessels; see `ranges_of`.
    progress
        Called with (dates done, dates in all).
    """
    days = store.day_files().to_dict("records")
    out_of_line = stale_dates(store)
    stale = [day["date"] for day in days].index(out_of_line[0]) if out_of_line else len(days)
    wanted = [
        i for i, d in enumerate(days) if f"{first:%Y-%m-%d}" <= d["date"] <= f"{last:%Y-%m-%d}"
    ]
    begin = min([stale, *wanted])
    end = len(days) if stale < len(days) else max(wanted, default=-1) + 1
    parts: dict[int, list[Pending]] = {}
    learned: dict[int, Pending] = {}
    for i in range(begin, end):
        # Only the tasks know in which state a date ended that isn't worked out in the store.
        handed = parts[i - 1] if i > stale else [None] * len(ranges)
        before = days[i - 1] if i else {"date": "", "paths": "", "content": ""}
        parts[i] = [
            engine.submit(
                segment,
                Segment(
                    place,
                    days[i]["date"],
                    tuple(f"{before['paths']} {days[i]['paths']}".split()),
                    before["content"],
                    days[i]["content"],
                    before["date"] if i <= stale else "",
                    mmsis,
                ),
                state,
            )
            for mmsis, state in zip(ranges, handed, strict=True)
        ]
        if i >= stale:
            paths = tuple(days[i]["paths"].split())
            learned[i] = engine.submit(learn_coverage, place, days[i]["date"], paths, parts[i])
        if all(part.done() for part in parts[i]):
            progress(i + 1 - begin, end - begin)
    state_digest = str(days[stale - 1]["state"]) if 0 < stale <= len(days) else ""
    done: dict[int, list[Segmented]] = {}
    for i in range(begin, end):
        done[i] = [_result(engine, part) for part in parts[i]]
        if i >= stale:
            state = state_of(place, done[i])
            content = days[i - 1]["content"] if i else "", days[i]["content"]
            digests = input_digest(*content, state_digest), digest_of_state(state)
            store.set_day(
                days[i]["date"],
                digests=digests,
                counts=counts_of(done[i]),
                state=state,
                summary=summary_of(place, done[i]),
                coverage=coverage_of(place, _result(engine, learned[i])),
            )
            state_digest = digests[1]
        progress(i + 1 - begin, end - begin)
    if stale < len(days):
        store.publish()
    dates = tuple((days[i]["date"], tuple(one.key for one in done[i])) for i in wanted)
    return TrackIndex(first.floor("D"), dates)


def _result(engine: Engine, pending: Pending) -> Any:
    while not pending.done():
        engine.wait([pending])
    return pending.result()

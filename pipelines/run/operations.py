"""Operations: into the store, and their reports out of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import pandas as pd
import shapely

from pipelines.assess import operations
from pipelines.assess.operations import report as comparing
from pipelines.base.files import write_text
from pipelines.base.settings import Installation
from pipelines.ingest import Area
from pipelines.learn import gather
from pipelines.publish.operation import page, tables
from pipelines.run.opened import writing
from pipelines.run.setup import load_zones
from pipelines.store import Queries, read

MAX_BATCH_REPORTS: Final = 4_000_000

MAX_AROUND: Final = pd.Timedelta(days=3660)
"""Ten years: what differs over longer is no operation's doing, and pandas' times end somewhere."""

MAX_BESIDE_NM: Final = 300.0
"""What is beside is drawn with the scale of the area's middle latitude (`comparing.ring_of`). Five
degrees further off it is 1 % wrong in the Straits and 7 % at 37 degrees: cos 42 / cos 37."""


def add(
    installation: Installation,
    name: str,
    start: pd.Timestamp,
    end: pd.Timestamp,
    area: str,
    *,
    note: str,
    author: str,
) -> pd.DataFrame:
    """Add an operation; returns its row.

    Raises
    ------
    OperationError
        If `operations.make` refuses, or the area is all there is.
    StoreError
        If there is one of that name, or runs are there whose store isn't.
    """
    outline = outline_of(installation, area)
    row = operations.make(
        name,
        start,
        end,
        area.strip(),
        outline,
        note=note,
        author=author,
        made_time=pd.Timestamp(datetime.now(UTC)).as_unit("us"),
    )
    with writing(installation, begins=True) as store:
        store.add_operation(row)
    return row


def outline_of(installation: Installation, area: str) -> shapely.Geometry:
    """Return the outline of an area as a person names it: W,S,E,N or a zone's id.

    Raises OperationError if it is all there is, or lies across the antimeridian.
    """
    found = Area.parse(area, load_zones(installation))
    outline = found.polygon if found.box is None else shapely.box(*found.box)
    if outline is None or (found.box and found.box[0] > found.box[2]):
        raise operations.OperationError(
            f"the area {area!r} is none that an operation can have", hint="W,S,E,N or a zone's id"
        )
    return outline


def report(
    installation: Installation,
    name: str,
    *,
    around: pd.Timedelta | None = None,
    beside_nm: float = 20.0,
    min_score: float | None = None,
    say: Callable[[int, int], None] | None = None,
) -> comparing.Report:
    """Compare before, during and after an operation that was added; see `compared`."""
    with read(installation.store, installation.settings.store) as store:
        row = operations.find(store.operations(), name)
    return compared(
        installation, row, around=around, beside_nm=beside_nm, min_score=min_score, say=say
    )


def compared(
    installation: Installation,
    row: pd.Series,
    *,
    around: pd.Timedelta | None = None,
    beside_nm: float = 20.0,
    min_score: float | None = None,
    say: Callable[[int, int], None] | None = None,
) -> comparing.Report:
    """Compare before, during and after an operation.

    Raises OperationError if `around` is longer than `MAX_AROUND`, or `beside_nm` further than
    `MAX_BESIDE_NM`.

    Parameters
    ----------
    row
        A row of `OPERATIONS`, added or not.
    around
        Length of before and after; None: that of the operation.
    beside_nm
        How far what is called beside the area reaches.
    min_score
        Which events count; None: those that make a flag.
    """
    spread = around or row["end"] - row["start"]
    if not pd.Timedelta(0) < spread <= MAX_AROUND:
        raise operations.OperationError(
            f"before and after can't be {spread} long", hint=f"at most {MAX_AROUND.days:,} days"
        )
    if not 0 < beside_nm <= MAX_BESIDE_NM:
        raise operations.OperationError(
            f"beside can't reach {beside_nm:g} nm", hint=f"at most {MAX_BESIDE_NM:g} nm"
        )
    with read(installation.store, installation.settings.store) as store:
        outline = shapely.from_wkt(row["outline"])
        ring = comparing.ring_of(outline, beside_nm)
        spans = comparing.spans(row["start"], row["end"], spread, store.runs())
        first, last = spans["before"].start, spans["after"].end
        counts = installation.settings.assess.min_score if min_score is None else min_score
        batches = gather.batches(store, first, last, MAX_BATCH_REPORTS, say)
        presence = comparing.presence_of(batches, outline, ring)
        return comparing.compare(
            row,
            spans,
            store.events_counted(first, last, counts),
            presence,
            store.dispositions(),
            _incident_of(store),
            outline=outline,
            ring=ring,
            beside_nm=beside_nm,
            min_score=counts,
            simulated=bool(store.simulated),
        )


def _incident_of(store: Queries) -> dict[str, str]:
    """Return the incident of each event, as the newest run tells that has it in one."""
    query = (
        "SELECT incident_id, events FROM incidents JOIN runs USING (run_id) "
        "WHERE status NOT IN ('merged', 'retracted') ORDER BY ordinal"
    )
    told = store.sql(query)
    rows = zip(told["events"].tolist(), told["incident_id"].tolist(), strict=True)
    return {event: incident for events, incident in rows for event in str(events).split(";")}


def write_report(installation: Installation, made: comparing.Report) -> list[str]:
    """Write a report as a page and as JSON into HOME/operations; returns the files."""
    folder = installation.operations
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / tables.file_stem(str(made.operation["name"]))
    return [
        str(write_text(stem.with_suffix(".html"), page.to_html(made, load_zones(installation)))),
        str(write_text(stem.with_suffix(".json"), tables.to_json(made))),
    ]

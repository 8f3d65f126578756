"""What each pack called its events and incidents, so that an id that a partner quotes is found.

Kept in `HOME/exported`, a file per pack, with the span and the feeds that it was made of: a
correction looks at the same again.
"""

import glob
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from detectors.core.errors import FrameError
from detectors.core.events import parsed, written
from pipelines.base.files import replacing, sync
from pipelines.store.flat_evidence import converted

ID_DIGITS: Final = 16
_ID: Final = re.compile(r"[0-9a-f]{4,16}")


_ABOUT: Final = b"selat_pack"


@dataclass(frozen=True)
class Made:
    """Of what a pack was made: its span (UTC), and the SHA-256 of each feed; and the ids of the
    conclusions that cleared something here by then, None where an older version made it.
    """

    start: pd.Timestamp
    end: pd.Timestamp
    feeds: frozenset[str]
    cleared: frozenset[str] | None


def note(
    folder: Path,
    pack: str,
    told: pd.DataFrame,
    own: pd.DataFrame,
    incidents: pd.DataFrame,
    made: Made,
) -> None:
    """Keep what a pack calls its events, beside what one of the same name called others.

    Parameters
    ----------
    told, own
        The events as they are in the pack and as they are here, in the same order.
    incidents
        `schemas.INCIDENTS` as they are in the pack.
    """
    folder.mkdir(parents=True, exist_ok=True)
    of_event = {
        event: incident
        for incident, ids in zip(incidents["incident_id"], incidents["events"], strict=True)
        for event in str(ids).split(";")
    }
    ids = told["event_id"].tolist()
    incident = pd.Series([of_event.get(one, "") for one in ids], own.index, dtype="str")
    table = own.assign(
        told_id=told["event_id"].to_numpy(),
        told_incident=incident,
        pack=pd.Series(pack, own.index, dtype="str"),
    )
    about = {
        "start": made.start.isoformat(),
        "end": made.end.isoformat(),
        "feeds": sorted(made.feeds),
        "cleared": sorted(made.cleared or ()),
    }
    rows = pa.Table.from_pandas(written(table), preserve_index=False)
    metadata = {**(rows.schema.metadata or {}), _ABOUT: json.dumps(about).encode()}
    digest = hashlib.sha256(" ".join(sorted(ids)).encode()).hexdigest()[:8]
    with replacing(folder / f"{pack}.{digest}.parquet") as temporary:
        pq.write_table(rows.replace_schema_metadata(metadata), temporary)
        sync(temporary)


def leads_of(folder: Path, pack: str) -> tuple[pd.DataFrame, Made | None]:
    """Return the events of a pack's incidents as they were told, and of what the pack was made.

    Of several packs of the name (from one something was struck) all that they told, as the newest
    did, and of what that was made. Nothing where none is kept, or an older version of the program
    kept it.

    Returns `events.EVENTS`, status, reason, tlp, rel, told_id, told_incident, pack; and that.
    """
    packs = sorted(
        folder.glob(f"{glob.escape(pack)}.*.parquet"),
        key=lambda p: (p.stat().st_mtime, p.name),
        reverse=True,
    )
    found, last = [], None
    for path in packs:
        try:
            table = pq.read_table(path)
            about = json.loads((table.schema.metadata or {})[_ABOUT])
            start, end = (pd.Timestamp(about[name]).as_unit("us") for name in ("start", "end"))
            feeds, ids = about["feeds"], about.get("cleared")
            cleared = None if ids is None else frozenset(map(str, ids))
            made = Made(start, end, frozenset(map(str, feeds)), cleared)
            rows = parsed(table.to_pandas())
            found.append(rows[(rows["told_incident"] != "") & (rows["status"] != "retracted")])
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException, FrameError):
            continue
        last = last or made
    if not found:
        return pd.DataFrame(), None
    together: pd.DataFrame = pd.concat(found).drop_duplicates("told_id", ignore_index=True)
    return together, last


def events_of(folder: Path, incident_id: str) -> Sequence[str]:
    """Return the ids that an incident's events have here, from the id that a pack gave it.

    Its beginning will do where the newest pack that has such an incident has no other.
    """
    packs = sorted(folder.glob("*.parquet"), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in packs if _ID.fullmatch(incident_id) else ():
        try:
            ids = pq.read_table(path, columns=["told_incident", "event_id"]).to_pandas()
        except (OSError, ValueError, pa.ArrowException):
            continue
        own = ids[ids["told_incident"].str.startswith(incident_id)]
        if len(own):
            alone = len(set(own["told_incident"])) == 1
            return [str(one) for one in own["event_id"]] if alone else ()
    return ()


def is_id(text: str) -> bool:
    """Return whether a text may be an event's id, whole."""
    return len(text) == ID_DIGITS and _ID.fullmatch(text) is not None


def quoted(folder: Path, text: str) -> pd.DataFrame:
    """Find the events that a partner may mean by an id or its beginning, the newest pack first.

    Packs whose note is gone or damaged are passed over.

    Returns `events.EVENTS`, status, reason, told_id, pack; one row per id.
    """
    found = []
    packs = sorted(folder.glob("*.parquet"), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in packs if _ID.fullmatch(text) else ():
        try:
            ids = pq.read_table(path, columns=["told_id"])["told_id"].to_pandas()
        except (OSError, pa.ArrowException):
            continue
        if ids.str.startswith(text).any():
            rows = pq.read_table(path).to_pandas()
            rows = rows[rows["told_id"].str.startswith(text)]
            try:
                # Evidence in packs issued by older versions is flat.
                texts = list(map(converted, rows["evidence"], rows["explanation"]))
                found.append(parsed(rows.assign(evidence=texts)))
            except (FrameError, KeyError):
                continue
    if not found:
        return pd.DataFrame({"told_id": pd.Series(dtype="str")})
    together: pd.DataFrame = pd.concat(found).drop_duplicates("told_id", ignore_index=True)
    return together

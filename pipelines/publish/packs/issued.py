"""What each pack called its events, so that an id that a partner quotes still finds its event.

Kept in `HOME/exported`, a file per pack.
"""

import hashlib
import re
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from detectors.core.errors import FrameError
from detectors.core.events import parsed, written
from pipelines.base.files import replacing
from pipelines.store.flat_evidence import converted

ID_DIGITS: Final = 16
_ID: Final = re.compile(r"[0-9a-f]{4,16}")


def note(folder: Path, pack: str, told: pd.DataFrame, own: pd.DataFrame) -> None:
    """Keep what a pack calls its events, beside what one of the same name called others.

    Parameters
    ----------
    told, own
        The events as they are in the pack and as they are here, in the same order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = own.assign(
        told_id=told["event_id"].to_numpy(), pack=pd.Series(pack, own.index, dtype="str")
    )
    digest = hashlib.sha256(" ".join(sorted(told["event_id"])).encode()).hexdigest()[:8]
    with replacing(folder / f"{pack}.{digest}.parquet") as temporary:
        pq.write_table(pa.Table.from_pandas(written(table), preserve_index=False), temporary)


def is_id(text: str) -> bool:
    """Return whether a text may be an event's id, whole."""
    return len(text) == ID_DIGITS and _ID.fullmatch(text) is not None


def quoted(folder: Path, text: str) -> pd.DataFrame:
    """Find the events that a partner may mean by an id or its beginning, the newest pack first.

    Packs whose note is gone or damaged are passed over.

    Returns
    -------
    pandas.DataFrame
        `events.EVENTS`, status, reason, told_id, pack; one row per id.
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

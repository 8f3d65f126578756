"""A correction: what a pack told that no longer stands, for the one who holds the pack.

It is a pack of two files, `CORRECTION.txt` to read and `correction.csv` to work with, marked,
signed and verified as every pack is.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from detectors.core.events import EVENTS
from detectors.core.frames import Column
from pipelines.base import labels
from pipelines.base.files import write_text
from pipelines.base.labels import Labels
from pipelines.base.schemas import MARKS
from pipelines.base.text import LOCAL, LOCAL_NAME, position_text
from pipelines.publish import notices
from pipelines.publish.briefing import span
from pipelines.publish.csv_text import tidy_csv
from pipelines.publish.packs import build
from pipelines.publish.packs.standing import REOPENED
from pipelines.publish.products import Products

TEXT: Final = "CORRECTION.txt"
TABLE: Final = "correction.csv"

CORRECTIONS: Final = {
    "event_id": Column("str", "", "the event, as the pack called it"),
    "incident_id": Column("str", "", "its incident, as the pack called it"),
    "kind": EVENTS["kind"],
    "mmsi": EVENTS["mmsi"],
    "other_mmsi": EVENTS["other_mmsi"],
    "start": Column(EVENTS["start"].dtype, "UTC", "as the pack told it"),
    "end": Column(EVENTS["end"].dtype, "UTC", "as the pack told it"),
    "lat": Column("float64", "deg", "as the pack told it"),
    "lon": Column("float64", "deg", "as the pack told it"),
    "correction": Column("str", "", "withdrawn | moved | cleared | reopened"),
    "now_lat": Column("float64", "deg", "where it was, where it has moved"),
    "now_lon": Column("float64", "deg", "where it was, where it has moved"),
    **MARKS,
}
"""One row per lead that no longer stands as told."""


def fill(
    products: Products,
    pack: str,
    number: int,
    corrections: pd.DataFrame,
    folder: Path,
    private: Ed25519PrivateKey | None,
    place: Callable[[float, float], str],
) -> bytes:
    """Write a correction into an empty folder; give its manifest.

    Parameters
    ----------
    products
        For whom, of which run and with which marks; they hold nothing else.
    number
        Which of the pack's corrections it is: they may come in any order, and be read in any.
    corrections
        `CORRECTIONS`.
    place
        See `telling.Words`: the text says where it was, by name and position.
    """
    write_text(folder / TABLE, tidy_csv(corrections))
    text = render(products, pack, number, corrections, place, signed=private is not None)
    write_text(folder / TEXT, text)
    return build.sign(products, [TEXT, TABLE], folder, private)


def render(
    products: Products,
    pack: str,
    number: int,
    corrections: pd.DataFrame,
    place: Callable[[float, float], str],
    *,
    signed: bool,
) -> str:
    """Return the text, marks first and last."""
    words, marks = labels.labels(products.language), notices.marks(products)
    paragraphs = [
        marks,
        *notices.terms(products),
        f"{words.correction_of.format(pack=pack)} {words.correction_number.format(number=number)}",
        *(_told(row, words, place) for row in corrections.to_dict("records")),
        f"{words.leads} {words.leads_more}",
        words.verify_line if signed else words.unsigned_line,
        marks,
    ]
    return "\n\n".join(paragraphs) + "\n"


def _told(row: Mapping[Any, Any], words: Labels, place: Callable[[float, float], str]) -> str:
    start, end = row["start"], row["end"]
    kind = words.kind_of(str(row["kind"]), "")
    vessels = [int(row[name]) for name in ("mmsi", "other_mmsi") if row[name]]
    who = f" {words.and_} ".join(f"MMSI {mmsi:09d}" for mmsi in vessels)
    when = f"{span(start, end, None, 'UTC', words)} ({span(start, end, LOCAL, LOCAL_NAME, words)})"
    known = not (pd.isna(row["lat"]) or pd.isna(row["lon"]))
    at = [place(row["lat"], row["lon"]), position_text(row["lat"], row["lon"])] if known else []
    parts = (kind[:1].upper() + kind[1:], who, when, " ".join(text for text in at if text))
    head = ", ".join(text for text in parts if text)
    event = f"{words.event} {row['event_id']}"
    said = str(getattr(words, f"correction_{row['correction']}"))
    where = "" if pd.isna(row["now_lat"]) else position_text(row["now_lat"], row["now_lon"])
    if where and row["correction"] == REOPENED:
        said = f"{said} {words.correction_moved}"
    incident = words.incident_line.format(incident_id=row["incident_id"])
    return f"{head}\n  {event[:1].upper()}{event[1:]}. {incident}\n  {said.format(where=where)}"

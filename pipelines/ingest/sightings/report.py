"""What became of the rows of a sightings file."""

from dataclasses import dataclass, field
from typing import Any, Final

from detectors.core.errors import SelatError
from pipelines.base.text import counted
from pipelines.ingest.report import escaped

SAMPLES: Final = 5
"""Rejected rows of each reason that are kept to be looked at."""

SAMPLE_TEXT: Final = 200

FUTURE: Final = "time: in the future"
"""Why a row is rejected that may be taken once its time has come."""


class SightingsError(SelatError):
    """A sightings file can't be read."""

    exit_code = 3


@dataclass
class SightingsReport:
    """Counts of one file."""

    format: str = ""
    rows_read: int = 0
    sightings: int = 0
    """Rows of the file; those that make a sighting."""
    duplicates: int = 0
    """Rows that repeat another row of the file to the letter."""
    zone: str = ""
    """Which zone its times are in by their column's name; empty where that tells none."""
    default_zone: int = 0
    """Rows whose time names no zone, nor does its column."""
    default_source: int = 0
    default_uncertainty: int = 0
    default_confidence: int = 0
    """Rows that didn't name theirs, and sightings that didn't state theirs."""
    rejected: dict[str, int] = field(default_factory=dict)
    samples: dict[str, list[str]] = field(default_factory=dict)
    """Rows rejected, by reason; the first of each, with the row's number and text."""
    unused_columns: list[str] = field(default_factory=list)
    simulated: bool = False
    unended_bytes: int = 0
    """Of a table whose last line has no end, and may be half a line: its size; else 0."""

    def reject(self, reason: str, row: int, text: str) -> None:
        """Count a row that makes no sighting, and keep the first few."""
        self.rejected[reason] = self.rejected.get(reason, 0) + 1
        kept = self.samples.setdefault(reason, [])
        if len(kept) < SAMPLES:
            safe = text.encode("utf-8", "replace").decode("utf-8")
            kept.append(f"row {row}: {safe[:SAMPLE_TEXT]}")

    def to_dict(self) -> dict[str, Any]:
        """Return it as the store keeps it."""
        return dict(vars(self))

    def in_words(self, new: int | None = None) -> str:
        """Return it in one line; `new`: how many of them the store hadn't."""
        rejected = ", ".join(f"{reason} {n:,}" for reason, n in sorted(self.rejected.items()))
        text = f"{counted(self.rows_read, 'row')}, {counted(self.sightings, 'sighting')}"
        if self.duplicates:
            text += f", {self.duplicates:,} repeated"
        if new is not None:
            text += f", {new:,} new"
        if rejected:
            text += f", rejected: {rejected}"
        assumed = {
            "times are UTC": self.default_zone,
            "uncertainty by what saw it": self.default_uncertainty,
            "confidence by what saw it": self.default_confidence,
        }
        taken = ", ".join(f"{what} ({n:,})" for what, n in assumed.items() if n)
        if taken:
            text += f"; taken for granted: {taken}"
        unused = escaped(", ".join(self.unused_columns))
        return f"{text}; not read: {unused}" if unused else text

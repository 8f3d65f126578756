"""What really happens in an exercise, and the file that says so."""

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from detectors.core.errors import SelatError
from pipelines.base.text import iso

FEED_OUTAGE: Final = "feed outage"
RECEIVER_DOWN: Final = "receiver down"
OUT_OF_RANGE: Final = "out of range"
BETWEEN_PASSES: Final = "heard by satellite only"
NOT_HEARD: Final = (FEED_OUTAGE, RECEIVER_DOWN, OUT_OF_RANGE, BETWEEN_PASSES)
"""Notes of the traps that are nobody's doing: a ship that was sending wasn't heard."""


class ExerciseError(SelatError):
    """An exercise can't be made, or its truth or a run can't be read."""

    exit_code = 2


@dataclass(frozen=True)
class Planted:
    """Something that happens: to be found, or (`suspicious` false) a trap to be let pass."""

    kind: str
    """The kind of event that a detector gives it (or, of a trap, would wrongly give it)."""
    mmsi: int
    other_mmsi: int
    """The vessel; of a pair the lower MMSI first; `other_mmsi` 0 where there is no other."""
    start: float
    end: float
    """Epoch seconds; what outlasts the exercise ends with it."""
    lon: float
    lat: float
    """Where: the middle of the span; of a gap, the last position before it."""
    suspicious: bool
    """Whether it deserves a look."""
    note: str
    """What it is, in a few words; the same for all of its sort."""


@dataclass(frozen=True)
class Sighting:
    """What somebody saw, in the columns of `sightings.csv` (those of `frames.SIGHTINGS`).

    `time` in epoch seconds; `length_m` NaN where nobody estimated it.
    """

    time: float
    lat: float
    lon: float
    uncertainty_m: float
    source: str
    length_m: float
    confidence: float
    note: str


def write_sightings(path: Path, sightings: Sequence[Sighting]) -> None:
    """Write `sightings.csv` in order of time, ids counted from ``SIM-0001``."""
    ordered = sorted(sightings, key=lambda s: (s.time, s.source, s.lat, s.lon))
    rows = [
        (
            f"SIM-{number:04d}",
            iso(datetime.fromtimestamp(seen.time, UTC)),
            f"{seen.lat:.6f}",
            f"{seen.lon:.6f}",
            f"{seen.uncertainty_m:.0f}",
            seen.source,
            "" if math.isnan(seen.length_m) else f"{seen.length_m:.0f}",
            f"{seen.confidence:.2f}",
            seen.note,
        )
        for number, seen in enumerate(ordered, 1)
    ]
    _write_csv(path, ("sighting_id", *(field.name for field in fields(Sighting))), rows)


def _write_csv(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows((head, *rows))


@dataclass(frozen=True)
class Fault:
    """What was wrong with reports, to score a layer that says so."""

    fault: str
    """clock (misdated), copy, false_fix, other_hull, second_number or interference."""
    mmsi: int
    other_mmsi: int
    """Whose; 0 where it is a station's, or there is no other."""
    source: str
    """The station, as in tag blocks, if it is one's."""
    start: float
    end: float
    """Epoch seconds, by the times that the feed gives."""
    offset_s: float
    """How much later than true the reports are dated (median)."""
    reports: int
    """How many were heard; 0 where all in the span are meant."""
    note: str
    """What it is, in a few words."""


@dataclass(frozen=True)
class FaultyReport:
    """One position that is wrong: as it stands in the feed, and when it was really sent."""

    fault: str
    mmsi: int
    time: float
    lat: float
    lon: float
    true_time: float
    source: str
    note: str


def write_faulty(path: Path, reports: Sequence[FaultyReport]) -> None:
    """Write `faulty_reports.csv` in order of time: a row for each reception that is wrong."""
    ordered = sorted(reports, key=lambda r: (r.time, r.mmsi, r.fault, r.source))
    rows = [
        (
            report.fault,
            f"{report.mmsi:09d}",
            f"{report.time:.0f}",
            f"{report.lat:.6f}",
            f"{report.lon:.6f}",
            f"{report.true_time:.1f}",
            report.source,
            report.note,
        )
        for report in ordered
    ]
    _write_csv(path, [field.name for field in fields(FaultyReport)], rows)


@dataclass(frozen=True)
class Heard:
    """What the receivers heard of a planted event; see `decidable`."""

    reports: int
    """Of the vessel of it that was heard least, within its span; of a change of numbers in all."""
    others: int
    """Vessels heard near its place while it could have been noticed; near that place of a possible
    meeting's two where they were fewest. Counted of silences and sightings only."""


@dataclass(frozen=True)
class Truth:
    """All of an exercise, from `t0` to `t1` (epoch seconds), ordered by start.

    `faults` says what was wrong with the reports, `heard` what was heard of each event that is to
    be found, in their order; a truth of old has neither, and readers of old leave them alone.
    """

    t0: float
    t1: float
    events: tuple[Planted, ...]
    faults: tuple[Fault, ...] = ()
    heard: tuple[Heard, ...] = ()

    @property
    def planted(self) -> list[Planted]:
        """Return what is to be found."""
        return [event for event in self.events if event.suspicious]

    def write(self, path: Path) -> None:
        """Write it as JSON, one event a line."""
        rows = ",\n".join(json.dumps(asdict(event)) for event in self.events)
        faults = ",\n".join(json.dumps(asdict(fault)) for fault in self.faults)
        wrong = f', "faults": [\n{faults}\n]' if self.faults else ""
        heard = ", ".join(json.dumps(asdict(one)) for one in self.heard)
        wrong += f', "heard": [{heard}]' if self.heard else ""
        path.write_text(
            f'{{"t0": {self.t0!r}, "t1": {self.t1!r}, "events": [\n{rows}\n]{wrong}}}\n',
            encoding="utf-8",
        )

    @classmethod
    def read(cls, path: Path) -> "Truth":
        """Read what `write` wrote.

        Raises ExerciseError if there is no such file or it is something else.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            events = tuple(Planted(**event) for event in content["events"])
            faults = tuple(Fault(**fault) for fault in content.get("faults", ()))
            heard = tuple(Heard(**one) for one in content.get("heard", ()))
            truth = cls(float(content["t0"]), float(content["t1"]), events, faults, heard)
            if heard and len(heard) != len(truth.planted):
                raise ValueError("heard is of other events than are planted")
            return truth
        except OSError as error:
            raise ExerciseError(
                f"can't read {path}: {error.strerror}",
                hint="`selat exercise simulate OUT` writes OUT/truth.json",
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise ExerciseError(f"{path} is not the truth of an exercise: {error}") from error


def pair(first: int, second: int) -> tuple[int, int]:
    """Two MMSIs, the lower first."""
    return min(first, second), max(first, second)


def in_order(events: Sequence[Planted]) -> tuple[Planted, ...]:
    """Events ordered by start, then vessel, then kind."""
    return tuple(sorted(events, key=lambda e: (e.start, e.mmsi, e.other_mmsi, e.kind, e.note)))

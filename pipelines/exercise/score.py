"""A run compared with the truth: what was found, which traps were raised, how good the top is."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.exercise.truth import ExerciseError, Planted, Truth

Floats = NDArray[np.float64]

MIN_IOU: Final = {"gap": 0.6, "crossing": 0.2, "identity": 0.0, "spoofing": 0.0}
"""Least intersection over union of an event's span and a planted one's; 0: touching is enough.
A gap has sharp ends; a crossing is read off an area's edge and is short."""
DEFAULT_MIN_IOU: Final = 0.4
_ALIKE: Final = ({"identity", "spoofing"},)
"""Kinds that stand for each other: which of the two a borrowed identity shows as is open."""
RAISED_SHARE: Final = 0.5


@dataclass(frozen=True)
class Kind:
    """The score of one kind of event.

    Attributes
    ----------
    planted, found
        Suspicious events planted, and those matched by an event of the run.
    start_error_s
        Median of |event start - planted start| over those found; NaN where there are none.
    traps, raised, raised_flagged
        Traps; those in which at least half of an event of the kind and a vessel lies; and those
        where such an event is named in flagged.csv.
    events
        Events of the run of this kind, each one of: `matched` to a planted one; `related`, at the
        same time as anything planted on one of its vessels; `in_traps`; `other`.
    """

    kind: str
    planted: int
    found: int
    start_error_s: float
    traps: int
    raised: int
    raised_flagged: int
    events: int
    matched: int
    related: int
    in_traps: int
    other: int

    @property
    def recall(self) -> float:
        """Share of the planted that was found; NaN where nothing was planted."""
        return self.found / self.planted if self.planted else float("nan")


@dataclass(frozen=True)
class Score:
    """How a run did.

    Attributes
    ----------
    kinds
        One per kind in the truth.
    planted_vessels, flagged_vessels
        Vessels with a planted event; vessels in flagged.csv.
    top, top_right
        How many of the first `planted_vessels` flags there are, and how many of those vessels
        have a planted event.
    vessel_hours
        From the run's manifest; NaN where it doesn't say.
    missed, raised
        The planted events not found, and the traps raised (each with `flagged`).
    """

    kinds: tuple[Kind, ...]
    planted_vessels: int
    flagged_vessels: int
    top: int
    top_right: int
    vessel_hours: float
    missed: tuple[Planted, ...] = field(default=())
    raised: tuple[tuple[Planted, bool], ...] = field(default=())

    @property
    def precision_at_top(self) -> float:
        """Share of the top flags that have a planted event; NaN without flags."""
        return self.top_right / self.top if self.top else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """One row per kind: kind, planted, found, recall, start_error_s, traps, raised,
        raised_flagged, events, matched, related, in_traps, other, false_per_1000_vessel_hours.
        """
        rows = [
            {
                "kind": k.kind, "planted": k.planted, "found": k.found, "recall": k.recall,
                **{name: value for name, value in asdict(k).items()
                   if name not in ("kind", "planted", "found")},
                "false_per_1000_vessel_hours": 1000 * (k.in_traps + k.other) / self.vessel_hours,
            }
            for k in self.kinds
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def to_json(self) -> str:
        """All of it as a JSON object; null where there is no figure."""
        content: dict[str, Any] = {
            "kinds": self.to_frame().to_dict("records"),
            "planted_vessels": self.planted_vessels,
            "flagged_vessels": self.flagged_vessels,
            "top": self.top,
            "top_right": self.top_right,
            "precision_at_top": self.precision_at_top,
            "vessel_hours": self.vessel_hours,
            "missed": [asdict(event) for event in self.missed],
            "raised": [{**asdict(event), "flagged": flagged} for event, flagged in self.raised],
        }
        return json.dumps(_without_nan(content), indent=1, allow_nan=False)


def score(truth_path: Path, run_folder: Path) -> Score:
    """Compare a run's events.csv and flagged.csv with the truth.

    An event matches a planted one when kind and vessels agree (a pair exactly) and their spans'
    intersection over union reaches `MIN_IOU`. A trap is raised when half of an event of its kind
    that involves one of its vessels lies within it. Open events last until the exercise ends;
    retracted ones don't count. Precision is that of the first N flags, N being the number of
    vessels with a planted event.

    Raises
    ------
    ExerciseError
        If a file is missing or isn't what it should be.
    """
    truth = Truth.read(truth_path)
    events = _events(run_folder / "events.csv", truth.t1)
    flagged = _table(run_folder / "flagged.csv", ("rank", "mmsi", "event_ids"))
    flagged_events = {i for ids in flagged["event_ids"] for i in ids.split(";") if i}

    planted = [event for event in truth.events if event.suspicious]
    traps = [event for event in truth.events if not event.suspicious]
    found = {k: match for k, event in enumerate(planted) if (match := _match(event, events)) >= 0}
    inside = [_raising(trap, events) for trap in traps]
    in_flags = events["event_id"].isin(flagged_events).to_numpy()

    matched = np.zeros(len(events), bool)
    matched[list(found.values())] = True
    related = ~matched & _related(planted, events)
    trapped = np.zeros(len(events), bool)
    for rows in inside:
        trapped[rows] = True
    trapped &= ~matched & ~related

    kinds = []
    for kind in sorted({event.kind for event in truth.events}):
        mine = [k for k, event in enumerate(planted) if event.kind == kind]
        errors = [
            abs(float(events["start_s"].iloc[found[k]]) - planted[k].start)
            for k in mine if k in found
        ]  # fmt: skip
        raising = [rows for rows, trap in zip(inside, traps, strict=True) if trap.kind == kind]
        of_kind = (events["kind"] == kind).to_numpy()
        kinds.append(
            Kind(
                kind=kind,
                planted=len(mine),
                found=len(errors),
                start_error_s=float(np.median(errors)) if errors else float("nan"),
                traps=len(raising),
                raised=sum(len(rows) > 0 for rows in raising),
                raised_flagged=sum(bool(in_flags[rows].any()) for rows in raising),
                events=int(of_kind.sum()),
                matched=int((of_kind & matched).sum()),
                related=int((of_kind & related).sum()),
                in_traps=int((of_kind & trapped).sum()),
                other=int((of_kind & ~matched & ~related & ~trapped).sum()),
            )
        )
    guilty = {m for event in planted for m in (event.mmsi, event.other_mmsi) if m}
    ranked = flagged.assign(order=pd.to_numeric(flagged["rank"])).sort_values("order")
    top = ranked["mmsi"].astype("int64").to_numpy()[: len(guilty)]
    return Score(
        kinds=tuple(kinds),
        planted_vessels=len(guilty),
        flagged_vessels=len(flagged),
        top=len(top),
        top_right=int(np.isin(top, list(guilty)).sum()),
        vessel_hours=_vessel_hours(run_folder / "manifest.json"),
        missed=tuple(event for k, event in enumerate(planted) if k not in found),
        raised=tuple(
            (trap, bool(in_flags[rows].any()))
            for trap, rows in zip(traps, inside, strict=True) if len(rows)
        ),
    )  # fmt: skip


def iou(start: Floats, end: Floats, other_start: float, other_end: float) -> Floats:
    """Intersection over union of spans with one other span, 0-1.

    Two equal moments have 1; spans that only touch have 0.

    >>> iou(np.array([0.0]), np.array([10.0]), 5.0, 10.0)
    array([0.5])
    """
    both = np.maximum(np.minimum(end, other_end) - np.maximum(start, other_start), 0.0)
    either = np.maximum(end, other_end) - np.minimum(start, other_start)
    return np.asarray(np.divide(both, either, out=np.ones_like(both), where=either > 0))


def _match(planted: Planted, events: pd.DataFrame) -> int:
    """Row of the event that matches best, -1 where none does."""
    kinds = next((alike for alike in _ALIKE if planted.kind in alike), {planted.kind})
    start, end = events["start_s"].to_numpy(), events["end_s"].to_numpy()
    candidate = events["kind"].isin(kinds).to_numpy(copy=True)
    candidate &= (events["mmsi"] == planted.mmsi).to_numpy()
    candidate &= (events["other_mmsi"] == planted.other_mmsi).to_numpy()
    # Touching is asked for in any case, so that an IoU of 0 can't join a day to the next.
    candidate &= (start <= planted.end) & (end >= planted.start)
    overlap = iou(start, end, planted.start, planted.end)
    candidate &= overlap >= MIN_IOU.get(planted.kind, DEFAULT_MIN_IOU)
    rows = np.flatnonzero(candidate)
    return int(rows[np.argmax(overlap[rows])]) if len(rows) else -1


def _involved(vessels: Sequence[int], events: pd.DataFrame) -> NDArray[np.bool_]:
    some = [vessel for vessel in vessels if vessel]
    return (events["mmsi"].isin(some) | events["other_mmsi"].isin(some)).to_numpy()


def _raising(trap: Planted, events: pd.DataFrame) -> NDArray[np.int64]:
    """Rows of the events that raise a trap."""
    start, end = events["start_s"].to_numpy(), events["end_s"].to_numpy()
    both = np.minimum(end, trap.end) - np.maximum(start, trap.start)
    inside = (both >= RAISED_SHARE * (end - start)) & (both >= 0)
    of_kind = (events["kind"] == trap.kind).to_numpy()
    return np.flatnonzero(inside & of_kind & _involved((trap.mmsi, trap.other_mmsi), events))


def _related(planted: Sequence[Planted], events: pd.DataFrame) -> NDArray[np.bool_]:
    related = np.zeros(len(events), bool)
    for event in planted:
        at_the_time = (events["start_s"] <= event.end) & (events["end_s"] >= event.start)
        related |= at_the_time.to_numpy() & _involved((event.mmsi, event.other_mmsi), events)
    return related


def _events(path: Path, t1: float) -> pd.DataFrame:
    columns = ("event_id", "kind", "mmsi", "other_mmsi", "start", "end", "status")
    frame = _table(path, columns)
    frame = frame[frame["status"] != "retracted"].reset_index(drop=True)
    try:
        for name in ("start", "end"):
            time = pd.to_datetime(frame[name].replace("", None), utc=True, format="ISO8601")
            since = (time - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
            frame[f"{name}_s"] = since.fillna(t1) if name == "end" else since
        for name in ("mmsi", "other_mmsi"):
            frame[name] = frame[name].replace("", "0").astype("int64")
    except ValueError as error:
        raise ExerciseError(f"{path} has a value that can't be read: {error}") from error
    return frame


def _table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except OSError as error:
        raise ExerciseError(
            f"can't read {path}: {error.strerror}", hint="name the folder of a run's results"
        ) from error
    except ValueError as error:
        raise ExerciseError(f"{path} can't be read: {error}") from error
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ExerciseError(f"{path} has no column {', '.join(missing)}")
    return frame


def _vessel_hours(path: Path) -> float:
    """`vessel_hours` of the manifest, at its top or among its counts; NaN where there is none."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        counts = manifest.get("counts") or {}
        return float(manifest.get("vessel_hours", counts.get("vessel_hours", "nan")))
    except (OSError, ValueError, AttributeError, TypeError):
        return float("nan")


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value

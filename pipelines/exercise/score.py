"""A run compared with the truth: what was found, which traps were raised, how good the top is."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.base import proportions as lifts
from pipelines.base.proportions import Lift
from pipelines.exercise.matching import Match, compare, kinds_like
from pipelines.exercise.truth import NOT_HEARD, ExerciseError, Planted, Truth

Floats = NDArray[np.float64]

FLAG_SCORE: Final = 0.3
"""Score from which an event flags its vessel by itself (`assess.min_score` of the settings)."""
CONTEXT: Final = ("geofence",)
"""Kinds that are context, not findings: crossing a boundary is never false."""


@dataclass(frozen=True)
class Kind:
    """The score of one kind of event.

    Attributes
    ----------
    planted, found
        Suspicious events planted, and those matched by an event of the run.
    start_errors_s
        |event start - planted start| of each one found.
    traps, raised, raised_flagged
        Traps; those in which at least half of an event of the kind and a vessel lies; and those
        where such an event is named in flagged.csv.
    events
        Events of the run of this kind, each one of: `matched` to a planted one; `related`, at the
        same time as anything planted on one of its vessels; `in_traps`; `other`.
    other_unexplained, other_strong
        Those of the other events without an explanation, and with a score that flags.
    false
        Those of the other events that are one or both; none of a kind that is context.
    vessels, top, top_right
        Vessels with a planted event of the kind; that many vessels (or fewer) by their strongest
        event of the kind or one like it, those planted only of a kind like it left out; and how
        many of these are right.
    """

    kind: str
    planted: int = 0
    found: int = 0
    start_errors_s: tuple[float, ...] = ()
    traps: int = 0
    raised: int = 0
    raised_flagged: int = 0
    events: int = 0
    matched: int = 0
    related: int = 0
    in_traps: int = 0
    other: int = 0
    other_unexplained: int = 0
    other_strong: int = 0
    false: int = 0
    vessels: int = 0
    top: int = 0
    top_right: int = 0

    @property
    def recall(self) -> float:
        """Share of the planted that was found; NaN where nothing was planted."""
        return self.found / self.planted if self.planted else float("nan")

    @property
    def start_error_s(self) -> float:
        """Median error of the start; NaN where nothing was found."""
        return float(np.median(self.start_errors_s)) if self.start_errors_s else float("nan")

    @property
    def precision_at_top(self) -> float:
        """Share of the top vessels of this kind that are right; NaN without any."""
        return self.top_right / self.top if self.top else float("nan")


@dataclass(frozen=True)
class Sort:
    """How everything with one note fared: planted events found, or traps raised (and flagged)."""

    kind: str
    note: str
    suspicious: bool
    number: int
    hit: int
    flagged: int


@dataclass(frozen=True)
class Score:
    """How a run did, or several runs together.

    Attributes
    ----------
    kinds
        One per kind in the truth or the run.
    planted_vessels, flagged_vessels
        Vessels with a planted event; vessels in flagged.csv.
    flagged_planted, flagged_traps, flagged_others
        Those of the flagged with a planted event; those that only belong to a trap (one that
        somebody staged, or any raised one); and those that have no part in the truth.
    top, top_right
        How many of the first `planted_vessels` flags there are, and how many of those vessels
        have a planted event.
    vessels, vessel_hours
        From the run's manifest; NaN where it doesn't say.
    sorts
        The same by note.
    missed, raised
        The planted events not found, and the traps raised (each with `flagged`).
    runs
        How many runs these are.
    """

    kinds: tuple[Kind, ...]
    planted_vessels: int
    flagged_vessels: int
    flagged_planted: int
    flagged_traps: int
    flagged_others: int
    top: int
    top_right: int
    vessels: float
    vessel_hours: float
    sorts: tuple[Sort, ...] = field(default=())
    missed: tuple[Planted, ...] = field(default=())
    raised: tuple[tuple[Planted, bool], ...] = field(default=())
    runs: int = 1

    @property
    def precision_at_top(self) -> float:
        """Share of the top flags that have a planted event; NaN without flags."""
        return self.top_right / self.top if self.top else float("nan")

    @property
    def lift(self) -> Lift:
        """Precision of the top over the share of planted vessels among all."""
        return lifts.lift(self.top_right, self.top, self.planted_vessels, self.vessels)

    @property
    def traps_among_flagged(self) -> float:
        """Share of the flagged vessels that only belong to a trap; NaN without flags."""
        flagged = self.flagged_vessels
        return self.flagged_traps / flagged if flagged else float("nan")

    @property
    def false_per_1000_vessel_hours(self) -> float:
        """False events of all kinds; NaN where the vessel hours aren't known."""
        return 1000 * sum(kind.false for kind in self.kinds) / self.vessel_hours

    def to_frame(self) -> pd.DataFrame:
        """One row per kind: the figures of `Kind`, recall, start_error_s, precision_at_top, lift,
        lift_low, lift_high, false_per_1000_vessel_hours.
        """
        rows = []
        for kind in self.kinds:
            counts = asdict(kind)
            del counts["start_errors_s"]
            gain = lifts.lift(kind.top_right, kind.top, kind.vessels, self.vessels)
            rows.append(
                {
                    **counts,
                    "recall": kind.recall,
                    "start_error_s": kind.start_error_s,
                    "precision_at_top": kind.precision_at_top,
                    "lift": gain.lift,
                    "lift_low": gain.low,
                    "lift_high": gain.high,
                    "false_per_1000_vessel_hours": 1000 * kind.false / self.vessel_hours,
                }
            )
        return pd.DataFrame(rows)

    def to_json(self) -> str:
        """All of it as a JSON object; null where there is no figure."""
        plain = (
            "runs",
            "planted_vessels",
            "flagged_vessels",
            "flagged_planted",
            "flagged_traps",
            "flagged_others",
            "traps_among_flagged",
            "top",
            "top_right",
            "precision_at_top",
            "vessels",
            "vessel_hours",
            "false_per_1000_vessel_hours",
        )
        content: dict[str, Any] = {
            "kinds": self.to_frame().to_dict("records"),
            **{name: getattr(self, name) for name in plain},
            "lift": self.lift._asdict(),
            "sorts": [asdict(sort) for sort in self.sorts],
            "missed": [asdict(event) for event in self.missed],
            "raised": [{**asdict(event), "flagged": flagged} for event, flagged in self.raised],
        }
        return json.dumps(_without_nan(content), indent=1, allow_nan=False)


def score(truth_path: Path, run_folder: Path, *, flag_score: float = FLAG_SCORE) -> Score:
    """Compare a run's events.csv and flagged.csv with the truth.

    An event matches a planted one when kind and vessels agree (a pair exactly; a sighting by
    place) and their spans' intersection over union reaches `matching.MIN_IOU`. A trap is raised
    when half of an event of its kind that involves one of its vessels lies within it. Open events
    last until the exercise ends; retracted ones don't count. Precision is that of the first N
    flags, N being the number of vessels with a planted event.

    Raises
    ------
    ExerciseError
        If a file is missing or isn't what it should be.
    """
    truth = Truth.read(truth_path)
    events = _events(run_folder / "events.csv", truth.t1)
    flagged = _table(run_folder / "flagged.csv", ("rank", "mmsi", "event_ids"))
    flagged_events = {i for ids in flagged["event_ids"] for i in ids.split(";") if i}
    in_flags = events["event_id"].isin(flagged_events).to_numpy()

    planted = [event for event in truth.events if event.suspicious]
    traps = [event for event in truth.events if not event.suspicious]
    match = compare(planted, traps, events)
    raised = [
        (trap, bool(in_flags[rows].any()))
        for trap, rows in zip(traps, match.raising, strict=True)
        if len(rows)
    ]

    kinds = sorted({event.kind for event in truth.events} | set(events["kind"]))
    guilty = _vessels(planted)
    trapped = _vessels([t for t in traps if t.note not in NOT_HEARD] + [t for t, _ in raised])
    ranked = flagged.assign(order=pd.to_numeric(flagged["rank"])).sort_values("order")
    order = ranked["mmsi"].astype("int64").tolist()
    top = order[: len(guilty)]
    counts = _counts(run_folder / "manifest.json")
    return Score(
        kinds=tuple(_kind(k, planted, traps, events, match, in_flags, flag_score) for k in kinds),
        planted_vessels=len(guilty),
        flagged_vessels=len(order),
        flagged_planted=sum(m in guilty for m in order),
        flagged_traps=sum(m in trapped - guilty for m in order),
        flagged_others=sum(m not in trapped | guilty for m in order),
        top=len(top),
        top_right=sum(m in guilty for m in top),
        vessels=_number(counts, "vessels_looked_at"),
        vessel_hours=_number(counts, "vessel_hours"),
        sorts=_sorts(planted, traps, match, in_flags),
        missed=tuple(event for k, event in enumerate(planted) if k not in match.found),
        raised=tuple(raised),
    )


def pooled(scores: Sequence[Score]) -> Score:
    """Several runs as one: counts are added up, medians and shares taken over all."""
    by_kind: dict[str, list[Kind]] = {}
    by_sort: dict[tuple[str, str, bool], list[Sort]] = {}
    for one in scores:
        for kind in one.kinds:
            by_kind.setdefault(kind.kind, []).append(kind)
        for sort in one.sorts:
            by_sort.setdefault((sort.kind, sort.note, sort.suspicious), []).append(sort)
    added = (
        "planted_vessels",
        "flagged_vessels",
        "flagged_planted",
        "flagged_traps",
        "flagged_others",
        "top",
        "top_right",
        "vessels",
        "vessel_hours",
        "runs",
    )
    sums: dict[str, Any] = {name: sum(getattr(s, name) for s in scores) for name in added}
    return Score(
        kinds=tuple(_summed(by_kind[name]) for name in sorted(by_kind)),
        sorts=tuple(
            Sort(
                *key,
                sum(s.number for s in group),
                sum(s.hit for s in group),
                sum(s.flagged for s in group),
            )
            for key, group in sorted(by_sort.items())
        ),
        missed=tuple(event for s in scores for event in s.missed),
        raised=tuple(trap for s in scores for trap in s.raised),
        **sums,
    )


def _summed(kinds: Sequence[Kind]) -> Kind:
    names = [name for name in asdict(kinds[0]) if name not in ("kind", "start_errors_s")]
    counts: dict[str, Any] = {name: sum(getattr(k, name) for k in kinds) for name in names}
    errors = tuple(error for k in kinds for error in k.start_errors_s)
    return Kind(kinds[0].kind, start_errors_s=errors, **counts)


def _kind(
    kind: str,
    planted: Sequence[Planted],
    traps: Sequence[Planted],
    events: pd.DataFrame,
    match: Match,
    in_flags: NDArray[np.bool_],
    flag_score: float,
) -> Kind:
    mine = [k for k, event in enumerate(planted) if event.kind == kind]
    raising = [rows for rows, t in zip(match.raising, traps, strict=True) if t.kind == kind]
    of_kind = (events["kind"] == kind).to_numpy()
    other = of_kind & match.other
    unexplained = other & (events["explanation"] == "").to_numpy()
    strong = other & (events["score"] >= flag_score).to_numpy()
    guilty = _vessels([planted[k] for k in mine])
    alike = _vessels([event for event in planted if event.kind in kinds_like(kind)]) - guilty
    strongest = _strongest(events[events["kind"].isin(kinds_like(kind))])
    top = [mmsi for mmsi in strongest if mmsi not in alike][: len(guilty)]
    start = events["start_s"].to_numpy()
    return Kind(
        kind=kind,
        planted=len(mine),
        found=sum(k in match.found for k in mine),
        start_errors_s=tuple(
            abs(float(start[match.found[k]]) - planted[k].start) for k in mine if k in match.found
        ),
        traps=len(raising),
        raised=sum(len(rows) > 0 for rows in raising),
        raised_flagged=sum(bool(in_flags[rows].any()) for rows in raising),
        events=int(of_kind.sum()),
        matched=int((of_kind & match.matched).sum()),
        related=int((of_kind & match.related).sum()),
        in_traps=int((of_kind & match.in_traps).sum()),
        other=int(other.sum()),
        other_unexplained=int(unexplained.sum()),
        other_strong=int(strong.sum()),
        false=0 if kind in CONTEXT else int((unexplained | strong).sum()),
        vessels=len(guilty),
        top=len(top),
        top_right=sum(m in guilty for m in top),
    )


def _sorts(
    planted: Sequence[Planted], traps: Sequence[Planted], match: Match, in_flags: NDArray[np.bool_]
) -> tuple[Sort, ...]:
    seen: dict[tuple[str, str, bool], list[tuple[bool, bool]]] = {}
    for k, event in enumerate(planted):
        row = match.found.get(k, -1)
        hit = row >= 0, row >= 0 and bool(in_flags[row])
        seen.setdefault((event.kind, event.note, True), []).append(hit)
    for trap, rows in zip(traps, match.raising, strict=True):
        hit = len(rows) > 0, bool(in_flags[rows].any())
        seen.setdefault((trap.kind, trap.note, False), []).append(hit)
    return tuple(
        Sort(*key, len(hits), sum(h for h, _ in hits), sum(f for _, f in hits))
        for key, hits in sorted(seen.items())
    )


def _strongest(events: pd.DataFrame) -> list[int]:
    """Vessels by their strongest event, strongest first; those of score 0 left out."""
    names = ["mmsi", "other_mmsi"]
    sides = [events[[name, "score"]].rename(columns={name: "mmsi"}) for name in names]
    both = pd.concat(sides)
    both = both[(both["mmsi"] > 0) & (both["score"] > 0)]
    both = both.sort_values(["score", "mmsi"], ascending=[False, True])
    return [int(mmsi) for mmsi in both.drop_duplicates("mmsi")["mmsi"]]


def _vessels(events: Sequence[Planted]) -> set[int]:
    return {m for event in events for m in (event.mmsi, event.other_mmsi) if m}


def _events(path: Path, t1: float) -> pd.DataFrame:
    columns = (
        "event_id",
        "kind",
        "mmsi",
        "other_mmsi",
        "start",
        "end",
        "lat",
        "lon",
        "score",
        "status",
        "explanation",
    )
    frame = _table(path, columns)
    frame = frame[frame["status"] != "retracted"].reset_index(drop=True)
    try:
        for name in ("start", "end"):
            time = pd.to_datetime(frame[name].replace("", None), utc=True, format="ISO8601")
            since = (time - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
            frame[f"{name}_s"] = since.fillna(t1) if name == "end" else since
        for name in ("mmsi", "other_mmsi"):
            frame[name] = frame[name].replace("", "0").astype("int64")
        for name in ("lat", "lon", "score"):
            frame[name] = frame[name].replace("", "nan").astype("float64")
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


def _counts(path: Path) -> dict[str, Any]:
    """What the manifest counts, at its top or among its counts; nothing where there is none."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        return {**manifest, **(manifest.get("counts") or {})}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _number(counts: dict[str, Any], name: str) -> float:
    value = counts.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value

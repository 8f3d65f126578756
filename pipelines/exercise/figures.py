"""The figures of a score, by kind and in all, and several runs as one."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

import numpy as np
import pandas as pd

from pipelines.base import proportions as lifts
from pipelines.base.proportions import Lift
from pipelines.base.text import without_nan
from pipelines.exercise.truth import Planted

CONTEXT: Final = ("geofence",)
"""Kinds that are context, not findings: crossing a boundary is never false."""


@dataclass(frozen=True)
class Kind:
    """The score of one kind of event."""

    kind: str
    planted: int = 0
    seen: int = 0
    found: int = 0
    """Suspicious events planted; those matched by an event of the run, whatever its score; and
    those of them matched by one that reaches the flagging score while a vessel of the planted event
    is listed in flagged.csv (a boat without AIS has no number to be listed by)."""
    undecidable: int = 0
    undecided: int = 0
    """Those planted that can't be told from what was heard (`decidable.undecidable`), by the truth
    alone; and those of them that weren't found either."""
    start_errors_s: tuple[float, ...] = ()
    """|event start - planted start| of each one seen."""
    traps: int = 0
    raised: int = 0
    raised_flagged: int = 0
    """Traps; those in which at least half of an event of the kind and a vessel lies; and those
    where such an event is named in flagged.csv."""
    events: int = 0
    """Events of the run of this kind, each one of: `matched` to a planted one; `related`, at the
    same time as anything planted on one of its vessels; `in_traps`; `other`."""
    matched: int = 0
    related: int = 0
    in_traps: int = 0
    other: int = 0
    other_unexplained: int = 0
    other_strong: int = 0
    """Those of the other events without an explanation, and with a score that flags."""
    false: int = 0
    """Those of the other events that are one or both; none of a kind that is context."""
    vessels: int = 0
    top: int = 0
    top_right: int = 0
    """Vessels with a planted event of the kind; that many vessels (or fewer) by their strongest
    event of the kind or one like it, those planted only of a kind like it left out; and how many of
    these are right."""

    @property
    def recall(self) -> float:
        """Share of the planted that was found; NaN where nothing was planted."""
        return self.found / self.planted if self.planted else float("nan")

    @property
    def recall_decidable(self) -> float:
        """Share found of the planted that can be told from what was heard; NaN without any."""
        decidable = self.planted - self.undecidable
        found = self.found - (self.undecidable - self.undecided)
        return found / decidable if decidable else float("nan")

    @property
    def recall_seen(self) -> float:
        """Share of the planted that an event matches, flagged or not; NaN without any."""
        return self.seen / self.planted if self.planted else float("nan")

    @property
    def start_error_s(self) -> float:
        """Median error of the start; NaN where nothing was seen."""
        return float(np.median(self.start_errors_s)) if self.start_errors_s else float("nan")

    @property
    def precision_at_top(self) -> float:
        """Share of the top vessels of this kind that are right; NaN without any."""
        return self.top_right / self.top if self.top else float("nan")


@dataclass(frozen=True)
class Sort:
    """How everything with one note fared: planted events seen (and found), or traps raised (and
    flagged).
    """

    kind: str
    note: str
    suspicious: bool
    number: int
    hit: int
    flagged: int


@dataclass(frozen=True)
class Score:
    """How a run did, or several runs together."""

    kinds: tuple[Kind, ...]
    """One per kind in the truth or the run."""
    planted_vessels: int
    flagged_vessels: int
    """Vessels with a planted event; vessels in flagged.csv."""
    flagged_planted: int
    flagged_traps: int
    flagged_others: int
    """Those of the flagged with a planted event; those that only belong to a trap (one that
    somebody staged, or any raised one); and those that have no part in the truth."""
    top: int
    top_right: int
    """How many of the first `planted_vessels` flags there are, and how many of those vessels have a
    planted event."""
    vessels: float
    vessel_hours: float
    """From the run's manifest; NaN where it doesn't say."""
    sorts: tuple[Sort, ...] = field(default=())
    """The same by note."""
    missed: tuple[tuple[Planted, bool], ...] = field(default=())
    raised: tuple[tuple[Planted, bool], ...] = field(default=())
    """The planted events not found (each with whether it was `seen`), and the traps raised (each
    with `flagged`)."""
    undecidable: tuple[tuple[Planted, str], ...] = field(default=())
    """The planted events that can't be told from what was heard, found or not, each with why."""
    runs: int = 1
    """How many runs these are."""
    innocent_runs: int = 0
    innocent_flags: int = 0
    innocent_vessel_hours: float = 0.0
    """Those of them with nothing planted, what they flagged, and how long they watched."""

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

    @property
    def flags_per_1000_vessel_hours(self) -> float:
        """Flagged vessels, right or wrong; NaN where the vessel hours aren't known."""
        return 1000 * self.flagged_vessels / self.vessel_hours

    @property
    def innocent_flags_per_1000_vessel_hours(self) -> float:
        """Flagged vessels where nothing was planted; NaN without such a run."""
        hours = self.innocent_vessel_hours
        return 1000 * self.innocent_flags / hours if hours else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """Give one row per kind: the figures of `Kind`, recall, recall_decidable, recall_seen,
        start_error_s, precision_at_top, lift, lift_low, lift_high, false_per_1000_vessel_hours.
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
                    "recall_decidable": kind.recall_decidable,
                    "recall_seen": kind.recall_seen,
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
        """Give all of it as a JSON object; null where there is no figure."""
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
            "flags_per_1000_vessel_hours",
            "innocent_runs",
            "innocent_flags",
            "innocent_vessel_hours",
            "innocent_flags_per_1000_vessel_hours",
        )
        content: dict[str, Any] = {
            "kinds": self.to_frame().to_dict("records"),
            **{name: getattr(self, name) for name in plain},
            "lift": self.lift._asdict(),
            "sorts": [asdict(sort) for sort in self.sorts],
            "missed": [{**asdict(event), "seen": seen} for event, seen in self.missed],
            "raised": [{**asdict(event), "flagged": flagged} for event, flagged in self.raised],
            "undecidable": [{**asdict(event), "why": why} for event, why in self.undecidable],
        }
        return json.dumps(without_nan(content), indent=1, allow_nan=False)


def pooled(scores: Sequence[Score]) -> Score:
    """Add several runs up: counts are added up, medians and shares taken over all."""
    by_kind: dict[str, list[Kind]] = {}
    by_sort: dict[tuple[str, str, bool], list[Sort]] = {}
    for one in scores:
        for kind in one.kinds:
            by_kind.setdefault(kind.kind, []).append(kind)
        for sort in one.sorts:
            by_sort.setdefault((sort.kind, sort.note, sort.suspicious), []).append(sort)
    told = {"kinds", "sorts", "missed", "raised", "undecidable"}
    added = [one.name for one in fields(Score) if one.name not in told]
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
        undecidable=tuple(event for s in scores for event in s.undecidable),
        **sums,
    )


def _summed(kinds: Sequence[Kind]) -> Kind:
    names = [name for name in asdict(kinds[0]) if name not in ("kind", "start_errors_s")]
    counts: dict[str, Any] = {name: sum(getattr(k, name) for k in kinds) for name in names}
    errors = tuple(error for k in kinds for error in k.start_errors_s)
    return Kind(kinds[0].kind, start_errors_s=errors, **counts)

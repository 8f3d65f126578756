"""A run compared with the truth: what was found, which traps were raised, how good the top is."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.exercise.decidable import undecidable
from pipelines.exercise.figures import CONTEXT, Kind, Score, Sort, pooled
from pipelines.exercise.matching import Match, compare, kinds_like
from pipelines.exercise.results import counts_of, events_of, number, table
from pipelines.exercise.truth import NOT_HEARD, Planted, Truth

FLAG_SCORE: Final = 0.3
"""Score from which an event flags its vessel by itself (`assess.min_score` of the settings)."""
__all__ = ["FLAG_SCORE", "Score", "pooled", "score"]


def score(truth_path: Path, run_folder: Path, *, flag_score: float = FLAG_SCORE) -> Score:
    """Compare a run's events.csv and flagged.csv with the truth.

    An event matches a planted one when kind and vessels agree (a pair exactly; a sighting by
    place) and their spans' intersection over union reaches `matching.MIN_IOU`. It is found where
    such an event scores at least `flag_score` and one of its vessels is listed. A trap is raised
    when half of an event of its kind that involves one of its vessels lies within it. Open events
    last until the exercise ends; retracted ones don't count. Precision is that of the first N
    flags, N being the number of vessels with a planted event. What can't be told from what was
    heard (`decidable`) still counts as missed in recall, and is told apart beside it.

    Raises ExerciseError if a file is missing or isn't what it should be.
    """
    truth = Truth.read(truth_path)
    events = events_of(run_folder / "events.csv", truth.t1)
    flagged = table(run_folder / "flagged.csv", ("rank", "mmsi", "event_ids"))
    flagged_events = {i for ids in flagged["event_ids"] for i in ids.split(";") if i}
    in_flags = events["event_id"].isin(flagged_events).to_numpy()

    planted = truth.planted
    why = {k: undecidable(planted[k], heard) for k, heard in enumerate(truth.heard)}
    why = {k: reason for k, reason in why.items() if reason}
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
    ranked = flagged.assign(order=pd.to_numeric(flagged["rank"])).sort_values(
        "order", kind="stable"
    )
    order = ranked["mmsi"].astype("int64").tolist()
    found = _found(planted, match, events["score"].to_numpy() >= flag_score, set(order))
    counts = counts_of(run_folder / "manifest.json")
    vessel_hours = number(counts, "vessel_hours")
    innocent = not planted
    top = order[: len(guilty)]
    return Score(
        kinds=tuple(
            _kind(k, planted, traps, events, match, found, why, in_flags, flag_score) for k in kinds
        ),
        planted_vessels=len(guilty),
        flagged_vessels=len(order),
        flagged_planted=sum(m in guilty for m in order),
        flagged_traps=sum(m in trapped - guilty for m in order),
        flagged_others=sum(m not in trapped | guilty for m in order),
        top=len(top),
        top_right=sum(m in guilty for m in top),
        vessels=number(counts, "vessels_looked_at"),
        vessel_hours=vessel_hours,
        sorts=_sorts(planted, traps, match, found, in_flags),
        missed=tuple((e, k in match.found) for k, e in enumerate(planted) if k not in found),
        raised=tuple(raised),
        undecidable=tuple((planted[k], reason) for k, reason in why.items()),
        innocent_runs=int(innocent),
        innocent_flags=len(order) if innocent else 0,
        innocent_vessel_hours=vessel_hours if innocent else 0.0,
    )


def _found(
    planted: Sequence[Planted], match: Match, strong: NDArray[np.bool_], listed: set[int]
) -> set[int]:
    return {
        k
        for k, rows in match.fitting.items()
        if strong[rows].any() and (not _vessels([planted[k]]) or _vessels([planted[k]]) & listed)
    }


def _kind(
    kind: str,
    planted: Sequence[Planted],
    traps: Sequence[Planted],
    events: pd.DataFrame,
    match: Match,
    found: set[int],
    undecidable: Collection[int],
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
        seen=sum(k in match.found for k in mine),
        found=sum(k in found for k in mine),
        undecidable=sum(k in undecidable for k in mine),
        undecided=sum(k in undecidable and k not in found for k in mine),
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
    planted: Sequence[Planted],
    traps: Sequence[Planted],
    match: Match,
    found: set[int],
    in_flags: NDArray[np.bool_],
) -> tuple[Sort, ...]:
    seen: dict[tuple[str, str, bool], list[tuple[bool, bool]]] = {}
    for k, event in enumerate(planted):
        hit = k in match.found, k in found
        seen.setdefault((event.kind, event.note, True), []).append(hit)
    for trap, rows in zip(traps, match.raising, strict=True):
        hit = len(rows) > 0, bool(in_flags[rows].any())
        seen.setdefault((trap.kind, trap.note, False), []).append(hit)
    return tuple(
        Sort(*key, len(hits), sum(h for h, _ in hits), sum(f for _, f in hits))
        for key, hits in sorted(seen.items())
    )


def _strongest(events: pd.DataFrame) -> list[int]:
    """Rank vessels by their strongest event, strongest first; those of score 0 left out."""
    names = ["mmsi", "other_mmsi"]
    sides = [events[[name, "score"]].rename(columns={name: "mmsi"}) for name in names]
    both = pd.concat(sides)
    both = both[(both["mmsi"] > 0) & (both["score"] > 0)]
    both = both.sort_values(["score", "mmsi"], ascending=[False, True])
    return [int(mmsi) for mmsi in both.drop_duplicates("mmsi")["mmsi"]]


def _vessels(events: Sequence[Planted]) -> set[int]:
    return {m for event in events for m in (event.mmsi, event.other_mmsi) if m}

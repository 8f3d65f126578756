"""From events to a ranked list of vessels, each with reasons a sailor would understand."""

from typing import Final

import pandas as pd

from detectors.core import frames
from detectors.core.places import Gazetteer
from detectors.core.telling import told
from pipelines.assess.reasons import Teller
from pipelines.detect.window import Detection
from pipelines.products import FLAGGED
from pipelines.reference import ship_type_words
from pipelines.settings import AssessSettings

MIN_REASON_SCORE: Final = 0.1
"""Events below this are context (a boundary crossed on a voyage), not reasons."""

MAX_REASONS: Final = 8


def assess(
    detection: Detection, gazetteer: Gazetteer, settings: AssessSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rank vessels by their events.

    A vessel's score is 1 - (1 - s1)(1 - s2)…, with s_k the strongest score, after explanations,
    among its events of kind k: different behaviours add up as independent leads do, while more of
    the same does not, so that a ferry which crosses a boundary twenty times isn't flagged for it.
    Vessels of `settings.min_score` or more are flagged, at most `settings.max_flags`.

    Returns
    -------
    tuple
        The events with `reason`, told from the side of `mmsi`; and `products.FLAGGED`.
    """
    vessels = detection.context.vessels.set_index("mmsi")
    names = dict(zip(vessels.index.tolist(), vessels["name"].tolist(), strict=True))
    teller = Teller(names, gazetteer, detection.context.end)
    events = detection.events.reset_index(drop=True)
    rows = told(events)
    reasons = [teller.tell(row, row.mmsi) for row in rows]
    events = events.assign(reason=pd.Series(reasons, dtype="str"))
    ranked = _ranked(_by_vessel(events), settings)
    if ranked.empty:
        return events, frames.empty(FLAGGED)
    flagged = ranked.join(
        vessels[["imo", "name", "callsign", "flag_state", "ship_type"]], on="mmsi"
    )
    flagged["ship_type"] = ship_type_words(flagged["ship_type"].to_numpy())
    flagged = flagged.join(_last_seen(detection.positions), on="mmsi")
    mine = [(mmsi, _strongest(events, mmsi)) for mmsi in ranked["mmsi"].tolist()]
    flagged["reasons"] = [
        " | ".join(teller.tell(rows[i], mmsi) for i in own.index.tolist()) for mmsi, own in mine
    ]
    flagged["explanations"] = [" | ".join(t for t in own["explanation"] if t) for _, own in mine]
    flagged["event_ids"] = [";".join(own["event_id"]) for _, own in mine]
    return events, frames.conform(flagged, FLAGGED)


def _last_seen(positions: pd.DataFrame) -> pd.DataFrame:
    """Time and place of each vessel's last report, by MMSI."""
    newest = positions.sort_values("time", kind="stable").drop_duplicates("mmsi", keep="last")
    return newest.set_index("mmsi")[["time", "lat", "lon"]].rename(columns={"time": "last_seen"})


def _by_vessel(events: pd.DataFrame) -> pd.DataFrame:
    """One row per event and vessel that takes part in it."""
    other = events[events["other_mmsi"] > 0]
    other = other.assign(mmsi=other["other_mmsi"])
    return pd.concat([events, other], ignore_index=True)


def _ranked(by_vessel: pd.DataFrame, settings: AssessSettings) -> pd.DataFrame:
    """rank, mmsi, score of the flagged vessels; equal scores in the order of their MMSIs."""
    strongest = by_vessel.groupby(["mmsi", "kind"], as_index=False)["score"].max()
    missed = strongest.assign(score=1.0 - strongest["score"])
    scores: pd.DataFrame = missed.groupby("mmsi", as_index=False).agg(score=("score", "prod"))
    scores["score"] = (1.0 - scores["score"]).round(4)
    scores = scores[scores["score"] >= settings.min_score]
    scores = scores.sort_values(["score", "mmsi"], ascending=[False, True], ignore_index=True)
    scores["rank"] = scores.index + 1
    return scores.head(settings.max_flags)


def _strongest(events: pd.DataFrame, mmsi: int) -> pd.DataFrame:
    mine = events[(events["mmsi"] == mmsi) | (events["other_mmsi"] == mmsi)]
    mine = mine.sort_values(["score", "event_id"], ascending=[False, True])
    weighty = mine[mine["score"] >= MIN_REASON_SCORE]
    return (weighty if len(weighty) else mine).head(MAX_REASONS)

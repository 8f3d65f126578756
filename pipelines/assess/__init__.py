"""From events to a ranked list of vessels, each with reasons a sailor would understand."""

from typing import Final

import numpy as np
import pandas as pd

from detectors.core import frames
from detectors.core.events import evidence_of
from detectors.core.places import Gazetteer
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
    vessels = detection.context.vessels.set_index("mmsi", drop=False)
    teller = Teller(vessels["name"].to_dict(), gazetteer, detection.context.end)
    events = detection.events.reset_index(drop=True)
    evidence = evidence_of(events)
    rows = list(events.itertuples(index=False))
    told = events.assign(
        reason=pd.Series(
            [teller.tell(row, found, int(row.mmsi)) for row, found in zip(rows, evidence, strict=True)],
            dtype="str",
        )
    )
    ranked = _ranked(_by_vessel(told), settings)
    if ranked.empty:
        return told, frames.empty(FLAGGED)
    positions = detection.positions
    last = positions.sort_values("time", kind="stable").drop_duplicates("mmsi", keep="last")
    last = last.set_index("mmsi")
    flagged = []
    for rank, (mmsi, score) in enumerate(ranked.items(), start=1):
        mine = _strongest(told, int(str(mmsi)))
        vessel, seen = vessels.loc[mmsi], last.loc[mmsi]
        flagged.append({
            "rank": rank, "mmsi": mmsi, "score": round(float(score), 4),
            **{c: vessel[c] for c in ("imo", "name", "callsign", "flag_state")},
            "ship_type": ship_type_words(np.array([vessel["ship_type"]]))[0],
            "reasons": " | ".join(
                teller.tell(rows[i], evidence[i], int(str(mmsi))) for i in mine.index
            ),
            "explanations": " | ".join(t for t in mine["explanation"] if t),
            "last_seen": seen["time"], "lat": seen["lat"], "lon": seen["lon"],
            "event_ids": ";".join(mine["event_id"]),
        })  # fmt: skip
    return told, frames.conform(pd.DataFrame(flagged), FLAGGED)


def _by_vessel(events: pd.DataFrame) -> pd.DataFrame:
    """One row per event and vessel that takes part in it."""
    other = events[events["other_mmsi"] > 0]
    other = other.assign(mmsi=other["other_mmsi"])
    return pd.concat([events, other], ignore_index=True)


def _ranked(by_vessel: pd.DataFrame, settings: AssessSettings) -> pd.Series:
    """Score by MMSI, highest first; equal scores by MMSI."""
    strongest = by_vessel.groupby(["mmsi", "kind"])["score"].max()
    missed = (1.0 - strongest).groupby("mmsi").prod()
    scores = (1.0 - missed).rename("score").reset_index()
    scores = scores[scores["score"] >= settings.min_score]
    scores = scores.sort_values(["score", "mmsi"], ascending=[False, True])
    return scores.head(settings.max_flags).set_index("mmsi")["score"]


def _strongest(events: pd.DataFrame, mmsi: int) -> pd.DataFrame:
    mine = events[(events["mmsi"] == mmsi) | (events["other_mmsi"] == mmsi)]
    mine = mine.sort_values(["score", "event_id"], ascending=[False, True])
    weighty = mine[mine["score"] >= MIN_REASON_SCORE]
    return (weighty if len(weighty) else mine).head(MAX_REASONS)

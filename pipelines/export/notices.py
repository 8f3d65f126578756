"""What every product says about itself, in the same words everywhere."""

from typing import Final

SIMULATED: Final = "SIMULATED DATA – EXERCISE"
LEADS: Final = "Flags are leads, not findings."
LEADS_MORE: Final = (
    "Each rests on position reports alone and may have an innocent explanation; where one fits it "
    "is given. Look before you judge."
)
BLIND: Final = (
    "AIS shows only vessels that transmit. Small boats often carry no AIS, and receivers miss "
    "reports. Absence of AIS isn't guilt, and an empty sea on this map isn't an empty sea."
)
NOTHING_FLAGGED: Final = "No vessel was flagged."
NOT_ALL_CLEAR: Final = (
    "This isn't “all clear”: it says that the reports received in this window met no detector's "
    "thresholds after explanations. Vessels without AIS, or outside the receivers' reach, were "
    "not looked at."
)
NOT_FOR_NAVIGATION: Final = "Not for navigation."
COAST_SOURCE: Final = "Coastline © OpenStreetMap contributors (ODbL)"


def summary(run_id: str, simulated: bool, partial: bool, flags: int) -> str:
    """The one paragraph that formats without room for more carry."""
    parts = [f"{SIMULATED}."] if simulated else []
    if partial:
        parts.append("PARTIAL RUN: not everything was assessed, see manifest.json.")
    if not flags:
        parts += [NOTHING_FLAGGED, NOT_ALL_CLEAR]
    return " ".join([*parts, LEADS, LEADS_MORE, BLIND, f"Run {run_id}."])

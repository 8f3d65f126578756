"""Which track is believed, and why."""

from typing import Final

from detectors.kinematics.reports import Reports
from detectors.spoofing.story import Story

_SCATTERED: Final = "its fixes scatter, and no sound ones are known before and after"
_REJOINED: Final = (
    "after its fixes scattered the vessel was where it can have sailed from its last sound one, "
    "at {kn} kn"
)
_DISPLACED: Final = "one of the two is displaced; which one, only another sensor can tell"
_LEAPS: Final = "the same track before and after the false stretch, from which it leaps"
_ALONE: Final = "there is no other track; where the vessel was isn't known"
_REPEATED: Final = "it was there first, and the other repeats it at a constant offset"
_REPLAYED: Final = "the other track follows it some time apart"
_RESUMED: Final = "it was silent meanwhile and resumed where the vessel can have sailed, at {kn} kn"
_SHAPELESS: Final = "the other track has a shape that no vessel sails"
_FIRST: Final = "it was there first; the other begins where it can't have got to"
SAILED_ON: Final = (
    "it calls itself the same, and can have sailed there from where the other began to lie or drift"
)
BELIEFS: Final = (
    *(_SCATTERED, _REJOINED, _DISPLACED, _LEAPS, _ALONE),
    *(_REPEATED, _REPLAYED, _RESUMED, _SHAPELESS, _FIRST, SAILED_ON),
)
"""Why a track is believed, as evidence says it."""


def belief(reports: Reports, story: Story) -> tuple[str, str]:
    """Return the track believed true (empty where none is) and why."""
    if story.subkind == "scatter":
        if not story.evidence["rejoined"]:
            return "", _SCATTERED
        told = _REJOINED.format(kn=f"{story.evidence['rejoined_kn']:.1f}")
        return str(reports.track[story.home] if story.home >= 0 else ""), told
    if story.home < 0:
        if story.subkind == "offset_copy":
            return "", _DISPLACED
        if story.evidence.get("leapt"):
            return str(reports.track[story.first]), _LEAPS
        return "", _ALONE
    home = str(reports.track[story.home])
    if story.subkind == "offset_copy":
        return home, _REPEATED
    if story.subkind == "replay":
        return home, _REPLAYED
    if story.evidence["returned"]:
        return home, _RESUMED.format(kn=f"{story.evidence['home_made_good_kn']:.1f}")
    return home, _FIRST if story.subkind == "jump" else _SHAPELESS

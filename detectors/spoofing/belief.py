"""Which track is believed, and why."""

from detectors.kinematics.reports import Reports
from detectors.spoofing.story import Story


def belief(reports: Reports, story: Story) -> tuple[str, str]:
    """Return the track believed true (empty where none is) and why."""
    if story.subkind == "scatter":
        if not story.evidence["rejoined"]:
            return "", "its fixes scatter, and no sound ones are known before and after"
        return str(reports.track[story.home] if story.home >= 0 else ""), (
            "after its fixes scattered the vessel was where it can have sailed from its last sound "
            f"one, at {story.evidence['rejoined_kn']:.1f} kn"
        )
    if story.home < 0:
        if story.subkind == "offset_copy":
            return "", "one of the two is displaced; which one, only another sensor can tell"
        if story.evidence.get("leapt"):
            track = str(reports.track[story.first])
            return track, "the same track before and after the false stretch, from which it leaps"
        return "", "there is no other track; where the vessel was isn't known"
    home = str(reports.track[story.home])
    if story.subkind == "offset_copy":
        return home, "it was there first, and the other repeats it at a constant offset"
    if story.subkind == "replay":
        return home, "the other track follows it some time apart"
    if story.evidence["returned"]:
        return home, (
            "it was silent meanwhile and resumed where the vessel can have sailed, at "
            f"{story.evidence['home_made_good_kn']:.1f} kn"
        )
    if story.subkind != "jump":
        return home, "the other track has a shape that no vessel sails"
    return home, "it was there first; the other begins where it can't have got to"

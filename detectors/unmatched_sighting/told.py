"""What a sailor is told of a sighting."""

from detectors.core.telling import Told, Words


def tell(event: Told, words: Words, mmsi: int) -> str:
    """Say what was seen, by whom, and which vessel it is held against."""
    facts = event.evidence
    length_m = facts.get("length_m")
    what = words.say("something")
    if length_m:
        what = words.say("something of {length_m:.0f} m", length_m=length_m)
    by = facts.get("seen_by") or words.say("someone")
    seen = words.say("{what} that no AIS explains was seen by {by}", what=what, by=by)
    place = words.place(event.lat, event.lon)
    if event.subkind == "near_gap":
        hours = facts["silent_s"] / 3600
        return words.say(
            "May have been seen while silent: {seen} {hours:.1f} h after its last report and "
            "{distance} from it, {place}",
            seen=seen,
            hours=hours,
            distance=words.distance(facts["silent_distance_m"]),
            place=place,
        )
    if event.subkind == "near_loitering":
        away = words.distance(facts["loiterer_distance_m"])
        return words.say(
            "Had company while it drifted: {seen} {distance} off, {place}",
            seen=seen,
            distance=away,
            place=place,
        )
    return f"{seen[:1].upper()}{seen[1:]}, {place}"

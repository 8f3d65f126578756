"""What a sailor is told of a crossing."""

from detectors.core.telling import Told, Words


def tell(event: Told, words: Words) -> str:
    """Say what happened, in a sentence for a sailor."""
    stated = event.evidence
    length = ""
    if stated.get("length_m"):
        length = words.say(", {length_m:.0f} m long,", length_m=stated["length_m"])
    return words.say(
        "Small craft{length} ran {distance} at {speed_kn:.0f} kn in the dark from the side of "
        "{from_state} towards {to_state}, within {near} of that coast, {place}",
        length=length,
        distance=words.distance(stated["distance_m"]),
        speed_kn=stated["mean_speed_kn"],
        from_state=stated["from_state"],
        to_state=stated["to_state"],
        near=words.distance(stated["end_to_coast_m"]),
        place=words.place(event.lat, event.lon),
    )

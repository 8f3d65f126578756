"""What a sailor is told of a mother ship."""

from detectors.core.telling import Told, Words


def tell(event: Told, words: Words, mmsi: int) -> str:
    """Say what happened, in a sentence for a sailor."""
    stated, place = event.evidence, words.place(event.lat, event.lon)
    duration = words.duration(event.start, event.seen_until)
    if event.subkind == "visited":
        return words.say(
            "Waited, and was visited {n_visits} times by {n_visitors} small craft in {duration}, "
            "{place}",
            duration=duration,  # from the first visit to the last: how long it lay there is more
            n_visits=stated["n_visits"],
            n_visitors=stated["n_visitors"],
            place=place,
        )
    again = words.say(", where it had waited before,") if stated["returned"] else ""
    return words.say(
        "Waited {duration}{again} within reach of small boats, {dark_h:.1f} h of it in the "
        "dark, {place}",
        duration=duration,
        again=again,
        dark_h=stated["dark_s"] / 3600,
        place=place,
    )

"""What a sailor is told of a crossing."""

from detectors.core.telling import Told, Words


def tell(event: Told, words: Words) -> str:
    """Say what happened, in a sentence for a sailor."""
    return _crossed(event, words) + _tide(event, words)


def _tide(event: Told, words: Words) -> str:
    """Say how far off high water was at the landing, where a table said so."""
    stated = event.evidence
    place, after_s = stated.get("high_water_place"), stated.get("after_high_water_s")
    if not place or after_s is None:
        return ""
    if after_s < 0:
        return words.say(
            ", {hours:.1f} h before high water at {place}", hours=-after_s / 3600, place=place
        )
    return words.say(
        ", {hours:.1f} h after high water at {place}", hours=after_s / 3600, place=place
    )


def _crossed(event: Told, words: Words) -> str:
    stated = event.evidence
    if event.subkind == "half":
        return words.say(
            "Went out {out} from the coast of {state} towards {other}, lay there for "
            "{lying_min:.0f} min, then landed for {landing_min:.0f} min away from any port, "
            "{place}",
            out=words.distance(stated["out_m"]),
            state=stated["from_state"],
            other=stated["other_state"],
            lying_min=stated["lying_s"] / 60,
            landing_min=stated["landing_s"] / 60,
            place=words.place(stated["landing_lat"], stated["landing_lon"]),
        )
    crossed = words.say(
        "Crossed {distance} at {speed_kn:.0f} kn from the side of {from_state} towards "
        "{to_state}, within {near} of that coast, {place}",
        distance=words.distance(stated["distance_m"]),
        speed_kn=stated["mean_speed_kn"],
        from_state=stated["from_state"],
        to_state=stated["to_state"],
        near=words.distance(stated["end_to_coast_m"]),
        place=words.place(event.lat, event.lon),
    )
    chance = stated.get("end_ashore_probability")
    if chance is None:
        return crossed
    return crossed + words.say(" (could have been ashore: {chance:.2f})", chance=chance)

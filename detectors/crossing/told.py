"""What a sailor is told of a crossing."""

from detectors.core.evidence import Evidence
from detectors.core.telling import Told, Words, place_and_time, state
from detectors.crossing.endings import NEAR, SHORE
from detectors.hypotheses.crossing import came_ashore_first, turned_off


def tell(event: Told, words: Words) -> str:
    """Say what happened, in a sentence for a sailor."""
    told = _half if event.subkind == "half" else _crossed
    return told(event, words) + _tide(event, words)


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


def _half(event: Told, words: Words) -> str:
    """Say from where it went out, how far, where it landed and when it left again."""
    stated = event.evidence
    landing = words.place(stated["landing_lat"], stated["landing_lon"])
    own = state(stated["from_state"], words.say)
    from_shore = stated.get("began", SHORE) == SHORE
    if stated.get("left_lat") is not None and from_shore:
        own += f" ({words.place(stated['left_lat'], stated['left_lon'])})"
    out = {
        "out": words.distance(stated["out_m"]),
        "state": own,
        "other": state(stated["other_state"], words.say),
        "lying_min": stated["lying_s"] / 60,
    }
    if from_shore:
        went = words.say(
            "Went out {out} from {state} towards {other} and lay there for {lying_min:.0f} min",
            **out,
        )
    else:  # it may have come from the other side
        went = words.say(
            "Was first heard at sea, up to {out} from {state} towards {other}, and lay out there "
            "for {lying_min:.0f} min",
            **out,
        )
    if stated.get("landing_heard") is False:
        came = words.say(
            "made for the shore away from any port, {place}, unheard, with {ashore_min:.0f} min to "
            "spare there",
            place=landing,
            ashore_min=stated["ashore_s"] / 60,
        )
    elif stated.get("landing_time") is None:  # of before version 7
        came = words.say("came back to the shore away from any port, {place}", place=landing)
    else:
        ashore = {  # the time is that of the middle of the stay
            "place_time": place_and_time(stated, "landing", words),
            "landing_min": stated["landing_s"] / 60,
        }
        if from_shore:
            came = words.say(
                "was back at the shore away from any port, {place_time}, for {landing_min:.0f} min "
                "in all, and left again",
                **ashore,
            )
        else:
            came = words.say(
                "was at the shore away from any port, {place_time}, for {landing_min:.0f} min in "
                "all, and left again",
                **ashore,
            )
    return f"{went}; {came}"


def _crossed(event: Told, words: Words) -> str:
    stated = event.evidence
    left, made_for = (state(stated[name], words.say) for name in ("from_state", "to_state"))
    distance, speed_kn = words.distance(stated["distance_m"]), stated["mean_speed_kn"]
    if stated.get("arrival_lat") is None:  # of before version 7, or not for this reader
        crossed = words.say(
            "Crossed {distance} at {speed_kn:.0f} kn from the side of {left} towards {made_for}, "
            "half-way {place}; within {near} of that coast",
            distance=distance,
            speed_kn=speed_kn,
            left=left,
            made_for=made_for,
            near=words.distance(stated["end_to_coast_m"]),
            place=words.place(event.lat, event.lon),
        )
    else:
        way = words.say(
            "{distance} of it at {speed_kn:.0f} kn", distance=distance, speed_kn=speed_kn
        )
        crossed = f"{_began(stated, words)}, {_ended(stated, words)}: {way}"
    return crossed + _chance(stated, words)


def _chance(stated: Evidence, words: Words) -> str:
    """Say how likely it landed unheard; of who came over and went back on the coast that it came
    over to: that it was at its own again is no landing to look for.
    """
    came_over = turned_off(stated, "start") or came_ashore_first(stated)
    chance = stated.get(f"{'start' if came_over else 'end'}_ashore_probability")
    if chance is None:
        return ""
    percent = "< 1" if chance < 0.005 else "> 99" if chance >= 0.995 else f"{100 * chance:.0f}"
    if not came_over:
        return words.say(" (chance that it landed unheard: {percent} %)", percent=percent)
    return words.say(
        " (chance that it landed unheard in {state}: {percent} %)",
        state=state(stated["from_state"], words.say),
        percent=percent,
    )


def _began(stated: Evidence, words: Words) -> str:
    """Say whence it crossed: from the shore; from off it, where it had only come so near.

    Who had come over from the other coast and turned about there left no beach on this one: told
    as a crossing from it, that sends a patrol where nobody was. Who had come over to its very shore
    may have landed people there, which the way back alone doesn't say.
    """
    left, made_for = (state(stated[name], words.say) for name in ("from_state", "to_state"))
    if came_ashore_first(stated) and stated.get("left_time") is not None:
        return words.say(
            "Came over from {other} to {state}, {place_time}, and went back",
            other=made_for,
            state=left,
            place_time=place_and_time(stated, "left", words),
        )
    place = words.place(stated["left_lat"], stated["left_lon"])
    off_m = stated.get("left_coast_m")
    turned = turned_off(stated, "start")
    if (stated["began"] != NEAR and not turned) or off_m is None:
        if stated["began"] in (SHORE, NEAR):
            return words.say("Crossed from {state}", state=left) + f", {place}"
        return words.say("Crossed from the side of {state}", state=left) + f", {place}"
    off = words.distance(off_m)
    if not turned:
        came = words.say("Crossed from within {near} of {state}", near=off, state=left)
        return f"{came}, {place}"
    return words.say(
        "Came over from {other} to within {near} of {state}, {place}, and went back",
        other=made_for,
        near=off,
        state=left,
        place=place,
    )


def _ended(stated: Evidence, words: Words) -> str:
    """Say where it came to, how near and when; and that it turned about, there where it was heard
    to.
    """
    made_for = state(stated["to_state"], words.say)
    there = place_and_time(stated, "arrival", words)
    if stated["ended"] == SHORE:
        return words.say("to {state}, {place_time}", state=made_for, place_time=there)
    ended = words.say(
        "to within {near} of {state}, {place_time}",
        near=words.distance(stated["arrival_coast_m"]),
        state=made_for,
        place_time=there,
    )
    if stated.get("ashore_lat") is not None:
        shore = place_and_time(stated, "ashore", words)
        if stated.get("next_ashore"):
            return ended + words.say(
                ", and was heard next at the shore, {place_time}", place_time=shore
            )
        return ended + words.say(", and after a stop to the shore, {place_time}", place_time=shore)
    if not turned_off(stated, "end"):
        return ended
    if stated.get("turning_kn") is None:  # hardly heard there: the line between reports is no way
        return ended + words.say(", and turned back")
    return ended + words.say(", where it turned back")

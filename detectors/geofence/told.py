"""What a sailor is told of zones and boundaries."""

from functools import partial

from detectors.core.telling import Told, Words, state


def tell(event: Told, words: Words) -> str:
    """Say what it did, and where."""
    fact = event.evidence
    say = partial(
        words.say,
        zone=fact["zone_name"],
        place=words.place(event.lat, event.lon),
        duration=words.duration(event.start, event.seen_until),
    )
    match event.subkind:
        case "dwell":
            return say("Stayed {duration} in {zone}")
        case "cross_line":
            return say(
                "Crossed from the side of {from_side} to that of {to_side} ({zone}), {place}",
                from_side=state(fact["from_side"], words.say),
                to_side=state(fact["to_side"], words.say),
            )
        case "stop":
            zone_class = str(fact["zone_class"])
            kind = {
                "tss_lane": words.say("TSS lane"),
                "lane": words.say("lane"),
                "precautionary_area": words.say("precautionary area"),
            }.get(zone_class, zone_class.replace("_", " "))
            return say("Stopped for {duration} in a {kind} ({zone}), {place}", kind=kind)
        case "against_lane":
            return say(
                "Went {course_deg:.0f}° for {duration} in a lane whose traffic goes "
                "{direction_deg:.0f}° ({zone}), {place}",
                course_deg=fact["course_deg"],
                direction_deg=fact["direction_deg"],
            )
        case "approach":
            return say(
                "Came at {speed_kn:.0f} kn and slowed down within {distance} of {zone} (its "
                "position is good to {accuracy})",
                speed_kn=fact["approach_speed_kn"],
                distance=words.distance(fact["zone_distance_m"]),
                accuracy=words.distance(fact["zone_accuracy_m"]),
            )
        case "watch_enter":
            return say("Entered the watched area {zone}, {place}")
        case "watch_stay":
            return say("Stayed {duration} in the watched area {zone}, {place}")
        case "watch_stop":
            return say("Stopped for {duration} in the watched area {zone}, {place}")
        case "watch_speed":
            return say(
                "Went {speed_kn:.0f} kn for {duration} in the watched area {zone}, {place}",
                speed_kn=fact["median_speed_kn"],
            )
        case "exit":
            return say("Left {zone}, {place}")
        case _:
            return say("Entered {zone}, {place}")

"""What a sailor is told of zones and boundaries."""

from detectors.core.telling import Told, Words, state


def tell(event: Told, words: Words) -> str:
    """Say what it did, and where."""
    fact = event.evidence
    zone, place = fact["zone_name"], words.place(event.lat, event.lon)
    lasted = words.duration(event.start, event.end)
    match event.subkind:
        case "dwell":
            return words.say("Stayed {duration} in {zone}", duration=lasted, zone=zone)
        case "cross_line":
            return words.say(
                "Crossed from the side of {from_side} to that of {to_side} ({zone}), {place}",
                from_side=state(fact["from_side"], words.say),
                to_side=state(fact["to_side"], words.say),
                zone=zone,
                place=place,
            )
        case "stop":
            zone_class = str(fact["zone_class"])
            kind = {
                "tss_lane": words.say("TSS lane"),
                "lane": words.say("lane"),
                "precautionary_area": words.say("precautionary area"),
            }.get(zone_class, zone_class.replace("_", " "))
            return words.say(
                "Stopped for {duration} in a {kind} ({zone}), {place}",
                duration=lasted,
                kind=kind,
                zone=zone,
                place=place,
            )
        case "against_lane":
            return words.say(
                "Went {course_deg:.0f}° for {duration} in a lane whose traffic goes "
                "{direction_deg:.0f}° ({zone}), {place}",
                course_deg=fact["course_deg"],
                duration=lasted,
                direction_deg=fact["direction_deg"],
                zone=zone,
                place=place,
            )
        case "approach":
            return words.say(
                "Came at {speed_kn:.0f} kn and slowed down within {distance} of {zone} (its "
                "position is good to {accuracy})",
                speed_kn=fact["approach_speed_kn"],
                distance=words.distance(fact["zone_distance_m"]),
                zone=zone,
                accuracy=words.distance(fact["zone_accuracy_m"]),
            )
        case "watch_enter":
            return words.say("Entered the watched area {zone}, {place}", zone=zone, place=place)
        case "watch_stay":
            return words.say(
                "Stayed {duration} in the watched area {zone}, {place}",
                duration=lasted,
                zone=zone,
                place=place,
            )
        case "watch_stop":
            return words.say(
                "Stopped for {duration} in the watched area {zone}, {place}",
                duration=lasted,
                zone=zone,
                place=place,
            )
        case "watch_speed":
            return words.say(
                "Went {speed_kn:.0f} kn for {duration} in the watched area {zone}, {place}",
                speed_kn=fact["median_speed_kn"],
                duration=lasted,
                zone=zone,
                place=place,
            )
        case "exit":
            return words.say("Left {zone}, {place}", zone=zone, place=place)
        case _:
            return words.say("Entered {zone}, {place}", zone=zone, place=place)

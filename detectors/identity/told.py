"""What a sailor is told of an identity."""

from detectors.core.telling import Told, Words
from detectors.identity.shared import AT_SEA


def tell(event: Told, words: Words, mmsi: int) -> str:
    """Say what doesn't agree, with whom, and where."""
    place, seen = words.place(event.lat, event.lon), event.evidence
    other = words.name(event.partner_of(mmsi)) if event.other_mmsi else ""
    old, new = seen.get("old_value"), seen.get("new_value")
    match event.subkind:
        case "hand_over":
            gave = f"{mmsi:09d}" == seen.get("from_mmsi")
            pause = max(float(seen.get("pause_s") or 0), 0) / 60
            miss = words.distance(seen["miss_m"])
            if gave:
                return words.say(
                    "Went on under another number, as {other}, after {pause_min:.0f} min, {miss} "
                    "from where it would have been, {place}",
                    other=other,
                    pause_min=pause,
                    miss=miss,
                    place=place,
                )
            return words.say(
                "Took over the track of {other} (number changed) after {pause_min:.0f} min, {miss} "
                "from where it would have been, {place}",
                other=other,
                pause_min=pause,
                miss=miss,
                place=place,
            )
        case "two_hulls":
            return words.say(
                "{n} hulls sent its number at once, {distance} apart, {place}",
                n=seen["n_hulls"],
                distance=words.distance(seen["median_distance_m"]),
                place=place,
            )
        case "two_numbers":
            return words.say(
                "Sailed as one hull with {other}, {distance} apart, {place}",
                other=other,
                distance=words.distance(seen["median_distance_m"]),
                place=place,
            )
        case "shared_imo":
            how = {
                "in turn": words.say("in turn"),
                AT_SEA: words.say("one after the other, renamed at sea"),
                "together": words.say("together"),
                "apart": words.say("apart"),
                "too far apart for one ship": words.say("too far apart for one ship"),
            }[str(seen["how"])]
            return words.say(
                "Says the IMO number {value}, as does {other} ({how}), {place}",
                value=new,
                other=other,
                how=how,
                place=place,
            )
        case "look_alike":
            return words.say(
                "Its name {new!r} looks like {old!r} of {other}, {place}",
                new=new,
                old=old,
                other=other,
                place=place,
            )
        case "invalid_imo":
            return words.say(
                "Says {value} for its IMO number, which can't be one, {place}",
                value=new,
                place=place,
            )
        case "invalid_mmsi":
            return words.say(
                "Its MMSI {mmsi:09d} can't be one of a ship, {place}", mmsi=mmsi, place=place
            )
        case _:
            change = {
                "name": words.say("Changed its name"),
                "imo": words.say("Changed its IMO number"),
                "callsign": words.say("Changed its call sign"),
            }[str(seen["field"])]
            return words.say(
                "{change} from {old!r} to {new!r}, {place}",
                change=change,
                old=old,
                new=new,
                place=place,
            )

"""What a sailor is told of an identity."""

from collections.abc import Callable
from functools import partial

from detectors.core.telling import Told, Words
from detectors.identity.shared import AT_SEA


def tell(event: Told, words: Words, mmsi: int) -> str:
    """Say what doesn't agree, with whom, and where."""
    seen = event.evidence
    say = partial(
        words.say,
        other=words.name(event.partner_of(mmsi)) if event.other_mmsi else "",
        old=seen.get("old_value"),
        new=seen.get("new_value"),
        value=seen.get("new_value"),
        place=words.place(event.lat, event.lon),
    )
    match event.subkind:
        case "hand_over":
            pause = max(float(seen.get("pause_s") or 0), 0) / 60
            miss = words.distance(seen["miss_m"])
            if seen.get("at_rest"):
                return _at_rest(say, pause, miss, f"{mmsi:09d}" == seen.get("from_mmsi"))
            if f"{mmsi:09d}" == seen.get("from_mmsi"):
                return say(
                    "Went on under another number, as {other}, after {pause_min:.0f} min, {miss} "
                    "from where it would have been, {place}",
                    pause_min=pause,
                    miss=miss,
                )
            return say(
                "Took over the track of {other} (number changed) after {pause_min:.0f} min, {miss} "
                "from where it would have been, {place}",
                pause_min=pause,
                miss=miss,
            )
        case "two_hulls":
            return say(
                "{n} hulls sent its number at once, {distance} apart, {place}",
                n=seen["n_hulls"],
                distance=words.distance(seen["median_distance_m"]),
            )
        case "two_numbers":
            apart = words.distance(seen["median_distance_m"])
            return say("Sailed as one hull with {other}, {distance} apart, {place}", distance=apart)
        case "shared_imo":
            how = {
                "in turn": words.say("in turn"),
                AT_SEA: words.say("one after the other, renamed at sea"),
                "together": words.say("together"),
                "apart": words.say("apart"),
                "too far apart for one ship": words.say("too far apart for one ship"),
            }[str(seen["how"])]
            return say("Says the IMO number {value}, as does {other} ({how}), {place}", how=how)
        case "look_alike":
            return say("Its name {new!r} looks like {old!r} of {other}, {place}")
        case "invalid_imo":
            return say("Says {value} for its IMO number, which can't be one, {place}")
        case "invalid_mmsi":
            return say("Its MMSI {mmsi:09d} can't be one of a ship, {place}", mmsi=mmsi)
        case _:
            change = {
                "name": words.say("Changed its name"),
                "imo": words.say("Changed its IMO number"),
                "callsign": words.say("Changed its call sign"),
            }[str(seen["field"])]
            return say("{change} from {old!r} to {new!r}, {place}", change=change)


def _at_rest(say: Callable[..., str], pause_min: float, miss: str, is_old: bool) -> str:
    """Say that what lay there lies there still, under another number."""
    if is_old:
        return say(
            "Lay on under another number, as {other}, after {pause_min:.0f} min, {miss} from where "
            "it had lain, {place}",
            pause_min=pause_min,
            miss=miss,
        )
    return say(
        "Took the place of {other}, which had lain there (number changed), after "
        "{pause_min:.0f} min, {miss} from it, {place}",
        pause_min=pause_min,
        miss=miss,
    )

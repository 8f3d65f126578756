"""What a sailor is told of false positions."""

from datetime import timedelta

from detectors.core.telling import Told, Words
from detectors.spoofing.frozen import lay_behind


def tell(event: Told, words: Words) -> str:
    """Say what it reported, and from where it can't have been."""
    evidence, place = event.evidence, words.place(event.lat, event.lon)
    duration = words.duration(event.start, event.seen_until)
    false = words.place(float(evidence["false_lat"]), float(evidence["false_lon"]))
    if event.subkind == "scatter":
        n, others = int(evidence.get("n_others_scattered") or 0), ""
        if n == 1:
            others = words.say(", as did those of 1 other vessel nearby")
        elif n:
            others = words.say(", as did those of {n} other vessels nearby", n=n)
        return words.say(
            "Positions scattered by {distance} around the true one for {duration}{others}, {place}",
            distance=words.distance(float(evidence["scatter_m"])),
            duration=duration,
            others=others,
            place=place,
        )
    if lay_behind(evidence):
        lay_s = float(evidence["lay_s"])
        return words.say(
            "Reported that it lay or drifted for {duration}, {false}, and was then {jump} from "
            "there, where it can have sailed meanwhile",
            duration=words.duration(event.start, event.start + timedelta(seconds=lay_s)),
            false=false,
            jump=words.distance(float(evidence["jump_m"])),
        )
    stated = {
        "jump": words.say("Positions leapt"),
        "geometric": words.say("Reported positions on a perfect circle"),
        "on_land": words.say("Reported positions on land"),
        "frozen": words.say("Reported one and the same position while under way"),
        "offset_copy": words.say("Sent a displaced copy of its own track"),
        "replay": words.say("Sent an earlier stretch of its track once more"),
    }.get(event.subkind) or words.say("Reported false positions")
    if "jump_m" in evidence and event.subkind != "frozen":
        return words.say(
            "{what}, {jump} off, to {false}, for {duration}; last believable fix {place}",
            what=stated,
            jump=words.distance(float(evidence["jump_m"])),
            false=false,
            duration=duration,
            place=place,
        )
    return words.say("{what} for {duration}, {false}", what=stated, duration=duration, false=false)

"""What a sailor is told of an encounter."""

from typing import Final

from detectors.core import telling
from detectors.core.telling import Told, Words

STOPPED_KN: Final = 0.3
DRIFTED_KN: Final = 2.0
"""As a loitering is told: who is carried by a stream at half a knot has not stopped, and the two of
a transfer "stopped" beside a sentence of each that it "drifted". What was held made 0.1 kn or less
on six nights, what wasn't 0.25 or more.
"""


def tell(event: Told, words: Words, mmsi: int) -> str:
    """Say how long they lay, drifted or moved together, how close, and where."""
    distance = event.evidence["median_distance_m"]
    speed = max(event.evidence["median_speed_kn"], event.evidence["other_median_speed_kn"])
    if speed < STOPPED_KN:
        how = words.say("Stopped")
    elif speed < DRIFTED_KN:
        how = words.say("Drifted")
    else:
        how = words.say("Moved at {speed_kn:.1f} kn", speed_kn=speed)
    away = words.distance(distance)
    if distance < 150:
        beside = words.say("{distance} alongside", distance=away)
    else:
        beside = words.say("{distance} off", distance=away)
    if event.subkind == "boarding":
        how = words.say("A boat came up from astern in the dark:")
    duration = words.duration(event.start, event.seen_until)
    stated = event.evidence
    if event.end is not None and "apart_after_m" in stated and stated["apart_after_m"] is None:
        duration = words.say("{duration} or longer", duration=duration)  # they weren't seen to part
    met = words.say(
        "{how} {duration} with {other} {beside}, {place}{surroundings}",
        how=how,
        duration=duration,
        other=words.name(event.partner_of(mmsi)),
        beside=beside,
        place=words.place(event.lat, event.lon),
        surroundings=telling.surroundings(event.evidence, words),
    )
    return met + _unheard(event, words)


def _unheard(event: Told, words: Words) -> str:
    """Return who wasn't heard meanwhile: how far off it was is worked out from before and after."""
    counted = ((event.mmsi, "n_reports"), (event.other_mmsi, "other_n_reports"))
    silent = [mmsi for mmsi, name in counted if (event.evidence.get(name) or 3) <= 2]
    if len(silent) == 2:
        return words.say("; neither was heard meanwhile")
    return "".join(
        words.say("; {name} was not heard meanwhile", name=words.name(mmsi)) for mmsi in silent
    )

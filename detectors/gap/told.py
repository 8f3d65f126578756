"""What a sailor is told of a silence."""

from detectors.core.telling import Told, Words
from detectors.gap.set_aside import SENDING
from detectors.kinematics import geodesy
from detectors.kinematics.reach import FAR_M


def tell(event: Told, words: Words) -> str:
    """Say how long it was silent, from where, who was heard meanwhile, and where it came back."""
    duration, place = words.duration(event.start, event.end), words.place(event.lat, event.lon)
    n_false = event.evidence.get("n_false_meanwhile") or 0
    meanwhile = event.evidence.get("n_reports_meanwhile") or 0
    if event.end is None:
        sentence = words.say(
            "Silent for {duration}, last heard {place}", duration=duration, place=place
        )
    elif n_false >= SENDING and meanwhile == 1:
        sentence = words.say(
            "Sent nothing but one report and {n} false positions for {duration}, last heard in "
            "full {place}",
            n=n_false,
            duration=duration,
            place=place,
        )
    elif n_false >= SENDING and meanwhile:
        sentence = words.say(
            "Sent nothing but {reports} reports and {n} false positions for {duration}, last heard "
            "in full {place}",
            reports=meanwhile,
            n=n_false,
            duration=duration,
            place=place,
        )
    elif n_false >= SENDING:
        sentence = words.say(
            "Sent nothing but {n} false positions for {duration}, last heard {place}",
            n=n_false,
            duration=duration,
            place=place,
        )
    elif meanwhile == 1:
        sentence = words.say(
            "Sent nothing but one report for {duration}, last heard in full {place}",
            duration=duration,
            place=place,
        )
    elif meanwhile:
        sentence = words.say(
            "Sent nothing but {n} reports for {duration}, last heard in full {place}",
            n=meanwhile,
            duration=duration,
            place=place,
        )
    else:
        sentence = words.say(
            "Sent nothing for {duration}, last heard {place}", duration=duration, place=place
        )
    heard = event.evidence.get("n_neighbours")
    if heard == 1:
        sentence += words.say(", where 1 other vessel was heard meanwhile")
    elif heard:
        sentence += words.say(", where {n} other vessels were heard meanwhile", n=heard)
    elif event.evidence.get("known_fraction"):
        sentence += words.say(", where others are heard at other hours")
    alike = event.evidence.get("n_alike_silences")
    if alike == 1:
        sentence += words.say(", as once in the day before")
    elif alike:
        sentence += words.say(", as {n} times in the day before", n=alike)
    moved = event.evidence.get("distance_m")
    if moved and event.end is not None:
        nm = moved / geodesy.METRES_PER_NM
        again = words.say("; heard again {nm:.0f} nm away", nm=nm)
        sentence += again if nm >= 0.5 else words.say("; heard again there")
    if event.end is not None:
        return sentence
    if since := words.heard_since(event):  # it is known where the hull is
        told = words.say("; its hull is heard since under another number, as {other}", other=since)
        return f"{sentence}{told}"
    reach_m = event.evidence.get("reachable_distance_m")
    far = ""
    if reach_m and reach_m >= FAR_M:
        far = words.say(", by now anywhere in these waters or beyond")
    elif reach_m:
        nm = max(reach_m / geodesy.METRES_PER_NM, 1.0)
        far = words.say(", by now up to {nm:.0f} nm from there", nm=nm)
    return f"{sentence}{words.say(', and silent still')}{far}"

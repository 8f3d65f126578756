"""What a sailor is told of a possible meeting."""

from detectors.core.telling import Told, Words


def tell(event: Told, words: Words, mmsi: int) -> str:
    """Say who could have met whom, and for how long."""
    facts = event.evidence
    partner = words.name(event.partner_of(mmsi))
    hours = facts["together_s"] / 3600
    prefix, other = ("", "other_") if mmsi == event.mmsi else ("other_", "")
    mine, theirs = facts.get(f"{prefix}story"), facts.get(f"{other}story")
    if mine == theirs:
        how = words.say("while both were silent")
    elif theirs == "loitering":
        how = words.say("which loitered meanwhile")
    else:
        how = words.say("which was silent meanwhile")
    chance = facts.get("alongside_probability")
    met = words.say(
        "Could have met {other} for up to {hours:.1f} h {how}, {place}",
        other=partner,
        hours=hours,
        how=how,
        place=words.place(event.lat, event.lon),
    )
    if chance is None:
        return met
    return met + words.say(
        " (chance that they came alongside: {chance:.0f} %)", chance=100 * chance
    )

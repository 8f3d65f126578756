"""What a sailor is told of a possible meeting."""

from detectors.core.telling import Told, Words


def tell(event: Told, words: Words, mmsi: int) -> str:
    """Say who could have met whom, and for how long."""
    facts = event.evidence
    partner = words.name(event.partner_of(mmsi))
    hours = facts["together_s"] / 3600
    prefix, other = ("", "other_") if mmsi == event.mmsi else ("other_", "")
    mine, theirs = facts.get(f"{prefix}story"), facts.get(f"{other}story")
    about = {"other": partner, "hours": hours, "place": words.place(event.lat, event.lon)}
    if mine == theirs:
        met = words.say(
            "Could have met {other} for up to {hours:.1f} h while both were silent, {place}",
            **about,
        )
    elif theirs == "loitering":
        met = words.say(
            "Could have met {other}, which loitered meanwhile, for up to {hours:.1f} h, {place}",
            **about,
        )
    else:
        met = words.say(
            "Could have met {other}, which was silent meanwhile, for up to {hours:.1f} h, {place}",
            **about,
        )
    chance = facts.get("alongside_probability")
    if chance is None:
        return met
    return met + words.say(
        " (chance that they came alongside: {chance:.0f} %)", chance=100 * chance
    )

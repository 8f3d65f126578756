"""Innocent reasons for a silence."""

from typing import Final

from detectors.core.explain import (
    AT_ANCHOR,
    FISHING,
    MOORED,
    PASSENGER,
    PLEASURE,
    Facts,
    Hypothesis,
)

SEA_GOING: Final = frozenset(range(60, 90))
"""Passenger ships, cargo ships and tankers (ITU-R M.1371-5, table 53), which keep their sets on at
all times (SOLAS V/19.2.4.7)."""


def sailed_out_of_range(facts: Facts) -> str | None:
    """Under way to where nobody is heard, or half as many as where it was lost.

    One that is heard again near where it was lost didn't sail there, unless it went fishing; nor
    did one that is heard again at all, where others are heard ahead at other hours.
    """
    ahead, share = facts.number("ahead_heard_fraction"), facts.number("ahead_known_ratio")
    is_open = facts.flag("is_open")
    if facts.flag("came_back") and not facts.any_type(FISHING | PLEASURE):
        return None
    if not is_open and share >= 0.5:
        return None
    fading = is_open and ahead <= 0.5 and share < 0.5
    if facts.flag("was_moving") and (ahead < 0.5 or fading):
        return (
            f"it was under way to where vessels were heard in only {ahead:.0%} of the half hours "
            "that followed"
        )
    return None


def feed_outage(facts: Facts) -> str | None:
    """The whole feed was quiet for a third of the time or more."""
    heard = facts.number("feed_heard_fraction")
    if heard < 0.67:
        return f"the feed itself brought reports in only {heard:.0%} of that time"
    return None


def receiver_down(facts: Facts) -> str | None:
    """The receivers that hear that place heard nothing anywhere for a third of the time or more."""
    working, share = (
        facts.number("receiver_working_fraction"),
        facts.number("receiver_heard_fraction"),
    )
    if working < 0.67:
        return (
            f"the receivers that hear that place (one of them heard {share:.0%} of what was heard "
            f"there in the day before) worked in only {working:.0%} of the half hours"
        )
    return None


def receiver_edge(facts: Facts) -> str | None:
    """Others fell silent in the same place too."""
    silences, ratio = facts.number("n_other_silences"), facts.number("other_silence_ratio")
    if silences >= 3 and ratio > facts.number("max_other_silence_ratio") / 2:
        return (
            f"{silences:.0f} other tracks fell silent around there too ({ratio:.1%} of those heard "
            f"each half hour): reception may end there{_by_one(facts)}"
        )
    return None


def _by_one(facts: Facts) -> str:
    """Whether one receiver alone hears that place."""
    return ", which one receiver hears" if facts.number("receiver_heard_fraction") >= 0.95 else ""


def weak_transmitter(facts: Facts) -> str | None:
    """A class B transceiver: an eighth of the power or less."""
    if facts.evidence.get("ais_class") == "B":
        return "it has a class B transceiver, whose weaker signal is easily lost"
    return None


def thin_reception(facts: Facts) -> str | None:
    """Others nearby were heard only now and then."""
    heard = facts.number("heard_fraction")
    if heard < 0.8:
        return f"other vessels around were heard in only {heard:.0%} of the half hours"
    return None


def called_at_a_port(facts: Facts) -> str | None:
    """Heard again in a port or an anchorage."""
    if facts.flag("back_in_berth"):
        return "it was heard again in a port, an anchorage or a landing place"
    return None


def set_off_at_rest(facts: Facts) -> str | None:
    """Lay at anchor or moored near a port or an anchorage, and was heard again where it was lost.

    In open water a ship at anchor keeps its set on (SOLAS V/19.2.4.7: at all times).
    """
    status = facts.statuses()[0]
    still_there = facts.number("distance_m") <= 1000 or facts.flag("is_open")
    at_rest = status in {AT_ANCHOR, MOORED} and not facts.flag("was_moving") and still_there
    if at_rest and facts.number("anchorage_distance_m") <= 3 * 1852:
        how = "moored" if status == MOORED else "at anchor"
        return f"it reported being {how} and had stopped: sets are switched off with the lights"
    return None


def sailed_on(facts: Facts) -> str | None:
    """Heard again soon, where its speed and course had to bring it, while others were lost too.

    A hole shows in others' silences: of vessels that pass, each counted in some five half hours,
    every tenth falls silent. Or nobody else was heard in some half hour.
    """
    lost = facts.number("silence_probability") >= 0.02
    if not lost and not facts.number("neighbour_fraction") < 1:
        return None
    before, between = facts.number("speed_before_kn"), facts.number("implied_speed_kn")
    if facts.flag("was_moving") and facts.hours < 1.5 and abs(between - before) <= 0.15 * before:
        return (
            f"it was heard again after {facts.minutes:.0f} min, having gone on at {between:.1f} kn "
            f"as before ({before:.1f} kn)"
        )
    return None


def set_on_and_off(facts: Facts) -> str | None:
    """A small craft that had been silent like this twice in the day before, or more often."""
    times = facts.number("n_alike_silences")
    if times >= 2 and not facts.any_type(SEA_GOING):
        return (
            f"it had been silent like this {times:.0f} times in the day before: its set is "
            "switched on and off all day, or fails"
        )
    return None


def ferry_at_rest(facts: Facts) -> str | None:
    """A ferry that had stopped."""
    if facts.any_type(PASSENGER) and not facts.flag("was_moving"):
        return "it is a ferry or passenger vessel that had stopped"
    return None


HYPOTHESES: Final = (
    Hypothesis("feed outage", 0.6, feed_outage, "another feed heard vessels there all the while"),
    Hypothesis(
        "receiver down", 0.6, receiver_down, "another receiver heard vessels there all the while"
    ),
    Hypothesis(
        "sailing out of range",
        0.5,
        sailed_out_of_range,
        "it is heard again where it was lost, or another feed covers the way it went",
    ),
    Hypothesis(
        "set on and off all day",
        0.6,
        set_on_and_off,
        "it is seen with another vessel in one of these silences",
    ),
    Hypothesis(
        "ferry at rest",
        0.5,
        ferry_at_rest,
        "its operator had it sailing at that time",
        needs_types=True,
    ),
    Hypothesis("call at a port", 0.4, called_at_a_port, "the port knows of no call in that time"),
    Hypothesis(
        "sailed on through a hole in reception",
        0.4,
        sailed_on,
        "others were heard at every minute along its way",
    ),
    Hypothesis(
        "set switched off at rest",
        0.4,
        set_off_at_rest,
        "it moved meanwhile, or a boat is seen alongside",
    ),
    Hypothesis(
        "receiver edge",
        0.3,
        receiver_edge,
        "another feed hears vessels beyond, or it was heard well beyond on other days",
    ),
    Hypothesis(
        "weak transmitter",
        0.2,
        weak_transmitter,
        "vessels of class B were heard steadily at the same place and time",
    ),
    Hypothesis(
        "thin reception", 0.15, thin_reception, "it was heard without a break there on other days"
    ),
)
"""The heaviest first. Those that rest on how others were heard weigh little: the score before
explanations has been lowered by that already."""

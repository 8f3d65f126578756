"""Innocent reasons for a silence."""

from typing import Final

from detectors.core.explain import AT_ANCHOR, MOORED, PASSENGER, Facts, Hypothesis


def sailed_out_of_range(facts: Facts) -> str | None:
    """Under way to where nobody is heard."""
    ahead = facts.number("ahead_heard_fraction")
    if facts.flag("was_moving") and ahead < 0.5:
        return (
            f"it was under way to where vessels were heard in only {ahead:.0%} of the half hours "
            "that followed"
        )
    return None


def feed_outage(facts: Facts) -> str | None:
    """The whole feed was quiet for part of the time."""
    heard = facts.number("feed_heard_fraction")
    if heard < 0.9:
        return f"the feed itself brought reports in only {heard:.0%} of that time"
    return None


def receiver_edge(facts: Facts) -> str | None:
    """Others fell silent in the same place too."""
    silences, ratio = facts.number("n_other_silences"), facts.number("other_silence_ratio")
    if silences >= 2 and ratio > facts.number("max_other_silence_ratio") / 2:
        return (
            f"{silences:.0f} other tracks fell silent around there too ({ratio:.1%} of those heard "
            "each half hour): reception may end there"
        )
    return None


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
    """Lay at anchor or moored, and was heard again where it was lost."""
    status = facts.statuses()[0]
    still_there = facts.number("distance_m") <= 1000 or facts.flag("is_open")
    if status in {AT_ANCHOR, MOORED} and not facts.flag("was_moving") and still_there:
        how = "moored" if status == MOORED else "at anchor"
        return f"it reported being {how} and had stopped: sets are switched off with the lights"
    return None


def ferry_at_rest(facts: Facts) -> str | None:
    """A ferry that had stopped."""
    if facts.any_type(PASSENGER) and not facts.flag("was_moving"):
        return "it is a ferry or passenger vessel that had stopped"
    return None


HYPOTHESES: Final = (
    Hypothesis(
        "feed outage", 0.6, feed_outage,
        "another feed heard vessels there all the while",
    ),
    Hypothesis(
        "receiver edge", 0.6, receiver_edge,
        "another feed hears vessels beyond, or it was heard well beyond on other days",
    ),
    Hypothesis(
        "sailing out of range", 0.5, sailed_out_of_range,
        "it is heard again where it was lost, or another feed covers the way it went",
    ),
    Hypothesis(
        "ferry at rest", 0.5, ferry_at_rest,
        "its operator had it sailing at that time",
        needs_types=True,
    ),
    Hypothesis(
        "weak transmitter", 0.4, weak_transmitter,
        "vessels of class B were heard steadily at the same place and time",
    ),
    Hypothesis(
        "call at a port", 0.4, called_at_a_port,
        "the port knows of no call in that time",
    ),
    Hypothesis(
        "set switched off at rest", 0.4, set_off_at_rest,
        "it moved meanwhile, or a boat is seen alongside",
    ),
    Hypothesis(
        "thin reception", 0.3, thin_reception,
        "it was heard without a break there on other days",
    ),
)  # fmt: skip
"""The heaviest first."""

"""Innocent reasons for something that no AIS explains."""

from typing import Final

from detectors.core.explain import Facts, Hypothesis


def uncertain(facts: Facts) -> str | None:
    """Whoever saw it wasn't sure."""
    share = facts.number("confidence_fraction")
    if share < 0.5:
        return f"whoever saw it gives it {share:.0%} of being anything at all"
    return None


def beyond_reception(facts: Facts) -> str | None:
    """No AIS was heard there at that time, nor is it at others; or it isn't heard on there.

    A satellite hears vessels for ten minutes of a pass: most of them fall silent after it.
    """
    known = facts.number("n_known_hours") >= facts.number(
        "n_known_hours_required"
    ) and facts.number("n_heard_near") >= facts.number("n_heard_near_required")
    n_heard, chance = facts.number("n_heard_around"), facts.number("silence_probability")
    if n_heard < 2 and not known:
        others = "no vessel" if n_heard == 0 else "one vessel alone"
        return f"{others} was heard around it in that half hour, and few are in the day"
    if chance > facts.number("max_silence_probability"):
        return (
            f"vessels heard there fall silent ({chance:.0%} in a half hour): they aren't heard on"
        )
    return None


def need_not_carry(facts: Facts) -> str | None:
    """Small: it need not carry AIS."""
    length_m, limit_m = facts.number("length_m"), facts.number("voluntary_length_m")
    if length_m < limit_m and not facts.subkind:
        return f"at {length_m:.0f} m it need not carry AIS (SOLAS V/19: from 300 GT, some 45 m, on)"
    return None


def harbour_traffic(facts: Facts) -> str | None:
    """In or off a harbour, where boats without AIS come and go."""
    small = not facts.number("length_m") >= facts.number("voluntary_length_m")
    if small and (facts.flag("in_harbour") or facts.flag("near_land")):
        where = "inside a port or anchorage" if facts.flag("in_harbour") else "close to land"
        return f"it was {where}, where boats without AIS come and go"
    return None


def moving_shift(facts: Facts) -> str | None:
    """A track passes almost near enough."""
    share = facts.number("best_match_probability")
    if share >= 0.2:
        return f"a vessel with AIS may be what was seen, with a probability of {share:.0%}"
    return None


HYPOTHESES: Final = (
    Hypothesis(
        "beyond reception", 0.85, beyond_reception, "another feed heard vessels there at that time"
    ),
    Hypothesis(
        "harbour traffic",
        0.7,
        harbour_traffic,
        "it is seen again further out, or alongside a vessel",
    ),
    Hypothesis("uncertain sighting", 0.6, uncertain, "a second source saw it too"),
    Hypothesis(
        "craft that need not carry AIS",
        0.5,
        need_not_carry,
        "it meets a vessel, or lies where one loiters or is silent",
    ),
    Hypothesis(
        "a vessel off its reckoned place",
        0.4,
        moving_shift,
        "that vessel's next report shows that it was elsewhere",
    ),
)

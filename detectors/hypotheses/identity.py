"""Innocent reasons for what the identity detector finds."""

from typing import Final

from detectors.core.explain import FISHING, PLEASURE, TOWING, TUG, Facts, Hypothesis

THIN_S: Final = 90.0
"""A vessel heard less often than this, when class A under way sends every 10 s, is heard thinly."""
MIN_LOST: Final = 2
MIN_LOST_FRACTION: Final = 0.2
"""Others lost at a place, and their share of those that passed, that make it an edge of reception.
A judgement: in well covered water few stop to be heard, by a failure or where they end."""
CHANGES: Final = ("changed_name", "changed_imo", "changed_callsign")


def reprogrammed(facts: Facts) -> str | None:
    """Both numbers are said to be of one ship."""
    if facts.subkind == "hand_over" and facts.flag("says_the_same"):
        return (
            f"under both numbers it says {facts.evidence.get('same_said')}: a set that was "
            "programmed anew, or a ship that changed her flag"
        )
    return None


def mended_number(facts: Facts) -> str | None:
    """The two numbers differ by one slip of a finger, and the first can't be right or all else that
    is said agrees. A near number alone is no sign of it: who takes another may well take the next.
    """
    slip = facts.subkind == "hand_over" and facts.number("n_mmsi_edits") <= 1
    agrees = facts.flag("says_the_same") or facts.flag("old_number_invalid")
    if slip and agrees and not facts.flag("says_otherwise"):
        return "the two numbers differ by one digit: a typing error that was mended"
    return None


def thin_reception(facts: Facts) -> str | None:
    """Two ships, each heard only now and then, where others are lost too."""
    interval_s = max(facts.number("interval_s"), facts.number("other_interval_s"))
    lost, passed = facts.number("n_others_lost"), facts.number("n_others_passed")
    edge = lost >= MIN_LOST and lost >= MIN_LOST_FRACTION * passed
    if facts.subkind == "hand_over" and interval_s > THIN_S and edge:
        return (
            f"one of them was heard only every {interval_s:.0f} s, where {lost:.0f} of "
            f"{passed:.0f} others were lost in the hours before: two ships near the edge of "
            "reception, one of which was lost as the other was found"
        )
    return None


def tow_made_up(facts: Facts) -> str | None:
    """A tug or its tow."""
    if facts.subkind == "hand_over" and facts.any_type(TUG | TOWING):
        return "one of them is a tug or towing: the set of the tow was used instead of the tug's"
    return None


def default_number(facts: Facts) -> str | None:
    """A number that sets are sold with; the first one of a hand-over."""
    if facts.flag("default_number"):
        return "the number is one that sets are delivered with, or that was never set"
    return None


def batch_number(facts: Facts) -> str | None:
    """Small craft and net buoys with sets of one batch."""
    small = facts.flag("class_b_only") or facts.any_type(FISHING | PLEASURE)
    if facts.subkind == "two_hulls" and small:
        return "small craft: sets and net buoys are sold in batches that were all given one number"
    return None


def corrupt_fixes(facts: Facts) -> str | None:
    """The other hull is heard hardly ever."""
    share = facts.number("minor_fraction")
    if facts.subkind == "two_hulls" and share < 0.05 and facts.number("n_minor_reports") < 10:
        return f"only {share:.1%} of the reports are of the other place: fixes gone wrong"
    return None


def on_land(facts: Facts) -> str | None:
    """One of the two is where no hull can be: a false position rather than a second hull."""
    if facts.subkind == "two_hulls" and facts.number("on_land_fraction") > 0.2:
        return "some of the reports are on land: a position gone wrong, or a set on the bench"
    return None


def other_hull(facts: Facts) -> str | None:
    """What seems to change is said by another hull with the same number."""
    if facts.subkind in CHANGES and facts.number("n_hulls") > 1:
        return "two hulls use this number, and each says its own"
    return None


def renamed_in_port(facts: Facts) -> str | None:
    """It lay still: papers and sets are changed in port."""
    if facts.subkind in CHANGES and facts.number("speed_kn") < 1.0 and facts.flag("in_port"):
        return "it lay in a port or at anchor, where ships are renamed and sets programmed"
    return None


def renamed_under_one_imo(facts: Facts) -> str | None:
    """It lay in port and kept its IMO number, which stays with the hull when she is sold."""
    named = facts.subkind in ("changed_name", "changed_callsign")
    if named and facts.flag("imo_kept") and renamed_in_port(facts):
        return (
            "it lay in a port or at anchor and kept its IMO number: a ship that was sold, or "
            "changed her flag"
        )
    return None


def changed_flag(facts: Facts) -> str | None:
    """One number after the other, as when a ship changes her flag."""
    if facts.subkind == "shared_imo" and facts.evidence.get("how") == "in turn":
        return "one number was used after the other, as a ship's that changed her flag or set"
    return None


def two_sets(facts: Facts) -> str | None:
    """Both numbers are heard from one place all along."""
    if facts.subkind == "shared_imo" and facts.evidence.get("how") == "together":
        return (
            f"both were heard from one place, {facts.number('median_distance_m'):.0f} m apart: "
            "one ship with two sets, or a ship and her tender"
        )
    return None


def wrong_number_typed(facts: Facts) -> str | None:
    """Nobody checks what is typed into a set."""
    if facts.subkind == "invalid_imo":
        return "numbers are typed by hand at installation and often wrongly"
    if facts.subkind == "invalid_mmsi" and not facts.flag("imo_invalid_too"):
        return "the number was typed wrongly at installation, or a test number was left in"
    return None


def names_alike(facts: Facts) -> str | None:
    """Names are given to many ships."""
    if facts.subkind == "look_alike":
        return "owners give like names, and call signs are typed by hand"
    return None


HYPOTHESES: Final = (
    Hypothesis(
        "default number",
        0.8,
        default_number,
        "only one of the vessels with this number is near, and gives no other sign of itself",
    ),
    Hypothesis(
        "renamed in port under the same IMO number",
        0.8,
        renamed_under_one_imo,
        "the port or the registers know of no such change",
    ),
    Hypothesis(
        "corrupt fixes",
        0.7,
        corrupt_fixes,
        "the other place is heard by another receiver too, or moves as a vessel does",
    ),
    Hypothesis(
        "batch number", 0.65, batch_number, "one of the two is no small craft", needs_types=True
    ),
    Hypothesis("position on land", 0.5, on_land, "both are seen at sea"),
    Hypothesis("two sets on one ship", 0.7, two_sets, "they part"),
    Hypothesis(
        "changed flag",
        0.6,
        changed_flag,
        "the registers know of no change, or the old number is heard again",
    ),
    Hypothesis(
        "wrong number typed", 0.5, wrong_number_typed, "its papers show the number that it sends"
    ),
    Hypothesis(
        "names alike",
        0.5,
        names_alike,
        "the registers know only one of them, or both were seen as one",
    ),
    Hypothesis(
        "renamed in port", 0.5, renamed_in_port, "the port or the registers know of no such change"
    ),
    Hypothesis(
        "another hull's words", 0.5, other_hull, "only one hull is heard while it says both"
    ),
    Hypothesis("mended number", 0.4, mended_number, "the old number is heard again"),
    Hypothesis(
        "thin reception",
        0.3,
        thin_reception,
        "both are seen at once, or a receiver nearby heard neither a second ship",
    ),
    Hypothesis(
        "set programmed anew",
        0.3,
        reprogrammed,
        "the old number is heard again, or the registers know of no change",
    ),
    Hypothesis(
        "tow made up", 0.3, tow_made_up, "neither tug nor tow is seen there", needs_types=True
    ),
)
"""Weights are judgements, ordered by how rarely the reason is a disguise."""

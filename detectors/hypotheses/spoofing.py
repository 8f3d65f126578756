"""Innocent reasons for positions that a vessel can't have had."""

from typing import Final

from detectors.core.explain import FISHING, OFFICIAL, PILOT, TUG, WORKING, Facts, Hypothesis
from detectors.kinematics import geodesy

MIN_OTHERS: Final = 2
"""Vessels beside it that had bad fixes at once, from which on they share a cause."""
MIN_OTHERS_FRACTION: Final = 0.2
"""Share of the vessels nearby that must have had them: elsewhere than in the middle of what a
jammer reaches most are spared, and in a crowded anchorage two have poor receivers by chance."""


def interference(facts: Facts) -> str | None:
    """Others nearby had bad fixes at the same time: somebody jams or spoofs all of them."""
    n, near = facts.number("n_others_scattered"), facts.number("n_others_near")
    if n >= MIN_OTHERS and n >= MIN_OTHERS_FRACTION * near:
        return (
            f"{n:.0f} of {near:.0f} other vessels within "
            f"{facts.number('max_interference_m') / geodesy.METRES_PER_NM:.0f} nm had bad fixes "
            "within the same half hour: interference, of which it is a victim as they are"
        )
    return None


def failing_receiver(facts: Facts) -> str | None:
    """Fixes scatter, and then the vessel is where it would have got to."""
    if facts.subkind == "scatter" and facts.flag("rejoined"):
        return (
            f"its fixes scattered by {facts.number('scatter_m') / geodesy.METRES_PER_NM:.1f} nm "
            "and it went on from where it was: a failing receiver or aerial, or a jammer nearby"
        )
    return None


def unseen_interference(facts: Facts) -> str | None:
    """Satellite navigation is jammed or spoofed by somebody else, and no other vessel shows it."""
    return "somebody else may interfere with satellite navigation there, and the vessel be a victim"


def namesake(facts: Facts) -> str | None:
    """Another hull with the same MMSI, heard in turn."""
    if facts.subkind == "jump" and not facts.flag("returned"):
        return "another vessel may use the same MMSI: the first track was not heard again in time"
    return None


def wrong_clock(facts: Facts) -> str | None:
    """A receiver stamps what it hears with a wrong time."""
    if facts.subkind == "replay" and (facts.flag("also_live") or facts.flag("like_a_clock")):
        minutes = facts.number("lag_s") / 60
        return (
            f"it follows its own track: a receiver whose clock is {abs(minutes):.0f} min "
            f"{'late' if minutes > 0 else 'early'} would give the same"
        )
    return None


def along_its_course(facts: Facts) -> str | None:
    """A near jump ahead or astern, and none back while another receiver would be heard."""
    near = facts.subkind == "jump" and facts.flag("along_course")
    if near and not facts.flag("returned"):
        return "it leapt along its course, by less than half an hour: a receiver with a wrong clock"
    return None


def circling_at_work(facts: Facts) -> str | None:
    """Vessels that circle at work, entering and leaving the circle without a leap."""
    smooth = facts.subkind == "geometric" and not facts.flag("leapt")
    if smooth and facts.any_type(FISHING | PILOT | TUG | WORKING | OFFICIAL):
        return "a fishing, pilot, survey, tug or rescue vessel, which may circle at work"
    return None


def circling_to_wait(facts: Facts) -> str | None:
    """Waiting or on trials in a tight, slow circle, entered and left without a leap."""
    smooth = facts.subkind == "geometric" and not facts.flag("leapt")
    if smooth and facts.number("circle_speed_kn") <= 10 and facts.number("radius_m") <= 1000:
        return (
            f"it came and left without a leap and circled at {facts.number('circle_speed_kn'):.1f} "
            "kn, as a vessel that waits or tries its rudder may"
        )
    return None


def river(facts: Facts) -> str | None:
    """Inland without a leap, at a speed that a river or canal allows."""
    if (
        facts.subkind == "on_land"
        and not facts.flag("leapt")
        and facts.number("median_speed_kn") <= 14
    ):
        return (
            "it came there without a leap: a river, canal or basin that the land layer doesn't show"
        )
    return None


def stuck_log(facts: Facts) -> str | None:
    """At rest with a speed input that is stuck."""
    if facts.subkind == "frozen" and facts.statuses()[0] in (1, 5):
        return "it reports being at anchor or moored: its speed input may be stuck"
    return None


HYPOTHESES: Final = (
    Hypothesis(
        "receiver with a wrong clock",
        0.8,
        wrong_clock,
        "the copies don't all come through one receiver",
    ),
    Hypothesis(
        "interference with satellite navigation",
        0.75,
        interference,
        "the others' fixes were sound, or it is seen elsewhere than where it went on from",
    ),
    Hypothesis(
        "circling at work",
        0.75,
        circling_at_work,
        "it reports a circle far from where it is seen",
        needs_types=True,
    ),
    Hypothesis("river or basin", 0.6, river, "a chart or an image shows dry land there"),
    Hypothesis("stuck speed input", 0.6, stuck_log, "it is not seen where it says it lies"),
    Hypothesis(
        "failing receiver",
        0.5,
        failing_receiver,
        "it is seen elsewhere meanwhile, or its set is found in order",
    ),
    Hypothesis("leap along the course", 0.5, along_its_course, "the receivers' clocks are right"),
    Hypothesis(
        "circling to wait",
        0.5,
        circling_to_wait,
        "it goes on for hours, or radar shows nothing there",
    ),
    Hypothesis(
        "another vessel with the same MMSI",
        0.2,
        namesake,
        "both tracks call themselves the same, or the first is never heard again",
    ),
    Hypothesis(
        "interference that no other vessel shows",
        0.1,
        unseen_interference,
        "other vessels nearby reported sound positions meanwhile",
    ),
)

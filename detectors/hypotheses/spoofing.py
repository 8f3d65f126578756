"""Innocent reasons for positions that a vessel can't have had."""

from typing import Final

from detectors.core.hypothesis import (
    AT_ANCHOR,
    FISHING,
    MOORED,
    OFFICIAL,
    PILOT,
    TUG,
    WORKING,
    All,
    Any,
    Case,
    Compare,
    Hypothesis,
    Is,
    Not,
    Own,
    Some,
    Subkind,
    Vessel,
)
from detectors.core.statements import STATED_BOUND
from detectors.hypotheses.at_work import BOAT_M
from detectors.kinematics import geodesy

MIN_OTHERS: Final = 2.0
"""Vessels beside it that had bad fixes at once, from which on they share a cause."""
MIN_OTHERS_FRACTION: Final = 0.2
"""Share of the vessels nearby that must have had them: elsewhere than in the middle of what a
jammer reaches most are spared, and in a crowded anchorage two have poor receivers by chance."""
NEARLY_ALL: Final = 0.8
"""Jamming scatters fixes; a circle is drawn, for one vessel by herself, or for all in reach
of who spoofs a port (Bergman 2021)."""
WAITING_KN: Final = 10.0
WAITING_M: Final = 1000.0
"""Speed and radius of a circle up to which a vessel may wait or try its rudder in it."""
HALF_AN_HOUR_M: Final = 5 * 1852.0
"""At 10 kn; see `copies.MAX_CLOCK_S`. Of 43 planted jumps the shortest led 9 nm off."""
RIVER_KN: Final = 14.0
"""Faster than a river or canal allows."""
OVERLAND_M: Final = 5 * geodesy.METRES_PER_NM
STRAIGHT: Final = 0.95
"""Rivers are seldom straight for ten times their width (Leopold & Wolman 1957, USGS Professional
Paper 282-B), and one half a mile wide is water on a map."""
CANAL_KN: Final = 9.0
"""Canals are straight, and slower: 14 to 16 km/h in that of Suez, 15 in that of Kiel."""

WITHOUT_A_LEAP: Final = Not(Is("leapt"))
STRAIGHT_OVERLAND: Final = All(
    Compare("moved_m", ">=", OVERLAND_M),
    Compare("straight_fraction", ">=", STRAIGHT),
    Compare("median_speed_kn", ">=", CANAL_KN),
)
NEVER_BACK: Final = All(Subkind(("jump",)), Not(Is("returned")))
CIRCLES: Final = All(Subkind(("geometric",)), WITHOUT_A_LEAP)
SLOW_CIRCLES: Final = All(CIRCLES, Compare("circle_speed_kn", "<=", WAITING_KN))
FOLLOWS_ITSELF: Final = All(Subkind(("replay",)), Any(Is("also_live"), Is("like_a_clock")))
OWN_TRACK: Final = "it follows its own track: a receiver whose clock is {lag_size_s:min.0f} min "

AT_ONCE_S: Final = 900.0
"""Two boats of one number may be heard by turns, but one doesn't fall silent as the other is first
heard and come back as that is lost, with no more than this between them both times (judgement: some
reports of a class B set at 2 to 14 kn, which is due every 30 s, ITU-R M.1371-5, are missed)."""

HYPOTHESES: Final = (
    Hypothesis(
        "receiver with a wrong clock",
        0.8,
        "A receiver stamps what it hears with a wrong time.",
        "the copies don't all come through one receiver",
        Case(OWN_TRACK + "late would give the same", FOLLOWS_ITSELF, Compare("lag_s", ">", 0.0)),
        Case(OWN_TRACK + "early would give the same", FOLLOWS_ITSELF),
    ),
    Hypothesis(
        "installer's number",
        0.7,
        "A number that no station can have, sent by what isn't known to be longer than a boat.",
        "no other boat is where it was said to be, or one is heard just while the other isn't",
        Case(
            "no state gives out this number: boats' sets that are sold or left with it all "
            "send it, and another of them may be there",
            Subkind(("jump",)),
            Is("no_such_number"),
            Not(Compare("longest_m", ">", BOAT_M)),
            Not(Compare("changeover_s", "<=", AT_ONCE_S)),
        ),
    ),
    Hypothesis(
        "interference with satellite navigation",
        0.75,
        "Others nearby had bad fixes at the same time: somebody jams or spoofs all of them.",
        "the others' fixes were sound, or it is seen elsewhere than where it went on from",
        Case(
            "{n_others_scattered:.0f} of {n_others_near:.0f} other vessels within "
            "{max_interference_m:nm.0f} nm had bad fixes within the same half hour: "
            "interference, of which it is a victim as they are",
            Compare("n_others_scattered", ">=", MIN_OTHERS),
            Compare("n_others_scattered", ">=", "n_others_near", times=MIN_OTHERS_FRACTION),
            Any(
                Not(Subkind(("geometric",))),
                Compare("n_others_scattered", ">=", "n_others_near", times=NEARLY_ALL),
            ),
        ),
    ),
    Hypothesis(
        "circling at work",
        0.75,
        "Vessels that circle at work, entering and leaving the circle without a leap.",
        "it reports a circle far from where it is seen",
        Case(
            "a fishing, pilot, survey, tug or rescue vessel, which may circle at work, and at "
            "{circle_speed_kn:.1f} kn",
            SLOW_CIRCLES,
            Some(Vessel(types=FISHING | PILOT | TUG | WORKING | OFFICIAL)),
        ),
        needs_types=True,
    ),
    Hypothesis(
        "river or basin",
        0.6,
        "Inland without a leap, at a speed that a river or canal allows, and not straight on for "
        "5 nm faster than in a canal.",
        "a chart or an image shows dry land there",
        Case(
            "it came there without a leap: a river, canal or basin that the land layer "
            "doesn't show",
            Subkind(("on_land",)),
            WITHOUT_A_LEAP,
            Compare("median_speed_kn", "<=", RIVER_KN),
            Not(STRAIGHT_OVERLAND),
        ),
    ),
    Hypothesis(
        "stuck speed input",
        STATED_BOUND,
        "At rest with a speed input that is stuck.",
        "it is not seen where it says it lies",
        Case(
            "it reports being at anchor or moored: its speed input may be stuck",
            Subkind(("frozen",)),
            WITHOUT_A_LEAP,
            Own(Vessel(statuses=frozenset({AT_ANCHOR, MOORED}))),
        ),
    ),
    Hypothesis(
        "failing receiver",
        0.5,
        "Fixes scatter, and then the vessel is where it would have got to.",
        "it is seen elsewhere meanwhile, or its set is found in order",
        Case(
            "its fixes scattered by {scatter_m:nm.1f} nm and it went on from where it was: a "
            "failing receiver or aerial, or a jammer nearby",
            Subkind(("scatter",)),
            Is("rejoined"),
        ),
    ),
    Hypothesis(
        "leap along the course",
        0.55,
        "A jump ahead or astern by less than half an hour, or a near one and none back.",
        "the receivers' clocks are right",
        Case(
            "it leapt along its course, by less than half an hour: a receiver with a wrong clock",
            Subkind(("jump",)),
            Is("along_course"),
        ),
        Case(
            "it leapt {jump_m:nm.1f} nm and never back: so far ahead or astern, about a bend, "
            "puts a receiver with a wrong clock what it heard until then",
            NEVER_BACK,
            Compare("jump_m", "<=", HALF_AN_HOUR_M),
        ),
    ),
    Hypothesis(
        "circling to wait",
        0.5,
        "Waiting or on trials in a tight, slow circle, entered and left without a leap.",
        "it goes on for hours, or radar shows nothing there",
        Case(
            "it came and left without a leap and circled at {circle_speed_kn:.1f} kn, as a "
            "vessel that waits or tries its rudder may",
            SLOW_CIRCLES,
            Compare("radius_m", "<=", WAITING_M),
        ),
    ),
    Hypothesis(
        "another vessel with the same MMSI",
        0.2,
        "Another hull with the same MMSI, heard in turn.",
        "the first is never heard again",
        Case(
            "another vessel may use the same MMSI: the first track was not heard again in time",
            NEVER_BACK,
            Not(Is("says_the_same")),
        ),
    ),
    Hypothesis(
        "interference that no other vessel shows",
        0.1,
        "Satellite navigation is jammed or spoofed by somebody else, and no other vessel shows it.",
        "other vessels nearby reported sound positions meanwhile",
        Case(
            "somebody else may interfere with satellite navigation there, and the vessel be "
            "a victim",
            All(),
        ),
    ),
)

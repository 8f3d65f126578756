"""Innocent reasons for what the identity detector finds."""

from typing import Final

from detectors.core.hypothesis import (
    FISHING,
    PLEASURE,
    TOWING,
    TUG,
    All,
    Any,
    Case,
    Compare,
    Hypothesis,
    Is,
    Not,
    Some,
    Subkind,
    Vessel,
)
from detectors.core.statements import STATED_BOUND
from detectors.hypotheses.common import LAIN_UNHEARD_S

THIN_S: Final = 90.0
"""A vessel heard less often than this, when class A under way sends every 10 s, is heard thinly."""
THIN_AT_REST_S: Final = LAIN_UNHEARD_S
"""Who lies sends every three minutes, and is heard as often as it sends."""
MIN_LOST: Final = 2.0
MIN_LOST_FRACTION: Final = 0.2
"""Others lost at a place, and their share of those that passed, that make it an edge of reception.
A judgement: in well covered water few stop to be heard, by a failure or where they end."""
IN_TURN_S: Final = 21_600.0
SELDOM_S: Final = 600.0
"""Six hours, ten minutes (judgements): a number that is made up wasn't heard before."""
AT_ONCE: Final = 3.0
"""A wrong position or two are no vessel."""
BERTHS_KN: Final = 5.0
"""Of 17 planted hand-overs under way none was slower than 7 kn."""
LYING_KN: Final = 1.0
"""Slower is at rest, the errors of positions allowed for."""

HAND_OVER: Final = Subkind(("hand_over",))
TWO_HULLS: Final = Subkind(("two_hulls",))
SHARED_IMO: Final = Subkind(("shared_imo",))
CHANGE: Final = Subkind(("changed_name", "changed_imo", "changed_callsign"))
IN_PORT: Final = All(Compare("speed_kn", "<", LYING_KN), Is("in_port"))
"""It lay still: papers and sets are changed in port."""
EDGE: Final = All(
    Compare("n_others_lost", ">=", MIN_LOST),
    Compare("n_others_lost", ">=", "n_others_passed", times=MIN_LOST_FRACTION),
)
SELDOM_HEARD: Final = Any(
    Compare("longer_interval_s", ">", THIN_AT_REST_S),
    All(Compare("longer_interval_s", ">", THIN_S), Not(Is("at_rest"))),
)

HYPOTHESES: Final = (
    Hypothesis(
        "default number",
        0.8,
        "A number that sets are sold with, but of no ship alone; the first one of a hand-over.",
        "only one of the vessels with this number is near, and gives no other sign of itself",
        Case(
            "the number is one that sets are delivered with, or that was never set",
            Is("default_number"),
            # What ships say of themselves is checked each year (SOLAS V/18.9).
            Not(Is("says_it_is_large")),
        ),
    ),
    Hypothesis(
        "renamed in port under the same IMO number",
        0.8,
        "It lay in port and kept its IMO number, which stays with the hull when she is sold.",
        "the port or the registers know of no such change",
        Case(
            "it lay in a port or at anchor and kept its IMO number: a ship that was sold, or "
            "changed her flag",
            Subkind(("changed_name", "changed_callsign")),
            Is("imo_kept"),
            IN_PORT,
        ),
    ),
    Hypothesis(
        "corrupt fixes",
        0.7,
        "The other hull is heard hardly ever.",
        "the other place is heard by another receiver too, or moves as a vessel does",
        Case(
            "only {minor_fraction:.1%} of the reports are of the other place: fixes gone wrong",
            TWO_HULLS,
            Compare("minor_fraction", "<", 0.05),
            Compare("n_minor_reports", "<", 10.0),
        ),
    ),
    Hypothesis(
        "interference",
        0.7,
        "As many of its fixes went astray as are of the other hull when none did.",
        "the other place is heard before or after the interference too",
        Case(
            "{n_astray_reports:.0f} of its fixes went astray meanwhile, and only "
            "{n_minor_reports:.0f} are of the other place at other times: more of the same",
            TWO_HULLS,
            Compare("n_astray_reports", ">=", 1.0),
            Compare("n_astray_reports", ">=", "n_minor_reports"),
        ),
    ),
    Hypothesis(
        "installer's number",
        0.7,
        "A number that no station can have, sent by boats with class B sets only.",
        "one of the two is no small craft, or they meet",
        Case(
            "no state gives out this number: boats' sets that are sold or left with it all send it",
            TWO_HULLS,
            Is("class_b_only"),
            Is("no_such_number"),
        ),
    ),
    Hypothesis(
        "batch number",
        STATED_BOUND,
        "Small craft and net buoys with sets of one batch.",
        "one of the two is no small craft",
        Case(
            "small craft: sets and net buoys are sold in batches that were all given one number",
            TWO_HULLS,
            Any(Is("class_b_only"), Some(Vessel(types=FISHING | PLEASURE))),
        ),
        needs_types=True,
    ),
    Hypothesis(
        "position on land",
        0.5,
        "One of the two is where no hull can be: a false position rather than a second hull.",
        "both are seen at sea",
        Case(
            "some of the reports are on land: a position gone wrong, or a set on the bench",
            TWO_HULLS,
            Any(
                Compare("on_land_fraction", ">", 0.2),
                Compare("on_land_fraction", ">=", "minor_fraction", times=0.5),
            ),
            Compare("on_land_fraction", ">", 0.0),
        ),
    ),
    Hypothesis(
        "two sets on one ship",
        0.7,
        "Both numbers are heard from one place all along.",
        "they part",
        Case(
            "both were heard from one place, {median_distance_m:.0f} m apart: one ship with "
            "two sets, or a ship and her tender",
            SHARED_IMO,
            Is("how", "together"),
        ),
    ),
    Hypothesis(
        "changed flag",
        0.6,
        "One number after the other, as when a ship changes her flag.",
        "the registers know of no change, or the old number is heard again",
        Case(
            "one number was used after the other, as a ship's that changed her flag or set",
            SHARED_IMO,
            Is("how", "in turn"),
        ),
    ),
    Hypothesis(
        "wrong number typed",
        0.5,
        "Nobody checks what is typed into a set.",
        "its papers show the number that it sends",
        Case(
            "numbers are typed by hand at installation and often wrongly", Subkind(("invalid_imo",))
        ),
        Case(
            "the number was typed wrongly at installation, or a test number was left in",
            Subkind(("invalid_mmsi",)),
            Not(Is("imo_invalid_too")),
        ),
    ),
    Hypothesis(
        "names alike",
        0.5,
        "Names are given to many ships.",
        "the registers know only one of them, or both were seen as one",
        Case("owners give like names, and call signs are typed by hand", Subkind(("look_alike",))),
    ),
    Hypothesis(
        "renamed in port",
        0.5,
        "It lay still: papers and sets are changed in port.",
        "the port or the registers know of no such change",
        Case(
            "it lay in a port or at anchor, where ships are renamed and sets programmed",
            CHANGE,
            IN_PORT,
        ),
    ),
    Hypothesis(
        "another hull's words",
        0.6,
        "What seems to change is said by another hull with the same number.",
        "only one hull is heard while it says both",
        Case(
            "two hulls use this number, and each says its own", CHANGE, Compare("n_hulls", ">", 1.0)
        ),
    ),
    Hypothesis(
        "mended number",
        0.4,
        "The two numbers differ by one slip of a finger, and the first can't be right or all else "
        "that is said agrees.",
        "the old number is heard again",
        Case(
            "the two numbers differ by one digit: a typing error that was mended",
            HAND_OVER,
            Compare("n_mmsi_edits", "<=", 1.0),
            Any(Is("says_the_same"), Is("old_number_invalid")),
            Not(Is("says_otherwise")),
        ),
    ),
    Hypothesis(
        "thin reception",
        0.3,
        "Two ships, each heard only now and then, where others are lost too, or the second of "
        "which was heard not long before.",
        "both are seen at once, or a receiver nearby heard neither a second ship",
        Case(
            "one of them was heard only every {longer_interval_s:.0f} s, where {n_others_lost:.0f} "
            "of {n_others_passed:.0f} others were lost in the hours before: two ships near the "
            "edge of reception, one of which was lost as the other was found",
            HAND_OVER,
            SELDOM_HEARD,
            EDGE,
        ),
        Case(
            "the second was heard {unheard_before_s:h.1f} h before, and both only every "
            "{interval_s:min.0f} min: two ships in company, heard in turn",
            HAND_OVER,
            Compare("unheard_before_s", "<=", IN_TURN_S),
            Compare("interval_s", ">=", SELDOM_S),
            Compare("other_interval_s", ">=", SELDOM_S),
        ),
    ),
    Hypothesis(
        "two vessels heard at once",
        0.8,
        "Both heard at once in different places, in the twelve hours before or the six after.",
        "the positions elsewhere can't be right: they leap, or lie where nobody was near to hear "
        "them",
        Case(
            "both were heard at once {n_apart_at_once:.0f} times in the hours before or after, "
            "up to {apart_at_once_m:nm.1f} nm apart: two vessels, one of which was lost as the "
            "other was found",
            HAND_OVER,
            Compare("n_apart_at_once", ">=", AT_ONCE),
        ),
    ),
    Hypothesis(
        "one berths, another sails",
        0.4,
        "Both slow, and all that they say of themselves differs.",
        "no berth is near, or neither was seen alongside",
        Case(
            "they made {speed_kn:.1f} and {other_speed_kn:.1f} kn, as ships do that berth or "
            "have just cast off, and are said to be two: one switched its set off as another's "
            "was switched on",
            HAND_OVER,
            Not(Is("at_rest")),
            Is("says_otherwise"),
            Compare("speed_kn", "<=", BERTHS_KN),
            Compare("other_speed_kn", "<=", BERTHS_KN),
        ),
    ),
    Hypothesis(
        "boats in company",
        0.5,
        "Small craft at rest, whose sets are switched off and on as they please.",
        "one hull only is seen there, or what the new number says of itself isn't so",
        Case(
            "both numbers are of small craft's sets, and it lay at rest: boats lie side by side, "
            "and switch their sets off and on as they please",
            HAND_OVER,
            Is("at_rest"),
            Is("class_b_only"),
        ),
    ),
    Hypothesis(
        "set programmed anew",
        STATED_BOUND,
        "Both numbers are said to be of one ship.",
        "the old number is heard again, or the registers know of no change",
        Case(
            "under both numbers it says {same_said}: a set that was programmed anew, or a "
            "ship that changed her flag",
            HAND_OVER,
            Is("says_the_same"),
        ),
    ),
    Hypothesis(
        "ship with two sets",
        0.7,
        "Two sets on one ship that say the same of themselves.",
        "they part, or the registers know of one number only",
        Case(
            "both say the same name or IMO number, and were {median_distance_m:.0f} m apart "
            "all the way: one ship with two sets, or with the set of her boat, and no secret",
            Subkind(("two_numbers",)),
            Is("says_the_same"),
            Compare("median_distance_m", "<=", "max_one_hull_m"),
        ),
    ),
    Hypothesis(
        "pushed or towed alongside",
        STATED_BOUND,
        "A tug with what it pushes.",
        "it casts off, and the other number goes on with it",
        Case(
            "one of them is a tug or towing: what it pushes or has alongside carries a set too",
            Subkind(("two_numbers",)),
            Some(Vessel(types=TUG | TOWING)),
        ),
        needs_types=True,
    ),
    Hypothesis(
        "tow made up",
        STATED_BOUND,
        "A tug or its tow.",
        "neither tug nor tow is seen there",
        Case(
            "one of them is a tug or towing: the set of the tow was used instead of the tug's",
            HAND_OVER,
            Some(Vessel(types=TUG | TOWING)),
        ),
        needs_types=True,
    ),
)
"""Of numbers that differ by one digit something else must speak for a slip: who takes another's may
well take the next."""

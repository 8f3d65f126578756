"""Innocent reasons for a silence that lie in how far the feed hears."""

from typing import Final

from detectors.core.hypothesis import (
    FISHING,
    PLEASURE,
    All,
    Any,
    Case,
    Compare,
    Hypothesis,
    Is,
    Not,
    Some,
    Vessel,
)

UNHEARD: Final = 0.1
"""A tenth of what is heard where it was lost, in a day."""
AT_THE_EDGE_M: Final = 15 * 1852.0
"""An hour at 15 kn."""
BY_PASSES: Final = Is("by_passes")
"""Heard by satellites, who have no edge, and whose passes it missed are counted."""
AHEAD_IS_THIN: Final = Any(
    Compare("ahead_heard_fraction", "<", 0.5),
    All(
        Is("is_open"),
        Compare("ahead_heard_fraction", "<=", 0.5),
        Compare("ahead_known_ratio", "<", 0.5),
    ),
)
CUT_OFF: Final = Is("cut_off_sharply")
"""Heard in full up to its last report and from the first one after: well within reach at both."""
FOUND: Final = Is("found_in_full")
"""Heard in full from the first report after, and one is heard on all the way there: who comes back
from out of range comes over the edge, where reports are lost one by one."""
RETURNED: Final = All(Is("came_back"), Not(Some(Vessel(types=FISHING | PLEASURE))))
"""One that is heard again near where it was lost didn't sail away, unless it went fishing."""
HEARD_AHEAD: Final = All(Not(Is("is_open")), Compare("ahead_known_ratio", ">=", 0.5))
"""Heard again, where others are heard ahead at other hours."""
HEARD_ASTERN: Final = All(Not(Is("is_open")), Compare("astern_known_ratio", ">=", 0.5))
"""Heard again on a way that leads through where others are heard."""
IN_SIGHT: Final = All(Is("feed_by_passes"), Not(Is("is_open")))
"""Heard again by what sees both ends at a time, and all ways between them: no range ends there."""
UNHEARD_PLACE: Final = All(
    Not(BY_PASSES),
    Compare("neighbour_fraction", "<=", 0.0),
    Any(
        Compare("missed_probability", ">=", 0.01),
        All(Not(CUT_OFF), Compare("missed_probability", ">=", 0.005)),
    ),
)
"""Chance leaves one silence in a hundred, however it begins, or in two hundred of those that aren't
cut off sharply. Planted ones with nobody beside them had 0.006 at most on 106 simulated nights, and
those that weren't cut off 0.003; all but one of the others more."""
MISSED_A_DAY: Final = 2.0
"""Two a day: there chance brings about as many as are switched off, and shows no difference. On
simulated nights of few passes 2 of 37 sets switched off were as likely missed by chance, and 5 to
60 a day as likely as each of 16 class A vessels flagged on two nights of a pass in 25 minutes."""
TOO_SELDOM: Final = All(BY_PASSES, Compare("n_missed_by_chance", "<", MISSED_A_DAY))
FAR_NOW_AND_THEN: Final = 0.5
"""Half of a day: what a receiver hears for longer than not it reaches by line of sight."""
FADES_S: Final = 14_400.0
"""Four hours: 48 nm at 12 kn, as wide as a hole between two coast stations' reach (judgement)."""
TELLS_S: Final = 168.0
"""Heard as often as this or oftener in the three hours before, one can be told to be lost report by
report: 0.7 of the reports of 20 minutes are then the five that `gap.cut_off` asks for to call a
vessel heard in full. Of a feed thinned to one report in six minutes none is ever heard in full."""
FADED: Final = All(
    Is("was_moving"),
    Compare("median_interval_s", "<=", TELLS_S),
    Is("heard_in_full_before", False),
    Is("heard_in_full_after", False),
    Not(Any(FOUND, Is("feed_by_passes"))),
    Compare("duration_s", "<=", FADES_S),
)
"""Lost report by report, as beyond the horizon (see `gap.cut_off`), and found so, or not yet. Of
198 planted silences of vessels under way, on 40 simulated nights, none was."""

OUT_OF_RANGE: Final = Hypothesis(
    "sailing out of range",
    0.6,
    "Under way to where nobody is heard, or half as many as where it was lost; or where nobody is.",
    "it is heard again where it was lost, or another feed covers the way it went",
    Case(
        "it was under way to where vessels were heard in only {ahead_heard_fraction:.0%} "
        "of the half hours that followed",
        Is("was_moving"),
        AHEAD_IS_THIN,
        Not(Any(RETURNED, HEARD_AHEAD, Is("again_ahead"), CUT_OFF, BY_PASSES, FOUND)),
    ),
    Case(
        "it was under way to where vessels are heard seldom, by satellite or otherwise: in "
        "{ahead_heard_fraction:.0%} of the half hours that followed",
        BY_PASSES,
        Is("was_moving"),
        AHEAD_IS_THIN,
        Compare("ahead_known_ratio", "<=", 0.5),
        Not(Any(RETURNED, HEARD_ASTERN, Is("again_ahead"), IN_SIGHT)),
    ),
    Case(
        "it was under way, and lost where nobody else is heard: at the edge of what stations "
        "reach a vessel is heard now and then, whichever way it goes",
        BY_PASSES,
        Not(Is("feed_by_passes")),
        Is("was_moving"),
        Compare("n_neighbours", "<", 1.0),
        Compare("known_fraction", "<=", UNHEARD),
    ),
)
LEFT_AND_CAME_BACK: Final = Hypothesis(
    "left and came back over the edge",
    0.5,
    "Dead reckoning takes it out over the edge of what the feed hears, and back in over it.",
    "another feed covers the way it went",
    Case(
        "by its course it left for where nobody is heard, and by its course it came back "
        "from there",
        Is("was_moving"),
        Not(Any(CUT_OFF, BY_PASSES)),
        Compare("ahead_known_ratio", "<", UNHEARD),
        Compare("astern_known_ratio", "<", UNHEARD),
        Not(Is("land_ahead")),
    ),
)
OVER_THE_EDGE: Final = Hypothesis(
    "out over the feed's own edge",
    0.65,
    "By now it can be beyond the box of all that the feed hears; or made for where nobody is.",
    "it is heard again, or another feed covers what lies beyond",
    Case(
        "the feed hears nobody further than {edge_distance_m:nm.0f} nm from there, and by "
        "now it can be beyond",
        Is("is_open"),
        Compare("edge_distance_m", "<=", "reachable_distance_m"),
        Compare("edge_distance_m", "<=", AT_THE_EDGE_M),
    ),
    Case(
        "it made for where nobody was heard in the day before or meanwhile, up to "
        "{ahead_distance_m:nm.0f} nm ahead: no satellite hears only what is astern",
        BY_PASSES,
        Is("was_moving"),
        Compare("ahead_known_ratio", "<", UNHEARD),
        Compare("ahead_heard_fraction", "<", UNHEARD),
        Not(Any(Is("again_ahead"), IN_SIGHT)),
    ),
)
LITTLE_BY_LITTLE: Final = Hypothesis(
    "lost and found little by little",
    0.55,
    "Heard in part only before it was lost and after it was found, within four hours.",
    "others of its kind were heard in full along its way",
    Case(
        "it was lost report by report {duration_s:h.1f} h ago, as what sails into a hole "
        "in reception",
        FADED,
        Is("is_open"),
    ),
    Case(
        "it was lost report by report, and found so after {duration_s:h.1f} h, as what "
        "sails through a hole in reception",
        FADED,
    ),
)
MISSED_BY_CHANCE: Final = Hypothesis(
    "missed by chance",
    0.5,
    "So short that a vessel that is heard as others there are is missed by chance as long.",
    "others of its kind were heard in full beside it",
    Case(
        "no whole half hour of it shows, by others, that it would have been heard there",
        Not(BY_PASSES),
        Compare("n_chances", "<", 1.0),
    ),
    Case(
        "one that is heard as it was is missed for as long with a chance of "
        "{missed_probability:.1%}, and many vessels take that chance each night",
        Not(BY_PASSES),
        Compare("missed_probability", ">=", 0.02),
    ),
)
MISSED_LIKE_OTHERS: Final = Hypothesis(
    "missed as others are",
    0.6,
    "Missed no more passes in turn than two vessels a day or more do by chance.",
    "another feed hears more of each pass and didn't hear it either",
    Case(
        "of all that the feed hears so about {n_missed_by_chance:.0f} a day miss as many "
        "passes in turn by chance: it is as likely one of these",
        BY_PASSES,
        Compare("n_missed_by_chance", ">=", MISSED_A_DAY),
    ),
)
FAR_FOR_A_WHILE: Final = Hypothesis(
    "heard far for a while",
    0.6,
    "Heard from afar, as all were for some hours; since then its receiver hardly heard so far.",
    "the receiver heard others as far out meanwhile, or another feed covers its place",
    Case(
        "the receiver that heard it heard as far in {as_far_usual_fraction:.0%} of the half "
        "hours of the day before, and in {as_far_fraction:.0%} meanwhile: weather carries "
        "radio far beyond the horizon for some hours",
        Not(Is("feed_by_passes")),
        Compare("neighbour_fraction", "<=", UNHEARD),
        Compare("as_far_usual_fraction", ">", 0.0),
        Compare("as_far_usual_fraction", "<=", FAR_NOW_AND_THEN),
        Compare("as_far_fraction", "<=", UNHEARD),
    ),
)
UNHEARD_THERE: Final = Hypothesis(
    "nobody was heard there meanwhile",
    0.45,
    "Nobody beside it to show that its place was heard, and too short to tell by chance.",
    "others are heard there at the like hours, or another feed covers it",
    Case(
        "nobody else was heard around it meanwhile, and one that is heard as it was is missed "
        "for as long with a chance of {missed_probability:.1%}",
        UNHEARD_PLACE,
    ),
)

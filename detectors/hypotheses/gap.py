"""Innocent reasons for a silence."""

from typing import Final

from detectors.core.hypothesis import (
    AT_ANCHOR,
    MOORED,
    PASSENGER,
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
    Vessel,
)
from detectors.hypotheses.reach import (
    BY_PASSES,
    CUT_OFF,
    FAR_FOR_A_WHILE,
    IN_SIGHT,
    LEFT_AND_CAME_BACK,
    LITTLE_BY_LITTLE,
    MISSED_BY_CHANCE,
    MISSED_LIKE_OTHERS,
    OUT_OF_RANGE,
    OVER_THE_EDGE,
    TOO_SELDOM,
    UNHEARD_THERE,
)

SEA_GOING: Final = frozenset(range(60, 90))
"""Passenger, cargo, tankers (ITU-R M.1371-5, table 53): sets stay on (SOLAS V/19.2.4.7)."""
NEAR_A_BERTH_M: Final = 3 * 1852.0
STILL_THERE_M: Final = 1000.0
TO_AND_FRO: Final = 2.5
"""See `at_work.GOES_ABOUT`: what drifts with a tide goes at most twice the place's width."""
HARDLY_WENT: Final = 0.1
"""Of planted silences under way none was shorter than a seventh of the way that its speed makes;
who goes to a meeting and back to where it was lost has gone there in vain (judgement)."""
MADE_FAST_M: Final = 35.0
"""Twice the errors of AIS and a berth's beam; at anchor ships swing through 100 m and more. Ends of
silences of an Aegean ferry at its berth were 11 to 33 m apart, of Danish harbour craft 2 to 10;
what drifts goes as far in a minute and a half."""

SET_WAS_OFF: Final = All(
    Any(CUT_OFF, Compare("interval_ratio", ">=", 20.0)),  # else `PATCHY`
    Is("ais_class", "B"),
    Compare("neighbour_fraction", ">=", 0.9),
)
"""Work explains why it stayed, not why it fell silent where sets as weak were heard all along."""
OTHERS_LOST: Final = All(
    Any(Compare("silence_probability", ">=", 0.02), Not(Compare("neighbour_fraction", ">=", 1.0))),
    Not(BY_PASSES),
)
"""A hole shows in others' silences: every tenth that passes, each counted in five half hours. Or
nobody else was heard in some half hour."""
WENT_ON: Final = All(
    Compare("implied_speed_kn", "<=", "speed_before_kn", times=1.15),
    Compare("implied_speed_kn", ">=", "speed_before_kn", times=0.85),
)
LAY_THERE: Final = All(
    Not(Is("was_moving")),
    Any(Compare("distance_m", "<=", STILL_THERE_M), Is("is_open")),
    Compare("anchorage_distance_m", "<=", NEAR_A_BERTH_M),
)
EDGE: Final = All(
    Not(Any(CUT_OFF, BY_PASSES)),
    Compare("n_other_silences", ">=", 3.0),
    Compare("other_silence_ratio", ">", "max_other_silence_ratio", times=0.5),
)
ONE_RECEIVER: Final = Compare("receiver_heard_fraction", ">=", 0.95)
FEW_OTHERS: Final = (
    "{n_other_silences:.0f} other tracks fell silent around there too "
    "({other_silence_ratio:.1%} of those heard each half hour): reception may end there"
)

PASSES_COUNT: Final = All(Is("feed_by_passes"), Is("ais_class", "A"), Is("was_moving"))
"""What hears all by passes is down between them; others lie, or are lost in the crowd below it."""

MAKES_WAY_KN: Final = 3.0  # as of `Gap.moving_kn`
NEVER_MADE_WAY: Final = All(
    Is("ais_class", "B"),
    Compare("usual_top_speed_kn", "<", MAKES_WAY_KN),
    Compare("speed_before_kn", "<", MAKES_WAY_KN),
    Any(
        Compare("speed_before_kn", ">=", 0.3),
        All(
            Compare("usual_top_speed_kn", ">=", 0.5),
            Compare("ground_s", ">=", 3600.0),
            Compare("ground_way_ratio", "<", TO_AND_FRO),
        ),
        All(
            Compare("usual_top_speed_kn", ">=", 0.3),
            Compare("ground_s", ">=", 3600.0),
            Compare("n_lying", ">=", 2.0),
        ),
    ),
    Not(Some(Vessel(types=SEA_GOING))),
)
"""Adrift as long as it is heard, as its set says too; lost at slack water it was carried along for
an hour before, and what lies at anchor stays within its swing. At neaps it hardly goes, with others
like it beside it. Buoys of nets carry sets that send as ships do, often under a ship's number (FCC,
Enforcement Advisory 2018-04, DA 18-1211)."""
PATCHY: Final = All(
    Is("ais_class", "B"),
    Not(BY_PASSES),
    Compare("longest_interval_s", ">=", "median_interval_s", times=5.0),
    Compare("interval_ratio", "<", 20.0),
)
"""Holes already: at the reach of a set of class B each wave takes some reports, and then all."""

HYPOTHESES: Final = (
    Hypothesis(
        "feed outage",
        0.6,
        "The whole feed was quiet for a third of the time or more, and a third more than in the "
        "day before.",
        "another feed heard vessels there all the while",
        Case(
            "the feed itself brought reports in only {feed_heard_fraction:.0%} of that time",
            Compare("feed_heard_fraction", "<", 0.67),
            Compare("feed_heard_fraction", "<", "feed_usual_fraction", times=0.67),
            Not(BY_PASSES),
        ),
    ),
    Hypothesis(
        "receiver down",
        0.6,
        "The receivers that hear that place heard nothing anywhere for a third of the time or "
        "more, as satellites between their passes: of ships under way these are counted.",
        "another receiver heard vessels there all the while",
        Case(
            "the receivers that hear that place (one of them heard "
            "{receiver_heard_fraction:.0%} of what was heard there in the day before) worked "
            "in only {receiver_working_fraction:.0%} of the half hours",
            Compare("receiver_working_fraction", "<", 0.67),
            Not(All(PASSES_COUNT, TOO_SELDOM)),
        ),
    ),
    OUT_OF_RANGE,
    LEFT_AND_CAME_BACK,
    OVER_THE_EDGE,
    FAR_FOR_A_WHILE,
    MISSED_LIKE_OTHERS,
    Hypothesis(
        "gear taken in",
        0.6,
        "A set of class B that never made way: a buoy of a net, or a boat that hangs on one.",
        "it is heard again elsewhere at once, or a boat was seen under way there",
        Case(
            "it only drifted ({usual_top_speed_kn:.1f} kn at most) as long as it was heard: "
            "buoys of nets carry such sets, which fall silent when they are hauled, and boats "
            "that hang on their nets switch theirs off with the lights",
            NEVER_MADE_WAY,
        ),
    ),
    Hypothesis(
        "among many that lie there",
        0.5,
        "Lay still where many lie, and was heard again there or not yet.",
        "a boat is seen alongside, or it was seen elsewhere meanwhile",
        Case(
            "it lay where {n_lying:.0f} vessels lay at once in the day before: a berth or an "
            "anchorage, whether a zone says so or not",
            Is("among_many_lying"),
        ),
    ),
    Hypothesis(
        "came to lie at a coast",
        0.5,
        "Heard by passes, bound for a coast at hand, and heard again there.",
        "it is seen elsewhere meanwhile, or a boat is seen alongside",
        Case(
            "its course led to a coast, and it was heard again {distance_m:nm.1f} nm from "
            "where it was lost: it may have lain there, where a set sends every three minutes "
            "and a satellite hears one report of a pass or none",
            IN_SIGHT,
            Is("was_moving"),
            Is("land_ahead"),
            Compare("distance_m", "<=", NEAR_A_BERTH_M),
            Compare("implied_speed_kn", "<=", "speed_before_kn", times=HARDLY_WENT),
        ),
    ),
    Hypothesis(
        "lay made fast",
        0.7,
        "Had stopped, and was heard again where it was lost to a few metres: at anchor it would "
        "have swung.",
        "a chart or an image shows open water there, or it was seen elsewhere meanwhile",
        Case(
            "it was heard again within {distance_m:.0f} m of where it was lost: it lay made "
            "fast there, at a berth or a quay, whether a zone says so or not",
            Not(Is("was_moving")),
            Compare("distance_m", "<=", MADE_FAST_M),
        ),
    ),
    Hypothesis(
        "came home",
        0.6,
        "A boat that came in to the shore at which it had lain, and is silent still or was heard "
        "again there.",
        "it was seen elsewhere meanwhile, or others of its village never fall silent",
        Case(
            "it had come in to within {home_distance_m:.0f} m of where it had lain by the shore "
            "for an hour or longer in the day before: boats put the set out with the engine",
            Compare("home_distance_m", ">=", 0.0),
            Any(Is("is_open"), Compare("distance_m", "<=", STILL_THERE_M)),
            Any(Is("ais_class", "B"), Not(Some(Vessel(types=SEA_GOING)))),
        ),
    ),
    Hypothesis(
        "set on and off all day",
        0.6,
        "A small craft that had been silent like this twice in the day before, or more often.",
        "it is seen with another vessel in one of these silences",
        Case(
            "it had been silent like this {n_alike_silences:.0f} times in the day before: its "
            "set is switched on and off all day, or fails",
            Compare("n_alike_silences", ">=", 2.0),
            Not(Some(Vessel(types=SEA_GOING))),
        ),
    ),
    Hypothesis(
        "working to and fro",
        0.5,
        "Went to and fro before, as boats and dredgers at work do, and was heard again on that "
        "ground.",
        "no catch was landed and no notice announces work, or a boat is seen alongside",
        Case(
            "it went to and fro there before, {ground_way_ratio:.1f} times as far as the place "
            "is wide, and was heard again {distance_m:nm.1f} nm away, on the same ground",
            Not(Is("was_moving")),
            Not(Some(Vessel(types=SEA_GOING))),
            Compare("ground_s", ">=", 3600.0),
            Compare("ground_way_ratio", ">=", TO_AND_FRO),
            Compare("distance_m", "<=", "ground_m"),
            Not(SET_WAS_OFF),
        ),
    ),
    Hypothesis(
        "ferry at rest",
        0.5,
        "A ferry that had stopped; more so if it is heard again where it lay.",
        "its operator had it sailing at that time",
        Case(
            "it is a ferry or passenger vessel that had stopped, and was heard again there",
            Some(Vessel(types=PASSENGER)),
            Not(Is("was_moving")),
            Compare("distance_m", "<=", STILL_THERE_M),
        ),
        Case(
            "it is a ferry or passenger vessel that had stopped",
            Some(Vessel(types=PASSENGER)),
            Not(Is("was_moving")),
        ),
        needs_types=True,
    ),
    Hypothesis(
        "call at a port",
        0.4,
        "Heard again in a port or an anchorage.",
        "the port knows of no call in that time",
        Case("it was heard again in a port, an anchorage or a landing place", Is("back_in_berth")),
    ),
    Hypothesis(
        "sailed on through a hole in reception",
        0.4,
        "Heard again soon, where its speed and course had to bring it, while others were lost too.",
        "others were heard at every minute along its way",
        Case(
            "it was heard again after {duration_s:min.0f} min, having gone on at "
            "{implied_speed_kn:.1f} kn as before ({speed_before_kn:.1f} kn)",
            OTHERS_LOST,
            Is("was_moving"),
            Compare("duration_s", "<", 5400.0),
            WENT_ON,
        ),
    ),
    Hypothesis(
        "set switched off at rest",
        0.4,
        "Lay at anchor or moored near a port or an anchorage, and was heard again where it was "
        "lost.",
        "it moved meanwhile, or a boat is seen alongside",
        Case(
            "it reported being moored and had stopped: sets are switched off with the lights",
            Own(Vessel(statuses=frozenset({MOORED}))),
            LAY_THERE,
        ),
        Case(
            "it reported being at anchor and had stopped: sets are switched off with the lights",
            Own(Vessel(statuses=frozenset({AT_ANCHOR}))),
            LAY_THERE,
        ),
    ),
    Hypothesis(
        "on its working ground",
        0.35,
        "Says that it works, lay still or nearly so, and was heard again on the same ground.",
        "no notice to mariners announces the work, or a boat is seen alongside",
        Case(
            "it is engaged in dredging, diving or underwater work, lay where it works, and was "
            "heard again {distance_m:nm.1f} nm from there",
            Some(Vessel(types=WORKING)),
            Not(Is("was_moving")),
            Compare("distance_m", "<=", "ground_m"),
        ),
        needs_types=True,
    ),
    LITTLE_BY_LITTLE,
    Hypothesis(
        "at the reach of a weak transmitter",
        0.55,
        "A class B transceiver, of which some reports were lost already, and others for hardly "
        "longer than that.",
        "vessels of class B were heard steadily at the same place and time",
        Case(
            "it has a class B transceiver, and its reports had come up to "
            "{longest_interval_s:min.0f} min apart before: at the end of their reach they are "
            "lost one by one, and then for longer",
            PATCHY,
        ),
    ),
    MISSED_BY_CHANCE,
    UNHEARD_THERE,
    Hypothesis(
        "receiver edge",
        0.3,
        "Others fell silent in the same place too.",
        "another feed hears vessels beyond, or it was heard well beyond on other days",
        Case(FEW_OTHERS + ", which one receiver hears", EDGE, ONE_RECEIVER),
        Case(FEW_OTHERS, EDGE),
    ),
    Hypothesis(
        "weak transmitter",
        0.2,
        "A class B transceiver: an eighth of the power or less.",
        "vessels of class B were heard steadily at the same place and time",
        Case(
            "it has a class B transceiver, whose weaker signal is easily lost", Is("ais_class", "B")
        ),
    ),
    Hypothesis(
        "thin reception",
        0.15,
        "Others nearby were heard only now and then.",
        "it was heard without a break there on other days",
        Case(
            "other vessels around were heard in only {heard_fraction:.0%} of the half hours",
            Compare("heard_fraction", "<", 0.8),
            Not(BY_PASSES),
        ),
    ),
)
"""Those that rest on how others were heard weigh little: they have lowered the score already."""

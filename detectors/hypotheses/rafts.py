"""Innocent reasons of boats that lie together: they rest as a raft, or work on one ground."""

from typing import Final

from detectors.core.hypothesis import All, Any, Case, Compare, Hypothesis, Is, Not
from detectors.hypotheses.company import (
    AS_ONE,
    CAME_SLOWLY,
    CARRIED,
    COMPANY_M,
    IN_COMPANY,
    MOORED_BOAT_KN,
    PARTED_FAST,
    PLANING_KN,
)

REST_S: Final = 10_800.0
"""Handing over goods or people takes less than an hour, fuel to a boat one or two."""
ANGLERS_M: Final = 30.0
"""Two boats alongside have their antennas within 20 m, with errors of 10 m: half of the time nearer
than that they lie alongside (judgement). Boats on anchors of their own swing as near at times."""
ALONGSIDE_M: Final = 50.0
"""Further apart than antennas and their errors put two boats alongside: see `at_work`."""
LAY_LONG: Final = Any(
    All(Not(PARTED_FAST), Compare("duration_s", ">=", REST_S)),
    All(Compare("parting_kn", "<", PLANING_KN), Compare("duration_s", ">=", 7200.0)),
)
"""For three hours, or two where they were seen to part slowly."""

UNHEARD_COMING: Final = All(Is("approach_kn", None), Not(Compare("closing_kn", ">=", PLANING_KN)))
"""Nobody heard how they came together, nor that they closed fast."""
SELDOM_S: Final = 600.0
"""Class B reports every 3 minutes at rest (ITU-R M.1371-5); a satellite gets a report or two of a
pass, and passes are 10 to 60 minutes apart."""
HEARD_SELDOM: Final = Any(
    Compare("duration_s", ">=", "n_reports", times=SELDOM_S),
    Compare("duration_s", ">=", "other_n_reports", times=SELDOM_S),
)
LONGER_S: Final = 2400.0
"""Who changes boats takes a quarter of an hour or so; two that are heard together forty minutes
apart, and nobody heard come or go, lay there for longer; so did those that were within two miles of
one another for an hour before, or within a kilometre when they were heard before or next."""
IN_A_RAFT: Final = Any(
    All(Compare("n_neighbours", ">=", 1.0), Compare("duration_s", ">=", 3600.0)),
    All(Compare("n_neighbours", ">=", 2.0), Compare("duration_s", ">=", 1800.0)),
    All(Compare("n_neighbours", ">=", 1.0), Compare("duration_s", ">=", 1800.0), HEARD_SELDOM),
)
"""Another boat beside them for an hour, or two and more for half of one; for half of one too where
they were heard seldom: from the first report of both to the last is less than they lay there."""
SLOW_BOAT_KN: Final = 5.0
CAME_AND_WENT_SLOWLY: Final = All(
    Compare("closing_kn", "<=", SLOW_BOAT_KN), Compare("parting_kn", "<=", SLOW_BOAT_KN)
)
"""Slower than any boat that carries people makes (6 kn and more, as reported): of 32 planted small
craft that met on 40 simulated nights none closed at less than 5.9 kn or parted at less than 10."""
CAME_SLOWLY_IF_HEARD: Final = Not(Compare("approach_kn", ">=", PLANING_KN))
GROUND_S: Final = 7_200.0
"""For two hours within two miles: boats that change people come from both coasts to do so."""
BOATS_AS_ONE: Final = All(
    Is("both_small_craft"),
    Any(
        AS_ONE,
        All(
            IN_A_RAFT,
            HEARD_SELDOM,
            Compare("median_relative_speed_kn", "<=", "max_station_kn"),
        ),
        All(
            Any(
                All(Compare("n_neighbours", ">=", 3.0), Compare("duration_s", ">=", 3600.0)),
                All(Compare("n_neighbours", ">=", 2.0), Compare("duration_s", ">=", 7200.0)),
            ),
            Compare("median_relative_speed_kn", "<=", "max_relative_speed_kn"),
        ),
    ),
    CARRIED,
)
"""Small craft that drift with the water, and not against one another. Heard by passes, one comes on
a straight line from where it was an hour ago, and lies in the raft only when it is heard there.
Among three others and more, or two for two hours, they swing on their lines faster than a pair that
keeps station does."""

RAFT: Final = Hypothesis(
    "boats at rest",
    0.7,
    "Boats that come slowly, drift with the water as one for hours, and part slowly.",
    "one of them then meets a larger vessel, or lands no catch",
    Case(
        "they lay or drifted as one for {duration_s:h.1f} h, never nearer than "
        "{min_distance_m:.0f} m, as boats of one ground and buoys of one net do: what is "
        "handed over is handed over alongside",
        BOATS_AS_ONE,
        Any(
            Compare("median_distance_m", ">=", 2 * ALONGSIDE_M),
            Compare("faster_kn", "<=", MOORED_BOAT_KN),
        ),
        Compare("min_distance_m", ">=", ALONGSIDE_M),
        Compare("duration_s", ">=", 3600.0),
    ),
    Case(
        "boats that came together at {approach_kn:.0f} kn and lay or drifted as one, "
        "{median_distance_m:.0f} m apart, for {duration_s:h.1f} h, as a fleet at rest does; "
        "handing something over takes less",
        BOATS_AS_ONE,
        CAME_SLOWLY,
        LAY_LONG,
    ),
    Case(
        "boats that lay or drifted as one, {median_distance_m:.0f} m apart, for "
        "{duration_s:h.1f} h, as a fleet at rest does; handing something over takes less",
        BOATS_AS_ONE,
        UNHEARD_COMING,
        LAY_LONG,
    ),
    Case(
        "boats that came or went in company and lay or drifted as one, "
        "{median_distance_m:.0f} m apart, for {duration_s:h.1f} h",
        BOATS_AS_ONE,
        IN_COMPANY,
        LAY_LONG,
    ),
    Case(
        "boats that had lain near one another before and lay or drifted as one, "
        "{median_distance_m:.0f} m apart, for {duration_s:h.1f} h more",
        BOATS_AS_ONE,
        Compare("apart_before_m", "<=", COMPANY_M),
        Compare("parting_kn", "<", PLANING_KN),
        Compare("duration_s", ">=", 3600.0),
    ),
    Case(
        "boats of a raft: they came together at {approach_kn:.0f} kn, {n_neighbours:.0f} more "
        "lay beside them, and all lay or drifted as one for {duration_s:h.1f} h",
        BOATS_AS_ONE,
        CAME_SLOWLY,
        Not(PARTED_FAST),
        IN_A_RAFT,
    ),
    Case(
        "boats of a raft: they closed at {closing_kn:.0f} kn and parted at {parting_kn:.0f}, "
        "and {n_neighbours:.0f} more lay beside them, for {duration_s:h.1f} h",
        Is("both_small_craft"),
        CAME_AND_WENT_SLOWLY,
        CARRIED,
        Compare("n_neighbours", ">=", 1.0),
        Compare("duration_s", ">=", 1800.0),
    ),
    Case(
        "boats of a raft: they had lain beside one another before, {n_neighbours:.0f} more lay "
        "beside them, and all lay or drifted as one for {duration_s:h.1f} h",
        BOATS_AS_ONE,
        Compare("apart_before_m", "<=", COMPANY_M),
        Not(PARTED_FAST),
        IN_A_RAFT,
    ),
    Case(
        "they lay at anchor by day, {median_distance_m:.0f} m apart, for {duration_s:h.1f} h "
        "beside {n_neighbours:.0f} others, as anglers do over a wreck, however fast they come and "
        "go",
        Is("both_small_craft"),
        Not(Is("in_the_dark")),
        Compare("faster_kn", "<=", MOORED_BOAT_KN),
        Compare("n_neighbours", ">=", 3.0),
        Compare("median_distance_m", ">=", ANGLERS_M),
        Compare("duration_s", ">=", 7200.0),
    ),
    Case(
        "they were heard from there on only, {n_neighbours:.0f} more lay beside them, and all "
        "lay or drifted as one for {duration_s:h.1f} h, as the buoys of a net do",
        BOATS_AS_ONE,
        Is("apart_before_m", None),
        Not(PARTED_FAST),
        IN_A_RAFT,
    ),
    Case(
        "boats of a raft: nobody heard how they came, {n_neighbours:.0f} more lay beside them, "
        "and all lay or drifted as one for {duration_s:h.1f} h",
        BOATS_AS_ONE,
        UNHEARD_COMING,
        Not(PARTED_FAST),
        IN_A_RAFT,
    ),
    Case(
        "boats that lay or drifted as one, {median_distance_m:.0f} m apart, for "
        "{duration_s:h.1f} h, heard so seldom that nobody knows who else lay there",
        BOATS_AS_ONE,
        HEARD_SELDOM,
        CAME_SLOWLY_IF_HEARD,
        Not(Compare("closing_kn", ">=", PLANING_KN)),
        Not(PARTED_FAST),
        Any(
            All(
                Is("approach_kn", None),
                Is("parting_kn", None),
                Compare("duration_s", ">=", LONGER_S),
            ),
            All(Is("approach_kn", None), Compare("near_before_s", ">=", GROUND_S / 2)),
            All(IN_COMPANY, Compare("duration_s", ">=", 1800.0)),
        ),
    ),
)

NEAR_FOR_HOURS: Final = Hypothesis(
    "near for hours",
    0.6,
    "Two boats that were near one another for hours before they met, and came and parted slowly; "
    "not alongside one another, or with a third one beside them, or held to the ground; for an "
    "hour where they were heard seldom, and never alongside.",
    "one of them came from the other coast, or meets a larger vessel",
    Case(
        "boats that had been within 2 nm of one another for {near_before_s:h.1f} h, as boats "
        "are that work on one ground, tow one net or lie off one village",
        Is("both_small_craft"),
        Compare("near_before_s", ">=", GROUND_S),
        Any(Compare("n_neighbours", ">=", 1.0), Compare("min_distance_m", ">=", ALONGSIDE_M)),
        CAME_SLOWLY_IF_HEARD,
        Not(PARTED_FAST),
    ),
    Case(
        "boats that had been within 2 nm of one another for {near_before_s:min.0f} min, lay "
        "together for {duration_s:min.0f} and parted at {parting_kn:.0f} kn, as boats of one "
        "ground do",
        Is("both_small_craft"),
        Compare("near_before_s", ">=", GROUND_S / 3),
        Compare("closing_kn", "<", PLANING_KN),
        Compare("parting_kn", "<=", SLOW_BOAT_KN),
        Compare("duration_s", ">=", 1800.0),
    ),
    Case(
        "boats that had been within 2 nm of one another for {near_before_s:h.1f} h, and lay "
        "still for {duration_s:h.1f} h: on moorings beside one another, to which one came back",
        Is("both_small_craft"),
        Compare("near_before_s", ">=", GROUND_S),
        Compare("faster_kn", "<=", MOORED_BOAT_KN),
        Compare("duration_s", ">=", 3600.0),
        CAME_SLOWLY_IF_HEARD,
        Not(PARTED_FAST),
    ),
    Case(
        "boats that had been within 2 nm of one another for {near_before_s:h.1f} h, and were never "
        "heard nearer than {min_distance_m:.0f} m: what is handed over is handed over alongside",
        Is("both_small_craft"),
        HEARD_SELDOM,
        Compare("near_before_s", ">=", GROUND_S / 2),
        Compare("min_distance_m", ">=", ALONGSIDE_M),
        Compare("median_distance_m", ">=", 2 * ALONGSIDE_M),
        CAME_SLOWLY_IF_HEARD,
        Not(PARTED_FAST),
    ),
)

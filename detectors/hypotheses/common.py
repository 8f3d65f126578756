"""Innocent reasons that hold for more than one kind of event."""

from dataclasses import replace
from typing import Final

from detectors.core.hypothesis import (
    NOT_UNDER_COMMAND,
    OFFICIAL,
    RESCUE,
    RESTRICTED,
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
from detectors.core.statements import STATED_BOUND

WORKS_AT_SEA: Final = Case(
    "it is engaged in dredging, diving or underwater work", Some(Vessel(types=WORKING))
)
IS_RESTRICTED: Final = Case(
    "it reports being restricted in its ability to manoeuvre",
    Own(Vessel(statuses=frozenset({RESTRICTED}))),
)
IN_TRANSFER_AREA: Final = Case(
    "it happened inside an area licensed for ship-to-ship transfers", Is("in_licensed_sts_area")
)

OFFICIAL_CRAFT: Final = Hypothesis(
    "official craft",
    STATED_BOUND,
    "A military, police or medical vessel.",
    "the authority it claims to belong to does not know the vessel",
    Case(
        "a military, law enforcement or medical vessel takes part",
        Some(Vessel(types=OFFICIAL - RESCUE)),
    ),
    needs_types=True,
)
SEARCH_AND_RESCUE: Final = Hypothesis(
    "search and rescue",
    STATED_BOUND,
    "A rescue vessel, at work or on exercise.",
    "the rescue coordination centre knows of no case or exercise there",
    Case("a search and rescue vessel takes part", Some(Vessel(types=RESCUE))),
    needs_types=True,
)
AT_A_BERTH: Final = Hypothesis(
    "at a berth",
    0.5,
    "So close to land that it is likely to be a berth or a jetty.",
    "a chart or an image shows open water there",
    Case(
        "it happened within {near_land_m:.0f} m of land: likely a berth or a jetty that no "
        "zone shows yet",
        Is("near_land"),
    ),
)
ENGINE_TROUBLE: Final = Hypothesis(
    "engine trouble",
    STATED_BOUND,
    "Reports not being under command.",
    "it reported no breakdown to the traffic service, or no tug was ordered",
    Case(
        "it reports not being under command and drifted at {drift_kn:.1f} kn",
        Some(Vessel(statuses=frozenset({NOT_UNDER_COMMAND}))),
    ),
)
TRANSFER_AREA: Final = Hypothesis(
    "licensed transfer area",
    0.4,
    "Inside an area where ship-to-ship transfers are licensed; where they aren't, that many take "
    "place explains none.",
    "no transfer was notified to the authority of that area",
    IN_TRANSFER_AREA,
)

WENT_ON: Final = All(
    Compare("came_kn", ">=", 5.0),
    Compare("went_kn", ">=", 5.0),
    Compare("went_off_deg", "<=", 30.0),
)
"""It stopped on its way and went on with it: who waits for somebody leaves the lane for it."""
RESUMED: Final = All(Compare("came_kn", ">=", 5.0), Compare("resumed_off_deg", "<=", 30.0))
"""The same of one that the stream carried off its way meanwhile: it makes for its lane first, which
it may join at its end or at a small angle only (COLREG 1972, rule 10(b)(iii))."""
WENT_ON_AS_BEFORE: Final = All(
    Is("ais_class", "A"),
    Compare("came_kn", ">=", 8.0),
    Compare("went_kn", ">=", "came_kn", times=0.8),
    Compare("resumed_off_deg", "<=", 15.0),
)
"""At the same speed on the same course, or on it again once back on her way: ships lose propulsion
often (UK P&I Club, Risk Focus: Loss of Power, goes by more than 700 claims), and few set the status
meanwhile. Of 33 planted drifters that came and went at speed none was nearer its course than 29
degrees. Boats stop for other reasons."""
MENDED_S: Final = 14_400.0
"""Four hours, a watch (judgement): what takes longer is told to somebody."""
ATTENDED_S: Final = 9_000.0
"""Who kept beside it shows by two hours: of a shorter stay nobody can tell that it was alone."""
ALONE: Final = Compare("n_beside", "<", 1.0)

BROKE_DOWN: Final = replace(
    ENGINE_TROUBLE,
    weight=0.5,
    cases=(
        Case(
            "it reports not being under command, came at {came_kn:.0f} kn, drifted alone, and "
            "soon afterwards made way within {resumed_off_deg:.0f} degrees of its course again",
            Some(Vessel(statuses=frozenset({NOT_UNDER_COMMAND}))),
            RESUMED,
            ALONE,
        ),
        Case(
            "it came at {came_kn:.0f} kn, drifted alone for {duration_s:h.1f} h, and went on "
            "within {resumed_off_deg:.0f} degrees of its course at {went_kn:.0f} kn, as after a "
            "breakdown that is mended on board, whatever it reports",
            WENT_ON_AS_BEFORE,
            ALONE,
            Compare("duration_s", ">=", ATTENDED_S),
            Compare("duration_s", "<=", MENDED_S),
        ),
        *ENGINE_TROUBLE.cases,
    ),
    looks_for="Reports not being under command; more so if it came on its way, was alone, and "
    "went on where it was bound. Without a word, if it went on as it came, within hours.",
    overturned_by="it reported no breakdown to the traffic service, or manoeuvred meanwhile",
)
"""The same of one that stopped on its way."""

LESS_THAN_A_WATCH_S: Final = MENDED_S - 3600.0
"""By passes up to an hour of a stay goes unheard at its ends."""
ENDS_UNHEARD: Final = All(
    Compare("longest_silence_s", ">=", 1800.0), Any(Is("came_kn", None), Is("went_kn", None))
)
STOPPED_FOR_A_WHILE: Final = Hypothesis(
    "stopped for less than a watch",
    0.5,
    "Three hours or less (four of one that reports not being under command, and is alone), heard "
    "so seldom that nobody knows how it came and went on.",
    "it did not call anywhere or go on its way afterwards, or a boat was seen alongside",
    Case(
        "it lay for {duration_s:h.1f} h, unheard for up to {longest_silence_s:min.0f} min "
        "at a time, and nobody heard how it came and went on: ships wait as long for a "
        "berth or a tide, and mend what broke",
        ENDS_UNHEARD,
        Compare("duration_s", "<=", LESS_THAN_A_WATCH_S),
    ),
    Case(
        "it reports not being under command, drifted alone for {duration_s:h.1f} h, and nobody "
        "heard how it came and went on",
        ENDS_UNHEARD,
        Own(Vessel(statuses=frozenset({NOT_UNDER_COMMAND}))),
        ALONE,
        Compare("duration_s", "<=", MENDED_S),
    ),
)

HARDLY: Final = 10.0
"""Sets send every 2 to 30 s under way (ITU-R M.1371-5, annex 1, tables 1 and 2), and two on one way
are heard by the same stations: a second hull isn't heard ten times less often."""
OUTRUNS: Final = 1.3
"""A stream adds 3 kn to 10 at most, and the set states what it makes with the stream."""
LAIN_UNHEARD_S: Final = 300.0
"""Twice the interval of class A at anchor, with losses (ITU-R M.1371-5, table 1): what is heard
more often is a hull, however much else is sent under its number, which costs its sender nothing."""
HARDLY_HEARD: Final = Hypothesis(
    "hardly heard beside another hull",
    0.6,
    "One report in ten or fewer of its number meanwhile, and no more than one in five minutes: who "
    "lies there is heard more often.",
    "radar or another feed shows two vessels of that number",
    Case(
        "its number was heard {n_other_hull_reports:.0f} times from another hull meanwhile and "
        "{n_reports:.0f} times there: scattered fixes and wrong times make such tracks",
        Compare("n_other_hull_reports", ">=", "n_reports", times=HARDLY),
        Compare("duration_s", ">=", "n_reports", times=LAIN_UNHEARD_S),
    ),
)
CROSSED_UNHEARD: Final = replace(
    HARDLY_HEARD,
    weight=0.7,
    cases=(
        Case(
            "its number was heard {n_other_hull_reports:.0f} times from another hull meanwhile and "
            "{n_reports:.0f} times on this way: scattered fixes and wrong times make such tracks",
            Compare("n_other_hull_reports", ">=", "n_reports", times=HARDLY),
            Not(Is("landed")),
        ),
        Case(
            "its number was heard {n_other_hull_reports:.0f} times from another hull meanwhile and "
            "{n_reports:.0f} on this way, faster than it states: times are wrong",
            Compare("n_other_hull_reports", ">=", "n_reports", times=2.0),
            Compare("mean_speed_kn", ">=", "median_sog_kn", times=OUTRUNS),
            Not(Is("landed")),
        ),
        Case(
            "only {n_reports:.0f} reports make this way, and {n_other_hull_reports:.0f} came from "
            "another hull meanwhile: scattered fixes and wrong times make such tracks",
            Compare("n_reports", "<=", 4.0),
            Compare("n_other_hull_reports", ">=", "n_reports"),
            Is("heard_before", False),
            Is("heard_after", False),
        ),
    ),
    looks_for="One report in ten or fewer of its number meanwhile, or one in three on a way faster "
    "than the speed it states, or half of a few: who sails there is heard as often.",
)
"""The same of who crosses."""

"""Innocent reasons held against evidence as it was measured, and beside each the twin that it must
not excuse.
"""

import numpy as np
import pytest

from detectors.core.evidence import Evidence
from detectors.core.explain import best_of
from detectors.core.hypothesis import Known
from detectors.core.statements import STATED_BOUND
from detectors.hypotheses import (
    anchoring,
    crossing,
    encounter,
    gap,
    identity,
    loitering,
    mother_ship,
    spoofing,
)
from detectors.kinematics import copies

OF = {
    "anchoring": anchoring.HYPOTHESES,
    "crossing": crossing.HYPOTHESES,
    "encounter": encounter.HYPOTHESES,
    "gap": gap.HYPOTHESES,
    "identity": identity.HYPOTHESES,
    "loitering": loitering.HYPOTHESES,
    "mother_ship": mother_ship.HYPOTHESES,
    "spoofing": spoofing.HYPOTHESES,
}
BOATS = {
    "both_small_craft": True,
    "small_craft": True,
    "duration_s": 6000.0,
    "median_distance_m": 37.0,
    "min_distance_m": 2.0,
    "max_distance_seen_m": 240.0,
    "distance_spread_m": 100.0,
    "distance_swing_m": 64.0,
    "median_speed_kn": 0.75,
    "other_median_speed_kn": 0.73,
    "drift_kn": 0.7,
    "other_drift_kn": 0.7,
    "median_relative_speed_kn": 0.6,
    "approach_kn": 1.4,
    "parting_kn": 3.0,
    "apart_before_m": 2500.0,
    "apart_after_m": 4000.0,
    "n_neighbours": 4,
    "zone_distance_m": 9000.0,
    "anchorage_distance_m": 9000.0,
    "max_drift_kn": 3.3,
    "max_station_kn": 0.8,
    "max_speed_kn": 2.5,
    "in_anchorage": False,
    "n_reports": 50,
    "other_n_reports": 50,
}
CALLS = {
    **BOATS,
    "both_small_craft": False,
    "small_craft": False,
    "duration_s": 2280.0,
    "median_speed_kn": 3.4,
    "other_median_speed_kn": 3.4,
    "approach_kn": 19.0,
    "n_neighbours": 0,
    "other_came_from_port": True,
}
SERVED = {
    **CALLS,
    "in_anchorage": True,
    "anchorage_distance_m": 0.0,
    "duration_s": 8280.0,
    "median_speed_kn": 0.1,
    "other_median_speed_kn": 0.1,
    "apart_after_m": None,
    "other_came_from_port": False,
}
PUMPS = {
    **CALLS,
    "small_craft": True,
    "other_came_from_port": False,
    "duration_s": 28_320.0,
    "median_distance_m": 40.0,
    "min_distance_m": 19.0,
    "distance_spread_m": 14.0,
    "distance_swing_m": 7.0,
    "median_speed_kn": 0.09,
    "other_median_speed_kn": 0.08,
    "anchorage_distance_m": 3500.0,
    "in_licensed_sts_area": True,
}
LAUNCH = {**PUMPS, "duration_s": 2400.0, "other_came_from_port": True, "boat_of_port": True}
"""A launch of the port at a ship that waits in its licensed transfer area."""
PASSES_BY = {
    **LAUNCH,
    "duration_s": 840.0,
    "median_speed_kn": 9.0,
    "other_median_speed_kn": 8.9,
    "anchorage_distance_m": 1677.0,
    "in_licensed_sts_area": False,
    "other_came_from_port": False,
    "boat_of_port": False,
    "in_the_dark": True,
}
"""A boat of no port beside a ship that sails past an anchorage by night."""
HARDLY_BESIDE = {
    **CALLS,
    "small_craft": True,
    "other_came_from_port": False,
    "duration_s": 840.0,
    "min_brief_s": 720,
    "min_distance_m": 65.0,
    "median_distance_m": 216.0,
    "max_distance_seen_m": 287.0,
    "distance_spread_m": 201.0,
    "distance_swing_m": 42.0,
    "median_speed_kn": 0.8,
    "other_median_speed_kn": 1.1,
    "n_reports": 16,
    "other_n_reports": 7,
    "approach_kn": 4.0,
    "parting_kn": 0.5,
}
"""Two boats of one ground, on their ways past one another."""
LAYS_CABLE = {
    **CALLS,
    "other_came_from_port": None,
    "duration_s": 42_840.0,
    "median_speed_kn": 0.48,
    "other_median_speed_kn": 0.47,
    "drift_kn": 0.47,
    "other_drift_kn": 0.47,
    "median_distance_m": 262.0,
    "min_distance_m": 178.0,
    "distance_spread_m": 15.0,
    "distance_swing_m": 7.0,
    "approach_kn": None,
    "apart_before_m": None,
    "apart_after_m": None,
    "anchorage_distance_m": 26_000.0,
}
TOW_HEARD_SELDOM = {
    **CALLS,
    "other_came_from_port": None,
    "duration_s": 5520.0,
    "median_speed_kn": 0.3,
    "other_median_speed_kn": 0.3,
    "distance_spread_m": 208.0,
    "approach_kn": None,
    "parting_kn": None,
    "apart_before_m": None,
    "apart_after_m": None,
    "anchorage_distance_m": 14_000.0,
    "sailed_alike_s": 4700,
}
FEW_REPORTS = {"n_reports": 4, "other_n_reports": 5}
MOORED = {
    **BOATS,
    "both_small_craft": False,
    "duration_s": 29_640.0,
    "median_distance_m": 184.0,
    "min_distance_m": 122.0,
    "median_speed_kn": 0.08,
    "other_median_speed_kn": 0.04,
}
OWN_ANCHORS = {
    **SERVED,
    "duration_s": 34_080.0,
    "median_distance_m": 90.0,
    "min_distance_m": 55.0,
    "median_speed_kn": 0.06,
    "other_median_speed_kn": 0.07,
    "swung_m": 204.0,
    "direction_spread_deg": 19.0,
    "swing_radius_m": 618.0,
}
"""Came into an anchorage and swung 90 m off another, over a change of the stream."""
APART = {
    "distance_swing_m": 78.0,
    "apart_before_m": None,
    "approach_kn": None,
    "swung_m": 187.0,
    "swing_radius_m": 129.0,
}
STAYS = {
    "ais_class": "B",
    "duration_s": 42_480.0,
    "median_speed_kn": 0.7,
    "median_sog_kn": 0.7,
    "max_speed_kn": 3.2,
    "longest_silence_s": 300.0,
    "drift_kn": 0.03,
    "extent_m": 2600.0,
    "way_ratio": 5.9,
    "working_speed_fraction": 0.19,
    "n_turns": 5,
    "n_beside": 0,
    "n_fishing_near": 0,
    "n_lying_near": 0,
    "n_lain": 0,
    "min_lying": 6,
    "anchorage_distance_m": 60_000.0,
}
FERRY = {
    "ais_class": "A",
    "n_like_trips": 1,
    "dark_fraction": 0.0,
    "began": "unheard",
    "ended": "near",
    "landed": False,
    "sailed_on": False,
    "run_ends_in_port": False,
    "came_home": False,
    "left_again": False,
    "n_ends_in_port": 0,
    "start_port_m": 10_360.0,
    "end_port_m": 24_973.0,
    "start_anchorage_m": 3021.0,
    "end_anchorage_m": 14_577.0,
    "mean_speed_kn": 24.5,
    "run_end_coast_m": 975.0,
    "run_path_m": 60_414.0,
}
FEW = {**FERRY, "n_like_trips": 0, "began": "shore", "n_reports": 18, "n_other_hull_reports": 235}
BLIP = {
    "ais_class": "A",
    "landed": True,
    "n_reports": 3,
    "n_other_hull_reports": 4,
    "heard_before": False,
    "heard_after": False,
}
ROUNDS = {
    **FERRY,
    "began": "shore",
    "n_like_trips": 0,
    "heard_before": True,
    "heard_after": True,
    "run_start_coast_m": 2115.0,
    "run_end_coast_m": 4059.0,
}
"""A patrol boat came past one coast and stopped short of the other."""
GOES_OUT = {**FERRY, "ais_class": "B", "began": "shore", "n_like_trips": 0, "worked_after_s": 9000}
PHANTOM = {**STAYS, "ais_class": "A", "way_ratio": 3.0, "n_turns": 0, "working_speed_fraction": 0.0}
PHANTOM |= {"n_reports": 5, "n_other_hull_reports": 210}
OUTRAN = {"mean_speed_kn": 19.6, "median_sog_kn": 12.9}
LEFT = {
    **CALLS,
    "other_came_from_port": False,
    "duration_s": 3480.0,
    "median_speed_kn": 0.01,
    "other_median_speed_kn": 0.11,
    "came_kn": 0.06,
    "other_came_kn": 0.1,
    "approach_kn": 0.1,
    "median_distance_m": 428.0,
    "min_distance_m": 365.0,
    "n_lain": 2,
    "min_lying": 6,
}
FIXED = {
    **STAYS,
    "ais_class": "A",
    "way_ratio": 1.5,
    "working_speed_fraction": 0.0,
    "n_turns": 0,
    "held_fraction": 0.4,
    "n_held": 4,
    "n_shifts": 0,
}
BESIDE = {
    **BOATS,
    "duration_s": 10_080.0,
    "median_relative_speed_kn": 0.9,
    "closing_kn": 3.8,
    "n_neighbours": 2,
    "max_distance_seen_m": 405.0,
    "distance_spread_m": 161.8,
    "distance_swing_m": 119.5,
}
SWINGING = {
    "median_relative_speed_kn": 1.2,
    "max_relative_speed_kn": 1.5,
    "approach_kn": 7.2,
    "closing_kn": 8.0,
}
ONE_GROUND = {
    **BESIDE,
    "duration_s": 2040.0,
    "near_before_s": 3000.0,
    "n_neighbours": 0,
    "approach_kn": 6.9,
    "closing_kn": 7.2,
    "parting_kn": 3.1,
}
MOORINGS = {
    **BESIDE,
    "duration_s": 34_200.0,
    "n_neighbours": 0,
    "faster_kn": 0.05,
    "median_speed_kn": 0.04,
    "other_median_speed_kn": 0.05,
    "drift_kn": 0.008,
    "other_drift_kn": 0.0096,
    "direction_spread_deg": 7.0,
    "min_distance_m": 84.0,
    "median_distance_m": 99.0,
    "apart_before_m": 8700.0,
    "approach_kn": 16.8,
    "closing_kn": 18.0,
    "parting_kn": 6.7,
}
NEAR = {**BOATS, "duration_s": 1500.0, "near_before_s": 9000.0, "n_neighbours": 0}
DRIFTED = {
    **FIXED,
    "held_fraction": 0.0,
    "n_held": 0,
    "duration_s": 10_920.0,
    "extent_m": 3700.0,
    "drift_kn": 0.7,
    "came_kn": 12.8,
    "went_kn": 13.0,
    "went_off_deg": 20.0,
    "resumed_off_deg": 0.4,
}
STOPPED_TOW = {
    **DRIFTED,
    "n_beside": 1,
    "nav_status": 11,
    "came_kn": 5.2,
    "went_kn": 1.1,
    "went_off_deg": 152.0,
    "resumed_off_deg": 0.1,
}
"""A tow that the stream carried off her way, and that went back to it first."""
FADED = {
    "ais_class": "A",
    "was_moving": True,
    "duration_s": 7200.0,
    "heard_in_full_before": False,
    "heard_in_full_after": False,
    "found_in_full": False,
    "feed_by_passes": False,
    "ahead_heard_fraction": 1.0,
    "missed_probability": 0.0012,
}
"""Lost and found report by report."""
NARROWS = {
    "ais_class": "B",
    "across_m": 5851.0,
    "began": "shore",
    "came_on": False,
    "sailed_on": True,
    "passing_kn": 11.2,
    "mean_speed_kn": 11.0,
}
"""Past the other coast of a strait that is hardly wider than a harbour."""
CAME_PAST = {**NARROWS, "began": "near", "came_on": True, "came_past_kn": 12.6, "sailed_on": False}
WENT_BY = {
    **NARROWS,
    "across_m": 21_400.0,
    "passing_kn": None,
    "ended": "near",
    "landed": False,
    "turned_off_m": None,
    "arrival_coast_m": 1150.0,
}
LAY_OFF = {
    **WENT_BY,
    "sailed_on": False,
    "heard_after": True,
    "mean_speed_kn": 5.9,
    "arrival_coast_m": 2994.0,
}
LEAPT = {"leapt": True, "returned": False, "along_course": False, "jump_m": 4726.0}
IN_TURN = {"unheard_before_s": 3780.0, "interval_s": 840.0, "other_interval_s": 887.0}
BERTHS = {
    "unheard_before_s": 43_200.0,
    "speed_kn": 3.6,
    "other_speed_kn": 3.3,
    "says_otherwise": True,
}
IN_A_FLEET = {
    "ais_class": "A",
    "duration_s": 39_240.0,
    "n_beside": 4,
    "n_fishing_near": 5,
    "company_m": 600.0,
    "n_turns": 3,
    "way_ratio": 2.0,
    "working_speed_fraction": 0.09,
}
"""One of which nothing is known, among fishing boats at rest."""
ADRIFT = {
    "ais_class": "B",
    "is_open": True,
    "was_moving": False,
    "speed_before_kn": 0.23,
    "usual_top_speed_kn": 0.7,
    "ground_s": 8100.0,
    "ground_way_ratio": 0.8,
    "interval_ratio": 150.0,
    "neighbour_fraction": 1.0,
    "heard_fraction": 1.0,
}
WORKS = {
    **CALLS,
    "min_distance_m": 250.0,
    "duration_s": 10_800.0,
    "nav_status": 3,
    "distance_spread_m": 13.0,
    "other_came_from_port": False,
    "apart_before_m": 5855.0,
    "median_speed_kn": 1.4,
    "other_median_speed_kn": 1.4,
}
PAIR = {
    **BOATS,
    "median_distance_m": 250.0,
    "duration_s": 7200.0,
    "median_speed_kn": 2.5,
    "other_median_speed_kn": 2.6,
}
BARGE = {
    "in_anchorage": True,
    "duration_s": 13_680.0,
    "came_kn": 0.03,
    "closing_kn": 3.0,
    "parting_kn": 2.2,
    "apart_before_m": 1190.0,
    "apart_after_m": 970.0,
}
FAR = {"median_distance_m": 216.0, "min_distance_m": 42.0, "duration_s": 3_720.0}
LEAPS = {
    "leapt": True,
    "returned": True,
    "no_such_number": True,
    "changeover_s": 5_400.0,
}
SHIFTS = {**FIXED, "held_fraction": 0.0, "n_held": 0, "n_shifts": 7, "extent_m": 3000.0}
SWINGS = {
    "ais_class": "A",
    "spread_m": 109.0,
    "median_speed_kn": 0.04,
    "duration_s": 38_400.0,
    "n_lying_near": 0,
    "anchorage_distance_m": 46_000.0,
}
BESIDE_A_SHIP = {"n_moored_together": 1, "n_ships_alongside": 1}
WAY = {"median_speed_kn": 4.0, "other_median_speed_kn": 4.1}
ADRIFT_ALONGSIDE = {
    **CALLS,
    "small_craft": True,
    "duration_s": 9000.0,
    "median_speed_kn": 1.6,
    "other_median_speed_kn": 1.7,
    "distance_spread_m": 14.0,
    "apart_before_m": 5800.0,
    "apart_after_m": 4700.0,
    "anchorage_distance_m": 4000.0,
    "came_from_port": False,
    "other_came_from_port": True,
}
"""A craft that came out of a port lay alongside a ship adrift, for hours, and went."""
BY_HOUR = {**ADRIFT_ALONGSIDE, "duration_s": 3300.0}
IN_STREAM = {**BOATS, "median_speed_kn": 1.9, "other_median_speed_kn": 2.0, "duration_s": 600.0}
LET_COME = {
    **CALLS,
    "anchorage_distance_m": 22_000.0,
    "duration_s": 600.0,
    "median_speed_kn": 7.0,
    "other_median_speed_kn": 7.0,
    "slowed": True,
    "other_slowed": True,
    "other_came_from_port": False,
    "other_went_to_port": True,
}
"""A ship slowed down far off any port, for a boat that went into one afterwards."""
HOME = {
    **BOATS,
    "duration_s": 5760.0,
    "median_distance_m": 45.0,
    "min_distance_m": 31.0,
    "median_speed_kn": 0.05,
    "other_median_speed_kn": 0.06,
    "near_before_s": 17_400,
    "n_neighbours": 0,
    "approach_kn": None,
    "parting_kn": 4.4,
    "median_relative_speed_kn": 0.1,
    "in_anchorage": True,
}
"""A boat came back to the mooring beside which another lay."""
OVER = {
    "ais_class": "B",
    "sides_changed": True,
    "landed": True,
    "sailed_on": False,
    "n_ends_in_port": 0,
    "run_ends_in_port": False,
    "came_home": False,
    "left_again": False,
    "start_port_m": 9000.0,
    "end_port_m": 9000.0,
    "start_anchorage_m": 800.0,
    "end_anchorage_m": 20_000.0,
    "mean_speed_kn": 7.0,
    "run_end_coast_m": 100.0,
}
"""From a village off which ships anchor to a beach."""
ABOUT = {**OVER, "start_anchorage_m": 9000.0, "turned_off_m": 400.0, "turning_kn": 6.4}
PAST = {
    **OVER,
    "landed": False,
    "start_anchorage_m": 9000.0,
    "came_past": True,
    "lain_there": False,
    "run_start_coast_m": 24_000.0,
    "left_coast_m": 1089.0,
    "came_past_kn": 7.2,
}
LOST = {**FERRY, "n_like_trips": 0, "end_port_m": 2300.0, "heard_after": False}
A_SHORT_STAY = {"ais_class": "B", "duration_s": 13_800.0, "n_turns": 2}
GUARDS = {**FIXED, "n_held": 0, "held_fraction": 0.0, "n_shifts": 7, "duration_s": 29_640.0}
TOWED = {**FIXED, "n_held": 0, "held_fraction": 0.0, "n_beside": 1, "tug_attends": True}
REGAINS = {**GUARDS, "n_shifts": 0, "n_turns": 8, "way_ratio": 2.4, "came_kn": 8.5, "went_kn": 8.7}
BROKEN = {**DRIFTED, "nav_status": 2, "duration_s": 17_520.0, "went_kn": 3.4, "went_off_deg": 150.0}
SLACK = {**DRIFTED, "nav_status": 1, "extent_m": 900.0, "median_speed_kn": 0.35, "went_kn": 6.0}
CALLED_ON = {"anchorage_distance_m": 4000.0, "fastest_approach_kn": 8.0}
BY_PASSES = {
    **OVER,
    "start_anchorage_m": 9000.0,
    "landed": False,
    "sailed_on": True,
    "feed_by_passes": True,
    "next_at_anchor": False,
    "kept_course": False,
    "end_ashore_probability": 0.02,
    "run_end_coast_m": 24_700.0,
}
COMES_BY = {**BY_PASSES, "end_ashore_probability": 0.7}
WENT_OUT = {
    "ais_class": "A",
    "landing_heard": False,
    "median_sog_kn": 22.0,
    "n_met": 0,
    "slow_s": 0.0,
}
SELDOM_HEARD = {
    **BOATS,
    "duration_s": 5040.0,
    "median_relative_speed_kn": 0.12,
    "n_reports": 2,
    "other_n_reports": 5,
    "n_neighbours": 0,
    "approach_kn": None,
    "parting_kn": None,
    "apart_before_m": None,
    "apart_after_m": None,
}
FAST_TO_ONE_ANOTHER = {
    **SERVED,
    "in_anchorage": False,
    "anchorage_distance_m": 30_000.0,
    "duration_s": 24_000.0,
    "median_speed_kn": 0.02,
    "other_median_speed_kn": 0.02,
    "apart_before_m": None,
    "approach_kn": None,
    "parting_kn": None,
    "n_reports": 12,
    "other_n_reports": 12,
}
CAME_TO_A_BERTH = {
    **FAST_TO_ONE_ANOTHER,
    "duration_s": 33_360.0,
    "apart_before_m": 7332.0,
    "n_reports": 171,
    "other_n_reports": 177,
    "drift_kn": 0.00017,
    "other_drift_kn": 0.00018,
    "direction_spread_deg": 7.8,
}
AT_NETS = {
    **STAYS,
    "duration_s": 33_360.0,
    "n_reports": 22,
    "longest_silence_s": 3990.0,
    "median_speed_kn": 0.8,
    "way_ratio": 3.8,
    "working_speed_fraction": 0.08,
    "stated_working_fraction": 0.5,
    "min_working_kn": 2.0,
    "max_working_kn": 4.5,
}
FURTHER = {**SWINGS, "n_reports": 15, "spread_m": 520.0, "median_speed_kn": 0.17}
LAY_A_WHILE = {
    **STAYS,
    "ais_class": "A",
    "n_turns": 0,
    "way_ratio": 1.0,
    "duration_s": 9600.0,
    "extent_m": 3400.0,
    "drift_kn": 0.7,
    "median_speed_kn": 0.76,
    "n_reports": 15,
    "longest_silence_s": 3420.0,
    "came_kn": None,
    "went_kn": None,
    "anchorage_distance_m": 11_000.0,
}
SURVEYS = {
    **STAYS,
    "ais_class": "A",
    "duration_s": 42_960.0,
    "n_turns": 6,
    "way_ratio": 11.7,
    "working_speed_fraction": 0.0,
    "stated_working_fraction": 0.0,
    "longest_silence_s": 3000.0,
}
BOUND_FOR_A_COAST = {
    "ais_class": "A",
    "feed_by_passes": True,
    "is_open": False,
    "was_moving": True,
    "land_ahead": True,
    "distance_m": 1114.0,
    "speed_before_kn": 15.2,
    "implied_speed_kn": 0.27,
    "ahead_heard_fraction": 1.0,
    "ahead_known_ratio": 1.0,
}
LONG_GONE = {
    "by_passes": True,
    "feed_by_passes": True,
    "is_open": True,
    "was_moving": True,
    "ahead_heard_fraction": 0.5,
    "ahead_known_ratio": 0.31,
    "ahead_distance_m": 30_000.0,
    "reachable_distance_m": 378_000.0,
    "edge_distance_m": None,
}
MISSED_PASSES = {
    "by_passes": True,
    "feed_by_passes": True,
    "ais_class": "A",
    "was_moving": True,
    "receiver_working_fraction": 0.38,
    "n_missed_by_chance": 0.4,
}
"""By one satellite, which a feed names: between its passes that hears nothing."""
FAR_FOR_HOURS = {
    "neighbour_fraction": 0.0,
    "as_far_usual_fraction": 0.2,
    "as_far_fraction": 0.0,
}
STEMS = {
    "duration_s": 35_400,
    "median_speed_kn": 1.56,
    "drift_kn": 1.48,
    "extent_m": 26_800.0,
    "anchorage_distance_m": 35_000.0,
}
NEVER_ALONGSIDE = {
    **NEAR,
    "duration_s": 2640.0,
    "n_reports": 3,
    "other_n_reports": 3,
    "near_before_s": 6000.0,
    "min_distance_m": 61.0,
    "median_distance_m": 232.0,
    "median_relative_speed_kn": 1.05,
    "max_distance_seen_m": 488.0,
    "approach_kn": 1.0,
    "parting_kn": 1.8,
}
OVER_BY_PASSES = {
    **FERRY,
    "feed_by_passes": True,
    "n_like_trips": 0,
    "dark_fraction": 0.8,
    "median_sog_kn": 24.0,
}
BEAT = {
    **OVER,
    "ais_class": "A",
    "landed": False,
    "n_like_trips": 1,
    "mean_speed_kn": 14.6,
    "start_anchorage_m": 25_000.0,
    "start_port_m": 6800.0,
    "end_port_m": 2700.0,
    "run_end_coast_m": 1636.0,
}
HULLS = {"n_astray_reports": 20, "n_minor_reports": 8, "minor_fraction": 0.14}
MOORED_NEAR = {
    "duration_s": 4080.0,
    "median_distance_m": 92.0,
    "min_distance_m": 80.0,
    "max_distance_seen_m": 121.0,
    "median_relative_speed_kn": 0.1,
    "approach_kn": 6.5,
    "parting_kn": None,
    "apart_after_m": None,
    "n_neighbours": 0,
    "near_before_s": 600.0,
}

CASES = [
    ("encounter", BOATS, (30, -1), "boats at rest"),
    ("encounter", {**BOATS, "duration_s": 1800.0}, (30, -1), "small craft together"),
    ("encounter", {**BOATS, "approach_kn": 20.0}, (30, -1), "small craft together"),
    (
        "encounter",
        {**BOATS, "approach_kn": None, "duration_s": 14_000.0, "n_neighbours": 0},
        (30, -1),
        "boats at rest",
    ),
    # Another boat beside them for 50 minutes that are known of, heard seldom, and often.
    *(
        (
            "encounter",
            {
                **BOATS,
                "approach_kn": None,
                "duration_s": 3000.0,
                "n_neighbours": 1,
                "apart_before_m": 9000.0,
                "n_reports": n,
                "other_n_reports": n,
            },
            (30, -1),
            innocent,
        )
        for n, innocent in ((3, "boats at rest"), (50, "small craft together"))
    ),
    # Two others beside them, all swinging about: for three hours, and for one.
    ("encounter", {**BESIDE, **SWINGING}, (30, 37), "boats at rest"),
    ("encounter", {**BESIDE, **SWINGING, "duration_s": 3720.0}, (30, 37), "small craft together"),
    # One that was heard by passes comes on a straight line from where it was an hour ago.
    (
        "encounter",
        {**BOATS, "median_relative_speed_kn": 0.6, "max_distance_seen_m": 480.0, "n_reports": 4},
        (30, -1),
        "boats at rest",
    ),
    (
        "encounter",
        {**BOATS, "median_relative_speed_kn": 0.6, "max_distance_seen_m": 480.0},
        (30, -1),
        "small craft together",
    ),
    ("encounter", CALLS, (70, 30), "launch service"),
    ("encounter", {**CALLS, "other_came_from_port": False}, (70, 30), None),
    (
        "encounter",
        {**CALLS, "median_speed_kn": 0.3, "other_median_speed_kn": 0.3},
        (70, 30),
        None,
    ),
    ("encounter", {**CALLS, "anchorage_distance_m": 30_000.0}, (70, 30), None),
    ("encounter", HOME, (30, 30), "near for hours"),
    ("encounter", {**HOME, "near_before_s": 600}, (30, 30), "small craft together"),
    (
        "encounter",
        {**HOME, "median_speed_kn": 0.6, "other_median_speed_kn": 0.6, "n_neighbours": 0},
        (30, 30),
        "small craft together",
    ),
    ("encounter", {**HOME, "approach_kn": 17.0}, (30, 30), "small craft together"),
    # In a licensed transfer area: a boat of a port; one from a beach at a ship of a port; for long.
    ("encounter", LAUNCH, (80, 90), "launch service"),
    (
        "encounter",
        {**LAUNCH, "other_came_from_port": False, "came_from_port": True, "boat_of_port": False},
        (80, 90),
        "boat in a transfer area",
    ),
    ("encounter", {**LAUNCH, "duration_s": 5400.0}, (80, 90), "boat in a transfer area"),
    ("encounter", {**LAUNCH, "in_licensed_sts_area": False}, (80, 90), None),
    # Under way off an anchorage in the dark: a boat of no port, one of a port; by day; at anchor.
    *(
        ("encounter", {**PASSES_BY, **differs}, (70, 37), reason)
        for differs, reason in (
            ({}, None),
            ({"boat_of_port": True}, "launch service"),
            ({"in_the_dark": False}, "launch service"),
            ({"median_speed_kn": 0.3, "other_median_speed_kn": 0.3}, "launch service"),
        )
    ),
    # Far off: a boat of a port, and a ship that slowed for it; who came otherwise, or to whom.
    ("encounter", LET_COME, (70, -1), "launch service"),
    ("encounter", {**LET_COME, "slowed": False}, (70, -1), None),
    ("encounter", {**LET_COME, "slowed": None}, (70, -1), None),
    ("encounter", {**LET_COME, "other_went_to_port": False}, (70, -1), None),
    (
        "encounter",
        {**LET_COME, "other_came_from_port": True, "other_went_to_port": None},
        (70, -1),
        "launch service",
    ),
    (
        "encounter",
        {**LET_COME, "other_came_from_port": True, "other_went_to_port": False},
        (70, -1),
        None,
    ),
    ("encounter", {**LET_COME, "duration_s": 4200.0}, (70, -1), None),
    (
        "encounter",
        {**LET_COME, "median_speed_kn": 1.0, "other_median_speed_kn": 1.0},
        (70, -1),
        None,
    ),
    ("encounter", {**LET_COME, "slowed": False}, (70, 50), "pilot transfer"),
    ("encounter", SERVED, (83, 80), "served at anchor"),
    ("encounter", {**SERVED, "apart_after_m": 100.0}, (83, 80), None),
    *(
        ("encounter", {**TOW_HEARD_SELDOM, **differs}, (52, 79), reason)
        for differs, reason in (
            ({}, "tow lying to"),
            ({"sailed_alike_s": 600}, None),
            ({"apart_before_m": 5000.0}, None),
        )
    ),
    *(
        ("encounter", {**LAYS_CABLE, **differs}, (90, 70), reason)
        for differs, reason in (
            ({}, "keeping station on work"),
            ({"duration_s": 14_500.0}, "keeping station on work"),
            ({"duration_s": 14_300.0}, None),
            ({"min_distance_m": 100.0}, None),
            ({"median_distance_m": 180.0}, None),
            ({"distance_spread_m": 90.0}, None),
            ({"drift_kn": 0.2, "other_drift_kn": 0.2}, None),
        )
    ),
    # Heard seldom, half an hour after they parted: on its way off; still alongside.
    ("encounter", {**SERVED, **FEW_REPORTS, "apart_after_m": 800.0}, (83, 80), "served at anchor"),
    ("encounter", {**SERVED, "apart_after_m": 800.0}, (83, 80), None),
    ("encounter", {**SERVED, **FEW_REPORTS, "apart_after_m": 100.0}, (83, 80), None),
    # Each on an anchor of its own; made fast to one another, and for one stream only.
    ("encounter", OWN_ANCHORS, (79, 81), "lying as neighbours"),
    ("encounter", {**OWN_ANCHORS, "swing_radius_m": 210.0}, (79, 81), None),
    ("encounter", {**OWN_ANCHORS, "swung_m": 30.0}, (79, 81), None),
    ("encounter", {**OWN_ANCHORS, "in_anchorage": False}, (79, 81), None),
    ("encounter", {**OWN_ANCHORS, "duration_s": 22_000.0}, (79, 81), None),
    ("encounter", {**OWN_ANCHORS, "median_speed_kn": 0.3}, (79, 81), None),
    # From the beginning apart by more than is made fast; that came, or never changed its distance.
    *(
        ("encounter", {**OWN_ANCHORS, **APART, **differs}, (70, 99), reason)
        for differs, reason in (
            ({}, "lying as neighbours"),
            ({"apart_before_m": 6000.0}, None),
            ({"distance_swing_m": 12.0}, None),
        )
    ),
    ("encounter", MOORED, (30, -1), "berthed near one another"),
    ("encounter", {**MOORED, "median_distance_m": 60.0, "min_distance_m": 40.0}, (30, -1), None),
    ("crossing", FERRY, (60,), "there and back by day"),
    ("crossing", {**FERRY, "landed": True}, (60,), None),
    ("crossing", {**FERRY, "ais_class": "B"}, (60,), None),
    ("crossing", {**FERRY, "dark_fraction": 1.0}, (60,), None),
    (
        "crossing",
        {**FERRY, "n_like_trips": 0, "ended": "unheard", "end_port_m": 2900.0},
        (60,),
        "class A out of a port",
    ),
    ("encounter", LEFT, (70, 70), "berthed near one another"),
    ("encounter", {**LEFT, "min_distance_m": 30.0}, (70, 70), None),
    ("encounter", {**LEFT, "other_came_kn": 6.0}, (70, 70), None),
    ("identity", HULLS, (70,), "interference"),
    ("identity", {**HULLS, "n_minor_reports": 200}, (70,), None),
    ("loitering", STAYS, (-1,), "working to and fro"),
    ("loitering", {**STAYS, "ais_class": "A"}, (-1,), "working to and fro"),
    # A ship adrift that now and then regains its place, and one that says that it fishes.
    (
        "loitering",
        {**STAYS, "ais_class": "A", "way_ratio": 1.9, "working_speed_fraction": 0.05},
        (-1,),
        None,
    ),
    ("loitering", {**STAYS, "ais_class": "A"}, (80,), None),
    # Cheap to wear: a second place, an accomplice at anchor, hours near one another, a type by day.
    ("loitering", FIXED, (-1,), "at work at fixed points"),
    ("loitering", {**FIXED, "n_held": 2}, (-1,), None),
    ("loitering", {**FIXED, "n_held": 1, "n_lying_near": 1}, (-1,), None),
    ("loitering", {**FIXED, "n_held": 1, "n_lying_near": 2}, (-1,), "at work at fixed points"),
    (
        "loitering",
        {**FIXED, "n_held": 1, "n_lying_near": 1, "n_shifts": 1},
        (-1,),
        "at work at fixed points",
    ),
    ("encounter", {**NEAR, "n_neighbours": 1, "approach_kn": None}, (-1, -1), "near for hours"),
    ("encounter", {**NEAR, "min_distance_m": 60.0}, (-1, -1), "near for hours"),
    ("encounter", NEAR, (-1, -1), "small craft together"),
    ("crossing", {**FERRY, "began": "shore"}, (60,), None),
    ("crossing", {**FERRY, "began": "shore", "start_port_m": 0.0}, (60,), "class A out of a port"),
    *(
        ("crossing", {**ROUNDS, **differs}, types, reason)
        for differs, types, reason in (
            ({}, (35,), "official craft"),
            ({}, (36,), None),
            ({"heard_after": False}, (35,), None),
            ({"run_end_coast_m": 900.0}, (35,), None),
            ({"landed": True}, (35,), None),
        )
    ),
    *(
        ("crossing", {**GOES_OUT, **differs}, (30,), reason)
        for differs, reason in (
            ({}, "out to fish"),
            ({"worked_after_s": 1800}, None),
            ({"landed": True}, None),
            ({"ended": "shore"}, None),
        )
    ),
    ("loitering", PHANTOM, (70,), "hardly heard beside another hull"),
    ("loitering", {**PHANTOM, "n_other_hull_reports": 40}, (70,), None),
    ("crossing", FEW, (60,), "hardly heard beside another hull"),
    ("crossing", {**FEW, "n_other_hull_reports": 100}, (60,), None),
    ("crossing", {**FEW, "landed": True}, (60,), None),
    # A way of three fixes, heard neither before nor after; or of eight, or by one that lay there.
    *(
        ("crossing", {**BLIP, **differs}, (30,), reason)
        for differs, reason in (
            ({}, "hardly heard beside another hull"),
            ({"n_reports": 8}, None),
            ({"n_other_hull_reports": 0}, None),
            ({"heard_after": True}, None),
        )
    ),
    # Where it outran what it states; where it went as fast as it states.
    (
        "crossing",
        {**FEW, "n_other_hull_reports": 40, **OUTRAN},
        (60,),
        "hardly heard beside another hull",
    ),
    ("crossing", {**FEW, "n_other_hull_reports": 40, **OUTRAN, "median_sog_kn": 17.0}, (60,), None),
    ("crossing", {**FEW, "n_other_hull_reports": 20, **OUTRAN}, (60,), None),
    # Stopped and went on as it came, alone; or went elsewhere, was attended, lay for a night.
    ("loitering", DRIFTED, (70,), "engine trouble"),
    ("loitering", {**DRIFTED, "resumed_off_deg": 25.0}, (70,), None),
    ("loitering", {**DRIFTED, "went_kn": 5.0}, (70,), None),
    ("loitering", {**DRIFTED, "n_beside": 1}, (70,), None),
    ("loitering", {**DRIFTED, "duration_s": 20_000.0}, (70,), None),
    *(
        ("loitering", {**STOPPED_TOW, **differs}, (70,), reason)
        for differs, reason in (
            ({}, "tow that stopped"),
            ({"nav_status": 0}, "tow that stopped"),
            ({"n_beside": 0}, None),
            ({"came_kn": 12.0}, None),
            ({"came_kn": None, "resumed_off_deg": 40.0}, None),
            ({"went_kn": 12.0, "resumed_off_deg": 40.0}, None),
        )
    ),
    ("loitering", {**DRIFTED, "duration_s": 7500.0}, (70,), None),
    # Restricted, as ships in a transfer say; a tow that is none; a post that nobody keeps.
    ("encounter", WORKS, (90, 30), "working together"),
    ("encounter", WORKS, (90, -1), None),
    ("encounter", {**WORKS, "nav_status": 0}, (33, -1), "working together"),
    ("encounter", PAIR, (30, -1), "pair trawling"),
    ("encounter", {**PAIR, "duration_s": 600.0}, (30, -1), "small craft together"),
    ("loitering", SHIFTS, (-1,), "drifting from place to place"),
    ("loitering", {**SHIFTS, **A_SHORT_STAY, "n_shifts": 4}, (80,), "drifting from place to place"),
    ("loitering", {**SHIFTS, **A_SHORT_STAY, "n_shifts": 2, "n_turns": 3}, (80,), None),
    ("loitering", {**SHIFTS, **A_SHORT_STAY, "ais_class": "A", "n_shifts": 4}, (80,), None),
    ("loitering", {**SHIFTS, "extent_m": 8500.0}, (-1,), None),
    ("anchoring", SWINGS, (30,), "fishing or pleasure craft"),
    # A small tanker beside another boat on a mooring; beside the ship that she is fast to.
    ("anchoring", {**SWINGS, "ais_class": "B", "n_lying_near": 1}, (80,), "boat on its mooring"),
    ("anchoring", {**SWINGS, "ais_class": "B", "n_lying_near": 1, **BESIDE_A_SHIP}, (80,), None),
    # Slowly to one that lies in an anchorage, from near by; fast; outside.
    ("encounter", BARGE, (70, 37), "served at anchor"),
    ("encounter", {**BARGE, "closing_kn": 12.0}, (70, 37), None),
    # A police boat on its beat; one trip alone, a set of class B, a landing, another type.
    *(
        ("crossing", {**BEAT, **differs}, types, reason)
        for differs, types, reason in (
            ({}, (55,), "official craft"),
            ({"n_like_trips": 0}, (55,), None),
            ({"ais_class": "B"}, (55,), None),
            ({"landed": True}, (55,), None),
            ({}, (37,), None),
        )
    ),
    ("encounter", {**BARGE, "in_anchorage": False}, (70, 37), None),
    # A second hull half of whose reports are on land; one of which one in six is.
    (
        "identity",
        {**HULLS, "n_astray_reports": 0, "on_land_fraction": 0.14},
        (-1,),
        "position on land",
    ),
    ("identity", {**HULLS, "n_astray_reports": 0, "on_land_fraction": 0.02}, (-1,), None),
    # Two that go about within sight; the same at a distance that is kept; a boat to and fro.
    ("encounter", {**FAR, "distance_spread_m": 270.0}, (30, 37), "each about its own"),
    ("encounter", {**FAR, "distance_spread_m": 15.0}, (30, 37), None),
    ("encounter", {**FAR, "median_distance_m": 40.0, "distance_spread_m": 200.0}, (30, 37), None),
    # Two boats of one installer's number; one boat that leaps; a number that a state gave out.
    ("spoofing", LEAPS, (-1,), "installer's number"),
    (
        "spoofing",
        {**LEAPS, "changeover_s": 325.0},
        (-1,),
        "interference that no other vessel shows",
    ),
    (
        "spoofing",
        {**LEAPS, "no_such_number": False},
        (-1,),
        "interference that no other vessel shows",
    ),
    # A buoy of a net lost at slack water; a boat on its anchor that hands something over.
    ("gap", ADRIFT, (-1,), "gear taken in"),
    ("gap", {**ADRIFT, "usual_top_speed_kn": 0.3}, (-1,), "weak transmitter"),
    ("gap", {**ADRIFT, "usual_top_speed_kn": 0.4, "n_lying": 4}, (-1,), "gear taken in"),
    ("gap", {**ADRIFT, "ground_way_ratio": 6.0}, (-1,), "weak transmitter"),
    ("gap", {"was_moving": False, "distance_m": 20.0}, (30,), "lay made fast"),
    ("gap", {"was_moving": True, "distance_m": 20.0}, (30,), None),
    # A word typed in, and a port behind it: alongside a ship adrift, for an hour and for hours.
    ("encounter", {**BY_HOUR, **WAY}, (70, 50), "pilot transfer"),
    ("encounter", {**BY_HOUR, "in_anchorage": True}, (70, 50), "pilot transfer"),
    ("encounter", BY_HOUR, (70, 50), "harbour craft at work"),
    ("encounter", {**ADRIFT_ALONGSIDE, **WAY}, (70, 50), "pilot standing by"),
    ("encounter", {**ADRIFT_ALONGSIDE, "duration_s": 21_660.0}, (70, 50), None),
    ("encounter", ADRIFT_ALONGSIDE, (70, 52), "harbour craft at work"),
    ("encounter", {**ADRIFT_ALONGSIDE, "anchorage_distance_m": 40_000.0}, (70, 52), None),
    ("encounter", {**ADRIFT_ALONGSIDE, "other_came_from_port": False}, (70, 52), None),
    ("encounter", {**ADRIFT_ALONGSIDE, **WAY}, (70, 52), "tug and tow"),
    ("encounter", BY_HOUR, (70, 55), "official craft"),
    (
        "encounter",
        {**ADRIFT_ALONGSIDE, "nav_status": 2, "apart_after_m": None, "median_speed_kn": 0.6},
        (70, 52),
        "tug to a casualty",
    ),
    (
        "encounter",
        {**ADRIFT_ALONGSIDE, "nav_status": 2, "other_came_from_port": False},
        (70, 52),
        "engine trouble",
    ),
    # At work with room, at a net; or alongside, whatever they say.
    (
        "encounter",
        {**ADRIFT_ALONGSIDE, "nav_status": 3, "min_distance_m": 220.0, "median_distance_m": 250.0},
        (90, 37),
        "working together",
    ),
    ("encounter", {**ADRIFT_ALONGSIDE, "nav_status": 3}, (90, 37), None),
    (
        "encounter",
        {**IN_STREAM, "median_distance_m": 150.0, "duration_s": 2400.0},
        (30, -1),
        "pair trawling",
    ),
    ("encounter", {**IN_STREAM, "median_distance_m": 13.0}, (30, -1), "small craft together"),
    (
        "encounter",
        {**BOATS, "duration_s": 1500.0, "median_distance_m": 120.0, "min_distance_m": 45.0},
        (30, -1),
        "fishing in company",
    ),
    (
        "encounter",
        {**BOATS, "duration_s": 1500.0, "median_distance_m": 120.0},
        (30, -1),
        "small craft together",
    ),
    # 300 m apart for half an hour, but for a moment in which one passed the other; and for less.
    *(
        (
            "encounter",
            {**BOATS, "duration_s": duration_s, "median_distance_m": apart_m},
            (30, -1),
            innocent,
        )
        for duration_s, apart_m, innocent in (
            (2160.0, 300.0, "fishing in company"),
            (2160.0, 190.0, "small craft together"),
            (1500.0, 300.0, "small craft together"),
        )
    ),
    # One came home to a mooring 80 m from another's, and both were held there; or they drifted.
    *(
        (
            "encounter",
            {**BOATS, **MOORED_NEAR, "median_speed_kn": knots, "other_median_speed_kn": 0.07},
            (30, 30),
            innocent,
        )
        for knots, innocent in ((0.07, "boats at rest"), (0.3, "small craft together"))
    ),
    # From an anchorage to a beach, as a police boat, a tug, with a set of class A.
    *(
        ("crossing", {**OVER, **differs}, types, reason)
        for differs, types, reason in (
            ({}, (55,), None),
            ({"landed": False}, (55,), "official craft"),
            ({}, (52,), None),
            ({"landed": False}, (52,), "harbour craft"),
            ({"ais_class": "A"}, (-1,), None),
            ({"ais_class": "A", "landed": False}, (-1,), "class A out of a port"),
            ({"ais_class": "A"}, (60,), None),
            ({"ais_class": "A", "start_port_m": 500.0}, (60,), "class A out of a port"),
        )
    ),
    # Into a port, and out again within minutes; to ships at anchor, and off again.
    *(
        ("crossing", {**OVER, "start_anchorage_m": 9000.0, **differs}, (-1,), reason)
        for differs, reason in (
            ({"run_ends_in_port": True}, "call at a port"),
            ({"run_ends_in_port": True, "left_again": True}, None),
            ({"end_anchorage_m": 500.0, "left_again": True}, "call at a port"),
        )
    ),
    # Turned about without a stop, stopped for some minutes, at the beach.
    ("crossing", ABOUT, (30,), "out and back"),
    ("crossing", {**ABOUT, "turning_kn": 5.8}, (30,), None),
    ("crossing", {**ABOUT, "turned_off_m": 150.0}, (30,), None),
    ("crossing", {**ABOUT, "mean_speed_kn": 20.0, "turning_kn": 20.0}, (30,), None),
    # Out of a port and home to it, without a stop off the other coast, or with one; close to it.
    *(
        (
            "crossing",
            {**ABOUT, "turned_off_m": 5000.0, "mean_speed_kn": 20.0, "came_home": True, **differs},
            (30,),
            reason,
        )
        for differs, reason in (
            ({"turning_kn": 19.0}, "out and back"),
            ({"turning_kn": 12.0}, None),
            ({"turning_kn": 19.0, "turned_off_m": 1500.0}, None),
            ({"turning_kn": 19.0, "came_home": False}, None),
            ({"turning_kn": 19.0, "end_port_m": 100.0}, "out and back"),
            ({"turning_kn": 12.0, "end_port_m": 100.0}, None),
        )
    ),
    # From a raft at sea past a cape, and home; out of that cape's lee, or to another beach.
    *(
        ("crossing", {**PAST, **differs}, (30,), reason)
        for differs, reason in (
            ({}, "past the shore"),
            ({"came_past": False}, None),
            ({"run_start_coast_m": 900.0}, None),
            ({"landed": True}, None),
            ({"landed": True, "lain_there": True}, "past the shore"),
        )
    ),
    # A ferry that isn't heard any more a mile off a port; a boat, and one heard to go on.
    ("crossing", LOST, (60,), "class A out of a port"),
    ("crossing", {**LOST, "heard_after": True}, (60,), None),
    ("crossing", {**LOST, "landed": True}, (60,), None),
    ("crossing", {**LOST, "ais_class": "B"}, (60,), None),
    # Guards a place; regains it on a voyage, and waits.
    ("loitering", {**GUARDS, "went_kn": 4.0}, (-1,), "drifting from place to place"),
    ("loitering", {**GUARDS, "came_kn": 8.5, "went_kn": 8.7}, (-1,), None),
    ("loitering", {**BROKEN, "resumed_off_deg": 5.0}, (80,), "engine trouble"),
    ("loitering", TOWED, (79,), "in tow"),
    ("loitering", {**TOWED, "went_kn": 5.0}, (79,), "in tow"),
    ("loitering", {**TOWED, "went_kn": 11.0}, (79,), None),
    ("loitering", {**TOWED, "tug_attends": False, "went_kn": 5.0}, (52,), "tug standing by"),
    ("mother_ship", CALLED_ON, (52,), "craft at work"),
    # Says it fishes, or works, and regains her place on a voyage; says she lies at anchor, adrift.
    *(
        ("loitering", {**REGAINS, **differs}, types, reason)
        for differs, types, reason in (
            ({"came_kn": 4.0}, (30,), "fishing"),
            ({"working_speed_fraction": 0.3}, (30,), "fishing"),
            ({"nav_status": 3, "came_kn": 4.0}, (99,), "work at sea"),
        )
    ),
    # Heard by passes: went on, or turned in to the shore; kept its way, or went to ships at anchor.
    ("crossing", BY_PASSES, (-1,), "past the shore"),
    ("crossing", {**BY_PASSES, "end_ashore_probability": 0.3}, (-1,), None),
    ("crossing", {**BY_PASSES, "run_end_coast_m": 3000.0}, (-1,), None),
    ("crossing", {**COMES_BY, "kept_course": True}, (-1,), "past the shore"),
    ("crossing", COMES_BY, (-1,), None),
    (
        "crossing",
        {**COMES_BY, "next_at_anchor": True, "path_m": 13_000.0},
        (-1,),
        "boat to ships at anchor",
    ),
    ("crossing", {**COMES_BY, "next_at_anchor": True, "path_m": 60_000.0}, (-1,), None),
    ("crossing", {**FERRY, "feed_by_passes": True}, (-1,), "there and back by day"),
    ("crossing", {**FERRY, "feed_by_passes": True, "dark_fraction": 0.5}, (-1,), None),
    ("crossing", FERRY, (-1,), None),
    ("crossing", WENT_OUT, (-1,), "fast craft of class A"),
    ("crossing", {**WENT_OUT, "n_met": 1}, (-1,), None),
    ("crossing", {**WENT_OUT, "median_sog_kn": 8.0}, (-1,), None),
    ("crossing", {**WENT_OUT, "landing_heard": True}, (-1,), None),
    ("crossing", {**WENT_OUT, "ais_class": "B"}, (-1,), None),
    ("encounter", SELDOM_HEARD, (30, -1), "boats at rest"),
    ("encounter", {**SELDOM_HEARD, "duration_s": 1800.0}, (30, -1), "small craft together"),
    (
        "encounter",
        {**SELDOM_HEARD, "duration_s": 1800.0, "near_before_s": 3600.0},
        (30, -1),
        "boats at rest",
    ),
    *(
        (
            "encounter",
            {
                **SELDOM_HEARD,
                "duration_s": 2160.0,
                "approach_kn": 0.4,
                "apart_before_m": 607.0,
                "closing_kn": closing_kn,
            },
            (-1, -1),
            reason,
        )
        for closing_kn, reason in ((0.4, "boats at rest"), (18.0, "small craft together"))
    ),
    ("encounter", {**SELDOM_HEARD, "closing_kn": 20.0}, (30, -1), "small craft together"),
    ("encounter", {**SELDOM_HEARD, "parting_kn": 17.0}, (30, -1), "small craft together"),
    ("encounter", {**FAST_TO_ONE_ANOTHER, "n_reports": 60}, (70, 80), "berthed near one another"),
    ("encounter", FAST_TO_ONE_ANOTHER, (70, 80), None),
    # One came to the other's jetty; alongside a ship at anchor they swing, and for half a tide not.
    ("encounter", CAME_TO_A_BERTH, (70, -1), "berthed near one another"),
    ("encounter", {**CAME_TO_A_BERTH, "direction_spread_deg": 30.0}, (70, -1), None),
    ("encounter", {**CAME_TO_A_BERTH, "other_drift_kn": 0.004}, (70, -1), None),
    ("encounter", {**CAME_TO_A_BERTH, "duration_s": 22_000.0}, (70, -1), None),
    ("loitering", AT_NETS, (70,), "plied between reports"),
    ("loitering", {**AT_NETS, "ais_class": "A", "way_ratio": 12.0}, (70,), None),
    ("loitering", {**AT_NETS, "ais_class": "A"}, (-1,), None),
    ("loitering", {**AT_NETS, "ais_class": "A", "way_ratio": 7.0}, (-1,), "plied between reports"),
    ("loitering", {**AT_NETS, "working_speed_fraction": 0.4, "n_turns": 1}, (70,), "boat adrift"),
    # Few reports of a wait, of lines sailed, of a stay, of a way out and of two boats; their twins.
    ("loitering", LAY_A_WHILE, (80,), "stopped for less than a watch"),
    ("loitering", {**LAY_A_WHILE, "duration_s": 12_900.0}, (80,), None),
    (
        "loitering",
        {**LAY_A_WHILE, "duration_s": 12_900.0, "nav_status": 2, "n_beside": 0},
        (80,),
        "stopped for less than a watch",
    ),
    ("loitering", {**LAY_A_WHILE, "longest_silence_s": 600.0}, (80,), None),
    ("loitering", {**LAY_A_WHILE, "came_kn": 12.0, "went_kn": 4.0}, (80,), None),
    ("loitering", SURVEYS, (99,), "working to and fro"),
    ("loitering", SURVEYS, (80,), None),
    ("loitering", {**SURVEYS, "way_ratio": 3.2}, (99,), None),
    # Weather carried radio there; its receiver hears others as far still, or always, or beside it.
    ("gap", FAR_FOR_HOURS, (70,), "heard far for a while"),
    (
        "gap",
        {**FAR_FOR_HOURS, "as_far_fraction": 0.04, "by_passes": True},
        (70,),
        "heard far for a while",
    ),
    ("gap", {**FAR_FOR_HOURS, "feed_by_passes": True, "by_passes": True}, (70,), None),
    ("gap", {**FAR_FOR_HOURS, "as_far_fraction": 0.2}, (70,), None),
    ("gap", {**FAR_FOR_HOURS, "as_far_usual_fraction": 0.7}, (70,), None),
    ("gap", {**FAR_FOR_HOURS, "neighbour_fraction": 0.3}, (70,), None),
    ("gap", {**FAR_FOR_HOURS, "as_far_usual_fraction": None}, (70,), None),
    # Ships under way are held against how many miss as many passes by chance in a day.
    ("gap", MISSED_PASSES, (70,), None),
    ("gap", {**MISSED_PASSES, "n_missed_by_chance": 2.5}, (70,), "receiver down"),
    ("gap", {**MISSED_PASSES, "was_moving": False}, (70,), "receiver down"),
    ("gap", {**MISSED_PASSES, "ais_class": "B"}, (70,), "receiver down"),
    ("gap", {**MISSED_PASSES, "feed_by_passes": False}, (70,), "receiver down"),
    *(
        (
            "gap",
            {**MISSED_PASSES, "receiver_working_fraction": None, "n_missed_by_chance": n},
            (70,),
            reason,
        )
        for n, reason in ((2.5, "missed as others are"), (1.9, None))
    ),
    # A tow that the stream holds up; what is adrift comes back, or goes with the mean stream, and
    # a ship, or what is too long for a tug, needs no tide to get on.
    ("loitering", STEMS, (31,), "tow against the stream"),
    ("loitering", {**STEMS, "drift_kn": 0.5}, (31,), "tug standing by"),
    ("loitering", {**STEMS, "went_kn": 14.0}, (31,), "tug standing by"),
    ("loitering", {**STEMS, "duration_s": 18_000}, (31,), "tug standing by"),
    ("loitering", {**STEMS, "median_speed_kn": 0.6, "drift_kn": 0.6}, (31,), "tug standing by"),
    ("loitering", STEMS, (70,), None),
    ("gap", BOUND_FOR_A_COAST, (70,), "came to lie at a coast"),
    ("gap", {**BOUND_FOR_A_COAST, "land_ahead": False}, (70,), None),
    ("gap", {**BOUND_FOR_A_COAST, "distance_m": 21_000.0}, (70,), None),
    ("gap", {**BOUND_FOR_A_COAST, "feed_by_passes": False}, (70,), None),
    ("gap", LONG_GONE, (70,), "sailing out of range"),
    ("gap", {**LONG_GONE, "ahead_known_ratio": 0.51}, (70,), None),
    ("encounter", NEVER_ALONGSIDE, (30, 60), "near for hours"),
    ("encounter", {**NEVER_ALONGSIDE, "min_distance_m": 9.0}, (30, 60), "small craft together"),
    ("encounter", {**NEVER_ALONGSIDE, "near_before_s": 0.0}, (30, 60), "small craft together"),
    *(
        (
            "encounter",
            {**NEVER_ALONGSIDE, "n_reports": 50, "other_n_reports": 50, **differs},
            (30, 60),
            reason,
        )
        for differs, reason in (
            ({"median_relative_speed_kn": 0.8}, "small craft together"),
            ({}, "each about its own"),
            ({"median_distance_m": 180.0}, "small craft together"),
            ({"duration_s": 1500.0}, "small craft together"),
            ({"other_n_reports": 7}, "small craft together"),
        )
    ),
    ("crossing", OVER_BY_PASSES, (99,), "fast craft of class A"),
    ("crossing", {**OVER_BY_PASSES, "landed": True}, (99,), None),
    ("crossing", {**OVER_BY_PASSES, "ais_class": "B"}, (99,), None),
    ("anchoring", FURTHER, (-1,), "moved about"),
    *(
        ("anchoring", {**FURTHER, "n_reports": 500, "spread_m": 1022.0, **differs}, (70,), reason)
        for differs, reason in (
            ({"median_speed_kn": 0.25, "median_sog_kn": 0.3}, "moved about"),
            ({"median_speed_kn": 0.25, "median_sog_kn": 0.1}, None),
            ({"median_speed_kn": 0.07, "median_sog_kn": 0.3}, None),
            ({"median_speed_kn": 0.25, "median_sog_kn": 0.3, "spread_m": 351.0}, None),
        )
    ),
    ("anchoring", {**FURTHER, "spread_m": 270.0}, (-1,), None),
    ("anchoring", {**FURTHER, "median_speed_kn": 0.09}, (-1,), None),
    ("anchoring", {**SWINGS, "median_sog_kn": 1.9}, (-1,), "moved about"),
    ("anchoring", {**SWINGS, "median_sog_kn": 0.9}, (-1,), None),
    ("loitering", {**SLACK, "median_speed_kn": 0.15}, (80,), "waiting at anchor"),
    ("loitering", SLACK, (80,), None),
    # Lost and found bit by bit; in full at an end, for longer than a hole is wide, heard by passes.
    *(
        ("gap", {**FADED, **differs}, (70,), reason)
        for differs, reason in (
            ({}, "lost and found little by little"),
            ({"is_open": True}, "lost and found little by little"),
            ({"heard_in_full_before": True}, None),
            ({"found_in_full": True, "heard_in_full_after": True}, None),
            ({"duration_s": 20_000.0}, None),
            ({"was_moving": False}, None),
            ({"feed_by_passes": True}, None),
        )
    ),
    (
        "gap",
        {**FADED, "heard_in_full_before": True, "missed_probability": 0.047},
        (70,),
        "missed by chance",
    ),
    # On along both coasts of narrow waters; stopped at both, or came from the shore; wide waters.
    *(
        ("crossing", {**evidence, **differs}, (-1,), reason)
        for evidence, differs, reason in (
            (NARROWS, {}, "past the other coast"),
            (NARROWS, {"passing_kn": 2.0}, None),
            (NARROWS, {"across_m": 15_200.0}, None),
            (CAME_PAST, {}, "past the other coast"),
            (CAME_PAST, {"came_past_kn": 1.4}, None),
            (CAME_PAST, {"began": "shore"}, None),
            (WENT_BY, {}, "past the other coast"),
            (WENT_BY, {"turned_off_m": 1700.0}, None),
            (WENT_BY, {"sailed_on": False}, None),
            (LAY_OFF, {}, "past the other coast"),
            (LAY_OFF, {"mean_speed_kn": 16.0}, None),
            (LAY_OFF, {"arrival_coast_m": 900.0}, None),
            (WENT_BY, {"landed": True, "ended": "shore"}, None),
        )
    ),
    # Past one another; heard seldom, alongside as a ship is long, steady, long enough, from afar.
    *(
        ("encounter", {**HARDLY_BESIDE, **differs}, (-1, 30), reason)
        for differs, reason in (
            ({}, "kept apart"),
            ({"other_n_reports": 2}, None),
            ({"median_distance_m": 120.0}, None),
            ({"distance_spread_m": 30.0}, None),
            ({"duration_s": 1500.0}, None),
            ({"duration_s": 600.0}, None),
            ({"approach_kn": 19.0}, None),
        )
    ),
    # A leap ahead, there and back; near and for good; aside and back; far.
    ("spoofing", {**LEAPT, "along_course": True, "returned": True}, (70,), "leap along the course"),
    ("spoofing", LEAPT, (70,), "leap along the course"),
    ("spoofing", {**LEAPT, "returned": True}, (70,), "interference that no other vessel shows"),
    ("spoofing", {**LEAPT, "jump_m": 17_800.0}, (70,), "another vessel with the same MMSI"),
    # Came and parted slowly beside others, though not as one; or faster, alone, for minutes.
    *(
        ("encounter", {**BESIDE, **differs}, (30, -1), reason)
        for differs, reason in (
            ({}, "boats at rest"),
            ({"closing_kn": 6.0}, "small craft together"),
            ({"parting_kn": 10.3}, "small craft together"),
            ({"n_neighbours": 0}, "small craft together"),
            ({"duration_s": 900.0}, "small craft together"),
        )
    ),
    # From one ground, parted slowly; from afar, or at speed. On moorings; alongside, or turning.
    *(
        ("encounter", {**evidence, **differs}, (30, -1), reason)
        for evidence, differs, reason in (
            (ONE_GROUND, {}, "near for hours"),
            (ONE_GROUND, {"near_before_s": 600.0}, "small craft together"),
            (ONE_GROUND, {"parting_kn": 10.3}, "small craft together"),
            (MOORINGS, {}, "berthed near one another"),
            (MOORINGS, {"min_distance_m": 9.0}, "small craft together"),
            (MOORINGS, {"direction_spread_deg": 40.0}, "small craft together"),
        )
    ),
    # Two ships in company, heard in turn; of which the second is new, or one was heard all along.
    *(
        ("identity", {**IN_TURN, **differs}, (70, 70), reason)
        for differs, reason in (
            ({}, "thin reception"),
            ({"unheard_before_s": 43_200.0}, None),
            ({"interval_s": 60.0}, None),
        )
    ),
    # Heard at once in different places; only twice, as by a false fix or two; nowhere else.
    *(
        ("identity", {**IN_TURN, "interval_s": 60.0, "n_apart_at_once": n, **far}, (70, 70), reason)
        for n, far, reason in (
            (3, {"apart_at_once_m": 9_000.0}, "two vessels heard at once"),
            (2, {"apart_at_once_m": 9_000.0}, None),
            (0, {}, None),
        )
    ),
    *(
        ("identity", {**BERTHS, **differs}, (70, 70), reason)
        for differs, reason in (
            ({}, "one berths, another sails"),
            ({"other_speed_kn": 7.0}, None),
            ({"says_otherwise": False}, None),
        )
    ),
    ("loitering", IN_A_FLEET, (-1,), "adrift with other boats"),
    ("loitering", IN_A_FLEET, (80,), None),
    ("loitering", {**IN_A_FLEET, "n_beside": 2}, (-1,), None),
    ("loitering", {**IN_A_FLEET, "n_fishing_near": 1}, (-1,), None),
    ("loitering", {**IN_A_FLEET, "n_fishing_near": 1}, (99,), "among fishing boats"),
    ("loitering", {**IN_A_FLEET, "n_fishing_near": 1, "came_kn": 11.0}, (99,), None),
    ("loitering", {**IN_A_FLEET, "n_fishing_near": 1}, (80,), None),
]


@pytest.mark.parametrize(
    ("subkind", "n_scattered", "reason"),
    [
        ("jump", 4, "interference with satellite navigation"),
        ("geometric", 4, "interference that no other vessel shows"),
        ("geometric", 9, "interference with satellite navigation"),
    ],
)
def test_a_circle_is_interference_where_nearly_all_are_hit(subkind, n_scattered, reason):
    measured = {"n_others_scattered": n_scattered, "n_others_near": 10, "leapt": True}
    known = Known("spoofing", subkind, Evidence.of(measured), (-1,), (float("nan"),))
    found = best_of(known, OF["spoofing"])
    assert (found[0].name if found else None) == reason


@pytest.mark.parametrize(
    ("differs", "reason"),
    [
        ({}, "interference that no other vessel shows"),
        ({"moved_m": 9_000.0}, "river or basin"),
        ({"straight_fraction": 0.9}, "river or basin"),
        ({"median_speed_kn": 8.5}, "river or basin"),
        ({"median_speed_kn": 8.5, "leapt": True}, "interference that no other vessel shows"),
    ],
)
def test_no_river_or_canal_leads_straight_on_for_miles_at_a_ships_speed(differs, reason):
    over_land = {"leapt": False, "moved_m": 25_300.0, "straight_fraction": 0.98}
    measured = {**over_land, "median_speed_kn": 11.3, "n_others_near": 0, **differs}
    known = Known("spoofing", "on_land", Evidence.of(measured), (80,), (333.0,))
    found = best_of(known, OF["spoofing"])
    assert (found[0].name if found else None) == reason


@pytest.mark.parametrize(("kind", "measured", "types", "reason"), CASES)
def test_reason(kind, measured, types, reason):
    half = "half" if "landing_heard" in measured else ""
    subkind = {"identity": "two_hulls", "spoofing": "jump"}.get(kind, half)
    subkind = "hand_over" if "unheard_before_s" in measured else subkind
    lengths = tuple(float("nan") for _ in types)
    known = Known(kind, subkind, Evidence.of(measured), types, lengths)
    found = best_of(known, OF[kind])
    assert (found[0].name if found else None) == reason


@pytest.mark.parametrize(
    ("differs", "types", "reason"),
    [
        ({}, (90, 80), "bunkering"),
        ({"duration_s": 2400.0}, (90, 80), "boat in a transfer area"),
        ({}, (90, 90), "boat in a transfer area"),
        ({}, (80, 90), "boat in a transfer area"),
        ({"in_licensed_sts_area": False}, (90, 80), None),
    ],
)
def test_a_small_tanker_sells_bunkers_where_transfers_are_licensed(differs, types, reason):
    """It says so itself and lies there for hours; a tanker that a boat comes to sells none."""
    known = Known("encounter", "", Evidence.of({**PUMPS, **differs}), types, (256.0, 45.0))
    found = best_of(known, OF["encounter"])
    assert (found[0].name if found else None) == reason


@pytest.mark.parametrize(
    ("share", "reason"), [(1.0, "served in a transfer area"), (0.5, None), (0.0, None)]
)
def test_launches_serve_ships_where_transfers_are_licensed(share, reason):
    """All of them boats of a port; one that came from a beach is no launch."""
    measured = {**CALLED_ON, "port_calls_fraction": share, "in_anchorage_fraction": 0.0}
    known = Known("mother_ship", "visited", Evidence.of(measured), (80,), (180.0,))
    found = best_of(known, OF["mother_ship"])
    assert (found[0].name if found else None) == reason


@pytest.mark.parametrize(
    ("differs", "ship_type", "length_m", "reason"),
    [
        ({}, 30, 14.0, "boat adrift"),
        ({}, 30, 60.0, "fishing"),
        ({}, 30, float("nan"), "fishing"),
        ({}, -1, 14.0, None),
        ({"way_ratio": 3.0}, 30, 14.0, "fishing"),
        ({"n_turns": 3}, 30, 14.0, "fishing"),
        ({"duration_s": 86_400.0}, 30, 14.0, "boat adrift"),
        ({"duration_s": 90_000.0}, 30, 14.0, "fishing"),
        ({"ais_class": "B"}, -1, 14.0, "boat adrift"),
        ({"ais_class": "B", "duration_s": 90_000.0}, -1, 14.0, None),
        ({"n_turns": 3, "working_speed_fraction": 0.15}, 30, 14.0, "boat adrift"),
    ],
)
def test_boats_hang_on_their_nets_whatever_set_they_carry(differs, ship_type, length_m, reason):
    """As the stream does, not as who goes to and fro in it, and for a day and a night at most; a
    ship isn't let lie for her word.
    """
    hangs = {"n_turns": 1, "way_ratio": 1.4, "working_speed_fraction": 0.05, "duration_s": 28_800.0}
    measured = Evidence.of({**STAYS, "ais_class": "A", **hangs, **differs})
    known = Known("loitering", "drift", measured, (ship_type,), (length_m,))
    found = best_of(known, OF["loitering"])
    assert (found[0].name if found else None) == reason


@pytest.mark.parametrize(
    ("differs", "reason"),
    [
        ({}, None),
        ({"brief_meeting": False}, "small craft together"),
        ({"apart_after_m": 3000.0}, "small craft together"),
        ({"apart_before_m": None}, "small craft together"),
    ],
)
def test_who_comes_from_afar_for_minutes_does_not_come_to_talk(differs, reason):
    afar = {"brief_meeting": True, "apart_before_m": 25_000.0, "apart_after_m": 27_000.0}
    measured = Evidence.of({**BOATS, "duration_s": 720.0, "approach_kn": 20.0, **afar, **differs})
    found = best_of(Known("encounter", "", measured, (-1, -1), (12.0, 11.0)), OF["encounter"])
    assert (found[0].name if found else None) == reason


def test_nobody_slows_for_boarders():
    """Who came up from astern in the dark is no boat that a ship slowed for, whatever she did."""
    known = Known("encounter", "boarding", Evidence.of(LET_COME), (70, -1), (float("nan"),) * 2)
    assert best_of(known, OF["encounter"]) is None


def test_one_clock_though_speeds_change():
    """Six in ten by one lag are one clock; of two hulls no lag is like another."""
    lags_s = np.r_[[216.0, -214.0] * 6, [np.nan] * 4, [0.0, 95.0, -40.0]]
    assert copies.one_clock(lags_s)
    assert not copies.one_clock(np.linspace(-1700.0, 1700.0, 20))
    assert not copies.one_clock(np.full(20, np.nan))
    assert not copies.one_clock(np.r_[[216.0] * 5, [np.nan] * 15])


def test_a_word_alone_takes_little():
    """A tug that waits, one to which boats plane, a pilot or police boat alongside, one not under
    command that goes elsewhere or was attended are believed no more than any statement.
    """
    for kind, measured, types in (
        ("loitering", {**TOWED, "tug_attends": False, "went_kn": 9.0}, (52,)),
        ("loitering", REGAINS, (30,)),
        ("loitering", {**REGAINS, "nav_status": 3}, (33,)),
        ("mother_ship", {**CALLED_ON, "fastest_approach_kn": 22.0}, (52,)),
        ("encounter", {**BY_HOUR, "anchorage_distance_m": 40_000.0}, (70, 50)),
        ("encounter", ADRIFT_ALONGSIDE, (70, 55)),
        ("loitering", {**BROKEN, "resumed_off_deg": 80.0}, (80,)),
        ("loitering", {**BROKEN, "resumed_off_deg": 5.0, "n_beside": 1}, (80,)),
    ):
        lengths = tuple(float("nan") for _ in types)
        found = best_of(Known(kind, "", Evidence.of(measured), types, lengths), OF[kind])
        assert found
        assert found[0].weight_of(found[1]) == STATED_BOUND

"""Explanations: each reason alone, the best of several, and what isn't known."""

from dataclasses import fields, is_dataclass
from typing import Any

import pandas as pd
import pytest

import detectors
from detectors.core import events, explain
from detectors.core.evidence import Evidence, Explained
from detectors.core.hypothesis import Hypothesis
from detectors.core.sentences import numbers, places_in
from detectors.core.statements import STATED_BOUND

HYPOTHESES = {
    name: detectors.find(name).hypotheses for name in ("encounter", "loitering", "gap", "geofence")
}

A, B = 533000001, 563000002


def event(kind: str, evidence: dict[str, Any], **columns: Any) -> pd.DataFrame:
    """One event of a kind with a base score of 0.8."""
    day = pd.Timestamp("2026-03-01", tz="UTC")
    row = {
        "kind": kind,
        "detector": kind,
        "version": "1",
        "mmsi": A,
        "track_ids": f"{A}01",
        "start": day,
        "end": day + pd.Timedelta(hours=1),
        "anchor": day,
        "lat": 4.0,
        "lon": 100.0,
        "score": 0.8,
        "evidence": evidence,
    }
    if kind == "geofence":
        row["subkind"] = "enter"
    if kind == "encounter":
        row |= {"other_mmsi": B, "track_ids": f"{A}01;{B}01"}
    return events.build([{**row, **columns}])


UNDER_WAY = {"median_speed_kn": 2.5, "other_median_speed_kn": 2.6}
MEETING = {
    "duration_s": 7200,
    "median_distance_m": 60.0,
    "min_distance_m": 40.0,
    "distance_spread_m": 30.0,
    "median_speed_kn": 0.3,
    "other_median_speed_kn": 0.3,
    "drift_kn": 0.2,
    "other_drift_kn": 0.2,
    "nav_status": 0,
    "other_nav_status": 0,
    "in_anchorage": False,
    "in_licensed_sts_area": False,
    "near_land": False,
    "near_land_m": 300.0,
    "anchorage_distance_m": 40_000.0,
}
DRIFT = {
    "duration_s": 14_400,
    "median_speed_kn": 0.5,
    "drift_kn": 0.4,
    "extent_m": 3000.0,
    "nav_status": 0,
    "in_licensed_sts_area": False,
    "near_land": False,
    "near_land_m": 300.0,
    "anchorage_distance_m": 40_000.0,
}
SILENCE = {
    "duration_s": 7200,
    "was_moving": True,
    "ahead_heard_fraction": 1.0,
    "feed_heard_fraction": 1.0,
    "feed_usual_fraction": 1.0,
    "heard_fraction": 1.0,
    "ais_class": "A",
    "back_in_berth": False,
}
ON_ITS_GROUND = {
    "was_moving": False,
    "ground_s": 7200.0,
    "ground_way_ratio": 3.4,
    "distance_m": 1852.0,
    "ground_m": 3704.0,
}
HEARD_ALL_ALONG = {"ais_class": "B", "interval_ratio": 40.0, "neighbour_fraction": 1.0}
VISIT = {"zone_class": "landing_place", "duration_s": 3600}
CARGO, TANKER = 70, 80
LENGTHS_M = {99: 20.0, 30: 25.0, 52: 30.0, 69: 250.0}

CASES = {
    # kind: name, evidence that differs, types of the vessels, words that the sentence holds
    "encounter": [
        (
            "keeping station on work",
            {
                "duration_s": 43_200,
                "median_distance_m": 340.0,
                "min_distance_m": 300.0,
                "distance_spread_m": 12.0,
                "median_speed_kn": 1.2,
                "drift_kn": 1.15,
                "other_median_speed_kn": 1.2,
                "other_drift_kn": 1.15,
            },
            (CARGO, CARGO),
            "340 m off the other",
        ),
        (
            "pilot transfer",
            {"duration_s": 2400, "anchorage_distance_m": 1800.0},
            (CARGO, 50),
            "40 min",
        ),
        (
            "pilot transfer",
            {"duration_s": 2400, "other_came_from_port": True, **UNDER_WAY},
            (CARGO, 50),
            "out of a port",
        ),
        (
            "tug and tow",
            {"median_speed_kn": 2.4, "other_median_speed_kn": 2.3},
            (52, CARGO),
            "2.3 kn",
        ),
        (
            "anchored neighbours",
            {"nav_status": 1, "other_nav_status": 1, "min_distance_m": 320.0},
            (CARGO, CARGO),
            "320 m",
        ),
        (
            "pair trawling",
            {"median_speed_kn": 2.5, "other_median_speed_kn": 2.6, "median_distance_m": 240.0},
            (30, 30),
            "2.5 to 2.6 kn",
        ),
        (
            "official craft",
            {"came_from_port": True, "duration_s": 2400},
            (55, CARGO),
            "out of a port",
        ),
        ("official craft", {"came_from_port": True, **UNDER_WAY}, (55, CARGO), "out of a port"),
        ("bunkering", {"in_anchorage": True}, (TANKER, CARGO), "90 m"),
        ("bunkering", {"anchorage_distance_m": 400.0}, (CARGO, TANKER), "400 m from"),
        (
            "bunkering",
            {"anchorage_distance_m": 900.0, "nav_status": 1},
            (CARGO, TANKER),
            "900 m from",
        ),
        ("bunkering off limits", {"anchorage_distance_m": 900.0}, (CARGO, TANKER), "900 m outside"),
        (
            "working together",
            {"nav_status": 3, "distance_spread_m": 30.0},
            (90, 52),
            "steady within 30 m",
        ),
        ("working together", {"distance_spread_m": 30.0}, (33, 30), "works at sea"),
        ("tankers in a transfer area", {"in_licensed_sts_area": True}, (TANKER, TANKER), "tankers"),
        (
            "boat in a transfer area",
            {"in_licensed_sts_area": True, "small_craft": True},
            (TANKER, 37),
            "licensed",
        ),
        ("small craft together", {"small_craft": True, "both_small_craft": True}, (37, 99), "bait"),
        (
            "pair trawling",
            {**UNDER_WAY, "median_distance_m": 150.0, "both_small_craft": True},
            (30, 99),
            "2.5 to 2.6 kn",
        ),
        ("harbour craft at work", {"anchorage_distance_m": 1852.0}, (52, CARGO), "1.0 nm"),
        ("pilot standing by", {"anchorage_distance_m": 4000.0, **UNDER_WAY}, (CARGO, 50), "2.0 h"),
        (
            "served at anchor",
            {
                "duration_s": 10_800,
                "in_anchorage": True,
                "apart_before_m": 2000.0,
                "apart_after_m": 2000.0,
                "faster_kn": 0.4,
                "max_speed_kn": 2.5,
            },
            (CARGO, CARGO),
            "after 3.0 h",
        ),
        (
            "call in an anchorage",
            {"duration_s": 2400, "in_anchorage": True},
            (CARGO, CARGO),
            "for 40 min inside an anchorage",
        ),
        (
            "near for hours",
            {
                "both_small_craft": True,
                "near_before_s": 9000,
                "approach_kn": 3.0,
                "n_neighbours": 1,
            },
            (CARGO, TANKER),
            "had been within 2 nm of one another for 2.5 h",
        ),
        (
            "near for hours",
            {
                "both_small_craft": True,
                "near_before_s": 9000,
                "approach_kn": 3.0,
                "median_speed_kn": 0.05,
                "other_median_speed_kn": 0.05,
                "apart_before_m": 1500.0,
                "in_anchorage": False,
            },
            (CARGO, TANKER),
            "on moorings",
        ),
        (
            "boats at rest",
            {
                "duration_s": 14_400,
                "both_small_craft": True,
                "median_speed_kn": 1.9,
                "other_median_speed_kn": 1.8,
                "median_relative_speed_kn": 0.2,
                "max_drift_kn": 3.3,
                "approach_kn": 4.2,
            },
            (CARGO, TANKER),
            "came together at 4 kn and lay or drifted as one, 60 m apart, for 4.0 h",
        ),
        (
            "tug to a casualty",
            {"other_nav_status": 2, "apart_before_m": 9000.0, "median_relative_speed_kn": 0.1},
            (52, CARGO),
            "not being under",
        ),
        (
            "at work on one ground",
            {"median_distance_m": 380.0, "min_distance_m": 150.0, "distance_spread_m": 300.0},
            (33, 30),
            "150 m",
        ),
        (
            "served at anchor",
            {"in_anchorage": True, "came_kn": 0.1, "closing_kn": 3.0, "parting_kn": 2.2},
            (CARGO, 37),
            "closed at 3 kn",
        ),
        (
            "each about its own",
            {"median_distance_m": 216.0, "min_distance_m": 42.0, "distance_spread_m": 270.0},
            (30, 37),
            "216 m apart",
        ),
        ("tow lying to", {"apart_before_m": 250.0}, (52, CARGO), "2.0 h"),
        (
            "tow lying to",
            {"sailed_alike_s": 5400, "apart_before_m": None},
            (52, CARGO),
            "in the 1.5 h before",
        ),
        ("search and rescue", {}, (51, CARGO), "rescue"),
        (
            "ferry passing",
            {"duration_s": 1500, "min_distance_m": 80.0, "median_speed_kn": 12.0},
            (60, CARGO),
            "80 m",
        ),
        (
            "fishing in company",
            {"median_distance_m": 250.0, "min_distance_m": 150.0},
            (30, 30),
            "250 m",
        ),
        (
            "lying as neighbours",
            {"nav_status": 1, "apart_before_m": 320.0, "distance_swing_m": 60.0},
            (CARGO, CARGO),
            "60 m",
        ),
        (
            "launch service",
            {"small_craft": True, "duration_s": 1500, "anchorage_distance_m": 926.0},
            (CARGO, 37),
            "0.5 nm",
        ),
        (
            "launch service",
            {
                "duration_s": 600,
                "slowed": True,
                "other_went_to_port": True,
                "apart_before_m": 9000.0,
                "apart_after_m": 9000.0,
                **UNDER_WAY,
            },
            (CARGO, CARGO),
            "a boat of a port",
        ),
        (
            "pilot transfer",
            {"duration_s": 600, "other_went_to_port": True, **UNDER_WAY},
            (CARGO, 50),
            "into a port",
        ),
        (
            "kept apart",
            {
                "small_craft": True,
                "both_small_craft": True,
                "min_distance_m": 336.0,
                "median_distance_m": 360.0,
                "duration_s": 2520,
                "n_reports": 16,
                "other_n_reports": 16,
            },
            (99, 99),
            "336 m",
        ),
        ("engine trouble", {"nav_status": 2}, (CARGO, CARGO), "command"),
        (
            "convoy or overtaking",
            {"drift_kn": 2.5, "other_drift_kn": 2.6, "min_distance_m": 250.0, "duration_s": 2000},
            (CARGO, CARGO),
            "2.5 kn",
        ),
        ("licensed transfer area", {"in_licensed_sts_area": True}, (CARGO, CARGO), "licensed"),
        ("at a berth", {"near_land": True}, (CARGO, CARGO), "300 m"),
        (
            "berthed near one another",
            {"median_speed_kn": 0.01, "other_median_speed_kn": 0.0},
            (CARGO, CARGO),
            "neither moved",
        ),
        (
            "berthed near one another",
            {
                "duration_s": 33_360.0,
                "median_speed_kn": 0.01,
                "other_median_speed_kn": 0.0,
                "drift_kn": 0.0002,
                "other_drift_kn": 0.0002,
                "direction_spread_deg": 7.8,
                "apart_before_m": 7332.0,
                "n_reports": 171,
                "other_n_reports": 177,
            },
            (CARGO, CARGO),
            "within 8 degrees",
        ),
        (
            "pilot boarding ground",
            {"in_pilot_ground": True, "duration_s": 2400},
            (CARGO, CARGO),
            "40 min",
        ),
    ],
    "loitering": [
        ("pilot vessel on station", {"in_pilot_ground": True}, (50,), "4.0 h"),
        (
            "hardly heard beside another hull",
            {"n_reports": 5, "n_other_hull_reports": 210},
            (CARGO,),
            "210 times",
        ),
        ("official craft", {"n_turns": 3}, (55,), "law enforcement"),
        ("search and rescue", {"n_turns": 3}, (51,), "as in a search"),
        ("ferry between sailings", {"anchorage_distance_m": 4630.0}, (60,), "2.5 nm"),
        ("called at a port afterwards", {"called_afterwards": True}, (CARGO,), "port"),
        ("work at sea", {"nav_status": 3, "n_turns": 3}, (90,), "restricted"),
        ("restricted in its ability to manoeuvre", {"nav_status": 3}, (TANKER,), "it reports"),
        (
            "working to and fro",
            {
                "working_speed_fraction": 0.4,
                "n_turns": 9,
                "min_working_kn": 2.0,
                "max_working_kn": 4.5,
            },
            (99,),
            "9 times",
        ),
        ("among fishing boats", {"ais_class": "B", "n_fishing_near": 2}, (99,), "2 fishing boats"),
        ("beside a vessel at work", {"at_work_beside": True}, (99,), "guard"),
        ("in tow", {"tug_attends": True}, (CARGO,), "tug"),
        (
            "among ships at rest",
            {"extent_m": 300.0, "drift_kn": 0.02, "n_lying_near": 4},
            (CARGO,),
            "4 others",
        ),
        (
            "making way slowly",
            {"median_speed_kn": 2.6, "drift_kn": 2.5, "extent_m": 30_000.0},
            (CARGO,),
            "16 nm",
        ),
        ("waiting further off a port", {"anchorage_distance_m": 3000.0}, (CARGO,), "1.6 nm"),
        (
            "waiting off a port",
            {"anchorage_distance_m": 3000.0, "called_afterwards": True},
            (CARGO,),
            "1.6 nm",
        ),
        (
            "work at sea",
            {"duration_s": 28_800, "drift_kn": 0.9, "median_speed_kn": 1.0},
            (33,),
            "kept its way at 0.9 kn",
        ),
        ("moored", {"nav_status": 5, "near_land": True, "extent_m": 40.0}, (CARGO,), "moored"),
        (
            "anchored or moored",
            {"duration_s": 46_800, "extent_m": 400.0},
            (CARGO,),
            "400 m for 13.0 h",
        ),
        ("anchored or moored", {"extent_m": 30.0}, (CARGO,), "30 m"),
        (
            "anchored in the end",
            {"nav_status": 1, "nav_status_fraction": 0.7, "median_speed_kn": 0.2},
            (CARGO,),
            "70%",
        ),
        ("made fast", {"median_speed_kn": 0.04}, (CARGO,), "0.04 kn"),
        ("made fast", {"held_fraction": 0.8, "n_held": 2}, (CARGO,), "80% of 4.0 h"),
        ("at work at fixed points", {"held_fraction": 0.3, "n_held": 5}, (CARGO,), "held 5 places"),
        (
            "at work at fixed points",
            {"held_fraction": 0.3, "n_held": 1, "n_lying_near": 2},
            (90,),
            "where others lay still",
        ),
        ("drifting from place to place", {"n_shifts": 4}, (90,), "4 times in 4.0 h"),
        (
            "to and fro on one ground",
            {
                "n_turns": 5,
                "way_ratio": 6.0,
                "median_speed_kn": 2.4,
                "working_speed_fraction": 0.8,
                "drift_kn": 0.2,
            },
            (CARGO,),
            "6.0 times",
        ),
        (
            "adrift between calls",
            {"came_kn": 14.0, "went_kn": 12.0, "n_beside": 0},
            (69,),
            "went on at 12 kn",
        ),
        (
            "plied between reports",
            {"median_sog_kn": 9.6, "max_speed_kn": 3.2, "longest_silence_s": 4800},
            (CARGO,),
            "9.6 kn when it was heard",
        ),
        (
            "stopped for less than a watch",
            {"duration_s": 9000, "longest_silence_s": 3420, "came_kn": None},
            (TANKER,),
            "2.5 h, unheard for up to 57 min",
        ),
        (
            "waiting at anchor",
            {"nav_status": 1, "extent_m": 400.0, "median_speed_kn": 0.12, "drift_kn": 0.11},
            (CARGO,),
            "400 m",
        ),
        ("fishing", {"n_turns": 3}, (30,), "turned about 3 times in 4.0 h"),
        ("fishing", {"nav_status": 7, "n_turns": 3}, (CARGO,), "reports fishing"),
        ("tug standing by", {"anchorage_distance_m": 5000.0}, (52,), "2.7 nm off"),
        (
            "adrift with other boats",
            {"ais_class": "B", "n_beside": 3, "company_m": 600.0},
            (CARGO,),
            "3 others",
        ),
        (
            "tow that stopped",
            {"ais_class": "A", "n_beside": 1, "came_kn": 4.8, "went_kn": 4.6, "went_off_deg": 3.0},
            (CARGO,),
            "speed of tows",
        ),
        (
            "tow against the stream",
            {"duration_s": 32_400, "median_speed_kn": 1.6, "drift_kn": 1.5, "extent_m": 25_000.0},
            (52,),
            "1.5 kn good for 9.0 h",
        ),
        (
            "creeping on in company",
            {
                "ais_class": "A",
                "duration_s": 43_200,
                "median_speed_kn": 1.2,
                "drift_kn": 1.15,
                "extent_m": 25_000.0,
                "n_beside": 1,
            },
            (CARGO,),
            "whatever the stream did",
        ),
        ("boat adrift", {"ais_class": "B", "n_turns": 0}, (CARGO,), "nets"),
        ("at a berth", {"near_land": True}, (CARGO,), "300 m"),
        ("engine trouble", {"nav_status": 2}, (CARGO,), "0.4 kn"),
        ("waiting off a port", {"anchorage_distance_m": 1852.0}, (CARGO,), "1.0 nm"),
        ("licensed transfer area", {"in_licensed_sts_area": True}, (CARGO,), "licensed"),
        ("pleasure craft", {}, (36,), "pleasure"),
        ("waiting area", {"in_waiting_area": True}, (CARGO,), "4.0 h"),
        ("waiting for a pilot", {"in_pilot_ground": True}, (CARGO,), "pilot boarding"),
    ],
    "gap": [
        (
            "came to lie at a coast",
            {
                "feed_by_passes": True,
                "is_open": False,
                "was_moving": True,
                "land_ahead": True,
                "distance_m": 1852.0,
                "speed_before_kn": 15.0,
                "implied_speed_kn": 0.3,
            },
            (CARGO,),
            "heard again 1.0 nm from",
        ),
        ("feed outage", {"feed_heard_fraction": 0.6}, (CARGO,), "60%"),
        ("sailing out of range", {"ahead_heard_fraction": 0.2}, (CARGO,), "20%"),
        (
            "sailing out of range",
            {"ahead_heard_fraction": 0.5, "ahead_known_ratio": 0.4, "is_open": True},
            (CARGO,),
            "50%",
        ),
        (
            "sailed on through a hole in reception",
            {
                "duration_s": 4200,
                "speed_before_kn": 12.0,
                "implied_speed_kn": 11.6,
                "silence_probability": 0.03,
            },
            (CARGO,),
            "11.6 kn",
        ),
        (
            "receiver down",
            {"receiver_working_fraction": 0.62, "receiver_heard_fraction": 0.9},
            (CARGO,),
            "62%",
        ),
        (
            "left and came back over the edge",
            {"ahead_known_ratio": 0.05, "astern_known_ratio": 0.0},
            (CARGO,),
            "came back from there",
        ),
        (
            "out over the feed's own edge",
            {"is_open": True, "edge_distance_m": 9260.0, "reachable_distance_m": 50_000.0},
            (CARGO,),
            "5 nm",
        ),
        ("among many that lie there", {"among_many_lying": True, "n_lying": 12}, (CARGO,), "12"),
        ("lay made fast", {"distance_m": 12.0, "was_moving": False}, (CARGO,), "within 12 m"),
        (
            "on its working ground",
            {"was_moving": False, "distance_m": 1852.0, "ground_m": 3704.0},
            (33,),
            "heard again 1.0 nm",
        ),
        (
            "sailing out of range",
            {"by_passes": True, "ahead_heard_fraction": 0.25, "ahead_known_ratio": 0.1},
            (CARGO,),
            "heard seldom",
        ),
        (
            "sailing out of range",
            {"by_passes": True, "feed_by_passes": False, "n_neighbours": 0, "known_fraction": 0.0},
            (CARGO,),
            "whichever way it goes",
        ),
        ("set on and off all day", {"n_alike_silences": 4}, (30,), "4 times"),
        (
            "receiver edge",
            {"n_other_silences": 3, "other_silence_ratio": 0.04, "max_other_silence_ratio": 0.05},
            (CARGO,),
            "4.0%",
        ),
        ("ferry at rest", {"was_moving": False}, (60,), "stopped"),
        (
            "set switched off at rest",
            {
                "was_moving": False,
                "nav_status": 1,
                "distance_m": 50.0,
                "anchorage_distance_m": 3000.0,
            },
            (CARGO,),
            "anchor",
        ),
        ("weak transmitter", {"ais_class": "B"}, (CARGO,), "class B"),
        (
            "at the reach of a weak transmitter",
            {
                "ais_class": "B",
                "longest_interval_s": 600.0,
                "median_interval_s": 90.0,
                "interval_ratio": 14.0,
            },
            (CARGO,),
            "10 min apart",
        ),
        (
            "gear taken in",
            {
                "ais_class": "B",
                "was_moving": False,
                "usual_top_speed_kn": 1.2,
                "speed_before_kn": 1.1,
            },
            (99,),
            "1.2 kn at most",
        ),
        ("working to and fro", ON_ITS_GROUND, (99,), "3.4 times as far"),
        ("call at a port", {"back_in_berth": True}, (CARGO,), "port"),
        ("thin reception", {"heard_fraction": 0.65}, (CARGO,), "65%"),
        (
            "heard far for a while",
            {"neighbour_fraction": 0.0, "as_far_usual_fraction": 0.23, "as_far_fraction": 0.0},
            (CARGO,),
            "23%",
        ),
        (
            "nobody was heard there meanwhile",
            {"neighbour_fraction": 0.0, "missed_probability": 0.0104, "n_chances": 2},
            (CARGO,),
            "1.0%",
        ),
        (
            "lost and found little by little",
            {
                "was_moving": True,
                "heard_in_full_before": False,
                "heard_in_full_after": False,
                "ahead_heard_fraction": 1.0,
            },
            (CARGO,),
            "report by report",
        ),
        (
            "missed by chance",
            {"neighbour_fraction": 1.0, "missed_probability": 0.047, "n_chances": 2},
            (CARGO,),
            "4.7%",
        ),
        (
            "missed by chance",
            {"neighbour_fraction": 0.0, "missed_probability": 1.0, "n_chances": 0},
            (CARGO,),
            "no whole half hour",
        ),
        (
            "missed as others are",
            {"by_passes": True, "n_missed_by_chance": 5.7},
            (CARGO,),
            "about 6 a day",
        ),
    ],
    "geofence": [
        ("ferry routine", {}, (60,), "passenger"),
        ("service routine", {}, (50,), "pilot"),
        ("fishing harbour", {}, (30,), "landed"),
        ("fishing", {"zone_class": "lane"}, (30,), "grounds"),
        (
            "engine trouble",
            {"subkind": "stop", "nav_status": 2, "drift_kn": 1.2},
            (CARGO,),
            "1.2 kn",
        ),
        (
            "pilot boarding",
            {"subkind": "stop", "pilot_ground_fraction": 0.9, "duration_s": 2700},
            (CARGO,),
            "45 min",
        ),
        (
            "manoeuvring off a port",
            {"subkind": "stop", "anchorage_distance_m": 1852.0},
            (CARGO,),
            "1.0 nm",
        ),
        ("at anchor", {"subkind": "stop", "nav_status": 1}, (CARGO,), "10(g)"),
        ("pleasure craft", {}, (36,), "sailing"),
        ("work at sea", {"nav_status": 3}, (CARGO,), "manoeuvre"),
        ("on passage", {"speed_kn": 12.0}, (CARGO,), "12.0 kn"),
        ("on passage", {"subkind": "dwell", "drift_kn": 11.0}, (CARGO,), "without a wait"),
        (
            "anchored or moored",
            {"subkind": "dwell", "drift_kn": 0.02, "duration_s": 43200},
            (CARGO,),
            "12.0 h",
        ),
    ],
}
ROWS = [(kind, *case) for kind, cases in CASES.items() for case in cases]
ALONE = {
    *(("engine trouble", kind) for kind in ("loitering", "geofence")),
    ("ferry at rest", "gap"),
    *((name, "geofence") for name in ("ferry routine", "service routine", "fishing harbour")),
    *((name, "geofence") for name in ("fishing", "work at sea", "at anchor", "pleasure craft")),
}
"""Reasons for which nothing but a statement speaks in `CASES`."""
BASE = {"encounter": MEETING, "loitering": DRIFT, "geofence": VISIT, "gap": SILENCE}


VOYAGE = {"nav_status": 2, "came_kn": 15.0, "resumed_off_deg": 4.0, "n_beside": 0}


@pytest.mark.parametrize(
    ("differs", "weight"),
    [({}, 0.5), ({"resumed_off_deg": 90.0}, STATED_BOUND), ({"n_beside": 1}, STATED_BOUND)],
)
def test_a_breakdown_counts_for_more_on_a_voyage_that_goes_on(
    scene: Any, differs: dict[str, Any], weight: float
) -> None:
    row, told = explained(scene, event("loitering", {**DRIFT, **VOYAGE, **differs}), CARGO)
    assert row["explanation"].startswith("engine trouble: ")
    assert told.weight == weight


def reasons(found: pd.DataFrame) -> tuple[Hypothesis, ...]:
    return HYPOTHESES.get(found["kind"].iloc[0], ())


def explained(scene: Any, found: pd.DataFrame, *types: int) -> tuple[pd.Series, Explained]:
    vessels = scene.vessels(
        *(
            {"mmsi": m, "ship_type": t, "length_m": LENGTHS_M.get(t, 90.0)}
            for m, t in zip((A, B), types, strict=False)
        )
    )
    result = explain.explain(found, scene.context(vessels=vessels), reasons(found))
    evidence: Evidence = result["evidence"].iloc[0]
    assert evidence.explained is not None
    assert Evidence.parse(evidence.json()) == evidence
    return result.iloc[0], evidence.explained


@pytest.mark.parametrize(("kind", "name", "differs", "types", "words"), ROWS)
def test_each_reason(
    scene: Any, kind: str, name: str, differs: dict[str, Any], types: tuple[int, ...], words: str
) -> None:
    differs = dict(differs)
    columns = {"subkind": differs.pop("subkind")} if "subkind" in differs else {}
    found = event(kind, {**BASE[kind], **differs}, **columns)
    row, told = explained(scene, found, *types)
    (weight,) = {h.weight for h in HYPOTHESES[kind] if h.name == name}
    if (name, kind) in ALONE:
        weight = STATED_BOUND
    assert row["explanation"].startswith(f"{name}: ")
    assert words in row["explanation"]
    assert row["score"] == pytest.approx(0.8 * (1 - weight))
    assert row["explanation"] == explain.sentence_of(told)
    assert (told.base_score, told.weight, told.name) == (0.8, weight, name)
    assert told.overturned_by
    assert told.untested == ()


def test_every_reason_has_a_case() -> None:
    named = {(h.name, kind) for kind, reasons in HYPOTHESES.items() for h in reasons}
    assert named == {(name, kind) for kind, name, *_ in ROWS}


def parts_of(value: Any) -> list[Any]:
    """A value and all that it is made of."""
    if is_dataclass(value):
        inner = [getattr(value, one.name) for one in fields(value)]
    elif isinstance(value, dict):
        inner = [*value, *value.values()]
    else:
        inner = list(value) if isinstance(value, tuple | frozenset) else []
    return [value, *(part for one in inner for part in parts_of(one))]


@pytest.mark.parametrize("kind", detectors.names())
def test_reasons_are_data_and_their_sentences_stand_with_nothing_known(kind: str) -> None:
    for one in detectors.find(kind).hypotheses:
        assert not [part for part in parts_of(one) if callable(part)]
        assert one.looks_for.endswith(".")
        assert 0 < one.weight <= 1
        for case in one.cases:
            assert case.says.format(**numbers(dict.fromkeys(places_in(case.says))))


@pytest.mark.parametrize("kind", list(BASE))
def test_two_merchant_ships_have_no_excuse(scene: Any, kind: str) -> None:
    row, told = explained(scene, event(kind, BASE[kind]), CARGO, TANKER)
    assert row["explanation"] == ""
    assert row["score"] == 0.8
    assert told == Explained(0.8)


@pytest.mark.parametrize("kind", ["encounter", "loitering", "geofence"])
def test_an_unknown_type_is_neither_innocence_nor_guilt(scene: Any, kind: str) -> None:
    for types in ((), (0, 0), (-1, -1)):
        row, told = explained(scene, event(kind, BASE[kind]), *types)
        assert row["explanation"] == ""
        assert row["score"] == 0.8
        assert told.untested


def test_the_heaviest_reason_wins(scene: Any) -> None:
    found = event("loitering", {**DRIFT, "nav_status": 2, "near_land": True})
    row, _ = explained(scene, found, 50)
    assert row["explanation"].startswith("pilot vessel on station")
    row, _ = explained(scene, found, CARGO)
    assert row["explanation"].startswith("at a berth")
    left = {**DRIFT, "anchorage_distance_m": 1852.0, "called_afterwards": False}
    row, _ = explained(scene, event("loitering", left), CARGO)
    assert row["explanation"] == "", "it left the port it lay off"


@pytest.mark.parametrize(
    ("differs", "types"),
    [
        ({"duration_s": 7 * 3600}, (CARGO, 50)),  # a pilot boat that stays for seven hours
        ({}, (52, CARGO)),  # a tug that lies still with a ship far out
        ({}, (30, 30)),  # fishing vessels stopped together
        ({"in_anchorage": False}, (TANKER, TANKER)),  # two tankers at sea
    ],
)
def test_close_to_a_reason_but_not_it(
    scene: Any, differs: dict[str, Any], types: tuple[int, int]
) -> None:
    row, _ = explained(scene, event("encounter", {**MEETING, **differs}), *types)
    assert row["explanation"] == ""


def test_at_anchor_but_moving_is_not_believed(scene: Any) -> None:
    row, _ = explained(scene, event("loitering", {**DRIFT, "nav_status": 1}), CARGO)
    assert row["explanation"] == ""


def test_what_a_detector_said_stays(scene: Any) -> None:
    said = "not assessed: no land or zone layer reaches this place"
    for text, score in ((said, 0.0), ("leaving coverage: it was on its way out", 0.1)):
        found = event("encounter", MEETING, score=score, explanation=text)
        row, told = explained(scene, found, CARGO, 50)
        assert (row["explanation"], row["score"]) == (text, score)
        assert told == Explained(score, by_detector=True)
        again, _ = explained(scene, pd.DataFrame([row]), CARGO, 50)
        assert again.equals(row)


@pytest.mark.parametrize(("kind", "name", "differs", "types", "words"), ROWS)
def test_explaining_twice_changes_nothing(
    scene: Any, kind: str, name: str, differs: dict[str, Any], types: tuple[int, ...], words: str
) -> None:
    vessels = scene.vessels(
        *(
            {"mmsi": m, "ship_type": t, "length_m": 20.0 if t == 99 else 90.0}
            for m, t in zip((A, B), types, strict=False)
        )
    )
    context = scene.context(vessels=vessels)
    found = event(kind, {**BASE[kind], **differs})
    once = explain.explain(found, context, reasons(found))
    pd.testing.assert_frame_equal(explain.explain(once, context, reasons(found)), once)
    assert name
    assert words


def test_nothing_and_nobody(scene: Any) -> None:
    found = explain.explain(events.empty(), scene.context(), ())
    pd.testing.assert_frame_equal(found, events.empty())


def test_other_kinds_pass_through(scene: Any) -> None:
    row, told = explained(scene, event("identity", {"duration_s": 7200}), CARGO)
    assert (row["score"], row["explanation"]) == (0.8, "")
    assert told.base_score == 0.8


@pytest.mark.parametrize(
    ("kind", "differs", "types"),
    [
        # Adrift for less than a tide; a boat that goes further than its mooring lets it; a ship.
        ("loitering", {"duration_s": 18_000, "extent_m": 400.0}, (CARGO,)),
        ("loitering", {"duration_s": 46_800, "extent_m": 400.0, "ais_class": "B"}, (0,)),
        ("loitering", {"duration_s": 46_800, "extent_m": 1400.0}, (CARGO,)),
        # Says it is at anchor, and drifts; or said so for a while.
        ("loitering", {"nav_status": 1, "nav_status_fraction": 0.9}, (CARGO,)),
        (
            "loitering",
            {"nav_status": 1, "nav_status_fraction": 0.3, "median_speed_kn": 0.1},
            (CARGO,),
        ),
        # A casualty that is a tug itself and a ship that comes.
        ("encounter", {"nav_status": 2, "duration_s": 4000, "min_distance_m": 5.0}, (52, CARGO)),
        # Two that lie together far out; a boat whose like were heard on its ground all along.
        ("encounter", {"duration_s": 1500, "min_distance_m": 80.0}, (60, CARGO)),
        ("gap", ON_ITS_GROUND | HEARD_ALL_ALONG, (0,)),
        # A feed that passes bring, as quiet as it always is.
        ("gap", {"feed_heard_fraction": 0.54, "feed_usual_fraction": 0.6}, (CARGO,)),
    ],
)
def test_what_is_no_reason(
    scene: Any, kind: str, differs: dict[str, Any], types: tuple[int, ...]
) -> None:
    row, _ = explained(scene, event(kind, {**BASE[kind], **differs}), *types)
    refused = {
        "anchored or moored",
        "anchored in the end",
        "waiting at anchor",
        "tug to a casualty",
        "ferry passing",
        "working to and fro",
    }
    assert row["explanation"].split(":")[0] not in refused


def test_who_is_too_long_for_what_it_says_it_is_has_no_excuse(scene: Any) -> None:
    for ship_type, name in ((30, "fishing"), (52, "tug standing by")):
        for length_m, excused in ((40.0, True), (130.0, False)):
            vessels = scene.vessels({"mmsi": A, "ship_type": ship_type, "length_m": length_m})
            found = event("loitering", DRIFT)
            result = explain.explain(found, scene.context(vessels=vessels), reasons(found))
            assert result["explanation"].iloc[0].startswith(f"{name}: ") == excused


def test_who_fishes_by_conduct_may_have_typed_in_any_length(scene: Any) -> None:
    for share, excused in ((0.43, True), (0.05, False)):
        conduct = {"n_turns": 13, "way_ratio": 1.9, "working_speed_fraction": share}
        found = event("loitering", {**DRIFT, **conduct})
        vessels = scene.vessels({"mmsi": A, "ship_type": 30, "length_m": 95.0})
        result = explain.explain(found, scene.context(vessels=vessels), reasons(found))
        assert result["explanation"].iloc[0].startswith("fishing: ") == excused


def test_a_tow_is_made_up_and_cast_off_near_one_another(scene: Any) -> None:
    pair = {**MEETING, "median_speed_kn": 2.4, "other_median_speed_kn": 2.3, "duration_s": 2400}
    for apart_m, excused in ((200.0, True), (4000.0, False)):
        found = event("encounter", {**pair, "apart_before_m": apart_m, "apart_after_m": 4000.0})
        row, _ = explained(scene, found, 52, CARGO)
        assert row["explanation"].startswith("tug and tow: ") == excused

"""Evidence in readable form: limits beside what was measured, and nothing lost."""

from typing import Any

import pytest

import detectors
from pipelines.ask.explain.evidence import facts, places_of, thresholds

ENCOUNTER: dict[str, Any] = {
    "max_distance_m": 500.0,
    "distance_margin_m": 449.0,
    "median_distance_m": 51.0,
    "min_distance_m": 40.0,
    "min_duration_s": 1800,
    "duration_s": 20400,
    "duration_margin_s": 18600,
    "max_speed_kn": 2.5,
    "median_speed_kn": 0.07,
    "near_land": False,
    "max_silence_s": 1800,
    "base_score": 0.77,
    "first_report_source": "bfc7fd6cbbb339e6:7207142",
}


def test_each_limit_stands_beside_what_was_measured() -> None:
    found = {
        t.name: (t.label, t.measured, t.limit, round(t.margin, 6))
        for t in thresholds("encounter", ENCOUNTER)
    }
    assert found == {
        "max_distance_m": ("median distance", 51.0, 500.0, 449.0),
        "min_duration_s": ("duration", 20400.0, 1800.0, 18600.0),
        "max_speed_kn": ("median speed", 0.07, 2.5, 2.43),
    }


def test_the_nearest_limit_comes_first() -> None:
    shares = [t.share for t in thresholds("encounter", ENCOUNTER)]
    assert shares == sorted(shares)
    assert thresholds("encounter", ENCOUNTER)[0].texts() == ("51 m", "at most 500 m", "449 m less")


def test_nothing_of_the_evidence_is_lost() -> None:
    limits = thresholds("encounter", ENCOUNTER)
    measured, settings = facts("encounter", ENCOUNTER)
    assert [f.name for f in settings] == ["max_silence_s"]
    told = {t.name for t in limits} | {f.name for f in (*measured, *settings)}
    untold = ENCOUNTER.keys() - told - places_of(ENCOUNTER).keys()
    assert untold == {"distance_margin_m", "duration_margin_s", "base_score", "first_report_source"}


def test_a_value_beyond_a_parameter_is_not_called_its_measure() -> None:
    """A parameter that bounds something else must not look like a limit that was broken."""
    found = thresholds("encounter", {"max_speed_kn": 2.5, "speed_kn": 9.0})
    assert found == []
    measured, settings = facts("encounter", {"max_speed_kn": 2.5, "speed_kn": 9.0})
    assert [f.name for f in (*measured, *settings)] == ["speed_kn", "max_speed_kn"]


def test_an_event_of_a_retired_detector_is_still_told() -> None:
    assert "retired" not in detectors.names()
    assert [f.name for f in facts("retired", {"length_m": 9.0})[0]] == ["length_m"]
    assert thresholds("retired", {"min_length_m": 5.0, "length_m_margin": 4.0, "length_m": 9.0})[
        0
    ].measured == pytest.approx(9.0)


def test_reports_are_named_with_their_place() -> None:
    assert places_of(ENCOUNTER) == {"first report": ("bfc7fd6cbbb339e6", 7207142)}

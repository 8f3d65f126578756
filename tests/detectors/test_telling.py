"""What sentences say of where something was."""

from types import SimpleNamespace

import pytest

from detectors.core import telling
from detectors.core.evidence import Evidence
from detectors.kinematics.geodesy import METRES_PER_NM


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"anchorage_distance_m": 9 * METRES_PER_NM}, ", outside any port or anchorage"),
        ({"anchorage_distance_m": 4451 * METRES_PER_NM}, ", where no port or anchorage is drawn"),
        ({"anchorage_distance_m": None}, ", outside any port or anchorage"),
        ({}, ", outside any port or anchorage"),
        ({"anchorage_distance_m": 4451 * METRES_PER_NM, "near_land": True}, ", close to land"),
        ({"anchorage_distance_m": 4451 * METRES_PER_NM, "zones_reached": False}, ""),
    ],
)
def test_no_port_far_and_wide_is_a_hole_in_the_chart(facts, said):
    words = SimpleNamespace(say=telling.plain)
    assert telling.surroundings(Evidence((), facts, {}), words) == said


def test_of_two_over_the_edge_of_a_transfer_area_nothing_is_told_that_the_other_denies():
    """They drift together: of each it is told what lies around its own middle."""
    words = SimpleNamespace(say=telling.plain)
    own, other = (
        telling.surroundings(Evidence((), {"in_sts_area": inside}, {}), words)
        for inside in (True, False)
    )
    assert own.startswith(other)
    assert own != other


@pytest.mark.parametrize("given", ["SGP", "Singapore"])
def test_a_state_is_named_as_the_reader_does_however_it_is_given(given):
    assert telling.state(given, lambda text: {"Singapore": "Singapura"}.get(text, text)) == (
        "Singapura"
    )
    assert telling.state("Somalia", telling.plain) == "Somalia"

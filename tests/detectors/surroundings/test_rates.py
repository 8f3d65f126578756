"""How often vessels fall silent: the fit against draws, and what a day may know."""

import numpy as np
import pytest

from detectors.surroundings import coverage
from detectors.surroundings.rates import Prior, Rates, fitted

ROWS, COLUMNS = 1801, 3600


def rates(cells: list[tuple[int, int, int, int, int]]) -> Rates:
    """Rates of (slot, row, column, vessels, silences)."""
    slot, row, column, *values = (np.array(part, "int64") for part in zip(*cells, strict=True))
    key = coverage.cell_key(slot, row, column)
    order = np.argsort(key)
    return Rates(key[order], np.array(values, "float64")[:, order], ROWS, COLUMNS)


@pytest.mark.parametrize(("mean", "strength"), [(0.02, 30.0), (0.1, 5.0)])
def test_fit_finds_the_distribution_that_samples_were_drawn_from(mean, strength):
    random = np.random.default_rng(0)
    n = random.integers(20, 200, 3000)
    chance = random.beta(mean * strength, (1 - mean) * strength, len(n))
    found = fitted(random.binomial(n, chance).astype(float), n.astype(float))
    assert found[0] == pytest.approx(mean, rel=0.1)
    assert found[1] == pytest.approx(strength, rel=0.25)


def test_places_that_are_all_alike_speak_for_one_another():
    n = np.full(400, 50.0)
    silences = np.random.default_rng(0).binomial(50, 0.02, 400).astype(float)
    assert fitted(silences, n)[1] == 100.0


def test_a_place_hardly_known_is_judged_as_others_are_and_a_well_known_one_by_itself():
    prior = Prior(np.array(0.02), np.array(20.0))
    assert prior.updated(np.array(0), np.array(1)) == pytest.approx(0.4 / 21)
    assert prior.updated(np.array(0), np.array(2000)) < 0.001
    assert prior.updated(np.array(90), np.array(2)) == 1.0  # hulls of one number
    # Of a night on which every tenth falls silent nothing less is thought of a place unknown.
    busy = Prior(np.array(0.1), np.array(20.0))
    assert busy.updated(np.array(0), np.array(2)) > 4 * prior.updated(np.array(0), np.array(2))


def test_a_day_knows_nothing_of_the_half_hour_itself_nor_of_what_came_later():
    past = [(100, 912, 2838 + k, 30, k % 2) for k in range(20)]
    later = [(101 + n, 912, 2838 + k, 30, 30) for n in range(3) for k in range(20)]
    long_ago = [(52, 912, 2838 + k, 30, 30) for k in range(20)]
    asked = np.array([101, 101])
    alone, among = rates(past).before(asked), rates([*past, *later, *long_ago]).before(asked)
    np.testing.assert_array_equal(alone, among)
    assert alone.mean[0] == pytest.approx((10 + 0.5) / (600 + 1))


def test_of_half_a_day_twice_as_many_are_a_day():
    known = rates([(100 + n, 912, 2838 + k, 3, 0) for n in range(24) for k in range(2)])
    found = known.heard_a_day(np.array([100, 124, 148, 160]), known)
    assert found.tolist() == [0.0, 288.0, 144.0, 72.0]


def test_of_who_is_heard_later_than_others_no_more_are_a_day_than_of_all():
    later = [(112 + n, 912, 2838, 5, 0) for n in range(12)]
    feed = rates([(100 + n, 912, 2839, 1, 0) for n in range(24)] + later)
    asked = np.array([113, 124, 148])
    assert rates(later).heard_a_day(asked, feed).tolist() == [5 * 48 / 13, 120.0, 60.0]


def test_a_feed_across_the_antimeridian_has_its_edge_where_it_ends():
    known = rates([(100, 912, (3595 + k) % 3600, 3, 0) for k in range(10)])
    lon = np.array([179.51, -180.0, -179.51])
    found = known.edge_m(np.full(3, 1.25), lon, np.full(3, 101))
    assert found == pytest.approx([1112, 5560, 1112], abs=15)


def test_distance_to_the_edge_of_the_box_that_a_feed_is_cut_to():
    # Cells from 1.2 to 1.3 N, 103.8 to 104.8 E.
    known = rates([(100, 912, 2838 + k, 3, 0) for k in range(10)])
    lat, lon = np.array([1.25, 1.25, 1.25, 1.25]), np.array([104.3, 104.79, 104.9, 104.3])
    found = known.edge_m(lat, lon, np.array([101, 101, 101, 500]))
    assert found[:3] == pytest.approx([5560, 1112, 0], abs=15)
    assert np.isnan(found[3])

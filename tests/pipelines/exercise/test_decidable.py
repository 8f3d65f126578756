"""What can be told from what was heard of planted events."""

from types import SimpleNamespace

import numpy as np

from pipelines.exercise.decidable import Ear, undecidable
from pipelines.exercise.truth import Planted

HOUR = 3600.0
SHIP, OTHER, THIRD = 1, 2, 3


def lying(mmsi, lat=4.0, lon=100.0):
    """An actor that lies still."""

    def at(t):
        return np.full(len(t), lat), np.full(len(t), lon)

    return SimpleNamespace(ship=SimpleNamespace(mmsi=mmsi), afloat=SimpleNamespace(at=at))


def planted(kind, mmsi, other=0, start=0.0, end=4 * HOUR):
    return Planted(kind, mmsi, other, start, end, 100.0, 4.0, True, "")


def why(events, actors, heard):
    """Why the first event can't be told, from which actor was heard when."""
    ear = Ear(events, actors)
    who, when = np.array(heard, "float64").reshape(-1, 2).T
    ear.hear(who.astype("int64"), when)
    return undecidable(events[0], ear.heard()[0])


def test_who_falls_silent_in_the_same_story_shows_no_reception():
    """It is heard on for a quarter of an hour, and then no more than the other."""
    actors = [lying(SHIP), lying(OTHER, 4.1), lying(THIRD, 4.1)]
    pair = [planted("gap", SHIP), planted("possible_meeting", SHIP, OTHER, 0.25 * HOUR)]
    assert why(pair, actors, [(1, 600.0)]).startswith("nobody else was heard")
    assert why(pair, actors, [(2, 600.0)]) == ""
    assert why(pair[:1], actors, [(1, 600.0)]) == ""


def test_a_mother_ship_of_which_one_visit_is_heard_is_undecidable():
    actors = [lying(SHIP), lying(OTHER), lying(THIRD)]
    story = [
        planted("mother_ship", SHIP),
        planted("encounter", SHIP, OTHER, HOUR, 1.5 * HOUR),
        planted("encounter", SHIP, THIRD, 2 * HOUR, 2.5 * HOUR),
    ]
    ship = [(0, t) for t in np.arange(0, 4 * HOUR, 600.0)]
    one = [(1, 1.1 * HOUR), (1, 1.2 * HOUR)]
    assert why(story, actors, ship + one).startswith("0 reports")
    assert why(story, actors, [*ship, *one, (2, 2.1 * HOUR), (2, 2.2 * HOUR)]) == ""


def test_of_a_number_heard_once_nobody_can_tell_who_goes_on_as_it():
    """Its reports count outside the minutes of the hand-over too: they are what shows the way."""
    actors = [lying(SHIP), lying(OTHER)]
    taken_over = [planted("identity", SHIP, OTHER, 2 * HOUR, 2.1 * HOUR)]
    after = [(1, 3 * HOUR), (1, 3.1 * HOUR)]
    assert why(taken_over, actors, [(0, HOUR), *after]).startswith("1 report of one")
    assert why(taken_over, actors, [(0, HOUR), (0, 1.5 * HOUR), *after]) == ""

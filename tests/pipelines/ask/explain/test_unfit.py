"""What keeps an innocent reason from fitting is told as it was measured, in each language."""

import pytest

import detectors
from detectors.core.evidence import Evidence
from detectors.core.hypothesis import (
    All,
    Any,
    Case,
    Compare,
    Hypothesis,
    Is,
    Known,
    Not,
    Some,
    Vessel,
)
from pipelines.ask.explain.unfit import Lack, lacks
from pipelines.base.labels import labels

ENGLISH = labels("en")


def reason(*cases: object) -> Hypothesis:
    return Hypothesis("r", 0.5, tuple(Case(one, "") for one in cases), "", "")  # type: ignore[arg-type]


def test_of_several_cases_the_nearest_is_told() -> None:
    known = Known(
        "encounter",
        "",
        Evidence.of({"duration_s": 7200.0, "min_distance_m": 20.0, "in_pilot_ground": False}),
        (70, 30),
        (100.0, 20.0),
    )
    short = Compare("duration_s", "<=", 3600.0)
    far = All(short, Compare("min_distance_m", ">", 50.0), Is("in_pilot_ground"))
    near = All(short, Not(Compare("min_distance_m", "<", 10.0)))
    assert lacks(reason(far, near), known, ENGLISH) == (
        Lack("how long", "2.0 h", "at most 60 min"),
    )
    assert len(lacks(reason(far), known, ENGLISH)) == 3
    assert lacks(reason(near, Is("in_pilot_ground", False)), known, ENGLISH) == ()
    pilot = Some(Vessel(types=frozenset({50})))
    assert lacks(reason(pilot), known, labels("ms")) == (
        Lack("jenis yang dinyatakan", "kapal kargo, kapal nelayan", "bot malim"),
    )
    no_fisher = Not(Any(Some(Vessel(types=frozenset({30}))), Compare("duration_s", ">", 1.0)))
    assert [one.wanted for one in lacks(reason(no_fisher), known, ENGLISH)] == [
        "anything but fishing vessel",
        "at most 1 s",
    ]


@pytest.mark.parametrize("language", ["en", "ms"])
def test_whatever_does_not_fit_says_why(language: str) -> None:
    """Of an event of which nothing was measured, and of one of which all was."""
    words = labels(language)
    for name in detectors.names():
        for one in detectors.reasons_of(name):
            for ships in ((), (0,), (70, 30)):
                known = Known(name, "", Evidence.of({}), ships, (0.0,) * len(ships))
                fits = one.fitting(known) is not None
                told = lacks(one, known, words)
                assert bool(told) != fits, one.name
                for lack in told:
                    assert all((lack.what, lack.measured, lack.wanted))
                    assert "Inggeris" not in f"{lack.what} {lack.measured} {lack.wanted}", lack

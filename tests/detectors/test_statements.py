"""What a crew says takes a bounded share of a score, whatever a table holds."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import detectors
from detectors.core import hypothesis as reasons
from detectors.core.evidence import Evidence
from detectors.core.hypothesis import Case, Compare, Hypothesis, Is, Known, Not, Some, Vessel
from detectors.core.statements import STATED, STATED_BOUND, TELLS_NOTHING

FISHES = Some(Vessel(types=reasons.FISHING))
TURNS = Compare("n_turns", ">=", 2.0)
SHORT = Compare("own_length_m", "<=", 45.0)
NUMBERS = sorted(n for n in STATED | TELLS_NOTHING if n.endswith(("_m", "_s", "_fraction")))
FACTS = ("small_craft", "both_small_craft", "brief_meeting", "is_open", "zones_reached")


def asks_a_vessel(case: Case) -> bool:
    """Tell whether a statement takes part, by how the case is written."""
    text = repr(case.when)
    return "Vessel(" in text or any(f"'{name}'" in text for name in STATED)


def subkinds_of(kind: str) -> list[str]:
    """Return the subkinds that the table of a detector names, and none."""
    text = repr(detectors.find(kind).hypotheses)
    return ["", *sorted(set(re.findall(r"Subkind\(of=\('(\w+)'", text)))]


@st.composite
def said(draw: st.DrawFn) -> dict[str, Any]:
    """All that crews can say, and what holds of any event: nothing that was measured."""
    facts: dict[str, Any] = {name: draw(st.none() | st.floats(0.0, 1e6)) for name in NUMBERS}
    facts |= {name: draw(st.none() | st.booleans()) for name in FACTS}
    facts |= {name: draw(st.integers(0, 15)) for name in ("nav_status", "other_nav_status")}
    facts["ais_class"] = draw(st.sampled_from(["A", "B", ""]))
    facts["zone_class"] = draw(st.sampled_from(["lane", "landing_place", "anchorage"]))
    facts["story"] = facts["other_story"] = "loitering"
    return {name: value for name, value in facts.items() if value is not None}


@pytest.mark.parametrize("kind", detectors.names())
@settings(deadline=None)
@given(data=st.data())
def test_no_statement_excuses_by_more_than_the_bound(kind: str, data: st.DataObject) -> None:
    n = data.draw(st.sampled_from([1, 2]))
    known = Known(
        kind,
        data.draw(st.sampled_from(subkinds_of(kind))),
        Evidence.of(data.draw(said())),
        tuple(data.draw(st.lists(st.integers(-1, 99), min_size=n, max_size=n))),
        tuple(data.draw(st.lists(st.floats(0.0, 400.0), min_size=n, max_size=n))),
    )
    for one in detectors.find(kind).hypotheses:
        case = one.fitting(known)
        if case is not None and asks_a_vessel(case):
            assert one.weight_of(case) <= STATED_BOUND, one.name


@pytest.mark.parametrize("kind", detectors.names())
def test_no_table_claims_more_than_it_takes(kind: str) -> None:
    for one in detectors.find(kind).hypotheses:
        assert max(map(one.weight_of, one.cases)) == one.weight, one.name


@pytest.mark.parametrize(
    ("when", "weight"),
    [
        (FISHES, STATED_BOUND),
        (reasons.All(FISHES, SHORT), STATED_BOUND),
        (reasons.All(FISHES, Compare("duration_s", "<=", 3600.0)), STATED_BOUND),
        (reasons.All(FISHES, Is("ais_class", "B")), STATED_BOUND),
        (reasons.All(FISHES, Not(TURNS)), STATED_BOUND),
        (reasons.Any(FISHES, TURNS), STATED_BOUND),
        (reasons.All(FISHES, Is("near_land", None)), STATED_BOUND),
        (reasons.All(FISHES, TURNS), 0.8),
        (reasons.All(SHORT, reasons.Any(TURNS, Is("near_land"))), 0.8),
        (Some(Vessel(types=reasons.PILOT, facts={"came_from_port": True})), 0.8),
        (TURNS, 0.8),
        (Not(TURNS), 0.8),
    ],
)
def test_a_case_weighs_by_what_it_rests_on(when: reasons.When, weight: float) -> None:
    one = Hypothesis("x", 0.8, "X.", "x", Case("x", when))
    assert one.weight_of(one.cases[0]) == weight


def test_conduct_that_fits_is_told_before_the_statement() -> None:
    alone, fitting = Case("says so", FISHES), Case("and turns", FISHES, TURNS)
    one = Hypothesis("fishing", 0.8, "X.", "x", alone, fitting)
    types, lengths = (30,), (20.0,)
    turns = Known("loitering", "", Evidence.of({"n_turns": 4}), types, lengths)
    drifts = Known("loitering", "", Evidence.of({"n_turns": 0}), types, lengths)
    assert (one.fitting(turns), one.fitting(drifts)) == (fitting, alone)


def test_a_reason_written_in_the_old_order_is_refused_where_it_stands() -> None:
    """Of one's own, from before cases stood last: it would fail when an event is asked."""
    with pytest.raises(TypeError, match="and then all that must hold"):
        Case(FISHES, "says so")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="missing"):
        Case("says so")  # type: ignore[call-arg]  # would excuse every event
    with pytest.raises(TypeError, match="'fishing' stand behind"):
        Hypothesis("fishing", 0.8, (Case("says so", FISHES),), "X.", "x")  # type: ignore[arg-type]


def test_unknown_is_neither_small_nor_large() -> None:
    unknown = Known("loitering", "", Evidence(), (30,), (float("nan"),))
    assert not SHORT.holds(unknown)
    assert not Compare("own_length_m", ">", 45.0).holds(unknown)

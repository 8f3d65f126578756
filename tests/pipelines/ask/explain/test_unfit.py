"""What keeps an innocent reason from fitting is told as it was measured, in each language."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

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
    Subkind,
    Vessel,
)
from pipelines.ask.explain import unfit
from pipelines.ask.explain.reasons import NO, UNTRIED, considered, not_tried, tried
from pipelines.ask.explain.unfit import Lack
from pipelines.base.labels import Labels, labels

ENGLISH = labels("en")


def lacks(one: Hypothesis, known: Known, words: Labels) -> tuple[Lack, ...]:
    return unfit.lacks(unfit.cases(one, known, words))


def untried(one: Hypothesis, known: Known, words: Labels) -> str:
    return unfit.untried(one, known, unfit.cases(one, known, words), words)


def reason(*cases: object) -> Hypothesis:
    return Hypothesis("r", 0.5, "", "", *(Case("", one) for one in cases))  # type: ignore[arg-type]


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
        Lack("how long, as measured", "2.0 h", "at most 60 min"),
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


def test_what_is_for_other_events_or_asks_what_is_not_known_was_not_tried() -> None:
    known = Known("identity", "hand_over", Evidence.of({"speed_kn": 13.0}), (70, 0), (0.0, 0.0))
    slow, hulls = Compare("speed_kn", "<", 1.0), Compare("n_hulls", ">", 1.0)
    two, names = Subkind(("two_hulls",)), Subkind(("changed_name", "look_alike"))
    for of, said in (
        ((All(two, slow),), "only for two hulls under one number"),
        ((two, names), "only for two hulls under one number, a changed name, names alike"),
        ((All(Not(Subkind(("hand_over",))), hulls),), "not for changed number"),
        ((hulls,), "not known: hulls under the number"),
        ((All(slow, hulls),), ""),  # it was fast, whatever is known of hulls
        ((slow, hulls), "not known: hulls under the number"),  # that may fit
        ((Any(slow, hulls),), "not known: hulls under the number"),
        ((Any(two, slow),), ""),  # is for such an event too
        ((two, slow), ""),
        ((Compare("speed_kn", "<", "n_hulls"),), "not known: hulls under the number"),
    ):
        assert untried(reason(*of), known, ENGLISH) == said
    assert [one.what for one in lacks(reason(All(slow, hulls)), known, ENGLISH)] == ["speed"]
    typed = Hypothesis("r", 0.5, "", "", Case("", slow), needs_types=True)
    assert untried(typed, known, ENGLISH) == "not every vessel sent its type"


def test_only_what_was_tried_is_counted() -> None:
    about = {"detector": "identity", "kind": "identity", "subkind": "hand_over", "explanation": ""}
    facts = {"speed_kn": 13.0, "other_speed_kn": 13.0, "says_otherwise": True}
    found = considered(about, Evidence.of(facts), (70, 70), (200.0, 200.0))
    names = {one.name: one.verdict for one in found}
    assert names["one berths, another sails"] == names["tow made up"] == NO
    assert names["wrong number typed"] == names["default number"] == UNTRIED
    rest = " ".join(f"{why}: {those}" for why, those in not_tried(found))
    assert {one.name for one in tried(found)} == {k for k, v in names.items() if v != UNTRIED}
    assert all(name in rest for name, verdict in names.items() if verdict == UNTRIED)


def test_kinds_that_reasons_are_for_are_told_apart() -> None:
    for name in detectors.names():
        asked = {
            one
            for reason in detectors.reasons_of(name)
            for case in reason.cases
            for one in subkinds(case.when)
        }
        told = {}
        for one in asked:
            known = Known(name, "none such", Evidence.of({}))
            told[one] = untried(reason(Subkind((one,))), known, ENGLISH)
            assert told[one] != untried(reason(Subkind(("another",))), known, ENGLISH), one
        assert len(set(told.values())) == len(told), name


def subkinds(when: object) -> Iterator[str]:
    """Yield the subkinds that a condition asks for, however deep."""
    if isinstance(when, Subkind):
        yield from when.of
    elif isinstance(when, tuple):
        for part in when:
            yield from subkinds(part)
    elif is_dataclass(when):
        for part in fields(when):
            yield from subkinds(getattr(when, part.name))

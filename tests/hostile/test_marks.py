"""What looks like a name in a rule of marks has its mark, however the name is written."""

import pytest

from pipelines.base.marks import Mark, MarkRules, Tlp

RULES = MarkRules.model_validate(
    {
        "default": {"tlp": "GREEN", "rel": "ALL"},
        "feeds": [{"feed": "caf\u00e9 *", "tlp": "RED", "rel": []}],
        "sightings": [
            {"source": "informant caf\u00e9 *", "tlp": "RED", "rel": []},
            {"file": "caf\u00e9 *", "tlp": "RED", "rel": []},
        ],
        "watchlists": [{"watchlist": "caf\u00e9 *", "tlp": "RED", "rel": []}],
    }
)
SAME = {
    "accents": "cafe\u0301 7",
    "no-break": "caf\u00e9\u00a07",
    "two blanks": "caf\u00e9  7",
    "blanks around": " caf\u00e9 7 ",
    "zero width": "caf\u200b\u00e9 7",
    "turned": "caf\u00e9\u202e 7",
    "wide letters": "\uff23\uff21\uff26\u00c9 7",
    "case": "CAFE\u0301 7",
}


@pytest.mark.parametrize("name", SAME.values(), ids=SAME)
def test_a_name_that_looks_like_that_of_a_rule_has_its_mark(name: str) -> None:
    marks = [
        RULES.of_feed(f"/feeds/{name}"),
        RULES.of_watchlist(name),
        RULES.of_sighting(name, "a patrol"),
        RULES.of_sighting("a.csv", f"informant {name}"),
        RULES.of_sighting("a.csv", f"informant\u00a0{name}"),
    ]
    assert {mark.tlp for mark in marks} == {Tlp.RED}


def test_another_name_has_not() -> None:
    assert RULES.of_sighting("a.csv", "informant cafe 7").tlp == Tlp.GREEN
    assert RULES.of_feed("/caf\u00e9 7/feed").tlp == Tlp.GREEN


@pytest.mark.parametrize(
    ("held", "most", "may"),
    [
        ({"MYS"}, Tlp.AMBER, True),
        ({"AUS", "IDN"}, Tlp.RED, True),
        ({"IDN"}, Tlp.RED, False),
        (set(), Tlp.RED, False),
        ({"MYS"}, Tlp.GREEN, False),
    ],
)
def test_a_record_is_for_who_holds_a_name_of_its_list_and_may_have_its_label(
    held: set[str], most: Tlp, may: bool
) -> None:
    mark = Mark(Tlp.AMBER, frozenset({"MYS", "AUS"}))
    assert mark.releasable(frozenset(held), most) is may
    assert Mark(Tlp.AMBER, None).releasable(frozenset(held), most) is (most != Tlp.GREEN)
    assert not Mark(Tlp.AMBER, frozenset()).releasable(frozenset(held), most)


def test_a_plan_that_no_rule_names_has_the_mark_of_all_else() -> None:
    assert RULES.of_plan() == RULES.of_feed("x") == Mark(Tlp.GREEN, None)

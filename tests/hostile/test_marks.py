"""What looks like a name in a rule of marks has its mark, however the name is written."""

import pytest

from pipelines.base.marks import MarkRules, Tlp

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

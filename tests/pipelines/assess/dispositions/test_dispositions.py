"""What was concluded about flags: recorded, kept, and what it sets aside."""

from typing import Any

import pandas as pd
import pytest

from detectors.core import events, frames
from pipelines.assess.dispositions import PART, DispositionError, make, newest, set_aside
from pipelines.assess.dispositions.outcomes import closed, holding, standing, told
from pipelines.base.schemas import DISPOSITIONS
from tests.making import event_row

NIGHT = pd.Timestamp("2026-01-05T16:00", tz="UTC")
MADE = pd.Timestamp("2026-01-06T02:00", tz="UTC")


def event(hours: float = 1.0, **other: Any) -> dict[str, Any]:
    begin = NIGHT + pd.Timedelta(hours=hours)
    end = begin + pd.Timedelta(hours=3)
    return event_row("loitering", begin, end, **{"score": 0.4, **other})


def concluded(on: dict[str, Any], conclusion: str = "benign_cause", **how: Any) -> pd.DataFrame:
    given = {
        "made_time": MADE,
        "author": "an analyst",
        "reason": "waits for the tide here",
        "quiet_until": None,
        "quiet_within_m": 9260.0,
        **how,
    }
    [row] = events.build([on]).to_dict("records")
    return make(row, 0, conclusion=conclusion, **given)


def aside(later: dict[str, Any], *known: pd.DataFrame) -> bool:
    return bool(set_aside(events.build([later]), pd.concat(known, ignore_index=True))[0])


def test_it_copies_the_behaviour_it_speaks_of() -> None:
    row = concluded(event())
    frames.validate(row, DISPOSITIONS)
    assert row["start"].iloc[0] == NIGHT + pd.Timedelta(hours=1)
    assert row["disposition_id"].iloc[0].endswith("-1")


WEEK = NIGHT + pd.Timedelta(days=7)


def test_the_like_is_set_aside_by_the_time_and_place_of_the_behaviour() -> None:
    quiet = concluded(event(), quiet_until=WEEK)
    assert aside(event(), quiet)
    assert aside(event(24 * 6), quiet)
    assert not aside(event(24 * 7), quiet), "it has expired"
    assert not aside(event(-5), quiet), "what came before wasn't looked at"
    assert not aside(event(24, lat=4.2), quiet), "12 nm away"
    assert not aside(event(24, mmsi=533000002), quiet)
    assert not aside(event(24, kind="gap"), quiet)
    assert not aside(event(24), concluded(event())), "nothing was said of later ones"


def test_the_same_story_is_set_aside_when_late_reports_move_its_beginning() -> None:
    assert aside(event(-1), concluded(event(), quiet_until=WEEK)), "it goes on into that one"


def test_what_was_set_aside_stays_so_while_it_drifts_on() -> None:
    quiet = concluded(event(), quiet_until=WEEK)
    drifted = event(lat=4.3)
    assert events.build([drifted])["event_id"].tolist() == quiet["event_id"].tolist()
    assert aside(drifted, quiet)
    assert not aside(drifted, concluded(event()))


def test_the_newest_conclusion_on_an_event_holds() -> None:
    quiet = concluded(event(), quiet_until=WEEK)
    later = concluded(event(), "watch", made_time=MADE + pd.Timedelta(hours=5))
    assert list(newest(pd.concat([later, quiet]))["conclusion"]) == ["watch"]
    assert not aside(event(24), quiet, later)


@pytest.mark.parametrize(
    ("conclusion", "how", "words"),
    [
        ("fine", {}, "no conclusion"),
        ("cleared", {"reason": " "}, "author and its reason"),
        ("cleared", {"author": ""}, "author and its reason"),
        ("boarded", {"quiet_until": WEEK}, "can't set"),
        ("watch", {"quiet_until": WEEK}, "can't set"),
        ("cleared", {"quiet_until": NIGHT}, "set aside nothing"),
    ],
)
def test_what_cannot_be_concluded(conclusion: str, how: dict[str, Any], words: str) -> None:
    with pytest.raises(DispositionError, match=words):
        concluded(event(), conclusion, **how)


def test_who_sets_nothing_aside_is_told_from_when_on_it_would() -> None:
    with pytest.raises(DispositionError) as told:
        concluded(event(), "cleared", quiet_until=NIGHT)
    assert told.value.hint == "name a time after 2026-01-06 01:00 MYT"


def test_nothing_known_sets_nothing_aside() -> None:
    assert not set_aside(events.build([event()]), frames.empty(DISPOSITIONS)).any()


def test_who_concluded_takes_the_last_one_back_and_what_held_before_holds_again() -> None:
    def one(hours: float, what: str, author: str = "A", reason: str = "seen") -> pd.DataFrame:
        made = MADE + pd.Timedelta(hours=hours)
        until = WEEK if what == "benign_cause" else None
        return concluded(
            event(), what, author=author, reason=reason, made_time=made, quiet_until=until
        )

    def held(*rows: pd.DataFrame) -> list[str]:
        return newest(pd.concat(rows))["conclusion"].tolist()

    quiet, watch = one(0, "benign_cause"), one(1, "watch")
    back = one(2, "withdrawn")
    assert held(quiet, watch, back) == ["benign_cause"]
    assert aside(event(24), quiet, watch, back), "as if it hadn't been concluded"
    assert held(quiet, watch, back, one(3, "withdrawn")) == []
    assert not aside(event(24), quiet, one(2, "withdrawn"))
    assert held(quiet, watch, one(2, "withdrawn", "B")) == ["watch"], "not another's"
    part = one(2, "withdrawn", reason=f"{PART}TLP:GREEN shows] seen")
    assert held(quiet, watch, part) == ["watch"], "nor that of who saw a part"
    assert held(quiet, one(1, "withdrawn"), one(2, "boarded")) == ["boarded"]


def test_what_closes_a_lead() -> None:
    held = {key: {"conclusion": what} for key, what in zip("abcde", LOOKED, strict=True)}
    assert [standing([key], held) for key in "abcde"] == [*["closed"] * 3, "watched", "open"]
    assert standing(["a", "b"], held) == "closed"
    assert standing(["a", "e"], held) == "open"
    assert standing(["e", "d"], held) == "watched"
    assert standing(["a", "new"], held) == "", "what happened after a conclusion"
    [row] = concluded(event(), "cleared")["event_id"]
    assert holding(concluded(event(), "cleared"), {"heir": row})["heir"]["conclusion"] == "cleared"


def test_what_was_concluded_says_on_how_many_of_the_events() -> None:
    said = concluded(event(), "cleared")
    [row] = said["event_id"]
    held = holding(said, {})
    assert told([[row], [row, "new"], ["new"]], held) == [
        "cleared (an analyst: waits for the tide here)",
        "cleared (an analyst: waits for the tide here), on 1 of its 2 events",
        "",
    ]
    assert closed(said, {}) == {row}
    assert closed(said, {"heir": row}) == {row, "heir"}
    assert closed(concluded(event(), "watch"), {}) == set()


LOOKED = ("boarded", "cleared", "benign_cause", "watch", "unknown")

"""What the holder of a pack may have to be told."""

from typing import Any

import pandas as pd

from pipelines.publish.packs.standing import REOPENED, cleared_since, due, innocent, moved

SENT = {"pack": "p", "number": 3, "time": "2026-11-28T09:00:00Z"}
LEADS = pd.DataFrame(
    {"event_id": ["a", "b", "c"], "told_id": ["1", "2", "3"], "lat": 3.0, "lon": 100.0}
)


def said(**conclusions: tuple[str, str]) -> pd.DataFrame:
    """Newest conclusions: by event what and when."""
    return pd.DataFrame(
        {
            "disposition_id": [f"{one}-1" for one in conclusions],
            "event_id": list(conclusions),
            "conclusion": [what for what, _ in conclusions.values()],
            "made_time": pd.to_datetime([f"2026-11-28T{at}Z" for _, at in conclusions.values()]),
        }
    )


def told(number: int, **corrected: str) -> dict[str, Any]:
    return {"corrects": "p", "number": number, "corrected": corrected}


def test_what_was_cleared_before_a_pack_went_is_no_correction() -> None:
    """Who sent it knew."""
    newest = said(a=("cleared", "08:00"), b=("benign_cause", "10:00"), c=("watch", "10:00"))
    assert cleared_since(newest, {}, SENT) == {"b"}


def test_what_was_cleared_since_a_pack_went_is_known_whatever_the_clock_says() -> None:
    """Who set it back by three hours after the pack has a correction all the same."""
    newest = said(a=("cleared", "08:00"), b=("benign_cause", "07:00"), c=("cleared", "10:00"))
    assert cleared_since(newest, {}, SENT, {"a-1", "c-1"}) == {"b"}
    assert cleared_since(newest, {}, SENT, ()) == {"a", "b", "c"}


def test_a_lead_is_cleared_where_what_its_story_went_on_in_is() -> None:
    heirs = {"d": "b", "b": "a"}
    assert cleared_since(said(d=("cleared", "10:00")), heirs, SENT) == {"d", "b", "a"}


def test_what_was_told_is_due_again_only_where_it_is_not_cleared_any_more() -> None:
    lines = [told(4, **{"1": "cleared", "2": "moved"})]
    assert due(LEADS, {"a"}, SENT, lines)["told_id"].tolist() == ["2", "3"]
    open_again = due(LEADS, set(), SENT, lines)
    assert open_again["told_id"].tolist() == ["1", "2", "3"]
    assert open_again["reopens"].tolist() == [True, False, False]


def at(*lat: float) -> tuple[pd.Series, pd.Series]:
    return pd.Series(lat), pd.Series([100.0] * len(lat))


def test_what_moved_is_due_again_where_it_moves_on_or_is_gone() -> None:
    """A boat that was sent after a lead goes where the last correction said."""
    lines = [
        {**told(4, **{"1": "moved", "2": "withdrawn"}), "moved_to": {"1": (3.5, 100.0)}},
        {**told(5, **{"3": "moved"}), "moved_to": {"3": (3.1, 100.0)}},
    ]
    leads = due(LEADS, set(), SENT, lines)
    assert leads["told_id"].tolist() == ["1", "2", "3"]
    assert leads["gone"].tolist() == [False, True, False]
    assert moved(leads, *at(3.5, 3.0, 3.1)).tolist() == [False, False, False]
    assert moved(leads, *at(3.0, 3.4, 3.5)).tolist() == [True, True, True]
    # Of what is open again it is said that it is as the pack told it, unless it lies elsewhere.
    lines.append(told(6, **{"1": "cleared"}))
    assert moved(due(LEADS, set(), SENT, lines), *at(3.5, 3.0, 3.1)).tolist()[0]
    lines.append({**told(7, **{"1": "reopened"}), "moved_to": {}})
    assert due(LEADS, set(), SENT, lines)["told_lat"].tolist() == [3.0, 3.0, 3.1]


def test_where_an_older_version_said_that_a_lead_is_it_is_asked_for_by_the_pack() -> None:
    leads = due(LEADS, set(), SENT, [told(4, **{"1": "moved"})])
    assert leads["told_lat"].isna().tolist() == [True, False, False]
    assert moved(leads, *at(3.5, 3.5, 3.0)).tolist() == [True, True, False]


def test_what_was_called_withdrawn_is_told_as_cleared_where_it_would_be_open_again() -> None:
    """With what was cleared told, a pack said "open again" of a lead that was cleared here."""
    cleared = {"a", "b", "c"}
    leads = due(LEADS, cleared, SENT, [told(4, **{"1": "withdrawn", "2": "withdrawn"})])
    again = leads[leads["told_id"] == "1"].assign(correction=REOPENED)
    assert innocent(leads, cleared, again)["told_id"].tolist() == ["1", "3"]
    assert innocent(leads, (), again).empty


def test_what_was_reopened_may_be_cleared_again_and_reopened_once_more() -> None:
    lines = [told(4, **{"1": "cleared"}), told(5, **{"1": "reopened"})]
    again = due(LEADS, set(), SENT, lines)
    assert (again["told_id"].tolist(), again["reopens"].any()) == (["1", "2", "3"], False)
    lines.append(told(6, **{"1": "cleared"}))
    assert due(LEADS, set(), SENT, reversed(lines))["reopens"].tolist() == [True, False, False]
    assert "1" not in due(LEADS, {"a"}, SENT, lines)["told_id"].tolist()


def test_corrections_of_an_earlier_pack_of_the_name_tell_nothing_of_this_one() -> None:
    lines = [told(2, **{"1": "cleared"}), {**told(4, **{"2": "cleared"}), "corrects": "q"}]
    anew = due(LEADS, set(), SENT, lines, {"a"})
    assert anew["told_id"].tolist() == ["1", "2", "3"]
    assert not anew["reopens"].any()


def test_what_was_cleared_before_a_pack_went_anew_and_is_not_any_more_is_open_again() -> None:
    """Who holds that correction has a pack of the name that it corrects, the same to the byte."""
    lines = [told(2, **{"1": "cleared", "2": "moved"})]
    assert due(LEADS, set(), SENT, lines)["reopens"].tolist() == [True, False, False]
    lines.append(told(4, **{"1": "reopened"}))
    assert not due(LEADS, set(), SENT, lines)["reopens"].any()

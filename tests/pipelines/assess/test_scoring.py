"""One score from many events, and the guard against a rule gone wild."""

from typing import Any

import pandas as pd
import pytest

from detectors.core import events
from detectors.core.evidence import Evidence, Explained
from pipelines.assess.guard import guard
from pipelines.assess.scoring import Judged, judge
from pipelines.assess.watchlists import Match
from pipelines.base.settings import AssessSettings
from tests.making import event_row

NIGHT = pd.Timestamp("2026-01-05T16:00", tz="UTC")
A, B = 533000001, 563000002


def event(kind: str, start: float, end: float | None, **other: Any) -> dict[str, Any]:
    begin, until = (None if h is None else NIGHT + pd.Timedelta(hours=h) for h in (start, end))
    return event_row(kind, begin, until, **{"mmsi": A, "score": 0.4, **other})


def judged(*rows: dict[str, Any], past: list[dict[str, Any]] | None = None, **how: Any) -> Judged:
    given = {"matches": [], "voluntary": set(), "voluntary_weight": 0.7, **how}
    now = NIGHT + pd.Timedelta(hours=24)
    return judge(events.build(list(rows)), now=now, past=events.build(past or []), **given)


def score(found: Judged, mmsi: int = A) -> float:
    return float(found.scores.set_index("mmsi")["score"][mmsi])


def test_the_parts_make_the_score() -> None:
    found = judged(event("gap", 1, 3), event("loitering", 5, 9), event("crossing", 10, 11))
    missed = 1.0
    for part in found.parts["score"]:
        missed *= 1 - part
    assert score(found) == pytest.approx(1 - missed)
    assert len(found.parts) == 3


def test_context_adds_nothing_to_what_weighs_more() -> None:
    context = [event("geofence", 5, 9, score=0.09), event("outlier", 10, 11, score=0.05)]
    assert score(judged(event("gap", 1, 3, score=0.25), *context)) == pytest.approx(0.25)
    assert score(judged(*context)) == pytest.approx(1 - 0.91 * 0.95, abs=1e-4)


def test_one_behaviour_seen_by_two_detectors_counts_once() -> None:
    together = judged(event("spoofing", 1, 5, score=0.6), event("identity", 4, None, score=0.5))
    assert list(together.parts["kind"]) == ["spoofing"]
    apart = judged(event("spoofing", 1, 3, score=0.6), event("identity", 4, None, score=0.5))
    assert score(apart) == pytest.approx(0.8)


def test_the_silence_of_a_number_given_up_for_another_counts_once() -> None:
    given_up = {"evidence": Evidence.of({"from_mmsi": f"{A:09d}"}), "other_mmsi": B}
    change = event("identity", 1, 1.3, subkind="hand_over", score=0.75, **given_up)
    silence = event("gap", 1, None, score=0.72)
    met = event("possible_meeting", 2, None, other_mmsi=538000001, score=0.2)
    found = judged(change, silence, met)
    assert score(found) == pytest.approx(0.75)
    assert score(found, B) == pytest.approx(0.75)
    later = event("gap", 5, None, score=0.6, mmsi=B)
    assert score(judged(change, silence, later), B) == pytest.approx(0.9)
    during = event("gap", 1.2, None, score=0.6, mmsi=B)
    assert score(judged(change, silence, during), B) == pytest.approx(0.9)


def test_a_crossing_and_lying_at_its_end_count_once() -> None:
    lying, over = event("geofence", 1, 2, score=0.1), event("crossing", 6, 7, score=0.23)
    assert score(judged(lying, over)) == pytest.approx(0.23)
    assert score(judged(lying, event("gap", 6, 7, score=0.23))) == pytest.approx(0.307)


def test_an_explained_event_adds_nothing_to_others() -> None:
    explained = {
        "explanation": "tug standing by",
        "evidence": Evidence(explained=Explained(0.5, 0.6)),
    }
    tug = (
        event("loitering", 1, 3, score=0.2, **explained),
        event("gap", 5, 6, score=0.25, **explained),
    )
    assert list(judged(*tug).parts["kind"]) == ["gap"]
    hardly = {"explanation": "fishing", "evidence": Evidence(explained=Explained(0.5, 0.4))}
    doubted = judged(*tug, event("spoofing", 8, 9, score=0.2, **hardly))
    assert list(doubted.parts["kind"]) == ["gap"]
    stronger = judged(*tug, event("spoofing", 8, 9, score=0.4, **hardly))
    assert (list(stronger.parts["kind"]), stronger.scores["score"][0]) == (["spoofing"], 0.4)


def test_an_event_without_a_vessel_scores_nobody() -> None:
    assert judged(event("unmatched_sighting", 1, 1, mmsi=0, track_ids="")).scores.empty


def test_history_raises_what_is_done_again_here() -> None:
    past = [event("loitering", -24 * d, -24 * d + 3) for d in (2, 9)]
    elsewhere = event("loitering", -30, -28, lat=5.0)
    long_ago = event("loitering", -24 * 40, -24 * 40 + 3)
    found = judged(event("loitering", 1, 4), past=[*past, elsewhere, long_ago])
    again = found.parts[found.parts["part"] == "history"].iloc[0]
    assert again["note"] == "third loitering here in 30 days"
    assert score(found) == pytest.approx(1 - 0.6 * 0.9)
    assert score(judged(event("gap", 1, 4), past=past)) == pytest.approx(0.4), "another kind"


def test_a_second_meeting_with_the_same_vessel_counts_wherever_it_is() -> None:
    def meeting(hour: float, lat: float, other: int = B) -> dict[str, Any]:
        pair = {"other_mmsi": other, "track_ids": f"{A}01;{other}01"}
        return event("encounter", hour, hour + 1, lat=lat, **pair)

    found = judged(meeting(1, 4.0), past=[meeting(-100, 2.0), meeting(-200, 3.0, 563000009)])
    history = found.parts[found.parts["part"] == "history"].set_index("mmsi")
    assert history["note"].to_dict() == dict.fromkeys(
        (A, B), "second encounter here or with the same vessel in 30 days"
    )
    assert (history["score"] == 0.05).all()


def test_history_has_a_limit_and_does_not_make_a_flag() -> None:
    past = [event("loitering", -24 * d, -24 * d + 3) for d in range(1, 20)]
    assert score(judged(event("loitering", 1, 4), past=past)) == pytest.approx(1 - 0.6 * 0.85)
    weak = judged(event("loitering", 1, 4, score=0.05), past=past)
    assert score(weak) == pytest.approx(0.05)


def test_routine_raises_nobody() -> None:
    past = [event("encounter", -24 * d, -24 * d + 3, score=0.25) for d in range(1, 20)]
    tonight = event("encounter", 1, 4, score=0.25)
    assert score(judged(tonight, past=past)) == pytest.approx(1 - 0.75 * 0.85)
    served = {"explanation": "served", "evidence": Evidence(explained=Explained(0.6, 0.5))}
    assert score(judged(tonight | served, past=past)) == pytest.approx(0.25)
    hardly = {"explanation": "perhaps", "evidence": Evidence(explained=Explained(0.4, 0.4))}
    assert score(judged(tonight | hardly, past=past)) == pytest.approx(1 - 0.75 * 0.85)


def test_what_had_an_innocent_reason_then_is_not_done_again() -> None:
    served = {"explanation": "served", "evidence": Evidence(explained=Explained(0.6, 0.5))}
    past = [event("encounter", -24 * d, -24 * d + 3, score=0.25) | served for d in range(1, 4)]
    tonight = event("encounter", 1, 4, score=0.25)
    assert score(judged(tonight, past=past)) == pytest.approx(0.25)
    past.append(event("encounter", -99, -98, score=0.25))
    found = judged(tonight, past=past)
    notes = found.parts.loc[found.parts["part"] == "history", "note"].tolist()
    assert notes == ["second encounter here in 30 days"]


def test_who_only_counts_the_past_asks_for_the_evidence_of_what_is_alike() -> None:
    served = {"explanation": "served", "evidence": Evidence(explained=Explained(0.6, 0.5))}
    past = [event("loitering", -24 * d, -24 * d + 3, score=0.25) | served for d in range(1, 3)]
    past.append(event("loitering", -99, -98, score=0.25))
    past.append(event("gap", -60, -50, score=0.25))
    known, asked = events.build(past), list[str]()

    def in_full(ids: list[str]) -> pd.DataFrame:
        asked.extend(ids)
        return known[known["event_id"].isin(ids)]

    tonight, counted = events.build([event("loitering", 1, 4)]), known.assign(evidence="")
    rest = {"matches": [], "voluntary": set(), "voluntary_weight": 0.7}
    found = judge(tonight, now=NIGHT, past=counted, in_full=in_full, **rest)
    assert sorted(asked) == sorted(known.loc[known["kind"] == "loitering", "event_id"])
    notes = found.parts.loc[found.parts["part"] == "history", "note"].tolist()
    assert notes == ["second loitering here in 30 days"]


@pytest.mark.parametrize(("subkind", "raised"), [("dwell", 0), ("approach", 0), ("stop", 1)])
def test_the_shore_that_a_boat_comes_home_to_raises_nobody(subkind: str, raised: int) -> None:
    def stay(start: float) -> dict[str, Any]:
        return event("geofence", start, start + 3, score=0.25, subkind=subkind)

    found = judged(stay(1), past=[stay(-24), stay(-48)])
    assert (found.parts["part"] == "history").sum() == raised


def test_a_watch_list_raises_and_never_replaces_behaviour() -> None:
    listed = [Match(A, 0.3, "on a list"), Match(B, 0.3, "on a list")]
    found = judged(event("gap", 1, 3), event("geofence", 1, 1, mmsi=B, score=0.05), matches=listed)
    assert score(found) == pytest.approx(1 - 0.6 * 0.7)
    assert score(found, B) == pytest.approx(0.05)


def test_silence_of_craft_that_need_no_ais_counts_less() -> None:
    found = judged(event("gap", 1, 3), event("loitering", 4, 7), voluntary={A})
    assert score(found) == pytest.approx(1 - 0.6 * (1 - 0.4 * 0.7))
    assert "class B" in found.parts.set_index("kind")["note"]["gap"]


def guarded(n: int, settings: AssessSettings) -> tuple[pd.DataFrame, list[Any]]:
    loud = [event("gap", 1, 3, mmsi=A + i, score=0.9 - i / 1000) for i in range(n)]
    quiet = [event("loitering", 1, 4, mmsi=A + i) for i in range(3)]
    weak = [event("gap", 5, 6, mmsi=A + i, score=0.1) for i in range(n)]
    return guard(events.build([*loud, *quiet, *weak]), 100, settings)


def test_a_rule_beyond_its_share_keeps_its_strongest() -> None:
    kept, [held] = guarded(30, AssessSettings(max_share=0.1, min_share_vessels=5))
    gaps = kept[(kept["kind"] == "gap") & (kept["score"] >= 0.3)]
    assert sorted(gaps["mmsi"]) == [A + i for i in range(10)]
    assert (kept["kind"] == "loitering").sum() == 3
    assert (kept["score"] < 0.3).sum() == 30, "what flags nobody passes"
    assert (held.detector, held.vessels, held.limit) == ("gap", 30, 10)
    assert "30 of 100" in str(held)


def test_a_rule_within_its_share_is_left_alone() -> None:
    kept, held = guarded(10, AssessSettings(max_share=0.1, min_share_vessels=5))
    assert held == []
    assert len(kept) == 23
    single = AssessSettings(max_share=0.01, min_share_vessels=0, max_shares={"gap": 0.5})
    assert [h.detector for h in guarded(10, single)[1]] == ["loitering"]


def test_a_pair_counts_as_two_vessels() -> None:
    pairs = [event("encounter", i, i + 1, other_mmsi=B + i, mmsi=A + i) for i in range(4)]
    settings = AssessSettings(max_share=0.05, min_share_vessels=0)
    kept, [held] = guard(events.build(pairs), 100, settings)
    assert (len(kept), held.vessels) == (2, 8)

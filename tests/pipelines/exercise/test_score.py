"""Scoring, on runs made for it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.exercise import ExerciseError, Planted, Truth, pooled, score
from pipelines.exercise.matching import iou
from pipelines.exercise.truth import Heard

T0, T1 = 1_773_100_800.0, 1_773_187_200.0
H = 3600.0


def planted(kind, mmsi, other=0, start_h=2.0, end_h=6.0, suspicious=True, note="x"):
    return Planted(
        kind, mmsi, other, T0 + start_h * H, T0 + end_h * H, 101.0, 2.0, suspicious, note
    )


TRUTH = (
    planted("encounter", 533900001, 533900002),
    planted("loitering", 533900003, start_h=1, end_h=8),
    planted("gap", 533900004, start_h=20, end_h=24),
    planted("encounter", 533900005, 533900006, suspicious=False, note="tug and tow"),
    planted("loitering", 533900007, suspicious=False, note="at anchor"),
)


def event(
    number,
    kind,
    mmsi,
    other=0,
    start_h=2.0,
    end_h=6.0,
    status="created",
    score=0.6,
    explanation="",
    lat=2.0,
    lon=101.0,
):
    def text(hours):
        if hours is None:
            return ""
        return datetime.fromtimestamp(T0 + hours * H, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    return {
        "event_id": f"{number:016x}",
        "kind": kind,
        "mmsi": str(mmsi) if mmsi else "",
        "other_mmsi": str(other) if other else "",
        "start": text(start_h),
        "end": text(end_h),
        "lat": lat,
        "lon": lon,
        "score": score,
        "status": status,
        "explanation": explanation,
    }


def run(folder, events=(), flags=(), manifest=None, truth=TRUTH, heard=()):
    """Write a run's files and score it; `flags` are (mmsi, event numbers) in rank order."""
    columns = list(event(0, "gap", 1))
    pd.DataFrame(list(events), columns=columns).to_csv(folder / "events.csv", index=False)
    rows = [
        {"rank": rank, "mmsi": mmsi, "event_ids": ";".join(f"{n:016x}" for n in numbers)}
        for rank, (mmsi, numbers) in enumerate(flags, 1)
    ]
    frame = pd.DataFrame(rows, columns=["rank", "mmsi", "event_ids"])
    frame.to_csv(folder / "flagged.csv", index=False)
    if manifest is not None:
        (folder / "manifest.json").write_text(json.dumps(manifest))
    Truth(T0, T1, tuple(truth), (), tuple(heard)).write(folder / "truth.json")
    return score(folder / "truth.json", folder)


PERFECT = (
    event(1, "encounter", 533900001, 533900002),
    event(2, "loitering", 533900003, start_h=1, end_h=8),
    event(3, "gap", 533900004, start_h=20, end_h=None),
)


def test_a_perfect_run(tmp_path):
    flags = [(533900001, [1]), (533900002, [1]), (533900003, [2]), (533900004, [3])]
    result = run(tmp_path, PERFECT, flags, {"counts": {"vessel_hours": 2000}})
    frame = result.to_frame().set_index("kind")
    assert (frame["recall"] == 1).all()
    assert (frame["raised"] == 0).all()
    assert (frame["start_error_s"] == 0).all()
    assert (frame["false_per_1000_vessel_hours"] == 0).all()
    assert result.precision_at_top == 1
    assert result.missed == ()
    assert json.loads(result.to_json())["precision_at_top"] == 1


def test_an_empty_run_finds_nothing_and_raises_nothing(tmp_path):
    result = run(tmp_path)
    frame = result.to_frame().set_index("kind")
    assert (frame["recall"] == 0).all()
    assert (frame[["raised", "raised_flagged", "events"]] == 0).all(axis=None)
    assert len(result.missed) == 3
    assert json.loads(result.to_json())["precision_at_top"] is None


def test_traps_raised_and_raised_in_flags_are_told_apart(tmp_path):
    events = (
        event(1, "encounter", 533900005, 533900006, 3, 5),
        event(2, "loitering", 533900007, start_h=3, end_h=8),
    )
    result = run(tmp_path, events, [(533900005, [1])], {"vessel_hours": 1000})
    frame = result.to_frame().set_index("kind")
    assert frame.loc["encounter", ["traps", "raised", "raised_flagged"]].tolist() == [1, 1, 1]
    assert frame.loc["loitering", ["traps", "raised", "raised_flagged"]].tolist() == [1, 1, 0]
    assert frame.loc["encounter", "in_traps"] == 1
    assert frame.loc["encounter", "false_per_1000_vessel_hours"] == 0  # a trap is counted as one
    assert result.precision_at_top == 0
    assert (result.flagged_traps, result.flagged_others, result.traps_among_flagged) == (1, 0, 1)
    assert [flagged for _, flagged in result.raised] == [True, False]


def test_a_trap_is_raised_by_half_an_event_not_by_less(tmp_path):
    halves = event(1, "loitering", 533900007, start_h=4, end_h=8)
    assert run(tmp_path, [halves]).to_frame()["raised"].sum() == 1
    less = event(1, "loitering", 533900007, start_h=4, end_h=8.1)
    assert run(tmp_path, [less]).to_frame()["raised"].sum() == 0


@pytest.mark.parametrize(
    ("found", "one"),
    [
        (True, event(1, "encounter", 533900001, 533900002, 4, 6)),
        (False, event(1, "encounter", 533900001, 533900002, 4.5, 6)),
        (False, event(1, "encounter", 533900001, 533900003)),
        (False, event(1, "encounter", 533900001)),
        (False, event(1, "loitering", 533900001, 533900002)),
        (False, event(1, "encounter", 533900001, 533900002, status="retracted")),
        (True, event(1, "gap", 533900004, start_h=21, end_h=None)),
        (False, event(1, "gap", 533900004, start_h=18, end_h=22)),
        (True, event(1, "gap", 533900004, start_h=20, end_h=22.5)),
        (False, event(1, "gap", 533900004, start_h=20, end_h=22.3)),
    ],
)
def test_kind_vessels_and_overlap_decide(tmp_path, found, one):
    frame = run(tmp_path, [one], [(one["mmsi"], [1])]).to_frame()
    assert frame["seen"].sum() == frame["found"].sum() == found


def test_identity_and_spoofing_stand_for_each_other_and_need_only_touch(tmp_path):
    truth = [planted("spoofing", 533900001)]
    touching = event(1, "identity", 533900001, start_h=0, end_h=2)
    assert run(tmp_path, [touching], truth=truth).to_frame()["seen"].sum() == 1
    apart = event(1, "identity", 533900001, start_h=0, end_h=1.9)
    assert run(tmp_path, [apart], truth=truth).to_frame()["seen"].sum() == 0


def test_every_event_is_counted_once(tmp_path):
    events = (
        *PERFECT,
        event(4, "loitering", 533900001),  # while its transfer goes on
        event(5, "loitering", 533900007),  # a trap
        event(6, "loitering", 533900099),  # nothing at all
    )
    row = run(tmp_path, events).to_frame().set_index("kind").loc["loitering"]
    assert row[["events", "matched", "related", "in_traps", "other"]].tolist() == [4, 1, 1, 1, 1]


def test_precision_is_that_of_as_many_flags_as_vessels_were_planted(tmp_path):
    flags = [(533900001, []), (533900099, []), (533900003, []), (533900098, []), (533900004, [])]
    result = run(tmp_path, PERFECT, flags)
    assert (result.planted_vessels, result.top, result.top_right) == (4, 4, 2)
    assert result.precision_at_top == 0.5


def test_false_events_are_unexplained_or_strong_and_have_nothing_to_do_with_the_truth(tmp_path):
    events = (
        event(1, "loitering", 533900090, score=0.2),  # unexplained
        event(2, "loitering", 533900091, score=0.4, explanation="waiting"),  # strong
        event(3, "loitering", 533900092, score=0.4),  # both
        event(4, "loitering", 533900093, score=0.1, explanation="waiting"),  # let pass
        event(5, "geofence", 533900094, score=0.05),  # context
        event(6, "loitering", 533900007, score=0.4),  # a trap
        event(7, "gap", 533900003),  # at the time of a planted loitering
    )
    result = run(tmp_path, events, manifest={"counts": {"vessel_hours": 1500}})
    frame = result.to_frame().set_index("kind")
    row = frame.loc["loitering"]
    names = ["other", "other_unexplained", "other_strong", "false", "in_traps"]
    assert row[names].tolist() == [4, 2, 2, 3, 1]
    assert row["false_per_1000_vessel_hours"] == 2.0
    assert frame.loc["geofence", ["events", "other", "false"]].tolist() == [1, 1, 0]
    assert frame.loc["gap", ["related", "false"]].tolist() == [1, 0]
    assert result.false_per_1000_vessel_hours == 2.0


def test_the_way_home_of_who_crossed_is_no_false_event(tmp_path):
    truth = [planted("crossing", 533900001), planted("loitering", 533900003)]
    home = event(1, "crossing", 533900001, start_h=7, end_h=9)
    elsewhere = event(2, "crossing", 533900003, start_h=7, end_h=9)  # of who only loitered
    result = run(tmp_path, [home, elsewhere], truth=truth)
    row = result.to_frame().set_index("kind").loc["crossing"]
    assert row[["seen", "related", "false"]].tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("beside", "related"),
    [
        ({"start_h": 17.5, "end_h": 19.5, "lat": 2.05}, 1),
        ({"start_h": 18.5, "end_h": 20.5}, 0),  # over twelve hours later
        ({"start_h": 7, "end_h": 9, "lat": 2.1}, 0),  # six miles along the coast
    ],
)
def test_a_crossing_long_after_a_planted_one_or_elsewhere_is_another_journey(
    tmp_path: Path, beside: dict[str, float], related: int
) -> None:
    truth = [planted("crossing", 533900001)]
    result = run(tmp_path, [event(1, "crossing", 533900001, **beside)], truth=truth)
    row = result.to_frame().set_index("kind").loc["crossing"]
    assert row[["related", "false"]].tolist() == [related, 1 - related]


def test_the_flag_threshold_is_what_it_is_told(tmp_path):
    run(tmp_path, [event(1, "loitering", 533900091, score=0.4, explanation="waiting")])
    strict = score(tmp_path / "truth.json", tmp_path, flag_score=0.5)
    assert strict.to_frame()["false"].sum() == 0


def test_flagged_vessels_are_planted_traps_or_others(tmp_path):
    truth = (
        *TRUTH,
        planted("gap", 533900050, suspicious=False, note="out of range"),
        planted("gap", 533900051, suspicious=False, note="feed outage"),
    )
    events = (
        event(1, "gap", 533900050),  # raises the trap
        event(2, "loitering", 533900051),  # has nothing to do with the outage
    )
    flags = [(533900003, []), (533900007, []), (533900050, [1]), (533900051, [2])]
    result = run(tmp_path, events, flags, truth=truth)
    counts = result.flagged_planted, result.flagged_traps, result.flagged_others
    assert counts == (1, 2, 1)
    assert result.traps_among_flagged == 0.5


def test_lift_is_precision_over_the_share_of_planted_vessels(tmp_path):
    # 4 planted of 80 vessels: base rate 0.05; 3 of the top 4 right: 0.75, a lift of 15.
    flags = [(533900001, []), (533900099, []), (533900003, []), (533900004, [])]
    result = run(tmp_path, flags=flags, manifest={"counts": {"vessels_looked_at": 80}})
    assert result.lift.lift == pytest.approx(15.0)
    # Wilson, 3 of 4: (0.3006, 0.9544), by hand.
    z2 = 1.959964**2
    middle, half = 0.75 + z2 / 8, 1.959964 * (0.75 * 0.25 / 4 + z2 / 64) ** 0.5
    assert result.lift.low == pytest.approx((middle - half) / (1 + z2 / 4) / 0.05)
    assert result.lift.high == pytest.approx((middle + half) / (1 + z2 / 4) / 0.05)
    assert result.lift.low == pytest.approx(0.3006 / 0.05, rel=1e-3)
    unknown = run(tmp_path, flags=flags, manifest={})
    assert np.isnan(unknown.lift.lift)
    assert json.loads(unknown.to_json())["lift"] == {"lift": None, "low": None, "high": None}


def test_each_kind_has_a_top_of_its_own_by_its_strongest_events(tmp_path):
    events = (
        event(1, "loitering", 533900098, score=0.9),
        event(2, "loitering", 533900003, start_h=1, end_h=8, score=0.8),
        event(3, "encounter", 533900001, 533900002, score=0.5),
        event(4, "encounter", 533900096, 533900097, score=0.0, explanation="neighbours"),
    )
    manifest = {"counts": {"vessels_looked_at": 40}}
    frame = run(tmp_path, events, manifest=manifest).to_frame().set_index("kind")
    assert frame.loc["loitering", ["vessels", "top", "top_right"]].tolist() == [1, 1, 0]
    assert frame.loc["encounter", ["vessels", "top", "top_right"]].tolist() == [2, 2, 2]
    assert frame.loc["encounter", "lift"] == 20.0


def test_what_was_planted_of_a_kind_alike_is_not_wrong_in_a_top(tmp_path):
    truth = [planted("spoofing", 533900001), planted("identity", 533900002)]
    events = [
        event(1, "identity", 533900002, score=0.9),
        event(2, "spoofing", 533900001, score=0.6),
        event(3, "spoofing", 533900099, score=0.3),
    ]
    frame = run(tmp_path, events, truth=truth).to_frame().set_index("kind")
    assert frame.loc["spoofing", ["vessels", "top", "top_right"]].tolist() == [1, 1, 1]
    assert frame.loc["identity", ["vessels", "top", "top_right"]].tolist() == [1, 1, 1]


def test_a_sighting_is_matched_by_place_and_time(tmp_path):
    truth = [
        planted("unmatched_sighting", 0, start_h=3, end_h=3),
        planted("unmatched_sighting", 533900020, start_h=9, end_h=9, suspicious=False),
    ]
    near = event(1, "unmatched_sighting", 0, start_h=3, end_h=3.01, lat=2.03)
    assert run(tmp_path, [near], truth=truth).to_frame()["seen"].tolist() == [1]
    for wrong in ({"lat": 2.04}, {"start_h": 3.1, "end_h": 3.1}, {"mmsi": 533900001}):
        one = event(
            **{
                "number": 1,
                "kind": "unmatched_sighting",
                "mmsi": 0,
                "start_h": 3,
                "end_h": 3,
                **wrong,
            }
        )
        assert run(tmp_path, [one], truth=truth).to_frame()["seen"].tolist() == [0]
    named = [planted("unmatched_sighting", 533900021, start_h=5, end_h=5)]
    late = event(3, "unmatched_sighting", 533900021, start_h=5 + 1 / 3600, end_h=5 + 1 / 3600)
    assert run(tmp_path, [late], truth=named).to_frame()["seen"].tolist() == [1]
    trap = event(2, "unmatched_sighting", 0, start_h=9, end_h=9)
    assert run(tmp_path, [trap], truth=truth).to_frame()["raised"].tolist() == [1]


def test_a_mother_ship_may_name_a_visitor_a_possible_meeting_names_both(tmp_path):
    truth = [planted("mother_ship", 533900001), planted("possible_meeting", 533900003, 533900004)]
    events = [
        event(1, "mother_ship", 533900001, 533900009),
        event(2, "possible_meeting", 533900003, 533900005),
        event(3, "crossing", 533900006, 533900007),
    ]
    truth.append(planted("crossing", 533900006))
    frame = run(tmp_path, events, truth=truth).to_frame().set_index("kind")
    assert frame["seen"].to_dict() == {"crossing": 1, "mother_ship": 1, "possible_meeting": 0}


def test_pooled_runs_add_up_and_medians_are_taken_over_all(tmp_path):
    truth = [planted("loitering", 533900003), planted("loitering", 533900004)]
    scores = []
    for name, offsets in (("a", (0.1, 0.2)), ("b", (0.9,))):
        (tmp_path / name).mkdir()
        events = [
            event(k, "loitering", 533900003 + k, start_h=2 + off) for k, off in enumerate(offsets)
        ]
        flags = [(533900003, [0]), (533900077, [])]
        manifest = {"counts": {"vessel_hours": 500, "vessels_looked_at": 10}}
        scores.append(run(tmp_path / name, events, flags, manifest, truth))
    both = pooled(scores)
    (kind,) = both.kinds
    assert (kind.planted, kind.seen, kind.recall_seen) == (4, 3, 0.75)
    assert (kind.found, kind.recall) == (2, 0.5)
    assert kind.start_error_s == pytest.approx(0.2 * H)
    assert (both.runs, both.top, both.top_right, both.vessels) == (2, 4, 2, 20)
    assert both.lift.lift == pytest.approx(0.5 / (4 / 20))
    assert both.vessel_hours == 1000
    assert sorted(seen for _, seen in both.missed) == [False, True]
    (sort,) = both.sorts
    assert (sort.note, sort.number, sort.hit, sort.flagged) == ("x", 4, 3, 2)
    assert pooled([scores[0]]) == scores[0]


@pytest.mark.parametrize(
    ("score_", "listed", "found"),
    [(0.3, 533900001, 1), (0.29, 533900001, 0), (0.9, 533900099, 0), (0.3, 533900002, 1)],
)
def test_found_is_what_scores_enough_and_is_listed(tmp_path, score_, listed, found):
    truth = [planted("encounter", 533900001, 533900002)]
    one = event(1, "encounter", 533900001, 533900002, score=score_)
    result = run(tmp_path, [one], [(listed, [1])], truth=truth)
    (kind,) = result.kinds
    assert (kind.seen, kind.found, kind.recall_seen, kind.recall) == (1, found, 1.0, found)
    assert [seen for _, seen in result.missed] == [True] * (1 - found)
    content = json.loads(result.to_json())
    assert content["kinds"][0]["recall"] == found
    assert content["kinds"][0]["recall_seen"] == 1.0
    assert [one["seen"] for one in content["missed"]] == [True] * (1 - found)


def test_a_weaker_event_that_fits_better_does_not_hide_a_stronger_one(tmp_path):
    truth = [planted("loitering", 533900003, start_h=1, end_h=8)]
    events = [
        event(1, "loitering", 533900003, start_h=1, end_h=8, score=0.1),
        event(2, "loitering", 533900003, start_h=2, end_h=7, score=0.5),
    ]
    (kind,) = run(tmp_path, events, [(533900003, [2])], truth=truth).kinds
    assert (kind.found, kind.start_error_s) == (1, 0.0)


def test_a_boat_without_ais_needs_no_listing_but_a_score(tmp_path):
    truth = [planted("unmatched_sighting", 0, start_h=3, end_h=3)]
    for score_, found in ((0.4, 1), (0.2, 0)):
        one = event(1, "unmatched_sighting", 0, start_h=3, end_h=3, score=score_)
        (kind,) = run(tmp_path, [one], truth=truth).kinds
        assert kind.found == found


def test_nights_with_nothing_planted_count_their_flags_by_vessel_hours(tmp_path):
    innocent = [one for one in TRUTH if not one.suspicious]
    scores = []
    for name, truth, flags in (
        ("a", innocent, [(533900005, [])]),
        ("b", innocent, []),
        ("c", TRUTH, [(533900001, []), (533900003, []), (533900007, [])]),
    ):
        (tmp_path / name).mkdir()
        manifest = {"counts": {"vessel_hours": 2000}}
        scores.append(run(tmp_path / name, (), flags, manifest, truth))
    assert scores[0].innocent_flags_per_1000_vessel_hours == 0.5
    assert scores[1].innocent_flags_per_1000_vessel_hours == 0.0
    assert np.isnan(scores[2].innocent_flags_per_1000_vessel_hours)
    assert scores[2].flags_per_1000_vessel_hours == 1.5
    content = json.loads(pooled(scores).to_json())
    assert content["innocent_runs"] == 2
    assert content["innocent_flags_per_1000_vessel_hours"] == 0.25
    assert content["flags_per_1000_vessel_hours"] == pytest.approx(4 / 6)
    assert json.loads(scores[2].to_json())["innocent_flags_per_1000_vessel_hours"] is None


def test_what_nothing_heard_could_tell_is_named_and_still_missed(tmp_path):
    """Two meetings and two sightings are missed, of which one each could have been told."""
    truth = (
        planted("encounter", 1, 2, note="heard once"),
        planted("encounter", 3, 4, note="heard well"),
        planted("unmatched_sighting", 0, start_h=9, end_h=9, note="nobody near"),
        planted("unmatched_sighting", 0, start_h=12, end_h=12, note="others near"),
    )
    heard = (Heard(1, 5), Heard(2, 0), Heard(0, 0), Heard(0, 1))
    result = run(tmp_path, truth=truth, heard=heard)
    kinds = {kind.kind: kind for kind in result.kinds}
    for kind in ("encounter", "unmatched_sighting"):
        assert (kinds[kind].planted, kinds[kind].found, kinds[kind].undecidable) == (2, 0, 1)
        assert kinds[kind].recall == kinds[kind].recall_decidable == 0.0
    assert len(result.missed) == 4
    assert {e.note: why for e, why in result.undecidable} == {
        "heard once": "1 report of a vessel of it was heard meanwhile",
        "nobody near": "nobody was heard within 12 nm from 3 h before to 3 h after",
    }


def test_recall_over_the_decidable_leaves_out_what_is_undecidable_found_or_not(tmp_path):
    truth = tuple(planted("encounter", n, n + 100) for n in (1, 2, 3, 4))
    heard = (Heard(0, 0), Heard(1, 0), Heard(9, 0), Heard(9, 0))
    events = [event(n, "encounter", n, n + 100) for n in (1, 3)]
    result = run(tmp_path, events, [(1, [1]), (3, [3])], truth=truth, heard=heard)
    (kind,) = result.kinds
    assert (kind.found, kind.undecidable, kind.undecided) == (2, 2, 1)
    assert (kind.recall, kind.recall_decidable) == (0.5, 0.5)
    assert pooled([result, result]).kinds[0].recall_decidable == 0.5
    assert json.loads(result.to_json())["undecidable"][0]["why"].startswith("0 reports")


def test_a_truth_that_counts_what_was_heard_of_other_events_is_refused(tmp_path):
    Truth(T0, T1, TRUTH, (), (Heard(1, 1),)).write(tmp_path / "truth.json")
    with pytest.raises(ExerciseError, match="heard is of other events"):
        Truth.read(tmp_path / "truth.json")


def test_files_that_are_not_there_or_wrong_say_so(tmp_path):
    with pytest.raises(ExerciseError, match=r"truth\.json"):
        score(tmp_path / "truth.json", tmp_path)
    run(tmp_path)
    (tmp_path / "events.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ExerciseError, match="event_id"):
        score(tmp_path / "truth.json", tmp_path)
    (tmp_path / "events.csv").unlink()
    with pytest.raises(ExerciseError, match=r"events\.csv"):
        score(tmp_path / "truth.json", tmp_path)
    for wrong in ([{"fault": "clock"}], "clock", 7, [1]):
        content = {"t0": 0, "t1": 1, "events": [], "faults": wrong}
        (tmp_path / "truth.json").write_text(json.dumps(content))
        with pytest.raises(ExerciseError, match="not the truth"):
            score(tmp_path / "truth.json", tmp_path)
    (tmp_path / "truth.json").write_text("[1]")
    with pytest.raises(ExerciseError, match="not the truth"):
        score(tmp_path / "truth.json", tmp_path)


spans = st.tuples(st.integers(0, 1000), st.integers(1, 1000)).map(lambda s: (s[0], s[0] + s[1]))


@given(spans, spans)
def test_iou_is_that_of_sets_of_seconds(one, other):
    first, second = set(range(*one)), set(range(*other))
    expected = len(first & second) / (max(one[1], other[1]) - min(one[0], other[0]))
    got = iou(np.array([float(one[0])]), np.array([float(one[1])]), *map(float, other))[0]
    if first & second:
        expected = len(first & second) / len(first | second)
    assert got == pytest.approx(expected)
    back = iou(np.array([float(other[0])]), np.array([float(other[1])]), *map(float, one))[0]
    assert got == pytest.approx(back)
    assert 0 <= got <= 1
    assert (got == 1) == (one == other)

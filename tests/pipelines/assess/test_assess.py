"""From events to flagged vessels, and the sentences that say why."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import detectors
from detectors.core import events, frames, telling
from detectors.core.detector import Context
from detectors.surroundings.coverage import Coverage
from detectors.surroundings.landmarks import Gazetteer
from detectors.surroundings.zones import Zones
from pipelines.assess import dispositions, watchlists
from pipelines.assess.feed_faults import feed_faults
from pipelines.assess.ranking import assess
from pipelines.assess.reasons import (
    Teller,
    by_false_positions,
    by_feed,
    by_other_number,
    by_own_vessel,
)
from pipelines.base.schemas import DISPOSITIONS
from pipelines.base.settings import REFERENCE, AssessSettings
from pipelines.detect.heard import heard_by_vessel
from pipelines.detect.window import Detection
from pipelines.reference.layers import load_gazetteer
from tests.making import event_row, reports, said

NIGHT = pd.Timestamp("2026-01-05T16:00", tz="UTC").as_unit("us")
A, B, FERRY = 533000001, 563000002, 525000003
SETTINGS = AssessSettings(min_score=0.3, max_flags=10)


def at(hour: float) -> pd.Timestamp:
    return NIGHT + pd.Timedelta(hours=hour)


def event(kind: str, hour: float, until: float | None, **other: Any) -> dict[str, Any]:
    given = {"mmsi": A, "lat": 4.2, "lon": 100.3, **other}
    return event_row(kind, at(hour), None if until is None else at(until), **given)


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer(REFERENCE)


def flagged(
    gazetteer: Gazetteer,
    *rows: dict[str, Any],
    settings: AssessSettings = SETTINGS,
    reasons: dict[str, str] | None = None,
    own: Path | None = None,
    past: Sequence[dict[str, Any]] = (),
    changes: Sequence[dict[str, Any]] = (),
    told_before: Sequence[str] = (),
    concluded: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    mmsis = [A, B, FERRY]
    vessels = said(
        {"mmsi": A, "imo": 9074729, "name": "MT X", "ship_type": 80, "flag_state": "MYS"},
        {"mmsi": B, "flag_state": "SGP"},
        {"mmsi": FERRY, "name": "FERRY", "ship_type": 60, "flag_state": "IDN"},
        schema=frames.VESSELS,
    )
    times = pd.Series([at(20), at(21), at(22)])
    positions = reports(frames.TRACKED, mmsi=mmsis, time=times, lat=4.0, lon=100.0, sog_kn=1.0)
    context = Context(NIGHT, at(24), Zones.none(), vessels, Coverage.none())
    tracked = positions.sort_values(["track_id", "time"], ignore_index=True)
    heard = heard_by_vessel(tracked, NIGHT, at(24))
    detection = Detection(events.build(list(rows)), {}, heard, context, 1)
    lists = watchlists.load(own) if own else []
    before = events.build(list(past))
    known = {
        "reasons": reasons,
        "watchlists": lists,
        "past": before,
        "changes": events.build(list(changes)),
        "told_before": detection.events["event_id"][detection.events["kind"].isin(told_before)],
        "dispositions": concluded,
    }
    found = assess(detection, gazetteer, settings, **known)
    assert found.own == found.events["reason"].str.endswith(by_own_vessel()).sum()
    return found.events, found.flagged


ENCOUNTER = {
    "median_distance_m": 62.0,
    "median_speed_kn": 0.4,
    "other_median_speed_kn": 0.5,
    "zones_reached": True,
    "in_anchorage": False,
    "in_sts_area": False,
    "near_land": False,
}


def encounter(hour: float = 1, until: float = 5.2, **other: Any) -> dict[str, Any]:
    pair = {"other_mmsi": B, "track_ids": f"{A}01;{B}01", "evidence": ENCOUNTER}
    return event("encounter", hour, until, **{**pair, **other})


def test_places_of_evidence_are_looked_up_at_once(
    gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"left_lat": 4.1, "left_lon": 100.2, "unknown_lat": None, "unknown_lon": None}
    rows = telling.told(events.build([event("gap", 1, 2, evidence=places), encounter()]))
    teller = Teller({}, gazetteer, at(24))
    expected = gazetteer.describe(4.1, 100.2), gazetteer.describe(4.2, 100.3)
    teller.look_up(rows)
    monkeypatch.setattr(Gazetteer, "describe", None)
    assert (teller.place(4.1, 100.2), teller.place(4.2, 100.3)) == expected


def test_an_event_of_an_older_version_is_told_by_what_is_known_of_it(gazetteer: Gazetteer) -> None:
    """One that the night doesn't look at again, such as where its detector failed: it was raised,
    and nobody had a list.
    """
    kept = {name: value for name, value in ENCOUNTER.items() if name != "median_distance_m"}
    told, ranked = flagged(gazetteer, encounter(version="0", evidence=kept))
    assert told["reason"].str.startswith("Encounter for 4.2 h, ").all()
    assert len(ranked) == 2
    with pytest.raises(KeyError, match="median_distance_m"):
        flagged(gazetteer, encounter(version=detectors.find("encounter").version, evidence=kept))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "MMSI 566979216"),
        ("STELLA", "STELLA"),
        ("566979216", "MMSI 566979216"),
        ("MMSI 412981283", 'MMSI 566979216 ("MMSI 412981283")'),
        ("mmsi412981283", 'MMSI 566979216 ("mmsi412981283")'),
        ("412981283", 'MMSI 566979216 ("412981283")'),
        ("412 981 283", 'MMSI 566979216 ("412 981 283")'),
        ("412/981_283", 'MMSI 566979216 ("412/981_283")'),
        ("KM 12345", "KM 12345"),
    ],
)
def test_a_name_that_is_anothers_number_stands_behind_its_own(
    gazetteer: Gazetteer, said: str, told: str
) -> None:
    assert Teller({566979216: said}, gazetteer, at(24)).name(566979216) == told


def test_no_events_no_flags(gazetteer: Gazetteer) -> None:
    told, ranked = flagged(gazetteer)
    assert len(told) == len(ranked) == 0
    frames.validate(ranked, {"rank": frames.Column("int64", "", "")})


def test_what_is_told_already_is_told_so_again_and_a_flag_as_it_is_now(
    gazetteer: Gazetteer,
) -> None:
    told, ranked = flagged(gazetteer, encounter())
    [known] = told["event_id"]
    again, as_it_is = flagged(gazetteer, encounter(), reasons={known: "as it was told"})
    assert list(again["reason"]) == ["as it was told"]
    pd.testing.assert_frame_equal(as_it_is, ranked)


def test_both_vessels_of_an_encounter_are_told_from_their_own_side(gazetteer: Gazetteer) -> None:
    told, ranked = flagged(gazetteer, encounter())
    assert list(ranked["mmsi"]) == [A, B]
    assert list(ranked["name"]) == ["MT X", ""]
    mine, theirs = ranked["reasons"]
    assert mine.startswith("Drifted 4.2 h with MMSI 563000002 60 m alongside, ")
    assert theirs.startswith("Drifted 4.2 h with MT X 60 m alongside, ")
    assert "nm" in mine
    assert "outside any port or anchorage (06 Jan 01:00 to 05:12 MYT)" in mine
    assert told["reason"].iloc[0] == mine


@pytest.mark.parametrize(
    ("reports", "others", "said"),
    [
        (3, 4, "outside any port or anchorage ("),
        (2, 4, "outside any port or anchorage; MT X was not heard meanwhile ("),
        (3, 2, "outside any port or anchorage; MMSI 563000002 was not heard meanwhile ("),
        (2, 2, "outside any port or anchorage; neither was heard meanwhile ("),
    ],
)
def test_of_whom_nothing_was_heard_while_they_were_together_it_is_said(
    gazetteer: Gazetteer, reports: int, others: int, said: str
) -> None:
    """How far off it was is worked out then, from the reports before and after."""
    counted = {**ENCOUNTER, "n_reports": reports, "other_n_reports": others}
    told, _ = flagged(gazetteer, encounter(evidence=counted))
    assert said in told["reason"].iloc[0]


def test_of_two_who_were_not_seen_to_part_it_is_told_that_they_may_have_stayed(
    gazetteer: Gazetteer,
) -> None:
    """A boat lay for the night beside one that it had met for "4 min", both unheard meanwhile."""
    for apart_m, how in ((None, "Drifted 4.2 h or longer with "), (9000.0, "Drifted 4.2 h with ")):
        told, _ = flagged(gazetteer, encounter(evidence={**ENCOUNTER, "apart_after_m": apart_m}))
        assert told["reason"].iloc[0].startswith(how)


def test_different_kinds_add_up_and_more_of_the_same_does_not(gazetteer: Gazetteer) -> None:
    crossings = [
        event(
            "geofence",
            h,
            h,
            subkind="enter",
            mmsi=FERRY,
            score=0.2,
            zone_id="z",
            evidence={"zone_name": "somewhere"},
        )
        for h in range(12)
    ]
    loitering = event("loitering", 6, 9, evidence={"median_speed_kn": 0.8})
    within = event("loitering", 1, 5, evidence={"median_speed_kn": 0.8})
    _, together = flagged(gazetteer, encounter(), within)
    assert together.set_index("mmsi")["score"][A] == pytest.approx(0.5), "one behaviour, seen twice"
    where = {"zone_id": "z", "evidence": {"zone_name": "somewhere"}}
    context = event("geofence", 2, 2, subkind="enter", score=0.05, **where)
    _, ranked = flagged(gazetteer, encounter(), loitering, context, *crossings)
    scores = ranked.set_index("mmsi")["score"]
    assert scores[A] == pytest.approx(1 - 0.5 * 0.5)
    assert scores[B] == pytest.approx(0.5)
    assert FERRY not in scores
    reasons = ranked.set_index("mmsi").loc[A, "reasons"]
    assert len(reasons.split(" | ")) == 2


def test_a_flag_names_the_incident_of_what_weighs_most(gazetteer: Gazetteer) -> None:
    rows = [
        event("loitering", 1, 2, score=0.4),
        event("gap", 15, 17, score=0.7),
        event("loitering", 1, 2, mmsi=FERRY, track_ids=f"{FERRY}01", score=0.6),
    ]
    found, ranked = flagged(gazetteer, *rows)
    of = dict(zip(zip(found["kind"], found["mmsi"], strict=True), found["event_id"], strict=True))
    named = dict(zip(ranked["mmsi"], ranked["incident_id"], strict=True))
    assert named == {A: of["gap", A], FERRY: of["loitering", FERRY]}
    assert ranked["rank"].tolist() == [1, 2]


def test_budget_and_threshold(gazetteer: Gazetteer) -> None:
    few = AssessSettings(min_score=0.3, max_flags=1)
    assert len(flagged(gazetteer, encounter(), settings=few)[1]) == 1
    high = AssessSettings(min_score=0.9, max_flags=10)
    assert len(flagged(gazetteer, encounter(), settings=high)[1]) == 0


def test_what_the_budget_leaves_out_is_not_the_boat_with_people(gazetteer: Gazetteer) -> None:
    few = AssessSettings(min_score=0.3, max_flags=2)
    silent = {"score": 0.6, "evidence": {"n_neighbours": 7}}
    ships = [event("gap", 20, None, mmsi=mmsi, **silent) for mmsi in (A, B)]
    drifts = {"ais_class": "B", "duration_s": 90_000.0, "median_speed_kn": 0.8}
    boat = event("loitering", -5, 20, mmsi=FERRY, score=0.5, evidence=drifts)
    ranked = flagged(gazetteer, *ships, boat, settings=few)[1]
    assert sorted(ranked["mmsi"]) == [FERRY, A], "a boat adrift for days counts half more"
    for score, own in ((0.35, {}), (0.5, {"held_fraction": 0.9}), (0.5, {"ais_class": "A"})):
        waits = event(
            "loitering", -5, 20, mmsi=FERRY, score=score, evidence={**drifts, **own}
        )  # fainter, moored, a ship
        assert sorted(flagged(gazetteer, *ships, waits, settings=few)[1]["mmsi"]) == [A, B]


def test_open_gap_says_that_it_goes_on(gazetteer: Gazetteer) -> None:
    told, _ = flagged(gazetteer, event("gap", 20, None, evidence={"n_neighbours": 7}))
    reason = told["reason"].iloc[0]
    assert reason.startswith("Silent for 4.0 h, last heard ")
    assert "where 7 other vessels were heard meanwhile, and silent still" in reason
    assert reason.endswith("(since 06 Jan 20:00 MYT)")
    for reach_m, far in (
        (137_300.0, "by now up to 74 nm from there"),
        (2_030_000.0, "by now anywhere in these waters or beyond"),  # 1,096 nm help nobody
    ):
        evidence = {"reachable_distance_m": reach_m}
        told, _ = flagged(gazetteer, event("gap", 20, None, evidence=evidence))
        assert f"and silent still, {far} (since" in told["reason"].iloc[0]
    told, _ = flagged(gazetteer, event("gap", 20, None, evidence={"n_neighbours": 1}))
    assert "where 1 other vessel was heard meanwhile" in told["reason"].iloc[0]


@pytest.mark.parametrize(
    ("mine", "theirs", "said"),
    [
        ("gap", "gap", "Could have met MMSI 000000002 for up to 2.0 h while both were silent, "),
        (
            "gap",
            "loitering",
            "Could have met MMSI 000000002, which loitered meanwhile, for up to 2.0 h, ",
        ),
        (
            "loitering",
            "gap",
            "Could have met MMSI 000000002, which was silent meanwhile, for up to 2.0 h, ",
        ),
    ],
)
def test_who_could_have_met_whom_is_told_of_the_right_one(
    gazetteer: Gazetteer, mine: str, theirs: str, said: str
) -> None:
    facts = {"together_s": 7200.0, "story": mine, "other_story": theirs}
    met = event("possible_meeting", 1, 2, mmsi=1, other_mmsi=2, evidence=facts)
    [row] = telling.told(events.build([met]))
    assert Teller({}, gazetteer, at(24)).sentence(row, 1).startswith(said)


def test_a_silence_that_outlasts_the_night_of_its_hulls_new_number_still_says_it(
    gazetteer: Gazetteer,
) -> None:
    silent = event("gap", -30, None, score=0.6, evidence={"reachable_distance_m": 900_000.0})
    # Of a pair the lower number comes first, whichever was given up.
    pair = {"mmsi": A, "other_mmsi": B, "evidence": {"from_mmsi": f"{B:09d}"}}
    changed = event("identity", -29, -29, subkind="hand_over", **pair)
    told, _ = flagged(gazetteer, {**silent, "mmsi": B, "track_ids": f"{B}01"}, changes=[changed])
    assert "; its hull is heard since under another number, as MT X" in told["reason"][0]
    alone, _ = flagged(gazetteer, silent)
    assert "anywhere in these waters" in alone["reason"][0]


@pytest.mark.parametrize(("score", "left"), [(0.7, [A]), (0.2, [A, B])])
def test_a_number_given_up_on_an_earlier_night_is_not_flagged_for_its_silence(
    gazetteer: Gazetteer, score: float, left: list[int]
) -> None:
    """Its hull was told of then, under both numbers; a change that was no lead told nobody."""
    silent = event("gap", -30, None, score=0.6) | {"mmsi": B, "track_ids": f"{B}01"}
    given = {"from_mmsi": f"{B:09d}", "to_mmsi": f"{A:09d}", "pause_s": 300.0, "miss_m": 90.0}
    pair = {"mmsi": A, "other_mmsi": B, "track_ids": f"{A}01;{B}01", "evidence": given}
    changed = event("identity", -29, -29, subkind="hand_over", score=score, **pair)
    also = event("loitering", 1, 9, score=0.5)
    _, ranked = flagged(gazetteer, silent, also, changes=[changed])
    assert sorted(ranked["mmsi"]) == left
    _, tonight = flagged(gazetteer, silent, also, {**changed, "start": at(1), "end": at(1)})
    assert B in set(tonight["mmsi"])  # the night that finds it tells of both
    again = {"told_before": ["identity"]}  # found again, as its verdicts may have changed
    _, ranked = flagged(gazetteer, silent, also, changed, **again)
    assert sorted(ranked["mmsi"]) == left


def test_a_silence_found_again_that_was_a_lead_of_an_earlier_night_flags_nobody_again(
    gazetteer: Gazetteer,
) -> None:
    over = event("gap", -40, -31, score=0.6, mmsi=B)
    also = event("loitering", 1, 9, score=0.5)
    _, ranked = flagged(gazetteer, over, also, told_before=["gap"])
    assert sorted(ranked["mmsi"]) == [A]


@pytest.mark.parametrize(("tracks", "left"), [("02", [B]), ("01", []), ("", [])])
def test_of_two_hulls_under_a_number_the_one_that_kept_it_is_still_told(
    gazetteer: Gazetteer, tracks: str, left: list[int]
) -> None:
    """Who has a pack may not have the tracks."""
    own = {"mmsi": B, "track_ids": f"{B}{tracks}" if tracks else ""}
    pair = {"mmsi": A, "other_mmsi": B, "track_ids": f"{A}01;{B}01"}
    how = {"subkind": "hand_over", "score": 0.7, "evidence": {"from_mmsi": f"{B:09d}"}}
    changed = event("identity", -29, -29, **how, **pair)
    _, ranked = flagged(gazetteer, event("gap", -40, None, score=0.6, **own), changes=[changed])
    assert sorted(ranked["mmsi"]) == left


@pytest.mark.parametrize(
    ("on", "conclusion", "left"),
    [
        (["identity"], "cleared", [B]),  # it was no change: the silence is all that is known of B
        (["identity"], "benign_cause", [B]),
        (["identity"], "boarded", []),
        (["identity", "gap"], "cleared", []),
        (["gap"], "cleared", []),
        ([], "", []),
    ],
)
def test_a_silence_whose_change_alone_was_cleared_is_not_hidden(
    gazetteer: Gazetteer, on: list[str], conclusion: str, left: list[int]
) -> None:
    silent = event("gap", -30, None, score=0.6) | {"mmsi": B, "track_ids": f"{B}01"}
    pair = {"mmsi": A, "other_mmsi": B, "track_ids": f"{A}01;{B}01"}
    how = {"subkind": "hand_over", "score": 0.7, "evidence": {"from_mmsi": f"{B:09d}"}}
    changed = event("identity", -29, -29, **how, **pair)
    about = {"made_time": NIGHT, "author": "an analyst", "reason": "two ships"}
    quiet = {"quiet_until": None, "quiet_within_m": 0.0}
    said_of = [
        dispositions.make(row, 0, conclusion=conclusion, **about, **quiet)
        for row in events.build([silent, changed]).to_dict("records")
        if row["kind"] in on
    ]
    known = pd.concat(said_of) if said_of else frames.empty(DISPOSITIONS)
    _, ranked = flagged(gazetteer, silent, changes=[changed], concluded=known)
    assert sorted(ranked["mmsi"]) == left


@pytest.mark.parametrize(
    ("chance", "said"), [(0.0, "< 1 %"), (0.3, "30 %"), (0.999, "> 99 %"), (1.0, "> 99 %")]
)
def test_no_chance_of_a_landing_is_told_as_none_or_certain(
    gazetteer: Gazetteer, chance: float, said: str
) -> None:
    facts = {
        "from_state": "IDN",
        "to_state": "MYS",
        "distance_m": 40000.0,
        "mean_speed_kn": 15.0,
        "end_to_coast_m": 900.0,
        "end_ashore_probability": chance,
    }
    [row] = telling.told(events.build([event("crossing", 1, 2, evidence=facts)]))
    told = Teller({}, gazetteer, at(24)).sentence(row, A)
    assert told.endswith(f"(chance that it landed unheard: {said})")


def test_a_kind_without_a_sentence_of_its_own_is_still_told(gazetteer: Gazetteer) -> None:
    told, _ = flagged(gazetteer, event("a_retired_kind", 1, 2))
    assert told["reason"].iloc[0].startswith("A retired kind for 60 min, ")


def test_last_seen_is_the_newest_report(gazetteer: Gazetteer) -> None:
    _, ranked = flagged(gazetteer, encounter())
    assert list(ranked["last_seen"]) == [at(20), at(21)]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A list of own vessels with A on it."""
    (tmp_path / "own.csv").write_text(f"mmsi,name\n{A},SAMPEL 1\n")
    about = "title: Own vessels\nsource: the fleet's\nlicence: own\nown: true\n"
    (tmp_path / "own.yaml").write_text(about)
    return tmp_path


def test_what_own_vessels_do_and_who_meets_them_flags_nobody(
    gazetteer: Gazetteer, own: Path
) -> None:
    lay = event("loitering", 1, 9, evidence={"median_speed_kn": 0.4})
    met = event("encounter", 2, 3, mmsi=A, other_mmsi=B, evidence=ENCOUNTER)
    alone = event("loitering", 1, 9, mmsi=B, evidence={"median_speed_kn": 0.4})
    met_by = event("encounter", 2, 3, mmsi=FERRY, other_mmsi=A, evidence=ENCOUNTER)
    asked = [lay, met, met_by]
    assert set(flagged(gazetteer, *asked)[1]["mmsi"]) == {A, B, FERRY}
    told, flags = flagged(gazetteer, *asked, own=own)
    assert flags.empty
    assert told["reason"].str.endswith(by_own_vessel()).all()
    _, flags = flagged(gazetteer, *asked, alone, own=own)
    assert flags["mmsi"].tolist() == [B]
    assert "with MT X" not in flags["reasons"].iloc[0]


@pytest.mark.parametrize(
    ("about", "alone"),
    [
        ({}, True),
        ({"score": 0.2}, False),
        ({"believed_track_id": f"{A}02"}, False),
        ({"false_track_id": None}, False),
        ({"returned": False}, False),
        ({"subkind": "offset_copy", "believed_track_id": ""}, False),
        ({"subkind": "offset_copy"}, True),
        ({"subkind": "on_land", "believed_track_id": "", "returned": None}, True),
    ],
    ids=[
        "false there",
        "hardly false",
        "within its track",
        "of no track",
        "never back, so another's or the true one",
        "one of two is displaced",
        "a copy of the other",
        "at no place for ships",
    ],
)
def test_what_lay_at_a_false_place_is_set_aside(gazetteer, about, alone) -> None:
    """Where the vessel is shown meanwhile; what it did at other times counts as it did."""
    away = f"{A}02"
    stated = {"false_track_id": away, "believed_track_id": f"{A}01", "returned": True}
    stated |= {"subkind": "jump", "score": 0.54} | about
    shown = {"subkind": stated.pop("subkind"), "score": stated.pop("score"), "evidence": stated}
    leapt = event("spoofing", 1, 6, track_ids=f"{A}01;{away}", **shown)
    drifted = {"evidence": {"median_speed_kn": 0.4}, "score": 0.5}
    there = event("loitering", 1.1, 5.9, track_ids=away, **drifted)
    met = event(
        "encounter", 2, 3, mmsi=A, other_mmsi=B, track_ids=f"{away};{B}01", evidence=ENCOUNTER
    )
    before = event("loitering", 0, 1, track_ids=f"{A}01", **drifted)
    events, flags = flagged(gazetteer, leapt, there, met)
    aside = events["reason"].str.endswith(by_false_positions())
    assert events.loc[aside, "kind"].tolist() == (["loitering", "encounter"] if alone else [])
    assert (B in set(flags["mmsi"])) is not alone
    if alone:
        assert flags["score"].tolist() == [0.54]
        _, flags = flagged(gazetteer, leapt, there, met, before)
        assert flags["score"].tolist() == [round(1 - 0.46 * 0.5, 4)]


@pytest.mark.parametrize("lay", [True, False])
def test_who_came_alongside_what_drifted_while_she_is_said_to_have_sailed_on_met_something(
    gazetteer, lay
) -> None:
    """She may have drifted there herself, with the other, and have shown a false place after it. At
    a place that she leapt to, and holds, nothing need be.
    """
    stated = {"false_track_id": f"{A}01", "believed_track_id": f"{A}02", "says_the_same": True}
    stated |= {"lay_s": 14_400.0} if lay else {}
    about = {"subkind": "frozen", "score": 0.58, "evidence": stated}
    shown = event("spoofing", 1, None, track_ids=f"{A}01", **about)
    drifted = event("loitering", 1, 5, track_ids=f"{A}01", evidence={"median_speed_kn": 0.3})
    met = event("encounter", 2, 4, other_mmsi=B, track_ids=f"{A}01;{B}01", evidence=ENCOUNTER)
    events, flags = flagged(gazetteer, shown, drifted, met)
    aside = events["reason"].str.endswith(by_false_positions())
    assert events.loc[aside, "kind"].tolist() == ["loitering", *(["encounter"] * (not lay))]
    assert set(flags["mmsi"]) == ({A, B} if lay else {A})


def held(n: int, apart_h: float = 1.0, first_h: float = 1.0, **about: Any) -> list[dict[str, Any]]:
    """Return events of so many vessels that each reported one and the same position for hours."""
    stated = {"false_track_id": f"{A}02", "believed_track_id": f"{A}01", "returned": True}
    how = {"subkind": "frozen", "score": 0.5, "evidence": stated | about}
    tracks = [f"{A}01;{A}02", *(f"{A + k}02" for k in range(1, n))]
    times = [first_h + k * apart_h for k in range(n)]
    return [
        event("spoofing", hour, hour + 6, mmsi=A + k, track_ids=track, **how)
        for k, (hour, track) in enumerate(zip(times, tracks, strict=True))
    ]


def two_hulls(n: int, score: float = 0.7) -> list[dict[str, Any]]:
    """Return events of so many numbers that two hulls sent, all from one time on."""
    about = {"subkind": "two_hulls", "score": score}
    return [
        event("identity", 8, 23, mmsi=A + k, track_ids=f"{A + k}01;{A + k}02", **about)
        for k in range(n)
    ]


@pytest.mark.parametrize(
    ("rows", "looked_at", "is_so"),
    [
        (held(12), 240, True),
        (held(12), 241, False),
        (held(4), 40, False),
        (held(12, apart_h=0.01), 40, False),
        (held(12, apart_h=0.01, first_h=0.945), 40, False),
        (held(12, says_the_same=True, lay_s=7200.0), 40, False),
        (held(12, says_the_same=True), 40, True),
        (two_hulls(12), 40, True),
        (two_hulls(12), 241, False),
        (two_hulls(12, score=0.2), 40, False),
    ],
    ids=[
        "a polled feed's",
        "a small share holds a position",
        "few do",
        "all do at one time",
        "all do at one time, half of them before the hour strikes",
        "each is heard elsewhere meanwhile",
        "each leaps first, and says the same",
        "a feed's that came twice",
        "a small share of numbers is two hulls'",
        "each is explained",
    ],
)
def test_what_many_vessels_do_may_be_their_feeds(
    rows: list[dict[str, Any]], looked_at: int, *, is_so: bool
) -> None:
    found = events.build([*rows, event("loitering", 1.1, 5.9, track_ids=f"{A}02", score=0.9)])
    which, said = feed_faults(found, looked_at, 0.3)
    assert which.tolist() == ((found["kind"] != "loitering") & is_so).tolist()
    assert [one.vessels for one in said] == [len(rows)] * is_so


def test_a_feed_is_blamed_once_for_what_it_did() -> None:
    """The night after, what ended a few hours before it was told of that night's reports again."""
    found = events.build(held(12))
    ids = found["event_id"].tolist()
    again, said = feed_faults(found, 40, 0.3, ids)
    assert again.all(), "it counts for as little"
    assert said == []
    assert [one.vessels for one in feed_faults(found, 40, 0.3, ids[1:])[1]] == [12]


def test_a_feed_that_says_again_what_it_heard_last_raises_nobody(gazetteer: Gazetteer) -> None:
    """One that is polled writes down each ship's last report anew: 40 of 200 innocent vessels were
    flagged, and what lay where one was "held" was taken for false.
    """
    slow = {"evidence": {"median_speed_kn": 0.4}, "score": 0.4}
    there = event("loitering", 1.1, 5.9, track_ids=f"{A}02", **slow)
    told, flags = flagged(gazetteer, *held(12), there)
    again = told["reason"].str.endswith(by_feed())
    assert told.loc[again, "kind"].tolist() == ["spoofing"] * 12
    assert not told["reason"].str.endswith(by_false_positions()).any()
    assert flags["mmsi"].tolist() == [A]
    assert flags["score"].tolist() == [0.4]


@pytest.mark.parametrize(
    ("conclusion", "quiet", "aside"),
    [
        ("cleared", None, False),
        ("cleared", at(48), False),
        ("benign_cause", None, True),
        ("benign_cause", at(48), True),
        ("boarded", None, True),
    ],
)
def test_what_lay_where_positions_were_cleared_of_being_false_is_a_lead(
    gazetteer, conclusion, quiet, aside
) -> None:
    """But a faulty set, a benign cause, shows where nobody was as well as any."""
    stated = {"false_track_id": f"{A}02", "believed_track_id": f"{A}01", "returned": True}
    about = {"subkind": "jump", "score": 0.54, "evidence": stated}
    leapt = event("spoofing", 1, 6, track_ids=f"{A}01;{A}02", **about)
    drifted = {"evidence": {"median_speed_kn": 0.4}, "score": 0.5}
    there = event("loitering", 1.1, 5.9, track_ids=f"{A}02", **drifted)
    said = {"conclusion": conclusion, "author": "an analyst", "reason": "the master's word"}
    said |= {"made_time": NIGHT, "quiet_until": quiet, "quiet_within_m": 5000.0}
    concluded = dispositions.make(events.build([leapt]).to_dict("records")[0], 0, **said)
    told, _ = flagged(gazetteer, leapt, there, concluded=concluded)
    false = told["reason"].str.endswith(by_false_positions())
    assert told.loc[false, "kind"].tolist() == ["loitering"] * aside


@pytest.mark.parametrize(
    ("about", "alone"),
    [
        ({}, True),
        ({"score": 0.2}, False),
        ({"pause_s": 5400.0}, False),
        ({"pause_s": None}, False),
    ],
    ids=["sailed on", "hardly a change", "unheard for long", "by another way"],
)
@pytest.mark.parametrize("before", [False, True], ids=["tonight", "the night before"])
def test_a_hull_heard_under_another_number_met_nobody_meanwhile(
    gazetteer, about, alone, before
) -> None:
    """It "could have met" whoever loitered where its old number was heard last, all night."""
    about = dict(about)
    evidence = {"from_mmsi": f"{A:09d}", "pause_s": about.pop("pause_s", 172.0)}
    how = {"subkind": "hand_over", "score": 0.7, "evidence": evidence, **about}
    change = event("identity", 1, 1.2, mmsi=FERRY, other_mmsi=A, **how)
    silence = event("gap", 1, None, evidence={"silent_s": 80_000.0}, score=0.6)
    of = events.build([silence])["event_id"].iloc[0]
    met = {"story": "gap", "event": of, "other_story": "loitering"}
    could = event("possible_meeting", 1, None, mmsi=A, other_mmsi=B, evidence=met, score=0.4)
    tonight = [silence, could] if before else [change, silence, could]
    changes = [change] if before else ()
    told, _ = flagged(gazetteer, *tonight, changes=changes)
    aside = told["reason"].str.endswith(by_other_number())
    assert told.loc[aside, "kind"].tolist() == (["possible_meeting"] if alone else [])
    [changed] = events.build([change]).to_dict("records")
    said = {"conclusion": "cleared", "author": "an analyst", "reason": "two ships"}
    said |= {"made_time": NIGHT, "quiet_until": None, "quiet_within_m": 0.0}
    cleared = dispositions.make(changed, 0, **said)
    told, _ = flagged(gazetteer, *tonight, changes=changes, concluded=cleared)
    assert not told["reason"].str.endswith(by_other_number()).any(), "it was no such change"


def test_meetings_with_own_vessels_are_no_history(gazetteer: Gazetteer, own: Path) -> None:
    before = [
        event("encounter", hour, hour + 1, mmsi=A, other_mmsi=B, evidence=ENCOUNTER)
        for hour in (-50.0, -30.0, -20.0)
    ]
    now = event("encounter", 1, 3, mmsi=B, other_mmsi=FERRY, evidence=ENCOUNTER)

    def score(**known: Any) -> float:
        return float(flagged(gazetteer, now, **known)[1].set_index("mmsi")["score"][B])

    assert score(past=before, own=own) == score() < score(past=before)


def test_an_own_vessel_whose_number_another_sends_counts_as_anybody(
    gazetteer: Gazetteer, own: Path
) -> None:
    lay = event("loitering", 1, 9, evidence={"median_speed_kn": 0.4})
    hulls = {"n_hulls": 2, "median_distance_m": 40_000.0}
    two = event("identity", 1, 9, subkind="two_hulls", evidence=hulls)
    told, flags = flagged(gazetteer, lay, two, own=own)
    assert set(told["detector"]) == {"loitering", "identity"}
    assert set(flags["mmsi"]) == {A}
    assert flags.equals(flagged(gazetteer, lay, two)[1])
    assert not told["reason"].str.endswith(by_own_vessel()).any()


def test_who_sends_an_own_number_is_open_until_somebody_answers_it(
    own: Path,
) -> None:
    lay = event("loitering", 1, 9, evidence={"median_speed_kn": 0.4})
    hulls = {"n_hulls": 2, "median_distance_m": 40_000.0}
    rows = events.build([lay, event("identity", 1, 9, subkind="two_hulls", evidence=hulls)])
    lists, asks = watchlists.load(own), (rows["detector"] == "identity").to_numpy(bool)
    assert watchlists.of_own(rows, lists, 0.3).tolist() == [False, False]
    assert watchlists.of_own(rows, lists, 0.3, answered=asks).tolist() == (~asks).tolist()


@pytest.mark.parametrize(
    ("visitors", "aside"), [((A, B), True), ((A, B, FERRY), False), ((B, FERRY), False)]
)
def test_whom_own_vessels_came_to_is_no_mother_ship(
    own: Path, visitors: Sequence[int], aside: bool
) -> None:
    came = {"visitors": " ".join(f"{mmsi:09d}" for mmsi in visitors)}
    rows = events.build([event("mother_ship", 1, 9, mmsi=563000009, evidence=came)])
    lists = watchlists.load(own)
    assert watchlists.of_own(rows, lists, 0.3).tolist() == [aside]
    counted = rows.assign(evidence="")  # as the store gives them to who only counts them
    assert watchlists.of_own(counted, lists, 0.3).tolist() == [False]

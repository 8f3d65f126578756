"""The analyst's desk: frames in and out, nights of the past, and conclusions."""

import json
import re
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from detectors.core.errors import SelatError
from detectors.kinematics import geodesy, integrity
from pipelines import store
from pipelines.ask import desk
from pipelines.ask.desk.given import lettered
from pipelines.ask.explain import EventNotFoundError
from pipelines.assess.dispositions import DispositionError


@pytest.fixture(scope="module")
def night(exercise_home: Path) -> desk.Night:
    return desk.night(exercise_home)


def test_frames_are_geopandas_frames_in_degrees(night: desk.Night) -> None:
    for frame in (night.flagged, night.events, night.track(night.flagged["mmsi"].iloc[0])):
        assert isinstance(frame, gpd.GeoDataFrame)
        assert frame.crs.to_epsg() == 4326
        assert np.allclose(frame.geometry.x, frame["lon"], equal_nan=True)
    assert night.simulated


def test_an_analysts_own_polygons_go_in(night: desk.Night) -> None:
    start, end = night.run["start"], night.run["end"]
    mmsi = int(night.flagged["mmsi"].iloc[0])
    everything = night.reports([mmsi], start, end)
    half = everything.geometry.x.median()
    west = gpd.GeoDataFrame(geometry=[shapely.box(90, -2, half, 10)], crs=4326)
    inside = night.reports([mmsi], start, end, area=west.to_crs(3857))
    expected = everything[everything["lon"] < half]
    assert 0 < len(inside) < len(everything)
    assert abs(len(inside) - len(expected)) <= 1


def test_an_approach_is_the_distance_between_the_reports(night: desk.Night) -> None:
    event_id = night.strongest("encounter")
    event = night.events.set_index("event_id").loc[event_id]
    table = night.approach(event_id)
    during = table[table["time"].between(event["start"], event["end"])]
    evidence = night.evidence(event_id)
    assert during["distance_m"].median() == pytest.approx(evidence["median_distance_m"], rel=0.2)
    assert during["distance_m"].max() <= 1.2 * evidence["max_distance_seen_m"] + 50
    # At a moment at which one reports, it is where it says it is.
    one = night.reports([int(event["mmsi"])], event["start"], event["end"])
    other = night.reports([int(event["other_mmsi"])], event["start"], event["end"])
    nearest = pd.merge_asof(
        one,
        other,
        on="time",
        direction="nearest",
        suffixes=("", "_2"),
        tolerance=pd.Timedelta("30s"),
    )
    both = nearest.dropna(subset="lat_2").iloc[0]
    plain = geodesy.distance_m(both["lat"], both["lon"], both["lat_2"], both["lon_2"])
    at = table.iloc[(table["time"] - both["time"]).abs().argmin()]
    assert float(at["distance_m"]) == pytest.approx(float(plain), abs=60)


@pytest.mark.slow
def test_the_night_of_the_strongest_event(night: desk.Night) -> None:
    found = desk.night_with("encounter", night.installation.home)
    event_id = found.strongest("encounter")
    assert event_id == night.strongest("encounter")
    assert found.explain(event_id).explanation.event["event_id"] == event_id
    with pytest.raises(SelatError, match="no boarding"):
        desk.night_with("boarding", night.installation.home)
    newest = desk.night_with("boarding", night.installation.home, or_newest=True)
    assert newest.run["run_id"] == night.run["run_id"]


def test_a_run_on_other_layers_than_these_is_said(
    night: desk.Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backtest of it would go by other land, and find nothing to flag."""
    monkeypatch.setattr("pipelines.ask.desk.opened.reference_hash", lambda _: "0123456789abcdef")
    with pytest.warns(UserWarning, match="other reference layers"):
        desk.night(night.installation.home)


def framed(html: str) -> str:
    """The page inside a cell's output, which is nothing but a frame and a line below it."""
    found = re.fullmatch(r'<iframe ([^<>]*) srcdoc="([^"]*)" ([^<>]*)></iframe><p>[^<>]*</p>', html)
    assert found
    assert 'sandbox="allow-scripts"' in found[1]
    return unescape(found[2])


def drawn(page: str) -> dict[str, Any]:
    """What the map of a page draws."""
    [data] = re.findall(r'id="data">(.*?)</script>', page, re.DOTALL)
    return dict(json.loads(data))


@pytest.mark.slow
def test_the_map_of_a_night_is_the_briefs(night: desk.Night, tmp_path: Path) -> None:
    chart = night.map()
    page = framed(chart._repr_html_())
    assert 'Policy" content="default-src &#39;none&#39;; ' in page
    assert 'class="chart-only"' in page
    assert "SIMULATED DATA" in page
    data = drawn(page)
    assert [f"{v['mmsi']:09d}" for v in data["vessels"]] == night.flagged["mmsi"].tolist()
    known = {key for ids in night.flagged["event_ids"] for key in ids.split(";")}
    assert {event["id"] for event in data["events"]} == known
    assert {track["mmsi"] for track in data["tracks"]} >= {
        int(one) for one in night.flagged["mmsi"]
    }
    assert chart.page(tmp_path / "map.html").read_text(encoding="utf-8") == page


def test_the_map_of_an_event_shows_its_vessels_around_it(night: desk.Night) -> None:
    event_id = night.strongest("encounter")
    event = night.events.set_index("event_id").loc[event_id]
    data = drawn(framed(night.draw(event_id[:10])._repr_html_()))
    both = {int(event["mmsi"]), int(event["other_mmsi"])}
    assert {v["mmsi"] for v in data["vessels"]} == both
    assert set(data["numbers"].values()) == {1}  # as on the mark: they did it together
    assert {track["mmsi"] for track in data["tracks"]} == both
    [mark] = data["events"]
    assert mark["id"] == event_id
    assert data["start_s"] + mark["begin_s"] == int(event["start"].timestamp())
    assert 0 < mark["begin_s"] < mark["end_s"] < data["end_s"] - data["start_s"]


@pytest.mark.slow
def test_what_stands_below_a_map_is_words(night: desk.Night) -> None:
    hostile = replace(night.map(), title='"><script>alert(1)</script>\u202e')
    html = hostile._repr_html_()
    framed(html)
    assert "<script" not in html
    assert "[U+202E]</p>" in html


def test_neighbours_are_near_and_others(night: desk.Night) -> None:
    event_id = night.strongest("gap")
    event = night.events.set_index("event_id").loc[event_id]
    near = night.neighbours(event_id, within_nm=10)
    assert event["mmsi"] not in set(near["mmsi"])
    assert near["distance_m"].max() <= 18520
    wide = night.neighbours(event_id, within_nm=40)
    assert set(near["mmsi"]) <= set(wide["mmsi"])


def test_what_is_not_there_is_an_error_with_a_hint(night: desk.Night) -> None:
    with pytest.raises(SelatError, match="has no boarding"):
        night.strongest("boarding")
    with pytest.raises(SelatError):
        night.explain("zzzz")
    incident = night.incidents.iloc[0]
    for asked in (night.explain, night.neighbours, night.evidence):
        with pytest.raises(EventNotFoundError) as told:
            asked(incident["incident_id"][:8])
        assert incident["events"].split(";")[0] in told.value.hint  # what to ask for instead
    with pytest.raises(SelatError):
        night.approach(night.strongest("gap"))


def test_a_table_says_which_clock_and_writes_numbers_out() -> None:
    time = pd.Timestamp("2026-01-11 14:02:31", tz="UTC")
    html = desk.table(pd.DataFrame({"start": [time], "duration_s": [10_800.0]}))._repr_html_()
    assert "2026-01-11 14:02Z" in html
    assert "10800" in html


def test_a_table_shows_positions_to_a_metre() -> None:
    html = desk.table(pd.DataFrame({"lat": [1.30512], "last_lon": [104.06249]}))._repr_html_()
    assert "1.30512" in html
    assert "104.06249" in html  # 104.1 is two miles off


def test_a_table_shows_texts_whole_and_runs_none() -> None:
    long = "x" * 500
    html = desk.table(pd.DataFrame({"name": ["<b>\u202e", long]}))._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;[U+202E]" in html
    assert long in html


@pytest.mark.slow
def test_a_conclusion_goes_in_and_stays_out_of_the_past(
    exercise_home: Path, tmp_path: Path
) -> None:
    home = shutil.copytree(exercise_home, tmp_path / "home")
    night = desk.night(home)
    event_id = night.events_of(int(night.flagged["mmsi"].iloc[0]))["event_id"].iloc[0]
    row = desk.conclude(
        night,
        event_id,
        "benign_cause",
        reason="tide",
        by="an analyst",
        quiet_until="2026-02-01",
        quiet_within_nm=3,
    )
    assert row["quiet_within_m"] == pytest.approx(5556)
    assert row["quiet_until"] == pd.Timestamp("2026-01-31T16:00Z")
    again = desk.night(home)
    assert "benign cause (an analyst: tide)" in again.flagged["concluded"].iloc[0]
    assert list(again.dispositions()["event_id"]) == [event_id]
    dossier = desk.vessel(again, int(again.flagged["mmsi"].iloc[0]))
    assert list(dossier.dispositions["reason"]) == ["tide"]
    past = desk.night(home, as_of=again.run["run_id"])
    assert past.dispositions().empty
    incident = again.incidents.iloc[0]
    assert incident["incident_id"] == again.flagged["incident_id"].iloc[0]
    desk.conclude(again, incident["incident_id"], "watch", reason="all of it", by="an analyst")
    said = desk.night(home).dispositions()
    ids = set(incident["events"].split(";"))
    assert set(said.loc[said["conclusion"] == "watch", "event_id"]) == ids
    assert set(past.flagged["concluded"]) == {""}
    with pytest.raises(DispositionError):
        desk.conclude(night, event_id, "guilty", reason="x", by="y")


@pytest.mark.slow
def test_an_operation_takes_polygons_and_records_nothing(night: desk.Night) -> None:
    first, last = night.span()
    third = (last - first) / 3
    during = (first + third, last - third)
    text = desk.operation(night, *during, area="101,1,104.5,3.2")
    box = gpd.GeoDataFrame(geometry=[shapely.box(101, 1, 104.5, 3.2)], crs=4326)
    mine = desk.operation(night, *during, area=box.to_crs(3857))
    pd.testing.assert_frame_equal(text.incidents, mine.incidents)
    whole = text.incidents[text.incidents["kind"] == "all"].set_index(["place", "phase"])[
        "incidents"
    ]
    counted = text.found.groupby(["place", "phase"]).size()
    assert dict(counted) == {key: n for key, n in whole.items() if n}
    inside = text.found["place"] == "inside"
    assert (text.found.within(box.geometry.iloc[0]) == inside).all()
    with store.read(night.installation.store) as reader:
        assert reader.operations().empty


def test_the_home_of_the_stories(
    exercise_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELAT_HOME", str(exercise_home))
    assert desk.exercise() == exercise_home
    monkeypatch.setenv("SELAT_HOME", str(tmp_path))
    with pytest.raises(SelatError, match="no exercise"):
        desk.exercise()


def test_a_cell_may_say_numbers_and_times_as_text(night: desk.Night) -> None:
    mmsi = int(night.flagged["mmsi"].iloc[0])
    text = f"{mmsi:09d}"
    assert len(night.track(text)) == len(night.track(mmsi)) > 0
    assert len(night.events_of(text)) == len(night.events_of(mmsi)) > 0
    assert desk.vessel(night, text).identity.mmsi == mmsi
    start, end = (f"{night.run[name]:%Y-%m-%dT%H:%M:%SZ}" for name in ("start", "end"))
    assert 0 < len(night.reports([text], start, end)) <= len(night.track(text))
    for wrong, named in (
        (lambda: night.track("53300000x"), "isn't an MMSI"),
        (lambda: night.reports([mmsi], "2026-13-40", end), "no date or time"),
        (lambda: night.reports([mmsi], pd.Timestamp("2026-01-06"), end), "has no zone"),
    ):
        with pytest.raises(SelatError, match=named):
            wrong()


def test_a_cell_may_have_times_of_any_make(night: desk.Night) -> None:
    """A datetime, a date or the end of what goes on was an AttributeError, or "NaT has no zone"."""
    mmsi, end = night.flagged["mmsi"].iloc[0], night.run["end"]
    start = end.tz_convert("Asia/Kuala_Lumpur").normalize()
    found = night.reports(mmsi, start, end)
    for same in (f"{start:%Y-%m-%d}", start.date(), start.to_pydatetime(), start.isoformat()):
        assert night.reports(mmsi, same, end.to_pydatetime()).equals(found)
    assert night.track([mmsi]).equals(night.track(mmsi))
    assert len(night.track(night.events["mmsi"].unique())) > len(night.track(mmsi))
    assert desk.find(night, int(mmsi)).equals(desk.find(night, mmsi))
    known = night.moment.known_time
    home = night.installation.home
    assert desk.night(home, as_of=known.tz_convert("Asia/Tokyo")).run == night.run
    assert len(night.since(known).events) == 0
    naive = pd.Timestamp("2026-01-06")
    for wrong, named in (
        (lambda: night.reports(mmsi, start, pd.NaT), "a time is missing"),
        (lambda: night.reports(mmsi, None, end), "a time is missing"),
        (lambda: night.reports(mmsi, naive.to_numpy(), end), "has no zone"),
        (lambda: night.reports(mmsi, 1767800000, end), "is no time"),
        (lambda: desk.night(home, as_of=naive), "has no zone"),
        (lambda: night.since("2150-01-01"), "lies ahead"),
    ):
        with pytest.raises(SelatError, match=named) as told:
            wrong()
        assert told.value.hint


def test_an_area_that_is_none_is_told(night: desk.Night) -> None:
    """Points, nothing, or what says no coordinate system gave no report, or an error of others."""
    start, end = night.run["start"], night.run["end"]
    around = shapely.box(94, -1.5, 106, 9)
    for area, named in (
        (around, "no coordinate system"),
        ("94,-1.5,106,9", "no coordinate system"),
        (gpd.GeoSeries([around]), "no coordinate system"),
        (gpd.GeoSeries([], crs=4326), "no polygon"),
        (gpd.GeoSeries([shapely.Point(103, 1)], crs=4326), "no polygon"),
    ):
        with pytest.raises(SelatError, match=named) as told:
            night.reports(None, start, end, area=area)
        assert told.value.hint
        if not isinstance(area, str):  # which names a zone or a box there
            with pytest.raises(SelatError, match=named):
                desk.operation(night, start, end, area)


def test_events_can_be_written_to_any_file(night: desk.Night, tmp_path: Path) -> None:
    """Evidence was an object that Parquet refused, and CSV held as Python's own writing of it."""
    gap = night.events[night.events["kind"] == "gap"]
    for frame in (gap, desk.vessel(night, gap["mmsi"].iloc[0]).events):
        frame.to_parquet(tmp_path / "events.parquet")
        back = gpd.read_parquet(tmp_path / "events.parquet")
        assert back["evidence"].tolist() == frame["evidence"].tolist()
    measured = pd.json_normalize(gap["evidence"].map(json.loads).tolist())
    facts = measured.filter(like="facts.").rename(columns=lambda name: name[len("facts.") :])
    for event_id, row in zip(gap["event_id"], facts.to_dict("records"), strict=True):
        assert row["n_neighbours"] == night.evidence(event_id)["n_neighbours"]
    stored = night.sql("SELECT event_id, evidence FROM events WHERE kind = 'gap'")
    both = gap.merge(stored, on="event_id")
    assert (both["evidence_x"] == both["evidence_y"]).all()
    assert len(both)


def test_vessels_are_text_of_nine_digits_in_every_frame(night: desk.Night) -> None:
    mmsi = night.flagged["mmsi"].iloc[0]
    dossier = desk.vessel(night, mmsi)
    found = desk.find(night, mmsi)
    frames = [night.flagged, night.events, night.incidents, night.events_of(mmsi), found]
    frames += [night.track(mmsi), night.neighbours(night.strongest("gap"), 40)]
    frames += [dossier.history, dossier.events, desk.verdicts(night).reports]
    assert all(len(frame) for frame in frames)
    for frame in frames:
        for name in {"mmsi", "other_mmsi"} & set(frame):
            assert frame[name].str.fullmatch(r"\d{9}|").all()
    assert (night.events["other_mmsi"] == "").any()  # nobody is no vessel, and no zeros
    told = night.incidents["made_of"]
    assert told.str.contains(r"[a-z] 0\.\d\d").all()
    assert not told.str.contains(r"[{\[]").any()


def test_what_is_kept_of_each_date_and_what_a_look_reads(night: desk.Night) -> None:
    told = desk.kept(night)
    dates, folder = told.dates.set_index("date"), night.installation.store
    for name in ("positions", "tracks"):
        there = sum(path.stat().st_size for path in (folder / name).rglob("*.parquet"))
        assert there == dates[{"positions": "received_bytes", "tracks": "judged_bytes"}[name]].sum()
    assert dates["reports"].sum() == night.feeds()["positions"].sum()
    assert (dates["next_run"] == "stands").all()
    [one] = told.reads(2.0).to_dict("records")
    assert one["reports"] == one["held"] <= dates["reports"].sum()
    assert (one["vessels"], one["parts"]) == (
        night.run["manifest"]["counts"]["vessels_looked_at"],
        1,
    )
    little, much = told.reads(1.0, 8.0, times=1000).to_dict("records")
    assert little["reports"] == much["reports"] == 1000 * one["reports"]
    assert little["parts"] > much["parts"] > 1
    assert one["peak_gb"] < little["peak_gb"] < much["peak_gb"] < 8.5


def test_dates_are_worked_out_anew_by_other_rules(
    night: desk.Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "VERSION", "another")
    assert (desk.kept(night).dates["next_run"] == "worked out anew").all()


def test_a_silence_of_class_b_says_in_a_frame_what_it_lost() -> None:
    incidents = pd.DataFrame(
        {"mmsi": [533000001], "events": ["a;gone"], "made_of": ['[{"kind": "gap", "score": 0.35}]']}
    )
    events = pd.DataFrame(
        {"event_id": ["a"], "kind": "gap", "mmsi": 533000001, "other_mmsi": 0, "score": 0.5}
    )
    told = lettered(incidents, events)["made_of"].tolist()
    assert told == ["silence 0.35 (lowered from 0.50, as class B need not send AIS)"]
    assert lettered(incidents)["made_of"].tolist() == ["silence 0.35"]


def test_a_wrong_date_says_what_is_wrong_with_it(night: desk.Night) -> None:
    home, known = night.installation.home, night.moment.known_time
    before, after = (f"{known + pd.Timedelta(days=days):%Y-%m-%d}" for days in (-2, 9))
    for wrong, named in (
        ("yesterday evening", "neither a run nor a time"),
        ("2026-02-31", "neither a run nor a time"),
        (before, "nothing was known yet"),
        ("2150-01-01", "lies ahead"),
    ):
        with pytest.raises(SelatError, match=named) as told:
            desk.night(home, as_of=wrong)
        assert told.value.hint
    with pytest.raises(SelatError, match="isn't a home"):
        desk.night(after)
    with pytest.warns(UserWarning, match=f"{known:%Y-%m-%d %H:%M}Z"):
        assert desk.night(home, as_of=after).run["run_id"] == night.run["run_id"]


def test_what_is_shown_is_short_and_reasons_are_whole(night: desk.Night) -> None:
    shown = [repr(night), repr(desk.vessel(night, int(night.flagged["mmsi"].iloc[0])))]
    assert all("\n" not in text and len(text) < 160 for text in shown)
    assert night.run["run_id"] in shown[0]
    reasons = night.reasons
    assert reasons["reason"].tolist() == " | ".join(night.flagged["reasons"]).split(" | ")
    assert reasons["mmsi"].str.fullmatch(r"\d{9}").all()
    html = desk.table(night.flagged[["mmsi", "reasons"]])._repr_html_()
    assert " | " not in html
    first = night.first
    assert 0 < len(first) <= 3
    assert set(first["incident_id"]) <= set(night.incidents["incident_id"])


def test_one_vessel_is_asked_for_as_several_are(night: desk.Night) -> None:
    mmsi = night.flagged["mmsi"].iloc[0]
    start, end = night.run["start"], night.run["end"]
    several = night.reports([mmsi], start, end)
    assert len(several) > 0
    for one in (mmsi, int(mmsi)):  # a text was taken for a list of its figures: no report at all
        assert night.reports(one, start, end).equals(several)


def test_what_is_asked_for_wrongly_is_told_not_answered_with_nothing(night: desk.Night) -> None:
    start, end = night.run["start"], night.run["end"]
    several = night.events["mmsi"].value_counts().index[0]
    event = night.events_of(several)["event_id"].iloc[0]
    assert night.explain(event[:12])
    wrongly = (
        (lambda: night.reports(None, end, start), "lies after", "swap"),
        (lambda: desk.vessel(night, "123"), "no vessel 000000123 was heard", "one digit off"),
        (lambda: night.explain(123), "no events are called '000000123'", "night.events"),
        (lambda: night.explain(int(several)), rf"\d+ events are called '{several}'", "; "),
        (lambda: desk.night(night.installation.home, as_of=f"{start:%Y%m%dT%H%M%SZ}-0099"),
         "neither a run nor a time", night.run["run_id"]),
    )  # fmt: skip
    for asked, named, hint in wrongly:
        with pytest.raises(SelatError, match=named) as error:
            asked()
        assert hint in error.value.hint
        # A notebook shows a traceback alone.
        assert error.value.__notes__ == [f"hint: {error.value.hint}"]


def test_what_belongs_with_an_incident_is_told_with_why(night: desk.Night) -> None:
    table = night.incidents.set_index("incident_id")
    found = {one: desk.related(night, one) for one in table.index[table["rank"] > 0]}
    told = [(one, row) for one, rows in found.items() for row in rows.itertuples()]
    assert told
    for one, row in told:
        assert row.why
        assert row.title == table.loc[row.incident_id, "title"]
        assert row.incident_id != one
        if row.why.endswith("is in both"):
            assert one in set(found[row.incident_id]["incident_id"]), "each tells of the other"
    whole = told[0][0]
    n = next(n for n in range(1, 17) if sum(table.index.str.startswith(whole[:n])) == 1)
    pd.testing.assert_frame_equal(desk.related(night, whole[:n]), found[whole])
    for wrong in ("", "no such", table["events"].iloc[0].split(";")[0]):
        with pytest.raises(SelatError, match=r"no incidents of .* are called"):
            desk.related(night, wrong)

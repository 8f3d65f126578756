"""A report counts what began in each phase and place, and only in hours that were looked at."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from detectors.core import events as schema
from detectors.kinematics import geodesy
from pipelines.assess.dispositions import make
from pipelines.assess.operations import OperationError, find
from pipelines.assess.operations import make as make_operation
from pipelines.assess.operations import report as comparing
from pipelines.base.schemas import CONCLUSIONS, DISPOSITIONS
from pipelines.cli.operation import _print
from pipelines.publish.operation import page, tables
from tests.making import event_row
from tests.pipelines.conftest import holds_its_policy, land_only

T0 = pd.Timestamp("2026-02-01T00:00Z").as_unit("us")
DAY = pd.Timedelta("1D")
OUTLINE = shapely.box(101.0, 2.0, 102.0, 3.0)
INSIDE, BESIDE, ELSEWHERE = (2.5, 101.5), (2.5, 102.2), (6.0, 99.0)


SAID = {"author": "a", "reason": "r", "quiet_until": None, "quiet_within_m": 1.0}


def operation(
    name: str = "Kasturi", end: pd.Timestamp = T0 + 10 * DAY, outline: Any = OUTLINE
) -> pd.DataFrame:
    about = {"note": "x", "author": "me", "made_time": T0}
    return make_operation(name, T0 + 5 * DAY, end, "101,2,102,3", outline, **about)


def happened(number: int, day: float, where: tuple[float, float], **changes: Any) -> dict[str, Any]:
    start = T0 + day * DAY
    plain = {"mmsi": 100 + number, "lat": where[0], "lon": where[1], "score": 0.6, **changes}
    return {**event_row("crossing", start, start, **plain), "detector": "crossing"}


def everything(runs: list[tuple[float, float]] | None = None) -> comparing.Report:
    rows = [happened(k, 0.5 + k / 4, INSIDE) for k in range(16)]
    rows += [happened(20 + k, 5.5 + k, INSIDE) for k in range(3)]
    rows += [happened(30 + k, 5.2 + k / 4, BESIDE) for k in range(12)]
    rows += [happened(50 + k, 0.2 + k / 4, ELSEWHERE, kind="gap") for k in range(59)]
    rows += [happened(200, 6.0, INSIDE, score=0.1), happened(201, 15.2, INSIDE)]  # weak; too late
    found = schema.build(rows)
    spans_ = pd.DataFrame(
        [(T0 + a * DAY, T0 + b * DAY) for a, b in (runs or [(0, 15)])], columns=["start", "end"]
    )
    row = operation().iloc[0]
    phases = comparing.spans(row["start"], row["end"], 5 * DAY, spans_)
    ring = comparing.ring_of(OUTLINE, 20.0)
    first = int(T0.value // 3_600_000_000_000)
    hours = first + np.arange(15 * 24)
    presence = pd.concat(
        [pd.DataFrame({"mmsi": 100 + place, "hour": hours, "place": place}) for place in (0, 1, 2)]
    )
    boarded = found[found["mmsi"] == 100].iloc[0].to_dict()
    said = pd.concat(
        [
            make(boarded, 0, made_time=T0, conclusion="watch", **SAID),
            make(boarded, 1, made_time=T0 + DAY, conclusion="cleared", **SAID),
        ]
    )[list(DISPOSITIONS)]
    return comparing.compare(
        row,
        phases,
        found,
        presence,
        said,
        {},
        outline=OUTLINE,
        ring=ring,
        beside_nm=20.0,
        min_score=0.3,
        simulated=True,
    )


def cell(frame: pd.DataFrame, **where: str) -> pd.Series:
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_what_began_where_and_when():
    made = everything()
    counts = {
        (place, phase): int(cell(made.incidents, place=place, phase=phase, kind="all")["incidents"])
        for place in comparing.PLACES
        for phase in comparing.PHASES
    }
    assert counts == {
        ("inside", "before"): 16,
        ("inside", "during"): 3,
        ("inside", "after"): 0,
        ("beside", "before"): 0,
        ("beside", "during"): 12,
        ("beside", "after"): 0,
        ("elsewhere", "before"): 20,
        ("elsewhere", "during"): 20,
        ("elsewhere", "after"): 19,
    }
    during = cell(made.incidents, place="inside", phase="during", kind="crossing")
    assert during["verdict"] == "fewer"
    assert during["ratio"] == pytest.approx(3 / 16)
    assert cell(made.incidents, place="beside", phase="during", kind="all")["verdict"] == "more"
    assert made.displacement == pytest.approx(-12 / 13)
    assert "rose beside" in tables.displacement_words(made)


def test_presence_by_hour_and_day():
    row = cell(everything().presence, place="inside", phase="during")
    assert (row["vessel_hours"], row["vessels"], row["days"]) == (120, 1, 5)
    assert row["verdict"] == "no clear change"


def test_the_newest_outcome_counts_where_the_behaviour_was():
    made = everything()
    row = cell(made.outcomes, place="inside", phase="before")
    assert (row["cleared"], row["boarded"], row["watch"]) == (1, 0, 0)
    assert made.outcomes[["boarded", "cleared"]].to_numpy().sum() == 1


def test_only_what_was_looked_at_counts():
    made = everything([(0, 2), (5, 10)])
    assert made.looked_at == {"before": pytest.approx(0.4), "during": 1.0, "after": 0.0}
    before = cell(made.incidents, place="inside", phase="before", kind="all")
    assert before["incidents"] == 6
    after = cell(made.incidents, place="inside", phase="after", kind="all")
    assert (after["incidents"], after["verdict"]) == (0, "too few to tell")
    text = " ".join(tables.notes(made))
    assert "Before: only 40% looked at" in text
    assert "After: was not looked at by any run" in text
    assert "3 ratios are given by kind" in text
    few = replace(made, incidents=made.incidents.assign(ratio=float("nan")))
    assert "ratios are given by kind" not in " ".join(tables.notes(few))


def test_beside_is_that_far():
    ring = comparing.ring_of(OUTLINE, 20.0)
    lat, lon = 2.5, 102.0
    for metres, inside in ((19.5 * 1852, True), (20.5 * 1852, False)):
        at = geodesy.destination(lat, lon, 90.0, metres)
        assert shapely.intersects_xy(ring, float(at[1]), float(at[0])) == inside
    assert not shapely.intersects_xy(ring, 101.5, 2.5)


def test_the_page_and_json_show_text_as_text():
    made = everything()
    made.operation["note"] = "<script>alert(1)</script>\u202e"
    html = page.to_html(made, land_only([shapely.box(100, 1, 101.2, 2.2)]))
    holds_its_policy(html)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "\u202e" not in html
    assert "SIMULATED" in html
    document = json.loads(tables.to_json(made))
    assert document["simulated"] is True
    assert document["phases"]["during"]["hours_looked_at"] == 120


def test_kinds_are_called_as_everywhere_and_by_their_names_for_machines():
    made = everything()
    kinds = {kind for _, kind, _ in tables.incident_rows(made)}
    assert {"all", "silence"} < kinds
    assert "<td>silence</td>" in page.to_html(made, land_only([shapely.box(100, 1, 101.2, 2.2)]))
    assert "gap" in {row["kind"] for row in tables.document(made)["incidents"]}


def test_names_and_times_are_checked():
    for changes in ({"end": T0}, {"outline": shapely.Polygon()}):
        with pytest.raises(OperationError):
            operation(**changes)
    for name in ("", "=1+1", "a" * 81, "a\u202eb", "x\ny"):
        with pytest.raises(OperationError):
            operation(name)
    assert find(operation("Kasturi 3"), "KASTURI 3")["name"] == "Kasturi 3"
    with pytest.raises(OperationError):
        find(operation("Kasturi 3"), "other")


def test_intervals_beyond_the_scale_end_at_its_ends():
    assert page._x(0.0) == page._x(0.1) < page._x(1.0) < page._x(10.0) == page._x(math.inf)


def test_what_is_one_story_counts_once_where_and_when_it_began() -> None:
    lone = happened(1, 5, BESIDE, kind="loitering")
    first = happened(2, 0, INSIDE, kind="encounter", other_mmsi=200, score=0.4)
    later = happened(2, 3, ELSEWHERE, score=0.9)
    found = schema.build([lone, first, later])
    ids = dict(zip(found["kind"], found["event_id"], strict=True))
    folded = comparing.by_incident(found, {ids["encounter"]: "story", ids["crossing"]: "story"})
    assert folded["event_id"].tolist() == [ids["encounter"], ids["loitering"]]
    assert folded["kind"].tolist() == ["crossing", "loitering"]  # of the strongest
    assert folded["vessels"].tolist() == [{102, 200}, {101}]
    assert comparing.by_incident(found.iloc[:0], {}).empty


def test_one_boarding_counts_once_however_many_events_it_concludes_on() -> None:
    rows = [happened(1, 5.1, INSIDE), happened(2, 5.3, BESIDE), happened(3, 5.5, INSIDE)]
    found = schema.build([*rows, happened(4, 5.6, INSIDE)]).to_dict("records")
    said = [make(one, 0, made_time=T0, conclusion="boarded", **SAID) for one in found[:3]]
    said.append(make(found[3], 1, made_time=T0 + DAY, conclusion="boarded", **SAID))
    looked = pd.DataFrame([(T0, T0 + 15 * DAY)], columns=["start", "end"])
    row = operation().iloc[0]
    phases = comparing.spans(row["start"], row["end"], 5 * DAY, looked)
    outcomes = comparing._outcomes(
        pd.concat(said)[list(DISPOSITIONS)], phases, OUTLINE, comparing.ring_of(OUTLINE, 20.0)
    )
    boarded = outcomes[outcomes["boarded"] > 0]
    assert boarded[["place", "phase", "boarded"]].to_numpy().tolist() == [["inside", "during", 2]]


def test_of_no_clear_change_no_more_is_said_than_that() -> None:
    made = everything()
    table = made.incidents
    all_inside = (table["place"] == table["place"].iloc[0]) & (table["kind"] == "all")
    for ratio, low, high in ((math.inf, 0.4, math.inf), (0.0, 0.0, 1.7)):
        names = ["ratio", "low", "high", "verdict"]
        table.loc[all_inside, names] = [[ratio, low, high, "no clear change"]] * all_inside.sum()
        html = page.to_html(made, land_only([shapely.box(100, 1, 101.2, 2.2)]))
        row = html.split("<td>all</td>")[1].split("</tr>")[0]
        assert row.count("no clear change") == 2  # during, and after
        assert "too few" not in row


def test_where_nothing_was_concluded_a_line_says_so(capsys: pytest.CaptureFixture[str]):
    """Nine rows of zeros say it too, and have to be read."""
    made, zones = everything(), land_only([shapely.box(100, 1, 101.2, 2.2)])
    assert [(row["place"], row["phase"]) for row in tables.outcome_rows(made)] == [
        ("inside", "before")
    ]
    nothing = dict.fromkeys(CONCLUSIONS, 0)
    none = replace(made, outcomes=made.outcomes.assign(**nothing))
    for report, said in ((made, False), (none, True)):
        _print(report)
        out, html = capsys.readouterr().out, page.to_html(report, zones)
        for text in (out, html):
            assert (tables.NOTHING_CONCLUDED in " ".join(text.split())) is said
            assert (tables.CONCLUDED in " ".join(text.split())) is not said
        assert ("Conclusions" in out) is not said

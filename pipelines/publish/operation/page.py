"""A report of an operation as a page: one file, no request, no script."""

import math
from typing import Any

import shapely

from detectors.surroundings.zones import Zones
from pipelines.assess.operations.report import PHASES, PLACES, Report
from pipelines.base.schemas import CONCLUSIONS
from pipelines.base.text import minute, moment, position_text
from pipelines.base.visible import clean
from pipelines.publish.maps import cut, page
from pipelines.publish.maps.scene import Point, Region, Scene
from pipelines.publish.operation import tables

_LOW, _HIGH = 0.1, 10.0
"""Ends of the picture's scale of ratios."""


def to_html(report: Report, zones: Zones) -> str:
    """Write the page; `zones` are what lies below the map."""
    name = clean(str(report.operation["name"]))
    return page.render(
        __package__,
        "operation.html.j2",
        page.Head(f"Operation {name}", simulated=report.simulated),
        area=_area(str(report.operation["area"])),
        note=clean(str(report.operation["note"])),
        notes=tables.notes(report),
        displacement=tables.displacement_words(report),
        beside_nm=report.beside_nm,
        min_score=report.min_score,
        phases=[
            {
                "name": name,
                "start": moment(span.start),
                "end": moment(span.end),
                "looked": report.looked_at[name],
                "heard": report.hours_heard[name],
                "hours": len(span.hours),
            }
            for name, span in report.spans.items()
        ],
        still=page.still(scene_of(report, zones), "Map of the operation"),
        has_land=len(zones.land) > 0,
        forest=_forest(report),
        incidents=_incidents(report),
        presence=_presence(report),
        outcomes=tables.outcome_rows(report),
        nothing_concluded=tables.NOTHING_CONCLUDED,
        conclusions=CONCLUSIONS,
        concluded=tables.CONCLUDED,
    )


def _incidents(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "place": place,
            "kind": kind,
            **_compared(by, "incidents"),
            "during_hour": tables.interval(by["during"], "per_hour_"),
        }
        for place, kind, by in tables.incident_rows(report)
    ]


def _presence(report: Report) -> list[dict[str, Any]]:
    rows = tables.presence_rows(report)
    return [{"place": place, **_compared(by, "vessel_hours")} for place, by in rows]


def _compared(by: dict[str, dict[str, Any]], counted: str) -> dict[str, Any]:
    return {
        "counts": [(by[p][counted], by[p]["vessels"]) for p in PHASES],
        "during": tables.interval(by["during"]),
        "after": tables.interval(by["after"]),
        "verdict": by["during"]["verdict"],
        "verdict_after": by["after"]["verdict"],
    }


# ---- pictures


def scene_of(report: Report, zones: Zones) -> Scene:
    """Draw the operation's area, what is called beside it, and where incidents began by phase."""
    west, south, east, north = shapely.bounds(report.ring).tolist()
    lon0, fit = cut.extent([west, east], [south, north])
    box = cut.padded(fit)
    found = report.found
    lon, lat = cut.relative(found["lon"].to_numpy(), lon0).tolist(), found["lat"].tolist()
    said = found.assign(what=[tables.kind_word(kind) for kind in found["kind"]])
    told = (said[name].tolist() for name in ("phase", "what", "start"))
    return Scene(
        lon0,
        fit,
        box,
        cut.ground(zones, box, lon0),
        regions=(
            Region(cut.shape_rings(_at_sea(report.ring, zones), lon0), "beside", "beside"),
            Region(cut.shape_rings(_at_sea(report.outline, zones), lon0), "area", "area"),
        ),
        points=tuple(
            Point(x, y, "dot", PHASES[phase], "", f"{what}, {minute(start)}, {PHASES[phase]}")
            for x, y, phase, what, start in zip(lon, lat, *told, strict=True)
            if box[0] <= x <= box[2] and box[1] <= y <= box[3]
        ),
    )


def _at_sea(shape: shapely.Geometry, zones: Zones) -> shapely.Geometry:
    """Return what of an area lies over sea: nothing of it was looked at over land."""
    land = shapely.clip_by_rect(zones.land.geometry.to_numpy(), *shapely.bounds(shape))
    return shapely.difference(shape, shapely.union_all(land[~shapely.is_empty(land)]))


def _forest(report: Report) -> dict[str, Any]:
    """During over before, per vessel-hour, with intervals, on a scale of logarithms."""
    rows, y = [], 34.0
    for place in PLACES:
        part = report.incidents[(report.incidents["place"] == place)]
        part = part[part["phase"] == "during"]
        for row in part.to_dict("records"):
            if math.isnan(row["ratio"]):
                continue
            rows.append(
                {
                    "y": y,
                    "label": f"{place}: {tables.kind_word(row['kind'])}",
                    "x": _x(row["ratio"]),
                    "low": _x(row["low"]),
                    "high": _x(row["high"]),
                    "sure": row["verdict"] in {"more", "fewer"},
                    "text": tables.interval(row),
                }
            )
            y += 22
    ticks = [{"x": _x(v), "text": f"{v:g}×"} for v in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)]
    return {"rows": rows, "height": y + 10, "ticks": ticks, "one": _x(1.0)}


def _area(text: str) -> str:
    """Return an area for people: a box as its corners, in degrees and minutes; a zone by its id.

    >>> _area("100.5,1.8,102.5,3.2"), _area("kukup")
    ('01°48.00′N 100°30.00′E to 03°12.00′N 102°30.00′E', 'kukup')
    """
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError:
        return clean(text)
    return f"{position_text(south, west)} to {position_text(north, east)}"


def _x(ratio: float) -> float:
    """Return where a ratio stands; beyond the ends of the scale, at its ends."""
    share = math.log(min(max(ratio, _LOW), _HIGH) / _LOW) / math.log(_HIGH / _LOW)
    return round(300.0 + 460.0 * share, 1)

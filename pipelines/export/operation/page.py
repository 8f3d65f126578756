"""A report of an operation as a page: one file, no request, no script."""

import math
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from pipelines.export import labels, pages
from pipelines.export.operation import tables
from pipelines.export.pages import Frame
from pipelines.operations.report import PHASES, PLACES, Report
from pipelines.patrol.units import LOCAL
from pipelines.visible import clean

_MARGIN_DEG: Final = 0.25
COLOURS: Final = {"before": "#7c8b96", "during": "#b3471d", "after": "#0b6e8a"}
_LOW, _HIGH = 0.1, 10.0
"""Ends of the picture's scale of ratios."""


def to_html(report: Report, land: NDArray[np.object_]) -> str:
    """The page; `land` holds polygons to draw, WGS84."""
    style, digest = pages.style()
    english = labels.labels("en")
    return pages.template(__package__, "operation.html.j2").render(
        name=clean(str(report.operation["name"])), area=clean(str(report.operation["area"])),
        note=clean(str(report.operation["note"])), style=style, style_hash=digest,
        simulated=english.simulated if report.simulated else "", notes=tables.notes(report),
        displacement=tables.displacement_words(report), beside_nm=report.beside_nm,
        min_score=report.min_score, coast=english.coast_source, colours=COLOURS,
        phases=[
            {"name": name, "start": _local(span.start), "end": _local(span.end),
             "looked": report.looked_at[name], "heard": report.hours_heard[name],
             "hours": len(span.hours)}
            for name, span in report.spans.items()
        ],
        chart=_chart(report, land), forest=_forest(report), events=_events(report),
        presence=_presence(report), outcomes=report.outcomes.to_dict("records"), places=PLACES,
    )  # fmt: skip


def _local(time: Any) -> str:
    return str(time.tz_convert(LOCAL).strftime("%d %b %Y %H:%M MYT"))


def _events(report: Report) -> list[dict[str, Any]]:
    rows = []
    for place, kind, by in tables.event_rows(report):
        rows.append(
            {
                "place": place, "kind": kind,
                "counts": [(by[p]["events"], by[p]["vessels"]) for p in PHASES],
                "during": tables.interval(by["during"]), "after": tables.interval(by["after"]),
                "during_hour": tables.interval(by["during"], "per_hour_"),
                "verdict": by["during"]["verdict"], "verdict_after": by["after"]["verdict"],
            }
        )  # fmt: skip
    return rows


def _presence(report: Report) -> list[dict[str, Any]]:
    rows = []
    for place, by in tables.presence_rows(report):
        rows.append(
            {
                "place": place,
                "counts": [(by[p]["vessel_hours"], by[p]["vessels"]) for p in PHASES],
                "during": tables.interval(by["during"]), "after": tables.interval(by["after"]),
                "verdict": by["during"]["verdict"], "verdict_after": by["after"]["verdict"],
            }
        )  # fmt: skip
    return rows


# ---- pictures


def _chart(report: Report, land: NDArray[np.object_]) -> dict[str, Any]:
    west, south, east, north = (float(v) for v in shapely.bounds(report.ring))
    frame = Frame(west - _MARGIN_DEG, south - _MARGIN_DEG, east + _MARGIN_DEG, north + _MARGIN_DEG)
    shown = report.found[
        report.found["lat"].between(frame.south, frame.north)
        & report.found["lon"].between(frame.west, frame.east)
    ]
    places = zip(
        *(shown[c].tolist() for c in ("lat", "lon", "phase", "kind", "start")), strict=True
    )
    return {
        "width": frame.width, "height": frame.height, "land": frame.land(land),
        "grid": frame.grid(), "area": frame.outline(report.outline),
        "ring": frame.outline(report.ring),
        "events": [
            {"x": x, "y": y, "phase": PHASES[phase],
             "title": f"{kind}, {start:%d %b %H:%M}Z, {PHASES[phase]}"}
            for lat, lon, phase, kind, start in places
            for x, y in [frame.xy(lat, lon).tolist()]
        ],
    }  # fmt: skip


def _forest(report: Report) -> dict[str, Any]:
    """During over before, per vessel-hour, with intervals, on a scale of logarithms."""
    rows, y = [], 34.0
    for place in PLACES:
        part = report.events[(report.events["place"] == place)]
        part = part[part["phase"] == "during"]
        for row in part.to_dict("records"):
            if math.isnan(row["ratio"]):
                continue
            rows.append(
                {
                    "y": y, "label": f"{place}: {row['kind'].replace('_', ' ')}",
                    "x": _x(row["ratio"]), "low": _x(row["low"]), "high": _x(row["high"]),
                    "sure": row["verdict"] in {"more", "fewer"},
                    "text": tables.interval(row),
                }
            )  # fmt: skip
            y += 22
    ticks = [{"x": _x(v), "text": f"{v:g}×"} for v in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)]
    return {"rows": rows, "height": y + 10, "ticks": ticks, "one": _x(1.0)}


def _x(ratio: float) -> float:
    """Where a ratio stands; beyond the ends of the scale, at its ends."""
    share = math.log(min(max(ratio, _LOW), _HIGH) / _LOW) / math.log(_HIGH / _LOW)
    return round(300.0 + 460.0 * share, 1)

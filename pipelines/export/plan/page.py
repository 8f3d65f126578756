"""plan.html: a plan to print or to read on any machine; one file, no request, no script.

The brief tells the same below its list (`section`), and draws the plan on its own map.
"""

from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pipelines.export import labels, pages
from pipelines.export.briefing import position_text
from pipelines.export.labels import PlanLabels
from pipelines.export.pages import Frame
from pipelines.export.plan import words
from pipelines.export.text import one_line
from pipelines.patrol.model import Plan, Sailed
from pipelines.products import Planned
from pipelines.visible import clean

COLOURS: Final = ("#0b6e8a", "#b3471d", "#5b4b9a", "#2f7d32", "#a0306b", "#7a6a00", "#33557a")
_MARGIN_DEG: Final = 0.25
_MAX_RATIO: Final = 1.4


def to_html(planned: Planned, land: NDArray[np.object_]) -> str:
    """The page.

    Parameters
    ----------
    land
        Polygons to draw, WGS84.
    """
    style, digest = pages.style()
    every = labels.labels(planned.language)
    return pages.template(__package__, "plan.html.j2").render(
        style=style, style_hash=digest, marks=words.marks(planned), chart=_chart(planned, land),
        language=planned.language, coast=every.coast_source, section=section(planned),
        heading=words.heading(planned), said=every.plan,
    )  # fmt: skip


def section(planned: Planned, template: str = "section.html.j2") -> Markup:
    """The plan in words: HTML to stand in a page, safe, without styles or scripts.

    Parameters
    ----------
    template
        ``section.html.j2`` has tables, ``narrow.html.j2`` paragraphs, as the brief's list.
    """
    plan, every, said = planned.plan, labels.labels(planned.language), words.of(planned)
    html = pages.template(__package__, template).render(
        heading=words.heading(planned), plan=plan, words=every, said=said,
        warnings=words.warnings(planned),
        facts=said.facts.format(
            run_id=plan.run_id, n=len(plan.targets), value=f"{plan.value:.2f}",
            solver=plan.solver, stale=words.local(plan.stale_us),
        ),
        unplaced=said.unplaced.format(names=", ".join(clean(name) for name in plan.unplaced)),
        sorties=[{**_sortie(one, said), "colour": colour(plan, one)} for one in plan.sailed],
        left=[
            {"rank": one.target.rank, "name": words.vessel(one.target), "mmsi": one.target.mmsi,
             "score": one.target.score, "reason": words.reason(one.reason, said),
             "detail": words.detail(one, said)}
            for one in plan.left_out
        ],
        sectors=[
            {"name": s.name, "events": s.events, "landings": s.landings,
             "per_day": float(s.rate_per_h.sum()), "hour": int(np.argmax(s.rate_per_h))}
            for s in plan.sectors
        ],
    )  # fmt: skip
    return Markup(html)  # noqa: S704 - escaped by its template


def colour(plan: Plan, one: Sailed) -> str:
    """The colour of a sortie's unit, the same wherever the plan is drawn."""
    names = list(dict.fromkeys(other.sortie.unit.name for other in plan.sailed))
    return COLOURS[names.index(one.sortie.unit.name) % len(COLOURS)]


def _sortie(one: Sailed, said: PlanLabels) -> dict[str, Any]:
    sortie, unit = one.sortie, one.sortie.unit
    moved = words.nm(sortie.moved_m)
    watch = said.watch.format(
        opens=words.local(sortie.opens_us), closes=words.local(sortie.closes_us)
    )
    facts = [
        said.base.format(base=one_line(unit.base.name, 60)),
        *([said.moved.format(nm=moved)] if moved else []),
        watch,
        *([said.sample_unit] if unit.sample else []),
    ]
    if one.stops:
        facts.append(
            said.sailed.format(
                nm=f"{one.distance_nm:.0f}", hours=f"{one.hours:.1f}", value=f"{one.value:.2f}"
            )
        )
    return {
        "name": one_line(words.sortie(sortie, said), 80),
        "facts": " · ".join(facts),
        "stops": [
            {
                "number": k, "task": words.task(stop), "told": words.task_told(stop, said),
                "what": words.what(stop, one),
                "mmsi": stop.target.mmsi if stop.target else None,
                "rank": stop.target.rank if stop.target else None,
                "depart": words.local(stop.depart_us, date=False),
                "begin": words.local(stop.begin_us), "end": words.local(stop.end_us, date=False),
                "place": position_text(stop.lat, stop.lon), "course": words.first_course(stop),
                "nm": words.nm(stop.route.distance_m), "speed": stop.speed_kn,
                "chance": stop.chance, "along": words.nm(stop.along_m),
                "across": words.nm(stop.across_m),
                "why": clean(stop.target.reason) if stop.target else "",
                "how": said.last_heard.format(how=how) if (how := words.how(stop, said)) else "",
            }
            for k, stop in enumerate(one.stops, 1)
        ],
    }  # fmt: skip


# ---- the map


def _chart(planned: Planned, land: NDArray[np.object_]) -> dict[str, Any]:
    plan, said = planned.plan, words.of(planned)
    frame = _frame(plan)
    return {
        "width": frame.width, "height": frame.height,
        "land": frame.land(land), "grid": frame.grid(),
        "sectors": [
            {"d": frame.path([s.south, s.south, s.south + s.size_deg, s.south + s.size_deg],
                             [s.west, s.west + s.size_deg, s.west + s.size_deg, s.west],
                             closed=True), "title": said.risk_sector.format(name=s.name)}
            for s in plan.sectors
        ],
        "sorties": [_drawn(plan, one, frame) for one in plan.sailed if one.stops],
        "bases": [
            {"x": x, "y": y, "name": name}
            for (x, y), name in {
                tuple(frame.xy(o.sortie.lat, o.sortie.lon).tolist()):
                    one_line(o.sortie.unit.base.name, 40)
                for o in plan.sailed
            }.items()
        ],
        "missed": [
            {"x": x, "y": y, "title": said.not_sailed.format(rank=rank)}
            for lat, lon, rank in missed(plan)
            if frame.west < lon < frame.east and frame.south < lat < frame.north
            for x, y in [frame.xy(lat, lon).tolist()]
        ],
    }  # fmt: skip


def _frame(plan: Plan) -> Frame:
    lat, lon = [], []
    for one in plan.sailed:
        lat.append([one.sortie.lat])
        lon.append([one.sortie.lon])
        for stop in one.stops:
            lat.append(stop.route.lat.tolist())
            lon.append(stop.route.lon.tolist())
            if stop.target is not None:
                ring = words.ellipse(stop)
                lat.append(ring[0])
                lon.append(ring[1])
    all_lat = np.concatenate(lat) if lat else np.array([1.0, 7.0])
    all_lon = np.concatenate(lon) if lon else np.array([98.0, 105.0])
    # An error that spans half the map would make it useless; a region may run out of it.
    west, east = np.clip([all_lon.min() - _MARGIN_DEG, all_lon.max() + _MARGIN_DEG], 94, 106)
    south, north = np.clip([all_lat.min() - _MARGIN_DEG, all_lat.max() + _MARGIN_DEG], -1.5, 9)
    short = (north - south) / _MAX_RATIO - (east - west)
    if short > 0:
        west, east = west - short / 2, east + short / 2
    return Frame(float(west), float(south), float(east), float(north))


def _drawn(plan: Plan, one: Sailed, frame: Frame) -> dict[str, Any]:
    stops = []
    for number, stop in enumerate(one.stops, 1):
        x, y = frame.xy(stop.lat, stop.lon).tolist()
        region = frame.path(*words.ellipse(stop), closed=True) if stop.target else ""
        title = f"{number} {words.what(stop, one)}, {words.local(stop.begin_us)}"
        stops.append(
            {"route": frame.path(stop.route.lat, stop.route.lon), "x": x, "y": y,
             "kind": words.task(stop), "region": region, "title": title, "number": number}
        )  # fmt: skip
    return {"colour": colour(plan, one), "stops": stops, "later": one.sortie.number > 1}


def missed(plan: Plan) -> list[tuple[float, float, int]]:
    """Where (lat, lon) vessels that are left out are expected when the plan begins; their rank."""
    row = {int(mmsi): k for k, mmsi in enumerate(plan.prediction.mmsi)}
    found = []
    for one in plan.left_out:
        k = row.get(one.target.mmsi)
        if k is not None:
            lat, lon = (float(v) for v in plan.prediction.at(k, plan.start_us))
            if np.isfinite(lat) and np.isfinite(lon):
                found.append((lat, lon, one.target.rank))
    return found

"""plan.html: a plan to print or to read on any machine; one file, no request, no script.

The brief tells the same below its list (`section`), and draws the plan on its own map.
"""

from typing import Any

import numpy as np
from markupsafe import Markup

from detectors.surroundings.zones import Zones
from pipelines.base import labels
from pipelines.base.text import one_line
from pipelines.base.visible import clean
from pipelines.patrol.model import Sailed
from pipelines.publish.maps import page
from pipelines.publish.plan import overlay, words
from pipelines.publish.products import Planned


def to_html(planned: Planned, zones: Zones) -> str:
    """Write the page; `zones` are what lies below the map."""
    every, plan = labels.labels(planned.language), planned.plan
    head = page.Head(
        words.heading(planned),
        language=planned.language,
        mark=planned.mark,
        simulated=plan.simulated,
    )
    return page.render(
        __package__,
        "plan.html.j2",
        head,
        said=every.plan,
        first=section(planned, "first.html.j2"),
        section=section(planned),
        still=page.still(overlay.scene_of(planned, zones), every.plan.map),
        has_land=len(zones.land) > 0,
    )


def section(planned: Planned, template: str = "section.html.j2") -> Markup:
    """Write the plan in words: HTML to stand in a page, safe, without styles or scripts.

    `template`: ``section.html.j2`` has tables, ``narrow.html.j2`` paragraphs, as the brief's list;
    ``first.html.j2`` says who goes where when, and no more; ``sails.html.j2`` who sails, and to
    what first, a line each.
    """
    plan, every, said = planned.plan, labels.labels(planned.language), words.of(planned)
    html = page.template(__package__, template).render(
        heading=words.heading(planned),
        plan=plan,
        words=every,
        said=said,
        warnings=words.warnings(planned),
        facts=said.facts.format(
            run_id=plan.run_id,
            n=sum(bool(target.number) for target in plan.targets),
            stale=words.local(plan.stale_us, planned.language),
        ),
        unplaced=said.unplaced.format(names=", ".join(clean(name) for name in plan.unplaced)),
        sorties=[
            {**_sortie(one, planned), "colour": overlay.colour(plan, one)} for one in plan.sailed
        ],
        left=[
            {
                "rank": one.target.rank,
                "name": words.vessel(one.target, said),
                "mmsi": one.target.number,
                "score": one.target.score,
                "reason": words.reason(one.reason, said),
                "detail": words.detail(one, planned),
            }
            for one in plan.left_out
        ],
        sectors=[
            {
                "name": s.name,
                "events": s.events,
                "landings": s.landings,
                "per_day": float(s.rate_per_h.sum()),
                "hour": int(np.argmax(s.rate_per_h)),
            }
            for s in plan.sectors
        ],
    )
    return Markup(html)  # noqa: S704 - escaped by its template


def _sortie(one: Sailed, planned: Planned) -> dict[str, Any]:
    language = planned.language
    every = labels.labels(language)
    said, sortie, unit = every.plan, one.sortie, one.sortie.unit
    moved = words.nm(sortie.moved_m)
    watch = said.watch.format(
        opens=words.local(sortie.opens_us, language),
        closes=words.local(sortie.closes_us, language),
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
                nm=f"{round(one.distance_nm, 1):.0f}",
                hours=f"{one.hours:.1f}",
            )
        )
    return {
        "name": one_line(words.sortie(sortie, said), 80),
        "facts": " · ".join(facts),
        "late": words.late(one, planned),
        "stops": [
            {
                "number": k,
                "task": words.task(stop),
                "told": words.task_told(stop, said),
                "what": words.what(stop, one, said),
                "mmsi": stop.target.number if stop.target else "",
                "rank": stop.target.rank if stop.target else None,
                "depart": words.local(stop.depart_us, language).removesuffix(" MYT"),
                "begin": words.local(stop.begin_us, language),
                "end": words.local(stop.end_us, date=False),
                "place": words.place(stop, every),
                "course": words.first_course(stop),
                "nm": words.nm(stop.route.distance_m),
                "speed": stop.speed_kn,
                "chance": words.chance(stop),
                "along": words.nm(stop.along_m),
                "across": words.nm(stop.across_m),
                "why": clean(stop.target.reason) if stop.target else "",
                "how": words.how_told(stop, said),
                "tide": words.tide(stop, said),
            }
            for k, stop in enumerate(one.stops, 1)
        ],
    }

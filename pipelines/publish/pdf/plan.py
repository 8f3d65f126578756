"""The page of a patrol plan in the PDF: its map, and who goes where when."""

from typing import Any, Final

from detectors.surroundings.zones import Zones
from pipelines.base import labels
from pipelines.base.labels import Labels
from pipelines.base.text import one_line
from pipelines.patrol.model import Sailed, Target
from pipelines.publish.maps.elements import ON_PAPER
from pipelines.publish.maps.style import COLOURS
from pipelines.publish.maps.svg import svg
from pipelines.publish.plan import overlay, words
from pipelines.publish.products import Planned

LEFT_LIMIT: Final = 12
"""Of so many vessels at most it is said on paper why nobody sails for them, fewer by two for each
that is boarded, whose reason would take its room from the map; all are in plan.csv."""
LEFT_LEAST: Final = 4
"""However many are boarded."""

_RATIO: Final = 0.85
_LINE_LIMIT: Final = 160
_WHY_LIMIT: Final = 150
"""Of a reason: about two lines of it, the rest is in all other files."""


def data(planned: Planned, zones: Zones) -> dict[str, Any]:
    """Return all that the page says, in the order of the template."""
    plan, said = planned.plan, words.of(planned)
    every = labels.labels(planned.language)
    boarded = sum(stop.target is not None for one in plan.sailed for stop in one.stops)
    left = plan.left_out[: max(LEFT_LIMIT - 2 * boarded, LEFT_LEAST)]
    return {
        "heading": words.heading(planned),
        "on_page": every.at_desk(
            "{heading}: page {page}", heading=words.heading(planned), page="#"
        ),
        "map": svg(overlay.scene_of(planned, zones), _RATIO, ink=ON_PAPER, names=False),
        "map_note": said.map_note,
        "unit": said.unit,
        "leave": f"{said.leave} (MYT)",
        "task": said.task,
        "sorties": [_sortie(one, overlay.colour(plan, one), planned) for one in plan.sailed],
        "left_heading": said.left_heading,
        "left": [
            [
                str(one.target.rank),
                words.vessel(one.target, said),
                "; ".join(
                    t for t in (words.reason(one.reason, said), words.detail(one, planned)) if t
                ),
            ]
            for one in left
        ],
        "left_more": f"+ {len(plan.left_out) - len(left)} {every.more_elsewhere}"
        if len(plan.left_out) > len(left)
        else "",
        "warnings": words.warnings(planned),
    }


def _sortie(one: Sailed, colour: str, planned: Planned) -> dict[str, Any]:
    language, late = planned.language, words.late(one, planned)
    every = labels.labels(language)
    return {
        "name": one_line(words.sortie(one.sortie, every.plan), _LINE_LIMIT),
        "base": one_line(one.sortie.unit.base.name, _LINE_LIMIT),
        "color": COLOURS[colour].paper,
        "leave": words.local(one.stops[0].depart_us, language) if one.stops else "",
        "stays": "" if one.stops else every.plan.stays,
        "stops": [*([["", "", late]] if late else []), *_stops(one, every, language)],
    }


def _known_by(target: Target) -> str:
    """Return the number of a vessel's incident, and hers where her name stands alone."""
    number = f"MMSI {target.number}" if target.number and target.name.strip() else ""
    return ", ".join(text for text in (f"#{target.rank}", number) if text)


def _stops(one: Sailed, every: Labels, language: str) -> list[list[str]]:
    found, said = [], every.plan
    for number, stop in enumerate(one.stops, 1):
        what = f"{words.task_told(stop, said)} {words.what(stop, one, said)}"
        if stop.target is not None:
            what += f" ({_known_by(stop.target)})"
        if words.task(stop) != "return":
            what += f", {words.place(stop, every)}"
        if stop.target is not None:
            what += f", {said.chance.lower()} {100 * words.chance(stop):.0f} %"
        until = words.local(stop.end_us, date=False)
        when = words.local(stop.begin_us, language).removesuffix(" MYT")
        stays = f"–{until}" if stop.end_us > stop.begin_us else ""
        found.append([str(number), f"{when}{stays}", one_line(what, _LINE_LIMIT)])
        # Not all incidents are on paper: without this nobody aboard would know why.
        if stop.target is not None and stop.target.reason:
            found.append(["", "", one_line(stop.target.reason, _WHY_LIMIT)])
    return found

"""A plan as the brief's map draws it: plain degrees, a few hundred numbers."""

from typing import Any, Final

import numpy as np

from detectors.core.frames import SECOND_US
from pipelines.export.labels import PlanLabels
from pipelines.export.plan import page, words
from pipelines.export.text import one_line
from pipelines.patrol.model import Sailed, Stop
from pipelines.products import Planned

_LABEL: Final = 80


def brief_layer(planned: Planned | None) -> dict[str, Any] | None:
    """What the map draws of a plan, ready for `text.script_json`; None where there is none.

    Returns
    -------
    dict
        Places are [lon, lat] in degrees, WGS84, times seconds since 1970-01-01 UTC.

        sectors: name, west, south, east, north (dotted squares)
        bases: name, at
        sorties: name, colour, later (a unit's second sortie or one after: dashed), stops in order,
        the last of which is the return: task (boarding | sector | return), label, at, begin, end,
        route (the way there from the stop before), mmsi and region (outline of the 80 % region)
        of a boarding.
        missed: rank, at: vessels not sailed for, where expected when the plan begins.
    """
    if planned is None:
        return None
    plan, said = planned.plan, words.of(planned)
    bases = {
        (round(one.sortie.lon, 5), round(one.sortie.lat, 5)): one_line(
            one.sortie.unit.base.name, _LABEL
        )
        for one in plan.sailed
    }
    return {
        "start": plan.start_us // SECOND_US,
        "end": plan.end_us // SECOND_US,
        "sectors": [
            {"name": said.risk_sector.format(name=s.name), "west": s.west, "south": s.south,
             "east": s.west + s.size_deg, "north": s.south + s.size_deg}
            for s in plan.sectors
        ],
        "bases": [{"name": name, "at": list(at)} for at, name in bases.items()],
        "sorties": [
            {
                "name": one_line(words.sortie(one.sortie, said), _LABEL),
                "colour": page.colour(plan, one),
                "later": one.sortie.number > 1,
                "stops": [_stop(stop, k, one, said) for k, stop in enumerate(one.stops, 1)],
            }
            for one in plan.sailed
            if one.stops
        ],
        "missed": [
            {"rank": rank, "at": [round(lon, 5), round(lat, 5)]}
            for lat, lon, rank in page.missed(plan)
        ],
    }  # fmt: skip


def _stop(stop: Stop, number: int, one: Sailed, said: PlanLabels) -> dict[str, Any]:
    label = f"{number} {words.task_told(stop, said)} {words.what(stop, one)}, "
    drawn: dict[str, Any] = {
        "task": words.task(stop),
        "label": one_line(label + words.local(stop.begin_us), 2 * _LABEL),
        "at": [round(stop.lon, 5), round(stop.lat, 5)],
        "begin": stop.begin_us // SECOND_US,
        "end": stop.end_us // SECOND_US,
        "route": np.round(np.column_stack([stop.route.lon, stop.route.lat]), 5).tolist(),
    }
    if stop.target is not None:
        lat, lon = words.ellipse(stop)
        drawn["mmsi"] = stop.target.mmsi
        drawn["region"] = [list(point) for point in zip(lon, lat, strict=True)]
    return drawn

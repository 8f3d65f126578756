"""The patrol plan of a night: as it lies in the run's folder, or made as `selat plan` does."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import groupby
from typing import Annotated, Any

import pandas as pd
from fastapi import FastAPI, Query, Request
from fastapi.responses import Response

from detectors.core.errors import SelatError
from pipelines.base.labels import Labels, labels
from pipelines.base.progress import Reporter
from pipelines.base.text import LOCAL, day_and_hour, one_line, position_text
from pipelines.publish.briefing import SENTENCE_LIMIT
from pipelines.run.plan import plan_run, write
from pipelines.web import units
from pipelines.web.charts import Charts
from pipelines.web.here import Here, led


def addresses(app: FastAPI, here: Here, charts: Charts) -> None:
    """Add the addresses of the plan."""

    def page(
        request: Request, at: str = "", *, said: str = "", hint: str = "", status: int = 200
    ) -> Response:
        night = here.shown(request, at)
        run_id = str(night.night.run["run_id"])
        works = here.works.of(here.session(request).key, "plan")
        work = next((one for one in works[:1] if one.about == run_id), None)
        if work is not None and not said:
            said, hint = work.said, work.hint
        held = here.plan(request, run_id)
        told = _told(held, here.words(request))
        return here.show(
            request,
            "plan",
            status,
            shown=night,
            plan=told,
            drawn=charts.plan(night, held) if held and told else None,
            work=work,
            may_plan=here.may_plan(request),
            part=here.part,
            said=said,
            hint=hint,
        )

    @app.get("/plan")
    def _plan(request: Request, at: Annotated[str, Query(max_length=60)] = "") -> Response:
        return page(request, at)

    @app.post("/plan")
    def _make(request: Request) -> Response:
        run_id = here.nights.newest()
        try:
            here.works.start(
                here.session(request).key, "plan", run_id, partial(_made, here, run_id)
            )
        except SelatError as error:
            return page(request, said=error.message, hint=error.hint, status=409)
        return led("/plan")


def _made(here: Here, run_id: str, report: Reporter) -> None:
    """Plan for a run, and leave the plan where the command leaves it."""
    with report.bar("Plan", None) as bar:
        made = plan_run(here.installation, run_id, None, bar.say)
    write(here.installation, made)


def _told(held: units.Held | None, words: Labels) -> dict[str, Any] | None:
    with suppress(Exception):  # of a file that somebody wrote
        return None if held is None else plan(held, words)
    return None


def plan(held: units.Held, words: Labels) -> dict[str, Any]:
    """Put a run's plan into words for a page; `abroad` is the note that is read before it."""
    # Plans of before end the sentence in other words.
    notes, grave = [str(note) for note in held["notes"]], labels("en").plan.abroad.split("{")[0]
    stale = pd.Timestamp(held["stale_after"])
    return {
        "stale": pd.Timestamp.now("UTC") > stale,
        "abroad": [units.said(note, words) for note in notes if note.startswith(grave)],
        "notes": [units.said(note, words) for note in notes if not note.startswith(grave)],
        "sorties": [_sortie(one, words, stale) for one in held["sorties"]],
        "left_out": [
            {
                "mmsi": units.whom(one),
                "name": _line(one["name"]),
                "reason": units.said(str(one["reason"]), words),
                "detail": units.said(str(one["detail"]), words),
            }
            for one in held["left_out"]
        ],
    }


def _sortie(one: dict[str, Any], words: Labels, stale: pd.Timestamp) -> dict[str, Any]:
    leaves = one.get("leaves")  # none where it stays in
    return {
        "late": leaves is not None and pd.Timestamp(leaves) > stale,
        "unit": _line(one["unit"]),
        "sortie": int(one["sortie"]),
        "base": _line(one["base"]["name"]),
        "opens": _local(one["watch"]["opens"], words),
        "closes": _local(one["watch"]["closes"], words),
        "distance_nm": float(one["distance_nm"]),
        "stops": list(_stops(one, words)),
    }


def _stops(one: dict[str, Any], words: Labels) -> Iterator[dict[str, Any]]:
    """Yield the stops of a sortie; a sector that it stays in is one."""
    numbered = enumerate(one["stops"], 1)
    for _, group in groupby(numbered, lambda each: (each[1]["sector"] or each[0], each[1]["lat"])):
        same = list(group)
        number, stop = same[0]
        whom = units.whom(stop)
        yield {
            "number": str(number) if len(same) == 1 else f"{number}–{same[-1][0]}",
            "task": _line(stop["task"]),
            "mmsi": whom,
            "name": _line(stop["name"] if whom else stop["sector"] or one["base"]["name"]),
            "leave": _local(stop["depart"], words),
            "there": _local(stop["begin"], words),
            "until": _local(same[-1][1]["end"], words),
            "where": position_text(float(stop["lat"]), float(stop["lon"])),
            "sea": words.sea(_line(stop.get("territorial_sea") or "")),
            "course": _number(stop["course_deg"], "{:03.0f}°"),
            "distance": _number(stop["distance_nm"], "{:.1f}"),
            "speed": _number(stop["speed_kn"], "{:.0f}"),
            "chance": _number(stop["chance"] or None, "{:.0%}"),
        }


def _line(text: Any) -> str:
    return one_line(str(text), SENTENCE_LIMIT)


def _number(value: float | None, how: str) -> str:
    return "" if value is None else how.format(value)


def _local(text: str, words: Labels) -> str:
    return day_and_hour(pd.Timestamp(text).tz_convert(LOCAL), words.say)

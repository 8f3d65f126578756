"""Zones and watch areas at the desk: drawn on the map, tried on past nights, saved."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import pandas as pd
from fastapi import FastAPI, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from detectors.core.errors import ConfigError, SelatError
from detectors.core.telling import told
from detectors.surroundings.zones import CONFIDENCES, Zones
from pipelines import store
from pipelines.ask import doctor
from pipelines.assess.reasons import Teller
from pipelines.base.labels import Labels
from pipelines.base.progress import Reporter
from pipelines.base.spoken import spoken
from pipelines.base.text import LOCAL, LOCAL_NAME, moment, one_line
from pipelines.publish.briefing import NAME_LIMIT, SENTENCE_LIMIT, span
from pipelines.reference import layers
from pipelines.reference.layers.areas import WATCH_CLASS
from pipelines.reference.layers.files import stamps
from pipelines.run import backtests
from pipelines.run.windows import choose_window, utc
from pipelines.web import areas, changing, outlines, ruled, saving
from pipelines.web.areas import Form
from pipelines.web.changing import Area
from pipelines.web.charts import drawn_of
from pipelines.web.here import Here, led
from pipelines.web.recent import Recent
from pipelines.web.saving import Change
from pipelines.web.working import Work, words_of

MAX_SPAN: Final = pd.Timedelta(days=7)
"""A longer back-test is for the command, which nobody waits for at a page."""
MAX_SHOWN: Final = 40

Stem = Annotated[str, Path(pattern=r"^[^/\\\x00-\x1f]+$", max_length=120)]
Rule = Annotated[int, Query(ge=0, le=99)]
Zone = Annotated[str, Path(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=120)]
Key = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]


@dataclass(frozen=True)
class Tried:
    """What would have changed with an area or a zone."""

    window: str
    """Of which span."""
    vessel_hours: int
    counts: tuple[tuple[str, float, float], ...]
    """Label, without it, with it."""
    events: tuple[tuple[int, str, str, str, float, float], ...]
    """Of those that differ, the most changed first: MMSI, name, sentence, when, score and what it
    was, NaN where there is none; there are `n` in all."""
    places: tuple[tuple[float, float, str], ...]
    """Latitude, longitude and words of the same events."""
    n: int
    joined: tuple[int, ...]
    left: tuple[int, ...]
    """Vessels that would join the list of flagged ones, and leave it."""
    nights: tuple[tuple[str, int], ...]
    """Date and events that differ, the newest first."""
    problems: tuple[str, ...] = ()
    """What is wrong with its outline."""


def addresses(app: FastAPI, here: Here) -> None:
    """Add the addresses of watch areas."""
    kept = Recent(6)
    zones_dir = here.installation.config / "zones"

    def page(
        request: Request,
        form: Form,
        area: Area | None,
        *,
        work: Work | None = None,
        said: str = "",
        hint: str = "",
        status: int = 200,
    ) -> Response:
        zones = layers.load_zones(zones_dir, here.installation.reference)
        around = None if area is None else area.geometry.wkt
        tried = work.result if work else None
        leads = tried.places if tried else ()
        language = here.session(request).language
        key = (stamps(zones_dir), around, leads, language)
        drawn = kept.get(key, lambda: drawn_of(outlines.one(zones, area, leads, language)))
        return here.show(
            request,
            "area",
            status,
            area=area,
            form=areas.visible(form),
            drawn=drawn,
            whens=areas.WORDS_WHEN,
            asks=areas.WORDS_ASKS,
            licences=areas.LICENSED,
            zones=changing.classes_of(area),
            confidences=CONFIDENCES,
            watched=_watched(form, area),
            classes=areas.WORDS_VESSELS,
            in_words=areas.in_words,
            work=work,
            tried=tried,
            said=said,
            hint=hint,
        )

    def found(stem: str, zone: bool) -> Area:
        find = changing.find_zone if zone else changing.find
        area = find(here.installation, stem)
        if area is None and zone:
            area = ruled.find(here.installation, stem)
        if area is None:
            raise HTTPException(404)
        return area

    def opened(request: Request, area: Area, rule: int) -> Response:
        if area.problem:
            return here.show(request, "said", 404, said=area.problem, hint=area.file)
        return page(request, changing.form_of(area, rule, here.session(request).operator), area)

    @app.get("/area/new")
    def _new(request: Request) -> Response:
        return page(request, Form(operator=here.session(request).operator), None)

    @app.get("/areas/{stem}")
    def _area(request: Request, stem: Stem, rule: Rule = 0) -> Response:
        return opened(request, found(stem, False), rule)

    @app.get("/zones/{stem}")
    def _zone(request: Request, stem: Zone, rule: Rule = 0) -> Response:
        return opened(request, found(stem, True), rule)

    def act(request: Request, area: Area | None) -> Response:
        session, given = here.session(request), request.state.form
        form = areas.typed(given, session.operator)
        act = given.get("act", "try")
        try:
            if act == "remove" and area is not None:
                saving.remove(here.installation, form, area)
                session.operator, session.recorded = form.operator, f"area:{area.stem}"
                return led("/places")
            change = saving.change_of(here.installation, form, area, without=act == "without")
            session.operator = form.operator
            if act == "try":
                about = (form, None if area is None else (area.stem, area.drawn or area.ruled))
                work = here.works.start(
                    session.key, "area", about, _trial(here, change, here.words(request))
                )
                return led(f"/try/{work.key}#tried")
            change.write()
        except (SelatError, OSError) as error:
            said, hint = words_of(error)
            return page(request, form, area, said=said, hint=hint, status=400)
        session.recorded = f"area:{change.stem}"
        return led(f"/places#{change.stem}")

    @app.post("/area/new")
    def _make(request: Request) -> Response:
        return act(request, None)

    @app.post("/areas/{stem}")
    def _change(request: Request, stem: Stem) -> Response:
        return act(request, found(stem, False))

    @app.post("/zones/{stem}")
    def _change_zone(request: Request, stem: Zone) -> Response:
        return act(request, found(stem, True))

    @app.get("/try/{key}")
    def _tried(request: Request, key: Key) -> Response:
        work = here.works.find(here.session(request).key, key)
        if work is None or work.kind != "area":
            raise HTTPException(404)
        form, which = work.about
        area = None if which is None else found(*which)
        return page(request, form, area, work=work, said=work.said, hint=work.hint)


def _watched(form: Form, area: Area | None) -> bool:
    """Tell whether it tells of something alone: it is tried without it and with it."""
    ours = area is None or not (area.drawn or area.ruled)
    return ours and form.zone_class == WATCH_CLASS and form.when not in areas.WORDS_ASKS


def work_addresses(app: FastAPI, here: Here) -> None:
    """Add the addresses that tell how far something is, and that stop it."""

    @app.get("/work/{key}")
    def _how_far(request: Request, key: Key) -> Response:
        work = here.works.find(here.session(request).key, key)
        if work is None:
            raise HTTPException(404)
        doing = spoken(here.words(request), work.doing.detail or work.doing.stage)[0]
        text = one_line(doing, NAME_LIMIT * 2)
        return JSONResponse({"running": work.running, "text": text, "share": work.doing.share})

    @app.post("/work/{key}/stop")
    def _stop(request: Request, key: Key) -> Response:
        work = here.works.find(here.session(request).key, key)
        if work is None:
            raise HTTPException(404)
        here.works.stop(key)
        back = {"area": f"/try/{key}#tried", "plan": "/plan"}.get(work.kind, f"/pack/{key}")
        return led(back)


def _trial(here: Here, change: Change, words: Labels) -> Any:
    """Return what tries an area on a span of the store, and tells of it in words; it writes
    nothing.
    """
    installation = here.installation
    with store.read(installation.store, installation.settings.store) as reader:
        since, until = _span(reader, change.form)  # what is wrong with it is said at once

    def make(report: Reporter) -> Tried:
        trial = change.trial()
        outcome = backtests.run_backtest(installation, trial, None, since, until, report)
        said = _problems(trial.zones[1], change.zone["zone_id"])
        names = _names(here, outcome)
        gazetteer = layers.load_gazetteer(installation.reference)
        teller = Teller(names, gazetteer, outcome.window.end, words.say)
        return replace(_tried(outcome, names, teller), problems=said)

    return make


def _problems(zones: Zones, zone_id: str) -> tuple[str, ...]:
    """Return what is wrong with a zone, as `selat doctor` would say once it is saved."""
    mine = zones.frame[zones.frame["zone_id"] == zone_id].reset_index(drop=True)
    found = doctor.check_zones(zones.framed(mine))
    of_it = [one for one in found if zone_id in one.where]
    return tuple(f"{one.message} ({one.hint})" if one.hint else one.message for one in of_it)


def _span(reader: store.Queries, form: Form) -> tuple[str, str]:
    """Return the span to try: what was typed, else the last day of the newest night."""
    if form.since or form.until:
        begin = utc(form.since) if form.since else None
        end = utc(form.until) + pd.Timedelta(days=1) if form.until else None
        begin = begin if begin is not None else end - MAX_SPAN  # type: ignore[operator]
        end = end if end is not None else begin + MAX_SPAN
    else:
        window = choose_window(reader, date=None, since=None, until=None)
        end = window.end
        begin = max(window.start, end - pd.Timedelta(days=1))
    if end - begin > MAX_SPAN:
        raise ConfigError(
            "seven nights at most are tried here", hint="selat backtest --watch-area tries more"
        )
    return begin.isoformat(), (end - pd.Timedelta(microseconds=1)).isoformat()


def _names(here: Here, outcome: backtests.Outcome) -> dict[int, str]:
    installation = here.installation
    with store.read(installation.store, installation.settings.store) as reader:
        vessels = reader.vessels(outcome.window.end)
    names = zip(vessels["mmsi"].tolist(), vessels["name"].tolist(), strict=True)
    return {mmsi: one_line(str(name), NAME_LIMIT) for mmsi, name in names}


def _tried(outcome: backtests.Outcome, names: dict[int, str], teller: Teller) -> Tried:
    counts, (joined, left) = outcome.counts(), outcome.flags_changed()
    found = outcome.result.compared.query("status != 'same'")
    gone = found["status"] == "gone"
    found = found.assign(
        score_before=found["score_before"].where(~gone, found["score"]),
        score=found["score"].where(~gone),
    )
    by = (found["score"].fillna(0.0) - found["score_before"].fillna(0.0)).abs()
    found = found.loc[by.sort_values(ascending=False, kind="stable").index]
    local = found["start"].dt.tz_convert(LOCAL) - pd.Timedelta(hours=12)
    nights = local.dt.strftime("%Y-%m-%d").value_counts().sort_index(ascending=False)
    labels = {
        "events": "events",
        "leads": "leads",
        "vessels": "vessels in leads",
        "leads_per_1000_vessel_hours": "leads per 1,000 vessel-hours",
    }
    first = found.head(MAX_SHOWN).to_dict("records")
    sentences = [teller.sentence(one, one.mmsi) for one in told(found.head(MAX_SHOWN))]
    events = tuple(
        (
            int(row["mmsi"]),
            names.get(int(row["mmsi"]), ""),
            one_line(sentence, SENTENCE_LIMIT),
            moment(row["start"]),
            float(row["score"]),
            float(row["score_before"]),
        )
        for row, sentence in zip(first, sentences, strict=True)
    )
    return Tried(
        span(outcome.window.start, outcome.window.end, LOCAL, LOCAL_NAME),
        outcome.vessel_hours,
        tuple(
            (label, counts["before"][name], counts["after"][name]) for name, label in labels.items()
        ),
        events,
        tuple(
            (float(row["lat"]), float(row["lon"]), f"{name or f'{mmsi:09d}'}: {said}")
            for row, (mmsi, name, said, *_) in zip(first, events, strict=True)
            if row["lat"] == row["lat"]
        ),
        len(found),
        tuple(joined[:MAX_SHOWN]),
        tuple(left[:MAX_SHOWN]),
        tuple((str(day), int(n)) for day, n in nights.head(14).items()),
    )

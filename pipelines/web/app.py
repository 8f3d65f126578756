"""The desk's addresses: what each shows, and those that write."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import pandas as pd
from fastapi import FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException

from detectors.core import telling
from detectors.core.errors import SelatError
from pipelines.ask.explain.page import sections
from pipelines.assess.dispositions import PART
from pipelines.base.failure import failure_of
from pipelines.base.labels import LANGUAGES, labels
from pipelines.base.schemas import WITHDRAWN
from pipelines.base.settings import Installation
from pipelines.base.spoken import spoken
from pipelines.base.text import iso, one_line
from pipelines.detect.reception import Coverage
from pipelines.reference.layers.files import stamps
from pipelines.run.dispositions import ChangedError
from pipelines.store import StoreBusyError
from pipelines.web import (
    assets,
    finding,
    packing,
    photographs,
    places,
    planned,
    rooms,
    units,
    watching,
    waters,
)
from pipelines.web import incident as incidents
from pipelines.web.charts import Charts
from pipelines.web.concluded import count, withdrawable
from pipelines.web.concluding import BUSY, MAX_NAME, Typed, conclude, typed, withdraw
from pipelines.web.heard import Heard, heard
from pipelines.web.here import Here, led
from pipelines.web.night import Nights, Shown
from pipelines.web.pages import OWN_ADDRESS, page
from pipelines.web.recent import Recent
from pipelines.web.sessions import Session
from pipelines.web.tonight import Asked, tonight
from pipelines.web.working import PARTS, Works, words_of

Id = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
Mmsi = Annotated[str, Path(pattern=r"^0*[1-9][0-9]*$", max_length=9)]
At = Annotated[str, Query(max_length=60)]
On = Annotated[str | None, Query(pattern=r"^([0-9a-f]{16})?$")]

MAX_TEXT: Final = 1200
NOTHING: Final = "Nothing that you may see has come yet."
_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
"""What the environment asks for is sent from no desk."""


@dataclass(frozen=True)
class Desk:
    """What a desk is opened on, and for whom."""

    installation: Installation
    operator: str = ""
    """Who sits at it, where that was said when it was opened; empty: it is asked."""
    language: str = "en"
    """Of `labels.LANGUAGES`, until the reader chooses another."""
    whole: Installation | None = None
    """The installation that this one is a part of, for readers who may see no more of it; what they
    conclude is recorded there too."""


def application(desk: Desk, address: Callable[[], str]) -> FastAPI:
    """Return the application; `doors.Doors` stands before it.

    `address`: gives an address with a token for one use.
    """
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
    )
    nights, charts = Nights(desk.installation), Charts()
    looks = rooms.Looks(desk.installation, edited=desk.whole is None)

    def shown(request: Request, at: str) -> Shown:
        return nights.shown(at, _session(request, desk).language)

    def show(request: Request, name: str, status: int = 200, **values: Any) -> Response:
        more = {"simulated": nights.simulated(), "newest": nights.newest()}
        return _show(request, desk, name, status, **more, **values)

    session_of = partial(_session, desk=desk)
    works = Works() if desk.whole is None else Works(PARTS)
    here = Here(desk.installation, nights, session_of, shown, show, works, desk.whole)
    for room in (places, watching, packing):
        room.addresses(app, here)
    planned.addresses(app, here, charts)
    watching.work_addresses(app, here)

    @app.get("/")
    def _tonight(request: Request, asked: Annotated[Asked, Query()]) -> Response:
        night = shown(request, asked.at)
        health, problems = (None, []) if asked.at else looks.look(night.night.run["run_id"])
        told = tonight(night, asked, health, problems)
        drawn = charts.night(night, [line.rank for line in told.lines if line.rank])
        more: dict[str, Any] = {"on": "", "counted": count(night, "")}
        return show(request, "tonight", shown=night, told=told, asked=asked, drawn=drawn, **more)

    def incident_page(
        request: Request,
        incident_id: str,
        at: str,
        given: Typed,
        *,
        said: str = "",
        hint: str = "",
        status: int = 200,
        recorded: str = "",
    ) -> Response:
        night = shown(request, at)
        lines = night.lines
        line = next((one for one in lines if one.incident_id == incident_id), None)
        if line is None:
            run_id = "" if at else nights.told_last(incident_id)
            if run_id and request.method == "GET":  # it is of an earlier night
                return led(f"/incident/{incident_id}?at={run_id}")
            raise HTTPException(404)
        place, told = lines.index(line), incidents.incident(night, line)
        plan = here.plan(request, str(night.night.run["run_id"]))
        return show(
            request,
            "incident",
            status,
            shown=night,
            told=told,
            on=incident_id,
            counted=count(night, incident_id),
            mine=withdrawable(told.concluded, _session(request, desk).operator),
            drawn=charts.incident(night, line.rank, plan) if line.rank else None,
            planned=plan is not None,
            may_plan=here.may_plan(request),
            reaches=units.reaches(plan, line.rank, night.words) if plan and line.rank else [],
            sea_of=partial(waters.placed, night),
            before=lines[place - 1] if place else None,
            after=lines[place + 1] if place + 1 < len(lines) else None,
            ranked=[one for one in lines if one.rank],
            go_on=incidents.next_open(lines, place),
            given=given,
            said=said,
            hint=hint,
            recorded=recorded,
        )

    @app.get("/incident/{incident_id}")
    def _incident(
        request: Request, incident_id: Id, at: At = "", recorded: Literal["", "1", "withdrawn"] = ""
    ) -> Response:
        session = _session(request, desk)
        done, session.recorded = recorded if session.recorded == incident_id else "", ""
        return incident_page(
            request, incident_id, at, Typed(operator=session.operator), recorded=done
        )

    @app.post("/incident/{incident_id}")
    def _conclude(request: Request, incident_id: Id, at: At = "") -> Response:
        session = _session(request, desk)
        form: dict[str, str] = request.state.form
        given = typed(form, session.operator)
        night = shown(request, at)
        line = incidents.find(night, incident_id)
        if line is None:
            raise HTTPException(404)
        do = partial(
            conclude,
            desk.installation,
            line,
            given,
            end=night.night.run["end"],
            run_id=str(night.night.run["run_id"]),
            newest=not at,
            seen=form.get("seen", ""),
            also=_elsewhere(desk, session),
        )
        return recorded_page(request, incident_id, at, given, do)

    @app.post("/incident/{incident_id}/withdraw")
    def _withdraw(request: Request, incident_id: Id, at: At = "") -> Response:
        session = _session(request, desk)
        form: dict[str, str] = request.state.form
        about = {k: form.get(k, "") for k in ("reason", "operator")}
        given = typed({**about, "conclusion": WITHDRAWN}, session.operator)
        line = incidents.find(shown(request, at), incident_id)
        if line is None:
            raise HTTPException(404)
        also = _elsewhere(desk, session)
        made = form.get("made", "")
        do = partial(withdraw, desk.installation, line, given, made=made, also=also)
        return recorded_page(request, incident_id, at, given, do)

    def recorded_page(
        request: Request, incident_id: str, at: str, given: Typed, do: Callable[[], None]
    ) -> Response:
        """Record something of an incident, and go to its page; say there why it can't be."""
        session = _session(request, desk)
        again = partial(incident_page, request, incident_id, at, given)
        try:
            do()
        except ChangedError:  # a run came between reading and writing
            return again(said="It has changed since you opened it: look again.", status=409)
        except (SelatError, OSError) as error:
            busy, (said, hint) = isinstance(error, StoreBusyError), words_of(error)
            hint = BUSY if busy else hint
            if busy and desk.whole is not None:  # who does what in the whole home isn't for them
                said = "somebody else is writing"
            return again(said=said, hint=hint, status=409 if busy else 400)
        session.operator, session.recorded = given.operator, incident_id
        more = f"&at={quote(at, safe='')}" if at else ""
        what = WITHDRAWN if given.conclusion == WITHDRAWN else "1"
        return led(f"/incident/{incident_id}?recorded={what}{more}#go-on")

    @app.get("/event/{event_id}")
    def _event(request: Request, event_id: Id, at: At = "") -> Response:
        night = shown(request, at)
        told = night.night.explain(event_id)
        event = told.explanation.event
        [one] = telling.told(pd.DataFrame([event]))
        return show(
            request,
            "event",
            shown=night,
            line=next((one for one in night.lines if event_id in one.events), None),
            event=event,
            placed=night.placed(event),
            heading=night.sentence(one, one.mmsi),
            mmsis=told.explanation.mmsis,
            sections=sections(told.explanation, night.words),
        )

    @app.get("/vessel/{mmsi}")
    def _vessel(request: Request, mmsi: Mmsi, at: At = "") -> Response:
        night = shown(request, at)
        told = rooms.vessel(night, int(mmsi))
        if not told.heard and not told.events:
            raise HTTPException(404)
        one = desk.installation
        return show(
            request,
            "vessel",
            shown=night,
            told=told,
            drawn=charts.vessel(night, int(mmsi)),
            photographed=photographs.photograph(one, int(mmsi)) is not None,
            slot="" if here.part else str(photographs.place(one, int(mmsi))),
        )

    @app.get("/photograph/{mmsi}")
    def _photograph(mmsi: Mmsi) -> Response:
        found = photographs.photograph(desk.installation, int(mmsi))
        if found is None:
            raise HTTPException(404)
        return Response(found[1], media_type=found[0])

    @app.get("/find")
    def _find(
        request: Request, q: Annotated[str, Query(max_length=100)] = "", at: At = ""
    ) -> Response:
        night = shown(request, at)
        found = finding.found(night, q) if re.search(r"[A-Za-z0-9]", q) else []
        return show(request, "find", shown=night, q=one_line(q, MAX_TEXT), found=found)

    @app.get("/nights")
    def _nights(request: Request) -> Response:
        runs = nights.runs()
        told = rooms.nights(desk.installation, runs, here.words(request)) if len(runs) else []
        return show(request, "nights", nights=told)

    lately = Recent(4)

    def heard_lately(request: Request, coverage: Coverage) -> Heard | None:
        words = here.words(request)
        zones = stamps(desk.installation.config / "zones"), stamps(desk.installation.reference)
        key = (coverage, words.english, zones)
        return lately.get(key, lambda: heard(desk.installation, coverage, words))

    @app.get("/health")
    def _health(request: Request) -> Response:
        health, problems = looks.look(nights.newest())
        words = labels(_session(request, desk).language)
        now = pd.Timestamp.now("UTC")
        told = rooms.health_page(health, problems, words, part=here.part, served=now)
        coverage = None if health is None else health.coverage
        known = None if coverage is None else heard_lately(request, coverage)
        drawn = None if known is None else known.drawn
        return show(request, "health", **told, heard=known, drawn=drawn, served=iso(now))

    @app.get("/live")
    def _live(request: Request, on: On = None, at: At = "") -> Response:
        told = rooms.live(nights, _session(request, desk).language, on, at)
        # When something is prepared tells that something came, which may not be for this reader.
        quiet = {"writing": "", "for": "", "doing": "", "share": None}
        return JSONResponse(told if desk.whole is None else {**told, **quiet})

    @app.get("/assets/{name}")
    def _asset(name: str) -> Response:
        found = assets.find(name)
        if found is None:
            raise HTTPException(404)
        kind, text = found
        return Response(text, media_type=kind)

    @app.post("/settings")
    def _settings(request: Request) -> Response:
        session, form = _session(request, desk), request.state.form
        if form.get("language") in LANGUAGES:
            session.language = form["language"]
        if "operator" in form:
            session.operator = one_line(form["operator"], MAX_NAME)
        back = form.get("back", "/")
        return led(back if OWN_ADDRESS.fullmatch(back) else "/")

    @app.post("/address")
    def _address(request: Request) -> Response:
        return show(request, "address", address=address())

    @app.exception_handler(SelatError)
    def _told(request: Request, error: SelatError) -> Response:
        said, hint = error.message, error.hint
        if not nights.newest():
            if desk.whole is not None:  # to start a run isn't theirs
                said, hint = here.words(request).at_desk(NOTHING), ""
            elif failed := failure_of(desk.installation):
                hint = one_line(spoken(here.words(request), failed)[0], MAX_TEXT)
        return show(request, "said", 404, said=said, hint=hint)

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> Response:
        path = any(one["loc"][0] == "path" for one in error.errors())
        return _missing(request, HTTPException(404 if path else 400))

    @app.exception_handler(HTTPException)
    def _missing(request: Request, error: HTTPException) -> Response:
        return show(request, "said", error.status_code, said="", hint="")

    @app.exception_handler(Exception)
    def _failed(request: Request, _: Exception) -> Response:
        return show(request, "said", 500, said="", hint="")

    return app


def _session(request: Request, desk: Desk) -> Session:
    """Return the reader's session, with what the desk was opened with where nothing was said."""
    session: Session = request.state.session
    session.operator = session.operator or one_line(desk.operator, MAX_NAME)
    session.language = session.language or desk.language
    return session


def _elsewhere(desk: Desk, session: Session) -> tuple[Installation, str] | None:
    """Return where a conclusion is told besides, and how much whoever made it could see."""
    if desk.whole is None or session.account is None:
        return None
    return desk.whole, f"{PART}{session.account.may} shows] "


def _show(request: Request, desk: Desk, name: str, status: int, **values: Any) -> Response:
    session = _session(request, desk)
    words = labels(session.language)
    for told in {"said", "hint"} & values.keys():
        values[told] = spoken(words, values[told])[0]
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    html = page(
        name,
        session.language,
        csrf=session.csrf,
        operator=session.operator,
        account=session.account,
        may_change=desk.whole is None and (session.account is None or session.account.admin),
        here=one_line(here, MAX_TEXT) if request.method == "GET" else request.url.path,
        switched=request.cookies.get("desk-switched") == "1",
        status=status,
        **values,
    )
    return HTMLResponse(html, status)

"""Packs at the desk: made for a recipient after a look at what it gets, verified, and corrected."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import anyio.to_thread
from fastapi import FastAPI, Query, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from detectors.core.errors import ConfigError, SelatError
from pipelines.base.progress import Reporter
from pipelines.base.settings import Installation
from pipelines.base.text import one_line
from pipelines.publish.briefing import NAME_LIMIT
from pipelines.publish.packs import recipients
from pipelines.publish.packs.keys import Keyring
from pipelines.web import packed, previewing, verifying
from pipelines.web.concluding import MAX_NAME
from pipelines.web.here import Here, led
from pipelines.web.previewing import Asked
from pipelines.web.protocol import MAX_UPLOAD, UPLOAD
from pipelines.web.working import Work

LOOKS = ("look", "correct")

Key = Annotated[str, InPath(pattern=r"^[0-9a-f]{16}$")]
Title = Annotated[str, InPath(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=200)]


def addresses(app: FastAPI, here: Here) -> None:
    """Add the addresses of packs."""
    one = here.installation

    def page(
        request: Request,
        *,
        said: str = "",
        hint: str = "",
        status: int = 200,
        verdict: Any = None,
        about: str = "",
    ) -> Response:
        return here.show(
            request,
            "packs",
            status,
            told=packed.packs(here, request),
            said=said,
            hint=hint,
            verdict=verdict,
            about=about,
            works=[
                (one, _title(here.installation, one.about))
                for one in _unused(here.works.of(here.session(request).key, *LOOKS, "made"))
            ],
            runs=[str(run_id) for run_id in here.nights.runs()["run_id"].head(20)],
        )

    def begun(
        request: Request, kind: str, asked: Asked, make: Callable[[Reporter], Any]
    ) -> Response:
        try:
            work = here.works.start(here.session(request).key, kind, asked, make)
        except SelatError as error:
            return page(request, said=error.message, hint=error.hint, status=409)
        return led(f"/pack/{work.key}")

    def there(title: str) -> Path:
        path = verifying.own(one, title)
        if path is None:
            raise HTTPException(404)
        return path

    @app.get("/packs")
    def _packs_page(request: Request) -> Response:
        return page(request)

    @app.post("/packs/look")
    def _look(request: Request) -> Response:
        form = request.state.form
        asked = Asked(form.get("recipient", "")[:40], form.get("run", "")[:60], ())
        try:
            recipients.find(one.config, asked.recipient)
        except SelatError as error:
            return page(request, said=error.message, hint=error.hint, status=400)
        return begun(request, "look", asked, partial(previewing.seen, here, asked))

    @app.post("/pack/{key}/without")
    def _without(request: Request, key: Key) -> Response:
        """Look again, without what was ticked of what was looked at."""
        form = request.state.form
        work = here.works.find(here.session(request).key, key)
        if work is None or work.kind != "look" or work.state != "done":
            raise HTTPException(404)
        before, seen = work.about, work.result
        ids, said = list(before.strike), list(before.struck)
        for number, (row, own) in enumerate(zip(seen.incidents, seen.ids, strict=True)):
            if f"incident_{number}" in form:
                ids += own
                said.append(f"{row[0]} {row[1]}")
        for _, mmsi, name, *_ in seen.vessels:
            if f"vessel_{mmsi}" in form:
                ids.append(f"{mmsi:09d}")
                said.append(f"{name} {mmsi:09d}".strip())
        struck = replace(
            before, strike=tuple(dict.fromkeys(ids)), struck=tuple(dict.fromkeys(said))
        )
        return begun(request, "look", struck, partial(previewing.seen, here, struck))

    @app.post("/packs/correct")
    def _correct(request: Request) -> Response:
        form = request.state.form
        asked = Asked("", "", (), pack=form.get("pack", "")[:200], cleared="cleared" in form)
        return begun(request, "correct", asked, partial(packed.prepared_for, here, asked))

    @app.get("/pack/{key}")
    def _pack(request: Request, key: Key) -> Response:
        work = here.works.find(here.session(request).key, key)
        if work is None or work.kind not in {*LOOKS, "made"}:
            raise HTTPException(404)
        return shown(request, work)

    def shown(
        request: Request, work: Work, said: str = "", hint: str = "", status: int = 200
    ) -> Response:
        seen = work.result if work.kind == "look" else None
        return here.show(
            request,
            "pack",
            status,
            work=work,
            asked=work.about,
            who=_title(one, work.about),
            seen=seen,
            told=packed.told(work.result) if work.kind == "correct" and work.result else (),
            made=work.result if work.kind == "made" else None,
            drawn=seen.drawn if seen else None,
            key=packed.signing(one)[0],
            locked=Keyring(one.keys).locked(),
            given=here.session(request).operator,
            said=said or work.said,
            hint=hint or work.hint,
        )

    @app.post("/pack/{key}/make")
    def _make(request: Request, key: Key) -> Response:
        session, form = here.session(request), request.state.form
        work = here.works.find(session.key, key)
        if work is None or work.kind not in LOOKS or work.state != "done":
            raise HTTPException(404)
        operator = one_line(form.get("operator", ""), MAX_NAME) or session.operator
        try:
            if not operator:
                raise ConfigError("who are you?", hint="your name stands in the log of packs")
            unsigned = "unsigned" in form
            signer = packed.signer(one, form.get("passphrase", ""), unsigned=unsigned)
        except SelatError as error:
            return shown(request, work, error.message, error.hint, 400)
        session.operator = operator
        make = partial(packed.made, here, work, operator, signer, unsigned, "replace" in form)
        try:
            fresh = here.works.start(session.key, "made", work.about, make)
        except SelatError as error:
            return shown(request, work, error.message, error.hint, 409)
        return led(f"/pack/{fresh.key}")

    @app.get("/packs/file/{title}")
    def _file(title: Title) -> Response:
        path = there(title)
        return FileResponse(path, filename=path.name, media_type="application/octet-stream")

    @app.get("/packs/verify")
    def _verify(request: Request, pack: Annotated[str, Query(max_length=200)]) -> Response:
        verdict = verifying.verdict(here, there(pack))
        return page(request, verdict=verifying.of(verdict, here.words(request)), about=pack)

    @app.post(UPLOAD)
    async def _upload(request: Request) -> Response:
        with TemporaryDirectory(prefix="selat-") as folder:
            path = Path(folder) / "pack"
            size = 0
            with path.open("wb") as file:
                async for block in request.stream():
                    size += len(block)
                    if size > MAX_UPLOAD:
                        raise HTTPException(413)
                    file.write(block)
            verdict = await anyio.to_thread.run_sync(verifying.verdict, here, path)
        words = here.words(request)
        said = verifying.of(verdict, words)
        return JSONResponse({**said, "state": words.at_desk(said["state"])})


def _unused(works: Sequence[Work]) -> list[Work]:
    """Return what was looked at of which nothing was made since; the newest comes first."""
    used: list[Any] = []
    kept: list[Work] = []
    for work in works:
        if work.kind in LOOKS and work.about not in used:
            kept.append(work)
        elif work.kind == "made" and work.state == "done":
            used.append(work.about)
    return kept


def _title(one: Installation, asked: Asked) -> str:
    """Return what a recipient is called; its key where it is known no more."""
    with suppress(SelatError):
        return one_line(recipients.find(one.config, asked.recipient).title, NAME_LIMIT)
    return asked.recipient

"""What a request must bring before the desk sees it.

Whoever reaches the port of a local server is any account of the machine, and any page in any
browser of it. So every request needs our own name in `Host` (a page elsewhere can have its own
name lead to loopback), and the cookie that an address was exchanged for. An address holds a token
for one use: what is found of it later, in a history or in a list of processes, opens nothing. A
cookie is sent to every port of a host (RFC 6265, section 8.5), so that another account's server can
be given ours: it opens the desk to the account alone that brought the token (`peers`). A write also
needs our own origin, no other site as its sender, and the session's own word in its form
(OWASP, Cross-Site Request Forgery Prevention Cheat Sheet; W3C, Fetch Metadata Request Headers).

What another account's server left in the browser while it had our port, a service worker or a page
to be kept, would stand before all that we answer: who comes in has it cleared away (W3C, Clear Site
Data), and nobody comes in through it.
"""

from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import parse_qs

from detectors.core.errors import SelatError
from pipelines.base import peers
from pipelines.base.asgi import App, Pairs, Receive, Scope, Send, refuse_socket, respond
from pipelines.base.prompt import PIECE
from pipelines.web.gate import NOT_READY, OUT_OF_ORDER, Gate
from pipelines.web.protocol import UPLOAD, Headers, by_name, cookie_of, form_of, upload_of
from pipelines.web.sessions import Keys, Session, same

MAX_HEADERS: Final = 16_384
MAX_ADDRESS: Final = 4_096

_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ADDED: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _POLICY),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    # Not no-referrer: with that, browsers send `Origin: null` with our own forms.
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_CLEARED: Final[Pairs] = ((b"clear-site-data", b'"cache", "storage"'),)
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">{more}
<title>Desk</title></head>
<body><h1>{heading}</h1><p>{text}</p></body></html>
"""
_CLOSED: Final = (
    "This desk is open to whoever was given its address.",
    "It is printed where the desk was started, and can be used once. "
    '<a href="">Open this page again</a> if you came here by a link.',
)
_AGAIN: Final = '<meta http-equiv="refresh" content="20">'
_REFUSED: Final = {
    400: "The request can't be read.",
    403: "This can be asked from this desk's own pages alone.",
    405: "That can't be done here.",
    411: "The request doesn't say how long it is.",
    413: "The request is too large.",
    414: "The address is too long.",
    415: "Only forms are read.",
    421: "This desk is reached by another name.",
    431: "The request's headers are too large.",
}


class Doors:
    """An ASGI application in front of the desk's.

    Parameters
    ----------
    app
        Of whoever was given an address.
    keys
        Who may come in.
    port
        Where it listens: with the loopback's names it is the only `Host` that is answered, and it
        is part of the cookie's name, since cookies don't tell ports apart.
    strict
        Whether nobody comes in whose account of the system isn't known.
    gate
        Who signs in where others on the network reach it; then no address opens it.
    """

    def __init__(
        self, app: App, keys: Keys, port: int, *, strict: bool = False, gate: Gate | None = None
    ) -> None:
        self._app, self._keys, self._strict, self._gate = app, keys, strict, gate
        names = ("127.0.0.1", "localhost", "[::1]")
        own = frozenset(f"{name}:{port}".encode() for name in names)
        self._hosts = own if gate is None else gate.hosts
        self._scheme = b"http://" if gate is None else b"https://"
        self.cookie = f"desk-{port}" if gate is None else gate.cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "websocket":
            await refuse_socket(receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _hardened(send)
        headers = by_name(scope)
        status = self._refusal(scope, headers)
        if status:
            await _say(send, status, "Refused", _REFUSED[status])
        elif self._gate is None:
            await self._by_address(scope, headers, receive, send)
        else:
            await self._by_account(self._gate, scope, headers, receive, send)

    async def _by_address(
        self, scope: Scope, headers: Headers, receive: Receive, send: Send
    ) -> None:
        """Let in whoever brings an address, or the cookie that one was exchanged for."""
        if scope["path"] == "/" and (token := _token(scope)):
            await self._enter(headers, send, token, peers.account(scope))
            return
        session = self._keys.session(cookie_of(headers, self.cookie))
        if session is None or (session.user is not None and peers.account(scope) != session.user):
            await _say(send, 401, *_CLOSED)
            return
        if await self._carries(session, scope, headers, receive, send):
            await self._app(scope, receive, send)

    async def _by_account(
        self, gate: Gate, scope: Scope, headers: Headers, receive: Receive, send: Send
    ) -> None:
        """Let in whoever is signed in, to the desk of what they may see."""
        try:
            if await gate.answers(scope, headers, receive, send):
                return
            session = gate.admitted(headers)
            if session is None or session.account is None:
                await gate.refuse(scope, send)
                return
            path, writes = scope["path"], scope["method"] == "POST"
            if writes and path != "/logout" and not gate.may_write(session.account, path):
                await _say(send, 403, "Refused", _REFUSED[403])
                return
            if not await self._carries(session, scope, headers, receive, send):
                return
            # A form may be on its way for 20 seconds, in which its account was taken away.
            if writes and gate.admitted(headers) is not session:
                await gate.refuse(scope, send)
                return
            if writes and path == "/logout":
                await gate.sign_out(session, send)
                return
            app = gate.desk(session.account)
        except SelatError as error:
            gate.note(str(error))
            await _say(send, 503, "Out of order", OUT_OF_ORDER)
            return
        if app is None:
            await _say(send, 503, "Not yet", NOT_READY, more=_AGAIN)
            return
        if path != "/live":
            self._keys.use(session)
        if writes:  # whatever a page asks for, it is the account that writes
            scope["state"]["form"]["operator"] = session.account.name
        await app(scope, receive, send)

    async def _carries(
        self, session: Session, scope: Scope, headers: Headers, receive: Receive, send: Send
    ) -> bool:
        """Give a request its session and form; False where it was refused."""
        scope.setdefault("state", {})["session"] = session
        if scope["method"] != "POST":
            return True
        form = upload_of(headers) if scope["path"] == UPLOAD else await form_of(headers, receive)
        if isinstance(form, int):
            await _say(send, form, "Refused", _REFUSED[form])
            return False
        if not same(session.csrf, form.pop("csrf", "")):
            await _say(send, 403, "Refused", _REFUSED[403])
            return False
        scope["state"]["form"] = form
        return True

    def _refusal(self, scope: Scope, headers: Headers) -> int:
        """Return the status to refuse a request with, whoever asks; 0 where it may pass."""
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADERS:
            return 431
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_ADDRESS:
            return 414
        host = headers.get(b"host", [])
        if len(host) != 1 or host[0].lower() not in self._hosts:
            return 421
        # One that ends in a line break is an address without it to routes, and none to the gate.
        if not scope["path"].startswith("/") or scope["path"].endswith("\n"):
            return 400
        if scope["method"] in {"GET", "HEAD"}:
            return 403 if _embedded_elsewhere(headers) else 0
        if scope["method"] != "POST":
            return 405
        if headers.get(b"origin") != [self._scheme + host[0].lower()]:
            return 403
        return 0 if headers.get(b"sec-fetch-site", [b"same-origin"]) == [b"same-origin"] else 403

    async def _enter(self, headers: Headers, send: Send, token: str, user: int | None) -> None:
        """Exchange a token for a cookie, and lead away from the address that it stood in.

        The page leads on by itself instead of by a redirect: a browser that came from elsewhere
        sends a strict cookie only to what our own page leads to.
        """
        # A browser says of what a service worker passes on that it is for no page. Nothing is
        # cleared away by the answer to that: Chromium waits for the worker, which waits for it.
        direct = headers.get(b"sec-fetch-dest", [b"document"]) == [b"document"]
        known = direct and (user is not None or not self._strict)
        session = self._keys.exchange(token, user) if known else None
        if session is None:
            await _say(send, 401, *_CLOSED)
            return
        cookie = f"{self.cookie}={session.key}; Path=/; HttpOnly; SameSite=Strict"
        more = '<meta name="referrer" content="no-referrer">'
        more += '<meta http-equiv="refresh" content="0;url=/">'
        link = '<a href="/">Go on</a>'
        # Of who is in already what is kept is ours: it may be typed and not sent.
        known = self._keys.session(cookie_of(headers, self.cookie)) is not None
        set_cookie: Pairs = ((b"set-cookie", cookie.encode()),)
        told = set_cookie if known else (*set_cookie, *_CLEARED)
        await _say(send, 200, "The desk is open.", link, more=more, headers=told)


def _embedded_elsewhere(headers: Headers) -> bool:
    """Tell whether another page asks for ours as a part of itself; a link to us is followed."""
    site = headers.get(b"sec-fetch-site", [b"none"])
    mode = headers.get(b"sec-fetch-mode", [b"navigate"])
    return not set(site) <= {b"none", b"same-origin"} and mode != [b"navigate"]


def _token(scope: Scope) -> str:
    if scope["method"] != "GET":
        return ""
    asked: dict[str, list[str]] = parse_qs(scope["query_string"].decode("latin-1"))
    return asked.get("token", [""])[0]


def _hardened(send: Send) -> Send:
    """Let no other origin read what is sent, frame it, or add to it; and let nobody keep it.

    It is sent in pieces.
    """
    replaced = {name for name, _ in _ADDED}

    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in replaced]
            message = {**message, "headers": [*kept, *_ADDED]}
        body = message.get("body", b"")
        if len(body) > PIECE:
            for at in range(0, len(body) - PIECE, PIECE):
                await send({**message, "body": body[at : at + PIECE], "more_body": True})
            message = {**message, "body": body[at + PIECE :]}
        await send(message)

    return sent


async def _say(
    send: Send, status: int, heading: str, text: str, more: str = "", headers: Pairs = ()
) -> None:
    """Answer with a plain page that says nothing of the home."""
    body = _PAGE.format(heading=heading, text=text, more=more)
    await respond(send, status, body, "text/html; charset=utf-8", headers)

"""What a request must bring before the desk sees it.

Whoever reaches the port of a local server is any account of the machine, and any page in any
browser of it. So every request needs our own name in `Host` (a page elsewhere can have its own
name lead to loopback), and the cookie that an address was exchanged for. An address holds a token
for one use: what is found of it later, in a history or in a list of processes, opens nothing. A
cookie is sent to every port of a host (RFC 6265, section 8.5), so that another account's server can
be given ours: it opens the desk to the account alone that brought the token (`peers`). A write also
needs our own origin, no other site as its sender, and the session's own word in its form
(OWASP, Cross-Site Request Forgery Prevention Cheat Sheet; W3C, Fetch Metadata Request Headers).
"""

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final
from urllib.parse import parse_qs

from pipelines.web import peers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = dict[bytes, list[bytes]]

MAX_BODY: Final = 65_536
MAX_UPLOAD: Final = 64 << 20
UPLOAD: Final = "/packs/upload"
"""Where a pack may be sent to be verified: the one door that takes what isn't a form."""
WORD: Final = b"x-desk-word"
"""The header that brings the session's word there: no other site can send one unasked."""
MAX_HEADERS: Final = 16_384
MAX_ADDRESS: Final = 4_096
MAX_FIELDS: Final = 32
MAX_SESSIONS: Final = 64

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


@dataclass
class Session:
    """One browser that was let in.

    Attributes
    ----------
    key
        What its cookie holds.
    csrf
        The word that its forms bring.
    account
        Of the system: whose browser it is; None where that isn't known.
    operator, language
        Who sits there, and what is read there; empty until it is said.
    recorded
        The incident on which something was recorded just now: an address alone can't say so.
    """

    key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    account: int | None = None
    operator: str = ""
    language: str = ""
    recorded: str = ""


class Keys:
    """Who may come in: tokens for one use, and the sessions that they were exchanged for."""

    def __init__(self) -> None:
        self._tokens: list[str] = []
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = Lock()

    def token(self) -> str:
        """Return a new token."""
        made = secrets.token_urlsafe(32)
        with self._lock:
            self._tokens = [*self._tokens, made][-MAX_SESSIONS:]
        return made

    def exchange(self, token: str, account: int | None = None) -> Session | None:
        """Return a session for a token, which is used up; None for what is none."""
        with self._lock:
            found = [one for one in self._tokens if _same(one, token)]
            if not found:
                return None
            self._tokens.remove(found[0])
            made = Session(account=account)
            self._sessions[made.key] = made
            while len(self._sessions) > MAX_SESSIONS:
                self._sessions.popitem(last=False)
            return made

    def session(self, key: str) -> Session | None:
        """Return the session of a cookie."""
        with self._lock:
            found = [one for one in self._sessions.values() if _same(one.key, key)]
        return found[0] if found else None


class Doors:
    """An ASGI application in front of the desk's.

    Parameters
    ----------
    keys
        Who may come in.
    port
        Where it listens: with the loopback's names it is the only `Host` that is answered, and it
        is part of the cookie's name, since cookies don't tell ports apart.
    """

    def __init__(self, app: App, keys: Keys, port: int) -> None:
        self._app, self._keys = app, keys
        names = ("127.0.0.1", "localhost", "[::1]")
        self._hosts = {f"{name}:{port}".encode() for name in names}
        self.cookie = f"desk-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _hardened(send)
        headers = _by_name(scope)
        status = self._refusal(scope, headers)
        if status:
            await _say(send, status, "Refused", _REFUSED[status])
            return
        if scope["path"] == "/" and (token := _token(scope)):
            await self._enter(send, token, peers.account(scope))
            return
        session = self._keys.session(_cookie(headers, self.cookie))
        if session is None or (
            session.account is not None and peers.account(scope) != session.account
        ):
            await _say(send, 401, *_CLOSED)
            return
        scope.setdefault("state", {})["session"] = session
        if scope["method"] == "POST":
            sent = scope["path"] == UPLOAD
            form = _upload(headers) if sent else await _form(headers, receive)
            if isinstance(form, int):
                await _say(send, form, "Refused", _REFUSED[form])
                return
            if not _same(session.csrf, form.pop("csrf", "")):
                await _say(send, 403, "Refused", _REFUSED[403])
                return
            scope["state"]["form"] = form
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> int:
        """Return the status to refuse a request with, whoever asks; 0 where it may pass."""
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADERS:
            return 431
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_ADDRESS:
            return 414
        host = headers.get(b"host", [])
        if len(host) != 1 or host[0].lower() not in self._hosts:
            return 421
        if not scope["path"].startswith("/"):
            return 400
        if scope["method"] in {"GET", "HEAD"}:
            return 403 if _embedded_elsewhere(headers) else 0
        if scope["method"] != "POST":
            return 405
        if headers.get(b"origin") != [b"http://" + host[0].lower()]:
            return 403
        return 0 if headers.get(b"sec-fetch-site", [b"same-origin"]) == [b"same-origin"] else 403

    async def _enter(self, send: Send, token: str, account: int | None) -> None:
        """Exchange a token for a cookie, and lead away from the address that it stood in.

        The page leads on by itself instead of by a redirect: a browser that came from elsewhere
        sends a strict cookie only to what our own page leads to.
        """
        session = self._keys.exchange(token, account)
        if session is None:
            await _say(send, 401, *_CLOSED)
            return
        cookie = f"{self.cookie}={session.key}; Path=/; HttpOnly; SameSite=Strict"
        more = '<meta name="referrer" content="no-referrer">'
        more += '<meta http-equiv="refresh" content="0;url=/">'
        link = '<a href="/">Go on</a>'
        set_cookie = (b"set-cookie", cookie.encode())
        await _say(send, 200, "The desk is open.", link, more=more, headers=(set_cookie,))


def _embedded_elsewhere(headers: Headers) -> bool:
    """Whether another page asks for ours as a part of itself; a link to us is followed."""
    site = headers.get(b"sec-fetch-site", [b"none"])
    mode = headers.get(b"sec-fetch-mode", [b"navigate"])
    return not set(site) <= {b"none", b"same-origin"} and mode != [b"navigate"]


def _same(known: str, given: str) -> bool:
    """Compare what must not be guessed, in a time that doesn't tell how much of it was right."""
    return hmac.compare_digest(known.encode(), given.encode("utf-8", "surrogatepass"))


def _by_name(scope: Scope) -> Headers:
    found: Headers = {}
    for name, value in scope["headers"]:
        found.setdefault(name.lower(), []).append(value)
    return found


def _token(scope: Scope) -> str:
    if scope["method"] != "GET":
        return ""
    asked: dict[str, list[str]] = parse_qs(scope["query_string"].decode("latin-1"))
    return asked.get("token", [""])[0]


def _cookie(headers: Headers, name: str) -> str:
    pairs = b"; ".join(headers.get(b"cookie", [])).decode("latin-1").split(";")
    found = (pair.strip().partition("=") for pair in pairs)
    return next((value for key, _, value in found if key == name), "")


def _upload(headers: Headers) -> dict[str, str] | int:
    """Return the word that a file comes with, as a form's, or the status to refuse it with.

    The file itself is for the application to read.
    """
    if headers.get(b"content-type") != [b"application/octet-stream"]:
        return 415
    stated = headers.get(b"content-length", [])
    if len(stated) != 1 or not stated[0].isdigit():
        return 411
    if int(stated[0][:20]) > MAX_UPLOAD:
        return 413
    words = headers.get(WORD, [])
    return {"csrf": words[0].decode("latin-1") if len(words) == 1 else ""}


async def _form(headers: Headers, receive: Receive) -> dict[str, str] | int:
    """Return what a form holds, or the status to refuse it with; no more is read than allowed."""
    kind = headers.get(b"content-type", [b""])[0].split(b";")[0].strip().lower()
    if kind != b"application/x-www-form-urlencoded":
        return 415
    stated = headers.get(b"content-length", [])
    if len(stated) != 1 or not stated[0].isdigit():
        return 411
    if int(stated[0][:20]) > MAX_BODY:
        return 413
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return 400
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BODY:
            return 413
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return 400
    return {name: values[-1] for name, values in fields.items()}


def _hardened(send: Send) -> Send:
    """Let no other origin read what is sent, frame it, or add to it; and let nobody keep it."""
    replaced = {name for name, _ in _ADDED}

    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in replaced]
            message = {**message, "headers": [*kept, *_ADDED]}
        await send(message)

    return sent


async def _say(
    send: Send,
    status: int,
    heading: str,
    text: str,
    more: str = "",
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    """Answer with a plain page that says nothing of the home."""
    body = _PAGE.format(heading=heading, text=text, more=more).encode()
    about = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": about})
    await send({"type": "http.response.body", "body": body})

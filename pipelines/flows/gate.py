"""What a request must bring before Prefect's server sees it.

Prefect trusts whoever reaches its port: by default any page in any browser of the machine may ask
it, and any account. Here a request needs a name that is ours (a page elsewhere can have its own
name lead to loopback), no other page as its origin, and, for the API, the password. The pages
themselves hold nothing, and ask for the password; it is kept by the page and sent by its script, so
a browser never sends it of its own accord, as it would for another page too.

WebSockets bring the password in their first message. Prefect checks it too, but waits for it for as
long as it takes, and what is none is an error of its own to it: a hundred lines in its log.
"""

import asyncio
import base64
import hmac
import json
import re
from collections.abc import Collection, Iterable, MutableMapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qs

from pipelines.base.asgi import App, Receive, Scope, Send, refuse_socket, respond

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

PROOF: Final = "/proof"
"""Path at which the server shows that it knows the password, without saying it."""

WORD_S: Final = 10.0
"""Time for a WebSocket to bring its first message, the password."""

_NONCE: Final = re.compile(r"[0-9a-f]{64}")
_API: Final = "/api"
# They say that it lives, and the pages ask without the password.
_ALIVE: Final = (f"{_API}/health", f"{_API}/ready")
# FastAPI's own pages of documentation load scripts from elsewhere, into an origin that is ours.
_CLOSED: Final = ("/docs", "/redoc", "/openapi.json")

_ADDED: Final = (
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; "
        b"style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        b"connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        b"form-action 'none'; frame-ancestors 'none'",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


def proof(auth: str, nonce: str, port: int) -> str:
    """Return what only a server at this port that knows the password can say to a nonce.

    The port is in it, so that nobody at another port can pass on what the server says.
    """
    return hmac.new(auth.encode(), f"{nonce} {port}".encode(), sha256).hexdigest()


class Gate:
    """An ASGI application in front of Prefect's.

    Parameters
    ----------
    auth
        The password, ``user:word``.
    names
        Names and addresses by which the server may be reached beside those of loopback.
    """

    def __init__(self, app: App, auth: str, names: Collection[str], port: int) -> None:
        self._app = app
        self._auth, self._port = auth, port
        self._expected = b"Basic " + base64.b64encode(auth.encode())
        self._names = {name.lower() for name in (*LOOPBACK, *names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        status = self._refusal(scope)
        if status is not None:
            await _answer(scope, receive, send, status, "refused\n")
        elif scope["type"] == "http" and scope["path"] == PROOF:
            await self._prove(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, self._after_the_word(receive, send), send)
        else:
            await self._app(scope, receive, _hardened(send))

    def _refusal(self, scope: Scope) -> int | None:
        """Return the HTTP status to refuse a request with; None if it may pass."""
        headers = scope["headers"]
        host = _only(headers, b"host")
        if host is None or _name(host) not in self._names:
            return 421
        if not _same_origin(headers, host):
            return 403
        path = scope["path"]
        if scope["type"] == "websocket":
            return None if path.startswith(f"{_API}/") else 403
        if path in _ALIVE and scope["method"] == "GET":
            return None
        if path == _API or path.startswith(f"{_API}/"):
            given = _only(headers, b"authorization") or b""
            return None if hmac.compare_digest(given, self._expected) else 401
        if scope["method"] not in {"GET", "HEAD"}:
            return 405
        return 404 if path.rstrip("/").startswith(_CLOSED) else None

    def _after_the_word(self, receive: Receive, send: Send) -> Receive:
        """Pass on what a WebSocket brings once that was the password; else it has gone."""
        known = False

        async def received() -> MutableMapping[str, Any]:
            nonlocal known
            if known:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), WORD_S)
            except TimeoutError:
                message = {"type": "websocket.receive"}
            if message["type"] == "websocket.receive":
                known = hmac.compare_digest(_word(message.get("text")), self._auth.encode())
                if not known:
                    await send({"type": "websocket.close", "code": 1008})
                    return {"type": "websocket.disconnect", "code": 1008}
            return message

        return received

    async def _prove(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        nonce = asked.get("nonce", [""])[0]
        if _NONCE.fullmatch(nonce):
            stated = proof(self._auth, nonce, self._port)
            await _answer(scope, receive, send, 200, stated)
        else:
            await _answer(scope, receive, send, 400, "refused\n")


def _word(text: str | None) -> bytes:
    """Return the password in the first message of a WebSocket, as Prefect's clients and pages send
    it; empty where there is none.
    """
    try:
        message = json.loads(text or "")
    except (ValueError, RecursionError):
        return b""
    token = (
        message.get("token") if isinstance(message, dict) and message.get("type") == "auth" else ""
    )
    return token.encode("utf-8", "surrogatepass") if isinstance(token, str) else b""


def _only(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """Return the value of a header that is there once; None if it isn't, or is there again."""
    values = [value for key, value in headers if key.lower() == name]
    return values[0] if len(values) == 1 else None


def _name(host: bytes) -> str:
    """Return the name or address in a Host header, without its port."""
    text = host.decode("latin-1").lower()
    found = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([^:\[\]/@?#\s]+))(?::\d{1,5})?", text)
    return "" if found is None else found[1] or found[2]


def _same_origin(headers: Iterable[tuple[bytes, bytes]], host: bytes) -> bool:
    """Tell whether no page of another origin has asked; programs name none."""
    origins = [value.lower() for key, value in headers if key.lower() == b"origin"]
    ours = {b"http://" + host.lower(), b"https://" + host.lower()}
    if any(origin not in ours for origin in origins):
        return False
    fetched = {key.lower(): value for key, value in headers if key.lower().startswith(b"sec-")}
    if fetched.get(b"sec-fetch-site", b"none") in {b"none", b"same-origin"}:
        return True
    # A link that somebody follows; what it shows is shown to them alone.
    return fetched.get(b"sec-fetch-mode") == b"navigate"


def _hardened(send: Send) -> Send:
    """Let no other origin read what is sent on, frame it, or add to it."""
    replaced = {name for name, _ in _ADDED}

    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [
                (name, value)
                for name, value in message.get("headers", ())
                if name.lower() not in replaced and not name.lower().startswith(b"access-control-")
            ]
            message = {**message, "headers": [*kept, *_ADDED]}
        await send(message)

    return sent


async def _answer(scope: Scope, receive: Receive, send: Send, status: int, text: str) -> None:
    """Answer with a line of text; a WebSocket is closed before it opens."""
    if scope["type"] == "websocket":
        await refuse_socket(receive, send)
    else:
        await respond(send, status, text, "text/plain", _ADDED)

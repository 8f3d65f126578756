"""The messages of a request and its answer, as servers and applications pass them (ASGI 3)."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Pairs = tuple[tuple[bytes, bytes], ...]


async def refuse_socket(receive: Receive, send: Send) -> None:
    """Close a WebSocket before it opens."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})


async def respond(send: Send, status: int, text: str, kind: str, more: Pairs = ()) -> None:
    """Answer with a text."""
    body = text.encode()
    about = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": about})
    await send({"type": "http.response.body", "body": body})

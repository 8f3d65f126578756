"""What doors and gate speak: the ASGI messages of a request and its answer."""

from typing import Final
from urllib.parse import parse_qs

from pipelines.base.asgi import Pairs, Receive, Scope, Send, respond

Headers = dict[bytes, list[bytes]]

MAX_BODY: Final = 65_536
MAX_UPLOAD: Final = 64 << 20
UPLOAD: Final = "/packs/upload"
"""Where a pack may be sent to be verified: the one door that takes what isn't a form."""
WORD: Final = b"x-desk-word"
"""The header that brings the session's word there: no other site can send one unasked."""
MAX_FIELDS: Final = 160


def by_name(scope: Scope) -> Headers:
    """Return a request's headers by their names."""
    found: Headers = {}
    for name, value in scope["headers"]:
        found.setdefault(name.lower(), []).append(value)
    return found


def cookie_of(headers: Headers, name: str) -> str:
    """Return the value of a cookie; empty where there is none."""
    pairs = b"; ".join(headers.get(b"cookie", [])).decode("latin-1").split(";")
    found = (pair.strip().partition("=") for pair in pairs)
    return next((value for key, _, value in found if key == name), "")


async def form_of(headers: Headers, receive: Receive) -> dict[str, str] | int:
    """Return what a form holds, or the status to refuse it with; no more is read than allowed."""
    kind = headers.get(b"content-type", [b""])[0].split(b";")[0].strip().lower()
    if kind != b"application/x-www-form-urlencoded":
        return 415
    stated = headers.get(b"content-length", [])
    # Who states both may be understood in two ways (RFC 9112, section 6.1).
    if len(stated) != 1 or not stated[0].isdigit() or b"transfer-encoding" in headers:
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


def upload_of(headers: Headers) -> dict[str, str] | int:
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


async def redirect(send: Send, to: str, more: Pairs = ()) -> None:
    """Lead to another address of ours."""
    await respond(send, 303, "", "text/plain; charset=utf-8", ((b"location", to.encode()), *more))

"""Serving the desk: on loopback, to whoever was given its address."""

import asyncio
import html
import os
import signal
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path
from tempfile import mkstemp
from typing import Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from detectors.core.errors import ConfigError, SelatError
from pipelines.web.app import Desk, application
from pipelines.web.doors import MAX_HEADERS, Doors, Keys

LOOPBACK: Final = ("127.0.0.1", "localhost")
RECEIVE_S: Final = 10.0
"""A request that hasn't come in so long is cut off, in twice that at the latest."""

_OPENER: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={address}"><title>Desk</title></head>
<body><p><a href="{address}">Open the desk</a></p></body></html>
"""


class PortError(SelatError):
    """The port can't be had."""

    exit_code = 2


def listening(host: str, port: int) -> socket.socket:
    """Return a socket on loopback.

    Raises
    ------
    ConfigError
        If it is to be reached from elsewhere.
    PortError
        If another program has the port.
    """
    if host not in LOOPBACK:
        raise ConfigError(
            f"the desk is opened on this machine alone, not on {host}",
            hint="from another one: ssh -L 8765:127.0.0.1:8765 HOST, selat desk --port 8765 there",
        )
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("127.0.0.1", port))
        made.listen()  # whoever comes before the server is up waits
    except OSError as error:
        made.close()
        raise PortError(
            f"port {port} can't be had: {error.strerror or error}", hint="leave out --port"
        ) from error
    return made


def serve(
    desk: Desk,
    sock: socket.socket,
    *,
    browser: bool,
    out: Callable[[str], None],
    say: Callable[[str], None],
) -> None:
    """Print the address, open the browser, and serve until stopped."""
    port = int(sock.getsockname()[1])
    keys = Keys()

    def address() -> str:
        return f"http://127.0.0.1:{port}/?token={keys.token()}"

    server = server_of(Doors(application(desk, address), keys, port))
    out(address())
    say(f"The desk of {desk.installation.home} is open until Ctrl-C; the address can be used once.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    opener = _open(desk.installation.home, address()) if browser else None
    if browser and opener is None:
        say("no browser could be opened: use the address")
    try:
        server.run(sockets=[sock])
    except KeyboardInterrupt:
        pass
    finally:
        say("closed")
        if opener is not None:
            opener.unlink(missing_ok=True)


class Prompt(H11Protocol):
    """HTTP/1.1 for clients that say what they want: who doesn't within a time is cut off.

    Without it as many silent connections as are allowed keep everybody out.
    """

    _owed: tuple[object, bool] = (None, True)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch."""
        super().connection_made(transport)
        self.loop.call_later(RECEIVE_S, self._watch)

    def _watch(self) -> None:
        if self.transport.is_closing():
            return
        owes = self.conn.their_state in {h11.IDLE, h11.SEND_BODY}
        if owes and self._owed == (self.cycle, True):  # the same request as last time, still
            self.transport.abort()
            return
        self._owed = (self.cycle, owes)
        self.loop.call_later(RECEIVE_S, self._watch)


def server_of(app: Doors) -> uvicorn.Server:
    """Return the server of an application: HTTP/1.1, small headers, nothing said of itself."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=Prompt,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=2 * MAX_HEADERS,
            limit_concurrency=64,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=2,
        )
    )


def _open(home: Path, address: str) -> Path | None:
    """Open the browser by a file that only its owner can read: commands can be read by all."""
    folder = home if os.access(home, os.W_OK) else None
    handle, name = mkstemp(".html", "desk-", folder)  # 0600, and by a name that nobody can take
    path = Path(name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(_OPENER.format(address=html.escape(address)))
    if webbrowser.open(path.as_uri()):
        return path
    path.unlink(missing_ok=True)
    return None

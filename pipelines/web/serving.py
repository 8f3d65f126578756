"""Serving the desk: on loopback, to whoever was given its address; or over TLS, to its accounts."""

import asyncio
import html
import ipaddress
import os
import signal
import socket
import ssl
import time
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import mkstemp
from typing import Final

import uvicorn

from detectors.core.errors import ConfigError, SelatError
from pipelines.base import prompt
from pipelines.base.files import LEFT_S
from pipelines.base.sockets import MAX_OF_NETWORK, MAX_OPEN, Listener
from pipelines.base.visible import clean
from pipelines.web.accounts import Accounts
from pipelines.web.app import Desk, application
from pipelines.web.clearances import Desks, Preparing
from pipelines.web.doors import MAX_HEADERS, Doors
from pipelines.web.gate import Gate
from pipelines.web.sessions import Keys

LOOPBACK: Final = ("127.0.0.1", "localhost")
CLOSE_S: Final = 10.0
"""A TLS connection that its client doesn't end in so long is cut off: what is under way of an
answer then, 100 kB at most (`prompt.PIECE`), has come where the line carries 10 kB a second."""
_STOP_S: Final = 2

_OPENER: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={address}"><title>Desk</title></head>
<body><p><a href="{address}">Open the desk</a></p></body></html>
"""


class PortError(SelatError):
    """The port can't be had."""

    exit_code = 2


@dataclass(frozen=True)
class Network:
    """How a desk is reached over the network."""

    tls: ssl.SSLContext
    """Its certificate and key, loaded."""
    names: tuple[str, ...] = ()
    """By which it is reached, beside the address that it listens at: those of the certificate."""


def listening(host: str, port: int, *, network: bool = False) -> socket.socket:
    """Return a socket on loopback, or where it is told to be.

    `network`: whether it speaks TLS, and asks who is there.

    Raises
    ------
    ConfigError
        If it is to be reached from elsewhere without that, or the address is none.
    PortError
        If another program has the port.
    """
    if host not in LOOPBACK and not network:
        raise ConfigError(
            f"the desk is opened on this machine alone, not on {host}",
            hint="others reach it with --cert and --key (selat desk certificate) and an account "
            "(selat desk account add); or ssh -L 8765:127.0.0.1:8765 HOST, selat desk --port 8765",
        )
    try:
        where = ipaddress.ip_address("127.0.0.1" if host in LOOPBACK else host)
    except ValueError as error:
        raise ConfigError(
            f"{host!r} is no address to listen at",
            hint="one of this machine's, 0.0.0.0 for all; names by which it is reached: --name",
        ) from error
    made = Listener(socket.AF_INET6 if where.version == 6 else socket.AF_INET)
    made.most_of_one = MAX_OF_NETWORK if network else MAX_OPEN
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((str(where), port))
        made.listen()  # whoever comes before the server is up waits
    except OSError as error:
        made.close()
        raise PortError(
            f"port {port} of {where} can't be had: {error.strerror or error}",
            hint="leave out --port, or name an address that this machine has",
        ) from error
    return made


def hosts_of(sock: socket.socket, names: Sequence[str]) -> frozenset[bytes]:
    """Return the values of `Host` that are answered: names told, and the address listened at.

    Raises ConfigError if none was told and it listens at every address, or one isn't a name.
    """
    address, port = sock.getsockname()[:2]
    where = ipaddress.ip_address(address)
    known = [*names, *([] if where.is_unspecified else [address])]
    known += ["localhost"] if where.is_loopback else []
    if not known:
        raise ConfigError(
            "at every address of this machine, a desk is told the names by which it is reached",
            hint="--name desk.example or --name 192.0.2.7, as often as there are",
        )
    found = set[bytes]()
    for name in known:
        plain = name.strip().rstrip(".").lower()
        with suppress(ValueError):
            plain = f"[{plain}]" if ipaddress.ip_address(plain).version == 6 else plain
        if not plain.isascii() or not plain or any(one in " /@?#" for one in plain):
            raise ConfigError(f"{name!r} is no name of a host", hint="desk.example, without port")
        found |= {f"{plain}:{port}".encode()} | ({plain.encode()} if port == 443 else set())
    return frozenset(found)


def gate_of(
    desk: Desk, sock: socket.socket, names: Sequence[str], note: Callable[[str], None]
) -> Gate:
    """Return who signs in at a desk.

    Raises AccountError, ConfigError if there is no account, or they can't be trusted, or no name is
    told.
    """
    accounts = Accounts(desk.installation.home)
    if not accounts.all():
        raise ConfigError(
            "nobody could sign in: the desk has no account",
            hint='selat desk account add "Lt Aminah" --clearance AMBER --holds MYS',
        )
    port = int(sock.getsockname()[1])
    return Gate(
        accounts,
        Keys(),
        Desks(desk),
        hosts_of(sock, names),
        f"__Host-desk-{port}",  # taken by browsers over TLS alone, from this host alone
        desk.language,
        note,
    )


def serve_accounts(
    desk: Desk, sock: socket.socket, network: Network, *, say: Callable[[str], None]
) -> None:
    """Serve a desk over TLS to its accounts until stopped."""

    def note(text: str) -> None:
        say(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {clean(text)}")

    gate = gate_of(desk, sock, network.names, note)
    doors = Doors(_nothing, gate.keys, int(sock.getsockname()[1]), gate=gate)
    preparing = Preparing(desk.installation, gate.accounts, note)
    hosts = ", ".join(f"https://{one.decode()}/" for one in sorted(gate.hosts))
    say(f"The desk of {desk.installation.home} is open until Ctrl-C at {hosts}")
    preparing.start()
    try:
        _run(server_of(doors, network.tls), sock, say)
    finally:
        preparing.stop()


async def _nothing(*_: object) -> None:
    """Answer nobody: without an account there is no desk."""


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

    server = server_of(Doors(application(desk, address), keys, port, strict=True))
    out(address())
    say(f"The desk of {desk.installation.home} is open until Ctrl-C; the address can be used once.")
    opener = _open(desk.installation.home, address()) if browser else None
    if browser and opener is None:
        say("no browser could be opened: use the address")
    try:
        _run(server, sock, say)
    finally:
        if opener is not None:
            opener.unlink(missing_ok=True)


def _run(server: uvicorn.Server, sock: socket.socket, say: Callable[[str], None]) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    try:
        server.run(sockets=[sock])
    except KeyboardInterrupt:
        pass
    finally:
        say("closed")


class _Server(uvicorn.Server):
    """One whose clients say what they want while TLS begins, too."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, with limits of its own for how TLS begins and ends: else a minute, and half."""
        if self.config.ssl is not None:
            loop = asyncio.get_running_loop()
            limits = {"ssl_handshake_timeout": prompt.RECEIVE_S, "ssl_shutdown_timeout": CLOSE_S}
            made = partial(loop.create_server, **limits)
            loop.create_server = made  # type: ignore[method-assign]
        await super().startup(sockets)


def server_of(app: Doors, tls: ssl.SSLContext | None = None) -> uvicorn.Server:
    """Return the server of an application: HTTP/1.1, small headers, nothing said of itself."""
    config = uvicorn.Config(
        app,
        http=prompt.Prompt,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # what strangers send isn't ours to write down, line by line
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=2 * MAX_HEADERS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=_STOP_S,
    )
    config.load()
    config.ssl = tls
    return _Server(config)


def _open(home: Path, address: str) -> Path | None:
    """Open the browser by a file that only its owner can read: commands can be read by all."""
    folder = home if os.access(home, os.W_OK) else None
    for left in folder.glob("desk-*.html") if folder else ():
        with suppress(OSError):  # of a desk that was killed
            if left.lstat().st_mtime < time.time() - LEFT_S:
                left.unlink()
    handle, name = mkstemp(".html", "desk-", folder)  # 0600, and by a name that nobody can take
    path = Path(name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(_OPENER.format(address=html.escape(address)))
    if webbrowser.open(path.as_uri()):
        return path
    path.unlink(missing_ok=True)
    return None

"""The one way to have a Prefect server: a process of ours, closed to everybody else.

`selat serve` keeps one for its home; a single run uses that one, or has one of its own for as long
as it lasts. Each asks for a password (see `gate`): the service's is made once for a home and is in
a file of it that only its owner may read, a run's is its own. It goes from process to process in
the environment, which other accounts can't see.
"""

import json
import os
import secrets
import select
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, cast
from urllib.parse import urlsplit

from detectors.core.errors import ConfigError, SelatError
from pipelines.base.files import make_private
from pipelines.base.processes import started
from pipelines.base.secrets import Secrets
from pipelines.base.settings import Installation
from pipelines.flows import environment
from pipelines.flows.gate import LOOPBACK, PROOF, proof

START_S: Final = 180.0
"""Time for the server to start; the first start on a slow machine makes its database."""

_ROOM_BYTES: Final = 8_000_000
"""Its database takes 1.6 MB when it is made, and the journal beside it 4.2 MB."""

_SAID_S: Final = 10.0
"""Time for clients to tell the server what they have still to tell, and for it to note that."""


class ServerFailedError(SelatError):
    """The server answered a run with an error, or not at all."""


@dataclass(frozen=True)
class Server:
    """A Prefect server.

    A client of its API at `url` must say `auth`, ``user:word``.
    """

    url: str
    auth: str

    @property
    def pages(self) -> str:
        """Address of its pages."""
        return self.url.removesuffix("/api")

    @property
    def port(self) -> int:
        """Return where it listens."""
        return urlsplit(self.url).port or 80

    @property
    def client_environment(self) -> dict[str, str]:
        """Return what a client of it needs; no proxy is told the password."""
        direct = urlsplit(self.url).hostname or ""
        others = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
        bypass = ",".join(filter(None, [others, direct]))
        return {
            "PREFECT_API_URL": self.url,
            "PREFECT_API_AUTH_STRING": self.auth,
            "NO_PROXY": bypass,
            "no_proxy": bypass,
        }


@contextmanager
def started_server(
    installation: Installation,
    auth: str,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    names: Sequence[str] = (),
    pages: bool = False,
    known: Secrets | None = None,
) -> Iterator[tuple[Server, "subprocess.Popen[bytes]"]]:
    """Run a server for the length of a with block, and its process.

    Parameters
    ----------
    port
        Where it is to listen if that is free; else, and if 0, at any that is.
    names
        Names by which it may be reached beside those of loopback.
    """
    folder = installation.home / "prefect"
    settings = installation.settings.service
    log = folder / "server.log"
    with log.open("ab") as said, _listening(host, port) as listening:
        log.chmod(0o600)
        said.truncate(0)
        handle = listening.fileno()
        with started(
            [sys.executable, "-P", "-m", "pipelines.flows.server_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            cwd=environment.NOTHING_HERE,
            pass_fds=[handle],
            process_group=0,  # Ctrl-C isn't for it: we end it
            patience_s=_SAID_S,
            env=environment.of_server(installation.home, auth, settings, known),
        ) as process:
            asked = {"socket": handle, "auth": auth, "names": list(names), "pages": pages}
            reached = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 (compared, not bound)
            reached = f"[{reached}]" if ":" in reached else reached
            server = Server(f"http://{reached}:{listening.getsockname()[1]}/api", auth)
            _import_prefect()  # which takes as long as the server takes to start
            _wait_for(process, asked, log)
            yield server, process


@contextmanager
def server_for_a_run(installation: Installation) -> Iterator[bool]:
    """Give a server to a single run in a with block: Prefect's clients use it.

    The one that PREFECT_API_URL names; else that of this home's service, if it runs; else one for
    this run alone.

    Raises ServerFailedError if the server fails a client in the block: on a full disk it keeps
    nothing.

    Yields
    ------
    bool
        Whether it is for this run alone, so that nobody else looks after its records.
    """
    named = bool(os.environ.get("PREFECT_API_URL"))
    try:
        if named:
            yield False
        elif (running := running_service(installation)) is not None:
            with used(running):
                yield False
        else:
            with started_server(installation, new_auth()) as (server, _), used(server):
                yield True
    except Exception as error:
        if is_the_servers(error):
            raise failed(installation, error, named=named) from error
        raise


def is_the_servers(error: Exception) -> bool:
    """Tell whether the server failed its client: Prefect raises some such errors from others."""
    import httpx  # Prefect has it by now

    return isinstance(error, httpx.HTTPError) or isinstance(error.__cause__, httpx.HTTPError)


def failed(
    installation: Installation, error: Exception, *, named: bool = False
) -> ServerFailedError:
    """Return what to say where the server failed its client.

    `named`: it is one that PREFECT_API_URL named.
    """
    said = (str(error) or type(error).__name__).partition(" for url ")[0]
    log = installation.home / "prefect" / "server.log"
    why = f"is the disk full? {log} says more"
    if named:
        why = "does the server that PREFECT_API_URL names run? selat nightly --plain needs none"
    return ServerFailedError(
        f"Prefect's server failed: {said}", hint=f"{why}; what was published before is intact"
    )


@contextmanager
def used(server: Server) -> Iterator[None]:
    """Prefect's clients, here and in processes started from here, use a server in a with block."""
    values = server.client_environment
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    _import_prefect()
    try:
        yield
    except Exception:
        _say_all()
        raise
    else:
        _say_all()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _import_prefect() -> None:
    """Have Prefect read its settings where none lie: it looks for files where it is."""
    before = Path.cwd()
    os.chdir(environment.NOTHING_HERE)
    try:
        from prefect.context import refresh_global_settings_context

        refresh_global_settings_context()
    finally:
        os.chdir(before)


def _say_all() -> None:
    from prefect.events.worker import EventsWorker

    EventsWorker.drain_all(timeout=_SAID_S)


_ANSWER_S: Final = 5.0
_MAX_ANSWER: Final = 4096


def new_auth() -> str:
    """Make a password that nobody can guess."""
    return f"selat:{secrets.token_urlsafe(32)}"


def password_file(installation: Installation) -> Path:
    """Return where the password of this home's service is."""
    return installation.home / "prefect" / "password"


def service_auth(installation: Installation) -> str:
    """Return the password of this home's service, made where there is none yet.

    Raises ConfigError if others may read it, or made it.
    """
    path = password_file(installation)
    if not path.exists() or path.stat(follow_symlinks=False).st_size == 0:
        make_private(path, new_auth())
    about = path.stat(follow_symlinks=False)
    theirs = about.st_uid not in {0, os.geteuid(), installation.home.stat().st_uid}
    if not stat.S_ISREG(about.st_mode) or stat.S_IMODE(about.st_mode) & 0o077 or theirs:
        raise ConfigError(
            f"others may have read the password in {path}", hint="remove it; a new one is made"
        )
    auth = path.read_text(encoding="utf-8").strip()
    if not auth.startswith("selat:") or len(auth) < 32:
        raise ConfigError(f"{path} holds no password", hint="remove it; a new one is made")
    return auth


def running_service(installation: Installation) -> Server | None:
    """Find the server of this home's service; None if none runs, or another listens there."""
    note = _note(installation)
    try:
        said: Mapping[str, Any] = json.loads(note.read_text(encoding="utf-8"))
        server = Server(str(said["url"]), service_auth(installation))
    except (OSError, ValueError, KeyError, TypeError, SelatError):
        return None
    return server if _is_ours(server) else None


@contextmanager
def noted(installation: Installation, server: Server) -> Iterator[None]:
    """Let runs of this home find its service's server in a with block."""
    note = _note(installation)
    note.write_text(json.dumps({"url": server.url}) + "\n", encoding="utf-8")
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def _note(installation: Installation) -> Path:
    return installation.home / "prefect" / "server.json"


def _is_ours(server: Server) -> bool:
    """Tell whether what listens there knows the password; it isn't told, whoever it is."""
    place = urlsplit(server.url)
    nonce = secrets.token_hex(32)
    try:
        port = place.port or 80
        said = _said_at(place.hostname or "", port, f"{PROOF}?nonce={nonce}")
    except (OSError, ValueError):
        return False
    return secrets.compare_digest(said, proof(server.auth, nonce, port).encode())


def _said_at(host: str, port: int, path: str) -> bytes:
    """Return what a listener answers within `_ANSWER_S`, however slowly it speaks; its body."""
    until = time.monotonic() + _ANSWER_S
    said = b""
    named = f"[{host}]" if ":" in host else host
    with socket.create_connection((host, port), timeout=_ANSWER_S) as asking:
        asking.sendall(f"GET {path} HTTP/1.0\r\nHost: {named}:{port}\r\n\r\n".encode())
        while len(said) < _MAX_ANSWER and (left_s := until - time.monotonic()) > 0:
            asking.settimeout(left_s)
            piece = asking.recv(_MAX_ANSWER)
            if not piece:
                break
            said += piece
    return said.partition(b"\r\n\r\n")[2]


def refuse_open(host: str, names: Sequence[str]) -> None:
    """Find out whether a service may listen there."""
    if host not in LOOPBACK and not names:
        raise ConfigError(
            f"service.host {host} lets other machines reach Prefect's server",
            hint="leave it on 127.0.0.1 and use ssh -L; or name in service.names by which names or "
            "addresses it is reached, behind TLS: the password isn't encrypted",
        )


@contextmanager
def _listening(host: str, wanted: int) -> Iterator[socket.socket]:
    """Give a socket that listens at the wanted port if it is free, else at any that is."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (wanted, 0):
        with socket.socket(family, socket.SOCK_STREAM) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind((host, port))
                one.listen(128)
            except OSError:
                continue
            yield one
            return
    raise SelatError(f"nothing can listen on {host}", hint="mend service.host in settings.yaml")


def _wait_for(process: "subprocess.Popen[bytes]", asked: Mapping[str, Any], log: Path) -> None:
    """Tell a server what is asked of it, and wait until it answers requests."""
    hint = f"look at the end of {log}; PREFECT_API_URL names a server of your own"
    to_it, from_it = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    with suppress(BrokenPipeError):
        to_it.write(json.dumps(asked).encode() + b"\n")
        to_it.flush()
    if not select.select([from_it], [], [], START_S)[0]:
        raise SelatError(f"Prefect's server did not start within {START_S:.0f} s", hint)
    if not from_it.readline():
        free = shutil.disk_usage(log.parent).free
        if free < _ROOM_BYTES:  # on a full disk it can't even say so in its log
            why = f"no room left for Prefect's server in {log.parent} ({free / 1e6:,.0f} MB free)"
            raise SelatError(why, hint="free some space and run the same again")
        raise SelatError(f"Prefect's server ended at once, code {process.wait()}", hint)

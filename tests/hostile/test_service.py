"""Whoever reaches the service's port gets nothing done: other accounts, pages and names."""

import asyncio
import base64
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from detectors.core.errors import ConfigError
from pipelines.base.schedule import read_served
from pipelines.base.settings import load
from pipelines.base.sockets import MAX_OPEN
from pipelines.flows import gate, server
from pipelines.flows.gate import PROOF, Gate, proof
from pipelines.flows.serve import elsewhere
from pipelines.flows.server import Server, noted, password_file, running_service, service_auth
from tests.pipelines.flows.conftest import Serving
from tests.pipelines.publish.conftest import Page

AUTH = "selat:hush"
RIGHT = b"Basic " + base64.b64encode(AUTH.encode())
HERE = b"127.0.0.1:4200"


async def inner(scope: Any, receive: Any, send: Any) -> None:
    """Prefect's application, more open than it is."""
    headers = [(b"Access-Control-Allow-Origin", b"*"), (b"x-frame-options", b"ALLOW")]
    await send({"type": "http.response.start", "status": 299, "headers": headers})
    await send({"type": "http.response.body", "body": b"in"})


def asked(
    path: str = "/api/flows/filter",
    method: str = "POST",
    kind: str = "http",
    query: bytes = b"",
    names: tuple[str, ...] = (),
    **headers: bytes | list[bytes],
) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body of what the gate answers; the right Host unless one is given."""
    given = {"host": HERE, **headers}
    pairs = [
        (name.replace("_", "-").encode(), value)
        for name, values in given.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {"type": kind, "path": path, "method": method, "headers": pairs, "query_string": query}
    asyncio.run(Gate(inner, AUTH, names, 4200)(scope, receive, send))
    first = sent[0]
    body = b"".join(message.get("body", b"") for message in sent)
    return first.get("status", 0), dict(first.get("headers", ())), body


def test_the_gate_lets_in_who_knows_the_password() -> None:
    for host in (HERE, b"localhost:1", b"[::1]:4200", b"127.0.0.1", b"LOCALHOST"):
        assert asked(host=host, authorization=RIGHT)[0] == 299, host
    status, headers, body = asked(authorization=RIGHT, origin=b"http://127.0.0.1:4200")
    assert (status, body) == (299, b"in")
    assert headers[b"x-frame-options"] == b"DENY"
    assert not [name for name in headers if name.lower().startswith(b"access-control")]
    assert asked("/", "GET")[0] == 299  # the pages themselves hold nothing
    assert asked(host=b"ops.example", authorization=RIGHT, names=("Ops.example",))[0] == 299


@pytest.mark.parametrize(
    "host",
    [
        b"evil.example",
        b"evil.example:4200",
        b"127.0.0.1.evil.example",
        b"",
        b"127.0.0.1:1@evil",
        b"evil@127.0.0.1",
        b"localhost.",
        b"0.0.0.0",
        b"127.0.0.1:x",
        b"[::1",
        b"ops.example",
        [HERE, b"evil.example"],
        [],
    ],
)
def test_a_name_that_is_not_ours_is_refused_with_the_password_too(host: Any) -> None:
    for path, method in (("/api/flows/filter", "POST"), ("/", "GET"), (PROOF, "GET")):
        assert asked(path, method, host=host, authorization=RIGHT)[0] == 421
    assert asked("/api/events/out", kind="websocket", host=host)[0] == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": b"http://evil.example"},
        {"origin": b"null"},
        {"origin": b"http://127.0.0.1:1"},
        {"origin": b"http://localhost:4200"},
        {"origin": [b"http://127.0.0.1:4200", b"null"]},
        {"origin": b""},
        {"sec_fetch_site": b"cross-site"},
        {"sec_fetch_site": b"same-site"},
    ],
)
def test_a_page_of_another_origin_is_refused_with_the_password_too(headers: Any) -> None:
    for method in ("POST", "GET", "OPTIONS", "PATCH"):
        status, sent, _ = asked(method=method, authorization=RIGHT, **headers)
        assert status == 403
        assert not [name for name in sent if name.lower().startswith(b"access-control")]
    assert asked("/api/events/out", kind="websocket", **headers)[0] == 0


@pytest.mark.parametrize(
    "authorization",
    [
        [],
        b"",
        b"Basic ",
        RIGHT[:-1],
        RIGHT.lower(),
        b"Bearer " + RIGHT[6:],
        [RIGHT, RIGHT],
        b"Basic " + base64.b64encode(b"selat:"),
        b"Basic " + base64.b64encode(b"admin:pass"),
    ],
)
def test_nothing_of_the_api_answers_without_the_password(authorization: Any) -> None:
    for path in (
        "/api",
        "/api/",
        "/api/health/",
        "/api/flows/health",
        "/api/version",
        "/api/docs",
        "/api/admin/database/clear",
        "/api/static/x",
    ):
        for method in ("GET", "POST", "OPTIONS", "HEAD", "DELETE"):
            assert asked(path, method, authorization=authorization)[0] == 401


def test_beside_the_api_there_are_pages_to_read_and_no_scripts_from_elsewhere() -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        assert asked("/", method)[0] == 405
    for path in ("/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"):
        assert asked(path, "GET")[0] == 404
    assert b"default-src 'self'" in asked("/", "GET")[1][b"content-security-policy"]


def test_a_service_shows_that_it_is_ours_without_saying_the_password() -> None:
    nonce = "0" * 64
    status, _, body = asked(PROOF, "GET", query=f"nonce={nonce}".encode())
    assert (status, body.decode()) == (200, proof(AUTH, nonce, 4200))
    assert proof(AUTH, nonce, 4201) != proof(AUTH, nonce, 4200)  # nobody passes it on
    for query in (b"", b"nonce=", b"nonce=x", b"nonce=" + b"0" * 65, b"nonce=%00"):
        assert asked(PROOF, "GET", query=query)[0] == 400


AUTHED = json.dumps({"type": "auth", "token": AUTH})


@pytest.mark.parametrize(
    ("first", "gone"),
    [
        (AUTHED, False),
        ("[1", True),
        ("[]", True),
        ("[" * 10_000, True),
        (json.dumps({"type": "auth", "token": [AUTH]}), True),
        (json.dumps({"type": "auth", "token": "\ud800"}), True),
        (json.dumps({"type": "x", "token": AUTH}), True),
        (None, True),  # in bytes
        ("", True),  # nothing in time
    ],
)
def test_a_socket_brings_the_password_before_prefect_hears_of_it(
    monkeypatch: pytest.MonkeyPatch, first: str | None, gone: bool
) -> None:
    """What was none was an error of Prefect's, a hundred lines in its log for each stranger."""
    monkeypatch.setattr(gate, "WORD_S", 0.1)
    heard, sent = list[Any](), list[Any]()

    async def prefect(_: Any, receive: Any, send: Any) -> None:
        heard.append(await receive())
        await send({"type": "websocket.accept"})
        heard.append(await receive())
        heard.append(None if gone else await receive())

    messages = iter([{"type": "websocket.connect"}] + [{"type": "websocket.receive"}] * 2)

    async def receive() -> Any:
        message = next(messages)
        if first == "" and message["type"] == "websocket.receive":
            await asyncio.sleep(60)
        return {**message, "text": first if len(heard) < 2 else "more"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    scope = {
        "type": "websocket",
        "path": "/api/events/out",
        "headers": [(b"host", HERE)],
    }
    asyncio.run(Gate(prefect, AUTH, (), 4200)(scope, receive, send))
    assert heard[0]["type"] == "websocket.connect"
    if gone:
        assert heard[1:] == [{"type": "websocket.disconnect", "code": 1008}, None]
        assert sent == ["websocket.accept", "websocket.close"]
    else:
        assert [one["text"] for one in heard[1:]] == [AUTHED, "more"]
        assert sent == ["websocket.accept"]


@contextmanager
def impostor() -> Iterator[tuple[int, list[dict[str, str]]]]:
    """Another account's server where the service's was: its port, and what it was told."""
    told: list[dict[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.append(dict(self.headers.items()))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"true")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield one.server_port, told
        one.shutdown()


def test_who_takes_the_port_of_a_service_that_died_is_told_nothing(tmp_path: Path) -> None:
    installation = load(tmp_path)
    (tmp_path / "prefect").mkdir()
    auth = service_auth(installation)
    assert running_service(installation) is None
    with impostor() as (port, told):
        with noted(installation, Server(f"http://127.0.0.1:{port}/api", auth)):
            assert running_service(installation) is None
        assert len(told) == 1
        assert not {"authorization", "cookie"} & {name.lower() for name in told[0]}
        assert auth not in str(told)


def test_who_takes_the_port_before_the_service_does_is_named() -> None:
    """Who opens the pages by habit would tell another account the password."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wanted = taken.getsockname()[1]
        with server._listening("127.0.0.1", wanted) as other:
            port = other.getsockname()[1]
    assert port != wanted
    one = Server(f"http://127.0.0.1:{port}/api", AUTH)
    assert f"port {wanted} can't be had" in elsewhere(one, wanted)
    assert elsewhere(one, port) == elsewhere(one, 0) == ""


def test_a_service_at_the_other_loopback_is_asked_by_a_name_that_the_gate_knows() -> None:
    with socket.socket(socket.AF_INET6) as listening:
        try:
            listening.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 here")
        listening.listen()
        port, heard = listening.getsockname()[1], list[bytes]()

        def answer() -> None:
            with listening.accept()[0] as one:
                heard.append(one.recv(1000))

        thread = threading.Thread(target=answer)
        thread.start()
        server._is_ours(Server(f"http://[::1]:{port}/api", AUTH))
        thread.join()
    [host] = [line[6:] for line in heard[0].split(b"\r\n") if line.startswith(b"Host: ")]
    assert asked(PROOF, "GET", host=host, query=b"nonce=" + b"0" * 64)[0] == 200


def test_no_proxy_is_told_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "intern.example")
    values = Server("http://127.0.0.1:4200/api", AUTH).client_environment
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    assert urllib.request.proxy_bypass("127.0.0.1:4200")
    assert urllib.request.proxy_bypass("intern.example")


def test_a_password_that_others_may_have_read_is_no_password(tmp_path: Path) -> None:
    installation = load(tmp_path)
    (tmp_path / "prefect").mkdir()
    path = password_file(installation)
    auth = service_auth(installation)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(auth) > 40
    assert service_auth(installation) == auth  # the same for this home from now on
    assert service_auth(load(tmp_path / ".." / tmp_path.name)) == auth
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="others may have read"):
        service_auth(installation)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_text(auth)
    with pytest.raises(ConfigError, match="others may have read"):
        service_auth(installation)
    path.unlink()
    path.write_text(auth)
    path.chmod(0o600)
    if os.getuid() == 0:  # another account made it, and knows it
        os.chown(path, 4242, 4242)
        with pytest.raises(ConfigError, match="others may have read"):
            service_auth(installation)
    path.unlink()
    path.touch(0o600)  # the disk was full when it was made
    assert len(service_auth(installation)) > 40
    path.write_text("nothing much\n")
    with pytest.raises(ConfigError, match="holds no password"):
        service_auth(installation)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "ops.example", ""])
def test_other_machines_reach_it_only_by_names_that_were_given(host: str) -> None:
    with pytest.raises(ConfigError, match="other machines"):
        server.refuse_open(host, ())
    server.refuse_open(host, ("ops.example",))
    server.refuse_open("127.0.0.1", ())


ELSEWHERE = """
<!doctype html><title>elsewhere</title><script>
const send = (path, body, mode, type, method = "POST") =>
  fetch(API + path, {method, body, mode, credentials: "include",
                     headers: type ? {"Content-Type": type} : {}})
    .then(async (answer) => answer.type + answer.status + await answer.text(), () => "refused");
const run = JSON.stringify({job_variables: {command: "touch OWNED"}, parameters: {}});
const socket = (path, protocol) => new Promise((done) => {
  const one = new WebSocket(API.replace("http", "ws") + path, protocol);
  one.onopen = () => done("open"); one.onclose = one.onerror = () => done("refused");
});
window.tries = () => Promise.all([
  send("/deployments/filter", "{}", "cors", "application/json"),
  send(`/deployments/${ID}/create_flow_run`, run, "cors", "application/json"),
  send(`/deployments/${ID}/create_flow_run`, run, "no-cors", ""),
  send(`/deployments/${ID}/create_flow_run`, run, "no-cors", "text/plain"),
  send("/health", undefined, "cors", "", "GET"),
  socket("/events/out", "prefect"), socket("/events/in", "prefect"),
]);
</script>
"""


@contextmanager
def page_elsewhere(api: str, deployment: str) -> Iterator[str]:
    """Address of a page of another origin that attacks an API."""
    text = ELSEWHERE.replace("API", json.dumps(api)).replace("ID", json.dumps(deployment)).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{one.server_port}/"
        one.shutdown()


def refused(url: str, body: bytes | None = None, **headers: str) -> int:
    """The status that a request without the password ends in."""
    given = {"Content-Type": "application/json"} | headers
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(urllib.request.Request(url, body, given), timeout=30)
    with error.value as answer:
        assert "access-control-allow-origin" not in answer.headers
        return int(answer.code)


@pytest.mark.slow
def test_nobody_has_the_service_run_anything(
    tmp_path: Path,
    serving: Callable[..., Any],
    with_records: Callable[[Path], Path],
    request: pytest.FixtureRequest,
) -> None:
    home, feed, mark = with_records(tmp_path / "home"), tmp_path / "feed.nmea", tmp_path / "OWNED"
    feed.touch()
    command = f"/usr/bin/touch {mark}"
    with serving(home, feed, SELAT_SCHEDULE__CRON="0 0 1 1 *") as service:
        service.wait_for(service.pages)
        api = f"{service.pages()}/api"
        service.wait_for(lambda: service.ask("/deployments/filter", {}))
        [deployment] = service.ask("/deployments/filter", {})
        assert deployment["work_pool_name"] is None
        assert service.ask("/work_pools/filter", {}) == []
        run = f"/deployments/{deployment['id']}/create_flow_run"
        body = json.dumps({"job_variables": {"command": command}}).encode()
        # As curl would, as any account can, and as a name that leads to loopback would.
        assert refused(api + run, body) == 401
        assert refused(api + run, body, Host="evil.example") == 421
        assert refused(api + run, body, Origin="http://evil.example") == 403
        assert refused(f"{api}/admin/settings") == 401
        assert refused(api + run, body, Authorization="Basic " + "A" * 20) == 401
        # The password, and no token: a browser that would send it by itself.
        assert service.refusal(run, {"job_variables": {"command": command}}) == 403
        assert_no_secret_in_arguments(service, home)
        attack_from_a_page(request, service, deployment["id"])
        assert_strangers_are_no_lines(service)
        assert [run for run in service.runs() if not run["auto_scheduled"]] == []
        with_the_password(service, deployment["id"], command, tmp_path)
        # A single run uses it: it is found, and shows that it knows the password.
        found = running_service(load(home))
        assert found is not None
        assert found.url == api
        family = service.family()
        service.stop()
        assert service.process.returncode == 0
        assert "stopped (SIGTERM)" in service.said()
    _, alive = psutil.wait_procs(family, 10)
    assert alive == []
    assert running_service(load(home)) is None
    assert not mark.exists()


def assert_no_secret_in_arguments(service: Serving, home: Path) -> None:
    """Other accounts see the arguments of processes."""
    word = password_file(load(home)).read_text().strip().removeprefix("selat:")
    for process in [psutil.Process(service.process.pid), *service.family()]:
        assert word not in " ".join(process.cmdline())
    assert word not in service.said()
    readable = [p for p in home.rglob("*") if p.is_file() and p.stat().st_mode & 0o077]
    assert readable == []


def assert_strangers_are_no_lines(service: Serving) -> None:
    """Whatever they send, and however many they are: a disk was full of them in a day."""
    place = urlsplit(service.pages())
    log = service.home / "prefect" / "server.log"
    before = log.stat().st_size
    begun = (
        f"GET /api/events/out HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: prefect\r\n\r\n"
    )
    with ExitStack() as open_:
        for _ in range(MAX_OPEN + 9):
            open_.enter_context(socket.create_connection((place.hostname, place.port), 20))
    with socket.create_connection((place.hostname, place.port), 20) as sock:
        sock.sendall(begun.encode())
        assert b"101 Switching" in sock.recv(1000)
        sock.sendall(b"\x81\x82\0\0\0\0[1")
        with suppress(ConnectionResetError):
            while sock.recv(1000):
                pass
    assert log.stat().st_size == before


def attack_from_a_page(request: pytest.FixtureRequest, service: Serving, deployment: str) -> None:
    """In a real browser, from a page of another origin; the same without a browser is above."""
    try:
        opened: Page = request.getfixturevalue("page")
    except pytest.skip.Exception:
        return
    with page_elsewhere(f"{service.pages()}/api", deployment) as address:
        opened.call("Page.navigate", url=address)
        opened.wait("typeof tries === 'function'")
        tried = opened.evaluate("tries()")
    assert tried == ["refused"] * 7


def with_the_password(service: Serving, deployment: str, command: str, folder: Path) -> None:
    """Who knows the password can start a run, and change records; neither says what is run."""
    evil = folder / "evil.py"
    evil.write_text(f"import os; os.system({command!r})\n")
    shell = {"prefect.deployments.steps.run_shell_script": {"script": command}}
    service.ask(
        f"/deployments/{deployment}",
        {
            "entrypoint": f"{evil}:scheduled",
            "path": str(folder),
            "pull_steps": [shell],
            "parameters": {"home": str(folder / "other"), "config": str(folder), "feeds": "[]"},
        },
        "PATCH",
    )
    made = service.ask(
        f"/deployments/{deployment}/create_flow_run",
        {
            "parameters": {"home": str(folder / "other"), "feeds": json.dumps([str(evil)])},
            "job_variables": {"command": command, "env": {"PYTHONPATH": str(folder)}},
        },
    )

    def ended() -> bool:
        [run] = [run for run in service.runs() if run["id"] == made["id"]]
        return run["state_type"] in {"FAILED", "COMPLETED", "CRASHED"}

    service.wait_for(ended)
    assert not (folder / "other").exists()
    # It was our night on our feed: an empty one.
    assert "feed.nmea" in (service.home / "FAILED").read_text()
    assert read_served(load(service.home).service) is not None


PROFILE = """
import json, os, sys
from pathlib import Path
from pipelines.flows import environment, server
from pipelines.base.settings import load
environment.prepare(Path(sys.argv[1]))
import prefect
from prefect.settings import get_current_settings as now
server._import_prefect()
import prefect.logging.configuration as logged
logged.setup_logging()
print(json.dumps([str(now().api.url), str(now().home), now().server.ephemeral.enabled]))
service = load(Path(sys.argv[1])).settings.service
values = environment.of_server(Path(sys.argv[1]), "selat:x", service)
print(json.dumps({k: v for k, v in values.items() if k.startswith("PREFECT_")}))
"""


def test_what_is_set_for_prefect_elsewhere_opens_nothing(tmp_path: Path) -> None:
    """In the environment, in a profile, in the folder that the command is started in, and in a home
    that somebody else could write to when it was made: there it named a program.
    """
    folder, home, mark = tmp_path / "here", tmp_path / "home", tmp_path / "OWNED"
    folder.mkdir()
    (home / "prefect").mkdir(parents=True)
    for one in (folder, home / "prefect"):
        (one / ".env").write_text("PREFECT_API_URL=http://evil.example/api\n")
        (one / "prefect.toml").write_text('[api]\nurl = "http://evil.example/api"\n')
    handler = {"()": "os.system", "command": f"touch {mark}"}
    (home / "prefect" / "logging.yml").write_text(
        json.dumps({"version": 1, "handlers": {"x": handler}})
    )
    (home / "prefect" / "profiles.toml").write_text(
        'active = "x"\n[profiles.x]\nPREFECT_API_URL = "http://evil.example/api"\n'
    )
    (tmp_path / ".prefect").mkdir()
    (tmp_path / ".prefect" / "profiles.toml").write_text(
        'active = "x"\n[profiles.x]\nPREFECT_API_URL = "http://evil.example/api"\n'
    )
    loose = {
        "HOME": str(tmp_path),
        "PREFECT_HOME": str(tmp_path / ".prefect"),
        "PREFECT_PROFILE": "x",
        "PREFECT_SERVER_API_AUTH_STRING": "",
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "false",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "*",
        "PREFECT_SERVER_API_BASE_PATH": "/open",
    }
    own = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "SELAT_"))}
    done = subprocess.run(
        [sys.executable, "-c", PROFILE, str(home)],
        env=own | loose,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    settings, values = map(json.loads, done.stdout.splitlines())
    assert settings == ["None", str(home / "prefect"), False]
    assert not mark.exists()
    assert values["PREFECT_SERVER_API_AUTH_STRING"] == "selat:x"
    assert values["PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED"] == "true"
    assert not {"PREFECT_PROFILE", "PREFECT_SERVER_CSRF_PROTECTION_ENABLED"} & set(values)
    assert "PREFECT_SERVER_API_BASE_PATH" not in values

"""What another account's server, at our port before us, left in the browser that opens the desk."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pipelines.base.settings import load
from pipelines.web.app import Desk
from tests.pipelines.publish.conftest import Page
from tests.pipelines.web.conftest import HERE, Reader, served

WORKER = """
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (e) => e.waitUntil(clients.claim()));
self.addEventListener("fetch", (e) => {
  if (e.request.mode !== "navigate" || %s) return;
  e.respondWith(fetch(e.request).then(async (answer) => new Response(
    "<title>theirs</title>" + await answer.text(), { headers: { "content-type": "text/html" } })));
});
"""
REGISTER = """<script>navigator.serviceWorker.register("/worker.js")
.then(() => navigator.serviceWorker.ready).then(() => { document.title = "left"; })</script>"""
KEPT = """<script src="/assets/early.js"></script><script>document.title = "left";</script>"""
LEFT = {
    "a worker before every page": {"/": REGISTER, "/worker.js": WORKER % "false"},
    "a worker that lets the address pass": {
        "/": REGISTER,
        "/worker.js": WORKER % "e.request.url.includes('token')",
    },
    "a page and a script to be kept": {"/": KEPT, "/assets/early.js": "document.theirs = true;"},
}


def leave_behind(page: Page, files: dict[str, str]) -> int:
    """Have a browser open a page of somebody else's, who then leaves; gives the port."""

    class Theirs(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            script = self.path.endswith(".js")
            self.send_header("content-type", "text/javascript" if script else "text/html")
            self.send_header("cache-control", "max-age=31536000, immutable")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Theirs) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        page.call("Page.navigate", url=f"http://127.0.0.1:{server.server_port}/")
        page.wait("document.title === 'left'")
        page.call("Page.navigate", url="about:blank")
        server.shutdown()
        thread.join()
        return server.server_port


@pytest.mark.parametrize("what", LEFT)
def test_what_was_left_at_our_port_stands_before_nothing_of_ours(
    page: Page, desk_home: Path, what: str
) -> None:
    """A worker or a script to be kept outlives its server: it read the night, and could write."""
    port = leave_behind(page, LEFT[what])
    with served(Desk(load(desk_home)), port) as address:
        page.call("Page.navigate", url=address())
        page.wait("document.readyState === 'complete' && document.title !== ''")
        if what == "a worker before every page":
            assert page.evaluate("document.title") == "theirs"
            assert "can be used once" in page.evaluate("document.body.textContent"), (
                "nobody came in"
            )
            return
        page.wait("location.search === '' && document.readyState === 'complete'")
        assert "Selat" in page.evaluate("document.title")
        assert page.evaluate("[document.theirs, navigator.serviceWorker.controller]") == [
            None,
            None,
        ]


def test_who_is_in_already_keeps_what_was_typed(reader: Reader) -> None:
    """Another address that is opened in the same browser clears nothing away."""
    client = TestClient(reader.doors, HERE)
    said = [client.get(f"/?token={reader.keys.token()}").headers for _ in range(2)]
    assert [one.get("clear-site-data") for one in said] == ['"cache", "storage"', None]

"""Prefect's server behind a gate: a program of its own, started by `server.started_server` alone.

It listens on a socket that it was given open, so that nobody else can take the port first, and ends
with the process that holds its standard input open, however that one ends. What it may say to whom
comes in its environment and on standard input: other accounts see a process's arguments.
"""

import asyncio
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from detectors.core.errors import SelatError
from pipelines.base.processes import end_with_parent
from pipelines.base.sockets import MAX_OF_ACCOUNT, Listener
from pipelines.flows import records
from pipelines.flows.gate import LOOPBACK, Gate

if TYPE_CHECKING:
    import uvicorn

READY = b"ready\n"
"""Said on standard output when requests are answered."""

_LAST_WORDS_S = 1
"""Time for requests that are being answered when it is to end."""

_MAX_MESSAGE: Final = 2 << 20
"""Bytes of a WebSocket's message: Prefect takes events of 1.5 MB."""

_UNHEARD: Final = {
    "PREFECT_SERVER_EVENTS_STREAM_OUT_ENABLED": "false",
    "PREFECT_SERVER_LOGS_STREAM_OUT_ENABLED": "false",
}
"""Settings of Prefect's for a server without pages: nobody is told of events while they come in."""


def application(asked: dict[str, Any], port: int) -> Gate:
    """Prefect's application behind the gate.

    Raises SelatError if a setting of Prefect's from anywhere would open what is to be closed.
    """
    auth = str(asked["auth"])
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings
    from starlette.middleware.cors import CORSMiddleware

    api = get_current_settings().server.api
    known = api.auth_string.get_secret_value() if api.auth_string else ""
    if known != auth or not api.csrf_protection_enabled or api.base_path:
        raise SelatError("Prefect's server would not be closed: a setting of Prefect's overrides")
    app = create_app(ephemeral=not asked["pages"], final=True)
    app.user_middleware = [
        one for one in app.user_middleware if cast("Any", one.cls) is not CORSMiddleware
    ]
    return Gate(app, auth, asked["names"], port)


def main() -> None:
    """Serve until asked to end, or until nobody holds standard input any more."""
    # Nearly all that it does for a single run is to import Prefect, which stays: looking for cycles
    # in it meanwhile takes a seventh of that.
    gc.disable()
    import uvicorn

    from pipelines.base.prompt import Prompt

    end_with_parent()
    asked = json.loads(sys.stdin.buffer.readline())
    first = _begin(asked)
    threading.Thread(target=_end_with_input, daemon=True).start()
    listening = Listener(fileno=int(asked["socket"]))
    if listening.getsockname()[0] not in LOOPBACK:
        listening.most_of_one = MAX_OF_ACCOUNT
    gate = application(asked, int(listening.getsockname()[1]))
    gc.freeze()
    gc.enable()
    config = uvicorn.Config(
        gate,
        http=Prompt,
        ws_max_size=_MAX_MESSAGE,
        lifespan="on",
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_LAST_WORDS_S,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    asyncio.run(_serve(server, listening, first))


def _begin(asked: dict[str, Any]) -> Callable[[], None]:
    """Take from a server for a single run what it needn't do; returns what to do once it serves."""
    folder = Path(os.environ["PREFECT_HOME"])
    if asked["pages"]:
        return lambda: None
    os.environ.update(_UNHEARD)
    is_first = not records.is_there(folder)
    needless = records.begin(folder)
    os.environ.update(needless)
    return partial(records.keep, folder) if is_first and not needless else lambda: None


async def _serve(server: "uvicorn.Server", listening: Listener, first: Callable[[], None]) -> None:
    async def say_when_ready() -> None:
        while not server.started:
            await asyncio.sleep(0.02)
        first()
        sys.stdout.buffer.write(READY)
        sys.stdout.buffer.flush()

    said = asyncio.create_task(say_when_ready())
    await server.serve(sockets=[listening])
    said.cancel()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()

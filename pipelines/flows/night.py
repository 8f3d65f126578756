"""A night in a process of its own, which can be stopped whatever it is doing.

Prefect stops a flow that takes too long by an exception at the next instruction of Python. That
isn't enough: a call into native code isn't stopped before it returns, and DuckDB makes an error of
its own of it, which doesn't say why and which a caller may well survive, without a limit from then
on. A process that is killed stops at once, and gives back its memory after each night; the store
bears it (see `pipelines.store`). How it ended is said in words, also if the system killed it.
"""

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
from prefect import State, runtime
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import PrefectException
from prefect.flow_engine import run_flow
from prefect.states import Cancelled, Crashed, Failed

from detectors.core.errors import ConfigError, SelatError
from pipelines.base import settings
from pipelines.base.failure import note_failure
from pipelines.base.processes import end, end_with_parent, started
from pipelines.base.settings import PROJECT, Installation
from pipelines.base.terminal import guard
from pipelines.flows.nightly import nightly
from pipelines.flows.server import failed, is_the_servers
from pipelines.run.night import NightRequest
from pipelines.run.runs import PartialRunError
from pipelines.run.windows import NoDataError

_ERRORS: Final = {error.exit_code: error for error in (PartialRunError, NoDataError)}

_LOOK_S: Final = 5.0
"""How often it is looked whether the run was cancelled."""

_CANCELLED: Final = "it was cancelled"


class NightStoppedError(SelatError):
    """A night took too long, was cancelled, or its process was killed."""


def run_night(
    installation: Installation, feeds: Sequence[str], since: str | None, until: str | None
) -> str:
    """Run `nightly` in a process of its own; returns the id of its run.

    Raises
    ------
    NightStoppedError
        If it took longer than `schedule.timeout_h`, was cancelled, or its process was killed.
    SelatError
        What the flow raised; a PartialRunError and a NoDataError as such.
    """
    timeout_h = installation.settings.schedule.timeout_h
    request = NightRequest(feeds=tuple(feeds), since=since, until=until)
    parameters: dict[str, Any] = {
        "home": str(installation.home),
        "config": str(installation.config),
        "request": request.model_dump(mode="json"),
        "quiet": True,
    }
    with get_client(sync_client=True) as client:
        flow_run = client.create_flow_run(nightly, parameters=parameters)
        asked = json.dumps({"flow_run": flow_run.model_dump(mode="json"), "parameters": parameters})
        with started(
            [sys.executable, "-m", "pipelines.flows.night"],
            cwd=PROJECT,
            env={**os.environ, "PREFECT_API_URL": str(client.api_url)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            stated, why = _wait_for(process, asked, timeout_h, partial(_is_cancelled, client))
            state: State[Any]
            if why is _CANCELLED:
                state = Cancelled(message=why)
            elif why is not None:
                state = Failed(name="TimedOut", message=why)
            elif answer := _answer(stated):
                if "run_id" in answer:
                    return str(answer["run_id"])
                kind = _ERRORS.get(answer["exit_code"], SelatError)
                raise kind(answer["message"], answer["hint"])
            else:
                why = f"its process was ended {_how(process.returncode)}"
                state = Crashed(message=why)
        error = NightStoppedError(
            why, hint="what it had read is in the store; the next run goes on"
        )
        note_failure(installation, error)
        with suppress(PrefectException):  # its record may be deleted
            client.set_flow_run_state(flow_run.id, state, force=True)
    raise error


def _wait_for(
    process: "subprocess.Popen[bytes]",
    asked: str,
    timeout_h: float,
    is_cancelled: Callable[[], bool],
) -> tuple[bytes, str | None]:
    """Return what a night's process said; and why it was ended, if it was."""
    deadline = time.monotonic() + timeout_h * 3600
    to_say: bytes | None = asked.encode()
    while True:
        left_s = deadline - time.monotonic()
        try:
            stated, _ = process.communicate(to_say, max(min(left_s, _LOOK_S), 0))
        except subprocess.TimeoutExpired:
            to_say = None  # it goes on with what it was given
            if time.monotonic() >= deadline:
                why = f"it took longer than {_length(timeout_h)} (schedule.timeout_h) and was ended"
            elif is_cancelled():
                why = _CANCELLED
            else:
                continue
            end(process.pid, patience_s=0)
            return b"", why
        return stated, None


def _is_cancelled(client: SyncPrefectClient) -> bool:
    """Tell whether somebody has cancelled the scheduled run that this night is of."""
    of = runtime.flow_run.id
    if of is None:
        return False
    try:
        state = client.read_flow_run(of).state
    except (httpx.HTTPError, PrefectException):
        return False  # it is asked again
    return state is not None and (state.is_cancelling() or state.is_cancelled())


def _answer(stated: bytes) -> Mapping[str, Any] | None:
    """Return what the process said in the end; None if it didn't come to that."""
    try:
        answer = json.loads(stated.decode(errors="replace").splitlines()[-1])
    except (IndexError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None


def _length(hours: float) -> str:
    return f"{hours:g} h" if hours >= 1 else f"{hours * 3600:.0f} s"


def _how(returncode: int) -> str:
    if returncode >= 0:
        return f"with code {returncode} and without a word"
    name = signal.Signals(-returncode).name
    return f"by {name}: was there no memory left?" if name == "SIGKILL" else f"by {name}"


def _told(error: Exception, home: Path, config: Path) -> dict[str, Any]:
    """Return what is answered of an error, once the home says so too: the flow may not have begun.

    A run that is partial is no failure.
    """
    with suppress(ConfigError):
        installation = settings.load(home, config)
        if is_the_servers(error):
            error = failed(installation, error)
        if not isinstance(error, PartialRunError):
            note_failure(installation, error)
    if not isinstance(error, SelatError):
        traceback.print_exception(error)
        error = SelatError(str(error) or type(error).__name__)
    return {"exit_code": error.exit_code, "message": error.message, "hint": error.hint}


def main() -> None:
    """Run the night that standard input describes; say on standard output what it gave."""
    end_with_parent()
    guard()
    asked = json.load(sys.stdin)
    flow_run = FlowRun.model_validate(asked["flow_run"])
    parameters = asked["parameters"]
    parameters["request"] = NightRequest.model_validate(parameters["request"])
    try:
        finished: Any = run_flow(nightly, flow_run=flow_run, parameters=parameters)
        answer = {"run_id": finished.run_id}
    except Exception as error:
        answer = _told(error, Path(parameters["home"]), Path(parameters["config"]))
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()

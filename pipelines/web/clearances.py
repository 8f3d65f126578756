"""The desks of clearances: each an application of its own, on a home of its own.

A page shows what the installation holds that its application was made with, and no application is
made with more than its reader may see (`run.cleared`). So there is one place where a clearance
counts, this one; no page, search or count has to ask for it, and none can forget to.
"""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from threading import Event, Thread
from typing import Final

from detectors.core.errors import SelatError
from pipelines import store
from pipelines.base import marks
from pipelines.base.asgi import App
from pipelines.base.processes import started
from pipelines.base.settings import Installation
from pipelines.run.cleared import Clearance, home_of, made, prepared, state_of
from pipelines.web.accounts import Accounts
from pipelines.web.app import Desk, application
from pipelines.web.recent import Recent

LOOK_EVERY_S: Final = 15.0
AGAIN_S: Final = 300.0
"""After preparing has failed, it is tried again so much later."""


class Desks:
    """The applications of a desk, one for each home that its accounts may see.

    `desk`: of whoever may see everything.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk, self._apps, self._homes = desk, Recent(16), Recent(64)

    def home(self, clearance: Clearance) -> Installation:
        """Return what a clearance sees; see `home_of`."""
        path = self._desk.installation.config / marks.FILE_NAME
        state: tuple[int, ...] = ()
        with suppress(OSError):
            about = path.stat()
            state = (about.st_ino, about.st_mtime_ns, about.st_size)
        installation = self._desk.installation
        return self._homes.get((clearance, state), lambda: home_of(installation, clearance))

    def whole(self, clearance: Clearance) -> bool:
        """Tell whether nothing is withheld from a clearance."""
        return self.home(clearance) == self._desk.installation

    def may_plan(self, clearance: Clearance) -> bool:
        """Tell whether a clearance may have a plan made, of what it sees."""
        return clearance.may(marks.load(self._desk.installation.config).of_plan())

    def app(self, clearance: Clearance) -> App | None:
        """Return the desk of a clearance; None while its home isn't prepared."""
        own = self.home(clearance)
        if own == self._desk.installation:
            return self._apps.get("", lambda: application(self._desk, _no_address))
        if not prepared(own):
            return None
        desk = replace(self._desk, installation=own, whole=self._desk.installation)
        # A home that was made anew has other nights by the same names.
        key = (own.home, made(own))
        return self._apps.get(key, lambda: application(desk, _no_address))


def _no_address() -> str:
    raise SelatError("addresses are given where the desk is opened on its own machine")


def unprepared(installation: Installation, accounts: Accounts) -> bool:
    """Tell whether the home of an account's clearance isn't in line with the whole one."""
    found = [home_of(installation, one.may) for one in accounts.all()]
    homes = [one for one in found if one != installation]
    if not homes or not store.exists(installation.store, installation.settings.store):
        return False
    with store.read(installation.store, installation.settings.store) as reader:
        state = state_of(reader)
    return any(prepared(one).get("state") != state for one in homes)


class Preparing(Thread):
    """Has cleared homes prepared after each run, in a process of its own."""

    def __init__(
        self, installation: Installation, accounts: Accounts, note: Callable[[str], None]
    ) -> None:
        super().__init__(daemon=True, name="preparing")
        self._installation, self._accounts, self._note = installation, accounts, note
        self._stop_now = Event()
        self._seen: tuple[object, ...] = ()

    def run(self) -> None:
        """Look whether something is new, until told to stop."""
        wait_s = 0.0
        while not self._stop_now.wait(wait_s):
            wait_s = LOOK_EVERY_S
            try:
                state = self._state()
                if state != self._seen and unprepared(self._installation, self._accounts):
                    self._prepare()
                self._seen = state
            except Exception as error:
                self._note(f"what clearances may see wasn't worked out: {error}")
                wait_s = AGAIN_S

    def stop(self) -> None:
        """End, and what was started with it."""
        self._stop_now.set()
        self.join(5)

    def _state(self) -> tuple[object, ...]:
        one = self._installation
        clearances = frozenset(account.may for account in self._accounts.all())
        rules = (one.config / marks.FILE_NAME).stat().st_mtime_ns if clearances else 0
        return (store.generation(one.store, one.settings.store), clearances, rules)

    def _prepare(self) -> None:
        one = self._installation
        options = ["--home", str(one.home), "--config", str(one.config), "--quiet"]
        # -P: nothing is imported from where the desk was started, which may be anybody's folder.
        command = [sys.executable, "-P", "-m", "pipelines.cli.main", "desk", "prepare", *options]
        with started(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            while process.poll() is None:
                if self._stop_now.wait(0.5):
                    return
            said = process.stderr.read().decode(errors="replace") if process.stderr else ""
        if process.returncode:
            raise SelatError(_failed(said))


def _failed(said: str) -> str:
    r"""Return what a command said of why it failed, with its hint.

    >>> _failed("one thing done\nerror: the store is being written to\nhint: wait for it to end")
    'the store is being written to; hint: wait for it to end'
    """
    lines = said.strip().splitlines() or ["it failed"]
    at = next((k for k in reversed(range(len(lines))) if lines[k].startswith("error: ")), -1)
    return "; ".join(lines[at:]).removeprefix("error: ")

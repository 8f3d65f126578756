"""Where tasks run: in this process, or on dask.distributed."""

import ipaddress
import logging
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

from detectors.core.errors import ConfigError, SelatError
from pipelines.base import allocation
from pipelines.base.files import private_folder
from pipelines.base.settings import DaskSettings

F = TypeVar("F", bound=Callable[..., Any])


class EngineError(SelatError):
    """The engine can't be had, or gave up on a task."""


class Pending(Protocol):
    """What a task will return."""

    def done(self) -> bool:
        """Tell whether the task has ended."""

    def result(self) -> Any:
        """Return what it returned, once it has ended; raises what it raised."""


def first(task: F) -> F:
    """Have a task run before others that wait, since others wait for what it returns."""
    task.first = True  # type: ignore[attr-defined]
    return task


class Engine(Protocol):
    """Runs tasks."""

    ahead: int
    """How many windows are worth being looked at before the first is finished."""

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Pending:
        """Run a task when its arguments are there.

        An argument that is a `Pending`, or in a list of them, reaches the task as its result.
        """

    def wait(self, some: Sequence[Pending]) -> None:
        """Return when at least one of them has ended."""

    def begin(self, task: Callable[..., Any], *arguments: Any) -> None:
        """Have each process that runs tasks do this once; nobody waits for it."""


class InProcess:
    """Runs each task at once, in this process."""

    ahead = 1

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Pending:
        """See `Engine.submit`; an error is raised at once."""
        ended: Future[Any] = Future()
        ended.set_result(task(*(resolved(argument) for argument in arguments)))
        return ended

    def wait(self, some: Sequence[Pending]) -> None:
        """See `Engine.wait`."""

    def begin(self, task: Callable[..., Any], *arguments: Any) -> None:
        """Nothing: a process that runs alone loads what it needs when it does."""


def resolved(argument: Any) -> Any:
    """Return an argument with the results of what was pending."""
    if isinstance(argument, list):
        return [resolved(one) for one in argument]
    return argument.result() if hasattr(argument, "result") else argument


class Dask:
    """Runs tasks on the workers of a dask.distributed client.

    A task whose worker died is run again on another, three times at most; what it had left in the
    work folder isn't made again.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.ahead = 2 + 2 * max(1, len(client.scheduler_info(n_workers=-1)["workers"]))

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Pending:
        """See `Engine.submit`."""
        given, priority = map(_bare, arguments), int(getattr(task, "first", False))
        return _Remote(self.client.submit(task, *given, pure=False, priority=priority))

    def wait(self, some: Sequence[Pending]) -> None:
        """See `Engine.wait`."""
        from distributed import wait

        if some:
            wait([_bare(one) for one in some], return_when="FIRST_COMPLETED")  # type: ignore[no-untyped-call]

    def begin(self, task: Callable[..., Any], *arguments: Any) -> None:
        """See `Engine.begin`; a worker does it after what else is there for it."""
        from distributed import fire_and_forget

        for worker in self.client.scheduler_info(n_workers=-1)["workers"]:
            where = {"workers": [worker], "allow_other_workers": True}  # of one that goes, too
            begun = self.client.submit(task, *arguments, pure=False, **where)
            fire_and_forget(begun)  # type: ignore[no-untyped-call]


class _Remote:
    """A future of Dask."""

    def __init__(self, future: Any) -> None:
        self.future = future

    def done(self) -> bool:
        return bool(self.future.done())

    def result(self) -> Any:
        """Return what it returned.

        Raises EngineError if the task was on four workers that died, one after the other.
        """
        from distributed import KilledWorker

        try:
            return self.future.result()
        except KilledWorker as error:
            raise EngineError(
                "a task was given up: every worker that tried it died",
                hint="most likely for want of memory: start workers with more of it, fewer on a "
                "machine; what was done is kept for the next try",
            ) from error


def _bare(argument: Any) -> Any:
    """Return an argument with Dask's own futures."""
    if isinstance(argument, list):
        return [_bare(one) for one in argument]
    return argument.future if isinstance(argument, _Remote) else argument


def refuse_plain(scheduler: str, settings: DaskSettings) -> None:
    """Find out whether a scheduler at that address may be asked.

    Who reaches a scheduler can run programs on its workers and, as its answers are unpickled, here;
    who is between them and us can too, unless they speak TLS and know each other's certificates.

    Raises ConfigError if it is elsewhere and without TLS, or with TLS and certificates that aren't
    there or that others may read the key of.
    """
    protocol, _, place = scheduler.rpartition("://")
    if protocol == "tls":
        _refuse_keys(settings)
    elif not settings.plain and not _is_here(place):
        raise ConfigError(
            f"the scheduler at {scheduler} speaks no TLS: whoever is between can run programs here",
            hint="start it and its workers with --tls-ca-file, --tls-cert, --tls-key, name it as "
            "tls://… and your certificates in dask of settings.yaml; or allow it there: plain",
        )


def _is_here(place: str) -> bool:
    name = urlsplit(f"//{place}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _refuse_keys(settings: DaskSettings) -> None:
    named = {name: getattr(settings, name) for name in ("ca", "cert", "key")}
    if not any(named.values()):
        return  # Dask's own configuration may have them
    for name, path in named.items():
        if not path or not Path(path).is_file():
            raise ConfigError(
                f"dask.{name} of settings.yaml names no file: {path!r}",
                hint="ca, cert and key go together",
            )
    if stat.S_IMODE(Path(settings.key).stat().st_mode) & 0o077:
        raise ConfigError(
            f"others may read the key in {settings.key}", hint=f"chmod 600 {settings.key}"
        )


@contextmanager
def engine(
    name: str | None, scheduler: str | None, workers: int, settings: DaskSettings | None = None
) -> Iterator[Engine]:
    """Return the engine of that name; in this process if None.

    Parameters
    ----------
    scheduler
        Address of a Dask scheduler; else a cluster of processes is made on this machine, which
        speak TLS by a certificate that is made for it and that nobody else has.
    workers
        Processes of that cluster, one thread each.
    settings
        Certificates for that scheduler.

    Raises
    ------
    EngineError
        If Dask isn't installed, or the scheduler can't be reached or has no workers.
    ConfigError
        If the scheduler isn't to be trusted: see `refuse_plain`.
    """
    if name is None:
        yield InProcess()
        return
    try:
        import dask
        from distributed import Client, LocalCluster
        from distributed.security import Security
    except ImportError as error:
        raise EngineError(
            "the engine dask isn't installed", hint="pip install 'dask[distributed]'"
        ) from error
    if scheduler is None:
        # Dask's own setting holds for its handlers: what passes on to Prefect's would be shown.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        with (
            # By itself Dask has it in one of a known name, which another account may have made: who
            # did has its locks lead to our files, and what lies there imported.
            private_folder("selat-dask-") as folder,
            dask.config.set({**_HERE, "temporary-directory": str(folder)}),
            _surroundings(),
            LocalCluster(
                local_directory=str(folder),
                n_workers=workers,
                threads_per_worker=1,
                host="127.0.0.1",
                security=Security.temporary(),  # type: ignore[no-untyped-call]
                dashboard_address=None,
                worker_dashboard_address=None,
                # Else it listens at one port, which another run may have.
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                silence_logs=logging.CRITICAL,
            ) as cluster,
            Client(cluster) as client,  # type: ignore[no-untyped-call]
        ):
            yield Dask(client)
        return
    settings = settings or DaskSettings()
    refuse_plain(scheduler, settings)
    security: Any = None
    if settings.ca and scheduler.startswith("tls://"):
        security = Security(  # type: ignore[no-untyped-call]
            tls_ca_file=settings.ca,
            tls_client_cert=settings.cert,
            tls_client_key=settings.key,
            require_encryption=True,
        )
    try:
        client = Client(scheduler, timeout=10, security=security)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError) as error:
        hint = "start one: dask scheduler, and on each machine: dask worker ADDRESS --nthreads 1"
        raise EngineError(f"no Dask scheduler at {scheduler}: {error}", hint=hint) from error
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            hint = f"on each machine: dask worker {scheduler} --nthreads 1"
            raise EngineError(f"the scheduler at {scheduler} has no workers", hint=hint)
        yield Dask(client)


@contextmanager
def _surroundings() -> Iterator[None]:
    """Have what is started find these variables, and put back what Dask's nannies set besides: it
    keeps what is set, so that a cluster made before would hand its own to ours. Of others nothing
    is put back: who set one meanwhile, in a thread or for the task, wants it.
    """
    from dask import config

    theirs = config.get("distributed.nanny.pre-spawn-environ", {})
    before = {name: os.environ.get(name) for name in (*_WORKERS, *theirs)}
    os.environ.update(_WORKERS)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


_WORKERS: Final = {
    # They import nothing from the working folder, which may be anybody's.
    "PYTHONSAFEPATH": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    **{name: str(value) for name, value in allocation.ENVIRONMENT.items()},
}
"""By itself Dask has workers give memory back as soon as 64 kB are free, which took a quarter of a
night's CPU more."""
_HERE: Final[dict[str, list[str] | bool | str]] = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.worker.memory.monitor-interval": "1s",
}
"""Dask's pages say what is computed, and to everybody; what they would show of where workers spend
their time and of how they are isn't asked either, a hundred, fifty and two times a second, and
how much memory they take once instead of ten times, which was a third of what waiting took."""

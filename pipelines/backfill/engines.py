"""Where tasks run: in this process, or on dask.distributed."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from detectors.core.errors import SelatError


class EngineError(SelatError):
    """The engine can't be had, or gave up on a task."""


class Pending(Protocol):
    """What a task will return."""

    def done(self) -> bool:
        """Whether the task has ended."""

    def result(self) -> Any:
        """What it returned, once it has ended; raises what it raised."""


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


class InProcess:
    """Runs each task at once, in this process."""

    ahead = 1

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Pending:
        """See `Engine.submit`; an error is raised at once."""
        return Done(task(*(resolved(argument) for argument in arguments)))

    def wait(self, some: Sequence[Pending]) -> None:
        """See `Engine.wait`."""


class Done:
    """The result of a task that has ended."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def done(self) -> bool:
        """Yes."""
        return True

    def result(self) -> Any:
        """What the task returned."""
        return self._value


def resolved(argument: Any) -> Any:
    """An argument with the results of what was pending."""
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
        return _Remote(self.client.submit(task, *map(_bare, arguments), pure=False))

    def wait(self, some: Sequence[Pending]) -> None:
        """See `Engine.wait`."""
        from distributed import wait

        if some:
            wait([_bare(one) for one in some], return_when="FIRST_COMPLETED")  # type: ignore[no-untyped-call]


class _Remote:
    """A future of Dask."""

    def __init__(self, future: Any) -> None:
        self.future = future

    def done(self) -> bool:
        """Whether the task has ended."""
        return bool(self.future.done())

    def result(self) -> Any:
        """What it returned.

        Raises
        ------
        EngineError
            If the task was on four workers that died, one after the other.
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
    """An argument with Dask's own futures."""
    if isinstance(argument, list):
        return [_bare(one) for one in argument]
    return argument.future if isinstance(argument, _Remote) else argument


@contextmanager
def engine(name: str | None, scheduler: str | None, workers: int) -> Iterator[Engine]:
    """The engine of that name; in this process if None.

    Parameters
    ----------
    scheduler
        Address of a Dask scheduler; else a cluster of processes is made on this machine.
    workers
        Processes of that cluster, one thread each.

    Raises
    ------
    EngineError
        If Dask isn't installed, or the scheduler can't be reached or has no workers.
    """
    if name is None:
        yield InProcess()
        return
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise EngineError(
            "the engine dask isn't installed", hint="pip install 'dask[distributed]'"
        ) from error
    if scheduler is None:
        with (
            LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=workers, threads_per_worker=1, host="127.0.0.1",
                dashboard_address="127.0.0.1:0", worker_dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            ) as cluster,
            Client(cluster) as client,  # type: ignore[no-untyped-call]
        ):  # fmt: skip
            yield Dask(client)
        return
    try:
        client = Client(scheduler, timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        hint = "start one: dask scheduler, and on each machine: dask worker ADDRESS --nthreads 1"
        raise EngineError(f"no Dask scheduler at {scheduler}: {error}", hint=hint) from error
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            hint = f"on each machine: dask worker {scheduler} --nthreads 1"
            raise EngineError(f"the scheduler at {scheduler} has no workers", hint=hint)
        yield Dask(client)

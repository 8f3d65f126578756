"""The back-fill as a Prefect flow: one task, inside which an engine of its own runs thousands.

A mapped task costs Prefect 60 to 80 ms, and Dask 2 ms.
"""

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from pipelines.base.progress import reporter
from pipelines.base.settings import load
from pipelines.detect.spread.engines import engine
from pipelines.run.fill import Filled, fill, raise_if_partial


@task(name="fill days", cache_policy=NO_CACHE, persist_result=False)
def fill_days(
    home: str,
    config: str,
    since: str | None,
    until: str | None,
    name: str | None,
    scheduler: str | None,
    workers: int,
    folder: str | None,
    quiet: bool,
) -> Filled:
    """See `fill.fill`."""
    installation = load(Path(home), Path(config))
    with (
        reporter(quiet=quiet) as report,
        engine(name, scheduler, workers, installation.settings.dask) as chosen,
    ):
        return fill(
            installation,
            since,
            until,
            chosen,
            report,
            folder=Path(folder) if folder else None,
        )


@flow(name="backfill", validate_parameters=False, persist_result=False)
def backfill(*arguments: Any) -> Filled:
    """Look at each day of a span as its nightly run would have; see `fill_days`.

    Raises
    ------
    PartialRunError
        After all days have been recorded, if a detector failed.
    """
    filled = fill_days(*arguments)
    raise_if_partial(filled)
    return filled

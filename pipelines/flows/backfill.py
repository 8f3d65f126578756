"""The back-fill as a Prefect flow: one task, inside which an engine of its own runs thousands.

A mapped task costs Prefect 60 to 80 ms, and Dask 2 ms.
"""

from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from pipelines.base.progress import reporter
from pipelines.base.settings import Installation, load
from pipelines.detect.spread.engines import engine
from pipelines.run.fill import Filled, FillRequest, fill, raise_if_partial


@task(name="fill days", cache_policy=NO_CACHE, persist_result=False)
def fill_days(installation: Installation, request: FillRequest, *, quiet: bool) -> Filled:
    """See `fill.fill`."""
    with (
        reporter(quiet=quiet) as report,
        engine(
            request.engine, request.scheduler, request.workers, installation.settings.dask
        ) as chosen,
    ):
        return fill(
            installation,
            request.since,
            request.until,
            chosen,
            report,
            folder=request.folder,
        )


@flow(name="backfill", validate_parameters=False, persist_result=False)
def backfill(home: str, config: str, request: FillRequest, quiet: bool = False) -> Filled:
    """Look at each day of a span as its nightly run would have.

    Raises PartialRunError after all days have been recorded, if a detector failed.
    """
    filled = fill_days(load(Path(home), Path(config)), request, quiet=quiet)
    raise_if_partial(filled)
    return filled

"""`selat backfill`: months of days, in this process or on many machines."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.base.text import counted
from pipelines.cli.options import AsJson, Config, Home, Quiet, Since, Until, installation_of
from pipelines.cli.present import print_json


class Engine(StrEnum):
    """What spreads the work."""

    DASK = "dask"


def backfill(
    since: Since = None,
    until: Until = None,
    engine: Annotated[
        Engine | None,
        typer.Option(help="Spread the work with dask.distributed; else it's all here."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Address of a Dask scheduler whose workers share home and configuration."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Without a scheduler: processes on this machine.")
    ] = 2,
    work: Annotated[
        Path | None,
        typer.Option(
            help="Work folder, seen by all workers; else HOME/backfill. Removed at the end."
        ),
    ] = None,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Look at every day of a span, as a nightly run of each would have, in order.

    The feeds must be in the store: selat ingest. Killed and started again with the same options, it
    goes on where it was. While it runs nothing else can write to the store.

    Exit codes: 0 complete, 6 partial (a detector failed on some day), 7 no reports in that span,
    5 another process is writing.

    For example:

      selat backfill --since 2026-09-01 --until 2026-11-01

      selat backfill --since 2026-09-01 --engine dask --workers 8

      selat backfill --since 2026-09-01 --engine dask --scheduler tls://hub:8786
    """
    installation = installation_of(home, config)
    from detectors.core.errors import ConfigError
    from pipelines.detect.spread.engines import refuse_plain
    from pipelines.flows.environment import prepare
    from pipelines.flows.server import server_for_a_run
    from pipelines.run.fill import FillRequest
    from pipelines.run.opened import require_store
    from pipelines.run.setup import build_detectors
    from pipelines.run.windows import asked_for

    if scheduler and engine is None:
        raise ConfigError("--scheduler goes with an engine", hint="add --engine dask")
    asked_for(None, since, until)
    build_detectors(installation)
    require_store(installation)
    if scheduler:
        refuse_plain(scheduler, installation.settings.dask)
    request = FillRequest(
        since=since,
        until=until,
        engine=engine.value if engine else None,
        scheduler=scheduler,
        workers=workers,
        folder=work.absolute() if work else None,
    )
    prepare(installation.home)
    with server_for_a_run(installation):
        from pipelines.flows.backfill import backfill as flow

        filled = flow(str(installation.home), str(installation.config), request, quiet or as_json)
    if as_json:
        print_json(
            {"runs": filled.runs, "done_before": filled.done_before, "silent": filled.silent}
        )
        return
    typer.echo(
        f"{counted(len(filled.runs), 'day')} looked at, {filled.done_before} done before, "
        f"{filled.silent} without reports.\nResults: {installation.runs}"
    )

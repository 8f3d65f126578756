"""`selat nightly`, `ingest`, `detect`: the night's work, whole or by step."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from detectors.core.errors import SelatError
from pipelines.cli.flagged import show_latest
from pipelines.cli.options import (
    AreaText,
    AsJson,
    AssumeTime,
    Config,
    Date,
    Feeds,
    Home,
    MappingName,
    Quiet,
    Sightings,
    Since,
    Until,
    installation_of,
)
from pipelines.cli.present import print_json

if TYPE_CHECKING:
    from pipelines.base.settings import Installation
    from pipelines.run.night import NightRequest

_STOPPED: Final = "it was asked to end before it was done; the same command again goes on"


def nightly(
    feed: Feeds = None,
    date: Date = None,
    since: Since = None,
    until: Until = None,
    area: AreaText = None,
    mapping: MappingName = None,
    assume_time: AssumeTime = None,
    home: Home = None,
    config: Config = None,
    sightings: Sightings = None,
    plain: Annotated[
        bool,
        typer.Option(help="The same steps without Prefect: sooner done, and not in its pages."),
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Do the whole job: ingest what is new, detect, assess, export.

    Exit codes: 0 complete, 6 partial (results are there, a part failed), 7 nothing to look at,
    3 no feed could be read, 5 another process is writing.

    For example:

      selat nightly --feed feeds/2026-11-24.nmea.gz

      selat nightly --feed feeds/ --date 2026-11-24

      selat nightly --feed feeds/ --sightings sar.csv --sightings patrol.geojson

      selat nightly --feed baltic.csv --area all --home data/baltic

      selat nightly --feed feeds/ --plain
    """
    installation = installation_of(home, config)
    from pipelines.base.failure import note_failure
    from pipelines.base.processes import Stopped
    from pipelines.flows.environment import refuse_unwritable
    from pipelines.ingest.errors import IngestError
    from pipelines.run.night import NightRequest, refuse_wrong, run_night, were_there
    from pipelines.run.runs import PartialRunError, raise_if_partial

    request = NightRequest(
        feeds=tuple(feed or ()),
        sightings=tuple(sightings or ()),
        area=area,
        mapping=mapping,
        assume_time=assume_time,
        date=date,
        since=since,
        until=until,
    )
    try:
        refuse_wrong(installation, request)
    except IngestError as error:
        if were_there(installation, request.feeds):  # a timer's: nobody may read what it says
            note_failure(installation, error)
        raise
    failure: PartialRunError | None = None
    try:
        if plain:
            refuse_unwritable(installation.home)
            raise_if_partial(run_night(installation, request, quiet=quiet, steps=None))
        else:
            _with_prefect(installation, request, quiet=quiet)
    except PartialRunError as error:
        failure = error
    except Stopped:  # by a timer that waited no longer, a shutdown, or Ctrl-C
        note_failure(installation, SelatError(_STOPPED))
        raise
    show_latest(installation, as_json=as_json)
    if failure:
        raise failure


def _with_prefect(installation: "Installation", request: "NightRequest", *, quiet: bool) -> None:
    """Run the flow on the server that is there, or on one of its own."""
    from pipelines.flows.environment import prepare

    prepare(installation.home)
    from pipelines.base.failure import note_failure
    from pipelines.flows.server import server_for_a_run
    from pipelines.run.runs import PartialRunError

    try:
        with server_for_a_run(installation) as alone:
            from pipelines.flows.nightly import nightly as flow
            from pipelines.flows.retention import tidy

            try:
                flow(str(installation.home), str(installation.config), request, quiet)
            finally:
                if alone:
                    tidy(installation.settings.service.retention_days)
    except PartialRunError:
        raise
    except Exception as error:  # also of a server: then the flow didn't begin
        note_failure(installation, error)
        raise


def ingest(
    feed: Annotated[
        list[str] | None, typer.Argument(help="Feeds: files, folders, globs, or -.")
    ] = None,
    also: Feeds = None,
    area: AreaText = None,
    mapping: MappingName = None,
    assume_time: AssumeTime = None,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option(help="Read the feeds, write nothing.")] = False,
) -> None:
    """Read feeds into the store; a feed that is there already is left alone.

    For example:

      selat ingest feeds/2026-11-24.nmea.gz

      zcat today.nmea.gz | selat ingest -

      selat ingest tracks.csv --mapping solent --area all
    """
    given = [*(feed or ()), *(also or ())]
    if not given:
        raise typer.BadParameter("name a feed, with --feed or without", param_hint="FEED")
    installation = installation_of(home, config)
    from pipelines.base.progress import reporter
    from pipelines.run import feeds, runs
    from pipelines.run.setup import load_zones

    zones = load_zones(installation)
    noted = None if dry_run else installation.progress
    with reporter(quiet=quiet or as_json, noted=noted) as report:
        summary = feeds.ingest_only(
            installation,
            zones,
            given,
            area=area,
            mapping=mapping,
            assume_time=assume_time,
            report=report,
            dry_run=dry_run,
        )
    if as_json:
        print_json(
            {
                "added": summary.added,
                "already_there": list(summary.already_there),
                "failed": summary.failed,
            }
        )
    if summary.failed:
        kept = "nothing was written" if dry_run else "what could be read is in the store"
        raise runs.PartialRunError(f"not read whole: {len(summary.failed)} of the feeds; {kept}")


def detect(
    date: Date = None,
    since: Since = None,
    until: Until = None,
    sightings: Sightings = None,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Detect, assess and export over a window of what is already in the store.

    For example:

      selat detect

      selat detect --since 2026-11-20 --until 2026-11-24
    """
    installation = installation_of(home, config)
    from pipelines.base.progress import reporter
    from pipelines.run import runs

    noted = installation.progress
    with reporter(quiet=quiet or as_json, noted=noted) as report:
        finished = runs.detect_only(installation, date, since, until, report, sightings or ())
    show_latest(installation, as_json=as_json)
    runs.raise_if_partial(finished)

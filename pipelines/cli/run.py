"""`selat nightly`, `ingest`, `detect`: the night's work, whole or by step."""

from typing import Annotated

import typer

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
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Do the whole job: ingest what is new, detect, assess, export.

    Exit codes: 0 complete, 6 partial (results are there, a part failed), 7 nothing to look at,
    3 no feed could be read, 5 another process is writing.

    For example:

      selat nightly --feed feeds/2026-11-24.nmea.gz

      selat nightly --feed feeds/ --date 2026-11-24

      selat nightly --feed feeds/ --sightings sar-2026-11-24.csv --sightings patrol.geojson

      selat nightly --feed baltic.csv --area all --home data/baltic
    """
    installation = installation_of(home, config)
    from pipelines.flows.environment import prepare
    from pipelines.run.night import NightRequest, refuse_wrong
    from pipelines.run.runs import PartialRunError

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
    refuse_wrong(installation, request)
    prepare(installation.home)
    from pipelines.flows.server import server_for_a_run

    failure: PartialRunError | None = None
    with server_for_a_run(installation) as alone:
        from pipelines.flows.nightly import nightly as flow
        from pipelines.flows.retention import tidy

        try:
            flow(str(installation.home), str(installation.config), request, quiet)
        except PartialRunError as error:
            failure = error
        if alone:
            tidy(installation.settings.service.retention_days)
    show_latest(installation, top=10, as_json=as_json)
    if failure:
        raise failure


def ingest(
    feed: Annotated[list[str], typer.Argument(help="Feeds: files, folders, globs, or -.")],
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
    installation = installation_of(home, config)
    from pipelines.base.progress import reporter
    from pipelines.run import feeds, runs
    from pipelines.run.setup import load_zones

    zones = load_zones(installation)
    with reporter(quiet=quiet or as_json) as report:
        summary = feeds.ingest_only(
            installation,
            zones,
            feed,
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
                "already_there": summary.already_there,
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

    with reporter(quiet=quiet or as_json) as report:
        finished = runs.detect_only(installation, date, since, until, report, sightings or ())
    show_latest(installation, top=10, as_json=as_json)
    runs.raise_if_partial(finished)

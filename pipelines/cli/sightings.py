"""`selat sightings`: what others saw, into the store."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.options import (
    AsCsv,
    AsJson,
    Config,
    Home,
    Quiet,
    Since,
    Until,
    installation_of,
    shown_installation,
)
from pipelines.cli.present import moment_text, print_as, print_csv, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

app = typer.Typer(
    no_args_is_help=True, help="What radar, satellites, aircraft, patrols and the public saw."
)


@app.command("import")
def sightings_import(
    files: Annotated[list[str], typer.Argument(help="CSV or GeoJSON files, folders, globs.")],
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option(help="Read the files, write nothing.")] = False,
) -> None:
    """Read sightings into the store; a file that is there already is left alone.

    Needed columns: time; lat and lon, or a position, in degrees or as people write them
    ("02-36.0N 101-12.5E"). Others: source, uncertainty_m, length_m, confidence, note, sighting_id.
    Rows that make no sighting are counted, the others land.

    For example:

      selat sightings import sar-2026-11-24.csv patrol.geojson

      selat sightings import radar/ --dry-run
    """
    installation = installation_of(home, config)
    from pipelines.base.progress import reporter
    from pipelines.run.runs import PartialRunError
    from pipelines.run.sightings import import_only

    with reporter(quiet=quiet or as_json) as report:
        summary = import_only(installation, files, report, dry_run=dry_run)
        for name, added in summary.added.items():
            for reason, samples in added["samples"].items():
                report.step(f"  {name}: {reason}, e.g. {samples[0]!r}")
    if as_json:
        print_json(
            {
                "added": summary.added,
                "already_there": summary.already_there,
                "failed": summary.failed,
            }
        )
    if summary.errors and not summary.added and not summary.already_there:
        raise summary.errors[0]
    if summary.failed:
        raise PartialRunError(f"not read: {', '.join(summary.failed)}; the others are done")


@app.command("list")
def sightings_list(
    since: Since = None,
    until: Until = None,
    files: Annotated[
        bool, typer.Option("--files", help="The files instead, with what was rejected and why.")
    ] = False,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List the sightings in the store, or the files that they came from.

    For example:

      selat sightings list --since 2026-11-24

      selat sightings list --files --json
    """
    installation = shown_installation(home, config)
    from pipelines.base.text import position_text
    from pipelines.run.windows import asked_for
    from pipelines.store import read

    start, end = asked_for(None, since, until)
    with read(installation.store, installation.settings.store) as store:
        table = store.sighting_files() if files else store.sightings(start, end)
    if files:
        _show_files(table, as_json=as_json, as_csv=as_csv)
    elif not print_as(table, as_json=as_json, as_csv=as_csv):
        places = [position_text(*at) for at in zip(table["lat"], table["lon"], strict=True)]
        rows = table.assign(time=[moment_text(one) for one in table["time"]], place=places)
        columns = ("sighting_id", "time", "place", "uncertainty_m", "source", "length_m", "note")
        print_table(columns, _rows(rows, columns), drop=("uncertainty_m", "length_m"))


def _show_files(table: "pd.DataFrame", *, as_json: bool, as_csv: bool) -> None:
    reports = [json.loads(text) for text in table["report"]]
    if as_json:
        kept = table.drop(columns="report").to_dict("records")
        print_json([{**row, **report} for row, report in zip(kept, reports, strict=True)])
        return
    table = table.drop(columns=["sha256", "report"])
    for column in ("format", "rows_read", "sightings"):
        table[column] = [report[column] for report in reports]
    table["rejected"] = [
        ", ".join(f"{reason} {n:,}" for reason, n in report["rejected"].items())
        for report in reports
    ]
    if as_csv:
        print_csv(table)
    else:
        names = ("file_key", "name", "rows_read", "sightings", "rejected")
        print_table(names, _rows(table, names))


def _rows(table: "pd.DataFrame", columns: "tuple[str, ...]") -> "Iterator[tuple[Any, ...]]":
    return table[list(columns)].itertuples(index=False, name=None)


@app.command("delete")
def sightings_delete(
    keys: Annotated[list[str], typer.Argument(help="Keys, see `selat sightings list --files`.")],
    home: Home = None,
    config: Config = None,
) -> None:
    """Remove what some files of sightings brought, and nothing else.

    For example:

      selat sightings delete 3f9a0c2b71d4e865
    """
    installation = installation_of(home, config)
    from pipelines.run.opened import writing

    with writing(installation) as store:
        store.delete_sightings(*keys)
    typer.echo(f"files removed: {len(keys)}")

"""`selat sightings`: what others saw, into the store."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import (
    AsCsv,
    AsJson,
    Config,
    Home,
    Quiet,
    Since,
    Until,
    cell,
    installation_of,
    print_json,
    shown_installation,
)

if TYPE_CHECKING:
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

    Needed columns: time, lat, lon, source. Others: uncertainty_m, length_m, confidence, note,
    sighting_id. Rows that make no sighting are counted, the others land.

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
    from pipelines.publish.csv_text import to_csv
    from pipelines.run.windows import asked_for
    from pipelines.store import read

    start, end = asked_for(None, since, until)
    with read(installation.store, installation.settings.store) as store:
        table = store.sighting_files() if files else store.sightings(start, end)
    if files:
        _show_files(table, as_json=as_json, as_csv=as_csv)
    elif as_json:
        print_json(table.to_dict("records"))
    elif as_csv:
        typer.echo(to_csv(table.assign(**_numbers(table))), nl=False)
    else:
        places = [
            f"{lat:.4f} {lon:.4f}" for lat, lon in zip(table["lat"], table["lon"], strict=True)
        ]
        rows = table.assign(time=table["time"].dt.strftime("%Y-%m-%d %H:%MZ"), place=places)
        columns = ("sighting_id", "time", "place", "uncertainty_m", "source", "length_m", "note")
        _print(columns, rows)


def _show_files(table: "pd.DataFrame", *, as_json: bool, as_csv: bool) -> None:
    from pipelines.publish.csv_text import to_csv

    reports = [json.loads(text) for text in table["report"]]
    if as_json:
        kept = table.drop(columns="report").to_dict("records")
        print_json([{**row, **report} for row, report in zip(kept, reports, strict=True)])
        return
    table = table.drop(columns=["sha256", "report"])
    for column in ("format", "rows_read", "sightings"):
        table[column] = [str(report[column]) for report in reports]
    table["rejected"] = [
        ", ".join(f"{reason} {n:,}" for reason, n in report["rejected"].items())
        for report in reports
    ]
    if as_csv:
        typer.echo(to_csv(table), nl=False)
    else:
        _print(("file_key", "name", "rows_read", "sightings", "rejected"), table)


def _numbers(table: "pd.DataFrame") -> "dict[str, pd.Series]":
    """Columns of numbers as text, empty where there is none, as `to_csv` writes texts."""
    names = ("uncertainty_m", "length_m", "confidence")
    return {
        name: table[name].astype("object").where(table[name].notna(), "").map(str) for name in names
    }


def _print(columns: "tuple[str, ...]", rows: "pd.DataFrame") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pipelines.base.text import one_line

    printed = Table(*columns)
    for row in rows[list(columns)].itertuples(index=False):
        printed.add_row(*(Text(one_line(cell(value), 60)) for value in row))
    Console().print(printed)


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
    from pipelines.store import write

    with write(installation.store, installation.settings.store) as store:
        store.delete_sightings(*keys)
    typer.echo(f"files removed: {len(keys)}")

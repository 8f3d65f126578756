"""`selat operation`: name a period and an area, and compare before, during and after."""

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import (
    AsCsv,
    AsJson,
    Config,
    Home,
    Quiet,
    installation_of,
    shown_installation,
)
from pipelines.cli.present import moment_text, print_as

if TYPE_CHECKING:
    from pipelines.assess.operations.report import Report

app = typer.Typer(
    no_args_is_help=True, help="Name a period and an area; compare before, during and after."
)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="A name that no other operation has.")],
    since: Annotated[str, typer.Option(help="When it began, ISO 8601 (MYT).")],
    until: Annotated[str, typer.Option(help="When it ends or ended, ISO 8601 (MYT).")],
    area: Annotated[str, typer.Option(help="W,S,E,N in degrees, or a zone's id.")],
    note: Annotated[str, typer.Option(help="Whatever should be remembered.")] = "",
    by: Annotated[str | None, typer.Option(help="Who adds it; else your login.")] = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Name a period and an area as an operation; it is kept as it is.

    For example:

      selat operation add K3 --since 2026-11-02 --until 2026-11-09 --area kukup
    """
    installation = installation_of(home, config)
    from pipelines.run.operations import add as add_operation
    from pipelines.run.windows import utc

    row = add_operation(
        installation,
        name,
        utc(since),
        utc(until),
        area,
        note=note,
        author=by or getpass.getuser(),
    ).iloc[0]
    typer.echo(f"{row['name']}: {moment_text(row['start'])} to {moment_text(row['end'])}")


@app.command("list")
def list_(
    home: Home = None, config: Config = None, as_json: AsJson = False, as_csv: AsCsv = False
) -> None:
    """All operations, in the order in which they were added.

    For example:

      selat operation list

      selat operation list --csv > operations.csv
    """
    installation = shown_installation(home, config)
    from pipelines.base.visible import clean
    from pipelines.store import read

    with read(installation.store, installation.settings.store) as store:
        known = store.operations()
    if not print_as(known, as_json=as_json, as_csv=as_csv):
        if known.empty:
            typer.echo("no operation was added")
        for row in known.to_dict("records"):
            span = f"{moment_text(row['start'])} to {moment_text(row['end'])}"
            typer.echo(clean(f"{row['name']}  {span}  {row['area']}  {row['note']}"))


@app.command("report")
def report(
    name: Annotated[str, typer.Argument(help="The operation's name.")],
    days: Annotated[
        float | None,
        typer.Option(
            min=0.05, max=3660, help="Days before and after; else as long as the operation."
        ),
    ] = None,
    beside_nm: Annotated[
        float, typer.Option(min=0.5, max=300, help="How far what is beside the area reaches.")
    ] = 20.0,
    min_score: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Which events count; else those that make a flag."),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Compare, write nothing.")] = False,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare before, during and after an operation: inside its area, beside it, elsewhere.

    Writes a page and JSON into HOME/operations. Ratios come with exact intervals; where counts are
    too small it says so.

    For example:

      selat operation report K3

      selat operation report K3 --days 14 --beside-nm 30 --json
    """
    installation = shown_installation(home, config)
    import pandas as pd

    from pipelines.base.progress import reporter
    from pipelines.publish.operation import tables
    from pipelines.run import operations as flow

    with reporter(quiet=quiet or as_json) as progress, progress.bar("Presence", None) as bar:
        made = flow.report(
            installation,
            name,
            around=pd.Timedelta(days=days) if days else None,
            beside_nm=beside_nm,
            min_score=min_score,
            say=bar.to,
        )
    files = [] if dry_run else flow.write_report(installation, made)
    if as_json:
        typer.echo(tables.to_json(made), nl=False)
        return
    _print(made)
    for file in files:
        typer.echo(file)


def _print(made: "Report") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pipelines.assess.operations.report import PHASES
    from pipelines.base.schemas import CONCLUSIONS
    from pipelines.publish.operation import tables

    console = Console()
    title = Text("Incidents (vessels); ratios per vessel-hour, with 95 % intervals")
    table = Table("where", "kind", *PHASES, "during / before", "after / before", title=title)
    for place, kind, by in tables.incident_rows(made):
        counts = [f"{by[p]['incidents']} ({by[p]['vessels']})" for p in PHASES]
        table.add_row(
            Text(place),
            kind,
            *counts,
            tables.interval(by["during"]),
            tables.interval(by["after"]),
        )
    console.print(table)
    table = Table(
        "where",
        *PHASES,
        "during / before",
        "after / before",
        title="Vessel-hours (vessels); ratios by day",
    )
    for place, by in tables.presence_rows(made):
        counts = [f"{by[p]['vessel_hours']:,} ({by[p]['vessels']})" for p in PHASES]
        table.add_row(
            Text(place), *counts, tables.interval(by["during"]), tables.interval(by["after"])
        )
    console.print(table)
    words = (name.replace("_", " ") for name in CONCLUSIONS)
    table = Table("where", "phase", *words, title="Conclusions")
    for row in tables.outcome_rows(made):
        table.add_row(Text(row["place"]), row["phase"], *(str(row[name]) for name in CONCLUSIONS))
    if table.row_count:
        console.print(table)
        console.print(Text(tables.CONCLUDED))
    else:
        console.print(Text(tables.NOTHING_CONCLUDED))
    console.print(Text(tables.displacement_words(made)))
    for text in tables.notes(made):
        console.print(Text(text, style="yellow"))

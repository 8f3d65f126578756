"""`selat disposition`: record and list what was concluded about flags."""

import getpass
from typing import Annotated

import typer

from pipelines.cli_options import AsCsv, AsJson, AsOf, Config, Home, installation_of, print_json

app = typer.Typer(no_args_is_help=True, help="Record and list what was concluded about flags.")


@app.command("add")
def add(
    event: Annotated[str, typer.Argument(help="The event's id, or the beginning of it.")],
    conclusion: Annotated[
        str, typer.Option("--as", help="boarded, cleared, benign_cause, watch or unknown.")
    ],
    reason: Annotated[str, typer.Option(help="Why, in your words.")],
    by: Annotated[str | None, typer.Option(help="Who concluded so; else your login.")] = None,
    quiet_until: Annotated[
        str | None,
        typer.Option(help="Set the like aside that begins before this, ISO 8601 (MYT)."),
    ] = None,
    quiet_within_nm: Annotated[
        float, typer.Option(min=0, help="How near it must be to be set aside.")
    ] = 5.0,
    home: Home = None,
    config: Config = None,
) -> None:
    """Record a conclusion on an event; earlier ones stay for audit, the newest holds.

    For example:

      selat disposition add 3f2a --as boarded --reason "47 people on board" --by "KM Tegas"

      selat disposition add 9c01 --as benign_cause --reason tide --quiet-until 2027-01-31
    """
    installation = installation_of(home, config)
    from detectors.core.geodesy import METRES_PER_NM
    from pipelines.flows.dispositions import record
    from pipelines.flows.windows import utc

    row = record(
        installation, event, author=by or getpass.getuser(), conclusion=conclusion, reason=reason,
        quiet_until=utc(quiet_until, "Asia/Kuala_Lumpur") if quiet_until else None,
        quiet_within_m=quiet_within_nm * METRES_PER_NM,
    ).iloc[0]  # fmt: skip
    typer.echo(f"{row['disposition_id']}: {row['conclusion']} ({row['author']})")


@app.command("list")
def list_(
    event: Annotated[
        str, typer.Option(help="Only those on this event: its id, or the beginning of it.")
    ] = "",
    as_of: AsOf = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """All conclusions, oldest first.

    For example:

      selat disposition list --csv > dispositions.csv

      selat disposition list --as-of 2026-11-20
    """
    installation = installation_of(home, config)
    import pandas as pd

    from pipelines import recall
    from pipelines.export.tables import tidy_csv
    from pipelines.export.text import clean
    from pipelines.store import read

    with read(installation.store, installation.settings.store) as store:
        known = store.dispositions()
        known = known[known["made_time"] <= recall.time_of(store, as_of)]
    known = known[known["event_id"].str.startswith(event)].reset_index(drop=True)
    if as_json:
        print_json(known.astype("str").to_dict("records"))
    elif as_csv:
        typer.echo(tidy_csv(known), nl=False)
    else:
        for row in known.to_dict("records"):
            when = row["made_time"].strftime("%Y-%m-%d %H:%MZ")
            what = f"{row['kind']} {row['mmsi']:09d} {row['conclusion']}"
            line = f"{row['disposition_id']}  {when}  {row['author']}  {what}: {row['reason']}"
            quiet = row["quiet_until"]
            until = (
                "" if quiet is pd.NaT else f" (the like set aside until {quiet:%Y-%m-%d %H:%MZ})"
            )
            typer.echo(clean(line) + until)

"""`selat vessel`: what a vessel calls itself, and called itself before."""

from dataclasses import asdict
from typing import Annotated

import typer

from pipelines.base.visible import clean
from pipelines.cli.options import AsJson, Config, Home, shown_installation
from pipelines.cli.present import print_json, records


def vessel(
    mmsi: Annotated[int, typer.Argument(min=0, max=999_999_999, help="MMSI.")],
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", "--at", help="As known then: a time, ISO 8601 (MYT), or a run id; else now."
        ),
    ] = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show what a vessel calls itself, what it called itself before, and since when.

    For example:

      selat vessel 563072390

      selat vessel 563072390 --as-of 2026-11-01
    """
    installation = shown_installation(home, config)
    from pipelines import store
    from pipelines.ask import recall

    with store.read(installation.store, installation.settings.store) as reader:
        time = recall.time_of(reader, as_of)
        identity, history = reader.identity_at(mmsi, time), reader.history(mmsi, time)
    if as_json:
        print_json({**asdict(identity), "mmsi": f"{mmsi:09d}", "history": records(history)})
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    seen = (
        f"{identity.first_seen:%Y-%m-%d %H:%M}Z to {identity.last_seen:%Y-%m-%d %H:%M}Z"
        if (identity.first_seen is not None)
        else "never heard"
    )
    name = clean(identity.name) or "(no name)"
    console.print(f"{mmsi:09d}  {name}  flag {identity.flag_state or '?'}  {seen}", markup=False)
    table = Table("field", "value", "first said", "last said", "reports", "note")
    for row in history.to_dict("records"):
        times = (f"{row['first_time']:%Y-%m-%d %H:%M}Z", f"{row['last_time']:%Y-%m-%d %H:%M}Z")
        table.add_row(
            row["field"], Text(clean(row["value"])), *times, str(row["reports"]), row["note"]
        )
    console.print(table)

"""`selat vessel`: what a vessel calls itself, and called itself before."""

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pipelines.base.text import as_mmsi
from pipelines.base.visible import clean
from pipelines.cli.incidents import print_incidents
from pipelines.cli.options import AsJson, Config, Home, shown_installation
from pipelines.cli.present import mark_exercise, moment_text, print_json, print_table, records

if TYPE_CHECKING:
    import pandas as pd

MAX_COMPANY: Final = 20
"""So many vessels of its company are printed."""

MAYBE = (("explained", "explained"), ("could have met", "possible"))
"""Columns of its company that are left out where they would be empty."""


def _mmsi(text: str) -> int:
    """Return a number of nine digits at most; who types a name is told how to find it."""
    found = as_mmsi(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no MMSI; by name: selat find {shlex.quote(text)}")
    return found


def vessel(
    mmsi: Annotated[int, typer.Argument(parser=_mmsi, metavar="MMSI", help="MMSI.")],
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
    """Show what a vessel calls itself and called itself, its incidents, and the company it keeps.

    For example:

      selat vessel 563072390

      selat vessel 563072390 --as-of 2026-11-01
    """
    installation = shown_installation(home, config)
    import pandas as pd

    from pipelines import store
    from pipelines.ask import recall
    from pipelines.ask.beside import concluded_on
    from pipelines.ask.dossier import dossier
    from pipelines.assess.incidents import as_led
    from pipelines.base.text import position_text
    from pipelines.run.windows import FOREVER

    with store.read(installation.store, installation.settings.store) as reader:
        time = recall.time_of(reader, as_of)
        ordinal = recall.ordinal_of(reader, as_of)
        known = dossier(reader, mmsi, time, ordinal)
        if known.identity.first_seen is None:
            raise recall.unheard(reader, mmsi, time)
        [last] = recall.placed(reader, pd.DataFrame({"mmsi": [mmsi]}), time).to_dict("records")
        said = concluded_on(reader, known.incidents["events"].tolist(), time)
        shown = as_led(known.incidents.assign(**said), known.happened)
        simulated = bool(reader.simulated)
        did = bool(len(shown)) or len(reader.events_as_of(ordinal, mmsi=mmsi)) > 0
        called = reader.vessels(time) if len(known.company) else known.company.assign(name="")
        place = "" if last["lat"] != last["lat"] else position_text(last["lat"], last["lon"])
    identity, history, incidents = known.identity, known.history, known.incidents
    company = known.company.merge(called[["mmsi", "name"]], how="left", on="mmsi")
    if as_json:
        met = records(company)
        for one in met:
            one["through"] = f"{one['through']:09d}" if one["through"] else None
        print_json(
            {
                **asdict(identity),
                "last_seen": last["last_seen"],
                "time": None if time == FOREVER else time,
                "mmsi": f"{mmsi:09d}",
                "lat": last["lat"],
                "lon": last["lon"],
                "history": records(history),
                "company": met,
                "incidents": records(incidents),
            }
        )
        return
    from rich.console import Console

    console = Console()
    mark_exercise(simulated=simulated)
    seen = f"{moment_text(identity.first_seen)} to {moment_text(last['last_seen'])}"
    name = clean(identity.name) or "(no name)"
    console.print(f"{mmsi:09d}  {name}  flag {identity.flag_state or '?'}", markup=False)
    console.print(f"heard {seen}, last at {place or 'a place not known'}", markup=False)
    rows = [
        (
            row["field"].replace("_", " "),
            _stated(row["field"], str(row["value"])),
            moment_text(row["last_time"]),
            row["reports"],
            row["note"],
            moment_text(row["first_time"]),
        )
        for row in history.to_dict("records")
    ]
    names = ("field", "value", "last said", "reports", "note", "first said")
    noted = [] if any(row[4] for row in rows) else ["note"]
    if rows:
        print_table(names, rows, drop=(*noted, "first said", "reports"))
    else:
        typer.echo("It said nothing of itself.")
    _print_company(company)
    if len(shown):
        print_incidents(shown)
    elif did:
        typer.echo(f"No incident. What it did besides: selat explain {mmsi:09d}")
    else:
        typer.echo("No incident, and no event.")


def _stated(field: str, value: str) -> str:
    """Return what a vessel says of itself; of a type of ship what the number means, too."""
    from pipelines.reference.codes import ship_type_words

    if field != "ship_type" or not (value.isascii() and value.isdigit() and len(value) < 4):
        return value
    words = ship_type_words([int(value)])[0]
    return f"{value} ({words})" if words else value


def _through(row: dict[Any, Any]) -> str:
    more = f" and {row['through_more']} more" if row["through_more"] else ""
    return f"{row['through']:09d}{more}" if row["through"] else "itself"


def _print_company(company: "pd.DataFrame") -> None:
    if company.empty:
        return
    print_table(
        ("vessel", "name", "met", "explained", "could have met", "last", "through", "first"),
        (
            (
                f"{row['mmsi']:09d}",
                clean(str(row["name"])) if row["name"] == row["name"] else "",
                row["meetings"] or "",
                row["explained"] or "",
                row["possible"] or "",
                moment_text(row["last_time"]),
                _through(row),
                moment_text(row["first_time"]),
            )
            for row in company.head(MAX_COMPANY).to_dict("records")
        ),
        drop=("first", *(shown for shown, name in MAYBE if not company[name].any())),
    )
    if len(company) > MAX_COMPANY:
        typer.echo(f"… and {len(company) - MAX_COMPANY} more (--json)")

"""`selat incidents`: what happened, as one, in rank order."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pipelines.base.visible import clean
from pipelines.cli.options import (
    SHOWN,
    AsCsv,
    AsJson,
    AsOf,
    Config,
    Home,
    TopOrAll,
    shown_installation,
)
from pipelines.cli.present import mark_exercise, print_csv, print_json, records

ALSO: Final = 3
"""So many that belong with an incident are named below it: what is read at a glance."""

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pipelines.assess.incidents import First


def incidents(
    top: TopOrAll = None,
    new: Annotated[
        bool, typer.Option("--new", help="Only what is created, changed, merged or retracted.")
    ] = False,
    as_of: AsOf = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List what happened, as one: events that belong together, their vessels, what to do next.

    An incident keeps its id while it grows. Those that are over since the last look come last.

    For example:

      selat incidents --new

      selat incidents --json --top 3

      selat explain INCIDENT_ID
    """
    installation = shown_installation(home, config)
    from pipelines import store
    from pipelines.ask import recall
    from pipelines.ask.beside import concluded_on
    from pipelines.ask.related import see_also
    from pipelines.assess.incidents import as_led, with_parts

    with store.read(installation.store, installation.settings.store) as reader:
        moment = recall.moment(reader, as_of)
        found = reader.incidents(moment.run_id)
        first = recall.first_of(reader, moment)
        run = reader.run(moment.run_id)
        shown = found[found["status"] != "unchanged"] if new else found
        most = SHOWN if top is None and not (as_json or as_csv) else top
        shown, simulated = shown.iloc[:most], bool(reader.simulated)
        ids = shown["events"].tolist()
        said: dict[str, list[Any]] = {}
        told = None
        if not as_csv:
            events = reader.events(moment.run_id)
            until = moment.known_time if run is None else run["end"]
            which, vessels = shown["incident_id"].tolist(), reader.vessels(until)
            also = see_also(found, events, vessels, installation.reference, until, which)
            said = {**concluded_on(reader, ids, moment.time), "related": [also[k] for k in which]}
            told = None if as_json else as_led(with_parts(shown, events), events)
    if as_csv:
        print_csv(shown)
    elif told is None:
        firsts = [asdict(one) for one in first]
        rows = records(shown.assign(**said))
        print_json({"run_id": moment.run_id, "first": firsts, "incidents": rows})
    else:
        mark_exercise(simulated=simulated)
        n_open, n_new = (found["rank"] > 0).sum(), (found["status"] == "created").sum()
        what = "incident" if n_open == 1 else "incidents"
        typer.echo(f"Run {moment.run_id}: {n_open} {what}, {n_new} new, {len(shown)} shown")
        print_first(first)
        end = None if run is None else run["end"]
        print_incidents(told.assign(**said), end, moment.known_time)
        typer.echo("Incidents are leads, not findings.")


def print_first(first: "Sequence[First]") -> None:
    """Print what to look at first, and why: not the list's order, which its numbers are."""
    from textwrap import indent

    from rich.console import Console
    from rich.text import Text

    from pipelines.base.text import LOCAL, LOCAL_NAME
    from pipelines.publish.briefing import span

    console = Console()
    if first:
        console.print("Look first, by score, danger to people, and how lately each was heard:")
    for one in first:
        when = span(one.start, one.end, LOCAL, LOCAL_NAME)
        head = f"{one.rank}. incident {one.incident_id[:8]}, {when}, {', '.join(one.why)}"
        lines = Text(clean(one.title)).wrap(console, console.width - 2)
        console.print(Text(head, style="bold"))
        console.print(Text(indent("\n".join(line.plain.rstrip() for line in lines), "  ")))


def print_incidents(
    shown: "pd.DataFrame",
    end: "pd.Timestamp | None" = None,
    known: "pd.Timestamp | None" = None,
) -> None:
    """Print incidents `as_led`, a block each, with what was `concluded`, where a column says it.

    Where it is `known` up to when reports were looked at, it says until when each is provisional;
    `end` is that of the look that told them, where it is one.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console()
    for row in shown.to_dict("records"):
        own = {str(key): value for key, value in row.items()}
        head, *lines = map(clean, _lines(own, end, known))
        console.print(Text(f"\n{head}", style="bold"))
        for line in lines:
            console.print(Text(line))


def _lines(
    row: dict[str, Any], end: "pd.Timestamp | None", known: "pd.Timestamp | None"
) -> list[str]:
    import pandas as pd

    from detectors.kinematics.integrity import final_at
    from pipelines.assess.dispositions.outcomes import CLOSED
    from pipelines.assess.incidents import made_of, whereabouts
    from pipelines.base.text import LOCAL, LOCAL_NAME, position_text
    from pipelines.publish.briefing import span

    now, parts = whereabouts(row, end), made_of(row["made_of"])
    news = f"{row['status']}: {row['news']}" if row["news"] else row["status"]
    news = "new" if row["news"] == "new" else news
    rank = f"{row['rank']}." if row["rank"] else "–"
    vessels = row["vessels"].replace(" | ", ", ")
    also = [f"incident {one['rank']}: {one['why']}" for one in row.get("related", ())]
    more = f"; {len(also) - ALSO} more: --json" if len(also) > ALSO else ""
    final = final_at(row["end"], known) if known is not None and row["rank"] else None
    sure = "" if final is None else f"; provisional until {span(final, final, LOCAL, LOCAL_NAME)}"
    over = None if pd.isna(row["led_end"]) else row["led_end"]
    when = span(row["led_start"], over, LOCAL, LOCAL_NAME)
    said = row.get("concluded", "")
    sureness = f"score {row['score']:.2f}, {row['certainty']} certainty"
    return [
        f"{rank} {sureness}  {row['incident_id']}  {news}",
        *([f"Score: {parts}"] if parts else []),
        row["title"],
        f"{when}, {position_text(row['lat'], row['lon'])}{sure}",
        *([f"Concluded: {said}"] if said else []),
        *([f"Vessels: {vessels}"] if vessels else []),
        *([f"Last heard: {now}"] if now else []),
        *([f"See also: {'; '.join(also[:ALSO])}{more}"] if also else []),
        *([] if row.get("standing") == CLOSED else [f"Next: {row['next_step']}"]),
    ]

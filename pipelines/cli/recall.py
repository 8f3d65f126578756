"""`selat since` and `selat find`: what the last watch didn't know yet, and who is who."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.incidents import print_incidents
from pipelines.cli.options import (
    SHOWN,
    AsCsv,
    AsJson,
    AsOf,
    Config,
    Home,
    Top,
    TopOrAll,
    shown_installation,
)
from pipelines.cli.present import (
    mark_exercise,
    moment_text,
    print_as,
    print_csv,
    print_json,
    print_table,
    records,
)

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.ask.recall import Changes

_EVENT_COLUMNS = [
    "change",
    "event_id",
    "kind",
    "subkind",
    "mmsi",
    "other_mmsi",
    "start",
    "end",
    "end_before",
    "lat",
    "lon",
    "score",
    "score_before",
    "superseded_by",
    "because",
    "reason",
    "back",
    "explanation",
    "run_id",
]


_BECAUSE = {"rules": " (rules changed)", "either": " (rules may have changed it)"}


def since(
    moment: Annotated[
        str | None,
        typer.Argument(
            help="A run id or a time, ISO 8601 (MYT): the last watch. Else the night before the "
            "newest."
        ),
    ] = None,
    as_of: AsOf = None,
    top: Top = 20,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show what is new, returned, changed, closed or retracted since the last watch.

    Incidents are told whole; of events those that matter for a flag: --csv holds all, and --json
    flags too.

    For example:

      selat since

      selat since 20261124T175959Z-0031

      selat since 2026-11-20 --csv > changes.csv
    """
    installation = shown_installation(home, config)
    from pipelines import store
    from pipelines.ask import recall
    from pipelines.ask.beside import concluded_on
    from pipelines.assess.incidents import as_led

    with store.read(installation.store, installation.settings.store) as reader:
        until = recall.moment(reader, as_of)
        found = recall.changes(reader, recall.last_watch(reader, moment, until), until)
        said = concluded_on(reader, found.incidents["events"].tolist(), until.time)
        shown = as_led(found.incidents.assign(**said), reader.events(until.run_id))
        simulated = bool(reader.simulated)
    if as_csv:
        print_csv(found.events[_EVENT_COLUMNS])
    elif as_json:
        print_json(_as_dict(found))
    else:
        mark_exercise(simulated=simulated)
        _print(found, shown, installation.settings.assess.min_score, top)


def _as_dict(found: "Changes") -> dict[str, Any]:
    return {
        "since": {"run_id": found.since.run_id, "known_time": found.since.known_time},
        "until": {"run_id": found.until.run_id, "known_time": found.until.known_time},
        "incidents": records(found.incidents),
        "flags": records(found.flags),
        "events": records(found.events[_EVENT_COLUMNS]),
        "raised_and_retracted_meanwhile": found.passing,
    }


def _print(found: "Changes", incidents: "pd.DataFrame", min_score: float, top: int) -> None:
    from rich.console import Console
    from rich.text import Text

    from pipelines.base.visible import clean

    console = Console()
    console.print(f"Since {found.since}\nuntil {found.until}", markup=False, highlight=False)
    for name, table in (("Incidents", found.incidents), ("Flags", found.flags)):
        counts = ", ".join(f"{n} {c}" for c, n in table["change"].value_counts().items())
        console.print(f"{name}: {counts or 'nothing changed'}", highlight=False)
    events = found.events
    shown = incidents.head(top)
    print_incidents(shown.assign(status=shown["change"]))
    left = found.incidents["change"].iloc[top:].value_counts()
    if len(left):
        counts = ", ".join(f"{n} {c}" for c, n in left.items())
        console.print(f"\n… and {counts}: --top {len(found.incidents)} lists all", markup=False)
    console.print()
    counts = ", ".join(f"{n} {c}" for c, n in events["change"].value_counts().items())
    console.print(f"Events: {counts or 'nothing changed'}", highlight=False)
    if by_rules := int((events["because"] == "rules").sum()):
        console.print(f"{by_rules} of them because detectors changed, not the sea", highlight=False)
    if either := int((events["because"] == "either").sum()):
        told = "because detectors changed, or by what came late: both are so"
        console.print(f"{either} of them {told}", highlight=False)
    weighty = _weighty(events, min_score)
    for row in weighty.head(top).to_dict("records"):
        was = "" if row["score_before"] != row["score_before"] else f"{row['score_before']:.2f} → "
        rules = _BECAUSE.get(row["because"], "")
        line = f"  {row['change'] + rules:9} {was}{row['score']:.2f}  {row['event_id'][:8]}  "
        back = f" (no longer {row['back']})" if row["back"] else ""
        console.print(Text(line + clean(row["reason"]) + back), soft_wrap=not console.is_terminal)
    rest = len(events) - len(weighty.head(top))
    if rest:
        console.print(f"  … and {rest} more, most of them context: --csv lists all", markup=False)
    if found.passing:
        console.print(f"Raised and retracted meanwhile: {found.passing}")
    typer.echo("Flags are leads, not findings.")


def _weighty(events: "pd.DataFrame", min_score: float) -> "pd.DataFrame":
    """Return what matters for a flag, but for what another version of its detector tells for the
    same score: hundreds after an update, which are counted.
    """
    from pipelines.assess.incidents.lasting import SCORE_STEP

    scores = events[["score", "score_before"]]
    moved = (scores["score"] - scores["score_before"]).abs() >= SCORE_STEP
    retold = (events["because"] == "rules") & (events["change"] == "changed") & ~moved
    return events[~retold & (scores.max(axis=1) >= min_score)]


def find(
    text: Annotated[
        str,
        typer.Argument(
            help="A name, MMSI, IMO number or call sign; or the id of an event or incident, also "
            "as a pack has it."
        ),
    ],
    as_of: AsOf = None,
    top: TopOrAll = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Find a vessel, also by what it called itself earlier and with the spelling a little off.

    0 and O, 1 and I, blanks, dots and @ count as the same. Of the id of an event or incident,
    here or in a pack, its vessels are found; its beginning will do where nothing else fits. Exit
    code 7 where none fits.

    For example:

      selat find "ocean star"

      selat find 9074729

      selat find 0680326013259119

      selat find 5330001 --as-of 2026-11-20
    """
    installation = shown_installation(home, config)
    from pipelines import store
    from pipelines.ask import recall
    from pipelines.base.visible import clean
    from pipelines.publish.packs import issued
    from pipelines.run.windows import NoDataError

    with store.read(installation.store, installation.settings.store) as reader:
        time = recall.time_of(reader, as_of)
        names, vessels = reader.names(time), reader.vessels(time)
        found, title = recall.find(names, vessels, text), ""
        if found.empty or issued.is_id(text):
            meant, title = recall.meant(reader, installation, text)
            if title:
                typer.echo(clean(f"{text}: {title}"), err=True)
                found = recall.of_numbers(names, vessels, meant)
        most = SHOWN if top is None and not (as_json or as_csv) else top
        n_more = len(found.iloc[most:]) if most else 0
        found = recall.placed(reader, found.iloc[:most], time)
        found = found.assign(place=recall.places(found, installation.reference))
        simulated = bool(reader.simulated)
    if not print_as(found, as_json=as_json, as_csv=as_csv):
        mark_exercise(simulated=simulated and not found.empty)
        _print_found(found)
        if n_more:
            typer.echo(f"… and {n_more:,} more: --top {len(found) + n_more} lists all")
    if found.empty and title:
        raise NoDataError("no vessel that was heard is in it", hint=f"selat explain {text}")
    if found.empty:
        raise NoDataError(
            f"no vessel is called like {text!r}", hint="try a part of the name, or fewer digits"
        )


def _print_found(found: Any) -> None:
    from pipelines.base.text import position_text

    names = ("MMSI", "vessel", "last heard", "where", "at", "found by", "alike", "from", "to")
    rows = []
    for row in found.to_dict("records"):
        by = row["field"] if row["current"] else f"earlier {row['field']} {row['value']}"
        at = "" if row["lat"] != row["lat"] else position_text(row["lat"], row["lon"])
        rows.append(
            (
                f"{row['mmsi']:09d} {row['flag_state']}".strip(),
                row["name"],
                moment_text(row["last_seen"]),
                row["place"] or at,
                at,
                by,
                f"{row['likeness']:.0f}",
                moment_text(row["first_time"]),
                moment_text(row["last_time"]),
            )
        )
    if rows:
        print_table(names, rows, drop=("from", "to", "alike", "at", "found by"))

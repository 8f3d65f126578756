"""`selat disposition`: record and list what was concluded about flags."""

import getpass
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.base.text import counted
from pipelines.cli.options import AsCsv, AsJson, AsOf, Config, Home, shown_installation
from pipelines.cli.present import mark_exercise, moment_text, print_as, print_json, print_line

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(no_args_is_help=True, help="Record and list what was concluded about flags.")


@app.command("add")
def add(
    event: Annotated[str, typer.Argument(help="Id of an event or incident, or its beginning.")],
    conclusion: Annotated[
        str, typer.Option("--as", help="boarded, cleared, benign_cause, watch or unknown.")
    ],
    reason: Annotated[str, typer.Option(help="Why, in your words.")],
    by: Annotated[str | None, typer.Option(help="Who concluded so; else your login.")] = None,
    quiet_until: Annotated[
        str | None, typer.Option(help="Set the like aside that begins before this, ISO 8601 (MYT).")
    ] = None,
    quiet_within_nm: Annotated[
        float, typer.Option(min=0, help="How near it must be to be set aside.")
    ] = 5.0,
    home: Home = None,
    config: Config = None,
) -> None:
    """Record a conclusion on an event or incident; earlier ones stay, the newest holds.

    boarded: a boarding confirmed it; one that found nothing is cleared. benign_cause: it has an
    innocent cause. These close it: no unit sails for it, and it isn't looked at first. watch: look
    again; unknown: nobody could tell. These leave it open, behind what nobody has answered.

    For example:

      selat disposition add 3f2a --as boarded --by "KM Tegas" --reason "47 people"

      selat disposition add 9c01 --as benign_cause --reason tide --by KD
    """
    installation = shown_installation(home, config)
    from detectors.kinematics.geodesy import METRES_PER_NM
    from pipelines.run.dispositions import record
    from pipelines.run.windows import utc
    from pipelines.store import RUN_WAIT_S

    rows = record(
        installation,
        event,
        author=by or getpass.getuser(),
        conclusion=conclusion,
        reason=reason,
        quiet_until=utc(quiet_until) if quiet_until else None,
        quiet_within_m=quiet_within_nm * METRES_PER_NM,
        wait_s=RUN_WAIT_S,
    )
    _recorded(rows, event)


@app.command("withdraw")
def withdraw(
    event: Annotated[str, typer.Argument(help="Id of an event or incident, or its beginning.")],
    reason: Annotated[str, typer.Option(help="Why, in your words.")],
    by: Annotated[str | None, typer.Option(help="Whose conclusion; else your login's.")] = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Take back one's own last conclusion on an event or incident.

    What was recorded stays in the log, with the record that takes it back. What held before it
    holds again; lists, plans and corrections are as if it hadn't been made. What has gone out
    stays out: a partner who was told that a lead is cleared is told by `selat correct PACK`.

    For example:

      selat disposition withdraw 3f2a --reason "wrong incident" --by "KM Tegas"
    """
    installation = shown_installation(home, config)
    from pipelines.run.dispositions import withdraw as take_back
    from pipelines.store import RUN_WAIT_S

    author = by or getpass.getuser()
    rows = take_back(installation, event, author=author, reason=reason, wait_s=RUN_WAIT_S)
    _recorded(rows, event)


def _recorded(rows: "pd.DataFrame", asked: str) -> None:
    """Say what was recorded on what was asked for, in a line however many events it has."""
    row = rows.iloc[0]
    said = f"{row['conclusion']} ({row['author']})"
    told = f"{asked}: {said}, on its {len(rows)} events"
    typer.echo(told if len(rows) > 1 else f"{row['disposition_id']}: {said}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="What a brief saved: conclusions-*.json.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask before recording.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Show what it says, record nothing.")] = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Record what somebody concluded on a brief, from the file that it saved.

    The file is signed by nothing: read what it says, and ask its author, before it is recorded. It
    doesn't say when it was written: what others concluded here, and it takes the place of, is told.
    Conclusions that are recorded already are left. It never sets the like aside. Exit code 6
    where an incident isn't known here.

    For example:

      selat disposition import conclusions-20261124T160000Z-0007.json
    """
    installation = shown_installation(home, config)
    from pipelines.ask import recall
    from pipelines.base.visible import clean
    from pipelines.run import conclusions, runs
    from pipelines.store import read

    found = conclusions.load(file)
    with read(installation.store, installation.settings.store) as store:
        of = [recall.meant(store, installation, one.incident_id) for one in found.conclusions]
        others = conclusions.in_place_of(store, installation, found)
    typer.echo(f"{clean(found.author)}, on {clean(found.run_id)}:")
    for one, (_, title), theirs in zip(found.conclusions, of, others, strict=True):
        typer.echo(f"  {one.incident_id}  {one.conclusion}: {clean(one.reason)}")
        typer.echo(f"    {clean(title) or 'no such incident is known here'}")
        for said in theirs:
            typer.echo(f"    in place of {clean(said)}")
    if dry_run:
        return
    asked = f"Record {counted(len(found.conclusions), 'conclusion')}?"
    if not yes and not typer.confirm(asked, err=True):
        raise typer.Exit(1)
    lost = []
    for taken in conclusions.take_in(installation, found):
        n_since = counted(taken.unseen, "event")
        since = f"; of {n_since} since the brief it says nothing" * bool(taken.unseen)
        other = "; taken back or concluded otherwise since, which holds" * (not taken.holds)
        typer.echo(f"{taken.one.incident_id}: {taken.state}{other}{since}")
        lost += [taken.one.incident_id] if taken.state == "no such incident" else []
    if lost:
        raise runs.PartialRunError(
            f"not recorded: {', '.join(lost)}; the others are",
            hint="ask its author which event it was: selat disposition add EVENT",
        )


@app.command("calibrate")
def calibrate(
    home: Home = None,
    config: Config = None,
    dry_run: Annotated[bool, typer.Option(help="Fit and report, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Learn from the conclusions how often flags of a score are right; for `selat flagged`.

    Of outcomes it needs 50 flags, 10 with something found (boarded) and 10 without (cleared,
    benign_cause), and refuses fewer. Exit code 7 where it refuses.

    For example:

      selat disposition calibrate --dry-run
    """
    installation = shown_installation(home, config)
    from pipelines.run.dispositions import calibrate as fit

    path, card = fit(installation, dry_run=dry_run)
    if as_json:
        print_json({"file": path, **card})
        return
    _print_card(card)
    if path is not None:
        typer.echo(f"wrote {path}\nreliability curve: {path.with_suffix('.svg')}")


def _print_card(card: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    mark_exercise(simulated=card["simulated"])
    console.print(
        f"{card['outcomes']} outcomes of {card['runs']} runs, something found on {card['found']}; "
        f"{card['method']} curve",
        highlight=False,
    )
    judged = card["cross_validated"]
    for name in ("logistic", "isotonic", "share"):
        words = "the overall share alone" if name == "share" else name
        one = judged[name]
        console.print(
            f"  {words}: log loss {one['log_loss']:.3f}, Brier {one['brier']:.3f}", highlight=False
        )
    for key, words in (("all", "All flags"), ("highest_third", "The highest third")):
        one = card["lift"][key]
        console.print(
            f"{words}: {one['found']} of {one['n']}, {one['lift']:.1f} times unaided boarding "
            f"({one['lift_low']:.1f} to {one['lift_high']:.1f})",
            highlight=False,
        )
    table = Table("predicted", "found", "95 %", "flags", title="Reliability, cross-validated")
    for one in card["reliability"]:
        table.add_row(
            f"{one['predicted']:.2f}",
            f"{one['observed']:.2f}",
            f"{one['low']:.2f} to {one['high']:.2f}",
            str(one["n"]),
        )
    console.print(table)
    for text in card["limits"]:
        console.print(f"- {text}", highlight=False)


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
    """All conclusions, oldest first: a line for each, on however many events of an incident.

    As JSON and CSV they are a row for each event.

    For example:

      selat disposition list --csv > dispositions.csv

      selat disposition list --as-of 2026-11-20
    """
    installation = shown_installation(home, config)
    from pipelines.ask import recall
    from pipelines.base.labels import labels
    from pipelines.store import read

    with read(installation.store, installation.settings.store) as store:
        known = store.dispositions(recall.time_of(store, as_of))
        incidents = recall.told_at(store, as_of)
    known = known[known["event_id"].str.startswith(event)].reset_index(drop=True)
    words = labels("en")
    if print_as(known, as_json=as_json, as_csv=as_csv):
        return
    if known.empty:
        typer.echo("nothing was concluded")
    for row, n, incident_id in _together(known, incidents):
        print_line(_line(row, words.kind_of(row["kind"], ""), n, incident_id))


def _together(
    known: "pd.DataFrame", incidents: "pd.DataFrame"
) -> Iterator[tuple[Mapping[Any, Any], int, str]]:
    """Give what was recorded at once on an incident as one: the conclusion on the event that it is
    told by, on how many it is, and the incident's id: where one went on in another, of that.
    """
    stands = ~incidents["status"].isin(["merged", "retracted"])
    incidents = incidents.iloc[stands.to_numpy().argsort(kind="stable")]
    of = {
        event: (incident_id, place)
        for incident_id, joined in zip(incidents["incident_id"], incidents["events"], strict=True)
        for place, event in enumerate(joined.split(";"))
    }

    def said(row: Mapping[Any, Any]) -> tuple[str, ...]:
        whose, _ = of.get(row["event_id"], ("", 0))
        same = ("made_time", "author", "conclusion", "reason", "quiet_until")
        return (whose, *(str(row[name]) for name in same))

    # Of two incidents at once each has its rows together.
    groups: dict[tuple[str, ...], list[Mapping[Any, Any]]] = {}
    for row in known.to_dict("records"):
        groups.setdefault(said(row), []).append(row)
    for (incident_id, *_), rows in groups.items():
        every = sorted(rows, key=lambda row: of.get(row["event_id"], ("", 0))[1])
        if incident_id:
            yield every[0], len(every), incident_id
        else:
            yield from ((row, 1, "") for row in every)


def _line(row: Mapping[Any, Any], kind: str, n: int = 1, incident_id: str = "") -> str:
    """Return a conclusion for a terminal."""
    import pandas as pd

    from pipelines.base.visible import clean

    when = moment_text(row["made_time"])
    whose = f" {row['mmsi']:09d}" if row["mmsi"] else ""  # of what no AIS explains there is none
    what = f"{kind}{whose} {row['conclusion']}"
    where = f"incident {incident_id}" if n > 1 else row["disposition_id"]
    line = f"{where}  {when}  {row['author']}  {what}: {row['reason']}"
    line += f" (on {n} events)" if n > 1 else f" (incident {incident_id})" if incident_id else ""
    quiet = row["quiet_until"]
    until = "" if quiet is pd.NaT else f" (the like set aside until {moment_text(quiet)})"
    return clean(line) + until

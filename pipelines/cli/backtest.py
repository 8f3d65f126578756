"""`selat backtest`: what a rule would raise with other thresholds, or a watch area."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.base.visible import clean
from pipelines.cli.options import (
    AsCsv,
    AsJson,
    Config,
    Date,
    Home,
    Quiet,
    Since,
    Top,
    Until,
    shown_installation,
)
from pipelines.cli.present import moment_text, print_csv, print_json, records, vessel_list

if TYPE_CHECKING:
    from pipelines.run.backtests import Outcome

_SHOWN = [
    "status",
    "kind",
    "subkind",
    "mmsi",
    "other_mmsi",
    "start",
    "end",
    "score_before",
    "score",
    "explanation",
    "event_id",
]


def backtest(
    detector: Annotated[
        str | None, typer.Option(help="The rule: a name of config/detectors.yaml.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A threshold, NAME=VALUE; NAME_s also as NAME_h, _min, _d, NAME_m as _nm, _km. "
            "Repeatable.",
        ),
    ] = None,
    watch_area: Annotated[
        Path | None,
        typer.Option(
            help="Instead of a rule: a watch area, a YAML file; see config/zones/README.md."
        ),
    ] = None,
    date: Date = None,
    since: Since = None,
    until: Until = None,
    top: Top = 20,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show what a rule with other thresholds, or a watch area, would have raised; writes nothing.

    Shows how many events and leads more or fewer there would be, which are new, gone or changed,
    and which vessels would join or leave the list of flagged ones.

    For example:

      selat backtest --detector loitering --set min_duration_h=4 --date 2026-11-24

      selat backtest --detector encounter --set max_distance_m=300 --csv

      selat backtest --watch-area beaches.yaml --since 2026-11-01
    """
    thresholds = detector is not None and bool(set_)
    if thresholds is (watch_area is not None) or (watch_area and (detector or set_)):
        raise typer.BadParameter("give --detector with --set, or --watch-area alone")
    installation = shown_installation(home, config)
    from pipelines.base.progress import reporter
    from pipelines.run import backtests

    with reporter(quiet=quiet or as_json or as_csv) as report:
        trial = (
            backtests.trial_of_area(installation, watch_area)
            if watch_area is not None
            else backtests.trial_of_thresholds(installation, str(detector), set_ or [])
        )
        outcome = backtests.run_backtest(installation, trial, date, since, until, report)
    if as_csv:
        print_csv(outcome.result.compared[_SHOWN])
    elif as_json:
        print_json(_summary(outcome))
    else:
        tried = f"{detector} with {', '.join(set_ or [])}"
        _print(outcome, tried if watch_area is None else f"Watch area {watch_area.name}", top)


def _summary(outcome: "Outcome") -> dict[str, Any]:
    compared = outcome.result.compared
    joined, left = outcome.flags_changed()
    rows = records(compared.loc[compared["status"] != "same", _SHOWN])
    return {
        "window": {"start": outcome.window.start, "end": outcome.window.end},
        "vessel_hours": outcome.vessel_hours,
        **outcome.counts(),
        "status": compared["status"].value_counts().to_dict(),
        "dispositions": records(outcome.dispositions),
        "flags_joined": [f"{mmsi:09d}" for mmsi in joined],
        "flags_left": [f"{mmsi:09d}" for mmsi in left],
        "changes": [{**row, "reason": outcome.reasons.get(row["event_id"], "")} for row in rows],
    }


def _print(outcome: "Outcome", tried: str, top: int) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    window = outcome.window
    console.print(
        f"{escape(clean(tried))}, {moment_text(window.start)} to "
        f"{moment_text(window.end)}, {outcome.vessel_hours:,} vessel-hours",
        highlight=False,
    )
    counts = outcome.counts()
    table = Table("", "as it is", "as it would be", "difference")
    for key, was in counts["before"].items():
        becomes = counts["after"][key]
        row = (key.replace("_", " "), str(was), str(becomes), f"{becomes - was:+g}")
        table.add_row(*row)
    console.print(table)
    compared = outcome.result.compared
    by_status = compared["status"].value_counts().to_dict()
    console.print(
        "Events: " + (", ".join(f"{n} {name}" for name, n in by_status.items()) or "none"),
        highlight=False,
    )
    different = compared[compared["status"] != "same"].sort_values("score", ascending=False)
    for change in different.head(top).to_dict("records"):
        text = escape(outcome.reasons.get(change["event_id"], change["kind"]))
        who = f"{change['mmsi']:09d}" if change["mmsi"] else "no AIS"
        line = f"  {change['status']:8} {change['score']:.2f} {who:9}  {text}"
        console.print(line, highlight=False)
    if len(different) > top:
        console.print(f"  … and {len(different) - top} more: --csv lists all")
    joined, left = outcome.flags_changed()
    for words, mmsis in (("would join", joined), ("would leave", left)):
        listed = f"{len(mmsis)} ({vessel_list(mmsis, top)})"
        console.print(f"Flagged vessels that {words} the list: {listed}", highlight=False)
    known = outcome.dispositions
    console.print(f"Known dispositions on events that would change or go: {len(known)}")
    for one in known.head(top).to_dict("records"):
        text = escape(f"{one['conclusion']}, {one['author']}: {one['reason']}")
        line = f"  {one['status']:8} {one['event_id']} {one['mmsi']:09d}  {text}"
        console.print(line, highlight=False)

"""`selat redetect`: look again after a detector has changed."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.base.text import counted
from pipelines.cli.options import (
    AsJson,
    Config,
    Date,
    Home,
    Quiet,
    Since,
    Top,
    Until,
    installation_of,
)
from pipelines.cli.present import print_json, vessel_list

if TYPE_CHECKING:
    from pipelines.run.redetect import Redetection

_SHOWN = [
    "status",
    "kind",
    "subkind",
    "detector",
    "mmsi",
    "other_mmsi",
    "start",
    "end",
    "score_before",
    "score",
    "changes",
    "explanation",
    "reason",
    "event_id",
]


def redetect(
    date: Date = None,
    since: Since = None,
    until: Until = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Replace; without it the difference is only shown.")
    ] = False,
    top: Top = 20,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Look again at the days that other versions of the detectors looked at, or at a named span.

    Shows which events would be created, changed and retracted, and which vessels would join or
    leave the lists. With --apply each day becomes a run of its own; --as-of still shows what was
    known before.

    For example:

      selat redetect

      selat redetect --since 2026-11-01 --until 2026-11-24 --apply
    """
    installation = installation_of(home, config)
    from pipelines.base.progress import reporter
    from pipelines.run import runs
    from pipelines.run.redetect import redetect as look_again

    with reporter(quiet=quiet or as_json) as report:
        found = look_again(installation, date, since, until, report, apply=apply)
    if as_json:
        print_json(_summary(found))
    else:
        _print(found, top)
    if found.failures:
        what = "; ".join(f"{name}: {text}" for name, text in found.failures.items())
        raise runs.PartialRunError(f"a part failed, and what it had found stands: {what}")


def _summary(found: "Redetection") -> dict[str, Any]:
    events = found.difference
    rows = events.loc[events["status"] != "same", _SHOWN]
    return {
        "days": list(found.days),
        "versions": {
            name: {"before": before, "now": now} for name, (before, now) in found.versions.items()
        },
        "counts": found.counts(),
        "events": rows.to_dict("records"),
        "flags_joined": [f"{mmsi:09d}" for mmsi in found.flags_joined],
        "flags_left": [f"{mmsi:09d}" for mmsi in found.flags_left],
        "failures": dict(found.failures),
        "runs": list(found.run_ids),
    }


def _print(found: "Redetection", top: int) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"{counted(len(found.days), 'day')}, {found.days[0]} to {found.days[-1]} (MYT)")
    for name, (before, now) in found.versions.items():
        console.print(f"  {name}: version {before} → {now}")
    table = Table("detector", "created", "changed", "same", "retracted", "not assessed")
    for row in found.counts():
        table.add_row(*map(str, row.values()))
    console.print(table)
    events = found.difference
    different = events[events["status"] != "same"].sort_values(
        ["score", "event_id"], ascending=[False, True]
    )
    for event in different.head(top).to_dict("records"):
        console.print(f"  {escape(_line({str(name): value for name, value in event.items()}))}")
    if len(different) > top:
        console.print(f"  … and {len(different) - top} more: --json lists all")
    for words, mmsis in (("join", found.flags_joined), ("leave", found.flags_left)):
        console.print(f"Vessels that {words} the lists: {len(mmsis)} ({vessel_list(mmsis, top)})")
    if found.run_ids:
        console.print(
            f"Replaced by {counted(len(found.run_ids), 'run')}, the newest {found.run_ids[-1]}"
        )
    else:
        console.print("Nothing was written; --apply replaces.")


def _line(event: dict[str, Any]) -> str:
    score = f"{event['score']:.2f}"
    if event["status"] == "changed":
        score = f"{event['score_before']:.2f} → {score} ({event['changes']})"
    return f"{event['status']:9} {event['mmsi']:09d}  {score}  {event['reason']}"

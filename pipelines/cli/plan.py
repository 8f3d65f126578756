"""`selat plan`: which patrol unit goes where tonight, and why not elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.base.text import counted
from pipelines.cli.options import AsCsv, AsJson, Config, Home, Quiet, shown_installation

if TYPE_CHECKING:
    from pipelines.patrol.model import Plan


def plan(
    run: Annotated[str | None, typer.Option(help="Run id; else the newest run.")] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", help="When the plan begins, ISO 8601 (MYT); else the run's end."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; else the run's.")] = None,
    iterations: Annotated[
        int | None, typer.Option(min=1, help="Of the solver, in place of the configured ones.")
    ] = None,
    greedy: Annotated[bool, typer.Option("--greedy", help="Without the solver.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Plan, write nothing.")] = False,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    quiet: Quiet = False,
) -> None:
    """Assign patrol units (config/patrol.yaml) to flagged vessels and risk sectors.

    Writes plan.json, plan.csv, plan.geojson and plan.html into the run's folder, and a GPX and an
    RTZ route for each sortie. Depth is not checked; flags are leads; a plan says when it is stale.

    For example:

      selat plan

      selat plan --from 2026-11-25T18:00+08:00 --csv

      selat plan --run 20261124T180000Z-0007 --out /media/usb/plan
    """
    installation = shown_installation(home, config)
    from pipelines.base.progress import reporter
    from pipelines.publish.plan import tables
    from pipelines.publish.products import Planned
    from pipelines.run import plan as flow
    from pipelines.run.windows import utc

    begin = utc(start) if start else None
    with reporter(quiet=quiet or as_json or as_csv) as report, report.bar("Plan", None) as bar:
        made = flow.plan_run(
            installation, run, begin, bar.say, use_solver=not greedy, iterations=iterations
        )
    files = [] if dry_run else flow.write(installation, made, out)
    if as_json:
        typer.echo(tables.to_json(Planned(made)), nl=False)
    elif as_csv:
        typer.echo(tables.as_csv(Planned(made)), nl=False)
    else:
        _print(made)
        if files:
            typer.echo(
                f"Plan: {files[0].parent / 'plan.html'} and {counted(len(files) - 1, 'more file')}"
            )


def _print(made: "Plan") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pipelines.base import labels
    from pipelines.publish.plan import words
    from pipelines.publish.products import Planned

    console, planned = Console(), Planned(made)
    every = labels.labels(planned.language)
    said = every.plan
    for text in words.warnings(planned):
        console.print(Text(text, style="yellow"))
    console.print(
        f"\nRun {made.run_id}, {words.local(made.start_us)} to {words.local(made.end_us)}",
        highlight=False,
    )
    for one in made.sailed:
        watch = f"{words.local(one.sortie.opens_us)} to {words.local(one.sortie.closes_us)}"
        head = f"\n{words.sortie(one.sortie, said)}: watch {watch}"
        if not one.stops:
            console.print(Text(f"{head}; stays at its base, nothing in reach is worth sailing for"))
            continue
        console.print(
            Text(f"{head}, {round(one.distance_nm, 1):.0f} nm, {one.hours:.1f} h"), style="bold"
        )
        table = Table("#", "leave", "there", "until", "task", "nm", "kn", "chance")
        for number, stop in enumerate(one.stops, 1):
            rank = f"rank {stop.target.rank}: " if stop.target else ""
            back = words.task(stop) == "return"
            what = words.what(stop, one, said)
            table.add_row(
                str(number),
                words.local(stop.depart_us, date=False),
                words.local(stop.begin_us, date=False),
                "" if back else words.local(stop.end_us, date=False),
                Text(f"{words.task(stop)} {rank}{what}\n{words.place(stop, every)}"),
                f"{words.nm(stop.route.distance_m):g}",
                f"{stop.speed_kn:.0f}",
                "" if back else f"{words.chance(stop):.0%}",
            )
        if late := words.late(one, planned):
            console.print(Text(late, style="yellow"))
        console.print(table)
    if made.unplaced:
        console.print(Text(f"no navigable water at the base of {', '.join(made.unplaced)}"))
    if made.left_out:
        console.print(f"\n{len(made.left_out)} flagged vessels are not sailed for:")
        table = Table("#", "vessel", "score", "why not")
        for left in made.left_out:
            reason, detail = words.reason(left.reason, said), words.detail(left, planned)
            why = f"{reason}\n{detail}" if detail else reason
            table.add_row(
                str(left.target.rank),
                Text(words.vessel(left.target, said)),
                f"{left.target.score:.2f}",
                Text(why),
            )
        console.print(table)

"""`selat exercise`: simulate labelled feeds, score runs."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli_options import AsJson, Config, cell, installation_of

app = typer.Typer(no_args_is_help=True, help="Simulate labelled feeds and score runs.")


@app.command("simulate")
def exercise_simulate(
    out: Annotated[Path, typer.Argument(help="Folder for feed.nmea.gz and truth.json.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same bytes.")] = 1,
    hours: Annotated[float, typer.Option(min=1, help="Length of the feed.")] = 24,
    vessels: Annotated[int, typer.Option(min=20, help="Number of vessels.")] = 300,
    start: Annotated[str, typer.Option(help="Start, ISO 8601 UTC.")] = "2026-01-05T16:00:00Z",
    config: Config = None,
) -> None:
    """Write a labelled feed of simulated traffic, as real AIVDM sentences.

    For example:

      selat exercise simulate data/exercise --seed 7 --hours 24 --vessels 300
    """
    installation = installation_of(None, config)
    from pipelines.exercise import simulate
    from pipelines.flows.runs import load_zones
    from pipelines.flows.windows import utc
    from pipelines.progress import reporter

    with reporter() as report, report.bar("Simulating", 1.0) as bar:
        simulate(
            out, seed=seed, hours=hours, vessels=vessels, start=utc(start, "UTC").to_pydatetime(),
            zones=load_zones(installation), progress=bar.to,
        )  # fmt: skip
    typer.echo(f"wrote {out / 'feed.nmea.gz'} and {out / 'truth.json'}")


@app.command("score")
def exercise_score(
    truth: Annotated[Path, typer.Argument(help="truth.json of the feed.")],
    run: Annotated[Path, typer.Argument(help="Folder of the run's results.")],
    as_json: AsJson = False,
) -> None:
    """Compare a run with the truth: recall per kind, traps raised, precision of the top.

    For example:

      selat exercise score data/exercise/truth.json data/exercise/home/latest
    """
    from pipelines.exercise import score

    result = score(truth, run)
    if as_json:
        typer.echo(result.to_json())
        return
    from rich.console import Console
    from rich.table import Table

    headings = {
        "kind": "kind", "planted": "planted", "found": "found", "recall": "recall",
        "start_error_s": "start off by, s", "traps": "traps", "raised": "raised",
        "raised_flagged": "flagged", "other": "other events",
    }  # fmt: skip
    table = Table(*headings.values())
    for row in result.to_frame()[list(headings)].itertuples(index=False):
        table.add_row(*[cell(value) for value in row])
    console = Console()
    console.print(table)
    console.print(
        f"Precision of the top {result.top}: {cell(result.precision_at_top)} "
        f"({result.top_right} of {result.top} are planted; {result.flagged_vessels} flagged)",
        highlight=False,
    )

"""The command `selat`. Heavy imports wait until a command needs them, so that --help is instant."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from detectors.core.errors import SelatError

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.settings import Installation

app = typer.Typer(
    name="selat",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
exercise_app = typer.Typer(no_args_is_help=True, help="Simulate labelled feeds and score runs.")
store_app = typer.Typer(no_args_is_help=True, help="Look into the store.")
app.add_typer(exercise_app, name="exercise")
app.add_typer(store_app, name="store")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"selat {version('selat')}")
        raise typer.Exit


@app.callback()
def selat(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Maritime vessel-tracking analytics for the Straits of Malacca.

    AIS feeds in, a ranked and explained list of vessels out. Flags are leads, not findings.
    """


Home = Annotated[
    Path | None,
    typer.Option(help="Folder of everything produced; else SELAT_HOME, else data/home."),
]
Config = Annotated[
    Path | None,
    typer.Option(help="Folder of configuration; else SELAT_CONFIG, else the project's config/."),
]
Feeds = Annotated[
    list[str] | None,
    typer.Option("--feed", help="A feed: file, folder, glob, or - for standard input. Repeatable."),
]
AreaText = Annotated[
    str | None,
    typer.Option(help="Keep reports inside: all, a zone's id, or W,S,E,N. Else the setting."),
]
MappingName = Annotated[
    str | None,
    typer.Option(help="Read CSV through this mapping of config/mappings.yaml."),
]
AssumeTime = Annotated[
    str | None,
    typer.Option(help="For feeds without any times: the one time that all their reports get."),
]
Date = Annotated[str | None, typer.Option(help="Kuala Lumpur day, YYYY-MM-DD.")]
Since = Annotated[str | None, typer.Option(help="Start of the window, ISO 8601.")]
Until = Annotated[str | None, typer.Option(help="End of the window, ISO 8601.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


@app.command()
def nightly(
    feed: Feeds = None,
    date: Date = None,
    since: Since = None,
    until: Until = None,
    area: AreaText = None,
    mapping: MappingName = None,
    assume_time: AssumeTime = None,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """The whole job: ingest what is new, detect, assess, export.

    Exit codes: 0 complete, 6 partial (results are there, a part failed), 7 nothing to look at,
    3 no feed could be read, 5 another process is writing.

    For example:

      selat nightly --feed feeds/2026-11-24.nmea.gz

      selat nightly --feed feeds/ --date 2026-11-24

      selat nightly --feed baltic.csv --area all --home data/baltic
    """
    installation = _installation(home, config)
    from pipelines.flows.environment import prepare

    prepare(installation.home)
    from pipelines.flows.nightly import nightly as flow
    from pipelines.flows.runs import PartialRunError

    failure: PartialRunError | None = None
    try:
        flow(
            str(installation.home), str(installation.config), tuple(feed or ()),
            area, mapping, assume_time, date, since, until, quiet,
        )  # fmt: skip
    except PartialRunError as error:
        failure = error
    _show_latest(installation, top=10, as_json=as_json)
    if failure:
        raise failure


@app.command()
def ingest(
    feed: Annotated[list[str], typer.Argument(help="Feeds: files, folders, globs, or -.")],
    area: AreaText = None,
    mapping: MappingName = None,
    assume_time: AssumeTime = None,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option(help="Read the feeds, write nothing.")] = False,
) -> None:
    """Read feeds into the store; a feed that is there already is left alone.

    For example:

      selat ingest feeds/2026-11-24.nmea.gz

      zcat today.nmea.gz | selat ingest -

      selat ingest tracks.csv --mapping solent --area all
    """
    installation = _installation(home, config)
    from pipelines.flows import feeds, runs
    from pipelines.progress import reporter

    zones = runs.load_zones(installation)
    with reporter(quiet=quiet or as_json) as report:
        summary = feeds.ingest_only(
            installation, zones, feed, area=area, mapping=mapping, assume_time=assume_time,
            report=report, dry_run=dry_run,
        )  # fmt: skip
    if as_json:
        _print_json({"added": summary.added, "already_there": summary.already_there,
                     "failed": summary.failed})  # fmt: skip
    if summary.failed:
        raise runs.PartialRunError(
            f"{len(summary.failed)} of the feeds could not be read; the others are in the store"
        )


@app.command()
def detect(
    date: Date = None,
    since: Since = None,
    until: Until = None,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Detect, assess and export over a window of what is already in the store.

    For example:

      selat detect

      selat detect --since 2026-11-20 --until 2026-11-24
    """
    installation = _installation(home, config)
    from pipelines.flows import runs
    from pipelines.progress import reporter

    with reporter(quiet=quiet or as_json) as report:
        finished = runs.detect_only(installation, date, since, until, report)
    _show_latest(installation, top=10, as_json=as_json)
    runs.raise_if_partial(finished)


@app.command()
def flagged(
    top: Annotated[int, typer.Option(help="How many vessels.")] = 10,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """The flagged vessels of the newest run.

    For example:

      selat flagged --top 20

      selat flagged --csv > flagged.csv
    """
    installation = _installation(home, config)
    if as_csv:
        text = (_latest(installation) / "flagged.csv").read_text(encoding="utf-8")
        sys.stdout.write("".join(text.splitlines(keepends=True)[: top + 1]))
        return
    _show_latest(installation, top=top, as_json=as_json)


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="Folder to write to; must not exist.")],
    run: Annotated[str | None, typer.Option(help="Run id; else the newest run.")] = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Write the products of a finished run again, from the store.

    For example:

      selat export /media/usb/pack
    """
    installation = _installation(home, config)
    from pipelines.flows.runs import export_run

    for path in export_run(installation, run, out):
        typer.echo(path)


@app.command()
def serve(
    feed: Feeds = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Run every night at the scheduled time (02:00 Asia/Kuala_Lumpur) until stopped.

    For example:

      selat serve --feed feeds/
    """
    installation = _installation(home, config)
    from pipelines.flows.environment import prepare

    prepare(installation.home)
    from pipelines.flows.serve import serve as serve_schedule

    schedule = installation.settings.schedule
    typer.echo(f"Running at {schedule.cron!r}, {schedule.timezone}, until stopped.", err=True)
    serve_schedule(installation, tuple(feed or ()))


@app.command()
def listen(
    source: Annotated[
        str,
        typer.Argument(
            help="tcp://HOST:PORT, udp://[HOST]:PORT, serial:/dev/X?baud=38400, or - for "
            "standard input."
        ),
    ],
    folder: Annotated[
        Path | None, typer.Option(help="Where to record; else HOME/recordings.")
    ] = None,
    rotate_min: Annotated[float, typer.Option(help="Minutes in a file.")] = 15,
    station: Annotated[
        str | None, typer.Option(help="Name of the receiver, for its tag blocks.")
    ] = None,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
) -> None:
    """Record a live feed to files that the nightly run picks up, until stopped.

    Nothing that was received more than a second ago is lost whatever happens to the process. An
    interrupted recording is finished when the next one starts in the same folder.

    For example:

      selat listen tcp://192.0.2.7:5631

      selat listen "serial:/dev/ttyUSB0?baud=38400" --folder /feeds/live
    """
    installation = _installation(home, config)
    from rich.console import Console
    from rich.markup import escape
    from rich.status import Status as Spinner

    from pipelines.listen import Status, stop_on_signals
    from pipelines.listen import listen as record

    console = Console(stderr=True, quiet=quiet)
    spinner = Spinner("waiting", console=console)

    def show(status: Status) -> None:
        spinner.update(
            f"{status.state}  {status.rate_per_s:,.0f}/s  {status.vessels:,} vessels  "
            + escape(status.last_line[:60])
        )

    with spinner, stop_on_signals() as stop:
        summary = record(
            source, folder or installation.recordings, rotate_s=rotate_min * 60,
            station=station, on_status=show, stop=stop,
            on_notice=lambda text: console.print(text, markup=False, highlight=False),
        )  # fmt: skip
    for file in summary.files:
        typer.echo(file)


@app.command()
def doctor(home: Home = None, config: Config = None, as_json: AsJson = False) -> None:
    """Check the configuration, zones and store; exit code 1 if something is wrong.

    For example:

      selat doctor
    """
    installation = _installation(home, config)
    from pipelines.flows.examine import examine

    problems = examine(installation)
    if as_json:
        _print_json([asdict(problem) for problem in problems])
    else:
        from rich.console import Console

        console = Console()
        for problem in problems:
            text = f"{problem.level}: {problem.where}: {problem.message}"
            console.print(text, markup=False, highlight=False)
            if problem.hint:
                console.print(f"  hint: {problem.hint}", markup=False, highlight=False)
        console.print("no problem found" if not problems else f"{len(problems)} found")
    if any(problem.level == "error" for problem in problems):
        raise typer.Exit(1)


@store_app.command("feeds")
def store_feeds(home: Home = None, config: Config = None, as_json: AsJson = False) -> None:
    """What was read from each feed, and what was rejected and why.

    For example:

      selat store feeds

      selat store feeds --json
    """
    installation = _installation(home, config)
    from pipelines.store import read

    with read(installation.store, installation.settings.store) as store:
        ledger = store.ledger()
    texts = zip(ledger["name"].tolist(), ledger["report"].tolist(), strict=True)
    reports = [(str(name), json.loads(text)) for name, text in texts]
    if as_json:
        _print_json([{"name": name, **report} for name, report in reports])
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("feed", "format", "rows", "positions", "static", "outside", "rejected")
    for name, report in reports:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in report["rejected"].items())
        counts = [f"{report[c]:,}" for c in ("rows_read", "positions", "statics", "outside_area")]
        table.add_row(Text(name), Text(report["format"]), *counts, Text(reasons))
    Console().print(table)


@exercise_app.command("simulate")
def exercise_simulate(
    out: Annotated[Path, typer.Argument(help="Folder for feed.nmea.gz and truth.json.")],
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same bytes.")] = 1,
    hours: Annotated[float, typer.Option(min=1, help="Length of the feed.")] = 24,
    vessels: Annotated[int, typer.Option(min=20, help="Number of vessels.")] = 300,
    start: Annotated[str, typer.Option(help="Start, ISO 8601 UTC.")] = "2026-01-05T16:00:00Z",
    config: Config = None,
) -> None:
    """Write a labelled feed of simulated traffic, as real AIVDM sentences.

    For example:

      selat exercise simulate data/exercise --seed 7 --hours 24 --vessels 300
    """
    installation = _installation(None, config)
    from pipelines.exercise import simulate
    from pipelines.flows.runs import load_zones
    from pipelines.flows.windows import utc
    from pipelines.progress import reporter

    with reporter() as report, report.bar("Simulating", 1.0) as bar:
        simulate(
            out, seed=seed, hours=hours, vessels=vessels, start=utc(start).to_pydatetime(),
            zones=load_zones(installation), progress=bar.to,
        )  # fmt: skip
    typer.echo(f"wrote {out / 'feed.nmea.gz'} and {out / 'truth.json'}")


@exercise_app.command("score")
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
        table.add_row(*[_cell(value) for value in row])
    console = Console()
    console.print(table)
    console.print(
        f"Precision of the top {result.top}: {_cell(result.precision_at_top)} "
        f"({result.top_right} of {result.top} are planted; {result.flagged_vessels} flagged)",
        highlight=False,
    )


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "–" if value != value else f"{value:.2f}"  # noqa: PLR0124 - NaN
    return str(value)


def _installation(home: Path | None, config: Path | None) -> "Installation":
    from pipelines.settings import load

    return load(home, config)


def _latest(installation: "Installation") -> Path:
    from pipelines.flows.windows import NoDataError

    if not installation.latest.exists():
        raise NoDataError(
            f"no finished run in {installation.home}", hint="start one: selat nightly --feed PATH"
        )
    return installation.latest.resolve()


def _show_latest(installation: "Installation", *, top: int, as_json: bool) -> None:
    import pandas as pd

    folder = _latest(installation)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    vessels = pd.read_csv(folder / "flagged.csv", dtype=str, keep_default_na=False)
    if as_json:
        rows = vessels.head(top).to_dict("records")
        _print_json({"run_id": manifest["run_id"], "state": manifest["state"],
                     "simulated": manifest["simulated"], "folder": str(folder),
                     "failures": manifest["failures"], "flagged": rows})  # fmt: skip
        return
    _print_table(manifest, vessels.head(top), total=len(vessels), folder=folder)


def _print_table(
    manifest: dict[str, Any], vessels: "pd.DataFrame", *, total: int, folder: Path
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pipelines.export.tables import SIMULATED_PREFIX
    from pipelines.export.text import clean

    console = Console()
    if manifest["simulated"]:
        console.print("[bold yellow]SIMULATED DATA – EXERCISE[/]")
    window = manifest["window"]
    console.print(
        f"Run {manifest['run_id']}: {manifest['state']}, {window['start']} to {window['end']}, "
        f"{manifest['counts']['vessels_looked_at']:,} vessels looked at, {total} flagged",
        highlight=False,
    )
    for name, text in manifest["failures"].items():
        console.print(Text(f"failed: {name}: {text}", style="bold red"))
    table = Table("#", "score", "MMSI", "vessel", "flag", "why", show_lines=True)
    for row in vessels.itertuples(index=False):
        texts = str(row.reasons).split(" | ")
        reasons = [clean(text.removeprefix(SIMULATED_PREFIX)) for text in texts]
        more = [f"… and {len(reasons) - 2} more"] if len(reasons) > 2 else []
        table.add_row(
            str(row.rank), f"{float(str(row.score)):.2f}", str(row.mmsi),
            Text(clean(str(row.name))), str(row.flag_state),
            Text("\n".join([*reasons[:2], *more])),
        )  # fmt: skip
    if len(vessels):
        console.print(table)
    else:
        console.print("No vessel was flagged. That is not an all-clear: see the brief.")
    typer.echo(
        f"Flags are leads, not findings.\nResults: {folder}\nBrief:   {folder / 'brief.html'}"
    )


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def main() -> None:
    """Run the command; an error for a person is a message, a hint and an exit code."""
    try:
        app()
    except SelatError as error:
        from rich.console import Console

        console = Console(stderr=True)
        console.print(
            f"error: {error.message}", style="red", markup=False, highlight=False, soft_wrap=True
        )
        if error.hint:
            console.print(f"hint: {error.hint}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

"""The command `selat`. Heavy imports wait until a command needs them, so that --help is instant."""

import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from signal import Signals
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from detectors.core.errors import SelatError
from pipelines.base.terminal import guard
from pipelines.base.visible import clean
from pipelines.cli import backfill as cli_backfill
from pipelines.cli import backtest as cli_backtest
from pipelines.cli import backup as cli_backup
from pipelines.cli import disposition as cli_disposition
from pipelines.cli import exercise as cli_exercise
from pipelines.cli import explain as cli_explain
from pipelines.cli import health as cli_health
from pipelines.cli import learn as cli_learn
from pipelines.cli import operation as cli_operation
from pipelines.cli import packs as cli_packs
from pipelines.cli import plan as cli_plan
from pipelines.cli import recall as cli_recall
from pipelines.cli import redetect as cli_redetect
from pipelines.cli import service as cli_service
from pipelines.cli import sightings as cli_sightings
from pipelines.cli import sql as cli_sql
from pipelines.cli import store as cli_store
from pipelines.cli.options import (
    AreaText,
    AsCsv,
    AsJson,
    AsOf,
    AssumeTime,
    Config,
    Date,
    Feeds,
    Home,
    MappingName,
    Quiet,
    Sightings,
    Since,
    Until,
    installation_of,
    print_json,
    shown_installation,
)

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.assess.dispositions.models import Model
    from pipelines.base.settings import Installation

app = typer.Typer(
    name="selat", no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False
)
app.add_typer(cli_exercise.app, name="exercise")
app.add_typer(cli_sightings.app, name="sightings")
app.add_typer(cli_store.app, name="store")
app.add_typer(cli_learn.app, name="learn")
app.add_typer(cli_disposition.app, name="disposition")
app.add_typer(cli_operation.app, name="operation")
app.add_typer(cli_packs.keys, name="keys")


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
    sightings: Sightings = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """The whole job: ingest what is new, detect, assess, export.

    Exit codes: 0 complete, 6 partial (results are there, a part failed), 7 nothing to look at,
    3 no feed could be read, 5 another process is writing.

    For example:

      selat nightly --feed feeds/2026-11-24.nmea.gz

      selat nightly --feed feeds/ --date 2026-11-24

      selat nightly --feed feeds/ --sightings sar-2026-11-24.csv --sightings patrol.geojson

      selat nightly --feed baltic.csv --area all --home data/baltic
    """
    installation = installation_of(home, config)
    from pipelines.flows.environment import prepare

    _check_request(installation, feed or [], area, mapping, assume_time, date, since, until)
    prepare(installation.home)
    from pipelines.flows.server import server_for_a_run
    from pipelines.run.runs import PartialRunError

    failure: PartialRunError | None = None
    with server_for_a_run(installation) as alone:
        from pipelines.flows.nightly import nightly as flow
        from pipelines.flows.retention import tidy

        try:
            flow(
                str(installation.home),
                str(installation.config),
                tuple(feed or ()),
                area,
                mapping,
                assume_time,
                date,
                since,
                until,
                quiet,
                tuple(sightings or ()),
            )
        except PartialRunError as error:
            failure = error
        if alone:
            tidy(installation.settings.service.retention_days)
    _show_latest(installation, top=10, as_json=as_json)
    if failure:
        raise failure


def _check_request(
    installation: "Installation",
    feeds: list[str],
    area: str | None,
    mapping: str | None,
    assume_time: str | None,
    date: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Find what is wrong with a command line before the orchestrator takes its time to start."""
    from pipelines.ingest import discover
    from pipelines.run.feeds import ingest_options
    from pipelines.run.runs import build_detectors, load_zones
    from pipelines.run.windows import asked_for

    asked_for(date, since, until)
    ingest_options(installation, load_zones(installation), area, mapping, assume_time)
    build_detectors(installation)
    given = [feed for feed in feeds if feed != "-"]
    if given and not any(Path(feed).exists() or set(feed) & set("*?[") for feed in given):
        discover(given, installation.spool)  # says what is wrong


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
    installation = installation_of(home, config)
    from pipelines.base.progress import reporter
    from pipelines.run import feeds, runs

    zones = runs.load_zones(installation)
    with reporter(quiet=quiet or as_json) as report:
        summary = feeds.ingest_only(
            installation,
            zones,
            feed,
            area=area,
            mapping=mapping,
            assume_time=assume_time,
            report=report,
            dry_run=dry_run,
        )
    if as_json:
        print_json(
            {
                "added": summary.added,
                "already_there": summary.already_there,
                "failed": summary.failed,
            }
        )
    if summary.failed:
        kept = "nothing was written" if dry_run else "what could be read is in the store"
        raise runs.PartialRunError(f"not read whole: {len(summary.failed)} of the feeds; {kept}")


@app.command()
def detect(
    date: Date = None,
    since: Since = None,
    until: Until = None,
    sightings: Sightings = None,
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
    installation = installation_of(home, config)
    from pipelines.base.progress import reporter
    from pipelines.run import runs

    with reporter(quiet=quiet or as_json) as report:
        finished = runs.detect_only(installation, date, since, until, report, sightings or ())
    _show_latest(installation, top=10, as_json=as_json)
    runs.raise_if_partial(finished)


app.command("backfill")(cli_backfill.backfill)
app.command("backtest")(cli_backtest.backtest)
app.command("redetect")(cli_redetect.redetect)
app.command("since")(cli_recall.since)
app.command("find")(cli_recall.find)
app.command("explain")(cli_explain.explain)
app.command("plan")(cli_plan.plan)
app.command("backup")(cli_backup.backup)
app.command("restore")(cli_backup.restore)


@app.command()
def flagged(
    top: Annotated[int, typer.Option(min=1, help="How many vessels.")] = 10,
    as_of: AsOf = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """The flagged vessels of the newest run, or of the newest that was known at a past moment.

    A run is known from the newest report on that it had looked at; its id names it exactly.

    For example:

      selat flagged --top 20

      selat flagged --csv > flagged.csv

      selat flagged --as-of 2026-11-20T06:00
    """
    installation = shown_installation(home, config)
    folder, known = (
        (_latest(installation), None) if as_of is None else _folder_then(installation, as_of)
    )
    if as_csv:
        text = (folder / "flagged.csv").read_text(encoding="utf-8")
        sys.stdout.write("".join(text.splitlines(keepends=True)[: top + 1]))
        return
    _show(installation, folder, top=top, as_json=as_json, known=known)


app.command("export")(cli_packs.export)
app.command("verify")(cli_packs.verify)
app.command("open")(cli_packs.open_)
app.command("exports")(cli_packs.exports)


app.command("sql")(cli_sql.sql)
app.command("serve")(cli_service.serve)
app.command("notify")(cli_service.notify)


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
    installation = installation_of(home, config)
    from rich.console import Console
    from rich.markup import escape
    from rich.status import Status as Spinner

    from pipelines.ingest.listen import Status, stop_on_signals
    from pipelines.ingest.listen import listen as record

    console = Console(stderr=True, quiet=quiet)
    spinner = Spinner("waiting", console=console)

    def show(status: Status) -> None:
        spinner.update(
            f"{status.state}  {status.rate_per_s:,.0f}/s  {status.vessels:,} vessels  "
            + escape(status.last_line[:60])
        )

    with spinner, stop_on_signals() as stop:
        summary = record(
            source,
            folder or installation.recordings,
            rotate_s=rotate_min * 60,
            station=station,
            on_status=show,
            stop=stop,
            on_notice=lambda text: console.print(text, markup=False, highlight=False),
        )
    for file in summary.files:
        typer.echo(file)


@app.command()
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
    """What a vessel calls itself, what it called itself before, and since when.

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
        print_json({**asdict(identity), "history": history.to_dict("records")})
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


app.command("doctor")(cli_health.doctor)
app.command("status")(cli_health.status)


def _latest(installation: "Installation") -> Path:
    from pipelines.run.windows import NoDataError

    if not installation.latest.exists():
        raise NoDataError(
            f"no finished run in {installation.home}", hint="start one: selat nightly --feed PATH"
        )
    return installation.latest.resolve()


def _folder_then(installation: "Installation", as_of: str) -> "tuple[Path, pd.Timestamp]":
    """The folder of the run that was the newest at a moment, and the moment's time."""
    from pipelines import store
    from pipelines.ask import recall

    with store.read(installation.store, installation.settings.store) as reader:
        then = recall.moment(reader, as_of)
    folder = installation.runs / then.run_id
    if not (folder / "manifest.json").exists():
        raise recall.RecallError(
            f"the folder of run {then.run_id} is gone", hint="put it back from a copy"
        )
    return folder, then.time


def _show_latest(installation: "Installation", *, top: int, as_json: bool) -> None:
    _show(installation, _latest(installation), top=top, as_json=as_json)


def _show(
    installation: "Installation",
    folder: Path,
    *,
    top: int,
    as_json: bool,
    known: "pd.Timestamp | None" = None,
) -> None:
    import pandas as pd

    from pipelines.ask.beside import beside

    if installation.failure.exists():
        typer.echo(installation.failure.read_text(encoding="utf-8").strip(), err=True)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    vessels = pd.read_csv(folder / "flagged.csv", dtype=str, keep_default_na=False)
    total, vessels = len(vessels), vessels.head(top)
    more = beside(
        installation,
        vessels["score"].astype(float).tolist(),
        vessels["event_ids"].tolist(),
        simulated=bool(manifest["simulated"]),
        known=known,
    )
    vessels = vessels.assign(concluded=more.concluded)
    if more.model is not None:
        vessels = vessels.assign(probability=more.probability)
    if as_json:
        print_json(
            {
                "run_id": manifest["run_id"],
                "state": manifest["state"],
                "simulated": manifest["simulated"],
                "folder": str(folder),
                "failures": manifest["failures"],
                "calibration": more.model.name if more.model else None,
                "flagged": vessels.to_dict("records"),
            }
        )
        return
    _print_table(manifest, vessels, total=total, folder=folder, model=more.model)


def _print_table(
    manifest: dict[str, Any],
    vessels: "pd.DataFrame",
    *,
    total: int,
    folder: Path,
    model: "Model | None",
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pipelines.publish.tables import SIMULATED_PREFIX

    console = Console()
    if manifest["simulated"]:
        console.print("[bold yellow]SIMULATED DATA – EXERCISE[/]")
    window = manifest["window"]
    console.print(
        f"Run {manifest['run_id']}: {manifest['state']}, {window['start']} to {window['end']}, "
        f"{manifest['counts']['vessels_looked_at']:,} vessels looked at, {total} flagged",
        highlight=False,
    )
    if text := manifest.get("now"):
        console.print(Text(text, style="yellow"))
    for name, text in manifest["failures"].items():
        console.print(Text(clean(f"failed: {name}: {text}"), style="bold red"))
    for text in manifest.get("held_back", []):
        console.print(Text(f"held back: {text}", style="bold yellow"))
    if over := manifest["counts"].get("over_budget", 0):
        console.print(f"{over} more vessels are over the night's budget (assess.max_flags)")
    score = ("score",) if model is None else ("score", "prob.")
    table = Table("#", *score, "MMSI", "vessel", "flag", "why", show_lines=True)
    for row in vessels.itertuples(index=False):
        texts = str(row.reasons).split(" | ")
        reasons = [clean(text.removeprefix(SIMULATED_PREFIX)) for text in texts]
        more = [f"… and {len(reasons) - 2} more"] if len(reasons) > 2 else []
        more += [f"Concluded: {clean(str(row.concluded))}"] if row.concluded else []
        scores = [row.score] if model is None else [row.score, row.probability]
        table.add_row(
            str(row.rank),
            *(f"{float(str(value)):.2f}" for value in scores),
            str(row.mmsi),
            Text(clean(str(row.name))),
            str(row.flag_state),
            Text("\n".join([*reasons[:2], *more])),
        )
    if len(vessels):
        console.print(table)
    else:
        console.print("No vessel was flagged. That is not an all-clear: see the brief.")
    if model is not None:
        console.print(
            f"prob.: how often flags of such a score were confirmed, by {model.card['outcomes']} "
            f"outcomes ({model.name}); unaided boarding: {model.card['unaided']:.2f}",
            highlight=False,
        )
    typer.echo(
        f"Flags are leads, not findings.\nResults: {folder}\nBrief:   {folder / 'brief.html'}"
    )


_SUPERVISED: Final = frozenset({"nightly", "serve", "backfill", "learn"})
"""Commands that start other processes."""


def main() -> None:
    """Run the command; an error for a person is a message, a hint and an exit code.

    What it produces is for its owner alone, unless SELAT_UMASK (octal, e.g. 027) lets others read.
    """
    guard()
    os.umask(int(os.environ.get("SELAT_UMASK") or "077", 8))
    name = next((one for one in sys.argv[1:] if not one.startswith("-")), "")
    # Where this process is the command's own, and not one that calls it, such as a notebook's.
    own = getattr(sys.modules["__main__"], "main", None) is main and threading.active_count() == 1
    if own and name in _SUPERVISED and "--help" not in sys.argv:
        from pipelines.flows.processes import supervise

        supervise(_run, stopped=lambda by: _say_stopped(name, by))
    else:
        _run()


def _say_stopped(name: str, by: Signals) -> int:
    """Say that a command was asked to end; returns its exit code."""
    if name == "serve":  # that is how it ends
        typer.echo(f"stopped ({by.name})", err=True)
        return 0
    typer.echo(
        f"stopped ({by.name}): what is in the store stays; the same command again goes on", err=True
    )
    return 128 + by


def _run() -> None:
    try:
        app()
    except SelatError as error:
        _fail(error)
    except OSError as error:
        _fail(SelatError(f"{error.filename or 'the system'}: {error.strerror or error}"))


def _fail(error: SelatError) -> NoReturn:
    from rich.console import Console

    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    console.print(f"error: {clean(error.message)}", style="red")
    if error.hint:
        console.print(f"hint: {clean(error.hint)}")
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

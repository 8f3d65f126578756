"""`selat listen`: record a live feed."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Config, Home, Quiet, installation_of


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

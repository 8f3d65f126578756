"""`selat watch`: looks between nights."""

from typing import Annotated

import typer

from pipelines.cli.options import Config, Feeds, Home, Quiet, installation_of


def watch(
    every: Annotated[
        float | None,
        typer.Option(min=0.1, help="Minutes from look to look; else the setting, or 15."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once, and end.")] = False,
    feed: Feeds = None,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
) -> None:
    """Look every few minutes at what came since, until stopped; selat desk shows it by itself.

    Every hour (watch.early_min) a look takes in what selat listen has finished recording, and what
    is new in the feeds, and goes on with silences, meetings, stops and crossings from where the
    last one ended; until then it waits, but for a file that is written over. The night's run asks
    every detector, and stays the reference: all this is still new to it. With nothing new nothing
    is done.

    Exit codes with --once: 0 also with nothing new, 6 partial, 5 another process is writing, 2 no
    feed is named in a home that holds nothing.

    For example:

      selat watch --every 15

      selat watch --every 5 --feed /feeds/live --home data/strait

      selat watch --once
    """
    installation = installation_of(home, config)
    from detectors.core.errors import ConfigError
    from pipelines.base.progress import reporter
    from pipelines.ingest.listen import stop_on_signals
    from pipelines.run import looks, watching
    from pipelines.run.runs import raise_if_partial

    feeds = tuple(feed or ())
    if "-" in feeds:
        raise ConfigError("standard input can't be watched", hint="name a folder, or selat listen")

    def say(text: str) -> None:
        typer.echo(text, err=True)

    if not (feeds or installation.settings.feeds or installation.holds):
        why = f"nothing to watch: no feed is named, and the home {installation.home} holds nothing"
        hint = "selat watch --feed FOLDER, feeds in config/settings.yaml, or selat listen"
        if once:
            raise ConfigError(why, hint=hint)
        say(f"{why} yet ({hint})")  # who records may start later
    with reporter(quiet=quiet or not once) as report:
        if once:
            looked = watching.look(looks.Looker(installation, feeds, report), installation)
            say(looked.text)
            if looked.finished is not None:
                raise_if_partial(looked.finished)
            return
        every_min = every or installation.settings.watch.every_min or 15.0
        say(f"looking every {every_min:g} minutes until stopped")
        with stop_on_signals() as stop:
            watching.watch(installation, feeds, every_min, report, stop, say)
        say("stopped")

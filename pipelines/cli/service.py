"""`selat serve`, `selat notify`: the schedule, and saying that something is wrong."""

from typing import Annotated

import typer

from pipelines.cli.options import Config, Feeds, Home, installation_of


def serve(
    feed: Feeds = None,
    register: Annotated[
        bool, typer.Option("--register", help="Only register with the server of PREFECT_API_URL.")
    ] = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Run every night at the scheduled time (02:00 Asia/Kuala_Lumpur) until stopped.

    Nights that were missed are made up for first, in order. Notices say what fails and what didn't
    happen. docs/guides/administrator.md tells how to make it a service of the system.

    For example:

      selat serve --feed feeds/
    """
    installation = installation_of(home, config)
    from pipelines.base import secrets
    from pipelines.flows.environment import prepare

    known = secrets.load(installation)
    prepare(installation.home)
    from pipelines.flows import serve as service

    if register:
        service.register(installation, tuple(feed or ()))
        return
    schedule = installation.settings.schedule
    typer.echo(f"Running at {schedule.cron!r}, {schedule.timezone}, until stopped.", err=True)
    service.serve(installation, tuple(feed or ()), known)


def notify(
    test: Annotated[bool, typer.Option("--test", help="Send a test to every address.")] = False,
    home: Home = None,
    config: Config = None,
) -> None:
    """Look once whether something is wrong or missing, and send what is new of it.

    The service does so by itself; from a timer it also tells that the service is gone. Addresses
    are secrets, see docs/guides/administrator.md. Exit code 13: one of them didn't take it.

    For example:

      selat notify --test
    """
    installation = installation_of(home, config)
    from datetime import UTC, datetime

    from detectors.core.errors import ConfigError
    from pipelines.ask.notices import Notice, send
    from pipelines.ask.watch import watch
    from pipelines.base import secrets

    urls = secrets.load(installation).notices
    if not urls and test:
        raise ConfigError("no address is known", hint="set notices in the secrets file")
    if not urls:
        typer.echo("no address is known: set notices in the secrets file", err=True)
    if test:
        send(Notice("Selat: a test", "Notices of this installation arrive."), urls)
        typer.echo(f"sent to {len(urls)}")
        return
    notice = watch(installation, datetime.now(UTC))
    typer.echo("nothing new" if notice is None else f"{notice.title}\n{notice.body}")

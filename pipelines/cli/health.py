"""`selat doctor`, `selat status`: what is wrong, and how it goes, in one screen."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import AsJson, Config, Home, shown_installation
from pipelines.cli.present import print_json

if TYPE_CHECKING:
    from pipelines.ask.health import Health
    from pipelines.base.problems import Problem

AsPrometheus = Annotated[
    bool, typer.Option("--prometheus", help="Print gauges in Prometheus's text format.")
]


def doctor(
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    prometheus: AsPrometheus = False,
) -> None:
    """Check configuration, zones, runs, feeds, store and disk; say what to do about each problem.

    Exit code 1 if something is wrong; what is only poorer than it could be is a warning. What is
    to be done about several in a row alike is said after the last of them.

    For example:

      selat doctor

      selat doctor --json
    """
    health, problems = _looked_at(home, config, afresh=True)
    if prometheus:
        _print_prometheus(health, problems)
    elif as_json:
        print_json([asdict(problem) for problem in problems])
    else:
        from rich.console import Console

        from pipelines.ask.health import told

        console = Console()
        for problem, after in zip_longest(problems, problems[1:]):
            told(problem, console, hint=after is None or after.hint != problem.hint)
        console.print("no problem found" if not problems else f"{len(problems)} found")
    _end(problems)


def status(
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    prometheus: AsPrometheus = False,
) -> None:
    """Show how it goes, in one screen: last run, feeds, coverage against the usual, store, disk.

    The map shows where reports of the last 24 hours fall behind the median of the days before.
    Exit code 1 if something is wrong, as for `selat doctor`: configuration and zones are examined
    again only where a file changed since.

    For example:

      selat status

      selat status --prometheus > /var/lib/node_exporter/selat.prom
    """
    health, problems = _looked_at(home, config, afresh=False)
    if prometheus:
        _print_prometheus(health, problems)
    elif as_json:
        print_json(
            {
                "problems": [asdict(problem) for problem in problems],
                "health": None if health is None else asdict(health),
            }
        )
    else:
        from rich.console import Console

        from pipelines.ask.health import show, told

        console = Console()
        if health is not None:
            show(health, problems, console)
        else:
            for problem in problems:
                told(problem, console)
    _end(problems)


def _looked_at(
    home: Home, config: Config, *, afresh: bool
) -> "tuple[Health | None, list[Problem]]":
    installation = shown_installation(home, config, may_be_new=True)
    from datetime import UTC, datetime

    from pipelines.ask.look import look

    return look(installation, datetime.now(UTC), afresh=afresh)


def _print_prometheus(health: "Health | None", problems: "Sequence[Problem]") -> None:
    from pipelines.ask.health.prometheus import as_prometheus

    typer.echo(as_prometheus(health, problems), nl=False)


def _end(problems: "Sequence[Problem]") -> None:
    if any(problem.level == "error" for problem in problems):
        raise typer.Exit(1)

"""Options that the commands share, and the installation that they name."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipelines.base.settings import Installation

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
Sightings = Annotated[
    list[str] | None,
    typer.Option(
        "--sightings", help="Sightings: a CSV or GeoJSON file, a folder or a glob. Repeatable."
    ),
]
AreaText = Annotated[
    str | None,
    typer.Option(help="Keep reports inside: all, a zone's id, or W,S,E,N. Else the setting."),
]
MappingName = Annotated[
    str | None, typer.Option(help="Read CSV through this mapping of config/mappings.yaml.")
]
AssumeTime = Annotated[
    str | None,
    typer.Option(help="For feeds without any times: the one time that all their reports get."),
]
Date = Annotated[str | None, typer.Option(help="Kuala Lumpur day, YYYY-MM-DD.")]
Since = Annotated[str | None, typer.Option(help="Start of the window, ISO 8601 (MYT).")]
Until = Annotated[str | None, typer.Option(help="End of the window, ISO 8601 (MYT).")]
AsOf = Annotated[
    str | None,
    typer.Option(help="What was known then: a run id or a time, ISO 8601 (MYT); else now."),
]
Top = Annotated[int, typer.Option(min=1, help="How many to list.")]
SHOWN = 10
"""Rows of a list shown to a person who doesn't say how many; a file or a program gets all."""
TopOrAll = Annotated[
    int | None,
    typer.Option(
        min=1,
        help=f"How many to list; else {SHOWN}, and all with --json and --csv.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


def installation_of(home: Path | None, config: Path | None) -> "Installation":
    """Load the installation that the options name."""
    from pipelines.base.settings import load

    return load(home, config)


def shown_installation(
    home: Path | None, config: Path | None, *, may_be_new: bool = False
) -> "Installation":
    """Load the installation whose runs a command shows: the exercise's where there is no other.

    Raises NoDataError where there is no such home, unless it `may_be_new`.
    """
    from pipelines.base.settings import EXERCISE_HOME, load

    installation = load(home, config, showing=True)
    if not may_be_new:
        there(installation)
    if home is None and installation.home == EXERCISE_HOME and "SELAT_HOME" not in os.environ:
        typer.echo(f"the exercise of make nightly: --home {EXERCISE_HOME}", err=True)
    return installation


def there(installation: "Installation") -> "Installation":
    """Return an installation whose home is there; raise NoDataError, exit code 7, where nothing is.

    "No pack to correct", said of a home that was moved, is no answer; nor is a backup of nothing.
    """
    if not installation.holds:
        from pipelines.run.windows import NoDataError

        what = "holds nothing" if installation.home.is_dir() else "isn't there"
        raise NoDataError(
            f"the home {installation.home} {what}: it was moved, is mistyped, or is new",
            hint="name it with --home or SELAT_HOME; the first night: selat nightly --feed PATH",
        )
    return installation


def refuse_in_home(installation: "Installation", path: Path) -> None:
    """Refuse a file to write to that would replace one of the home's own, or lie in its store.

    Raises SelatError, exit code 2.
    """
    from detectors.core.errors import ConfigError

    home, store = installation.home.resolve(), installation.store.resolve()
    above = path.resolve().parents
    if store in above or (home in above and path.exists()):
        told = (
            "into the store" if store in above else f"over a file of the home {installation.home}"
        )
        raise ConfigError(f"nothing is written {told}", hint="name another file")

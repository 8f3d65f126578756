"""Options and helpers that the commands share."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
Since = Annotated[str | None, typer.Option(help="Start of the window, ISO 8601.")]
Until = Annotated[str | None, typer.Option(help="End of the window, ISO 8601.")]
AsOf = Annotated[
    str | None,
    typer.Option(help="What was known then: a run id or a time, ISO 8601 (MYT); else now."),
]
Top = Annotated[int, typer.Option(min=1, help="How many events to list.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


def installation_of(home: Path | None, config: Path | None) -> "Installation":
    """Load the installation that the options name."""
    from pipelines.base.settings import load

    return load(home, config)


def shown_installation(home: Path | None, config: Path | None) -> "Installation":
    """Load the installation whose runs a command shows: the exercise's where there is no other."""
    from pipelines.base.settings import EXERCISE_HOME, load

    installation = load(home, config, showing=True)
    if home is None and installation.home == EXERCISE_HOME and "SELAT_HOME" not in os.environ:
        typer.echo(f"the exercise of make nightly: --home {EXERCISE_HOME}", err=True)
    return installation


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout; what isn't known (NaN, NaT) as null."""
    plain = _without_nan(value)
    from pipelines.base.text import clean_json

    text = json.dumps(plain, indent=2, ensure_ascii=False, default=str, allow_nan=False)
    typer.echo(clean_json(text))


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return None if type(value).__name__ == "NaTType" else value  # pandas is slow to import


def moment_text(time: Any, *, missing: str = "–") -> str:
    """Write a time for a table: minutes, UTC."""
    return missing if time is None or time != time else f"{time:%Y-%m-%d %H:%M}Z"  # noqa: PLR0124


def vessel_list(mmsis: Sequence[int], top: int) -> str:
    """Return the first of some MMSIs, for a sentence.

    >>> vessel_list([563000101, 2320001], 2), vessel_list([], 2)
    ('563000101, 002320001', 'none')
    """
    return ", ".join(f"{mmsi:09d}" for mmsi in mmsis[:top]) or "none"


def cell(value: Any) -> str:
    """Write a value for a table: two digits, a dash for none."""
    if isinstance(value, float):
        return "–" if value != value else f"{value:.2f}"  # noqa: PLR0124 - NaN
    return str(value)

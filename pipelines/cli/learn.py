"""`selat learn`: places and normal traffic from past traffic; a person decides what counts."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from detectors.core.errors import ConfigError
from pipelines.cli.options import (
    AsJson,
    Config,
    Home,
    Quiet,
    Since,
    Until,
    installation_of,
    shown_installation,
)
from pipelines.cli.present import print_json

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.base.settings import Installation
    from pipelines.reference.learned import Snapshot
    from pipelines.run.past import LearnRequest

_NO_PLACE: Final = "no place: too few vessels or days"

app = typer.Typer(no_args_is_help=True, help="Learn places and normal traffic from past traffic.")

Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="Another value for a parameter of learn.yaml: NAME=VALUE."),
]


@app.command("places")
def learn_places(
    since: Since = None,
    until: Until = None,
    changes: Changes = None,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Learn anchorages, waiting areas, pilot grounds, ferry routes and lanes from past traffic.

    They are written to HOME/learned with a map to review them on. None is used until it is
    accepted.

    For example:

      selat learn places --since 2026-10-01 --until 2026-11-01

      selat learn places --set min_vessels=10
    """
    installation, request = _prepared(home, config, since, until, changes)
    from pipelines.flows.server import server_for_a_run
    from pipelines.learn import parameters

    parameters.places(installation.config, **request.changes)
    folders = str(installation.home), str(installation.config)
    with server_for_a_run(installation):
        from pipelines.flows.learn import learn_places as flow

        learned = flow(*folders, request, quiet or as_json)
    counts: dict[str, int] = {}
    for feature in learned.snapshot.features:
        zone_class = str(feature["properties"]["zone_class"])
        counts[zone_class] = counts.get(zone_class, 0) + 1
    if as_json:
        print_json({"file": learned.snapshot.path, "map": learned.map, "places": counts})
        return
    for zone_class, count in sorted(counts.items()):
        typer.echo(f"{zone_class.replace('_', ' ')}: {count}")
    if not counts:
        typer.echo(_NO_PLACE)
    typer.echo(f"wrote {learned.snapshot.path}")
    typer.echo(f"look at {learned.map}, then: selat learn review")


@app.command("review")
def review(
    accept: Annotated[list[str] | None, typer.Option(help="Use this place. Repeatable.")] = None,
    reject: Annotated[list[str] | None, typer.Option(help="Don't use it. Repeatable.")] = None,
    undecide: Annotated[
        list[str] | None, typer.Option(help="Take the decision on it back. Repeatable.")
    ] = None,
    accept_class: Annotated[
        str | None, typer.Option(help="Accept all undecided places of this class.")
    ] = None,
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="With --accept-class: from this confidence on.")
    ] = 0.0,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Accept or reject learned places by id; without an option, list them with what was decided.

    For example:

      selat learn review

      selat learn review --accept learned-anchorage-0125n-10390e

      selat learn review --accept-class lane --min-confidence 0.6
    """
    installation = shown_installation(home, config)
    from pipelines.reference import learned as snapshot

    newest = snapshot.read_newest(installation.learned)
    if newest is None:
        raise ConfigError("no places have been learned yet", hint="selat learn places")
    changes = _decisions(newest, accept or [], reject or [], undecide or [])
    if accept_class:
        decided = snapshot.decisions(installation.learned)
        changes |= {
            zone_id: snapshot.ACCEPT
            for zone_id in _of_class(newest, accept_class, min_confidence)
            if zone_id not in decided and zone_id not in changes
        }
    if changes:
        snapshot.decide(installation.learned, changes)
        _drawn(installation, newest)
    _list(newest, snapshot.decisions(installation.learned), as_json)


def _decisions(
    newest: "Snapshot", accept: list[str], reject: list[str], undecide: list[str]
) -> dict[str, str]:
    from pipelines.reference import learned as snapshot

    asked = [
        *((zone_id, snapshot.ACCEPT) for zone_id in accept),
        *((zone_id, snapshot.REJECT) for zone_id in reject),
        *((zone_id, snapshot.PENDING) for zone_id in undecide),
    ]
    unknown = sorted({zone_id for zone_id, _ in asked} - set(newest.ids()))
    if unknown:
        raise ConfigError(f"no learned place is called {unknown[0]!r}", hint="selat learn review")
    if len({zone_id for zone_id, _ in asked}) < len(set(asked)):
        raise ConfigError("two different decisions on one place")
    return dict(asked)


def _of_class(newest: "Snapshot", zone_class: str, min_confidence: float) -> list[str]:
    facts = [feature["properties"] for feature in newest.features]
    known = sorted({str(fact["zone_class"]) for fact in facts})
    if zone_class not in known:
        there = f"there is {', '.join(known)}" if known else _NO_PLACE
        raise ConfigError(f"no {zone_class!r} was learned", hint=there)
    return [
        str(fact["zone_id"])
        for fact in facts
        if fact["zone_class"] == zone_class and fact["confidence_score"] >= min_confidence
    ]


def _drawn(installation: "Installation", newest: "Snapshot") -> None:
    from pipelines.publish.review import page as review_map
    from pipelines.reference import layers as reference

    zones = reference.load_zones(installation.config / "zones", installation.reference)
    review_map.write(installation.learned, newest, zones)


def _list(newest: "Snapshot", decided: dict[str, str], as_json: bool) -> None:
    from pipelines.reference.learned import PENDING

    rows = [
        {
            **feature["properties"],
            "decision": decided.get(feature["properties"]["zone_id"], PENDING),
        }
        for feature in newest.features
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        typer.echo(_NO_PLACE)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = ("zone_id", "name", "decision", "confidence_score", "n_vessels", "n_visits", "n_days")
    table = Table(*(name.removeprefix("n_").replace("_", " ") for name in columns))
    for row in rows:
        table.add_row(*(Text(str(row[name])) for name in columns))
    Console().print(table)


@app.command("normal")
def learn_normal(
    since: Since = None,
    until: Until = None,
    changes: Changes = None,
    home: Home = None,
    config: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Fit the model of normal traffic that the detector outlier compares vessels with.

    For example:

      selat learn normal --since 2026-10-01 --until 2026-11-01
    """
    installation, request = _prepared(home, config, since, until, changes)
    from pipelines.flows.server import server_for_a_run
    from pipelines.learn import parameters

    parameters.normal(installation.config, **request.changes)
    folders = str(installation.home), str(installation.config)
    with server_for_a_run(installation):
        from pipelines.flows.learn import learn_normal as flow

        card: Path = flow(*folders, request, quiet or as_json)
    text = card.read_text(encoding="utf-8")
    typer.echo(text if as_json else f"wrote {card} and {card.with_suffix('.npz').name}")


def _prepared(
    home: "Path | None",
    config: "Path | None",
    since: str | None,
    until: str | None,
    changes: list[str] | None,
) -> "tuple[Installation, LearnRequest]":
    """Return the installation, with the orchestrator made quiet, and what is asked of it."""
    from pipelines.base.assignments import assignment
    from pipelines.run.past import LearnRequest

    installation = installation_of(home, config)
    asked = dict(assignment(change) for change in changes or [])
    from pipelines.flows.environment import prepare

    prepare(installation.home)
    return installation, LearnRequest(since=since, until=until, changes=asked)

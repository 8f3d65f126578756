"""`selat learn`: places and normal traffic from past traffic; a person decides what counts."""

import getpass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from detectors.core.errors import ConfigError
from pipelines.base.text import counted
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

    from pipelines.assess.silenced import Silenced
    from pipelines.base.settings import Installation
    from pipelines.reference.learned import Snapshot
    from pipelines.run.past import LearnRequest

_NO_PLACE: Final = "no place: too few vessels or days"
_SHOWN: Final = 5
"""Events shown of what a place would have silenced; the others are counted."""

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
        print_json(
            {
                "file": learned.snapshot.path,
                "map": learned.map,
                "places": counts,
                "refused": learned.snapshot.refused,
            }
        )
        return
    for zone_class, count in sorted(counts.items()):
        typer.echo(f"{zone_class.replace('_', ' ')}: {count}")
    if not counts:
        typer.echo(_NO_PLACE)
    for one in learned.snapshot.refused:
        typer.echo(f"refused: {one['name']}: {one['reason']}")
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
    """Accept or reject learned places; without an option, list them with what was decided.

    A place is named as the list shows it, by as much of that as no other begins with, or by its
    full id (--json). A lane is one row: its name means all of its pieces. Of each place that
    isn't decided yet it is told which past events accepting it would have silenced.

    For example:

      selat learn review

      selat learn review --accept anchorage-0125n

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
        from pipelines.base.text import iso_now

        by, made = getpass.getuser(), iso_now()
        snapshot.decide(installation.learned, changes, by=by, made=made)
    past = _silenced(installation, newest)
    if changes:
        _drawn(installation, newest, past)
    _list(newest, snapshot.decisions(installation.learned), past, as_json)


def _decisions(
    newest: "Snapshot", accept: list[str], reject: list[str], undecide: list[str]
) -> dict[str, str]:
    from pipelines.publish.review.rows import find, rows_of
    from pipelines.reference import learned as snapshot

    rows = rows_of(newest, {})
    asked = [
        (zone_id, decision)
        for names, decision in (
            (accept, snapshot.ACCEPT),
            (reject, snapshot.REJECT),
            (undecide, snapshot.PENDING),
        )
        for name in names
        for zone_id in find(rows, name)
    ]
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


def _drawn(
    installation: "Installation", newest: "Snapshot", past: "dict[str, list[Silenced]]"
) -> None:
    from pipelines.publish.review import page as review_map
    from pipelines.reference import layers as reference

    zones = reference.load_zones(installation.config / "zones", installation.reference)
    review_map.write(installation.learned, newest, zones, past)


def _silenced(installation: "Installation", newest: "Snapshot") -> "dict[str, list[Silenced]]":
    """Return what each undecided place would have silenced; nothing where no night was kept."""
    import detectors
    from pipelines.assess.silenced import silenced
    from pipelines.reference import learned as snapshot
    from pipelines.store import exists, read

    where = installation.store, installation.settings.store
    decided = snapshot.decisions(installation.learned)
    open_ = [f for f in newest.features if f["properties"]["zone_id"] not in decided]
    if not open_ or not exists(*where):
        return {}
    with read(*where) as store:
        return silenced(store, open_, detectors.build(installation.detectors))


def _list(
    newest: "Snapshot",
    decided: dict[str, str],
    past: "dict[str, list[Silenced]]",
    as_json: bool,
) -> None:
    from pipelines.base.text import one_line
    from pipelines.publish.review.rows import rows_of

    rows = rows_of(newest, decided)
    if as_json:
        print_json(_as_json(newest, decided, past))
        return
    if not rows:
        typer.echo(_NO_PLACE)
    width = max((len(row.key) for row in rows), default=0)
    for row in rows:
        fact = row.facts
        what = "cell" if "n_cells" in fact else "visit"
        n_each = (counted(fact[f"n_{one}s"], one) for one in ("vessel", "day", what))
        # No line is broken or cut in a name: what stands first can be copied at 80 columns.
        typer.echo(f"{one_line(row.key, 60):{width}}  {row.decision:7}  {', '.join(n_each)}")
        size = f", {fact['area_km2']} km2" if "area_km2" in fact else ""
        typer.echo(
            "  " + one_line(f"{fact['name']}{size}, confidence {fact['confidence_score']}", 200)
        )
        found = past.get(row.zone_ids[0], [])
        _tell_silenced(found)
    for one in newest.refused:
        typer.echo(one_line(f"refused: {one['name']}: {one['reason']}", 200))


def _tell_silenced(found: "list[Silenced]") -> None:
    from pipelines.assess.silenced import summary
    from pipelines.base.text import one_line

    if not found:
        return
    typer.echo("  " + one_line(summary(found), 200))
    for one in found[:_SHOWN]:
        told = f"{one.conclusion} {one.made_time:%Y-%m-%d}" if one.conclusion else ""
        told = told or ("flagged" if one.flagged else "")
        text = (
            f"{one.event_id[:12]} {one.mmsi:09d} {one.kind} {one.start:%Y-%m-%d} "
            f"{one.score:.2f} -> {one.score_then:.2f} {told}"
        )
        typer.echo("    " + one_line(text.rstrip(), 200))
    if len(found) > _SHOWN:
        typer.echo(f"    and {len(found) - _SHOWN} more: --json")


def _as_json(
    newest: "Snapshot", decided: dict[str, str], past: "dict[str, list[Silenced]]"
) -> "list[dict[str, Any]]":
    """Return every feature with its full id and the row that it belongs to, then the refusals."""
    from dataclasses import asdict

    from pipelines.publish.review.rows import rows_of
    from pipelines.reference.learned import PENDING

    rows = {zone_id: row for row in rows_of(newest, decided) for zone_id in row.zone_ids}
    known = []
    for feature in newest.features:
        zone_id = str(feature["properties"]["zone_id"])
        row = rows[zone_id]
        more = {"row": row.key, "row_cells": row.facts.get("n_cells")}
        would = [
            {**asdict(one), "mmsi": f"{one.mmsi:09d}", "start": one.start.isoformat()}
            | {"other_mmsi": f"{one.other_mmsi:09d}" if one.other_mmsi else None}
            | {"made_time": one.made_time.isoformat() if one.conclusion else None}
            for one in past.get(zone_id, [])
        ]
        decision = decided.get(zone_id, PENDING)
        known.append({**feature["properties"], "decision": decision, **more, "silences": would})
    return [*known, *({**one, "zone_id": None, "decision": "refused"} for one in newest.refused)]


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
    from pipelines.run.opened import require_store
    from pipelines.run.past import LearnRequest

    installation = installation_of(home, config)
    require_store(installation)  # before the orchestrator takes its time to start
    asked = dict(assignment(change) for change in changes or [])
    from pipelines.flows.environment import prepare

    prepare(installation.home)
    return installation, LearnRequest(since=since, until=until, changes=asked)

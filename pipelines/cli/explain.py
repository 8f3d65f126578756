"""`selat explain`: all that an event rests on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from pipelines.base.text import as_mmsi
from pipelines.cli.options import AsJson, AsOf, Config, Home, refuse_in_home, shown_installation
from pipelines.cli.present import mark_exercise, print_json, records

if TYPE_CHECKING:
    import pandas as pd

    from detectors.core.errors import SelatError
    from pipelines.ask.explain.gather import Explanation
    from pipelines.ask.recall import Moment
    from pipelines.base.settings import Installation
    from pipelines.store import Queries

_FEW: Final = 5
_COLUMNS: Final = [
    *("event_id", "kind", "subkind", "mmsi", "other_mmsi"),
    *("score", "start", "end", "retracted", "reason"),
]


def explain(
    event: Annotated[
        str,
        typer.Argument(
            help="An event's or incident's id, the beginning of it, or a vessel's MMSI."
        ),
    ],
    as_of: AsOf = None,
    feed: Annotated[
        list[str] | None,
        typer.Option(help="Where the feeds are now, if they were moved. Repeatable."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page that needs no network to this file.")
    ] = None,
    clip: Annotated[
        Path | None,
        typer.Option(
            help="Write a clip of six seconds to this file, .webp or .gif, for a briefing."
        ),
    ] = None,
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """All that an event rests on: evidence and margins, innocent reasons, reports, history.

    Of an incident, and of a vessel with several events, they are listed. The reports are read from
    the feed again, if its file is where it was and has not changed.

    An id that a partner quotes from its pack finds the event too. Where this home, knowing more,
    has no such event, what the pack said is told, and what comes nearest here is explained.

    For example:

      selat explain 3f2a

      selat explain 563072390

      selat explain 3f2a --html event.html --as-of 2026-11-20

      selat explain 9c01 --clip incident.webp
    """
    if as_json and (html is not None or clip is not None):
        raise typer.BadParameter("--json goes without --html and --clip")
    installation = shown_installation(home, config)
    from pipelines import store
    from pipelines.ask import explain as explaining
    from pipelines.ask import recall

    for path in (html, clip):
        if path is not None:
            refuse_in_home(installation, path)
    with store.read(installation.store, installation.settings.store) as reader:
        moment = recall.moment(reader, as_of)
        asked = _Asked(event, reader, installation, moment, html, clip, as_json)
        found = explaining.matching(reader, event, moment)
        if found.empty and (incident := _incident(asked)) is not None:
            _explain_incident(asked, incident)
            return
        row = _one(asked, found)
        if row is None:
            return
        told = explaining.gather(reader, installation, row, moment, feed or ())
    if as_json:
        print_json(explaining.as_dict(told))
    elif html is not None or clip is not None:
        _write(asked, told)
    else:
        from rich.console import Console

        from pipelines.ask.explain.terminal import show
        from pipelines.reference.outlines import land_outlines

        show(told, land_outlines(installation.reference), Console())


class _Asked(NamedTuple):
    """What is to be explained, by what was known when; and how it is to be told."""

    text: str
    reader: "Queries"
    installation: "Installation"
    moment: "Moment"
    html: Path | None
    clip: Path | None
    as_json: bool


def _one(asked: _Asked, found: "pd.DataFrame") -> dict[str, Any] | None:
    """Return the one event that was asked for; where it isn't one list them, and return None."""
    from pipelines.ask import explain as explaining

    text, reader, installation, moment = asked[:4]
    if found.empty:
        found, note = explaining.quoted(reader, installation, text, moment)
        for line in note:
            typer.echo(line, err=True)
    mmsi = as_mmsi(text)
    of_vessel = mmsi is not None and not found["event_id"].str.startswith(text).any()
    if mmsi is not None and of_vessel:
        side = mmsi
    else:
        side = int(found["mmsi"].iloc[0]) if len(found) == 1 else 0
    if side:
        reference, until = installation.reference, min(moment.time, moment.known_time)
        found = explaining.from_side_of(side, found, reader, reference, until)
    if len(found) == 1:
        [row] = found.to_dict("records")
        return {str(name): value for name, value in row.items()}
    if len(found) > 1 and (asked.html is not None or asked.clip is not None):
        raise _not_one(f"{text} is several events", found["event_id"].tolist())
    mark_exercise(simulated=bool(reader.simulated) and not asked.as_json and len(found) > 0)
    _list(found, text, of_vessel=of_vessel, as_json=asked.as_json)
    return None


def _write(asked: _Asked, told: "Explanation") -> None:
    """Write the clip and the page of an event, whichever was asked for."""
    from pipelines.run.setup import load_zones

    zones = load_zones(asked.installation)
    if asked.clip is not None:
        from pipelines.publish import clip as clips

        names = {past.identity.mmsi: past.identity.name for past in told.vessels}
        title = str(told.event["reason"])
        clips.write(told.tracks, names, zones, title, asked.clip, simulated=told.simulated)
        typer.echo(asked.clip)
    if asked.html is not None:
        from pipelines.ask.explain.page import write

        typer.echo(write(told, zones, asked.html))


def _not_one(what: str, ids: list[str]) -> "SelatError":
    """Return the error that what is to be written is not one event."""
    from detectors.core.errors import ConfigError

    more = ", …" if len(ids) > _FEW else ""
    return ConfigError(
        f"{what}, and one event is written to a file",
        hint=f"name one of them: {', '.join(ids[:_FEW])}{more}",
    )


def _incident(asked: _Asked) -> "pd.DataFrame | None":
    """Return the incident that a person means, or a partner by the id that it has in a pack."""
    from pipelines.ask import recall
    from pipelines.publish.packs import issued

    text, reader, installation, moment = asked[:4]
    own = recall.incident(reader, text, moment)
    if own is not None or not (ids := issued.events_of(installation.exported, text)):
        return own
    found = recall.incident_of(reader, ids, moment)
    if found is not None:
        typer.echo(f"{text} is what a pack calls it", err=True)
    return found


def _explain_incident(asked: _Asked, incident: "pd.DataFrame") -> None:
    """List the events of an incident, or write its clip."""
    from pipelines.ask import explain as explaining
    from pipelines.ask import recall
    from pipelines.ask.beside import concluded_on
    from pipelines.ask.related import see_also

    text, reader, installation, moment = asked[:4]
    own = recall.events_of(reader, incident, moment)
    if asked.clip is not None:
        _clip_incident(asked, incident, own, asked.clip)
        return
    if asked.html is not None:
        raise _not_one(f"{text} is an incident", incident["events"].iloc[0].split(";"))
    said: dict[str, list[Any]] = {**concluded_on(reader, incident["events"].tolist(), moment.time)}
    mark_exercise(simulated=bool(reader.simulated) and not asked.as_json)
    # Vessels are called as in its title.
    until = recall.told_until(reader, incident, moment)
    if not asked.as_json:
        main = int(incident["mmsi"].iloc[0])
        own = explaining.of_incident(main, own, reader, installation.reference, until)
    every = reader.incidents(moment.run_id), reader.events(moment.run_id), reader.vessels(until)
    which = incident["incident_id"].tolist()
    also = see_also(*every, installation.reference, until, which)
    said["related"] = [also[one] for one in which]
    known = moment.known_time
    _list_incident(incident.assign(**said), own, known, as_json=asked.as_json)


def _clip_incident(
    asked: _Asked, incident: "pd.DataFrame", own: "pd.DataFrame", path: Path
) -> None:
    """Write the clip of an incident: its vessels while they did what it is told of, and an hour
    before and after. Six seconds of two days at a berth show a voyage in one of them.
    """
    from pipelines.assess.incidents import shown_span, story, vessels_in
    from pipelines.publish import clip as clips
    from pipelines.run.setup import load_zones

    (row,) = incident.to_dict("records")
    reader, mmsis = asked.reader, sorted(vessels_in(row["vessels"]))
    since, until = shown_span(story(row, own))
    tracks = reader.track_positions(mmsis, since, until)
    names = {mmsi: reader.identity_at(mmsi, until).name for mmsi in mmsis}
    zones = load_zones(asked.installation)
    clips.write(tracks, names, zones, row["title"], path, simulated=bool(reader.simulated))
    typer.echo(path)


def _list_incident(
    incident: "pd.DataFrame", found: "pd.DataFrame", known: "pd.Timestamp", *, as_json: bool
) -> None:
    from pipelines.assess.incidents import as_led, with_parts
    from pipelines.cli.incidents import print_incidents

    if as_json:
        (told,) = records(incident.drop(columns="concluded"))
        print_json({**told, "events": records(found[_COLUMNS])})
        return
    print_incidents(as_led(with_parts(incident, found), found), known=known)
    typer.echo("")
    _print_events(found)


def _print_events(found: "pd.DataFrame") -> None:
    from rich.console import Console
    from rich.text import Text

    from pipelines.base.visible import clean

    console = Console()
    for row in found.to_dict("records"):
        gone = "  retracted" if row["retracted"] else ""
        line = f"{row['event_id']}  {row['score']:.2f}  {clean(row['reason'])}{gone}"
        console.print(Text(line), soft_wrap=not console.is_terminal)


def _list(found: "pd.DataFrame", text: str, *, of_vessel: bool, as_json: bool) -> None:
    """List the events that a text may mean; raise EventNotFoundError unless it is a vessel."""
    from pipelines.ask.explain import EventNotFoundError
    from pipelines.run.dispositions import IDS

    if found.empty:
        raise EventNotFoundError(f"no event, and no vessel with one, is called {text!r}", hint=IDS)
    if as_json:
        print_json(records(found[_COLUMNS]))
    else:
        _print_events(found)
    if not of_vessel:
        raise EventNotFoundError(f"{len(found)} events are called {text!r}…", hint=IDS)

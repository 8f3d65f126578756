"""The desk's places: zones, learned places to decide on, and watch areas to draw and to try."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final

from fastapi import FastAPI, Path, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

import detectors
from detectors.core.errors import ConfigError, SelatError
from detectors.surroundings.zones import ZONE_CLASSES
from pipelines import store
from pipelines.assess.silenced import INSIDE, Silenced, silenced
from pipelines.base.labels import Labels, labels
from pipelines.base.text import iso_now, minute, moment, one_line
from pipelines.publish.briefing import NAME_LIMIT, SENTENCE_LIMIT
from pipelines.publish.review.page import COLOURS
from pipelines.publish.review.rows import Row, rows_of
from pipelines.reference import layers
from pipelines.reference import learned as decisions
from pipelines.reference.layers.files import stamps
from pipelines.reference.learned import ACCEPT, PENDING, REJECT, Decision, Snapshot
from pipelines.web import areas, changing, outlines
from pipelines.web.changing import Area
from pipelines.web.charts import Drawn, drawn_of
from pipelines.web.concluding import MAX_NAME
from pipelines.web.here import Here, led
from pipelines.web.recent import Recent
from pipelines.web.working import words_of

CHOICES: Final = {"accept": ACCEPT, "reject": REJECT, "undo": PENDING}
MAX_EVENTS: Final = 12
"""Of what one place would have silenced so many are listed; the others are counted."""
MAX_NIGHTS: Final = 14
MAX_CHANGES: Final = 20
KNOWN: Final = (*ZONE_CLASSES, "ruled_waters")
"""Classes of zones that the program has words for; others are an installation's own."""

Key = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=120)]


_WHERE: Final = re.compile(r" (?:off|(?P<nm>\d+) nm (?P<point>[NESW]{1,3}) of) (?P<place>.+)")


@dataclass(frozen=True)
class Learned:
    """A learned place, or a lane with all its pieces."""

    key: str
    name: str
    zone_class: str
    decision: str
    by: str
    made: str
    """Who decided, and on which date; empty where that isn't known."""
    measured: str
    """What it was learned from."""
    confidence: float
    pieces: int
    n: int
    flagged: int
    """Events that accepting it would have silenced, and those that flagged a vessel."""
    nights: Sequence[tuple[str, int, int]]
    """The same by night: date, events, flagged ones; the newest first."""
    events: Sequence[tuple[str, int, str, str, float, float, str, str]]
    """Some of them: id, MMSI, what, when, score, what it would have been, why, what was
    concluded."""


@dataclass(frozen=True)
class Places:
    """The page: watch areas, learned places, those that were refused, and zones by class."""

    areas: Sequence[Area]
    learned: Sequence[Learned]
    since: str
    until: str
    refused: Sequence[tuple[str, str]]
    zones: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    """Class, and of each zone name and id."""
    changes: Sequence[layers.Changed]
    """Who changed what last."""
    problem: str
    hint: str


def addresses(app: FastAPI, here: Here) -> None:
    """Add the addresses of places; those of watch areas are `watching.addresses`."""
    kept = Recent(4)

    def page(request: Request, *, said: str = "", hint: str = "", status: int = 200) -> Response:
        session = here.session(request)
        what, _, name = session.recorded.partition(":")
        session.recorded = ""
        told, drawn = _places(here, request, kept)
        return here.show(
            request,
            "places",
            status,
            told=told,
            drawn=drawn,
            said=said,
            hint=hint,
            done=name if what == "place" else "",
            saved=name if what == "area" else "",
            given=session.operator,
            colours=COLOURS,
            excusing=INSIDE,
            in_words=areas.in_words,
            zones=areas.WORDS_ZONES,
            classes=KNOWN,
        )

    @app.get("/places")
    def _page(request: Request) -> Response:
        return page(request)

    @app.post("/places/{key}")
    def _decide(request: Request, key: Key) -> Response:
        session, form = here.session(request), request.state.form
        operator = one_line(form.get("operator", ""), MAX_NAME) or session.operator
        snapshot = decisions.read_newest(here.installation.learned)
        rows = [] if snapshot is None else rows_of(snapshot, {})
        row = next((one for one in rows if one.key == key), None)
        if row is None or form.get("decision") not in CHOICES:
            raise HTTPException(404)
        try:
            if not operator:
                raise ConfigError("who are you?", hint="your name goes with what you decide")
            decisions.decide(
                here.installation.learned,
                dict.fromkeys(row.zone_ids, CHOICES[form["decision"]]),
                by=operator,
                made=iso_now(),
            )
        except (SelatError, OSError) as error:
            said, hint = words_of(error)
            return page(request, said=said, hint=hint, status=400)
        session.operator, session.recorded = operator, f"place:{key}"
        return led(f"/places#{key}")


def _places(here: Here, request: Request, kept: Recent) -> tuple[Places, Drawn | None]:
    """Put all places into words and on a map; what is wrong with their files is said."""
    installation, words = here.installation, here.words(request)
    language = here.session(request).language
    problem: SelatError | None = None
    zones = snapshot = None
    known: list[Area] = []
    decided: dict[str, Decision] = {}
    try:
        known = changing.all_of(installation)
        snapshot = decisions.read_newest(installation.learned)
        decided = decisions.decided(installation.learned)
        zones = layers.load_zones(installation.config / "zones", installation.reference)
    except SelatError as error:
        problem = error
    what = {zone_id: one.what for zone_id, one in decided.items()}
    rows = [] if snapshot is None else rows_of(snapshot, what)
    past = _past(here, request, snapshot, what, kept)

    def told(one: Silenced) -> str:
        return one_line(
            f"{words.kind_of(one.kind, one.subkind)}, {moment(one.start, say=words.say)}",
            SENTENCE_LIMIT,
        )

    files = stamps(installation.config / "zones"), stamps(installation.reference)
    ids = tuple(one.event_id for found in past.values() for one in found)
    key = (
        "scene",
        files,
        snapshot and snapshot.hash,
        str(sorted(what.items())),
        words.english,
        ids,
    )
    drawn = None
    if zones is not None:
        scene = partial(outlines.places, zones, known, snapshot, rows, past, told, language)
        drawn = kept.get(key, lambda: drawn_of(scene()))
    facts: Mapping[str, Any] = {} if snapshot is None else snapshot.facts
    by_class: dict[str, list[tuple[str, str]]] = {}
    columns = ["name", "zone_class", "zone_id"]
    named = outlines.without_areas(zones).frame[columns].to_numpy() if zones else ()
    for name, zone_class, zone_id in named:
        by_class.setdefault(str(zone_class), []).append(
            (one_line(words.zone(str(name)), NAME_LIMIT), str(zone_id))
        )
    return (
        Places(
            known,
            [_learned(row, decided, past.get(row.zone_ids[0], ()), words) for row in rows],
            str(facts.get("since", ""))[:10],
            str(facts.get("until", ""))[:10],
            [
                (one_line(str(one["name"]), NAME_LIMIT), one_line(str(one["reason"]), 200))
                for one in (snapshot.refused if snapshot else ())
            ],
            [(name, sorted(of)) for name, of in sorted(by_class.items())],
            [
                replace(one, at=_minute(one.at))
                for one in layers.last_changes(installation.changes, MAX_CHANGES)
            ],
            "" if problem is None else problem.message,
            "" if problem is None else problem.hint,
        ),
        drawn,
    )


def _minute(text: str) -> str:
    """Write when something was decided for people; as it stands where it is no such time."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return one_line(text, MAX_NAME)
    return minute(at if at.tzinfo else at.replace(tzinfo=UTC))


def _past(
    here: Here,
    request: Request,
    snapshot: Snapshot | None,
    decided: Mapping[str, str],
    kept: Recent,
) -> dict[str, list[Silenced]]:
    """Return what each undecided place would have silenced, by zone id."""
    one = here.installation
    generation = store.generation(one.store, one.settings.store)
    if snapshot is None or not generation:
        return {}
    open_ = [f for f in snapshot.features if f["properties"]["zone_id"] not in decided]
    ids = ",".join(str(f["properties"]["zone_id"]) for f in open_)

    def find() -> dict[str, list[Silenced]]:
        with store.read(one.store, one.settings.store) as reader:
            return silenced(reader, open_, detectors.build(one.detectors))

    return kept.get(("past", generation, snapshot.hash, ids), find)


def _called(name: str, zone_class: str, words: Labels) -> str:
    """Return what a learned place is called, in the language; another name as it stands.

    Its name says in English what it is and where it lies, by `Gazetteer.describe`.
    """
    what = zone_class.replace("_", " ")
    found = _WHERE.fullmatch(name.removeprefix(what.capitalize()))
    if found is None or words.english == labels("en").english:
        return name
    place, told = found["place"], words.at_desk(what)
    if not found["nm"]:
        return f"{told.capitalize()} {words.say('off {place}', place=place)}"
    nm, point = float(found["nm"]), words.say(found["point"])
    where = words.say("{nm:.0f} nm {point} of {place}", nm=nm, point=point, place=place)
    return f"{told.capitalize()} {where}"


def _learned(
    row: Row, decided: Mapping[str, Decision], past: Sequence[Silenced], words: Labels
) -> Learned:
    facts = row.facts
    many = "n_cells" if "n_cells" in facts else "n_visits"
    told = [words.at_desk("{n} vessels", n=facts["n_vessels"])]
    told.append(words.at_desk("{n} days", n=facts["n_days"]))
    said = "{n} cells" if many == "n_cells" else "{n} visits"
    told.append(words.at_desk(said, n=facts[many]))
    told += [f"{facts['area_km2']} km²"] if "area_km2" in facts else []
    by_night = Counter(outlines.night_of(one) for one in past)
    flagged = Counter(outlines.night_of(one) for one in past if one.flagged)
    return Learned(
        row.key,
        one_line(_called(str(facts["name"]), str(facts["zone_class"]), words), NAME_LIMIT * 2),
        str(facts["zone_class"]),
        row.decision,
        one_line(by.by, MAX_NAME) if (by := decided.get(row.zone_ids[0])) else "",
        _minute(by.made)[:10] if by else "",
        ", ".join(told),
        float(facts["confidence_score"]),
        len(row.zone_ids),
        len(past),
        sum(one.flagged for one in past),
        [(day, by_night[day], flagged[day]) for day in sorted(by_night, reverse=True)[:MAX_NIGHTS]],
        [
            (
                one.event_id,
                one.mmsi,
                words.kind_of(one.kind, one.subkind),
                moment(one.start, say=words.say),
                one.score,
                one.score_then,
                one_line(one.reason, SENTENCE_LIMIT),
                one_line(one.conclusion.replace("_", " "), NAME_LIMIT),
            )
            for one in past[:MAX_EVENTS]
        ],
    )

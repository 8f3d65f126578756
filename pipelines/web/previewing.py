"""A pack as its recipient will see it, before it is made: what is in it, and what isn't."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from detectors.core.errors import SelatError
from pipelines import store
from pipelines.ask.beside import beside, ids_here
from pipelines.assess import watchlists
from pipelines.assess.dispositions.outcomes import CLOSED
from pipelines.assess.incidents import as_led
from pipelines.base import marks
from pipelines.base.labels import labels
from pipelines.base.progress import Reporter
from pipelines.base.text import LOCAL, LOCAL_NAME, moment, one_line
from pipelines.publish.brief.scene import scene_of
from pipelines.publish.briefing import NAME_LIMIT, SENTENCE_LIMIT, span, vessel_cards
from pipelines.publish.packs import recipients
from pipelines.publish.packs.recipients import Recipient
from pipelines.publish.release import may_have
from pipelines.run.release import Released, release_run
from pipelines.run.release_view import Rights
from pipelines.web.charts import Drawn, drawn_of
from pipelines.web.here import Here

MAX_SHOWN: Final = 60
MAX_LISTED: Final = 500
"""Of a pack so many incidents and vessels are listed: what isn't can't be left out singly."""


@dataclass(frozen=True)
class Asked:
    """What a pack is asked with."""

    recipient: str
    run_id: str
    strike: tuple[str, ...]
    struck: tuple[str, ...] = ()
    """What is left out of it: events and vessels by their ids, and in words."""
    pack: str = ""
    cleared: bool = False


@dataclass(frozen=True)
class Lacks:
    """Something that a pack lacks: in words, how many, and which, as far as they are listed."""

    what: str
    n: int
    which: Sequence[str] = ()


@dataclass(frozen=True)
class Seen:
    """A pack as its recipient will see it, before it is made."""

    mark: str
    title: str
    language: str
    window: str
    stale_after: str
    formats: str
    incidents: Sequence[tuple[str, str, str, float, str, str]]
    """Number, title, certainty, score, when, next step, in the recipient's language."""
    concluded: Sequence[str]
    """What was concluded on them here, with the number of each: it isn't in the pack."""
    cleared: Sequence[bool]
    """Whether each of them was cleared here, or has a benign cause: it goes out all the same, since
    conclusions count in no pack, but for what is ticked."""
    sailed_for: Sequence[str]
    """Numbers of those that its plan sails for, though what was concluded here closes them: it
    rests on what its recipient may know."""
    ids: Sequence[tuple[str, ...]]
    """Of each of these incidents the ids here of its events."""
    vessels: Sequence[tuple[int, int, str, float, str]]
    """Rank, MMSI, name, score, reasons."""
    n_events: int
    n_here: int
    n_vessels: int
    not_held: Sequence[tuple[int, str]]
    """Flagged vessels that one's own run, knowing more, doesn't hold: MMSI, why flagged."""
    own_run: str
    planned: bool
    left_out: Sequence[Lacks]
    """What it lacks of what is known here: words, how many, which."""
    digest: tuple[Any, ...]
    """What tells what is in it: the pack that is made holds just that."""
    drawn: Drawn | None


def seen(here: Here, asked: Asked, report: Reporter) -> Seen:
    """Work out what a recipient would get; nothing is written."""
    released = release_run(
        here.installation, asked.recipient, asked.run_id or None, strike=asked.strike, report=report
    )
    products, release = released.products, released.products.release
    if release is None:
        raise SelatError("these products are for nobody")
    recipient = recipients.find(here.installation.config, asked.recipient)
    flagged = products.flagged.to_dict("records")
    scene = scene_of(products, vessel_cards(products)) if flagged else None
    listed = products.incidents.head(MAX_LISTED)
    shown = as_led(listed, products.events).to_dict("records")
    ids = [tuple(own) for own in ids_here(listed, products.events, released.own)]
    known = beside(
        here.installation,
        [float(row["score"]) for row in shown],
        [";".join(own) for own in ids],
        simulated=products.simulated,
    )
    plan = products.planned.plan if products.planned else None
    stops = [stop for one in plan.sailed for stop in one.stops] if plan else []
    sailed = {stop.target.rank for stop in stops if stop.target is not None}
    return Seen(
        str(release.mark),
        one_line(release.title, NAME_LIMIT),
        release.language,
        span(products.start, products.end, LOCAL, LOCAL_NAME),
        moment(release.stale_after),
        ", ".join(recipient.formats),
        [
            (
                str(row["rank"] or "–"),
                one_line(str(row["title"]), SENTENCE_LIMIT),
                one_line(str(row["certainty"]), NAME_LIMIT),
                float(row["score"]),
                span(
                    row["led_start"],
                    row["led_end"],
                    LOCAL,
                    LOCAL_NAME,
                    labels(release.language),
                ),
                one_line(str(row["next_step"]), SENTENCE_LIMIT),
            )
            for row in shown
        ],
        [
            one_line(f"{row['rank'] or '–'}: {said}", SENTENCE_LIMIT)
            for row, said in zip(shown, known.concluded, strict=True)
            if said
        ],
        known.cleared,
        [
            str(row["rank"])
            for row, how in zip(shown, known.standing, strict=True)
            if how == CLOSED and row["rank"] in sailed
        ],
        ids,
        [
            (
                int(row["rank"]),
                int(row["mmsi"]),
                one_line(str(row["name"]), NAME_LIMIT),
                float(row["score"]),
                one_line(str(row["reasons"]), SENTENCE_LIMIT),
            )
            for row in flagged[:MAX_LISTED]
        ],
        len(products.events),
        len(products.incidents),
        len(flagged),
        [
            (int(mmsi), one_line(str(reasons), SENTENCE_LIMIT))
            for mmsi, _, reasons in released.not_held.itertuples(index=False, name=None)
        ],
        released.own_run,
        products.planned is not None,
        lacking(here, asked, recipient, released),
        digest_of(released),
        None if scene is None else drawn_of(scene),
    )


def lacking(here: Here, asked: Asked, recipient: Recipient, released: Released) -> Sequence[Lacks]:
    """Return what is known here and isn't in a recipient's pack, and why."""
    one = here.installation
    rules = marks.load(one.config)
    with store.read(one.store, one.settings.store) as home:
        rights = Rights.of(home, rules, recipient)
        feeds, sightings = home.ledger(), home.held_sightings()
        run = str(asked.run_id or (home.last_run() or {}).get("run_id", ""))
        known = home.incidents(run)
    own = set(released.own["event_id"])
    gone = known[
        (known["rank"] > 0) & ~known["events"].map(lambda t: bool(own & set(t.split(";"))))
    ]
    lists = watchlists.load(one.watchlists)
    withheld = [
        text for text in lists if not may_have([rules.of_watchlist(text.name)], recipient)[0]
    ]
    told = [
        Lacks(
            "feeds that it may not have, and all that rests on them",
            len(feeds) - len(rights.ledger),
        ),
        Lacks("sightings that it may not have", len(sightings) - len(rights.sightings)),
        Lacks("watch-lists that it may not have", len(withheld)),
        Lacks(
            "incidents of this night that aren't in it",
            len(gone),
            [
                one_line(f"{row['rank']} {row['title']}", SENTENCE_LIMIT)
                for row in gone.sort_values("rank").head(MAX_SHOWN).to_dict("records")
            ],
        ),
        Lacks("left out by you", len(asked.struck), asked.struck),
        Lacks("fields that it isn't told", len(recipient.redact), recipient.redact),
    ]
    return [lacks for lacks in told if lacks.n > 0]


def digest_of(released: Released) -> tuple[Any, ...]:
    """Return what tells what a pack holds."""
    events, flagged = released.products.events, released.products.flagged
    held = list(zip(events["event_id"], events["score"], strict=True))
    return (released.products.run_id, *held, *flagged["mmsi"], *released.not_held["mmsi"])

"""What the desk says of packs: recipients, the log, what one gets, what came of verifying one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from fastapi import Request
from markupsafe import Markup

from detectors.core.errors import SelatError
from pipelines import store
from pipelines.ask.held_wrong import held_wrong
from pipelines.base.progress import Reporter
from pipelines.base.settings import Installation
from pipelines.base.text import one_line, script_json
from pipelines.publish.brief.scene import scene_of
from pipelines.publish.briefing import (
    LOCAL,
    LOCAL_NAME,
    NAME_LIMIT,
    SENTENCE_LIMIT,
    moment,
    span,
    vessel_cards,
)
from pipelines.publish.maps import canvas
from pipelines.publish.packs import log, recipients
from pipelines.publish.packs.keys import Keyring, Signer
from pipelines.run.corrections import Correction, correct, prepared
from pipelines.run.packs import WithheldError, export_to
from pipelines.run.release import Released, release_run
from pipelines.web import verifying
from pipelines.web.charts import Drawn
from pipelines.web.here import Here
from pipelines.web.working import Work

MAX_LINES: Final = 200
"""Of the log so many lines are shown, the newest."""
MAX_SHOWN: Final = 60


@dataclass(frozen=True)
class Held:
    """A pack with leads that no longer stand: which, and what became of each."""

    pack: str
    title: str
    said: str
    leads: Sequence[tuple[str, str, int, str, str]]


@dataclass(frozen=True)
class Packs:
    """The page.

    Attributes
    ----------
    recipients
        Name, title, most that it may have, what it holds, formats, language, whether encrypted.
    lines
        The log, the newest first.
    problems
        What is wrong with it.
    held
        Who holds leads that no longer stand.
    key
        The id of the key that signs; empty: there is none.
    locked
        Whether it has a passphrase.
    """

    recipients: Sequence[tuple[str, str, str, str, str, str, bool]]
    lines: Sequence[Mapping[str, Any]]
    problems: Sequence[str]
    held: Sequence[Held]
    key: str
    locked: bool
    said: str
    hint: str


@dataclass(frozen=True)
class Seen:
    """A pack as its recipient will see it, before it is made.

    Attributes
    ----------
    incidents
        Number, title, certainty, score, when, next step, in the recipient's language.
    vessels
        Rank, MMSI, name, score, reasons.
    not_held
        Flagged vessels that one's own run, knowing more, doesn't hold: MMSI, why flagged.
    digest
        What tells what is in it: the pack that is made holds just that.
    """

    mark: str
    title: str
    language: str
    window: str
    stale_after: str
    formats: str
    incidents: Sequence[tuple[str, str, str, float, str, str]]
    vessels: Sequence[tuple[int, int, str, float, str]]
    n_events: int
    n_here: int
    not_held: Sequence[tuple[int, str]]
    own_run: str
    planned: bool
    digest: tuple[Any, ...]
    drawn: Drawn | None


@dataclass(frozen=True)
class Asked:
    """What a pack is asked with."""

    recipient: str
    run_id: str
    strike: tuple[str, ...]
    pack: str = ""
    cleared: bool = False


def packs(here: Here, request: Request) -> Packs:
    """Put the log, the recipients and who holds what is wrong into words."""
    one, keyring = here.installation, Keyring(here.installation.keys)
    said = hint = ""
    try:
        known = recipients.load(one.config)
    except SelatError as error:
        known, said, hint = {}, error.message, error.hint
    try:
        key, locked = signing(one)
        checked = log.check(one.exports, keyring)
        entries, problems = checked.entries, [*checked.problems, *checked.notes]
    except SelatError as error:
        key, locked, entries, problems = "", False, (), [error.message]
    return Packs(
        [
            (
                name,
                one_line(who.title, NAME_LIMIT),
                str(who.max_tlp),
                ", ".join(map(str, who.holds)),
                ", ".join(who.formats),
                who.language,
                bool(who.encrypt_to),
            )
            for name, who in known.items()
        ],
        [_line(one, entry) for entry in reversed(entries[-MAX_LINES:])],
        [one_line(text, SENTENCE_LIMIT) for text in problems],
        _held(here, request),
        key,
        locked,
        said,
        hint,
    )


def _line(one: Installation, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line of the log for a page; whoever may write the log may have written anything."""

    def text(name: str) -> str:
        return one_line(str(entry.get(name, "")), NAME_LIMIT * 2)

    pack = str(entry.get("pack", ""))
    try:
        made = moment(pd.Timestamp(text("time")), LOCAL, LOCAL_NAME)
    except (ValueError, TypeError, OverflowError):
        made = text("time")
    return {
        "number": text("number"),
        "time": made,
        "title": text("title") or text("recipient"),
        "pack": one_line(pack, NAME_LIMIT * 2),
        "tlp": text("tlp"),
        "flagged": text("flagged"),
        "corrects": text("corrects"),
        "run_id": text("run_id"),
        "by": text("by"),
        "encrypted": bool(entry.get("encrypted_to")),
        "there": bool(pack) and verifying.archive(one, pack) is not None,
    }


def _held(here: Here, request: Request) -> list[Held]:
    one, words = here.installation, here.words(request)
    if not store.exists(one.store, one.settings.store):
        return []
    with store.read(one.store, one.settings.store) as reader:
        found = held_wrong(reader, one, pd.Timestamp.now("UTC"))
    return [
        Held(
            lead.pack,
            one_line(lead.title, NAME_LIMIT),
            str(lead),
            [
                (
                    str(row["told_id"]),
                    str(row["event_id"]),
                    int(row["mmsi"]),
                    words.kind_of(str(row["kind"]), ""),
                    words.at_desk(str(row["what"])),
                )
                for row in lead.leads.head(MAX_SHOWN).to_dict("records")
            ],
        )
        for lead in found
    ]


def signing(one: Installation) -> tuple[str, bool]:
    """Return the id of the key that signs, empty where there is none, and whether it is locked."""
    keyring = Keyring(one.keys)
    active = keyring.active()
    return ("" if active is None else active.name, keyring.locked())


def signer(one: Installation, passphrase: str, *, unsigned: bool) -> Signer | None:
    """Return who signs; None where nobody does and nobody must."""
    keyring = Keyring(one.keys)
    if keyring.signing() or not unsigned:
        return keyring.signer(passphrase or None)
    return None


# ---- looking, making


def seen(here: Here, asked: Asked, report: Reporter) -> Seen:
    """Work out what a recipient would get; nothing is written."""
    released = release_run(
        here.installation,
        asked.recipient,
        asked.run_id or None,
        strike=asked.strike,
        report=report,
    )
    products, release = released.products, released.products.release
    if release is None:
        raise SelatError("these products are for nobody")
    recipient = recipients.find(here.installation.config, asked.recipient)
    flagged = products.flagged.to_dict("records")
    scene = scene_of(products, vessel_cards(products)) if flagged else None
    return Seen(
        str(release.mark),
        one_line(release.title, NAME_LIMIT),
        release.language,
        span(products.start, products.end, LOCAL, LOCAL_NAME),
        moment(release.stale_after, LOCAL, LOCAL_NAME),
        ", ".join(recipient.formats),
        [
            (
                str(row["rank"] or "–"),
                one_line(str(row["title"]), SENTENCE_LIMIT),
                one_line(str(row["certainty"]), NAME_LIMIT),
                float(row["score"]),
                span(row["start"], None if pd.isna(row["end"]) else row["end"], LOCAL, LOCAL_NAME),
                one_line(str(row["next_step"]), SENTENCE_LIMIT),
            )
            for row in products.incidents.head(MAX_SHOWN).to_dict("records")
        ],
        [
            (
                int(row["rank"]),
                int(row["mmsi"]),
                one_line(str(row["name"]), NAME_LIMIT),
                float(row["score"]),
                one_line(str(row["reasons"]), SENTENCE_LIMIT),
            )
            for row in flagged[:MAX_SHOWN]
        ],
        len(products.events),
        len(products.incidents),
        [
            (int(mmsi), one_line(str(reasons), SENTENCE_LIMIT))
            for mmsi, _, reasons in released.not_held.itertuples(index=False, name=None)
        ],
        released.own_run,
        products.planned is not None,
        _digest(released),
        None if scene is None else _drawn(scene),
    )


def _drawn(scene: Any) -> Drawn:
    data = Markup(script_json(canvas.data_of(scene)))  # noqa: S704 - made for this
    return Drawn(data, tuple(sorted({one.kind for one in scene.events})))


def _digest(released: Released) -> tuple[Any, ...]:
    """Return what tells what a pack holds."""
    events, flagged = released.products.events, released.products.flagged
    held = list(zip(events["event_id"], events["score"], strict=True))
    return (released.products.run_id, *held, *flagged["mmsi"], *released.not_held["mmsi"])


def prepared_for(here: Here, asked: Asked, report: Reporter) -> Correction:
    """Work out what the holder of a pack would be told; nothing is written."""
    now = pd.Timestamp.now("UTC")
    return prepared(here.installation, asked.pack, now, cleared=asked.cleared, report=report)


def told(made: Correction) -> list[tuple[str, str, int, str]]:
    """Return what a correction tells: event, kind, MMSI, what became of it."""
    columns = made.told[["event_id", "kind", "mmsi", "correction"]].head(MAX_SHOWN)
    return [(str(a), str(b), int(c), str(d)) for a, b, c, d in columns.itertuples(index=False)]


def made(
    here: Here,
    work: Work,
    operator: str,
    signer: Signer | None,
    unsigned: bool,
    replace: bool,
    report: Reporter,
) -> Mapping[str, Any]:
    """Make what was looked at, and nothing else; give the line of the log."""
    asked: Asked = work.about
    if work.kind == "correct":
        before = work.result.told

        def same(made: Correction) -> bool:
            return bool(made.told.equals(before))

        _, entry = correct(
            here.installation,
            asked.pack,
            pd.Timestamp.now("UTC"),
            cleared=asked.cleared,
            unsigned=unsigned,
            signer=signer,
            agree=same,
            report=report,
            by=operator,
        )
        return entry
    try:
        sent = export_to(
            here.installation,
            asked.recipient,
            run_id=asked.run_id or None,
            unsigned=unsigned,
            signer=signer,
            replace=replace,
            strike=asked.strike,
            agree=lambda released: _digest(released) == work.result.digest,
            report=report,
            by=operator,
        )
    except WithheldError as error:
        raise SelatError(
            "it isn't what you looked at any more", hint="look at the pack again"
        ) from error
    return sent.entry

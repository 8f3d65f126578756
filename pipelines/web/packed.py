"""What the desk says of packs: recipients, the log, what one gets, what came of verifying one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from fastapi import Request

from detectors.core.errors import SelatError
from pipelines import store
from pipelines.ask.held_wrong import held_wrong
from pipelines.base.labels import Labels
from pipelines.base.progress import Reporter
from pipelines.base.settings import Installation
from pipelines.base.text import moment, one_line
from pipelines.publish.briefing import NAME_LIMIT, SENTENCE_LIMIT
from pipelines.publish.packs import log, recipients
from pipelines.publish.packs.keys import Keyring, Signer
from pipelines.run.corrections import Correction, correct, prepared
from pipelines.run.packs import WithheldError, export_to
from pipelines.web import verifying
from pipelines.web.here import Here
from pipelines.web.previewing import MAX_SHOWN, Asked, digest_of
from pipelines.web.working import Work

MAX_LINES: Final = 200
"""Of the log so many lines are shown, the newest."""


@dataclass(frozen=True)
class Held:
    """A pack with leads that no longer stand: which, and what became of each."""

    pack: str
    title: str
    said: str
    leads: Sequence[tuple[str, str, int, str, str]]


@dataclass(frozen=True)
class Packs:
    """The page."""

    recipients: Sequence[tuple[str, str, str, str, str, str, bool]]
    """Name, title, most that it may have, what it holds, formats, language, whether encrypted."""
    lines: Sequence[Mapping[str, Any]]
    """The log, the newest first."""
    problems: Sequence[str]
    held: Sequence[Held]
    key: str
    """The id of the key that signs; empty: there is none."""
    locked: bool
    said: str
    hint: str


def packs(here: Here, request: Request) -> Packs:
    """Put the log, the recipients and who holds what is wrong into words."""
    one, keyring = here.installation, Keyring(here.installation.keys)
    said = hint = ""
    try:
        # A part of a home has none, and nobody there is told where its configuration would lie.
        known = {} if here.part else recipients.load(one.config)
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
        [_line(one, entry, here.words(request)) for entry in reversed(entries[-MAX_LINES:])],
        [one_line(text, SENTENCE_LIMIT) for text in problems],
        _held(here, request),
        key,
        locked,
        said,
        hint,
    )


def _line(one: Installation, entry: Mapping[str, Any], words: Labels) -> dict[str, Any]:
    """Return a line of the log for a page; whoever may write the log may have written anything."""

    def text(name: str) -> str:
        return one_line(str(entry.get(name, "")), NAME_LIMIT * 2)

    pack = str(entry.get("pack", ""))
    try:
        made = moment(pd.Timestamp(text("time")), say=words.say)
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
            agree=lambda released: digest_of(released) == work.result.digest,
            report=report,
            by=operator,
        )
    except WithheldError as error:
        raise SelatError(
            "it isn't what you looked at any more", hint="look at the pack again"
        ) from error
    return sent.entry

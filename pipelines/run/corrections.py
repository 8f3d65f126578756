"""`selat correct`: a pack that was wrong, and what its recipient is told of that.

What is told is worked out from what the recipient may have, and nothing else, as the pack was: the
span of the pack is looked at again. That a lead no longer stands here, since something is known
that the recipient may not have, is told to nobody but the home itself (`ask.held_wrong`). What
people concluded is told only where it is asked for; that what was told of that no longer holds, in
any case.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detectors.core import events as event_schema
from detectors.core import frames
from detectors.core.errors import SelatError
from detectors.surroundings.zones import Zones
from pipelines.assess.dispositions import newest
from pipelines.assess.reasons import Teller
from pipelines.base import marks as marking
from pipelines.base.labels import labels
from pipelines.base.marks import EVERYBODY, Mark, Tlp, strictest
from pipelines.base.progress import Reporter
from pipelines.base.schemas import FLAGGED, INCIDENTS, PARTS
from pipelines.base.settings import Installation
from pipelines.detect.compare import compare, succeeded_of
from pipelines.publish import release as cut
from pipelines.publish.packs import correction, issued, log, recipients
from pipelines.publish.packs.correction import CORRECTIONS
from pipelines.publish.packs.keys import Keyring, Signer
from pipelines.publish.packs.recipients import Recipient
from pipelines.publish.packs.standing import (
    REOPENED,
    cleared_since,
    due,
    innocent,
    moved,
    standing_here,
)
from pipelines.publish.products import Products, Release
from pipelines.reference.layers import load_gazetteer
from pipelines.run import release_marks
from pipelines.run.packs import WithheldError, hand_out, signer_of
from pipelines.run.release import Making
from pipelines.run.release_nights import Night
from pipelines.run.release_view import Rights, opened
from pipelines.run.windows import window_between
from pipelines.store import read


class NothingToCorrectError(SelatError):
    """The pack stands as it was told, by what its recipient may have."""

    exit_code = 7


@dataclass(frozen=True)
class Correction:
    """A correction that may be handed out."""

    pack: str
    """The pack that is corrected."""
    number: int
    """Which of its corrections it is, from 1."""
    told: pd.DataFrame
    """`correction.CORRECTIONS`, as its recipient is told."""
    recipient: Recipient
    """Who holds it."""
    products: Products
    """What the files of the correction are made from."""
    stood: tuple[str, ...]
    """Leads that it calls withdrawn, and that stand here, where more is known."""

    @property
    def moved_to(self) -> dict[str, tuple[float, float]]:
        """Return where leads are that are told to be elsewhere, by their ids in the pack."""
        away = self.told[self.told["now_lat"].notna()]
        places = zip(away["now_lat"].tolist(), away["now_lon"].tolist(), strict=True)
        return dict(zip(away["event_id"].tolist(), places, strict=True))


def correct(
    installation: Installation,
    pack: str,
    now: pd.Timestamp,
    *,
    cleared: bool = False,
    out: Path | None = None,
    unsigned: bool = False,
    signer: Signer | None = None,
    agree: Callable[[Correction], bool] = lambda _: True,
    report: Reporter,
    by: str = "",
) -> tuple[tuple[Path, ...], Mapping[str, Any]]:
    """Make the correction of a pack for the one who holds it, and log it.

    Returns the paths, as a pack's; the line of the log.

    Parameters
    ----------
    pack, now, cleared
        As of `prepared`.
    agree
        Asked before anything is signed.
    by
        Who makes it, for the log; empty: the account.

    Raises
    ------
    NothingToCorrectError
        If there is nothing to tell.
    SelatError
        If there is no such pack, it can't be looked at again, or `agree` said no.
    """
    signer = signer_of(installation, signer, unsigned=unsigned)
    made = prepared(installation, pack, now, cleared=cleared, report=report)
    if not agree(made):
        raise WithheldError(f"no correction of {pack}: withheld")
    private = signer[1] if signer and not unsigned else None
    told = made.told
    gazetteer = load_gazetteer(installation.reference)
    say = labels(made.products.language).say
    place = Teller({}, gazetteer, made.products.end, say).place
    return hand_out(
        installation,
        made.products,
        made.recipient,
        lambda folder: correction.fill(
            made.products, pack, made.number, told, folder, private, place
        ),
        lambda: {
            "corrects": pack,
            "corrected": dict(zip(told["event_id"], told["correction"], strict=True)),
            "moved_to": made.moved_to,
            "stood": made.stood,
        },
        signer,
        out=out,
        replace=False,
        by=by,
    )


def prepared(
    installation: Installation,
    pack: str,
    now: pd.Timestamp,
    *,
    cleared: bool = False,
    report: Reporter,
) -> Correction:
    """Work out what the holder of a pack is to be told, and write nothing.

    Parameters
    ----------
    pack
        Its name, as the log of exports has it.
    now
        When it is made; it goes stale as long after this as packs do after their run.
    cleared
        Whether to tell also that people here cleared a lead: not who, nor why.

    Raises
    ------
    NothingToCorrectError
        If there is nothing to tell.
    SelatError
        If there is no such pack, or it can't be looked at again.
    """
    checked = log.check(installation.exports, Keyring(installation.keys))
    entries = checked.entries
    named = [
        one
        for one in (*entries, *checked.sound)  # a line that somebody else wrote is the last resort
        if one.get("pack") == pack and "corrects" not in one
    ]
    if not named:
        raise SelatError(f"no pack {pack!r} is in the log", hint="names are in: selat exports")
    sent = named[-1]
    leads, made = issued.leads_of(installation.exported, pack)
    if made is None:
        raise SelatError(
            f"what {pack} told isn't kept here", hint="an older version made it: write to them"
        )
    name = str(sent["recipient"])
    recipient = recipients.find(installation.config, name)
    before = [one for one in entries if one.get("corrects") == pack]
    with read(installation.store, installation.settings.store) as home:
        said, heirs = newest(home.dispositions()), home.heirs()
    known = cleared_since(said, heirs, sent, made.cleared)
    leads = due(leads, known, sent, checked.sound, cleared_since(said, heirs, sent, ()))
    again, default = _looked_again(installation, name, recipient, made, leads, report)
    concluded = innocent(leads, known if cleared else (), again)
    told = _together(
        again[again["correction"] == "withdrawn"],
        concluded.assign(correction="cleared"),
        again,
        leads[leads["reopens"]].assign(correction=REOPENED),
    )
    if told.empty:
        hint = "" if cleared else "--cleared tells also what people here cleared"
        raise NothingToCorrectError(f"{pack} stands, by what {name} may have", hint=hint)
    whole = cut.of_whole([default, _mark(sent), *map(_mark, _rows(told))], recipient, default)
    number = len(before) + 1
    products = _products(sent, made, whole, recipient, now, number)
    # Where it is now is the lead's `lat` and `lon`, which nobody lacks, whatever fits their names.
    shown = cut.blank(told, recipient)
    shown = shown.assign(now_lat=told["now_lat"], now_lon=told["now_lon"])
    gone = leads[leads["told_id"].isin(told.loc[told["correction"] == "withdrawn", "event_id"])]
    with read(installation.store, installation.settings.store) as home:
        held, on = standing_here(home, gone, heirs)
    stood = tuple(sorted(held.loc[(on["event_id"] != "") & ~on["aside"], "told_id"]))
    return Correction(pack, number, shown, recipient, products, stood)


def _looked_again(
    installation: Installation,
    name: str,
    recipient: Recipient,
    made: issued.Made,
    leads: pd.DataFrame,
    report: Reporter,
) -> tuple[pd.DataFrame, Mark]:
    """Return what of a pack no longer stands by what its recipient may have, and the mark of it."""
    rules = marking.load(installation.config)
    with read(installation.store, installation.settings.store) as home:
        rights = Rights.of(home, rules, recipient)
        with opened(installation, rights, home, report) as view:
            gone = made.feeds - set(view.store.ledger()["sha256"])
            if gone:
                # Without them what rested on them would seem withdrawn.
                raise SelatError(
                    f"{len(gone)} of the feeds that the pack was made from aren't there, or are "
                    f"no longer for {name}",
                    hint="what rests on them can't be looked at again: write to them",
                )
            window = window_between(view.store, made.start, made.end)
            making = Making(
                installation, name, recipient, rules, view, Night("", 0, window, False, {})
            )
            making.look()
            standing = making.standing()
            default = release_marks.default(making)
            succeeded = succeeded_of(view.detectors, making.found.failures)
    plain = list(event_schema.EVENTS)
    found = compare(standing.assign(reason=""), leads.assign(reason=""), succeeded)
    status = dict(zip(found["event_id"], found["status"], strict=True))
    heirs = {old: new for new, old in found[["event_id", "supersedes"]].to_numpy() if old}
    on = leads["event_id"].map(lambda one: heirs.get(one, one))
    now = standing[[*plain, "tlp", "rel"]].set_index("event_id").reindex(on)
    missing = (leads["event_id"].map(status) == "retracted").to_numpy() & (on == leads["event_id"])
    here = now["lat"].notna().to_numpy()
    away = here & moved(leads, now["lat"], now["lon"])
    called_gone, open_again = (leads[name].to_numpy(bool) for name in ("gone", "reopens"))
    marks = [
        strictest([_mark(one), *([_mark(other)] if known else [])])
        for one, other, known in zip(_rows(leads), _rows(now), here, strict=True)
    ]
    # What is a lead again, and lies elsewhere, is told to be both.
    stands = np.where(here & (called_gone | open_again), REOPENED, np.where(away, "moved", ""))
    rows = leads.assign(
        correction=np.where(missing, np.where(called_gone, "", "withdrawn"), stands),
        now_lat=np.where(away, now["lat"], np.nan).round(6),
        now_lon=np.where(away, now["lon"], np.nan).round(6),
        tlp=[str(mark.tlp) for mark in marks],
        rel=[mark.rel_text for mark in marks],
    )
    return rows[rows["correction"] != ""], default


def _together(*parts: pd.DataFrame) -> pd.DataFrame:
    """Return `CORRECTIONS`: each lead once, as the first of these parts has it."""
    rows = pd.concat([part for part in parts if len(part)] or [parts[0]])
    rows = rows.drop_duplicates("told_id").sort_values(["start", "told_id"], ignore_index=True)
    for name in ("correction", "now_lat", "now_lon"):
        if name not in rows:
            rows[name] = np.nan
    named = rows.assign(event_id=rows["told_id"], incident_id=rows["told_incident"])
    return frames.conform(named, CORRECTIONS)


def _rows(table: pd.DataFrame) -> list[dict[Any, Any]]:
    return table[["tlp", "rel"]].to_dict("records")


def _mark(said: Mapping[Any, Any]) -> Mark:
    text = str(said["rel"])
    names = frozenset(part.strip() for part in text.split(",")) - {"NONE"}
    return Mark(Tlp(str(said["tlp"])), None if text == EVERYBODY else names)


def _products(
    sent: Mapping[str, Any],
    made: issued.Made,
    mark: Mark,
    recipient: Recipient,
    now: pd.Timestamp,
    number: int,
) -> Products:
    """Return products that hold nothing but for whom they are."""
    run_id = f"{sent['run_id']}_C{number}"
    return Products(
        run_id=run_id,
        start=made.start,
        end=made.end,
        simulated=bool(sent["simulated"]),
        events=event_schema.empty(),
        flagged=frames.empty(FLAGGED),
        parts=frames.empty(PARTS),
        incidents=frames.empty(INCIDENTS),
        tracks=frames.empty(frames.TRACKED),
        vessels=frames.empty(frames.VESSELS),
        zones=Zones.none(),
        manifest={"corrects": str(sent["pack"])},
        release=Release(
            recipient=str(sent["recipient"]),
            title=recipient.title,
            mark=mark,
            track_marks={},
            stale_after=now.floor("min") + pd.Timedelta(hours=recipient.stale_after_h),
            language=recipient.language,
        ),
    )

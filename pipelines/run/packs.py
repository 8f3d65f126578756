"""`selat export --to`: a pack for one recipient, signed, archived, logged."""

import getpass
import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from detectors.core.errors import SelatError
from pipelines.assess.dispositions import newest
from pipelines.base.files import copy_file, replacing, sha256_of, sync, sync_all, unfinished
from pipelines.base.progress import Reporter
from pipelines.base.settings import Installation
from pipelines.base.text import iso_now
from pipelines.publish.packs import build, issued, log, recipients
from pipelines.publish.packs.keys import Keyring, Signer
from pipelines.publish.packs.recipients import Recipient
from pipelines.publish.packs.standing import clearing
from pipelines.publish.products import Products
from pipelines.run.release import Released, Span, release_run
from pipelines.store import read


class WithheldError(SelatError):
    """A person looked at what a pack would tell, and withheld it."""

    exit_code = 14


@dataclass(frozen=True)
class Sent:
    """A pack that was made: its paths, and what the log says of it."""

    paths: tuple[Path, ...]
    entry: Mapping[str, Any]
    released: Released

    @property
    def products(self) -> Products:
        """Return what is in it."""
        return self.released.products


def export_to(
    installation: Installation,
    name: str,
    *,
    run_id: str | None = None,
    out: Path | None = None,
    unsigned: bool = False,
    signer: Signer | None = None,
    replace: bool = False,
    plan_from: pd.Timestamp | None = None,
    span: Span | None = None,
    strike: Collection[str] = (),
    agree: Callable[[Released], bool] = lambda _: True,
    report: Reporter | None = None,
    by: str = "",
) -> Sent:
    """Make the pack of a run for a recipient: a folder and an archive, or an encrypted archive.

    The same feeds, run, recipient, configuration and keys give the same bytes, whatever else the
    home holds; encryption apart. What is written appears whole, after the log has it.

    Parameters
    ----------
    run_id, span
        The run, or a span in its place; see `release_run`.
    out
        The folder to make them in; HOME/packs if None.
    unsigned
        Whether the pack has no signature. The line in the log has one in any case, where there is
        or was a key.
    signer
        The signing key, unlocked (`Keyring.signer`): unlocking takes seconds, and several packs can
        be signed with it. If None, the installation's, which then mustn't have a passphrase.
    replace
        Whether a pack of the same name may be replaced.
    plan_from
        When the patrol plan begins, where the recipient gets one; None: where the run's window
        ends.
    strike
        What to leave out; see `release_run`. The log says so, the pack doesn't.
    agree
        Asked before anything is signed; sees what isn't held here, knowing more.
    by
        Who makes it, for the log; empty: the account.

    Raises
    ------
    KeyProblem
        If it can't be signed.
    WithheldError
        If `agree` said no.
    SelatError
        If there is such a pack.
    """
    signer = signer_of(installation, signer, unsigned=unsigned)
    released = release_run(
        installation, name, run_id, span=span, plan_from=plan_from, strike=strike, report=report
    )
    return send(
        installation,
        name,
        released,
        signer,
        out=out,
        unsigned=unsigned,
        replace=replace,
        strike=strike,
        agree=agree,
        by=by,
    )


def send(
    installation: Installation,
    name: str,
    released: Released,
    signer: Signer | None,
    *,
    out: Path | None = None,
    unsigned: bool = False,
    replace: bool = False,
    strike: Collection[str] = (),
    agree: Callable[[Released], bool] = lambda _: True,
    by: str = "",
) -> Sent:
    """Make a recipient's pack of what was released to it; see `export_to`."""
    recipient = recipients.find(installation.config, name)
    products = released.products
    title = build.name_of(products)
    private = signer[1] if signer and not unsigned else None

    def fill(folder: Path) -> bytes:
        return build.fill(products, recipient.formats, folder, private)

    def entry() -> dict[str, Any]:
        if not agree(released):
            raise WithheldError(f"no pack for {name}: withheld")
        return _entry(released, recipient, strike)

    def note() -> None:
        feeds = frozenset(str(one["sha256"]) for one in products.manifest["inputs"])
        with read(installation.store, installation.settings.store) as home:
            known = frozenset(clearing(newest(home.dispositions()))["disposition_id"])
        made = issued.Made(products.start, products.end, feeds, known)
        told = products.events, released.own, products.incidents
        issued.note(installation.exported, title, *told, made)

    paths, said = hand_out(
        installation,
        products,
        recipient,
        fill,
        entry,
        signer,
        out=out,
        replace=replace,
        by=by,
        note=note,
    )
    return Sent(paths, said, released)


def signer_of(
    installation: Installation, signer: Signer | None, *, unsigned: bool
) -> Signer | None:
    """Return who signs: the one given, else the installation's key, where there must be one."""
    keyring = Keyring(installation.keys)
    if signer is None and (keyring.signing() or not unsigned):
        return keyring.signer(None)
    return signer


def hand_out(
    installation: Installation,
    products: Products,
    recipient: Recipient,
    fill: Callable[[Path], bytes],
    entry: Callable[[], Mapping[str, Any]],
    signer: Signer | None,
    *,
    out: Path | None,
    replace: bool,
    by: str = "",
    note: Callable[[], None] = lambda: None,
) -> tuple[tuple[Path, ...], Mapping[str, Any]]:
    """Make a recipient's files, note them in the log, and put them in place.

    Returns the paths; the line of the log.

    Parameters
    ----------
    fill
        Writes the files into an empty folder, and gives their manifest.
    entry
        Tells what of them the log says beside what is said of all.
    note
        Keeps what they told, once the log has them: of a pack that came to nothing it would have a
        correction tell what was struck from the next.
    """
    title = build.name_of(products)
    root = out or installation.packs
    root.mkdir(parents=True, exist_ok=True)
    sealed = bool(recipient.encrypt_to)
    targets = [root / f"{title}.zip.age"] if sealed else [root / title, root / f"{title}.zip"]
    taken = [path for path in targets if path.exists()]
    if taken and not replace:
        raise SelatError(f"{taken[0]} exists already", hint="--replace, or name another folder")
    own = entry()
    # What is to be encrypted lies plain in the home alone: a stick keeps what was deleted on it.
    place = installation.packs if sealed else root
    with ExitStack() as stack:
        tidy = place == installation.packs
        inside = stack.enter_context(unfinished(place / title, tidy=tidy))
        made, content = _make(recipient, title, inside, fill)
        line = {**_line(products, recipient, title, made, content), "by": by or _user(), **own}
        if sealed:
            beside = stack.enter_context(replacing(targets[0]))
            copy_file(made[0], beside)
            made = [beside]
        for path in made:
            sync_all(path)  # what the log says was made isn't lost with the power
        digest = log.append(installation.exports, line, Keyring(installation.keys), signer)
        note()
        for path, target in zip(made, targets, strict=True) if not sealed else ():
            if target.is_dir():
                shutil.rmtree(target)
            path.replace(target)
    with suppress(OSError):  # a share that can't flush a folder
        sync(root)
    return tuple(targets), {**line, "hash": digest}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a process of a user without a name, as in a container
        return str(os.getuid())


def _make(
    recipient: Recipient, title: str, inside: Path, fill: Callable[[Path], bytes]
) -> tuple[list[Path], bytes]:
    """Make what is put into place: folder and archive, or the encrypted archive; the manifest."""
    folder, archive = inside / "folder", inside / "archive.zip"
    folder.mkdir()
    content = fill(folder)
    build.archive(folder, title, archive)
    if not recipient.encrypt_to:
        return [folder, archive], content
    sealed = inside / "archive.zip.age"
    sealed.write_bytes(build.sealed(archive.read_bytes(), recipient.encrypt_to))
    return [sealed], content


def _line(
    products: Products, recipient: Recipient, title: str, made: list[Path], content: bytes
) -> dict[str, Any]:
    """Return what the log says of whatever is handed out."""
    release = products.release
    if release is None:
        raise SelatError("these products are for nobody")
    return {
        "time": iso_now(),
        "recipient": release.recipient,
        "title": recipient.title,
        "pack": title,
        "run_id": products.run_id,
        "simulated": products.simulated,
        **release.mark.fields,
        "manifest_sha256": hashlib.sha256(content).hexdigest(),
        "archive_sha256": sha256_of(made[-1]),
        "encrypted_to": list(recipient.encrypt_to),
    }


def _entry(released: Released, recipient: Recipient, strike: Collection[str]) -> dict[str, Any]:
    """Return what the log says of a pack."""
    return {
        "formats": list(recipient.formats),
        "flagged": len(released.products.flagged),
        "events": len(released.products.events),
        "own_run": released.own_run,
        "not_held": [f"{mmsi:09d}" for mmsi in released.not_held["mmsi"].tolist()],
        "struck": sorted(strike),
    }

"""Is a pack as its maker signed it, does one trust the maker, and is it still fresh?"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pandas as pd

from pipelines.packs import contents, manifest, minisign
from pipelines.packs.contents import Contents
from pipelines.packs.keys import Key, Keyring
from pipelines.packs.manifest import Manifest, PackError

State = Literal["intact", "stale", "revoked key", "unknown key", "not signed", "changed"]

EXIT_CODES: Final[dict[str, int]] = {
    "intact": 0, "changed": 9, "not signed": 10, "unknown key": 10, "revoked key": 10, "stale": 11,
}  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What came out of looking at a pack.

    Attributes
    ----------
    state
        The worst that was found: "changed" (a file differs, is missing or too many, or the
        signature doesn't fit), then the key, then the age.
    problems
        Everything that was found, a sentence each.
    key
        The id of the key that signed it, empty where none did.
    """

    state: State
    problems: tuple[str, ...]
    manifest: Manifest
    key: str


def verify(
    path: Path, keyring: Keyring, now: pd.Timestamp, also: Sequence[minisign.PublicKey] = ()
) -> Verdict:
    """Look at a pack, a folder or an archive; nothing is written.

    Parameters
    ----------
    keyring
        The keys that are trusted here, and what opens encrypted packs.
    now
        When it is, UTC.
    also
        Further keys to trust this once.

    Raises
    ------
    PackError
        If it isn't a pack, or can't be read without danger.
    """
    if not path.exists():
        raise PackError(f"there is no {path}")
    with contents.opened(path, keyring.identities()) as inside:
        return _verdict(inside, keyring, now, also)


def _verdict(
    inside: Contents, keyring: Keyring, now: pd.Timestamp, also: Sequence[minisign.PublicKey]
) -> Verdict:
    if manifest.NAME not in inside.sizes:
        raise PackError(f"this isn't a pack: there is no {manifest.NAME} in it")
    written = inside.read(manifest.NAME, manifest.MAX_BYTES)
    claimed = manifest.parse(written)
    changed = _differences(inside, claimed)
    signer, key_state, key_problem = _signer(inside, written, keyring, also)
    stale = now > pd.Timestamp(claimed.stale_after)
    problems = [*changed, *([key_problem] if key_problem else [])]
    if stale:
        problems.append(f"out of date since {claimed.stale_after}")
    state: State = "intact"
    if changed or key_state == "changed":
        state = "changed"
    elif key_state != "intact":
        state = key_state
    elif stale:
        state = "stale"
    return Verdict(state, tuple(problems), claimed, signer)


def _differences(inside: Contents, claimed: Manifest) -> list[str]:
    expected = {file.path: file for file in claimed.files}
    here = inside.sizes.keys() - {manifest.NAME, manifest.SIGNATURE}
    found = [f"missing: {name}" for name in sorted(expected.keys() - here)]
    found += [f"not in the manifest: {name}" for name in sorted(here - expected.keys())]
    found += [f"not in the manifest: {name!a}" for name in inside.odd]
    for name in sorted(expected.keys() & here):
        same = inside.sizes[name] == expected[name].bytes
        if not same or inside.sha256(name) != expected[name].sha256:
            found.append(f"changed: {name}")
    return found


def _signer(
    inside: Contents, written: bytes, keyring: Keyring, also: Sequence[minisign.PublicKey]
) -> tuple[str, State, str]:
    """The key's id, what it is worth, and what is wrong with it."""
    if manifest.SIGNATURE not in inside.sizes:
        return "", "not signed", "it isn't signed: whoever had it could change it"
    text = inside.read(manifest.SIGNATURE, 1 << 16).decode("utf-8", "replace")
    try:
        signature = minisign.Signature.parse(text)
    except minisign.SignatureError as error:
        return "", "changed", f"the signature can't be read: {error.message}"
    name = signature.key_name
    known = {key.name: key for key in keyring.entries() if key.kind != "opening"}
    given = {key.name: key for key in also}
    public = given.get(name) or (keyring.public(known[name]) if name in known else None)
    if public is None:
        return name, "unknown key", (
            f"signed by the key {name}, which isn't known here: anyone could have made it"
        )  # fmt: skip
    if not minisign.verifies(public, written, signature):
        return name, "changed", f"{manifest.NAME} isn't what the key {name} signed"
    if name in known and known[name].state == "revoked":
        return name, "revoked key", _revoked(known[name])
    return name, "intact", ""


def _revoked(key: Key) -> str:
    return f"signed by the key {key.name}, revoked on {key.ended}: {key.reason}"


def unpack(path: Path, keyring: Keyring, out: Path, verdict: Verdict) -> list[Path]:
    """Write the files of a verified pack into a new folder, which appears whole.

    Only what the manifest names is written, and its hash is checked again.

    Raises
    ------
    PackError
        If the folder exists, or a file isn't what it was when it was verified.
    """
    if out.exists():
        raise PackError(f"{out} exists already", hint="name a new folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        with contents.opened(path, keyring.identities()) as inside:
            for file in verdict.manifest.files:
                target = unfinished / manifest.safe_name(file.path)
                target.parent.mkdir(parents=True, exist_ok=True)
                inside.copy(file.path, target)
                if manifest.sha256_of(target) != file.sha256:
                    raise PackError(f"{file.path} changed while it was read")
            for name in (manifest.NAME, manifest.SIGNATURE):
                if name in inside.sizes:
                    inside.copy(name, unfinished / name)
        unfinished.rename(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return sorted(out.rglob("*"))

"""Is a pack as its maker signed it, does one trust the maker, and is it still fresh?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import pandas as pd

from pipelines.base.files import sha256_of, unfinished
from pipelines.base.text import minute
from pipelines.base.visible import clean
from pipelines.publish.packs import contents, manifest, minisign
from pipelines.publish.packs.contents import Contents
from pipelines.publish.packs.keys import Keyring
from pipelines.publish.packs.manifest import Manifest, PackError, UnsoundError
from pipelines.publish.packs.zipread import shown

State = Literal[
    "intact", "stale", "age unknown", "revoked key", "unknown key", "not signed", "changed"
]

EXIT_CODES: Final[dict[str, int]] = {
    "intact": 0,
    "changed": 9,
    "not signed": 10,
    "unknown key": 10,
    "revoked key": 10,
    "stale": 11,
    "age unknown": 11,
}

AHEAD: Final = pd.Timedelta(days=1)
"""So far ahead of now a pack's window may end: one asked for by its date ends with the day."""

_MAX_SIGNATURE: Final = 4096

_TOO_MANY: Final = "not in the manifest: "

_BESIDE: Final = (".aux.xml", "-wal", "-shm", "-journal")
"""What GDAL (Persistent Auxiliary Metadata) and SQLite (https://sqlite.org/tempfiles.html) write
beside a file that they open."""


@dataclass(frozen=True)
class Verdict:
    """What came out of looking at a pack."""

    state: State
    """The worst that was found: "changed" (a file differs, is missing or too many, or the signature
    doesn't fit), then the key, then the age."""
    problems: tuple[str, ...]
    """Everything that was found, a sentence each."""
    manifest: Manifest | None
    """What it says of itself; None where that can't be read."""
    key: str
    """The id of the key that signed it, empty where none did."""
    papers: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Manifest and signature as they were read."""
    title: str = ""
    """What that key is called here; empty where its signature can't be trusted."""
    opened: tuple[str, ...] = ()
    """What programs left beside files that they opened, if nothing else was changed."""

    @property
    def signed_by(self) -> str:
        """The key and whose it is: a partner's signs whatever its owner writes, in our name too."""
        return f"{self.key} ({clean(self.title)})" if self.title else self.key


def verify(
    path: Path, keyring: Keyring, now: pd.Timestamp, also: Sequence[minisign.PublicKey] = ()
) -> Verdict:
    """Look at a pack, a folder or an archive; nothing is written.

    `keyring`: the keys that are trusted here, and what opens encrypted packs.

    Raises
    ------
    PackError
        If it isn't a pack, or can't be read without danger.
    UnsoundError
        If it was one, and what is in it can't be told any more: it has been changed.
    """
    if not path.exists():
        raise PackError(f"there is no {clean(str(path))}")
    with contents.opened(path, keyring.identities()) as inside:
        return _verdict(inside, keyring, now, also)


def _verdict(
    inside: Contents, keyring: Keyring, now: pd.Timestamp, also: Sequence[minisign.PublicKey]
) -> Verdict:
    changed = list(inside.problems)
    odd = [f"{_TOO_MANY}{shown(name)}" for name in inside.odd]
    if manifest.NAME not in inside.sizes:
        was = manifest.SIGNATURE in inside.sizes or changed or odd
        kind = UnsoundError if was else PackError
        first = f"; {changed[0]}" if changed else ""
        raise kind(f"this isn't a pack: there is no {manifest.NAME} in it{first}")
    papers: dict[str, bytes] = {}
    try:
        papers[manifest.NAME] = inside.read(manifest.NAME, manifest.MAX_BYTES)
        if manifest.SIGNATURE in inside.sizes:
            papers[manifest.SIGNATURE] = inside.read(manifest.SIGNATURE, _MAX_SIGNATURE)
        claimed = manifest.parse(papers[manifest.NAME])
    except UnsoundError as error:
        return Verdict("changed", (*changed, *odd, error.message), None, "", papers)
    signer, key_state, key_problem = _signer(papers, keyring, also)
    more = sorted(inside.sizes.keys() - {manifest.NAME, manifest.SIGNATURE} - claimed.paths)
    changed += _differences(inside, claimed, more, odd)
    if signer and _is_renamed(inside, papers[manifest.SIGNATURE]):
        changed.append(f"the folder in the archive is called {shown(inside.top)}")
    age, stale = _age(claimed, now)
    problems = [*changed, *filter(None, [key_problem]), *stale]
    state: State = "changed" if changed else key_state
    if state == "intact":
        state = age
    titles = {key.name: key.title for key in keyring.entries() if key.kind != "opening"}
    title = titles.get(signer, "") if key_state == "intact" else ""
    beside = {path + end for path in claimed.paths for end in _BESIDE}
    alone = {*more} <= beside and len(problems) == len(more) + len(stale)
    opened = tuple(more) if alone else ()
    return Verdict(state, tuple(problems), claimed, signer, papers, title, opened)


def _age(claimed: Manifest, now: pd.Timestamp) -> tuple[State, list[str]]:
    """Tell whether a pack is out of date, and in a sentence what is wrong with its age.

    A clock that shows a time before what the pack tells of is behind: by it, any pack is fresh.
    """
    until = pd.Timestamp(claimed.stale_after)
    if now > until:
        return "stale", [f"out of date since {minute(until)}"]
    end = None if claimed.window is None else pd.Timestamp(claimed.window.end)
    if end is not None and end - now > AHEAD:
        said = f"it tells of what was until {minute(end)}, and by this machine it is {minute(now)}"
        return "age unknown", [f"{said}: whether it is out of date can't be told"]
    return "intact", []


def _is_renamed(inside: Contents, signature: bytes) -> bool:
    """Tell whether the folder of an archive as Selat writes it isn't called as was signed."""
    if not (inside.own and inside.top):
        return False
    told = signature.decode("utf-8", "replace").splitlines()[2]
    return not told.endswith(f" pack:{inside.top}")


def _differences(
    inside: Contents, claimed: Manifest, more: Sequence[str], odd: Sequence[str]
) -> list[str]:
    expected = {file.path: file for file in claimed.files}
    found = [f"missing: {name}" for name in sorted(expected.keys() - inside.sizes.keys())]
    found += [f"{_TOO_MANY}{name}" for name in more]
    found += odd
    for name in sorted(expected.keys() & inside.sizes.keys()):
        if inside.sizes[name] != expected[name].bytes:
            found.append(f"changed: {name}")
            continue
        try:
            content, packed = inside.hashes(name)
        except UnsoundError as error:
            found.append(f"changed: {name}: {error.message}")
            continue
        if content != expected[name].sha256:
            found.append(f"changed: {name}")
        elif packed and packed != (expected[name].deflated_sha256 or packed):
            found.append(f"changed: {name} isn't packed as it was")
    if inside.own and any(file.deflated_sha256 for file in claimed.files):
        for name in {manifest.NAME, manifest.SIGNATURE} & inside.sizes.keys():
            if len(set(inside.hashes(name))) > 1:  # these two are stored
                found.append(f"changed: {name} isn't packed as it was")
    return found


def _signer(
    papers: Mapping[str, bytes], keyring: Keyring, also: Sequence[minisign.PublicKey]
) -> tuple[str, State, str]:
    """Return the key's id, what it is worth, and what is wrong with it."""
    if manifest.SIGNATURE not in papers:
        return "", "not signed", "it isn't signed: whoever had it could change it"
    text = papers[manifest.SIGNATURE].decode("utf-8", "replace")
    try:
        signature = minisign.Signature.parse(text)
    except minisign.SignatureError as error:
        return "", "changed", f"the signature can't be read: {error.message}"
    name = signature.key_name
    if text != signature.text:  # its first line isn't signed, and base64 has bits to spare
        return name, "changed", f"{manifest.SIGNATURE} isn't as it was written"
    known = {key.name: key for key in keyring.entries() if key.kind != "opening"}
    given = {key.name: key for key in also}
    public = given.get(name) or (keyring.public(known[name]) if name in known else None)
    if public is None:
        return (
            name,
            "unknown key",
            (f"signed by the key {name}, which isn't known here: anyone could have made it"),
        )
    if not public.is_named_by_itself:  # trusted by an older version, or given beside the pack
        return name, "unknown key", f"the key known here as {name} isn't that of this id"
    if not minisign.verifies(public, papers[manifest.NAME], signature):
        return name, "changed", f"{manifest.NAME} isn't what the key {name} signed"
    if name in known and known[name].state == "revoked":
        key = known[name]
        revoked = f"signed by the key {name}, revoked on {key.ended}: {key.reason}"
        return name, "revoked key", revoked
    return name, "intact", ""


def unpack(path: Path, keyring: Keyring, out: Path, verdict: Verdict) -> list[Path]:
    """Write the files of a verified pack into a new folder, which appears whole.

    Only what the manifest names is written, and its hash is checked again.

    Raises PackError if the folder exists, or a file isn't what it was when it was verified.
    """
    if verdict.manifest is None:
        raise PackError(f"{manifest.NAME} can't be read")
    if out.exists() or out.is_symlink():
        raise PackError(f"{out} exists already", hint="name a new folder")
    with unfinished(out, tidy=False) as fresh:
        with contents.opened(path, keyring.identities()) as inside:
            for file in verdict.manifest.files:
                if file.path not in inside.sizes:
                    raise PackError(f"{file.path} is gone")
                target = fresh / manifest.safe_name(file.path)
                target.parent.mkdir(parents=True, exist_ok=True)
                inside.copy(file.path, target)
                if sha256_of(target) != file.sha256:
                    raise PackError(f"{file.path} changed while it was read")
        for name, content in verdict.papers.items():
            (fresh / name).write_bytes(content)
        fresh.rename(out)
    return sorted(out.rglob("*"))

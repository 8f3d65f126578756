"""Keys of an installation, in HOME/keys: those that sign, those that open, those it trusts.

| file | what |
|---|---|
| `ID.key` | private signing key (PKCS#8 PEM), mode 0600; age-encrypted where it has a passphrase |
| `ID.pub` | its public half, or another installation's, in minisign's format |
| `opening-N.txt` | age identity that opens encrypted packs, mode 0600 |
| `keys.json` | each key with what became of it; entries are never removed |
| `exports.json` | the newest line of the log of exports (`pipelines.publish.packs.record`) |
| `….part` | a private key that isn't listed yet: whoever has the lock next finishes or removes it |
| `lock` | held by whoever changes `keys.json`; readers see the old list or the new one |

One signing key is active at a time. A rotated one is *retired*: it signs no more, what it signed
stays good. A revoked one was lost or stolen: nothing that it signed is good, whenever it was.
"""

import errno
import fcntl
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args

import pyrage
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from detectors.core.errors import SelatError
from pipelines.base.files import named_if_full, read_plain, sync, write_durably, write_text
from pipelines.base.text import iso
from pipelines.publish.packs.minisign import PublicKey

Kind = Literal["signing", "trusted", "opening"]
State = Literal["active", "retired", "revoked"]

AGE: Final = (b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----")
"""How what age has encrypted begins, plain and armoured."""
BUSY: Final = "Excessive work"
"""How age begins to say that opening would take too long, by how fast the machine is just now."""
TRIES: Final = 20
_INDEX: Final = "keys.json"
_LOCK: Final = "lock"
_PART: Final = ".part"
_MAX_SECRET: Final = 1 << 16
"""Bytes. A private key has some hundred."""
_PUT_BACK: Final = "put it back from a copy; see docs/guides/keys.md"


class KeyProblem(SelatError):  # noqa: N818 - what a person has, not what went wrong inside
    """A key is missing, locked, or can't be used."""


@dataclass(frozen=True)
class Key:
    """A key and what became of it; `public` is what others may know of it."""

    name: str
    kind: Kind
    state: State
    public: str
    made: str
    title: str = ""
    ended: str = ""
    reason: str = ""
    recorded: bool = False
    """Whether it has signed a record of the newest line of the log of exports."""
    after: int = 0
    """Of one that was revoked: the newest line of the log that was recorded by then."""

    def had_ended(self, number: int, time: str) -> bool:
        """Tell whether it was revoked before a line of the log, by its number and time.

        What was recorded by then was there, whatever a clock said that was ahead.
        """
        return self.state == "revoked" and number > self.after and (not time or time > self.ended)


Signer = tuple[Key, Ed25519PrivateKey]
"""A signing key and its private half."""


class Keyring:
    """The keys in a folder, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> list[Key]:
        """All keys ever, oldest first; raises KeyProblem if the list of keys can't be read."""
        index = self.folder / _INDEX
        if not os.path.lexists(index):  # a link that leads nowhere is no empty list
            return []
        try:
            entries = json.loads(read_plain(index))
            if not isinstance(entries, list):
                raise TypeError("it isn't a list")
            return [_known(entry) for entry in entries]
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise KeyProblem(f"{index} can't be read: {error}") from error

    def find(self, name: str) -> Key:
        """Find the key whose name begins so; raises KeyProblem if there is none, or several."""
        found = [key for key in self.entries() if key.name.casefold().startswith(name.casefold())]
        if len(found) != 1:
            problem = "several keys begin" if found else "no key begins"
            raise KeyProblem(f"{problem} with {name!r}", hint="selat keys list")
        return found[0]

    def active(self) -> Key | None:
        """Return the key that signs, None where there is none."""
        signing = [k for k in self.entries() if k.kind == "signing" and k.state == "active"]
        return signing[-1] if signing else None

    def signing(self) -> dict[str, Key]:
        """All keys by name that sign here, or did."""
        return {key.name: key for key in self.entries() if key.kind == "signing"}

    def make(self, now: datetime, passphrase: str | None, title: str = "") -> Key:
        """Make the signing key; raises KeyProblem if there is an active one."""
        with self._locked():
            if (active := self.active()) is not None:
                raise KeyProblem(
                    f"there is a signing key, {active.name}", hint="selat keys rotate, or revoke it"
                )
            return self._make(now, passphrase, title, self.entries())

    def rotate(self, now: datetime, passphrase: str | None, title: str = "") -> Key:
        """Retire the signing key and make the next one; raises KeyProblem if there is none."""
        with self._locked():
            active = self.active()
            if active is None:
                raise KeyProblem("there is no signing key to rotate", hint="selat keys make")
            retired = replace(active, state="retired", ended=iso(now), reason="rotated")
            return self._make(now, passphrase, title or active.title, self._with(retired))

    def revoke(self, name: str, now: datetime, reason: str, after: int = 0) -> Key:
        """Revoke a key: nothing that it signed is good any more; `after`: see `Key`."""
        with self._locked():
            key = self.find(name)
            if key.state == "revoked":
                raise KeyProblem(f"{key.name} is revoked already: {key.reason}")
            revoked = replace(key, state="revoked", ended=iso(now), reason=reason, after=after)
            self._save(self._with(revoked))
            return revoked

    def trust(self, text: str, now: datetime, title: str) -> Key:
        """Believe what another installation's key signs.

        Raises KeyProblem if it is known already, or its id is another key's: the id is what people
        compare by voice, and whoever swaps the key may write any.
        """
        public = PublicKey.parse(text)
        if not public.is_named_by_itself:
            raise KeyProblem(
                f"the id {public.name} isn't that of the key beside it",
                hint="don't trust it: get the key from its owner by another way; one that another "
                "program made has such an id too, and signs no packs",
            )
        with self._locked():
            if any(key.name == public.name for key in self.entries()):
                raise KeyProblem(f"the key {public.name} is known already", hint="selat keys list")
            write_text(self.folder / f"{public.name}.pub", public.text)
            key = Key(public.name, "trusted", "active", _line(public), iso(now), title)
            return self._save([*self.entries(), key])

    def make_opening(self, now: datetime, title: str = "") -> Key:
        """Make an age identity that opens what is encrypted to it; older ones still open theirs."""
        identity = pyrage.x25519.Identity.generate()
        public = str(identity.to_public())
        text = f"# public key: {public}\n{identity}\n"
        with self._locked():
            known = self.entries()
            number = 1 + sum(key.kind == "opening" for key in known)
            while (self.folder / f"opening-{number}.txt").exists():  # of one that isn't listed
                number += 1
            name = f"opening-{number}"
            _write_secret(self.folder / f"{name}.txt{_PART}", text.encode())
            key = Key(name, "opening", "active", public, iso(now), title)
            return self._listed([*known, key])

    def note_record(self, name: str) -> None:
        """Note that a key has signed a record of the log's newest line."""
        if self.find(name).recorded:
            return
        with self._locked():
            self._save(self._with(replace(self.find(name), recorded=True)))

    def signer(self, passphrase: str | None) -> Signer:
        """Return the signing key and its private half.

        Raises KeyProblem if there is none, it is open to others, or locked and the passphrase
        doesn't fit.
        """
        key = self.active()
        if key is None:
            raise KeyProblem(
                "there is no signing key",
                hint="make one: selat keys make (see docs/guides/keys.md)",
            )
        path = self.folder / f"{key.name}.key"
        if not path.exists() and path.with_name(path.name + _PART).exists():
            with self._locked():  # which finishes it
                pass
        content = _read_secret(path, "selat keys rotate")
        if content.startswith(AGE):
            if not passphrase:
                raise KeyProblem(
                    f"the signing key {key.name} has a passphrase",
                    hint="give it in SELAT_KEY_PASSPHRASE, or at a terminal when asked",
                )
            content = _unlocked(key.name, content, passphrase)
        try:
            private = load_pem_private_key(content, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyProblem(f"{path} isn't a private key, or damaged", _PUT_BACK) from error
        if not isinstance(private, Ed25519PrivateKey):
            raise KeyProblem(f"{key.name}.key isn't an Ed25519 key", _PUT_BACK)
        if _line(PublicKey.of(private)) != key.public:
            # What it signs nobody could verify who trusts the key that is listed.
            raise KeyProblem(f"{path} is another key than {key.name}", _PUT_BACK)
        return key, private

    def locked(self) -> bool:
        """Tell whether the signing key needs a passphrase."""
        key = self.active()
        path = self.folder / f"{key.name}.key" if key else None
        return path is not None and path.exists() and _read_secret(path, "").startswith(AGE)

    def public(self, key: Key) -> PublicKey:
        """Return the public half of a key that signs."""
        return PublicKey.parse(key.public)

    def identities(self) -> list[pyrage.x25519.Identity]:
        """Return what opens packs; revoked keys are among it, since old packs stay theirs."""
        found = []
        for key in self.entries():
            path = self.folder / f"{key.name}.txt"
            if key.kind == "opening" and path.exists():
                text = _read_secret(path, _PUT_BACK).decode("ascii", "replace")
                secret = re.search(r"^AGE-SECRET-KEY-1[0-9A-Z]+$", text, re.MULTILINE)
                try:
                    found.append(pyrage.x25519.Identity.from_str(secret[0] if secret else ""))
                except pyrage.IdentityError as error:
                    raise KeyProblem(f"{path} opens nothing: it is damaged", _PUT_BACK) from error
        return found

    def _make(
        self, now: datetime, passphrase: str | None, title: str, others: Sequence[Key]
    ) -> Key:
        private = Ed25519PrivateKey.generate()
        public = PublicKey.of(private)
        content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        if passphrase:
            content = pyrage.passphrase.encrypt(content, passphrase)
        _write_secret(self.folder / f"{public.name}.key{_PART}", content)
        write_text(self.folder / f"{public.name}.pub", public.text)
        key = Key(public.name, "signing", "active", _line(public), iso(now), title)
        return self._listed([*others, key])

    def _with(self, changed: Key) -> list[Key]:
        """All keys, one of them changed."""
        return [changed if key.name == changed.name else key for key in self.entries()]

    def _save(self, keys: Sequence[Key]) -> Key:
        """Write the list of keys; whoever does has the lock, and gives all that were in it."""
        text = json.dumps([asdict(key) for key in keys], indent=2, ensure_ascii=False)
        write_durably(self.folder / _INDEX, (text + "\n").encode())
        return keys[-1]

    def _listed(self, keys: Sequence[Key]) -> Key:
        """Write the list of keys, the last of them new, and finish its private half."""
        made = self._save(keys)
        self._finish()
        return made

    def _finish(self) -> None:
        """Give private keys that are listed their names, and remove the others that were begun.

        Whoever makes one may be killed at any moment; no key is in use before it is listed.
        """
        for part in self.folder.glob(f"*{_PART}"):
            path = part.with_name(part.name.removesuffix(_PART))
            if path.suffix not in {".key", ".txt"}:
                continue
            if any(key.name == path.stem for key in self.entries()) and not path.exists():
                part.rename(path)
                continue
            part.unlink()
            if path.suffix == ".key":
                path.with_suffix(".pub").unlink(missing_ok=True)
        sync(self.folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Be the only one to change the list of keys; another one is waited for."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Whatever is in its place is neither waited for nor followed.
        how = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        lock = self.folder / _LOCK
        try:
            opened = os.open(lock, how, 0o600)
        except OSError as error:
            said = "it is a link" if error.errno == errno.ELOOP else error.strerror
            hint = "whoever changes keys holds that file: see what was put in its place"
            raise KeyProblem(f"{lock} can't be opened: {said}", hint) from error
        with os.fdopen(opened, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if any(self.folder.glob(f"*{_PART}")):
                self._finish()
            yield


def _known(entry: Mapping[str, Any]) -> Key:
    """Read a key out of the list; raises ValueError or TypeError if it is none."""
    key = Key(**entry)
    texts = (key.name, key.public, key.made, key.title, key.ended, key.reason)
    if (
        key.kind not in get_args(Kind)
        or key.state not in get_args(State)
        or not all(isinstance(text, str) for text in texts)
        or not isinstance(key.recorded, bool)
        or type(key.after) is not int
    ):
        raise ValueError("an entry isn't a key's")
    return key


def _line(public: PublicKey) -> str:
    return public.text.splitlines()[1]


def _write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, and that isn't there yet."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with named_if_full(path), os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)


def _unlocked(name: str, content: bytes, passphrase: str) -> bytes:
    """Return a key that a passphrase locks.

    Before age tries a passphrase it times a small piece of such work, and refuses where all of it
    would take many times what it meant to when the key was locked. On a busy machine a moment is
    enough for that, so it is asked again.

    Raises KeyProblem if the passphrase is wrong, or the machine too busy each time.
    """
    for _ in range(TRIES):
        try:
            return bytes(pyrage.passphrase.decrypt(content, passphrase))
        except pyrage.DecryptError as error:
            if not str(error).startswith(BUSY):
                raise KeyProblem(f"the passphrase of {name} is wrong") from error
            busy = error
    raise KeyProblem(
        f"this machine is too slow or too busy to open {name}",
        hint="try again when it has less to do, or where the key was made",
    ) from busy


def _read_secret(path: Path, hint: str) -> bytes:
    """Return a private key; raises KeyProblem if it can't be read, or others could; `hint`: what to
    do where it is gone.
    """
    try:
        content = read_plain(path, _MAX_SECRET)
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise KeyProblem(f"the private key {path} is gone", hint=hint) from error
    except OSError as error:
        said = f"the private key {path} can't be read: {error.strerror}"
        raise KeyProblem(said, _PUT_BACK) from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyProblem(f"others may read the private key {path}", hint=f"chmod 600 {path}")
    return content

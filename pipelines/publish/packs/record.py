"""HOME/keys/exports.json: number and hash of the newest line of the log of exports, signed.

It lies beside the keys and not beside the log, is written after the line is on the disk, and whole
or not at all. Whoever has no key can neither make one nor change it; that it was taken away shows
by `recorded` in the list of keys.
"""

import base64
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from detectors.core.errors import SelatError
from pipelines.base.files import read_plain, write_durably
from pipelines.publish.packs.keys import Key, Keyring, Signer
from pipelines.publish.packs.minisign import PublicKey

NAME: Final = "exports.json"
_MAX_BYTES: Final = 4096


class RecordError(SelatError):
    """The record isn't what was written."""

    exit_code = 9


@dataclass(frozen=True)
class Record:
    """The newest line of the log, and who says so."""

    number: int
    hash: str
    key: str
    signature: str

    def fits(self, number: int, digest: str) -> bool:
        """Tell whether it is of this line."""
        return (self.number, self.hash) == (number, digest)

    @property
    def signed_text(self) -> str:
        """Return what its signature is over; no line's is over the like."""
        return f"newest line of exports: {self.number} {self.hash}"


def write(keyring: Keyring, signer: Signer, number: int, digest: str) -> None:
    """Record a line as the newest one, on the disk before this returns."""
    bare = Record(number, digest, signer[0].name, "")
    whole = asdict(bare) | {"signature": sign(signer[1], bare.signed_text)}
    write_durably(keyring.folder / NAME, (json.dumps(whole, sort_keys=True) + "\n").encode())
    keyring.note_record(signer[0].name)


def read(keyring: Keyring) -> Record | None:
    """Return what is recorded; None where nothing is.

    Raises RecordError if it can't be read, or isn't signed by a key of this installation.
    """
    path = keyring.folder / NAME
    try:
        content = json.loads(read_plain(path, _MAX_BYTES))
        record = Record(**content)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise RecordError("the record of the newest line can't be read") from error
    if type(record.number) is not int or not all(
        isinstance(text, str) for text in (record.hash, record.key, record.signature)
    ):
        raise RecordError("the record of the newest line can't be read")
    key = keyring.signing().get(record.key)
    if key is None or not signed(key, record.signed_text, record.signature):
        raise RecordError("the record of the newest line isn't signed by a key of this machine")
    return record


def revoke(keyring: Keyring, name: str, now: datetime, reason: str) -> Key:
    """Revoke a key, and note which lines of the log were recorded by then.

    By the times of lines alone, those that a clock wrote that was ahead would come after it, for
    ever. Raises KeyProblem as `Keyring.revoke` does.
    """
    known = None
    with suppress(RecordError):
        known = read(keyring)
    return keyring.revoke(name, now, reason, known.number if known else 0)


def sign(private: Ed25519PrivateKey, text: str) -> str:
    """Return the signature of a key over a text, in base64."""
    return base64.b64encode(private.sign(text.encode())).decode()


def signed(key: Key, text: str, signature: str) -> bool:
    """Tell whether a key signed a text."""
    raw = PublicKey.parse(key.public).raw
    try:
        content = base64.b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(raw).verify(content, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return base64.b64encode(content).decode() == signature  # base64 has bits to spare

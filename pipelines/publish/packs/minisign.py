"""Signatures that the program `minisign` verifies.

Source: the minisign format (https://jedisct1.github.io/minisign/). A signature is Ed25519 over the
BLAKE2b-512 hash of the file (algorithm "ED"); a second one over the first and the trusted comment
keeps the comment. Elder signatures over the file itself ("Ed") are read too.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from detectors.core.errors import SelatError

_PLAIN: Final = b"Ed"
_HASHED: Final = b"ED"
_COMMENT: Final = "untrusted comment: "
_TRUSTED: Final = "trusted comment: "


class SignatureError(SelatError):
    """A key or signature isn't in minisign's format."""


@dataclass(frozen=True)
class PublicKey:
    """A public key with the eight bytes that name it."""

    key_id: bytes
    raw: bytes

    @property
    def name(self) -> str:
        """The key's id as minisign prints it: 16 hex digits, last byte first."""
        return self.key_id[::-1].hex().upper()

    @property
    def text(self) -> str:
        """The content of a .pub file."""
        coded = base64.b64encode(_PLAIN + self.key_id + self.raw).decode()
        return f"{_COMMENT}minisign public key {self.name}\n{coded}\n"

    @classmethod
    def of(cls, private: Ed25519PrivateKey) -> "PublicKey":
        """Return the public half of a private key; its id is a hash of it."""
        raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return cls(_id_of(raw), raw)

    @property
    def is_named_by_itself(self) -> bool:
        """Tell whether its id is the one that `of` gives: only then it tells keys apart."""
        return self.key_id == _id_of(self.raw)

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """Read a key from the content of a .pub file, or from its second line alone.

        Raises SignatureError if it is neither.
        """
        lines = [line.strip() for line in text.strip().splitlines()]
        content = _decoded(lines[-1] if lines else "", 42, "public key")
        if content[:2] != _PLAIN:
            raise SignatureError("this isn't an Ed25519 public key of minisign")
        return cls(content[2:10], content[10:])


@dataclass(frozen=True)
class Signature:
    """A signature as read."""

    key_id: bytes
    hashed: bool
    signature: bytes
    trusted_comment: str
    comment_signature: bytes

    @property
    def key_name(self) -> str:
        """The id of the key that made it, as minisign prints it."""
        return self.key_id[::-1].hex().upper()

    @property
    def text(self) -> str:
        """The content of a .minisig file, as `sign` gives it."""
        kind = _HASHED if self.hashed else _PLAIN
        first = base64.b64encode(kind + self.key_id + self.signature).decode()
        second = base64.b64encode(self.comment_signature).decode()
        return (
            f"{_COMMENT}signature by Selat, key {self.key_name}\n{first}\n"
            f"{_TRUSTED}{self.trusted_comment}\n{second}\n"
        )

    @classmethod
    def parse(cls, text: str) -> "Signature":
        """Read a signature from the content of a .minisig file.

        Raises SignatureError if it isn't one.
        """
        lines = text.splitlines()
        if len(lines) < 4 or not lines[2].startswith(_TRUSTED):
            raise SignatureError("this isn't a signature of minisign")
        content = _decoded(lines[1], 74, "signature")
        if content[:2] not in {_PLAIN, _HASHED}:
            raise SignatureError("this signature is of a kind that isn't known")
        return cls(
            content[2:10],
            content[:2] == _HASHED,
            content[10:],
            lines[2].removeprefix(_TRUSTED),
            _decoded(lines[3], 64, "signature"),
        )


def sign(private: Ed25519PrivateKey, content: bytes, trusted_comment: str) -> str:
    """Return the .minisig file for some content.

    Raises SignatureError if the comment isn't one line of visible text.
    """
    if not trusted_comment.isprintable():
        raise SignatureError("a trusted comment must be one line of visible text")
    key = PublicKey.of(private)
    signature = private.sign(_digest(content))
    over_comment = private.sign(signature + trusted_comment.encode())
    return Signature(key.key_id, True, signature, trusted_comment, over_comment).text


def verifies(key: PublicKey, content: bytes, signature: Signature) -> bool:
    """Tell whether a key made a signature over this content and over its trusted comment."""
    public = Ed25519PublicKey.from_public_bytes(key.raw)
    try:
        public.verify(signature.signature, _digest(content) if signature.hashed else content)
        public.verify(
            signature.comment_signature, signature.signature + signature.trusted_comment.encode()
        )
    except InvalidSignature:
        return False
    return key.key_id == signature.key_id


def _id_of(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=8).digest()


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=64).digest()


def _decoded(text: str, length: int, what: str) -> bytes:
    try:
        content = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureError(f"this isn't a {what} of minisign") from error
    if len(content) != length:
        raise SignatureError(f"this isn't a {what} of minisign")
    return content

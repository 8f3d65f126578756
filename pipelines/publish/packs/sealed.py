"""Encrypted packs, opened within bounds: in memory, and never on a disk."""

import base64
import binascii
import re
from typing import Final

import pyrage

from pipelines.publish.packs.keys import AGE
from pipelines.publish.packs.manifest import PackError, UnsoundError
from pipelines.publish.packs.zipread import BLOCK, Bytes

MAX_SEALED_BYTES: Final = 256 << 20
"""Bytes of an encrypted pack, which is held in memory once it is decrypted."""

_MAX_HEADER: Final = 32 << 10
"""Bytes before the content: some two hundred recipients. Each costs every key here a try."""

_ARMOUR: Final = re.compile(
    rb"-----BEGIN AGE ENCRYPTED FILE-----\r?\n[A-Za-z0-9+/=\r\n]+\r?\n"
    rb"-----END AGE ENCRYPTED FILE-----\r?\n?"
)


class Memory:
    """Bytes in memory."""

    def __init__(self, content: bytes | bytearray | memoryview) -> None:
        self._content = memoryview(content)
        self.size = len(self._content)

    def at(self, offset: int, length: int) -> bytes:
        """Read so many bytes from there, fewer at the end."""
        return bytes(self._content[offset : offset + length])


class _Reader:
    """What `pyrage` reads from."""

    def __init__(self, source: Bytes) -> None:
        self._source, self._at = source, 0

    def read(self, size: int = -1) -> bytes:
        block = self._source.at(self._at, size if size >= 0 else BLOCK)
        self._at += len(block)
        return block


class _Writer:
    """What `pyrage` writes to: room for what was sealed, and no more."""

    def __init__(self, room: int) -> None:
        self.content, self.length = bytearray(room), 0

    def write(self, block: bytes) -> int:
        end = self.length + len(block)
        if end > len(self.content):
            raise OSError("more was sealed than there is room for")
        self.content[self.length : end] = block
        self.length = end
        return len(block)

    def flush(self) -> None:
        """Nothing waits to be written."""


def is_sealed(source: Bytes) -> bool:
    """Tell whether something was encrypted by age."""
    return source.at(0, 40).startswith(AGE)


def unsealed(source: Bytes, identities: list[pyrage.x25519.Identity]) -> Memory:
    """Return what was encrypted, in memory.

    Raises
    ------
    PackError
        If it is too large, for too many, or for none of the identities.
    UnsoundError
        If what was encrypted has been changed.
    """
    if source.size > MAX_SEALED_BYTES:
        raise PackError(f"the encrypted pack is larger than {MAX_SEALED_BYTES:,} bytes")
    if not identities:
        raise PackError(
            "the pack is encrypted, and there is no key here that opens packs",
            hint="on the machine that it was encrypted for; see docs/guides/keys.md",
        )
    if b"\n---" not in _header(source):
        raise PackError("the pack is encrypted for more than a pack is, or not by age")
    out = _Writer(source.size)
    try:
        pyrage.decrypt_io(_Reader(source), out, identities)
    except pyrage.DecryptError as error:
        raise PackError(
            f"the pack is encrypted, and no key here opens it: {error}",
            hint="the public key in config/recipients.yaml must be this machine's "
            "(selat keys list)",
        ) from error
    except OSError as error:
        raise UnsoundError(f"the encrypted pack has been changed, or cut off: {error}") from error
    return Memory(memoryview(out.content)[: out.length])


def _header(source: Bytes) -> bytes:
    """Return the beginning of what age wrote, without its armour."""
    begin = source.at(0, _MAX_HEADER)
    if begin.startswith(AGE[0]):
        return begin
    if not _ARMOUR.fullmatch(source.at(0, source.size)):
        raise UnsoundError("the armour of the encrypted pack has been changed, or cut off")
    # Of a small pack the line that ends the armour is in the beginning too.
    text = b"".join(line for line in begin.splitlines() if not line.startswith(b"-"))
    try:
        return base64.b64decode(text[: len(text) // 4 * 4])
    except binascii.Error as error:
        raise UnsoundError("the armour of the encrypted pack has been changed") from error

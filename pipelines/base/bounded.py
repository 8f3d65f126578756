"""Decompression in bounded memory: whatever the input, no more than a mebibyte comes out at once.

`Deflate` takes compressed bytes as they come and gives what they stand for. Where the input is
damaged, all that comes before the damage is given before `DamageError` is raised.
"""

import zlib
from collections.abc import Iterator
from typing import Any, Final, Protocol

BLOCK: Final = 1 << 20
"""Most bytes that are given at once."""


class DamageError(Exception):
    """Compressed bytes end early or can't be right.

    `kind`: "truncated archive" or "damaged archive".
    """

    def __init__(self, kind: str = "damaged archive") -> None:
        super().__init__(kind)
        self.kind = kind


class Source(Protocol):
    """Where bytes come from: a file, or the first bytes of one."""

    def read(self, count: int, /) -> bytes:
        """Read the next bytes, fewer only at the end."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to another place."""

    def tell(self) -> int:
        """Return the place."""


class Deflate:
    """A stream of RFC 1951.

    `wbits`: as for `zlib.decompressobj`: -15 for a bare stream, 31 for one in gzip's wrapping.
    """

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)

    def put(self, data: bytes) -> Iterator[bytes]:
        """Give what the next bytes stand for, in pieces of at most `BLOCK`; to be read to the end.

        Raises DamageError behind all that comes before the damage.
        """
        while True:
            before = self._inner.copy()
            try:
                out = self._inner.decompress(data, BLOCK)
            except zlib.error as error:
                yield _salvaged(before, data)
                raise DamageError from error
            yield out
            data = self._inner.unconsumed_tail
            # A full block may leave more behind, in the input or inside the decompressor.
            if self._inner.eof or not (data or len(out) == BLOCK):
                return

    def rest(self) -> bytes | None:
        """Return what follows the end of the stream; None while it hasn't ended."""
        return self._inner.unused_data if self._inner.eof else None


def _salvaged(inner: Any, data: bytes) -> bytes:
    """Return what comes out of a decompressor before the damage in `data`; it is less than `BLOCK`.

    Less and less is asked for until nothing is left before the damage, then less and less is put
    in: the last byte comes in the same step as what is wrong with a checksum behind it.
    """
    found: list[bytes] = []
    most, given = BLOCK, len(data)
    while most or given:
        attempt = inner.copy()
        try:
            out = attempt.decompress(data[:given], most or BLOCK)
        except zlib.error:
            most, given = (most // 2, given) if most else (most, given // 2)
            continue
        found.append(out)
        inner, data = attempt, attempt.unconsumed_tail + data[given:]
        given = min(given, len(data))
        if most:
            given = len(data)
            most = most if out else 0
    return b"".join(found)

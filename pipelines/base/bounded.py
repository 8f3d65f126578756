"""Decompression in bounded memory: whatever the input, no more than a mebibyte comes out at once.

`Deflate`, `Bzip2` and `Lzma` take compressed bytes as they come and give what they stand for. Where
the input is damaged, all that comes before the damage is given before `DamageError` is raised, as
far as the format lets it be told.
"""

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import Any, Final, Protocol

BLOCK: Final = 1 << 20
"""Most bytes that are given at once."""

# Python loses what a call gave before it met damage, so that calls are short.
_STEP: Final = 256
# What a decoder of LZMA holds back for references: 64 MiB is what `xz -9` and 7-Zip at most write.
_MAX_WINDOW: Final = 1 << 26


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


class Inflater(Protocol):
    """One compressed stream being decompressed."""

    def put(self, data: bytes) -> Iterator[bytes]:
        """Give what the next bytes stand for, in pieces of at most `BLOCK`; to be read to the end.

        Raises
        ------
        DamageError
            Behind all that comes before the damage.
        """

    def rest(self) -> bytes | None:
        """Return what follows the end of the stream; None while it hasn't ended."""


class Deflate:
    """A stream of RFC 1951.

    `wbits`: as for `zlib.decompressobj`: -15 for a bare stream, 31 for one in gzip's wrapping.
    """

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)

    def put(self, data: bytes) -> Iterator[bytes]:
        """See `Inflater`."""
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
        """See `Inflater`."""
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


class _Stepped:
    """A stream whose decompressor keeps what it hasn't used."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def put(self, data: bytes) -> Iterator[bytes]:
        """See `Inflater`."""
        held, size = [], 0
        try:
            while not self._inner.eof:
                out = self._inner.decompress(data, _STEP)
                data = b""
                held.append(out)
                size += len(out)
                if size >= BLOCK - _STEP:
                    yield b"".join(held)
                    held, size = [], 0
                if self._inner.needs_input:
                    break
        except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
            yield b"".join(held)
            raise DamageError from error
        yield b"".join(held)

    def rest(self) -> bytes | None:
        """See `Inflater`."""
        return self._inner.unused_data if self._inner.eof else None


class Bzip2(_Stepped):
    """A stream of bzip2."""

    def __init__(self) -> None:
        super().__init__(bz2.BZ2Decompressor())


class Lzma(_Stepped):
    """A bare stream of LZMA.

    Parameters
    ----------
    properties
        The five bytes that describe it: lc, lp and pb in one, then the size of the window.
    size
        How many bytes it stands for; a larger window isn't needed.

    Raises
    ------
    DamageError
        If the properties can't be right, or the window is larger than 64 MiB.
    """

    def __init__(self, properties: bytes, size: int) -> None:
        if len(properties) != 5 or properties[0] >= 9 * 5 * 5:
            raise DamageError
        rest, lc = divmod(properties[0], 9)
        pb, lp = divmod(rest, 5)
        window = min(int.from_bytes(properties[1:], "little"), size)
        if window > _MAX_WINDOW:
            raise DamageError
        form = {
            "id": lzma.FILTER_LZMA1,
            "lc": lc,
            "lp": lp,
            "pb": pb,
            "dict_size": max(window, 4096),
        }
        try:
            super().__init__(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[form]))
        except (lzma.LZMAError, ValueError) as error:
            raise DamageError from error

"""Bytes of a live feed to lines, in bounded memory."""

from typing import Final

from pipelines.ingest.listen.status import Counts

MAX_LINE: Final = 8192
"""Bytes of the longest line that is kept. A sentence has 82 characters (IEC 61162-1), with tag
blocks and in one piece some 300; JSON lines of a web feed reach 2,000."""


class LineBuffer:
    """Cuts a stream into lines; a line ends at a line feed or a carriage return."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._rest = b""
        self._skipping = False

    def lines(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes, without their ends and without blank ones.

        >>> buffer = LineBuffer(Counts())
        >>> buffer.lines(b"one" + bytes([13, 10, 10]) + b"tw"), buffer.lines(b"o" + bytes([13]))
        ([b'one'], [b'two'])
        """
        *lines, self._rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        if self._skipping and lines:
            self._counts.overlong_bytes += len(lines.pop(0))
            self._skipping = False
        if self._skipping or len(self._rest) > MAX_LINE:
            self._counts.overlong_lines += not self._skipping
            self._counts.overlong_bytes += len(self._rest)
            self._skipping, self._rest = True, b""
        return [line for line in lines if line and self._is_kept(line)]

    def _is_kept(self, line: bytes) -> bool:
        if len(line) <= MAX_LINE:
            return True
        self._counts.overlong_lines += 1
        self._counts.overlong_bytes += len(line)
        return False

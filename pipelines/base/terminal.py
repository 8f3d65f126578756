"""The one place where text leaves for a terminal or a log: standard output and standard error.

What is written there holds names of files, of vessels and of zones, arguments, and errors that
quote them. Escape sequences in these could retitle a terminal, wipe what it shows, or have it
answer; direction marks could turn what is read. So both streams are replaced by ones that show such
characters by their number (`visible`). Whoever writes to them needs to know nothing of it: prints,
tracebacks, warnings, loggers.

Colours and bars are Rich's, which alone may write to the streams themselves: what it is given to
print is cleaned piece by piece, before it adds sequences of its own. Bytes (`sys.stdout.buffer`)
pass as they are.

Files that are made for others have rules of their own (`export.text`).
"""

import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, TextIO

from pipelines.base.visible import clean_lines


def guard() -> None:
    """Replace standard output and standard error, once, by streams that clean what they write."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, CleanStream):
            setattr(sys, name, CleanStream(stream))


class CleanStream:
    """A text stream whose control and direction characters are shown by their number."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # A terminal that knows no UTF-8 gets escapes, and no error that hides what was to be said.
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[attr-defined]

    def write(self, text: str) -> int:
        """Write text, cleaned; returns how much of it was written."""
        self._stream.write(clean_lines(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write some lines, cleaned."""
        for line in lines:
            self.write(line)

    @property
    def encoding(self) -> str:
        """The stream's; UTF-8 for ASCII, for which others would make a stream beside this one."""
        encoding = str(getattr(self._stream, "encoding", "") or "utf-8")
        return "utf-8" if encoding.lower() in {"ascii", "us-ascii", "ansi_x3.4-1968"} else encoding

    @property
    def rich_proxied_file(self) -> TextIO:
        """The stream itself, for Rich (`Console.file`), which cleans from here on."""
        _clean_in_rich()
        return self._stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _clean_in_rich() -> None:
    """Have Rich clean the pieces that it prints; its own sequences are none of them."""
    from rich.console import Console
    from rich.file_proxy import FileProxy
    from rich.segment import Segment

    if hasattr(Console, "_cleans"):
        return
    render, write, behind = Console._render_buffer, FileProxy.write, FileProxy.rich_proxied_file

    def rendered(self: Console, buffer: Iterable[Segment]) -> str:
        return render(self, [_cleaned(segment) for segment in buffer])

    def written(self: FileProxy, text: str) -> int:
        # It makes styles and links of sequences in what others write while a bar is shown.
        return write(self, clean_lines(text))

    def stream(self: FileProxy) -> Any:
        file = behind.fget(self)  # type: ignore[attr-defined]
        return getattr(file, "rich_proxied_file", file)

    def _cleaned(segment: Segment) -> Segment:
        text, style, control = segment
        return segment if control else Segment(clean_lines(text), style)

    Console._render_buffer = rendered  # type: ignore[method-assign]
    FileProxy.write = written  # type: ignore[method-assign]
    FileProxy.rich_proxied_file = property(stream)  # type: ignore[assignment,method-assign]
    Console._cleans = True  # type: ignore[attr-defined]

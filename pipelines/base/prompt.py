"""HTTP for clients that say what they want and take it: a server of ours has no others."""

import asyncio
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

RECEIVE_S: Final = 10.0
"""A request that hasn't come in so long is cut off, in twice that at the latest."""

LOOKS: Final = 30
"""Who leaves something of an answer unread at so many looks, one each `RECEIVE_S`, is cut off: a
page of 300 kB has come by then where the line carries a kilobyte a second."""
TAKEN: Final = 10
"""For so many looks it makes up that what waited was taken: a pack comes however long it takes,
where the line carries the third of its buffer that the system lets go of at once in 100 s.
"""

PIECE: Final = 16_384
"""An answer goes out in such pieces, each once its reader has taken most of those before: one that
is handed over whole is at its end for the server, which soon closes the line and cuts it off."""


class Prompt(H11Protocol):
    """HTTP/1.1 for clients that say what they want and take it: who doesn't in time is cut off.

    Without it as many silent connections as are allowed keep everybody out, and so do as many that
    ask without end and read nothing.
    """

    _owed: tuple[object, bool] = (None, True)
    _unread: int = 0
    _next: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=PIECE)
        self._next = self.loop.call_later(RECEIVE_S, self._watch)

    def connection_lost(self, exc: Exception | None) -> None:
        """End watching, and hold nothing that holds this: with TLS it has a quarter of a MB.

        What holds itself waits until somebody looks for that, who goes by how much there is and not
        by how large it is: of 12,000 connections that their clients had ended 3 GB were left.
        """
        if self._next is not None:
            self._next.cancel()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self.transport.close()
        self.cycle = None  # type: ignore[assignment]

    def resume_writing(self) -> None:
        """Go on once what waited was taken."""
        super().resume_writing()
        self._unread = max(self._unread - TAKEN, 0)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP; who is at its head yet has nobody to answer.

        Else what it says then is an error, of which the log has sixty lines for each stranger.
        """
        super().send_400_response(msg)
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _watch(self) -> None:
        if self.transport.is_closing() and self.scheme == "https":
            return  # how TLS ends has a limit of its own; what was closed twice has no protocol
        if self.transport.get_protocol() is not self:
            return  # it is a WebSocket now: how that begins is for whoever answers it
        unread = self.transport.get_write_buffer_size() > 0
        if self.transport.is_closing() and not unread:
            return
        self._unread = self._unread + 1 if unread else 0
        owes = self.conn.their_state in {h11.IDLE, h11.SEND_BODY}
        still = owes and self._owed == (self.cycle, True)  # the same request as last time
        if still or self._unread >= LOOKS:
            self.transport.abort()
            return
        self._owed = (self.cycle, owes)
        self._next = self.loop.call_later(RECEIVE_S, self._watch)

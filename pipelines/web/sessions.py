"""Who may come in: tokens for one use, and sessions.

The session of an address ends with the process. One of an account also ends when nobody has asked
for anything for half an hour, after twelve hours (a watch) whatever was asked, when its reader
signs out, and when the account's password, clearance or the account itself is no more what it was
(OWASP, Session Management Cheat Sheet). What a page asks by itself keeps no session open.
"""

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from pipelines.base.schedule import awake_or_not_s
from pipelines.web.accounts import Account

MAX_SESSIONS: Final = 64
MAX_OF_ONE: Final = 8
"""Sessions of one account: who has one can't put everybody else out."""
IDLE_S: Final = 30 * 60.0
WHOLE_S: Final = 12 * 3600.0


@dataclass
class Session:
    """One browser that was let in."""

    key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    """What its cookie holds."""
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    """The word that its forms bring."""
    user: int | None = None
    """Of the system: whose browser it is; None where that isn't known."""
    account: Account | None = None
    """Who signed in; None for whoever was given an address, and may see and do everything."""
    opened: float = 0.0
    used: float = 0.0
    """When it was opened, and when somebody asked for something last, by a clock that isn't set."""
    operator: str = ""
    language: str = ""
    """Who sits there, and what is read there; empty until it is said."""
    recorded: str = ""
    """The incident on which something was recorded just now: an address alone can't say so."""

    def ended(self, now: float) -> bool:
        """Tell whether it is too old, or wasn't used for too long."""
        if self.account is None:
            return False
        return now - self.opened >= WHOLE_S or now - self.used >= IDLE_S


class Keys:
    """Tokens, and the sessions that are open.

    `clock`: seconds, from whenever.
    """

    def __init__(self, clock: Callable[[], float] = awake_or_not_s) -> None:
        self._tokens: list[str] = []
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock, self._clock = Lock(), clock

    def token(self) -> str:
        """Return a new token."""
        made = secrets.token_urlsafe(32)
        with self._lock:
            self._tokens = [*self._tokens, made][-MAX_SESSIONS:]
        return made

    def exchange(self, token: str, user: int | None = None) -> Session | None:
        """Return a session for a token, which is used up; None for what is none."""
        with self._lock:
            found = [one for one in self._tokens if same(one, token)]
            if not found:
                return None
            self._tokens.remove(found[0])
        return self._open(Session(user=user))

    def sign_in(self, account: Account, language: str) -> Session:
        """Return a new session of an account."""
        return self._open(Session(account=account, operator=account.name, language=language))

    def _open(self, made: Session) -> Session:
        with self._lock:
            made.opened = made.used = self._clock()
            for key in [key for key, one in self._sessions.items() if one.ended(made.opened)]:
                del self._sessions[key]
            self._sessions[made.key] = made
            if made.account is not None:
                name = made.account.name
                every = self._sessions.values()
                own = [one for one in every if one.account and one.account.name == name]
                self._drop(own, MAX_OF_ONE)
            self._drop(list(self._sessions.values()), MAX_SESSIONS)
        return made

    def _drop(self, some: list[Session], most: int) -> None:
        """Close those of some sessions that weren't used for longest, beyond so many."""
        for one in sorted(some, key=lambda one: one.used)[: max(0, len(some) - most)]:
            del self._sessions[one.key]

    def session(self, key: str) -> Session | None:
        """Return the session of a cookie that hasn't ended."""
        with self._lock:
            now = self._clock()
            found = next((one for one in self._sessions.values() if same(one.key, key)), None)
            if found is None:
                return None
            if found.ended(now):
                del self._sessions[found.key]
                return None
            return found

    def use(self, session: Session) -> None:
        """Note that a person asks, so that a session stays open."""
        with self._lock:
            session.used = self._clock()

    def end(self, session: Session) -> None:
        """Close a session: its cookie opens nothing any more."""
        with self._lock:
            self._sessions.pop(session.key, None)


def same(known: str, given: str) -> bool:
    """Compare what must not be guessed, in a time that doesn't tell how much of it was right."""
    return hmac.compare_digest(known.encode(), given.encode("utf-8", "surrogatepass"))

"""Signing in at a desk that others on the network reach: its page, and what each account gets.

The page to sign in sets a word of its own, so that no other page can sign a browser in (OWASP,
Cross-Site Request Forgery Prevention Cheat Sheet), and a session is always a new one. Wrong name
and wrong password are told alike, after the same time; so is a name that has to wait.
"""

import asyncio
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Semaphore
from typing import Final
from urllib.parse import parse_qs, quote

from detectors.core.errors import SelatError
from pipelines.base.asgi import App, Pairs, Receive, Scope, Send, respond
from pipelines.base.labels import LANGUAGES, labels
from pipelines.web import assets
from pipelines.web.accounts import Account, Accounts, key_of
from pipelines.web.clearances import Desks
from pipelines.web.pages import OWN_ADDRESS, page
from pipelines.web.protocol import Headers, cookie_of, form_of, redirect
from pipelines.web.sessions import Keys, Session, same
from pipelines.web.tries import Tries

SHEET: Final = "/assets/desk.css"
CHECKS: Final = 2
"""So many passwords are checked at a time: each takes 32 MB and a processor."""
WAITING: Final = 8
KNOWN_S: Final = 30 * 24 * 3600
"""So long a browser is known by which somebody signed in."""

OWN_WRITES: Final = re.compile(
    r"/settings|/incident/[0-9a-f]{16}(?:/withdraw)?|/work/[0-9a-f]{16}/stop"
)
"""What every account may write: its own language, and conclusions. All else is for who has all."""
NEVER: Final = frozenset({"/address"})

NOT_READY: Final = "What you may see is being worked out. Look again in some minutes."
OUT_OF_ORDER: Final = "Something is wrong with accounts or marks here: ask its administrator."


class _BusyError(SelatError):
    """As many passwords are being checked as may be."""


@dataclass
class Gate:
    """Who signs in here, and the desk of each."""

    accounts: Accounts
    keys: Keys
    desks: Desks
    hosts: frozenset[bytes]
    """The values of `Host` that are answered."""
    cookie: str
    """The name of a session's cookie."""
    language: str = "en"
    """Of the page to sign in, until another is chosen."""
    note: Callable[[str], None] = lambda _: None
    """Told of who signed in and who couldn't."""
    tries: Tries = field(default_factory=Tries)
    _turns: Semaphore = field(default_factory=lambda: Semaphore(CHECKS))
    _waiting: int = 0
    _lock: Lock = field(default_factory=Lock)

    @property
    def _word(self) -> str:
        return f"{self.cookie}-in"

    @property
    def _browser(self) -> str:
        return f"{self.cookie}-known"

    async def answers(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> bool:
        """Answer what needs no session; False where it needs one."""
        if scope["path"] == SHEET and scope["method"] != "POST":
            found = assets.find("desk.css")
            kind, text = found if found is not None else ("", "")
            await respond(send, 200, text, kind)
            return True
        if scope["path"] != "/login":
            return False
        if scope["method"] == "POST":
            await self._sign_in(scope, headers, receive, send)
        else:
            asked = parse_qs(scope["query_string"].decode("latin-1"))
            back, language = (asked.get(name, [""])[0] for name in ("back", "lang"))
            # A strict cookie isn't sent where another site's page led here.
            elsewhere = bool(
                {b"cross-site", b"same-site"} & set(headers.get(b"sec-fetch-site", []))
            )
            await self._show(scope, headers, send, 200, back, language, elsewhere=elsewhere)
        return True

    def admitted(self, headers: Headers) -> Session | None:
        """Return the session of a request, if its account still is what it was.

        Raises SelatError if the accounts can't be read, or aren't ours alone.
        """
        given = cookie_of(headers, self.cookie)
        session = self.keys.session(given) if given else None
        if session is None or session.account is None:
            return None
        if self.accounts.find(session.account.name) != session.account:
            self.keys.end(session)
            return None
        return session

    def desk(self, account: Account) -> App | None:
        """Return the desk of an account; None while it isn't ready.

        Raises SelatError if the marks can't be read.
        """
        return self.desks.app(account.may)

    def may_write(self, account: Account, path: str) -> bool:
        """Tell whether an account may send a form to an address."""
        if path in NEVER:
            return False
        if OWN_WRITES.fullmatch(path):
            return True
        if self.desks.whole(account.may):
            return account.admin
        return path == "/plan" and self.desks.may_plan(account.may)

    async def refuse(self, scope: Scope, send: Send) -> None:
        """Lead whoever isn't signed in to where they can; a part of a page is only told so."""
        if scope["method"] == "GET" and scope["path"] != "/live":
            query = scope["query_string"].decode("latin-1")
            here = scope["path"] + (f"?{query}" if query else "")
            fits = here != "/" and OWN_ADDRESS.fullmatch(here)
            await redirect(send, f"/login?back={quote(here, safe='')}" if fits else "/login")
            return
        link = '<p><a href="/login">Sign in</a>: what was typed is kept.</p>'
        await respond(send, 401, link, "text/html; charset=utf-8")

    async def sign_out(self, session: Session, send: Send) -> None:
        """End a session, and have the browser forget what it keeps of the desk."""
        self.keys.end(session)
        if session.account is not None:
            self.note(f"signed out: {session.account.name}")
        gone: Pairs = (
            (b"set-cookie", _set(self.cookie, "", "; Max-Age=0")),
            (b"clear-site-data", b'"storage"'),
        )
        await redirect(send, f"/login?lang={session.language}", gone)

    # ---- the page

    async def _sign_in(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        form = await form_of(headers, receive)
        if isinstance(form, int):
            await respond(send, form, "That can't be read.", "text/plain; charset=utf-8")
            return
        back, language = form.get("back", ""), form.get("language", "")
        word = cookie_of(headers, self._word)
        if not word or not same(word, form.get("csrf", "")):
            await self._show(scope, headers, send, 403, back, language, said="again")
            return
        who = (key_of(form.get("name", "")), _address(scope), cookie_of(headers, self._browser))
        wait_s = self.tries.wait_s(*who)
        if wait_s > 0:
            await self._show(scope, headers, send, 429, back, language, said="wait", wait_s=wait_s)
            return
        try:
            account = await self._checked(who, form.get("password", ""))
        except _BusyError:
            await self._show(scope, headers, send, 503, back, language, said="busy")
            return
        except SelatError as error:
            self.note(str(error))
            await respond(send, 503, OUT_OF_ORDER, "text/plain; charset=utf-8")
            return
        if account is None:
            await self._show(scope, headers, send, 401, back, language, said="wrong")
            return
        old = self.keys.session(cookie_of(headers, self.cookie))
        if old is not None:
            self.keys.end(old)
        session = self.keys.sign_in(account, _language(language, self.language))
        self.note(f"signed in: {account.name} from {who[1]}")
        browser = _set(self._browser, self.tries.right(*who), f"; Max-Age={KNOWN_S}")
        cookies: Pairs = (
            (b"set-cookie", _set(self.cookie, session.key)),
            (b"set-cookie", browser),
            (b"set-cookie", _set(self._word, "", "; Max-Age=0")),
        )
        await redirect(send, back if OWN_ADDRESS.fullmatch(back) else "/", cookies)

    async def _checked(self, who: tuple[str, str, str], password: str) -> Account | None:
        """Return the account of a name and a password; None where they don't belong together.

        Raises _BusyError where too many are being checked.
        """
        with self._lock:
            if self._waiting >= WAITING:
                raise _BusyError("too many sign in")
            self._waiting += 1
        name, address, _ = who
        self.tries.wrong(*who)  # before it is known: of many at once each counts

        def check() -> Account | None:
            with self._turns:
                return self.accounts.check(name, password)

        try:
            account = await asyncio.to_thread(check)
            known = account is not None or self.accounts.find(name) is not None
        finally:
            with self._lock:
                self._waiting -= 1
        if account is None:  # what isn't the name of one may be a password in the wrong field
            told = name if known else "a name that isn't there"
            self.note(f"wrong password: {told} from {address}")
        return account

    async def _show(
        self,
        scope: Scope,
        headers: Headers,
        send: Send,
        status: int,
        back: str,
        language: str,
        *,
        said: str = "",
        wait_s: float = 0.0,
        elsewhere: bool = False,
    ) -> None:
        language = _language(language, self.language)
        word = secrets.token_urlsafe(32)
        t = labels(language).at_desk
        texts = {
            "": "",
            "again": t("Once more, please: the page was too old."),
            "busy": t("Too many are signing in at this moment: try again."),
            "wait": t("Too many tries: wait {n} s.", n=max(1, round(wait_s))),
            "wrong": t("Name and password don't belong together."),
        }
        text = page(
            "login",
            language,
            csrf=word,
            back=back if OWN_ADDRESS.fullmatch(back) else "/",
            said=texts[said],
            elsewhere=elsewhere,
            switched=cookie_of(headers, "desk-switched") == "1",
        )
        more: Pairs = ((b"set-cookie", _set(self._word, word)),)
        if status == 429:
            more = (*more, (b"retry-after", str(max(1, round(wait_s))).encode()))
        await respond(send, status, text, "text/html; charset=utf-8", more)


def _set(name: str, value: str, more: str = "") -> bytes:
    """Return a cookie for this host alone, over TLS alone, that no script can read (RFC 6265)."""
    return f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict{more}".encode()


def _language(given: str, otherwise: str) -> str:
    return given if given in LANGUAGES else otherwise


def _address(scope: Scope) -> str:
    client = scope.get("client") or ("",)
    return str(client[0])

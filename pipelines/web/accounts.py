"""Accounts of the desk, in HOME/accounts.json: names, passwords, and what each may see.

A password is kept as what scrypt (RFC 7914) makes of it and of a salt of its own, with the
parameters beside it, so that they can be raised: OWASP's Password Storage Cheat Sheet asks for
N = 2^15, r = 8, p = 3 at least. A password of fewer than 15 characters isn't taken, and none is
asked to hold certain signs (NIST SP 800-63B-4, section 3.1.1). A name that isn't there costs as
much time as a wrong password. The file counts only where no other account of the system could have
written or read it.
"""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from detectors.core.errors import SelatError
from pipelines.base.files import write_durably
from pipelines.base.marks import Tlp, Token
from pipelines.base.text import iso_now
from pipelines.base.visible import clean
from pipelines.base.yaml_files import first_problem
from pipelines.run.cleared import EVERYTHING, Clearance

FILE_NAME: Final = "accounts.json"
MIN_PASSWORD: Final = 15
MAX_PASSWORD: Final = 256
MAX_ACCOUNTS: Final = 500
MAX_BYTES: Final = 1 << 20
COST: Final = 15
"""Of new passwords: the logarithm of scrypt's N."""
PARALLEL: Final = 3

MAX_NAME: Final = 60
_BETWEEN: Final = " .'-"
_LIST: Final = "selat desk account list"
_HEX: Final = r"^[0-9a-f]{64}$"


class AccountError(SelatError):
    """An account can't be made, found or trusted."""

    exit_code = 2


class Secret(BaseModel):
    """What is kept of a password: scrypt's parameters, salt and result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cost: int = Field(ge=1, le=20)
    block: int = Field(8, ge=1, le=32)
    parallel: int = Field(ge=1, le=16)
    salt: Annotated[str, Field(pattern=_HEX)]
    digest: Annotated[str, Field(pattern=_HEX)]

    @classmethod
    def of(cls, password: str) -> "Secret":
        """Make what is kept of a new password."""
        salt = secrets.token_hex(32)
        bare = cls(cost=COST, block=8, parallel=PARALLEL, salt=salt, digest="0" * 64)
        return bare.model_copy(update={"digest": bare.derived(password)})

    def derived(self, password: str) -> str:
        """Return what scrypt makes of a password."""
        n = 1 << self.cost
        return hashlib.scrypt(
            unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass"),
            salt=bytes.fromhex(self.salt),
            n=n,
            r=self.block,
            p=self.parallel,
            maxmem=2 * 128 * self.block * (n + self.parallel),
            dklen=32,
        ).hex()

    def fits(self, password: str) -> bool:
        """Tell whether it is the password, in a time that doesn't tell how nearly."""
        return hmac.compare_digest(self.derived(password), self.digest)


class Account(BaseModel):
    """Who may sign in, and what they may see there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    clearance: Literal["ALL"] | Tlp
    """A TLP label, or `ALL`: everything, whatever its mark."""
    holds: tuple[Token, ...] = ()
    """The names of releasability lists that it may use (config/marks.yaml)."""
    admin: bool = False
    """Whether it may change what belongs to all, beside recording conclusions."""
    made: str
    secret: Secret

    @field_validator("name")
    @classmethod
    def _named(cls, name: str) -> str:
        if named(name) != name:
            raise ValueError("it isn't a name")
        return name

    @property
    def may(self) -> Clearance:
        """Return what it may see."""
        if self.clearance == "ALL":
            return EVERYTHING
        return Clearance(Tlp(self.clearance), frozenset(self.holds))


def named(name: str) -> str:
    """Return a name as it is kept.

    Raises AccountError if it is none: letters of one script and digits, with single spaces, dots,
    hyphens or apostrophes between, none of which can't be seen.
    """
    tidy = unicodedata.normalize("NFKC", name).strip()
    fits = 0 < len(tidy) <= MAX_NAME and tidy[0].isalnum() and "  " not in tidy
    # Letters of two scripts look like those of one (UTS 39, section 5.1); fillers are letters too.
    scripts = {unicodedata.name(one, "").partition(" ")[0] for one in tidy if one.isalpha()}
    fits = fits and len(scripts) <= 1 and clean(tidy) == tidy
    if not fits or not all(one.isalnum() or one in _BETWEEN for one in tidy):
        raise AccountError(
            "that is no name for an account",
            hint="up to 60 letters of one script and digits, between them spaces, dots, hyphens, "
            "apostrophes",
        )
    return tidy


def key_of(name: str) -> str:
    """Return what two names have in common that can't both be given."""
    return unicodedata.normalize("NFKC", name).strip().casefold()[:200]


def checked(password: str, name: str) -> str:
    """Return a password that may be set.

    Raises AccountError if it is too short or too long, or holds the name or one character again and
    again.
    """
    plain = unicodedata.normalize("NFKC", password)
    if not MIN_PASSWORD <= len(plain) <= MAX_PASSWORD:
        raise AccountError(
            f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters",
            hint="several words that don't belong together are easier to keep in mind",
        )
    if len(set(plain.casefold())) < 5 or key_of(name) in plain.casefold():
        raise AccountError("that password can be guessed", hint="don't use the name in it")
    return password


@dataclass(frozen=True)
class _Read:
    state: tuple[int, ...]
    accounts: dict[str, Account]


class Accounts:
    """The accounts of a home, read anew when the file changes.

    `home`: whose; its file need not exist yet.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / FILE_NAME
        self._kept: _Read | None = None
        self._lock = Lock()
        # Of nobody: it takes as long to check as anybody's.
        self._nobody = Secret(cost=COST, parallel=PARALLEL, salt="0" * 64, digest="0" * 64)

    def all(self) -> list[Account]:
        """Return every account by name.

        Raises AccountError if the file can't be read, isn't ours alone, or is damaged.
        """
        return sorted(self._by_key().values(), key=lambda one: one.name.casefold())

    def find(self, name: str) -> Account | None:
        """Return the account of a name, however it is spelled; None where there is none."""
        return self._by_key().get(key_of(name))

    def refuse_taken(self, name: str) -> None:
        """Raise AccountError where a name is none or is taken, before a password is asked for."""
        if self.find(named(name)) is not None:
            raise AccountError(f"there is an account {named(name)!r}", hint=_LIST)

    def refuse_missing(self, name: str) -> None:
        """Raise AccountError where there is no account of a name."""
        if self.find(name) is None:
            raise AccountError("there is no such account", hint=_LIST)

    def check(self, name: str, password: str) -> Account | None:
        """Return the account of a name and its password; None where they don't belong together."""
        account = self.find(name)
        secret = self._nobody if account is None else account.secret
        fits = secret.fits(password[: 4 * MAX_PASSWORD])
        return account if fits else None

    def add(
        self,
        name: str,
        password: str,
        clearance: Literal["ALL"] | Tlp,
        holds: tuple[str, ...] = (),
        *,
        admin: bool = False,
    ) -> Account:
        """Add an account.

        Raises AccountError if there is one of the name, there are too many, or name, password or
        holds are none.
        """
        tidy = named(name)
        made = iso_now()
        secret = Secret.of(checked(password, tidy))
        try:
            account = Account(
                name=tidy, clearance=clearance, holds=holds, admin=admin, made=made, secret=secret
            )
        except ValidationError as error:
            raise AccountError(first_problem(error)[1]) from error
        with self._changing() as known:
            if key_of(tidy) in known:
                raise AccountError(f"there is an account {tidy!r}", hint=_LIST)
            if len(known) >= MAX_ACCOUNTS:
                raise AccountError(f"there are {MAX_ACCOUNTS} accounts, which is the most")
            known[key_of(tidy)] = account
        return account

    def remove(self, name: str) -> None:
        """Remove an account; whoever is signed in with it is out with their next request."""
        with self._changing() as known:
            if known.pop(key_of(name), None) is None:
                raise AccountError("there is no such account", hint=_LIST)

    def set_password(self, name: str, password: str) -> None:
        """Set an account's password; sessions that were opened with the old one end."""
        with self._changing() as known:
            account = known.get(key_of(name))
            if account is None:
                raise AccountError("there is no such account", hint=_LIST)
            secret = Secret.of(checked(password, account.name))
            known[key_of(name)] = account.model_copy(update={"secret": secret})

    # ---- the file

    def _by_key(self) -> dict[str, Account]:
        with self._lock:
            try:
                handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except FileNotFoundError:
                self._kept = None
                return {}
            except OSError as error:
                raise AccountError(
                    f"{self.path} can't be read: {error.strerror or error}",
                    hint="it is a file of its own, which its owner can read",
                ) from error
            try:
                about = os.fstat(handle)
                self._refuse_others(about)
                state = (about.st_ino, about.st_mtime_ns, about.st_ctime_ns, about.st_size)
                if self._kept is None or self._kept.state != state:
                    with os.fdopen(os.dup(handle), "rb") as file:
                        self._kept = _Read(state, self._parsed(file.read(MAX_BYTES + 1)))
                return self._kept.accounts
            finally:
                os.close(handle)

    def _refuse_others(self, about: os.stat_result) -> None:
        if not stat.S_ISREG(about.st_mode):
            raise AccountError(f"{self.path} isn't a file")
        if about.st_uid != os.geteuid():
            raise AccountError(
                f"{self.path} was made by another account of this machine",
                hint="who wrote it could let anybody in: remove it, add the accounts anew",
            )
        if stat.S_IMODE(about.st_mode) & 0o077:
            raise AccountError(
                f"others can read or write {self.path}", hint=f"chmod 600 {self.path}"
            )

    def _parsed(self, content: bytes) -> dict[str, Account]:
        try:
            if len(content) > MAX_BYTES:
                raise ValueError("it is too large")
            held = json.loads(content.decode())
            if not isinstance(held, dict) or held.get("version") != 1 or len(held) != 2:
                raise ValueError("it isn't a list of accounts")
            every = [Account.model_validate(one) for one in held["accounts"]]
            by_key = {key_of(one.name): one for one in every}
            if len(by_key) != len(every):
                raise ValueError("a name stands there twice")
        except ValidationError as error:
            problem = f"an account's {error.errors()[0]['loc'][:1]} is wrong"
            raise self._damaged(problem) from error
        except (ValueError, KeyError, TypeError, RecursionError, AccountError) as error:
            raise self._damaged(str(error)[:100]) from error
        return by_key

    def _damaged(self, problem: str) -> AccountError:
        return AccountError(
            f"{self.path} is damaged: {problem}",
            hint="remove it, and add the accounts anew: no backup holds them",
        )

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Account]]:
        """Hold the file while it is changed; it is written when the block ends well."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(
            self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = dict(self._by_key())
            yield known
            held = {
                "version": 1,
                "accounts": [one.model_dump(mode="json") for _, one in sorted(known.items())],
            }
            write_durably(self.path, (json.dumps(held, indent=1) + "\n").encode())
        finally:
            os.close(lock)

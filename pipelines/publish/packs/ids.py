"""Ids of events as a recipient knows them, and back.

Each recipient gets ids of its own, made with a secret of this installation, so that two of them
can't hold their packs against one another by ids. The secret is `keys/event-ids.key`; without it
(a home put back without its keys) later packs have other ids. What each pack called its events is
kept in `HOME/exported`, so that an id that a partner quotes still finds its event.
"""

import hashlib
import hmac
import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.base.files import replacing
from pipelines.publish.packs.keys import KeyProblem

FILE: Final = "event-ids.key"
_BYTES: Final = 32
_DIGITS: Final = 16
_ID: Final = re.compile(r"[0-9a-f]{4,16}")


@dataclass(frozen=True)
class Salt:
    """Makes the ids that one recipient knows: ``salt(event_id)``."""

    secret: bytes
    recipient: str

    @classmethod
    def of(cls, keys: Path, recipient: str) -> "Salt":
        """The salt of a recipient; the secret is made if there is none.

        Raises
        ------
        KeyProblem
            If others may read the secret, or it isn't one.
        """
        path = keys / FILE
        if not path.exists():
            _make(path)
        if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyProblem(f"others may read the secret {path}", hint=f"chmod 600 {path}")
        try:
            secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except ValueError:
            secret = b""
        if len(secret) != _BYTES:
            raise KeyProblem(
                f"{path} is damaged", hint="put it back from a backup, or remove it for new ids"
            )
        return cls(secret, recipient)

    def __call__(self, event_id: str) -> str:
        """The id that the recipient knows."""
        text = f"{self.recipient}\0{event_id}".encode()
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()[:_DIGITS]


def _make(path: Path) -> None:
    """Write a new secret that only its owner may read; of two who try, the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def note(folder: Path, pack: str, told: pd.DataFrame, own: pd.DataFrame) -> None:
    """Keep what a pack calls its events, beside what one of the same name called others.

    Parameters
    ----------
    told, own
        The events as they are in the pack and as they are here, in the same order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = own.assign(
        told_id=told["event_id"].to_numpy(), pack=pd.Series(pack, own.index, dtype="str")
    )
    digest = hashlib.sha256(" ".join(sorted(told["event_id"])).encode()).hexdigest()[:8]
    with replacing(folder / f"{pack}.{digest}.parquet") as temporary:
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), temporary)


def is_id(text: str) -> bool:
    """Whether a text may be an event's id, whole."""
    return len(text) == _DIGITS and _ID.fullmatch(text) is not None


def quoted(folder: Path, text: str) -> pd.DataFrame:
    """Events that a partner may mean by an id, or the beginning of one, the newest pack first.

    Packs whose note is gone or damaged are passed over.

    Returns
    -------
    pandas.DataFrame
        `events.EVENTS`, status, reason, told_id, pack; one row per id.
    """
    found = []
    packs = sorted(folder.glob("*.parquet"), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in packs if _ID.fullmatch(text) else ():
        try:
            ids = pq.read_table(path, columns=["told_id"])["told_id"].to_pandas()
        except (OSError, pa.ArrowException):
            continue
        if ids.str.startswith(text).any():
            rows = pq.read_table(path).to_pandas()
            found.append(rows[rows["told_id"].str.startswith(text)])
    if not found:
        return pd.DataFrame({"told_id": pd.Series(dtype="str")})
    together: pd.DataFrame = pd.concat(found).drop_duplicates("told_id", ignore_index=True)
    return together

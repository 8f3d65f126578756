"""Ids of events as a recipient knows them.

Each recipient gets ids of its own, made with a secret of this installation, so that two of them
can't hold their packs against one another by ids. The secret is `keys/event-ids.key`; without it
(a home put back without its keys) later packs have other ids.
`issued` leads back from what a pack called its events.
"""

import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.base.files import make_private
from pipelines.publish.packs.issued import ID_DIGITS
from pipelines.publish.packs.keys import KeyProblem

FILE: Final = "event-ids.key"
_BYTES: Final = 32


@dataclass(frozen=True)
class Salt:
    """Makes the ids that one recipient knows: ``salt(event_id)``."""

    secret: bytes
    recipient: str

    @classmethod
    def of(cls, keys: Path, recipient: str) -> "Salt":
        """Return the salt of a recipient; the secret is made if there is none.

        Raises KeyProblem if others may read the secret, or it isn't one.
        """
        path = keys / FILE
        if not path.exists():
            make_private(path, secrets.token_hex(_BYTES))
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
        """Return the id that the recipient knows."""
        text = f"{self.recipient}\0{event_id}".encode()
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()[:ID_DIGITS]

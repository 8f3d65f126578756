"""One writer at a time: on a share by a lock, in object storage by a claim in ``latest.json``.

Nothing in object storage can be locked, but a write can be refused: `If-None-Match: *` if there is
an object of that name, `If-Match` if the object isn't the one (by its ETag) that was read before.
So the claim to write is kept in the object that says which catalogue counts, and every change of it
is a comparison and an exchange in one. A claim that nobody renews for `store.lease_s` may be taken
over; its former owner, should it live after all, can't publish any more, since the object isn't the
one that it knows. How old a claim is, the storage's own clock says: those of the machines needn't
agree. pyarrow can't make such writes (botocore can), and reads and writes all other files.
"""

import hashlib
import json
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pipelines.base.schedule import awake_or_not_s
from pipelines.base.settings import StoreSettings
from pipelines.store.catalogue import StoreBusyError, StoreError, writer_lock

LATEST: Final = "latest.json"

RENEWALS: Final = 4
"""How often a claim is renewed in the time after which others may take it over."""

_REFUSED: Final = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "404", "412"}
_NOT_KNOWN: Final = {"NotImplemented", "501"}


@cache
def _loader(folders: str | None) -> Any:
    """Return what reads descriptions of services: to read them took 0.25 s of opening a store."""
    from botocore.loaders import create_loader

    return create_loader(folders)


def _session() -> Any:
    """Return a session of its own, which looks for credentials anew."""
    import botocore.session

    session = botocore.session.get_session()
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    return session


class TakenError(Exception):
    """The object isn't the one that was read."""


@dataclass(frozen=True)
class Seen:
    """An object as it was read: its content, its ETag, and for how long it has been there."""

    content: dict[str, Any]
    etag: str
    age_s: float


class Latest:
    """``latest.json`` in object storage, changed only by comparison and exchange.

    `settings` are those of a store whose `url` is ``s3://…``.
    """

    def __init__(self, settings: StoreSettings, region: str) -> None:
        from botocore.config import Config

        where = urlsplit(settings.url)
        self._bucket, self._key = where.netloc, f"{where.path.strip('/')}/{LATEST}".lstrip("/")
        self._url = f"{settings.url}/{LATEST}"
        self._client = _session().create_client(
            "s3",
            region_name=region,
            endpoint_url=settings.endpoint or None,
            config=Config(
                connect_timeout=10,
                read_timeout=60,
                retries={"mode": "standard", "total_max_attempts": 4},
                s3={"addressing_style": "path" if settings.endpoint else "auto"},
                # Storages other than Amazon's don't all know the newer checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def read(self) -> Seen | None:
        """Return it as it is now; None if there is none."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key)
            content = dict(json.loads(answer["Body"].read()))
        except ClientError as error:
            if _code(error) in {"NoSuchKey", "404"}:
                return None
            raise self._unusable(error) from error
        except BotoCoreError as error:
            raise self._unusable(error) from error
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        there = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return Seen(content, answer["ETag"], (there - answer["LastModified"]).total_seconds())

    def exchange(self, content: dict[str, Any], etag: str | None) -> str:
        """Replace what has this ETag, or make it if there is none (None); returns the new ETag.

        Raises
        ------
        TakenError
            If another is there.
        StoreError
            If the storage can't be reached, or can't compare.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        body = (json.dumps(content) + "\n").encode()
        try:
            answer = self._client.put_object(
                Bucket=self._bucket, Key=self._key, Body=body, **condition
            )
        except ClientError as error:
            if _code(error) in _NOT_KNOWN:
                raise self.cannot_compare() from error
            if _code(error) in _REFUSED:
                raise TakenError from error
            raise self._unusable(error) from error
        except BotoCoreError as error:
            raise self._unusable(error) from error
        return str(answer["ETag"])

    def cannot_compare(self) -> StoreError:
        """Return what to say of a storage that lets two machines write at once."""
        return StoreError(
            f"{self._url}: this storage knows no conditional writes, so nothing keeps two machines "
            "from writing at the same time",
            hint="use a storage that knows If-Match and If-None-Match, a share, or the local disk",
        )

    def _unusable(self, error: Exception) -> StoreError:
        return StoreError(
            f"{self._url} can't be used: {str(error).splitlines()[0]}",
            hint="is it reachable? AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY set?",
        )


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


class Claim:
    """The claim of this process to be the one that writes to a place in object storage."""

    def __init__(self, latest: Latest, root: Path, settings: StoreSettings) -> None:
        self._latest, self._url, self._lease_s = latest, settings.url, settings.lease_s
        self._me, self._token = _me(root), secrets.token_hex(8)
        self._alone = threading.Lock()  # of the thread that renews, and the one that writes
        self._content: dict[str, Any] = {}
        self._etag: str | None = None
        self._renewed = 0.0
        self._turn = 0
        self._lost = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it for the length of a with block.

        Raises StoreBusyError if another machine holds it; the message says which.
        """
        self._take()
        stop = threading.Event()
        thread = threading.Thread(target=self._renew_until, args=(stop,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            # If it can't be given back, it ends by itself.
            with suppress(TakenError, StoreError):
                self._exchange({**self._content, "writer": None})

    def publish(self, latest: dict[str, str]) -> None:
        """Say which catalogue counts.

        Raises StoreBusyError if another machine has taken over meanwhile; what was to be published
        isn't.
        """
        with self._alone:
            self._kept({**latest, "writer": self._writer()})

    def confirm(self) -> None:
        """Make sure that it is still ours, before something there is changed."""
        with self._alone:
            if self._lost or awake_or_not_s() - self._renewed > self._lease_s / 2:
                self._kept({**self._content, "writer": self._writer()})

    def _take(self) -> None:
        seen = self._latest.read()
        holder = (seen.content.get("writer") or None) if seen else None
        if seen and holder and holder["id"] != self._me:
            left_s = float(holder["lease_s"]) - seen.age_s
            if left_s > 0:
                raise _busy(self._url, holder, left_s)
        self._etag = seen.etag if seen else None
        try:
            self._exchange({**(seen.content if seen else {}), "writer": self._writer()})
        except TakenError:
            now = self._latest.read()
            other = (now.content.get("writer") or {}) if now else {}
            raise _busy(self._url, other, self._lease_s) from None
        # A storage that ignores conditions would let this write pass as well.
        try:
            self._latest.exchange({**self._content, "writer": None}, None)
        except TakenError:
            return
        raise self._latest.cannot_compare()

    def _renew_until(self, stop: threading.Event) -> None:
        while not stop.wait(self._lease_s / RENEWALS):
            # What fails now may be possible next time; who writes is told, if not.
            with suppress(StoreError), self._alone:
                self._kept({**self._content, "writer": self._writer()})

    def _kept(self, content: dict[str, Any]) -> None:
        try:
            if self._lost:
                raise TakenError
            self._exchange(content)
        except TakenError:
            self._lost = True
            raise StoreBusyError(
                f"another machine has taken over writing to {self._url}: this one wasn't heard of "
                f"for {self._lease_s:g} s",
                hint="run the same again; what was published before stands",
            ) from None

    def _exchange(self, content: dict[str, Any]) -> None:
        try:
            self._etag = self._latest.exchange(content, self._etag)
        except TakenError:
            seen = self._latest.read()
            if seen is None or (seen.content.get("writer") or {}).get("token") != self._token:
                raise
            # It is ours: an earlier write was made, and its answer was lost.
            self._etag = self._latest.exchange(content, seen.etag)
        self._content, self._renewed = content, awake_or_not_s()

    def _writer(self) -> dict[str, Any]:
        self._turn += 1  # so that no two contents, and no two ETags, are the same
        return {
            "id": self._me,
            "token": self._token,
            "turn": self._turn,
            "lease_s": self._lease_s,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "renewed": datetime.now(UTC).isoformat(timespec="seconds"),
        }


def _busy(url: str, holder: dict[str, Any], left_s: float) -> StoreBusyError:
    who = f"process {holder.get('pid', '?')} on {holder.get('host', '?')}"
    return StoreBusyError(
        f"another machine is writing to {url}: {who}",
        hint=f"wait for it to end; if it has died, its claim ends within {max(left_s, 1):.0f} s",
    )


@contextmanager
def share_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a store on a share; the system frees it when the process or machine dies."""
    with ExitStack() as stack:
        try:
            stack.enter_context(writer_lock(folder / "writer.lock"))
        except OSError as error:
            raise StoreError(
                f"{folder} can't be locked: {error.strerror or error}",
                hint="is it mounted, writable, and with locks (NFS 4, SMB)?",
            ) from error
        yield


def _me(root: Path) -> str:
    """Return the same for every process on this folder until the machine starts again.

    The folder has a lock of its own, so that a claim under this name is ours, or that of a process
    that has died.
    """
    boot = Path("/proc/sys/kernel/random/boot_id")
    if not boot.exists():
        return secrets.token_hex(8)
    lock = (root / "writer.lock").stat()
    parts = (
        boot.read_text().strip(),
        socket.gethostname(),
        root.resolve(),
        lock.st_dev,
        lock.st_ino,
    )
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]

"""Where the store's files lie: in its folder, or on a share or in object storage besides.

Every file is immutable, catalogues too, which are named by their hash; only ``latest.json`` is
written again and again, last of all, and says which catalogue counts. So a place needs no rename:
an object appears whole when its upload ends. What lies elsewhere is the store; the folder is where
a machine works and keeps what it has read, and may be emptied at any time.

One machine writes at a time (`claim`). Others read: they download the catalogue when it has
changed, and the files that a question needs, once, verified by the hash in the catalogue.

Access keys of object storage are those that its own programs use (``AWS_ACCESS_KEY_ID`` and
``AWS_SECRET_ACCESS_KEY`` in the environment, or the file ``AWS_SHARED_CREDENTIALS_FILE``).
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import pyarrow.fs as pafs

from pipelines.base.files import replacing, sha256_of, write_text
from pipelines.base.settings import StoreSettings
from pipelines.store.catalogue import KINDS, StoreError
from pipelines.store.claim import LATEST, Claim, Latest, share_lock
from pipelines.store.foreign import ForeignError, refuse_foreign
from pipelines.store.own_files import remove_here, remove_older, sizes_here, write_here

CATALOGUE: Final = "catalogue.duckdb"
S3: Final = "s3"
"""Scheme of an address in object storage."""

KEPT_CATALOGUES: Final = 3
"""So many of the newest stay, for readers that are downloading one."""

TRIES: Final = 3
"""How often the catalogue is looked up again when it was replaced while it was downloaded."""

_CHUNK: Final = 1 << 22
_MAX_LATEST: Final = 1 << 16
_CATALOGUES: Final = "catalogues"
_NAMED: Final = re.compile(rf"{_CATALOGUES}/[0-9a-f]{{64}}\.duckdb")


def place(root: Path, settings: StoreSettings) -> "Place":
    """Return the place of a store.

    Raises StoreError if `settings.url` is none that is known, or holds a password.
    """
    if not settings.url:
        return Place(root)
    return (Elsewhere if urlsplit(settings.url).scheme == S3 else Share)(root, settings)


class Place:
    """The store's own folder: what is written is there. Names are relative to the store."""

    is_here: ClassVar[bool] = True
    """Whether all that is in it is in the folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def claim(self) -> AbstractContextManager[None]:
        """Be the only one that writes there; the folder has a lock."""
        return nullcontext()

    def pull(self) -> None:
        """Bring the folder's catalogue in line with the published one."""

    def adopt(self) -> bool:
        """Return the same for a writer; whether the place is empty and the folder isn't."""
        return False

    def fetch(self, files: Mapping[str, tuple[int, str]]) -> None:
        """Have files (by name: bytes, SHA-256) in the folder."""

    def keep(self, path: Path) -> None:
        """Take a file that was written in the folder, whole."""

    def publish(self, fresh: Path) -> None:
        """Take the next catalogue."""

    def remove(self, name: str) -> None:
        """Remove a file, and its folder if that was its last one."""
        remove_here(self._root, name)

    def sizes(self) -> dict[str, int]:
        """Return files of `KINDS` that are there, with their size in bytes."""
        return sizes_here(self._root)

    def original(self, name: str) -> Path:
        """Return a file as it lies there, not as it was read once."""
        return self._root / name


class Elsewhere(Place):
    """Another file system: object storage (s3://)."""

    is_here: ClassVar[bool] = False

    def __init__(self, root: Path, settings: StoreSettings) -> None:
        super().__init__(root)
        self._settings = settings
        self._url = settings.url
        self._system, self._base = _open(settings)
        self._note = root / "place.json"
        self._claim: Claim | None = None

    @contextmanager
    def claim(self) -> Iterator[None]:
        """See `Place`.

        Raises
        ------
        StoreBusyError
            If another machine does. `keep`, `remove` and `publish` raise it too, once another has
            taken over because this one wasn't heard of for long.
        StoreError
            If the place can't be reached, or can't keep two writers apart.
        """
        latest = Latest(self._settings, self._system.region)
        self._claim = Claim(latest, self._root, self._settings)
        try:
            with self._claim.held():
                yield
        finally:
            self._claim = None

    def pull(self) -> None:
        """Download the catalogue if it isn't the one that is here."""
        here = self._root / CATALOGUE
        for left in reversed(range(TRIES)):
            latest = self._latest()
            if latest is None or (here.exists() and sha256_of(here) == latest["sha256"]):
                return
            try:
                self._download(latest["catalogue"], here, latest["sha256"], refuse_foreign)
            except StoreError as error:
                if left and not isinstance(error, ForeignError):
                    continue  # a newer one was published meanwhile, and this one removed
                raise
            self._write_note()
            return

    def adopt(self) -> bool:
        """See `Place`; raises StoreError if the folder holds another store than the one there."""
        noted, here = self._noted(), (self._root / CATALOGUE).exists()
        latest = self._latest()
        if here and latest is None and noted is None:
            return True
        if here and (noted != self._url or latest is None):
            raise StoreError(
                f"the store in {self._root} isn't the one in {self._url}",
                hint="name a home of its own for that one: --home",
            )
        self.pull()
        return False

    def fetch(self, files: Mapping[str, tuple[int, str]]) -> None:
        """Download what isn't there yet.

        Raises StoreError if one is lost, or isn't what the catalogue says.
        """
        for name, (size, digest) in files.items():
            path = self._root / name
            if not (path.is_file() and path.stat().st_size == size):
                self._download(name, path, digest)

    def keep(self, path: Path) -> None:
        """Upload a file, which is whole when it appears."""
        self._confirm()
        self._upload(path, path.relative_to(self._root).as_posix())

    def publish(self, fresh: Path) -> None:
        """Upload the catalogue under a name of its own, then say that it counts."""
        digest = sha256_of(fresh)
        latest = {"catalogue": f"{_CATALOGUES}/{digest}.duckdb", "sha256": digest}
        self._confirm()
        self._upload(fresh, latest["catalogue"])
        self._say(latest)
        self._write_note()
        self._forget_catalogues(digest)

    def _say(self, latest: dict[str, str]) -> None:
        """Let it be the one that counts."""
        if self._claim is not None:
            self._claim.publish(latest)
            return
        scratch = self._root / f".{LATEST}.new"
        scratch.write_text(json.dumps(latest) + "\n", encoding="utf-8")
        self._upload(scratch, LATEST)
        scratch.unlink()

    def _confirm(self) -> None:
        if self._claim is not None:
            self._claim.confirm()

    def _forget_catalogues(self, newest: str) -> None:
        chosen = pafs.FileSelector(self._of(_CATALOGUES), allow_not_found=True)
        with _told(self._url):
            found = self._system.get_file_info(chosen)
        old = sorted((f for f in found if newest not in f.path), key=lambda f: f.mtime_ns or 0)
        for info in old[: 1 - KEPT_CATALOGUES]:
            with _told(self._url), suppress(FileNotFoundError):
                self._system.delete_file(info.path)

    def remove(self, name: str) -> None:
        """Remove a file there, and what was read of it."""
        self._confirm()
        with _told(self._url), suppress(FileNotFoundError):
            self._delete(name)
        super().remove(name)

    def sizes(self) -> dict[str, int]:
        """See `Place`."""
        found: list[pafs.FileInfo] = []
        for kind in KINDS:
            chosen = pafs.FileSelector(self._of(kind), recursive=True, allow_not_found=True)
            with _told(self._url):
                found += self._system.get_file_info(chosen)
        start = len(self._base) + 1
        return {f.path[start:]: int(f.size) for f in found if f.type == pafs.FileType.File}

    def original(self, name: str) -> Path:
        """Download it anew."""
        path = self._root / name
        path.unlink(missing_ok=True)
        with suppress(StoreError):  # lost, which the caller sees
            self._download(name, path, None)
        return path

    def _of(self, name: str) -> str:
        return f"{self._base}/{name}"

    def _latest(self) -> dict[str, str] | None:
        """Return what counts there; None if nothing was ever published."""
        with _told(self._url):
            if self._system.get_file_info(self._of(LATEST)).type != pafs.FileType.File:
                return None
            with self._system.open_input_stream(self._of(LATEST)) as file:
                text = file.read(_MAX_LATEST)
        try:
            latest = dict(json.loads(text))
            if "catalogue" not in latest:
                return None  # somebody is about to begin
            if _NAMED.fullmatch(latest["catalogue"]) and isinstance(latest["sha256"], str):
                return latest
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
        raise StoreError(f"{self._url}/{LATEST} can't be read", hint="put it back from a copy")

    def _noted(self) -> str | None:
        """Return where the catalogue in the folder belongs; None if it is its own."""
        try:
            return str(json.loads(self._note.read_text(encoding="utf-8"))["url"])
        except FileNotFoundError:
            return None

    def _write_note(self) -> None:
        self._note.parent.mkdir(parents=True, exist_ok=True)
        write_text(self._note, json.dumps({"url": self._url}) + "\n")

    def _download(
        self,
        name: str,
        path: Path,
        digest: str | None,
        refuse: Callable[[Path, str], None] = lambda *_: None,
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as fresh:
            with (
                _told(self._url, name),
                self._system.open_input_stream(self._of(name)) as there,
                fresh.open("wb") as to,
            ):
                shutil.copyfileobj(there, to, _CHUNK)
            if digest is not None and sha256_of(fresh) != digest:
                raise StoreError(
                    f"{self._url}/{name} isn't what the catalogue says",
                    hint="selat store check says what to do",
                )
            refuse(fresh, f"{self._url}/{name}")

    def _delete(self, name: str) -> None:
        self._system.delete_file(self._of(name))

    def _upload(self, path: Path, name: str) -> None:
        target = self._of(name)
        with _told(self._url, name):
            with path.open("rb") as here, self._system.open_output_stream(target) as there:
                shutil.copyfileobj(here, there, _CHUNK)
            info = self._system.get_file_info(target)
        if info.size != path.stat().st_size:
            raise StoreError(f"{self._url}/{name} isn't whole", hint="run the same again")


class Share(Elsewhere):
    """A folder to which others may write (a path): no link in it is followed."""

    @contextmanager
    def claim(self) -> Iterator[None]:
        """See `Elsewhere`; raises StoreError if a folder of it is a link, too."""
        for path in (Path(self._base) / kind for kind in (*KINDS, _CATALOGUES)):
            if path.is_symlink():
                raise StoreError(f"{path} is a link", hint="have files where the link is")
        with share_lock(Path(self._base)):
            yield

    def sizes(self) -> dict[str, int]:
        """See `Place`."""
        with _told(self._url):
            return sizes_here(Path(self._base))

    def _forget_catalogues(self, newest: str) -> None:
        with _told(self._url):
            remove_older(Path(self._base), _CATALOGUES, f"{newest}.duckdb", KEPT_CATALOGUES)

    def _delete(self, name: str) -> None:
        remove_here(Path(self._base), name)

    def _upload(self, path: Path, name: str) -> None:
        with _told(self._url, name):
            write_here(path, Path(self._base), name)


@contextmanager
def _told(url: str, name: str = "") -> Iterator[None]:
    """Turn what a file system says into an error for a person, without its keys."""
    where = f"{url}/{name}" if name else url
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(f"{where} is lost", hint="selat store check says what to do") from error
    except OSError as error:
        raise StoreError(
            f"{where} can't be used: {str(error).splitlines()[0]}",
            hint="is it reachable? AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY set?",
        ) from error


def _open(settings: StoreSettings) -> tuple[pafs.FileSystem, str]:
    parts = urlsplit(settings.url)
    if "@" in parts.netloc:
        raise StoreError(
            "store.url holds a password",
            hint="put it into the environment: see docs/guides/administrator.md",
        )
    if parts.scheme == S3:
        endpoint = urlsplit(settings.endpoint) if settings.endpoint else None
        options: dict[str, Any] = {"connect_timeout": 10, "request_timeout": 120}
        if settings.region:
            options["region"] = settings.region
        if endpoint is not None:
            options |= {"endpoint_override": endpoint.netloc, "scheme": endpoint.scheme}
        return pafs.S3FileSystem(**options), f"{parts.netloc}{parts.path}".rstrip("/")
    if parts.scheme in {"", "file"} and Path(parts.path).is_absolute():
        return pafs.LocalFileSystem(), parts.path.rstrip("/")
    raise StoreError(
        f"store.url {settings.url!r} is no place", hint="s3://bucket/folder, or an absolute path"
    )

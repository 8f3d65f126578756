"""MANIFEST.json: what a pack is, what it was made from, and the hash of every file in it."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from detectors.core.errors import SelatError
from pipelines.base import labels, zipping
from pipelines.base.json_text import model_of_json
from pipelines.base.text import one_line
from pipelines.publish.manifest import plain
from pipelines.publish.products import Products

NAME: Final = "MANIFEST.json"
SIGNATURE: Final = "MANIFEST.json.minisig"
FORMAT: Final = "selat-pack/1"
MAX_BYTES: Final = 4 << 20
"""A manifest larger than this is neither made nor read: what is read from JSON takes up to thirty
times as much memory."""

_RESERVED: Final = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


class PackError(SelatError):
    """What was given isn't a pack, or can't be read without danger."""


class UnsoundError(PackError):
    """What was given is a pack no more: it isn't as anybody made it, and can't be read."""

    exit_code = 9


def is_safe(name: str) -> bool:
    """Tell whether a name of a file leads nowhere else on any system: relative, plain, portable."""
    parts = PurePosixPath(name).parts
    good = bool(parts) and "/".join(parts) == name and len(name) <= 200
    for part in parts:
        good &= re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+-]*", part) is not None
        good &= not part.endswith(".") and _RESERVED.match(part) is None
    return good


def safe_name(name: str) -> str:
    """Return a name of a file in a pack, if it is safe.

    Raises ValueError if it isn't.

    Examples
    --------
    >>> safe_name("flagged.csv")
    'flagged.csv'
    >>> safe_name("../flagged.csv")
    Traceback (most recent call last):
    ...
    ValueError: '../flagged.csv' isn't a safe name
    """
    if not is_safe(name):
        raise ValueError(f"{name!r} isn't a safe name")
    return name


class File(BaseModel):
    """One file of a pack."""

    model_config = ConfigDict(frozen=True, strict=True)

    path: Annotated[str, AfterValidator(safe_name)]
    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    deflated_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """Hash of the file as it is packed in the archive: the same content could be packed in many
    ways, and one changed bit make one of another. Packs of elder versions haven't it."""


Text = Annotated[str, Field(max_length=1000)]


class Handling(BaseModel):
    """The marks of a whole pack."""

    model_config = ConfigDict(frozen=True, strict=True)

    tlp: Text
    rel: Text


class Recipient(BaseModel):
    """For whom a pack was made."""

    model_config = ConfigDict(frozen=True, strict=True)

    name: Text
    title: Text


def _time(text: str) -> str:
    """Write a time as `pipelines.base.text.iso` writes it; raises ValueError if it is none, or one
    that no pack has, which needn't have one in each zone either: before 1970, or from 9999 on.
    """
    if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z", text):
        raise ValueError("isn't a time in UTC")
    year = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).year
    if not 1970 <= year < 9999:
        raise ValueError("isn't a time of a pack")
    return text


class Window(BaseModel):
    """The span that a pack tells of."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    end: Annotated[str, AfterValidator(_time)]


class Manifest(BaseModel):
    """What `selat verify` needs of a manifest; it may hold more."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    format: Literal["selat-pack/1"]
    recipient: Recipient
    run_id: Text
    corrects: Text = ""
    """The pack of which it is a correction; empty for a pack."""
    simulated: bool
    handling: Handling
    window: Window | None = None
    stale_after: Annotated[str, AfterValidator(_time)]
    files: Annotated[tuple[File, ...], Field(max_length=10_000)]

    @property
    def paths(self) -> set[str]:
        """Return the paths of its files."""
        return {file.path for file in self.files}


def make(products: Products, files: Mapping[str, Path], lock_sha256: str) -> bytes:
    """Return the manifest of a recipient's products.

    Sorted keys, ASCII, one line end at the end: the same products give the same bytes.
    """
    release = products.release
    if release is None:
        raise PackError("these products are for nobody")
    words = labels.labels(products.language)
    marks = release.mark.fields
    document: dict[str, Any] = {
        **products.manifest,
        "format": FORMAT,
        "run_id": products.run_id,
        "simulated": products.simulated,
        "window": {"start": products.start, "end": products.end},
        "recipient": {"name": release.recipient, "title": release.title},
        "handling": marks,
        "stale_after": release.stale_after,
        "requirements_sha256": lock_sha256,
        "notices": [*([words.simulated] if products.simulated else []), words.leads, words.blind],
        "files": [
            {**file_of(safe_name(name), path.read_bytes()), **marks}
            for name, path in sorted(files.items())
        ],
    }
    return written(plain(document))


def file_of(name: str, content: bytes) -> dict[str, Any]:
    """Return what a manifest says of a file."""
    return {
        "path": name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "deflated_sha256": hashlib.sha256(zipping.deflated(content)).hexdigest(),
    }


def written(document: Mapping[str, Any]) -> bytes:
    """Write a manifest; raises PackError if it is larger than is read."""
    text = json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n"
    if len(text) > MAX_BYTES:
        raise PackError(f"{NAME} would be larger than {MAX_BYTES:,} bytes")
    return text.encode()


def parse(content: bytes) -> Manifest:
    """Read a manifest.

    Raises UnsoundError if it isn't one: whatever was made of it, it has been changed.
    """
    try:
        manifest = model_of_json(Manifest, content)
    except ValueError as error:
        raise UnsoundError(f"{NAME} can't be read: {one_line(str(error), 200)}") from error
    _see_places(manifest)
    return manifest


def _see_places(manifest: Manifest) -> None:
    """See that all files can stand beside each other, also where case doesn't count."""
    files: set[str] = set()
    folders: dict[str, str] = {}
    for file in manifest.files:
        if (name := file.path.casefold()) in files:
            raise UnsoundError(f"{NAME} names a file twice")
        files.add(name)
        for parent in map(str, PurePosixPath(file.path).parents):
            if folders.setdefault(parent.casefold(), parent) != parent:
                raise UnsoundError(f"{NAME} names a folder in two ways")
    if files & folders.keys():
        raise UnsoundError(f"{NAME} names a file in the place of a folder")

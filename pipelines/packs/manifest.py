"""MANIFEST.json: what a pack is, what it was made from, and the hash of every file in it."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from detectors.core.errors import SelatError
from pipelines.export import labels
from pipelines.export.manifest import plain
from pipelines.products import Products

NAME: Final = "MANIFEST.json"
SIGNATURE: Final = "MANIFEST.json.minisig"
FORMAT: Final = "selat-pack/1"
MAX_BYTES: Final = 16 << 20
"""A manifest larger than this isn't read."""

_RESERVED: Final = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


class PackError(SelatError):
    """What was given isn't a pack, or can't be read without danger."""


def is_safe(name: str) -> bool:
    """Whether a name of a file leads nowhere else on any system: relative, plain, portable."""
    parts = PurePosixPath(name).parts
    good = bool(parts) and "/".join(parts) == name and len(name) <= 200
    for part in parts:
        good &= re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+-]*", part) is not None
        good &= not part.endswith(".") and _RESERVED.match(part) is None
    return good


def safe_name(name: str) -> str:
    """A name of a file in a pack, if it is safe.

    Raises
    ------
    ValueError
        If it isn't.

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

    model_config = ConfigDict(frozen=True)

    path: Annotated[str, AfterValidator(safe_name)]
    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Handling(BaseModel):
    """The marks of a whole pack."""

    model_config = ConfigDict(frozen=True)

    tlp: str
    rel: str


class Recipient(BaseModel):
    """For whom a pack was made."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str


class Manifest(BaseModel):
    """What `selat verify` needs of a manifest; it may hold more."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: Literal["selat-pack/1"]
    recipient: Recipient
    run_id: str
    simulated: bool
    handling: Handling
    stale_after: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    files: Annotated[tuple[File, ...], Field(max_length=10_000)]


def make(products: Products, files: Mapping[str, Path], lock_sha256: str) -> bytes:
    """The manifest of a recipient's products.

    Sorted keys, ASCII, one line end at the end: the same products give the same bytes.

    Parameters
    ----------
    files
        Files of the pack by their names in it.
    lock_sha256
        Hash of the locked requirements that the products were made with.
    """
    release = products.release
    if release is None:
        raise PackError("these products are for nobody")
    words = labels.of(products)
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
        "notices": [
            *([words.simulated] if products.simulated else []), words.leads, words.blind,
        ],
        "files": [
            {
                "path": safe_name(name), "bytes": path.stat().st_size, "sha256": sha256_of(path),
                **marks,
            }
            for name, path in sorted(files.items())
        ],
    }  # fmt: skip
    return (json.dumps(plain(document), indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def parse(content: bytes) -> Manifest:
    """A manifest as read.

    Raises
    ------
    PackError
        If it isn't one.
    """
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PackError(f"{NAME} can't be read: {where}: {first['msg']}") from error
    names = [file.path.casefold() for file in manifest.files]
    if len(set(names)) < len(names):
        raise PackError(f"{NAME} names a file twice")
    return manifest


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Fitted models as files: arrays without pickle, and a card beside them that says what they are.

``HOME/learned/normal-<date>.npz`` holds plain arrays (`numpy.load` with ``allow_pickle=False``: a
hostile file can't run anything), ``normal-<date>.json`` the card with their hash. Both are written
once; the newest pair whose hash is right counts.
"""

import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.errors import ConfigError, FrameError
from detectors.surroundings import normal, tide
from detectors.surroundings.normal import Normal
from pipelines.base.files import read_plain, replacing, write_text
from pipelines.base.settings import Installation
from pipelines.reference import snapshots, tides

_MAX_BYTES: Final = 500_000_000
_PACKINGS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""How numpy packs arrays; other ways are unpacked without a bound."""
_BROKEN: Final = (
    OSError,
    ValueError,
    EOFError,
    zipfile.BadZipFile,
    NotImplementedError,
    zlib.error,
    RuntimeError,  # encrypted
    MemoryError,  # an array that says it has any size
)
_HINT: Final = "delete its two files, or fit it again: selat learn normal"


def write(folder: Path, model: Normal, card: Mapping[str, Any], until: pd.Timestamp) -> Path:
    """Write a model with its card; return the card's path. The card comes last: it makes it whole.

    A model that says the same as the newest one isn't written again.
    """
    digest = normal.digest(model.arrays)
    last = snapshots.newest(folder, "normal", ".json")
    if last is not None and _card(last).get("hash") == digest:
        return last
    folder.mkdir(parents=True, exist_ok=True)
    path = snapshots.free_path(folder, "normal", until, ".json")
    with replacing(path.with_suffix(".npz")) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **dict(model.arrays))
    whole = {**card, "name": path.stem, "hash": digest}
    write_text(path, json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    return path


def of(installation: Installation) -> dict[str, Any]:
    """Return what detectors of an installation get as models: fitted ones, and a tide table.

    In the place of a fitted model that can't be read stands the ConfigError that says why: the
    detector that asks for it fails, and the others finish.
    """
    table = tides.load(installation.tides)
    try:
        fitted = load(installation.learned)
    except ConfigError as error:
        fitted = {"normal": error}
    return {**fitted, **({tide.MODEL: table} if table is not None else {})}


def load(folder: Path) -> dict[str, Any]:
    """Return the newest model of each name; empty where none is fitted."""
    path = snapshots.newest(folder, "normal", ".json")
    return {} if path is None else {"normal": read(path)}


def read(path: Path) -> Normal:
    """Return the model that a card describes; raises ConfigError like `load`."""
    card = _card(path)
    file = path.with_suffix(".npz")
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
        if any(entry.compress_type not in _PACKINGS for entry in entries):
            raise ConfigError(f"{file.name} is packed as no model is", hint=_HINT)
        if sum(entry.file_size for entry in entries) > _MAX_BYTES:
            raise ConfigError(f"{file.name} is too large for a model", hint=_HINT)
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in normal.ARRAYS if name in stored.files}
    except _BROKEN as error:
        raise ConfigError(f"the model {file.name} can't be read: {error}", hint=_HINT) from error
    digest = normal.digest(arrays)
    if digest != card.get("hash"):
        raise ConfigError(f"the model {file.name} isn't the one of its card", hint=_HINT)
    try:
        return Normal(arrays, path.stem, digest[:16])
    except FrameError as error:
        raise ConfigError(f"{file.name}: {error.message}", hint=_HINT) from error


def _card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(read_plain(path))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"the model card {path.name} can't be read: {error}", hint=_HINT
        ) from error
    if not isinstance(card, dict):
        raise ConfigError(f"{path.name} isn't a model card", hint=_HINT)
    return card

"""Photographs of vessels: files in the home, named by MMSI, as somebody put them there."""

from pathlib import Path
from typing import Final

from pipelines.base.settings import Installation

ENDINGS: Final = (".jpg", ".jpeg", ".png", ".webp")
MAX_BYTES: Final = 8 * 2**20
"""What is larger isn't shown: a page of a phone waits for it."""


def photograph(one: Installation, mmsi: int) -> tuple[str, bytes] | None:
    """Return type and bytes of a vessel's photograph; None where there is none that can be shown.

    The type is that of its first bytes: whatever a file calls itself, a browser is handed an image.
    """
    for ending in ENDINGS:
        path = one.photographs / f"{mmsi:09d}{ending}"
        try:
            if path.is_symlink() or not path.is_file():
                continue
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError:
            continue
        if len(data) <= MAX_BYTES and (kind := _kind(data)):
            return kind, data
    return None


def place(one: Installation, mmsi: int) -> Path:
    """Return where a vessel's photograph is looked for."""
    return one.photographs / f"{mmsi:09d}{ENDINGS[0]}"


def _kind(data: bytes) -> str:
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""

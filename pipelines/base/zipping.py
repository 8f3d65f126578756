"""ZIP archives of the same bytes whenever they have the same content."""

import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows: no clock, no time zone
_MODE: Final = 0o100644 << 16
_LEVEL: Final = 6


def write(
    path: Path, members: Mapping[str, bytes | Path], stored: Collection[str] = frozenset()
) -> None:
    """Write an archive of members by name, in the order of their names.

    Names are used as they are; whoever calls makes sure that they lead nowhere.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name in sorted(members):
            content = members[name]
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            info.external_attr = _MODE
            info.create_system = 3
            archive.writestr(info, content if isinstance(content, bytes) else content.read_bytes())


def deflated(content: bytes) -> bytes:
    """Return a content as `write` packs it: the same bytes with the same zlib."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()

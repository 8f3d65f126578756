"""A small signed pack of made-up files, and archives put together field by field."""

import random
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.publish.packs import build, manifest, minisign
from pipelines.publish.packs.keys import Keyring

NOW = pd.Timestamp("2026-01-06T05:00Z")
NAME = "boat"


def contents() -> dict[str, bytes]:
    """Files that pack well, badly and not at all."""
    chance = random.Random(7)
    rows = "".join(f"52500{n % 97:04},MT KASIH {n % 97},gap,{n % 7}\n" for n in range(700))
    return {
        "README.txt": b"Open brief.html.\n",
        "empty.txt": b"",
        "flagged.kmz": chance.randbytes(6000),
        "plan/units.csv": rows.encode(),
    }


def document(files: Mapping[str, bytes]) -> dict[str, Any]:
    """What the manifest of such a pack says."""
    marks = {"tlp": "AMBER", "rel": "MYS"}
    return {
        "format": "selat-pack/1",
        "recipient": {"name": "boat", "title": "Patrol boat"},
        "run_id": "20260106T040000Z-0001",
        "simulated": True,
        "handling": marks,
        "stale_after": "2026-01-07T04:00:00Z",
        "files": [{**manifest.file_of(name, files[name]), **marks} for name in sorted(files)],
    }


def fill(
    folder: Path, keyring: Keyring, paper: bytes | None = None, files: Mapping[str, bytes] = {}
) -> Path:
    """Write a pack's folder, signed; the manifest may be another one."""
    files = files or contents()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    paper = manifest.written(document(files)) if paper is None else paper
    (folder / manifest.NAME).write_bytes(paper)
    signature = minisign.sign(keyring.signer(None)[1], paper, f"file:{manifest.NAME} pack:{NAME}")
    (folder / manifest.SIGNATURE).write_text(signature)
    return folder


def members(folder: Path) -> dict[str, bytes]:
    """The files of a folder, as they go into its archive."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {f"{NAME}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in found}


@dataclass
class Entry:
    """A member with every field of both of its headers; what isn't given is as Selat has it."""

    name: bytes
    content: bytes
    method: int = 8
    packed: bytes | None = None
    local: dict[str, Any] = field(default_factory=dict)
    central: dict[str, Any] = field(default_factory=dict)
    before: bytes = b""

    def bytes_at(self, at: int) -> tuple[bytes, bytes]:
        """The member and its entry in the directory, where it begins there."""
        packed = self.packed
        if packed is None:
            packer = zlib.compressobj(6, zlib.DEFLATED, -15)
            packed = packer.compress(self.content) + packer.flush()
            packed = packed if self.method == 8 else self.content
        both = {
            "needs": 20,
            "flags": 0,
            "method": self.method,
            "time": 0,
            "date": 0x21,
            "crc": zlib.crc32(self.content),
            "packed": len(packed),
            "size": len(self.content),
            "name": self.name,
            "extra": b"",
        }
        one = {**both, **self.local}
        head = struct.pack(
            "<4s5H3I2H",
            b"PK\x03\x04",
            one["needs"],
            one["flags"],
            one["method"],
            one["time"],
            one["date"],
            one["crc"],
            one["packed"],
            one["size"],
            len(one["name"]),
            len(one["extra"]),
        )
        two = {
            **both,
            "made_by": 0x0314,
            "comment": b"",
            "disk": 0,
            "inner": 0,
            "outer": 0o100644 << 16,
            "start": at + len(self.before),
            **self.central,
        }
        entry = struct.pack(
            "<4s6H3I5H2I",
            b"PK\x01\x02",
            two["made_by"],
            two["needs"],
            two["flags"],
            two["method"],
            two["time"],
            two["date"],
            two["crc"],
            two["packed"],
            two["size"],
            len(two["name"]),
            len(two["extra"]),
            len(two["comment"]),
            two["disk"],
            two["inner"],
            two["outer"],
            two["start"],
        )
        return (
            self.before + head + one["name"] + one["extra"] + packed,
            entry + two["name"] + two["extra"] + two["comment"],
        )


def entries(folder: Path) -> list[Entry]:
    """What an archive of a folder, as Selat writes it, is made of."""
    papers = {manifest.NAME, manifest.SIGNATURE}
    return [
        Entry(name.encode(), content, 0 if name.partition("/")[2] in papers else 8)
        for name, content in sorted(members(folder).items())
    ]


def put_together(
    parts: list[Entry],
    *,
    before_directory: bytes = b"",
    behind_directory: bytes = b"",
    comment: bytes = b"",
    shift: int = 0,
    **end: int,
) -> bytes:
    """An archive of such members."""
    body, directory = b"", b""
    for part in parts:
        data, entry = part.bytes_at(len(body) + shift)
        body += data
        directory += entry
    body += before_directory
    said = {
        "disk": 0,
        "disk_of": 0,
        "here": len(parts),
        "number": len(parts),
        "size": len(directory),
        "offset": len(body) + shift,
        **end,
    }
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", *said.values(), len(comment))
    return body + directory + behind_directory + tail + comment


def archive(folder: Path, path: Path) -> Path:
    """The archive that Selat makes of a flat folder."""
    build.archive(folder, NAME, path)
    return path

"""Feed every parser damaged and made-up input for minutes: `python tests/fuzz.py --minutes 2`.

What is right: rows and counted rejects that account for all that was read, or an error with a
message. Anything else is a finding: its input, reduced by Hypothesis, is written beside the table,
and the exit code is 1. Not part of `make test`: how long it takes is up to you.
"""

import argparse
import gzip
import hashlib
import io
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import zstandard
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from detectors.core.errors import SelatError
from detectors.core.frames import POSITIONS, STATICS, validate
from pipelines.assess import watchlists
from pipelines.base.settings import PROJECT
from pipelines.ingest import FeedFile, IngestOptions, decode
from pipelines.ingest.listen.framing import LineBuffer
from pipelines.ingest.listen.stamp import Stamper
from pipelines.ingest.listen.status import Counts
from pipelines.ingest.sightings import files as sightings
from pipelines.publish.packs import minisign, verify
from pipelines.publish.packs.keys import Keyring
from pipelines.reference import layers as reference

SAMPLES = PROJECT / "tests" / "pipelines" / "ingest" / "samples"
BATCH = 25
"""Inputs between two looks at the clock."""

NMEA = (SAMPLES / "nmea.nmea").read_bytes()
SIGHTINGS = b"""time,lat,lon,uncertainty_m,source,length_m,confidence,note
2026-01-05T18:00:00Z,1.25,103.5,300,radar,12,0.8,"two boats, close"
2026-01-05T18:10:00Z,1.26,103.6,,sar,,,
"""
GEOJSON = b"""{"type": "FeatureCollection", "features": [{"type": "Feature", "properties":
{"time": "2026-01-05T18:00:00Z", "source": "radar", "confidence": 0.5},
"geometry": {"type": "Point", "coordinates": [103.5, 1.25]}}]}"""
ZONES = (PROJECT / "config" / "zones" / "transfer_areas.geojson").read_bytes()
SIGNATURE = b"""untrusted comment: signature
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
trusted comment: timestamp:1635442742
3hQoPVgWbMk4Xt1xnG1gvKmmHcWX4BH8bmJJBnjxZnPiaGlFFXGMCaBbj2uuG6zCJLmGiZbO8WkL1fcHdZXEDA==
"""
MANIFEST = b"""{"format": "selat-pack/1", "recipient": {"name": "a", "title": "A"}, "run_id": "r",
"simulated": false, "handling": {"tlp": "TLP:AMBER", "rel": "MYS"},
"stale_after": "2026-11-26T00:00:00Z", "files": [{"path": "flagged.csv", "bytes": 23,
"sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}]}"""
PUBLIC = b"""untrusted comment: minisign public key
RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3
"""


@dataclass(frozen=True)
class Target:
    """A parser, and what its inputs are damaged from."""

    name: str
    seeds: tuple[bytes, ...]
    run: Callable[[bytes, Path], None]
    wrap: Callable[[bytes], bytes] = bytes


def feed(content: bytes, folder: Path, suffix: str = "") -> None:
    """Decode as an ingest does; every row must be accounted for."""
    path = folder / f"feed{suffix}"
    path.write_bytes(content)
    options = IngestOptions(mappings=SAMPLES / "mappings.yaml", max_uncompressed_bytes=50_000_000)
    decoding = decode(FeedFile(path, path.name, hashlib.sha256(content).hexdigest()), options)
    for batch in decoding:
        validate(batch.positions, POSITIONS)
        validate(batch.statics, STATICS)
    assert decoding.report.unaccounted == 0, "rows that nothing accounts for"


def sealed(content: bytes) -> bytes:
    """Damaged sentences with checksums made right again, so that what is inside is reached."""
    lines = []
    for line in content.splitlines():
        start, star = line.rfind(b"!"), line.rfind(b"*")
        if 0 <= start < star:
            check = reduce(xor, line[start + 1 : star], 0)
            line = line[: star + 1] + f"{check:02X}".encode()  # noqa: PLW2901
        lines.append(line)
    return b"\n".join(lines)


def zipped(content: bytes) -> bytes:
    """An archive of two members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.nmea", content)
        archive.writestr("../../b.csv", (SAMPLES / "dma.csv").read_bytes())
    return out.getvalue()


def read_sightings(content: bytes, folder: Path, name: str) -> None:
    """CSV or GeoJSON of what others saw."""
    path = folder / name
    path.write_bytes(content)
    sightings.read(path, datetime(2026, 12, 1, tzinfo=UTC))


def read_zones(content: bytes, folder: Path) -> None:
    """A zones file, feature by feature."""
    path = folder / "zones.geojson"
    path.write_bytes(content)
    for where, feature in reference.zone_features(path):
        reference.read_zone(feature, where, path.name)


def read_watchlist(content: bytes, folder: Path) -> None:
    """A watch-list with a sound description."""
    (folder / "list.yaml").write_text("title: a\nsource: b\nlicence: c\n")
    (folder / "list.csv").write_bytes(content)
    watchlists.load(folder)


def listen(content: bytes, _: Path) -> None:
    """Lines of a live feed, in pieces; all bytes are accounted for in bounded memory."""
    counts = Counts()
    buffer, stamper = LineBuffer(counts), Stamper("s", counts)
    for start in range(0, len(content), 97):
        for line in stamper.stamp(buffer.lines(content[start : start + 97]), 1_767_600_000.5):
            assert b"\n" not in line


def read_pack(content: bytes, folder: Path) -> None:
    """An archive that claims to be a pack."""
    path = folder / "pack.zip"
    path.write_bytes(content)
    verify.verify(path, Keyring(folder / "keys"), pd.Timestamp("2026-11-25", tz="UTC"))


def read_signature(content: bytes, _: Path) -> None:
    """minisign's formats."""
    text = content.decode("utf-8", "replace")
    if len(text.splitlines()) > 2:
        minisign.Signature.parse(text)
    else:
        minisign.PublicKey.parse(text)


def pack() -> bytes:
    """An archive with a manifest."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("p/MANIFEST.json", MANIFEST)
        archive.writestr("p/MANIFEST.json.minisig", SIGNATURE)
        archive.writestr("p/flagged.csv", "rank,mmsi\n1,533000001\n")
    return out.getvalue()


def targets() -> list[Target]:
    """Every parser of what comes from outside."""
    found = [
        Target("NMEA", (NMEA,), feed),
        Target("NMEA, checksums made right", (NMEA,), lambda c, f: feed(sealed(c), f)),
        Target("gzip", (gzip.compress(NMEA, mtime=0),), lambda c, f: feed(c, f, ".gz")),
        Target("zstandard", (zstandard.compress(NMEA),), lambda c, f: feed(c, f, ".zst")),
        Target("zip", (zipped(NMEA),), lambda c, f: feed(c, f, ".zip")),
        Target("sightings, CSV", (SIGHTINGS,), lambda c, f: read_sightings(c, f, "s.csv")),
        Target("sightings, GeoJSON", (GEOJSON,), lambda c, f: read_sightings(c, f, "s.geojson")),
        Target("zones", (ZONES,), read_zones),
        Target("watch-list", (b"imo,mmsi,name\n9074729,533000001,A B\n,,\n",), read_watchlist),
        Target("live feed", (NMEA, b"\\s:a,c:1*00\\" + NMEA), listen),
        Target("pack", (pack(),), read_pack),
        Target("signature, key", (SIGNATURE, PUBLIC), read_signature),
    ]
    for path in sorted(SAMPLES.iterdir()):
        if path.suffix in {".csv", ".json", ".jsonl", ".parquet"}:
            found.append(Target(path.name, (path.read_bytes(),), feed))
    return found


@st.composite
def damaged(draw: Any, seeds: tuple[bytes, ...]) -> bytes:
    """Bytes changed, cut out, put in, copied or cut off; now and then made up whole."""
    if draw(st.integers(0, 19)) == 0:
        return bytes(draw(st.binary(max_size=400)))
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 12))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        length = draw(st.integers(1, 90))
        kind = draw(st.sampled_from(["change", "cut", "insert", "number", "copy", "end"]))
        if kind == "change":
            content[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
        elif kind == "cut":
            del content[at : at + length]
        elif kind == "insert":
            content[at:at] = draw(st.binary(min_size=1, max_size=8))
        elif kind == "number":
            odd = [b"-1", b"1e309", b"NaN", b"9" * 30, b"0x7f", b"\xff", b"\x00", b'"', b"\r"]
            content[at:at] = draw(st.sampled_from(odd))
        elif kind == "copy":
            to = draw(st.integers(0, len(content)))
            content[to:to] = content[at : at + length]
        else:
            del content[len(content) - min(length, len(content)) :]
    return bytes(content)


def fuzz(target: Target, minutes: float, seed: int) -> tuple[int, int, str]:
    """Inputs tried, how many were refused with a message, and the finding, if any."""
    tried = refused = 0
    last = b""
    deadline = time.monotonic() + minutes * 60
    with tempfile.TemporaryDirectory() as folder:

        @hypothesis.settings(
            max_examples=BATCH,
            deadline=None,
            database=None,
            derandomize=False,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(content=damaged(target.seeds))
        def once(content: bytes) -> None:
            nonlocal tried, refused, last
            tried += 1
            last = content
            try:
                target.run(content, Path(folder))
            except SelatError as error:
                refused += 1
                if not error.message:
                    raise

        while time.monotonic() < deadline:
            seed += 1
            try:
                hypothesis.seed(seed)(once)()
            except Exception:
                name = "".join(c if c.isalnum() else "-" for c in target.name)
                path = Path(f"fuzz-{name}.bin")
                path.write_bytes(last)
                return tried, refused, f"{traceback.format_exc(limit=-3)}\ninput: {path}"
    return tried, refused, ""


def main() -> int:
    """Fuzz and print a table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=float, default=2.0, help="for each parser")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--only", default="", help="parsers whose name holds this")
    options = asked.parse_args()
    warnings.simplefilter("ignore")
    found = 0
    sys.stdout.write("| parser | inputs | refused with a message | findings |\n|---|---|---|---|\n")
    for target in targets():
        if options.only not in target.name:
            continue
        tried, refused, finding = fuzz(target, options.minutes, options.seed * 1_000_000)
        found += bool(finding)
        told = "1" if finding else "0"
        sys.stdout.write(f"| {target.name} | {tried:,} | {refused:,} | {told} |\n")
        sys.stdout.flush()
        sys.stderr.write(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

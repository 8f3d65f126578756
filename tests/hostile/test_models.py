"""Files of fitted models that aren't: each is refused with a sentence, and takes no memory."""

import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from detectors.core.errors import ConfigError
from detectors.surroundings import normal
from pipelines.reference import models

ARRAY = next(iter(normal.ARRAYS))


def _zip(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(f"{ARRAY}.npy", content)
    return out.getvalue()


def _array(shape: str) -> bytes:
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode()


def _damaged() -> bytes:
    whole = bytearray(_zip(np.random.default_rng(1).bytes(4000)))
    whole[40:60] = bytes(20)
    return bytes(whole)


BAD: dict[str, Callable[[], bytes]] = {
    "bzip2": lambda: _zip(bytes(32 << 20), zipfile.ZIP_BZIP2),
    "lzma": lambda: _zip(bytes(32 << 20), zipfile.ZIP_LZMA),
    "an array of any size": lambda: _zip(_array(f"({1 << 50},)")),
    "an array of more than there is": lambda: _zip(_array("(1000000000000000000, 100)")),
    "damaged": _damaged,
    "encrypted": lambda: _zip(b"x").replace(b"\x14\x00\x00\x00", b"\x14\x00\x01\x00"),
    "nothing": lambda: b"",
    "no archive": lambda: b"x" * 100,
}


@pytest.mark.parametrize("bad", BAD)
def test_a_model_that_is_none_is_refused(tmp_path: Path, bad: str) -> None:
    content = BAD[bad]()
    (tmp_path / "normal-2026-01-06.npz").write_bytes(content)
    (tmp_path / "normal-2026-01-06.json").write_text(json.dumps({"hash": "0"}))
    tracemalloc.start()
    try:
        with pytest.raises(ConfigError):
            models.load(tmp_path)
        if not bad.startswith("an array"):  # that is asked for, and never written to
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()

"""The kernel, compiled: from the cache on disk where there is one.

Compiling takes about half a minute, once per machine and version. numba would only notice a change
of the file that a function is in, not of those that it calls, so the cache has a folder per state
of the sources, of numba and of the processor.
"""

import fcntl
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

from detectors.core.compiling import numba as imported

Announce = Callable[[str], None]

HERE: Final = Path(__file__).resolve().parent
SOURCES: Final = (
    "jit.py",
    "layouts.py",
    "limits.py",
    "memory.py",
    "words.py",
    "payload.py",
    "characters.py",
    "times.py",
    "tags.py",
    "wrappers.py",
    "framing.py",
    "assembly.py",
    "messages.py",
    "otherlines.py",
    "own_clock.py",
    "sentences.py",
    "kernel.py",
)
MESSAGE: Final = "compiling the AIS decoder for this machine (once, about half a minute)"
MESSAGE_NO_CACHE: Final = (
    "compiling the AIS decoder (about half a minute; no folder for a cache can be written: "
    "set NUMBA_CACHE_DIR to keep the result)"
)


class Kernel(NamedTuple):
    """The entries of the kernel, and whether they have to be compiled first."""

    scan: Callable[..., Any]
    expire: Callable[..., Any]
    gather_texts: Callable[..., Any]
    match: Callable[..., Any]
    folder: Path | None
    cold: bool


@lru_cache(maxsize=1)
def kernel() -> Kernel:
    """Return the entries of the kernel; they compile when first called."""
    module: Any = import_module("pipelines.ingest.aivdm.kernel")
    wrappers: Any = import_module("pipelines.ingest.aivdm.wrappers")
    jit: Any = import_module("pipelines.ingest.aivdm.jit")
    folder = cache_folder()
    compile_entry = jit.entry if folder else jit.entry_without_cache
    config = jit.numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder or "")
    try:
        # Where the cache is gets decided here, not when a function is first called.
        return Kernel(
            scan=compile_entry(module.scan),
            expire=compile_entry(module.expire),
            gather_texts=compile_entry(module.gather_texts),
            match=compile_entry(wrappers.match),
            folder=folder,
            cold=folder is None or not any(folder.rglob("*.scan-*.nbc")),
        )
    finally:
        config.CACHE_DIR = before


@contextmanager
def compiling(entries: Kernel) -> Iterator[None]:
    """Hold a lock while the kernel compiles: others then find it in the cache."""
    compiled = bool(getattr(entries.scan, "signatures", ()))
    if compiled or not entries.cold or entries.folder is None:
        yield
        return
    with (entries.folder / "compiling").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cache_folder() -> Path | None:
    """Return a folder for the compiled kernel that can be written, or None.

    `NUMBA_CACHE_DIR` if the user set it, else `__pycache__` beside the sources.
    """
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    parent = Path(chosen) if chosen else HERE / "__pycache__"
    folder = parent / f"aivdm-{state()}"
    return folder if writable(folder) else None


def state() -> str:
    """Hash of what the compiled kernel depends on."""
    binding: Any = import_module("llvmlite.binding")
    numba = imported()
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((HERE / name).read_bytes())
    features = binding.get_host_cpu_features().flatten()
    digest.update(f"{sys.version} {numba.__version__} {binding.get_host_cpu_name()}".encode())
    digest.update(features.encode())
    return digest.hexdigest()[:16]


def writable(folder: Path) -> bool:
    """Return whether a file can be written in `folder`, which is made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False

"""How glibc hands memory out: what is freed is kept for what is asked for next."""

import ctypes
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

_KEPT: Final = {
    "MALLOC_MMAP_MAX_": (-4, 0),
    "MALLOC_TRIM_THRESHOLD_": (-1, 512 << 20),
    "MALLOC_TOP_PAD_": (-2, 16 << 20),
}
"""By environment variable: the parameter's number (malloc.h) and bytes.

By itself glibc maps an array of 128 kB and more alone and gives it back to the system at once,
until it has seen larger ones freed, and from 32 MB on always; each page of the next is then faulted
in and cleared anew. So nothing is mapped alone. A tenth of a night's CPU went there.
"""

_POOL: Final = "ARROW_DEFAULT_MEMORY_POOL"
"""By itself Arrow has an allocator of its own, which gives back, and faults in anew, what is freed
for the next column."""

ENVIRONMENT: Final[Mapping[str, int | str]] = {
    **{name: value for name, (_, value) in _KEPT.items()},
    _POOL: "system",
}
"""The same for a process that is started with these variables."""


def keep_what_is_freed() -> None:
    """Set this in the process that runs, where its C library is glibc; Arrow isn't imported yet."""
    if sys.platform != "linux":
        return
    os.environ.setdefault(_POOL, "system")
    with suppress(OSError, AttributeError):  # of another C library, which has no such function
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in _KEPT.values():
            mallopt(parameter, value)


def give_back(above_gb: float) -> None:
    """Give back to the system what is free, if this process holds more than so much.

    What is kept between arrays of all sizes is some 0.6 GB of a night of 24 M reports.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        if pages * os.sysconf("SC_PAGE_SIZE") > above_gb * 1e9:
            ctypes.CDLL(None).malloc_trim(0)

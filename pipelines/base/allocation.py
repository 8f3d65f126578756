"""How glibc hands memory out: what is freed is kept for what is asked for next."""

import ctypes
import sys
from contextlib import suppress
from typing import Final

_KEPT: Final = {
    "MALLOC_MMAP_THRESHOLD_": (-3, 32 << 20),
    "MALLOC_TRIM_THRESHOLD_": (-1, 512 << 20),
    "MALLOC_TOP_PAD_": (-2, 16 << 20),
}
"""By environment variable: the parameter's number (malloc.h) and bytes.

By itself glibc takes an array of 128 kB and more from the system and gives it back at once, until
it has seen larger ones freed; each page of the next is then faulted in and cleared anew. 32 MB is
the most that it takes for the first. A tenth of a night's CPU went there, a sixteenth goes now.
"""

ENVIRONMENT: Final = {name: value for name, (_, value) in _KEPT.items()}
"""The same for a process that is started with these variables."""


def keep_what_is_freed() -> None:
    """Set this in the process that runs, where its C library is glibc."""
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):  # of another C library, which has no such function
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in _KEPT.values():
            mallopt(parameter, value)
